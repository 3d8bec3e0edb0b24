#ifndef MODELS_PHOLD_PHOLD_H
#define MODELS_PHOLD_PHOLD_H

/* phold: jobs that hop between nodes for ever; the load by which event kernels are compared. */

#include "sim/model.h"

extern const struct model phold_model;

#endif
