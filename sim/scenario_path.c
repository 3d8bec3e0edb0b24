#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#include "sim/model.h"
#include "sim/scenario_private.h"
#include "sim/sim_assert.h"

/* --- Spellings --- */

/* Undoes ~0 and ~1 in place; returns false on another ~. */
static bool unescape(char *token)
{
    char *out = token;
    for (const char *in = token; *in != '\0'; in++) {
        if (*in != '~') {
            *out++ = *in;
            continue;
        }
        in++;
        if (*in != '0' && *in != '1')
            return false;
        *out++ = *in == '0' ? '~' : '/';
    }
    *out = '\0';
    return true;
}

const char *scenario_path_parse(struct arena *arena, const char *text,
                                struct scenario_path *ret_path)
{
    bool is_pointer = text[0] == '/';
    struct scenario_path path = {.pointer = ""};
    const char *at = is_pointer ? text + 1 : text;
    while (true) {
        size_t bytes = strcspn(at, is_pointer ? "/" : ".");
        if (bytes == 0 && !is_pointer)
            return "an empty name in the path";
        if (path.count == PATH_TOKENS_MAX)
            return "the path is too deep";
        char *token = arena_text(arena, at, bytes);
        if (is_pointer && !unescape(token))
            return "~ must be followed by 0 or 1";
        path.tokens[path.count++] = token;
        path.pointer = arena_pointer(arena, path.pointer, token);
        at += bytes;
        if (*at == '\0')
            break;
        at++;
    }
    *ret_path = path;
    return NULL;
}

/* --- Values --- */

static bool parse_index(const char *token, int *ret_index)
{
    size_t digits = strspn(token, "0123456789");
    if (digits == 0 || digits > 8 || token[digits] != '\0' || (digits > 1 && token[0] == '0'))
        return false;
    *ret_index = (int)strtol(token, NULL, 10);
    return true;
}

static cJSON *child_of(const cJSON *parent, const char *token)
{
    int index;
    if (cJSON_IsArray(parent))
        return parse_index(token, &index) ? cJSON_GetArrayItem(parent, index) : NULL;
    return cJSON_IsObject(parent) ? cJSON_GetObjectItemCaseSensitive(parent, token) : NULL;
}

/* What is in the way of a path becomes an object: what was there is given up. */
static cJSON *make_object(cJSON *parent, const char *token, cJSON *old)
{
    cJSON *object = cJSON_CreateObject();
    SIM_ASSERT(object != NULL);
    if (old != NULL)
        cJSON_ReplaceItemViaPointer(parent, old, object);
    if (old != NULL && !cJSON_IsArray(parent)) {
        object->string = strdup(token); /* replacing by pointer leaves the key to the caller */
        SIM_ASSERT(object->string != NULL);
    }
    if (old == NULL)
        cJSON_AddItemToObject(parent, token, object);
    return object;
}

bool scenario_path_set(cJSON *document, const struct scenario_path *path, cJSON *value)
{
    cJSON *parent = document;
    for (uint32_t i = 0; i + 1 < path->count; i++) {
        cJSON *child = child_of(parent, path->tokens[i]);
        int index;
        bool is_missing_element =
            child == NULL && (cJSON_IsArray(parent) || parse_index(path->tokens[i + 1], &index));
        if (is_missing_element) {
            cJSON_Delete(value);
            return false;
        }
        bool is_container = cJSON_IsObject(child) || cJSON_IsArray(child);
        parent = is_container ? child : make_object(parent, path->tokens[i], child);
    }
    const char *last = path->tokens[path->count - 1];
    cJSON *old = child_of(parent, last);
    if (cJSON_IsArray(parent)) {
        if (old == NULL || cJSON_IsNull(value)) {
            cJSON_Delete(value);
            return false;
        }
        cJSON_ReplaceItemViaPointer(parent, old, value);
        return true;
    }
    if (old != NULL)
        cJSON_Delete(cJSON_DetachItemViaPointer(parent, old));
    if (cJSON_IsNull(value))
        cJSON_Delete(value);
    else
        cJSON_AddItemToObject(parent, last, value);
    return true;
}

/* --- Tables --- */

enum { TABLES_MAX = 64 };

struct tables { /* where the next token may be a key; the chosen type's table is first */
    const struct param *list[TABLES_MAX];
    uint32_t count;
    bool is_typed; /* "type" is a key too */
};

static void add_table(struct tables *tables, const struct param *fields)
{
    if (fields != NULL && tables->count < TABLES_MAX)
        tables->list[tables->count++] = fields;
}

static const char *type_of(const cJSON *object)
{
    const cJSON *type = cJSON_GetObjectItemCaseSensitive(object, "type");
    return cJSON_IsString(type) ? type->valuestring : NULL;
}

static struct tables model_tables(const char *layer_name, const cJSON *section)
{
    struct tables tables = {.is_typed = true};
    const struct model *chosen = scenario_model(layer_name, type_of(section));
    if (chosen != NULL)
        add_table(&tables, chosen->params);
    for (size_t i = 0; model_registry[i] != NULL; i++) {
        if (model_registry[i] != chosen && strcmp(model_registry[i]->layer_name, layer_name) == 0)
            add_table(&tables, model_registry[i]->params);
    }
    return tables;
}

static struct tables variant_tables(const struct param_variant *variants, const cJSON *object)
{
    struct tables tables = {.is_typed = true};
    const char *type = type_of(object);
    for (int turn = 0; turn < 2; turn++) {
        for (const struct param_variant *v = variants; v->type != NULL; v++) {
            bool is_chosen = type != NULL && strcmp(v->type, type) == 0;
            if (is_chosen == (turn == 0))
                add_table(&tables, v->fields);
        }
    }
    return tables;
}

static const struct param *find_row(const struct tables *tables, const char *token)
{
    for (uint32_t i = 0; i < tables->count; i++) {
        const struct param *row = param_find(tables->list[i], token);
        if (row != NULL)
            return row;
    }
    return NULL;
}

static const char *suggest_row(const struct tables *tables, struct arena *arena, const char *token)
{
    const char *near = NULL;
    for (uint32_t i = 0; near == NULL && i < tables->count; i++)
        near = suggest_word(token, param_names(arena, tables->list[i], NULL, true));
    return near;
}

/* The key of a distribution: a quantity, a number, or a word. */
static bool distribution_key(const struct param *row, const char *token, enum param_kind *ret_kind)
{
    static const char *const quantities[] = {"value", "from",  "to",  "mean", "median",
                                             "sd",    "scale", "min", NULL};
    for (size_t i = 0; quantities[i] != NULL; i++) {
        if (strcmp(token, quantities[i]) == 0) {
            *ret_kind = row->item_kind;
            return true;
        }
    }
    bool is_real = strcmp(token, "sigma") == 0 || strcmp(token, "shape") == 0;
    bool is_word =
        strcmp(token, "type") == 0 || strcmp(token, "file") == 0 || strcmp(token, "sha256") == 0;
    *ret_kind = is_real ? PARAM_REAL : PARAM_STRING;
    return is_real || is_word;
}

struct walk { /* along the tokens of a path */
    const struct scenario_path *path;
    struct arena *arena;
    uint32_t at;
    const cJSON *here; /* the document's value; NULL where it has none */
    struct tables tables;
    struct scenario_target *target;
    const char *near;
};

/* The path with its first unknown token replaced by the nearest key; NULL when none is near. */
static const char *suggest_path(const struct walk *walk, const char *token)
{
    struct arena *arena = walk->arena;
    const char *layers[SCENARIO_LAYERS_MAX + 1];
    scenario_layer_names(layers);
    const char *near = walk->at == 0 ? suggest_word(token, layers) : NULL;
    if (near == NULL)
        near = suggest_row(&walk->tables, arena, token);
    const char *path = near == NULL ? NULL : "";
    for (uint32_t i = 0; near != NULL && i < walk->path->count; i++)
        path = arena_printf(arena, "%s%s%s", path, i == 0 ? "" : ".",
                            i == walk->at ? near : walk->path->tokens[i]);
    return path;
}

static void step(struct walk *walk)
{
    walk->here = child_of(walk->here, walk->path->tokens[walk->at]);
    walk->at++;
}

/* Behind a row that was found: its own keys, elements, or the end. Returns false when the path goes
 * on where nothing can be. */
static bool enter_row(struct walk *walk, const struct param *row)
{
    walk->target->row = row;
    walk->target->kind = row->kind;
    walk->tables = (struct tables){0};
    if (walk->at == walk->path->count || row->kind == PARAM_JSON) {
        walk->at = walk->path->count;
        return true;
    }
    enum param_kind kind = row->kind;
    if (kind == PARAM_DISTRIBUTION) {
        walk->target->row = NULL;
        return distribution_key(row, walk->path->tokens[walk->at++], &walk->target->kind) &&
               walk->at == walk->path->count;
    }
    if (kind == PARAM_LIST) {
        int index;
        if (!parse_index(walk->path->tokens[walk->at], &index))
            return false;
        step(walk);
        kind = row->item_kind;
        walk->target->kind = kind;
    }
    if (kind == PARAM_OBJECT)
        add_table(&walk->tables, row->fields);
    else if (kind == PARAM_VARIANT)
        walk->tables = variant_tables(row->variants, walk->here);
    return walk->at == walk->path->count || walk->tables.count > 0;
}

/* A layer's section. Returns false when the first token is none. */
static bool enter_layer(struct walk *walk)
{
    const char *layer_name = walk->path->tokens[0];
    if (scenario_model(layer_name, NULL) == NULL)
        return false;
    *walk->target = (struct scenario_target){.kind = PARAM_VARIANT};
    step(walk);
    int index;
    if (scenario_layer_is_list(layer_name)) {
        if (walk->at == walk->path->count)
            return true;
        if (!parse_index(walk->path->tokens[walk->at], &index))
            return false;
        step(walk);
    }
    walk->tables = model_tables(layer_name, walk->here);
    return true;
}

bool scenario_path_find(const cJSON *document, const struct scenario_path *path,
                        struct arena *arena, struct scenario_target *ret_target,
                        const char **ret_near)
{
    struct scenario_target target = {0};
    struct walk walk = {.path = path, .arena = arena, .here = document, .target = &target};
    *ret_near = NULL;
    if (!enter_layer(&walk))
        add_table(&walk.tables, scenario_params);
    while (walk.at < path->count) {
        const char *token = path->tokens[walk.at];
        const struct param *row = find_row(&walk.tables, token);
        bool is_type = row == NULL && walk.tables.is_typed && strcmp(token, "type") == 0;
        if (is_type && walk.at + 1 == path->count) {
            *ret_target = (struct scenario_target){.kind = PARAM_STRING};
            return true;
        }
        if (row == NULL) {
            *ret_near = suggest_path(&walk, token);
            return false;
        }
        step(&walk);
        if (!enter_row(&walk, row))
            return false;
    }
    *ret_target = target;
    return true;
}
