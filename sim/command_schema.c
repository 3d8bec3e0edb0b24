#include "sim/command_schema.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "sim/json_indent.h"
#include "sim/model.h"
#include "sim/scenario_params.h"
#include "sim/schema_rows.h"
#include "sim/sim_assert.h"

enum { LAYERS_MAX = 32, TYPES_MAX = 64, NAME_BYTES = 96 };

const struct argp_option command_schema_options[] = {{0}};

struct layer_types {
    const char *layer;
    const char *types[TYPES_MAX + 1]; /* the first is the default */
    size_t count;
};

/* The registry by layers, in the order of each layer's first model. */
static size_t collect_layers(struct layer_types layers[LAYERS_MAX])
{
    size_t count = 0;
    for (size_t i = 0; model_registry[i]; i++) {
        const struct model *model = model_registry[i];
        size_t at = 0;
        while (at < count && strcmp(layers[at].layer, model->layer_name) != 0)
            at++;
        SIM_ASSERT(at < LAYERS_MAX);
        if (at == count) {
            layers[count].layer = model->layer_name;
            layers[count++].count = 0;
        }
        SIM_ASSERT(layers[at].count < TYPES_MAX);
        layers[at].types[layers[at].count++] = model->name;
        layers[at].types[layers[at].count] = NULL;
    }
    return count;
}

static void define_models(struct schema *schema)
{
    for (size_t i = 0; model_registry[i]; i++) {
        const struct model *model = model_registry[i];
        char name[NAME_BYTES];
        snprintf(name, sizeof name, "%s.%s", model->layer_name, model->name);
        cJSON *object = cJSON_AddObjectToObject(schema->definitions, name);
        cJSON_AddStringToObject(object, "description", model->summary);
        schema_table(schema, model->params, model->name, object);
    }
}

/* Sections whose shape no table gives. The key is the name of a PARAM_JSON row. */
static const struct free_json {
    const char *name, *schema;
} free_json[] = {
    {"node", "{\"type\": \"string\", \"pattern\": \"^[a-z_]+:[0-9]+(-[0-9]+)?$\"}"},
    {"one target", "{\"anyOf\": [{\"$ref\": \"#/$defs/node\"},"
                   " {\"type\": \"string\", \"pattern\": \"^link:[0-9]+-[0-9]+$\"},"
                   " {\"type\": \"object\", \"required\": [\"random\", \"of\"],"
                   "  \"properties\": {\"random\": {\"type\": \"integer\", \"minimum\": 1},"
                   "                   \"of\": {\"type\": \"string\"}},"
                   "  \"patternProperties\": {\"^x-\": true}, \"additionalProperties\": false}]}"},
    {"target", "{\"anyOf\": [{\"$ref\": \"#/$defs/one target\"}, {\"type\": \"array\","
               " \"minItems\": 1, \"items\": {\"$ref\": \"#/$defs/one target\"}}]}"},
    {"groups", "{\"type\": \"array\", \"minItems\": 2, \"items\":"
               " {\"type\": \"array\", \"minItems\": 1, \"items\": {\"$ref\": \"#/$defs/node\"}}}"},
    {"matrix", "{\"type\": \"array\", \"items\":"
               " {\"type\": \"array\", \"items\": {\"$ref\": \"#/$defs/time\"}}}"},
    {"weights", "{\"type\": \"array\", \"minItems\": 1, \"maxItems\": 256, \"items\":"
                " {\"type\": \"array\", \"minItems\": 1, \"items\":"
                " {\"type\": \"integer\", \"minimum\": 0, \"maximum\": 1000000000}}}"},
    {"properties", "{\"type\": \"array\", \"uniqueItems\": true, \"items\": {\"anyOf\": ["
                   " {\"$ref\": \"#/$defs/property\"},"
                   " {\"type\": \"object\", \"required\": [\"type\"],"
                   "  \"properties\": {\"type\": {\"$ref\": \"#/$defs/property\"}},"
                   "  \"patternProperties\": {\"^x-\": true}, \"additionalProperties\": false},"
                   " {\"type\": \"object\", \"required\": [\"type\", \"within\"],"
                   "  \"properties\": {\"type\": {\"$ref\": \"#/$defs/timed property\"},"
                   "                   \"within\": {\"$ref\": \"#/$defs/time\"}},"
                   "  \"patternProperties\": {\"^x-\": true}, \"additionalProperties\": false}]}}"},
    {"sweep", "{\"type\": \"object\", \"required\": [\"product\"], \"properties\": {\"product\":"
              " {\"type\": \"object\", \"minProperties\": 1, \"additionalProperties\":"
              "  {\"anyOf\": [{\"type\": \"array\", \"minItems\": 1},"
              "   {\"type\": \"object\", \"required\": [\"from\", \"to\", \"points\"],"
              "    \"properties\": {\"from\": {\"type\": [\"number\", \"string\"]},"
              "     \"to\": {\"type\": [\"number\", \"string\"]},"
              "     \"points\": {\"type\": \"integer\", \"minimum\": 2, \"maximum\": 10000},"
              "     \"scale\": {\"enum\": [\"linear\", \"log2\", \"log10\"]}},"
              "    \"patternProperties\": {\"^x-\": true}, \"additionalProperties\": false}]}}},"
              " \"patternProperties\": {\"^x-\": true}, \"additionalProperties\": false}"},
};

/* The names of the properties that need, or do not have, the key "within". */
static void define_properties(struct schema *schema, const char *definition, bool timed)
{
    cJSON *property = cJSON_AddObjectToObject(schema->definitions, definition);
    cJSON *names = cJSON_AddArrayToObject(property, "enum");
    for (size_t i = 0; model_registry[i]; i++) {
        const struct model_property *row = model_registry[i]->properties;
        for (; row && row->name; row++) {
            bool known = (row->when == PROPERTY_WITHIN) != timed;
            for (const cJSON *name = names->child; name; name = name->next)
                known = known || strcmp(name->valuestring, row->name) == 0;
            if (!known)
                cJSON_AddItemToArray(names, cJSON_CreateString(row->name));
        }
    }
}

static void define_free_json(struct schema *schema)
{
    for (size_t i = 0; i < sizeof free_json / sizeof free_json[0]; i++) {
        cJSON *parsed = cJSON_Parse(free_json[i].schema);
        SIM_ASSERT(parsed);
        cJSON_AddItemToObject(schema->definitions, free_json[i].name, parsed);
    }
    schema_quantity(cJSON_AddObjectToObject(schema->definitions, "time"), PARAM_DURATION, 0,
                    INT64_MAX);
    define_properties(schema, "property", false);
    define_properties(schema, "timed property", true);
}

/* A file that includes others may leave out what they say, so only its keys are looked at. */
static void define_part(struct schema *schema, const cJSON *scenario)
{
    cJSON *part = cJSON_AddObjectToObject(schema->definitions, "part");
    cJSON *properties = cJSON_AddObjectToObject(part, "properties");
    const cJSON *keys = cJSON_GetObjectItemCaseSensitive(scenario, "properties");
    for (const cJSON *key = keys->child; key; key = key->next) {
        bool kept = strcmp(key->string, "include") == 0;
        cJSON_AddItemToObject(properties, key->string,
                              kept ? cJSON_Duplicate(key, true) : cJSON_CreateTrue());
    }
    cJSON_AddTrueToObject(cJSON_AddObjectToObject(part, "patternProperties"), "^x-");
    cJSON_AddFalseToObject(part, "additionalProperties");
}

/* Rules of the reader that stand in no table. */
static void add_rules(cJSON *properties)
{
    cJSON *name = cJSON_GetObjectItemCaseSensitive(properties, "name");
    cJSON_AddStringToObject(name, "pattern", "^[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}$");
    cJSON *fault = cJSON_GetObjectItemCaseSensitive(
        cJSON_GetObjectItemCaseSensitive(properties, "faults"), "items");
    cJSON_AddRawToObject(fault, "oneOf", "[{\"required\": [\"at\"]}, {\"required\": [\"every\"]}]");
}

static cJSON *make_document(struct schema *schema)
{
    static struct layer_types layers[LAYERS_MAX];
    cJSON *document = cJSON_Parse(
        "{\"$schema\": \"https://json-schema.org/draft/2020-12/schema\","
        " \"$id\": \"shardsim-scenario-1.schema.json\","
        " \"title\": \"A scenario of shardsim\", \"type\": \"object\","
        " \"if\": {\"required\": [\"include\"], \"properties\": {\"include\": {\"minItems\": 1}}},"
        " \"then\": {\"$ref\": \"#/$defs/part\"}, \"else\": {\"$ref\": \"#/$defs/scenario\"}}");
    SIM_ASSERT(document);
    schema->definitions = cJSON_AddObjectToObject(document, "$defs");
    define_free_json(schema);
    cJSON *scenario = cJSON_AddObjectToObject(schema->definitions, "scenario");
    schema_table(schema, scenario_params, NULL, scenario);
    cJSON *properties = cJSON_GetObjectItemCaseSensitive(scenario, "properties");
    size_t count = collect_layers(layers);
    for (size_t i = 0; i < count; i++) {
        const struct layer_types *layer = &layers[i];
        cJSON *section = cJSON_AddObjectToObject(properties, layer->layer);
        bool list = scenario_layer_is_list(layer->layer);
        if (list) {
            cJSON_AddStringToObject(section, "type", "array");
            cJSON_AddNumberToObject(section, "maxItems", SCENARIO_WORKLOADS_MAX);
            section = cJSON_AddObjectToObject(section, "items");
        }
        schema_by_type(section, layer->layer, layer->types, layer->types[0]);
    }
    define_part(schema, scenario);
    define_models(schema);
    schema_finish(schema);
    add_rules(properties);
    return document;
}

static error_t parse_schema(int key, char *argument, struct argp_state *state)
{
    (void)argument;
    if (key == ARGP_KEY_ARG)
        argp_error(state, "schema takes no argument");
    return ARGP_ERR_UNKNOWN;
}

int command_schema(int argc, char **argv)
{
    const struct argp argp = {
        NULL,
        parse_schema,
        "",
        "The JSON Schema (draft 2020-12) of a scenario, for editors and other tools, from the "
        "same tables that check it.",
        NULL,
        NULL,
        NULL};
    argp_parse(&argp, argc, argv, 0, NULL, NULL);
    static struct schema schema;
    cJSON *document = make_document(&schema);
    char *text = cJSON_PrintUnformatted(document);
    SIM_ASSERT(text);
    json_indent_print(stdout, text);
    cJSON_free(text);
    cJSON_Delete(document);
    fprintf(stderr, "next: shardsim schema > shardsim-scenario-1.schema.json\n");
    return EXIT_FINE;
}
