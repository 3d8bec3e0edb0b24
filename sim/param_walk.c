#include "sim/param_walk.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "sim/quantity.h"
#include "sim/sim_assert.h"

struct level {
    const struct param *row;             /* next row of this table */
    const struct param_variant *variant; /* next variant of the parent row, or NULL */
    const char *variant_name;
    char prefix[PARAM_PATH_BYTES];
};

/* Variants that have one table, so that a word swaps them: its rows belong to no "type". */
static bool share_a_table(const struct param_variant *variants)
{
    const struct param_variant *variant = variants + 1;
    while (variant->type && variant->fields == variants->fields)
        variant++;
    return !variant->type && variant > variants + 1;
}

/* Opens the table below `row`, or the first variant's. */
static void descend(struct level *next, const struct level *from, const struct param *row,
                    const char *path)
{
    next->row = row->fields;
    next->variant = NULL;
    next->variant_name = from->variant_name;
    int length = snprintf(next->prefix, sizeof next->prefix, "%s%s.", path,
                          row->kind == PARAM_LIST ? "[]" : "");
    SIM_ASSERT(length > 0 && (size_t)length < sizeof next->prefix);
    if (!row->variants)
        return;
    next->row = row->variants->fields;
    if (share_a_table(row->variants))
        return;
    next->variant = row->variants;
    next->variant_name = row->variants->type;
}

/* Goes on to the next variant of the same row; false when there is none. */
static bool next_variant(struct level *level)
{
    if (!level->variant || !level->variant[1].type)
        return false;
    level->variant++;
    level->row = level->variant->fields;
    level->variant_name = level->variant->type;
    return true;
}

void param_walk(const struct param *table, param_walk_visit *visit, void *context)
{
    struct level levels[PARAM_WALK_DEPTH_MAX];
    uint32_t depth = 0;
    memset(&levels[0], 0, sizeof levels[0]);
    levels[0].row = table;
    for (;;) {
        struct level *level = &levels[depth];
        if (!level->row || !level->row->name) {
            if (next_variant(level))
                continue;
            if (depth == 0)
                return;
            depth--;
            continue;
        }
        const struct param *row = level->row++;
        if (row->hidden)
            continue;
        char path[PARAM_PATH_BYTES];
        int length = snprintf(path, sizeof path, "%s%s", level->prefix, row->name);
        SIM_ASSERT(length > 0 && (size_t)length < sizeof path);
        struct param_step step = {row, path, level->variant_name, depth};
        visit(context, &step);
        if (!row->fields && !row->variants)
            continue;
        SIM_ASSERT(depth + 1 < PARAM_WALK_DEPTH_MAX);
        descend(&levels[depth + 1], level, row, path);
        depth++;
    }
}

const char *param_kind_name(enum param_kind kind)
{
    switch (kind) {
    case PARAM_BOOL:
        return "true or false";
    case PARAM_INTEGER:
        return "integer";
    case PARAM_RATIO:
        return "ratio";
    case PARAM_DURATION:
        return "time";
    case PARAM_BYTES:
        return "bytes";
    case PARAM_BIT_RATE:
        return "bit rate";
    case PARAM_RATE:
        return "rate";
    case PARAM_REAL:
        return "number";
    case PARAM_CHOICE:
        return "one of";
    case PARAM_STRING:
        return "string";
    case PARAM_FILE:
        return "file";
    case PARAM_DISTRIBUTION:
        return "distribution";
    case PARAM_OBJECT:
        return "object";
    case PARAM_VARIANT:
        return "object by type";
    case PARAM_LIST:
        return "list";
    case PARAM_JSON:
        return "JSON";
    case PARAM_SEED:
        return "seed";
    }
    SIM_ASSERT(!"a kind of parameter without a name");
    return "";
}

/* DISTRIBUTION and LIST hold values of another kind. */
static enum param_kind value_kind(const struct param *row)
{
    return row->kind == PARAM_DISTRIBUTION || row->kind == PARAM_LIST ? row->item_kind : row->kind;
}

const char *param_kind_units(const struct param *row)
{
    enum param_kind kind = value_kind(row);
    return quantity_has_unit(kind) ? quantity_words(kind)->units : "";
}

void param_default_text(const struct param *row, char *ret_text, size_t bytes)
{
    char value[QUANTITY_TEXT_BYTES];
    ret_text[0] = '\0';
    bool ranged = row->value_min != row->value_max;
    bool absent =
        ranged && (row->value_default < row->value_min || row->value_default > row->value_max);
    if (row->kind == PARAM_BIT_RATE && row->value_default == 0)
        absent = false; /* unlimited */
    if (row->required || absent)
        return;
    if (row->default_json) {
        snprintf(ret_text, bytes, "%s", row->default_json);
    } else if (row->kind == PARAM_CHOICE) {
        snprintf(ret_text, bytes, "\"%s\"", row->choices[row->value_default]);
    } else if (row->kind == PARAM_BOOL) {
        snprintf(ret_text, bytes, "%s", row->value_default ? "true" : "false");
    } else if (row->kind == PARAM_INTEGER || row->kind == PARAM_SEED) {
        snprintf(ret_text, bytes, "%" PRId64, row->value_default);
    } else if (quantity_has_unit(row->kind)) {
        quantity_print(row->kind, row->value_default, value);
        snprintf(ret_text, bytes, "\"%s\"", value);
    }
}

void param_range_text(const struct param *row, char *ret_text, size_t bytes)
{
    char least[QUANTITY_TEXT_BYTES], most[QUANTITY_TEXT_BYTES];
    ret_text[0] = '\0';
    enum param_kind kind = value_kind(row);
    if (kind == PARAM_REAL) {
        if (row->real_min < row->real_max)
            snprintf(ret_text, bytes, "%.15g to %.15g", row->real_min, row->real_max);
        return;
    }
    if (row->value_min == row->value_max || (kind != PARAM_INTEGER && !quantity_has_unit(kind)))
        return;
    quantity_print(kind, row->value_min, least);
    quantity_print(kind, row->value_max, most);
    if (row->value_max == INT64_MAX)
        snprintf(ret_text, bytes, "at least %s", least);
    else
        snprintf(ret_text, bytes, "%s to %s", least, most);
}
