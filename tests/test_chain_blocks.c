/* Goal: the chain layer under the real engine: when blocks are made, what they hold, that a dropped
 * or lost one leaves no trace, and that idle chains cost nothing. Method: a toy ledger with jobs
 * (support_stack.h); what it saw is compared with the clock's arithmetic. */

#include "models/chain/chain_blocks.h"
#include "models/chain/chain_clock.h"
#include "sim/order.h"
#include "sim/world.h"
#include "tests/check_main.h"
#include "tests/support_stack.h"

#define MS UINT64_C(1000000)
#define SECOND UINT64_C(1000000000)

static uint64_t counter(const struct support_stack *support, const char *metric)
{
    return (uint64_t)engine_counter(&support->result, "chain", metric);
}

START_TEST(aligned_slots_are_multiples_of_the_interval)
{
    struct support_stack *support = support_stack_new();
    support_stack_job(support, 300 * MS, 0, 1, SUPPORT_NOWHERE);
    support_stack_job(support, 1000 * MS, 1, 1, SUPPORT_NOWHERE); /* at a slot: not that one */
    support_stack_job(support, 999999999, 2, 1, SUPPORT_NOWHERE);
    support_stack_run(support);
    ck_assert_uint_eq(support->block_count, 3);
    ck_assert_uint_eq(support->blocks[0].time_ns, SECOND);
    ck_assert_uint_eq(support->blocks[1].time_ns, SECOND);
    ck_assert_uint_eq(support->blocks[2].time_ns, 2 * SECOND);
    for (int i = 0; i < 3; i++)
        ck_assert_uint_eq(support->blocks[i].final_ns, support->blocks[i].time_ns + 100 * MS);
    ck_assert_uint_eq(support->items_final, 3);
    support_stack_free(support);
}
END_TEST

START_TEST(periodic_slots_have_a_phase_by_identity)
{
    struct support_stack *support = support_stack_new();
    support->chain.clock = CLOCK_PERIODIC;
    for (uint32_t shard = 0; shard < 4; shard++)
        for (uint64_t i = 0; i < 5; i++)
            support_stack_job(support, 100 * MS + i * 3 * SECOND, shard, 1, SUPPORT_NOWHERE);
    support_stack_run(support);
    ck_assert_uint_eq(support->block_count, 20);
    struct rng rng = {.seed = 1, .replication = 0};
    uint32_t different = 0;
    for (uint32_t i = 0; i < support->block_count; i++) {
        const struct support_block *block = &support->blocks[i];
        uint64_t phase = clock_phase(&rng, identity_of(ROLE_CHAIN, block->chain), SECOND);
        ck_assert_uint_eq(block->time_ns % SECOND, phase);
        different += phase != support->blocks[0].time_ns % SECOND;
    }
    ck_assert_uint_eq(different, 15);
    support_stack_free(support);
}
END_TEST

START_TEST(on_demand_makes_a_block_at_once_but_not_too_soon)
{
    struct support_stack *support = support_stack_new();
    support->chain.clock = CLOCK_ON_DEMAND;
    support->chain.min_interval_ns = (int64_t)(700 * MS);
    support_stack_job(support, 300 * MS, 0, 1, SUPPORT_NOWHERE);
    support_stack_job(support, 350 * MS, 0, 1, SUPPORT_NOWHERE);  /* while a block is open */
    support_stack_job(support, 5000 * MS, 0, 1, SUPPORT_NOWHERE); /* long after */
    support_stack_run(support);
    ck_assert_uint_eq(support->block_count, 3);
    ck_assert_uint_eq(support->blocks[0].time_ns, 300 * MS);
    ck_assert_uint_eq(support->blocks[1].time_ns, 1000 * MS);
    ck_assert_uint_eq(support->blocks[2].time_ns, 5000 * MS);
    support_stack_free(support);
}
END_TEST

START_TEST(on_demand_blocks_of_a_chain_never_share_an_instant)
{
    struct support_stack *support = support_stack_new();
    support->chain.clock = CLOCK_ON_DEMAND;
    support->validators.consensus_delay_ns = 0;
    support->chain.block_limit.gas = 21; /* one item a block */
    support_stack_job(support, 300 * MS, 0, 5, SUPPORT_NOWHERE);
    support_stack_run(support);
    ck_assert_uint_eq(support->block_count, 5);
    for (uint32_t i = 0; i < 5; i++)
        ck_assert_uint_eq(support->blocks[i].time_ns, 300 * MS + i);
    support_stack_free(support);
}
END_TEST

START_TEST(poisson_slots_follow_the_gaps_of_the_slot_number)
{
    struct support_stack *support = support_stack_new();
    support->chain.clock = CLOCK_POISSON;
    support->scenario.duration_ns = 1000 * SECOND;
    for (uint64_t i = 0; i < 8; i++)
        support_stack_job(support, 5 * MS + i * 100 * SECOND, 3, 1, SUPPORT_NOWHERE);
    support_stack_run(support);
    ck_assert_uint_eq(support->block_count, 8);
    struct rng rng = {.seed = 1, .replication = 0};
    for (uint64_t i = 0; i < 8; i++) {
        uint64_t identity = identity_of(ROLE_CHAIN, support->blocks[i].chain);
        ck_assert_uint_eq(support->blocks[i].time_ns,
                          5 * MS + i * 100 * SECOND + clock_gap(&rng, identity, i, SECOND));
    }
    support_stack_free(support);
}
END_TEST

START_TEST(work_that_comes_during_consensus_waits_for_the_next_slot)
{
    struct support_stack *support = support_stack_new();
    support->validators.consensus_delay_ns = (int64_t)(2500 * MS);
    support_stack_job(support, 300 * MS, 0, 1, SUPPORT_NOWHERE);
    support_stack_job(support, 1500 * MS, 0, 1, SUPPORT_NOWHERE);
    support_stack_run(support);
    ck_assert_uint_eq(support->block_count, 2);
    ck_assert_uint_eq(support->blocks[0].final_ns, 3500 * MS);
    ck_assert_uint_eq(support->blocks[1].time_ns, 4 * SECOND); /* slots 2 s and 3 s are skipped */
    support_stack_free(support);
}
END_TEST

/* TON-27: what does not fit waits; what never fits goes alone. */
START_TEST(full_blocks_leave_the_rest_for_the_next)
{
    struct support_stack *support = support_stack_new();
    support->chain.block_limit.gas = 100;
    support_stack_job(support, 300 * MS, 0, 10, SUPPORT_NOWHERE); /* 21 gas each: 4 a block */
    support_stack_job(support, 300 * MS, 1, 6, SUPPORT_NOWHERE);
    support->jobs[1].gas = 500;
    support_stack_run(support);
    uint32_t small[8] = {0}, large = 0, blocks = 0;
    for (uint32_t i = 0; i < support->block_count; i++) {
        const struct support_block *block = &support->blocks[i];
        if (block->chain == support->blocks[0].chain) {
            small[blocks++] = block->items;
            ck_assert_uint_le(block->gas, 100);
        } else {
            ck_assert_uint_eq(block->items, 1);
            ck_assert_uint_eq(block->gas, 500);
            large++;
        }
    }
    ck_assert_uint_eq(blocks, 3);
    ck_assert_uint_eq(small[0], 4);
    ck_assert_uint_eq(small[1], 4);
    ck_assert_uint_eq(small[2], 2);
    ck_assert_uint_eq(large, 6);
    support_stack_free(support);
}
END_TEST

START_TEST(bytes_limit_blocks_too)
{
    struct support_stack *support = support_stack_new();
    support->chain.block_limit.bytes = 299;
    support_stack_job(support, 300 * MS, 0, 5, SUPPORT_NOWHERE); /* 100 bytes each: 2 a block */
    support_stack_run(support);
    ck_assert_uint_eq(support->block_count, 3);
    ck_assert_uint_eq(counter(support, "blocks_final"), 3);
    ck_assert_uint_eq(counter(support, "block_bytes"), 500);
    ck_assert_uint_eq(counter(support, "block_gas"), 5 * 21);
    support_stack_free(support);
}
END_TEST

START_TEST(idle_shards_cost_no_event)
{
    uint64_t events[2];
    uint32_t counts[2] = {4, 4096};
    for (int i = 0; i < 2; i++) {
        struct support_stack *support = support_stack_new();
        support->chain.shards = counts[i];
        for (uint64_t job = 0; job < 20; job++)
            support_stack_job(support, job * SECOND + 1, (uint32_t)job % 4, 3,
                              (int32_t)((job + 1) % 4));
        support_stack_run(support);
        ck_assert_uint_eq(support->items_final, 60);
        ck_assert_uint_eq(support->received, 60);
        events[i] = support->result.events;
        support_stack_free(support);
    }
    ck_assert_uint_eq(events[0], events[1]);
}
END_TEST

static void load(struct support_stack *support)
{
    for (uint64_t job = 0; job < 120; job++)
        support_stack_job(support, job * 250 * MS + 7, (uint32_t)(job * 7 % 5), 1 + job % 4,
                          job % 3 ? (int32_t)(job % 5) : SUPPORT_NOWHERE);
    support->scenario.duration_ns = 200 * SECOND;
}

START_TEST(dropped_blocks_undo_every_word_and_lose_no_work)
{
    for (int64_t every = 0; every <= 5; every++) {
        if (every == 1)
            continue;
        struct support_stack *support = support_stack_new();
        support->chain.drop_every = every;
        load(support);
        support_stack_run(support);
        ck_assert_int_eq(support->result.status, ENGINE_OK);
        ck_assert_uint_eq(support->undo_errors, 0);
        ck_assert_uint_eq(support->row_errors, 0);
        ck_assert_uint_eq(support->items_final, support->items_in);
        ck_assert_uint_eq(support->rows_sum, support->items_final);
        ck_assert_uint_eq(support->received, support->sent);
        ck_assert_uint_gt(support->sent, 100);
        uint32_t dropped = 0;
        for (uint32_t i = 0; i < support->block_count; i++) {
            uint32_t number = (uint32_t)support->blocks[i].id;
            ck_assert_int_eq(support->blocks[i].dropped, every > 0 && number % every == 0);
            dropped += support->blocks[i].dropped;
        }
        ck_assert_uint_eq(counter(support, "blocks_dropped"), dropped);
        ck_assert_int_eq(dropped > 10, every > 0);
        support_stack_free(support);
    }
}
END_TEST

/* Without a journal nothing can be dropped, and nothing else may change. */
START_TEST(no_delay_and_no_drops_give_the_same_blocks)
{
    struct support_stack *support = support_stack_new();
    support->validators.consensus_delay_ns = 0;
    load(support);
    support_stack_run(support);
    ck_assert_int_eq(support->result.status, ENGINE_OK);
    ck_assert_uint_eq(support->rows_sum, support->items_in);
    ck_assert_uint_eq(support->received, support->sent);
    for (uint32_t i = 0; i < support->block_count; i++)
        ck_assert_uint_eq(support->blocks[i].final_ns, support->blocks[i].time_ns);
    support_stack_free(support);
}
END_TEST

START_TEST(numbers_are_never_reused_and_heights_count_final_blocks)
{
    struct support_stack *support = support_stack_new();
    support->chain.drop_every = 3;
    load(support);
    support_stack_run(support);
    for (uint32_t i = 0; i < support->block_count; i++) {
        uint32_t number = 1, height = 1;
        for (uint32_t j = 0; j < i; j++)
            if (support->blocks[j].chain == support->blocks[i].chain) {
                number++;
                height += !support->blocks[j].dropped;
            }
        ck_assert_uint_eq(support->blocks[i].id, (uint64_t)support->blocks[i].chain << 32 | number);
        ck_assert_uint_eq(support->blocks[i].height, height);
    }
    support_stack_free(support);
}
END_TEST

static struct fault_target shard_target;

static void add_fault(struct support_stack *support, struct fault_spec *spec, enum fault_type type,
                      uint32_t shard, uint64_t at_ns, uint64_t for_ns)
{
    shard_target =
        (struct fault_target){.type = TARGET_NODES, .role = "shard", .first = shard, .last = shard};
    *spec = (struct fault_spec){.type = type,
                                .at_ns = at_ns,
                                .for_ns = for_ns,
                                .target = {.targets = &shard_target, .count = 1},
                                .factor = 4};
    support->scenario.faults.specs = spec;
    support->scenario.faults.count = 1;
}

START_TEST(a_crash_drops_the_open_block_and_the_restart_makes_it_again)
{
    struct support_stack *support = support_stack_new();
    struct fault_spec spec;
    support_stack_job(support, 300 * MS, 0, 2, 1);
    /* Between slot (1 s) and final (1.1 s), until 4.5 s. */
    add_fault(support, &spec, FAULT_CRASH, 0, 1050 * MS, 3450 * MS);
    support_stack_run(support);
    ck_assert_int_eq(support->result.status, ENGINE_OK);
    ck_assert_uint_eq(support->block_count, 3);
    ck_assert(support->blocks[0].dropped);
    ck_assert_uint_eq((uint32_t)support->blocks[0].id, 1);
    ck_assert_uint_eq((uint32_t)support->blocks[1].id, 2);
    ck_assert_uint_eq(support->blocks[1].time_ns, 5 * SECOND);
    ck_assert_uint_eq(support->undo_errors, 0);
    ck_assert_uint_eq(support->items_final, 2);
    ck_assert_uint_eq(support->received, 2);
    ck_assert_uint_eq(support->rows_sum, 2);
    support_stack_free(support);
}
END_TEST

START_TEST(work_that_waits_on_a_crashed_chain_goes_on_after_it)
{
    struct support_stack *support = support_stack_new();
    struct fault_spec spec;
    support_stack_job(support, 900 * MS, 0, 1, 1); /* its slot timer dies at 950 ms */
    add_fault(support, &spec, FAULT_CRASH, 0, 950 * MS, 2000 * MS);
    support_stack_run(support);
    ck_assert_uint_eq(support->blocks[0].time_ns, 3 * SECOND);
    ck_assert_uint_eq(support->received, 1);
    support_stack_free(support);
}
END_TEST

START_TEST(a_slow_node_takes_longer_for_consensus)
{
    struct support_stack *support = support_stack_new();
    struct fault_spec spec;
    support_stack_job(support, 300 * MS, 0, 1, SUPPORT_NOWHERE);
    support_stack_job(support, 300 * MS, 1, 1, SUPPORT_NOWHERE);
    add_fault(support, &spec, FAULT_SLOW, 0, 500 * MS, 10 * SECOND);
    support_stack_run(support);
    ck_assert_uint_eq(support->block_count, 2);
    ck_assert_uint_eq(support->blocks[0].final_ns, 1100 * MS);
    ck_assert_uint_eq(support->blocks[1].final_ns, 1400 * MS);
    support_stack_free(support);
}
END_TEST

/* TON-R15: a block refers to the last masterchain block that is final at its slot. */
START_TEST(blocks_refer_to_the_last_final_masterchain_block)
{
    struct support_stack *support = support_stack_new();
    support->chain.masterchain.block_interval_ns = (int64_t)(1500 * MS);
    for (uint64_t i = 0; i < 10; i++)
        support_stack_job(support, i * SECOND + 1, 0, 1, SUPPORT_NOWHERE);
    support_stack_run(support);
    ck_assert_uint_eq(support->block_count, 10);
    for (uint32_t i = 0; i < 10; i++) {
        uint64_t time = support->blocks[i].time_ns;
        uint64_t expected = time < 1600 * MS ? 0 : (time - 1600 * MS) / (1500 * MS) + 1;
        ck_assert_uint_eq(support->blocks[i].master_seqno, expected);
    }
    support_stack_free(support);
}
END_TEST

/* TON-R15, TON-R16 */
START_TEST(masterchain_visibility_holds_messages_back)
{
    for (int deployed = 0; deployed < 2; deployed++) {
        struct support_stack *support = support_stack_new();
        support->chain.visibility = deployed ? VISIBLE_BY_MASTERCHAIN : VISIBLE_AT_ONCE;
        support->chain.masterchain.block_interval_ns = (int64_t)(3 * SECOND);
        support_stack_job(support, 300 * MS, 0, 1, 1);
        support_stack_run(support);
        ck_assert_uint_eq(support->block_count, 2);
        /* Final at 1.1 s; shown by the masterchain block of 3 s, final at 3.1 s: next slot 4 s. */
        ck_assert_uint_eq(support->blocks[1].time_ns, deployed ? 4 * SECOND : 2 * SECOND);
        support_stack_free(support);
    }
}
END_TEST

START_TEST(the_masterchain_keeps_its_own_interval)
{
    struct support_stack *support = support_stack_new();
    support->chain.masterchain.block_interval_ns = (int64_t)(7 * SECOND);
    support_stack_job(support, 1, 4, 1, 0); /* ordinal 4 is the masterchain */
    support_stack_job(support, 8 * SECOND, 4, 1, SUPPORT_NOWHERE);
    support_stack_run(support);
    ck_assert_uint_eq(support->block_count, 3);
    ck_assert_uint_eq(support->blocks[0].chain, 1);
    ck_assert_uint_eq(support->blocks[0].time_ns, 7 * SECOND);
    ck_assert_uint_eq(support->blocks[0].master_seqno, 1);
    ck_assert_uint_eq(support->blocks[1].time_ns, 8 * SECOND);
    ck_assert_uint_eq(support->blocks[2].time_ns, 14 * SECOND);
    ck_assert_uint_eq(support->blocks[2].master_seqno, 2);
    support_stack_free(support);
}
END_TEST

START_TEST(finality_within_is_checked_and_found_broken)
{
    for (int broken = 0; broken < 2; broken++) {
        struct support_stack *support = support_stack_new();
        support->chain.break_rule = broken ? BREAK_FINALITY : BREAK_NOTHING;
        support_stack_property(support, "finality", 100 * MS);
        support_stack_property(support, "block_height", 0);
        support_stack_job(support, 300 * MS, 0, 1, SUPPORT_NOWHERE);
        support->scenario.duration_ns = 10 * SECOND; /* broken: still open at the end */
        support_stack_run(support);
        ck_assert_int_eq(support->result.status, broken ? ENGINE_VIOLATION : ENGINE_OK);
        support_stack_free(support);
    }
    struct support_stack *support = support_stack_new();
    support_stack_property(support, "finality", 100 * MS - 1);
    support_stack_job(support, 300 * MS, 0, 1, SUPPORT_NOWHERE);
    support_stack_run(support);
    ck_assert_int_eq(support->result.status, ENGINE_VIOLATION);
    support_stack_free(support);
}
END_TEST

START_TEST(heights_that_skip_are_found)
{
    struct support_stack *support = support_stack_new();
    support->chain.break_rule = BREAK_HEIGHT;
    load(support);
    support_stack_run(support);
    ck_assert_int_eq(support->result.status, ENGINE_VIOLATION);
    support_stack_free(support);
}
END_TEST

/* The undo test can fail: with the journal thrown away the ledger sees words of a dropped block. */
START_TEST(a_block_that_is_not_undone_is_seen)
{
    struct support_stack *support = support_stack_new();
    support->chain.break_rule = BREAK_UNDO;
    support->chain.drop_every = 2;
    for (uint64_t job = 0; job < 4; job++)
        support_stack_job(support, job * 3 * SECOND + 7, 0, 1, SUPPORT_NOWHERE);
    support_stack_run(support);
    ck_assert_uint_gt(support->undo_errors, 0);
    support_stack_free(support);
}
END_TEST

START_TEST(a_thousand_workless_chains_and_none_at_all_build)
{
    struct support_stack *support = support_stack_new();
    support->chain.shards = 0;
    support_stack_run(support);
    ck_assert_uint_eq(support->result.nodes, 0);
    support_stack_free(support);
    support = support_stack_new();
    support->chain.shards = 1000;
    support->chain.masterchain.present = 0;
    support_stack_run(support);
    ck_assert_uint_eq(support->result.nodes, 1000);
    ck_assert_uint_eq(support->result.groups, 1000);
    ck_assert_uint_eq(support->result.events, 0);
    support_stack_free(support);
}
END_TEST

START_TEST(group_order_does_not_change_the_result)
{
    uint64_t hash[4];
    for (uint64_t order = 0; order < 4; order++) {
        struct support_stack *support = support_stack_new();
        support->options.group_order = order;
        support->chain.clock = CLOCK_PERIODIC;
        support->chain.drop_every = 4;
        load(support);
        support_stack_run(support);
        hash[order] = support->result.result_hash[0] ^ support->result.result_hash[1];
        support_stack_free(support);
    }
    for (int order = 1; order < 4; order++)
        ck_assert_uint_eq(hash[order], hash[0]);
}
END_TEST

CHECK_MAIN("chain_blocks", aligned_slots_are_multiples_of_the_interval,
           periodic_slots_have_a_phase_by_identity,
           on_demand_makes_a_block_at_once_but_not_too_soon,
           on_demand_blocks_of_a_chain_never_share_an_instant,
           poisson_slots_follow_the_gaps_of_the_slot_number,
           work_that_comes_during_consensus_waits_for_the_next_slot,
           full_blocks_leave_the_rest_for_the_next, bytes_limit_blocks_too,
           idle_shards_cost_no_event, dropped_blocks_undo_every_word_and_lose_no_work,
           no_delay_and_no_drops_give_the_same_blocks,
           numbers_are_never_reused_and_heights_count_final_blocks,
           a_crash_drops_the_open_block_and_the_restart_makes_it_again,
           work_that_waits_on_a_crashed_chain_goes_on_after_it,
           a_slow_node_takes_longer_for_consensus, blocks_refer_to_the_last_final_masterchain_block,
           masterchain_visibility_holds_messages_back, the_masterchain_keeps_its_own_interval,
           finality_within_is_checked_and_found_broken, heights_that_skip_are_found,
           a_block_that_is_not_undone_is_seen, a_thousand_workless_chains_and_none_at_all_build,
           group_order_does_not_change_the_result)
