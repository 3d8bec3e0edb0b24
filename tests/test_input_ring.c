/* Goal: the three cursors keep inputs in order through growth, drops and finals.
 * Method: seeded steps against an array that never forgets. */

#include "tests/check_main.h"

#include "models/ledger/input_ring.h"
#include "sim/memory.h"
#include "sim/rng.h"

START_TEST(inputs_come_in_order_through_drops_and_growth)
{
    struct memory memory = {0};
    struct input_ring ring = {0};
    struct rng rng = {.seed = 31};
    struct rng_stream stream;
    rng_stream_at(&stream, &rng, RNG_TEST, 0, 0);
    for (int step = 0; step < 20000; step++) {
        uint64_t births = rng_below(&stream, 20);
        for (uint64_t i = 0; i < births; i++)
            input_ring_append(&ring, &memory, (uint32_t)ring.tail + 1);
        uint64_t before = ring.head;
        uint64_t most = ring.tail - ring.head;
        uint64_t taken = most ? rng_below(&stream, most + 1) : 0;
        for (uint64_t i = 0; i < taken; i++) {
            ck_assert_uint_eq(input_ring_at(&ring, ring.head), ring.head + 1);
            ring.head++;
        }
        input_ring_append(&ring, &memory, (uint32_t)ring.tail + 1); /* while the block is open */
        if (rng_below(&stream, 3) == 0)
            ring.head = before; /* dropped */
        else
            ring.done = ring.head; /* final */
    }
    ck_assert_uint_gt(ring.tail, 100000);
    for (; ring.head < ring.tail; ring.head++)
        ck_assert_uint_eq(input_ring_at(&ring, ring.head), ring.head + 1);
    input_ring_destroy(&ring, &memory);
    ck_assert_uint_eq(memory.used_bytes, 0);
}
END_TEST

CHECK_MAIN("input_ring", inputs_come_in_order_through_drops_and_growth)
