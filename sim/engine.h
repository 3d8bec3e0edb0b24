#ifndef SIM_ENGINE_H
#define SIM_ENGINE_H

/* One run: a pure function of (scenario, seed, replication, model versions).
 *
 * engine_run builds the world from the scenario, starts every layer, pops events in key order until
 * the end, a limit, a signal or a violation, writes rows to the log it was given, asks the layers
 * for their reports and tears everything down. Nothing is global: two runs may live in one process
 * (not in two threads that share a log). */

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "sim/model.h"

struct diagnostics;
struct log;
struct queue_type;
struct scenario;

struct engine_progress {
    uint64_t now_ns, end_ns, events;
};

struct engine_options {
    const struct queue_type *queue; /* NULL = the fast one */
    uint64_t replication;
    uint64_t until_ns;         /* 0 = to the scenario's duration */
    uint64_t max_events;       /* 0 = no limit; exact */
    uint64_t max_memory_bytes; /* 0 = no limit; counted bytes; acts between instants */
    uint64_t max_wall_ns;      /* 0 = no limit; acts between instants */
    /* 0 = one queue. Else a queue a group, and within each window of the least link latency the
     * groups run one after the other in an order drawn from this number: the result hash must not
     * change. Ignored when the least latency is 0. The log's seq is then no total order. */
    uint64_t group_order;
    struct log *log;                            /* NULL = none; not closed by the engine */
    const volatile sig_atomic_t *signal_number; /* non-zero stops the run between instants */
    void (*progress)(void *context, const struct engine_progress *progress);
    void *progress_context;
};

enum engine_status {
    ENGINE_OK,
    ENGINE_LIMIT,       /* --until or a --max-* stopped it */
    ENGINE_INTERRUPTED, /* a signal */
    ENGINE_VIOLATION,   /* a property did not hold */
    ENGINE_LOG_FAILED   /* the database could not be written */
};

extern const char *const engine_status_names[]; /* as in run.status */

struct engine_result {
    enum engine_status status;
    uint64_t sim_end_ns, events, rows;
    uint64_t result_hash[2]; /* high word first */
    uint32_t nodes, properties_checked, groups;
    uint64_t memory_peak_bytes, lookahead_ns;
    char limit[160];     /* what stopped it, in words */
    char violation[512]; /* the first one: "property at event N, t: text" */
    uint64_t violation_event;
    /* Totals that the summary prints; 0 where no layer counts them. */
    uint64_t packets, packet_bytes, packets_dropped;
    /* For engine_counter: the models by slot (NULL = none), and what they counted. */
    const struct model *model[SLOT_MAX];
    int64_t counters[SLOT_MAX][COUNTERS_MAX];
};

/* engine_run returns 0 and fills *ret_result, or -1 with diagnostics when the world cannot be built
 * from the scenario (impossible pairs, fault targets that do not exist). */
int engine_run(const struct scenario *scenario, const struct engine_options *options,
               struct diagnostics *diagnostics, struct engine_result *ret_result);

/* engine_check builds the world, resolves the faults and tears it down: every problem that a run
 * would refuse to start with. Returns 0, or -1 with diagnostics. */
int engine_check(const struct scenario *scenario, struct diagnostics *diagnostics);

/* A role of the world and how many nodes have it: fault targets are "name:0" to "name:count-1". */
struct engine_role {
    char name[32];
    uint32_t count;
};
enum { ENGINE_ROLES_MAX = 16 };

/* engine_roles builds the world like engine_check and lists its roles, in the order in which the
 * layers named them. Returns how many, or -1 with diagnostics. */
int engine_roles(const struct scenario *scenario, struct diagnostics *diagnostics,
                 struct engine_role ret_roles[ENGINE_ROLES_MAX]);

/* engine_counter looks up a counter of a run, for tests and the summary: "messaging",
 * "messages_sent"; the sum where several models of a layer have it. 0 when unknown. */
int64_t engine_counter(const struct engine_result *result, const char *layer, const char *metric);

#endif
