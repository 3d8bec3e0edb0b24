/* What a block did takes effect when it is final, and is taken back when it is dropped. */

#include <string.h>

#include "models/messaging/hypercube_proofs.h"

static uint32_t visible_links(const struct hypercube *cube, struct address from, struct address to,
                              uint32_t here)
{
    return route_links((enum routing)cube->config.routing, (unsigned)cube->config.digit_bits, from,
                       to, shard_depth(cube_prefix(cube, here).prefix));
}

static void delivered(struct hypercube *cube, struct context *context, const struct block *block,
                      const struct parcel *parcel, enum message_path path, const struct act *act)
{
    const struct envelope *envelope = &parcel->envelope;
    bool across = envelope->from.workchain != envelope->to.workchain;
    unsigned depth = shard_depth(cube_prefix(cube, block->chain).prefix);
    struct delivery delivery = {.envelope = envelope,
                                .lt = parcel->created_lt,
                                .path = path,
                                .queued = path != PATH_INSTANT};
    /* The instant path is one move over the network, whatever lies between. */
    delivery.links = path == PATH_INSTANT ? 1 : parcel->links;
    delivery.links_expected =
        path == PATH_INSTANT ? 1 : visible_links(cube, envelope->from, envelope->to, block->chain);
    delivery.links_max = path == PATH_INSTANT
                             ? 1
                             : route_links_max((enum routing)cube->config.routing,
                                               (unsigned)cube->config.digit_bits, depth, across);
    if (cube->switches > 0 && path != PATH_INSTANT) {
        /* The shards that it passed may be others now: exact is only what no tree exceeds. */
        delivery.links_expected = delivery.links;
        delivery.links_max =
            route_links_max((enum routing)cube->config.routing, (unsigned)cube->config.digit_bits,
                            cube->deepest, across);
    }
    delivery.fee_total = act->storage + cube_fee_count_final(cube, context, parcel, path, act->fee);
    delivery_check_delivered(&cube->check, context, block, &delivery);
    cube_count(cube, context, CUBE_DELIVERED, 1);
    cube_trace_message(cube, context, CUBE_TRACE_DELIVER, block->chain, envelope->id,
                       envelope->bytes, path);
}

static void imported(struct hypercube *cube, struct context *context, const struct block *block,
                     const struct mirror *mirror, bool discarded)
{
    const struct link *link = pool_at(&cube->links, mirror->link);
    const struct parcel *parcel = &mirror->parcel;
    const struct envelope *envelope = &parcel->envelope;
    struct route route = {parcel->current_bits, parcel->next_bits};
    /* What was for the sibling keeps the route that led there (TON-R60). */
    bool turned = mirror->entry != 0 && parcel->next_bits != ROUTE_BITS;
    struct delivery_import import = {.id = envelope->id,
                                     .lt = parcel->lt,
                                     .discarded = discarded,
                                     .hash = parcel->hash,
                                     .source = link->neighbour,
                                     .queued_in = parcel->queued_in,
                                     .master_seqno = parcel->master_seqno,
                                     .enqueued_ns = parcel->block_ns,
                                     .place = parcel->place,
                                     .to_master = envelope->to.workchain == ROUTE_MASTERCHAIN,
                                     .route_valid =
                                         turned || route_valid((enum routing)cube->config.routing,
                                                               (unsigned)cube->config.digit_bits,
                                                               envelope->from, envelope->to, route,
                                                               cube_prefix(cube, link->neighbour),
                                                               cube_prefix(cube, block->chain))};
    delivery_check_imported(&cube->check, context, block, &import);
}

/* The neighbour learns what became of its entry: the mirror joins the list for its answer. */
static void answer_later(struct hypercube *cube, struct cube_chain *chain, uint32_t mirror_slot,
                         struct list *answered)
{
    struct mirror *mirror = pool_at(&cube->mirrors, mirror_slot);
    uint32_t link_slot = mirror->link;
    struct link *link = pool_at(&cube->links, link_slot);
    SIM_ASSERT(link->neighbour != chain->chain);
    map_remove(&chain->mirrors, mirror->parcel.envelope.id);
    mirror->next = 0;
    if (link->done_last != 0)
        ((struct mirror *)pool_at(&cube->mirrors, link->done_last))->next = mirror_slot;
    else
        link->done_first = mirror_slot;
    link->done_last = mirror_slot;
    cube_slow_answer(cube, answered, link_slot);
}

static void free_input(struct hypercube *cube, uint32_t slot)
{
    const struct input *input = pool_at(&cube->inputs, slot);
    if (input->parcel != 0)
        pool_give(&cube->parcels, input->parcel);
    pool_give(&cube->inputs, slot);
}

/* A message that this block made is there, whether it waits or not. */
static void announce(struct hypercube *cube, struct context *context, const struct block *block,
                     struct entry *entry)
{
    struct envelope *envelope = &entry->parcel.envelope;
    envelope->first_committed_ns = block->final_ns;
    uint32_t destination = cube_find(cube, envelope->to);
    cube_count(cube, context, CUBE_SENT, 1);
    cube_fee_count_emit(cube, context, &entry->parcel);
    cube_trace_message(cube, context, CUBE_TRACE_EMIT, block->chain, envelope->id, envelope->bytes,
                       destination);
    delivery_check_committed(&cube->check, context, block->chain, destination, envelope);
}

static void finish_defer(struct hypercube *cube, struct context *context, const struct block *block,
                         struct cube_chain *chain, uint32_t slot)
{
    struct entry *entry = pool_at(&cube->entries, slot);
    announce(cube, context, block, entry);
    cube_count(cube, context, CUBE_DEFERRED, 1);
    cube_trace_message(cube, context, CUBE_TRACE_DEFER, block->chain, entry->parcel.envelope.id, 0,
                       0);
    cube_dispatch_deferred(cube, chain, slot);
}

static void finish_dispatch(struct hypercube *cube, struct context *context,
                            const struct block *block, struct cube_chain *chain,
                            const struct act *act)
{
    const struct entry *entry = pool_at(&cube->entries, act->entry);
    cube_trace_message(cube, context, CUBE_TRACE_DISPATCH, block->chain, act->id, 0, 0);
    cube_dispatch_left(cube, chain, act->deferred);
    if (entry->state != ENTRY_GONE)
        cube_sort_entry(cube, act->entry);
}

static void finish_emit(struct hypercube *cube, struct context *context, const struct block *block,
                        struct cube_chain *chain, uint32_t slot)
{
    struct entry *entry = pool_at(&cube->entries, slot);
    struct envelope *envelope = &entry->parcel.envelope;
    uint32_t destination = cube_find(cube, envelope->to);
    announce(cube, context, block, entry);
    if (entry->state == ENTRY_GONE)
        return; /* delivered in this very block: ACT_LOCAL follows */
    bool queues = cube->config.path != CUBE_INSTANT || !cube_instant_goes(cube, envelope);
    if (destination == block->chain || queues) {
        cube_sort_entry(cube, slot);
        return;
    }
    entry->next = 0; /* TON-38 alone: no queue, only the list of what is not confirmed */
    entry->previous = chain->pending.last;
    if (chain->pending.last != 0)
        ((struct entry *)pool_at(&cube->entries, chain->pending.last))->next = slot;
    else
        chain->pending.first = slot;
    chain->pending.last = slot;
    cube_count(cube, context, CUBE_QUEUED, 1);
    map_put(&chain->entries, envelope->id, slot);
}

struct finishing {
    struct hypercube *cube;
    struct context *context;
    const struct block *block;
    struct cube_chain *chain;
    struct list touched, answered;
};

static void finish_import(struct finishing *all, const struct act *act)
{
    struct hypercube *cube = all->cube;
    const struct mirror *mirror = pool_at(&cube->mirrors, act->mirror);
    const struct envelope *envelope = &mirror->parcel.envelope;
    imported(cube, all->context, all->block, mirror, act->kind == ACT_DISCARD);
    if (act->kind == ACT_OWN || act->kind == ACT_SLOW)
        delivered(cube, all->context, all->block, &mirror->parcel, PATH_SLOW, act);
    if (act->left != 0) /* the new entry of a forwarded one has the same id, and joins later */
        cube_queue_remove(cube, all->context, all->chain, act->left, false);
    if (act->kind == ACT_FORWARD) {
        cube_count(cube, all->context, CUBE_FORWARDS, 1);
        cube_fee_count_transit(cube, all->context, act->fee);
        cube_trace_message(cube, all->context, CUBE_TRACE_FORWARD, all->block->chain, act->id,
                           envelope->bytes, mirror->parcel.links);
        cube_sort_entry(cube, act->entry);
    }
    if (act->kind == ACT_DISCARD) {
        uint32_t destination = cube_find(cube, envelope->to);
        cube_count(cube, all->context, CUBE_DISCARDED, 1);
        cube_fee_count_stopped(cube, all->context, destination == all->block->chain, act->fee);
        cube_trace_message(cube, all->context, CUBE_TRACE_DISCARD, all->block->chain, act->id,
                           envelope->bytes, destination == all->block->chain);
        uint64_t confirmed;
        if (destination != all->block->chain &&
            map_get(&all->chain->confirmed, act->id, &confirmed))
            cube_stop_notify(cube, all->context, all->chain, act->id, destination, 0, act->passed);
        uint32_t instant = instant_table_named(&all->chain->instant, act->id);
        if (instant != 0)
            cube_instant_copy_gone(cube, all->chain, instant, 0);
    }
    if (act->left != 0)
        cube_mirror_free(cube, all->chain, act->mirror);
    else
        answer_later(cube, all->chain, act->mirror, &all->answered);
}

static void finish_stop(struct finishing *all, const struct act *act)
{
    struct hypercube *cube = all->cube;
    const struct entry *entry = pool_at(&cube->entries, act->entry);
    uint32_t link_slot = entry->link, destination = cube_find(cube, entry->parcel.envelope.to);
    uint64_t position = 0;
    if (link_slot == 0) { /* no copy of the proof speaks as of a later position */
        struct block_proof proof;
        memcpy(&proof, slab_at(&cube->proofs, entry->proof), BLOCK_PROOF_HEAD);
        position = proof.position;
    }
    cube_trace_message(cube, all->context, CUBE_TRACE_STOP, all->block->chain, act->id, 0,
                       link_slot != 0);
    cube_queue_remove(cube, all->context, all->chain, act->entry, true);
    if (link_slot == 0) {
        cube_stop_notify(cube, all->context, all->chain, act->id, destination, position, 0);
        return;
    }
    cube_count(cube, all->context, CUBE_SLOW_STOPPED, 1);
    ((struct link *)pool_at(&cube->links, link_slot))->told_stop = true;
    cube_slow_touch(cube, &all->touched, link_slot);
}

static void finish_forget(struct finishing *all, const struct act *act)
{
    const struct input *input = pool_at(&all->cube->inputs, act->input);
    if (act->node != 0)
        cube_let_go(all->cube, all->context, all->chain, act->node);
    if (act->instant != 0)
        cube_instant_copy_gone(all->cube, all->chain, act->instant, input->position);
}

/* The copy that the neighbour stopped would have come to us next: it was the last one. */
static void finish_last_copy(struct finishing *all, const struct act *act)
{
    struct hypercube *cube = all->cube;
    if (act->mirror != 0) { /* it leaves the view when its turn comes */
        struct mirror *mirror = pool_at(&cube->mirrors, act->mirror);
        mirror->in_act = false;
        map_remove(&all->chain->mirrors, act->id);
        if (mirror->left)
            cube_mirror_free(cube, all->chain, act->mirror);
    }
    finish_forget(all, act);
    const struct input *input = pool_at(&cube->inputs, act->input);
    uint32_t destination = cube_find(cube, input->to);
    cube_fee_count_stopped(cube, all->context, destination == all->block->chain, act->fee);
    if (destination != all->block->chain)
        cube_stop_notify(cube, all->context, all->chain, act->id, destination, 0, act->passed);
}

static void finish_new(struct finishing *all, const struct act *act)
{
    if (act->kind == ACT_EMIT)
        finish_emit(all->cube, all->context, all->block, all->chain, act->entry);
    else if (act->kind == ACT_DEFER)
        finish_defer(all->cube, all->context, all->block, all->chain, act->entry);
    else
        finish_dispatch(all->cube, all->context, all->block, all->chain, act);
}

static void finish_instant(struct finishing *all, const struct act *act)
{
    const struct input *input = pool_at(&all->cube->inputs, act->input);
    cube_count(all->cube, all->context, CUBE_INSTANT_DELIVERED, 1);
    delivered(all->cube, all->context, all->block, pool_at(&all->cube->parcels, input->parcel),
              PATH_INSTANT, act);
}

static void finish_act(struct finishing *all, const struct act *act)
{
    struct hypercube *cube = all->cube;
    bool remembers = act->kind == ACT_SLOW || act->kind == ACT_FORWARD ||
                     act->kind == ACT_DISCARD || act->kind == ACT_INSTANT;
    if (remembers && (act->node != 0 || act->instant != 0))
        cube_count(cube, all->context, CUBE_REMEMBERED, 1);
    switch ((enum act_kind)act->kind) {
    case ACT_EMIT:
    case ACT_DEFER:
    case ACT_DISPATCH:
        finish_new(all, act);
        break;
    case ACT_LOCAL:
        delivered(cube, all->context, all->block,
                  &((struct entry *)pool_at(&cube->entries, act->entry))->parcel, PATH_LOCAL, act);
        pool_give(&cube->entries, act->entry);
        break;
    case ACT_OWN:
    case ACT_SLOW:
    case ACT_FORWARD:
    case ACT_DISCARD:
        finish_import(all, act);
        break;
    case ACT_INSTANT:
        finish_instant(all, act);
        break;
    case ACT_IGNORE:
        cube_count(cube, all->context, CUBE_DISCARDED, 1);
        cube_count(cube, all->context, CUBE_PROOFS_IGNORED, 1);
        cube_trace_message(cube, all->context, CUBE_TRACE_DISCARD, all->block->chain, act->id, 0,
                           2);
        break;
    case ACT_REFUSE:
        cube_accept_refused(cube, all->context, all->block->chain, act->id,
                            (enum cube_metric)act->previous_state);
        break;
    case ACT_DEQUEUE: /* TON-47 */
        cube_count(cube, all->context, CUBE_DEQUEUES, 1);
        cube_trace_message(cube, all->context, CUBE_TRACE_DEQUEUE, all->block->chain, act->id, 0,
                           0);
        cube_queue_remove(cube, all->context, all->chain, act->entry, false);
        break;
    case ACT_STOP: /* TON-43 */
        finish_stop(all, act);
        break;
    case ACT_CONFIRM:
        cube_trace_message(cube, all->context, CUBE_TRACE_CONFIRM, all->block->chain, act->id, 0,
                           0);
        cube_keep_confirmed(cube, all->block, all->chain, act->id);
        break;
    case ACT_FORGET: /* TON-49 */
        cube_fee_count_stopped(cube, all->context, true, act->fee);
        finish_forget(all, act);
        break;
    case ACT_LAST_COPY:
        finish_last_copy(all, act);
        break;
    case ACT_UNMIRROR:
        cube_mirror_free(cube, all->chain, act->mirror);
        break;
    case ACT_STORAGE: /* TON-53 */
        cube_fee_count_storage(cube, all->context, all->block->chain, act->id, act->fee);
        break;
    case ACT_INPUT:
        break;
    }
}

static void note_watermark(struct hypercube *cube, const struct block *block,
                           struct cube_chain *chain, const struct cube_part *part)
{
    /* TON-R30: how far the import came, or, if nothing was left to import, all that was in view. */
    unsigned char last_hash[HASH_BYTES];
    memset(last_hash, 0xff, sizeof last_hash);
    if (cube->config.dedup != CUBE_WATERMARK || !(part->imported || part->drained))
        return;
    struct processed_upto *upto = &chain->upto;
    if (upto->count == upto->capacity)
        upto->records = memory_grow(cube->memory, "messaging.watermarks", upto->records,
                                    &upto->capacity, upto->count + 1, sizeof upto->records[0]);
    if (part->imported)
        processed_insert(upto, block->id & UINT32_MAX, part->last_key.rank[0], part->last_key.hash);
    else
        processed_insert(upto, block->id & UINT32_MAX, part->start_lt - 1, last_hash);
    cube_history_prune(cube, chain);
}

/* Frees the acts of a block and the inputs they used up. */
static void free_acts(struct hypercube *cube, uint32_t part_slot, bool inputs_too)
{
    const struct cube_part *part = pool_at(&cube->parts, part_slot);
    for (uint32_t slot = part->first; slot != 0;) {
        const struct act *act = pool_at(&cube->acts, slot);
        uint32_t next = act->next;
        if (inputs_too && act->input != 0)
            free_input(cube, act->input);
        pool_give(&cube->acts, slot);
        slot = next;
    }
    pool_give(&cube->parts, part_slot);
}

/* What the next act is about is fetched while this one is carried out. */
static void fetch_act(const struct hypercube *cube, const struct act *act)
{
    const unsigned char *about = NULL;
    if (act->mirror != 0)
        about = pool_at(&cube->mirrors, act->mirror);
    else if (act->entry != 0)
        about = pool_at(&cube->entries, act->entry);
    for (size_t at = 0; about != NULL && at < sizeof(struct mirror); at += 64)
        __builtin_prefetch(about + at);
}

static void carry_out(struct hypercube *cube, struct context *context, const struct block *block,
                      struct cube_chain *chain, uint32_t part_slot)
{
    const struct cube_part *part = pool_at(&cube->parts, part_slot);
    chain->open_number = 0;
    struct finishing all = {.cube = cube, .context = context, .block = block, .chain = chain};
    uint64_t master_seqno;
    uint64_t visible_ns =
        cube->stack->chain.visible_ns(cube->stack->chain.self, block->final_ns, &master_seqno);
    if (cube->config.path == CUBE_SLOW && cube->liars_first != 0)
        cube_instant_send(cube, context, block, part); /* nothing but lies */
    if (cube->config.path != CUBE_SLOW) { /* right away, while what they prove is still here */
        cube_instant_send(cube, context, block, part);
        cube_confirm_send(cube, context, block, part);
    }
    for (uint32_t slot = part->first; slot != 0;) {
        const struct act *act = pool_at(&cube->acts, slot);
        slot = act->next;
        if (slot != 0)
            fetch_act(cube, pool_at(&cube->acts, slot));
        finish_act(&all, act);
    }
    for (uint32_t entry = cube_sorted_next(cube); entry != 0; entry = cube_sorted_next(cube))
        cube_queue_join(cube, context, block, chain, entry, visible_ns, &all.touched);
    cube_slow_send_news(cube, context, block, &all.touched, visible_ns);
    cube_slow_send_processed(cube, context, block, &all.answered, visible_ns);
    note_watermark(cube, block, chain, part);
    if (cube->config.path == CUBE_INSTANT)
        cube_instant_rearm(cube, context, chain);
    /* TON-28: with the instant path alone, what is not confirmed takes the place of the queue. */
    uint32_t length =
        cube->config.path == CUBE_INSTANT ? chain->entries.count : chain->queue_length;
    if (length != chain->queue_sampled) {
        chain->queue_sampled = length;
        context_sample(context, "queue", identity_of(ROLE_CHAIN, block->chain), length);
    }
    if (part->backlog != chain->backlog_sampled) {
        chain->backlog_sampled = part->backlog;
        context_sample(context, "backlog", identity_of(ROLE_CHAIN, block->chain), part->backlog);
    }
    if (part->clean_left)
        cube_wake(cube, context, block->chain);
    if (part->quota_reached)
        cube_count(cube, context, CUBE_QUOTA_STOPS, 1);
    if (block->queue_full)
        cube_count(cube, context, CUBE_QUEUE_FULL, 1);
    free_acts(cube, part_slot, true);
}

static void wake_if_wanted(struct hypercube *cube, struct context *context,
                           const struct cube_chain *chain)
{
    if (chain->inputs.first != 0 || chain->heap.count > 0 || chain->deferred > 0 ||
        cube_accept_ready(cube, chain))
        cube_wake(cube, context, chain->chain);
}

void cube_final(void *self, struct context *context, const struct block *block)
{
    struct hypercube *cube = self;
    bool proofs = cube->config.path != CUBE_SLOW;
    struct cube_chain *chain =
        proofs ? cube_chain_get(cube, block->chain) : cube_chain_find(cube, block->chain);
    if (chain == NULL)
        return;
    if (block->body[LAYER_MESSAGING] != 0)
        carry_out(cube, context, block, chain, (uint32_t)block->body[LAYER_MESSAGING]);
    /* What the block said while it was filled is what it did. */
    SIM_ASSERT(block->body[LAYER_MESSAGING] == 0 || block->queue_length == chain->queue_length ||
               cube->config.break_rule == CUBE_BREAK_LOSE);
    if (proofs) {
        cube_look_back_note(cube, chain, block);
        cube_expire(cube, context, block, chain);
    }
    wake_if_wanted(cube, context, chain);
}

static void back_to_heap(struct hypercube *cube, struct cube_chain *chain, uint32_t slot,
                         enum mirror_state state)
{
    cube_mirror_ready(cube, chain, slot);
    ((struct mirror *)pool_at(&cube->mirrors, slot))->state = (uint8_t)state;
}

static void take_back(struct hypercube *cube, struct cube_chain *chain, const struct act *act)
{
    struct mirror *mirror = act->mirror != 0 ? pool_at(&cube->mirrors, act->mirror) : NULL;
    switch ((enum act_kind)act->kind) {
    case ACT_EMIT:
    case ACT_DEFER:
    case ACT_DISPATCH: /* the entry that was made; the words have put the rest back */
        pool_give(&cube->entries, act->entry);
        break;
    case ACT_FORWARD:
        pool_give(&cube->entries, act->entry);
        back_to_heap(cube, chain, act->mirror, MIRROR_READY);
        break;
    case ACT_OWN:
    case ACT_SLOW:
    case ACT_DISCARD:
        back_to_heap(cube, chain, act->mirror, MIRROR_READY);
        break;
    case ACT_UNMIRROR:
        back_to_heap(cube, chain, act->mirror, mirror->state);
        break;
    case ACT_LAST_COPY:
        if (mirror == NULL)
            return;
        mirror->in_act = false;
        mirror->state = act->previous_state;
        if (mirror->left)
            cube_mirror_ready(cube, chain, act->mirror);
        mirror->left = false;
        return; /* the node stays: it was there before */
    case ACT_CONFIRM:
        map_remove(&chain->confirmed, act->id);
        return;
    case ACT_INSTANT:
        if (act->instant != 0)
            instant_table_remove(&chain->instant, &cube->instants, act->instant);
        return;
    case ACT_LOCAL:
    case ACT_IGNORE:
    case ACT_REFUSE:
    case ACT_DEQUEUE:
    case ACT_STOP:
    case ACT_INPUT:
    case ACT_STORAGE:
        break;
    case ACT_FORGET:
        return;
    }
    if (act->node != 0)
        cube_node_free(cube, chain, act->node);
}

/* Inputs go back to the front, in the order in which they came. */
static void give_back(struct hypercube *cube, struct list *list, struct list *taken)
{
    if (taken->first == 0)
        return;
    ((struct input *)pool_at(&cube->inputs, taken->last))->next = list->first;
    if (list->first == 0)
        list->last = taken->last;
    list->first = taken->first;
}

void cube_dropped(void *self, struct context *context, const struct block *block)
{
    struct hypercube *cube = self;
    if (block->body[LAYER_MESSAGING] == 0)
        return;
    struct cube_chain *chain = cube_chain_get(cube, block->chain);
    chain->open_number = 0;
    const struct cube_part *part = pool_at(&cube->parts, (uint32_t)block->body[LAYER_MESSAGING]);
    struct list inputs = {0, 0}, proofs = {0, 0};
    for (uint32_t slot = part->first; slot != 0;) {
        const struct act *act = pool_at(&cube->acts, slot);
        take_back(cube, chain, act);
        slot = act->next;
        if (act->input == 0)
            continue;
        struct input *input = pool_at(&cube->inputs, act->input);
        struct list *taken = input->kind == INPUT_PROOF ? &proofs : &inputs;
        input->next = 0;
        if (taken->last != 0)
            ((struct input *)pool_at(&cube->inputs, taken->last))->next = act->input;
        else
            taken->first = act->input;
        taken->last = act->input;
    }
    give_back(cube, &chain->inputs, &inputs);
    cube_proof_give_back(cube, chain, &proofs);
    free_acts(cube, (uint32_t)block->body[LAYER_MESSAGING], false);
    wake_if_wanted(cube, context, chain);
}
