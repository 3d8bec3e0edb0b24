#include "models/spread/turbine_trees.h"

#include <string.h>

#include "sim/sim_assert.h"

static const char *const NAME = "spread: trees";

/* The first places of a tree are those that have children, since a later place's first child stands
 * later. */
static uint32_t count_parents(uint32_t fanout, uint32_t count)
{
    uint32_t parents = 0;
    while (parents < count && turbine_children_of(parents, fanout, count).count > 0)
        parents++;
    return parents;
}

void turbine_trees_init(struct turbine_trees *trees, struct memory *memory,
                        struct turbine_cluster *cluster, uint32_t kept)
{
    SIM_ASSERT(cluster->count >= 2 && cluster->count <= UINT16_MAX);
    SIM_ASSERT(kept > 0);
    *trees = (struct turbine_trees){.memory = memory, .cluster = cluster, .kept = kept};
    trees->parent_places = count_parents(cluster->fanout, cluster->count - 1);
    trees->slots = memory_take(memory, NAME, (kept + 1) * sizeof *trees->slots);
    trees->ranks = memory_take(memory, NAME, cluster->count * sizeof *trees->ranks);
}

static size_t order_bytes(const struct turbine_trees *trees)
{
    return (size_t)(trees->cluster->count - 1) * sizeof(uint16_t);
}

static void give_set(struct turbine_trees *trees, struct turbine_set_trees *set)
{
    struct memory *memory = trees->memory;
    memory_give(memory, set->orders, set->tree_room * order_bytes(trees));
    memory_give(memory, set->places, set->tree_room * sizeof *set->places);
    memory_give(memory, set->duties, trees->cluster->count * sizeof *set->duties);
}

void turbine_trees_destroy(struct turbine_trees *trees)
{
    for (uint32_t i = 0; i <= trees->kept; i++) {
        struct turbine_slot_trees *slot = &trees->slots[i];
        for (uint32_t set = 0; set < slot->set_room; set++)
            give_set(trees, &slot->sets[set]);
        memory_give(trees->memory, slot->sets, slot->set_room * sizeof *slot->sets);
    }
    memory_give(trees->memory, trees->slots, (trees->kept + 1) * sizeof *trees->slots);
    memory_give(trees->memory, trees->ranks, trees->cluster->count * sizeof *trees->ranks);
    *trees = (struct turbine_trees){0};
}

/* The place for the trees of a slot; what was there before is forgotten. A newer slot is not
 * forgotten for an older one. */
static struct turbine_slot_trees *slot_of(struct turbine_trees *trees, uint64_t slot,
                                          uint32_t leader)
{
    struct turbine_slot_trees *at = &trees->slots[slot % trees->kept];
    if (at->used && at->slot > slot)
        at = &trees->slots[trees->kept];
    if (at->used && at->slot == slot && at->leader == leader)
        return at;
    at->used = true;
    at->slot = slot;
    at->leader = leader;
    for (uint32_t i = 0; i < at->set_room; i++) {
        struct turbine_set_trees *set = &at->sets[i];
        set->data_assigned = set->code_assigned = 0;
        if (set->tree_room > 0)
            memset(set->places, 0, set->tree_room * sizeof *set->places);
    }
    return at;
}

static struct turbine_set_trees *set_of(struct turbine_trees *trees, const struct turbine_set *set)
{
    struct turbine_slot_trees *slot = slot_of(trees, set->slot, set->leader);
    uint32_t wanted = SHRED_SET_DATA + set->shreds.code_count;
    if (set->number >= slot->set_room)
        slot->sets = memory_grow(trees->memory, NAME, slot->sets, &slot->set_room, set->number + 1,
                                 sizeof *slot->sets);
    struct turbine_set_trees *at = &slot->sets[set->number];
    if (at->tree_room >= wanted)
        return at;
    give_set(trees, at);
    *at = (struct turbine_set_trees){.tree_room = wanted};
    at->orders = memory_take(trees->memory, NAME, wanted * order_bytes(trees));
    at->places = memory_take(trees->memory, NAME, wanted * sizeof *at->places);
    at->duties = memory_take(trees->memory, NAME, trees->cluster->count * sizeof *at->duties);
    return at;
}

/* A tree with at least so many places computed. */
static const uint16_t *tree_of(struct turbine_trees *trees, const struct turbine_set *set,
                               struct turbine_set_trees *at, enum shred_type type, uint32_t shred,
                               uint32_t places)
{
    bool data = type == SHRED_DATA;
    SIM_ASSERT(shred < (data ? set->shreds.data_count : set->shreds.code_count));
    uint32_t tree = data ? shred : SHRED_SET_DATA + shred;
    uint16_t *order = at->orders + (size_t)tree * (trees->cluster->count - 1);
    if (at->places[tree] >= places)
        return order;
    struct shred_id id = {.slot = set->slot,
                          .index = (data ? set->shreds.first_data : set->shreds.first_code) + shred,
                          .type = type};
    turbine_order_first(trees->cluster, &id, set->leader, places, trees->ranks);
    for (uint32_t place = 0; place < places; place++)
        order[place] = (uint16_t)trees->ranks[place];
    at->places[tree] = (uint16_t)places;
    return order;
}

const uint16_t *turbine_trees_order(struct turbine_trees *trees, const struct turbine_set *set,
                                    enum shred_type type, uint32_t at)
{
    return tree_of(trees, set, set_of(trees, set), type, at, trees->cluster->count - 1);
}

static void assign(struct turbine_trees *trees, const struct turbine_set *set,
                   struct turbine_set_trees *at)
{
    memset(at->duties, 0, trees->cluster->count * sizeof *at->duties);
    at->data_assigned = set->shreds.data_count;
    at->code_assigned = set->shreds.code_count;
    for (uint32_t i = 0; i < set->shreds.data_count; i++) {
        const uint16_t *order = tree_of(trees, set, at, SHRED_DATA, i, trees->parent_places);
        for (uint32_t place = 0; place < trees->parent_places; place++)
            at->duties[order[place]].data |= UINT32_C(1) << i;
    }
    for (uint32_t i = 0; i < set->shreds.code_count; i++) {
        const uint16_t *order = tree_of(trees, set, at, SHRED_CODE, i, trees->parent_places);
        for (uint32_t place = 0; place < trees->parent_places; place++)
            at->duties[order[place]].code |= UINT64_C(1) << i;
    }
}

struct turbine_duties turbine_trees_duties(struct turbine_trees *trees,
                                           const struct turbine_set *set, uint32_t rank)
{
    struct turbine_set_trees *at = set_of(trees, set);
    if (at->data_assigned != set->shreds.data_count || at->code_assigned != set->shreds.code_count)
        assign(trees, set, at);
    return at->duties[rank];
}

uint32_t turbine_trees_place(struct turbine_trees *trees, const struct turbine_set *set,
                             enum shred_type type, uint32_t at, uint32_t rank)
{
    const uint16_t *order = tree_of(trees, set, set_of(trees, set), type, at, trees->parent_places);
    uint32_t place = 0;
    while (place < trees->parent_places && order[place] != rank)
        place++;
    SIM_ASSERT(place < trees->parent_places);
    return place;
}
