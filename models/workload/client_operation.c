#include "models/workload/client_operation.h"

#include <stddef.h>

#include "sim/exact.h"

#define FIELD(name) .offset = offsetof(struct client_operation_config, name)
#define ALL INT64_C(1000000000000)

const struct param client_operation_params[] = {
    {.name = "call",
     .help = "share that calls a counter in the recipient's shard (TON-21)",
     .kind = PARAM_RATIO,
     FIELD(call),
     .value_default = 0,
     .value_min = 0,
     .value_max = ALL,
     .swarm_min = 0,
     .swarm_max = ALL / 10},
    {.name = "create",
     .help = "share that has a contract created, in the recipient's shard or anywhere (TON-5)",
     .kind = PARAM_RATIO,
     FIELD(create),
     .value_default = 0,
     .value_min = 0,
     .value_max = ALL,
     .swarm_min = 0,
     .swarm_max = ALL / 10},
    {.name = "wildcard",
     .help = "share that goes to the global contract (TON-24)",
     .kind = PARAM_RATIO,
     FIELD(wildcard),
     .value_default = 0,
     .value_min = 0,
     .value_max = ALL,
     .swarm_min = 0,
     .swarm_max = ALL / 10},
    {.name = "publish",
     .help = "share that asks the masterchain's contract to tell all shards (TON-25)",
     .kind = PARAM_RATIO,
     FIELD(publish),
     .value_default = 0,
     .value_min = 0,
     .value_max = ALL,
     .swarm_min = 0,
     .swarm_max = ALL / 100},
    {.name = "log",
     .help = "share that is logged in the recipient's shard (TON-19)",
     .kind = PARAM_RATIO,
     FIELD(log),
     .value_default = 0,
     .value_min = 0,
     .value_max = ALL,
     .swarm_min = 0,
     .swarm_max = ALL / 10},
    {.name = "stranger",
     .help = "share that pretends to come from an instance of the global contract (TON-23)",
     .kind = PARAM_RATIO,
     FIELD(stranger),
     .value_default = 0,
     .value_min = 0,
     .value_max = ALL,
     .swarm_min = 0,
     .swarm_max = ALL / 10},
    {.name = "wildcard_depth",
     .help = "bits that may take any value in the global contract's address; 0 = one fixed account",
     .kind = PARAM_INTEGER,
     FIELD(wildcard_depth),
     .value_default = 30,
     .value_min = 0,
     .value_max = 30},
    {.name = "relay_hops",
     .help = "so many more counters get the value of a call, one after the other",
     .kind = PARAM_INTEGER,
     FIELD(relay_hops),
     .value_default = 0,
     .value_min = 0,
     .value_max = 1000000,
     .swarm_min = 0,
     .swarm_max = 4},
    {.name = "gas_limit",
     .help = "gas that a contract may use on these messages; 0 = not said (TON-12)",
     .kind = PARAM_INTEGER,
     FIELD(gas_limit),
     .value_default = 0,
     .value_min = 0,
     .value_max = 1000000000,
     .swarm_min = 0,
     .swarm_max = 4000},
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

/* The shares in the order in which one number is compared with them. */
static void shares_of(const struct client_operation_config *config, int64_t ret_shares[6])
{
    ret_shares[0] = config->call;
    ret_shares[1] = config->create;
    ret_shares[2] = config->wildcard;
    ret_shares[3] = config->publish;
    ret_shares[4] = config->log;
    ret_shares[5] = config->stranger;
}

static int64_t sum_of(const struct client_operation_config *config)
{
    int64_t shares[6], sum = 0;
    shares_of(config, shares);
    for (int i = 0; i < 6; i++)
        sum += shares[i];
    return sum;
}

bool client_operation_plain(const struct client_operation_config *config)
{
    return config->wrong_signature == 0 && config->too_long == 0 && sum_of(config) == 0;
}

bool client_operation_fits(const struct client_operation_config *config)
{
    return sum_of(config) <= ALL;
}

static void set_contract(const struct ledger_seam *ledger, uint32_t chain, enum contract_kind kind,
                         enum contract_method method, struct tx *tx)
{
    tx->part[1].account = ledger->contract(ledger->self, chain, kind);
    tx->constructor = method;
}

static void set_operation(const struct client_operation_config *config, unsigned choice,
                          const struct client_operation_place *place, struct tx *tx)
{
    const struct ledger_seam *ledger = place->ledger;
    tx->gas_limit = (uint64_t)config->gas_limit;
    switch (choice) {
    case 0:
        tx->operation = TX_CALL;
        tx->argument = (uint64_t)config->relay_hops;
        set_contract(ledger, place->away, CONTRACT_COUNTER,
                     config->relay_hops > 0 ? METHOD_RELAY : METHOD_ADD, tx);
        break;
    case 1:
        tx->operation = TX_CREATE;
        tx->argument = CONTRACT_SIMPLE | (place->home == place->away ? 0 : 1 << 8);
        set_contract(ledger, place->home, CONTRACT_CREATOR, METHOD_CREATE, tx);
        break;
    case 2:
    case 5:
        tx->operation = TX_WILDCARD;
        tx->anycast_depth = (uint8_t)config->wildcard_depth;
        set_contract(ledger, place->home, CONTRACT_GLOBAL, choice == 2 ? METHOD_ASK : METHOD_SHARE,
                     tx);
        break;
    case 3:
        tx->operation = TX_PUBLISH;
        set_contract(ledger, place->home, CONTRACT_PUBLISHER, METHOD_PUBLISH, tx);
        break;
    default:
        tx->operation = TX_LOG;
        tx->argument = tx->id;
    }
}

bool client_operation_draw(const struct client_operation_config *config, struct rng_stream *stream,
                           const struct client_operation_place *place, struct tx *tx)
{
    bool forged = rng_chance(stream, exact_threshold(config->wrong_signature));
    bool too_long = rng_chance(stream, exact_threshold(config->too_long));
    int64_t shares[6], at = (int64_t)rng_below(stream, (uint64_t)ALL);
    if (too_long)
        tx->work = (uint32_t)config->work;
    shares_of(config, shares);
    unsigned choice = 0;
    while (choice < 6 && at >= shares[choice])
        at -= shares[choice++];
    if (choice < 6)
        set_operation(config, choice, place, tx);
    return forged;
}

const char *client_operation_name(uint8_t operation)
{
    static const char *const names[TX_OPERATIONS] = {"transfer", "call",    "create",
                                                     "wildcard", "publish", "log"};
    SIM_ASSERT(operation < TX_OPERATIONS);
    return names[operation];
}
