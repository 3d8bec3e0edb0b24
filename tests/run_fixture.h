#ifndef TESTS_RUN_FIXTURE_H
#define TESTS_RUN_FIXTURE_H

/* Runs of scenario files into databases that suites ask by SQL. One at a time; `path` names its
 * database until done(). */

#include <stdio.h>

#include "tests/theory/theory_run.h"

static char folder[THEORY_FOLDER_BYTES], path[THEORY_PATH_BYTES];

static inline void run_scenario_file(const char *file, const char *set)
{
    theory_folder(folder);
    snprintf(path, sizeof path, "%s/run.db", folder);
    theory_run_file(file, set, path);
}

static inline int64_t ask(const char *sql)
{
    int64_t value;
    theory_query(path, sql, 1, &value);
    return value;
}

static inline void done(void)
{
    theory_folder_remove(folder);
}

#endif
