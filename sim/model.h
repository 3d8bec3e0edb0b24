#ifndef SIM_MODEL_H
#define SIM_MODEL_H

/* The contract between the kernel and a protocol: one constant table an implementer of a layer.
 *
 * The kernel calls the table; the model calls the kernel through world.h (while building) and
 * context.h (while running). A model keeps all of its state behind the pointer that build() gave,
 * so two runs may live in one process, and allocates while running only from memory.h pools.
 *
 * Order of calls: check, build (chain, spread, state, messaging, ledger, atomic, workloads), start
 * (same order), then handlers; check_safety now and then and at the end, check_liveness once at the
 * end of a run that was not cut short, report, destroy (reverse order). `check` of a scenario runs
 * check, build and destroy. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/fault.h"
#include "sim/message.h"
#include "sim/param.h"

struct context;
struct diagnostics;
struct stack; /* models/stack.h: the kernel carries the pointer and never looks inside */
struct world;

/* Handlers are addressed (node, slot). A layer's slot is its number; the workloads of a run, which
 * are a list, stand in slots from the workload layer's number on. The kernel's own rows use
 * SLOT_KERNEL. */
enum { SLOT_MAX = 16, SLOT_KERNEL = 16, COUNTERS_MAX = 64 /* metrics of a model */ };

/* Kind numbers in the log: slot << 8 | code; code = message kind, 64 + timer kind, 128 + trace. */
enum { KIND_MESSAGE = 0, KIND_TIMER = 64, KIND_TRACE = 128 };

struct build {
    const void *config;  /* this model's struct, filled from its params */
    const char *pointer; /* "/messaging", "/workload/0": prefix for diagnostics */
    uint8_t slot;
    struct world *world;
    struct stack *stack;
    struct diagnostics *diagnostics;
};

struct model_metric {
    const char *name, *unit, *help;
};

enum property_when {
    PROPERTY_ALWAYS,     /* in every run */
    PROPERTY_WHEN_NAMED, /* only where the scenario names it */
    PROPERTY_WITHIN      /* only where the scenario names it with a "within" */
};

/* A property that this layer checks. */
struct model_property {
    const char *name, *help;
    enum property_when when;
};

struct model {
    uint8_t layer;          /* slot number: enum layer of models/stack.h            */
    const char *layer_name; /* the section of the scenario: "messaging"             */
    const char *name;       /* the section's "type": "hypercube"                    */
    const char *summary;    /* one line, shown by `list`                            */
    uint32_t version;       /* bump when results change; part of run_key            */

    size_t config_bytes;
    const struct param *params;               /* PARAM_END-terminated */
    const char *const *message_kinds;         /* NULL-terminated, at most 64 */
    const char *const *timer_kinds;           /* NULL-terminated, at most 64 */
    const char *const *trace_kinds;           /* NULL-terminated, at most 64 */
    uint64_t packet_timers;                   /* bits of timer kinds that come once a packet: rows
                                                 of them are kept at log level "all" alone */
    const struct model_metric *metrics;       /* counters; NULL-name terminated */
    const struct model_property *properties;  /* NULL-name terminated */
    const struct model_behaviour *behaviours; /* Byzantine ones; NULL-name terminated, NULL ok */

    /* Rules across fields that ranges cannot express; its pointers are below `pointer`. NULL ok. */
    void (*check)(const void *config, const char *pointer, struct diagnostics *diagnostics);
    /* Creates nodes and the run's state. 0, or -1 with one diagnostic or more (*ret_state NULL). */
    int (*build)(const struct build *build, void **ret_state);
    void (*start)(void *state, struct context *context);
    void (*on_message)(void *state, struct context *context, const struct message *message);
    void (*on_timer)(void *state, struct context *context, uint8_t kind, uint32_t chain,
                     uint64_t cookie);
    void (*on_fault)(void *state, struct context *context, const struct fault *fault); /* NULL ok */
    void (*check_safety)(void *state, struct context *context);                        /* NULL ok */
    void (*check_liveness)(void *state, struct context *context);                      /* NULL ok */
    void (*report)(void *state, struct context *context);                              /* NULL ok */
    void (*destroy)(void *state);
};

/* Defined in models/registry.c; NULL-terminated. Within a layer the first one is the default. The
 * kernel declares them and never defines them: sim/ compiles without models/. */
extern const struct model *const model_registry[];
extern const size_t model_stack_bytes;
/* model_stack_check returns NULL, or the name of a seam that nobody filled after all builds. */
const char *model_stack_check(const struct stack *stack);
/* Bumped when a change anywhere in models/ changes results without a model's version changing. */
extern const uint32_t model_stack_version;

#endif
