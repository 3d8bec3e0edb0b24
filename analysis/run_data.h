#ifndef ANALYSIS_RUN_DATA_H
#define ANALYSIS_RUN_DATA_H

/* What report and plot need of one run, read once from its database into memory. Times are ns.
 * "Counted" rows are those created (messages) or submitted (transactions) at or after the end of
 * the warm-up. Latencies are sorted. Memory: 24 bytes a counted message, 16 a counted transaction,
 * 16 a sample of a queue. */

#include "analysis/database.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Classes of messages: INTRA stay on their chain, CROSS go to another one; SLOW and INSTANT are the
 * CROSS ones by the path that delivered them (messages of ideal messaging have neither path). */
enum run_class { RUN_INTRA, RUN_SLOW, RUN_INSTANT, RUN_CROSS, RUN_ALL, RUN_CLASSES };
/* Classes of transactions by the number of chains they touch. */
enum run_tx_class { RUN_TX_ONE, RUN_TX_SEVERAL, RUN_TX_ALL, RUN_TX_CLASSES };

enum { RUN_HOPS_MAX = 256 };

struct run_latencies {
    int64_t *ns; /* ascending */
    size_t count, capacity;
};

struct run_param {
    char *path; /* JSON Pointer */
    char *text; /* NULL where the value has none */
    double number;
    bool swept;
};

struct run_metric { /* of the whole run: entity -1 */
    char *name, *unit;
    double value;
};

struct run_finding { /* a violation, or a fault in words */
    char *text;
    int64_t from_ns, to_ns; /* to_ns: -1 = none */
};

struct run_span {                     /* a message from creation to delivery, counted or not */
    int64_t created_ns, delivered_ns; /* delivered_ns: -1 = not by the end */
};

struct run_point {
    int64_t t_ns, value;
};

struct run_queue { /* the `queue` samples of one chain, ascending in time */
    int64_t entity;
    char *name;
    struct run_point *points;
    size_t count, capacity;
};

struct run_full_chain { /* see run_full.h */
    int64_t entity;
    char *name;
    double full, blocks;      /* final blocks that were full, and all */
    struct run_queue backlog; /* messages in view that it left where they are; without a name */
    struct run_queue waiting; /* transactions submitted and in no block; without a name */
};

/* Messages from one chain to another that are not delivered at the end, created before the last
 * tenth of the run. */
struct run_full_pair {
    char *source, *destination;
    double count;
    int64_t oldest_ns; /* when the first of them was created */
};

struct run_full {
    struct run_full_chain *chains; /* ascending by entity */
    size_t count, capacity;
    struct run_full_pair *pairs; /* the largest first */
    size_t pair_count, pair_capacity;
};

/* Shares of a chain's stake that a block has reached. */
enum run_reach { RUN_REACH_50, RUN_REACH_90, RUN_REACH_99, RUN_REACHES };

/* USEFUL and DUPLICATE are answers with a shred that was, or was no longer, missing. */
enum run_repair_kind {
    RUN_REPAIR_REQUESTS,
    RUN_REPAIR_ANSWERS,
    RUN_REPAIR_USEFUL,
    RUN_REPAIR_DUPLICATE,
    RUN_REPAIR_KINDS
};

struct run_second { /* what repair did in one second of simulated time, all chains together */
    int64_t second; /* 0: the first one */
    double count[RUN_REPAIR_KINDS];
};

struct run_spread { /* see run_spread.h */
    struct run_latencies reached[RUN_REACHES], final_time, repaired;
    struct run_second *seconds; /* ascending */
    size_t second_count, second_capacity;
    size_t validators; /* nodes */
};

struct run_data {
    char *path; /* of the file */
    char *run_key, *config_hash, *result_hash, *experiment, *measurement, *status;
    char *program_version, *git_rev;
    int64_t replication, seed, sim_end_ns, warmup_ns, n_events;

    struct run_latencies latency[RUN_CLASSES];
    size_t
        hops[RUN_HOPS_MAX + 1]; /* delivered cross-shard messages, counted; last = that or more */
    double hops_sum;
    double fee_by_hops[RUN_HOPS_MAX + 1]; /* paid by those, summed */
    size_t created, delivered, in_flight,
        lost;                   /* counted messages; in_flight may be created late */
    size_t delivered_in_window; /* delivered after the warm-up */
    size_t delivered_whole_run;
    double fee_sum; /* of counted messages that were delivered */

    struct run_span *spans; /* of all messages, as the table has them */
    size_t span_count, span_capacity;

    struct run_latencies tx_latency[RUN_TX_CLASSES];
    size_t tx_submitted, tx_final_in_window, tx_aborted, tx_pending, tx_lost; /* after warm-up */

    struct run_param *params;
    size_t param_count, param_capacity;
    struct run_metric *metrics;
    size_t metric_count, metric_capacity;
    struct run_finding *violations, *faults;
    size_t violation_count, violation_capacity, fault_count, fault_capacity;
    struct run_queue *queues; /* ascending by entity */
    size_t queue_count, queue_capacity;
    struct run_full full;         /* chains whose blocks were full: run_full.h */
    struct run_queue queue_total; /* the rows of entity -1, else the sum over the chains */
    struct run_spread spread;     /* blocks on their way to validators, and repair */
    struct run_queue shards;      /* living shards of all workchains; empty where they stay */
};

/* run_data_load reads the database at `path`. Returns the run, which the caller frees with
 * run_data_free, or NULL with the reason in ret_error. */
struct run_data *run_data_load(const char *path, bool partial, struct database_error *ret_error);
void run_data_free(struct run_data *run);

/* run_data_add_ns appends a time; the caller sorts when all are there. */
void run_data_add_ns(struct run_latencies *latencies, int64_t ns);

/* run_data_metric returns the value of a metric, NAN when the run has none of that name. */
double run_data_metric(const struct run_data *run, const char *name);

/* run_data_param returns the parameter at a JSON Pointer, NULL when the run has none. */
const struct run_param *run_data_param(const struct run_data *run, const char *pointer);

/* run_data_window_s is the measured time: the end of the run less the warm-up, in seconds. */
double run_data_window_s(const struct run_data *run);

/* run_data_class_name: "intra-shard", "slow", "instant", "cross-shard", "all". */
const char *run_data_class_name(enum run_class message_class);

#endif
