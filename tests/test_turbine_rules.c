/* Goal: what members take in, refuse and pass on, by rule; bad leaders; properties that fire when
 * their rule is broken. Method: the turbine under the real engine with a chain made by hand. */

#include <stdio.h>
#include <string.h>

#include "models/spread/turbine.h"
#include "sim/context.h"
#include "tests/check_main.h"
#include "tests/support_spread.h"

#define MS UINT64_C(1000000)

static struct support_spread *make_support(uint32_t members)
{
    struct support_spread *support = support_spread_new(&spread_turbine_model, members);
    support->config.fanout = 3;
    support->config.repair.enabled = 0;
    return support;
}

/* Members that have the block of a slot. */
static uint32_t holders(const struct support_spread *support, uint64_t slot)
{
    uint32_t count = 0;
    for (uint32_t member = 0; member < support->members; member++)
        count += support_spread_completed(support, member, slot) != 0;
    return count;
}

static int64_t counter(const struct support_spread *support, const char *name)
{
    return support_spread_counter(support, name);
}

/* SOL-10, SOL-15, SOL-R8.9: the leaders of slots 8 to 11 become known in slot 10; what came before
 * is refused by all but its leader. */
START_TEST(shreds_of_an_epoch_without_known_leaders_are_refused)
{
    struct support_spread *support = make_support(9);
    support->slots = 15;
    support->lag = 0; /* or the leader of slots 8 to 11 would be alone with its root */
    support->epoch_slots = 8;
    support->epochs_known = 1;
    support->learned_ns = 10 * 400 * MS;
    support_spread_run(support);
    for (uint64_t slot = 1; slot <= 15; slot++)
        ck_assert_uint_eq(holders(support, slot), slot == 8 || slot == 9 ? 1 : 9);
    /* The roots of their trees refuse them, so nobody else sees them; the last one of slot 9 comes
     * in time for slot 10. */
    ck_assert_int_eq(counter(support, "shreds_refused_epoch"), 2 * 128 - 1);
    ck_assert_int_eq(counter(support, "shreds_refused_ahead"), 0);
    support->epochs_known = 2;
    support_spread_run(support);
    ck_assert_uint_eq(holders(support, 8), 9);
    ck_assert_int_eq(counter(support, "shreds_refused_epoch"), 0);
    support_spread_free(support);
}
END_TEST

/* SOL-R8.9: 500 slots above the highest that it has, if that is more than two epochs. */
START_TEST(shreds_too_far_ahead_are_refused)
{
    for (int far = 0; far < 2; far++) {
        struct support_spread *support = make_support(9);
        uint64_t awake = far ? 520 : 480;
        support->interval_ns = 20 * MS;
        support->block_bytes = 1;
        support->slots = awake + 6;
        support->epoch_slots = 200;
        support->epochs_known = 100;
        support_spread_fault(support, FAULT_CRASH, 8, 8, 70 * MS, awake * 20 * MS - 70 * MS);
        support_spread_run(support);
        ck_assert_uint_ne(support_spread_completed(support, 8, 1), 0);
        ck_assert_uint_eq(support_spread_completed(support, 8, 10), 0);
        ck_assert_int_eq(counter(support, "shreds_refused_ahead") > 0, far);
        ck_assert_int_eq(support_spread_completed(support, 8, awake + 4) == 0, far);
        support_spread_free(support);
    }
}
END_TEST

/* SOL-R8.9: the leader of slot 3 is another one; nobody takes its block in. */
START_TEST(shreds_of_a_wrong_leader_are_refused)
{
    struct support_spread *support = make_support(9);
    support->wrong_leader = 3;
    support_spread_run(support);
    ck_assert_uint_eq(holders(support, 3), 1);
    ck_assert_uint_eq(holders(support, 4), 9);
    ck_assert_int_eq(counter(support, "shreds_refused_leader"), 128);
    support_spread_free(support);
}
END_TEST

/* SOL-R2.5, SOL-R8.9: a leader that was away builds on what it knows, which is below the root of
 * the others. */
START_TEST(shreds_with_a_parent_below_the_root_are_refused)
{
    struct support_spread *support = make_support(5);
    support->slots = 12; /* member 2 leads slots 8 to 11 */
    support_spread_fault(support, FAULT_CRASH, 2, 2, 900 * MS, 2200 * MS);
    support_spread_run(support);
    ck_assert_uint_lt(support->blocks[8].header.parent_slot, 3);
    ck_assert_uint_eq(holders(support, 8), 1);
    ck_assert_int_gt(counter(support, "shreds_refused_parent"), 0);
    support_spread_free(support);
}
END_TEST

/* SOL-R8.7: what a slow node passes on when all others have gone on is refused. */
START_TEST(shreds_below_the_root_are_refused)
{
    struct support_spread *support = make_support(20);
    support_spread_fault(support, FAULT_DELAY, 7, 7, 0, 3000 * MS)->add_ns = 4000 * MS;
    support_spread_run(support);
    ck_assert_int_gt(counter(support, "shreds_refused_root"), 0);
    ck_assert_uint_ge(holders(support, 2), 19);
    support_spread_free(support);
}
END_TEST

/* SOL-R8.7: two versions of each shred go down each tree, so that all know; nobody has the slot,
 * and the next leader builds on the one before. */
START_TEST(two_versions_kill_a_slot_and_nothing_else)
{
    struct support_spread *support = make_support(20);
    support->slots = 12;
    support->lag = 0;
    support_spread_fault(support, FAULT_BYZANTINE, 1, 1, 1, 0)->behaviour = "equivocate";
    support_spread_run(support);
    for (uint64_t slot = 1; slot <= 12; slot++) {
        bool bad = support->blocks[slot].header.leader == 1;
        ck_assert_uint_eq(holders(support, slot), bad ? 1 : 20);
    }
    ck_assert_int_eq(counter(support, "slots_dead"), 4 * 19); /* it leads slots 4 to 7 */
    ck_assert_int_eq(counter(support, "shreds_sent"), (8 + 2 * 4) * 128);
    ck_assert_int_eq(counter(support, "shreds_received"), (8 + 2 * 4) * 128 * 19);
    ck_assert_uint_lt(support->blocks[8].header.parent_slot, 4);
    support_spread_free(support);
}
END_TEST

/* The store of a node that was down is as it was: nothing that came before is lost, though nobody
 * repairs. It sleeps through slot 4, which has no block. */
START_TEST(a_crash_takes_nothing_from_the_store)
{
    struct support_spread *support = make_support(9);
    support->skip_every = 4;
    support_spread_fault(support, FAULT_CRASH, 8, 8, 1700 * MS, 200 * MS);
    support_spread_property(support, "no_lost_shred", 2000 * MS);
    support_spread_property(support, "ledger_connected", 0);
    support_spread_run(support);
    ck_assert_msg(support->result.status == ENGINE_OK, "%s", support->result.violation);
    ck_assert_uint_eq(support->completed_twice, 0);
    for (uint64_t slot = 1; slot <= 10; slot++)
        ck_assert_uint_eq(holders(support, slot), slot % 4 == 0 ? 0 : 9);
    support_spread_free(support);
}
END_TEST

/* Only members that were up all the while are judged. */
START_TEST(who_was_down_is_not_counted_against_turbine)
{
    struct support_spread *support = make_support(9);
    support_spread_run(support);
    ck_assert_int_eq(counter(support, "blocks_tried"), 10 * 8);
    ck_assert_int_eq(counter(support, "sets_tried"), 10 * 8 * 2);
    ck_assert_int_eq(counter(support, "blocks_whole"), 10 * 8);
    support_spread_fault(support, FAULT_CRASH, 8, 8, 1700 * MS, 300 * MS); /* slots 4 and 5 */
    support_spread_run(support);
    /* When slot 3 is judged, and slots 4 and 5, it has not been up since they began. */
    ck_assert_int_eq(counter(support, "blocks_tried"), 10 * 8 - 3);
    ck_assert_int_eq(counter(support, "blocks_whole"), 10 * 8 - 3);
    support_spread_free(support);
}
END_TEST

/* Blocks and slots that nobody keeps are forgotten: memory does not grow with time. */
START_TEST(what_nobody_keeps_is_forgotten)
{
    uint64_t bytes[2];
    for (int longer = 0; longer < 2; longer++) {
        struct support_spread *support = make_support(9);
        support->slots = longer ? 400 : 100;
        support->interval_ns = 100 * MS;
        support->config.keep = 10;
        support->scenario.duration_ns = UINT64_C(60000) * MS;
        support_spread_run(support);
        ck_assert_uint_eq(holders(support, support->slots), 9);
        bytes[longer] = support->result.memory_peak_bytes;
        support_spread_free(support);
    }
    ck_assert_uint_lt(bytes[1], bytes[0] + 64 * 1024);
}
END_TEST

static struct engine_result run_broken(enum spread_break rule, const char *property)
{
    struct support_spread *support = make_support(9);
    support->config.break_rule = rule;
    support->skip_every = 3;
    support->scenario.network.loss = INT64_C(50000000000);
    support_spread_property(support, property, 2000 * MS);
    support_spread_run(support);
    struct engine_result result = support->result;
    support_spread_free(support);
    return result;
}

/* SOL-2: a set's missing shreds are not stored, and the slot passes for whole. */
START_TEST(a_lost_shred_is_seen)
{
    struct engine_result result = run_broken(SPREAD_BREAK_NOTHING, "no_lost_shred");
    ck_assert_msg(result.status == ENGINE_OK, "%s", result.violation);
    result = run_broken(SPREAD_BREAK_HOLES, "no_lost_shred");
    ck_assert_int_eq(result.status, ENGINE_VIOLATION);
    ck_assert_ptr_nonnull(strstr(result.violation, "no_lost_shred"));
}
END_TEST

/* SOL-3, SOL-R2: slots are not stored under their parents. */
START_TEST(a_ledger_that_is_not_connected_is_seen)
{
    struct engine_result result = run_broken(SPREAD_BREAK_NOTHING, "ledger_connected");
    ck_assert_msg(result.status == ENGINE_OK, "%s", result.violation);
    result = run_broken(SPREAD_BREAK_UNCHAINED, "ledger_connected");
    ck_assert_int_eq(result.status, ENGINE_VIOLATION);
    ck_assert_ptr_nonnull(strstr(result.violation, "ledger_connected"));
}
END_TEST

CHECK_MAIN("turbine_rules", shreds_of_an_epoch_without_known_leaders_are_refused,
           shreds_too_far_ahead_are_refused, shreds_of_a_wrong_leader_are_refused,
           shreds_with_a_parent_below_the_root_are_refused, shreds_below_the_root_are_refused,
           two_versions_kill_a_slot_and_nothing_else, a_crash_takes_nothing_from_the_store,
           who_was_down_is_not_counted_against_turbine, what_nobody_keeps_is_forgotten,
           a_lost_shred_is_seen, a_ledger_that_is_not_connected_is_seen)
