#ifndef SIM_SWARM_FINDINGS_H
#define SIM_SWARM_FINDINGS_H

/* What a swarm has found, and how it is told: findings of the same property or assertion are one
 * group, whose first run is minimised and written as a scenario. */

#include <stdbool.h>
#include <stdint.h>

#include "sim/swarm_run.h"

struct cJSON;
struct swarm_plan;

struct swarm_finding {
    uint64_t run;
    struct swarm_outcome *outcome; /* a copy */
};

struct swarm_findings {
    struct swarm_finding *list;
    uint32_t count, capacity;
};

struct swarm_report { /* how to minimise and where to write */
    const struct swarm_plan *plan;
    const char *scenario_path, *folder;
    const char *const *sets;
    bool keep_all; /* also write the scenarios as they were drawn */
    bool json;
    uint64_t seed, orders_every, max_wall_ns;
    struct swarm_child *child; /* to run with */
    const volatile int *stop;
};

/* swarm_findings_add copies an outcome. */
void swarm_findings_add(struct swarm_findings *findings, uint64_t run,
                        const struct swarm_outcome *outcome);
uint32_t swarm_findings_of(const struct swarm_findings *findings, enum swarm_kind kind);
void swarm_findings_free(struct swarm_findings *findings);

/* swarm_findings_report sorts the findings by run, minimises the first of each group, writes files
 * and prints. Returns false when a file could not be written; stderr says which. */
bool swarm_findings_report(struct swarm_findings *findings, const struct swarm_report *report);

/* swarm_findings_json_summary prints the last line of --json; consumes `drawn`. */
void swarm_findings_json_summary(const struct swarm_findings *findings, uint64_t runs,
                                 uint64_t redrawn, uint64_t refused, struct cJSON *drawn);

#endif
