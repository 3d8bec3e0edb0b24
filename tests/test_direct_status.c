/* Goal: by direct spread no member misses a block for ever because nothing happens any more, and a
 * chain on which nothing happens falls silent. Method: a chain made by hand under the real engine,
 * where nobody votes; members miss its last blocks, and nothing is made after them. */

#include "models/spread/spread_direct.h"

#include "tests/check_main.h"
#include "tests/support_spread.h"

#define MS UINT64_C(1000000)
#define SECOND UINT64_C(1000000000)

/* Ten slots of 400 ms. Slots 8 to 10 are led by member 2; the last block is made at 4 s. */
static struct support_spread *quiet_new(uint32_t members)
{
    struct support_spread *support = support_spread_new(&spread_direct_model, members);
    support->config.send = SPREAD_AT_ONCE;
    support->scenario.duration_ns = 100 * SECOND;
    return support;
}

static bool all_have_the_last(const struct support_spread *support)
{
    for (uint32_t member = 0; member < support->members; member++)
        if (support_spread_completed(support, member, support->slots) == 0)
            return false;
    return true;
}

START_TEST(who_comes_back_to_an_idle_chain_asks_at_once)
{
    struct support_spread *support = quiet_new(6);
    support_spread_fault(support, FAULT_CRASH, 5, 5, 2300 * MS, 30 * SECOND);
    support_spread_run(support);
    for (uint64_t slot = 6; slot <= 10; slot++) {
        ck_assert_uint_gt(support_spread_completed(support, 5, slot), 32300 * MS);
        ck_assert_uint_lt(support_spread_completed(support, 5, slot), 33500 * MS);
    }
    support->config.status_ns = 0;
    support_spread_run(support);
    ck_assert(!all_have_the_last(support));
    support_spread_free(support);
}
END_TEST

/* It was never down, so it has no reason to ask: the others tell it. */
START_TEST(who_was_cut_off_at_the_last_block_is_told)
{
    struct support_spread *support = quiet_new(12);
    support_spread_fault(support, FAULT_CUT, 7, 7, 3900 * MS, 600 * MS);
    support_spread_run(support);
    ck_assert(all_have_the_last(support));
    /* It has had nothing new for 5 s then, or those before it in the ring have not. */
    ck_assert_uint_gt(support_spread_completed(support, 7, 10), 8500 * MS);
    ck_assert_uint_lt(support_spread_completed(support, 7, 10), 9500 * MS);
    support->config.status_ns = 0;
    support_spread_run(support);
    ck_assert(!all_have_the_last(support));
    support_spread_free(support);
}
END_TEST

/* In none of ten seeds anybody misses a block in the end; without statuses in most somebody does.
 */
START_TEST(losses_leave_nobody_behind)
{
    uint32_t behind = 0;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct support_spread *support = quiet_new(20);
        support->scenario.seed = seed;
        support->scenario.network.loss = INT64_C(300000000000); /* 30 % */
        support->scenario.duration_ns = 300 * SECOND;
        support_spread_run(support);
        ck_assert_msg(all_have_the_last(support), "seed %lu", (unsigned long)seed);
        support->config.status_ns = 0;
        support_spread_run(support);
        behind += !all_have_the_last(support);
        support_spread_free(support);
    }
    ck_assert_uint_gt(behind, 10);
}
END_TEST

/* Members 6 to 10 are away for ever; 11 was cut off at the last block, and the nearest that can
 * tell it is 5. */
START_TEST(the_ring_goes_on_behind_those_who_are_away)
{
    struct support_spread *support = quiet_new(12);
    support_spread_fault(support, FAULT_CRASH, 6, 10, 3000 * MS, 0);
    support_spread_fault(support, FAULT_CUT, 11, 11, 3900 * MS, 600 * MS);
    support_spread_run(support);
    ck_assert_uint_ne(support_spread_completed(support, 11, 10), 0);
    support_spread_free(support);
}
END_TEST

/* A block each ten seconds, at 10, 20 and 30 s: each is over, and told of, before the next one.
 * Member 7 has had its own round for the second one and is cut off at the third. */
static struct support_spread *slow_new(void)
{
    struct support_spread *support = quiet_new(12);
    support->interval_ns = 10 * SECOND;
    support->slots = 3;
    support_spread_fault(support, FAULT_CUT, 7, 7, 29900 * MS, 600 * MS);
    return support;
}

/* Members 2 to 6 have gone, so the first that can tell it is 1: it asks 2, 3 and 4, then 5, 6
 * and 7.
 */
START_TEST(those_behind_who_is_away_are_asked_in_his_place)
{
    struct support_spread *support = slow_new();
    support_spread_fault(support, FAULT_CRASH, 2, 6, 27 * SECOND, 0);
    support_spread_run(support);
    ck_assert_uint_gt(support_spread_completed(support, 7, 3), 36 * SECOND);
    ck_assert_uint_lt(support_spread_completed(support, 7, 3), 38 * SECOND);
    support_spread_free(support);
}
END_TEST

/* Member 6 has gone after the first block, so all who would tell 7 still wait for his answer to
 * what they told then. They begin anew. */
START_TEST(who_answered_is_told_of_what_is_new_since)
{
    struct support_spread *support = slow_new();
    support_spread_fault(support, FAULT_CRASH, 6, 6, 11 * SECOND, 0);
    support_spread_run(support);
    ck_assert_uint_gt(support_spread_completed(support, 7, 3), 34 * SECOND);
    ck_assert_uint_lt(support_spread_completed(support, 7, 3), 38 * SECOND);
    support_spread_free(support);
}
END_TEST

/* Slots 5 to 7 reach member 0 alone, for which 5 is final then; slot 8's leader builds on 4, and
 * its block is the newest of all others. That 5 is final is told on by those who hear it, so that
 * also those have it who talk neither to 0 nor to 1. */
START_TEST(what_is_final_is_told_on_where_another_fork_is_newer)
{
    struct support_spread *support = quiet_new(16);
    support->slots = 8;
    support_spread_fault(support, FAULT_CUT, 2, 15, 1900 * MS, 1250 * MS);
    support_spread_run(support);
    ck_assert_uint_eq(support->blocks[8].header.parent_slot, 4);
    ck_assert_uint_eq(support->roots[0], 5);
    for (uint32_t member = 0; member < 16; member++)
        ck_assert_uint_ne(support_spread_completed(support, member, 5), 0);
    support_spread_free(support);
}
END_TEST

/* The last block has reached only one of two parts, and nothing is made after the part has healed.
 */
START_TEST(parts_that_come_together_tell_each_other)
{
    struct support_spread *support = quiet_new(12);
    support_spread_fault(support, FAULT_CUT, 4, 11, 3700 * MS, 20 * SECOND);
    support_spread_run(support);
    ck_assert(all_have_the_last(support));
    ck_assert_uint_gt(support_spread_completed(support, 4, 10), 23700 * MS);
    support_spread_free(support);
}
END_TEST

static uint64_t events_of(struct support_spread *support, uint64_t seconds)
{
    support->scenario.duration_ns = seconds * SECOND;
    support_spread_run(support);
    return support->result.events;
}

START_TEST(an_idle_chain_falls_silent)
{
    struct support_spread *support = quiet_new(12);
    uint64_t soon = events_of(support, 30);
    ck_assert_uint_eq(events_of(support, 30000), soon);
    /* Each asks three, who answer. */
    ck_assert_int_eq(support_spread_counter(support, "statuses"), 12 * 6);
    support_spread_free(support);
}
END_TEST

START_TEST(a_chain_without_blocks_has_no_events)
{
    struct support_spread *support = quiet_new(12);
    support->slots = 1;
    support->skip_every = 1;
    uint64_t of_clock = events_of(support, 1000);
    ck_assert_uint_eq(support->published, 0);
    ck_assert_uint_le(of_clock, 1);
    ck_assert_int_eq(support_spread_counter(support, "statuses"), 0);
    support_spread_free(support);
}
END_TEST

/* Packets to who is away for ever come as often as his absence has doubled: some ten more in a
 * thousand times as long. Three before it ask it, and one more each. */
START_TEST(who_stays_away_costs_ever_less)
{
    struct support_spread *support = quiet_new(12);
    support_spread_fault(support, FAULT_CRASH, 6, 6, 1000 * MS, 0);
    uint64_t soon = events_of(support, 100);
    uint64_t late = events_of(support, 100000);
    ck_assert_uint_gt(late, soon);
    ck_assert_uint_le(late, soon + 3 * 10 * 3);
    support_spread_free(support);
}
END_TEST

/* A block each 400 ms is news enough: a timer each `status`, and no packet. */
START_TEST(a_busy_chain_tells_nothing)
{
    struct support_spread *support = quiet_new(6);
    support->slots = 240;
    support->scenario.duration_ns = 97 * SECOND;
    support_spread_run(support);
    ck_assert_int_eq(support_spread_counter(support, "statuses"), 0);
    support_spread_free(support);
}
END_TEST

CHECK_MAIN("direct_status", who_comes_back_to_an_idle_chain_asks_at_once,
           who_was_cut_off_at_the_last_block_is_told, losses_leave_nobody_behind,
           the_ring_goes_on_behind_those_who_are_away,
           those_behind_who_is_away_are_asked_in_his_place,
           who_answered_is_told_of_what_is_new_since,
           what_is_final_is_told_on_where_another_fork_is_newer,
           parts_that_come_together_tell_each_other, an_idle_chain_falls_silent,
           a_chain_without_blocks_has_no_events, who_stays_away_costs_ever_less,
           a_busy_chain_tells_nothing)
