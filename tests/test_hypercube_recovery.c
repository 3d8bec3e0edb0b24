/* Goal: after loss, an outage or congestion hypercube messaging comes to rest: what waited follows
 * soon, and what is sent again does not keep an uplink full for ever.
 * Method: the toy ledger of support_stack.h with slow uplinks, partitions and loss; the time by
 * which all must be delivered is reckoned by hand from the parameters of the run. */

#include "tests/check_main.h"
#include "tests/support_cube.h"

static struct fault_target sides[2] = {
    {.type = TARGET_NODES, .role = "shard", .first = 0, .last = 7},
    {.type = TARGET_NODES, .role = "shard", .first = 8, .last = 15}};
static struct fault_group groups[2] = {{&sides[0], 1}, {&sides[1], 1}};
static struct fault_spec partition = {.type = FAULT_PARTITION, .groups = groups, .group_count = 2};

/* Shards 0..7 and 8..15 do not hear each other. */
static void part(struct support_stack *support, uint64_t at_ns, uint64_t for_ns)
{
    partition.at_ns = at_ns;
    partition.for_ns = for_ns;
    support->scenario.faults = (struct fault_plan){&partition, 1};
}

/* TON-30, TON-35: 400 messages of 200 bytes take 100 s at 10 kbit/s, far longer than `resend`. All
 * copies of all messages every 4 s would never let the queue of the uplink end. */
START_TEST(copies_do_not_fill_a_slow_uplink)
{
    for (int path = 0; path < PATHS; path++) {
        struct support_stack *support = stack_of(16, path);
        /* A proof is refused after 18 s, so the queue must be shorter than that now and then. */
        support->scenario.network.bandwidth_bit_per_s = path == INSTANT ? 20000 : 10000;
        support->scenario.duration_ns = 1200 * SECOND;
        for (uint32_t i = 0; i < 40; i++)
            support_stack_job(support, (1 + i) * SECOND, 0, 10, (int32_t)(1 + i % 15));
        support_stack_run(support);
        expect_held(support);
        ck_assert_msg(support->received == 400, "path %d: %llu of 400", path,
                      (unsigned long long)support->received);
        ck_assert_uint_eq(counter(support, "queued"), 0);
        uint64_t again = counter(support, "packets_resent") + counter(support, "instant_resent");
        ck_assert_msg(again < 3000, "path %d: %llu packets again", path, (unsigned long long)again);
        support_stack_free(support);
    }
}
END_TEST

/* TON-30, TON-35: a neighbour that sees a gap says so, and the backlog follows: `resend` is 100 s
 * and plays no part. The partition ends at 50 s; the block of 50 s is final at 50.1 s, its entries
 * show the gap, what is missing is there by 50.2 s, and the block of 51 s delivers it. */
START_TEST(a_backlog_follows_the_first_packet_that_comes_through)
{
    for (int dedup = SET; dedup <= WATERMARK; dedup++) {
        struct support_stack *support = stack_of(16, SLOW);
        support_stack_set(support, "resend", 100 * (int64_t)SECOND);
        support_stack_set(support, "dedup", dedup);
        for (uint32_t i = 0; i < 60; i++)
            support_stack_job(support, i * SECOND + 500 * MS, 3, 2, 12);
        part(support, 10 * SECOND, 40 * SECOND);
        support->options.until_ns = 52 * SECOND;
        support_stack_run(support);
        /* Made by the blocks of 1 s to 50 s. */
        ck_assert_uint_ge(support->received, 2 * 50);
        ck_assert_uint_le(counter(support, "packets_resent"), 2);
        support_stack_free(support);
    }
}
END_TEST

/* TON-30: with nothing new to send, a question every `resend` of 4 s finds out. */
START_TEST(a_backlog_without_news_follows_a_question)
{
    for (int path = SLOW; path < PATHS; path++) {
        struct support_stack *support = stack_of(16, path);
        for (uint32_t i = 0; i < 20; i++)
            support_stack_job(support, i * SECOND + 500 * MS, 3, 2, 12);
        part(support, 10 * SECOND, 40 * SECOND);
        support->scenario.duration_ns = 400 * SECOND;
        /* On the instant path copies are 2, 4, 8 and then 16 s apart. */
        support->options.until_ns = (path == INSTANT ? 68 : 56) * SECOND;
        support_stack_run(support);
        ck_assert_msg(support->received == 40, "path %d: %llu", path,
                      (unsigned long long)support->received);
        uint64_t again = counter(support, "packets_resent");
        ck_assert_uint_le(again, 2 * (40 / 4 + 3));
        support_stack_free(support);
    }
}
END_TEST

/* TON-47, TON-R31: what the neighbour holds and has not imported stays in the source's queue,
 * however often it is asked after. */
START_TEST(entries_stay_until_they_are_imported)
{
    for (uint64_t until = 5; until <= 40; until += 5) {
        struct support_stack *support = stack_of(16, SLOW);
        support->chain.block_limit.gas = 2000;
        support->chain.block_limit.bytes = 1000;
        for (uint32_t from = 1; from < 5; from++)
            support_stack_job(support, 100 * MS, from, 12, 0);
        support->options.until_ns = until * SECOND;
        support_stack_run(support);
        ck_assert_uint_le(counter(support, "dequeues"), support->received);
        if (until >= 10)
            ck_assert_uint_gt(counter(support, "packets_resent"), 0);
        support_stack_free(support);
    }
}
END_TEST

/* TON-R51: a proof is not executed while older messages wait in a queue in view; here that is the
 * message's own slow copy, which comes at the same time over one link. */
START_TEST(queues_in_view_go_before_proofs)
{
    struct support_stack *support = stack_of(16, BOTH);
    for (uint32_t i = 0; i < 30; i++)
        support_stack_job(support, i * 300 * MS, i % 16, 2, (int32_t)(i * 7 % 16));
    support_stack_run(support);
    expect_held(support);
    ck_assert_uint_eq(support->received, 60);
    ck_assert_uint_gt(counter(support, "instant_sent"), 0);
    ck_assert_uint_eq(counter(support, "instant_delivered"), 0);
    support_stack_free(support);
}
END_TEST

/* TON-R29: a watermark knows whole blocks. One part of a large block comes, a later message of
 * another shard is imported, and then the rest of the block is not taken for processed. */
START_TEST(watermarks_wait_for_whole_blocks)
{
    for (uint64_t seed = 1; seed <= 5; seed++) {
        struct support_stack *support = stack_of(16, SLOW);
        support_stack_set(support, "dedup", WATERMARK);
        support->scenario.seed = seed;
        support->scenario.network.loss = 40 * 10000 * PER_MILLION;
        support->scenario.duration_ns = 300 * SECOND;
        support->chain.block_limit.gas = 2000000000;
        support->chain.block_limit.bytes = 1 << 30;
        support_stack_job(support, 100 * MS, 0, 9000, 1);
        for (uint32_t i = 0; i < 40; i++)
            support_stack_job(support, i * SECOND + 100 * MS, 2, 1, 1);
        support_stack_run(support);
        expect_held(support);
        ck_assert_msg(support->received == 9040, "seed %llu: %llu", (unsigned long long)seed,
                      (unsigned long long)support->received);
        support_stack_free(support);
    }
}
END_TEST

/* TON-29, TON-58, TON-R27: a message to the own shard does not overtake one that waits, although it
 * is smaller than what no longer fits. Whatever the size of blocks, there is one that tempts it. */
START_TEST(own_messages_do_not_overtake_the_queue)
{
    for (int64_t bytes = 400; bytes < 1600; bytes += 10) {
        struct support_stack *support = stack_of(4, SLOW);
        support->chain.block_limit.bytes = bytes;
        support->scenario.duration_ns = 200 * SECOND;
        for (uint32_t i = 0; i < 20; i++) {
            support_stack_job(support, (1 + i) * 500 * MS, 2, 3, 2);
            support_stack_job(support, (1 + i) * 500 * MS, i % 2, 2, 2);
        }
        support_stack_run(support);
        expect_held(support);
        ck_assert_uint_eq(support->received, 100);
        support_stack_free(support);
    }
}
END_TEST

CHECK_MAIN("hypercube_recovery", copies_do_not_fill_a_slow_uplink,
           a_backlog_follows_the_first_packet_that_comes_through,
           a_backlog_without_news_follows_a_question, entries_stay_until_they_are_imported,
           queues_in_view_go_before_proofs, watermarks_wait_for_whole_blocks,
           own_messages_do_not_overtake_the_queue)
