#ifndef MODELS_ATOMIC_ARRIVAL_WINDOW_H
#define MODELS_ATOMIC_ARRIVAL_WINDOW_H

/* Which submissions have come, by (client, chain) pair and sequence number from 1 within the pair:
 * a word a pair, up to which all have come, and an entry for each one that overtook another. Exact
 * for ever, and small. O(1) expected. */

#include <stdbool.h>
#include <stdint.h>

#include "sim/memory.h"

struct arrival_window {
    struct map pairs; /* pair -> number of the pair << 32 | sequence up to which all have come */
    struct map early; /* number of the pair << 32 | sequence, of those beyond a gap */
};

void arrival_window_init(struct arrival_window *window, struct memory *memory);
void arrival_window_destroy(struct arrival_window *window);

/* arrival_window_note records an arrival; false when it had come before. sequence > 0. */
bool arrival_window_note(struct arrival_window *window, uint64_t pair, uint32_t sequence);

#endif
