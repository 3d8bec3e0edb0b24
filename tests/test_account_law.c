/* Goal: accounts are drawn with exactly the weights of their law.
 * Method: the table against weights from libm; draws at the edges of every interval; frequencies
 * within a 99.9 % band. */

#include "tests/check_main.h"

#include <math.h>

#include "models/workload/account_law.h"
#include "sim/memory.h"
#include "sim/rng.h"

static double weight(uint64_t shards, uint64_t shard, uint64_t index, double exponent)
{
    return pow((double)(index * shards + shard + 1), -exponent);
}

START_TEST(zipf_table_has_the_exact_probabilities)
{
    static const double exponents[] = {0.0, 0.5, 0.9, 1.0, 2.0};
    enum { SHARDS = 7, ACCOUNTS = 300 };
    for (int e = 0; e < 5; e++) {
        struct memory memory = {0};
        struct account_law law;
        account_law_zipf(&law, &memory, SHARDS, ACCOUNTS, exponents[e]);
        long double whole = 0;
        for (uint64_t rank = 1; rank <= SHARDS * ACCOUNTS; rank++)
            whole += powl((long double)rank, -(long double)exponents[e]);
        uint64_t last = 0;
        for (uint64_t shard = 0; shard < SHARDS; shard++)
            for (uint64_t index = 0; index < ACCOUNTS; index++) {
                uint64_t upto = law.upto[shard * ACCOUNTS + index];
                double share = (double)(upto - last) * 0x1p-63;
                double expected = (double)(weight(SHARDS, shard, index, exponents[e]) / whole);
                ck_assert_msg(fabs(share - expected) < 1e-14, "s = %g, account %u of shard %u",
                              exponents[e], (unsigned)index, (unsigned)shard);
                last = upto;
            }
        ck_assert_uint_eq(last, UINT64_C(1) << 63);
        account_law_destroy(&law, &memory);
        ck_assert_uint_eq(memory.used_bytes, 0);
    }
}
END_TEST

enum { SHARDS = 3, ACCOUNTS = 4, DRAWS = 300000 };
enum kind { ANY, WITHIN, OUTSIDE };

/* Frequencies of a kind of draw from home account (1, 2) against the law's own weights. */
static void check_frequencies(const struct account_law *law, double exponent, enum kind kind)
{
    unsigned count[SHARDS][ACCOUNTS] = {{0}};
    double expected[SHARDS][ACCOUNTS];
    double whole = 0;
    for (uint64_t shard = 0; shard < SHARDS; shard++)
        for (uint64_t index = 0; index < ACCOUNTS; index++) {
            bool open = kind == ANY || (kind == WITHIN && shard == 1 && index != 2) ||
                        (kind == OUTSIDE && shard != 1);
            expected[shard][index] = open ? weight(SHARDS, shard, index, exponent) : 0;
            whole += expected[shard][index];
        }
    struct rng rng = {.seed = 32};
    struct rng_stream stream;
    rng_stream_at(&stream, &rng, RNG_TEST, (uint64_t)kind, 0);
    for (int i = 0; i < DRAWS; i++) {
        uint64_t x = rng_u64(&stream);
        struct account_place place = kind == ANY      ? account_law_any(law, x)
                                     : kind == WITHIN ? account_law_within(law, 1, 2, x)
                                                      : account_law_outside(law, 1, x);
        count[place.shard][place.index]++;
    }
    for (int shard = 0; shard < SHARDS; shard++)
        for (int index = 0; index < ACCOUNTS; index++) {
            double p = expected[shard][index] / whole;
            double band = 3.9 * sqrt(DRAWS * p * (1 - p)) + 1e-9;
            ck_assert_msg(fabs(count[shard][index] - DRAWS * p) < band,
                          "kind %d, account %d of shard %d: %u draws, expected %g", kind, index,
                          shard, count[shard][index], DRAWS * p);
        }
}

START_TEST(frequencies_are_those_of_the_law)
{
    struct memory memory = {0};
    for (int kind = ANY; kind <= OUTSIDE; kind++) {
        struct account_law law;
        account_law_uniform(&law, SHARDS, ACCOUNTS);
        check_frequencies(&law, 0.0, (enum kind)kind);
        account_law_zipf(&law, &memory, SHARDS, ACCOUNTS, 1.2);
        check_frequencies(&law, 1.2, (enum kind)kind);
        account_law_destroy(&law, &memory);
    }
}
END_TEST

START_TEST(ends_of_the_range_are_drawn_and_nothing_beyond)
{
    struct memory memory = {0};
    struct account_law law;
    account_law_zipf(&law, &memory, SHARDS, ACCOUNTS, 0.9);
    for (int step = 0; step < 2; step++) {
        uint64_t x = step ? UINT64_MAX : 0;
        struct account_place place = account_law_any(&law, x);
        ck_assert_uint_eq(place.shard, step ? SHARDS - 1 : 0);
        ck_assert_uint_eq(place.index, step ? ACCOUNTS - 1 : 0);
        place = account_law_outside(&law, step ? SHARDS - 1 : 0, x);
        ck_assert_uint_eq(place.shard, step ? SHARDS - 2 : 1);
        place = account_law_within(&law, 1, step ? ACCOUNTS - 1 : 0, x);
        ck_assert_uint_eq(place.shard, 1);
        ck_assert_uint_eq(place.index, step ? ACCOUNTS - 2 : 1);
    }
    account_law_destroy(&law, &memory);
}
END_TEST

START_TEST(weightless_regions_still_give_an_account)
{
    /* With s = 20 all but the first few accounts round to weight 0. */
    struct memory memory = {0};
    struct account_law law;
    account_law_zipf(&law, &memory, 2, 50, 20.0);
    struct rng rng = {.seed = 33};
    struct rng_stream stream;
    rng_stream_at(&stream, &rng, RNG_TEST, 0, 0);
    for (int i = 0; i < 10000; i++) {
        uint64_t x = rng_u64(&stream);
        struct account_place place = account_law_within(&law, 0, 0, x);
        ck_assert_uint_eq(place.shard, 0);
        ck_assert_uint_ne(place.index, 0);
        ck_assert_uint_lt(place.index, 50);
    }
    account_law_destroy(&law, &memory);
    account_law_uniform(&law, 2, 1);
    struct account_place only = account_law_within(&law, 1, 0, 5);
    ck_assert_uint_eq(only.shard, 1);
    ck_assert_uint_eq(only.index, 0);
}
END_TEST

CHECK_MAIN("account_law", zipf_table_has_the_exact_probabilities, frequencies_are_those_of_the_law,
           ends_of_the_range_are_drawn_and_nothing_beyond, weightless_regions_still_give_an_account)
