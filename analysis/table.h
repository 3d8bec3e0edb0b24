#ifndef ANALYSIS_TABLE_H
#define ANALYSIS_TABLE_H

/* The measures of several groups side by side: a row is a measure, a column a group. Text and LaTeX
 * scale each row to one unit, the same in all columns, and give a group of several replications as
 * mean +- half-width; CSV and JSON give one row a measure and group in base units. */

#include "analysis/group.h"
#include "analysis/interval.h"
#include "analysis/measure.h"

#include <stdio.h>

struct table_cell {
    double *values; /* one a run of the group; NAN where the run has no such row */
    struct interval summary;
    bool absent; /* no run of the group has it; the values may be 0 all the same */
};

struct table_row {
    char *name, *label;
    enum measure_section section;
    enum measure_unit unit;
    bool absent_is_zero; /* see struct measure */
    struct table_cell *cells; /* one a group */
};

struct table {
    const struct grouping *grouping; /* outlives the table */
    double level;                    /* of the intervals */
    struct table_row *rows;
    size_t count, capacity;
    bool by_name; /* somebody asked for these rows: text shows those that are 0, too */
};

/* table_make measures every run of every group. Where absence means 0, as measure.h says, a run of
 * the table that lacks the row counts as 0 in it, and not as missing. */
struct table table_make(const struct grouping *grouping, double level);
void table_free(struct table *table);

/* table_keep drops the rows whose name matches none of the comma-separated shell patterns. Returns
 * how many are left. */
size_t table_keep(struct table *table, const char *patterns);

/* Printing. The text breaks into blocks of columns where they would pass 110 characters, and names
 * the counters of layers that are 0 in every run in one paragraph. */
void table_print_text(const struct table *table, FILE *file);
void table_print_tex(const struct table *table, FILE *file);
void table_print_csv(const struct table *table, FILE *file);
void table_print_json(const struct table *table, FILE *file);

#endif
