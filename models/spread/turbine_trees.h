#ifndef MODELS_SPREAD_TURBINE_TREES_H
#define MODELS_SPREAD_TURBINE_TREES_H

/* The trees of shreds, each computed once for all members of a chain: who stands at which place.
 * They are kept for the newest slots; those of an older one are computed again when they are
 * wanted, so what is kept changes nothing but the time that it takes.
 *
 * order: O(1), or a shuffle (turbine_tree.h) the first time. duties: O(1), or the first places of
 * the shuffles of a set. place: O(places with children). Memory: 2 bytes a validator and shred, 16
 * a validator and set. */

#include "models/spread/turbine_tree.h"

/* A set of a slot: what its trees depend on. */
struct turbine_set {
    uint64_t slot;
    uint32_t leader, number; /* leader: rank; number: of the set within its slot */
    struct shred_set shreds;
};

/* The shreds of a set that one validator passes on: bits from the set's first shred on. */
struct turbine_duties {
    uint64_t code;
    uint32_t data, spare;
};

struct turbine_set_trees {
    uint16_t *orders;              /* ranks by place, count - 1 for each tree */
    struct turbine_duties *duties; /* by rank */
    uint16_t *places;              /* by tree: how many of its places are computed */
    uint32_t tree_room;
    uint32_t data_assigned, code_assigned; /* duties are computed for so many shreds */
};

struct turbine_slot_trees {
    uint64_t slot;
    uint32_t leader, set_room;
    bool used;
    struct turbine_set_trees *sets;
};

struct turbine_trees {
    struct memory *memory;
    struct turbine_cluster *cluster;
    uint32_t parent_places; /* places from 0 on that have children */
    uint32_t kept;          /* newest slots; one more place is for any older slot */
    struct turbine_slot_trees *slots;
    uint32_t *ranks; /* of the shuffle in progress */
};

/* turbine_trees_init keeps the trees of `kept` slots, at least 1. The cluster outlives them; it has
 * 2 to 65,535 validators. */
void turbine_trees_init(struct turbine_trees *trees, struct memory *memory,
                        struct turbine_cluster *cluster, uint32_t kept);
void turbine_trees_destroy(struct turbine_trees *trees);

/* turbine_trees_order is the ranks in the order of their places, cluster->count - 1 of them, for
 * shred number `at` of a set; valid until the next call. */
const uint16_t *turbine_trees_order(struct turbine_trees *trees, const struct turbine_set *set,
                                    enum shred_type type, uint32_t at);

/* turbine_trees_duties says which shreds of a set a rank passes on. */
struct turbine_duties turbine_trees_duties(struct turbine_trees *trees,
                                           const struct turbine_set *set, uint32_t rank);

/* turbine_trees_place is the place of a rank in the tree of a shred that it passes on. */
uint32_t turbine_trees_place(struct turbine_trees *trees, const struct turbine_set *set,
                             enum shred_type type, uint32_t at, uint32_t rank);

#endif
