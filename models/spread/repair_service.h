#ifndef MODELS_SPREAD_REPAIR_SERVICE_H
#define MODELS_SPREAD_REPAIR_SERVICE_H

/* The repair service of each validator (SOL-1): asks others for what turbine did not bring, and
 * answers them. It looks for what is missing once an interval, as its own process; instants at
 * which nothing can be found are skipped (repair_due.h). Each call on the node of the member that
 * it speaks of, but for init and destroy; the member's store is up to date (turbine_flush). */

#include "models/spread/turbine_parts.h"
#include "sim/fault.h"

/* repair_service_init sets member->repair; NULL when repair is off. */
void repair_service_init(struct turbine_member *member);
void repair_service_destroy(struct turbine_member *member);
void repair_service_start(struct turbine_member *member, struct context *context);

/* Messages of kinds TURBINE_REPAIR_*, _PING, _PONG, timers TURBINE_TIMER_REPAIR and _SERVE. */
void repair_service_on_message(struct turbine_member *member, struct context *context,
                               const struct message *message);
void repair_service_on_timer(struct turbine_member *member, struct context *context,
                             enum turbine_timer kind, uint64_t cookie);
/* Crash and restart, and the behaviours that are not a leader's. */
void repair_service_on_fault(struct turbine_member *member, struct context *context,
                             const struct fault *fault);

/* repair_service_stored: data shreds of a slot are in the store since now: the first ones of the
 * slot, the first ones of an erasure set, or any of a slot that is watched. */
void repair_service_stored(struct turbine_member *member, struct context *context, uint64_t slot,
                           bool first, bool watched);
void repair_service_completed(struct turbine_member *member, struct context *context,
                              uint64_t slot);
/* repair_service_marked: somebody advertises a slot that nobody did before (SOL-20). */
void repair_service_marked(struct turbine_member *member, struct context *context);
void repair_service_heard_vote(struct turbine_member *member, struct context *context,
                               uint32_t voter, uint64_t slot);
/* repair_service_rooted: the store's root has moved already. */
void repair_service_rooted(struct turbine_member *member, struct context *context, uint64_t slot);

#endif
