#ifndef MODELS_SPREAD_SLOT_SET_H
#define MODELS_SPREAD_SLOT_SET_H

/* A small set of slots, kept ascending in counted memory. contains: O(log n); add, remove: O(n), at
 * the upper end O(1). */

#include <stdbool.h>
#include <stdint.h>

#include "sim/memory.h"

struct slot_set {
    struct memory *memory;
    uint64_t *slots; /* ascending */
    uint32_t count, capacity;
};

void slot_set_init(struct slot_set *set, struct memory *memory);
void slot_set_destroy(struct slot_set *set);

/* slot_set_place is how many slots of the set are below this one. */
uint32_t slot_set_place(const struct slot_set *set, uint64_t slot);
bool slot_set_contains(const struct slot_set *set, uint64_t slot);
/* slot_set_add, slot_set_remove: false if nothing changed. */
bool slot_set_add(struct slot_set *set, uint64_t slot);
bool slot_set_remove(struct slot_set *set, uint64_t slot);
/* slot_set_drop_below removes all slots below one. */
void slot_set_drop_below(struct slot_set *set, uint64_t slot);

#endif
