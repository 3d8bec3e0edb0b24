#ifndef MODELS_SPREAD_REPAIR_REQUEST_H
#define MODELS_SPREAD_REPAIR_REQUEST_H

/* Requests of the repair protocol, lists of them, and the memory of which were made lately, so that
 * none is repeated before its answer can be there (SOL-R3.1). add, pending: O(1) expected. */

#include <stdbool.h>
#include <stdint.h>

#include "sim/memory.h"

enum repair_kind {
    REPAIR_ORPHAN,  /* the highest shreds of the slot and its parents */
    REPAIR_HIGHEST, /* the highest shred with index >= this one */
    REPAIR_SHRED    /* exactly this one */
};

struct repair_request {
    enum repair_kind kind;
    uint32_t index; /* 0 for orphans */
    uint64_t slot;
};

struct repair_list {
    struct memory *memory;
    struct repair_request *items;
    uint32_t count, capacity;
};

void repair_list_init(struct repair_list *list, struct memory *memory);
void repair_list_destroy(struct repair_list *list);
void repair_list_add(struct repair_list *list, struct repair_request request);

enum { REPAIR_TIMEOUT_MS = 150 };

struct repair_pending {
    struct map times; /* of each request; there is one entry a request */
    struct repair_pending_entry {
        uint64_t key;
        int64_t made_ms;
    } * ring; /* in order of time */
    uint32_t head, count, capacity;
};

void repair_pending_init(struct repair_pending *pending, struct memory *memory);
void repair_pending_destroy(struct repair_pending *pending);

/* repair_pending_expire drops requests made timeout_ms ago or earlier; at the start of an
 * iteration. Times never run backwards. */
void repair_pending_expire(struct repair_pending *pending, int64_t now_ms, int64_t timeout_ms);

/* repair_pending_add notes a request; false if it was made lately and must be suppressed. Slots are
 * below 2^46. */
bool repair_pending_add(struct repair_pending *pending, const struct repair_request *request,
                        int64_t now_ms);

/* repair_pending_has says whether add would suppress it. */
bool repair_pending_has(const struct repair_pending *pending, const struct repair_request *request);

/* repair_pending_next_ms is when the next entry expires; INT64_MAX where there is none. */
int64_t repair_pending_next_ms(const struct repair_pending *pending, int64_t timeout_ms);

#endif
