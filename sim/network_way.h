#ifndef SIM_NETWORK_WAY_H
#define SIM_NETWORK_WAY_H

/* The way of most packets, compiled into context_send: world->way says what there is to it. It
 * gives the times of network.c, to the nanosecond. */

#include "sim/engine_private.h"
#include "sim/exact_draw.h"

/* network_uplink_ns is when a node's uplink of one word has finished a packet that it gets now. */
static inline uint64_t network_uplink_ns(struct world *world, struct node *node, uint32_t bytes)
{
    uint64_t done_ns = world->context.now_ns;
    if (node->uplink_free_ns > done_ns)
        done_ns = node->uplink_free_ns;
    done_ns += exact_divide_up((uint64_t)bytes * 8, UINT64_C(1000000000),
                               (uint64_t)world->scenario->network.bandwidth_bit_per_s);
    node->uplink_free_ns = done_ns;
    return done_ns;
}

/* network_way_word is the packet's own random word, where there is one: it takes longest, and is
 * asked for first. */
static inline uint64_t network_way_word(const struct world *world, const struct node *from,
                                        const struct send *send, uint32_t kind_id)
{
    return rng_draw_link(&world->draws, RNG_LINK_JITTER, from->identity,
                         world->nodes[send->to].identity, send->subject, kind_id, send->attempt);
}

/* network_way_ns is when a packet arrives that `from` sends now, but for jitter that is drawn. */
static inline uint64_t network_way_ns(struct world *world, struct node *from, uint32_t bytes)
{
    uint64_t at_ns = world->context.now_ns;
    if (world->way.uplink && !from->unlimited)
        at_ns = network_uplink_ns(world, from, bytes);
    return at_ns + world->way.latency_ns;
}

/* network_way_jitter_ns is what a packet's word makes of it. */
static inline uint64_t network_way_jitter_ns(const struct way *way, uint64_t word)
{
    uint64_t jitter_ns = exact_draw_exponential(word, way->mean_ns);
    return jitter_ns > way->floor_ns ? jitter_ns : way->floor_ns;
}

/* network_way_depart leaves the push to network_way_arrive, or to the next packet. */
static inline void network_way_depart(struct world *world, uint32_t handle, struct node *from,
                                      uint32_t to, uint64_t at_ns)
{
    struct departure *departed = &world->departed;
    if (__builtin_expect(departed->low != 0, 0))
        network_arrive(world);
    struct queue_entry entry = engine_next_entry(handle, ORDER_MESSAGE, from);
    departed->at_ns = at_ns;
    departed->middle = entry.middle;
    departed->low = entry.low;
    departed->to = to;
}

/* network_way_arrive schedules the arrival of what departed last, if it is still to be done. */
static inline void network_way_arrive(struct world *world)
{
    struct departure *departed = &world->departed;
    if (departed->low == 0)
        return;
    struct queue_entry entry = {.middle = departed->middle, .low = departed->low};
    engine_push_entry(world, entry, departed->to, departed->at_ns);
    departed->low = 0;
}

#endif
