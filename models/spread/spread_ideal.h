#ifndef MODELS_SPREAD_SPREAD_IDEAL_H
#define MODELS_SPREAD_SPREAD_IDEAL_H

/* Layer "spread", implementer "ideal": every member has the block the moment it is published, free
 * of charge (SIMPLIFICATION: no packets, no upload, no loss). With collective validators a chain
 * has one member and nothing is ever published. */

#include "sim/model.h"

extern const struct model spread_ideal_model;

#endif
