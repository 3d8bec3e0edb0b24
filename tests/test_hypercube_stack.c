/* Goal: hypercube messaging under the real engine and chain layer delivers every message once, in
 * order, over as many links as the addresses ask for, whatever is lost, dropped or crashed; and
 * each property is seen to fire when its rule is broken. Method: the toy ledger of support_stack.h,
 * seeded random loads, an independent count of the links, and the hidden `break` switch. Properties
 * are checked in every run: a violation ends it, and the last assertion of each test sees that. */

#include <stdio.h>
#include <string.h>

#include "models/messaging/hypercube.h"
#include "sim/rng.h"
#include "tests/check_main.h"
#include "tests/support_stack.h"

#define MS UINT64_C(1000000)
#define SECOND UINT64_C(1000000000)
#define PER_MILLION INT64_C(1000000)

enum { SLOW, INSTANT, BOTH, PATHS };
enum { SET, WATERMARK };
enum { DEPLOYED, PAPER };
enum { NONE, DELIVER_TWICE, REORDER, LOSE, EXTRA_HOP, EARLY, FORGE };

static uint64_t counter(const struct support_stack *support, const char *metric)
{
    return (uint64_t)engine_counter(&support->result, "messaging", metric);
}

static struct support_stack *stack_of(int64_t shards, int64_t path)
{
    struct support_stack *support = support_stack_new();
    support->messaging = &messaging_hypercube_model;
    support->chain.shards = shards;
    support_stack_set(support, "path", path);
    return support;
}

/* What a load must lead to, counted from shard numbers alone. */
struct expected {
    uint64_t messages, links, across, longest;
};

static unsigned digits_between(uint32_t a, uint32_t b, unsigned depth, unsigned digit_bits)
{
    unsigned digits = 0;
    for (unsigned start = 0; start < depth; start += digit_bits) {
        unsigned end = start + digit_bits < depth ? start + digit_bits : depth;
        uint32_t mask = (UINT32_C(1) << (end - start)) - 1;
        digits += ((a ^ b) >> (depth - end) & mask) != 0;
    }
    return digits;
}

/* Messages between random shards of an even tree, in the first 20 s. */
static struct expected load(struct support_stack *support, unsigned depth, unsigned digit_bits,
                            uint32_t jobs, uint64_t seed)
{
    const struct rng rng = {.seed = seed, .replication = 0};
    struct expected expected = {0, 0, 0, 0};
    uint32_t shards = UINT32_C(1) << depth;
    for (uint32_t i = 0; i < jobs; i++) {
        struct rng_stream stream;
        rng_stream_at(&stream, &rng, RNG_TEST, i, 0);
        uint64_t at_ns = rng_below(&stream, 20 * SECOND);
        uint32_t from = (uint32_t)rng_below(&stream, shards);
        uint32_t to = (uint32_t)rng_below(&stream, shards);
        uint32_t items = 1 + (uint32_t)rng_below(&stream, 4);
        uint64_t links = digits_between(from, to, depth, digit_bits);
        support_stack_job(support, at_ns, from, items, (int32_t)to);
        expected.messages += items;
        expected.links += items * links;
        expected.across += links > 0 ? items : 0;
        expected.longest = links > expected.longest ? links : expected.longest;
    }
    return expected;
}

static void expect_held(const struct support_stack *support)
{
    ck_assert_msg(support->result.status == ENGINE_OK, "%s", support->result.violation);
}

static void expect_all_delivered(const struct support_stack *support,
                                 const struct expected *expected)
{
    expect_held(support);
    ck_assert_uint_eq(support->undo_errors, 0);
    ck_assert_uint_eq(counter(support, "messages_sent"), expected->messages);
    ck_assert_uint_eq(counter(support, "messages_delivered"), expected->messages);
    ck_assert_uint_eq(support->received, expected->messages);
}

/* TON-20, 31, 33, 36, 47, 50: every link but the last is one forwarding transaction; every link is
 * one removal from a queue; nothing is left. */
START_TEST(slow_path_takes_as_many_links_as_digits_differ)
{
    for (unsigned digit_bits = 1; digit_bits <= 8; digit_bits++) {
        struct support_stack *support = stack_of(32, SLOW);
        support_stack_set(support, "digit_bits", digit_bits);
        struct expected expected = load(support, 5, digit_bits, 150, digit_bits);
        support_stack_run(support);
        expect_all_delivered(support, &expected);
        ck_assert_uint_eq(counter(support, "forwards"), expected.links - expected.across);
        ck_assert_uint_eq(counter(support, "dequeues"), expected.links);
        ck_assert_uint_eq(counter(support, "queued"), 0);
        ck_assert_uint_eq(counter(support, "packets_resent"), 0);
        support_stack_free(support);
    }
}
END_TEST

/* TON-34, 36: N = 256 needs at most one intermediate shard. */
START_TEST(shards_of_two_digits_need_one_intermediate)
{
    struct support_stack *support = stack_of(256, SLOW);
    for (uint32_t to = 0; to < 60; to++)
        support_stack_job(support, 100 * MS, 17, 1, (int32_t)to);
    support_stack_run(support);
    expect_held(support);
    uint64_t forwards = 0;
    for (uint32_t to = 0; to < 60; to++)
        forwards += to >> 4 != 1 && (to & 15) != 1;
    ck_assert_uint_eq(counter(support, "forwards"), forwards);
    support_stack_free(support);
}
END_TEST

/* TON-37, 45: each shard on the way is one block; the slots tell. TON-38, 39: the instant path
 * needs one block, whatever lies between. */
START_TEST(every_intermediate_shard_costs_a_block_and_the_instant_path_none)
{
    uint64_t slots[PATHS] = {3, 2, 2};
    for (int path = 0; path < PATHS; path++) {
        struct support_stack *support = stack_of(32, path);
        support_stack_job(support, 300 * MS, 0, 1, 31); /* 00000 -> 1111 0 -> 1111 1 */
        support_stack_run(support);
        expect_held(support);
        uint32_t delivering = 0;
        for (uint32_t i = 0; i < support->block_count && delivering == 0; i++)
            if (support->blocks[i].items > 0 && i > 0 &&
                support->blocks[i].chain == (1U << 21 | 63U))
                delivering = i;
        ck_assert_uint_gt(delivering, 0);
        ck_assert_uint_eq(support->blocks[delivering].time_ns, slots[path] * SECOND);
        ck_assert_uint_eq(support->received, 1);
        support_stack_free(support);
    }
}
END_TEST

/* TON-57, 58, 59: to the own shard in the emitting block, without a queue. */
START_TEST(own_messages_are_delivered_in_their_block)
{
    struct support_stack *support = stack_of(4, SLOW);
    support_stack_job(support, 300 * MS, 2, 5, 2);
    support_stack_run(support);
    expect_held(support);
    ck_assert_uint_eq(support->block_count, 1);
    ck_assert_uint_eq(support->received, 5);
    ck_assert_uint_eq(counter(support, "dequeues"), 0);
    support_stack_free(support);
}
END_TEST

/* TON-57: when the block is full they stand in the own queue, and the own neighbour imports them.
 */
START_TEST(own_messages_that_do_not_fit_go_through_the_own_queue)
{
    struct support_stack *support = stack_of(4, SLOW);
    support->chain.block_limit.gas = 6000;
    support_stack_job(support, 300 * MS, 2, 40, 2);
    support_stack_run(support);
    expect_held(support);
    ck_assert_uint_eq(support->received, 40);
    ck_assert_uint_ge(support->block_count, 40 * 1000 / 6000);
    ck_assert_uint_eq(counter(support, "queued"), 0);
    support_stack_free(support);
}
END_TEST

/* TON-26, 27, 35: what does not fit stays in the sources' queues and comes later, all of it. */
START_TEST(full_blocks_leave_messages_in_the_queues_of_their_sources)
{
    struct support_stack *support = stack_of(16, SLOW);
    support->chain.block_limit.gas = 8000;
    for (uint32_t from = 1; from < 16; from++)
        support_stack_job(support, 100 * MS, from, 10, 0);
    support_stack_run(support);
    expect_held(support);
    ck_assert_uint_eq(support->received, 150);
    uint32_t blocks_of_0 = 0;
    for (uint32_t i = 0; i < support->block_count; i++) {
        blocks_of_0 += support->blocks[i].chain == (1U << 21 | 16U);
        ck_assert_uint_le(support->blocks[i].gas, 8000);
    }
    ck_assert_uint_ge(blocks_of_0, 150 * 1000 / 8000);
    ck_assert_uint_gt(counter(support, "packets_resent"), 0); /* asked after, and answered */
    ck_assert_uint_eq(counter(support, "duplicates_discarded"), 0);
    ck_assert_uint_eq(counter(support, "queued"), 0);
    support_stack_free(support);
}
END_TEST

static void drop_packets(struct support_stack *support, int64_t percent)
{
    support->scenario.network.loss = percent * 10000 * PER_MILLION;
    support->scenario.duration_ns = 400 * SECOND;
}

/* TON-3, 30, 35, 48: nothing is lost and nothing comes twice, on every path, with either
 * memory of what came, when packets of all kinds are lost. */
START_TEST(lost_packets_lose_no_message_and_double_none)
{
    for (uint64_t seed = 1; seed <= 6; seed++)
        for (int variant = 0; variant < 4; variant++) {
            struct support_stack *support = stack_of(32, variant == 3 ? SLOW : variant);
            support_stack_set(support, "dedup", variant == 3 ? WATERMARK : SET);
            support->scenario.seed = seed;
            drop_packets(support, 20);
            struct expected expected = load(support, 5, 4, 100, seed);
            support_stack_run(support);
            expect_all_delivered(support, &expected);
            ck_assert_uint_eq(counter(support, "queued"), 0);
            ck_assert_uint_gt(
                counter(support, variant == INSTANT ? "instant_resent" : "packets_resent"), 0);
            support_stack_free(support);
        }
}
END_TEST

/* TON-46 as deployed, and jitter: packets that overtake each other change no order. */
START_TEST(jitter_and_loss_keep_the_order_of_queues)
{
    for (int variant = 0; variant < 4; variant++) {
        struct support_stack *support = stack_of(8, SLOW);
        support_stack_set(support, "order", variant % 2);
        support_stack_set(support, "digit_bits", 1);
        support->chain.visibility = variant / 2;
        support->scenario.network.jitter = (struct distribution){
            .type = DISTRIBUTION_UNIFORM, .location = 0, .spread = 3 * (int64_t)SECOND};
        drop_packets(support, 10);
        struct expected expected = load(support, 3, 1, 300, 7);
        support_stack_run(support);
        expect_all_delivered(support, &expected);
        support_stack_free(support);
    }
}
END_TEST

/* A dropped block gives everything back: the same messages come, only later. */
START_TEST(dropped_blocks_change_nothing_but_times)
{
    for (int path = 0; path < PATHS; path++)
        for (int dedup = SET; dedup <= (path == SLOW ? WATERMARK : SET); dedup++) {
            struct support_stack *support = stack_of(32, path);
            support_stack_set(support, "dedup", dedup);
            support->chain.drop_every = 2;
            support->scenario.duration_ns = 120 * SECOND;
            struct expected expected = load(support, 5, 4, 150, 3);
            support_stack_run(support);
            expect_all_delivered(support, &expected);
            if (path == SLOW) {
                ck_assert_uint_eq(counter(support, "forwards"), expected.links - expected.across);
                ck_assert_uint_eq(counter(support, "dequeues"), expected.links);
            }
            ck_assert_uint_eq(counter(support, "queued"), 0);
            support_stack_free(support);
        }
}
END_TEST

/* TON-30: a crashed shard finds its queues and its view again, and its timers are set anew. */
START_TEST(crashes_lose_no_message)
{
    for (int path = 0; path < PATHS; path++) {
        struct support_stack *support = stack_of(32, path);
        static struct fault_target targets[4];
        static struct fault_spec specs[4];
        for (uint32_t i = 0; i < 4; i++) {
            targets[i] = (struct fault_target){
                .type = TARGET_NODES, .role = "shard", .first = i * 8, .last = i * 8 + 3};
            specs[i] = (struct fault_spec){.type = FAULT_CRASH,
                                           .at_ns = (3 + 4 * i) * SECOND + 50 * MS,
                                           .for_ns = 5 * SECOND,
                                           .target = {&targets[i], 1}};
        }
        support->scenario.faults = (struct fault_plan){specs, 4};
        support->scenario.duration_ns = 200 * SECOND;
        load(support, 5, 4, 200, 11);
        support_stack_run(support);
        expect_held(support);
        /* A job for a chain that is down is lost before it is a message. */
        ck_assert_uint_gt(support->sent, 100);
        ck_assert_uint_eq(support->received, support->sent);
        ck_assert_uint_eq(counter(support, "messages_delivered"), support->sent);
        ck_assert_uint_eq(counter(support, "queued"), 0);
        support_stack_free(support);
    }
}
END_TEST

/* TON-48, 49: the set lets go when the removal from the source's queue is seen; so it stays small
 * while messages go on. */
START_TEST(deduplication_sets_stay_bounded)
{
    for (int path = 0; path < PATHS; path++) {
        struct support_stack *support = stack_of(8, path);
        support_stack_set(support, "digit_bits", 1);
        support->scenario.duration_ns = 300 * SECOND;
        for (uint32_t second = 0; second < 290; second++)
            support_stack_job(support, second * SECOND, second % 8, 3, (int32_t)(7 - second % 8));
        support_stack_run(support);
        expect_held(support);
        uint64_t remembered = counter(support, "remembered");
        ck_assert_uint_eq(support->received, 290 * 3);
        ck_assert_msg(remembered < 260, "path %d: %llu", path, (unsigned long long)remembered);
        support_stack_free(support);
    }
}
END_TEST

/* TON-43, 44: copies are stopped on the way, or discarded at the end; never executed twice. */
START_TEST(both_paths_run_in_parallel_and_one_delivers)
{
    struct support_stack *support = stack_of(32, BOTH);
    struct expected expected = load(support, 5, 4, 200, 5);
    support_stack_run(support);
    expect_all_delivered(support, &expected);
    ck_assert_uint_eq(counter(support, "instant_sent"), expected.across);
    uint64_t instant = counter(support, "instant_delivered");
    ck_assert_uint_gt(instant, 0);
    /* Each message has one copy too many: slow after instant, or instant after slow. */
    ck_assert_uint_gt(counter(support, "slow_stopped"), 0);
    ck_assert_uint_ge(counter(support, "duplicates_discarded"), expected.across - instant);
    ck_assert_uint_eq(counter(support, "queued"), 0);
    support_stack_free(support);
}
END_TEST

/* TON-38..40, 42: alone, the instant path delivers all; nothing is in any queue. */
START_TEST(instant_path_alone_uses_no_queue)
{
    struct support_stack *support = stack_of(32, INSTANT);
    struct expected expected = load(support, 5, 4, 200, 5);
    support_stack_run(support);
    expect_all_delivered(support, &expected);
    ck_assert_uint_eq(counter(support, "instant_delivered"), expected.across);
    ck_assert_uint_eq(counter(support, "forwards"), 0);
    ck_assert_uint_eq(counter(support, "dequeues"), 0);
    ck_assert_uint_eq(counter(support, "instant_resent"), 0);
    ck_assert_uint_eq(counter(support, "queued"), 0);
    support_stack_free(support);
}
END_TEST

/* TON-39, 42, 44: a proof with one flipped bit is refused, and the slow path delivers. */
START_TEST(forged_proofs_are_refused)
{
    struct support_stack *support = stack_of(32, BOTH);
    support_stack_set(support, "break", FORGE);
    struct expected expected = load(support, 5, 4, 200, 5);
    support_stack_run(support);
    expect_all_delivered(support, &expected);
    uint64_t refused = counter(support, "proofs_refused");
    ck_assert_uint_gt(refused, expected.across / 4);
    ck_assert_uint_le(counter(support, "instant_delivered"), expected.across - refused);
    support_stack_free(support);
}
END_TEST

/* TON-37, TON-R15: with a masterchain nothing is imported before it shows its block; the instant
 * path does not wait for it. */
START_TEST(masterchain_delays_every_hop_but_no_proof)
{
    for (int path = SLOW; path < PATHS; path++) {
        struct support_stack *support = stack_of(32, path);
        support->chain.visibility = 1;
        support->chain.masterchain.block_interval_ns = 3 * (int64_t)SECOND;
        support->scenario.duration_ns = 200 * SECOND;
        struct expected expected = load(support, 5, 4, 100, 2);
        support_stack_run(support);
        expect_all_delivered(support, &expected);
        ck_assert_uint_eq(counter(support, "queued"), 0);
        if (path == BOTH)
            ck_assert_uint_eq(counter(support, "instant_delivered"), expected.across);
        support_stack_free(support);
    }
}
END_TEST

/* The order in which groups run inside a window changes nothing: chains share no memory. */
START_TEST(chains_share_no_memory)
{
    for (int path = 0; path < PATHS; path++) {
        uint64_t hash = 0;
        for (uint64_t order = 0; order < 4; order++) {
            struct support_stack *support = stack_of(32, path);
            support->options.group_order = order;
            support->chain.drop_every = 3;
            drop_packets(support, 10);
            load(support, 5, 4, 100, 9);
            support_stack_run(support);
            expect_held(support);
            if (order == 0)
                hash = support->result.result_hash[0];
            ck_assert_uint_eq(support->result.result_hash[0], hash);
            support_stack_free(support);
        }
    }
}
END_TEST

/* TON-32: a million shards cost nothing until they talk. */
START_TEST(idle_shards_cost_no_event)
{
    uint64_t events[2];
    int64_t shards[2] = {16, 4096};
    for (int i = 0; i < 2; i++) {
        struct support_stack *support = stack_of(shards[i], SLOW);
        support->chain.clock = CLOCK_ALIGNED;
        support_stack_job(support, 300 * MS, 0, 3, 1);
        support_stack_run(support);
        expect_held(support);
        ck_assert_uint_eq(support->received, 3);
        events[i] = support->result.events;
        support_stack_free(support);
    }
    ck_assert_uint_eq(events[0], events[1]);
}
END_TEST

/* Every property fires when its rule is broken, and is the only one that does. TON-3: twice;
 * TON-29, 46: order; TON-36: links; TON-37: early; TON-30: lost. */
struct broken {
    const char *property;
    int rule;
    int path;
};

static const struct broken broken[] = {
    {"exactly_once", DELIVER_TWICE, SLOW}, {"exactly_once", DELIVER_TWICE, BOTH},
    {"queue_order", REORDER, SLOW},        {"hop_bound", EXTRA_HOP, SLOW},
    {"no_early_event", EARLY, SLOW},       {"nothing_lost", LOSE, SLOW},
};
static const char *const properties[] = {"exactly_once", "queue_order", "hop_bound",
                                         "no_early_event", "nothing_lost"};

static struct support_stack *broken_stack(const struct broken *one)
{
    struct support_stack *support = stack_of(32, one->path);
    support_stack_set(support, "break", one->rule);
    if (one->rule == EARLY) {
        support->chain.visibility = 1;
        support->chain.masterchain.block_interval_ns = 7 * (int64_t)SECOND;
    }
    load(support, 5, 4, 200, 21);
    return support;
}

START_TEST(each_broken_rule_is_found_by_its_property)
{
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
        struct support_stack *support = broken_stack(&broken[i]);
        support_stack_run(support);
        ck_assert_msg(support->result.status == ENGINE_VIOLATION, "case %zu", i);
        ck_assert_msg(
            strncmp(support->result.violation, broken[i].property, strlen(broken[i].property)) == 0,
            "case %zu: %s", i, support->result.violation);
        support_stack_free(support);
        for (size_t k = 0; k < sizeof properties / sizeof properties[0]; k++) {
            support = broken_stack(&broken[i]);
            support_stack_property(support, properties[k], 0);
            support_stack_run(support);
            bool expected = strcmp(properties[k], broken[i].property) == 0;
            ck_assert_msg((support->result.status == ENGINE_VIOLATION) == expected,
                          "case %zu, %s: %s", i, properties[k], support->result.violation);
            support_stack_free(support);
        }
    }
}
END_TEST

static bool refused(struct support_stack *support, const char *code)
{
    struct diagnostics diagnostics = {0};
    support->messaging->check(support->messaging_config, "/messaging", &diagnostics);
    int status = 0;
    if (diagnostics.errors == 0)
        status = support_stack_try(support, &diagnostics);
    bool found = false;
    for (size_t i = 0; i < diagnostics.count; i++)
        found |= strcmp(diagnostics.list[i].code, code) == 0;
    ck_assert(status == 0 || diagnostics.errors > 0);
    diagnostics_free(&diagnostics);
    support_stack_free(support);
    return found;
}

START_TEST(impossible_pairs_are_refused)
{
    struct support_stack *support = stack_of(4, BOTH);
    support_stack_set(support, "dedup", WATERMARK);
    ck_assert(refused(support, "E310"));
    support = stack_of(4, SLOW);
    support_stack_set(support, "dedup", WATERMARK);
    support_stack_set(support, "order", PAPER);
    ck_assert(refused(support, "E310"));
    support = stack_of(4, SLOW);
    support_stack_set(support, "dedup", WATERMARK);
    ck_assert(!refused(support, "E310"));
}
END_TEST

static struct support_stack *two_workchains(int64_t id, int64_t routing)
{
    static struct chain_workchain_config workchains[2];
    struct support_stack *support = stack_of(0, SLOW);
    workchains[0] = (struct chain_workchain_config){.id = 0, .shards = 4};
    workchains[1] = (struct chain_workchain_config){.id = id, .shards = 16};
    support->chain.workchains = (struct param_list){workchains, 2};
    support_stack_set(support, "routing", routing);
    return support;
}

/* TON-31 read literally: digits of the workchain id are digits too. */
START_TEST(paper_routing_needs_the_workchains_between)
{
    ck_assert(refused(two_workchains(0x12, PAPER), "E311"));
    ck_assert(!refused(two_workchains(0x12, DEPLOYED), "E311"));
    ck_assert(!refused(two_workchains(2, PAPER), "E311"));
}
END_TEST

/* TON-1, 6, 36, 54: between workchains, and straight to the masterchain and back. */
START_TEST(messages_cross_workchains_and_reach_the_masterchain)
{
    for (int path = 0; path < PATHS; path++)
        for (int routing = DEPLOYED; routing <= PAPER; routing++) {
            struct support_stack *support = two_workchains(2, routing);
            support_stack_set(support, "path", path);
            support->scenario.duration_ns = 100 * SECOND;
            uint32_t count = 0;
            for (uint32_t from = 0; from < 21; from++)
                for (uint32_t to = 0; to < 21; to += 3, count++)
                    support_stack_job(support, (from + 1) * 100 * MS, from, 1, (int32_t)to);
            support_stack_run(support);
            expect_held(support);
            ck_assert_uint_eq(support->received, count);
            support_stack_free(support);
        }
}
END_TEST

CHECK_MAIN("hypercube_stack", slow_path_takes_as_many_links_as_digits_differ,
           shards_of_two_digits_need_one_intermediate,
           every_intermediate_shard_costs_a_block_and_the_instant_path_none,
           own_messages_are_delivered_in_their_block,
           own_messages_that_do_not_fit_go_through_the_own_queue,
           full_blocks_leave_messages_in_the_queues_of_their_sources,
           lost_packets_lose_no_message_and_double_none, jitter_and_loss_keep_the_order_of_queues,
           dropped_blocks_change_nothing_but_times, crashes_lose_no_message,
           deduplication_sets_stay_bounded, both_paths_run_in_parallel_and_one_delivers,
           instant_path_alone_uses_no_queue, forged_proofs_are_refused,
           masterchain_delays_every_hop_but_no_proof, chains_share_no_memory,
           idle_shards_cost_no_event, each_broken_rule_is_found_by_its_property,
           impossible_pairs_are_refused, paper_routing_needs_the_workchains_between,
           messages_cross_workchains_and_reach_the_masterchain)
