#include "sim/memory.h"

#include <string.h>

#include "sim/sim_assert.h"

enum { SLOT_ALIGN = 8 };

void pool_init(struct pool *pool, struct memory *memory, const char *name, size_t slot_bytes)
{
    SIM_ASSERT(slot_bytes > 0);
    SIM_ASSERT(slot_bytes <= UINT32_C(1) << 24);
    size_t rounded = (slot_bytes + SLOT_ALIGN - 1) & ~(size_t)(SLOT_ALIGN - 1);
    *pool = (struct pool){.memory = memory, .name = name, .slot_bytes = (uint32_t)rounded};
    pool->chunk_shift = pool_shift(pool->slot_bytes);
}

static size_t chunk_bytes(const struct pool *pool)
{
    return (size_t)pool->slot_bytes << pool->chunk_shift;
}

uint32_t pool_extend(struct pool *pool)
{
    SIM_ASSERT(pool->slot_count < UINT32_MAX - 1);
    if (pool->slot_count == pool->chunk_count << pool->chunk_shift) {
        if (pool->chunk_count == pool->chunk_capacity)
            pool->chunks =
                memory_grow(pool->memory, pool->name, pool->chunks, &pool->chunk_capacity,
                            pool->chunk_count + 1, sizeof *pool->chunks);
        pool->chunks[pool->chunk_count++] = memory_take_part(pool->memory, chunk_bytes(pool));
    }
    memory_count(pool->memory, pool->name, pool->slot_bytes);
    return ++pool->slot_count;
}

uint32_t pool_take(struct pool *pool)
{
    void *slot;
    uint32_t handle = pool_take_raw(pool, pool->slot_bytes, &slot);
    memset(slot, 0, pool->slot_bytes);
    return handle;
}

void pool_destroy(struct pool *pool)
{
    if (!pool->memory)
        return;
    for (uint32_t i = 0; i < pool->chunk_count; i++)
        memory_give_part(pool->memory, pool->chunks[i]);
    memory_uncount(pool->memory, (size_t)pool->slot_count * pool->slot_bytes);
    memory_give(pool->memory, pool->chunks, pool->chunk_capacity * sizeof *pool->chunks);
    *pool = (struct pool){0};
}
