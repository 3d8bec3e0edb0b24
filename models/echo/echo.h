#ifndef MODELS_ECHO_ECHO_H
#define MODELS_ECHO_ECHO_H

/* echo: nodes that ping each other; the model to copy. See README.md beside this file. */

#include "sim/model.h"

extern const struct model echo_model;

#endif
