#ifndef MODELS_LEDGER_INPUT_RING_H
#define MODELS_LEDGER_INPUT_RING_H

/* Inputs of a chain in order of arrival, as pool handles, with three cursors: inputs append at
 * `tail` outside blocks; blocks advance `head`, the one word that a dropped block takes back; final
 * moves `done`, after which nothing returns. Places are numbers that only grow. Append is O(1)
 * amortised, the rest O(1). */

#include <stdint.h>

struct memory;

struct input_ring {
    uint64_t head; /* consensus state: set through the chain's journal */
    uint64_t tail, done;
    uint32_t *handles; /* by place modulo capacity, a power of two */
    uint32_t capacity;
};

void input_ring_append(struct input_ring *ring, struct memory *memory, uint32_t handle);

/* input_ring_put stores a handle at `tail` and leaves moving `tail` to the caller: for a ring that
 * is appended to inside blocks, whose tail is consensus state too. */
void input_ring_put(struct input_ring *ring, struct memory *memory, uint32_t handle);

/* input_ring_at returns the handle at a place from done to tail - 1. */
uint32_t input_ring_at(const struct input_ring *ring, uint64_t place);

void input_ring_destroy(struct input_ring *ring, struct memory *memory);

#endif
