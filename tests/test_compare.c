/* compare on runs made by hand: who is paired with whom, what is printed of a pair, when --fail-if
 * holds, and what is refused. A run's one message takes as long as the test says. */

#include "analysis/compare.h"
#include "tests/check_main.h"
#include "tests/support_database.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static char folder[64];

static void start(void)
{
    char side[80];
    support_folder(folder);
    snprintf(side, sizeof side, "%s/a", folder);
    ck_assert_int_eq(mkdir(side, 0700), 0);
    snprintf(side, sizeof side, "%s/b", folder);
    ck_assert_int_eq(mkdir(side, 0700), 0);
}

/* A run of 10 s in a file such as "a/1.db"; `loss` is a parameter that no sweep varies. */
static void make(const char *name, int replication, int latency_ms, const char *loss,
                 const char *more)
{
    sqlite3 *database = support_replication(folder, name, name, replication);
    support_message(database, 1, 3000, 3000 + latency_ms, 1, 1);
    support_sql(database,
                "INSERT INTO param VALUES (1, '/network/loss', '%s', NULL, NULL, 0, 'set')", loss);
    support_sql(database, "%s", more);
    support_close(database);
}

/* compare a b with up to three more arguments. */
static char *compared(int *ret_code, const char *first, const char *second, const char *third)
{
    char a[80], b[80];
    snprintf(a, sizeof a, "%s/a", folder);
    snprintf(b, sizeof b, "%s/b", folder);
    return support_printed(folder, compare_run,
                           (const char *const[]){"compare", a, b, first, second, third, NULL},
                           ret_code);
}

static void expect(const char *text, const char *words)
{
    ck_assert_msg(strstr(text, words) != NULL, "lacks: %s\n%s", words, text);
}

START_TEST(pairs_are_of_one_replication_and_those_without_partner_are_counted)
{
    int code;
    start();
    for (int r = 1; r <= 3; r++) {
        char name[16];
        snprintf(name, sizeof name, "a/%d.db", r);
        make(name, r, 100 * r, "0%", "");
        snprintf(name, sizeof name, "b/%d.db", r);
        make(name, r + 1, 100 * r + 50 * r * r, "1%", "");
    }
    /* Replications 2 and 3: A 200 and 300, B 150 and 400; t(0.975, 1) = 12.7062047361747. */
    char *text = compared(&code, "--metric", "latency_p50", "--json");
    ck_assert_int_eq(code, 0);
    expect(text, "\"n\":2,\"mean_a\":0.25,\"mean_b\":0.275,\"difference\":0.025");
    expect(text, "\"difference_half_width\":0.952965355213");
    expect(text, "\"ratio\":1.1,");
    expect(text, "\"wilcoxon_p\":1,\"correlation\":1");
    free(text);
    text = compared(&code, "--metric", "latency_p50", NULL);
    expect(text, "2 pairs by seed and replication\nleft out, having no partner: 1 of A, 1 of B\n");
    expect(text, "latency_p50                            0.25        0.275         0.025 +- 0.953  "
                 "         1.1 +- 3.706        1\n");
    free(text);
    support_remove(folder);
}
END_TEST

START_TEST(what_varies_within_a_side_must_agree_and_nobody_has_two_partners)
{
    int code;
    start();
    make("a/1.db", 1, 100, "0%", "");
    make("a/2.db", 1, 900, "5%", ""); /* the same luck under another setting */
    make("b/1.db", 1, 150, "0%", "");
    char *text = compared(&code, "--metric", "latency_p50", NULL);
    expect(text, "1 pair by seed and replication\nleft out, having no partner: 1 of A, 0 of B\n");
    expect(text, "latency_p50                             0.1         0.15");
    free(text);
    /* Of two that differ in nothing that is known, each needs a partner of its own. */
    support_remove(folder);
    start();
    make("a/1.db", 1, 100, "0%", "");
    make("a/2.db", 1, 900, "0%", "");
    make("b/1.db", 1, 150, "0%", "");
    text = compared(&code, "--metric", "latency_p50", NULL);
    expect(text, "1 pair by seed and replication\nleft out, having no partner: 1 of A, 0 of B\n");
    free(text);
    support_remove(folder);
}
END_TEST

START_TEST(a_parameter_that_only_one_side_has_tells_its_runs_apart)
{
    int code;
    start();
    make("a/1.db", 1, 100, "0%", "");
    make("b/1.db", 1, 150, "0%", "INSERT INTO param VALUES (1, '/x', '1', 1, NULL, 1, 'sweep')");
    make("b/2.db", 1, 450, "0%", "INSERT INTO param VALUES (1, '/x', '2', 2, NULL, 1, 'sweep')");
    char *text = compared(&code, NULL, NULL, NULL);
    ck_assert_int_eq(code, 2);
    expect(text, "have no seed and replication in common");
    free(text);
    support_remove(folder);
}
END_TEST

START_TEST(runs_of_another_seed_are_no_partners)
{
    int code;
    start();
    make("a/1.db", 1, 100, "0%", "");
    make("b/1.db", 1, 150, "0%", "UPDATE run SET seed = 2");
    char *text = compared(&code, NULL, NULL, NULL);
    ck_assert_int_eq(code, 2);
    free(text);
    support_remove(folder);
}
END_TEST

START_TEST(fail_if_takes_the_change_in_shares_of_the_size_of_a)
{
    static const struct {
        const char *condition;
        int code;
    } cases[] = {
        {"latency_p50 > +49%", 5}, {"latency_p50 > +51%", 0}, {"latency_p50 < +49%", 0},
        {"dropped > +1000%", 5}, /* 0 of A, 7 of B: without bound */
        {"still > +0%", 0},      /* 0 of both */
        {"packets/x > +5%", 5},  /* a kind that A never sent */
        {"below > +99%", 0},     /* -2 of A, -4 of B: 100 % less */
        {"below < -99%", 5},       {"below > -101%", 5},      {"sinks < -50%", 5},
        {"only_b > +5%", 2},       {"nobody > +5%", 2},
    };
    int code;
    start();
    make("a/1.db", 1, 100, "0%",
         "INSERT INTO metric VALUES ('dropped', -1, 0, '', 1), ('still', -1, 0, '', 1),"
         " ('below', -1, -2, '', 1), ('sinks', -1, 0, '', 1), ('packets/y', -1, 3, '', 1)");
    make("b/1.db", 1, 150, "1%",
         "INSERT INTO metric VALUES ('dropped', -1, 7, '', 1), ('still', -1, 0, '', 1),"
         " ('below', -1, -4, '', 1), ('sinks', -1, -3, '', 1), ('packets/x', -1, 3, '', 1), "
         "('only_b', -1, 1, '', 1)");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *text = compared(&code, "--fail-if", cases[i].condition, NULL);
        ck_assert_msg(code == cases[i].code, "%s: code %d\n%s", cases[i].condition, code, text);
        free(text);
    }
    support_remove(folder);
}
END_TEST

START_TEST(runs_cut_short_are_refused_and_unequal_spans_are_told)
{
    int code;
    start();
    make("a/1.db", 1, 100, "0%", "");
    make("b/1.db", 1, 150, "0%", "UPDATE run SET sim_end_ns = 20000000000");
    char *text = compared(&code, NULL, NULL, NULL);
    ck_assert_int_eq(code, 0);
    expect(text, "/b/1.db for 20 s with 2 s: what they count is not of equal spans of time");
    free(text);
    make("b/1.db", 1, 150, "0%", "UPDATE run SET status = 'limit'");
    text = compared(&code, NULL, NULL, NULL);
    ck_assert_int_eq(code, 7);
    expect(text, "b/1.db: its status is limit");
    free(text);
    support_remove(folder);
}
END_TEST

CHECK_MAIN("compare", pairs_are_of_one_replication_and_those_without_partner_are_counted,
           what_varies_within_a_side_must_agree_and_nobody_has_two_partners,
           a_parameter_that_only_one_side_has_tells_its_runs_apart,
           runs_of_another_seed_are_no_partners,
           fail_if_takes_the_change_in_shares_of_the_size_of_a,
           runs_cut_short_are_refused_and_unequal_spans_are_told)
