#ifndef MODELS_SPREAD_SLOT_PROGRESS_H
#define MODELS_SPREAD_SLOT_PROGRESS_H

/* Which shreds of the slots in progress one validator has seen, data and code, whatever way they
 * came: what tells a copy from a new shred (SOL-36, SOL-R8.7), and when a set gives back what it
 * misses (SOL-R2.13). Shreds come by the million, each to another validator, so all that one of
 * them needs stands in two cache lines: the head of its slot and its set.
 *
 * A slot's content is what its first shred was of: a number that stands for a block and the version
 * of it. Shreds of another content contradict it, but of each shred two versions pass (SOL-R8.7).
 *
 * The records of all validators of a chain come from one slab. Finding a slot is O(1): a ring by
 * slot, which grows with the distance between the lowest and the highest slot that is open.
 *
 * SIMPLIFICATION: code shreds stand here only; once the slot is closed nobody has them. */

#include <stdbool.h>
#include <stdint.h>

#include "models/spread/shred.h"
#include "sim/memory.h"

struct set_progress {
    uint64_t code;   /* bits of the code shreds seen, from the set's first one on */
    uint32_t data;   /* the same of its data shreds; what the set gave back may not be among them */
    uint8_t by_tree; /* shreds that came down their trees */
    bool whole;      /* its data shreds are all there */
    uint16_t spare;
};
_Static_assert(sizeof(struct set_progress) == 16, "four to a cache line");

struct slot_other { /* a version beside the first one, followed by its bits */
    struct slot_other *next;
    uint64_t content;
    uint32_t handle, spare;
    struct set_progress sets[];
};

struct slot_progress {
    uint64_t slot, content;
    struct slot_other *others;        /* NULL = none */
    struct slot_progress *next_fresh; /* of the window's list */
    uint32_t handle, set_count;
    uint32_t sets_whole, recovered;  /* recovered: data shreds that sets gave back */
    uint16_t fresh_first, fresh_end; /* sets with something that is not in the store */
    bool fresh;                      /* there are such sets */
    bool dead;                       /* two contents came */
    bool judged;                     /* nobody will look at what came by tree any more */
    bool watched;                    /* repair is told of each data shred */
    uint16_t sets_noticed;           /* repair knows of shreds of so many sets, at least one */
    unsigned char spare[6];
    struct set_progress sets[];
};
_Static_assert(sizeof(struct slot_progress) == 64, "one cache line");

struct slot_window_shared {
    struct memory *memory;
    struct slab records;
};

enum { SLOT_WINDOW_RECENT = 4 };

struct slot_window {                                  /* of one validator: a cache line */
    struct slot_progress *recent[SLOT_WINDOW_RECENT]; /* found lately, by slot; NULL = none */
    struct slot_progress *fresh; /* slots with something that is not in the store, newest first */
    struct slot_progress **ring; /* all, by slot; NULL = none */
    struct slot_window_shared *shared;
    uint32_t mask, capacity; /* capacity: 0, or mask + 1 */
};

void slot_window_shared_init(struct slot_window_shared *shared, struct memory *memory);
void slot_window_shared_destroy(struct slot_window_shared *shared);
void slot_window_init(struct slot_window *window, struct slot_window_shared *shared);
void slot_window_destroy(struct slot_window *window);

/* slot_window_find is a slot's record, or NULL. */
struct slot_progress *slot_window_look_up(struct slot_window *window, uint64_t slot);
static inline struct slot_progress *slot_window_find(struct slot_window *window, uint64_t slot)
{
    struct slot_progress *recent = window->recent[slot % SLOT_WINDOW_RECENT];
    return recent && recent->slot == slot ? recent : slot_window_look_up(window, slot);
}

/* slot_window_open makes a record of a slot that has none; content is not 0. */
struct slot_progress *slot_window_open(struct slot_window *window, uint64_t slot, uint64_t content,
                                       uint32_t set_count);

/* slot_window_close forgets a slot; it must not be fresh. */
void slot_window_close(struct slot_window *window, struct slot_progress *progress);

/* slot_window_freshen notes that the store lacks something of a set. */
static inline void slot_window_freshen(struct slot_window *window, struct slot_progress *progress,
                                       uint32_t set)
{
    if (!progress->fresh) {
        progress->fresh = true;
        progress->fresh_first = (uint16_t)set;
        progress->fresh_end = (uint16_t)(set + 1);
        progress->next_fresh = window->fresh;
        window->fresh = progress;
        return;
    }
    if (set < progress->fresh_first)
        progress->fresh_first = (uint16_t)set;
    if (set >= progress->fresh_end)
        progress->fresh_end = (uint16_t)(set + 1);
}

/* slot_window_unfresh takes the newest fresh slot from the list; NULL when there is none. */
static inline struct slot_progress *slot_window_unfresh(struct slot_window *window)
{
    struct slot_progress *progress = window->fresh;
    if (progress) {
        window->fresh = progress->next_fresh;
        progress->fresh = false;
    }
    return progress;
}

/* slot_window_see is true the first time that a shred of a content is seen, unless two other
 * versions of that shred were seen before. `at` is its place in its set. O(versions). */
bool slot_window_see(struct slot_window *window, struct slot_progress *progress, uint64_t content,
                     enum shred_type type, uint32_t set, uint32_t at);

/* set_progress_test says whether a bit is set. */
static inline bool set_progress_test(const struct set_progress *set, enum shred_type type,
                                     uint32_t at)
{
    return type == SHRED_DATA ? set->data >> at & 1 : set->code >> at & 1;
}

static inline void set_progress_mark(struct set_progress *set, enum shred_type type, uint32_t at)
{
    if (type == SHRED_DATA)
        set->data |= UINT32_C(1) << at;
    else
        set->code |= UINT64_C(1) << at;
}

/* set_progress_enough says whether a set's shreds that are there give back the others. */
static inline bool set_progress_enough(const struct set_progress *set, uint32_t data_count)
{
    return (uint32_t)__builtin_popcount(set->data) + (uint32_t)__builtin_popcountll(set->code) >=
           data_count;
}

#endif
