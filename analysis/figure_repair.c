/* What repair did: requests and duplicates a second and useful shreds a second over simulated time,
 * with the fault windows shaded, and how long a repair took. Up to three groups, a colour each; the
 * panels over time show the first replication, because its faults have times, the distribution
 * shows all. */

#include "analysis/figure_cdf.h"
#include "analysis/must.h"
#include "analysis/run_spread.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { GROUPS_MAX = 3, BINS_MAX = 120, CURVES = 3, PANELS_MAX = 3 };

/* What is drawn over time: two curves in the first panel, one in the second. */
static const struct {
    enum run_repair_kind kind;
    const char *name;
} curves[CURVES] = {{RUN_REPAIR_REQUESTS, "requests"},
                    {RUN_REPAIR_DUPLICATE, "duplicates"},
                    {RUN_REPAIR_USEFUL, "useful"}};

struct panels {
    size_t index[CURVES][GROUPS_MAX]; /* in the data */
    struct cdf_line times[GROUPS_MAX];
    size_t time_count;
    struct cdf_axis axis; /* of the times */
    double top[2], end_s;
};

/* Seconds of the run are put together into at most BINS_MAX bins of whole seconds. */
static void write_curve(struct figure *figure, size_t group, size_t curve, struct panels *panels)
{
    const struct group *of = &figure->grouping->groups[group];
    const struct run_data *run = of->runs[0];
    const struct run_spread *spread = &run->spread;
    int64_t seconds = run->sim_end_ns / 1000000000;
    int64_t width = (seconds + BINS_MAX - 1) / BINS_MAX;
    double sums[BINS_MAX] = {0};
    for (size_t i = 0; i < spread->second_count; i++)
        if (spread->seconds[i].second < seconds)
            sums[spread->seconds[i].second / width] += spread->seconds[i].count[curves[curve].kind];
    panels->index[curve][group] = figure_series(figure);
    for (int64_t bin = 0; bin * width < seconds; bin++) {
        int64_t end = (bin + 1) * width < seconds ? (bin + 1) * width : seconds;
        double columns[CDF_COLUMNS] = {sums[bin] / (double)(end - bin * width), NAN, NAN};
        panels->top[curve / 2] = fmax(panels->top[curve / 2], columns[0]);
        fprintf(figure->data, "%s\t", curves[curve].name);
        figure_point(figure, of->label, (double)(bin * width + end) / 2, columns, CDF_COLUMNS);
    }
}

static void write_times(struct figure *figure, struct panels *panels)
{
    for (size_t g = 0; g < figure->grouping->count; g++) {
        const struct group *group = &figure->grouping->groups[g];
        const struct run_latencies **of = must_alloc(group->count * sizeof of[0]);
        for (size_t r = 0; r < group->count; r++)
            of[r] = &group->runs[r]->spread.repaired;
        struct cdf_line line = {
            .of = of, .runs = group->count, .title = group->label, .colour = g, .look = g};
        if (cdf_count(&line) > 0)
            panels->times[panels->time_count++] = line;
        else
            free(of);
    }
    if (panels->time_count == 0)
        return;
    panels->axis = cdf_axis_of(panels->times, panels->time_count);
    figure->log_x = panels->axis.logarithmic;
    for (size_t i = 0; i < panels->time_count; i++)
        cdf_write(figure, &panels->times[i], "time_to_repair\t", cdf_axis_end(&panels->axis));
    figure->log_x = false;
}

static void write_time_panel(struct figure *figure, const struct panels *panels, size_t panel)
{
    static const char *const titles[] = {"Repair (1/s)", "Useful (1/s)"};
    const struct grouping *grouping = figure->grouping;
    FILE *script = figure->script;
    double top = panels->top[panel] > 0 ? panels->top[panel] * 1.05 : 1;
    fprintf(script,
            "    set xrange [0:%.6g]\n    set yrange [0:%.6g]\n    set ytics %.6g\n"
            "    set ylabel \"%s\" offset 0.6,0\n",
            panels->end_s, top, figure_tic_step(top, 4), titles[panel]);
    fprintf(script, panel == 1 ? "    set xtics format \"%%g\" autofreq\n"
                                 "    set xlabel \"Simulated time (s)\" offset 0,0.5\n"
                               : "    set xtics format \"\" autofreq\n    unset xlabel\n");
    fprintf(script, "    plot \\\n");
    size_t first = panel == 0 ? 0 : 2, last = panel == 0 ? 1 : 2;
    for (size_t c = first; c <= last; c++)
        for (size_t g = 0; g < grouping->count; g++) {
            size_t look = g + (c == 1 ? GROUPS_MAX : 0);
            fprintf(script,
                    "        DATA index %zu using 3:4 with linespoints linetype %zu linecolor rgb "
                    "\"%s\" pointnumber 6 ",
                    panels->index[c][g], look + 1, figure_colour(g));
            char *title = must_print("%s%s%s", grouping->count > 1 ? grouping->groups[g].label : "",
                                     grouping->count > 1 ? ", " : "", curves[c].name);
            fprintf(script, panel == 0 ? "title " : "notitle");
            if (panel == 0)
                figure_quote(script, title);
            free(title);
            fprintf(script, "%s\n", c < last || g + 1 < grouping->count ? ", \\" : "");
        }
}

static void write_times_panel(struct figure *figure, const struct panels *panels)
{
    FILE *script = figure->script;
    fprintf(script, "    unset object\n    unset arrow\n    unset key\n"
                    "    set xlabel \"Time to repair (s)\" offset 0,0.5\n"
                    "    set ylabel \"Share\" offset 0.6,0\n"
                    "    set yrange [0:1.02]\n    set ytics 0.5\n");
    cdf_axis_print(&panels->axis, script);
    cdf_plot(figure, panels->times, panels->time_count, 1);
    fprintf(script, "    unset logscale x\n    set mxtics default\n");
}

/* The panels over time stand close together; the distribution has an axis of its own. */
static void write_script(struct figure *figure, const struct panels *panels)
{
    FILE *script = figure->script;
    const struct grouping *grouping = figure->grouping;
    double em_in = (double)figure->style->font_pt / 72 / figure->style->scale;
    double em_x = (double)figure->style->font_pt / 72 / figure->style->width_in;
    size_t letters = strlen(curves[1].name);
    for (size_t g = 0; grouping->count > 1 && g < grouping->count; g++) {
        size_t length = strlen(grouping->groups[g].label) + strlen(", duplicates");
        letters = length > letters ? length : letters;
    }
    /* Requests beside duplicates, a row a group. */
    size_t columns = figure_key_pairs(figure, letters) ? 2 : 1;
    size_t rows = grouping->count * 2 / columns;
    double key = (0.5 + 1.3 * (double)rows) * em_in, axis = 3.3 * em_in, gap = 0.7 * em_in;
    size_t count = panels->time_count > 0 ? 3 : 2;
    double height = (figure->height_in - key - gap - axis * (double)(count - 1)) / (double)count;
    double high = figure->height_in - key;
    fprintf(script,
            "    set multiplot\n    set lmargin at screen %.4f\n    set rmargin at screen %.4f\n"
            "    set key at screen 0.5, screen %.4f center center vertical Left reverse "
            "maxrows %zu\n",
            6.4 * em_x, 1 - 1.7 * em_x, 1 - key / 2 / figure->height_in, rows);
    figure_windows(grouping->groups, grouping->count, script);
    for (size_t i = 0; i < count; i++) {
        fprintf(script, "    set bmargin at screen %.4f\n    set tmargin at screen %.4f\n",
                (high - height) / figure->height_in, high / figure->height_in);
        if (i < 2)
            write_time_panel(figure, panels, i);
        else
            write_times_panel(figure, panels);
        high -= height + (i == 0 ? gap : axis);
    }
    fprintf(script, "    unset multiplot\n");
}

static struct interval summarise(const struct group *group, double (*of)(struct run_repair repair),
                                 double level)
{
    double *values = must_alloc(group->count * sizeof values[0]);
    for (size_t r = 0; r < group->count; r++)
        values[r] = of(run_spread_repair(group->runs[r]));
    struct interval result = interval_of(values, group->count, level);
    free(values);
    return result;
}

static double useful_share(struct run_repair repair)
{
    return repair.useful_share * 100;
}

static double duplicate_share(struct run_repair repair)
{
    return repair.duplicate_share * 100;
}

static double node_rate(struct run_repair repair)
{
    return repair.requests_per_node_s;
}

/* "3.1 % ± 0.4 %", "3.1 %", "unknown" */
static void write_number(FILE *caption, struct interval interval, const char *unit)
{
    if (interval.n == 0) {
        fprintf(caption, "unknown");
        return;
    }
    fprintf(caption, "%.4g%s", interval.mean, unit);
    if (!isnan(interval.half_width))
        fprintf(caption, " ± %.2g%s", interval.half_width, unit);
}

static void write_caption(struct figure *figure, const struct panels *panels)
{
    const struct grouping *grouping = figure->grouping;
    FILE *caption = figure->caption;
    fprintf(caption,
            "Requests for missing shreds, answers with a shred that was there already "
            "(duplicates), and answers with one that was still missing (useful), a second of "
            "simulated time, all validators together. Grey: fault windows. The dashed upright line "
            "ends the warm-up.");
    if (panels->time_count > 0)
        fprintf(caption, " Below: time from the first request for a shred until repair brought it, "
                         "as a cumulative distribution over the repairs after the warm-up.");
    else
        fprintf(caption, " Times to repair are not drawn: no shred was repaired after the warm-up, "
                         "or the runs hold no events (log: protocol keeps those of repair).");
    size_t least, most;
    figure_replications(figure, &least, &most);
    if (most > 1)
        fprintf(caption, " Over time, the first replication of each group is drawn.");
    fprintf(caption, " After the warm-up, of the shreds that answers brought were");
    for (size_t g = 0; g < grouping->count; g++) {
        const struct group *group = &grouping->groups[g];
        size_t repairs = 0;
        for (size_t r = 0; r < group->count; r++)
            repairs += group->runs[r]->spread.repaired.count;
        fprintf(caption, "%s %s: ", g > 0 ? ";" : "", group->label);
        write_number(caption, summarise(group, useful_share, figure->level), " %");
        fprintf(caption, " useful, ");
        write_number(caption, summarise(group, duplicate_share, figure->level), " %");
        fprintf(caption, " duplicates, at ");
        write_number(caption, summarise(group, node_rate, figure->level), "");
        fprintf(caption, " requests a second and validator, %zu repairs timed", repairs);
    }
    fprintf(caption, ". ");
    if (most > 1)
        fprintf(caption, "Bands and ± are %g %% Student intervals over replications. ",
                figure->level * 100);
    figure_caption_runs(figure);
}

static enum figure_result draw_groups(struct figure *figure)
{
    const struct grouping *grouping = figure->grouping;
    if (grouping->count == 0)
        return figure_fail(figure, FIGURE_NOTHING,
                           "no run asked for missing shreds; run a scenario with spread.type "
                           "turbine, as those of scenarios/repair");
    if (grouping->count > GROUPS_MAX)
        return figure_fail(figure, FIGURE_WRONG, "%zu groups, and at most %d fit: name fewer runs",
                           grouping->count, GROUPS_MAX);
    for (size_t g = 0; g < grouping->count; g++)
        if (grouping->groups[g].runs[0]->sim_end_ns < INT64_C(2000000000))
            return figure_fail(figure, FIGURE_WRONG,
                               "%s ends before 2 s, and a point is a second: run it for longer",
                               grouping->groups[g].label);
    struct panels panels = {.end_s = figure_end_s(grouping->groups, grouping->count)};
    fprintf(figure->data, "panel\tseries\tx\tvalue\tlow\thigh\n");
    for (size_t c = 0; c < CURVES; c++)
        for (size_t g = 0; g < grouping->count; g++)
            write_curve(figure, g, c, &panels);
    write_times(figure, &panels);
    figure->height_in = panels.time_count > 0 ? 3.9 : 2.9;
    write_script(figure, &panels);
    write_caption(figure, &panels);
    for (size_t i = 0; i < panels.time_count; i++)
        free(panels.times[i].of);
    return figure_check(figure, false, true);
}

/* Groups that have no repair, or switched it off, are left out. */
enum figure_result figure_repair(struct figure *figure)
{
    const struct grouping *all = figure->grouping;
    struct grouping shown = {.by = all->by};
    shown.groups = must_alloc(all->count * sizeof shown.groups[0]);
    for (size_t g = 0; g < all->count; g++)
        if (all->groups[g].runs[0]->spread.second_count > 0)
            shown.groups[shown.count++] = all->groups[g];
    figure->grouping = &shown;
    enum figure_result result = draw_groups(figure);
    figure->grouping = all;
    free(shown.groups);
    return result;
}
