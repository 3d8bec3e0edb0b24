#include "models/spread/repair_proposal.h"

#include "sim/exact.h"
#include "sim/sim_assert.h"

static const char *const NAME = "spread: repair by the proposal";

void repair_own_first(uint32_t *indices, uint32_t count, uint64_t slot, repair_own_shred *own,
                      const void *own_self, uint32_t *scratch)
{
    uint32_t kept = 0, others = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (own(own_self, slot, indices[i]))
            indices[kept++] = indices[i];
        else
            scratch[others++] = indices[i];
    }
    for (uint32_t i = 0; i < others; i++)
        indices[kept + i] = scratch[i];
}

/* SOL-24, SOL-26: each orphan, by the weight of its subtree; of equals the lower slot. */
static void ask_orphans(const struct repair_planner *planner, const struct repair_weight *weight)
{
    const struct slot_set *orphans = &planner->store->orphans;
    struct slot_set asked;
    slot_set_init(&asked, planner->store->shared->memory);
    for (uint32_t turn = 0; turn < orphans->count; turn++) {
        uint64_t best = SLOT_UNKNOWN, best_stake = 0;
        for (uint32_t i = 0; i < orphans->count; i++) {
            uint64_t slot = orphans->slots[i];
            const struct repair_tree *tree = repair_weight_tree(weight, slot);
            uint64_t stake = tree ? weight_tree_find(&tree->tree, slot)->stake_below : 0;
            if (!slot_set_contains(&asked, slot) && slot > weight->root &&
                (best == SLOT_UNKNOWN || stake > best_stake)) {
                best = slot;
                best_stake = stake;
            }
        }
        if (best == SLOT_UNKNOWN)
            break;
        slot_set_add(&asked, best);
        repair_ask(planner, REPAIR_ORPHAN, best, 0);
    }
    slot_set_destroy(&asked);
}

enum { HOLES_MAX = 4096 };

/* The holes of one slot; where there is none and its end is unknown, its highest shred. */
static void ask_slot(const struct repair_planner *planner, const struct slot_meta *meta,
                     uint32_t max, struct repair_view view)
{
    uint32_t holes[HOLES_MAX], scratch[HOLES_MAX], count = 0, asked = 0;
    if (max == 0 || meta->dead || blockstore_full(meta) ||
        (view.may_ask && !view.may_ask(view.self, meta->slot)))
        return;
    if (meta->consumed == meta->received) {
        repair_ask(planner, REPAIR_HIGHEST, meta->slot, meta->received);
        return;
    }
    uint32_t index = shred_bits_next(&meta->data, meta->consumed, false);
    for (; index < meta->received && count < HOLES_MAX;
         index = shred_bits_next(&meta->data, index + 1, false))
        if (!repair_asked_lately(planner, REPAIR_SHRED, meta->slot, index))
            holes[count++] = index;
    if (view.own)
        repair_own_first(holes, count, meta->slot, view.own, view.self, scratch);
    for (uint32_t i = 0; i < count && asked < max; i++)
        asked += repair_ask(planner, REPAIR_SHRED, meta->slot, holes[i]);
}

/* A fork that nobody voted for yet: depth first in order of discovery, without a stack, since every
 * slot knows its parent and its next sibling. */
static void ask_fork(const struct repair_planner *planner, const struct slot_meta *top,
                     uint32_t count_max, struct repair_view view)
{
    const struct slot_meta *at = top;
    while (at && planner->list->count < count_max) {
        ask_slot(planner, at, count_max - planner->list->count, view);
        const struct slot_meta *next = blockstore_first_child(planner->store, at);
        while (!next && at && at != top) {
            next = blockstore_next_child(planner->store, at);
            at = next ? at : blockstore_meta(planner->store, at->parent);
        }
        at = next;
    }
}

/* SOL-17, SOL-19: all forks from the root, heaviest first; slots without votes after their voted
 * siblings. */
static void ask_forks(const struct repair_planner *planner, const struct weight_tree *tree,
                      uint32_t count_max, struct repair_view view)
{
    struct memory *memory = planner->store->shared->memory;
    struct weight_links *links = memory_take(memory, NAME, tree->count * sizeof *links);
    struct repair_walk walk = {0};
    weight_tree_link(tree, links);
    while (planner->list->count < count_max && repair_walk_next(&walk, links)) {
        const struct slot_meta *meta = blockstore_meta(planner->store, tree->nodes[walk.at].slot);
        if (!meta)
            continue;
        if (!walk.done)
            ask_slot(planner, meta, count_max - planner->list->count, view);
        const struct slot_meta *child =
            walk.done ? blockstore_first_child(planner->store, meta) : NULL;
        for (; child; child = blockstore_next_child(planner->store, child))
            if (!weight_tree_find(tree, child->slot))
                ask_fork(planner, child, count_max, view);
    }
    memory_give(memory, links, tree->count * sizeof *links);
}

void repair_proposal_select(const struct repair_planner *planner, struct repair_weight *weight,
                            uint32_t shreds_max, struct repair_view view)
{
    ask_orphans(planner, weight);
    const struct repair_tree *rooted = repair_weight_rooted(weight, weight->root);
    SIM_ASSERT(rooted);
    ask_forks(planner, &rooted->tree, planner->list->count + shreds_max, view);
}

enum repair_peers repair_peers_of(enum repair_rules rules, enum repair_version version,
                                  enum repair_kind kind, bool fallback)
{
    if (rules == REPAIR_RULES_DEPLOYED)
        return version == REPAIR_VERSION_2026 ? REPAIR_PEERS_2026 : REPAIR_PEERS_2025;
    return kind == REPAIR_ORPHAN || fallback ? REPAIR_PEERS_HOLDERS_FIRST : REPAIR_PEERS_HOLDERS;
}

bool repair_retransmits(enum repair_rules rules, const struct repair_arrival *arrival)
{
    if (arrival->retransmitted_before)
        return false;
    if (!arrival->by_repair)
        return true;
    return rules == REPAIR_RULES_PROPOSAL &&
           (uint128)arrival->marked_stake * 3 <= (uint128)arrival->total_stake;
}
