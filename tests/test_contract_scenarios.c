/* Goal: the scenarios of scenarios/contracts/ answer their questions with the numbers that
 * scenarios/README.md derives. Method: each run into a database; waiting against the theory of a
 * queue with one server and constant service, shares against the binomial law. */

#include "tests/check_main.h"

#include <math.h>
#include <stdio.h>

#include "tests/run_fixture.h"

#define SPAM "scenarios/contracts/external_spam.json"
#define GLOBAL "scenarios/contracts/global_contract.json"
#define LOGS "scenarios/contracts/log_messages.json"

/* TON-15: 42 checks of 20 ms a second come at random: the server is busy for r = 0.84 of the time,
 * and a message stays for 20 ms + 20 ms r / (2 (1 - r)) on the average. What is dropped stands in
 * no block: it has no debit and no gas. */
START_TEST(forged_messages_cost_time_and_nothing_else)
{
    const double service_ms = 20, busy = 42 * 0.02;
    run_scenario_file(SPAM, NULL);
    double expected = service_ms * (1 + busy / (2 * (1 - busy)));
    double stay = (double)ask("SELECT cast(avg(ns) AS INTEGER) FROM tx_phase JOIN tx USING (tx_id)"
                              " JOIN code ON column_name = 'tx.reason' AND code = reason WHERE"
                              " name = 'signature' AND phase = 'transfer' AND"
                              " submit_ns > 20000000000") /
                  1e6;
    ck_assert_msg(fabs(stay - expected) < 0.1 * expected, "checked after %g ms, not %g", stay,
                  expected);
    ck_assert_int_gt(ask("SELECT count(*) FROM event_v WHERE kind = 'debit'"), 6000);
    ck_assert_int_eq(ask("SELECT count(*) FROM event_v JOIN tx ON tx_id = subject JOIN code ON"
                         " column_name = 'tx.reason' AND code = reason WHERE kind = 'debit' AND"
                         " code.name = 'signature'"),
                     0);
    done();
}
END_TEST

/* TON-24, TON-R53: with d of the 4 bits of 16 shards free, 1 - 2^(d-4) of the messages travel. */
START_TEST(the_nearest_instance_saves_the_way)
{
    for (int depth = 0; depth <= 4; depth += 2) {
        char set[80];
        snprintf(set, sizeof set, "workload.0.operations.wildcard_depth=%d", depth);
        run_scenario_file(GLOBAL, set);
        double all = (double)ask("SELECT count(*) FROM tx_v WHERE outcome = 'final'");
        double away = (double)ask("SELECT count(*) FROM tx_v WHERE outcome = 'final' AND"
                                  " n_chains = 2");
        double share = 1 - exp2(depth - 4);
        ck_assert_double_gt(all, 6000);
        ck_assert_msg(fabs(away - share * all) <= 4 * sqrt(all * share * (1 - share)),
                      "depth %d: %g of %g messages travelled", depth, away, all);
        done();
    }
}
END_TEST

/* TON-19: each log once, where it is directed; TON-R27: in its own block, without a message */
START_TEST(logs_are_read_back_from_the_database)
{
    for (int local = 0; local <= 1; local++) {
        run_scenario_file(LOGS, local ? "ledger.contracts.logs=local" : NULL);
        int64_t logs = ask("SELECT count(*) FROM event_v WHERE kind = 'log'");
        ck_assert_int_gt(logs, 3000);
        ck_assert_int_eq(ask("SELECT count(DISTINCT value) FROM event_v WHERE kind = 'log' AND"
                             " value = subject"),
                         logs);
        int64_t away = ask("SELECT count(*) FROM event_v JOIN tx_v ON tx_id = subject WHERE"
                           " kind = 'log' AND chain != src_chain");
        if (local)
            ck_assert_int_eq(away, 0);
        else
            ck_assert_int_gt(away, logs * 7 / 10);
        ck_assert_int_eq(
            ask("SELECT count(*) FROM tx_v WHERE type = 'log' AND outcome = 'final' AND"
                " tx_id NOT IN (SELECT subject FROM event_v WHERE kind = 'log')"),
            0);
        done();
    }
}
END_TEST

CHECK_MAIN("contract_scenarios", forged_messages_cost_time_and_nothing_else,
           the_nearest_instance_saves_the_way, logs_are_read_back_from_the_database)
