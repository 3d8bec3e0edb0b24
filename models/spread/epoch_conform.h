#ifndef MODELS_SPREAD_EPOCH_CONFORM_H
#define MODELS_SPREAD_EPOCH_CONFORM_H

/* The sections of suite "solana/1" about completed slots: what a validator advertises of its own,
 * and what it knows of those of others. */

#include "sim/conform.h"

void epoch_conform_bitmap(struct conform_case *conform_case);
void epoch_conform_space(struct conform_case *conform_case);
void epoch_conform_cluster(struct conform_case *conform_case);
void epoch_conform_weights(struct conform_case *conform_case);
void epoch_conform_cache(struct conform_case *conform_case);

#endif
