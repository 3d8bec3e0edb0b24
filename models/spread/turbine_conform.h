#ifndef MODELS_SPREAD_TURBINE_CONFORM_H
#define MODELS_SPREAD_TURBINE_CONFORM_H

/* Reference cases of turbine, suite "solana-turbine/1": trees and leader schedule of a cluster of
 * 1,093 nodes that the deployed client computed. */

#include "sim/conform.h"

extern const struct conform_suite turbine_conform_suite;

#endif
