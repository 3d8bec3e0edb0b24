#ifndef ANALYSIS_GROUP_H
#define ANALYSIS_GROUP_H

/* Runs sorted into groups, which become the columns of a report and the series of a figure. The
 * runs of a group are its replications. */

#include "analysis/database.h"
#include "analysis/run_data.h"

#include <stdbool.h>

struct group {
    char *label; /* "slow", "slow, 256" */
    const struct run_data **runs;
    size_t count, capacity;
};

struct grouping {
    struct group *groups;
    size_t count, capacity;
    char *by; /* what tells the groups apart, in words: "messaging.path" */
};

/* group_runs sorts `count` runs into groups. by = NULL: runs of one configuration are one group,
 * named by the parameters in which the groups differ (at most two), else by experiment or file.
 * by = "run": each run alone. Otherwise a comma-separated list of parameters, as messaging.path or
 * /messaging/path; seed, replication and experiment are known too. Numbers ascend, slow comes
 * before instant before both, other texts are in order of bytes. Returns 0, or -1 with the reason
 * in ret_error when no run has a parameter of that name. The runs must outlive the grouping. */
int group_runs(struct run_data *const *runs, size_t count, const char *by,
               struct grouping *ret_grouping, struct database_error *ret_error);
/* group_describes says whether a parameter describes a run rather than names or repeats it, as
 * seed, name and log do. */
bool group_describes(const char *pointer);

void group_free(struct grouping *grouping);

#endif
