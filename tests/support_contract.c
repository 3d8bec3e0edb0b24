#include "tests/support_contract.h"

#include <check.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "sim/diagnostics.h"

enum { SECTION_BYTES = 2048 };

#define VALIDATORS                                                                                 \
    ", \"chain\": {\"shards\": 2, \"block_interval\": \"1s\", \"validators\": {\"type\": "         \
    "\"individual\", "                                                                             \
    "\"count\": 5}}"

/* Keys that a type cannot do without or that make it do more in less time, and sections of other
 * layers that it needs instead of stack_sections. */
static const struct {
    const char *layer, *type, *keys, *others;
} bases[] = {
    {"workload", "echo", ", \"interval\": \"20ms\", \"neighbour\": \"random\"", NULL},
    {"workload", "phold",
     ", \"nodes\": 16, \"delay\": {\"type\": \"exponential\", \"mean\": \"50ms\"}", NULL},
    {"workload", "trace", ", \"file\": \"tests/contract_trace.csv\"", NULL},
    {"chain", "blocks", ", \"shards\": 4, \"block_interval\": \"1s\"", ""},
    {"spread", "ideal", "", VALIDATORS},
    {"spread", "direct", "", VALIDATORS},
    {"spread", "turbine", ", \"fanout\": 2", VALIDATORS},
};

static const char stack_sections[] = ", \"chain\": {\"shards\": 4, \"block_interval\": \"1s\"}";

const char contract_network[] =
    "\"network\": {\"latency\": {\"type\": \"lognormal\", \"median\": \"20ms\", \"sigma\": 0.4, "
    "\"min\": \"5ms\"}}";

const struct model *contract_find(const char *layer, const char *type)
{
    for (size_t i = 0; model_registry[i]; i++)
        if (strcmp(model_registry[i]->layer_name, layer) == 0 &&
            strcmp(model_registry[i]->name, type) == 0)
            return model_registry[i];
    return NULL;
}

bool contract_stands_alone(const struct model *model)
{
    return model == contract_find("workload", "echo") ||
           model == contract_find("workload", "phold");
}

void contract_text(const struct model *model, const char *keys, const char *workloads,
                   const char *more, char *ret_text)
{
    const char *own = "", *others = contract_stands_alone(model) ? "" : stack_sections;
    for (size_t i = 0; i < sizeof bases / sizeof bases[0]; i++)
        if (model == contract_find(bases[i].layer, bases[i].type)) {
            own = bases[i].keys;
            others = bases[i].others ? bases[i].others : others;
        }
    char section[SECTION_BYTES], layer[SECTION_BYTES + 64] = "";
    snprintf(section, sizeof section, "{\"type\": \"%s\"%s%s}", model->name, own, keys);
    bool is_workload = model->layer == LAYER_WORKLOAD;
    if (!is_workload)
        snprintf(layer, sizeof layer, ", \"%s\": %s", model->layer_name, section);
    int bytes = snprintf(
        ret_text, CONTRACT_TEXT_BYTES,
        "{\"version\": 1, \"duration\": \"%s\", %s%s%s, \"workload\": [%s%s]%s}",
        contract_stands_alone(model) ? "1s" : "20s", contract_network, layer, others,
        is_workload ? section : "{\"type\": \"poisson\", \"rate\": \"20tx/s\"}", workloads, more);
    ck_assert_int_lt(bytes, CONTRACT_TEXT_BYTES);
}

void contract_print_problems(const struct model *model, const struct diagnostics *diagnostics)
{
    fprintf(stderr, "%s.%s:\n", model->layer_name, model->name);
    diagnostics_print(diagnostics, stderr, 0, false);
}

struct scenario *contract_load(const struct model *model, const char *text, const uint64_t *seed)
{
    struct diagnostics diagnostics = {0};
    const struct scenario_options options = {.point = -1, .seed = seed};
    struct scenario *scenario = NULL;
    int status =
        scenario_load_text("contract.json", text, strlen(text), &options, &diagnostics, &scenario);
    if (status != 0)
        contract_print_problems(model, &diagnostics);
    ck_assert_msg(status == 0, "%s.%s: its scenario is refused: %s", model->layer_name, model->name,
                  text);
    diagnostics_free(&diagnostics);
    return scenario;
}

struct engine_result contract_run(const struct model *model, const char *text, uint64_t seed,
                                  const struct engine_options *options)
{
    struct scenario *scenario = contract_load(model, text, &seed);
    struct diagnostics diagnostics = {0};
    struct engine_result result = {0};
    int status = engine_run(scenario, options, &diagnostics, &result);
    if (status != 0)
        contract_print_problems(model, &diagnostics);
    ck_assert_msg(status == 0, "%s.%s: cannot be built: %s", model->layer_name, model->name, text);
    ck_assert_msg(result.status != ENGINE_VIOLATION, "%s.%s seed %" PRIu64 ": %s in %s",
                  model->layer_name, model->name, seed, result.violation, text);
    diagnostics_free(&diagnostics);
    scenario_free(scenario);
    return result;
}
