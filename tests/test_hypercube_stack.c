/* Goal: hypercube messaging under the real engine and chain layer delivers every message once, in
 * order, over as many links as the addresses ask for, whatever is lost, dropped or crashed.
 * Method: the toy ledger of support_stack.h, seeded random loads, and an independent count of the
 * links. Properties are checked in every run: a violation ends it, and each test sees that. */

#include "tests/check_main.h"
#include "tests/support_cube.h"

/* TON-20, TON-31, TON-33, TON-36, TON-47, TON-50: every link but the last is one forwarding
 * transaction; every link is one removal from a queue; nothing is left. */
START_TEST(slow_path_takes_as_many_links_as_digits_differ)
{
    for (unsigned digit_bits = 1; digit_bits <= 8; digit_bits++) {
        struct support_stack *support = stack_of(32, SLOW);
        support_stack_set(support, "digit_bits", digit_bits);
        struct expected expected = load(support, 5, digit_bits, 150, digit_bits);
        support_stack_run(support);
        expect_all_delivered(support, &expected);
        ck_assert_uint_eq(counter(support, "forwards"), expected.links - expected.across);
        ck_assert_uint_eq(counter(support, "dequeues"), expected.links);
        ck_assert_uint_eq(counter(support, "queued"), 0);
        ck_assert_uint_eq(counter(support, "packets_resent"), 0);
        support_stack_free(support);
    }
}
END_TEST

/* TON-34, TON-36: N = 256 needs at most one intermediate shard. */
START_TEST(shards_of_two_digits_need_one_intermediate)
{
    struct support_stack *support = stack_of(256, SLOW);
    for (uint32_t to = 0; to < 60; to++)
        support_stack_job(support, 100 * MS, 17, 1, (int32_t)to);
    support_stack_run(support);
    expect_held(support);
    uint64_t forwards = 0;
    for (uint32_t to = 0; to < 60; to++)
        forwards += to >> 4 != 1 && (to & 15) != 1;
    ck_assert_uint_eq(counter(support, "forwards"), forwards);
    support_stack_free(support);
}
END_TEST

/* TON-37, TON-45: each shard on the way is one block; the slots tell. TON-38, TON-39: the instant
 * path needs one block, whatever lies between. */
START_TEST(every_intermediate_shard_costs_a_block_and_the_instant_path_none)
{
    uint64_t slots[PATHS] = {3, 2, 2};
    for (int path = 0; path < PATHS; path++) {
        struct support_stack *support = stack_of(32, path);
        support_stack_job(support, 300 * MS, 0, 1, 31); /* 00000 -> 1111 0 -> 1111 1 */
        support_stack_run(support);
        expect_held(support);
        uint32_t delivering = 0;
        for (uint32_t i = 0; i < support->block_count && delivering == 0; i++)
            if (support->blocks[i].items > 0 && i > 0 &&
                support->blocks[i].chain == (1U << 21 | 63U))
                delivering = i;
        ck_assert_uint_gt(delivering, 0);
        ck_assert_uint_eq(support->blocks[delivering].time_ns, slots[path] * SECOND);
        ck_assert_uint_eq(support->received, 1);
        support_stack_free(support);
    }
}
END_TEST

/* TON-57, TON-58, TON-59: to the own shard in the emitting block, without a queue. */
START_TEST(own_messages_are_delivered_in_their_block)
{
    struct support_stack *support = stack_of(4, SLOW);
    support_stack_job(support, 300 * MS, 2, 5, 2);
    support_stack_run(support);
    expect_held(support);
    ck_assert_uint_eq(support->block_count, 1);
    ck_assert_uint_eq(support->received, 5);
    ck_assert_uint_eq(counter(support, "dequeues"), 0);
    support_stack_free(support);
}
END_TEST

/* TON-59: the delivering transaction refers to the body that the emitting one has, so its block
 * grows by a note, while a shard that imports the same message has the body in its own block. */
START_TEST(the_body_of_an_own_message_is_not_copied)
{
    enum { ITEMS = 5, BODY = 200, NOTE = 40 };
    uint32_t emitting[2];
    for (int32_t own = 0; own < 2; own++) {
        struct support_stack *support = stack_of(4, SLOW);
        support_stack_job(support, 300 * MS, 2, ITEMS, own ? 2 : 3);
        support_stack_run(support);
        expect_held(support);
        emitting[own] = support->blocks[0].bytes;
        if (!own)
            ck_assert_uint_ge(support->blocks[1].bytes, ITEMS * (BODY + NOTE));
        support_stack_free(support);
    }
    ck_assert_uint_eq(emitting[1], emitting[0] + ITEMS * NOTE);
}
END_TEST

/* TON-57: when the block is full they stand in the own queue, and the own neighbour imports them.
 */
START_TEST(own_messages_that_do_not_fit_go_through_the_own_queue)
{
    struct support_stack *support = stack_of(4, SLOW);
    support->chain.block_limit.gas = 6000;
    support_stack_job(support, 300 * MS, 2, 40, 2);
    support_stack_run(support);
    expect_held(support);
    ck_assert_uint_eq(support->received, 40);
    ck_assert_uint_ge(support->block_count, 40 * 1000 / 6000);
    ck_assert_uint_eq(counter(support, "queued"), 0);
    support_stack_free(support);
}
END_TEST

/* TON-26, TON-27, TON-35: what does not fit stays in the sources' queues and comes later, all of
 * it. */
START_TEST(full_blocks_leave_messages_in_the_queues_of_their_sources)
{
    struct support_stack *support = stack_of(16, SLOW);
    support->chain.block_limit.gas = 8000;
    for (uint32_t from = 1; from < 16; from++)
        support_stack_job(support, 100 * MS, from, 10, 0);
    support_stack_run(support);
    expect_held(support);
    ck_assert_uint_eq(support->received, 150);
    uint32_t blocks_of_0 = 0;
    for (uint32_t i = 0; i < support->block_count; i++) {
        blocks_of_0 += support->blocks[i].chain == (1U << 21 | 16U);
        ck_assert_uint_le(support->blocks[i].gas, 8000);
    }
    ck_assert_uint_ge(blocks_of_0, 150 * 1000 / 8000);
    ck_assert_uint_gt(counter(support, "packets_resent"), 0); /* asked after, and answered */
    ck_assert_uint_eq(counter(support, "duplicates_discarded"), 0);
    ck_assert_uint_eq(counter(support, "queued"), 0);
    support_stack_free(support);
}
END_TEST

static void drop_packets(struct support_stack *support, int64_t percent)
{
    support->scenario.network.loss = percent * 10000 * PER_MILLION;
    support->scenario.duration_ns = 400 * SECOND;
}

/* TON-3, TON-30, TON-35, TON-48: nothing is lost and nothing comes twice, on every path, with
 * either memory of what came, when packets of all kinds are lost. */
START_TEST(lost_packets_lose_no_message_and_double_none)
{
    for (uint64_t seed = 1; seed <= 6; seed++)
        for (int variant = 0; variant < 4; variant++) {
            struct support_stack *support = stack_of(32, variant == 3 ? SLOW : variant);
            support_stack_set(support, "dedup", variant == 3 ? WATERMARK : SET);
            support->scenario.seed = seed;
            drop_packets(support, 20);
            struct expected expected = load(support, 5, 4, 100, seed);
            support_stack_run(support);
            expect_all_delivered(support, &expected);
            ck_assert_uint_eq(counter(support, "queued"), 0);
            ck_assert_uint_gt(
                counter(support, variant == INSTANT ? "instant_resent" : "packets_resent"), 0);
            support_stack_free(support);
        }
}
END_TEST

/* TON-29, TON-35: what is too much for one packet goes in several, and each may be lost. */
START_TEST(a_large_block_goes_in_several_packets)
{
    for (int dedup = SET; dedup <= WATERMARK; dedup++) {
        struct support_stack *support = stack_of(16, SLOW);
        support_stack_set(support, "dedup", dedup);
        support->chain.block_limit.gas = 2000000000;
        support->chain.block_limit.bytes = 1 << 30;
        drop_packets(support, 40);
        support_stack_job(support, 100 * MS, 0, 9000, 1);
        support_stack_job(support, 200 * MS, 0, 9000, 2);
        support_stack_run(support);
        expect_held(support);
        ck_assert_uint_eq(support->received, 18000);
        ck_assert_uint_eq(counter(support, "queued"), 0);
        support_stack_free(support);
    }
}
END_TEST

/* TON-46 as deployed, and jitter: packets that overtake each other change no order. */
START_TEST(jitter_and_loss_keep_the_order_of_queues)
{
    for (int variant = 0; variant < 4; variant++) {
        struct support_stack *support = stack_of(8, SLOW);
        support_stack_set(support, "order", variant % 2);
        support_stack_set(support, "digit_bits", 1);
        support->chain.visibility = variant / 2;
        support->scenario.network.jitter = (struct distribution){
            .type = DISTRIBUTION_UNIFORM, .location = 0, .spread = 3 * (int64_t)SECOND};
        drop_packets(support, 10);
        struct expected expected = load(support, 3, 1, 300, 7);
        support_stack_run(support);
        expect_all_delivered(support, &expected);
        support_stack_free(support);
    }
}
END_TEST

/* A dropped block gives everything back: the same messages come, only later. */
START_TEST(dropped_blocks_change_nothing_but_times)
{
    for (int path = 0; path < PATHS; path++)
        for (int dedup = SET; dedup <= (path == SLOW ? WATERMARK : SET); dedup++) {
            struct support_stack *support = stack_of(32, path);
            support_stack_set(support, "dedup", dedup);
            support->chain.drop_every = 2;
            support->scenario.duration_ns = 120 * SECOND;
            struct expected expected = load(support, 5, 4, 150, 3);
            support_stack_run(support);
            expect_all_delivered(support, &expected);
            if (path == SLOW) {
                ck_assert_uint_eq(counter(support, "forwards"), expected.links - expected.across);
                ck_assert_uint_eq(counter(support, "dequeues"), expected.links);
            }
            ck_assert_uint_eq(counter(support, "queued"), 0);
            support_stack_free(support);
        }
}
END_TEST

/* TON-30: a crashed shard finds its queues and its view again, and its timers are set anew. */
START_TEST(crashes_lose_no_message)
{
    for (int path = 0; path < PATHS; path++) {
        struct support_stack *support = stack_of(32, path);
        static struct fault_target targets[4];
        static struct fault_spec specs[4];
        for (uint32_t i = 0; i < 4; i++) {
            targets[i] = (struct fault_target){
                .type = TARGET_NODES, .role = "shard", .first = i * 8, .last = i * 8 + 3};
            specs[i] = (struct fault_spec){.type = FAULT_CRASH,
                                           .at_ns = (3 + 4 * i) * SECOND + 50 * MS,
                                           .for_ns = 5 * SECOND,
                                           .target = {&targets[i], 1}};
        }
        support->scenario.faults = (struct fault_plan){specs, 4};
        support->scenario.duration_ns = 200 * SECOND;
        load(support, 5, 4, 200, 11);
        support_stack_run(support);
        expect_held(support);
        /* A job for a chain that is down is lost before it is a message. */
        ck_assert_uint_gt(support->sent, 100);
        ck_assert_uint_eq(support->received, support->sent);
        ck_assert_uint_eq(counter(support, "messages_delivered"), support->sent);
        ck_assert_uint_eq(counter(support, "queued"), 0);
        support_stack_free(support);
    }
}
END_TEST

/* TON-48, TON-49: the set lets go when the removal from the source's queue is seen; so it stays
 * small while messages go on. */
START_TEST(deduplication_sets_stay_bounded)
{
    for (int path = 0; path < PATHS; path++) {
        struct support_stack *support = stack_of(8, path);
        support_stack_set(support, "digit_bits", 1);
        support->scenario.duration_ns = 300 * SECOND;
        for (uint32_t second = 0; second < 290; second++)
            support_stack_job(support, second * SECOND, second % 8, 3, (int32_t)(7 - second % 8));
        support_stack_run(support);
        expect_held(support);
        uint64_t remembered = counter(support, "remembered");
        ck_assert_uint_eq(support->received, 290 * 3);
        ck_assert_msg(remembered < 260, "path %d: %llu", path, (unsigned long long)remembered);
        support_stack_free(support);
    }
}
END_TEST

/* TON-43, TON-44: copies are stopped on the way, or discarded at the end; never executed twice. */
START_TEST(both_paths_run_in_parallel_and_one_delivers)
{
    struct support_stack *support = stack_of(32, BOTH);
    struct expected expected = load(support, 5, 4, 200, 5);
    support_stack_run(support);
    expect_all_delivered(support, &expected);
    ck_assert_uint_eq(counter(support, "instant_sent"), expected.across);
    uint64_t instant = counter(support, "instant_delivered");
    ck_assert_uint_gt(instant, 0);
    /* Each message has one copy too many: slow after instant, or instant after slow. */
    ck_assert_uint_gt(counter(support, "slow_stopped"), 0);
    ck_assert_uint_ge(counter(support, "duplicates_discarded"), expected.across - instant);
    ck_assert_uint_eq(counter(support, "packets_resent"), 0); /* stops are known to neighbours */
    ck_assert_uint_eq(counter(support, "queued"), 0);
    support_stack_free(support);
}
END_TEST

/* TON-38, TON-40, TON-42: alone, the instant path delivers all; nothing is in any queue. */
START_TEST(instant_path_alone_uses_no_queue)
{
    struct support_stack *support = stack_of(32, INSTANT);
    struct expected expected = load(support, 5, 4, 200, 5);
    support_stack_run(support);
    expect_all_delivered(support, &expected);
    ck_assert_uint_eq(counter(support, "instant_delivered"), expected.across);
    ck_assert_uint_eq(counter(support, "forwards"), 0);
    ck_assert_uint_eq(counter(support, "dequeues"), 0);
    ck_assert_uint_eq(counter(support, "instant_resent"), 0);
    ck_assert_uint_eq(counter(support, "queued"), 0);
    support_stack_free(support);
}
END_TEST

/* TON-28, TON-50: a queue holds what its shard made or took over and nobody has delivered. */
START_TEST(queues_hold_what_is_made_or_in_transit)
{
    static const uint64_t after_ms[] = {900, 1050, 1150, 2150, 3150, 4150};
    static const uint64_t queued[] = {0, 0, 3, 4, 1, 0};
    for (size_t i = 0; i < sizeof queued / sizeof queued[0]; i++) {
        struct support_stack *support = stack_of(32, SLOW);
        support->options.until_ns = after_ms[i] * MS;
        support_stack_job(support, 300 * MS, 0, 1, 1);  /* the last digit differs: one link  */
        support_stack_job(support, 300 * MS, 0, 1, 16); /* the first one: one link            */
        support_stack_job(support, 300 * MS, 0, 1, 31); /* both: two links                    */
        support_stack_job(support, 300 * MS, 0, 1, 0);  /* none: no queue                     */
        support_stack_run(support);
        /* The entries of the source stay until the next block after the import is final. */
        ck_assert_msg(counter(support, "queued") == queued[i], "at %llu ms: %llu",
                      (unsigned long long)after_ms[i],
                      (unsigned long long)counter(support, "queued"));
        support_stack_free(support);
    }
}
END_TEST

/* TON-37, TON-R15: with a masterchain nothing is imported before it shows its block; the instant
 * path does not wait for it where it need not (TON-40). */
START_TEST(masterchain_delays_every_hop_but_no_proof)
{
    for (int path = SLOW; path < PATHS; path++) {
        struct support_stack *support = stack_of(32, path);
        support->chain.visibility = 1;
        support->chain.masterchain.block_interval_ns = 3 * (int64_t)SECOND;
        support->scenario.duration_ns = 200 * SECOND;
        support_stack_set(support, "instant_newer", NEWER_ACCEPT);
        struct expected expected = load(support, 5, 4, 100, 2);
        support_stack_run(support);
        expect_all_delivered(support, &expected);
        ck_assert_uint_eq(counter(support, "queued"), 0);
        if (path == BOTH) {
            ck_assert_uint_eq(counter(support, "instant_delivered"), expected.across);
            /* TON-43, TON-44: the confirmation reaches the source, and each copy that is on its
             * way past an intermediate shard stops there. */
            ck_assert_uint_eq(counter(support, "slow_stopped"), expected.across);
            ck_assert_uint_eq(counter(support, "forwards"), 0);
            ck_assert_uint_gt(counter(support, "duplicates_discarded"), 0);
        }
        support_stack_free(support);
    }
}
END_TEST

/* TON-47, TON-R32: the source removes its entry only when the importing block may be seen. */
START_TEST(removal_waits_until_the_import_is_visible)
{
    struct support_stack *support = stack_of(16, SLOW);
    support->chain.visibility = 1;
    support->chain.masterchain.block_interval_ns = 10 * (int64_t)SECOND;
    support_stack_job(support, 300 * MS, 0, 1, 9);
    support_stack_run(support);
    expect_held(support);
    /* Made at 1 s, shown at 10.1 s; imported at 11 s, shown at 20.1 s; removed at 21 s. */
    ck_assert_uint_eq(support->block_count, 3);
    ck_assert_uint_eq(support->blocks[0].time_ns, 1 * SECOND);
    ck_assert_uint_eq(support->blocks[1].time_ns, 11 * SECOND);
    ck_assert_uint_eq(support->blocks[2].time_ns, 21 * SECOND);
    ck_assert_uint_eq(support->blocks[2].chain, support->blocks[0].chain);
    ck_assert_uint_eq(counter(support, "dequeues"), 1);
    support_stack_free(support);
}
END_TEST

/* The order in which groups run inside a window changes nothing: chains share no memory. */
START_TEST(chains_share_no_memory)
{
    for (int path = 0; path < PATHS; path++) {
        uint64_t hash = 0;
        for (uint64_t order = 0; order < 4; order++) {
            struct support_stack *support = stack_of(32, path);
            support->options.group_order = order;
            support->chain.drop_every = 3;
            drop_packets(support, 10);
            load(support, 5, 4, 100, 9);
            support_stack_run(support);
            expect_held(support);
            if (order == 0)
                hash = support->result.result_hash[0];
            ck_assert_uint_eq(support->result.result_hash[0], hash);
            support_stack_free(support);
        }
    }
}
END_TEST

/* TON-32: a million shards cost nothing until they talk. */
START_TEST(idle_shards_cost_no_event)
{
    uint64_t events[2];
    int64_t shards[2] = {16, 4096};
    for (int i = 0; i < 2; i++) {
        struct support_stack *support = stack_of(shards[i], SLOW);
        support->chain.clock = CLOCK_ALIGNED;
        support_stack_job(support, 300 * MS, 0, 3, 1);
        support_stack_run(support);
        expect_held(support);
        ck_assert_uint_eq(support->received, 3);
        events[i] = support->result.events;
        support_stack_free(support);
    }
    ck_assert_uint_eq(events[0], events[1]);
}
END_TEST

CHECK_MAIN("hypercube_stack", slow_path_takes_as_many_links_as_digits_differ,
           shards_of_two_digits_need_one_intermediate,
           every_intermediate_shard_costs_a_block_and_the_instant_path_none,
           own_messages_are_delivered_in_their_block, the_body_of_an_own_message_is_not_copied,
           own_messages_that_do_not_fit_go_through_the_own_queue,
           full_blocks_leave_messages_in_the_queues_of_their_sources,
           lost_packets_lose_no_message_and_double_none, a_large_block_goes_in_several_packets,
           jitter_and_loss_keep_the_order_of_queues, dropped_blocks_change_nothing_but_times,
           crashes_lose_no_message, deduplication_sets_stay_bounded,
           both_paths_run_in_parallel_and_one_delivers, instant_path_alone_uses_no_queue,
           queues_hold_what_is_made_or_in_transit, masterchain_delays_every_hop_but_no_proof,
           removal_waits_until_the_import_is_visible, chains_share_no_memory,
           idle_shards_cost_no_event)
