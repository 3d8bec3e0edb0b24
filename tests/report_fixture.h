#ifndef TESTS_REPORT_FIXTURE_H
#define TESTS_REPORT_FIXTURE_H

/* The databases of one folder, read and laid out as the report does. One set at a time: make
 * `folder` and its files, load(), look at `table`, finish(). */

#include <check.h>
#include <stdio.h>

#include "analysis/operands.h"
#include "analysis/report.h"
#include "tests/support_database.h"

static char folder[64];
static struct operands operands;
static struct grouping grouping;
static struct table table;
static struct database_error error;

/* Groups by the parameter `by`, or as the report does by itself when it is NULL. */
static inline void load(const char *by)
{
    char *paths[] = {folder};
    ck_assert_int_eq(operands_load(paths, 1, false, &operands, &error), 0);
    ck_assert_int_eq(group_runs(operands.runs, operands.count, by, &grouping, &error), 0);
    table = table_make(&grouping, 0.95);
}

static inline void unload(void)
{
    table_free(&table);
    group_free(&grouping);
    operands_free(&operands);
}

/* Between tests, also in one process. */
static inline void finish(void)
{
    unload();
    support_remove(folder);
}

/* The whole report, to be freed. */
static inline char *report(enum report_format format)
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *file = open_memstream(&text, &bytes);
    report_print(&table, format, file);
    fclose(file);
    return text;
}

#endif
