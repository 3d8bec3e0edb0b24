#ifndef MODELS_SPREAD_TURBINE_PARTS_H
#define MODELS_SPREAD_TURBINE_PARTS_H

/* What the files of the turbine model share: its state, the shreds that travel, and what the repair
 * service and the gossip of completed slots may call. Nobody else includes this.
 *
 * The content of a block's shreds is kept once for all members (struct turbine_block), since it is
 * the same for everybody; what a member may know of it is what the shreds that it holds say.
 *
 * A shred on its way down the tree is a packet without payload: its name says it all. name = number
 * of the block within its chain << 32 | version << 31 | index << 16 | place in the shred's tree
 * that it is sent to. The chain is the receiver's, the type is the message's kind. */

#include <stdbool.h>
#include <stdint.h>

#include "models/spread/blockstore.h"
#include "models/spread/shred.h"
#include "models/spread/slot_progress.h"
#include "models/spread/spread_params.h"
#include "models/spread/turbine_tree.h"
#include "models/spread/turbine_trees.h"
#include "models/stack.h"
#include "sim/context.h"
#include "sim/fault.h"
#include "sim/memory.h"

enum { TURBINE_NS_PER_MS = 1000000 };

/* turbine_now_ms: the store, the repair service and its deadlines count milliseconds. */
static inline int64_t turbine_now_ms(const struct context *context)
{
    return (int64_t)(context->now_ns / TURBINE_NS_PER_MS);
}

struct gossip_shared;
struct repair_service;
struct repair_shared;
struct slot_gossip;

enum turbine_message {
    TURBINE_SHRED_DATA, /* as enum shred_type */
    TURBINE_SHRED_CODE,
    TURBINE_REPAIR_REQUEST,
    TURBINE_REPAIR_ANSWER,
    TURBINE_EPOCH_SLOTS,
    TURBINE_EPOCH_PULL,
    TURBINE_PING,
    TURBINE_PONG,
    TURBINE_MESSAGES
};

enum turbine_timer {
    TURBINE_TIMER_DATA, /* a node passes a data shred on: cookie = its name with its own place */
    TURBINE_TIMER_CODE,
    TURBINE_TIMER_SET,   /* a leader makes the next set of a block: cookie = number of the block */
    TURBINE_TIMER_JUDGE, /* what turbine alone made of a block: cookie = number of the block */
    TURBINE_TIMER_REPAIR,
    TURBINE_TIMER_SERVE,
    TURBINE_TIMER_GOSSIP,
    TURBINE_TIMERS
};

enum turbine_trace {
    TURBINE_TRACE_COMPLETED, /* a member has a slot whole; value = ns since the block was made */
    TURBINE_TRACE_RECOVERED, /* with it: value = data shreds that erasure sets gave back */
    TURBINE_TRACE_REFUSED,   /* the first shred of a slot that was refused; value = the reason */
    TURBINE_TRACE_DEAD_SLOT, /* two versions of a slot came */
    TURBINE_TRACE_REPAIRED,  /* value = ns from the first request for a shred until it came */
    TURBINE_TRACES
};

enum turbine_metric {
    TURBINE_SHREDS_SENT, /* by leaders */
    TURBINE_SHREDS_RECEIVED,
    TURBINE_SHREDS_DUPLICATE,
    TURBINE_SHREDS_RECOVERED,
    TURBINE_SHREDS_CONFLICTING,
    TURBINE_REFUSED_EPOCH, /* the order in which a member checks */
    TURBINE_REFUSED_AHEAD,
    TURBINE_REFUSED_ROOT,
    TURBINE_REFUSED_LEADER,
    TURBINE_REFUSED_PARENT,
    TURBINE_REFUSED_DEAD,
    TURBINE_RETRANSMITTED,
    TURBINE_SETS_TRIED,
    TURBINE_SETS_WHOLE,
    TURBINE_BLOCKS_TRIED,
    TURBINE_BLOCKS_WHOLE,
    TURBINE_SLOTS_DEAD,
    TURBINE_REPAIR_REQUESTS,
    TURBINE_REPAIR_ANSWERS,
    TURBINE_REPAIR_USEFUL,
    TURBINE_REPAIR_DUPLICATE,
    TURBINE_REPAIR_REFUSED_NONCE,
    TURBINE_REPAIR_REFUSED_ANSWER,
    TURBINE_REPAIR_REFUSED_CONTENT,
    TURBINE_REPAIR_REFUSED_SLOT,
    TURBINE_REPAIR_UNSERVED,
    TURBINE_REPAIR_FORWARDED,
    TURBINE_REPAIR_PINGS,
    TURBINE_REPAIR_LIES,
    TURBINE_GOSSIP_RECORDS,
    TURBINE_GOSSIP_BYTES,
    TURBINE_GOSSIP_NEWS,
    TURBINE_GOSSIP_DUPLICATE,
    TURBINE_GOSSIP_PULLS,
    TURBINE_METRICS
};

enum turbine_property { TURBINE_NO_LOST_SHRED, TURBINE_LEDGER_CONNECTED };

enum turbine_behaviour {
    TURBINE_WRONG_SHREDS, /* answers repair requests with wrong shreds */
    TURBINE_BAD_NONCE,    /* answers under a nonce that nobody gave it */
    TURBINE_FLOOD,        /* asks for shreds that it has, a hundred a millisecond */
    TURBINE_EQUIVOCATE,   /* as a leader makes two versions of each shred */
    TURBINE_BEHAVIOURS
};

/* What a shred says of itself: what a member learns when it holds one. */
struct shred_packet {
    uint64_t block, slot, parent; /* parent: of the slot */
    uint32_t index, nonce;        /* nonce: of an answer to a repair request */
    uint16_t data_count, code_count;
    uint8_t type, version, reference_tick; /* type: enum shred_type */
    bool last;
};
_Static_assert(sizeof(struct shred_packet) <= 56, "it stays in the event");

enum shred_source { SHRED_BY_TURBINE, SHRED_BY_REPAIR, SHRED_BY_RECOVERY };

/* What became of a shred that came. */
enum turbine_taken {
    TURBINE_STORED,
    TURBINE_DUPLICATE,  /* held already */
    TURBINE_GIVEN_BACK, /* the same, but only since its set gave it back, and not passed on then */
    TURBINE_REFUSED     /* by the intake filter, or it contradicts what is held */
};

/* The content of a block, as its leader cut it. */
struct turbine_block {
    struct block_header header;
    struct shred_plan plan;
    uint64_t begin_ns;  /* when the leader began to send it */
    uint64_t send_ns;   /* how long it takes to do so */
    uint32_t sets_sent; /* of plan.set_count */
    bool twice;         /* the leader makes two versions of each shred */
};

struct turbine_lie { /* a fault of type byzantine that acts on a member */
    uint64_t share;
    uint32_t behaviour, fault;
};

struct turbine_member {
    _Alignas(64) struct slot_window window; /* what came of slots in progress: a cache line */
    struct turbine_chain *chain;
    uint64_t root;                 /* as store.root, close to the window */
    uint64_t highest;              /* slot that it has whole, or its root */
    uint64_t refused_slot;         /* the one that it refused last */
    struct repair_service *repair; /* NULL: off */
    struct slot_gossip *gossip;    /* NULL: off */
    uint32_t node, member, rank;
    uint32_t lie_count, lie_capacity;
    uint64_t changed_ns; /* when it last went down or came up */
    struct turbine_lie *lies;
    struct blockstore store;
};

struct turbine_chain {
    struct turbine *turbine;
    uint32_t chain, member_count;
    struct turbine_member *members; /* at a cache line's begin within members_room */
    void *members_room;
    struct repair_shared *repair; /* NULL: off, as gossip */
    struct gossip_shared *gossip;
    uint32_t *member_of_rank, *node_of_rank;
    uint64_t *stakes; /* by rank */
    uint64_t total_stake, epoch_slots, interval_ns;
    struct turbine_cluster cluster;
    struct blockstore_shared shared;
    struct turbine_trees trees;
    struct turbine_block **blocks; /* by number - first_block; NULL = not published */
    uint32_t first_block, block_count, block_capacity;
};

struct turbine {
    struct spread_config config;
    struct memory *memory;
    struct stack *stack;
    uint8_t slot;
    uint32_t chain_count, node_count;
    struct blockstore_pools pools; /* of all chains, as windows */
    struct slot_window_shared windows;
    struct turbine_chain *chains; /* those with more than one member */
    struct turbine_place {
        struct turbine_member *member; /* NULL = no validator */
        struct turbine_chain *chain;   /* here, too, so that a shred's block is found first */
    } * places;                        /* by node */
};

/* Of turbine_send.c, turbine_receive.c, turbine_store.c and turbine_check.c: */
void turbine_publish(struct turbine_chain *chain, struct context *context,
                     const struct block_header *header);
void turbine_make_set(struct turbine_chain *chain, struct context *context, uint32_t number);
void turbine_pass_on(struct turbine_member *member, struct context *context, enum shred_type type,
                     uint64_t name);
void turbine_arrived(const struct turbine_place *place, struct context *context,
                     enum shred_type type, uint64_t name);
void turbine_judge(struct turbine_chain *chain, struct context *context, uint32_t number);
void turbine_rooted(struct turbine_member *member, struct context *context, uint64_t slot);
void turbine_forget_blocks(struct turbine_chain *chain, const struct context *context);
void turbine_check_liveness(struct turbine_chain *chain, struct context *context);
/* turbine_has_slot: a member's store has a slot whole. */
void turbine_has_slot(struct turbine_member *member, struct context *context, uint64_t slot);
/* turbine_complete: the last set of a slot is there. */
void turbine_complete(struct turbine_member *member, struct context *context,
                      const struct slot_progress *progress);
/* What a slot's shreds are of: a number for the block and the version of it, never 0. */
uint64_t turbine_content(const struct turbine_block *block, uint32_t version);
struct turbine_block *turbine_block_of(const struct turbine_chain *chain, uint64_t content);
void turbine_trace(const struct turbine_member *member, struct context *context,
                   enum turbine_trace kind, uint64_t subject, int64_t value);
/* turbine_set_of is a set of a block, for its trees. */
struct turbine_set turbine_set_of(const struct turbine_chain *chain,
                                  const struct turbine_block *block, uint32_t number);
uint64_t turbine_name(const struct turbine_block *block, uint32_t index, uint32_t version,
                      uint32_t place);
void turbine_byzantine_on_fault(struct turbine_member *member, const struct fault *fault);
extern const struct model_behaviour turbine_behaviours[];

/* turbine_block is the content of a block; NULL if nobody published it, or all have forgotten it.
 */
struct turbine_block *turbine_block(const struct turbine_chain *chain, uint32_t number);

/* turbine_shred is what a block's shred says of itself; nonce 0. */
struct shred_packet turbine_shred(const struct turbine_block *block, enum shred_type type,
                                  uint32_t index, uint32_t version);

/* turbine_stored writes a data shred that a member holds, for an answer; false if it does not. */
bool turbine_stored(const struct turbine_member *member, uint64_t slot, uint32_t index,
                    struct shred_packet *ret_packet);

/* turbine_take: a shred came to a member by repair, or by turbine. Filters, stores, recovers its
 * set, completes its slot. On the member's node. */
enum turbine_taken turbine_take(struct turbine_member *member, struct context *context,
                                const struct shred_packet *packet, enum shred_source source);

/* turbine_flush brings the store up to date with what came since. Whoever reads a member's store
 * outside of the calls of repair_service.h and slot_gossip.h calls it first; before those it has
 * been called. */
void turbine_flush(struct turbine_member *member, const struct context *context);

/* turbine_forward sends a shred down its own tree from this member on, unless the member has passed
 * it on before (SOL-35, SOL-36). */
void turbine_forward(struct turbine_member *member, struct context *context,
                     const struct shred_packet *packet);

/* turbine_passes_on says whether a member has anybody to pass a data shred on to (SOL-21, SOL-22):
 * it computes that from the shred's tree. */
bool turbine_passes_on(const struct turbine_member *member, uint64_t slot, uint32_t index);

/* turbine_count adds to a counter. */
void turbine_count(const struct turbine_member *member, struct context *context,
                   enum turbine_metric metric, int64_t delta);

/* turbine_lies draws whether a member behaves so towards `item`; turbine_share is the share of
 * cases in which it does, out of 2^64; 0 = never. */
bool turbine_lies(const struct turbine_member *member, struct context *context,
                  enum turbine_behaviour behaviour, uint64_t item);
uint64_t turbine_share(const struct turbine_member *member, enum turbine_behaviour behaviour);

#endif
