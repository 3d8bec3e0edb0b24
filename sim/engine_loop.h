#ifndef SIM_ENGINE_LOOP_H
#define SIM_ENGINE_LOOP_H

/* What the run loops share with those who start and stop them: the state of one run's loop, what is
 * looked at after every event, and the way of an event that is not compiled into a loop.
 *
 * engine_dispatch.c takes one event after another from one queue, engine_groups.c from a queue a
 * group, engine_limits.c says when to stop, engine.c starts and finishes. */

#include <stdbool.h>
#include <stdint.h>

#include "sim/engine_private.h"

enum { SAFETY_EVERY = 1 << 20 }; /* events between full checks of the properties */

/* One run's loop. */
struct loop {
    uint64_t end_ns, wall_start_ns, next_safety;
    uint64_t until_ns; /* end_ns, or the instant at which to stop */
    enum engine_status status;
    bool stop_at_instant; /* a limit that acts between instants has been passed */
};

/* engine_fetch asks for an event that will be wanted soon: it is two cache lines, and rarely in the
 * cache when there are many. */
static inline void engine_fetch(const struct event *event)
{
    __builtin_prefetch(event);
    __builtin_prefetch((const unsigned char *)event + 64);
}

/* engine_dispatch.c. Each loop ends when no event is left before loop->until_ns, or at a limit. */
void engine_run_wheel(struct world *world, struct loop *loop);
void engine_run_queue(struct world *world, struct loop *loop); /* any type of queue */
/* engine_dispatch_apart lets one event happen, where that need not be compiled into the loop. */
void engine_dispatch_apart(struct world *world, struct queue_entry popped);

/* engine_groups.c. engine_run_groups: conservative windows; within the least link latency no group
 * can reach another. Ends like the other loops. */
void engine_make_groups(struct world *world);
void engine_free_groups(struct world *world);
void engine_run_groups(struct world *world, struct loop *loop);

/* engine_limits.c. engine_set_look_at works out after which event there is something to look at
 * again; engine_look_around looks at it, and returns true to stop at once. */
void engine_check_safety(struct world *world);
void engine_set_look_at(struct world *world, const struct loop *loop);
bool engine_look_around(struct world *world, struct loop *loop);

/* engine_after_event: what must be looked at after every event. Returns true to stop at once. */
static inline bool engine_after_event(struct world *world, struct loop *loop)
{
    if (__builtin_expect(world->events < world->look_at && !world->memory.exceeded_by, 1))
        return false;
    return engine_look_around(world, loop);
}

#endif
