/* How many hops delivered cross-shard messages took: a bar a group at each number of hops, and the
 * mean of each group as an upright line. */

#include "analysis/figure.h"
#include "analysis/interval.h"
#include "analysis/must.h"

#include <math.h>
#include <stdlib.h>

static struct interval summarise(const struct group *group, int hops, double level)
{
    double *values = must_alloc(group->count * sizeof values[0]);
    for (size_t r = 0; r < group->count; r++) {
        const struct run_data *run = group->runs[r];
        double count = (double)run->latency[RUN_CROSS].count;
        double sum = hops < 0 ? run->hops_sum : (double)run->hops[hops];
        values[r] = count > 0 ? sum / count : NAN;
    }
    struct interval result = interval_of(values, group->count, level);
    free(values);
    return result;
}

/* The least and greatest number of hops seen; false when no message was delivered. */
static bool find_range(const struct grouping *grouping, int *ret_least, int *ret_most)
{
    int least = RUN_HOPS_MAX + 1, most = -1;
    for (size_t g = 0; g < grouping->count; g++)
        for (size_t r = 0; r < grouping->groups[g].count; r++)
            for (int hops = 0; hops <= RUN_HOPS_MAX; hops++)
                if (grouping->groups[g].runs[r]->hops[hops] > 0) {
                    least = hops < least ? hops : least;
                    most = hops > most ? hops : most;
                }
    *ret_least = least;
    *ret_most = most;
    return most >= 0;
}

static void write_data(struct figure *figure, int least, int most, double *ret_top)
{
    const struct grouping *grouping = figure->grouping;
    fprintf(figure->data, "series\thops\tshare\tlow\thigh\n");
    double top = 0;
    for (size_t g = 0; g < grouping->count; g++) {
        figure_series(figure);
        for (int hops = least; hops <= most; hops++) {
            struct interval share = summarise(&grouping->groups[g], hops, figure->level);
            double half = share.half_width; /* NAN for one run: fmin would make it 1 */
            double columns[3] = {share.mean, isnan(half) ? NAN : fmax(0, share.mean - half),
                                 isnan(half) ? NAN : fmin(1, share.mean + half)};
            top = fmax(top, isnan(columns[2]) ? share.mean : columns[2]);
            figure_point(figure, grouping->groups[g].label, hops, columns, 3);
        }
    }
    *ret_top = top;
}

static void write_script(struct figure *figure, int least, int most, double top)
{
    const struct grouping *grouping = figure->grouping;
    FILE *script = figure->script;
    double width = 0.8 / (double)grouping->count;
    double ceiling = ceil(top * 11) / 10;
    fprintf(script,
            "    set xlabel \"Hops of a cross-shard message\" offset 0,0.4\n"
            "    set ylabel \"Share of messages\" offset 0.6,0\n"
            "    set xrange [%g:%g]\n    set yrange [0:%g]\n    set xtics 1 scale 0\n"
            "    set grid noxtics ytics\n    set ytics format \"%%.1f\" %g\n"
            "    set boxwidth %g absolute\n    set style fill solid 0.75 noborder\n"
            "    set key outside top center horizontal Left reverse maxcols 3 samplen 1.2\n    "
            "unset arrow\n",
            least - 0.6, most + 0.6, ceiling, ceiling > 0.55 ? 0.2 : 0.1, width * 0.92);
    for (size_t g = 0; g < grouping->count; g++) {
        double mean = summarise(&grouping->groups[g], -1, figure->level).mean;
        fprintf(script,
                "    set arrow from first %.6g, graph 0 to first %.6g, graph 1 nohead front "
                "linetype %zu linewidth %.1f\n",
                mean, mean, g + 1, figure->style->line * 0.7);
    }
    fprintf(script, "    plot \\\n");
    for (size_t g = 0; g < grouping->count; g++) {
        double shift = ((double)g - ((double)grouping->count - 1) / 2) * width;
        struct interval mean = summarise(&grouping->groups[g], -1, figure->level);
        char *title = grouping->count > 1
                          ? must_print("%s, mean %.2f", grouping->groups[g].label, mean.mean)
                          : must_print("mean %.2f", mean.mean);
        fprintf(script, "        DATA index %zu using ($2+%g):3 with boxes linetype %zu title ",
                g + 1, shift, g + 1);
        figure_quote(script, title);
        free(title);
        if (grouping->groups[g].count > 1)
            fprintf(script,
                    ", \\\n        DATA index %zu using ($2+%g):4:(0):($5-$4) with vectors "
                    "nohead linecolor rgb \"black\" dashtype solid linewidth 1 notitle",
                    g + 1, shift);
        fprintf(script, "%s\n", g + 1 < grouping->count ? ", \\" : "");
    }
}

static void write_caption(struct figure *figure)
{
    const struct grouping *grouping = figure->grouping;
    fprintf(figure->caption,
            "Number of hops of the cross-shard messages created after the warm-up and delivered; "
            "upright lines mark the means:");
    for (size_t g = 0; g < grouping->count; g++) {
        struct interval mean = summarise(&grouping->groups[g], -1, figure->level);
        size_t messages = 0;
        for (size_t r = 0; r < grouping->groups[g].count; r++)
            messages += grouping->groups[g].runs[r]->latency[RUN_CROSS].count;
        fprintf(figure->caption, "%s %s %.3f", g > 0 ? ";" : "", grouping->groups[g].label,
                mean.mean);
        if (!isnan(mean.half_width))
            fprintf(figure->caption, " ± %.3f", mean.half_width);
        fprintf(figure->caption, " (%zu messages)", messages);
    }
    fprintf(figure->caption, ". ");
    size_t least, most;
    figure_replications(figure, &least, &most);
    if (most > 1)
        fprintf(figure->caption, "Bars are %g %% Student intervals over replications. ",
                figure->level * 100);
    figure_caption_runs(figure);
}

enum figure_result figure_hops(struct figure *figure)
{
    int least, most;
    if (!find_range(figure->grouping, &least, &most))
        return figure_fail(figure, FIGURE_NOTHING, "no cross-shard message was delivered");
    double top = 0;
    figure->height_in = 2.2;
    write_data(figure, least, most, &top);
    write_script(figure, least, most, top);
    write_caption(figure);
    return figure_check(figure, true, false);
}
