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

/* The key of an event in 160 bits, and the owner's slot, which the queue only carries: 24 bytes.
 * The source is its place among all sources in order of identity, so entries sort as their keys do.
 */
struct queue_entry {
    uint64_t high;   /* time 62 bits, the upper 2 of depth */
    uint64_t middle; /* the lower 14 of depth, class 2, source 32, the upper 16 of sequence */
    uint64_t low;    /* the lower 32 of sequence, slot 32 */
};

enum { QUEUE_TIME_BITS = 62, QUEUE_SEQUENCE_BITS = 48 };

/* queue_entry_make: time_ns < 2^62, depth <= ORDER_DEPTH_MAX, sequence < 2^48; the caller asserts
 * that. */
static inline struct queue_entry queue_entry_make(uint64_t time_ns, uint64_t depth,
                                                  enum order_class order_class, uint32_t source,
                                                  uint64_t sequence, uint32_t slot)
{
    return (struct queue_entry){.high = time_ns << 2 | depth >> 14,
                                .middle = depth << 50 | (uint64_t)order_class << 48 |
                                          (uint64_t)source << 16 | sequence >> 32,
                                .low = sequence << 32 | slot};
}

/* queue_entry_at is an entry that was made at time and depth 0, at others. */
static inline struct queue_entry queue_entry_at(const struct queue_entry *unset, uint64_t time_ns,
                                                uint64_t depth)
{
    return (struct queue_entry){.high = time_ns << 2 | depth >> 14,
                                .middle = unset->middle | depth << 50,
                                .low = unset->low};
}

static inline uint64_t queue_entry_time_ns(const struct queue_entry *entry)
{
    return entry->high >> 2;
}

static inline uint64_t queue_entry_depth(const struct queue_entry *entry)
{
    return (entry->high & 3) << 14 | entry->middle >> 50;
}

static inline enum order_class queue_entry_class(const struct queue_entry *entry)
{
    return (enum order_class)(entry->middle >> 48 & 3);
}

static inline uint32_t queue_entry_source(const struct queue_entry *entry)
{
    return (uint32_t)(entry->middle >> 16);
}

static inline uint64_t queue_entry_sequence(const struct queue_entry *entry)
{
    return (entry->middle & 0xffff) << 32 | entry->low >> 32;
}

static inline uint32_t queue_entry_slot(const struct queue_entry *entry)
{
    return (uint32_t)entry->low;
}

/* queue_entry_before compares keys and not slots: of two equal keys neither is before the other. */
static inline bool queue_entry_before(const struct queue_entry *a, const struct queue_entry *b)
{
    if (a->high != b->high)
        return a->high < b->high;
    if (a->middle != b->middle)
        return a->middle < b->middle;
    return a->low >> 32 < b->low >> 32;
}

/* queue_entry_copy copies word by word: an entry that was stored in words a moment ago and is read
 * in wider pieces makes the processor wait until the stores are done. */
static inline void queue_entry_copy(struct queue_entry *ret_entry, const struct queue_entry *entry)
{
    ret_entry->high = entry->high;
    ret_entry->middle = entry->middle;
    ret_entry->low = entry->low;
}

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
    /* pop_until is pop, but leaves alone what is later than until_ns, and then returns false. */
    bool (*pop_until)(struct queue *queue, uint64_t until_ns, struct queue_entry *ret_entry);
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
