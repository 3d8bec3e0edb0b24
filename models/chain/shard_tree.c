#include "models/chain/shard_tree.h"

#include <stdlib.h>

#include "sim/sim_assert.h"

struct shard_tree shard_tree_even(uint32_t shards)
{
    SIM_ASSERT(shards >= 1);
    SIM_ASSERT(shards <= SHARD_TREE_SHARDS_MAX);
    uint32_t depth = 0;
    while (UINT32_C(1) << depth < shards)
        depth++;
    return (struct shard_tree){
        .count = shards, .depth = depth, .merged = (UINT32_C(1) << depth) - shards};
}

static int compare_shards(const void *left, const void *right)
{
    uint64_t a = *(const uint64_t *)left;
    uint64_t b = *(const uint64_t *)right;
    return (a > b) - (a < b);
}

void shard_tree_sort(uint64_t *shards, uint32_t count)
{
    /* Equal elements are bare equal numbers, so there are no ties that could be seen. */
    qsort(shards, count, sizeof *shards, compare_shards);
}

static void note(const struct shard_tree_problem *problem, uint32_t room, uint32_t *found,
                 struct shard_tree_problem *ret_problems)
{
    if (*found < room)
        ret_problems[*found] = *problem;
    (*found)++;
}

static uint32_t find_overlaps(const uint64_t *sorted, uint32_t count, uint32_t room,
                              struct shard_tree_problem *ret_problems)
{
    /* Numeric order is the in-order walk of the binary tree, where what lies below a shard is
     * contiguous around it: if any two overlap, some two neighbours in the list do. */
    uint32_t found = 0;
    for (uint32_t i = 1; i < count; i++)
        if (shard_intersects(sorted[i - 1], sorted[i]))
            note(&(struct shard_tree_problem){.fault = SHARD_TREE_OVERLAP,
                                              .shard = sorted[i],
                                              .other = sorted[i - 1]},
                 room, &found, ret_problems);
    return found;
}

uint32_t shard_tree_check(const uint64_t *sorted, uint32_t count, uint32_t room,
                          struct shard_tree_problem *ret_problems)
{
    SIM_ASSERT(count > 0);
    uint32_t found = find_overlaps(sorted, count, room, ret_problems);
    if (found > 0)
        return found; /* with overlaps the list's ends say nothing about gaps */
    uint64_t next = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (shard_first(sorted[i]) != next)
            note(&(struct shard_tree_problem){.fault = SHARD_TREE_GAP,
                                              .shard = sorted[i],
                                              .first = next,
                                              .last = shard_first(sorted[i]) - 1},
                 room, &found, ret_problems);
        next = shard_last(sorted[i]) + 1;
    }
    if (next != 0) /* the last shard ends at 2^64 - 1 exactly when its end + 1 wraps */
        note(&(struct shard_tree_problem){.fault = SHARD_TREE_GAP,
                                          .at_end = true,
                                          .shard = sorted[count - 1],
                                          .first = next,
                                          .last = UINT64_MAX},
             room, &found, ret_problems);
    return found;
}

struct shard_tree shard_tree_listed(const uint64_t *sorted, uint32_t count)
{
    struct shard_tree_problem problem;
    SIM_ASSERT(shard_tree_check(sorted, count, 1, &problem) == 0);
    uint32_t depth = 0;
    for (uint32_t i = 0; i < count; i++)
        if (shard_depth(sorted[i]) > depth)
            depth = shard_depth(sorted[i]);
    SIM_ASSERT(depth <= SHARD_HEAP_DEPTH_MAX);
    return (struct shard_tree){.count = count, .depth = depth, .listed = sorted};
}

uint64_t shard_tree_at(const struct shard_tree *tree, uint32_t index)
{
    SIM_ASSERT(index < tree->count);
    return tree->listed ? tree->listed[index] : shard_from_heap(shard_tree_heap_at(tree, index));
}

uint32_t shard_tree_heap_at(const struct shard_tree *tree, uint32_t index)
{
    SIM_ASSERT(index < tree->count);
    if (tree->listed)
        return shard_heap(tree->listed[index]);
    if (index < tree->merged)
        return (UINT32_C(1) << (tree->depth - 1)) + index;
    return (UINT32_C(1) << tree->depth) + index + tree->merged;
}

static uint32_t find_listed(const struct shard_tree *tree, uint64_t prefix)
{
    uint32_t low = 0;
    uint32_t high = tree->count - 1;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (shard_last(tree->listed[middle]) < prefix)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

uint32_t shard_tree_find(const struct shard_tree *tree, uint64_t prefix)
{
    SIM_ASSERT(tree->count > 0);
    if (tree->listed)
        return find_listed(tree, prefix);
    if (tree->depth == 0)
        return 0;
    uint32_t leaf = (uint32_t)(prefix >> (64 - tree->depth));
    return leaf < 2 * tree->merged ? leaf / 2 : leaf - tree->merged;
}
