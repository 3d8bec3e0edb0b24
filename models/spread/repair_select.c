#include "models/spread/repair_select.h"

#include <string.h>

#include "sim/sim_assert.h"

static const char *const NAME = "spread: selection of repairs";

const struct repair_budget repair_budget_deployed = {
    .orphans = 5, .shreds = 512, .unknown_last = 10, .closest = 100};

/* Slots with a number to sort by. Insertion keeps equals in order of arrival. */
struct ranking {
    struct memory *memory;
    struct ranked {
        uint64_t slot, key;
    } * items;
    uint32_t count, capacity;
};

static void rank(struct ranking *ranking, uint64_t slot, uint64_t key, bool descending)
{
    if (ranking->count == ranking->capacity)
        ranking->items = memory_grow(ranking->memory, NAME, ranking->items, &ranking->capacity,
                                     ranking->count + 1, sizeof *ranking->items);
    uint32_t at = ranking->count++;
    while (at > 0 &&
           (descending ? ranking->items[at - 1].key < key : ranking->items[at - 1].key > key)) {
        ranking->items[at] = ranking->items[at - 1];
        at--;
    }
    ranking->items[at] = (struct ranked){slot, key};
}

static void ranking_destroy(struct ranking *ranking)
{
    memory_give(ranking->memory, ranking->items, ranking->capacity * sizeof *ranking->items);
}

static struct ranking ranking_of(const struct repair_planner *planner)
{
    return (struct ranking){.memory = planner->store->shared->memory};
}

/* The slots known only as parents, lowest first, when votes have not named enough orphans. */
static void ask_known_orphans(const struct repair_planner *planner, uint64_t root,
                              struct slot_set *processed, uint32_t asked, uint32_t max)
{
    const struct slot_set *orphans = &planner->store->orphans;
    for (uint32_t i = slot_set_place(orphans, root + 1); i < orphans->count && asked < max; i++)
        if (repair_ask(planner, REPAIR_ORPHAN, orphans->slots[i], 0)) {
            slot_set_add(processed, orphans->slots[i]);
            asked++;
        }
}

void repair_select_orphans(const struct repair_planner *planner, struct repair_weight *weight,
                           struct slot_set *processed, uint32_t max)
{
    struct ranking ranking = ranking_of(planner);
    uint32_t asked = 0;
    /* Trees stand ascending by root, and the ranking keeps that order among equals. */
    for (uint32_t i = 0; i < weight->count; i++)
        if (!weight->trees[i].pruned) {
            const struct weight_node *top = &weight->trees[i].tree.nodes[0];
            rank(&ranking, top->slot, top->stake_below, true);
        }
    for (uint32_t i = 0; i < ranking.count && asked < max; i++) {
        uint64_t root = ranking.items[i].slot;
        const struct repair_tree *tree = repair_weight_rooted(weight, root);
        if (slot_set_contains(processed, root) || !tree || tree->pruned)
            continue; /* merged meanwhile */
        uint64_t orphan = repair_weight_update_orphan(weight, planner->store, root);
        if (orphan == SLOT_UNKNOWN || orphan == weight->root)
            continue;
        if (repair_ask(planner, REPAIR_ORPHAN, orphan, 0)) {
            slot_set_add(processed, orphan);
            asked++;
        }
    }
    ranking_destroy(&ranking);
    ask_known_orphans(planner, weight->root, processed, asked, max);
}

bool repair_walk_next(struct repair_walk *walk, const struct weight_links *links)
{
    if (!walk->begun) {
        *walk = (struct repair_walk){.begun = true};
        return true;
    }
    const struct weight_links *here = &links[walk->at];
    if (!walk->done) {
        if (here->first_child != WEIGHT_NONE)
            walk->at = here->first_child;
        else
            walk->done = true;
        return true;
    }
    if (here->next_sibling != WEIGHT_NONE) {
        walk->at = here->next_sibling;
        walk->done = false;
        return true;
    }
    walk->at = here->parent;
    return walk->at != WEIGHT_NONE;
}

/* Children that the blockstore knows and the tree does not: nobody voted there yet. */
static void repair_other_children(const struct repair_planner *planner,
                                  const struct slot_meta *meta, struct slot_set *visited,
                                  uint32_t count_max)
{
    for (const struct slot_meta *child = blockstore_first_child(planner->store, meta); child;
         child = blockstore_next_child(planner->store, child))
        if (slot_set_add(visited, child->slot))
            repair_fork(planner, child->slot, count_max, true);
}

void repair_select_shreds(const struct repair_planner *planner, const struct weight_tree *tree,
                          struct slot_set *processed, uint32_t max)
{
    struct memory *memory = planner->store->shared->memory;
    struct weight_links *links = memory_take(memory, NAME, tree->count * sizeof *links);
    struct slot_set visited;
    uint32_t before = planner->list->count, count_max = before + max;
    struct repair_walk walk = {0};
    slot_set_init(&visited, memory);
    weight_tree_link(tree, links);
    while (planner->list->count < count_max && repair_walk_next(&walk, links)) {
        const struct slot_meta *meta = blockstore_meta(planner->store, tree->nodes[walk.at].slot);
        if (!meta)
            continue;
        if (walk.done) {
            repair_other_children(planner, meta, &visited, count_max);
        } else {
            repair_slot(planner, meta, count_max - planner->list->count, true);
            slot_set_add(&visited, meta->slot);
        }
    }
    for (uint32_t i = before; i < planner->list->count; i++)
        slot_set_add(processed, planner->list->items[i].slot);
    slot_set_destroy(&visited);
    memory_give(memory, links, tree->count * sizeof *links);
}

/* Depth first, the largest child slot first, as a stack of children gives it: the places of the
 * tree's nodes in that order. Siblings are linked here by slot, not by weight. */
static void stack_order(const struct weight_tree *tree, struct weight_links *links,
                        uint32_t *ret_places)
{
    weight_tree_link(tree, links);
    for (uint32_t i = 0; i < tree->count; i++)
        links[i].first_child = links[i].next_sibling = WEIGHT_NONE;
    for (uint32_t i = 1; i < tree->count; i++) { /* ascending, so the largest ends up first */
        struct weight_links *parent = &links[links[i].parent];
        links[i].next_sibling = parent->first_child;
        parent->first_child = i;
    }
    struct repair_walk walk = {0};
    uint32_t count = 0;
    while (repair_walk_next(&walk, links))
        if (!walk.done)
            ret_places[count++] = walk.at;
    SIM_ASSERT(count == tree->count);
}

/* Visits the slots of a tree in that order: those not processed whose meta is known. */
struct tree_visit {
    struct memory *memory;
    struct weight_links *links;
    uint32_t *places, next;
    const struct weight_tree *tree;
};

static struct tree_visit visit_begin(const struct repair_planner *planner,
                                     const struct weight_tree *tree)
{
    struct tree_visit visit = {.memory = planner->store->shared->memory, .tree = tree};
    visit.links = memory_take(visit.memory, NAME, tree->count * sizeof *visit.links);
    visit.places = memory_take(visit.memory, NAME, tree->count * sizeof *visit.places);
    stack_order(tree, visit.links, visit.places);
    return visit;
}

static const struct slot_meta *visit_next(struct tree_visit *visit,
                                          const struct repair_planner *planner,
                                          const struct slot_set *processed)
{
    while (visit->next < visit->tree->count) {
        uint64_t slot = visit->tree->nodes[visit->places[visit->next++]].slot;
        const struct slot_meta *meta =
            slot_set_contains(processed, slot) ? NULL : blockstore_meta(planner->store, slot);
        if (meta)
            return meta;
    }
    return NULL;
}

static void visit_end(struct tree_visit *visit)
{
    memory_give(visit->memory, visit->links, visit->tree->count * sizeof *visit->links);
    memory_give(visit->memory, visit->places, visit->tree->count * sizeof *visit->places);
}

void repair_select_unknown_last(const struct repair_planner *planner,
                                const struct weight_tree *tree, struct slot_set *processed,
                                uint32_t max)
{
    struct ranking ranking = ranking_of(planner);
    struct tree_visit visit = visit_begin(planner, tree);
    const struct slot_meta *meta;
    while ((meta = visit_next(&visit, planner, processed)))
        if (meta->last_index == INDEX_UNKNOWN)
            rank(&ranking, meta->slot, meta->data.count, true);
    visit_end(&visit);
    uint32_t asked = 0;
    for (uint32_t i = 0; i < ranking.count; i++) {
        meta = blockstore_meta(planner->store, ranking.items[i].slot);
        slot_set_add(processed, meta->slot);
        if (asked < max)
            asked += repair_ask(planner, REPAIR_HIGHEST, meta->slot, meta->received);
    }
    ranking_destroy(&ranking);
}

/* The slots with holes from one up to its oldest ancestor with holes, as far as the blockstore
 * chains them and no other path went. Oldest last. */
static void unrepaired_path(const struct repair_planner *planner, uint64_t slot, uint64_t root,
                            struct slot_set *visited, struct slot_set *ret_path)
{
    while (slot > root && slot_set_add(visited, slot)) {
        const struct slot_meta *meta = blockstore_meta(planner->store, slot);
        if (!meta || blockstore_full(meta))
            return;
        slot_set_add(ret_path, slot);
        if (meta->parent == SLOT_UNKNOWN)
            return;
        slot = meta->parent;
    }
}

void repair_select_closest(const struct repair_planner *planner, const struct weight_tree *tree,
                           uint64_t root, struct slot_set *processed, uint32_t max)
{
    struct ranking ranking = ranking_of(planner);
    struct tree_visit visit = visit_begin(planner, tree);
    const struct slot_meta *meta;
    while ((meta = visit_next(&visit, planner, processed)))
        if (!blockstore_full(meta) && meta->last_index != INDEX_UNKNOWN)
            rank(&ranking, meta->slot, meta->last_index + 1 - meta->data.count, false);
    visit_end(&visit);
    struct slot_set visited, path;
    slot_set_init(&visited, planner->store->shared->memory);
    slot_set_init(&path, planner->store->shared->memory);
    uint32_t count_max = planner->list->count + max;
    for (uint32_t i = 0; i < ranking.count && planner->list->count < count_max; i++) {
        path.count = 0;
        unrepaired_path(planner, ranking.items[i].slot, root, &visited, &path);
        for (uint32_t k = 0; k < path.count && planner->list->count < count_max; k++)
            if (slot_set_add(processed, path.slots[k]))
                repair_slot(planner, blockstore_meta(planner->store, path.slots[k]),
                            count_max - planner->list->count, true);
    }
    slot_set_destroy(&visited);
    slot_set_destroy(&path);
    ranking_destroy(&ranking);
}

void repair_select(const struct repair_planner *planner, struct repair_weight *weight,
                   const struct repair_budget *budget)
{
    struct slot_set processed;
    slot_set_init(&processed, planner->store->shared->memory);
    slot_set_add(&processed, weight->root);
    repair_select_orphans(planner, weight, &processed, budget->orphans);
    const struct repair_tree *rooted = repair_weight_rooted(weight, weight->root);
    SIM_ASSERT(rooted);
    repair_select_shreds(planner, &rooted->tree, &processed, budget->shreds);
    uint32_t before = planner->list->count;
    for (uint32_t i = 0; i < weight->count; i++)
        if (!weight->trees[i].pruned && planner->list->count - before < budget->unknown_last)
            repair_select_unknown_last(planner, &weight->trees[i].tree, &processed,
                                       budget->unknown_last - (planner->list->count - before));
    before = planner->list->count;
    for (uint32_t i = 0; i < weight->count; i++)
        if (!weight->trees[i].pruned && planner->list->count - before < budget->closest)
            repair_select_closest(planner, &weight->trees[i].tree, weight->root, &processed,
                                  budget->closest - (planner->list->count - before));
    slot_set_destroy(&processed);
}
