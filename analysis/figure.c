#include "analysis/figure.h"

#include "analysis/must.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <string.h>

const struct figure_kind figure_kinds[] = {
    {"latency_cdf", "confirmation latency, intra against cross-shard, per path",
     figure_latency_cdf},
    {"hops", "hops of delivered cross-shard messages, with their mean", figure_hops},
    {"path_cost", "latency gained against duplicates and bytes paid", figure_path_cost},
    {"queue_time", "queue length over time, per chain", figure_queue_time},
    {"fault_timeline", "throughput, pending messages and latency over time, fault windows shaded",
     figure_fault_timeline},
    {"shards", "number of shards over time, where they split and merge", figure_shards},
    {"spread_cdf", "time until blocks have reached 50, 90 and 99 % of the stake",
     figure_spread_cdf},
    {"repair", "repair requests, useful shreds and duplicates over time; time to repair",
     figure_repair},
    {"fec_loss", "erasure sets and blocks whole by turbine alone against loss, with the binomial",
     figure_fec_loss},
    {"throughput_shards", "throughput against the number of shards", figure_throughput_shards},
    {"hops_shards", "mean hops against the number of shards, with the theory line",
     figure_hops_shards},
    {"latency_load", "latency against offered load, knee marked", figure_latency_load},
    {"latency_cross", "throughput and latency against the share of cross-shard transactions",
     figure_latency_cross},
    {NULL, NULL, NULL}};

/* Column widths of the publishers; text of 8 pt in print. */
const struct figure_style figure_styles[] = {{"ieee1", 3.5, 1, 8, 1.5}, {"ieee2", 7.16, 1, 8, 1.5},
                                             {"acm1", 3.33, 1, 8, 1.5}, {"acm2", 7.0, 1, 8, 1.5},
                                             {"lncs", 4.8, 1, 8, 1.5},  {"slides", 10, 2.3, 18, 3},
                                             {NULL, 0, 0, 0, 0}};

static const char *const colours[FIGURE_SERIES_MAX] = {"#0072B2", "#D55E00", "#009E73",
                                                       "#CC79A7", "#E69F00", "#56B4E9"};

const char *figure_colour(size_t index)
{
    return colours[index % FIGURE_SERIES_MAX];
}

#define TEXT_DOTS (72.0 / 96)

enum figure_result figure_fail(struct figure *figure, enum figure_result result, const char *format,
                               ...)
{
    va_list list;
    va_start(list, format);
    vsnprintf(figure->error, sizeof figure->error, format, list);
    va_end(list);
    return result;
}

/* The fewest points of a finished series; SIZE_MAX before the first. */
static void close_series(struct figure *figure)
{
    if (figure->series > 0 && figure->points < 2 && figure->error[0] == '\0')
        figure_fail(figure, FIGURE_WRONG, "series %zu has %zu of the 2 points a line needs",
                    figure->series, figure->points);
}

size_t figure_series(struct figure *figure)
{
    close_series(figure);
    figure->points = 0;
    fprintf(figure->data, "\n\n");
    return ++figure->series;
}

void figure_point(struct figure *figure, const char *series, double x, const double *columns,
                  size_t count)
{
    if (figure->log_x && !(x > 0))
        figure_fail(figure, FIGURE_WRONG, "%s holds %g, which a logarithmic axis cannot show",
                    series, x);
    figure->points++;
    for (const char *c = series; *c != '\0'; c++)
        fputc(*c == '\t' || *c == '\n' ? ' ' : *c, figure->data);
    fprintf(figure->data, "\t%.12g", x); /* nanoseconds in 1000 s */
    for (size_t i = 0; i < count; i++) {
        if (isnan(columns[i]))
            fprintf(figure->data, "\tNaN");
        else
            fprintf(figure->data, "\t%.12g", columns[i]);
    }
    fputc('\n', figure->data);
}

enum figure_result figure_check(struct figure *figure, bool limited, bool lines)
{
    close_series(figure);
    if (!lines && strncmp(figure->error, "series ", 7) == 0)
        figure->error[0] = '\0';
    if (figure->error[0] != '\0')
        return FIGURE_WRONG;
    if (limited && figure->series > FIGURE_SERIES_MAX)
        return figure_fail(figure, FIGURE_WRONG,
                           "%zu series, and at most %d can be told apart: name fewer runs",
                           figure->series, FIGURE_SERIES_MAX);
    return FIGURE_DRAWN;
}

double figure_end_s(const struct group *groups, size_t count)
{
    int64_t end_ns = 0;
    for (size_t g = 0; g < count; g++)
        end_ns = groups[g].runs[0]->sim_end_ns > end_ns ? groups[g].runs[0]->sim_end_ns : end_ns;
    return (double)end_ns / 1e9;
}

void figure_windows(const struct group *groups, size_t count, FILE *script)
{
    double end_s = figure_end_s(groups, count), warmup_s = 0;
    size_t objects = 0;
    fprintf(script, "    unset object\n    unset arrow\n");
    for (size_t g = 0; g < count; g++) {
        const struct run_data *run = groups[g].runs[0];
        warmup_s = fmax(warmup_s, (double)run->warmup_ns / 1e9);
        for (size_t i = 0; i < run->fault_count; i++) {
            double to_s = run->faults[i].to_ns < 0 ? end_s : (double)run->faults[i].to_ns / 1e9;
            fprintf(script,
                    "    set object %zu rectangle from first %.6g, graph 0 to first %.6g, graph 1 "
                    "behind fillcolor rgb \"#E6E6E6\" fillstyle solid noborder\n",
                    ++objects, (double)run->faults[i].from_ns / 1e9, fmin(to_s, end_s));
        }
    }
    if (warmup_s > 0)
        fprintf(script,
                "    set arrow 1 from first %.6g, graph 0 to first %.6g, graph 1 nohead back "
                "linecolor rgb \"#808080\" linewidth 0.7 dashtype (3,3)\n",
                warmup_s, warmup_s);
}

static void quote(FILE *file, const char *text, bool is_format)
{
    fputc('"', file);
    for (const char *c = text; *c != '\0'; c++) {
        if (*c == '"' || *c == '\\')
            fputc('\\', file);
        if (*c == '%' && is_format)
            fputc('%', file);
        fputc(*c == '\n' ? ' ' : *c, file);
    }
    fputc('"', file);
}

void figure_quote(FILE *file, const char *text)
{
    quote(file, text, false);
}

void figure_quote_tic(FILE *file, const char *text)
{
    quote(file, text, true);
}

/* Cairo's terminals take a point for 1/72 in but text for 96 dots an inch, so 8 pt in print is
 * asked for as 6. SVG units are points, and PNG has 300 dots an inch: text, lines and markers have
 * the same size against the figure in all formats. */
static void write_terminals(const struct figure *figure, FILE *file)
{
    const struct figure_style *style = figure->style;
    double width = style->width_in, height = figure->height_in, dots = 300.0 / 72;
    double font = style->font_pt * TEXT_DOTS;
    fprintf(file,
            "    if (format eq \"pdf\") {\n"
            "        set terminal pdfcairo noenhanced size %.2fin,%.2fin fontscale 1.0 "
            "font \"Liberation Sans,%g\"\n"
            "        set output ID.\".pdf\"\n    }\n",
            width, height, font);
    fprintf(file,
            "    if (format eq \"svg\") {\n"
            "        set terminal svg noenhanced size %.0f,%.0f linewidth 0.5 font \"Liberation "
            "Sans,%g\" "
            "background \"white\"\n"
            "        set output ID.\".svg\"\n    }\n",
            width * 72, height * 72, (double)style->font_pt);
    fprintf(file,
            "    if (format eq \"png\") {\n"
            "        set terminal pngcairo noenhanced size %.0f,%.0f font \"Liberation Sans,%g\" "
            "fontscale %.4f linewidth %.4f pointscale %.4f\n"
            "        set output ID.\".png\"\n    }\n",
            width * 300, height * 300, font, dots, dots / 2, dots);
    fprintf(file,
            "    if (format eq \"tex\") {\n"
            "        set terminal cairolatex pdf size %.2fin,%.2fin\n"
            "        set output ID.\"_tex.tex\"\n    }\n",
            width, height);
    fprintf(file, "    if (format eq \"term\") {\n"
                  "        set terminal dumb noenhanced size 100,30\n    }\n");
}

void figure_head(const struct figure *figure, const char *formats, FILE *file)
{
    const struct figure_style *style = figure->style;
    fprintf(file,
            "# Run in this folder: gnuplot %s.gp\n"
            "ID = \"%s\"\nDATA = ID.\".tsv\"\n"
            "set encoding utf8\nset datafile separator tab\n"
            "unset title\nset border 3 linewidth 0.5\n"
            "set tics out nomirror scale 0.5,0.25\n"
            /* The default keeps room for a sign, which moves labels away from their tics. */
            "set format x \"%%g\"\n"
            "set grid linecolor rgb \"#D9D9D9\" linewidth 0.4 dashtype solid\n"
            "set key spacing 1.1 samplen 2 noenhanced\n",
            figure->id, figure->id);
    static const char *const dashes[FIGURE_SERIES_MAX] = {"solid",      "(14,5)", "(4,4)",
                                                          "(14,4,3,4)", "(8,4)",  "(14,4,3,4,3,4)"};
    static const int markers[FIGURE_SERIES_MAX] = {7, 5, 9, 13, 6, 4};
    for (size_t i = 0; i < FIGURE_SERIES_MAX; i++)
        fprintf(file,
                "set linetype %zu linecolor rgb \"%s\" linewidth %.1f dashtype %s "
                "pointtype %d pointsize %.2f\n",
                i + 1, colours[i], style->line, dashes[i], markers[i], 0.05 * style->font_pt);
    fprintf(file, "do for [format in \"%s\"] {\n", formats);
    write_terminals(figure, file);
}

void figure_tail(FILE *file)
{
    fprintf(file, "    unset output\n}\n");
}

double figure_tic_step(double range, int intervals)
{
    MUST(range > 0 && intervals > 0);
    double power = pow(10, floor(log10(range / intervals))), least = range / intervals;
    return least <= power * 1.0001   ? power
           : least <= 2.0001 * power ? 2 * power
           : least <= 5.0001 * power ? 5 * power
                                     : 10 * power;
}

size_t figure_key_columns(const struct figure *figure, size_t letters, double margins_em)
{
    double em_in = (double)figure->style->font_pt / 72;
    double room = figure->style->width_in / em_in - margins_em;
    double columns = floor(room / (0.55 * ((double)letters + 5)));
    return columns < 1 ? 1 : columns > 3 ? 3 : (size_t)columns;
}

bool figure_key_pairs(const struct figure *figure, size_t letters)
{
    double em_in = (double)figure->style->font_pt / 72;
    return 2 * (0.5 * (double)letters + 4.5) <= figure->style->width_in / em_in - 1;
}

void figure_replications(const struct figure *figure, size_t *ret_least, size_t *ret_most)
{
    *ret_least = SIZE_MAX;
    *ret_most = 0;
    for (size_t g = 0; g < figure->grouping->count; g++) {
        size_t count = figure->grouping->groups[g].count;
        *ret_least = count < *ret_least ? count : *ret_least;
        *ret_most = count > *ret_most ? count : *ret_most;
    }
}

void figure_caption_runs(struct figure *figure)
{
    const struct grouping *grouping = figure->grouping;
    size_t least, most;
    figure_replications(figure, &least, &most);
    if (least == most)
        fprintf(figure->caption, "n = %zu %s a group", most, most == 1 ? "run" : "replications");
    else
        fprintf(figure->caption, "n = %zu to %zu replications a group", least, most);
    fprintf(figure->caption, "%s.\n\n", most < 2 ? "; no interval is drawn for a single run" : "");
    fprintf(figure->caption, "Groups by %s:\n", grouping->by);
    for (size_t g = 0; g < grouping->count; g++)
        for (size_t r = 0; r < grouping->groups[g].count; r++) {
            const struct run_data *run = grouping->groups[g].runs[r];
            fprintf(figure->caption,
                    "  %s: run %s, seed %" PRId64 ".%" PRId64 ", result %s, warm-up %.9g s of "
                    "%.9g s\n",
                    grouping->groups[g].label, run->run_key, run->seed, run->replication,
                    run->result_hash != NULL ? run->result_hash : "-", (double)run->warmup_ns / 1e9,
                    (double)run->sim_end_ns / 1e9);
        }
    const char *version = grouping->groups[0].runs[0]->program_version;
    fprintf(figure->caption, "Made by shardsim%s%s.\n", version != NULL ? " " : "",
            version != NULL ? version : "");
}
