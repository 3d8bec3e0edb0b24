/* Goal: stakes follow their laws, files of stakes are read or refused in words, and quantiles of
 * delivery times are as exact as is said. Method: known values; sorting. */

#include "models/chain/stake_law.h"

#include <unistd.h>

#include "models/chain/delivery_times.h"
#include "sim/diagnostics.h"
#include "tests/check_main.h"

enum { MEMBERS = 4000 };

static int compare(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;
    return left < right ? -1 : left > right;
}

START_TEST(even_stakes_are_all_the_same)
{
    uint64_t stakes[5];
    stake_law_even(5, stakes);
    for (int i = 0; i < 5; i++)
        ck_assert_uint_eq(stakes[i], STAKE_UNIT);
}
END_TEST

START_TEST(zipf_stakes_fall_as_a_power_of_the_number)
{
    uint64_t stakes[100];
    stake_law_zipf(1.0, 100, stakes);
    ck_assert_uint_eq(stakes[0], STAKE_MAX);
    for (uint64_t i = 1; i < 100; i++) {
        uint64_t expected = STAKE_MAX / (i + 1);
        ck_assert_uint_le(stakes[i], expected + 2);
        ck_assert_uint_ge(stakes[i] + 2, expected);
    }
    stake_law_zipf(0.0, 100, stakes);
    ck_assert_uint_eq(stakes[99], STAKE_MAX);
    stake_law_zipf(5.0, 100, stakes);
    ck_assert_uint_eq(stakes[99], 100); /* 10^12 / 100^5 */
    stake_law_zipf(2.0, 3, stakes);
    ck_assert_uint_eq(stakes[1], STAKE_MAX / 4);
}
END_TEST

START_TEST(lognormal_stakes_have_their_median_and_spread)
{
    static uint64_t stakes[MEMBERS];
    struct rng rng = {.seed = 3};
    stake_law_lognormal(&rng, 1.0, MEMBERS, stakes);
    qsort(stakes, MEMBERS, sizeof *stakes, compare); /* no ties that matter: numbers */
    double median = (double)stakes[MEMBERS / 2] / (double)STAKE_UNIT;
    double upper = (double)stakes[MEMBERS * 8413 / 10000] / (double)STAKE_UNIT;
    ck_assert_double_ge(median, 0.94);
    ck_assert_double_le(median, 1.06);
    ck_assert_double_ge(upper, 2.718 * 0.92); /* one standard deviation up: e */
    ck_assert_double_le(upper, 2.718 * 1.08);
    stake_law_lognormal(&rng, 0.0, 4, stakes);
    for (int i = 0; i < 4; i++)
        ck_assert_uint_eq(stakes[i], STAKE_UNIT);
    stake_law_lognormal(&rng, 5.0, MEMBERS, stakes);
    for (int i = 0; i < MEMBERS; i++) {
        ck_assert_uint_ge(stakes[i], 1);
        ck_assert_uint_le(stakes[i], STAKE_MAX);
    }
}
END_TEST

START_TEST(another_number_of_members_leaves_those_that_are_there_their_stakes)
{
    uint64_t few[10], many[20];
    struct rng rng = {.seed = 3};
    stake_law_lognormal(&rng, 1.5, 10, few);
    stake_law_lognormal(&rng, 1.5, 20, many);
    ck_assert_mem_eq(few, many, sizeof few);
}
END_TEST

static int read_text(const char *text, uint32_t count, uint64_t *ret_stakes, char *ret_problem)
{
    char path[] = "/tmp/shardsim-stakes-XXXXXX";
    int file = mkstemp(path);
    ck_assert_int_ge(file, 0);
    ck_assert_int_eq(write(file, text, strlen(text)), (ssize_t)strlen(text));
    close(file);
    struct diagnostics diagnostics = {0};
    int status =
        stake_law_read(path, "/chain/validators/stake/path", &diagnostics, count, ret_stakes);
    ck_assert_uint_eq(diagnostics.count, status != 0);
    *ret_problem = '\0';
    if (status != 0)
        snprintf(ret_problem, 200, "%s", diagnostics.list[0].problem);
    diagnostics_free(&diagnostics);
    unlink(path);
    return status;
}

START_TEST(a_file_has_a_stake_a_line)
{
    uint64_t stakes[3];
    char problem[200];
    ck_assert_int_eq(read_text("# ours\n 5\n\n0  # none\n1000000000000", 3, stakes, problem), 0);
    ck_assert_uint_eq(stakes[0], 5);
    ck_assert_uint_eq(stakes[1], 0);
    ck_assert_uint_eq(stakes[2], STAKE_MAX);
    ck_assert_int_eq(read_text("5\n6\n", 3, stakes, problem), -1);
    ck_assert_str_eq(problem, "the file has 2 stakes for 3 validators");
    ck_assert_int_eq(read_text("5\n6\n7\n8\n", 3, stakes, problem), -1);
    ck_assert_str_eq(problem, "the file has 4 stakes for 3 validators");
    ck_assert_int_eq(read_text("5\n-6\n7\n", 3, stakes, problem), -1);
    ck_assert_str_eq(problem, "line 2 is no stake: \"-6\"");
    ck_assert_int_eq(read_text("5\n1000000000001\n7\n", 3, stakes, problem), -1);
    ck_assert_str_eq(problem, "line 2 is too large a stake: \"1000000000001\"");
    ck_assert_int_eq(read_text("5\n18446744073709551617\n7\n", 3, stakes, problem), -1);
    ck_assert_str_eq(problem, "line 2 is too large a stake: \"18446744073709551617\"");
    ck_assert_int_eq(read_text("5\n6\n7 8\n", 3, stakes, problem), -1);
    ck_assert_str_eq(problem, "line 3 is no stake: \"7 8\"");
}
END_TEST

static void read_all(const char *text, uint32_t count, struct diagnostics *ret_diagnostics)
{
    char path[] = "/tmp/shardsim-stakes-XXXXXX";
    uint64_t stakes[64];
    int file = mkstemp(path);
    ck_assert_int_ge(file, 0);
    ck_assert_int_eq(write(file, text, strlen(text)), (ssize_t)strlen(text));
    close(file);
    ck_assert_int_eq(stake_law_read(path, "/stake", ret_diagnostics, count, stakes), -1);
    unlink(path);
}

START_TEST(all_bad_lines_of_a_file_are_told_at_once)
{
    struct diagnostics diagnostics = {0};
    read_all("7\nseven\n1e9\n46900000000000000\n", 3, &diagnostics);
    ck_assert_uint_eq(diagnostics.count, 4);
    ck_assert_str_eq(diagnostics.list[0].problem, "line 2 is no stake: \"seven\"");
    ck_assert_ptr_null(diagnostics.list[0].try_text);
    ck_assert_str_eq(diagnostics.list[1].problem, "line 3 is no stake: \"1e9\"");
    ck_assert_ptr_nonnull(strstr(diagnostics.list[2].try_text, "a larger unit"));
    ck_assert_str_eq(diagnostics.list[3].problem, "the file has 4 stakes for 3 validators");
    diagnostics_free(&diagnostics);
    char text[200] = "";
    for (int i = 0; i < 30; i++)
        strcat(text, "x\n");
    read_all(text, 30, &diagnostics);
    ck_assert_uint_eq(diagnostics.count, 20);
    ck_assert_str_eq(diagnostics.list[19].problem, "line 20: more problems follow");
    diagnostics_free(&diagnostics);
}
END_TEST

START_TEST(a_long_line_is_one_line)
{
    char text[700], problem[200];
    uint64_t stakes[2];
    memset(text, ' ', sizeof text);
    memcpy(text, "5 #", 3);
    memset(text + 3, '8', 600);
    memcpy(text + 603, "\n6\n", 4); /* with its end */
    ck_assert_int_eq(read_text(text, 2, stakes, problem), 0);
    ck_assert_uint_eq(stakes[1], 6);
}
END_TEST

START_TEST(quantiles_of_times_are_exact_to_a_thirty_second)
{
    static struct delivery_times times;
    static uint64_t list[MEMBERS];
    struct rng rng = {.seed = 5};
    struct rng_stream dice;
    rng_stream_at(&dice, &rng, RNG_TEST, 0, 0);
    ck_assert_uint_eq(delivery_times_quantile(&times, 500), 0);
    for (int i = 0; i < MEMBERS; i++) {
        list[i] = rng_u64(&dice) >> rng_below(&dice, 64);
        delivery_times_add(&times, list[i]);
    }
    qsort(list, MEMBERS, sizeof *list, compare); /* no ties that matter: numbers */
    for (uint64_t per_mille = 1; per_mille <= 1000; per_mille++) {
        uint64_t exact = list[(MEMBERS * per_mille + 999) / 1000 - 1];
        uint64_t got = delivery_times_quantile(&times, per_mille);
        ck_assert_uint_ge(got, exact);
        ck_assert_uint_le(got - exact, exact / 32);
    }
}
END_TEST

CHECK_MAIN("stake_law", even_stakes_are_all_the_same, zipf_stakes_fall_as_a_power_of_the_number,
           lognormal_stakes_have_their_median_and_spread,
           another_number_of_members_leaves_those_that_are_there_their_stakes,
           a_file_has_a_stake_a_line, all_bad_lines_of_a_file_are_told_at_once,
           a_long_line_is_one_line, quantiles_of_times_are_exact_to_a_thirty_second)
