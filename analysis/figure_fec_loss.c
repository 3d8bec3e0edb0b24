/* How much of what is sent by turbine alone arrives whole, against the loss of a hop: erasure sets
 * and blocks, as measured in a sweep over network.loss, and as the binomial says of shreds that
 * cross 1, 2 or 3 hops and each find their way independently. A group is a point, its replications
 * the point's interval. */

#include "analysis/figure.h"
#include "analysis/figure_sweep.h"
#include "analysis/interval.h"
#include "analysis/must.h"

#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { POINTS_MAX = 64, SERIES_MAX = 3, HOPS_MAX = 3, CURVE_POINTS = 120, PANELS = 2 };
enum { SET_SHREDS = 64, SET_NEEDED = 32 };

static const char loss_param[] = "/network/loss";

static const struct {
    const char *name, *title, *tried, *whole;
} panels[PANELS] = {{"sets", "Sets whole", "sets_tried", "sets_whole"},
                    {"blocks", "Blocks whole", "blocks_tried", "blocks_whole"}};

struct point {
    double loss;
    size_t series;
    struct interval share[PANELS];
};

struct points {
    struct point items[POINTS_MAX]; /* by series, then loss */
    size_t count;
    char *series[SERIES_MAX];
    size_t series_count;
    double loss_max, sets_a_block;
};

double figure_fec_loss_set(double loss, unsigned hops)
{
    return gsl_cdf_binomial_Q(SET_NEEDED - 1, pow(1 - loss, hops), SET_SHREDS);
}

static double share_of(const struct run_data *run, size_t panel)
{
    double tried = run_data_metric(run, panels[panel].tried);
    double whole = run_data_metric(run, panels[panel].whole);
    return tried > 0 ? whole / tried : NAN;
}

static struct interval summarise(const struct group *group, size_t panel, double level)
{
    double *values = must_alloc(group->count * sizeof values[0]);
    for (size_t r = 0; r < group->count; r++)
        values[r] = share_of(group->runs[r], panel);
    struct interval result = interval_of(values, group->count, level);
    free(values);
    return result;
}

static int compare_points(const void *left, const void *right)
{
    const struct point *a = left, *b = right;
    if (a->series != b->series)
        return a->series < b->series ? -1 : 1;
    return (a->loss > b->loss) - (a->loss < b->loss);
}

/* The series of that name; SERIES_MAX when there are too many. Takes the label. */
static size_t series_index(struct points *points, char *label)
{
    for (size_t i = 0; i < points->series_count; i++)
        if (strcmp(points->series[i], label) == 0) {
            free(label);
            return i;
        }
    if (points->series_count == SERIES_MAX) {
        free(label);
        return SERIES_MAX;
    }
    points->series[points->series_count] = label;
    return points->series_count++;
}

/* Sets a block over all runs together: what the power of the lower panel's curves is. */
static double sets_a_block(const struct grouping *grouping)
{
    double sets = 0, blocks = 0;
    for (size_t g = 0; g < grouping->count; g++)
        for (size_t r = 0; r < grouping->groups[g].count; r++) {
            const struct run_data *run = grouping->groups[g].runs[r];
            double tried = run_data_metric(run, "blocks_tried");
            if (tried > 0) {
                sets += run_data_metric(run, "sets_tried");
                blocks += tried;
            }
        }
    return blocks > 0 ? sets / blocks : NAN;
}

static enum figure_result collect(struct figure *figure, struct points *points)
{
    const struct grouping *grouping = figure->grouping;
    for (size_t g = 0; g < grouping->count; g++) {
        const struct group *group = &grouping->groups[g];
        const struct run_param *loss = run_data_param(group->runs[0], loss_param);
        struct point point = {.loss = loss != NULL ? loss->number : NAN};
        for (size_t p = 0; p < PANELS; p++)
            point.share[p] = summarise(group, p, figure->level);
        if (point.share[0].n == 0 || isnan(point.loss))
            continue;
        point.series = series_index(points, figure_sweep_label(grouping, g, loss_param));
        if (point.series == SERIES_MAX)
            return figure_fail(figure, FIGURE_WRONG,
                               "more than %d series beside the binomial's: name fewer runs",
                               SERIES_MAX);
        if (points->count == POINTS_MAX)
            return figure_fail(figure, FIGURE_WRONG, "more than %d points: name fewer runs",
                               POINTS_MAX);
        points->items[points->count++] = point;
        points->loss_max = fmax(points->loss_max, point.loss);
    }
    if (points->count == 0)
        return figure_fail(figure, FIGURE_NOTHING,
                           "no run counted sets of shreds; run a sweep over network.loss with "
                           "spread.type turbine, as shardsim sweep scenarios/spread/fec_loss.json");
    if (!figure_sweep_differs(grouping, loss_param))
        return figure_fail(figure, FIGURE_NOTHING,
                           "the runs do not differ in network.loss; try shardsim sweep "
                           "scenarios/spread/fec_loss.json");
    points->sets_a_block = sets_a_block(grouping);
    qsort(points->items, points->count, sizeof points->items[0], compare_points);
    return FIGURE_DRAWN;
}

static void write_measured(struct figure *figure, const struct points *points, size_t panel,
                           size_t ret_index[SERIES_MAX])
{
    for (size_t s = 0; s < points->series_count; s++) {
        const char *label = points->series[s];
        ret_index[s] = figure_series(figure);
        for (size_t i = 0; i < points->count; i++) {
            const struct point *point = &points->items[i];
            const struct interval *share = &point->share[panel];
            if (point->series != s || share->n == 0)
                continue;
            double half = share->half_width; /* NAN for one run */
            double columns[3] = {share->mean, isnan(half) ? NAN : fmax(0, share->mean - half),
                                 isnan(half) ? NAN : fmin(1, share->mean + half)};
            fprintf(figure->data, "%s\t", panels[panel].name);
            figure_point(figure, label[0] != '\0' ? label : "measured", point->loss * 100, columns,
                         3);
        }
    }
}

/* A block of k sets is whole when each of them is. */
static void write_binomial(struct figure *figure, const struct points *points, size_t panel,
                           size_t ret_index[HOPS_MAX])
{
    for (unsigned hops = 1; hops <= HOPS_MAX; hops++) {
        char label[32];
        snprintf(label, sizeof label, "theory, %u %s", hops, hops == 1 ? "hop" : "hops");
        ret_index[hops - 1] = figure_series(figure);
        for (size_t i = 0; i <= CURVE_POINTS; i++) {
            double loss = points->loss_max * 1.04 * (double)i / CURVE_POINTS;
            if (loss > 1)
                break;
            double share = figure_fec_loss_set(loss, hops);
            double columns[3] = {panel == 0 ? share : pow(share, points->sets_a_block), NAN, NAN};
            fprintf(figure->data, "%s\t", panels[panel].name);
            figure_point(figure, label, loss * 100, columns, 3);
        }
    }
}

static void write_panel(struct figure *figure, const struct points *points, size_t panel)
{
    static const char *const dashes[HOPS_MAX] = {"solid", "(9,3)", "(2,3)"};
    size_t measured[SERIES_MAX], binomial[HOPS_MAX], least, most;
    FILE *script = figure->script;
    write_measured(figure, points, panel, measured);
    write_binomial(figure, points, panel, binomial);
    figure_replications(figure, &least, &most);
    fprintf(script, "    set ylabel \"%s\" offset 0.6,0\n    plot \\\n", panels[panel].title);
    for (size_t h = 0; h < HOPS_MAX; h++) {
        fprintf(script,
                "        DATA index %zu using 3:4 with lines linecolor rgb \"#606060\" linewidth 1 "
                "dashtype %s ",
                binomial[h], dashes[h]);
        if (panel == 0)
            fprintf(script, "title \"theory, %zu %s\"", h + 1, h == 0 ? "hop" : "hops");
        else
            fprintf(script, "notitle");
        fprintf(script, ", \\\n");
    }
    for (size_t s = 0; s < points->series_count; s++) {
        fprintf(script, "        DATA index %zu using 3:4 with linespoints linetype %zu ",
                measured[s], s + 1);
        fprintf(script, panel == 0 ? "title " : "notitle");
        if (panel == 0)
            figure_quote(script, points->series[s][0] != '\0' ? points->series[s] : "measured");
        if (most > 1)
            fprintf(script,
                    ", \\\n        DATA index %zu using 3:5:(0):($6-$5) with vectors nohead "
                    "linecolor rgb \"%s\" dashtype solid linewidth 1 notitle",
                    measured[s], figure_colour(s));
        fprintf(script, "%s\n", s + 1 < points->series_count ? ", \\" : "");
    }
}

static void write_script(struct figure *figure, const struct points *points)
{
    FILE *script = figure->script;
    double em_in = (double)figure->style->font_pt / 72 / figure->style->scale;
    double em_x = (double)figure->style->font_pt / 72 / figure->style->width_in;
    size_t letters = strlen("theory, 2 hops");
    for (size_t s = 0; s < points->series_count; s++) {
        size_t length = strlen(points->series[s]);
        letters = length > letters ? length : letters;
    }
    /* The series beside the theory. */
    size_t rows = figure_key_pairs(figure, letters) ? HOPS_MAX : HOPS_MAX + points->series_count;
    double key = (0.5 + 1.3 * (double)rows) * em_in, bottom = 3.3 * em_in, gap = 0.7 * em_in;
    double height = (figure->height_in - bottom - key) / PANELS, end = points->loss_max * 104;
    fprintf(script,
            "    set multiplot\n    set lmargin at screen %.4f\n    set rmargin at screen %.4f\n"
            "    set key at screen 0.5, screen %.4f center center vertical Left reverse "
            "maxrows %zu\n    set xrange [0:%.6g]\n    set xtics %.6g\n"
            "    set yrange [0:1.03]\n    set ytics 0.2 format \"%%.1f\"\n",
            6.4 * em_x, 1 - 1.7 * em_x, 1 - key / 2 / figure->height_in, rows, end,
            figure_tic_step(end, 8));
    for (size_t p = 0; p < PANELS; p++) {
        double low = bottom + height * (double)(PANELS - 1 - p);
        fprintf(script, "    set bmargin at screen %.4f\n    set tmargin at screen %.4f\n",
                low / figure->height_in, (low + height - (p > 0 ? gap : 0)) / figure->height_in);
        fprintf(script, p == 0 ? "    set xtics format \"\"\n    unset xlabel\n"
                               : "    set xtics format \"%%g\"\n"
                                 "    set xlabel \"Loss a hop (%%)\" offset 0,0.4\n");
        write_panel(figure, points, p);
    }
    fprintf(script, "    unset multiplot\n");
}

static void write_caption(struct figure *figure, const struct points *points)
{
    size_t least, most;
    figure_replications(figure, &least, &most);
    fprintf(figure->caption,
            "Share of the erasure sets, and of the blocks, that a validator had whole from turbine "
            "alone, without repair, against the loss of a hop; over all validators that were up. "
            "Lines in grey: the probability that at least %d of %d shreds arrive when each crosses "
            "1, 2 or 3 hops independently, P(Bin(%d, (1-p)^h) >= %d), and, for blocks, its power "
            "%.4g, the mean number of sets of a block. Shreds that a validator refused do not "
            "count. Shreds that a validator recovered are passed "
            "on like those that came, which the binomial does not know, and validators lose "
            "shreds together, since they share the way to them.",
            SET_NEEDED, SET_SHREDS, SET_SHREDS, SET_NEEDED, points->sets_a_block);
    if (most > 1)
        fprintf(figure->caption, " Bars are %g %% Student intervals over replications.",
                figure->level * 100);
    fprintf(figure->caption, " ");
    figure_caption_runs(figure);
}

enum figure_result figure_fec_loss(struct figure *figure)
{
    struct points points = {0};
    enum figure_result result = collect(figure, &points);
    if (result == FIGURE_DRAWN) {
        figure->height_in = 3.4;
        fprintf(figure->data, "panel\tseries\tloss_percent\tshare\tlow\thigh\n");
        write_script(figure, &points);
        write_caption(figure, &points);
        result = figure_check(figure, false, true);
    }
    for (size_t i = 0; i < points.series_count; i++)
        free(points.series[i]);
    return result;
}
