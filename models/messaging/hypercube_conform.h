#ifndef MODELS_MESSAGING_HYPERCUBE_CONFORM_H
#define MODELS_MESSAGING_HYPERCUBE_CONFORM_H

/* The suite "ton/1": reference cases of routing, neighbours, queue merging, watermarks and fees,
 * run through the functions that the layer itself uses. */

#include "sim/conform.h"

extern const struct conform_suite hypercube_conform_suite;

#endif
