#ifndef MODELS_WORKLOAD_TRACE_H
#define MODELS_WORKLOAD_TRACE_H

/* Workload "trace": the transfers of a CSV file, at the instants it says. The format is in
 * trace_csv.h. */

#include "sim/model.h"

extern const struct model workload_trace_model;

#endif
