#include "models/atomic/none.h"

#include "models/atomic/arrival_window.h"
#include "models/atomic/parcel_box.h"
#include "models/stack.h"
#include "sim/context.h"
#include "sim/fault.h"
#include "sim/memory.h"
#include "sim/world.h"

enum message_kind { MESSAGE_SUBMIT, MESSAGE_OUTCOME, MESSAGE_RECEIPT };
static const char *const message_kinds[] = {"submit", "outcome", "receipt", NULL};

enum timer_kind { TIMER_RESEND };
static const char *const timer_kinds[] = {"resend", NULL};

enum metric { METRIC_SUBMITTED, METRIC_SETTLED, METRIC_RESENT, METRIC_DUPLICATES };
static const struct model_metric metrics[] = {
    {"atomic_submitted", "transactions", "transactions that reached their home chain"},
    {"atomic_settled", "transactions", "transactions that were committed or refused"},
    {"atomic_resent", "packets", "packets sent again for want of a receipt"},
    {"atomic_duplicate", "packets", "submissions that had come before"},
    {NULL, NULL, NULL},
};

enum break_rule { BREAK_NONE, BREAK_TWICE };
static const char *const break_rules[] = {"none", "twice", NULL};

enum property { PROPERTY_SUBMITTED_ONCE };
static const struct model_property properties[] = {
    {"submitted_once", "no transaction enters its home chain's ledger twice", false},
    {NULL, NULL, false},
};

enum { HEADER_BYTES = 64, OUTCOME_BYTES = 96, RECEIPT_BYTES = 64 };

struct none_config {
    int64_t resend_ns, break_rule;
};

static const struct param params[] = {
    {.name = "resend",
     .help = "when a submission or an outcome is sent again for want of a receipt; 0s = never, and "
             "no receipts",
     .kind = PARAM_DURATION,
     .offset = offsetof(struct none_config, resend_ns),
     .value_default = INT64_C(10000000000),
     .value_min = 0,
     .value_max = INT64_C(86400000000000)},
    {.name = "break", /* hidden: tests let duplicates in and see that it is noticed */
     .help = "take every submission that comes for a new one",
     .kind = PARAM_CHOICE,
     .offset = offsetof(struct none_config, break_rule),
     .choices = break_rules,
     .hidden = true},
    PARAM_END,
};

struct none {
    const struct none_config *config;
    struct memory *memory;
    struct world *world;
    struct stack *stack;
    struct pool parcels, boxes;
    struct map box_of;    /* node -> box */
    struct map parcel_of; /* name_of(parcel) -> parcel */
    struct map sent_of;   /* client << 32 | chain -> last sequence given */
    struct arrival_window window;
    struct map taken; /* tx -> 1: in a ledger and not settled; kept by the property only */
};

/* On the wire. attempt: which copy this is; its receipt has luck of its own. home: the chain that
 * it was sent to; another one may hold the account by now. */
struct submission {
    struct tx tx;
    uint32_t sequence, attempt, home, client_node;
};

struct notice {
    struct tx_result result;
    uint32_t attempt;
};

struct receipt {
    enum parcel_kind kind;
};

/* A transaction has one parcel of each kind at most. The top bits of its id are free. */
static uint64_t name_of(uint64_t tx, enum parcel_kind kind)
{
    SIM_ASSERT(tx >> 63 == 0);
    return tx | (uint64_t)kind << 63;
}

/* ---- Sending until thanked ---- */

static struct parcel_box *box_of(struct none *none, uint32_t node)
{
    uint64_t handle = 0;
    if (!map_get(&none->box_of, node, &handle)) {
        handle = pool_take(&none->boxes);
        map_put(&none->box_of, node, handle);
    }
    return pool_at(&none->boxes, (uint32_t)handle);
}

static void transmit(struct context *context, const struct parcel *parcel)
{
    struct send send = {
        .to = parcel->to, .slot = LAYER_ATOMIC, .chain = parcel->chain, .attempt = parcel->attempt};
    if (parcel->kind == PARCEL_SUBMIT) {
        struct submission submission = {.tx = parcel->content.tx,
                                        .sequence = parcel->sequence,
                                        .attempt = parcel->attempt,
                                        .home = parcel->chain,
                                        .client_node = context->self};
        send.wire_bytes = submission.tx.bytes + HEADER_BYTES;
        send.kind = MESSAGE_SUBMIT;
        send.subject = submission.tx.id;
        send.payload = &submission;
        send.payload_bytes = sizeof submission;
        context_send(context, &send);
        return;
    }
    struct notice notice = {.result = parcel->content.result, .attempt = parcel->attempt};
    send.wire_bytes = OUTCOME_BYTES;
    send.kind = MESSAGE_OUTCOME;
    send.subject = notice.result.tx;
    send.payload = &notice;
    send.payload_bytes = sizeof notice;
    context_send(context, &send);
}

/* One timer for all parcels of a node: for the one at the front. */
static void arm(struct none *none, struct context *context, struct parcel_box *box)
{
    if (box->timer || !box->first)
        return;
    uint64_t at_ns = parcel_at(&none->parcels, box->first)->resend_ns;
    box->timer = context_timer(context, context->self, LAYER_ATOMIC, TIMER_RESEND, CHAIN_NONE,
                               at_ns > context->now_ns ? at_ns : context->now_ns, 0);
}

/* Sends a parcel, and keeps it until there is a receipt. */
static void post(struct none *none, struct context *context, const struct parcel *content)
{
    transmit(context, content);
    if (none->config->resend_ns == 0)
        return;
    uint32_t handle = pool_take(&none->parcels);
    struct parcel *parcel = parcel_at(&none->parcels, handle);
    *parcel = *content;
    parcel->resend_ns = context->now_ns + (uint64_t)none->config->resend_ns;
    uint64_t tx = parcel->kind == PARCEL_SUBMIT ? parcel->content.tx.id : parcel->content.result.tx;
    map_put(&none->parcel_of, name_of(tx, parcel->kind), handle);
    struct parcel_box *box = box_of(none, context->self);
    parcel_box_append(box, &none->parcels, handle);
    arm(none, context, box);
}

static void resend(struct none *none, struct context *context)
{
    struct parcel_box *box = box_of(none, context->self);
    box->timer = 0;
    uint32_t last = box->last; /* each parcel at most once */
    bool more = box->first != 0;
    while (more) {
        uint32_t handle = box->first;
        struct parcel *parcel = parcel_at(&none->parcels, handle);
        if (parcel->resend_ns > context->now_ns)
            break;
        more = handle != last;
        parcel->attempt++;
        parcel->resend_ns = context->now_ns + (uint64_t)none->config->resend_ns;
        transmit(context, parcel);
        parcel_box_remove(box, &none->parcels, handle);
        parcel_box_append(box, &none->parcels, handle);
        context_count(context, LAYER_ATOMIC, METRIC_RESENT, 1);
    }
    arm(none, context, box);
}

static void thank(struct none *none, struct context *context, const struct message *message,
                  uint32_t to, enum parcel_kind kind, uint32_t attempt)
{
    if (none->config->resend_ns == 0)
        return;
    struct receipt receipt = {.kind = kind};
    context_send(context, &(struct send){.to = to,
                                         .wire_bytes = RECEIPT_BYTES,
                                         .slot = LAYER_ATOMIC,
                                         .kind = MESSAGE_RECEIPT,
                                         .attempt = attempt,
                                         .subject = message->subject,
                                         .payload = &receipt,
                                         .payload_bytes = sizeof receipt});
}

static void thanked(struct none *none, struct context *context, const struct message *message)
{
    const struct receipt *receipt = message->payload;
    uint64_t name = name_of(message->subject, receipt->kind);
    uint64_t handle;
    if (!map_get(&none->parcel_of, name, &handle))
        return; /* thanked before */
    parcel_box_remove(box_of(none, context->self), &none->parcels, (uint32_t)handle);
    map_remove(&none->parcel_of, name);
    pool_give(&none->parcels, (uint32_t)handle);
}

/* ---- The seam ---- */

/* On the client's node. SIMPLIFICATION: nothing is signed. */
static void submit(void *self, struct context *context, const struct tx *tx)
{
    struct none *none = self;
    const struct chain_seam *chain = &none->stack->chain;
    uint32_t home = chain->find(chain->self, tx->part[0].account);
    SIM_ASSERT(home != CHAIN_NONE); /* the client drew it from the accounts that exist */
    struct parcel parcel = {.kind = PARCEL_SUBMIT,
                            .content.tx = *tx,
                            .to = chain->gateway(chain->self, home, tx->id),
                            .chain = home};
    if (none->config->resend_ns > 0) {
        uint64_t pair = (uint64_t)tx->client << 32 | home;
        uint64_t sequence = 0;
        (void)map_get(&none->sent_of, pair, &sequence);
        map_put(&none->sent_of, pair, ++sequence);
        SIM_ASSERT(sequence <= UINT32_MAX);
        parcel.sequence = (uint32_t)sequence;
    }
    post(none, context, &parcel);
}

static bool watching(const struct none *none)
{
    return world_property_on(none->world, LAYER_ATOMIC, PROPERTY_SUBMITTED_ONCE);
}

/* On a node of the chain that settled it: the client is told. */
static void settled(void *self, struct context *context, uint32_t chain,
                    const struct tx_result *result)
{
    struct none *none = self;
    SIM_ASSERT(result->workload >= LAYER_WORKLOAD);
    const struct workload_seam *workload =
        &none->stack->workload[result->workload - LAYER_WORKLOAD];
    uint32_t client = (uint32_t)(result->tx >> 32) & UINT16_MAX; /* local to the workload */
    context_count(context, LAYER_ATOMIC, METRIC_SETTLED, 1);
    if (watching(none) && !map_remove(&none->taken, result->tx))
        context_violation(context, LAYER_ATOMIC, PROPERTY_SUBMITTED_ONCE, result->tx,
                          "transaction %llu was settled twice, or never submitted",
                          (unsigned long long)result->tx);
    struct parcel parcel = {.kind = PARCEL_OUTCOME,
                            .content.result = *result,
                            .to = workload->client_node + client,
                            .chain = chain};
    post(none, context, &parcel);
}

static void reserved(void *self, struct context *context, struct block *block, uint64_t tx,
                     const struct part *part, bool yes)
{
    (void)self, (void)context, (void)block, (void)tx, (void)part, (void)yes;
    SIM_ASSERT(false); /* this layer never reserves */
}

/* ---- Handlers ---- */

/* A shard that was divided or united passes on what still comes to it (TON-R57). */
static void pass_on(struct context *context, const struct message *message, uint32_t node)
{
    const struct submission *submission = message->payload;
    context_send(context, &(struct send){.to = node,
                                         .wire_bytes = message->wire_bytes,
                                         .slot = LAYER_ATOMIC,
                                         .kind = MESSAGE_SUBMIT,
                                         .attempt = submission->attempt,
                                         .chain = submission->home,
                                         .subject = message->subject,
                                         .payload = message->payload,
                                         .payload_bytes = message->payload_bytes});
}

static void submission_came(struct none *none, struct context *context,
                            const struct message *message)
{
    const struct chain_seam *chain = &none->stack->chain;
    const struct ledger_seam *ledger = &none->stack->ledger;
    struct submission submission = *(const struct submission *)message->payload;
    const struct tx *tx = &submission.tx;
    uint32_t home = chain->find(chain->self, tx->part[0].account);
    uint32_t node = chain->home(chain->self, home);
    if (node != context->self && chain->reshards(chain->self)) {
        pass_on(context, message, node);
        return;
    }
    thank(none, context, message, submission.client_node, PARCEL_SUBMIT, submission.attempt);
    bool is_new = none->config->resend_ns == 0 ||
                  arrival_window_note(&none->window, (uint64_t)tx->client << 32 | submission.home,
                                      submission.sequence);
    if (!is_new) {
        context_count(context, LAYER_ATOMIC, METRIC_DUPLICATES, 1);
        if (none->config->break_rule != BREAK_TWICE)
            return;
    }
    context_count(context, LAYER_ATOMIC, METRIC_SUBMITTED, 1);
    if (watching(none)) {
        uint64_t before;
        if (!is_new || map_get(&none->taken, tx->id, &before))
            context_violation(context, LAYER_ATOMIC, PROPERTY_SUBMITTED_ONCE, tx->id,
                              "transaction %llu entered its home chain twice",
                              (unsigned long long)tx->id);
        map_put(&none->taken, tx->id, 1);
    }
    ledger->submit(ledger->self, context, home, tx);
}

static void outcome_came(struct none *none, struct context *context, const struct message *message)
{
    struct notice notice = *(const struct notice *)message->payload;
    const struct workload_seam *workload =
        &none->stack->workload[notice.result.workload - LAYER_WORKLOAD];
    thank(none, context, message, message->from, PARCEL_OUTCOME, notice.attempt);
    workload->outcome(workload->self, context, &notice.result); /* a second one does no harm */
}

static void on_message(void *state, struct context *context, const struct message *message)
{
    struct none *none = state;
    if (message->kind == MESSAGE_SUBMIT)
        submission_came(none, context, message);
    else if (message->kind == MESSAGE_OUTCOME)
        outcome_came(none, context, message);
    else
        thanked(none, context, message);
}

static void on_timer(void *state, struct context *context, uint8_t kind, uint32_t chain,
                     uint64_t cookie)
{
    (void)chain, (void)cookie;
    SIM_ASSERT(kind == TIMER_RESEND);
    resend(state, context);
}

/* SIMPLIFICATION: what waits for a receipt survives a crash; only the timer has to be set again. */
static void on_fault(void *state, struct context *context, const struct fault *fault)
{
    struct none *none = state;
    bool comes_up = fault->type == FAULT_RESTART || (fault->type == FAULT_CRASH && !fault->begins);
    uint64_t handle;
    if (!comes_up || !map_get(&none->box_of, context->self, &handle))
        return;
    struct parcel_box *box = pool_at(&none->boxes, (uint32_t)handle);
    if (box->timer)
        context_timer_cancel(context, box->timer);
    box->timer = 0;
    arm(none, context, box);
}

/* ---- Model ---- */

static int build(const struct build *build, void **ret_state)
{
    SIM_ASSERT(build->slot == LAYER_ATOMIC);
    struct memory *memory = world_memory(build->world);
    struct none *none = memory_take(memory, "atomic", sizeof *none);
    *none = (struct none){
        .config = build->config, .memory = memory, .world = build->world, .stack = build->stack};
    pool_init(&none->parcels, memory, "atomic: packets without receipt", sizeof(struct parcel));
    pool_init(&none->boxes, memory, "atomic: nodes in use", sizeof(struct parcel_box));
    map_init(&none->box_of, memory, "atomic: index of nodes");
    map_init(&none->parcel_of, memory, "atomic: index of packets");
    map_init(&none->sent_of, memory, "atomic: submissions of clients");
    map_init(&none->taken, memory, "atomic: transactions watched");
    arrival_window_init(&none->window, memory);
    build->stack->atomic = (struct atomic_seam){
        .self = none, .submit = submit, .settled = settled, .reserved = reserved};
    *ret_state = none;
    return 0;
}

static void destroy(void *state)
{
    struct none *none = state;
    if (!none)
        return;
    pool_destroy(&none->parcels);
    pool_destroy(&none->boxes);
    map_destroy(&none->box_of);
    map_destroy(&none->parcel_of);
    map_destroy(&none->sent_of);
    map_destroy(&none->taken);
    arrival_window_destroy(&none->window);
    memory_give(none->memory, none, sizeof *none);
}

static const char *const no_kinds[] = {NULL};

const struct model atomic_none_model = {
    .layer = LAYER_ATOMIC,
    .layer_name = "atomic",
    .name = "none",
    .summary = "no commit protocol: a transfer is a debit and a message",
    .version = 2,
    .config_bytes = sizeof(struct none_config),
    .params = params,
    .message_kinds = message_kinds,
    .timer_kinds = timer_kinds,
    .trace_kinds = no_kinds,
    .metrics = metrics,
    .properties = properties,
    .build = build,
    .on_message = on_message,
    .on_timer = on_timer,
    .on_fault = on_fault,
    .destroy = destroy,
};
