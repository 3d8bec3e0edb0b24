#ifndef MODELS_SPREAD_REPAIR_SERVICE_H
#define MODELS_SPREAD_REPAIR_SERVICE_H

/* The repair service of each validator (SOL-1): asks others for what turbine did not bring, and
 * answers them. Each call on the node of the member that it speaks of, but for init and destroy. */

#include "models/spread/turbine_parts.h"
#include "sim/fault.h"

/* repair_service_init sets member->repair; NULL when repair is off. */
void repair_service_init(struct turbine_member *member);
void repair_service_destroy(struct turbine_member *member);
void repair_service_start(struct turbine_member *member, struct context *context);

/* Messages of kinds TURBINE_REPAIR_*, timers TURBINE_TIMER_REPAIR and _SERVE. */
void repair_service_on_message(struct turbine_member *member, struct context *context,
                               const struct message *message);
void repair_service_on_timer(struct turbine_member *member, struct context *context,
                             enum turbine_timer kind, uint64_t cookie);
/* Crash and restart, and the behaviours that are not a leader's. */
void repair_service_on_fault(struct turbine_member *member, struct context *context,
                             const struct fault *fault);

/* repair_service_touched: the first shred of a slot came; a slot became known. */
void repair_service_touched(struct turbine_member *member, struct context *context, uint64_t slot);
void repair_service_completed(struct turbine_member *member, struct context *context,
                              uint64_t slot);
void repair_service_heard_vote(struct turbine_member *member, struct context *context,
                               uint32_t voter, uint64_t slot);
/* repair_service_rooted: the store's root has moved already. */
void repair_service_rooted(struct turbine_member *member, struct context *context, uint64_t slot);

#endif
