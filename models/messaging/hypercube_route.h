#ifndef MODELS_MESSAGING_HYPERCUBE_ROUTE_H
#define MODELS_MESSAGING_HYPERCUBE_ROUTE_H

/* Hypercube routing over addresses: pure functions, no state, no kernel.
 *
 * An address is 96 bits, workchain (32, most significant) then prefix (64), TON-R2. A shard is
 * written as an address too: its workchain and its tagged prefix (TON-R3: prefix bits, a single 1,
 * zeros). A route is two bit counts: the transit address and the next hop's address are the source
 * address with that many leading bits taken from the destination (TON-R5). Bit counts are always
 * relative to the message's original source and destination (TON-R8).
 *
 * Routing changes one digit a hop, the most significant differing one first (TON-33). A digit is a
 * group of `digit_bits` = 1..8 bits (TON-34); 4 is what is deployed. Cost: O(1) each. */

#include <stdbool.h>
#include <stdint.h>

#include "models/shard_prefix.h"
#include "models/stack.h"

enum { ROUTE_BITS = 96, ROUTE_WORKCHAIN_BITS = 32, ROUTE_MASTERCHAIN = -1 };
/* Shards that a message may visit: at digit_bits 1 every one of the 96 bits is a hop. */
enum { ROUTE_VISITS_MAX = ROUTE_BITS + 2 };

enum routing {
    ROUTING_DEPLOYED, /* TON-R6: the whole workchain id in one hop, then digits of the prefix */
    ROUTING_PAPER     /* TON-31, 33: digits of all 96 bits, cut from the top, last one shorter  */
};

struct route {
    int current_bits, next_bits; /* -1, -1: refused */
};

/* shard_ancestor says whether `a` is `b` or one of its ancestors. */
static inline bool shard_ancestor(uint64_t a, uint64_t b)
{
    return shard_depth(a) <= shard_depth(b) && shard_contains(a, b);
}

/* route_holds says whether an address lies in a shard, workchain included. */
static inline bool route_holds(struct address shard, struct address address)
{
    return shard.workchain == address.workchain && shard_contains(shard.prefix, address.prefix);
}

/* route_interpolate is TON-R5: the source with its first `bits` bits taken from the destination;
 * bits <= 0 gives the source, >= 96 the destination. */
struct address route_interpolate(struct address source, struct address destination, int bits);

/* route_find is TON-R6 for the message's way on from `shard`, where it stands at the source address
 * with `used` bits taken from the destination. {96, 96}: the destination is here. {-1, -1}:
 * refused, the transit address is not in the shard. */
struct route route_find(enum routing routing, unsigned digit_bits, struct address source,
                        struct address destination, struct address shard, int used);

/* route_onward is TON-R8: the way on of a message that entered `shard` by a hop that ended with
 * `next_bits`; again relative to the original source and destination. */
struct route route_onward(enum routing routing, unsigned digit_bits, struct address source,
                          struct address destination, struct address shard, int next_bits);

/* route_valid is TON-R10, as the importer `to` checks what it finds in the queue of `from`. */
bool route_valid(enum routing routing, unsigned digit_bits, struct address source,
                 struct address destination, struct route route, struct address from,
                 struct address to);

/* route_neighbours is TON-R11 generalised to digits of `digit_bits`: symmetric, and true for a
 * shard and itself. */
bool route_neighbours(unsigned digit_bits, struct address a, struct address b);

/* route_paper_neighbours is TON-31 read literally: the identifiers differ in exactly one digit of
 * the bits that both shards have, or in none. The masterchain is everybody's neighbour. */
bool route_paper_neighbours(unsigned digit_bits, struct address a, struct address b);

/* route_links counts the links a message needs without walking: the differing digits that the
 * destination's shard of that depth can tell apart, and one for another workchain. TON-36. */
unsigned route_links(enum routing routing, unsigned digit_bits, struct address source,
                     struct address destination, unsigned destination_depth);

/* route_links_max is the most that any message needs in a tree of that depth. */
unsigned route_links_max(enum routing routing, unsigned digit_bits, unsigned depth_max,
                         bool across_workchains);

/* Finds the shard that holds an address: its tagged prefix, or 0 if its workchain does not exist.
 */
typedef uint64_t route_locate(const void *self, struct address address);

struct route_visit {
    struct address shard, next; /* next: the address of the next hop; the destination at the end */
    struct route route;
};

/* route_walk writes the shards that a message visits, the source's first and the destination's
 * last, and returns how many (at least 1). With routing by paper a digit may name a workchain that
 * does not exist: locate() then returns 0 and the walk returns 0. */
unsigned route_walk(enum routing routing, unsigned digit_bits, struct address source,
                    struct address destination, route_locate *locate, const void *self,
                    struct route_visit ret_visits[ROUTE_VISITS_MAX]);

#endif
