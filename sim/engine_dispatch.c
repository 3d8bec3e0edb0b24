/* One event: its row, the layer that it is addressed to, its place given back; and the two loops
 * that do nothing else. What every event passes through is compiled into the wheel's loop, which is
 * why both stand here. The order is asserted at push (an event never precedes its cause) and here,
 * at pop. */

#include "sim/engine_loop.h"
#include "sim/engine_private.h"
#include "sim/network_way.h"

/* Timers are steps of the protocol, unless their model says that there is one for each packet. */
static enum log_weight weight_of(const struct world *world, const struct event *event,
                                 uint32_t kind_id)
{
    if (event_type(event) == EVENT_FAULT)
        return LOG_MILESTONE;
    if (event_type(event) != EVENT_TIMER)
        return LOG_PACKET;
    const struct model *model = world->model[kind_id >> KIND_BITS];
    uint32_t kind = (kind_id & ((1U << KIND_BITS) - 1)) - KIND_TIMER;
    return model->packet_timers >> kind & 1 ? LOG_PACKET : LOG_STEP;
}

/* The row of the running event, in the digest and, out of the way, in the log. */
static __attribute__((noinline)) void log_row(struct world *world, const struct event *event,
                                              uint32_t kind_id, uint32_t chain, uint32_t bytes,
                                              uint64_t entity, uint64_t peer)
{
    struct row_fields fields = {.kind_id = kind_id,
                                .chain = chain,
                                .bytes = bytes,
                                .entity = entity,
                                .peer = peer,
                                .subject = event->subject,
                                .value = event_type(event) == EVENT_MESSAGE ? event->attempt : 0,
                                .weight = weight_of(world, event, kind_id)};
    rows_log(world, &fields, event_cause_seq(event));
}

static inline void event_row(struct world *world, const struct event *event, uint32_t kind_id,
                             uint32_t chain, uint32_t bytes, uint64_t entity, uint64_t peer)
{
    world->context.cause_seq = ++world->rows;
    if (__builtin_expect(world->log != NULL, 0))
        log_row(world, event, kind_id, chain, bytes, entity, peer);
}

/* The same row in the digest, whose rows have no order: it can wait. */
static inline void event_digest(struct world *world, const struct event *event, uint32_t kind_id,
                                uint32_t chain, uint32_t bytes, uint64_t entity, uint64_t peer,
                                uint32_t value)
{
    rows_digest(world, event->cause_mix, 0, kind_id, chain, bytes, entity, peer, event->subject,
                value);
}

/* What of a message stands in its side record. Returns the chain. */
static uint32_t read_side(const struct world *world, const struct event *event,
                          struct message *message)
{
    const struct side *side = event_side(world, event);
    message->payload_bytes = side->payload_bytes;
    message->payload = side->payload             ? slab_at(&world->payloads, side->payload)
                       : side->payload_bytes > 0 ? event->inline_payload
                                                 : NULL;
    return side->chain;
}

static inline void handle_message(struct world *world, struct event *event, uint32_t handle,
                                  uint32_t from)
{
    const struct node *node = &world->nodes[event->to];
    if (__builtin_expect(node->down > 0, 0)) {
        network_drop(world, handle, from, DROP_NODE_DOWN);
        return;
    }
    uint32_t kind_id = event_kind_id(event), slot = kind_id >> KIND_BITS;
    size_t length = event_length(event);
    struct message message;
    message.from = from;
    message.to = event->to;
    message.wire_bytes = event->bytes;
    message.slot = (uint8_t)slot;
    message.kind = (uint8_t)kind_id;
    message.subject = event->subject;
    message.payload_bytes = length;
    message.payload = length > 0 ? event->inline_payload : NULL;
    uint32_t chain = event->chain;
    bool side = length == LENGTH_SIDE;
    if (__builtin_expect(side, 0))
        chain = read_side(world, event, &message);
    uint64_t entity = node->identity, peer = world->nodes[from].identity;
    event_row(world, event, kind_id, chain, event->bytes, entity, peer);
    world->model[slot]->on_message(world->state[slot], &world->context, &message);
    event_digest(world, event, kind_id, chain, event->bytes, entity, peer, event->attempt);
    if (__builtin_expect(side, 0))
        event_free_side(world, event);
    event_free_plain(world, handle, event);
}

static void handle_timer(struct world *world, struct event *event, uint32_t handle)
{
    uint32_t slot = event_kind_id(event) >> KIND_BITS;
    uint8_t kind = (uint8_t)event_kind_id(event);
    uint32_t kind_id = slot << KIND_BITS | (uint32_t)(KIND_TIMER + kind);
    uint32_t chain = event->chain;
    uint64_t cookie = event->subject;
    uint64_t entity = world->nodes[event->to].identity;
    event_row(world, event, kind_id, chain, 0, entity, 0);
    event_digest(world, event, kind_id, chain, 0, entity, 0, 0);
    event_free_plain(world, handle, event);
    world->model[slot]->on_timer(world->state[slot], &world->context, kind, chain, cookie);
}

static void handle_kernel(struct world *world, struct event *event, uint32_t handle, uint32_t kind)
{
    uint64_t entity = event_type(event) == EVENT_FAULT ? 0 : world->nodes[event->to].identity;
    uint32_t kind_id = (uint32_t)SLOT_KERNEL << 8 | kind, chain = event_chain(world, event);
    event_row(world, event, kind_id, chain, 0, entity, 0);
    event_digest(world, event, kind_id, chain, 0, entity, 0, 0);
    event_free(world, handle);
}

/* Everything but messages. */
static __attribute__((noinline)) void handle_other(struct world *world, struct event *event,
                                                   uint32_t handle, uint32_t source)
{
    struct context *context = &world->context;
    switch (event_type(event)) {
    case EVENT_TIMER:
        handle_timer(world, event, handle);
        break;
    case EVENT_DEPART:
        context->cause_seq = event_cause_seq(event);
        network_hand_over(world, handle, event, source);
        break;
    case EVENT_PORT: {
        uint32_t link = (uint32_t)event->subject;
        handle_kernel(world, event, handle, KERNEL_PORT);
        network_port_free(world,
                          link ? world->links[link - 1].port : world->nodes[context->self].port);
        break;
    }
    case EVENT_FAULT: {
        bool begins = event->subject & 1;
        uint32_t window = (uint32_t)(event->subject >> 1);
        handle_kernel(world, event, handle, begins ? KERNEL_FAULT_BEGINS : KERNEL_FAULT_ENDS);
        fault_apply(world, window, begins);
        break;
    }
    case EVENT_MESSAGE:
    case EVENT_FREE:
    case EVENT_CANCELLED:
        SIM_ASSERT(event_type(event) != EVENT_FREE && event_type(event) != EVENT_CANCELLED);
    }
}

/* True when the event is dead and must not be seen: cancelled, or of a node that crashed since. */
static bool is_dead(const struct world *world, const struct event *event, uint32_t node)
{
    if (event_type(event) == EVENT_TIMER)
        return event->epoch != world->nodes[node].epoch;
    if (event_type(event) == EVENT_DEPART)
        return event_side(world, event)->epoch != world->nodes[node].epoch;
    return event_type(event) == EVENT_CANCELLED;
}

static inline __attribute__((always_inline)) void
dispatch(struct world *world, struct queue_entry popped, struct event *event)
{
    const struct queue_entry *entry = &popped;
    uint32_t handle = queue_entry_slot(entry);
    struct context *context = &world->context;
    /* With a queue a group only each group's own events rise; the windows see to the rest. */
    SIM_ASSERT(engine_rises(world, popped) || world->group_queue);
    queue_entry_copy(&world->current_entry, entry);
    /* Faults have no source. */
    enum order_class order_class = queue_entry_class(entry);
    uint32_t source = 0;
    uint64_t identity = 0;
    if (__builtin_expect(order_class != ORDER_FAULT, 1)) {
        source = world->node_by_order[queue_entry_source(entry)];
        identity = world->nodes[source].identity;
    }
    bool message = event_type(event) == EVENT_MESSAGE;
    context->now_ns = queue_entry_time_ns(entry);
    context->depth = queue_entry_depth(entry);
    context->trace_index = 0;
    world->current_key =
        digest_key_of(context->now_ns, order_rank(context->depth, order_class, identity),
                      queue_entry_sequence(entry));
    context->cause_mix = world->current_key.mix;
    context->self = event_type(event) == EVENT_DEPART ? source : event->to;
    if (!message && is_dead(world, event, context->self)) {
        event_free(world, handle);
        return;
    }
    world->events++;
    context->group = world->nodes[context->self].group;
    if (message)
        handle_message(world, event, handle, source);
    else
        handle_other(world, event, handle, source);
    network_way_arrive(world);
}

void engine_dispatch_apart(struct world *world, struct queue_entry popped)
{
    dispatch(world, popped, event_at(world, queue_entry_slot(&popped)));
}

void engine_run_wheel(struct world *world, struct loop *loop)
{
    struct queue_wheel *wheel = world->wheel;
    uint32_t next = 0;
    struct event *next_event = NULL;
    bool stop = false;
    while (!stop && queue_wheel_pop_until(wheel, loop->until_ns)) {
        uint32_t handle = queue_entry_slot(&wheel->last);
        struct event *event = next_event;
        if (__builtin_expect(handle != next, 0))
            event = event_at(world, handle);
        /* The next event is on its way into the cache while this one is handled. */
        next = queue_entry_slot(wheel->next);
        next = next != 0 ? next : handle;
        next_event = event_at(world, next);
        engine_fetch(next_event);
        dispatch(world, wheel->last, event);
        stop = engine_after_event(world, loop);
    }
}

void engine_run_queue(struct world *world, struct loop *loop)
{
    struct queue_entry entry;
    bool stop = false;
    while (!stop && world->queue_type->pop_until(world->queue, loop->until_ns, &entry)) {
        engine_dispatch_apart(world, entry);
        stop = engine_after_event(world, loop);
    }
}
