/* The report on chains whose blocks were full, from databases made by hand: 100 s; shard:0 was full
 * in 90 of 100 blocks and its backlog grows by 3 a second, its transactions by 1; shard:1 was full
 * in 60 and keeps up; shard:2 in 49, so it is not listed. */

#include "analysis/operands.h"
#include "analysis/report.h"
#include "analysis/run_queue.h"
#include "tests/check_main.h"
#include "tests/report_fixture.h"
#include "tests/support_database.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECOND INT64_C(1000000000)

static sqlite3 *open_database(void)
{
    support_folder(folder);
    return support_one(folder, 100 * SECOND);
}

static void make_congested(void)
{
    sqlite3 *database = open_database();
    support_sql(database, "INSERT INTO entity VALUES (80, 'chain', 'shard:2', NULL)");
    support_sql(database, "INSERT INTO metric VALUES ('blocks_full', -1, 199, 'blocks', 1),"
                          " ('blocks_full', 48, 90, 'blocks', 100),"
                          " ('blocks_full', 64, 60, 'blocks', 100),"
                          " ('blocks_full', 80, 49, 'blocks', 100)");
    for (int t = 0; t < 100; t++) {
        support_sql(database, "INSERT INTO sample VALUES ('backlog', 48, %" PRId64 ", %d)",
                    t * SECOND, 3 * t);
        support_sql(database, "INSERT INTO sample VALUES ('backlog', 64, %" PRId64 ", %d)",
                    t * SECOND, 7 + t * 5 % 3);
        support_sql(database, "INSERT INTO sample VALUES ('backlog', 80, %" PRId64 ", %d)",
                    t * SECOND, 9 * t);
        support_sql(database, "INSERT INTO sample VALUES ('queue', 64, %" PRId64 ", %d)",
                    t * SECOND, 2 * t);
        support_sql(database,
                    "INSERT INTO tx VALUES (%d, NULL, 3, 1, %" PRId64
                    ", NULL, NULL, NULL, 4, NULL), (%d, NULL, 4, 1, %" PRId64 ", NULL, %" PRId64
                    ", %" PRId64 ", 1, NULL)",
                    t, t * SECOND, 1000 + t, t * SECOND, (t + 1) * SECOND, (t + 2) * SECOND);
    }
    for (int k = 0; k < 8; k++) /* 2 wait the one way, 4 the other; 2 have only just come */
        support_sql(database,
                    "INSERT INTO message VALUES (%d, %d, %d, %" PRId64
                    ", NULL, NULL, 1, 1, 512, NULL, 2)",
                    k, k < 2 ? 3 : 4, k < 2 ? 4 : 3, k < 6 ? 10 * SECOND : 95 * SECOND);
    support_close(database);
}

START_TEST(full_chains_are_laid_out_with_what_waits_for_them)
{
    static const char expected[] = "chains whose blocks were full, the worst first\n"
                                   "  full in half of their blocks or more                2\n"
                                   "  of these: what waits for them grows                 1\n"
                                   "  shard:0 full blocks                   %          90.0\n"
                                   "  shard:0 growth of messages for it     1/s       3.000\n"
                                   "  shard:0 growth of its transactions    1/s       1.000\n"
                                   "  shard:1 full blocks                   %          60.0\n";
    make_congested();
    load(NULL);
    char *text = report(REPORT_TEXT);
    ck_assert_msg(strstr(text, expected) != NULL, "%s", text);
    ck_assert_ptr_nonnull(strstr(text, "shard:1 growth of its own queue       1/s       2.000\n"));
    /* Who waits longest in line comes first; what came in the last tenth does not count. */
    ck_assert_ptr_nonnull(strstr(text,
                                 "  shard:1 waits for shard:0                           4\n"
                                 "  shard:0 waits for shard:1                           2\n"));
    ck_assert_ptr_null(strstr(text, "shard:2 "));
    free(text);
    finish();
}
END_TEST

START_TEST(the_verdict_names_the_saturated_chains_only)
{
    make_congested();
    load(NULL);
    char *text = report(REPORT_TEXT);
    ck_assert_msg(strstr(text,
                         "\nverdict\n  e: chain shard:0 is saturated: the offered load passes "
                         "its capacity\n") != NULL,
                  "%s", text);
    free(text);
    finish();
    sqlite3 *database = open_database();
    support_sql(database, "INSERT INTO metric VALUES ('blocks_full', -1, 0, 'blocks', 1)");
    support_close(database);
    load(NULL);
    text = report(REPORT_TEXT);
    ck_assert_ptr_null(strstr(text, "verdict"));
    ck_assert_msg(strstr(text, "  full in half of their blocks or more             0\n") != NULL,
                  "%s", text);
    free(text);
    finish();
}
END_TEST

/* shard:0 was full in 50 of 100 blocks; its transactions are in a block after a second, and final
 * never. Those of shard:1 are in none. A message within the shard waits for nobody, one of the last
 * tenth has not waited long. */
START_TEST(half_is_full_and_what_is_in_a_block_does_not_wait)
{
    sqlite3 *database = open_database();
    support_sql(database, "INSERT INTO metric VALUES ('blocks_full', -1, 50, 'blocks', 1),"
                          " ('blocks_full', 48, 50, 'blocks', 100),"
                          " ('blocks_full', 64, 50, 'blocks', 100)");
    for (int t = 0; t < 100; t++)
        support_sql(database,
                    "INSERT INTO tx VALUES (%d, NULL, 3, 1, %" PRId64 ", NULL, %" PRId64
                    ", NULL, 4, NULL), (%d, NULL, 4, 1, %" PRId64 ", NULL, NULL, NULL, 4, NULL)",
                    t, t * SECOND, (t + 1) * SECOND, 1000 + t, t * SECOND);
    support_sql(database, "INSERT INTO message VALUES (1, 3, 3, 1, NULL, NULL, 3, 0, 1, NULL, 2),"
                          " (2, 3, 4, 90000000000, NULL, NULL, 3, 0, 1, NULL, 2)");
    support_close(database);
    load(NULL);
    struct congestion congestion = measure_congestion(operands.runs[0]);
    ck_assert_uint_eq(congestion.full, 2);
    ck_assert_uint_eq(congestion.saturated, 1);
    ck_assert_double_eq_tol(congestion.worst[0].waiting_per_s, 1, 0.01);
    ck_assert_double_eq_tol(congestion.worst[1].waiting_per_s, 0, 0.01);
    ck_assert_uint_eq(table_keep(&table, "waits/*"), 0);
    finish();
}
END_TEST

/* Seven chains: six fuller and fuller ones for which ever less waits, and one that is saturated and
 * for which least waits. The saturated one is first, then those for which most waits; one is out.
 */
START_TEST(the_worst_chain_is_first_and_six_are_shown)
{
    sqlite3 *database = open_database();
    support_sql(database, "INSERT INTO metric VALUES ('blocks_full', -1, 400, 'blocks', 1)");
    for (int c = 0; c < 7; c++) {
        support_sql(database, "INSERT OR IGNORE INTO entity VALUES (%d, 'chain', 'c%d', NULL)",
                    128 + 16 * c, c);
        support_sql(database, "INSERT INTO metric VALUES ('blocks_full', %d, %d, 'blocks', 100)",
                    128 + 16 * c, 60 + c);
        for (int t = 0; t < 100; t++) /* a great constant hides that the six grow */
            support_sql(database, "INSERT INTO sample VALUES ('backlog', %d, %" PRId64 ", %d)",
                        128 + 16 * c, t * SECOND, c == 3 ? t : 100000 + (20 - c) * t);
    }
    support_close(database);
    load(NULL);
    struct congestion congestion = measure_congestion(operands.runs[0]);
    ck_assert_uint_eq(congestion.full, 7);
    ck_assert_uint_eq(congestion.saturated, 1);
    ck_assert_uint_eq(congestion.count, 6);
    static const char *const order[] = {"c3", "c0", "c1", "c2", "c4", "c5"};
    for (size_t i = 0; i < 6; i++)
        ck_assert_str_eq(congestion.worst[i].name, order[i]);
    finish();
}
END_TEST

START_TEST(machine_forms_carry_the_chains_too)
{
    make_congested();
    load(NULL);
    char *csv = report(REPORT_CSV), *json = report(REPORT_JSON), *tex = report(REPORT_TEX);
    static const char title[] = "chains whose blocks were full, the worst first";
    char line[200];
    snprintf(line, sizeof line, "e,\"%s\",backlog_growth/shard:0,1/s,1,", title);
    ck_assert_msg(strstr(csv, line) != NULL, "%s", csv);
    ck_assert_ptr_nonnull(strstr(csv, ",waits/shard:1>shard:0,1,1,4,"));
    ck_assert_ptr_nonnull(strstr(json, "\"metric\":\"blocks_full/shard:0\""));
    ck_assert_msg(strstr(tex, "shard:0 full blocks & \\% & 90.0 ") != NULL, "%s", tex);
    free(csv);
    free(json);
    free(tex);
    finish();
}
END_TEST

/* Least squares over batch means: a flat line, a falling one and one that is too slow to matter do
 * not grow; a rising one does. */
START_TEST(only_a_positive_slope_is_growth)
{
    static const struct {
        double per_s;
        bool grows;
    } cases[] = {{2, true}, {0.5, true}, {0, false}, {-2, false}, {0.01, false}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct run_queue queue = {0};
        for (int t = 0; t <= 100; t++)
            run_queue_add(&queue, t * SECOND, 300 + (int64_t)(cases[i].per_s * t) - 300 * (i < 2));
        struct growth growth = run_queue_growth(&queue, 0, 100 * SECOND, 0.001);
        ck_assert(growth.tested);
        ck_assert_double_eq_tol(growth.slope, cases[i].per_s, 0.02);
        ck_assert_msg(growth.grows == cases[i].grows, "case %zu", i);
        free(queue.points);
    }
}
END_TEST

/* A queue that fills during a warm-up of 80 of 100 s and stays: it grows over the second half, but
 * not over what of it is measured. */
START_TEST(what_grew_in_the_warm_up_is_no_growth)
{
    struct run_queue queue = {0};
    for (int t = 0; t <= 100; t++)
        run_queue_add(&queue, t * SECOND, t < 50 ? 0 : t < 80 ? 10 * (t - 50) : 300 + t % 2);
    ck_assert(run_queue_growth(&queue, 0, 100 * SECOND, 0.001).grows);
    struct growth growth = run_queue_growth(&queue, 80 * SECOND, 100 * SECOND, 0.001);
    ck_assert(growth.tested && !growth.grows);
    ck_assert(!run_queue_growth(&queue, 100 * SECOND, 100 * SECOND, 0.001).tested);
    free(queue.points);
}
END_TEST

START_TEST(the_peak_holds_what_a_queue_was_when_it_began)
{
    struct run_queue queue = {0};
    run_queue_add(&queue, 1 * SECOND, 9);
    run_queue_add(&queue, 5 * SECOND, 4);
    ck_assert_int_eq(run_queue_peak(&queue, 2 * SECOND), 9);
    ck_assert_int_eq(run_queue_peak(&queue, 5 * SECOND), 4);
    ck_assert_int_eq(run_queue_peak(&queue, 0), 9);
    free(queue.points);
}
END_TEST

START_TEST(drain_is_from_the_last_peak_to_the_first_empty_queue)
{
    static const int64_t values[] = {0, 4, 9, 0, 9, 5, 0, 3, 0};
    struct run_queue queue = {0};
    ck_assert(isnan(run_queue_drain_s(&queue)));
    for (int t = 0; t < 6; t++)
        run_queue_add(&queue, t * SECOND, values[t]);
    ck_assert(isnan(run_queue_drain_s(&queue))); /* not empty yet */
    for (int t = 6; t < 9; t++)
        run_queue_add(&queue, t * SECOND, values[t]);
    ck_assert_double_eq(run_queue_drain_s(&queue), 2);
    free(queue.points);
}
END_TEST

CHECK_MAIN("report_full", full_chains_are_laid_out_with_what_waits_for_them,
           the_verdict_names_the_saturated_chains_only, machine_forms_carry_the_chains_too,
           the_worst_chain_is_first_and_six_are_shown,
           half_is_full_and_what_is_in_a_block_does_not_wait, only_a_positive_slope_is_growth,
           what_grew_in_the_warm_up_is_no_growth, the_peak_holds_what_a_queue_was_when_it_began,
           drain_is_from_the_last_peak_to_the_first_empty_queue)
