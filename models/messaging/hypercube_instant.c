/* The instant path (TON-38..44) at its sender: a message with a Merkle proof, straight to the
 * destination. It goes at once, before the masterchain knows the block; with `path: both` once,
 * and with `path: instant` again until the confirmation is committed. */

#include <stdio.h>
#include <string.h>

#include "models/messaging/hypercube_proofs.h"
#include "sim/diagnostics.h"
#include "sim/quantity.h"

enum { PROOF_HEAD_BYTES = 64 };
enum { DOUBLINGS_MAX = 3, BURST_FIRST = 64 };

/* Two block intervals, and then a block that is final at that very instant goes first. Twice as
 * long after each attempt: copies must not fill an uplink faster than it empties. */
static uint64_t again_ns(const struct hypercube *cube, uint32_t chain, uint32_t attempt)
{
    uint32_t doublings = attempt < DOUBLINGS_MAX ? attempt : DOUBLINGS_MAX;
    return (2 * cube_interval_ns(cube, chain) + 1) << doublings;
}

void cube_instant_warn(const struct hypercube *cube, const struct build *build)
{
    const struct chain_seam *seam = &cube->stack->chain;
    if (cube->config.path != CUBE_INSTANT || seam->count(seam->self, CHAIN_SHARD) == 0)
        return;
    uint64_t interval_ns = cube_interval_ns(cube, seam->at(seam->self, CHAIN_SHARD, 0));
    uint64_t flight_ns =
        world_flight_ns(build->world, PROOF_HEAD_BYTES + BLOCK_PROOF_WIRE_HEAD + 8);
    uint64_t life_ns = (uint64_t)(cube->config.look_back - 1) * interval_ns;
    if (flight_ns < life_ns)
        return;
    char place[128], problem[320], flight[QUANTITY_TEXT_BYTES], life[QUANTITY_TEXT_BYTES];
    quantity_print(PARAM_DURATION, (int64_t)flight_ns, flight);
    quantity_print(PARAM_DURATION, (int64_t)life_ns, life);
    snprintf(place, sizeof place, "%s/path", build->pointer);
    snprintf(problem, sizeof problem,
             "a proof takes at least %s over the slowest link, and a busy destination refuses it "
             "after %s: such messages never arrive",
             flight, life);
    diagnostics_warn(build->diagnostics, "W301", place, problem,
                     "path \"both\", a larger look_back or a longer block_interval");
}

bool cube_instant_off(const struct hypercube *cube, uint64_t at_ns, uint64_t *ret_until_ns)
{
    const struct cube_off *windows = cube->config.instant_off.items;
    for (uint32_t i = 0; i < cube->config.instant_off.count; i++) {
        if ((uint64_t)windows[i].from_ns > at_ns || (uint64_t)windows[i].until_ns <= at_ns)
            continue;
        *ret_until_ns = (uint64_t)windows[i].until_ns;
        return true;
    }
    return false;
}

bool cube_instant_goes(const struct hypercube *cube, const struct envelope *envelope)
{
    uint64_t until_ns;
    bool ordered = (envelope->flags & ENVELOPE_NO_INSTANT) != 0 &&
                   cube->config.break_rule != CUBE_BREAK_IGNORE_ORDER;
    return cube->config.path != CUBE_SLOW && !ordered &&
           !cube_instant_off(cube, envelope->created_ns, &until_ns);
}

void cube_instant_transmit(struct hypercube *cube, struct context *context,
                           const struct parcel *parcel, const struct block_proof *proof,
                           const struct cube_way *way)
{
    size_t bytes = sizeof *parcel + BLOCK_PROOF_HEAD + proof->proof_bytes;
    unsigned char *packet = cube_packet_room(cube, bytes);
    memcpy(packet, parcel, sizeof *parcel);
    memcpy(packet + sizeof *parcel, proof, BLOCK_PROOF_HEAD + proof->proof_bytes);
    uint32_t proof_bytes = BLOCK_PROOF_WIRE_HEAD + proof->proof_bytes;
    cube_count(cube, context, CUBE_PROOF_BYTES, proof_bytes);
    context_send(context, &(struct send){.to = way->to,
                                         .wire_bytes = PROOF_HEAD_BYTES + parcel->envelope.bytes +
                                                       proof_bytes,
                                         .slot = cube->slot,
                                         .kind = CUBE_PROOF,
                                         .attempt = way->attempt,
                                         .chain = (uint32_t)(parcel->envelope.id >> 32),
                                         .subject = parcel->envelope.id,
                                         .depart_ns = way->depart_ns,
                                         .payload = packet,
                                         .payload_bytes = bytes});
}

static void send_proof(struct hypercube *cube, struct context *context, const struct parcel *parcel,
                       const struct block_proof *proof, uint32_t attempt)
{
    uint32_t source = (uint32_t)(parcel->envelope.id >> 32);
    uint32_t destination = cube_find(cube, parcel->envelope.to);
    struct cube_way way = {cube_gateway(cube, destination, source + attempt), attempt, 0};
    cube_instant_transmit(cube, context, parcel, proof, &way);
}

/* The tree over everything that the block emitted; returns the number of leaves. */
static uint32_t build_tree(struct hypercube *cube, const struct cube_part *part)
{
    uint32_t leaves = 0, index = 0;
    for (uint32_t slot = part->first; slot != 0;) {
        const struct act *act = pool_at(&cube->acts, slot);
        leaves += act->kind == ACT_EMIT;
        slot = act->next;
    }
    if (leaves == 0)
        return 0;
    cube_tree_room(cube, leaves);
    for (uint32_t slot = part->first; slot != 0;) {
        const struct act *act = pool_at(&cube->acts, slot);
        slot = act->next;
        if (act->kind != ACT_EMIT)
            continue;
        const struct entry *entry = pool_at(&cube->entries, act->entry);
        cube->tree[index++] = merkle_leaf(entry->parcel.hash, HASH_BYTES);
    }
    merkle_build(cube->tree, leaves);
    return leaves;
}

static void send_first(struct hypercube *cube, struct context *context, const struct block *block,
                       struct entry *entry, const struct block_proof *proof)
{
    if (!cube_byzantine_source(cube, context, &entry->parcel, proof))
        send_proof(cube, context, &entry->parcel, proof, 0);
    cube_count(cube, context, CUBE_INSTANT_SENT, 1);
    if (cube->config.path != CUBE_INSTANT)
        return;
    entry->proof_bytes = BLOCK_PROOF_HEAD + proof->proof_bytes;
    entry->proof = slab_take(&cube->proofs, entry->proof_bytes);
    memcpy(slab_at(&cube->proofs, entry->proof), proof, entry->proof_bytes);
    entry->due_ns = context->now_ns + again_ns(cube, block->chain, 0);
}

void cube_instant_send(struct hypercube *cube, struct context *context, const struct block *block,
                       const struct cube_part *part)
{
    uint32_t leaves = build_tree(cube, part), index = 0;
    for (uint32_t slot = part->first; slot != 0 && leaves > 0;) {
        const struct act *act = pool_at(&cube->acts, slot);
        slot = act->next;
        if (act->kind != ACT_EMIT)
            continue;
        struct entry *entry = pool_at(&cube->entries, act->entry);
        uint32_t leaf = index++;
        if (cube_find(cube, entry->parcel.envelope.to) == block->chain)
            continue;
        struct block_proof proof;
        if (cube->config.path == CUBE_SLOW) {
            cube_prove(cube, block, cube_position_of(cube, &entry->parcel), leaves, leaf, &proof);
            cube_byzantine_unasked(cube, context, &entry->parcel, &proof);
            continue;
        }
        if (!cube_instant_goes(cube, &entry->parcel.envelope)) {
            cube_count(cube, context, CUBE_INSTANT_WITHHELD, 1);
            continue;
        }
        entry->parcel.envelope.first_committed_ns = block->final_ns;
        cube_prove(cube, block, cube_position_of(cube, &entry->parcel), leaves, leaf, &proof);
        send_first(cube, context, block, entry, &proof);
    }
}

void cube_instant_rearm(struct hypercube *cube, struct context *context, struct cube_chain *chain)
{
    if (chain->pending_timer || chain->pending.first == 0)
        return;
    uint64_t earliest_ns = UINT64_MAX, until_ns;
    for (uint32_t slot = chain->pending.first; slot != 0;) {
        const struct entry *entry = pool_at(&cube->entries, slot);
        if (entry->due_ns < earliest_ns && !entry->answered)
            earliest_ns = entry->due_ns;
        slot = entry->next;
    }
    if (earliest_ns == UINT64_MAX)
        return;                         /* all are confirmed: the next block takes them out */
    if (earliest_ns <= context->now_ns) /* what was one too many waits for the next burst */
        earliest_ns = context->now_ns + again_ns(cube, chain->chain, 0);
    if (cube_instant_off(cube, earliest_ns, &until_ns))
        earliest_ns = until_ns;
    chain->pending_timer = true;
    chain->pending_node = context->self;
    context_timer(context, context->self, cube->slot, CUBE_TIMER_PENDING, chain->chain, earliest_ns,
                  0);
}

/* As long as its message is pending the validators vouch for a proof again: it speaks as of now. */
static void send_again(struct hypercube *cube, struct context *context, struct cube_chain *chain,
                       struct entry *entry)
{
    struct block_proof proof;
    memcpy(&proof, slab_at(&cube->proofs, entry->proof), entry->proof_bytes);
    uint64_t position = cube_position_now(cube, chain, context->now_ns);
    cube_proof_date(cube, &proof, position > proof.position ? position : proof.position);
    memcpy(slab_at(&cube->proofs, entry->proof), &proof, entry->proof_bytes);
    entry->attempt++;
    entry->due_ns = context->now_ns + again_ns(cube, chain->chain, entry->attempt);
    send_proof(cube, context, &entry->parcel, &proof, entry->attempt);
    cube_count(cube, context, CUBE_INSTANT_RESENT, 1);
}

void cube_instant_take_up(struct hypercube *cube, struct context *context, struct cube_chain *chain,
                          uint32_t destination)
{
    uint64_t until_ns;
    chain->confirmed_lately++;
    if (cube_instant_off(cube, context->now_ns, &until_ns))
        return;
    for (uint32_t slot = chain->pending.first; slot != 0;) {
        struct entry *entry = pool_at(&cube->entries, slot);
        slot = entry->next;
        uint64_t sent_ns = entry->due_ns - again_ns(cube, chain->chain, entry->attempt);
        if (entry->attempt == 0 || entry->answered ||
            sent_ns + again_ns(cube, chain->chain, 0) > context->now_ns ||
            cube_find(cube, entry->parcel.envelope.to) != destination)
            continue;
        send_again(cube, context, chain, entry);
        return;
    }
}

void cube_instant_on_timer(struct hypercube *cube, struct context *context, uint32_t chain_id)
{
    struct cube_chain *chain = cube_chain_get(cube, chain_id);
    chain->pending_timer = false;
    /* About as many as came through lately, and half as many if none did. */
    if (chain->burst == 0)
        chain->burst = BURST_FIRST;
    else if (chain->confirmed_lately > chain->burst)
        chain->burst = chain->confirmed_lately;
    else if (chain->confirmed_lately == 0 && chain->burst > 1)
        chain->burst /= 2;
    else
        chain->burst++;
    chain->confirmed_lately = 0;
    uint32_t sent = 0;
    for (uint32_t slot = chain->pending.first; slot != 0 && sent < chain->burst;) {
        struct entry *entry = pool_at(&cube->entries, slot);
        slot = entry->next;
        if (entry->due_ns > context->now_ns || entry->answered)
            continue;
        send_again(cube, context, chain, entry);
        sent++;
    }
    cube_instant_rearm(cube, context, chain);
}
