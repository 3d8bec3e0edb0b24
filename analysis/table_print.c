#include "analysis/table.h"

#include "analysis/must.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_COLUMNS_MAX = 110, COLUMN_GAP = 3, DIGITS = 4 };

struct scale { /* how the numbers of one row are written */
    const char *unit;
    double factor;
    int decimals;
};

/* The greatest magnitude of a row decides the unit and the decimals of all its columns. */
static double greatest(const struct table *table, const struct table_row *row)
{
    double most = 0;
    for (size_t g = 0; g < table->grouping->count; g++)
        if (fabs(row->cells[g].summary.mean) > most)
            most = fabs(row->cells[g].summary.mean);
    return most;
}

static int decimals_for(double most)
{
    if (most == 0)
        return 0;
    int decimals = DIGITS - 1 - (int)floor(log10(most));
    return decimals < 0 ? 0 : decimals > 6 ? 6 : decimals;
}

static bool all_whole(const struct table *table, const struct table_row *row)
{
    for (size_t g = 0; g < table->grouping->count; g++) {
        const struct interval *summary = &row->cells[g].summary;
        bool varies = summary->n > 1 && summary->sd > 0;
        if (varies || (summary->n > 0 && summary->mean != floor(summary->mean)))
            return false;
    }
    return true;
}

static struct scale seconds_scale(double most)
{
    if (most >= 1 || most == 0)
        return (struct scale){"s", 1, 0};
    if (most >= 1e-3)
        return (struct scale){"ms", 1e3, 0};
    return most >= 1e-6 ? (struct scale){"us", 1e6, 0} : (struct scale){"ns", 1e9, 0};
}

static struct scale bytes_scale(double most)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    double factor = 1;
    size_t at = 0;
    for (; at + 1 < sizeof units / sizeof units[0] && most * factor >= 10240; at++)
        factor /= 1024;
    return (struct scale){units[at], factor, 0};
}

/* Times of one section share unit and decimals, so that its rows can be compared at a glance. */
static struct scale section_scale(const struct table *table, enum measure_section section)
{
    double most = 0, least = INFINITY;
    bool whole = true;
    for (size_t i = 0; i < table->count; i++) {
        const struct table_row *row = &table->rows[i];
        if (row->section != section || row->unit != MEASURE_SECONDS)
            continue;
        double row_most = greatest(table, row);
        most = fmax(most, row_most);
        least = row_most > 0 ? fmin(least, row_most) : least;
        whole = whole && all_whole(table, row);
    }
    struct scale scale = seconds_scale(most);
    if (most > 0 && !(whole && scale.factor == 1))
        scale.decimals = decimals_for(least * scale.factor);
    if (scale.decimals > DIGITS - 1)
        scale.decimals = DIGITS - 1;
    return scale;
}

static struct scale scale_of(const struct table *table, const struct table_row *row)
{
    struct scale scale = {"", 1, 0};
    double most = greatest(table, row);
    switch (row->unit) {
    case MEASURE_SECONDS:
        return section_scale(table, row->section);
    case MEASURE_BYTES:
        scale = bytes_scale(most);
        break;
    case MEASURE_PER_SECOND:
        scale.unit = "1/s";
        break;
    case MEASURE_SHARE:
        return (struct scale){"%", 100, 1};
    case MEASURE_YES:
        return scale;
    case MEASURE_COUNT:
    case MEASURE_RATIO:
        break;
    }
    bool counted = row->unit == MEASURE_COUNT || row->unit == MEASURE_BYTES;
    if (!(counted && scale.factor == 1 && all_whole(table, row)))
        scale.decimals = decimals_for(most * scale.factor);
    return scale;
}

/* "1.92", "1.92 ±0.03", "yes", "2 of 5", "-"; to be freed. */
static char *cell_text(const struct table *table, const struct table_row *row, size_t group,
                       struct scale scale)
{
    const struct interval *summary = &row->cells[group].summary;
    size_t runs = table->grouping->groups[group].count;
    if (summary->n == 0 || row->cells[group].absent)
        return must_copy("-");
    double mean = summary->mean * scale.factor;
    if (row->unit == MEASURE_YES && summary->n == 1)
        return must_copy(mean > 0 ? "yes" : "no");
    if (row->unit == MEASURE_YES)
        return must_print("%.0f of %zu", mean * (double)summary->n, summary->n);
    char few[32] = "";
    if (summary->n < runs)
        snprintf(few, sizeof few, " (n=%zu)", summary->n);
    if (summary->n < 2 || summary->sd == 0)
        return must_print("%.*f%s", scale.decimals, mean, few);
    return must_print("%.*f ±%.*f%s", scale.decimals, mean, scale.decimals,
                      summary->half_width * scale.factor, few);
}

/* Columns on the screen: bytes that do not continue a UTF-8 sequence. */
static int text_columns(const char *text)
{
    int columns = 0;
    for (const char *c = text; *c != '\0'; c++)
        columns += ((unsigned char)*c & 0xC0) != 0x80;
    return columns;
}

static void print_right(FILE *file, const char *text, int columns)
{
    fprintf(file, "%*s%s", columns - text_columns(text), "", text);
}

/* A counter that nothing ever moved is named, not given a row. */
static bool is_idle(const struct table *table, const struct table_row *row)
{
    return !table->by_name && row->section == MEASURE_COUNTERS && greatest(table, row) == 0;
}

struct widths {
    int label, unit;
    int *group;
};

static int widest(int a, int b)
{
    return a > b ? a : b;
}

static struct widths measure_widths(const struct table *table)
{
    const struct grouping *grouping = table->grouping;
    struct widths widths = {.group = must_alloc(grouping->count * sizeof widths.group[0])};
    for (size_t g = 0; g < grouping->count; g++)
        widths.group[g] = widest(8, text_columns(grouping->groups[g].label));
    for (size_t i = 0; i < table->count; i++) {
        const struct table_row *row = &table->rows[i];
        struct scale scale = scale_of(table, row);
        widths.label = widest(widths.label, text_columns(row->label));
        widths.unit = widest(widths.unit, text_columns(scale.unit));
        for (size_t g = 0; g < grouping->count; g++) {
            char *text = cell_text(table, row, g, scale);
            widths.group[g] = widest(widths.group[g], text_columns(text));
            free(text);
        }
    }
    return widths;
}

static void print_block(const struct table *table, const struct widths *widths, size_t first,
                        size_t end, FILE *file)
{
    const struct grouping *grouping = table->grouping;
    fprintf(file, "%*s", widths->label + widths->unit + 4, "");
    for (size_t g = first; g < end; g++) {
        fprintf(file, "%*s", COLUMN_GAP, "");
        print_right(file, grouping->groups[g].label, widths->group[g]);
    }
    fprintf(file, "\n  %-*s  %-*s", widths->label, "runs", widths->unit, "");
    for (size_t g = first; g < end; g++)
        fprintf(file, "%*s%*zu", COLUMN_GAP, "", widths->group[g], grouping->groups[g].count);
    fprintf(file, "\n");
    enum measure_section section = MEASURE_SECTIONS;
    for (size_t i = 0; i < table->count; i++) {
        const struct table_row *row = &table->rows[i];
        if (is_idle(table, row))
            continue;
        if (row->section != section)
            fprintf(file, "%s\n", measure_section_title(row->section));
        section = row->section;
        struct scale scale = scale_of(table, row);
        fprintf(file, "  %-*s  %-*s", widths->label, row->label, widths->unit, scale.unit);
        for (size_t g = first; g < end; g++) {
            char *text = cell_text(table, row, g, scale);
            fprintf(file, "%*s", COLUMN_GAP, "");
            print_right(file, text, widths->group[g]);
            free(text);
        }
        fprintf(file, "\n");
    }
}

static void print_idle(const struct table *table, FILE *file)
{
    int columns = 0;
    for (size_t i = 0; i < table->count; i++) {
        const struct table_row *row = &table->rows[i];
        if (!is_idle(table, row))
            continue;
        int wide = text_columns(row->label) + 1;
        if (columns == 0)
            fprintf(file, "counters that are 0 in every run (--metric shows them)\n ");
        else if (columns + wide > LINE_COLUMNS_MAX)
            fprintf(file, "\n ");
        columns = columns == 0 || columns + wide > LINE_COLUMNS_MAX ? wide : columns + wide;
        fprintf(file, " %s", row->label);
    }
    if (columns > 0)
        fprintf(file, "\n");
}

void table_print_text(const struct table *table, FILE *file)
{
    struct widths widths = measure_widths(table);
    size_t count = table->grouping->count;
    for (size_t first = 0; first < count;) {
        int columns = widths.label + widths.unit + 4 + COLUMN_GAP + widths.group[first];
        size_t end = first + 1;
        for (; end < count; end++) {
            columns += COLUMN_GAP + widths.group[end];
            if (columns > LINE_COLUMNS_MAX)
                break;
        }
        if (first > 0)
            fprintf(file, "\n");
        print_block(table, &widths, first, end, file);
        first = end;
    }
    print_idle(table, file);
    free(widths.group);
}

static void print_tex_text(const char *text, FILE *file)
{
    for (const char *c = text; *c != '\0'; c++) {
        if (strchr("&%$#_{}", *c) != NULL)
            fprintf(file, "\\%c", *c);
        else if (*c == '\\' || *c == '~' || *c == '^')
            fprintf(file, "\\char`\\%c{}", *c);
        else if (strncmp(c, "±", strlen("±")) == 0) {
            fprintf(file, "$\\pm$");
            c += strlen("±") - 1;
        } else
            fputc(*c, file);
    }
}

void table_print_tex(const struct table *table, FILE *file)
{
    const struct grouping *grouping = table->grouping;
    fprintf(file, "%% \\usepackage{booktabs}\n\\begin{tabular}{ll");
    for (size_t g = 0; g < grouping->count; g++)
        fprintf(file, "r");
    fprintf(file, "}\n\\toprule\n & ");
    for (size_t g = 0; g < grouping->count; g++) {
        fprintf(file, " & ");
        print_tex_text(grouping->groups[g].label, file);
    }
    fprintf(file, " \\\\\n\\midrule\nruns & ");
    for (size_t g = 0; g < grouping->count; g++)
        fprintf(file, " & %zu", grouping->groups[g].count);
    fprintf(file, " \\\\\n");
    for (size_t i = 0; i < table->count; i++) {
        const struct table_row *row = &table->rows[i];
        if (i == 0 || row->section != table->rows[i - 1].section)
            fprintf(file, "\\addlinespace\n\\multicolumn{%zu}{l}{\\textit{%s}} \\\\\n",
                    grouping->count + 2, measure_section_title(row->section));
        struct scale scale = scale_of(table, row);
        print_tex_text(row->label, file);
        fprintf(file, " & ");
        print_tex_text(scale.unit, file);
        for (size_t g = 0; g < grouping->count; g++) {
            char *text = cell_text(table, row, g, scale);
            fprintf(file, " & ");
            print_tex_text(text, file);
            free(text);
        }
        fprintf(file, " \\\\\n");
    }
    fprintf(file, "\\bottomrule\n\\end{tabular}\n");
}

static const char *base_unit(enum measure_unit unit)
{
    switch (unit) {
    case MEASURE_SECONDS:
        return "s";
    case MEASURE_BYTES:
        return "B";
    case MEASURE_PER_SECOND:
        return "1/s";
    case MEASURE_COUNT:
    case MEASURE_SHARE:
    case MEASURE_RATIO:
    case MEASURE_YES:
        break;
    }
    return "1";
}

static void print_csv_text(const char *text, FILE *file)
{
    if (strpbrk(text, ",\"\r\n") == NULL) {
        fputs(text, file);
        return;
    }
    fputc('"', file);
    for (const char *c = text; *c != '\0'; c++)
        fprintf(file, *c == '"' ? "\"\"" : "%c", *c);
    fputc('"', file);
}

/* A missing number is an empty field. Whole ones, as counts and bytes, have all their digits. */
static void print_csv_number(double value, FILE *file)
{
    if (isnan(value))
        fputc(',', file);
    else if (value == floor(value) && fabs(value) < 0x1p53)
        fprintf(file, ",%.0f", value + 0.0); /* no "-0" */
    else
        fprintf(file, ",%.12g", value);
}

void table_print_csv(const struct table *table, FILE *file)
{
    fprintf(file, "group,section,metric,unit,n,mean,sd,half_width,level\n");
    for (size_t i = 0; i < table->count; i++) {
        const struct table_row *row = &table->rows[i];
        for (size_t g = 0; g < table->grouping->count; g++) {
            const struct interval *summary = &row->cells[g].summary;
            print_csv_text(table->grouping->groups[g].label, file);
            fputc(',', file);
            print_csv_text(measure_section_title(row->section), file);
            fputc(',', file);
            print_csv_text(row->name, file);
            fprintf(file, ",%s,%zu", base_unit(row->unit), summary->n);
            print_csv_number(summary->mean, file);
            print_csv_number(summary->sd, file);
            print_csv_number(summary->half_width, file);
            fprintf(file, ",%g\n", table->level);
        }
    }
}

static void json_number(cJSON *object, const char *name, double value)
{
    if (isnan(value))
        cJSON_AddNullToObject(object, name);
    else
        cJSON_AddNumberToObject(object, name, value);
}

void table_print_json(const struct table *table, FILE *file)
{
    for (size_t i = 0; i < table->count; i++) {
        const struct table_row *row = &table->rows[i];
        for (size_t g = 0; g < table->grouping->count; g++) {
            const struct interval *summary = &row->cells[g].summary;
            cJSON *object = cJSON_CreateObject();
            cJSON_AddStringToObject(object, "group", table->grouping->groups[g].label);
            cJSON_AddStringToObject(object, "by", table->grouping->by);
            cJSON_AddStringToObject(object, "section", measure_section_title(row->section));
            cJSON_AddStringToObject(object, "metric", row->name);
            cJSON_AddStringToObject(object, "unit", base_unit(row->unit));
            cJSON_AddNumberToObject(object, "n", (double)summary->n);
            json_number(object, "mean", summary->mean);
            json_number(object, "sd", summary->sd);
            json_number(object, "half_width", summary->half_width);
            cJSON_AddNumberToObject(object, "level", table->level);
            char *text = cJSON_PrintUnformatted(object);
            MUST(text != NULL);
            fprintf(file, "%s\n", text);
            free(text);
            cJSON_Delete(object);
        }
    }
}
