/* The figures of blocks on their way to validators: their data against numbers computed by hand,
 * intervals only where there are replications, and what is said where there is nothing to draw.
 * Without gnuplot the test that draws passes at once. */

#include "analysis/gnuplot_run.h"
#include "analysis/plot.h"
#include "command.h"
#include "tests/check_main.h"
#include "tests/plot_fixture.h"
#include "tests/support_database.h"

#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MS INT64_C(1000000)

static int plot(const char *figure, bool data_only)
{
    char name[] = "shardsim plot", output[] = "-o", option[] = "--figure", only[] = "--data-only";
    char *id = strdup(figure);
    char *arguments[] = {name, folder, output, folder, option, id, only, NULL};
    int code = plot_run(data_only ? 7 : 6, arguments);
    free(id);
    return code;
}

static void lacks(const char *name, const char *words)
{
    char *text = support_read(folder, name, NULL);
    ck_assert_msg(strstr(text, words) == NULL, "%s holds '%s':\n%.4000s", name, words, text);
    free(text);
}

/* A block made at `made_ms`; of the times to 50, 90 and 99 % those above 0 are there. */
static void block(sqlite3 *database, int64_t made_ms, int half_ms, int most_ms, int all_ms)
{
    const int times[] = {half_ms, most_ms, all_ms};
    static const char *const names[] = {"spread_50", "spread_90", "spread_99"};
    for (int i = 0; i < 3; i++)
        if (times[i] > 0)
            support_sample(database, names[i], made_ms + times[i], times[i] * MS);
}

/* Four blocks count, the first was made in the warm-up; one of the four never gets to 99 %. */
static void spread_run(const char *file, int replication)
{
    sqlite3 *database = support_replication(folder, file, "c", replication);
    block(database, 1900, 150, 150, 150);
    block(database, 2000, 100, 200, 400);
    block(database, 2400, 100, 200, 400);
    block(database, 2800, 110, 220 + 10 * replication, 500);
    block(database, 3200, 120, 240, 0);
    support_close(database);
}

START_TEST(a_block_that_never_got_so_far_keeps_its_line_below_one)
{
    support_folder(folder);
    spread_run("a.db", 0);
    ck_assert_int_eq(plot("spread_cdf", true), EXIT_FINE);
    holds("spread_cdf.tsv", "series\ttime_s\tshare\tlow\thigh\n");
    holds("spread_cdf.tsv", "\n50 % stake\t0.1\t0.5\tNaN\tNaN\n"); /* 2 of 4 */
    holds("spread_cdf.tsv", "\n50 % stake\t0.12\t1\tNaN\tNaN\n");
    holds("spread_cdf.tsv", "\n90 % stake\t0.22\t0.75\tNaN\tNaN\n");
    holds("spread_cdf.tsv", "\n99 % stake\t0.4\t0.5\tNaN\tNaN\n");
    holds("spread_cdf.tsv", "\n99 % stake\t0.5\t0.75\tNaN\tNaN\n");   /* 3 of 4 */
    holds("spread_cdf.tsv", "\n99 % stake\t0.515\t0.75\tNaN\tNaN\n"); /* to the end of the axis */
    lacks("spread_cdf.tsv", "\t0.15\t");                              /* in the warm-up */
    holds("spread_cdf.caption.txt", "99 % of the stake: c 4, 4, 3.");
    lacks("spread_cdf.gp", "filledcurves");
    support_remove(folder);
}
END_TEST

/* At 0.22 s the shares are 3/4 and 2/4: mean 5/8, t(0.975, 1) / 8 = 1.588, cut to 0..1. */
START_TEST(replications_of_spread_make_a_band)
{
    support_folder(folder);
    spread_run("a.db", 0);
    spread_run("b.db", 1);
    ck_assert_int_eq(plot("spread_cdf", true), EXIT_FINE);
    holds("spread_cdf.tsv", "\n90 % stake\t0.22\t0.625\t0\t1\n");
    holds("spread_cdf.gp", "with filledcurves");
    holds("spread_cdf.caption.txt", "n = 2 replications a group.");
    support_remove(folder);
}
END_TEST

/* Two groups have three lines each, three have two, four have one; seven are refused. */
START_TEST(more_groups_draw_fewer_shares)
{
    static const int lines[] = {0, 3, 6, 6, 4, 5, 6};
    for (int groups = 1; groups <= 7; groups++) {
        support_folder(folder);
        for (int g = 0; g < groups; g++) {
            char file[16], config[16];
            snprintf(file, sizeof file, "g%d.db", g);
            snprintf(config, sizeof config, "c%d", g);
            sqlite3 *database = support_replication(folder, file, config, 0);
            block(database, 2000, 100, 200 + g, 300);
            block(database, 2400, 110, 210 + g, 310);
            support_close(database);
        }
        ck_assert_int_eq(plot("spread_cdf", true), groups < 7 ? EXIT_FINE : EXIT_IO);
        if (groups < 7) {
            char *text = support_read(folder, "spread_cdf.gp", NULL);
            int count = 0;
            for (char *at = text; (at = strstr(at, "with linespoints")) != NULL; at++)
                count++;
            ck_assert_int_eq(count, lines[groups]);
            free(text);
        } else
            ck_assert(!exists("spread_cdf.tsv"));
        support_remove(folder);
    }
}
END_TEST

/* Ideal spread takes no time: the line goes up at 0 and on to the end. */
START_TEST(no_time_at_all_is_drawn_too)
{
    support_folder(folder);
    sqlite3 *database = support_replication(folder, "a.db", "c", 0);
    for (int k = 0; k < 3; k++)
        support_sample(database, "spread_50", 2000 + 400 * k, 0);
    support_close(database);
    ck_assert_int_eq(plot("spread_cdf", true), EXIT_FINE);
    holds("spread_cdf.tsv", "\n50 % stake\t0\t0\t0\t0\n50 % stake\t0\t1\tNaN\tNaN\n"
                            "50 % stake\t1\t1\tNaN\tNaN\n");
    support_remove(folder);
}
END_TEST

/* 100 requests a second, of which in second k 2 k are useful and 90 - 2 k duplicates. */
static void repair_run(const char *file, const char *config, int replication, bool timed)
{
    sqlite3 *database = support_replication(folder, file, config, replication);
    for (int i = 0; i < 5; i++)
        support_sql(database, "INSERT INTO entity VALUES (%d, 'validator', 'v%d', 48)", 1000 + i,
                    i);
    for (int k = 1; k <= 10; k++) {
        support_sample(database, "repair_requests", 1000 * k, 100);
        support_sample(database, "repair_answers", 1000 * k, 90);
        support_sample(database, "repair_useful", 1000 * k, 2 * k);
        support_sample(database, "repair_duplicate", 1000 * k, 90 - 2 * k);
        support_sql(database, /* another chain, with a sample between the seconds */
                    "INSERT INTO sample VALUES ('repair_requests', 64, %" PRId64 ", 10)",
                    (1000 * k - 300) * MS);
    }
    support_sql(database,
                "INSERT INTO fault VALUES (1, 'loss', 'all', 4000000000, 6000000000, '')");
    support_sql(database, "INSERT INTO kind VALUES (7, 'repaired', 'spread', 'ns', '')");
    for (int k = 1; timed && k <= 4; k++)
        support_sql(database,
                    "INSERT INTO event VALUES (%d, %" PRId64
                    ", 7, NULL, NULL, NULL, NULL, NULL, NULL, %" PRId64 ")",
                    k, 5000 * MS, (40 + 10 * k + replication) * MS);
    support_close(database);
}

START_TEST(repair_is_drawn_by_the_second_with_its_faults)
{
    support_folder(folder);
    repair_run("a.db", "c", 0, true);
    ck_assert_int_eq(plot("repair", true), EXIT_FINE);
    holds("repair.tsv",
          "panel\tseries\tx\tvalue\tlow\thigh\n\n\nrequests\tc\t0.5\t110\tNaN\tNaN\n");
    holds("repair.tsv", "\nduplicates\tc\t9.5\t70\tNaN\tNaN\n");
    holds("repair.tsv", "\nuseful\tc\t2.5\t6\tNaN\tNaN\n");
    holds("repair.tsv", "\ntime_to_repair\tc\t0.06\t0.5\tNaN\tNaN\n");
    holds("repair.gp", "rectangle from first 4, graph 0 to first 6, graph 1");
    /* The loop over formats begins again with the tics of the last panel. */
    holds("repair.gp", "set xtics format \"\" autofreq");
    /* Seconds 3 to 10: 2 (3 + ... + 10) = 104 useful, 720 - 104 duplicates; 110 / 5 requests. */
    holds("repair.caption.txt",
          "c: 14.44 % useful, 85.56 % duplicates, at 22 requests a second and "
          "validator, 4 repairs timed.");
    support_remove(folder);
    /* A run of 240 s has bins of 2 s: the ninth and tenth second had 72 and 70 duplicates. */
    support_folder(folder);
    repair_run("a.db", "c", 0, true);
    sqlite3 *database = NULL;
    char path[128];
    snprintf(path, sizeof path, "%s/a.db", folder);
    ck_assert_int_eq(sqlite3_open(path, &database), SQLITE_OK);
    support_sql(database, "UPDATE run SET sim_end_ns = 240000000000");
    ck_assert_int_eq(sqlite3_close(database), SQLITE_OK);
    ck_assert_int_eq(plot("repair", true), EXIT_FINE);
    holds("repair.tsv", "\nduplicates\tc\t9\t71\tNaN\tNaN\n");
    support_remove(folder);
}
END_TEST

START_TEST(replications_of_repair_have_intervals_and_groups_without_are_left_out)
{
    support_folder(folder);
    repair_run("a.db", "c", 0, true);
    repair_run("b.db", "c", 1, true);
    support_close(support_replication(folder, "c.db", "d", 0)); /* has none */
    ck_assert_int_eq(plot("repair", true), EXIT_FINE);
    /* At 60 ms one has 2 of 4, the other 1 of 4: mean 3/8, half-width 12.706 / 8. */
    holds("repair.tsv", "\ntime_to_repair\tc\t0.06\t0.375\t0\t1\n");
    holds("repair.caption.txt", "at 22 ± 0 requests a second");
    lacks("repair.tsv", "\trequests\td\t");
    support_remove(folder);
}
END_TEST

START_TEST(without_events_there_are_two_panels_and_the_caption_says_why)
{
    support_folder(folder);
    repair_run("a.db", "c", 0, false);
    ck_assert_int_eq(plot("repair", true), EXIT_FINE);
    lacks("repair.tsv", "time_to_repair");
    lacks("repair.gp", "Time to repair");
    holds("repair.caption.txt", "the runs hold no events (log: protocol keeps those of repair)");
    support_remove(folder);
}
END_TEST

/* Losses of 0, 15 and 25 %; 10 sets a block. */
static void loss_runs(int replications, bool other)
{
    static const struct {
        double loss;
        int sets, blocks;
    } rows[] = {{0.25, 800, 20}, {0, 1000, 100}, {0.15, 990, 90}};
    for (int i = 0; i < 3; i++)
        for (int r = 0; r < replications; r++)
            for (int o = 0; o <= other; o++) {
                char file[24], config[16];
                snprintf(file, sizeof file, "l%d.%d.%d.db", i, r, o);
                snprintf(config, sizeof config, "c%d.%d", i, o);
                sqlite3 *database = support_replication(folder, file, config, r);
                support_sql(database,
                            "INSERT INTO param VALUES (1, '/network/loss', '%g%%', %g, '', 1, ''),"
                            " (1, '/spread/fanout', '%d', %d, '', 1, '')",
                            rows[i].loss * 100, rows[i].loss, o ? 8 : 200, o ? 8 : 200);
                support_sql(database,
                            "INSERT INTO metric VALUES ('sets_tried', -1, 1000, 'sets', 1),"
                            " ('sets_whole', -1, %d, 'sets', 1),"
                            " ('blocks_tried', -1, 100, 'blocks', 1),"
                            " ('blocks_whole', -1, %d, 'blocks', 1)",
                            rows[i].sets - 10 * r, rows[i].blocks);
                support_close(database);
            }
}

/* method: P(Bin(64, (1 - p)^h) >= 32), the published values */
START_TEST(the_binomial_is_the_published_one)
{
    static const struct {
        double loss, share;
        unsigned hops;
    } rows[] = {{0.15, 0.999952, 2}, {0.15, 0.976322, 3}, {0.25, 0.871362, 2}, {0.25, 0.127655, 3}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        ck_assert_double_eq_tol(figure_fec_loss_set(rows[i].loss, rows[i].hops), rows[i].share,
                                6e-7);
    ck_assert_double_eq_tol(1 - figure_fec_loss_set(0.15, 2), 4.806835e-5, 1e-10);
    ck_assert_double_eq(figure_fec_loss_set(0, 3), 1);
    ck_assert_double_eq(figure_fec_loss_set(1, 1), 0);
}
END_TEST

START_TEST(sets_and_blocks_stand_against_loss_with_the_binomial)
{
    support_folder(folder);
    loss_runs(1, false);
    ck_assert_int_eq(plot("fec_loss", true), EXIT_FINE);
    holds("fec_loss.tsv", "\n\nsets\tmeasured\t0\t1\tNaN\tNaN\nsets\tmeasured\t15\t0.99\tNaN\tNaN\n"
                          "sets\tmeasured\t25\t0.8\tNaN\tNaN\n\n");
    holds("fec_loss.tsv", "\nblocks\tmeasured\t25\t0.2\tNaN\tNaN\n");
    holds("fec_loss.tsv", "\nsets\ttheory, 1 hop\t0\t1\tNaN\tNaN\n");
    char line[96]; /* the curve's 60th of 120 parts, up to a little beyond the last point */
    snprintf(line, sizeof line, "\nsets\ttheory, 3 hops\t13\t%.12g\t",
             figure_fec_loss_set(0.13, 3));
    holds("fec_loss.tsv", line);
    snprintf(line, sizeof line, "\nblocks\ttheory, 3 hops\t13\t%.12g\t",
             pow(figure_fec_loss_set(0.13, 3), 10));
    holds("fec_loss.tsv", line);
    holds("fec_loss.caption.txt", "its power 10, the mean number of sets of a block");
    lacks("fec_loss.gp", "with vectors");
    support_remove(folder);
}
END_TEST

/* 0.8 and 0.79: half-width 12.706 * 0.01 / sqrt(2) / sqrt(2) = 0.0635. */
START_TEST(replications_of_a_loss_have_an_interval_and_series_stay_apart)
{
    support_folder(folder);
    loss_runs(2, true);
    ck_assert_int_eq(plot("fec_loss", true), EXIT_FINE);
    holds("fec_loss.tsv", "\nsets\tfanout 200\t25\t0.795\t0.731468976319\t0.858531023681\n");
    holds("fec_loss.tsv", "\nsets\tfanout 8\t25\t0.795\t");
    holds("fec_loss.gp", "with vectors");
    support_remove(folder);
}
END_TEST

START_TEST(what_cannot_be_drawn_is_refused)
{
    static const char *const figures[] = {"spread_cdf", "repair", "fec_loss"};
    support_folder(folder);
    support_three(folder);
    for (size_t i = 0; i < 3; i++) {
        char name[32];
        ck_assert_int_eq(plot(figures[i], true), EXIT_IO);
        snprintf(name, sizeof name, "%s.tsv", figures[i]);
        ck_assert(!exists(name));
    }
    support_remove(folder);
    support_folder(folder);
    sqlite3 *database = support_replication(folder, "a.db", "c", 0); /* sets, but one loss alone */
    support_sql(database, "INSERT INTO metric VALUES ('sets_tried', -1, 9, '', 1),"
                          " ('sets_whole', -1, 9, '', 1)");
    support_sql(database, "INSERT INTO param VALUES (1, '/network/loss', '1%%', 0.01, '', 0, '')");
    support_close(database);
    ck_assert_int_eq(plot("fec_loss", true), EXIT_IO);
    support_remove(folder);
}
END_TEST

/* Of many groups without validators it says that, not that they are too many. */
START_TEST(no_blocks_at_all_is_the_reason_before_too_many_groups)
{
    support_folder(folder);
    for (int i = 0; i < 7; i++) {
        char name[8];
        snprintf(name, sizeof name, "%d.db", i);
        support_close(support_replication(folder, name, name, 0));
    }
    int code = 0;
    char *text = support_printed(folder, plot_run,
                                 (const char *const[]){"plot", folder, "-o", folder, "--figure",
                                                       "spread_cdf", "--data-only", NULL},
                                 &code);
    ck_assert_int_eq(code, EXIT_IO);
    ck_assert_ptr_nonnull(strstr(text, "no block was made after the warm-up"));
    free(text);
    support_remove(folder);
}
END_TEST

START_TEST(all_three_are_drawn)
{
    static const char *const figures[] = {"spread_cdf", "repair", "fec_loss"};
    if (!gnuplot_found())
        return;
    support_folder(folder);
    loss_runs(2, false);
    spread_run("a.db", 0);
    repair_run("b.db", "d", 0, true);
    for (size_t i = 0; i < 3; i++) {
        char name[32];
        ck_assert_int_eq(plot(figures[i], false), EXIT_FINE);
        snprintf(name, sizeof name, "%s.pdf", figures[i]);
        ck_assert(exists(name));
    }
    support_remove(folder);
}
END_TEST

CHECK_MAIN("plot_spread", a_block_that_never_got_so_far_keeps_its_line_below_one,
           replications_of_spread_make_a_band, more_groups_draw_fewer_shares,
           no_time_at_all_is_drawn_too, repair_is_drawn_by_the_second_with_its_faults,
           replications_of_repair_have_intervals_and_groups_without_are_left_out,
           without_events_there_are_two_panels_and_the_caption_says_why,
           the_binomial_is_the_published_one, sets_and_blocks_stand_against_loss_with_the_binomial,
           replications_of_a_loss_have_an_interval_and_series_stay_apart,
           what_cannot_be_drawn_is_refused, no_blocks_at_all_is_the_reason_before_too_many_groups,
           all_three_are_drawn)
