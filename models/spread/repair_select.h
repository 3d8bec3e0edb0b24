#ifndef MODELS_SPREAD_REPAIR_SELECT_H
#define MODELS_SPREAD_REPAIR_SELECT_H

/* One iteration of repair as the deployed client does it (SOL-R4.8, SOL-17 to SOL-19, SOL-24,
 * SOL-26): orphans first, then the holes of the main tree by weight of its forks, then slots whose
 * end is unknown, then those nearest to completion. Each stage has its own budget.
 *
 * Cost: O(slots of all trees + requests) and a sort; nothing is kept between iterations but the
 * requests made lately. An adapter should call it only when something is missing. */

#include "models/spread/repair_holes.h"
#include "models/spread/repair_weight.h"

struct repair_budget {
    uint32_t orphans, shreds, unknown_last, closest;
};
extern const struct repair_budget repair_budget_deployed; /* 5, 512, 10, 100 (SOL-R1) */

/* repair_select appends the requests of all four stages. The planner's pending requests have been
 * expired by the caller. */
void repair_select(const struct repair_planner *planner, struct repair_weight *weight,
                   const struct repair_budget *budget);

/* The stages one by one. `processed` holds the slots that earlier stages took care of. */
void repair_select_orphans(const struct repair_planner *planner, struct repair_weight *weight,
                           struct slot_set *processed, uint32_t max);
void repair_select_shreds(const struct repair_planner *planner, const struct weight_tree *tree,
                          struct slot_set *processed, uint32_t max);
void repair_select_unknown_last(const struct repair_planner *planner,
                                const struct weight_tree *tree, struct slot_set *processed,
                                uint32_t max);
void repair_select_closest(const struct repair_planner *planner, const struct weight_tree *tree,
                           uint64_t root, struct slot_set *processed, uint32_t max);

/* The weighted walk of stage 2: heaviest child first, each slot when it is first seen and again
 * when all its children are done. Begin with {0}; false at the end. links are of weight_tree_link.
 */
struct repair_walk {
    uint32_t at;
    bool begun, done; /* done: the visit at hand is the second one */
};
bool repair_walk_next(struct repair_walk *walk, const struct weight_links *links);

#endif
