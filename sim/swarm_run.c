#include "sim/swarm_run.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sim/diagnostics.h"
#include "sim/engine.h"
#include "sim/json_write.h"
#include "sim/queue.h"
#include "sim/scenario.h"
#include "sim/swarm_plan.h"

enum { ATTEMPTS_MAX = 100, STALL_TIMES = 10 };
#define EVENTS_MAX UINT64_C(50000000)
#define MEMORY_MAX (UINT64_C(2) << 30)

const char *const swarm_kind_names[SWARM_KINDS] = {"fine",  "refused",    "violation", "assertion",
                                                   "crash", "unfinished", "hash"};

bool swarm_child_make(struct swarm_child *child)
{
    void *shared = mmap(NULL, sizeof *child->outcome, PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    *child = (struct swarm_child){.errors = memfd_create("stderr", MFD_CLOEXEC)};
    if (shared == MAP_FAILED)
        return false;
    child->outcome = shared;
    return child->errors >= 0;
}

void swarm_child_free(struct swarm_child *child)
{
    if (child->outcome)
        munmap(child->outcome, sizeof *child->outcome);
    if (child->errors >= 0)
        close(child->errors);
    *child = (struct swarm_child){.errors = -1};
}

/* --- In the child --- */

static struct scenario *read_text(const struct swarm_plan *plan, const char *text)
{
    struct diagnostics diagnostics = {0};
    struct scenario *scenario = NULL;
    const struct scenario_options options = {.point = -1};
    scenario_load_text(plan->path, text, strlen(text), &options, &diagnostics, &scenario);
    diagnostics_free(&diagnostics);
    return scenario;
}

static bool keep_text(struct swarm_outcome *outcome, const cJSON *document)
{
    char *text = json_write_canonical(document, NULL);
    size_t bytes = strlen(text);
    bool fits = bytes < SWARM_TEXT_BYTES;
    if (fits)
        memcpy(outcome->text, text, bytes + 1);
    free(text);
    return fits;
}

/* One draw: the parameters, then faults on the world that they make. NULL = refused. */
static struct scenario *draw(const struct swarm_task *task, uint64_t attempt,
                             struct swarm_outcome *outcome)
{
    const struct swarm_address address = {task->seed, task->run, attempt};
    struct swarm_world world = {.role_count = 0};
    struct diagnostics diagnostics = {0};
    cJSON *document = swarm_plan_draw(task->plan, &address);
    struct scenario *scenario = NULL, *bare = NULL;
    if (keep_text(outcome, document))
        bare = read_text(task->plan, outcome->text);
    int count = bare ? engine_roles(bare, &diagnostics, world.roles) : -1;
    if (bare)
        swarm_plan_behaviours(bare, &world);
    scenario_free(bare);
    if (count >= 0) {
        world.role_count = (uint32_t)count;
        swarm_plan_faults(&address, &world, document);
        if (keep_text(outcome, document))
            scenario = read_text(task->plan, outcome->text);
    }
    if (scenario && engine_check(scenario, &diagnostics) != 0) {
        scenario_free(scenario);
        scenario = NULL;
    }
    diagnostics_free(&diagnostics);
    cJSON_Delete(document);
    return scenario;
}

static struct scenario *find_scenario(const struct swarm_task *task, struct swarm_outcome *outcome)
{
    struct scenario *scenario = NULL;
    struct diagnostics diagnostics = {0};
    for (uint64_t attempt = 0; !task->text && !scenario && attempt < ATTEMPTS_MAX; attempt++) {
        scenario = draw(task, attempt, outcome);
        outcome->redrawn += !scenario;
    }
    if (!task->text)
        return scenario;
    snprintf(outcome->text, sizeof outcome->text, "%s", task->text);
    scenario = read_text(task->plan, outcome->text);
    if (scenario && engine_check(scenario, &diagnostics) != 0) {
        scenario_free(scenario);
        scenario = NULL;
    }
    diagnostics_free(&diagnostics);
    return scenario;
}

static bool run_once(const struct scenario *scenario, const struct queue_type *queue,
                     uint64_t group_order, struct engine_result *ret_result)
{
    struct diagnostics diagnostics = {0};
    const struct engine_options options = {.queue = queue,
                                           .group_order = group_order,
                                           .max_events = EVENTS_MAX,
                                           .max_memory_bytes = MEMORY_MAX};
    bool ran = engine_run(scenario, &options, &diagnostics, ret_result) == 0;
    diagnostics_free(&diagnostics);
    return ran;
}

/* The same run in other orders; its first result is `first`. */
static void compare_orders(const struct scenario *scenario, uint64_t run,
                           const struct engine_result *first, struct swarm_outcome *outcome)
{
    static const char *const names[] = {"heap queue", "order of groups"};
    for (int other = 0; other < 2 && outcome->kind == SWARM_FINE; other++) {
        struct engine_result result;
        if (!run_once(scenario, other == 0 ? &queue_heap : NULL, other == 0 ? 0 : run + 1, &result))
            continue;
        bool same = result.status == first->status &&
                    memcmp(result.result_hash, first->result_hash, sizeof first->result_hash) == 0;
        if (same)
            continue;
        outcome->kind = SWARM_HASH;
        snprintf(
            outcome->what, sizeof outcome->what, "%s: %s, %016llx%016llx instead of %016llx%016llx",
            names[other], engine_status_names[result.status],
            (unsigned long long)result.result_hash[0], (unsigned long long)result.result_hash[1],
            (unsigned long long)first->result_hash[0], (unsigned long long)first->result_hash[1]);
    }
}

static void run_task(const struct swarm_task *task, struct swarm_outcome *outcome)
{
    struct engine_result result;
    struct scenario *scenario = find_scenario(task, outcome);
    if (!scenario || !run_once(scenario, NULL, 0, &result)) {
        outcome->kind = SWARM_REFUSED;
        return;
    }
    outcome->events = result.events;
    outcome->kind = SWARM_FINE;
    if (result.status == ENGINE_VIOLATION) {
        outcome->kind = SWARM_VIOLATION;
        outcome->at_end = result.sim_end_ns == scenario->duration_ns;
        snprintf(outcome->what, sizeof outcome->what, "%s", result.violation);
    } else if (result.status == ENGINE_LIMIT) {
        outcome->kind = SWARM_UNFINISHED;
        snprintf(outcome->what, sizeof outcome->what, "%s", result.limit);
    } else if (task->orders) {
        compare_orders(scenario, task->run, &result, outcome);
    }
    scenario_free(scenario);
}

/* A microsecond more, since a timer of none would never go off. */
static struct itimerval timer_of(uint64_t ns)
{
    ns += 1000;
    return (struct itimerval){.it_value = {.tv_sec = (time_t)(ns / 1000000000),
                                           .tv_usec = (suseconds_t)(ns / 1000 % 1000000)}};
}

static _Noreturn void become_child(const struct swarm_child *child, const struct swarm_task *task)
{
    const struct rlimit no_core = {0, 0};
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    setpgid(0, 0); /* a Ctrl-C reaches the swarm, which ends its children */
    setrlimit(RLIMIT_CORE, &no_core);
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    dup2(child->errors, STDERR_FILENO);
    /* Processor time, so that a busy machine makes no findings; and an end to a standstill. */
    const struct itimerval busy = timer_of(task->max_wall_ns);
    const struct itimerval still = timer_of(task->max_wall_ns * STALL_TIMES);
    setitimer(ITIMER_PROF, &busy, NULL);
    setitimer(ITIMER_REAL, &still, NULL);
    run_task(task, child->outcome);
    _exit(0);
}

/* --- In the parent --- */

bool swarm_run_start(struct swarm_child *child, const struct swarm_task *task)
{
    child->outcome->kind = SWARM_FINE;
    child->outcome->redrawn = 0;
    child->outcome->events = 0;
    child->outcome->at_end = false;
    child->outcome->what[0] = '\0';
    child->outcome->text[0] = '\0';
    child->run = task->run;
    if (ftruncate(child->errors, 0) != 0 || lseek(child->errors, 0, SEEK_SET) != 0)
        return false;
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0)
        become_child(child, task);
    child->pid = pid > 0 ? pid : 0;
    return pid > 0;
}

/* The first line that says something. */
static void read_errors(int file, char what[SWARM_WHAT_BYTES])
{
    char text[4096];
    ssize_t bytes = pread(file, text, sizeof text - 1, 0);
    text[bytes > 0 ? bytes : 0] = '\0';
    const char *line = text + strspn(text, "=\n ");
    snprintf(what, SWARM_WHAT_BYTES, "%.*s", (int)strcspn(line, "\n"), line);
}

void swarm_run_end(struct swarm_child *child, int status)
{
    struct swarm_outcome *outcome = child->outcome;
    child->pid = 0;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return;
    if (WIFSIGNALED(status) && (WTERMSIG(status) == SIGPROF || WTERMSIG(status) == SIGALRM)) {
        outcome->kind = SWARM_UNFINISHED;
        snprintf(outcome->what, sizeof outcome->what, "no end within --max-wall");
    } else if (WIFSIGNALED(status)) {
        outcome->kind = SWARM_CRASH;
        snprintf(outcome->what, sizeof outcome->what, "signal %d, %s", WTERMSIG(status),
                 strsignal(WTERMSIG(status)));
    } else {
        outcome->kind = SWARM_ASSERTION;
        read_errors(child->errors, outcome->what);
        if (outcome->what[0] == '\0')
            snprintf(outcome->what, sizeof outcome->what, "exit code %d", WEXITSTATUS(status));
    }
}

bool swarm_run_whole(struct swarm_child *child, const struct swarm_task *task,
                     const volatile int *stop)
{
    int status = 0;
    if (*stop || !swarm_run_start(child, task))
        return false;
    while (waitpid(child->pid, &status, 0) < 0) {
        if (errno != EINTR)
            return false;
        if (*stop)
            kill(child->pid, SIGKILL);
    }
    if (*stop) {
        child->pid = 0;
        return false;
    }
    swarm_run_end(child, status);
    return true;
}

void swarm_subject(const struct swarm_outcome *outcome, char ret_text[SWARM_WHAT_BYTES])
{
    size_t bytes = strlen(outcome->what);
    const char *end = outcome->kind == SWARM_VIOLATION ? strstr(outcome->what, " at event")
                      : outcome->kind == SWARM_HASH    ? strchr(outcome->what, ':')
                                                       : NULL;
    if (end)
        bytes = (size_t)(end - outcome->what);
    snprintf(ret_text, SWARM_WHAT_BYTES, "%.*s", (int)bytes, outcome->what);
}

bool swarm_same(const struct swarm_outcome *a, const struct swarm_outcome *b)
{
    char of_a[SWARM_WHAT_BYTES], of_b[SWARM_WHAT_BYTES];
    swarm_subject(a, of_a);
    swarm_subject(b, of_b);
    return a->kind == b->kind && strcmp(of_a, of_b) == 0;
}
