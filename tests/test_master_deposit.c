/* Goal: a message to the masterchain brings a deposit, and gets it back if it is valid (TON-54,
 * TON-55). Method: the whole stack under the real engine; scripted transfers just below and at the
 * deposit, with a constructor that the masterchain knows and one that it does not; random loads
 * whose value the ledger counts. */

#include "models/ledger/accounts_fill.h"
#include "models/messaging/hypercube.h"
#include "models/workload/poisson.h"
#include "tests/check_main.h"
#include "tests/support_transfers.h"

#define MS UINT64_C(1000000)
#define SECOND (1000 * MS)
#define TX_PER_S INT64_C(1000000)
#define PERCENT INT64_C(10000000000)
enum { DEPOSIT = 1000, BALANCE = 5000 };

static struct transfers *with_deposit(int64_t fees)
{
    struct transfers *transfers = transfers_new();
    transfers_use(&transfers->messaging_part, &messaging_hypercube_model);
    transfers_set(&transfers->messaging_part, "fees", fees);
    transfers_set(&transfers->messaging_part, "master_lump", 100);
    transfers_set(&transfers->messaging_part, "master_bit", 0);
    transfers_set(&transfers->messaging_part, "master_cell", 0);
    transfers_set(&transfers->ledger, "initial_balance", BALANCE);
    transfers_set(&transfers->ledger, "master_deposit", DEPOSIT);
    return transfers;
}

static struct transfers_step *to_master(struct transfers *transfers, uint64_t at_ns, int32_t from,
                                        int64_t amount, uint32_t constructor)
{
    struct transfers_step *step =
        transfers_step(transfers, at_ns, from, 1, TRANSFERS_MASTER, 1, amount);
    step->like.constructor = constructor;
    return step;
}

static void run(struct transfers *transfers)
{
    transfers_run(transfers);
    ck_assert_msg(transfers->result.status == ENGINE_OK, "%s", transfers->result.violation);
}

static int64_t ledger(const struct transfers *transfers, const char *counter)
{
    return transfers_counter(transfers, "ledger", counter);
}

/* TON-55: less than the deposit is refused at the source; what is valid gets the deposit back and
 * can spend it again, what is not does not. */
START_TEST(a_valid_message_gets_its_deposit_back)
{
    struct transfers *transfers = with_deposit(0);
    to_master(transfers, 0, 0, DEPOSIT - 1, CONSTRUCTOR_STAKE);
    to_master(transfers, 0, 1, BALANCE, CONSTRUCTOR_STAKE);
    to_master(transfers, 0, 2, BALANCE, 77);
    transfers_step(transfers, 20 * SECOND, 1, 1, 0, 1, DEPOSIT); /* what came back */
    transfers_step(transfers, 30 * SECOND, 1, 1, 0, 1, 1);
    transfers_step(transfers, 20 * SECOND, 2, 1, 0, 1, 1); /* nothing did */
    /* The receiver: its own, all of one, all but the deposit of the other. */
    transfers_step(transfers, 20 * SECOND, TRANSFERS_MASTER, 1, 0, 1, 3 * BALANCE - DEPOSIT + 1);
    transfers_step(transfers, 30 * SECOND, TRANSFERS_MASTER, 1, 0, 1, 3 * BALANCE - DEPOSIT);
    run(transfers);
    ck_assert_uint_eq(transfers->results[0].reason, REASON_DEPOSIT);
    ck_assert_uint_eq(transfers->results[1].outcome, OUTCOME_COMMITTED);
    ck_assert_uint_eq(transfers->results[2].outcome, OUTCOME_COMMITTED);
    ck_assert_uint_eq(transfers->results[3].outcome, OUTCOME_COMMITTED);
    ck_assert_uint_eq(transfers->results[4].reason, REASON_BALANCE);
    ck_assert_uint_eq(transfers->results[5].reason, REASON_BALANCE);
    ck_assert_uint_eq(transfers->results[6].reason, REASON_BALANCE);
    ck_assert_uint_eq(transfers->results[7].outcome, OUTCOME_COMMITTED);
    ck_assert_int_eq(ledger(transfers, "deposits_back"), 1);
    ck_assert_int_eq(ledger(transfers, "deposits_kept"), 1);
    transfers_free(transfers);
}
END_TEST

/* TON-54: straight there and straight back, one link each; TON-56: only what is for it. */
START_TEST(the_way_to_the_masterchain_and_back_is_one_link)
{
    struct transfers *transfers = with_deposit(0);
    transfers->base->chain.shards = 64;
    to_master(transfers, 100 * MS, 37, DEPOSIT, CONSTRUCTOR_STAKE);
    run(transfers);
    ck_assert_int_eq(transfers_counter(transfers, "messaging", "messages_delivered"), 2);
    ck_assert_int_eq(transfers_counter(transfers, "messaging", "forwards"), 0);
    ck_assert_uint_eq(transfers->outcomes, 1); /* the returning message is nobody's transaction */
    transfers_free(transfers);
}
END_TEST

/* The deposit must arrive: prepaid fees are not part of it. It comes back less its own fee. */
START_TEST(fees_come_before_the_deposit)
{
    struct transfers *transfers = with_deposit(2);
    to_master(transfers, 0, 0, DEPOSIT + 99, CONSTRUCTOR_STAKE);
    to_master(transfers, 0, 1, DEPOSIT + 100, CONSTRUCTOR_STAKE);
    transfers_step(transfers, 20 * SECOND, 1, 1, TRANSFERS_MASTER, 1, BALANCE - 200 + 1);
    run(transfers);
    ck_assert_uint_eq(transfers->results[0].reason, REASON_DEPOSIT);
    ck_assert_uint_eq(transfers->results[1].outcome, OUTCOME_COMMITTED);
    ck_assert_uint_eq(transfers->results[2].reason, REASON_BALANCE);
    ck_assert_int_eq(ledger(transfers, "deposits_back"), 1);
    transfers_free(transfers);
    transfers = with_deposit(2); /* a deposit that cannot pay for its way back stays */
    transfers_set(&transfers->ledger, "master_deposit", 99);
    to_master(transfers, 0, 1, DEPOSIT, CONSTRUCTOR_STAKE);
    run(transfers);
    ck_assert_int_eq(ledger(transfers, "deposits_back"), 0);
    ck_assert_int_eq(ledger(transfers, "deposits_kept"), 1);
    transfers_free(transfers);
}
END_TEST

START_TEST(loads_with_deposits_conserve_value)
{
    for (uint64_t seed = 1; seed <= 18; seed++) {
        struct transfers *transfers = with_deposit((int64_t)(seed % 3));
        struct transfers_part *poisson = transfers_workload(transfers, &workload_poisson_model);
        transfers->base->scenario.seed = seed;
        transfers->base->scenario.duration_ns = seed % 2 ? 100 * SECOND : 12 * SECOND;
        transfers->base->chain.drop_every = seed % 5 == 0 ? 2 : 0;
        transfers_set(&transfers->messaging_part, "fee_lump", 10);
        transfers_set(&transfers->messaging_part, "fee_bit", 0);
        transfers_set(&transfers->messaging_part, "fee_cell", 0);
        transfers_set(&transfers->messaging_part, "gas_price", 1);
        transfers_set(&transfers->messaging_part, "master_gas_price", 1);
        transfers_set(&transfers->messaging_part, "payer", seed / 2 % 2);
        transfers_set(&transfers->messaging_part, "path",
                      seed % 3 == 1 ? 0 : (int64_t)seed / 3 % 3);
        transfers_constant(poisson, "amount", 1500);
        transfers_set(poisson, "rate", 40 * TX_PER_S);
        transfers_set(poisson, "until", (int64_t)(10 * SECOND));
        transfers_set(poisson, "value.to_masterchain", 40 * PERCENT);
        transfers_set(poisson, "value.from_masterchain", 10 * PERCENT);
        transfers_set(poisson, "value.not_valid", 30 * PERCENT);
        transfers_run(transfers);
        ck_assert_msg(transfers->result.status == ENGINE_OK, "seed %d: %s", (int)seed,
                      transfers->result.violation);
        ck_assert_msg(
            ledger(transfers, "deposits_back") > 10 && ledger(transfers, "deposits_kept") > 5,
            "seed %d: %d came back, %d stayed", (int)seed, (int)ledger(transfers, "deposits_back"),
            (int)ledger(transfers, "deposits_kept"));
        transfers_free(transfers);
    }
}
END_TEST

/* A load that needs the masterchain where there is none is refused. */
START_TEST(a_load_for_the_masterchain_needs_one)
{
    const char *const loads[] = {"value.to_masterchain", "value.from_masterchain",
                                 "operations.publish"};
    for (int i = 0; i < 3; i++) {
        struct transfers *transfers = with_deposit(0);
        struct transfers_part *poisson = transfers_workload(transfers, &workload_poisson_model);
        struct diagnostics diagnostics = {0};
        transfers->base->chain.masterchain.present = 0;
        transfers_set(poisson, loads[i], PERCENT);
        ck_assert_int_ne(transfers_try(transfers, &diagnostics), 0);
        ck_assert_str_eq(diagnostics.list[0].code, "E311");
        diagnostics_free(&diagnostics);
        transfers_free(transfers);
    }
}
END_TEST

CHECK_MAIN("master_deposit", a_valid_message_gets_its_deposit_back,
           the_way_to_the_masterchain_and_back_is_one_link, fees_come_before_the_deposit,
           loads_with_deposits_conserve_value, a_load_for_the_masterchain_needs_one)
