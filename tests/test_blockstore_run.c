/* Goal: a run of shreds does to a store what its shreds do one by one (SOL-R2.3 to SOL-R2.9).
 * Method: two stores get the same random batches, one as runs and one shred by shred; all that can
 * be read from them is compared after each batch. Slots have two sets and more, ends that
 * contradict each other, and parents below the root. */

#include <string.h>

#include "models/spread/blockstore.h"
#include "sim/rng.h"
#include "tests/check_main.h"

enum { SLOTS = 9, SETS = 4, RUN = 32, BATCHES = 400, RUNS_MAX = 3 };

static const struct rng rng = {.seed = 77};
static struct memory memory;
static struct blockstore_shared shared[2]; /* runs; one by one */
static struct blockstore stores[2];

static void compare_slot(uint64_t slot)
{
    const struct slot_meta *a = blockstore_meta(&stores[0], slot);
    const struct slot_meta *b = blockstore_meta(&stores[1], slot);
    ck_assert((a != NULL) == (b != NULL));
    if (!a)
        return;
    ck_assert_uint_eq(a->parent, b->parent);
    ck_assert_int_eq(a->first_shred_ms, b->first_shred_ms);
    ck_assert_uint_eq(a->consumed, b->consumed);
    ck_assert_uint_eq(a->received, b->received);
    ck_assert_uint_eq(a->last_index, b->last_index);
    ck_assert(a->connected == b->connected && a->parent_connected == b->parent_connected);
    ck_assert(a->dead == b->dead);
    ck_assert_uint_eq(a->data.count, b->data.count);
    for (uint32_t index = 0; index < SETS * RUN; index++)
        ck_assert(shred_bits_test(&a->data, index) == shred_bits_test(&b->data, index));
}

static void compare(void)
{
    for (uint64_t slot = 0; slot < SLOTS; slot++) {
        compare_slot(slot);
        ck_assert(slot_set_contains(&stores[0].orphans, slot) ==
                  slot_set_contains(&stores[1].orphans, slot));
    }
    ck_assert(stores[0].replay == stores[1].replay);
    ck_assert_uint_eq(stores[0].completed_count, stores[1].completed_count);
    for (uint32_t i = 0; i < stores[0].completed_count; i++)
        ck_assert_uint_eq(stores[0].completed[i], stores[1].completed[i]);
}

/* A run of some set of some slot; one in four ends its slot, and ends differ. */
static void insert_run(struct rng_stream *stream, int64_t now_ms)
{
    uint64_t slot = 1 + rng_below(stream, SLOTS - 1);
    uint32_t present = (uint32_t)rng_u64(stream) | (uint32_t)rng_u64(stream);
    struct data_shred shred = {.slot = slot,
                               .parent = rng_below(stream, slot),
                               .index = RUN * (uint32_t)rng_below(stream, SETS),
                               .reference_tick = (uint8_t)rng_below(stream, 64)};
    shred.last = rng_below(stream, 4) == 0;
    if (rng_below(stream, 3) == 0)
        present = UINT32_MAX;
    uint32_t stored = blockstore_insert_run(&stores[0], &shred, present, now_ms), singly = 0;
    struct data_shred one = shred;
    for (uint32_t bit = 0; bit < RUN; bit++) {
        if (!(present >> bit & 1))
            continue;
        one.index = shred.index + bit;
        one.last = shred.last && (bit == 31 || present >> (bit + 1) == 0);
        singly += blockstore_insert(&stores[1], &one, now_ms) == SHRED_STORED;
    }
    ck_assert_uint_eq(stored, singly);
}

START_TEST(a_run_is_as_many_shreds)
{
    for (uint64_t seed = 0; seed < 20; seed++) {
        struct rng_stream stream;
        memory = (struct memory){0};
        rng_stream_at(&stream, &rng, RNG_TEST, seed, 0);
        for (int i = 0; i < 2; i++) {
            blockstore_shared_init(&shared[i], &memory);
            blockstore_init(&stores[i], &shared[i]);
            blockstore_connect_root(&stores[i], 0);
            stores[i].root = seed % 3;
        }
        for (uint32_t batch = 0; batch < BATCHES; batch++) {
            uint32_t runs = 1 + (uint32_t)rng_below(&stream, RUNS_MAX);
            blockstore_begin(&stores[0]);
            blockstore_begin(&stores[1]);
            for (uint32_t i = 0; i < runs; i++)
                insert_run(&stream, batch);
            blockstore_commit(&stores[0]);
            blockstore_commit(&stores[1]);
            compare();
            if (rng_below(&stream, 20) == 0) { /* or all would be full soon */
                uint64_t slot = 1 + rng_below(&stream, SLOTS - 1);
                blockstore_clear(&stores[0], slot);
                blockstore_clear(&stores[1], slot);
            }
        }
        for (int i = 0; i < 2; i++) {
            blockstore_destroy(&stores[i]);
            blockstore_shared_destroy(&shared[i]);
        }
        ck_assert_uint_eq(memory.used_bytes, 0);
    }
}
END_TEST

/* The word of a slot's content stays with it, and goes when the slot is dumped. */
START_TEST(a_slot_keeps_its_content)
{
    struct data_shred shred = {.slot = 3, .parent = 1};
    memory = (struct memory){0};
    blockstore_shared_init(&shared[0], &memory);
    blockstore_init(&stores[0], &shared[0]);
    blockstore_begin(&stores[0]);
    blockstore_insert_run(&stores[0], &shred, 5, 0);
    blockstore_set_content(&stores[0], 3, 44);
    blockstore_commit(&stores[0]);
    ck_assert_uint_eq(blockstore_meta(&stores[0], 3)->content, 44);
    blockstore_kill(&stores[0], 3);
    ck_assert(blockstore_meta(&stores[0], 3)->dead);
    blockstore_clear(&stores[0], 3);
    ck_assert_uint_eq(blockstore_meta(&stores[0], 3)->content, 0);
    ck_assert(!blockstore_meta(&stores[0], 3)->dead);
    blockstore_kill(&stores[0], 8); /* not known: nothing happens */
    ck_assert_ptr_null(blockstore_meta(&stores[0], 8));
    blockstore_destroy(&stores[0]);
    blockstore_shared_destroy(&shared[0]);
    ck_assert_uint_eq(memory.used_bytes, 0);
}
END_TEST

/* SOL-R3.3: below the root nobody asks when a set was noticed. */
START_TEST(a_settled_slot_keeps_its_shreds)
{
    memory = (struct memory){0};
    blockstore_shared_init(&shared[0], &memory);
    blockstore_init(&stores[0], &shared[0]);
    for (uint64_t slot = 1; slot <= 3; slot++) {
        struct data_shred shred = {.slot = slot, .parent = slot - 1};
        blockstore_begin(&stores[0]);
        blockstore_insert_run(&stores[0], &shred, UINT32_MAX, 0);
        blockstore_commit(&stores[0]);
        blockstore_observe(&stores[0], slot, 9);
    }
    uint64_t before = memory.used_bytes;
    blockstore_settle(&stores[0], 1, 3);
    ck_assert_uint_lt(memory.used_bytes, before);
    for (uint64_t slot = 1; slot <= 3; slot++) {
        const struct slot_meta *meta = blockstore_meta(&stores[0], slot);
        ck_assert_uint_eq(meta->consumed, 32);
        ck_assert_uint_eq(meta->data.count, 32);
        ck_assert_uint_eq(meta->seen.count, slot == 3);
    }
    blockstore_destroy(&stores[0]);
    blockstore_shared_destroy(&shared[0]);
    ck_assert_uint_eq(memory.used_bytes, 0);
}
END_TEST

CHECK_MAIN("blockstore_run", a_run_is_as_many_shreds, a_slot_keeps_its_content,
           a_settled_slot_keeps_its_shreds)
