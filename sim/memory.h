#ifndef SIM_MEMORY_H
#define SIM_MEMORY_H

/* Accounted memory: everything a run allocates while it runs comes from pools, slabs and maps that
 * count their bytes against --max-memory. Counted bytes, not resident ones, so that the stop
 * repeats on every machine; a slot counts from when it is first used. Passing the limit does not
 * fail the allocation: it is recorded with the pool's name, and the engine stops the run at the
 * next instant. Nothing here is freed piecemeal at the end: destroy frees the chunks. None of it is
 * thread-safe. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "sim/sim_assert.h"

struct memory {
    uint64_t used_bytes, peak_bytes, limit_bytes; /* limit 0 = none */
    const char *exceeded_by;                      /* name of the pool that passed the limit first */
    struct memory_region *region;                 /* the newest one, NULL = none */
};

/* memory_take / memory_give: a counted, zeroed block for long-lived arrays. Aborts when the machine
 * has no memory. give takes the size that was taken. */
void *memory_take(struct memory *memory, const char *name, size_t bytes);
void memory_give(struct memory *memory, void *block, size_t bytes);
/* memory_take_part / memory_give_part: an uncounted, zeroed block for arrays made of many such
 * parts; memory_count / memory_uncount count what of them has come into use. Once a run is large,
 * parts up to 64 KiB stand together in regions of 2 MiB, each one page of the machine where it has
 * pages of that size: finding an address costs as much as reading it when there are a million.
 * memory_close gives all regions back; no part may be in use then. */
void *memory_take_part(struct memory *memory, size_t bytes);
void memory_give_part(struct memory *memory, void *block);
void memory_count(struct memory *memory, const char *name, size_t bytes);
void memory_uncount(struct memory *memory, size_t bytes);
void memory_close(struct memory *memory);
/* memory_grow doubles (at least to `count_needed` items) a counted array and returns its new place;
 * new items are zero. *count is the capacity. */
void *memory_grow(struct memory *memory, const char *name, void *array, uint32_t *count,
                  uint32_t count_needed, size_t item_bytes);

/* memory_grow_part is memory_grow uncounted, with undefined new items: for arrays that count what
 * of them has come into use. memory_drop_part gives such an array back. */
void *memory_grow_part(void *array, uint32_t *count, uint32_t count_needed, size_t item_bytes);
void memory_drop_part(void *array);

/* A pool of equal slots, addressed by handles 1.. (0 = none). Slots never move, so words in them
 * may be journalled. A taken slot is zeroed. take, at, give: O(1). */
struct pool {
    struct memory *memory;
    const char *name;
    unsigned char **chunks;
    uint32_t chunk_count, chunk_capacity, slot_count /* ever made */, free_head, live;
    uint32_t slot_bytes, chunk_shift; /* a chunk holds 1 << chunk_shift slots */
};
void pool_init(struct pool *pool, struct memory *memory, const char *name, size_t slot_bytes);
uint32_t pool_take(struct pool *pool);
/* pool_extend makes a slot that was never used before; take does that when none is free. */
uint32_t pool_extend(struct pool *pool);
static inline void *pool_at(const struct pool *pool, uint32_t handle)
{
    uint32_t index = handle - 1;
    SIM_ASSERT(index < pool->slot_count);
    uint32_t within = index & ((UINT32_C(1) << pool->chunk_shift) - 1);
    return pool->chunks[index >> pool->chunk_shift] + (size_t)within * pool->slot_bytes;
}
/* pool_shift is a pool's chunk_shift: as many slots as 64 KiB hold, down to a power of two. The
 * size is a multiple of 8. */
static inline unsigned pool_shift(uint32_t slot_bytes)
{
    return slot_bytes > 1U << 15 ? 0 : (unsigned)__builtin_clz(slot_bytes - 1) - 16;
}
/* pool_at_sized is pool_at for who knows the size of the slots: without a multiplication. */
static inline void *pool_at_sized(const struct pool *pool, uint32_t handle, uint32_t slot_bytes)
{
    uint32_t index = handle - 1;
    SIM_ASSERT(index < pool->slot_count);
    unsigned shift = pool_shift(slot_bytes);
    uint32_t within = index & ((UINT32_C(1) << shift) - 1);
    return pool->chunks[index >> shift] + (size_t)within * slot_bytes;
}
/* pool_take_raw is pool_take with undefined content, for slots that are written whole anyway.
 * pool_give_slot is pool_give for those who have the slot's address at hand. */
static inline uint32_t pool_take_raw(struct pool *pool, uint32_t slot_bytes, void **ret_slot)
{
    uint32_t handle = pool->free_head;
    if (__builtin_expect(handle == 0, 0))
        handle = pool_extend(pool);
    *ret_slot = pool_at_sized(pool, handle, slot_bytes);
    memcpy(&pool->free_head, *ret_slot, sizeof pool->free_head);
    pool->live++;
    return handle;
}
static inline void pool_give_slot(struct pool *pool, uint32_t handle, void *slot)
{
    SIM_ASSERT(pool->live > 0);
    memcpy(slot, &pool->free_head, sizeof pool->free_head);
    pool->free_head = handle;
    pool->live--;
}
static inline void pool_give(struct pool *pool, uint32_t handle)
{
    pool_give_slot(pool, handle, pool_at(pool, handle));
}
void pool_destroy(struct pool *pool);

/* A slab: blocks of any size up to 16 MiB in power-of-two classes from 64 bytes. Content undefined
 * when taken. Handles are never 0. */
struct slab {
    struct memory *memory;
    const char *name;
    struct pool class_pool[20];
};
void slab_init(struct slab *slab, struct memory *memory, const char *name);
uint32_t slab_take(struct slab *slab, size_t bytes);
void *slab_at(const struct slab *slab, uint32_t handle);
void slab_give(struct slab *slab, uint32_t handle);
void slab_destroy(struct slab *slab);

/* A map from 64-bit keys to 64-bit values; open addressing without gravestones, grows, never
 * iterated by anything that schedules, draws or prints. Look-up, put, remove: O(1) expected, with a
 * fixed mix (no seed), so its cost repeats too. */
struct map_slot {
    uint64_t key, value;
};
struct map {
    struct memory *memory;
    const char *name;
    struct map_slot *slots;   /* key 0: empty; what has that key stands beside them */
    uint64_t zero_value;      /* of key 0, if has_zero */
    uint32_t capacity, count; /* capacity: 0 or a power of two */
    bool has_zero;
};
void map_init(struct map *map, struct memory *memory, const char *name);
bool map_get(const struct map *map, uint64_t key, uint64_t *ret_value);
void map_put(struct map *map, uint64_t key, uint64_t value); /* inserts or replaces */
bool map_remove(struct map *map, uint64_t key);              /* false = was not there */
void map_destroy(struct map *map);

#endif
