#include "models/spread/weighted_shuffle.h"

#include <string.h>

#include "sim/sim_assert.h"

/* Level 0 is the root, the last level holds the weights. A node is FANOUT running sums of its
 * children's totals; child j of node i is node i * FANOUT + j of the next level. */
enum { FANOUT = 16 };
static const char *const NAME = "spread: shuffle";

static uint64_t *node_at(const struct weighted_shuffle *shuffle, uint64_t *sums, uint32_t level,
                         uint32_t node)
{
    return &sums[(size_t)shuffle->level_start[level] + (size_t)node * FANOUT];
}

static uint32_t nodes_in(const struct weighted_shuffle *shuffle, uint32_t level)
{
    uint32_t end =
        level + 1 < shuffle->levels ? shuffle->level_start[level + 1] : shuffle->sum_count;
    return (end - shuffle->level_start[level]) / FANOUT;
}

/* Bottom up: a node's last running sum is its total, which the level above needs. */
static void fill_level(struct weighted_shuffle *shuffle, const uint64_t *weights, uint32_t level)
{
    bool leaves = level + 1 == shuffle->levels;
    uint32_t children = leaves ? shuffle->count : nodes_in(shuffle, level + 1);
    for (uint32_t node = 0; node < nodes_in(shuffle, level); node++) {
        uint64_t *sums = node_at(shuffle, shuffle->sums, level, node), running = 0;
        for (uint32_t j = 0; j < FANOUT; j++) {
            uint32_t child = node * FANOUT + j;
            if (child < children && leaves)
                running += weights[child];
            else if (child < children)
                running += node_at(shuffle, shuffle->sums, level + 1, child)[FANOUT - 1];
            sums[j] = running;
        }
    }
}

/* How many nodes each level needs, root first. */
static void lay_out(struct weighted_shuffle *shuffle)
{
    uint32_t nodes[SHUFFLE_LEVELS_MAX], levels = 0, width = shuffle->count;
    do {
        SIM_ASSERT(levels < SHUFFLE_LEVELS_MAX);
        width = width / FANOUT + (width % FANOUT != 0);
        nodes[levels++] = width > 0 ? width : 1;
    } while (width > 1);
    shuffle->levels = levels;
    shuffle->sum_count = 0;
    for (uint32_t level = 0; level < levels; level++) {
        shuffle->level_start[level] = shuffle->sum_count;
        shuffle->sum_count += nodes[levels - 1 - level] * FANOUT;
    }
}

void weighted_shuffle_init(struct weighted_shuffle *shuffle, struct memory *memory,
                           const uint64_t *weights, uint32_t count)
{
    *shuffle = (struct weighted_shuffle){.memory = memory, .count = count};
    for (uint32_t i = 0; i < count; i++) {
        SIM_ASSERT(weights[i] <= UINT64_MAX - shuffle->total);
        shuffle->total += weights[i];
        shuffle->zero_count += weights[i] == 0;
    }
    lay_out(shuffle);
    size_t bytes = shuffle->sum_count * sizeof *shuffle->sums;
    shuffle->sums = memory_take(memory, NAME, bytes);
    shuffle->sums_left = memory_take(memory, NAME, bytes);
    bytes = (shuffle->zero_count + 1) * sizeof *shuffle->zeros;
    shuffle->zeros = memory_take(memory, NAME, bytes);
    shuffle->zeros_place = memory_take(memory, NAME, bytes);
    for (uint32_t up = 0; up < shuffle->levels; up++)
        fill_level(shuffle, weights, shuffle->levels - 1 - up);
    for (uint32_t i = 0, filled = 0; i < count; i++)
        if (weights[i] == 0)
            shuffle->zeros[filled++] = i;
    weighted_shuffle_begin(shuffle);
}

void weighted_shuffle_destroy(struct weighted_shuffle *shuffle)
{
    size_t bytes = shuffle->sum_count * sizeof *shuffle->sums;
    memory_give(shuffle->memory, shuffle->sums, bytes);
    memory_give(shuffle->memory, shuffle->sums_left, bytes);
    bytes = (shuffle->zero_count + 1) * sizeof *shuffle->zeros;
    memory_give(shuffle->memory, shuffle->zeros, bytes);
    memory_give(shuffle->memory, shuffle->zeros_place, bytes);
    *shuffle = (struct weighted_shuffle){0};
}

void weighted_shuffle_begin(struct weighted_shuffle *shuffle)
{
    memcpy(shuffle->sums_left, shuffle->sums, shuffle->sum_count * sizeof *shuffle->sums);
    if (shuffle->zero_count > 0)
        memcpy(shuffle->zeros_place, shuffle->zeros, shuffle->zero_count * sizeof *shuffle->zeros);
    shuffle->zeros_left = shuffle->zero_count;
    shuffle->total_left = shuffle->total;
}

/* Subtracts from the running sums of `child` and of those after it, without branches: where the
 * edge lies is a coin toss, and there are three of them a draw. */
static void subtract(uint64_t *sums, uint32_t child, uint64_t weight)
{
    static const uint64_t edge[2 * FANOUT] = {[FANOUT] = UINT64_MAX,
                                              UINT64_MAX,
                                              UINT64_MAX,
                                              UINT64_MAX,
                                              UINT64_MAX,
                                              UINT64_MAX,
                                              UINT64_MAX,
                                              UINT64_MAX,
                                              UINT64_MAX,
                                              UINT64_MAX,
                                              UINT64_MAX,
                                              UINT64_MAX,
                                              UINT64_MAX,
                                              UINT64_MAX,
                                              UINT64_MAX,
                                              UINT64_MAX};
    const uint64_t *mask = edge + FANOUT - child;
    for (uint32_t j = 0; j < FANOUT; j++)
        sums[j] -= weight & mask[j];
}

/* Takes the weight of a position out of every running sum above it. */
static void take_out(struct weighted_shuffle *shuffle, uint32_t position, uint64_t weight)
{
    uint32_t child = position;
    for (uint32_t up = 0; up < shuffle->levels; up++) {
        uint32_t level = shuffle->levels - 1 - up;
        subtract(node_at(shuffle, shuffle->sums_left, level, child / FANOUT), child % FANOUT,
                 weight);
        child /= FANOUT;
    }
    shuffle->total_left -= weight;
}

static uint64_t weight_left(const struct weighted_shuffle *shuffle, uint32_t position)
{
    const uint64_t *sums =
        node_at(shuffle, shuffle->sums_left, shuffle->levels - 1, position / FANOUT);
    uint32_t child = position % FANOUT;
    return sums[child] - (child > 0 ? sums[child - 1] : 0);
}

void weighted_shuffle_remove(struct weighted_shuffle *shuffle, uint32_t position)
{
    SIM_ASSERT(position < shuffle->count);
    uint64_t weight = weight_left(shuffle, position);
    if (weight > 0) {
        take_out(shuffle, position, weight);
        return;
    }
    uint32_t at = 0;
    while (at < shuffle->zeros_left && shuffle->zeros_place[at] != position)
        at++;
    SIM_ASSERT(at < shuffle->zeros_left);
    shuffle->zeros_left--;
    memmove(&shuffle->zeros_place[at], &shuffle->zeros_place[at + 1],
            (shuffle->zeros_left - at) * sizeof *shuffle->zeros_place);
}

/* The first child whose running sum exceeds x: first among quarters, then within one. Comparisons
 * add up instead of branching. */
static uint32_t find_child(const uint64_t *sums, uint64_t x)
{
    uint32_t quarter = (uint32_t)(sums[3] <= x) + (sums[7] <= x) + (sums[11] <= x);
    const uint64_t *within = sums + 4 * (size_t)quarter;
    return 4 * quarter + (within[0] <= x) + (within[1] <= x) + (within[2] <= x);
}

/* The first position whose running sum exceeds x, which is below the sum of all. */
static uint32_t find(const struct weighted_shuffle *shuffle, uint64_t x)
{
    uint32_t node = 0;
    for (uint32_t level = 0; level < shuffle->levels; level++) {
        const uint64_t *sums = node_at(shuffle, shuffle->sums_left, level, node);
        uint32_t child = find_child(sums, x);
        SIM_ASSERT(sums[child] > x);
        x -= child > 0 ? sums[child - 1] : 0;
        node = node * FANOUT + child;
    }
    return node;
}

uint32_t weighted_shuffle_next(struct weighted_shuffle *shuffle, struct chacha *chacha)
{
    if (shuffle->total_left > 0) {
        uint32_t position = find(shuffle, chacha_below(chacha, shuffle->total_left));
        SIM_ASSERT(position < shuffle->count);
        take_out(shuffle, position, weight_left(shuffle, position));
        return position;
    }
    if (shuffle->zeros_left == 0)
        return SHUFFLE_NONE;
    uint32_t at = (uint32_t)chacha_below(chacha, shuffle->zeros_left);
    uint32_t position = shuffle->zeros_place[at];
    shuffle->zeros_place[at] = shuffle->zeros_place[--shuffle->zeros_left];
    return position;
}
