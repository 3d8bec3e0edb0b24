#ifndef SIM_QUEUE_WHEEL_H
#define SIM_QUEUE_WHEEL_H

/* What of queue_wheel.c every event passes through, to be compiled into the engine: it knows which
 * queue it has, and a call through queue_type costs as much as the push itself. Nobody but the
 * engine and queue_wheel.c includes this. The fields are explained there. */

#include "sim/queue.h"
#include "sim/queue_ring.h"
#include "sim/sim_assert.h"

struct wheel_entries { /* a counted array */
    struct queue_entry *entry;
    uint32_t count, capacity;
};

struct queue_wheel {
    const struct queue_entry *next; /* in `run`: popped next, or the guard, whose slot is 0 */
    uint64_t late_high;             /* of the first late entry; UINT64_MAX = there is none */
    struct queue_entry last;        /* pop; all 0 before the first */
    size_t count;
    uint64_t current;    /* number of the current bucket: time >> width_shift */
    uint64_t admitted;   /* the last half turn in the wheel; the one popped is admitted - 1 */
    uint64_t ring_mask;  /* of ring */
    unsigned high_shift; /* from an entry's `high` to its bucket */
    unsigned half_shift; /* from an entry's `high` to its half turn */
    /* Cells, from 1 on: the next older one of its bucket, or the next free one, apart from the
     * entry, so that a list is walked without its entries. */
    uint32_t *older;
    struct queue_entry *entry;
    uint32_t cell_count, free_cell;
    struct queue_ring ring;

    struct memory *memory;
    struct wheel_entries run;   /* the current bucket, ascending, and a guard later than all */
    struct wheel_entries late;  /* binary heap of entries at or before bucket `current` */
    struct wheel_entries spare; /* for merging */
    uint32_t older_capacity, entry_capacity;

    queue_hint *hint; /* NULL = nobody wants any */
    const void *hint_owner;

    bool popped_any, tuned;
    /* Since the last tuning: pops, how far they went, and up to where that is counted. */
    uint64_t pops, gap_sum_ns, gap_max_ns, counted_ns;
};

/* What is seldom needed: more cells; entries for the current bucket or before; the pop of one that
 * is not simply the next of the run. */
uint32_t queue_wheel_make_cell(struct queue_wheel *wheel);
void queue_wheel_push_late(struct queue_wheel *wheel, struct queue_entry entry);
bool queue_wheel_pop_slow(struct queue_wheel *wheel, uint64_t until_ns);

/* Puts an entry into a cell of its own, before `*newest`. */
static inline void queue_wheel_add(struct queue_wheel *wheel, uint32_t *newest,
                                   struct queue_entry entry)
{
    uint32_t cell = wheel->free_cell;
    if (__builtin_expect(cell == 0, 0))
        cell = queue_wheel_make_cell(wheel);
    wheel->free_cell = wheel->older[cell];
    wheel->older[cell] = *newest;
    queue_entry_copy(&wheel->entry[cell], &entry);
    *newest = cell;
}

/* Whether an entry belongs into the wheel or to a far bucket nobody can guess, and the processor
 * would lose the whole time of a draw by guessing wrong: masks choose. */
static inline void queue_wheel_insert(struct queue_wheel *wheel, struct queue_entry entry)
{
    uint64_t bucket = entry.high >> wheel->high_shift;
    if (__builtin_expect(bucket <= wheel->current, 0)) {
        queue_wheel_push_late(wheel, entry);
        return;
    }
    uint64_t half = entry.high >> wheel->half_shift;
    uint64_t mask = wheel->ring_mask;
    uint64_t near = bucket & mask;
    uint64_t far = mask + 1 + (63U ^ (unsigned)__builtin_clzll((half ^ wheel->admitted) | 1));
    uint64_t is_far = (uint64_t)0 - (wheel->admitted < half);
    uint64_t at = near ^ ((near ^ far) & is_far);
    queue_ring_mark(&wheel->ring, at); /* even if it is: nobody can guess whether */
    queue_wheel_add(wheel, &wheel->ring.newest[at], entry);
}

/* queue_wheel_push and queue_wheel_pop_until are push and pop_until of queue.h; what is popped
 * stands in `last`. That keys rise is left to the caller to assert: the engine does. */
static inline void queue_wheel_push(struct queue_wheel *wheel, struct queue_entry entry)
{
    queue_wheel_insert(wheel, entry);
    wheel->count++;
}

static inline bool queue_wheel_pop_until(struct queue_wheel *wheel, uint64_t until_ns)
{
    struct queue_entry entry = *wheel->next;
    if (__builtin_expect(entry.high >= wheel->late_high, 0))
        return queue_wheel_pop_slow(wheel, until_ns);
    if (queue_entry_time_ns(&entry) > until_ns)
        return false;
    queue_entry_copy(&wheel->last, &entry);
    wheel->next++;
    wheel->count--;
    return true;
}

#endif
