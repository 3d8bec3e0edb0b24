#ifndef MODELS_SPREAD_REPAIR_TIMES_H
#define MODELS_SPREAD_REPAIR_TIMES_H

/* When one validator first asked for each shred that it still misses, so that it can say how long
 * the repair took. A shred that comes because its slot's highest one was asked for, or an orphan's
 * ancestors, counts from that request. One record a slot with requests, which goes when the slot is
 * whole or at the root. note, since: O(log such slots). */

#include <stdbool.h>
#include <stdint.h>

#include "models/spread/repair_request.h"

struct repair_times {
    struct memory *memory;
    struct repair_times_slot {
        uint64_t slot, highest_ns, orphan_ns; /* 0: not asked for */
        uint64_t *first_ns;                   /* by index; 0: not asked for */
        uint32_t capacity;
    } * slots; /* ascending */
    uint32_t count, capacity;
};

void repair_times_init(struct repair_times *times, struct memory *memory);
void repair_times_destroy(struct repair_times *times);

/* repair_times_note: a request is sent at now, which is not 0. */
void repair_times_note(struct repair_times *times, const struct repair_request *request,
                       uint64_t now_ns);

/* repair_times_since is when a shred that answers a request was first asked for. */
uint64_t repair_times_since(const struct repair_times *times, const struct repair_request *request,
                            uint64_t slot, uint32_t index, uint64_t now_ns);

/* repair_times_done forgets one slot, repair_times_drop_below all slots below one. */
void repair_times_done(struct repair_times *times, uint64_t slot);
void repair_times_drop_below(struct repair_times *times, uint64_t slot);

#endif
