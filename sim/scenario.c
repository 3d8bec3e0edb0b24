#include "sim/scenario.h"

#include <cjson/cJSON.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "sim/json_write.h"
#include "sim/scenario_private.h"
#include "sim/sim_assert.h"

static struct scenario *new_scenario(const char *path, struct diagnostics *diagnostics)
{
    struct scenario *scenario = calloc(1, sizeof *scenario);
    struct scenario_private *private_part = calloc(1, sizeof *private_part);
    SIM_ASSERT(scenario != NULL && private_part != NULL);
    scenario->private_part = private_part;
    scenario->path = arena_text(&private_part->arena, path, strlen(path));
    private_part->document = cJSON_CreateObject();
    private_part->keep = cJSON_CreateArray();
    SIM_ASSERT(private_part->document != NULL && private_part->keep != NULL);
    private_part->sources.point = -1;
    const char *slash = strrchr(path, '/');
    private_part->folder =
        arena_text(&private_part->arena, path, slash == NULL ? 0 : (size_t)(slash - path) + 1);
    private_part->reader = (struct param_reader){
        .arena = &private_part->arena,
        .diagnostics = diagnostics,
        .folder = private_part->folder,
        .keep = private_part->keep,
    };
    return scenario;
}

/* "scenarios/both.json" -> "both". */
static const char *base_name(struct arena *arena, const char *path)
{
    if (strcmp(path, "-") == 0)
        return "stdin";
    const char *slash = strrchr(path, '/');
    const char *base = slash == NULL ? path : slash + 1;
    size_t bytes = strlen(base);
    bool is_json = bytes > 5 && strcmp(base + bytes - 5, ".json") == 0;
    return arena_text(arena, base, is_json ? bytes - 5 : bytes);
}

/* Puts the values of the wanted point into the document; false when there is no such point. */
static bool choose_point(struct scenario *scenario, int64_t point, struct diagnostics *diagnostics)
{
    struct scenario_private *private_part = scenario->private_part;
    if (point < 0)
        return true;
    if (point >= (int64_t)scenario->point_count) {
        diagnostics_add(diagnostics, "E405", "/sweep", AT_VALUE,
                        arena_printf(&private_part->arena, "no sweep point %lld", (long long)point),
                        scenario->point_count == 0 ? "a scenario with a sweep"
                                                   : arena_printf(&private_part->arena, "0 to %u",
                                                                  scenario->point_count - 1),
                        arena_printf(&private_part->arena, "%lld", (long long)point), NULL);
        return false;
    }
    private_part->sources.axes = private_part->axes;
    private_part->sources.axis_count = private_part->axis_count;
    private_part->sources.point = point;
    scenario_sweep_apply(private_part, private_part->document, point, diagnostics);
    return true;
}

/* All steps after the files were merged. */
static void finish(struct scenario *scenario, const struct scenario_options *options,
                   struct diagnostics *diagnostics)
{
    struct scenario_private *private_part = scenario->private_part;
    scenario_set_all(private_part, options->sets, diagnostics);
    scenario_sweep_read(private_part, diagnostics, &scenario->point_count);
    if (!choose_point(scenario, options->point, diagnostics))
        return;
    cJSON *effective = cJSON_CreateObject();
    SIM_ASSERT(effective != NULL);
    private_part->seed_given = options->seed != NULL;
    struct scenario_reading reading = {
        .reader = &private_part->reader,
        .document = private_part->document,
        .effective = effective,
        .default_name = base_name(&private_part->arena, scenario->path),
        .seed = options->seed,
        .scenario = scenario,
    };
    bool is_fine = scenario_read(&reading);
    scenario->config_hash = scenario_hash(effective, &private_part->reader);
    scenario->effective = json_write_canonical(effective, NULL);
    cJSON_Delete(effective);
    if (is_fine && options->every_point && scenario->point_count > 0)
        scenario_sweep_check(private_part, scenario->point_count, strlen(scenario->effective),
                             diagnostics);
}

static int load(const char *path, const char *text, size_t bytes,
                const struct scenario_options *options, struct diagnostics *diagnostics,
                struct scenario **ret_scenario)
{
    static const struct scenario_options defaults = {.point = -1};
    size_t errors_before = diagnostics->errors;
    int status = sodium_init();
    SIM_ASSERT(status >= 0);
    struct scenario *scenario = new_scenario(path, diagnostics);
    *ret_scenario = NULL;
    diagnostics->locate = scenario_locate;
    diagnostics->locate_context = &scenario->private_part->sources;
    /* Without whole files every later message would be about what is missing in them. */
    if (scenario_source_files(scenario->private_part, path, text, bytes, diagnostics))
        finish(scenario, options == NULL ? &defaults : options, diagnostics);
    scenario->private_part->reader.diagnostics = NULL;
    if (diagnostics->errors != errors_before) {
        diagnostics->locate = NULL;
        diagnostics->locate_context = NULL;
        scenario_free(scenario);
        return -1;
    }
    *ret_scenario = scenario;
    return 0;
}

int scenario_load(const char *path, const struct scenario_options *options,
                  struct diagnostics *diagnostics, struct scenario **ret_scenario)
{
    return load(path, NULL, 0, options, diagnostics, ret_scenario);
}

int scenario_load_text(const char *name, const char *text, size_t bytes,
                       const struct scenario_options *options, struct diagnostics *diagnostics,
                       struct scenario **ret_scenario)
{
    return load(name, text == NULL ? "" : text, bytes, options, diagnostics, ret_scenario);
}

void scenario_free(struct scenario *scenario)
{
    if (scenario == NULL)
        return;
    struct scenario_private *private_part = scenario->private_part;
    scenario_source_free(&private_part->sources);
    param_reader_free(&private_part->reader);
    cJSON_Delete(private_part->document);
    cJSON_Delete(private_part->keep);
    arena_free(&private_part->arena);
    free(scenario->effective);
    free(private_part);
    free(scenario);
}
