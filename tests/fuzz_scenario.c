/* Goal: no text makes the scenario reader crash, hang or leak, and what it accepts it accepts again
 * in its effective form with the same hash. Method: libFuzzer over support_registry.c; what follows
 * a NUL byte in the input, if any, is a --set. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "sim/diagnostics.h"
#include "sim/scenario.h"
#include "sim/sim_assert.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void ignore(void *context, const char *pointer, const char *text, double number,
                   const char *unit, bool swept, const char *origin)
{
    size_t *bytes = context;
    (void)number, (void)swept;
    *bytes += strlen(pointer) + strlen(text) + strlen(unit) + strlen(origin);
}

static void look(const struct scenario *scenario)
{
    size_t bytes = 0;
    scenario_each_param(scenario, ignore, &bytes);
    SIM_ASSERT(bytes > 0);
    struct diagnostics diagnostics = {0};
    struct scenario *again = NULL;
    int status = scenario_load_text("again.json", scenario->effective, strlen(scenario->effective),
                                    NULL, &diagnostics, &again);
    SIM_ASSERT(status == 0);
    SIM_ASSERT(again->config_hash == scenario->config_hash);
    SIM_ASSERT(strcmp(again->effective, scenario->effective) == 0);
    diagnostics_free(&diagnostics);
    scenario_free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *nul = size > 0 ? memchr(data, 0, size) : NULL;
    size_t text_bytes = nul == NULL ? size : (size_t)(nul - data);
    char *set = nul == NULL ? NULL : strndup((const char *)nul + 1, size - text_bytes - 1);
    const char *const sets[] = {set, NULL};
    struct scenario_options options = {.sets = sets, .point = -1, .every_point = true};
    struct diagnostics diagnostics = {0};
    struct scenario *scenario = NULL;
    int status = scenario_load_text("fuzz.json", (const char *)data, text_bytes, &options,
                                    &diagnostics, &scenario);
    SIM_ASSERT((status == 0) == (diagnostics.errors == 0));
    char *printed = NULL;
    size_t printed_bytes = 0;
    FILE *out = open_memstream(&printed, &printed_bytes);
    diagnostics_print(&diagnostics, out, 20, false);
    diagnostics_print(&diagnostics, out, 20, true);
    fclose(out);
    free(printed);
    if (scenario != NULL)
        look(scenario);
    diagnostics_free(&diagnostics);
    scenario_free(scenario);
    free(set);
    return 0;
}
