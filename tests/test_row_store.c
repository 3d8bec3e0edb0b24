/* Goal: a row is its chain, space and key, all of them, and its word never moves. Method: random
 * rows, with few distinct values in each part so that they meet; a plain array as the slow version;
 * fixed seed. */

#include "models/state/row_store.h"

#include "sim/rng.h"
#include "tests/check_main.h"

enum { CHAINS = 5, SPACES = 4, KEYS = 60, OPERATIONS = 20000 };

static const struct rng rng = {.seed = 9, .replication = 0};

START_TEST(equals_a_plain_table)
{
    static uint64_t expected[CHAINS][SPACES][KEYS];
    static uint64_t *words[CHAINS][SPACES][KEYS];
    struct memory memory = {0};
    struct row_store store;
    uint32_t rows = 0;
    row_store_init(&store, &memory);
    for (uint64_t i = 0; i < OPERATIONS; i++) {
        struct rng_stream stream;
        rng_stream_at(&stream, &rng, RNG_TEST, i, 0);
        uint32_t chain = (uint32_t)rng_below(&stream, CHAINS);
        uint32_t space = (uint32_t)rng_below(&stream, SPACES);
        uint64_t key = rng_below(&stream, KEYS);
        struct row row = {.chain = chain << 21 | 1, .space = space, .key = key << 40 | key};
        const uint64_t *got = row_store_get(&store, row);
        ck_assert_ptr_eq(got, words[chain][space][key]);
        ck_assert(!got || *got == expected[chain][space][key]);
        if (rng_below(&stream, 2) == 0)
            continue;
        uint64_t *word = row_store_touch(&store, row);
        if (!words[chain][space][key]) {
            ck_assert_uint_eq(*word, 0);
            rows++;
        }
        words[chain][space][key] = word;
        *word = expected[chain][space][key] = rng_u64(&stream);
    }
    ck_assert_uint_eq(row_store_count(&store), rows);
    row_store_destroy(&store);
    ck_assert_uint_eq(memory.used_bytes, 0);
}
END_TEST

/* The key that makes two rows of different chains hash alike is found from the mix itself. */
/* TON-R57: rows move with their shard; among those that share a hash none is lost. */
START_TEST(a_row_moves_to_another_chain)
{
    static bool present[CHAINS][KEYS];
    static uint64_t value[CHAINS][KEYS];
    struct memory memory = {0};
    struct row_store store;
    uint32_t rows = 0;
    row_store_init(&store, &memory);
    for (uint64_t i = 0; i < OPERATIONS; i++) {
        struct rng_stream stream;
        rng_stream_at(&stream, &rng, RNG_TEST, i, 1);
        uint32_t from = (uint32_t)rng_below(&stream, CHAINS);
        uint32_t to = (uint32_t)rng_below(&stream, CHAINS);
        uint64_t key = rng_below(&stream, KEYS);
        struct row row = {.chain = from << 21 | 1, .space = 0, .key = key << 40 | key};
        if (rng_below(&stream, 3) == 0 && from != to && !present[to][key]) {
            uint64_t part = rng_below(&stream, 2) ? value[from][key] : value[from][key] / 2;
            part = present[from][key] ? part : 0;
            row_store_move(&store, row, to << 21 | 1, part);
            if (present[from][key]) {
                present[to][key] = true;
                value[to][key] = part;
                value[from][key] -= part;
                present[from][key] = value[from][key] != 0;
                rows += present[from][key];
            }
        } else {
            rows += !present[from][key];
            present[from][key] = true;
            *row_store_touch(&store, row) = value[from][key] = rng_u64(&stream);
        }
        for (uint32_t chain = 0; chain < CHAINS; chain++) {
            row.chain = chain << 21 | 1;
            const uint64_t *got = row_store_get(&store, row);
            ck_assert_int_eq(got != NULL, present[chain][key]);
            ck_assert(!got || *got == value[chain][key]);
        }
        ck_assert_uint_eq(row_store_count(&store), rows);
    }
    row_store_destroy(&store);
}
END_TEST

START_TEST(rows_with_equal_hashes_stay_apart)
{
    struct memory memory = {0};
    struct row_store store;
    row_store_init(&store, &memory);
    uint64_t place_a = UINT64_C(7) << 32 | 1, place_b = UINT64_C(8) << 32 | 1;
    uint64_t mix_a = place_a * UINT64_C(0x9e3779b97f4a7c15) ^ place_a >> 29;
    uint64_t mix_b = place_b * UINT64_C(0x9e3779b97f4a7c15) ^ place_b >> 29;
    struct row a = {.chain = 7, .space = 1, .key = 1000};
    struct row b = {.chain = 8, .space = 1, .key = 1000 ^ mix_a ^ mix_b};
    *row_store_touch(&store, a) = 1;
    ck_assert_ptr_null(row_store_get(&store, b));
    *row_store_touch(&store, b) = 2;
    ck_assert_uint_eq(store.heads.count, 1); /* they do share a hash */
    ck_assert_uint_eq(*row_store_get(&store, a), 1);
    ck_assert_uint_eq(*row_store_get(&store, b), 2);
    row_store_destroy(&store);
}
END_TEST

CHECK_MAIN("row_store", equals_a_plain_table, a_row_moves_to_another_chain,
           rows_with_equal_hashes_stay_apart)
