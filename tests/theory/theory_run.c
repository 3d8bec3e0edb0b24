#include "tests/theory/theory_run.h"

#include <dirent.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim/diagnostics.h"
#include "sim/scenario.h"
#include "sim/sim_assert.h"
#include "tests/run_log.h"

/* Runs a loaded scenario, unless it did not load, and frees it. */
static struct engine_result run(int status, struct scenario *scenario,
                                struct diagnostics *diagnostics, const char *path,
                                enum log_level level, struct engine_options options)
{
    struct engine_result result = {0};
    options.log = status == 0 && path != NULL ? run_log_open(path, level) : NULL;
    if (status == 0)
        status = engine_run(scenario, &options, diagnostics, &result);
    if (status != 0)
        diagnostics_print(diagnostics, stderr, 0, false);
    SIM_ASSERT(status == 0);
    if (result.status == ENGINE_VIOLATION)
        fprintf(stderr, "%s\n", result.violation);
    SIM_ASSERT(result.status == ENGINE_OK || result.status == ENGINE_LIMIT);
    if (options.log != NULL)
        run_log_close(options.log, result.sim_end_ns);
    diagnostics_free(diagnostics);
    scenario_free(scenario);
    return result;
}

struct engine_result theory_run(const char *text, const char *path, enum log_level level,
                                struct engine_options options)
{
    const struct scenario_options scenario_options = {.point = -1};
    struct diagnostics diagnostics = {0};
    struct scenario *scenario = NULL;
    int status = scenario_load_text("theory.json", text, strlen(text), &scenario_options,
                                    &diagnostics, &scenario);
    return run(status, scenario, &diagnostics, path, level, options);
}

void theory_run_file(const char *file, const char *set, const char *path)
{
    const char *const sets[] = {set, NULL};
    const struct scenario_options scenario_options = {.sets = sets, .point = -1};
    struct diagnostics diagnostics = {0};
    struct scenario *scenario = NULL;
    int status = scenario_load(file, &scenario_options, &diagnostics, &scenario);
    run(status, scenario, &diagnostics, path, LOG_TX, (struct engine_options){0});
}

void theory_query(const char *path, const char *sql, int count, int64_t *ret_values)
{
    theory_query_attached(path, NULL, sql, count, ret_values);
}

void theory_query_attached(const char *path, const char *attach, const char *sql, int count,
                           int64_t *ret_values)
{
    sqlite3 *database;
    sqlite3_stmt *statement;
    int status = sqlite3_open_v2(path, &database, SQLITE_OPEN_READONLY, NULL);
    SIM_ASSERT(status == SQLITE_OK);
    if (attach != NULL)
        status = sqlite3_exec(database, attach, NULL, NULL, NULL);
    SIM_ASSERT(status == SQLITE_OK);
    status = sqlite3_prepare_v2(database, sql, -1, &statement, NULL);
    if (status != SQLITE_OK)
        fprintf(stderr, "%s: %s\n", sql, sqlite3_errmsg(database));
    SIM_ASSERT(status == SQLITE_OK);
    status = sqlite3_step(statement);
    SIM_ASSERT(status == SQLITE_ROW);
    for (int i = 0; i < count; i++)
        ret_values[i] = sqlite3_column_int64(statement, i);
    sqlite3_finalize(statement);
    sqlite3_close(database);
}

void theory_folder(char ret_path[THEORY_FOLDER_BYTES])
{
    strcpy(ret_path, "/tmp/shardsim-theory-XXXXXX");
    const char *made = mkdtemp(ret_path);
    SIM_ASSERT(made != NULL);
}

void theory_folder_remove(const char *path)
{
    DIR *folder = opendir(path);
    SIM_ASSERT(folder != NULL);
    for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder))
        if (entry->d_name[0] != '.')
            unlinkat(dirfd(folder), entry->d_name, 0);
    closedir(folder);
    rmdir(path);
}
