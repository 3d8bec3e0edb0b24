#include "models/messaging/delivery_check.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

const struct model_property delivery_properties[] = {
    [DELIVERY_EXACTLY_ONCE] = {"exactly_once",
                               "no message is delivered twice, and none that nobody sent", false},
    [DELIVERY_QUEUE_ORDER] = {"queue_order",
                              "queues are imported in order, and a sender's messages to one "
                              "recipient are delivered in the order they were made",
                              false},
    [DELIVERY_HOP_BOUND] = {"hop_bound",
                            "a message takes as many links as its addresses have differing digits",
                            false},
    [DELIVERY_NO_EARLY_EVENT] = {"no_early_event",
                                 "nothing is imported before the block that sent it is visible",
                                 false},
    [DELIVERY_NOTHING_LOST] = {"nothing_lost",
                               "at the end every message is delivered or stands in one place",
                               false},
    [DELIVERY_MASTER_APART] = {"master_apart", "the masterchain takes only what is addressed to it",
                               false},
    [DELIVERY_SENDER_ORDER] = {"sender_order",
                               "messages whose sender needs order go by no proof, and reach a "
                               "recipient in the order they were made",
                               false},
    {NULL, NULL, false},
};

/* TON-R1; and the masterchain's ordinal among the workchains of chain numbers is 0. */
enum { MASTERCHAIN = -1, CHAIN_ORDINAL_SHIFT = 21 };

struct live_message {
    uint64_t id; /* 0 = free slot */
    uint64_t created_ns, committed_ns, visible_ns;
    uint32_t source, destination, bytes;
    uint32_t place; /* the chain in whose hands it is */
    uint32_t found;
};

/* What was imported last: by an importer, or by an importer from one source. */
struct stream {
    uint64_t block; /* the importing one */
    struct import_key key;
    uint64_t enqueued_ns, place;
    uint32_t switches; /* when `place` was counted */
};

void delivery_check_init(struct delivery_check *check, struct world *world, uint8_t slot,
                         enum delivery_order order)
{
    struct memory *memory = world_memory(world);
    *check =
        (struct delivery_check){.memory = memory, .world = world, .order = order, .slot = slot};
    pool_init(&check->live, memory, "messaging.observer.live", sizeof(struct live_message));
    pool_init(&check->streams, memory, "messaging.observer.streams", sizeof(struct stream));
    map_init(&check->live_by_id, memory, "messaging.observer.live_by_id");
    map_init(&check->delivered, memory, "messaging.observer.delivered");
    map_init(&check->pair_lt, memory, "messaging.observer.pairs");
    map_init(&check->ordered_lt, memory, "messaging.observer.ordered");
    map_init(&check->stream_by_key, memory, "messaging.observer.stream_by_key");
    for (uint32_t property = 0; property <= DELIVERY_SENDER_ORDER; property++)
        check->on[property] = world_property_on(world, slot, property);
}

void delivery_check_destroy(struct delivery_check *check)
{
    pool_destroy(&check->live);
    pool_destroy(&check->streams);
    map_destroy(&check->live_by_id);
    map_destroy(&check->delivered);
    map_destroy(&check->pair_lt);
    map_destroy(&check->ordered_lt);
    map_destroy(&check->stream_by_key);
}

static struct live_message *find_live(const struct delivery_check *check, uint64_t id)
{
    uint64_t slot;
    return map_get(&check->live_by_id, id, &slot) ? pool_at(&check->live, (uint32_t)slot) : NULL;
}

static bool was_delivered(const struct delivery_check *check, uint64_t id)
{
    uint64_t bits = 0;
    map_get(&check->delivered, id >> 6, &bits);
    return (bits >> (id & 63) & 1) != 0;
}

void delivery_check_committed(struct delivery_check *check, struct context *context, uint32_t chain,
                              uint32_t destination, const struct envelope *envelope)
{
    if (check->on[DELIVERY_EXACTLY_ONCE] &&
        (find_live(check, envelope->id) != NULL || was_delivered(check, envelope->id))) {
        context_violation(context, check->slot, DELIVERY_EXACTLY_ONCE, envelope->id,
                          "message %" PRIu64 " was made twice", envelope->id);
        return;
    }
    uint32_t slot = pool_take(&check->live);
    struct live_message *live = pool_at(&check->live, slot);
    *live = (struct live_message){.id = envelope->id,
                                  .created_ns = envelope->created_ns,
                                  .committed_ns = envelope->first_committed_ns,
                                  .visible_ns = envelope->first_committed_ns,
                                  .source = chain,
                                  .destination = destination,
                                  .bytes = envelope->bytes,
                                  .place = chain};
    map_put(&check->live_by_id, envelope->id, slot);
}

void delivery_check_placed(struct delivery_check *check, uint64_t id, uint32_t chain,
                           uint64_t visible_ns)
{
    struct live_message *live = find_live(check, id);
    if (live == NULL)
        return; /* delivered by another path already */
    live->place = chain;
    live->visible_ns = visible_ns;
}

void delivery_check_moved(struct delivery_check *check, uint64_t id, uint32_t from, uint32_t to)
{
    struct live_message *live = find_live(check, id);
    if (live != NULL && live->place == from)
        live->place = to;
}

void delivery_check_switched(struct delivery_check *check)
{
    check->switches++;
}

static uint64_t mix(uint64_t state, uint64_t word)
{
    uint64_t z = state ^ word;
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return (z ^ z >> 31) + UINT64_C(0x9e3779b97f4a7c15);
}

static struct stream *stream_at(struct delivery_check *check, uint64_t key)
{
    uint64_t slot;
    if (!map_get(&check->stream_by_key, key, &slot)) {
        slot = pool_take(&check->streams);
        map_put(&check->stream_by_key, key, slot);
    }
    return pool_at(&check->streams, (uint32_t)slot);
}

/* Within a block the imports rise: by (lt, hash) as deployed, by age as the paper has it. */
static void check_block_order(struct delivery_check *check, struct context *context,
                              const struct block *block, const struct delivery_import *import)
{
    struct stream *all = stream_at(check, block->chain);
    struct import_key key = import_key_deployed(import->lt, import->hash);
    bool paper = check->order == DELIVERY_ORDER_PAPER;
    if (paper) /* TON-46 does not order neighbours of one age among themselves */
        key = import_key_paper(import->master_seqno, import->enqueued_ns, 0, 0);
    if (all->block == block->id) {
        int order = import_key_compare(&all->key, &key);
        if (order > 0 || (order == 0 && !paper))
            context_violation(context, check->slot, DELIVERY_QUEUE_ORDER, import->id,
                              "block %" PRIu64 " imports message %" PRIu64
                              " after one that comes later",
                              block->id, import->id);
    }
    all->block = block->id;
    all->key = key;
}

/* TON-29(a): of one neighbour, what an earlier block made comes before what a later one made. */
static void check_stream_order(struct delivery_check *check, struct context *context,
                               const struct block *block, const struct delivery_import *import)
{
    uint64_t key = mix(mix(0, block->chain), (uint64_t)import->source << 32 | import->queued_in);
    struct stream *one = stream_at(check, key);
    bool counted = one->place != 0 && one->switches == check->switches;
    bool again = counted && import->place != 0 && import->place <= one->place;
    if (again || import->enqueued_ns < one->enqueued_ns)
        context_violation(context, check->slot, DELIVERY_QUEUE_ORDER, import->id,
                          "block %" PRIu64 " imports message %" PRIu64
                          " of an earlier block of the same neighbour",
                          block->id, import->id);
    one->place = import->place;
    one->switches = check->switches;
    one->enqueued_ns = import->enqueued_ns;
}

/* TON-56: nothing else is delivered to the masterchain, nor routed through it. */
static void check_master(struct delivery_check *check, struct context *context,
                         const struct block *block, uint64_t id, bool to_master)
{
    bool here = block->chain >> CHAIN_ORDINAL_SHIFT == 0;
    if (check->on[DELIVERY_MASTER_APART] && here && !to_master)
        context_violation(context, check->slot, DELIVERY_MASTER_APART, id,
                          "the masterchain takes message %" PRIu64 ", which is for a workchain",
                          id);
}

void delivery_check_imported(struct delivery_check *check, struct context *context,
                             const struct block *block, const struct delivery_import *import)
{
    if (check->on[DELIVERY_QUEUE_ORDER]) {
        check_block_order(check, context, block, import);
        if (check->order == DELIVERY_ORDER_PAPER)
            check_stream_order(check, context, block, import);
    }
    check_master(check, context, block, import->id, import->to_master);
    if (check->on[DELIVERY_HOP_BOUND] && !import->route_valid)
        context_violation(context, check->slot, DELIVERY_HOP_BOUND, import->id,
                          "message %" PRIu64 " came by a hop that its addresses do not ask for",
                          import->id);
    const struct live_message *live = find_live(check, import->id);
    /* Of its copies in queues one is not processed: the one that stands where it was put last. */
    if (live != NULL && !import->discarded && live->place != import->source &&
        check->on[DELIVERY_EXACTLY_ONCE])
        context_violation(context, check->slot, DELIVERY_EXACTLY_ONCE, import->id,
                          "message %" PRIu64 " is processed from the queue of chain %u, and stands "
                          "in that of chain %u",
                          import->id, import->source, live->place);
    if (live == NULL || !check->on[DELIVERY_NO_EARLY_EVENT])
        return; /* a copy of what was delivered: whoever delivers it again is caught there */
    if (live->visible_ns > block->time_ns)
        context_violation(context, check->slot, DELIVERY_NO_EARLY_EVENT, import->id,
                          "block %" PRIu64 " of %" PRIu64 " ns imports message %" PRIu64
                          ", visible from %" PRIu64 " ns",
                          block->id, block->time_ns, import->id, live->visible_ns);
}

static uint64_t pair_of(const struct envelope *envelope)
{
    uint64_t pair = mix(0, envelope->from.prefix);
    pair = mix(pair, envelope->to.prefix);
    return mix(pair, (uint64_t)(uint32_t)envelope->from.workchain << 32 |
                         (uint32_t)envelope->to.workchain);
}

/* TON-29(b): same sender, same recipient: in the order they were made. */
static void check_pair_order(struct delivery_check *check, struct context *context,
                             const struct delivery *delivery)
{
    const struct envelope *envelope = delivery->envelope;
    uint64_t pair = pair_of(envelope), last = 0;
    map_get(&check->pair_lt, pair, &last);
    if (delivery->lt <= last)
        context_violation(context, check->slot, DELIVERY_QUEUE_ORDER, envelope->id,
                          "message %" PRIu64 " of logical time %" PRIu64
                          " is delivered after a later one of its sender to its recipient",
                          envelope->id, delivery->lt);
    map_put(&check->pair_lt, pair, delivery->lt);
}

/* TON-R51: who needs order says so, and then its messages keep it on any path. */
static void check_sender_order(struct delivery_check *check, struct context *context,
                               const struct delivery *delivery)
{
    const struct envelope *envelope = delivery->envelope;
    uint64_t pair = pair_of(envelope), last = 0;
    if ((envelope->flags & ENVELOPE_NO_INSTANT) == 0)
        return;
    map_get(&check->ordered_lt, pair, &last);
    if (delivery->path == PATH_INSTANT || delivery->lt <= last)
        context_violation(context, check->slot, DELIVERY_SENDER_ORDER, envelope->id,
                          "message %" PRIu64 ", whose sender needs order, is delivered %s",
                          envelope->id,
                          delivery->lt <= last ? "after a later one" : "by its proof");
    map_put(&check->ordered_lt, pair, delivery->lt);
}

static void check_links(struct delivery_check *check, struct context *context,
                        const struct delivery *delivery)
{
    uint64_t id = delivery->envelope->id;
    if (delivery->links != delivery->links_expected || delivery->links > delivery->links_max)
        context_violation(context, check->slot, DELIVERY_HOP_BOUND, id,
                          "message %" PRIu64 " took %u links, its addresses ask for %u of at most "
                          "%u",
                          id, delivery->links, delivery->links_expected, delivery->links_max);
}

static void write_row(const struct live_message *live, struct context *context,
                      enum message_outcome outcome, uint64_t delivered_ns, enum message_path path,
                      uint32_t links, uint64_t fee_total)
{
    struct message_row row = {.id = live->id,
                              .created_ns = live->created_ns,
                              .first_committed_ns = live->committed_ns,
                              .delivered_ns = delivered_ns,
                              .source_chain = live->source,
                              .destination_chain = live->destination,
                              .hops = links,
                              .bytes = live->bytes,
                              .path = path,
                              .outcome = outcome,
                              .fee_total = (int64_t)fee_total};
    context_message_row(context, &row);
}

void delivery_check_delivered(struct delivery_check *check, struct context *context,
                              const struct block *block, const struct delivery *delivery)
{
    uint64_t id = delivery->envelope->id, slot;
    check_master(check, context, block, id, delivery->envelope->to.workchain == MASTERCHAIN);
    if (!map_get(&check->live_by_id, id, &slot)) {
        bool twice = was_delivered(check, id);
        if (twice && check->on[DELIVERY_EXACTLY_ONCE])
            context_violation(context, check->slot, DELIVERY_EXACTLY_ONCE, id,
                              "message %" PRIu64 " is delivered a second time, in block %" PRIu64,
                              id, block->id);
        if (!twice && check->on[DELIVERY_NO_EARLY_EVENT])
            context_violation(context, check->slot, DELIVERY_NO_EARLY_EVENT, id,
                              "message %" PRIu64 " is delivered, and no final block made it", id);
        return;
    }
    struct live_message *live = pool_at(&check->live, (uint32_t)slot);
    if (check->on[DELIVERY_QUEUE_ORDER] && delivery->queued)
        check_pair_order(check, context, delivery);
    if (check->on[DELIVERY_SENDER_ORDER])
        check_sender_order(check, context, delivery);
    if (check->on[DELIVERY_HOP_BOUND])
        check_links(check, context, delivery);
    if (check->on[DELIVERY_NO_EARLY_EVENT] && delivery->path != PATH_LOCAL &&
        live->committed_ns > block->time_ns)
        context_violation(context, check->slot, DELIVERY_NO_EARLY_EVENT, id,
                          "message %" PRIu64 " is delivered in a block of %" PRIu64
                          " ns, made final at %" PRIu64 " ns",
                          id, block->time_ns, live->committed_ns);
    write_row(live, context, MESSAGE_DELIVERED, block->final_ns, delivery->path, delivery->links,
              delivery->fee_total);
    uint64_t bits = 0;
    map_get(&check->delivered, id >> 6, &bits);
    map_put(&check->delivered, id >> 6, bits | UINT64_C(1) << (id & 63));
    map_remove(&check->live_by_id, id);
    live->id = 0;
    pool_give(&check->live, (uint32_t)slot);
}

bool delivery_check_holds(const struct delivery_check *check, uint64_t id, uint32_t chain)
{
    const struct live_message *live = find_live(check, id);
    return live != NULL && live->place == chain;
}

void delivery_check_scan_begin(struct delivery_check *check)
{
    for (uint32_t slot = 1; slot <= check->live.slot_count; slot++)
        ((struct live_message *)pool_at(&check->live, slot))->found = 0;
}

void delivery_check_found(struct delivery_check *check, uint64_t id, uint32_t chain)
{
    struct live_message *live = find_live(check, id);
    /* What stands elsewhere is a copy that was handed on and is not yet removed. */
    if (live != NULL && live->place == chain)
        live->found++;
}

static int compare_ids(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;
    return left < right ? -1 : left > right;
}

/* The ids of all live messages, sorted; ids are unique. To be given back to memory. */
static uint64_t *sorted_ids(struct delivery_check *check, uint32_t *ret_count)
{
    uint32_t count = 0, capacity = check->live_by_id.count;
    if (capacity == 0) {
        *ret_count = 0;
        return NULL;
    }
    uint64_t *ids = memory_take(check->memory, "messaging.observer.ids", capacity * sizeof *ids);
    for (uint32_t slot = 1; slot <= check->live.slot_count; slot++) {
        const struct live_message *live = pool_at(&check->live, slot);
        uint64_t known;
        if (live->id != 0 && map_get(&check->live_by_id, live->id, &known) && known == slot)
            ids[count++] = live->id;
    }
    SIM_ASSERT(count == capacity);
    qsort(ids, count, sizeof *ids, compare_ids); /* no ties: a message id is unique */
    *ret_count = count;
    return ids;
}

void delivery_check_scan_end(struct delivery_check *check, struct context *context)
{
    if (!check->on[DELIVERY_NOTHING_LOST])
        return;
    uint32_t count;
    uint64_t *ids = sorted_ids(check, &count);
    for (uint32_t i = 0; i < count; i++) {
        const struct live_message *live = find_live(check, ids[i]);
        if (live->found != 1)
            context_violation(context, check->slot, DELIVERY_NOTHING_LOST, live->id,
                              "message %" PRIu64 " stands in %u places, last in chain %u", live->id,
                              live->found, live->place);
    }
    if (ids != NULL)
        memory_give(check->memory, ids, count * sizeof *ids);
}

void delivery_check_report(struct delivery_check *check, struct context *context)
{
    uint32_t count;
    uint64_t *ids = sorted_ids(check, &count);
    for (uint32_t i = 0; i < count; i++)
        write_row(find_live(check, ids[i]), context, MESSAGE_IN_FLIGHT, UINT64_MAX,
                  check->in_flight, 0, 0);
    if (ids != NULL)
        memory_give(check->memory, ids, count * sizeof *ids);
}
