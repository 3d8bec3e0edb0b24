/* Places and origins: the last source that mentions a pointer has its value. */
#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#include "sim/json_write.h"
#include "sim/scenario_private.h"
#include "sim/sim_assert.h"

struct found {
    const struct scenario_source *source; /* NULL: nowhere */
    uint32_t node;                        /* of source->scan; JSON_NODE_NONE: a --set's text */
    bool is_exact; /* the value itself, not only something above or below it */
};

/* Is `below` the same as `above`, or somewhere in it? *ret_rest is what it has more. */
static bool is_within(const char *above, const char *below, const char **ret_rest)
{
    size_t bytes = strlen(above);
    if (strncmp(above, below, bytes) != 0 || (below[bytes] != '\0' && below[bytes] != '/'))
        return false;
    *ret_rest = below + bytes;
    return true;
}

static bool is_null(const struct json_scan *scan, uint32_t node)
{
    return scan->text[scan->nodes[node].value_offset] == 'n';
}

static bool find_in(const struct scenario_source *source, const char *pointer,
                    struct found *ret_found)
{
    const char *rest = "";
    if (source->set_pointer == NULL) {
        uint32_t node = json_scan_find(source->scan, pointer);
        if (node == JSON_NODE_NONE || (is_null(source->scan, node) && *pointer != '\0'))
            return false;
        *ret_found = (struct found){source, node, true};
        return true;
    }
    if (is_within(source->set_pointer, pointer, &rest)) {
        uint32_t node = source->scan == NULL ? JSON_NODE_NONE : json_scan_find(source->scan, rest);
        bool is_exact = *rest == '\0' || node != JSON_NODE_NONE;
        *ret_found = (struct found){source, node, is_exact};
        return is_exact;
    }
    bool is_below = *pointer != '\0' && is_within(pointer, source->set_pointer, &rest);
    *ret_found = (struct found){source, JSON_NODE_NONE, false};
    return is_below;
}

static struct found find_exact(const struct scenario_sources *sources, const char *pointer)
{
    struct found found = {0};
    for (size_t i = sources->count; i > 0; i--) {
        if (find_in(&sources->list[i - 1], pointer, &found))
            return found;
    }
    return (struct found){0};
}

/* The value, or else the nearest thing around it. */
static struct found find_nearest(const struct scenario_sources *sources, const char *pointer)
{
    struct found found = find_exact(sources, pointer);
    char *shorter = strdup(pointer);
    SIM_ASSERT(shorter != NULL);
    for (char *slash = strrchr(shorter, '/'); found.source == NULL && slash != NULL;
         slash = strrchr(shorter, '/')) {
        *slash = '\0';
        found = find_exact(sources, shorter);
        found.is_exact = false;
    }
    free(shorter);
    return found;
}

/* The axis of the point being read that gives the value at a pointer. */
static const struct scenario_axis *find_axis(const struct scenario_sources *sources,
                                             const char *pointer, const char **ret_rest,
                                             uint32_t *ret_index)
{
    for (uint32_t i = 0; sources->point >= 0 && i < sources->axis_count; i++) {
        if (is_within(sources->axes[i].path.pointer, pointer, ret_rest)) {
            *ret_index =
                scenario_sweep_index(sources->axes, sources->axis_count, i, sources->point);
            return &sources->axes[i];
        }
    }
    return NULL;
}

/* Where a swept value stands: in its list, or the range that it was computed from. */
static char *point_pointer(const struct scenario_axis *axis, uint32_t index, const char *rest)
{
    struct arena arena = {0};
    const char *pointer = axis->is_range
                              ? axis->source_pointer
                              : arena_printf(&arena, "%s/%u%s", axis->source_pointer, index, rest);
    char *copy = strdup(pointer);
    SIM_ASSERT(copy != NULL);
    arena_free(&arena);
    return copy;
}

static char *quote(const char *text)
{
    return json_quote_short(text, strlen(text));
}

static char *got_of(const struct found *found, enum diagnostic_place place, const char *pointer)
{
    if (!found->is_exact)
        return NULL;
    if (found->node == JSON_NODE_NONE)
        return quote(found->source->set_text);
    const struct json_scan *scan = found->source->scan;
    const struct json_node *node = &scan->nodes[found->node];
    if (place == AT_KEY && node->key_offset != JSON_NODE_NONE)
        return quote(scan->names + node->name);
    if (place == AT_KEY && found->source->set_pointer != NULL)
        return quote(strrchr(pointer, '/') + 1);
    return json_scan_got(scan, found->node);
}

bool scenario_locate(const void *context, const char *pointer, enum diagnostic_place place,
                     const char **ret_file, uint32_t *ret_line, uint32_t *ret_column,
                     char **ret_got)
{
    const struct scenario_sources *sources = context;
    const char *rest = "";
    uint32_t index = 0;
    const struct scenario_axis *axis = find_axis(sources, pointer, &rest, &index);
    struct found found = {0};
    if (axis != NULL) {
        char *swept = point_pointer(axis, index, rest);
        found = find_nearest(sources, swept);
        free(swept);
        if (axis->is_range && *rest == '\0') {
            *ret_got = json_write_canonical(cJSON_GetArrayItem(axis->values, (int)index), NULL);
        }
    } else {
        found = find_nearest(sources, pointer);
    }
    if (found.source == NULL)
        return false;
    if (axis == NULL || !axis->is_range)
        *ret_got = got_of(&found, place, pointer);
    if (found.source->set_pointer != NULL) {
        *ret_file = "--set";
        *ret_line = *ret_column = 1;
        return true;
    }
    const struct json_node *node = &found.source->scan->nodes[found.node];
    bool at_key = place == AT_KEY && found.is_exact && node->key_offset != JSON_NODE_NONE;
    *ret_file = found.source->scan->file;
    json_scan_place(found.source->scan, at_key ? node->key_offset : node->value_offset, ret_line,
                    ret_column);
    return true;
}

/* The value's own text: a string without its quotes. */
static const char *original_text(const struct found *found, struct arena *arena)
{
    if (found->node == JSON_NODE_NONE)
        return found->source->set_text;
    const struct json_scan *scan = found->source->scan;
    const struct json_node *node = &scan->nodes[found->node];
    const char *text = scan->text + node->value_offset;
    size_t bytes = node->value_end - node->value_offset;
    if (*text == '{' || *text == '[')
        return NULL;
    bool is_plain = *text == '"' && memchr(text, '\\', bytes) == NULL;
    return is_plain ? arena_text(arena, text + 1, bytes - 2) : arena_text(arena, text, bytes);
}

const char *scenario_origin(const struct scenario_sources *sources, struct arena *arena,
                            const char *pointer, const char **ret_original)
{
    *ret_original = NULL;
    const char *rest = "";
    uint32_t index = 0;
    const struct scenario_axis *axis = find_axis(sources, pointer, &rest, &index);
    if (axis != NULL) {
        const cJSON *value = cJSON_GetArrayItem(axis->values, (int)index);
        if (*rest == '\0' && cJSON_IsString(value))
            *ret_original = value->valuestring;
        return arena_printf(arena, "point %lld", (long long)sources->point);
    }
    struct found found = find_exact(sources, pointer);
    if (found.source == NULL || !found.is_exact) {
        /* A plain quantity for a distribution stands one level above its "value". */
        const char *slash = strrchr(pointer, '/');
        bool is_value = slash != NULL && strcmp(slash, "/value") == 0;
        char *above = arena_text(arena, pointer, is_value ? (size_t)(slash - pointer) : 0);
        found = is_value ? find_exact(sources, above) : (struct found){0};
        if (found.source == NULL || !found.is_exact || original_text(&found, arena) == NULL)
            return "default";
    }
    *ret_original = original_text(&found, arena);
    if (found.source->set_pointer != NULL)
        return "--set";
    uint32_t line, column;
    const struct json_scan *scan = found.source->scan;
    json_scan_place(scan, scan->nodes[found.node].value_offset, &line, &column);
    return arena_printf(arena, "%s:%u", scan->file, line);
}
