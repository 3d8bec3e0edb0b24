#ifndef MODELS_SPREAD_CLUSTER_SLOTS_H
#define MODELS_SPREAD_CLUSTER_SLOTS_H

/* Who has which slots complete, as one validator has heard (SOL-R7.6), and whom to ask for a shred
 * (SOL-20, SOL-31, SOL-32, SOL-R5). Peers are named by rank; stakes are those of the epoch, and are
 * the caller's. mark: O(1) mostly, support: O(log slots). Peer weights: O(peers). */

#include <stdbool.h>
#include <stdint.h>

#include "models/spread/shred_bits.h"
#include "models/spread/slot_set.h"

enum { CLUSTER_SLOTS_RING = 50000 };

struct cluster_slots {
    struct memory *memory;
    const uint64_t *stakes; /* by rank */
    uint32_t peer_count;
    uint64_t total_stake, root;
    bool everybody;      /* the proposal: also marks of who has no stake, and late ones */
    struct cluster_row { /* one slot that somebody marked */
        uint64_t slot, marked_stake;
        struct shred_bits peers; /* bits of ranks */
    } * rows;                    /* ascending */
    uint32_t count, capacity;
    uint32_t last; /* place of the row marked last: marks of one slot come together */
};

void cluster_slots_init(struct cluster_slots *slots, struct memory *memory, const uint64_t *stakes,
                        uint32_t peer_count, uint64_t total_stake, uint64_t root);
void cluster_slots_destroy(struct cluster_slots *slots);

/* cluster_slots_mark notes that a peer advertises a slot as complete. Ignored: slots outside root+1
 * .. root+50,000, marks made before, and, unless everybody counts, peers without stake and slots
 * that more than 90 % of stake has marked. True: it is the slot's first mark. */
bool cluster_slots_mark(struct cluster_slots *slots, uint32_t peer, uint64_t slot);

/* cluster_slots_set_root moves the window up. */
void cluster_slots_set_root(struct cluster_slots *slots, uint64_t root);

/* cluster_slots_row is a slot's marks, or NULL. */
const struct cluster_row *cluster_slots_row(const struct cluster_slots *slots, uint64_t slot);
bool cluster_slots_marked(const struct cluster_slots *slots, uint32_t peer, uint64_t slot);
/* cluster_slots_support is the stake that a peer put on a slot: all of its stake, or 0. */
uint64_t cluster_slots_support(const struct cluster_slots *slots, uint32_t peer, uint64_t slot);
uint64_t cluster_slots_marked_stake(const struct cluster_slots *slots, uint64_t slot);

/* How peers are weighted for a request. */
enum repair_peers {
    REPAIR_PEERS_2025,          /* all; who has the slot counts about twice (SOL-R5.2) */
    REPAIR_PEERS_2026,          /* the same with a least stake of 1 */
    REPAIR_PEERS_HOLDERS,       /* proposal: only who has it, alike (SOL-20) */
    REPAIR_PEERS_HOLDERS_FIRST, /* proposal, orphans: who has it, else all by stake (SOL-31, 32) */
    REPAIR_PEERS_COMMITTED      /* who has it, by stake + 1: ancestor hashes, dumps (SOL-R5.4) */
};

/* repair_peer_weights writes a weight for each peer; `self` gets 0. Returns their sum; 0 means that
 * nobody may be asked. */
uint64_t repair_peer_weights(const struct cluster_slots *slots, enum repair_peers rule,
                             uint64_t slot, uint32_t self, uint64_t *ret_weights);

/* repair_ring_weight is SOL-R5.2's sum of halves for a slot within the ring, at least 1. committed:
 * what the peer put on the slot; rule: REPAIR_PEERS_2025 or _2026; stake < 2^64 - 1. */
uint64_t repair_ring_weight(enum repair_peers rule, uint64_t stake, uint64_t committed);

/* repair_peer_weight is one peer's, where `row` is the slot's marks or NULL. Who has the slot if
 * anybody does, else all by stake, is the caller's business (`by_stake`, SOL-32). */
uint64_t repair_peer_weight(const struct cluster_slots *slots, enum repair_peers rule,
                            uint32_t peer, const struct cluster_row *row, bool by_stake);

#endif
