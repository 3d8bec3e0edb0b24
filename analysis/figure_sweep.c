#include "analysis/figure_sweep.h"

#include "analysis/must.h"
#include "analysis/table.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { POINTS_MAX = 64, REFERENCE = 1000 /* the look of the reference line */ };

struct point {
    double x;
    size_t group;
    size_t series;
};

struct points {
    struct point items[POINTS_MAX];
    size_t count;
    char *series[FIGURE_SERIES_MAX]; /* labels */
    size_t series_count;
};

static const struct table_row *row_of(const struct table *table, const char *metric)
{
    for (size_t i = 0; i < table->count; i++)
        if (strcmp(table->rows[i].name, metric) == 0)
            return &table->rows[i];
    return NULL;
}

bool figure_sweep_differs(const struct grouping *grouping, const char *path)
{
    const struct run_param *first = run_data_param(grouping->groups[0].runs[0], path);
    for (size_t g = 1; g < grouping->count; g++) {
        const struct run_param *other = run_data_param(grouping->groups[g].runs[0], path);
        const char *a = first != NULL && first->text != NULL ? first->text : "";
        const char *b = other != NULL && other->text != NULL ? other->text : "";
        if (strcmp(a, b) != 0)
            return true;
    }
    return false;
}

char *figure_sweep_label(const struct grouping *grouping, size_t group, const char *x_param)
{
    const struct run_data *run = grouping->groups[group].runs[0];
    char *label = must_copy("");
    for (size_t i = 0; i < run->param_count; i++) {
        const struct run_param *param = &run->params[i];
        if (!group_describes(param->path) || strcmp(param->path, x_param) == 0 ||
            param->text == NULL || !figure_sweep_differs(grouping, param->path))
            continue;
        /* A number or a switch says nothing without its name. */
        bool named = strchr("0123456789", param->text[0]) == NULL &&
                     strcmp(param->text, "true") != 0 && strcmp(param->text, "false") != 0;
        char *longer =
            must_print("%s%s%s%s%s", label, label[0] != '\0' ? ", " : "",
                       named ? "" : strrchr(param->path, '/') + 1, named ? "" : " ", param->text);
        free(label);
        label = longer;
    }
    return label;
}

/* How many series can be told apart when each has a line for every measure of a panel. */
static size_t series_limit(const struct sweep *sweep)
{
    size_t most = 1;
    for (size_t p = 0; p < FIGURE_SWEEP_PANELS; p++) {
        size_t rows = 0;
        for (size_t k = 0; k < FIGURE_SWEEP_ROWS; k++)
            rows += sweep->panels[p].rows[k].metric != NULL;
        most = rows > most ? rows : most;
    }
    return FIGURE_SERIES_MAX / most;
}

/* Series by name, in order of first appearance; SIZE_MAX when there are more than `limit`. */
static size_t series_index(struct points *points, char *label, size_t limit)
{
    for (size_t i = 0; i < points->series_count; i++)
        if (strcmp(points->series[i], label) == 0) {
            free(label);
            return i;
        }
    if (points->series_count == limit) {
        free(label);
        return SIZE_MAX;
    }
    points->series[points->series_count] = label;
    return points->series_count++;
}

static int compare_points(const void *left, const void *right)
{
    const struct point *a = left, *b = right;
    if (a->series != b->series)
        return a->series < b->series ? -1 : 1;
    if (a->x != b->x)
        return a->x < b->x ? -1 : 1;
    return (a->group > b->group) - (a->group < b->group);
}

static enum figure_result collect(struct figure *figure, const struct sweep *sweep,
                                  const struct table *table, struct points *points)
{
    const struct grouping *grouping = figure->grouping;
    if (grouping->count < 2 || !figure_sweep_differs(grouping, sweep->x_param))
        return figure_fail(figure, FIGURE_NOTHING, "the runs do not differ in %s", sweep->x_param);
    if (grouping->count > POINTS_MAX)
        return figure_fail(figure, FIGURE_WRONG, "%zu points, and at most %d fit", grouping->count,
                           POINTS_MAX);
    const struct table_row *measured =
        sweep->x_metric != NULL ? row_of(table, sweep->x_metric) : NULL;
    for (size_t g = 0; g < grouping->count; g++) {
        const struct run_param *param = run_data_param(grouping->groups[g].runs[0], sweep->x_param);
        double x = measured != NULL ? measured->cells[g].summary.mean
                   : param != NULL  ? param->number
                                    : NAN;
        size_t series = series_index(points, figure_sweep_label(grouping, g, sweep->x_param),
                                     series_limit(sweep));
        if (series == SIZE_MAX)
            return figure_fail(figure, FIGURE_WRONG, "more than %zu series: name fewer runs",
                               series_limit(sweep));
        if (!isnan(x))
            points->items[points->count++] =
                (struct point){.x = x * sweep->factor_x, .group = g, .series = series};
    }
    qsort(points->items, points->count, sizeof points->items[0], compare_points);
    return FIGURE_DRAWN;
}

/* Columns: panel, series, x, mean, low, high. Returns the greatest value. */
static double write_curve(struct figure *figure, const struct points *points, size_t series,
                          const struct table_row *row, const char *title)
{
    double top = 0;
    figure_series(figure);
    for (size_t i = 0; i < points->count; i++) {
        const struct point *point = &points->items[i];
        const struct interval *summary = &row->cells[point->group].summary;
        if (point->series != series || summary->n == 0)
            continue;
        double columns[3] = {summary->mean, summary->mean - summary->half_width,
                             summary->mean + summary->half_width};
        top = fmax(top, isnan(columns[2]) ? summary->mean : columns[2]);
        fprintf(figure->data, "%s\t", row->name);
        figure_point(figure, title, point->x, columns, 3);
    }
    return top;
}

/* The reference line, at the points of the first series, and its greatest value. False when the
 * runs lack its measure. */
static bool write_reference(struct figure *figure, const struct sweep *sweep,
                            const struct points *points, const struct table *table, double *ret_top)
{
    const struct table_row *row =
        sweep->reference_metric != NULL ? row_of(table, sweep->reference_metric) : NULL;
    if (row == NULL && sweep->reference == NULL)
        return false;
    const char *name = row != NULL ? row->name : "reference";
    *ret_top = 0;
    figure_series(figure);
    for (size_t i = 0; i < points->count; i++) {
        const struct point *point = &points->items[i];
        if (point->series != 0)
            continue;
        const struct run_data *run = figure->grouping->groups[point->group].runs[0];
        double y =
            row != NULL ? row->cells[point->group].summary.mean : sweep->reference(run, point->x);
        double columns[3] = {y, NAN, NAN};
        *ret_top = fmax(*ret_top, y);
        fprintf(figure->data, "%s\t", name);
        figure_point(figure, sweep->reference_title, point->x, columns, 3);
    }
    return true;
}

/* Powers of two as such, because plain numbers collide in a column; anything else as it is. */
static void write_x_axis(struct figure *figure, const struct sweep *sweep,
                         const struct points *points)
{
    FILE *script = figure->script;
    double least = INFINITY, most = 0;
    for (size_t i = 0; i < points->count; i++) {
        least = fmin(least, points->items[i].x);
        most = fmax(most, points->items[i].x);
    }
    if (!sweep->log2_x) {
        fprintf(script, "    set xrange [0:%.6g]\n", most * 1.04);
        return;
    }
    fprintf(script,
            "    set termoption enhanced\n    set logscale x 2\n    set xrange [%.6g:%.6g]\n"
            "    set xtics (",
            least / 1.2, most * 1.2);
    for (size_t i = 0; i < points->count; i++) {
        double x = points->items[i].x, power = log2(x);
        if (i > 0 && points->items[i].series != points->items[0].series)
            break;
        if (power == floor(power))
            fprintf(script, "%s\"2^{%.0f}\" %.9g", i > 0 ? ", " : "", power, x);
        else
            fprintf(script, "%s\"%.9g\" %.9g", i > 0 ? ", " : "", x, x);
    }
    fprintf(script, ")\n");
}

/* The greatest load of a series that is not saturated, marked by an upright line. */
static void write_knees(struct figure *figure, const struct points *points,
                        const struct table *table)
{
    const struct table_row *saturated = row_of(table, "saturated");
    for (size_t s = 0; saturated != NULL && s < points->series_count; s++) {
        double knee = 0;
        bool passed = false;
        for (size_t i = 0; i < points->count; i++) {
            if (points->items[i].series != s)
                continue;
            bool over = saturated->cells[points->items[i].group].summary.mean > 0.5;
            passed = passed || over;
            knee = !passed ? points->items[i].x : knee;
        }
        if (passed && knee > 0)
            fprintf(figure->script,
                    "    set arrow from first %.6g, graph 0 to first %.6g, graph 1 nohead back "
                    "linetype %zu linewidth %.1f\n",
                    knee, knee, s + 1, figure->style->line * 0.6);
    }
}

struct curves { /* of one panel */
    size_t index[2 * FIGURE_SERIES_MAX], look[2 * FIGURE_SERIES_MAX];
    size_t colour[2 * FIGURE_SERIES_MAX]; /* one a series; dash and marker differ by measure */
    char *title[2 * FIGURE_SERIES_MAX];
    size_t count;
    double top;
};

static void add_curve(struct curves *curves, size_t index, size_t look, size_t colour, char *title)
{
    MUST(curves->count < 2 * FIGURE_SERIES_MAX);
    curves->index[curves->count] = index;
    curves->look[curves->count] = look;
    curves->colour[curves->count] = colour;
    curves->title[curves->count++] = title;
}

static void make_curves(struct figure *figure, const struct sweep *sweep, size_t panel,
                        const struct points *points, const struct table *table,
                        struct curves *curves)
{
    size_t rows = 0;
    for (size_t k = 0; k < FIGURE_SWEEP_ROWS; k++)
        rows += sweep->panels[panel].rows[k].metric != NULL;
    for (size_t k = 0; k < rows; k++) {
        const struct sweep_row *what = &sweep->panels[panel].rows[k];
        const struct table_row *row = row_of(table, what->metric);
        for (size_t s = 0; row != NULL && s < points->series_count; s++) {
            const char *label = points->series[s];
            bool both = rows > 1 && label[0] != '\0';
            char *title = must_print("%s%s%s", label, both ? ", " : "",
                                     rows > 1 || label[0] == '\0' ? what->words : "");
            curves->top = fmax(curves->top, write_curve(figure, points, s, row, title));
            add_curve(curves, figure->series, s + points->series_count * k, s, title);
        }
    }
    double top = 0; /* an ideal that is out of reach is seen all the same */
    if (panel == 0 && curves->count > 0 && write_reference(figure, sweep, points, table, &top)) {
        add_curve(curves, figure->series, REFERENCE, 0, must_copy(sweep->reference_title));
        curves->top = fmax(curves->top, top);
    }
}

static void write_plot(struct figure *figure, const struct curves *curves, bool intervals,
                       bool titles)
{
    FILE *script = figure->script;
    fprintf(script, "    plot \\\n");
    for (size_t i = 0; i < curves->count; i++) {
        size_t look = curves->look[i];
        if (look == REFERENCE)
            fprintf(script,
                    "        DATA index %zu using 3:4 with lines linecolor rgb \"black\" "
                    "linewidth 1 dashtype (2,3) ",
                    curves->index[i]);
        else
            fprintf(script,
                    "        DATA index %zu using 3:4 with linespoints linetype %zu linecolor rgb "
                    "\"%s\" ",
                    curves->index[i], look % FIGURE_SERIES_MAX + 1,
                    figure_colour(curves->colour[i]));
        fprintf(script, titles && curves->title[i][0] != '\0' ? "title " : "notitle ");
        if (titles && curves->title[i][0] != '\0')
            figure_quote(script, curves->title[i]);
        if (intervals && look != REFERENCE)
            fprintf(script,
                    ", \\\n        DATA index %zu using 3:5:(0):($6-$5) with vectors nohead "
                    "linecolor rgb \"%s\" dashtype solid linewidth 1 notitle",
                    curves->index[i], figure_colour(curves->colour[i]));
        fprintf(script, "%s\n", i + 1 < curves->count ? ", \\" : "");
    }
}

static void write_panels(struct figure *figure, const struct sweep *sweep,
                         const struct points *points, const struct table *table,
                         struct curves curves[FIGURE_SWEEP_PANELS], size_t panels)
{
    FILE *script = figure->script;
    double em_in = (double)figure->style->font_pt / 72 / figure->style->scale;
    double em_x = (double)figure->style->font_pt / 72 / figure->style->width_in;
    size_t letters = 0, last = panels - 1, least, most;
    for (size_t i = 0; i < curves[last].count; i++) {
        size_t length = strlen(curves[last].title[i]);
        letters = length > letters ? length : letters;
    }
    size_t columns = figure_key_columns(figure, letters, 8);
    double rows = ceil((double)curves[last].count / (double)columns);
    double key = (0.5 + 1.3 * rows) * em_in, bottom = 3.3 * em_in, gap = 0.7 * em_in;
    double height = (figure->height_in - bottom - key) / (double)panels;
    figure_replications(figure, &least, &most);
    fprintf(script,
            "    set multiplot\n    set lmargin at screen %.4f\n    set rmargin at screen %.4f\n"
            "    set key at screen 0.5, screen %.4f center center horizontal Left reverse "
            "maxcols %zu\n",
            6.4 * em_x, 1 - 1.7 * em_x, 1 - key / 2 / figure->height_in, columns);
    write_x_axis(figure, sweep, points);
    if (sweep->marks_knee)
        write_knees(figure, points, table);
    for (size_t p = 0; p < panels; p++) {
        double low = bottom + height * (double)(last - p);
        double top = curves[p].top > 0 ? curves[p].top * 1.08 : 1;
        fprintf(script,
                "    set bmargin at screen %.4f\n    set tmargin at screen %.4f\n"
                "    set yrange [0:%.6g]\n    set ytics %.6g\n    set ylabel \"%s\" offset 0.6,0\n",
                low / figure->height_in, (low + height - (p > 0 ? gap : 0)) / figure->height_in,
                top, figure_tic_step(top, 5), sweep->panels[p].title);
        if (p < last)
            fprintf(script, "    set xtics format \"\"\n    unset xlabel\n");
        else
            fprintf(script, "    set xtics format \"%%g\"\n    set xlabel \"%s\" offset 0,0.4\n",
                    sweep->x_title);
        write_plot(figure, &curves[p], most > 1, p == last);
    }
    fprintf(script, "    unset multiplot\n");
}

enum figure_result figure_sweep(struct figure *figure, const struct sweep *sweep)
{
    struct points points = {0};
    struct curves curves[FIGURE_SWEEP_PANELS] = {0};
    struct table table = table_make(figure->grouping, figure->level);
    enum figure_result result = collect(figure, sweep, &table, &points);
    if (result == FIGURE_DRAWN) {
        size_t panels = sweep->panels[1].title != NULL ? 2 : 1, drawn = 0;
        figure->log_x = sweep->log2_x;
        figure->height_in = panels == 1 ? 2.4 : 3.2;
        fprintf(figure->data, "metric\tseries\tx\tmean\tlow\thigh\n");
        for (size_t p = 0; p < panels; p++) {
            make_curves(figure, sweep, p, &points, &table, &curves[p]);
            drawn += curves[p].count > 0;
        }
        if (drawn < panels) {
            result = figure_fail(figure, FIGURE_NOTHING, "the runs lack %s",
                                 sweep->panels[0].rows[0].metric);
        } else {
            write_panels(figure, sweep, &points, &table, curves, panels);
            fprintf(figure->caption, "%s ", sweep->caption);
            figure_caption_runs(figure);
            result = figure_check(figure, false, true);
        }
    }
    for (size_t p = 0; p < FIGURE_SWEEP_PANELS; p++)
        for (size_t i = 0; i < curves[p].count; i++)
            free(curves[p].title[i]);
    for (size_t i = 0; i < points.series_count; i++)
        free(points.series[i]);
    table_free(&table);
    return result;
}
