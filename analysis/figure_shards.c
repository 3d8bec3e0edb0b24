/* How many shards live over time, where shards split and merge: a line a group, its first
 * replication, all workchains together. The number changes at single instants, so it is drawn in
 * steps at those instants, not sampled. */

#include "analysis/figure.h"
#include "analysis/must.h"
#include "analysis/run_queue.h"

#include <math.h>
#include <stdlib.h>

/* Columns: group, series, t_s, value. */
static void write_steps(struct figure *figure, const struct group *group)
{
    const struct run_data *run = group->runs[0];
    const struct run_queue *shards = &run->shards;
    figure_series(figure);
    for (size_t i = 0; i < shards->count; i++) {
        double value = (double)shards->points[i].value;
        fprintf(figure->data, "%s\t", group->label);
        figure_point(figure, "living shards", (double)shards->points[i].t_ns / 1e9, &value, 1);
    }
    double last = (double)shards->points[shards->count - 1].value;
    fprintf(figure->data, "%s\t", group->label);
    figure_point(figure, "living shards", (double)run->sim_end_ns / 1e9, &last, 1);
}

static void write_script(struct figure *figure, double top)
{
    const struct grouping *grouping = figure->grouping;
    FILE *script = figure->script;
    figure_windows(grouping->groups, grouping->count, script);
    fprintf(script,
            "    set xrange [0:%.6g]\n    set yrange [0:%.6g]\n    set ytics %.6g\n"
            "    set xlabel \"Simulated time (s)\" offset 0,0.5\n"
            "    set ylabel \"Living shards\" offset 1.4,0\n",
            figure_end_s(grouping->groups, grouping->count), top, ceil(figure_tic_step(top, 4)));
    fprintf(script, grouping->count > 1
                        ? "    set key outside top center horizontal Left reverse maxcols 3\n"
                        : "    unset key\n");
    fprintf(script, "    plot \\\n");
    for (size_t g = 0; g < grouping->count; g++) {
        fprintf(script, "        DATA index %zu using 3:4 with steps linetype %zu linewidth %.1f ",
                g + 1, g + 1, figure->style->line);
        fprintf(script, "title ");
        figure_quote(script, grouping->groups[g].label);
        fprintf(script, "%s\n", g + 1 < grouping->count ? ", \\" : "");
    }
}

static enum figure_result draw_groups(struct figure *figure)
{
    const struct grouping *grouping = figure->grouping;
    size_t least, most;
    double top = 1;
    if (grouping->count == 0)
        return figure_fail(figure, FIGURE_NOTHING, "in no run shards split or merge");
    if (grouping->count > FIGURE_SERIES_MAX)
        return figure_fail(figure, FIGURE_WRONG,
                           "%zu groups, and at most %d lines can be told apart: name fewer runs",
                           grouping->count, FIGURE_SERIES_MAX);
    fprintf(figure->data, "group\tseries\tt_s\tvalue\n");
    fprintf(figure->caption, "Number of shards over simulated time.");
    for (size_t g = 0; g < grouping->count; g++) {
        const struct run_data *run = grouping->groups[g].runs[0];
        double peak = (double)run_queue_peak(&run->shards, 0);
        write_steps(figure, &grouping->groups[g]);
        top = peak > top ? peak : top;
        fprintf(figure->caption, "%s%s: %lld at first, %.4g on average, at most %lld",
                g > 0 ? "; " : " ", grouping->groups[g].label,
                (long long)run->shards.points[0].value,
                run_queue_mean(&run->shards, 0, run->sim_end_ns), (long long)peak);
    }
    figure->height_in = 2.0;
    write_script(figure, top * 1.15);
    figure_replications(figure, &least, &most);
    fprintf(figure->caption, ".%s ",
            most > 1 ? " The first replication of each group is drawn." : "");
    return figure_check(figure, false, true);
}

/* Runs whose shards stay are left out. */
enum figure_result figure_shards(struct figure *figure)
{
    const struct grouping *all = figure->grouping;
    struct grouping shown = {.by = all->by};
    shown.groups = must_alloc(all->count * sizeof shown.groups[0]);
    for (size_t g = 0; g < all->count; g++)
        if (all->groups[g].runs[0]->shards.count > 0)
            shown.groups[shown.count++] = all->groups[g];
    figure->grouping = &shown;
    enum figure_result result = draw_groups(figure);
    if (shown.count > 0)
        figure_caption_runs(figure);
    figure->grouping = all;
    free(shown.groups);
    return result;
}
