/* Goal: the limits of the scenario are those of its blocks: stepped form, other limits for single
 * shards, tighter ones after drops. Method: a toy ledger with jobs (support_stack.h), items counted
 * by hand; configs by hand, diagnostics compared by code and place. */

#include <string.h>

#include "models/chain/chain_clock.h"
#include "models/messaging/hypercube.h"
#include "sim/fault.h"
#include "sim/memory.h"
#include "sim/order.h"
#include "sim/rng.h"
#include "sim/world.h"
#include "tests/check_main.h"
#include "tests/support_stack.h"

#define MS UINT64_C(1000000)
#define SECOND UINT64_C(1000000000)

static void set_steps(struct limit_config *limits)
{
    limits->form = LIMIT_FORM_STEPPED;
    limits->bytes_steps = (struct limit_steps_config){2100, 1000000, 1000000};
    limits->gas_steps = (struct limit_steps_config){40, 50, 100};
    limits->lt_steps = (struct limit_steps_config){1000, 5000, 10000};
}

/* TON-R35: looked at before each item, so the one that reaches the soft limit is in. */
START_TEST(a_stepped_block_takes_the_item_that_overshoots)
{
    struct support_stack *support = support_stack_new();
    set_steps(&support->chain.block_limit);
    support_stack_job(support, 300 * MS, 0, 8, SUPPORT_NOWHERE); /* 21 gas each: 0, 21, 42 < 50 */
    support_stack_run(support);
    ck_assert_uint_eq(support->block_count, 3);
    ck_assert_uint_eq(support->blocks[0].items, 3);
    ck_assert_uint_eq(support->blocks[0].gas, 63);
    ck_assert_uint_eq(support->blocks[1].items, 3);
    ck_assert_uint_eq(support->blocks[2].items, 2);
    /* TON-R33, TON-R55: 63 gas is between 50 and 75; 42 between 40 and 50. */
    ck_assert_uint_eq(support->blocks[0].limit_class, CLASS_SOFT);
    ck_assert(support->blocks[0].overloaded && !support->blocks[0].underloaded);
    ck_assert_uint_eq(support->blocks[2].limit_class, CLASS_NORMAL);
    ck_assert(!support->blocks[2].overloaded && !support->blocks[2].underloaded);
    support_stack_free(support);
}
END_TEST

/* TON-R35: whatever overshoots, what a block says is not less than its limit. */
START_TEST(gas_of_a_block_stops_at_the_greatest_number)
{
    struct support_stack *support = support_stack_new();
    set_steps(&support->chain.block_limit);
    support->chain.block_limit.gas_steps =
        (struct limit_steps_config){40, INT64_C(4000000000), INT64_C(4000000000)};
    support_stack_job(support, 300 * MS, 0, 2, SUPPORT_NOWHERE);
    support->jobs[0].gas = 3000000000;
    support_stack_run(support);
    ck_assert_uint_eq(support->block_count, 1);
    ck_assert_uint_eq(support->blocks[0].items, 2);
    ck_assert_uint_eq(support->blocks[0].gas, UINT32_MAX);
    ck_assert_uint_eq(support->blocks[0].limit_class, CLASS_HARD);
    support_stack_free(support);
}
END_TEST

/* TON-R34: an empty block counts for 2000 bytes. */
START_TEST(the_size_of_a_stepped_block_has_a_base)
{
    struct support_stack *support = support_stack_new();
    set_steps(&support->chain.block_limit);
    support->chain.block_limit.gas_steps.soft = support->chain.block_limit.gas_steps.hard = 10000;
    support->chain.block_limit.bytes_steps.soft = 2400;
    support_stack_job(support, 300 * MS, 0, 8, SUPPORT_NOWHERE); /* 100 bytes each */
    support_stack_run(support);
    ck_assert_uint_eq(support->block_count, 2);
    ck_assert_uint_eq(support->blocks[0].items, 4); /* 2300 is below, 2400 is not */
    ck_assert_uint_eq(support->blocks[0].bytes, 400);
    /* TON-R33: for the class too; only gas is below its underload here. */
    ck_assert_uint_eq(support->blocks[0].limit_class, CLASS_SOFT);
    support_stack_free(support);
}
END_TEST

START_TEST(single_shards_have_limits_of_their_own)
{
    /* The left half of all addresses, and in it the second quarter once more. */
    struct limit_override_config overrides[] = {{"0:4000000000000000", 45, 0},
                                                {"0:6000000000000000", 0, 100}};
    struct support_stack *support = support_stack_new(); /* 4 shards: 2, 6, a, e */
    support->chain.limits_of = (struct param_list){.items = overrides, .count = 2};
    for (uint32_t shard = 0; shard < 4; shard++)
        support_stack_job(support, 300 * MS, shard, 6, SUPPORT_NOWHERE);
    support_stack_run(support);
    uint32_t blocks[4] = {0};
    for (uint32_t i = 0; i < support->block_count; i++)
        blocks[support->blocks[i].chain & 3]++;
    ck_assert_uint_eq(blocks[0], 3); /* 45 gas: 2 items of 21 */
    ck_assert_uint_eq(blocks[1], 6); /* 100 bytes: 1 item */
    ck_assert_uint_eq(blocks[2], 1);
    ck_assert_uint_eq(blocks[3], 1);
    support_stack_free(support);
}
END_TEST

/* TON-R36: the third attempt at a block has half of the gas, the fourth a quarter; one that
 * succeeds ends that. Each crash drops the open block. */
START_TEST(a_block_that_was_dropped_is_tried_again_with_less)
{
    enum { CRASHES = 4 };
    struct support_stack *support = support_stack_new();
    struct fault_target target = {.type = TARGET_NODES, .role = "shard", .first = 0, .last = 0};
    struct fault_spec crashes[CRASHES];
    const uint32_t items[CRASHES + 2] = {8, 8, 4, 2, 2, 8}; /* soft 160, 160, 80, 40, 40, 160 */
    set_steps(&support->chain.block_limit);
    support->chain.block_limit.gas_steps = (struct limit_steps_config){40, 160, 200};
    support->validators.consensus_delay_ns = (int64_t)(600 * MS);
    for (uint64_t i = 0; i < CRASHES; i++)
        crashes[i] = (struct fault_spec){.type = FAULT_CRASH,
                                         .at_ns = (i + 1) * SECOND + 200 * MS,
                                         .for_ns = 100 * MS,
                                         .target = {.targets = &target, .count = 1}};
    support->scenario.faults.specs = crashes;
    support->scenario.faults.count = CRASHES;
    support_stack_job(support, 300 * MS, 0, 12, SUPPORT_NOWHERE);
    support_stack_run(support);
    ck_assert_uint_eq(support->block_count, CRASHES + 3);
    for (uint32_t i = 0; i < CRASHES + 2; i++) {
        ck_assert_int_eq(support->blocks[i].dropped, i < CRASHES);
        ck_assert_uint_eq(support->blocks[i].items, items[i]);
    }
    ck_assert_uint_eq(support->items_final, 12);
    support_stack_free(support);
}
END_TEST

/* TON-R55: a small block of a short queue is underloaded. */
START_TEST(a_small_block_is_underloaded)
{
    struct support_stack *support = support_stack_new();
    set_steps(&support->chain.block_limit);
    support_stack_job(support, 300 * MS, 0, 1, SUPPORT_NOWHERE);
    support->jobs[0].bytes = 99;
    support_stack_job(support, 300 * MS, 1, 1, SUPPORT_NOWHERE); /* 2100 bytes are not below 2100 */
    support_stack_run(support);
    for (uint32_t i = 0; i < 2; i++) {
        const struct support_block *block = &support->blocks[i];
        ck_assert_int_eq(block->underloaded, block->bytes == 99);
        ck_assert(!block->overloaded);
    }
    support_stack_free(support);
}
END_TEST

static struct support_stack *stack_with_time(void)
{
    struct support_stack *support = support_stack_new();
    support->messaging = &messaging_hypercube_model;
    support->chain.block_limit.form = LIMIT_FORM_STEPPED;
    support->chain.block_limit.gas_steps = support->chain.block_limit.bytes_steps =
        (struct limit_steps_config){1, 100000000, 100000000};
    support->chain.block_limit.lt_steps = (struct limit_steps_config){10, 300, 400};
    return support;
}

/* TON-R33, TON-R36: every message takes one of logical time; 300 in a block that is in time, 180 in
 * one that comes 17 s after the one before. */
START_TEST(a_block_that_is_late_has_little_logical_time)
{
    const uint32_t items[] = {300, 180};
    struct support_stack *support = stack_with_time();
    support->validators.consensus_delay_ns = (int64_t)(16 * SECOND);
    support_stack_job(support, 300 * MS, 0, 600, 1);
    support_stack_run(support);
    uint32_t blocks = 0;
    for (uint32_t i = 0; i < support->block_count; i++) {
        const struct support_block *block = &support->blocks[i];
        if (block->chain != support->blocks[0].chain)
            continue;
        ck_assert_uint_eq(block->time_ns, (1 + 17 * blocks) * SECOND);
        ck_assert_uint_eq(block->items, 2 * items[blocks]); /* a message counts as well */
        if (++blocks == 2)
            break;
    }
    ck_assert_uint_eq(blocks, 2);
    support_stack_free(support);
}
END_TEST

/* TON-R36: an idle chain makes no blocks, and is not late for that; one that was down is. */
START_TEST(an_idle_chain_is_not_late)
{
    for (int crashed = 0; crashed < 2; crashed++) {
        struct support_stack *support = stack_with_time();
        struct fault_target target = {.type = TARGET_NODES, .role = "shard", .first = 0, .last = 0};
        struct fault_spec crash = {.type = FAULT_CRASH,
                                   .at_ns = 2500 * MS,
                                   .for_ns = 27 * SECOND + 450 * MS,
                                   .target = {.targets = &target, .count = 1}};
        support->scenario.faults = (struct fault_plan){&crash, (uint32_t)crashed};
        support_stack_job(support, 300 * MS, 0, 1, SUPPORT_NOWHERE);
        /* Before the crash, which takes timers; or just before the block. */
        support_stack_job(support, (crashed ? 2200 : 29960) * MS, 0, 400, 1);
        support_stack_run(support);
        ck_assert_msg(support->result.status == ENGINE_OK, "%s", support->result.violation);
        ck_assert_uint_eq(support->blocks[1].time_ns, 30 * SECOND);
        ck_assert_uint_eq(support->blocks[1].items, 2 * (crashed ? 180 : 300));
        support_stack_free(support);
    }
}
END_TEST

/* Limits that do not rise are warned of, and soft decides. */
START_TEST(the_soft_limit_counts_where_limits_do_not_rise)
{
    struct chain_config config = {.shards = 4, .block_interval_ns = 1000000000};
    struct diagnostics diagnostics = {0};
    struct memory memory = {0};
    struct chain_layout layout;
    struct limit_table table;
    config.block_limit.form = LIMIT_FORM_STEPPED;
    config.block_limit.gas_steps = (struct limit_steps_config){60, 50, 40};
    ck_assert_int_eq(chain_config_layout(&config, "/chain", &memory, &diagnostics, &layout), 0);
    limit_table_init(&table, &config.block_limit, &config.limits_of, "/chain", &layout, &memory,
                     &diagnostics);
    ck_assert_uint_eq(table.common.of[LIMIT_GAS].underload, 50);
    ck_assert_uint_eq(table.common.of[LIMIT_GAS].soft, 50);
    ck_assert_uint_eq(table.common.of[LIMIT_GAS].hard, 50);
    limit_table_free(&table, &memory);
    chain_layout_free(&layout);
    diagnostics_free(&diagnostics);
}
END_TEST

/* TON-R15: a chain waits while so many of its blocks are not registered; the masterchain has a slot
 * every 20 s, final after 100 ms. It goes on at the next slot, and on_demand at once. */
START_TEST(a_chain_is_only_so_many_blocks_ahead_of_the_masterchain)
{
    for (int64_t ahead = 0; ahead <= 8; ahead++)
        for (int demand = 0; demand < 2; demand++) {
            struct support_stack *support = support_stack_new();
            support->chain.clock = demand ? CLOCK_ON_DEMAND : CLOCK_ALIGNED;
            support->chain.min_interval_ns = (int64_t)SECOND;
            support->chain.visibility = VISIBLE_BY_MASTERCHAIN;
            support->chain.masterchain.block_interval_ns = 20 * (int64_t)SECOND;
            support->chain.ahead_max = ahead;
            support->chain.block_limit.gas = 21; /* one item a block */
            support_stack_job(support, demand ? SECOND : 300 * MS, 0, 18, SUPPORT_NOWHERE);
            support->scenario.duration_ns = 100 * SECOND;
            support_stack_run(support);
            const struct rng rng = {.seed = 1, .replication = 0};
            uint64_t shown_ns =
                clock_phase(&rng, identity_of(ROLE_CHAIN, CHAIN_MASTER_ID), 20 * SECOND) + 100 * MS;
            for (uint32_t i = 1; i < support->block_count; i++) {
                uint64_t gap = support->blocks[i].time_ns - support->blocks[i - 1].time_ns;
                bool waits = ahead > 0 && i % (uint32_t)ahead == 0;
                /* The masterchain's own clock has a phase but with aligned slots. */
                if (waits && !demand)
                    ck_assert_uint_eq(support->blocks[i].time_ns,
                                      (21 + 20 * (i / (uint32_t)ahead - 1)) * SECOND);
                else if (waits) /* at the very instant at which it is shown */
                    ck_assert_uint_eq((support->blocks[i].time_ns - shown_ns) % (20 * SECOND), 0);
                else
                    ck_assert_uint_eq(gap, SECOND);
            }
            support_stack_free(support);
        }
}
END_TEST

static struct limit_config default_limits(void)
{
    return (struct limit_config){.gas = 10000000,
                                 .bytes = 1048576,
                                 .bytes_steps = {131072, 524288, 1048576},
                                 .gas_steps = {2000000, 10000000, 20000000},
                                 .lt_steps = {1000, 5000, 10000}};
}

/* What belongs to the other form is warned of wherever it is not the default, and nothing else is.
 */
START_TEST(limits_of_the_other_form_are_warned_of)
{
    struct limit_config limits = default_limits();
    int64_t *const steps[] = {&limits.bytes_steps.hard, &limits.gas_steps.soft,
                              &limits.lt_steps.underload};
    int64_t *const plain[] = {&limits.gas, &limits.bytes};
    const char *const step_places[] = {"bytes_steps", "gas_steps", "lt_steps"};
    const char *const plain_places[] = {"gas", "bytes"};
    for (int form = LIMIT_FORM_PLAIN; form <= LIMIT_FORM_STEPPED; form++)
        for (int i = -1; i < 5; i++) {
            bool is_plain = i >= 3;
            int64_t *value = i < 0 ? &limits.form : is_plain ? plain[i - 3] : steps[i];
            struct param_list list = {0};
            struct diagnostics diagnostics = {0};
            limits.form = form;
            if (i >= 0)
                (*value)--;
            limit_config_check(&limits, &list, "/chain", &diagnostics);
            bool warned = i >= 0 && is_plain == (form == LIMIT_FORM_STEPPED);
            ck_assert_uint_eq(diagnostics.count, warned);
            ck_assert_uint_eq(diagnostics.errors, 0);
            if (warned) {
                ck_assert_str_eq(diagnostics.list[0].code, "W101");
                ck_assert_ptr_nonnull(strstr(diagnostics.list[0].pointer,
                                             is_plain ? plain_places[i - 3] : step_places[i]));
            }
            diagnostics_free(&diagnostics);
            if (i >= 0)
                (*value)++;
        }
}
END_TEST

/* All problems of the limits at once, each at its place. */
START_TEST(wrong_limits_are_named_all_at_once)
{
    struct limit_override_config overrides[] = {
        {"0:4000000000000000", 45, 0}, {"4000000000000000", 1, 1}, {"0:4000000000000000", 0, 0}};
    const char *const places[] = {"/chain/block_limit/gas_steps", "/chain/limits_of/1/shard",
                                  "/chain/limits_of/2/shard", "/chain/limits_of/2"};
    const char *const codes[] = {"W301", "E203", "E310", "E310"};
    struct limit_config limits = default_limits();
    set_steps(&limits);
    limits.form = LIMIT_FORM_STEPPED;
    limits.gas_steps.underload = 51;
    struct param_list list = {.items = overrides, .count = 3};
    struct diagnostics diagnostics = {0};
    limit_config_check(&limits, &list, "/chain", &diagnostics);
    ck_assert_uint_eq(diagnostics.count, 4);
    for (int i = 0; i < 4; i++) {
        ck_assert_str_eq(diagnostics.list[i].pointer, places[i]);
        ck_assert_str_eq(diagnostics.list[i].code, codes[i]);
    }
    diagnostics_free(&diagnostics);
}
END_TEST

START_TEST(limits_of_a_shard_that_is_not_there_are_warned_of)
{
    struct limit_override_config overrides[] = {{"0:4000000000000000", 45, 0},
                                                {"0:2000000000000000", 45, 0},
                                                {"0:1000000000000000", 45, 0},
                                                {"3:8000000000000000", 45, 0}};
    struct chain_config config = {.shards = 4, .block_interval_ns = 1000000000};
    config.block_limit = default_limits();
    config.block_limit.gas = config.block_limit.bytes = 1000;
    struct diagnostics diagnostics = {0};
    struct memory memory = {0};
    struct chain_layout layout;
    ck_assert_int_eq(chain_config_layout(&config, "/chain", &memory, &diagnostics, &layout), 0);
    struct param_list list = {.items = overrides, .count = 4};
    struct limit_table table;
    limit_table_init(&table, &config.block_limit, &list, "/chain", &layout, &memory, &diagnostics);
    ck_assert_uint_eq(diagnostics.errors, 0);
    ck_assert_uint_eq(diagnostics.count, 2);
    ck_assert_str_eq(diagnostics.list[0].pointer, "/chain/limits_of/2/shard");
    ck_assert_str_eq(diagnostics.list[1].pointer, "/chain/limits_of/3/shard");
    /* The smallest shard that holds a chain decides, for all chains inside it. */
    ck_assert_uint_eq(limit_table_of(&table, 0, UINT64_C(0x6000000000000000)).of[LIMIT_GAS].hard,
                      45);
    ck_assert_uint_eq(limit_table_of(&table, 0, UINT64_C(0xa000000000000000)).of[LIMIT_GAS].hard,
                      1000);
    ck_assert_uint_eq(limit_table_of(&table, 1, UINT64_C(0x6000000000000000)).of[LIMIT_GAS].hard,
                      1000);
    limit_table_free(&table, &memory);
    chain_layout_free(&layout);
    ck_assert_uint_eq(memory.used_bytes, 0);
    diagnostics_free(&diagnostics);
}
END_TEST

CHECK_MAIN("chain_limits", a_stepped_block_takes_the_item_that_overshoots,
           gas_of_a_block_stops_at_the_greatest_number, the_size_of_a_stepped_block_has_a_base,
           single_shards_have_limits_of_their_own,
           a_block_that_was_dropped_is_tried_again_with_less, a_small_block_is_underloaded,
           a_block_that_is_late_has_little_logical_time, an_idle_chain_is_not_late,
           the_soft_limit_counts_where_limits_do_not_rise,
           a_chain_is_only_so_many_blocks_ahead_of_the_masterchain,
           limits_of_the_other_form_are_warned_of, wrong_limits_are_named_all_at_once,
           limits_of_a_shard_that_is_not_there_are_warned_of)
