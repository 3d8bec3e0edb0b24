/* Byzantine behaviours of messaging: what a node does with proofs while a fault of type byzantine
 * holds it. A lying node is one of its chain's validators and has no collective signature of its
 * own: it sends what others signed, spoilt, again or late, and cannot sign anything new.
 *
 *  forge_proof   beside the proof of its own chain's message go four spoilt ones, before it; where
 *                there is no instant path, a right one goes that nobody asked for
 *  replay_proof  a proof that it sent, or that came to it by mistake, is sent again soon and again
 *                when the destination may have forgotten it; an accomplice gets a copy to do so too
 *  stale_proof   the proof is held back until it is older than look_back
 *  forge_confirm a confirmation that it passes on is also used for another message */

#include <string.h>

#include "models/messaging/hypercube_proofs.h"

const struct model_behaviour cube_behaviours[] = {
    [CUBE_FORGE_PROOF] = {"forge_proof", "spoilt proofs of its chain's messages, before the right "
                                         "one"},
    [CUBE_REPLAY_PROOF] = {"replay_proof", "proofs sent again, soon and late, and by accomplices"},
    [CUBE_STALE_PROOF] = {"stale_proof", "proofs held back until they are too old"},
    [CUBE_FORGE_CONFIRM] = {"forge_confirm",
                            "confirmations of one message used to stop another one"},
    {NULL, NULL},
};

/* Attempts address a packet's luck in the network: those of lies are no honest one's. */
enum { ATTEMPT_LIE = 1000000, LATE_BLOCKS = 6 };

void cube_byzantine_on_fault(struct hypercube *cube, uint32_t node, const struct fault *fault)
{
    uint32_t *place = &cube->liars_first;
    if (fault->begins) {
        uint32_t slot = pool_take(&cube->liars);
        *(struct cube_liar *)pool_at(&cube->liars, slot) =
            (struct cube_liar){fault->share, node, fault->behaviour, fault->index, *place};
        *place = slot;
        return;
    }
    while (*place != 0) {
        uint32_t slot = *place;
        struct cube_liar *liar = pool_at(&cube->liars, slot);
        if (liar->node == node && liar->fault == fault->index) {
            *place = liar->next;
            pool_give(&cube->liars, slot);
            return;
        }
        place = &liar->next;
    }
}

/* The share in which a node behaves so; 0 = it does not. */
static uint64_t share_of(const struct hypercube *cube, uint32_t node, enum cube_behaviour behaviour)
{
    uint64_t share = 0;
    for (uint32_t slot = cube->liars_first; slot != 0;) {
        const struct cube_liar *liar = pool_at(&cube->liars, slot);
        slot = liar->next;
        if (liar->node == node && liar->behaviour == (uint32_t)behaviour && liar->share > share)
            share = liar->share;
    }
    return share;
}

bool cube_byzantine_lies(const struct hypercube *cube, const struct context *context,
                         enum cube_behaviour behaviour, uint64_t id)
{
    uint64_t share = share_of(cube, context->self, behaviour);
    struct rng_stream stream;
    if (share == 0)
        return false;
    context_rng(context, &stream, RNG_BYZANTINE, world_identity(context->world, context->self), id);
    for (unsigned skipped = 0; skipped < (unsigned)behaviour; skipped++)
        (void)rng_u64(&stream);
    return rng_chance(&stream, share);
}

static void send_lie(struct hypercube *cube, struct context *context, const struct parcel *parcel,
                     const struct block_proof *proof, uint32_t to, uint32_t number,
                     uint64_t after_ns)
{
    struct cube_way way = {to, ATTEMPT_LIE + number,
                           after_ns == 0 ? 0 : context->now_ns + after_ns};
    cube_instant_transmit(cube, context, parcel, proof, &way);
    cube_count(cube, context, CUBE_LIES, 1);
}

/* The node that proofs for a message's recipient go to. */
static uint32_t node_for(const struct hypercube *cube, const struct parcel *parcel)
{
    uint32_t destination = cube_find(cube, parcel->envelope.to);
    return cube_gateway(cube, destination, parcel->envelope.id >> 32);
}

static void forge(struct hypercube *cube, struct context *context, const struct parcel *parcel,
                  const struct block_proof *proof)
{
    uint32_t to = node_for(cube, parcel);
    struct block_proof spoilt = *proof;
    struct parcel invented = *parcel;
    spoilt.root.bytes[0] ^= 1; /* a root that nobody signed */
    send_lie(cube, context, parcel, &spoilt, to, 0, 0);
    spoilt = *proof;
    spoilt.signature[0] ^= 1;
    send_lie(cube, context, parcel, &spoilt, to, 1, 0);
    spoilt = *proof; /* the block of another chain */
    spoilt.block = (uint64_t)cube_find(cube, parcel->envelope.to) << 32 | (uint32_t)proof->block;
    send_lie(cube, context, parcel, &spoilt, to, 2, 0);
    invented.envelope.value++; /* a message that was never made, under a right proof */
    invented.envelope.id ^= UINT64_C(1) << 31;
    message_hash(&invented.envelope, invented.lt, invented.hash);
    send_lie(cube, context, &invented, proof, to, 3, 0);
}

/* Another node that replays; the same one if it is alone. */
static uint32_t accomplice_of(const struct hypercube *cube, uint32_t node)
{
    for (uint32_t slot = cube->liars_first; slot != 0;) {
        const struct cube_liar *liar = pool_at(&cube->liars, slot);
        slot = liar->next;
        if (liar->behaviour == CUBE_REPLAY_PROOF && liar->node != node)
            return liar->node;
    }
    return node;
}

static uint64_t soon_ns(const struct hypercube *cube, const struct parcel *parcel)
{
    return 2 * cube_interval_ns(cube, (uint32_t)(parcel->envelope.id >> 32));
}

/* A destination that makes a block at every interval refuses it, and may have forgotten it. */
static uint64_t late_ns(const struct hypercube *cube, const struct parcel *parcel)
{
    uint64_t interval_ns = cube_interval_ns(cube, (uint32_t)(parcel->envelope.id >> 32));
    return interval_ns * ((uint64_t)cube->config.look_back + LATE_BLOCKS);
}

static void replay(struct hypercube *cube, struct context *context, const struct parcel *parcel,
                   const struct block_proof *proof, uint32_t number)
{
    uint32_t to = node_for(cube, parcel);
    send_lie(cube, context, parcel, proof, to, number, soon_ns(cube, parcel));
    send_lie(cube, context, parcel, proof, to, number + 1, late_ns(cube, parcel));
}

bool cube_byzantine_source(struct hypercube *cube, struct context *context,
                           const struct parcel *parcel, const struct block_proof *proof)
{
    uint64_t id = parcel->envelope.id;
    if (cube->liars_first == 0)
        return false;
    if (cube_byzantine_lies(cube, context, CUBE_FORGE_PROOF, id))
        forge(cube, context, parcel, proof);
    if (cube_byzantine_lies(cube, context, CUBE_REPLAY_PROOF, id)) {
        uint32_t accomplice = accomplice_of(cube, context->self);
        replay(cube, context, parcel, proof, 10);
        if (accomplice != context->self && accomplice != node_for(cube, parcel))
            send_lie(cube, context, parcel, proof, accomplice, 12, 0);
    }
    if (!cube_byzantine_lies(cube, context, CUBE_STALE_PROOF, id))
        return false;
    send_lie(cube, context, parcel, proof, node_for(cube, parcel), 20, late_ns(cube, parcel));
    return true;
}

void cube_byzantine_unasked(struct hypercube *cube, struct context *context,
                            const struct parcel *parcel, const struct block_proof *proof)
{
    if (cube_byzantine_lies(cube, context, CUBE_FORGE_PROOF, parcel->envelope.id))
        send_lie(cube, context, parcel, proof, node_for(cube, parcel), 0, 0);
}

bool cube_byzantine_third_party(struct hypercube *cube, struct context *context,
                                const struct parcel *parcel, const struct block_proof *proof)
{
    if (cube_find(cube, parcel->envelope.to) == CHAIN_NONE ||
        !cube_byzantine_lies(cube, context, CUBE_REPLAY_PROOF, parcel->envelope.id))
        return false;
    replay(cube, context, parcel, proof, 30);
    return true;
}
