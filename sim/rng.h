#ifndef SIM_RNG_H
#define SIM_RNG_H

/* Random numbers addressed by identity, not by call order: Philox 4x64-10 (Salmon, Moraes, Dror,
 * Shaw, SC11) with key (seed, replication) and counter (block, item, entity, purpose). Two draws
 * with different addresses are independent; adding a node, a fault or a draw elsewhere changes
 * nobody's luck, so scenarios that are compared share their randomness.
 * Stateless but for the stream struct, which lives on the caller's stack. One draw a statement: C
 * does not fix the order of evaluation of arguments. */

#include <stdbool.h>
#include <stdint.h>

/* Numbers are part of the result of a run: append, never renumber. */
enum rng_purpose {
    RNG_ARRIVAL = 1,
    RNG_SIZE = 2,
    RNG_DESTINATION = 3,
    RNG_LINK_LOSS = 4,
    RNG_LINK_JITTER = 5,
    RNG_SERVICE = 6,
    RNG_FAULT = 7,
    RNG_ROUTER_EXPLORE = 8,
    RNG_KEYS = 9,
    RNG_GOSSIP_TARGET = 10,
    RNG_LINK_LATENCY = 11,
    RNG_REGION = 12,
    RNG_PHASE = 13,
    RNG_SOURCE = 14,
    RNG_AMOUNT = 15,
    RNG_DROP = 16,
    RNG_TEST = 17,
    RNG_SWARM = 18,
    RNG_OPERATION = 19,
    RNG_VALUE = 20,
    RNG_BYZANTINE = 21,
    RNG_NEEDS_ORDER = 22,
    RNG_STAKE = 23,
    RNG_CLOCK_SKEW = 24,
    RNG_VALIDATOR_KEY = 25,
    RNG_REPAIR = 26
};

struct rng { /* one a run */
    uint64_t seed, replication;
};

/* Opaque in spirit: filled by rng_stream_*, advanced by the draws. */
struct rng_stream {
    uint64_t key[2], counter[4], word[4];
    unsigned used;
};

/* rng_stream_at opens the stream of (purpose, entity, item). Cost: nothing until the first draw. */
void rng_stream_at(struct rng_stream *stream, const struct rng *rng, enum rng_purpose purpose,
                   uint64_t entity, uint64_t item);

/* rng_stream_link opens the stream of packet `item` (of 24-bit `tag`: layer, kind; and `attempt`)
 * on the ordered pair of identities from -> to. Injective: tag and attempt share the purpose word,
 * `to` sits above the block count (2^24 blocks). */
void rng_stream_link(struct rng_stream *stream, const struct rng *rng, enum rng_purpose purpose,
                     uint64_t from, uint64_t to, uint64_t item, uint32_t tag, uint32_t attempt);

/* rng_u64 draws 64 uniform bits. About 5 ns amortised. */
uint64_t rng_u64(struct rng_stream *stream);

/* rng_open draws from the open interval (0, 1): ((x >> 12) + 0.5) * 2^-52, never 0 or 1. */
double rng_open(struct rng_stream *stream);

/* rng_below draws from 0 .. n-1 (n > 0): high half of x * n, bias <= n / 2^64, always one draw. */
uint64_t rng_below(struct rng_stream *stream, uint64_t n);

/* rng_chance is true with probability threshold / 2^64. UINT64_MAX means always. One draw. */
bool rng_chance(struct rng_stream *stream, uint64_t threshold);

/* rng_philox is the bare bijection, for known-answer tests: 10 rounds. */
void rng_philox(const uint64_t counter[4], const uint64_t key[2], uint64_t ret_word[4]);

#endif
