/* What a fault did and how long it took to heal: messages delivered a second, messages pending, and
 * the latency of what was delivered, over simulated time, with the fault windows shaded. Up to
 * three groups, a colour each; of a group the first replication is drawn, because its faults have
 * times. */

#include "analysis/figure.h"
#include "analysis/must.h"
#include "analysis/quantile.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { GROUPS_MAX = 3, BINS = 60, PANELS = 3, FAULTS_NAMED = 8 };

struct bin {
    size_t created, delivered;
    struct run_latencies latency;
};

static size_t bin_of(const struct run_data *run, int64_t t_ns)
{
    double share = run->sim_end_ns > 0 ? (double)t_ns / (double)run->sim_end_ns : 0;
    size_t bin = share > 0 ? (size_t)(share * BINS) : 0;
    return bin < BINS ? bin : BINS - 1;
}

static void fill_bins(const struct run_data *run, struct bin bins[BINS])
{
    for (size_t i = 0; i < run->span_count; i++) {
        const struct run_span *span = &run->spans[i];
        bins[bin_of(run, span->created_ns)].created++;
        if (span->delivered_ns < 0)
            continue;
        struct bin *bin = &bins[bin_of(run, span->delivered_ns)];
        struct run_latencies *latency = &bin->latency;
        latency->ns =
            must_grow(latency->ns, latency->count, &latency->capacity, sizeof latency->ns[0]);
        latency->ns[latency->count++] = span->delivered_ns - span->created_ns;
        bin->delivered++;
    }
}

/* Columns: group, middle of the bin, delivered a second, pending at its end, p50, p99. */
static void write_group(struct figure *figure, const struct group *group, double top[PANELS])
{
    const struct run_data *run = group->runs[0];
    struct bin bins[BINS] = {0};
    fill_bins(run, bins);
    figure_series(figure);
    double bin_s = (double)run->sim_end_ns / 1e9 / BINS, pending = 0;
    for (size_t i = 0; i < BINS; i++) {
        struct run_latencies *latency = &bins[i].latency;
        pending += (double)bins[i].created - (double)bins[i].delivered;
        double columns[4] = {(double)bins[i].delivered / bin_s, pending, NAN, NAN};
        quantile_sort(latency->ns, latency->count);
        if (latency->count > 0) {
            columns[2] = (double)quantile_of(latency->ns, latency->count, QUANTILE_P50) / 1e9;
            columns[3] = (double)quantile_of(latency->ns, latency->count, QUANTILE_P99) / 1e9;
            top[2] = fmax(top[2], columns[3]);
        }
        top[0] = fmax(top[0], columns[0]);
        top[1] = fmax(top[1], pending);
        figure_point(figure, group->label, ((double)i + 0.5) * bin_s, columns, 4);
        free(latency->ns);
    }
}

static void write_panel(struct figure *figure, size_t panel, double low, double high, double top)
{
    static const char *const titles[PANELS] = {"Delivered (1/s)", "Pending", "Latency (s)"};
    const struct grouping *grouping = figure->grouping;
    FILE *script = figure->script;
    fprintf(script,
            "    set bmargin at screen %.4f\n    set tmargin at screen %.4f\n"
            "    set yrange [0:%.6g]\n    set ytics %.6g\n    set ylabel \"%s\" offset 0.6,0\n",
            low, high, top * 1.05, figure_tic_step(top * 1.05, 5), titles[panel]);
    fprintf(script, panel + 1 == PANELS ? "    set xtics format \"%%g\"\n"
                                          "    set xlabel \"Simulated time (s)\" offset 0,0.4\n"
                                        : "    set xtics format \"\"\n    unset xlabel\n");
    fprintf(script, "    plot \\\n");
    size_t lines = panel == 2 ? 2 : 1;
    for (size_t i = 0; i < grouping->count * lines; i++) {
        size_t g = i % grouping->count, k = i / grouping->count;
        size_t look = g + GROUPS_MAX * k; /* p99 has a dash and a marker of its own */
        fprintf(script,
                "        DATA index %zu using 2:%zu with linespoints linetype %zu linecolor "
                "rgb \"%s\" pointnumber 6 ",
                g + 1, panel + 3 + k, look + 1, figure_colour(g));
        char *title = must_print("%s%s%s", grouping->count > 1 ? grouping->groups[g].label : "",
                                 grouping->count > 1 ? ", " : "", k == 0 ? "p50" : "p99");
        fprintf(script, panel == 2 ? "title " : "notitle");
        if (panel == 2)
            figure_quote(script, title);
        free(title);
        fprintf(script, "%s\n", i + 1 < grouping->count * lines ? ", \\" : "");
    }
}

static void write_script(struct figure *figure, const double top[PANELS])
{
    FILE *script = figure->script;
    double em_in = (double)figure->style->font_pt / 72 / figure->style->scale;
    double em_x = (double)figure->style->font_pt / 72 / figure->style->width_in;
    size_t letters = 3;
    for (size_t g = 0; figure->grouping->count > 1 && g < figure->grouping->count; g++) {
        size_t length = strlen(figure->grouping->groups[g].label) + 5;
        letters = length > letters ? length : letters;
    }
    size_t columns = figure_key_columns(figure, letters, 8);
    columns = columns > 2 ? 2 : columns; /* one for the medians, one for the tails */
    double rows = ceil((double)figure->grouping->count * 2 / (double)columns);
    double key = (0.5 + 1.3 * rows) * em_in, bottom = 3.3 * em_in, gap = 0.7 * em_in;
    double panel = (figure->height_in - bottom - key) / PANELS;
    fprintf(script,
            "    set multiplot\n    set lmargin at screen %.4f\n    set rmargin at screen %.4f\n"
            "    set xrange [0:%.6g]\n"
            "    set key at screen 0.5, screen %.4f center center horizontal Left reverse "
            "maxcols %zu\n",
            6.2 * em_x, 1 - 1.7 * em_x,
            figure_end_s(figure->grouping->groups, figure->grouping->count),
            1 - key / 2 / figure->height_in, columns);
    figure_windows(figure->grouping->groups, figure->grouping->count, script);
    for (size_t i = 0; i < PANELS; i++) {
        double low = bottom + panel * (double)(PANELS - 1 - i);
        write_panel(figure, i, low / figure->height_in,
                    (low + panel - (i > 0 ? gap : 0)) / figure->height_in, top[i] > 0 ? top[i] : 1);
    }
    fprintf(script, "    unset multiplot\n");
}

static bool same_faults(const struct run_data *a, const struct run_data *b)
{
    bool same = a->fault_count == b->fault_count;
    for (size_t i = 0; i < a->fault_count && same; i++)
        same = a->faults[i].from_ns == b->faults[i].from_ns &&
               a->faults[i].to_ns == b->faults[i].to_ns &&
               strcmp(a->faults[i].text, b->faults[i].text) == 0;
    return same;
}

/* The faults of a group, by its name where groups have different ones. */
static void write_faults(struct figure *figure, const struct group *group)
{
    const struct grouping *grouping = figure->grouping;
    const struct run_data *run = group->runs[0];
    bool named = false;
    for (size_t g = 1; g < grouping->count; g++)
        named = named || !same_faults(grouping->groups[0].runs[0], grouping->groups[g].runs[0]);
    if (named)
        fprintf(figure->caption, "; in %s%s", group->label, run->fault_count == 0 ? " none" : "");
    for (size_t i = 0; i < run->fault_count && i < FAULTS_NAMED; i++) {
        double from_s = (double)run->faults[i].from_ns / 1e9;
        fprintf(figure->caption, "%s %s from %.6g s", i > 0 ? ";" : ":", run->faults[i].text,
                from_s);
        if (run->faults[i].to_ns >= 0)
            fprintf(figure->caption, " to %.6g s", (double)run->faults[i].to_ns / 1e9);
    }
    if (run->fault_count > FAULTS_NAMED)
        fprintf(figure->caption, "; and %zu more", run->fault_count - FAULTS_NAMED);
}

static void write_caption(struct figure *figure)
{
    const struct grouping *grouping = figure->grouping;
    fprintf(figure->caption,
            "Messages delivered a second, messages created but not yet delivered, and the median "
            "and 99th percentile of the latency of those delivered, in %d equal intervals of "
            "simulated time. Grey: fault windows",
            BINS);
    for (size_t g = 0; g < grouping->count; g++)
        if (g == 0 || !same_faults(grouping->groups[0].runs[0], grouping->groups[g].runs[0]))
            write_faults(figure, &grouping->groups[g]);
    size_t least, most;
    figure_replications(figure, &least, &most);
    fprintf(figure->caption, ". The dashed upright line ends the warm-up.%s ",
            most > 1 ? " The first replication of each group is drawn." : "");
    figure_caption_runs(figure);
}

enum figure_result figure_fault_timeline(struct figure *figure)
{
    const struct grouping *grouping = figure->grouping;
    bool faults = false;
    for (size_t g = 0; g < grouping->count; g++) {
        const struct run_data *run = grouping->groups[g].runs[0];
        faults = faults || run->fault_count > 0;
        if (run->span_count == 0)
            return figure_fail(figure, FIGURE_NOTHING, "%s has no messages",
                               grouping->groups[g].label);
    }
    if (!faults)
        return figure_fail(figure, FIGURE_NOTHING, "no fault was injected");
    if (grouping->count > GROUPS_MAX)
        return figure_fail(figure, FIGURE_WRONG, "%zu groups, and at most %d fit: name fewer runs",
                           grouping->count, GROUPS_MAX);
    double top[PANELS] = {0};
    figure->height_in = 3.6;
    fprintf(figure->data, "series\tt_s\tdelivered_per_s\tpending\tp50_s\tp99_s\n");
    for (size_t g = 0; g < grouping->count; g++)
        write_group(figure, &grouping->groups[g], top);
    write_script(figure, top);
    write_caption(figure);
    return figure_check(figure, true, true);
}
