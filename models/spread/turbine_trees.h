#ifndef MODELS_SPREAD_TURBINE_TREES_H
#define MODELS_SPREAD_TURBINE_TREES_H

/* The trees of shreds, each computed once for all members of a chain: who stands at which place.
 * They are kept for the slots that were sent lately; one of an older slot is computed again when it
 * is wanted, so what is kept changes nothing but the time that it takes.
 *
 * order: O(1), or a whole shuffle (turbine_tree.h) the first time. place: O(count). */

#include "models/spread/turbine_tree.h"

enum { TURBINE_TREES_SLOTS = 8 };

struct turbine_trees {
    struct memory *memory;
    struct turbine_cluster *cluster;
    struct turbine_slot_trees {
        uint64_t slot;
        uint32_t leader;
        uint32_t tree_count; /* room for so many: of data shred i at 2 i, of code shred i behind */
        uint32_t computed_room; /* the same */
        uint16_t *orders;       /* count - 1 ranks by place for each tree */
        unsigned char *computed;
        bool used;
    } slots[TURBINE_TREES_SLOTS];
    uint32_t *ranks; /* of the shuffle in progress */
};

/* The cluster outlives the trees; it has at most 65,535 validators. */
void turbine_trees_init(struct turbine_trees *trees, struct memory *memory,
                        struct turbine_cluster *cluster);
void turbine_trees_destroy(struct turbine_trees *trees);

/* turbine_trees_order is the ranks in the order of their places, cluster->count - 1 of them; valid
 * until the next call. */
const uint16_t *turbine_trees_order(struct turbine_trees *trees, const struct shred_id *shred,
                                    uint32_t leader);

/* turbine_trees_place is the place of a rank among the first `places` of a shred's tree;
 * TURBINE_NONE if it has none of them. */
uint32_t turbine_trees_place(struct turbine_trees *trees, const struct shred_id *shred,
                             uint32_t leader, uint32_t rank, uint32_t places);

#endif
