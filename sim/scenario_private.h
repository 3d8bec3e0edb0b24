#ifndef SIM_SCENARIO_PRIVATE_H
#define SIM_SCENARIO_PRIVATE_H

/* Between the files scenario*.c only: where a scenario's values came from, and the steps of a load.
 *
 * A value of the merged document stands in the last source that mentions its pointer: that is how
 * RFC 7396 merges, and so no origins have to be carried along. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/arena.h"
#include "sim/diagnostics.h"
#include "sim/json_scan.h"
#include "sim/param_parse.h"
#include "sim/scenario.h"
#include "sim/scenario_params.h"

struct cJSON;

enum {
    INCLUDE_DEPTH_MAX = 16,
    INCLUDE_COUNT_MAX = 64,
    PATH_TOKENS_MAX = JSON_DEPTH_MAX,
    SWEEP_AXES_MAX = 16,
    SWEEP_VALUES_MAX = 10000,
    SWEEP_CHECKED_MAX = 10000
};
#define INCLUDE_BYTES_MAX ((size_t)64 << 20)

struct scenario_path { /* "network.loss" or "/network/loss" */
    const char *pointer;
    const char *tokens[PATH_TOKENS_MAX];
    uint32_t count;
};

struct scenario_source {
    struct json_scan *scan;  /* of the file, or of a --set's JSON; NULL: a --set's bare text */
    const char *set_pointer; /* NULL: a file */
    const char *set_text;
};

struct scenario_axis { /* one key of sweep.product */
    struct scenario_path path;
    struct cJSON *values;       /* an array */
    const char *source_pointer; /* "/sweep/product/..." */
    bool is_range;
};

struct scenario_sources {
    struct scenario_source *list; /* in the order in which they were merged */
    size_t count, capacity;
    /* The sweep point that is being read: -1 = none. */
    const struct scenario_axis *axes;
    uint32_t axis_count;
    int64_t point;
};

struct scenario_private {
    struct arena arena;
    struct scenario_sources sources;
    const char *folder;
    struct cJSON *document; /* merged, with every --set and the sweep point */
    struct cJSON *keep;     /* trees of defaults and sweep values */
    struct scenario_axis axes[SWEEP_AXES_MAX];
    uint32_t axis_count;
    bool seed_given;            /* by the caller, not by the scenario */
    struct param_reader reader; /* leaves and files of the effective scenario */
};

/* --- scenario_source.c: files and places --- */

/* scenario_source_files reads the scenario (text NULL: from path) and its includes, and merges them
 * into *ret_document (an object, also on failure). Returns false when there were errors. */
bool scenario_source_files(struct scenario_private *private_part, const char *path,
                           const char *text, size_t bytes, struct diagnostics *diagnostics);
void scenario_source_add(struct scenario_sources *sources, const struct scenario_source *source);
void scenario_source_free(struct scenario_sources *sources);

/* scenario_locate is the diagnostics_locate of a scenario; the context is its sources. */
bool scenario_locate(const void *context, const char *pointer, enum diagnostic_place place,
                     const char **ret_file, uint32_t *ret_line, uint32_t *ret_column,
                     char **ret_got);

/* scenario_origin names where the value at a pointer came from: "default", "file:line", "--set",
 * "point N". The text lives in the arena. *ret_original is the value's own text, or NULL. */
const char *scenario_origin(const struct scenario_sources *sources, struct arena *arena,
                            const char *pointer, const char **ret_original);

/* --- scenario_merge.c --- */

/* scenario_merge applies an RFC 7396 merge patch to a target object. Consumes the patch. Linear in
 * the patch and in the objects that it touches. */
void scenario_merge(struct cJSON *target, struct cJSON *patch);

/* --- scenario_path.c --- */

/* scenario_path_parse reads both spellings. Returns NULL, or what is wrong with the text. */
const char *scenario_path_parse(struct arena *arena, const char *text,
                                struct scenario_path *ret_path);

/* scenario_path_set puts a value (consumed) at a path, making objects on the way; array elements
 * must exist. Returns false, with the value deleted, when they do not. null removes. */
bool scenario_path_set(struct cJSON *document, const struct scenario_path *path,
                       struct cJSON *value);

struct scenario_target {     /* what stands at a path, by the tables */
    const struct param *row; /* NULL: "type", or a key of a distribution */
    enum param_kind kind;    /* a scalar kind, or that of the row */
};

/* scenario_path_find finds the parameter at a path: of the type that the document has chosen, or
 * else of any type that has it. Returns false when no type has it. *ret_near gets a suggestion for
 * the token that was not found, or NULL. */
bool scenario_path_find(const struct cJSON *document, const struct scenario_path *path,
                        struct arena *arena, struct scenario_target *ret_target,
                        const char **ret_near);

/* --- scenario_set.c --- */
void scenario_set_all(struct scenario_private *private_part, const char *const *sets,
                      struct diagnostics *diagnostics);

/* --- scenario_sweep.c --- */

/* scenario_sweep_read turns the document's sweep into axes. *ret_points = their product. */
void scenario_sweep_read(struct scenario_private *private_part, struct diagnostics *diagnostics,
                         uint32_t *ret_points);

/* scenario_sweep_apply sets the values of a point: a mixed-radix number whose first axis changes
 * slowest. */
void scenario_sweep_apply(const struct scenario_private *private_part, struct cJSON *document,
                          int64_t point, struct diagnostics *diagnostics);

/* scenario_sweep_index is the index of an axis's value at a point. */
uint32_t scenario_sweep_index(const struct scenario_axis *axes, uint32_t axis_count, uint32_t axis,
                              int64_t point);

/* scenario_sweep_check reads every point; problems name the first point that has them. */
void scenario_sweep_check(struct scenario_private *private_part, uint32_t point_count,
                          size_t effective_bytes, struct diagnostics *diagnostics);

/* --- scenario_read.c: the document becomes a scenario --- */

struct scenario_reading {
    struct param_reader *reader;
    const struct cJSON *document;
    struct cJSON *effective;
    const char *default_name;
    const uint64_t *seed; /* NULL = the scenario's */
    struct scenario *scenario;
};

/* scenario_read fills the scenario from the document; returns true when it added no error. */
bool scenario_read(struct scenario_reading *reading);

/* scenario_properties reads the key "properties" against the models that are used. */
void scenario_properties(struct scenario_reading *reading, const struct cJSON *value);

/* --- fault_parse.c --- */

/* fault_parse turns faults as their tables left them into a plan: targets, times, rates. `document`
 * is the array that they were read from. */
void fault_parse(struct arena *arena, const struct cJSON *document, const struct param_list *faults,
                 uint64_t duration_ns, struct diagnostics *diagnostics,
                 struct fault_plan *ret_plan);

/* --- scenario_hash.c --- */
uint64_t scenario_hash(const struct cJSON *effective, const struct param_reader *reader);

#endif
