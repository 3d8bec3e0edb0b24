/* The distribution of confirmation latency. One group: a line for each path. Two or three groups:
 * cross-shard and intra for each. More: cross-shard alone. */

#include "analysis/figure.h"
#include "analysis/interval.h"
#include "analysis/must.h"
#include "analysis/quantile.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { GRID = 400, MARKERS = 6 };

struct line {
    const struct group *group;
    enum run_class message_class;
    char *title;
    size_t index; /* in the data */
    size_t colour;
};

struct lines {
    struct line items[FIGURE_SERIES_MAX];
    size_t count;
};

static size_t messages_of(const struct group *group, enum run_class message_class)
{
    size_t count = 0;
    for (size_t r = 0; r < group->count; r++)
        count += group->runs[r]->latency[message_class].count;
    return count;
}

static const char *class_title(enum run_class message_class)
{
    switch (message_class) {
    case RUN_INTRA:
        return "intra-shard";
    case RUN_SLOW:
        return "slow path";
    case RUN_INSTANT:
        return "instant path";
    case RUN_CROSS:
        return "cross-shard";
    case RUN_ALL:
    case RUN_CLASSES:
        break;
    }
    return "all";
}

/* Picks the lines; false when there would be more than can be told apart. */
static bool choose_lines(const struct grouping *grouping, struct lines *ret_lines)
{
    static const enum run_class alone[] = {RUN_INTRA, RUN_SLOW, RUN_INSTANT};
    static const enum run_class pair[] = {RUN_CROSS, RUN_INTRA};
    const struct group *first = &grouping->groups[0];
    bool by_path =
        grouping->count == 1 && messages_of(first, RUN_SLOW) + messages_of(first, RUN_INSTANT) > 0;
    const enum run_class *classes = by_path ? alone : pair;
    size_t class_count = by_path ? 3 : grouping->count <= 3 ? 2 : 1;
    for (size_t c = 0; c < class_count; c++)
        for (size_t g = 0; g < grouping->count; g++) {
            const struct group *group = &grouping->groups[g];
            if (messages_of(group, classes[c]) == 0)
                continue;
            if (ret_lines->count == FIGURE_SERIES_MAX)
                return false;
            const char *title = class_title(classes[c]);
            size_t colour = grouping->count == 1 ? ret_lines->count : g;
            ret_lines->items[ret_lines->count++] = (struct line){
                .group = group,
                .message_class = classes[c],
                .colour = colour,
                .title = grouping->count == 1 ? must_copy(title)
                                              : must_print("%s, %s", group->label, title)};
        }
    return true;
}

/* All latencies of a group together, sorted: where the line has its points. */
static int64_t *pool_of(const struct group *group, enum run_class message_class, size_t *ret_count)
{
    size_t count = messages_of(group, message_class), at = 0;
    int64_t *pool = must_alloc(count * sizeof pool[0]);
    for (size_t r = 0; r < group->count; r++) {
        const struct run_latencies *latencies = &group->runs[r]->latency[message_class];
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
static struct interval share_at(const struct line *line, int64_t x, double level)
{
    const struct group *group = line->group;
    double *shares = must_alloc(group->count * sizeof shares[0]);
    for (size_t r = 0; r < group->count; r++) {
        const struct run_latencies *latencies = &group->runs[r]->latency[line->message_class];
        shares[r] = latencies->count > 0 ? quantile_share(latencies->ns, latencies->count, x) : NAN;
    }
    struct interval share = interval_of(shares, group->count, level);
    free(shares);
    return share;
}

static void write_line(struct figure *figure, struct line *line)
{
    size_t count = 0;
    int64_t *pool = pool_of(line->group, line->message_class, &count);
    size_t grid = count < GRID ? count : GRID;
    line->index = figure_series(figure);
    double before[3] = {0, 0, 0}; /* share, low, high */
    int64_t last_ns = -1;
    for (size_t i = 0; i <= grid; i++) {
        int64_t x_ns = pool[quantile_rank(count, (uint32_t)(i * QUANTILE_ONE / grid)) - 1];
        if (x_ns == last_ns)
            continue;
        last_ns = x_ns;
        struct interval share = share_at(line, x_ns, figure->level);
        double half = share.half_width; /* NAN for one run: no band */
        double after[3] = {share.mean, isnan(half) ? NAN : fmax(0, share.mean - half),
                           isnan(half) ? NAN : fmin(1, share.mean + half)};
        /* Few messages make steps that show, so both corners of each are points. */
        if (i == 0 || count <= GRID)
            figure_point(figure, line->title, (double)x_ns / 1e9, before, 3);
        figure_point(figure, line->title, (double)x_ns / 1e9, after, 3);
        memcpy(before, after, sizeof before);
    }
    free(pool);
}

/* The axis is logarithmic where the bulk of the latencies spans more than a factor of 50. */
static void choose_axis(struct figure *figure, const struct lines *lines, double *ret_max_s)
{
    int64_t least = INT64_MAX, most = 0;
    for (size_t i = 0; i < lines->count; i++) {
        size_t count = 0;
        int64_t *pool = pool_of(lines->items[i].group, lines->items[i].message_class, &count);
        int64_t low = pool[0], high = quantile_of(pool, count, 995000);
        least = low < least ? low : least;
        most = high > most ? high : most;
        free(pool);
    }
    figure->log_x = least > 0 && most / least > 50;
    *ret_max_s = (double)most / 1e9;
}

static void write_script(struct figure *figure, const struct lines *lines, double max_s)
{
    FILE *script = figure->script;
    fprintf(script, "    set xlabel \"Confirmation latency (s)\" offset 0,0.4\n"
                    "    set ylabel \"Share of messages\" offset 0.6,0\n"
                    "    set yrange [0:1.02]\n    set ytics 0.2 format \"%%.1f\"\n");
    if (figure->log_x)
        fprintf(script,
                "    set logscale x\n    set xtics format \"%%g\"\n    set mxtics 10\n"
                "    set xrange [:%.4g]\n",
                max_s * 1.2);
    else
        fprintf(script, "    set xrange [0:%.4g]\n", max_s * 1.03);
    fprintf(script, "    set key outside top center horizontal Left reverse maxcols %d\n",
            lines->count <= 3             ? 3
            : figure->grouping->count < 3 ? 2
                                          : 3);
    fprintf(script, "    plot \\\n");
    for (size_t i = 0; i < lines->count; i++)
        if (lines->items[i].group->count > 1)
            fprintf(script,
                    "        DATA index %zu using 2:4:5 with filledcurves fillcolor rgb \"%s\" "
                    "fillstyle transparent solid 0.2 noborder notitle, \\\n",
                    lines->items[i].index, figure_colour(lines->items[i].colour));
    for (size_t i = 0; i < lines->count; i++) {
        fprintf(script,
                "        DATA index %zu using 2:3 with linespoints linetype %zu linecolor rgb "
                "\"%s\" pointnumber %d title ",
                lines->items[i].index, i + 1, figure_colour(lines->items[i].colour), MARKERS);
        figure_quote(script, lines->items[i].title);
        fprintf(script, "%s\n", i + 1 < lines->count ? ", \\" : "");
    }
}

static void write_caption(struct figure *figure, const struct lines *lines)
{
    fprintf(figure->caption,
            "Confirmation latency, from the creation of a message to its delivery, as a cumulative "
            "distribution over the messages created after the warm-up and delivered before the "
            "end.");
    size_t least, most;
    figure_replications(figure, &least, &most);
    if (most > 1)
        fprintf(figure->caption,
                " A line is the mean of the replications' distributions, its band the pointwise "
                "%g %% Student interval.",
                figure->level * 100);
    fprintf(figure->caption, " Messages:");
    for (size_t i = 0; i < lines->count; i++)
        fprintf(figure->caption, "%s %s %zu", i > 0 ? ";" : "", lines->items[i].title,
                messages_of(lines->items[i].group, lines->items[i].message_class));
    fprintf(figure->caption, ". The axis ends near the 99.5th percentile. ");
    figure_caption_runs(figure);
}

enum figure_result figure_latency_cdf(struct figure *figure)
{
    struct lines lines = {0};
    enum figure_result result = FIGURE_DRAWN;
    if (!choose_lines(figure->grouping, &lines)) {
        result =
            figure_fail(figure, FIGURE_WRONG, "%zu groups make more than %d lines: name fewer runs",
                        figure->grouping->count, FIGURE_SERIES_MAX);
    } else if (lines.count == 0) {
        result = figure_fail(figure, FIGURE_NOTHING,
                             "no message was created after the warm-up and delivered");
    } else {
        double max_s = 0;
        figure->height_in = lines.count > 3 ? 2.5 : 2.3;
        fprintf(figure->data, "series\tlatency_s\tshare\tlow\thigh\n");
        choose_axis(figure, &lines, &max_s);
        for (size_t i = 0; i < lines.count; i++)
            write_line(figure, &lines.items[i]);
        write_script(figure, &lines, max_s);
        write_caption(figure, &lines);
        result = figure_check(figure, true, true);
    }
    for (size_t i = 0; i < lines.count; i++)
        free(lines.items[i].title);
    return result;
}
