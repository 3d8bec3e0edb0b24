#ifndef MODELS_SPREAD_REPAIR_WEIGHT_H
#define MODELS_SPREAD_REPAIR_WEIGHT_H

/* Which forks deserve repair first, by the stake whose votes one validator has seen (SOL-R4,
 * SOL-19, SOL-24): one weight tree at the validator's root, one for each group of slots whose chain
 * to the root is not known ("orphan trees"), and pruned ones for forks that the root has cut off.
 * A slot is in at most one tree. Trees are few; look-ups are O(trees log slots). */

#include <stdbool.h>
#include <stdint.h>

#include "models/spread/blockstore.h"
#include "models/spread/slot_set.h"
#include "models/spread/weight_tree.h"

struct repair_tree {
    struct weight_tree tree;
    bool pruned;
};

struct repair_weight {
    struct memory *memory;
    struct repair_tree *trees; /* ascending by root */
    uint32_t count, capacity;
    uint64_t root;
    weight_stake *stake;
    const void *stake_self;
    struct slot_set reported; /* roots of pruned trees already reported as popular */
};

/* Stake comes from the caller: of a voter in the epoch of a slot. */
void repair_weight_init(struct repair_weight *weight, struct memory *memory, uint64_t root,
                        weight_stake *stake, const void *stake_self);
void repair_weight_destroy(struct repair_weight *weight);

/* repair_weight_vote is one voter's vote for a slot (SOL-R4.4). A slot in no tree is hung in by its
 * ancestors in the blockstore, or starts a tree. */
void repair_weight_vote(struct repair_weight *weight, const struct blockstore *store,
                        uint32_t voter, uint64_t slot);

/* repair_weight_know does the same without a vote: for a vote by nobody. */
void repair_weight_know(struct repair_weight *weight, const struct blockstore *store,
                        uint64_t slot);

/* repair_weight_set_root moves the root up; forks that it cuts off become pruned trees (SOL-R4.5).
 * The new root is in no pruned tree (asserted): ask repair_weight_tree first. */
void repair_weight_set_root(struct repair_weight *weight, uint64_t root);

/* repair_weight_split_off cuts a dumped slot and what hangs on it into a tree of its own
 * (SOL-R4.7); false where that has no effect. */
bool repair_weight_split_off(struct repair_weight *weight, uint64_t slot);

/* repair_weight_update_orphan chains an orphan tree to its ancestors as far as the blockstore knows
 * them, merging trees that it meets (SOL-R4.6). Returns the root of the tree that it is now part of
 * (the validator's root: solved), or SLOT_UNKNOWN if that is a pruned one. */
uint64_t repair_weight_update_orphan(struct repair_weight *weight, const struct blockstore *store,
                                     uint64_t orphan);

/* repair_weight_tree is the tree that holds a slot, or NULL. */
const struct repair_tree *repair_weight_tree(const struct repair_weight *weight, uint64_t slot);
/* repair_weight_rooted is the tree with this very root, or NULL. */
const struct repair_tree *repair_weight_rooted(const struct repair_weight *weight, uint64_t root);

/* repair_weight_ancestors walks up from a slot, nearest first, until a slot that is in a tree or
 * below the root, which is included; the walk ends earlier where the blockstore knows no parent. */
void repair_weight_ancestors(const struct repair_weight *weight, const struct blockstore *store,
                             uint64_t slot, struct slot_set *ret_ancestors);

/* The total stake of the epoch of a slot. */
typedef uint64_t weight_total(const void *self, uint64_t slot);

/* repair_weight_popular finds pruned forks with at least 52 % of stake (SOL-R4.9): the deepest slot
 * that still has it, of each. The share is of the least total over the epochs of the fork's slots.
 * once: only those that no such call has found before. Returns how many, at most `limit`. */
uint32_t repair_weight_popular(struct repair_weight *weight, weight_total *total,
                               const void *total_self, bool once, uint64_t *ret_slots,
                               uint32_t limit);

#endif
