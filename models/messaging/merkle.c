#include "models/messaging/merkle.h"

#include <string.h>

#include "models/sha256.h"
#include "sim/sim_assert.h"

struct merkle_hash merkle_leaf(const unsigned char *item, size_t bytes)
{
    unsigned char text[1 + MERKLE_ITEM_BYTES_MAX] = {0};
    struct merkle_hash hash;
    SIM_ASSERT(bytes <= MERKLE_ITEM_BYTES_MAX);
    memcpy(text + 1, item, bytes);
    sha256(text, 1 + bytes, hash.bytes);
    return hash;
}

static struct merkle_hash inner(const struct merkle_hash *left, const struct merkle_hash *right)
{
    unsigned char bytes[1 + 2 * MERKLE_HASH_BYTES] = {1};
    memcpy(bytes + 1, left->bytes, MERKLE_HASH_BYTES);
    memcpy(bytes + 1 + MERKLE_HASH_BYTES, right->bytes, MERKLE_HASH_BYTES);
    struct merkle_hash hash;
    sha256(bytes, sizeof bytes, hash.bytes);
    return hash;
}

static uint32_t level_above(uint32_t count)
{
    return count / 2 + count % 2;
}

uint32_t merkle_node_count(uint32_t leaf_count)
{
    uint32_t total = leaf_count;
    for (uint32_t level = leaf_count; level > 1; total += level)
        level = level_above(level);
    return total;
}

void merkle_build(struct merkle_hash *nodes, uint32_t leaf_count)
{
    struct merkle_hash *level = nodes;
    for (uint32_t count = leaf_count; count > 1; count = level_above(count)) {
        struct merkle_hash *above = level + count;
        for (uint32_t i = 0; i < count; i += 2)
            above[i / 2] = i + 1 < count ? inner(&level[i], &level[i + 1]) : level[i];
        level = above;
    }
}

void merkle_prove(const struct merkle_hash *nodes, uint32_t leaf_count, uint32_t index,
                  struct merkle_proof *ret_proof)
{
    SIM_ASSERT(index < leaf_count);
    ret_proof->index = index;
    ret_proof->leaf_count = leaf_count;
    ret_proof->sibling_count = 0;
    const struct merkle_hash *level = nodes;
    for (uint32_t count = leaf_count; count > 1; count = level_above(count)) {
        uint32_t sibling = index ^ 1;
        if (sibling < count)
            ret_proof->siblings[ret_proof->sibling_count++] = level[sibling];
        level += count;
        index /= 2;
    }
}

static uint32_t siblings_needed(uint32_t index, uint32_t leaf_count)
{
    uint32_t needed = 0;
    for (uint32_t count = leaf_count; count > 1; count = level_above(count)) {
        needed += (index ^ 1) < count;
        index /= 2;
    }
    return needed;
}

bool merkle_verify(const struct merkle_hash *root, const struct merkle_hash *leaf,
                   const struct merkle_proof *proof)
{
    uint32_t index = proof->index;
    if (index >= proof->leaf_count ||
        proof->sibling_count != siblings_needed(index, proof->leaf_count))
        return false;
    struct merkle_hash hash = *leaf;
    uint32_t used = 0;
    for (uint32_t count = proof->leaf_count; count > 1; count = level_above(count)) {
        if ((index ^ 1) < count) {
            const struct merkle_hash *sibling = &proof->siblings[used++];
            hash = index % 2 == 0 ? inner(&hash, sibling) : inner(sibling, &hash);
        }
        index /= 2;
    }
    return memcmp(hash.bytes, root->bytes, MERKLE_HASH_BYTES) == 0;
}

static void put_u32(unsigned char *bytes, uint32_t value)
{
    for (unsigned i = 0; i < 4; i++)
        bytes[i] = (unsigned char)(value >> (8 * i));
}

static uint32_t get_u32(const unsigned char *bytes)
{
    return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
           (uint32_t)bytes[3] << 24;
}

size_t merkle_proof_write(const struct merkle_proof *proof,
                          unsigned char ret_bytes[MERKLE_PROOF_BYTES_MAX])
{
    SIM_ASSERT(proof->sibling_count <= MERKLE_DEPTH_MAX);
    put_u32(ret_bytes, proof->index);
    put_u32(ret_bytes + 4, proof->leaf_count);
    size_t bytes = (size_t)proof->sibling_count * MERKLE_HASH_BYTES;
    memcpy(ret_bytes + 8, proof->siblings, bytes);
    return 8 + bytes;
}

bool merkle_proof_read(const unsigned char *bytes, size_t count, struct merkle_proof *ret_proof)
{
    if (count < 8 || count > MERKLE_PROOF_BYTES_MAX)
        return false;
    uint32_t index = get_u32(bytes), leaf_count = get_u32(bytes + 4);
    if (index >= leaf_count)
        return false;
    uint32_t needed = siblings_needed(index, leaf_count);
    if (count - 8 != (size_t)needed * MERKLE_HASH_BYTES)
        return false;
    ret_proof->index = index;
    ret_proof->leaf_count = leaf_count;
    ret_proof->sibling_count = needed;
    memcpy(ret_proof->siblings, bytes + 8, count - 8);
    return true;
}
