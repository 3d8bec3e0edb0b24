/* Goal: packets take exactly the time of store and forward. Method: a sender and a line of relays
 * in the real kernel, each ordered pair with a link of its own, against
 *     T = sum(d_i + p_i) + sum(s_i) + (m - 1) max(s_i),   s_i = ceil(8 S 1e9 / C_i),
 * for m packets of S bytes sent at once over links of latency d_i and rate C_i; p_i is the time a
 * relay works on each packet before it sends it on. */

#include <stdio.h>
#include <string.h>

#include "sim/context.h"
#include "sim/rng.h"
#include "tests/support_engine.h"
#include "tests/theory/theory_table.h"

enum { NODES_MAX = 9, PACKETS_MAX = 64, SLOT = 6 };

static struct {
    uint32_t nodes, packets, bytes;
    uint64_t work_ns; /* a relay's, on each packet */
} line;
static uint64_t arrival_ns[PACKETS_MAX];

static int line_build(const struct build *build, void **ret_state)
{
    for (uint32_t i = 0; i < line.nodes; i++) {
        struct node_options options = {.role = ROLE_TEST,
                                       .role_name = "node",
                                       .index = i,
                                       .group = world_group_add(build->world)};
        world_node_add(build->world, &options);
    }
    *ret_state = &line;
    return 0;
}

static void pass_on(struct context *context, uint64_t packet)
{
    context_send(context, &(struct send){.to = context->self + 1,
                                         .wire_bytes = line.bytes,
                                         .slot = SLOT,
                                         .subject = packet});
}

static void line_start(void *state, struct context *context)
{
    (void)state;
    context_as(context, 0);
    context_timer(context, 0, SLOT, 0, 0, 0, UINT64_MAX);
}

static void line_timer(void *state, struct context *context, uint8_t kind, uint32_t chain,
                       uint64_t packet)
{
    (void)state, (void)kind, (void)chain;
    if (packet != UINT64_MAX) {
        pass_on(context, packet);
        return;
    }
    for (uint64_t i = 0; i < line.packets; i++)
        pass_on(context, i);
}

static void line_message(void *state, struct context *context, const struct message *message)
{
    (void)state;
    if (context->self + 1 == line.nodes)
        arrival_ns[message->subject] = context->now_ns;
    else if (line.work_ns == 0)
        pass_on(context, message->subject);
    else
        context_timer(context, context->self, SLOT, 0, 0, context->now_ns + line.work_ns,
                      message->subject);
}

static void line_destroy(void *state)
{
    (void)state;
}

static const char *const names[] = {"packet", NULL};
static const struct model line_model = {.layer = SLOT,
                                        .layer_name = "workload",
                                        .name = "line",
                                        .message_kinds = names,
                                        .timer_kinds = names,
                                        .build = line_build,
                                        .start = line_start,
                                        .on_message = line_message,
                                        .on_timer = line_timer,
                                        .destroy = line_destroy};

struct hop {
    uint64_t latency_ns, bit_per_s;
};

/* Runs m packets over the hops and returns when the last one arrives. */
static uint64_t last_arrival(const struct hop *hops, uint32_t hop_count, uint32_t packets,
                             uint32_t bytes, uint64_t work_ns)
{
    struct network_link_config links[NODES_MAX];
    char ends[NODES_MAX + 1][16];
    struct scenario scenario;
    line.nodes = hop_count + 1;
    line.packets = packets;
    line.bytes = bytes;
    line.work_ns = work_ns;
    memset(arrival_ns, 0, sizeof arrival_ns);
    support_scenario(&scenario, &line_model, NULL);
    scenario.duration_ns = UINT64_C(1) << 60;
    for (uint32_t i = 0; i <= hop_count; i++)
        snprintf(ends[i], sizeof ends[i], "node:%u", i);
    for (uint32_t i = 0; i < hop_count; i++)
        links[i] = (struct network_link_config){
            .from = ends[i],
            .to = ends[i + 1],
            .latency = {.type = DISTRIBUTION_CONSTANT, .location = (int64_t)hops[i].latency_ns},
            .bandwidth_bit_per_s = (int64_t)hops[i].bit_per_s};
    scenario.network.links = (struct param_list){.items = links, .count = hop_count};
    support_run(&scenario, NULL);
    for (uint32_t i = 1; i < packets; i++)
        ck_assert_uint_ge(arrival_ns[i], arrival_ns[i - 1]);
    return arrival_ns[packets - 1];
}

static uint64_t serialisation_ns(uint32_t bytes, uint64_t bit_per_s)
{
    uint128 bits = (uint128)bytes * 8 * 1000000000;
    return (uint64_t)((bits + bit_per_s - 1) / bit_per_s);
}

static uint64_t closed_form(const struct hop *hops, uint32_t hop_count, uint32_t packets,
                            uint32_t bytes, uint64_t work_ns)
{
    uint64_t sum = 0, slowest = 0;
    for (uint32_t i = 0; i < hop_count; i++) {
        uint64_t s = serialisation_ns(bytes, hops[i].bit_per_s);
        sum += hops[i].latency_ns + s + (i > 0 ? work_ns : 0);
        slowest = s > slowest ? s : slowest;
    }
    return sum + (packets - 1) * slowest;
}

START_TEST(equal_links_are_exact)
{
    const struct hop hop = {5000000, 100000000};
    const struct hop hops[] = {hop, hop, hop, hop};
    theory_begin("store and forward: 4 links of 100 Mbit/s and 5 ms, 1500 B, in ns");
    theory_exact(last_arrival(hops, 4, 1, 1500, 0), 20480000, "1 packet");
    theory_exact(last_arrival(hops, 4, 10, 1500, 0), 21560000, "10 packets");
    theory_end();
}
END_TEST

START_TEST(the_way_over_a_beacon_is_exact)
{
    const struct hop hop = {50000000, 1000000000};
    const struct hop hops[] = {hop, hop};
    theory_begin("over a beacon: 2 links of 1 Gbit/s and 50 ms, 512 B, 20 us of work, in ns");
    theory_exact(last_arrival(hops, 2, 1, 512, 20000), 100028192, "1 packet");
    theory_exact(last_arrival(hops, 2, 5, 512, 20000), 100028192 + 4 * 4096, "5 packets");
    theory_end();
}
END_TEST

/* The slowest link sets the pace wherever it stands, and a rate that divides nothing rounds up. */
START_TEST(unequal_links_are_exact)
{
    const struct rng rng = {.seed = 5, .replication = 0};
    theory_begin("store and forward: random lines of unequal links, in ns");
    for (uint64_t i = 0; i < 40; i++) {
        struct rng_stream stream;
        struct hop hops[NODES_MAX - 1];
        rng_stream_at(&stream, &rng, RNG_TEST, 0, i);
        uint32_t count = 1 + (uint32_t)rng_below(&stream, NODES_MAX - 1);
        uint32_t packets = 1 + (uint32_t)rng_below(&stream, PACKETS_MAX);
        uint32_t bytes = 1 + (uint32_t)rng_below(&stream, 9000);
        uint64_t work_ns = rng_below(&stream, 2) * rng_below(&stream, 1000000);
        for (uint32_t k = 0; k < count; k++) {
            hops[k].latency_ns = 1 + rng_below(&stream, 100000000);
            hops[k].bit_per_s = 1 + rng_below(&stream, 1000000000);
        }
        theory_exact(last_arrival(hops, count, packets, bytes, work_ns),
                     closed_form(hops, count, packets, bytes, work_ns),
                     "line %u: %u links, %u packets of %u B, work %u ns", (unsigned)i, count,
                     packets, bytes, (unsigned)work_ns);
    }
    theory_end();
}
END_TEST

int main(int argument_count, char **arguments)
{
    const TTest *const fast[] = {equal_links_are_exact, the_way_over_a_beacon_is_exact,
                                 unequal_links_are_exact, NULL};
    const TTest *const nightly[] = {NULL};
    return theory_main("theory_links", argument_count, arguments, fast, nightly);
}
