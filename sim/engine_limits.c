/* When a run stops before its end: limits, a signal, a full disk, a violation. The outside world is
 * looked at once in thousands of events, and never tells when an event happens. */

#include <stdio.h>

#include "sim/engine_loop.h"
#include "sim/engine_private.h"
#include "sim/wall_clock.h"

enum {
    WATCH_EVERY = 1 << 12, /* events between looks at clock, signal and log */
    PROGRESS_EVERY = 1 << 16
};

static void limit(struct world *world, struct loop *loop, const char *text)
{
    if (loop->stop_at_instant)
        return;
    loop->status = ENGINE_LIMIT;
    loop->stop_at_instant = true;
    snprintf(world->result.limit, sizeof world->result.limit, "%s", text);
}

/* Looks at what only the outside world knows: clock, signal, disk. */
static void watch(struct world *world, struct loop *loop)
{
    const struct engine_options *options = world->options;
    if (options->max_wall_ns && wall_clock_ns() - loop->wall_start_ns > options->max_wall_ns)
        limit(world, loop, "--max-wall: the wall-clock time is used up");
    if (options->signal_number && *options->signal_number && !loop->stop_at_instant) {
        loop->status = ENGINE_INTERRUPTED;
        loop->stop_at_instant = true;
    }
    if (log_failed(world->log)) {
        loop->status = ENGINE_LOG_FAILED;
        loop->stop_at_instant = true;
    }
    if (options->progress && world->events % PROGRESS_EVERY == 0) {
        struct engine_progress progress = {world->context.now_ns, loop->end_ns, world->events};
        options->progress(options->progress_context, &progress);
    }
}

void engine_check_safety(struct world *world)
{
    for (uint32_t slot = 0; slot < SLOT_MAX; slot++)
        if (world->model[slot] && world->model[slot]->check_safety)
            world->model[slot]->check_safety(world->state[slot], &world->context);
}

void engine_set_look_at(struct world *world, const struct loop *loop)
{
    const struct engine_options *options = world->options;
    world->look_at = world->events - world->events % WATCH_EVERY + WATCH_EVERY;
    if (loop->next_safety < world->look_at && !world->group_queue)
        world->look_at = loop->next_safety;
    if (options->max_events && options->max_events < world->look_at)
        world->look_at = options->max_events;
    if (world->violations > 0)
        world->look_at = 0;
}

bool engine_look_around(struct world *world, struct loop *loop)
{
    const struct engine_options *options = world->options;
    if (world->memory.exceeded_by && !loop->stop_at_instant) {
        char text[160];
        snprintf(text, sizeof text, "--max-memory: %.1f MiB counted; pool \"%s\" passed the limit",
                 (double)world->memory.used_bytes / 1048576.0, world->memory.exceeded_by);
        limit(world, loop, text);
    }
    if (world->violations > 0) {
        loop->status = ENGINE_VIOLATION;
        return true;
    }
    if (options->max_events && world->events >= options->max_events) {
        limit(world, loop, "--max-events: that many events have happened");
        return true;
    }
    if (world->events % WATCH_EVERY == 0)
        watch(world, loop);
    if (world->events >= loop->next_safety && !world->group_queue) {
        loop->next_safety += SAFETY_EVERY;
        engine_check_safety(world);
    }
    engine_set_look_at(world, loop);
    if (loop->stop_at_instant && world->context.now_ns < loop->until_ns)
        loop->until_ns = world->context.now_ns;
    return false;
}
