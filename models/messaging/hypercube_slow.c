/* The slow path's packets: entries to neighbours, answers back, and what is lost is sent again.
 *
 * A packet of entries carries what a final block added to the queue for one neighbour, and every
 * removal that the neighbour has not said to know. Places number the entries of a stream; the
 * neighbour shows them to its blocks in that order, whatever the network does.
 *
 * What is sent again goes in windows, the oldest first, one at a time: a link whose uplink is full
 * or whose neighbour is away must not fill the uplink with copies. Until a window is answered the
 * timer sends probes, which are heads alone; the answer to either says what has come, and what is
 * missing follows at once. A neighbour that sees a gap in the stream says so unasked.
 *
 * A queue may be long: what is due is found by its time, never by a walk over the queue. */

#include <string.h>

#include "models/messaging/hypercube_parts.h"
#include "models/messaging/hypercube_switch.h"

enum { ENTRY_BYTES = 32, REMOVAL_BYTES = 32 };
enum { BACKOFF_MAX = 3 }; /* up to four times `resend` between two questions */
enum { WINDOW_BYTES = 65536, REMOVALS_MAX = 1024 }; /* of one packet; TON-R23 has 65,536 bytes */

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

/* What goes into a packet of entries: the news of a block, what is due to be sent again, what an
 * answer showed to be missing, or nothing but a question. */
enum plan_kind { PLAN_NEWS, PLAN_DUE, PLAN_MISSING, PLAN_PROBE };
struct packet_plan {
    enum plan_kind kind;
    uint32_t first; /* entry to start from */
    uint64_t now_ns, resend_ns, interval_ns;
};

static bool planned(const struct packet_plan *plan, const struct link *link,
                    const struct entry *entry)
{
    switch (plan->kind) {
    case PLAN_NEWS:
        return true;
    case PLAN_MISSING:
        /* A later packet came and this did not; a younger one may only have been overtaken. */
        return !entry->answered && !entry->received && entry->packet < link->heard &&
               entry->due_ns + plan->interval_ns <= plan->now_ns + plan->resend_ns;
    case PLAN_DUE: /* by their times, not by a walk */
    case PLAN_PROBE:
        break;
    }
    return false;
}

struct link_of {
    const struct hypercube *cube;
    uint32_t link; /* slot */
};

struct packet_size {
    uint32_t entries, asked, removals;
    uint32_t end; /* the entry that the next packet starts from, 0 = none is left */
    uint64_t wire_bytes;
};

/* Whether an entry waits for an answer to that packet. */
static bool counts(const void *self, uint32_t slot, uint32_t packet, uint64_t *ret_place)
{
    const struct link_of *of = self;
    const struct entry *entry = pool_at(&of->cube->entries, slot);
    *ret_place = entry->parcel.place;
    return entry->packet == packet && entry->link == of->link && !entry->answered;
}

/* Of entries that went in one packet: when they will be due again. */
static void add_run(struct hypercube *cube, struct link *link, const uint32_t *slots,
                    uint32_t count, uint64_t at_ns, uint32_t packet)
{
    struct link_of of = {cube, link->slot};
    struct due_owner owner = {cube->memory, &cube->runs, counts, &of};
    if (!link->due_lost)
        due_runs_add(&link->due, &owner, at_ns, packet, slots, count);
}

/* After a switch places and times are others: they are read from the queue again. */
static void find_due(struct hypercube *cube, struct link *link, const struct due_owner *owner)
{
    uint64_t at_ns = 0;
    uint32_t count = 0, packet = 0;
    if (!link->due_lost)
        return;
    link->due_lost = false;
    due_runs_clear(&link->due, owner);
    for (uint32_t slot = link->out_first; slot != 0;) {
        const struct entry *entry = pool_at(&cube->entries, slot);
        bool same = entry->due_ns == at_ns && entry->packet == packet;
        if (!entry->answered && (!same || count == PACKET_ENTRIES_MAX)) {
            add_run(cube, link, cube->window, count, at_ns, packet);
            at_ns = entry->due_ns;
            packet = entry->packet;
            count = 0;
        }
        if (!entry->answered)
            cube->window[count++] = slot;
        slot = entry->next;
    }
    add_run(cube, link, cube->window, count, at_ns, packet);
}

/* The next entry that goes into the packet, 0 = none. */
static uint32_t next_planned(struct hypercube *cube, struct link *link,
                             const struct packet_plan *plan, uint32_t *at)
{
    if (plan->kind == PLAN_DUE) {
        struct link_of of = {cube, link->slot};
        struct due_owner owner = {cube->memory, &cube->runs, counts, &of};
        uint32_t slot;
        return due_runs_take(&link->due, &owner, &slot) ? slot : 0;
    }
    while (*at != 0) {
        uint32_t slot = *at;
        const struct entry *entry = pool_at(&cube->entries, slot);
        *at = entry->next;
        if (planned(plan, link, entry))
            return slot;
    }
    return 0;
}

/* Puts the packet's entries into cube->window, and those that are only asked after into
 * cube->asked, in the order of the queue. What the neighbour holds is asked after ever more rarely;
 * what it may not have is not. */
static struct packet_size choose(struct hypercube *cube, struct link *link,
                                 const struct packet_plan *plan, uint64_t depart_ns,
                                 uint32_t packet)
{
    struct packet_size size = {.end = plan->first, .wire_bytes = PACKET_HEAD_BYTES};
    uint64_t bytes_max = plan->kind == PLAN_NEWS ? UINT64_MAX : WINDOW_BYTES;
    uint64_t again_ns = depart_ns + plan->resend_ns;
    uint64_t asked_ns = depart_ns + plan->resend_ns * (link->backoff + 1);
    while (size.entries + size.asked < PACKET_ENTRIES_MAX && size.wire_bytes < bytes_max) {
        uint32_t slot = next_planned(cube, link, plan, &size.end);
        if (slot == 0)
            break;
        struct entry *entry = pool_at(&cube->entries, slot);
        entry->due_ns = entry->received ? asked_ns : again_ns;
        entry->packet = packet;
        if (entry->received)
            cube->asked[size.asked++] = slot;
        else
            cube->window[size.entries++] = slot;
        size.wire_bytes +=
            entry->received ? ANSWER_BYTES : entry->parcel.envelope.bytes + ENTRY_BYTES;
    }
    add_run(cube, link, cube->window, size.entries, again_ns, packet);
    add_run(cube, link, cube->asked, size.asked, asked_ns, packet);
    for (uint32_t slot = link->removal_first; slot != 0 && size.removals < REMOVALS_MAX;) {
        slot = ((const struct removal_node *)pool_at(&cube->removals, slot))->next;
        size.removals++;
    }
    size.wire_bytes += (uint64_t)size.removals * REMOVAL_BYTES;
    return size;
}

static void write_removals(const struct hypercube *cube, const struct link *link, uint32_t count,
                           unsigned char *at)
{
    uint32_t slot = link->removal_first;
    for (uint32_t i = 0; i < count; i++) {
        const struct removal_node *node = pool_at(&cube->removals, slot);
        memcpy(at + i * sizeof node->removal, &node->removal, sizeof node->removal);
        slot = node->next;
    }
}

/* Sends one packet and returns the entry that the next one starts from. subject and attempt address
 * its luck in the network. */
static uint32_t send_entries(struct hypercube *cube, struct context *context, struct link *link,
                             const struct packet_plan *plan, uint64_t depart_ns, uint64_t subject,
                             uint32_t attempt)
{
    uint32_t number = ++link->packets;
    struct packet_size size = choose(cube, link, plan, depart_ns, number);
    size_t bytes = sizeof(struct entries_head) + size.entries * sizeof(struct parcel) +
                   size.removals * sizeof(struct removal) + size.asked * sizeof(uint64_t);
    unsigned char *packet = cube_packet_room(cube, bytes);
    struct entries_head head = {.from = link->chain,
                                .to = link->neighbour,
                                .entry_count = size.entries,
                                .removal_count = size.removals,
                                .asked_count = size.asked,
                                .number = number,
                                .epoch = cube_epoch(cube, link->chain, link->neighbour),
                                .removal_last = link->removal_last,
                                .wants_answer = plan->kind != PLAN_NEWS};
    memcpy(packet, &head, sizeof head);
    unsigned char *entries = packet + sizeof head;
    unsigned char *removals = entries + size.entries * sizeof(struct parcel);
    unsigned char *asked = removals + size.removals * sizeof(struct removal);
    for (uint32_t i = 0; i < size.entries; i++) {
        const struct entry *entry = pool_at(&cube->entries, cube->window[i]);
        memcpy(entries + i * sizeof entry->parcel, &entry->parcel, sizeof entry->parcel);
    }
    for (uint32_t i = 0; i < size.asked; i++) {
        const struct entry *entry = pool_at(&cube->entries, cube->asked[i]);
        memcpy(asked + i * sizeof(uint64_t), &entry->parcel.envelope.id, sizeof(uint64_t));
    }
    write_removals(cube, link, size.removals, removals);
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

/* Sends a window of old entries, from the first of them that is in the plan, or a probe. */
static void send_again(struct hypercube *cube, struct context *context, struct link *link,
                       enum plan_kind kind, uint32_t first, uint64_t subject)
{
    struct packet_plan plan = {kind, first, context->now_ns, cube_resend_ns(cube, link->chain),
                               cube_interval_ns(cube, link->chain)};
    link->attempts++;
    send_entries(cube, context, link, &plan, context->now_ns, subject, link->attempts);
    if (kind != PLAN_PROBE)
        link->window = link->packets;
    cube_count(cube, context, CUBE_PACKETS_RESENT, 1);
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
        struct packet_plan plan = {PLAN_NEWS, link->news, context->now_ns,
                                   cube_resend_ns(cube, link->chain), 0};
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

/* The first entry that the neighbour is not known to hold; 0 = it holds all. A long queue is held
 * up to its last few entries, so what is known of the rest is not looked up again. */
static uint32_t first_open(const struct hypercube *cube, struct link *link)
{
    uint32_t slot = link->open_first != 0 ? link->open_first : link->out_first;
    while (slot != 0) {
        const struct entry *entry = pool_at(&cube->entries, slot);
        link->open_first = slot;
        if (!entry->received)
            break;
        slot = entry->next;
    }
    return slot;
}

/* An answer says how far the stream came. What it shows to be missing follows at once, unless a
 * window is still on its way: there is only one. */
static void take_up(struct hypercube *cube, struct context *context, struct link *link,
                    const struct answer_head *head)
{
    if (head->heard > link->heard)
        link->heard = head->heard;
    struct packet_plan plan = {PLAN_MISSING, first_open(cube, link), context->now_ns,
                               cube_resend_ns(cube, link->chain),
                               cube_interval_ns(cube, link->chain)};
    uint64_t missing = 0;
    while (plan.first != 0) {
        struct entry *entry = pool_at(&cube->entries, plan.first);
        if (entry->parcel.place <= head->place_seen) {
            entry->received = true;
        } else if (planned(&plan, link, entry)) {
            missing = entry->parcel.envelope.id;
            break;
        }
        plan.first = entry->next;
    }
    if (missing == 0 || link->window > link->heard)
        return;
    send_again(cube, context, link, PLAN_MISSING, plan.first, missing);
    cube_slow_arm(cube, context, link, context->now_ns + plan.resend_ns);
}

void cube_slow_on_answer(struct hypercube *cube, struct context *context,
                         const struct message *message, bool processed)
{
    struct answer_head head;
    const unsigned char *at = message->payload;
    memcpy(&head, at, sizeof head);
    at += sizeof head;
    stack_here(cube->stack, context, head.to);
    if (!cube_current(cube, head.from, head.to, head.epoch))
        return;
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
        cube_clean_answered(cube, chain, link, entry);
        wanted = true;
    }
    forget_removals(cube, link, head.removal_seen);
    link->backoff = 0;
    if (wanted)
        cube_wake(cube, context, head.to);
    if (head.heard != 0)
        take_up(cube, context, link, &head);
}

void cube_slow_on_timer(struct hypercube *cube, struct context *context, uint32_t chain,
                        uint32_t neighbour)
{
    uint32_t link_slot;
    struct link *link = cube_link_find(cube, chain, neighbour, &link_slot);
    if (link == NULL)
        return; /* one of the two has died */
    link->timer_set = false;
    struct link_of of = {cube, link_slot};
    struct due_owner owner = {cube->memory, &cube->runs, counts, &of};
    find_due(cube, link, &owner);
    due_runs_advance(&link->due, &owner, context->now_ns);
    uint64_t earliest_ns = due_runs_next_ns(&link->due), subject = 0;
    uint32_t first;
    if (due_runs_first(&link->due, &owner, &first))
        subject = ((const struct entry *)pool_at(&cube->entries, first))->parcel.envelope.id;
    else if (link->told_stop)
        subject = neighbour; /* only the news of stopped copies are due */
    /* What comes meanwhile finds the timer set, so it is never set for later than that. */
    uint64_t at_most_ns = context->now_ns + cube_resend_ns(cube, chain);
    if (subject != 0) {
        bool open = link->window > link->heard;
        send_again(cube, context, link, open ? PLAN_PROBE : PLAN_DUE, 0, subject);
        link->backoff = link->backoff * 2 + 1 < BACKOFF_MAX ? link->backoff * 2 + 1 : BACKOFF_MAX;
        earliest_ns = earliest_ns < at_most_ns ? earliest_ns : at_most_ns;
    }
    if (earliest_ns != UINT64_MAX)
        cube_slow_arm(cube, context, link, earliest_ns < at_most_ns ? earliest_ns : at_most_ns);
}

void cube_slow_forget(struct hypercube *cube, struct link *link)
{
    struct due_owner owner = {.memory = cube->memory, .slab = &cube->runs};
    due_runs_destroy(&link->due, &owner);
}
