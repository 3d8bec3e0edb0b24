#ifndef SIM_FAULT_H
#define SIM_FAULT_H

/* Faults are data with a time line. The reader parses them into fault_spec; after the world is
 * built, fault_resolve turns targets into nodes and links and every occurrence into one row of the
 * `fault` table; the engine applies them as events of class ORDER_FAULT. */

#include <stdbool.h>
#include <stdint.h>

struct context;
struct diagnostics;
struct world;

enum fault_type {
    FAULT_CRASH,     /* target nodes stop: no handler runs, arrivals are dropped, timers are lost */
    FAULT_RESTART,   /* target nodes come up (if they were down); `for` has no meaning            */
    FAULT_PARTITION, /* nodes of different `groups` cannot reach each other; others reach all */
    FAULT_CUT,       /* packets on target links, or of target nodes, are dropped */
    FAULT_LOSS,      /* ... are dropped with probability `rate`, on top of the link's own */
    FAULT_DELAY,     /* ... take `add` longer */
    FAULT_SLOW,      /* work that target nodes charge for takes `factor` times as long */
    FAULT_BYZANTINE  /* target nodes behave as a layer names it, in a `share` of the cases */
};
enum { FAULT_TYPES = FAULT_BYZANTINE + 1 };

enum fault_target_type { TARGET_NODES, TARGET_LINK, TARGET_RANDOM };

struct fault_target {
    enum fault_target_type type;
    const char *role;            /* "shard", "client"...: as the layer named it at build */
    uint32_t first, last;        /* ordinals in the role, inclusive */
    uint32_t link_from, link_to; /* shard ordinals, one direction: A to B */
    uint32_t count;              /* TARGET_RANDOM: how many different nodes of the role */
    char pointer[64];            /* JSON pointer, for E402 */
};

struct fault_group {
    const struct fault_target *targets;
    uint32_t count;
};

struct fault_spec {
    enum fault_type type;
    uint64_t at_ns, for_ns;            /* for 0 = until the end */
    uint64_t every_ns, from_ns, to_ns; /* every 0 = once, at at_ns */
    struct fault_group target;         /* targets, or for a partition the groups below */
    const struct fault_group *groups;
    uint32_t group_count;
    uint64_t rate;         /* loss: threshold out of 2^64 */
    uint64_t add_ns;       /* delay */
    double factor;         /* slow, >= 1 */
    const char *behaviour; /* byzantine: one that a layer of the scenario has */
    uint64_t share;        /* byzantine: threshold out of 2^64 */
    char pointer[64];
};

struct fault_plan {
    const struct fault_spec *specs; /* owned by the scenario */
    uint32_t count;
};

/* What a layer's on_fault gets, once for each node concerned, on that node: crash, restart (also
 * the end of a crash), slow and its end. What is Byzantine is told only to the layer that has the
 * behaviour; several may act on a node at once. */
struct fault {
    enum fault_type type;
    bool begins;        /* false: this is the healing */
    uint32_t index;     /* row of the fault table */
    uint32_t behaviour; /* index into the model's behaviours */
    uint64_t share;     /* threshold out of 2^64 */
};

/* A way of lying that a layer offers to faults of type byzantine. */
struct model_behaviour {
    const char *name, *help;
};

extern const char *const fault_type_names[]; /* "crash"... in enum order, NULL-terminated */

#endif
