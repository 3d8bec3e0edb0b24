#ifndef MODELS_CHAIN_SHARD_TREE_H
#define MODELS_CHAIN_SHARD_TREE_H

/* The set of shards of one workchain: a partition of its 64-bit address prefixes (TON-6).
 *
 * Two forms. Even: N shards need no memory at all; the depth is ceil(log2 N) and the lowest
 * 2^depth - N pairs of siblings are merged, so that 250 is depth 8 with 6 pairs merged and 4000 is
 * depth 12 with 96. Listed: an explicit array of prefixes, sorted, which stays the caller's and
 * must live as long as the tree.
 * Shards are counted from 0 from left to right. find: O(1) for even trees, O(log N) for lists. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "models/shard_prefix.h"

enum { SHARD_TREE_SHARDS_MAX = 1 << SHARD_HEAP_DEPTH_MAX };

struct shard_tree {
    uint32_t count;
    uint32_t depth;         /* the greatest */
    uint32_t merged;        /* even: so many shards, the first ones, are one level higher */
    const uint64_t *listed; /* NULL: even */
};

/* What is wrong with a list. A gap is named by the shard before which it lies, or, with `at_end`,
 * by the last shard, after which it lies. */
enum shard_tree_fault { SHARD_TREE_OVERLAP, SHARD_TREE_GAP };
struct shard_tree_problem {
    enum shard_tree_fault fault;
    bool at_end;
    uint64_t shard, other; /* overlap: both; gap: shard only */
    uint64_t first, last;  /* gap: the addresses that nobody holds, inclusive */
};

/* shard_tree_even: 1 <= shards <= SHARD_TREE_SHARDS_MAX. */
struct shard_tree shard_tree_even(uint32_t shards);

/* shard_tree_sort sorts prefixes from left to right. */
void shard_tree_sort(uint64_t *shards, uint32_t count);

/* shard_tree_check looks for overlaps and, when there are none, for gaps in a sorted list of valid
 * shards. Returns how many it found and fills the first `room` of them. count > 0. */
uint32_t shard_tree_check(const uint64_t *sorted, uint32_t count, uint32_t room,
                          struct shard_tree_problem *ret_problems);

/* shard_tree_listed: a list that shard_tree_check found right, depths within the heap's. */
struct shard_tree shard_tree_listed(const uint64_t *sorted, uint32_t count);

/* shard_tree_at: the tagged prefix of shard `index` < count; heap_at: its number in the heap. */
uint64_t shard_tree_at(const struct shard_tree *tree, uint32_t index);
uint32_t shard_tree_heap_at(const struct shard_tree *tree, uint32_t index);

/* shard_tree_find: the index of the shard that holds an address prefix; there is always one. */
uint32_t shard_tree_find(const struct shard_tree *tree, uint64_t prefix);

#endif
