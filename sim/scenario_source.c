/* Where a scenario's text comes from: the file, its includes, and the places of every value. */
#include <cjson/cJSON.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "sim/scenario_private.h"
#include "sim/sim_assert.h"

/* --- Files --- */

struct loading { /* a file whose includes are being read; the deepest one is last */
    struct json_scan *scan;
    cJSON *tree;
    const cJSON *next; /* include to be read next */
    size_t index;
    char *folder;   /* "" or with a closing slash */
    char *identity; /* real path, to see circles */
};

struct loader {
    struct scenario_private *private_part;
    struct diagnostics *diagnostics;
    struct loading stack[INCLUDE_DEPTH_MAX];
    size_t depth, file_count, total_bytes;
};

static char *folder_of(struct arena *arena, const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash == NULL ? arena_text(arena, "", 0)
                         : arena_text(arena, path, (size_t)(slash - path) + 1);
}

/* Reads at most JSON_BYTES_MAX + 1 bytes: enough to see that a file is too large. Returns NULL with
 * the reason. A scenario may come through a pipe; an include must be a plain file. */
static char *read_bounded(const char *path, bool is_include, size_t *ret_bytes,
                          const char **ret_reason)
{
    bool is_stdin = !is_include && strcmp(path, "-") == 0;
    struct stat status;
    if (!is_stdin && stat(path, &status) != 0) {
        *ret_reason = strerror(errno);
        return NULL;
    }
    if (!is_stdin && (S_ISDIR(status.st_mode) || (is_include && !S_ISREG(status.st_mode)))) {
        *ret_reason = S_ISDIR(status.st_mode) ? "is a directory" : "not a plain file";
        return NULL;
    }
    FILE *in = is_stdin ? stdin : fopen(path, "rb");
    if (in == NULL) {
        *ret_reason = strerror(errno);
        return NULL;
    }
    size_t capacity = 1 << 16, bytes = 0, got = 1;
    char *text = malloc(capacity);
    SIM_ASSERT(text != NULL);
    while (got > 0 && bytes <= JSON_BYTES_MAX) {
        if (bytes == capacity) {
            capacity = 2 * capacity > JSON_BYTES_MAX ? JSON_BYTES_MAX + 1 : 2 * capacity;
            text = realloc(text, capacity);
            SIM_ASSERT(text != NULL);
        }
        got = fread(text + bytes, 1, capacity - bytes, in);
        bytes += got;
    }
    bool is_broken = ferror(in) != 0;
    *ret_reason = is_broken ? strerror(errno) : NULL;
    if (!is_stdin)
        fclose(in);
    if (is_broken) {
        free(text);
        return NULL;
    }
    *ret_bytes = bytes;
    return text;
}

/* Says something about the include that is being read, at its place in the including file. */
static void report_include(struct loader *loader, const char *code, const char *problem,
                           const char *expected)
{
    const struct loading *includer = &loader->stack[loader->depth - 1];
    char pointer[40];
    snprintf(pointer, sizeof pointer, "/include/%zu", includer->index);
    uint32_t node = json_scan_find(includer->scan, pointer), line = 0, column = 0;
    SIM_ASSERT(node != JSON_NODE_NONE);
    json_scan_place(includer->scan, includer->scan->nodes[node].value_offset, &line, &column);
    char *got = json_scan_got(includer->scan, node);
    diagnostics_add_at(loader->diagnostics, code, includer->scan->file, line, column, pointer,
                       problem, expected, got, NULL);
    free(got);
}

/* Takes a text into the loading stack; returns false when it cannot be used at all. */
static bool begin(struct loader *loader, const char *file, const char *path, const char *text,
                  size_t bytes)
{
    struct arena *arena = &loader->private_part->arena;
    struct json_scan *scan = json_scan_text(file, text, bytes, loader->diagnostics);
    if (scan == NULL)
        return false;
    cJSON *tree = json_scan_tree(scan);
    SIM_ASSERT(tree != NULL);
    if (!cJSON_IsObject(tree)) {
        uint32_t line, column;
        json_scan_place(scan, scan->nodes[0].value_offset, &line, &column);
        char *got = json_scan_got(scan, 0);
        diagnostics_add_at(loader->diagnostics, "E205", file, line, column, "",
                           "wrong type of value", "an object: { ... }", got, NULL);
        free(got);
        cJSON_Delete(tree);
        json_scan_free(scan);
        return false;
    }
    struct loading *loading = &loader->stack[loader->depth++];
    *loading = (struct loading){.scan = scan, .tree = tree, .folder = folder_of(arena, path)};
    loading->identity = realpath(path, NULL);
    const cJSON *include = cJSON_GetObjectItemCaseSensitive(tree, "include");
    loading->next = cJSON_IsArray(include) ? include->child : NULL;
    if (include != NULL && !cJSON_IsArray(include) && !cJSON_IsNull(include)) {
        uint32_t line, column, node = json_scan_find(scan, "/include");
        json_scan_place(scan, scan->nodes[node].value_offset, &line, &column);
        char *got = json_scan_got(scan, node);
        diagnostics_add_at(loader->diagnostics, "E205", file, line, column, "/include",
                           "wrong type of value", "an array of file names", got, NULL);
        free(got);
    }
    return true;
}

static bool is_open(const struct loader *loader, const char *path)
{
    char *identity = realpath(path, NULL);
    bool is_open = false;
    for (size_t i = 0; identity != NULL && i < loader->depth; i++) {
        const char *other = loader->stack[i].identity;
        is_open = is_open || (other != NULL && strcmp(other, identity) == 0);
    }
    free(identity);
    return is_open;
}

static void begin_include(struct loader *loader, const cJSON *item)
{
    struct arena *arena = &loader->private_part->arena;
    const struct loading *includer = &loader->stack[loader->depth - 1];
    if (!cJSON_IsString(item) || item->valuestring[0] == '\0') {
        report_include(loader, "E205", "wrong type of value", "a file name");
        return;
    }
    const char *given = item->valuestring;
    const char *path = given[0] == '/' ? arena_text(arena, given, strlen(given))
                                       : arena_printf(arena, "%s%s", includer->folder, given);
    if (is_open(loader, path)) {
        report_include(loader, "E502", "includes in a circle", "a file that is not being included");
        return;
    }
    if (loader->depth == INCLUDE_DEPTH_MAX || loader->file_count == INCLUDE_COUNT_MAX) {
        report_include(loader, "E503", "too many includes", "at most 16 deep and 64 together");
        return;
    }
    const char *reason = NULL;
    size_t bytes = 0;
    char *text = read_bounded(path, true, &bytes, &reason);
    if (text == NULL) {
        report_include(loader, "E501",
                       arena_printf(arena, "cannot read the include %s: %s", path, reason),
                       "a file beside the one that includes it");
        return;
    }
    loader->file_count++;
    loader->total_bytes += bytes;
    if (loader->total_bytes > INCLUDE_BYTES_MAX)
        report_include(loader, "E503", "the includes are too large", "at most 64 MiB together");
    else
        begin(loader, path, path, text, bytes);
    free(text);
}

/* All includes of the deepest file are merged: now the file itself goes on top of them. */
static void finish(struct loader *loader)
{
    struct loading *loading = &loader->stack[--loader->depth];
    cJSON_DeleteItemFromObjectCaseSensitive(loading->tree, "include");
    scenario_merge(loader->private_part->document, loading->tree);
    scenario_source_add(&loader->private_part->sources,
                        &(struct scenario_source){.scan = loading->scan});
    free(loading->identity);
}

bool scenario_source_files(struct scenario_private *private_part, const char *path,
                           const char *text, size_t bytes, struct diagnostics *diagnostics)
{
    struct loader loader = {.private_part = private_part, .diagnostics = diagnostics};
    size_t errors_before = diagnostics->errors;
    char *read = NULL;
    const char *file = strcmp(path, "-") == 0 ? "<stdin>" : path;
    if (text == NULL) {
        const char *reason = NULL;
        read = read_bounded(path, false, &bytes, &reason);
        text = read;
        if (read == NULL)
            diagnostics_add_at(
                diagnostics, "E500", file, 0, 0, "",
                arena_printf(&private_part->arena, "cannot read the scenario: %s", reason), NULL,
                NULL, "a scenario to start from: shardsim init hypercube > my.json");
    }
    if (text != NULL)
        begin(&loader, file, path, text, bytes);
    free(read);
    /* Each turn reads one include or finishes one file; both are bounded. */
    while (loader.depth > 0) {
        struct loading *loading = &loader.stack[loader.depth - 1];
        const cJSON *item = loading->next;
        if (item == NULL) {
            finish(&loader);
            continue;
        }
        size_t depth = loader.depth;
        loading->next = item->next;
        begin_include(&loader, item);
        loader.stack[depth - 1].index++;
    }
    return diagnostics->errors == errors_before;
}

void scenario_source_add(struct scenario_sources *sources, const struct scenario_source *source)
{
    if (sources->count == sources->capacity) {
        sources->capacity = sources->capacity == 0 ? 8 : 2 * sources->capacity;
        sources->list = realloc(sources->list, sources->capacity * sizeof *sources->list);
        SIM_ASSERT(sources->list != NULL);
    }
    sources->list[sources->count++] = *source;
}

void scenario_source_free(struct scenario_sources *sources)
{
    for (size_t i = 0; i < sources->count; i++)
        json_scan_free(sources->list[i].scan);
    free(sources->list);
    *sources = (struct scenario_sources){.point = -1};
}
