#include "models/chain/block_journal.h"

#include "sim/sim_assert.h"

enum { CHUNK_CHANGES = 31 }; /* 504 bytes a chunk */

struct change {
    uint64_t *word;
    uint64_t old;
};

struct chunk {
    uint32_t previous, used;
    struct change changes[CHUNK_CHANGES];
};

void block_journal_pool(struct pool *pool, struct memory *memory)
{
    pool_init(pool, memory, "chain: journal", sizeof(struct chunk));
}

void block_journal_add(struct block_journal *journal, struct pool *pool, uint64_t *word)
{
    struct chunk *chunk = journal->last ? pool_at(pool, journal->last) : NULL;
    if (!chunk || chunk->used == CHUNK_CHANGES) {
        uint32_t handle = pool_take(pool);
        chunk = pool_at(pool, handle);
        chunk->previous = journal->last;
        journal->last = handle;
    }
    chunk->changes[chunk->used++] = (struct change){.word = word, .old = *word};
    journal->count++;
}

void block_journal_undo(struct block_journal *journal, struct pool *pool)
{
    while (journal->last) {
        const struct chunk *chunk = pool_at(pool, journal->last);
        for (uint32_t i = chunk->used; i-- > 0;)
            *chunk->changes[i].word = chunk->changes[i].old;
        journal->count -= chunk->used;
        uint32_t previous = chunk->previous;
        pool_give(pool, journal->last);
        journal->last = previous;
    }
    SIM_ASSERT(journal->count == 0);
}

void block_journal_forget(struct block_journal *journal, struct pool *pool)
{
    while (journal->last) {
        const struct chunk *chunk = pool_at(pool, journal->last);
        uint32_t previous = chunk->previous;
        pool_give(pool, journal->last);
        journal->last = previous;
    }
    journal->count = 0;
}
