#ifndef SIM_SWARM_SHRINK_H
#define SIM_SWARM_SHRINK_H

/* Makes the scenario of a finding as small as it can while it stays the same finding: faults go one
 * by one, parameters go back to the base's values one by one, sizes and the duration are halved.
 * Deterministic: one candidate after the other, a limited number of them. */

#include <stdbool.h>
#include <stdint.h>

#include "sim/swarm_run.h"

struct swarm_shrunk {
    char *text; /* canonical JSON; owned by the caller */
    uint32_t tried, faults_before, faults_after, changes_before, changes_after;
    struct swarm_outcome *outcome; /* of the minimal scenario; owned by the caller */
};

/* swarm_shrink minimises `finding`; `task` says how to run, `child` is used for it. *stop non-zero
 * ends it with what was reached so far. */
void swarm_shrink(const struct swarm_task *task, const struct swarm_outcome *finding,
                  struct swarm_child *child, const volatile int *stop,
                  struct swarm_shrunk *ret_shrunk);

#endif
