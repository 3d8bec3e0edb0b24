/* Proofs of what a block holds: a Merkle path under a root that the block's validators signed.
 *
 * SIMPLIFICATION: the collective signature of a block's validators is modelled as SHA-256 over a
 * key of the chain, the block and the root. Its size is counted, its verification is real. */

#include <string.h>

#include "models/messaging/hypercube_proofs.h"
#include "models/sha256.h"

void cube_tree_room(struct hypercube *cube, uint32_t leaf_count)
{
    uint32_t nodes = merkle_node_count(leaf_count);
    if (nodes > cube->tree_capacity)
        cube->tree = memory_grow(cube->memory, "messaging.tree", cube->tree, &cube->tree_capacity,
                                 nodes, sizeof cube->tree[0]);
}

static void put(unsigned char *text, uint64_t value, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++)
        text[i] = (unsigned char)(value >> (8 * i));
}

/* The chain's validators have one key for ever; it is kept until another chain's takes its place.
 */
static const unsigned char *key_of(struct hypercube *cube, uint32_t chain)
{
    struct chain_key *known = &cube->keys[chain % CHAIN_KEYS];
    unsigned char text[4];
    SIM_ASSERT(chain != CHAIN_NONE);
    if (known->chain == chain)
        return known->key;
    put(text, chain, sizeof text);
    sha256(text, sizeof text, known->key);
    known->chain = chain;
    return known->key;
}

/* What is signed: the block, its root, when it became final, and as of when the proof speaks; after
 * the key. */
static void write_signed(struct hypercube *cube, const struct block_proof *proof,
                         unsigned char ret_text[SIGNED_BYTES])
{
    memcpy(ret_text, key_of(cube, (uint32_t)(proof->block >> 32)), HASH_BYTES);
    unsigned char *text = ret_text + HASH_BYTES;
    put(text, proof->block, 8);
    put(text + 8, proof->final_ns, 8);
    put(text + 16, proof->position, 8);
    memcpy(text + 24, proof->root.bytes, sizeof proof->root);
}

/* Validators sign a root once, however many proofs are made under it. */
static void sign(struct hypercube *cube, struct block_proof *proof)
{
    unsigned char text[SIGNED_BYTES];
    write_signed(cube, proof, text);
    if (memcmp(text, cube->signed_last, sizeof text) != 0) {
        memcpy(cube->signed_last, text, sizeof text);
        sha256(text, sizeof text, cube->signature_last);
    }
    memcpy(proof->signature, cube->signature_last, HASH_BYTES);
}

void cube_prove(struct hypercube *cube, const struct block *block, uint64_t position,
                uint32_t leaf_count, uint32_t index, struct block_proof *ret_proof)
{
    struct merkle_proof proof;
    merkle_prove(cube->tree, leaf_count, index, &proof);
    ret_proof->block = block->id;
    ret_proof->final_ns = block->final_ns;
    ret_proof->root = cube->tree[merkle_node_count(leaf_count) - 1];
    ret_proof->pad = 0;
    ret_proof->proof_bytes = (uint32_t)merkle_proof_write(&proof, ret_proof->proof);
    cube_proof_date(cube, ret_proof, position);
}

void cube_proof_date(struct hypercube *cube, struct block_proof *proof, uint64_t position)
{
    proof->position = position;
    sign(cube, proof);
}

enum proof_verdict cube_proof_check(struct hypercube *cube, const struct block_proof *proof,
                                    const unsigned char *item, size_t item_bytes, uint32_t chain)
{
    unsigned char text[SIGNED_BYTES], signature[HASH_BYTES];
    struct merkle_proof path;
    if (proof->block >> 32 != chain)
        return PROOF_WRONG_BLOCK;
    write_signed(cube, proof, text);
    sha256(text, sizeof text, signature);
    if (memcmp(signature, proof->signature, HASH_BYTES) != 0)
        return PROOF_WRONG_SIGNATURE;
    struct merkle_hash leaf = merkle_leaf(item, item_bytes);
    bool read = merkle_proof_read(proof->proof, proof->proof_bytes, &path);
    return read && merkle_verify(&proof->root, &leaf, &path) ? PROOF_HOLDS : PROOF_WRONG_LEAF;
}
