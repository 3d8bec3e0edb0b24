#ifndef MODELS_CHAIN_STAKE_LAW_H
#define MODELS_CHAIN_STAKE_LAW_H

/* How much stake each validator has. Stakes are whole numbers, none above STAKE_MAX, so that any
 * sum of them times three fits in 64 bits. All laws: O(members). */

#include <stdint.h>

#include "sim/rng.h"

struct diagnostics;

#define STAKE_MAX UINT64_C(1000000000000) /* of one validator */
#define STAKE_UNIT UINT64_C(1000000000)   /* what an even or a median one has */

/* stake_law_even: all the same. */
void stake_law_even(uint32_t count, uint64_t *ret_stakes);

/* stake_law_zipf: the share of member i falls as 1 / (i + 1)^exponent; the first has STAKE_MAX. */
void stake_law_zipf(double exponent, uint32_t count, uint64_t *ret_stakes);

/* stake_law_lognormal draws each member's by its number: STAKE_UNIT times exp(sigma * normal), at
 * least 1 and at most STAKE_MAX. */
void stake_law_lognormal(const struct rng *rng, double sigma, uint32_t count, uint64_t *ret_stakes);

/* stake_law_read reads a file of one whole number a line; empty lines and what follows a # do not
 * count. -1 with diagnostics at `pointer`, one for each of the first 19 bad lines, when it cannot
 * be read, a line is no stake, or there are not `count` of them. */
int stake_law_read(const char *path, const char *pointer, struct diagnostics *diagnostics,
                   uint32_t count, uint64_t *ret_stakes);

#endif
