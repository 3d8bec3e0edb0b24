#ifndef SIM_SCHEMA_ROWS_H
#define SIM_SCHEMA_ROWS_H

/* JSON Schema of parameter tables. Tables nest, so the schema of one table leaves work behind: the
 * tables below it, which are done from a list, without recursion. */

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/param.h"

enum { SCHEMA_PENDING_MAX = 1024 };

struct schema_pending {
    const struct param *rows;
    cJSON *object;    /* already in the document; gets properties, required... */
    const char *type; /* the value of its key "type", NULL = it has no such key */
};

struct schema {
    cJSON *definitions; /* "$defs" of the document */
    struct schema_pending pending[SCHEMA_PENDING_MAX];
    size_t pending_count;
};

/* schema_table makes `object` the schema of an object with these rows (NULL = none), the key "type"
 * of the given value (NULL = no such key), the user's x- keys, and nothing else. */
void schema_table(struct schema *schema, const struct param *rows, const char *type, cJSON *object);

/* schema_by_type makes `object` the schema of an object whose key "type" picks one of the
 * definitions "PREFIX.TYPE"; without a type it is `type_default`, or an error when that is NULL. */
void schema_by_type(cJSON *object, const char *prefix, const char *const *types,
                    const char *type_default);

/* schema_finish does the tables that are pending. */
void schema_finish(struct schema *schema);

/* schema_quantity adds the type and pattern of a quantity: the spellings that the reader takes. Of
 * the range (base units) a pattern can say the sign, "not 0" and "at most 100%"; not -0, which the
 * reader takes for 0. */
void schema_quantity(cJSON *object, enum param_kind kind, int64_t min, int64_t max);

#endif
