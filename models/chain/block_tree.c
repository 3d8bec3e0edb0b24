#include "models/chain/block_tree.h"

#include <string.h>

#include "models/ascending.h"
#include "sim/sim_assert.h"

static const char *const NAME = "chain: block trees";

size_t tree_block_bytes(uint32_t members)
{
    return sizeof(struct tree_block) + 2 * MEMBER_WORDS(members) * sizeof(uint64_t);
}

uint32_t block_tree_place(const struct block_tree *tree, uint64_t slot)
{
    return ascending_place(tree->entries, tree->count, sizeof *tree->entries, slot);
}

static const struct tree_entry *find(const struct block_tree *tree, uint64_t slot)
{
    uint32_t at = block_tree_place(tree, slot);
    return at < tree->count && tree->entries[at].slot == slot ? &tree->entries[at] : NULL;
}

struct tree_block *block_tree_find(const struct block_tree *tree, uint64_t slot)
{
    const struct tree_entry *entry = find(tree, slot);
    return entry ? entry->block : NULL;
}

static struct tree_block *insert(struct block_tree *tree, const struct block_header *header)
{
    uint32_t at = block_tree_place(tree, header->slot);
    if (tree->count == tree->capacity)
        tree->entries = memory_grow(tree->memory, NAME, tree->entries, &tree->capacity,
                                    tree->count + 1, sizeof *tree->entries);
    memmove(&tree->entries[at + 1], &tree->entries[at], (tree->count - at) * sizeof *tree->entries);
    uint32_t handle = pool_take(tree->blocks);
    struct tree_block *block = pool_at(tree->blocks, handle);
    block->header = *header;
    tree->entries[at] = (struct tree_entry){
        .slot = header->slot, .parent = header->parent_slot, .block = block, .handle = handle};
    tree->count++;
    return block;
}

void block_tree_init(struct block_tree *tree, struct memory *memory, struct pool *blocks,
                     uint32_t members, uint32_t chain)
{
    *tree = (struct block_tree){.memory = memory, .blocks = blocks, .members = members};
    struct tree_block *block =
        insert(tree, &(struct block_header){.id = (uint64_t)chain << 32, .chain = chain});
    for (uint32_t member = 0; member < members; member++) {
        member_bit_set(tree_block_complete(block), member);
        member_bit_set(tree_block_replayed(tree, block), member);
    }
    block->rooted = members;
    block->final = true;
}

void block_tree_destroy(struct block_tree *tree)
{
    for (uint32_t i = 0; i < tree->count; i++)
        pool_give(tree->blocks, tree->entries[i].handle);
    memory_give(tree->memory, tree->entries, tree->capacity * sizeof *tree->entries);
    *tree = (struct block_tree){0};
}

struct tree_block *block_tree_add(struct block_tree *tree, const struct block_header *header)
{
    SIM_ASSERT(header->parent_slot < header->slot);
    SIM_ASSERT(find(tree, header->parent_slot));
    SIM_ASSERT(!find(tree, header->slot));
    return insert(tree, header);
}

bool block_tree_descends(const struct block_tree *tree, uint64_t slot, uint64_t ancestor)
{
    const struct tree_entry *entry = find(tree, slot);
    SIM_ASSERT(entry);
    while (entry->slot > ancestor && entry != tree->entries)
        entry = find(tree, entry->parent);
    return entry->slot == ancestor;
}

uint64_t block_tree_branch(const struct block_tree *tree, uint64_t slot, uint64_t other)
{
    const struct tree_entry *entry = find(tree, slot), *against = find(tree, other);
    SIM_ASSERT(entry && against);
    uint64_t branch = SLOT_NONE;
    while (entry->slot != against->slot) {
        if (entry->slot > against->slot) {
            branch = entry->slot;
            entry = find(tree, entry->parent);
        } else {
            against = find(tree, against->parent);
        }
    }
    SIM_ASSERT(branch != SLOT_NONE);
    return branch;
}

void block_tree_prune(struct block_tree *tree, uint64_t root, block_tree_forget *forget, void *self)
{
    uint32_t first = block_tree_place(tree, root), kept = 1;
    SIM_ASSERT(first < tree->count && tree->entries[first].slot == root);
    if (first == 0)
        return;
    /* Ascending, so that it is known of each parent whether it stays: those that stay stand
     * ascending at the beginning, out of the way of those that are still to be looked at. */
    struct tree_entry top = tree->entries[first];
    for (uint32_t i = 0; i < tree->count; i++) {
        struct tree_entry entry = tree->entries[i];
        uint32_t low = 0, high = kept;
        bool stays = false;
        if (i == first)
            continue;
        while (i > first && low < high) {
            uint32_t middle = low + (high - low) / 2;
            uint64_t slot = middle == 0 ? top.slot : tree->entries[middle].slot;
            stays = stays || slot == entry.parent;
            if (slot < entry.parent)
                low = middle + 1;
            else
                high = middle;
        }
        if (stays) {
            tree->entries[kept++] = entry;
            continue;
        }
        forget(self, entry.block);
        pool_give(tree->blocks, entry.handle);
    }
    tree->entries[0] = top;
    tree->count = kept;
}
