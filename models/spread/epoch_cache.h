#ifndef MODELS_SPREAD_EPOCH_CACHE_H
#define MODELS_SPREAD_EPOCH_CACHE_H

/* What a validator advertises of its completed slots as the proposal has it (SOL-4 to SOL-12), one
 * epoch long: the newest `limit` of them at most in the cache, sent as run lengths from a base
 * slot; the older ones in the stash. When the cache has reached its limit, the older half moves to
 * the stash and the base with it. Both parts are advertised apart; the stash changes only at a
 * move.
 *
 * Where the text leaves gaps: the move happens when the limit is reached, not passed; the first run
 * counts complete slots and runs alternate; a slot below the base that completes late goes straight
 * to the stash. complete: O(cache + runs of the stash). */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "models/spread/slot_set.h"

enum {
    EPOCH_CACHE_BYTES_MAX = 1232, /* one packet */
    /* SOL-7: in the worst case no two slots are neighbours, and each takes two runs of a byte. */
    EPOCH_CACHE_SLOTS = (EPOCH_CACHE_BYTES_MAX - 8) / 2
};

struct epoch_run { /* consecutive slots */
    uint64_t first, count;
};

struct epoch_cache {
    struct memory *memory;
    uint64_t epoch_first, epoch_slots;
    uint32_t limit;
    uint64_t base; /* M: the cache's first slot; SLOT_UNKNOWN while nothing is complete */
    struct slot_set cache;
    struct epoch_run *stash; /* ascending, never adjacent */
    uint32_t stash_count, stash_capacity;
};

/* limit: at least 2 and even. */
void epoch_cache_init(struct epoch_cache *cache, struct memory *memory, uint64_t epoch_first,
                      uint64_t epoch_slots, uint32_t limit);
void epoch_cache_destroy(struct epoch_cache *cache);

/* epoch_cache_complete adds a completed slot. The slot is of this epoch, whose leaders are known
 * (SOL-10, asserted). True if the stash changed too; false if only the cache did, or nothing,
 * because the slot is there. */
bool epoch_cache_complete(struct epoch_cache *cache, uint64_t slot);

/* epoch_cache_holds says whether a slot is advertised as complete. */
bool epoch_cache_holds(const struct epoch_cache *cache, uint64_t slot);

/* epoch_cache_runs writes the cache's run lengths, the first one of complete slots; at most
 * 2 * limit of them. Returns how many. */
uint32_t epoch_cache_runs(const struct epoch_cache *cache, uint64_t *ret_runs);

/* The cache as bytes: base, 8 of them, little-endian; then each run in 7-bit groups, low ones
 * first. encode returns 0 where there is no room. decode adds the slots to a set; false, and some
 * may have been added, when the bytes are no cache of at most `slots_max` slots. */
size_t epoch_cache_encode(const struct epoch_cache *cache, unsigned char *ret_bytes, size_t room);
bool epoch_cache_decode(const unsigned char *bytes, size_t count, uint32_t slots_max,
                        struct slot_set *ret_slots);

/* The stash as bytes: gaps and runs in turn, in 7-bit groups, from the epoch's first slot. The size
 * is that of a set with so few runs: a few bytes where little was missed. */
size_t epoch_stash_encode(const struct epoch_cache *cache, unsigned char *ret_bytes, size_t room);
bool epoch_stash_decode(const unsigned char *bytes, size_t count, uint64_t epoch_first,
                        uint64_t epoch_slots, struct slot_set *ret_slots);

#endif
