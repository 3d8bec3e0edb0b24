/* Goal: pools, slabs and maps keep what is put in them, count their bytes, and name the pool that
 * passed the limit.
 * Method: seeded operations against an obvious array. */

#include "tests/check_main.h"

#include <string.h>

#include "sim/memory.h"
#include "sim/rng.h"

START_TEST(slots_never_move_and_start_zeroed)
{
    struct memory memory = {0};
    struct pool pool;
    pool_init(&pool, &memory, "test", 40);
    enum { COUNT = 10000 };
    static void *place[COUNT + 1];
    for (uint32_t i = 1; i <= COUNT; i++) {
        uint32_t handle = pool_take(&pool);
        ck_assert_uint_eq(handle, i);
        place[i] = pool_at(&pool, handle);
        for (int byte = 0; byte < 40; byte++)
            ck_assert_uint_eq(((unsigned char *)place[i])[byte], 0);
        memset(place[i], (int)(i & 255), 40);
    }
    for (uint32_t i = 1; i <= COUNT; i++) {
        ck_assert_ptr_eq(pool_at(&pool, i), place[i]);
        ck_assert_uint_eq(((unsigned char *)place[i])[39], i & 255);
    }
    for (uint32_t i = 1; i <= COUNT; i += 2)
        pool_give(&pool, i);
    ck_assert_uint_eq(pool.live, COUNT / 2);
    uint64_t used = memory.used_bytes;
    for (uint32_t i = 1; i <= COUNT; i += 2) {
        uint32_t handle = pool_take(&pool);
        ck_assert_uint_eq(handle % 2, 1);
        for (int byte = 0; byte < 40; byte++)
            ck_assert_uint_eq(((unsigned char *)pool_at(&pool, handle))[byte], 0);
    }
    ck_assert_uint_eq(memory.used_bytes, used);
    pool_destroy(&pool);
    ck_assert_uint_eq(memory.used_bytes, 0);
}
END_TEST

START_TEST(the_pool_that_passes_the_limit_first_is_named)
{
    struct memory memory = {.limit_bytes = 300000};
    struct pool small;
    struct pool large;
    pool_init(&small, &memory, "small pool", 64);
    pool_init(&large, &memory, "large pool", 1000);
    pool_take(&small);
    ck_assert_ptr_null(memory.exceeded_by);
    for (int i = 0; i < 1000; i++)
        pool_take(&large);
    ck_assert_str_eq(memory.exceeded_by, "large pool");
    for (int i = 0; i < 5000; i++)
        pool_take(&small);
    ck_assert_str_eq(memory.exceeded_by, "large pool");
    ck_assert_uint_ge(memory.peak_bytes, memory.limit_bytes);
    pool_destroy(&large);
    pool_destroy(&small);
    ck_assert_uint_eq(memory.used_bytes, 0);
    ck_assert_uint_gt(memory.peak_bytes, 300000);
    memory_close(&memory);
}
END_TEST

START_TEST(grown_arrays_keep_their_items_and_count_their_bytes)
{
    struct memory memory = {0};
    uint32_t capacity = 0;
    uint64_t *array = NULL;
    for (uint32_t i = 0; i < 5000; i++) {
        if (i == capacity)
            array = memory_grow(&memory, "array", array, &capacity, i + 1, sizeof *array);
        ck_assert_uint_eq(array[i], 0);
        array[i] = i + 1;
        ck_assert_uint_eq(memory.used_bytes, capacity * sizeof *array);
    }
    for (uint32_t i = 0; i < 5000; i++)
        ck_assert_uint_eq(array[i], i + 1);
    memory_give(&memory, array, capacity * sizeof *array);
    ck_assert_uint_eq(memory.used_bytes, 0);
}
END_TEST

/* Takes many parts, small ones and one too large for a region, and gives them back. */
static void take_parts(void)
{
    enum { PARTS = 600 };
    static const size_t sizes[] = {3584, 40000, 200000, 64};
    static unsigned char *part[PARTS];
    struct memory memory = {0};
    uint64_t sum = 0;
    for (int i = 0; i < PARTS; i++) {
        size_t bytes = sizes[i % 4];
        part[i] = memory_take_part(&memory, bytes);
        memory_count(&memory, "parts", bytes);
        sum += bytes;
        ck_assert_uint_eq(memory.used_bytes, sum);
        for (size_t j = 0; j < bytes; j++)
            if (part[i][j] != 0)
                ck_abort_msg("byte %zu of part %d is %d", j, i, part[i][j]);
        memset(part[i], i % 255 + 1, bytes);
    }
    ck_assert_ptr_nonnull(memory.region);
    for (int i = 0; i < PARTS; i++) {
        size_t bytes = sizes[i % 4];
        for (size_t j = 0; j < bytes; j++)
            if (part[i][j] != i % 255 + 1)
                ck_abort_msg("part %d is not its own at byte %zu", i, j);
        memory_give_part(&memory, part[i]);
        memory_uncount(&memory, bytes);
    }
    ck_assert_uint_eq(memory.used_bytes, 0);
    memory_close(&memory);
    ck_assert_ptr_null(memory.region);
}

/* Again and again, so that regions are made of memory that was used before. */
START_TEST(parts_are_zero_apart_and_counted)
{
    for (int round = 0; round < 4; round++)
        take_parts();
}
END_TEST

START_TEST(slab_blocks_do_not_overlap)
{
    struct memory memory = {0};
    struct slab slab;
    slab_init(&slab, &memory, "slab");
    static const size_t sizes[] = {0, 1, 63, 64, 65, 1000, 4096, 65537, 1 << 20, 1 << 24};
    enum { COUNT = 200 };
    uint32_t handle[COUNT];
    size_t bytes[COUNT];
    struct rng rng = {.seed = 12};
    struct rng_stream stream;
    rng_stream_at(&stream, &rng, RNG_TEST, 0, 0);
    memset(handle, 0, sizeof handle);
    for (int step = 0; step < 3000; step++) {
        uint64_t i = rng_below(&stream, COUNT);
        if (handle[i] != 0) {
            unsigned char *block = slab_at(&slab, handle[i]);
            if (bytes[i] > 0) {
                ck_assert_uint_eq(block[0], i);
                ck_assert_uint_eq(block[bytes[i] - 1], i);
            }
            slab_give(&slab, handle[i]);
            handle[i] = 0;
        } else {
            uint64_t size = rng_below(&stream, step % 100 == 0 ? 10 : 7);
            bytes[i] = sizes[size];
            handle[i] = slab_take(&slab, bytes[i]);
            ck_assert_uint_ne(handle[i], 0);
            memset(slab_at(&slab, handle[i]), (int)i, bytes[i]);
        }
    }
    slab_destroy(&slab);
    ck_assert_uint_eq(memory.used_bytes, 0);
    memory_close(&memory);
}
END_TEST

START_TEST(map_equals_an_array)
{
    struct memory memory = {0};
    struct map map;
    map_init(&map, &memory, "map");
    enum { KEYS = 3000 };
    static uint64_t value[KEYS];
    static bool there[KEYS];
    uint32_t count = 0;
    struct rng rng = {.seed = 13};
    struct rng_stream stream;
    rng_stream_at(&stream, &rng, RNG_TEST, 0, 0);
    for (int step = 0; step < 300000; step++) {
        uint64_t i = rng_below(&stream, KEYS);
        uint64_t key = i << 32; /* high bits only: a bad mix would clash */
        uint64_t what = rng_below(&stream, 3);
        uint64_t got = 12345;
        ck_assert_int_eq(map_get(&map, key, &got), there[i]);
        ck_assert_uint_eq(got, there[i] ? value[i] : 12345);
        if (what == 0) {
            ck_assert_int_eq(map_remove(&map, key), there[i]);
            count -= there[i];
            there[i] = false;
        } else if (what == 1) {
            value[i] = (uint64_t)step;
            map_put(&map, key, value[i]);
            count += !there[i];
            there[i] = true;
        }
        ck_assert_uint_eq(map.count, count);
    }
    /* Removing and putting for ever must not make it grow for ever. */
    ck_assert_uint_le(map.capacity, 16384);
    map_destroy(&map);
    ck_assert_uint_eq(memory.used_bytes, 0);
}
END_TEST

CHECK_MAIN("memory", slots_never_move_and_start_zeroed,
           the_pool_that_passes_the_limit_first_is_named,
           grown_arrays_keep_their_items_and_count_their_bytes, parts_are_zero_apart_and_counted,
           slab_blocks_do_not_overlap, map_equals_an_array)
