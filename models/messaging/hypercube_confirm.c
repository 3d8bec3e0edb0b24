/* Confirmations of instant deliveries (TON-43): back along the hypercube's edges over the network,
 * without waiting for commits; each shard on the way commits it and stops the slow copy. Then the
 * destination is told that the last copy is gone, so that it can forget the message (TON-49). */

#include <string.h>

#include "models/messaging/hypercube_proofs.h"

enum { CONFIRM_HEAD_BYTES = 128, STOPPED_BYTES = 64, LIE_ATTEMPT = 1000000 };
enum { DOUBLINGS_MAX = 4 }; /* nobody waits for a notice, so it may become rare */

struct confirm_packet {
    uint64_t id;
    struct address from, to;
    uint32_t deliverer, target; /* chains: who delivered, who reads this */
    unsigned char hash[HASH_BYTES];
    struct block_proof proof;
};

struct stopped_packet {
    uint64_t id;
    uint64_t position; /* no copy of the proof speaks as of a later one */
    uint64_t fee;      /* that the stopped copy had left, for the deliverer (TON-41) */
    uint32_t from, to;
};

static uint64_t locate(const void *self, struct address address)
{
    const struct hypercube *cube = self;
    uint32_t chain = cube_find(cube, address);
    return chain == CHAIN_NONE ? 0 : cube_prefix(cube, chain).prefix;
}

/* The shard before `here` on the message's slow itinerary; CHAIN_NONE at its source. */
static uint32_t chain_before(const struct hypercube *cube, struct address from, struct address to,
                             uint32_t here)
{
    struct route_visit visits[ROUTE_VISITS_MAX];
    unsigned count = route_walk((enum routing)cube->config.routing, cube_digit_bits(cube), from, to,
                                locate, cube, visits);
    for (unsigned i = 1; i < count; i++) {
        struct address entered = visits[i - 1].next;
        if (cube_find(cube, entered) != here)
            continue;
        return i == 1 ? cube_find(cube, from) : cube_find(cube, visits[i - 2].next);
    }
    return CHAIN_NONE;
}

static void send_confirm(struct hypercube *cube, struct context *context,
                         const struct confirm_packet *confirm, uint32_t here, uint32_t attempt)
{
    size_t bytes =
        offsetof(struct confirm_packet, proof) + BLOCK_PROOF_HEAD + confirm->proof.proof_bytes;
    uint32_t proof_bytes = BLOCK_PROOF_WIRE_HEAD + confirm->proof.proof_bytes;
    cube_count(cube, context, CUBE_PROOF_BYTES, proof_bytes);
    context_send(context, &(struct send){.to = cube_gateway(cube, confirm->target, here + attempt),
                                         .wire_bytes = CONFIRM_HEAD_BYTES + proof_bytes,
                                         .slot = cube->slot,
                                         .kind = CUBE_CONFIRM,
                                         .attempt = attempt,
                                         .chain = here,
                                         .subject = confirm->id,
                                         .payload = confirm,
                                         .payload_bytes = bytes});
}

/* The deliverer signs which message it was, so that a confirmation stops no other one. */
static size_t item_of(uint64_t id, const unsigned char hash[HASH_BYTES],
                      unsigned char ret_item[PROOF_ITEM_MAX])
{
    memcpy(ret_item, hash, HASH_BYTES);
    for (unsigned i = 0; i < 8; i++)
        ret_item[HASH_BYTES + i] = (unsigned char)(id >> (8 * i));
    return HASH_BYTES + 8;
}

static struct merkle_hash leaf_of(uint64_t id, const unsigned char hash[HASH_BYTES])
{
    unsigned char item[PROOF_ITEM_MAX];
    size_t bytes = item_of(id, hash, item);
    return merkle_leaf(item, bytes);
}

static bool holds(struct hypercube *cube, struct context *context,
                  const struct confirm_packet *confirm)
{
    unsigned char item[PROOF_ITEM_MAX];
    size_t bytes = item_of(confirm->id, confirm->hash, item);
    enum proof_verdict verdict = PROOF_WRONG_BLOCK;
    if (cube->config.break_rule == CUBE_BREAK_TRUST)
        return true;
    if (cube_find(cube, confirm->to) == confirm->deliverer)
        verdict = cube_proof_check(cube, &confirm->proof, item, bytes, confirm->deliverer);
    return cube_accept_verdict(cube, context, confirm->target, confirm->id, verdict);
}

/* A lie: the confirmation is said to be of another message that stands in our queue and goes to the
 * same chain; the next shard on its way would stop the copy that it gets from us. */
static void forge_confirm(struct hypercube *cube, struct context *context,
                          const struct cube_chain *chain, const struct confirm_packet *confirm)
{
    uint64_t own;
    if (!map_get(&chain->entries, confirm->id, &own))
        return;
    struct entry *basis = pool_at(&cube->entries, (uint32_t)own);
    if (basis->lied)
        return; /* once each: lies about lies must not multiply */
    basis->lied = true;
    for (uint32_t link_slot = chain->links.first; link_slot != 0;) {
        const struct link *link = pool_at(&cube->links, link_slot);
        link_slot = link->next_of_chain;
        for (uint32_t slot = link->out_first; slot != 0;) {
            const struct entry *entry = pool_at(&cube->entries, slot);
            const struct envelope *other = &entry->parcel.envelope;
            slot = entry->next;
            if (other->id == confirm->id || cube_find(cube, other->to) != confirm->deliverer ||
                link->neighbour == confirm->deliverer)
                continue;
            struct confirm_packet lie = *confirm;
            lie.id = other->id;
            lie.from = other->from;
            lie.to = other->to;
            lie.target = link->neighbour;
            send_confirm(cube, context, &lie, chain->chain, LIE_ATTEMPT);
            cube_count(cube, context, CUBE_LIES, 1);
            return;
        }
    }
}

/* What a block proves to have been delivered: everything it delivered, and, where copies come again
 * because a confirmation was lost, what it found delivered. */
static const struct parcel *proven(const struct hypercube *cube, const struct act *act)
{
    switch ((enum act_kind)act->kind) {
    case ACT_LOCAL:
        return &((const struct entry *)pool_at(&cube->entries, act->entry))->parcel;
    case ACT_OWN:
    case ACT_SLOW:
        return &((const struct mirror *)pool_at(&cube->mirrors, act->mirror))->parcel;
    case ACT_INSTANT:
    case ACT_IGNORE: {
        const struct input *input = pool_at(&cube->inputs, act->input);
        return pool_at(&cube->parcels, input->parcel);
    }
    case ACT_EMIT:
    case ACT_DEFER:
    case ACT_DISPATCH:
    case ACT_FORWARD:
    case ACT_DISCARD:
    case ACT_REFUSE:
    case ACT_DEQUEUE:
    case ACT_STOP:
    case ACT_CONFIRM:
    case ACT_FORGET:
    case ACT_LAST_COPY:
    case ACT_INPUT:
    case ACT_STORAGE:
    case ACT_UNMIRROR:
        break;
    }
    return NULL;
}

static bool confirms(const struct hypercube *cube, const struct act *act)
{
    return act->kind == ACT_INSTANT ||
           (act->kind == ACT_IGNORE && cube->config.path == CUBE_INSTANT);
}

void cube_confirm_send(struct hypercube *cube, struct context *context, const struct block *block,
                       const struct cube_part *part)
{
    uint32_t leaves = 0, wanted = 0, index = 0;
    for (uint32_t slot = part->first; slot != 0;) {
        const struct act *act = pool_at(&cube->acts, slot);
        leaves += proven(cube, act) != NULL;
        wanted += confirms(cube, act);
        slot = act->next;
    }
    if (wanted == 0)
        return;
    cube_tree_room(cube, leaves);
    for (uint32_t slot = part->first; slot != 0;) {
        const struct act *act = pool_at(&cube->acts, slot);
        const struct parcel *parcel = proven(cube, act);
        if (parcel != NULL)
            cube->tree[index++] = leaf_of(parcel->envelope.id, parcel->hash);
        slot = act->next;
    }
    merkle_build(cube->tree, leaves);
    index = 0;
    for (uint32_t slot = part->first; slot != 0;) {
        const struct act *act = pool_at(&cube->acts, slot);
        slot = act->next;
        const struct parcel *parcel = proven(cube, act);
        if (parcel == NULL)
            continue;
        uint32_t leaf = index++;
        if (!confirms(cube, act))
            continue;
        const struct envelope *envelope = &parcel->envelope;
        struct confirm_packet confirm = {.id = envelope->id,
                                         .from = envelope->from,
                                         .to = envelope->to,
                                         .deliverer = block->chain};
        confirm.target = cube->config.path == CUBE_INSTANT
                             ? (uint32_t)(envelope->id >> 32)
                             : chain_before(cube, envelope->from, envelope->to, block->chain);
        SIM_ASSERT(confirm.target != CHAIN_NONE);
        memcpy(confirm.hash, parcel->hash, HASH_BYTES);
        cube_prove(cube, block, 0, leaves, leaf, &confirm.proof);
        send_confirm(cube, context, &confirm, block->chain, (uint32_t)block->id);
    }
}

void cube_confirm_on_message(struct hypercube *cube, struct context *context,
                             const struct message *message)
{
    struct confirm_packet confirm;
    SIM_ASSERT(message->payload_bytes <= sizeof confirm);
    memcpy(&confirm, message->payload, message->payload_bytes);
    uint32_t here = confirm.target;
    stack_here(cube->stack, context, here);
    if (!holds(cube, context, &confirm))
        return;
    struct cube_chain *chain = cube_chain_get(cube, here);
    if (cube_byzantine_lies(cube, context, CUBE_FORGE_CONFIRM, confirm.id))
        forge_confirm(cube, context, chain, &confirm);
    struct input input = {.kind = INPUT_CONFIRM, .id = confirm.id};
    cube_input_put(cube, chain, &input);
    cube_wake(cube, context, here);
    if (cube->config.path == CUBE_INSTANT) {
        uint64_t slot;
        struct entry *entry = NULL;
        if (map_get(&chain->entries, confirm.id, &slot))
            entry = pool_at(&cube->entries, (uint32_t)slot);
        if (entry == NULL || entry->answered)
            return; /* a copy of a copy: it says nothing about the room on the way */
        entry->answered = true;
        cube_instant_take_up(cube, context, chain, confirm.deliverer);
        return;
    }
    confirm.target = chain_before(cube, confirm.from, confirm.to, here);
    if (confirm.target != CHAIN_NONE)
        send_confirm(cube, context, &confirm, here, 0);
}

static void send_stopped(struct hypercube *cube, struct context *context, uint32_t from,
                         uint32_t to, const struct stop_notice *notice, enum cube_message kind)
{
    uint32_t attempt = notice->attempt;
    struct stopped_packet packet = {notice->id, notice->position, notice->fee, from, to};
    context_send(context, &(struct send){.to = cube_gateway(cube, to, from + attempt),
                                         .wire_bytes = STOPPED_BYTES,
                                         .slot = cube->slot,
                                         .kind = (uint8_t)kind,
                                         .attempt = attempt,
                                         .chain = from,
                                         .subject = notice->id,
                                         .payload = &packet,
                                         .payload_bytes = sizeof packet});
}

void cube_stop_rearm(struct hypercube *cube, struct context *context, struct cube_chain *chain)
{
    if (chain->stopped_timer || chain->stops.first == 0)
        return;
    uint64_t earliest_ns = UINT64_MAX;
    for (uint32_t slot = chain->stops.first; slot != 0;) {
        const struct stop_notice *notice = pool_at(&cube->stops, slot);
        if (notice->due_ns < earliest_ns)
            earliest_ns = notice->due_ns;
        slot = notice->next;
    }
    if (earliest_ns < context->now_ns)
        earliest_ns = context->now_ns;
    chain->stopped_timer = true;
    chain->stopped_node = context->self;
    context_timer(context, context->self, cube->slot, CUBE_TIMER_STOPPED, chain->chain, earliest_ns,
                  0);
}

void cube_stop_notify(struct hypercube *cube, struct context *context, struct cube_chain *chain,
                      uint64_t id, uint32_t destination, uint64_t position, uint64_t fee)
{
    uint32_t slot = pool_take(&cube->stops);
    struct stop_notice *notice = pool_at(&cube->stops, slot);
    *notice = (struct stop_notice){.id = id,
                                   .due_ns = context->now_ns + cube_resend_ns(cube, chain->chain),
                                   .position = position,
                                   .fee = fee,
                                   .destination = destination};
    if (chain->stops.last != 0)
        ((struct stop_notice *)pool_at(&cube->stops, chain->stops.last))->next = slot;
    else
        chain->stops.first = slot;
    chain->stops.last = slot;
    send_stopped(cube, context, chain->chain, destination, notice, CUBE_STOPPED);
    cube_stop_rearm(cube, context, chain);
}

void cube_stop_on_message(struct hypercube *cube, struct context *context,
                          const struct message *message)
{
    struct stopped_packet packet;
    memcpy(&packet, message->payload, sizeof packet);
    stack_here(cube->stack, context, packet.to);
    struct cube_chain *chain = cube_chain_get(cube, packet.to);
    uint32_t slot, instant = instant_table_named(&chain->instant, packet.id);
    const struct dedup_node *node = cube_node_find(cube, chain, packet.id, &slot);
    bool news = node != NULL && !node->fading;
    if (instant != 0)
        news |= !((const struct instant_node *)pool_at(&cube->instants, instant))->copy_gone;
    if (news) {
        struct input input = {
            .kind = INPUT_STOPPED, .id = packet.id, .fee = packet.fee, .position = packet.position};
        cube_input_put(cube, chain, &input); /* the set lets go in whatever block comes next */
        if (packet.fee > 0)
            cube_wake(cube, context, packet.to);
    }
    struct stop_notice receipt = {.id = packet.id, .attempt = (uint32_t)(context->now_ns >> 20)};
    send_stopped(cube, context, packet.to, packet.from, &receipt, CUBE_STOPPED_RECEIPT);
}

void cube_stop_on_receipt(struct hypercube *cube, struct context *context,
                          const struct message *message)
{
    struct stopped_packet packet;
    memcpy(&packet, message->payload, sizeof packet);
    stack_here(cube->stack, context, packet.to);
    struct cube_chain *chain = cube_chain_get(cube, packet.to);
    uint32_t before = 0;
    for (uint32_t slot = chain->stops.first; slot != 0;) {
        struct stop_notice *notice = pool_at(&cube->stops, slot);
        if (notice->id != packet.id) {
            before = slot;
            slot = notice->next;
            continue;
        }
        if (before != 0)
            ((struct stop_notice *)pool_at(&cube->stops, before))->next = notice->next;
        else
            chain->stops.first = notice->next;
        if (notice->next == 0)
            chain->stops.last = before;
        pool_give(&cube->stops, slot);
        return;
    }
}

void cube_stop_on_timer(struct hypercube *cube, struct context *context, uint32_t chain_id)
{
    struct cube_chain *chain = cube_chain_get(cube, chain_id);
    chain->stopped_timer = false;
    for (uint32_t slot = chain->stops.first; slot != 0;) {
        struct stop_notice *notice = pool_at(&cube->stops, slot);
        slot = notice->next;
        if (notice->due_ns > context->now_ns)
            continue;
        notice->attempt++;
        uint32_t doublings = notice->attempt < DOUBLINGS_MAX ? notice->attempt : DOUBLINGS_MAX;
        notice->due_ns = context->now_ns + (cube_resend_ns(cube, chain_id) << doublings);
        send_stopped(cube, context, chain_id, notice->destination, notice, CUBE_STOPPED);
    }
    cube_stop_rearm(cube, context, chain);
}
