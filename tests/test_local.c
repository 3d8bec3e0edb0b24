/* Goal: the ideal messaging delivers every message once (TON-3, TON-48), whatever is lost, crashed
 * or dropped, and its checks find it when it does not. Method: the toy ledger of support_stack.h
 * under loss, faults and drops; pure parts against a plain table; fixed seeds. */

#include "models/messaging/letter_arrivals.h"
#include "models/messaging/local.h"
#include "sim/rng.h"
#include "tests/check_main.h"
#include "tests/support_stack.h"

#define MS UINT64_C(1000000)
#define SECOND UINT64_C(1000000000)
#define MILLION INT64_C(1000000)

static uint64_t counter(const struct support_stack *support, const char *metric)
{
    return (uint64_t)engine_counter(&support->result, "messaging", metric);
}

START_TEST(arrivals_equal_a_plain_table)
{
    enum { PAIRS = 6, SEQUENCES = 400 };
    static bool come[PAIRS][SEQUENCES + 1];
    const struct rng rng = {.seed = 3, .replication = 0};
    struct memory memory = {0};
    struct letter_arrivals arrivals;
    letter_arrivals_init(&arrivals, &memory);
    for (uint64_t i = 0; i < UINT64_C(20) * SEQUENCES; i++) {
        struct rng_stream stream;
        rng_stream_at(&stream, &rng, RNG_TEST, i, 0);
        uint32_t pair = (uint32_t)rng_below(&stream, PAIRS);
        uint32_t sequence = 1 + (uint32_t)rng_below(&stream, SEQUENCES);
        uint64_t key = (uint64_t)pair << 53 | pair;
        ck_assert_int_eq(letter_arrivals_has(&arrivals, key, sequence), come[pair][sequence]);
        if (!come[pair][sequence])
            letter_arrivals_note(&arrivals, key, sequence);
        come[pair][sequence] = true;
    }
    for (uint32_t pair = 0; pair < PAIRS; pair++)
        for (uint32_t sequence = 1; sequence <= SEQUENCES; sequence++)
            if (!come[pair][sequence])
                letter_arrivals_note(&arrivals, (uint64_t)pair << 53 | pair, sequence);
    ck_assert_uint_eq(arrivals.early.count, 0); /* nothing but a word a pair is left */
    ck_assert_uint_eq(arrivals.pairs.count, PAIRS);
    letter_arrivals_destroy(&arrivals);
    ck_assert_uint_eq(memory.used_bytes, 0);
}
END_TEST

START_TEST(a_message_takes_one_hop_and_the_next_block)
{
    struct support_stack *support = support_stack_new();
    support_stack_job(support, 300 * MS, 0, 1, 3);
    support_stack_run(support);
    ck_assert_uint_eq(support->block_count, 2);
    ck_assert_uint_eq(support->blocks[0].time_ns, SECOND);
    ck_assert_uint_eq(support->blocks[1].time_ns, 2 * SECOND);
    ck_assert_uint_ne(support->blocks[0].chain, support->blocks[1].chain);
    ck_assert_uint_eq(support->received, 1);
    ck_assert_uint_eq(counter(support, "messages_sent"), 1);
    ck_assert_uint_eq(counter(support, "messages_delivered"), 1);
    ck_assert_uint_eq(counter(support, "messages_resent"), 0);
    support_stack_free(support);
}
END_TEST

/* TON-58: within a shard a message is delivered in the block that emits it. */
START_TEST(a_message_to_its_own_chain_stays_in_the_block)
{
    struct support_stack *support = support_stack_new();
    support_stack_job(support, 300 * MS, 2, 3, 2);
    support_stack_run(support);
    ck_assert_uint_eq(support->block_count, 1);
    ck_assert_uint_eq(support->blocks[0].items, 6);
    ck_assert_uint_eq(support->received, 3);
    support_stack_free(support);
}
END_TEST

START_TEST(own_messages_that_do_not_fit_wait_for_the_next_block)
{
    struct support_stack *support = support_stack_new();
    support->chain.block_limit.gas = 2 * 21 + 1000; /* two items, one delivery */
    support_stack_job(support, 300 * MS, 2, 2, 2);
    support_stack_run(support);
    ck_assert_uint_eq(support->block_count, 2);
    ck_assert_uint_eq(support->blocks[0].items, 3);
    ck_assert_uint_eq(support->blocks[1].items, 1);
    ck_assert_uint_eq(support->received, 2);
    support_stack_free(support);
}
END_TEST

static void load(struct support_stack *support, uint64_t seed)
{
    const struct rng rng = {.seed = seed, .replication = 0};
    for (uint64_t job = 0; job < 200; job++) {
        struct rng_stream stream;
        rng_stream_at(&stream, &rng, RNG_TEST, job, 0);
        uint64_t at_ns = rng_below(&stream, 40 * SECOND);
        uint32_t from = (uint32_t)rng_below(&stream, 5);
        uint32_t items = 1 + (uint32_t)rng_below(&stream, 4);
        support_stack_job(support, at_ns, from, items, (int32_t)rng_below(&stream, 5));
    }
    support->scenario.duration_ns = 400 * SECOND;
}

static void assert_all_delivered(const struct support_stack *support)
{
    ck_assert_int_eq(support->result.status, ENGINE_OK);
    ck_assert_uint_eq(support->received, support->items_final);
    ck_assert_uint_eq(counter(support, "messages_sent"), support->items_final);
    ck_assert_uint_eq(counter(support, "messages_delivered"), support->items_final);
    ck_assert_uint_eq(support->items_final, support->items_in);
    ck_assert_uint_eq(support->undo_errors, 0);
}

/* TON-3, TON-35: exactly once over a network that loses a third of all packets. */
START_TEST(loss_loses_no_message_and_doubles_none)
{
    for (uint64_t seed = 1; seed <= 5; seed++) {
        struct support_stack *support = support_stack_new();
        support->scenario.seed = seed;
        support->scenario.network.loss = 333 * 1000 * MILLION;
        load(support, seed);
        support_stack_run(support);
        assert_all_delivered(support);
        ck_assert_uint_gt(counter(support, "messages_resent"), 50);
        ck_assert_uint_gt(counter(support, "messages_duplicate"), 10);
        /* Both packets pass in 4 of 9 tries, each try with luck of its own: 1.25 more a message. */
        ck_assert_uint_lt(counter(support, "messages_resent"), support->sent * 8 / 5);
        support_stack_free(support);
    }
}
END_TEST

START_TEST(random_mixes_of_loss_drops_and_crashes_deliver_all)
{
    for (uint64_t seed = 100; seed < 140; seed++) {
        const struct rng rng = {.seed = seed, .replication = 1};
        struct rng_stream stream;
        rng_stream_at(&stream, &rng, RNG_TEST, 0, 0);
        struct support_stack *support = support_stack_new();
        support->scenario.seed = seed;
        support->scenario.network.loss = (int64_t)rng_below(&stream, 500) * 1000 * MILLION;
        support->scenario.network.jitter = (struct distribution){
            .type = DISTRIBUTION_UNIFORM, .spread = (int64_t)rng_below(&stream, 3000 * MS)};
        support->chain.clock = (int64_t)rng_below(&stream, 4);
        support->chain.drop_every = (int64_t)rng_below(&stream, 4);
        support->chain.drop_every += support->chain.drop_every == 1;
        support->chain.visibility = (int64_t)rng_below(&stream, 2);
        support->chain.block_limit.gas = 1000 + (int64_t)rng_below(&stream, 5000);
        support->validators.consensus_delay_ns = (int64_t)(rng_below(&stream, 3) * 400 * MS);
        struct fault_target target = {.type = TARGET_NODES, .role = "shard", .first = 1, .last = 2};
        struct fault_spec crash = {.type = FAULT_CRASH,
                                   .every_ns = 7 * SECOND + rng_below(&stream, SECOND),
                                   .from_ns = SECOND,
                                   .to_ns = 60 * SECOND,
                                   .for_ns = rng_below(&stream, 4 * SECOND) + 1,
                                   .target = {.targets = &target, .count = 1}};
        support->scenario.faults = (struct fault_plan){.specs = &crash, .count = 1};
        load(support, seed);
        support_stack_run(support);
        if (support->result.status != ENGINE_OK || support->received != support->sent ||
            support->received != counter(support, "messages_delivered") ||
            support->rows_sum != support->items_final || support->undo_errors > 0)
            ck_abort_msg(
                "seed %llu: status %d %s, sent %llu, received %llu, rows %llu of %llu",
                (unsigned long long)seed, support->result.status, support->result.violation,
                (unsigned long long)support->sent, (unsigned long long)support->received,
                (unsigned long long)support->rows_sum, (unsigned long long)support->items_final);
        ck_assert_uint_eq(support->items_final, support->items_in); /* all work was done */
        ck_assert_uint_gt(support->items_in, 200);
        support_stack_free(support);
    }
}
END_TEST

/* The destination is down when the letter comes, and then the source, so its timer dies too. */
START_TEST(a_crash_of_the_source_does_not_end_its_resending)
{
    struct support_stack *support = support_stack_new();
    struct fault_target targets[] = {
        {.type = TARGET_NODES, .role = "shard", .first = 0},
        {.type = TARGET_NODES, .role = "shard", .first = 1, .last = 1}};
    struct fault_spec crashes[] = {{.type = FAULT_CRASH,
                                    .at_ns = 2 * SECOND,
                                    .for_ns = 3 * SECOND,
                                    .target = {.targets = &targets[0], .count = 1}},
                                   {.type = FAULT_CRASH,
                                    .at_ns = SECOND,
                                    .for_ns = 20 * SECOND,
                                    .target = {.targets = &targets[1], .count = 1}}};
    support->scenario.faults = (struct fault_plan){.specs = crashes, .count = 2};
    support_stack_job(support, 300 * MS, 0, 1, 1);
    support_stack_run(support);
    ck_assert_uint_eq(support->received, 1);
    ck_assert_uint_eq(support->blocks[1].time_ns, 22 * SECOND); /* resent within 2 intervals */
    support_stack_free(support);
}
END_TEST

/* The run ends while messages are under way: they are in flight, not lost. */
START_TEST(what_is_under_way_at_the_end_is_not_lost)
{
    for (uint64_t end = 1; end < 40; end++) {
        struct support_stack *support = support_stack_new();
        support->scenario.network.loss = 300 * 1000 * MILLION;
        load(support, end);
        support->scenario.duration_ns = end * 900 * MS;
        while (support->job_count > 0 &&
               support->jobs[support->job_count - 1].at_ns > support->scenario.duration_ns)
            support->job_count--;
        support_stack_run(support);
        ck_assert_msg(support->result.status == ENGINE_OK, "%s", support->result.violation);
        support_stack_free(support);
    }
}
END_TEST

START_TEST(a_receiver_that_does_not_tell_copies_apart_is_found)
{
    struct support_stack *support = support_stack_new();
    support->scenario.network.loss = 333 * 1000 * MILLION;
    support_stack_set(support, "break_rule", 1);
    load(support, 1);
    support_stack_run(support);
    ck_assert_int_eq(support->result.status, ENGINE_VIOLATION);
    support_stack_free(support);
}
END_TEST

START_TEST(a_receiver_that_loses_messages_is_found)
{
    struct support_stack *support = support_stack_new();
    support_stack_set(support, "break_rule", 2);
    load(support, 1);
    support_stack_run(support);
    ck_assert_int_eq(support->result.status, ENGINE_VIOLATION);
    support_stack_free(support);
}
END_TEST

START_TEST(group_order_does_not_change_the_result)
{
    uint64_t hash[3];
    for (uint64_t order = 0; order < 3; order++) {
        struct support_stack *support = support_stack_new();
        support->options.group_order = order;
        support->scenario.network.loss = 100 * 1000 * MILLION;
        load(support, 8);
        support_stack_run(support);
        hash[order] = support->result.result_hash[0] ^ support->result.result_hash[1];
        support_stack_free(support);
    }
    ck_assert_uint_eq(hash[1], hash[0]);
    ck_assert_uint_eq(hash[2], hash[0]);
}
END_TEST

CHECK_MAIN("local", arrivals_equal_a_plain_table, a_message_takes_one_hop_and_the_next_block,
           a_message_to_its_own_chain_stays_in_the_block,
           own_messages_that_do_not_fit_wait_for_the_next_block,
           loss_loses_no_message_and_doubles_none,
           random_mixes_of_loss_drops_and_crashes_deliver_all,
           a_crash_of_the_source_does_not_end_its_resending,
           what_is_under_way_at_the_end_is_not_lost,
           a_receiver_that_does_not_tell_copies_apart_is_found,
           a_receiver_that_loses_messages_is_found, group_order_does_not_change_the_result)
