/* Goal: what one validator has seen of slots in progress. Method: random shreds of several versions
 * against a plain table; slots far apart; sets of all sizes. */

#include "models/spread/slot_progress.h"

#include "sim/rng.h"
#include "tests/check_main.h"

static struct memory memory;
static struct slot_window_shared shared;
static struct slot_window window;
static const struct rng rng = {.seed = 5};

static void begin(void)
{
    memory = (struct memory){0};
    slot_window_shared_init(&shared, &memory);
    slot_window_init(&window, &shared);
}

static void end(void)
{
    slot_window_destroy(&window);
    slot_window_shared_destroy(&shared);
    ck_assert_uint_eq(memory.used_bytes, 0);
}

/* SOL-36, SOL-R8.7: each version of a shred once, and at most two versions of each. */
START_TEST(a_shred_passes_once_in_each_of_two_versions)
{
    enum { CONTENTS = 4, SETS = 3, PLACES = 32 };
    static bool seen[CONTENTS][2][SETS][PLACES];
    struct rng_stream stream;
    uint32_t passed = 0;
    begin();
    struct slot_progress *progress = slot_window_open(&window, 7, 1, SETS);
    rng_stream_at(&stream, &rng, RNG_TEST, 1, 0);
    for (unsigned k = 0; k < 5000; k++) {
        uint32_t content = (uint32_t)rng_below(&stream, CONTENTS);
        uint32_t type = (uint32_t)rng_below(&stream, 2), set = (uint32_t)rng_below(&stream, SETS);
        uint32_t at = (uint32_t)rng_below(&stream, PLACES), versions = 0;
        for (uint32_t other = 0; other < CONTENTS; other++)
            versions += seen[other][type][set][at];
        bool expected = !seen[content][type][set][at] && versions < 2;
        ck_assert(slot_window_see(&window, progress, content + 1, (enum shred_type)type, set, at) ==
                  expected);
        seen[content][type][set][at] |= expected;
        passed += expected;
    }
    ck_assert_uint_eq(passed, 2 * 2 * SETS * PLACES);
    end();
}
END_TEST

START_TEST(slots_are_found_however_far_apart_they_are)
{
    enum { OPEN_MAX = 64 };
    uint64_t open[OPEN_MAX];
    struct rng_stream stream;
    uint32_t count = 0;
    begin();
    rng_stream_at(&stream, &rng, RNG_TEST, 2, 0);
    ck_assert_ptr_null(slot_window_find(&window, 3));
    for (unsigned k = 0; k < 4000; k++) {
        uint64_t slot = 1000 + rng_below(&stream, k < 2000 ? 40 : 3000);
        uint32_t at = 0;
        while (at < count && open[at] != slot)
            at++;
        struct slot_progress *progress = slot_window_find(&window, slot);
        ck_assert((progress != NULL) == (at < count));
        if (progress && rng_below(&stream, 2)) {
            ck_assert_uint_eq(progress->content, slot * 3);
            slot_window_close(&window, progress);
            open[at] = open[--count];
        } else if (!progress && count < OPEN_MAX) {
            progress = slot_window_open(&window, slot, slot * 3, (uint32_t)(slot % 50 + 1));
            ck_assert_uint_eq(progress->sets_whole, 0);
            progress->sets[slot % 50].data = 7; /* the record is as long as that */
            open[count++] = slot;
        }
    }
    end();
}
END_TEST

START_TEST(fresh_slots_are_listed_once_with_the_sets_that_changed)
{
    begin();
    struct slot_progress *one = slot_window_open(&window, 1, 1, 9);
    struct slot_progress *two = slot_window_open(&window, 2, 1, 9);
    ck_assert_ptr_null(slot_window_unfresh(&window));
    slot_window_freshen(&window, one, 4);
    slot_window_freshen(&window, two, 1);
    slot_window_freshen(&window, one, 2);
    slot_window_freshen(&window, one, 7);
    ck_assert_ptr_eq(slot_window_unfresh(&window), two);
    ck_assert_ptr_eq(slot_window_unfresh(&window), one);
    ck_assert_uint_eq(one->fresh_first, 2);
    ck_assert_uint_eq(one->fresh_end, 8);
    ck_assert_uint_eq(two->fresh_end, 2);
    ck_assert_ptr_null(slot_window_unfresh(&window));
    slot_window_freshen(&window, one, 3);
    ck_assert_ptr_eq(slot_window_unfresh(&window), one);
    ck_assert_uint_eq(one->fresh_first, 3);
    ck_assert_uint_eq(one->fresh_end, 4);
    end();
}
END_TEST

/* SOL-R2.13: any 32 of 64; SOL-R9: a small last set with 63 code shreds. */
START_TEST(a_set_has_enough_with_as_many_shreds_as_it_has_data)
{
    for (uint32_t data = 0; data <= 32; data++)
        for (uint32_t code = 0; code <= 63; code++) {
            struct set_progress part = {.data = (uint32_t)((UINT64_C(1) << data) - 1),
                                        .code = (UINT64_C(1) << code) - 1};
            ck_assert(set_progress_enough(&part, 32) == (data + code >= 32));
            ck_assert(set_progress_enough(&part, 1) == (data + code >= 1));
        }
    struct set_progress set = {0};
    for (uint32_t at = 0; at < 15; at++)
        set_progress_mark(&set, SHRED_DATA, 2 * at);
    for (uint32_t at = 0; at < 16; at++)
        set_progress_mark(&set, SHRED_CODE, 2 * at + 1);
    ck_assert(!set_progress_enough(&set, 32));
    set_progress_mark(&set, SHRED_CODE, 62);
    ck_assert(set_progress_enough(&set, 32));
    ck_assert(set_progress_test(&set, SHRED_CODE, 62) && !set_progress_test(&set, SHRED_CODE, 61));
    ck_assert(set_progress_test(&set, SHRED_DATA, 28) && !set_progress_test(&set, SHRED_DATA, 27));
}
END_TEST

CHECK_MAIN("slot_progress", a_shred_passes_once_in_each_of_two_versions,
           slots_are_found_however_far_apart_they_are,
           fresh_slots_are_listed_once_with_the_sets_that_changed,
           a_set_has_enough_with_as_many_shreds_as_it_has_data)
