#ifndef MODELS_MESSAGING_HYPERCUBE_H
#define MODELS_MESSAGING_HYPERCUBE_H

/* Layer "messaging", implementer "hypercube": messages between shards over output queues, along the
 * edges of a hypercube (slow path), straight to the destination with a Merkle proof (instant path),
 * or both in parallel. README.md of this folder says what is modelled and what is simplified. */

#include "sim/model.h"

extern const struct model messaging_hypercube_model;

#endif
