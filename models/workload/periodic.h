#ifndef MODELS_WORKLOAD_PERIODIC_H
#define MODELS_WORKLOAD_PERIODIC_H

/* Workload "periodic": transfers at exactly even distances, in an open loop. */

#include "sim/model.h"

extern const struct model workload_periodic_model;

#endif
