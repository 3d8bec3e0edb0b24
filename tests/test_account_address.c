/* Goal: an account's address lies in its shard and leads back to its index.
 * Method: exhaustively over small indices of every depth, seeded over large ones. TON-1 */

#include "tests/check_main.h"

#include "models/ledger/account_address.h"
#include "sim/rng.h"

/* A shard of that depth with random prefix bits. */
static uint64_t shard_of(struct rng_stream *stream, unsigned depth)
{
    uint64_t tag = UINT64_C(1) << (63 - depth);
    uint64_t bits = depth == 0 ? 0 : rng_u64(stream) >> (64 - depth) << (64 - depth);
    return bits | tag;
}

static bool lies_in(uint64_t shard, uint64_t prefix)
{
    unsigned depth = 63U - (unsigned)__builtin_ctzll(shard);
    return depth == 0 || (shard ^ prefix) >> (64 - depth) == 0;
}

START_TEST(addresses_lead_back_to_their_index)
{
    struct rng rng = {.seed = 30};
    struct rng_stream stream;
    rng_stream_at(&stream, &rng, RNG_TEST, 0, 0);
    for (unsigned depth = 0; depth <= 60; depth++) {
        uint64_t shard = shard_of(&stream, depth);
        uint64_t room = depth == 0 ? UINT64_MAX : (UINT64_C(1) << (64 - depth)) - 1;
        for (uint64_t i = 0; i < 3000; i++) {
            uint64_t index = i < 1000 && i <= room ? i : rng_u64(&stream) & room;
            uint64_t prefix = account_prefix(shard, index);
            uint64_t back = UINT64_MAX;
            if (!lies_in(shard, prefix) || !account_index(shard, prefix, &back) || back != index)
                ck_abort_msg("depth %u, index %llu", depth, (unsigned long long)index);
        }
    }
}
END_TEST

START_TEST(a_small_shard_is_filled_exactly)
{
    /* 12 bits below the prefix: 4096 accounts take 4096 different addresses. */
    uint64_t shard = UINT64_C(0xabcdef0123456000) | UINT64_C(1) << 11;
    static bool taken[4096];
    for (uint64_t index = 0; index < 4096; index++) {
        uint64_t prefix = account_prefix(shard, index);
        ck_assert_uint_eq(prefix >> 12, shard >> 12);
        ck_assert(!taken[prefix & 4095]);
        taken[prefix & 4095] = true;
    }
}
END_TEST

START_TEST(addresses_of_other_shards_are_refused)
{
    uint64_t left = UINT64_C(1) << 62;         /* prefix 0 */
    uint64_t right = left | UINT64_C(1) << 63; /* prefix 1 */
    for (uint64_t index = 0; index < 1000; index++) {
        uint64_t untouched = 77;
        ck_assert(!account_index(left, account_prefix(right, index), &untouched));
        ck_assert(!account_index(right, account_prefix(left, index), &untouched));
        ck_assert_uint_eq(untouched, 77);
    }
}
END_TEST

START_TEST(accounts_spread_over_the_halves_of_their_shard)
{
    /* Were they not mixed, a split shard would leave all accounts in one half. */
    uint64_t shard = UINT64_C(1) << 59;
    uint64_t high = 0;
    for (uint64_t index = 0; index < 1000; index++)
        high += account_prefix(shard, index) >> 59 & 1;
    ck_assert_uint_gt(high, 400);
    ck_assert_uint_lt(high, 600);
}
END_TEST

CHECK_MAIN("account_address", addresses_lead_back_to_their_index, a_small_shard_is_filled_exactly,
           addresses_of_other_shards_are_refused, accounts_spread_over_the_halves_of_their_shard)
