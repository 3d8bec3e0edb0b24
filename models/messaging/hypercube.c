#include "models/messaging/hypercube.h"

#include <stddef.h>
#include <stdio.h>

#include "models/messaging/hypercube_proofs.h"
#include "models/messaging/hypercube_switch.h"
#include "sim/diagnostics.h"

static const char *const path_choices[] = {"slow", "instant", "both", NULL};
static const char *const path_helps[] = {
    "output queues along the edges of the hypercube; the deployed system has no other path, and "
    "refuses proofs (TON-R50)",
    "straight to the destination with a Merkle proof, sent again until it is confirmed",
    "in parallel; the slow copy is stopped by the confirmation of the instant one (TON-44)", NULL};
static const char *const routing_choices[] = {"deployed", "paper", NULL};
static const char *const routing_helps[] = {
    "the whole workchain id in one hop, then digits of the prefix (TON-R6)",
    "digits of workchain id and prefix, cut from the top (TON-31, TON-33)", NULL};
static const char *const dedup_choices[] = {"set", "watermark", NULL};
static const char *const dedup_helps[] = {
    "the set of recently delivered and forwarded messages (TON-48)",
    "deployed: the last imported position of each block (TON-R29)", NULL};
static const char *const order_choices[] = {"deployed", "paper", NULL};
static const char *const order_helps[] = {
    "one stream over all neighbours by logical time and hash (TON-R22)",
    "older masterchain reference first, then each neighbour's own order (TON-46)", NULL};
static const char *const break_choices[] = {
    "none",  "deliver_twice", "reorder",        "lose",         "extra_hop",
    "early", "trust",         "through_master", "ignore_order", NULL};
static const char *const instant_order_choices[] = {"strict", "none", NULL};
static const char *const instant_order_helps[] = {
    "a proof waits for every older message in a neighbour's queue (TON-R51)",
    "proofs go before queues, whatever waits there", NULL};
static const char *const instant_newer_choices[] = {"postpone", "discard", "accept", NULL};
static const char *const instant_newer_helps[] = {
    "it waits until the masterchain registers its block (TON-R51)",
    "it is refused; the slow copy delivers (TON-R51)",
    "it is delivered at once, whatever the masterchain knows (TON-40)", NULL};

static const struct param off_params[] = {
    {.name = "from",
     .help = "when instant routing is switched off",
     .kind = PARAM_DURATION,
     .offset = offsetof(struct cube_off, from_ns),
     .required = true},
    {.name = "until",
     .help = "when it is on again",
     .kind = PARAM_DURATION,
     .offset = offsetof(struct cube_off, until_ns),
     .required = true},
    PARAM_END,
};

static const struct param params[] = {
    {.name = "path",
     .help = "how messages travel between shards",
     .kind = PARAM_CHOICE,
     .offset = offsetof(struct cube_config, path),
     .value_default = CUBE_SLOW,
     .choices = path_choices,
     .choice_helps = path_helps},
    {.name = "routing",
     .help = "which digit of the address a hop changes",
     .kind = PARAM_CHOICE,
     .offset = offsetof(struct cube_config, routing),
     .value_default = ROUTING_DEPLOYED,
     .choices = routing_choices,
     .choice_helps = routing_helps},
    {.name = "digit_bits",
     .help = "bits of one digit of the hypercube; 4 is deployed (TON-34)",
     .kind = PARAM_INTEGER,
     .offset = offsetof(struct cube_config, digit_bits),
     .value_default = 4,
     .value_min = 1,
     .value_max = 8},
    {.name = "dedup",
     .help = "how a shard knows what it has imported already",
     .kind = PARAM_CHOICE,
     .offset = offsetof(struct cube_config, dedup),
     .value_default = CUBE_SET,
     .choices = dedup_choices,
     .choice_helps = dedup_helps,
     .deployed = true},
    {.name = "order",
     .help = "in which order a block imports from its neighbours' queues",
     .kind = PARAM_CHOICE,
     .offset = offsetof(struct cube_config, order),
     .value_default = DELIVERY_ORDER_DEPLOYED,
     .choices = order_choices,
     .choice_helps = order_helps},
    {.name = "resend",
     .help = "after so long an unanswered packet is sent again; 0s = 4 block intervals",
     .kind = PARAM_DURATION,
     .offset = offsetof(struct cube_config, resend_ns),
     .value_default = 0,
     .value_min = 0,
     .value_max = INT64_C(86400000000000),
     .swarm_min = INT64_C(200000000),
     .swarm_max = INT64_C(20000000000)},
    CUBE_FEE_PARAMS(struct cube_config),
    CUBE_PROCEDURE_PARAMS(struct cube_config),
    {.name = "look_back",
     .help =
         "a proof is refused once so many blocks of its destination are as late as its message, "
         "and what was delivered is remembered as long (TON-R51: 8)",
     .kind = PARAM_INTEGER,
     .offset = offsetof(struct cube_config, look_back),
     .value_default = 8,
     .value_min = 1,
     .value_max = 1024,
     .swarm_min = 1,
     .swarm_max = 16},
    {.name = "instant_order",
     .help = "whether a proof may overtake older messages in the queues of neighbours",
     .kind = PARAM_CHOICE,
     .offset = offsetof(struct cube_config, instant_order),
     .value_default = INSTANT_ORDER_STRICT,
     .choices = instant_order_choices,
     .choice_helps = instant_order_helps},
    {.name = "instant_newer",
     .help = "what becomes of a proof whose block the latest masterchain block does not register "
             "(with chain.visibility masterchain)",
     .kind = PARAM_CHOICE,
     .offset = offsetof(struct cube_config, instant_newer),
     .value_default = INSTANT_NEWER_POSTPONE,
     .choices = instant_newer_choices,
     .choice_helps = instant_newer_helps},
    {.name = "instant_off",
     .help = "times in which instant routing is switched off: nothing goes by proof, and no proof "
             "is accepted (TON-42)",
     .kind = PARAM_LIST,
     .offset = offsetof(struct cube_config, instant_off),
     .item_kind = PARAM_OBJECT,
     .item_bytes = sizeof(struct cube_off),
     .fields = off_params},
    {.name = "break",
     .help = "breaks one rule, so that tests see the property that guards it",
     .kind = PARAM_CHOICE,
     .offset = offsetof(struct cube_config, break_rule),
     .value_default = CUBE_BREAK_NONE,
     .choices = break_choices,
     .hidden = true},
    PARAM_END,
};

static const char *const message_kinds[] = {"entries", "processed", "receipt",         "proof",
                                            "confirm", "stopped",   "stopped_receipt", NULL};
static const char *const timer_kinds[] = {"resend", "pending", "stopped", "postponed", NULL};
static const char *const trace_kinds[] = {"emit",     "enqueue", "forward", "deliver", "dequeue",
                                          "discard",  "stop",    "confirm", "refuse",  "defer",
                                          "dispatch", "storage", NULL};

static const struct model_metric metrics[] = {
    [CUBE_SENT] = {"messages_sent", "messages", "emitted by final blocks"},
    [CUBE_DELIVERED] = {"messages_delivered", "messages", "delivered by final blocks"},
    [CUBE_FORWARDS] = {"forwards", "messages", "moved on by an intermediate shard (TON-50)"},
    [CUBE_DEQUEUES] = {"dequeues", "messages", "removed from a queue once processed (TON-47)"},
    [CUBE_DISCARDED] = {"duplicates_discarded", "messages", "copies imported and not executed"},
    [CUBE_SLOW_STOPPED] = {"slow_stopped", "messages", "copies stopped by a confirmation"},
    [CUBE_INSTANT_SENT] = {"instant_sent", "messages", "sent with a proof"},
    [CUBE_INSTANT_RESENT] = {"instant_resent", "packets", "proofs sent again"},
    [CUBE_INSTANT_DELIVERED] = {"instant_delivered", "messages", "delivered by their proof"},
    [CUBE_PROOFS_REFUSED] = {"proofs_refused", "packets", "proofs refused, for whatever reason"},
    [CUBE_PROOF_BYTES] = {"proof_bytes", "bytes", "of proofs on the wire"},
    [CUBE_PACKETS_RESENT] = {"packets_resent", "packets",
                             "windows of entries sent again, and questions"},
    [CUBE_REMEMBERED] = {"remembered", "messages", "in deduplication sets at the end"},
    [CUBE_QUEUED] = {"queued", "messages", "in output queues and not confirmed at the end"},
    [CUBE_QUOTA_STOPS] = {"quota_stops", "blocks", "whose imports a quota ended (TON-R23)"},
    [CUBE_QUEUE_FULL] = {"queue_full_blocks", "blocks",
                         "that took no inputs, so long was their queue (TON-R37)"},
    [CUBE_DEFERRED] = {"messages_deferred", "messages", "deferred by their block (TON-R38)"},
    [CUBE_FEES_EMITTER] = {"fees_emitter", "units", "earned by emitting blocks (TON-R41)"},
    [CUBE_FEES_INTERMEDIATE] = {"fees_intermediate", "units",
                                "earned by forwarding blocks (TON-51, TON-R42)"},
    [CUBE_FEES_FINAL] = {"fees_final", "units", "earned by delivering blocks (TON-R43)"},
    [CUBE_FEES_INSTANT] = {"fees_instant", "units", "instant fees of deliveries by proof"},
    [CUBE_FEES_RETURNED] = {"fees_returned", "units",
                            "instant fees that came back to the recipient (TON-R40)"},
    [CUBE_FEES_STOPPED] = {"fees_stopped", "units",
                           "rest of the fees of slow copies that were not executed (TON-R51)"},
    [CUBE_FEES_CLAIMED] = {"fees_claimed", "units",
                           "of fees_stopped: earned by those who delivered (TON-41)"},
    [CUBE_FEES_STORAGE] = {"fees_storage", "units", "paid for time in queues (TON-53)"},
    [CUBE_STORAGE_CHARGES] = {"storage_charges", "transactions",
                              "special ones that charged for time in a queue (TON-53)"},
    [CUBE_REFUSED_SIGNATURE] = {"refused_signature", "packets",
                                "proofs whose root its block's validators did not sign"},
    [CUBE_REFUSED_LEAF] = {"refused_leaf", "packets",
                           "proofs of something else than the message that came with them"},
    [CUBE_REFUSED_BLOCK] = {"refused_block", "packets",
                            "proofs of another chain's block, or for another chain"},
    [CUBE_REFUSED_STALE] = {"refused_stale", "packets", "proofs older than look_back blocks"},
    [CUBE_REFUSED_NEWER] = {"refused_newer", "packets",
                            "proofs of blocks that the masterchain does not register yet"},
    [CUBE_REFUSED_OFF] = {"refused_off", "packets",
                          "proofs that came while instant_off, or with path slow"},
    [CUBE_PROOFS_IGNORED] = {"proofs_ignored", "packets", "proofs of what was delivered already"},
    [CUBE_PROOFS_POSTPONED] = {"proofs_postponed", "packets",
                               "proofs that waited until the masterchain registered their block"},
    [CUBE_PROOFS_WAITED] = {"proofs_waited", "messages",
                            "proofs that waited for older messages in queues"},
    [CUBE_INSTANT_WITHHELD] = {"instant_withheld", "messages",
                               "sent by the slow path alone: instant_off, or the sender needs "
                               "order"},
    [CUBE_LIES] = {"lies", "packets", "sent by Byzantine nodes beside what they owe"},
    {NULL, NULL, NULL},
};

static void check_off(const struct cube_config *cube, const char *pointer,
                      struct diagnostics *diagnostics)
{
    const struct cube_off *windows = cube->instant_off.items;
    char place[128];
    snprintf(place, sizeof place, "%s/instant_off", pointer);
    if (cube->path == CUBE_SLOW && cube->instant_off.count > 0)
        diagnostics_warn(diagnostics, "W101", place, "has no effect: nothing goes by proof",
                         "\"path\": \"both\"");
    for (uint32_t i = 0; i < cube->instant_off.count; i++) {
        snprintf(place, sizeof place, "%s/instant_off/%u/until", pointer, i);
        if (windows[i].until_ns <= windows[i].from_ns)
            diagnostics_add(diagnostics, "E310", place, AT_VALUE, "\"until\" is not after \"from\"",
                            "a later time", NULL, NULL);
    }
}

static void check_config(const void *config, const char *pointer, struct diagnostics *diagnostics)
{
    const struct cube_config *cube = config;
    cube_fee_check(&cube->pay, cube->path == CUBE_BOTH, pointer, diagnostics);
    check_off(cube, pointer, diagnostics);
    if (cube->dedup != CUBE_WATERMARK)
        return;
    if (cube->order == DELIVERY_ORDER_PAPER)
        diagnostics_addf(diagnostics, "E310", pointer, AT_VALUE, "order \"deployed\"",
                         "\"dedup\": \"set\"",
                         "a watermark says how far an import by logical time came; it says nothing "
                         "about imports by age");
    if (cube->path != CUBE_SLOW)
        diagnostics_addf(diagnostics, "E310", pointer, AT_VALUE, "path \"slow\"",
                         "\"dedup\": \"set\"",
                         "a watermark does not know what came by proof, out of order");
}

/* Workchain ids that exist, in the order of the chains; at most WORKCHAINS_MAX. */
enum { WORKCHAINS_MAX = 1024 };

static uint32_t list_workchains(const struct stack *stack, int32_t *ret_ids)
{
    uint32_t count = 0, shards = stack->chain.count(stack->chain.self, CHAIN_SHARD);
    for (uint32_t i = 0; i < shards; i++) {
        uint32_t chain = stack->chain.at(stack->chain.self, CHAIN_SHARD, i);
        int32_t id = stack->chain.prefix(stack->chain.self, chain).workchain;
        if (count > 0 && ret_ids[count - 1] == id)
            continue;
        SIM_ASSERT(count < WORKCHAINS_MAX);
        ret_ids[count++] = id;
    }
    return count;
}

static bool exists(const int32_t *ids, uint32_t count, int32_t id)
{
    for (uint32_t i = 0; i < count; i++)
        if (ids[i] == id)
            return true;
    return false;
}

/* The first workchain on the digit-wise way from a to b that does not exist; b if all do. */
static int32_t missing_between(const int32_t *ids, uint32_t count, unsigned digit_bits, int32_t a,
                               int32_t b)
{
    struct address from = {a, 0}, to = {b, 0};
    for (int bits = 0; bits < ROUTE_WORKCHAIN_BITS; bits += (int)digit_bits) {
        int32_t via = route_interpolate(from, to, bits).workchain;
        if (!exists(ids, count, via))
            return via;
    }
    return b;
}

/* TON-31 read literally: a hop changes one digit of (workchain, shard), so the ids between two
 * workchains must name workchains too. */
static int check_workchains(const struct cube_config *config, const struct build *build)
{
    int32_t ids[WORKCHAINS_MAX];
    if (config->routing != ROUTING_PAPER)
        return 0;
    uint32_t count = list_workchains(build->stack, ids);
    for (uint32_t a = 0; a < count; a++)
        for (uint32_t b = 0; b < count; b++) {
            int32_t via = missing_between(ids, count, (unsigned)config->digit_bits, ids[a], ids[b]);
            if (via == ids[b])
                continue;
            diagnostics_addf(build->diagnostics, "E311", build->pointer, AT_VALUE,
                             "workchain ids that differ in one digit, or all those between them",
                             "\"routing\": \"deployed\"",
                             "a message from workchain %d to %d passes workchain %d, which does "
                             "not exist",
                             ids[a], ids[b], via);
            return -1;
        }
    return 0;
}

static void init_pools(struct hypercube *cube)
{
    struct memory *memory = cube->memory;
    map_init(&cube->chain_by_id, memory, "messaging.chains");
    map_init(&cube->link_by_key, memory, "messaging.links");
    pool_init(&cube->senders, memory, "messaging.senders", sizeof(struct sender));
    pool_init(&cube->chains, memory, "messaging.chains", sizeof(struct cube_chain));
    pool_init(&cube->links, memory, "messaging.links", sizeof(struct link));
    pool_init(&cube->entries, memory, "messaging.entries", sizeof(struct entry));
    pool_init(&cube->mirrors, memory, "messaging.mirrors", sizeof(struct mirror));
    pool_init(&cube->nodes, memory, "messaging.dedup", sizeof(struct dedup_node));
    pool_init(&cube->inputs, memory, "messaging.inputs", sizeof(struct input));
    pool_init(&cube->acts, memory, "messaging.acts", sizeof(struct act));
    pool_init(&cube->parts, memory, "messaging.blocks", sizeof(struct cube_part));
    pool_init(&cube->parcels, memory, "messaging.proven", sizeof(struct parcel));
    pool_init(&cube->removals, memory, "messaging.removals", sizeof(struct removal_node));
    pool_init(&cube->histories, memory, "messaging.histories", sizeof(struct history));
    pool_init(&cube->confirmations, memory, "messaging.confirmed", sizeof(struct confirmed));
    pool_init(&cube->instants, memory, "messaging.instant", sizeof(struct instant_node));
    pool_init(&cube->rings, memory, "messaging.look_back",
              (size_t)cube->config.look_back * sizeof(uint64_t));
    pool_init(&cube->liars, memory, "messaging.liars", sizeof(struct cube_liar));
    pool_init(&cube->stops, memory, "messaging.stops", sizeof(struct stop_notice));
    slab_init(&cube->proofs, memory, "messaging.proofs");
    slab_init(&cube->runs, memory, "messaging.due");
}

/* What the chain layer fixed before us. */
static void learn_chains(struct hypercube *cube)
{
    const struct chain_seam *seam = &cube->stack->chain;
    uint64_t seqno;
    seam->visible_ns(seam->self, 0, &seqno);
    cube->by_master = seqno != 0;
    cube->master_lt_step = LT_STEP;
    if (seam->count(seam->self, CHAIN_MASTER) == 0 || seam->count(seam->self, CHAIN_SHARD) == 0)
        return;
    uint64_t master_ns = seam->interval_ns(seam->self, seam->at(seam->self, CHAIN_MASTER, 0));
    uint64_t shard_ns = seam->interval_ns(seam->self, seam->at(seam->self, CHAIN_SHARD, 0));
    if (master_ns > shard_ns)
        cube->master_lt_step = (master_ns + shard_ns - 1) / shard_ns * LT_STEP;
}

static void destroy(void *state);

static int build_cube(const struct build *build, void **ret_state)
{
    *ret_state = NULL;
    if (check_workchains(build->config, build) != 0)
        return -1;
    struct memory *memory = world_memory(build->world);
    struct hypercube *cube = memory_take(memory, "messaging", sizeof *cube);
    cube->config = *(const struct cube_config *)build->config;
    cube->slot = build->slot;
    cube->world = build->world;
    cube->stack = build->stack;
    cube->memory = memory;
    init_pools(cube);
    lt_book_init(&cube->book, memory);
    if (cube_reshard_build(cube, build) != 0) {
        destroy(cube);
        return -1;
    }
    learn_chains(cube);
    cube_instant_warn(cube, build);
    delivery_check_init(&cube->check, build->world, build->slot,
                        (enum delivery_order)cube->config.order);
    cube->check.in_flight = cube->config.path == CUBE_INSTANT ? PATH_INSTANT : PATH_SLOW;
    build->stack->messaging = (struct messaging_seam){
        .self = cube, .emit = cube_emit, .price = cube_fee_price, .held = cube_fee_held};
    build->stack->app[LAYER_MESSAGING] = (struct block_app){.self = cube,
                                                            .fill = cube_fill,
                                                            .final = cube_final,
                                                            .dropped = cube_dropped,
                                                            .divide = cube_divide,
                                                            .unite = cube_unite};
    *ret_state = cube;
    return 0;
}

static void on_message(void *state, struct context *context, const struct message *message)
{
    struct hypercube *cube = state;
    switch ((enum cube_message)message->kind) {
    case CUBE_ENTRIES:
        cube_slow_on_entries(cube, context, message);
        return;
    case CUBE_PROCESSED:
    case CUBE_RECEIPT:
        cube_slow_on_answer(cube, context, message, message->kind == CUBE_PROCESSED);
        return;
    case CUBE_PROOF:
        cube_accept_on_proof(cube, context, message);
        return;
    case CUBE_CONFIRM:
        cube_confirm_on_message(cube, context, message);
        return;
    case CUBE_STOPPED:
        cube_stop_on_message(cube, context, message);
        return;
    case CUBE_STOPPED_RECEIPT:
        cube_stop_on_receipt(cube, context, message);
        return;
    }
    SIM_ASSERT(false); /* every kind is above */
}

static void on_timer(void *state, struct context *context, uint8_t kind, uint32_t chain,
                     uint64_t cookie)
{
    struct hypercube *cube = state;
    switch ((enum cube_timer)kind) {
    case CUBE_TIMER_RESEND:
        cube_slow_on_timer(cube, context, chain, (uint32_t)cookie);
        return;
    case CUBE_TIMER_PENDING:
        cube_instant_on_timer(cube, context, chain);
        return;
    case CUBE_TIMER_STOPPED:
        cube_stop_on_timer(cube, context, chain);
        return;
    case CUBE_TIMER_POSTPONED:
        cube_accept_on_timer(cube, context, chain);
        return;
    }
    SIM_ASSERT(false); /* every kind is above */
}

/* A crash takes timers, nothing else. SIMPLIFICATION: queues, sets and mirrors are on disk. */
static void on_fault(void *state, struct context *context, const struct fault *fault)
{
    struct hypercube *cube = state;
    if (fault->type == FAULT_BYZANTINE)
        cube_byzantine_on_fault(cube, context->self, fault);
    bool back = fault->type == FAULT_RESTART || (fault->type == FAULT_CRASH && !fault->begins);
    if (!back || !context_up(context, context->self))
        return;
    for (uint32_t slot = 1; slot <= cube->chains_made; slot++) {
        struct cube_chain *chain = pool_at(&cube->chains, slot);
        if (chain->pending_timer && chain->pending_node == context->self) {
            chain->pending_timer = false;
            cube_instant_rearm(cube, context, chain);
        }
        if (chain->stopped_timer && chain->stopped_node == context->self) {
            chain->stopped_timer = false;
            cube_stop_rearm(cube, context, chain);
        }
        if (chain->postponed_at_ns != 0 && chain->postponed_node == context->self) {
            chain->postponed_at_ns = 0;
            cube_accept_rearm(cube, context, chain);
        }
        for (uint32_t link_slot = chain->links.first; link_slot != 0;) {
            struct link *link = pool_at(&cube->links, link_slot);
            link_slot = link->next_of_chain;
            if (!link->timer_set || link->timer_node != context->self)
                continue;
            link->timer_set = false;
            cube_slow_arm(cube, context, link, context->now_ns);
        }
    }
}

/* Every message that is not delivered stands in one output queue, or is pending at its source. */
static void check_liveness(void *state, struct context *context)
{
    struct hypercube *cube = state;
    delivery_check_scan_begin(&cube->check);
    for (uint32_t slot = 1; slot <= cube->chains_made; slot++) {
        const struct cube_chain *chain = pool_at(&cube->chains, slot);
        for (uint32_t entry = chain->pending.first; entry != 0;) {
            const struct entry *pending = pool_at(&cube->entries, entry);
            delivery_check_found(&cube->check, pending->parcel.envelope.id, chain->chain);
            entry = pending->next;
        }
        cube_dispatch_scan(cube, chain);
        for (uint32_t link_slot = chain->links.first; link_slot != 0;) {
            const struct link *link = pool_at(&cube->links, link_slot);
            for (uint32_t entry = link->out_first; entry != 0;) {
                const struct entry *queued = pool_at(&cube->entries, entry);
                if (!queued->cleaned)
                    delivery_check_found(&cube->check, queued->parcel.envelope.id, chain->chain);
                entry = queued->next;
            }
            link_slot = link->next_of_chain;
        }
    }
    delivery_check_scan_end(&cube->check, context);
}

static void report(void *state, struct context *context)
{
    struct hypercube *cube = state;
    delivery_check_report(&cube->check, context);
}

static void free_heap(struct hypercube *cube, struct import_heap *heap)
{
    if (heap->items != NULL)
        memory_give(cube->memory, heap->items, heap->capacity * sizeof heap->items[0]);
}

static void destroy(void *state)
{
    struct hypercube *cube = state;
    if (cube == NULL)
        return;
    for (uint32_t slot = 1; slot <= cube->chains_made; slot++) {
        struct cube_chain *chain = pool_at(&cube->chains, slot);
        for (uint32_t link_slot = chain->links.first; link_slot != 0;) {
            struct link *link = pool_at(&cube->links, link_slot);
            link_slot = link->next_of_chain;
            cube_slow_forget(cube, link);
        }
        map_destroy(&chain->mirrors);
        map_destroy(&chain->dedup);
        map_destroy(&chain->entries);
        map_destroy(&chain->confirmed);
        map_destroy(&chain->waiting);
        instant_table_destroy(&chain->instant);
        map_destroy(&chain->sender_by_account);
        free_heap(cube, &chain->heap);
        if (chain->upto.records != NULL)
            memory_give(cube->memory, chain->upto.records,
                        chain->upto.capacity * sizeof chain->upto.records[0]);
    }
    free_heap(cube, &cube->sorter);
    free_heap(cube, &cube->locals);
    free_heap(cube, &cube->cleaning);
    lt_book_destroy(&cube->book);
    if (cube->packet != NULL)
        memory_give(cube->memory, cube->packet, cube->packet_capacity);
    if (cube->tree != NULL)
        memory_give(cube->memory, cube->tree, cube->tree_capacity * sizeof cube->tree[0]);
    delivery_check_destroy(&cube->check);
    struct pool *const pools[] = {
        &cube->senders,  &cube->chains, &cube->links,     &cube->entries,       &cube->mirrors,
        &cube->nodes,    &cube->inputs, &cube->acts,      &cube->parts,         &cube->parcels,
        &cube->removals, &cube->stops,  &cube->histories, &cube->confirmations, &cube->instants,
        &cube->rings,    &cube->liars};
    for (size_t i = 0; i < sizeof pools / sizeof pools[0]; i++)
        pool_destroy(pools[i]);
    slab_destroy(&cube->proofs);
    slab_destroy(&cube->runs);
    map_destroy(&cube->chain_by_id);
    map_destroy(&cube->link_by_key);
    memory_give(cube->memory, cube, sizeof *cube);
}

const struct model messaging_hypercube_model = {
    .layer = LAYER_MESSAGING,
    .layer_name = "messaging",
    .name = "hypercube",
    .summary = "output queues along the edges of a hypercube, and proofs past them",
    .version = 3,
    .config_bytes = sizeof(struct cube_config),
    .params = params,
    .message_kinds = message_kinds,
    .timer_kinds = timer_kinds,
    .trace_kinds = trace_kinds,
    .metrics = metrics,
    .properties = delivery_properties,
    .behaviours = cube_behaviours,
    .check = check_config,
    .build = build_cube,
    .on_message = on_message,
    .on_timer = on_timer,
    .on_fault = on_fault,
    .check_liveness = check_liveness,
    .report = report,
    .destroy = destroy,
};
