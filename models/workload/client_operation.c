#include "models/workload/client_operation.h"

#include <stddef.h>

#include "sim/exact.h"

#define FIELD(name) .offset = offsetof(struct client_operation_config, name)
#define ALL INT64_C(1000000000000)

const struct param client_operation_params[] = {
    {.name = "wrong_signature",
     .help = "share of the messages that are not signed by their account's owner (TON-15)",
     .kind = PARAM_RATIO,
     FIELD(wrong_signature),
     .value_default = 0,
     .value_min = 0,
     .value_max = ALL,
     .swarm_min = 0,
     .swarm_max = ALL / 4},
    {.name = "too_long",
     .help = "share of the messages that ask their account for more work (TON-15)",
     .kind = PARAM_RATIO,
     FIELD(too_long),
     .value_default = 0,
     .value_min = 0,
     .value_max = ALL,
     .swarm_min = 0,
     .swarm_max = ALL / 4},
    {.name = "work",
     .help = "gas of that work",
     .kind = PARAM_INTEGER,
     FIELD(work),
     .value_default = 20000,
     .value_min = 0,
     .value_max = 1000000000,
     .swarm_min = 0,
     .swarm_max = 50000},
    PARAM_END,
};

bool client_operation_plain(const struct client_operation_config *config)
{
    return config->wrong_signature == 0 && config->too_long == 0;
}

bool client_operation_draw(const struct client_operation_config *config, struct rng_stream *stream,
                           struct tx *tx)
{
    bool forged = rng_chance(stream, exact_threshold(config->wrong_signature));
    bool too_long = rng_chance(stream, exact_threshold(config->too_long));
    if (too_long)
        tx->work = (uint32_t)config->work;
    return forged;
}
