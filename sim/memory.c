#include "sim/memory.h"

#include <stdlib.h>
#include <string.h>

#include "sim/sim_assert.h"

enum { GROW_LEAST = 16 };

static void account(struct memory *memory, const char *name, size_t bytes)
{
    memory->used_bytes += bytes;
    if (memory->used_bytes > memory->peak_bytes)
        memory->peak_bytes = memory->used_bytes;
    if (memory->limit_bytes > 0 && memory->used_bytes > memory->limit_bytes &&
        memory->exceeded_by == NULL)
        memory->exceeded_by = name;
}

void *memory_take(struct memory *memory, const char *name, size_t bytes)
{
    void *block = calloc(1, bytes > 0 ? bytes : 1);
    SIM_ASSERT(block != NULL);
    account(memory, name, bytes);
    return block;
}

void memory_give(struct memory *memory, void *block, size_t bytes)
{
    if (block == NULL)
        return;
    SIM_ASSERT(memory->used_bytes >= bytes);
    memory->used_bytes -= bytes;
    free(block);
}

void *memory_grow(struct memory *memory, const char *name, void *array, uint32_t *count,
                  uint32_t count_needed, size_t item_bytes)
{
    SIM_ASSERT(count_needed > *count);
    SIM_ASSERT(*count <= UINT32_MAX / 2);
    uint32_t wanted = *count * 2 > count_needed ? *count * 2 : count_needed;
    if (wanted < GROW_LEAST)
        wanted = GROW_LEAST;
    size_t old_bytes = *count * item_bytes;
    size_t new_bytes = wanted * item_bytes;
    unsigned char *grown = realloc(array, new_bytes);
    SIM_ASSERT(grown != NULL);
    memset(grown + old_bytes, 0, new_bytes - old_bytes);
    account(memory, name, new_bytes - old_bytes);
    *count = wanted;
    return grown;
}
