/* Goal: links are exact to the nanosecond. Method: a chain of relays and a sender of given packets,
 * run through the real engine, against the closed forms of store and forward; queues with real
 * packets against the one-word FIFO; loss against its binomial band. */

#include <math.h>
#include <string.h>

#include "sim/context.h"
#include "sim/queue.h"
#include "tests/check_main.h"
#include "tests/support_engine.h"

enum { ARRIVALS_MAX = 40000 };

static struct {
    uint32_t nodes, packets, bytes, gap_ns; /* packets sent by node 0 at 0, gap, 2 gap... */
    uint32_t burst; /* instead: a packet from start(), and so many of it in one event at node 1 */
    uint8_t priority[16];
    bool by_priority, straight; /* straight: node 0 to the last node, no relays */
} plan;
static struct {
    uint32_t count, order[ARRIVALS_MAX];
    uint64_t at_ns[ARRIVALS_MAX];
} arrivals;

static int relay_build(const struct build *build, void **ret_state)
{
    for (uint32_t i = 0; i < plan.nodes; i++) {
        struct node_options options = {.role = ROLE_TEST,
                                       .role_name = "shard",
                                       .index = i,
                                       .group = world_group_add(build->world)};
        world_node_add(build->world, &options);
    }
    *ret_state = &plan;
    return 0;
}

static void forward(struct context *context, uint64_t subject)
{
    uint64_t payload = subject * 3;
    struct send send = {.to = plan.straight ? plan.nodes - 1 : context->self + 1,
                        .wire_bytes = plan.bytes,
                        .slot = 6,
                        .subject = subject,
                        .priority = plan.by_priority ? plan.priority[subject] : 0,
                        .payload = &payload,
                        .payload_bytes = sizeof payload};
    context_send(context, &send);
}

static void relay_start(void *state, struct context *context)
{
    (void)state;
    context_as(context, 0);
    for (uint32_t i = 0; i < plan.packets; i++)
        context_timer(context, 0, 6, 0, 0, (uint64_t)i * plan.gap_ns, i);
    if (plan.burst > 0)
        forward(context, 0);
}

static void relay_timer(void *state, struct context *context, uint8_t kind, uint32_t chain,
                        uint64_t cookie)
{
    (void)state, (void)kind, (void)chain;
    forward(context, cookie);
}

static void relay_message(void *state, struct context *context, const struct message *message)
{
    (void)state;
    uint64_t payload;
    ck_assert_uint_eq(message->payload_bytes, sizeof payload);
    memcpy(&payload, message->payload, sizeof payload);
    ck_assert_uint_eq(payload, message->subject * 3);
    if (context->self + 1 < plan.nodes) {
        forward(context, message->subject);
        for (uint32_t i = 1; i < plan.burst && context->self == 1; i++)
            forward(context, i);
        return;
    }
    ck_assert_uint_lt(arrivals.count, ARRIVALS_MAX);
    arrivals.order[arrivals.count] = (uint32_t)message->subject;
    arrivals.at_ns[arrivals.count++] = context->now_ns;
}

static void relay_destroy(void *state)
{
    (void)state;
}

static const char *const no_names[] = {"packet", NULL};
static const struct model relay = {.layer = 6,
                                   .layer_name = "workload",
                                   .name = "relay",
                                   .message_kinds = no_names,
                                   .timer_kinds = no_names,
                                   .build = relay_build,
                                   .start = relay_start,
                                   .on_message = relay_message,
                                   .on_timer = relay_timer,
                                   .destroy = relay_destroy};

static struct scenario plan_chain(uint32_t links, uint32_t packets, uint32_t bytes,
                                  int64_t bit_per_s)
{
    struct scenario scenario;
    memset(&plan, 0, sizeof plan);
    memset(&arrivals, 0, sizeof arrivals);
    plan.nodes = links + 1;
    plan.packets = packets;
    plan.bytes = bytes;
    support_scenario(&scenario, &relay, NULL);
    scenario.network.bandwidth_bit_per_s = bit_per_s;
    return scenario;
}

/* 1500 B at 100 Mbit/s, 5 ms, 4 links: T = h (d + s) + (m - 1) s. */
START_TEST(store_and_forward_is_exact)
{
    struct scenario scenario = plan_chain(4, 1, 1500, 100000000);
    support_run(&scenario, NULL);
    ck_assert_uint_eq(arrivals.count, 1);
    ck_assert_uint_eq(arrivals.at_ns[0], 20480000);
    scenario = plan_chain(4, 10, 1500, 100000000);
    support_run(&scenario, NULL);
    ck_assert_uint_eq(arrivals.count, 10);
    ck_assert_uint_eq(arrivals.at_ns[9], 21560000);
    for (uint32_t i = 0; i < 10; i++)
        ck_assert_uint_eq(arrivals.order[i], i);
}
END_TEST

/* The same with real queues (two classes, all packets in one): not a nanosecond of difference. */
START_TEST(real_queues_give_the_same_times)
{
    struct scenario scenario = plan_chain(4, 10, 1500, 100000000);
    scenario.network.queue.classes = 2;
    support_run(&scenario, NULL);
    ck_assert_uint_eq(arrivals.count, 10);
    for (uint32_t i = 0; i < 10; i++) {
        ck_assert_uint_eq(arrivals.order[i], i);
        ck_assert_uint_eq(arrivals.at_ns[i], 20480000 + i * 120000);
    }
}
END_TEST

/* Serialisation rounds up: 1 byte at 3 bit/s takes ceil(8e9 / 3) ns. */
START_TEST(serialisation_rounds_up)
{
    struct scenario scenario = plan_chain(1, 1, 1, 3);
    support_run(&scenario, NULL);
    ck_assert_uint_eq(arrivals.at_ns[0], UINT64_C(2666666667) + 5000000);
}
END_TEST

/* Unequal links: the slowest one sets the pace. T = sum(d + s_i) + (m - 1) max s_i. */
START_TEST(bottleneck_link_sets_the_pace)
{
    static struct network_link_config link = {
        .from = "shard:1",
        .to = "shard:2",
        .latency = {.type = DISTRIBUTION_CONSTANT, .location = 1000000},
        .bandwidth_bit_per_s = 10000000};
    struct scenario scenario = plan_chain(3, 5, 1500, 100000000);
    scenario.network.links = (struct param_list){.items = &link, .count = 1};
    support_run(&scenario, NULL);
    ck_assert_uint_eq(arrivals.count, 5);
    ck_assert_uint_eq(arrivals.at_ns[4],
                      5000000 + 120000 + 1000000 + 1200000 + 5000000 + 120000 + 4 * 1200000);
}
END_TEST

/* While packet 0 is sent, 1..5 wait: the urgent ones go first, each class in order. */
START_TEST(urgent_packets_overtake_waiting_ones)
{
    static const uint8_t priority[] = {1, 1, 1, 0, 1, 0};
    static const uint32_t expected[] = {0, 3, 5, 1, 2, 4};
    struct scenario scenario = plan_chain(1, 6, 1500, 100000000);
    plan.by_priority = true;
    memcpy(plan.priority, priority, sizeof priority);
    scenario.network.queue.classes = 2;
    support_run(&scenario, NULL);
    ck_assert_uint_eq(arrivals.count, 6);
    for (uint32_t i = 0; i < 6; i++) {
        ck_assert_uint_eq(arrivals.order[i], expected[i]);
        ck_assert_uint_eq(arrivals.at_ns[i], 5000000 + 120000 * (i + 1));
    }
}
END_TEST

START_TEST(full_queue_drops_and_says_so)
{
    struct scenario scenario = plan_chain(1, 10, 1500, 100000000);
    scenario.network.queue.limit_bytes = 4500; /* one being sent, three waiting */
    struct engine_result result = support_run(&scenario, NULL);
    ck_assert_uint_eq(arrivals.count, 4);
    ck_assert_uint_eq(result.packets, 10);
    ck_assert_uint_eq(result.packets_dropped, 6);
}
END_TEST

/* Loss 20 % on 20 000 packets: within 3.29 standard deviations; created = delivered + dropped. */
START_TEST(loss_is_binomial_and_accounted_for)
{
    struct scenario scenario = plan_chain(1, 20000, 100, 0);
    plan.gap_ns = 1000;
    scenario.network.loss = INT64_C(200000000000);
    struct engine_result result = support_run(&scenario, NULL);
    ck_assert_uint_eq(result.packets, arrivals.count + result.packets_dropped);
    double lost = (double)result.packets_dropped / 20000;
    ck_assert_double_le(fabs(lost - 0.2), 3.290527 * sqrt(0.2 * 0.8 / 20000));
}
END_TEST

/* A packet's luck hangs on its identity: half the packets, the same fates. */
START_TEST(luck_belongs_to_the_packet)
{
    struct scenario scenario = plan_chain(1, 1000, 100, 0);
    scenario.network.loss = INT64_C(300000000000);
    plan.gap_ns = 1000;
    support_run(&scenario, NULL);
    static bool arrived[1000];
    for (uint32_t i = 0; i < arrivals.count; i++)
        arrived[arrivals.order[i]] = true;
    struct scenario half = plan_chain(1, 500, 900, 1000000);
    half.network.loss = INT64_C(300000000000);
    plan.gap_ns = 77;
    support_run(&half, NULL);
    uint32_t expected = 0;
    for (uint32_t i = 0; i < 500; i++)
        expected += arrived[i];
    ck_assert_uint_eq(arrivals.count, expected);
    for (uint32_t i = 0; i < arrivals.count; i++)
        ck_assert(arrived[arrivals.order[i]]);
}
END_TEST

START_TEST(regions_use_their_matrix)
{
    static const char *names[] = {"east", "west"};
    static int64_t shares[] = {INT64_C(500000000000), INT64_C(500000000000)};
    static int64_t matrix[] = {1000, 2000, 3000, 4000};
    struct scenario scenario = plan_chain(40, 1, 100, 0);
    scenario.network.latency_by_region = 1;
    scenario.network.regions.names = (struct param_list){.items = names, .count = 2};
    scenario.network.regions.shares = (struct param_list){.items = shares, .count = 2};
    scenario.network.regions.matrix_ns = matrix;
    struct engine_result result = support_run(&scenario, NULL);
    ck_assert_uint_eq(result.lookahead_ns, 1000);
    ck_assert_uint_eq(arrivals.count, 1);
    ck_assert_uint_eq(arrivals.at_ns[0] % 1000, 0);
    ck_assert_uint_gt(arrivals.at_ns[0], 40 * 1000);
    ck_assert_uint_lt(arrivals.at_ns[0], 40 * 4000);
}
END_TEST

/* Latency is one draw a pair, jitter one a packet. */
START_TEST(latency_is_fixed_for_a_pair_and_jitter_is_not)
{
    struct scenario scenario = plan_chain(1, 50, 100, 0);
    scenario.network.latency = (struct distribution){
        .type = DISTRIBUTION_EXPONENTIAL, .location = 40000000, .floor = 1000000};
    plan.gap_ns = 1000000000;
    support_run(&scenario, NULL);
    ck_assert_uint_eq(arrivals.count, 50);
    for (uint32_t i = 1; i < 50; i++)
        ck_assert_uint_eq(arrivals.at_ns[i] - arrivals.at_ns[i - 1], plan.gap_ns);
    struct scenario jittery = plan_chain(1, 50, 100, 0);
    jittery.network.jitter =
        (struct distribution){.type = DISTRIBUTION_UNIFORM, .location = 0, .spread = 1000000};
    plan.gap_ns = 1000000000;
    support_run(&jittery, NULL);
    uint32_t different = 0;
    for (uint32_t i = 1; i < 50; i++)
        different += arrivals.at_ns[i] - arrivals.at_ns[i - 1] != plan.gap_ns;
    ck_assert_uint_gt(different, 45);
}
END_TEST

START_TEST(both_queues_and_any_group_order_give_one_hash)
{
    struct scenario scenario = plan_chain(6, 200, 700, 20000000);
    plan.gap_ns = 150000;
    scenario.network.loss = INT64_C(20000000000);
    scenario.network.jitter =
        (struct distribution){.type = DISTRIBUTION_EXPONENTIAL, .location = 300000};
    struct engine_options heap = {.queue = &queue_heap}, wheel = {.queue = &queue_wheel};
    struct engine_result first = support_run(&scenario, &heap);
    memset(&arrivals, 0, sizeof arrivals);
    struct engine_result second = support_run(&scenario, &wheel);
    ck_assert_mem_eq(first.result_hash, second.result_hash, sizeof first.result_hash);
    for (uint64_t order = 1; order <= 6; order++) {
        struct engine_options grouped = {.group_order = order};
        memset(&arrivals, 0, sizeof arrivals);
        struct engine_result other = support_run(&scenario, &grouped);
        ck_assert_mem_eq(first.result_hash, other.result_hash, sizeof first.result_hash);
        ck_assert_uint_eq(first.events, other.events);
    }
    scenario.seed = 2;
    memset(&arrivals, 0, sizeof arrivals);
    struct engine_result unlike = support_run(&scenario, &heap);
    ck_assert_mem_ne(first.result_hash, unlike.result_hash, sizeof first.result_hash);
}
END_TEST

static struct engine_result run_burst(struct param_list links, int64_t bit_per_s,
                                      struct distribution jitter, const struct queue_type *queue)
{
    struct scenario scenario = plan_chain(5, 0, 700, bit_per_s);
    plan.burst = 100;
    scenario.network.jitter = jitter;
    scenario.network.links = links;
    struct engine_options options = {.queue = queue};
    return support_run(&scenario, &options);
}

/* A link that no packet uses makes all of them take the long way through network.c. */
START_TEST(short_way_is_the_long_one)
{
    static struct network_link_config unused = {
        .from = "shard:5", .to = "shard:0", .latency = {.location = 1000000}};
    static const int64_t bit_per_s[] = {0, 20000000};
    static const struct distribution jitter[] = {
        {.type = DISTRIBUTION_CONSTANT},
        {.type = DISTRIBUTION_CONSTANT, .location = 1000, .floor = 2000},
        {.type = DISTRIBUTION_EXPONENTIAL, .location = 300000},
        {.type = DISTRIBUTION_EXPONENTIAL, .location = 300000, .floor = 200000}};
    for (int i = 0; i < 8; i++) {
        struct engine_result direct =
            run_burst((struct param_list){0}, bit_per_s[i % 2], jitter[i / 2], &queue_wheel);
        ck_assert_uint_eq(arrivals.count, 100);
        struct engine_result heap =
            run_burst((struct param_list){0}, bit_per_s[i % 2], jitter[i / 2], &queue_heap);
        struct engine_result around = run_burst((struct param_list){.items = &unused, .count = 1},
                                                bit_per_s[i % 2], jitter[i / 2], &queue_wheel);
        ck_assert_uint_eq(direct.events, around.events);
        ck_assert_mem_eq(direct.result_hash, around.result_hash, sizeof direct.result_hash);
        ck_assert_mem_eq(direct.result_hash, heap.result_hash, sizeof direct.result_hash);
    }
}
END_TEST

CHECK_MAIN("network", store_and_forward_is_exact, real_queues_give_the_same_times,
           serialisation_rounds_up, bottleneck_link_sets_the_pace,
           urgent_packets_overtake_waiting_ones, full_queue_drops_and_says_so,
           loss_is_binomial_and_accounted_for, luck_belongs_to_the_packet, regions_use_their_matrix,
           latency_is_fixed_for_a_pair_and_jitter_is_not,
           both_queues_and_any_group_order_give_one_hash, short_way_is_the_long_one)
