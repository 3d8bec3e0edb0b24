#include "models/spread/repair_weight.h"

#include <string.h>

#include "sim/exact.h"
#include "sim/sim_assert.h"

static const char *const NAME = "spread: repair weight";

static uint64_t root_of(const struct repair_tree *tree)
{
    return tree->tree.nodes[0].slot;
}

/* Trees stand ascending by root; a tree whose root changes is taken out and put back. */
static void put_tree(struct repair_weight *weight, struct repair_tree tree)
{
    uint32_t at = 0;
    while (at < weight->count && root_of(&weight->trees[at]) < root_of(&tree))
        at++;
    SIM_ASSERT(at == weight->count || root_of(&weight->trees[at]) != root_of(&tree));
    if (weight->count == weight->capacity)
        weight->trees = memory_grow(weight->memory, NAME, weight->trees, &weight->capacity,
                                    weight->count + 1, sizeof *weight->trees);
    memmove(&weight->trees[at + 1], &weight->trees[at],
            (weight->count - at) * sizeof *weight->trees);
    weight->trees[at] = tree;
    weight->count++;
}

static struct repair_tree take_tree(struct repair_weight *weight, uint32_t at)
{
    struct repair_tree tree = weight->trees[at];
    weight->count--;
    memmove(&weight->trees[at], &weight->trees[at + 1],
            (weight->count - at) * sizeof *weight->trees);
    return tree;
}

static uint32_t tree_place(const struct repair_weight *weight, uint64_t slot)
{
    for (uint32_t at = 0; at < weight->count; at++)
        if (weight_tree_find(&weight->trees[at].tree, slot))
            return at;
    return UINT32_MAX;
}

static uint32_t root_place(const struct repair_weight *weight, uint64_t root)
{
    for (uint32_t at = 0; at < weight->count; at++)
        if (root_of(&weight->trees[at]) == root)
            return at;
    return UINT32_MAX;
}

const struct repair_tree *repair_weight_tree(const struct repair_weight *weight, uint64_t slot)
{
    uint32_t at = tree_place(weight, slot);
    return at == UINT32_MAX ? NULL : &weight->trees[at];
}

const struct repair_tree *repair_weight_rooted(const struct repair_weight *weight, uint64_t root)
{
    uint32_t at = root_place(weight, root);
    return at == UINT32_MAX ? NULL : &weight->trees[at];
}

static void new_tree(struct repair_weight *weight, uint64_t root, bool pruned)
{
    struct repair_tree tree = {.pruned = pruned};
    weight_tree_init(&tree.tree, weight->memory, root);
    put_tree(weight, tree);
}

void repair_weight_init(struct repair_weight *weight, struct memory *memory, uint64_t root,
                        weight_stake *stake, const void *stake_self)
{
    *weight = (struct repair_weight){
        .memory = memory, .root = root, .stake = stake, .stake_self = stake_self};
    slot_set_init(&weight->reported, memory);
    new_tree(weight, root, false);
}

void repair_weight_destroy(struct repair_weight *weight)
{
    for (uint32_t at = 0; at < weight->count; at++)
        weight_tree_destroy(&weight->trees[at].tree);
    memory_give(weight->memory, weight->trees, weight->capacity * sizeof *weight->trees);
    slot_set_destroy(&weight->reported);
    *weight = (struct repair_weight){0};
}

void repair_weight_ancestors(const struct repair_weight *weight, const struct blockstore *store,
                             uint64_t slot, struct slot_set *ret_ancestors)
{
    uint64_t at = blockstore_ancestor(store, slot);
    while (at != SLOT_UNKNOWN) {
        slot_set_add(ret_ancestors, at);
        if (at < weight->root || tree_place(weight, at) != UINT32_MAX)
            return;
        at = blockstore_ancestor(store, at);
    }
}

/* Hangs ascending slots under each other; the first is in the tree. */
static void hang_chain(struct weight_tree *tree, const uint64_t *slots, uint32_t count,
                       uint64_t last)
{
    for (uint32_t i = 1; i < count; i++)
        weight_tree_add(tree, slots[i], slots[i - 1]);
    if (count > 0)
        weight_tree_add(tree, last, slots[count - 1]);
}

/* SOL-R4.4: the place of the tree that holds the slot, which is made if there is none. */
static uint32_t find_or_make(struct repair_weight *weight, const struct blockstore *store,
                             uint64_t slot)
{
    uint32_t at = tree_place(weight, slot);
    if (at != UINT32_MAX)
        return at;
    struct slot_set ancestors;
    slot_set_init(&ancestors, weight->memory);
    repair_weight_ancestors(weight, store, slot, &ancestors);
    const uint64_t *chain = ancestors.slots;
    uint32_t count = ancestors.count;
    at = count > 0 ? tree_place(weight, chain[0]) : UINT32_MAX;
    if (at == UINT32_MAX) {
        bool pruned = count > 0 && chain[0] < weight->root;
        if (pruned) { /* trees hold no slot below the root */
            chain++;
            count--;
        }
        uint64_t root = count > 0 ? chain[0] : slot;
        new_tree(weight, root, pruned);
        at = root_place(weight, root);
    }
    hang_chain(&weight->trees[at].tree, chain, count, slot);
    slot_set_destroy(&ancestors);
    return at;
}

void repair_weight_know(struct repair_weight *weight, const struct blockstore *store, uint64_t slot)
{
    if (slot >= weight->root)
        find_or_make(weight, store, slot);
}

void repair_weight_vote(struct repair_weight *weight, const struct blockstore *store,
                        uint32_t voter, uint64_t slot)
{
    if (slot < weight->root)
        return;
    uint32_t at = find_or_make(weight, store, slot);
    weight_tree_vote(&weight->trees[at].tree, voter, slot, weight->stake, weight->stake_self);
}

/* Cuts everything below `root` off the lower end of a tree: slots below it vanish, each subtree
 * that hung on them is put back as a pruned tree of its own. True if what is left begins with
 * `root` itself: then it is *ret_main instead. */
static bool trim(struct repair_weight *weight, struct repair_tree tree, uint64_t root,
                 struct repair_tree *ret_main)
{
    for (;;) { /* each turn takes a slot off the tree */
        uint64_t low = root_of(&tree);
        if (low >= root)
            break;
        /* All children but one are split off; then the root itself goes. */
        const struct weight_node *only = NULL, *second = NULL;
        for (uint32_t i = 1; i < tree.tree.count && !second; i++)
            if (tree.tree.nodes[i].parent == low) {
                second = only ? &tree.tree.nodes[i] : NULL;
                only = only ? only : &tree.tree.nodes[i];
            }
        if (!only) { /* nothing is left */
            weight_tree_destroy(&tree.tree);
            return false;
        }
        if (!second) {
            weight_tree_drop_root(&tree.tree);
            continue;
        }
        struct repair_tree cut = {.pruned = second->slot != root};
        weight_tree_split(&tree.tree, second->slot, &cut.tree);
        put_tree(weight, cut); /* may itself begin below the root: trimmed in its turn */
    }
    if (root_of(&tree) == root) {
        *ret_main = tree;
        return true;
    }
    tree.pruned = true;
    put_tree(weight, tree);
    return false;
}

/* Trims pruned trees until none begins below the root. The main branch may come out of any of those
 * that were cut from the tree that held it. */
static void trim_all(struct repair_weight *weight, uint64_t root)
{
    uint32_t at = 0;
    while (at < weight->count) {
        if (root_of(&weight->trees[at]) >= root) {
            at++;
            continue;
        }
        struct repair_tree main_tree, tree = take_tree(weight, at);
        if (trim(weight, tree, root, &main_tree)) {
            main_tree.pruned = false;
            put_tree(weight, main_tree);
        }
        at = 0; /* trees moved */
    }
}

void repair_weight_set_root(struct repair_weight *weight, uint64_t root)
{
    SIM_ASSERT(root >= weight->root);
    if (root == weight->root)
        return;
    uint32_t holder = tree_place(weight, root);
    SIM_ASSERT(holder == UINT32_MAX || !weight->trees[holder].pruned);
    for (uint32_t at = 0; at < weight->count; at++)
        if (root_of(&weight->trees[at]) < root)
            weight->trees[at].pruned = true;
    trim_all(weight, root);
    if (holder == UINT32_MAX)
        new_tree(weight, root, false);
    weight->root = root;
    slot_set_drop_below(&weight->reported, root);
}

bool repair_weight_split_off(struct repair_weight *weight, uint64_t slot)
{
    uint32_t at = slot == weight->root ? UINT32_MAX : tree_place(weight, slot);
    if (at == UINT32_MAX)
        return false;
    if (root_of(&weight->trees[at]) == slot) {
        bool effect = weight->trees[at].pruned;
        weight->trees[at].pruned = false;
        return effect;
    }
    struct repair_tree cut = {.pruned = false};
    weight_tree_split(&weight->trees[at].tree, slot, &cut.tree);
    put_tree(weight, cut);
    return true;
}

uint64_t repair_weight_update_orphan(struct repair_weight *weight, const struct blockstore *store,
                                     uint64_t orphan)
{
    for (;;) { /* each turn the tree's root gets a lower slot */
        uint32_t at = root_place(weight, orphan);
        SIM_ASSERT(at != UINT32_MAX);
        if (orphan == weight->root)
            return orphan;
        struct slot_set ancestors;
        slot_set_init(&ancestors, weight->memory);
        repair_weight_ancestors(weight, store, orphan, &ancestors);
        uint32_t count = ancestors.count;
        uint64_t lowest = count > 0 ? ancestors.slots[0] : SLOT_UNKNOWN;
        uint32_t meets = count > 0 ? tree_place(weight, lowest) : UINT32_MAX;
        struct repair_tree tree = {0};
        if (count > 0) {
            tree = take_tree(weight, at);
            /* Neither the slot that is in another tree nor one below the root joins this one. */
            uint32_t skipped = meets != UINT32_MAX || lowest < weight->root ? 1 : 0;
            for (uint32_t i = count; i > skipped; i--)
                weight_tree_add_root(&tree.tree, ancestors.slots[i - 1]);
        }
        slot_set_destroy(&ancestors);
        if (count == 0)
            return orphan;
        if (meets != UINT32_MAX) {
            meets = tree_place(weight, lowest);
            struct repair_tree *other = &weight->trees[meets];
            weight_tree_merge(&other->tree, &tree.tree, lowest, weight->stake, weight->stake_self);
            if (other->pruned)
                return SLOT_UNKNOWN;
            orphan = root_of(other);
        } else {
            tree.pruned = lowest < weight->root;
            orphan = root_of(&tree);
            put_tree(weight, tree);
            if (tree.pruned)
                return SLOT_UNKNOWN;
        }
    }
}

static uint64_t popular_threshold(const struct weight_tree *tree, weight_total *total,
                                  const void *total_self)
{
    uint64_t least = UINT64_MAX;
    for (uint32_t i = 0; i < tree->count; i++) {
        uint64_t stake = total(total_self, tree->nodes[i].slot);
        least = stake < least ? stake : least;
    }
    return (uint64_t)((uint128)least * 52 / 100);
}

uint32_t repair_weight_popular(struct repair_weight *weight, weight_total *total,
                               const void *total_self, bool once, uint64_t *ret_slots,
                               uint32_t limit)
{
    uint32_t found = 0;
    for (uint32_t at = 0; at < weight->count && found < limit; at++) {
        const struct weight_tree *tree = &weight->trees[at].tree;
        const struct weight_node *deepest = &tree->nodes[0];
        uint64_t needed = popular_threshold(tree, total, total_self);
        if (!weight->trees[at].pruned || deepest->stake_below < needed ||
            (once && !slot_set_add(&weight->reported, deepest->slot)))
            continue;
        /* At most one child can have more than half. Children stand behind their parent. */
        for (uint32_t i = 1; i < tree->count; i++)
            if (tree->nodes[i].parent == deepest->slot && tree->nodes[i].stake_below >= needed)
                deepest = &tree->nodes[i];
        ret_slots[found++] = deepest->slot;
    }
    return found;
}
