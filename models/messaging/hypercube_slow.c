/* The slow path's packets: entries to neighbours, answers back, and what is lost is sent again.
 *
 * A packet of entries carries what a final block added to the queue for one neighbour, and every
 * removal that the neighbour has not said to know. Places number the entries of a stream; the
 * neighbour shows them to its blocks in that order, whatever the network does. */

#include <string.h>

#include "models/messaging/hypercube_parts.h"

enum { PACKET_HEAD_BYTES = 64, ENTRY_BYTES = 32, REMOVAL_BYTES = 32, ANSWER_BYTES = 16 };
enum { PACKET_ENTRIES_MAX = 4096 };
enum { BACKOFF_MAX = 3 }; /* up to four times `resend` between two questions */

struct entries_head {
    uint32_t from, to; /* chains */
    uint32_t entry_count, removal_count, asked_count, pad;
    uint64_t removal_last; /* of the queue as it was when this was sent */
};

struct answer_head {
    uint32_t from, to;
    uint32_t count, pad;
    uint64_t removal_seen;
};

uint64_t cube_resend_ns(const struct hypercube *cube, uint32_t chain)
{
    uint64_t set_ns = (uint64_t)cube->config.resend_ns;
    return set_ns != 0 ? set_ns : 4 * cube_interval_ns(cube, chain);
}

void cube_slow_touch(struct hypercube *cube, struct list *touched, uint32_t slot)
{
    struct link *link = pool_at(&cube->links, slot);
    if (link->in_touched)
        return;
    link->in_touched = true;
    link->touched = 0;
    if (touched->last != 0)
        ((struct link *)pool_at(&cube->links, touched->last))->touched = slot;
    else
        touched->first = slot;
    touched->last = slot;
}

void cube_slow_answer(struct hypercube *cube, struct list *answered, uint32_t slot)
{
    struct link *link = pool_at(&cube->links, slot);
    if (link->in_answered)
        return;
    link->in_answered = true;
    link->answer_next = 0;
    if (answered->last != 0)
        ((struct link *)pool_at(&cube->links, answered->last))->answer_next = slot;
    else
        answered->first = slot;
    answered->last = slot;
}

/* What goes into a packet of entries: the news of a block, or what is due to be sent again. */
struct packet_plan {
    uint32_t first;  /* entry to start from */
    uint64_t due_ns; /* only those due by then; UINT64_MAX = all of them, for the first time */
};

static bool planned(const struct packet_plan *plan, const struct entry *entry)
{
    return plan->due_ns == UINT64_MAX || (entry->due_ns <= plan->due_ns && !entry->answered);
}

struct packet_size {
    uint32_t entries, asked, removals;
    uint32_t end; /* the entry that the next packet starts from, 0 = none is left */
    uint64_t wire_bytes;
};

static struct packet_size measure(const struct hypercube *cube, const struct link *link,
                                  const struct packet_plan *plan)
{
    struct packet_size size = {.wire_bytes = PACKET_HEAD_BYTES};
    size.end = plan->first;
    while (size.end != 0 && size.entries + size.asked < PACKET_ENTRIES_MAX) {
        const struct entry *entry = pool_at(&cube->entries, size.end);
        size.end = entry->next;
        if (!planned(plan, entry))
            continue;
        size.entries += !entry->received;
        size.asked += entry->received;
        size.wire_bytes +=
            entry->received ? ANSWER_BYTES : entry->parcel.envelope.bytes + ENTRY_BYTES;
    }
    for (uint32_t slot = link->removal_first; slot != 0; size.removals++)
        slot = ((const struct removal_node *)pool_at(&cube->removals, slot))->next;
    size.wire_bytes += (uint64_t)size.removals * REMOVAL_BYTES;
    return size;
}

/* Sends one packet and returns the entry that the next one starts from. subject and attempt address
 * its luck in the network. */
static uint32_t send_entries(struct hypercube *cube, struct context *context,
                             const struct link *link, const struct packet_plan *plan,
                             uint64_t depart_ns, uint64_t subject, uint32_t attempt)
{
    struct packet_size size = measure(cube, link, plan);
    size_t bytes = sizeof(struct entries_head) + size.entries * sizeof(struct parcel) +
                   size.removals * sizeof(struct removal) + size.asked * sizeof(uint64_t);
    unsigned char *packet = cube_packet_room(cube, bytes);
    struct entries_head head = {link->chain,       link->neighbour, size.entries,
                                size.removals,     size.asked,      0,
                                link->removal_last};
    memcpy(packet, &head, sizeof head);
    unsigned char *entries = packet + sizeof head;
    unsigned char *removals = entries + size.entries * sizeof(struct parcel);
    unsigned char *asked = removals + size.removals * sizeof(struct removal);
    /* What the neighbour holds is asked after ever more rarely; what it may not have is not. */
    uint64_t resend_ns = cube_resend_ns(cube, link->chain);
    for (uint32_t slot = plan->first; slot != size.end;) {
        struct entry *entry = pool_at(&cube->entries, slot);
        slot = entry->next;
        if (!planned(plan, entry))
            continue;
        entry->due_ns = depart_ns + resend_ns * (entry->received ? link->backoff + 1 : 1);
        unsigned char **place = entry->received ? &asked : &entries;
        const void *what = entry->received ? (const void *)&entry->parcel.envelope.id
                                           : (const void *)&entry->parcel;
        size_t what_bytes = entry->received ? sizeof(uint64_t) : sizeof(struct parcel);
        memcpy(*place, what, what_bytes);
        *place += what_bytes;
    }
    for (uint32_t slot = link->removal_first; slot != 0;) {
        const struct removal_node *node = pool_at(&cube->removals, slot);
        memcpy(removals, &node->removal, sizeof node->removal);
        removals += sizeof node->removal;
        slot = node->next;
    }
    context_send(context,
                 &(struct send){.to = cube_gateway(cube, link->neighbour, link->chain + attempt),
                                .wire_bytes = (uint32_t)size.wire_bytes,
                                .slot = cube->slot,
                                .kind = CUBE_ENTRIES,
                                .attempt = attempt,
                                .chain = link->chain,
                                .subject = subject,
                                .depart_ns = depart_ns,
                                .payload = packet,
                                .payload_bytes = bytes});
    return size.end;
}

void cube_slow_arm(struct hypercube *cube, struct context *context, struct link *link,
                   uint64_t at_ns)
{
    if (link->timer_set)
        return;
    link->timer_set = true;
    link->timer_node = context->self;
    context_timer(context, context->self, cube->slot, CUBE_TIMER_RESEND, link->chain,
                  at_ns < context->now_ns ? context->now_ns : at_ns, link->neighbour);
}

void cube_slow_send_news(struct hypercube *cube, struct context *context, const struct block *block,
                         const struct list *touched, uint64_t visible_ns)
{
    uint64_t depart_ns = cube->config.break_rule == CUBE_BREAK_EARLY ? context->now_ns : visible_ns;
    for (uint32_t slot = touched->first; slot != 0;) {
        struct link *link = pool_at(&cube->links, slot);
        struct packet_plan plan = {link->news, UINT64_MAX};
        if (link->news != 0) /* the neighbour sees the block whole once it has its last entry */
            ((struct entry *)pool_at(&cube->entries, link->out_last))->parcel.block_last = 1;
        uint32_t attempt = 0;
        do
            plan.first = send_entries(cube, context, link, &plan, depart_ns, block->id, attempt++);
        while (plan.first != 0);
        cube_slow_arm(cube, context, link, depart_ns + cube_resend_ns(cube, link->chain));
        slot = link->touched;
        link->news = 0;
        link->in_touched = false;
    }
}

static void send_answer(struct hypercube *cube, struct context *context, struct link *link,
                        enum cube_message kind, const uint64_t *ids, uint32_t count,
                        uint64_t depart_ns, uint64_t subject, uint32_t attempt)
{
    size_t bytes = sizeof(struct answer_head) + count * sizeof *ids;
    struct answer_head head = {link->chain, link->neighbour, count, 0, link->removal_seen};
    unsigned char *packet = (unsigned char *)ids - sizeof head; /* room was left before the ids */
    memcpy(packet, &head, sizeof head);
    context_send(context,
                 &(struct send){.to = cube_gateway(cube, link->neighbour, link->chain + attempt),
                                .wire_bytes = PACKET_HEAD_BYTES + count * ANSWER_BYTES,
                                .slot = cube->slot,
                                .kind = (uint8_t)kind,
                                .attempt = attempt,
                                .chain = link->chain,
                                .subject = subject,
                                .depart_ns = depart_ns,
                                .payload = packet,
                                .payload_bytes = bytes});
}

/* Room for so many ids, with the head of an answer before them. */
static uint64_t *answer_room(struct hypercube *cube, uint32_t count)
{
    unsigned char *packet =
        cube_packet_room(cube, sizeof(struct answer_head) + count * sizeof(uint64_t));
    return (uint64_t *)(void *)(packet + sizeof(struct answer_head));
}

void cube_slow_send_processed(struct hypercube *cube, struct context *context,
                              const struct block *block, const struct list *answered,
                              uint64_t depart_ns)
{
    for (uint32_t slot = answered->first; slot != 0;) {
        struct link *link = pool_at(&cube->links, slot);
        uint32_t count = 0;
        for (uint32_t mirror = link->done_first; mirror != 0; count++)
            mirror = ((const struct mirror *)pool_at(&cube->mirrors, mirror))->next;
        uint64_t *ids = answer_room(cube, count);
        count = 0;
        for (uint32_t mirror = link->done_first; mirror != 0;) {
            const struct mirror *done = pool_at(&cube->mirrors, mirror);
            uint32_t next = done->next;
            ids[count++] = done->parcel.envelope.id;
            pool_give(&cube->mirrors, mirror);
            mirror = next;
        }
        link->done_first = link->done_last = 0;
        if (cube->config.break_rule != CUBE_BREAK_DELIVER_TWICE)
            send_answer(cube, context, link, CUBE_PROCESSED, ids, count, depart_ns, block->id, 0);
        link->answered_ns = depart_ns;
        slot = link->answer_next;
        link->in_answered = false;
    }
}

/* Holds a mirror until every earlier place has come; places in the list rise. */
static void hold(struct hypercube *cube, struct link *link, uint32_t slot)
{
    struct mirror *mirror = pool_at(&cube->mirrors, slot);
    uint32_t *place = &link->held_first;
    while (*place != 0) {
        struct mirror *other = pool_at(&cube->mirrors, *place);
        if (other->parcel.place > mirror->parcel.place)
            break;
        place = &other->next;
    }
    mirror->next = *place;
    *place = slot;
}

static bool is_held(const struct hypercube *cube, const struct link *link, uint64_t place)
{
    for (uint32_t slot = link->held_first; slot != 0;) {
        const struct mirror *mirror = pool_at(&cube->mirrors, slot);
        if (mirror->parcel.place >= place)
            return mirror->parcel.place == place;
        slot = mirror->next;
    }
    return false;
}

/* The place up to which held entries may be shown: they follow each other without a gap. Watermarks
 * know whole blocks only, so with them a block is shown when its last entry has come. */
static uint64_t shown_upto(const struct hypercube *cube, const struct link *link)
{
    uint64_t upto = link->place_seen, next = upto + 1;
    for (uint32_t slot = link->held_first; slot != 0; next++) {
        const struct mirror *mirror = pool_at(&cube->mirrors, slot);
        SIM_ASSERT(mirror->parcel.place >= next);
        if (mirror->parcel.place != next)
            break;
        if (cube->config.dedup != CUBE_WATERMARK || mirror->parcel.block_last != 0)
            upto = next;
        slot = mirror->next;
    }
    return upto;
}

static bool show_held(struct hypercube *cube, struct cube_chain *chain, struct link *link)
{
    bool shown = false;
    uint64_t upto = shown_upto(cube, link);
    while (link->place_seen < upto) {
        uint32_t slot = link->held_first;
        struct mirror *mirror = pool_at(&cube->mirrors, slot);
        link->place_seen++;
        SIM_ASSERT(mirror->parcel.place == link->place_seen);
        link->held_first = mirror->next;
        mirror->next = 0;
        if (mirror->parcel.block_end_lt > link->end_lt)
            link->end_lt = mirror->parcel.block_end_lt;
        if (mirror->state == MIRROR_GONE) {
            mirror->left = mirror->in_act;
            if (!mirror->in_act)
                cube_mirror_free(cube, chain, slot);
            continue;
        }
        cube_mirror_ready(cube, chain, slot);
        shown = true;
    }
    return shown;
}

static uint32_t make_mirror(struct hypercube *cube, uint32_t link_slot, const struct parcel *parcel,
                            enum mirror_state state)
{
    uint32_t slot = pool_take(&cube->mirrors);
    struct mirror *mirror = pool_at(&cube->mirrors, slot);
    mirror->parcel = *parcel;
    mirror->link = link_slot;
    mirror->state = (uint8_t)state;
    return slot;
}

/* A removal seen for the first time. One whose entry never came fills the gap in the stream. */
static bool take_removal(struct hypercube *cube, struct cube_chain *chain, struct link *link,
                         uint32_t link_slot, const struct removal *removal)
{
    if (removal->number != link->removal_seen + 1)
        return false;
    link->removal_seen++;
    if (removal->place > link->place_seen && !is_held(cube, link, removal->place)) {
        struct parcel tombstone = {.envelope = {.id = removal->id}, .place = removal->place};
        hold(cube, link, make_mirror(cube, link_slot, &tombstone, MIRROR_GONE));
    }
    struct input input = {.kind = INPUT_REMOVED,
                          .stopped = removal->stopped != 0,
                          .id = removal->id,
                          .to = removal->to};
    cube_input_put(cube, chain, &input);
    return input.stopped;
}

enum fate { FATE_NEW, FATE_PENDING, FATE_PROCESSED, FATE_STALE };

/* What a packet's entry is to us. A stale packet shows the queue as it was before a removal that we
 * know of: what it repeats may be forgotten already, and must not pass for new. */
static enum fate entry_fate(struct hypercube *cube, struct cube_chain *chain,
                            const struct link *link, const struct parcel *parcel, bool stale)
{
    uint64_t slot;
    if (map_get(&chain->mirrors, parcel->envelope.id, &slot))
        return FATE_PENDING;
    bool seen = parcel->place <= link->place_seen || is_held(cube, link, parcel->place);
    if (stale && seen)
        return FATE_STALE;
    if (!seen)
        return FATE_NEW;
    return cube_already(cube, chain, link, parcel) ? FATE_PROCESSED : FATE_NEW;
}

struct answers {
    bool shown; /* false: our latest block is not visible yet, so nobody may know of its imports */
    uint64_t *ids; /* pending from the front, processed from the back */
    uint32_t pending, processed, capacity;
};

static void note_fate(struct answers *answers, enum fate fate, uint64_t id)
{
    SIM_ASSERT(answers->pending + answers->processed < answers->capacity);
    if (fate == FATE_PROCESSED && !answers->shown)
        fate = FATE_PENDING;
    if (fate == FATE_PENDING)
        answers->ids[answers->pending++] = id;
    if (fate == FATE_PROCESSED)
        answers->ids[answers->capacity - ++answers->processed] = id;
}

static void send_fates(struct hypercube *cube, struct context *context, struct link *link,
                       const struct answers *answers)
{
    /* The second packet is written over the ids of the first, which has been copied by then. */
    if (answers->pending > 0)
        send_answer(cube, context, link, CUBE_RECEIPT, answers->ids, answers->pending, 0,
                    answers->ids[0], ++link->answers);
    if (answers->processed == 0)
        return;
    uint64_t *ids = answers->ids;
    memmove(ids, ids + answers->capacity - answers->processed, answers->processed * sizeof *ids);
    send_answer(cube, context, link, CUBE_PROCESSED, ids, answers->processed, 0, ids[0],
                ++link->answers);
}

void cube_slow_on_entries(struct hypercube *cube, struct context *context,
                          const struct message *message)
{
    struct entries_head head;
    const unsigned char *at = message->payload;
    memcpy(&head, at, sizeof head);
    at += sizeof head;
    const unsigned char *removals = at + head.entry_count * sizeof(struct parcel);
    const unsigned char *asked = removals + head.removal_count * sizeof(struct removal);
    struct cube_chain *chain = cube_chain_get(cube, head.to);
    stack_here(cube->stack, context, head.to);
    uint32_t link_slot;
    struct link *link = cube_link_get(cube, head.to, head.from, &link_slot);
    bool stale = head.removal_last < link->removal_seen, wanted = false, owed = false;
    for (uint32_t i = 0; i < head.removal_count; i++) {
        struct removal removal;
        memcpy(&removal, removals + i * sizeof removal, sizeof removal);
        wanted |= take_removal(cube, chain, link, link_slot, &removal);
        owed |= removal.stopped != 0; /* it is repeated until we say that we know */
    }
    struct answers answers = {.shown = context->now_ns >= link->answered_ns,
                              .capacity = head.entry_count + head.asked_count};
    answers.ids = answer_room(cube, answers.capacity);
    for (uint32_t i = 0; i < head.entry_count; i++) {
        struct parcel parcel;
        memcpy(&parcel, at + i * sizeof parcel, sizeof parcel);
        parcel.links++;
        enum fate fate = entry_fate(cube, chain, link, &parcel, stale);
        note_fate(&answers, fate, parcel.envelope.id);
        if (fate != FATE_NEW)
            continue;
        uint32_t slot = make_mirror(cube, link_slot, &parcel, MIRROR_HELD);
        map_put(&chain->mirrors, parcel.envelope.id, slot);
        if (parcel.place > link->place_seen) {
            hold(cube, link, slot);
        } else { /* repeated, and neither in view nor remembered: it counts as new */
            cube_mirror_ready(cube, chain, slot);
            wanted = true;
        }
    }
    for (uint32_t i = 0; i < head.asked_count; i++) {
        uint64_t id, slot;
        memcpy(&id, asked + i * sizeof id, sizeof id);
        bool pending = map_get(&chain->mirrors, id, &slot);
        if (!stale)
            note_fate(&answers, pending ? FATE_PENDING : FATE_PROCESSED, id);
    }
    send_fates(cube, context, link, &answers);
    if (owed && answers.pending + answers.processed == 0)
        send_answer(cube, context, link, CUBE_RECEIPT, answers.ids, 0, 0, head.from,
                    ++link->answers);
    wanted |= show_held(cube, chain, link);
    if (wanted)
        cube_wake(cube, context, head.to);
}

static void forget_removals(struct hypercube *cube, struct link *link, uint64_t known)
{
    while (link->removal_first != 0) {
        uint32_t slot = link->removal_first;
        const struct removal_node *node = pool_at(&cube->removals, slot);
        if (node->removal.number > known)
            return;
        link->removal_first = node->next;
        if (node->next == 0)
            link->removal_newest = 0;
        pool_give(&cube->removals, slot);
    }
    link->told_stop = false;
}

void cube_slow_on_answer(struct hypercube *cube, struct context *context,
                         const struct message *message, bool processed)
{
    struct answer_head head;
    const unsigned char *at = message->payload;
    memcpy(&head, at, sizeof head);
    at += sizeof head;
    stack_here(cube->stack, context, head.to);
    struct cube_chain *chain = cube_chain_get(cube, head.to);
    uint32_t link_slot;
    struct link *link = cube_link_find(cube, head.to, head.from, &link_slot);
    SIM_ASSERT(link != NULL); /* nobody answers what was not sent */
    bool wanted = false;
    for (uint32_t i = 0; i < head.count; i++) {
        uint64_t id, slot;
        memcpy(&id, at + i * sizeof id, sizeof id);
        if (!map_get(&chain->entries, id, &slot))
            continue;
        struct entry *entry = pool_at(&cube->entries, (uint32_t)slot);
        if (entry->link != link_slot || entry->answered)
            continue;
        entry->received = true;
        if (!processed)
            continue;
        entry->answered = true;
        struct input input = {.kind = INPUT_PROCESSED, .id = id};
        cube_input_put(cube, chain, &input);
        wanted = true;
    }
    forget_removals(cube, link, head.removal_seen);
    link->backoff = 0;
    if (wanted)
        cube_wake(cube, context, head.to);
}

void cube_slow_on_timer(struct hypercube *cube, struct context *context, uint32_t chain,
                        uint32_t neighbour)
{
    uint32_t link_slot;
    struct link *link = cube_link_find(cube, chain, neighbour, &link_slot);
    SIM_ASSERT(link != NULL);
    link->timer_set = false;
    uint64_t earliest_ns = UINT64_MAX, subject = 0;
    for (uint32_t slot = link->out_first; slot != 0;) {
        const struct entry *entry = pool_at(&cube->entries, slot);
        slot = entry->next;
        if (entry->answered)
            continue;
        if (entry->due_ns <= context->now_ns && subject == 0)
            subject = entry->parcel.envelope.id;
        if (entry->due_ns < earliest_ns)
            earliest_ns = entry->due_ns;
    }
    if (earliest_ns > context->now_ns && link->told_stop)
        subject = neighbour; /* only the news of stopped copies are due */
    if (subject != 0) {
        struct packet_plan plan = {link->out_first, context->now_ns};
        do {
            link->attempts++;
            plan.first =
                send_entries(cube, context, link, &plan, context->now_ns, subject, link->attempts);
            cube_count(cube, context, CUBE_PACKETS_RESENT, 1);
        } while (plan.first != 0);
        link->backoff = link->backoff * 2 + 1 < BACKOFF_MAX ? link->backoff * 2 + 1 : BACKOFF_MAX;
        earliest_ns = context->now_ns + cube_resend_ns(cube, chain);
    }
    if (earliest_ns != UINT64_MAX)
        cube_slow_arm(cube, context, link, earliest_ns);
}
