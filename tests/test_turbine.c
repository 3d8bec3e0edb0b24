/* Goal: each shred goes down its own tree, by the rules, in the time that hops take. Method: the
 * turbine under the real engine with a chain made by hand; a wrapper sees every packet that arrives
 * and compares its way with a tree computed here from stakes and keys. */

#include "models/spread/turbine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/spread/shred.h"
#include "models/spread/turbine_tree.h"
#include "models/validator_key.h"
#include "sim/context.h"
#include "sim/memory.h"
#include "sim/order.h"
#include "sim/rng.h"
#include "tests/check_main.h"
#include "tests/support_spread.h"

#define MS UINT64_C(1000000)

enum { MEMBERS_MAX = 128, LATENCY_MS = 5 };

/* A tree computed here, and when a shred came to each place of it; by slot, type and index. */
struct way {
    bool used;
    uint32_t count, order[MEMBERS_MAX];
    uint64_t came_ns[MEMBERS_MAX];
};

static struct {
    struct support_spread *support;
    struct memory memory;
    struct turbine_cluster cluster;
    struct way *ways;
    uint32_t arrivals, twice;
    bool deliver_twice;
} spy;

enum { WAY_SLOTS = 16, WAY_INDICES = 256 };

static struct way *way_of(uint64_t slot, uint32_t kind, uint32_t index)
{
    ck_assert_uint_lt(slot, WAY_SLOTS);
    ck_assert_uint_lt(index, WAY_INDICES);
    return &spy.ways[(slot * 2 + kind) * WAY_INDICES + index];
}

static void compute_way(struct way *way, const struct shred_id *shred, uint32_t leader)
{
    uint32_t ranks[MEMBERS_MAX], rank = 0;
    while (spy.cluster.nodes[rank].id != leader)
        rank++;
    way->used = true;
    way->count = turbine_order(&spy.cluster, shred, rank, ranks);
    for (uint32_t place = 0; place < way->count; place++)
        way->order[place] = spy.cluster.nodes[ranks[place]].id;
}

static void on_message(void *state, struct context *context, const struct message *message)
{
    bool shreds = message->kind <= 1;
    uint64_t slot = message->subject >> 32; /* in this chain a block's number is its slot */
    uint32_t index = message->subject >> 16 & 0x7fff, place = message->subject & 0xffff;
    if (shreds && spy.ways) {
        uint32_t leader = spy.support->blocks[slot].header.leader;
        struct way *way = way_of(slot, message->kind, index);
        struct shred_id shred = {slot, index, message->kind == 0 ? SHRED_DATA : SHRED_CODE};
        if (!way->used)
            compute_way(way, &shred, leader);
        ck_assert_uint_lt(place, way->count);
        ck_assert_uint_eq(message->to, way->order[place]);
        uint32_t parent = turbine_parent_of(place, spy.cluster.fanout);
        ck_assert_uint_eq(message->from, place == 0 ? leader : way->order[parent]);
        ck_assert_uint_eq(message->wire_bytes, message->kind == 0 ? 1203 : 1228);
        spy.arrivals++;
        spy.twice += way->came_ns[place] != 0;
        way->came_ns[place] = context->now_ns;
    }
    spread_turbine_model.on_message(state, context, message);
    if (spy.deliver_twice)
        spread_turbine_model.on_message(state, context, message);
}

/* A run with the wrapper; stakes fall, two members have none. */
static struct model spied;
static struct support_spread *make_support(uint32_t members, uint32_t fanout)
{
    spied = spread_turbine_model;
    spied.on_message = on_message;
    struct support_spread *support = support_spread_new(&spied, members);
    support->config.fanout = fanout;
    support->config.repair.enabled = 0;
    for (uint32_t i = 0; i < members; i++)
        support->stakes[i] = i % 7 == 5 ? 0 : UINT64_C(1000000) / (i + 1);
    memset(&spy, 0, sizeof spy);
    spy.support = support;
    return support;
}

static void run_spied(struct support_spread *support, enum chacha_rounds rounds)
{
    struct turbine_node nodes[MEMBERS_MAX];
    const struct rng rng = {.seed = support->scenario.seed};
    for (uint32_t i = 0; i < support->members; i++) {
        nodes[i].id = i;
        nodes[i].stake = support->stakes[i];
        validator_key(&rng, identity_of(ROLE_VALIDATOR, i), nodes[i].key);
    }
    turbine_sort(nodes, support->members);
    turbine_cluster_init(&spy.cluster, &spy.memory, nodes, support->members,
                         (uint32_t)support->config.fanout, rounds);
    spy.ways = calloc(WAY_SLOTS * 2 * WAY_INDICES, sizeof *spy.ways);
    support_spread_run(support);
}

static void end_spied(struct support_spread *support)
{
    turbine_cluster_destroy(&spy.cluster);
    free(spy.ways);
    support_spread_free(support);
}

static uint32_t count_missing(const struct support_spread *support)
{
    uint32_t missing = 0;
    for (uint64_t slot = 1; slot <= support->slots; slot++)
        for (uint32_t member = 0; member < support->members; member++)
            missing +=
                support->blocks[slot].made && support_spread_completed(support, member, slot) == 0;
    return missing;
}

/* SOL-22, SOL-R8.1, SOL-R8.2, SOL-R8.3, SOL-R8.4, SOL-R8.5, SOL-R8.6: who sends what to whom, with
 * one, two and three layers below the root; each place gets each shred once. */
START_TEST(shreds_take_the_reference_tree)
{
    static const struct {
        uint32_t members, fanout;
        enum spread_tree tree;
    } runs[] = {{2, 1, SPREAD_TREE_CHACHA8},   {12, 200, SPREAD_TREE_CHACHA8},
                {12, 3, SPREAD_TREE_CHACHA20}, {40, 6, SPREAD_TREE_CHACHA8},
                {40, 3, SPREAD_TREE_CHACHA8},  {100, 4, SPREAD_TREE_CHACHA20}};
    for (size_t i = 0; i < sizeof runs / sizeof runs[0]; i++) {
        struct support_spread *support = make_support(runs[i].members, runs[i].fanout);
        support->config.tree = runs[i].tree;
        run_spied(support,
                  runs[i].tree == SPREAD_TREE_CHACHA8 ? CHACHA_ROUNDS_8 : CHACHA_ROUNDS_20);
        uint32_t shreds = (uint32_t)support_spread_counter(support, "shreds_sent");
        ck_assert_uint_eq(shreds, 10 * 2 * 64); /* ten blocks of two sets of 64 */
        ck_assert_uint_eq(spy.arrivals, shreds * (runs[i].members - 1));
        ck_assert_uint_eq(spy.twice, 0);
        ck_assert_int_eq(support_spread_counter(support, "retransmitted"),
                         (int64_t)shreds * (runs[i].members - 2));
        ck_assert_uint_eq(count_missing(support), 0);
        ck_assert_uint_eq(support->completed_twice, 0);
        end_spied(support);
    }
}
END_TEST

/* A hop takes latency and, before the next one, processing: so many of each as there are layers
 * above. Recovery is off the path: what is recovered stays. SOL-R8.6 */
START_TEST(a_shred_comes_to_each_layer_in_the_time_of_its_hops)
{
    struct support_spread *support = make_support(60, 3);
    support->config.pass_recovered = 0;
    support->config.processing_ns = 2 * (int64_t)MS;
    run_spied(support, CHACHA_ROUNDS_8);
    uint32_t layers[8] = {0};
    for (uint64_t slot = 1; slot <= support->slots; slot++)
        for (uint32_t i = 0; i < 128; i++) {
            const struct way *way = way_of(slot, i & 1, i / 2);
            uint64_t left_ns = way->came_ns[0] - LATENCY_MS * MS;
            ck_assert(way->used && way->count == 59);
            for (uint32_t place = 0; place < way->count; place++) {
                uint32_t hops = 0;
                for (uint32_t at = place; at != 0; at = turbine_parent_of(at, 3))
                    hops++;
                ck_assert_uint_eq(way->came_ns[place],
                                  left_ns + (hops + 1) * LATENCY_MS * MS + hops * 2 * MS);
                layers[hops]++;
            }
        }
    /* 1, 3, 9, 27 and the rest. */
    uint32_t shreds = 10 * 128;
    ck_assert_uint_eq(layers[0], shreds);
    ck_assert_uint_eq(layers[1], 3 * shreds);
    ck_assert_uint_eq(layers[2], 9 * shreds);
    ck_assert_uint_eq(layers[3], 27 * shreds);
    ck_assert_uint_eq(layers[4], 19 * shreds);
    end_spied(support);
}
END_TEST

/* Over the slot: a shred leaves every 400 ms / 128; at once: all at the instant of the block. */
START_TEST(a_leader_sends_evenly_over_the_slot_or_at_once)
{
    for (int at_once = 0; at_once < 2; at_once++) {
        struct support_spread *support = make_support(12, 200);
        support->config.send = at_once ? SPREAD_AT_ONCE : SPREAD_OVER_SLOT;
        run_spied(support, CHACHA_ROUNDS_8);
        uint64_t begin_ns = support->blocks[3].header.time_ns;
        for (uint32_t i = 0; i < 128; i++) { /* set by set, first data, then code */
            uint32_t set = i / 64, kind = i / 32 % 2, index = set * 32 + i % 32;
            uint64_t after_ns = at_once ? 0 : 400 * MS / 128 * i;
            ck_assert_uint_eq(way_of(3, kind, index)->came_ns[0],
                              begin_ns + after_ns + LATENCY_MS * MS);
        }
        end_spied(support);
    }
}
END_TEST

/* SOL-36, SOL-R8.7: a copy is passed on by nobody and stored by nobody. */
START_TEST(a_shred_is_passed_on_once_however_often_it_comes)
{
    struct support_spread *support = make_support(30, 3);
    support_spread_run(support);
    int64_t passed_on = support_spread_counter(support, "retransmitted");
    int64_t received = support_spread_counter(support, "shreds_received");
    int64_t copies = support_spread_counter(support, "shreds_duplicate");
    spy.deliver_twice = true;
    support_spread_run(support);
    ck_assert_int_eq(support_spread_counter(support, "retransmitted"), passed_on);
    ck_assert_int_eq(support_spread_counter(support, "shreds_received"), 2 * received);
    ck_assert_int_eq(support_spread_counter(support, "shreds_duplicate"), received + copies);
    ck_assert_uint_eq(support->completed_twice, 0);
    support_spread_free(support);
}
END_TEST

/* SOL-R2.13, SOL-R8.8: the root of some trees is down, so their shreds reach nobody; sets give them
 * back, and each member passes on what it got so, at its own place. */
START_TEST(what_a_set_gives_back_is_passed_on)
{
    struct support_spread *support = make_support(30, 3);
    support->slots = 3; /* leader: member 0 */
    support_spread_fault(support, FAULT_CRASH, 1, 1, 100 * MS, 0);
    support_spread_run(support);
    int64_t kept = 0, passed_on = support_spread_counter(support, "retransmitted");
    for (uint32_t member = 0; member < 30; member++)
        for (uint64_t slot = 1; slot <= 3; slot++)
            ck_assert((support_spread_completed(support, member, slot) != 0) == (member != 1));
    ck_assert_int_gt(support_spread_counter(support, "shreds_recovered"), 0);
    support->config.pass_recovered = 0;
    support_spread_run(support);
    kept = support_spread_counter(support, "retransmitted");
    ck_assert_int_lt(kept, passed_on);
    support_spread_free(support);
}
END_TEST

/* SOL-R9, SOL-R2.13: the same run, whether recovery counts shreds or computes bytes, and blocks of
 * all sizes under both layouts. */
START_TEST(real_bytes_come_out_as_they_went_in)
{
    static const uint32_t sizes[] = {1, 900, 5000, 29000, 40000};
    for (size_t i = 0; i < 2 * sizeof sizes / sizeof sizes[0]; i++) {
        struct support_spread *support = make_support(8, 3);
        support->slots = 2;
        support->block_bytes = sizes[i / 2];
        support->config.layout = i % 2 ? SPREAD_VARIABLE : SPREAD_FIXED;
        support->scenario.network.loss = INT64_C(100000000000);
        support_spread_run(support);
        uint64_t hash = support->result.result_hash[0];
        support->config.erasure = SPREAD_BYTES;
        support_spread_run(support);
        ck_assert_uint_eq(support->result.result_hash[0], hash);
        ck_assert_uint_eq(count_missing(support), 0);
        support_spread_free(support);
    }
}
END_TEST

CHECK_MAIN("turbine", shreds_take_the_reference_tree,
           a_shred_comes_to_each_layer_in_the_time_of_its_hops,
           a_leader_sends_evenly_over_the_slot_or_at_once,
           a_shred_is_passed_on_once_however_often_it_comes, what_a_set_gives_back_is_passed_on,
           real_bytes_come_out_as_they_went_in)
