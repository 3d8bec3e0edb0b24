/* Queue lengths over time. Up to three groups: a panel each, with a line a chain where there are at
 * most five, else the median chain, the band of the middle 90 % of chains, and the longest queue
 * (of one group alone the four longest, by name: chains that wait for a congested one). More
 * groups: the queues of all chains together, a line a group. Of a group, the first replication is
 * drawn: a mean over replications would hide the very bursts the figure is for. */

#include "analysis/figure.h"
#include "analysis/measure.h"
#include "analysis/must.h"
#include "analysis/quantile.h"
#include "analysis/run_queue.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { PANELS_MAX = 3, CHAINS_MAX = 5, LONGEST_MAX = 4, INSTANTS = 300 };

/* One drawn line: where its data is and how it looks. */
struct trace {
    size_t index, look;
    char *title;
    bool band;
};

struct traces {
    struct trace items[FIGURE_SERIES_MAX];
    size_t count;
};

static void trace_add(struct traces *traces, size_t index, size_t look, char *title, bool band)
{
    MUST(traces->count < FIGURE_SERIES_MAX);
    traces->items[traces->count++] =
        (struct trace){.index = index, .look = look, .title = title, .band = band};
}

static void traces_free(struct traces *traces)
{
    for (size_t i = 0; i < traces->count; i++)
        free(traces->items[i].title);
    traces->count = 0;
}

static double instant_s(const struct run_data *run, size_t i, int64_t *ret_ns)
{
    *ret_ns = (int64_t)((double)run->sim_end_ns * (double)i / INSTANTS);
    return (double)*ret_ns / 1e9;
}

/* Columns: group, series, t_s, value, low, high. */
static void write_queue(struct figure *figure, const char *group, const struct run_data *run,
                        const struct run_queue *queue)
{
    figure_series(figure);
    for (size_t i = 0; i <= INSTANTS; i++) {
        int64_t t_ns;
        double t_s = instant_s(run, i, &t_ns);
        double columns[3] = {(double)run_queue_at(queue, t_ns), NAN, NAN};
        fprintf(figure->data, "%s\t", group);
        figure_point(figure, queue->name, t_s, columns, 3);
    }
}

static void write_band(struct figure *figure, const char *group, const struct run_data *run)
{
    int64_t *values = must_alloc(run->queue_count * sizeof values[0]);
    figure_series(figure);
    for (size_t i = 0; i <= INSTANTS; i++) {
        int64_t t_ns;
        double t_s = instant_s(run, i, &t_ns);
        for (size_t k = 0; k < run->queue_count; k++)
            values[k] = run_queue_at(&run->queues[k], t_ns);
        quantile_sort(values, run->queue_count);
        double columns[3] = {(double)quantile_of(values, run->queue_count, QUANTILE_P50),
                             (double)quantile_of(values, run->queue_count, 50000),
                             (double)quantile_of(values, run->queue_count, QUANTILE_P95)};
        fprintf(figure->data, "%s\t", group);
        figure_point(figure, "median chain", t_s, columns, 3);
    }
    free(values);
}

/* The chains whose queues were longest at any time, the longest first; of equals the first. Returns
 * how many there are, at most LONGEST_MAX. */
static size_t longest_queues(const struct run_data *run, const struct run_queue *longest[])
{
    size_t count = 0;
    for (size_t i = 0; i < run->queue_count; i++) {
        int64_t peak = run_queue_peak(&run->queues[i], 0);
        size_t at = count < LONGEST_MAX ? count++ : LONGEST_MAX;
        for (; at > 0 && run_queue_peak(longest[at - 1], 0) < peak; at--)
            if (at < LONGEST_MAX)
                longest[at] = longest[at - 1];
        if (at < LONGEST_MAX)
            longest[at] = &run->queues[i];
    }
    return count;
}

static const struct run_queue *longest_queue(const struct run_data *run)
{
    const struct run_queue *longest[LONGEST_MAX];
    longest_queues(run, longest);
    return longest[0];
}

static void write_group(struct figure *figure, const struct group *group, struct traces *traces)
{
    const struct run_data *run = group->runs[0];
    if (run->queue_count > CHAINS_MAX) {
        write_band(figure, group->label, run);
        trace_add(traces, figure->series, 0, must_copy("median chain"), true);
        const struct run_queue *longest[LONGEST_MAX];
        /* Panels share one key, so there a line has no chain's name. */
        bool named = figure->grouping->count == 1;
        size_t count = longest_queues(run, longest);
        for (size_t i = 0; i < (named ? count : 1); i++) {
            write_queue(figure, group->label, run, longest[i]);
            trace_add(traces, figure->series, 1 + i,
                      must_copy(named ? longest[i]->name : "longest queue"), false);
        }
        return;
    }
    for (size_t i = 0; i < run->queue_count; i++) {
        write_queue(figure, group->label, run, &run->queues[i]);
        trace_add(traces, figure->series, i, must_copy(run->queues[i].name), false);
    }
    write_queue(figure, group->label, run, &run->queue_total);
    trace_add(traces, figure->series, FIGURE_SERIES_MAX - 1, must_copy("all chains"), false);
}

static void write_plot(const struct figure *figure, const struct traces *traces, bool titles)
{
    FILE *script = figure->script;
    fprintf(script, "    plot \\\n");
    for (size_t i = 0; i < traces->count; i++)
        if (traces->items[i].band)
            fprintf(script,
                    "        DATA index %zu using 3:5:6 with filledcurves fillcolor rgb \"%s\" "
                    "fillstyle transparent solid 0.2 noborder notitle, \\\n",
                    traces->items[i].index, figure_colour(traces->items[i].look));
    for (size_t i = 0; i < traces->count; i++) {
        fprintf(script,
                "        DATA index %zu using 3:4 with linespoints linetype %zu linewidth %.1f "
                "pointnumber 6 ",
                traces->items[i].index, traces->items[i].look + 1, figure->style->line * 0.7);
        if (titles) {
            fprintf(script, "title ");
            figure_quote(script, traces->items[i].title);
        } else {
            fprintf(script, "notitle");
        }
        fprintf(script, "%s\n", i + 1 < traces->count ? ", \\" : "");
    }
}

/* The highest value a panel shows. */
static double panel_top(const struct run_data *run)
{
    bool band = run->queue_count > CHAINS_MAX;
    const struct run_queue *highest = band ? longest_queue(run) : &run->queue_total;
    int64_t peak = run_queue_peak(highest, 0);
    return peak > 0 ? (double)peak : 1;
}

static void write_panel(struct figure *figure, size_t g, const struct traces *traces, double low_in,
                        double high_in)
{
    const struct group *group = &figure->grouping->groups[g];
    FILE *script = figure->script;
    double top = panel_top(group->runs[0]) * 1.05;
    bool last = g + 1 == figure->grouping->count;
    figure_windows(group, 1, script);
    fprintf(script,
            "    set bmargin at screen %.4f\n    set tmargin at screen %.4f\n"
            "    set xrange [0:%.6g]\n    set yrange [0:%.6g]\n    set ytics %.6g\n",
            low_in / figure->height_in, high_in / figure->height_in,
            (double)group->runs[0]->sim_end_ns / 1e9, top, figure_tic_step(top, 4));
    fprintf(script, last ? "    set xtics format \"%%g\"\n"
                           "    set xlabel \"Simulated time (s)\" offset 0,0.4\n"
                         : "    set xtics format \"\"\n    unset xlabel\n");
    if (figure->grouping->count > 1) {
        fprintf(script, "    set label 1 ");
        figure_quote(script, group->label);
        fprintf(script,
                " at graph 0.5, graph 1 center offset 0,0.6 font \"Liberation Sans Bold\"\n");
    }
    write_plot(figure, traces, g == 0);
    fprintf(script, "    unset label 2\n");
}

/* Panels one above the other with one time axis and one key, for the lines mean the same in all. */
static void write_panels(struct figure *figure, struct traces traces[PANELS_MAX])
{
    const struct grouping *grouping = figure->grouping;
    FILE *script = figure->script;
    double em_in = (double)figure->style->font_pt / 72 / figure->style->scale;
    double em_x = (double)figure->style->font_pt / 72 / figure->style->width_in;
    size_t count = grouping->count;
    size_t letters = 0;
    for (size_t i = 0; i < traces[0].count; i++) {
        size_t length = strlen(traces[0].items[i].title);
        letters = length > letters ? length : letters;
    }
    size_t columns = figure_key_columns(figure, letters, 6.7);
    double key_rows = ceil((double)traces[0].count / (double)columns);
    double key = (0.5 + 1.3 * key_rows) * em_in, bottom = 3.3 * em_in;
    double head = count > 1 ? 1.7 * em_in : 0.3 * em_in;
    double panel = (figure->height_in - bottom - key) / (double)count;
    fprintf(script,
            "    set multiplot\n    set lmargin at screen %.4f\n    set rmargin at screen %.4f\n"
            "    unset ylabel\n    unset label\n"
            "    set key at screen 0.5, screen %.4f center center horizontal Left reverse "
            "maxcols %zu\n"
            "    set label 2 \"Messages queued\" at screen %.4f, screen %.4f center rotate\n",
            5.0 * em_x, 1 - 1.7 * em_x, 1 - key / 2 / figure->height_in, columns, 0.9 * em_x,
            (bottom + panel * (double)count / 2) / figure->height_in);
    for (size_t g = 0; g < count; g++) {
        double low_in = bottom + panel * (double)(count - 1 - g);
        write_panel(figure, g, &traces[g], low_in, low_in + panel - head);
    }
    fprintf(script, "    unset multiplot\n");
}

static void write_totals(struct figure *figure)
{
    const struct grouping *grouping = figure->grouping;
    struct traces traces = {0};
    for (size_t g = 0; g < grouping->count && g < FIGURE_SERIES_MAX; g++) {
        const struct group *group = &grouping->groups[g];
        write_queue(figure, group->label, group->runs[0], &group->runs[0]->queue_total);
        trace_add(&traces, figure->series, g, must_copy(group->label), false);
    }
    figure_windows(grouping->groups, grouping->count, figure->script);
    fprintf(figure->script,
            "    set xrange [0:%.6g]\n    set yrange [0:*]\n"
            "    set xlabel \"Simulated time (s)\" offset 0,0.5\n"
            "    set ylabel \"Messages queued, all chains\" offset 1.4,0\n"
            "    set key outside top center horizontal Left reverse maxcols 3\n",
            figure_end_s(grouping->groups, grouping->count));
    write_plot(figure, &traces, true);
    traces_free(&traces);
}

static void write_caption(struct figure *figure, bool panels)
{
    size_t least, most;
    figure_replications(figure, &least, &most);
    fprintf(figure->caption, "Messages waiting in output queues over simulated time%s.",
            panels ? "" : ", all chains together");
    for (size_t g = 0; g < figure->grouping->count; g++) {
        const struct run_data *run = figure->grouping->groups[g].runs[0];
        fprintf(figure->caption, "%s%s: mean %.4g, peak %lld",
                g > 0 ? "; " : " All chains together, after the warm-up: ",
                figure->grouping->groups[g].label,
                run_queue_mean(&run->queue_total, run->warmup_ns, run->sim_end_ns),
                (long long)run_queue_peak(&run->queue_total, run->warmup_ns));
        if (run->queue_count > CHAINS_MAX)
            fprintf(figure->caption,
                    " (band: middle 90 %% of %zu chains; longest queue %s, peak %lld)",
                    run->queue_count, longest_queue(run)->name,
                    (long long)run_queue_peak(longest_queue(run), 0));
    }
    for (size_t g = 0; g < figure->grouping->count; g++) {
        const struct run_data *run = figure->grouping->groups[g].runs[0];
        struct congestion congestion = measure_congestion(run);
        if (congestion.saturated > 0)
            fprintf(figure->caption, ". Saturated in %s: %s, full in %.3g %% of its blocks%s",
                    figure->grouping->groups[g].label, congestion.worst[0].name,
                    congestion.worst[0].share * 100,
                    congestion.saturated > 1 ? ", and others" : "");
    }
    fprintf(figure->caption,
            ". The dashed upright line ends the warm-up; grey areas are fault windows.%s ",
            most > 1 ? " The first replication of each group is drawn." : "");
}

static enum figure_result draw_groups(struct figure *figure)
{
    const struct grouping *grouping = figure->grouping;
    if (grouping->count == 0)
        return figure_fail(figure, FIGURE_NOTHING, "no run has queue samples");
    if (grouping->count > FIGURE_SERIES_MAX)
        return figure_fail(figure, FIGURE_WRONG,
                           "%zu groups, and at most %d lines can be told apart: name fewer runs",
                           grouping->count, FIGURE_SERIES_MAX);
    bool panels = grouping->count <= PANELS_MAX;
    fprintf(figure->data, "group\tseries\tt_s\tvalue\tlow\thigh\n");
    if (panels) {
        struct traces traces[PANELS_MAX] = {0};
        figure->height_in = 0.5 + 1.15 * (double)grouping->count + (grouping->count == 1 ? 0.6 : 0);
        for (size_t g = 0; g < grouping->count; g++)
            write_group(figure, &grouping->groups[g], &traces[g]);
        write_panels(figure, traces);
        for (size_t g = 0; g < grouping->count; g++)
            traces_free(&traces[g]);
    } else {
        figure->height_in = 2.3;
        write_totals(figure);
    }
    write_caption(figure, panels);
    return figure_check(figure, false, true);
}

/* Runs without queues (those that send by the instant path alone) are left out. */
enum figure_result figure_queue_time(struct figure *figure)
{
    const struct grouping *all = figure->grouping;
    struct grouping shown = {.by = all->by};
    shown.groups = must_alloc(all->count * sizeof shown.groups[0]);
    for (size_t g = 0; g < all->count; g++)
        if (all->groups[g].runs[0]->queue_total.count > 0)
            shown.groups[shown.count++] = all->groups[g];
    figure->grouping = &shown;
    enum figure_result result = draw_groups(figure);
    for (size_t g = 0; g < all->count; g++)
        if (all->groups[g].runs[0]->queue_total.count == 0)
            fprintf(figure->caption, "Not shown, for it has no queues: %s. ", all->groups[g].label);
    if (shown.count > 0)
        figure_caption_runs(figure);
    figure->grouping = all;
    free(shown.groups);
    return result;
}
