/* Goal: who misses many blocks by direct spread gets them in little more time than their bytes
 * take, from all who have them, whatever is lost or down, and never more at once than its window
 * says. Method: a chain made by hand under the real engine; a member that was away. */

#include "models/spread/spread_direct.h"

#include "tests/check_main.h"
#include "tests/support_spread.h"

#define MS UINT64_C(1000000)
#define SECOND UINT64_C(1000000000)

enum { AWAY = 5, MEMBERS = 6 };

/* Member 5 is away from the first slot on, until nothing can be on its way any more. */
static struct support_spread *away_new(uint64_t slots)
{
    struct support_spread *support = support_spread_new(&spread_direct_model, MEMBERS);
    support->slots = slots;
    support->scenario.duration_ns = (slots + 100) * 400 * MS;
    support_spread_fault(support, FAULT_CRASH, AWAY, AWAY, 300 * MS, slots * 400 * MS + 1500 * MS);
    return support;
}

static uint64_t back_ns(const struct support_spread *support)
{
    return support->faults[0].at_ns + support->faults[0].for_ns;
}

/* When the member that was away had all blocks; 0 = never. */
static uint64_t caught_up_ns(const struct support_spread *support)
{
    uint64_t at_ns = 0;
    for (uint64_t slot = 1; slot <= support->slots; slot++) {
        uint64_t done_ns = support_spread_completed(support, AWAY, slot);
        if (support->blocks[slot].made && done_ns == 0)
            return 0;
        at_ns = done_ns > at_ns ? done_ns : at_ns;
    }
    return at_ns;
}

/* How many blocks a member lacks of those that lead to the newest one: of other forks that are not
 * final nobody need hear. */
static uint32_t lacks(const struct support_spread *support, uint32_t member)
{
    uint32_t count = 0, length = 0;
    uint64_t slot = support->slots;
    while (!support->blocks[slot].made)
        slot--;
    for (; slot > 0; slot = support->blocks[slot].header.parent_slot, length++)
        count += support_spread_completed(support, member, slot) == 0;
    ck_assert_uint_gt(length, 5);
    return count;
}

/* Status, block, headers, and 64 at a time: some ten round trips of 10 ms for 250 blocks. */
START_TEST(a_long_absence_takes_few_round_trips)
{
    struct support_spread *support = away_new(300);
    support_spread_run(support);
    uint64_t took_ns = caught_up_ns(support) - back_ns(support);
    ck_assert_uint_lt(took_ns, 150 * MS);
    ck_assert_int_eq(support_spread_counter(support, "headers_asked"), 1);
    ck_assert_int_eq(support_spread_counter(support, "blocks_duplicate"), 0);
    ck_assert_uint_eq(support->completed_twice, 0);
    support_spread_free(support);
}
END_TEST

START_TEST(parents_come_before_their_children)
{
    struct support_spread *support = away_new(200);
    support->config.window = 1;
    support_spread_run(support);
    ck_assert_uint_ne(caught_up_ns(support), 0);
    uint32_t out_of_order = 0;
    uint64_t before_ns = 0;
    for (uint64_t slot = 1; slot <= 200; slot++) {
        if (!support->blocks[slot].made)
            continue;
        uint64_t at_ns = support_spread_completed(support, AWAY, slot);
        out_of_order += at_ns < before_ns;
        before_ns = at_ns;
    }
    /* What the status named, and ancestors until headers come. */
    ck_assert_uint_le(out_of_order, 4);
    support_spread_free(support);
}
END_TEST

/* A round trip is 10 ms, so that so many blocks need so many windows. */
START_TEST(no_more_is_asked_for_at_once_than_the_window_holds)
{
    static const int64_t windows[] = {1, 3, 16, 40};
    for (size_t i = 0; i < sizeof windows / sizeof windows[0]; i++) {
        struct support_spread *support = away_new(200);
        support->config.window = windows[i];
        support_spread_run(support);
        uint64_t asked = (uint64_t)support_spread_counter(support, "blocks_asked");
        uint64_t took_ns = caught_up_ns(support) - back_ns(support);
        ck_assert_uint_ge(asked, 160);
        ck_assert_uint_ge(took_ns, asked / (uint64_t)windows[i] * 10 * MS);
        ck_assert_uint_le(took_ns, asked / (uint64_t)windows[i] * 10 * MS + 100 * MS);
        /* And in any ten milliseconds no more come. */
        for (uint64_t slot = 1; slot <= 200; slot++) {
            uint64_t from_ns = support_spread_completed(support, AWAY, slot), came = 0;
            for (uint64_t other = 1; from_ns > 0 && other <= 200; other++)
                came += support_spread_completed(support, AWAY, other) >= from_ns &&
                        support_spread_completed(support, AWAY, other) < from_ns + 10 * MS;
            ck_assert_uint_le(came, (uint64_t)windows[i]);
        }
        support_spread_free(support);
    }
}
END_TEST

/* An answer tells of 512 blocks. */
START_TEST(headers_go_on_where_an_answer_ends)
{
    struct support_spread *support = away_new(1400);
    support_spread_run(support);
    ck_assert_uint_ne(caught_up_ns(support), 0);
    ck_assert_uint_lt(caught_up_ns(support), back_ns(support) + 1500 * MS);
    ck_assert_int_eq(support_spread_counter(support, "headers_asked"), 3);
    /* Those of its own slots are not there, and what the status named comes before. */
    ck_assert_int_le(support_spread_counter(support, "headers_answered"), 1400 * 5 / 6 + 4);
    support_spread_free(support);
}
END_TEST

/* Back after 50 slots of 300, with its root close below: that is how far headers go. */
START_TEST(headers_end_at_the_root_of_who_asks)
{
    struct support_spread *support = away_new(300);
    support->faults[0].at_ns += 250 * 400 * MS;
    support->faults[0].for_ns -= 250 * 400 * MS;
    support_spread_run(support);
    ck_assert_uint_ne(caught_up_ns(support), 0);
    ck_assert_int_ge(support_spread_counter(support, "headers_answered"), 35);
    ck_assert_int_le(support_spread_counter(support, "headers_answered"), 52);
    support_spread_free(support);
}
END_TEST

/* Copies leave over the slot and votes come before most of them; meanwhile a lost block is asked
 * for. What is on its way is not. */
START_TEST(what_may_be_on_its_way_is_not_asked_for)
{
    struct support_spread *support = support_spread_new(&spread_direct_model, 12);
    support->slots = 40;
    support->votes = true;
    support_spread_fault(support, FAULT_CUT, 5, 5, 2000 * MS, 1000 * MS);
    support_spread_run(support);
    ck_assert_int_ge(support_spread_counter(support, "blocks_asked"), 2);
    ck_assert_int_le(support_spread_counter(support, "blocks_asked"), 3);
    ck_assert_int_eq(support_spread_counter(support, "blocks_duplicate"), 0);
    for (uint64_t slot = 1; slot <= 40; slot++)
        ck_assert_uint_ne(support_spread_completed(support, 5, slot), 0);
    support_spread_free(support);
}
END_TEST

/* 90 blocks of 40 kB, five servers of 10 Mbit/s: 32 ms a block each, so 576 ms if they share. */
START_TEST(answers_take_the_time_of_their_servers_uplinks)
{
    struct support_spread *support = away_new(90);
    support->scenario.network.bandwidth_bit_per_s = 10000000;
    support->scenario.duration_ns = 200 * SECOND;
    support_spread_run(support);
    uint64_t took_ns = caught_up_ns(support) - back_ns(support);
    uint64_t asked = (uint64_t)support_spread_counter(support, "blocks_asked");
    ck_assert_uint_gt(took_ns, asked / 5 * 32 * MS);
    ck_assert_uint_lt(took_ns, 3000 * MS); /* and one alone would take that long */
    support_spread_free(support);
}
END_TEST

/* Uplinks on which a block takes longer than a member waits at first. It learns to wait. */
START_TEST(slow_answers_are_waited_for)
{
    struct support_spread *support = away_new(60);
    support->config.fetch_ns = 50 * (int64_t)MS;
    support->scenario.network.bandwidth_bit_per_s = 1000000; /* 320 ms a block */
    support->interval_ns = 4000 * MS;
    support->faults[0].for_ns = 60 * 4000 * MS;
    support->scenario.duration_ns = 400 * SECOND;
    support_spread_run(support);
    ck_assert_uint_ne(caught_up_ns(support), 0);
    int64_t asked = support_spread_counter(support, "blocks_asked");
    ck_assert_int_ge(asked, 50);
    ck_assert_int_le(asked, 60 * 5);
    support_spread_free(support);
}
END_TEST

START_TEST(losses_and_peers_that_are_down_cost_time_only)
{
    for (uint64_t seed = 1; seed <= 10; seed++) {
        struct support_spread *support = away_new(150);
        support->scenario.seed = seed;
        support->scenario.network.loss = INT64_C(200000000000); /* 20 % */
        support->lag = 0; /* by luck of who is connected, so it is not safe where forks are */
        support->votes = true;
        support->scenario.duration_ns = 160 * SECOND;
        /* Two that could answer go down for a while as it comes back. */
        support_spread_fault(support, FAULT_CRASH, 0, 1, back_ns(support) + 30 * MS, 20 * SECOND);
        support_spread_run(support);
        ck_assert_msg(lacks(support, AWAY) == 0, "seed %lu", (unsigned long)seed);
        support_spread_free(support);
    }
}
END_TEST

/* Those that told it how far they are, and have all, are gone as soon as it asks them. They are
 * asked once, and then others are. */
START_TEST(who_does_not_answer_is_no_source_any_more)
{
    struct support_spread *support = support_spread_new(&spread_direct_model, 20);
    support->slots = 300;
    support->scenario.duration_ns = 200 * SECOND;
    support_spread_fault(support, FAULT_CRASH, 16, 16, 300 * MS, 121500 * MS);
    support_spread_fault(support, FAULT_CRASH, 17, 19, 121838 * MS, 0);
    support_spread_run(support);
    uint64_t at_ns = 0;
    for (uint64_t slot = 1; slot <= 300; slot++)
        if (support_spread_completed(support, 16, slot) > at_ns)
            at_ns = support_spread_completed(support, 16, slot);
    ck_assert_uint_eq(lacks(support, 16), 0);
    ck_assert_uint_lt(at_ns, 127 * SECOND);
    support_spread_free(support);
}
END_TEST

/* It comes back two seconds before the end, cut off: who has been up for less than `within` may
 * lack something. */
START_TEST(who_is_back_for_a_moment_has_lost_nothing_yet)
{
    struct support_spread *support = away_new(40);
    support_spread_property(support, "no_lost_shred", 5 * SECOND);
    support_spread_fault(support, FAULT_CUT, AWAY, AWAY, 10 * SECOND, 0);
    support->scenario.duration_ns = back_ns(support) + 2 * SECOND;
    support_spread_run(support);
    ck_assert_int_eq(support->result.status, ENGINE_OK);
    support->scenario.duration_ns = back_ns(support) + 6 * SECOND;
    support_spread_run(support);
    ck_assert_int_eq(support->result.status, ENGINE_VIOLATION);
    support_spread_free(support);
}
END_TEST

/* Half of all come back at once, and nobody has more than the other half. */
START_TEST(many_who_were_away_together_catch_up_together)
{
    struct support_spread *support = away_new(100);
    support->targets[0].first = 3;
    support_spread_run(support);
    ck_assert_uint_ne(caught_up_ns(support), 0);
    ck_assert_uint_lt(caught_up_ns(support), back_ns(support) + 4 * SECOND);
    for (uint32_t member = 3; member <= 5; member++)
        ck_assert_uint_eq(lacks(support, member), 0);
    support_spread_free(support);
}
END_TEST

/* A second absence in the middle of catching up: what was asked for is gone, and asked for again.
 */
START_TEST(a_crash_while_catching_up_is_made_up_for)
{
    struct support_spread *support = away_new(400);
    support->config.window = 8;
    support_spread_fault(support, FAULT_CRASH, AWAY, AWAY, back_ns(support) + 95 * MS, 200 * MS);
    support_spread_run(support);
    ck_assert_uint_gt(caught_up_ns(support), back_ns(support) + 295 * MS);
    ck_assert_uint_lt(caught_up_ns(support), back_ns(support) + 900 * MS);
    support_spread_free(support);
}
END_TEST

/* Slot 4's leader is cut off with its four blocks, the others go on without them. Their roots pass
 * them; it comes back, and nobody asks for what has lost. */
START_TEST(blocks_of_lost_forks_are_not_asked_for)
{
    struct support_spread *support = support_spread_new(&spread_direct_model, MEMBERS);
    support->slots = 30;
    support_spread_fault(support, FAULT_CUT, 1, 1, 1500 * MS, 7000 * MS);
    support_spread_run(support);
    uint32_t lost = 0;
    for (uint64_t slot = 4; slot < 8; slot++)
        for (uint32_t member = 2; member < MEMBERS; member++)
            lost +=
                support->blocks[slot].made && support_spread_completed(support, member, slot) == 0;
    ck_assert_uint_eq(lost, 16);
    ck_assert_uint_eq(lacks(support, 1), 0);
    /* Who was cut off asks for what it missed, and that is all. */
    ck_assert_int_le(support_spread_counter(support, "blocks_asked"), 30);
    support_spread_free(support);
}
END_TEST

/* Member 0 and 1 alone have a long fork, and tell member 5 of it by headers before they go down for
 * ever. It gets the rest all the same. */
START_TEST(what_nobody_has_does_not_keep_the_rest_waiting)
{
    struct support_spread *support = support_spread_new(&spread_direct_model, MEMBERS);
    support->slots = 300;
    support->lag = 0;
    support->config.window = 8;
    support->scenario.duration_ns = 200 * SECOND;
    support_spread_fault(support, FAULT_CUT, 2, 5, 5 * SECOND, 45 * SECOND); /* each alone */
    support_spread_fault(support, FAULT_CRASH, 0, 1, 50050 * MS, 0);
    support_spread_run(support);
    uint32_t unknown = 0;
    for (uint64_t slot = 1; slot <= 300; slot++) {
        bool up_has = false;
        for (uint32_t member = 2; member < MEMBERS; member++)
            up_has = up_has || support_spread_completed(support, member, slot) != 0;
        unknown += support->blocks[slot].made && !up_has;
    }
    ck_assert_uint_gt(unknown, 16);
    for (uint32_t member = 2; member < MEMBERS; member++)
        ck_assert_uint_eq(lacks(support, member), 0);
    support_spread_free(support);
}
END_TEST

START_TEST(two_members_are_enough)
{
    struct support_spread *support = support_spread_new(&spread_direct_model, 2);
    support->slots = 60;
    support->lag = 0;
    support->scenario.network.loss = INT64_C(100000000000);
    support->scenario.duration_ns = 100 * SECOND;
    support_spread_fault(support, FAULT_CRASH, 1, 1, 2 * SECOND, 15 * SECOND);
    support_spread_run(support);
    ck_assert_uint_eq(lacks(support, 0), 0);
    ck_assert_uint_eq(lacks(support, 1), 0);
    support_spread_free(support);
}
END_TEST

CHECK_MAIN("direct_fetch", a_long_absence_takes_few_round_trips, parents_come_before_their_children,
           no_more_is_asked_for_at_once_than_the_window_holds, headers_go_on_where_an_answer_ends,
           headers_end_at_the_root_of_who_asks, what_may_be_on_its_way_is_not_asked_for,
           answers_take_the_time_of_their_servers_uplinks, slow_answers_are_waited_for,
           losses_and_peers_that_are_down_cost_time_only, who_does_not_answer_is_no_source_any_more,
           many_who_were_away_together_catch_up_together, a_crash_while_catching_up_is_made_up_for,
           blocks_of_lost_forks_are_not_asked_for, what_nobody_has_does_not_keep_the_rest_waiting,
           who_is_back_for_a_moment_has_lost_nothing_yet, two_members_are_enough)
