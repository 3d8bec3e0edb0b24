/* Goal: workloads submit what their laws say, at the instants they say, and keep true books.
 * Method: whole runs with a database that is asked afterwards. */

#include "tests/check_main.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "models/workload/burst.h"
#include "models/workload/client.h"
#include "models/workload/periodic.h"
#include "models/workload/poisson.h"
#include "models/workload/trace.h"
#include "tests/support_transfers.h"

#define MS UINT64_C(1000000)
#define SECOND (1000 * MS)
#define TX_PER_S INT64_C(1000000)
#define RATIO INT64_C(1000000000000)

static char path[64];

static struct transfers *with_database(void)
{
    struct transfers *transfers = transfers_new();
    snprintf(path, sizeof path, "/tmp/test_clients_%d.db", (int)getpid());
    transfers->database = path;
    return transfers;
}

static void done(struct transfers *transfers)
{
    ck_assert_msg(transfers->result.status == ENGINE_OK, "%s", transfers->result.violation);
    transfers_free(transfers);
    unlink(path);
}

START_TEST(phases_add_up_to_the_latency)
{
    struct transfers *transfers = with_database();
    struct transfers_part *poisson = transfers_workload(transfers, &workload_poisson_model);
    transfers_set(poisson, "rate", 50 * TX_PER_S);
    transfers_run(transfers);
    ck_assert_int_gt(transfers_query(transfers, "SELECT count(*) FROM tx WHERE outcome = 1"), 2000);
    ck_assert_int_eq(transfers_query(transfers,
                                     "SELECT count(*) FROM tx WHERE outcome = 1 AND final_ns -"
                                     " submit_ns != (SELECT sum(ns) FROM tx_phase p"
                                     " WHERE p.tx_id = tx.tx_id)"),
                     0);
    /* Every submitted transaction has one row; those without an outcome come in order of id. */
    ck_assert_int_eq(transfers_query(transfers, "SELECT count(DISTINCT tx_id) FROM tx"),
                     transfers_counter(transfers, "workload", "tx_submitted"));
    ck_assert_int_eq(transfers_query(transfers, "SELECT count(*) FROM tx"),
                     transfers_counter(transfers, "workload", "tx_submitted"));
    ck_assert_int_gt(transfers_query(transfers, "SELECT count(*) FROM tx WHERE outcome = 4"), 0);
    ck_assert_int_eq(transfers_query(transfers,
                                     "SELECT count(*) FROM tx a JOIN tx b ON b.rowid = a.rowid + 1"
                                     " WHERE a.outcome = 4 AND b.outcome = 4"
                                     " AND a.tx_id > b.tx_id"),
                     0);
    ck_assert_int_eq(transfers_query(transfers,
                                     "SELECT count(*) FROM metric WHERE name IN"
                                     " ('offered_tx_per_s', 'carried_tx_per_s') AND value > 0"),
                     2);
    done(transfers);
}
END_TEST

START_TEST(poisson_arrivals_have_exponential_gaps)
{
    struct transfers *transfers = with_database();
    struct transfers_part *poisson = transfers_workload(transfers, &workload_poisson_model);
    transfers_set(poisson, "rate", 200 * TX_PER_S);
    transfers_set(poisson, "clients", 3);
    transfers_set(poisson, "from", (int64_t)(10 * SECOND));
    transfers_run(transfers);
    /* 50 s at 200/s; band of 3.9 standard deviations. */
    int64_t count = transfers_query(transfers, "SELECT count(*) FROM tx");
    ck_assert(fabs((double)count - 10000) < 3.9 * 100);
    ck_assert_int_ge(transfers_query(transfers, "SELECT min(submit_ns) FROM tx"),
                     (int64_t)(10 * SECOND));
    /* All three clients together: P(gap > mean) = 1/e, P(gap > 3 means) = 1/e^3. */
    for (int means = 1; means <= 3; means += 2) {
        char sql[300];
        snprintf(sql, sizeof sql,
                 "SELECT count(*) FROM (SELECT submit_ns - lag(submit_ns) OVER"
                 " (ORDER BY submit_ns) AS gap FROM tx) WHERE gap > %d",
                 means * 5000000);
        double p = exp(-means);
        double n = (double)count - 1;
        double longer = (double)transfers_query(transfers, sql);
        ck_assert(fabs(longer - n * p) < 3.9 * sqrt(n * p * (1 - p)));
    }
    done(transfers);
}
END_TEST

START_TEST(cross_shard_share_is_as_told)
{
    for (int step = 0; step <= 2; step++) {
        struct transfers *transfers = with_database();
        struct transfers_part *poisson = transfers_workload(transfers, &workload_poisson_model);
        transfers_set(poisson, "rate", 200 * TX_PER_S);
        transfers_set(poisson, "cross_shard", step * RATIO / 2);
        transfers_run(transfers);
        double count = (double)transfers_query(transfers, "SELECT count(*) FROM tx");
        double cross =
            (double)transfers_query(transfers, "SELECT count(*) FROM tx WHERE n_chains = 2");
        double p = step / 2.0;
        ck_assert(fabs(cross - count * p) <= 3.9 * sqrt(count * p * (1 - p)));
        /* Home shards are used evenly. */
        ck_assert_int_eq(transfers_query(transfers, "SELECT count(DISTINCT src_chain) FROM tx"), 4);
        ck_assert_int_eq(transfers_query(transfers,
                                         "SELECT count(*) FROM (SELECT count(*) AS n FROM tx"
                                         " GROUP BY src_chain) WHERE n BETWEEN 2800 AND 3200"),
                         4);
        done(transfers);
    }
}
END_TEST

START_TEST(periodic_arrivals_are_exactly_even)
{
    for (int clients = 1; clients <= 3; clients++) {
        struct transfers *transfers = with_database();
        struct transfers_part *periodic = transfers_workload(transfers, &workload_periodic_model);
        transfers_set(periodic, "rate", 3 * TX_PER_S); /* a third of a second is no whole ns */
        transfers_set(periodic, "clients", clients);
        transfers_set(periodic, "from", (int64_t)SECOND);
        transfers_set(periodic, "until", (int64_t)(31 * SECOND));
        transfers_run(transfers);
        ck_assert_int_eq(transfers_query(transfers, "SELECT count(*) FROM tx"), 90);
        ck_assert_int_eq(transfers_query(transfers,
                                         "SELECT count(*) FROM (SELECT submit_ns, row_number() OVER"
                                         " (ORDER BY submit_ns) - 1 AS k FROM tx)"
                                         " WHERE submit_ns != 1000000000 + k * 1000000000 / 3"),
                         0);
        done(transfers);
    }
}
END_TEST

START_TEST(bursts_come_at_one_instant_again_and_again)
{
    struct transfers *transfers = with_database();
    struct transfers_part *burst = transfers_workload(transfers, &workload_burst_model);
    transfers_set(burst, "count", 70);
    transfers_set(burst, "clients", 3);
    transfers_set(burst, "from", (int64_t)SECOND);
    transfers_set(burst, "at", (int64_t)(2 * SECOND));
    transfers_set(burst, "every", (int64_t)(20 * SECOND));
    transfers_run(transfers);
    ck_assert_int_eq(transfers_query(transfers, "SELECT count(*) FROM tx"), 3 * 70);
    for (int i = 0; i < 3; i++) {
        char sql[100];
        snprintf(sql, sizeof sql, "SELECT count(*) FROM tx WHERE submit_ns = %d000000000",
                 3 + 20 * i);
        ck_assert_int_eq(transfers_query(transfers, sql), 70);
    }
    done(transfers);
}
END_TEST

static void write_text(const char *name, const char *text)
{
    FILE *file = fopen(name, "w");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_ge(fputs(text, file), 0);
    ck_assert_int_eq(fclose(file), 0);
}

START_TEST(traces_are_replayed_line_by_line)
{
    char csv[64];
    snprintf(csv, sizeof csv, "/tmp/test_clients_%d.csv", (int)getpid());
    write_text(csv, "at,from_shard,from_account,to_shard,to_account,amount,bytes\n"
                    "2s,1,5,3,6,7,100\n"
                    "1.25s,0,0,0,1,1,200\n"
                    "2s,2,5,2,6,9,300\n");
    struct transfers *transfers = with_database();
    struct transfers_part *trace = transfers_workload(transfers, &workload_trace_model);
    transfers_set_text(trace, "file", csv);
    transfers_run(transfers);
    ck_assert_int_eq(transfers_query(transfers, "SELECT count(*) FROM tx WHERE outcome = 1"), 3);
    ck_assert_int_eq(transfers_query(transfers, "SELECT min(submit_ns) FROM tx"), 1250000000);
    ck_assert_int_eq(
        transfers_query(transfers, "SELECT count(*) FROM tx WHERE submit_ns = 2000000000"), 2);
    ck_assert_int_eq(transfers_query(transfers, "SELECT sum(bytes) FROM message"), 600);
    ck_assert_int_eq(transfers_query(transfers, "SELECT count(*) FROM tx WHERE n_chains = 2"), 1);
    ck_assert_int_eq(transfers_counter(transfers, "ledger", "value_moved"), 17);
    done(transfers);
    unlink(csv);
}
END_TEST

/* Tries to build, expects failure, and returns the code of its first problem. */
static const char *refused(struct transfers *transfers)
{
    static char code[8];
    struct diagnostics diagnostics = {0};
    ck_assert_int_eq(transfers_try(transfers, &diagnostics), -1);
    ck_assert_uint_gt(diagnostics.count, 0);
    memcpy(code, diagnostics.list[0].code, sizeof code);
    diagnostics_free(&diagnostics);
    return code;
}

/* The code of the first problem that the cross-field check finds, "" = none. */
static const char *refused_by_check(const struct transfers_part *part)
{
    static char code[8];
    struct diagnostics diagnostics = {0};
    part->model->check(part->config, "/workload/0", &diagnostics);
    memcpy(code, diagnostics.count > 0 ? diagnostics.list[0].code : "\0\0\0\0\0\0\0", sizeof code);
    diagnostics_free(&diagnostics);
    return code;
}

START_TEST(bad_traces_are_refused)
{
    char csv[64];
    snprintf(csv, sizeof csv, "/tmp/test_clients_%d.csv", (int)getpid());
    struct transfers *transfers = transfers_new();
    struct transfers_part *trace = transfers_workload(transfers, &workload_trace_model);
    transfers_set_text(trace, "file", csv);
    ck_assert_str_eq(refused(transfers), "E510"); /* not there */
    transfers_set_text(trace, "file", "/tmp");
    ck_assert_str_eq(refused(transfers), "E510"); /* a folder */
    transfers_set_text(trace, "file", csv);
    write_text(csv, "at,from_shard,from_account,to_shard,to_account\n0s,4,0,0,0\n");
    ck_assert_str_eq(refused(transfers), "E512"); /* there are four shards */
    write_text(csv, "at,from_shard,from_account,to_shard,to_account\n0s,3,0,0,0\n");
    transfers_set_text(trace, "sha256",
                       "0000000000000000000000000000000000000000000000000000000000000000");
    ck_assert_str_eq(refused(transfers), "E513");
    ck_assert_str_eq(refused_by_check(trace), "");
    transfers_set_text(trace, "sha256", "xyz");
    ck_assert_str_eq(refused_by_check(trace), "E207");
    transfers_set_text(trace, "sha256",
                       "E347A5F35BE13659DA0C4F49EA8729367B57A5153DF0BCC916B46C241AB04901");
    transfers_run(transfers);
    ck_assert_int_eq(transfers_counter(transfers, "workload", "tx_final"), 1);
    transfers_free(transfers);
    unlink(csv);
}
END_TEST

START_TEST(workloads_keep_to_their_shards_and_times)
{
    struct transfers *transfers = with_database();
    struct transfers_part *poisson = transfers_workload(transfers, &workload_poisson_model);
    transfers_set(poisson, "rate", 100 * TX_PER_S);
    transfers_set_text(poisson, "shards", "1,3");
    transfers_set(poisson, "from", (int64_t)(5 * SECOND));
    transfers_set(poisson, "until", (int64_t)(10 * SECOND));
    transfers_run(transfers);
    ck_assert_int_eq(transfers_query(transfers, "SELECT count(DISTINCT src_chain) FROM tx"), 2);
    ck_assert_int_eq(
        transfers_query(transfers,
                        "SELECT count(*) FROM entity e WHERE e.entity_id >> 4 IN"
                        " (SELECT src_chain FROM message UNION SELECT dst_chain FROM message)"
                        " AND e.entity_id & 15 = 0"),
        2);
    ck_assert_int_ge(transfers_query(transfers, "SELECT min(submit_ns) FROM tx"),
                     (int64_t)(5 * SECOND));
    ck_assert_int_lt(transfers_query(transfers, "SELECT max(submit_ns) FROM tx"),
                     (int64_t)(10 * SECOND));
    done(transfers);
}
END_TEST

START_TEST(impossible_workloads_are_refused)
{
    struct transfers *transfers = transfers_new();
    struct transfers_part *poisson = transfers_workload(transfers, &workload_poisson_model);
    transfers_set_text(poisson, "shards", "2-4");
    ck_assert_str_eq(refused(transfers), "E402");
    transfers_set_text(poisson, "shards", "2;3");
    ck_assert_str_eq(refused_by_check(poisson), "E207");
    transfers_set_text(poisson, "shards", NULL);
    transfers_set(poisson, "from", (int64_t)(5 * SECOND));
    transfers_set(poisson, "until", (int64_t)(5 * SECOND));
    ck_assert_str_eq(refused_by_check(poisson), "E310");
    transfers_set(poisson, "until", 0);
    transfers->base->chain.shards = 0;
    ck_assert_str_eq(refused(transfers), "E311");
    transfers->base->chain.shards = 4;
    struct client_zipf_config zipf = {.exponent = 0.9};
    transfers_variant(poisson, "accounts", 1, &zipf);
    transfers_set(&transfers->ledger, "accounts_per_shard", 1048577);
    ck_assert_str_eq(refused(transfers), "E311");
    transfers_free(transfers);
}
END_TEST

START_TEST(zipf_makes_some_accounts_popular)
{
    int64_t touched[2];
    for (int form = 0; form < 2; form++) {
        struct transfers *transfers = with_database();
        struct transfers_part *poisson = transfers_workload(transfers, &workload_poisson_model);
        struct client_zipf_config zipf = {.exponent = 1.5};
        transfers_set(poisson, "rate", 100 * TX_PER_S);
        if (form == 1)
            transfers_variant(poisson, "accounts", 1, &zipf);
        transfers_run(transfers);
        touched[form] = transfers_query(
            transfers, "SELECT CAST(value AS INTEGER) FROM metric WHERE name = 'state_rows'");
        ck_assert_int_eq(transfers_counter(transfers, "workload", "tx_failed"), 0);
        done(transfers);
    }
    ck_assert_int_lt(touched[1] * 3, touched[0]);
}
END_TEST

/* Adding a workload must not move what another one does. */
START_TEST(luck_is_independent_of_other_workloads)
{
    int64_t sums[2];
    for (int form = 0; form < 2; form++) {
        struct transfers *transfers = with_database();
        struct transfers_part *poisson = transfers_workload(transfers, &workload_poisson_model);
        transfers_set(poisson, "rate", 20 * TX_PER_S);
        if (form == 1)
            transfers_set(transfers_workload(transfers, &workload_poisson_model), "rate",
                          30 * TX_PER_S);
        transfers_run(transfers);
        sums[form] =
            transfers_query(transfers, "SELECT sum(submit_ns % 1000003 * (src_chain % 1009))"
                                       " FROM tx WHERE tx_id >> 48 = 6");
        ck_assert_int_eq(transfers_query(transfers, "SELECT count(DISTINCT tx_id >> 48) FROM tx"),
                         form + 1);
        done(transfers);
    }
    ck_assert_int_gt(sums[0], 0);
    ck_assert_int_eq(sums[0], sums[1]);
}
END_TEST

START_TEST(a_client_that_was_down_goes_on)
{
    struct transfers *transfers = with_database();
    struct transfers_part *periodic = transfers_workload(transfers, &workload_periodic_model);
    transfers_set(periodic, "rate", 10 * TX_PER_S);
    struct fault_target target = {.type = TARGET_NODES, .role = "client"};
    struct fault_spec crash = {.type = FAULT_CRASH,
                               .at_ns = 10 * SECOND + 50 * MS,
                               .for_ns = 20 * SECOND,
                               .target = {&target, 1}};
    transfers->base->scenario.faults = (struct fault_plan){&crash, 1};
    transfers_run(transfers);
    ck_assert_int_eq(transfers_query(transfers,
                                     "SELECT count(*) FROM tx WHERE submit_ns BETWEEN 10050000000"
                                     " AND 30050000000"),
                     0);
    /* 0 s to 10 s and 30.1 s to 59.9 s, ten a second, both ends included */
    ck_assert_int_eq(transfers_query(transfers, "SELECT count(*) FROM tx"), 101 + 299);
    done(transfers);
}
END_TEST

CHECK_MAIN("clients", phases_add_up_to_the_latency, poisson_arrivals_have_exponential_gaps,
           cross_shard_share_is_as_told, periodic_arrivals_are_exactly_even,
           bursts_come_at_one_instant_again_and_again, traces_are_replayed_line_by_line,
           bad_traces_are_refused, workloads_keep_to_their_shards_and_times,
           impossible_workloads_are_refused, zipf_makes_some_accounts_popular,
           luck_is_independent_of_other_workloads, a_client_that_was_down_goes_on)
