#include "tests/support_registry.h"

#include <stddef.h>

#include <stdio.h>

#include "sim/diagnostics.h"
#include "sim/model.h"

static const struct param limit_params[] = {
    {.name = "gas",
     .help = "gas a block may use",
     .kind = PARAM_INTEGER,
     .offset = offsetof(struct test_limit, gas),
     .value_default = 10000000,
     .value_min = 1,
     .value_max = INT64_C(1) << 40},
    {.name = "bytes",
     .help = "size of a block",
     .kind = PARAM_BYTES,
     .offset = offsetof(struct test_limit, bytes),
     .value_default = 1 << 20,
     .value_min = 1024,
     .value_max = 1 << 30},
    PARAM_END,
};
static const struct param individual_params[] = {
    {.name = "count",
     .help = "validators of a shard",
     .kind = PARAM_INTEGER,
     .offset = offsetof(struct test_validators, count),
     .value_min = 1,
     .value_max = 1000,
     .required = true},
    PARAM_END,
};
static const struct param_variant validators[] = {
    {"collective", "one node a shard", NULL, sizeof(struct test_validators)},
    {"individual", "n nodes", individual_params, sizeof(struct test_validators)},
    {NULL, NULL, NULL, 0},
};
static const struct param shard_params[] = {
    {.name = "name",
     .help = "its name",
     .kind = PARAM_STRING,
     .offset = offsetof(struct test_shard, name),
     .required = true},
    {.name = "weight",
     .help = "its weight",
     .kind = PARAM_INTEGER,
     .offset = offsetof(struct test_shard, weight),
     .value_default = 1,
     .value_min = 1,
     .value_max = 100},
    PARAM_END,
};
static const struct param chain_params[] = {
    {.name = "shards",
     .help = "number of shards",
     .kind = PARAM_INTEGER,
     .offset = offsetof(struct test_chain, shards),
     .value_default = 16,
     .value_min = 1,
     .value_max = 1 << 20},
    {.name = "block_interval",
     .help = "time between blocks",
     .kind = PARAM_DURATION,
     .offset = offsetof(struct test_chain, block_interval_ns),
     .value_default = INT64_C(5000000000),
     .value_min = 1000000,
     .value_max = INT64_C(3600000000000)},
    {.name = "identity",
     .help = "any 63 bits",
     .kind = PARAM_INTEGER,
     .offset = offsetof(struct test_chain, identity)},
    {.name = "empty_blocks",
     .help = "blocks without content too",
     .kind = PARAM_BOOL,
     .offset = offsetof(struct test_chain, empty_blocks)},
    {.name = "validators",
     .help = "who makes blocks",
     .kind = PARAM_VARIANT,
     .offset = offsetof(struct test_chain, validators),
     .variants = validators},
    {.name = "block_limit",
     .help = "what a block may hold",
     .kind = PARAM_OBJECT,
     .offset = offsetof(struct test_chain, block_limit),
     .fields = limit_params},
    {.name = "depths",
     .help = "a list of integers",
     .kind = PARAM_LIST,
     .item_kind = PARAM_INTEGER,
     .offset = offsetof(struct test_chain, depths),
     .value_max = 20,
     .default_json = "[1, 2]"},
    {.name = "labels",
     .help = "a list of texts",
     .kind = PARAM_LIST,
     .item_kind = PARAM_STRING,
     .offset = offsetof(struct test_chain, labels)},
    {.name = "special",
     .help = "a list of objects",
     .kind = PARAM_LIST,
     .item_kind = PARAM_OBJECT,
     .item_bytes = sizeof(struct test_shard),
     .fields = shard_params,
     .offset = offsetof(struct test_chain, special)},
    PARAM_END,
};

static const char *const paths[] = {"slow", "instant", "both", NULL};
static const struct param hypercube_params[] = {
    {.name = "path",
     .help = "which of the two paths",
     .kind = PARAM_CHOICE,
     .offset = offsetof(struct test_hypercube, path),
     .choices = paths,
     .value_default = 2},
    {.name = "digit_bits",
     .help = "bits of a digit",
     .kind = PARAM_INTEGER,
     .offset = offsetof(struct test_hypercube, digit_bits),
     .value_default = 4,
     .value_min = 1,
     .value_max = 8},
    {.name = "cut",
     .help = "a share",
     .kind = PARAM_RATIO,
     .offset = offsetof(struct test_hypercube, cut_ratio)},
    {.name = "eta",
     .help = "learning rate",
     .kind = PARAM_REAL,
     .offset = offsetof(struct test_hypercube, eta),
     .default_json = "0.9",
     .real_min = 0,
     .real_max = 1},
    {.name = "table",
     .help = "any JSON",
     .kind = PARAM_JSON,
     .offset = offsetof(struct test_hypercube, table)},
    {.name = "break_rule",
     .help = "breaks a rule on purpose",
     .kind = PARAM_BOOL,
     .offset = offsetof(struct test_hypercube, break_rule),
     .hidden = true},
    PARAM_END,
};

static const struct param poisson_params[] = {
    {.name = "rate",
     .help = "transactions a second",
     .kind = PARAM_RATE,
     .offset = offsetof(struct test_poisson, rate),
     .value_default = 100000000,
     .value_min = 1,
     .value_max = INT64_C(1000000000000000)},
    {.name = "cross_shard",
     .help = "share of transactions to another shard",
     .kind = PARAM_RATIO,
     .offset = offsetof(struct test_poisson, cross_shard),
     .value_default = INT64_C(500000000000)},
    {.name = "size",
     .help = "bytes of a transaction",
     .kind = PARAM_BYTES,
     .offset = offsetof(struct test_poisson, size_bytes),
     .value_default = 512},
    {.name = "think",
     .help = "time between two of a client",
     .kind = PARAM_DISTRIBUTION,
     .item_kind = PARAM_DURATION,
     .offset = offsetof(struct test_poisson, think),
     .default_json = "{\"type\": \"exponential\", \"mean\": \"1s\"}"},
    PARAM_END,
};
static const struct param trace_params[] = {
    {.name = "file",
     .help = "transactions, one a line",
     .kind = PARAM_FILE,
     .offset = offsetof(struct test_trace, file),
     .required = true},
    {.name = "sha256",
     .help = "of the file",
     .kind = PARAM_STRING,
     .offset = offsetof(struct test_trace, sha256)},
    PARAM_END,
};

static void check_chain(const void *config, const char *pointer, struct diagnostics *diagnostics)
{
    const struct test_chain *chain = config;
    char place[64];
    snprintf(place, sizeof place, "%s/shards", pointer);
    if (chain->shards == 13)
        diagnostics_add(diagnostics, "E310", place, AT_VALUE, "thirteen shards", "another number",
                        NULL, NULL);
}

static const struct model_property once[] = {
    {"exactly_once", "each message is delivered once", false},
    {"queue_order", "queues keep their order", false},
    {NULL, NULL, false},
};
static const struct model_property finality[] = {
    {"finality", "blocks become final", PROPERTY_WITHIN},
    {NULL, NULL, false},
};

enum { TEST_CHAIN = 1, TEST_MESSAGING = 3, TEST_WORKLOAD = 6 };

static const struct model simple = {
    .layer = TEST_CHAIN,
    .layer_name = "chain",
    .name = "simple",
    .version = 3,
    .config_bytes = sizeof(struct test_chain),
    .params = chain_params,
    .properties = finality,
    .check = check_chain,
};
static const struct model local = {
    .layer = TEST_MESSAGING, .layer_name = "messaging", .name = "local", .version = 1};
static const struct model hypercube = {
    .layer = TEST_MESSAGING,
    .layer_name = "messaging",
    .name = "hypercube",
    .version = 2,
    .config_bytes = sizeof(struct test_hypercube),
    .params = hypercube_params,
    .properties = once,
};
static const struct model poisson = {
    .layer = TEST_WORKLOAD,
    .layer_name = "workload",
    .name = "poisson",
    .version = 1,
    .config_bytes = sizeof(struct test_poisson),
    .params = poisson_params,
};
static const struct model trace = {
    .layer = TEST_WORKLOAD,
    .layer_name = "workload",
    .name = "trace",
    .version = 1,
    .config_bytes = sizeof(struct test_trace),
    .params = trace_params,
};

/* Not in build order on purpose: the reader sorts. */
const struct model *const model_registry[] = {&poisson, &trace, &local, &hypercube, &simple, NULL};
const size_t model_stack_bytes = 8;
const uint32_t model_stack_version = 1;

const char *model_stack_check(const struct stack *stack)
{
    (void)stack;
    return NULL;
}
