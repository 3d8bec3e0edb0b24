/* What each model of the registry says of its parameters is what the reader holds a scenario to.
 *
 * Method: walk model_registry with the base scenarios of support_contract. Then: the table is well
 * formed, defaults are valid, each number is refused one step outside its range, unknown keys are
 * refused. */

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "models/stack.h"
#include "sim/diagnostics.h"
#include "sim/engine.h"
#include "sim/model.h"
#include "sim/scenario.h"
#include "tests/check_main.h"
#include "tests/support_contract.h"

enum { DEPTH_MAX = 4 };

static void assert_names(const struct model *model, const char *what, const char *const *names)
{
    ck_assert_msg(names != NULL, "%s.%s: no list of %s", model->layer_name, model->name, what);
    size_t count = 0;
    for (; names[count]; count++) {
        ck_assert_msg(strspn(names[count], "abcdefghijklmnopqrstuvwxyz0123456789_") ==
                          strlen(names[count]),
                      "%s.%s: %s \"%s\" is not snake_case", model->layer_name, model->name, what,
                      names[count]);
        for (size_t i = 0; i < count; i++)
            ck_assert_str_ne(names[i], names[count]);
    }
    ck_assert_msg(count <= 64, "%s.%s: more than 64 %s", model->layer_name, model->name, what);
}

START_TEST(tables_are_well_formed)
{
    for (size_t i = 0; model_registry[i]; i++) {
        const struct model *model = model_registry[i];
        ck_assert_msg(contract_find(model->layer_name, model->name) == model,
                      "%s.%s stands twice in the registry", model->layer_name, model->name);
        ck_assert_uint_lt(model->layer, LAYER_COUNT);
        ck_assert_uint_gt(model->version, 0);
        ck_assert(model->summary && model->params && model->build && model->destroy);
        ck_assert(model->metrics && model->properties);
        assert_names(model, "message kinds", model->message_kinds);
        assert_names(model, "timer kinds", model->timer_kinds);
        assert_names(model, "trace kinds", model->trace_kinds);
        ck_assert(model->message_kinds[0] == NULL || model->on_message != NULL);
        ck_assert(model->timer_kinds[0] == NULL || model->on_timer != NULL);
        for (const struct param *row = model->params; row->name; row++) {
            ck_assert_msg(row->help && row->help[0], "%s.%s.%s has no help", model->layer_name,
                          model->name, row->name);
            ck_assert_uint_lt(row->offset, model->config_bytes);
        }
    }
}
END_TEST

START_TEST(defaults_are_valid)
{
    for (size_t i = 0; model_registry[i]; i++) {
        const struct model *model = model_registry[i];
        char text[CONTRACT_TEXT_BYTES];
        contract_text(model, "", "", "", text);
        struct scenario *scenario = contract_load(model, text, NULL);
        struct diagnostics diagnostics = {0};
        int status = engine_check(scenario, &diagnostics);
        if (status != 0)
            contract_print_problems(model, &diagnostics);
        ck_assert_msg(status == 0, "%s.%s: defaults are refused", model->layer_name, model->name);
        diagnostics_free(&diagnostics);
        scenario_free(scenario);
    }
}
END_TEST

/* How a number of base units is written in JSON for a kind; false for kinds that are no numbers. */
static bool number_text(enum param_kind kind, int64_t value, char *ret_text, size_t bytes)
{
    const char *sign = value < 0 ? "-" : "";
    uint64_t size = value < 0 ? (uint64_t)-value : (uint64_t)value;
    uint64_t million = 1000000, trillion = million * million;
    switch (kind) {
    case PARAM_INTEGER:
        snprintf(ret_text, bytes, "%" PRId64, value);
        return true;
    case PARAM_RATIO:
        snprintf(ret_text, bytes, "\"%s%" PRIu64 ".%012" PRIu64 "\"", sign, size / trillion,
                 size % trillion);
        return true;
    case PARAM_DURATION:
        snprintf(ret_text, bytes, "\"%" PRId64 "ns\"", value);
        return true;
    case PARAM_BYTES:
        snprintf(ret_text, bytes, "\"%" PRId64 "B\"", value);
        return true;
    case PARAM_BIT_RATE:
        snprintf(ret_text, bytes, "\"%" PRId64 "bit/s\"", value);
        return true;
    case PARAM_RATE:
        snprintf(ret_text, bytes, "\"%s%" PRIu64 ".%06" PRIu64 "/s\"", sign, size / million,
                 size % million);
        return true;
    case PARAM_BOOL:
    case PARAM_REAL:
    case PARAM_SEED:
    case PARAM_CHOICE:
    case PARAM_STRING:
    case PARAM_FILE:
    case PARAM_DISTRIBUTION:
    case PARAM_OBJECT:
    case PARAM_VARIANT:
    case PARAM_LIST:
    case PARAM_JSON:
        return false;
    }
    return false;
}

/* Where a value stands: the model's section, then objects by name. */
struct place {
    const struct model *model;
    const char *names[DEPTH_MAX + 1];
    const char *types[DEPTH_MAX + 1]; /* of the variant that the object then is; NULL = plain */
    uint32_t depth;
};

/* Sets `name` at a place of the base scenario to a value and returns the text; cJSON_free it. */
static char *scenario_with(const struct place *place, const char *name, const char *value,
                           char ret_pointer[256])
{
    char text[CONTRACT_TEXT_BYTES];
    contract_text(place->model, "", "", "", text);
    cJSON *tree = cJSON_Parse(text);
    ck_assert_msg(tree != NULL, "no JSON: %s", text);
    bool listed = place->model->layer == LAYER_WORKLOAD;
    cJSON *object = cJSON_GetObjectItemCaseSensitive(tree, place->model->layer_name);
    int used = snprintf(ret_pointer, 256, "/%s%s", place->model->layer_name, listed ? "/0" : "");
    if (listed)
        object = cJSON_GetArrayItem(object, 0);
    for (uint32_t i = 0; i < place->depth; i++) {
        cJSON *inner = cJSON_GetObjectItemCaseSensitive(object, place->names[i]);
        object = inner ? inner : cJSON_AddObjectToObject(object, place->names[i]);
        if (place->types[i]) {
            cJSON_DeleteItemFromObjectCaseSensitive(object, "type");
            cJSON_AddStringToObject(object, "type", place->types[i]);
        }
        used += snprintf(ret_pointer + used, 256 - (size_t)used, "/%s", place->names[i]);
    }
    snprintf(ret_pointer + used, 256 - (size_t)used, "/%s", name);
    cJSON_DeleteItemFromObjectCaseSensitive(object, name);
    cJSON_AddItemToObject(object, name, cJSON_CreateRaw(value));
    char *changed = cJSON_PrintUnformatted(tree);
    cJSON_Delete(tree);
    return changed;
}

/* Whether `value` at `name` is refused there, with a code of the E2xx kind. */
static bool refused_at(const struct place *place, const char *name, const char *value)
{
    char pointer[256];
    char *text = scenario_with(place, name, value, pointer);
    struct diagnostics diagnostics = {0};
    struct scenario *scenario = NULL;
    const struct scenario_options options = {.point = -1};
    bool refused = false;
    if (scenario_load_text("contract.json", text, strlen(text), &options, &diagnostics,
                           &scenario) == 0)
        scenario_free(scenario);
    for (size_t i = 0; i < diagnostics.count; i++)
        if (strcmp(diagnostics.list[i].pointer, pointer) == 0 &&
            strncmp(diagnostics.list[i].code, "E2", 2) == 0)
            refused = true;
    diagnostics_free(&diagnostics);
    cJSON_free(text);
    return refused;
}

static uint32_t check_real(const struct place *place, const struct param *row)
{
    if (row->real_min == row->real_max)
        return 0;
    for (int side = 0; side < 2; side++) {
        char text[64];
        double edge = side == 0 ? row->real_min : row->real_max;
        double step = (edge < 0 ? -edge : edge) * 1e-9 + 1e-9;
        snprintf(text, sizeof text, "%.17g", side == 0 ? edge - step : edge + step);
        ck_assert_msg(refused_at(place, row->name, text), "%s.%s.%s: %s is outside the range",
                      place->model->layer_name, place->model->name, row->name, text);
    }
    return 1;
}

static uint32_t check_range(const struct place *place, const struct param *row)
{
    const struct model *model = place->model;
    char text[64];
    if (row->kind == PARAM_REAL)
        return check_real(place, row);
    if (row->value_min == row->value_max ||
        !number_text(row->kind, row->value_min, text, sizeof text))
        return 0;
    ck_assert_msg(!refused_at(place, row->name, text), "%s.%s.%s: least value %s is refused",
                  model->layer_name, model->name, row->name, text);
    number_text(row->kind, row->value_max, text, sizeof text);
    ck_assert_msg(!refused_at(place, row->name, text), "%s.%s.%s: greatest value %s is refused",
                  model->layer_name, model->name, row->name, text);
    if (row->value_min > INT64_MIN + 1) {
        number_text(row->kind, row->value_min - 1, text, sizeof text);
        ck_assert_msg(refused_at(place, row->name, text), "%s.%s.%s: %s is below the range",
                      model->layer_name, model->name, row->name, text);
    }
    if (row->value_max < INT64_C(9007199254740991)) {
        number_text(row->kind, row->value_max + 1, text, sizeof text);
        ck_assert_msg(refused_at(place, row->name, text), "%s.%s.%s: %s is above the range",
                      model->layer_name, model->name, row->name, text);
    }
    return 1;
}

/* The rows of each variant, one level deep. */
static uint32_t check_variants(struct place *place, const struct param *row)
{
    uint32_t checked = 0;
    for (const struct param_variant *variant = row->variants; variant->type; variant++) {
        place->names[place->depth] = row->name;
        place->types[place->depth++] = variant->type;
        for (const struct param *inner = variant->fields; inner && inner->name; inner++)
            checked += check_range(place, inner);
        place->types[--place->depth] = NULL;
    }
    return checked;
}

/* Every numeric row of a model's table and of the objects in it, depth first. */
static uint32_t check_ranges(const struct model *model)
{
    const struct param *rows[DEPTH_MAX + 1] = {model->params};
    struct place place = {.model = model};
    uint32_t checked = 0;
    for (;;) {
        const struct param *row = rows[place.depth];
        if (!row->name) {
            if (place.depth == 0)
                return checked;
            place.depth--;
            continue;
        }
        rows[place.depth]++;
        if (row->kind == PARAM_VARIANT)
            checked += check_variants(&place, row);
        if (row->kind != PARAM_OBJECT) {
            checked += check_range(&place, row);
            continue;
        }
        ck_assert_uint_lt(place.depth, DEPTH_MAX);
        place.names[place.depth++] = row->name;
        rows[place.depth] = row->fields;
    }
}

START_TEST(numbers_outside_their_range_are_refused)
{
    uint32_t checked = 0;
    for (size_t i = 0; model_registry[i]; i++)
        checked += check_ranges(model_registry[i]);
    ck_assert_uint_gt(checked, 5);
}
END_TEST

START_TEST(unknown_keys_are_refused)
{
    for (size_t i = 0; model_registry[i]; i++) {
        const struct model *model = model_registry[i];
        char text[CONTRACT_TEXT_BYTES];
        contract_text(model, ", \"no_such_key\": 1", "", "", text);
        struct diagnostics diagnostics = {0};
        struct scenario *scenario = NULL;
        const struct scenario_options options = {.point = -1};
        ck_assert_int_eq(scenario_load_text("contract.json", text, strlen(text), &options,
                                            &diagnostics, &scenario),
                         -1);
        ck_assert_ptr_null(scenario);
        ck_assert_uint_eq(diagnostics.errors, 1);
        ck_assert_msg(strncmp(diagnostics.list[0].code, "E1", 2) == 0, "%s.%s: %s",
                      model->layer_name, model->name, diagnostics.list[0].code);
        ck_assert_ptr_nonnull(strstr(diagnostics.list[0].pointer, "/no_such_key"));
        diagnostics_free(&diagnostics);
    }
}
END_TEST

CHECK_MAIN("model_params", tables_are_well_formed, defaults_are_valid,
           numbers_outside_their_range_are_refused, unknown_keys_are_refused)
