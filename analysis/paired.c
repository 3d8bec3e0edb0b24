#include "analysis/paired.h"

#include "analysis/must.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdlib.h>

struct ranked {
    double size;
    int negative;
    size_t twice_rank; /* mid-ranks are halves: twice a rank is whole */
};

static int by_size(const void *a, const void *b)
{
    double left = ((const struct ranked *)a)->size, right = ((const struct ranked *)b)->size;
    return left < right ? -1 : left > right;
}

/* Gives mid-ranks to n sorted items; returns the sum of t^3 - t over ties. */
static double give_ranks(struct ranked *items, size_t n)
{
    double ties = 0;
    for (size_t first = 0; first < n;) {
        size_t after = first;
        while (after < n && items[after].size <= items[first].size)
            after++;
        for (size_t i = first; i < after; i++)
            items[i].twice_rank = first + 1 + after;
        double tied = (double)(after - first);
        ties += tied * tied * tied - tied;
        first = after;
    }
    return ties;
}

/* P(2W <= twice_w), every sign as likely as the other: counts the subsets by their sum of ranks. */
static double exact_below(const struct ranked *items, size_t n, size_t twice_w)
{
    size_t most = n * (n + 1);
    double *ways = must_alloc((most + 1) * sizeof *ways);
    ways[0] = 1;
    for (size_t i = 0; i < n; i++)
        for (size_t sum = most; sum >= items[i].twice_rank; sum--)
            ways[sum] += ways[sum - items[i].twice_rank];
    double below = 0;
    for (size_t sum = 0; sum <= twice_w && sum <= most; sum++)
        below += ways[sum];
    free(ways);
    return below / pow(2, (double)n);
}

double paired_wilcoxon(const double *differences, size_t n, double *ret_w)
{
    struct ranked *items = must_alloc((n + 1) * sizeof *items);
    size_t count = 0, twice_w = 0;
    for (size_t i = 0; i < n; i++)
        if (differences[i] < 0 || differences[i] > 0)
            items[count++] = (struct ranked){fabs(differences[i]), differences[i] < 0, 0};
    qsort(items, count, sizeof *items, by_size);
    double ties = give_ranks(items, count);
    for (size_t i = 0; i < count; i++)
        twice_w += items[i].negative ? items[i].twice_rank : 0;
    size_t most = count * (count + 1);
    size_t twice_lesser = twice_w * 2 <= most ? twice_w : most - twice_w;
    double p = NAN, m = (double)count;
    if (count > 0 && count <= PAIRED_EXACT_MAX) {
        p = 2 * exact_below(items, count, twice_lesser);
    } else if (count > 0) {
        double sigma = sqrt(m * (m + 1) * (2 * m + 1) / 24 - ties / 48);
        double distance = m * (m + 1) / 4 - (double)twice_lesser / 2 - 0.5;
        p = 2 * gsl_cdf_ugaussian_Q(distance > 0 ? distance / sigma : 0);
    }
    free(items);
    *ret_w = (double)twice_w / 2;
    return p > 1 ? 1 : p;
}

/* Jackknife of the ratio of sums: n pseudo-values, then Student. */
static void ratio_of(const double *a, const double *b, size_t n, double quantile,
                     struct paired *result)
{
    double sum_a = 0, sum_b = 0, sum = 0, squares = 0;
    for (size_t i = 0; i < n; i++) {
        sum_a += a[i];
        sum_b += b[i];
    }
    result->ratio = result->ratio_half_width = NAN;
    if (!(sum_a < 0 || sum_a > 0))
        return;
    double whole = sum_b / sum_a;
    result->ratio = whole;
    if (n < 2)
        return;
    double count = (double)n;
    double *pseudo = must_alloc(n * sizeof *pseudo);
    for (size_t i = 0; i < n; i++) {
        pseudo[i] = count * whole - (count - 1) * (sum_b - b[i]) / (sum_a - a[i]);
        sum += pseudo[i];
    }
    for (size_t i = 0; i < n; i++)
        squares += (pseudo[i] - sum / count) * (pseudo[i] - sum / count);
    result->ratio_half_width = quantile * sqrt(squares / (count - 1) / count);
    free(pseudo);
}

static void spread_of(const double *a, const double *b, const double *differences, size_t n,
                      double quantile, struct paired *result)
{
    double sd = gsl_stats_sd(differences, 1, n), count = (double)n;
    double variance_a = gsl_stats_variance(a, 1, n), variance_b = gsl_stats_variance(b, 1, n);
    result->difference_sd = sd;
    result->difference_half_width = quantile * sd / sqrt(count);
    if (sd > 0) {
        result->t = result->difference / (sd / sqrt(count));
        result->t_p = 2 * gsl_cdf_tdist_Q(fabs(result->t), count - 1);
    }
    if (variance_a > 0 && variance_b > 0) {
        result->correlation = gsl_stats_correlation(a, 1, b, 1, n);
        result->variance_reduction = 1 - sd * sd / (variance_a + variance_b);
    }
    result->wilcoxon_p = paired_wilcoxon(differences, n, &result->wilcoxon_w);
}

struct paired paired_of(const double *a, const double *b, size_t n, double level)
{
    struct paired result = {.difference_sd = NAN,
                            .difference_half_width = NAN,
                            .t = NAN,
                            .t_p = NAN,
                            .wilcoxon_w = NAN,
                            .wilcoxon_p = NAN,
                            .correlation = NAN,
                            .variance_reduction = NAN};
    double *left = must_alloc((n + 1) * sizeof *left), *right = must_alloc((n + 1) * sizeof *right);
    double *differences = must_alloc((n + 1) * sizeof *differences);
    size_t count = 0;
    for (size_t i = 0; i < n; i++)
        if (!isnan(a[i]) && !isnan(b[i])) {
            left[count] = a[i];
            right[count] = b[i];
            differences[count++] = b[i] - a[i];
        }
    result.n = count;
    result.mean_a = count ? gsl_stats_mean(left, 1, count) : NAN;
    result.mean_b = count ? gsl_stats_mean(right, 1, count) : NAN;
    result.difference = count ? gsl_stats_mean(differences, 1, count) : NAN;
    double quantile = count > 1 ? gsl_cdf_tdist_Pinv(0.5 + level / 2, (double)count - 1) : NAN;
    ratio_of(left, right, count, quantile, &result);
    if (count > 1)
        spread_of(left, right, differences, count, quantile, &result);
    free(left);
    free(right);
    free(differences);
    return result;
}
