#include "models/spread/shred_ticks.h"

static const char *const NAME = "spread: ticks of shreds";

struct slot_ticks {
    uint8_t *of_index;
    uint32_t capacity;
};

void shred_ticks_init(struct shred_ticks *ticks, struct memory *memory)
{
    *ticks = (struct shred_ticks){.memory = memory};
    map_init(&ticks->slots, memory, NAME);
    pool_init(&ticks->ticks, memory, NAME, sizeof(struct slot_ticks));
}

static void give(struct shred_ticks *ticks, uint32_t handle)
{
    struct slot_ticks *slot = pool_at(&ticks->ticks, handle);
    if (slot->capacity == 0)
        return; /* given back before; the pool uses the slot's first bytes */
    memory_give(ticks->memory, slot->of_index, slot->capacity);
    *slot = (struct slot_ticks){0};
}

void shred_ticks_destroy(struct shred_ticks *ticks)
{
    for (uint32_t handle = 1; handle <= ticks->ticks.slot_count; handle++)
        give(ticks, handle); /* those given back before are empty */
    map_destroy(&ticks->slots);
    pool_destroy(&ticks->ticks);
}

void shred_ticks_set(struct shred_ticks *ticks, uint64_t slot, uint32_t index, uint8_t tick)
{
    uint64_t handle = 0;
    if (!map_get(&ticks->slots, slot, &handle)) {
        handle = pool_take(&ticks->ticks);
        map_put(&ticks->slots, slot, handle);
    }
    struct slot_ticks *found = pool_at(&ticks->ticks, (uint32_t)handle);
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
    const struct slot_ticks *found = pool_at(&ticks->ticks, (uint32_t)handle);
    return index < found->capacity ? found->of_index[index] : 0;
}

void shred_ticks_forget(struct shred_ticks *ticks, uint64_t slot)
{
    uint64_t handle = 0;
    if (!map_get(&ticks->slots, slot, &handle))
        return;
    give(ticks, (uint32_t)handle);
    map_remove(&ticks->slots, slot);
    pool_give(&ticks->ticks, (uint32_t)handle);
}
