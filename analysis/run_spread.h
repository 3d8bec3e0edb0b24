#ifndef ANALYSIS_RUN_SPREAD_H
#define ANALYSIS_RUN_SPREAD_H

/* How blocks reached the validators of their chains, and what repair did. From the series
 * spread_50, spread_90, spread_99 and final_time (one value a block, ns since it was made) and
 * repair_requests, repair_answers, repair_useful and repair_duplicate (the counts of each second of
 * each chain), and from event rows, which are there at the log levels protocol and all:
 * spread.repaired (ns from the first request for a shred until it came).
 *
 * Blocks count that were made at or after the end of the warm-up. The series of repair and its
 * event rows after the warm-up are for rates and times; the seconds themselves are all there. */

#include "analysis/database.h"
#include "analysis/run_data.h"

/* run_spread_load fills run->spread. 0, or -1 with the reason. Event rows are read only where the
 * run has individual validators. */
int run_spread_load(sqlite3 *database, struct run_data *run, struct database_error *ret_error);
void run_spread_free(struct run_data *run);

/* run_spread_sort sorts the times, ascending. */
void run_spread_sort(struct run_data *run);

/* What repair did after the warm-up: whole seconds that begin at or after it, up to the end. */
struct run_repair {
    double seconds;                             /* how many of them; 0: none */
    double count[RUN_REPAIR_KINDS];             /* in them */
    double useful_share, duplicate_share;       /* of answers that brought a shred; NAN: none */
    double requests_per_s, requests_per_node_s; /* NAN: not known */
};
struct run_repair run_spread_repair(const struct run_data *run);

#endif
