#include "sim/context.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "sim/engine_private.h"
#include "sim/network_way.h"

static void add_side(struct world *world, struct event *event, const struct send *send)
{
    struct side *side = event_take_side(world, event);
    side->priority = send->priority;
    side->epoch = world->nodes[world->context.self].epoch;
    if (send->payload_bytes <= EVENT_INLINE_BYTES)
        return;
    side->payload_bytes = (uint32_t)send->payload_bytes;
    side->payload = slab_take(&world->payloads, send->payload_bytes);
    memcpy(slab_at(&world->payloads, side->payload), send->payload, send->payload_bytes);
}

/* Field by field: a struct on the way would be stored in pieces and read whole. */
static inline void fill(struct event *event, const struct world *world, const struct send *send,
                        uint32_t kind_id, size_t length)
{
    event->cause_mix = world->context.cause_mix;
    event->what = event_what_of(event_cause(world), EVENT_MESSAGE, kind_id, length);
    event->subject = send->subject;
    event->bytes = send->wire_bytes;
    event->attempt = send->attempt;
    event->chain = send->chain;
    event->to = send->to;
}

#define COPY_WORDS(count)                                                                          \
    case 8 * (count):                                                                              \
        memcpy(to + 8 * (count)-8, from + 8 * (count)-8, 8);                                       \
        __attribute__((fallthrough))

/* Word by word: the sender has only just stored the payload, and wider pieces would wait until its
 * stores are done. */
static inline void copy_payload(unsigned char *to, const unsigned char *from, size_t bytes)
{
    switch (bytes) {
        COPY_WORDS(7);
        COPY_WORDS(6);
        COPY_WORDS(5);
        COPY_WORDS(4);
        COPY_WORDS(3);
        COPY_WORDS(2);
        COPY_WORDS(1);
    case 0:
        break;
    default:
        memcpy(to, from, bytes);
    }
}
_Static_assert((int)EVENT_INLINE_BYTES == 7 * 8, "copy_payload knows seven words");

/* Large payloads, later departures, classes. */
static void send_with_side(struct world *world, const struct send *send)
{
    bool large = send->payload_bytes > EVENT_INLINE_BYTES;
    uint32_t self = world->context.self;
    struct event *event;
    uint32_t handle = event_take(world, !large && send->payload_bytes > 0, &event);
    fill(event, world, send, (uint32_t)send->slot << KIND_BITS | send->kind,
         large ? 0 : send->payload_bytes);
    add_side(world, event, send);
    if (send->payload_bytes > 0 && !large)
        memcpy(event->inline_payload, send->payload, send->payload_bytes);
    if (send->depart_ns > world->context.now_ns) {
        event_set_type(event, EVENT_DEPART);
        engine_push(world, handle, self, send->depart_ns, ORDER_MESSAGE, self);
    } else if (send->to == self) {
        engine_push(world, handle, self, world->context.now_ns, ORDER_MESSAGE, self);
    } else {
        network_hand_over(world, handle, event, self);
    }
}

/* Sends what has something special about it; false: a departure at once is nothing special. */
static __attribute__((noinline)) bool send_special(struct world *world, const struct send *send)
{
    SIM_ASSERT(send->depart_ns == 0 || send->depart_ns >= world->context.now_ns);
    SIM_ASSERT(send->payload_bytes <= UINT32_C(1) << 24);
    bool special = send->payload_bytes > EVENT_INLINE_BYTES || send->priority > 0 ||
                   send->depart_ns > world->context.now_ns;
    if (special)
        send_with_side(world, send);
    return special;
}

/* A layer's kind as one number. Each byte by itself: the sender has only just stored them, and a
 * compiler that reads both at once makes the processor wait until that is done. */
static inline uint32_t kind_id_of(const struct send *send)
{
    uint32_t slot = *(const volatile uint8_t *)&send->slot;
    uint32_t kind = *(const volatile uint8_t *)&send->kind;
    SIM_ASSERT(kind < KINDS_MAX && slot < SLOT_MAX);
    return slot << KIND_BITS | kind;
}

void context_send(struct context *context, const struct send *send)
{
    struct world *world = context->world;
    uint32_t self = context->self, to = send->to;
    size_t bytes = send->payload_bytes;
    uint32_t kind_id = kind_id_of(send);
    SIM_ASSERT(to < world->node_count && self < world->node_count);
    SIM_ASSERT(world->model[kind_id >> KIND_BITS]);
    SIM_ASSERT(bytes == 0 || send->payload != NULL);
    struct packet_count *packets = &world->packets[kind_id];
    packets->count++;
    packets->bytes += send->wire_bytes;
    if (__builtin_expect(bytes > EVENT_INLINE_BYTES || send->depart_ns != 0 || send->priority > 0,
                         0) &&
        send_special(world, send))
        return;
    struct node *node = &world->nodes[self];
    bool drawn = world->way.drawn && to != self;
    uint64_t word = 0;
    if (__builtin_expect(drawn, 1))
        word = network_way_word(world, node, send, kind_id);
    struct event *event;
    uint32_t handle = event_take(world, bytes > 0, &event);
    fill(event, world, send, kind_id, bytes);
    copy_payload(event->inline_payload, send->payload, bytes);
    if (__builtin_expect(drawn, 1)) {
        uint64_t at_ns = network_way_ns(world, node, send->wire_bytes);
        network_way_depart(world, handle, node, to,
                           at_ns + network_way_jitter_ns(&world->way, word));
    } else if (to == self) {
        engine_push(world, handle, self, context->now_ns, ORDER_MESSAGE, self);
    } else if (world->way.plain) {
        uint64_t at_ns = network_way_ns(world, node, send->wire_bytes);
        engine_push(world, handle, to, at_ns, ORDER_MESSAGE, self);
    } else {
        network_hand_over(world, handle, event, self);
    }
}

uint64_t context_timer(struct context *context, uint32_t node, uint8_t slot, uint8_t kind,
                       uint32_t chain, uint64_t at_ns, uint64_t cookie)
{
    struct world *world = context->world;
    SIM_ASSERT(node < world->node_count && world->nodes[node].group == context->group);
    SIM_ASSERT(slot < SLOT_MAX && world->model[slot] && kind < KINDS_MAX);
    SIM_ASSERT(at_ns >= context->now_ns);
    struct event *event;
    uint32_t handle = event_take(world, false, &event);
    event->cause_mix = context->cause_mix;
    event->what =
        event_what_of(event_cause(world), EVENT_TIMER, (uint32_t)slot << KIND_BITS | kind, 0);
    event->subject = cookie;
    event->epoch = world->nodes[node].epoch;
    event->generation = ++world->generation;
    event->chain = chain;
    event->to = node;
    uint64_t timer = (uint64_t)event->generation << 32 | handle;
    engine_push(world, handle, node, at_ns, ORDER_TIMER, context->self);
    return timer;
}

bool context_timer_cancel(struct context *context, uint64_t timer)
{
    struct world *world = context->world;
    SIM_ASSERT((uint32_t)timer != 0);
    struct event *event = event_at(world, (uint32_t)timer);
    if (event_type(event) != EVENT_TIMER || event->generation != (uint32_t)(timer >> 32))
        return false;
    SIM_ASSERT(world->nodes[event->to].group == context->group);
    /* The entry stays in the queue and is thrown away unseen when its time comes. */
    event_set_type(event, EVENT_CANCELLED);
    return event->epoch == world->nodes[event->to].epoch;
}

void context_as(struct context *context, uint32_t node)
{
    SIM_ASSERT(node < context->world->node_count);
    /* Only start() may speak for nodes of every group: nothing runs beside it. */
    SIM_ASSERT(!context->world->running || context->world->nodes[node].group == context->group);
    context->self = node;
    context->group = context->world->nodes[node].group;
}

bool context_up(const struct context *context, uint32_t node)
{
    SIM_ASSERT(node < context->world->node_count);
    return context->world->nodes[node].down == 0;
}

uint64_t context_work_ns(const struct context *context, uint64_t ns)
{
    return exact_divide_up(ns, context->world->nodes[context->self].slow_1024, 1024);
}

void context_rng(const struct context *context, struct rng_stream *stream, enum rng_purpose purpose,
                 uint64_t entity, uint64_t item)
{
    rng_stream_at(stream, &context->world->rng, purpose, entity, item);
}

void context_trace(struct context *context, const struct trace *trace)
{
    SIM_ASSERT(trace->slot < SLOT_MAX && trace->kind < KINDS_MAX);
    struct row_fields fields = {.kind_id = (uint32_t)trace->slot << 8 |
                                           (uint32_t)(KIND_TRACE + trace->kind),
                                .chain = trace->chain,
                                .bytes = trace->bytes,
                                .entity = context->world->nodes[context->self].identity,
                                .peer = trace->peer,
                                .subject = trace->subject,
                                .value = trace->value,
                                .weight = trace->milestone ? LOG_MILESTONE : LOG_STEP};
    rows_trace(context->world, &fields);
}

void context_count(struct context *context, uint8_t slot, uint32_t metric, int64_t delta)
{
    SIM_ASSERT(slot < SLOT_MAX && metric < COUNTERS_MAX);
    context->world->counters[slot][metric] += delta;
}

void context_metric(struct context *context, const char *name, uint64_t entity, double value,
                    const char *unit, uint64_t n)
{
    log_metric(context->world->log, name, entity ? (int64_t)entity : -1, value, unit, n);
}

void context_sample(struct context *context, const char *name, uint64_t entity, int64_t value)
{
    log_sample(context->world->log, name, entity ? (int64_t)entity : -1, context->now_ns, value);
}

static int64_t time_or_null(uint64_t ns)
{
    return ns == UINT64_MAX ? LOG_NULL : (int64_t)ns;
}

void context_message_row(struct context *context, const struct message_row *row)
{
    int64_t column[11] = {(int64_t)row->id,
                          row->source_chain,
                          row->destination_chain,
                          time_or_null(row->created_ns),
                          time_or_null(row->first_committed_ns),
                          time_or_null(row->delivered_ns),
                          (int64_t)row->path,
                          row->hops,
                          row->bytes,
                          row->fee_total,
                          (int64_t)row->outcome};
    log_message(context->world->log, column);
}

/* Texts of tx.type and tx.reason get small numbers in order of first use; rows keep the number. */
static int64_t text_code(struct world *world, const char **texts, uint32_t *count,
                         const char *column, const char *text)
{
    if (!text)
        return LOG_NULL;
    for (uint32_t i = 0; i < *count; i++)
        if (strcmp(texts[i], text) == 0)
            return i + 1;
    SIM_ASSERT(*count < 16);
    texts[(*count)++] = text;
    log_code(world->log, column, *count, text);
    return *count;
}

void context_tx_row(struct context *context, const struct tx_row *row)
{
    struct world *world = context->world;
    int64_t type = text_code(world, world->tx_types, &world->tx_type_count, "tx.type", row->type);
    int64_t reason =
        text_code(world, world->tx_reasons, &world->tx_reason_count, "tx.reason", row->reason);
    int64_t column[10] = {(int64_t)row->id,
                          type,
                          row->source_chain,
                          row->chains,
                          time_or_null(row->submit_ns),
                          time_or_null(row->prepared_ns),
                          time_or_null(row->decided_ns),
                          time_or_null(row->final_ns),
                          (int64_t)row->outcome,
                          reason};
    log_tx(world->log, column);
}

void context_tx_phase(struct context *context, uint64_t tx, uint8_t slot, const char *phase,
                      uint64_t ns)
{
    log_tx_phase(context->world->log, tx, slot, phase, ns);
}

void context_violation(struct context *context, uint8_t slot, uint32_t property, uint64_t subject,
                       const char *format, ...)
{
    struct world *world = context->world;
    const char *name = world->model[slot]->properties[property].name;
    char text[400];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    world->look_at = 0;
    if (world->violations++ == 0) {
        world->result.violation_event = world->events;
        snprintf(world->result.violation, sizeof world->result.violation,
                 "%s at event %llu, %.9f s: %s", name, (unsigned long long)world->events,
                 (double)context->now_ns / 1e9, text);
    }
    /* A broken rule may break at every event from then on; a hundred rows tell the story. */
    if (world->violations <= 100)
        log_violation(world->log, name, world->rows, context->now_ns, text);
    struct row_fields fields = {.kind_id = (uint32_t)SLOT_KERNEL << 8 | KERNEL_VIOLATION,
                                .entity = world->nodes ? world->nodes[context->self].identity : 0,
                                .subject = subject,
                                .value = (int64_t)slot << 8 | (int64_t)property,
                                .weight = LOG_MILESTONE};
    rows_trace(world, &fields);
}
