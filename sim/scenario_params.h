#ifndef SIM_SCENARIO_PARAMS_H
#define SIM_SCENARIO_PARAMS_H

/* The scenario's own keys as tables: the top level, `network` (network_config.h) and the types of
 * fault. Layer sections are not in it: their keys come from the model registry. describe, schema,
 * --set and sweep use the same tables as the reader. */

#include <stdbool.h>
#include <stdint.h>

#include "sim/network_config.h"
#include "sim/param.h"

struct scenario_top { /* what the top level's table fills */
    int64_t version, replications, duration_ns, warmup_ns, log;
    uint64_t seed;
    const char *schema, *name;
    struct param_list include; /* char * */
    struct network_config network;
    struct param_list faults;       /* struct param_variant_value of struct fault_keys */
    const struct cJSON *properties; /* names, or {"type", "within"}: scenario_properties.c */
    const struct cJSON *sweep;      /* {"product": {PATH: values}}: scenario_sweep.c       */
};

struct fault_keys { /* of any type; those that a type does not have stay 0 */
    int64_t at_ns, for_ns, every_ns, from_ns, to_ns; /* -1: absent */
    const struct cJSON *target, *groups;
    int64_t rate, add_ns;
    double factor;
    const char *behaviour;
    int64_t share;
};

extern const struct param scenario_params[];        /* PARAM_END-terminated */
extern const struct param_variant fault_variants[]; /* in the order of enum fault_type */

/* scenario_layer_names lists the layers of the registry in build order, NULL-terminated: "chain",
 * "spread", "state", "messaging", "ledger", "atomic", "workload", as far as they are there. */
enum { SCENARIO_LAYERS_MAX = 7, SCENARIO_WORKLOADS_MAX = 10 };
void scenario_layer_names(const char *ret_names[SCENARIO_LAYERS_MAX + 1]);

/* scenario_layer_is_list is true for `workload`, whose section is an array. */
bool scenario_layer_is_list(const char *layer_name);

struct model;
/* scenario_model finds a model by layer and type; type NULL = the layer's first. NULL = none. */
const struct model *scenario_model(const char *layer_name, const char *type);

#endif
