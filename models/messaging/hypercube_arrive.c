/* The slow path's packets at their receiver: a neighbour's queue as packets show it, and answers.
 *
 * Entries become mirrors; they are shown to blocks in the order of their places, without gaps.
 * Every answer says up to which place all has come, so that the sender sees what is missing. */

#include <string.h>

#include "models/messaging/hypercube_proofs.h"
#include "models/messaging/hypercube_switch.h"

/* The place up to which everything has come, shown or not. */
static uint64_t place_held(const struct hypercube *cube, const struct link *link)
{
    uint64_t place = link->place_seen;
    for (uint32_t slot = link->held_first; slot != 0; place++) {
        const struct mirror *mirror = pool_at(&cube->mirrors, slot);
        if (mirror->parcel.place != place + 1)
            break;
        slot = mirror->next;
    }
    return place;
}

static void send_answer(struct hypercube *cube, struct context *context, struct link *link,
                        enum cube_message kind, const uint64_t *ids, uint32_t count, uint32_t heard,
                        uint64_t depart_ns, uint64_t subject, uint32_t attempt)
{
    size_t bytes = sizeof(struct answer_head) + count * sizeof *ids;
    struct answer_head head = {.from = link->chain,
                               .to = link->neighbour,
                               .count = count,
                               .heard = heard,
                               .epoch = cube_epoch(cube, link->chain, link->neighbour),
                               .removal_seen = link->removal_seen,
                               .place_seen = place_held(cube, link)};
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
            ((struct mirror *)pool_at(&cube->mirrors, mirror))->link = 0;
            pool_give(&cube->mirrors, mirror);
            mirror = next;
        }
        link->done_first = link->done_last = 0;
        if (cube->config.break_rule != CUBE_BREAK_DELIVER_TWICE)
            send_answer(cube, context, link, CUBE_PROCESSED, ids, count, 0, depart_ns, block->id,
                        0);
        link->answered_ns = depart_ns;
        slot = link->answer_next;
        link->in_answered = false;
    }
}

/* Holds a mirror until every earlier place has come; places in the list rise. */
static void hold(struct hypercube *cube, struct cube_chain *chain, struct link *link, uint32_t slot)
{
    chain->gaps += link->held_first == 0;
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

bool cube_slow_show(struct hypercube *cube, struct cube_chain *chain, struct link *link)
{
    bool shown = false;
    uint64_t upto = shown_upto(cube, link);
    while (link->place_seen < upto) {
        uint32_t slot = link->held_first;
        struct mirror *mirror = pool_at(&cube->mirrors, slot);
        link->place_seen++;
        SIM_ASSERT(mirror->parcel.place == link->place_seen);
        link->held_first = mirror->next;
        chain->gaps -= link->held_first == 0;
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
    void *place;
    uint32_t slot = pool_take_raw(&cube->mirrors, sizeof(struct mirror), &place);
    struct mirror *mirror = place;
    mirror->parcel = *parcel;
    mirror->link = link_slot;
    mirror->next = mirror->entry = 0;
    mirror->state = (uint8_t)state;
    mirror->in_act = mirror->left = false;
    return slot;
}

/* A removal seen for the first time. One whose entry never came fills the gap in the stream. */
static bool take_removal(struct hypercube *cube, struct cube_chain *chain, struct link *link,
                         uint32_t link_slot, const struct removal *removal)
{
    if (removal->number != link->removal_seen + 1)
        return false;
    link->removal_seen++;
    bool came = removal->place <= link->place_seen || is_held(cube, link, removal->place);
    if (!came) {
        struct parcel tombstone = {.envelope = {.id = removal->id}, .place = removal->place};
        hold(cube, chain, link, make_mirror(cube, link_slot, &tombstone, MIRROR_GONE));
    }
    struct input input = {.kind = INPUT_REMOVED,
                          .stopped = removal->stopped != 0,
                          .never_came = !came,
                          .source = link->neighbour,
                          .id = removal->id,
                          .fee = removal->fee,
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
    uint64_t *ids; /* pending from the front, processed from the back */
    uint32_t pending, processed, capacity;
    uint32_t number; /* of the packet that they answer */
    bool wanted;     /* whatever it contained */
};

static void note_fate(struct answers *answers, enum fate fate, uint64_t id)
{
    SIM_ASSERT(answers->pending + answers->processed < answers->capacity);
    if (fate == FATE_PENDING)
        answers->ids[answers->pending++] = id;
    if (fate == FATE_PROCESSED)
        answers->ids[answers->capacity - ++answers->processed] = id;
}

static void send_fates(struct hypercube *cube, struct context *context, struct link *link,
                       const struct answers *answers)
{
    /* Nobody may know of imports before the block that made them is visible. */
    bool shown = context->now_ns >= link->answered_ns;
    bool later = answers->processed > 0 && !shown;
    uint64_t subject = answers->pending > 0 ? answers->ids[0] : link->neighbour;
    uint64_t *ids = answers->ids;
    /* The second packet is written over the ids of the first, which has been copied by then. */
    if (answers->pending > 0 || (answers->wanted && (answers->processed == 0 || later)))
        send_answer(cube, context, link, CUBE_RECEIPT, ids, answers->pending, answers->number, 0,
                    subject, ++link->answers);
    if (answers->processed == 0)
        return;
    memmove(ids, ids + answers->capacity - answers->processed, answers->processed * sizeof *ids);
    send_answer(cube, context, link, CUBE_PROCESSED, ids, answers->processed, answers->number,
                later ? link->answered_ns : 0, ids[0], ++link->answers);
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
    stack_here(cube->stack, context, head.to);
    if (!cube_current(cube, head.from, head.to, head.epoch))
        return; /* one of the two has died since; what it was about is sent again */
    struct cube_chain *chain = cube_chain_get(cube, head.to);
    uint32_t link_slot;
    struct link *link = cube_link_get(cube, head.to, head.from, &link_slot);
    bool stale = head.removal_last < link->removal_seen, wanted = false, owed = false;
    for (uint32_t i = 0; i < head.removal_count; i++) {
        struct removal removal;
        memcpy(&removal, removals + i * sizeof removal, sizeof removal);
        wanted |= take_removal(cube, chain, link, link_slot, &removal);
        owed |= removal.stopped != 0; /* it is repeated until we say that we know */
    }
    struct answers answers = {.capacity = head.entry_count + head.asked_count,
                              .number = head.number};
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
            hold(cube, chain, link, slot);
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
    wanted |= cube_slow_show(cube, chain, link);
    wanted = wanted || cube_accept_ready(cube, chain); /* it may have been the last gap */
    answers.wanted = owed || head.wants_answer != 0 || link->held_first != 0;
    send_fates(cube, context, link, &answers);
    if (wanted)
        cube_wake(cube, context, head.to);
}
