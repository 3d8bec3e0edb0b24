#ifndef MODELS_SPREAD_REPAIR_DUE_H
#define MODELS_SPREAD_REPAIR_DUE_H

/* When the next iteration of repair can ask for anything. Iterations happen once a millisecond as
 * deployed (SOL-R1), and nearly all of them find nothing; whoever skips those that cannot find
 * anything gets the same requests at the same times (tests/test_repair_due.c compares).
 *
 * What can be asked for changes when a shred is stored, a vote names a slot that is in no tree, the
 * root moves, a peer advertises a slot (SOL-20), the time that a hole waits is over, or a request
 * made lately may be repeated. The first ones are told here as they happen; the times are looked up
 * after each iteration. It is a lower bound: an iteration too many costs time and changes nothing.
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
    bool crowded;                   /* it may have hidden holes that were due */
};

/* repair_due_grid_ns is the first iteration's time at or after one. */
uint64_t repair_due_grid_ns(const struct repair_due *due, uint64_t at_ns);

/* repair_due_soon makes the next iteration of the grid take place: the first one after now. */
void repair_due_soon(struct repair_due *due, uint64_t now_ns);

/* repair_due_stored: a data shred of a slot was stored (and committed) now. `may_ask`: proposal:
 * somebody advertises the slot, or everybody may be asked. */
void repair_due_stored(struct repair_due *due, struct blockstore *store,
                       const struct slot_meta *meta, uint8_t reference_tick, bool may_ask,
                       uint64_t now_ns);

/* repair_due_voted: a vote for a slot is about to be counted; `known`: it is in a tree. */
void repair_due_voted(struct repair_due *due, uint64_t slot, bool known, uint64_t now_ns);

/* repair_due_iterated sets the next time after an iteration that took place now and asked for
 * `asked` things. */
void repair_due_iterated(struct repair_due *due, const struct blockstore *store,
                         const struct repair_pending *pending, uint64_t root, uint32_t asked,
                         uint64_t now_ns);

#endif
