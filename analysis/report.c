#include "analysis/report.h"

#include "analysis/must.h"
#include "analysis/operands.h"
#include "command.h"

#include <argp.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { FINDINGS_SHOWN = 5 };

/* Runs of several configurations in one group are no replications of anything. */
static void print_mixed(const struct grouping *grouping, FILE *file)
{
    for (size_t g = 0; g < grouping->count; g++) {
        const struct group *group = &grouping->groups[g];
        for (size_t r = 1; r < group->count; r++)
            if (strcmp(group->runs[r]->config_hash, group->runs[0]->config_hash) != 0) {
                fprintf(file,
                        "Not of one configuration: the runs of %s; their interval is over settings "
                        "as well as over luck\n",
                        group->label);
                break;
            }
    }
}

static void print_head(const struct table *table, FILE *file)
{
    const struct grouping *grouping = table->grouping;
    size_t runs = 0;
    bool intervals = false;
    for (size_t g = 0; g < grouping->count; g++) {
        runs += grouping->groups[g].count;
        intervals = intervals || grouping->groups[g].count > 1;
    }
    fprintf(file, "%zu %s in %zu %s by %s\n\n", runs, runs == 1 ? "run" : "runs", grouping->count,
            grouping->count == 1 ? "group" : "groups", grouping->by);
    fprintf(
        file,
        "Quantiles are the order statistic X_(ceil(np)) over what was created (messages) or\n"
        "submitted (transactions) after the warm-up; what was still in flight at the end has no\n"
        "latency and is counted apart.\n");
    if (intervals)
        fprintf(file,
                "A group of several runs gives the mean over its n runs and the half-width of the\n"
                "%g %% Student interval. A single run has none; where all runs agree none is "
                "written.\n"
                "(n=K): only K of the runs have the number.\n",
                table->level * 100);
    for (size_t g = 0; g < grouping->count; g++)
        for (size_t r = 0; r < grouping->groups[g].count; r++) {
            const struct run_data *run = grouping->groups[g].runs[r];
            if (run->status != NULL && strcmp(run->status, "ok") != 0)
                fprintf(file, "Not a complete run: %s, status %s, ends at %.9g s\n", run->run_key,
                        run->status, (double)run->sim_end_ns / 1e9);
        }
    print_mixed(grouping, file);
    fprintf(file, "\n");
}

static const char *or_dash(const char *text)
{
    return text != NULL && text[0] != '\0' ? text : "-";
}

static void print_saturation(const struct table *table, FILE *file)
{
    fprintf(
        file,
        "\nsaturation: a run is saturated when it carries < %g %% of the offered load, or when\n"
        "the queues grow over its second half after the warm-up (slope of the means of 10\n"
        "batches > 0 at the one-sided level %g, and a rise of at least half the mean)\n",
        MEASURE_CARRIED_MIN * 100, MEASURE_ALPHA);
    for (size_t g = 0; g < table->grouping->count; g++) {
        const struct group *group = &table->grouping->groups[g];
        for (size_t r = 0; r < group->count; r++) {
            struct saturation load = measure_saturation(group->runs[r]);
            bool known = !isnan(load.offered_per_s) || load.growth_tested;
            if (group->count > 1 && !load.starved && !load.grows && known)
                continue; /* of many runs, only those that call for attention */
            fprintf(file, "  %s%s%s: %s%s%s", group->label, group->count > 1 ? ", run " : "",
                    group->count > 1 ? group->runs[r]->run_key : "",
                    !known                       ? "not known: nothing was offered"
                    : load.starved || load.grows ? "saturated: "
                                                 : "not saturated",
                    load.starved ? "carries too little" : "",
                    load.starved && load.grows ? ", " : "");
            if (load.grows)
                fprintf(file, "queues grow by %.3g a second", load.queue_slope_per_s);
            if (known && !load.growth_tested)
                fprintf(file, "; %s",
                        group->runs[r]->queue_total.count == 0
                            ? "no queues were sampled"
                            : "too few queue samples to test their growth");
            if (load.growing != NULL)
                fprintf(file, "; growing queues: %s", load.growing);
            fprintf(file, "\n");
            free(load.growing);
        }
    }
}

/* Who looks for the rows of repair learns why a group has none. */
static void print_no_repair(const struct table *table, FILE *file)
{
    for (size_t g = 0; g < table->grouping->count; g++) {
        const struct group *group = &table->grouping->groups[g];
        const struct run_data *run = group->runs[0];
        const struct run_param *param = run_data_param(run, "/spread/type");
        const char *type = param != NULL && param->text != NULL ? param->text : "ideal";
        if (run->spread.validators == 0 || run->spread.second_count > 0)
            continue;
        fprintf(file, "\nrepair: none in %s, with spread.type %s; %s\n", group->label, type,
                strcmp(type, "turbine") == 0 ? "spread.repair.enabled true has it"
                                             : "spread.type turbine has it");
    }
}

static void print_findings(const struct table *table, bool faults, FILE *file)
{
    bool head = false;
    for (size_t g = 0; g < table->grouping->count; g++) {
        const struct group *group = &table->grouping->groups[g];
        for (size_t r = 0; r < group->count; r++) {
            const struct run_data *run = group->runs[r];
            size_t count = faults ? run->fault_count : run->violation_count;
            const struct run_finding *findings = faults ? run->faults : run->violations;
            if (count > 0 && !head)
                fprintf(file, "\n%s\n", faults ? "faults" : "violations");
            head = head || count > 0;
            for (size_t i = 0; i < count && i < FINDINGS_SHOWN; i++) {
                fprintf(file, "  %s, run %s: %.3f s", group->label, run->run_key,
                        (double)findings[i].from_ns / 1e9);
                if (findings[i].to_ns >= 0)
                    fprintf(file, " to %.3f s", (double)findings[i].to_ns / 1e9);
                fprintf(file, "  %s\n", findings[i].text);
            }
            if (count > FINDINGS_SHOWN)
                fprintf(file, "  %s, run %s: and %zu more\n", group->label, run->run_key,
                        count - FINDINGS_SHOWN);
        }
    }
}

static void print_runs(const struct table *table, FILE *file)
{
    fprintf(file, "\nruns\n");
    for (size_t g = 0; g < table->grouping->count; g++) {
        const struct group *group = &table->grouping->groups[g];
        for (size_t r = 0; r < group->count; r++) {
            const struct run_data *run = group->runs[r];
            fprintf(file, "  %s: run %s  seed %" PRId64 ".%" PRId64 "  %s  result %s  %s\n",
                    group->label, run->run_key, run->seed, run->replication, or_dash(run->status),
                    or_dash(run->result_hash), run->path);
        }
    }
}

enum { CHAINS_NAMED = 3 };

/* "chains A, B and 4 more" */
static void print_chains(const struct congestion *congestion, FILE *file)
{
    fprintf(file, "chain%s ", congestion->saturated == 1 ? "" : "s");
    size_t named = 0;
    for (size_t i = 0; i < congestion->count && named < CHAINS_NAMED; i++)
        if (congestion->worst[i].saturated)
            fprintf(file, "%s%s", named++ > 0 ? ", " : "", congestion->worst[i].name);
    if (congestion->saturated > named)
        fprintf(file, " and %zu more", congestion->saturated - named);
}

/* What somebody wants to know who reads nothing else: a line a group. */
static void print_verdict(const struct table *table, FILE *file)
{
    bool head = false;
    for (size_t g = 0; g < table->grouping->count; g++) {
        const struct group *group = &table->grouping->groups[g];
        size_t runs = 0;
        struct congestion shown = {0};
        for (size_t r = 0; r < group->count; r++) {
            struct congestion congestion = measure_congestion(group->runs[r]);
            if (congestion.saturated > 0 && runs++ == 0)
                shown = congestion;
        }
        if (runs == 0)
            continue;
        fprintf(file, "%s  %s: ", head ? "" : "\nverdict\n", group->label);
        head = true;
        print_chains(&shown, file);
        fprintf(file, " %s saturated: the offered load passes %s capacity",
                shown.saturated == 1 ? "is" : "are", shown.saturated == 1 ? "its" : "their");
        if (group->count > 1)
            fprintf(file, " (%zu of %zu runs)", runs, group->count);
        fprintf(file, "\n");
    }
    if (head)
        fprintf(file, "  see the rows of full blocks and of who waits for whom above, and "
                      "`shardsim plot --figure queue_time`\n");
}

void report_print(const struct table *table, enum report_format format, FILE *file)
{
    switch (format) {
    case REPORT_JSON:
        table_print_json(table, file);
        return;
    case REPORT_CSV:
        table_print_csv(table, file);
        return;
    case REPORT_TEX:
        table_print_tex(table, file);
        return;
    case REPORT_TEXT:
        break;
    }
    print_head(table, file);
    table_print_text(table, file);
    print_saturation(table, file);
    print_no_repair(table, file);
    print_findings(table, true, file);
    print_findings(table, false, file);
    print_runs(table, file);
    print_verdict(table, file);
}

struct options {
    char **paths;
    size_t count, capacity;
    const char *by, *metrics;
    double level;
    enum report_format format;
    bool partial;
};

enum option_key {
    OPTION_BY = 256,
    OPTION_METRIC,
    OPTION_CONF,
    OPTION_JSON,
    OPTION_CSV,
    OPTION_TEX,
    OPTION_PARTIAL
};

const struct argp_option report_options[] = {
    {"by", OPTION_BY, "K,...", 0,
     "group runs by these parameters (messaging.path), or by run, seed, replication, experiment; "
     "default: runs of one configuration are a group",
     0},
    {"metric", OPTION_METRIC, "M,...", 0, "only the rows of these names; * and ? match", 0},
    {"conf", OPTION_CONF, "LEVEL", 0, "level of the intervals (default 0.95)", 0},
    {"json", OPTION_JSON, NULL, 0, "one JSON object a line for each row and group", 0},
    {"csv", OPTION_CSV, NULL, 0, "one line for each row and group", 0},
    {"tex", OPTION_TEX, NULL, 0, "a LaTeX table (booktabs)", 0},
    {"partial", OPTION_PARTIAL, NULL, 0, "read runs that have not ended, too", 0},
    {0}};

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
    struct options *options = state->input;
    char *end = NULL;
    switch (key) {
    case OPTION_BY:
        options->by = argument;
        return 0;
    case OPTION_METRIC:
        options->metrics = argument;
        return 0;
    case OPTION_CONF:
        options->level = strtod(argument, &end);
        if (end == argument || *end != '\0' || !(options->level > 0 && options->level < 1))
            argp_error(state, "--conf %s: a level is between 0 and 1, as 0.95", argument);
        return 0;
    case OPTION_JSON:
        options->format = REPORT_JSON;
        return 0;
    case OPTION_CSV:
        options->format = REPORT_CSV;
        return 0;
    case OPTION_TEX:
        options->format = REPORT_TEX;
        return 0;
    case OPTION_PARTIAL:
        options->partial = true;
        return 0;
    case ARGP_KEY_ARG:
        options->paths =
            must_grow(options->paths, options->count, &options->capacity, sizeof options->paths[0]);
        options->paths[options->count++] = argument;
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "which runs? Give result databases (*.db) or folders of them");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static void print_next(const struct options *options)
{
    fprintf(stderr, "next: shardsim plot");
    for (size_t i = 0; i < options->count; i++) {
        fputc(' ', stderr);
        command_word_print(stderr, options->paths[i]);
    }
    fputc('\n', stderr);
}

/* Names of rows on spread and repair are right, and yet not there. */
static const char *without_validators(const struct grouping *grouping, const char *metrics)
{
    for (size_t g = 0; g < grouping->count; g++)
        if (grouping->groups[g].runs[0]->spread.validators > 0)
            return "";
    bool asked = strstr(metrics, "repair") != NULL || strstr(metrics, "spread") != NULL ||
                 strstr(metrics, "final_time") != NULL;
    return asked ? "; those of blocks on their way to validators and of repair need "
                   "chain.validators.type individual, as in scenarios/spread"
                 : "";
}

static int print_report(const struct options *options, const struct operands *operands)
{
    struct database_error error;
    struct grouping grouping;
    if (group_runs(operands->runs, operands->count, options->by, &grouping, &error) != 0) {
        fprintf(stderr, "shardsim report: %s\n", error.text);
        return EXIT_USAGE;
    }
    struct table table = table_make(&grouping, options->level);
    int code = EXIT_FINE;
    if (options->metrics != NULL && table_keep(&table, options->metrics) == 0) {
        fprintf(stderr,
                "shardsim report: --metric %s: no row has such a name; "
                "shardsim report --csv lists them in its third column%s\n",
                options->metrics, without_validators(&grouping, options->metrics));
        code = EXIT_USAGE;
    } else {
        report_print(&table, options->format, stdout);
        if (fflush(stdout) != 0 || ferror(stdout)) {
            fprintf(stderr, "shardsim report: the output could not be written\n");
            code = EXIT_IO;
        } else if (options->format == REPORT_TEXT) {
            print_next(options);
        }
    }
    table_free(&table);
    group_free(&grouping);
    return code;
}

int report_run(int argc, char **argv)
{
    struct options options = {.level = 0.95};
    const struct argp argp = {
        report_options,
        parse_option,
        "DB|DIR...",
        "Tables of one or many runs, side by side.\vA DIR stands for the *.db below it.",
        NULL,
        NULL,
        NULL};
    argp_err_exit_status = EXIT_USAGE;
    if (argp_parse(&argp, argc, argv, 0, NULL, &options) != 0)
        return EXIT_USAGE;
    struct operands operands;
    int code = operands_load_say("shardsim report", options.paths, options.count, options.partial,
                                 &operands);
    if (code == EXIT_FINE)
        code = print_report(&options, &operands);
    operands_free(&operands);
    free(options.paths);
    return code;
}
