/* Goal: slots and masterchain visibility (TON-R15, TON-R16, TON-37). Method: against slow loops
 * over all slots; fixed seed. */

#include "models/chain/chain_clock.h"

#include "tests/check_main.h"

enum { ROUNDS = 300 };

static const struct rng rng = {.seed = 11, .replication = 0};

START_TEST(next_slot_is_strictly_later)
{
    for (uint64_t interval = 1; interval <= 12; interval++)
        for (uint64_t phase = 0; phase < interval; phase++) {
            uint64_t expected = phase > 0 ? phase : interval;
            uint64_t slot = 1;
            for (uint64_t now = 0; now < 5 * interval; now++) {
                if (now == expected) {
                    expected += interval;
                    slot++;
                }
                ck_assert_uint_eq(clock_next(phase, interval, now), expected);
                ck_assert_uint_eq(clock_slots(phase, interval, now), slot - 1);
                ck_assert_uint_eq(clock_slot(phase, interval, slot), expected);
            }
        }
}
END_TEST

START_TEST(phases_fill_the_interval_evenly)
{
    enum { CHAINS = 20000, BINS = 10, INTERVAL = 1000000 };
    uint32_t bins[BINS] = {0};
    for (uint32_t i = 0; i < CHAINS; i++) {
        uint64_t phase = clock_phase(&rng, (uint64_t)i << 4, INTERVAL);
        ck_assert_uint_lt(phase, INTERVAL);
        ck_assert_uint_eq(phase, clock_phase(&rng, (uint64_t)i << 4, INTERVAL));
        bins[phase * BINS / INTERVAL]++;
    }
    for (int i = 0; i < BINS; i++) { /* mean 2000, five deviations are 212 */
        ck_assert_uint_gt(bins[i], 2000 - 212);
        ck_assert_uint_lt(bins[i], 2000 + 212);
    }
}
END_TEST

START_TEST(gaps_are_exponential_with_the_interval_as_mean)
{
    enum { GAPS = 40000, INTERVAL = 1000000 };
    double sum = 0;
    uint32_t beyond = 0;
    for (uint64_t i = 0; i < GAPS; i++) {
        uint64_t gap = clock_gap(&rng, 48, i, INTERVAL);
        ck_assert_uint_gt(gap, 0);
        ck_assert_uint_eq(gap, clock_gap(&rng, 48, i, INTERVAL));
        sum += (double)gap;
        beyond += gap > 2 * INTERVAL;
    }
    /* Deviation of the mean: interval / 200; of the share beyond 2 (e^-2 = 0.1353): 0.00171. */
    ck_assert_double_gt(sum / GAPS, INTERVAL * (1 - 5.0 / 200));
    ck_assert_double_lt(sum / GAPS, INTERVAL * (1 + 5.0 / 200));
    ck_assert_double_gt((double)beyond / GAPS, 0.1353 - 5 * 0.00171);
    ck_assert_double_lt((double)beyond / GAPS, 0.1353 + 5 * 0.00171);
}
END_TEST

/* TON-R15, TON-R16 */
START_TEST(masterchain_shows_a_block_with_its_next_one)
{
    for (uint64_t delay = 0; delay <= 25; delay += 5)
        for (uint64_t phase = 0; phase < 10; phase += 3) {
            struct master_clock clock = {.phase_ns = phase, .interval_ns = 10, .delay_ns = delay};
            for (uint64_t final = 0; final < ROUNDS; final++) {
                uint64_t seqno = 0;
                uint64_t seen = master_clock_visible(&clock, final, &seqno);
                uint64_t slot = 1;
                while (clock_slot(phase, 10, slot) <= final)
                    slot++;
                ck_assert_uint_eq(seqno, slot);
                ck_assert_uint_eq(seen, clock_slot(phase, 10, slot) + delay);
                /* Who makes a block then refers to that masterchain block, and not before. */
                ck_assert_uint_eq(master_clock_final(&clock, seen), seqno);
                ck_assert_uint_eq(master_clock_final(&clock, seen - 1), seqno - 1);
            }
        }
}
END_TEST

CHECK_MAIN("chain_clock", next_slot_is_strictly_later, phases_fill_the_interval_evenly,
           gaps_are_exponential_with_the_interval_as_mean,
           masterchain_shows_a_block_with_its_next_one)
