#ifndef SIM_SWEEP_JOBS_H
#define SIM_SWEEP_JOBS_H

/* The processes of a sweep: this very program with the command `run`, one a run, at most so many at
 * a time. What a run did is read from its database, never from its exit code alone. A signal to the
 * sweep is passed on; when the sweep is killed, its runs stop as if by SIGTERM. */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "sim/sweep_plan.h"

enum { SWEEP_JOBS_MAX = 1024 };

struct sweep_job {
    pid_t pid;    /* 0 = free */
    int errors;   /* what it writes on stderr, a file without a name; -1 = on ours */
    uint32_t run; /* its index in the plan */
};

struct sweep_jobs {
    const char *scenario_path;
    const char *const *sets; /* NULL-terminated */
    struct sweep_plan *plan;
    uint32_t at_once; /* 1 to SWEEP_JOBS_MAX */
    bool retry_failed;

    struct sweep_job jobs[SWEEP_JOBS_MAX];
    uint32_t running, to_do, finished, failed;
    double started;
    int signal; /* that stopped it; 0 = none */
};

/* sweep_jobs_is_due says whether a run is to be made. */
bool sweep_jobs_is_due(const struct sweep_jobs *jobs, const struct sweep_run *run);

/* sweep_jobs_run makes all runs that are due. Progress and what went wrong go to stderr. The states
 * in the plan are then those of the files. */
void sweep_jobs_run(struct sweep_jobs *jobs);

#endif
