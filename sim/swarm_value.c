/* One random value for a row of a parameter table. */

#include <cjson/cJSON.h>
#include <string.h>

#include "sim/param_parse.h"
#include "sim/quantity.h"
#include "sim/sim_assert.h"
#include "sim/swarm_plan.h"

enum { AROUND = 8, ZERO_ONCE_IN = 4 };

int64_t swarm_between(struct rng_stream *stream, int64_t low, int64_t high)
{
    SIM_ASSERT(low <= high);
    int64_t first = low > 0 ? low : 1;
    if (high <= first)
        return low + (int64_t)rng_below(stream, (uint64_t)(high - low) + 1);
    uint64_t octaves = 1;
    while (octaves < 62 && first <= high >> octaves)
        octaves++;
    /* What lies at or below 0 counts as one more octave: a value that turns something off. */
    uint64_t octave = rng_below(stream, octaves + (low <= 0));
    uint64_t within = rng_u64(stream);
    if (octave == octaves)
        return low + (int64_t)(within % (uint64_t)(1 - low));
    int64_t from = first << octave, to = from <= high / 2 ? 2 * from - 1 : high;
    return from + (int64_t)(within % (uint64_t)(to - from + 1));
}

cJSON *swarm_quantity(enum param_kind kind, int64_t value)
{
    char text[QUANTITY_TEXT_BYTES];
    quantity_print_base(kind, value, text);
    cJSON *json = cJSON_CreateString(text);
    SIM_ASSERT(json != NULL);
    return json;
}

/* The value of a kind that is one number, in base units. */
static bool read_number(enum param_kind kind, const cJSON *value, int64_t *ret_value)
{
    if (cJSON_IsNumber(value) && kind == PARAM_INTEGER) {
        *ret_value = (int64_t)value->valuedouble; /* at most 2^53: the reader saw to it */
        return true;
    }
    return cJSON_IsString(value) && quantity_has_unit(kind) &&
           quantity_parse(kind, value->valuestring, ret_value) == QUANTITY_FINE;
}

bool swarm_number(const struct param *row, const cJSON *value, int64_t *ret_value)
{
    return read_number(row->kind, value, ret_value);
}

/* Where neither base nor default say how large a value is. */
static int64_t usual_size(enum param_kind kind)
{
    return kind == PARAM_DURATION   ? INT64_C(500000000)
           : kind == PARAM_BYTES    ? 4096
           : kind == PARAM_BIT_RATE ? INT64_C(10000000)
           : kind == PARAM_RATE     ? INT64_C(10000000)
           : kind == PARAM_RATIO    ? INT64_C(100000000000)
                                    : 4;
}

static int64_t draw_number(const struct param *row, enum param_kind kind, const cJSON *base,
                           struct rng_stream *stream)
{
    int64_t around = 0, min, max;
    param_range(row, kind, &min, &max);
    bool zero_allowed = min <= 0 && row->value_default == 0 && !row->size;
    if (zero_allowed && rng_below(stream, ZERO_ONCE_IN) == 0)
        return 0;
    if (row->swarm_min < row->swarm_max)
        return swarm_between(stream, row->swarm_min, row->swarm_max);
    if (kind == PARAM_RATIO) { /* all of a share is as good as none of it */
        uint64_t which = rng_below(stream, AROUND);
        int64_t within = swarm_between(stream, min > 0 ? min : max / 1000, max);
        return which == 0 ? min : which == 1 ? max : within;
    }
    if (!read_number(kind, base, &around) || around == 0)
        around = row->value_default != 0 ? row->value_default : usual_size(kind);
    int64_t low = around / AROUND, high = around > max / AROUND ? max : around * AROUND;
    low = low < min ? min : low;
    return swarm_between(stream, low > high ? high : low, high);
}

/* A distribution of another shape, or the base's moved up or down as a whole. */
static cJSON *draw_distribution(const struct param *row, const cJSON *base,
                                struct rng_stream *stream)
{
    static const char *const shapes[] = {"constant", "uniform", "exponential", "lognormal"};
    enum { CONSTANT, UNIFORM, EXPONENTIAL, LOGNORMAL, SHAPES };
    enum param_kind kind = row->item_kind;
    const cJSON *type = cJSON_GetObjectItemCaseSensitive(base, "type");
    if (cJSON_IsString(type) && strcmp(type->valuestring, "matrix") == 0)
        return NULL;
    const cJSON *location = NULL, *floor = cJSON_GetObjectItemCaseSensitive(base, "min");
    for (const struct distribution_keys *keys = distribution_keys;
         cJSON_IsString(type) && keys->type != NULL; keys++)
        if (strcmp(keys->type, type->valuestring) == 0 && keys->location != NULL)
            location = cJSON_GetObjectItemCaseSensitive(base, keys->location);
    uint64_t shape = rng_below(stream, SHAPES);
    const struct param number = {.name = row->name,
                                 .kind = kind,
                                 .value_min = row->value_min,
                                 .value_max = row->value_max,
                                 .value_default = 0};
    int64_t around = draw_number(&number, kind, location, stream);
    if (around == 0)
        shape = CONSTANT;
    cJSON *value = cJSON_CreateObject();
    SIM_ASSERT(value != NULL);
    cJSON_AddStringToObject(value, "type", shapes[shape]);
    bool is_plain = !quantity_has_unit(kind);
    cJSON *first = is_plain ? cJSON_CreateNumber((double)around) : swarm_quantity(kind, around);
    cJSON *second = shape != UNIFORM ? NULL
                    : is_plain       ? cJSON_CreateNumber((double)(around / 4))
                                     : swarm_quantity(kind, around / 4);
    if (shape == UNIFORM)
        cJSON_AddItemToObject(value, "from", second);
    cJSON_AddItemToObject(value,
                          shape == CONSTANT      ? "value"
                          : shape == UNIFORM     ? "to"
                          : shape == EXPONENTIAL ? "mean"
                                                 : "median",
                          first);
    if (shape == LOGNORMAL)
        cJSON_AddNumberToObject(value, "sigma", 0.5);
    if (floor != NULL && shape != CONSTANT && shape != UNIFORM)
        cJSON_AddItemToObject(value, "min", cJSON_Duplicate(floor, true));
    return value;
}

static uint64_t choice_count(const struct param *row)
{
    uint64_t count = 0;
    while (row->choices[count] != NULL)
        count++;
    return count;
}

static cJSON *draw_real(const struct param *row, const cJSON *base, struct rng_stream *stream)
{
    double around = cJSON_IsNumber(base) && base->valuedouble > 0 ? base->valuedouble : 1;
    double low = around / AROUND, high = around * AROUND;
    if (row->real_min < row->real_max) {
        low = low < row->real_min ? row->real_min : low;
        high = high > row->real_max ? row->real_max : high;
    }
    double thousandths = (double)rng_below(stream, 1001) / 1000;
    return cJSON_CreateNumber(low + thousandths * (high - low));
}

/* Whether a type asks for nothing that cannot be drawn, such as a matrix. */
static bool variant_is_drawn(const struct param_variant *variant)
{
    for (const struct param *field = variant->fields; field != NULL && field->name != NULL; field++)
        if (field->required && (!swarm_value_is_drawn(field) || field->kind == PARAM_VARIANT))
            return false;
    return true;
}

/* One of the types, with its own plain parameters drawn too. */
static cJSON *draw_variant(const struct param *row, struct rng_stream *stream)
{
    uint64_t count = 0;
    for (const struct param_variant *variant = row->variants; variant->type != NULL; variant++)
        count += variant_is_drawn(variant);
    if (count == 0)
        return NULL;
    uint64_t drawn = rng_below(stream, count);
    const struct param_variant *variant = row->variants;
    while (!variant_is_drawn(variant) || drawn-- > 0)
        variant++;
    cJSON *value = cJSON_CreateObject();
    SIM_ASSERT(value != NULL);
    cJSON_AddStringToObject(value, "type", variant->type);
    for (const struct param *field = variant->fields; field != NULL && field->name != NULL;
         field++) {
        bool is_plain = swarm_value_is_drawn(field) && field->kind != PARAM_VARIANT;
        if (!is_plain || (!field->required && rng_below(stream, 2) == 0))
            continue;
        cJSON *item = swarm_value(field, NULL, stream);
        if (item != NULL)
            cJSON_AddItemToObject(value, field->name, item);
    }
    return value;
}

bool swarm_value_is_drawn(const struct param *row)
{
    if (row->hidden || row->fixed)
        return false;
    switch (row->kind) {
    case PARAM_BOOL:
    case PARAM_INTEGER:
    case PARAM_RATIO:
    case PARAM_DURATION:
    case PARAM_BYTES:
    case PARAM_BIT_RATE:
    case PARAM_RATE:
    case PARAM_REAL:
    case PARAM_CHOICE:
    case PARAM_DISTRIBUTION:
        return true;
    case PARAM_VARIANT:
        return row->variants[0].type != NULL && row->variants[1].type != NULL;
    case PARAM_STRING:
    case PARAM_FILE:
    case PARAM_OBJECT:
    case PARAM_LIST:
    case PARAM_JSON:
    case PARAM_SEED:
        return false;
    }
    return false;
}

cJSON *swarm_value(const struct param *row, const cJSON *base, struct rng_stream *stream)
{
    cJSON *value = NULL;
    if (!swarm_value_is_drawn(row))
        return NULL;
    if (row->kind == PARAM_BOOL)
        value = cJSON_CreateBool(rng_below(stream, 2) == 1);
    else if (row->kind == PARAM_CHOICE)
        value = cJSON_CreateString(row->choices[rng_below(stream, choice_count(row))]);
    else if (row->kind == PARAM_INTEGER)
        value = cJSON_CreateNumber((double)draw_number(row, row->kind, base, stream));
    else if (row->kind == PARAM_REAL)
        value = draw_real(row, base, stream);
    else if (row->kind == PARAM_DISTRIBUTION)
        return draw_distribution(row, base, stream);
    else if (row->kind == PARAM_VARIANT)
        value = draw_variant(row, stream);
    else
        value = swarm_quantity(row->kind, draw_number(row, row->kind, base, stream));
    SIM_ASSERT(value != NULL);
    return value;
}
