#include "sim/sweep_jobs.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "command.h"
#include "sim/sim_assert.h"
#include "sim/wall_clock.h"

enum { ERROR_LINES_MAX = 40 };

bool sweep_jobs_is_due(const struct sweep_jobs *jobs, const struct sweep_run *run)
{
    return run->state == SWEEP_MISSING || (run->state == SWEEP_FAILED && jobs->retry_failed);
}

/* --- In the child --- */

/* The words of `shardsim run`, NULL-terminated; the list is never freed. */
static char **run_words(const struct sweep_jobs *jobs, const struct sweep_run *run)
{
    static char replication[32], point[32];
    size_t sets = 0, count = 0;
    while (jobs->sets[sets])
        sets++;
    const char **words = calloc(2 * sets + 16, sizeof *words);
    SIM_ASSERT(words);
    snprintf(replication, sizeof replication, "%" PRIu64, run->replication);
    snprintf(point, sizeof point, "%" PRId64, run->point);
    words[count++] = "shardsim";
    words[count++] = "run";
    words[count++] = "--progress=none";
    words[count++] = "--replication";
    words[count++] = replication;
    if (run->point >= 0) {
        words[count++] = "--point";
        words[count++] = point;
    }
    if (run->replace)
        words[count++] = "--force";
    for (size_t i = 0; i < sets; i++) {
        words[count++] = "--set";
        words[count++] = jobs->sets[i];
    }
    words[count++] = "--"; /* the scenario's name may begin with a hyphen */
    words[count++] = jobs->scenario_path;
    return (char **)words;
}

/* `parent` waits for signals with them blocked; none is lost between fork and exec. */
static _Noreturn void become_run(const struct sweep_jobs *jobs, const struct sweep_run *run,
                                 int errors, pid_t parent, const sigset_t *mask)
{
    char **words = run_words(jobs, run);
    int out = open("/dev/null", O_WRONLY);
    if (out >= 0)
        dup2(out, STDOUT_FILENO);
    if (errors >= 0)
        dup2(errors, STDERR_FILENO);
    setpgid(0, 0); /* a Ctrl-C reaches the sweep, which passes it on once */
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent)
        _exit(EXIT_SIGTERM);
    sigprocmask(SIG_SETMASK, mask, NULL);
    execv("/proc/self/exe", words);
    _exit(EXIT_OUR_FAULT);
}

/* --- In the parent --- */

static bool start_run(struct sweep_jobs *jobs, uint32_t index, const sigset_t *mask)
{
    struct sweep_run *run = &jobs->plan->runs[index];
    uint32_t slot = 0;
    while (jobs->jobs[slot].pid != 0)
        slot++;
    int errors = memfd_create("stderr", MFD_CLOEXEC);
    pid_t parent = getpid(); /* outside the simulation */
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0)
        become_run(jobs, run, errors, parent, mask);
    if (pid < 0) {
        if (errors >= 0)
            close(errors);
        if (jobs->running == 0)
            fprintf(stderr, "shardsim sweep: cannot start a process: %s\n", strerror(errno));
        return false;
    }
    jobs->jobs[slot] = (struct sweep_job){.pid = pid, .run = index, .errors = errors};
    jobs->running++;
    run->state = SWEEP_RUNNING;
    return true;
}

static void show_progress(const struct sweep_jobs *jobs)
{
    bool terminal = isatty(STDERR_FILENO);
    double elapsed = wall_clock_s() - jobs->started;
    uint32_t left = jobs->to_do - jobs->finished;
    char eta[32] = "-:--"; /* nothing is known before the first has ended */
    if (jobs->finished) {
        long seconds = (long)(elapsed / jobs->finished * left);
        snprintf(eta, sizeof eta, "%ld:%02ld", seconds / 60, seconds % 60);
    }
    fprintf(stderr, "%s| %u/%u runs, %u running, %u failed, ETA %s%s", terminal ? "\r" : "",
            jobs->finished, jobs->to_do, jobs->running, jobs->failed, eta, terminal ? "   " : "\n");
}

/* What a run wrote on stderr belongs to the user. */
static void pass_on_errors(int errors)
{
    char line[512];
    FILE *file = errors >= 0 && lseek(errors, 0, SEEK_SET) == 0 ? fdopen(dup(errors), "r") : NULL;
    for (int i = 0; file && i < ERROR_LINES_MAX && fgets(line, sizeof line, file); i++)
        fprintf(stderr, "  %s", line);
    if (file)
        fclose(file);
}

static void tell_failure(const struct sweep_jobs *jobs, const struct sweep_run *run, int status,
                         int errors, const char *why)
{
    const char *label = sweep_plan_label(jobs->plan, run);
    fprintf(stderr, "%sshardsim sweep: run %016" PRIx64 " (replication %" PRIu64,
            isatty(STDERR_FILENO) ? "\n" : "", run->run_key, run->replication);
    if (run->point >= 0)
        fprintf(stderr, ", point %" PRId64 ": %s", run->point, label);
    if (WIFSIGNALED(status))
        fprintf(stderr, ") was ended by signal %d, %s%s\n", WTERMSIG(status),
                strsignal(WTERMSIG(status)),
                WTERMSIG(status) == SIGKILL ? "; where memory is short, run fewer at once: -j N"
                                            : "");
    else if (run->state == SWEEP_FAILED)
        fprintf(stderr, ") violated %s\n", why[0] ? why : "a property");
    else
        fprintf(stderr, ") ended with exit code %d\n", WEXITSTATUS(status));
    pass_on_errors(errors);
}

static void finish_run(struct sweep_jobs *jobs, pid_t pid, int status)
{
    char why[1024];
    uint32_t slot = 0;
    while (slot < SWEEP_JOBS_MAX && jobs->jobs[slot].pid != pid)
        slot++;
    if (slot == SWEEP_JOBS_MAX)
        return;
    struct sweep_run *run = &jobs->plan->runs[jobs->jobs[slot].run];
    int errors = jobs->jobs[slot].errors;
    jobs->jobs[slot] = (struct sweep_job){.errors = -1};
    jobs->running--;
    run->state = sweep_plan_look(jobs->plan, run, why, sizeof why);
    if (run->state == SWEEP_DONE || run->state == SWEEP_RUNNING) {
        jobs->finished++; /* by another sweep, perhaps, which came first */
    } else if (!jobs->signal) {
        jobs->finished++;
        jobs->failed++;
        tell_failure(jobs, run, status, errors, why);
    }
    if (errors >= 0)
        close(errors);
    show_progress(jobs);
}

static void stop_children(const struct sweep_jobs *jobs)
{
    for (uint32_t i = 0; i < SWEEP_JOBS_MAX; i++)
        if (jobs->jobs[i].pid > 0)
            kill(jobs->jobs[i].pid, jobs->signal);
}

/* Waits until a child has ended or a signal has come, at most a second. */
static void wait_for_something(struct sweep_jobs *jobs, const sigset_t *awaited)
{
    const struct timespec second = {.tv_sec = 1};
    int number = sigtimedwait(awaited, NULL, &second);
    if (number == SIGINT || number == SIGTERM) {
        if (!jobs->signal)
            fprintf(stderr, "%s| stopping: %u run%s what was done\n",
                    isatty(STDERR_FILENO) ? "\n" : "", jobs->running,
                    jobs->running == 1 ? " saves" : "s save");
        jobs->signal = number;
        stop_children(jobs);
    } else if (number < 0 && isatty(STDERR_FILENO)) {
        show_progress(jobs);
    }
}

/* Starts what is due from *next on, as long as there is room. Another sweep may have been there
 * since the plan was made, so each file is looked at again. */
static void start_due(struct sweep_jobs *jobs, const sigset_t *mask, uint32_t *next)
{
    while (jobs->running < jobs->at_once && *next < jobs->plan->count) {
        struct sweep_run *run = &jobs->plan->runs[*next];
        if (sweep_jobs_is_due(jobs, run)) {
            run->state = sweep_plan_look(jobs->plan, run, NULL, 0);
            if (!sweep_jobs_is_due(jobs, run))
                jobs->finished++;
            else if (!start_run(jobs, *next, mask))
                return;
        }
        ++*next;
    }
}

void sweep_jobs_run(struct sweep_jobs *jobs)
{
    sigset_t awaited, before;
    uint32_t next = 0;
    sigemptyset(&awaited);
    sigaddset(&awaited, SIGINT);
    sigaddset(&awaited, SIGTERM);
    sigaddset(&awaited, SIGCHLD);
    sigprocmask(SIG_BLOCK, &awaited, &before);
    jobs->started = wall_clock_s();
    for (;;) {
        int status;
        if (!jobs->signal)
            start_due(jobs, &before, &next);
        pid_t pid = waitpid(-1, &status, WNOHANG);
        if (pid > 0)
            finish_run(jobs, pid, status);
        else if (jobs->running == 0)
            break;
        else
            wait_for_something(jobs, &awaited);
    }
    sigprocmask(SIG_SETMASK, &before, NULL);
    if (isatty(STDERR_FILENO))
        fprintf(stderr, "\n");
}
