#include "models/spread/repair_queue.h"

#include "sim/sim_assert.h"

static const char *const NAME = "spread: requests that wait";

void repair_queue_init(struct repair_queue *queue, struct memory *memory, uint32_t queue_max,
                       uint32_t serve_max, uint64_t bytes_per_s)
{
    SIM_ASSERT(queue_max > 0);
    SIM_ASSERT(serve_max > 0);
    *queue =
        (struct repair_queue){.memory = memory, .queue_max = queue_max, .serve_max = serve_max};
    repair_bucket_init(&queue->bucket, bytes_per_s, 0);
}

void repair_queue_destroy(struct repair_queue *queue)
{
    memory_give(queue->memory, queue->askers, queue->askers_capacity * sizeof *queue->askers);
    memory_give(queue->memory, queue->waiting, queue->waiting_capacity * sizeof *queue->waiting);
    *queue = (struct repair_queue){0};
}

bool repair_queue_put(struct repair_queue *queue, const struct repair_asker *asker, uint64_t stake)
{
    if (queue->count == queue->queue_max)
        return false;
    if (queue->count == queue->askers_capacity)
        queue->askers = memory_grow(queue->memory, NAME, queue->askers, &queue->askers_capacity,
                                    queue->count + 1, sizeof *queue->askers);
    if (queue->count == queue->waiting_capacity)
        queue->waiting = memory_grow(queue->memory, NAME, queue->waiting, &queue->waiting_capacity,
                                     queue->count + 1, sizeof *queue->waiting);
    queue->askers[queue->count] = *asker;
    queue->waiting[queue->count] = (struct repair_waiting){.stake = stake, .arrival = queue->count};
    queue->count++;
    return true;
}

uint32_t repair_queue_turn(struct repair_queue *queue, uint32_t *ret_served)
{
    *ret_served =
        repair_load_pick(queue->waiting, queue->count, queue->queue_max, queue->serve_max);
    return queue->count - *ret_served;
}

const struct repair_asker *repair_queue_at(const struct repair_queue *queue, uint32_t place)
{
    SIM_ASSERT(place < queue->count);
    return &queue->askers[queue->waiting[place].arrival];
}

void repair_queue_done(struct repair_queue *queue)
{
    queue->count = 0;
}
