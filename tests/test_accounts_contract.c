/* Goal: contracts are actors (TON-5) that messages run, create, and come back from; log messages
 * are logged once and delivered to nobody (TON-19). Method: the whole stack under the real engine
 * with scripted messages; random mixes whose value the ledger checks; each property broken on
 * purpose. The global contract is test_global_contract. */

#include "tests/check_main.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "models/ledger/contract_code.h"
#include "models/ledger/contract_params.h"
#include "models/messaging/hypercube.h"
#include "models/shard_prefix.h"
#include "models/workload/poisson.h"
#include "tests/contract_fixture.h"
#include "tests/support_transfers.h"

#define MS UINT64_C(1000000)
#define SECOND (1000 * MS)
#define SHARE INT64_C(10000000000) /* 1 % */

/* TON-12, TON-21, TON-22: value minus gas; the limit of the message or what its value buys */
START_TEST(a_contract_runs_within_the_gas_of_its_message)
{
    struct transfers *transfers = priced();
    call(transfers, 0, 2, CONTRACT_COUNTER, METHOD_ADD, 5000);
    call(transfers, 0, 2, CONTRACT_COUNTER, METHOD_ADD, 1000); /* just enough */
    call(transfers, 0, 2, CONTRACT_COUNTER, METHOD_ADD, 999);  /* buys too little */
    call(transfers, 0, 2, CONTRACT_COUNTER, METHOD_ADD, 5000)->like.gas_limit = 999;
    call(transfers, 0, 2, CONTRACT_COUNTER, METHOD_ASK, 5000); /* no method of a counter */
    transfers_run(transfers);
    assert_ok(transfers);
    ck_assert_uint_eq(transfers->results[0].outcome, OUTCOME_COMMITTED);
    ck_assert_uint_eq(transfers->results[0].chains, 2);
    ck_assert_uint_eq(transfers->results[1].outcome, OUTCOME_COMMITTED);
    ck_assert_uint_eq(transfers->results[2].reason, REASON_GAS);
    ck_assert_uint_eq(transfers->results[3].reason, REASON_GAS);
    ck_assert_uint_eq(transfers->results[4].reason, REASON_METHOD);
    ck_assert_int_eq(count(transfers, "contract_calls"), 2);
    ck_assert_int_eq(count(transfers, "messages_bounced"), 3);
    /* At home 1000 each; there 1000, 1000, 999, 999, 0. */
    ck_assert_int_eq(count(transfers, "gas_fees"), 5 * 1000 + 3998);
    /* What was left came back: 0 of 999, 4001, 5000. The first of them had nothing to send. */
    ck_assert_int_eq(count(transfers, "value_moved"), 4001 + 5000);
    transfers_free(transfers);
}
END_TEST

/* TON-R44: back to the sender, without a second bounce; without the switch it stays there */
START_TEST(a_message_to_nobody_bounces)
{
    for (int bounce = 0; bounce <= 1; bounce++) {
        struct transfers *transfers = transfers_new();
        transfers_set(&transfers->ledger, "initial_balance", 1000);
        transfers_set(&transfers->ledger, "contracts.bounce", bounce);
        transfers_step(transfers, 0, 0, 1, 1, 123456, 700);
        transfers_step(transfers, 10 * SECOND, 0, 1, 1, 1, 1000); /* if it came back */
        transfers_run(transfers);
        assert_ok(transfers);
        ck_assert_int_eq(count(transfers, "messages_bounced"), bounce);
        ck_assert_int_eq(count(transfers, "transfers_unclaimed"), !bounce);
        ck_assert_uint_eq(transfers->results[0].reason, bounce ? REASON_NO_ACCOUNT : REASON_NONE);
        ck_assert_uint_eq(transfers->results[1].outcome,
                          bounce ? OUTCOME_COMMITTED : OUTCOME_FAILED);
        transfers_free(transfers);
    }
}
END_TEST

/* The address of the first child of shard 0's creator. */
static struct address first_child(uint64_t number, bool anywhere)
{
    uint64_t shard = shard_of_prefix(0, 2); /* the first of four */
    struct contract_place place = {.self.prefix = contract_address(CONTRACT_CREATOR, 30, shard),
                                   .shard = shard};
    return (struct address){0, contract_child(&place, number, anywhere)};
}

/* TON-5: a new account, at home or elsewhere, with a balance, which its owner can use; TON-17 */
START_TEST(contracts_create_accounts_that_can_be_used)
{
    struct transfers *transfers = priced();
    transfers_set(&transfers->ledger, "external.check", 2);
    for (int anywhere = 0; anywhere <= 1; anywhere++) {
        struct transfers_step *step = call(transfers, 0, 0, CONTRACT_CREATOR, METHOD_CREATE, 30000);
        step->like.argument = CONTRACT_SIMPLE | (uint64_t)anywhere << 8;
        step = transfers_step(transfers, 10 * SECOND, 0, 0, 1, 7, 5000);
        step->to = first_child((uint64_t)anywhere + 1, anywhere);
        step->from_address = true;
        /* More than is left of 30000 - 5000 - 5000 - 2000 - 5000. */
        step = transfers_step(transfers, 20 * SECOND, 0, 0, 1, 7, 12000);
        step->to = first_child((uint64_t)anywhere + 1, anywhere);
        step->from_address = true;
    }
    transfers_run(transfers);
    assert_ok(transfers);
    ck_assert_int_eq(count(transfers, "contracts_created"), 2);
    ck_assert_int_eq(count(transfers, "contract_calls"), 4);
    for (uint32_t i = 0; i < 6; i += 3) {
        ck_assert_uint_eq(transfers->results[i].outcome, OUTCOME_COMMITTED);
        ck_assert_uint_eq(transfers->results[i + 1].outcome, OUTCOME_COMMITTED);
        ck_assert_uint_eq(transfers->results[i + 2].reason, REASON_BALANCE);
    }
    transfers_free(transfers);
}
END_TEST

/* TON-5: a created contract runs like any other; constructing twice does not work */
START_TEST(a_created_contract_runs)
{
    struct transfers *transfers = priced();
    call(transfers, 0, 0, CONTRACT_CREATOR, METHOD_CREATE, 30000)->like.argument = CONTRACT_COUNTER;
    struct transfers_step *step = transfers_step(transfers, 10 * SECOND, 3, 5, 0, 0, 3000);
    step->to = first_child(1, false);
    step->like.constructor = METHOD_ADD;
    step = transfers_step(transfers, 10 * SECOND, 3, 5, 0, 0, 9000);
    step->to = first_child(1, false);
    step->like.constructor = METHOD_CONSTRUCT;
    step = transfers_step(transfers, 10 * SECOND, 3, 5, 0, 0, 9000);
    step->to = first_child(2, false); /* nobody is there yet */
    step->like.constructor = METHOD_ADD;
    transfers_run(transfers);
    assert_ok(transfers);
    ck_assert_uint_eq(transfers->results[1].outcome, OUTCOME_COMMITTED);
    ck_assert_uint_eq(transfers->results[2].reason, REASON_METHOD);
    ck_assert_uint_eq(transfers->results[3].reason, REASON_NO_ACCOUNT);
    ck_assert_int_eq(count(transfers, "contracts_created"), 1);
    transfers_free(transfers);
}
END_TEST

START_TEST(counters_pass_value_on_as_often_as_asked)
{
    struct transfers *transfers = priced();
    call(transfers, 0, 1, CONTRACT_COUNTER, METHOD_RELAY, 9500)->like.argument = 5;
    call(transfers, 0, 2, CONTRACT_COUNTER, METHOD_RELAY, 3500)->like.argument = 5; /* buys four */
    transfers_run(transfers);
    assert_ok(transfers);
    ck_assert_int_eq(count(transfers, "contract_calls"), 6 + 3);
    ck_assert_int_eq(count(transfers, "messages_bounced"), 1);
    ck_assert_uint_eq(transfers->outcomes, 2);
    transfers_free(transfers);
}
END_TEST

/* ---- Logs ---- */

static struct transfers *logs(enum contract_logs where, bool broken, const char *database)
{
    struct transfers *transfers = transfers_new();
    transfers->database = database;
    transfers_set(&transfers->ledger, "contracts.logs", where);
    transfers_set(&transfers->ledger, "break", broken ? 3 : 0);
    for (uint32_t i = 0; i < 20; i++) {
        struct transfers_step *step = transfers_step(transfers, i * 100 * MS, (int32_t)(i % 4), i,
                                                     (int32_t)(i / 4 % 4), i, 3);
        step->like.operation = TX_LOG;
        step->like.argument = 1000 + i;
    }
    transfers_run(transfers);
    return transfers;
}

/* TON-19: in the shard it is directed to; TON-R27: in the block that makes it */
START_TEST(log_messages_are_logged_and_can_be_read)
{
    for (int where = LOGS_DIRECTED; where <= LOGS_LOCAL; where++) {
        char path[] = "/tmp/test_logs_XXXXXX";
        int file = mkstemp(path);
        ck_assert_int_ge(file, 0);
        close(file);
        unlink(path);
        struct transfers *transfers = logs((enum contract_logs)where, false, path);
        assert_ok(transfers);
        ck_assert_uint_eq(transfers->outcomes, 20);
        ck_assert_int_eq(count(transfers, "messages_logged"), 20);
        ck_assert_int_eq(count(transfers, "transfers_credited"), 0);
        ck_assert_int_eq(count(transfers, "value_moved"), 0);
        ck_assert_int_eq(transfers_counter(transfers, "messaging", "messages_sent"),
                         where == LOGS_DIRECTED ? 20 : 0);
        /* Kind: slot 4 << 8 | 128 + 6. Each content once, with its transaction. */
        ck_assert_int_eq(transfers_query(transfers,
                                         "SELECT count(DISTINCT value) FROM event"
                                         " WHERE kind_id = 4 * 256 + 134 AND value - 1000"
                                         " = (subject & 4294967295)"),
                         20);
        ck_assert_int_eq(
            transfers_query(transfers, "SELECT count(*) FROM event WHERE kind_id = 4 * 256 + 134"),
            20);
        /* One of four was directed to its own shard. */
        int away = 0;
        for (uint32_t i = 0; i < 20; i++)
            away += transfers->results[i].chains == 2;
        ck_assert_int_eq(away, where == LOGS_DIRECTED ? 15 : 0);
        unlink(path);
        transfers_free(transfers);
    }
}
END_TEST

START_TEST(a_log_message_that_is_delivered_is_found)
{
    struct transfers *transfers = logs(LOGS_DIRECTED, true, NULL);
    ck_assert_int_eq(transfers->result.status, ENGINE_VIOLATION);
    ck_assert_msg(strstr(transfers->result.violation, "logged_once") != NULL, "%s",
                  transfers->result.violation);
    transfers_free(transfers);
}
END_TEST

/* ---- Fees of messages ---- */

/* A message of 100 bytes: 38 of head, 62 of body in one cell (TON-R39, TON-R46). */
#define FORWARD INT64_C(1596000) /* 10^6 + (65536000 * 496 + 6553600000) / 65536 */

static struct transfers *with_fees(void)
{
    struct transfers *transfers = transfers_new();
    transfers_use(&transfers->messaging_part, &messaging_hypercube_model);
    transfers_set(&transfers->messaging_part, "fees", 2); /* prepaid */
    transfers_set(&transfers->ledger, "initial_balance", INT64_C(1000000000));
    transfers_set(&transfers->ledger, "contracts.bounce", 1);
    transfers_set(&transfers->ledger, "contracts.message_size", 100);
    return transfers;
}

/* TON-R44: a bounce pays for its way from what is left; what cannot pay stays */
START_TEST(a_bounce_pays_its_way)
{
    struct transfers *transfers = with_fees();
    transfers_step(transfers, 0, 0, 1, 1, 123456, 5 * FORWARD);
    transfers_step(transfers, 0, 0, 1, 1, 123457, 2 * FORWARD - 1);
    transfers_run(transfers);
    assert_ok(transfers);
    ck_assert_int_eq(count(transfers, "messages_bounced"), 2);
    ck_assert_int_eq(count(transfers, "transfers_credited"), 1);
    ck_assert_int_eq(count(transfers, "value_moved"), 3 * FORWARD);
    transfers_free(transfers);
}
END_TEST

/* TON-R44: the whole fee of a log message that goes nowhere is the emitting block's */
START_TEST(a_local_log_message_pays_its_block)
{
    struct transfers *transfers = with_fees();
    transfers_set(&transfers->ledger, "contracts.logs", LOGS_LOCAL);
    transfers_step(transfers, 0, 0, 1, 1, 1, 0)->like.operation = TX_LOG;
    transfers_step(transfers, SECOND, 0, 1, 1, 1, 1000000001 - FORWARD); /* one unit too many */
    transfers_step(transfers, 2 * SECOND, 0, 1, 1, 1, 1000000000 - FORWARD);
    transfers_run(transfers);
    assert_ok(transfers);
    ck_assert_int_eq(count(transfers, "gas_fees"), FORWARD);
    ck_assert_int_eq(count(transfers, "messages_logged"), 1);
    ck_assert_uint_eq(transfers->results[1].reason, REASON_BALANCE);
    ck_assert_uint_eq(transfers->results[2].outcome, OUTCOME_COMMITTED);
    transfers_free(transfers);
}
END_TEST

/* TON-R44: a fee that nobody could ever own is not a fee of nothing */
START_TEST(a_local_log_message_that_is_too_dear_is_refused)
{
    struct transfers *transfers = with_fees();
    transfers_set(&transfers->ledger, "contracts.logs", LOGS_LOCAL);
    transfers_set(&transfers->messaging_part, "fee_bit", INT64_C(1000000000000000));
    transfers->base->chain.block_limit.bytes = 1 << 30;
    transfers_step(transfers, 0, 0, 1, 1, 1, 0)->like.operation = TX_LOG;
    transfers->script[0].like.bytes = 100000000; /* 1.2 * 10^19: above 2^63 */
    transfers_run(transfers);
    assert_ok(transfers);
    ck_assert_uint_eq(transfers->results[0].reason, REASON_FEE);
    transfers_free(transfers);
}
END_TEST

/* TON-27: what calls use counts: with 20 000 a block two calls of 15 000 are the most */
START_TEST(the_gas_of_calls_is_in_the_block)
{
    struct transfers *transfers = priced();
    transfers->base->chain.block_limit.gas = 20000;
    transfers_set(&transfers->ledger, "contracts.call_gas", 15000);
    for (unsigned i = 0; i < 12; i++)
        call(transfers, 0, 2, CONTRACT_COUNTER, METHOD_ADD, 20000);
    transfers_run(transfers);
    assert_ok(transfers);
    ck_assert_int_eq(count(transfers, "contract_calls"), 12);
    ck_assert_int_ge(transfers_counter(transfers, "chain", "blocks_full"), 5);
    ck_assert_int_ge(transfers_counter(transfers, "chain", "block_gas"), 12 * 15000);
    transfers_free(transfers);
}
END_TEST

/* ---- Everything at once ---- */

static struct transfers *mix(uint64_t seed)
{
    struct transfers *transfers = priced();
    struct transfers_part *poisson = transfers_workload(transfers, &workload_poisson_model);
    transfers->base->scenario.seed = seed;
    transfers->base->chain.masterchain.present = 1;
    transfers->base->chain.drop_every = seed % 2 ? 0 : 3;
    if (seed % 3 == 0) {
        transfers->base->messaging_ready = false;
        transfers_use(&transfers->messaging_part, &messaging_hypercube_model);
    }
    transfers_set(&transfers->ledger, "external.check", (int64_t)(seed % 3));
    transfers_set(&transfers->ledger, "contracts.share_every", 3);
    transfers_set(&transfers->ledger, "contracts.logs", (int64_t)(seed / 4 % 2));
    transfers_set(&transfers->ledger, "contracts.bounce", seed != 4);
    transfers_set(poisson, "rate", INT64_C(60000000));
    transfers_set(poisson, "until", (int64_t)(40 * SECOND));
    const char *const shares[] = {"call", "create", "wildcard", "log", "stranger"};
    for (unsigned i = 0; i < 5; i++) {
        char name[64];
        snprintf(name, sizeof name, "operations.%s", shares[i]);
        transfers_set(poisson, name, 15 * SHARE);
    }
    transfers_set(poisson, "operations.publish", 2 * SHARE);
    transfers_set(poisson, "operations.relay_hops", 3);
    transfers_constant(poisson, "amount", 12000);
    return transfers;
}

START_TEST(random_mixes_conserve_value_and_answer_everybody)
{
    for (uint64_t seed = 1; seed <= 6; seed++) {
        struct transfers *transfers = mix(seed);
        transfers_run(transfers);
        ck_assert_msg(transfers->result.status == ENGINE_OK, "seed %d: %s", (int)seed,
                      transfers->result.violation);
        int64_t submitted = transfers_counter(transfers, "workload", "tx_submitted");
        ck_assert_int_eq(transfers_counter(transfers, "workload", "tx_final") +
                             transfers_counter(transfers, "workload", "tx_failed"),
                         submitted);
        ck_assert_int_gt(count(transfers, "contract_calls"), submitted / 2);
        /* TON-13: accounts that take messages from outside send, and contracts; nobody else */
        ck_assert_int_eq(transfers_counter(transfers, "messaging", "messages_sent"),
                         count(transfers, "transfers_executed") +
                             count(transfers, "contract_messages"));
        ck_assert_int_gt(count(transfers, "contracts_created"), submitted / 10);
        ck_assert_int_gt(count(transfers, "messages_logged"), submitted / 10);
        ck_assert_int_gt(count(transfers, "instances_shared"), submitted / 100);
        ck_assert_int_gt(count(transfers, "strangers_refused"), submitted / 10);
        transfers_free(transfers);
    }
}
END_TEST

/* TON-R57: a check that was begun before a split is done after it, at its time */
START_TEST(a_check_outlives_a_split)
{
    static struct reshard_order_config order = {
        .at_ns = 2 * (int64_t)SECOND, .what = RESHARD_SPLIT, .shard = "0:4000000000000000"};
    struct transfers *transfers = priced();
    transfers_use(&transfers->messaging_part, &messaging_hypercube_model);
    transfers->base->chain.masterchain.present = 1;
    transfers->base->chain.shards = 2;
    transfers->base->chain.resharding = (struct reshard_config){.enabled = 1,
                                                                .max_split = 4,
                                                                .delay_ns = 1000 * (int64_t)SECOND,
                                                                .interval_ns = 10 * (int64_t)SECOND,
                                                                .schedule = {&order, 1}};
    transfers_set(&transfers->ledger, "external.check", 2);
    transfers_set(&transfers->ledger, "external.check_time", 10 * (int64_t)SECOND);
    transfers_step(transfers, 100 * MS, 0, 1, 1, 2, 5)->forged = true;
    transfers_step(transfers, 100 * MS, 0, 2, 1, 2, 5)->forged = true;
    transfers_run(transfers);
    assert_ok(transfers);
    ck_assert_int_eq(transfers_counter(transfers, "chain", "splits"), 1);
    ck_assert_uint_eq(transfers->outcomes, 2);
    ck_assert_uint_eq(transfers->results[0].reason, REASON_SIGNATURE);
    ck_assert_uint_eq(transfers->results[0].final_ns, 10 * SECOND + 105 * MS);
    ck_assert_uint_eq(transfers->results[1].final_ns, 20 * SECOND + 105 * MS);
    transfers_free(transfers);
}
END_TEST

/* TON-R57, TON-R58: what waits to be checked or for a block, contracts and what they remember go
 * with their accounts; TON-23: every shard of the moment has its instance */
START_TEST(mixes_go_on_as_shards_split_and_merge)
{
    static const char *const shards[] = {"0:4000000000000000", "0:4000000000000000",
                                         "0:8000000000000000", "0:8000000000000000"};
    static const enum reshard_what whats[] = {RESHARD_SPLIT, RESHARD_MERGE, RESHARD_MERGE,
                                              RESHARD_SPLIT};
    static struct reshard_order_config orders[20];
    for (int i = 0; i < 20; i++)
        orders[i] = (struct reshard_order_config){
            .at_ns = (3 + 2 * i) * (int64_t)SECOND, .what = whats[i % 4], .shard = shards[i % 4]};
    for (uint64_t seed = 3; seed <= 9; seed += 3) {
        struct transfers *transfers = mix(seed);
        transfers->base->scenario.duration_ns = 150 * SECOND;
        transfers_set(&transfers->workload[0], "operations.publish", 0); /* it would cost more */
        transfers->base->chain.drop_every = 0;
        transfers->base->chain.shards = 2;
        transfers->base->chain.resharding =
            (struct reshard_config){.enabled = 1,
                                    .max_split = 4,
                                    .delay_ns = 1000 * (int64_t)SECOND,
                                    .interval_ns = 10 * (int64_t)SECOND,
                                    .schedule = {orders, 20}};
        transfers_set(&transfers->ledger, "external.check", 1 + (int64_t)(seed / 3 % 2));
        transfers_set(&transfers->ledger, "external.check_time", (int64_t)(20 * MS));
        transfers_run(transfers);
        ck_assert_msg(transfers->result.status == ENGINE_OK, "seed %d: %s", (int)seed,
                      transfers->result.violation);
        ck_assert_int_ge(transfers_counter(transfers, "chain", "splits"), 6);
        int64_t submitted = transfers_counter(transfers, "workload", "tx_submitted");
        ck_assert_int_eq(transfers_counter(transfers, "workload", "tx_final") +
                             transfers_counter(transfers, "workload", "tx_failed"),
                         submitted);
        ck_assert_int_gt(count(transfers, "instances_shared"), submitted / 100);
        /* What was for an instance whose shard has merged meanwhile comes back, too. */
        int64_t others =
            count(transfers, "messages_bounced") - count(transfers, "strangers_refused");
        ck_assert_int_ge(others, 0);
        ck_assert_int_le(others, 5);
        transfers_free(transfers);
    }
}
END_TEST

CHECK_MAIN("accounts_contract", a_contract_runs_within_the_gas_of_its_message,
           a_message_to_nobody_bounces, contracts_create_accounts_that_can_be_used,
           a_created_contract_runs, counters_pass_value_on_as_often_as_asked,
           log_messages_are_logged_and_can_be_read, a_log_message_that_is_delivered_is_found,
           a_bounce_pays_its_way, a_local_log_message_pays_its_block,
           the_gas_of_calls_is_in_the_block, a_local_log_message_that_is_too_dear_is_refused,
           random_mixes_conserve_value_and_answer_everybody, a_check_outlives_a_split,
           mixes_go_on_as_shards_split_and_merge)
