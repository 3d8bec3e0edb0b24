#ifndef SIM_RNG_DRAW_H
#define SIM_RNG_DRAW_H

/* The first word of a link's stream, for the kernel's own hot path: the same word that
 * rng_stream_link and rng_u64 give (tests/test_rng.c), without a stream, with the round keys made
 * once a run, and compiled into the caller. */

#include "sim/exact.h"
#include "sim/rng.h"

enum { RNG_ROUNDS = 10, RNG_PURPOSE_BITS = 8, RNG_TAG_BITS = 24, RNG_ATTEMPT_SHIFT = 32 };
enum { RNG_BLOCK_BITS = 24 };

struct rng_schedule {
    uint64_t key[RNG_ROUNDS][2];
};

/* rng_schedule_make computes the round keys of a run's seed and replication. */
void rng_schedule_make(const struct rng *rng, struct rng_schedule *ret_schedule);

/* rng_draw_link: see rng_stream_link. About 110 instructions. */
static inline uint64_t rng_draw_link(const struct rng_schedule *schedule, enum rng_purpose purpose,
                                     uint64_t from, uint64_t to, uint64_t item, uint32_t tag,
                                     uint32_t attempt)
{
    SIM_ASSERT(tag >> RNG_TAG_BITS == 0);
    SIM_ASSERT(to >> (64 - RNG_BLOCK_BITS) == 0);
    uint64_t a = to << RNG_BLOCK_BITS, b = item, c = from;
    uint64_t d = (uint64_t)purpose | (uint64_t)tag << RNG_PURPOSE_BITS |
                 (uint64_t)attempt << RNG_ATTEMPT_SHIFT;
#pragma GCC unroll 10
    for (int round = 0; round < RNG_ROUNDS; round++) {
        uint128 left = (uint128)a * UINT64_C(0xd2e7470ee14c6c93);
        uint128 right = (uint128)c * UINT64_C(0xca5a826395121157);
        a = (uint64_t)(right >> 64) ^ b ^ schedule->key[round][0];
        b = (uint64_t)right;
        c = (uint64_t)(left >> 64) ^ d ^ schedule->key[round][1];
        d = (uint64_t)left;
    }
    return a;
}

/* rng_open_of turns a word into what rng_open makes of it. */
static inline double rng_open_of(uint64_t word)
{
    return ((double)(word >> 12) + 0.5) * 0x1p-52;
}

#endif
