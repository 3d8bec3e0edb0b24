/* The report on three runs made by hand (support_three). Where a number stands below it was
 * computed by hand: cross-shard message k of slow takes 1000 + k ms for the 150 k in 1..200 that
 * are no multiple of 4, so its p50 is rank 75, k = 99; p95 is rank 143, k = 190; p99 is rank 149, k
 * = 198. Local message k = 4, 8, ... takes a tenth. */

#include "analysis/operands.h"
#include "analysis/report.h"
#include "tests/check_main.h"
#include "tests/report_fixture.h"
#include "tests/support_database.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void load_three(void)
{
    support_folder(folder);
    support_three(folder);
    load(NULL);
}

static char *printed(void (*print)(const struct table *table, FILE *file))
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *file = open_memstream(&text, &bytes);
    print(&table, file);
    fclose(file);
    return text;
}

START_TEST(text_lays_slow_instant_and_both_side_by_side)
{
    static const char expected[] = "                                  slow    instant       both\n"
                                   "  runs                               1          1          1\n"
                                   "message latency, created to delivered\n"
                                   "  cross-shard p50       s        1.099      0.499      0.479\n"
                                   "  cross-shard p95       s        1.190      0.590      0.570\n"
                                   "  cross-shard p99       s        1.198      0.598      0.578\n"
                                   "  cross-shard count                150        150        150\n"
                                   "  instant p50           s            -      0.499      0.481\n"
                                   "  slow p50              s        1.099          -      0.477\n"
                                   "  intra-shard p50       s        0.110      0.050      0.048\n"
                                   "  intra-shard p95       s        0.119      0.059      0.057\n"
                                   "  intra-shard p99       s        0.120      0.060      0.058\n"
                                   "  intra-shard count                 50         50         50\n"
                                   "messages created after the warm-up\n"
                                   "  created                          201        201        201\n"
                                   "  delivered                        200        200        200\n"
                                   "  in flight at the end               1          1          1\n"
                                   "  lost                               0          0          0\n"
                                   "load after the warm-up\n"
                                   "  transactions offered  1/s      1.000      1.000      1.000\n"
                                   "  transactions carried  1/s      1.000      1.000      1.000\n"
                                   "  carried share         %        100.0      100.0      100.0\n"
                                   "  saturated                         no         no        yes\n"
                                   "hops of delivered cross-shard messages\n"
                                   "  mean                           2.000      2.000      2.000\n"
                                   "  1 hop                 %         33.3       33.3       33.3\n"
                                   "  2 hops                %         33.3       33.3       33.3\n"
                                   "  3 hops                %         33.3       33.3       33.3\n"
                                   "packets and bytes paid, whole run\n"
                                   "  packets                          400        350        700\n"
                                   "  bytes                 KiB      392.6      294.4      785.2\n";
    load_three();
    ck_assert_str_eq(grouping.by, "messaging.path");
    table_keep(&table,
               "latency_cross*,latency_intra*,latency_slow_p50,latency_instant_p50,"
               "created,delivered,in_flight,lost,hops*,packets,packet_bytes,load*,saturated");
    char *text = printed(table_print_text);
    ck_assert_str_eq(text, expected);
    free(text);
    finish();
}
END_TEST

START_TEST(report_states_the_method_and_names_growing_queues)
{
    load_three();
    char *text = report(REPORT_TEXT);
    static const char *const sentences[] = {
        "3 runs in 3 groups by messaging.path\n",
        "the order statistic X_(ceil(np))",
        "both: saturated: queues grow by 2 a second; growing queues: shard:1\n",
        "slow: not saturated\n",
        "  slow: run 0000000000000073  seed 1.0  ok  result 0123456789abcdef0123456789abcdef  ",
    };
    for (size_t i = 0; i < sizeof sentences / sizeof sentences[0]; i++)
        ck_assert_msg(strstr(text, sentences[i]) != NULL, "lacks: %s\n%s", sentences[i], text);
    ck_assert_ptr_null(strstr(text, "Student")); /* no interval for one run */
    free(text);
    finish();
}
END_TEST

static const struct table_row *row_of(const char *name)
{
    for (size_t i = 0; i < table.count; i++)
        if (strcmp(table.rows[i].name, name) == 0)
            return &table.rows[i];
    ck_abort_msg("no row %s", name);
    return NULL;
}

/* Three replications of one configuration: one message each, 100, 200 and 600 ms. */
static void make_replications(void)
{
    static const char *const names[] = {"a.db", "b.db", "c.db"};
    static const int64_t latency_ms[] = {600, 100, 200};
    support_folder(folder);
    for (int i = 0; i < 3; i++) {
        const struct support_run run = {.run_key = names[i],
                                        .config_hash = "c",
                                        .result_hash = names[i],
                                        .experiment = "e",
                                        .status = "ok",
                                        .replication = 2 - i,
                                        .sim_end_ns = 10000000000,
                                        .messaging_path = "slow"};
        sqlite3 *database = support_database(folder, names[i], &run);
        support_message(database, 1, 1000, 1000 + latency_ms[i], 1, 1);
        if (i == 0)
            support_sql(database,
                        "INSERT INTO metric VALUES ('duplicates_discarded', -1, 3, '', 1)");
        support_close(database);
    }
}

START_TEST(replications_give_a_mean_and_a_student_interval)
{
    make_replications();
    load(NULL);
    ck_assert_uint_eq(grouping.count, 1);
    ck_assert_uint_eq(grouping.groups[0].count, 3);
    ck_assert_int_eq(grouping.groups[0].runs[0]->replication, 0); /* in order of replication */
    const struct interval *summary = &row_of("latency_cross_p50")->cells[0].summary;
    ck_assert_uint_eq(summary->n, 3);
    ck_assert_double_eq_tol(summary->mean, 0.3, 1e-12);
    ck_assert_double_eq_tol(summary->sd, 0.264575131106459, 1e-12);
    ck_assert_double_eq_tol(summary->half_width, 4.302652729911275 * 0.264575131106459 / sqrt(3),
                            1e-9);
    table_keep(&table, "latency_cross_p50,duplicates_discarded");
    char *text = printed(table_print_text);
    ck_assert_ptr_nonnull(strstr(text, "300.0 ±657.2\n"));
    ck_assert_ptr_nonnull(strstr(text, " 3 (n=1)\n")); /* only one run has the row: no interval */
    free(text);
    finish();
}
END_TEST

/* 3 replications: the first sends 4 probes, has hops of 1 and 2, and moves more than a double's 12
 * digits; the others send none and have hops of 1 only. */
START_TEST(what_a_run_leaves_out_because_it_is_zero_counts_as_zero)
{
    support_folder(folder);
    for (int i = 0; i < 3; i++) {
        char name[8];
        snprintf(name, sizeof name, "%d.db", i);
        sqlite3 *database = support_replication(folder, name, "c", i);
        support_message(database, 1, 3000, 3100, 1, 1);
        support_message(database, 2, 3000, 3100, 1, i == 0 ? 2 : 1);
        support_sql(database, "INSERT INTO metric VALUES ('packets/a', -1, 5, '', 1),"
                              " ('moved', -1, 1234567890123, '', 1)");
        if (i == 0)
            support_sql(database, "INSERT INTO metric VALUES ('packets/probe', -1, 3, '', 1),"
                                  " ('other', -1, 3, '', 1)");
        support_close(database);
    }
    /* A fourth sends nothing to another shard: it has no share of hops, and no 0 of it. */
    support_close(support_replication(folder, "3.db", "c", 3));
    load(NULL);
    ck_assert_uint_eq(row_of("hops_2")->cells[0].summary.n, 3);
    ck_assert_double_eq(row_of("packets/probe")->cells[0].summary.mean, 1);
    ck_assert_uint_eq(row_of("packets/probe")->cells[0].summary.n, 3); /* of the fourth unknown */
    ck_assert_double_eq_tol(row_of("hops_2")->cells[0].summary.mean, 0.5 / 3, 1e-15);
    ck_assert_double_eq_tol(row_of("hops_1")->cells[0].summary.mean, 2.5 / 3, 1e-15);
    ck_assert_uint_eq(row_of("other")->cells[0].summary.n, 1); /* it need not be 0 elsewhere */
    char *text = report(REPORT_CSV);
    ck_assert_ptr_nonnull(strstr(text, ",moved,1,3,1234567890123,0,0,0.95\n"));
    free(text);
    unload();
    load("run"); /* a column of its own for each: what nobody in it has is no number */
    table_keep(&table, "packets/probe");
    text = printed(table_print_text);
    ck_assert_ptr_nonnull(strstr(text, "       3          -          -          -\n"));
    free(text);
    finish();
}
END_TEST

/* 10 s with 2 s of warm-up. At its very end counts; of other entities than the run no metric does.
 */
START_TEST(transactions_count_by_chains_and_outcome_from_the_end_of_the_warm_up_on)
{
    support_folder(folder);
    sqlite3 *database = support_replication(folder, "a.db", "c", 0);
    support_sql(
        database,
        "INSERT INTO tx VALUES (1, NULL, 3, 1, 2000000000, NULL, NULL, 3000000000, 1, NULL),"
        " (2, NULL, 3, 2, 2000000000, NULL, NULL, 4000000000, 2, NULL),"
        " (3, NULL, 3, 3, 1999999999, NULL, NULL, 2000000000, 1, NULL),"
        " (4, NULL, 3, 1, 2000000000, NULL, NULL, 4000000000, 3, NULL),"
        " (5, NULL, 3, 1, 2000000000, NULL, NULL, NULL, 4, NULL),"
        " (6, NULL, 3, 1, 2000000000, NULL, NULL, NULL, 5, NULL),"
        " (7, NULL, 3, 1, 1000000000, NULL, NULL, 1999999999, 1, NULL)");
    support_sql(database, "INSERT INTO metric VALUES ('packets', -1, 9, '', 1),"
                          " ('packets', 48, 4, '', 1), ('only_here', 48, 4, '', 1),"
                          " ('wait', -1, 2500000, 'ns', 1)");
    support_message(database, 1, 2000, 2500, 3, 0);
    support_message(database, 2, 1999, 2000, 1, 1);
    support_message(database, 3, 2000, 3000, 1, 3);
    support_close(database);
    load(NULL);
    static const struct {
        const char *row;
        double value;
    } rows[] = {{"tx_latency_one_p50", 1},
                {"tx_latency_one_count", 1},
                {"tx_latency_several_p50", 2},
                {"tx_latency_several_count", 1},
                {"load_offered", 5.0 / 8},
                {"load_carried", 3.0 / 8}, /* the third was submitted before, and is final after */
                {"tx_aborted", 1},
                {"tx_lost", 1},
                {"created", 2},
                {"hops_mean", 3},
                {"packets", 9},
                {"packets_per_message", 3}, /* of the whole run: three were delivered */
                {"wait", 0.0025}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        ck_assert_msg(fabs(row_of(rows[i].row)->cells[0].values[0] - rows[i].value) < 1e-12, "%s",
                      rows[i].row);
    ck_assert_uint_eq(table_keep(&table, "only_here"), 0);
    finish();
}
END_TEST

START_TEST(a_number_that_is_whole_in_one_run_alone_has_decimals)
{
    support_folder(folder);
    for (int i = 0; i < 3; i++) {
        char name[8];
        snprintf(name, sizeof name, "%d.db", i);
        sqlite3 *database = support_replication(folder, name, name, i);
        support_sql(database, "INSERT INTO metric VALUES ('ratio', -1, %s, '', 1)",
                    i == 0   ? "3"
                    : i == 1 ? "2.75"
                             : "4");
        support_close(database);
    }
    load(NULL);
    ck_assert_int_eq(row_of("ratio")->unit, MEASURE_RATIO);
    finish();
}
END_TEST

/* 96 of 100 come; each of those paid 100. */
START_TEST(a_run_that_carries_95_percent_keeps_up)
{
    support_folder(folder);
    sqlite3 *database = support_replication(folder, "a.db", "c", 0);
    for (int k = 0; k < 96; k++)
        support_message(database, k, 3000, 4000, 1, 1);
    for (int k = 96; k < 100; k++)
        support_sql(database,
                    "INSERT INTO message VALUES (%d, 3, 4, 3000000000, NULL, NULL, 1, 1, 512, 100,"
                    " 2)",
                    k);
    support_close(database);
    load(NULL);
    ck_assert_double_eq(row_of("saturated")->cells[0].values[0], 0);
    ck_assert_double_eq_tol(row_of("load_carried_share")->cells[0].values[0], 0.96, 1e-12);
    ck_assert_double_eq_tol(row_of("fee_per_message")->cells[0].values[0], 100, 1e-12);
    finish();
}
END_TEST

START_TEST(a_group_of_several_configurations_is_told)
{
    support_folder(folder);
    for (int i = 0; i < 4; i++) {
        char name[8];
        snprintf(name, sizeof name, "%d.db", i);
        sqlite3 *database = support_replication(folder, name, i % 2 ? "c" : "d", i);
        support_sql(database, "INSERT INTO param VALUES (1, '/x', '%d', %d, NULL, 1, '')", i / 2,
                    i / 2);
        support_close(database);
    }
    load("x");
    char *text = report(REPORT_TEXT);
    ck_assert_ptr_nonnull(strstr(text, "Not of one configuration: the runs of 1;"));
    free(text);
    unload();
    load("config");
    text = report(REPORT_TEXT);
    ck_assert_ptr_null(strstr(text, "Not of one configuration"));
    free(text);
    finish();
}
END_TEST

START_TEST(by_run_and_by_replication_tell_replications_apart)
{
    make_replications();
    load("run");
    ck_assert_uint_eq(grouping.count, 3);
    ck_assert_str_eq(grouping.groups[0].label, "a");
    unload();
    load("replication");
    ck_assert_uint_eq(grouping.count, 3);
    ck_assert_str_eq(grouping.groups[0].label, "0");
    ck_assert_str_eq(grouping.groups[2].label, "2");
    finish();
}
END_TEST

START_TEST(by_takes_dots_and_pointers_and_refuses_what_no_run_has)
{
    support_folder(folder);
    support_three(folder);
    static const char *const spellings[] = {"messaging.path", "/messaging/path"};
    for (int i = 0; i < 2; i++) {
        load(spellings[i]);
        ck_assert_uint_eq(grouping.count, 3);
        ck_assert_str_eq(grouping.by, "messaging.path");
        ck_assert_str_eq(grouping.groups[0].label, "slow");
        unload();
    }
    char *paths[] = {folder};
    ck_assert_int_eq(operands_load(paths, 1, false, &operands, &error), 0);
    ck_assert_int_eq(group_runs(operands.runs, 3, "messaging.pth", &grouping, &error), -1);
    ck_assert_ptr_nonnull(strstr(error.text, "messaging.pth: no run has such a parameter"));
    operands_free(&operands);
    support_remove(folder);
}
END_TEST

START_TEST(csv_json_and_tex_carry_the_same_numbers)
{
    load_three();
    table_keep(&table, "latency_cross_p99,packet_bytes");
    char *csv = printed(table_print_csv), *json = printed(table_print_json);
    char *tex = printed(table_print_tex);
    ck_assert_ptr_nonnull(strstr(csv, "\nslow,\"message latency, created to delivered\","
                                      "latency_cross_p99,s,1,1.198,,,0.95\n"));
    ck_assert_ptr_nonnull(strstr(json, "{\"group\":\"slow\",\"by\":\"messaging.path\","));
    ck_assert_ptr_nonnull(strstr(json, "\"metric\":\"latency_cross_p99\",\"unit\":\"s\",\"n\":1,"
                                       "\"mean\":1.198,\"sd\":null,\"half_width\":null,"));
    ck_assert_ptr_nonnull(strstr(tex, "cross-shard p99 & s & 1.198 & 0.598 & 0.578 \\\\\n"));
    ck_assert_ptr_nonnull(strstr(tex, "\\begin{tabular}{llrrr}\n\\toprule\n"));
    free(csv);
    free(json);
    free(tex);
    finish();
}
END_TEST

START_TEST(a_run_that_carries_too_little_is_saturated)
{
    support_folder(folder);
    sqlite3 *database = support_one(folder, 100000000000);
    for (int i = 0; i < 100; i++)
        support_sql(database,
                    "INSERT INTO tx VALUES (%d, NULL, 3, 1, %d000000, NULL, NULL, %s, %d,"
                    " NULL)",
                    i, i, i < 94 ? "90000000000" : "NULL", i < 94 ? 1 : 4);
    support_close(database);
    load(NULL);
    ck_assert_double_eq_tol(row_of("load_carried_share")->cells[0].values[0], 0.94, 1e-12);
    ck_assert_double_eq(row_of("saturated")->cells[0].values[0], 1);
    finish();
}
END_TEST

START_TEST(a_counter_with_the_name_of_a_measure_keeps_to_its_section)
{
    support_folder(folder);
    sqlite3 *database = support_one(folder, 10000000000);
    support_message(database, 1, 1000, 2000, 1, 1);
    support_sql(database, "INSERT INTO metric VALUES ('delivered', -1, 77, 'messages', 1)");
    support_close(database);
    load(NULL);
    ck_assert_double_eq(row_of("delivered")->cells[0].values[0], 1);
    table_keep(&table, "delivered");
    ck_assert_uint_eq(table.count, 2);
    ck_assert_int_eq(table.rows[1].section, MEASURE_COUNTERS);
    ck_assert_double_eq(table.rows[1].cells[0].values[0], 77);
    finish();
}
END_TEST

/* Counters that nothing moved are named once; asked for by name they get their row. */
START_TEST(text_names_the_counters_that_are_zero)
{
    support_folder(folder);
    sqlite3 *database = support_one(folder, 10000000000);
    support_sql(database, "INSERT INTO metric VALUES ('moved', -1, 7, 'messages', 1)");
    support_sql(database, "INSERT INTO metric VALUES ('merges', -1, 0, 'shards', 1)");
    support_sql(database, "INSERT INTO metric VALUES ('splits', -1, 0, 'shards', 1)");
    support_close(database);
    load(NULL);
    char *text = printed(table_print_text);
    ck_assert_ptr_nonnull(strstr(text, "\n  moved "));
    ck_assert_ptr_nonnull(strstr(text, "counters that are 0 in every run (--metric shows them)\n"
                                       "  merges splits\n"));
    free(text);
    table_keep(&table, "splits");
    text = printed(table_print_text);
    ck_assert_ptr_nonnull(strstr(text, "\n  splits "));
    ck_assert_ptr_null(strstr(text, "counters that are 0"));
    free(text);
    finish();
}
END_TEST

START_TEST(many_groups_break_into_blocks_within_the_line)
{
    support_folder(folder);
    for (int i = 0; i < 12; i++) {
        char name[16], key[16];
        snprintf(name, sizeof name, "%c.db", 'a' + i);
        snprintf(key, sizeof key, "key%d", i);
        const struct support_run run = {.run_key = key,
                                        .config_hash = key,
                                        .result_hash = "r",
                                        .experiment = key,
                                        .status = "ok",
                                        .sim_end_ns = 1000000000};
        support_close(support_database(folder, name, &run));
    }
    load(NULL);
    char *text = printed(table_print_text), *rest = NULL;
    int heads = 0;
    for (char *line = strtok_r(text, "\n", &rest); line != NULL;
         line = strtok_r(NULL, "\n", &rest)) {
        ck_assert_uint_le(strlen(line), 110);
        heads += strncmp(line, "  runs", 6) == 0;
    }
    ck_assert_int_gt(heads, 1);
    free(text);
    finish();
}
END_TEST

CHECK_MAIN("report", text_lays_slow_instant_and_both_side_by_side,
           report_states_the_method_and_names_growing_queues,
           replications_give_a_mean_and_a_student_interval,
           what_a_run_leaves_out_because_it_is_zero_counts_as_zero,
           transactions_count_by_chains_and_outcome_from_the_end_of_the_warm_up_on,
           a_number_that_is_whole_in_one_run_alone_has_decimals,
           a_run_that_carries_95_percent_keeps_up, a_group_of_several_configurations_is_told,
           by_run_and_by_replication_tell_replications_apart,
           by_takes_dots_and_pointers_and_refuses_what_no_run_has,
           csv_json_and_tex_carry_the_same_numbers, a_run_that_carries_too_little_is_saturated,
           a_counter_with_the_name_of_a_measure_keeps_to_its_section,
           text_names_the_counters_that_are_zero, many_groups_break_into_blocks_within_the_line)
