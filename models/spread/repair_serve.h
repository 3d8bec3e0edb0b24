#ifndef MODELS_SPREAD_REPAIR_SERVE_H
#define MODELS_SPREAD_REPAIR_SERVE_H

/* The answering side of repair, and what the asking side accepts as an answer (SOL-33, SOL-27,
 * SOL-R5.5, SOL-R5.6, SOL-R6). Pure. */

#include <stdbool.h>
#include <stdint.h>

#include "models/spread/blockstore.h"
#include "models/spread/repair_request.h"

enum {
    REPAIR_ORPHAN_ANSWERS = 11, /* packets that answer one orphan request */
    REPAIR_ANSWER_LIFETIME_MS = 60000,
    REPAIR_NONCES_MAX = 16384,
    REPAIR_SERVED_MAX = 1024, /* requests a turn of the server's loop */
    REPAIR_QUEUE_MAX = 2048,
    REPAIR_SERVED_BYTES_PER_S = 12000000
};

struct served_shred {
    uint64_t slot;
    uint32_t index;
};

/* repair_serve writes the data shreds that answer a request, at most answers_max, and returns how
 * many: none means silence. An orphan request gets the highest shred of the slot itself, then of
 * its parent and so on (SOL-R6.1). */
uint32_t repair_serve(const struct blockstore *store, const struct repair_request *request,
                      uint32_t answers_max, struct served_shred *ret_shreds);

/* repair_answer_fits says whether a shred may be an answer to a request. */
bool repair_answer_fits(const struct repair_request *request, uint64_t slot, uint32_t index);

/* Requests that were sent and may still be answered, by nonce. All operations O(1) expected. The
 * pool of entries serves many validators. */
struct repair_nonces {
    struct map handles;   /* nonce -> handle */
    struct pool *entries; /* in a list by last use */
    uint32_t oldest, newest, count, limit;
};

void repair_nonces_pool_init(struct pool *pool, struct memory *memory);
void repair_nonces_init(struct repair_nonces *nonces, struct pool *entries, uint32_t limit);
void repair_nonces_destroy(struct repair_nonces *nonces);

/* repair_nonces_add notes a request under a nonce that the caller drew. Where there are `limit`
 * entries the one that was not used for longest goes; an entry with this nonce is replaced. What
 * expired goes, too, as far as nothing older may still be answered. */
void repair_nonces_add(struct repair_nonces *nonces, uint32_t nonce,
                       const struct repair_request *request, int64_t now_ms);

/* repair_nonces_answer registers an answer: true if it is expected, in time and fits. A good answer
 * uses up one of those expected (11 for an orphan, else 1); any bad one ends the request. */
bool repair_nonces_answer(struct repair_nonces *nonces, uint32_t nonce, uint64_t slot,
                          uint32_t index, int64_t now_ms, struct repair_request *ret_request);

/* repair_nonces_refuse ends a request whose answer was not what its sender should have. */
void repair_nonces_refuse(struct repair_nonces *nonces, uint32_t nonce);

/* repair_nonces_left is how many answers are still expected under a nonce: 0 if it is not known. */
uint32_t repair_nonces_left(const struct repair_nonces *nonces, uint32_t nonce);

#endif
