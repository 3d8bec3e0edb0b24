#ifndef ANALYSIS_INTERVAL_H
#define ANALYSIS_INTERVAL_H

/* Mean and Student interval over independent replications, and the test whether a series grows.
 * The interval is mean +- t(1 - a/2, n - 1) s / sqrt(n); there is none for n < 2. It is only ever
 * made from one number a replication, never from the autocorrelated values within a run. */

#include <stdbool.h>
#include <stddef.h>

struct interval {
    size_t n;          /* values that were not NAN */
    double mean;       /* NAN when n = 0 */
    double sd;         /* NAN when n < 2 */
    double half_width; /* NAN when n < 2 */
};

/* interval_of summarises the values that are not NAN. 0 < level < 1. */
struct interval interval_of(const double *values, size_t count, double level);

struct growth {
    bool tested; /* false: fewer than INTERVAL_BATCHES_MIN batches */
    bool grows;
    double slope; /* of y a unit of x; NAN when not tested */
    double rise;  /* slope times the span of x */
};

enum { INTERVAL_BATCHES_MIN = 5 };

/* interval_growth fits a line through n points by least squares. The series grows when the slope is
 * above 0 at the one-sided level `alpha` (Student, n - 2) and the line rises over the span by at
 * least `rise_min` and by half the mean: a slope may be certain and yet not matter. The
 * points must be batch means, so that their errors are nearly independent. */
struct growth interval_growth(const double *x, const double *y, size_t n, double alpha,
                              double rise_min);

#endif
