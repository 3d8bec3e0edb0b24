#include "sim/param_parse.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/diagnostics.h"
#include "sim/json_write.h"
#include "sim/sim_assert.h"

/* More is no scenario, but a mistake of the program that wrote it. */
enum { PLAIN_ITEMS_MAX = 1000000, OBJECT_ITEMS_MAX = 50000 };

static void *reserve(void *array, size_t count, size_t *capacity, size_t item_bytes)
{
    if (count < *capacity)
        return array;
    *capacity = *capacity == 0 ? 16 : 2 * *capacity;
    void *grown = realloc(array, *capacity * item_bytes);
    SIM_ASSERT(grown != NULL);
    return grown;
}

void param_push(struct param_reader *reader, const struct param_task *task)
{
    reader->tasks =
        reserve(reader->tasks, reader->task_count, &reader->task_capacity, sizeof *reader->tasks);
    reader->tasks[reader->task_count++] = *task;
}

const struct param *param_find(const struct param *fields, const char *name)
{
    for (const struct param *row = fields; row != NULL && row->name != NULL; row++) {
        if (strcmp(row->name, name) == 0)
            return row;
    }
    return NULL;
}

const char *const *param_names(struct arena *arena, const struct param *fields, const char *extra,
                               bool with_seldom)
{
    size_t count = extra == NULL ? 0 : 1;
    for (const struct param *row = fields; row->name != NULL; row++)
        count++;
    const char **names = arena_take(arena, (count + 1) * sizeof *names);
    size_t used = 0;
    if (extra != NULL)
        names[used++] = extra;
    for (const struct param *row = fields; row->name != NULL; row++) {
        if (row->hidden || (row->seldom && !with_seldom))
            continue;
        size_t at = used++;
        for (; at > 0 && strcmp(names[at - 1], row->name) > 0; at--)
            names[at] = names[at - 1];
        names[at] = row->name;
    }
    return names;
}

char *param_one_of(struct arena *arena, const char *const *names)
{
    size_t bytes = 16;
    for (size_t i = 0; names[i] != NULL; i++)
        bytes += strlen(names[i]) + 2;
    char *text = arena_take(arena, bytes);
    char *at = stpcpy(text, names[0] == NULL ? "nothing" : names[1] == NULL ? "" : "one of: ");
    for (size_t i = 0; names[i] != NULL; i++)
        at = stpcpy(stpcpy(at, i == 0 ? "" : ", "), names[i]);
    return text;
}

static const char *quoted(struct arena *arena, const char *word)
{
    return word == NULL ? NULL : arena_printf(arena, "\"%s\"", word);
}

static void report_unknown_key(struct param_reader *reader, const struct param_task *task,
                               const char *key)
{
    if (reader->diagnostics->count >= DIAGNOSTICS_KEPT_MAX) {
        reader->diagnostics->errors++;
        return;
    }
    const char *tag = task->tagged ? "type" : NULL;
    const char *const *listed = param_names(reader->arena, task->fields, tag, false);
    const char *const *all = param_names(reader->arena, task->fields, tag, true);
    diagnostics_add(reader->diagnostics, "E101", arena_pointer(reader->arena, task->pointer, key),
                    AT_KEY, "unknown key", param_one_of(reader->arena, listed), NULL,
                    quoted(reader->arena, suggest_word(key, all)));
}

static void report_missing(struct param_reader *reader, const struct param *row,
                           const char *pointer)
{
    diagnostics_add(reader->diagnostics, "E103", pointer, AT_VALUE, "missing key",
                    arena_printf(reader->arena, "\"%s\": %s", row->name, row->help), NULL, NULL);
}

static bool has_required(const struct param *fields)
{
    for (const struct param *row = fields; row->name != NULL; row++) {
        if (row->required)
            return true;
    }
    return false;
}

/* A default tree is kept, since PARAM_JSON points into it. */
static const cJSON *default_tree(struct param_reader *reader, const struct param *row)
{
    if (row->default_json == NULL)
        return NULL;
    cJSON *tree = cJSON_Parse(row->default_json);
    SIM_ASSERT(tree != NULL);
    cJSON_AddItemToArray(reader->keep, tree);
    return tree;
}

static cJSON *add_object(cJSON *effective, const char *name)
{
    cJSON *object = cJSON_CreateObject();
    SIM_ASSERT(object != NULL);
    if (name == NULL)
        cJSON_AddItemToArray(effective, object);
    else
        cJSON_AddItemToObject(effective, name, object);
    return object;
}

/* Returns false when the value is no object, after saying so. */
static bool is_object(struct param_reader *reader, const cJSON *value, const char *pointer)
{
    if (value == NULL || cJSON_IsObject(value))
        return true;
    diagnostics_add(reader->diagnostics, "E205", pointer, AT_VALUE, "wrong type of value",
                    "an object", NULL, NULL);
    return false;
}

static const char *const *variant_names(struct arena *arena, const struct param_variant *variants)
{
    size_t count = 0;
    while (variants[count].type != NULL)
        count++;
    const char **names = arena_take(arena, (count + 1) * sizeof *names);
    for (size_t i = 0; i < count; i++)
        names[i] = variants[i].type;
    return names;
}

static void read_variant(struct param_reader *reader, const struct param *row, const cJSON *value,
                         const char *pointer, struct param_variant_value *variant, cJSON *effective,
                         const char *name)
{
    if (!is_object(reader, value, pointer))
        return;
    const cJSON *type = cJSON_GetObjectItemCaseSensitive(value, "type");
    const char *type_pointer = arena_pointer(reader->arena, pointer, "type");
    int64_t index = 0;
    const struct param_variant *variants = row->variants;
    if (type != NULL && !cJSON_IsNull(type)) {
        const char *text = cJSON_IsString(type) ? type->valuestring : "";
        while (variants[index].type != NULL && strcmp(variants[index].type, text) != 0)
            index++;
    } else if (row->required || row->kind == PARAM_LIST) {
        const char *const *names = variant_names(reader->arena, variants);
        diagnostics_add(reader->diagnostics, "E103", type_pointer, AT_VALUE, "missing key",
                        param_one_of(reader->arena, names), NULL, NULL);
        return;
    }
    if (variants[index].type == NULL) {
        const char *const *names = variant_names(reader->arena, variants);
        const char *near = cJSON_IsString(type) ? suggest_word(type->valuestring, names) : NULL;
        diagnostics_add(reader->diagnostics, "E401", type_pointer, AT_VALUE, "no such type",
                        param_one_of(reader->arena, names), NULL, quoted(reader->arena, near));
        return;
    }
    variant->index = index;
    variant->config = arena_take(reader->arena, variants[index].config_bytes);
    cJSON *object = add_object(effective, name);
    param_effective_text(reader, object, "type", type_pointer, variants[index].type);
    static const struct param none[] = {PARAM_END};
    param_push(reader, &(struct param_task){
                           .fields = variants[index].fields == NULL ? none : variants[index].fields,
                           .object = value,
                           .pointer = pointer,
                           .config = variant->config,
                           .effective = object,
                           .tagged = true});
}

static size_t item_bytes_of(const struct param *row)
{
    if (row->item_kind == PARAM_OBJECT)
        return row->item_bytes;
    return row->item_kind == PARAM_VARIANT ? sizeof(struct param_variant_value) : sizeof(int64_t);
}

static void read_list(struct param_reader *reader, const struct param *row, const cJSON *value,
                      const struct param_task *task, const char *pointer, struct param_list *list)
{
    cJSON *array = cJSON_AddArrayToObject(task->effective, row->name);
    SIM_ASSERT(array != NULL);
    if (value == NULL)
        return;
    if (!cJSON_IsArray(value)) {
        diagnostics_add(reader->diagnostics, "E205", pointer, AT_VALUE, "wrong type of value",
                        "an array", NULL, NULL);
        return;
    }
    size_t count = (size_t)cJSON_GetArraySize(value);
    bool is_plain = row->item_kind != PARAM_OBJECT && row->item_kind != PARAM_VARIANT;
    if (count > (is_plain ? PLAIN_ITEMS_MAX : OBJECT_ITEMS_MAX)) {
        diagnostics_add(reader->diagnostics, "E208", pointer, AT_VALUE, "wrong number of items",
                        is_plain ? "at most 1000000" : "at most 50000", NULL, NULL);
        return;
    }
    size_t bytes = item_bytes_of(row);
    SIM_ASSERT(bytes > 0);
    unsigned char *items = arena_take(reader->arena, count * bytes);
    *list = (struct param_list){.items = items, .count = (uint32_t)count};
    size_t index = 0;
    for (const cJSON *item = value->child; item != NULL; item = item->next, index++) {
        if (reader->diagnostics->count >= DIAGNOSTICS_KEPT_MAX)
            return; /* nothing more would be shown */
        const char *place = arena_pointer_index(reader->arena, pointer, index);
        void *config = items + index * bytes;
        if (row->item_kind == PARAM_OBJECT && is_object(reader, item, place))
            param_push(reader, &(struct param_task){.fields = row->fields,
                                                    .object = item,
                                                    .around = row->inherits ? task->object : NULL,
                                                    .pointer = place,
                                                    .config = config,
                                                    .effective = add_object(array, NULL)});
        else if (row->item_kind == PARAM_VARIANT)
            read_variant(reader, row, item, place, config, array, NULL);
        else if (row->item_kind != PARAM_OBJECT)
            param_scalar(reader, row, row->item_kind, item, place, config, array, NULL);
    }
}

static void read_object(struct param_reader *reader, const struct param *row, const cJSON *value,
                        const struct param_task *task, const char *pointer, void *config)
{
    if (!is_object(reader, value, pointer) || (value == NULL && has_required(row->fields)))
        return;
    param_push(reader, &(struct param_task){.fields = row->fields,
                                            .object = value,
                                            .pointer = pointer,
                                            .config = config,
                                            .effective = add_object(task->effective, row->name)});
}

static void read_json(struct param_reader *reader, const struct param *row, const cJSON *value,
                      const char *pointer, cJSON *effective, const cJSON **config)
{
    if (value == NULL)
        return;
    *config = value;
    cJSON *copy = cJSON_Duplicate(value, 1);
    SIM_ASSERT(copy != NULL);
    cJSON_AddItemToObject(effective, row->name, copy);
    char *text = json_write_canonical(copy, NULL);
    param_leaf_add(reader, pointer, text, NAN, "");
    free(text);
}

static const cJSON *find_value(const struct param_task *task, const char *name)
{
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(task->object, name);
    if ((value == NULL || cJSON_IsNull(value)) && task->around != NULL)
        value = cJSON_GetObjectItemCaseSensitive(task->around, name);
    return value == NULL || cJSON_IsNull(value) ? NULL : value;
}

/* The default goes in first: it stays where the value cannot be read. */
static void read_scalar(struct param_reader *reader, const struct param_task *task,
                        const struct param *row, const cJSON *value, const char *pointer,
                        void *place)
{
    bool has_default =
        row->kind != PARAM_STRING && row->kind != PARAM_FILE && row->kind != PARAM_REAL;
    if (has_default)
        memcpy(place, &row->value_default, sizeof row->value_default);
    if (value == NULL) {
        param_scalar_default(reader, row, pointer, task->effective);
        return;
    }
    size_t leaves_before = reader->leaf_count;
    param_scalar(reader, row, row->kind, value, pointer, place, task->effective, row->name);
    if (row->hidden && has_default && memcmp(place, &row->value_default, sizeof(int64_t)) == 0) {
        /* A hidden switch in its normal position leaves no trace, written out or not. */
        cJSON_DeleteItemFromObjectCaseSensitive(task->effective, row->name);
        reader->leaf_count = leaves_before;
    }
}

static void read_row(struct param_reader *reader, const struct param_task *task,
                     const struct param *row)
{
    const cJSON *value = find_value(task, row->name);
    const char *pointer = arena_pointer(reader->arena, task->pointer, row->name);
    unsigned char *place = (unsigned char *)task->config + row->offset;
    if (value == NULL && row->required) {
        report_missing(reader, row, pointer);
        return;
    }
    if (value == NULL)
        value = default_tree(reader, row);
    switch (row->kind) {
    case PARAM_BOOL:
    case PARAM_INTEGER:
    case PARAM_RATIO:
    case PARAM_DURATION:
    case PARAM_BYTES:
    case PARAM_BIT_RATE:
    case PARAM_RATE:
    case PARAM_REAL:
    case PARAM_CHOICE:
    case PARAM_STRING:
    case PARAM_FILE:
    case PARAM_SEED:
        read_scalar(reader, task, row, value, pointer, place);
        return;
    case PARAM_DISTRIBUTION:
        param_distribution(reader, row, value, pointer, task->config, task->effective);
        return;
    case PARAM_OBJECT:
        read_object(reader, row, value, task, pointer, place);
        return;
    case PARAM_VARIANT:
        read_variant(reader, row, value, pointer, (struct param_variant_value *)(void *)place,
                     task->effective, row->name);
        return;
    case PARAM_LIST:
        read_list(reader, row, value, task, pointer, (struct param_list *)(void *)place);
        return;
    case PARAM_JSON:
        read_json(reader, row, value, pointer, task->effective, (const cJSON **)(void *)place);
        return;
    }
}

/* An object with one FILE and a STRING "sha256": the file must be the one that was meant. */
static void check_sha256(struct param_reader *reader, const struct param_task *task)
{
    const struct param *digest = param_find(task->fields, "sha256");
    const struct param *file = NULL;
    for (const struct param *row = task->fields; row->name != NULL; row++)
        file = row->kind == PARAM_FILE ? row : file;
    const cJSON *given = file == NULL ? NULL : find_value(task, file->name);
    if (digest == NULL || digest->kind != PARAM_STRING || !cJSON_IsString(given))
        return;
    const char *expected =
        *(const char *const *)(void *)((unsigned char *)task->config + digest->offset);
    if (expected == NULL)
        return;
    const char *pointer = arena_pointer(reader->arena, task->pointer, file->name);
    const struct param_file *content = param_file(reader, pointer, given->valuestring);
    if (content != NULL && strcasecmp(content->sha256, expected) != 0)
        diagnostics_add(reader->diagnostics, "E506", pointer, AT_VALUE,
                        "the file has another SHA-256", expected, content->sha256, NULL);
}

static void read_task(struct param_reader *reader, const struct param_task *task)
{
    for (const cJSON *item = task->object == NULL ? NULL : task->object->child; item != NULL;
         item = item->next) {
        bool is_own = strncmp(item->string, "x-", 2) == 0;
        bool is_tag = task->tagged && strcmp(item->string, "type") == 0;
        if (!is_own && !is_tag && param_find(task->fields, item->string) == NULL)
            report_unknown_key(reader, task, item->string);
    }
    for (const struct param *row = task->fields; row->name != NULL; row++)
        read_row(reader, task, row);
    check_sha256(reader, task);
}

bool param_read(struct param_reader *reader, const struct param_task *task)
{
    size_t errors_before = reader->diagnostics->errors;
    SIM_ASSERT(reader->task_count == 0);
    param_push(reader, task);
    while (reader->task_count > 0) {
        struct param_task next = reader->tasks[--reader->task_count];
        read_task(reader, &next);
    }
    if (reader->diagnostics->errors == errors_before) {
        for (size_t i = 0; i < reader->check_count; i++)
            param_distribution_check(reader, &reader->checks[i]);
    }
    reader->check_count = 0;
    return reader->diagnostics->errors == errors_before;
}

void param_reader_free(struct param_reader *reader)
{
    free(reader->tasks);
    free(reader->checks);
    free(reader->leaves);
    free(reader->files);
}
