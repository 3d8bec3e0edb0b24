/* The instant path (TON-38..44): a message with a Merkle proof, straight to the destination.
 *
 * SIMPLIFICATION: the collective signature of a block's validators is modelled as SHA-256 over a
 * key of the chain, the block and the root. Its size is counted, its verification is real. */

#include <sodium.h>
#include <string.h>

#include "models/messaging/hypercube_parts.h"

enum { PROOF_HEAD_BYTES = 64, LIFE_BLOCKS = 8 };
enum { DOUBLINGS_MAX = 3, BURST_FIRST = 64 };

uint64_t cube_proof_life_ns(const struct hypercube *cube, uint32_t chain)
{
    const uint64_t network_ns = UINT64_C(10000000000);
    return LIFE_BLOCKS * cube_interval_ns(cube, chain) + network_ns; /* TON-R51: 8 blocks */
}

void cube_tree_room(struct hypercube *cube, uint32_t leaf_count)
{
    uint32_t nodes = merkle_node_count(leaf_count);
    if (nodes > cube->tree_capacity)
        cube->tree = memory_grow(cube->memory, "messaging.tree", cube->tree, &cube->tree_capacity,
                                 nodes, sizeof cube->tree[0]);
}

/* Two block intervals, and then a block that is final at that very instant goes first. Twice as
 * long after each attempt: copies must not fill an uplink faster than it empties. */
static uint64_t again_ns(const struct hypercube *cube, uint32_t chain, uint32_t attempt)
{
    uint32_t doublings = attempt < DOUBLINGS_MAX ? attempt : DOUBLINGS_MAX;
    return (2 * cube_interval_ns(cube, chain) + 1) << doublings;
}

static void sign(uint32_t chain, uint64_t block, const struct merkle_hash *root,
                 unsigned char ret_signature[HASH_BYTES])
{
    unsigned char text[16 + sizeof *root], key[HASH_BYTES];
    for (unsigned i = 0; i < 4; i++)
        text[i] = (unsigned char)(chain >> (8 * i));
    crypto_hash_sha256(key, text, 4);
    for (unsigned i = 0; i < 8; i++)
        text[4 + i] = (unsigned char)(block >> (8 * i));
    memcpy(text + 12, root->bytes, sizeof *root);
    crypto_hash_sha256_state state;
    crypto_hash_sha256_init(&state);
    crypto_hash_sha256_update(&state, key, sizeof key);
    crypto_hash_sha256_update(&state, text, 12 + sizeof *root);
    crypto_hash_sha256_final(&state, ret_signature);
}

void cube_prove(struct hypercube *cube, uint64_t block, uint32_t leaf_count, uint32_t index,
                struct block_proof *ret_proof)
{
    struct merkle_proof proof;
    merkle_prove(cube->tree, leaf_count, index, &proof);
    ret_proof->block = block;
    ret_proof->root = cube->tree[merkle_node_count(leaf_count) - 1];
    sign((uint32_t)(block >> 32), block, &ret_proof->root, ret_proof->signature);
    ret_proof->pad = 0;
    ret_proof->proof_bytes = (uint32_t)merkle_proof_write(&proof, ret_proof->proof);
}

bool cube_proof_holds(const struct block_proof *proof, const unsigned char item[HASH_BYTES],
                      uint32_t chain)
{
    unsigned char signature[HASH_BYTES];
    struct merkle_proof path;
    sign(chain, proof->block, &proof->root, signature);
    if (proof->block >> 32 != chain || memcmp(signature, proof->signature, HASH_BYTES) != 0)
        return false;
    if (!merkle_proof_read(proof->proof, proof->proof_bytes, &path))
        return false;
    struct merkle_hash leaf = merkle_leaf(item, HASH_BYTES);
    return merkle_verify(&proof->root, &leaf, &path);
}

static void send_proof(struct hypercube *cube, struct context *context, const struct parcel *parcel,
                       const struct block_proof *proof, uint32_t attempt)
{
    size_t bytes = sizeof *parcel + BLOCK_PROOF_HEAD + proof->proof_bytes;
    unsigned char *packet = cube_packet_room(cube, bytes);
    struct parcel sent = *parcel;
    sent.block_ns = context->now_ns; /* so that the receiver can tell its age */
    memcpy(packet, &sent, sizeof sent);
    memcpy(packet + sizeof sent, proof, BLOCK_PROOF_HEAD + proof->proof_bytes);
    uint32_t source = (uint32_t)(parcel->envelope.id >> 32);
    uint32_t destination = cube_find(cube, parcel->envelope.to);
    uint32_t proof_bytes = BLOCK_PROOF_HEAD + proof->proof_bytes;
    cube_count(cube, context, CUBE_PROOF_BYTES, proof_bytes);
    context_send(context, &(struct send){.to = cube_gateway(cube, destination, source + attempt),
                                         .wire_bytes = PROOF_HEAD_BYTES + parcel->envelope.bytes +
                                                       proof_bytes,
                                         .slot = cube->slot,
                                         .kind = CUBE_PROOF,
                                         .attempt = attempt,
                                         .chain = source,
                                         .subject = parcel->envelope.id,
                                         .payload = packet,
                                         .payload_bytes = bytes});
}

void cube_instant_send(struct hypercube *cube, struct context *context, const struct block *block,
                       const struct cube_part *part)
{
    uint32_t leaves = 0;
    for (uint32_t slot = part->first; slot != 0;) {
        const struct act *act = pool_at(&cube->acts, slot);
        leaves += act->kind == ACT_EMIT;
        slot = act->next;
    }
    if (leaves == 0)
        return;
    cube_tree_room(cube, leaves);
    uint32_t index = 0;
    for (uint32_t slot = part->first; slot != 0;) {
        const struct act *act = pool_at(&cube->acts, slot);
        slot = act->next;
        if (act->kind != ACT_EMIT)
            continue;
        const struct entry *entry = pool_at(&cube->entries, act->entry);
        cube->tree[index++] = merkle_leaf(entry->parcel.hash, HASH_BYTES);
    }
    merkle_build(cube->tree, leaves);
    index = 0;
    for (uint32_t slot = part->first; slot != 0;) {
        const struct act *act = pool_at(&cube->acts, slot);
        slot = act->next;
        if (act->kind != ACT_EMIT)
            continue;
        struct entry *entry = pool_at(&cube->entries, act->entry);
        uint32_t leaf = index++;
        if (cube_find(cube, entry->parcel.envelope.to) == block->chain)
            continue;
        struct block_proof proof;
        cube_prove(cube, block->id, leaves, leaf, &proof);
        entry->parcel.envelope.first_committed_ns = block->final_ns;
        bool forged =
            cube->config.break_rule == CUBE_BREAK_FORGE && entry->parcel.envelope.id % 2 == 0;
        proof.root.bytes[0] ^= forged;
        send_proof(cube, context, &entry->parcel, &proof, 0);
        proof.root.bytes[0] ^= forged;
        cube_count(cube, context, CUBE_INSTANT_SENT, 1);
        if (cube->config.path != CUBE_INSTANT)
            continue;
        entry->proof_bytes = BLOCK_PROOF_HEAD + proof.proof_bytes;
        entry->proof = slab_take(&cube->proofs, entry->proof_bytes);
        memcpy(slab_at(&cube->proofs, entry->proof), &proof, entry->proof_bytes);
        entry->due_ns = context->now_ns + again_ns(cube, block->chain, 0);
    }
}

void cube_instant_on_proof(struct hypercube *cube, struct context *context,
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
    uint32_t source = (uint32_t)(parcel.envelope.id >> 32);
    stack_here(cube->stack, context, here);
    unsigned char hash[HASH_BYTES];
    message_hash(&parcel.envelope, parcel.lt, hash);
    if (memcmp(hash, parcel.hash, HASH_BYTES) != 0 || !cube_proof_holds(&proof, hash, source)) {
        cube_count(cube, context, CUBE_PROOFS_REFUSED, 1);
        cube_trace_message(cube, context, CUBE_TRACE_REFUSE, here, parcel.envelope.id,
                           message->wire_bytes, 0);
        return;
    }
    /* Older than what we remember: it may have been delivered and forgotten (TON-R51). */
    if (context->now_ns - parcel.block_ns > cube_proof_life_ns(cube, here)) {
        cube_count(cube, context, CUBE_DISCARDED, 1);
        return;
    }
    struct cube_chain *chain = cube_chain_get(cube, here);
    if (parcel.lt > chain->seen_lt)
        chain->seen_lt = parcel.lt;
    uint64_t waiting;
    if (map_get(&chain->waiting, parcel.envelope.id, &waiting)) {
        /* The same again, before a block had room: only its age is new. */
        const struct input *input = pool_at(&cube->inputs, (uint32_t)waiting);
        ((struct parcel *)pool_at(&cube->parcels, input->parcel))->block_ns = parcel.block_ns;
        return;
    }
    uint32_t slot = pool_take(&cube->parcels);
    *(struct parcel *)pool_at(&cube->parcels, slot) = parcel;
    struct input input = {.kind = INPUT_PROOF, .id = parcel.envelope.id, .parcel = slot};
    cube_input_put(cube, chain, &input);
    cube_wake(cube, context, here);
}

void cube_instant_rearm(struct hypercube *cube, struct context *context, struct cube_chain *chain)
{
    if (chain->pending_timer || chain->pending.first == 0)
        return;
    uint64_t earliest_ns = UINT64_MAX;
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
    chain->pending_timer = true;
    chain->pending_node = context->self;
    context_timer(context, context->self, cube->slot, CUBE_TIMER_PENDING, chain->chain, earliest_ns,
                  0);
}

static void send_again(struct hypercube *cube, struct context *context, uint32_t chain,
                       struct entry *entry)
{
    struct block_proof proof;
    memcpy(&proof, slab_at(&cube->proofs, entry->proof), entry->proof_bytes);
    entry->attempt++;
    entry->due_ns = context->now_ns + again_ns(cube, chain, entry->attempt);
    send_proof(cube, context, &entry->parcel, &proof, entry->attempt);
    cube_count(cube, context, CUBE_INSTANT_RESENT, 1);
}

void cube_instant_take_up(struct hypercube *cube, struct context *context, struct cube_chain *chain,
                          uint32_t destination)
{
    chain->confirmed_lately++;
    for (uint32_t slot = chain->pending.first; slot != 0;) {
        struct entry *entry = pool_at(&cube->entries, slot);
        slot = entry->next;
        uint64_t sent_ns = entry->due_ns - again_ns(cube, chain->chain, entry->attempt);
        if (entry->attempt == 0 || entry->answered ||
            sent_ns + again_ns(cube, chain->chain, 0) > context->now_ns ||
            cube_find(cube, entry->parcel.envelope.to) != destination)
            continue;
        send_again(cube, context, chain->chain, entry);
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
        send_again(cube, context, chain_id, entry);
        sent++;
    }
    cube_instant_rearm(cube, context, chain);
}
