#ifndef MODELS_MESSAGING_DUE_RUNS_H
#define MODELS_MESSAGING_DUE_RUNS_H

/* When entries of a stream are due to be sent again: which of those that are due comes first in the
 * stream, and when the next one is due. Time never goes back.
 *
 * Entries that went in one packet are due together and stand in the order of the stream: a run. Two
 * heaps of runs: those that are not due yet, by time, and those that are due, by the place of their
 * first entry; advance moves runs from the one to the other. An entry that left or was sent again
 * stays behind in its run: the owner says which still count when they come to the front. Each entry
 * of a run is passed once: O(1) an entry sent, and O(log n) a run, of n runs. */

#include <stdbool.h>
#include <stdint.h>

#include "sim/memory.h"

struct due_run { /* a block of the slab */
    uint64_t at_ns;
    uint32_t packet, count, next; /* next: entries before it are passed */
    uint32_t slots[];             /* the owner's */
};

struct due_item {
    uint64_t key;
    uint32_t run;
};

struct due_heap {
    struct due_item *items;
    uint32_t count, capacity;
};

struct due_runs {
    struct due_heap later, due;
};

/* Whether an entry still counts: it is there, waits, and went last in that packet. If so, its
 * place in the stream. */
typedef bool due_counts(const void *self, uint32_t slot, uint32_t packet, uint64_t *ret_place);

struct due_owner {
    struct memory *memory;
    struct slab *slab; /* of the runs */
    due_counts *counts;
    const void *self;
};

/* due_runs_add adds entries, in the order of the stream, that are due at `at_ns`; none: nothing. */
void due_runs_add(struct due_runs *runs, const struct due_owner *owner, uint64_t at_ns,
                  uint32_t packet, const uint32_t *slots, uint32_t count);

/* due_runs_advance makes due what is due by `now_ns`. */
void due_runs_advance(struct due_runs *runs, const struct due_owner *owner, uint64_t now_ns);

/* due_runs_take takes the first of the stream that is due out; false: there is none. first only
 * looks. */
bool due_runs_first(struct due_runs *runs, const struct due_owner *owner, uint32_t *ret_slot);
bool due_runs_take(struct due_runs *runs, const struct due_owner *owner, uint32_t *ret_slot);

/* due_runs_next_ns is when the next one is due, right after advance; UINT64_MAX: none will be. */
uint64_t due_runs_next_ns(const struct due_runs *runs);

/* due_runs_clear forgets all runs, destroy gives the memory back too. */
void due_runs_clear(struct due_runs *runs, const struct due_owner *owner);
void due_runs_destroy(struct due_runs *runs, const struct due_owner *owner);

#endif
