/* Output queues: chains and links as they are first used, emitting, joining and leaving a queue. */

#include <inttypes.h>
#include <string.h>

#include "models/anycast.h"
#include "models/messaging/hypercube_proofs.h"

struct cube_chain *cube_chain_find(struct hypercube *cube, uint32_t chain)
{
    uint64_t slot;
    return map_get(&cube->chain_by_id, chain, &slot) ? pool_at(&cube->chains, (uint32_t)slot)
                                                     : NULL;
}

struct cube_chain *cube_chain_get(struct hypercube *cube, uint32_t chain)
{
    struct cube_chain *known = cube_chain_find(cube, chain);
    if (known != NULL)
        return known;
    uint32_t slot = pool_take(&cube->chains);
    SIM_ASSERT(slot == cube->chains_made + 1);
    cube->chains_made = slot;
    struct cube_chain *made = pool_at(&cube->chains, slot);
    made->chain = chain;
    map_init(&made->mirrors, cube->memory, "messaging.mirrors");
    map_init(&made->dedup, cube->memory, "messaging.dedup");
    map_init(&made->entries, cube->memory, "messaging.entries");
    map_init(&made->confirmed, cube->memory, "messaging.confirmed");
    map_init(&made->waiting, cube->memory, "messaging.waiting");
    instant_table_init(&made->instant, cube->memory);
    map_init(&made->sender_by_account, cube->memory, "messaging.senders");
    made->upto.owner = cube_prefix(cube, chain);
    map_put(&cube->chain_by_id, chain, slot);
    return made;
}

struct link *cube_link_find(struct hypercube *cube, uint32_t chain, uint32_t neighbour,
                            uint32_t *ret_slot)
{
    uint64_t slot;
    if (!map_get(&cube->link_by_key, (uint64_t)chain << 32 | neighbour, &slot))
        return NULL;
    *ret_slot = (uint32_t)slot;
    return pool_at(&cube->links, (uint32_t)slot);
}

struct link *cube_link_get(struct hypercube *cube, uint32_t chain, uint32_t neighbour,
                           uint32_t *ret_slot)
{
    struct link *known = cube_link_find(cube, chain, neighbour, ret_slot);
    if (known != NULL)
        return known;
    uint32_t slot = pool_take(&cube->links);
    struct link *made = pool_at(&cube->links, slot);
    made->chain = chain;
    made->neighbour = neighbour;
    made->slot = slot;
    struct cube_chain *owner = cube_chain_get(cube, chain);
    if (owner->links.last != 0)
        ((struct link *)pool_at(&cube->links, owner->links.last))->next_of_chain = slot;
    else
        owner->links.first = slot;
    owner->links.last = slot;
    map_put(&cube->link_by_key, (uint64_t)chain << 32 | neighbour, slot);
    *ret_slot = slot;
    return made;
}

struct cube_part *cube_part_of(struct hypercube *cube, struct block *block)
{
    if (block->body[LAYER_MESSAGING] != 0)
        return pool_at(&cube->parts, (uint32_t)block->body[LAYER_MESSAGING]);
    uint32_t slot = pool_take(&cube->parts);
    block->body[LAYER_MESSAGING] = slot;
    struct cube_part *part = pool_at(&cube->parts, slot);
    cube_time_open(cube, block, cube_chain_get(cube, block->chain), part);
    return part;
}

struct act *cube_act(struct hypercube *cube, struct cube_part *part, enum act_kind kind)
{
    uint32_t slot = pool_take(&cube->acts);
    struct act *act = pool_at(&cube->acts, slot);
    act->kind = (uint8_t)kind;
    if (part->last != 0)
        ((struct act *)pool_at(&cube->acts, part->last))->next = slot;
    else
        part->first = slot;
    part->last = slot;
    return act;
}

unsigned cube_digit_bits(const struct hypercube *cube)
{
    return cube->config.break_rule == CUBE_BREAK_EXTRA_HOP ? 1 : (unsigned)cube->config.digit_bits;
}

uint32_t cube_entry_make(struct hypercube *cube, struct block *block, const struct parcel *parcel,
                         struct route route)
{
    SIM_ASSERT(route.current_bits >= 0);
    void *place;
    uint32_t slot = pool_take_raw(&cube->entries, sizeof(struct entry), &place);
    struct entry *entry = place;
    size_t head = offsetof(struct entry, parcel) + sizeof entry->parcel;
    memset((unsigned char *)place + head, 0, sizeof *entry - head);
    entry->state = ENTRY_NEW;
    entry->parcel = *parcel;
    entry->parcel.current_bits = route.current_bits;
    entry->parcel.next_bits = route.next_bits;
    entry->parcel.master_seqno = block->master_seqno;
    entry->parcel.block_ns = block->time_ns;
    entry->parcel.queued_in = block->chain;
    block_set(cube->stack, block, &entry->state, ENTRY_QUEUED);
    return slot;
}

uint32_t cube_new_message(struct hypercube *cube, struct block *block, const struct parcel *parcel)
{
    const struct envelope *envelope = &parcel->envelope;
    struct route route =
        route_find((enum routing)cube->config.routing, cube_digit_bits(cube), envelope->from,
                   envelope->to, cube_prefix(cube, block->chain), 0);
    uint32_t slot = cube_entry_make(cube, block, parcel, route);
    bool local = cube_find(cube, envelope->to) == block->chain;
    if (local || cube->config.path != CUBE_INSTANT || !cube_instant_goes(cube, envelope))
        block->queue_length++;
    if (local) {
        cube_heap_room(cube, &cube->locals);
        struct import_item item = {import_key_deployed(parcel->lt, parcel->hash), slot};
        import_heap_push(&cube->locals, &item);
    }
    return slot;
}

void cube_emit(void *self, struct context *context, struct block *block, struct envelope *envelope)
{
    struct hypercube *cube = self;
    (void)context;
    struct cube_part *part = cube_part_of(cube, block);
    struct cube_chain *chain = cube_chain_get(cube, block->chain);
    SIM_ASSERT(chain->counter < UINT32_MAX);
    SIM_ASSERT(cube_find(cube, envelope->from) == block->chain); /* TON-8: nobody else's */
    anycast_send(envelope);
    SIM_ASSERT(cube_find(cube, envelope->to) != CHAIN_NONE); /* TON-R54: the sender checks that */
    block_set(cube->stack, block, &chain->counter, chain->counter + 1);
    envelope->id = (uint64_t)block->chain << 32 | chain->counter;
    envelope->created_ns = block->time_ns;
    envelope->first_committed_ns = 0;
    uint64_t first = cube_fee_emit(cube, block, envelope);
    uint64_t lt = cube_time_emit(cube, block, chain, part, envelope);
    struct parcel parcel = {
        .envelope = *envelope, .lt = lt, .enqueued_lt = lt, .created_lt = lt, .fee_paid = first};
    parcel.initiator = part->initiator;
    message_hash(envelope, parcel.lt, parcel.hash);
    /* What a transaction has emitted must be in its block: one message may overshoot (TON-R35). */
    cube_charge_emitted(cube, block, envelope->bytes + NOTE_BYTES);
    if (cube_dispatch_defers(cube, block, chain, part, envelope)) {
        cube_dispatch_defer(cube, block, part, chain, &parcel);
        return;
    }
    uint32_t slot = cube_new_message(cube, block, &parcel);
    cube_act(cube, part, ACT_EMIT)->entry = slot;
}

/* The heap sorts what a block adds to its queue by (lt, hash): the order of TON-R22. */
void cube_sort_entry(struct hypercube *cube, uint32_t entry)
{
    const struct parcel *parcel = &((const struct entry *)pool_at(&cube->entries, entry))->parcel;
    cube_heap_room(cube, &cube->sorter);
    struct import_item item = {import_key_deployed(parcel->lt, parcel->hash), entry};
    import_heap_push(&cube->sorter, &item);
}

uint32_t cube_sorted_next(struct hypercube *cube)
{
    return cube->sorter.count == 0 ? 0 : import_heap_pop(&cube->sorter).slot;
}

/* The own queue needs no packet: it is as its latest final block left it (TON-R15, TON-57). */
void cube_show_to_oneself(struct hypercube *cube, struct cube_chain *chain, uint32_t link,
                          uint32_t entry)
{
    uint32_t slot = pool_take(&cube->mirrors);
    struct mirror *mirror = pool_at(&cube->mirrors, slot);
    mirror->parcel = ((struct entry *)pool_at(&cube->entries, entry))->parcel;
    mirror->link = link;
    mirror->entry = entry;
    map_put(&chain->mirrors, mirror->parcel.envelope.id, slot);
    ((struct link *)pool_at(&cube->links, link))->end_lt = mirror->parcel.block_end_lt;
    cube_mirror_ready(cube, chain, slot);
}

void cube_queue_join(struct hypercube *cube, struct context *context, const struct block *block,
                     struct cube_chain *chain, uint32_t slot, uint64_t visible_ns,
                     struct list *touched)
{
    struct entry *entry = pool_at(&cube->entries, slot);
    struct envelope *envelope = &entry->parcel.envelope;
    struct address next = route_interpolate(envelope->from, envelope->to, entry->parcel.next_bits);
    if (cube->config.break_rule == CUBE_BREAK_MASTER && envelope->id % 4 == 0)
        next = (struct address){ROUTE_MASTERCHAIN, next.prefix};
    uint32_t neighbour = cube_find(cube, next), link_slot;
    SIM_ASSERT(neighbour != CHAIN_NONE);
    bool own = neighbour == block->chain;
    delivery_check_placed(&cube->check, envelope->id, block->chain,
                          own ? block->final_ns : visible_ns);
    if (cube->config.break_rule == CUBE_BREAK_LOSE && envelope->id % 4 == 0) {
        pool_give(&cube->entries, slot);
        return;
    }
    struct link *link = cube_link_get(cube, block->chain, neighbour, &link_slot);
    entry->link = link_slot;
    entry->parcel.place = ++link->place_last;
    entry->parcel.block_end_lt = chain->lt + 1;
    entry->parcel.block_last = 0;
    entry->next = 0;
    entry->previous = link->out_last;
    if (link->out_last != 0)
        ((struct entry *)pool_at(&cube->entries, link->out_last))->next = slot;
    else
        link->out_first = slot;
    link->out_last = slot;
    chain->queue_length++;
    cube_count(cube, context, CUBE_QUEUED, 1);
    uint64_t known;
    SIM_ASSERT(!map_get(&chain->entries, envelope->id, &known)); /* TON-R17: a key is there once */
    map_put(&chain->entries, envelope->id, slot);
    cube_trace_message(cube, context, CUBE_TRACE_ENQUEUE, block->chain, envelope->id,
                       envelope->bytes, neighbour);
    if (own) {
        cube_show_to_oneself(cube, chain, link_slot, slot);
        return;
    }
    if (link->news == 0)
        link->news = slot;
    cube_slow_touch(cube, touched, link_slot);
}

static void unlink_entry(struct hypercube *cube, struct entry *entry, uint32_t *first,
                         uint32_t *last)
{
    if (entry->previous != 0)
        ((struct entry *)pool_at(&cube->entries, entry->previous))->next = entry->next;
    else
        *first = entry->next;
    if (entry->next != 0)
        ((struct entry *)pool_at(&cube->entries, entry->next))->previous = entry->previous;
    else
        *last = entry->previous;
}

static void note_removal(struct hypercube *cube, struct link *link, const struct entry *entry,
                         bool stopped)
{
    uint32_t slot = pool_take(&cube->removals);
    struct removal_node *node = pool_at(&cube->removals, slot);
    node->removal = (struct removal){++link->removal_last,
                                     entry->parcel.place,
                                     entry->parcel.envelope.id,
                                     stopped,
                                     entry->parcel.envelope.forward_fee,
                                     entry->parcel.envelope.to};
    if (link->removal_newest != 0)
        ((struct removal_node *)pool_at(&cube->removals, link->removal_newest))->next = slot;
    else
        link->removal_first = slot;
    link->removal_newest = slot;
}

void cube_queue_remove(struct hypercube *cube, struct context *context, struct cube_chain *chain,
                       uint32_t slot, bool stopped)
{
    struct entry *entry = pool_at(&cube->entries, slot);
    bool known = entry->cleaned || map_remove(&chain->entries, entry->parcel.envelope.id);
    SIM_ASSERT(known);
    cube_count(cube, context, CUBE_QUEUED, -1);
    if (entry->link != 0) {
        struct link *link = pool_at(&cube->links, entry->link);
        unlink_entry(cube, entry, &link->out_first, &link->out_last);
        if (link->news == slot)
            link->news = entry->next;
        if (link->open_first == slot)
            link->open_first = entry->next != 0 ? entry->next : entry->previous;
        if (link->neighbour != chain->chain)
            note_removal(cube, link, entry, stopped);
        cube_clean_removed(cube, context, link, entry);
        SIM_ASSERT(chain->queue_length > 0);
        chain->queue_length--;
    } else {
        unlink_entry(cube, entry, &chain->pending.first, &chain->pending.last);
    }
    if (entry->proof != 0)
        slab_give(&cube->proofs, entry->proof);
    entry->packet = 0; /* what is left of it in runs of due entries does not count */
    pool_give(&cube->entries, slot);
}

void cube_input_put(struct hypercube *cube, struct cube_chain *chain, const struct input *input)
{
    void *place;
    uint32_t slot = pool_take_raw(&cube->inputs, sizeof(struct input), &place);
    struct input *made = place;
    *made = *input;
    made->next = 0;
    struct list *list = &chain->inputs;
    if (list->last != 0)
        ((struct input *)pool_at(&cube->inputs, list->last))->next = slot;
    else
        list->first = slot;
    list->last = slot;
}

unsigned char *cube_packet_room(struct hypercube *cube, size_t bytes)
{
    SIM_ASSERT(bytes < UINT32_C(1) << 24);
    if (bytes > cube->packet_capacity)
        cube->packet = memory_grow(cube->memory, "messaging.packet", cube->packet,
                                   &cube->packet_capacity, (uint32_t)bytes, 1);
    return cube->packet;
}

void cube_heap_room(struct hypercube *cube, struct import_heap *heap)
{
    if (heap->count == heap->capacity)
        heap->items = memory_grow(cube->memory, "messaging.import", heap->items, &heap->capacity,
                                  heap->count + 1, sizeof heap->items[0]);
}

void cube_trace_message(struct hypercube *cube, struct context *context, enum cube_trace kind,
                        uint32_t chain, uint64_t id, uint32_t bytes, int64_t value)
{
    context_trace(
        context, &(struct trace){.slot = cube->slot,
                                 .kind = (uint8_t)kind,
                                 .milestone = kind == CUBE_TRACE_EMIT || kind == CUBE_TRACE_DELIVER,
                                 .chain = chain,
                                 .bytes = bytes,
                                 .subject = id,
                                 .value = value});
}

void cube_count(struct hypercube *cube, struct context *context, enum cube_metric metric,
                int64_t delta)
{
    context_count(context, cube->slot, metric, delta);
}
