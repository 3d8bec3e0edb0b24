#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "sim/scenario_private.h"
#include "sim/sim_assert.h"

enum { LINEAR_MAX = 64 }; /* members up to which a plain search is quicker than an index */

struct entry { /* a member of the target by its key */
    cJSON *item;
    UT_hash_handle hh;
};

struct pair { /* two objects to be merged */
    cJSON *target, *patch;
};

struct pair_list {
    struct pair *list;
    size_t count, capacity;
};

static void push(struct pair_list *pairs, cJSON *target, cJSON *patch)
{
    if (pairs->count == pairs->capacity) {
        pairs->capacity = pairs->capacity == 0 ? 16 : 2 * pairs->capacity;
        pairs->list = realloc(pairs->list, pairs->capacity * sizeof *pairs->list);
        SIM_ASSERT(pairs->list != NULL);
    }
    pairs->list[pairs->count++] = (struct pair){target, patch};
}

static struct entry *make_index(const cJSON *target)
{
    struct entry *index = NULL;
    for (cJSON *item = target->child; item != NULL; item = item->next) {
        struct entry *entry = calloc(1, sizeof *entry);
        SIM_ASSERT(entry != NULL);
        entry->item = item;
        HASH_ADD_KEYPTR(hh, index, item->string, strlen(item->string), entry);
    }
    return index;
}

struct search { /* the members that a target had before the merge */
    bool is_indexed;
    struct entry *index;
};

static cJSON *find(const cJSON *target, const struct search *search, const char *key)
{
    if (!search->is_indexed)
        return cJSON_GetObjectItemCaseSensitive(target, key);
    struct entry *entry = NULL;
    HASH_FIND(hh, search->index, key, strlen(key), entry);
    return entry == NULL ? NULL : entry->item;
}

static void free_index(struct entry *index)
{
    struct entry *entry, *next;
    HASH_ITER(hh, index, entry, next)
    {
        HASH_DEL(index, entry);
        free(entry);
    }
}

static cJSON *put_object(cJSON *target, const char *key)
{
    cJSON *object = cJSON_AddObjectToObject(target, key);
    SIM_ASSERT(object != NULL);
    return object;
}

/* Moves one member of the patch over. The patch has no key twice, so what it adds need not be in
 * the index. */
static void merge_member(struct pair_list *pairs, cJSON *target, const struct search *search,
                         cJSON *item)
{
    cJSON *old = find(target, search, item->string);
    if (cJSON_IsObject(item)) {
        bool descends = cJSON_IsObject(old);
        if (!descends && old != NULL)
            cJSON_Delete(cJSON_DetachItemViaPointer(target, old));
        push(pairs, descends ? old : put_object(target, item->string), item);
        return;
    }
    if (old != NULL)
        cJSON_Delete(cJSON_DetachItemViaPointer(target, old));
    if (cJSON_IsNull(item)) {
        cJSON_Delete(item);
        return;
    }
    char *key = strdup(item->string);
    SIM_ASSERT(key != NULL);
    cJSON_AddItemToObject(target, key, item);
    free(key);
}

void scenario_merge(cJSON *target, cJSON *patch)
{
    struct pair_list pairs = {0};
    push(&pairs, target, patch);
    while (pairs.count > 0) {
        struct pair pair = pairs.list[--pairs.count];
        struct search search = {.is_indexed = cJSON_GetArraySize(pair.target) > LINEAR_MAX ||
                                              cJSON_GetArraySize(pair.patch) > LINEAR_MAX};
        if (search.is_indexed)
            search.index = make_index(pair.target);
        cJSON *next = pair.patch->child;
        pair.patch->child = NULL;
        for (cJSON *item = next; item != NULL; item = next) {
            next = item->next;
            item->next = item->prev = NULL;
            merge_member(&pairs, pair.target, &search, item);
        }
        free_index(search.index);
        cJSON_Delete(pair.patch);
    }
    free(pairs.list);
}
