#include "models/anycast.h"

#include "models/shard_prefix.h"
#include "sim/sim_assert.h"

/* The first `bits` of 64. */
static uint64_t mask_of(unsigned bits)
{
    SIM_ASSERT(bits < 64);
    return ~(UINT64_MAX >> bits);
}

uint32_t anycast_bits(uint64_t prefix, unsigned depth)
{
    SIM_ASSERT(depth <= ANYCAST_DEPTH_MAX);
    return (uint32_t)((prefix & mask_of(depth)) >> 32);
}

uint64_t anycast_target(uint64_t prefix, unsigned depth, uint32_t bits)
{
    SIM_ASSERT(depth <= ANYCAST_DEPTH_MAX);
    uint64_t mask = mask_of(depth);
    return (prefix & ~mask) | ((uint64_t)bits << 32 & mask);
}

uint64_t anycast_instance(uint64_t prefix, unsigned depth, uint64_t shard)
{
    SIM_ASSERT(depth <= ANYCAST_DEPTH_MAX);
    unsigned known = shard_depth(shard);
    uint64_t mask = mask_of(depth < known ? depth : known);
    return (prefix & ~mask) | (shard & mask);
}

void anycast_send(struct envelope *envelope)
{
    unsigned depth = envelope->anycast_depth;
    uint64_t wanted = envelope->to.prefix;
    envelope->anycast_bits = anycast_bits(wanted, depth);
    envelope->to.prefix = anycast_target(wanted, depth, anycast_bits(envelope->from.prefix, depth));
}

struct address anycast_recipient(const struct envelope *envelope, uint64_t shard)
{
    unsigned depth = envelope->anycast_depth;
    uint64_t wanted = anycast_target(envelope->to.prefix, depth, envelope->anycast_bits);
    return (struct address){.workchain = envelope->to.workchain,
                            .prefix = anycast_instance(wanted, depth, shard)};
}
