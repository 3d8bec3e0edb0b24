/* How long blocks take to reach the validators of their chain: for each block the time from when it
 * was made until validators with 50, 90 or 99 % of the stake have it whole, as a distribution over
 * blocks. One or two groups: a line for each share; three: 50 and 99 %; four to six: 90 %. A block
 * that never got so far has no time, so its line ends below 1. */

#include "analysis/figure_cdf.h"
#include "analysis/must.h"

#include <stdlib.h>

struct lines {
    struct cdf_line items[FIGURE_SERIES_MAX];
    char *titles[FIGURE_SERIES_MAX];
    size_t count;
};

static const char *const shares[RUN_REACHES] = {"50 %", "90 %", "99 %"};

/* Blocks that count: those that got as far as the least share, or farther. */
static size_t blocks_of(const struct run_data *run)
{
    size_t blocks = 0;
    for (size_t i = 0; i < RUN_REACHES; i++)
        blocks = run->spread.reached[i].count > blocks ? run->spread.reached[i].count : blocks;
    return blocks;
}

static bool any_blocks(const struct grouping *grouping)
{
    for (size_t g = 0; g < grouping->count; g++)
        for (size_t r = 0; r < grouping->groups[g].count; r++)
            if (blocks_of(grouping->groups[g].runs[r]) > 0)
                return true;
    return false;
}

static void add_line(struct lines *lines, const struct grouping *grouping, size_t group,
                     enum run_reach reach)
{
    const struct group *of = &grouping->groups[group];
    MUST(lines->count < FIGURE_SERIES_MAX);
    const struct run_latencies **times = must_alloc(of->count * sizeof times[0]);
    size_t *blocks = must_alloc(of->count * sizeof blocks[0]);
    for (size_t r = 0; r < of->count; r++) {
        times[r] = &of->runs[r]->spread.reached[reach];
        blocks[r] = blocks_of(of->runs[r]);
    }
    char *title = grouping->count == 1 ? must_print("%s stake", shares[reach])
                                       : must_print("%s, %s", of->label, shares[reach]);
    struct cdf_line line = {.of = times,
                            .out_of = blocks,
                            .runs = of->count,
                            .title = title,
                            .colour = grouping->count == 1 ? (size_t)reach : group,
                            .look = lines->count};
    if (cdf_count(&line) == 0) { /* the caption says that no block got so far */
        free(times);
        free(blocks);
        free(title);
        return;
    }
    lines->titles[lines->count] = title;
    lines->items[lines->count++] = line;
}

/* The shares that are drawn, by the number of groups; the lines of a group stand together. */
static const enum run_reach *reaches_of(size_t groups, size_t *ret_count)
{
    static const enum run_reach all[] = {RUN_REACH_50, RUN_REACH_90, RUN_REACH_99};
    static const enum run_reach ends[] = {RUN_REACH_50, RUN_REACH_99};
    static const enum run_reach one[] = {RUN_REACH_90};
    *ret_count = groups <= 2 ? 3 : groups == 3 ? 2 : 1;
    return groups <= 2 ? all : groups == 3 ? ends : one;
}

static void write_script(struct figure *figure, const struct lines *lines,
                         const struct cdf_axis *axis)
{
    FILE *script = figure->script;
    fprintf(script, "    set xlabel \"Time since the block was made (s)\" offset 0,0.4\n"
                    "    set ylabel \"Share of blocks\" offset 0.6,0\n"
                    "    set yrange [0:1.02]\n    set ytics 0.2 format \"%%.1f\"\n");
    cdf_axis_print(axis, script);
    fprintf(script, "    set key outside top center horizontal Left reverse maxcols %d\n",
            lines->count > 3 ? 2 : 3);
    cdf_plot(figure, lines->items, lines->count, 0);
}

static void write_caption(struct figure *figure)
{
    const struct grouping *grouping = figure->grouping;
    fprintf(figure->caption,
            "Time from when a block was made until validators with the given share of the stake "
            "have it whole, as a cumulative distribution over the blocks made after the warm-up. A "
            "line that ends below 1 leaves out blocks that had not got so far by the end; the "
            "others are a share of the blocks that reached half of the stake.");
    size_t least, most;
    figure_replications(figure, &least, &most);
    if (most > 1)
        fprintf(figure->caption,
                " A line is the mean of the replications' distributions, its band the pointwise "
                "%g %% Student interval.",
                figure->level * 100);
    fprintf(figure->caption, " Blocks that reached 50, 90 and 99 %% of the stake:");
    for (size_t g = 0; g < grouping->count; g++) {
        size_t blocks[RUN_REACHES] = {0};
        for (size_t r = 0; r < grouping->groups[g].count; r++)
            for (size_t i = 0; i < RUN_REACHES; i++)
                blocks[i] += grouping->groups[g].runs[r]->spread.reached[i].count;
        fprintf(figure->caption, "%s %s %zu, %zu, %zu", g > 0 ? ";" : "", grouping->groups[g].label,
                blocks[0], blocks[1], blocks[2]);
    }
    fprintf(figure->caption, ". The axis ends near the 99.5th percentile. ");
    figure_caption_runs(figure);
}

enum figure_result figure_spread_cdf(struct figure *figure)
{
    const struct grouping *grouping = figure->grouping;
    size_t reach_count = 0;
    const enum run_reach *reaches = reaches_of(grouping->count, &reach_count);
    struct lines lines = {0};
    enum figure_result result = FIGURE_DRAWN;
    if (grouping->count * reach_count > FIGURE_SERIES_MAX && any_blocks(grouping))
        return figure_fail(figure, FIGURE_WRONG,
                           "%zu groups, and at most %d lines can be told apart: name fewer runs",
                           grouping->count, FIGURE_SERIES_MAX);
    for (size_t g = 0; g < grouping->count && any_blocks(grouping); g++)
        for (size_t i = 0; i < reach_count; i++)
            add_line(&lines, grouping, g, reaches[i]);
    if (lines.count == 0) {
        result = figure_fail(figure, FIGURE_NOTHING,
                             "no block was made after the warm-up and reached validators of its "
                             "own chain; run a scenario with chain.validators.type individual, as "
                             "those of scenarios/spread");
    } else {
        struct cdf_axis axis = cdf_axis_of(lines.items, lines.count);
        figure->height_in = lines.count > 3 ? 2.5 : 2.3;
        fprintf(figure->data, "series\ttime_s\tshare\tlow\thigh\n");
        figure->log_x = axis.logarithmic;
        for (size_t i = 0; i < lines.count; i++)
            cdf_write(figure, &lines.items[i], "", cdf_axis_end(&axis));
        write_script(figure, &lines, &axis);
        write_caption(figure);
        result = figure_check(figure, true, true);
    }
    for (size_t i = 0; i < lines.count; i++) {
        free(lines.items[i].of);
        free((void *)lines.items[i].out_of);
        free(lines.titles[i]);
    }
    return result;
}
