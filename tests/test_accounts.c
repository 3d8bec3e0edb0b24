/* Goal: transfers do what the rules say, through blocks that may be full or dropped, and no value
 * is made or lost. Method: the whole stack under the real engine with scripted transactions; random
 * loads whose sums the ledger checks; a rule broken on purpose. */

#include "tests/check_main.h"

#include <string.h>

#include "models/workload/poisson.h"
#include "sim/queue.h"
#include "tests/support_transfers.h"

#define MS UINT64_C(1000000)
#define SECOND (1000 * MS)
#define TX_PER_S INT64_C(1000000) /* of a rate, in its base unit */

static const struct tx_result *result_of(const struct transfers *transfers, uint32_t number)
{
    return &transfers->results[number];
}

/* TON-1, TON-2, TON-4: a message between accounts; a debit and a credit, in different blocks */
START_TEST(a_transfer_is_a_debit_at_home_and_a_credit_away)
{
    struct transfers *transfers = transfers_new();
    transfers_step(transfers, 100 * MS, 0, 1, 3, 2, 5);
    transfers_run(transfers);
    ck_assert_int_eq(transfers->result.status, ENGINE_OK);
    const struct tx_result *result = result_of(transfers, 0);
    ck_assert_uint_eq(result->outcome, OUTCOME_COMMITTED);
    ck_assert_uint_eq(result->chains, 2);
    /* 5 ms to the shard, slot at 1 s, consensus 100 ms, 5 ms to the other, slot at 2 s, 100 ms. */
    ck_assert_uint_eq(result->arrived_ns, 105 * MS);
    ck_assert_uint_eq(result->collated_ns, SECOND);
    ck_assert_uint_eq(result->committed_ns, SECOND + 100 * MS);
    ck_assert_uint_eq(result->final_ns, 2 * SECOND + 100 * MS);
    ck_assert_int_eq(transfers_counter(transfers, "ledger", "transfers_executed"), 1);
    ck_assert_int_eq(transfers_counter(transfers, "ledger", "transfers_credited"), 1);
    ck_assert_int_eq(transfers_counter(transfers, "ledger", "value_moved"), 5);
    transfers_free(transfers);
}
END_TEST

START_TEST(a_transfer_within_a_shard_takes_one_block)
{
    struct transfers *transfers = transfers_new();
    transfers_step(transfers, 100 * MS, 2, 1, 2, 2, 5);
    transfers_run(transfers);
    const struct tx_result *result = result_of(transfers, 0);
    ck_assert_uint_eq(result->outcome, OUTCOME_COMMITTED);
    ck_assert_uint_eq(result->chains, 1);
    ck_assert_uint_eq(result->committed_ns, SECOND + 100 * MS);
    ck_assert_uint_eq(result->final_ns, SECOND + 100 * MS);
    transfers_free(transfers);
}
END_TEST

START_TEST(what_cannot_be_is_refused_with_its_reason)
{
    struct transfers *transfers = transfers_new();
    transfers_set(&transfers->ledger, "initial_balance", 10);
    transfers_step(transfers, 0, 0, 1, 1, 1, 11);   /* more than it has */
    transfers_step(transfers, 0, 0, 5000, 1, 1, 1); /* no such sender */
    transfers_step(transfers, 0, 0, 1, -1, 1, 1);   /* no such workchain: TON-R54 */
    transfers_step(transfers, 0, 0, 1, 0, 1, 10);   /* all it has, to itself */
    transfers_run(transfers);
    ck_assert_int_eq(transfers->result.status, ENGINE_OK);
    ck_assert_uint_eq(transfers->outcomes, 4);
    ck_assert_uint_eq(result_of(transfers, 0)->outcome, OUTCOME_FAILED);
    ck_assert_uint_eq(result_of(transfers, 0)->reason, REASON_BALANCE);
    ck_assert_uint_eq(result_of(transfers, 1)->outcome, OUTCOME_FAILED);
    ck_assert_uint_eq(result_of(transfers, 1)->reason, REASON_NO_ACCOUNT);
    ck_assert_uint_eq(result_of(transfers, 2)->outcome, OUTCOME_FAILED);
    ck_assert_uint_eq(result_of(transfers, 2)->reason, REASON_NO_ACCOUNT);
    ck_assert_uint_eq(result_of(transfers, 3)->outcome, OUTCOME_COMMITTED);
    ck_assert_int_eq(transfers_counter(transfers, "ledger", "transfers_failed"), 3);
    transfers_free(transfers);
}
END_TEST

/* TON-21: what was credited can be spent, and not before */
START_TEST(credits_can_be_spent_and_only_once)
{
    struct transfers *transfers = transfers_new();
    transfers_set(&transfers->ledger, "initial_balance", 10);
    transfers_step(transfers, 0, 0, 1, 1, 1, 10);
    transfers_step(transfers, 500 * MS, 1, 1, 2, 1, 15);   /* too early: 10 are there */
    transfers_step(transfers, 5 * SECOND, 1, 1, 2, 1, 20); /* its own and the other's */
    transfers_step(transfers, 5 * SECOND, 1, 1, 3, 1, 1);  /* nothing is left */
    transfers_step(transfers, 10 * SECOND, 2, 1, 0, 1, 30);
    transfers_run(transfers);
    ck_assert_int_eq(transfers->result.status, ENGINE_OK);
    ck_assert_uint_eq(result_of(transfers, 0)->outcome, OUTCOME_COMMITTED);
    ck_assert_uint_eq(result_of(transfers, 1)->reason, REASON_BALANCE);
    ck_assert_uint_eq(result_of(transfers, 4)->outcome, OUTCOME_COMMITTED);
    /* The two of one instant: the larger one was submitted first. */
    ck_assert_uint_eq(result_of(transfers, 2)->outcome, OUTCOME_COMMITTED);
    ck_assert_uint_eq(result_of(transfers, 3)->reason, REASON_BALANCE);
    transfers_free(transfers);
}
END_TEST

START_TEST(value_for_nobody_is_kept_by_the_shard)
{
    struct transfers *transfers = transfers_new();
    transfers_step(transfers, 0, 0, 1, 1, 123456, 7);
    transfers_step(transfers, 0, 2, 1, 2, 99999999, 8);
    transfers_step(transfers, 0, 0, 1, 0, 0, 9)->parts = 1; /* leaves the ledger */
    transfers_run(transfers);
    ck_assert_int_eq(transfers->result.status, ENGINE_OK); /* value_conserved held */
    ck_assert_uint_eq(transfers->outcomes, 3);
    ck_assert_int_eq(transfers_counter(transfers, "ledger", "transfers_unclaimed"), 2);
    ck_assert_int_eq(transfers_counter(transfers, "ledger", "transfers_credited"), 0);
    transfers_free(transfers);
}
END_TEST

/* TON-22: each delivery is one transaction of the receiving chain */
START_TEST(every_delivery_is_a_transaction)
{
    struct transfers *transfers = transfers_new();
    for (uint32_t i = 0; i < 200; i++)
        transfers_step(transfers, i * 10 * MS, (int32_t)(i % 4), i, (int32_t)(i / 4 % 4), i + 1, 1);
    transfers_run(transfers);
    ck_assert_int_eq(transfers->result.status, ENGINE_OK);
    ck_assert_uint_eq(transfers->outcomes, 200);
    ck_assert_int_eq(transfers_counter(transfers, "ledger", "transfers_credited"), 200);
    ck_assert_int_eq(transfers_counter(transfers, "messaging", "messages_delivered"), 200);
    transfers_free(transfers);
}
END_TEST

START_TEST(inputs_of_a_full_block_wait_in_order)
{
    struct transfers *transfers = transfers_new();
    transfers->base->chain.block_limit.gas = 3000; /* three transfers of 1000 */
    transfers_set(&transfers->messaging_part, "delivery_gas", 1);
    for (uint32_t i = 0; i < 20; i++)
        transfers_step(transfers, i * MS, 0, i, 1, i, 1);
    transfers_run(transfers);
    ck_assert_int_eq(transfers->result.status, ENGINE_OK);
    ck_assert_uint_eq(transfers->outcomes, 20);
    for (uint32_t i = 0; i < 20; i++)
        ck_assert_uint_eq(result_of(transfers, i)->collated_ns, (1 + i / 3) * SECOND);
    transfers_free(transfers);
}
END_TEST

static struct transfers *random_load(uint64_t seed)
{
    struct transfers *transfers = transfers_new();
    struct transfers_part *poisson = transfers_workload(transfers, &workload_poisson_model);
    transfers->base->scenario.seed = seed;
    transfers_set(&transfers->ledger, "accounts_per_shard", 20);
    transfers_set(&transfers->ledger, "initial_balance", 100);
    transfers_set(poisson, "rate", 100 * TX_PER_S);
    transfers_set(poisson, "until", (int64_t)(40 * SECOND));
    transfers_constant(poisson, "amount", 30);
    return transfers;
}

START_TEST(random_loads_settle_and_conserve_value)
{
    for (uint64_t seed = 1; seed <= 5; seed++) {
        struct transfers *transfers = random_load(seed);
        transfers_run(transfers);
        ck_assert_msg(transfers->result.status == ENGINE_OK, "seed %d: %s", (int)seed,
                      transfers->result.violation);
        int64_t submitted = transfers_counter(transfers, "workload", "tx_submitted");
        int64_t finals = transfers_counter(transfers, "workload", "tx_final");
        int64_t failed = transfers_counter(transfers, "workload", "tx_failed");
        ck_assert_int_gt(submitted, 3500);
        ck_assert_int_eq(finals + failed, submitted);
        ck_assert_int_gt(failed, 50); /* some are out of money */
        ck_assert_int_eq(transfers_counter(transfers, "ledger", "value_moved"), 30 * finals);
        transfers_free(transfers);
    }
}
END_TEST

START_TEST(dropped_blocks_change_times_and_nothing_else)
{
    for (uint32_t drop_every = 2; drop_every <= 3; drop_every++) {
        struct transfers *transfers = random_load(drop_every);
        transfers_set(&transfers->ledger, "initial_balance", 1000000);
        transfers->base->chain.drop_every = drop_every;
        transfers_run(transfers);
        ck_assert_msg(transfers->result.status == ENGINE_OK, "%s", transfers->result.violation);
        int64_t submitted = transfers_counter(transfers, "workload", "tx_submitted");
        ck_assert_int_gt(transfers_counter(transfers, "chain", "blocks_dropped"), 10);
        ck_assert_int_eq(transfers_counter(transfers, "workload", "tx_final"), submitted);
        ck_assert_int_eq(transfers_counter(transfers, "ledger", "transfers_executed"), submitted);
        ck_assert_int_eq(transfers_counter(transfers, "ledger", "transfers_credited"), submitted);
        transfers_free(transfers);
    }
}
END_TEST

START_TEST(loss_and_crashes_delay_and_lose_nothing)
{
    for (uint64_t seed = 1; seed <= 4; seed++) {
        struct transfers *transfers = random_load(seed);
        transfers_set(&transfers->ledger, "initial_balance", 1000000);
        transfers->base->scenario.duration_ns = 200 * SECOND;
        transfers->base->scenario.network.loss = INT64_C(100000000000); /* 10 % */
        struct fault_target targets[2] = {
            {.type = TARGET_NODES, .role = "shard", .first = 1, .last = 2},
            {.type = TARGET_NODES, .role = "client"}};
        struct fault_spec crash = {.type = FAULT_CRASH,
                                   .at_ns = 7 * SECOND + 300 * MS,
                                   .for_ns = 12 * SECOND,
                                   .target = {targets, 2}};
        transfers->base->scenario.faults = (struct fault_plan){&crash, 1};
        transfers_run(transfers);
        ck_assert_msg(transfers->result.status == ENGINE_OK, "seed %d: %s", (int)seed,
                      transfers->result.violation);
        int64_t submitted = transfers_counter(transfers, "workload", "tx_submitted");
        ck_assert_int_gt(submitted, 2000);
        ck_assert_int_eq(transfers_counter(transfers, "workload", "tx_final"), submitted);
        ck_assert_int_eq(transfers_counter(transfers, "atomic", "atomic_submitted"), submitted);
        ck_assert_int_eq(transfers_counter(transfers, "atomic", "atomic_settled"), submitted);
        ck_assert_int_gt(transfers_counter(transfers, "atomic", "atomic_resent"), submitted / 10);
        ck_assert_int_gt(transfers_counter(transfers, "atomic", "atomic_duplicate"), 0);
        transfers_free(transfers);
    }
}
END_TEST

START_TEST(without_resending_lost_ones_stay_pending)
{
    struct transfers *transfers = random_load(1);
    transfers->base->scenario.network.loss = INT64_C(100000000000);
    transfers_set(&transfers->atomic, "resend", 0);
    transfers_run(transfers);
    ck_assert_int_eq(transfers->result.status, ENGINE_OK);
    int64_t submitted = transfers_counter(transfers, "workload", "tx_submitted");
    int64_t known = transfers_counter(transfers, "workload", "tx_final") +
                    transfers_counter(transfers, "workload", "tx_failed");
    ck_assert_int_lt(known, submitted * 9 / 10);
    ck_assert_int_eq(transfers_counter(transfers, "atomic", "atomic_resent"), 0);
    transfers_free(transfers);
}
END_TEST

START_TEST(a_transaction_that_enters_twice_is_found)
{
    struct transfers *transfers = random_load(1);
    transfers->base->scenario.network.loss = INT64_C(100000000000);
    transfers_set(&transfers->atomic, "break", 1);
    transfers_run(transfers);
    ck_assert_int_eq(transfers->result.status, ENGINE_VIOLATION);
    ck_assert_msg(strstr(transfers->result.violation, "submitted_once") != NULL, "%s",
                  transfers->result.violation);
    transfers_free(transfers);
}
END_TEST

START_TEST(a_minted_unit_is_found)
{
    struct transfers *transfers = random_load(7);
    transfers_set(&transfers->ledger, "break", 1);
    transfers_run(transfers);
    ck_assert_int_eq(transfers->result.status, ENGINE_VIOLATION);
    ck_assert_msg(strstr(transfers->result.violation, "value_conserved") != NULL, "%s",
                  transfers->result.violation);
    transfers_free(transfers);
}
END_TEST

START_TEST(queues_and_orders_of_groups_give_one_result)
{
    uint64_t hash[2] = {0, 0};
    for (int form = 0; form < 4; form++) {
        struct transfers *transfers = random_load(8);
        transfers->base->options.queue = form == 1 ? &queue_heap : NULL;
        transfers->base->options.group_order = form >= 2 ? (uint64_t)form : 0;
        transfers_run(transfers);
        ck_assert_int_eq(transfers->result.status, ENGINE_OK);
        if (form > 0) {
            ck_assert_uint_eq(transfers->result.result_hash[0], hash[0]);
            ck_assert_uint_eq(transfers->result.result_hash[1], hash[1]);
        }
        hash[0] = transfers->result.result_hash[0];
        hash[1] = transfers->result.result_hash[1];
        transfers_free(transfers);
    }
}
END_TEST

CHECK_MAIN("accounts", a_transfer_is_a_debit_at_home_and_a_credit_away,
           a_transfer_within_a_shard_takes_one_block, what_cannot_be_is_refused_with_its_reason,
           credits_can_be_spent_and_only_once, value_for_nobody_is_kept_by_the_shard,
           every_delivery_is_a_transaction, inputs_of_a_full_block_wait_in_order,
           random_loads_settle_and_conserve_value, dropped_blocks_change_times_and_nothing_else,
           loss_and_crashes_delay_and_lose_nothing, without_resending_lost_ones_stay_pending,
           a_transaction_that_enters_twice_is_found, a_minted_unit_is_found,
           queues_and_orders_of_groups_give_one_result)
