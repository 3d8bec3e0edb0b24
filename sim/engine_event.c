/* The side records of events: few have one. */

#include "sim/engine_private.h"

void event_free_side(struct world *world, struct event *event)
{
    const struct side *side = event_side(world, event);
    if (side->payload)
        slab_give(&world->payloads, side->payload);
    pool_give(&world->sides, event->side);
}

struct side *event_take_side(struct world *world, struct event *event)
{
    if (event_length(event) == LENGTH_SIDE)
        return pool_at(&world->sides, event->side);
    uint32_t handle = pool_take(&world->sides);
    struct side *side = pool_at(&world->sides, handle);
    side->chain = event->chain;
    side->payload_bytes = (uint32_t)event_length(event);
    event->side = handle;
    event_set_length(event, LENGTH_SIDE);
    return side;
}

void event_drop_side(struct world *world, struct event *event)
{
    const struct side *side = event_side(world, event);
    if (!side || side->payload)
        return;
    uint32_t handle = event->side;
    event->chain = side->chain;
    event_set_length(event, side->payload_bytes);
    pool_give(&world->sides, handle);
}
