#ifndef ANALYSIS_PAIRED_H
#define ANALYSIS_PAIRED_H

/* Two systems measured under the same random numbers: statistics of the differences, pair by pair.
 * Pairs with a value that is NAN are left out. Sources: Student's paired interval; the ratio of
 * means by the jackknife; Wilcoxon's signed-rank test, exact (by counting, ties as mid-ranks, zero
 * differences dropped) up to PAIRED_EXACT_MAX pairs, normal with tie correction and continuity
 * beyond. */

#include <stddef.h>

enum { PAIRED_EXACT_MAX = 50 };

struct paired {
    size_t n;                       /* pairs that have both values */
    double mean_a, mean_b;          /* NAN when n = 0 */
    double difference;              /* mean of b - a */
    double difference_sd;           /* NAN when n < 2 */
    double difference_half_width;   /* NAN when n < 2 */
    double t, t_p;                  /* two-sided; NAN when n < 2 or every difference is equal */
    double ratio, ratio_half_width; /* mean b / mean a; NAN when mean a is 0 */
    double wilcoxon_w, wilcoxon_p;  /* W-, two-sided p; NAN when n < 2 or all differences are 0 */
    double correlation;             /* of a and b; NAN when n < 2 or one of them is constant */
    double variance_reduction;      /* 1 - var(b - a) / (var a + var b); NAN likewise */
};

/* paired_of compares n pairs at confidence `level`, 0 < level < 1. O(n^3) for the exact test. */
struct paired paired_of(const double *a, const double *b, size_t n, double level);

/* paired_wilcoxon returns the two-sided p of the signed ranks of n differences and W- (the sum of
 * the ranks of negative ones) in *ret_w; NAN when fewer than 1 is not zero. */
double paired_wilcoxon(const double *differences, size_t n, double *ret_w);

#endif
