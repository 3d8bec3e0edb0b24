#include "analysis/table.h"

#include "analysis/must.h"

#include <fnmatch.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A counter of a layer may have the name of one of our own measures: the section tells them apart.
 */
static struct table_row *find_row(struct table *table, const struct measure *measure)
{
    for (size_t i = 0; i < table->count; i++)
        if (table->rows[i].section == measure->section &&
            strcmp(table->rows[i].name, measure->name) == 0)
            return &table->rows[i];
    return NULL;
}

/* A row the table lacks goes behind the row that was before it in its own run, so that "2 hops"
 * comes after "1 hop" even when the first run had no message of two hops. */
static size_t insert_row(struct table *table, size_t at, const struct measure *measure)
{
    const struct grouping *grouping = table->grouping;
    table->rows = must_grow(table->rows, table->count, &table->capacity, sizeof table->rows[0]);
    memmove(table->rows + at + 1, table->rows + at, (table->count - at) * sizeof table->rows[0]);
    struct table_cell *cells = must_alloc(grouping->count * sizeof cells[0]);
    for (size_t g = 0; g < grouping->count; g++) {
        cells[g].values = must_alloc(grouping->groups[g].count * sizeof cells[g].values[0]);
        for (size_t r = 0; r < grouping->groups[g].count; r++)
            cells[g].values[r] = NAN;
    }
    table->rows[at] = (struct table_row){.name = must_copy(measure->name),
                                         .label = must_copy(measure->label),
                                         .section = measure->section,
                                         .unit = measure->unit,
                                         .absent_is_zero = measure->absent_is_zero,
                                         .cells = cells};
    table->count++;
    return at;
}

/* Where a row that the table lacks belongs: `next`, behind its predecessor; kinds of packets and
 * counters by name, since runs of different paths have different ones. */
static size_t place_of(const struct table *table, const struct measure *measure, size_t next)
{
    if (measure->section < MEASURE_KINDS)
        return next;
    size_t at = 0;
    for (; at < table->count; at++) {
        const struct table_row *row = &table->rows[at];
        if (row->section > measure->section ||
            (row->section == measure->section && strcmp(row->name, measure->name) > 0))
            break;
    }
    return at;
}

static void take_run(struct table *table, size_t group, size_t index)
{
    struct measures measures = measure_run(table->grouping->groups[group].runs[index]);
    size_t next = 0; /* where a row that is new would go */
    for (size_t i = 0; i < measures.count; i++) {
        const struct measure *measure = &measures.items[i];
        struct table_row *row = find_row(table, measure);
        size_t at = row != NULL ? (size_t)(row - table->rows)
                                : insert_row(table, place_of(table, measure, next), measure);
        row = &table->rows[at];
        /* One run may have a whole number where another has none: the row is then not whole. */
        if (measure->unit == MEASURE_RATIO && row->unit == MEASURE_COUNT)
            row->unit = MEASURE_RATIO;
        row->cells[group].values[index] = measure->value;
        next = at + 1;
    }
    measure_free(&measures);
}

/* Whether a run has any number of a section. */
static bool has_section(const struct table *table, enum measure_section section, size_t group,
                        size_t index)
{
    for (size_t i = 0; i < table->count; i++)
        if (table->rows[i].section == section && !isnan(table->rows[i].cells[group].values[index]))
            return true;
    return false;
}

/* Fills in the zeros that runs leave out; without them a mean would be one of those runs alone that
 * have something to count. */
static void fill_zeros(const struct table *table, struct table_cell *cell,
                       const struct table_row *row, size_t group)
{
    size_t runs = table->grouping->groups[group].count, missing = 0;
    for (size_t r = 0; r < runs; r++)
        missing += isnan(cell->values[r]) ? 1 : 0;
    cell->absent = missing == runs;
    for (size_t r = 0; r < runs && row->absent_is_zero; r++)
        if (isnan(cell->values[r]) && has_section(table, row->section, group, r))
            cell->values[r] = 0;
}

struct table table_make(const struct grouping *grouping, double level)
{
    struct table table = {.grouping = grouping, .level = level};
    for (size_t g = 0; g < grouping->count; g++)
        for (size_t r = 0; r < grouping->groups[g].count; r++)
            take_run(&table, g, r);
    for (size_t i = 0; i < table.count; i++)
        for (size_t g = 0; g < grouping->count; g++) {
            struct table_cell *cell = &table.rows[i].cells[g];
            fill_zeros(&table, cell, &table.rows[i], g);
            cell->summary = interval_of(cell->values, grouping->groups[g].count, level);
        }
    return table;
}

static void row_free(struct table_row *row, size_t groups)
{
    for (size_t g = 0; g < groups; g++)
        free(row->cells[g].values);
    free(row->cells);
    free(row->name);
    free(row->label);
}

void table_free(struct table *table)
{
    for (size_t i = 0; i < table->count; i++)
        row_free(&table->rows[i], table->grouping->count);
    free(table->rows);
    *table = (struct table){0};
}

static bool matches(const char *name, const char *patterns)
{
    char *list = must_copy(patterns), *rest = NULL;
    bool found = false;
    for (char *one = strtok_r(list, ",", &rest); one != NULL; one = strtok_r(NULL, ",", &rest))
        found = found || fnmatch(one, name, 0) == 0;
    free(list);
    return found;
}

size_t table_keep(struct table *table, const char *patterns)
{
    size_t kept = 0;
    for (size_t i = 0; i < table->count; i++) {
        if (matches(table->rows[i].name, patterns))
            table->rows[kept++] = table->rows[i];
        else
            row_free(&table->rows[i], table->grouping->count);
    }
    table->count = kept;
    table->by_name = true;
    return kept;
}
