#ifndef MODELS_SPREAD_SLOT_GOSSIP_H
#define MODELS_SPREAD_SLOT_GOSSIP_H

/* Gossip of completed slots, EpochSlots (SOL-4 to SOL-12, SOL-R7): who has which slot whole. At
 * each instant of its own grid a validator advertises what it completed since, and passes on what
 * was new to it, to a few peers that it draws by stake; now and then it asks one for what it does
 * not have. Each call on the node of the member that it speaks of, but for init and destroy.
 *
 * SIMPLIFICATION: values that leave for one peer at one instant travel together, at most 64 KiB of
 * them, and share their luck; their bytes are those of the packets they fill. No peer is told to
 * send less of an origin (prune), so known values come again. A question names what one has
 * exactly, where the deployed client sends a Bloom filter of that size. */

#include "models/spread/cluster_slots.h"
#include "models/spread/turbine_parts.h"
#include "sim/fault.h"

/* slot_gossip_init sets member->gossip; NULL when repair, which alone needs it, is off. */
void slot_gossip_init(struct turbine_member *member);
void slot_gossip_destroy(struct turbine_member *member);
void slot_gossip_start(struct turbine_member *member, struct context *context);

/* Messages TURBINE_EPOCH_SLOTS and _PULL, timer TURBINE_TIMER_GOSSIP. */
void slot_gossip_on_message(struct turbine_member *member, struct context *context,
                            const struct message *message);
void slot_gossip_on_timer(struct turbine_member *member, struct context *context, uint64_t cookie);
void slot_gossip_on_fault(struct turbine_member *member, struct context *context,
                          const struct fault *fault);

/* A slot is complete (SOL-8, SOL-9); the root moved. */
void slot_gossip_completed(struct turbine_member *member, struct context *context, uint64_t slot);
void slot_gossip_rooted(struct turbine_member *member, struct context *context, uint64_t slot);

/* slot_gossip_slots is what a member knows of who has which slot; gossip is on. */
const struct cluster_slots *slot_gossip_slots(const struct turbine_member *member);

#endif
