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
    while (map->slots[at].key != 0 && map->slots[at].key != key)
        at = (at + 1) & mask;
    return at;
}

static void grow(struct map *map)
{
    struct map old = *map;
    SIM_ASSERT(old.capacity <= UINT32_MAX / 4);
    uint32_t capacity = old.capacity == 0 ? CAPACITY_LEAST : old.capacity * 2;
    map->slots = memory_take(map->memory, map->name, capacity * sizeof *map->slots);
    map->capacity = capacity;
    for (uint32_t i = 0; i < old.capacity; i++)
        if (old.slots[i].key != 0)
            map->slots[find(map, old.slots[i].key)] = old.slots[i];
    memory_give(map->memory, old.slots, old.capacity * sizeof *old.slots);
}

bool map_get(const struct map *map, uint64_t key, uint64_t *ret_value)
{
    if (map->count == 0)
        return false;
    if (key == 0 && map->has_zero)
        *ret_value = map->zero_value;
    if (key == 0)
        return map->has_zero;
    if (map->capacity == 0)
        return false;
    const struct map_slot *slot = &map->slots[find(map, key)];
    if (slot->key == 0)
        return false;
    *ret_value = slot->value;
    return true;
}

void map_put(struct map *map, uint64_t key, uint64_t value)
{
    if (key == 0) {
        map->count += !map->has_zero;
        map->has_zero = true;
        map->zero_value = value;
        return;
    }
    if (((uint64_t)map->count + 1) * 3 > (uint64_t)map->capacity * 2)
        grow(map);
    struct map_slot *slot = &map->slots[find(map, key)];
    map->count += slot->key == 0;
    *slot = (struct map_slot){key, value};
}

static bool remove_zero(struct map *map)
{
    bool was = map->has_zero;
    map->count -= was;
    map->has_zero = false;
    return was;
}

bool map_remove(struct map *map, uint64_t key)
{
    if (key == 0)
        return remove_zero(map);
    if (map->capacity == 0)
        return false;
    uint32_t hole = find(map, key);
    if (map->slots[hole].key == 0)
        return false;
    /* Keys behind the hole move up unless they would come before their home. */
    uint32_t mask = map->capacity - 1;
    for (uint32_t at = (hole + 1) & mask; map->slots[at].key != 0; at = (at + 1) & mask) {
        uint32_t from_home = (at - home(map, map->slots[at].key)) & mask;
        if (from_home < ((at - hole) & mask))
            continue;
        map->slots[hole] = map->slots[at];
        hole = at;
    }
    map->slots[hole].key = 0;
    map->count--;
    return true;
}

void map_destroy(struct map *map)
{
    memory_give(map->memory, map->slots, map->capacity * sizeof *map->slots);
    *map = (struct map){0};
}
