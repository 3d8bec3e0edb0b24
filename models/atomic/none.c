#include "models/atomic/none.h"

#include "models/stack.h"
#include "sim/context.h"
#include "sim/memory.h"
#include "sim/world.h"

enum message_kind { MESSAGE_SUBMIT, MESSAGE_OUTCOME };
static const char *const message_kinds[] = {"submit", "outcome", NULL};

enum metric { METRIC_SUBMITTED, METRIC_SETTLED };
static const struct model_metric metrics[] = {
    {"atomic_submitted", "transactions", "transactions that reached their home chain"},
    {"atomic_settled", "transactions", "transactions that were committed or refused"},
    {NULL, NULL, NULL},
};

enum { HEADER_BYTES = 64, OUTCOME_BYTES = 96 };

struct none {
    struct memory *memory;
    struct stack *stack;
};

/* On the client's node. SIMPLIFICATION: sent once, unsigned; a lost one stays pending. */
static void submit(void *self, struct context *context, const struct tx *tx)
{
    struct none *none = self;
    const struct chain_seam *chain = &none->stack->chain;
    uint32_t home = chain->find(chain->self, tx->part[0].account);
    SIM_ASSERT(home != CHAIN_NONE); /* the client drew it from the accounts that exist */
    context_send(context, &(struct send){.to = chain->gateway(chain->self, home, tx->id),
                                         .wire_bytes = tx->bytes + HEADER_BYTES,
                                         .slot = LAYER_ATOMIC,
                                         .kind = MESSAGE_SUBMIT,
                                         .chain = home,
                                         .subject = tx->id,
                                         .payload = tx,
                                         .payload_bytes = sizeof *tx});
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
    context_send(context, &(struct send){.to = workload->client_node + client,
                                         .wire_bytes = OUTCOME_BYTES,
                                         .slot = LAYER_ATOMIC,
                                         .kind = MESSAGE_OUTCOME,
                                         .chain = chain,
                                         .subject = result->tx,
                                         .payload = result,
                                         .payload_bytes = sizeof *result});
}

static void reserved(void *self, struct context *context, struct block *block, uint64_t tx,
                     const struct part *part, bool yes)
{
    (void)self, (void)context, (void)block, (void)tx, (void)part, (void)yes;
    SIM_ASSERT(false); /* this layer never reserves */
}

static void on_message(void *state, struct context *context, const struct message *message)
{
    struct none *none = state;
    if (message->kind == MESSAGE_SUBMIT) {
        const struct chain_seam *chain = &none->stack->chain;
        const struct ledger_seam *ledger = &none->stack->ledger;
        struct tx tx = *(const struct tx *)message->payload;
        context_count(context, LAYER_ATOMIC, METRIC_SUBMITTED, 1);
        ledger->submit(ledger->self, context, chain->find(chain->self, tx.part[0].account), &tx);
        return;
    }
    SIM_ASSERT(message->kind == MESSAGE_OUTCOME);
    struct tx_result result = *(const struct tx_result *)message->payload;
    const struct workload_seam *workload = &none->stack->workload[result.workload - LAYER_WORKLOAD];
    workload->outcome(workload->self, context, &result);
}

static void on_timer(void *state, struct context *context, uint8_t kind, uint32_t chain,
                     uint64_t cookie)
{
    (void)state, (void)context, (void)kind, (void)chain, (void)cookie;
    SIM_ASSERT(false); /* this layer sets none */
}

static int build(const struct build *build, void **ret_state)
{
    SIM_ASSERT(build->slot == LAYER_ATOMIC);
    struct memory *memory = world_memory(build->world);
    struct none *none = memory_take(memory, "atomic", sizeof *none);
    *none = (struct none){.memory = memory, .stack = build->stack};
    build->stack->atomic = (struct atomic_seam){
        .self = none, .submit = submit, .settled = settled, .reserved = reserved};
    *ret_state = none;
    return 0;
}

static void destroy(void *state)
{
    struct none *none = state;
    if (none)
        memory_give(none->memory, none, sizeof *none);
}

static const struct param params[] = {PARAM_END};
static const char *const no_kinds[] = {NULL};
static const struct model_property properties[] = {{NULL, NULL, false}};

const struct model atomic_none_model = {
    .layer = LAYER_ATOMIC,
    .layer_name = "atomic",
    .name = "none",
    .summary = "no commit protocol: a transfer is a debit and a message",
    .version = 1,
    .config_bytes = 1,
    .params = params,
    .message_kinds = message_kinds,
    .timer_kinds = no_kinds,
    .trace_kinds = no_kinds,
    .metrics = metrics,
    .properties = properties,
    .build = build,
    .on_message = on_message,
    .on_timer = on_timer,
    .destroy = destroy,
};
