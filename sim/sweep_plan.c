#include "sim/sweep_plan.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sqlite3.h>

#include "sim/diagnostics.h"
#include "sim/scenario.h"
#include "sim/sim_assert.h"
#include "sim/stored_run.h"

void sweep_plan_path(const struct sweep_plan *plan, const struct sweep_run *run, char *ret_path,
                     unsigned bytes)
{
    snprintf(ret_path, bytes, "%s/%016" PRIx64 ".db", plan->folder, run->run_key);
}

const char *sweep_plan_label(const struct sweep_plan *plan, const struct sweep_run *run)
{
    return plan->labels[run->point < 0 ? 0 : run->point];
}

/* A run that goes on holds a lock on its .partial. */
static bool is_running(const char *path)
{
    char partial[1100];
    snprintf(partial, sizeof partial, "%s.partial", path);
    int file = open(partial, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (file < 0)
        return false;
    bool is_locked = flock(file, LOCK_SH | LOCK_NB) != 0;
    close(file);
    return is_locked;
}

/* The first violation that the database holds, in words. */
static void read_violation(const char *path, char *ret_why, unsigned why_bytes)
{
    sqlite3 *database = NULL;
    sqlite3_stmt *statement = NULL;
    if (sqlite3_open_v2(path, &database, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK &&
        sqlite3_prepare_v2(database,
                           "SELECT property, t_ns / 1e9, text FROM violation ORDER BY t_ns, rowid"
                           " LIMIT 1",
                           -1, &statement, NULL) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW)
        snprintf(ret_why, why_bytes, "property %s at %.9f s: %s",
                 (const char *)sqlite3_column_text(statement, 0),
                 sqlite3_column_double(statement, 1),
                 (const char *)sqlite3_column_text(statement, 2));
    sqlite3_finalize(statement);
    sqlite3_close(database);
}

enum sweep_state sweep_plan_look(const struct sweep_plan *plan, struct sweep_run *run,
                                 char *ret_why, unsigned why_bytes)
{
    char path[1024], expected[32], own[8];
    struct stored_run stored;
    struct stat file;
    char *why = ret_why ? ret_why : own;
    unsigned bytes = ret_why ? why_bytes : sizeof own;
    why[0] = '\0';
    sweep_plan_path(plan, run, path, sizeof path);
    run->replace = false;
    if (stat(path, &file) != 0)
        return is_running(path) ? SWEEP_RUNNING : SWEEP_MISSING;
    if (stored_run_read(path, &stored, why, bytes) != 0)
        return SWEEP_FOREIGN;
    snprintf(expected, sizeof expected, "%016" PRIx64, run->run_key);
    enum sweep_state state = SWEEP_FAILED;
    if (strcmp(stored.run_key, expected) != 0) {
        snprintf(why, bytes, "%s holds another run, %s", path, stored.run_key);
        state = SWEEP_FOREIGN;
    } else if (strcmp(stored.status, "ok") == 0) {
        state = SWEEP_DONE;
    } else {
        run->replace = true;
        if (strcmp(stored.status, "interrupted") == 0 || strcmp(stored.status, "limit") == 0 ||
            strcmp(stored.status, "running") == 0)
            state = is_running(path) ? SWEEP_RUNNING : SWEEP_MISSING;
        else if (ret_why)
            read_violation(path, why, bytes);
    }
    stored_run_free(&stored);
    return state;
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
        run->state = sweep_plan_look(plan, run, NULL, 0);
    }
}

static int compare_runs(const void *a, const void *b)
{
    const struct sweep_run *left = *(struct sweep_run *const *)a;
    const struct sweep_run *right = *(struct sweep_run *const *)b;
    if (left->run_key != right->run_key)
        return left->run_key < right->run_key ? -1 : 1;
    return left < right ? -1 : 1; /* of one array: the earlier point first */
}

/* "1s" and "1000ms" are two values and one run, which must not be started twice. */
static void mark_repeats(struct sweep_plan *plan)
{
    struct sweep_run **sorted = malloc((plan->count + 1) * sizeof(struct sweep_run *));
    SIM_ASSERT(sorted);
    for (uint32_t i = 0; i < plan->count; i++)
        sorted[i] = &plan->runs[i];
    qsort(sorted, plan->count, sizeof(struct sweep_run *), compare_runs); /* no ties */
    for (uint32_t i = 1; i < plan->count; i++)
        if (sorted[i]->run_key == sorted[i - 1]->run_key)
            sorted[i]->state = SWEEP_REPEATED;
    free(sorted);
}

/* All points again, this time for what is wrong with each. */
static void tell_problems(const char *scenario_path, const char *const *sets,
                          struct diagnostics *diagnostics)
{
    struct diagnostics all = {0};
    struct scenario *scenario = NULL;
    struct scenario_options options = {.sets = sets, .point = -1, .every_point = true};
    if (scenario_load(scenario_path, &options, &all, &scenario) == 0) {
        scenario_free(scenario); /* a point beyond those that are read at once */
        diagnostics_free(&all);
        return;
    }
    diagnostics_free(diagnostics);
    *diagnostics = all;
}

int sweep_plan_make(const char *scenario_path, const char *const *sets, uint64_t replications,
                    struct diagnostics *diagnostics, struct sweep_plan *ret_plan)
{
    struct sweep_plan plan = {0};
    struct scenario *base = NULL;
    struct scenario_options options = {.sets = sets, .point = -1};
    int status = scenario_load(scenario_path, &options, diagnostics, &base);
    if (status != 0) {
        tell_problems(scenario_path, sets, diagnostics);
        return status;
    }
    if (replications == 0)
        replications = base->replications;
    int length = asprintf(&plan.folder, "results/%s", base->name);
    SIM_ASSERT(length >= 0);
    uint32_t points = base->point_count;
    if (points == 0)
        add_point(&plan, base, -1, replications);
    for (uint32_t point = 0; point < points && status == 0; point++) {
        struct scenario *scenario = NULL;
        options.point = point;
        status = scenario_load(scenario_path, &options, diagnostics, &scenario);
        if (status == 0)
            add_point(&plan, scenario, point, replications);
        scenario_free(scenario);
    }
    scenario_free(base);
    diagnostics->locate = NULL; /* it belonged to the scenarios */
    diagnostics->locate_context = NULL;
    mark_repeats(&plan);
    if (status == 0) {
        *ret_plan = plan;
        return 0;
    }
    sweep_plan_free(&plan);
    tell_problems(scenario_path, sets, diagnostics);
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
