#ifndef MODELS_SPREAD_SHRED_TICKS_H
#define MODELS_SPREAD_SHRED_TICKS_H

/* The reference tick that each data shred carries: the leader's clock within the slot, 0..63, when
 * it made the shred (SOL-R2.6). It is written in the shred, so it is the same for whoever has the
 * shred, and one table serves all validators of a chain. A shred that never got a tick has 0.
 * set, get: O(1) amortised. */

#include <stdint.h>

#include "sim/memory.h"

struct shred_ticks {
    struct memory *memory;
    struct pool *pool; /* of arrays; may serve many tables */
    struct map slots;  /* slot -> handle */
    uint32_t first;    /* of the slots that are there, in no order */
};

/* shred_ticks_pool_init makes a pool for one table or many; it outlives them. */
void shred_ticks_pool_init(struct pool *pool, struct memory *memory);

void shred_ticks_init(struct shred_ticks *ticks, struct memory *memory, struct pool *pool);
void shred_ticks_destroy(struct shred_ticks *ticks);
void shred_ticks_set(struct shred_ticks *ticks, uint64_t slot, uint32_t index, uint8_t tick);
uint8_t shred_ticks_get(const struct shred_ticks *ticks, uint64_t slot, uint32_t index);
/* shred_ticks_forget gives a slot's memory back. */
void shred_ticks_forget(struct shred_ticks *ticks, uint64_t slot);

#endif
