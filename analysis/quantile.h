#ifndef ANALYSIS_QUANTILE_H
#define ANALYSIS_QUANTILE_H

/* The one quantile of shardsim: the order statistic X_(ceil(n p)) of the sorted values, counted
 * from
 * 1. No interpolation, so a quantile is always a value that occurred. p is an integer in
 * millionths, because ceil of a floating-point product is off by one where n p is whole. */

#include <stddef.h>
#include <stdint.h>

enum {
    QUANTILE_P50 = 500000,
    QUANTILE_P95 = 950000,
    QUANTILE_P99 = 990000,
    QUANTILE_ONE = 1000000
};

/* quantile_rank is ceil(n p), at least 1. n > 0, p_ppm <= QUANTILE_ONE. */
size_t quantile_rank(size_t n, uint32_t p_ppm);

/* quantile_sort sorts in place, ascending. */
void quantile_sort(int64_t *values, size_t n);

/* quantile_of is X_(ceil(n p)) of n > 0 ascending values. O(1). */
int64_t quantile_of(const int64_t *sorted, size_t n, uint32_t p_ppm);

/* quantile_share is the share of n ascending values that are <= x; 0 when n is 0. O(log n). */
double quantile_share(const int64_t *sorted, size_t n, int64_t x);

#endif
