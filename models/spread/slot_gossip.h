#ifndef MODELS_SPREAD_SLOT_GOSSIP_H
#define MODELS_SPREAD_SLOT_GOSSIP_H

/* Gossip of completed slots, EpochSlots (SOL-4 to SOL-12, SOL-R7): who has which slot whole. Each
 * call on the node of the member that it speaks of, but for init and destroy. */

#include "models/spread/turbine_parts.h"
#include "sim/fault.h"

/* slot_gossip_init sets member->gossip; NULL when repair, which alone needs it, is off. */
void slot_gossip_init(struct turbine_member *member);
void slot_gossip_destroy(struct turbine_member *member);
void slot_gossip_start(struct turbine_member *member, struct context *context);

/* Messages TURBINE_EPOCH_SLOTS, timer TURBINE_TIMER_GOSSIP. */
void slot_gossip_on_message(struct turbine_member *member, struct context *context,
                            const struct message *message);
void slot_gossip_on_timer(struct turbine_member *member, struct context *context, uint64_t cookie);
void slot_gossip_on_fault(struct turbine_member *member, struct context *context,
                          const struct fault *fault);

/* A slot is complete (SOL-8, SOL-9); the root moved. */
void slot_gossip_completed(struct turbine_member *member, struct context *context, uint64_t slot);
void slot_gossip_rooted(struct turbine_member *member, struct context *context, uint64_t slot);

#endif
