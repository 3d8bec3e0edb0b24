#include "sim/command_sweep.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#include "command.h"
#include "sim/command_load.h"
#include "sim/command_tools.h"
#include "sim/diagnostics.h"
#include "sim/engine.h"
#include "sim/json_indent.h"
#include "sim/scenario.h"
#include "sim/sweep_jobs.h"
#include "sim/sweep_plan.h"

enum { FOREIGN_SHOWN = 20, KEY_LIST = 256, KEY_REPLICATIONS, KEY_RETRY, KEY_SET, KEY_JSON };

const struct argp_option command_sweep_options[] = {
    {"jobs", 'j', "N", 0, "runs at a time (default: one a core)", 0},
    {"list", KEY_LIST, NULL, 0, "print the runs and their state, and stop", 0},
    {"json", KEY_JSON, NULL, 0, "with --list: one JSON object a line", 0},
    {"replications", KEY_REPLICATIONS, "N", 0, "instead of the scenario's", 0},
    {"retry-failed", KEY_RETRY, NULL, 0, "run those again whose property was violated", 0},
    {"set", KEY_SET, "PATH=VALUE", 0, "change one value in every run; may be repeated", 0},
    {0}};

struct sweep {
    struct command_sets sets;
    uint64_t replications;
    bool list, json;
    struct sweep_plan plan;
    struct sweep_jobs jobs;
};

static error_t parse_option(int key, char *text, struct argp_state *state)
{
    struct sweep *sweep = state->input;
    switch (key) {
    case 'j':
        sweep->jobs.at_once = (uint32_t)command_tools_number(state, "-j", text, 1, SWEEP_JOBS_MAX);
        return 0;
    case KEY_LIST:
        sweep->list = true;
        return 0;
    case KEY_JSON:
        sweep->json = true;
        return 0;
    case KEY_REPLICATIONS:
        sweep->replications = command_tools_number(state, "--replications", text, 1, 1000000);
        return 0;
    case KEY_RETRY:
        sweep->jobs.retry_failed = true;
        return 0;
    case KEY_SET:
        if (!command_sets_add(&sweep->sets, text))
            argp_error(state, "--set: at most %d of them", COMMAND_SETS_MAX);
        return 0;
    case ARGP_KEY_ARG:
        if (sweep->jobs.scenario_path)
            argp_error(state, "one scenario at a time; \"%s\" is a second one", text);
        if (strcmp(text, "-") == 0)
            argp_error(state, "a sweep reads its scenario many times: give a file, not stdin");
        sweep->jobs.scenario_path = text;
        return 0;
    case ARGP_KEY_END:
        if (!sweep->jobs.scenario_path)
            argp_error(state, "which scenario?");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const char *const state_names[SWEEP_STATES] = {"missing", "done",    "failed",
                                                      "foreign", "running", "repeated"};

static void print_row_json(const struct sweep_run *run, const char *label)
{
    char key[32];
    snprintf(key, sizeof key, "%016" PRIx64, run->run_key);
    cJSON *object = cJSON_CreateObject();
    cJSON_AddNumberToObject(object, "point", (double)run->point);
    cJSON_AddNumberToObject(object, "replication", (double)run->replication);
    cJSON_AddStringToObject(object, "run_key", key);
    cJSON_AddStringToObject(object, "state", state_names[run->state]);
    cJSON_AddStringToObject(object, "values", label);
    json_line_print(object);
}

static void print_list(const struct sweep *sweep)
{
    for (uint32_t i = 0; i < sweep->plan.count; i++) {
        const struct sweep_run *run = &sweep->plan.runs[i];
        const char *label = sweep_plan_label(&sweep->plan, run);
        if (sweep->json)
            print_row_json(run, label);
        else
            printf("point %4" PRId64 "  replication %4" PRIu64 "  %016" PRIx64 "  %-8s %s\n",
                   run->point, run->replication, run->run_key, state_names[run->state], label);
    }
}

/* Files under the names of runs that are not theirs: what each is, and what to do. */
static void tell_foreign(struct sweep *sweep, uint32_t foreign)
{
    char why[1024];
    uint32_t shown = 0;
    for (uint32_t i = 0; i < sweep->plan.count && shown < FOREIGN_SHOWN; i++) {
        struct sweep_run *run = &sweep->plan.runs[i];
        if (run->state != SWEEP_FOREIGN)
            continue;
        sweep_plan_look(&sweep->plan, run, why, sizeof why);
        fprintf(stderr, "shardsim sweep: %s\n", why);
        shown++;
    }
    if (foreign > shown)
        fprintf(stderr, "shardsim sweep: and %u more\n", foreign - shown);
    if (foreign)
        fprintf(stderr,
                "| %s in the way of a run: nothing is overwritten; move %s away and sweep "
                "again\n",
                foreign == 1 ? "a file is" : "these files are", foreign == 1 ? "it" : "them");
}

static void print_next(const struct sweep *sweep)
{
    fprintf(stderr, "| next: shardsim sweep --retry-failed ");
    for (size_t i = 0; i < sweep->sets.count; i++) {
        fprintf(stderr, "--set ");
        command_word_print(stderr, sweep->sets.list[i]);
        fputc(' ', stderr);
    }
    if (sweep->replications)
        fprintf(stderr, "--replications %" PRIu64 " ", sweep->replications);
    command_word_print(stderr, sweep->jobs.scenario_path);
    fputc('\n', stderr);
}

static int conclude(struct sweep *sweep)
{
    uint32_t count[SWEEP_STATES] = {0};
    for (uint32_t i = 0; i < sweep->plan.count; i++) {
        struct sweep_run *run = &sweep->plan.runs[i];
        if (run->state == SWEEP_RUNNING) /* it may have ended meanwhile */
            run->state = sweep_plan_look(&sweep->plan, run, NULL, 0);
        count[run->state]++;
    }
    uint32_t all = sweep->plan.count - count[SWEEP_REPEATED];
    printf("%u of %u runs are done in %s", count[SWEEP_DONE], all, sweep->plan.folder);
    if (count[SWEEP_MISSING])
        printf(", %u missing", count[SWEEP_MISSING]);
    if (count[SWEEP_FAILED])
        printf(", %u failed", count[SWEEP_FAILED]);
    if (count[SWEEP_RUNNING])
        printf(", %u being run by another process", count[SWEEP_RUNNING]);
    if (count[SWEEP_FOREIGN])
        printf(", %u in the way of a file that is no whole result of ours", count[SWEEP_FOREIGN]);
    if (count[SWEEP_REPEATED])
        printf(" (%u more are the same run as an earlier point)", count[SWEEP_REPEATED]);
    printf("\n");
    fflush(stdout); /* one file may take both */
    tell_foreign(sweep, count[SWEEP_FOREIGN]);
    if (sweep->jobs.signal) {
        fprintf(stderr, "| stopped; the same command goes on from here\n");
        return sweep->jobs.signal == SIGTERM ? EXIT_SIGTERM : EXIT_SIGINT;
    }
    if (count[SWEEP_DONE] == all) {
        fputs("| ", stderr);
        command_next_print("report", sweep->plan.folder, "");
        return EXIT_FINE;
    }
    if (count[SWEEP_FAILED])
        print_next(sweep);
    return count[SWEEP_DONE] + count[SWEEP_FAILED] == all ? EXIT_VIOLATION : EXIT_INCOMPLETE;
}

static int make_folders(const struct sweep *sweep)
{
    const char *const folders[] = {"results", sweep->plan.folder};
    for (size_t i = 0; i < 2; i++) {
        struct stat status;
        if (mkdir(folders[i], 0755) == 0 ||
            (errno == EEXIST && stat(folders[i], &status) == 0 && S_ISDIR(status.st_mode)))
            continue;
        fprintf(stderr,
                "shardsim sweep: cannot make the folder %s: %s; start the sweep in a folder that "
                "can be written\n",
                folders[i], errno == EEXIST ? "a file has that name" : strerror(errno));
        return EXIT_IO;
    }
    return EXIT_FINE;
}

/* A scenario without a sweep is its own and only point. */
static void build_base(const struct sweep *sweep, struct diagnostics *diagnostics)
{
    struct scenario *scenario = NULL;
    struct scenario_options options = {.sets = sweep->sets.list, .point = -1};
    if (scenario_load(sweep->jobs.scenario_path, &options, diagnostics, &scenario) == 0)
        engine_check(scenario, diagnostics);
    diagnostics->locate = NULL; /* it belonged to the scenario */
    scenario_free(scenario);
}

/* Builds the worlds of points that are to be run, so that one that cannot be built is known before
 * the night and not after it. */
static void build_points(const struct sweep *sweep, struct diagnostics *diagnostics)
{
    struct diagnostics seen = {0};
    int64_t built = -1;
    uint32_t count = 0;
    for (uint32_t i = 0; i < sweep->plan.count && count < COMMAND_POINTS_BUILT; i++) {
        const struct sweep_run *run = &sweep->plan.runs[i];
        if ((run->point <= built && i > 0) || !sweep_jobs_is_due(&sweep->jobs, run))
            continue;
        built = run->point;
        count++;
        if (built < 0)
            build_base(sweep, diagnostics);
        else
            command_build_point(sweep->jobs.scenario_path, sweep->sets.list, (uint32_t)built, &seen,
                                diagnostics);
    }
    diagnostics_free(&seen);
}

static int prepare(struct sweep *sweep)
{
    struct diagnostics diagnostics = {0};
    struct sweep_jobs *jobs = &sweep->jobs;
    jobs->sets = sweep->sets.list;
    jobs->plan = &sweep->plan;
    if (sweep_plan_make(jobs->scenario_path, jobs->sets, sweep->replications, &diagnostics,
                        &sweep->plan) == 0 &&
        !sweep->list)
        build_points(sweep, &diagnostics);
    command_problems(jobs->scenario_path, &diagnostics);
    int code = command_problems_exit(&diagnostics);
    diagnostics_free(&diagnostics);
    for (uint32_t i = 0; i < sweep->plan.count; i++)
        jobs->to_do += sweep_jobs_is_due(jobs, &sweep->plan.runs[i]);
    if (code != EXIT_FINE || sweep->list || jobs->to_do == 0)
        return code;
    return make_folders(sweep);
}

int command_sweep(int argc, char **argv)
{
    static const struct argp argp = {
        command_sweep_options,
        parse_option,
        "SCENARIO",
        "Runs every point and replication of a scenario whose result is not there yet.\v"
        "Exit codes: 0 all are done, 3 bad scenario, 4 a property was violated, 6 some are "
        "missing, 7 the scenario cannot be read or the folder not be made, 130/143 stopped by a "
        "signal; the same command goes on from there.",
        NULL,
        NULL,
        NULL};
    struct sweep *sweep = calloc(1, sizeof *sweep);
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    if (!sweep)
        return EXIT_OUR_FAULT;
    sweep->jobs.at_once = cores > 0 && cores < SWEEP_JOBS_MAX ? (uint32_t)cores : 1;
    argp_err_exit_status = EXIT_USAGE;
    int code = argp_parse(&argp, argc, argv, 0, NULL, sweep) != 0 ? EXIT_USAGE : EXIT_FINE;
    if (code == EXIT_FINE)
        code = prepare(sweep);
    if (code == EXIT_FINE && sweep->list) {
        print_list(sweep);
    } else if (code == EXIT_FINE) {
        sweep_jobs_run(&sweep->jobs);
        code = conclude(sweep);
    }
    sweep_plan_free(&sweep->plan);
    free(sweep);
    return code;
}
