#include "tests/theory/batch_means.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdio.h>

#include "tests/theory/theory_table.h"

struct batch_verdict batch_judge(const double means[BATCHES], double theta, double relative)
{
    struct batch_verdict verdict = {.mean = gsl_stats_mean(means, 1, BATCHES)};
    double sd = gsl_stats_sd_m(means, 1, BATCHES, verdict.mean);
    verdict.half_width = gsl_cdf_tdist_Pinv(0.9995, BATCHES - 1) * sd / sqrt(BATCHES);
    verdict.lag1 = gsl_stats_lag1_autocorrelation_m(means, 1, BATCHES, verdict.mean);
    verdict.near = fabs(verdict.mean - theta) <= verdict.half_width;
    verdict.sharp = verdict.half_width <= relative * fabs(theta);
    verdict.independent = fabs(verdict.lag1) < 2.0 / sqrt(BATCHES);
    return verdict;
}

bool batch_row(const char *name, const double means[BATCHES], double theta, double relative)
{
    struct batch_verdict verdict = batch_judge(means, theta, relative);
    bool ok = verdict.near && verdict.sharp && verdict.independent;
    char text[160], tolerance[32];
    snprintf(text, sizeof text, "%s%s%s (lag-1 %.2f)", name, verdict.sharp ? "" : " TOO NOISY",
             verdict.independent ? "" : " BATCHES DEPEND", verdict.lag1);
    snprintf(tolerance, sizeof tolerance, "%.3g", verdict.half_width);
    theory_row(text, verdict.mean, theta, tolerance, ok);
    return ok;
}

bool batch_row_must_fail(const char *name, const double means[BATCHES], double theta,
                         double relative)
{
    struct batch_verdict verdict = batch_judge(means, theta, relative);
    char text[160], tolerance[32];
    snprintf(text, sizeof text, "%s must be rejected", name);
    snprintf(tolerance, sizeof tolerance, "%.3g", verdict.half_width);
    theory_row(text, verdict.mean, theta, tolerance, !verdict.near);
    return !verdict.near;
}
