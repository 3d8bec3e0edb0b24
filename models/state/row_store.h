#ifndef MODELS_STATE_ROW_STORE_H
#define MODELS_STATE_ROW_STORE_H

/* Rows of all chains in counted memory: one 64-bit word a row, in slots that never move, so that
 * the words can be journalled. A row that was never touched takes no memory and reads 0. Keys are
 * compared in full: two rows whose hashes collide are still two rows. get, touch: O(1) expected. */

#include <stdint.h>

#include "models/stack.h"
#include "sim/memory.h"

struct row_store {
    struct map heads; /* hash of a row -> first slot of those with that hash */
    struct pool slots;
};

void row_store_init(struct row_store *store, struct memory *memory);
void row_store_destroy(struct row_store *store);

/* row_store_get returns the row's word, or NULL if it was never touched. */
uint64_t *row_store_get(const struct row_store *store, struct row row);

/* row_store_touch returns the row's word, making it (with value 0) at first use. */
uint64_t *row_store_touch(struct row_store *store, struct row row);

/* row_store_move gives so much of a row's value to the row of that space and key of another chain,
 * and gives back the slot of a row of which nothing is left. Neither row may stand in a journal. */
void row_store_move(struct row_store *store, struct row row, uint32_t chain, uint64_t amount);

uint32_t row_store_count(const struct row_store *store);

#endif
