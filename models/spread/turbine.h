#ifndef MODELS_SPREAD_TURBINE_H
#define MODELS_SPREAD_TURBINE_H

/* Layer "spread", implementer "turbine": a block is cut into shreds, each of which goes down a tree
 * of its own; erasure codes give back what gets lost, and the repair service the rest. README.md of
 * this folder says what is modelled and what is simplified. */

#include "sim/model.h"

extern const struct model spread_turbine_model;

#endif
