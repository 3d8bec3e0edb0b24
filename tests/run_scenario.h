#ifndef TESTS_RUN_SCENARIO_H
#define TESTS_RUN_SCENARIO_H

/* Runs a scenario given as text, without a log, and insists that it could be loaded and built. */

#include <check.h>
#include <stdio.h>
#include <string.h>

#include "sim/diagnostics.h"
#include "sim/engine.h"
#include "sim/scenario.h"

static inline struct engine_result run_scenario(const char *text, uint64_t seed)
{
    const struct scenario_options options = {.point = -1, .seed = &seed};
    const struct engine_options engine_options = {0};
    struct diagnostics diagnostics = {0};
    struct scenario *scenario = NULL;
    struct engine_result result = {0};
    int status =
        scenario_load_text("test.json", text, strlen(text), &options, &diagnostics, &scenario);
    if (status == 0)
        status = engine_run(scenario, &engine_options, &diagnostics, &result);
    if (status != 0)
        diagnostics_print(&diagnostics, stderr, 0, false);
    ck_assert_msg(status == 0, "the scenario does not run: %s", text);
    diagnostics_free(&diagnostics);
    scenario_free(scenario);
    return result;
}

#endif
