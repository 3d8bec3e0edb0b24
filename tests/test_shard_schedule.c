/* Goal: the masterchain opens windows, ends shards and forgets as TON-R56 says. Method: one shard
 * or one pair, stepped through the instants that matter. */

#include "models/chain/shard_schedule.h"

#include "models/chain/shard_load.h"
#include "tests/check_main.h"

#define SECOND UINT64_C(1000000000)

static const struct shard_rules rules = {.depth_min = 1,
                                         .depth_max = 3,
                                         .delay_ns = 100 * SECOND,
                                         .interval_ns = 100 * SECOND,
                                         .reserve_ns = 13 * SECOND};

static struct shard_entry wants(enum shard_want want)
{
    return (struct shard_entry){.number = 1, .want = (uint64_t)want};
}

/* TON-R56 */
START_TEST(overload_opens_a_window_after_the_delay)
{
    struct shard_entry entry = shard_schedule_one(&rules, 50 * SECOND, 2, wants(SHARD_WANTS_SPLIT));
    ck_assert_uint_eq(entry.event, SHARD_EVENT_SPLIT);
    ck_assert_uint_eq(entry.from_ns, 150 * SECOND);
    ck_assert_uint_eq(entry.until_ns, 250 * SECOND);
    /* A second wish does not move it. */
    entry = shard_schedule_one(&rules, 60 * SECOND, 2, entry);
    ck_assert_uint_eq(entry.from_ns, 150 * SECOND);
}
END_TEST

/* TON-R56 */
START_TEST(depth_bounds_splits_and_asks_for_them)
{
    struct shard_entry entry = shard_schedule_one(&rules, 0, 3, wants(SHARD_WANTS_SPLIT));
    ck_assert_uint_eq(entry.event, SHARD_EVENT_NONE);
    entry = shard_schedule_one(&rules, 0, 0, wants(SHARD_WANTS_NOTHING));
    ck_assert_uint_eq(entry.event, SHARD_EVENT_SPLIT);
    entry = shard_schedule_one(&rules, 0, 1, wants(SHARD_WANTS_NOTHING));
    ck_assert_uint_eq(entry.event, SHARD_EVENT_NONE);
}
END_TEST

/* TON-R56 */
START_TEST(a_window_that_passed_is_forgotten)
{
    struct shard_entry entry = shard_schedule_one(&rules, 0, 2, wants(SHARD_WANTS_SPLIT));
    entry.want = SHARD_WANTS_NOTHING;
    entry = shard_schedule_one(&rules, 200 * SECOND - 1, 2, entry);
    ck_assert_uint_eq(entry.event, SHARD_EVENT_SPLIT);
    entry = shard_schedule_one(&rules, 200 * SECOND, 2, entry);
    ck_assert_uint_eq(entry.event, SHARD_EVENT_NONE);
    /* But not when the shard has made its last block in it. */
    entry = shard_schedule_one(&rules, 0, 2, wants(SHARD_WANTS_SPLIT));
    entry.before_split = 1;
    entry = shard_schedule_one(&rules, 900 * SECOND, 2, entry);
    ck_assert_uint_eq(entry.event, SHARD_EVENT_SPLIT);
}
END_TEST

/* TON-R56 */
START_TEST(a_last_block_needs_the_window_and_its_reserve)
{
    struct shard_entry entry = shard_schedule_one(&rules, 0, 2, wants(SHARD_WANTS_SPLIT));
    ck_assert(!shard_schedule_ends(&rules, 100 * SECOND - 1, &entry));
    ck_assert(shard_schedule_ends(&rules, 100 * SECOND, &entry));
    ck_assert(shard_schedule_ends(&rules, 187 * SECOND, &entry));
    ck_assert(!shard_schedule_ends(&rules, 187 * SECOND + 1, &entry));
    entry.event = SHARD_EVENT_MERGE;
    ck_assert(!shard_schedule_ends(&rules, 150 * SECOND, &entry));
}
END_TEST

/* TON-R56 */
START_TEST(a_merge_needs_both_twice)
{
    struct shard_entry left = wants(SHARD_WANTS_MERGE), right = wants(SHARD_WANTS_NOTHING);
    shard_schedule_pair(&rules, 0, 2, &left, &right);
    ck_assert_uint_eq(left.event, SHARD_EVENT_NONE);
    right.want = SHARD_WANTS_MERGE;
    shard_schedule_pair(&rules, 0, 2, &left, &right);
    ck_assert_uint_eq(left.event, SHARD_EVENT_MERGE);
    ck_assert_uint_eq(right.from_ns, 100 * SECOND);
    ck_assert_uint_eq(left.before_merge, 0);
    shard_schedule_pair(&rules, 100 * SECOND - 1, 2, &left, &right);
    ck_assert_uint_eq(left.before_merge, 0);
    left.want = SHARD_WANTS_NOTHING; /* it changed its mind */
    shard_schedule_pair(&rules, 100 * SECOND, 2, &left, &right);
    ck_assert_uint_eq(right.before_merge, 0);
    left.want = SHARD_WANTS_MERGE;
    shard_schedule_pair(&rules, 120 * SECOND, 2, &left, &right);
    ck_assert_uint_eq(left.before_merge, 1);
    ck_assert_uint_eq(right.before_merge, 1);
}
END_TEST

/* TON-R56 */
START_TEST(merges_stop_at_the_least_depth_and_are_forced_below_the_greatest)
{
    struct shard_entry left = wants(SHARD_WANTS_MERGE), right = wants(SHARD_WANTS_MERGE);
    shard_schedule_pair(&rules, 0, 1, &left, &right);
    ck_assert_uint_eq(left.event, SHARD_EVENT_NONE);
    left.want = right.want = SHARD_WANTS_NOTHING;
    shard_schedule_pair(&rules, 0, 4, &left, &right);
    ck_assert_uint_eq(left.event, SHARD_EVENT_MERGE);
    /* A sibling with another event is not idle. */
    left = right = wants(SHARD_WANTS_MERGE);
    right.event = SHARD_EVENT_SPLIT;
    shard_schedule_pair(&rules, 0, 2, &left, &right);
    ck_assert_uint_eq(left.event, SHARD_EVENT_NONE);
}
END_TEST

START_TEST(an_order_needs_no_wish_and_no_delay)
{
    struct shard_entry left = wants(SHARD_WANTS_NOTHING), right = left;
    shard_schedule_order(&rules, 7 * SECOND, SHARD_EVENT_SPLIT, &left);
    ck_assert(shard_schedule_ends(&rules, 7 * SECOND, &left));
    left = right;
    shard_schedule_order(&rules, 7 * SECOND, SHARD_EVENT_MERGE, &left);
    shard_schedule_order(&rules, 7 * SECOND, SHARD_EVENT_MERGE, &right);
    shard_schedule_pair(&rules, 7 * SECOND, 2, &left, &right);
    ck_assert_uint_eq(left.before_merge, 1);
}
END_TEST

CHECK_MAIN("shard_schedule", overload_opens_a_window_after_the_delay,
           depth_bounds_splits_and_asks_for_them, a_window_that_passed_is_forgotten,
           a_last_block_needs_the_window_and_its_reserve, a_merge_needs_both_twice,
           merges_stop_at_the_least_depth_and_are_forced_below_the_greatest,
           an_order_needs_no_wish_and_no_delay)
