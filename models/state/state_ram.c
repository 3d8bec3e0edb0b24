#include "models/state/state_ram.h"

#include "models/stack.h"
#include "models/state/row_store.h"
#include "sim/memory.h"
#include "sim/world.h"

struct state_ram {
    struct memory *memory;
    struct stack *stack;
    struct row_store store;
};

static enum verdict read_row(void *self, const struct block *view, struct row row,
                             uint64_t *ret_value)
{
    struct state_ram *state = self;
    SIM_ASSERT(view->chain == row.chain); /* a chain never reads another's rows */
    const uint64_t *word = row_store_get(&state->store, row);
    *ret_value = word ? *word : 0;
    return VERDICT_YES;
}

/* A row first written in a block that is dropped stays and holds 0, as if it were not there. */
static void write_row(void *self, struct block *block, struct row row, uint64_t value)
{
    struct state_ram *state = self;
    SIM_ASSERT(block->chain == row.chain);
    block_set(state->stack, block, row_store_touch(&state->store, row), value);
}

static void hold_row(void *self, struct block *block, struct row row, bool on)
{
    (void)self, (void)on;
    SIM_ASSERT(block->chain == row.chain);
}

static void move_row(void *self, struct row row, uint32_t chain, uint64_t amount)
{
    struct state_ram *state = self;
    row_store_move(&state->store, row, chain, amount);
}

static void fetch_row(void *self, struct context *context, struct row row, uint64_t ticket)
{
    (void)self, (void)context, (void)row, (void)ticket;
    SIM_ASSERT(false); /* no read ever answered LATER */
}

static int build(const struct build *build, void **ret_state)
{
    struct memory *memory = world_memory(build->world);
    struct state_ram *state = memory_take(memory, "state", sizeof *state);
    SIM_ASSERT(build->slot == LAYER_STATE);
    state->memory = memory;
    state->stack = build->stack;
    row_store_init(&state->store, memory);
    build->stack->state = (struct state_seam){.self = state,
                                              .read = read_row,
                                              .write = write_row,
                                              .hold = hold_row,
                                              .move = move_row,
                                              .fetch = fetch_row};
    *ret_state = state;
    return 0;
}

static void on_message(void *state, struct context *context, const struct message *message)
{
    (void)state, (void)context, (void)message;
    SIM_ASSERT(false); /* this layer sends none */
}

static void on_timer(void *state, struct context *context, uint8_t kind, uint32_t chain,
                     uint64_t cookie)
{
    (void)state, (void)context, (void)kind, (void)chain, (void)cookie;
    SIM_ASSERT(false); /* and sets none */
}

static void report(void *self, struct context *context)
{
    const struct state_ram *state = self;
    context_metric(context, "state_rows", 0, row_store_count(&state->store), "rows", 1);
}

static void destroy(void *self)
{
    struct state_ram *state = self;
    if (!state)
        return;
    row_store_destroy(&state->store);
    memory_give(state->memory, state, sizeof *state);
}

static const struct param params[] = {PARAM_END};
static const char *const no_kinds[] = {NULL};
static const struct model_metric metrics[] = {{NULL, NULL, NULL}};
static const struct model_property properties[] = {{NULL, NULL, false}};

const struct model state_ram_model = {
    .layer = LAYER_STATE,
    .layer_name = "state",
    .name = "ram",
    .summary = "all rows in memory, none is ever cold",
    .version = 1,
    .config_bytes = 1,
    .params = params,
    .message_kinds = no_kinds,
    .timer_kinds = no_kinds,
    .trace_kinds = no_kinds,
    .metrics = metrics,
    .properties = properties,
    .build = build,
    .on_message = on_message,
    .on_timer = on_timer,
    .report = report,
    .destroy = destroy,
};
