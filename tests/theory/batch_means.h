#ifndef TESTS_THEORY_BATCH_MEANS_H
#define TESTS_THEORY_BATCH_MEANS_H

/* The acceptance rule for a number from one stationary run: cut it into 32 batches, mean m and
 * standard deviation s of their means, hw = t(0.9995, 31) s / sqrt(32). A row passes if
 * |m - theta| <= hw, and hw <= r theta, so that a noisy run does not pass for nothing, and the
 * lag-1 correlation of the batch means is below 2 / sqrt(32). */

#include <stdbool.h>

enum { BATCHES = 32 };

struct batch_verdict {
    double mean, half_width, lag1;
    bool near, sharp, independent;
};

/* batch_judge applies the rule to the means of 32 batches. */
struct batch_verdict batch_judge(const double means[BATCHES], double theta, double relative);

/* batch_row judges and writes a row of the table; the tolerance printed is hw. */
bool batch_row(const char *name, const double means[BATCHES], double theta, double relative);

/* batch_row_must_fail writes a row that passes only if the rule rejects theta by its distance. */
bool batch_row_must_fail(const char *name, const double means[BATCHES], double theta,
                         double relative);

#endif
