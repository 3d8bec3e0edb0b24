#ifndef MODELS_WORKLOAD_POISSON_H
#define MODELS_WORKLOAD_POISSON_H

/* Workload "poisson": transfers that arrive as a Poisson stream, in an open loop. */

#include "sim/model.h"

extern const struct model workload_poisson_model;

#endif
