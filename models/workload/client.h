#ifndef MODELS_WORKLOAD_CLIENT_H
#define MODELS_WORKLOAD_CLIENT_H

/* The engine that the transfer workloads share: client nodes that submit transactions at the
 * instants a source gives, draw where they go, and keep the books of what became of them.
 *
 * Every draw is addressed by (purpose, client identity, number of the transaction), so neither the
 * arrivals nor another client can shift them. Open loop: nobody waits for an answer. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "models/stack.h"
#include "models/workload/client_operation.h"
#include "models/workload/client_value.h"
#include "models/workload/traffic_law.h"
#include "sim/distribution.h"
#include "sim/model.h"

enum { CLIENT_COUNT_MAX = 65535 };
#define CLIENT_NEVER UINT64_MAX

struct client_config {
    int64_t cross_shard; /* 10^-12 */
    struct distribution size, amount;
    struct param_variant_value accounts, destinations;
    const char *shards;
    int64_t from_ns, until_ns, clients;
    struct client_operation_config operations;
    struct client_value_config value;
};

struct client_zipf_config {
    double exponent;
};

extern const struct param_variant client_account_variants[];

/* CLIENT_RATE_PARAM: the row of a model whose config struct `type` has a member `rate`. */
#define CLIENT_RATE_PARAM(type)                                                                    \
    {                                                                                              \
        .name = "rate", .help = "transactions submitted in a second, by all clients together",     \
        .kind = PARAM_RATE, .offset = offsetof(type, rate), .value_default = INT64_C(10000000),    \
        .value_min = 1, .value_max = INT64_C(1000000000000000), .size = true,                      \
        .swarm_min = INT64_C(500000), .swarm_max = INT64_C(50000000)                               \
    }

/* CLIENT_PARAMS: the rows of a model whose config struct `type` has a member `common`. */
#define CLIENT_PARAMS(type)                                                                        \
    {.name = "cross_shard",                                                                        \
     .help = "share of the transactions whose recipient is in another shard",                      \
     .kind = PARAM_RATIO,                                                                          \
     .offset = offsetof(type, common.cross_shard),                                                 \
     .value_default = INT64_C(750000000000),                                                       \
     .value_min = 0,                                                                               \
     .value_max = INT64_C(1000000000000)},                                                         \
        {.name = "size",                                                                           \
         .help = "bytes of a transaction's message",                                               \
         .kind = PARAM_DISTRIBUTION,                                                               \
         .offset = offsetof(type, common.size),                                                    \
         .item_kind = PARAM_BYTES,                                                                 \
         .default_json = "\"512B\""},                                                              \
        {.name = "amount",                                                                         \
         .help = "units of value that a transaction moves",                                        \
         .kind = PARAM_DISTRIBUTION,                                                               \
         .offset = offsetof(type, common.amount),                                                  \
         .item_kind = PARAM_INTEGER,                                                               \
         .default_json = "1"},                                                                     \
        {.name = "accounts",                                                                       \
         .help = "how popular the accounts are",                                                   \
         .kind = PARAM_VARIANT,                                                                    \
         .offset = offsetof(type, common.accounts),                                                \
         .variants = client_account_variants,                                                      \
         .default_json = "{\"type\": \"uniform\"}"},                                               \
        {.name = "destinations",                                                                   \
         .help = "which shard sends to which",                                                     \
         .kind = PARAM_VARIANT,                                                                    \
         .offset = offsetof(type, common.destinations),                                            \
         .variants = traffic_variants,                                                             \
         .default_json = "{\"type\": \"share\"}"},                                                 \
        {.name = "shards",                                                                         \
         .help = "ordinals of the shards whose accounts take part, such as 0-3,8; all without it", \
         .kind = PARAM_STRING,                                                                     \
         .offset = offsetof(type, common.shards)},                                                 \
        {.name = "operations",                                                                     \
         .help = "what the messages ask for, and what is wrong with some",                         \
         .kind = PARAM_OBJECT,                                                                     \
         .offset = offsetof(type, common.operations),                                              \
         .fields = client_operation_params},                                                       \
        {.name = "value",                                                                          \
         .help = "further currencies, and the masterchain",                                        \
         .kind = PARAM_OBJECT,                                                                     \
         .offset = offsetof(type, common.value),                                                   \
         .fields = client_value_params},                                                           \
        CLIENT_TIME_PARAMS(type)

#define CLIENT_TIME_PARAMS(type)                                                                   \
    {.name = "from",                                                                               \
     .help = "when the first transaction may be submitted",                                        \
     .kind = PARAM_DURATION,                                                                       \
     .offset = offsetof(type, common.from_ns),                                                     \
     .value_min = 0,                                                                               \
     .value_max = INT64_MAX,                                                                       \
     .fixed = true},                                                                               \
    {                                                                                              \
        .name = "until",                                                                           \
        .help = "no transaction is submitted from then on; 0s = to the end of the run",            \
        .kind = PARAM_DURATION, .offset = offsetof(type, common.until_ns), .value_min = 0,         \
        .value_max = INT64_MAX, .fixed = true                                                      \
    }

#define CLIENT_COUNT_PARAM(type)                                                                   \
    {                                                                                              \
        .name = "clients", .help = "client nodes that share the load", .kind = PARAM_INTEGER,      \
        .offset = offsetof(type, common.clients), .value_default = 1, .value_min = 1,              \
        .value_max = CLIENT_COUNT_MAX                                                              \
    }

struct client_group;

/* Where and how much: what a transaction is about. */
struct client_transfer {
    uint32_t from_shard, to_shard; /* ordinals */
    uint64_t from_account, to_account, amount;
    uint32_t bytes;
};

/* A source of arrivals. `number` counts a client's own transactions from 0. */
struct client_source {
    /* The instant of arrival `number`, not before that of the one before; CLIENT_NEVER: no more. */
    uint64_t (*arrival_ns)(const struct client_group *group, struct context *context,
                           uint32_t client, uint64_t number, uint64_t previous_ns);
    /* What transaction `number` is about; NULL: drawn from the config. */
    void (*transfer)(const struct client_group *group, uint64_t number,
                     struct client_transfer *ret_transfer);
    void (*destroy)(struct client_group *group); /* frees `own`; NULL ok */
};

/* The run's state of a workload; `own` belongs to the model. */
struct client_group {
    const struct client_config *config;
    const void *model_config;
    void *own;
    const struct client_source *source;
    struct memory *memory;
    struct world *world;
    struct stack *stack;
    struct client_private *part;
    uint32_t first_node, count;
    uint64_t from_ns, until_ns; /* until: exclusive */
    uint64_t shards;            /* of the whole run */
    uint64_t accounts;          /* in each shard */
    uint8_t slot;
};

/* client_build makes the group and its nodes, or returns -1 with diagnostics. `own` is taken over
 * in both cases. count: client nodes. */
int client_build(const struct build *build, const struct client_config *config,
                 const struct client_source *source, uint32_t count,
                 struct client_group **ret_group);

/* Handlers for a model's table; the state is the group. */
void client_start(void *state, struct context *context);
void client_on_message(void *state, struct context *context, const struct message *message);
void client_on_timer(void *state, struct context *context, uint8_t kind, uint32_t chain,
                     uint64_t cookie);
void client_on_fault(void *state, struct context *context, const struct fault *fault);
void client_report(void *state, struct context *context);
void client_destroy(void *state);

/* client_check is the cross-field check that all of them share. */
void client_check(const struct client_config *config, const char *pointer,
                  struct diagnostics *diagnostics);

/* client_identity of a client node: what its draws are addressed by. */
uint64_t client_identity(const struct client_group *group, uint32_t client);

/* Tables that all of them share. */
extern const char *const client_no_kinds[];
extern const char *const client_timer_kinds[];
extern const struct model_metric client_metrics[];
extern const struct model_property client_properties[];

/* client_build_common is the build() of a model whose config begins with its struct client_config
 * and whose arrivals come from `source`. */
int client_build_common(const struct build *build, const struct client_source *source,
                        void **ret_state);

/* client_check_common is the check() of such a model. */
void client_check_common(const void *config, const char *pointer, struct diagnostics *diagnostics);

/* CLIENT_MODEL: what the tables of all these models have in common. */
#define CLIENT_MODEL                                                                               \
    .layer = LAYER_WORKLOAD, .layer_name = "workload", .message_kinds = client_no_kinds,           \
    .timer_kinds = client_timer_kinds, .trace_kinds = client_no_kinds, .metrics = client_metrics,  \
    .properties = client_properties, .start = client_start, .on_message = client_on_message,       \
    .on_timer = client_on_timer, .on_fault = client_on_fault, .report = client_report,             \
    .destroy = client_destroy

#endif
