#ifndef MODELS_SPREAD_REPAIR_DUE_H
#define MODELS_SPREAD_REPAIR_DUE_H

/* When the next iteration of repair can ask for anything. Iterations happen once a millisecond as
 * deployed (SOL-R1), and nearly all of them find nothing; whoever skips those that cannot find
 * anything gets the same requests at the same times (tests/test_repair_due.c compares).
 *
 * What can be asked for changes when a slot's first shred is stored, a vote names a slot that is in
 * no tree, the root moves, a peer advertises a slot (SOL-20), the time that a hole waits is over,
 * or a request made lately may be repeated. Shreds that are stored later change it too, but mostly
 * not before some time: the caller tells of those that begin a new erasure set, and of all those of
 * the slots that are watched. It is a lower bound: an iteration too many costs time and changes
 * nothing. The reference ticks of all shreds of a slot, also of those that are missing, are in the
 * table of ticks, and rise with the index.
 *
 * Pure. All calls O(1), but repair_due_iterated: O(slots with holes + their holes). */

#include <stdbool.h>
#include <stdint.h>

#include "models/spread/repair_proposal.h"

#define REPAIR_NEVER UINT64_MAX

struct repair_due {
    enum repair_rules rules;
    enum repair_version version;
    int64_t defer_ms, timeout_ms;
    uint64_t interval_ns, phase_ns; /* iterations: at phase + k * interval, phase < interval */
    uint64_t at_ns;                 /* the next iteration; REPAIR_NEVER: none until told */
    uint64_t voted_max;             /* highest slot in the weight trees */
    uint64_t holes_least;           /* the least budget that counts holes before those asked for
                                       lately are left out: of stages 2 and 4 (SOL-R3.1) */
    uint64_t holes;                 /* of all slots, at the last iteration */
};

/* repair_due_grid_ns is the first iteration's time at or after one. */
uint64_t repair_due_grid_ns(const struct repair_due *due, uint64_t at_ns);

/* repair_due_soon makes the next iteration of the grid take place: the first one after now. */
void repair_due_soon(struct repair_due *due, uint64_t now_ns);

/* repair_due_stored: data shreds of a slot were stored (and committed) now: the first ones of the
 * slot, the first ones of an erasure set, or any of a slot that is watched. */
void repair_due_stored(struct repair_due *due, struct blockstore *store,
                       const struct slot_meta *meta, bool first, bool watched, uint64_t now_ns);

/* repair_due_voted: a vote for a slot is about to be counted; `known`: it is in a tree. */
void repair_due_voted(struct repair_due *due, uint64_t slot, bool known, uint64_t now_ns);

/* repair_due_iterated sets the next time after an iteration that took place now and asked for
 * `asked` things; the slots are looked up afterwards, one by one. */
void repair_due_iterated(struct repair_due *due, const struct repair_pending *pending,
                         uint32_t asked, uint64_t now_ns);

/* repair_due_slot takes account of a slot at or above the root; true: it is to be watched.
 * `may_ask`: proposal: somebody may be asked for its shreds. */
bool repair_due_slot(struct repair_due *due, const struct blockstore *store,
                     const struct slot_meta *meta, bool may_ask, uint64_t now_ns);

#endif
