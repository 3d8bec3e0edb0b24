#include "sim/command_load.h"

#include <stdio.h>
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

int command_load(const char *path, const struct scenario_options *options, bool build,
                 struct scenario **ret_scenario)
{
    struct diagnostics diagnostics = {0};
    struct scenario *scenario = NULL;
    *ret_scenario = NULL;
    int error = scenario_load(path, options, &diagnostics, &scenario);
    if (!error && build)
        error = engine_check(scenario, &diagnostics);
    SIM_ASSERT(!error == !diagnostics.errors);
    command_problems(path, &diagnostics);
    int exit_code = command_problems_exit(&diagnostics);
    diagnostics_free(&diagnostics);
    if (exit_code != EXIT_FINE) {
        scenario_free(scenario);
        return exit_code;
    }
    *ret_scenario = scenario;
    return EXIT_FINE;
}
