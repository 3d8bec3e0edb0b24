#ifndef MODELS_SPREAD_REPAIR_SCENARIO_H
#define MODELS_SPREAD_REPAIR_SCENARIO_H

/* Reference cases of kind "scenario": steps on one blockstore, one repair weight and one weight
 * tree, replayed on the real ones. Each step that expects something writes what and what came. */

#include "sim/conform.h"

void repair_scenario_run(struct conform_case *conform_case);

#endif
