#include "sim/memory.h"

#include "sim/sim_assert.h"

/* A handle is class << 27 | handle in the class's pool, which is never 0. */
enum { CLASS_COUNT = 19, CLASS_SHIFT = 27, LEAST_SHIFT = 6, LARGEST_SHIFT = 24 };

void slab_init(struct slab *slab, struct memory *memory, const char *name)
{
    *slab = (struct slab){.memory = memory, .name = name};
    for (unsigned i = 0; i < CLASS_COUNT; i++)
        pool_init(&slab->class_pool[i], memory, name, (size_t)1 << (LEAST_SHIFT + i));
}

uint32_t slab_take(struct slab *slab, size_t bytes)
{
    SIM_ASSERT(bytes <= (size_t)1 << LARGEST_SHIFT);
    uint32_t class_index = 0;
    while (((size_t)1 << (LEAST_SHIFT + class_index)) < bytes)
        class_index++;
    void *block;
    struct pool *pool = &slab->class_pool[class_index];
    uint32_t handle = pool_take_raw(pool, pool->slot_bytes, &block);
    SIM_ASSERT(handle >> CLASS_SHIFT == 0);
    return class_index << CLASS_SHIFT | handle;
}

static uint32_t inner(uint32_t handle)
{
    return handle & ((UINT32_C(1) << CLASS_SHIFT) - 1);
}

void *slab_at(const struct slab *slab, uint32_t handle)
{
    return pool_at(&slab->class_pool[handle >> CLASS_SHIFT], inner(handle));
}

void slab_give(struct slab *slab, uint32_t handle)
{
    pool_give(&slab->class_pool[handle >> CLASS_SHIFT], inner(handle));
}

void slab_destroy(struct slab *slab)
{
    for (unsigned i = 0; i < CLASS_COUNT; i++)
        pool_destroy(&slab->class_pool[i]);
    *slab = (struct slab){0};
}
