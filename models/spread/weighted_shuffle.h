#ifndef MODELS_SPREAD_WEIGHTED_SHUFFLE_H
#define MODELS_SPREAD_WEIGHTED_SHUFFLE_H

/* A random order of positions, drawn by weight without replacement (SOL-R8.4): draw x below the sum
 * of the weights that are left, take the first position whose running sum exceeds x. When no weight
 * is left, the positions of weight 0 follow, drawn evenly from an array that fills its gaps with
 * its last item.
 *
 * Made once for a list of weights, then used for many shuffles: init, then for each shuffle
 * begin, remove any, next until it says there is none. Running sums stand in a tree of 16 children
 * a node, so begin copies 8.5 bytes a weight and remove and next cost O(log n): three nodes of two
 * cache lines at 2,000 positions. A whole shuffle of 2,000 positions takes about 115 us with 8
 * rounds of ChaCha (bench_shuffle); its first position alone 0.5 us.
 * The sum of all weights must fit in 64 bits (asserted). Memory is counted and given back by
 * destroy. */

#include <stdint.h>

#include "models/chacha.h"
#include "sim/memory.h"

enum { SHUFFLE_LEVELS_MAX = 6 };
#define SHUFFLE_NONE UINT32_MAX

struct weighted_shuffle {
    struct memory *memory;
    uint32_t count, zero_count, zeros_left;
    uint32_t levels, sum_count;
    uint32_t level_start[SHUFFLE_LEVELS_MAX]; /* of the level's first node, in sums */
    uint64_t *sums, *sums_left;               /* as made; of the shuffle in progress */
    uint32_t *zeros, *zeros_place;            /* the same */
    uint64_t total, total_left;
};

void weighted_shuffle_init(struct weighted_shuffle *shuffle, struct memory *memory,
                           const uint64_t *weights, uint32_t count);
void weighted_shuffle_destroy(struct weighted_shuffle *shuffle);

/* weighted_shuffle_begin puts every position back. */
void weighted_shuffle_begin(struct weighted_shuffle *shuffle);

/* weighted_shuffle_remove takes a position out that has not been drawn or removed. O(log n), or
 * O(n) for one of weight 0, since the others keep their order. */
void weighted_shuffle_remove(struct weighted_shuffle *shuffle, uint32_t position);

/* weighted_shuffle_next draws the next position, or SHUFFLE_NONE when all are drawn. */
uint32_t weighted_shuffle_next(struct weighted_shuffle *shuffle, struct chacha *chacha);

#endif
