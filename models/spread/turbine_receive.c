/* A member's side: what it takes in, when a set gives back what it misses, what it passes on, and
 * when it has a slot whole. */

#include "models/leader_schedule.h"
#include "models/spread/erasure_bytes.h"
#include "models/spread/repair_service.h"
#include "models/spread/slot_gossip.h"
#include "models/spread/turbine_parts.h"
#include "sim/world.h"

/* Why a member takes no shred of a block in; TURBINE_METRICS: it does (SOL-10, SOL-15, SOL-R8.9).
 */
static enum turbine_metric refusal(const struct turbine_member *member,
                                   const struct block_header *header)
{
    const struct turbine_chain *chain = member->chain;
    const struct chain_seam *seam = &chain->turbine->stack->chain;
    uint64_t epochs = seam->epochs_known(seam->self, chain->chain, member->member);
    if (header->slot / chain->epoch_slots >= epochs)
        return TURBINE_REFUSED_EPOCH;
    if (!leader_schedule_accepts(header->slot, member->highest, epochs, chain->epoch_slots))
        return TURBINE_REFUSED_AHEAD;
    if (header->slot < member->store.root)
        return TURBINE_REFUSED_ROOT;
    if (seam->leader(seam->self, chain->chain, header->slot) != header->leader)
        return TURBINE_REFUSED_LEADER;
    if (!blockstore_accepts_parent(header->slot, header->parent_slot, member->store.root))
        return TURBINE_REFUSED_PARENT;
    return TURBINE_METRICS;
}

/* One row for many shreds of a slot; none for what is merely late. */
static void refuse(struct turbine_member *member, struct context *context,
                   const struct turbine_block *block, enum turbine_metric reason)
{
    turbine_count(member, context, reason, 1);
    if (reason == TURBINE_REFUSED_ROOT || member->refused_slot == block->header.slot)
        return;
    member->refused_slot = block->header.slot;
    turbine_trace(member, context, TURBINE_TRACE_REFUSED, block->header.id, (int64_t)reason);
}

/* The record of a slot whose first shred came: what is in the store already counts as seen. */
static struct slot_progress *open_slot(struct turbine_member *member,
                                       const struct turbine_block *block, uint64_t content)
{
    const struct slot_meta *meta = blockstore_meta(&member->store, block->header.slot);
    struct slot_progress *progress;
    uint64_t held = meta && meta->content != 0 ? meta->content : content;
    progress = slot_window_open(&member->window, block->header.slot, held, block->plan.set_count);
    for (uint32_t set = 0; meta && set < progress->set_count; set++) {
        struct set_progress *at = &progress->sets[set];
        at->data = shred_bits_word(&meta->data, set * SHRED_SET_DATA);
        at->whole =
            (uint32_t)__builtin_popcount(at->data) == shred_set_at(&block->plan, set).data_count;
        progress->sets_whole += at->whole;
    }
    progress->dead = meta && meta->dead;
    return progress;
}

/* Passes a shred on after the time that a node needs for it. */
static void pass_on_later(struct turbine_member *member, struct context *context,
                          enum shred_type type, uint64_t name)
{
    int64_t processing_ns = member->chain->turbine->config.processing_ns;
    if (processing_ns == 0) {
        turbine_pass_on(member, context, type, name);
        return;
    }
    uint8_t kind = type == SHRED_DATA ? TURBINE_TIMER_DATA : TURBINE_TIMER_CODE;
    context_timer(context, member->node, LAYER_SPREAD, kind, member->chain->chain,
                  context->now_ns + context_work_ns(context, (uint64_t)processing_ns), name);
}

/* Passes a shred on that came by another way than its tree, if that is this member's duty. */
static void pass_on_own(struct turbine_member *member, struct context *context,
                        const struct turbine_block *block, enum shred_type type, uint32_t index,
                        uint32_t version)
{
    struct turbine_trees *trees = &member->chain->trees;
    uint32_t number = shred_set_number(&block->plan, index), at = index - number * SHRED_SET_DATA;
    struct turbine_set set = turbine_set_of(member->chain, block, number);
    struct turbine_duties duties = turbine_trees_duties(trees, &set, member->rank);
    if (!(type == SHRED_DATA ? duties.data >> at & 1 : duties.code >> at & 1))
        return;
    uint32_t place = turbine_trees_place(trees, &set, type, at, member->rank);
    pass_on_later(member, context, type, turbine_name(block, index, version, place));
}

/* A set has as many shreds as it needs: those that are missing come out of the others, and are
 * passed on like shreds that came (SOL-R2.13, SOL-R8.8). */
static void recover(struct turbine_member *member, struct context *context,
                    struct slot_progress *progress, uint32_t number)
{
    struct turbine *turbine = member->chain->turbine;
    const struct turbine_block *block = turbine_block_of(member->chain, progress->content);
    struct shred_set set = shred_set_at(&block->plan, number);
    struct set_progress *at = &progress->sets[number];
    uint32_t data = (uint32_t)((UINT64_C(1) << set.data_count) - 1) & ~at->data;
    uint64_t code = ((UINT64_C(1) << (set.code_count & 63)) - 1) & ~at->code;
    at->whole = true;
    progress->sets_whole++;
    if (data == 0)
        return;
    progress->recovered += (uint32_t)__builtin_popcount(data);
    turbine_count(member, context, TURBINE_SHREDS_RECOVERED, __builtin_popcount(data));
    if (turbine->config.erasure == SPREAD_BYTES)
        SIM_ASSERT(erasure_bytes_recover(turbine->memory, progress->content, &set, at->data,
                                         at->code) == set.data_count);
    if (!turbine->config.pass_recovered)
        return; /* they count as seen, and so as passed on, when they come */
    if (turbine->config.break_rule != SPREAD_BREAK_HOLES)
        at->data |= data;
    at->code |= code;
    struct turbine_set own = turbine_set_of(member->chain, block, number);
    struct turbine_duties duties = turbine_trees_duties(&member->chain->trees, &own, member->rank);
    for (data &= duties.data; data != 0; data &= data - 1)
        pass_on_own(member, context, block, SHRED_DATA,
                    set.first_data + (uint32_t)__builtin_ctz(data), progress->content & 1);
    for (code &= duties.code; code != 0; code &= code - 1)
        pass_on_own(member, context, block, SHRED_CODE,
                    set.first_code + (uint32_t)__builtin_ctzll(code), progress->content & 1);
}

/* Two contents of one slot came: the leader made two blocks of it. */
static void mark_dead(struct turbine_member *member, struct context *context,
                      struct slot_progress *progress)
{
    if (progress->dead)
        return;
    progress->dead = true;
    turbine_flush(member, context);
    blockstore_kill(&member->store, progress->slot);
    turbine_count(member, context, TURBINE_SLOTS_DEAD, 1);
    turbine_trace(member, context, TURBINE_TRACE_DEAD_SLOT, progress->slot, 0);
}

/* A shred of another content than what is held of its slot. It is not stored, but another version
 * of a shred is passed on, so that everybody learns of it (SOL-R8.7). */
static enum turbine_taken take_other(struct turbine_member *member, struct context *context,
                                     struct slot_progress *progress,
                                     const struct turbine_block *block,
                                     const struct shred_packet *packet, enum shred_source source)
{
    enum shred_type type = (enum shred_type)packet->type;
    uint32_t set = shred_set_number(&block->plan, packet->index);
    uint64_t content = turbine_content(block, packet->version);
    turbine_count(member, context, TURBINE_SHREDS_CONFLICTING, 1);
    mark_dead(member, context, progress);
    if (source == SHRED_BY_TURBINE && set < progress->set_count &&
        slot_window_see(&member->window, progress, content, type, set,
                        packet->index - set * SHRED_SET_DATA))
        pass_on_own(member, context, block, type, packet->index, packet->version);
    return TURBINE_REFUSED;
}

/* Data of a set is there: repair wants to know of each set's first ones, and of more where it
 * watches a slot. */
static void notice(struct turbine_member *member, struct context *context,
                   struct slot_progress *progress, uint32_t set)
{
    bool first = progress->sets_noticed == 0, watched = progress->watched;
    if (set < progress->sets_noticed && !watched)
        return;
    if (set >= progress->sets_noticed)
        progress->sets_noticed = (uint16_t)(set + 1);
    turbine_flush(member, context);
    repair_service_stored(member, context, progress->slot, first, watched);
}

static enum turbine_taken take(const struct turbine_chain *chain, struct turbine_member *member,
                               struct context *context, const struct turbine_block *block,
                               const struct shred_packet *packet, enum shred_source source,
                               uint32_t place)
{
    enum shred_type type = (enum shred_type)packet->type;
    uint64_t content = turbine_content(block, packet->version);
    struct slot_progress *progress = slot_window_find(&member->window, packet->slot);
    bool opened = !progress;
    if (opened || packet->slot < member->root) {
        enum turbine_metric reason = refusal(member, &block->header);
        if (reason != TURBINE_METRICS) {
            refuse(member, context, block, reason);
            return TURBINE_REFUSED;
        }
        progress = open_slot(member, block, content);
    }
    if (progress->content != content)
        return take_other(member, context, progress, block, packet, source);
    uint32_t number = shred_set_number(&block->plan, packet->index);
    uint32_t at = packet->index - number * SHRED_SET_DATA;
    struct set_progress *set = &progress->sets[number];
    if (source == SHRED_BY_TURBINE)
        set->by_tree++;
    bool first = !set_progress_test(set, type, at) &&
                 (!progress->others ||
                  slot_window_see(&member->window, progress, content, type, number, at));
    if (source == SHRED_BY_TURBINE && place < chain->trees.parent_places && first)
        pass_on_later(member, context, type,
                      turbine_name(block, packet->index, packet->version, place));
    if (!first)
        return TURBINE_DUPLICATE;
    set_progress_mark(set, type, at);
    if (set->whole && type == SHRED_DATA && chain->turbine->config.break_rule != SPREAD_BREAK_HOLES)
        return TURBINE_GIVEN_BACK;
    if (progress->dead) {
        turbine_count(member, context, TURBINE_REFUSED_DEAD, 1);
        return TURBINE_REFUSED;
    }
    bool data = type == SHRED_DATA;
    if (data)
        slot_window_freshen(&member->window, progress, number);
    uint32_t needed = number + 1 < block->plan.set_count ? SHRED_SET_DATA : block->plan.tail_data;
    if (!set->whole && set_progress_enough(set, needed)) {
        recover(member, context, progress, number);
        slot_window_freshen(&member->window, progress, number);
        notice(member, context, progress, number);
        data = false;
        if (progress->sets_whole == progress->set_count) {
            turbine_complete(member, context, progress);
            return TURBINE_STORED;
        }
    }
    if (data)
        notice(member, context, progress, number);
    return TURBINE_STORED;
}

enum turbine_taken turbine_take(struct turbine_member *member, struct context *context,
                                const struct shred_packet *packet, enum shred_source source)
{
    const struct turbine_block *block = turbine_block(member->chain, (uint32_t)packet->block);
    if (!block || packet->index >= (packet->type == SHRED_DATA ? block->plan.data_count
                                                               : block->plan.code_count)) {
        turbine_count(member, context, TURBINE_REFUSED_ROOT, 1);
        return TURBINE_REFUSED;
    }
    return take(member->chain, member, context, block, packet, source, TURBINE_NONE);
}

void turbine_arrived(const struct turbine_place *place, struct context *context,
                     enum shred_type type, uint64_t name)
{
    struct turbine_member *member = place->member;
    const struct turbine_block *block = turbine_block(place->chain, (uint32_t)(name >> 32));
    turbine_count(member, context, TURBINE_SHREDS_RECEIVED, 1);
    if (!block) { /* it is below everybody's root */
        turbine_count(member, context, TURBINE_REFUSED_ROOT, 1);
        return;
    }
    struct shred_packet packet = {.slot = block->header.slot,
                                  .index = (uint32_t)(name >> 16) & (SHRED_INDEX_MAX - 1),
                                  .type = (uint8_t)type,
                                  .version = name >> 31 & 1};
    enum turbine_taken taken =
        take(place->chain, member, context, block, &packet, SHRED_BY_TURBINE, name & UINT16_MAX);
    if (taken == TURBINE_DUPLICATE || taken == TURBINE_GIVEN_BACK)
        turbine_count(member, context, TURBINE_SHREDS_DUPLICATE, 1);
}

void turbine_forward(struct turbine_member *member, struct context *context,
                     const struct shred_packet *packet)
{
    const struct turbine_block *block = turbine_block(member->chain, (uint32_t)packet->block);
    if (block && block->header.leader != member->member)
        pass_on_own(member, context, block, (enum shred_type)packet->type, packet->index,
                    packet->version);
}

bool turbine_passes_on(const struct turbine_member *member, uint64_t slot, uint32_t index)
{
    struct turbine_chain *chain = member->chain;
    const struct slot_meta *meta = blockstore_meta(&member->store, slot);
    const struct turbine_block *block =
        meta && meta->content != 0 ? turbine_block_of(chain, meta->content) : NULL;
    if (!block || block->header.leader == member->member || index >= block->plan.data_count)
        return false;
    struct turbine_set set = turbine_set_of(chain, block, index / SHRED_SET_DATA);
    struct turbine_duties duties = turbine_trees_duties(&chain->trees, &set, member->rank);
    return duties.data >> index % SHRED_SET_DATA & 1;
}
