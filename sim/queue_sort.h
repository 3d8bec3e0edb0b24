#ifndef SIM_QUEUE_SORT_H
#define SIM_QUEUE_SORT_H

/* Sorts queue entries by key: by insertion when there are few, else by merging short sorted pieces
 * bottom up. Keys differ, so there are no ties. O(n log n) at worst. */

#include <stdbool.h>
#include <stdint.h>

#include "sim/queue.h"

enum { QUEUE_SORT_SHORT = 32 }; /* up to so many need no spare room */

/* queue_sort sorts `count` entries; spare has room for as many (NULL up to QUEUE_SORT_SHORT).
 * Returns true when the sorted entries stand in `spare`, false when they are in place. */
bool queue_sort(struct queue_entry *entry, uint32_t count, struct queue_entry *spare);

/* queue_sort_few writes entries from anywhere to `ret_sorted`, ascending. Few: up to
 * QUEUE_SORT_FEW, and all within 2^40 ns. Branches do not hang on the keys. */
enum { QUEUE_SORT_FEW = 16 };
void queue_sort_few(const struct queue_entry *const *from, uint32_t count,
                    struct queue_entry *ret_sorted);

#endif
