#ifndef SIM_NETWORK_CONFIG_H
#define SIM_NETWORK_CONFIG_H

/* The `network` section as the reader leaves it; network.c builds links from it. */

#include "sim/distribution.h"
#include "sim/param.h"

struct arena;
struct cJSON;
struct diagnostics;

enum { NETWORK_CLASSES_MAX = 8, NETWORK_REGIONS_MAX = 256 };

struct network_queue_config {
    int64_t limit_bytes; /* bytes that may wait for an uplink, but the packet being sent; 0 = any */
    int64_t classes;     /* 1..8 strict priorities, 0 the most urgent */
};

struct network_link_config { /* items of network.links: this ordered pair has a FIFO of its own */
    const char *from, *to;   /* "shard:3" */
    struct distribution latency, jitter;
    int64_t bandwidth_bit_per_s, loss; /* loss in 10^-12 */
    int64_t limit_bytes;
};

struct network_regions_config {
    struct param_list names;    /* char *  */
    struct param_list shares;   /* int64_t in 10^-12; must add up to 1 */
    const struct cJSON *matrix; /* rows of durations: [from][to] */
    int64_t *matrix_ns;         /* names.count squared, filled by the reader */
};

struct network_config {
    struct distribution latency; /* of an ordered pair: drawn once a pair, fixed for the run */
    struct distribution jitter;  /* added to each packet */
    int64_t bandwidth_bit_per_s; /* of a node's uplink; 0 = unlimited */
    int64_t loss;                /* 10^-12, each packet */
    int64_t latency_by_region;   /* 1: latency.type was "matrix" */
    struct network_queue_config queue;
    struct network_regions_config regions;
    struct param_list links; /* struct network_link_config */
};

/* The rows of the section; defined in network_config.c. */
extern const struct param network_params[];

/* network_check applies the rules across fields of a section that was read without errors, fills
 * matrix_ns (in the arena) and spells the effective section's matrix in base units. */
void network_check(struct network_config *network, struct cJSON *effective, struct arena *arena,
                   struct diagnostics *diagnostics);

#endif
