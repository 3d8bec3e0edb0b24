#ifndef MODELS_SPREAD_BLOCKSTORE_H
#define MODELS_SPREAD_BLOCKSTORE_H

/* What one validator has of which slots (SOL-R2): the shreds present, holes, parents, completeness,
 * whether a slot is connected to the root by full slots, and the orphan set: slots that are known
 * only as somebody's parent. Shreds are bits here; bytes are nobody's business below the adapter.
 *
 * Data shreds are inserted in batches: begin, insert each, commit. Chaining happens once, in
 * commit; a batch that changed nothing in a slot leaves no trace of it. Times are milliseconds, the
 * unit in which the deployed client rounds.
 *
 * The pool of slots and the scratch of a batch are shared by all validators of a chain
 * (blockstore_shared), which serves one batch at a time; a store itself is a few small arrays.
 * Finding a slot is O(log slots), inserting a shred O(1) more; commit is O(touched slots + newly
 * connected ones). */

#include <stdbool.h>
#include <stdint.h>

#include "models/spread/shred.h"
#include "models/spread/shred_bits.h"
#include "models/spread/shred_ticks.h"
#include "models/spread/slot_set.h"
#include "models/spread/weight_tree.h"

#define INDEX_UNKNOWN UINT32_MAX

/* When each erasure set of a slot was first noticed: by number, index / 32 (SOL-R3.3). */
struct slot_seen {
    int64_t *of_set_ms;
    uint32_t count, capacity;
};

/* One slot. Read only, outside blockstore.c. */
struct slot_meta {
    uint64_t slot, parent;       /* parent SLOT_UNKNOWN: an orphan, or dumped */
    int64_t first_shred_ms;      /* when its leader began, by the first shred that came */
    uint32_t consumed, received; /* first missing index; highest index + 1 */
    uint32_t last_index;         /* INDEX_UNKNOWN until the flagged shred came */
    bool known;                  /* false: what was touched left no trace */
    bool connected, parent_connected;
    bool dead; /* its leader sent shreds that contradict each other */
    struct shred_bits data;
    struct slot_seen seen;
    uint64_t content; /* the caller's word: what the shreds are of */
    uint32_t handle, first_child, last_child, next_sibling; /* next_slots, in order of discovery */
    /* Of the batch in progress. */
    bool touched, existed, parent_was_unknown, changed;
    uint32_t consumed_before;
};

/* Where slots and their ticks stand. A chain's own, or one for many chains: a pool takes its memory
 * in parts of 64 KiB, which is more than an idle chain needs. */
struct blockstore_pools {
    struct pool slots; /* of slot_meta */
    struct pool ticks;
};

struct blockstore_shared {
    struct memory *memory;
    struct blockstore_pools *pools, own; /* own: unused where pools are others' */
    struct shred_ticks ticks;
    uint32_t *touched, *queue; /* handles */
    uint32_t touched_count, touched_capacity, queue_capacity;
};

enum { BLOCKSTORE_RECENT = 4 };

struct blockstore {
    struct blockstore_shared *shared;
    struct slot_meta *recent[BLOCKSTORE_RECENT]; /* found lately, by slot; NULL = none */
    struct slot_meta **slots;                    /* ascending by slot */
    struct slot_set orphans;
    uint64_t *completed; /* slots that the last commit made full, in order of touch */
    uint32_t slot_count, slot_capacity;
    uint32_t completed_count, completed_capacity;
    uint64_t root; /* highest finalised slot, for the parent check */
    bool replay;   /* the last commit made something to replay (SOL-R2.9) */
    bool open;     /* between begin and commit */
};

struct data_shred {
    uint64_t slot, parent;
    uint32_t index;
    uint8_t reference_tick;
    bool last; /* flagged as the last of its slot */
};

enum shred_verdict { /* in the order of the checks (SOL-R2.5) */
                     SHRED_STORED,
                     SHRED_EXISTS,       /* below consumed, or present */
                     SHRED_AFTER_LAST,   /* at or after the known last index */
                     SHRED_LAST_TOO_LOW, /* flagged last, but a higher one is there: the slot is
                                            dead */
                     SHRED_BAD_PARENT,
                     SHRED_INDEX_TOO_HIGH
};

/* blockstore_shared_init takes pools of its own, blockstore_shared_join others', which outlive it.
 */
void blockstore_pools_init(struct blockstore_pools *pools, struct memory *memory);
void blockstore_pools_destroy(struct blockstore_pools *pools);
void blockstore_shared_init(struct blockstore_shared *shared, struct memory *memory);
void blockstore_shared_join(struct blockstore_shared *shared, struct memory *memory,
                            struct blockstore_pools *pools);
void blockstore_shared_destroy(struct blockstore_shared *shared); /* after the stores */
void blockstore_init(struct blockstore *store, struct blockstore_shared *shared);
void blockstore_destroy(struct blockstore *store);

void blockstore_begin(struct blockstore *store);
enum shred_verdict blockstore_insert(struct blockstore *store, const struct data_shred *shred,
                                     int64_t now_ms);
/* blockstore_insert_run inserts the data shreds whose bits are set in `present`, bit 0 being the
 * one of shred->index, a multiple of 32; shred->last says that the highest of them is the last of
 * its slot. As many insertions, at the cost of one; ticks are not noted: whoever uses it notes
 * those of a slot once for all validators. Returns how many were stored. */
uint32_t blockstore_insert_run(struct blockstore *store, const struct data_shred *shred,
                               uint32_t present, int64_t now_ms);

/* blockstore_set_content notes what a known slot's shreds are of. */
void blockstore_set_content(struct blockstore *store, uint64_t slot, uint64_t content);

/* blockstore_kill marks a slot as dead: its leader made two versions of it. */
void blockstore_kill(struct blockstore *store, uint64_t slot);

/* blockstore_commit chains the touched slots and sets store->completed and store->replay, which
 * stay until the next begin. */
void blockstore_commit(struct blockstore *store);

/* blockstore_meta returns a slot, or NULL if it is not known. The pointer stays valid until the
 * slot is forgotten. */
const struct slot_meta *blockstore_meta(const struct blockstore *store, uint64_t slot);
/* blockstore_meta_from is the first known slot at or after one. */
const struct slot_meta *blockstore_meta_from(const struct blockstore *store, uint64_t slot);
/* Children of a slot in order of discovery; NULL after the last. */
const struct slot_meta *blockstore_first_child(const struct blockstore *store,
                                               const struct slot_meta *meta);
const struct slot_meta *blockstore_next_child(const struct blockstore *store,
                                              const struct slot_meta *child);

static inline bool blockstore_full(const struct slot_meta *meta)
{ /* SOL-R2.1 */
    return meta->last_index != INDEX_UNKNOWN && meta->consumed == meta->last_index + 1;
}

/* blockstore_accepts_parent is the parent check: root <= parent < slot, or all three 0. */
bool blockstore_accepts_parent(uint64_t slot, uint64_t parent, uint64_t root);

/* blockstore_observe notes the sets of a slot that are new since the last time (SOL-R3.3): all up
 * to the highest one with a shred; skipped ones inherit the time. */
void blockstore_observe(struct blockstore *store, uint64_t slot, int64_t now_ms);

/* blockstore_ancestor is the parent of a slot, SLOT_UNKNOWN where the walk towards the root ends:
 * at slot 0, or at a slot or parent that is not known. */
uint64_t blockstore_ancestor(const struct blockstore *store, uint64_t slot);

/* blockstore_connect_root marks a slot as connected even if it is absent or has holes (a validator
 * that starts from a snapshot), and all full slots that hang on it (SOL-R2.11). */
void blockstore_connect_root(struct blockstore *store, uint64_t slot);

/* blockstore_clear dumps a slot: shreds and parent are gone, its children stay (SOL-R2.12). */
void blockstore_clear(struct blockstore *store, uint64_t slot);

/* blockstore_settle gives back what only slots above the root need, of slots first .. end - 1: when
 * sets were noticed (SOL-R3.3). */
void blockstore_settle(struct blockstore *store, uint64_t first, uint64_t end);

/* blockstore_forget drops all slots below one and gives their memory back. Not the ticks, which
 * other validators may still want. */
void blockstore_forget(struct blockstore *store, uint64_t below);

#endif
