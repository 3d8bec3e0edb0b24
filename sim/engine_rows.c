/* Rows: every event and trace becomes one digest row and, if the level keeps it, one log row. */

#include <stdio.h>
#include <string.h>

#include "sim/engine_private.h"

static const char *const drop_names[DROP_REASONS] = {NULL,  "loss",      "queue_full", "node_down",
                                                     "cut", "partition", "fault_loss"};

void rows_log(struct world *world, const struct row_fields *fields, uint64_t cause_seq)
{
    struct log_event event = {.seq = world->rows,
                              .t_ns = world->context.now_ns,
                              .entity = fields->entity,
                              .peer = fields->peer,
                              .subject = fields->subject,
                              .cause = cause_seq,
                              .bytes = fields->bytes ? (int64_t)fields->bytes : LOG_NULL,
                              .value = fields->value,
                              .kind_id = fields->kind_id,
                              .chain = fields->chain,
                              .weight = fields->weight};
    log_event(world->log, &event);
}

void rows_trace(struct world *world, const struct row_fields *fields)
{
    struct context *context = &world->context;
    world->rows++;
    rows_digest(world, context->cause_mix, ++context->trace_index, fields->kind_id, fields->chain,
                fields->bytes, fields->entity, fields->peer, fields->subject,
                (uint64_t)fields->value);
    if (world->log)
        rows_log(world, fields, context->cause_seq);
}

static void kinds_of_slot(struct world *world, uint32_t slot, const char *const *names,
                          uint32_t first, const char *unit, const char *doc)
{
    char layer[64];
    snprintf(layer, sizeof layer, "%s", world->model[slot]->layer_name);
    for (uint32_t i = 0; names && names[i]; i++) {
        SIM_ASSERT(i < KINDS_MAX);
        log_kind(world->log, slot << 8 | (first + i), names[i], layer, unit, doc);
    }
}

static void kernel_kinds(struct world *world)
{
    static const struct {
        uint32_t code;
        const char *name, *unit, *doc;
    } kinds[] = {{KERNEL_PACKET_DROPPED, "packet_dropped", "code event.drop_reason",
                  "a packet to entity from peer was dropped"},
                 {KERNEL_FAULT_BEGINS, "fault_begins", NULL, "subject = fault_id * 2 + 1"},
                 {KERNEL_FAULT_ENDS, "fault_ends", NULL, "subject = fault_id * 2"},
                 {KERNEL_PORT, "uplink_free", NULL,
                  "an uplink or link has sent a packet and takes the next one that waits; "
                  "subject = 0, or the place in network.links from 1"},
                 {KERNEL_VIOLATION, "violation", "slot * 256 + property",
                  "a property did not hold; see table violation"}};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        log_kind(world->log, (uint32_t)SLOT_KERNEL << 8 | kinds[i].code, kinds[i].name, "network",
                 kinds[i].unit, kinds[i].doc);
}

static void write_param(void *context, const char *pointer, const char *text, double number,
                        const char *unit, bool swept, const char *origin)
{
    struct log *log = context;
    log_param(log, pointer, text, number, unit, swept, origin);
}

void rows_dictionaries(struct world *world)
{
    static const char *const paths[] = {"slow", "instant", "local"};
    static const char *const message_outcomes[] = {"delivered", "in_flight", "lost"};
    static const char *const tx_outcomes[] = {"final", "committed", "aborted", "pending", "lost"};
    if (!world->log)
        return;
    for (uint32_t slot = 0; slot < SLOT_MAX; slot++) {
        if (!world->model[slot])
            continue;
        log_layer(world->log, slot, world->model[slot]->layer_name);
        kinds_of_slot(world, slot, world->model[slot]->message_kinds, KIND_MESSAGE, "attempt",
                      "a packet arrived");
        kinds_of_slot(world, slot, world->model[slot]->timer_kinds, KIND_TIMER, NULL,
                      "a timer fired; subject = its cookie");
        kinds_of_slot(world, slot, world->model[slot]->trace_kinds, KIND_TRACE, NULL, NULL);
    }
    kernel_kinds(world);
    for (int i = 1; i < DROP_REASONS; i++)
        log_code(world->log, "event.drop_reason", i, drop_names[i]);
    for (int i = 0; i < 3; i++)
        log_code(world->log, "message.path", i + 1, paths[i]);
    for (int i = 0; i < 3; i++)
        log_code(world->log, "message.outcome", i + 1, message_outcomes[i]);
    for (int i = 0; i < 5; i++)
        log_code(world->log, "tx.outcome", i + 1, tx_outcomes[i]);
    scenario_each_param(world->scenario, write_param, world->log);
}

static void metric(struct world *world, const char *name, uint64_t value, const char *unit)
{
    log_metric(world->log, name, -1, (double)value, unit, 1);
}

static void packet_metrics(struct world *world)
{
    char name[160];
    for (uint32_t slot = 0; slot < SLOT_MAX; slot++)
        for (uint32_t kind = 0; kind < KINDS_MAX; kind++) {
            const struct packet_count *packets = &world->packets[slot << KIND_BITS | kind];
            if (packets->count == 0)
                continue;
            const struct model *model = world->model[slot];
            world->result.packets += packets->count;
            world->result.packet_bytes += packets->bytes;
            snprintf(name, sizeof name, "packets/%s.%s", model->layer_name,
                     model->message_kinds[kind]);
            metric(world, name, packets->count, "packets");
            snprintf(name, sizeof name, "packet_bytes/%s.%s", model->layer_name,
                     model->message_kinds[kind]);
            metric(world, name, packets->bytes, "bytes");
        }
    metric(world, "packets", world->result.packets, "packets");
    metric(world, "packet_bytes", world->result.packet_bytes, "bytes");
    for (int i = 1; i < DROP_REASONS; i++) {
        world->result.packets_dropped += world->dropped[i];
        snprintf(name, sizeof name, "packets_dropped/%s", drop_names[i]);
        if (world->dropped[i])
            metric(world, name, world->dropped[i], "packets");
    }
    metric(world, "packets_dropped", world->result.packets_dropped, "packets");
}

void rows_metrics(struct world *world)
{
    packet_metrics(world);
    for (uint32_t slot = 0; slot < SLOT_MAX; slot++) {
        const struct model *model = world->model[slot];
        for (uint32_t i = 0; model && model->metrics && model->metrics[i].name; i++) {
            SIM_ASSERT(i < COUNTERS_MAX);
            /* Several workloads of a run share names: their slots tell them apart. */
            log_metric(world->log, model->metrics[i].name, -1, (double)world->counters[slot][i],
                       model->metrics[i].unit, 1);
        }
    }
    metric(world, "events", world->events, "events");
    metric(world, "rows", world->rows, "rows");
    metric(world, "nodes", world->node_count, "nodes");
    metric(world, "memory_peak", world->memory.peak_bytes, "bytes");
    metric(world, "lookahead", world->lookahead_ns, "ns");
}
