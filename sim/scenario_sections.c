#include "sim/scenario_sections.h"

#include <stddef.h>

#include "sim/network_config.h"
#include "sim/scenario_params.h"

static const struct param fault_rows[] = {
    {.name = "faults",
     .help = "what breaks, and when; the keys depend on the type",
     .kind = PARAM_LIST,
     .item_kind = PARAM_VARIANT,
     .variants = fault_variants},
    PARAM_END,
};

static const char *const scales[] = {"linear", "log2", "log10", NULL};
static const struct param range_params[] = {
    {.name = "from", .help = "the first value", .kind = PARAM_JSON, .required = true},
    {.name = "to", .help = "the last value", .kind = PARAM_JSON, .required = true},
    {.name = "points",
     .help = "how many values",
     .kind = PARAM_INTEGER,
     .value_min = 2,
     .value_max = 10000,
     .required = true},
    {.name = "scale", .help = "how they lie", .kind = PARAM_CHOICE, .choices = scales},
    PARAM_END,
};
static const struct param sweep_rows[] = {
    {.name = "product",
     .help = "PATH: a list of values, or a range of them; every combination is a point",
     .kind = PARAM_OBJECT,
     .fields = range_params},
    PARAM_END,
};

const struct scenario_section scenario_sections[] = {
    {"scenario", "the top level; network, faults, sweep and the layers have sections of their own",
     scenario_params, true},
    {"network", "nodes have one uplink queue each; latency, jitter and loss are of ordered pairs",
     network_params, false},
    {"faults", "a list of objects, each by its type", fault_rows, false},
    {"sweep", "which values to go through; a run takes the base point", sweep_rows, false},
    {NULL, NULL, NULL, false},
};
