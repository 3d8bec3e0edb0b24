/* Goal: a chain whose spread makes blocks by parts takes a block for its leader's when it is whole,
 * however long that takes, and forgets what stands on one that never will be; whoever was down
 * while it replayed a block replays it again. Method: the test's own spread (support_wire.h) makes
 * one block slowly; it asserts that who votes for a block, or holds it for final, has that block
 * and all that it stands on. */

#include "tests/check_main.h"
#include "tests/support_wire.h"

#define MS UINT64_C(1000000)
#define SECOND UINT64_C(1000000000)
#define SLOT (400 * MS)

static uint64_t slow_slot, slow_ns;

static uint64_t make_ns(const struct block_header *header)
{
    return header->slot == slow_slot ? slow_ns : MS;
}

static const struct wire_block *block_at(const struct support_wire *wire, uint64_t slot)
{
    for (uint32_t i = 0; i < wire->block_count; i++)
        if (wire->blocks[i].header.slot == slot)
            return &wire->blocks[i];
    return NULL;
}

/* Five members; the first has nearly all stake, or as much as the others. */
static struct support_wire *make_wire(bool even, uint64_t slot, uint64_t takes_ns)
{
    static int64_t stakes[5] = {96, 1, 1, 1, 1};
    static struct stake_given_config given = {.values = {stakes, 5}};
    struct support_wire *wire = support_wire_new(5);
    if (!even)
        wire->support->validators.stake = (struct param_variant_value){STAKE_GIVEN, &given};
    wire->support->validators.empty_blocks = 1;
    wire->make_ns = make_ns;
    wire->resend_ns = 200 * MS;
    slow_slot = slot;
    slow_ns = takes_ns;
    return wire;
}

static void run_wire(struct support_wire *wire)
{
    support_wire_run(wire);
    ck_assert_msg(wire->support->result.status == ENGINE_OK, "%s", wire->support->result.violation);
    ck_assert_uint_eq(wire->support->undo_errors, 0);
    ck_assert_uint_eq(wire->support->row_errors, 0);
    ck_assert_uint_eq(wire->support->items_final, 100);
    ck_assert_uint_ge(support_wire_root_min(wire, 0), 140);
}

/* The first slot of a leader's four, from `from` on; member 0's if it has most stake. */
static uint64_t first_of_four(bool even, uint64_t from, uint32_t *ret_leader)
{
    struct support_wire *wire = make_wire(even, 0, 0);
    run_wire(wire);
    uint64_t slot = (from + 3) / 4 * 4;
    while (!even && block_at(wire, slot)->header.leader != 0)
        slot += 4;
    *ret_leader = block_at(wire, slot)->header.leader;
    support_wire_free(wire);
    return slot;
}

/* Its next block stands on it by then, and is whole before. */
START_TEST(a_leader_votes_for_its_block_when_it_is_whole_also_after_its_slot)
{
    for (int even = 0; even < 2; even++) {
        uint32_t leader;
        uint64_t slot = first_of_four(even, 20, &leader);
        struct support_wire *wire = make_wire(even, slot, SLOT + 150 * MS);
        run_wire(wire);
        ck_assert_uint_eq(block_at(wire, slot + 1)->header.parent_slot, slot);
        ck_assert_uint_eq(block_at(wire, slot)->complete, 31);
        if (!even) /* its vote is enough */
            ck_assert_uint_eq(block_at(wire, slot)->final_ns, (slot + 1) * SLOT + 150 * MS);
        ck_assert_uint_eq(support_wire_counter(wire, "blocks_orphaned"), 0);
        support_wire_free(wire);
    }
}
END_TEST

START_TEST(what_stands_on_a_block_that_is_never_whole_is_lost_with_it)
{
    for (int even = 0; even < 2; even++)
        for (uint64_t away_ms = 50; away_ms <= 5050; away_ms += 1000) {
            uint32_t leader;
            uint64_t slot = first_of_four(even, 20, &leader);
            struct support_wire *wire = make_wire(even, slot, SLOT + 150 * MS);
            support_wire_fault(wire, FAULT_CRASH, (slot + 1) * SLOT + 100 * MS, away_ms * MS,
                               leader, leader);
            run_wire(wire);
            ck_assert_uint_eq(block_at(wire, slot)->complete, 0);
            ck_assert_uint_eq(block_at(wire, slot + 1)->header.parent_slot, slot);
            ck_assert_uint_eq(block_at(wire, slot + 1)->complete, 31); /* and of no use */
            ck_assert_uint_eq(block_at(wire, slot)->final | block_at(wire, slot + 1)->final, 0);
            for (uint32_t i = 0; i < wire->block_count; i++)
                ck_assert(wire->blocks[i].header.slot <= slot + 1 ||
                          wire->blocks[i].header.parent_slot < slot ||
                          wire->blocks[i].header.parent_slot > slot + 1);
            ck_assert_uint_ge(support_wire_counter(wire, "blocks_orphaned"), 2);
            support_wire_free(wire);
        }
}
END_TEST

/* A block takes 5 ms on its way and 20 ms of replay; the crash is between. */
START_TEST(replay_goes_on_after_a_crash)
{
    uint32_t leader;
    uint64_t slot = first_of_four(true, 20, &leader);
    uint32_t other = (leader + 1) % 5;
    for (uint64_t away_ms = 1; away_ms <= 2001; away_ms += 1000) {
        struct support_wire *wire = make_wire(true, 0, 0);
        support_wire_fault(wire, FAULT_CRASH, slot * SLOT + 15 * MS, away_ms * MS, other, other);
        run_wire(wire);
        ck_assert_uint_eq(support_wire_counter(wire, "blocks_orphaned"), 0);
        support_wire_free(wire);
    }
}
END_TEST

CHECK_MAIN("leader_parts", replay_goes_on_after_a_crash,
           a_leader_votes_for_its_block_when_it_is_whole_also_after_its_slot,
           what_stands_on_a_block_that_is_never_whole_is_lost_with_it)
