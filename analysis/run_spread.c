#include "analysis/run_spread.h"

#include "analysis/must.h"
#include "analysis/quantile.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SECOND_NS INT64_C(1000000000)

/* Columns: name, t_ns, value. The sample stands at the instant when the block had got so far. */
static void take_block(void *self, sqlite3_stmt *statement)
{
    static const char *const names[RUN_REACHES] = {"spread_50", "spread_90", "spread_99"};
    struct run_data *run = self;
    const char *name = (const char *)sqlite3_column_text(statement, 0);
    int64_t t_ns = sqlite3_column_int64(statement, 1), ns = sqlite3_column_int64(statement, 2);
    if (t_ns - ns < run->warmup_ns)
        return;
    struct run_latencies *latencies = &run->spread.final_time;
    for (size_t i = 0; i < RUN_REACHES; i++)
        if (strcmp(name, names[i]) == 0)
            latencies = &run->spread.reached[i];
    run_data_add_ns(latencies, ns);
}

/* Rows come by time. Columns: t_ns, name, value: what was counted since the second before. */
static void take_second(void *self, sqlite3_stmt *statement)
{
    static const char *const names[RUN_REPAIR_KINDS] = {"repair_requests", "repair_answers",
                                                        "repair_useful", "repair_duplicate"};
    struct run_spread *spread = &((struct run_data *)self)->spread;
    int64_t t_ns = sqlite3_column_int64(statement, 0);
    int64_t second = t_ns > 0 ? (t_ns - 1) / SECOND_NS : 0;
    const char *name = (const char *)sqlite3_column_text(statement, 1);
    if (spread->second_count == 0 || spread->seconds[spread->second_count - 1].second != second) {
        spread->seconds = must_grow(spread->seconds, spread->second_count, &spread->second_capacity,
                                    sizeof spread->seconds[0]);
        spread->seconds[spread->second_count++] = (struct run_second){.second = second};
    }
    for (size_t i = 0; i < RUN_REPAIR_KINDS; i++)
        if (strcmp(name, names[i]) == 0)
            spread->seconds[spread->second_count - 1].count[i] +=
                sqlite3_column_double(statement, 2);
}

static void take_repaired(void *self, sqlite3_stmt *statement)
{
    run_data_add_ns(&((struct run_data *)self)->spread.repaired,
                    sqlite3_column_int64(statement, 0));
}

static void take_validators(void *self, sqlite3_stmt *statement)
{
    ((struct run_data *)self)->spread.validators = (size_t)sqlite3_column_int64(statement, 0);
}

int run_spread_load(sqlite3 *database, struct run_data *run, struct database_error *ret_error)
{
    static const struct {
        const char *sql;
        void (*take)(void *self, sqlite3_stmt *statement);
    } tables[] = {
        {"SELECT count(*) FROM entity WHERE type = 'validator'", take_validators},
        {"SELECT name, t_ns, value FROM sample WHERE name IN"
         " ('spread_50', 'spread_90', 'spread_99', 'final_time')",
         take_block},
        {"SELECT t_ns, name, value FROM sample WHERE name IN ('repair_requests', 'repair_answers',"
         " 'repair_useful', 'repair_duplicate') ORDER BY t_ns",
         take_second},
        /* Events have no index: they are read through, so only where there are validators. */
        {"SELECT value FROM event WHERE kind_id IN"
         " (SELECT kind_id FROM kind WHERE layer = 'spread' AND name = 'repaired')"
         " AND t_ns >= (SELECT coalesce(warmup_ns, 0) FROM run)",
         take_repaired},
    };
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        if (tables[i].take == take_repaired && run->spread.validators == 0)
            break;
        if (database_each(database, run->path, tables[i].sql, tables[i].take, run, ret_error) != 0)
            return -1;
    }
    return 0;
}

void run_spread_sort(struct run_data *run)
{
    struct run_spread *spread = &run->spread;
    for (size_t i = 0; i < RUN_REACHES; i++)
        quantile_sort(spread->reached[i].ns, spread->reached[i].count);
    quantile_sort(spread->final_time.ns, spread->final_time.count);
    quantile_sort(spread->repaired.ns, spread->repaired.count);
}

void run_spread_free(struct run_data *run)
{
    struct run_spread *spread = &run->spread;
    for (size_t i = 0; i < RUN_REACHES; i++)
        free(spread->reached[i].ns);
    free(spread->final_time.ns);
    free(spread->repaired.ns);
    free(spread->seconds);
}

struct run_repair run_spread_repair(const struct run_data *run)
{
    const struct run_spread *spread = &run->spread;
    struct run_repair repair = {.useful_share = NAN,
                                .duplicate_share = NAN,
                                .requests_per_s = NAN,
                                .requests_per_node_s = NAN};
    int64_t first = (run->warmup_ns + SECOND_NS - 1) / SECOND_NS;
    int64_t end = run->sim_end_ns / SECOND_NS;
    if (spread->second_count == 0 || end <= first)
        return repair;
    repair.seconds = (double)(end - first);
    for (size_t i = 0; i < spread->second_count; i++)
        for (size_t k = 0; k < RUN_REPAIR_KINDS; k++)
            if (spread->seconds[i].second >= first && spread->seconds[i].second < end)
                repair.count[k] += spread->seconds[i].count[k];
    double came = repair.count[RUN_REPAIR_USEFUL] + repair.count[RUN_REPAIR_DUPLICATE];
    if (came > 0) {
        repair.useful_share = repair.count[RUN_REPAIR_USEFUL] / came;
        repair.duplicate_share = repair.count[RUN_REPAIR_DUPLICATE] / came;
    }
    repair.requests_per_s = repair.count[RUN_REPAIR_REQUESTS] / repair.seconds;
    if (spread->validators > 0)
        repair.requests_per_node_s = repair.requests_per_s / (double)spread->validators;
    return repair;
}
