#ifndef MODELS_SPREAD_REPAIR_PROPOSAL_H
#define MODELS_SPREAD_REPAIR_PROPOSAL_H

/* Repair as the proposal has it, where it differs from what was deployed (SOL-16 to SOL-36), and
 * the one switch between the two. Pure; what it reads is the same blockstore, weights and marks.
 *
 * Proposal: an iteration asks for every orphan, heaviest first, then for the holes of all forks
 * from the root, heaviest first, at most N of them, and within a slot first for those shreds that
 * this validator itself has to retransmit; only validators that advertise the slot are asked; a
 * repaired shred goes on along its turbine path while at most a third of the stake has the slot.
 * Nothing is deferred. Deployed: repair_select.h; own shreds come in no special order, everybody is
 * asked, a repaired shred is never retransmitted. */

#include <stdbool.h>
#include <stdint.h>

#include "models/spread/cluster_slots.h"
#include "models/spread/repair_select.h"

enum repair_rules { REPAIR_RULES_PROPOSAL, REPAIR_RULES_DEPLOYED };

enum { REPAIR_PROPOSAL_REQUESTS = 512 }; /* the N of SOL-18; the text gives no number */

/* Whether this validator has anybody to retransmit a data shred to (SOL-21, SOL-22): it computes
 * that from the shred's turbine tree. */
typedef bool repair_own_shred(const void *self, uint64_t slot, uint32_t index);

/* Whether there is anybody to ask for shreds of a slot (SOL-20). */
typedef bool repair_may_ask(const void *self, uint64_t slot);

/* What a validator knows beside its blockstore. */
struct repair_view {
    repair_own_shred *own;   /* NULL: it has nothing to retransmit */
    repair_may_ask *may_ask; /* NULL: everybody may be asked for anything */
    const void *self;
};

/* repair_own_first moves the indices for which `own` holds to the front; otherwise the order stays.
 * `scratch` has room for count. */
void repair_own_first(uint32_t *indices, uint32_t count, uint64_t slot, repair_own_shred *own,
                      const void *own_self, uint32_t *scratch);

/* repair_proposal_select appends one iteration's requests: an orphan request each for the orphans
 * of the blockstore, by weight of the votes on their subtree, then at most shreds_max others. Slots
 * that nobody may be asked for are left out, so that they are asked for as soon as somebody can. */
void repair_proposal_select(const struct repair_planner *planner, struct repair_weight *weight,
                            uint32_t shreds_max, struct repair_view view);

/* repair_peers_of is how peers are weighted for a request. `fallback`: shreds of a slot that nobody
 * advertises are asked for by stake, too; the proposal is silent there. */
enum repair_peers repair_peers_of(enum repair_rules rules, enum repair_version version,
                                  enum repair_kind kind, bool fallback);

/* A shred that came, for the question whether to retransmit it. */
struct repair_arrival {
    bool by_repair;                     /* else by turbine, or recovered from its set */
    bool retransmitted_before;          /* this slot, index and type, by this validator */
    uint64_t total_stake, marked_stake; /* who advertises the slot as complete */
};

/* repair_retransmits: turbine's and recovered shreds once (SOL-R8.7, R8.8); repaired ones never as
 * deployed, and as proposed once, if at most a third of the stake has the slot (SOL-34 to 36). */
bool repair_retransmits(enum repair_rules rules, const struct repair_arrival *arrival);

#endif
