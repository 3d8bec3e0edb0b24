/* phold: the hold model over many nodes (Fujimoto, "Performance of Time Warp under synthetic
 * workloads", 1990). A fixed population of jobs; a job rests at a node for a random delay, then
 * hops: to the same node, or with probability `remote` to another one over the network. Each hop
 * reads and writes the job's 64 bytes. The number of pending events is constant, so the cost of an
 * event can be measured against it.
 *
 * A job's bytes live in one table by its number; only its identity travels. A job is in one place
 * at a time, so no two groups touch it within one window. */

#include "models/phold/phold.h"

#include "models/stack.h"
#include "sim/context.h"
#include "sim/diagnostics.h"
#include "sim/distribution.h"
#include "sim/exact.h"
#include "sim/memory.h"
#include "sim/sim_assert.h"
#include "sim/world.h"

enum message_kind { MESSAGE_HOP };
static const char *const message_kinds[] = {"hop", NULL};

enum timer_kind { TIMER_REST };
static const char *const timer_kinds[] = {"rest", NULL};
static const char *const trace_kinds[] = {NULL};

enum metric { METRIC_LOCAL, METRIC_REMOTE };
static const struct model_metric metrics[] = {
    {"hops_local", "hops", "hops to the same node"},
    {"hops_remote", "hops", "hops over the network"},
    {NULL, NULL, NULL},
};

enum property { PROPERTY_ONE_PLACE };
static const struct model_property properties[] = {
    {"one_place", "a job arrives only while it is under way, where it was sent", false},
    {NULL, NULL, false},
};

struct phold_config {
    int64_t nodes, population, remote, wire_bytes;
    struct distribution delay; /* ns */
    int64_t broken;
};

#define FIELD(name) .offset = offsetof(struct phold_config, name)

enum { NODES_MAX = 1 << 24, JOBS_MAX = 1 << 28, BYTES_A_JOB = 64 };

static const struct param params[] = {
    {.name = "nodes",
     .help = "how many nodes there are",
     .kind = PARAM_INTEGER,
     FIELD(nodes),
     .value_default = 1024,
     .value_min = 2,
     .value_max = NODES_MAX,
     .size = true,
     .swarm_min = 2,
     .swarm_max = 64},
    {.name = "population",
     .help = "jobs that start at each node: nodes times population events are pending",
     .kind = PARAM_INTEGER,
     FIELD(population),
     .value_default = 1,
     .value_min = 1,
     .value_max = 1 << 20,
     .size = true,
     .swarm_min = 1,
     .swarm_max = 4},
    {.name = "remote",
     .help = "share of the hops that go to another node",
     .kind = PARAM_RATIO,
     FIELD(remote),
     .value_default = INT64_C(500000000000),
     .value_min = 0,
     .value_max = INT64_C(1000000000000)},
    {.name = "size",
     .help = "bytes of a remote hop on the wire",
     .kind = PARAM_BYTES,
     FIELD(wire_bytes),
     .value_default = BYTES_A_JOB,
     .value_min = 1,
     .value_max = 1 << 20},
    {.name = "delay",
     .help = "how long a job rests before it hops; `min` is the lookahead of local hops",
     .kind = PARAM_DISTRIBUTION,
     FIELD(delay),
     .item_kind = PARAM_DURATION,
     .default_json = "{\"type\": \"exponential\", \"mean\": \"1s\", \"min\": \"1ms\"}"},
    {.name = "broken",
     .help = "send every 64th remote hop twice",
     .kind = PARAM_BOOL,
     FIELD(broken),
     .value_max = 1,
     .hidden = true},
    PARAM_END,
};

enum { NOT_WAITING = 0, LOST_IN_CRASH = 1 }; /* values of leaves_ns that are no times */

struct job {            /* 64 bytes: one cache line */
    uint64_t leaves_ns; /* when its rest ends */
    uint64_t hops;
    uint32_t node;      /* index of where it is, or where it is going */
    uint32_t under_way; /* 1 between departure's order and arrival */
    uint64_t word[5];
};
_Static_assert(sizeof(struct job) == BYTES_A_JOB, "the load is defined with 64 bytes a job");

struct phold {
    const struct phold_config *config;
    struct memory *memory;
    struct job *jobs;
    uint64_t remote; /* threshold out of 2^64 */
    uint32_t count, first, population, job_count;
    uint8_t slot;
};

static uint32_t index_in_role(uint8_t slot, uint32_t index)
{
    return (uint32_t)(slot - LAYER_WORKLOAD) << 24 | index;
}

/* A job's identity: where it started << 32 | which of those. */
static uint64_t job_id(const struct phold *phold, uint32_t job)
{
    return (uint64_t)index_in_role(phold->slot, job / phold->population) << 32 |
           job % phold->population;
}

static uint32_t job_of(const struct phold *phold, uint64_t id)
{
    uint32_t start = (uint32_t)(id >> 32) & (NODES_MAX - 1);
    return start * phold->population + (uint32_t)id;
}

static void check(const void *config, const char *pointer, struct diagnostics *diagnostics)
{
    const struct phold_config *phold = config;
    if (phold->nodes * phold->population > JOBS_MAX)
        diagnostics_addf(diagnostics, "E310", pointer, AT_VALUE,
                         "nodes times population up to 268435456", "a smaller population",
                         "%lld jobs are too many",
                         (long long)phold->nodes * (long long)phold->population);
    if (phold->delay.type == DISTRIBUTION_CONSTANT && distribution_floor(&phold->delay) == 0)
        diagnostics_addf(diagnostics, "E310", pointer, AT_VALUE, "a delay above 0", "\"1ms\"",
                         "without any delay time would stand still");
}

static int build(const struct build *build, void **ret_state)
{
    const struct phold_config *config = build->config;
    struct memory *memory = world_memory(build->world);
    struct phold *phold = memory_take(memory, "phold", sizeof *phold);
    *phold = (struct phold){.config = config,
                            .memory = memory,
                            .count = (uint32_t)config->nodes,
                            .first = world_node_count(build->world),
                            .population = (uint32_t)config->population,
                            .job_count = (uint32_t)(config->nodes * config->population),
                            .slot = build->slot};
    phold->remote = exact_threshold(config->remote);
    phold->jobs = memory_take(memory, "phold jobs", phold->job_count * sizeof *phold->jobs);
    for (uint32_t i = 0; i < phold->count; i++) {
        struct node_options options = {.role = ROLE_PHOLD,
                                       .role_name = "phold",
                                       .index = index_in_role(build->slot, i),
                                       .group = world_group_add(build->world)};
        uint32_t node = world_node_add(build->world, &options);
        SIM_ASSERT(node == phold->first + i);
    }
    *ret_state = phold;
    return 0;
}

/* The load itself: read and write all of the job's words. */
static void touch(struct job *job)
{
    uint64_t carry = ++job->hops;
    for (uint32_t i = 0; i < 5; i++) {
        carry = (carry ^ job->word[i]) * UINT64_C(0x9e3779b97f4a7c15);
        job->word[i] = carry;
    }
}

static void send_away(struct phold *phold, struct context *context, uint32_t number,
                      uint32_t to_index)
{
    struct job *job = &phold->jobs[number];
    job->node = to_index;
    job->under_way = 1;
    struct send send = {.to = phold->first + to_index,
                        .wire_bytes = (uint32_t)phold->config->wire_bytes,
                        .slot = phold->slot,
                        .kind = MESSAGE_HOP,
                        .attempt = (uint32_t)job->hops,
                        .subject = job_id(phold, number)};
    context_send(context, &send);
    context_count(context, phold->slot, METRIC_REMOTE, 1);
    if (phold->config->broken && job->hops % 64 == 63)
        context_send(context, &send);
}

/* The job is at the node of the context: let it rest. */
static void rest(struct phold *phold, struct context *context, uint32_t number)
{
    struct job *job = &phold->jobs[number];
    struct rng_stream stream;
    touch(job);
    context_rng(context, &stream, RNG_SERVICE, job_id(phold, number), job->hops);
    uint64_t delay_ns = distribution_sample(&phold->config->delay, &stream);
    job->node = context->self - phold->first;
    job->leaves_ns = context->now_ns + delay_ns;
    context_timer(context, context->self, phold->slot, TIMER_REST, CHAIN_NONE, job->leaves_ns,
                  job_id(phold, number));
}

static void start(void *state, struct context *context)
{
    struct phold *phold = state;
    for (uint32_t i = 0; i < phold->count; i++) {
        context_as(context, phold->first + i);
        for (uint32_t j = 0; j < phold->population; j++)
            rest(phold, context, i * phold->population + j);
    }
}

static void on_timer(void *state, struct context *context, uint8_t kind, uint32_t chain,
                     uint64_t cookie)
{
    struct phold *phold = state;
    uint32_t index = context->self - phold->first, number = job_of(phold, cookie);
    struct job *job = &phold->jobs[number];
    (void)chain;
    SIM_ASSERT(kind == TIMER_REST);
    SIM_ASSERT(job->node == index);
    SIM_ASSERT(job->leaves_ns == context->now_ns);
    job->leaves_ns = NOT_WAITING;
    struct rng_stream stream;
    context_rng(context, &stream, RNG_DESTINATION, cookie, job->hops);
    if (!rng_chance(&stream, phold->remote)) {
        context_count(context, phold->slot, METRIC_LOCAL, 1);
        rest(phold, context, number);
        return;
    }
    uint32_t step = 1 + (uint32_t)rng_below(&stream, phold->count - 1);
    send_away(phold, context, number, (index + step) % phold->count);
}

static void on_message(void *state, struct context *context, const struct message *message)
{
    struct phold *phold = state;
    uint32_t number = job_of(phold, message->subject);
    struct job *job = &phold->jobs[number];
    SIM_ASSERT(message->kind == MESSAGE_HOP);
    bool expected = job->under_way == 1;
    if (expected)
        expected = job->node == context->self - phold->first;
    if (!expected) {
        if (world_property_on(context->world, phold->slot, PROPERTY_ONE_PLACE))
            context_violation(context, phold->slot, PROPERTY_ONE_PLACE, message->subject,
                              "job %u arrived where nobody had sent it", number);
        return;
    }
    job->under_way = 0;
    rest(phold, context, number);
}

/* A crash takes the timers of the jobs that rest at the node; when it comes up they start a new
 * rest. Jobs under way to a node that is down are lost, as packets are. */
static void on_fault(void *state, struct context *context, const struct fault *fault)
{
    struct phold *phold = state;
    uint32_t index = context->self - phold->first;
    bool goes_down = fault->type == FAULT_CRASH && fault->begins;
    bool comes_up = (fault->type == FAULT_CRASH && !fault->begins) || fault->type == FAULT_RESTART;
    if (index >= phold->count)
        return;
    for (uint32_t number = 0; number < phold->job_count; number++) {
        struct job *job = &phold->jobs[number];
        if (job->node != index || job->under_way)
            continue;
        if (goes_down && job->leaves_ns > LOST_IN_CRASH)
            job->leaves_ns = LOST_IN_CRASH;
        else if (comes_up && job->leaves_ns == LOST_IN_CRASH)
            rest(phold, context, number);
    }
}

static void destroy(void *state)
{
    struct phold *phold = state;
    struct memory *memory = phold->memory;
    memory_give(memory, phold->jobs, phold->job_count * sizeof *phold->jobs);
    memory_give(memory, phold, sizeof *phold);
}

const struct model phold_model = {
    .layer = LAYER_WORKLOAD,
    .layer_name = "workload",
    .name = "phold",
    .summary = "jobs that hop between nodes for ever: the load that kernels are compared by",
    .version = 1,
    .config_bytes = sizeof(struct phold_config),
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
    .destroy = destroy,
};
