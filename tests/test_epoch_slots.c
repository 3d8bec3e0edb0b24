/* Goal: what a validator advertises of its completed slots is exactly those slots, in either form,
 * within its size. Method: random completions against a plain set; every encoding is decoded again;
 * sizes at the limits; fixed seed. */

#include "models/spread/epoch_slots.h"

#include <stdlib.h>
#include <string.h>

#include "models/spread/epoch_cache.h"
#include "sim/rng.h"
#include "tests/check_main.h"

enum { EPOCH = 3000, FIRST = 9000 };

static const struct rng rng = {.seed = 39, .replication = 0};

static struct memory memory;

static void check_decoded(const struct epoch_cache *cache, const bool *complete)
{
    unsigned char bytes[EPOCH_CACHE_BYTES_MAX], stash_bytes[8192];
    struct slot_set slots;
    slot_set_init(&slots, &memory);
    size_t count = epoch_cache_encode(cache, bytes, sizeof bytes);
    ck_assert_uint_gt(count, 8);
    ck_assert(epoch_cache_decode(bytes, count, cache->limit, &slots));
    ck_assert_uint_eq(slots.count, cache->cache.count);
    size_t stash_count = epoch_stash_encode(cache, stash_bytes, sizeof stash_bytes);
    ck_assert(epoch_stash_decode(stash_bytes, stash_count, FIRST, EPOCH, &slots));
    uint32_t expected = 0;
    for (uint32_t i = 0; i < EPOCH; i++) {
        expected += complete[i];
        ck_assert(slot_set_contains(&slots, FIRST + i) == complete[i]);
        ck_assert(epoch_cache_holds(cache, FIRST + i) == complete[i]);
    }
    ck_assert_uint_eq(slots.count, expected);
    slot_set_destroy(&slots);
}

/* SOL-5, SOL-6, SOL-8, SOL-11, SOL-12: the parts are disjoint, the cache holds the newest, below
 * its limit, and moves half when it reaches it. Slots complete about in order, some late. */
START_TEST(cache_and_stash_hold_what_completed)
{
    for (uint64_t item = 0; item < 8; item++) {
        struct rng_stream stream;
        struct epoch_cache cache;
        bool complete[EPOCH] = {false};
        rng_stream_at(&stream, &rng, RNG_TEST, 1, item);
        memory = (struct memory){0};
        uint32_t limit = item < 4 ? 4 + 2 * (uint32_t)rng_below(&stream, 20) : EPOCH_CACHE_SLOTS;
        epoch_cache_init(&cache, &memory, FIRST, EPOCH, limit);
        for (uint32_t at = 0; at < EPOCH; at++) {
            uint64_t late = rng_below(&stream, 4) == 0 ? rng_below(&stream, 60) : 0;
            uint32_t i = at - (uint32_t)(late < at ? late : 0);
            uint32_t before = cache.cache.count;
            uint64_t base = cache.base;
            bool moved = epoch_cache_complete(&cache, FIRST + i);
            ck_assert(!(moved && complete[i]));
            complete[i] = true;
            ck_assert_uint_lt(cache.cache.count, limit);
            ck_assert_uint_eq(cache.base, cache.cache.slots[0]);
            if (cache.cache.count < before) {
                ck_assert(moved);
                ck_assert_uint_eq(cache.cache.count, limit / 2);
                ck_assert_uint_gt(cache.base, base);
            }
            for (uint32_t k = 0; k < cache.stash_count; k++)
                ck_assert_uint_lt(cache.stash[k].first + cache.stash[k].count - 1, cache.base);
            if (at % 997 == 0)
                check_decoded(&cache, complete);
        }
        check_decoded(&cache, complete);
        epoch_cache_destroy(&cache);
        ck_assert_uint_eq(memory.used_bytes, 0);
    }
}
END_TEST

/* SOL-7: even when no two slots are neighbours the cache fits in one packet, and one of them more
 * would not be sure to. SOL-4: the parts are encoded apart. */
START_TEST(the_cache_fits_in_a_packet)
{
    unsigned char bytes[EPOCH_CACHE_BYTES_MAX];
    struct epoch_cache cache;
    memory = (struct memory){0};
    epoch_cache_init(&cache, &memory, 0, 100000, EPOCH_CACHE_SLOTS);
    for (uint64_t i = 0; i + 1 < EPOCH_CACHE_SLOTS; i++)
        ck_assert(!epoch_cache_complete(&cache, 2 * i));
    size_t count = epoch_cache_encode(&cache, bytes, sizeof bytes);
    ck_assert_uint_eq(count, 8 + 2 * (EPOCH_CACHE_SLOTS - 1) - 1);
    ck_assert_uint_eq(8 + 2 * EPOCH_CACHE_SLOTS, EPOCH_CACHE_BYTES_MAX);
    ck_assert_uint_eq(epoch_cache_encode(&cache, bytes, count - 1), 0);
    ck_assert_uint_eq(epoch_stash_encode(&cache, bytes, sizeof bytes), 0);
    ck_assert(epoch_cache_complete(&cache, 2 * EPOCH_CACHE_SLOTS));
    ck_assert_uint_gt(epoch_stash_encode(&cache, bytes, sizeof bytes), 0);
    epoch_cache_destroy(&cache);
}
END_TEST

START_TEST(broken_bytes_are_refused)
{
    struct slot_set slots;
    unsigned char bytes[40] = {1, 0, 0, 0, 0, 0, 0, 0, 5};
    memory = (struct memory){0};
    slot_set_init(&slots, &memory);
    ck_assert(epoch_cache_decode(bytes, 9, 5, &slots));
    ck_assert_uint_eq(slots.count, 5);
    ck_assert(!epoch_cache_decode(bytes, 9, 4, &slots)); /* more than it may hold */
    ck_assert(!epoch_cache_decode(bytes, 7, 5, &slots));
    bytes[8] = 0x80; /* a number without an end */
    ck_assert(!epoch_cache_decode(bytes, 9, 5, &slots));
    memset(bytes, 0xff, sizeof bytes); /* a number beyond 64 bits */
    ck_assert(!epoch_cache_decode(bytes, 30, 5, &slots));
    ck_assert(!epoch_stash_decode(bytes, 30, 0, 100, &slots));
    unsigned char beyond[] = {99, 2};
    slots.count = 0;
    ck_assert(!epoch_stash_decode(beyond, 2, 0, 100, &slots));
    slot_set_destroy(&slots);
}
END_TEST

/* SOL-10: the schedule of the slot's epoch is known: slots of another one are our fault. */
START_TEST(slots_of_another_epoch_are_refused)
{
    struct epoch_cache cache;
    memory = (struct memory){0};
    epoch_cache_init(&cache, &memory, FIRST, EPOCH, 4);
    epoch_cache_complete(&cache, FIRST + EPOCH);
}
END_TEST

static void check_records(const struct epoch_records *records, const struct slot_set *expected)
{
    struct slot_set found;
    slot_set_init(&found, &memory);
    for (uint32_t i = 0; i < EPOCH_RECORDS; i++) {
        const struct epoch_record *record = &records->records[i];
        for (uint32_t k = 0; k < record->count; k++)
            epoch_bitmap_slots(&record->bitmaps[k], 0, &found);
        if (record->count > 0) /* 8 bytes more: see epoch_slots.h on plain bits */
            ck_assert_uint_le(epoch_record_bytes(record), EPOCH_RECORD_BYTES_MAX + 8);
    }
    ck_assert_uint_eq(found.count, expected->count);
    for (uint32_t i = 0; i < found.count; i++)
        ck_assert_uint_eq(found.slots[i], expected->slots[i]);
    slot_set_destroy(&found);
}

/* SOL-R7.1 to R7.5: batches of completed slots, ascending; all of them come out of the records, a
 * full bitmap was packed, and full records were left for the next. */
START_TEST(records_hold_what_was_pushed)
{
    for (uint64_t item = 0; item < 4; item++) {
        struct rng_stream stream;
        struct epoch_records records;
        struct slot_set expected;
        uint32_t changed[EPOCH_RECORDS], packed = 0;
        rng_stream_at(&stream, &rng, RNG_TEST, 2, item);
        memory = (struct memory){0};
        epoch_records_init(&records, &memory);
        slot_set_init(&expected, &memory);
        uint64_t slot = 5000;
        for (unsigned batch = 0; batch < 400; batch++) {
            uint64_t slots[40];
            uint32_t count = 1 + (uint32_t)rng_below(&stream, 40);
            for (uint32_t i = 0; i < count; i++) {
                slots[i] = slot;
                slot_set_add(&expected, slot);
                slot += 1 + rng_below(&stream, item < 2 ? 2 : 60);
            }
            uint32_t touched = epoch_records_push(&records, slots, count, batch, changed);
            ck_assert_uint_ge(touched, 1);
            ck_assert_uint_eq(changed[touched - 1], records.newest);
        }
        check_records(&records, &expected);
        for (uint32_t k = 0; k < records.records[0].count; k++)
            packed += records.records[0].bitmaps[k].packed > 0;
        ck_assert_uint_gt(packed, 0);
        ck_assert_uint_gt(records.records[records.newest].wallclock_ms, 0);
        slot_set_destroy(&expected);
        epoch_records_destroy(&records);
        ck_assert_uint_eq(memory.used_bytes, 0);
    }
}
END_TEST

/* SOL-R7.3: bits of pure chance do not pack; then the record is full with one bitmap. */
START_TEST(what_does_not_pack_fills_its_record)
{
    struct epoch_records records;
    struct rng_stream stream;
    uint32_t changed[EPOCH_RECORDS];
    memory = (struct memory){0};
    epoch_records_init(&records, &memory);
    rng_stream_at(&stream, &rng, RNG_TEST, 3, 0);
    for (uint64_t slot = 0; slot < 20000; slot++)
        if (rng_below(&stream, 2) == 0)
            epoch_records_push(&records, &slot, 1, slot, changed);
    ck_assert_uint_eq(records.records[0].count, 1);
    ck_assert_uint_eq(records.records[0].bitmaps[0].packed, 0);
    ck_assert_uint_eq(records.newest, 2);
    epoch_records_destroy(&records);
}
END_TEST

/* SOL-R7.3: each change is newer than the one before, whatever the clock says. */
START_TEST(records_never_go_back_in_time)
{
    struct epoch_record record;
    uint64_t slot = 7;
    memory = (struct memory){0};
    epoch_record_init(&record, &memory);
    ck_assert_uint_eq(epoch_record_fill(&record, &slot, 1, 500), 1);
    ck_assert_uint_eq(record.wallclock_ms, 500);
    slot++;
    ck_assert_uint_eq(epoch_record_fill(&record, &slot, 1, 500), 1);
    ck_assert_uint_eq(record.wallclock_ms, 501);
    slot++;
    ck_assert_uint_eq(epoch_record_fill(&record, &slot, 1, 20), 1);
    ck_assert_uint_eq(record.wallclock_ms, 502);
    epoch_record_destroy(&record);
}
END_TEST

/* SOL-R7.2 */
START_TEST(a_bitmap_takes_what_is_within_its_room)
{
    static uint64_t slots[EPOCH_SLOTS_PER_BITMAP];
    struct epoch_bitmap bitmap;
    memory = (struct memory){0};
    epoch_bitmap_init(&bitmap, &memory, 2);
    for (uint64_t i = 0; i < 20; i++)
        slots[i] = 100 + i;
    ck_assert_uint_eq(epoch_bitmap_add(&bitmap, slots, 20), 16);
    ck_assert_uint_eq(bitmap.num, 16);
    slots[0] = 99;
    ck_assert_uint_eq(epoch_bitmap_add(&bitmap, slots, 1), 0);
    epoch_bitmap_destroy(&bitmap, &memory);
    epoch_bitmap_init(&bitmap, &memory, 900);
    for (uint64_t i = 0; i < 7000; i++)
        slots[i] = i;
    ck_assert_uint_eq(epoch_bitmap_add(&bitmap, slots, 7000), 7000);
    ck_assert(epoch_bitmap_pack(&bitmap, &memory));
    ck_assert_uint_lt(bitmap.packed, 100);
    ck_assert_uint_eq(epoch_bitmap_add(&bitmap, slots + 7000, 1), 0);
    struct slot_set found;
    slot_set_init(&found, &memory);
    epoch_bitmap_slots(&bitmap, 6990, &found);
    ck_assert_uint_eq(found.count, 10);
    slot_set_destroy(&found);
    epoch_bitmap_destroy(&bitmap, &memory);
    ck_assert_uint_eq(memory.used_bytes, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("epoch_slots");
    TCase *tcase = tcase_create("epoch_slots");
    tcase_set_timeout(tcase, 300);
    tcase_add_test(tcase, cache_and_stash_hold_what_completed);
    tcase_add_test(tcase, the_cache_fits_in_a_packet);
    tcase_add_test(tcase, broken_bytes_are_refused);
    tcase_add_test(tcase, records_hold_what_was_pushed);
    tcase_add_test(tcase, what_does_not_pack_fills_its_record);
    tcase_add_test(tcase, records_never_go_back_in_time);
    tcase_add_test(tcase, a_bitmap_takes_what_is_within_its_room);
    if (!getenv("CK_FORK")) /* an assertion ends the process with code 1 */
        tcase_add_exit_test(tcase, slots_of_another_epoch_are_refused, 1);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
