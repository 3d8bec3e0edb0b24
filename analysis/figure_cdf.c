#include "analysis/figure_cdf.h"

#include "analysis/must.h"
#include "analysis/quantile.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { GRID = 400 };

size_t cdf_count(const struct cdf_line *line)
{
    size_t count = 0;
    for (size_t r = 0; r < line->runs; r++)
        count += line->of[r]->count;
    return count;
}

/* All times of a line together, sorted: where it has its points. */
static int64_t *pool_of(const struct cdf_line *line, size_t *ret_count)
{
    size_t count = cdf_count(line), at = 0;
    int64_t *pool = must_alloc(count * sizeof pool[0]);
    for (size_t r = 0; r < line->runs; r++) {
        const struct run_latencies *latencies = line->of[r];
        if (latencies->count > 0)
            memcpy(pool + at, latencies->ns, latencies->count * sizeof pool[0]);
        at += latencies->count;
    }
    MUST(at == count);
    quantile_sort(pool, count);
    *ret_count = count;
    return pool;
}

/* The share at x: the mean over the replications of their own shares, with its interval. */
static struct interval share_at(const struct cdf_line *line, int64_t x, double level)
{
    double *shares = must_alloc(line->runs * sizeof shares[0]);
    for (size_t r = 0; r < line->runs; r++) {
        const struct run_latencies *latencies = line->of[r];
        size_t out_of = line->out_of != NULL ? line->out_of[r] : latencies->count;
        MUST(out_of >= latencies->count);
        shares[r] = out_of == 0            ? NAN
                    : latencies->count > 0 ? quantile_share(latencies->ns, latencies->count, x) *
                                                 (double)latencies->count / (double)out_of
                                           : 0;
    }
    struct interval share = interval_of(shares, line->runs, level);
    free(shares);
    return share;
}

static void write_point(struct figure *figure, const struct cdf_line *line, const char *before,
                        double x_s, const double columns[CDF_COLUMNS])
{
    fputs(before, figure->data);
    figure_point(figure, line->title, x_s, columns, CDF_COLUMNS);
}

void cdf_write(struct figure *figure, struct cdf_line *line, const char *before, double end_s)
{
    size_t count = 0;
    int64_t *pool = pool_of(line, &count);
    size_t grid = count < GRID ? count : GRID;
    line->index = figure_series(figure);
    double last[CDF_COLUMNS] = {0, 0, 0};
    int64_t last_ns = -1;
    for (size_t i = 0; i <= grid; i++) {
        int64_t x_ns = pool[quantile_rank(count, (uint32_t)(i * QUANTILE_ONE / grid)) - 1];
        if (x_ns == last_ns)
            continue;
        last_ns = x_ns;
        struct interval share = share_at(line, x_ns, figure->level);
        double half = share.half_width; /* NAN for one run: no band */
        double next[CDF_COLUMNS] = {share.mean, isnan(half) ? NAN : fmax(0, share.mean - half),
                                    isnan(half) ? NAN : fmin(1, share.mean + half)};
        /* Few times make steps that show, so both corners of each are points. */
        if (i == 0 || count <= GRID)
            write_point(figure, line, before, (double)x_ns / 1e9, last);
        write_point(figure, line, before, (double)x_ns / 1e9, next);
        memcpy(last, next, sizeof last);
    }
    if ((double)last_ns / 1e9 < end_s)
        write_point(figure, line, before, end_s, last);
    free(pool);
}

struct cdf_axis cdf_axis_of(const struct cdf_line *lines, size_t count)
{
    int64_t least = INT64_MAX, from = INT64_MAX, most = 0;
    for (size_t i = 0; i < count; i++) {
        size_t times = 0;
        int64_t *pool = pool_of(&lines[i], &times);
        MUST(times > 0);
        int64_t low = quantile_of(pool, times, 5000), high = quantile_of(pool, times, 995000);
        least = pool[0] < least ? pool[0] : least;
        from = low < from ? low : from;
        most = high > most ? high : most;
        free(pool);
    }
    return (struct cdf_axis){.min_s = (double)from / 1e9,
                             .max_s = (double)most / 1e9,
                             .logarithmic = least > 0 && most / least > 50};
}

double cdf_axis_end(const struct cdf_axis *axis)
{
    return axis->logarithmic ? axis->max_s * 1.2 : axis->max_s > 0 ? axis->max_s * 1.03 : 1;
}

void cdf_axis_print(const struct cdf_axis *axis, FILE *script)
{
    if (axis->logarithmic)
        fprintf(script,
                "    set logscale x\n    set xtics format \"%%g\" autofreq\n    set mxtics 10\n"
                "    set xrange [%.4g:%.4g]\n",
                axis->min_s / 1.2, cdf_axis_end(axis));
    else
        fprintf(script, "    set xtics format \"%%g\" %.6g\n    set xrange [0:%.4g]\n",
                figure_tic_step(cdf_axis_end(axis), 6), cdf_axis_end(axis));
}

void cdf_plot(const struct figure *figure, const struct cdf_line *lines, size_t count, size_t shift)
{
    FILE *script = figure->script;
    fprintf(script, "    plot \\\n");
    for (size_t i = 0; i < count; i++)
        if (lines[i].runs > 1)
            fprintf(script,
                    "        DATA index %zu using %zu:%zu:%zu with filledcurves fillcolor rgb "
                    "\"%s\" fillstyle transparent solid 0.2 noborder notitle, \\\n",
                    lines[i].index, shift + 2, shift + 4, shift + 5,
                    figure_colour(lines[i].colour));
    for (size_t i = 0; i < count; i++) {
        fprintf(script,
                "        DATA index %zu using %zu:%zu with linespoints linetype %zu linecolor rgb "
                "\"%s\" pointnumber %d title ",
                lines[i].index, shift + 2, shift + 3, lines[i].look + 1,
                figure_colour(lines[i].colour), CDF_MARKERS);
        figure_quote(script, lines[i].title);
        fprintf(script, "%s\n", i + 1 < count ? ", \\" : "");
    }
}
