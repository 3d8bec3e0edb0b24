#ifndef MODELS_VALIDATOR_KEY_H
#define MODELS_VALIDATOR_KEY_H

/* The public key of a validator. It orders validators of equal stake (SOL-R8.1), so that the
 * chain's leader schedule and the spread's trees agree on ranks. Here it is drawn by the node's
 * identity: nobody signs with it. */

#include "sim/rng.h"

enum { VALIDATOR_PUBLIC_KEY_BYTES = 32 };

/* validator_key writes the key of the node with this identity (world_identity). */
void validator_key(const struct rng *rng, uint64_t identity,
                   unsigned char ret_key[VALIDATOR_PUBLIC_KEY_BYTES]);

#endif
