#include "analysis/interval.h"

#include "analysis/must.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_fit.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdlib.h>

struct interval interval_of(const double *values, size_t count, double level)
{
    MUST(level > 0 && level < 1);
    struct interval result = {.n = 0, .mean = NAN, .sd = NAN, .half_width = NAN};
    double *kept = must_alloc(count * sizeof kept[0]);
    for (size_t i = 0; i < count; i++)
        if (!isnan(values[i]))
            kept[result.n++] = values[i];
    if (result.n > 0)
        result.mean = gsl_stats_mean(kept, 1, result.n);
    if (result.n > 1) {
        double n = (double)result.n;
        result.sd = gsl_stats_sd_m(kept, 1, result.n, result.mean);
        result.half_width = gsl_cdf_tdist_Pinv(0.5 + level / 2, n - 1) * result.sd / sqrt(n);
    }
    free(kept);
    return result;
}

struct growth interval_growth(const double *x, const double *y, size_t n, double alpha,
                              double rise_min)
{
    struct growth result = {.slope = NAN, .rise = NAN};
    if (n < INTERVAL_BATCHES_MIN)
        return result;
    double intercept, slope, c00, c01, c11, squares;
    gsl_fit_linear(x, 1, y, 1, n, &intercept, &slope, &c00, &c01, &c11, &squares);
    result.tested = true;
    result.slope = slope;
    result.rise = slope * (x[n - 1] - x[0]);
    double error = sqrt(c11); /* GSL scales c11 by the residual variance, n - 2 degrees */
    double limit = gsl_cdf_tdist_Qinv(alpha, (double)n - 2) * error;
    double mean = gsl_stats_mean(y, 1, n);
    result.grows =
        slope > limit && slope > 0 && result.rise >= rise_min && result.rise >= fabs(mean) / 2;
    return result;
}
