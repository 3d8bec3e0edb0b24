/* --set PATH=VALUE: the value is read as the parameter at the path wants it. */
#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#include "sim/scenario_private.h"
#include "sim/sim_assert.h"
#include "sim/utf8.h"

struct setting {
    struct scenario_private *private_part;
    struct diagnostics *diagnostics;
    const char *text; /* the value */
    struct scenario_path path;
};

static void report(const struct setting *s, const char *code, const char *pointer,
                   const char *problem, const char *expected, const char *got, const char *try_text)
{
    char *quoted = got == NULL ? NULL : json_quote_short(got, strlen(got));
    diagnostics_add_at(s->diagnostics, code, "--set", 1, 1, pointer, problem, expected, quoted,
                       try_text);
    free(quoted);
}

/* Kinds whose values are strings in JSON: bare text serves. */
static bool is_textual(enum param_kind kind)
{
    switch (kind) {
    case PARAM_RATIO:
    case PARAM_DURATION:
    case PARAM_BYTES:
    case PARAM_BIT_RATE:
    case PARAM_RATE:
    case PARAM_CHOICE:
    case PARAM_STRING:
    case PARAM_FILE:
    case PARAM_DISTRIBUTION:
        return true;
    case PARAM_BOOL:
    case PARAM_INTEGER:
    case PARAM_REAL:
    case PARAM_OBJECT:
    case PARAM_VARIANT:
    case PARAM_LIST:
    case PARAM_JSON:
    case PARAM_SEED:
        return false;
    }
    return false;
}

/* Reads the value as JSON when the kind asks for it or the text begins like it. NULL: bare text, or
 * broken JSON, which was reported. */
static struct json_scan *scan_value(const struct setting *s, enum param_kind kind, bool *ret_broken)
{
    bool is_marked = s->text[0] != '\0' && strchr("{[\"", s->text[0]) != NULL;
    *ret_broken = false;
    if (is_textual(kind) && !is_marked && strcmp(s->text, "null") != 0)
        return NULL;
    struct diagnostics quiet = {0};
    struct json_scan *scan = json_scan_text("--set", s->text, strlen(s->text), &quiet);
    if (scan == NULL && is_marked && quiet.count > 0) {
        report(s, quiet.list[0].code, s->path.pointer, quiet.list[0].problem,
               quiet.list[0].expected, s->text, NULL);
        *ret_broken = true;
    }
    diagnostics_free(&quiet);
    return scan;
}

/* The path with an index where it has a key and the document an array, as in /workload/rate; NULL
 * where that is not what is wrong. */
static const char *path_with_index(const struct scenario_private *private_part,
                                   const struct scenario_path *path, struct arena *arena)
{
    const cJSON *at = private_part->document;
    const char *pointer = "";
    bool inserted = false;
    for (uint32_t i = 0; i < path->count; i++) {
        const char *token = path->tokens[i];
        bool is_number = token[strspn(token, "0123456789")] == '\0';
        if (cJSON_IsArray(at) && is_number)
            return NULL;
        if (cJSON_IsArray(at)) {
            at = cJSON_GetArrayItem(at, 0);
            pointer = arena_pointer(arena, pointer, "0");
            inserted = true;
        }
        at = cJSON_GetObjectItemCaseSensitive(at, token);
        pointer = arena_pointer(arena, pointer, token);
    }
    return inserted ? pointer : NULL;
}

static void set_value(struct setting *s)
{
    struct scenario_private *private_part = s->private_part;
    struct arena *arena = &private_part->arena;
    struct scenario_target target = {.kind = PARAM_JSON};
    const char *near = NULL;
    bool is_known = scenario_path_find(private_part->document, &s->path, arena, &target, &near);
    bool is_broken = false;
    struct json_scan *scan = scan_value(s, is_known ? target.kind : PARAM_JSON, &is_broken);
    if (is_broken)
        return;
    cJSON *value = scan != NULL ? json_scan_tree(scan) : cJSON_CreateString(s->text);
    SIM_ASSERT(value != NULL);
    if (!scenario_path_set(private_part->document, &s->path, value)) {
        report(s, "E105", s->path.pointer, "no such element", "an element that the array has",
               s->path.pointer, path_with_index(private_part, &s->path, arena));
        json_scan_free(scan);
        return;
    }
    scenario_source_add(&private_part->sources,
                        &(struct scenario_source){
                            .scan = scan, .set_pointer = s->path.pointer, .set_text = s->text});
}

void scenario_set_all(struct scenario_private *private_part, const char *const *sets,
                      struct diagnostics *diagnostics)
{
    struct arena *arena = &private_part->arena;
    for (size_t i = 0; sets != NULL && sets[i] != NULL; i++) {
        struct setting s = {.private_part = private_part, .diagnostics = diagnostics};
        size_t bytes = strlen(sets[i]);
        const char *equals = strchr(sets[i], '=');
        if (bytes > JSON_BYTES_MAX || utf8_error(sets[i], bytes) < bytes) {
            report(&s, bytes > JSON_BYTES_MAX ? "E006" : "E002", "",
                   bytes > JSON_BYTES_MAX ? "the text is too large" : "the text is not UTF-8", NULL,
                   NULL, NULL);
            continue;
        }
        const char *path =
            arena_text(arena, sets[i], equals == NULL ? bytes : (size_t)(equals - sets[i]));
        s.text = equals == NULL ? "" : arena_text(arena, equals + 1, strlen(equals + 1));
        const char *problem =
            equals == NULL ? "no = after the path" : scenario_path_parse(arena, path, &s.path);
        if (problem != NULL)
            report(&s, "E104", "", problem, "PATH=VALUE, such as network.loss=1%", sets[i], NULL);
        else if (strcmp(s.path.tokens[0], "include") == 0)
            report(&s, "E104", "/include", "includes cannot be set here", "a key in the scenario",
                   NULL, NULL);
        else
            set_value(&s);
    }
}
