#include "models/spread/shred_ticks.h"

static const char *const NAME = "spread: ticks of shreds";

struct slot_ticks {
    uint8_t *of_index;
    uint32_t capacity, next, previous;
};

void shred_ticks_pool_init(struct pool *pool, struct memory *memory)
{
    pool_init(pool, memory, NAME, sizeof(struct slot_ticks));
}

void shred_ticks_init(struct shred_ticks *ticks, struct memory *memory, struct pool *pool)
{
    *ticks = (struct shred_ticks){.memory = memory, .pool = pool};
    map_init(&ticks->slots, memory, NAME);
}

static void give(struct shred_ticks *ticks, uint32_t handle)
{
    struct slot_ticks *slot = pool_at(ticks->pool, handle);
    if (slot->previous != 0)
        ((struct slot_ticks *)pool_at(ticks->pool, slot->previous))->next = slot->next;
    else
        ticks->first = slot->next;
    if (slot->next != 0)
        ((struct slot_ticks *)pool_at(ticks->pool, slot->next))->previous = slot->previous;
    memory_give(ticks->memory, slot->of_index, slot->capacity);
    pool_give(ticks->pool, handle);
}

void shred_ticks_destroy(struct shred_ticks *ticks)
{
    while (ticks->first != 0)
        give(ticks, ticks->first);
    map_destroy(&ticks->slots);
}

static uint32_t add(struct shred_ticks *ticks, uint64_t slot)
{
    uint32_t handle = pool_take(ticks->pool);
    struct slot_ticks *added = pool_at(ticks->pool, handle);
    added->next = ticks->first;
    if (ticks->first != 0)
        ((struct slot_ticks *)pool_at(ticks->pool, ticks->first))->previous = handle;
    ticks->first = handle;
    map_put(&ticks->slots, slot, handle);
    return handle;
}

void shred_ticks_set(struct shred_ticks *ticks, uint64_t slot, uint32_t index, uint8_t tick)
{
    uint64_t handle = 0;
    if (!map_get(&ticks->slots, slot, &handle))
        handle = add(ticks, slot);
    struct slot_ticks *found = pool_at(ticks->pool, (uint32_t)handle);
    if (index >= found->capacity)
        found->of_index = memory_grow(ticks->memory, NAME, found->of_index, &found->capacity,
                                      index + 1, sizeof *found->of_index);
    found->of_index[index] = tick;
}

uint8_t shred_ticks_get(const struct shred_ticks *ticks, uint64_t slot, uint32_t index)
{
    uint64_t handle = 0;
    if (!map_get(&ticks->slots, slot, &handle))
        return 0;
    const struct slot_ticks *found = pool_at(ticks->pool, (uint32_t)handle);
    return index < found->capacity ? found->of_index[index] : 0;
}

void shred_ticks_forget(struct shred_ticks *ticks, uint64_t slot)
{
    uint64_t handle = 0;
    if (!map_get(&ticks->slots, slot, &handle))
        return;
    give(ticks, (uint32_t)handle);
    map_remove(&ticks->slots, slot);
}
