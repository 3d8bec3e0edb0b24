/* sweep.product: every combination of the values of some parameters. */
#include <cjson/cJSON.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/exact.h"
#include "sim/quantity.h"
#include "sim/scenario_private.h"
#include "sim/sim_assert.h"

struct sweep {
    struct scenario_private *private_part;
    struct arena *arena;
    struct diagnostics *diagnostics;
};

static void report(const struct sweep *sweep, const char *code, const char *pointer,
                   const char *problem, const char *expected, const char *try_text)
{
    diagnostics_add(sweep->diagnostics, code, pointer, AT_VALUE, problem, expected, NULL, try_text);
}

/* --- Ranges --- */

struct range {
    enum param_kind kind;
    int64_t from, to; /* base units */
    double real_from, real_to;
    int64_t points;
    bool is_log;
};

static bool read_end(const struct sweep *sweep, const char *pointer, const cJSON *object,
                     const char *name, enum param_kind kind, int64_t *ret_value, double *ret_real)
{
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(object, name);
    const char *place = arena_pointer(sweep->arena, pointer, name);
    if (value == NULL) {
        report(sweep, "E103", place, "missing key", "the first or the last value of the range",
               NULL);
        return false;
    }
    enum quantity_status status = QUANTITY_MALFORMED;
    if (cJSON_IsNumber(value) && kind == PARAM_REAL) {
        *ret_real = value->valuedouble;
        return true;
    }
    if (cJSON_IsNumber(value) && kind == PARAM_INTEGER)
        status = quantity_parse_integer(param_number_text(sweep->arena, value), ret_value);
    else if (cJSON_IsString(value) && quantity_has_unit(kind))
        status = quantity_parse(kind, value->valuestring, ret_value);
    if (status != QUANTITY_FINE) {
        bool has_unit = quantity_has_unit(kind);
        report(sweep, cJSON_IsNumber(value) && has_unit ? "E201" : "E205", place,
               "no value of the swept parameter",
               has_unit                ? arena_printf(sweep->arena, "a string such as %s",
                                                      quantity_words(kind)->examples)
               : kind == PARAM_INTEGER ? "an integer"
                                       : "a number",
               NULL);
    }
    return status == QUANTITY_FINE;
}

static bool read_range(const struct sweep *sweep, const char *pointer, const cJSON *object,
                       struct range *ret_range)
{
    static const char *const keys[] = {"from", "points", "scale", "to", NULL};
    static const char *const scales[] = {"linear", "log2", "log10", NULL};
    size_t errors_before = sweep->diagnostics->errors;
    for (const cJSON *item = object->child; item != NULL; item = item->next) {
        const char *near = suggest_word(item->string, keys);
        bool is_known = near != NULL && strcmp(near, item->string) == 0;
        if (!is_known && strncmp(item->string, "x-", 2) != 0)
            diagnostics_add(sweep->diagnostics, "E101",
                            arena_pointer(sweep->arena, pointer, item->string), AT_KEY,
                            "unknown key", param_one_of(sweep->arena, keys), NULL,
                            near == NULL ? NULL : arena_printf(sweep->arena, "\"%s\"", near));
    }
    read_end(sweep, pointer, object, "from", ret_range->kind, &ret_range->from,
             &ret_range->real_from);
    read_end(sweep, pointer, object, "to", ret_range->kind, &ret_range->to, &ret_range->real_to);
    const cJSON *points = cJSON_GetObjectItemCaseSensitive(object, "points");
    if (!cJSON_IsNumber(points) ||
        quantity_parse_integer(param_number_text(sweep->arena, points), &ret_range->points) !=
            QUANTITY_FINE ||
        ret_range->points < 2 || ret_range->points > SWEEP_VALUES_MAX)
        report(sweep, points == NULL ? "E103" : "E203",
               arena_pointer(sweep->arena, pointer, "points"),
               points == NULL ? "missing key" : "out of range", "an integer, 2 to 10000", NULL);
    const cJSON *scale = cJSON_GetObjectItemCaseSensitive(object, "scale");
    const char *name = scale == NULL ? "linear" : cJSON_IsString(scale) ? scale->valuestring : "";
    size_t index = 0;
    while (scales[index] != NULL && strcmp(scales[index], name) != 0)
        index++;
    if (scales[index] == NULL)
        report(sweep, "E206", arena_pointer(sweep->arena, pointer, "scale"), "none of the choices",
               param_one_of(sweep->arena, scales), NULL);
    ret_range->is_log = index > 0;
    return sweep->diagnostics->errors == errors_before;
}

/* Integers between the ends, rounded to nearest. On a log scale through exact.h, so that each
 * machine computes the same points; the ends themselves are not computed at all. */
static int64_t integer_at(const struct range *range, int64_t i)
{
    int64_t steps = range->points - 1;
    if (i == 0 || i == steps)
        return i == 0 ? range->from : range->to;
    if (range->is_log) {
        double ratio = (double)range->to / (double)range->from;
        return (int64_t)((double)range->from * exact_pow(ratio, (double)i / (double)steps) + 0.5);
    }
    bool is_rising = range->to >= range->from;
    uint64_t width = is_rising ? (uint64_t)range->to - (uint64_t)range->from
                               : (uint64_t)range->from - (uint64_t)range->to;
    uint128 product = (uint128)width * (uint64_t)i * 2u + (uint64_t)steps;
    uint64_t part = (uint64_t)(product / (2u * (uint64_t)steps));
    return (int64_t)(is_rising ? (uint64_t)range->from + part : (uint64_t)range->from - part);
}

/* Twelve digits: steps such as 0.1 + 0.2 come out as a person would write them. */
static double real_at(const struct range *range, int64_t i)
{
    double steps = (double)(range->points - 1), at = (double)i;
    if (i == 0 || i == range->points - 1)
        return i == 0 ? range->real_from : range->real_to;
    double value = range->is_log
                       ? range->real_from * exact_pow(range->real_to / range->real_from, at / steps)
                       : range->real_from + (range->real_to - range->real_from) * at / steps;
    char text[40];
    snprintf(text, sizeof text, "%.12g", value);
    return strtod(text, NULL);
}

static cJSON *value_at(const struct range *range, int64_t i)
{
    if (range->kind == PARAM_REAL)
        return cJSON_CreateNumber(real_at(range, i));
    int64_t value = integer_at(range, i);
    char text[QUANTITY_TEXT_BYTES];
    quantity_print(range->kind, value, text);
    if (range->kind != PARAM_INTEGER)
        return cJSON_CreateString(text);
    cJSON *number = cJSON_CreateNumber((double)value);
    SIM_ASSERT(number != NULL);
    number->valuestring = strdup(text);
    return number;
}

static cJSON *read_range_values(const struct sweep *sweep, const char *pointer, const cJSON *object,
                                enum param_kind kind)
{
    struct range range = {.kind = kind};
    bool is_sweepable = kind == PARAM_INTEGER || kind == PARAM_REAL || quantity_has_unit(kind);
    if (!is_sweepable) {
        report(sweep, "E307", pointer, "a range for a parameter that is no number",
               "a list of values", NULL);
        return NULL;
    }
    if (!read_range(sweep, pointer, object, &range))
        return NULL;
    bool is_positive = kind == PARAM_REAL ? range.real_from > 0 && range.real_to > 0
                                          : range.from > 0 && range.to > 0;
    if (range.is_log && !is_positive) {
        report(sweep, "E307", pointer, "a log scale that does not begin above 0",
               "\"from\" and \"to\" above 0", NULL);
        return NULL;
    }
    cJSON *values = cJSON_CreateArray();
    SIM_ASSERT(values != NULL);
    for (int64_t i = 0; i < range.points; i++)
        cJSON_AddItemToArray(values, value_at(&range, i));
    for (const cJSON *item = values->child; item != NULL && item->next != NULL; item = item->next) {
        if (cJSON_Compare(item, item->next, 1)) {
            report(sweep, "E307", pointer, "two points of the range are equal after rounding",
                   "fewer points", NULL);
            break;
        }
    }
    return values;
}

/* --- Axes --- */

static bool is_sweepable_path(const struct sweep *sweep, const struct scenario_path *path,
                              const char *pointer, struct scenario_target *ret_target)
{
    static const char *const never[] = {"$schema",      "version", "name",  "include", "seed",
                                        "replications", "log",     "sweep", NULL};
    for (size_t i = 0; never[i] != NULL; i++) {
        if (strcmp(path->tokens[0], never[i]) == 0) {
            diagnostics_add(sweep->diagnostics, "E404", pointer, AT_KEY, "this key cannot be swept",
                            "a parameter of a section, or duration", NULL, NULL);
            return false;
        }
    }
    const char *near = NULL;
    if (scenario_path_find(sweep->private_part->document, path, sweep->arena, ret_target, &near))
        return true;
    diagnostics_add(sweep->diagnostics, "E404", pointer, AT_KEY, "no such parameter",
                    "a path such as \"messaging.path\" (shardsim describe lists them)", NULL,
                    near == NULL ? NULL : arena_printf(sweep->arena, "\"%s\"", near));
    return false;
}

static void read_axis(const struct sweep *sweep, const cJSON *item)
{
    struct scenario_private *private_part = sweep->private_part;
    const char *pointer = arena_pointer(sweep->arena, "/sweep/product", item->string);
    struct scenario_axis axis = {.source_pointer = pointer, .is_range = cJSON_IsObject(item)};
    const char *problem = scenario_path_parse(sweep->arena, item->string, &axis.path);
    struct scenario_target target = {0};
    if (problem != NULL) {
        diagnostics_add(sweep->diagnostics, "E104", pointer, AT_KEY, problem,
                        "a path such as \"network.loss\"", NULL, NULL);
        return;
    }
    if (!is_sweepable_path(sweep, &axis.path, pointer, &target))
        return;
    if (axis.is_range) {
        axis.values = read_range_values(sweep, pointer, item, target.kind);
        if (axis.values == NULL)
            return;
        cJSON_AddItemToArray(private_part->keep, axis.values);
    } else {
        int count = cJSON_IsArray(item) ? cJSON_GetArraySize(item) : 0;
        if (count == 0 || count > SWEEP_VALUES_MAX) {
            report(sweep, cJSON_IsArray(item) ? "E208" : "E205", pointer,
                   cJSON_IsArray(item) ? "wrong number of items" : "wrong type of value",
                   "a list of 1 to 10000 values, or {\"from\", \"to\", \"points\", \"scale\"}",
                   NULL);
            return;
        }
        axis.values = cJSON_Duplicate(item, 1);
        SIM_ASSERT(axis.values != NULL);
        cJSON_AddItemToArray(private_part->keep, axis.values);
    }
    for (uint32_t i = 0; i < private_part->axis_count; i++) {
        if (strcmp(private_part->axes[i].path.pointer, axis.path.pointer) == 0) {
            diagnostics_add(sweep->diagnostics, "E307", pointer, AT_KEY, "this path is swept twice",
                            "each path once", NULL, NULL);
            return;
        }
    }
    private_part->axes[private_part->axis_count++] = axis;
}

void scenario_sweep_read(struct scenario_private *private_part, struct diagnostics *diagnostics,
                         uint32_t *ret_points)
{
    const struct sweep sweep = {private_part, &private_part->arena, diagnostics};
    *ret_points = 0;
    const cJSON *section = cJSON_GetObjectItemCaseSensitive(private_part->document, "sweep");
    if (section == NULL || cJSON_IsNull(section))
        return;
    const cJSON *product = cJSON_GetObjectItemCaseSensitive(section, "product");
    for (const cJSON *item = section->child; cJSON_IsObject(section) && item != NULL;
         item = item->next) {
        if (strcmp(item->string, "product") != 0 && strncmp(item->string, "x-", 2) != 0)
            diagnostics_add(diagnostics, "E101", arena_pointer(sweep.arena, "/sweep", item->string),
                            AT_KEY, "unknown key", "product", NULL, "\"product\"");
    }
    if (!cJSON_IsObject(product) || product->child == NULL) {
        report(&sweep, product == NULL && cJSON_IsObject(section) ? "E103" : "E205",
               cJSON_IsObject(section) ? "/sweep/product" : "/sweep",
               product == NULL && cJSON_IsObject(section) ? "missing key" : "wrong type of value",
               "{\"product\": {PATH: values}}", NULL);
        return;
    }
    if (cJSON_GetArraySize(product) > SWEEP_AXES_MAX) {
        report(&sweep, "E208", "/sweep/product", "wrong number of items", "1 to 16 paths", NULL);
        return;
    }
    size_t errors_before = diagnostics->errors;
    for (const cJSON *item = product->child; item != NULL; item = item->next)
        read_axis(&sweep, item);
    if (diagnostics->errors != errors_before)
        return;
    uint64_t points = 1;
    for (uint32_t i = 0; i < private_part->axis_count && points <= 1000000; i++)
        points *= (uint64_t)cJSON_GetArraySize(private_part->axes[i].values);
    if (points > 1000000)
        report(&sweep, "E307", "/sweep/product", "too many points", "at most 1000000 together",
               NULL);
    else
        *ret_points = (uint32_t)points;
}

uint32_t scenario_sweep_index(const struct scenario_axis *axes, uint32_t axis_count, uint32_t axis,
                              int64_t point)
{
    int64_t rest = point;
    for (uint32_t i = axis_count - 1; i > axis; i--)
        rest /= cJSON_GetArraySize(axes[i].values);
    return (uint32_t)(rest % cJSON_GetArraySize(axes[axis].values));
}

void scenario_sweep_apply(const struct scenario_private *private_part, cJSON *document,
                          int64_t point, struct diagnostics *diagnostics)
{
    for (uint32_t i = 0; i < private_part->axis_count; i++) {
        const struct scenario_axis *axis = &private_part->axes[i];
        uint32_t index =
            scenario_sweep_index(private_part->axes, private_part->axis_count, i, point);
        cJSON *value = cJSON_Duplicate(cJSON_GetArrayItem(axis->values, (int)index), 1);
        SIM_ASSERT(value != NULL);
        if (!scenario_path_set(document, &axis->path, value))
            diagnostics_add(diagnostics, "E105", axis->source_pointer, AT_KEY, "no such element",
                            "an element that the array has", NULL, NULL);
    }
}

/* --- Checking every point --- */

/* Reads one point with memory of its own; problems go to `found`. */
static void read_point(struct scenario_private *private_part, cJSON *document, int64_t point,
                       struct diagnostics *found)
{
    struct arena arena = {0};
    struct scenario scenario = {0};
    cJSON *keep = cJSON_CreateArray(), *effective = cJSON_CreateObject();
    struct param_reader reader = {
        .arena = &arena,
        .diagnostics = found,
        .folder = private_part->folder,
        .keep = keep,
        .known_files = private_part->reader.files,
        .known_file_count = private_part->reader.file_count,
    };
    struct scenario_reading reading = {.reader = &reader,
                                       .document = document,
                                       .effective = effective,
                                       .default_name = "point",
                                       .scenario = &scenario};
    scenario_sweep_apply(private_part, document, point, found);
    if (found->errors == 0)
        scenario_read(&reading);
    param_reader_free(&reader);
    cJSON_Delete(effective);
    cJSON_Delete(keep);
    arena_free(&arena);
}

/* Adds what this point found and no earlier one did. */
static void report_point(struct arena *arena, const struct diagnostics *found, int64_t point,
                         struct diagnostics *seen, struct diagnostics *diagnostics)
{
    for (size_t i = 0; i < found->count; i++) {
        const struct diagnostic *d = &found->list[i];
        size_t before = seen->count;
        diagnostics_add_at(seen, d->code, d->file, d->line, d->column, d->pointer, d->problem, NULL,
                           NULL, NULL);
        if (seen->count == before)
            continue;
        const char *problem =
            arena_printf(arena, "%s (at sweep point %lld)", d->problem, (long long)point);
        if (!d->warning)
            diagnostics_add_at(diagnostics, d->code, d->file, d->line, d->column, d->pointer,
                               problem, d->expected, d->got, d->try_text);
    }
}

void scenario_sweep_check(struct scenario_private *private_part, uint32_t point_count,
                          size_t effective_bytes, struct diagnostics *diagnostics)
{
    enum { PROBLEMS_MAX = 100, WORK_BYTES_MAX = 200000000 };
    cJSON *document = cJSON_Duplicate(private_part->document, 1);
    SIM_ASSERT(document != NULL);
    /* A point costs as much as its effective form is long: a large one gets fewer of them. */
    uint64_t limit = WORK_BYTES_MAX / (effective_bytes + 1) + 1;
    limit = limit < SWEEP_CHECKED_MAX ? limit : SWEEP_CHECKED_MAX;
    struct diagnostics seen = {0};
    struct scenario_sources *sources = &private_part->sources;
    sources->axes = private_part->axes;
    sources->axis_count = private_part->axis_count;
    for (uint32_t point = 0; point < point_count && point < limit && seen.count < PROBLEMS_MAX;
         point++) {
        struct diagnostics found = {.locate = scenario_locate, .locate_context = sources};
        sources->point = point;
        read_point(private_part, document, point, &found);
        report_point(&private_part->arena, &found, point, &seen, diagnostics);
        diagnostics_free(&found);
    }
    sources->point = -1;
    diagnostics_free(&seen);
    cJSON_Delete(document);
    if (point_count > limit)
        diagnostics_warn(diagnostics, "W201", "/sweep/product",
                         arena_printf(&private_part->arena,
                                      "%u points; only the first %u were checked", point_count,
                                      (uint32_t)limit),
                         NULL);
}
