#ifndef MODELS_SPREAD_RETRANSMIT_FILTER_H
#define MODELS_SPREAD_RETRANSMIT_FILTER_H

/* Which shreds one validator has passed on: each slot, index and type once (SOL-36, SOL-R8.7), none
 * below the root. Whatever way a shred came by counts as seen, so that a later copy by turbine of a
 * repaired shred is a duplicate (SOL-R8.8). All operations O(slots above the root), which are few.
 *
 * SIMPLIFICATION: one version a shred. The deployed client lets two through, for leaders that make
 * two different blocks, and forgets after five minutes. */

#include <stdbool.h>
#include <stdint.h>

#include "models/spread/shred.h"
#include "models/spread/shred_bits.h"

struct retransmit_filter {
    struct memory *memory;
    struct retransmit_row { /* one slot */
        uint64_t slot;
        struct shred_bits seen[2]; /* by enum shred_type */
    } * rows;
    uint32_t count, capacity;
    uint64_t root;
};

void retransmit_filter_init(struct retransmit_filter *filter, struct memory *memory);
void retransmit_filter_destroy(struct retransmit_filter *filter);

/* retransmit_filter_see is true the first time that it is called for a shred, and never for a slot
 * below the root. Indices are below SHRED_INDEX_MAX. */
bool retransmit_filter_see(struct retransmit_filter *filter, const struct shred_id *shred);

/* retransmit_filter_set_root forgets the slots below it. */
void retransmit_filter_set_root(struct retransmit_filter *filter, uint64_t root);

#endif
