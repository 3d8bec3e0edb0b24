#ifndef SIM_QUEUE_H
#define SIM_QUEUE_H

/* The event queue: a monotone priority queue over order.h keys. Monotone: a pushed key is never
 * smaller than the last popped one (asserted by the engine). Implementers are swappable and must
 * give the same sequence of pops; a run may choose one with `--queue`. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/order.h"

struct memory;
struct queue; /* private to each implementer */

/* 32 bytes. slot and node are the owner's; the queue only carries them. */
struct queue_entry {
    struct order_key key;
    uint32_t slot, node;
};

/* Told of most entries shortly before they are popped, so that the owner can fetch what they stand
 * for into the cache. A hint and no more: it must change nothing. */
typedef void queue_hint(const void *owner, const struct queue_entry *entry);

struct queue_type {
    const char *name;
    struct queue *(*create)(struct memory *memory);
    void (*push)(struct queue *queue, const struct queue_entry *entry);
    /* peek and pop return false when empty, and then leave *ret_entry alone. */
    bool (*peek)(struct queue *queue, struct queue_entry *ret_entry);
    bool (*pop)(struct queue *queue, struct queue_entry *ret_entry);
    size_t (*count)(const struct queue *queue);
    /* NULL where no hints are given. */
    void (*foresee)(struct queue *queue, queue_hint *hint, const void *owner);
    void (*destroy)(struct queue *queue);
};

extern const struct queue_type queue_heap;  /* binary heap: the obviously right one. O(log n)   */
extern const struct queue_type queue_wheel; /* bucket wheel, lazily sorted. O(1) when well spread */

/* queue_type_find returns the implementer of that name ("heap", "wheel"), or NULL. */
const struct queue_type *queue_type_find(const char *name);

#endif
