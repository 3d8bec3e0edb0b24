/* Goal: each arrival is new exactly once, in any order, and what is kept stays small.
 * Method: seeded shuffles with repetitions against a plain table. */

#include "tests/check_main.h"

#include "models/atomic/arrival_window.h"
#include "sim/rng.h"

enum { PAIRS = 5, SEQUENCES = 2000, NEAR = 50 };

START_TEST(each_arrival_is_new_once)
{
    static bool come[PAIRS][SEQUENCES + 1];
    struct memory memory = {0};
    struct arrival_window window;
    arrival_window_init(&window, &memory);
    struct rng rng = {.seed = 35};
    struct rng_stream stream;
    rng_stream_at(&stream, &rng, RNG_TEST, 0, 0);
    for (uint32_t base = 1; base <= SEQUENCES - NEAR; base++)
        for (int draw = 0; draw < 60; draw++) {
            uint64_t pair = rng_below(&stream, PAIRS);
            uint32_t sequence = base + (uint32_t)rng_below(&stream, NEAR);
            bool is_new = arrival_window_note(&window, pair << 40 | 9, sequence);
            if (is_new == come[pair][sequence])
                ck_abort_msg("pair %d, sequence %u", (int)pair, sequence);
            come[pair][sequence] = true;
        }
    /* The rest fills the gaps, and nothing is left to remember but the last word. */
    for (uint64_t pair = 0; pair < PAIRS; pair++)
        for (uint32_t sequence = 1; sequence <= SEQUENCES; sequence++)
            ck_assert_int_eq(arrival_window_note(&window, pair << 40 | 9, sequence),
                             !come[pair][sequence]);
    ck_assert_uint_eq(window.early.count, 0);
    ck_assert_uint_eq(window.pairs.count, PAIRS);
    arrival_window_destroy(&window);
    ck_assert_uint_eq(memory.used_bytes, 0);
}
END_TEST

CHECK_MAIN("arrival_window", each_arrival_is_new_once)
