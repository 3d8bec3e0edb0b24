#ifndef ANALYSIS_MEASURE_H
#define ANALYSIS_MEASURE_H

/* The numbers of one run, each with a stable name. report lays them side by side; whoever compares
 * runs uses the same names. Values are in base units: s, B, 1/s, shares out of 1. */

#include "analysis/run_data.h"

#include <stdbool.h>
#include <stddef.h>

enum measure_section {
    MEASURE_RUN,
    MEASURE_LATENCY,
    MEASURE_TX,
    MEASURE_MESSAGES,
    MEASURE_LOAD,
    MEASURE_CHAINS,
    MEASURE_VALIDATORS, /* only where chains have individual validators */
    MEASURE_REPAIR,     /* only where missing shreds were asked for */
    MEASURE_CHECKS,
    MEASURE_HOPS,
    MEASURE_FEES, /* only where messages paid */
    MEASURE_COST,
    MEASURE_KINDS, /* from here on rows are in order of their names */
    MEASURE_COUNTERS,
    MEASURE_SECTIONS
};

enum measure_unit {
    MEASURE_COUNT, /* things, whole in one run */
    MEASURE_SECONDS,
    MEASURE_BYTES,
    MEASURE_PER_SECOND,
    MEASURE_SHARE,
    MEASURE_RATIO, /* a number without a unit that need not be whole */
    MEASURE_YES    /* 1 = yes, 0 = no */
};

struct measure {
    char *name;  /* "latency_p99": stable, in --metric, --json and --csv */
    char *label; /* "all p99" */
    double value;
    enum measure_section section;
    enum measure_unit unit;
    bool absent_is_zero; /* a run that lacks it and has others of its section has 0 */
};

struct measures {
    struct measure *items; /* in the order they are to be shown */
    size_t count, capacity;
};

/* A run is saturated when it carries less than MEASURE_CARRIED_MIN of the offered load, or when the
 * queues of all chains together grow in the second half (run_queue_growth at MEASURE_ALPHA). A
 * chain is named when its own queue grows at MEASURE_ALPHA shared out over the chains. */
#define MEASURE_CARRIED_MIN 0.95
#define MEASURE_ALPHA 0.001

struct saturation {
    double offered_per_s, carried_per_s;             /* NAN when nothing was offered */
    double queue_mean, queue_end, queue_slope_per_s; /* NAN when there are no samples */
    bool of_messages; /* the load is messages, because the run has no transactions */
    bool starved, grows, growth_tested;
    size_t growing_count; /* of chains */
    char *growing;        /* "shard:3, shard:7 and 4 more"; NULL for none */
};

/* The chains that are at their block limits and cannot keep up, the one for which most waits first:
 * those of run->full for which what waits grows at MEASURE_ALPHA shared out over them. */
enum { MEASURE_WORST_MAX = 6 };
struct congestion {
    size_t full;      /* chains whose blocks were full, half of them or more */
    size_t saturated; /* of these: what waits for them grows */
    size_t count;     /* of worst */
    struct congested {
        const char *name;                                        /* lives as long as the run */
        double share, backlog_per_s, waiting_per_s, queue_per_s; /* NAN: not known */
        bool saturated;
    } worst[MEASURE_WORST_MAX];
};
struct congestion measure_congestion(const struct run_data *run);

/* measure_run returns everything measured in a run; measure_free frees it. A class without messages
 * has no rows. */
struct measures measure_run(const struct run_data *run);
void measure_free(struct measures *measures);

/* measure_add appends a number. The name is copied, the label a format. */
__attribute__((format(printf, 6, 7))) void
measure_add(struct measures *measures, enum measure_section section, enum measure_unit unit,
            double value, const char *name, const char *label_format, ...);

/* measure_absent_is_zero says of the number appended last that runs leave it out where it is 0, as
 * packets of a kind that was never sent: means over runs count it as 0. */
void measure_absent_is_zero(struct measures *measures);

/* measure_spread appends what is measured of blocks on their way to validators and of repair. */
void measure_spread(struct measures *measures, const struct run_data *run);

/* measure_saturation tells whether the run kept up; the caller frees ret.growing. */
struct saturation measure_saturation(const struct run_data *run);

/* measure_section_title: "message latency, created to delivered". */
const char *measure_section_title(enum measure_section section);

#endif
