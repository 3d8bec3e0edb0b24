/* Goal: blocks that come late and networks that part make forks; all members end on one of them,
 * whatever was lost on the others comes again, and no two forks are ever final. Method: blocks held
 * back by the test's own spread (support_wire.h), partitions and loss by the engine's faults. */

#include "tests/check_main.h"
#include "tests/support_wire.h"

#define MS UINT64_C(1000000)
#define SECOND UINT64_C(1000000000)
#define SLOT (400 * MS)

static const struct wire_block *block_at(const struct support_wire *wire, uint64_t slot)
{
    for (uint32_t i = 0; i < wire->block_count; i++)
        if (wire->blocks[i].header.slot == slot)
            return &wire->blocks[i];
    return NULL;
}

/* What is final for any member lies on the way from the highest such block to the beginning. */
static void assert_one_chain(const struct support_wire *wire)
{
    const struct wire_block *top = NULL;
    uint32_t final = 0, met = 0;
    for (uint32_t i = 0; i < wire->block_count; i++) {
        const struct wire_block *block = &wire->blocks[i];
        final += block->final != 0;
        if (block->final != 0 && (!top || block->header.slot > top->header.slot))
            top = block;
    }
    for (; top; top = block_at(wire, top->header.parent_slot))
        met += top->final != 0;
    ck_assert_uint_eq(met, final);
}

static void assert_fine(const struct support_wire *wire)
{
    ck_assert_msg(wire->support->result.status == ENGINE_OK, "%s", wire->support->result.violation);
    ck_assert_uint_eq(wire->support->undo_errors, 0);
    ck_assert_uint_eq(wire->support->row_errors, 0);
    assert_one_chain(wire);
}

static uint32_t dropped_blocks(const struct support_wire *wire)
{
    uint32_t dropped = 0;
    for (uint32_t i = 0; i < wire->support->block_count; i++)
        dropped += wire->support->blocks[i].dropped;
    return dropped;
}

/* --- Blocks that come late --- */

static uint64_t late_slot, late_ns;

static uint64_t one_is_late(const struct block_header *header, uint32_t member)
{
    (void)member;
    return header->slot == late_slot ? late_ns : 0;
}

/* A run with empty blocks in which all members but its leader get one block late. */
static struct support_wire *run_late(uint64_t slot, uint64_t by_ns, uint64_t grace_ns)
{
    struct support_wire *wire = support_wire_new(6);
    wire->support->validators.empty_blocks = 1;
    wire->support->validators.grace_ns = (int64_t)grace_ns;
    wire->hold_ns = one_is_late;
    late_slot = slot;
    late_ns = by_ns;
    support_wire_run(wire);
    assert_fine(wire);
    return wire;
}

/* The first slot from `from` on whose leader is another than that of the slot before. */
static uint64_t handover(uint64_t from)
{
    struct support_wire *wire = run_late(0, 0, 0);
    uint64_t slot = from;
    while (block_at(wire, slot)->header.leader == block_at(wire, slot - 1)->header.leader)
        slot++;
    support_wire_free(wire);
    return slot;
}

START_TEST(a_leader_waits_for_the_block_before_its_own_within_the_grace)
{
    uint64_t slot = handover(12);
    struct support_wire *wire = run_late(slot - 1, SLOT + 100 * MS, 800 * MS);
    const struct block_header *header = &block_at(wire, slot)->header;
    ck_assert_uint_eq(header->parent_slot, slot - 1);
    /* It began to wait with its slot, and had the block 100 ms and a link later, replayed. */
    ck_assert_uint_eq(header->time_ns, slot * SLOT + 100 * MS + 5 * MS + 20 * MS);
    ck_assert_uint_eq(header->end_ns, (slot + 1) * SLOT);
    ck_assert_uint_eq(support_wire_counter(wire, "blocks_orphaned"), 0);
    support_wire_free(wire);
}
END_TEST

START_TEST(a_block_that_comes_too_late_makes_a_fork_that_is_lost)
{
    uint64_t slot = handover(12);
    static const uint64_t graces[] = {0, 200 * MS, 800 * MS};
    for (int i = 0; i < 3; i++) {
        struct support_wire *wire = run_late(slot - 1, 3 * SECOND, graces[i]);
        const struct wire_block *late = block_at(wire, slot - 1);
        /* With 800 ms its first two slots pass: the third begins as the wait ends. */
        uint64_t next = graces[i] == 800 * MS ? slot + 2 : slot;
        ck_assert_uint_eq(block_at(wire, next)->header.parent_slot, slot - 2);
        ck_assert_int_eq(block_at(wire, slot) != NULL, next == slot);
        ck_assert_uint_eq(block_at(wire, next)->header.time_ns,
                          (next == slot ? graces[i] : 0) + next * SLOT);
        ck_assert_uint_eq(late->final, 0);
        ck_assert_uint_ge(support_wire_counter(wire, "blocks_orphaned"), 1);
        ck_assert_uint_eq(wire->support->items_final, 100);
        ck_assert_uint_gt(support_wire_root_min(wire, 0), 140);
        support_wire_free(wire);
    }
}
END_TEST

START_TEST(a_block_made_late_may_still_be_sent_for_a_quarter_of_an_interval)
{
    uint64_t slot = handover(12);
    struct support_wire *wire = run_late(slot - 1, 3 * SECOND, 390 * MS);
    const struct block_header *header = &block_at(wire, slot)->header;
    ck_assert_uint_eq(header->time_ns, slot * SLOT + 390 * MS);
    ck_assert_uint_eq(header->end_ns, header->time_ns + 100 * MS);
    support_wire_free(wire);
}
END_TEST

/* What it waited for comes after its restart, but before its next slot. */
START_TEST(a_leader_that_was_down_while_it_waited_has_missed_its_slot)
{
    uint64_t slot = handover(12);
    struct support_wire *plain = run_late(slot - 1, SLOT + 200 * MS, 800 * MS);
    uint32_t leader = block_at(plain, slot)->header.leader;
    support_wire_free(plain);
    struct support_wire *wire = support_wire_new(6);
    wire->support->validators.empty_blocks = 1;
    wire->support->validators.grace_ns = (int64_t)(800 * MS);
    wire->hold_ns = one_is_late;
    support_wire_fault(wire, FAULT_CRASH, slot * SLOT + 50 * MS, 50 * MS, leader, leader);
    support_wire_run(wire);
    assert_fine(wire);
    ck_assert_ptr_null(block_at(wire, slot));
    ck_assert_ptr_nonnull(block_at(wire, slot + 1));
    support_wire_free(wire);
}
END_TEST

static uint64_t all_of_one_leader_are_late(const struct block_header *header, uint32_t member)
{
    (void)member;
    return header->leader == 2 ? 2500 * MS : 0;
}

/* What a lost block held is undone, and comes again in another. */
START_TEST(content_on_a_fork_that_loses_is_dropped_and_comes_again)
{
    static const enum validator_votes ways[] = {VOTES_ALL, VOTES_LEADERS};
    for (int i = 0; i < 2; i++) {
        struct support_wire *wire = support_wire_new(6);
        wire->support->validators.votes = ways[i];
        wire->support->validators.grace_ns = 0;
        wire->hold_ns = all_of_one_leader_are_late;
        support_wire_run(wire);
        assert_fine(wire);
        ck_assert_uint_gt(dropped_blocks(wire), 2);
        ck_assert_uint_eq(support_wire_counter(wire, "blocks_dropped"), dropped_blocks(wire));
        ck_assert_uint_ge(support_wire_counter(wire, "blocks_orphaned"), dropped_blocks(wire));
        ck_assert_uint_eq(wire->support->items_final, 100);
        support_wire_free(wire);
    }
}
END_TEST

/* Nobody ever gets the blocks of one leader: the others go on without it. */
static uint64_t one_is_silent(const struct block_header *header, uint32_t member)
{
    (void)member;
    return header->leader == 2 ? WIRE_NEVER : 0;
}

START_TEST(a_leader_whose_blocks_never_come_does_not_stop_the_chain)
{
    struct support_wire *wire = support_wire_new(6);
    wire->hold_ns = one_is_silent;
    support_wire_run(wire);
    assert_fine(wire);
    ck_assert_uint_eq(wire->support->items_final, 100);
    ck_assert_uint_gt(support_wire_root_min(wire, 0), 120);
    support_wire_free(wire);
}
END_TEST

/* --- Networks that part --- */

/* Parts the first `at` of `members` from 10 s to 30 s. */
static struct support_wire *run_parted(uint32_t members, uint32_t at, enum validator_votes votes,
                                       int64_t break_rule)
{
    struct support_wire *wire = support_wire_new(members);
    wire->support->validators.empty_blocks = 1;
    wire->support->validators.votes = votes;
    wire->support->chain.break_rule = break_rule;
    support_wire_split(wire, 10 * SECOND, 20 * SECOND, at);
    support_wire_run(wire);
    return wire;
}

/* Blocks of slots from `from_ns` to `to_ns` that are final for somebody. */
static uint32_t final_between(const struct support_wire *wire, uint64_t from_ns, uint64_t to_ns)
{
    uint32_t final = 0;
    for (uint32_t i = 0; i < wire->block_count; i++) {
        const struct block_header *header = &wire->blocks[i].header;
        final += header->time_ns >= from_ns && header->time_ns < to_ns && wire->blocks[i].final;
    }
    return final;
}

static bool final_in(const struct support_wire *wire, uint64_t from_ns, uint64_t to_ns)
{
    for (uint32_t i = 0; i < wire->support->block_count; i++) {
        const struct support_block *block = &wire->support->blocks[i];
        if (!block->dropped && block->final_ns >= from_ns && block->final_ns < to_ns)
            return true;
    }
    return false;
}

START_TEST(halves_make_nothing_final_and_agree_after_they_have_met_again)
{
    static const enum validator_votes ways[] = {VOTES_ALL, VOTES_LEADERS};
    for (uint32_t members = 4; members <= 20; members += 8)
        for (int i = 0; i < 2; i++) {
            struct support_wire *wire = run_parted(members, members / 2, ways[i], BREAK_NOTHING);
            assert_fine(wire);
            ck_assert(!final_in(wire, 11 * SECOND, 30 * SECOND));
            ck_assert_uint_gt(support_wire_counter(wire, "switches"), 0);
            ck_assert_uint_gt(support_wire_counter(wire, "blocks_orphaned"), 0);
            ck_assert_uint_gt(support_wire_root_min(wire, 0), 140);
            ck_assert_uint_eq(wire->support->items_final, 100);
            support_wire_free(wire);
        }
}
END_TEST

/* 65 % are not more than two thirds: nothing is final on either side. */
START_TEST(sixty_five_to_thirty_five_makes_nothing_final)
{
    struct support_wire *wire = run_parted(20, 13, VOTES_LEADERS, BREAK_NOTHING);
    assert_fine(wire);
    ck_assert(!final_in(wire, 11 * SECOND, 30 * SECOND));
    ck_assert_uint_gt(support_wire_root_min(wire, 0), 140);
    ck_assert_uint_eq(wire->support->items_final, 100);
    support_wire_free(wire);
}
END_TEST

START_TEST(seventy_to_thirty_goes_on_and_the_few_follow_when_they_are_back)
{
    struct support_wire *wire = run_parted(20, 14, VOTES_LEADERS, BREAK_NOTHING);
    assert_fine(wire);
    ck_assert(final_in(wire, 12 * SECOND, 20 * SECOND));
    ck_assert(final_in(wire, 20 * SECOND, 30 * SECOND));
    ck_assert_uint_gt(final_between(wire, 12 * SECOND, 28 * SECOND), 10);
    ck_assert_uint_gt(support_wire_counter(wire, "switches"), 0);
    ck_assert_uint_gt(support_wire_root_min(wire, 0), 140);
    ck_assert_uint_eq(wire->support->items_final, 100);
    support_wire_free(wire);
}
END_TEST

START_TEST(final_at_a_third_is_found_by_one_block_per_slot_final)
{
    struct support_wire *wire = run_parted(8, 4, VOTES_LEADERS, BREAK_QUORUM);
    ck_assert_int_eq(wire->support->result.status, ENGINE_VIOLATION);
    ck_assert_ptr_nonnull(strstr(wire->support->result.violation, "one_block_per_slot_final"));
    support_wire_free(wire);
}
END_TEST

/* --- Clocks and losses --- */

START_TEST(clocks_that_are_off_move_the_slots_of_their_owners)
{
    struct support_wire *wire = support_wire_new(8);
    wire->support->validators.clock_skew_ns = (int64_t)(300 * MS);
    wire->support->validators.empty_blocks = 1;
    support_wire_run(wire);
    assert_fine(wire);
    int64_t late_of[8] = {0};
    uint32_t seen = 0, moved = 0;
    for (uint32_t i = 0; i < wire->block_count; i++) {
        const struct block_header *header = &wire->blocks[i].header;
        int64_t late = (int64_t)header->time_ns - (int64_t)(header->slot * SLOT);
        if (header->slot % 4 == 0) /* after another leader it may have waited */
            continue;
        if (late_of[header->leader] != 0)
            ck_assert_int_eq(late_of[header->leader], late);
        late_of[header->leader] = late;
        ck_assert_int_le(late, (int64_t)(300 * MS));
        ck_assert_int_ge(late, -(int64_t)(300 * MS));
        seen++;
        moved += late != 0;
    }
    ck_assert_uint_gt(seen, 80);
    ck_assert_uint_eq(moved, seen);
    ck_assert_uint_eq(wire->support->items_final, 100);
    ck_assert_uint_gt(support_wire_root_min(wire, 0), 140);
    support_wire_free(wire);
}
END_TEST

/* By such clocks the first slots of some are over when the run begins. */
START_TEST(who_begins_after_its_first_slots_leads_its_later_ones)
{
    struct support_wire *wire = support_wire_new(8);
    wire->support->validators.clock_skew_ns = (int64_t)(3100 * MS);
    wire->support->validators.empty_blocks = 1;
    support_wire_run(wire);
    assert_fine(wire);
    uint32_t led = 0;
    for (uint32_t i = 0; i < wire->block_count; i++)
        led |= UINT32_C(1) << wire->blocks[i].header.leader;
    ck_assert_uint_eq(led, 0xff);
    support_wire_free(wire);
}
END_TEST

START_TEST(lost_votes_and_blocks_only_delay)
{
    static const enum validator_votes ways[] = {VOTES_ALL, VOTES_LEADERS};
    for (int i = 0; i < 2; i++) {
        struct support_wire *wire = support_wire_new(10);
        wire->support->scenario.network.loss = INT64_C(200000000000); /* a fifth */
        wire->support->validators.votes = ways[i];
        wire->resend_ns = 200 * MS;
        support_wire_run(wire);
        assert_fine(wire);
        ck_assert_uint_eq(wire->support->items_final, 100);
        ck_assert_uint_ge(support_wire_root_min(wire, 0), 123); /* content of 49.2 s and before */
        support_wire_free(wire);
    }
}
END_TEST

CHECK_MAIN("individual_forks", a_leader_waits_for_the_block_before_its_own_within_the_grace,
           a_block_that_comes_too_late_makes_a_fork_that_is_lost,
           a_leader_that_was_down_while_it_waited_has_missed_its_slot,
           a_block_made_late_may_still_be_sent_for_a_quarter_of_an_interval,
           content_on_a_fork_that_loses_is_dropped_and_comes_again,
           a_leader_whose_blocks_never_come_does_not_stop_the_chain,
           halves_make_nothing_final_and_agree_after_they_have_met_again,
           sixty_five_to_thirty_five_makes_nothing_final,
           seventy_to_thirty_goes_on_and_the_few_follow_when_they_are_back,
           final_at_a_third_is_found_by_one_block_per_slot_final,
           clocks_that_are_off_move_the_slots_of_their_owners,
           who_begins_after_its_first_slots_leads_its_later_ones, lost_votes_and_blocks_only_delay)
