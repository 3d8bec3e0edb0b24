/* Packets: one uplink FIFO a node, or a FIFO of its own for a pair named in network.links; then
 * latency (fixed for a pair), jitter, loss, faults. A packet occupies its FIFO for
 * ceil(8 * bytes * 1e9 / bit_per_s) ns whether or not it is lost afterwards. Without priority
 * classes and limits a FIFO is one word, the instant it is free; with them it holds real queues and
 * costs one more event for each packet that waits. Both give the same times to the nanosecond. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/diagnostics.h"
#include "sim/distribution.h"
#include "sim/engine_private.h"
#include "sim/network_way.h"

static uint64_t serialisation_ns(uint32_t bytes, uint64_t bit_per_s)
{
    return bit_per_s == 0 ? 0
                          : exact_divide_up((uint64_t)bytes * 8, UINT64_C(1000000000), bit_per_s);
}

static struct link *link_find(const struct world *world, uint32_t from, uint32_t to)
{
    uint64_t index;
    if (world->link_count == 0 || !map_get(&world->link_by_pair, (uint64_t)from << 32 | to, &index))
        return NULL;
    return &world->links[index];
}

static uint64_t pair_latency_ns(const struct world *world, const struct link *link, uint32_t from,
                                uint32_t to)
{
    const struct network_config *network = &world->scenario->network;
    if (!link && network->latency_by_region) {
        uint32_t regions = network->regions.names.count;
        return (uint64_t)network->regions
            .matrix_ns[world->nodes[from].region * regions + world->nodes[to].region];
    }
    const struct distribution *latency = link ? &link->config->latency : &network->latency;
    struct rng_stream stream;
    if (latency->type == DISTRIBUTION_CONSTANT)
        return distribution_sample(latency, &stream);
    rng_stream_link(&stream, &world->rng, RNG_LINK_LATENCY, world->nodes[from].identity,
                    world->nodes[to].identity, 0, 0, 0);
    return distribution_sample(latency, &stream);
}

static void open_stream(const struct world *world, const struct event *event, uint32_t from,
                        enum rng_purpose purpose, struct rng_stream *ret_stream)
{
    rng_stream_link(ret_stream, &world->rng, purpose, world->nodes[from].identity,
                    world->nodes[event->to].identity, event->subject, event_kind_id(event),
                    event->attempt);
}

void network_drop(struct world *world, uint32_t handle, uint32_t from, enum drop_reason reason)
{
    const struct event *event = event_at(world, handle);
    struct row_fields fields = {.kind_id = (uint32_t)SLOT_KERNEL << 8 | KERNEL_PACKET_DROPPED,
                                .chain = event_chain(world, event),
                                .bytes = event->bytes,
                                .entity = world->nodes[event->to].identity,
                                .peer = world->nodes[from].identity,
                                .subject = event->subject,
                                .value = (int64_t)reason,
                                .weight = LOG_PACKET};
    world->dropped[reason]++;
    rows_trace(world, &fields);
    event_free(world, handle);
}

/* One draw of the packet's own. */
static uint64_t draw_ns(const struct world *world, const struct event *event, uint32_t from,
                        enum rng_purpose purpose, const struct distribution *distribution)
{
    struct rng_stream stream;
    open_stream(world, event, from, purpose, &stream);
    return distribution_sample(distribution, &stream);
}

static inline uint64_t jitter_ns(const struct world *world, const struct event *event,
                                 uint32_t from, const struct distribution *jitter)
{
    if (jitter->type == DISTRIBUTION_CONSTANT)
        return distribution_cut(jitter, distribution_not_negative(jitter->location));
    if (jitter->type != DISTRIBUTION_EXPONENTIAL)
        return draw_ns(world, event, from, RNG_LINK_JITTER, jitter);
    /* The commonest one, without a stream. */
    uint64_t word = rng_draw_link(&world->draws, RNG_LINK_JITTER, world->nodes[from].identity,
                                  world->nodes[event->to].identity, event->subject,
                                  event_kind_id(event), event->attempt);
    double u = rng_open_of(word);
    return distribution_cut(jitter, distribution_exponential((double)jitter->location, u));
}

/* The packet has left its FIFO at done_ns: decide its fate on the way and schedule its arrival. */
static inline __attribute__((always_inline)) void send_off(struct world *world, uint32_t handle,
                                                           struct event *event, uint32_t from,
                                                           const struct link *link,
                                                           uint64_t done_ns)
{
    const struct network_config *network = &world->scenario->network;
    uint64_t delay_ns = 0;
    if (world->link_faults_active > 0) {
        enum drop_reason reason = fault_on_link(world, event, from, &delay_ns);
        if (reason != 0) {
            network_drop(world, handle, from, reason);
            return;
        }
    }
    uint64_t threshold = link ? exact_threshold(link->config->loss) : world->loss_threshold;
    if (threshold > 0) {
        struct rng_stream stream;
        open_stream(world, event, from, RNG_LINK_LOSS, &stream);
        if (rng_chance(&stream, threshold)) {
            network_drop(world, handle, from, DROP_LOSS);
            return;
        }
    }
    const struct distribution *jitter = link ? &link->config->jitter : &network->jitter;
    uint64_t latency_ns = !link && world->latency_constant
                              ? world->latency_ns
                              : pair_latency_ns(world, link, from, event->to);
    uint64_t at_ns = done_ns + latency_ns + delay_ns + jitter_ns(world, event, from, jitter);
    if (event_length(event) == LENGTH_SIDE) {
        event_set_type(event, EVENT_MESSAGE);
        event_drop_side(world, event);
    }
    SIM_ASSERT(event_type(event) == EVENT_MESSAGE);
    engine_push(world, handle, event->to, at_ns, ORDER_MESSAGE, from);
}

static void transmit(struct world *world, uint32_t handle, struct event *event, uint32_t from,
                     const struct link *link, uint64_t done_ns)
{
    send_off(world, handle, event, from, link, done_ns);
}

static uint32_t port_new(struct world *world, uint32_t node, uint64_t bit_per_s,
                         uint64_t limit_bytes)
{
    uint32_t handle = pool_take(&world->ports);
    struct port *port = pool_at(&world->ports, handle);
    port->node = node;
    port->bit_per_s = bit_per_s;
    port->limit_bytes = limit_bytes;
    return handle;
}

/* Schedules the port's next departure, caused by the event that is running or by what caused
 * `waiting`, the first packet that waits. */
static void port_arm(struct world *world, struct port *port, const struct event *waiting)
{
    struct event *event;
    uint32_t handle = event_take(world, false, &event);
    /* The subject is hashed, and the handle depends on whose uplink was needed first. */
    *event = (struct event){
        .cause_mix = waiting ? waiting->cause_mix : world->context.cause_mix,
        .what = event_what_of(waiting ? event_cause_seq(waiting) : event_cause(world), EVENT_PORT,
                              0, 0),
        .subject = port->link,
        .to = port->node};
    port->armed = true;
    engine_push(world, handle, port->node, port->free_ns, ORDER_MESSAGE, port->node);
}

static void port_enqueue(struct world *world, uint32_t port_handle, uint32_t handle)
{
    struct port *port = pool_at(&world->ports, port_handle);
    struct event *event = event_at(world, handle);
    if (port->limit_bytes > 0 && port->waiting_bytes + event->bytes > port->limit_bytes) {
        network_drop(world, handle, port->node, DROP_QUEUE_FULL);
        return;
    }
    struct side *side = event_take_side(world, event);
    uint32_t classes = (uint32_t)world->scenario->network.queue.classes;
    uint32_t priority = side->priority < classes ? side->priority : classes - 1;
    if (port->head[priority] == 0)
        port->head[priority] = handle;
    else
        event_side(world, event_at(world, port->tail[priority]))->next = handle;
    port->tail[priority] = handle;
    side->next = 0;
    side->epoch = world->nodes[port->node].epoch;
    port->waiting++;
    port->waiting_bytes += event->bytes;
    if (!port->armed)
        port_arm(world, port, event);
}

static void port_submit(struct world *world, uint32_t port_handle, uint32_t handle,
                        const struct link *link)
{
    struct port *port = pool_at(&world->ports, port_handle);
    uint64_t now = world->context.now_ns;
    if (port->waiting > 0 || port->free_ns > now) {
        port_enqueue(world, port_handle, handle);
        return;
    }
    struct event *event = event_at(world, handle);
    port->free_ns = now + serialisation_ns(event->bytes, port->bit_per_s);
    transmit(world, handle, event, port->node, link, port->free_ns);
}

void network_port_free(struct world *world, uint32_t port_handle)
{
    struct port *port = pool_at(&world->ports, port_handle);
    port->armed = false;
    uint32_t priority = 0;
    while (priority < CLASSES_MAX && port->head[priority] == 0)
        priority++;
    if (priority == CLASSES_MAX)
        return;
    uint32_t handle = port->head[priority], from = port->node;
    struct event *event = event_at(world, handle);
    const struct side *side = event_side(world, event);
    port->head[priority] = side->next;
    port->waiting--;
    port->waiting_bytes -= event->bytes;
    bool more = port->waiting > 0;
    if (side->epoch != world->nodes[from].epoch) {
        /* What waited in a node that crashed is gone; look for the next one at once. */
        network_drop(world, handle, from, DROP_NODE_DOWN);
        port->free_ns = more ? world->context.now_ns : port->free_ns;
    } else {
        port->free_ns = world->context.now_ns + serialisation_ns(event->bytes, port->bit_per_s);
        transmit(world, handle, event, from, link_find(world, from, event->to), port->free_ns);
    }
    if (more)
        port_arm(world, port, NULL);
}

static __attribute__((noinline)) void hand_to_port(struct world *world, uint32_t handle,
                                                   uint32_t from, const struct link *link)
{
    struct node *node = &world->nodes[from];
    const struct network_config *network = &world->scenario->network;
    if (!link && node->port == 0)
        node->port = port_new(world, from, (uint64_t)network->bandwidth_bit_per_s,
                              (uint64_t)network->queue.limit_bytes);
    port_submit(world, link ? link->port : node->port, handle, link);
}

void network_hand_over(struct world *world, uint32_t handle, struct event *event, uint32_t from)
{
    struct node *node = &world->nodes[from];
    const struct network_config *network = &world->scenario->network;
    struct link *link = world->link_count > 0 ? link_find(world, from, event->to) : NULL;
    bool limited = !node->unlimited && network->bandwidth_bit_per_s > 0;
    if (__builtin_expect(link || (limited && world->queueing), 0)) {
        hand_to_port(world, handle, from, link);
        return;
    }
    uint64_t done_ns = world->context.now_ns;
    if (limited)
        done_ns = network_uplink_ns(world, node, event->bytes);
    send_off(world, handle, event, from, NULL, done_ns); /* compiled for links and for none */
}

static uint32_t link_end(struct world *world, const char *name, uint32_t index, const char *key,
                         struct diagnostics *diagnostics)
{
    char role[32];
    unsigned ordinal = 0;
    int used = 0;
    uint32_t node = UINT32_MAX;
    if (name && sscanf(name, "%31[a-z]:%9u%n", role, &ordinal, &used) == 2 && name[used] == '\0')
        node = world_find_target(world, role, ordinal);
    if (node == UINT32_MAX) {
        char pointer[64];
        snprintf(pointer, sizeof pointer, "/network/links/%u/%s", index, key);
        diagnostics_add(diagnostics, "E402", pointer, AT_VALUE, "no such node",
                        "a node such as \"shard:0\"", NULL, NULL);
    }
    return node;
}

static void build_links(struct world *world, struct diagnostics *diagnostics)
{
    const struct network_config *network = &world->scenario->network;
    const struct network_link_config *configs = network->links.items;
    world->link_count = network->links.count;
    if (world->link_count == 0)
        return;
    world->links = memory_take(&world->memory, "links", world->link_count * sizeof(struct link));
    for (uint32_t i = 0; i < world->link_count; i++) {
        uint32_t from = link_end(world, configs[i].from, i, "from", diagnostics);
        uint32_t to = link_end(world, configs[i].to, i, "to", diagnostics);
        if (from == UINT32_MAX || to == UINT32_MAX)
            continue;
        uint64_t known;
        char pointer[64];
        snprintf(pointer, sizeof pointer, "/network/links/%u", i);
        if (from == to || map_get(&world->link_by_pair, (uint64_t)from << 32 | to, &known)) {
            diagnostics_add(diagnostics, "E304", pointer, AT_VALUE,
                            from == to ? "a link from a node to itself"
                                       : "this ordered pair has a link already",
                            "two different nodes, each pair once", NULL, NULL);
            continue;
        }
        world->links[i] =
            (struct link){.from = from,
                          .to = to,
                          .config = &configs[i],
                          .port = port_new(world, from, (uint64_t)configs[i].bandwidth_bit_per_s,
                                           (uint64_t)configs[i].limit_bytes)};
        struct port *port = pool_at(&world->ports, world->links[i].port);
        port->link = i + 1;
        map_put(&world->link_by_pair, (uint64_t)from << 32 | to, i);
    }
}

static void assign_regions(struct world *world)
{
    const struct network_regions_config *regions = &world->scenario->network.regions;
    const int64_t *shares = regions->shares.items;
    for (uint32_t node = 0; node < world->node_count; node++) {
        struct rng_stream stream;
        rng_stream_at(&stream, &world->rng, RNG_REGION, world->nodes[node].identity, 0);
        int64_t left = (int64_t)rng_below(&stream, UINT64_C(1000000000000));
        uint16_t region = 0;
        while (region + 1U < regions->names.count && left >= shares[region])
            left -= shares[region++];
        world->nodes[node].region = region;
    }
}

static uint64_t least_latency_ns(const struct world *world)
{
    const struct network_config *network = &world->scenario->network;
    uint64_t least = distribution_floor(&network->latency);
    if (network->latency_by_region) {
        uint32_t cells = network->regions.names.count * network->regions.names.count;
        least = UINT64_MAX;
        for (uint32_t i = 0; i < cells; i++)
            if ((uint64_t)network->regions.matrix_ns[i] < least)
                least = (uint64_t)network->regions.matrix_ns[i];
    }
    for (uint32_t i = 0; i < world->link_count; i++) {
        uint64_t floor = distribution_floor(&world->links[i].config->latency);
        if (floor < least)
            least = floor;
    }
    return least;
}

static uint64_t flight_ns(const struct distribution *latency, int64_t bit_per_s,
                          uint32_t wire_bytes)
{
    const uint64_t second_ns = UINT64_C(1000000000);
    uint64_t sending_ns = 0;
    if (bit_per_s > 0)
        sending_ns = (uint64_t)wire_bytes * 8 * second_ns / (uint64_t)bit_per_s;
    return sending_ns + distribution_floor(latency);
}

uint64_t world_flight_ns(const struct world *world, uint32_t wire_bytes)
{
    const struct network_config *network = &world->scenario->network;
    const struct network_link_config *links = network->links.items;
    uint64_t slowest = flight_ns(&network->latency, network->bandwidth_bit_per_s, wire_bytes);
    for (uint32_t i = 0; i < network->links.count; i++) {
        uint64_t flight = flight_ns(&links[i].latency, links[i].bandwidth_bit_per_s, wire_bytes);
        if (flight > slowest)
            slowest = flight;
    }
    if (!network->latency_by_region)
        return slowest;
    uint32_t cells = network->regions.names.count * network->regions.names.count;
    for (uint32_t i = 0; i < cells; i++)
        if ((uint64_t)network->regions.matrix_ns[i] > slowest)
            slowest = (uint64_t)network->regions.matrix_ns[i];
    return slowest;
}

void network_arrive(struct world *world)
{
    network_way_arrive(world);
}

void network_settle(struct world *world)
{
    const struct network_config *network = &world->scenario->network;
    const struct distribution *jitter = &network->jitter;
    bool uplink = network->bandwidth_bit_per_s > 0;
    bool plain = world->link_count == 0 && world->link_faults_active == 0 &&
                 world->loss_threshold == 0 && world->latency_constant &&
                 !(uplink && world->queueing);
    world->way = (struct way){.plain = plain && jitter->type == DISTRIBUTION_CONSTANT,
                              .drawn = plain && jitter->type == DISTRIBUTION_EXPONENTIAL &&
                                       jitter->location >> EXACT_DRAW_MEAN_BITS == 0,
                              .uplink = uplink,
                              .latency_ns = world->latency_ns,
                              .floor_ns = distribution_cut(jitter, 0),
                              .mean_ns = distribution_not_negative(jitter->location)};
    if (jitter->type == DISTRIBUTION_CONSTANT)
        world->way.latency_ns +=
            distribution_cut(jitter, distribution_not_negative(jitter->location));
}

int network_build(struct world *world, struct diagnostics *diagnostics)
{
    const struct network_config *network = &world->scenario->network;
    size_t errors = diagnostics->errors;
    world->loss_threshold = exact_threshold(network->loss);
    world->latency_constant =
        !network->latency_by_region && network->latency.type == DISTRIBUTION_CONSTANT;
    if (world->latency_constant)
        world->latency_ns = distribution_floor(&network->latency);
    world->queueing = network->queue.limit_bytes > 0 || network->queue.classes > 1;
    build_links(world, diagnostics);
    if (diagnostics->errors > errors)
        return -1;
    if (network->latency_by_region)
        assign_regions(world);
    network_settle(world);
    world->lookahead_ns = least_latency_ns(world);
    world->result.lookahead_ns = world->lookahead_ns;
    return 0;
}

void network_free(struct world *world)
{
    if (world->links)
        memory_give(&world->memory, world->links, world->link_count * sizeof(struct link));
}
