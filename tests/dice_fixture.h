#ifndef TESTS_DICE_FIXTURE_H
#define TESTS_DICE_FIXTURE_H

/* What suites draw their cases with: one stream of luck at a time, and the seeds to draw from. */

#include <check.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "sim/rng.h"

static struct rng_stream dice;

/* Takes up the dice of a seed; `stream` tells several of one seed apart. */
static inline void throw_dice(uint64_t seed, uint64_t stream)
{
    const struct rng rng = {.seed = seed, .replication = 0};
    rng_stream_at(&dice, &rng, RNG_TEST, stream, 0);
}

static inline uint64_t below(uint64_t n)
{
    return rng_below(&dice, n);
}

/* Whether SWARM_SEEDS=FROM-TO asks for other seeds than the suite's own; these are then *from and
 * *to. */
static inline bool other_seeds(uint64_t *from, uint64_t *to)
{
    const char *range = getenv("SWARM_SEEDS");
    unsigned long long first, last;
    if (range == NULL)
        return false;
    ck_assert_msg(sscanf(range, "%llu-%llu", &first, &last) == 2, "SWARM_SEEDS=FROM-TO");
    *from = first;
    *to = last;
    return true;
}

#endif
