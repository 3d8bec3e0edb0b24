#include "sim/memory.h"

#include "sim/sim_assert.h"

/* Linear probing: a key stands at its home or after it, with no empty slot between. */
enum { CAPACITY_LEAST = 16 };

void map_init(struct map *map, struct memory *memory, const char *name)
{
    *map = (struct map){.memory = memory, .name = name};
}

static uint32_t home(const struct map *map, uint64_t key)
{
    key ^= key >> 32;
    key *= UINT64_C(0x9fb21c651e98df25);
    key ^= key >> 28;
    return (uint32_t)(key & (map->capacity - 1));
}

/* Where the key stands, or the empty slot where it would. The map is never full. */
static uint32_t find(const struct map *map, uint64_t key)
{
    uint32_t mask = map->capacity - 1;
    uint32_t at = home(map, key);
    while (map->used[at] && map->slots[at].key != key)
        at = (at + 1) & mask;
    return at;
}

static void release(struct map *map)
{
    memory_give(map->memory, map->slots, map->capacity * sizeof *map->slots);
    memory_give(map->memory, map->used, map->capacity);
}

static void grow(struct map *map)
{
    struct map old = *map;
    SIM_ASSERT(old.capacity <= UINT32_MAX / 4);
    uint32_t capacity = old.capacity == 0 ? CAPACITY_LEAST : old.capacity * 2;
    map->slots = memory_take(map->memory, map->name, capacity * sizeof *map->slots);
    map->used = memory_take(map->memory, map->name, capacity);
    map->capacity = capacity;
    for (uint32_t i = 0; i < old.capacity; i++)
        if (old.used[i]) {
            uint32_t at = find(map, old.slots[i].key);
            map->used[at] = 1;
            map->slots[at] = old.slots[i];
        }
    release(&old);
}

bool map_get(const struct map *map, uint64_t key, uint64_t *ret_value)
{
    if (map->count == 0)
        return false;
    uint32_t at = find(map, key);
    if (!map->used[at])
        return false;
    *ret_value = map->slots[at].value;
    return true;
}

void map_put(struct map *map, uint64_t key, uint64_t value)
{
    if (((uint64_t)map->count + 1) * 3 > (uint64_t)map->capacity * 2)
        grow(map);
    uint32_t at = find(map, key);
    map->count += !map->used[at];
    map->used[at] = 1;
    map->slots[at] = (struct map_slot){key, value};
}

bool map_remove(struct map *map, uint64_t key)
{
    if (map->count == 0)
        return false;
    uint32_t hole = find(map, key);
    if (!map->used[hole])
        return false;
    /* Keys behind the hole move up unless they would come before their home. */
    uint32_t mask = map->capacity - 1;
    for (uint32_t at = (hole + 1) & mask; map->used[at]; at = (at + 1) & mask) {
        uint32_t from_home = (at - home(map, map->slots[at].key)) & mask;
        if (from_home < ((at - hole) & mask))
            continue;
        map->slots[hole] = map->slots[at];
        hole = at;
    }
    map->used[hole] = 0;
    map->count--;
    return true;
}

void map_destroy(struct map *map)
{
    release(map);
    *map = (struct map){0};
}
