#ifndef MODELS_MESSAGING_LETTER_ARRIVALS_H
#define MODELS_MESSAGING_LETTER_ARRIVALS_H

/* Which letters have arrived, by (pair of chains, sequence number from 1 within the pair). Keeps
 * one word a pair, up to which everything has come, and an entry for each letter that overtook
 * another; so it stays small however long a run is, and forgets nothing. O(1) expected. */

#include <stdbool.h>
#include <stdint.h>

#include "sim/memory.h"

struct letter_arrivals {
    struct map pairs; /* pair -> number of the pair << 32 | sequence up to which all have come */
    struct map early; /* number of the pair << 32 | sequence: came before an earlier one */
};

void letter_arrivals_init(struct letter_arrivals *arrivals, struct memory *memory);
void letter_arrivals_destroy(struct letter_arrivals *arrivals);

/* letter_arrivals_has says whether that letter has come. */
bool letter_arrivals_has(const struct letter_arrivals *arrivals, uint64_t pair, uint32_t sequence);

/* letter_arrivals_note records a letter that has not come before. sequence > 0. */
void letter_arrivals_note(struct letter_arrivals *arrivals, uint64_t pair, uint32_t sequence);

#endif
