#include "models/messaging/local.h"

#include "models/anycast.h"
#include "models/messaging/local_parts.h"
#include "models/messaging/message_layout.h"
#include "models/messaging/no_fees.h"
#include "models/stack.h"
#include "sim/context.h"
#include "sim/diagnostics.h"
#include "sim/fault.h"
#include "sim/memory.h"
#include "sim/world.h"

enum { TRACE_SENT, TRACE_DELIVERED };

struct local_config {
    int64_t delivery_gas, break_rule;
};

struct office *local_office_get(struct local *local, uint32_t chain)
{
    uint64_t handle = 0;
    if (!map_get(&local->office_of, chain, &handle)) {
        handle = pool_take(&local->offices);
        map_put(&local->office_of, chain, handle);
    }
    return pool_at(&local->offices, (uint32_t)handle);
}

struct office *local_office_find(const struct local *local, uint32_t chain)
{
    uint64_t handle = 0;
    return map_get(&local->office_of, chain, &handle) ? pool_at(&local->offices, (uint32_t)handle)
                                                      : NULL;
}

/* ---- Inside blocks ---- */

static void emit(void *self, struct context *context, struct block *block,
                 struct envelope *envelope)
{
    struct local *local = self;
    const struct chain_seam *chain = &local->stack->chain;
    struct office *office = local_office_get(local, block->chain);
    (void)context;
    SIM_ASSERT(chain->find(chain->self, envelope->from) == block->chain);
    anycast_send(envelope);
    envelope->bytes += message_layout_optional_bytes(envelope);
    uint32_t destination = chain->find(chain->self, envelope->to);
    SIM_ASSERT(destination != CHAIN_NONE); /* the sender looked it up (TON-R54) */
    block_set(local->stack, block, &office->emitted, office->emitted + 1);
    SIM_ASSERT(office->emitted <= UINT32_MAX);
    envelope->id = (uint64_t)block->chain << 32 | office->emitted;
    envelope->created_ns = block->time_ns;
    envelope->first_committed_ns = 0;
    uint32_t handle = pool_take(&local->letters);
    struct letter *letter = local_letter_at(local, handle);
    letter->envelope = *envelope;
    letter->destination = destination;
    /* The block's letters: first in the high half of its word, last in the low half. */
    uint64_t *list = &block->body[LAYER_MESSAGING];
    if (*list)
        local_letter_at(local, (uint32_t)*list)->next_emitted = handle;
    *list = (*list ? *list >> 32 : handle) << 32 | handle;
    if (destination == block->chain)
        letter_queue_append(&office->own, &local->letters, local->stack, block, handle);
}

/* Delivers until the queue's present end or a full block; true = the block is full. */
static bool deliver_queue(struct local *local, struct context *context, struct block *block,
                          struct letter_queue *queue, uint32_t *added)
{
    const struct chain_seam *chain = &local->stack->chain;
    uint64_t end = queue->tail; /* what a delivery emits to its own chain waits for a round */
    bool more = queue->head != 0;
    while (more) {
        /* A copy: the upcall may emit, and so touch this very queue. */
        struct envelope envelope = local_letter_at(local, (uint32_t)queue->head)->envelope;
        if (!chain->charge(chain->self, block, envelope.bytes, local->delivery_gas))
            return true;
        more = queue->head != end;
        letter_queue_advance(queue, &local->letters, local->stack, block);
        const struct block_app *app = &local->stack->app[envelope.layer];
        SIM_ASSERT(app->deliver != NULL);
        app->deliver(app->self, context, block, &envelope);
        (*added)++;
    }
    return false;
}

static uint32_t fill(void *self, struct context *context, struct block *block, uint32_t round)
{
    struct local *local = self;
    uint32_t added = 0;
    struct office *office = local_office_find(local, block->chain);
    (void)round;
    if (!office)
        return 0;
    if (!deliver_queue(local, context, block, &office->inbox, &added))
        deliver_queue(local, context, block, &office->own, &added);
    return added;
}

/* ---- After blocks ---- */

static bool watching(const struct local *local)
{
    return world_property_on(local->world, LAYER_MESSAGING, PROPERTY_EXACTLY_ONCE);
}

static void trace(struct context *context, uint8_t kind, const struct block *block,
                  const struct letter *letter)
{
    context_trace(context, &(struct trace){.slot = LAYER_MESSAGING,
                                           .kind = kind,
                                           .milestone = true,
                                           .chain = block->chain,
                                           .bytes = letter->envelope.bytes,
                                           .subject = letter->envelope.id,
                                           .value = (int64_t)block->id});
}

static void leave(struct local *local, struct context *context, const struct block *block,
                  struct office *office, uint32_t handle)
{
    const struct chain_seam *chain = &local->stack->chain;
    struct letter *letter = local_letter_at(local, handle);
    letter->envelope.first_committed_ns = block->final_ns;
    trace(context, TRACE_SENT, block, letter);
    context_count(context, LAYER_MESSAGING, METRIC_SENT, 1);
    if (watching(local))
        map_put(&local->watched, letter->envelope.id, 1);
    if (letter->destination == block->chain)
        return; /* it is in the chain's own queue */
    uint64_t pair = local_pair_of(block->chain, letter->destination);
    uint64_t sequence = 0;
    (void)map_get(&local->sent_of, pair, &sequence);
    map_put(&local->sent_of, pair, ++sequence);
    SIM_ASSERT(sequence <= UINT32_MAX);
    letter->sequence = (uint32_t)sequence;
    uint64_t seqno = 0;
    uint64_t visible_ns = chain->visible_ns(chain->self, block->final_ns, &seqno);
    local_way_send(local, context, office, handle, visible_ns);
}

static void write_row(struct context *context, const struct letter *letter,
                      enum message_outcome outcome, uint64_t delivered_ns)
{
    const struct envelope *envelope = &letter->envelope;
    uint32_t source = local_source_of(envelope);
    context_message_row(context,
                        &(struct message_row){.id = envelope->id,
                                              .created_ns = envelope->created_ns,
                                              .first_committed_ns = envelope->first_committed_ns,
                                              .delivered_ns = delivered_ns,
                                              .source_chain = source,
                                              .destination_chain = letter->destination,
                                              .hops = source == letter->destination ? 0 : 1,
                                              .bytes = envelope->bytes,
                                              .path = PATH_LOCAL,
                                              .outcome = outcome});
}

static void release_delivered(struct local *local, struct context *context,
                              const struct block *block, struct letter_queue *queue)
{
    uint32_t handle;
    while ((handle = letter_queue_release(queue, &local->letters)) != 0) {
        const struct letter *letter = local_letter_at(local, handle);
        uint64_t id = letter->envelope.id;
        if (watching(local) && !map_remove(&local->watched, id))
            context_violation(context, LAYER_MESSAGING, PROPERTY_EXACTLY_ONCE, id,
                              "message %llu of chain %u was delivered twice, or never sent",
                              (unsigned long long)(uint32_t)id, local_source_of(&letter->envelope));
        trace(context, TRACE_DELIVERED, block, letter);
        write_row(context, letter, MESSAGE_DELIVERED, block->final_ns);
        context_count(context, LAYER_MESSAGING, METRIC_DELIVERED, 1);
        pool_give(&local->letters, handle);
    }
}

static void final(void *self, struct context *context, const struct block *block)
{
    struct local *local = self;
    const struct chain_seam *chain = &local->stack->chain;
    struct office *office = local_office_find(local, block->chain);
    if (!office)
        return;
    for (uint32_t handle = (uint32_t)(block->body[LAYER_MESSAGING] >> 32); handle;
         handle = local_letter_at(local, handle)->next_emitted)
        leave(local, context, block, office, handle);
    local_way_arm(local, context, office, block->chain);
    release_delivered(local, context, block, &office->inbox);
    release_delivered(local, context, block, &office->own);
    if (office->inbox.head || office->own.head) /* the block was full, or more has come */
        chain->wake(chain->self, context, block->chain);
}

/* The queues and the counter are as before the block; only the slots of its letters are left. */
static void dropped(void *self, struct context *context, const struct block *block)
{
    struct local *local = self;
    (void)context;
    for (uint32_t handle = (uint32_t)(block->body[LAYER_MESSAGING] >> 32); handle;) {
        uint32_t next = local_letter_at(local, handle)->next_emitted;
        pool_give(&local->letters, handle);
        handle = next;
    }
}

/* ---- From outside blocks ---- */

static void on_message(void *state, struct context *context, const struct message *message)
{
    local_way_message(state, context, message);
}

static void on_timer(void *state, struct context *context, uint8_t kind, uint32_t chain,
                     uint64_t cookie)
{
    (void)cookie;
    SIM_ASSERT(kind == TIMER_RESEND);
    local_way_resend(state, context, chain);
}

/* A crash takes the timer; letters and receipts of record are kept, as they are on disk. */
static void on_fault(void *state, struct context *context, const struct fault *fault)
{
    struct local *local = state;
    uint64_t identity = world_identity(local->world, context->self);
    unsigned role = identity_role(identity);
    bool ours = role == ROLE_SHARD || role == ROLE_MASTER;
    if (!ours || (fault->type != FAULT_CRASH && fault->type != FAULT_RESTART))
        return;
    uint32_t chain = identity_index(identity);
    struct office *office = local_office_find(local, chain);
    if (!office)
        return;
    office->timer = 0;
    if (context_up(context, context->self))
        local_way_arm(local, context, office, chain);
}

/* ---- At the end ---- */

/* Counts, and when asked writes, a chain's letters that left and are not delivered. */
static uint64_t count_waiting(const struct local *local, struct context *context, uint32_t chain,
                              bool write)
{
    const struct office *office = local_office_find(local, chain);
    uint64_t waiting = 0;
    if (!office)
        return 0;
    const struct letter_queue *queues[] = {&office->inbox, &office->own};
    for (int i = 0; i < 2; i++)
        for (uint32_t handle = (uint32_t)queues[i]->first; handle;) {
            const struct letter *letter = local_letter_at(local, handle);
            handle = (uint32_t)letter->next;
            if (letter->envelope.first_committed_ns == 0)
                continue; /* of a block that is not final */
            waiting++;
            if (write)
                write_row(context, letter, MESSAGE_IN_FLIGHT, UINT64_MAX);
        }
    for (uint32_t handle = office->way_first; handle;) {
        const struct letter *letter = local_letter_at(local, handle);
        handle = letter->after;
        if (letter_arrivals_has(&local->arrivals, local_pair_of(chain, letter->destination),
                                letter->sequence))
            continue; /* the destination has it and only the receipt is under way */
        waiting++;
        if (write)
            write_row(context, letter, MESSAGE_IN_FLIGHT, UINT64_MAX);
    }
    return waiting;
}

static uint64_t count_all_waiting(const struct local *local, struct context *context, bool write)
{
    static const enum chain_class classes[] = {CHAIN_SHARD, CHAIN_MASTER};
    const struct chain_seam *chain = &local->stack->chain;
    uint64_t waiting = 0;
    for (int i = 0; i < 2; i++) {
        uint32_t count = chain->count(chain->self, classes[i]);
        for (uint32_t ordinal = 0; ordinal < count; ordinal++)
            waiting +=
                count_waiting(local, context, chain->at(chain->self, classes[i], ordinal), write);
    }
    return waiting;
}

static void check_liveness(void *state, struct context *context)
{
    const struct local *local = state;
    if (!watching(local))
        return;
    uint64_t waiting = count_all_waiting(local, context, false);
    if (waiting != local->watched.count)
        context_violation(context, LAYER_MESSAGING, PROPERTY_EXACTLY_ONCE, 0,
                          "%u messages are not delivered, but %llu wait somewhere",
                          local->watched.count, (unsigned long long)waiting);
}

static void report(void *state, struct context *context)
{
    (void)count_all_waiting(state, context, true);
}

/* ---- The model ---- */

static int build(const struct build *build, void **ret_state)
{
    const struct local_config *config = build->config;
    struct memory *memory = world_memory(build->world);
    const struct chain_seam *chain = &build->stack->chain;
    *ret_state = NULL;
    if (chain->reshards && chain->reshards(chain->self)) {
        diagnostics_add(build->diagnostics, "E311", build->pointer, AT_VALUE,
                        "this messaging does not divide what it has when a shard splits",
                        "messaging hypercube, or no chain.resharding", NULL,
                        "\"type\": \"hypercube\"");
        return -1;
    }
    struct local *local = memory_take(memory, "messaging", sizeof *local);
    SIM_ASSERT(build->slot == LAYER_MESSAGING);
    local->memory = memory;
    local->world = build->world;
    local->stack = build->stack;
    local->delivery_gas = (uint32_t)config->delivery_gas;
    local->break_rule = config->break_rule;
    pool_init(&local->letters, memory, "messaging: letters", sizeof(struct letter));
    pool_init(&local->offices, memory, "messaging: chains", sizeof(struct office));
    map_init(&local->office_of, memory, "messaging: chains");
    map_init(&local->way_of, memory, "messaging: under way");
    map_init(&local->sent_of, memory, "messaging: pairs");
    letter_arrivals_init(&local->arrivals, memory);
    map_init(&local->watched, memory, "messaging: watched");
    build->stack->messaging = (struct messaging_seam){
        .self = local, .price = no_fees_price, .held = no_fees_held, .emit = emit};
    build->stack->app[LAYER_MESSAGING] =
        (struct block_app){.self = local, .fill = fill, .final = final, .dropped = dropped};
    *ret_state = local;
    return 0;
}

static void destroy(void *state)
{
    struct local *local = state;
    if (!local)
        return;
    struct map *maps[] = {&local->office_of, &local->way_of, &local->sent_of, &local->watched};
    for (size_t i = 0; i < sizeof maps / sizeof maps[0]; i++)
        map_destroy(maps[i]);
    letter_arrivals_destroy(&local->arrivals);
    pool_destroy(&local->letters);
    pool_destroy(&local->offices);
    memory_give(local->memory, local, sizeof *local);
}

static const char *const break_choices[] = {"nothing", "twice", "lose", NULL};

static const struct param params[] = {
    {.name = "delivery_gas",
     .help = "gas that a delivery takes in its block, besides what its execution takes",
     .kind = PARAM_INTEGER,
     .offset = offsetof(struct local_config, delivery_gas),
     .value_default = 1000,
     .value_min = 1,
     .value_max = 1000000000},
    {.name = "break_rule",
     .help = "breaks a rule on purpose, so that its check is seen to find it",
     .kind = PARAM_CHOICE,
     .offset = offsetof(struct local_config, break_rule),
     .value_default = BREAK_NOTHING,
     .choices = break_choices,
     .hidden = true},
    PARAM_END,
};

static const char *const message_kinds[] = {"letter", "receipt", NULL};
static const char *const timer_kinds[] = {"resend", NULL};
static const char *const trace_kinds[] = {"sent", "delivered", NULL};

static const struct model_metric metrics[] = {
    {"messages_sent", "messages", "messages that left with a final block"},
    {"messages_delivered", "messages", "messages that a final block delivered"},
    {"messages_resent", "packets", "packets sent again for want of a receipt"},
    {"messages_duplicate", "packets", "packets of messages that had arrived before"},
    {NULL, NULL, NULL},
};

static const struct model_property properties[] = {
    {"exactly_once", "each message is delivered once, and none is lost (TON-3)", false},
    {NULL, NULL, false},
};

const struct model messaging_local_model = {
    .layer = LAYER_MESSAGING,
    .layer_name = "messaging",
    .name = "local",
    .summary = "the ideal messaging: straight to the destination, in its next block",
    .version = 1,
    .config_bytes = sizeof(struct local_config),
    .params = params,
    .message_kinds = message_kinds,
    .timer_kinds = timer_kinds,
    .trace_kinds = trace_kinds,
    .metrics = metrics,
    .properties = properties,
    .build = build,
    .on_message = on_message,
    .on_timer = on_timer,
    .on_fault = on_fault,
    .check_liveness = check_liveness,
    .report = report,
    .destroy = destroy,
};
