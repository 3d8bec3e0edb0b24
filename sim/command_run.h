#ifndef SIM_COMMAND_RUN_H
#define SIM_COMMAND_RUN_H

/* `shardsim run`: one scenario, one run, one database. */

#include <argp.h>
#include <stdbool.h>
#include <stdint.h>

#include "sim/engine.h"

struct scenario;

/* What the command line of `run` asks for. */
struct run_request {
    const char *scenario_path, *output_path; /* output NULL = results/NAME/RUN_KEY.db */
    const char *sets[65];                    /* NULL-terminated */
    uint32_t set_count;
    int64_t point;
    uint64_t seed, replication, until_ns, max_wall_ns, max_memory_bytes, max_events, group_order;
    const struct queue_type *queue;
    int log_level; /* -1 = the scenario's */
    bool has_seed, dry_run, force;
    int progress; /* enum run_progress */
    char command_line[4096]; /* cut when longer */
};

enum run_progress { PROGRESS_AUTO, PROGRESS_BAR, PROGRESS_PLAIN, PROGRESS_NONE };

int command_run(int argc, char **argv);
extern const struct argp_option command_run_options[];

/* run_progress_show draws the state of a run on stderr at most five times a second. */
struct run_progress_state {
    uint64_t started_ns, shown_ns;
    int mode, shown_percent;
};
void run_progress_show(void *state, const struct engine_progress *progress);
void run_progress_end(struct run_progress_state *state);

/* run_summary_print writes the lines that end a run; figures come from the database at `path`,
 * which is whole. */
void run_summary_print(const struct scenario *scenario, const struct run_request *request,
                       const struct engine_result *result, double wall_s, const char *path,
                       uint64_t file_bytes);

/* run_dry prints what a run would need, measured on a pilot of at most one second. */
int run_dry(const struct scenario *scenario, const struct run_request *request);

/* run_number writes 81904113 as "81 904 113" into one of eight static buffers. */
const char *run_number(uint64_t number);

#endif
