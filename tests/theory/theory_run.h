#ifndef TESTS_THEORY_THEORY_RUN_H
#define TESTS_THEORY_THEORY_RUN_H

/* A run of the whole simulator from a scenario text into a result database, and questions to the
 * database: what a user does, without the command line. */

#include <stdint.h>

#include "sim/engine.h"
#include "sim/log.h"

/* theory_run loads and runs a scenario; `path` NULL = no database. The options' log is replaced.
 * Asserts that the scenario loads, runs and breaks no property. */
struct engine_result theory_run(const char *text, const char *path, enum log_level level,
                                struct engine_options options);

/* theory_run_file does the same with a scenario file and one "PATH=VALUE" (NULL = none), to its
 * end, with milestones logged. */
void theory_run_file(const char *file, const char *set, const char *path);

/* theory_query returns the integers of the first row that an SQL query yields: `count` columns.
 * Asserts that there is such a row. */
void theory_query(const char *path, const char *sql, int count, int64_t *ret_values);

/* theory_query_attached does the same after an ATTACH statement, to ask two databases at once. */
void theory_query_attached(const char *path, const char *attach, const char *sql, int count,
                           int64_t *ret_values);

/* theory_folder makes a temporary folder into ret_path; theory_folder_remove removes it and the
 * files in it. */
enum { THEORY_FOLDER_BYTES = 64, THEORY_PATH_BYTES = 128 };
void theory_folder(char ret_path[THEORY_FOLDER_BYTES]);
void theory_folder_remove(const char *path);

#endif
