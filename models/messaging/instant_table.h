#ifndef MODELS_MESSAGING_INSTANT_TABLE_H
#define MODELS_MESSAGING_INSTANT_TABLE_H

/* The table of messages that were delivered by a proof (TON-R51): key = the 64-bit prefix of the
 * recipient's address, then the message's hash, 320 bits; with it the logical time of the block
 * that delivered. An entry stays until the message's slow copy is gone (discarded here, or proven
 * to be stopped) and no copy of the proof can be young enough to be accepted (TON-48, TON-49).
 *
 * Nodes are slots of one pool that all tables of a run share, so that tables divide and join
 * without copying. add, remove, find: O(1) expected. */

#include "models/messaging/message_hash.h"
#include "sim/memory.h"

struct instant_key {
    uint64_t prefix;
    unsigned char hash[HASH_BYTES];
};

struct instant_node {
    uint64_t state; /* word: 1 = delivered */
    struct instant_key key;
    uint64_t id, import_lt;
    uint64_t position;  /* a copy of the proof says at most this (hypercube_accept.c) */
    uint32_t next_same; /* whose keys fold to the same 64 bits */
    uint32_t next;      /* in the list of those whose slow copy is gone */
    bool copy_gone;
};

struct instant_table {
    struct map by_key; /* folded key -> first node */
    struct map by_id;  /* message -> node: what notices name it by */
};

void instant_table_init(struct instant_table *table, struct memory *memory);
void instant_table_destroy(struct instant_table *table);

struct instant_key instant_key_of(struct address to, const unsigned char hash[HASH_BYTES]);

/* instant_table_add takes a node from the pool, with key and id set; there must be none yet. */
uint32_t instant_table_add(struct instant_table *table, struct pool *nodes,
                           const struct instant_key *key, uint64_t id);
/* instant_table_remove gives a node back to the pool. */
void instant_table_remove(struct instant_table *table, struct pool *nodes, uint32_t slot);
/* instant_table_find: the node's slot, 0 = none. */
uint32_t instant_table_find(const struct instant_table *table, const struct pool *nodes,
                            const struct instant_key *key);
uint32_t instant_table_named(const struct instant_table *table, uint64_t id);

#endif
