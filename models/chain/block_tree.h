#ifndef MODELS_CHAIN_BLOCK_TREE_H
#define MODELS_CHAIN_BLOCK_TREE_H

/* The blocks of a chain that some member may still want: the tree below the lowest root of all
 * members, and what everybody may know of each block. It is no member's view: who has which block
 * is a bit a member.
 *
 * A slot has one block at most, so blocks are named by their slots; they stand ascending, and a
 * parent stands before its children. The first one is the tree's root: an ancestor of all others.
 * Find: O(log blocks). Ancestry: O(blocks between). Add: O(1) at the end. Words of bits that a
 * block has are MEMBER_WORDS(members). Blocks are in a pool that many trees share and do not move.
 */

#include <stdbool.h>
#include <stdint.h>

#include "models/stack.h"
#include "sim/memory.h"

/* No slot. */
#define SLOT_NONE UINT64_MAX

#define MEMBER_WORDS(members) (((members) + 63) / 64)

struct tree_block {
    struct block_header header;
    uint64_t content_slot; /* newest content on its way from the root, itself included; 0 = none */
    uint64_t carried_root; /* highest slot that votes carried up to here make final */
    uint64_t complete_stake; /* of the members that have it */
    uint32_t carried;        /* votes that it carries: handle of the first set, 0 = none */
    uint32_t rooted;         /* members whose root it is */
    bool final;              /* for at least one member */
    bool dead;               /* it does not descend from the newest final block, nor is it final */
    bool awaited;            /* its leader waits for the end of its slot to hold it for final */
    uint64_t bits[];         /* members that have it, then members that have replayed it */
};

struct tree_entry {
    uint64_t slot, parent;
    struct tree_block *block;
    uint32_t handle;
};

struct block_tree {
    struct memory *memory;
    struct pool *blocks; /* of tree_block_bytes(members) */
    struct tree_entry *entries;
    uint32_t count, capacity, members;
};

/* tree_block_bytes is the size of the shared pool's slots. */
size_t tree_block_bytes(uint32_t members);

/* block_tree_init begins with the beginning: slot 0, which all have, and which is their root. */
void block_tree_init(struct block_tree *tree, struct memory *memory, struct pool *blocks,
                     uint32_t members, uint32_t chain);
void block_tree_destroy(struct block_tree *tree);

/* block_tree_place is the first place whose slot is not below; block_tree_find NULL if there is no
 * block of that slot. */
uint32_t block_tree_place(const struct block_tree *tree, uint64_t slot);
struct tree_block *block_tree_find(const struct block_tree *tree, uint64_t slot);

/* block_tree_add: the parent is in the tree, the slot is not. */
struct tree_block *block_tree_add(struct block_tree *tree, const struct block_header *header);

/* block_tree_descends: whether a block is another one or comes from it. Both are in the tree. */
bool block_tree_descends(const struct block_tree *tree, uint64_t slot, uint64_t ancestor);

/* block_tree_branch: the ancestor of `slot`, or itself, that is a child of the newest common
 * ancestor of both; `slot` is no ancestor of `other`. */
uint64_t block_tree_branch(const struct block_tree *tree, uint64_t slot, uint64_t other);

/* block_tree_prune makes a block of the tree its root and forgets all that do not come from it.
 * `forget` is called with each of those first. */
typedef void block_tree_forget(void *self, struct tree_block *block);
void block_tree_prune(struct block_tree *tree, uint64_t root, block_tree_forget *forget,
                      void *self);

static inline uint64_t block_tree_root(const struct block_tree *tree)
{
    return tree->entries[0].slot;
}

static inline bool member_bit(const uint64_t *bits, uint32_t member)
{
    return bits[member / 64] >> member % 64 & 1;
}

static inline void member_bit_set(uint64_t *bits, uint32_t member)
{
    bits[member / 64] |= UINT64_C(1) << member % 64;
}

static inline void member_bit_clear(uint64_t *bits, uint32_t member)
{
    bits[member / 64] &= ~(UINT64_C(1) << member % 64);
}

static inline uint64_t *tree_block_complete(struct tree_block *block)
{
    return block->bits;
}

static inline uint64_t *tree_block_replayed(const struct block_tree *tree, struct tree_block *block)
{
    return block->bits + MEMBER_WORDS(tree->members);
}

#endif
