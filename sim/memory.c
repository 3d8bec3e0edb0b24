#include "sim/memory.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "sim/sim_assert.h"

enum {
    GROW_LEAST = 4,
    PART_BYTES_MAX = 1 << 16,
    LINE_BYTES = 64,
    REGION_BYTES = 1 << 21,
    LARGE_BYTES = 1 << 20 /* of a run, from which on regions are worth it */
};

struct memory_region {
    unsigned char *base;
    size_t used_bytes;
    struct memory_region *older;
};

void memory_count(struct memory *memory, const char *name, size_t bytes)
{
    memory->used_bytes += bytes;
    if (memory->used_bytes > memory->peak_bytes)
        memory->peak_bytes = memory->used_bytes;
    if (memory->limit_bytes > 0 && memory->used_bytes > memory->limit_bytes &&
        memory->exceeded_by == NULL)
        memory->exceeded_by = name;
}

void memory_uncount(struct memory *memory, size_t bytes)
{
    SIM_ASSERT(memory->used_bytes >= bytes);
    memory->used_bytes -= bytes;
}

static void *zeroed(size_t bytes)
{
    void *block = calloc(1, bytes > 0 ? bytes : 1);
    SIM_ASSERT(block != NULL);
    return block;
}

void *memory_take(struct memory *memory, const char *name, size_t bytes)
{
    void *block = zeroed(bytes);
    memory_count(memory, name, bytes);
    return block;
}

void memory_give(struct memory *memory, void *block, size_t bytes)
{
    if (block == NULL)
        return;
    memory_uncount(memory, bytes);
    free(block);
}

static void region_add(struct memory *memory)
{
    struct memory_region *region = calloc(1, sizeof *region);
    SIM_ASSERT(region != NULL);
    void *base = aligned_alloc(REGION_BYTES, REGION_BYTES);
    SIM_ASSERT(base != NULL);
    madvise(base, REGION_BYTES, MADV_HUGEPAGE); /* a wish: slower without, never wrong */
    region->base = base;
    region->older = memory->region;
    memory->region = region;
}

void *memory_take_part(struct memory *memory, size_t bytes)
{
    if (memory->used_bytes < LARGE_BYTES || bytes > PART_BYTES_MAX)
        return zeroed(bytes);
    size_t rounded = (bytes + LINE_BYTES - 1) & ~(size_t)(LINE_BYTES - 1);
    if (!memory->region || memory->region->used_bytes + rounded > REGION_BYTES)
        region_add(memory);
    void *block = memory->region->base + memory->region->used_bytes;
    memory->region->used_bytes += rounded;
    memset(block, 0, bytes);
    return block;
}

void memory_give_part(struct memory *memory, void *block)
{
    bool apart = true;
    for (const struct memory_region *at = memory->region; at && apart; at = at->older)
        apart = (uintptr_t)block - (uintptr_t)at->base >= REGION_BYTES;
    if (apart)
        free(block);
}

void memory_close(struct memory *memory)
{
    while (memory->region) {
        struct memory_region *region = memory->region;
        memory->region = region->older;
        free(region->base);
        free(region);
    }
}

static uint32_t grown_count(uint32_t count, uint32_t count_needed)
{
    SIM_ASSERT(count_needed > count);
    SIM_ASSERT(count <= UINT32_MAX / 2);
    uint32_t wanted = count * 2 > count_needed ? count * 2 : count_needed;
    return wanted < GROW_LEAST ? GROW_LEAST : wanted;
}

void *memory_grow_part(void *array, uint32_t *count, uint32_t count_needed, size_t item_bytes)
{
    uint32_t wanted = grown_count(*count, count_needed);
    size_t bytes = wanted * item_bytes;
    unsigned char *grown = realloc(array, bytes);
    SIM_ASSERT(grown != NULL);
    if (bytes >= 2 * REGION_BYTES) {
        uintptr_t mask = REGION_BYTES - 1;
        uintptr_t from = ((uintptr_t)grown + mask) & ~mask, to = ((uintptr_t)grown + bytes) & ~mask;
        madvise(grown + (from - (uintptr_t)grown), to - from, MADV_HUGEPAGE); /* a wish, as above */
    }
    *count = wanted;
    return grown;
}

void memory_drop_part(void *array)
{
    free(array);
}

void *memory_grow(struct memory *memory, const char *name, void *array, uint32_t *count,
                  uint32_t count_needed, size_t item_bytes)
{
    uint32_t wanted = grown_count(*count, count_needed);
    size_t old_bytes = *count * item_bytes;
    size_t new_bytes = wanted * item_bytes;
    unsigned char *grown = realloc(array, new_bytes);
    SIM_ASSERT(grown != NULL);
    memset(grown + old_bytes, 0, new_bytes - old_bytes);
    memory_count(memory, name, new_bytes - old_bytes);
    *count = wanted;
    return grown;
}
