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

/* The x axis, in seconds: from near the 0.5th percentile of the line that begins first to near the
 * 99.5th of the one that reaches farthest. It is to be logarithmic where all times are above 0 and
 * the bulk of them spans more than a factor of 50. */
struct cdf_axis {
    double min_s, max_s;
    bool logarithmic;
};

/* cdf_axis_of chooses it for lines that each have a time. */
struct cdf_axis cdf_axis_of(const struct cdf_line *lines, size_t count);

/* cdf_axis_print writes its range and tics; cdf_axis_end is where lines may end. */
void cdf_axis_print(const struct cdf_axis *axis, FILE *script);
double cdf_axis_end(const struct cdf_axis *axis);

/* cdf_write adds a line's series to the data and sets its index. The line is drawn on to `end_s`
 * where it ends before (0: it is not), which shows shares that stay below 1, and times that are all
 * the same. `before` is what stands in front of each title in the data, "" for nothing. */
void cdf_write(struct figure *figure, struct cdf_line *line, const char *before, double end_s);

/* cdf_plot writes the plot command: bands where there are replications, then the lines. The x
 * column is 2 + shift. */
void cdf_plot(const struct figure *figure, const struct cdf_line *lines, size_t count,
              size_t shift);

#endif
