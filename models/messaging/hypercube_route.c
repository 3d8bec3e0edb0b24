#include "models/messaging/hypercube_route.h"

static uint64_t mask_top(int bits)
{
    if (bits <= 0)
        return 0;
    return bits >= 64 ? UINT64_MAX : ~(UINT64_MAX >> bits);
}

struct address route_interpolate(struct address source, struct address destination, int bits)
{
    if (bits <= 0)
        return source;
    if (bits >= ROUTE_BITS)
        return destination;
    if (bits < ROUTE_WORKCHAIN_BITS) {
        uint32_t mask = (uint32_t)(mask_top(bits) >> 32);
        uint32_t mixed =
            ((uint32_t)destination.workchain & mask) | ((uint32_t)source.workchain & ~mask);
        return (struct address){(int32_t)mixed, source.prefix};
    }
    uint64_t mask = mask_top(bits - ROUTE_WORKCHAIN_BITS);
    return (struct address){destination.workchain,
                            (destination.prefix & mask) | (source.prefix & ~mask)};
}

/* The number of leading bits, of 96, on which two addresses agree. */
static int matching_bits(struct address a, struct address b)
{
    uint32_t high = (uint32_t)a.workchain ^ (uint32_t)b.workchain;
    if (high != 0)
        return __builtin_clz(high);
    uint64_t low = a.prefix ^ b.prefix;
    return low == 0 ? ROUTE_BITS : ROUTE_WORKCHAIN_BITS + __builtin_clzll(low);
}

static int smaller(int a, int b)
{
    return a < b ? a : b;
}

struct route route_find(enum routing routing, unsigned digit_bits, struct address source,
                        struct address destination, struct address shard, int used)
{
    SIM_ASSERT(digit_bits >= 1 && digit_bits <= 8);
    struct address transit = route_interpolate(source, destination, used);
    if (!route_holds(shard, transit))
        return (struct route){-1, -1};
    if (route_holds(shard, destination))
        return (struct route){ROUTE_BITS, ROUTE_BITS};
    if (transit.workchain == ROUTE_MASTERCHAIN || destination.workchain == ROUTE_MASTERCHAIN)
        return (struct route){used, ROUTE_BITS};
    if (routing == ROUTING_DEPLOYED && transit.workchain != destination.workchain)
        return (struct route){used, ROUTE_WORKCHAIN_BITS};
    int digit = (int)digit_bits;
    /* Digits of the prefix alone, or of all 96 bits. */
    int origin = routing == ROUTING_DEPLOYED ? ROUTE_WORKCHAIN_BITS : 0;
    int start = origin + (matching_bits(transit, destination) - origin) / digit * digit;
    int end = smaller(start + digit, ROUTE_BITS);
    /* TON-R7: once is always enough, since the first differing bit is one that tells shards apart.
     */
    while (route_holds(shard, route_interpolate(transit, destination, end))) {
        SIM_ASSERT(end < ROUTE_BITS);
        start = end;
        end = smaller(end + digit, ROUTE_BITS);
    }
    return (struct route){start, end};
}

struct route route_onward(enum routing routing, unsigned digit_bits, struct address source,
                          struct address destination, struct address shard, int next_bits)
{
    struct address arrived = route_interpolate(source, destination, next_bits);
    struct route route = route_find(routing, digit_bits, arrived, destination, shard, 0);
    /* A hop over the masterchain or to another workchain says 0: relative to the arrival. */
    if (route.current_bits >= 0 && route.current_bits < next_bits)
        route.current_bits = next_bits;
    return route;
}

bool route_valid(enum routing routing, unsigned digit_bits, struct address source,
                 struct address destination, struct route route, struct address from,
                 struct address to)
{
    int current_bits = route.current_bits, next_bits = route.next_bits;
    if (current_bits < 0 || current_bits > ROUTE_BITS || next_bits < 0 || next_bits > ROUTE_BITS)
        return false;
    if (current_bits >= next_bits && next_bits != ROUTE_BITS)
        return false;
    struct address current = route_interpolate(source, destination, current_bits);
    struct address next = route_interpolate(source, destination, next_bits);
    if (!route_holds(from, current) || !route_holds(to, next))
        return false;
    if (matching_bits(destination, next) < matching_bits(destination, current))
        return false;
    struct route canonical =
        route_find(routing, digit_bits, source, destination, from, current_bits);
    return canonical.current_bits == current_bits && canonical.next_bits == next_bits;
}

bool route_neighbours(unsigned digit_bits, struct address a, struct address b)
{
    SIM_ASSERT(digit_bits >= 1 && digit_bits <= 8);
    if (a.workchain == ROUTE_MASTERCHAIN || b.workchain == ROUTE_MASTERCHAIN)
        return true;
    unsigned depth_a = shard_depth(a.prefix), depth_b = shard_depth(b.prefix);
    int depth = (int)(depth_a < depth_b ? depth_a : depth_b);
    uint64_t differing = (a.prefix ^ b.prefix) & mask_top(depth);
    if (differing == 0)
        return true;
    if (a.workchain != b.workchain)
        return false;
    unsigned first = (unsigned)__builtin_clzll(differing);
    unsigned last = 63U - (unsigned)__builtin_ctzll(differing);
    return first / digit_bits == last / digit_bits;
}

bool route_paper_neighbours(unsigned digit_bits, struct address a, struct address b)
{
    if (a.workchain == ROUTE_MASTERCHAIN || b.workchain == ROUTE_MASTERCHAIN)
        return true;
    unsigned depth_a = shard_depth(a.prefix), depth_b = shard_depth(b.prefix);
    unsigned depth = depth_a < depth_b ? depth_a : depth_b;
    uint64_t keep = mask_top((int)depth);
    a.prefix &= keep;
    b.prefix &= keep;
    int bits = ROUTE_WORKCHAIN_BITS + (int)depth;
    int digits = 0;
    for (int start = 0; start < bits; start += (int)digit_bits) {
        int end = smaller(start + (int)digit_bits, ROUTE_BITS);
        struct address upto_start = route_interpolate(a, b, start);
        struct address upto_end = route_interpolate(a, b, end);
        digits +=
            upto_start.workchain != upto_end.workchain || upto_start.prefix != upto_end.prefix;
    }
    return digits <= 1;
}

unsigned route_links(enum routing routing, unsigned digit_bits, struct address source,
                     struct address destination, unsigned destination_depth)
{
    bool master =
        source.workchain == ROUTE_MASTERCHAIN || destination.workchain == ROUTE_MASTERCHAIN;
    if (master)
        return source.workchain == destination.workchain ? 0 : 1;
    bool deployed = routing == ROUTING_DEPLOYED;
    unsigned links = deployed && source.workchain != destination.workchain ? 1 : 0;
    int digit = (int)digit_bits, end = ROUTE_WORKCHAIN_BITS + (int)destination_depth;
    for (int start = deployed ? ROUTE_WORKCHAIN_BITS : 0; start < end; start += digit) {
        /* Bits below the cut are never looked at: the destination's shard is not told by them. */
        int cut = end < start + digit ? end : start + digit;
        struct address fixed = route_interpolate(source, destination, cut);
        struct address before = route_interpolate(source, destination, start);
        links += fixed.workchain != before.workchain || fixed.prefix != before.prefix;
    }
    return links;
}

unsigned route_links_max(enum routing routing, unsigned digit_bits, unsigned depth_max,
                         bool across_workchains)
{
    if (routing == ROUTING_DEPLOYED)
        return (depth_max + digit_bits - 1) / digit_bits + (across_workchains ? 1 : 0);
    unsigned first = across_workchains ? 0 : ROUTE_WORKCHAIN_BITS / digit_bits;
    return (ROUTE_WORKCHAIN_BITS + depth_max + digit_bits - 1) / digit_bits - first;
}

unsigned route_walk(enum routing routing, unsigned digit_bits, struct address source,
                    struct address destination, route_locate *locate, const void *self,
                    struct route_visit ret_visits[ROUTE_VISITS_MAX])
{
    struct address shard = {source.workchain, locate(self, source)};
    int arrived_bits = 0;
    for (unsigned count = 0; count < ROUTE_VISITS_MAX; count++) {
        if (shard.prefix == 0)
            return 0;
        struct route route =
            route_onward(routing, digit_bits, source, destination, shard, arrived_bits);
        SIM_ASSERT(route.next_bits >= 0);
        struct address next = route_interpolate(source, destination, route.next_bits);
        ret_visits[count] = (struct route_visit){shard, next, route};
        if (route.current_bits == ROUTE_BITS)
            return count + 1;
        shard = (struct address){next.workchain, locate(self, next)};
        arrived_bits = route.next_bits;
    }
    SIM_ASSERT(false); /* a route ends */
    return 0;
}
