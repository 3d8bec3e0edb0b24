#include "models/ledger/contract_params.h"

#include <stddef.h>

#include "models/anycast.h"

static const char *const logs[] = {"directed", "local", NULL};
static const char *const log_helps[] = {
    "it travels to a shardchain and is logged there (TON-19)",
    "it is recorded in the block that makes it, and nowhere else (TON-R27, deployed)", NULL};

#define FIELD(name) .offset = offsetof(struct contract_config, name)

const struct param contract_params[] = {
    {.name = "call_gas",
     .help = "gas of a plain method of a contract",
     .kind = PARAM_INTEGER,
     FIELD(call_gas),
     .value_default = 1000,
     .value_min = 1,
     .value_max = 1000000000},
    {.name = "create_gas",
     .help = "gas of creating a contract, for the creator and at the new address (TON-5)",
     .kind = PARAM_INTEGER,
     FIELD(create_gas),
     .value_default = 5000,
     .value_min = 1,
     .value_max = 1000000000},
    {.name = "publish_gas",
     .help = "gas of telling one shard, for the contract in the masterchain (TON-25)",
     .kind = PARAM_INTEGER,
     FIELD(publish_gas),
     .value_default = 1000,
     .value_min = 1,
     .value_max = 1000000},
    {.name = "global_depth",
     .help = "the global contract has an instance in every shard up to this depth (TON-23)",
     .kind = PARAM_INTEGER,
     FIELD(global_depth),
     .value_default = ANYCAST_DEPTH_MAX,
     .value_min = 1,
     .value_max = ANYCAST_DEPTH_MAX},
    {.name = "share_every",
     .help = "an instance shares value and what it knows with another one after so many calls; "
             "0 = never (TON-23)",
     .kind = PARAM_INTEGER,
     FIELD(share_every),
     .value_default = 10,
     .value_min = 0,
     .value_max = 1000000000,
     .swarm_min = 0,
     .swarm_max = 20},
    {.name = "message_size",
     .help = "bytes of a message that a contract sends, and of one that bounces",
     .kind = PARAM_BYTES,
     FIELD(message_bytes),
     .value_default = 128,
     .value_min = 1,
     .value_max = 1 << 20},
    {.name = "bounce",
     .help = "a message that nobody takes goes back with its value, as deployed (TON-R44)",
     .kind = PARAM_BOOL,
     FIELD(bounce),
     .value_default = 0},
    {.name = "logs",
     .help = "where log messages are logged",
     .kind = PARAM_CHOICE,
     FIELD(logs),
     .choices = logs,
     .choice_helps = log_helps},
    {.name = "anycast",
     .help = "whether messages to wildcard addresses can be sent (TON-R53)",
     .kind = PARAM_BOOL,
     FIELD(anycast),
     .value_default = 1},
    PARAM_END,
};
