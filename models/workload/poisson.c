#include "models/workload/poisson.h"

#include "models/workload/client.h"
#include "sim/context.h"
#include "sim/exact.h"

struct poisson_config {
    struct client_config common;
    int64_t rate; /* 10^-6 a second */
};

static const struct param params[] = {
    CLIENT_RATE_PARAM(struct poisson_config),
    CLIENT_PARAMS(struct poisson_config),
    CLIENT_COUNT_PARAM(struct poisson_config),
    PARAM_END,
};

/* Gaps are drawn by the number of the transaction, so a client's arrivals are the same whatever
 * else it draws. A gap that rounds to 0 ns stays 0: both arrive at one instant. */
static uint64_t arrival_ns(const struct client_group *group, struct context *context,
                           uint32_t client, uint64_t number, uint64_t previous_ns)
{
    const struct poisson_config *config = group->model_config;
    struct rng_stream stream;
    context_rng(context, &stream, RNG_ARRIVAL, client_identity(group, client), number);
    double u = rng_open(&stream);
    /* Inside one draw, rounded once: nanoseconds. */
    double mean = 1e15 * (double)group->count / (double)config->rate;
    double gap = -exact_log(u) * mean;
    if (gap >= 0x1p62)
        return CLIENT_NEVER;
    uint64_t at_ns = previous_ns + (uint64_t)(gap + 0.5);
    return at_ns < previous_ns ? CLIENT_NEVER : at_ns;
}

static const struct client_source source = {.arrival_ns = arrival_ns};

static int build(const struct build *build, void **ret_state)
{
    return client_build_common(build, &source, ret_state);
}

const struct model workload_poisson_model = {
    CLIENT_MODEL,
    .name = "poisson",
    .summary = "transfers at random instants, so many a second",
    .version = 1,
    .config_bytes = sizeof(struct poisson_config),
    .params = params,
    .check = client_check_common,
    .build = build,
};
