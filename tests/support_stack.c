#include "tests/support_stack.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/chain/chain_blocks.h"
#include "models/messaging/local.h"
#include "models/spread/spread_ideal.h"
#include "models/spread/spread_params.h"
#include "models/state/state_ram.h"
#include "sim/context.h"
#include "sim/memory.h"
#include "tests/model_by_hand.h"

#define SECOND UINT64_C(1000000000)

enum { TOY_MESSAGE = 3, TOY_TIMER_JOB = 0, ROWS_A_CHAIN = 7, TX_GAS = 21 };

/* The ledger of one chain. Words that blocks change come first. */
struct toy_chain {
    uint64_t consumed, emitted, received;
    uint64_t appended;                /* items that came in; outside blocks */
    uint64_t before[3];               /* the words when the open block began */
    uint64_t block;                   /* the open block that `before` belongs to */
    uint32_t queue[SUPPORT_JOBS_MAX]; /* jobs, in the order of coming */
    uint32_t queued;
};

struct toy {
    struct support_stack *support;
    struct stack *stack;
    struct toy_chain *chains; /* by ordinal; the masterchain last */
    uint32_t count;
    uint64_t emitted;
};

static uint32_t chain_of(const struct toy *toy, uint32_t ordinal)
{
    const struct chain_seam *chain = &toy->stack->chain;
    uint32_t shards = chain->count(chain->self, CHAIN_SHARD);
    return ordinal < shards ? chain->at(chain->self, CHAIN_SHARD, ordinal)
                            : chain->at(chain->self, CHAIN_MASTER, ordinal - shards);
}

static struct toy_chain *chain_state(struct toy *toy, uint32_t chain)
{
    for (uint32_t i = 0; i < toy->count; i++)
        if (chain_of(toy, i) == chain)
            return &toy->chains[i];
    SIM_ASSERT(false);
    return NULL;
}

/* The job that item `index` of a chain belongs to. */
static const struct support_job *job_of(const struct toy *toy, const struct toy_chain *state,
                                        uint64_t index)
{
    uint64_t end = 0;
    for (uint32_t i = 0; i < state->queued; i++) {
        const struct support_job *job = &toy->support->jobs[state->queue[i]];
        end += job->items;
        if (index < end)
            return job;
    }
    SIM_ASSERT(false);
    return NULL;
}

static void add_to_row(struct toy *toy, struct block *block, uint64_t index)
{
    struct state_seam *state = &toy->stack->state;
    struct row row = {.chain = block->chain, .space = 1, .key = index % ROWS_A_CHAIN};
    uint64_t value = 99, after = 99;
    SIM_ASSERT(state->read(state->self, block, row, &value) == VERDICT_YES);
    state->write(state->self, block, row, value + 1);
    SIM_ASSERT(state->read(state->self, block, row, &after) == VERDICT_YES);
    if (after != value + 1)
        toy->support->row_errors++;
}

static void emit_to(struct toy *toy, struct context *context, struct block *block, uint32_t ordinal)
{
    const struct chain_seam *chain = &toy->stack->chain;
    struct envelope envelope = {.bytes = 200, .layer = LAYER_LEDGER, .kind = TOY_MESSAGE};
    envelope.flags = toy->support->envelope_flags;
    envelope.tx = ordinal; /* for whom it was made, whatever becomes of the address */
    envelope.from = chain->prefix(chain->self, block->chain);
    if (toy->support->senders > 0)
        envelope.from.prefix += toy->emitted++ / SUPPORT_RUN % toy->support->senders;
    if (toy->support->foreign_sender)
        envelope.from = chain->prefix(chain->self, chain_of(toy, ordinal));
    envelope.to = chain->prefix(chain->self, chain_of(toy, ordinal));
    if (toy->support->relays > 0 && ordinal == 1) /* two accounts of shard 1, in turn */
        envelope.to.prefix += toy->emitted++ % 2;
    toy->stack->messaging.emit(toy->stack->messaging.self, context, block, &envelope);
    SIM_ASSERT(envelope.id >> 32 == block->chain);
}

/* Shard 1 passes on what it gets: an account of it makes several messages to shard 2 of each. */
static void relay(struct toy *toy, struct context *context, struct block *block,
                  struct toy_chain *state, struct address account)
{
    const struct chain_seam *chain = &toy->stack->chain;
    if (toy->support->relays == 0 || block->chain != chain_of(toy, 1))
        return;
    for (uint32_t i = 0; i < toy->support->relays; i++) {
        struct envelope envelope = {.bytes = 200, .layer = LAYER_LEDGER, .kind = TOY_MESSAGE};
        envelope.tx = 2; /* for whom, as in emit_to */
        envelope.from = account;
        envelope.to = chain->prefix(chain->self, chain_of(toy, 2));
        block_set(toy->stack, block, &state->emitted, state->emitted + 1);
        toy->stack->messaging.emit(toy->stack->messaging.self, context, block, &envelope);
    }
}

static void begin(struct toy_chain *state, const struct block *block)
{
    if (state->block == block->id)
        return;
    state->block = block->id;
    memcpy(state->before, state, sizeof state->before);
}

static uint32_t toy_fill(void *self, struct context *context, struct block *block, uint32_t round)
{
    struct toy *toy = self;
    const struct chain_seam *chain = &toy->stack->chain;
    struct toy_chain *state = chain_state(toy, block->chain);
    uint32_t added = 0;
    (void)round;
    begin(state, block);
    while (state->consumed < state->appended) {
        const struct support_job *job = job_of(toy, state, state->consumed);
        if (!chain->charge(chain->self, block, job->bytes, job->gas))
            break;
        add_to_row(toy, block, state->consumed);
        block_set(toy->stack, block, &state->consumed, state->consumed + 1);
        if (job->to != SUPPORT_NOWHERE) {
            block_set(toy->stack, block, &state->emitted, state->emitted + 1);
            emit_to(toy, context, block, (uint32_t)job->to);
        }
        added++;
    }
    return added;
}

static void toy_deliver(void *self, struct context *context, struct block *block,
                        const struct envelope *envelope)
{
    struct toy *toy = self;
    struct toy_chain *state = chain_state(toy, block->chain);
    SIM_ASSERT(envelope->kind == TOY_MESSAGE);
    toy->support->strayed += block->chain != chain_of(toy, (uint32_t)envelope->tx);
    begin(state, block); /* messaging fills before the ledger */
    block_set(toy->stack, block, &state->received, state->received + 1);
    relay(toy, context, block, state, envelope->to);
}

static void record(struct toy *toy, const struct block *block, bool dropped)
{
    struct support_stack *support = toy->support;
    SIM_ASSERT(support->block_count < SUPPORT_BLOCKS_MAX);
    support->blocks[support->block_count++] =
        (struct support_block){.id = block->id,
                               .time_ns = block->time_ns,
                               .final_ns = block->final_ns,
                               .master_seqno = block->master_seqno,
                               .chain = block->chain,
                               .height = block->height,
                               .items = block->items,
                               .bytes = block->bytes,
                               .gas = block->gas,
                               .queue_length = block->queue_length,
                               .limit_class = block->limit_class,
                               .overloaded = block->overloaded,
                               .underloaded = block->underloaded,
                               .dispatch_full = block->dispatch_full,
                               .dropped = dropped};
}

static void toy_final(void *self, struct context *context, const struct block *block)
{
    struct toy *toy = self;
    const struct chain_seam *chain = &toy->stack->chain;
    struct toy_chain *state = chain_state(toy, block->chain);
    SIM_ASSERT(state->block == block->id);
    toy->support->items_final += state->consumed - state->before[0];
    toy->support->sent += state->emitted - state->before[1];
    toy->support->received += state->received - state->before[2];
    state->block = 0;
    record(toy, block, false);
    if (state->consumed < state->appended)
        chain->wake(chain->self, context, block->chain);
}

static void toy_dropped(void *self, struct context *context, const struct block *block)
{
    struct toy *toy = self;
    struct toy_chain *state = chain_state(toy, block->chain);
    (void)context;
    if (memcmp(state->before, state, sizeof state->before) != 0)
        toy->support->undo_errors++;
    state->block = 0;
    record(toy, block, true);
}

static enum verdict toy_reserve(void *self, struct block *block, uint64_t tx,
                                const struct part *part)
{
    (void)self, (void)block, (void)tx, (void)part;
    return VERDICT_NO;
}

static int toy_build(const struct build *build, void **ret_state)
{
    struct toy *toy = calloc(1, sizeof *toy);
    const struct chain_seam *chain = &build->stack->chain;
    toy->support = (struct support_stack *)(uintptr_t)build->config;
    toy->stack = build->stack;
    toy->count = chain->count(chain->self, CHAIN_SHARD) + chain->count(chain->self, CHAIN_MASTER);
    /* Only shards with jobs or messages are looked at; the tests of many idle ones have few. */
    toy->count = toy->count > 64 ? 64 : toy->count;
    toy->chains = calloc(toy->count + 1, sizeof *toy->chains);
    build->stack->ledger = (struct ledger_seam){.self = toy, .reserve = toy_reserve};
    build->stack->app[LAYER_LEDGER] = (struct block_app){.self = toy,
                                                         .fill = toy_fill,
                                                         .final = toy_final,
                                                         .dropped = toy_dropped,
                                                         .deliver = toy_deliver};
    *ret_state = toy;
    return 0;
}

static void toy_start(void *self, struct context *context)
{
    struct toy *toy = self;
    const struct chain_seam *chain = &toy->stack->chain;
    for (uint32_t i = 0; i < toy->support->job_count; i++) {
        const struct support_job *job = &toy->support->jobs[i];
        uint32_t id = chain_of(toy, job->shard);
        uint32_t node = chain->home(chain->self, id);
        context_as(context, node);
        context_timer(context, node, LAYER_LEDGER, TOY_TIMER_JOB, id, job->at_ns, i);
    }
}

static void toy_timer(void *self, struct context *context, uint8_t kind, uint32_t chain_id,
                      uint64_t index)
{
    struct toy *toy = self;
    const struct chain_seam *chain = &toy->stack->chain;
    struct toy_chain *state = chain_state(toy, chain_id);
    SIM_ASSERT(kind == TOY_TIMER_JOB);
    state->queue[state->queued++] = (uint32_t)index;
    state->appended += toy->support->jobs[index].items;
    toy->support->items_in += toy->support->jobs[index].items;
    chain->wake(chain->self, context, chain_id);
    chain->wake(chain->self, context, chain_id); /* the second is free */
}

static void toy_message(void *self, struct context *context, const struct message *message)
{
    (void)self, (void)context, (void)message;
}

static void toy_report(void *self, struct context *context)
{
    struct toy *toy = self;
    struct state_seam *state = &toy->stack->state;
    (void)context;
    for (uint32_t i = 0; i < toy->count; i++)
        for (uint64_t key = 0; key < ROWS_A_CHAIN; key++) {
            struct block view = {.chain = chain_of(toy, i)};
            uint64_t value = 0;
            state->read(state->self, &view, (struct row){view.chain, 1, key}, &value);
            toy->support->rows_sum += value;
        }
}

static void toy_destroy(void *self)
{
    struct toy *toy = self;
    if (!toy)
        return;
    free(toy->chains);
    free(toy);
}

static void toy_submit(void *self, struct context *context, const struct tx *tx)
{
    (void)self, (void)context, (void)tx;
}

static int atomic_build(const struct build *build, void **ret_state)
{
    static int nothing;
    build->stack->atomic = (struct atomic_seam){.self = &nothing, .submit = toy_submit};
    *ret_state = &nothing;
    return 0;
}

static const char *const job_kinds[] = {"job", NULL};

static const struct model toy_model = {MODEL_BY_HAND,
                                       .layer = LAYER_LEDGER,
                                       .layer_name = "ledger",
                                       .name = "toy",
                                       .summary = "jobs of a test",
                                       .config_bytes = sizeof(struct support_stack),
                                       .message_kinds = no_kinds,
                                       .timer_kinds = job_kinds,
                                       .build = toy_build,
                                       .start = toy_start,
                                       .on_message = toy_message,
                                       .on_timer = toy_timer,
                                       .report = toy_report,
                                       .destroy = toy_destroy};

static const struct model atomic_model = {MODEL_BY_HAND,
                                          .layer = LAYER_ATOMIC,
                                          .layer_name = "atomic",
                                          .name = "toy",
                                          .summary = "no transactions",
                                          .config_bytes = 1,
                                          .message_kinds = no_kinds,
                                          .timer_kinds = no_kinds,
                                          .build = atomic_build,
                                          .on_message = toy_message,
                                          .destroy = destroy_nothing};

static bool is_number(const struct param *param)
{
    return param->kind == PARAM_BOOL || param->kind == PARAM_INTEGER ||
           param->kind == PARAM_RATIO || param->kind == PARAM_DURATION ||
           param->kind == PARAM_BYTES || param->kind == PARAM_CHOICE;
}

struct support_stack *support_stack_new(void)
{
    struct support_stack *support = calloc(1, sizeof *support);
    struct scenario *scenario = &support->scenario;
    scenario->path = scenario->name = "by-hand";
    scenario->seed = 1;
    scenario->replications = 1;
    scenario->duration_ns = 60 * SECOND;
    scenario->network.latency =
        (struct distribution){.type = DISTRIBUTION_CONSTANT, .location = 5000000};
    scenario->network.queue.classes = 1;
    scenario->properties = support->properties;
    support->validators.consensus_delay_ns = 100000000;
    support->chain.shards = 4;
    support->chain.block_interval_ns = (int64_t)SECOND;
    support->chain.clock = CLOCK_ALIGNED;
    support->chain.validators.config = &support->validators;
    support->chain.block_limit.gas = 10000000;
    support->chain.block_limit.bytes = 1 << 20;
    support->chain.masterchain.present = 1;
    support->messaging = &messaging_local_model;
    support->spread = &spread_ideal_model;
    static const struct spread_config nothing_broken = {0};
    support->spread_config = &nothing_broken;
    return support;
}

void support_stack_individual(struct support_stack *support, uint32_t members)
{
    for (const struct param *param = validator_params; param->name; param++) {
        int64_t *word = (int64_t *)((char *)&support->validators + param->offset);
        if (is_number(param) && strcmp(param->name, "consensus_delay") != 0)
            *word = param->value_default;
    }
    support->validators.count = members;
    support->chain.validators.index = VALIDATORS_INDIVIDUAL;
}

void support_stack_free(struct support_stack *support)
{
    free(support);
}

void support_stack_job(struct support_stack *support, uint64_t at_ns, uint32_t shard,
                       uint32_t items, int32_t to)
{
    SIM_ASSERT(support->job_count < SUPPORT_JOBS_MAX);
    support->jobs[support->job_count++] = (struct support_job){
        .at_ns = at_ns, .shard = shard, .items = items, .bytes = 100, .gas = TX_GAS, .to = to};
}

void support_stack_property(struct support_stack *support, const char *name, uint64_t within_ns)
{
    struct scenario_property *property = &support->properties[support->scenario.property_count++];
    property->name = name;
    property->within_ns = within_ns;
    snprintf(property->pointer, sizeof property->pointer, "/properties");
    support->scenario.properties_given = true;
}

static int64_t *config_word(struct support_stack *support, const struct param *param)
{
    SIM_ASSERT(param->offset % sizeof(int64_t) == 0);
    SIM_ASSERT(param->offset < sizeof support->messaging_config);
    return &support->messaging_config[param->offset / sizeof(int64_t)];
}

static void default_messaging(struct support_stack *support)
{
    if (support->messaging_ready)
        return;
    support->messaging_ready = true;
    for (const struct param *param = support->messaging->params; param->name; param++)
        if (is_number(param))
            *config_word(support, param) = param->value_default;
}

void support_stack_set(struct support_stack *support, const char *name, int64_t value)
{
    default_messaging(support);
    for (const struct param *param = support->messaging->params; param->name; param++)
        if (strcmp(param->name, name) == 0) {
            *config_word(support, param) = value;
            return;
        }
    SIM_ASSERT(false);
}

static void add_layer(struct scenario *scenario, const struct model *model, const void *config)
{
    struct scenario_layer *layer = &scenario->layers[scenario->layer_count++];
    layer->model = model;
    layer->config = config;
    layer->slot = model->layer;
    snprintf(layer->pointer, sizeof layer->pointer, "/%s", model->layer_name);
}

int support_stack_try(struct support_stack *support, struct diagnostics *diagnostics)
{
    static const char nothing;
    struct scenario *scenario = &support->scenario;
    default_messaging(support);
    scenario->layer_count = 0;
    add_layer(scenario, &chain_blocks_model, &support->chain);
    add_layer(scenario, support->spread, support->spread_config);
    add_layer(scenario, &state_ram_model, &nothing);
    add_layer(scenario, support->messaging, support->messaging_config);
    add_layer(scenario, &toy_model, support);
    add_layer(scenario, &atomic_model, &nothing);
    return engine_run(scenario, &support->options, diagnostics, &support->result);
}

void support_stack_run(struct support_stack *support)
{
    struct diagnostics diagnostics = {0};
    int status = support_stack_try(support, &diagnostics);
    if (status != 0)
        diagnostics_print(&diagnostics, stderr, 0, false);
    SIM_ASSERT(status == 0);
    diagnostics_free(&diagnostics);
}

/* A scenario made by hand has no values to list; the reader's own function is not linked. */
void scenario_each_param(const struct scenario *scenario, scenario_visit *visit, void *context)
{
    (void)scenario, (void)visit, (void)context;
}
