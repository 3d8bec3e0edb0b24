/* The distribution of confirmation latency. One group: a line for each path. Two or three groups:
 * cross-shard and intra for each. More: cross-shard alone. */

#include "analysis/figure_cdf.h"
#include "analysis/must.h"

#include <stdlib.h>

struct line {
    const struct group *group;
    enum run_class message_class;
    char *title;
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

/* The latencies of a line, one a replication; items[i] of the plot is lines->items[i]. */
static void make_plot(const struct lines *lines, struct cdf_line ret_items[FIGURE_SERIES_MAX])
{
    for (size_t i = 0; i < lines->count; i++) {
        const struct line *line = &lines->items[i];
        size_t runs = line->group->count;
        const struct run_latencies **of = must_alloc(runs * sizeof of[0]);
        for (size_t r = 0; r < runs; r++)
            of[r] = &line->group->runs[r]->latency[line->message_class];
        ret_items[i] = (struct cdf_line){
            .of = of, .runs = runs, .title = line->title, .colour = line->colour, .look = i};
    }
}

static void write_script(struct figure *figure, const struct cdf_line *lines, size_t count,
                         double max_s)
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
            count <= 3                    ? 3
            : figure->grouping->count < 3 ? 2
                                          : 3);
    cdf_plot(figure, lines, count, 0);
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
        struct cdf_line items[FIGURE_SERIES_MAX];
        figure->height_in = lines.count > 3 ? 2.5 : 2.3;
        fprintf(figure->data, "series\tlatency_s\tshare\tlow\thigh\n");
        make_plot(&lines, items);
        struct cdf_axis axis = cdf_axis_of(items, lines.count);
        figure->log_x = axis.logarithmic;
        for (size_t i = 0; i < lines.count; i++)
            cdf_write(figure, &items[i], "", 0);
        write_script(figure, items, lines.count, axis.max_s);
        for (size_t i = 0; i < lines.count; i++)
            free(items[i].of);
        write_caption(figure, &lines);
        result = figure_check(figure, true, true);
    }
    for (size_t i = 0; i < lines.count; i++)
        free(lines.items[i].title);
    return result;
}
