#include "analysis/quantile.h"

#include "analysis/must.h"

#include <stdlib.h>

size_t quantile_rank(size_t n, uint32_t p_ppm)
{
    MUST(n > 0);
    MUST(p_ppm <= QUANTILE_ONE);
    MUST(n < SIZE_MAX / QUANTILE_ONE);
    size_t rank = (n * p_ppm + QUANTILE_ONE - 1) / QUANTILE_ONE;
    return rank > 0 ? rank : 1;
}

static int compare_values(const void *left, const void *right)
{
    int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
    return (a > b) - (a < b);
}

void quantile_sort(int64_t *values, size_t n)
{
    if (n > 1)
        qsort(values, n, sizeof values[0], compare_values);
}

int64_t quantile_of(const int64_t *sorted, size_t n, uint32_t p_ppm)
{
    size_t rank = quantile_rank(n, p_ppm);
    MUST(rank <= n);
    return sorted[rank - 1];
}

double quantile_share(const int64_t *sorted, size_t n, int64_t x)
{
    if (n == 0)
        return 0;
    size_t low = 0, high = n; /* values before low are <= x, from high on > x */
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (sorted[middle] <= x)
            low = middle + 1;
        else
            high = middle;
    }
    return (double)low / (double)n;
}
