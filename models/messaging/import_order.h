#ifndef MODELS_MESSAGING_IMPORT_ORDER_H
#define MODELS_MESSAGING_IMPORT_ORDER_H

/* In which order a shard imports what stands in its neighbours' output queues.
 *
 * Deployed (TON-R22): one stream over all neighbours, rising by (logical time, hash as a big-endian
 * number); which neighbour does not matter. As the paper has it (TON-46, TON-29): older first, by
 * the masterchain block that the enqueuing block refers to, and within a neighbour the order of its
 * queue; a tie between neighbours goes to the smaller chain.
 *
 * A binary heap of (key, slot); equal keys, which only a broken protocol makes, go by slot. push
 * and pop O(log n). */

#include <stdbool.h>
#include <stdint.h>

#include "models/messaging/message_hash.h"

struct import_key {
    uint64_t rank[4]; /* compared first, from [0] on */
    unsigned char hash[HASH_BYTES];
};

/* import_key_deployed orders by (lt, hash). */
struct import_key import_key_deployed(uint64_t lt, const unsigned char hash[HASH_BYTES]);

/* import_key_paper orders by age of the enqueuing block, then source chain, then place in its
 * stream. Without a masterchain (seqno 0) the enqueuing block's own time is its age. */
struct import_key import_key_paper(uint64_t master_seqno, uint64_t block_time_ns,
                                   uint32_t source_chain, uint64_t stream_place);

/* import_key_compare is below, at or above 0, as memcmp. */
int import_key_compare(const struct import_key *a, const struct import_key *b);

struct import_item {
    struct import_key key;
    uint32_t slot; /* the owner's */
};

struct import_heap {
    struct import_item *items;
    uint32_t count, capacity;
};

/* import_heap_push puts an item; the owner made room for it. */
void import_heap_push(struct import_heap *heap, const struct import_item *item);
/* import_heap_pop takes the first one in order; the heap must not be empty. */
struct import_item import_heap_pop(struct import_heap *heap);
/* The merged stream over whole queues, TON-R21..R24. */
struct merge_entry {
    struct address next;
    uint64_t lt;
    unsigned char hash[HASH_BYTES];
};
struct merge_queue {
    const struct merge_entry *entries; /* in any order */
    uint32_t count;
    int64_t limit; /* entries this source may give, -1 = any number */
    bool disabled;
};
struct merge_result {
    uint32_t queue, entry;
    bool limit_exceeded; /* stays on for every source once one exceeded (TON-R23) */
};

/* import_merge writes the stream of what the shard may import, in order, and returns its length.
 * `heap` is working memory with room for every entry; results must have as much. */
uint32_t import_merge(struct address shard, const struct merge_queue *queues, uint32_t queue_count,
                      struct import_heap *heap, struct merge_result *ret_results);

#endif
