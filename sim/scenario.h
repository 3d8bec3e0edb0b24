#ifndef SIM_SCENARIO_H
#define SIM_SCENARIO_H

/* A scenario: JSON text in, typed config structs out, or all of its problems at once.
 *
 * Steps of a load: strict RFC 8259 scan (places of every key and value) -> cJSON -> includes
 * (RFC 7396, in order) -> --set -> sweep point -> the parameter tables of the top level, network,
 * faults, properties and of every layer's chosen model -> cross-field checks -> effective scenario
 * with every default written out -> hashes. The result is immutable and owns all texts. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/fault.h"
#include "sim/log.h"
#include "sim/network_config.h"

struct diagnostics;
struct model;

struct scenario_layer {
    const struct model *model;
    const void *config; /* model->config_bytes, filled */
    char pointer[32];   /* "/messaging", "/workload/0" */
    uint8_t slot;       /* the layer's number; workloads count up from theirs */
};

struct scenario_property {
    const char *name;
    uint64_t within_ns; /* 0 = none */
    char pointer[32];
};

struct scenario {
    const char *path, *name; /* name: key "name", else the file's base name without .json */
    uint64_t seed, replications, duration_ns, warmup_ns;
    enum log_level log;
    struct network_config network;
    struct scenario_layer layers[16]; /* in build order: chain, spread, state, messaging, ledger,
                                         atomic, workloads */
    uint32_t layer_count;
    struct fault_plan faults;
    const struct scenario_property *properties; /* what to check */
    uint32_t property_count;
    bool properties_given; /* false: check all that are PROPERTY_ALWAYS */
    uint64_t config_hash;
    char *effective;      /* canonical JSON, one line: every default written out, base units */
    uint32_t point_count; /* sweep points; 0 without a sweep */
    struct scenario_private *private_part;
};

struct scenario_options {
    const char *const *sets; /* "PATH=VALUE", NULL-terminated; NULL = none */
    int64_t point;           /* -1 = the base point */
    const uint64_t *seed;    /* NULL = the scenario's */
    bool every_point;        /* also read every sweep point (up to 10000), for `check` */
};

/* scenario_load reads a file ("-" = stdin). Returns 0, or -1 with diagnostics; *ret_scenario is
 * then NULL. With errors in a swept point the diagnostics name the point. An input file that cannot
 * be opened gives code E500 (exit 7 for the command), a missing include E501. */
int scenario_load(const char *path, const struct scenario_options *options,
                  struct diagnostics *diagnostics, struct scenario **ret_scenario);

/* scenario_load_text is scenario_load on a text (not NUL-terminated); for tests and fuzzers. */
int scenario_load_text(const char *name, const char *text, size_t bytes,
                       const struct scenario_options *options, struct diagnostics *diagnostics,
                       struct scenario **ret_scenario);

/* scenario_free frees a scenario, NULL too. The diagnostics of its load hold places as copies, but
 * must not be added to afterwards. */
void scenario_free(struct scenario *scenario);

/* scenario_run_key = hash of (config_hash, seed, replication, model versions of layers used). */
uint64_t scenario_run_key(const struct scenario *scenario, uint64_t replication);

/* scenario_model_version lists layer.type=version of the layers used, for the run table. */
void scenario_model_version(const struct scenario *scenario, char *ret_text, size_t bytes);

/* scenario_each_param visits every value of the effective scenario in pointer order. number is NAN
 * for what is no number; origin is "default", "file:line", "--set" or "point N". */
typedef void scenario_visit(void *context, const char *pointer, const char *text, double number,
                            const char *unit, bool swept, const char *origin);
void scenario_each_param(const struct scenario *scenario, scenario_visit *visit, void *context);

#endif
