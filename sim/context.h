#ifndef SIM_CONTEXT_H
#define SIM_CONTEXT_H

/* What a running handler may do. The context belongs to the engine and is valid during the handler
 * only. It does not know a "current layer": under a seam call the running code belongs to another
 * layer than the handler, so every call names its slot. */

#include <stdbool.h>
#include <stdint.h>

#include "sim/message.h"
#include "sim/rng.h"
#include "sim/world.h"

struct context {
    struct world *world;
    uint64_t now_ns;
    uint32_t self;  /* the node this event happens on */
    uint32_t group; /* its group */
    /* the rest is the engine's */
    uint64_t depth, cause_mix, cause_seq;
    uint32_t trace_index;
};

/* context_send hands a packet to the network: serialised on the uplink (or the pair's own link),
 * delayed, perhaps lost. To oneself: arrives at once, one depth deeper, free of charge. Never
 * fails; a drop is a row in the log with its reason. */
void context_send(struct context *context, const struct send *send);

/* Timers. A handle is never 0. `at_ns` >= now; at now means one depth deeper. The node may be
 * another one of the same group. A timer dies with a crash of its node. */
uint64_t context_timer(struct context *context, uint32_t node, uint8_t slot, uint8_t kind,
                       uint32_t chain, uint64_t at_ns, uint64_t cookie);
/* context_timer_cancel returns false when it has fired, was lost or was cancelled already. */
bool context_timer_cancel(struct context *context, uint64_t timer);

/* context_as lets one event speak for another node of the same group; undo it by calling again. */
void context_as(struct context *context, uint32_t node);

/* context_up says whether a node of one's own group is up; factor is its slow-down in 1/1024. */
bool context_up(const struct context *context, uint32_t node);
/* context_work_ns is how long work of `ns` takes on this node: ns times its slow-down. */
uint64_t context_work_ns(const struct context *context, uint64_t ns);

/* context_rng opens a random stream of this run. */
void context_rng(const struct context *context, struct rng_stream *stream, enum rng_purpose purpose,
                 uint64_t entity, uint64_t item);

/* A row in the event table caused by the running event. kind counts in the slot's trace_kinds. */
struct trace {
    uint8_t slot, kind;
    bool milestone; /* kept at log level "tx" too */
    uint32_t chain; /* 0 = none */
    uint32_t bytes;
    uint64_t peer; /* identity, 0 = none */
    uint64_t subject;
    int64_t value;
};
void context_trace(struct context *context, const struct trace *trace);

/* context_count adds to counter `metric` of the slot's metrics table. */
void context_count(struct context *context, uint8_t slot, uint32_t metric, int64_t delta);

/* context_metric writes a row of the metric table; legal in report() only. entity 0 = all. */
void context_metric(struct context *context, const char *name, uint64_t entity, double value,
                    const char *unit, uint64_t n);

/* context_sample writes a point of a time series. name is a string constant; entity an identity. */
void context_sample(struct context *context, const char *name, uint64_t entity, int64_t value);

/* Rows of message, tx and tx_phase: written once, when the outcome is known (in a block's final, so
 * a dropped block wrote none), or at the end of the run with the outcome it has then.
 * Times: UINT64_MAX = not yet (NULL). */
enum message_path { PATH_SLOW = 1, PATH_INSTANT, PATH_LOCAL };
enum message_outcome { MESSAGE_DELIVERED = 1, MESSAGE_IN_FLIGHT, MESSAGE_LOST };
struct message_row {
    uint64_t id, created_ns, first_committed_ns, delivered_ns;
    uint32_t source_chain, destination_chain, hops, bytes;
    enum message_path path;
    enum message_outcome outcome;
    int64_t fee_total;
};
void context_message_row(struct context *context, const struct message_row *row);

enum tx_outcome { TX_FINAL = 1, TX_COMMITTED, TX_ABORTED, TX_PENDING, TX_LOST };
struct tx_row {
    uint64_t id, submit_ns, prepared_ns, decided_ns, final_ns;
    uint32_t source_chain, chains;
    const char *type;   /* string constant */
    const char *reason; /* string constant, NULL = none */
    enum tx_outcome outcome;
};
void context_tx_row(struct context *context, const struct tx_row *row);
/* Phases of one tx add up to its latency. phase is a string constant. */
void context_tx_phase(struct context *context, uint64_t tx, uint8_t slot, const char *phase,
                      uint64_t ns);

/* context_violation records that a property of the slot does not hold: the first one of a run is
 * printed with the command that replays it, and the run ends with exit code 4. */
__attribute__((format(printf, 5, 6))) void context_violation(struct context *context, uint8_t slot,
                                                             uint32_t property, uint64_t subject,
                                                             const char *format, ...);

#endif
