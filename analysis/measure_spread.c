/* The rows on individual validators and on repair. */

#include "analysis/measure.h"
#include "analysis/quantile.h"
#include "analysis/run_spread.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

struct counter { /* of the layers, shown again where it is looked for */
    const char *metric, *label;
};

static void add_counters(struct measures *measures, enum measure_section section,
                         const struct run_data *run, const struct counter *counters, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        double value = run_data_metric(run, counters[i].metric);
        char name[64];
        snprintf(name, sizeof name, "total_%s", counters[i].metric);
        if (!isnan(value))
            measure_add(measures, section, MEASURE_COUNT, value, name, "%s", counters[i].label);
    }
}

static void add_times(struct measures *measures, enum measure_section section,
                      const struct run_latencies *latencies, const char *name, const char *label)
{
    static const struct {
        const char *name;
        uint32_t p_ppm;
    } points[] = {{"p50", QUANTILE_P50}, {"p90", 900000}, {"p99", QUANTILE_P99}};
    char row[64];
    for (size_t i = 0; i < sizeof points / sizeof points[0] && latencies->count > 0; i++) {
        int64_t ns = quantile_of(latencies->ns, latencies->count, points[i].p_ppm);
        snprintf(row, sizeof row, "%s_%s", name, points[i].name);
        measure_add(measures, section, MEASURE_SECONDS, (double)ns / 1e9, row, "%s, %s", label,
                    points[i].name);
    }
}

/* Refusals are counters whose names tell the reason: "repair_refused_nonce". */
static void add_refusals(struct measures *measures, enum measure_section section,
                         const struct run_data *run, const char *metric, const char *label)
{
    size_t length = strlen(metric);
    for (size_t i = 0; i < run->metric_count; i++) {
        const struct run_metric *refused = &run->metrics[i];
        if (strncmp(refused->name, metric, length) != 0 || refused->value <= 0)
            continue;
        const char *reason = refused->name + length;
        char name[96], words[64];
        snprintf(name, sizeof name, "total_%s", refused->name);
        snprintf(words, sizeof words, "%s", *reason == '_' ? reason + 1 : reason);
        for (char *c = words; *c != '\0'; c++)
            *c = *c == '_' ? ' ' : *c;
        measure_add(measures, section, MEASURE_COUNT, refused->value, name, "%s%s%s, whole run",
                    label, words[0] != '\0' ? ": " : "", words);
        measure_absent_is_zero(measures);
    }
}

/* whole / tried, of whatever turbine alone brought or not. */
static void add_whole(struct measures *measures, const struct run_data *run, const char *tried,
                      const char *whole, const char *name, const char *label)
{
    double of = run_data_metric(run, tried), good = run_data_metric(run, whole);
    if (of > 0 && !isnan(good))
        measure_add(measures, MEASURE_VALIDATORS, MEASURE_SHARE, good / of, name, "%s", label);
}

static void add_validators(struct measures *measures, const struct run_data *run)
{
    static const struct counter counters[] = {
        {"blocks_made", "blocks made, whole run"},
        {"blocks_forking", "of these: not on the newest block"},
        {"slots_skipped", "slots whose leaders could not make a block"},
        {"blocks_final", "blocks final, whole run"},
        {"blocks_orphaned", "blocks orphaned, whole run"},
        {"votes_sent", "votes sent, whole run"},
        {"switches", "votes that left a fork, whole run"},
    };
    static const char *const names[RUN_REACHES] = {"spread_50", "spread_90", "spread_99"};
    static const char *const labels[RUN_REACHES] = {
        "half of the stake has it", "90 % of the stake has it", "99 % of the stake has it"};
    static const char *const delivery[] = {"p50", "p90", "p99"};
    const struct run_spread *spread = &run->spread;
    if (spread->validators == 0)
        return;
    measure_add(measures, MEASURE_VALIDATORS, MEASURE_COUNT, (double)spread->validators,
                "validators", "validators");
    add_counters(measures, MEASURE_VALIDATORS, run, counters, sizeof counters / sizeof counters[0]);
    for (size_t i = 0; i < sizeof delivery / sizeof delivery[0]; i++) {
        char name[48];
        snprintf(name, sizeof name, "block_delivery_%s", delivery[i]);
        double ns = run_data_metric(run, name);
        snprintf(name, sizeof name, "delivery_%s", delivery[i]);
        if (!isnan(ns))
            measure_add(measures, MEASURE_VALIDATORS, MEASURE_SECONDS, ns / 1e9, name,
                        "a validator has it, %s, whole run", delivery[i]);
    }
    for (size_t i = 0; i < RUN_REACHES; i++)
        add_times(measures, MEASURE_VALIDATORS, &spread->reached[i], names[i], labels[i]);
    add_times(measures, MEASURE_VALIDATORS, &spread->final_time, "final_time", "it is final");
    add_whole(measures, run, "sets_tried", "sets_whole", "sets_whole_share",
              "sets of shreds whole by turbine alone");
    add_whole(measures, run, "blocks_tried", "blocks_whole", "blocks_whole_share",
              "blocks whole by turbine alone");
    add_refusals(measures, MEASURE_VALIDATORS, run, "shreds_refused", "shreds refused");
}

static void add_repair(struct measures *measures, const struct run_data *run)
{
    struct run_repair repair = run_spread_repair(run);
    if (repair.seconds > 0) {
        measure_add(measures, MEASURE_REPAIR, MEASURE_PER_SECOND, repair.requests_per_s,
                    "repair_requests_rate", "requests");
        if (!isnan(repair.requests_per_node_s))
            measure_add(measures, MEASURE_REPAIR, MEASURE_PER_SECOND, repair.requests_per_node_s,
                        "repair_requests_node_rate", "requests of a validator");
        if (repair.count[RUN_REPAIR_REQUESTS] > 0)
            measure_add(measures, MEASURE_REPAIR, MEASURE_SHARE,
                        repair.count[RUN_REPAIR_ANSWERS] / repair.count[RUN_REPAIR_REQUESTS],
                        "repair_answered_share", "answers for each request");
        if (!isnan(repair.useful_share)) {
            measure_add(measures, MEASURE_REPAIR, MEASURE_SHARE, repair.useful_share,
                        "repair_useful_share", "shreds that were missing when they came");
            measure_add(measures, MEASURE_REPAIR, MEASURE_SHARE, repair.duplicate_share,
                        "repair_duplicate_share", "shreds that were there already");
        }
    }
    add_times(measures, MEASURE_REPAIR, &run->spread.repaired, "repair_time",
              "from the first request until it came");
    add_refusals(measures, MEASURE_REPAIR, run, "repair_refused", "answers refused");
}

void measure_spread(struct measures *measures, const struct run_data *run)
{
    add_validators(measures, run);
    add_repair(measures, run);
}
