/* Proofs of what a block holds: a Merkle path under a root that the block's validators signed.
 *
 * SIMPLIFICATION: the collective signature of a block's validators is modelled as SHA-256 over a
 * key of the chain, the block and the root. Its size is counted, its verification is real. */

#include <sodium.h>
#include <string.h>

#include "models/messaging/hypercube_proofs.h"

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

/* What is signed: the block, its root, when it became final, and as of when the proof speaks. */
static void sign(const struct block_proof *proof, unsigned char ret_signature[HASH_BYTES])
{
    unsigned char text[24 + sizeof proof->root], key[HASH_BYTES], chain[4];
    put(chain, proof->block >> 32, sizeof chain);
    crypto_hash_sha256(key, chain, sizeof chain);
    put(text, proof->block, 8);
    put(text + 8, proof->final_ns, 8);
    put(text + 16, proof->position, 8);
    memcpy(text + 24, proof->root.bytes, sizeof proof->root);
    crypto_hash_sha256_state state;
    crypto_hash_sha256_init(&state);
    crypto_hash_sha256_update(&state, key, sizeof key);
    crypto_hash_sha256_update(&state, text, sizeof text);
    crypto_hash_sha256_final(&state, ret_signature);
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
    cube_proof_date(ret_proof, position);
}

void cube_proof_date(struct block_proof *proof, uint64_t position)
{
    proof->position = position;
    sign(proof, proof->signature);
}

enum proof_verdict cube_proof_check(const struct block_proof *proof, const unsigned char *item,
                                    size_t item_bytes, uint32_t chain)
{
    unsigned char signature[HASH_BYTES];
    struct merkle_proof path;
    if (proof->block >> 32 != chain)
        return PROOF_WRONG_BLOCK;
    sign(proof, signature);
    if (memcmp(signature, proof->signature, HASH_BYTES) != 0)
        return PROOF_WRONG_SIGNATURE;
    struct merkle_hash leaf = merkle_leaf(item, item_bytes);
    bool read = merkle_proof_read(proof->proof, proof->proof_bytes, &path);
    return read && merkle_verify(&proof->root, &leaf, &path) ? PROOF_HOLDS : PROOF_WRONG_LEAF;
}
