/* Goal: what a block may hold and which class it has are what TON-R33 to R37 say. Method: every
 * small set of thresholds and values against a slow version written from the rules' words, and the
 * deployed values at their edges. */

#include "models/chain/block_limits.h"

#include "tests/check_main.h"

enum { TOP = 7 };

/* The class by counting thresholds that are reached, with medium as in the rule. */
static unsigned slow_class(struct limit_steps steps, uint64_t value)
{
    uint64_t limit[4] = {steps.underload, steps.soft, 0, steps.hard};
    unsigned reached = 0;
    limit[2] = steps.soft + (steps.hard - steps.soft) / 2;
    for (unsigned i = 0; i < 4; i++)
        reached += value >= limit[i];
    return reached;
}

/* TON-R33 */
START_TEST(the_class_is_the_number_of_thresholds_reached)
{
    uint32_t cases = 0;
    for (uint64_t underload = 0; underload < TOP; underload++)
        for (uint64_t soft = underload; soft < TOP; soft++)
            for (uint64_t hard = soft; hard < TOP; hard++)
                for (uint64_t value = 0; value < TOP + 2; value++, cases++) {
                    struct limit_steps steps = {underload, soft, hard};
                    ck_assert_uint_eq(limit_steps_class(&steps, value), slow_class(steps, value));
                }
    ck_assert_uint_eq(cases, 84 * (TOP + 2));
}
END_TEST

/* TON-R33: fits(c) is "below limit c", with normal below soft and soft below medium. */
START_TEST(fits_means_below_the_limit_of_the_class)
{
    const struct limit_steps steps = {10, 20, 40};
    const struct block_limits limits = {.of = {steps, steps, steps}, .stepped = true};
    const uint64_t limit[4] = {10, 20, 30, 40};
    for (unsigned of = 0; of < LIMIT_COUNT; of++)
        for (unsigned c = 0; c < 4; c++)
            for (uint64_t value = 0; value < 60; value++) {
                struct block_load load = {0};
                load.of[of] = value;
                ck_assert_int_eq(block_limits_fits(&limits, (enum block_class)c, &load),
                                 value < limit[c]);
            }
    const struct block_load most = {{UINT64_MAX, UINT64_MAX, UINT64_MAX}};
    ck_assert(block_limits_fits(&limits, CLASS_HARD, &most));
}
END_TEST

static struct block_limits stepped(void)
{
    return (struct block_limits){
        .of = {{131072, 524288, 1048576}, {2000000, 10000000, 20000000}, {1000, 5000, 10000}},
        .stepped = true,
        .externals = true};
}

/* TON-R33, TON-R36: the highest class of all parameters, at the edges of the deployed values. */
START_TEST(a_block_has_the_highest_class_of_its_parameters)
{
    const struct block_limits limits = stepped();
    const uint64_t edges[LIMIT_COUNT][4] = {{131072, 524288, 786432, 1048576},
                                            {2000000, 10000000, 15000000, 20000000},
                                            {1000, 5000, 7500, 10000}};
    for (unsigned bytes = 0; bytes <= 4; bytes++)
        for (unsigned gas = 0; gas <= 4; gas++)
            for (unsigned lt = 0; lt <= 4; lt++)
                for (uint64_t below = 0; below < 2; below++) {
                    const unsigned steps[LIMIT_COUNT] = {bytes, gas, lt};
                    struct block_load load;
                    unsigned highest = 0;
                    for (unsigned i = 0; i < LIMIT_COUNT; i++) {
                        /* Exactly at the threshold that begins the class, or at its last value. */
                        uint64_t low = steps[i] == 0 ? 0 : edges[i][steps[i] - 1];
                        uint64_t high = steps[i] == 4 ? low : edges[i][steps[i]] - 1;
                        load.of[i] = below ? high : low;
                        highest = steps[i] > highest ? steps[i] : highest;
                    }
                    ck_assert_uint_eq(block_limits_class(&limits, &load), highest);
                    for (unsigned upto = 0; upto <= 4; upto++)
                        ck_assert_int_eq(block_limits_fits(&limits, (enum block_class)upto, &load),
                                         highest <= upto || upto == 4);
                }
}
END_TEST

/* TON-R35: the limit is looked at before an item, so one may overshoot; messages stop at soft,
 * inputs at medium, and what a transaction of the block made is always in it. */
START_TEST(each_kind_of_item_stops_at_its_own_limit)
{
    const struct block_limits limits = stepped();
    const struct block_load huge = {{UINT32_MAX, UINT32_MAX, 0}};
    const struct block_load loads[] = {{{0, 9999999, 0}},  {{0, 10000000, 0}}, {{0, 14999999, 0}},
                                       {{0, 15000000, 0}}, {{0, 0, 4999}},     {{0, 0, 5000}},
                                       {{522287, 0, 0}},   {{522288, 0, 0}}, /* and 2000: R34 */
                                       {{784431, 0, 0}},   {{784432, 0, 0}}};
    const bool internal[] = {true, false, false, false, true, false, true, false, false, false};
    const bool external[] = {true, true, true, false, true, true, true, true, true, false};
    for (unsigned i = 0; i < sizeof loads / sizeof loads[0]; i++) {
        ck_assert_int_eq(block_limits_admit(&limits, &loads[i], 1, CHARGE_INTERNAL, &huge),
                         internal[i]);
        ck_assert_int_eq(block_limits_admit(&limits, &loads[i], 1, CHARGE_EXTERNAL, &huge),
                         external[i]);
        ck_assert(block_limits_admit(&limits, &loads[i], 1, CHARGE_EMITTED, &huge));
    }
}
END_TEST

/* TON-27: with one plain limit an item that goes beyond it waits; the first item of a block never
 * waits, nor what a transaction of the block made. */
START_TEST(a_plain_limit_is_passed_only_by_a_first_item_and_what_is_in_already)
{
    struct block_limits limits = {
        .of = {limit_steps_plain(100), limit_steps_plain(1000), limit_steps_plain(UINT64_MAX)},
        .externals = true};
    for (uint64_t before = 0; before <= 100; before++)
        for (uint64_t more = 0; more <= 101; more++) {
            struct block_load load = {{before, 0, 0}}, item = {{more, 0, 0}};
            for (int kind = CHARGE_INTERNAL; kind <= CHARGE_EMITTED; kind++) {
                bool fits = block_limits_admit(&limits, &load, 1, (enum charge_kind)kind, &item);
                ck_assert_int_eq(fits, kind == CHARGE_EMITTED || before + more <= 100);
                ck_assert(block_limits_admit(&limits, &load, 0, (enum charge_kind)kind, &item));
            }
        }
}
END_TEST

/* TON-R36 */
START_TEST(each_attempt_at_a_block_has_tighter_limits)
{
    const uint64_t divisor[] = {1, 1, 2, 4, 4};
    for (uint32_t attempt = 1; attempt <= BLOCK_ATTEMPTS_MAX; attempt++) {
        const struct block_limits before = stepped();
        struct block_limits limits = before;
        block_limits_retry(&limits, attempt);
        const struct block_load none = {{0, 0, 0}};
        ck_assert_int_eq(block_limits_admit(&limits, &none, 0, CHARGE_EXTERNAL, &none),
                         attempt == 1);
        ck_assert(block_limits_admit(&limits, &none, 0, CHARGE_INTERNAL, &none));
        for (unsigned i = 0; i < LIMIT_COUNT; i++) {
            uint64_t by = i == LIMIT_LT ? 1 : divisor[attempt - 1];
            ck_assert_uint_eq(limits.of[i].underload, before.of[i].underload / by);
            ck_assert_uint_eq(limits.of[i].soft, before.of[i].soft / by);
            ck_assert_uint_eq(limits.of[i].hard, before.of[i].hard / by);
        }
    }
}
END_TEST

/* TON-R36: more than 15 s after the block before, and only if there was more than 200. */
START_TEST(a_late_block_has_little_logical_time)
{
    const uint64_t late = UINT64_C(15000000000);
    for (uint64_t hard = 199; hard <= 201; hard++)
        for (uint64_t gap = late - 1; gap <= late + 1; gap++) {
            struct block_limits limits = stepped();
            limits.of[LIMIT_LT] = (struct limit_steps){1, 2, hard};
            block_limits_late(&limits, gap);
            bool shortened = hard > 200 && gap > late;
            ck_assert_uint_eq(limits.of[LIMIT_LT].underload, shortened ? 20 : 1);
            ck_assert_uint_eq(limits.of[LIMIT_LT].soft, shortened ? 180 : 2);
            ck_assert_uint_eq(limits.of[LIMIT_LT].hard, shortened ? 200 : hard);
            ck_assert_uint_eq(limits.of[LIMIT_GAS].hard, 20000000);
        }
}
END_TEST

/* TON-R37, TON-R55 */
START_TEST(a_block_says_whether_its_chain_should_split_or_merge)
{
    const uint32_t lengths[] = {0, 2047, 2048, 4095, 4096, 100000, 100001, UINT32_MAX};
    for (unsigned i = 0; i < sizeof lengths / sizeof lengths[0]; i++)
        for (int c = CLASS_UNDERLOAD; c <= CLASS_HARD; c++)
            for (int full = 0; full < 2; full++) {
                bool busy = c >= 2 || full;
                bool over = (busy || lengths[i] >= 4096) && lengths[i] <= 100000;
                bool under = !busy && c <= 0 && lengths[i] <= 2047;
                ck_assert_int_eq(block_overloaded((enum block_class)c, lengths[i], full), over);
                ck_assert_int_eq(block_underloaded((enum block_class)c, lengths[i], full), under);
                ck_assert(!(over && under));
            }
}
END_TEST

CHECK_MAIN("block_limits", the_class_is_the_number_of_thresholds_reached,
           fits_means_below_the_limit_of_the_class, a_block_has_the_highest_class_of_its_parameters,
           each_kind_of_item_stops_at_its_own_limit,
           a_plain_limit_is_passed_only_by_a_first_item_and_what_is_in_already,
           each_attempt_at_a_block_has_tighter_limits, a_late_block_has_little_logical_time,
           a_block_says_whether_its_chain_should_split_or_merge)
