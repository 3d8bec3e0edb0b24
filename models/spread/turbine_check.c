/* What turbine alone made of a block, what may be forgotten once roots have moved, and the
 * properties of the spread:
 *
 *  no_lost_shred     in the end each member that is up has every data shred of every final block
 *                    that is old enough (SOL-2)
 *  ledger_connected  the slots from the beginning to a member's root are whole and connected in its
 *                    store (SOL-3, SOL-R2) */

#include <inttypes.h>

#include "models/spread/repair_service.h"
#include "models/spread/slot_gossip.h"
#include "models/spread/turbine_parts.h"
#include "sim/world.h"

/* By turbine alone: so many shreds of each set came down their trees that it gives back the rest.
 * Only members that have been up all the while are counted, and not the leader. */
static void judge_member(const struct turbine_member *member, struct context *context,
                         const struct turbine_block *block, const struct slot_progress *progress)
{
    uint32_t sets = block->plan.set_count, whole = 0;
    if (member->member == block->header.leader || member->changed_ns > block->begin_ns ||
        !context_up(context, member->node))
        return;
    for (uint32_t set = 0; progress && set < sets; set++)
        whole += progress->sets[set].by_tree >= shred_set_at(&block->plan, set).data_count;
    turbine_count(member, context, TURBINE_SETS_TRIED, sets);
    turbine_count(member, context, TURBINE_SETS_WHOLE, whole);
    turbine_count(member, context, TURBINE_BLOCKS_TRIED, 1);
    turbine_count(member, context, TURBINE_BLOCKS_WHOLE, whole == sets);
}

void turbine_judge(struct turbine_chain *chain, struct context *context, uint32_t number)
{
    const struct turbine_block *block = turbine_block(chain, number);
    for (uint32_t i = 0; block && i < chain->member_count; i++) {
        struct turbine_member *member = &chain->members[i];
        struct slot_progress *progress = slot_window_find(&member->window, block->header.slot);
        bool ours = progress && progress->content == turbine_content(block, 0);
        judge_member(member, context, block, ours ? progress : NULL);
        if (!ours)
            continue;
        progress->judged = true;
        if (progress->slot < member->root && !progress->fresh)
            slot_window_close(&member->window, progress);
    }
}

/* Forgets blocks that nobody keeps any more. */
void turbine_forget_blocks(struct turbine_chain *chain, const struct context *context)
{
    uint64_t lowest = UINT64_MAX, keep = (uint64_t)chain->turbine->config.keep;
    uint32_t gone = 0;
    for (uint32_t i = 0; i < chain->member_count; i++)
        if (chain->members[i].root < lowest)
            lowest = chain->members[i].root;
    for (; gone < chain->block_count; gone++) {
        struct turbine_block *block = chain->blocks[gone];
        if (block && block->header.slot + keep >= lowest)
            break;
        for (uint32_t i = 0; block && i < chain->member_count; i++) {
            struct turbine_member *member = &chain->members[i];
            struct slot_progress *progress = slot_window_find(&member->window, block->header.slot);
            if (!progress)
                continue; /* its leader's crash left it without judgement, else it would be gone */
            turbine_flush(member, context);
            slot_window_close(&member->window, progress);
        }
        if (block)
            shred_ticks_forget(&chain->shared.ticks, block->header.slot);
        memory_give(chain->turbine->memory, block, sizeof *block);
    }
    for (uint32_t i = gone; gone > 0 && i < chain->block_count; i++)
        chain->blocks[i - gone] = chain->blocks[i];
    chain->first_block += gone;
    chain->block_count -= gone;
}

static void check_connected(const struct turbine_member *member, struct context *context,
                            uint64_t slot)
{
    const struct slot_meta *meta = blockstore_meta(&member->store, slot);
    if (meta && meta->connected && (slot == 0 || blockstore_full(meta)))
        return;
    context_violation(context, LAYER_SPREAD, TURBINE_LEDGER_CONNECTED, slot,
                      "slot %" PRIu64 " is final for member %" PRIu32
                      ", whose slots are not whole and connected up to it",
                      slot, member->member);
}

void turbine_rooted(struct turbine_member *member, struct context *context, uint64_t slot)
{
    SIM_ASSERT(slot >= member->root);
    turbine_flush(member, context);
    if (world_property_on(context->world, LAYER_SPREAD, TURBINE_LEDGER_CONNECTED))
        check_connected(member, context, slot);
    for (uint64_t at = member->root; at < slot; at++) {
        struct slot_progress *progress = slot_window_find(&member->window, at);
        if (progress && progress->judged)
            slot_window_close(&member->window, progress);
    }
    blockstore_settle(&member->store, member->root, slot);
    member->store.root = member->root = slot;
    if (slot > member->highest)
        member->highest = slot;
    blockstore_connect_root(&member->store, slot);
    uint64_t keep = (uint64_t)member->chain->turbine->config.keep;
    if (slot > keep)
        blockstore_forget(&member->store, slot - keep);
    repair_service_rooted(member, context, slot);
    slot_gossip_rooted(member, context, slot);
}

/* Whether a member has, or had until it could forget it, all of a block that is final. */
static bool has_block(const struct turbine_member *member, const struct turbine_block *block)
{
    uint64_t slot = block->header.slot;
    uint64_t keep = (uint64_t)member->chain->turbine->config.keep;
    const struct slot_meta *meta = blockstore_meta(&member->store, slot);
    if (slot + keep < member->root)
        return true; /* ledger_connected looked at it when the root passed */
    return meta && blockstore_full(meta) && (meta->content & 1) == 0;
}

static void check_block(const struct turbine_chain *chain, struct context *context,
                        const struct turbine_block *block, uint64_t within_ns)
{
    for (uint32_t i = 0; i < chain->member_count; i++) {
        const struct turbine_member *member = &chain->members[i];
        if (!context_up(context, member->node) || member->changed_ns + within_ns > context->now_ns)
            continue;
        if (has_block(member, block))
            continue;
        context_violation(context, LAYER_SPREAD, TURBINE_NO_LOST_SHRED, block->header.id,
                          "member %" PRIu32 " lacks shreds of slot %" PRIu64
                          ", which is final since a time that is long enough",
                          i, block->header.slot);
        return;
    }
}

/* The blocks that are final for anybody: the highest root and what it stands on. */
void turbine_check_liveness(struct turbine_chain *chain, struct context *context)
{
    const struct chain_seam *seam = &chain->turbine->stack->chain;
    uint64_t within_ns = world_property_within(context->world, LAYER_SPREAD, TURBINE_NO_LOST_SHRED);
    uint64_t root = 0;
    if (!world_property_on(context->world, LAYER_SPREAD, TURBINE_NO_LOST_SHRED))
        return;
    for (uint32_t i = 0; i < chain->member_count; i++) {
        uint64_t own = seam->root(seam->self, chain->chain, i);
        turbine_flush(&chain->members[i], context);
        root = own > root ? own : root;
    }
    const struct turbine_block *block = NULL;
    for (uint32_t i = 0; i < chain->block_count && !block; i++)
        if (chain->blocks[i] && chain->blocks[i]->header.slot == root)
            block = chain->blocks[i];
    while (block) {
        if (block->header.end_ns + within_ns <= context->now_ns)
            check_block(chain, context, block, within_ns);
        block = turbine_block(chain, (uint32_t)block->header.parent);
    }
}
