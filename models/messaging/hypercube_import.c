/* fill(): what a block takes in. In this order (TON-R26): notes of neighbours about the own queue,
 * deferred messages, imports from all queues in view, proofs, then messages of the block's own
 * transactions. */

#include <string.h>

#include "models/messaging/hypercube_proofs.h"

void cube_mirror_ready(struct hypercube *cube, struct cube_chain *chain, uint32_t slot)
{
    struct mirror *mirror = pool_at(&cube->mirrors, slot);
    const struct parcel *parcel = &mirror->parcel;
    mirror->state = MIRROR_READY;
    if (parcel->block_end_lt > chain->seen_lt)
        chain->seen_lt = parcel->block_end_lt;
    struct import_item item = {import_key_deployed(parcel->lt, parcel->hash), slot};
    if (cube->config.order == DELIVERY_ORDER_PAPER) {
        const struct link *link = pool_at(&cube->links, mirror->link);
        item.key = import_key_paper(parcel->master_seqno, parcel->block_ns, link->neighbour,
                                    parcel->place);
    }
    cube_heap_room(cube, &chain->heap);
    import_heap_push(&chain->heap, &item);
}

void cube_mirror_free(struct hypercube *cube, struct cube_chain *chain, uint32_t slot)
{
    const struct mirror *mirror = pool_at(&cube->mirrors, slot);
    uint64_t known, id = mirror->parcel.envelope.id;
    if (map_get(&chain->mirrors, id, &known) && known == slot)
        map_remove(&chain->mirrors, id);
    ((struct mirror *)pool_at(&cube->mirrors, slot))->link = 0; /* says that the slot is free */
    pool_give(&cube->mirrors, slot);
}

struct link_view {
    const struct hypercube *cube;
    const struct cube_chain *chain;
    const struct link *link;
};

uint64_t cube_history_end_lt(const struct hypercube *cube, const struct link *link, uint64_t shard,
                             uint64_t number)
{
    for (uint32_t slot = link->history_first; slot != 0;) {
        const struct history *history = pool_at(&cube->histories, slot);
        if (history->number <= number && history->shard == shard)
            return history->end_lt;
        slot = history->next;
    }
    return 0;
}

static uint64_t view_end_lt(const void *self, struct address current, uint64_t number,
                            uint32_t record)
{
    const struct link_view *view = self;
    (void)current; /* one neighbour holds it: the link's */
    return cube_history_end_lt(view->cube, view->link, view->chain->upto.records[record].shard,
                               number);
}

bool cube_already(struct hypercube *cube, struct cube_chain *chain, const struct link *link,
                  const struct parcel *parcel)
{
    if (cube->config.break_rule == CUBE_BREAK_DELIVER_TWICE &&
        cube_find(cube, parcel->envelope.to) == chain->chain)
        return false;
    if (cube->config.dedup == CUBE_SET)
        return cube_remembers(cube, chain, parcel);
    const struct envelope *envelope = &parcel->envelope;
    struct processed_query query = {
        route_interpolate(envelope->from, envelope->to, parcel->current_bits),
        route_interpolate(envelope->from, envelope->to, parcel->next_bits), parcel->lt,
        parcel->enqueued_lt, parcel->hash};
    struct link_view view = {cube, chain, link};
    return processed_already(&chain->upto, &query, view_end_lt, &view);
}

static void forget(struct hypercube *cube, struct block *block, struct act *act,
                   struct dedup_node *node, uint32_t slot)
{
    act->node = slot;
    if (cube->config.path == CUBE_SLOW)
        block_set(cube->stack, block, &node->state, 0);
}

/* A neighbour's queue no longer has a message (TON-49). Only a stopped one may be gone before we
 * imported it: then ours was the last copy. */
static void take_removed(struct hypercube *cube, struct block *block, struct cube_part *part,
                         struct cube_chain *chain, const struct input *input, uint32_t input_slot)
{
    uint64_t mirror_slot;
    uint32_t node_slot = 0;
    struct dedup_node *node = cube_node_find(cube, chain, input->id, &node_slot);
    if (node != NULL && node->state == 0)
        node = NULL; /* this very block forgets it: two queues had it before a merge */
    struct act *act;
    bool last = input->stopped && map_get(&chain->mirrors, input->id, &mirror_slot);
    if (last) {
        struct mirror *mirror = pool_at(&cube->mirrors, (uint32_t)mirror_slot);
        act = cube_act(cube, part, ACT_LAST_COPY);
        act->mirror = (uint32_t)mirror_slot;
        act->previous_state = mirror->state;
        mirror->state = MIRROR_GONE;
        mirror->in_act = true;
    } else if (input->stopped && node == NULL) {
        act = cube_act(cube, part, ACT_LAST_COPY);
    } else {
        act = cube_act(cube, part, node != NULL ? ACT_FORGET : ACT_INPUT);
    }
    act->id = input->id;
    act->input = input_slot;
    /* What we had imported before it was stopped has paid its way already. */
    if (last || (input->stopped && input->never_came))
        act->fee =
            cube_fee_discard(cube, block, cube_find(cube, input->to), input->fee, &act->passed);
    act->instant = instant_table_named(&chain->instant, input->id);
    if (node != NULL)
        forget(cube, block, act, node, node_slot);
}

/* TON-41: what a stopped copy had left is ours, once, however often the notice comes. */
static void claim(struct hypercube *cube, struct block *block, struct act *act, uint64_t fee)
{
    enum { DELIVERED = 1, PAID = 2 };
    struct instant_node *instant = pool_at(&cube->instants, act->instant);
    if (instant->state != DELIVERED)
        return;
    block_set(cube->stack, block, &instant->state, PAID);
    act->fee = cube_fee_claim(cube, block, fee);
}

static void take_input(struct hypercube *cube, struct block *block, struct cube_part *part,
                       struct cube_chain *chain, uint32_t slot)
{
    const struct input *input = pool_at(&cube->inputs, slot);
    uint64_t entry_slot;
    uint32_t node_slot;
    struct entry *entry = NULL;
    struct dedup_node *node;
    struct act *act;
    if (map_get(&chain->entries, input->id, &entry_slot))
        entry = pool_at(&cube->entries, (uint32_t)entry_slot);
    if (entry != NULL && entry->state != ENTRY_QUEUED)
        entry = NULL;
    switch ((enum input_kind)input->kind) {
    case INPUT_PROCESSED:
    case INPUT_CONFIRM:
        if (entry != NULL) {
            bool confirm = input->kind == INPUT_CONFIRM;
            act = cube_act(cube, part, confirm ? ACT_STOP : ACT_DEQUEUE);
            act->entry = (uint32_t)entry_slot;
            block_set(cube->stack, block, &entry->state, ENTRY_GONE);
            block->queue_length -= entry->link != 0;
        } else if (input->kind == INPUT_CONFIRM && cube->config.path == CUBE_BOTH &&
                   !map_get(&chain->confirmed, input->id, &entry_slot)) {
            act = cube_act(cube, part, ACT_CONFIRM);
            map_put(&chain->confirmed, input->id, 1);
        } else {
            act = cube_act(cube, part, ACT_INPUT);
        }
        act->id = input->id;
        act->input = slot;
        return;
    case INPUT_REMOVED:
        take_removed(cube, block, part, chain, input, slot);
        return;
    case INPUT_STOPPED:
        act = cube_act(cube, part, ACT_FORGET);
        act->input = slot;
        act->id = input->id;
        act->instant = instant_table_named(&chain->instant, input->id);
        if (act->instant != 0 && input->fee > 0)
            claim(cube, block, act, input->fee);
        node = cube_node_find(cube, chain, input->id, &node_slot);
        if (node != NULL)
            forget(cube, block, act, node, node_slot);
        return;
    case INPUT_CLEAN: /* TON-R31: the sibling had processed it when the two were united */
        entry = pool_at(&cube->entries, input->entry);
        SIM_ASSERT(entry->cleaned && entry->state == ENTRY_QUEUED);
        act = cube_act(cube, part, ACT_DEQUEUE);
        act->entry = input->entry;
        act->id = input->id;
        act->input = slot;
        block_set(cube->stack, block, &entry->state, ENTRY_GONE);
        block->queue_length--;
        return;
    case INPUT_PROOF:
        break;
    }
    SIM_ASSERT(false); /* proofs have a list of their own */
}

struct input *cube_input_pop(struct hypercube *cube, struct list *list, uint32_t *ret_slot)
{
    uint32_t slot = list->first;
    struct input *input = pool_at(&cube->inputs, slot);
    list->first = input->next;
    if (list->first == 0)
        list->last = 0;
    input->next = 0;
    *ret_slot = slot;
    return input;
}

static uint32_t fill_inputs(struct hypercube *cube, struct block *block, struct cube_part *part,
                            struct cube_chain *chain)
{
    uint32_t added = 0;
    while (chain->inputs.first != 0 && !part->full) {
        if (!cube_charge(cube, block, NOTE_BYTES, GAS_NOTE)) {
            part->full = true;
            break;
        }
        uint32_t slot;
        cube_input_pop(cube, &chain->inputs, &slot);
        take_input(cube, block, part, chain, slot);
        added++;
    }
    return added;
}

static bool is_masterchain(const struct hypercube *cube, const struct block *block)
{
    return cube_prefix(cube, block->chain).workchain == ROUTE_MASTERCHAIN;
}

/* A rule broken on purpose: the masterchain takes what passes it for its own. */
static bool keeps_all(const struct hypercube *cube, const struct block *block)
{
    return cube->config.break_rule == CUBE_BREAK_MASTER && is_masterchain(cube, block);
}

/* Hands a copy to the recipient's layer, with what is left of the value; returns what the block
 * earned. One delivery is one transaction of the recipient (TON-22). */
uint64_t cube_upcall(struct hypercube *cube, struct context *context, struct block *block,
                     struct cube_part *part, struct parcel parcel, enum message_path path)
{
    struct envelope envelope = parcel.envelope;
    const struct block_app *app = &cube->stack->app[envelope.layer];
    SIM_ASSERT(app->deliver != NULL);
    /* TON-56: what is for a workchain is not delivered to the masterchain. */
    SIM_ASSERT(!is_masterchain(cube, block) || envelope.to.workchain == ROUTE_MASTERCHAIN ||
               keeps_all(cube, block));
    uint64_t earned = cube_fee_final(cube, block, &parcel, path, &envelope);
    cube_time_deliver(cube, block, part, &parcel);
    app->deliver(app->self, context, block, &envelope);
    cube_time_delivered(part);
    return earned;
}

/* TON-R22, TON-R28: what a block processes rises in (lt, hash), imports and messages of its own
 * alike, so of two transactions of an account the one with the earlier message is the earlier. */
static void note_last(const struct hypercube *cube, struct cube_part *part,
                      const struct parcel *parcel)
{
    struct import_key key = import_key_deployed(parcel->lt, parcel->hash);
    bool rises = !part->imported || import_key_compare(&key, &part->last_key) > 0;
    SIM_ASSERT(rises || cube->config.order == DELIVERY_ORDER_PAPER ||
               cube->config.break_rule != CUBE_BREAK_NONE);
    if (rises)
        part->last_key = key;
    part->imported = true;
}

/* TON-53: a transaction of its own, before the one that takes the message out of its queue. */
static uint64_t charge_storage(struct hypercube *cube, struct block *block, struct cube_part *part,
                               struct parcel *parcel)
{
    uint64_t taken = cube_fee_storage(cube, block, parcel);
    if (taken == 0)
        return 0;
    cube_charge_emitted(cube, block, NOTE_BYTES); /* it belongs to an import that had room */
    struct act *act = cube_act(cube, part, ACT_STORAGE);
    act->id = parcel->envelope.id;
    act->fee = taken;
    return taken;
}

/* TON-50 */
static void forward(struct hypercube *cube, struct block *block, const struct cube_part *part,
                    struct act *act, struct parcel *parcel)
{
    parcel->enqueued_lt = part->start_lt;
    act->fee = cube_fee_transit(cube, block, parcel);
    struct route route = route_onward((enum routing)cube->config.routing, cube_digit_bits(cube),
                                      parcel->envelope.from, parcel->envelope.to,
                                      cube_prefix(cube, block->chain), parcel->next_bits);
    /* Hop by hop the address is the recipient's in more bits, from where the last hop ended. */
    SIM_ASSERT(route.current_bits >= parcel->next_bits || route.next_bits == ROUTE_BITS);
    SIM_ASSERT(route.next_bits > parcel->next_bits);
    act->entry = cube_entry_make(cube, block, parcel, route);
    block->queue_length++;
}

/* An entry of the own queue is deleted in the same block (TON-R25). One that is not for this shard
 * was for the sibling that it was united with, and goes on from here (TON-R58, TON-R20). */
static struct act *import_own(struct hypercube *cube, struct block *block, struct cube_part *part,
                              uint32_t entry_slot, struct parcel *parcel, bool here)
{
    struct entry *entry = pool_at(&cube->entries, entry_slot);
    SIM_ASSERT(here || entry->turned);
    SIM_ASSERT(entry->state == ENTRY_QUEUED);
    block_set(cube->stack, block, &entry->state, ENTRY_GONE);
    block->queue_length--;
    uint64_t storage = charge_storage(cube, block, part, parcel);
    struct act *act = cube_act(cube, part, here ? ACT_OWN : ACT_FORWARD);
    act->storage = storage;
    act->left = entry_slot;
    if (!here)
        forward(cube, block, part, act, parcel);
    return act;
}

static struct act *import_foreign(struct hypercube *cube, struct block *block,
                                  struct cube_part *part, struct cube_chain *chain,
                                  const struct link *link, struct parcel *parcel, bool here)
{
    const struct envelope *envelope = &parcel->envelope;
    uint64_t known;
    bool confirmed = map_get(&chain->confirmed, envelope->id, &known);
    bool discard = cube_already(cube, chain, link, parcel) || (!here && confirmed);
    uint64_t storage = discard ? 0 : charge_storage(cube, block, part, parcel);
    struct act *act = cube_act(cube, part, discard ? ACT_DISCARD : here ? ACT_SLOW : ACT_FORWARD);
    act->storage = storage;
    act->node = cube_remember(cube, block, chain, parcel);
    if (discard)
        act->fee = cube_fee_discard(cube, block,
                                    confirmed ? cube_find(cube, envelope->to)
                                              : block->chain, /* nobody hears of it */
                                    envelope->forward_fee, &act->passed);
    else if (!here)
        forward(cube, block, part, act, parcel);
    return act;
}

static void import_one(struct hypercube *cube, struct context *context, struct block *block,
                       struct cube_part *part, struct cube_chain *chain, uint32_t slot)
{
    struct mirror *mirror = pool_at(&cube->mirrors, slot);
    const struct link *link = pool_at(&cube->links, mirror->link);
    struct parcel parcel = mirror->parcel;
    bool here = cube_find(cube, parcel.envelope.to) == block->chain || keeps_all(cube, block);
    SIM_ASSERT(parcel.enqueued_lt >= parcel.lt); /* TON-R18 */
    SIM_ASSERT(parcel.lt < part->start_lt);      /* TON-R13: a block is later than what it sees */
    mirror->state = MIRROR_TAKEN;
    note_last(cube, part, &parcel);
    struct act *act = mirror->entry != 0
                          ? import_own(cube, block, part, mirror->entry, &parcel, here)
                          : import_foreign(cube, block, part, chain, link, &parcel, here);
    act->mirror = slot;
    act->id = parcel.envelope.id;
    if (act->kind == ACT_OWN || act->kind == ACT_SLOW)
        act->fee = cube_upcall(cube, context, block, part, parcel, PATH_SLOW);
}

/* The entry that is next in order; the switch that breaks the order takes the second one. */
static struct import_item next_item(struct hypercube *cube, struct cube_chain *chain)
{
    struct import_item first = import_heap_pop(&chain->heap);
    if (cube->config.break_rule != CUBE_BREAK_REORDER || chain->heap.count == 0)
        return first;
    struct import_item second = import_heap_pop(&chain->heap);
    import_heap_push(&chain->heap, &first);
    return second;
}

/* TON-R23: a neighbour's queue comes as a proof of limited size, and the first message beyond it
 * ends the import from all queues. The own queue is at hand. SIMPLIFICATION: what counts are
 * messages and their bytes, not the proof's, and the limit does not grow with the number of
 * neighbours. */
static bool beyond_quota(const struct hypercube *cube, const struct block *block, struct link *link)
{
    uint64_t messages_max = (uint64_t)cube->config.quota_messages;
    uint64_t bytes_max = (uint64_t)cube->config.quota_bytes;
    if (link->neighbour == block->chain)
        return false;
    if (link->quota_block != block->id) {
        link->quota_block = block->id;
        link->quota_bytes = link->quota_messages = 0;
    }
    return (messages_max > 0 && link->quota_messages >= messages_max) ||
           (bytes_max > 0 && link->quota_bytes >= bytes_max);
}

/* What comes next is fetched while this one is imported: heaps jump about in memory. */
static void fetch_next(const struct hypercube *cube, const struct cube_chain *chain)
{
    if (chain->heap.count == 0)
        return;
    const unsigned char *mirror = pool_at(&cube->mirrors, chain->heap.items[0].slot);
    for (size_t at = 0; at < sizeof(struct mirror); at += 64)
        __builtin_prefetch(mirror + at);
}

/* TON-26, 27, 45, 46: in order, while there is room; the rest stays where it is. */
static uint32_t fill_imports(struct hypercube *cube, struct context *context, struct block *block,
                             struct cube_part *part, struct cube_chain *chain)
{
    uint32_t added = 0;
    while (chain->heap.count > 0 && !part->full && !part->quota_reached) {
        uint32_t slot = chain->heap.items[0].slot;
        const struct mirror *mirror = pool_at(&cube->mirrors, slot);
        if (mirror->state == MIRROR_GONE) {
            /* Stopped. A gone mirror of this very block is freed by final(). */
            import_heap_pop(&chain->heap);
            struct act *act = cube_act(cube, part, ACT_UNMIRROR);
            act->mirror = slot;
            continue;
        }
        const struct envelope *envelope = &mirror->parcel.envelope;
        bool forwards = cube_find(cube, envelope->to) != block->chain;
        struct link *link = pool_at(&cube->links, mirror->link);
        if (beyond_quota(cube, block, link)) {
            part->quota_reached = true;
            break;
        }
        if (!cube_charge(cube, block, envelope->bytes + NOTE_BYTES,
                         cube_fee_gas(cube, envelope, forwards))) {
            part->full = true;
            break;
        }
        link->quota_messages++;
        link->quota_bytes += envelope->bytes;
        struct import_item item = next_item(cube, chain);
        fetch_next(cube, chain);
        import_one(cube, context, block, part, chain, item.slot);
        added++;
    }
    return added;
}

/* TON-57..59, TON-R27: in the block that made them, unless something older waits for this shard.
 * The delivering act refers to the entry that the emitting one made: the body is not copied. */
static uint32_t fill_local(struct hypercube *cube, struct context *context, struct block *block,
                           struct cube_part *part, struct cube_chain *chain)
{
    uint32_t added = 0;
    /* What these emit is for the next round. */
    for (uint32_t left = cube->locals.count; left > 0; left--) {
        if (chain->heap.count > 0 || part->full)
            part->enqueue_only = true;
        if (!part->enqueue_only && !cube_charge(cube, block, NOTE_BYTES, GAS_IMPORT))
            part->enqueue_only = part->full = true;
        uint32_t slot = import_heap_pop(&cube->locals).slot;
        if (part->enqueue_only)
            continue; /* it joins the own queue when the block is final */
        struct entry *entry = pool_at(&cube->entries, slot);
        block_set(cube->stack, block, &entry->state, ENTRY_GONE);
        block->queue_length--;
        struct act *act = cube_act(cube, part, ACT_LOCAL);
        act->entry = slot;
        act->id = entry->parcel.envelope.id;
        note_last(cube, part, &entry->parcel);
        act->fee = cube_upcall(cube, context, block, part, entry->parcel, PATH_LOCAL);
        added++;
    }
    return added;
}

/* Watermarks: what each neighbour's queue shows as this block is made. */
static void note_history(struct hypercube *cube, const struct block *block,
                         struct cube_chain *chain)
{
    uint64_t number = block->id & UINT32_MAX;
    for (uint32_t slot = chain->links.first; slot != 0;) {
        struct link *link = pool_at(&cube->links, slot);
        slot = link->next_of_chain;
        if (link->end_lt == cube_history_end_lt(cube, link, chain->upto.owner.prefix, number))
            continue;
        uint32_t history_slot = pool_take(&cube->histories);
        struct history *history = pool_at(&cube->histories, history_slot);
        *history = (struct history){.number = number,
                                    .end_lt = link->end_lt,
                                    .shard = chain->upto.owner.prefix,
                                    .next = link->history_first};
        link->history_first = history_slot;
    }
}

static bool is_newer_kept(const struct hypercube *cube, const struct link *link, uint32_t slot,
                          uint64_t oldest)
{
    const struct history *history = pool_at(&cube->histories, slot);
    for (uint32_t newer = link->history_first; newer != slot;) {
        const struct history *other = pool_at(&cube->histories, newer);
        if (other->number <= oldest && other->shard == history->shard)
            return true;
        newer = other->next;
    }
    return false;
}

/* Of each shard's histories the newest at or before `oldest` is still asked for, and newer ones. */
static void prune_link(struct hypercube *cube, struct link *link, uint64_t oldest)
{
    for (uint32_t *place = &link->history_first; *place != 0;) {
        uint32_t slot = *place;
        struct history *history = pool_at(&cube->histories, slot);
        if (history->number > oldest || !is_newer_kept(cube, link, slot, oldest)) {
            place = &history->next;
            continue;
        }
        *place = history->next;
        pool_give(&cube->histories, slot);
    }
}

void cube_history_prune(struct hypercube *cube, struct cube_chain *chain)
{
    uint64_t oldest = UINT64_MAX;
    for (uint32_t i = 0; i < chain->upto.count; i++)
        if (chain->upto.records[i].seqno < oldest)
            oldest = chain->upto.records[i].seqno;
    for (uint32_t slot = chain->links.first; slot != 0;) {
        struct link *link = pool_at(&cube->links, slot);
        slot = link->next_of_chain;
        prune_link(cube, link, oldest);
    }
}

/* TON-R37: with so much to send the ledger's inputs wait where they are. SIMPLIFICATION: inputs
 * have no priorities, so none of them pass. */
static void judge_queue(const struct hypercube *cube, struct block *block)
{
    int64_t limit = cube->config.queue_limit;
    block->queue_full = limit > 0 && block->queue_length > limit;
}

/* TON-R22, TON-R24: what was imported is a prefix of the stream; nothing in view lies below it. */
static void check_prefix(const struct hypercube *cube, const struct cube_chain *chain,
                         const struct cube_part *part)
{
    if (!part->imported || chain->heap.count == 0 || cube->config.order == DELIVERY_ORDER_PAPER ||
        cube->config.break_rule != CUBE_BREAK_NONE)
        return;
    SIM_ASSERT(import_key_compare(&chain->heap.items[0].key, &part->last_key) > 0);
}

uint32_t cube_fill(void *self, struct context *context, struct block *block, uint32_t round)
{
    struct hypercube *cube = self;
    struct cube_chain *chain = cube_chain_find(cube, block->chain);
    if (chain == NULL)
        return 0;
    if (round == 0)
        block->queue_length = chain->queue_length;
    bool clean = round == 0 && cube_clean_plan(cube, chain);
    bool proofs = cube_accept_wanted(cube, context, chain);
    bool waiting =
        clean || chain->deferred > 0 || chain->inputs.first != 0 || chain->heap.count > 0 || proofs;
    bool proofs_first = cube->config.instant_order == INSTANT_ORDER_NONE;
    if (!waiting && block->body[LAYER_MESSAGING] == 0) {
        judge_queue(cube, block);
        return 0;
    }
    struct cube_part *part = cube_part_of(cube, block);
    chain->open_number = (uint32_t)block->id;
    if (round == 0 && cube->config.dedup == CUBE_WATERMARK)
        note_history(cube, block, chain);
    uint32_t added = clean ? cube_clean(cube, block, part) : 0;
    added += fill_inputs(cube, block, part, chain);
    if (round == 0)
        added += cube_dispatch(cube, block, part, chain);
    if (proofs_first)
        added += cube_accept_fill(cube, context, block, part, chain);
    added += fill_imports(cube, context, block, part, chain);
    if (!proofs_first)
        added += cube_accept_fill(cube, context, block, part, chain);
    added += fill_local(cube, context, block, part, chain);
    /* TON-27: it waits where it is; what comes after this was not refused. With both paths the copy
     * in a queue is the one that counts. */
    if (part->full && cube->config.path == CUBE_INSTANT)
        part->backlog = chain->heap.count + chain->waiting.count - chain->postponed_count;
    else if (part->full)
        part->backlog = chain->heap.count;
    judge_queue(cube, block);
    part->drained = chain->heap.count == 0;
    check_prefix(cube, chain, part);
    return added;
}
