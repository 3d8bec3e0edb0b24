/* Figures: the data against numbers computed by hand (see support_three and test_report.c), scripts
 * that run by themselves, bytes that repeat, and what is refused. Without gnuplot the tests that
 * draw pass at once. */

#include "analysis/gnuplot_run.h"
#include "analysis/operands.h"
#include "analysis/pdf_edit.h"
#include "analysis/plot.h"
#include "command.h"
#include "tests/check_main.h"
#include "tests/plot_fixture.h"
#include "tests/support_database.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int plot(const char *option, const char *value)
{
    char name[] = "shardsim plot", output[] = "-o", *copies[2] = {NULL, NULL};
    char *arguments[8] = {name, folder, output, folder};
    int count = 4;
    if (option != NULL)
        arguments[count++] = copies[0] = strdup(option);
    if (value != NULL)
        arguments[count++] = copies[1] = strdup(value);
    int code = plot_run(count, arguments);
    free(copies[0]);
    free(copies[1]);
    return code;
}

START_TEST(data_holds_the_numbers_of_the_runs)
{
    support_folder(folder);
    support_three(folder);
    ck_assert_int_eq(plot("--data-only", NULL), EXIT_FINE);
    holds("latency_cdf.tsv",
          "series\tlatency_s\tshare\tlow\thigh\n\n\nslow, cross-shard\t1.001\t0");
    holds("latency_cdf.tsv", "\nslow, cross-shard\t1.099\t0.5\tNaN\tNaN\n"); /* 75 of 150 */
    holds("latency_cdf.tsv", "\nboth, intra-shard\t0.058\t1\tNaN\tNaN\n");
    holds("hops.tsv", "\nslow\t2\t0.333333333333\tNaN\tNaN\n");
    holds("path_cost.tsv", "\nlatency_cross_p50\tinstant\t1\t0.499\tNaN\tNaN\t0.499\n");
    holds("path_cost.tsv", "\npacket_bytes_per_message\tslow\t0\t1.953125\tNaN\tNaN\t1.95\n");
    holds("path_cost.tsv", "\nduplicates_per_message\tboth\t2\t0.646766169154\tNaN\tNaN\t0.647\n");
    holds("queue_time.tsv", "\nboth\tshard:1\t50\t100\tNaN\tNaN\n"); /* grows by 2 a second */
    ck_assert(!exists("hops.pdf"));
    support_remove(folder);
}
END_TEST

/* Nine chains; number k grows to 100 k, so 9 to 6 are the longest. */
START_TEST(of_many_queues_the_four_longest_are_named)
{
    support_folder(folder);
    sqlite3 *database = support_one(folder, 100000000000);
    for (int chain = 1; chain <= 9; chain++) {
        support_sql(database, "INSERT INTO entity VALUES (%d, 'chain', 'chain %d', NULL)",
                    1000 + chain, chain);
        for (int t = 0; t <= 100; t++)
            support_sql(database, "INSERT INTO sample VALUES ('queue', %d, %d000000000, %d)",
                        1000 + chain, t, chain * t);
    }
    support_close(database);
    ck_assert_int_eq(plot("--data-only", "--figure=queue_time"), EXIT_FINE);
    char *data = support_read(folder, "queue_time.tsv", NULL);
    const char *at = strstr(data, "e\tmedian chain\t100\t500\t");
    for (int chain = 9; chain >= 6 && at != NULL; chain--) {
        char line[64];
        snprintf(line, sizeof line, "e\tchain %d\t100\t%d\t", chain, chain * 100);
        at = strstr(at, line);
    }
    ck_assert_msg(at != NULL, "%s", data);
    ck_assert_ptr_null(strstr(data, "chain 5"));
    free(data);
    support_remove(folder);
}
END_TEST

START_TEST(the_number_of_shards_is_drawn_in_steps)
{
    static const struct support_run run = {.run_key = "00000000000000aa",
                                           .config_hash = "00000000000000ab",
                                           .result_hash = "0123456789abcdef0123456789abcdef",
                                           .experiment = "hot",
                                           .status = "ok",
                                           .sim_end_ns = INT64_C(100000000000)};
    support_folder(folder);
    sqlite3 *database = support_database(folder, "hot.db", &run);
    support_sql(database, "INSERT INTO sample (name, entity, t_ns, value) VALUES"
                          " ('shards', 7, 0, 4), ('shards', 8, 0, 1),"
                          " ('shards', 7, 20000000000, 5), ('shards', 8, 60000000000, 2),"
                          " ('shards', 7, 80000000000, 4)");
    support_close(database);
    ck_assert_int_eq(plot("--data-only", NULL), EXIT_FINE);
    holds("shards.tsv", "\tliving shards\t0\t5\n");
    holds("shards.tsv", "\tliving shards\t20\t6\n");
    holds("shards.tsv", "\tliving shards\t60\t7\n");
    holds("shards.tsv", "\tliving shards\t80\t6\n");
    holds("shards.tsv", "\tliving shards\t100\t6\n");
    holds("shards.caption.txt", "5 at first, 6 on average, at most 7.");
    support_remove(folder);
}
END_TEST

START_TEST(captions_carry_keys_hashes_and_n)
{
    support_folder(folder);
    support_three(folder);
    ck_assert_int_eq(plot("--data-only", NULL), EXIT_FINE);
    static const char *const names[] = {"latency_cdf.caption.txt", "hops.caption.txt",
                                        "path_cost.caption.txt", "queue_time.caption.txt"};
    for (size_t i = 0; i < 4; i++) {
        holds(names[i], "  slow: run 0000000000000073, seed 1.0, result "
                        "0123456789abcdef0123456789abcdef, warm-up 10 s of 100 s\n");
        holds(names[i], "n = 1 run a group; no interval is drawn for a single run.");
    }
    support_remove(folder);
}
END_TEST

START_TEST(drawing_twice_gives_the_same_bytes)
{
    if (!gnuplot_found())
        return;
    static const char *const names[] = {"latency_cdf.pdf", "hops.svg", "path_cost.png",
                                        "queue_time.pdf"};
    char *first[4];
    long bytes[4];
    support_folder(folder);
    support_three(folder);
    ck_assert_int_eq(plot(NULL, NULL), EXIT_FINE);
    for (size_t i = 0; i < 4; i++)
        first[i] = support_read(folder, names[i], &bytes[i]);
    sleep(1); /* another second: the date of creation would differ */
    ck_assert_int_eq(plot(NULL, NULL), EXIT_FINE);
    for (size_t i = 0; i < 4; i++) {
        long again_bytes = 0;
        char *again = support_read(folder, names[i], &again_bytes);
        ck_assert_msg(again_bytes == bytes[i] && memcmp(again, first[i], (size_t)bytes[i]) == 0,
                      "%s differs", names[i]);
        free(again);
        free(first[i]);
    }
    support_remove(folder);
}
END_TEST

START_TEST(pdf_has_the_column_width_embedded_fonts_and_the_run_keys)
{
    if (!gnuplot_found())
        return;
    support_folder(folder);
    support_three(folder);
    ck_assert_int_eq(plot("--figure", "hops"), EXIT_FINE);
    ck_assert(!exists("latency_cdf.pdf"));
    char path[128], error[256];
    snprintf(path, sizeof path, "%s/hops.pdf", folder);
    struct pdf_facts facts;
    ck_assert_int_eq(pdf_inspect(path, &facts, error, sizeof error), 0);
    ck_assert_double_eq_tol(facts.width_in, 3.5, 0.01);
    ck_assert_uint_gt(facts.fonts, 0);
    ck_assert_uint_eq(facts.embedded, facts.fonts);
    long bytes = 0;
    char *pdf = support_read(folder, "hops.pdf", &bytes);
    static const char words[] = "run 0000000000000069 result 0123456789abcdef";
    ck_assert_ptr_nonnull(memmem(pdf, (size_t)bytes, words, strlen(words)));
    free(pdf);
    support_remove(folder);
}
END_TEST

START_TEST(script_runs_by_itself_in_its_folder)
{
    if (!gnuplot_found())
        return;
    support_folder(folder);
    support_three(folder);
    ck_assert_int_eq(plot("--data-only", NULL), EXIT_FINE);
    static const char *const scripts[] = {"latency_cdf", "hops", "path_cost", "queue_time"};
    for (size_t i = 0; i < 4; i++) {
        char name[64];
        snprintf(name, sizeof name, "%s.gp", scripts[i]);
        ck_assert_int_eq(gnuplot_run(folder, name), 0);
        snprintf(name, sizeof name, "%s.pdf", scripts[i]);
        ck_assert(exists(name));
    }
    support_remove(folder);
}
END_TEST

START_TEST(without_gnuplot_data_and_scripts_come_out_all_the_same)
{
    support_folder(folder);
    support_three(folder);
    char *path = strdup(getenv("PATH"));
    setenv("PATH", folder, 1);
    int code = plot(NULL, NULL);
    setenv("PATH", path, 1);
    free(path);
    ck_assert_int_eq(code, EXIT_FINE);
    ck_assert(exists("latency_cdf.tsv") && exists("latency_cdf.gp"));
    ck_assert(exists("latency_cdf.caption.txt") && !exists("latency_cdf.pdf"));
    support_remove(folder);
}
END_TEST

START_TEST(a_logarithmic_axis_refuses_what_is_not_above_zero)
{
    char *text = NULL;
    size_t bytes = 0;
    struct figure figure = {.log_x = true, .data = open_memstream(&text, &bytes)};
    const double share = 0.5;
    figure_series(&figure);
    figure_point(&figure, "a", 1, &share, 1);
    figure_point(&figure, "a", 2, &share, 1);
    ck_assert_int_eq(figure_check(&figure, true, true), FIGURE_DRAWN);
    figure_point(&figure, "a", 0, &share, 1);
    ck_assert_int_eq(figure_check(&figure, true, true), FIGURE_WRONG);
    ck_assert_ptr_nonnull(strstr(figure.error, "a logarithmic axis cannot show"));
    fclose(figure.data);
    free(text);
}
END_TEST

START_TEST(a_line_of_one_point_and_a_seventh_series_are_refused)
{
    char *text = NULL;
    size_t bytes = 0;
    struct figure figure = {.data = open_memstream(&text, &bytes)};
    const double value = 1;
    figure_series(&figure);
    figure_point(&figure, "a", 1, &value, 1);
    ck_assert_int_eq(figure_check(&figure, true, true), FIGURE_WRONG);
    figure.error[0] = '\0';
    ck_assert_int_eq(figure_check(&figure, true, false), FIGURE_DRAWN); /* bars may be alone */
    for (int i = 0; i < 6; i++) {
        figure_series(&figure);
        figure_point(&figure, "b", 1, &value, 1);
        figure_point(&figure, "b", 2, &value, 1);
    }
    figure.error[0] = '\0';
    ck_assert_int_eq(figure_check(&figure, true, true), FIGURE_WRONG);
    ck_assert_ptr_nonnull(strstr(figure.error, "7 series"));
    fclose(figure.data);
    free(text);
}
END_TEST

START_TEST(replications_make_a_band_and_one_run_does_not)
{
    support_folder(folder);
    for (int i = 0; i < 2; i++) {
        char name[16];
        snprintf(name, sizeof name, "r%d.db", i);
        const struct support_run run = {.run_key = name,
                                        .config_hash = "c",
                                        .result_hash = name,
                                        .experiment = "e",
                                        .status = "ok",
                                        .replication = i,
                                        .sim_end_ns = 10000000000,
                                        .messaging_path = "slow"};
        sqlite3 *database = support_database(folder, name, &run);
        support_message(database, 1, 1000, 2000, 1, 1);
        support_message(database, 2, 1000, 3000 + i * 1000, 1, 1 + i);
        support_close(database);
    }
    ck_assert_int_eq(plot("--data-only", NULL), EXIT_FINE);
    /* At 2 s the shares are 1 and 1/2: mean 3/4, t(0.975, 1) s / sqrt(2) = 3.18, cut to 0..1. */
    holds("latency_cdf.tsv", "\nslow path\t2\t0.75\t0\t1\n");
    holds("latency_cdf.gp", "with filledcurves");
    /* Of two messages two and one take one hop: 3/4 and 3.18 again. */
    holds("hops.tsv", "\ne\t1\t0.75\t0\t1\n");
    holds("latency_cdf.caption.txt", "n = 2 replications a group.");
    ck_assert(!exists("path_cost.tsv")); /* one group */
    support_remove(folder);
}
END_TEST

START_TEST(sweeps_make_points_and_series_and_theory_meets_them)
{
    static const int shards[] = {16, 256};
    static const char *const paths[] = {"slow", "instant"};
    support_folder(folder);
    for (int i = 0; i < 4; i++) {
        char name[16], key[16];
        snprintf(name, sizeof name, "s%d.db", i);
        snprintf(key, sizeof key, "key%d", i);
        const struct support_run run = {.run_key = key,
                                        .config_hash = key,
                                        .result_hash = key,
                                        .experiment = "e",
                                        .status = "ok",
                                        .sim_end_ns = 10000000000,
                                        .messaging_path = paths[i / 2]};
        sqlite3 *database = support_database(folder, name, &run);
        support_sql(database,
                    "INSERT INTO param VALUES (1, '/chain/shards', '%d', %d, NULL, 1, ''),"
                    " (1, '/messaging/digit_bits', '4', 4, NULL, 0, '')",
                    shards[i % 2], shards[i % 2]);
        for (int k = 0; k < 4; k++)
            support_message(database, k, 1000, 2000 + i, i / 2 + 1, i == 1 && k > 0 ? 2 : 1);
        support_close(database);
    }
    ck_assert_int_eq(plot("--data-only", NULL), EXIT_FINE);
    holds("hops_shards.tsv", "\nhops_mean\tslow\t16\t1\tNaN\tNaN\n");
    holds("hops_shards.tsv", "\nhops_mean\tslow\t256\t1.75\tNaN\tNaN\n");
    holds("hops_shards.tsv", "\nhops_mean\tinstant\t256\t1\tNaN\tNaN\n");
    /* Two digits of 15/16 each, given that the shards differ: 1.875 / (255/256). */
    holds("hops_shards.tsv", "\nreference\ttheory, slow\t256\t1.88235294118\tNaN\tNaN\n");
    holds("hops_shards.gp", "\"2^{8}\" 256");
    holds("throughput_shards.tsv", "\nload_carried\tslow\t16\t0.4\tNaN\tNaN\n"); /* 4 in 10 s */
    ck_assert(!exists("latency_load.tsv"));
    ck_assert_int_eq(plot("--figure", "latency_load"), EXIT_IO); /* asked for, and not to be had */
    support_remove(folder);
}
END_TEST

/* 20 messages a run, of which one comes: the offered load is far above the curve. */
START_TEST(an_ideal_out_of_reach_is_on_the_axis)
{
    support_folder(folder);
    for (int i = 0; i < 2; i++) {
        char name[8];
        snprintf(name, sizeof name, "%d.db", i);
        sqlite3 *database = support_replication(folder, name, i == 0 ? "c" : "d", 0);
        support_sql(database,
                    "INSERT INTO param VALUES (1, '/chain/shards', '%d', %d, NULL, 1, '')", 16 << i,
                    16 << i);
        support_message(database, 1, 3000, 4000, 1, 1);
        for (int k = 2; k <= 24; k++)
            support_sql(database,
                        "INSERT INTO message VALUES (%d, 3, 4, 3000000000, NULL, NULL, 1, 1, 512,"
                        " NULL, 2)",
                        k);
        support_close(database);
    }
    ck_assert_int_eq(plot("--data-only", NULL), EXIT_FINE);
    holds("throughput_shards.tsv", "\nload_carried\tcarried\t16\t0.125\tNaN\tNaN\n");
    holds("throughput_shards.tsv", "\nload_offered\toffered\t16\t3\tNaN\tNaN\n");
    holds("throughput_shards.gp", "set yrange [0:3.24]\n");
    support_remove(folder);
}
END_TEST

/* Two groups of different length, and the first without a fault. */
START_TEST(windows_and_axis_are_those_of_all_groups)
{
    support_folder(folder);
    for (int i = 0; i < 2; i++) {
        char name[8];
        snprintf(name, sizeof name, "%d.db", i);
        sqlite3 *database = support_replication(folder, name, i == 0 ? "c" : "d", 0);
        support_sql(database,
                    "INSERT INTO param VALUES (1, '/chain/shards', '%d', %d, NULL, 1, '')", 16 << i,
                    16 << i);
        support_message(database, 1, 3000, 4000, 1, 1);
        if (i == 1)
            support_sql(database,
                        "UPDATE run SET sim_end_ns = 200000000000, warmup_ns = 5000000000;"
                        "INSERT INTO fault VALUES (99, 'cut', 'shard:1', 190000000000,"
                        " 300000000000, NULL)");
        for (int k = 0; k < 70 && i == 1; k++)
            support_sql(database,
                        "INSERT INTO fault VALUES (%d, 'crash', 'shard:0', %d000000000,"
                        " %d500000000, NULL)",
                        k, 20 + k, 20 + k);
        support_close(database);
    }
    ck_assert_int_eq(plot("--figure", "fault_timeline"), EXIT_FINE);
    holds("fault_timeline.gp", "set xrange [0:200]\n");
    holds("fault_timeline.gp",
          "set object 70 rectangle from first 89, graph 0 to first 89.5, graph 1");
    holds("fault_timeline.gp", "set object 71 rectangle from first 190, graph 0 to first 200,");
    holds("fault_timeline.gp", "set arrow 1 from first 5, graph 0");
    /* Sixtieths of 10 s: a message is made in the 19th and arrives in the 25th. */
    holds("fault_timeline.tsv", "\n16\t2.91666666667\t0\t0\tNaN\tNaN\n"
                                "16\t3.08333333333\t0\t1\tNaN\tNaN\n");
    holds("fault_timeline.tsv", "\n16\t3.91666666667\t0\t1\tNaN\tNaN\n"
                                "16\t4.08333333333\t6\t0\t1\t1\n");
    holds("fault_timeline.caption.txt",
          "Grey: fault windows; in 16 none; in 32: crash shard:0 from "
          "20 s to 20.5 s; crash shard:0 from 21 s");
    holds("fault_timeline.caption.txt", "; and 63 more");
    support_remove(folder);
}
END_TEST

START_TEST(names_that_leave_no_room_for_bars_are_refused)
{
    support_folder(folder);
    for (int i = 0; i < 2; i++) {
        char name[8], config[64];
        snprintf(name, sizeof name, "%d.db", i);
        snprintf(config, sizeof config, "a_name_that_takes_more_than_the_width_of_a_column_%d", i);
        sqlite3 *database = support_replication(folder, name, config, 0);
        support_message(database, 1, 3000, 4000, 1, 1);
        support_close(database);
    }
    ck_assert_int_eq(plot("--figure", "path_cost"), EXIT_IO);
    ck_assert(!exists("path_cost.tsv"));
    support_remove(folder);
}
END_TEST

START_TEST(tic_steps_are_round)
{
    ck_assert_double_eq_tol(figure_tic_step(10, 5), 2, 1e-12);
    ck_assert_double_eq_tol(figure_tic_step(26.8, 3), 10, 1e-12);
    ck_assert_double_eq_tol(figure_tic_step(1.05, 3), 0.5, 1e-12);
    ck_assert_double_eq_tol(figure_tic_step(100, 4), 50, 1e-12);
    ck_assert_double_eq_tol(figure_tic_step(4, 4), 1, 1e-12);
}
END_TEST

/* gnuplot takes a tic's label for a printf format: "0%" ended a script that had drawn nothing. */
START_TEST(labels_of_tics_are_no_formats)
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *file = open_memstream(&text, &bytes);
    ck_assert_ptr_nonnull(file);
    figure_quote(file, "5% \"a\" \\");
    figure_quote_tic(file, "5% \"a\" \\");
    fclose(file);
    ck_assert_str_eq(text, "\"5% \\\"a\\\" \\\\\"\"5%% \\\"a\\\" \\\\\"");
    free(text);
}
END_TEST

CHECK_MAIN("plot", data_holds_the_numbers_of_the_runs, the_number_of_shards_is_drawn_in_steps,
           of_many_queues_the_four_longest_are_named, captions_carry_keys_hashes_and_n,
           drawing_twice_gives_the_same_bytes,
           pdf_has_the_column_width_embedded_fonts_and_the_run_keys,
           script_runs_by_itself_in_its_folder,
           without_gnuplot_data_and_scripts_come_out_all_the_same,
           a_logarithmic_axis_refuses_what_is_not_above_zero,
           a_line_of_one_point_and_a_seventh_series_are_refused,
           replications_make_a_band_and_one_run_does_not,
           sweeps_make_points_and_series_and_theory_meets_them,
           an_ideal_out_of_reach_is_on_the_axis, windows_and_axis_are_those_of_all_groups,
           names_that_leave_no_room_for_bars_are_refused, tic_steps_are_round,
           labels_of_tics_are_no_formats)
