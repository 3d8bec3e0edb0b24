#ifndef MODELS_LEDGER_EXTERNAL_POOL_H
#define MODELS_LEDGER_EXTERNAL_POOL_H

/* The messages from outside that wait at a chain's node, and who is let in (TON-R48): so many
 * checks of one account's messages in a window of time, so many of them waiting, so many waiting
 * altogether, and an identical message only once. What was let in is remembered for twice the life
 * of a message, so that it can be neither let in nor taken by a block again. It is the node's
 * memory and no consensus state. Each call O(1) expected; forgetting is O(1) amortised. A chain
 * that never got a message has no pool. */

#include <stdbool.h>
#include <stdint.h>

#include "models/ledger/input_ring.h"
#include "models/stack.h"
#include "sim/memory.h"

struct external_limits {
    uint64_t bytes;           /* of one message */
    uint64_t account_checks;  /* of one account's messages in a window */
    uint64_t window_ns;       /* its length */
    uint64_t account_pending; /* messages of one account that wait */
    uint64_t pending;         /* messages that wait */
    uint64_t life_ns;         /* a message is worth nothing so long after it was submitted */
};

struct external_pool {
    struct input_ring checking; /* came, and not checked yet */
    uint64_t timer;             /* 0 = none is set */
    uint64_t busy_until_ns;     /* the node checks one after the other */
    uint32_t chain;
    uint32_t pending;
    uint32_t first, last; /* what is remembered, oldest first */
};

struct external_pools {
    struct memory *memory;
    struct pool pools, accounts, memories;
    struct map pool_of;    /* chain -> pool */
    struct map account_of; /* account's prefix, mixed with its workchain -> account */
    struct map memory_of;  /* hash of a message -> memory */
};

void external_pools_init(struct external_pools *pools, struct memory *memory);
void external_pools_destroy(struct external_pools *pools);

/* external_pool_get opens the pool of a chain at its first use. Pools never move; external_pool_at
 * is number 0 .. external_pool_count - 1 in order of first use. */
struct external_pool *external_pool_get(struct external_pools *pools, uint32_t chain);
struct external_pool *external_pool_at(const struct external_pools *pools, uint32_t number);
uint32_t external_pool_count(const struct external_pools *pools);

/* external_pool_judge says whether a message may be checked, and counts the check if so. */
enum tx_reason external_pool_judge(struct external_pools *pools, struct external_pool *pool,
                                   const struct external_limits *limits, uint64_t now_ns,
                                   const struct tx *tx, uint64_t hash);

/* external_pool_admit lets in a message that was checked. */
void external_pool_admit(struct external_pools *pools, struct external_pool *pool,
                         const struct external_limits *limits, uint64_t now_ns, const struct tx *tx,
                         uint64_t hash);

/* external_pool_leave: a message that was let in waits no longer. */
void external_pool_leave(struct external_pools *pools, struct external_pool *pool,
                         const struct tx *tx);

/* external_pool_find is NULL where external_pool_get was never called. */
struct external_pool *external_pool_find(const struct external_pools *pools, uint32_t chain);

/* As shards are divided and united: external_pool_inherit gives what `old` remembers to `young`;
 * external_pool_move lets one waiting message go with its account. */
void external_pool_inherit(struct external_pools *pools, struct external_pool *old,
                           struct external_pool *young);
void external_pool_move(struct external_pool *old, struct external_pool *young);

/* external_pool_taken notes that a final block took a message; false: not the first one. */
bool external_pool_taken(struct external_pools *pools, uint64_t hash);

#endif
