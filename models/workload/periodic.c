#include "models/workload/periodic.h"

#include "models/workload/client.h"
#include "sim/exact.h"

struct periodic_config {
    struct client_config common;
    int64_t rate; /* 10^-6 a second */
};

static const struct param params[] = {
    CLIENT_RATE_PARAM(struct periodic_config),
    CLIENT_PARAMS(struct periodic_config),
    CLIENT_COUNT_PARAM(struct periodic_config),
    PARAM_END,
};

/* Transaction k of the whole workload arrives at from + floor(k / rate), and belongs to client
 * k modulo the number of clients: no rounding adds up. */
static uint64_t arrival_ns(const struct client_group *group, struct context *context,
                           uint32_t client, uint64_t number, uint64_t previous_ns)
{
    const struct periodic_config *config = group->model_config;
    (void)context, (void)previous_ns;
    uint128 whole = (uint128)number * group->count + client;
    uint128 after_ns = whole * UINT64_C(1000000000000000) / (uint64_t)config->rate;
    return after_ns >= UINT64_C(1) << 62 ? CLIENT_NEVER : group->from_ns + (uint64_t)after_ns;
}

static const struct client_source source = {.arrival_ns = arrival_ns};

static int build(const struct build *build, void **ret_state)
{
    return client_build_common(build, &source, ret_state);
}

const struct model workload_periodic_model = {
    CLIENT_MODEL,
    .name = "periodic",
    .summary = "transfers at exactly even distances",
    .version = 1,
    .config_bytes = sizeof(struct periodic_config),
    .params = params,
    .check = client_check_common,
    .build = build,
};
