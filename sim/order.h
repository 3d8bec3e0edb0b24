#ifndef SIM_ORDER_H
#define SIM_ORDER_H

/* The total order of events, and the identities it is made of.
 *
 * An event's key is (time, depth, class, source entity, the source's own sequence number). It is
 * independent of memory layout, of creation order and of how a run is cut into threads. Depth is 0
 * for an event at a later time than its scheduler, else the scheduler's depth + 1, so keys rise
 * along every causal edge and pops come out sorted even with zero delays. Two equal keys are a bug.
 *
 * An identity names an entity for good: role in the low 4 bits, index in the role above it. It
 * derives from what the entity *is* (a shard's workchain and prefix), never from the order in which
 * entities were made. It is what the order key, random streams, the digest and the log use; the
 * dense node number of world.h is memory only. */

#include <stdbool.h>
#include <stdint.h>

enum { ORDER_DEPTH_MAX = 65535 };

/* At one instant and depth: faults first, then arrivals, then timers. Deliberate: a block made at t
 * sees what arrived at t. */
enum order_class { ORDER_FAULT = 0, ORDER_MESSAGE = 1, ORDER_TIMER = 2 };

/* 24 bytes, compared as one 192-bit number. rank = depth << 48 | class << 40 | source identity. */
struct order_key {
    uint64_t time_ns, rank, sequence;
};

/* identity_of makes the 36-bit identity of entity `index` in `role` (0..15). */
static inline uint64_t identity_of(unsigned role, uint32_t index)
{
    return (uint64_t)index << 4 | (role & 15U);
}

static inline unsigned identity_role(uint64_t identity)
{
    return (unsigned)(identity & 15U);
}

static inline uint32_t identity_index(uint64_t identity)
{
    return (uint32_t)(identity >> 4);
}

static inline uint64_t order_rank(uint64_t depth, enum order_class order_class, uint64_t source)
{
    return depth << 48 | (uint64_t)order_class << 40 | source;
}

static inline uint64_t order_depth(const struct order_key *key)
{
    return key->rank >> 48;
}

static inline uint64_t order_source(const struct order_key *key)
{
    return key->rank & ((UINT64_C(1) << 40) - 1);
}

/* order_before is a strict total order over distinct keys. */
static inline bool order_before(const struct order_key *a, const struct order_key *b)
{
    if (a->time_ns != b->time_ns)
        return a->time_ns < b->time_ns;
    if (a->rank != b->rank)
        return a->rank < b->rank;
    return a->sequence < b->sequence;
}

#endif
