/* The dispatch queue, TON-R38: messages of a sender that makes very many are deferred, and join the
 * block's new messages at the start of later blocks. A deferred message has its id, its hash and
 * its created_lt; in the order of messages it gets the time at which it is taken out.
 *
 * Senders are known by their account prefix. Their lists change in final() only; how many of a
 * sender wait is a word, which counts those of the open block as well. */

#include "models/messaging/dispatch_rules.h"
#include "models/messaging/hypercube_parts.h"

static struct sender *sender_find(const struct hypercube *cube, const struct cube_chain *chain,
                                  uint64_t account)
{
    uint64_t slot;
    return map_get(&chain->sender_by_account, account, &slot)
               ? pool_at(&cube->senders, (uint32_t)slot)
               : NULL;
}

static struct sender *sender_get(struct hypercube *cube, struct cube_chain *chain, uint64_t account)
{
    struct sender *known = sender_find(cube, chain, account);
    if (known != NULL)
        return known;
    uint32_t slot = pool_take(&cube->senders);
    struct sender *made = pool_at(&cube->senders, slot);
    made->account = account;
    made->previous_sender = chain->senders.last;
    if (chain->senders.last != 0)
        ((struct sender *)pool_at(&cube->senders, chain->senders.last))->next_sender = slot;
    else
        chain->senders.first = slot;
    chain->senders.last = slot;
    map_put(&chain->sender_by_account, account, slot);
    return made;
}

bool cube_dispatch_defers(struct hypercube *cube, const struct block *block,
                          const struct cube_chain *chain, const struct cube_part *part,
                          const struct envelope *envelope)
{
    uint64_t account = envelope->from.prefix;
    /* What goes by proof alone has no queue that it could be kept out of. */
    bool proof_only = cube->config.path == CUBE_INSTANT;
    if (cube->config.defer_after == 0 || proof_only)
        return false;
    const struct sender *sender = sender_find(cube, chain, account);
    struct dispatch_case message = {.first_of_transaction = part->emitted == 1,
                                    .waiting = sender == NULL ? 0 : sender->waiting,
                                    .produced = lt_book_produce(&cube->book, account),
                                    .queue_length = block->queue_length,
                                    .defer_after = (uint32_t)cube->config.defer_after};
    return dispatch_defers(&message);
}

static void count_waiting(struct hypercube *cube, struct block *block, struct cube_chain *chain,
                          struct sender *sender, bool more)
{
    SIM_ASSERT(more || sender->waiting > 0);
    block_set(cube->stack, block, &sender->waiting, sender->waiting + (more ? 1 : UINT64_MAX));
    block_set(cube->stack, block, &chain->deferred, chain->deferred + (more ? 1 : UINT64_MAX));
}

void cube_dispatch_defer(struct hypercube *cube, struct block *block, struct cube_part *part,
                         struct cube_chain *chain, const struct parcel *parcel)
{
    uint32_t slot = cube_entry_make(cube, block, parcel, (struct route){0, 0}); /* bits 0 / 0 */
    struct entry *entry = pool_at(&cube->entries, slot);
    block_set(cube->stack, block, &entry->state, ENTRY_DEFERRED);
    count_waiting(cube, block, chain, sender_get(cube, chain, parcel->envelope.from.prefix), true);
    struct act *act = cube_act(cube, part, ACT_DEFER);
    act->entry = slot;
    act->id = parcel->envelope.id;
}

/* The sender's first message that is still deferred, 0 if there is none. */
static uint32_t first_deferred(const struct hypercube *cube, uint32_t entry)
{
    while (entry != 0) {
        const struct entry *deferred = pool_at(&cube->entries, entry);
        if (deferred->state == ENTRY_DEFERRED)
            return entry;
        entry = deferred->next;
    }
    return 0;
}

static void push(struct hypercube *cube, uint32_t entry)
{
    if (entry != 0)
        cube_sort_entry(cube, entry);
}

/* The new message of the block: the old entry stays in its list until the block is final. */
static void take_out(struct hypercube *cube, struct block *block, struct cube_part *part,
                     struct cube_chain *chain, uint32_t slot)
{
    struct entry *old = pool_at(&cube->entries, slot);
    struct parcel parcel = old->parcel;
    const struct envelope *envelope = &parcel.envelope;
    block_set(cube->stack, block, &old->state, ENTRY_GONE);
    count_waiting(cube, block, chain, sender_find(cube, chain, envelope->from.prefix), false);
    parcel.lt = parcel.enqueued_lt =
        cube_time_dispatch(cube, block, chain, part, envelope->from.prefix);
    SIM_ASSERT(parcel.lt > parcel.created_lt);
    struct act *act = cube_act(cube, part, ACT_DISPATCH);
    act->deferred = slot;
    act->id = envelope->id;
    act->entry = cube_new_message(cube, block, &parcel);
}

/* One pass, over what is left: the earliest message first, a sender's in their order. An initiator
 * that had its share lets the sender wait. False: the block is full. */
static bool run_pass(struct hypercube *cube, struct block *block, struct cube_part *part,
                     struct cube_chain *chain, struct dispatch_limit limit, uint32_t *added)
{
    struct map taken; /* of each initiator */
    uint32_t total = 0;
    bool room = true;
    map_init(&taken, cube->memory, "messaging.dispatch");
    SIM_ASSERT(cube->sorter.count == 0);
    for (uint32_t slot = chain->senders.first; slot != 0;) {
        const struct sender *sender = pool_at(&cube->senders, slot);
        slot = sender->next_sender;
        push(cube, first_deferred(cube, sender->first));
    }
    for (uint32_t slot = cube_sorted_next(cube); slot != 0; slot = cube_sorted_next(cube)) {
        const struct parcel *parcel = &((struct entry *)pool_at(&cube->entries, slot))->parcel;
        uint64_t initiator = parcel->initiator, count = 0;
        map_get(&taken, initiator, &count);
        if (count >= limit.of_initiator)
            continue;
        room = cube_charge(cube, block, parcel->envelope.bytes + NOTE_BYTES, GAS_NOTE);
        if (!room)
            break;
        take_out(cube, block, part, chain, slot);
        map_put(&taken, initiator, count + 1);
        (*added)++;
        if (++total >= limit.total) {
            block->dispatch_full = true; /* TON-R55: a reason to split */
            break;
        }
        if (limit.of_sender > 1)
            push(cube, first_deferred(cube, slot));
    }
    cube->sorter.count = 0;
    map_destroy(&taken);
    return room;
}

uint32_t cube_dispatch(struct hypercube *cube, struct block *block, struct cube_part *part,
                       struct cube_chain *chain)
{
    uint32_t added = 0;
    for (uint32_t pass = 0; pass < DISPATCH_PASSES && chain->deferred > 0 && !part->full; pass++) {
        struct dispatch_limit limit = dispatch_limit_of(pass, block->queue_length);
        if (limit.of_initiator == 0)
            break;
        if (!run_pass(cube, block, part, chain, limit, &added))
            part->full = true; /* TON-R24: then nothing is imported either */
    }
    return added;
}

void cube_dispatch_deferred(struct hypercube *cube, struct cube_chain *chain, uint32_t slot)
{
    struct entry *entry = pool_at(&cube->entries, slot);
    struct sender *sender = sender_find(cube, chain, entry->parcel.envelope.from.prefix);
    SIM_ASSERT(sender != NULL);
    entry->next = 0;
    if (sender->last != 0) {
        struct entry *last = pool_at(&cube->entries, sender->last);
        SIM_ASSERT(last->parcel.lt < entry->parcel.lt);
        last->next = slot;
    } else {
        sender->first = slot;
    }
    sender->last = slot;
}

void cube_dispatch_left(struct hypercube *cube, struct cube_chain *chain, uint32_t slot)
{
    struct entry *entry = pool_at(&cube->entries, slot);
    struct sender *sender = sender_find(cube, chain, entry->parcel.envelope.from.prefix);
    SIM_ASSERT(sender != NULL);
    SIM_ASSERT(sender->first == slot); /* in the order in which they were made */
    sender->first = entry->next;
    pool_give(&cube->entries, slot);
    if (sender->first != 0)
        return;
    sender->last = 0;
    if (sender->waiting > 0)
        return; /* what this block deferred follows */
    uint64_t sender_slot = 0;
    map_get(&chain->sender_by_account, sender->account, &sender_slot);
    map_remove(&chain->sender_by_account, sender->account);
    uint32_t *next =
        sender->previous_sender != 0
            ? &((struct sender *)pool_at(&cube->senders, sender->previous_sender))->next_sender
            : &chain->senders.first;
    uint32_t *previous =
        sender->next_sender != 0
            ? &((struct sender *)pool_at(&cube->senders, sender->next_sender))->previous_sender
            : &chain->senders.last;
    *next = sender->next_sender;
    *previous = sender->previous_sender;
    pool_give(&cube->senders, (uint32_t)sender_slot);
}

void cube_dispatch_scan(struct hypercube *cube, const struct cube_chain *chain)
{
    for (uint32_t slot = chain->senders.first; slot != 0;) {
        const struct sender *sender = pool_at(&cube->senders, slot);
        slot = sender->next_sender;
        for (uint32_t entry = sender->first; entry != 0;) {
            const struct entry *deferred = pool_at(&cube->entries, entry);
            delivery_check_found(&cube->check, deferred->parcel.envelope.id, chain->chain);
            entry = deferred->next;
        }
    }
}
