#ifndef MODELS_CHACHA_H
#define MODELS_CHACHA_H

/* The random numbers of the deployed shuffle and leader schedule (SOL-R8.3): ChaCha with 8 or 20
 * rounds, key = seed, 64-bit block counter from 0, nonce 0, words in order. These are protocol
 * results that every validator must reproduce, not luck of the simulation: luck is sim/rng.h.
 * No memory of its own. About 6 ns a number with 8 rounds: four blocks are made at a time. */

#include <stdint.h>

enum { CHACHA_KEY_BYTES = 32, CHACHA_WORDS = 32 };

/* The rounds that the protocol's versions use: 20 until 2026, 8 since (SOL-R8.3). */
enum chacha_rounds { CHACHA_ROUNDS_8 = 8, CHACHA_ROUNDS_20 = 20 };

struct chacha {
    uint32_t key[8];
    uint64_t counter; /* of the next block */
    uint32_t rounds, used;
    uint64_t words[CHACHA_WORDS];
};

void chacha_init(struct chacha *chacha, const unsigned char key[CHACHA_KEY_BYTES],
                 enum chacha_rounds rounds);

/* chacha_u64 is the next number: low word first. */
uint64_t chacha_u64(struct chacha *chacha);

/* chacha_below draws from 0 .. n-1, n > 0, by multiplication and rejection with a zone that is a
 * shift of n (the shuffle's draw, SOL-R8.3). At most two draws on average. */
uint64_t chacha_below(struct chacha *chacha, uint64_t n);

/* chacha_uniform draws from 0 .. n-1, n > 0, with the widest zone (the leader schedule's draw,
 * SOL-R8.10). */
uint64_t chacha_uniform(struct chacha *chacha, uint64_t n);

#endif
