#include "tests/theory/uplink_queue.h"

#include <stdlib.h>
#include <string.h>

#include "sim/context.h"
#include "sim/exact.h"
#include "sim/sim_assert.h"
#include "tests/support_engine.h"

enum { SLOT = 6, SENDER = 0, RECEIVER = 1, LATENCY_NS = 1000 };

static const struct uplink_load *load;
static struct uplink_packet *packets;
static uint32_t sender, receiver; /* dense numbers */

static uint32_t add_node(const struct build *build, uint32_t index)
{
    return world_node_add(build->world,
                          &(struct node_options){.role = ROLE_TEST,
                                                 .role_name = "node",
                                                 .index = index,
                                                 .group = world_group_add(build->world)});
}

static int queue_build(const struct build *build, void **ret_state)
{
    if (load->swapped)
        receiver = add_node(build, RECEIVER);
    sender = add_node(build, SENDER);
    if (!load->swapped)
        receiver = add_node(build, RECEIVER);
    *ret_state = packets;
    return 0;
}

static uint64_t draw(const struct context *context, enum rng_purpose purpose, uint64_t item,
                     const struct distribution *distribution)
{
    struct rng_stream stream;
    context_rng(context, &stream, purpose, SENDER, item);
    return distribution_sample(distribution, &stream);
}

static void arm(struct context *context, uint32_t packet)
{
    if (packet >= load->packets)
        return;
    uint64_t gap_ns = draw(context, RNG_ARRIVAL, packet, &load->gap);
    context_timer(context, sender, SLOT, 0, 0, context->now_ns + gap_ns, packet);
}

static void queue_start(void *state, struct context *context)
{
    (void)state;
    context_as(context, sender);
    arm(context, 0);
}

static uint8_t draw_class(const struct context *context, uint32_t packet)
{
    struct rng_stream stream;
    uint32_t all = 0, class = 0;
    for (uint32_t i = 0; i < load->classes; i++)
        all += load->share[i];
    if (all == 0)
        return 0;
    context_rng(context, &stream, RNG_TEST, SENDER, packet);
    uint64_t x = rng_below(&stream, all);
    while (x >= load->share[class])
        x -= load->share[class ++];
    return (uint8_t) class;
}

static void queue_timer(void *state, struct context *context, uint8_t kind, uint32_t chain,
                        uint64_t first)
{
    (void)state, (void)kind, (void)chain;
    uint32_t end = (uint32_t)first + (load->burst > 1 ? load->burst : 1);
    for (uint32_t i = (uint32_t)first; i < end && i < load->packets; i++) {
        struct uplink_packet *packet = &packets[i];
        uint64_t bytes = draw(context, RNG_SIZE, i, &load->bytes);
        SIM_ASSERT(bytes <= UINT32_MAX);
        packet->sent_ns = context->now_ns;
        packet->bytes = bytes == 0 ? 1 : (uint32_t)bytes;
        packet->class = draw_class(context, i);
        context_send(context, &(struct send){.to = receiver,
                                             .wire_bytes = packet->bytes,
                                             .slot = SLOT,
                                             .priority = packet->class,
                                             .subject = i});
    }
    arm(context, end);
}

static void queue_message(void *state, struct context *context, const struct message *message)
{
    (void)state;
    SIM_ASSERT(packets[message->subject].done_ns == UINT64_MAX);
    packets[message->subject].done_ns = context->now_ns - LATENCY_NS;
}

static void queue_destroy(void *state)
{
    (void)state;
}

static const char *const names[] = {"packet", NULL};
static const struct model queue_model = {.layer = SLOT,
                                         .layer_name = "workload",
                                         .name = "queue",
                                         .message_kinds = names,
                                         .timer_kinds = names,
                                         .build = queue_build,
                                         .start = queue_start,
                                         .on_message = queue_message,
                                         .on_timer = queue_timer,
                                         .destroy = queue_destroy};

struct uplink_packet *uplink_run(const struct uplink_load *given, struct engine_result *ret_result)
{
    struct scenario scenario;
    load = given;
    packets = malloc(given->packets * sizeof *packets);
    SIM_ASSERT(packets != NULL);
    memset(packets, 0xff, given->packets * sizeof *packets);
    support_scenario(&scenario, &queue_model, NULL);
    scenario.seed = given->seed;
    scenario.duration_ns = given->duration_ns ? given->duration_ns : UINT64_C(1) << 60;
    scenario.network.latency =
        (struct distribution){.type = DISTRIBUTION_CONSTANT, .location = LATENCY_NS};
    scenario.network.bandwidth_bit_per_s = given->bit_per_s;
    scenario.network.loss = given->loss;
    scenario.network.queue.classes = given->classes > 1 ? given->classes : 1;
    scenario.network.queue.limit_bytes = given->limit_bytes;
    struct engine_result result = support_run(&scenario, NULL);
    if (ret_result)
        *ret_result = result;
    return packets;
}

uint64_t uplink_service_ns(const struct uplink_load *given, uint32_t bytes)
{
    uint128 bits = (uint128)bytes * 8 * 1000000000;
    uint128 rate = (uint128)given->bit_per_s;
    return (uint64_t)((bits + rate - 1) / rate);
}

struct distribution uplink_exponential(int64_t mean)
{
    return (struct distribution){.type = DISTRIBUTION_EXPONENTIAL, .location = mean};
}

struct distribution uplink_constant(int64_t value)
{
    return (struct distribution){.type = DISTRIBUTION_CONSTANT, .location = value};
}
