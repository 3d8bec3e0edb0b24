#ifndef MODELS_WORKLOAD_BURST_H
#define MODELS_WORKLOAD_BURST_H

/* Workload "burst": many transfers at one instant, once or periodically. */

#include "sim/model.h"

extern const struct model workload_burst_model;

#endif
