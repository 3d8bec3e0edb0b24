#include "sim/scenario_params.h"

#include <stddef.h>
#include <string.h>

#include "sim/model.h"

#define TIME_MAX (INT64_C(3600000000000) * 1000000) /* a million hours */
#define ABSENT (-1) /* a default outside of the range: no value unless given */

static const char *const log_choices[] = {"all", "protocol", "tx", "none", NULL};
static const char *const log_helps[] = {
    "every event",
    "every event but those of packets",
    "milestones of messages and transactions",
    "no events; the small tables only",
    NULL,
};

/* --- Faults: when, then what each type needs --- */

#define FAULT_AT                                                                                   \
    {                                                                                              \
        .name = "at", .help = "when it begins; or every, from and to", .kind = PARAM_DURATION,     \
        .offset = offsetof(struct fault_keys, at_ns), .value_default = ABSENT,                     \
        .value_max = TIME_MAX                                                                      \
    }
#define FAULT_REPEATED                                                                             \
    {.name = "every",                                                                              \
     .help = "begins again after this time, between from and to",                                  \
     .kind = PARAM_DURATION,                                                                       \
     .offset = offsetof(struct fault_keys, every_ns),                                              \
     .value_default = ABSENT,                                                                      \
     .value_min = 1,                                                                               \
     .value_max = TIME_MAX},                                                                       \
        {.name = "from",                                                                           \
         .help = "with every: the first time; absent: the start",                                  \
         .kind = PARAM_DURATION,                                                                   \
         .offset = offsetof(struct fault_keys, from_ns),                                           \
         .value_default = ABSENT,                                                                  \
         .value_max = TIME_MAX},                                                                   \
    {                                                                                              \
        .name = "to", .help = "with every: no beginning at or after it; absent: the end",          \
        .kind = PARAM_DURATION, .offset = offsetof(struct fault_keys, to_ns),                      \
        .value_default = ABSENT, .value_max = TIME_MAX                                             \
    }
#define FAULT_FOR                                                                                  \
    {                                                                                              \
        .name = "for", .help = "how long; absent: until the end of the run",                       \
        .kind = PARAM_DURATION, .offset = offsetof(struct fault_keys, for_ns),                     \
        .value_default = ABSENT, .value_min = 1, .value_max = TIME_MAX                             \
    }
#define FAULT_TARGET(what)                                                                         \
    {                                                                                              \
        .name = "target", .help = what, .kind = PARAM_JSON,                                        \
        .offset = offsetof(struct fault_keys, target), .required = true                            \
    }

#define NODES "\"ROLE:i\", \"ROLE:i-j\", {\"random\": n, \"of\": ROLE}, or a list of those"
#define NODES_OR_LINKS "\"link:A-B\" (shard A to B), " NODES

static const struct param crash_params[] = {FAULT_AT, FAULT_REPEATED, FAULT_FOR,
                                            FAULT_TARGET(NODES), PARAM_END};
static const struct param restart_params[] = {FAULT_AT, FAULT_REPEATED, FAULT_TARGET(NODES),
                                              PARAM_END};
static const struct param partition_params[] = {
    FAULT_AT,
    FAULT_REPEATED,
    FAULT_FOR,
    {.name = "groups",
     .help = "lists of targets; nodes of different groups cannot reach each other",
     .kind = PARAM_JSON,
     .offset = offsetof(struct fault_keys, groups),
     .required = true},
    PARAM_END,
};
static const struct param cut_params[] = {FAULT_AT, FAULT_REPEATED, FAULT_FOR,
                                          FAULT_TARGET(NODES_OR_LINKS), PARAM_END};
static const struct param loss_params[] = {
    FAULT_AT,
    FAULT_REPEATED,
    FAULT_FOR,
    FAULT_TARGET(NODES_OR_LINKS),
    {.name = "rate",
     .help = "share of packets lost, on top of the link's own",
     .kind = PARAM_RATIO,
     .offset = offsetof(struct fault_keys, rate),
     .required = true},
    PARAM_END,
};
static const struct param delay_params[] = {
    FAULT_AT,
    FAULT_REPEATED,
    FAULT_FOR,
    FAULT_TARGET(NODES_OR_LINKS),
    {.name = "add",
     .help = "how much longer each packet takes",
     .kind = PARAM_DURATION,
     .offset = offsetof(struct fault_keys, add_ns),
     .value_max = TIME_MAX,
     .required = true},
    PARAM_END,
};
static const struct param slow_params[] = {
    FAULT_AT,
    FAULT_REPEATED,
    FAULT_FOR,
    FAULT_TARGET(NODES),
    {.name = "factor",
     .help = "how many times as long the nodes' work takes",
     .kind = PARAM_REAL,
     .offset = offsetof(struct fault_keys, factor),
     .real_min = 1,
     .real_max = 1000000,
     .required = true},
    PARAM_END,
};

static const struct param byzantine_params[] = {
    FAULT_AT,
    FAULT_REPEATED,
    FAULT_FOR,
    FAULT_TARGET(NODES),
    {.name = "behaviour",
     .help = "what the nodes do; `describe` of a layer's type shows what it has",
     .kind = PARAM_STRING,
     .offset = offsetof(struct fault_keys, behaviour),
     .required = true},
    {.name = "share",
     .help = "in what share of the cases",
     .kind = PARAM_RATIO,
     .offset = offsetof(struct fault_keys, share),
     .value_default = INT64_C(1000000000000),
     .value_max = INT64_C(1000000000000)},
    PARAM_END,
};

const struct param_variant fault_variants[] = {
    {"crash", "target nodes stop and lose their timers", crash_params, sizeof(struct fault_keys)},
    {"restart", "target nodes come up again", restart_params, sizeof(struct fault_keys)},
    {"partition", "nodes of different groups cannot reach each other", partition_params,
     sizeof(struct fault_keys)},
    {"cut", "packets on target links or of target nodes are dropped", cut_params,
     sizeof(struct fault_keys)},
    {"loss", "packets on target links or of target nodes are dropped with a probability",
     loss_params, sizeof(struct fault_keys)},
    {"delay", "packets on target links or of target nodes take longer", delay_params,
     sizeof(struct fault_keys)},
    {"slow", "work of target nodes takes longer", slow_params, sizeof(struct fault_keys)},
    {"byzantine", "target nodes lie in a way that a layer has", byzantine_params,
     sizeof(struct fault_keys)},
    {NULL, NULL, NULL, 0},
};

/* --- The top level --- */

const struct param scenario_params[] = {
    {.name = "$schema",
     .help = "for editors; ignored",
     .kind = PARAM_STRING,
     .offset = offsetof(struct scenario_top, schema)},
    {.name = "version",
     .help = "version of the scenario's format: 1",
     .kind = PARAM_INTEGER,
     .offset = offsetof(struct scenario_top, version),
     .value_min = 1,
     .value_max = 1,
     .required = true},
    {.name = "name",
     .help = "name of the experiment, and of its folder of results; absent: the file's name",
     .kind = PARAM_STRING,
     .offset = offsetof(struct scenario_top, name)},
    {.name = "include",
     .help = "scenarios that this one changes, in order (RFC 7396), beside this file",
     .kind = PARAM_LIST,
     .item_kind = PARAM_STRING,
     .offset = offsetof(struct scenario_top, include)},
    {.name = "seed",
     .help = "seed of all randomness; beyond 2^53 - 1 as a string",
     .kind = PARAM_SEED,
     .offset = offsetof(struct scenario_top, seed),
     .value_default = 1},
    {.name = "replications",
     .help = "how many runs a sweep makes of each point, each with streams of its own",
     .kind = PARAM_INTEGER,
     .offset = offsetof(struct scenario_top, replications),
     .value_default = 1,
     .value_min = 1,
     .value_max = 1000000},
    {.name = "duration",
     .help = "simulated time of the run",
     .kind = PARAM_DURATION,
     .offset = offsetof(struct scenario_top, duration_ns),
     .value_min = 1,
     .value_max = TIME_MAX,
     .required = true},
    {.name = "warmup",
     .help = "time at the start that statistics leave out",
     .kind = PARAM_DURATION,
     .offset = offsetof(struct scenario_top, warmup_ns),
     .value_max = TIME_MAX},
    {.name = "network",
     .help = "links between nodes",
     .kind = PARAM_OBJECT,
     .offset = offsetof(struct scenario_top, network),
     .fields = network_params},
    {.name = "faults",
     .help = "what breaks, and when",
     .kind = PARAM_LIST,
     .item_kind = PARAM_VARIANT,
     .offset = offsetof(struct scenario_top, faults),
     .variants = fault_variants},
    {.name = "properties",
     .help = "what to check: names, or {\"type\": NAME, \"within\": TIME}; absent: all usual ones",
     .kind = PARAM_JSON,
     .offset = offsetof(struct scenario_top, properties)},
    {.name = "sweep",
     .help = "{\"product\": {PATH: [values] or {\"from\", \"to\", \"points\", \"scale\"}}}",
     .kind = PARAM_JSON,
     .offset = offsetof(struct scenario_top, sweep)},
    {.name = "log",
     .help = "which events are kept",
     .kind = PARAM_CHOICE,
     .offset = offsetof(struct scenario_top, log),
     .choices = log_choices,
     .choice_helps = log_helps},
    PARAM_END,
};

/* --- Layers --- */

static const char *const build_order[] = {"chain",  "spread", "state",   "messaging",
                                          "ledger", "atomic", "workload"};

bool scenario_layer_is_list(const char *layer_name)
{
    return strcmp(layer_name, "workload") == 0;
}

const struct model *scenario_model(const char *layer_name, const char *type)
{
    for (size_t i = 0; model_registry[i] != NULL; i++) {
        const struct model *model = model_registry[i];
        if (strcmp(model->layer_name, layer_name) == 0 &&
            (type == NULL || strcmp(model->name, type) == 0))
            return model;
    }
    return NULL;
}

void scenario_layer_names(const char *ret_names[SCENARIO_LAYERS_MAX + 1])
{
    size_t count = 0;
    for (size_t i = 0; i < SCENARIO_LAYERS_MAX; i++) {
        if (scenario_model(build_order[i], NULL) != NULL)
            ret_names[count++] = build_order[i];
    }
    ret_names[count] = NULL;
}
