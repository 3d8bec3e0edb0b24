/* The merged document becomes a scenario: top level, network, faults, layers, properties. */
#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/model.h"
#include "sim/scenario_private.h"
#include "sim/sim_assert.h"

static const char *const not_effective[] = {"$schema", "include", "sweep", NULL};

/* --- The top level --- */

static void report_unknown(struct scenario_reading *reading, const char *key)
{
    struct arena *arena = reading->reader->arena;
    const char *layers[SCENARIO_LAYERS_MAX + 1];
    scenario_layer_names(layers);
    const char *const *own = param_names(arena, scenario_params, NULL, true);
    const char *all[64];
    size_t count = 0;
    for (size_t i = 0; own[i] != NULL; i++)
        all[count++] = own[i];
    for (size_t i = 0; layers[i] != NULL; i++) {
        size_t at = count++;
        for (; at > 0 && strcmp(all[at - 1], layers[i]) > 0; at--)
            all[at] = all[at - 1];
        all[at] = layers[i];
    }
    all[count] = NULL;
    SIM_ASSERT(count < sizeof all / sizeof all[0]);
    const char *near = suggest_word(key, all);
    diagnostics_add(reading->reader->diagnostics, "E101", arena_pointer(arena, "", key), AT_KEY,
                    "unknown key", param_one_of(arena, all), NULL,
                    near == NULL ? NULL : arena_printf(arena, "\"%s\"", near));
}

/* Layer sections are read by their models' tables, all else by the top level's: a view of the
 * document with only its keys. It is kept, since PARAM_JSON points into it. */
static cJSON *top_view(struct scenario_reading *reading)
{
    cJSON *view = cJSON_CreateObject();
    SIM_ASSERT(view != NULL);
    cJSON_AddItemToArray(reading->reader->keep, view);
    for (cJSON *item = reading->document->child; item != NULL; item = item->next) {
        bool is_sweep = strcmp(item->string, "sweep") == 0; /* scenario_sweep.c has read it */
        if (is_sweep)
            continue;
        if (param_find(scenario_params, item->string) != NULL)
            cJSON_AddItemReferenceToObject(view, item->string, item);
        else if (strncmp(item->string, "x-", 2) != 0 &&
                 scenario_model(item->string, NULL) == NULL &&
                 reading->reader->diagnostics->count < DIAGNOSTICS_KEPT_MAX)
            report_unknown(reading, item->string);
    }
    return view;
}

/* The name becomes a folder of results, so it must be a plain one. */
static const char *check_name(struct scenario_reading *reading, const char *name)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    struct arena *arena = reading->reader->arena;
    if (name == NULL) {
        char *plain = arena_text(arena, reading->default_name, strnlen(reading->default_name, 64));
        for (char *c = plain; *c != '\0'; c++)
            *c = strchr(allowed, *c) == NULL || (c == plain && *c == '.') ? '_' : *c;
        return *plain == '\0' ? "scenario" : plain;
    }
    size_t bytes = strlen(name);
    if (bytes == 0 || bytes > 64 || strspn(name, allowed) < bytes || name[0] == '.')
        diagnostics_add(reading->reader->diagnostics, "E207", "/name", AT_VALUE, "not a plain name",
                        "1 to 64 of: letters, digits, . _ - (not . first)", NULL, NULL);
    return name;
}

static void put_text(cJSON *effective, const char *key, const char *text)
{
    cJSON_DeleteItemFromObjectCaseSensitive(effective, key);
    cJSON_AddStringToObject(effective, key, text);
}

static void override_seed(struct scenario_reading *reading, uint64_t seed)
{
    char digits[24];
    snprintf(digits, sizeof digits, "%llu", (unsigned long long)seed);
    bool is_beyond = seed >= UINT64_C(1) << 53;
    cJSON_DeleteItemFromObjectCaseSensitive(reading->effective, "seed");
    if (is_beyond)
        cJSON_AddStringToObject(reading->effective, "seed", digits);
    else
        cJSON_AddNumberToObject(reading->effective, "seed", (double)seed);
    reading->scenario->seed = seed;
    struct param_reader *reader = reading->reader;
    for (size_t i = 0; i < reader->leaf_count; i++) {
        if (strcmp(reader->leaves[i].pointer, "/seed") == 0) {
            reader->leaves[i].text = arena_text(reader->arena, digits, strlen(digits));
            reader->leaves[i].number = (double)seed;
        }
    }
}

static void read_top(struct scenario_reading *reading, struct scenario_top *top)
{
    struct param_reader *reader = reading->reader;
    struct scenario *scenario = reading->scenario;
    cJSON *view = top_view(reading);
    bool is_fine = param_read(reader, &(struct param_task){.fields = scenario_params,
                                                           .object = view,
                                                           .pointer = "",
                                                           .config = top,
                                                           .effective = reading->effective});
    for (size_t i = 0; not_effective[i] != NULL; i++)
        cJSON_DeleteItemFromObjectCaseSensitive(reading->effective, not_effective[i]);
    scenario->name = check_name(reading, top->name);
    put_text(reading->effective, "name", scenario->name);
    scenario->seed = top->seed;
    if (reading->seed != NULL)
        override_seed(reading, *reading->seed);
    scenario->replications = (uint64_t)top->replications;
    scenario->duration_ns = (uint64_t)top->duration_ns;
    scenario->warmup_ns = (uint64_t)top->warmup_ns;
    scenario->log = (enum log_level)top->log;
    if (top->duration_ns > 0 && top->warmup_ns >= top->duration_ns)
        diagnostics_add(reader->diagnostics, "E301", "/warmup", AT_VALUE,
                        "the warm-up is not shorter than the run", "less than \"duration\"", NULL,
                        NULL);
    if (is_fine)
        network_check(&top->network,
                      cJSON_GetObjectItemCaseSensitive(reading->effective, "network"),
                      reader->arena, reader->diagnostics);
    scenario->network = top->network;
    if (top->duration_ns > 0)
        fault_parse(reader->arena, cJSON_GetObjectItemCaseSensitive(reading->document, "faults"),
                    &top->faults, scenario->duration_ns, reader->diagnostics, &scenario->faults);
}

/* --- Layers --- */

static const char *const *type_names(struct arena *arena, const char *layer_name)
{
    size_t count = 0, used = 0;
    while (model_registry[count] != NULL)
        count++;
    const char **names = arena_take(arena, (count + 1) * sizeof *names);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(model_registry[i]->layer_name, layer_name) == 0)
            names[used++] = model_registry[i]->name;
    }
    return names;
}

static const struct model *choose_model(struct scenario_reading *reading, const char *layer_name,
                                        const cJSON *section, const char *pointer)
{
    struct arena *arena = reading->reader->arena;
    const cJSON *type = cJSON_GetObjectItemCaseSensitive(section, "type");
    if (type == NULL || cJSON_IsNull(type))
        return scenario_model(layer_name, NULL);
    const char *text = cJSON_IsString(type) ? type->valuestring : "";
    const struct model *model = scenario_model(layer_name, text);
    if (model != NULL)
        return model;
    const char *const *names = type_names(arena, layer_name);
    const char *near = suggest_word(text, names);
    diagnostics_add(reading->reader->diagnostics, "E401", arena_pointer(arena, pointer, "type"),
                    AT_VALUE, "no such type", param_one_of(arena, names), NULL,
                    near == NULL ? NULL : arena_printf(arena, "\"%s\"", near));
    return NULL;
}

/* Reads one section (NULL: absent, all defaults) by the table of its model. */
static void read_section(struct scenario_reading *reading, const char *layer_name,
                         const cJSON *section, const char *pointer, uint32_t index,
                         cJSON *effective)
{
    static const struct param none[] = {PARAM_END};
    struct param_reader *reader = reading->reader;
    struct scenario *scenario = reading->scenario;
    if (section != NULL && !cJSON_IsObject(section)) {
        diagnostics_add(reader->diagnostics, "E205", pointer, AT_VALUE, "wrong type of value",
                        "an object: {\"type\": ...}", NULL, NULL);
        return;
    }
    const struct model *model = choose_model(reading, layer_name, section, pointer);
    if (model == NULL)
        return;
    void *config = arena_take(reader->arena, model->config_bytes);
    param_effective_text(reader, effective, "type", arena_pointer(reader->arena, pointer, "type"),
                         model->name);
    bool is_fine = param_read(
        reader, &(struct param_task){.fields = model->params == NULL ? none : model->params,
                                     .object = section,
                                     .pointer = pointer,
                                     .config = config,
                                     .effective = effective,
                                     .tagged = true});
    if (is_fine && model->check != NULL)
        model->check(config, pointer, reader->diagnostics);
    SIM_ASSERT(scenario->layer_count < sizeof scenario->layers / sizeof scenario->layers[0]);
    struct scenario_layer *layer = &scenario->layers[scenario->layer_count++];
    *layer = (struct scenario_layer){
        .model = model, .config = config, .slot = (uint8_t)(model->layer + index)};
    snprintf(layer->pointer, sizeof layer->pointer, "%s", pointer);
}

static void read_workloads(struct scenario_reading *reading, const char *layer_name,
                           const cJSON *list, const char *pointer)
{
    struct param_reader *reader = reading->reader;
    cJSON *effective = cJSON_AddArrayToObject(reading->effective, layer_name);
    SIM_ASSERT(effective != NULL);
    if (list == NULL)
        return;
    if (!cJSON_IsArray(list) || cJSON_GetArraySize(list) > SCENARIO_WORKLOADS_MAX) {
        diagnostics_add(reader->diagnostics, cJSON_IsArray(list) ? "E208" : "E205", pointer,
                        AT_VALUE,
                        cJSON_IsArray(list) ? "wrong number of items" : "wrong type of value",
                        "an array of at most 10 workloads", NULL, NULL);
        return;
    }
    uint32_t index = 0;
    for (const cJSON *item = list->child; item != NULL; item = item->next) {
        cJSON *object = cJSON_CreateObject();
        SIM_ASSERT(object != NULL);
        cJSON_AddItemToArray(effective, object);
        read_section(reading, layer_name, item, arena_pointer_index(reader->arena, pointer, index),
                     index, object);
        index++;
    }
}

static void read_layers(struct scenario_reading *reading)
{
    const char *names[SCENARIO_LAYERS_MAX + 1];
    scenario_layer_names(names);
    for (size_t i = 0; names[i] != NULL; i++) {
        const cJSON *section = cJSON_GetObjectItemCaseSensitive(reading->document, names[i]);
        if (cJSON_IsNull(section))
            section = NULL;
        const char *pointer = arena_pointer(reading->reader->arena, "", names[i]);
        if (scenario_layer_is_list(names[i])) {
            read_workloads(reading, names[i], section, pointer);
            continue;
        }
        cJSON *effective = cJSON_AddObjectToObject(reading->effective, names[i]);
        SIM_ASSERT(effective != NULL);
        read_section(reading, names[i], section, pointer, 0, effective);
    }
}

bool scenario_read(struct scenario_reading *reading)
{
    struct diagnostics *diagnostics = reading->reader->diagnostics;
    size_t errors_before = diagnostics->errors;
    struct scenario_top top = {0};
    read_top(reading, &top);
    read_layers(reading);
    scenario_properties(reading, top.properties);
    return diagnostics->errors == errors_before;
}
