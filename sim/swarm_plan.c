#include "sim/swarm_plan.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/json_write.h"
#include "sim/model.h"
#include "sim/quantity.h"
#include "sim/scenario.h"
#include "sim/sim_assert.h"

#define SECOND INT64_C(1000000000)
enum { SHORTEST_S = 20, LONGEST_S = 120, TABLES_MAX = 128 };
enum { DRAW_SEED = SWARM_DRAW_RUN, DRAW_DURATION };

cJSON *swarm_find(const cJSON *document, const char *pointer)
{
    const cJSON *at = document;
    while (at != NULL && *pointer == '/') {
        char token[SWARM_POINTER_BYTES];
        size_t bytes = strcspn(++pointer, "/");
        snprintf(token, sizeof token, "%.*s", (int)bytes, pointer);
        pointer += bytes;
        at = cJSON_IsArray(at) ? cJSON_GetArrayItem(at, (int)strtol(token, NULL, 10))
                               : cJSON_GetObjectItemCaseSensitive(at, token);
    }
    return (cJSON *)at; /* the caller's own document, const or not */
}

bool swarm_put(cJSON *document, const char *pointer, cJSON *value)
{
    char around[SWARM_POINTER_BYTES];
    snprintf(around, sizeof around, "%s", pointer);
    char *key = strrchr(around, '/');
    SIM_ASSERT(key != NULL);
    *key++ = '\0';
    cJSON *parent = swarm_find(document, around);
    if (!cJSON_IsObject(parent)) {
        cJSON_Delete(value);
        return false;
    }
    cJSON_DeleteItemFromObjectCaseSensitive(parent, key);
    cJSON_AddItemToObject(parent, key, value);
    return true;
}

int64_t swarm_time(const cJSON *document, const char *pointer)
{
    const cJSON *value = swarm_find(document, pointer);
    int64_t time_ns = 0;
    if (cJSON_IsString(value))
        (void)quantity_parse(PARAM_DURATION, value->valuestring, &time_ns);
    return time_ns;
}

/* --- What can be drawn --- */

struct table {
    const struct param *rows;
    char pointer[SWARM_POINTER_BYTES];
};

struct walk {
    struct swarm_plan *plan;
    struct table tables[TABLES_MAX];
    uint32_t done, count;
};

static void add_table(struct walk *walk, const struct param *rows, const char *pointer)
{
    SIM_ASSERT(walk->count < TABLES_MAX);
    struct table *table = &walk->tables[walk->count++];
    table->rows = rows;
    snprintf(table->pointer, sizeof table->pointer, "%s", pointer);
}

/* A file is named as seen from the scenario's folder, and drawn scenarios lie elsewhere. */
static void settle_file(struct walk *walk, const char *pointer, const cJSON *value)
{
    char path[2048];
    const char *base = walk->plan->path, *slash = strrchr(base, '/');
    if (!cJSON_IsString(value) || value->valuestring[0] == '/')
        return;
    snprintf(path, sizeof path, "%.*s%s", slash ? (int)(slash - base + 1) : 0, base,
             value->valuestring);
    char *absolute = realpath(path, NULL);
    if (absolute != NULL)
        swarm_put(walk->plan->base, pointer, cJSON_CreateString(absolute));
    free(absolute);
}

static void look_at(struct walk *walk, const struct table *table, const struct param *row)
{
    char pointer[SWARM_POINTER_BYTES];
    int bytes = snprintf(pointer, sizeof pointer, "%s/%s", table->pointer, row->name);
    SIM_ASSERT(bytes > 0 && bytes < SWARM_POINTER_BYTES);
    struct swarm_plan *plan = walk->plan;
    const cJSON *value = swarm_find(plan->base, pointer);
    if (value == NULL)
        return;
    if (row->kind == PARAM_FILE) {
        settle_file(walk, pointer, value);
        return;
    }
    int64_t number = 1;
    bool is_off = row->size && swarm_number(row, value, &number) && number == 0;
    if (swarm_value_is_drawn(row) && !is_off) {
        SIM_ASSERT(plan->slot_count < SWARM_SLOTS_MAX);
        struct swarm_slot *slot = &plan->slots[plan->slot_count++];
        memcpy(slot->pointer, pointer, sizeof slot->pointer);
        slot->row = row;
        slot->base = value;
    }
    if (row->kind == PARAM_OBJECT)
        add_table(walk, row->fields, pointer);
    const cJSON *type = cJSON_GetObjectItemCaseSensitive(value, "type");
    for (uint32_t i = 0; row->kind == PARAM_VARIANT && row->variants[i].type != NULL; i++)
        if (cJSON_IsString(type) && strcmp(type->valuestring, row->variants[i].type) == 0)
            add_table(walk, row->variants[i].fields, pointer);
}

static void find_slots(struct swarm_plan *plan, const struct scenario *scenario)
{
    struct walk *walk = calloc(1, sizeof *walk);
    SIM_ASSERT(walk != NULL);
    walk->plan = plan;
    add_table(walk, network_params, "/network");
    for (uint32_t i = 0; i < scenario->layer_count; i++)
        add_table(walk, scenario->layers[i].model->params, scenario->layers[i].pointer);
    while (walk->done < walk->count) {
        const struct table *table = &walk->tables[walk->done++];
        for (const struct param *row = table->rows; row != NULL && row->name != NULL; row++)
            if (!row->hidden)
                look_at(walk, table, row);
    }
    free(walk);
}

/* Texts that name nodes or shards fit the base's sizes only. */
static void forget_names(cJSON *base)
{
    cJSON *network = swarm_find(base, "/network"), *workload = swarm_find(base, "/workload");
    cJSON_DeleteItemFromObjectCaseSensitive(network, "links");
    for (cJSON *item = workload ? workload->child : NULL; item != NULL; item = item->next)
        cJSON_DeleteItemFromObjectCaseSensitive(item, "shards");
    cJSON_DeleteItemFromObjectCaseSensitive(base, "faults");
}

void swarm_plan_make(const struct scenario *scenario, struct swarm_plan *ret_plan)
{
    *ret_plan = (struct swarm_plan){.path = scenario->path, .name = scenario->name};
    ret_plan->base = cJSON_Parse(scenario->effective);
    ret_plan->slots = calloc(SWARM_SLOTS_MAX, sizeof *ret_plan->slots);
    SIM_ASSERT(ret_plan->base != NULL && ret_plan->slots != NULL);
    forget_names(ret_plan->base);
    swarm_put(ret_plan->base, "/replications", cJSON_CreateNumber(1));
    swarm_put(ret_plan->base, "/warmup", swarm_quantity(PARAM_DURATION, 0));
    find_slots(ret_plan, scenario);
}

void swarm_plan_free(struct swarm_plan *plan)
{
    cJSON_Delete(plan->base);
    free(plan->slots);
    *plan = (struct swarm_plan){0};
}

/* --- One run --- */

static void open_stream(const struct swarm_address *address, uint64_t draw,
                        struct rng_stream *stream)
{
    const struct rng rng = {.seed = address->seed, .replication = address->attempt};
    rng_stream_at(stream, &rng, RNG_SWARM, address->run, draw);
}

/* A variant that was drawn anew has no place for the base's other parameters. */
static bool has_place(const cJSON *document, const struct swarm_slot *slot, const cJSON *base)
{
    char around[SWARM_POINTER_BYTES];
    snprintf(around, sizeof around, "%s", slot->pointer);
    *strrchr(around, '/') = '\0';
    const cJSON *here = swarm_find(document, around), *there = swarm_find(base, around);
    const cJSON *type = cJSON_GetObjectItemCaseSensitive(here, "type");
    const cJSON *base_type = cJSON_GetObjectItemCaseSensitive(there, "type");
    return here != NULL && (type == NULL || cJSON_Compare(type, base_type, true));
}

/* No new transactions in the last third. */
static void end_workloads(cJSON *document, int64_t quiet_ns)
{
    cJSON *workload = swarm_find(document, "/workload");
    int count = cJSON_GetArraySize(workload);
    for (int i = 0; i < count; i++) {
        cJSON *item = cJSON_GetArrayItem(workload, i);
        if (cJSON_HasObjectItem(item, "from"))
            cJSON_ReplaceItemInObjectCaseSensitive(item, "from", swarm_quantity(PARAM_DURATION, 0));
        if (cJSON_HasObjectItem(item, "until"))
            cJSON_ReplaceItemInObjectCaseSensitive(item, "until",
                                                   swarm_quantity(PARAM_DURATION, quiet_ns));
    }
}

cJSON *swarm_plan_draw(const struct swarm_plan *plan, const struct swarm_address *address)
{
    struct rng_stream stream;
    cJSON *document = cJSON_Duplicate(plan->base, true);
    SIM_ASSERT(document != NULL);
    for (uint32_t i = 0; i < plan->slot_count; i++) {
        const struct swarm_slot *slot = &plan->slots[i];
        open_stream(address, i, &stream);
        bool varies = rng_below(&stream, 2) == 0;
        if ((!varies && !slot->row->size) || !has_place(document, slot, plan->base))
            continue;
        cJSON *value = swarm_value(slot->row, slot->base, &stream);
        if (value != NULL)
            swarm_put(document, slot->pointer, value);
    }
    open_stream(address, DRAW_DURATION, &stream);
    int64_t duration_ns =
        SECOND * (int64_t)(SHORTEST_S + rng_below(&stream, LONGEST_S - SHORTEST_S + 1));
    swarm_put(document, "/duration", swarm_quantity(PARAM_DURATION, duration_ns));
    end_workloads(document, duration_ns / 3 * 2);
    open_stream(address, DRAW_SEED, &stream);
    swarm_put(document, "/seed", cJSON_CreateNumber((double)(rng_u64(&stream) >> 11)));
    char name[256];
    snprintf(name, sizeof name, "%s-%" PRIu64, plan->name, address->run);
    swarm_put(document, "/name", cJSON_CreateString(name));
    return document;
}
