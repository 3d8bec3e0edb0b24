/* Goal: a client's submission is a message from outside to its own account: it is run before any
 * block with a small gas limit and dropped if that fails, and the account pays for what it accepts
 * (TON-14 to TON-18, TON-R45, TON-R47 to TON-R49). Method: the whole stack under the real engine
 * with scripted messages around each limit, and random loads whose value the ledger checks. */

#include "tests/check_main.h"

#include <string.h>

#include "models/atomic/none.h"
#include "models/ledger/external_message.h"
#include "models/workload/poisson.h"
#include "tests/support_transfers.h"

#define MS UINT64_C(1000000)
#define SECOND (1000 * MS)
#define SHARE INT64_C(10000000000) /* 1 % */

/* Gas of a plain message: 1000 for the signature and 1000 for the rest. */
static struct transfers *with_check(enum external_check check)
{
    struct transfers *transfers = transfers_new();
    transfers_set(&transfers->ledger, "external.check", check);
    return transfers;
}

static int64_t dropped(const struct transfers *transfers, const char *reason)
{
    char name[64] = "dropped_";
    strncat(name, reason, sizeof name - 16);
    return transfers_counter(transfers, "ledger", name);
}

static void assert_dropped(const struct transfers *transfers, uint32_t number,
                           enum tx_reason reason)
{
    const struct tx_result *result = &transfers->results[number];
    ck_assert_uint_eq(result->outcome, OUTCOME_FAILED);
    ck_assert_uint_eq(result->reason, reason);
    ck_assert_uint_eq(result->collated_ns, 0); /* it never stood in a block */
}

/* TON-15, TON-17: a wrong signature is found before any block; nothing is charged */
START_TEST(a_wrong_signature_is_dropped_and_costs_nothing)
{
    for (int kind = 0; kind < 4; kind++) {
        struct transfers *transfers = with_check(kind & 1 ? EXTERNAL_ACCEPTS : EXTERNAL_COMPLETES);
        transfers_set(&transfers->ledger, "external.signatures", kind >> 1);
        transfers_set(&transfers->ledger, "gas.price", 65536);
        transfers_step(transfers, 100 * MS, 0, 1, 3, 2, 5)->forged = true;
        transfers_step(transfers, 100 * MS, 0, 1, 3, 2, 5);
        transfers_run(transfers);
        ck_assert_int_eq(transfers->result.status, ENGINE_OK);
        assert_dropped(transfers, 0, REASON_SIGNATURE);
        ck_assert_uint_eq(transfers->results[1].outcome, OUTCOME_COMMITTED);
        ck_assert_int_eq(dropped(transfers, "signature"), 1);
        ck_assert_int_eq(transfers_counter(transfers, "ledger", "externals_checked"), 2);
        ck_assert_int_eq(transfers_counter(transfers, "ledger", "externals_dropped"), 1);
        ck_assert_int_eq(transfers_counter(transfers, "ledger", "gas_fees"), 2000);
        transfers_free(transfers);
    }
}
END_TEST

/* TON-15: it must end within the small limit; TON-R49: it must accept within it */
START_TEST(the_two_readings_differ_in_long_messages)
{
    for (int check = EXTERNAL_COMPLETES; check <= EXTERNAL_ACCEPTS; check++) {
        struct transfers *transfers = with_check((enum external_check)check);
        transfers_set(&transfers->ledger, "external.gas", 5000);
        transfers_step(transfers, 100 * MS, 0, 1, 3, 2, 5)->like.work = 3000;
        transfers_step(transfers, 100 * MS, 0, 2, 3, 2, 5)->like.work = 3001;
        transfers_run(transfers);
        ck_assert_uint_eq(transfers->results[0].outcome, OUTCOME_COMMITTED);
        if (check == EXTERNAL_ACCEPTS)
            ck_assert_uint_eq(transfers->results[1].outcome, OUTCOME_COMMITTED);
        else
            assert_dropped(transfers, 1, REASON_GAS);
        ck_assert_int_eq(transfers_counter(transfers, "ledger", "gas_used"),
                         check == EXTERNAL_ACCEPTS ? 10001 : 5000);
        transfers_free(transfers);
    }
}
END_TEST

START_TEST(not_even_the_signature_fits_a_limit_that_is_too_small)
{
    struct transfers *transfers = with_check(EXTERNAL_ACCEPTS);
    transfers_set(&transfers->ledger, "external.gas", 999);
    transfers_step(transfers, 100 * MS, 0, 1, 3, 2, 5);
    transfers_run(transfers);
    assert_dropped(transfers, 0, REASON_GAS);
    transfers_free(transfers);
}
END_TEST

/* TON-16, TON-R45, TON-R47: the recipient, which is the client's own account, pays */
START_TEST(the_account_pays_for_gas_and_import)
{
    struct transfers *transfers = with_check(EXTERNAL_ACCEPTS);
    transfers_set(&transfers->ledger, "initial_balance", 10000);
    transfers_set(&transfers->ledger, "gas.price", 65536);                 /* 1 a unit */
    transfers_set(&transfers->ledger, "external.import_fee", 300);         /* and 100 bytes */
    transfers_set(&transfers->ledger, "external.import_bit_price", 16384); /* a quarter a bit */
    /* 2000 of gas, 300 + 200 of import. */
    transfers_step(transfers, 0, 0, 1, 3, 2, 7500);
    transfers_step(transfers, 0, 0, 2, 3, 2, 7501); /* one too many: accepted, not sent, charged */
    transfers_step(transfers, 10 * SECOND, 0, 2, 3, 2, 5000); /* what is left after that */
    transfers_step(transfers, 20 * SECOND, 0, 1, 3, 2, 0);    /* nothing is left */
    transfers_run(transfers);
    ck_assert_int_eq(transfers->result.status, ENGINE_OK);
    ck_assert_uint_eq(transfers->results[0].outcome, OUTCOME_COMMITTED);
    ck_assert_uint_eq(transfers->results[1].reason, REASON_BALANCE);
    ck_assert_uint_ne(transfers->results[1].collated_ns, 0); /* it stood in a block */
    ck_assert_uint_eq(transfers->results[2].outcome, OUTCOME_COMMITTED);
    assert_dropped(transfers, 3, REASON_FEE);
    ck_assert_int_eq(transfers_counter(transfers, "ledger", "gas_fees"), 3 * 2500);
    transfers_free(transfers);
}
END_TEST

/* TON-14: a message from outside brings nothing: what is spent was the account's. TON-18: it is a
 * candidate for a transaction: each that was let in stands in one block, the others in none. */
START_TEST(messages_from_outside_bring_no_value)
{
    enum { OWNED = 10000, GAS = 2000 };
    struct transfers *transfers = with_check(EXTERNAL_ACCEPTS);
    transfers_set(&transfers->ledger, "initial_balance", OWNED);
    transfers_set(&transfers->ledger, "gas.price", 65536);
    int64_t left = OWNED, moved = 0;
    for (uint32_t i = 0; i < 8; i++) {
        transfers_step(transfers, i * 5 * SECOND, 0, 1, 3, 2, 1000 + i);
        if (left >= GAS + 1000 + i) {
            left -= GAS + 1000 + i;
            moved += 1000 + i;
        }
    }
    transfers_run(transfers);
    ck_assert_int_eq(transfers->result.status, ENGINE_OK);
    ck_assert_int_eq(transfers_counter(transfers, "ledger", "value_moved"), moved);
    int64_t taken = 0;
    for (uint32_t i = 0; i < 8; i++)
        taken += transfers->results[i].collated_ns != 0;
    ck_assert_int_eq(transfers_counter(transfers, "ledger", "transfers_executed"), 3);
    ck_assert_int_eq(taken, 3);
    ck_assert_int_eq(dropped(transfers, "gas"), 5);
    ck_assert_int_eq(transfers_counter(transfers, "ledger", "gas_fees"), 3 * GAS);
    transfers_free(transfers);
}
END_TEST

/* TON-15: what it sends is part of the run; TON-R54 */
START_TEST(the_paper_drops_what_cannot_be_sent)
{
    struct transfers *transfers = with_check(EXTERNAL_COMPLETES);
    transfers_set(&transfers->ledger, "initial_balance", 10);
    transfers_step(transfers, 0, 0, 1, 1, 1, 11);
    transfers_step(transfers, 0, 0, 5000, 1, 1, 1);
    transfers_step(transfers, 0, 0, 1, -1, 1, 1);
    transfers_run(transfers);
    assert_dropped(transfers, 0, REASON_BALANCE);
    assert_dropped(transfers, 1, REASON_NO_ACCOUNT);
    assert_dropped(transfers, 2, REASON_NO_ACCOUNT);
    ck_assert_int_eq(transfers_counter(transfers, "chain", "blocks_final"), 0);
    transfers_free(transfers);
}
END_TEST

/* TON-R49: all gas that the balance buys is used up, and it is in the block */
START_TEST(an_accepted_message_pays_even_when_its_gas_runs_out)
{
    struct transfers *transfers = with_check(EXTERNAL_ACCEPTS);
    transfers_set(&transfers->ledger, "initial_balance", 2500);
    transfers_set(&transfers->ledger, "gas.price", 65536);
    transfers_step(transfers, 0, 0, 1, 3, 2, 1)->like.work = 501; /* 2501 of gas */
    transfers_run(transfers);
    ck_assert_int_eq(transfers->result.status, ENGINE_OK);
    ck_assert_uint_eq(transfers->results[0].reason, REASON_GAS);
    ck_assert_uint_ne(transfers->results[0].collated_ns, 0);
    ck_assert_int_eq(transfers_counter(transfers, "ledger", "gas_fees"), 2500);
    ck_assert_int_eq(transfers_counter(transfers, "ledger", "transfers_executed"), 0);
    transfers_free(transfers);
}
END_TEST

/* TON-15, TON-R49: between the check and the block the balance went; nobody can pay any more */
START_TEST(what_nobody_would_pay_for_is_left_out_of_the_block)
{
    struct transfers *transfers = with_check(EXTERNAL_ACCEPTS);
    transfers_set(&transfers->ledger, "initial_balance", 3500);
    transfers_set(&transfers->ledger, "gas.price", 65536);
    transfers_step(transfers, 100 * MS, 0, 1, 3, 2, 1500); /* 2000 of gas and all the rest */
    transfers_step(transfers, 101 * MS, 0, 1, 3, 2, 1000); /* was good when it was checked */
    transfers_step(transfers, 100 * MS, 0, 2, 3, 2, 1000);
    transfers_step(transfers, 101 * MS, 0, 2, 3, 2, 1000); /* 500 buy not even the signature */
    transfers_run(transfers);
    ck_assert_int_eq(transfers->result.status, ENGINE_OK);
    ck_assert_uint_eq(transfers->results[0].outcome, OUTCOME_COMMITTED);
    ck_assert_uint_eq(transfers->results[1].reason, REASON_FEE);
    ck_assert_uint_eq(transfers->results[2].outcome, OUTCOME_COMMITTED);
    ck_assert_uint_eq(transfers->results[3].reason, REASON_GAS);
    ck_assert_int_eq(dropped(transfers, "fee"), 1);
    ck_assert_int_eq(dropped(transfers, "gas"), 1);
    ck_assert_int_eq(transfers_counter(transfers, "ledger", "gas_fees"), 4000);
    transfers_free(transfers);
}
END_TEST

/* TON-R48, through the whole stack: checks of an account, waiting messages */
START_TEST(limits_of_admission_hold)
{
    struct transfers *transfers = with_check(EXTERNAL_ACCEPTS);
    transfers_set(&transfers->ledger, "external.account_checks", 3);
    transfers_set(&transfers->ledger, "external.pending", 5);
    for (uint32_t i = 0; i < 5; i++)
        transfers_step(transfers, 100 * MS, 0, 1, 3, 2, 5);
    for (uint32_t i = 0; i < 5; i++)
        transfers_step(transfers, 200 * MS, 0, 10 + i, 3, 2, 5);
    transfers_step(transfers, 5 * SECOND, 0, 20, 3, 2, 5); /* the pool is empty again */
    transfers_run(transfers);
    ck_assert_int_eq(dropped(transfers, "rate"), 2);
    ck_assert_int_eq(dropped(transfers, "pool"), 3);
    ck_assert_int_eq(transfers_counter(transfers, "ledger", "transfers_executed"), 6);
    ck_assert_uint_eq(transfers->results[10].outcome, OUTCOME_COMMITTED);
    transfers_free(transfers);
}
END_TEST

START_TEST(a_message_that_waits_too_long_is_left_out)
{
    struct transfers *transfers = with_check(EXTERNAL_ACCEPTS);
    transfers->base->chain.block_limit.gas = 2500; /* one in a block of 1 s */
    transfers_set(&transfers->ledger, "external.life", 3 * (int64_t)SECOND);
    transfers_set(&transfers->messaging_part, "delivery_gas", 1);
    for (uint32_t i = 0; i < 8; i++)
        transfers_step(transfers, 900 * MS, 0, i, 3, 2, 5);
    transfers_run(transfers);
    ck_assert_int_eq(transfers->result.status, ENGINE_OK);
    ck_assert_uint_eq(transfers->outcomes, 8);
    ck_assert_int_eq(transfers_counter(transfers, "ledger", "transfers_executed"), 3);
    ck_assert_int_eq(dropped(transfers, "expired"), 5);
    transfers_free(transfers);
}
END_TEST

/* One node checks one message after the other: what others send delays one's own. */
START_TEST(checks_take_time_one_after_the_other)
{
    struct transfers *transfers = with_check(EXTERNAL_COMPLETES);
    transfers_set(&transfers->ledger, "external.check_time", 100 * (int64_t)MS);
    for (uint32_t i = 0; i < 12; i++)
        transfers_step(transfers, 100 * MS, 0, i, 3, 2, 5)->forged = i < 11;
    transfers_run(transfers);
    ck_assert_int_eq(dropped(transfers, "signature"), 11);
    for (uint32_t i = 0; i < 11; i++)
        ck_assert_uint_eq(transfers->results[i].final_ns, (105 + 100 * (i + 1)) * MS);
    ck_assert_uint_eq(transfers->results[11].arrived_ns, 105 * MS);
    ck_assert_uint_eq(transfers->results[11].collated_ns, 2 * SECOND); /* 1305 ms: not at 1 s */
    transfers_free(transfers);
}
END_TEST

static struct transfers *random_load(uint64_t seed, enum external_check check)
{
    struct transfers *transfers = with_check(check);
    struct transfers_part *poisson = transfers_workload(transfers, &workload_poisson_model);
    transfers->base->scenario.seed = seed;
    transfers_set(&transfers->ledger, "accounts_per_shard", 50);
    transfers_set(&transfers->ledger, "initial_balance", 12000);
    transfers_set(&transfers->ledger, "gas.price", 40000);
    transfers_set(&transfers->ledger, "gas.flat_limit", 500);
    transfers_set(&transfers->ledger, "gas.flat_price", 77);
    transfers_set(&transfers->ledger, "external.import_fee", 3);
    transfers_set(poisson, "rate", INT64_C(100000000));
    transfers_set(poisson, "until", (int64_t)(40 * SECOND));
    transfers_set(poisson, "operations.wrong_signature", 20 * SHARE);
    transfers_set(poisson, "operations.too_long", 20 * SHARE);
    transfers_set(poisson, "operations.work", 9000);
    transfers_constant(poisson, "amount", 30);
    return transfers;
}

START_TEST(random_loads_conserve_value_and_answer_everybody)
{
    for (uint64_t seed = 1; seed <= 6; seed++) {
        enum external_check check = seed % 2 ? EXTERNAL_ACCEPTS : EXTERNAL_COMPLETES;
        struct transfers *transfers = random_load(seed, check);
        transfers->base->chain.drop_every = seed <= 2 ? 0 : (uint32_t)seed - 1;
        transfers_run(transfers);
        ck_assert_msg(transfers->result.status == ENGINE_OK, "seed %d: %s", (int)seed,
                      transfers->result.violation);
        int64_t submitted = transfers_counter(transfers, "workload", "tx_submitted");
        int64_t finals = transfers_counter(transfers, "workload", "tx_final");
        ck_assert_int_eq(finals + transfers_counter(transfers, "workload", "tx_failed"), submitted);
        ck_assert_int_gt(finals, submitted / 10);
        ck_assert_int_gt(dropped(transfers, "signature"), submitted / 20);
        ck_assert_int_gt(dropped(transfers, "fee"), 10); /* some have spent all */
        ck_assert_int_gt(transfers_counter(transfers, "ledger", "gas_fees"), 100 * finals);
        transfers_free(transfers);
    }
}
END_TEST

START_TEST(crashes_and_loss_leave_everybody_answered)
{
    for (uint64_t seed = 1; seed <= 3; seed++) {
        struct transfers *transfers = random_load(seed, EXTERNAL_ACCEPTS);
        transfers->base->scenario.duration_ns = 200 * SECOND;
        transfers->base->scenario.network.loss = 10 * SHARE;
        transfers_set(&transfers->ledger, "external.check_time", (int64_t)(5 * MS));
        struct fault_target target = {.type = TARGET_NODES, .role = "shard", .first = 1, .last = 2};
        struct fault_spec crash = {.type = FAULT_CRASH,
                                   .at_ns = 7 * SECOND + 300 * MS,
                                   .for_ns = 12 * SECOND,
                                   .target = {&target, 1}};
        transfers->base->scenario.faults = (struct fault_plan){&crash, 1};
        transfers_run(transfers);
        ck_assert_msg(transfers->result.status == ENGINE_OK, "seed %d: %s", (int)seed,
                      transfers->result.violation);
        ck_assert_int_eq(transfers_counter(transfers, "workload", "tx_final") +
                             transfers_counter(transfers, "workload", "tx_failed"),
                         transfers_counter(transfers, "workload", "tx_submitted"));
        transfers_free(transfers);
    }
}
END_TEST

/* ---- A replay: everything is handed to the ledger twice ---- */

static struct model twice_model;
static struct {
    struct stack *stack;
    void (*submit)(void *self, struct context *context, uint32_t chain, const struct tx *tx);
    uint32_t settled;
} twice;

static void submit_twice(void *self, struct context *context, uint32_t chain, const struct tx *tx)
{
    twice.submit(self, context, chain, tx);
    twice.submit(self, context, chain, tx);
}

static void settled_twice(void *self, struct context *context, uint32_t chain,
                          const struct tx_result *result)
{
    (void)self, (void)context, (void)chain, (void)result;
    twice.settled++;
}

static int twice_build(const struct build *build, void **ret_state)
{
    int status = atomic_none_model.build(build, ret_state);
    twice.stack = build->stack;
    twice.submit = build->stack->ledger.submit;
    twice.settled = 0;
    build->stack->ledger.submit = submit_twice;
    build->stack->atomic.settled = settled_twice;
    return status;
}

static void replay(bool broken)
{
    struct transfers *transfers = with_check(EXTERNAL_COMPLETES);
    twice_model = atomic_none_model;
    twice_model.build = twice_build;
    transfers_use(&transfers->atomic, &twice_model);
    transfers_set(&transfers->ledger, "break", broken ? 2 : 0);
    for (uint32_t i = 0; i < 10; i++)
        transfers_step(transfers, i * SECOND, 0, i, 3, 2, 5);
    transfers_run(transfers);
    if (broken) {
        ck_assert_int_eq(transfers->result.status, ENGINE_VIOLATION);
        ck_assert_msg(strstr(transfers->result.violation, "external_once") != NULL, "%s",
                      transfers->result.violation);
    } else {
        ck_assert_int_eq(transfers->result.status, ENGINE_OK);
        ck_assert_uint_eq(twice.settled, 20);
        ck_assert_int_eq(dropped(transfers, "repeated"), 10);
        ck_assert_int_eq(transfers_counter(transfers, "ledger", "transfers_executed"), 10);
    }
    transfers_free(transfers);
}

/* TON-R48: an identical message is let in once */
START_TEST(a_repeated_message_is_executed_once)
{
    replay(false);
}
END_TEST

START_TEST(a_message_that_is_executed_twice_is_found)
{
    replay(true);
}
END_TEST

CHECK_MAIN("accounts_external", a_wrong_signature_is_dropped_and_costs_nothing,
           the_two_readings_differ_in_long_messages,
           not_even_the_signature_fits_a_limit_that_is_too_small,
           the_account_pays_for_gas_and_import, messages_from_outside_bring_no_value,
           the_paper_drops_what_cannot_be_sent, an_accepted_message_pays_even_when_its_gas_runs_out,
           what_nobody_would_pay_for_is_left_out_of_the_block, limits_of_admission_hold,
           a_message_that_waits_too_long_is_left_out, checks_take_time_one_after_the_other,
           random_loads_conserve_value_and_answer_everybody,
           crashes_and_loss_leave_everybody_answered, a_repeated_message_is_executed_once,
           a_message_that_is_executed_twice_is_found)
