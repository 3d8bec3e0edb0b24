#ifndef ANALYSIS_FIGURE_H
#define ANALYSIS_FIGURE_H

/* A figure being made: its data (.tsv), its gnuplot commands and its caption, each a text that
 * grows. A builder reads the groups of runs and fills the three; plot writes the files and runs
 * gnuplot.
 *
 * The data is one table: a head line, then the series, each preceded by two blank lines, so that
 * gnuplot finds series k as `index k` (from 1) while spreadsheets and pandas see one long table. */

#include "analysis/group.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum { FIGURE_SERIES_MAX = 6, FIGURE_ERROR_BYTES = 256 };

struct figure_style {
    const char *name; /* "ieee1" */
    double width_in;
    double scale; /* of the height: slides are less flat */
    int font_pt;
    double line; /* width of data lines, in gnuplot's units */
};

struct figure {
    /* What the builder gets. */
    const char *id;
    const struct grouping *grouping;
    const struct figure_style *style;
    double level; /* of the intervals */
    /* What it gives. */
    double height_in;
    FILE *data, *script, *caption;
    char error[FIGURE_ERROR_BYTES]; /* why there is no figure */
    /* The lint's. */
    size_t series, points;
    bool log_x;
};

/* A builder returns FIGURE_DRAWN; FIGURE_NOTHING when the runs hold nothing to draw; FIGURE_WRONG
 * when what they hold makes no readable figure. The latter two say why in figure->error.
 * FIGURE_FAILED is plot_figure's: a file could not be written, or gnuplot failed. */
enum figure_result { FIGURE_DRAWN, FIGURE_NOTHING, FIGURE_WRONG, FIGURE_FAILED };

struct figure_kind {
    const char *id, *summary;
    enum figure_result (*build)(struct figure *figure);
};
extern const struct figure_kind figure_kinds[]; /* NULL-id terminated; figure.c */

enum figure_result figure_latency_cdf(struct figure *figure);
enum figure_result figure_hops(struct figure *figure);
enum figure_result figure_path_cost(struct figure *figure);
enum figure_result figure_queue_time(struct figure *figure);
enum figure_result figure_fault_timeline(struct figure *figure);
enum figure_result figure_shards(struct figure *figure);
enum figure_result figure_spread_cdf(struct figure *figure);
enum figure_result figure_repair(struct figure *figure);
enum figure_result figure_fec_loss(struct figure *figure);
enum figure_result figure_throughput_shards(struct figure *figure);
enum figure_result figure_hops_shards(struct figure *figure);
enum figure_result figure_latency_load(struct figure *figure);
enum figure_result figure_latency_cross(struct figure *figure);

/* figure_fec_loss_set is the probability that at least 32 of 64 shreds arrive that each cross
 * `hops` hops, every one of which loses it with probability `loss`. */
double figure_fec_loss_set(double loss, unsigned hops);

extern const struct figure_style figure_styles[]; /* NULL-name terminated */

/* figure_series begins a series and returns its index for gnuplot; figure_point adds a line to it.
 * The first column is the series' name. On a logarithmic x axis, x must be above 0: otherwise the
 * figure is wrong, which figure_check finds. */
size_t figure_series(struct figure *figure);
void figure_point(struct figure *figure, const char *series, double x, const double *columns,
                  size_t count);

/* figure_check is the lint of the data: no more than FIGURE_SERIES_MAX series where `limited`, at
 * least two points in each series of a line, x above 0 on a logarithmic axis. */
enum figure_result figure_check(struct figure *figure, bool limited, bool lines);

/* figure_fail writes the reason and returns `result`. */
__attribute__((format(printf, 3, 4))) enum figure_result
figure_fail(struct figure *figure, enum figure_result result, const char *format, ...);

/* figure_end_s is when the last of the groups' first runs ends; so far reaches an axis of time. */
double figure_end_s(const struct group *groups, size_t count);

/* figure_windows draws the fault windows of the groups' first runs grey and ends their longest
 * warm-up with a dashed line; the x axis is simulated time in seconds. */
void figure_windows(const struct group *groups, size_t count, FILE *script);

/* figure_quote prints a text as a gnuplot string. */
void figure_quote(FILE *file, const char *text);

/* figure_quote_tic is figure_quote for the label of a tic, which gnuplot takes for a format. */
void figure_quote_tic(FILE *file, const char *text);

/* figure_colour is the colour of series `index` (from 0), "#0072B2": Okabe and Ito's, without their
 * yellow, which does not show on white. */
const char *figure_colour(size_t index);

/* figure_head writes what all scripts begin with: terminals, fonts, line types, axes; figure_tail
 * closes the loop over the formats. */
void figure_head(const struct figure *figure, const char *formats, FILE *file);
void figure_tail(FILE *file);

/* figure_caption_runs adds n, the runs with keys and result hashes, and the program's version. */
void figure_caption_runs(struct figure *figure);

/* figure_tic_step is the least 1, 2 or 5 times a power of ten that cuts 0..range into no more than
 * `intervals`. range > 0. */
double figure_tic_step(double range, int intervals);

/* figure_key_columns is how many columns (1 to 3) a key of titles of up to `letters` letters takes
 * in the width of the figure less its margins: gnuplot makes all columns as wide as the widest. */
size_t figure_key_columns(const struct figure *figure, size_t letters, double margins_em);

/* figure_key_pairs says whether two columns of titles of up to `letters` letters stand side by side
 * in the whole width of the figure. Only a key that is filled downwards, "vertical maxrows N", goes
 * beyond the width between the margins. */
bool figure_key_pairs(const struct figure *figure, size_t letters);

/* figure_replications is the least and greatest number of runs in a group. */
void figure_replications(const struct figure *figure, size_t *ret_least, size_t *ret_most);

#endif
