#ifndef MODELS_SPREAD_ERASURE_BYTES_H
#define MODELS_SPREAD_ERASURE_BYTES_H

/* Recovery of an erasure set with real bytes (SOL-R2.13): what `erasure: bytes` adds to presence.
 * The bytes of a data shred are drawn from its content and index, so everybody knows what must come
 * out; the code shreds are computed from them, as the leader does. A set of 32:32 takes about a
 * millisecond. */

#include <stdint.h>

#include "models/spread/shred.h"
#include "sim/memory.h"

/* erasure_bytes_recover recovers a set from the data and code shreds whose bits are set, and
 * returns how many data shreds came out as the leader made them; those that were there count. */
uint32_t erasure_bytes_recover(struct memory *memory, uint64_t content, const struct shred_set *set,
                               uint32_t data, uint64_t code);

#endif
