#ifndef MODELS_WORKLOAD_TRAFFIC_LAW_H
#define MODELS_WORKLOAD_TRAFFIC_LAW_H

/* Which shard sends to which: the key `destinations` of a workload, and the draws that follow from
 * it. Shards are counted among those that take part. Which account it is within a shard is said by
 * account_law. A draw costs at most a binary search over the pairs of a matrix. */

#include <stdbool.h>
#include <stdint.h>

#include "models/workload/account_law.h"
#include "sim/param.h"
#include "sim/rng.h"

struct diagnostics;
struct memory;
struct cJSON;

enum { TRAFFIC_SHARDS_MAX = 256, TRAFFIC_WEIGHT_MAX = 1000000000 };

enum traffic_kind { TRAFFIC_SHARE, TRAFFIC_AT_LEAST_OWN, TRAFFIC_HOT, TRAFFIC_MATRIX };

/* In the order of enum traffic_kind. */
extern const struct param_variant traffic_variants[];

struct traffic_hot_config {
    int64_t shard; /* ordinal of the run */
    int64_t share; /* 10^-12 */
};

struct traffic_matrix_config {
    const struct cJSON *weights;
};

struct traffic_law {
    enum traffic_kind kind;
    uint64_t shards; /* that take part */
    uint64_t cross;  /* threshold out of 2^64: to another shard, where the law leaves it open */
    uint64_t hot;    /* position of the hot shard */
    uint64_t to_hot; /* threshold out of 2^64 */
    uint64_t *upto;  /* matrix: weight of this pair and all before it, row by row; else NULL */
};

/* traffic_law_check records what is wrong with `destinations` whatever the shards are; `pointer`
 * is that of the workload. */
void traffic_law_check(const struct param_variant_value *destinations, const char *pointer,
                       struct diagnostics *diagnostics);

/* traffic_law_build makes the law for `shards` shards, or returns -1 after saying why. hot: the
 * position of the hot shard among them (ignored by other kinds). */
int traffic_law_build(const struct param_variant_value *destinations, uint64_t shards,
                      uint64_t cross, uint64_t hot, const char *pointer, struct memory *memory,
                      struct diagnostics *diagnostics, struct traffic_law *ret_law);
void traffic_law_destroy(struct traffic_law *law, struct memory *memory);

/* traffic_law_draw draws sender and recipient: the sender from the word `source`, the recipient
 * from `stream`. */
void traffic_law_draw(const struct traffic_law *law, const struct account_law *accounts,
                      uint64_t source, struct rng_stream *stream, struct account_place *ret_from,
                      struct account_place *ret_to);

#endif
