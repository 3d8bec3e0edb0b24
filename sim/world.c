#include "sim/engine_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/diagnostics.h"

void world_init(struct world *world, const struct scenario *scenario,
                const struct engine_options *options)
{
    memset(world, 0, sizeof *world);
    world->scenario = scenario;
    world->options = options;
    world->log = options->log;
    world->memory.limit_bytes = options->max_memory_bytes;
    world->rng = (struct rng){.seed = scenario->seed, .replication = options->replication};
    rng_schedule_make(&world->rng, &world->draws);
    world->queue_type = options->queue ? options->queue : &queue_wheel;
    map_init(&world->node_by_identity, &world->memory, "node identities");
    map_init(&world->link_by_pair, &world->memory, "links");
    pool_init(&world->ports, &world->memory, "ports", sizeof(struct port));
    pool_init(&world->sides, &world->memory, "packets that wait", sizeof(struct side));
    pool_init(&world->narrow, &world->memory, "events", EVENT_NARROW_BYTES);
    pool_init(&world->wide, &world->memory, "events with payload", EVENT_WIDE_BYTES);
    slab_init(&world->payloads, &world->memory, "payloads");
    world->context.world = world;
    world->stack = memory_take(&world->memory, "stack", model_stack_bytes);
}

/* A property is checked when the scenario names it, or names none and it is checked always. */
static void choose_properties(struct world *world, uint8_t slot, bool *found)
{
    const struct scenario *scenario = world->scenario;
    const struct model_property *properties = world->model[slot]->properties;
    for (uint32_t i = 0; properties && properties[i].name; i++) {
        SIM_ASSERT(i < 32);
        bool on = !scenario->properties_given && properties[i].when == PROPERTY_ALWAYS;
        for (uint32_t j = 0; j < scenario->property_count; j++) {
            if (strcmp(scenario->properties[j].name, properties[i].name) != 0)
                continue;
            on = true;
            found[j] = true;
            world->property_within[slot][i] = scenario->properties[j].within_ns;
        }
        if (on) {
            world->property_mask[slot] |= UINT32_C(1) << i;
            world->result.properties_checked++;
        }
    }
}

static void check_properties(struct world *world, struct diagnostics *diagnostics)
{
    const struct scenario *scenario = world->scenario;
    bool found[64] = {false};
    SIM_ASSERT(scenario->property_count <= 64);
    for (uint8_t slot = 0; slot < SLOT_MAX; slot++)
        if (world->model[slot])
            choose_properties(world, slot, found);
    for (uint32_t j = 0; j < scenario->property_count; j++)
        if (!found[j])
            diagnostics_addf(diagnostics, "E401", scenario->properties[j].pointer, AT_VALUE,
                             "the name of a property of a layer in use (see `shardsim describe`)",
                             NULL, "no layer of this scenario has a property \"%s\"",
                             scenario->properties[j].name);
}

static int build_layers(struct world *world, struct diagnostics *diagnostics)
{
    const struct scenario *scenario = world->scenario;
    int status = 0;
    for (uint32_t i = 0; i < scenario->layer_count && status == 0; i++) {
        const struct scenario_layer *layer = &scenario->layers[i];
        SIM_ASSERT(layer->slot < SLOT_MAX && !world->model[layer->slot]);
        world->model[layer->slot] = layer->model;
        struct build build = {.config = layer->config,
                              .pointer = layer->pointer,
                              .slot = layer->slot,
                              .world = world,
                              .stack = world->stack,
                              .diagnostics = diagnostics};
        size_t errors = diagnostics->errors;
        status = layer->model->build(&build, &world->state[layer->slot]);
        SIM_ASSERT(status == 0 || diagnostics->errors > errors);
        if (status != 0)
            world->model[layer->slot] = NULL;
    }
    return status;
}

/* No ties: identities differ. */
static int by_identity(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* Gives every node its place among the identities, by which the queue sorts. */
static void order_nodes(struct world *world)
{
    uint64_t *identities =
        memory_take(&world->memory, "nodes", world->node_count * sizeof *identities);
    for (uint32_t i = 0; i < world->node_count; i++)
        identities[i] = world->nodes[i].identity;
    qsort(identities, world->node_count, sizeof *identities, by_identity); /* no ties */
    world->node_by_order =
        memory_take(&world->memory, "nodes", world->node_count * sizeof *world->node_by_order);
    for (uint32_t i = 0; i < world->node_count; i++) {
        uint64_t node = 0;
        bool known = map_get(&world->node_by_identity, identities[i], &node);
        SIM_ASSERT(known && (i == 0 || identities[i - 1] < identities[i]));
        world->node_by_order[i] = (uint32_t)node;
        world->nodes[node].order = i;
    }
    memory_give(&world->memory, identities, world->node_count * sizeof *identities);
}

int world_build(struct world *world, struct diagnostics *diagnostics)
{
    if (build_layers(world, diagnostics) != 0)
        return -1;
    order_nodes(world);
    const char *missing = model_stack_check(world->stack);
    if (missing)
        diagnostics_addf(diagnostics, "E311", "", AT_VALUE, "an implementer of every layer", NULL,
                         "nobody implements the seam \"%s\" in this scenario", missing);
    check_properties(world, diagnostics);
    if (network_build(world, diagnostics) != 0 || fault_resolve(world, diagnostics) != 0 ||
        missing || diagnostics->errors > 0)
        return -1;
    world->result.nodes = world->node_count;
    world->result.groups = world->group_count;
    return 0;
}

void world_free(struct world *world)
{
    for (int slot = SLOT_MAX - 1; slot >= 0; slot--)
        if (world->model[slot] && world->model[slot]->destroy)
            world->model[slot]->destroy(world->state[slot]);
    fault_free(world);
    network_free(world);
    slab_destroy(&world->payloads);
    pool_destroy(&world->sides);
    pool_destroy(&world->wide);
    pool_destroy(&world->narrow);
    pool_destroy(&world->ports);
    map_destroy(&world->link_by_pair);
    map_destroy(&world->node_by_identity);
    for (uint32_t i = 0; i < world->role_count; i++)
        memory_give(&world->memory, world->roles[i].nodes,
                    world->roles[i].capacity * sizeof(uint32_t));
    memory_give(&world->memory, world->nodes, world->node_capacity * sizeof(struct node));
    memory_give(&world->memory, world->stack, model_stack_bytes);
    memory_give(&world->memory, world->node_by_order,
                world->node_count * sizeof *world->node_by_order);
    memory_close(&world->memory);
}

uint32_t world_group_add(struct world *world)
{
    return world->group_count++;
}

static struct role_name *role_get(struct world *world, const char *name)
{
    for (uint32_t i = 0; i < world->role_count; i++)
        if (strcmp(world->roles[i].name, name) == 0)
            return &world->roles[i];
    SIM_ASSERT(world->role_count < ROLE_NAMES_MAX);
    world->roles[world->role_count] = (struct role_name){.name = name};
    return &world->roles[world->role_count++];
}

uint32_t world_node_add(struct world *world, const struct node_options *options)
{
    uint64_t identity = identity_of(options->role, options->index), known;
    SIM_ASSERT(!map_get(&world->node_by_identity, identity, &known));
    SIM_ASSERT(!world->node_by_order && "nodes are made by build only");
    SIM_ASSERT(options->group < world->group_count && options->role_name);
    if (world->node_count == world->node_capacity)
        world->nodes = memory_grow(&world->memory, "nodes", world->nodes, &world->node_capacity,
                                   world->node_count + 1, sizeof(struct node));
    struct role_name *role = role_get(world, options->role_name);
    if (role->count == role->capacity)
        role->nodes = memory_grow(&world->memory, "nodes", role->nodes, &role->capacity,
                                  role->count + 1, sizeof(uint32_t));
    uint32_t node = world->node_count++;
    map_put(&world->node_by_identity, identity, node);
    world->nodes[node] = (struct node){.identity = identity,
                                       .group = options->group,
                                       .ordinal = role->count,
                                       .slow_1024 = 1024,
                                       .role_name = (uint8_t)(role - world->roles),
                                       .unlimited = options->uplink_unlimited};
    role->nodes[role->count++] = node;
    if (world->log) {
        char name[64];
        snprintf(name, sizeof name, "%s:%u", role->name, role->count - 1);
        log_entity(world->log, identity, role->name, name, options->parent);
    }
    return node;
}

void world_role_absent(struct world *world, const char *role_name, const char *way)
{
    SIM_ASSERT(world->absent_count < ABSENT_ROLES_MAX);
    world->absent[world->absent_count++] = (struct absent_role){.name = role_name, .way = way};
}

const char *world_absent_way(const struct world *world, const char *role)
{
    for (uint32_t i = 0; i < world->absent_count; i++)
        if (strcmp(world->absent[i].name, role) == 0)
            return world->absent[i].way;
    return NULL;
}

void world_entity_add(struct world *world, uint64_t identity, const char *type, const char *name,
                      uint64_t parent)
{
    log_entity(world->log, identity, type, name, parent);
}

const struct role_name *world_find_role(const struct world *world, const char *role)
{
    for (uint32_t i = 0; i < world->role_count; i++)
        if (strcmp(world->roles[i].name, role) == 0)
            return &world->roles[i];
    return NULL;
}

uint32_t world_find_target(const struct world *world, const char *role, uint32_t ordinal)
{
    const struct role_name *found = world_find_role(world, role);
    return found && ordinal < found->count ? found->nodes[ordinal] : UINT32_MAX;
}

uint32_t world_node_count(const struct world *world)
{
    return world->node_count;
}

uint32_t world_group(const struct world *world, uint32_t node)
{
    SIM_ASSERT(node < world->node_count);
    return world->nodes[node].group;
}

uint64_t world_identity(const struct world *world, uint32_t node)
{
    SIM_ASSERT(node < world->node_count);
    return world->nodes[node].identity;
}

struct memory *world_memory(struct world *world)
{
    return &world->memory;
}

const struct rng *world_rng(const struct world *world)
{
    return &world->rng;
}

uint64_t world_duration_ns(const struct world *world)
{
    return world->scenario->duration_ns;
}

bool world_property_on(const struct world *world, uint8_t slot, uint32_t property)
{
    /* During build the choice is made from the scenario, since masks come after all builds. */
    if (world->property_mask[slot] >> property & 1U)
        return true;
    if (world->running || !world->model[slot])
        return false;
    const struct model_property *wanted = &world->model[slot]->properties[property];
    const struct scenario *scenario = world->scenario;
    if (!scenario->properties_given)
        return wanted->when == PROPERTY_ALWAYS;
    for (uint32_t j = 0; j < scenario->property_count; j++)
        if (strcmp(scenario->properties[j].name, wanted->name) == 0)
            return true;
    return false;
}

uint64_t world_property_within(const struct world *world, uint8_t slot, uint32_t property)
{
    return world->property_within[slot][property];
}
