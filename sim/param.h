#ifndef SIM_PARAM_H
#define SIM_PARAM_H

/* Parameters as tables: one row a JSON key. The same row parses, validates, documents (`describe`),
 * writes the JSON Schema and names what can be swept. Rows write into a plain config struct at
 * `offset`, always as one of the C types named below, in base units: nanoseconds, bytes, bit/s,
 * micro-events per second, 10^-12 for ratios. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum param_kind {
    PARAM_BOOL,         /* int64_t 0/1                       true                          */
    PARAM_INTEGER,      /* int64_t                           4                             */
    PARAM_RATIO,        /* int64_t in 10^-12                 "0.1%", "0.001"               */
    PARAM_DURATION,     /* int64_t ns                        "20ms"                        */
    PARAM_BYTES,        /* int64_t bytes                     "1MiB", "512B"                */
    PARAM_BIT_RATE,     /* int64_t bit/s; 0 = "unlimited"    "100Mbit/s"                   */
    PARAM_RATE,         /* int64_t 10^-6 events/s            "200tx/s", "0.5/s"            */
    PARAM_REAL,         /* double                            0.9                           */
    PARAM_CHOICE,       /* int64_t index into choices        "slow"                        */
    PARAM_STRING,       /* const char *, owned by scenario   "text"                        */
    PARAM_FILE,         /* const char *: path resolved against the scenario's folder       */
    PARAM_DISTRIBUTION, /* struct distribution in the unit of item_kind                    */
    PARAM_OBJECT,       /* a nested struct at offset, rows in `fields`                     */
    PARAM_VARIANT,      /* struct param_variant_value: "type" picks a row of `variants`    */
    PARAM_LIST,         /* struct param_list of item_kind (scalars: int64_t or char *;
                           PARAM_OBJECT: item_bytes structs by `fields`;
                           PARAM_VARIANT: struct param_variant_value by `variants`)        */
    PARAM_JSON,         /* const struct cJSON *: shape checked by the owner's check()      */
    PARAM_SEED          /* uint64_t: a number up to 2^53 - 1, or a string up to 2^64 - 1   */
};

struct param_variant {
    const char *type, *help;
    const struct param *fields; /* offsets into the variant's own struct */
    size_t config_bytes;
};

struct param_variant_value {
    int64_t index; /* into variants */
    void *config;  /* config_bytes, owned by the scenario */
};

struct param_list {
    void *items; /* owned by the scenario */
    uint32_t count;
};

struct param {
    const char *name, *help;
    enum param_kind kind;
    size_t offset;
    /* Numbers: default, inclusive range, base units. Equal min and max (both 0) = no range. */
    int64_t value_default, value_min, value_max;
    /* The default as it would be written in JSON, for kinds whose default is no int64_t
     * (REAL, STRING, FILE, DISTRIBUTION, LIST, VARIANT, JSON); NULL = absent (zero bytes). */
    const char *default_json;
    const char *const *choices;      /* NULL-terminated, CHOICE */
    const char *const *choice_helps; /* may be NULL              */
    const struct param *fields;      /* OBJECT, LIST of objects  */
    const struct param_variant *variants;
    size_t item_bytes;
    enum param_kind item_kind; /* LIST, DISTRIBUTION */
    bool required;
    bool hidden;   /* accepted, but in no listing: switches that tests use to break a rule */
    bool deployed; /* what only the deployed system does; the help says so */
    bool seldom;   /* not named among the keys that an unknown one could have been */
    bool fixed;    /* `swarm` leaves it as the scenario has it */
    bool size;     /* what makes a run long: `swarm` always draws it, and halves it to minimise */
    int64_t swarm_min, swarm_max; /* what `swarm` draws from; equal = around the default */
    bool inherits; /* LIST of objects: a key that an item lacks is taken from the object around */
    double real_min, real_max; /* REAL; equal = no range */
    size_t
        matrix_offset; /* DISTRIBUTION: where "type": "matrix" leaves int64_t 1; 0 = no such type */
};

/* How absent keys are read: value_default where it lies in the range (a default outside of it means
 * that the key is absent unless given, and then it is not in the effective scenario; BIT_RATE 0 is
 * always "unlimited"); default_json; an OBJECT by the defaults of its fields, unless one of those
 * is required: then the whole object is absent, zero bytes; a VARIANT without default_json is its
 * first variant. Without a range, quantities with a unit are 0 or more, ratios 0 to 1. An object
 * with one FILE and a STRING called "sha256" has the file checked against it. */

#define PARAM_END                                                                                  \
    {                                                                                              \
        .name = NULL                                                                               \
    }

#endif
