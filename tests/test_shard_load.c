/* Goal: the histories of TON-R55 weigh what the rule says. Method: the weight of every single bit,
 * then random histories against a slow version, bit by bit; fixed seed. */

#include "models/chain/shard_load.h"

#include "sim/rng.h"
#include "tests/check_main.h"

enum { CASES = 20000 };

static int32_t slow_weight(uint64_t history)
{
    int32_t weight = -64;
    for (int age = 0; age < 64; age++)
        if (history >> age & 1)
            weight += age < 16 ? 3 : age < 32 ? 2 : age < 48 ? 1 : 0;
    return weight;
}

/* TON-R55 */
START_TEST(weight_is_three_two_one_and_nothing)
{
    const struct rng rng = {.seed = 55, .replication = 0};
    for (uint64_t i = 0; i < CASES; i++) {
        struct rng_stream stream;
        rng_stream_at(&stream, &rng, RNG_TEST, i, 0);
        uint64_t history = rng_u64(&stream) & rng_u64(&stream);
        ck_assert_int_eq(shard_load_weight(history), slow_weight(history));
    }
    ck_assert_int_eq(shard_load_weight(0), -64);
    ck_assert_int_eq(shard_load_weight(UINT64_MAX), 3 * 16 + 2 * 16 + 16 - 64);
}
END_TEST

/* TON-R55: an idle shard counts as overloaded after 24 blocks of load in a row, not after 23. */
START_TEST(twenty_four_blocks_in_a_row_are_enough)
{
    uint64_t history = 0;
    for (int block = 1; block <= 64; block++) {
        history = shard_load_shift(history, true);
        ck_assert_int_eq(shard_load_weight(history) >= 0, block >= 24);
    }
    for (int block = 1; block <= 64; block++) {
        history = shard_load_shift(history, false);
        ck_assert_int_eq(history & 1, 0);
    }
    ck_assert_uint_eq(history, 0);
}
END_TEST

/* TON-R55 */
START_TEST(overload_goes_before_underload)
{
    ck_assert_int_eq(shard_load_want(0, 0), SHARD_WANTS_NOTHING);
    ck_assert_int_eq(shard_load_want(UINT64_MAX, 0), SHARD_WANTS_SPLIT);
    ck_assert_int_eq(shard_load_want(UINT64_MAX, UINT64_MAX), SHARD_WANTS_SPLIT);
    ck_assert_int_eq(shard_load_want(0, UINT64_MAX), SHARD_WANTS_MERGE);
    ck_assert_int_eq(shard_load_want(UINT16_MAX, UINT32_MAX), SHARD_WANTS_MERGE);
}
END_TEST

CHECK_MAIN("shard_load", weight_is_three_two_one_and_nothing,
           twenty_four_blocks_in_a_row_are_enough, overload_goes_before_underload)
