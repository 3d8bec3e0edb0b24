#ifndef MODELS_MESSAGING_LOCAL_H
#define MODELS_MESSAGING_LOCAL_H

/* Layer "messaging", implementer "local": the ideal messaging. A message goes in one packet from
 * the source chain to the destination chain once its block is final (and visible), and is delivered
 * in the destination's next block; within a chain it is delivered in the same block, next round. It
 * is sent again every two block intervals until the destination's receipt is back, and arrivals are
 * told apart by a sequence number of the pair of chains: each message is delivered exactly once
 * (TON-3). SIMPLIFICATION: no routing, no fees, no order but that of arrival. */

#include "sim/model.h"

extern const struct model messaging_local_model;

#endif
