#ifndef SIM_SWARM_COVERAGE_H
#define SIM_SWARM_COVERAGE_H

/* What the runs of a swarm have covered: how often each choice was taken, the range of each number,
 * how many runs had which fault. */

#include <stdint.h>
#include <stdio.h>

#include "sim/fault.h"
#include "sim/swarm_plan.h"

enum { SWARM_CHOICES_MAX = 16, SWARM_FAULT_KINDS = FAULT_TYPES };

struct swarm_cover {
    int64_t low, high;                   /* of a number */
    uint32_t numbers;                    /* runs in which it was a number at all */
    uint32_t choices[SWARM_CHOICES_MAX]; /* by choice, false and true, variant, distribution */
};

struct swarm_coverage {
    const struct swarm_plan *plan;
    struct swarm_cover *slots; /* as the plan's */
    uint32_t runs, faults[SWARM_FAULT_KINDS];
};

void swarm_coverage_make(const struct swarm_plan *plan, struct swarm_coverage *ret_coverage);
void swarm_coverage_free(struct swarm_coverage *coverage);

/* swarm_coverage_add counts a drawn scenario. */
void swarm_coverage_add(struct swarm_coverage *coverage, const struct cJSON *document);

/* swarm_coverage_print writes a line for each parameter and one for the faults. */
void swarm_coverage_print(const struct swarm_coverage *coverage, FILE *out);

/* swarm_coverage_json is an object of the same. The caller owns it. */
struct cJSON *swarm_coverage_json(const struct swarm_coverage *coverage);

#endif
