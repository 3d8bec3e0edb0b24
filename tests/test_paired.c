/* Goal: paired statistics are right. Method: the known answers that SciPy gives for ten pairs, the
 * exact signed-rank distribution against a count over all 2^n signs, and edge cases. */

#include "analysis/paired.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include "tests/check_main.h"

/* ck_assert_double_nan and its kin come from math.h; tolerance is of printed digits. */
static const double a[] = {12.1, 11.4, 13.3, 12.8, 10.9, 12.0, 11.7, 13.9, 12.5, 11.2};
static const double b[] = {11.0, 10.8, 12.1, 12.3, 10.1, 11.5, 10.9, 12.7, 11.9, 10.4};

START_TEST(known_answers_of_ten_pairs)
{
    struct paired result = paired_of(b, a, 10, 0.95); /* differences A - B */
    ck_assert_uint_eq(result.n, 10);
    ck_assert_double_eq_tol(result.mean_b, 12.18, 1e-9);
    ck_assert_double_eq_tol(result.mean_a, 11.37, 1e-9);
    ck_assert_double_eq_tol(result.difference, 0.81, 1e-9);
    ck_assert_double_eq_tol(result.difference_sd, 0.272641401, 1e-9);
    ck_assert_double_eq_tol(result.difference_half_width, 0.195035909, 1e-9);
    ck_assert_double_eq_tol(result.t, 9.394922777, 1e-8);
    ck_assert_double_eq_tol(result.t_p, 6.000768e-6, 1e-11);
    ck_assert_double_eq_tol(result.correlation, 0.959760125, 1e-9);
    ck_assert_double_eq_tol(result.wilcoxon_w, 0, 1e-12);
    ck_assert_double_eq_tol(result.wilcoxon_p, 0.001953125, 1e-12);
    ck_assert_double_eq_tol(paired_of(b, a, 10, 0.999).difference_half_width, 0.412194894, 1e-9);
}
END_TEST

/* The slow, obvious way: every one of the 2^n assignments of signs. */
static double count_signs(const double *sizes, size_t n, double w)
{
    double lesser = 0, total = (double)(UINT64_C(1) << n), rank[16], most = 0;
    for (size_t i = 0; i < n; i++) {
        double below = 0, equal = 0;
        for (size_t j = 0; j < n; j++) {
            below += sizes[j] < sizes[i];
            equal += fabs(sizes[j] - sizes[i]) < 1e-12;
        }
        rank[i] = below + (equal + 1) / 2;
        most += rank[i];
    }
    double bound = w <= most - w ? w : most - w;
    for (uint64_t signs = 0; signs < UINT64_C(1) << n; signs++) {
        double sum = 0;
        for (size_t i = 0; i < n; i++)
            sum += signs >> i & 1 ? rank[i] : 0;
        lesser += sum <= bound + 1e-9;
    }
    double p = 2 * lesser / total;
    return p > 1 ? 1 : p;
}

START_TEST(signed_ranks_are_exact_with_ties)
{
    unsigned seed = 7;
    for (int round = 0; round < 300; round++) {
        double differences[12], sizes[12], w;
        size_t n = 1 + (size_t)(rand_r(&seed) % 12);
        for (size_t i = 0; i < n; i++) {
            sizes[i] = 1 + rand_r(&seed) % 6;
            differences[i] = rand_r(&seed) % 2 ? sizes[i] : -sizes[i];
        }
        double p = paired_wilcoxon(differences, n, &w);
        ck_assert_msg(fabs(p - count_signs(sizes, n, w)) < 1e-9, "round %d: %g", round, p);
    }
}
END_TEST

START_TEST(normal_and_exact_agree_at_the_seam)
{
    double differences[51], w;
    for (size_t i = 0; i < 51; i++)
        differences[i] = (i % 3 ? 1 : -1) * (double)(i + 1);
    double beyond = paired_wilcoxon(differences, 51, &w);
    double exact = paired_wilcoxon(differences, 50, &w);
    ck_assert_double_eq_tol(beyond, exact, 0.02);
}
END_TEST

/* 60 differences of the sizes 1 to 4: sigma squared is m (m + 1) (2m + 1) / 24 less the sum of
 * t^3 - t over 48, so z = (915 - 610 - 0.5) / 134.80... */
START_TEST(the_normal_form_takes_ties_off_the_variance)
{
    double differences[60], w;
    for (int i = 0; i < 60; i++)
        differences[i] = (i % 3 ? 1 : -1) * (i % 4 + 1);
    ck_assert_double_eq_tol(paired_wilcoxon(differences, 60, &w), 0.0238951232115, 1e-12);
    ck_assert_double_eq(w, 610);
}
END_TEST

/* Every assignment of signs, with ties and a zero, against the count by ranks. */
START_TEST(exact_p_is_the_share_of_all_signs_that_are_as_extreme)
{
    static const double sizes[] = {1, 2, 2, 0, 3, 5, 5, 5};
    static const double ranks[] = {1, 2.5, 2.5, 0, 4, 6, 6, 6};
    for (unsigned signs = 0; signs < 256; signs++) {
        double differences[8], w, negative = 0;
        for (unsigned i = 0; i < 8; i++) {
            differences[i] = signs >> i & 1 ? -sizes[i] : sizes[i];
            negative += signs >> i & 1 ? ranks[i] : 0;
        }
        unsigned extreme = 0;
        for (unsigned other = 0; other < 256; other++) {
            double sum = 0;
            for (unsigned i = 0; i < 8; i++)
                sum += other >> i & 1 ? ranks[i] : 0;
            extreme += fabs(sum - 14) >= fabs(negative - 14) - 1e-9;
        }
        double p = paired_wilcoxon(differences, 8, &w);
        ck_assert_double_eq_tol(w, negative, 1e-12);
        ck_assert_double_eq_tol(p, (double)extreme / 256, 1e-12);
    }
}
END_TEST

START_TEST(ratio_is_of_means_and_has_an_interval)
{
    double twice[10];
    for (size_t i = 0; i < 10; i++)
        twice[i] = 2 * a[i];
    struct paired result = paired_of(a, twice, 10, 0.95);
    ck_assert_double_eq_tol(result.ratio, 2, 1e-12);
    ck_assert_double_eq_tol(result.ratio_half_width, 0, 1e-9);
    /* n theta - (n - 1) theta without i, and Student over the ten of them. */
    result = paired_of(a, b, 10, 0.95);
    ck_assert_double_eq_tol(result.ratio, 0.933497536945813, 1e-12);
    ck_assert_double_eq_tol(result.ratio_half_width, 0.0147526288708375, 1e-12);
}
END_TEST

START_TEST(few_pairs_give_no_interval)
{
    const double nan_pair[] = {NAN, 3};
    struct paired one = paired_of(nan_pair, a, 2, 0.95);
    ck_assert_uint_eq(one.n, 1);
    ck_assert(isnan(one.difference_half_width) && isnan(one.wilcoxon_p));
    ck_assert_double_eq_tol(one.difference, 11.4 - 3, 1e-12);
    ck_assert(isnan(paired_of(a, b, 0, 0.95).difference));
    struct paired equal = paired_of(a, a, 10, 0.95);
    ck_assert(isnan(equal.wilcoxon_p) && isnan(equal.t));
    ck_assert_double_eq_tol(equal.difference_half_width, 0, 1e-12);
}
END_TEST

CHECK_MAIN("paired", known_answers_of_ten_pairs, signed_ranks_are_exact_with_ties,
           normal_and_exact_agree_at_the_seam, the_normal_form_takes_ties_off_the_variance,
           exact_p_is_the_share_of_all_signs_that_are_as_extreme,
           ratio_is_of_means_and_has_an_interval, few_pairs_give_no_interval)
