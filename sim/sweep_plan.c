#include "sim/sweep_plan.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sqlite3.h>

#include "sim/diagnostics.h"
#include "sim/scenario.h"
#include "sim/sim_assert.h"

void sweep_plan_path(const struct sweep_plan *plan, const struct sweep_run *run, char *ret_path,
                     unsigned bytes)
{
    snprintf(ret_path, bytes, "%s/%016" PRIx64 ".db", plan->folder, run->run_key);
}

/* Reads run.status and run.run_key; false when the file is no database of this program. */
static bool read_status(const char *path, char status[32], char key[32])
{
    sqlite3 *database = NULL;
    sqlite3_stmt *statement = NULL;
    bool found = false;
    if (sqlite3_open_v2(path, &database, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK &&
        sqlite3_prepare_v2(database, "SELECT status, run_key FROM run", -1, &statement, NULL) ==
            SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW && sqlite3_column_text(statement, 0) &&
        sqlite3_column_text(statement, 1)) {
        snprintf(status, 32, "%s", (const char *)sqlite3_column_text(statement, 0));
        snprintf(key, 32, "%s", (const char *)sqlite3_column_text(statement, 1));
        found = true;
    }
    sqlite3_finalize(statement);
    sqlite3_close(database);
    return found;
}

enum sweep_state sweep_plan_look(const struct sweep_plan *plan, struct sweep_run *run)
{
    char path[1024], status[32], key[32], expected[32];
    sweep_plan_path(plan, run, path, sizeof path);
    run->replace = false;
    if (access(path, F_OK) != 0)
        return SWEEP_MISSING;
    snprintf(expected, sizeof expected, "%016" PRIx64, run->run_key);
    if (!read_status(path, status, key) || strcmp(key, expected) != 0)
        return SWEEP_FOREIGN;
    if (strcmp(status, "ok") == 0)
        return SWEEP_DONE;
    run->replace = true;
    bool cut_short = strcmp(status, "interrupted") == 0 || strcmp(status, "limit") == 0 ||
                     strcmp(status, "running") == 0;
    return cut_short ? SWEEP_MISSING : SWEEP_FAILED;
}

static void append_label(void *context, const char *pointer, const char *text, double number,
                         const char *unit, bool swept, const char *origin)
{
    char **label = context;
    (void)number, (void)unit, (void)origin;
    if (!swept)
        return;
    char dotted[256];
    snprintf(dotted, sizeof dotted, "%s", pointer[0] == '/' ? pointer + 1 : pointer);
    for (char *at = dotted; *at; at++)
        if (*at == '/')
            *at = '.';
    char *longer = NULL;
    int length = asprintf(&longer, "%s%s%s=%s", *label, (*label)[0] ? " " : "", dotted, text);
    SIM_ASSERT(length >= 0);
    free(*label);
    *label = longer;
}

static void add_point(struct sweep_plan *plan, const struct scenario *scenario, int64_t point,
                      uint64_t replications)
{
    char *label = strdup("");
    scenario_each_param(scenario, append_label, &label);
    plan->labels = realloc(plan->labels, (plan->label_count + 1) * sizeof *plan->labels);
    plan->runs = realloc(plan->runs, (plan->count + replications) * sizeof *plan->runs);
    SIM_ASSERT(plan->labels && plan->runs && label);
    plan->labels[plan->label_count++] = label;
    for (uint64_t replication = 0; replication < replications; replication++) {
        struct sweep_run *run = &plan->runs[plan->count++];
        *run = (struct sweep_run){.replication = replication,
                                  .point = point,
                                  .run_key = scenario_run_key(scenario, replication)};
        run->state = sweep_plan_look(plan, run);
    }
}

int sweep_plan_make(const char *scenario_path, const char *const *sets, uint64_t replications,
                    struct diagnostics *diagnostics, struct sweep_plan *ret_plan)
{
    struct sweep_plan plan = {0};
    struct scenario *base = NULL;
    struct scenario_options options = {.sets = sets, .point = -1};
    int status = scenario_load(scenario_path, &options, diagnostics, &base);
    if (status != 0)
        return status;
    if (replications == 0)
        replications = base->replications;
    if (asprintf(&plan.folder, "results/%s", base->name) < 0)
        abort();
    uint32_t points = base->point_count;
    if (points == 0)
        add_point(&plan, base, -1, replications);
    for (uint32_t point = 0; point < points && status == 0; point++) {
        struct scenario *scenario = NULL;
        options.point = point;
        status = scenario_load(scenario_path, &options, diagnostics, &scenario);
        if (status == 0) {
            add_point(&plan, scenario, point, replications);
            scenario_free(scenario);
        }
    }
    scenario_free(base);
    if (status == 0)
        *ret_plan = plan;
    else
        sweep_plan_free(&plan);
    return status;
}

void sweep_plan_free(struct sweep_plan *plan)
{
    for (uint32_t i = 0; i < plan->label_count; i++)
        free(plan->labels[i]);
    free(plan->labels);
    free(plan->runs);
    free(plan->folder);
    *plan = (struct sweep_plan){0};
}
