#ifndef MODELS_SPREAD_REPAIR_PEERS_H
#define MODELS_SPREAD_REPAIR_PEERS_H

/* Whom one validator asks for shreds of a slot (SOL-20, SOL-31, SOL-32, SOL-R5.1 to R5.3): a peer
 * drawn by the weights of cluster_slots.h for each request. The deployed client keeps the weights
 * of a slot for 10 s, 128 slots at most, so what was advertised meanwhile does not count yet; what
 * is kept here are the marks that they follow from: a bit a peer. The proposal keeps nothing.
 *
 * repair_peers_pick: O(peers). The list of entries serves one validator, its memory is counted. */

#include <stdbool.h>
#include <stdint.h>

#include "models/spread/cluster_slots.h"

enum { REPAIR_PEERS_SLOTS = 128 };
#define REPAIR_PEERS_NS UINT64_C(10000000000)
#define REPAIR_PEER_NONE UINT32_MAX

struct repair_peers_cache {
    struct memory *memory;
    struct repair_peers_entry {
        struct shred_bits marks;                     /* peers that had advertised it */
        uint64_t slot, made_ns, marked_stake, total; /* total: of the weights */
        enum repair_peers rule;
        bool row;      /* somebody had */
        bool by_stake; /* nobody else had, so that all are asked by stake (SOL-32) */
    } * entries;
    uint32_t count, capacity, oldest; /* a ring once there are 128 */
    uint64_t lifetime_ns;             /* 0: weights are made anew at every instant */
};

void repair_peers_init(struct repair_peers_cache *cache, struct memory *memory,
                       uint64_t lifetime_ns);
void repair_peers_destroy(struct repair_peers_cache *cache);

/* repair_peers_total is the sum of the weights of all peers but `self` for a slot: 0 = nobody may
 * be asked. Then pick with a number below it, drawn by the caller: the peer's rank. */
uint64_t repair_peers_total(struct repair_peers_cache *cache, const struct cluster_slots *slots,
                            enum repair_peers rule, uint64_t slot, uint32_t self, uint64_t now_ns);
uint32_t repair_peers_pick(const struct repair_peers_cache *cache,
                           const struct cluster_slots *slots, enum repair_peers rule, uint64_t slot,
                           uint32_t self, uint64_t x);

/* repair_peers_forget drops everything: a validator that starts again. */
void repair_peers_forget(struct repair_peers_cache *cache);

#endif
