/* `shardsim sweep`: one process a run, at most -j at a time. A child is this very program with the
 * command `run`; what it did is read from its database, never from its exit code alone. */

#include "sim/command_sweep.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "command.h"
#include "sim/command_tools.h"
#include "sim/diagnostics.h"
#include "sim/scenario.h"
#include "sim/sweep_plan.h"
#include "sim/wall_clock.h"

enum {
    JOBS_MAX = 1024,
    SETS_MAX = 64,
    KEY_LIST = 256,
    KEY_REPLICATIONS,
    KEY_RETRY,
    KEY_SET,
    KEY_JSON
};

const struct argp_option command_sweep_options[] = {
    {"jobs", 'j', "N", 0, "runs at a time (default: one a core)", 0},
    {"list", KEY_LIST, NULL, 0, "print the runs and their state, and stop", 0},
    {"json", KEY_JSON, NULL, 0, "with --list: one JSON object a line", 0},
    {"replications", KEY_REPLICATIONS, "N", 0, "instead of the scenario's", 0},
    {"retry-failed", KEY_RETRY, NULL, 0, "run those again whose property was violated", 0},
    {"set", KEY_SET, "PATH=VALUE", 0, "change one value in every run; may be repeated", 0},
    {0}};

struct job {
    pid_t pid; /* 0 = free */
    uint32_t run;
    double started;
};

struct sweep {
    const char *scenario_path;
    const char *sets[SETS_MAX + 1];
    uint32_t set_count, job_count, running;
    uint64_t replications;
    bool list, json, retry_failed;
    struct sweep_plan plan;
    struct job jobs[JOBS_MAX];
    uint32_t to_do, finished, failed;
    double started;
};

static volatile sig_atomic_t stop_signal;

static void on_signal(int number)
{
    stop_signal = number;
}

static error_t parse_option(int key, char *text, struct argp_state *state)
{
    struct sweep *sweep = state->input;
    switch (key) {
    case 'j':
        sweep->job_count = (uint32_t)command_tools_number(state, "-j", text, 1, JOBS_MAX);
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
        sweep->retry_failed = true;
        return 0;
    case KEY_SET:
        if (sweep->set_count == SETS_MAX)
            argp_error(state, "--set: at most %d of them", SETS_MAX);
        else
            sweep->sets[sweep->set_count++] = text;
        return 0;
    case ARGP_KEY_ARG:
        if (sweep->scenario_path)
            argp_error(state, "one scenario at a time; \"%s\" is a second one", text);
        if (strcmp(text, "-") == 0)
            argp_error(state, "a sweep reads its scenario many times: give a file, not stdin");
        sweep->scenario_path = text;
        return 0;
    case ARGP_KEY_END:
        if (!sweep->scenario_path)
            argp_error(state, "which scenario?");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const char *const state_names[] = {"missing", "done", "failed", "foreign", "running"};

static void print_list(const struct sweep *sweep)
{
    for (uint32_t i = 0; i < sweep->plan.count; i++) {
        const struct sweep_run *run = &sweep->plan.runs[i];
        const char *label = sweep->plan.labels[run->point < 0 ? 0 : run->point];
        if (sweep->json)
            printf("{\"point\":%" PRId64 ",\"replication\":%" PRIu64 ",\"run_key\":\"%016" PRIx64
                   "\",\"state\":\"%s\",\"values\":\"%s\"}\n",
                   run->point, run->replication, run->run_key, state_names[run->state], label);
        else
            printf("point %4" PRId64 "  replication %4" PRIu64 "  %016" PRIx64 "  %-8s %s\n",
                   run->point, run->replication, run->run_key, state_names[run->state], label);
    }
}

static void stderr_path(const struct sweep *sweep, const struct sweep_run *run, char *path,
                        unsigned bytes)
{
    snprintf(path, bytes, "%s/%016" PRIx64 ".stderr", sweep->plan.folder, run->run_key);
}

/* In the child: becomes `shardsim run`. */
static void become_run(const struct sweep *sweep, const struct sweep_run *run)
{
    char replication[32], point[32], path[1024];
    const char *arguments[SETS_MAX * 2 + 16];
    int count = 0;
    snprintf(replication, sizeof replication, "%" PRIu64, run->replication);
    snprintf(point, sizeof point, "%" PRId64, run->point);
    arguments[count++] = "shardsim";
    arguments[count++] = "run";
    arguments[count++] = sweep->scenario_path;
    arguments[count++] = "--progress=none";
    arguments[count++] = "--replication";
    arguments[count++] = replication;
    if (run->point >= 0) {
        arguments[count++] = "--point";
        arguments[count++] = point;
    }
    if (run->replace)
        arguments[count++] = "--force";
    for (uint32_t i = 0; i < sweep->set_count; i++) {
        arguments[count++] = "--set";
        arguments[count++] = sweep->sets[i];
    }
    arguments[count] = NULL;
    stderr_path(sweep, run, path, sizeof path);
    int out = open("/dev/null", O_WRONLY), error = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    if (out >= 0)
        dup2(out, STDOUT_FILENO);
    if (error >= 0)
        dup2(error, STDERR_FILENO);
    setpgid(0, 0); /* a Ctrl-C reaches the sweep, which passes it on once */
    execv("/proc/self/exe", (char *const *)arguments);
    _exit(EXIT_OUR_FAULT);
}

static bool start_run(struct sweep *sweep, uint32_t index)
{
    struct sweep_run *run = &sweep->plan.runs[index];
    uint32_t slot = 0;
    while (sweep->jobs[slot].pid != 0)
        slot++;
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0)
        become_run(sweep, run);
    if (pid < 0) {
        fprintf(stderr, "shardsim: cannot start a process: %s\n", strerror(errno));
        return false;
    }
    sweep->jobs[slot] = (struct job){.pid = pid, .run = index, .started = wall_clock_s()};
    sweep->running++;
    run->state = SWEEP_RUNNING;
    return true;
}

static void show_progress(const struct sweep *sweep)
{
    bool terminal = isatty(STDERR_FILENO);
    double elapsed = wall_clock_s() - sweep->started;
    uint32_t left = sweep->to_do - sweep->finished;
    long eta = sweep->finished ? (long)(elapsed / sweep->finished * left) : 0;
    fprintf(stderr, "%s| %u/%u runs, %u running, %u failed, ETA %ld:%02ld%s", terminal ? "\r" : "",
            sweep->finished, sweep->to_do, sweep->running, sweep->failed, eta / 60, eta % 60,
            terminal ? "   " : "\n");
}

/* What a run that did not end well wrote on stderr belongs to the user. */
static void pass_on_errors(const struct sweep *sweep, const struct sweep_run *run)
{
    char path[1024], line[512];
    stderr_path(sweep, run, path, sizeof path);
    FILE *file = fopen(path, "r");
    fprintf(stderr,
            "\nshardsim: run %016" PRIx64 " (point %" PRId64 ", replication %" PRIu64 ") is %s:\n",
            run->run_key, run->point, run->replication,
            run->state == SWEEP_FAILED ? "violated or failed" : "not done");
    for (int i = 0; file && i < 8 && fgets(line, sizeof line, file); i++)
        fprintf(stderr, "  %s", line);
    if (file)
        fclose(file);
}

static void finish_run(struct sweep *sweep, pid_t pid)
{
    char path[1024];
    uint32_t slot = 0;
    while (slot < JOBS_MAX && sweep->jobs[slot].pid != pid)
        slot++;
    if (slot == JOBS_MAX)
        return;
    struct sweep_run *run = &sweep->plan.runs[sweep->jobs[slot].run];
    sweep->jobs[slot].pid = 0;
    sweep->running--;
    run->state = sweep_plan_look(&sweep->plan, run);
    if (run->state == SWEEP_DONE) {
        sweep->finished++;
    } else if (!stop_signal) {
        sweep->finished++;
        sweep->failed++;
        pass_on_errors(sweep, run);
    }
    stderr_path(sweep, run, path, sizeof path);
    unlink(path);
    show_progress(sweep);
}

static void stop_children(const struct sweep *sweep, int number)
{
    for (uint32_t i = 0; i < JOBS_MAX; i++)
        if (sweep->jobs[i].pid > 0)
            kill(sweep->jobs[i].pid, number);
}

static bool is_due(const struct sweep *sweep, const struct sweep_run *run)
{
    return run->state == SWEEP_MISSING || (run->state == SWEEP_FAILED && sweep->retry_failed);
}

static void run_all(struct sweep *sweep)
{
    uint32_t next = 0;
    bool stopping = false;
    sweep->started = wall_clock_s();
    for (;;) {
        while (!stop_signal && sweep->running < sweep->job_count && next < sweep->plan.count) {
            if (is_due(sweep, &sweep->plan.runs[next]) && !start_run(sweep, next))
                break;
            next++;
        }
        if (sweep->running == 0)
            break;
        if (stop_signal && !stopping) {
            stop_children(sweep, stop_signal);
            stopping = true;
        }
        int status;
        pid_t pid = waitpid(-1, &status, 0);
        if (pid > 0)
            finish_run(sweep, pid);
        else if (errno != EINTR)
            break;
    }
    if (isatty(STDERR_FILENO))
        fprintf(stderr, "\n");
}

static int conclude(struct sweep *sweep)
{
    uint32_t count[5] = {0};
    for (uint32_t i = 0; i < sweep->plan.count; i++)
        count[sweep->plan.runs[i].state]++;
    printf("%u of %u runs are done in %s", count[SWEEP_DONE], sweep->plan.count,
           sweep->plan.folder);
    if (count[SWEEP_MISSING])
        printf(", %u missing", count[SWEEP_MISSING]);
    if (count[SWEEP_FAILED])
        printf(", %u failed", count[SWEEP_FAILED]);
    if (count[SWEEP_FOREIGN])
        printf(", %u in the way of a file that is no result of ours", count[SWEEP_FOREIGN]);
    printf("\n");
    if (stop_signal) {
        fprintf(stderr, "| stopped; the same command goes on from here\n");
        return stop_signal == SIGTERM ? EXIT_SIGTERM : EXIT_SIGINT;
    }
    if (count[SWEEP_DONE] == sweep->plan.count) {
        fputs("| ", stderr);
        command_next_print("report", sweep->plan.folder, "");
        return EXIT_FINE;
    }
    if (count[SWEEP_FAILED]) {
        fputs("| ", stderr);
        command_next_print("sweep --retry-failed", sweep->scenario_path, "");
    }
    return count[SWEEP_FAILED] && !count[SWEEP_MISSING] && !count[SWEEP_FOREIGN] ? EXIT_VIOLATION
                                                                                 : EXIT_INCOMPLETE;
}

static int prepare(struct sweep *sweep)
{
    struct diagnostics diagnostics = {0};
    int code = EXIT_FINE;
    if (sweep_plan_make(sweep->scenario_path, sweep->sets, sweep->replications, &diagnostics,
                        &sweep->plan) != 0) {
        diagnostics_print(&diagnostics, stderr, 20, false);
        code = diagnostics.count > 0 && strcmp(diagnostics.list[0].code, "E500") == 0
                   ? EXIT_IO
                   : EXIT_SCENARIO;
    }
    diagnostics_free(&diagnostics);
    for (uint32_t i = 0; i < sweep->plan.count; i++)
        sweep->to_do += is_due(sweep, &sweep->plan.runs[i]);
    if (code != EXIT_FINE || sweep->list || sweep->to_do == 0)
        return code;
    const char *const folders[] = {"results", sweep->plan.folder};
    for (size_t i = 0; i < 2; i++)
        if (mkdir(folders[i], 0755) != 0 && errno != EEXIST) {
            fprintf(stderr,
                    "shardsim: cannot make the folder %s: %s; start the sweep in a folder that "
                    "can be written\n",
                    folders[i], strerror(errno));
            return EXIT_IO;
        }
    return EXIT_FINE;
}

int command_sweep(int argc, char **argv)
{
    static const struct argp argp = {
        command_sweep_options,
        parse_option,
        "SCENARIO",
        "Runs every point and replication of a scenario whose result is not there yet.\v"
        "Exit codes: 0 all are done, 3 bad scenario, 4 a property was violated, 6 some are "
        "missing, 130/143 stopped by a signal; the same command goes on from there.",
        NULL,
        NULL,
        NULL};
    struct sweep *sweep = calloc(1, sizeof *sweep);
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    if (!sweep)
        return EXIT_OUR_FAULT;
    sweep->job_count = cores > 0 && cores < JOBS_MAX ? (uint32_t)cores : 1;
    argp_err_exit_status = EXIT_USAGE;
    int code = argp_parse(&argp, argc, argv, 0, NULL, sweep) != 0 ? EXIT_USAGE : EXIT_FINE;
    if (code == EXIT_FINE)
        code = prepare(sweep);
    if (code == EXIT_FINE && sweep->list) {
        print_list(sweep);
    } else if (code == EXIT_FINE) {
        struct sigaction action = {.sa_handler = on_signal};
        sigemptyset(&action.sa_mask);
        stop_signal = 0;
        sigaction(SIGINT, &action, NULL);
        sigaction(SIGTERM, &action, NULL);
        run_all(sweep);
        code = conclude(sweep);
    }
    sweep_plan_free(&sweep->plan);
    free(sweep);
    return code;
}
