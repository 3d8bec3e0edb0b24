#ifndef MODELS_SPREAD_SHREDS_CONFORM_H
#define MODELS_SPREAD_SHREDS_CONFORM_H

/* Reference cases of block spread by shreds and of its repair, suite "solana/1": literals of the
 * deployed client's own tests, and a few readings of the proposal's text. */

#include "sim/conform.h"

extern const struct conform_suite shreds_conform_suite;

#endif
