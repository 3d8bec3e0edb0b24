#ifndef MODELS_STATE_STATE_RAM_H
#define MODELS_STATE_STATE_RAM_H

/* Layer "state", implementer "ram": all rows in memory, always at hand. Nothing is ever cold, so
 * read() says yes (SIMPLIFICATION: one copy serves all validators, and reading takes no time),
 * hold() has nothing to do and fetch() is never asked for. */

#include "sim/model.h"

extern const struct model state_ram_model;

#endif
