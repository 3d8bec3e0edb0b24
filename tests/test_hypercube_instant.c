/* Goal: a proof is accepted under the conditions of TON-R51 and under no other; who needs order
 * gets it; switched off, the system goes on. Method: single messages whose way is known block by
 * block, links that are cut or delayed so that one path alone can deliver, and counters. */

#include <string.h>

#include "models/messaging/hypercube_parts.h"
#include "tests/check_main.h"
#include "tests/support_cube.h"

static struct fault_target targets[4];
static struct fault_spec faults[4];
static uint32_t fault_count;

/* From shard to shard, in one direction. */
static void on_link(struct support_stack *support, enum fault_type type, uint32_t from, uint32_t to,
                    uint64_t at_ns, uint64_t for_ns)
{
    targets[fault_count] =
        (struct fault_target){.type = TARGET_LINK, .link_from = from, .link_to = to};
    faults[fault_count] = (struct fault_spec){
        .type = type, .at_ns = at_ns, .for_ns = for_ns, .target = {&targets[fault_count], 1}};
    fault_count++;
    support->scenario.faults = (struct fault_plan){faults, fault_count};
}

static struct support_stack *new_stack(int64_t path)
{
    fault_count = 0;
    return stack_of(32, path);
}

static uint64_t slot_of_first_block(const struct support_stack *support, uint32_t shard)
{
    for (uint32_t i = 0; i < support->block_count; i++)
        if (support->blocks[i].chain == (UINT32_C(1) << 21 | (32U + shard)))
            return support->blocks[i].time_ns;
    return 0;
}

/* TON-R51, TON-40: made at 1 s, final at 1.1 s, registered by the masterchain block of 3 s, which
 * is final at 3.1 s. The slow copy takes two such steps. */
START_TEST(a_proof_waits_until_the_masterchain_registers_its_block)
{
    static const uint64_t slots[] = {4, 7, 2};
    for (int64_t newer = NEWER_POSTPONE; newer <= NEWER_ACCEPT; newer++) {
        struct support_stack *support = new_stack(BOTH);
        support->chain.visibility = 1;
        support->chain.masterchain.block_interval_ns = 3 * (int64_t)SECOND;
        support_stack_set(support, "instant_newer", newer);
        support_stack_job(support, 300 * MS, 0, 1, 31);
        support_stack_run(support);
        expect_held(support);
        ck_assert_uint_eq(support->received, 1);
        ck_assert_uint_eq(slot_of_first_block(support, 31), slots[newer] * SECOND);
        ck_assert_uint_eq(counter(support, "proofs_postponed"), newer == NEWER_POSTPONE);
        ck_assert_uint_eq(counter(support, "refused_newer"), newer == NEWER_DISCARD);
        ck_assert_uint_eq(counter(support, "instant_delivered"), newer != NEWER_DISCARD);
        support_stack_free(support);
    }
}
END_TEST

/* TON-R51: a postponed proof survives a crash of the destination, as on disk. */
START_TEST(a_postponed_proof_survives_a_crash)
{
    struct support_stack *support = new_stack(INSTANT);
    static struct fault_target shard = {
        .type = TARGET_NODES, .role = "shard", .first = 31, .last = 31};
    static struct fault_spec crash = {
        .type = FAULT_CRASH, .at_ns = 5 * SECOND, .for_ns = 10 * SECOND, .target = {&shard, 1}};
    support->chain.visibility = 1;
    support->chain.masterchain.block_interval_ns = 10 * (int64_t)SECOND;
    support->scenario.faults = (struct fault_plan){&crash, 1};
    support_stack_job(support, 300 * MS, 0, 1, 31);
    support->options.until_ns = 17 * SECOND;
    support_stack_run(support);
    ck_assert_uint_eq(slot_of_first_block(support, 31), 16 * SECOND);
    ck_assert_uint_eq(support->received, 1);
    support_stack_free(support);
}
END_TEST

/* A message whose slow copy cannot come, and whose proof comes `delay_s` late, to a destination
 * that makes a block a second. */
static bool is_accepted(int64_t look_back, uint64_t delay_s, int visibility)
{
    struct support_stack *support = new_stack(BOTH);
    support->chain.visibility = visibility;
    support_stack_set(support, "look_back", look_back);
    support_stack_set(support, "instant_newer", NEWER_ACCEPT);
    on_link(support, FAULT_CUT, 0, 30, 0, 0);
    on_link(support, FAULT_DELAY, 0, 31, 0, 0);
    faults[1].add_ns = delay_s * SECOND;
    support_stack_job(support, 300 * MS, 0, 1, 31);
    for (uint32_t second = 0; second < 30; second++)
        support_stack_job(support, second * SECOND + 300 * MS, 31, 1, SUPPORT_NOWHERE);
    support_stack_run(support);
    expect_held(support);
    bool accepted = counter(support, "instant_delivered") == 1;
    ck_assert_uint_eq(support->received, accepted);
    ck_assert_uint_eq(counter(support, "refused_stale"), !accepted);
    ck_assert_uint_eq(counter(support, "proofs_refused"), !accepted);
    support_stack_free(support);
    return accepted;
}

/* TON-R51: made by the block of 1 s, a proof that comes d seconds late is for the block of 2 + d s;
 * before that the destination has made those of 1 s to 1 + d s. With visibility by the masterchain
 * logical times are compared, and say the same here. */
START_TEST(a_proof_is_refused_after_as_many_blocks_as_are_looked_back)
{
    for (int visibility = 0; visibility <= 1; visibility++)
        for (int64_t look_back = 1; look_back <= 10; look_back += 3)
            for (uint64_t delay_s = 0; delay_s <= 12; delay_s++) {
                bool young = delay_s + 1 < (uint64_t)look_back;
                ck_assert_msg(is_accepted(look_back, delay_s, visibility) == young,
                              "look_back %lld, %llu s late", (long long)look_back,
                              (unsigned long long)delay_s);
            }
}
END_TEST

/* TON-R51: shard 30 shows shard 31 its second message and not the first, so 31 knows that an older
 * one waits there. A proof from shard 0 comes at 3.1 s. Until the gap is closed at 20 s the proof
 * waits; meanwhile its slow copy, which stands in that very queue, waits too. */
START_TEST(a_proof_waits_for_older_messages_in_queues)
{
    for (int64_t order = ORDER_STRICT; order <= ORDER_NONE; order++) {
        struct support_stack *support = new_stack(BOTH);
        support_stack_set(support, "instant_order", order);
        support_stack_set(support, "digit_bits", 1);
        support->envelope_flags = 0;
        on_link(support, FAULT_CUT, 30, 31, 1 * SECOND, 800 * MS);
        on_link(support, FAULT_CUT, 30, 31, 2101 * MS, 18 * SECOND);
        support_stack_job(support, 300 * MS, 30, 1, 31);
        support_stack_job(support, 1300 * MS, 30, 1, 31);
        support_stack_job(support, 2300 * MS, 0, 1, 31);
        support->options.until_ns = 10 * SECOND;
        support_stack_run(support);
        /* The proof of the second message waits, or goes; so does that of the third. */
        ck_assert_uint_eq(counter(support, "instant_delivered"), order == ORDER_STRICT ? 0 : 2);
        ck_assert_uint_eq(counter(support, "proofs_waited"), order == ORDER_STRICT ? 2 : 0);
        ck_assert_uint_eq(support->received, order == ORDER_STRICT ? 0 : 2);
        support->options.until_ns = 0;
        support->block_count = 0;
        support->received = support->sent = 0;
        support_stack_run(support);
        expect_held(support);
        ck_assert_uint_eq(support->received, 3);
        support_stack_free(support);
    }
}
END_TEST

/* TON-R51, TON-R24: where blocks are full, strict order leaves proofs waiting behind the queues;
 * without it they go first. */
START_TEST(full_blocks_hold_up_proofs)
{
    uint64_t delivered[2], waited[2];
    for (int64_t order = ORDER_STRICT; order <= ORDER_NONE; order++) {
        struct support_stack *support = new_stack(BOTH);
        support_stack_set(support, "instant_order", order);
        support_stack_set(support, "look_back", 64);
        support->chain.block_limit.gas = 8000;
        for (uint32_t from = 0; from < 31; from++)
            support_stack_job(support, 300 * MS, from, 4, 31);
        support_stack_run(support);
        expect_held(support);
        ck_assert_uint_eq(support->received, 124);
        delivered[order] = counter(support, "instant_delivered");
        waited[order] = counter(support, "proofs_waited");
        support_stack_free(support);
    }
    ck_assert_uint_gt(delivered[ORDER_NONE], delivered[ORDER_STRICT]);
    ck_assert_uint_gt(waited[ORDER_STRICT], 0);
    ck_assert_uint_eq(waited[ORDER_NONE], 0);
}
END_TEST

/* TON-R51: a sender that needs order is never served by proof, on any path. */
START_TEST(who_needs_order_goes_the_slow_path)
{
    for (int path = SLOW; path < PATHS; path++) {
        struct support_stack *support = new_stack(path);
        support->envelope_flags = ENVELOPE_NO_INSTANT;
        struct expected expected = load(support, 5, 4, 150, 6);
        support_stack_run(support);
        expect_all_delivered(support, &expected);
        ck_assert_uint_eq(counter(support, "instant_sent"), 0);
        ck_assert_uint_eq(counter(support, "forwards"), expected.links - expected.across);
        ck_assert_uint_eq(counter(support, "instant_withheld"), path == SLOW ? 0 : expected.across);
        ck_assert_uint_eq(counter(support, "queued"), 0);
        support_stack_free(support);
    }
}
END_TEST

/* TON-R51: on both paths a sender's messages keep their order if it needs it, whatever is lost; and
 * a node that gives proofs to such messages is found out. */
START_TEST(who_needs_order_gets_it)
{
    for (int broken = 0; broken <= 1; broken++)
        for (uint64_t seed = 1; seed <= 5; seed++) {
            struct support_stack *support = new_stack(BOTH);
            support->scenario.seed = seed;
            support->scenario.duration_ns = 300 * SECOND;
            support->scenario.network.loss = 20 * 10000 * PER_MILLION;
            support->envelope_flags = ENVELOPE_NO_INSTANT;
            support_stack_set(support, "break", broken ? IGNORE_ORDER : NONE);
            support_stack_property(support, "sender_order", 0);
            for (uint32_t i = 0; i < 40; i++)
                support_stack_job(support, i * 300 * MS, 0, 1, 31);
            support_stack_run(support);
            if (broken) {
                ck_assert_int_eq(support->result.status, ENGINE_VIOLATION);
                ck_assert_int_eq(strncmp(support->result.violation, "sender_order", 12), 0);
            } else {
                expect_held(support);
                ck_assert_uint_eq(support->received, 40);
            }
            support_stack_free(support);
        }
}
END_TEST

/* A proof that takes longer than it lives: `check` says so, and the run stays sane: copies become
 * rare, what has no other way waits at its source, and once the destination rests it arrives. */
START_TEST(links_slower_than_a_proof_are_warned_of)
{
    for (int slow = 0; slow <= 1; slow++) {
        struct support_stack *support = new_stack(INSTANT);
        struct diagnostics diagnostics = {0};
        support->scenario.network.latency.location = (int64_t)((slow ? 9 : 1) * SECOND);
        support->scenario.duration_ns = 400 * SECOND;
        support_stack_job(support, 300 * MS, 0, 10, 31);
        for (uint32_t second = 0; second < 100; second++)
            support_stack_job(support, second * SECOND + 1, 31, 1, SUPPORT_NOWHERE);
        ck_assert_int_eq(support_stack_try(support, &diagnostics), 0);
        ck_assert_uint_eq(diagnostics.count, (uint64_t)slow);
        if (slow)
            ck_assert_str_eq(diagnostics.list[0].code, "W301");
        expect_held(support);
        ck_assert_uint_eq(support->received, 10);
        if (slow)
            ck_assert_uint_ge(counter(support, "refused_stale"), 10);
        ck_assert_uint_lt(counter(support, "instant_resent"), 10 * 20);
        diagnostics_free(&diagnostics);
        support_stack_free(support);
    }
}
END_TEST

static void switch_off(struct support_stack *support, struct cube_off *window)
{
    struct cube_config *config = (struct cube_config *)(void *)support->messaging_config;
    config->instant_off = (struct param_list){window, 1};
}

/* TON-42: off for a while, the system goes on, only slower: two links are two blocks. A proof that
 * is in flight at the switch is ignored, and its slow copy delivers. */
START_TEST(switched_off_the_slow_path_delivers)
{
    static struct cube_off window = {.from_ns = 4050000000, .until_ns = 8000000000};
    static const uint64_t made_ms[] = {1300, 3300, 5300, 8300};
    static const uint64_t slots[] = {3, 6, 8, 10};
    static const uint64_t slots_alone[] = {3, 9, 8, 10};
    for (int path = INSTANT; path <= BOTH; path++)
        for (uint32_t i = 0; i < 4; i++) {
            struct support_stack *support = new_stack(path);
            switch_off(support, &window);
            support->scenario.network.latency.location = 400000000; /* final at 4.1, there at 4.5 */
            if (i == 1)
                window.from_ns = 4200000000;
            support_stack_job(support, made_ms[i] * MS, 0, 1, 31);
            support_stack_run(support);
            window.from_ns = 4050000000;
            expect_held(support);
            ck_assert_uint_eq(support->received, 1);
            uint64_t slot = path == INSTANT ? slots_alone[i] : slots[i];
            ck_assert_msg(slot_of_first_block(support, 31) == slot * SECOND,
                          "path %d, message %u: %llu s, not %llu", path, i,
                          (unsigned long long)slot_of_first_block(support, 31) / SECOND,
                          (unsigned long long)slot);
            ck_assert_uint_eq(counter(support, "refused_off"), i == 1);
            ck_assert_uint_eq(counter(support, "instant_withheld"), i == 2);
            ck_assert_uint_eq(counter(support, "queued"), 0);
            support_stack_free(support);
        }
}
END_TEST

/* TON-42, TON-3: switched off and on at any time under load and loss, nothing is lost or doubled.
 */
START_TEST(switching_off_loses_nothing)
{
    static struct cube_off window;
    for (uint64_t seed = 1; seed <= 8; seed++)
        for (int path = INSTANT; path <= BOTH; path++) {
            struct support_stack *support = new_stack(path);
            window =
                (struct cube_off){(int64_t)(seed * SECOND + 70 * MS), (int64_t)(seed * 3 * SECOND)};
            switch_off(support, &window);
            support->scenario.seed = seed;
            support->scenario.network.loss = 10 * 10000 * PER_MILLION;
            support->scenario.duration_ns = 300 * SECOND;
            struct expected expected = load(support, 5, 4, 150, seed);
            support_stack_run(support);
            expect_all_delivered(support, &expected);
            ck_assert_uint_gt(counter(support, "instant_withheld"), 0);
            ck_assert_uint_gt(counter(support, "instant_delivered"), 0);
            ck_assert_uint_eq(counter(support, "queued"), 0);
            support_stack_free(support);
        }
}
END_TEST

/* TON-48, TON-49, TON-R51: what a proof delivered is forgotten once its slow copy is gone and as
 * many blocks were made as a proof may be old. */
START_TEST(what_proofs_delivered_is_forgotten)
{
    for (int path = INSTANT; path <= BOTH; path++)
        for (int visibility = 0; visibility <= 1; visibility++) {
            struct support_stack *support = new_stack(path);
            support->chain.visibility = visibility;
            support->scenario.duration_ns = 100 * SECOND;
            for (uint32_t i = 0; i < 20; i++)
                support_stack_job(support, (1 + i) * SECOND, 0, 2, 31);
            for (uint32_t second = 30; second < 60; second++)
                for (uint32_t shard = 0; shard < 32; shard++)
                    support_stack_job(support, second * SECOND, shard, 1, SUPPORT_NOWHERE);
            support_stack_run(support);
            expect_held(support);
            ck_assert_uint_eq(support->received, 40);
            ck_assert_uint_eq(counter(support, "instant_delivered"), 40);
            /* Shard 30 hears of the removal of its last ones with the next packet: there is none.
             */
            ck_assert_uint_le(counter(support, "remembered"), path == INSTANT ? 0 : 4);
            support_stack_free(support);
        }
}
END_TEST

/* TON-49, TON-R51: the confirmation is lost, so the slow copy comes through and is discarded: with
 * it goes the entry of the table. What is left are the nodes of the copy itself, at the
 * intermediate shard and at the destination, which hear of its removal with the next packet: there
 * is none. */
START_TEST(a_discarded_copy_lets_the_table_forget)
{
    struct support_stack *support = new_stack(BOTH);
    on_link(support, FAULT_CUT, 31, 30, 2050 * MS, 500 * MS);
    support->scenario.duration_ns = 100 * SECOND;
    support_stack_job(support, 300 * MS, 0, 1, 31);
    for (uint32_t second = 30; second < 60; second++)
        for (uint32_t shard = 0; shard < 32; shard++)
            support_stack_job(support, second * SECOND, shard, 1, SUPPORT_NOWHERE);
    support_stack_run(support);
    expect_held(support);
    ck_assert_uint_eq(counter(support, "instant_delivered"), 1);
    ck_assert_uint_eq(counter(support, "duplicates_discarded"), 1);
    ck_assert_uint_eq(counter(support, "slow_stopped"), 0);
    ck_assert_uint_eq(counter(support, "queued"), 0);
    ck_assert_uint_eq(counter(support, "remembered"), 2);
    support_stack_free(support);
}
END_TEST

CHECK_MAIN("hypercube_instant", a_proof_waits_until_the_masterchain_registers_its_block,
           a_postponed_proof_survives_a_crash,
           a_proof_is_refused_after_as_many_blocks_as_are_looked_back,
           a_proof_waits_for_older_messages_in_queues, full_blocks_hold_up_proofs,
           who_needs_order_goes_the_slow_path, who_needs_order_gets_it,
           links_slower_than_a_proof_are_warned_of, switched_off_the_slow_path_delivers,
           switching_off_loses_nothing, a_discarded_copy_lets_the_table_forget,
           what_proofs_delivered_is_forgotten)
