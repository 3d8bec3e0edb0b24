#ifndef MODELS_SPREAD_REPAIR_HOLES_H
#define MODELS_SPREAD_REPAIR_HOLES_H

/* Which requests the holes of one slot, or of a fork, call for (SOL-R3, SOL-16, SOL-27).
 *
 * A hole is not asked for at once: turbine and the erasure code get time to fill it. The deployed
 * versions judge that differently: 2.3 by the reference tick of the shred above the hole, 2026 by
 * when the hole's erasure set was first noticed; without throttling neither waits. A request made
 * lately is suppressed (repair_request.h). O(holes + shreds between them). */

#include <stdbool.h>
#include <stdint.h>

#include "models/spread/blockstore.h"
#include "models/spread/repair_request.h"

enum repair_version {
    REPAIR_VERSION_2025, /* 2.3: ticks */
    REPAIR_VERSION_2026  /* times of erasure sets */
};

enum {
    REPAIR_MS_PER_TICK =
        6, /* an integer in the client: 250 ms are 41 ticks, so 256.25 ms (SOL-R1) */
    REPAIR_DEFER_MS = 250
};

/* What generating requests needs; lives as long as one iteration. */
struct repair_planner {
    enum repair_version version;
    int64_t now_ms;
    struct blockstore *store; /* only to note when sets were seen */
    struct repair_pending *pending;
    struct repair_list *list; /* requests are appended */
    int64_t defer_ms;         /* how long a hole waits; REPAIR_DEFER_MS as deployed */
    bool spares_dead;         /* asks for nothing of a dead slot; the rules are silent */
};

/* repair_elapsed_ticks is the leader's clock: ticks of 6.25 ms since it began, never negative. */
uint64_t repair_elapsed_ticks(int64_t first_shred_ms, int64_t now_ms);

/* repair_missing_2025 writes up to max missing indices of start .. end-1 and returns how many. A
 * hole is judged by the shred above it, which may, behind the last shred of the slot, be one of a
 * later slot (SOL-R3.2). */
uint32_t repair_missing_2025(const struct blockstore *store, uint64_t slot, uint64_t elapsed_ticks,
                             uint32_t defer_ticks, uint32_t start, uint32_t end, uint32_t max,
                             uint32_t *ret_indices);

/* repair_slot appends the requests for one slot, at most max. `max` counts holes before those asked
 * for lately are left out. */
void repair_slot(const struct repair_planner *planner, const struct slot_meta *meta, uint32_t max,
                 bool throttle);

/* repair_absent_slot appends the request for a slot that nothing is known of. */
void repair_absent_slot(const struct repair_planner *planner, uint64_t slot);

/* repair_fork appends requests for a slot and all slots below it, depth first, until the list holds
 * count_max (SOL-R3.4). */
void repair_fork(const struct repair_planner *planner, uint64_t slot, uint32_t count_max,
                 bool throttle);

/* repair_ask appends one request unless it was made lately; true if appended. */
bool repair_ask(const struct repair_planner *planner, enum repair_kind kind, uint64_t slot,
                uint32_t index);
/* repair_asked_lately says whether repair_ask would suppress it. */
bool repair_asked_lately(const struct repair_planner *planner, enum repair_kind kind, uint64_t slot,
                         uint32_t index);

#endif
