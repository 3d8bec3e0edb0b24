#ifndef ANALYSIS_RUN_QUEUE_H
#define ANALYSIS_RUN_QUEUE_H

/* Queue lengths over time: the rows of `sample` named "queue". A queue keeps its length until its
 * next sample, so means are integrals of a step function, not averages of samples. */

#include "analysis/database.h"
#include "analysis/interval.h"
#include "analysis/run_data.h"

/* run_queue_load fills run->queues and run->queue_total. 0, or -1 with the reason. */
int run_queue_load(sqlite3 *database, struct run_data *run, struct database_error *ret_error);
void run_queue_free(struct run_data *run);

/* run_queue_add appends a sample; of two at one instant the last counts. */
void run_queue_add(struct run_queue *queue, int64_t t_ns, int64_t value);

/* run_queue_mean is the mean length over [from_ns, to_ns); NAN without a sample before to_ns. */
double run_queue_mean(const struct run_queue *queue, int64_t from_ns, int64_t to_ns);

/* run_queue_peak is the greatest length at or after from_ns; 0 when there is no sample. */
int64_t run_queue_peak(const struct run_queue *queue, int64_t from_ns);

/* run_queue_drain_s is the time from the (last) greatest length until the queue was empty for the
 * first time after it, in seconds; NAN when it never was, or has no samples. */
double run_queue_drain_s(const struct run_queue *queue);

/* run_queue_at is the length at t_ns; 0 before the first sample. O(log n). */
int64_t run_queue_at(const struct run_queue *queue, int64_t t_ns);

enum { RUN_QUEUE_BATCHES = 10 };

/* run_queue_growth tests the means of 10 equal batches of the second half of the run, from the end
 * of the warm-up on where that is later, with interval_growth at `alpha`; fewer batches when there
 * are fewer samples. Slope a second. */
struct growth run_queue_growth(const struct run_queue *queue, int64_t warmup_ns, int64_t end_ns,
                               double alpha);

#endif
