/* Goal: which messages are deferred and how many come back follows TON-R38. Method: the rule's
 * numbers written down again, and every combination at the edges. */

#include "models/messaging/dispatch_rules.h"

#include "tests/check_main.h"

/* TON-R38: "not the first of a transaction ... once it has produced 10, or the out queue exceeds
 * 256; also all while it has deferred ones". */
START_TEST(a_message_is_deferred_for_three_reasons)
{
    const uint32_t produced[] = {0, 1, 9, 10, 11}, queues[] = {0, 256, 257, 100000};
    for (unsigned p = 0; p < 5; p++)
        for (unsigned q = 0; q < 4; q++)
            for (uint64_t waiting = 0; waiting < 3; waiting++)
                for (int first = 0; first < 2; first++) {
                    struct dispatch_case message = {first, waiting, produced[p], queues[q], 10};
                    bool many = produced[p] >= 10 || queues[q] > 256;
                    ck_assert_int_eq(dispatch_defers(&message), waiting > 0 || (!first && many));
                }
}
END_TEST

/* TON-R38: 1 per sender; then at most 20 per initiator and 150 in all; then 10, 2, 1 or 0 per
 * initiator for a queue of at most 256, 512, 1500 or more, 150 in all. */
START_TEST(each_pass_takes_what_the_rule_says)
{
    const uint32_t queues[] = {0, 256, 257, 512, 513, 1500, 1501, UINT32_MAX};
    const uint32_t last[] = {10, 10, 2, 2, 1, 1, 0, 0};
    for (unsigned q = 0; q < 8; q++) {
        struct dispatch_limit limit = dispatch_limit_of(0, queues[q]);
        ck_assert_uint_eq(limit.of_sender, 1);
        ck_assert_uint_eq(limit.of_initiator, DISPATCH_ALL);
        ck_assert_uint_eq(limit.total, DISPATCH_ALL);
        limit = dispatch_limit_of(1, queues[q]);
        ck_assert_uint_eq(limit.of_sender, DISPATCH_ALL);
        ck_assert_uint_eq(limit.of_initiator, 20);
        ck_assert_uint_eq(limit.total, 150);
        limit = dispatch_limit_of(2, queues[q]);
        ck_assert_uint_eq(limit.of_sender, DISPATCH_ALL);
        ck_assert_uint_eq(limit.of_initiator, last[q]);
        ck_assert_uint_eq(limit.total, 150);
    }
}
END_TEST

CHECK_MAIN("dispatch_rules", a_message_is_deferred_for_three_reasons,
           each_pass_takes_what_the_rule_says)
