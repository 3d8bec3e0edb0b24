#ifndef SIM_PARAM_PARSE_H
#define SIM_PARAM_PARSE_H

/* Reads JSON objects by their parameter tables (param.h) into config structs, and writes the
 * effective form beside it: every default spelled out, quantities in their canonical spelling (base
 * units: "20000000ns", "0.001"), so that reading the effective form again gives the same config.
 *
 * All problems are reported; what could not be read keeps its default. Nested objects are worked
 * off from a list, not by recursion. Keys that begin with "x-" are skipped everywhere. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/arena.h"
#include "sim/param.h"

struct cJSON;
struct diagnostics;
struct distribution;

/* One scalar of the effective scenario. */
struct param_leaf {
    const char *pointer, *text; /* text: as for people ("20ms"), without quotes */
    double number;              /* NAN: not a number */
    const char *unit;
};

/* One object to be read. */
struct param_task {
    const struct param *fields;
    const struct cJSON *object; /* NULL: all defaults */
    const struct cJSON *around; /* gives what `object` lacks; NULL mostly */
    const char *pointer;
    void *config;            /* zeroed; filled by the rows' offsets */
    struct cJSON *effective; /* an object; gets a member a row */
    bool tagged;             /* "type" was read by the caller */
};

struct param_check { /* looked at when everything is read */
    struct distribution *distribution;
    const struct distribution *floor_from; /* NULL: its own */
    const char *pointer;
};

/* A data file whose content counts in config_hash. */
struct param_file {
    const char *pointer, *path;
    char sha256[65];
};

struct param_reader {
    struct arena *arena; /* owns what is read */
    struct diagnostics *diagnostics;
    const char *folder; /* of the scenario, "" or with a closing slash */
    struct cJSON *keep; /* an array: trees of defaults, alive as long as the arena */
    struct param_task *tasks;
    size_t task_count, task_capacity;
    struct param_check *checks;
    size_t check_count, check_capacity;
    struct param_leaf *leaves;
    size_t leaf_count, leaf_capacity;
    struct param_file *files;
    size_t file_count, file_capacity;
    const struct param_file *known_files; /* read before: not read again */
    size_t known_file_count;
};

/* param_read reads one object and all below it. Returns true when it added no error. */
bool param_read(struct param_reader *reader, const struct param_task *task);

/* param_reader_free frees the lists, not the arena, not `keep`. */
void param_reader_free(struct param_reader *reader);

/* --- For the files param_*.c --- */

/* param_push adds an object to the work list. */
void param_push(struct param_reader *reader, const struct param_task *task);

/* param_find returns the row called name, or NULL. */
const struct param *param_find(const struct param *fields, const char *name);

/* param_names lists the rows' names in alphabetical order, NULL-terminated, in the arena; without
 * the hidden, and without the seldom ones if so asked. `extra` (may be NULL) comes in too. */
const char *const *param_names(struct arena *arena, const struct param *fields, const char *extra,
                               bool with_seldom);

/* param_one_of is "one of: a, b, c". */
char *param_one_of(struct arena *arena, const char *const *names);

/* param_number_text is a number's own text, exact where a double is not. */
const char *param_number_text(struct arena *arena, const struct cJSON *value);

/* param_scalar reads a value of a kind that fits one word: BOOL to CHOICE, STRING, FILE, SEED. The
 * value goes to `word`; its effective form to `effective` under `name` (an array: name NULL). */
void param_scalar(struct param_reader *reader, const struct param *row, enum param_kind kind,
                  const struct cJSON *value, const char *pointer, void *word,
                  struct cJSON *effective, const char *name);

/* param_scalar_default writes the default of such a row to the effective form. */
void param_scalar_default(struct param_reader *reader, const struct param *row, const char *pointer,
                          struct cJSON *effective);

/* The types of distribution and their keys; NULL: the type has no such key. In the order of enum
 * distribution_type, then matrix; NULL-type terminated. */
struct distribution_keys {
    const char *type, *location, *spread, *shape;
    double shape_max;
};
extern const struct distribution_keys distribution_keys[];

/* param_distribution reads a value of kind DISTRIBUTION. */
void param_distribution(struct param_reader *reader, const struct param *row,
                        const struct cJSON *value, const char *pointer, void *config,
                        struct cJSON *effective);
void param_distribution_check(struct param_reader *reader, const struct param_check *check);

/* param_range gives a row's inclusive range for integers in base units, also where it has none. */
void param_range(const struct param *row, enum param_kind kind, int64_t *ret_min, int64_t *ret_max);

/* param_file reads a data file once: its resolved path and SHA-256, or NULL with a diagnostic. */
const struct param_file *param_file(struct param_reader *reader, const char *pointer,
                                    const char *given);

/* param_values fills an empirical distribution from a file of quantities, one a line; empty lines
 * and lines that begin with # are skipped. */
void param_values(struct param_reader *reader, enum param_kind kind, const char *given,
                  const char *pointer, struct distribution *distribution);

/* param_leaf_add remembers a scalar of the effective form; the text is copied. */
void param_leaf_add(struct param_reader *reader, const char *pointer, const char *text,
                    double number, const char *unit);

/* param_effective_* add one scalar to the effective form and to the leaves. */
void param_effective_text(struct param_reader *reader, struct cJSON *effective, const char *name,
                          const char *pointer, const char *text);
void param_effective_quantity(struct param_reader *reader, struct cJSON *effective,
                              const char *name, const char *pointer, enum param_kind kind,
                              int64_t value);
void param_effective_real(struct param_reader *reader, struct cJSON *effective, const char *name,
                          const char *pointer, double value);

#endif
