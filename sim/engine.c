/* One run from its start to its result. The loop itself is engine_dispatch.c. */

#include "sim/engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/diagnostics.h"
#include "sim/engine_loop.h"
#include "sim/engine_private.h"
#include "sim/network_way.h"
#include "sim/wall_clock.h"

const char *const engine_status_names[] = {"ok", "limit", "interrupted", "violation", "failed"};

void engine_push_apart(struct world *world, uint32_t node, struct queue_entry entry)
{
    struct queue *queue = world->queue;
    if (queue == NULL) {
        uint32_t group = world->nodes[node].group;
        SIM_ASSERT(!world->running || group == world->context.group ||
                   queue_entry_time_ns(&entry) >= world->window_end_ns);
        queue = world->group_queue[group];
    }
    world->queue_type->push(queue, &entry);
}

static void fetch_event(const void *owner, const struct queue_entry *entry)
{
    engine_fetch(event_at(owner, queue_entry_slot(entry)));
}

static void make_queues(struct world *world)
{
    if (world->options->group_order != 0 && world->lookahead_ns > 0) {
        engine_make_groups(world);
        return;
    }
    world->queue = world->queue_type->create(&world->memory);
    if (world->queue_type == &queue_wheel)
        world->wheel = (struct queue_wheel *)world->queue;
    if (world->queue_type->foresee)
        world->queue_type->foresee(world->queue, fetch_event, world);
}

static void free_queues(struct world *world)
{
    if (world->queue)
        world->queue_type->destroy(world->queue);
    if (world->group_queue)
        engine_free_groups(world);
}

static void start(struct world *world)
{
    world->current_key = digest_key_of(0, 0, 0);
    rows_dictionaries(world);
    make_queues(world);
    fault_schedule(world);
    for (uint32_t i = 0; i < world->scenario->layer_count; i++) {
        uint8_t slot = world->scenario->layers[i].slot;
        if (world->node_count > 0)
            context_as(&world->context, 0);
        if (world->model[slot]->start)
            world->model[slot]->start(world->state[slot], &world->context);
    }
    network_way_arrive(world);
    world->running = true;
}

static void finish(struct world *world, struct loop *loop)
{
    struct engine_result *result = &world->result;
    bool whole = loop->status == ENGINE_OK;
    uint64_t now_ns = world->context.now_ns;
    result->sim_end_ns = whole ? world->scenario->duration_ns : now_ns;
    if (loop->status == ENGINE_LIMIT && !loop->stop_at_instant)
        result->sim_end_ns = loop->end_ns;
    /* The end has no event: what the layers say now is caused by nothing and hashed by nobody. */
    world->context.now_ns = result->sim_end_ns;
    if (loop->status != ENGINE_VIOLATION)
        engine_check_safety(world);
    for (uint32_t slot = 0; slot < SLOT_MAX && whole; slot++)
        if (world->model[slot] && world->model[slot]->check_liveness)
            world->model[slot]->check_liveness(world->state[slot], &world->context);
    if (world->violations > 0)
        loop->status = ENGINE_VIOLATION;
    for (uint32_t i = 0; i < world->scenario->layer_count; i++) {
        uint8_t slot = world->scenario->layers[i].slot;
        if (world->model[slot]->report)
            world->model[slot]->report(world->state[slot], &world->context);
    }
    rows_metrics(world);
    result->status = loop->status;
    result->events = world->events;
    result->rows = world->rows;
    result->result_hash[0] = world->digest.high;
    result->result_hash[1] = world->digest.low;
    result->memory_peak_bytes = world->memory.peak_bytes;
}

int engine_run(const struct scenario *scenario, const struct engine_options *options,
               struct diagnostics *diagnostics, struct engine_result *ret_result)
{
    struct world *world = calloc(1, sizeof *world);
    SIM_ASSERT(world);
    world_init(world, scenario, options);
    if (world_build(world, diagnostics) != 0) {
        world_free(world);
        free(world);
        return -1;
    }
    struct loop loop = {.end_ns = scenario->duration_ns,
                        .wall_start_ns = wall_clock_ns(),
                        .next_safety = SAFETY_EVERY,
                        .status = ENGINE_OK};
    if (options->until_ns && options->until_ns < loop.end_ns) {
        loop.end_ns = options->until_ns;
        loop.status = ENGINE_LIMIT;
        snprintf(world->result.limit, sizeof world->result.limit, "--until: that time is reached");
    }
    loop.until_ns = loop.end_ns;
    start(world);
    engine_set_look_at(world, &loop);
    if (world->group_queue)
        engine_run_groups(world, &loop);
    else if (world->wheel)
        engine_run_wheel(world, &loop);
    else
        engine_run_queue(world, &loop);
    finish(world, &loop);
    memcpy(world->result.model, world->model, sizeof world->model);
    memcpy(world->result.counters, world->counters, sizeof world->counters);
    *ret_result = world->result;
    free_queues(world);
    world_free(world);
    free(world);
    return 0;
}

int engine_check(const struct scenario *scenario, struct diagnostics *diagnostics)
{
    const struct engine_options options = {0};
    struct world *world = calloc(1, sizeof *world);
    SIM_ASSERT(world);
    world_init(world, scenario, &options);
    int status = world_build(world, diagnostics);
    world_free(world);
    free(world);
    return status;
}

int64_t engine_counter(const struct engine_result *result, const char *layer, const char *metric)
{
    int64_t sum = 0;
    for (uint32_t slot = 0; slot < SLOT_MAX; slot++) {
        const struct model *model = result->model[slot];
        if (!model || !model->metrics || strcmp(model->layer_name, layer) != 0)
            continue;
        for (uint32_t i = 0; model->metrics[i].name; i++)
            if (strcmp(model->metrics[i].name, metric) == 0)
                sum += result->counters[slot][i];
    }
    return sum;
}
