/* echo: each node sends a ping to a neighbour once an interval, the neighbour sends a pong back,
 * and round trips are counted. It is no protocol: it is the smallest model that uses each service
 * of the kernel once, written to be copied. Read it from the bottom: the table at the end names
 * every part. */

#include "models/echo/echo.h"

#include "models/stack.h" /* the only header of models/ that a layer may include */
#include "sim/context.h"  /* what a running handler may do: send, timers, draws, rows */
#include "sim/diagnostics.h"
#include "sim/distribution.h"
#include "sim/exact.h"
#include "sim/memory.h"
#include "sim/sim_assert.h"
#include "sim/world.h" /* what build() may do: add groups and nodes */

/* ---- Names. Each enum counts in step with a list of texts; the log prints the texts. ---- */

enum message_kind { MESSAGE_PING, MESSAGE_PONG };
static const char *const message_kinds[] = {"ping", "pong", NULL};

enum timer_kind { TIMER_INTERVAL, TIMER_TIMEOUT };
static const char *const timer_kinds[] = {"interval", "timeout", NULL};

enum trace_kind { TRACE_ROUND_TRIP };
static const char *const trace_kinds[] = {"round_trip", NULL};

enum metric { METRIC_PINGS, METRIC_PONGS, METRIC_ROUND_TRIPS, METRIC_TIMEOUTS };
static const struct model_metric metrics[] = {
    {"pings", "messages", "pings sent"},
    {"pongs", "messages", "pings answered"},
    {"round_trips", "messages", "pongs that came back in time"},
    {"timeouts", "messages", "pings whose pong did not come in time"},
    {NULL, NULL, NULL},
};

/* A property is a promise that the model checks while it runs. Breaking it ends the run with exit
 * code 4 and the number of the event, so write down what must never happen. */
enum property { PROPERTY_PONG_MATCHES, PROPERTY_PINGS_CONSERVED, PROPERTY_ALL_HEARD };
static const struct model_property properties[] = {
    {"pong_matches_ping", "a pong carries the word of the ping that it answers", PROPERTY_ALWAYS},
    {"pings_conserved", "each ping came back, timed out, was forgotten or is under way",
     PROPERTY_ALWAYS},
    {"all_heard", "each node got at least one pong by the end", PROPERTY_WHEN_NAMED},
    {NULL, NULL, PROPERTY_ALWAYS},
};

enum neighbour { NEIGHBOUR_NEXT, NEIGHBOUR_RANDOM };
static const char *const neighbours[] = {"next", "random", NULL};

/* ---- Parameters. One row is one JSON key: it parses, checks, documents and can be swept. ---- */

struct echo_config { /* always int64_t in base units: ns, bytes, 10^-12 */
    int64_t nodes, interval_ns, timeout_ns, size_bytes, answered, neighbour;
    struct distribution think; /* ns */
    int64_t broken;
};

#define FIELD(name) .offset = offsetof(struct echo_config, name)

static const struct param params[] = {
    {.name = "nodes",
     .help = "how many nodes there are",
     .kind = PARAM_INTEGER,
     FIELD(nodes),
     .value_default = 8,
     .value_min = 2,
     .value_max = 100000,
     .size = true,
     .swarm_min = 2,
     .swarm_max = 32},
    {.name = "interval",
     .help = "time between two pings of a node",
     .kind = PARAM_DURATION,
     FIELD(interval_ns),
     .value_default = INT64_C(100000000),
     .value_min = 1000,
     .value_max = INT64_C(3600000000000)},
    {.name = "timeout",
     .help = "how long a node waits for a pong",
     .kind = PARAM_DURATION,
     FIELD(timeout_ns),
     .value_default = INT64_C(1000000000),
     .value_min = 1,
     .value_max = INT64_C(3600000000000)},
    {.name = "size",
     .help = "bytes of a ping and of a pong on the wire",
     .kind = PARAM_BYTES,
     FIELD(size_bytes),
     .value_default = 64,
     .value_min = 16,
     .value_max = 1 << 20},
    {.name = "answered",
     .help = "share of the pings that are answered",
     .kind = PARAM_RATIO,
     FIELD(answered),
     .value_default = INT64_C(1000000000000),
     .value_min = 0,
     .value_max = INT64_C(1000000000000)},
    {.name = "neighbour",
     .help = "whom a node pings: the next one, or a random one each time",
     .kind = PARAM_CHOICE,
     FIELD(neighbour),
     .choices = neighbours},
    {.name = "think",
     .help = "how long a node takes to answer",
     .kind = PARAM_DISTRIBUTION,
     FIELD(think),
     .item_kind = PARAM_DURATION,
     .default_json = "{\"type\": \"constant\", \"value\": \"0s\"}"},
    {.name = "broken", /* hidden: tests break the promise on purpose and see that it is noticed */
     .help = "answer every seventh ping with a wrong word",
     .kind = PARAM_BOOL,
     FIELD(broken),
     .value_max = 1,
     .hidden = true},
    PARAM_END,
};

/* ---- State. Everything hangs on the pointer that build() gives; there are no globals. ---- */

struct payload { /* plain data, copied when sent */
    uint64_t word;
};

struct ping { /* one that waits for its pong: a slot of the node's pool */
    uint64_t word, sent_ns, timer;
};

struct echo_node {
    struct pool pings;     /* grows as needed, counted against --max-memory */
    struct map ping_by_id; /* message -> slot. Slot numbers are memory only: never send, log or
                              hash one, since they depend on the order of allocation */
    uint64_t next;         /* number of the next ping; survives a crash, as if on disk */
    uint64_t round_trips, timeouts, forgotten, round_trip_sum_ns;
};

struct echo {
    const struct echo_config *config; /* owned by the scenario, which outlives the run */
    struct memory *memory;
    struct echo_node *nodes;
    uint64_t answered;     /* threshold out of 2^64 */
    uint32_t count, first; /* our nodes have the dense numbers first .. first + count - 1 */
    uint8_t slot;          /* whom the kernel calls: part of every send, timer and row */
};

/* Several workloads may stand in one scenario: each has its own range of identities. */
static uint32_t index_in_role(uint8_t slot, uint32_t index)
{
    return (uint32_t)(slot - LAYER_WORKLOAD) << 24 | index;
}

/* A message's identity: stable whatever else runs. Draws and rows are addressed by it. */
static uint64_t message_id(const struct echo *echo, uint32_t node, uint64_t number)
{
    return (uint64_t)index_in_role(echo->slot, node) << 32 | (number & UINT32_MAX);
}

/* ---- Build: check what ranges cannot, then make groups, nodes and state. ---- */

static void check(const void *config, const char *pointer, struct diagnostics *diagnostics)
{
    const struct echo_config *echo = config;
    /* Report problems, all of them; never print, never exit. */
    if (distribution_floor(&echo->think) > (uint64_t)echo->timeout_ns)
        diagnostics_addf(diagnostics, "E310", pointer, AT_VALUE, "think shorter than timeout",
                         "a longer timeout", "no pong can come in time");
}

static void node_init(struct echo *echo, struct echo_node *node)
{
    pool_init(&node->pings, echo->memory, "echo pings", sizeof(struct ping));
    map_init(&node->ping_by_id, echo->memory, "echo ping map");
}

static int build(const struct build *build, void **ret_state)
{
    const struct echo_config *config = build->config;
    struct memory *memory = world_memory(build->world);
    struct echo *echo = memory_take(memory, "echo", sizeof *echo); /* comes zeroed */
    *echo = (struct echo){.config = config,
                          .memory = memory,
                          .count = (uint32_t)config->nodes,
                          .first = world_node_count(build->world),
                          .slot = build->slot};
    echo->answered = exact_threshold(config->answered);
    echo->nodes = memory_take(memory, "echo nodes", echo->count * sizeof *echo->nodes);
    for (uint32_t i = 0; i < echo->count; i++) {
        /* A group is what one thread would run: these nodes share nothing, so each is its own. */
        struct node_options options = {.role = ROLE_ECHO,
                                       .role_name = "echo",
                                       .index = index_in_role(build->slot, i),
                                       .group = world_group_add(build->world)};
        uint32_t node = world_node_add(build->world, &options);
        SIM_ASSERT(node == echo->first + i);
        node_init(echo, &echo->nodes[i]);
    }
    *ret_state = echo;
    return 0;
}

/* ---- Run: start() once, then handlers, each on the node `context->self`. ---- */

static void start(void *state, struct context *context)
{
    struct echo *echo = state;
    for (uint32_t i = 0; i < echo->count; i++) {
        context_as(context, echo->first + i); /* speak for that node */
        /* A draw is addressed by purpose, entity and item, never by call order: adding a node or a
         * draw elsewhere changes nothing here. */
        struct rng_stream stream;
        context_rng(context, &stream, RNG_PHASE, world_identity(context->world, context->self), 0);
        uint64_t phase_ns = rng_below(&stream, (uint64_t)echo->config->interval_ns);
        context_timer(context, context->self, echo->slot, TIMER_INTERVAL, CHAIN_NONE, phase_ns, 0);
    }
}

/* The word of a ping: any 64 bits that the receiver cannot guess. */
static uint64_t draw_word(struct context *context, uint64_t id)
{
    struct rng_stream stream;
    context_rng(context, &stream, RNG_KEYS, world_identity(context->world, context->self), id);
    return rng_u64(&stream);
}

static uint32_t choose_neighbour(const struct echo *echo, struct context *context, uint32_t index,
                                 uint64_t id)
{
    uint32_t step = 1;
    if (echo->config->neighbour == NEIGHBOUR_RANDOM) {
        struct rng_stream stream;
        context_rng(context, &stream, RNG_DESTINATION,
                    world_identity(context->world, context->self), id);
        step = 1 + (uint32_t)rng_below(&stream, echo->count - 1); /* never oneself */
    }
    return echo->first + (index + step) % echo->count;
}

static void send_ping(struct echo *echo, struct context *context, uint32_t index)
{
    struct echo_node *node = &echo->nodes[index];
    uint64_t id = message_id(echo, index, node->next++);
    uint32_t handle = pool_take(&node->pings);
    struct ping *ping = pool_at(&node->pings, handle);
    ping->word = draw_word(context, id);
    ping->sent_ns = context->now_ns;
    ping->timer = context_timer(context, context->self, echo->slot, TIMER_TIMEOUT, CHAIN_NONE,
                                context->now_ns + (uint64_t)echo->config->timeout_ns, id);
    map_put(&node->ping_by_id, id, handle);
    struct payload payload = {ping->word};
    struct send send = {.to = choose_neighbour(echo, context, index, id),
                        .wire_bytes = (uint32_t)echo->config->size_bytes,
                        .slot = echo->slot,
                        .kind = MESSAGE_PING,
                        .subject = id,
                        .payload = &payload,
                        .payload_bytes = sizeof payload};
    context_send(context, &send);
    context_count(context, echo->slot, METRIC_PINGS, 1);
}

static void answer(const struct echo *echo, struct context *context, const struct message *message)
{
    struct rng_stream stream;
    uint64_t self = world_identity(context->world, context->self);
    context_rng(context, &stream, RNG_DROP, self, message->subject);
    if (!rng_chance(&stream, echo->answered))
        return;
    struct payload payload = *(const struct payload *)message->payload;
    if (echo->config->broken && message->subject % 7 == 6)
        payload.word ^= 1;
    context_rng(context, &stream, RNG_SERVICE, self, message->subject);
    uint64_t think_ns = distribution_sample(&echo->config->think, &stream);
    struct send send = {.to = message->from,
                        .wire_bytes = message->wire_bytes,
                        .slot = echo->slot,
                        .kind = MESSAGE_PONG,
                        .subject = message->subject,
                        /* Work takes longer on a node that a fault has slowed down. */
                        .depart_ns = context->now_ns + context_work_ns(context, think_ns),
                        .payload = &payload,
                        .payload_bytes = sizeof payload};
    context_send(context, &send);
    context_count(context, echo->slot, METRIC_PONGS, 1);
}

/* Takes a waiting ping off the books. False when it is not waiting: it timed out, or the node
 * crashed since. */
static bool take_ping(struct echo_node *node, uint64_t id, struct ping *ret_ping)
{
    uint64_t handle;
    if (!map_get(&node->ping_by_id, id, &handle))
        return false;
    *ret_ping = *(const struct ping *)pool_at(&node->pings, (uint32_t)handle);
    map_remove(&node->ping_by_id, id);
    pool_give(&node->pings, (uint32_t)handle);
    return true;
}

static void receive_pong(struct echo *echo, struct context *context, uint32_t index,
                         const struct message *message)
{
    struct echo_node *node = &echo->nodes[index];
    const struct payload *payload = message->payload;
    struct ping ping;
    if (!take_ping(node, message->subject, &ping))
        return;
    if (payload->word != ping.word &&
        world_property_on(context->world, echo->slot, PROPERTY_PONG_MATCHES))
        context_violation(context, echo->slot, PROPERTY_PONG_MATCHES, message->subject,
                          "node %u got another word back than it sent", index);
    context_timer_cancel(context, ping.timer);
    uint64_t round_trip_ns = context->now_ns - ping.sent_ns;
    node->round_trips++;
    node->round_trip_sum_ns += round_trip_ns;
    struct trace trace = {.slot = echo->slot,
                          .kind = TRACE_ROUND_TRIP,
                          .peer = world_identity(context->world, message->from),
                          .subject = message->subject,
                          .value = (int64_t)round_trip_ns};
    context_trace(context, &trace);
    context_count(context, echo->slot, METRIC_ROUND_TRIPS, 1);
}

static void on_message(void *state, struct context *context, const struct message *message)
{
    struct echo *echo = state;
    SIM_ASSERT(message->payload_bytes == sizeof(struct payload));
    switch ((enum message_kind)message->kind) { /* no default: the compiler names a missing case */
    case MESSAGE_PING:
        answer(echo, context, message);
        break;
    case MESSAGE_PONG:
        receive_pong(echo, context, context->self - echo->first, message);
        break;
    }
}

static void set_interval(const struct echo *echo, struct context *context)
{
    context_timer(context, context->self, echo->slot, TIMER_INTERVAL, CHAIN_NONE,
                  context->now_ns + (uint64_t)echo->config->interval_ns, 0);
}

static void on_timer(void *state, struct context *context, uint8_t kind, uint32_t chain,
                     uint64_t cookie)
{
    struct echo *echo = state;
    uint32_t index = context->self - echo->first;
    (void)chain; /* echo runs without chains */
    switch ((enum timer_kind)kind) {
    case TIMER_INTERVAL:
        send_ping(echo, context, index);
        set_interval(echo, context);
        break;
    case TIMER_TIMEOUT: {
        struct ping ping;
        bool waiting = take_ping(&echo->nodes[index], cookie, &ping);
        SIM_ASSERT(waiting); /* else the timer had been cancelled */
        echo->nodes[index].timeouts++;
        context_count(context, echo->slot, METRIC_TIMEOUTS, 1);
        break;
    }
    }
}

/* A crash has already dropped the node's timers; what it means for memory is the model's affair.
 * Every layer hears of every node, so the first question is whether the node is ours. */
static void on_fault(void *state, struct context *context, const struct fault *fault)
{
    struct echo *echo = state;
    uint32_t index = context->self - echo->first; /* wraps far above count for foreign nodes */
    bool comes_up = (fault->type == FAULT_CRASH && !fault->begins) || fault->type == FAULT_RESTART;
    if (index >= echo->count || !comes_up)
        return;
    struct echo_node *node = &echo->nodes[index];
    node->forgotten += node->pings.live; /* memory is lost in a crash */
    pool_destroy(&node->pings);
    map_destroy(&node->ping_by_id);
    node_init(echo, node);
    set_interval(echo, context); /* without this the node would stay silent for ever */
}

/* ---- Checks, report, end. ---- */

/* Called now and then and at the end. An incremental check, such as the one in receive_pong, finds
 * the event; this one finds what nobody looked at. */
static void check_safety(void *state, struct context *context)
{
    const struct echo *echo = state;
    if (!world_property_on(context->world, echo->slot, PROPERTY_PINGS_CONSERVED))
        return;
    for (uint32_t i = 0; i < echo->count; i++) {
        const struct echo_node *node = &echo->nodes[i];
        uint64_t accounted =
            node->round_trips + node->timeouts + node->forgotten + node->pings.live;
        if (accounted != node->next)
            context_violation(context, echo->slot, PROPERTY_PINGS_CONSERVED, i,
                              "node %u sent %llu pings and knows of %llu", i,
                              (unsigned long long)node->next, (unsigned long long)accounted);
    }
}

/* Called once, at the end of a run that was not cut short. */
static void check_liveness(void *state, struct context *context)
{
    const struct echo *echo = state;
    if (!world_property_on(context->world, echo->slot, PROPERTY_ALL_HEARD))
        return;
    for (uint32_t i = 0; i < echo->count; i++)
        if (echo->nodes[i].round_trips == 0)
            context_violation(context, echo->slot, PROPERTY_ALL_HEARD, i,
                              "node %u never got a pong", i);
}

static void report(void *state, struct context *context)
{
    const struct echo *echo = state;
    uint64_t sum_ns = 0, count = 0;
    for (uint32_t i = 0; i < echo->count; i++) {
        sum_ns += echo->nodes[i].round_trip_sum_ns;
        count += echo->nodes[i].round_trips;
    }
    if (count > 0) /* doubles are for metrics only, never for time that is used again */
        context_metric(context, "echo_round_trip_mean", 0, (double)sum_ns / (double)count / 1e9,
                       "s", count);
}

static void destroy(void *state)
{
    struct echo *echo = state;
    struct memory *memory = echo->memory;
    for (uint32_t i = 0; i < echo->count; i++) {
        pool_destroy(&echo->nodes[i].pings);
        map_destroy(&echo->nodes[i].ping_by_id);
    }
    memory_give(memory, echo->nodes, echo->count * sizeof *echo->nodes);
    memory_give(memory, echo, sizeof *echo);
}

const struct model echo_model = {
    .layer = LAYER_WORKLOAD,
    .layer_name = "workload",
    .name = "echo",
    .summary = "nodes that ping each other; the model to copy",
    .version = 1, /* bump it when results change */
    .config_bytes = sizeof(struct echo_config),
    .params = params,
    .message_kinds = message_kinds,
    .timer_kinds = timer_kinds,
    .trace_kinds = trace_kinds,
    .metrics = metrics,
    .properties = properties,
    .check = check,
    .build = build,
    .start = start,
    .on_message = on_message,
    .on_timer = on_timer,
    .on_fault = on_fault,
    .check_safety = check_safety,
    .check_liveness = check_liveness,
    .report = report,
    .destroy = destroy,
};
