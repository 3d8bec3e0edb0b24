/* Goal: shards split and merge when, and only when, TON-R55 and TON-R56 say so, and what they hold
 * goes where TON-R57 to TON-R60 say. Method: whole stacks with real transfers, whose splits come
 * from load or from a schedule; what happened is read from the database of the run. */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "models/ledger/accounts_reshard.h"
#include "models/messaging/hypercube.h"
#include "models/workload/poisson.h"
#include "tests/check_main.h"
#include "tests/support_transfers.h"

#define SECOND INT64_C(1000000000)

static char path[64];

static struct transfers *stack_with(int64_t shards, const struct reshard_config *config)
{
    struct transfers *transfers = transfers_new();
    transfers_use(&transfers->messaging_part, &messaging_hypercube_model);
    transfers->base->chain.shards = shards;
    transfers->base->chain.resharding = *config;
    transfers->base->scenario.duration_ns = 600 * (uint64_t)SECOND;
    snprintf(path, sizeof path, "/tmp/test_reshard_%ld.db", (long)getpid());
    transfers->database = path;
    return transfers;
}

static struct reshard_config quick(int64_t least, int64_t most)
{
    return (struct reshard_config){.enabled = 1,
                                   .min_split = least,
                                   .max_split = most,
                                   .delay_ns = 20 * SECOND,
                                   .interval_ns = 40 * SECOND,
                                   .min_interval_ns = 5 * SECOND,
                                   .reserve_ns = 5 * SECOND};
}

static void add_load(struct transfers *transfers, int64_t rate, const char *shards,
                     int64_t until_ns)
{
    struct transfers_part *load = transfers_workload(transfers, &workload_poisson_model);
    transfers_set(load, "rate", rate * 1000000);
    transfers_set(load, "cross_shard", INT64_C(750000000000));
    transfers_set(load, "until", until_ns);
    if (shards)
        transfers_set_text(load, "shards", shards);
}

static int64_t chain_count(const struct transfers *transfers, const char *name)
{
    return transfers_counter(transfers, "chain", name);
}

static void finish(struct transfers *transfers)
{
    ck_assert_msg(transfers->result.status == ENGINE_OK, "%s", transfers->result.violation);
    ck_assert_int_eq(transfers_counter(transfers, "messaging", "messages_sent"),
                     transfers_counter(transfers, "messaging", "messages_delivered"));
    ck_assert_int_eq(transfers_counter(transfers, "messaging", "queued"), 0);
    transfers_free(transfers);
    unlink(path);
}

#define KIND_OF "SELECT %s FROM event e JOIN kind k ON k.kind_id = e.kind_id WHERE k.name = '%s'"

static int64_t about(const struct transfers *transfers, const char *what, const char *kind)
{
    char sql[256];
    snprintf(sql, sizeof sql, KIND_OF, what, kind);
    return transfers_query(transfers, sql);
}

/* TON-R55, TON-R56: four idle shards become as few as min_split allows, in two rounds, each after
 * 24 blocks (of 1 s) and the delay. */
START_TEST(idle_shards_merge_down_to_the_least_depth)
{
    struct reshard_config config = quick(1, 4);
    struct transfers *transfers = stack_with(8, &config);
    add_load(transfers, 1, "0", 2 * SECOND);
    transfers_run(transfers);
    ck_assert_int_eq(chain_count(transfers, "merges"), 6);
    ck_assert_int_eq(chain_count(transfers, "splits"), 0);
    ck_assert_int_eq(transfers_query(transfers, "SELECT min(value) FROM sample"
                                                " WHERE name = 'shards'"),
                     2);
    int64_t first_ns = about(transfers, "min(t_ns)", "merge");
    ck_assert_int_ge(first_ns, (24 + 20) * SECOND);
    ck_assert_int_le(first_ns, (24 + 20 + 6) * SECOND);
    finish(transfers);
}
END_TEST

/* TON-R55: the histories are part of the block: one that is dropped did not shift them. */
START_TEST(dropped_blocks_do_not_count)
{
    struct reshard_config config = quick(1, 4);
    struct transfers *transfers = stack_with(8, &config);
    transfers->base->chain.drop_every = 2;
    add_load(transfers, 1, "0", 2 * SECOND);
    transfers_run(transfers);
    ck_assert_int_ge(about(transfers, "min(t_ns)", "merge"), (2 * 24 + 20 - 2) * SECOND);
    finish(transfers);
}
END_TEST

/* TON-R55, TON-R56: the loaded half splits until it is no longer overloaded or as deep as allowed;
 * the other half does not. */
START_TEST(a_loaded_shard_splits_and_merges_when_the_load_is_over)
{
    struct reshard_config config = quick(1, 3);
    struct transfers *transfers = stack_with(2, &config);
    transfers->base->chain.block_limit.gas = 40000;
    add_load(transfers, 60, "0", 200 * SECOND);
    transfers_run(transfers);
    ck_assert_int_ge(chain_count(transfers, "splits"), 2);
    /* Every split is of a shard in the left half: prefix bit 0. */
    ck_assert_int_eq(about(transfers, "count(*)",
                           "split' AND ((e.chain & 2097151) != 2"
                           " AND ((e.chain & 2097151) >> 1) != 2"
                           " AND ((e.chain & 2097151) >> 2) != 2) AND '' = '"),
                     0);
    ck_assert_int_le(transfers_query(transfers, "SELECT max(value) FROM sample"
                                                " WHERE name = 'shards'"),
                     5);
    ck_assert_int_eq(chain_count(transfers, "merges"), chain_count(transfers, "splits"));
    /* The last block of a shard is announced before the split, and nothing of it comes after. */
    ck_assert_int_eq(about(transfers, "count(*)", "before_split"),
                     chain_count(transfers, "splits"));
    finish(transfers);
}
END_TEST

/* TON-R56: without the wish of both nothing happens, whatever the windows. */
START_TEST(shards_of_middling_load_stay)
{
    struct reshard_config config = quick(0, 4);
    struct transfers *transfers = stack_with(2, &config);
    transfers->base->chain.block_limit.gas = 40000;
    add_load(transfers, 16, NULL, 590 * SECOND); /* a quarter of a block */
    transfers_run(transfers);
    ck_assert_int_eq(chain_count(transfers, "splits"), 0);
    ck_assert_int_eq(chain_count(transfers, "merges"), 0);
    ck_assert_int_eq(transfers->result.status, ENGINE_OK);
    transfers_free(transfers);
    unlink(path);
}
END_TEST

/* TON-R56, TON-R57, TON-R58: ordered, under load; numbers and heights go on. */
START_TEST(a_schedule_is_followed)
{
    static struct reshard_order_config orders[] = {
        {.at_ns = 10 * SECOND, .what = RESHARD_SPLIT, .shard = "0:4000000000000000"},
        {.at_ns = 12 * SECOND, .what = RESHARD_SPLIT, .shard = "0:2000000000000000"},
        {.at_ns = 30 * SECOND, .what = RESHARD_MERGE, .shard = "0:2000000000000000"},
        {.at_ns = 31 * SECOND, .what = RESHARD_MERGE, .shard = "0:4000000000000000"},
        {.at_ns = 32 * SECOND, .what = RESHARD_SPLIT, .shard = "0:4000000000000000"}};
    struct reshard_config config = quick(0, 3);
    config.schedule = (struct param_list){orders, 5};
    config.delay_ns = 1000 * SECOND; /* nothing else happens */
    struct transfers *transfers = stack_with(2, &config);
    add_load(transfers, 20, NULL, 60 * SECOND);
    transfers_run(transfers);
    ck_assert_int_eq(chain_count(transfers, "splits"), 3);
    ck_assert_int_eq(chain_count(transfers, "merges"), 2);
    finish(transfers);
}
END_TEST

/* TON-R57, TON-R20, TON-R25, TON-R31: every way an entry can take through a switch is taken: kept,
 * handed to the sibling, turned into the own queue and forwarded or delivered from it, cleaned. */
START_TEST(switches_back_and_forth_under_load_lose_nothing)
{
    static struct reshard_order_config orders[40];
    for (int i = 0; i < 40; i++)
        orders[i] = (struct reshard_order_config){
            .at_ns = (5 + 3 * i) * SECOND, .what = i % 2, .shard = "0:8000000000000000"};
    struct reshard_config config = quick(0, 1);
    config.schedule = (struct param_list){orders, 40};
    config.delay_ns = 1000 * SECOND;
    for (int64_t dedup = 0; dedup < 2; dedup++) {
        struct transfers *transfers = stack_with(1, &config);
        transfers_set(&transfers->messaging_part, "dedup", dedup);
        transfers->base->scenario.network.loss = INT64_C(100000000000);
        transfers->base->chain.block_limit.gas = 40000;
        transfers->base->chain.drop_every = 5;
        add_load(transfers, 15, NULL, 130 * SECOND);
        transfers_run(transfers);
        ck_assert_int_ge(chain_count(transfers, "splits"), 10);
        ck_assert_int_ge(chain_count(transfers, "merges"), 10);
        finish(transfers);
    }
}
END_TEST

/* TON-R56, TON-R58: the halves are slow, and have a block open each as they are united. They live
 * again before these blocks would have become final, and have others open at that instant with some
 * of the delays. Found by swarm. */
START_TEST(blocks_of_a_former_life_end_with_it)
{
    static struct reshard_order_config orders[] = {
        {.at_ns = 10 * SECOND, .what = RESHARD_MERGE, .shard = "0:8000000000000000"},
        {.at_ns = 15 * SECOND, .what = RESHARD_SPLIT, .shard = "0:8000000000000000"}};
    static const struct fault_target halves = {
        .type = TARGET_NODES, .role = "shard", .first = 0, .last = 1};
    struct fault_spec slow = {.type = FAULT_SLOW,
                              .at_ns = 9 * SECOND,
                              .for_ns = 3 * SECOND,
                              .share = UINT64_MAX,
                              .target = {.targets = &halves, .count = 1}};
    struct reshard_config config = quick(0, 1);
    config.schedule = (struct param_list){orders, 2};
    config.delay_ns = 1000 * SECOND;
    for (uint32_t tenths = 80; tenths < 100; tenths++) {
        slow.factor = tenths / 10.0;
        struct transfers *transfers = stack_with(2, &config);
        transfers->base->validators.consensus_delay_ns = 950000000;
        transfers->base->scenario.faults.specs = &slow;
        transfers->base->scenario.faults.count = 1;
        add_load(transfers, 20, NULL, 60 * SECOND);
        transfers_run(transfers);
        ck_assert_int_eq(chain_count(transfers, "splits"), 1);
        ck_assert_int_eq(chain_count(transfers, "merges"), 1);
        ck_assert_int_ge(chain_count(transfers, "blocks_dropped"), 1);
        finish(transfers);
    }
}
END_TEST

/* TON-R58, TON-R59: two shards are united while many of their messages are under way to each other,
 * and divided again before all of these are imported. Each half sees the rest at once: a packet
 * would take half a minute. */
START_TEST(a_half_sees_the_parents_queue_without_a_packet)
{
    static struct reshard_order_config orders[] = {
        {.at_ns = 60 * SECOND, .what = RESHARD_MERGE, .shard = "0:8000000000000000"},
        {.at_ns = 62 * SECOND, .what = RESHARD_SPLIT, .shard = "0:8000000000000000"}};
    struct reshard_config config = quick(0, 1);
    config.schedule = (struct param_list){orders, 2};
    config.delay_ns = 1000 * SECOND;
    struct transfers *transfers = stack_with(2, &config);
    transfers->base->chain.block_limit.gas = 20000;
    transfers->base->chain.masterchain.block_interval_ns = 5 * SECOND;
    struct scenario *scenario = &transfers->base->scenario;
    scenario->network.latency =
        (struct distribution){.type = DISTRIBUTION_CONSTANT, .location = 30 * SECOND};
    add_load(transfers, 18, NULL, 30 * SECOND);
    transfers_run(transfers);
    ck_assert_int_eq(chain_count(transfers, "merges"), 1);
    ck_assert_int_eq(chain_count(transfers, "splits"), 1);
    int64_t split_ns = about(transfers, "min(t_ns)", "split");
    char sql[256];
    snprintf(sql, sizeof sql,
             "SELECT count(*) FROM message WHERE src_chain != dst_chain AND created_ns < %" PRId64
             " AND delivered_ns > %" PRId64,
             split_ns, split_ns);
    ck_assert_int_gt(transfers_query(transfers, sql), 20);
    snprintf(sql, sizeof sql, "SELECT max(delivered_ns) FROM message WHERE created_ns < %" PRId64,
             split_ns);
    ck_assert_int_le(transfers_query(transfers, sql), split_ns + 25 * SECOND);
    finish(transfers);
}
END_TEST

/* TON-27: full blocks are those of the chain that made them, of halves and united shards as well,
 * out of the blocks that it made itself. */
START_TEST(full_blocks_are_counted_by_the_chain_that_made_them)
{
    static struct reshard_order_config orders[] = {
        {.at_ns = 20 * SECOND, .what = RESHARD_SPLIT, .shard = "0:8000000000000000"},
        {.at_ns = 60 * SECOND, .what = RESHARD_MERGE, .shard = "0:8000000000000000"}};
    struct reshard_config config = quick(0, 1);
    config.schedule = (struct param_list){orders, 2};
    config.delay_ns = 1000 * SECOND;
    struct transfers *transfers = stack_with(1, &config);
    transfers->base->chain.block_limit.gas = 20000;
    add_load(transfers, 50, NULL, 70 * SECOND);
    transfers_run(transfers);
    ck_assert_int_eq(chain_count(transfers, "merges"), 1);
    ck_assert_int_eq(transfers_query(transfers, "SELECT count(*) FROM metric WHERE"
                                                " name = 'blocks_full' AND entity != -1"),
                     3);
    ck_assert_int_eq(transfers_query(transfers, "SELECT sum(value) FROM metric WHERE"
                                                " name = 'blocks_full' AND entity != -1"),
                     chain_count(transfers, "blocks_full"));
    /* 600 blocks altogether: the halves lived for 40 s. */
    ck_assert_int_eq(transfers_query(transfers, "SELECT count(*) FROM metric WHERE"
                                                " name = 'blocks_full' AND entity != -1"
                                                " AND n BETWEEN 35 AND 45"),
                     2);
    ck_assert_int_eq(transfers_query(transfers, "SELECT count(*) FROM metric WHERE"
                                                " name = 'blocks_full' AND entity != -1"
                                                " AND n BETWEEN 545 AND 565"),
                     1);
    finish(transfers);
}
END_TEST

/* TON-27: what waits for a shard that dies waits for its halves, and no more for itself. */
START_TEST(nothing_waits_for_a_shard_that_is_no_more)
{
    static struct reshard_order_config orders[] = {
        {.at_ns = 20 * SECOND, .what = RESHARD_SPLIT, .shard = "0:4000000000000000"}};
    struct reshard_config config = quick(0, 2);
    config.schedule = (struct param_list){orders, 1};
    config.delay_ns = 1000 * SECOND;
    struct transfers *transfers = stack_with(2, &config);
    transfers->base->chain.block_limit.gas = 20000;
    transfers_set(&transfers->ledger, "gas_per_transfer", 100);
    add_load(transfers, 60, "0", 60 * SECOND);
    transfers_run(transfers);
    ck_assert_int_eq(chain_count(transfers, "splits"), 1);
    static const char *const of_parent =
        "SELECT %s(value) FROM sample WHERE name = 'backlog' AND entity = %u AND (%d OR rowid ="
        " (SELECT max(rowid) FROM sample WHERE name = 'backlog' AND entity = %u))";
    uint32_t parent = (UINT32_C(1) << 21 | 2) << 4;
    char sql[256];
    snprintf(sql, sizeof sql, of_parent, "max", parent, 1, parent);
    ck_assert_int_gt(transfers_query(transfers, sql), 20);
    snprintf(sql, sizeof sql, of_parent, "max", parent, 0, parent);
    ck_assert_int_eq(transfers_query(transfers, sql), 0);
    finish(transfers);
}
END_TEST

/* TON-R57: what the validators earned is halved, and the right child gets the odd unit. */
START_TEST(fees_are_halved_and_the_right_child_gets_the_odd_unit)
{
    ck_assert_uint_eq(accounts_reshard_left(0), 0);
    ck_assert_uint_eq(accounts_reshard_left(1), 0);
    ck_assert_uint_eq(accounts_reshard_left(7), 3);
    ck_assert_uint_eq(accounts_reshard_left(8), 4);
    ck_assert_uint_eq(accounts_reshard_left(UINT64_MAX), UINT64_MAX / 2);
}
END_TEST

static void expect_refused(struct transfers *transfers, const char *words)
{
    struct diagnostics diagnostics = {0};
    transfers->database = NULL;
    add_load(transfers, 1, NULL, SECOND);
    ck_assert_int_eq(transfers_try(transfers, &diagnostics), -1);
    ck_assert_uint_ge(diagnostics.count, 1);
    bool said = false;
    for (size_t i = 0; i < diagnostics.count; i++)
        said = said || strstr(diagnostics.list[i].problem, words) != NULL;
    ck_assert_msg(said, "nothing says '%s'", words);
    diagnostics_free(&diagnostics);
    transfers_free(transfers);
}

START_TEST(what_does_not_follow_is_refused)
{
    struct reshard_config config = quick(0, 4);
    struct transfers *transfers = stack_with(4, &config);
    transfers_set(&transfers->messaging_part, "path", 2);
    expect_refused(transfers, "instant path");
    transfers = stack_with(4, &config);
    transfers_set(&transfers->messaging_part, "order", 1);
    expect_refused(transfers, "age");
    transfers = stack_with(4, &config);
    transfers->base->chain.masterchain.present = 0;
    expect_refused(transfers, "masterchain decides");
    transfers = stack_with(4, &config);
    transfers->base->chain.clock = CLOCK_ON_DEMAND;
    expect_refused(transfers, "on_demand");
    config.interval_ns = SECOND;
    transfers = stack_with(4, &config);
    expect_refused(transfers, "shorter");
}
END_TEST

CHECK_MAIN("reshard", idle_shards_merge_down_to_the_least_depth, dropped_blocks_do_not_count,
           a_loaded_shard_splits_and_merges_when_the_load_is_over, shards_of_middling_load_stay,
           a_schedule_is_followed, switches_back_and_forth_under_load_lose_nothing,
           blocks_of_a_former_life_end_with_it, a_half_sees_the_parents_queue_without_a_packet,
           full_blocks_are_counted_by_the_chain_that_made_them,
           nothing_waits_for_a_shard_that_is_no_more,
           fees_are_halved_and_the_right_child_gets_the_odd_unit, what_does_not_follow_is_refused)
