/* The key "properties": names, or {"type": NAME, "within": TIME}. */
#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

#include "sim/model.h"
#include "sim/scenario_private.h"
#include "sim/sim_assert.h"

enum { PROPERTIES_MAX = 256 };

struct entry { /* the object form, as its table fills it */
    const char *type;
    int64_t within_ns;
};

static const struct param entry_params[] = {
    {.name = "type",
     .help = "the property's name",
     .kind = PARAM_STRING,
     .offset = offsetof(struct entry, type),
     .required = true},
    {.name = "within",
     .help = "how soon it must hold",
     .kind = PARAM_DURATION,
     .offset = offsetof(struct entry, within_ns),
     .value_default = -1,
     .value_min = 1,
     .value_max = INT64_C(3600000000000) * 1000000},
    PARAM_END,
};

/* The properties of the models that this scenario uses, NULL-terminated, each once. */
static const char *const *known_names(const struct scenario_reading *reading)
{
    const struct scenario *scenario = reading->scenario;
    const char **names = arena_take(reading->reader->arena, (PROPERTIES_MAX + 1) * sizeof *names);
    size_t count = 0;
    for (uint32_t i = 0; i < scenario->layer_count; i++) {
        const struct model_property *row = scenario->layers[i].model->properties;
        for (; row != NULL && row->name != NULL && count < PROPERTIES_MAX; row++) {
            bool is_new = true;
            for (size_t j = 0; j < count; j++)
                is_new = is_new && strcmp(names[j], row->name) != 0;
            if (is_new)
                names[count++] = row->name;
        }
    }
    return names;
}

static void read_name(struct scenario_reading *reading, const char *const *known, const char *name,
                      const char *pointer, struct scenario_property *property)
{
    struct arena *arena = reading->reader->arena;
    for (size_t i = 0; known[i] != NULL; i++) {
        if (strcmp(known[i], name) == 0) {
            property->name = known[i];
            return;
        }
    }
    const char *near = suggest_word(name, known);
    diagnostics_add(reading->reader->diagnostics, "E401", pointer, AT_VALUE,
                    "no layer of this scenario has such a property", param_one_of(arena, known),
                    NULL, near == NULL ? NULL : arena_printf(arena, "\"%s\"", near));
}

static enum property_when when_of(const struct scenario *scenario, const char *name)
{
    for (uint32_t i = 0; i < scenario->layer_count; i++) {
        const struct model_property *row = scenario->layers[i].model->properties;
        for (; row != NULL && row->name != NULL; row++)
            if (strcmp(row->name, name) == 0)
                return row->when;
    }
    return PROPERTY_ALWAYS;
}

/* A bound that is missing, or that nobody looks at, would check less than the reader believes. */
static void check_within(struct scenario_reading *reading, const char *pointer,
                         const struct scenario_property *property)
{
    struct arena *arena = reading->reader->arena;
    bool timed = when_of(reading->scenario, property->name) == PROPERTY_WITHIN;
    if (timed && property->within_ns == 0)
        diagnostics_add(
            reading->reader->diagnostics, "E310", pointer, AT_VALUE,
            "this property checks nothing without `within`",
            arena_printf(arena, "{\"type\": \"%s\", \"within\": TIME}", property->name), NULL,
            arena_printf(arena, "{\"type\": \"%s\", \"within\": \"30s\"}", property->name));
    if (!timed && property->within_ns != 0)
        diagnostics_add(reading->reader->diagnostics, "E310",
                        arena_pointer(arena, pointer, "within"), AT_VALUE,
                        "this property has no `within`: it holds at each event or it does not",
                        "its name alone", NULL, arena_printf(arena, "\"%s\"", property->name));
}

static void read_property(struct scenario_reading *reading, const char *const *known,
                          const cJSON *item, const char *pointer, cJSON *effective,
                          struct scenario_property *property)
{
    struct param_reader *reader = reading->reader;
    snprintf(property->pointer, sizeof property->pointer, "%s", pointer);
    if (cJSON_IsString(item)) {
        read_name(reading, known, item->valuestring, pointer, property);
        cJSON_AddItemToArray(effective, cJSON_CreateString(item->valuestring));
        return;
    }
    if (!cJSON_IsObject(item)) {
        diagnostics_add(reader->diagnostics, "E205", pointer, AT_VALUE, "wrong type of value",
                        "a name, or {\"type\": NAME, \"within\": TIME}", NULL, NULL);
        return;
    }
    cJSON *object = cJSON_CreateObject();
    SIM_ASSERT(object != NULL);
    cJSON_AddItemToArray(effective, object);
    struct entry *entry = arena_take(reader->arena, sizeof *entry);
    param_read(reader, &(struct param_task){.fields = entry_params,
                                            .object = item,
                                            .pointer = pointer,
                                            .config = entry,
                                            .effective = object});
    property->within_ns = entry->within_ns > 0 ? (uint64_t)entry->within_ns : 0;
    if (entry->type != NULL)
        read_name(reading, known, entry->type, arena_pointer(reader->arena, pointer, "type"),
                  property);
}

void scenario_properties(struct scenario_reading *reading, const cJSON *value)
{
    if (value == NULL)
        return;
    struct param_reader *reader = reading->reader;
    int count = cJSON_IsArray(value) ? cJSON_GetArraySize(value) : -1;
    if (count < 0 || count > PROPERTIES_MAX) {
        diagnostics_add(reader->diagnostics, count < 0 ? "E205" : "E208", "/properties", AT_VALUE,
                        count < 0 ? "wrong type of value" : "wrong number of items",
                        "an array of at most 256 names", NULL, NULL);
        return;
    }
    const char *const *known = known_names(reading);
    struct scenario_property *list = arena_take(reader->arena, ((size_t)count + 1) * sizeof *list);
    cJSON *effective = cJSON_CreateArray();
    SIM_ASSERT(effective != NULL);
    size_t index = 0;
    for (const cJSON *item = value->child; item != NULL; item = item->next, index++) {
        const char *pointer = arena_pointer_index(reader->arena, "/properties", index);
        size_t errors = reader->diagnostics->errors;
        read_property(reading, known, item, pointer, effective, &list[index]);
        if (reader->diagnostics->errors == errors)
            check_within(reading, pointer, &list[index]);
        bool is_repeated = false;
        for (size_t i = 0; i < index && list[index].name != NULL; i++)
            is_repeated = is_repeated || list[i].name == list[index].name;
        if (is_repeated)
            diagnostics_add(reader->diagnostics, "E309", pointer, AT_VALUE,
                            "this property is there already", "each property once", NULL, NULL);
    }
    cJSON_ReplaceItemInObjectCaseSensitive(reading->effective, "properties", effective);
    reading->scenario->properties = list;
    reading->scenario->property_count = (uint32_t)count;
    reading->scenario->properties_given = true;
}
