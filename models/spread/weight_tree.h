#ifndef MODELS_SPREAD_WEIGHT_TREE_H
#define MODELS_SPREAD_WEIGHT_TREE_H

/* A tree of slots with the stake that voted for each (SOL-R4): every voter's latest vote counts,
 * once, for its slot and all slots above. The heaviest-subtree rule reads from it, for repair;
 * members choose forks by the same rule in models/chain/vote_view.h, and its test compares both.
 *
 * Slots stand ascending in one array, so a parent stands before its children and the first slot is
 * the root. Find: O(log slots). Vote, add: O(slots). Memory is counted. */

#include <stdbool.h>
#include <stdint.h>

#include "sim/memory.h"

#define SLOT_UNKNOWN UINT64_MAX

struct weight_node {
    uint64_t slot, parent;       /* parent SLOT_UNKNOWN: the root */
    uint64_t stake, stake_below; /* votes exactly here; here and in the whole subtree */
};

struct weight_tree {
    struct memory *memory;
    struct weight_node *nodes; /* ascending */
    uint64_t *latest;          /* voter -> its latest vote in this tree; SLOT_UNKNOWN: none */
    uint32_t count, capacity, voter_capacity;
};

/* Who has how much stake when a slot was voted for: of the slot's epoch (SOL-R4.3). */
typedef uint64_t weight_stake(const void *self, uint32_t voter, uint64_t slot);

void weight_tree_init(struct weight_tree *tree, struct memory *memory, uint64_t root);
void weight_tree_destroy(struct weight_tree *tree);

/* weight_tree_find returns a slot's node, or NULL. */
const struct weight_node *weight_tree_find(const struct weight_tree *tree, uint64_t slot);

/* weight_tree_add hangs a slot under a parent that is in the tree; nothing if it is there. */
void weight_tree_add(struct weight_tree *tree, uint64_t slot, uint64_t parent);

/* weight_tree_add_root puts a lower slot above the root. */
void weight_tree_add_root(struct weight_tree *tree, uint64_t slot);

/* weight_tree_vote counts a vote of `stake` for a slot of the tree and returns true; older votes
 * than the voter's latest are ignored, so are votes below the root (SOL-R4.3). `old_stake` is the
 * voter's stake at its latest vote, which is taken back. */
bool weight_tree_vote(struct weight_tree *tree, uint32_t voter, uint64_t slot, weight_stake *stake,
                      const void *stake_self);

/* weight_tree_split moves the subtree of a slot, with the votes inside, into a new tree. The slot
 * is in the tree and not its root. */
void weight_tree_split(struct weight_tree *tree, uint64_t slot, struct weight_tree *ret_tree);

/* weight_tree_drop_root removes the root, which has at most one child; that one is the new root. */
void weight_tree_drop_root(struct weight_tree *tree);

/* weight_tree_merge hangs another tree, whose root becomes a child of `leaf`, into this one, adds
 * its votes as if they came now, and destroys it. */
void weight_tree_merge(struct weight_tree *tree, struct weight_tree *other, uint64_t leaf,
                       weight_stake *stake, const void *stake_self);

/* weight_tree_heaviest follows the heaviest child from the root to a leaf; of equals the smaller
 * slot. The fork choice by stake. O(slots). */
uint64_t weight_tree_heaviest(const struct weight_tree *tree);

/* The children of all nodes, heaviest first, of equals the smaller slot. Links are places in
 * tree->nodes, WEIGHT_NONE at the end. The caller gives arrays of tree->count. O(slots log slots)
 * where nodes have few children. */
#define WEIGHT_NONE UINT32_MAX
struct weight_links {
    uint32_t parent, first_child, next_sibling;
};
void weight_tree_link(const struct weight_tree *tree, struct weight_links *ret_links);

#endif
