/* The instant path at its destination: whether a proof is accepted, TON-R51.
 *
 * On arrival: it must hold, instant routing must be on, its block must be registered in the latest
 * masterchain block (else it is postponed until then, or discarded), and it must be young enough.
 * In a block: no older message for this shard may wait in a neighbour's queue, it must still be
 * young enough, and it must not have been delivered; then it is, at once (TON-40). */

#include <string.h>

#include "models/messaging/hypercube_proofs.h"

void cube_accept_refused(struct hypercube *cube, struct context *context, uint32_t chain,
                         uint64_t id, enum cube_metric reason)
{
    cube_count(cube, context, CUBE_PROOFS_REFUSED, 1);
    cube_count(cube, context, reason, 1);
    cube_trace_message(cube, context, CUBE_TRACE_REFUSE, chain, id, 0,
                       (int64_t)reason - CUBE_REFUSED_SIGNATURE);
}

bool cube_accept_verdict(struct hypercube *cube, struct context *context, uint32_t chain,
                         uint64_t id, enum proof_verdict verdict)
{
    switch (verdict) {
    case PROOF_HOLDS:
        return true;
    case PROOF_WRONG_BLOCK:
        cube_accept_refused(cube, context, chain, id, CUBE_REFUSED_BLOCK);
        break;
    case PROOF_WRONG_SIGNATURE:
        cube_accept_refused(cube, context, chain, id, CUBE_REFUSED_SIGNATURE);
        break;
    case PROOF_WRONG_LEAF:
        cube_accept_refused(cube, context, chain, id, CUBE_REFUSED_LEAF);
        break;
    }
    return false;
}

/* A neighbour's stream has a gap: what is missing stands in its queue, and may be older than
 * anything. */
static bool has_gap(const struct cube_chain *chain)
{
    return chain->gaps > 0;
}

bool cube_accept_ready(struct hypercube *cube, const struct cube_chain *chain)
{
    return chain->proofs.first != 0 &&
           (cube->config.instant_order == INSTANT_ORDER_NONE || !has_gap(chain));
}

bool cube_accept_wanted(struct hypercube *cube, struct context *context, struct cube_chain *chain)
{
    bool ready = cube_accept_ready(cube, chain);
    if (!ready)
        cube_proof_note_waits(cube, context, chain, 0);
    return ready;
}

void cube_accept_rearm(struct hypercube *cube, struct context *context, struct cube_chain *chain)
{
    uint64_t earliest_ns = UINT64_MAX;
    for (uint32_t slot = chain->postponed.first; slot != 0;) {
        const struct input *input = pool_at(&cube->inputs, slot);
        if (input->ready_ns < earliest_ns)
            earliest_ns = input->ready_ns;
        slot = input->next;
    }
    if (earliest_ns == UINT64_MAX)
        return;
    if (chain->postponed_at_ns != 0 && chain->postponed_at_ns <= earliest_ns)
        return;
    if (earliest_ns < context->now_ns)
        earliest_ns = context->now_ns;
    chain->postponed_at_ns = earliest_ns;
    chain->postponed_node = context->self;
    context_timer(context, context->self, cube->slot, CUBE_TIMER_POSTPONED, chain->chain,
                  earliest_ns, 0);
}

/* Masterchain blocks were final: what they register is no longer newer than what we refer to. */
void cube_accept_on_timer(struct hypercube *cube, struct context *context, uint32_t chain_id)
{
    struct cube_chain *chain = cube_chain_get(cube, chain_id);
    if (chain->postponed_at_ns > context->now_ns)
        return; /* of an earlier setting */
    chain->postponed_at_ns = 0;
    for (uint32_t slot = chain->postponed.first; slot != 0;) {
        const struct input *input = pool_at(&cube->inputs, slot);
        uint32_t next = input->next;
        if (input->ready_ns <= context->now_ns) {
            cube_proof_unlink(cube, chain, slot);
            cube_proof_append(cube, chain, slot);
            if (!cube_accept_ready(cube, chain))
                cube_proof_note_wait(cube, context, chain, slot);
        }
        slot = next;
    }
    if (cube_accept_ready(cube, chain))
        cube_wake(cube, context, chain_id);
    cube_accept_rearm(cube, context, chain);
}

/* Whether the packet came to a node of the chain that it is for. */
static bool is_here(const struct hypercube *cube, const struct context *context, uint32_t chain)
{
    const struct chain_seam *seam = &cube->stack->chain;
    return chain != CHAIN_NONE &&
           world_group(context->world, seam->node(seam->self, chain, 0)) == context->group;
}

static bool holds(struct hypercube *cube, struct context *context, const struct parcel *parcel,
                  const struct block_proof *proof, uint32_t here)
{
    uint64_t id = parcel->envelope.id;
    unsigned char hash[HASH_BYTES];
    if (cube->config.break_rule == CUBE_BREAK_TRUST)
        return true;
    message_hash(&parcel->envelope, parcel->lt, hash);
    enum proof_verdict verdict =
        cube_proof_check(cube, proof, hash, HASH_BYTES, (uint32_t)(id >> 32));
    if (verdict == PROOF_HOLDS && memcmp(hash, parcel->hash, HASH_BYTES) != 0)
        verdict = PROOF_WRONG_LEAF;
    return cube_accept_verdict(cube, context, here, id, verdict);
}

/* Older than what is remembered (TON-R51), or nothing goes by proof now (TON-42). */
static bool in_time(struct hypercube *cube, struct context *context, struct cube_chain *chain,
                    const struct parcel *parcel, uint64_t position)
{
    uint64_t until_ns;
    bool off = cube_instant_off(cube, context->now_ns, &until_ns);
    if (!off && cube_look_back_open(cube, chain, position))
        return true;
    cube_accept_refused(cube, context, chain->chain, parcel->envelope.id,
                        off ? CUBE_REFUSED_OFF : CUBE_REFUSED_STALE);
    return false;
}

static void put(struct hypercube *cube, struct context *context, struct cube_chain *chain,
                const struct parcel *parcel, uint64_t position, uint64_t ready_ns)
{
    uint64_t waiting;
    if (map_get(&chain->waiting, parcel->envelope.id, &waiting)) {
        /* The same again, before a block had room: only its age is new. */
        struct input *input = pool_at(&cube->inputs, (uint32_t)waiting);
        if (position > input->position)
            input->position = position;
        return;
    }
    uint32_t parcel_slot = pool_take(&cube->parcels), slot = pool_take(&cube->inputs);
    *(struct parcel *)pool_at(&cube->parcels, parcel_slot) = *parcel;
    struct input *input = pool_at(&cube->inputs, slot);
    *input = (struct input){.kind = INPUT_PROOF,
                            .id = parcel->envelope.id,
                            .position = position,
                            .ready_ns = ready_ns,
                            .parcel = parcel_slot};
    map_put(&chain->waiting, input->id, slot);
    if (ready_ns > context->now_ns) {
        cube_count(cube, context, CUBE_PROOFS_POSTPONED, 1);
        cube_proof_postpone(cube, chain, slot);
        cube_accept_rearm(cube, context, chain);
        return;
    }
    cube_proof_append(cube, chain, slot);
    if (cube_accept_ready(cube, chain))
        cube_wake(cube, context, chain->chain);
    else
        cube_proof_note_wait(cube, context, chain, slot);
}

void cube_accept_on_proof(struct hypercube *cube, struct context *context,
                          const struct message *message)
{
    struct parcel parcel;
    struct block_proof proof;
    const unsigned char *at = message->payload;
    size_t proof_bytes = message->payload_bytes - sizeof parcel;
    SIM_ASSERT(message->payload_bytes > sizeof parcel && proof_bytes <= sizeof proof);
    memcpy(&parcel, at, sizeof parcel);
    memcpy(&proof, at + sizeof parcel, proof_bytes);
    uint32_t here = cube_find(cube, parcel.envelope.to);
    if (cube->config.path == CUBE_SLOW) { /* TON-R50: rejected outright */
        cube_accept_refused(cube, context, here, parcel.envelope.id, CUBE_REFUSED_OFF);
        return;
    }
    if (!is_here(cube, context, here)) {
        if (cube_byzantine_third_party(cube, context, &parcel, &proof))
            return;
        cube_accept_refused(cube, context, CHAIN_NONE, parcel.envelope.id, CUBE_REFUSED_BLOCK);
        return;
    }
    if (!holds(cube, context, &parcel, &proof, here))
        return;
    struct cube_chain *chain = cube_chain_get(cube, here);
    if (!in_time(cube, context, chain, &parcel, proof.position))
        return;
    uint64_t seqno,
        ready_ns = cube->stack->chain.visible_ns(cube->stack->chain.self, proof.final_ns, &seqno);
    bool newer = ready_ns > context->now_ns;
    if (newer && cube->config.instant_newer == INSTANT_NEWER_DISCARD) {
        cube_accept_refused(cube, context, here, parcel.envelope.id, CUBE_REFUSED_NEWER);
        return;
    }
    if (newer && cube->config.instant_newer == INSTANT_NEWER_ACCEPT)
        ready_ns = context->now_ns;
    if (parcel.lt > chain->seen_lt)
        chain->seen_lt = parcel.lt;
    put(cube, context, chain, &parcel, proof.position, ready_ns);
}

/* The oldest message that stands in a queue in view, not imported by this block; UINT64_MAX = there
 * is none. Imports went first, so there is one only where the block had no more room for them. */
static uint64_t oldest_waiting(const struct hypercube *cube, const struct cube_chain *chain)
{
    uint64_t oldest = UINT64_MAX;
    if (chain->heap.count > 0 && cube->config.order != DELIVERY_ORDER_PAPER) {
        const struct mirror *first = pool_at(&cube->mirrors, chain->heap.items[0].slot);
        if (first->state == MIRROR_READY)
            return first->parcel.lt; /* the heap is in the order (lt, hash) */
    }
    for (uint32_t i = 0; i < chain->heap.count; i++) {
        const struct mirror *mirror = pool_at(&cube->mirrors, chain->heap.items[i].slot);
        if (mirror->state == MIRROR_READY && mirror->parcel.lt < oldest)
            oldest = mirror->parcel.lt;
    }
    return oldest;
}

static enum act_kind decide(struct hypercube *cube, const struct block *block,
                            struct cube_chain *chain, const struct parcel *parcel,
                            uint64_t position, enum cube_metric *ret_reason)
{
    uint64_t until_ns;
    if (cube_already(cube, chain, NULL, parcel))
        return ACT_IGNORE;
    *ret_reason = CUBE_REFUSED_OFF;
    if (cube_instant_off(cube, block->time_ns, &until_ns))
        return ACT_REFUSE;
    *ret_reason = CUBE_REFUSED_STALE;
    return cube_look_back_open(cube, chain, position) ? ACT_INSTANT : ACT_REFUSE;
}

static void take(struct hypercube *cube, struct context *context, struct block *block,
                 struct cube_part *part, struct cube_chain *chain, uint32_t slot)
{
    const struct input *input = pool_at(&cube->inputs, slot);
    struct parcel parcel = *(const struct parcel *)pool_at(&cube->parcels, input->parcel);
    uint64_t position = input->position;
    enum cube_metric reason;
    SIM_ASSERT(parcel.lt < part->start_lt);
    cube_proof_unlink(cube, chain, slot);
    map_remove(&chain->waiting, parcel.envelope.id);
    enum act_kind kind = decide(cube, block, chain, &parcel, position, &reason);
    struct act *act = cube_act(cube, part, kind);
    act->input = slot;
    act->id = parcel.envelope.id;
    if (kind == ACT_REFUSE)
        act->previous_state = (uint8_t)reason;
    if (kind != ACT_INSTANT)
        return;
    act->instant = cube_remember_instant(cube, block, chain, &parcel, position);
    act->fee = cube_upcall(cube, context, block, part, parcel, PATH_INSTANT);
}

/* TON-40, 44. The list keeps its order; what must wait for older messages stays in it. */
uint32_t cube_accept_fill(struct hypercube *cube, struct context *context, struct block *block,
                          struct cube_part *part, struct cube_chain *chain)
{
    if (chain->proofs.first == 0)
        return 0;
    uint64_t oldest_lt = UINT64_MAX;
    if (cube->config.instant_order == INSTANT_ORDER_STRICT)
        oldest_lt = has_gap(chain) ? 0 : oldest_waiting(cube, chain);
    uint32_t added = 0;
    for (uint32_t slot = chain->proofs.first; slot != 0 && !part->full;) {
        const struct input *input = pool_at(&cube->inputs, slot);
        const struct parcel *parcel = pool_at(&cube->parcels, input->parcel);
        uint32_t next = input->next;
        if (parcel->lt <= oldest_lt) {
            if (!cube_charge(cube, block, parcel->envelope.bytes + NOTE_BYTES, GAS_IMPORT)) {
                part->full = true;
                break;
            }
            take(cube, context, block, part, chain, slot);
            added++;
        }
        slot = next;
    }
    cube_proof_note_waits(cube, context, chain, oldest_lt);
    return added;
}
