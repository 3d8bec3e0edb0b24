/* Random faults for a drawn run: windows in the first two thirds, kinds that may be absent, targets
 * among the nodes that there are. */

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

#include "sim/fault.h"
#include "sim/model.h"
#include "sim/scenario.h"
#include "sim/sim_assert.h"
#include "sim/swarm_plan.h"

#define MS INT64_C(1000000)
#define SECOND INT64_C(1000000000)

enum { FAULTS_MAX = 6, TARGET_BYTES = 96, GROUPS_MAX = 4 };

struct drawing {
    struct rng_stream *stream;
    const struct swarm_world *world;
    const struct engine_role *roles; /* the world's */
    uint32_t role_count;
    int64_t end_ns; /* of the time in which faults may act */
};

static uint64_t below(const struct drawing *drawing, uint64_t count)
{
    return rng_below(drawing->stream, count);
}

static const struct engine_role *find_role(const struct drawing *drawing, const char *name)
{
    for (uint32_t i = 0; i < drawing->role_count; i++)
        if (strcmp(drawing->roles[i].name, name) == 0)
            return &drawing->roles[i];
    return NULL;
}

/* Shards have half of the faults: the other nodes are few. */
static const struct engine_role *draw_role(const struct drawing *drawing)
{
    const struct engine_role *shard = find_role(drawing, "shard");
    bool wants_shard = below(drawing, 2) == 0;
    uint64_t which = below(drawing, drawing->role_count);
    return wants_shard && shard != NULL ? shard : &drawing->roles[which];
}

/* A node, a range of nodes, nodes drawn by the run itself, or a link where one may be cut. */
static cJSON *draw_target(const struct drawing *drawing, bool links_allowed)
{
    const struct engine_role *role = draw_role(drawing);
    const struct engine_role *shard = find_role(drawing, "shard");
    char text[TARGET_BYTES];
    uint64_t form = below(drawing, links_allowed ? 4 : 3);
    uint64_t first = below(drawing, role->count), span = below(drawing, role->count - first);
    if (form == 3 && shard != NULL && shard->count > 1) {
        uint64_t from = below(drawing, shard->count), to = below(drawing, shard->count - 1);
        snprintf(text, sizeof text, "link:%u-%u", (unsigned)from,
                 (unsigned)(to >= from ? to + 1 : to));
        return cJSON_CreateString(text);
    }
    if (form == 2) {
        cJSON *random = cJSON_CreateObject();
        cJSON_AddNumberToObject(random, "random", (double)(1 + below(drawing, role->count)));
        cJSON_AddStringToObject(random, "of", role->name);
        return random;
    }
    if (form == 1 && span > 0)
        snprintf(text, sizeof text, "%s:%u-%u", role->name, (unsigned)first,
                 (unsigned)(first + span));
    else
        snprintf(text, sizeof text, "%s:%u", role->name, (unsigned)first);
    return cJSON_CreateString(text);
}

static void add_node(cJSON *group, const struct engine_role *role, uint32_t node)
{
    char text[TARGET_BYTES];
    snprintf(text, sizeof text, "%s:%u", role->name, node);
    cJSON_AddItemToArray(group, cJSON_CreateString(text));
}

/* One node against the rest, two halves, or up to four groups at random. */
static cJSON *draw_groups(const struct drawing *drawing)
{
    const struct engine_role *role = draw_role(drawing);
    for (uint32_t i = 0; i < drawing->role_count && role->count < 2; i++)
        role = &drawing->roles[i];
    if (role->count < 2)
        return NULL;
    uint64_t mode = below(drawing, 3), alone = below(drawing, role->count);
    uint64_t count = mode == 2 ? 2 + below(drawing, GROUPS_MAX - 1) : 2;
    cJSON *members[GROUPS_MAX] = {NULL};
    for (uint64_t i = 0; i < count; i++)
        members[i] = cJSON_CreateArray();
    for (uint32_t node = 0; node < role->count; node++) {
        uint64_t random = below(drawing, count);
        uint64_t group = mode == 0 ? node == alone : mode == 1 ? node >= role->count / 2 : random;
        add_node(members[group], role, node);
    }
    cJSON *groups = cJSON_CreateArray();
    for (uint64_t i = 0; i < count; i++) {
        if (cJSON_GetArraySize(members[i]) > 0)
            cJSON_AddItemToArray(groups, members[i]);
        else
            cJSON_Delete(members[i]);
    }
    if (cJSON_GetArraySize(groups) >= 2)
        return groups;
    cJSON_Delete(groups);
    return NULL;
}

/* One window, or again and again; all over before the end. */
static void draw_times(const struct drawing *drawing, enum fault_type type, cJSON *fault)
{
    int64_t at_ns = (int64_t)below(drawing, (uint64_t)(drawing->end_ns - SECOND));
    int64_t for_ns = swarm_between(drawing->stream, MS, drawing->end_ns - at_ns);
    bool repeats = below(drawing, 4) == 0;
    int64_t every_ns = swarm_between(drawing->stream, SECOND, drawing->end_ns);
    if (repeats && for_ns > every_ns / 2)
        for_ns = every_ns / 2;
    if (repeats && at_ns + for_ns < drawing->end_ns - for_ns) {
        cJSON_AddItemToObject(fault, "every", swarm_quantity(PARAM_DURATION, every_ns));
        cJSON_AddItemToObject(fault, "from", swarm_quantity(PARAM_DURATION, at_ns));
        cJSON_AddItemToObject(fault, "to",
                              swarm_quantity(PARAM_DURATION, drawing->end_ns - for_ns));
    } else {
        cJSON_AddItemToObject(fault, "at", swarm_quantity(PARAM_DURATION, at_ns));
    }
    if (type != FAULT_RESTART)
        cJSON_AddItemToObject(fault, "for", swarm_quantity(PARAM_DURATION, for_ns));
}

static cJSON *draw_fault(const struct drawing *drawing, enum fault_type type)
{
    const int64_t whole = INT64_C(1000000000000);
    cJSON *fault = cJSON_CreateObject();
    SIM_ASSERT(fault != NULL);
    cJSON_AddStringToObject(fault, "type", fault_type_names[type]);
    draw_times(drawing, type, fault);
    if (type == FAULT_PARTITION) {
        cJSON *groups = draw_groups(drawing);
        if (groups == NULL) {
            cJSON_Delete(fault);
            return NULL;
        }
        cJSON_AddItemToObject(fault, "groups", groups);
        return fault;
    }
    bool links = type == FAULT_CUT || type == FAULT_LOSS || type == FAULT_DELAY;
    cJSON_AddItemToObject(fault, "target", draw_target(drawing, links));
    if (type == FAULT_LOSS)
        cJSON_AddItemToObject(
            fault, "rate",
            swarm_quantity(PARAM_RATIO, swarm_between(drawing->stream, whole / 100, whole)));
    if (type == FAULT_DELAY)
        cJSON_AddItemToObject(
            fault, "add",
            swarm_quantity(PARAM_DURATION, swarm_between(drawing->stream, MS, 10 * SECOND)));
    if (type == FAULT_BYZANTINE) {
        uint64_t which = below(drawing, drawing->world->behaviour_count);
        cJSON_AddStringToObject(fault, "behaviour", drawing->world->behaviours[which]);
        cJSON_AddItemToObject(
            fault, "share",
            swarm_quantity(PARAM_RATIO, swarm_between(drawing->stream, whole / 100, whole)));
    }
    if (type == FAULT_SLOW)
        cJSON_AddNumberToObject(fault, "factor", 1 + (double)below(drawing, 151) / 10);
    return fault;
}

void swarm_plan_behaviours(const struct scenario *scenario, struct swarm_world *ret_world)
{
    ret_world->behaviour_count = 0;
    for (uint32_t i = 0; i < scenario->layer_count; i++) {
        const struct model_behaviour *row = scenario->layers[i].model->behaviours;
        for (; row != NULL && row->name != NULL; row++)
            if (ret_world->behaviour_count < SWARM_BEHAVIOURS_MAX)
                ret_world->behaviours[ret_world->behaviour_count++] = row->name;
    }
}

void swarm_plan_faults(const struct swarm_address *address, const struct swarm_world *world,
                       cJSON *document)
{
    const struct rng rng = {.seed = address->seed, .replication = address->attempt};
    struct rng_stream stream;
    enum fault_type active[FAULT_TYPES];
    uint32_t kinds = 0;
    const int64_t duration_ns = swarm_time(document, "/duration");
    struct drawing drawing = {&stream, world, world->roles, world->role_count, duration_ns / 3 * 2};
    cJSON *faults = cJSON_CreateArray();
    SIM_ASSERT(faults != NULL && drawing.end_ns > 2 * SECOND);
    rng_stream_at(&stream, &rng, RNG_SWARM, address->run, SWARM_DRAW_FAULTS);
    for (int type = FAULT_CRASH; type < FAULT_TYPES; type++)
        if ((type != FAULT_BYZANTINE || world->behaviour_count > 0) && rng_below(&stream, 2) == 0)
            active[kinds++] = (enum fault_type)type;
    uint64_t count = kinds > 0 && world->role_count > 0 ? rng_below(&stream, FAULTS_MAX + 1) : 0;
    for (uint64_t i = 0; i < count; i++) {
        rng_stream_at(&stream, &rng, RNG_SWARM, address->run, SWARM_DRAW_FAULTS + 1 + i);
        cJSON *fault = draw_fault(&drawing, active[rng_below(&stream, kinds)]);
        if (fault != NULL)
            cJSON_AddItemToArray(faults, fault);
    }
    swarm_put(document, "/faults", faults);
}
