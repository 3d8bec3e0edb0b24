#include "sim/command_load.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "sim/diagnostics.h"
#include "sim/engine.h"
#include "sim/sim_assert.h"
#include "sim/stored_run.h"

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

void command_build_point(const char *path, const char *const *sets, uint32_t point,
                         struct diagnostics *seen, struct diagnostics *diagnostics)
{
    struct scenario_options options = {.sets = sets, .point = point};
    struct diagnostics found = {0};
    struct scenario *scenario = NULL;
    if (scenario_load(path, &options, &found, &scenario) == 0)
        engine_check(scenario, &found);
    for (size_t i = 0; i < found.count; i++) {
        const struct diagnostic *d = &found.list[i];
        size_t before = seen->count;
        char problem[512];
        diagnostics_add_at(seen, d->code, d->file, d->line, d->column, d->pointer, d->problem, NULL,
                           NULL, NULL);
        snprintf(problem, sizeof problem, "%s (at sweep point %" PRIu32 ")", d->problem, point);
        if (!d->warning && seen->count > before)
            diagnostics_add_at(diagnostics, d->code, d->file, d->line, d->column, d->pointer,
                               problem, d->expected, d->got, d->try_text);
    }
    diagnostics_free(&found);
    scenario_free(scenario);
}

int command_load_either(const char *path, const struct scenario_options *options,
                        struct scenario **ret_scenario)
{
    *ret_scenario = NULL;
    if (!stored_run_is_database(path))
        return command_load(path, options, false, ret_scenario);
    struct stored_run stored;
    char error[1024];
    if (stored_run_read(path, &stored, error, sizeof error) != 0) {
        fprintf(stderr, "shardsim: %s\n", error);
        return EXIT_IO;
    }
    struct diagnostics diagnostics = {0};
    struct scenario *scenario = NULL;
    struct scenario_options of_run = *options;
    of_run.seed = &stored.seed;
    scenario_load_text(path, stored.scenario_json, strlen(stored.scenario_json), &of_run,
                       &diagnostics, &scenario);
    stored_run_free(&stored);
    return finish_load(path, &diagnostics, scenario, ret_scenario);
}
