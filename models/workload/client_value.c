#include "models/workload/client_value.h"

#include <stddef.h>

#include "sim/exact.h"

#define FIELD(name) .offset = offsetof(struct client_value_config, name)
#define ALL INT64_C(1000000000000)
#define SHARE(key, field, text)                                                                    \
    {                                                                                              \
        .name = key, .help = text, .kind = PARAM_RATIO, FIELD(field), .value_default = 0,          \
        .value_min = 0, .value_max = ALL, .swarm_min = 0, .swarm_max = ALL / 2                     \
    }

const struct param client_value_params[] = {
    {.name = "currency",
     .help = "a further currency that some transfers carry; it must be in ledger.currencies, or "
             "they are refused (TON-9)",
     .kind = PARAM_INTEGER,
     FIELD(currency),
     .value_default = 1,
     .value_min = 1,
     .value_max = 65535,
     .fixed = true},
    SHARE("share", share, "share of the transfers that carry it"),
    {.name = "amount",
     .help = "how much of it",
     .kind = PARAM_INTEGER,
     FIELD(amount),
     .value_default = 1,
     .value_min = 1,
     .value_max = INT64_C(1000000000000000)},
    SHARE("to_masterchain", to_master,
          "share of the transfers to an account of the masterchain (TON-54)"),
    SHARE("from_masterchain", from_master,
          "share of the transfers from an account of the masterchain (TON-54)"),
    SHARE("not_valid", not_valid,
          "share of those to the masterchain that its accounts do not know (TON-55)"),
    PARAM_END,
};

bool client_value_plain(const struct client_value_config *config)
{
    return config->share == 0 && config->to_master == 0 && config->from_master == 0;
}

struct client_value client_value_draw(const struct client_value_config *config,
                                      struct rng_stream *stream, struct tx *tx)
{
    struct client_value value;
    bool carries = rng_chance(stream, exact_threshold(config->share));
    value.to_master = rng_chance(stream, exact_threshold(config->to_master));
    value.from_master = rng_chance(stream, exact_threshold(config->from_master));
    bool not_valid = rng_chance(stream, exact_threshold(config->not_valid));
    if (carries) {
        tx->extra_currency[0] = (uint32_t)config->currency;
        tx->extra_amount[0] = (uint64_t)config->amount;
    }
    if (value.to_master && !not_valid)
        tx->constructor = CONSTRUCTOR_STAKE;
    return value;
}
