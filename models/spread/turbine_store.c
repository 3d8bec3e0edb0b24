/* What a member has of which blocks: names and words of shreds, the way from what came into its
 * store, and what happens once a slot is whole. */

#include "models/spread/repair_service.h"
#include "models/spread/slot_gossip.h"
#include "models/spread/turbine_parts.h"

void turbine_count(const struct turbine_member *member, struct context *context,
                   enum turbine_metric metric, int64_t delta)
{
    (void)member;
    context_count(context, LAYER_SPREAD, (uint32_t)metric, delta);
}

void turbine_trace(const struct turbine_member *member, struct context *context,
                   enum turbine_trace kind, uint64_t subject, int64_t value)
{
    context_trace(context, &(struct trace){.slot = LAYER_SPREAD,
                                           .kind = (uint8_t)kind,
                                           .chain = member->chain->chain,
                                           .subject = subject,
                                           .value = value});
}

uint64_t turbine_content(const struct turbine_block *block, uint32_t version)
{
    return ((block->header.id & UINT32_MAX) + 1) << 1 | version;
}

struct turbine_block *turbine_block_of(const struct turbine_chain *chain, uint64_t content)
{
    return turbine_block(chain, (uint32_t)((content >> 1) - 1));
}

struct shred_packet turbine_shred(const struct turbine_block *block, enum shred_type type,
                                  uint32_t index, uint32_t version)
{
    struct shred_set set = shred_set_of(&block->plan, type, index);
    return (struct shred_packet){.block = block->header.id,
                                 .slot = block->header.slot,
                                 .parent = block->header.parent_slot,
                                 .index = index,
                                 .data_count = (uint16_t)set.data_count,
                                 .code_count = (uint16_t)set.code_count,
                                 .type = (uint8_t)type,
                                 .version = (uint8_t)version,
                                 .last = type == SHRED_DATA && index + 1 == block->plan.data_count};
}

bool turbine_stored(const struct turbine_member *member, uint64_t slot, uint32_t index,
                    struct shred_packet *ret_packet)
{
    const struct slot_meta *meta = blockstore_meta(&member->store, slot);
    if (!meta || meta->content == 0 || !shred_bits_test(&meta->data, index))
        return false;
    const struct turbine_block *block = turbine_block_of(member->chain, meta->content);
    if (!block)
        return false;
    *ret_packet = turbine_shred(block, SHRED_DATA, index, meta->content & 1);
    return true;
}

/* Puts what came of a slot into the store. */
static void store_slot(struct turbine_member *member, const struct context *context,
                       const struct slot_progress *progress)
{
    const struct turbine_block *block = turbine_block_of(member->chain, progress->content);
    struct blockstore *store = &member->store;
    bool unchained = member->chain->turbine->config.break_rule == SPREAD_BREAK_UNCHAINED;
    bool holes = member->chain->turbine->config.break_rule == SPREAD_BREAK_HOLES;
    if (!block || progress->slot < member->root)
        return; /* nobody will want it any more */
    const struct slot_meta *meta = blockstore_meta(store, progress->slot);
    bool begun = meta && meta->received > 0; /* only the first shred's tick is looked at */
    struct data_shred run = {.slot = progress->slot, .parent = block->header.parent_slot};
    if (unchained)
        run.parent = progress->slot - 1;
    blockstore_begin(store);
    for (uint32_t at = progress->fresh_first; at < progress->fresh_end; at++) {
        struct shred_set set = shred_set_at(&block->plan, at);
        uint32_t all = (uint32_t)((UINT64_C(1) << set.data_count) - 1);
        uint32_t present = progress->sets[at].whole && !holes ? all : progress->sets[at].data;
        if (present == 0)
            continue;
        run.index = set.first_data;
        run.last = set.last && present >> (set.data_count - 1) != 0;
        if (!begun)
            run.reference_tick = shred_ticks_get(&store->shared->ticks, run.slot, run.index);
        blockstore_insert_run(store, &run, present, turbine_now_ms(context));
    }
    blockstore_set_content(store, progress->slot, progress->content);
    blockstore_commit(store);
}

void turbine_flush(struct turbine_member *member, const struct context *context)
{
    struct slot_progress *progress = slot_window_unfresh(&member->window);
    for (; progress; progress = slot_window_unfresh(&member->window))
        store_slot(member, context, progress);
}

void turbine_has_slot(struct turbine_member *member, struct context *context, uint64_t slot)
{
    if (slot > member->highest)
        member->highest = slot;
    repair_service_completed(member, context, slot);
    slot_gossip_completed(member, context, slot);
}

/* The last set of a slot is there. The chain comes last: it may vote, and move the root. */
void turbine_complete(struct turbine_member *member, struct context *context,
                      const struct slot_progress *progress)
{
    const struct turbine_block *block = turbine_block_of(member->chain, progress->content);
    const struct chain_seam *seam = &member->chain->turbine->stack->chain;
    /* SOL-10: shreds of an epoch whose leaders are not known were refused. */
    SIM_ASSERT(progress->slot / member->chain->epoch_slots <
               seam->epochs_known(seam->self, member->chain->chain, member->member));
    turbine_flush(member, context);
    const struct slot_meta *meta = blockstore_meta(&member->store, progress->slot);
    bool holes = member->chain->turbine->config.break_rule == SPREAD_BREAK_HOLES;
    if (!meta || (!blockstore_full(meta) && !holes))
        return;
    turbine_trace(member, context, TURBINE_TRACE_COMPLETED, block->header.id,
                  (int64_t)(context->now_ns - block->header.time_ns));
    if (progress->recovered > 0)
        turbine_trace(member, context, TURBINE_TRACE_RECOVERED, block->header.id,
                      progress->recovered);
    turbine_has_slot(member, context, progress->slot);
    if ((progress->content & 1) == 0) /* the other version is nobody's block */
        seam->complete(seam->self, context, member->chain->chain, member->member, block->header.id);
}
