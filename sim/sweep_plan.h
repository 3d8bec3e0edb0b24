#ifndef SIM_SWEEP_PLAN_H
#define SIM_SWEEP_PLAN_H

/* The runs of a sweep and what is known of each from its file. */

#include <stdbool.h>
#include <stdint.h>

struct diagnostics;

enum sweep_state {
    SWEEP_MISSING,  /* no file, or one that a limit or a signal cut short: to be run */
    SWEEP_DONE,     /* a whole database with status ok */
    SWEEP_FAILED,   /* status violation or failed: run again only when asked to */
    SWEEP_FOREIGN,  /* a file of that name that is no whole database of ours: never touched */
    SWEEP_RUNNING,  /* another process writes it */
    SWEEP_REPEATED, /* an earlier point is the same run: nothing is left to do for it */
    SWEEP_STATES
};

struct sweep_run {
    uint64_t replication, run_key;
    int64_t point; /* -1: the scenario has no sweep */
    bool replace;  /* a file that was cut short is in the way */
    enum sweep_state state;
};

struct sweep_plan {
    char *folder; /* results/NAME */
    struct sweep_run *runs;
    uint32_t count;
    char **labels; /* by point: "messaging.path=slow chain.shards=256" */
    uint32_t label_count;
};

/* sweep_plan_make reads the scenario, every point of it, and the files that are there.
 * `replications` 0 = the scenario's. Returns 0, or -1 with the problems of all points; warnings
 * there may be in both cases. */
int sweep_plan_make(const char *scenario_path, const char *const *sets, uint64_t replications,
                    struct diagnostics *diagnostics, struct sweep_plan *ret_plan);

/* sweep_plan_label is the text of a run's point. */
const char *sweep_plan_label(const struct sweep_plan *plan, const struct sweep_run *run);

/* sweep_plan_path writes the path of a run's database. */
void sweep_plan_path(const struct sweep_plan *plan, const struct sweep_run *run, char *ret_path,
                     unsigned bytes);

/* sweep_plan_look says what a run's file is now. For SWEEP_FOREIGN ret_why, which may be NULL, says
 * what is wrong with the file, for SWEEP_FAILED which property was violated; it is empty otherwise.
 */
enum sweep_state sweep_plan_look(const struct sweep_plan *plan, struct sweep_run *run,
                                 char *ret_why, unsigned why_bytes);

void sweep_plan_free(struct sweep_plan *plan);

#endif
