#ifndef MODELS_CHAIN_BLOCK_JOURNAL_H
#define MODELS_CHAIN_BLOCK_JOURNAL_H

/* What a block changed: (word, old value) pairs in the order of the changes, in chunks from a pool.
 * Undoing walks them backwards, so a word changed twice gets its first value back. The words must
 * not move while the journal holds them. add: O(1); undo, forget: O(changes). */

#include <stdint.h>

#include "sim/memory.h"

struct block_journal {
    uint32_t last; /* newest chunk, 0 = empty */
    uint32_t count;
};

/* block_journal_pool makes the pool that the journals of all chains share. */
void block_journal_pool(struct pool *pool, struct memory *memory);

/* block_journal_add remembers the value that a word has now. */
void block_journal_add(struct block_journal *journal, struct pool *pool, uint64_t *word);

/* block_journal_undo puts all values back and empties the journal. */
void block_journal_undo(struct block_journal *journal, struct pool *pool);

/* block_journal_forget empties the journal and leaves the words as they are. */
void block_journal_forget(struct block_journal *journal, struct pool *pool);

#endif
