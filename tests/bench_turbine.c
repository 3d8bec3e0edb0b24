/* What a shred costs on its way through turbine alone: 2,000 validators, blocks of 1,500 data
 * shreds, 1 % loss a hop, no repair, no chain. Processor time and counted bytes of whole runs,
 * trees included, beside a relay: as many packets of the same sizes through the same network, in
 * trees of the same shape and at the same pace, by nodes that choose nobody, keep nothing and check
 * nothing. Its trees are fixed (each shred begins one validator further on), so what turbine takes
 * beyond it is what the shuffles by stake, stores, erasure sets, duties and rows of completion
 * take. Rounds alternate; medians are printed. `--json`: one object a line. `--slots N`: so many
 * blocks, 4 unless given. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "models/spread/turbine.h"
#include "models/spread/turbine_tree.h"
#include "sim/context.h"
#include "tests/model_by_hand.h"
#include "tests/support_spread.h"

enum { VALIDATORS = 2000, BLOCK_BYTES = 1440000, SLOTS = 4, ROUNDS = 3 };

/* ---- The relay ---- */

static struct {
    struct support_spread *support;
    struct stack *stack;
    struct shred_plan plan;
    uint64_t received;
    uint32_t leader; /* of the block in progress */
} relay;

/* A packet's subject: index of the shred << 32 | type << 31 | place in its tree. */
static void relay_send(struct context *context, uint64_t shred, uint32_t place, uint64_t depart_ns)
{
    uint32_t others = VALIDATORS - 1;
    uint32_t behind = (uint32_t)((place + (shred >> 1)) % others);
    enum shred_type type = shred & 1 ? SHRED_CODE : SHRED_DATA;
    struct send send = {.to = (relay.leader + 1 + behind) % VALIDATORS,
                        .wire_bytes = shred_bytes(type),
                        .slot = LAYER_SPREAD,
                        .kind = (uint8_t)type,
                        .chain = SUPPORT_SPREAD_CHAIN,
                        .subject = shred << 31 | place,
                        .depart_ns = depart_ns};
    context_send(context, &send);
}

static void relay_message(void *state, struct context *context, const struct message *message)
{
    uint32_t fanout = (uint32_t)relay.support->config.fanout;
    uint32_t place = (uint32_t)message->subject & INT32_MAX;
    struct turbine_children children = turbine_children_of(place, fanout, VALIDATORS - 1);
    (void)state;
    relay.received++;
    for (uint32_t i = 0; i < children.count; i++)
        relay_send(context, message->subject >> 31, children.first + i * children.step, 0);
}

/* One set of the leader's block; the next one when its time has come. */
static void relay_set(void *state, struct context *context, uint8_t kind, uint32_t chain,
                      uint64_t number)
{
    struct shred_set set = shred_set_at(&relay.plan, (uint32_t)number);
    uint64_t step_ns = relay.support->interval_ns / relay.plan.set_count;
    uint32_t packets = set.data_count + set.code_count;
    (void)state;
    for (uint32_t i = 0; i < packets; i++) {
        bool code = i >= set.data_count;
        uint64_t index = code ? set.first_code + i - set.data_count : set.first_data + i;
        relay_send(context, index << 1 | code, 0, context->now_ns + step_ns * i / packets);
    }
    if (number + 1 < relay.plan.set_count)
        context_timer(context, context->self, LAYER_SPREAD, kind, chain, context->now_ns + step_ns,
                      number + 1);
}

static void relay_publish(void *self, struct context *context, const struct block_header *header)
{
    relay.leader = header->leader;
    relay_set(self, context, 0, header->chain, 0);
}

static int relay_build(const struct build *build, void **ret_state)
{
    relay.stack = build->stack;
    build->stack->spread = (struct spread_seam){.self = &relay, .publish = relay_publish};
    *ret_state = &relay;
    return 0;
}

static const char *const relay_messages[] = {"data", "code", NULL};
static const char *const relay_timers[] = {"set", NULL};
static const struct model relay_model = {MODEL_BY_HAND,
                                         .layer = LAYER_SPREAD,
                                         .layer_name = "spread",
                                         .name = "relay",
                                         .summary = "packets down a fixed tree",
                                         .message_kinds = relay_messages,
                                         .timer_kinds = relay_timers,
                                         .build = relay_build,
                                         .on_message = relay_message,
                                         .on_timer = relay_set,
                                         .destroy = destroy_nothing};

/* ---- Measuring ---- */

struct measured {
    double packet_ns, bytes;
};

static double thread_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static struct measured measure(const struct model *model, uint64_t slots)
{
    struct support_spread *support = support_spread_new(model, VALIDATORS);
    support->slots = slots;
    support->block_bytes = BLOCK_BYTES;
    support->scenario.duration_ns = (support->slots + 3) * support->interval_ns;
    support->config.repair.enabled = 0;
    support->scenario.network.loss = INT64_C(10000000000);
    support->scenario.network.jitter =
        (struct distribution){.type = DISTRIBUTION_EXPONENTIAL, .location = 40000000};
    support->scenario.network.bandwidth_bit_per_s = INT64_C(1000000000);
    for (uint32_t i = 0; i < VALIDATORS; i++)
        support->stakes[i] = UINT64_C(1000000000000) / (i + 1);
    relay.support = support;
    relay.plan = shred_cut((enum shred_layout)support->config.layout, BLOCK_BYTES, true);
    relay.received = 0;
    double begun_ns = thread_ns();
    support_spread_run(support);
    double run_ns = thread_ns() - begun_ns;
    double packets = model == &relay_model
                         ? (double)relay.received
                         : (double)support_spread_counter(support, "shreds_received");
    struct measured measured = {.packet_ns = run_ns / packets,
                                .bytes = (double)support->result.memory_peak_bytes};
    support_spread_free(support);
    return measured;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double values[ROUNDS])
{
    qsort(values, ROUNDS, sizeof values[0], compare);
    return values[ROUNDS / 2];
}

static void print_row(bool json, const char *name, double value, const char *unit, double against)
{
    printf(
        json ? "{\"name\": \"%s\", \"value\": %.4g, \"unit\": \"%s\", \"against\": \"a relay that "
               "keeps nothing\", \"against_value\": %.4g, \"ratio\": %.3f}\n"
             : "%-24s %12.4g %-6s a relay that keeps nothing: %.4g, ratio %.2f\n",
        name, value, unit, against, against / value);
}

int main(int argc, char **argv)
{
    double turbine_ns[ROUNDS], relay_ns[ROUNDS];
    struct measured turbine = {0}, bare = {0};
    uint64_t slots = SLOTS;
    bool json = false;
    for (int i = 1; i < argc; i++) {
        json = json || strcmp(argv[i], "--json") == 0;
        if (strcmp(argv[i], "--slots") == 0 && i + 1 < argc)
            slots = strtoull(argv[++i], NULL, 10);
    }
    for (int round = 0; round < ROUNDS; round++) {
        turbine = measure(&spread_turbine_model, slots);
        bare = measure(&relay_model, slots);
        turbine_ns[round] = turbine.packet_ns;
        relay_ns[round] = bare.packet_ns;
    }
    print_row(json, "turbine, packet", median(turbine_ns), "ns", median(relay_ns));
    print_row(json, "turbine, memory", turbine.bytes, "bytes", bare.bytes);
    return 0;
}
