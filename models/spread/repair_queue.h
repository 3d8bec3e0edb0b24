#ifndef MODELS_SPREAD_REPAIR_QUEUE_H
#define MODELS_SPREAD_REPAIR_QUEUE_H

/* Requests that wait at one serving validator (SOL-R6.2). It serves in turns: it takes all that
 * wait, at most 2,048 of them, answers the 1,024 best by stake, forgets the others, and is busy for
 * as long as the answers take; what comes meanwhile waits for the next turn. Bytes a second have a
 * cap (repair_load.h). Pure; put: O(1), a turn: O(n log n). */

#include <stdbool.h>
#include <stdint.h>

#include "models/spread/repair_load.h"
#include "models/spread/repair_request.h"

struct repair_asker {
    struct repair_request request;
    uint32_t peer, nonce; /* peer: rank */
};

struct repair_queue {
    struct memory *memory;
    struct repair_asker *askers; /* in order of arrival */
    struct repair_waiting *waiting;
    uint32_t count, askers_capacity, waiting_capacity;
    uint32_t queue_max, serve_max;
    uint64_t busy_ns; /* until then */
    struct repair_bucket bucket;
};

void repair_queue_init(struct repair_queue *queue, struct memory *memory, uint32_t queue_max,
                       uint32_t serve_max, uint64_t bytes_per_s);
void repair_queue_destroy(struct repair_queue *queue);

/* repair_queue_put lets a request wait; false: too many do, it is lost. */
bool repair_queue_put(struct repair_queue *queue, const struct repair_asker *asker, uint64_t stake);

/* repair_queue_turn begins a turn: what waited, the best first where there are too many to serve.
 * *ret_served are to be served; returns how many are not. The caller then reads them in order with
 * repair_queue_at, and ends the turn with repair_queue_done, which forgets all. */
uint32_t repair_queue_turn(struct repair_queue *queue, uint32_t *ret_served);
const struct repair_asker *repair_queue_at(const struct repair_queue *queue, uint32_t place);
void repair_queue_done(struct repair_queue *queue);

#endif
