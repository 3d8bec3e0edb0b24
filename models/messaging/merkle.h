#ifndef MODELS_MESSAGING_MERKLE_H
#define MODELS_MESSAGING_MERKLE_H

/* Merkle trees over the messages of a block, SHA-256. A leaf is H(0 || item), an inner node
 * H(1 || left || right), so neither can pass for the other. A node without a sibling goes up as it
 * is. A proof is the item's index, the number of leaves and the siblings from the bottom up. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MERKLE_HASH_BYTES = 32, MERKLE_DEPTH_MAX = 32, MERKLE_ITEM_BYTES_MAX = 64 };

struct merkle_hash {
    unsigned char bytes[MERKLE_HASH_BYTES];
};

struct merkle_proof {
    uint32_t index, leaf_count;
    uint32_t sibling_count;
    struct merkle_hash siblings[MERKLE_DEPTH_MAX];
};

/* merkle_leaf hashes one item (here: a message's hash) of at most MERKLE_ITEM_BYTES_MAX into a
 * leaf.
 */
struct merkle_hash merkle_leaf(const unsigned char *item, size_t bytes);

/* merkle_node_count is how many nodes the tree over so many leaves has; 0 leaves: 0. */
uint32_t merkle_node_count(uint32_t leaf_count);

/* merkle_build fills the inner nodes. nodes[0 .. leaf_count-1] are the leaves and the array has
 * merkle_node_count(leaf_count) places; the root is the last one. O(n). */
void merkle_build(struct merkle_hash *nodes, uint32_t leaf_count);

/* merkle_prove reads the proof of a leaf out of a built tree. O(log n). */
void merkle_prove(const struct merkle_hash *nodes, uint32_t leaf_count, uint32_t index,
                  struct merkle_proof *ret_proof);

/* merkle_verify says whether the leaf stands at the proof's index under the root. O(log n). */
bool merkle_verify(const struct merkle_hash *root, const struct merkle_hash *leaf,
                   const struct merkle_proof *proof);

/* merkle_proof_write serialises: index, leaf count (4 bytes each, little-endian), siblings. Returns
 * the number of bytes, at most MERKLE_PROOF_BYTES_MAX. */
enum { MERKLE_PROOF_BYTES_MAX = 8 + MERKLE_DEPTH_MAX * MERKLE_HASH_BYTES };
size_t merkle_proof_write(const struct merkle_proof *proof,
                          unsigned char ret_bytes[MERKLE_PROOF_BYTES_MAX]);

/* merkle_proof_read is its inverse: false, and *ret_proof unchanged, when the bytes are no proof
 * (an index beyond the leaves, or not exactly the siblings that index needs). */
bool merkle_proof_read(const unsigned char *bytes, size_t count, struct merkle_proof *ret_proof);

#endif
