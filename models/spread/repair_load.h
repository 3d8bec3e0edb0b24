#ifndef MODELS_SPREAD_REPAIR_LOAD_H
#define MODELS_SPREAD_REPAIR_LOAD_H

/* What a validator serves when more repair requests wait than it has time or bandwidth for
 * (SOL-R6.2): the best by (whitelisted, stake), of equals the first to come, and no more bytes a
 * second than the cap. Below the limits everybody is served alike (SOL-R6.3). Pure. */

#include <stdbool.h>
#include <stdint.h>

struct repair_waiting {
    uint64_t stake;
    uint32_t arrival; /* its number in the queue: 0, 1, ... */
    bool whitelisted;
};

/* repair_load_pick puts those to be served to the front, best first where there are more than
 * serve_max, else as they came; returns how many. Those beyond queue_max (the last to come) are
 * lost before the choice. O(n log n). */
uint32_t repair_load_pick(struct repair_waiting *waiting, uint32_t count, uint32_t queue_max,
                          uint32_t serve_max);

/* The cap on bytes: a bucket of one second's worth that fills up again with time. */
struct repair_bucket {
    uint64_t bytes_per_s, bytes; /* what may be sent now */
    uint64_t filled_ns;
};

void repair_bucket_init(struct repair_bucket *bucket, uint64_t bytes_per_s, uint64_t now_ns);

/* repair_bucket_take is true, and counts them, if so many bytes may be sent now. */
bool repair_bucket_take(struct repair_bucket *bucket, uint64_t bytes, uint64_t now_ns);

#endif
