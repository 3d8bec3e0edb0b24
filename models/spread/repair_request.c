#include "models/spread/repair_request.h"

#include "sim/sim_assert.h"

static const char *const NAME = "spread: repair requests";

void repair_list_init(struct repair_list *list, struct memory *memory)
{
    *list = (struct repair_list){.memory = memory};
}

void repair_list_destroy(struct repair_list *list)
{
    memory_give(list->memory, list->items, list->capacity * sizeof *list->items);
    *list = (struct repair_list){0};
}

void repair_list_add(struct repair_list *list, struct repair_request request)
{
    if (list->count == list->capacity)
        list->items = memory_grow(list->memory, NAME, list->items, &list->capacity, list->count + 1,
                                  sizeof *list->items);
    list->items[list->count++] = request;
}

void repair_pending_init(struct repair_pending *pending, struct memory *memory)
{
    *pending = (struct repair_pending){0};
    map_init(&pending->times, memory, NAME);
}

void repair_pending_destroy(struct repair_pending *pending)
{
    memory_give(pending->times.memory, pending->ring, pending->capacity * sizeof *pending->ring);
    map_destroy(&pending->times);
    *pending = (struct repair_pending){0};
}

/* A request in one word: 2 bits of kind, 46 of slot, 16 of index. */
static uint64_t key_of(const struct repair_request *request)
{
    SIM_ASSERT(request->slot < UINT64_C(1) << 46);
    SIM_ASSERT(request->index < UINT32_C(1) << 16);
    return (uint64_t)request->kind << 62 | request->slot << 16 | request->index;
}

void repair_pending_expire(struct repair_pending *pending, int64_t now_ms, int64_t timeout_ms)
{
    while (pending->count > 0) {
        const struct repair_pending_entry *oldest = &pending->ring[pending->head];
        if (now_ms - oldest->made_ms < timeout_ms)
            return;
        map_remove(&pending->times, oldest->key);
        pending->head = (pending->head + 1) & (pending->capacity - 1);
        pending->count--;
    }
}

static void grow(struct repair_pending *pending)
{
    struct memory *memory = pending->times.memory;
    uint32_t capacity = pending->capacity > 0 ? 2 * pending->capacity : 16;
    struct repair_pending_entry *ring = memory_take(memory, NAME, capacity * sizeof *ring);
    for (uint32_t i = 0; i < pending->count; i++)
        ring[i] = pending->ring[(pending->head + i) & (pending->capacity - 1)];
    memory_give(memory, pending->ring, pending->capacity * sizeof *pending->ring);
    pending->ring = ring;
    pending->capacity = capacity;
    pending->head = 0;
}

bool repair_pending_add(struct repair_pending *pending, const struct repair_request *request,
                        int64_t now_ms)
{
    uint64_t key = key_of(request), made_ms;
    if (map_get(&pending->times, key, &made_ms))
        return false;
    if (pending->count == pending->capacity)
        grow(pending);
    uint32_t at = (pending->head + pending->count++) & (pending->capacity - 1);
    pending->ring[at] = (struct repair_pending_entry){key, now_ms};
    map_put(&pending->times, key, (uint64_t)now_ms);
    return true;
}

bool repair_pending_has(const struct repair_pending *pending, const struct repair_request *request)
{
    uint64_t made_ms;
    return map_get(&pending->times, key_of(request), &made_ms);
}

int64_t repair_pending_next_ms(const struct repair_pending *pending, int64_t timeout_ms)
{
    return pending->count > 0 ? pending->ring[pending->head].made_ms + timeout_ms : INT64_MAX;
}
