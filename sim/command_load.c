#include "sim/command_load.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "sim/diagnostics.h"
#include "sim/engine.h"
#include "sim/sim_assert.h"

bool command_sets_add(struct command_sets *sets, const char *set)
{
    if (sets->count == COMMAND_SETS_MAX)
        return false;
    sets->list[sets->count++] = set;
    sets->list[sets->count] = NULL;
    return true;
}

static size_t count_warnings(const struct diagnostics *diagnostics)
{
    size_t warnings = 0;
    for (size_t i = 0; i < diagnostics->count; i++)
        warnings += diagnostics->list[i].warning;
    return warnings;
}

void command_problems(const char *path, const struct diagnostics *diagnostics)
{
    size_t errors = diagnostics->errors, warnings = count_warnings(diagnostics);
    if (errors + warnings == 0)
        return;
    diagnostics_print(diagnostics, stderr, COMMAND_PROBLEMS_SHOWN, false);
    fprintf(stderr, "%s: %zu error%s, %zu warning%s", path, errors, errors == 1 ? "" : "s",
            warnings, warnings == 1 ? "" : "s");
    if (errors + warnings > COMMAND_PROBLEMS_SHOWN)
        fprintf(stderr, "; the first %d are shown, all with: shardsim check --json %s",
                COMMAND_PROBLEMS_SHOWN, path);
    fputc('\n', stderr);
}

int command_problems_exit(const struct diagnostics *diagnostics)
{
    for (size_t i = 0; i < diagnostics->count; i++)
        if (strcmp(diagnostics->list[i].code, "E500") == 0)
            return EXIT_IO;
    return diagnostics->errors ? EXIT_SCENARIO : EXIT_FINE;
}

/* Prints what is wrong and chooses the exit code; frees the diagnostics, and a scenario with
 * errors. */
static int finish_load(const char *path, struct diagnostics *diagnostics, struct scenario *scenario,
                       struct scenario **ret_scenario)
{
    command_problems(path, diagnostics);
    int exit_code = command_problems_exit(diagnostics);
    diagnostics_free(diagnostics);
    if (exit_code != EXIT_FINE) {
        scenario_free(scenario);
        scenario = NULL;
    }
    *ret_scenario = scenario;
    return exit_code;
}

int command_load(const char *path, const struct scenario_options *options, bool build,
                 struct scenario **ret_scenario)
{
    struct diagnostics diagnostics = {0};
    struct scenario *scenario = NULL;
    int error = scenario_load(path, options, &diagnostics, &scenario);
    if (!error && build)
        error = engine_check(scenario, &diagnostics);
    SIM_ASSERT(!error == !diagnostics.errors);
    return finish_load(path, &diagnostics, scenario, ret_scenario);
}

static bool is_database(const char *path)
{
    char head[16] = "";
    FILE *file = fopen(path, "rb");
    size_t bytes = file ? fread(head, 1, sizeof head, file) : 0;
    if (file)
        fclose(file);
    return bytes == sizeof head && memcmp(head, "SQLite format 3", sizeof head) == 0;
}

/* The scenario that a run stored, to be freed; NULL when there is none. */
static char *stored_scenario(const char *path)
{
    sqlite3 *database = NULL;
    sqlite3_stmt *statement = NULL;
    char *text = NULL;
    if (sqlite3_open_v2(path, &database, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK &&
        sqlite3_prepare_v2(database, "SELECT scenario_json FROM run", -1, &statement, NULL) ==
            SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW && sqlite3_column_text(statement, 0))
        text = strdup((const char *)sqlite3_column_text(statement, 0));
    sqlite3_finalize(statement);
    sqlite3_close(database);
    return text;
}

int command_load_either(const char *path, const struct scenario_options *options,
                        struct scenario **ret_scenario)
{
    *ret_scenario = NULL;
    if (!is_database(path))
        return command_load(path, options, false, ret_scenario);
    char *text = stored_scenario(path);
    if (!text) {
        fprintf(stderr, "shardsim: %s is a database that holds no run\n", path);
        return EXIT_IO;
    }
    struct diagnostics diagnostics = {0};
    struct scenario *scenario = NULL;
    scenario_load_text(path, text, strlen(text), options, &diagnostics, &scenario);
    free(text);
    return finish_load(path, &diagnostics, scenario, ret_scenario);
}
