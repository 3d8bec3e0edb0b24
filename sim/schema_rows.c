#include "sim/schema_rows.h"

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "sim/param_parse.h"
#include "sim/param_walk.h"
#include "sim/quantity.h"
#include "sim/sim_assert.h"

enum { TEXT_BYTES = 512, NAME_BYTES = 128 };

/* Beyond this a number is not exact in every JSON tool. */
#define INTEGER_MAX INT64_C(9007199254740991)
#define RATIO_ONE INT64_C(1000000000000)

static cJSON *add_object(cJSON *parent, const char *key)
{
    cJSON *object = cJSON_AddObjectToObject(parent, key);
    SIM_ASSERT(object);
    return object;
}

static cJSON *append_object(cJSON *array)
{
    cJSON *object = cJSON_CreateObject();
    SIM_ASSERT(object && cJSON_AddItemToArray(array, object));
    return object;
}

static void postpone(struct schema *schema, const struct param *rows, const char *type,
                     cJSON *object)
{
    SIM_ASSERT(schema->pending_count < SCHEMA_PENDING_MAX);
    schema->pending[schema->pending_count++] = (struct schema_pending){rows, object, type};
}

/* cJSON would write a large number with an exponent, and lose digits. */
static void add_integer(cJSON *object, const char *key, int64_t value)
{
    char text[32];
    snprintf(text, sizeof text, "%" PRId64, value);
    cJSON_AddRawToObject(object, key, text);
}

static void add_strings(cJSON *object, const char *key, const char *const *strings)
{
    cJSON *array = cJSON_AddArrayToObject(object, key);
    for (size_t i = 0; strings[i]; i++)
        cJSON_AddItemToArray(array, cJSON_CreateString(strings[i]));
}

/* Shares of one, the usual ratios: 0% to 100% can be told by its digits. */
static const char share_pattern[] =
    "^(0*(100(\\.0+)?|[0-9]{1,2}(\\.[0-9]+)?)%"
    "|0*(1000000(\\.0+)?|[0-9]{1,6}(\\.[0-9]+)?)ppm|0*(1(\\.0+)?|0(\\.[0-9]+)?))$";

void schema_quantity(cJSON *object, enum param_kind kind, int64_t min, int64_t max)
{
    char pattern[TEXT_BYTES];
    cJSON_AddStringToObject(object, "type", "string");
    if (kind == PARAM_RATIO && min == 0 && max == RATIO_ONE) {
        cJSON_AddStringToObject(object, "pattern", share_pattern);
        return;
    }
    bool unlimited_too = kind == PARAM_BIT_RATE;
    size_t used = (size_t)snprintf(
        pattern, sizeof pattern, "^%s%s%s[0-9]+(\\.[0-9]+)?(", unlimited_too ? "unlimited$|^" : "",
        min > 0 || unlimited_too ? "(?=[0-9.]*[1-9])" : "", min < 0 ? "-?" : "");
    const char *const *units = quantity_units(kind);
    for (size_t i = 0; units[i]; i++)
        used +=
            (size_t)snprintf(pattern + used, sizeof pattern - used, "%s%s", i ? "|" : "", units[i]);
    used += (size_t)snprintf(pattern + used, sizeof pattern - used, ")%s$",
                             kind == PARAM_RATIO ? "?" : "");
    SIM_ASSERT(used < sizeof pattern);
    cJSON_AddStringToObject(object, "pattern", pattern);
}

/* Numbers that not every JSON tool keeps come as strings; then the range is left to the reader. */
static void schema_integer(cJSON *object, const struct param *row)
{
    int64_t min, max;
    param_range(row, PARAM_INTEGER, &min, &max);
    bool has_strings = max > INTEGER_MAX;
    cJSON_AddRawToObject(object, "type", has_strings ? "[\"integer\", \"string\"]" : "\"integer\"");
    if (has_strings)
        cJSON_AddStringToObject(object, "pattern",
                                min < 0 ? "^-?[0-9]+(\\.0+)?([eE][+]?[0-9]+)?$"
                                        : "^[0-9]+(\\.0+)?([eE][+]?[0-9]+)?$");
    add_integer(object, "minimum", min < -INTEGER_MAX ? -INTEGER_MAX : min);
    add_integer(object, "maximum", has_strings ? INTEGER_MAX : max);
}

static void schema_real(cJSON *object, const struct param *row)
{
    cJSON_AddStringToObject(object, "type", "number");
    if (row->real_min >= row->real_max)
        return;
    cJSON_AddNumberToObject(object, "minimum", row->real_min);
    cJSON_AddNumberToObject(object, "maximum", row->real_max);
}

/* Adds "if the type is this one" to a list of rules; returns the rule's `then`. */
static cJSON *add_rule(cJSON *all, const char *type, bool type_required)
{
    cJSON *rule = append_object(all);
    cJSON *condition = add_object(rule, "if");
    cJSON *value = add_object(add_object(condition, "properties"), "type");
    cJSON_AddStringToObject(value, "const", type);
    if (type_required)
        add_strings(condition, "required", (const char *const[]){"type", NULL});
    return add_object(rule, "then");
}

/* The user's own keys, and no others than those named. */
static void close_object(cJSON *object)
{
    cJSON_AddTrueToObject(add_object(object, "patternProperties"), "^x-");
    cJSON_AddFalseToObject(object, "additionalProperties");
}

void schema_by_type(cJSON *object, const char *prefix, const char *const *types,
                    const char *type_default)
{
    char reference[TEXT_BYTES];
    cJSON_AddStringToObject(object, "type", "object");
    add_strings(add_object(add_object(object, "properties"), "type"), "enum", types);
    if (!type_default)
        add_strings(object, "required", (const char *const[]){"type", NULL});
    cJSON *all = cJSON_AddArrayToObject(object, "allOf");
    for (size_t i = 0; types[i]; i++) {
        bool is_default = type_default && strcmp(types[i], type_default) == 0;
        snprintf(reference, sizeof reference, "#/$defs/%s.%s", prefix, types[i]);
        cJSON_AddStringToObject(add_rule(all, types[i], !is_default), "$ref", reference);
    }
}

/* The variants stand in the row's own schema: their names are known here only. */
static void schema_variants(struct schema *schema, cJSON *object, const struct param *row)
{
    cJSON_AddStringToObject(object, "type", "object");
    cJSON *types =
        cJSON_AddArrayToObject(add_object(add_object(object, "properties"), "type"), "enum");
    cJSON *all = cJSON_AddArrayToObject(object, "allOf");
    bool type_required = row->required || row->kind == PARAM_LIST;
    for (const struct param_variant *variant = row->variants; variant->type; variant++) {
        cJSON_AddItemToArray(types, cJSON_CreateString(variant->type));
        bool needed = type_required || variant != row->variants;
        postpone(schema, variant->fields, variant->type, add_rule(all, variant->type, needed));
    }
    if (type_required)
        add_strings(object, "required", (const char *const[]){"type", NULL});
}

/* Large numbers come as strings, since many JSON tools round them. */
static void schema_seed(cJSON *object)
{
    cJSON *any = cJSON_AddArrayToObject(object, "anyOf");
    cJSON *number = append_object(any);
    cJSON_AddStringToObject(number, "type", "integer");
    add_integer(number, "minimum", 0);
    add_integer(number, "maximum", INTEGER_MAX);
    cJSON *text = append_object(any);
    cJSON_AddStringToObject(text, "type", "string");
    cJSON_AddStringToObject(text, "pattern", "^[0-9]+$");
}

static void schema_scalar(cJSON *object, const struct param *row, enum param_kind kind)
{
    int64_t min, max;
    switch (kind) {
    case PARAM_BOOL:
        cJSON_AddStringToObject(object, "type", "boolean");
        break;
    case PARAM_INTEGER:
        schema_integer(object, row);
        break;
    case PARAM_RATIO:
    case PARAM_DURATION:
    case PARAM_BYTES:
    case PARAM_BIT_RATE:
    case PARAM_RATE:
        param_range(row, kind, &min, &max);
        schema_quantity(object, kind, min, max);
        break;
    case PARAM_REAL:
        schema_real(object, row);
        break;
    case PARAM_CHOICE:
        add_strings(object, "enum", row->choices);
        break;
    case PARAM_STRING:
    case PARAM_FILE:
        cJSON_AddStringToObject(object, "type", "string");
        break;
    case PARAM_SEED:
        schema_seed(object);
        break;
    case PARAM_DISTRIBUTION:
    case PARAM_OBJECT:
    case PARAM_VARIANT:
    case PARAM_LIST:
    case PARAM_JSON:
        SIM_ASSERT(!"a scalar");
        break;
    }
}

/* Free JSON is its owner's business, but for what is defined under the key's name. */
static void schema_json(const struct schema *schema, cJSON *object, const char *name)
{
    char reference[TEXT_BYTES];
    snprintf(reference, sizeof reference, "#/$defs/%s", name);
    if (cJSON_GetObjectItemCaseSensitive(schema->definitions, name))
        cJSON_AddStringToObject(object, "$ref", reference);
}

/* What one type of distribution may have, as `then` of a rule. */
static void schema_distribution_keys(cJSON *object, const struct distribution_keys *keys,
                                     const struct param *row)
{
    const char *required[4] = {"type"};
    size_t count = 1;
    cJSON *properties = add_object(object, "properties");
    cJSON_AddTrueToObject(properties, "type");
    const char *quantities[] = {keys->location, keys->spread, "min"};
    for (size_t i = 0; i < 3; i++) {
        if (!quantities[i])
            continue;
        struct param quantity = {.kind = row->item_kind, .value_max = INT64_MAX};
        schema_scalar(add_object(properties, quantities[i]), &quantity, quantity.kind);
        if (i < 2)
            required[count++] = quantities[i];
    }
    if (keys->shape) {
        cJSON *shape = add_object(properties, keys->shape);
        cJSON_AddStringToObject(shape, "type", "number");
        cJSON_AddNumberToObject(shape, "minimum", 0.001);
        cJSON_AddNumberToObject(shape, "maximum", keys->shape_max);
        required[count++] = keys->shape;
    }
    if (strcmp(keys->type, "empirical") == 0) {
        cJSON_AddStringToObject(add_object(properties, "file"), "type", "string");
        cJSON_AddStringToObject(add_object(properties, "sha256"), "type", "string");
        required[count++] = "file";
    }
    required[count] = NULL;
    add_strings(object, "required", required);
    close_object(object);
}

/* Distributions are defined once for each unit, when the first one is met. */
static void schema_distribution(struct schema *schema, cJSON *object, const struct param *row)
{
    char name[NAME_BYTES], reference[TEXT_BYTES];
    bool matrix = row->matrix_offset != 0;
    snprintf(name, sizeof name, "distribution of %s%s", param_kind_name(row->item_kind),
             matrix ? " or matrix" : "");
    snprintf(reference, sizeof reference, "#/$defs/%s", name);
    cJSON_AddStringToObject(object, "$ref", reference);
    if (cJSON_GetObjectItemCaseSensitive(schema->definitions, name))
        return;
    cJSON *any = cJSON_AddArrayToObject(add_object(schema->definitions, name), "anyOf");
    struct param quantity = {.kind = row->item_kind, .value_max = INT64_MAX};
    schema_scalar(append_object(any), &quantity, quantity.kind);
    cJSON *by_type = append_object(any);
    cJSON_AddStringToObject(by_type, "type", "object");
    cJSON *types =
        cJSON_AddArrayToObject(add_object(add_object(by_type, "properties"), "type"), "enum");
    cJSON *all = cJSON_AddArrayToObject(by_type, "allOf");
    add_strings(by_type, "required", (const char *const[]){"type", NULL});
    for (const struct distribution_keys *keys = distribution_keys; keys->type; keys++) {
        if (strcmp(keys->type, "matrix") == 0 && !matrix)
            continue;
        cJSON_AddItemToArray(types, cJSON_CreateString(keys->type));
        schema_distribution_keys(add_rule(all, keys->type, true), keys, row);
    }
}

static void schema_value(struct schema *schema, cJSON *object, const struct param *row,
                         enum param_kind kind)
{
    switch (kind) {
    case PARAM_DISTRIBUTION:
        schema_distribution(schema, object, row);
        break;
    case PARAM_OBJECT:
        postpone(schema, row->fields, NULL, object);
        break;
    case PARAM_VARIANT:
        schema_variants(schema, object, row);
        break;
    case PARAM_LIST:
        SIM_ASSERT(!"a list in a list");
        break;
    case PARAM_JSON:
        schema_json(schema, object, row->name);
        break;
    case PARAM_BOOL:
    case PARAM_INTEGER:
    case PARAM_RATIO:
    case PARAM_DURATION:
    case PARAM_BYTES:
    case PARAM_BIT_RATE:
    case PARAM_RATE:
    case PARAM_REAL:
    case PARAM_CHOICE:
    case PARAM_STRING:
    case PARAM_FILE:
    case PARAM_SEED:
        schema_scalar(object, row, kind);
        break;
    }
}

/* Lists hold scalars or objects, never lists, so one step down is enough. */
static void schema_row(struct schema *schema, cJSON *object, const struct param *row)
{
    if (row->kind != PARAM_LIST) {
        schema_value(schema, object, row, row->kind);
        return;
    }
    SIM_ASSERT(row->item_kind != PARAM_LIST);
    cJSON_AddStringToObject(object, "type", "array");
    schema_value(schema, add_object(object, "items"), row, row->item_kind);
}

void schema_table(struct schema *schema, const struct param *rows, const char *type, cJSON *object)
{
    char text[TEXT_BYTES];
    cJSON_AddStringToObject(object, "type", "object");
    cJSON *properties = add_object(object, "properties");
    if (type)
        cJSON_AddStringToObject(add_object(properties, "type"), "const", type);
    cJSON *required = cJSON_CreateArray();
    for (; rows && rows->name; rows++) {
        if (rows->hidden)
            continue;
        cJSON *value = add_object(properties, rows->name);
        if (rows->help)
            cJSON_AddStringToObject(value, "description", rows->help);
        param_default_text(rows, text, sizeof text);
        if (text[0])
            cJSON_AddRawToObject(value, "default", text);
        schema_row(schema, value, rows);
        if (rows->required)
            cJSON_AddItemToArray(required, cJSON_CreateString(rows->name));
    }
    if (cJSON_GetArraySize(required))
        cJSON_AddItemToObject(object, "required", required);
    else
        cJSON_Delete(required);
    close_object(object);
}

void schema_finish(struct schema *schema)
{
    for (size_t i = 0; i < schema->pending_count; i++) {
        struct schema_pending pending = schema->pending[i];
        schema_table(schema, pending.rows, pending.type, pending.object);
    }
    schema->pending_count = 0;
}
