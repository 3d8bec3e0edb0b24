#ifndef ANALYSIS_FIGURE_CDF_H
#define ANALYSIS_FIGURE_CDF_H

/* Lines of a cumulative distribution: the share of things whose time is at most x. A line is the
 * mean over the replications of their own shares, with its interval as a band. */

#include "analysis/figure.h"
#include "analysis/interval.h"

struct cdf_line {
    const struct run_latencies **of; /* one a replication, ascending; the caller's */
    const size_t *out_of; /* one a replication: what the shares are of; NULL: of what has a time */
    size_t runs;
    const char *title; /* the caller's */
    size_t colour, look;
    size_t index; /* in the data; set by cdf_write */
};

enum { CDF_COLUMNS = 3, CDF_MARKERS = 6 }; /* share, low, high */

/* cdf_count is how many times a line has. */
size_t cdf_count(const struct cdf_line *line);

/* cdf_axis finds where the x axis ends, in seconds: near the 99.5th percentile of the line that
 * reaches farthest. Returns whether it is to be logarithmic: all times are above 0 and the bulk of
 * them spans more than a factor of 50. Each line has a time. */
bool cdf_axis(const struct cdf_line *lines, size_t count, double *ret_max_s);

/* cdf_write adds a line's series to the data and sets its index. A share that stays below 1, since
 * some things have no time, is drawn on to `end_s`. `before` is what stands in front of each
 * line's title, "" for nothing. */
void cdf_write(struct figure *figure, struct cdf_line *line, const char *before, double end_s);

/* cdf_plot writes the plot command: bands where there are replications, then the lines. The x
 * column is 2 + shift. */
void cdf_plot(const struct figure *figure, const struct cdf_line *lines, size_t count,
              size_t shift);

#endif
