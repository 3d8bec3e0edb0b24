#ifndef MODELS_SPREAD_TURBINE_TREE_H
#define MODELS_SPREAD_TURBINE_TREE_H

/* Who sends a shred to whom (SOL-R8, SOL-22). Every shred has its own tree: a shuffle by stake of
 * all validators but the leader, seeded by the shred's identity, gives each a place; places form a
 * tree of fixed shape. The leader sends to place 0 only, place 0 to places 1..fanout, and so on.
 *
 * A turbine_cluster is the list of validators that all of them agree on, ready for many shuffles.
 * Validators are named by their rank in it: rank 0 has the largest stake. One cluster serves all
 * validators of a chain, since the tree is the same for each. Not thread-safe: it holds the shuffle
 * in progress. Costs: weighted_shuffle.h. */

#include <stdbool.h>
#include <stdint.h>

#include "models/spread/shred.h"
#include "models/spread/weighted_shuffle.h"

enum { VALIDATOR_KEY_BYTES = 32, TURBINE_SEED_BYTES = 32, TURBINE_FANOUT_DEPLOYED = 200 };

struct turbine_node {
    uint64_t stake;
    unsigned char key[VALIDATOR_KEY_BYTES];
    uint32_t id; /* the caller's own name for it */
};

struct turbine_cluster {
    struct memory *memory;
    struct turbine_node *nodes; /* by rank; owned */
    uint32_t count, fanout;
    enum chacha_rounds rounds;
    struct weighted_shuffle shuffle;
};

#define TURBINE_NONE UINT32_MAX

/* turbine_sort puts nodes into the agreed order: stake, then key, both descending (SOL-R8.1). Keys
 * differ (asserted). */
void turbine_sort(struct turbine_node *nodes, uint32_t count);

/* turbine_cluster_init copies nodes that are in the agreed order (asserted). fanout >= 1. */
void turbine_cluster_init(struct turbine_cluster *cluster, struct memory *memory,
                          const struct turbine_node *nodes, uint32_t count, uint32_t fanout,
                          enum chacha_rounds rounds);
void turbine_cluster_destroy(struct turbine_cluster *cluster);

/* turbine_seed is the seed of a shred's shuffle (SOL-R8.2). */
void turbine_seed(const struct shred_id *shred, const unsigned char leader_key[VALIDATOR_KEY_BYTES],
                  unsigned char ret_seed[TURBINE_SEED_BYTES]);

/* turbine_order writes the ranks in the order of their places, without the leader, and returns how
 * many: count - 1. */
uint32_t turbine_order(struct turbine_cluster *cluster, const struct shred_id *shred,
                       uint32_t leader, uint32_t *ret_ranks);

/* turbine_order_first writes the first `places` of these ranks, places < count. */
void turbine_order_first(struct turbine_cluster *cluster, const struct shred_id *shred,
                         uint32_t leader, uint32_t places, uint32_t *ret_ranks);

/* turbine_root is the rank at place 0, the only one that the leader sends to (SOL-R8.5), without
 * the rest of the shuffle; TURBINE_NONE when nobody else is there. */
uint32_t turbine_root(struct turbine_cluster *cluster, const struct shred_id *shred,
                      uint32_t leader);

/* The tree over places 0 .. count-1 (SOL-R8.6), O(1). */
struct turbine_children { /* first, first + step, ...: `count` of them */
    uint32_t first, step, count;
};
struct turbine_children turbine_children_of(uint32_t place, uint32_t fanout, uint32_t count);

/* turbine_parent_of is the place that sends to this one; TURBINE_NONE for place 0. */
uint32_t turbine_parent_of(uint32_t place, uint32_t fanout);

/* turbine_distance is the number of sends from place 0, as the deployed client counts: 3 stands
 * for 3 and more. */
uint32_t turbine_distance(uint32_t place, uint32_t fanout);

#endif
