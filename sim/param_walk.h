#ifndef SIM_PARAM_WALK_H
#define SIM_PARAM_WALK_H

/* A parameter table as a reader wants it: every row in order, nested ones after their parent, each
 * with its path and its type, unit, range and default in words. `describe`, the manual and the
 * tests go this way, so that none of them can disagree with the parser about what there is. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/param.h"

enum { PARAM_PATH_BYTES = 160, PARAM_WALK_DEPTH_MAX = 8 };

struct param_step {
    const struct param *row;
    const char *path;    /* "queue.limit", "validators.count", "links[].from" */
    const char *variant; /* the innermost "type" under which the key exists, or NULL */
    uint32_t depth;      /* 0 = a row of the table itself */
};

typedef void param_walk_visit(void *context, const struct param_step *step);

/* param_walk visits all rows that are not hidden, once where all variants share one table. A table
 * is a tree of constants; asserts that it is no deeper than PARAM_WALK_DEPTH_MAX. */
void param_walk(const struct param *table, param_walk_visit *visit, void *context);

/* param_kind_name names what a value looks like: "time", "bytes", "one of"... Never NULL. */
const char *param_kind_name(enum param_kind kind);

/* param_kind_units lists the units a quantity may have, "" for a plain value. */
const char *param_kind_units(const struct param *row);

/* param_default_text writes the default as it would stand in JSON ("\"40ms\"", "4"); "" = none. */
void param_default_text(const struct param *row, char *ret_text, size_t bytes);

/* param_range_text writes "1 to 64", "at least 1ns", or "" when any value will do. */
void param_range_text(const struct param *row, char *ret_text, size_t bytes);

#endif
