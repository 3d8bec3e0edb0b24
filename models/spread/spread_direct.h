#ifndef MODELS_SPREAD_SPREAD_DIRECT_H
#define MODELS_SPREAD_SPREAD_DIRECT_H

/* Layer "spread", implementer "direct": a leader sends its whole block to each other validator; its
 * uplink is the bottleneck. Who hears of a block that it does not have asks for it. */

#include "sim/model.h"

extern const struct model spread_direct_model;

#endif
