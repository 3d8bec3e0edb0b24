/* Goal: whatever lying nodes do with proofs and confirmations, every message is delivered exactly
 * once, and each lie is refused or ignored for its own reason. Method: loads under faults of type
 * byzantine, with counters; and with verification switched off the properties see each lie. */

#include <string.h>

#include "tests/check_main.h"
#include "tests/support_cube.h"

static struct fault_target targets[3];
static struct fault_spec faults[3];
static uint32_t fault_count;

static void lie(struct support_stack *support, const char *behaviour, uint32_t first, uint32_t last,
                uint64_t share)
{
    targets[fault_count] =
        (struct fault_target){.type = TARGET_NODES, .role = "shard", .first = first, .last = last};
    faults[fault_count] = (struct fault_spec){.type = FAULT_BYZANTINE,
                                              .behaviour = behaviour,
                                              .share = share,
                                              .target = {&targets[fault_count], 1}};
    fault_count++;
    support->scenario.faults = (struct fault_plan){faults, fault_count};
}

static struct support_stack *new_stack(int64_t path)
{
    fault_count = 0;
    struct support_stack *support = stack_of(32, path);
    support->scenario.duration_ns = 200 * SECOND;
    return support;
}

/* TON-39, TON-42, TON-44: forged root, forged signature, another chain's block, an invented
 * message: each refused for its reason, and all is delivered as without them. */
START_TEST(forged_proofs_are_refused)
{
    for (int path = INSTANT; path <= BOTH; path++) {
        struct support_stack *support = new_stack(path);
        lie(support, "forge_proof", 0, 31, UINT64_MAX);
        struct expected expected = load(support, 5, 4, 200, 5);
        support_stack_run(support);
        expect_all_delivered(support, &expected);
        ck_assert_uint_eq(counter(support, "lies"), 4 * expected.across);
        ck_assert_uint_eq(counter(support, "refused_signature"), 2 * expected.across);
        ck_assert_uint_eq(counter(support, "refused_block"), expected.across);
        ck_assert_uint_eq(counter(support, "refused_leaf"), expected.across);
        ck_assert_uint_eq(counter(support, "proofs_refused"), 4 * expected.across);
        support_stack_free(support);
    }
}
END_TEST

/* TON-R50, TON-42: where there is no instant path even a right proof is refused. */
START_TEST(without_an_instant_path_every_proof_is_refused)
{
    struct support_stack *support = new_stack(SLOW);
    lie(support, "forge_proof", 0, 31, UINT64_MAX);
    struct expected expected = load(support, 5, 4, 200, 5);
    support_stack_run(support);
    expect_all_delivered(support, &expected);
    ck_assert_uint_eq(counter(support, "lies"), expected.across);
    ck_assert_uint_eq(counter(support, "refused_off"), expected.across);
    ck_assert_uint_eq(counter(support, "instant_delivered"), 0);
    ck_assert_uint_eq(counter(support, "forwards"), expected.links - expected.across);
    support_stack_free(support);
}
END_TEST

/* The same load, and as many instant deliveries, as if nobody lied. */
START_TEST(a_share_of_lies_is_that_share)
{
    struct support_stack *support = new_stack(BOTH);
    struct expected expected = load(support, 5, 4, 400, 5);
    support_stack_run(support);
    uint64_t honest = counter(support, "instant_delivered");
    support_stack_free(support);
    support = new_stack(BOTH);
    lie(support, "forge_proof", 0, 31, UINT64_MAX / 4);
    load(support, 5, 4, 400, 5);
    support_stack_run(support);
    expect_all_delivered(support, &expected);
    ck_assert_uint_eq(counter(support, "instant_delivered"), honest);
    ck_assert_uint_gt(counter(support, "lies"), expected.across * 4 / 5);
    ck_assert_uint_lt(counter(support, "lies"), expected.across * 4 / 3);
    support_stack_free(support);
}
END_TEST

static void keep_busy(struct support_stack *support, uint32_t from_s, uint32_t to_s)
{
    for (uint32_t second = from_s; second < to_s; second++)
        for (uint32_t shard = 0; shard < 32; shard++)
            support_stack_job(support, second * SECOND + 1, shard, 1, SUPPORT_NOWHERE);
}

/* TON-3, TON-R51: replays, soon after (the table knows the message) and when it is forgotten (the
 * look-back is over), by the source and by an accomplice: none is delivered. */
START_TEST(replayed_proofs_are_ignored_or_too_old)
{
    for (int path = INSTANT; path <= BOTH; path++)
        for (int visibility = 0; visibility <= 1; visibility++) {
            struct support_stack *support = new_stack(path);
            support->chain.visibility = visibility;
            support_stack_set(support, "look_back", 8);
            lie(support, "replay_proof", 0, 31, UINT64_MAX);
            struct expected expected = load(support, 5, 4, 150, 5);
            keep_busy(support, 1, 100);
            support_stack_run(support);
            expect_all_delivered(support, &expected);
            /* Two by the source, one to an accomplice, who sends it twice more. */
            ck_assert_uint_gt(counter(support, "lies"), 4 * expected.across);
            uint64_t old = counter(support, "refused_stale");
            uint64_t known = counter(support, "proofs_ignored");
            ck_assert_uint_ge(known, expected.across);
            ck_assert_uint_ge(old, 2 * expected.across * 9 / 10);
            support_stack_free(support);
        }
}
END_TEST

/* TON-44, TON-R51: a proof held back until it is too old is refused, though its message was
 * delivered by the slow path and has been forgotten since. */
START_TEST(stale_proofs_are_refused)
{
    struct support_stack *support = new_stack(BOTH);
    lie(support, "stale_proof", 0, 31, UINT64_MAX);
    struct expected expected = load(support, 5, 4, 150, 5);
    keep_busy(support, 1, 100);
    support_stack_run(support);
    expect_all_delivered(support, &expected);
    ck_assert_uint_eq(counter(support, "lies"), expected.across);
    ck_assert_uint_eq(counter(support, "instant_delivered"), 0);
    ck_assert_uint_eq(counter(support, "refused_stale"), expected.across);
    support_stack_free(support);
}
END_TEST

/* TON-43: a confirmation is of one message, and stops no other. */
START_TEST(confirmations_of_other_messages_are_refused)
{
    struct support_stack *support = new_stack(BOTH);
    lie(support, "forge_confirm", 0, 31, UINT64_MAX);
    struct expected expected = load(support, 5, 2, 400, 5);
    support_stack_set(support, "digit_bits", 2);
    support_stack_run(support);
    expect_all_delivered(support, &expected);
    ck_assert_uint_gt(counter(support, "lies"), 5);
    ck_assert_uint_eq(counter(support, "refused_leaf"), counter(support, "lies"));
    support_stack_free(support);
}
END_TEST

/* All at once, under loss. */
START_TEST(lies_of_all_kinds_under_loss_change_no_delivery)
{
    for (uint64_t seed = 1; seed <= 6; seed++)
        for (int path = INSTANT; path <= BOTH; path++) {
            struct support_stack *support = new_stack(path);
            support->scenario.seed = seed;
            support->scenario.network.loss = 10 * 10000 * PER_MILLION;
            support->scenario.duration_ns = 400 * SECOND;
            support_stack_set(support, "look_back", 1 + (int64_t)seed);
            lie(support, "forge_proof", 0, 20, UINT64_MAX / 2);
            lie(support, "replay_proof", 10, 31, UINT64_MAX / 2);
            lie(support, seed % 2 == 0 ? "stale_proof" : "forge_confirm", 5, 25, UINT64_MAX / 3);
            struct expected expected = load(support, 5, 4, 150, seed);
            support_stack_run(support);
            expect_all_delivered(support, &expected);
            support_stack_free(support);
        }
}
END_TEST

/* Whoever trusts every proof delivers what nobody sent, and the properties say so. */
START_TEST(a_destination_that_trusts_is_found_out)
{
    static const char *const behaviours[] = {"forge_proof", "forge_confirm"};
    static const char *const found[] = {"no_early_event", "nothing_lost"};
    for (int i = 0; i < 2; i++) {
        struct support_stack *support = new_stack(BOTH);
        support_stack_set(support, "break", TRUST);
        support_stack_set(support, "digit_bits", 2);
        if (i == 1)
            support->scenario.network.loss = 20 * 10000 * PER_MILLION;
        lie(support, behaviours[i], 0, 31, UINT64_MAX);
        load(support, 5, 2, 400, 5);
        support_stack_run(support);
        ck_assert_int_eq(support->result.status, ENGINE_VIOLATION);
        ck_assert_msg(strncmp(support->result.violation, found[i], strlen(found[i])) == 0, "%s",
                      support->result.violation);
        support_stack_free(support);
    }
}
END_TEST

/* A behaviour that no layer has is refused before the run, with those that there are. */
START_TEST(unknown_behaviours_are_refused)
{
    struct support_stack *support = new_stack(BOTH);
    struct diagnostics diagnostics = {0};
    lie(support, "forge_prof", 0, 31, UINT64_MAX);
    ck_assert_int_ne(support_stack_try(support, &diagnostics), 0);
    ck_assert_uint_eq(diagnostics.count, 1);
    ck_assert_str_eq(diagnostics.list[0].code, "E401");
    ck_assert_str_eq(diagnostics.list[0].try_text, "\"forge_proof\"");
    ck_assert_ptr_nonnull(strstr(diagnostics.list[0].expected, "replay_proof (messaging)"));
    diagnostics_free(&diagnostics);
    support_stack_free(support);
}
END_TEST

CHECK_MAIN("hypercube_byzantine", forged_proofs_are_refused,
           without_an_instant_path_every_proof_is_refused, a_share_of_lies_is_that_share,
           replayed_proofs_are_ignored_or_too_old, stale_proofs_are_refused,
           confirmations_of_other_messages_are_refused,
           lies_of_all_kinds_under_loss_change_no_delivery, a_destination_that_trusts_is_found_out,
           unknown_behaviours_are_refused)
