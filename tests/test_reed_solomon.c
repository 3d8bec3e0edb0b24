/* Goal: any `data` shreds of a set give back all of it, and fewer never do. Method: all loss
 * patterns of small sets, random ones of the deployed sizes; the field against its definition;
 * fixed seed. */

#include "models/spread/reed_solomon.h"

#include <string.h>

#include "sim/rng.h"
#include "tests/check_main.h"

enum { BYTES_MAX = 1200, SHREDS_MAX = REED_SOLOMON_SHREDS_MAX };

static const struct rng rng = {.seed = 34, .replication = 0};
static unsigned char original[SHREDS_MAX][BYTES_MAX], lossy[SHREDS_MAX][BYTES_MAX];
static unsigned char *original_at[SHREDS_MAX], *lossy_at[SHREDS_MAX];

static void point(void)
{
    for (unsigned i = 0; i < SHREDS_MAX; i++) {
        original_at[i] = original[i];
        lossy_at[i] = lossy[i];
    }
}

static void fill(const struct reed_solomon *code, size_t bytes, uint64_t item)
{
    struct rng_stream stream;
    rng_stream_at(&stream, &rng, RNG_TEST, 1, item);
    point();
    for (uint32_t i = 0; i < code->data_count; i++)
        for (size_t k = 0; k < bytes; k++)
            original[i][k] = (unsigned char)rng_below(&stream, 256);
    reed_solomon_encode(code, original_at, bytes);
}

/* Loses what is not present and checks what comes back. */
static void check_loss(const struct reed_solomon *code, const bool *present, size_t bytes)
{
    uint32_t total = code->data_count + code->code_count, found = 0;
    for (uint32_t i = 0; i < total; i++) {
        found += present[i];
        memcpy(lossy[i], original[i], bytes);
        if (!present[i])
            memset(lossy[i], 0xee, bytes);
    }
    bool recovered = reed_solomon_recover(code, lossy_at, present, bytes);
    ck_assert(recovered == (found >= code->data_count));
    for (uint32_t i = 0; i < total; i++)
        for (size_t k = 0; k < bytes; k++)
            ck_assert_msg(lossy[i][k] == (recovered || present[i] ? original[i][k] : 0xee),
                          "%u of %u present, shred %u byte %zu", found, total, i, k);
}

/* SOL-R2.13: all 2^n patterns of small sets */
START_TEST(all_losses_of_small_sets)
{
    static const uint32_t shapes[][2] = {{1, 0}, {1, 1}, {1, 6}, {2, 3}, {3, 3}, {4, 5}, {5, 4}};
    for (size_t shape = 0; shape < sizeof shapes / sizeof shapes[0]; shape++) {
        struct reed_solomon code;
        reed_solomon_init(&code, shapes[shape][0], shapes[shape][1]);
        fill(&code, 5, shape);
        uint32_t total = code.data_count + code.code_count;
        for (uint32_t pattern = 0; pattern < UINT32_C(1) << total; pattern++) {
            bool present[SHREDS_MAX];
            for (uint32_t i = 0; i < total; i++)
                present[i] = pattern >> i & 1;
            check_loss(&code, present, 5);
        }
    }
}
END_TEST

/* SOL-R9: 32:32, the smaller sets of the table, the largest with 63 data shreds */
START_TEST(random_losses_of_deployed_sets)
{
    static const uint32_t shapes[][2] = {{32, 32}, {1, 17},  {9, 23}, {17, 26},
                                         {16, 4},  {63, 63}, {5, 59}, {64, 64}};
    for (size_t shape = 0; shape < sizeof shapes / sizeof shapes[0]; shape++) {
        struct reed_solomon code;
        reed_solomon_init(&code, shapes[shape][0], shapes[shape][1]);
        uint32_t total = code.data_count + code.code_count;
        fill(&code, 33, 100 + shape);
        for (uint64_t item = 0; item < 40; item++) {
            struct rng_stream stream;
            rng_stream_at(&stream, &rng, RNG_TEST, 200 + shape, item);
            bool present[SHREDS_MAX];
            /* Around the edge: shreds are lost with a chance near code / total. */
            uint64_t lost = code.code_count + rng_below(&stream, 7);
            for (uint32_t i = 0; i < total; i++)
                present[i] = rng_below(&stream, total) >= (lost > 3 ? lost - 3 : 0);
            check_loss(&code, present, 33);
        }
    }
}
END_TEST

START_TEST(whole_shreds_survive_the_loss_of_all_data)
{
    struct reed_solomon code;
    bool present[SHREDS_MAX] = {false};
    reed_solomon_init(&code, 32, 32);
    fill(&code, BYTES_MAX, 7);
    for (uint32_t i = 32; i < 64; i++)
        present[i] = true;
    check_loss(&code, present, BYTES_MAX);
    present[63] = false;
    check_loss(&code, present, BYTES_MAX); /* 31 are too few */
}
END_TEST

/* The field: products by the definition (long multiplication, then division by the polynomial). */
START_TEST(the_field_is_gf_256_with_11d)
{
    for (unsigned a = 0; a < 256; a++)
        for (unsigned b = 0; b < 256; b++) {
            unsigned product = 0;
            for (unsigned i = 0; i < 8; i++)
                product ^= (b >> i & 1) ? a << i : 0;
            for (unsigned i = 15; i >= 8; i--)
                product ^= (product >> i & 1) ? 0x11dU << (i - 8) : 0;
            ck_assert_uint_eq(gf256_multiply((unsigned char)a, (unsigned char)b), product);
        }
}
END_TEST

/* Systematic, and with 1 data shred every code shred is its copy (row r of the matrix is r^0). */
START_TEST(data_shreds_are_their_own_code_words)
{
    struct reed_solomon code;
    reed_solomon_init(&code, 32, 32);
    for (uint32_t i = 0; i < 32; i++)
        for (uint32_t k = 0; k < 32; k++)
            ck_assert_uint_eq(code.rows[i][k], i == k);
    /* The first code row of 2:2, by hand: rows (1 0), (1 1), (1 2), (1 3) times the inverse of the
     * top square, which is its own inverse: (1 2) -> (1 ^ 2, 2). */
    reed_solomon_init(&code, 2, 2);
    ck_assert_uint_eq(code.rows[2][0], 3);
    ck_assert_uint_eq(code.rows[2][1], 2);
    ck_assert_uint_eq(code.rows[3][0], 2);
    ck_assert_uint_eq(code.rows[3][1], 3);
    reed_solomon_init(&code, 1, 6);
    for (uint32_t i = 0; i < 7; i++)
        ck_assert_uint_eq(code.rows[i][0], 1);
}
END_TEST

CHECK_MAIN("reed_solomon", all_losses_of_small_sets, random_losses_of_deployed_sets,
           whole_shreds_survive_the_loss_of_all_data, the_field_is_gf_256_with_11d,
           data_shreds_are_their_own_code_words)
