/* The kind DISTRIBUTION of param_parse.h: {"type": "lognormal", "median": "40ms", "sigma": 0.5}, or
 * a plain quantity, which is constant. Each type's keys are made into rows and then read like any
 * other object. */
#include "sim/param_parse.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#include "sim/diagnostics.h"
#include "sim/distribution.h"
#include "sim/sim_assert.h"

enum { DISTRIBUTION_MATRIX = DISTRIBUTION_EMPIRICAL + 1, ROWS_MAX = 6 };
#define VARIATE_MAX (INT64_C(1) << 62)

const struct distribution_keys distribution_keys[] = {
    {"constant", "value", NULL, NULL, 0},
    {"uniform", "from", "to", NULL, 0},
    {"exponential", "mean", NULL, NULL, 0},
    {"lognormal", "median", NULL, "sigma", 20},
    {"normal", "mean", "sd", NULL, 0},
    {"pareto", "scale", NULL, "shape", 1000},
    {"gamma", "mean", NULL, "shape", 1000},
    {"weibull", "scale", NULL, "shape", 1000},
    {"empirical", NULL, NULL, NULL, 0},
    {"matrix", NULL, NULL, NULL, 0},
    {NULL, NULL, NULL, NULL, 0},
};

/* What the rows fill; a distribution and what only this file needs. */
struct distribution_place {
    struct distribution distribution;
    const char *file, *sha256;
};

/* The rows of one type, for one parameter. Quantities have the parameter's kind and range. */
static const struct param *make_rows(struct arena *arena, const struct param *parent,
                                     const struct distribution_keys *keys)
{
    struct param *rows = arena_take(arena, (ROWS_MAX + 1) * sizeof *rows);
    size_t count = 0;
    int64_t min, max;
    param_range(parent, parent->item_kind, &min, &max);
    struct param quantity = {
        .kind = parent->item_kind,
        .help = "a quantity of the distribution",
        .value_min = min > 0 ? min : 0,
        .value_max = max < VARIATE_MAX ? max : VARIATE_MAX,
        .required = true,
    };
    if (keys->location != NULL) {
        quantity.name = keys->location;
        quantity.offset = offsetof(struct distribution_place, distribution.location);
        rows[count++] = quantity;
    }
    quantity.value_min = 0;
    if (keys->spread != NULL) {
        quantity.name = keys->spread;
        quantity.offset = offsetof(struct distribution_place, distribution.spread);
        rows[count++] = quantity;
    }
    if (keys->shape != NULL)
        rows[count++] =
            (struct param){.name = keys->shape,
                           .help = "a number of the distribution",
                           .kind = PARAM_REAL,
                           .offset = offsetof(struct distribution_place, distribution.shape),
                           .real_min = 0.001,
                           .real_max = keys->shape_max,
                           .required = true};
    if (strcmp(keys->type, "empirical") == 0) {
        rows[count++] = (struct param){.name = "file",
                                       .help = "a file of values, one a line",
                                       .kind = PARAM_FILE,
                                       .offset = offsetof(struct distribution_place, file),
                                       .required = true};
        rows[count++] = (struct param){.name = "sha256",
                                       .help = "what the file must hash to",
                                       .kind = PARAM_STRING,
                                       .offset = offsetof(struct distribution_place, sha256)};
    }
    quantity.name = "min";
    quantity.required = false;
    quantity.offset = offsetof(struct distribution_place, distribution.floor);
    rows[count++] = quantity;
    SIM_ASSERT(count <= ROWS_MAX);
    return rows;
}

static const char *const *type_names(struct arena *arena, bool has_matrix)
{
    size_t count = has_matrix ? DISTRIBUTION_MATRIX + 1 : DISTRIBUTION_MATRIX;
    const char **names = arena_take(arena, (count + 1) * sizeof *names);
    for (size_t i = 0; i < count; i++)
        names[i] = distribution_keys[i].type;
    return names;
}

/* Returns the keys of the type that the object names, or NULL after saying what is wrong. */
static const struct distribution_keys *find_type(struct param_reader *reader,
                                                 const struct param *row, const cJSON *value,
                                                 const char *pointer)
{
    const char *const *names = type_names(reader->arena, row->matrix_offset != 0);
    const cJSON *type = cJSON_GetObjectItemCaseSensitive(value, "type");
    const char *type_pointer = arena_pointer(reader->arena, pointer, "type");
    if (type == NULL) {
        diagnostics_add(reader->diagnostics, "E103", type_pointer, AT_VALUE, "missing key",
                        param_one_of(reader->arena, names), NULL, NULL);
        return NULL;
    }
    const char *text = cJSON_IsString(type) ? type->valuestring : "";
    for (size_t i = 0; names[i] != NULL; i++) {
        if (strcmp(names[i], text) == 0)
            return &distribution_keys[i];
    }
    const char *near = suggest_word(text, names);
    diagnostics_add(reader->diagnostics, "E401", type_pointer, AT_VALUE, "no such type",
                    param_one_of(reader->arena, names), NULL,
                    near == NULL ? NULL : arena_printf(reader->arena, "\"%s\"", near));
    return NULL;
}

static void remember_check(struct param_reader *reader, struct distribution *distribution,
                           const struct distribution *floor_from, const char *pointer)
{
    if (reader->check_count == reader->check_capacity) {
        reader->check_capacity = reader->check_capacity == 0 ? 16 : 2 * reader->check_capacity;
        reader->checks = realloc(reader->checks, reader->check_capacity * sizeof *reader->checks);
        SIM_ASSERT(reader->checks != NULL);
    }
    reader->checks[reader->check_count++] = (struct param_check){distribution, floor_from, pointer};
}

static void read_constant(struct param_reader *reader, const struct param *row, const cJSON *value,
                          const char *pointer, struct distribution *distribution, cJSON *object)
{
    const struct param *rows =
        make_rows(reader->arena, row, &distribution_keys[DISTRIBUTION_CONSTANT]);
    param_effective_quantity(reader, object, "min", arena_pointer(reader->arena, pointer, "min"),
                             row->item_kind, 0);
    param_effective_text(reader, object, "type", arena_pointer(reader->arena, pointer, "type"),
                         "constant");
    const char *place = arena_pointer(reader->arena, pointer, "value");
    if (value == NULL) {
        param_effective_quantity(reader, object, "value", place, row->item_kind, 0);
        return;
    }
    /* Problems point at what was written; the value is listed where the effective form has it. */
    size_t leaves_before = reader->leaf_count;
    param_scalar(reader, &rows[0], row->item_kind, value, pointer, &distribution->location, object,
                 "value");
    if (reader->leaf_count > leaves_before)
        reader->leaves[leaves_before].pointer = place;
}

void param_distribution(struct param_reader *reader, const struct param *row, const cJSON *value,
                        const char *pointer, void *config, cJSON *effective)
{
    struct distribution *distribution =
        (struct distribution *)(void *)((unsigned char *)config + row->offset);
    cJSON *object = cJSON_AddObjectToObject(effective, row->name);
    SIM_ASSERT(object != NULL);
    if (!cJSON_IsObject(value)) {
        read_constant(reader, row, value, pointer, distribution, object);
        return;
    }
    const struct distribution_keys *keys = find_type(reader, row, value, pointer);
    if (keys == NULL)
        return;
    int type = (int)(keys - distribution_keys);
    param_effective_text(reader, object, "type", arena_pointer(reader->arena, pointer, "type"),
                         keys->type);
    const char *file = NULL;
    const cJSON *given = cJSON_GetObjectItemCaseSensitive(value, "file");
    if (type == DISTRIBUTION_EMPIRICAL && cJSON_IsString(given))
        file = given->valuestring;
    if (type == DISTRIBUTION_MATRIX) {
        int64_t by_region = 1;
        memcpy((unsigned char *)config + row->matrix_offset, &by_region, sizeof by_region);
    } else {
        distribution->type = (enum distribution_type)type;
    }
    if (file != NULL)
        param_values(reader, row->item_kind, file, arena_pointer(reader->arena, pointer, "file"),
                     distribution);
    /* An empirical one's rows reach past the distribution, to its file names, which nobody keeps:
     * they fill a place of their own, and the floor is fetched from it when all is read. */
    struct distribution_place *place = arena_take(reader->arena, sizeof *place);
    bool has_own_place = type == DISTRIBUTION_EMPIRICAL;
    if (type != DISTRIBUTION_MATRIX)
        remember_check(reader, distribution, has_own_place ? &place->distribution : NULL, pointer);
    param_push(reader, &(struct param_task){.fields = make_rows(reader->arena, row, keys),
                                            .object = value,
                                            .pointer = pointer,
                                            .config = has_own_place ? (void *)place : distribution,
                                            .effective = object,
                                            .tagged = true});
}

void param_distribution_check(struct param_reader *reader, const struct param_check *check)
{
    struct distribution *distribution = check->distribution;
    if (check->floor_from != NULL)
        distribution->floor = check->floor_from->floor;
    if (distribution->type == DISTRIBUTION_UNIFORM && distribution->location > distribution->spread)
        diagnostics_add(reader->diagnostics, "E308",
                        arena_pointer(reader->arena, check->pointer, "to"), AT_VALUE,
                        "\"to\" is below \"from\"", "at least \"from\"", NULL, NULL);
}
