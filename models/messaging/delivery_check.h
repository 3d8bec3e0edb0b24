#ifndef MODELS_MESSAGING_DELIVERY_CHECK_H
#define MODELS_MESSAGING_DELIVERY_CHECK_H

/* The observer of message delivery: checks the properties of the layer while a run goes on and
 * writes the message rows. Shared by the implementers of the layer.
 *
 * It is an instrument, not protocol state: it looks at all chains at once, which no chain may do,
 * and nothing in a protocol reads it. Models tell it, from final() only, what a block that became
 * final did; a dropped block never happened. Every call is O(1) but for the scan at the end.
 * Updates for different messages commute, so the order in which chains run does not matter. */

#include <stdbool.h>
#include <stdint.h>

#include "models/messaging/import_order.h"
#include "models/stack.h"
#include "sim/memory.h"
#include "sim/model.h"

/* Numbers of the properties in delivery_properties, which a model puts in its table. */
enum delivery_property {
    DELIVERY_EXACTLY_ONCE,   /* TON-3, TON-30 */
    DELIVERY_QUEUE_ORDER,    /* TON-29, TON-46, TON-R22 */
    DELIVERY_HOP_BOUND,      /* TON-36 */
    DELIVERY_NO_EARLY_EVENT, /* TON-37, TON-R15 */
    DELIVERY_NOTHING_LOST,   /* TON-30, TON-35 */
    DELIVERY_MASTER_APART,   /* TON-56 */
    DELIVERY_SENDER_ORDER    /* TON-R51 */
};
extern const struct model_property delivery_properties[];

enum delivery_order { DELIVERY_ORDER_DEPLOYED, DELIVERY_ORDER_PAPER };

struct delivery_check {
    struct memory *memory;
    struct world *world;
    struct pool live;      /* one a message that is final and not delivered */
    struct map live_by_id; /* message -> slot of live */
    struct map delivered;  /* id / 64 -> 64 bits: delivered once */
    struct map pair_lt;    /* (sender, recipient) -> logical time of the latest delivery */
    struct map ordered_lt; /* the same, of messages whose sender needs order only */
    struct pool streams;   /* what was imported last, by importer and by (importer, source) */
    struct map stream_by_key;
    enum delivery_order order;
    enum message_path in_flight; /* set by the model: the path of a message that has not come */
    uint32_t switches;
    uint8_t slot;
    bool on[DELIVERY_SENDER_ORDER + 1];
};

void delivery_check_init(struct delivery_check *check, struct world *world, uint8_t slot,
                         enum delivery_order order);
void delivery_check_destroy(struct delivery_check *check);

/* delivery_check_committed: the block that emitted this message is final (context->now_ns) in
 * `chain`. envelope->id, created_ns and first_committed_ns must be set. `destination` is the chain
 * that holds the recipient. */
void delivery_check_committed(struct delivery_check *check, struct context *context, uint32_t chain,
                              uint32_t destination, const struct envelope *envelope);

/* delivery_check_placed: the message now stands in the output queue (or among the pending instant
 * ones) of `chain`, by a final block, and may be seen by others from visible_ns on. */
void delivery_check_placed(struct delivery_check *check, uint64_t id, uint32_t chain,
                           uint64_t visible_ns);

/* delivery_check_moved: the queue of `from` that it stood in became that of `to`, as shards split
 * or merge. */
void delivery_check_moved(struct delivery_check *check, uint64_t id, uint32_t from, uint32_t to);

/* delivery_check_switched: places in streams count anew from here on. */
void delivery_check_switched(struct delivery_check *check);

/* One message that a block took out of a queue: delivered, forwarded or discarded. */
struct delivery_import {
    uint64_t id, lt;
    const unsigned char *hash;
    uint32_t source;       /* the chain whose queue it stood in */
    uint32_t queued_in;    /* the chain whose block put it there: it may have died since */
    bool discarded;        /* a copy of what was processed before */
    uint64_t master_seqno; /* that the enqueuing block refers to; 0 = there is none */
    uint64_t enqueued_ns;  /* slot of the enqueuing block */
    uint64_t place;        /* in the stream from the source to this chain */
    bool to_master;        /* its recipient is in the masterchain */
    bool route_valid;      /* its envelope says exactly what TON-R10 demands */
};
void delivery_check_imported(struct delivery_check *check, struct context *context,
                             const struct block *block, const struct delivery_import *import);

/* One message handed to its recipient. */
struct delivery {
    const struct envelope *envelope;
    uint64_t lt;
    enum message_path path;
    uint32_t links, links_expected, links_max; /* of the way it took; expected is exact */
    uint64_t fee_total;                        /* of fees that its sender, its value or both paid */
    bool queued; /* came through queues only, so that TON-29(b) holds for it */
};
void delivery_check_delivered(struct delivery_check *check, struct context *context,
                              const struct block *block, const struct delivery *delivery);

/* delivery_check_holds says whether a message is not delivered and in the hands of that chain. */
bool delivery_check_holds(const struct delivery_check *check, uint64_t id, uint32_t chain);

/* The scan at the end: begin, then found() for every message that stands in an authoritative place,
 * then end, which reports what is nowhere or in two places. */
void delivery_check_scan_begin(struct delivery_check *check);
void delivery_check_found(struct delivery_check *check, uint64_t id, uint32_t chain);
void delivery_check_scan_end(struct delivery_check *check, struct context *context);

/* delivery_check_report writes the rows of messages that are still on their way, in id order. */
void delivery_check_report(struct delivery_check *check, struct context *context);

#endif
