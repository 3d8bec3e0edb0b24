#ifndef MODELS_MESSAGING_PROCESSED_UPTO_H
#define MODELS_MESSAGING_PROCESSED_UPTO_H

/* Deduplication by watermarks, TON-R29 and R30: instead of a set of delivered messages, a short
 * list of records, each saying "this shard has imported every message up to (lt, hash) that was
 * visible at that masterchain block". Pure; the caller owns the records' memory. O(records) each,
 * compactify O(records squared); lists have a handful. */

#include <stdbool.h>
#include <stdint.h>

#include "models/messaging/message_hash.h"

struct processed_record {
    uint64_t shard; /* tagged prefix */
    uint64_t seqno; /* of the masterchain block */
    uint64_t last_lt;
    unsigned char last_hash[HASH_BYTES];
};

struct processed_upto {
    struct address owner;             /* workchain and tagged prefix */
    struct processed_record *records; /* sorted by (shard, seqno) */
    uint32_t count, capacity;
};

/* A message as a neighbour's queue shows it. */
struct processed_query {
    struct address current, next;
    uint64_t lt, enqueued_lt;
    const unsigned char *hash;
};

/* The end_lt of the block of the shard holding `current` that masterchain block `seqno` shows; 0 if
 * none is known. `record` is the record's index, for callers that keep such values beside it. */
typedef uint64_t processed_end_lt(const void *self, struct address current, uint64_t seqno,
                                  uint32_t record);

/* processed_already is TON-R29's test. */
bool processed_already(const struct processed_upto *upto, const struct processed_query *query,
                       processed_end_lt *end_lt, const void *self);

/* processed_insert is TON-R30: adds (owner's shard, seqno, lt, hash), unless a record dominates it
 * already, and compactifies. False, and nothing changed, for lt 0: nothing was processed. There
 * must be room for one more record. */
bool processed_insert(struct processed_upto *upto, uint64_t seqno, uint64_t lt,
                      const unsigned char hash[HASH_BYTES]);

/* processed_compactify sorts and drops every record that another one dominates. */
void processed_compactify(struct processed_upto *upto);

/* processed_split narrows the list to one child of the owner, TON-R57. */
void processed_split(struct processed_upto *upto, uint64_t child);

/* processed_combine takes in the sibling's list and moves up to the parent, TON-R58. There must be
 * room for both. */
void processed_combine(struct processed_upto *upto, const struct processed_upto *sibling);

#endif
