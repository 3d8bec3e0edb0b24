#ifndef SIM_RNG_DRAW_H
#define SIM_RNG_DRAW_H

/* The first word of a link's stream, for the kernel's own hot path: the same word that
 * rng_stream_link and rng_u64 give (tests/test_rng.c), without a stream, with the round keys made
 * once a run, and compiled into the caller. */

#include <string.h>

#include "sim/exact.h"
#include "sim/rng.h"

enum { RNG_ROUNDS = 10, RNG_PURPOSE_BITS = 8, RNG_TAG_BITS = 24, RNG_ATTEMPT_SHIFT = 32 };
enum { RNG_BLOCK_BITS = 24 };

struct rng_schedule {
    uint64_t key[RNG_ROUNDS][2];
};

/* rng_schedule_make computes the round keys of a run's seed and replication. */
void rng_schedule_make(const struct rng *rng, struct rng_schedule *ret_schedule);

/* rng_first is the first word of the block at a counter. About 100 instructions; a function of its
 * own, since it needs every register. */
uint64_t rng_first(const struct rng_schedule *schedule, uint64_t a, uint64_t b, uint64_t c,
                   uint64_t d);

/* rng_draw_link: see rng_stream_link. */
static inline uint64_t rng_draw_link(const struct rng_schedule *schedule, enum rng_purpose purpose,
                                     uint64_t from, uint64_t to, uint64_t item, uint32_t tag,
                                     uint32_t attempt)
{
    SIM_ASSERT(tag >> RNG_TAG_BITS == 0);
    SIM_ASSERT(to >> (64 - RNG_BLOCK_BITS) == 0);
    uint64_t where = (uint64_t)purpose | (uint64_t)tag << RNG_PURPOSE_BITS |
                     (uint64_t)attempt << RNG_ATTEMPT_SHIFT;
    return rng_first(schedule, to << RNG_BLOCK_BITS, item, from, where);
}

/* rng_open_of turns a word into what rng_open makes of it: ((word >> 12) + 0.5) * 2^-52, exactly,
 * as 1 + (word >> 12) * 2^-52 less 1 - 2^-53. */
static inline double rng_open_of(uint64_t word)
{
    uint64_t bits = word >> 12 | UINT64_C(0x3ff) << 52;
    double above_one;
    memcpy(&above_one, &bits, sizeof above_one);
    return above_one - (1.0 - 0x1p-53);
}

#endif
