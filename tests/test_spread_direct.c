/* Goal: direct spread is bound by the leader's uplink, and who misses a block gets it from somebody
 * who has it. Method: a chain made by hand under the real engine. */

#include "models/spread/spread_direct.h"

#include "tests/check_main.h"
#include "tests/support_spread.h"

#define MS UINT64_C(1000000)

/* A block at or below a member's root that does not lead to it is on a fork that is lost. */
static bool is_lost(const struct support_spread *support, uint32_t member, uint64_t slot)
{
    uint64_t final = support->roots[member];
    if (slot > final)
        return false;
    while (final > slot)
        final = support->blocks[final].header.parent_slot;
    return final != slot;
}

static uint32_t count_missing(const struct support_spread *support)
{
    uint32_t missing = 0;
    for (uint64_t slot = 1; slot <= support->slots; slot++)
        for (uint32_t member = 0; member < support->members; member++)
            missing += support->blocks[slot].made && !is_lost(support, member, slot) &&
                       support_spread_completed(support, member, slot) == 0;
    return missing;
}

START_TEST(copies_leave_one_after_the_other)
{
    struct support_spread *support = support_spread_new(&spread_direct_model, 5);
    support->config.send = SPREAD_AT_ONCE;
    support->block_bytes = 1000000;
    support->scenario.network.bandwidth_bit_per_s = 1000000000; /* a block takes 8 ms */
    support_spread_run(support);
    for (uint64_t slot = 1; slot <= support->slots; slot++) {
        const struct block_header *header = &support->blocks[slot].header;
        for (uint32_t i = 0; i < 4; i++) {
            uint32_t member = (header->leader + 1 + i) % 5;
            ck_assert_uint_eq(support_spread_completed(support, member, slot),
                              header->time_ns + (i + 1) * 8 * MS + 5 * MS);
        }
    }
    ck_assert_uint_eq(support->completed_twice, 0);
    ck_assert_int_eq(support_spread_counter(support, "blocks_sent"), 40);
    ck_assert_int_eq(support_spread_counter(support, "blocks_asked"), 0);
    support_spread_free(support);
}
END_TEST

START_TEST(copies_leave_evenly_over_the_slot)
{
    struct support_spread *support = support_spread_new(&spread_direct_model, 5);
    support_spread_run(support);
    const struct block_header *header = &support->blocks[1].header;
    for (uint32_t i = 0; i < 4; i++)
        ck_assert_uint_eq(support_spread_completed(support, (header->leader + 1 + i) % 5, 1),
                          header->time_ns + i * 100 * MS + 5 * MS);
    support_spread_free(support);
}
END_TEST

START_TEST(what_is_lost_is_asked_for_once_a_vote_tells_of_it)
{
    for (uint64_t seed = 1; seed <= 10; seed++) {
        struct support_spread *support = support_spread_new(&spread_direct_model, 12);
        support->scenario.seed = seed;
        support->scenario.network.loss = INT64_C(200000000000); /* 20 % */
        support->votes = true;
        support_spread_run(support);
        ck_assert_msg(count_missing(support) == 0, "seed %lu: %u missing", (unsigned long)seed,
                      count_missing(support));
        ck_assert_int_gt(support_spread_counter(support, "blocks_asked"),
                         support_spread_counter(support, "blocks_answered"));
        ck_assert_uint_eq(support->completed_twice, 0);
        support_spread_free(support);
    }
}
END_TEST

/* Nobody votes: who has a block has all that it stands on. */
START_TEST(a_child_tells_of_its_parent)
{
    struct support_spread *support = support_spread_new(&spread_direct_model, 12);
    support->scenario.network.loss = INT64_C(200000000000);
    support_spread_run(support);
    ck_assert_int_gt(support_spread_counter(support, "blocks_asked"), 0);
    for (uint64_t slot = 1; slot <= support->slots; slot++) {
        uint64_t parent = support->blocks[slot].header.parent_slot;
        for (uint32_t member = 0; parent > 0 && member < support->members; member++)
            ck_assert(support_spread_completed(support, member, slot) == 0 ||
                      support_spread_completed(support, member, parent) != 0);
    }
    support_spread_free(support);
}
END_TEST

START_TEST(who_was_down_fetches_block_by_block_what_it_missed)
{
    struct support_spread *support = support_spread_new(&spread_direct_model, 6);
    support->slots = 20;
    support_spread_fault(support, FAULT_CRASH, 5, 5, 900 * MS, 4000 * MS);
    support_spread_run(support);
    uint32_t late = 0;
    for (uint64_t slot = 1; slot <= support->slots; slot++) {
        uint64_t at_ns = support_spread_completed(support, 5, slot);
        if (!support->blocks[slot].made)
            continue;
        ck_assert_msg(at_ns != 0, "slot %lu", (unsigned long)slot);
        late += at_ns > support->blocks[slot].header.end_ns + 1000 * MS;
    }
    ck_assert_uint_gt(late, 5);
    support_spread_free(support);
}
END_TEST

/* It has heard of blocks that never came, and crashes before it asks. */
START_TEST(who_was_down_goes_on_asking)
{
    struct support_spread *support = support_spread_new(&spread_direct_model, 6);
    support->slots = 3;
    support->votes = true;
    support_spread_fault(support, FAULT_CUT, 5, 5, 0, 1600 * MS);
    support_spread_fault(support, FAULT_CRASH, 5, 5, 1350 * MS, 1000 * MS);
    support_spread_run(support);
    ck_assert_uint_eq(count_missing(support), 0);
    ck_assert_uint_gt(support_spread_completed(support, 5, 1), 2350 * MS);
    support_spread_free(support);
}
END_TEST

CHECK_MAIN("spread_direct", copies_leave_one_after_the_other, copies_leave_evenly_over_the_slot,
           what_is_lost_is_asked_for_once_a_vote_tells_of_it, a_child_tells_of_its_parent,
           who_was_down_fetches_block_by_block_what_it_missed, who_was_down_goes_on_asking)
