#include "models/spread/weight_tree.h"

#include <string.h>

#include "models/ascending.h"
#include "sim/sim_assert.h"

static const char *const NAME = "spread: weight trees";

static uint32_t place_of(const struct weight_tree *tree, uint64_t slot)
{
    return ascending_place(tree->nodes, tree->count, sizeof *tree->nodes, slot);
}

static struct weight_node *find(const struct weight_tree *tree, uint64_t slot)
{
    uint32_t at = place_of(tree, slot);
    return at < tree->count && tree->nodes[at].slot == slot ? &tree->nodes[at] : NULL;
}

const struct weight_node *weight_tree_find(const struct weight_tree *tree, uint64_t slot)
{
    return find(tree, slot);
}

static void insert(struct weight_tree *tree, struct weight_node node)
{
    uint32_t at = place_of(tree, node.slot);
    if (tree->count == tree->capacity)
        tree->nodes = memory_grow(tree->memory, NAME, tree->nodes, &tree->capacity, tree->count + 1,
                                  sizeof *tree->nodes);
    memmove(&tree->nodes[at + 1], &tree->nodes[at], (tree->count - at) * sizeof *tree->nodes);
    tree->nodes[at] = node;
    tree->count++;
}

void weight_tree_init(struct weight_tree *tree, struct memory *memory, uint64_t root)
{
    *tree = (struct weight_tree){.memory = memory};
    insert(tree, (struct weight_node){.slot = root, .parent = SLOT_UNKNOWN});
}

void weight_tree_destroy(struct weight_tree *tree)
{
    memory_give(tree->memory, tree->nodes, tree->capacity * sizeof *tree->nodes);
    memory_give(tree->memory, tree->latest, tree->voter_capacity * sizeof *tree->latest);
    *tree = (struct weight_tree){0};
}

void weight_tree_add(struct weight_tree *tree, uint64_t slot, uint64_t parent)
{
    if (find(tree, slot))
        return;
    SIM_ASSERT(parent < slot);
    SIM_ASSERT(find(tree, parent));
    insert(tree, (struct weight_node){.slot = slot, .parent = parent});
}

void weight_tree_add_root(struct weight_tree *tree, uint64_t slot)
{
    struct weight_node *root = &tree->nodes[0];
    SIM_ASSERT(slot < root->slot);
    root->parent = slot;
    insert(tree, (struct weight_node){
                     .slot = slot, .parent = SLOT_UNKNOWN, .stake_below = root->stake_below});
}

/* Adds or takes back stake at a slot and everything above it. */
static void add_stake(struct weight_tree *tree, uint64_t slot, uint64_t stake, bool back)
{
    struct weight_node *node = find(tree, slot);
    node->stake += back ? -stake : stake;
    for (; node; node = node->parent == SLOT_UNKNOWN ? NULL : find(tree, node->parent))
        node->stake_below += back ? -stake : stake;
}

static void grow_voters(struct weight_tree *tree, uint32_t voter)
{
    uint32_t old = tree->voter_capacity;
    if (voter < old)
        return;
    tree->latest = memory_grow(tree->memory, NAME, tree->latest, &tree->voter_capacity, voter + 1,
                               sizeof *tree->latest);
    for (uint32_t i = old; i < tree->voter_capacity; i++)
        tree->latest[i] = SLOT_UNKNOWN;
}

bool weight_tree_vote(struct weight_tree *tree, uint32_t voter, uint64_t slot, weight_stake *stake,
                      const void *stake_self)
{
    SIM_ASSERT(tree->count > 0);
    if (slot < tree->nodes[0].slot)
        return false;
    SIM_ASSERT(find(tree, slot));
    grow_voters(tree, voter);
    uint64_t latest = tree->latest[voter];
    if (latest != SLOT_UNKNOWN && slot <= latest)
        return false;
    if (latest != SLOT_UNKNOWN)
        add_stake(tree, latest, stake(stake_self, voter, latest), true);
    add_stake(tree, slot, stake(stake_self, voter, slot), false);
    tree->latest[voter] = slot;
    return true;
}

/* Votes for slots that moved from one tree to another move along. */
static void move_votes(struct weight_tree *from, struct weight_tree *to)
{
    for (uint32_t voter = 0; voter < from->voter_capacity; voter++) {
        uint64_t latest = from->latest[voter];
        if (latest == SLOT_UNKNOWN || !find(to, latest))
            continue;
        grow_voters(to, voter);
        to->latest[voter] = latest;
        from->latest[voter] = SLOT_UNKNOWN;
    }
}

void weight_tree_split(struct weight_tree *tree, uint64_t slot, struct weight_tree *ret_tree)
{
    struct weight_node *top = find(tree, slot);
    SIM_ASSERT(top);
    SIM_ASSERT(top->parent != SLOT_UNKNOWN);
    uint64_t parent = top->parent, moved = top->stake_below;
    for (struct weight_node *node = find(tree, parent); node;
         node = node->parent == SLOT_UNKNOWN ? NULL : find(tree, node->parent))
        node->stake_below -= moved;
    weight_tree_init(ret_tree, tree->memory, slot);
    ret_tree->nodes[0] = *top;
    ret_tree->nodes[0].parent = SLOT_UNKNOWN;
    /* Ascending, so each slot's parent has been decided before it. */
    uint32_t kept = 0;
    for (uint32_t i = 0; i < tree->count; i++) {
        struct weight_node node = tree->nodes[i];
        if (node.slot == slot)
            continue;
        if (node.parent != SLOT_UNKNOWN && find(ret_tree, node.parent))
            insert(ret_tree, node);
        else
            tree->nodes[kept++] = node;
    }
    tree->count = kept;
    move_votes(tree, ret_tree);
}

void weight_tree_drop_root(struct weight_tree *tree)
{
    uint64_t root = tree->nodes[0].slot;
    SIM_ASSERT(tree->count > 1);
    tree->count--;
    memmove(&tree->nodes[0], &tree->nodes[1], tree->count * sizeof *tree->nodes);
    SIM_ASSERT(tree->nodes[0].parent == root);
    tree->nodes[0].parent = SLOT_UNKNOWN;
    for (uint32_t i = 1; i < tree->count; i++)
        SIM_ASSERT(tree->nodes[i].parent != root);
    for (uint32_t voter = 0; voter < tree->voter_capacity; voter++)
        if (tree->latest[voter] == root)
            tree->latest[voter] = SLOT_UNKNOWN;
}

void weight_tree_merge(struct weight_tree *tree, struct weight_tree *other, uint64_t leaf,
                       weight_stake *stake, const void *stake_self)
{
    SIM_ASSERT(find(tree, leaf));
    for (uint32_t i = 0; i < other->count; i++) {
        const struct weight_node *node = &other->nodes[i];
        weight_tree_add(tree, node->slot, node->parent == SLOT_UNKNOWN ? leaf : node->parent);
    }
    for (uint32_t voter = 0; voter < other->voter_capacity; voter++)
        if (other->latest[voter] != SLOT_UNKNOWN)
            weight_tree_vote(tree, voter, other->latest[voter], stake, stake_self);
    weight_tree_destroy(other);
}

static bool heavier(const struct weight_node *a, const struct weight_node *b)
{
    return a->stake_below != b->stake_below ? a->stake_below > b->stake_below : a->slot < b->slot;
}

uint64_t weight_tree_heaviest(const struct weight_tree *tree)
{
    const struct weight_node *at = &tree->nodes[0], *best;
    do { /* children stand after their parent, so the search goes on from there */
        best = NULL;
        for (const struct weight_node *node = at + 1; node < tree->nodes + tree->count; node++)
            if (node->parent == at->slot && (!best || heavier(node, best)))
                best = node;
        at = best ? best : at;
    } while (best);
    return at->slot;
}

void weight_tree_link(const struct weight_tree *tree, struct weight_links *ret_links)
{
    for (uint32_t i = 0; i < tree->count; i++)
        ret_links[i] = (struct weight_links){WEIGHT_NONE, WEIGHT_NONE, WEIGHT_NONE};
    for (uint32_t i = 1; i < tree->count; i++) {
        uint32_t parent = place_of(tree, tree->nodes[i].parent);
        ret_links[i].parent = parent;
        uint32_t *place = &ret_links[parent].first_child;
        while (*place != WEIGHT_NONE && heavier(&tree->nodes[*place], &tree->nodes[i]))
            place = &ret_links[*place].next_sibling;
        ret_links[i].next_sibling = *place;
        *place = i;
    }
}
