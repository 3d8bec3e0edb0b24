/* What a path gains and what it pays: median latency, duplicates and bytes a delivered message, one
 * row a group and one panel a quantity, so that a reader sees the trade in one line. */

#include "analysis/figure.h"
#include "analysis/must.h"
#include "analysis/table.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { PANELS = 3, ROWS_MAX = 12 };
#define NAMES_SHARE_MAX 0.65 /* of the width */

struct panel {
    const char *metric, *title;
    double factor;
    const struct table_row *row; /* NULL: the runs do not have it */
};

static const struct table_row *find_row(const struct table *table, const char *name)
{
    for (size_t i = 0; i < table->count; i++)
        if (strcmp(table->rows[i].name, name) == 0)
            return &table->rows[i];
    return NULL;
}

/* Adds a column with the number as it stands beside its bar: three digits. */
static void write_label(struct figure *figure, double value)
{
    int decimals = value > 0 ? 2 - (int)floor(log10(value)) : 0;
    fseek(figure->data, -1, SEEK_CUR); /* over the end of the line */
    fprintf(figure->data, "\t%.*f\n", decimals < 0 ? 0 : decimals > 4 ? 4 : decimals, value);
}

/* Columns: panel, group, row, value, low, high, label. */
static void write_panel_data(struct figure *figure, const struct panel *panel)
{
    figure_series(figure);
    for (size_t g = 0; g < figure->grouping->count; g++) {
        const struct interval *summary = &panel->row->cells[g].summary;
        double columns[3] = {summary->mean * panel->factor,
                             (summary->mean - summary->half_width) * panel->factor,
                             (summary->mean + summary->half_width) * panel->factor};
        fprintf(figure->data, "%s\t", panel->metric);
        figure_point(figure, figure->grouping->groups[g].label, (double)g, columns, 3);
        write_label(figure, columns[0]);
    }
}

static double panel_top(const struct figure *figure, const struct panel *panel)
{
    double top = 0;
    for (size_t g = 0; g < figure->grouping->count; g++) {
        const struct interval *summary = &panel->row->cells[g].summary;
        double half = isnan(summary->half_width) ? 0 : summary->half_width;
        top = fmax(top, (summary->mean + half) * panel->factor);
    }
    return top > 0 ? top : 1;
}

static void write_panel_script(struct figure *figure, const struct panel *panel, size_t index,
                               double left, double right)
{
    const struct grouping *grouping = figure->grouping;
    FILE *script = figure->script;
    double top = panel_top(figure, panel);
    fprintf(script,
            "    set lmargin at screen %.4f\n    set rmargin at screen %.4f\n"
            "    set xlabel \"%s\" offset 0,0.4\n    set xrange [0:%.6g]\n    set xtics %.6g\n",
            left, right, panel->title, top * 1.45, figure_tic_step(top * 1.45, 3));
    if (index == 1) {
        fprintf(script, "    set ytics scale 0 (");
        for (size_t g = 0; g < grouping->count; g++) {
            figure_quote_tic(script, grouping->groups[g].label);
            fprintf(script, " %zu%s", g, g + 1 < grouping->count ? ", " : ")\n");
        }
    } else {
        fprintf(script, "    unset ytics\n");
    }
    fprintf(script, "    plot \\\n");
    size_t least, most;
    figure_replications(figure, &least, &most);
    for (size_t g = 0; g < grouping->count; g++)
        fprintf(script,
                "        DATA index %zu every ::%zu::%zu using 4:3:(0):4:($3-0.34):($3+0.34) "
                "with boxxyerror fillcolor rgb \"%s\" linewidth 0 fillstyle solid 0.75 noborder "
                "notitle, \\\n",
                index, g, g, figure_colour(g));
    if (most > 1)
        fprintf(script,
                "        DATA index %zu using 5:3:($6-$5):(0) with vectors nohead linecolor rgb "
                "\"black\" linewidth 1 dashtype solid notitle, \\\n",
                index);
    fprintf(script,
            "        DATA index %zu using (%s > 0 ? %s : $4):3:7 with labels "
            "left offset 0.4,0 notitle\n",
            index, most > 1 ? "$6" : "$4", most > 1 ? "$6" : "$4");
}

/* The share of the width that the names of the rows take. */
static double names_share(const struct figure *figure)
{
    const struct grouping *grouping = figure->grouping;
    size_t longest = 0;
    for (size_t g = 0; g < grouping->count; g++) {
        size_t length = strlen(grouping->groups[g].label);
        longest = length > longest ? length : longest;
    }
    double em_in = (double)figure->style->font_pt / 72;
    return (0.10 + 0.52 * em_in * (double)longest) / figure->style->width_in;
}

static void write_script(struct figure *figure, const struct panel *panels, size_t count)
{
    const struct grouping *grouping = figure->grouping;
    FILE *script = figure->script;
    double em_in = (double)figure->style->font_pt / 72, left = names_share(figure);
    double gap = 1.1 * em_in / figure->style->width_in;
    double width = (1 - left - gap * (double)count) / (double)count;
    fprintf(script,
            "    set multiplot\n    unset key\n    set errorbars small\n    unset ylabel\n    set "
            "border 2\n"
            "    set grid noytics xtics back\n    set yrange [%.2f:-0.6]\n"
            "    set tmargin at screen 0.97\n    set bmargin at screen %.4f\n",
            (double)grouping->count - 0.4, 4.35 * em_in / figure->height_in);
    size_t index = 0;
    for (size_t i = 0; i < PANELS; i++) {
        if (panels[i].row == NULL)
            continue;
        double from = left + (width + gap) * (double)index;
        write_panel_script(figure, &panels[i], ++index, from, from + width);
    }
    fprintf(script, "    unset multiplot\n");
}

static void write_caption(struct figure *figure, const struct table *table,
                          const struct panel *panels)
{
    static const char *const words[PANELS] = {
        "median latency of cross-shard messages from creation to delivery",
        ("copies that arrived after their message had been delivered and were discarded, for each "
         "delivered message"),
        "bytes of all packets sent, for each delivered message",
    };
    fprintf(figure->caption, "What each group gains and pays:");
    for (size_t i = 0; i < PANELS; i++)
        if (panels[i].row != NULL)
            fprintf(figure->caption, "%s %s", i > 0 ? ";" : "", words[i]);
    fprintf(figure->caption, ". Latency counts messages created after the warm-up; duplicates and "
                             "bytes are of the whole run.");
    const struct table_row *p95 = find_row(table, "latency_cross_p95");
    for (size_t g = 0; p95 != NULL && g < figure->grouping->count; g++)
        fprintf(figure->caption, "%s %s %.4g s", g == 0 ? " 95th percentile of latency:" : ";",
                figure->grouping->groups[g].label, p95->cells[g].summary.mean);
    fprintf(figure->caption, ". ");
    size_t least, most;
    figure_replications(figure, &least, &most);
    if (most > 1)
        fprintf(figure->caption, "Bars are %g %% Student intervals over replications. ",
                figure->level * 100);
    figure_caption_runs(figure);
}

enum figure_result figure_path_cost(struct figure *figure)
{
    struct panel panels[PANELS] = {
        {"latency_cross_p50", "Median\\nlatency (s)", 1, NULL},
        {"duplicates_per_message", "Duplicates\\nper message", 1, NULL},
        {"packet_bytes_per_message", "KiB sent\\nper message", 1.0 / 1024, NULL},
    };
    size_t groups = figure->grouping->count;
    if (groups < 2)
        return figure_fail(figure, FIGURE_NOTHING, "one group has nothing to be compared with");
    if (groups > ROWS_MAX)
        return figure_fail(figure, FIGURE_WRONG, "%zu groups, and at most %d fit: name fewer runs",
                           groups, ROWS_MAX);
    if (names_share(figure) > NAMES_SHARE_MAX)
        return figure_fail(figure, FIGURE_WRONG,
                           "the names of the groups leave no room for bars: --by a parameter with "
                           "shorter values, or --style ieee2");
    struct table table = table_make(figure->grouping, figure->level);
    size_t count = 0;
    for (size_t i = 0; i < PANELS; i++) {
        panels[i].row = find_row(&table, panels[i].metric);
        count += panels[i].row != NULL;
    }
    enum figure_result result = FIGURE_DRAWN;
    if (panels[0].row == NULL) {
        result = figure_fail(figure, FIGURE_NOTHING, "no cross-shard message was delivered");
    } else {
        double em_in = (double)figure->style->font_pt / 72;
        figure->height_in = (0.05 + em_in * (4.5 + 1.7 * (double)groups)) / figure->style->scale;
        fprintf(figure->data, "panel\tgroup\trow\tvalue\tlow\thigh\tlabel\n");
        for (size_t i = 0; i < PANELS; i++)
            if (panels[i].row != NULL)
                write_panel_data(figure, &panels[i]);
        figure->height_in *= figure->style->scale;
        write_script(figure, panels, count);
        figure->height_in /= figure->style->scale;
        write_caption(figure, &table, panels);
        result = figure_check(figure, false, false);
    }
    table_free(&table);
    return result;
}
