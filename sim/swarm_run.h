#ifndef SIM_SWARM_RUN_H
#define SIM_SWARM_RUN_H

/* One run of a swarm, in a child process: whatever goes wrong there is a finding and not the end of
 * the swarm. The child draws (or is given) a scenario, runs it without a log, and leaves what came
 * out in memory that it shares with its parent. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct swarm_plan;

enum swarm_kind {
    SWARM_FINE,
    SWARM_REFUSED,    /* no scenario that the reader takes, in many draws: no finding */
    SWARM_VIOLATION,  /* a property did not hold */
    SWARM_ASSERTION,  /* our fault, caught by us: the child ended with a code of its own */
    SWARM_CRASH,      /* a signal ended it */
    SWARM_UNFINISHED, /* too much time or too many events */
    SWARM_HASH        /* another result with another queue or another order of groups */
};
enum { SWARM_KINDS = SWARM_HASH + 1 };
extern const char *const swarm_kind_names[SWARM_KINDS];

enum { SWARM_TEXT_BYTES = 256 << 10, SWARM_WHAT_BYTES = 512 };

struct swarm_outcome {
    enum swarm_kind kind;
    uint32_t redrawn; /* draws that the reader refused */
    bool at_end;      /* the violation was seen when the run was over: something did not come */
    uint64_t events;
    char what[SWARM_WHAT_BYTES]; /* "property at event N, t: text"; an assertion's line... */
    char text[SWARM_TEXT_BYTES]; /* the scenario, canonical JSON */
};

struct swarm_task {
    const struct swarm_plan *plan;
    uint64_t seed, run;
    const char *text; /* NULL = draw it */
    bool orders;      /* also with the other queue and another order of groups */
    uint64_t max_wall_ns;
};

struct swarm_child {
    pid_t pid; /* 0 = none */
    uint64_t run;
    struct swarm_outcome *outcome; /* shared */
    int errors;                    /* what it wrote on stderr */
};

/* swarm_child_make and _free own the shared memory. Returns false when there is none. */
bool swarm_child_make(struct swarm_child *child);
void swarm_child_free(struct swarm_child *child);

/* swarm_run_start starts a task; false when no process can be made. */
bool swarm_run_start(struct swarm_child *child, const struct swarm_task *task);

/* swarm_run_end completes the outcome from the status that waitpid gave. */
void swarm_run_end(struct swarm_child *child, int status);

/* swarm_run_whole starts a task and waits for it; false when stopped by a signal (the child is then
 * gone too) or when no process can be made. */
bool swarm_run_whole(struct swarm_child *child, const struct swarm_task *task,
                     const volatile int *stop);

/* swarm_same says whether two outcomes are the same finding: the same property, the same assertion,
 * the same signal. */
bool swarm_same(const struct swarm_outcome *a, const struct swarm_outcome *b);

/* swarm_subject writes what makes a finding: "exactly_once", or the assertion's line. */
void swarm_subject(const struct swarm_outcome *outcome, char ret_text[SWARM_WHAT_BYTES]);

#endif
