/* Goal: undoing a block puts every word back (a dropped block never was). Method: random changes to
 * a few words, against a copy made before; fixed seed. */

#include "models/chain/block_journal.h"

#include <string.h>

#include "sim/rng.h"
#include "tests/check_main.h"

enum { WORDS = 50, ROUNDS = 60 };

static const struct rng rng = {.seed = 5, .replication = 0};

static void change_words(uint64_t *words, struct block_journal *journal, struct pool *pool,
                         uint64_t round)
{
    struct rng_stream stream;
    rng_stream_at(&stream, &rng, RNG_TEST, round, 0);
    uint64_t changes = rng_below(&stream, 200);
    for (uint64_t i = 0; i < changes; i++) {
        uint64_t *word = &words[rng_below(&stream, WORDS)];
        block_journal_add(journal, pool, word);
        *word = rng_u64(&stream);
    }
    ck_assert_uint_eq(journal->count, changes);
}

START_TEST(undo_puts_every_word_back)
{
    struct memory memory = {0};
    struct pool pool;
    uint64_t words[WORDS] = {0}, before[WORDS];
    block_journal_pool(&pool, &memory);
    for (uint64_t round = 0; round < ROUNDS; round++) {
        struct block_journal journal = {0};
        memcpy(before, words, sizeof words);
        change_words(words, &journal, &pool, round);
        block_journal_undo(&journal, &pool);
        ck_assert_mem_eq(words, before, sizeof words);
        ck_assert_uint_eq(journal.count, 0);
        ck_assert_uint_eq(pool.live, 0);
        words[round % WORDS] = round; /* something new to come back to */
    }
    pool_destroy(&pool);
}
END_TEST

START_TEST(forget_keeps_the_new_values_and_gives_all_chunks_back)
{
    struct memory memory = {0};
    struct pool pool;
    uint64_t words[WORDS] = {0}, after[WORDS];
    block_journal_pool(&pool, &memory);
    for (uint64_t round = 0; round < ROUNDS; round++) {
        struct block_journal journal = {0};
        change_words(words, &journal, &pool, round);
        memcpy(after, words, sizeof words);
        block_journal_forget(&journal, &pool);
        ck_assert_mem_eq(words, after, sizeof words);
        ck_assert_uint_eq(journal.count, 0);
        ck_assert_uint_eq(pool.live, 0);
    }
    ck_assert_uint_lt(pool.slot_count, 10); /* chunks are used again */
    pool_destroy(&pool);
    ck_assert_uint_eq(memory.used_bytes, 0);
}
END_TEST

CHECK_MAIN("block_journal", undo_puts_every_word_back,
           forget_keeps_the_new_values_and_gives_all_chunks_back)
