/* Goal: faults strike whom and when the scenario says, and heal. Method: a ring of beacons, each
 * node sends to the next one each 10 ms; what arrives is compared with the windows. */

#include <stdio.h>
#include <string.h>

#include "sim/context.h"
#include "tests/check_main.h"
#include "tests/support_engine.h"

enum { NODES = 8, TICKS = 100, TICK_NS = 10000000, HOP_NS = 5000000 };

static struct {
    bool arrived[NODES][TICKS]; /* by receiver and the tick of sending */
    uint64_t delay_ns[NODES][TICKS];
    uint32_t told_crash[NODES], told_restart[NODES], told_slow[NODES];
    uint64_t work_ns[NODES]; /* of 1 ms, as seen at tick 50 */
    uint32_t told_lie[NODES], told_truth[NODES], behaviour;
    uint64_t share;
} seen;

static int ring_build(const struct build *build, void **ret_state)
{
    for (uint32_t i = 0; i < NODES; i++) {
        struct node_options options = {.role = ROLE_TEST,
                                       .role_name = "shard",
                                       .index = i,
                                       .group = world_group_add(build->world)};
        world_node_add(build->world, &options);
    }
    memset(&seen, 0, sizeof seen);
    *ret_state = &seen;
    return 0;
}

static void ring_start(void *state, struct context *context)
{
    (void)state;
    for (uint32_t i = 0; i < NODES; i++) {
        context_as(context, i);
        context_timer(context, i, 6, 0, 0, 0, 0);
    }
}

static void ring_timer(void *state, struct context *context, uint8_t kind, uint32_t chain,
                       uint64_t tick)
{
    (void)state, (void)kind, (void)chain;
    struct send send = {
        .to = (context->self + 1) % NODES, .wire_bytes = 100, .slot = 6, .subject = tick};
    context_send(context, &send);
    if (tick == 50)
        seen.work_ns[context->self] = context_work_ns(context, 1000000);
    if (tick + 1 < TICKS)
        context_timer(context, context->self, 6, 0, 0, context->now_ns + TICK_NS, tick + 1);
}

static void ring_message(void *state, struct context *context, const struct message *message)
{
    (void)state;
    seen.arrived[context->self][message->subject] = true;
    seen.delay_ns[context->self][message->subject] = context->now_ns - message->subject * TICK_NS;
}

static void ring_fault(void *state, struct context *context, const struct fault *fault)
{
    (void)state;
    bool down = fault->type == FAULT_CRASH && fault->begins;
    if (fault->type == FAULT_BYZANTINE) {
        ck_assert(context_up(context, context->self));
        *(fault->begins ? &seen.told_lie[context->self] : &seen.told_truth[context->self]) += 1;
        seen.behaviour = fault->behaviour;
        seen.share = fault->share;
        return;
    }
    if (fault->type == FAULT_SLOW) {
        seen.told_slow[context->self]++;
        return;
    }
    ck_assert_int_eq(context_up(context, context->self), !down);
    if (down) {
        seen.told_crash[context->self]++;
        return;
    }
    seen.told_restart[context->self]++;
    uint64_t tick = (context->now_ns + TICK_NS - 1) / TICK_NS;
    context_timer(context, context->self, 6, 0, 0, tick * TICK_NS, tick);
}

static void ring_destroy(void *state)
{
    (void)state;
}

static const char *const names[] = {"beacon", NULL};
static const struct model_behaviour behaviours[] = {
    {"shout", "loud"}, {"whisper", "quiet"}, {NULL, NULL}};
static const struct model ring = {.layer = 6,
                                  .layer_name = "workload",
                                  .name = "ring",
                                  .message_kinds = names,
                                  .timer_kinds = names,
                                  .behaviours = behaviours,
                                  .build = ring_build,
                                  .start = ring_start,
                                  .on_message = ring_message,
                                  .on_timer = ring_timer,
                                  .on_fault = ring_fault,
                                  .destroy = ring_destroy};

static struct engine_result run_with(struct fault_spec *spec)
{
    struct scenario scenario;
    support_scenario(&scenario, &ring, NULL);
    scenario.duration_ns = UINT64_C(1000000000);
    scenario.faults = (struct fault_plan){.specs = spec, .count = 1};
    return support_run(&scenario, NULL);
}

static struct fault_target one(uint32_t first, uint32_t last)
{
    return (struct fault_target){
        .type = TARGET_NODES, .role = "shard", .first = first, .last = last};
}

static struct fault_spec window(enum fault_type type, const struct fault_target *target)
{
    return (struct fault_spec){.type = type,
                               .at_ns = 200000000,
                               .for_ns = 300000000,
                               .target = {.targets = target, .count = target ? 1 : 0}};
}

START_TEST(crash_silences_a_node_and_restart_brings_it_back)
{
    struct fault_target target = one(3, 3);
    struct fault_spec spec = window(FAULT_CRASH, &target);
    run_with(&spec);
    ck_assert_uint_eq(seen.told_crash[3], 1);
    ck_assert_uint_eq(seen.told_restart[3], 1);
    ck_assert_uint_eq(seen.told_crash[2], 0);
    for (uint32_t tick = 0; tick < TICKS; tick++) {
        uint64_t sent_ns = (uint64_t)tick * TICK_NS, arrive_ns = sent_ns + HOP_NS;
        bool down_at_send = sent_ns >= 200000000 && sent_ns < 500000000;
        bool down_at_arrival = arrive_ns >= 200000000 && arrive_ns < 500000000;
        ck_assert_int_eq(seen.arrived[4][tick], !down_at_send); /* its timers died with it */
        ck_assert_int_eq(seen.arrived[3][tick], !down_at_arrival);
        ck_assert(seen.arrived[1][tick]);
    }
}
END_TEST

/* A restart inside a crash brings the node up for good: the crash's own end changes nothing. */
START_TEST(restart_ends_a_crash_early)
{
    struct fault_target target = one(3, 3);
    struct fault_spec specs[] = {window(FAULT_CRASH, &target), window(FAULT_RESTART, &target)};
    specs[1].at_ns = 300000000;
    specs[1].for_ns = 0;
    struct scenario scenario;
    support_scenario(&scenario, &ring, NULL);
    scenario.duration_ns = UINT64_C(1000000000);
    scenario.faults = (struct fault_plan){.specs = specs, .count = 2};
    support_run(&scenario, NULL);
    ck_assert_uint_eq(seen.told_crash[3], 1);
    ck_assert_uint_eq(seen.told_restart[3], 1);
    for (uint32_t tick = 0; tick < TICKS; tick++) {
        ck_assert_int_eq(seen.arrived[4][tick], tick < 20 || tick >= 30);
        ck_assert_int_eq(seen.arrived[3][tick], tick < 20 || tick >= 30);
    }
}
END_TEST

/* Uplinks of 32 kbit/s send a packet of 100 bytes in 25 ms, so packets of each 10 ms wait: at 200
 * ms eight have left node 3, and the twelve that still wait die with it. */
START_TEST(what_waits_in_an_uplink_dies_with_its_node)
{
    struct fault_target target = one(3, 3);
    struct fault_spec spec = window(FAULT_CRASH, &target);
    struct scenario scenario;
    support_scenario(&scenario, &ring, NULL);
    scenario.duration_ns = UINT64_C(1000000000);
    scenario.network.bandwidth_bit_per_s = 32000;
    scenario.network.queue.classes = 2;
    scenario.faults = (struct fault_plan){.specs = &spec, .count = 1};
    support_run(&scenario, NULL);
    for (uint32_t tick = 0; tick < 20; tick++) {
        ck_assert_int_eq(seen.arrived[4][tick], tick < 8);
        ck_assert(seen.arrived[5][tick]); /* its neighbour's queue goes on */
    }
    ck_assert(seen.arrived[4][50]);
}
END_TEST

START_TEST(cut_link_drops_one_direction_only)
{
    struct fault_target target = {.type = TARGET_LINK, .link_from = 0, .link_to = 1};
    struct fault_spec spec = window(FAULT_CUT, &target);
    struct engine_result result = run_with(&spec);
    ck_assert_uint_eq(result.packets_dropped, 30);
    for (uint32_t tick = 0; tick < TICKS; tick++) {
        ck_assert_int_eq(seen.arrived[1][tick], tick < 20 || tick >= 50);
        ck_assert(seen.arrived[2][tick] && seen.arrived[0][tick]);
    }
}
END_TEST

START_TEST(partition_parts_groups_and_leaves_others_alone)
{
    struct fault_target left = one(0, 2), right = one(3, 5);
    struct fault_group groups[] = {{.targets = &left, .count = 1}, {.targets = &right, .count = 1}};
    struct fault_spec spec = window(FAULT_PARTITION, NULL);
    spec.groups = groups;
    spec.group_count = 2;
    run_with(&spec);
    for (uint32_t tick = 0; tick < TICKS; tick++) {
        bool parted = tick >= 20 && tick < 50;
        ck_assert_int_eq(seen.arrived[3][tick], !parted); /* 2 -> 3 crosses */
        ck_assert(seen.arrived[1][tick] && seen.arrived[4][tick]);
        ck_assert(seen.arrived[6][tick] && seen.arrived[0][tick]); /* 5 -> 6, 7 -> 0 */
    }
}
END_TEST

START_TEST(delay_adds_exactly)
{
    struct fault_target target = {.type = TARGET_LINK, .link_from = 4, .link_to = 5};
    struct fault_spec spec = window(FAULT_DELAY, &target);
    spec.add_ns = 1234567;
    run_with(&spec);
    for (uint32_t tick = 0; tick < TICKS; tick++)
        ck_assert_uint_eq(seen.delay_ns[5][tick], HOP_NS + (tick >= 20 && tick < 50 ? 1234567 : 0));
}
END_TEST

START_TEST(loss_of_one_is_a_cut_and_of_zero_nothing)
{
    struct fault_target target = one(2, 2);
    struct fault_spec spec = window(FAULT_LOSS, &target);
    spec.rate = UINT64_MAX;
    ck_assert_uint_eq(run_with(&spec).packets_dropped, 60); /* to it and from it */
    spec.rate = 0;
    ck_assert_uint_eq(run_with(&spec).packets_dropped, 0);
    spec.rate = UINT64_C(1) << 63;
    uint64_t half = run_with(&spec).packets_dropped;
    ck_assert(half > 15 && half < 45);
}
END_TEST

START_TEST(slow_node_works_longer)
{
    struct fault_target target = one(6, 6);
    struct fault_spec spec = window(FAULT_SLOW, &target);
    spec.for_ns = 400000000; /* tick 50 = 500 ms lies inside */
    spec.factor = 2.5;
    run_with(&spec);
    ck_assert_uint_eq(seen.work_ns[6], 2500000);
    ck_assert_uint_eq(seen.work_ns[5], 1000000);
    ck_assert_uint_eq(seen.told_slow[6], 2); /* its beginning and its end */
}
END_TEST

/* Nothing else happens to the node: what it sends arrives as before. */
START_TEST(a_behaviour_is_told_to_its_layer_by_its_number)
{
    struct fault_target target = one(2, 4);
    struct fault_spec spec = window(FAULT_BYZANTINE, &target);
    spec.behaviour = "whisper";
    spec.share = UINT64_MAX / 3;
    run_with(&spec);
    for (uint32_t i = 0; i < NODES; i++) {
        ck_assert_uint_eq(seen.told_lie[i], i >= 2 && i <= 4);
        ck_assert_uint_eq(seen.told_truth[i], i >= 2 && i <= 4);
        for (uint32_t tick = 0; tick < TICKS - 1; tick++)
            ck_assert(seen.arrived[i][tick]);
    }
    ck_assert_uint_eq(seen.behaviour, 1);
    ck_assert_uint_eq(seen.share, UINT64_MAX / 3);
}
END_TEST

START_TEST(unknown_behaviour_is_a_diagnostic)
{
    struct fault_target target = one(0, 0);
    struct fault_spec spec = window(FAULT_BYZANTINE, &target);
    spec.behaviour = "whispr";
    snprintf(spec.pointer, sizeof spec.pointer, "/faults/0");
    struct scenario scenario;
    support_scenario(&scenario, &ring, NULL);
    scenario.faults = (struct fault_plan){.specs = &spec, .count = 1};
    struct diagnostics diagnostics = {0};
    ck_assert_int_eq(engine_check(&scenario, &diagnostics), -1);
    ck_assert_uint_eq(diagnostics.count, 1);
    ck_assert_str_eq(diagnostics.list[0].code, "E401");
    ck_assert_str_eq(diagnostics.list[0].pointer, "/faults/0/behaviour");
    ck_assert_str_eq(diagnostics.list[0].expected, "one of: shout (workload), whisper (workload)");
    ck_assert_str_eq(diagnostics.list[0].try_text, "\"whisper\"");
    diagnostics_free(&diagnostics);
}
END_TEST

START_TEST(random_targets_are_different_nodes_and_repeat)
{
    struct fault_target target = {.type = TARGET_RANDOM, .role = "shard", .count = 3};
    struct fault_spec spec = {.type = FAULT_CRASH,
                              .every_ns = 300000000,
                              .from_ns = 100000000,
                              .to_ns = 900000000,
                              .for_ns = 50000000,
                              .target = {.targets = &target, .count = 1}};
    struct engine_result first = run_with(&spec);
    uint32_t crashes = 0;
    for (uint32_t i = 0; i < NODES; i++)
        crashes += seen.told_crash[i];
    ck_assert_uint_eq(crashes, 9); /* three occurrences of three different nodes */
    struct engine_result second = run_with(&spec);
    ck_assert_mem_eq(first.result_hash, second.result_hash, sizeof first.result_hash);
}
END_TEST

START_TEST(unknown_target_is_a_diagnostic)
{
    struct fault_target target = one(NODES, NODES);
    snprintf(target.pointer, sizeof target.pointer, "/faults/0/target");
    struct fault_spec spec = window(FAULT_CRASH, &target);
    struct scenario scenario;
    support_scenario(&scenario, &ring, NULL);
    scenario.faults = (struct fault_plan){.specs = &spec, .count = 1};
    struct diagnostics diagnostics = {0};
    ck_assert_int_eq(engine_check(&scenario, &diagnostics), -1);
    ck_assert_uint_eq(diagnostics.count, 1);
    ck_assert_str_eq(diagnostics.list[0].code, "E402");
    ck_assert_str_eq(diagnostics.list[0].problem, "no such node");
    ck_assert_str_eq(diagnostics.list[0].expected, "shard:0 to shard:7");
    ck_assert_str_eq(diagnostics.list[0].got, "\"shard:8\"");
    diagnostics_free(&diagnostics);
}
END_TEST

START_TEST(faults_do_not_depend_on_group_order)
{
    struct fault_target target = {.type = TARGET_RANDOM, .role = "shard", .count = 2};
    struct fault_spec spec = window(FAULT_CRASH, &target);
    struct engine_result first = run_with(&spec);
    struct scenario scenario;
    support_scenario(&scenario, &ring, NULL);
    scenario.duration_ns = UINT64_C(1000000000);
    scenario.faults = (struct fault_plan){.specs = &spec, .count = 1};
    for (uint64_t order = 1; order < 5; order++) {
        struct engine_options options = {.group_order = order};
        struct engine_result other = support_run(&scenario, &options);
        ck_assert_mem_eq(first.result_hash, other.result_hash, sizeof first.result_hash);
    }
}
END_TEST

CHECK_MAIN("fault", crash_silences_a_node_and_restart_brings_it_back, restart_ends_a_crash_early,
           what_waits_in_an_uplink_dies_with_its_node, cut_link_drops_one_direction_only,
           partition_parts_groups_and_leaves_others_alone, delay_adds_exactly,
           loss_of_one_is_a_cut_and_of_zero_nothing, slow_node_works_longer,
           a_behaviour_is_told_to_its_layer_by_its_number, unknown_behaviour_is_a_diagnostic,
           random_targets_are_different_nodes_and_repeat, unknown_target_is_a_diagnostic,
           faults_do_not_depend_on_group_order)
