#include "models/workload/burst.h"

#include "models/workload/client.h"
#include "sim/exact.h"

struct burst_config {
    struct client_config common;
    int64_t count, every_ns, at_ns;
};

#define FIELD(name) .offset = offsetof(struct burst_config, name)

static const struct param params[] = {
    {.name = "count",
     .help = "transactions of a burst, by all clients together",
     .kind = PARAM_INTEGER,
     FIELD(count),
     .value_default = 1000,
     .value_min = 1,
     .value_max = 100000000,
     .size = true,
     .swarm_min = 1,
     .swarm_max = 300},
    {.name = "every",
     .help = "time from one burst to the next; 0s = one burst only",
     .kind = PARAM_DURATION,
     FIELD(every_ns),
     .value_min = 0,
     .value_max = INT64_MAX,
     .swarm_min = INT64_C(1000000000),
     .swarm_max = INT64_C(20000000000)},
    {.name = "at",
     .help = "when the first burst comes, counted from \"from\"",
     .kind = PARAM_DURATION,
     FIELD(at_ns),
     .value_min = 0,
     .value_max = INT64_MAX},
    CLIENT_PARAMS(struct burst_config),
    CLIENT_COUNT_PARAM(struct burst_config),
    PARAM_END,
};

/* Transaction k of the whole workload is in burst k / count, and belongs to client k modulo the
 * number of clients. */
static uint64_t arrival_ns(const struct client_group *group, struct context *context,
                           uint32_t client, uint64_t number, uint64_t previous_ns)
{
    const struct burst_config *config = group->model_config;
    (void)context, (void)previous_ns;
    uint128 whole = (uint128)number * group->count + client;
    uint128 burst = whole / (uint64_t)config->count;
    if (burst > 0 && config->every_ns == 0)
        return CLIENT_NEVER;
    uint128 at_ns =
        (uint128)group->from_ns + (uint64_t)config->at_ns + burst * (uint64_t)config->every_ns;
    return at_ns >= UINT64_C(1) << 63 ? CLIENT_NEVER : (uint64_t)at_ns;
}

static const struct client_source source = {.arrival_ns = arrival_ns};

static int build(const struct build *build, void **ret_state)
{
    return client_build_common(build, &source, ret_state);
}

const struct model workload_burst_model = {
    CLIENT_MODEL,
    .name = "burst",
    .summary = "many transfers at one instant, once or again and again",
    .version = 1,
    .config_bytes = sizeof(struct burst_config),
    .params = params,
    .check = client_check_common,
    .build = build,
};
