#ifndef TESTS_THEORY_THEORY_TABLE_H
#define TESTS_THEORY_THEORY_TABLE_H

/* A table of theory against simulation: each row is a name, the measured value, the expected one,
 * the tolerance and the verdict. A test begins with theory_begin(), writes rows, and ends with
 * theory_end(), which fails the test if any row did; so one bad row hides no other.
 * Also the main() of these suites: without an argument the fast rows run, with `nightly` the long
 * ones. */

#include <check.h>
#include <stdbool.h>
#include <stdint.h>

#include "sim/exact.h"

/* theory_begin prints the title and the head of the columns. */
void theory_begin(const char *title);

/* theory_exact: integers that must be equal. Each returns its verdict. The name is a format. */
__attribute__((format(printf, 3, 4))) bool theory_exact(uint128 measured, uint128 expected,
                                                        const char *format, ...);

/* theory_at_most: an integer that may not exceed a bound. */
__attribute__((format(printf, 3, 4))) bool theory_at_most(uint64_t measured, uint64_t bound,
                                                          const char *format, ...);

/* theory_near: |measured - expected| <= tolerance, all finite. */
__attribute__((format(printf, 4, 5))) bool theory_near(double measured, double expected,
                                                       double tolerance, const char *format, ...);

/* theory_row prints a row whose verdict the caller has reached; `tolerance` is text. */
void theory_row(const char *name, double measured, double expected, const char *tolerance, bool ok);

/* theory_fraction: a count out of n independent trials of probability p. Within 3.290527 standard
 * deviations of the binomial, or, where n * p < 50, between its exact tails of 0.0005. */
__attribute__((format(printf, 4, 5))) bool theory_fraction(uint64_t count, uint64_t n, double p,
                                                           const char *format, ...);

/* theory_end fails the running test if one of its rows failed. */
void theory_end(void);

/* theory_main runs one of two NULL-terminated lists and returns the exit code. */
int theory_main(const char *suite, int argument_count, char **arguments, const TTest *const *fast,
                const TTest *const *nightly);

#endif
