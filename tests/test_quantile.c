/* Quantiles and intervals against known answers (method/statistics.md sections 3, 7 and 9) and
 * against a slow, obvious version. */

#include "analysis/interval.h"
#include "analysis/quantile.h"
#include "tests/check_main.h"

#include <math.h>
#include <stdint.h>

START_TEST(rank_is_ceil_of_n_p)
{
    ck_assert_uint_eq(quantile_rank(100, QUANTILE_P95), 95);
    ck_assert_uint_eq(quantile_rank(101, QUANTILE_P95), 96);
    ck_assert_uint_eq(quantile_rank(1, QUANTILE_P50), 1);
    ck_assert_uint_eq(quantile_rank(2, QUANTILE_P50), 1);
    ck_assert_uint_eq(quantile_rank(3, QUANTILE_P50), 2);
    ck_assert_uint_eq(quantile_rank(20, QUANTILE_P99), 20);
    ck_assert_uint_eq(quantile_rank(10, 0), 1);
    ck_assert_uint_eq(quantile_rank(10, QUANTILE_ONE), 10);
    /* 1e9 * 0.07 in floating point is 70000000.00000001, whose ceil is one too many. */
    ck_assert_uint_eq(quantile_rank(1000000000, 70000), 70000000);
}
END_TEST

/* The least value with at least n p of the values at or below it. */
static int64_t slow_quantile(const int64_t *values, size_t n, uint32_t p_ppm)
{
    int64_t best = INT64_MAX;
    for (size_t i = 0; i < n; i++) {
        size_t below = 0;
        for (size_t k = 0; k < n; k++)
            below += values[k] <= values[i];
        if (below * QUANTILE_ONE >= n * p_ppm && values[i] < best)
            best = values[i];
    }
    return best;
}

START_TEST(equals_the_definition_on_random_values)
{
    uint64_t state = 20250117;
    for (size_t n = 1; n <= 120; n++) {
        int64_t values[120], sorted[120];
        for (size_t i = 0; i < n; i++) {
            state = state * 6364136223846793005u + 1442695040888963407u;
            values[i] = sorted[i] = (int64_t)(state >> 33) % 50 - 10; /* ties, negative ones */
        }
        quantile_sort(sorted, n);
        for (uint32_t p_ppm = 5000; p_ppm <= QUANTILE_ONE; p_ppm += 5000)
            ck_assert_msg(quantile_of(sorted, n, p_ppm) == slow_quantile(values, n, p_ppm),
                          "seed 20250117, n %zu, p %u", n, p_ppm);
    }
}
END_TEST

START_TEST(share_counts_ties_as_below)
{
    const int64_t sorted[] = {1, 2, 2, 2, 5};
    ck_assert_double_eq(quantile_share(sorted, 5, 0), 0);
    ck_assert_double_eq(quantile_share(sorted, 5, 2), 0.8);
    ck_assert_double_eq(quantile_share(sorted, 5, 4), 0.8);
    ck_assert_double_eq(quantile_share(sorted, 5, 5), 1);
    ck_assert_double_eq(quantile_share(sorted, 0, 5), 0);
}
END_TEST

static const double known_a[] = {12.1, 11.4, 13.3, 12.8, 10.9, 12.0, 11.7, 13.9, 12.5, 11.2};

START_TEST(student_interval_has_the_known_half_width)
{
    struct interval at_95 = interval_of(known_a, 10, 0.95);
    struct interval at_999 = interval_of(known_a, 10, 0.999);
    ck_assert_uint_eq(at_95.n, 10);
    ck_assert_double_eq_tol(at_95.mean, 12.18, 1e-12);
    ck_assert_double_eq_tol(at_95.sd, 0.953123520, 1e-9);
    ck_assert_double_eq_tol(at_95.half_width, 0.681823492, 1e-9);
    ck_assert_double_eq_tol(at_999.half_width, 1.440986758, 1e-9);
}
END_TEST

START_TEST(one_value_has_no_interval)
{
    struct interval one = interval_of(known_a, 1, 0.95), none = interval_of(known_a, 0, 0.95);
    ck_assert_uint_eq(one.n, 1);
    ck_assert_double_eq(one.mean, 12.1);
    ck_assert(isnan(one.half_width) && isnan(one.sd));
    ck_assert_uint_eq(none.n, 0);
    ck_assert(isnan(none.mean));
}
END_TEST

START_TEST(missing_values_do_not_count)
{
    const double values[] = {1, NAN, 3};
    struct interval interval = interval_of(values, 3, 0.95);
    ck_assert_uint_eq(interval.n, 2);
    ck_assert_double_eq(interval.mean, 2);
}
END_TEST

START_TEST(a_rising_line_grows_and_a_flat_one_does_not)
{
    double x[20], rising[20], flat[20], falling[20];
    for (int i = 0; i < 20; i++) {
        x[i] = i;
        rising[i] = 10 + 2 * i + (i % 2 ? 1 : -1);
        falling[i] = 100 - 2 * i;
        flat[i] = 10 + (i * 7 % 5);
    }
    struct growth growth = interval_growth(x, rising, 20, 0.001, 1);
    ck_assert(growth.tested && growth.grows);
    ck_assert_double_eq_tol(growth.slope, 2, 0.05);
    ck_assert(!interval_growth(x, flat, 20, 0.001, 1).grows);
    ck_assert(!interval_growth(x, falling, 20, 0.001, 1).grows);
    ck_assert(!interval_growth(x, rising, 4, 0.001, 1).tested);
}
END_TEST

START_TEST(a_certain_but_tiny_rise_does_not_count_as_growth)
{
    double x[20], y[20];
    for (int i = 0; i < 20; i++) {
        x[i] = i;
        y[i] = 1000 + i; /* 2 % over the span */
    }
    ck_assert(!interval_growth(x, y, 20, 0.001, 1).grows);
    for (int i = 0; i < 20; i++)
        y[i] = 1000 + 15 * i; /* 285 of a mean of 1142 */
    ck_assert(!interval_growth(x, y, 20, 0.001, 1).grows);
    for (int i = 0; i < 20; i++)
        y[i] = 0.03 * i; /* more than half the mean, and less than one */
    ck_assert(!interval_growth(x, y, 20, 0.001, 1).grows);
    ck_assert(interval_growth(x, y, 20, 0.001, 0.5).grows);
}
END_TEST

/* Residuals that are orthogonal to a constant and to x: squares 8 on 8 degrees, sum of squares of x
 * 82.5, so the slope's error is 0.11009638. t(0.999, 8) is 4.5008 and t(0.999, 9) 4.2968. */
START_TEST(growth_is_tested_with_n_minus_2_degrees)
{
    static const double residuals[] = {1, -1, -1, 1, 0, 0, 1, -1, -1, 1};
    double x[10], y[10];
    for (int above = 0; above < 2; above++) {
        for (int i = 0; i < 10; i++) {
            x[i] = i;
            y[i] = 0.11009638 * (above ? 4.51 : 4.49) * i + residuals[i];
        }
        ck_assert(interval_growth(x, y, 10, 0.001, 1).grows == (above == 1));
    }
}
END_TEST

CHECK_MAIN("quantile", rank_is_ceil_of_n_p, equals_the_definition_on_random_values,
           share_counts_ties_as_below, student_interval_has_the_known_half_width,
           one_value_has_no_interval, missing_values_do_not_count,
           a_rising_line_grows_and_a_flat_one_does_not,
           a_certain_but_tiny_rise_does_not_count_as_growth,
           growth_is_tested_with_n_minus_2_degrees)
