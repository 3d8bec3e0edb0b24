#include "models/spread/turbine_trees.h"

#include <string.h>

#include "sim/sim_assert.h"

static const char *const NAME = "spread: trees";

void turbine_trees_init(struct turbine_trees *trees, struct memory *memory,
                        struct turbine_cluster *cluster)
{
    SIM_ASSERT(cluster->count <= UINT16_MAX);
    *trees = (struct turbine_trees){.memory = memory, .cluster = cluster};
    trees->ranks = memory_take(memory, NAME, cluster->count * sizeof *trees->ranks);
}

static size_t order_bytes(const struct turbine_trees *trees)
{
    return (size_t)(trees->cluster->count - 1) * sizeof(uint16_t);
}

void turbine_trees_destroy(struct turbine_trees *trees)
{
    for (uint32_t i = 0; i < TURBINE_TREES_SLOTS; i++) {
        struct turbine_slot_trees *slot = &trees->slots[i];
        memory_give(trees->memory, slot->orders, slot->tree_count * order_bytes(trees));
        memory_give(trees->memory, slot->computed, slot->computed_room);
    }
    memory_give(trees->memory, trees->ranks, trees->cluster->count * sizeof *trees->ranks);
    *trees = (struct turbine_trees){0};
}

/* The place for the trees of a slot; those of the slot that had it before are forgotten. */
static struct turbine_slot_trees *slot_of(struct turbine_trees *trees, uint64_t slot,
                                          uint32_t leader)
{
    struct turbine_slot_trees *at = &trees->slots[slot % TURBINE_TREES_SLOTS];
    if (at->used && at->slot == slot && at->leader == leader)
        return at;
    at->used = true;
    at->slot = slot;
    at->leader = leader;
    if (at->computed_room > 0)
        memset(at->computed, 0, at->computed_room);
    return at;
}

const uint16_t *turbine_trees_order(struct turbine_trees *trees, const struct shred_id *shred,
                                    uint32_t leader)
{
    struct turbine_slot_trees *slot = slot_of(trees, shred->slot, leader);
    uint32_t tree = 2 * shred->index + (shred->type == SHRED_CODE);
    size_t bytes = order_bytes(trees);
    if (tree >= slot->tree_count)
        slot->orders =
            memory_grow(trees->memory, NAME, slot->orders, &slot->tree_count, tree + 1, bytes);
    if (tree >= slot->computed_room)
        slot->computed =
            memory_grow(trees->memory, NAME, slot->computed, &slot->computed_room, tree + 1, 1);
    uint16_t *order = slot->orders + (size_t)tree * (trees->cluster->count - 1);
    if (slot->computed[tree])
        return order;
    uint32_t count = turbine_order(trees->cluster, shred, leader, trees->ranks);
    for (uint32_t place = 0; place < count; place++)
        order[place] = (uint16_t)trees->ranks[place];
    slot->computed[tree] = 1;
    return order;
}

uint32_t turbine_trees_place(struct turbine_trees *trees, const struct shred_id *shred,
                             uint32_t leader, uint32_t rank, uint32_t places)
{
    const uint16_t *order = turbine_trees_order(trees, shred, leader);
    SIM_ASSERT(places < trees->cluster->count);
    for (uint32_t place = 0; place < places; place++)
        if (order[place] == rank)
            return place;
    return TURBINE_NONE;
}
