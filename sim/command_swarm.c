/* `shardsim swarm`: draws runs around a scenario, each in a process of its own, and reports what
 * went wrong: one minimised scenario for each kind of finding, with the command that replays it. */

#include "sim/command_swarm.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "command.h"
#include "sim/command_load.h"
#include "sim/command_tools.h"
#include "sim/json_indent.h"
#include "sim/quantity.h"
#include "sim/scenario.h"
#include "sim/swarm_coverage.h"
#include "sim/swarm_findings.h"
#include "sim/swarm_plan.h"
#include "sim/swarm_run.h"
#include "sim/wall_clock.h"

enum { JOBS_MAX = 256, ORDERS_EVERY = 4, RUNS_DEFAULT = 100, KEY_RUNS = 256 };
enum { KEY_SEED = KEY_RUNS + 1, KEY_ONLY, KEY_KEEP, KEY_MAX_WALL, KEY_JSON, KEY_SET };
#define RUNS_MAX UINT64_C(1000000000)
#define SEED_MAX ((UINT64_C(1) << 53) - 1)
#define MAX_WALL_DEFAULT (UINT64_C(60) * 1000000000)

const struct argp_option command_swarm_options[] = {
    {"jobs", 'j', "N", 0, "runs at a time (default: one a core)", 0},
    {"runs", KEY_RUNS, "N", 0, "how many runs to draw (default: 100)", 0},
    {"seed", KEY_SEED, "N", 0, "seed of the draws (default: 1)", 0},
    {"only", KEY_ONLY, "I", 0, "print run I's scenario and run it alone", 0},
    {"keep", KEY_KEEP, "DIR", 0, "folder for the scenarios of all findings (results/swarm)", 0},
    {"max-wall", KEY_MAX_WALL, "TIME", 0, "a run that takes longer is a finding (default: 60s)", 0},
    {"set", KEY_SET, "PATH=VALUE", 0, "change one value of the base; may be repeated", 0},
    {"json", KEY_JSON, NULL, 0, "one JSON object a line", 0},
    {0}};

struct swarm {
    const char *scenario_path, *keep;
    struct command_sets sets;
    uint64_t runs, seed, only, max_wall_ns;
    bool has_only, json;
    uint32_t job_count;
    struct scenario *scenario;
    struct swarm_plan plan;
    struct swarm_coverage coverage;
    struct swarm_findings findings;
    struct swarm_child children[JOBS_MAX];
    uint64_t done, redrawn, refused;
    double started, shown;
};

static volatile sig_atomic_t stop_signal;

static void on_signal(int number)
{
    stop_signal = number;
}

static void set_scenario(struct argp_state *state, struct swarm *swarm, const char *text)
{
    if (swarm->scenario_path)
        argp_error(state, "one scenario at a time; \"%s\" is a second one", text);
    if (strcmp(text, "-") == 0)
        argp_error(state, "findings name the scenario they come from: give a file, not stdin");
    swarm->scenario_path = text;
}

static error_t parse_option(int key, char *text, struct argp_state *state)
{
    struct swarm *swarm = state->input;
    int64_t time_ns = 0;
    switch (key) {
    case 'j':
        swarm->job_count = (uint32_t)command_tools_number(state, "-j", text, 1, JOBS_MAX);
        return 0;
    case KEY_RUNS:
        swarm->runs = command_tools_number(state, "--runs", text, 1, RUNS_MAX);
        return 0;
    case KEY_SEED:
        swarm->seed = command_tools_number(state, "--seed", text, 0, SEED_MAX);
        return 0;
    case KEY_ONLY:
        swarm->only = command_tools_number(state, "--only", text, 0, RUNS_MAX - 1);
        swarm->has_only = true;
        return 0;
    case KEY_KEEP:
        swarm->keep = text;
        return 0;
    case KEY_MAX_WALL:
        if (quantity_parse(PARAM_DURATION, text, &time_ns) != QUANTITY_FINE || time_ns <= 0 ||
            time_ns > INT64_C(86400000000000))
            argp_error(state, "--max-wall: expected a time such as \"60s\", got \"%s\"", text);
        swarm->max_wall_ns = (uint64_t)time_ns;
        return 0;
    case KEY_SET:
        if (!command_sets_add(&swarm->sets, text))
            argp_error(state, "--set: at most %d of them", COMMAND_SETS_MAX);
        return 0;
    case KEY_JSON:
        swarm->json = true;
        return 0;
    case ARGP_KEY_ARG:
        set_scenario(state, swarm, text);
        return 0;
    case ARGP_KEY_END:
        if (!swarm->scenario_path)
            argp_error(state, "which scenario?");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* --- Runs --- */

static struct swarm_task task_of(const struct swarm *swarm, uint64_t run)
{
    return (struct swarm_task){.plan = &swarm->plan,
                               .seed = swarm->seed,
                               .run = run,
                               .orders = run % ORDERS_EVERY == 0,
                               .max_wall_ns = swarm->max_wall_ns};
}

static void show_progress(struct swarm *swarm)
{
    enum { PLAIN_EVERY_S = 5 };
    bool terminal = isatty(STDERR_FILENO);
    double now = wall_clock_s(), elapsed = now - swarm->started;
    if (now - swarm->shown < (terminal ? 0.2 : PLAIN_EVERY_S) && swarm->done < swarm->runs)
        return;
    swarm->shown = now;
    uint64_t left = swarm->runs - swarm->done;
    long eta = swarm->done ? (long)(elapsed / (double)swarm->done * (double)left) : 0;
    fprintf(stderr,
            "%s| %" PRIu64 "/%" PRIu64 " runs, %" PRIu64 " redrawn, %u findings, ETA %ld:%02ld%s",
            terminal ? "\r" : "", swarm->done, swarm->runs, swarm->redrawn, swarm->findings.count,
            eta / 60, eta % 60, terminal ? "   " : "\n");
}

static void take_outcome(struct swarm *swarm, const struct swarm_child *child)
{
    const struct swarm_outcome *outcome = child->outcome;
    swarm->done++;
    swarm->redrawn += outcome->redrawn;
    if (outcome->kind == SWARM_REFUSED) {
        swarm->refused++;
        return;
    }
    cJSON *document = cJSON_Parse(outcome->text);
    if (document != NULL)
        swarm_coverage_add(&swarm->coverage, document);
    cJSON_Delete(document);
    if (outcome->kind != SWARM_FINE)
        swarm_findings_add(&swarm->findings, child->run, outcome);
}

static void finish_child(struct swarm *swarm, pid_t pid, int status)
{
    for (uint32_t i = 0; i < swarm->job_count; i++) {
        struct swarm_child *child = &swarm->children[i];
        if (child->pid != pid)
            continue;
        swarm_run_end(child, status);
        if (!stop_signal)
            take_outcome(swarm, child);
    }
}

static uint32_t fill_jobs(struct swarm *swarm, uint64_t *next)
{
    uint32_t running = 0;
    for (uint32_t i = 0; i < swarm->job_count; i++) {
        struct swarm_child *child = &swarm->children[i];
        if (child->pid == 0 && *next < swarm->runs && !stop_signal) {
            const struct swarm_task task = task_of(swarm, *next);
            if (swarm_run_start(child, &task))
                (*next)++;
        }
        if (child->pid != 0 && stop_signal)
            kill(child->pid, SIGKILL);
        running += child->pid != 0;
    }
    return running;
}

static void run_all(struct swarm *swarm)
{
    uint64_t next = 0;
    swarm->started = swarm->shown = wall_clock_s();
    while (fill_jobs(swarm, &next) > 0) {
        int status;
        pid_t pid = waitpid(-1, &status, 0);
        if (pid > 0)
            finish_child(swarm, pid, status);
        else if (errno != EINTR)
            break;
        show_progress(swarm);
    }
    if (isatty(STDERR_FILENO))
        fprintf(stderr, "\n");
}

/* --- Reports --- */

static void print_summary(const struct swarm *swarm)
{
    const struct swarm_findings *findings = &swarm->findings;
    if (swarm->json) {
        swarm_findings_json_summary(findings, swarm->done, swarm->redrawn, swarm->refused,
                                    swarm_coverage_json(&swarm->coverage));
        return;
    }
    swarm_coverage_print(&swarm->coverage, stdout);
    printf("runs      %" PRIu64 " of %" PRIu64 ", %" PRIu64 " draws refused and redrawn",
           swarm->done, swarm->runs, swarm->redrawn);
    if (swarm->refused)
        printf(", %" PRIu64 " runs without any that fits", swarm->refused);
    printf("\nfindings  %u", findings->count);
    for (int kind = SWARM_VIOLATION; kind < SWARM_KINDS; kind++)
        if (swarm_findings_of(findings, (enum swarm_kind)kind) > 0)
            printf(", %s %u", swarm_kind_names[kind],
                   swarm_findings_of(findings, (enum swarm_kind)kind));
    printf("\n");
}

static int exit_code(const struct swarm *swarm)
{
    uint32_t violations = swarm_findings_of(&swarm->findings, SWARM_VIOLATION);
    if (swarm->findings.count > violations)
        return EXIT_OUR_FAULT;
    if (violations > 0)
        return EXIT_VIOLATION;
    if (stop_signal)
        return stop_signal == SIGTERM ? EXIT_SIGTERM : EXIT_SIGINT;
    if (swarm->refused == swarm->done) {
        fprintf(stderr,
                "shardsim: no drawn scenario was taken; is the base fixed too tightly?\n"
                "next: shardsim check %s\n",
                swarm->scenario_path);
        return EXIT_SCENARIO;
    }
    return EXIT_FINE;
}

static int run_swarm(struct swarm *swarm)
{
    run_all(swarm);
    const struct swarm_report report = {.plan = &swarm->plan,
                                        .scenario_path = swarm->scenario_path,
                                        .sets = swarm->sets.list,
                                        .folder = swarm->keep ? swarm->keep : "results/swarm",
                                        .keep_all = swarm->keep != NULL,
                                        .json = swarm->json,
                                        .seed = swarm->seed,
                                        .orders_every = ORDERS_EVERY,
                                        .max_wall_ns = swarm->max_wall_ns,
                                        .child = &swarm->children[0],
                                        .stop = &stop_signal};
    bool written = swarm_findings_report(&swarm->findings, &report);
    print_summary(swarm);
    if (stop_signal)
        fprintf(stderr, "| stopped after %" PRIu64 " runs\n", swarm->done);
    int code = exit_code(swarm);
    return written || code == EXIT_OUR_FAULT ? code : EXIT_IO;
}

static int run_only(struct swarm *swarm)
{
    const struct swarm_task task = task_of(swarm, swarm->only);
    struct swarm_child *child = &swarm->children[0];
    swarm->runs = 1;
    if (!swarm_run_whole(child, &task, &stop_signal))
        return stop_signal == SIGTERM ? EXIT_SIGTERM : EXIT_SIGINT;
    const struct swarm_outcome *outcome = child->outcome;
    if (swarm->json)
        printf("%s\n", outcome->text);
    else
        json_indent_print(stdout, outcome->text);
    fprintf(stderr, "| run %" PRIu64 ": %s%s%s, %" PRIu64 " events, %u draws refused\n",
            swarm->only, swarm_kind_names[outcome->kind], outcome->what[0] ? ": " : "",
            outcome->what, outcome->events, outcome->redrawn);
    take_outcome(swarm, child);
    return exit_code(swarm);
}

static int prepare(struct swarm *swarm)
{
    const struct scenario_options options = {.sets = swarm->sets.list, .point = -1};
    int code = command_load(swarm->scenario_path, &options, true, &swarm->scenario);
    if (code != EXIT_FINE)
        return code;
    swarm_plan_make(swarm->scenario, &swarm->plan);
    swarm_coverage_make(&swarm->plan, &swarm->coverage);
    for (uint32_t i = 0; i < swarm->job_count; i++) {
        if (!swarm_child_make(&swarm->children[i])) {
            fprintf(stderr, "shardsim: no memory to share: %s\n", strerror(errno));
            return EXIT_OUR_FAULT;
        }
    }
    struct sigaction action = {.sa_handler = on_signal};
    sigemptyset(&action.sa_mask);
    stop_signal = 0;
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    return EXIT_FINE;
}

int command_swarm(int argc, char **argv)
{
    static const struct argp argp = {
        command_swarm_options,
        parse_option,
        "SCENARIO",
        "Draws many small random runs around a scenario, with faults, and checks every property.\v"
        "The draws are addressed by the seed and the run's number: run I is the same whatever "
        "--runs and -j. Each kind of finding is minimised and written as a scenario, with the "
        "command that replays it. Every fourth run is also made with the other event queue and "
        "with another order of groups.\n\n"
        "Exit codes: 0 nothing found, 1 an assertion, a crash, a run without end or a result that "
        "depends on the order, 3 bad scenario, 4 a property was violated, 130/143 stopped.",
        NULL,
        NULL,
        NULL};
    struct swarm *swarm = calloc(1, sizeof *swarm);
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    if (!swarm)
        return EXIT_OUR_FAULT;
    swarm->job_count = cores > 0 && cores < JOBS_MAX ? (uint32_t)cores : 1;
    swarm->runs = RUNS_DEFAULT;
    swarm->seed = 1;
    swarm->max_wall_ns = MAX_WALL_DEFAULT;
    argp_err_exit_status = EXIT_USAGE;
    int code = argp_parse(&argp, argc, argv, 0, NULL, swarm) != 0 ? EXIT_USAGE : EXIT_FINE;
    if (code == EXIT_FINE)
        code = prepare(swarm);
    if (code == EXIT_FINE)
        code = swarm->has_only ? run_only(swarm) : run_swarm(swarm);
    for (uint32_t i = 0; i < swarm->job_count; i++)
        if (swarm->children[i].outcome)
            swarm_child_free(&swarm->children[i]);
    swarm_findings_free(&swarm->findings);
    swarm_coverage_free(&swarm->coverage);
    swarm_plan_free(&swarm->plan);
    scenario_free(swarm->scenario);
    free(swarm);
    return code;
}
