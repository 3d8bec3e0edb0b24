/* A switch's streams: the entries of a new link get places from 1 on, and its other end agrees on
 * what has been seen of them.
 *
 * First what was imported already and only waits for its removal, then what the receiver sees, then
 * the rest. Where a receiver died it has nothing in hand: what it saw beyond a gap of the united
 * streams is held back until the gap is filled, so that blocks are seen whole and in their order.
 *
 * SIMPLIFICATION: where queues of two shards become one, or an entry of a shard's own queue is seen
 * by its other half for the first time, their logical times of enqueuing are not comparable, and a
 * watermark compares them. They are stamped anew with the time of the switch (the deployed system
 * keeps them, TON-R58, and a list of records for each old shard beside them). */

#include <string.h>

#include "models/messaging/hypercube_switch.h"

struct stream {
    struct cube_switch *sw;
    struct link *out, *in;
    uint32_t out_slot, in_slot;
    struct cube_chain *sender, *receiver;
    bool from_young, to_young;
    bool own; /* the own queue of a young one */
};

enum entry_class { IMPORTED, SEEN, UNSEEN };

static struct mirror *seen_as(const struct stream *stream, const struct entry *entry)
{
    const struct hypercube *cube = stream->sw->cube;
    uint64_t slot;
    if (!map_get(&stream->receiver->mirrors, entry->parcel.envelope.id, &slot))
        return NULL;
    struct mirror *mirror = pool_at(&cube->mirrors, (uint32_t)slot);
    return mirror->link == stream->in_slot && mirror->entry == 0 ? mirror : NULL;
}

static enum entry_class class_of(const struct stream *stream, const struct entry *entry)
{
    if (entry->answered || entry->cleaned)
        return IMPORTED;
    const struct mirror *mirror = seen_as(stream, entry);
    return mirror != NULL && mirror->state != MIRROR_HELD ? SEEN : UNSEEN;
}

/* Streams of different shards meet in this one, or of one shard that another did not see. */
static bool needs_stamps(const struct stream *stream)
{
    return stream->from_young && !stream->own && (stream->sw->old_count == 2 || stream->to_young);
}

static void stamp(const struct stream *stream, struct parcel *parcel, enum entry_class class)
{
    parcel->enqueued_lt = stream->sw->lt + (class == UNSEEN ? 1 : 0);
    parcel->block_end_lt = parcel->enqueued_lt + 1;
}

static void stamp_entry(const struct stream *stream, struct entry *entry)
{
    enum entry_class class = class_of(stream, entry);
    struct mirror *mirror = seen_as(stream, entry);
    if (class == IMPORTED || (mirror != NULL && mirror->state == MIRROR_TAKEN))
        return; /* the open block that has it is older than the stamps */
    stamp(stream, &entry->parcel, class);
    if (mirror != NULL)
        stamp(stream, &mirror->parcel, class);
}

/* The order of places. Each old stream keeps its own order. */
static struct import_key rank_of(const struct stream *stream, const struct entry *entry,
                                 uint64_t turn)
{
    enum entry_class class = class_of(stream, entry);
    struct import_key key = {.rank = {(uint64_t) class}};
    if (class == IMPORTED || stream->sw->old_count == 1) {
        key.rank[1] = turn;
    } else if (stream->from_young) {
        key.rank[1] = entry->parcel.block_ns;
        key.rank[2] = turn;
    } else { /* two halves' parts of one neighbour's queue */
        key.rank[0] = SEEN;
        key.rank[1] = entry->parcel.block_end_lt;
        key.rank[2] = entry->parcel.block_ns;
        key.rank[3] = entry->parcel.lt;
        memcpy(key.hash, entry->parcel.hash, HASH_BYTES);
    }
    return key;
}

static void sort_entries(struct stream *stream)
{
    struct hypercube *cube = stream->sw->cube;
    uint64_t turn = 0;
    SIM_ASSERT(cube->sorter.count == 0);
    for (uint32_t slot = stream->out->out_first; slot != 0;) {
        struct entry *entry = pool_at(&cube->entries, slot);
        if (needs_stamps(stream))
            stamp_entry(stream, entry);
        cube_heap_room(cube, &cube->sorter);
        struct import_item item = {rank_of(stream, entry, turn++), slot};
        import_heap_push(&cube->sorter, &item);
        slot = entry->next;
    }
    uint64_t place = 0;
    uint32_t before = 0;
    stream->out->due_lost = true;
    stream->out->out_first = 0;
    while (cube->sorter.count > 0) {
        uint32_t slot = import_heap_pop(&cube->sorter).slot;
        struct entry *entry = pool_at(&cube->entries, slot);
        entry->previous = before;
        entry->next = 0;
        entry->parcel.place = ++place;
        if (before != 0)
            ((struct entry *)pool_at(&cube->entries, before))->next = slot;
        else
            stream->out->out_first = slot;
        before = slot;
    }
    stream->out->out_last = before;
    stream->out->open_first = 0;
    stream->out->place_last = place;
}

static bool ends_block(const struct hypercube *cube, const struct entry *entry)
{
    if (entry->next == 0)
        return true;
    const struct entry *next = pool_at(&cube->entries, entry->next);
    return next->parcel.block_end_lt != entry->parcel.block_end_lt;
}

/* Up to which place the receiver has seen all: whole blocks where it was put together anew. */
static uint64_t seen_upto(const struct stream *stream, uint64_t *ret_end_lt)
{
    const struct hypercube *cube = stream->sw->cube;
    bool whole_blocks = stream->to_young && stream->sw->old_count == 2;
    uint64_t upto = 0;
    *ret_end_lt = 0;
    for (uint32_t slot = stream->out->out_first; slot != 0;) {
        const struct entry *entry = pool_at(&cube->entries, slot);
        enum entry_class class = class_of(stream, entry);
        if (class == UNSEEN)
            return upto;
        if (class == IMPORTED || !whole_blocks || ends_block(cube, entry)) {
            upto = entry->parcel.place;
            if (class == SEEN && entry->parcel.block_end_lt > *ret_end_lt)
                *ret_end_lt = entry->parcel.block_end_lt;
        }
        slot = entry->next;
    }
    *ret_end_lt = UINT64_MAX; /* no gap */
    return upto;
}

/* Tells the receiver's view about the places; what lies beyond `upto` is held. */
static void place_mirrors(struct stream *stream, uint64_t upto)
{
    struct hypercube *cube = stream->sw->cube;
    uint32_t last = 0;
    for (uint32_t slot = stream->out->out_first; slot != 0;) {
        struct entry *entry = pool_at(&cube->entries, slot);
        entry->parcel.block_last = ends_block(cube, entry);
        struct mirror *mirror = seen_as(stream, entry);
        slot = entry->next;
        if (mirror == NULL)
            continue;
        mirror->parcel.place = entry->parcel.place;
        mirror->parcel.block_last = entry->parcel.block_last;
        mirror->parcel.queued_in = entry->parcel.queued_in;
        if (entry->parcel.place <= upto)
            continue;
        SIM_ASSERT(mirror->state == MIRROR_HELD || mirror->state == MIRROR_READY);
        mirror->state = MIRROR_HELD;
        mirror->next = 0;
        uint64_t handle;
        bool known = map_get(&stream->receiver->mirrors, entry->parcel.envelope.id, &handle);
        SIM_ASSERT(known);
        if (last != 0) {
            ((struct mirror *)pool_at(&cube->mirrors, last))->next = (uint32_t)handle;
        } else {
            stream->receiver->gaps += stream->in->held_first == 0;
            stream->in->held_first = (uint32_t)handle;
        }
        last = (uint32_t)handle;
    }
}

/* ---- What the receiver knew of the sender ---- */

/* Newest first; of equal numbers the one that was added last, or, of copies, first. */
static void add_history(struct hypercube *cube, struct link *link, const struct history *history,
                        bool copy)
{
    uint32_t slot = pool_take(&cube->histories);
    uint32_t *place = &link->history_first;
    while (*place != 0) {
        struct history *other = pool_at(&cube->histories, *place);
        if (other->number < history->number || (!copy && other->number == history->number))
            break;
        place = &other->next;
    }
    struct history *made = pool_at(&cube->histories, slot);
    *made = *history;
    made->next = *place;
    *place = slot;
}

/* TON-R57, TON-R58: as the records of the watermark that ask for them. */
static void copy_histories(const struct stream *stream, const struct link *old)
{
    struct hypercube *cube = stream->sw->cube;
    uint64_t shard = cube_prefix(cube, stream->receiver->chain).prefix;
    for (uint32_t slot = old->history_first; slot != 0;) {
        struct history history = *(const struct history *)pool_at(&cube->histories, slot);
        slot = history.next;
        if (stream->to_young && stream->sw->old_count == 1) {
            if (shard_ancestor(history.shard, shard))
                history.shard = shard;
            else if (!shard_ancestor(shard, history.shard))
                continue;
        }
        add_history(cube, stream->in, &history, true);
    }
}

/* The united shard's own blocks have seen nothing so far: what its halves had seen by theirs must
 * not pass for that when it is divided again and all of this names one shard. */
static void begin_history(const struct stream *stream)
{
    struct hypercube *cube = stream->sw->cube;
    const struct processed_upto *upto = &stream->receiver->upto;
    uint32_t first = stream->in->history_first;
    uint64_t number = 0;
    if (first != 0)
        number = ((const struct history *)pool_at(&cube->histories, first))->number;
    for (uint32_t i = 0; i < upto->count; i++)
        if (upto->records[i].seqno > number)
            number = upto->records[i].seqno;
    struct history nothing = {.number = number, .shard = upto->owner.prefix};
    if (number > 0)
        add_history(cube, stream->in, &nothing, false);
}

static void inherit_view(struct stream *stream)
{
    struct cube_switch *sw = stream->sw;
    struct hypercube *cube = sw->cube;
    bool two_senders = stream->from_young && sw->old_count == 2;
    uint32_t link_slot;
    if (stream->from_young && stream->to_young) {
        stream->in->end_lt = sw->lt + 1; /* all of what it has now, and nothing later */
        return;
    }
    for (uint32_t i = 0; i < sw->old_count; i++) {
        const struct link *old =
            stream->to_young
                ? cube_link_find(cube, sw->old[i], stream->sender->chain, &link_slot)
                : cube_link_find(cube, stream->receiver->chain, sw->old[i], &link_slot);
        if (old == NULL)
            continue;
        if (old->answered_ns > stream->in->answered_ns)
            stream->in->answered_ns = old->answered_ns;
        stream->in->answers += old->answers;
        if (old->end_lt > stream->in->end_lt)
            stream->in->end_lt = old->end_lt;
        if (!two_senders)
            copy_histories(stream, old);
    }
    if (stream->to_young && sw->old_count == 2)
        begin_history(stream);
    if (!two_senders)
        return;
    stream->in->end_lt = sw->lt + 1;
    struct history in_hand = {.number = stream->receiver->open_number,
                              .end_lt = sw->lt,
                              .shard = cube_prefix(cube, stream->in->chain).prefix};
    if (in_hand.number != 0) /* what was enqueued before, and nothing else */
        add_history(cube, stream->in, &in_hand, false);
}

/* What was under way is lost: the receiver's lacks are sent at once, but not before they were to be
 * visible. */
static void arm(struct stream *stream)
{
    struct cube_switch *sw = stream->sw;
    struct hypercube *cube = sw->cube;
    uint64_t now_ns = sw->context->now_ns, earliest_ns = UINT64_MAX;
    uint64_t resend_ns = cube_resend_ns(cube, stream->out->chain);
    for (uint32_t slot = stream->out->out_first; slot != 0;) {
        struct entry *entry = pool_at(&cube->entries, slot);
        slot = entry->next;
        bool unsent = entry->packet == UINT32_MAX; /* since another switch */
        entry->packet = UINT32_MAX;
        if (entry->answered || entry->cleaned)
            continue;
        entry->received = entry->received && seen_as(stream, entry) != NULL;
        if (!entry->received) {
            uint64_t sent_ns = entry->due_ns > resend_ns ? entry->due_ns - resend_ns : 0;
            sent_ns = unsent ? entry->due_ns : sent_ns;
            entry->due_ns = sent_ns > now_ns ? sent_ns : now_ns;
        }
        earliest_ns = entry->due_ns < earliest_ns ? entry->due_ns : earliest_ns;
    }
    if (earliest_ns == UINT64_MAX)
        return;
    uint64_t latest_ns = now_ns + resend_ns;
    uint32_t here = sw->context->self;
    context_as(sw->context, cube_gateway(cube, stream->out->chain, 0));
    cube_slow_arm(cube, sw->context, stream->out,
                  earliest_ns < latest_ns ? earliest_ns : latest_ns);
    context_as(sw->context, here);
}

static void finish(struct cube_switch *sw, uint32_t from, uint32_t to)
{
    struct hypercube *cube = sw->cube;
    struct stream stream = {.sw = sw,
                            .from_young = cube_switch_is(sw->young, sw->young_count, from),
                            .to_young = cube_switch_is(sw->young, sw->young_count, to)};
    stream.out = cube_link_get(cube, from, to, &stream.out_slot);
    stream.in = cube_link_get(cube, to, from, &stream.in_slot);
    stream.sender = cube_chain_get(cube, from);
    stream.receiver = cube_chain_get(cube, to);
    inherit_view(&stream);
    sort_entries(&stream);
    uint64_t end_lt, upto = seen_upto(&stream, &end_lt);
    stream.in->place_seen = upto;
    if (stream.to_young && !stream.from_young && sw->old_count == 2 && end_lt < stream.in->end_lt)
        stream.in->end_lt = end_lt;
    place_mirrors(&stream, upto);
    arm(&stream);
}

/* The own queue is a stream to oneself, of which all is seen. */
static void finish_own(struct cube_switch *sw, uint32_t chain)
{
    struct hypercube *cube = sw->cube;
    struct stream stream = {.sw = sw, .from_young = true, .to_young = true};
    stream.out = cube_link_find(cube, chain, chain, &stream.out_slot);
    if (stream.out == NULL)
        return;
    stream.in = stream.out;
    stream.in_slot = stream.out_slot;
    stream.sender = stream.receiver = cube_chain_get(cube, chain);
    stream.own = true;
    sort_entries(&stream);
    for (uint32_t slot = stream.out->out_first; slot != 0;) {
        const struct entry *entry = pool_at(&cube->entries, slot);
        uint64_t handle;
        if (!entry->cleaned) {
            bool known = map_get(&stream.receiver->mirrors, entry->parcel.envelope.id, &handle);
            SIM_ASSERT(known);
            struct mirror *mirror = pool_at(&cube->mirrors, (uint32_t)handle);
            mirror->parcel.place = entry->parcel.place;
            mirror->parcel.queued_in = entry->parcel.queued_in;
        }
        slot = entry->next;
    }
}

/* ---- Heaps ---- */

static void push_again(struct hypercube *cube, struct cube_chain *chain, uint32_t slot)
{
    struct mirror *mirror = pool_at(&cube->mirrors, slot);
    uint8_t state = mirror->state;
    cube_mirror_ready(cube, chain, slot);
    mirror->state = state;
}

/* The heaps of what died are emptied into those of the young. */
static void empty_heap(struct cube_switch *sw, struct cube_chain *old)
{
    struct hypercube *cube = sw->cube;
    while (old->heap.count > 0) {
        uint32_t slot = import_heap_pop(&old->heap).slot;
        const struct mirror *mirror = pool_at(&cube->mirrors, slot);
        if (mirror->state == MIRROR_GONE) {
            SIM_ASSERT(!mirror->in_act);
            cube_mirror_free(cube, old, slot);
            continue;
        }
        const struct link *link = pool_at(&cube->links, mirror->link);
        SIM_ASSERT(!link->ended);
        if (mirror->state == MIRROR_READY)
            push_again(cube, cube_chain_get(cube, link->chain), slot);
    }
}

/* By the paper's order a key names the neighbour and the place: both are others now. */
static void rebuild_heap(struct hypercube *cube, struct cube_chain *chain)
{
    uint32_t count = chain->heap.count;
    if (cube->config.order != DELIVERY_ORDER_PAPER || count == 0)
        return;
    uint32_t *slots = memory_take(cube->memory, "messaging.import", count * sizeof *slots);
    for (uint32_t i = 0; i < count; i++)
        slots[i] = chain->heap.items[i].slot;
    chain->heap.count = 0;
    for (uint32_t i = 0; i < count; i++)
        push_again(cube, chain, slots[i]);
    memory_give(cube->memory, slots, count * sizeof *slots);
}

static bool had_links(struct cube_switch *sw, uint32_t chain)
{
    uint32_t slot;
    for (uint32_t i = 0; i < sw->old_count; i++)
        if (cube_link_find(sw->cube, sw->old[i], chain, &slot) != NULL ||
            cube_link_find(sw->cube, chain, sw->old[i], &slot) != NULL)
            return true;
    return false;
}

static void show(struct cube_switch *sw, uint32_t from, uint32_t to)
{
    struct hypercube *cube = sw->cube;
    uint32_t slot;
    struct link *in = cube_link_find(cube, to, from, &slot);
    if (in != NULL && cube_slow_show(cube, cube_chain_get(cube, to), in))
        cube_wake(cube, sw->context, to);
}

void cube_relink_streams(struct cube_switch *sw)
{
    struct hypercube *cube = sw->cube;
    uint32_t chains = cube->chains_made, slot;
    uint32_t a = sw->young[0], b = sw->young[1];
    finish_own(sw, a);
    if (sw->young_count == 2)
        finish_own(sw, b);
    if (sw->young_count == 2 && cube_link_find(cube, a, b, &slot) != NULL)
        finish(sw, a, b);
    if (sw->young_count == 2 && cube_link_find(cube, b, a, &slot) != NULL)
        finish(sw, b, a);
    for (uint32_t i = 1; i <= chains; i++) {
        struct cube_chain *other = pool_at(&cube->chains, i);
        bool old = cube_switch_is(sw->old, sw->old_count, other->chain);
        bool young = cube_switch_is(sw->young, sw->young_count, other->chain);
        if (old || young || !had_links(sw, other->chain))
            continue;
        for (uint32_t y = 0; y < sw->young_count; y++) {
            finish(sw, sw->young[y], other->chain);
            finish(sw, other->chain, sw->young[y]);
        }
        rebuild_heap(cube, other);
    }
    for (uint32_t i = 0; i < sw->old_count; i++)
        empty_heap(sw, cube_chain_get(cube, sw->old[i]));
    for (uint32_t i = 1; i <= chains; i++) {
        uint32_t other = ((const struct cube_chain *)pool_at(&cube->chains, i))->chain;
        for (uint32_t y = 0; y < sw->young_count; y++) {
            show(sw, sw->young[y], other);
            show(sw, other, sw->young[y]);
        }
    }
}
