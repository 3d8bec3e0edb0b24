#include "analysis/compare.h"

#include "analysis/group.h"
#include "analysis/must.h"
#include "analysis/operands.h"
#include "analysis/paired.h"
#include "analysis/pairing.h"
#include "analysis/table.h"
#include "command.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum option_key { OPTION_VARY = 256, OPTION_CONF, OPTION_FAIL_IF, OPTION_METRIC, OPTION_JSON };
enum { CONDITIONS_MAX = 16 };

const struct argp_option compare_options[] = {
    {"vary", OPTION_VARY, "PATH", 0, "of one folder: the first value of this parameter is A", 0},
    {"conf", OPTION_CONF, "LEVEL", 0, "level of the intervals (default 0.95)", 0},
    {"metric", OPTION_METRIC, "M,...", 0, "only the rows of these names; * and ? match", 0},
    {"fail-if", OPTION_FAIL_IF, "COND", 0,
     "exit 5 when it holds: 'latency_p99 > +5%' (of B over A); may be repeated", 0},
    {"json", OPTION_JSON, NULL, 0, "one JSON object a line for each row", 0},
    {0}};

struct condition { /* relative change of B over A against a bound */
    char name[64];
    bool above; /* > or < */
    double bound;
    const char *text;
};

struct compare {
    char **paths;
    size_t count, capacity;
    const char *vary, *metrics;
    struct condition conditions[CONDITIONS_MAX];
    size_t condition_count;
    double level;
    bool json;
};

static void add_condition(struct compare *compare, const char *text, struct argp_state *state)
{
    struct condition condition = {.text = text};
    char sign = 0;
    int used = 0;
    if (compare->condition_count == CONDITIONS_MAX)
        argp_error(state, "--fail-if: at most %d of them", CONDITIONS_MAX);
    else if (sscanf(text, " %63[a-zA-Z0-9_./] %c %lf %% %n", condition.name, &sign,
                    &condition.bound, &used) != 3 ||
             (sign != '<' && sign != '>') || used == 0 || text[used] != '\0')
        argp_error(state, "--fail-if '%s': expected a condition such as 'latency_p99 > +5%%'",
                   text);
    condition.above = sign == '>';
    condition.bound /= 100;
    compare->conditions[compare->condition_count++] = condition;
}

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
    struct compare *compare = state->input;
    char *end = NULL;
    switch (key) {
    case OPTION_VARY:
        compare->vary = argument;
        return 0;
    case OPTION_METRIC:
        compare->metrics = argument;
        return 0;
    case OPTION_CONF:
        compare->level = strtod(argument, &end);
        if (end == argument || *end != '\0' || !(compare->level > 0 && compare->level < 1))
            argp_error(state, "--conf %s: a level is between 0 and 1, as 0.95", argument);
        return 0;
    case OPTION_FAIL_IF:
        add_condition(compare, argument, state);
        return 0;
    case OPTION_JSON:
        compare->json = true;
        return 0;
    case ARGP_KEY_ARG:
        compare->paths =
            must_grow(compare->paths, compare->count, &compare->capacity, sizeof compare->paths[0]);
        compare->paths[compare->count++] = argument;
        return 0;
    case ARGP_KEY_END:
        if (compare->vary ? compare->count < 1 : compare->count != 2)
            argp_error(state, "compare A B, or compare DIR --vary PATH");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* Numbers with about four digits; columns are 13 wide. */
static const char *short_number(double value, char text[32])
{
    if (isnan(value))
        snprintf(text, 32, "-");
    else if (fabs(value) >= 1e5 || (fabs(value) < 1e-3 && (value < 0 || value > 0)))
        snprintf(text, 32, "%.3e", value);
    else
        snprintf(text, 32, "%.4g", value);
    return text;
}

static void print_interval(double middle, double half_width)
{
    char left[32], right[32], both[72];
    if (isnan(half_width))
        snprintf(both, sizeof both, "%s", short_number(middle, left));
    else
        snprintf(both, sizeof both, "%s +- %s", short_number(middle, left),
                 short_number(half_width, right));
    printf(" %22s", both);
}

static void print_row_json(const struct table_row *row, const struct paired *paired,
                           const struct pairs *pairs)
{
    const struct {
        const char *name;
        double value;
    } fields[] = {{"mean_a", paired->mean_a},
                  {"mean_b", paired->mean_b},
                  {"difference", paired->difference},
                  {"difference_half_width", paired->difference_half_width},
                  {"ratio", paired->ratio},
                  {"ratio_half_width", paired->ratio_half_width},
                  {"t_p", paired->t_p},
                  {"wilcoxon_p", paired->wilcoxon_p},
                  {"correlation", paired->correlation},
                  {"variance_reduction", paired->variance_reduction}};
    cJSON *object = cJSON_CreateObject(); /* labels are paths: they are escaped */
    cJSON_AddStringToObject(object, "metric", row->name);
    cJSON_AddStringToObject(object, "a", pairs->groups[0].label);
    cJSON_AddStringToObject(object, "b", pairs->groups[1].label);
    cJSON_AddNumberToObject(object, "n", (double)paired->n);
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        if (!isnan(fields[i].value))
            cJSON_AddNumberToObject(object, fields[i].name, fields[i].value);
    char *text = cJSON_PrintUnformatted(object);
    MUST(text != NULL);
    printf("%s\n", text);
    free(text);
    cJSON_Delete(object);
}

/* Counts of runs of unequal length say nothing about what is compared. */
static void warn_of_spans(const struct pairs *pairs)
{
    for (size_t i = 0; i < pairs->groups[0].count; i++) {
        const struct run_data *a = pairs->groups[0].runs[i], *b = pairs->groups[1].runs[i];
        if (a->sim_end_ns == b->sim_end_ns && a->warmup_ns == b->warmup_ns)
            continue;
        fprintf(stderr,
                "shardsim compare: %s runs for %.9g s with %.9g s of warm-up, %s for %.9g s with "
                "%.9g s: what they count is not of equal spans of time\n",
                a->path, (double)a->sim_end_ns / 1e9, (double)a->warmup_ns / 1e9, b->path,
                (double)b->sim_end_ns / 1e9, (double)b->warmup_ns / 1e9);
        return;
    }
}

/* The first column is as wide as the longest name. */
static int name_columns(const struct table *table)
{
    int columns = 30;
    for (size_t i = 0; i < table->count; i++)
        columns =
            (int)strlen(table->rows[i].name) > columns ? (int)strlen(table->rows[i].name) : columns;
    return columns;
}

static void print_head(const struct compare *compare, const struct pairs *pairs, int columns)
{
    size_t n = pairs->groups[0].count;
    printf("A = %s, B = %s: %zu %s by seed and replication\n", pairs->groups[0].label,
           pairs->groups[1].label, n, n == 1 ? "pair" : "pairs");
    if (pairs->alone[0] + pairs->alone[1] > 0)
        printf("left out, having no partner: %zu of A, %zu of B\n", pairs->alone[0],
               pairs->alone[1]);
    if (n > 1)
        printf("B - A: mean of the pairs' differences and half-width of the %g %% Student "
               "interval;\nB / A: ratio of the means, jackknife interval; p: Wilcoxon's signed "
               "ranks, two-sided, %s\n",
               compare->level * 100, n <= PAIRED_EXACT_MAX ? "exact" : "normal approximation");
    else
        printf("one pair has no interval: run more replications\n");
    printf("\n%-*s %12s %12s %22s %22s %8s\n", columns, "", "A", "B", "B - A", "B / A", "p");
}

/* The change of B over A in shares of A. Where A is 0 any change is without bound; NAN: no pair has
 * both values. */
static double change_of(const struct paired *paired)
{
    double size = fabs(paired->mean_a);
    if (size > 0 || isnan(size))
        return (paired->mean_b - paired->mean_a) / size;
    return paired->mean_b > 0 ? INFINITY : paired->mean_b < 0 ? -INFINITY : 0;
}

enum found { FOUND_NOT, FOUND_EMPTY /* no pair has it on both sides */, FOUND };

/* Returns whether a --fail-if holds for this row. */
static bool judge(const struct compare *compare, const struct table_row *row,
                  const struct paired *paired, enum found *found)
{
    bool fails = false;
    for (size_t i = 0; i < compare->condition_count; i++) {
        const struct condition *condition = &compare->conditions[i];
        if (strcmp(condition->name, row->name) != 0)
            continue;
        double change = change_of(paired);
        if (found[i] != FOUND)
            found[i] = isnan(change) ? FOUND_EMPTY : FOUND;
        if (condition->above ? change > condition->bound : change < condition->bound) {
            fprintf(stderr, "shardsim compare: %s: it is %+.3g %%\n", condition->text,
                    change * 100);
            fails = true;
        }
    }
    return fails;
}

static int print_pairs(const struct compare *compare, struct pairs *pairs)
{
    struct grouping grouping = {.groups = pairs->groups, .count = 2};
    char by[] = "pairs", a[32], b[32];
    grouping.by = by;
    struct table table = table_make(&grouping, compare->level);
    enum found found[CONDITIONS_MAX] = {FOUND_NOT};
    bool fails = false;
    int code = EXIT_FINE, columns = name_columns(&table);
    warn_of_spans(pairs);
    if (compare->metrics != NULL && table_keep(&table, compare->metrics) == 0) {
        fprintf(stderr, "shardsim compare: --metric %s: no row has such a name\n",
                compare->metrics);
        code = EXIT_USAGE;
    }
    if (code == EXIT_FINE && !compare->json)
        print_head(compare, pairs, columns);
    for (size_t i = 0; i < table.count && code == EXIT_FINE; i++) {
        const struct table_row *row = &table.rows[i];
        struct paired paired = paired_of(row->cells[0].values, row->cells[1].values,
                                         pairs->groups[0].count, compare->level);
        fails = judge(compare, row, &paired, found) || fails;
        if (compare->json) {
            print_row_json(row, &paired, pairs);
            continue;
        }
        printf("%-*s %12s %12s", columns, row->name, short_number(paired.mean_a, a),
               short_number(paired.mean_b, b));
        print_interval(paired.difference, paired.difference_half_width);
        print_interval(paired.ratio, paired.ratio_half_width);
        printf(" %8s\n", short_number(paired.wilcoxon_p, a));
    }
    for (size_t i = 0; i < compare->condition_count && code == EXIT_FINE; i++)
        if (found[i] != FOUND) {
            fprintf(stderr, "shardsim compare: --fail-if '%s': no %s \"%s\"\n",
                    compare->conditions[i].text,
                    found[i] == FOUND_NOT ? "row has the name" : "pair of runs has on both sides",
                    compare->conditions[i].name);
            code = EXIT_USAGE;
        }
    table_free(&table);
    return code == EXIT_FINE && fails ? EXIT_MISMATCH : code;
}

/* Averages over runs that were cut short mean nothing: they are refused, all of them named. */
static int refuse_cut_short(const struct operands *operands)
{
    int code = EXIT_FINE;
    for (size_t i = 0; i < operands->count; i++) {
        const struct run_data *run = operands->runs[i];
        if (run->status != NULL && strcmp(run->status, "ok") == 0)
            continue;
        fprintf(stderr,
                "shardsim compare: %s: its status is %s, so its averages are no averages of the "
                "whole run; run it to its end\n",
                run->path, run->status ? run->status : "unknown");
        code = EXIT_IO;
    }
    return code;
}

static int load(const char *command, char *const *paths, size_t count,
                struct operands *ret_operands)
{
    int code = operands_load_say(command, paths, count, false, ret_operands);
    return code != EXIT_FINE ? code : refuse_cut_short(ret_operands);
}

static int compare_groups(const struct compare *compare, const struct group *a,
                          const struct group *b)
{
    struct pairs pairs;
    int code = EXIT_USAGE;
    pairing_make(a, b, &pairs);
    if (pairs.groups[0].count == 0)
        fprintf(stderr,
                "shardsim compare: %s and %s have no seed and replication in common: nothing to "
                "pair\n",
                a->label, b->label);
    else
        code = print_pairs(compare, &pairs);
    pairing_free(&pairs);
    return code;
}

static int compare_two(const struct compare *compare)
{
    struct operands sides[2] = {{0}, {0}};
    struct group groups[2] = {{0}, {0}};
    int code = EXIT_FINE;
    for (int side = 0; side < 2 && code == EXIT_FINE; side++) {
        code = load("shardsim compare", &compare->paths[side], 1, &sides[side]);
        groups[side].label = compare->paths[side];
        groups[side].count = sides[side].count;
        groups[side].runs = must_alloc((sides[side].count + 1) * sizeof groups[side].runs[0]);
        for (size_t i = 0; i < sides[side].count; i++)
            groups[side].runs[i] = sides[side].runs[i];
    }
    if (code == EXIT_FINE)
        code = compare_groups(compare, &groups[0], &groups[1]);
    for (int side = 0; side < 2; side++) {
        free(groups[side].runs);
        operands_free(&sides[side]);
    }
    return code;
}

static int compare_varied(const struct compare *compare)
{
    struct operands operands = {0};
    struct grouping grouping = {0};
    struct database_error error;
    int code = load("shardsim compare", compare->paths, compare->count, &operands);
    bool grouped = false;
    if (code == EXIT_FINE) {
        grouped = group_runs(operands.runs, operands.count, compare->vary, &grouping, &error) == 0;
        if (!grouped || grouping.count < 2) {
            fprintf(stderr, "shardsim compare: --vary %s: %s\n", compare->vary,
                    grouped ? "all runs have the same value: nothing to compare" : error.text);
            code = EXIT_USAGE;
        }
    }
    for (size_t i = 1; code == EXIT_FINE && i < grouping.count; i++) {
        if (i > 1 && !compare->json)
            printf("\n");
        code = compare_groups(compare, &grouping.groups[0], &grouping.groups[i]);
    }
    if (grouped)
        group_free(&grouping);
    operands_free(&operands);
    return code;
}

int compare_run(int argc, char **argv)
{
    struct compare compare = {.level = 0.95};
    const struct argp argp = {
        compare_options,
        parse_option,
        "A B | DIR --vary PATH",
        "Two sets of runs, paired by seed and replication, measure by measure.\v"
        "A and B are result databases or folders of them. Exit codes: 0 fine, 5 a --fail-if "
        "holds, 7 a file that cannot be read, or a run that is not whole.",
        NULL,
        NULL,
        NULL};
    argp_err_exit_status = EXIT_USAGE;
    if (argp_parse(&argp, argc, argv, 0, NULL, &compare) != 0)
        return EXIT_USAGE;
    int code = compare.vary ? compare_varied(&compare) : compare_two(&compare);
    free(compare.paths);
    return code;
}
