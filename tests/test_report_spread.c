/* The report on individual validators and repair, from databases made by hand: 10 s, 2 of them
 * warm-up, 4 validators. Numbers were computed by hand and stand beside what makes them. */

#include "analysis/operands.h"
#include "analysis/report.h"
#include "analysis/run_spread.h"
#include "tests/check_main.h"
#include "tests/report_fixture.h"
#include "tests/support_database.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MS INT64_C(1000000)

/* Blocks every second from 1 s on: block k reaches half of the stake after 100 + k ms, 90 % after
 * 200 + k, 99 % after 300 + k but for block 5, and is final after 1000 + k. Requests: 40 in each
 * second and 8 more for another replication; of 100 shreds that came 3 were useful. */
static void make_run(const char *name, int replication, const char *spread, bool repairs)
{
    sqlite3 *database = support_replication(folder, name, spread, replication);
    support_sql(database, "INSERT INTO param VALUES (1, '/spread/type', '%s', NULL, NULL, 1, '')",
                spread);
    for (int i = 0; i < 4; i++)
        support_sql(database, "INSERT INTO entity VALUES (%d, 'validator', 'validator:%d', 48)",
                    1000 + i, i);
    for (int k = 1; k <= 8; k++) {
        support_sample(database, "spread_50", 1000 * k + 100 + k, (100 + k) * MS);
        support_sample(database, "spread_90", 1000 * k + 200 + k, (200 + k) * MS);
        if (k != 5)
            support_sample(database, "spread_99", 1000 * k + 300 + k, (300 + k) * MS);
        support_sample(database, "final_time", 1000 * k + 1000 + k, (1000 + k) * MS);
    }
    for (int t = 1; repairs && t <= 10; t++) {
        support_sample(database, "repair_requests", 1000 * t, 40 + 8 * replication);
        support_sample(database, "repair_answers", 1000 * t, 30);
        support_sample(database, "repair_useful", 1000 * t, t == 1 ? 25 : t % 2);
        support_sample(database, "repair_duplicate", 1000 * t, t == 1 ? 0 : 16);
    }
    support_sql(database, "INSERT INTO kind VALUES (7, 'repaired', 'spread', 'ns', ''),"
                          " (8, 'repaired', 'other', 'ns', '')");
    for (int k = 1; repairs && k <= 100; k++)
        support_sql(database,
                    "INSERT INTO event VALUES (%d, %" PRId64
                    ", %d, NULL, NULL, NULL, NULL, NULL, NULL, %" PRId64 ")",
                    k, (k <= 20 ? 1000 : 5000) * MS, k == 100 ? 8 : 7, k * MS);
    if (repairs)
        support_sql(database, "INSERT INTO metric VALUES ('sets_tried', -1, 400, 'sets', 1),"
                              " ('sets_whole', -1, 399, 'sets', 1),"
                              " ('blocks_tried', -1, 32, 'blocks', 1),"
                              " ('blocks_whole', -1, 24, 'blocks', 1),"
                              " ('blocks_orphaned', -1, 2, 'blocks', 1),"
                              " ('blocks_made', -1, 15, 'blocks', 1),"
                              " ('blocks_forking', -1, 1, 'blocks', 1),"
                              " ('slots_skipped', -1, 0, 'slots', 1),"
                              " ('block_delivery_p50', -1, 150000000, 'ns', 1),"
                              " ('repair_refused_bad_nonce', -1, 6, 'answers', 1),"
                              " ('repair_refused_content', -1, 0, 'answers', 1),"
                              " ('shreds_refused_epoch', -1, 9, 'shreds', 1)");
    support_close(database);
}

static void holds(const char *text, const char *words)
{
    ck_assert_msg(strstr(text, words) != NULL, "lacks '%s':\n%s", words, text);
}

static const struct table_row *row(const char *name)
{
    for (size_t i = 0; i < table.count; i++)
        if (strcmp(table.rows[i].name, name) == 0)
            return &table.rows[i];
    ck_abort_msg("no row %s", name);
    return NULL;
}

static double mean(const char *name)
{
    return row(name)->cells[0].summary.mean;
}

static void equals(const char *name, double expected)
{
    ck_assert_msg(fabs(mean(name) - expected) < 1e-12, "%s is %.15g, not %.15g", name, mean(name),
                  expected);
}

/* Blocks 2 to 8 were made after the warm-up: seven; their medians are those of block 5. */
START_TEST(rows_are_those_computed_by_hand)
{
    support_folder(folder);
    make_run("a.db", 0, "turbine", true);
    load(NULL);
    equals("validators", 4);
    equals("total_blocks_made", 15); /* without any row of an event */
    equals("total_blocks_forking", 1);
    equals("total_slots_skipped", 0);
    equals("spread_50_p50", 0.105);
    equals("spread_50_p99", 0.108);
    equals("spread_90_p50", 0.205);
    equals("spread_99_p50", 0.304);  /* of 302 303 304 306 307 308 ms: rank 3 */
    equals("final_time_p90", 1.008); /* rank ceil(6.3) = 7 */
    equals("delivery_p50", 0.150);
    equals("sets_whole_share", 399.0 / 400);
    equals("blocks_whole_share", 0.75);
    equals("total_blocks_orphaned", 2);
    equals("total_shreds_refused_epoch", 9);
    /* 8 seconds from 2 s on: 40 requests each; useful in seconds 3, 5, 7, 9: 4; 128 were there. */
    equals("repair_requests_rate", 40);
    equals("repair_requests_node_rate", 10);
    equals("repair_answered_share", 0.75);
    equals("repair_useful_share", 4.0 / 132);
    equals("repair_duplicate_share", 128.0 / 132);
    /* Repairs 21 to 99 ms came after the warm-up: 79, rank 40 is 60 ms, rank 79 the last. */
    equals("repair_time_p50", 0.060);
    equals("repair_time_p99", 0.099);
    equals("total_repair_refused_bad_nonce", 6);
    char *text = report(REPORT_TEXT);
    holds(text, "  answers refused: bad nonce, whole run ");
    ck_assert_ptr_null(strstr(text, "answers refused: content"));
    ck_assert_ptr_null(strstr(text, "repair: none"));
    free(text);
    finish();
}
END_TEST

/* 10 and 12 a second and validator: mean 11, t(0.975, 1) sqrt(2) / sqrt(2) = 12.706. */
START_TEST(replications_have_an_interval_and_one_run_has_none)
{
    support_folder(folder);
    make_run("a.db", 0, "turbine", true);
    load(NULL);
    ck_assert(isnan(row("repair_requests_node_rate")->cells[0].summary.half_width));
    finish();
    support_folder(folder);
    make_run("a.db", 0, "turbine", true);
    make_run("b.db", 1, "turbine", true);
    load(NULL);
    equals("repair_requests_node_rate", 11);
    ck_assert_double_eq_tol(row("repair_requests_node_rate")->cells[0].summary.half_width, 12.7062,
                            1e-4);
    finish();
}
END_TEST

/* From 1.5 s to 9.5 s the seconds that begin at 2 to 8 are whole; the sample at k s is of the
 * second before it: 3 + ... + 9 = 42 requests in 7 s. */
START_TEST(repair_is_counted_in_whole_seconds_after_the_warm_up)
{
    support_folder(folder);
    sqlite3 *database = support_replication(folder, "a.db", "c", 0);
    support_sql(database, "INSERT INTO entity VALUES (1000, 'validator', 'v0', 48);"
                          "UPDATE run SET warmup_ns = 1500000000, sim_end_ns = 9500000000");
    for (int k = 1; k <= 10; k++)
        support_sample(database, "repair_requests", 1000 * k, k);
    support_close(database);
    load(NULL);
    ck_assert_uint_eq(table_keep(&table, "repair_requests_rate"), 1);
    ck_assert_double_eq_tol(table.rows[0].cells[0].values[0], 6, 1e-12);
    finish();
}
END_TEST

START_TEST(a_run_without_repair_is_told_so)
{
    support_folder(folder);
    make_run("a.db", 0, "ideal", false);
    load(NULL);
    char *text = report(REPORT_TEXT);
    holds(text, "\nrepair: none in ideal, with spread.type ideal; spread.type turbine has it\n");
    holds(text, "  half of the stake has it, p50 ");
    ck_assert_ptr_null(strstr(text, "repair after the warm-up"));
    free(text);
    finish();
}
END_TEST

START_TEST(a_run_with_collective_validators_has_no_such_rows)
{
    support_folder(folder);
    support_three(folder);
    load(NULL);
    char *text = report(REPORT_TEXT);
    ck_assert_ptr_null(strstr(text, "individual validators"));
    ck_assert_ptr_null(strstr(text, "repair"));
    free(text);
    finish();
}
END_TEST

/* Repair that never came to anything: rates, but no shares of nothing. */
START_TEST(shares_of_nothing_are_not_there)
{
    support_folder(folder);
    make_run("a.db", 0, "turbine", false);
    load(NULL);
    struct run_data *run = operands.runs[0];
    struct run_second second = {.second = 3, .count = {8}};
    run->spread.seconds = &second;
    run->spread.second_count = 1;
    struct run_repair repair = run_spread_repair(run);
    ck_assert_double_eq(repair.requests_per_s, 1);
    ck_assert_double_eq(repair.requests_per_node_s, 0.25);
    ck_assert(isnan(repair.useful_share) && isnan(repair.duplicate_share));
    run->spread.seconds = NULL;
    run->spread.second_count = 0;
    ck_assert_double_eq(run_spread_repair(run).seconds, 0);
    ck_assert(isnan(run_spread_repair(run).requests_per_s));
    finish();
}
END_TEST

CHECK_MAIN("report_spread", rows_are_those_computed_by_hand,
           replications_have_an_interval_and_one_run_has_none,
           repair_is_counted_in_whole_seconds_after_the_warm_up, a_run_without_repair_is_told_so,
           a_run_with_collective_validators_has_no_such_rows, shares_of_nothing_are_not_there)
