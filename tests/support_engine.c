#include "tests/support_engine.h"

#include <stdio.h>
#include <string.h>

#include "sim/context.h"
#include "sim/sim_assert.h"

/* The kernel alone: no models, no stack. */
const struct model *const model_registry[] = {NULL};
const size_t model_stack_bytes = 8;
const uint32_t model_stack_version = 1;

const char *model_stack_check(const struct stack *stack)
{
    return stack ? NULL : "stack";
}

void support_scenario(struct scenario *scenario, const struct model *model, const void *config)
{
    memset(scenario, 0, sizeof *scenario);
    scenario->path = scenario->name = "by-hand";
    scenario->seed = 1;
    scenario->replications = 1;
    scenario->duration_ns = UINT64_C(1000000000000);
    scenario->network.latency =
        (struct distribution){.type = DISTRIBUTION_CONSTANT, .location = 5000000};
    scenario->network.queue.classes = 1;
    scenario->layer_count = 1;
    scenario->layers[0] =
        (struct scenario_layer){.model = model, .config = config, .slot = model->layer};
    snprintf(scenario->layers[0].pointer, sizeof scenario->layers[0].pointer, "/workload/0");
}

struct engine_result support_run(const struct scenario *scenario,
                                 const struct engine_options *options)
{
    static const struct engine_options defaults;
    struct diagnostics diagnostics = {0};
    struct engine_result result = {0};
    int status = engine_run(scenario, options ? options : &defaults, &diagnostics, &result);
    if (status != 0)
        diagnostics_print(&diagnostics, stderr, 0, false);
    SIM_ASSERT(status == 0);
    diagnostics_free(&diagnostics);
    return result;
}

/* A scenario made by hand has no values to list; the reader's own function is not linked. */
void scenario_each_param(const struct scenario *scenario, scenario_visit *visit, void *context)
{
    (void)scenario, (void)visit, (void)context;
}
