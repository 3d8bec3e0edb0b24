#include "sim/queue.h"

#include "sim/memory.h"
#include "sim/sim_assert.h"

/* A binary heap in an array: entry i stands before its children 2i + 1 and 2i + 2. */
struct queue {
    struct memory *memory;
    struct queue_entry *entries;
    uint32_t count, capacity;
    bool popped_any;
    struct queue_entry last; /* pop */
};

static const char *const NAME = "event queue";

static struct queue *heap_create(struct memory *memory)
{
    struct queue *queue = memory_take(memory, NAME, sizeof *queue);
    queue->memory = memory;
    return queue;
}

static void heap_push(struct queue *queue, const struct queue_entry *entry)
{
    SIM_ASSERT(!queue->popped_any || queue_entry_before(&queue->last, entry));
    if (queue->count == queue->capacity)
        queue->entries = memory_grow(queue->memory, NAME, queue->entries, &queue->capacity,
                                     queue->count + 1, sizeof *queue->entries);
    uint32_t at = queue->count++;
    while (at > 0) {
        uint32_t parent = (at - 1) / 2;
        if (!queue_entry_before(entry, &queue->entries[parent]))
            break;
        queue->entries[at] = queue->entries[parent];
        at = parent;
    }
    queue->entries[at] = *entry;
}

static bool heap_peek(struct queue *queue, struct queue_entry *ret_entry)
{
    if (queue->count == 0)
        return false;
    *ret_entry = queue->entries[0];
    return true;
}

/* Lets `entry` sink from the top of a heap of `count` entries. */
static void sink(struct queue_entry *entries, uint32_t count, const struct queue_entry *entry)
{
    uint32_t at = 0;
    for (uint32_t child = 1; child < count; child = 2 * at + 1) {
        if (child + 1 < count && queue_entry_before(&entries[child + 1], &entries[child]))
            child++;
        if (!queue_entry_before(&entries[child], entry))
            break;
        entries[at] = entries[child];
        at = child;
    }
    entries[at] = *entry;
}

static bool heap_pop(struct queue *queue, struct queue_entry *ret_entry)
{
    if (!heap_peek(queue, ret_entry))
        return false;
    SIM_ASSERT(!queue->popped_any || queue_entry_before(&queue->last, ret_entry));
    queue->popped_any = true;
    queue->last = *ret_entry;
    queue->count--;
    if (queue->count > 0) {
        struct queue_entry moved = queue->entries[queue->count];
        sink(queue->entries, queue->count, &moved);
    }
    return true;
}

static bool heap_pop_until(struct queue *queue, uint64_t until_ns, struct queue_entry *ret_entry)
{
    if (queue->count == 0 || queue_entry_time_ns(&queue->entries[0]) > until_ns)
        return false;
    return heap_pop(queue, ret_entry);
}

static size_t heap_count(const struct queue *queue)
{
    return queue->count;
}

static void heap_destroy(struct queue *queue)
{
    if (queue == NULL)
        return;
    memory_give(queue->memory, queue->entries, queue->capacity * sizeof *queue->entries);
    memory_give(queue->memory, queue, sizeof *queue);
}

const struct queue_type queue_heap = {.name = "heap",
                                      .create = heap_create,
                                      .push = heap_push,
                                      .peek = heap_peek,
                                      .pop = heap_pop,
                                      .pop_until = heap_pop_until,
                                      .count = heap_count,
                                      .destroy = heap_destroy};
