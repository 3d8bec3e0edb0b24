#include "sim/memory.h"

#include "sim/sim_assert.h"

enum { SLOT_EMPTY, SLOT_FULL, SLOT_TOMB };
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

/* Where the key stands, or UINT32_MAX. */
static uint32_t find(const struct map *map, uint64_t key)
{
    if (map->capacity == 0)
        return UINT32_MAX;
    uint32_t mask = map->capacity - 1;
    uint32_t at = home(map, key);
    /* There is always an empty place: the map grows before three quarters are taken. */
    for (; map->state[at] != SLOT_EMPTY; at = (at + 1) & mask)
        if (map->state[at] == SLOT_FULL && map->keys[at] == key)
            return at;
    return UINT32_MAX;
}

/* Puts a key that is not there yet. */
static void place(struct map *map, uint64_t key, uint64_t value)
{
    uint32_t mask = map->capacity - 1;
    uint32_t at = home(map, key);
    while (map->state[at] == SLOT_FULL)
        at = (at + 1) & mask;
    if (map->state[at] == SLOT_TOMB)
        map->tombs--;
    map->state[at] = SLOT_FULL;
    map->keys[at] = key;
    map->values[at] = value;
    map->count++;
}

static void release(struct map *map)
{
    memory_give(map->memory, map->keys, map->capacity * sizeof *map->keys);
    memory_give(map->memory, map->values, map->capacity * sizeof *map->values);
    memory_give(map->memory, map->state, map->capacity);
}

static void rehash(struct map *map)
{
    struct map old = *map;
    SIM_ASSERT(old.capacity <= UINT32_MAX / 4);
    uint32_t capacity = old.capacity == 0               ? CAPACITY_LEAST
                        : old.count * 2 >= old.capacity ? old.capacity * 2
                                                        : old.capacity;
    map->keys = memory_take(map->memory, map->name, capacity * sizeof *map->keys);
    map->values = memory_take(map->memory, map->name, capacity * sizeof *map->values);
    map->state = memory_take(map->memory, map->name, capacity);
    map->capacity = capacity;
    map->count = 0;
    map->tombs = 0;
    for (uint32_t i = 0; i < old.capacity; i++)
        if (old.state[i] == SLOT_FULL)
            place(map, old.keys[i], old.values[i]);
    SIM_ASSERT(map->count == old.count);
    release(&old);
}

bool map_get(const struct map *map, uint64_t key, uint64_t *ret_value)
{
    uint32_t at = find(map, key);
    if (at == UINT32_MAX)
        return false;
    *ret_value = map->values[at];
    return true;
}

void map_put(struct map *map, uint64_t key, uint64_t value)
{
    uint32_t at = find(map, key);
    if (at != UINT32_MAX) {
        map->values[at] = value;
        return;
    }
    if (((uint64_t)map->count + map->tombs + 1) * 4 > (uint64_t)map->capacity * 3)
        rehash(map);
    place(map, key, value);
}

bool map_remove(struct map *map, uint64_t key)
{
    uint32_t at = find(map, key);
    if (at == UINT32_MAX)
        return false;
    map->state[at] = SLOT_TOMB;
    map->count--;
    map->tombs++;
    return true;
}

void map_destroy(struct map *map)
{
    release(map);
    *map = (struct map){0};
}
