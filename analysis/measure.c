#include "analysis/measure.h"

#include "analysis/must.h"
#include "analysis/quantile.h"
#include "analysis/run_full.h"
#include "analysis/run_queue.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *measure_section_title(enum measure_section section)
{
    static const char *const titles[MEASURE_SECTIONS] = {
        "run",
        "message latency, created to delivered",
        "transaction latency, submitted to final",
        "messages created after the warm-up",
        "load after the warm-up",
        "chains whose blocks were full, the worst first",
        "blocks of chains with individual validators: made at or after the end of the warm-up",
        "repair after the warm-up",
        "checks",
        "hops of delivered cross-shard messages",
        "units paid for messages: to whom, whole run; and by a message, after the warm-up",
        "packets and bytes paid, whole run",
        "packets and bytes of each kind, whole run",
        "counters of the layers, whole run",
    };
    MUST(section < MEASURE_SECTIONS);
    return titles[section];
}

void measure_add(struct measures *measures, enum measure_section section, enum measure_unit unit,
                 double value, const char *name, const char *label_format, ...)
{
    measures->items =
        must_grow(measures->items, measures->count, &measures->capacity, sizeof measures->items[0]);
    char *label = NULL;
    va_list list;
    va_start(list, label_format);
    MUST(vasprintf(&label, label_format, list) >= 0);
    va_end(list);
    measures->items[measures->count++] = (struct measure){
        .name = must_copy(name), .label = label, .value = value, .section = section, .unit = unit};
}

void measure_absent_is_zero(struct measures *measures)
{
    MUST(measures->count > 0);
    measures->items[measures->count - 1].absent_is_zero = true;
}

static void add_quantiles(struct measures *measures, enum measure_section section,
                          const struct run_latencies *latencies, const char *prefix,
                          const char *label)
{
    static const struct {
        const char *name;
        uint32_t p_ppm;
    } points[] = {{"p50", QUANTILE_P50}, {"p95", QUANTILE_P95}, {"p99", QUANTILE_P99}};
    if (latencies->count == 0)
        return;
    char name[96];
    for (size_t i = 0; i < sizeof points / sizeof points[0]; i++) {
        int64_t ns = quantile_of(latencies->ns, latencies->count, points[i].p_ppm);
        snprintf(name, sizeof name, "%s_%s", prefix, points[i].name);
        measure_add(measures, section, MEASURE_SECONDS, (double)ns / 1e9, name, "%s %s", label,
                    points[i].name);
    }
    snprintf(name, sizeof name, "%s_count", prefix);
    measure_add(measures, section, MEASURE_COUNT, (double)latencies->count, name, "%s count",
                label);
    measure_absent_is_zero(measures);
}

static void add_latencies(struct measures *measures, const struct run_data *run)
{
    static const struct {
        enum run_class message_class;
        const char *prefix;
    } rows[] = {{RUN_CROSS, "latency_cross"},
                {RUN_SLOW, "latency_slow"},
                {RUN_INSTANT, "latency_instant"},
                {RUN_INTRA, "latency_intra"},
                {RUN_ALL, "latency"}};
    static const char *const tx_prefix[] = {"tx_latency_one", "tx_latency_several", "tx_latency"};
    static const char *const tx_label[] = {"one chain", "several chains", "all"};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        add_quantiles(measures, MEASURE_LATENCY, &run->latency[rows[i].message_class],
                      rows[i].prefix, run_data_class_name(rows[i].message_class));
    for (size_t i = 0; i < RUN_TX_CLASSES; i++)
        add_quantiles(measures, MEASURE_TX, &run->tx_latency[i], tx_prefix[i], tx_label[i]);
}

static void add_messages(struct measures *measures, const struct run_data *run)
{
    if (run->created > 0) {
        const enum measure_section section = MEASURE_MESSAGES;
        measure_add(measures, section, MEASURE_COUNT, (double)run->created, "created", "created");
        measure_add(measures, section, MEASURE_COUNT, (double)run->delivered, "delivered",
                    "delivered");
        measure_add(measures, section, MEASURE_COUNT, (double)run->in_flight, "in_flight",
                    "in flight at the end");
        measure_add(measures, section, MEASURE_COUNT, (double)run->lost, "lost", "lost");
        if (run->delivered > 0)
            measure_add(measures, section, MEASURE_RATIO, run->fee_sum / (double)run->delivered,
                        "fee_per_message", "fee per delivered message");
    }
}

static void add_hops(struct measures *measures, const struct run_data *run)
{
    size_t cross = run->latency[RUN_CROSS].count;
    if (cross == 0)
        return;
    measure_add(measures, MEASURE_HOPS, MEASURE_RATIO, run->hops_sum / (double)cross, "hops_mean",
                "mean");
    for (int i = 0; i <= RUN_HOPS_MAX; i++) {
        if (run->hops[i] == 0)
            continue;
        char name[32];
        snprintf(name, sizeof name, "hops_%d", i);
        measure_add(measures, MEASURE_HOPS, MEASURE_SHARE, (double)run->hops[i] / (double)cross,
                    name, "%d %s", i, i == 1 ? "hop" : "hops");
        measure_absent_is_zero(measures);
    }
}

/* Who earned what messages paid, and whether a longer way costs more. */
static void add_fees(struct measures *measures, const struct run_data *run)
{
    static const struct {
        const char *metric, *label;
    } roles[] = {{"fees_emitter", "emitting shards"},
                 {"fees_intermediate", "forwarding shards"},
                 {"fees_final", "delivering shards"},
                 {"fees_instant", "delivering shards, by proof"},
                 {"fees_stopped", "shards that end a slow copy, or the deliverer instead"},
                 {"fees_storage", "shards that charge for time in queues"},
                 {"fees_returned", "back to recipients"}};
    double sums[sizeof roles / sizeof roles[0]], all = 0;
    for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++) {
        sums[i] = run_data_metric(run, roles[i].metric);
        all += isnan(sums[i]) ? 0 : sums[i];
    }
    if (all <= 0)
        return;
    for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++)
        if (sums[i] > 0) {
            char name[48];
            snprintf(name, sizeof name, "paid_%s", roles[i].metric + strlen("fees_"));
            measure_add(measures, MEASURE_FEES, MEASURE_COUNT, sums[i], name, "%s", roles[i].label);
            measure_absent_is_zero(measures);
        }
    for (int i = 0; i <= RUN_HOPS_MAX; i++) {
        if (run->hops[i] == 0)
            continue;
        char name[32];
        snprintf(name, sizeof name, "fee_hops_%d", i);
        measure_add(measures, MEASURE_FEES, MEASURE_RATIO,
                    run->fee_by_hops[i] / (double)run->hops[i], name, "a message of %d %s", i,
                    i == 1 ? "hop" : "hops");
    }
}

static bool starts_with(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

static bool is_cost(const char *name)
{
    return strcmp(name, "packets") == 0 || strcmp(name, "packet_bytes") == 0 ||
           starts_with(name, "packets/") || starts_with(name, "packet_bytes/") ||
           starts_with(name, "packets_dropped");
}

static enum measure_unit unit_of(const struct run_metric *metric)
{
    const char *unit = metric->unit != NULL ? metric->unit : "";
    if (strcmp(unit, "s") == 0)
        return MEASURE_SECONDS;
    if (strcmp(unit, "B") == 0 || strcmp(unit, "byte") == 0 || strcmp(unit, "bytes") == 0 ||
        starts_with(metric->name, "packet_bytes"))
        return MEASURE_BYTES;
    return metric->value == floor(metric->value) ? MEASURE_COUNT : MEASURE_RATIO;
}

/* Sums first, then what a delivered message cost, then what went into the sums. */
static void add_costs(struct measures *measures, const struct run_data *run)
{
    double delivered = (double)run->delivered_whole_run;
    double packets = run_data_metric(run, "packets"), bytes = run_data_metric(run, "packet_bytes");
    if (!isnan(packets))
        measure_add(measures, MEASURE_COST, MEASURE_COUNT, packets, "packets", "packets");
    if (!isnan(bytes))
        measure_add(measures, MEASURE_COST, MEASURE_BYTES, bytes, "packet_bytes", "bytes");
    if (!isnan(packets) && delivered > 0)
        measure_add(measures, MEASURE_COST, MEASURE_RATIO, packets / delivered,
                    "packets_per_message", "packets per delivered message");
    if (!isnan(bytes) && delivered > 0)
        measure_add(measures, MEASURE_COST, MEASURE_BYTES, bytes / delivered,
                    "packet_bytes_per_message", "bytes per delivered message");
    double twice = run_data_metric(run, "duplicates_discarded");
    if (!isnan(twice) && delivered > 0)
        measure_add(measures, MEASURE_COST, MEASURE_RATIO, twice / delivered,
                    "duplicates_per_message", "duplicates per delivered message");
    for (size_t i = 0; i < run->metric_count; i++) {
        const struct run_metric *metric = &run->metrics[i];
        const char *kind = strchr(metric->name, '/');
        if (!is_cost(metric->name) || strcmp(metric->name, "packets") == 0 ||
            strcmp(metric->name, "packet_bytes") == 0)
            continue;
        const char *what = starts_with(metric->name, "packet_bytes")      ? "bytes of"
                           : starts_with(metric->name, "packets_dropped") ? "dropped:"
                                                                          : "packets of";
        measure_add(measures, MEASURE_KINDS, unit_of(metric), metric->value, metric->name, "%s %s",
                    what, kind != NULL ? kind + 1 : "all");
        measure_absent_is_zero(measures);
    }
    for (size_t i = 0; i < run->metric_count; i++) {
        const struct run_metric *metric = &run->metrics[i];
        if (is_cost(metric->name) || strcmp(metric->name, "events") == 0)
            continue; /* the table `run` has the number of events already */
        bool ns = metric->unit != NULL && strcmp(metric->unit, "ns") == 0;
        measure_add(measures, MEASURE_COUNTERS, ns ? MEASURE_SECONDS : unit_of(metric),
                    ns ? metric->value / 1e9 : metric->value, metric->name, "%s", metric->name);
    }
}

enum { NAMED_MAX = 5 };

/* Names the first few chains whose queues grow. */
static void find_growing(const struct run_data *run, struct saturation *saturation)
{
    double alpha = run->queue_count > 0 ? MEASURE_ALPHA / (double)run->queue_count : MEASURE_ALPHA;
    char *names = NULL;
    for (size_t i = 0; i < run->queue_count; i++) {
        if (!run_queue_growth(&run->queues[i], run->warmup_ns, run->sim_end_ns, alpha).grows)
            continue;
        if (++saturation->growing_count > NAMED_MAX)
            continue;
        char *longer = must_print("%s%s%s", names != NULL ? names : "", names != NULL ? ", " : "",
                                  run->queues[i].name);
        free(names);
        names = longer;
    }
    if (saturation->growing_count > NAMED_MAX) {
        char *longer = must_print("%s and %zu more", names, saturation->growing_count - NAMED_MAX);
        free(names);
        names = longer;
    }
    saturation->growing = names;
}

struct saturation measure_saturation(const struct run_data *run)
{
    struct saturation result = {.offered_per_s = NAN,
                                .carried_per_s = NAN,
                                .queue_mean = NAN,
                                .queue_end = NAN,
                                .queue_slope_per_s = NAN};
    double window_s = run_data_window_s(run);
    result.of_messages = run->tx_submitted == 0;
    size_t offered = result.of_messages ? run->created : run->tx_submitted;
    size_t carried = result.of_messages ? run->delivered_in_window : run->tx_final_in_window;
    if (offered > 0 && !isnan(window_s)) {
        result.offered_per_s = (double)offered / window_s;
        result.carried_per_s = (double)carried / window_s;
        result.starved = (double)carried < MEASURE_CARRIED_MIN * (double)offered;
    }
    if (run->queue_total.count > 0) {
        struct growth growth =
            run_queue_growth(&run->queue_total, run->warmup_ns, run->sim_end_ns, MEASURE_ALPHA);
        result.queue_mean = run_queue_mean(&run->queue_total, run->warmup_ns, run->sim_end_ns);
        result.queue_end = (double)run_queue_at(&run->queue_total, run->sim_end_ns);
        result.queue_slope_per_s = growth.slope;
        result.grows = growth.grows;
        result.growth_tested = growth.tested;
        find_growing(run, &result);
    }
    return result;
}

static double or_zero(double value)
{
    return isnan(value) ? 0 : value;
}

/* Whether a chain is worse off than another: saturated, then more waits for it, then fuller. */
static bool is_worse(const struct congested *chain, const struct congested *other)
{
    double waits = or_zero(chain->backlog_per_s) + or_zero(chain->waiting_per_s);
    double other_waits = or_zero(other->backlog_per_s) + or_zero(other->waiting_per_s);
    if (chain->saturated != other->saturated)
        return chain->saturated;
    return waits != other_waits ? waits > other_waits : chain->share > other->share;
}

static void add_congested(struct congestion *congestion, const struct congested *chain)
{
    size_t at = congestion->count;
    for (; at > 0 && is_worse(chain, &congestion->worst[at - 1]); at--)
        if (at < MEASURE_WORST_MAX)
            congestion->worst[at] = congestion->worst[at - 1];
    if (at < MEASURE_WORST_MAX)
        congestion->worst[at] = *chain;
    congestion->count += congestion->count < MEASURE_WORST_MAX;
}

struct congestion measure_congestion(const struct run_data *run)
{
    struct congestion result = {.full = run->full.count};
    for (size_t i = 0; i < run->full.count; i++) {
        const struct run_full_chain *chain = &run->full.chains[i];
        struct run_full_growth growth =
            run_full_growth(run, chain, MEASURE_ALPHA / (double)run->full.count);
        result.saturated += growth.saturated;
        add_congested(&result, &(struct congested){.name = chain->name,
                                                   .share = growth.share,
                                                   .backlog_per_s = growth.backlog_per_s,
                                                   .waiting_per_s = growth.waiting_per_s,
                                                   .queue_per_s = growth.queue_per_s,
                                                   .saturated = growth.saturated});
    }
    return result;
}

static void add_chain(struct measures *measures, const char *what, const char *label,
                      const char *chain, enum measure_unit unit, double value)
{
    if (isnan(value))
        return;
    char *name = must_print("%s/%s", what, chain);
    measure_add(measures, MEASURE_CHAINS, unit, value, name, "%s %s", chain, label);
    free(name);
}

static void add_congestion(struct measures *measures, const struct run_data *run)
{
    if (isnan(run_data_metric(run, "blocks_full")))
        return; /* of a version that did not count them */
    struct congestion congestion = measure_congestion(run);
    measure_add(measures, MEASURE_CHAINS, MEASURE_COUNT, (double)congestion.full, "chains_full",
                "full in half of their blocks or more");
    measure_add(measures, MEASURE_CHAINS, MEASURE_COUNT, (double)congestion.saturated,
                "chains_saturated", "of these: what waits for them grows");
    for (size_t i = 0; i < congestion.count; i++) {
        const struct congested *chain = &congestion.worst[i];
        add_chain(measures, "blocks_full", "full blocks", chain->name, MEASURE_SHARE, chain->share);
        add_chain(measures, "backlog_growth", "growth of messages for it", chain->name,
                  MEASURE_PER_SECOND, chain->backlog_per_s);
        add_chain(measures, "waiting_growth", "growth of its transactions", chain->name,
                  MEASURE_PER_SECOND, chain->waiting_per_s);
        add_chain(measures, "queue_growth", "growth of its own queue", chain->name,
                  MEASURE_PER_SECOND, chain->queue_per_s);
    }
    for (size_t i = 0; i < run->full.pair_count; i++) {
        const struct run_full_pair *pair = &run->full.pairs[i];
        char *name = must_print("waits/%s>%s", pair->source, pair->destination);
        measure_add(measures, MEASURE_CHAINS, MEASURE_COUNT, pair->count, name, "%s waits for %s",
                    pair->source, pair->destination);
        free(name);
    }
}

static void add_load(struct measures *measures, const struct run_data *run)
{
    const enum measure_section section = MEASURE_LOAD;
    struct saturation load = measure_saturation(run);
    const char *what = load.of_messages ? "messages" : "transactions";
    if (!isnan(load.offered_per_s)) {
        measure_add(measures, section, MEASURE_PER_SECOND, load.offered_per_s, "load_offered",
                    "%s offered", what);
        measure_add(measures, section, MEASURE_PER_SECOND, load.carried_per_s, "load_carried",
                    "%s carried", what);
        measure_add(measures, section, MEASURE_SHARE, load.carried_per_s / load.offered_per_s,
                    "load_carried_share", "carried share");
    }
    if (!load.of_messages) {
        measure_add(measures, section, MEASURE_COUNT, (double)run->tx_aborted, "tx_aborted",
                    "transactions aborted");
        measure_add(measures, section, MEASURE_COUNT, (double)run->tx_lost, "tx_lost",
                    "transactions lost");
    }
    if (!isnan(load.queue_mean)) {
        measure_add(measures, section, MEASURE_RATIO, load.queue_mean, "queue_mean",
                    "mean queue, all chains");
        measure_add(measures, section, MEASURE_COUNT, load.queue_end, "queue_end",
                    "queue at the end");
    }
    double drain_s = run_queue_drain_s(&run->queue_total);
    if (!isnan(drain_s))
        measure_add(measures, section, MEASURE_SECONDS, drain_s, "queue_drain",
                    "from its peak until it was empty");
    if (!isnan(load.queue_slope_per_s))
        measure_add(measures, section, MEASURE_PER_SECOND, load.queue_slope_per_s, "queue_growth",
                    "queue growth, second half");
    if (!isnan(load.offered_per_s) || load.growth_tested)
        measure_add(measures, section, MEASURE_YES, load.starved || load.grows ? 1 : 0, "saturated",
                    "saturated");
    free(load.growing);
}

struct measures measure_run(const struct run_data *run)
{
    struct measures measures = {0};
    measure_add(&measures, MEASURE_RUN, MEASURE_SECONDS, (double)run->sim_end_ns / 1e9, "simulated",
                "simulated time");
    measure_add(&measures, MEASURE_RUN, MEASURE_SECONDS, (double)run->warmup_ns / 1e9, "warmup",
                "of it warm-up");
    measure_add(&measures, MEASURE_RUN, MEASURE_COUNT, (double)run->n_events, "events", "events");
    add_latencies(&measures, run);
    add_messages(&measures, run);
    add_load(&measures, run);
    add_congestion(&measures, run);
    measure_spread(&measures, run);
    measure_add(&measures, MEASURE_CHECKS, MEASURE_COUNT, (double)run->violation_count,
                "violations", "properties violated");
    measure_add(&measures, MEASURE_CHECKS, MEASURE_COUNT, (double)run->fault_count, "faults",
                "faults injected");
    add_hops(&measures, run);
    add_fees(&measures, run);
    add_costs(&measures, run);
    return measures;
}

void measure_free(struct measures *measures)
{
    for (size_t i = 0; i < measures->count; i++) {
        free(measures->items[i].name);
        free(measures->items[i].label);
    }
    free(measures->items);
    *measures = (struct measures){0};
}
