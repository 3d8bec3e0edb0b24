/* A queue a group: the groups of nodes run one after the other within windows of the least link
 * latency, in an order drawn anew for each window. The result must not depend on it. */

#include "sim/engine_loop.h"
#include "sim/engine_private.h"

void engine_make_groups(struct world *world)
{
    world->queue_type = &queue_heap; /* small, and popped in windows */
    world->group_queue = memory_take(&world->memory, "group queues",
                                     (world->group_count + 1) * sizeof(struct queue *));
    for (uint32_t i = 0; i < world->group_count; i++)
        world->group_queue[i] = queue_heap.create(&world->memory);
    world->fault_queue = queue_heap.create(&world->memory);
}

void engine_free_groups(struct world *world)
{
    for (uint32_t i = 0; i < world->group_count; i++)
        queue_heap.destroy(world->group_queue[i]);
    queue_heap.destroy(world->fault_queue);
    memory_give(&world->memory, world->group_queue,
                (world->group_count + 1) * sizeof(struct queue *));
}

static bool earliest(struct world *world, uint64_t *ret_ns)
{
    struct queue_entry entry;
    bool any = false;
    for (uint32_t group = 0; group < world->group_count; group++)
        if (world->queue_type->peek(world->group_queue[group], &entry) &&
            (!any || queue_entry_time_ns(&entry) < *ret_ns)) {
            *ret_ns = queue_entry_time_ns(&entry);
            any = true;
        }
    return any;
}

static void shuffle_groups(const struct world *world, uint32_t *order, uint64_t window)
{
    struct rng shuffle = {.seed = world->options->group_order, .replication = 0};
    struct rng_stream stream;
    rng_stream_at(&stream, &shuffle, RNG_TEST, 0, window);
    for (uint32_t i = world->group_count; i > 1; i--) {
        uint32_t j = (uint32_t)rng_below(&stream, i);
        uint32_t swapped = order[i - 1];
        order[i - 1] = order[j];
        order[j] = swapped;
    }
}

void engine_run_groups(struct world *world, struct loop *loop)
{
    uint32_t *order =
        memory_take(&world->memory, "group order", world->group_count * sizeof(uint32_t) + 1);
    for (uint32_t i = 0; i < world->group_count; i++)
        order[i] = i;
    struct queue_entry entry;
    for (uint64_t window = 0; !loop->stop_at_instant; window++) {
        uint64_t start_ns = UINT64_MAX;
        bool events = earliest(world, &start_ns), stop = false;
        bool fault = world->queue_type->peek(world->fault_queue, &entry);
        if (fault && queue_entry_time_ns(&entry) <= start_ns) {
            if (queue_entry_time_ns(&entry) > loop->end_ns)
                break;
            world->window_end_ns = 0;
            world->queue_type->pop(world->fault_queue, &entry);
            engine_dispatch_apart(world, entry);
            continue;
        }
        if (!events || start_ns > loop->end_ns)
            break;
        world->window_end_ns = start_ns + world->lookahead_ns;
        if (fault && queue_entry_time_ns(&entry) < world->window_end_ns)
            world->window_end_ns = queue_entry_time_ns(&entry);
        shuffle_groups(world, order, window);
        for (uint32_t i = 0; i < world->group_count && !stop; i++) {
            struct queue *queue = world->group_queue[order[i]];
            while (!stop && world->queue_type->peek(queue, &entry) &&
                   queue_entry_time_ns(&entry) < world->window_end_ns &&
                   queue_entry_time_ns(&entry) <= loop->end_ns) {
                world->queue_type->pop(queue, &entry);
                engine_dispatch_apart(world, entry);
                stop = engine_after_event(world, loop);
            }
        }
        if (stop)
            break;
    }
    memory_give(&world->memory, order, world->group_count * sizeof(uint32_t) + 1);
}
