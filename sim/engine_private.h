#ifndef SIM_ENGINE_PRIVATE_H
#define SIM_ENGINE_PRIVATE_H

/* What the kernel's own files share: the world behind world.h and context.h. Nobody else includes
 * this. engine.c starts and finishes a run, engine_dispatch.c lets its events happen
 * (engine_loop.h), world.c builds, context.c serves handlers, network.c moves packets, fault.c
 * resolves and applies faults, engine_event.c keeps side records, engine_rows.c writes rows and the
 * digest. */

#include "sim/context.h"
#include "sim/digest.h"
#include "sim/engine.h"
#include "sim/exact.h"
#include "sim/log.h"
#include "sim/memory.h"
#include "sim/model.h"
#include "sim/network_config.h"
#include "sim/queue_wheel.h"
#include "sim/rng_draw.h"
#include "sim/scenario.h"
#include "sim/sim_assert.h"
#include "sim/world.h"

enum {
    ROLE_NAMES_MAX = 16,
    ABSENT_ROLES_MAX = 4,
    KINDS_MAX = 64,
    EVENT_INLINE_BYTES = 56,
    CLASSES_MAX = NETWORK_CLASSES_MAX
};

enum event_type {
    EVENT_FREE,
    EVENT_MESSAGE, /* an arrival */
    EVENT_TIMER,
    EVENT_DEPART, /* a packet reaches its own uplink at a later time than it was sent */
    EVENT_PORT,   /* an uplink or link has finished a packet and others wait */
    EVENT_FAULT,
    EVENT_CANCELLED
};

enum {
    CAUSE_SEQ_BITS = 43, /* of event.what, from below: the row of the cause */
    TYPE_SHIFT = 43,     /* 3 bits: enum event_type */
    KIND_SHIFT = 46,     /* 12 bits: slot << 8 | kind, as in rows and random streams */
    KIND_BITS = 8,       /* of a kind in it */
    LENGTH_SHIFT = 58,   /* 6 bits: of the payload in inline_payload, or LENGTH_SIDE */
    LENGTH_SIDE = 63,    /* what there is to know stands in the side record */
    WIDE_BIT = 31        /* of an event handle: the slot has room for a payload */
};

/* One pending event: 40 bytes, or 96 with room for a small payload. The key, and with it the
 * sender, travels in the queue's entry. */
struct event {
    uint64_t cause_mix;
    uint64_t what;    /* one word, put together and taken apart below */
    uint64_t subject; /* message subject; timer cookie; port and fault: index */
    union {
        uint32_t bytes; /* on the wire */
        uint32_t epoch; /* timer: of its node when it was set; a crash ends it */
    };
    union {
        uint32_t attempt;    /* addresses the packet's luck */
        uint32_t generation; /* tells a timer handle from a later one in the same slot */
    };
    union {
        uint32_t chain;
        uint32_t side; /* with LENGTH_SIDE: a handle; the chain stands there */
    };
    uint32_t to;                                /* the node it happens on; a packet's destination */
    _Alignas(8) unsigned char inline_payload[]; /* handlers read it as their own struct */
};
enum { EVENT_NARROW_BYTES = sizeof(struct event) };
enum { EVENT_WIDE_BYTES = EVENT_NARROW_BYTES + EVENT_INLINE_BYTES };
_Static_assert((int)EVENT_NARROW_BYTES == 40, "events are what there is most of");
_Static_assert((int)EVENT_INLINE_BYTES < (int)LENGTH_SIDE, "a length fits");
_Static_assert((int)EVENT_CANCELLED < 1 << (KIND_SHIFT - TYPE_SHIFT), "a type fits");
_Static_assert((int)SLOT_MAX <= 16 && (int)KINDS_MAX <= 1 << KIND_BITS, "slot and kind fit");

/* What only some packets need: those with a large payload, those that depart later, those of a
 * class, and those that wait in a port. */
struct side {
    uint32_t chain;
    uint32_t
        payload; /* slab handle when the payload is larger than an event has room for, else 0 */
    uint32_t payload_bytes;
    uint32_t next;  /* the next packet that waits in the same port */
    uint16_t epoch; /* of the sender when it was sent: a crash ends what has not left */
    uint8_t priority;
};

struct port { /* a FIFO with a rate; classes only while packets wait */
    uint64_t free_ns, bit_per_s, limit_bytes, waiting_bytes;
    uint32_t head[CLASSES_MAX], tail[CLASSES_MAX];
    uint32_t waiting;
    uint32_t node; /* the sending node: events of this port happen there */
    uint32_t link; /* of network.links, counted from 1; 0 = the node's uplink */
    bool armed;
};

struct node {
    uint64_t identity, sequence, uplink_free_ns;
    uint32_t group, ordinal;
    uint32_t order;     /* place among all identities */
    uint32_t port;      /* pool handle, 0 = never needed one */
    uint32_t slow_1024; /* work takes this many 1024ths of its time */
    uint16_t down, epoch;
    uint16_t region;
    uint8_t role_name;
    bool unlimited;
    uint64_t unused; /* a power of two: nodes are looked up all the time */
};
_Static_assert(sizeof(struct node) == 64, "a node's place is a shift away");

struct role_name {
    const char *name;
    uint32_t *nodes;
    uint32_t count, capacity;
};

struct absent_role { /* a role that a scenario with other choices would have */
    const char *name, *way;
};

struct link { /* an ordered pair with a FIFO of its own */
    uint32_t from, to, port;
    const struct network_link_config *config;
};

enum drop_reason {
    DROP_LOSS = 1,
    DROP_QUEUE_FULL,
    DROP_NODE_DOWN,
    DROP_CUT,
    DROP_PARTITION,
    DROP_FAULT_LOSS,
    DROP_REASONS
};

/* Kernel rows: SLOT_KERNEL << 8 | these. */
enum kernel_kind {
    KERNEL_PACKET_DROPPED = KIND_TRACE,
    KERNEL_FAULT_BEGINS,
    KERNEL_FAULT_ENDS,
    KERNEL_PORT,
    KERNEL_VIOLATION,
    KERNEL_KIND_END
};

/* One occurrence of a fault: a window and whom it concerns. */
struct fault_window {
    const struct fault_spec *spec;
    uint64_t from_ns, to_ns; /* to UINT64_MAX = until the end */
    uint16_t *member; /* by node: 0 = not concerned, else 1, or 1 + group; NULL = links only */
    uint32_t *nodes;  /* concerned nodes, ascending */
    uint32_t node_count;
    const struct model *model; /* byzantine: whose behaviour; NULL = every layer is told */
    uint32_t behaviour;
    bool active;
};

struct packet_count {
    uint64_t count, bytes;
};

/* What befalls a packet as long as nothing but latency, jitter and its sender's rate acts on it:
 * decided by network_settle for the run, or until a fault begins or ends. */
struct way {
    bool plain;          /* that is so, and jitter is constant */
    bool drawn;          /* that is so, and jitter is exponential, of no great mean */
    bool uplink;         /* uplinks have a rate */
    uint64_t latency_ns; /* with jitter that is constant */
    uint64_t floor_ns;   /* of jitter that is drawn */
    uint64_t mean_ns;
};

/* A packet whose arrival hangs on a draw. The draw takes as long as half an event, so what waits
 * for it, the push, is left until the event has nothing else to do, or sends another. */
struct departure {
    uint64_t at_ns;
    uint64_t middle, low; /* of its entry at another time and depth 0; low 0: none is left */
    uint32_t to;
};

struct world {
    const struct scenario *scenario;
    const struct engine_options *options;
    struct memory memory;
    struct rng rng;

    struct node *nodes;
    uint32_t node_count, node_capacity;
    uint32_t *node_by_order; /* dense numbers by ascending identity; NULL while building */
    uint32_t group_count;
    struct map node_by_identity; /* identity -> dense + 1 */
    struct role_name roles[ROLE_NAMES_MAX];
    uint32_t role_count;
    struct absent_role absent[ABSENT_ROLES_MAX];
    uint32_t absent_count;

    struct stack *stack;
    void *state[SLOT_MAX];
    const struct model *model[SLOT_MAX];
    uint32_t property_mask[SLOT_MAX];
    uint64_t property_within[SLOT_MAX][32];

    /* network */
    struct pool ports;
    struct link *links;
    uint32_t link_count;
    struct map link_by_pair;
    struct rng_schedule draws;
    uint64_t loss_threshold;
    uint64_t lookahead_ns;
    uint64_t latency_ns; /* of every pair that has no link, when latency_constant */
    bool latency_constant;
    bool queueing; /* uplinks hold real queues: more than one class, or a limit */
    uint64_t *region_cdf;

    /* faults */
    struct fault_window *windows;
    uint32_t window_count, window_capacity;
    uint32_t *link_faults, link_faults_active; /* windows of links that act now, ascending */
    struct way way;
    struct departure departed;

    /* events */
    const struct queue_type *queue_type;
    struct queue *queue;
    struct queue_wheel *wheel; /* the same, when it is one */
    struct queue **group_queue;
    struct queue *fault_queue;
    uint64_t window_end_ns;
    struct pool narrow, wide, sides;
    struct slab payloads;
    uint32_t generation;

    /* the running event */
    struct digest_key current_key;
    struct queue_entry current_entry;
    struct context context;
    bool running; /* false while building and starting */

    /* results */
    struct log *log;
    struct digest digest;
    uint64_t rows, events;
    uint64_t look_at; /* the number of events after which there is something to look at; 0 = now */
    int64_t counters[SLOT_MAX][COUNTERS_MAX];
    struct packet_count packets[SLOT_MAX << KIND_BITS]; /* by slot << 8 | kind */
    uint64_t dropped[DROP_REASONS];
    struct engine_result result;
    uint32_t violations;
    const char *tx_types[16], *tx_reasons[16];
    uint32_t tx_type_count, tx_reason_count;
};

/* world.c */
void world_init(struct world *world, const struct scenario *scenario,
                const struct engine_options *options);
int world_build(struct world *world, struct diagnostics *diagnostics);
void world_free(struct world *world);
/* world_find_target returns the node "role:ordinal", or UINT32_MAX. */
uint32_t world_find_target(const struct world *world, const char *role, uint32_t ordinal);
const struct role_name *world_find_role(const struct world *world, const char *role);
/* world_absent_way is what world_role_absent said of a role, NULL if nothing. */
const char *world_absent_way(const struct world *world, const char *role);

/* The event of a handle. */
static inline struct event *event_at(const struct world *world, uint32_t handle)
{
    if (handle >> WIDE_BIT)
        return pool_at_sized(&world->wide, handle & ~(UINT32_C(1) << WIDE_BIT), EVENT_WIDE_BYTES);
    return pool_at_sized(&world->narrow, handle, EVENT_NARROW_BYTES);
}

static inline uint64_t event_what_of(uint64_t cause_seq, enum event_type type, uint32_t kind_id,
                                     size_t length)
{
    return cause_seq | (uint64_t)type << TYPE_SHIFT | (uint64_t)kind_id << KIND_SHIFT |
           (uint64_t)length << LENGTH_SHIFT;
}
static inline uint64_t event_cause_seq(const struct event *event)
{
    return event->what & ((UINT64_C(1) << CAUSE_SEQ_BITS) - 1);
}
static inline enum event_type event_type(const struct event *event)
{
    return (enum event_type)(event->what >> TYPE_SHIFT & 7);
}
static inline uint32_t event_kind_id(const struct event *event)
{
    return (uint32_t)(event->what >> KIND_SHIFT & 0xfff);
}
static inline size_t event_length(const struct event *event)
{
    return event->what >> LENGTH_SHIFT;
}
static inline void event_set_type(struct event *event, enum event_type type)
{
    event->what = (event->what & ~(UINT64_C(7) << TYPE_SHIFT)) | (uint64_t)type << TYPE_SHIFT;
}
static inline void event_set_length(struct event *event, uint64_t length)
{
    event->what = (event->what & ((UINT64_C(1) << LENGTH_SHIFT) - 1)) | length << LENGTH_SHIFT;
}

/* The side record of an event, or NULL. */
static inline struct side *event_side(const struct world *world, const struct event *event)
{
    return event_length(event) == LENGTH_SIDE ? pool_at(&world->sides, event->side) : NULL;
}

static inline uint32_t event_chain(const struct world *world, const struct event *event)
{
    const struct side *side = event_side(world, event);
    return side ? side->chain : event->chain;
}

/* event_take gives room for an event, with undefined content. */
static inline uint32_t event_take(struct world *world, bool wide, struct event **ret_event)
{
    void *slot;
    uint32_t handle = wide ? pool_take_raw(&world->wide, EVENT_WIDE_BYTES, &slot) | UINT32_C(1)
                                                                                        << WIDE_BIT
                           : pool_take_raw(&world->narrow, EVENT_NARROW_BYTES, &slot);
    *ret_event = slot;
    return handle;
}

/* The running event's row, as its effects carry it. */
static inline uint64_t event_cause(const struct world *world)
{
    SIM_ASSERT(world->context.cause_seq >> CAUSE_SEQ_BITS == 0);
    return world->context.cause_seq;
}

/* event_free gives the room back. The side record must be gone. */
static inline void event_free_plain(struct world *world, uint32_t handle, struct event *event)
{
    event->what = (uint64_t)EVENT_FREE << TYPE_SHIFT;
    if (handle >> WIDE_BIT)
        pool_give_slot(&world->wide, handle & ~(UINT32_C(1) << WIDE_BIT), event);
    else
        pool_give_slot(&world->narrow, handle, event);
}
void event_free_side(struct world *world, struct event *event);
static inline void event_free(struct world *world, uint32_t handle)
{
    struct event *event = event_at(world, handle);
    if (__builtin_expect(event_length(event) == LENGTH_SIDE, 0))
        event_free_side(world, event);
    event_free_plain(world, handle, event);
}
/* event_take_side gives the event a side record if it has none; event_drop_side takes it away if
 * nothing but a large payload would need it. */
struct side *event_take_side(struct world *world, struct event *event);
void event_drop_side(struct world *world, struct event *event);
/* engine_rises: an entry comes after the running event's. */
static inline bool engine_rises(const struct world *world, struct queue_entry entry)
{
    return __builtin_expect(world->current_entry.high < entry.high, 1) || !world->running ||
           queue_entry_before(&world->current_entry, &entry);
}
/* engine_push_apart: where the queue is not a wheel, or one a group. */
void engine_push_apart(struct world *world, uint32_t node, struct queue_entry entry);
/* engine_next_entry is the entry of the next event that a node schedules, without its time. */
static inline struct queue_entry engine_next_entry(uint32_t handle, enum order_class order_class,
                                                   struct node *scheduler)
{
    SIM_ASSERT(scheduler->sequence >> QUEUE_SEQUENCE_BITS == 0);
    return queue_entry_make(0, 0, order_class, scheduler->order, scheduler->sequence++, handle);
}

/* engine_push_entry schedules the event of such an entry at `at_ns`. It happens on `node`. */
static inline void engine_push_entry(struct world *world, struct queue_entry unset, uint32_t node,
                                     uint64_t at_ns)
{
    const struct context *context = &world->context;
    SIM_ASSERT(at_ns >= context->now_ns && at_ns >> QUEUE_TIME_BITS == 0);
    uint64_t depth = 0;
    if (at_ns == context->now_ns)
        depth = context->depth + 1;
    SIM_ASSERT(depth <= ORDER_DEPTH_MAX && "an endless chain of events at one instant");
    struct queue_entry entry = queue_entry_at(&unset, at_ns, depth);
    SIM_ASSERT(engine_rises(world, entry));
    if (__builtin_expect(world->wheel != NULL, 1))
        queue_wheel_push(world->wheel, entry);
    else
        engine_push_apart(world, node, entry);
}

/* engine_push schedules event `handle` at `at_ns`, with `source` as the scheduler. */
static inline void engine_push(struct world *world, uint32_t handle, uint32_t node, uint64_t at_ns,
                               enum order_class order_class, uint32_t source)
{
    struct queue_entry entry = engine_next_entry(handle, order_class, &world->nodes[source]);
    engine_push_entry(world, entry, node, at_ns);
}

/* network.c */
int network_build(struct world *world, struct diagnostics *diagnostics);
/* network_hand_over: a packet of `from` reaches its uplink. */
void network_hand_over(struct world *world, uint32_t handle, struct event *event, uint32_t from);
void network_port_free(struct world *world, uint32_t port_handle);
void network_drop(struct world *world, uint32_t handle, uint32_t from, enum drop_reason reason);
void network_free(struct world *world);
/* network_settle: what acts on packets has changed. */
void network_settle(struct world *world);
/* network_arrive schedules the arrival that was left, of which there is one. */
void network_arrive(struct world *world);

/* fault.c */
int fault_resolve(struct world *world, struct diagnostics *diagnostics);
/* fault_find_behaviour finds the model of the run that has a fault's behaviour, and its index there
 * (NULL: not wanted); NULL, with a diagnostic where they are wanted, if nobody has it. */
const struct model *fault_find_behaviour(const struct world *world, const struct fault_spec *spec,
                                         struct diagnostics *diagnostics, uint32_t *ret_index);
void fault_schedule(struct world *world);
void fault_apply(struct world *world, uint32_t window, bool begins);
/* fault_on_link returns 0, or why a packet from -> to is dropped; adds delays to *delay_ns. */
enum drop_reason fault_on_link(struct world *world, const struct event *event, uint32_t from,
                               uint64_t *delay_ns);
void fault_free(struct world *world);

/* engine_rows.c */
void rows_dictionaries(struct world *world);
struct row_fields {
    uint32_t kind_id, chain, bytes;
    uint64_t entity, peer, subject;
    int64_t value;
    enum log_weight weight;
};
/* rows_log writes the row that was counted last to the log, which there is. */
void rows_log(struct world *world, const struct row_fields *fields, uint64_t cause_seq);
/* rows_count adds a row to the digest: its fields one by one, since a struct of them would travel
 * through memory at every event. */
static inline void rows_digest(struct world *world, uint64_t cause_mix, uint32_t place,
                               uint32_t kind_id, uint32_t chain, uint32_t bytes, uint64_t entity,
                               uint64_t peer, uint64_t subject, uint64_t value)
{
    digest_fields(&world->digest, &world->current_key, cause_mix, entity, peer, subject,
                  (uint64_t)place << 32 | kind_id, (uint64_t)chain << 32 | bytes, value);
}
void rows_trace(struct world *world, const struct row_fields *fields);
void rows_metrics(struct world *world);

#endif
