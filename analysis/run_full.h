#ifndef ANALYSIS_RUN_FULL_H
#define ANALYSIS_RUN_FULL_H

/* The chains of a run whose blocks were full, what waits for them, and who. A block is full when it
 * refused something; a chain is listed when at least half of its final blocks were. What waits for
 * a chain is what it had in view and left in its neighbours' queues (the series "backlog"), and the
 * transactions that were submitted to it and are in no block yet. */

#include "analysis/database.h"
#include "analysis/run_data.h"

/* Half of the blocks: a chain that is full now and then only has a busy hour. */
#define RUN_FULL_SHARE_MIN 0.5

/* run_full_load fills run->full. 0, or -1 with the reason. */
int run_full_load(sqlite3 *database, struct run_data *run, struct database_error *ret_error);
void run_full_free(struct run_data *run);

/* What one chain's growth says: a second, of messages and transactions that wait for it. */
struct run_full_growth {
    double share;                                     /* of its blocks that were full */
    double backlog_per_s, waiting_per_s, queue_per_s; /* NAN: too few samples to say */
    bool saturated; /* what waits for it grows, at the level alpha */
};
struct run_full_growth run_full_growth(const struct run_data *run,
                                       const struct run_full_chain *chain, double alpha);

#endif
