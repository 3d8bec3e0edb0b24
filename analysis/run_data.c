#include "analysis/run_data.h"

#include "analysis/must.h"
#include "analysis/quantile.h"
#include "analysis/run_full.h"
#include "analysis/run_queue.h"
#include "analysis/run_spread.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *run_data_class_name(enum run_class message_class)
{
    static const char *const names[RUN_CLASSES] = {"intra-shard", "slow", "instant", "cross-shard",
                                                   "all"};
    MUST(message_class < RUN_CLASSES);
    return names[message_class];
}

void run_data_add_ns(struct run_latencies *latencies, int64_t ns)
{
    latencies->ns =
        must_grow(latencies->ns, latencies->count, &latencies->capacity, sizeof latencies->ns[0]);
    latencies->ns[latencies->count++] = ns;
}

static void take_run(void *self, sqlite3_stmt *statement)
{
    struct run_data *run = self;
    run->run_key = database_copy_text(statement, 0);
    run->config_hash = database_copy_text(statement, 1);
    run->result_hash = database_copy_text(statement, 2);
    run->experiment = database_copy_text(statement, 3);
    run->measurement = database_copy_text(statement, 4);
    run->status = database_copy_text(statement, 5);
    run->replication = sqlite3_column_int64(statement, 6);
    run->seed = sqlite3_column_int64(statement, 7);
    run->sim_end_ns = sqlite3_column_int64(statement, 8);
    run->warmup_ns = sqlite3_column_int64(statement, 9);
    run->n_events = sqlite3_column_int64(statement, 10);
    run->program_version = database_copy_text(statement, 11);
    run->git_rev = database_copy_text(statement, 12);
}

static void take_param(void *self, sqlite3_stmt *statement)
{
    struct run_data *run = self;
    run->params =
        must_grow(run->params, run->param_count, &run->param_capacity, sizeof run->params[0]);
    struct run_param *param = &run->params[run->param_count++];
    param->path = database_copy_text(statement, 0);
    param->text = database_copy_text(statement, 1);
    bool null = sqlite3_column_type(statement, 2) == SQLITE_NULL;
    param->number = null ? NAN : sqlite3_column_double(statement, 2);
    param->swept = sqlite3_column_int64(statement, 3) != 0;
}

static void take_metric(void *self, sqlite3_stmt *statement)
{
    struct run_data *run = self;
    if (sqlite3_column_type(statement, 1) == SQLITE_NULL)
        return;
    run->metrics =
        must_grow(run->metrics, run->metric_count, &run->metric_capacity, sizeof run->metrics[0]);
    struct run_metric *metric = &run->metrics[run->metric_count++];
    metric->name = database_copy_text(statement, 0);
    metric->value = sqlite3_column_double(statement, 1);
    metric->unit = database_copy_text(statement, 2);
}

static void take_violation(void *self, sqlite3_stmt *statement)
{
    struct run_data *run = self;
    run->violations = must_grow(run->violations, run->violation_count, &run->violation_capacity,
                                sizeof run->violations[0]);
    struct run_finding *finding = &run->violations[run->violation_count++];
    finding->text = must_print("%s: %s", (const char *)sqlite3_column_text(statement, 0),
                               (const char *)sqlite3_column_text(statement, 2));
    finding->from_ns = sqlite3_column_int64(statement, 1);
    finding->to_ns = -1;
}

static void take_fault(void *self, sqlite3_stmt *statement)
{
    struct run_data *run = self;
    run->faults =
        must_grow(run->faults, run->fault_count, &run->fault_capacity, sizeof run->faults[0]);
    struct run_finding *finding = &run->faults[run->fault_count++];
    const char *target = (const char *)sqlite3_column_text(statement, 1);
    finding->text = must_print("%s%s%s", (const char *)sqlite3_column_text(statement, 0),
                               target != NULL ? " " : "", target != NULL ? target : "");
    finding->from_ns = sqlite3_column_int64(statement, 2);
    bool null = sqlite3_column_type(statement, 3) == SQLITE_NULL;
    finding->to_ns = null ? -1 : sqlite3_column_int64(statement, 3);
}

/* Columns: created_ns, delivered_ns, path name, hops, outcome name, fee_total, whether it stays on
 * its chain. */
static void take_message(void *self, sqlite3_stmt *statement)
{
    struct run_data *run = self;
    int64_t created = sqlite3_column_int64(statement, 0);
    int64_t delivered = sqlite3_column_int64(statement, 1);
    bool arrived = sqlite3_column_type(statement, 1) != SQLITE_NULL;
    const char *path = (const char *)sqlite3_column_text(statement, 2);
    const char *outcome = (const char *)sqlite3_column_text(statement, 4);
    run->spans = must_grow(run->spans, run->span_count, &run->span_capacity, sizeof run->spans[0]);
    run->spans[run->span_count++] =
        (struct run_span){.created_ns = created, .delivered_ns = arrived ? delivered : -1};
    run->delivered_whole_run += arrived;
    run->delivered_in_window += arrived && delivered >= run->warmup_ns;
    if (created < run->warmup_ns)
        return;
    run->created++;
    if (!arrived) {
        bool lost = outcome != NULL && strcmp(outcome, "lost") == 0;
        run->lost += lost;
        run->in_flight += !lost;
        return;
    }
    run->delivered++;
    run->fee_sum += (double)sqlite3_column_int64(statement, 5);
    run_data_add_ns(&run->latency[RUN_ALL], delivered - created);
    if (sqlite3_column_int64(statement, 6) != 0) {
        run_data_add_ns(&run->latency[RUN_INTRA], delivered - created);
        return;
    }
    run_data_add_ns(&run->latency[RUN_CROSS], delivered - created);
    if (path != NULL && strcmp(path, "slow") == 0)
        run_data_add_ns(&run->latency[RUN_SLOW], delivered - created);
    if (path != NULL && strcmp(path, "instant") == 0)
        run_data_add_ns(&run->latency[RUN_INSTANT], delivered - created);
    int64_t hops = sqlite3_column_int64(statement, 3);
    if (hops < 0)
        hops = 0;
    run->hops[hops < RUN_HOPS_MAX ? hops : RUN_HOPS_MAX]++;
    run->hops_sum += (double)hops;
    run->fee_by_hops[hops < RUN_HOPS_MAX ? hops : RUN_HOPS_MAX] +=
        (double)sqlite3_column_int64(statement, 5);
}

/* Columns: submit_ns, final_ns, n_chains, outcome name. */
static void take_tx(void *self, sqlite3_stmt *statement)
{
    struct run_data *run = self;
    int64_t submit = sqlite3_column_int64(statement, 0);
    int64_t final = sqlite3_column_int64(statement, 1);
    const char *outcome = (const char *)sqlite3_column_text(statement, 3);
    if (outcome == NULL)
        outcome = "";
    bool good = strcmp(outcome, "final") == 0 || strcmp(outcome, "committed") == 0;
    bool finished = good && sqlite3_column_type(statement, 1) != SQLITE_NULL;
    run->tx_final_in_window += finished && final >= run->warmup_ns;
    if (submit < run->warmup_ns)
        return;
    run->tx_submitted++;
    run->tx_aborted += strcmp(outcome, "aborted") == 0;
    run->tx_lost += strcmp(outcome, "lost") == 0;
    run->tx_pending += strcmp(outcome, "pending") == 0;
    if (!finished)
        return;
    bool one = sqlite3_column_int64(statement, 2) <= 1;
    run_data_add_ns(&run->tx_latency[RUN_TX_ALL], final - submit);
    run_data_add_ns(&run->tx_latency[one ? RUN_TX_ONE : RUN_TX_SEVERAL], final - submit);
}

static void sort_latencies(struct run_data *run)
{
    for (size_t i = 0; i < RUN_CLASSES; i++)
        quantile_sort(run->latency[i].ns, run->latency[i].count);
    for (size_t i = 0; i < RUN_TX_CLASSES; i++)
        quantile_sort(run->tx_latency[i].ns, run->tx_latency[i].count);
}

static int load_tables(sqlite3 *database, struct run_data *run, struct database_error *ret_error)
{
    static const struct {
        const char *sql;
        void (*take)(void *self, sqlite3_stmt *statement);
    } tables[] = {
        {"SELECT run_key, config_hash, result_hash, experiment, measurement, status, replication,"
         " seed, sim_end_ns, coalesce(warmup_ns, 0), n_events, program_version, git_rev FROM run",
         take_run},
        {"SELECT path, text, num, swept FROM param ORDER BY path", take_param},
        {"SELECT name, value, unit FROM metric WHERE entity = -1 ORDER BY name", take_metric},
        {"SELECT property, t_ns, text FROM violation ORDER BY t_ns, seq, property", take_violation},
        {"SELECT type, target, from_ns, to_ns FROM fault ORDER BY from_ns, fault_id", take_fault},
        {"SELECT m.created_ns, m.delivered_ns, p.name, m.hops, o.name, m.fee_total,"
         " m.src_chain = m.dst_chain FROM message m"
         " LEFT JOIN code p ON p.column_name = 'message.path' AND p.code = m.path"
         " LEFT JOIN code o ON o.column_name = 'message.outcome' AND o.code = m.outcome",
         take_message},
        {"SELECT t.submit_ns, t.final_ns, t.n_chains, o.name FROM tx t"
         " LEFT JOIN code o ON o.column_name = 'tx.outcome' AND o.code = t.outcome",
         take_tx},
    };
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++)
        if (database_each(database, run->path, tables[i].sql, tables[i].take, run, ret_error) != 0)
            return -1;
    if (run_queue_load(database, run, ret_error) != 0)
        return -1;
    if (run_spread_load(database, run, ret_error) != 0)
        return -1;
    return run_full_load(database, run, ret_error);
}

/* A run that has not ended does not say when it ends: it reaches as far as its rows. */
static void guess_end(struct run_data *run)
{
    if (run->sim_end_ns > 0)
        return;
    for (size_t i = 0; i < run->span_count; i++) {
        const struct run_span *span = &run->spans[i];
        int64_t last =
            span->delivered_ns > span->created_ns ? span->delivered_ns : span->created_ns;
        run->sim_end_ns = last > run->sim_end_ns ? last : run->sim_end_ns;
    }
    const struct run_queue *total = &run->queue_total;
    if (total->count > 0 && total->points[total->count - 1].t_ns > run->sim_end_ns)
        run->sim_end_ns = total->points[total->count - 1].t_ns;
}

struct run_data *run_data_load(const char *path, bool partial, struct database_error *ret_error)
{
    sqlite3 *database = NULL;
    if (database_open(path, partial, &database, ret_error) != 0)
        return NULL;
    struct run_data *run = must_alloc(sizeof *run);
    run->path = must_copy(path);
    int code = load_tables(database, run, ret_error);
    sqlite3_close(database);
    if (code != 0) {
        run_data_free(run);
        return NULL;
    }
    sort_latencies(run);
    run_spread_sort(run);
    guess_end(run);
    return run;
}

void run_data_free(struct run_data *run)
{
    if (run == NULL)
        return;
    char *texts[] = {run->path,        run->run_key,         run->config_hash,
                     run->result_hash, run->experiment,      run->measurement,
                     run->status,      run->program_version, run->git_rev};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        free(texts[i]);
    for (size_t i = 0; i < RUN_CLASSES; i++)
        free(run->latency[i].ns);
    for (size_t i = 0; i < RUN_TX_CLASSES; i++)
        free(run->tx_latency[i].ns);
    for (size_t i = 0; i < run->param_count; i++) {
        free(run->params[i].path);
        free(run->params[i].text);
    }
    for (size_t i = 0; i < run->metric_count; i++) {
        free(run->metrics[i].name);
        free(run->metrics[i].unit);
    }
    for (size_t i = 0; i < run->violation_count; i++)
        free(run->violations[i].text);
    for (size_t i = 0; i < run->fault_count; i++)
        free(run->faults[i].text);
    run_queue_free(run);
    run_full_free(run);
    run_spread_free(run);
    free(run->spans);
    free(run->params);
    free(run->metrics);
    free(run->violations);
    free(run->faults);
    free(run);
}

double run_data_metric(const struct run_data *run, const char *name)
{
    for (size_t i = 0; i < run->metric_count; i++)
        if (strcmp(run->metrics[i].name, name) == 0)
            return run->metrics[i].value;
    return NAN;
}

const struct run_param *run_data_param(const struct run_data *run, const char *pointer)
{
    for (size_t i = 0; i < run->param_count; i++)
        if (strcmp(run->params[i].path, pointer) == 0)
            return &run->params[i];
    return NULL;
}

double run_data_window_s(const struct run_data *run)
{
    int64_t window_ns = run->sim_end_ns - run->warmup_ns;
    return window_ns > 0 ? (double)window_ns / 1e9 : NAN;
}
