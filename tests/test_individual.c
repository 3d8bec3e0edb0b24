/* Goal: a chain whose validators are nodes of their own makes blocks by its leader schedule, makes
 * them final by votes, and goes on with a third of stake down and no further. Method: a toy ledger
 * on the real chain layer (support_wire.h); what layers, members and counters saw. */

#include "models/leader_schedule.h"
#include "tests/check_main.h"
#include "tests/support_wire.h"

#define MS UINT64_C(1000000)
#define SECOND UINT64_C(1000000000)

static const struct support_block *last_block(const struct support_wire *wire)
{
    return &wire->support->blocks[wire->support->block_count - 1];
}

static void assert_fine(const struct support_wire *wire)
{
    ck_assert_msg(wire->support->result.status == ENGINE_OK, "%s", wire->support->result.violation);
    ck_assert_uint_eq(wire->support->undo_errors, 0);
    ck_assert_uint_eq(wire->support->row_errors, 0);
}

START_TEST(each_block_becomes_final_for_the_layers_and_for_every_member)
{
    static const enum validator_votes ways[] = {VOTES_ALL, VOTES_LEADERS};
    for (int i = 0; i < 2; i++) {
        struct support_wire *wire = support_wire_new(10);
        wire->support->validators.votes = ways[i];
        support_wire_run(wire);
        assert_fine(wire);
        ck_assert_uint_eq(wire->support->items_final, 100);
        ck_assert_uint_eq(support_wire_counter(wire, "blocks_dropped"), 0);
        ck_assert_uint_eq(wire->support->block_count, 50);
        ck_assert_uint_ge(support_wire_root_min(wire, 0), 123); /* the last one is of 49.2 s */
        ck_assert_int_eq(support_wire_counter(wire, "votes_carried") > 0, ways[i] == VOTES_LEADERS);
        ck_assert_uint_le(support_wire_counter(wire, "votes_carried"), 10 * wire->block_count);
        for (uint64_t block = 0; block < wire->support->block_count; block++) {
            const struct support_block *seen = &wire->support->blocks[block];
            uint64_t came_ns = 100 * MS + block * SECOND;
            ck_assert_uint_eq(seen->time_ns, (came_ns / (400 * MS) + 1) * 400 * MS);
            ck_assert_uint_gt(seen->final_ns, seen->time_ns + 20 * MS); /* replay, and a packet */
            ck_assert_uint_lt(seen->final_ns, seen->time_ns + 100 * MS);
        }
        support_wire_free(wire);
    }
}
END_TEST

START_TEST(a_single_validator_is_a_chain)
{
    struct support_wire *wire = support_wire_new(1);
    support_wire_run(wire);
    assert_fine(wire);
    ck_assert_uint_eq(wire->support->items_final, 100);
    ck_assert_uint_eq(wire->block_count, 0); /* nobody to publish to */
    ck_assert_uint_eq(last_block(wire)->final_ns, last_block(wire)->time_ns);
    support_wire_free(wire);
}
END_TEST

START_TEST(blocks_are_made_only_where_they_are_needed)
{
    struct support_wire *wire = support_wire_new(4);
    support_wire_run(wire);
    uint32_t few = wire->block_count;
    support_wire_free(wire);
    wire = support_wire_new(4);
    wire->support->validators.empty_blocks = 1;
    support_wire_run(wire);
    assert_fine(wire);
    ck_assert_uint_le(wire->kept_max, 4);      /* who has all forgets what is final */
    ck_assert_uint_eq(wire->block_count, 150); /* 60 s, aligned: the last slot is the end */
    ck_assert_uint_eq(few, 100); /* each block with content and one with the votes for it */
    for (uint32_t i = 0; i < wire->block_count; i++) {
        const struct block_header *header = &wire->blocks[i].header;
        ck_assert_uint_eq(header->slot, i + 1);
        ck_assert_uint_eq(header->parent_slot, i);
        ck_assert_uint_eq(header->height, i + 1);
        ck_assert_uint_eq(header->time_ns, (i + 1) * 400 * MS);
        ck_assert_uint_eq(header->end_ns, header->time_ns + 400 * MS);
    }
    support_wire_free(wire);
}
END_TEST

START_TEST(leaders_have_four_slots_in_a_row_and_all_lead_in_time)
{
    struct support_wire *wire = support_wire_new(5);
    wire->support->validators.empty_blocks = 1;
    support_wire_run(wire);
    uint32_t led[5] = {0};
    for (uint32_t i = 0; i < wire->block_count; i++) {
        const struct block_header *header = &wire->blocks[i].header;
        led[header->leader]++;
        if (header->slot % 4 != 0 && i > 0) /* SOL-R1 */
            ck_assert_uint_eq(header->leader, wire->blocks[i - 1].header.leader);
    }
    for (int i = 0; i < 5; i++)
        ck_assert_uint_gt(led[i], 0);
    support_wire_free(wire);
}
END_TEST

static struct support_wire *with_stakes(uint32_t members, int64_t *stakes)
{
    static struct stake_given_config given;
    struct support_wire *wire = support_wire_new(members);
    given.values = (struct param_list){stakes, members};
    wire->support->validators.stake = (struct param_variant_value){STAKE_GIVEN, &given};
    return wire;
}

/* SOL-R8.1, SOL-R8.10: the draw is over stakes from the greatest down, epoch by epoch. */
START_TEST(the_schedule_is_the_deployed_draw_over_sorted_stakes)
{
    enum { EPOCH_GROUPS = 4, EPOCHS = 9 };
    int64_t stakes[] = {3, 90, 1, 7, 50};
    static const uint32_t by_rank[] = {1, 4, 3, 0, 2};
    uint64_t sorted[5], sums[5];
    struct support_wire *wire = with_stakes(5, stakes);
    wire->support->validators.empty_blocks = 1;
    wire->support->validators.epoch_slots = EPOCH_GROUPS * LEADER_SLOTS;
    support_wire_run(wire);
    assert_fine(wire);
    for (int i = 0; i < 5; i++)
        sorted[i] = (uint64_t)stakes[by_rank[i]];
    for (uint64_t epoch = 0; epoch < EPOCHS; epoch++) {
        uint32_t ranks[EPOCH_GROUPS];
        leader_schedule_fill(epoch, sorted, 5, sums, EPOCH_GROUPS, ranks);
        for (uint64_t i = 0; i < EPOCH_GROUPS * LEADER_SLOTS; i++) {
            uint64_t slot = epoch * EPOCH_GROUPS * LEADER_SLOTS + i;
            if (slot > 0)
                ck_assert_uint_eq(wire->blocks[slot - 1].header.leader,
                                  by_rank[ranks[i / LEADER_SLOTS]]);
        }
    }
    for (int i = 0; i < 5; i++)
        ck_assert_uint_eq(wire->stakes[i], (uint64_t)stakes[i]);
    support_wire_free(wire);
}
END_TEST

START_TEST(who_has_no_stake_neither_leads_nor_votes)
{
    int64_t stakes[] = {5, 0, 5, 5};
    struct support_wire *wire = with_stakes(4, stakes);
    wire->support->validators.empty_blocks = 1;
    support_wire_run(wire);
    assert_fine(wire);
    for (uint32_t i = 0; i < wire->block_count; i++)
        ck_assert_uint_ne(wire->blocks[i].header.leader, 1);
    ck_assert_uint_eq(wire->last_votes[0][1], 0);
    ck_assert_uint_gt(wire->roots[0][1], 140);
    support_wire_free(wire);
}
END_TEST

START_TEST(a_leader_of_most_stake_holds_nothing_for_final_before_it_has_sent_it)
{
    int64_t stakes[] = {90, 5, 5};
    struct support_wire *wire = with_stakes(3, stakes);
    wire->support->validators.empty_blocks = 1;
    wire->support->validators.votes = VOTES_LEADERS;
    support_wire_run(wire);
    assert_fine(wire);
    ck_assert_uint_eq(wire->support->items_final, 100);
    for (uint32_t i = 0; i < wire->support->block_count; i++)
        ck_assert_uint_ge(wire->support->blocks[i].final_ns,
                          wire->support->blocks[i].time_ns + 5 * MS + 20 * MS);
    support_wire_free(wire);
}
END_TEST

/* Three of ten are down for good: 70 of 100 are more than two thirds. */
START_TEST(with_less_than_a_third_of_stake_down_the_chain_goes_on)
{
    static const enum validator_votes ways[] = {VOTES_ALL, VOTES_LEADERS};
    for (int i = 0; i < 2; i++) {
        struct support_wire *wire = support_wire_new(10);
        wire->support->validators.votes = ways[i];
        support_wire_fault(wire, FAULT_CRASH, 5 * SECOND, 0, 0, 2);
        support_wire_run(wire);
        assert_fine(wire);
        ck_assert_uint_eq(wire->support->items_final, 100);
        ck_assert_uint_lt(wire->roots[0][0], 20);
        ck_assert_uint_gt(wire->roots[0][9], 120);
        support_wire_free(wire);
    }
}
END_TEST

/* Two thirds are not more than two thirds. */
START_TEST(with_a_third_of_stake_down_nothing_becomes_final)
{
    struct support_wire *wire = support_wire_new(9);
    support_wire_fault(wire, FAULT_CRASH, 5 * SECOND, 20 * SECOND, 0, 2);
    support_wire_run(wire);
    assert_fine(wire);
    for (uint32_t i = 0; i < wire->support->block_count; i++) {
        uint64_t final_ns = wire->support->blocks[i].final_ns;
        ck_assert(final_ns < 5 * SECOND + 200 * MS || final_ns > 25 * SECOND);
    }
    ck_assert_uint_eq(wire->support->items_final, 100); /* it goes on when they are back */
    ck_assert_uint_gt(support_wire_root_min(wire, 0), 120);
    support_wire_free(wire);
}
END_TEST

START_TEST(a_validator_that_was_down_catches_up)
{
    struct support_wire *wire = support_wire_new(7);
    wire->support->validators.empty_blocks = 1;
    support_wire_fault(wire, FAULT_CRASH, 5 * SECOND, 40 * SECOND, 3, 3);
    support_wire_run(wire);
    assert_fine(wire);
    ck_assert_uint_eq(wire->support->items_final, 100);
    ck_assert_uint_gt(wire->roots[0][3], 140);
    ck_assert_uint_ge(wire->kept_max, 80); /* for it, 40 s */
    ck_assert_uint_le(wire->kept_max, 110);
    support_wire_free(wire);
}
END_TEST

/* While the shard's own node is down, blocks become final and layers learn of it afterwards. */
START_TEST(what_became_final_while_the_shards_node_was_down_is_told_when_it_is_back)
{
    struct support_wire *wire = support_wire_new(4);
    struct fault_spec *crash = support_wire_fault(wire, FAULT_CRASH, 1220 * MS, 5 * SECOND, 0, 0);
    ((struct fault_target *)(uintptr_t)crash->target.targets)->role = "shard";
    support_wire_run(wire);
    assert_fine(wire);
    ck_assert_uint_eq(wire->support->items_final, wire->support->items_in);
    bool late = false;
    for (uint32_t i = 0; i < wire->support->block_count; i++) {
        const struct support_block *block = &wire->support->blocks[i];
        ck_assert(!block->dropped);
        late = late || (block->time_ns == 1200 * MS && block->final_ns == 6220 * MS);
    }
    ck_assert(late);
    support_wire_free(wire);
}
END_TEST

START_TEST(while_the_shards_node_is_down_no_content_is_made)
{
    struct support_wire *wire = support_wire_new(4);
    struct fault_spec *crash = support_wire_fault(wire, FAULT_CRASH, 1150 * MS, 5 * SECOND, 0, 0);
    ((struct fault_target *)(uintptr_t)crash->target.targets)->role = "shard";
    support_wire_run(wire);
    assert_fine(wire);
    ck_assert_uint_gt(wire->support->block_count, 0);
    for (uint32_t i = 0; i < wire->support->block_count; i++)
        ck_assert(wire->support->blocks[i].time_ns < 1150 * MS ||
                  wire->support->blocks[i].time_ns >= 6150 * MS);
    support_wire_free(wire);
}
END_TEST

/* A block with content, made by the one with most of the stake just before the other one leads. */
static uint64_t last_of_leader_ns(const struct support_wire *wire)
{
    for (uint32_t i = 0; i + 1 < wire->block_count; i++) {
        const struct block_header *header = &wire->blocks[i].header;
        if (header->leader != 0 || header->slot % LEADER_SLOTS != LEADER_SLOTS - 1 ||
            wire->blocks[i + 1].header.leader != 1)
            continue;
        for (uint32_t j = 0; j < wire->support->block_count; j++)
            if (wire->support->blocks[j].time_ns == header->time_ns)
                return header->time_ns;
    }
    ck_assert_msg(false, "no such block");
    return 0;
}

/* A crash takes the timer at which a leader looks at the block that it has sent. */
START_TEST(a_leader_that_was_down_within_its_slot_votes_at_the_end_of_it)
{
    int64_t stakes[] = {70, 30};
    struct support_wire *wire = with_stakes(2, stakes);
    support_wire_run(wire);
    uint64_t time_ns = last_of_leader_ns(wire), final_ns = 0;
    support_wire_free(wire);
    wire = with_stakes(2, stakes);
    support_wire_fault(wire, FAULT_CRASH, time_ns + 100 * MS, 50 * MS, 0, 0);
    support_wire_run(wire);
    assert_fine(wire);
    for (uint32_t i = 0; i < wire->support->block_count; i++)
        if (wire->support->blocks[i].time_ns == time_ns)
            final_ns = wire->support->blocks[i].final_ns;
    ck_assert_uint_eq(final_ns, time_ns + 400 * MS);
    support_wire_free(wire);
}
END_TEST

/* SOL-15, SOL-R8.10: small epochs, of which one after the other becomes known as the root moves. */
START_TEST(an_epoch_boundary_is_crossed)
{
    struct support_wire *wire = support_wire_new(5);
    wire->support->validators.empty_blocks = 1;
    wire->support->validators.epoch_slots = 16;
    support_wire_run(wire);
    assert_fine(wire);
    ck_assert_uint_eq(wire->block_count, 150);
    ck_assert_uint_eq(wire->epochs_known_max, support_wire_root_min(wire, 0) / 16 + 2);
    ck_assert_uint_ge(wire->epochs_known_max, 10);
    uint32_t first[16], differ = 0;
    for (uint32_t i = 0; i < 96; i++) { /* slots 16 to 111: six epochs */
        uint32_t leader = wire->blocks[15 + i].header.leader;
        if (i >= 16)
            differ += leader != first[i % 16];
        first[i % 16] = leader;
    }
    ck_assert_uint_gt(differ, 20);
    support_wire_free(wire);
}
END_TEST

/* When nothing is final the leaders of later epochs cannot be known, and nobody leads. */
START_TEST(without_finality_no_block_is_made_beyond_the_known_epochs)
{
    struct support_wire *wire = support_wire_new(6);
    wire->support->validators.empty_blocks = 1;
    wire->support->validators.epoch_slots = 16;
    support_wire_fault(wire, FAULT_CRASH, 2 * SECOND, 0, 0, 2);
    support_wire_run(wire);
    assert_fine(wire);
    ck_assert_uint_lt(wire->roots[0][5], 16);
    uint64_t highest = 0;
    for (uint32_t i = 0; i < wire->block_count; i++)
        if (wire->blocks[i].header.slot > highest)
            highest = wire->blocks[i].header.slot;
    ck_assert_uint_lt(highest, 32);
    ck_assert_uint_gt(highest, 20);
    support_wire_free(wire);
}
END_TEST

/* SOL-15: with nothing to do for many epochs each of them still gets a final block, so that leaders
 * stay known. */
START_TEST(a_chain_that_was_idle_for_many_epochs_still_has_leaders)
{
    static const enum validator_votes ways[] = {VOTES_ALL, VOTES_LEADERS};
    for (int i = 0; i < 2; i++) {
        struct support_wire *wire = support_wire_new(5);
        wire->support->validators.votes = ways[i];
        wire->support->validators.epoch_slots = 16;
        wire->support->job_count = 0;
        support_stack_job(wire->support, 50 * SECOND, 0, 7, SUPPORT_NOWHERE);
        support_wire_run(wire);
        assert_fine(wire);
        ck_assert_uint_eq(wire->support->items_final, 7);
        ck_assert_uint_lt(wire->block_count, 50); /* a few an epoch, of nine epochs */
        support_wire_free(wire);
    }
}
END_TEST

START_TEST(dropped_blocks_leave_no_trace)
{
    for (int64_t every = 2; every <= 3; every++) {
        struct support_wire *wire = support_wire_new(4);
        wire->support->chain.drop_every = every;
        support_wire_run(wire);
        assert_fine(wire);
        ck_assert_uint_eq(wire->support->items_final, 100);
        ck_assert_uint_gt(support_wire_counter(wire, "blocks_dropped"), 20);
        support_wire_free(wire);
    }
}
END_TEST

START_TEST(a_bigger_block_says_so_and_votes_count)
{
    struct support_wire *wire = support_wire_new(4);
    wire->support->validators.empty_blocks = 1;
    support_wire_run(wire);
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < wire->block_count; i++)
        bytes += wire->blocks[i].header.bytes;
    ck_assert_uint_ge(bytes, 100 * 100 + 350 * support_wire_counter(wire, "votes_carried"));
    support_wire_free(wire);
    wire = support_wire_new(4);
    wire->support->validators.empty_blocks = 1;
    wire->support->validators.block_bytes = 100000;
    support_wire_run(wire);
    for (uint32_t i = 0; i < wire->block_count; i++)
        ck_assert_uint_eq(wire->blocks[i].header.bytes, 100000);
    support_wire_free(wire);
}
END_TEST

/* TON-46: threads may take chains in any order. */
START_TEST(the_order_of_groups_changes_nothing)
{
    uint64_t first[2] = {0};
    for (uint32_t order = 0; order < 3; order++) {
        struct support_wire *wire = support_wire_new(5);
        wire->support->chain.shards = 4;
        wire->support->validators.clock_skew_ns = (int64_t)(50 * MS);
        wire->support->options.group_order = order;
        for (uint32_t i = 0; i < 60; i++)
            support_stack_job(wire->support, 50 * MS + i * 300 * MS, i % 4, 1,
                              (int32_t)((i + 1) % 4));
        support_wire_run(wire);
        assert_fine(wire);
        ck_assert_uint_eq(wire->support->received, 60);
        if (order == 0)
            memcpy(first, wire->support->result.result_hash, sizeof first);
        ck_assert_mem_eq(first, wire->support->result.result_hash, sizeof first);
        support_wire_free(wire);
    }
}
END_TEST

CHECK_MAIN("individual", each_block_becomes_final_for_the_layers_and_for_every_member,
           a_single_validator_is_a_chain, blocks_are_made_only_where_they_are_needed,
           leaders_have_four_slots_in_a_row_and_all_lead_in_time,
           the_schedule_is_the_deployed_draw_over_sorted_stakes,
           who_has_no_stake_neither_leads_nor_votes,
           a_leader_of_most_stake_holds_nothing_for_final_before_it_has_sent_it,
           with_less_than_a_third_of_stake_down_the_chain_goes_on,
           with_a_third_of_stake_down_nothing_becomes_final, a_validator_that_was_down_catches_up,
           what_became_final_while_the_shards_node_was_down_is_told_when_it_is_back,
           while_the_shards_node_is_down_no_content_is_made,
           a_leader_that_was_down_within_its_slot_votes_at_the_end_of_it,
           an_epoch_boundary_is_crossed, without_finality_no_block_is_made_beyond_the_known_epochs,
           a_chain_that_was_idle_for_many_epochs_still_has_leaders, dropped_blocks_leave_no_trace,
           a_bigger_block_says_so_and_votes_count, the_order_of_groups_changes_nothing)
