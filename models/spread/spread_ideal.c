#include "models/spread/spread_ideal.h"

#include "models/spread/spread_params.h"
#include "models/spread/whole_blocks.h"
#include "models/stack.h"
#include "sim/memory.h"
#include "sim/world.h"

enum { TIMER_ARRIVED };

struct spread_ideal {
    struct memory *memory;
    struct stack *stack;
    struct whole_blocks whole;
};

/* publish() must return before anybody completes, so completion is a timer at this same instant. */
static void publish(void *self, struct context *context, const struct block_header *header)
{
    struct spread_ideal *spread = self;
    const struct chain_seam *chain = &spread->stack->chain;
    SIM_ASSERT(chain->members(chain->self, header->chain) > 1);
    whole_blocks_published(&spread->whole, header);
    context_timer(context, context->self, LAYER_SPREAD, TIMER_ARRIVED, header->chain,
                  context->now_ns, header->id);
}

static void on_timer(void *state, struct context *context, uint8_t kind, uint32_t chain_id,
                     uint64_t block)
{
    struct spread_ideal *spread = state;
    const struct chain_seam *chain = &spread->stack->chain;
    uint32_t publisher = context->self;
    uint32_t members = chain->members(chain->self, chain_id);
    SIM_ASSERT(kind == TIMER_ARRIVED);
    for (uint32_t member = 0; member < members; member++) {
        uint32_t node = chain->node(chain->self, chain_id, member);
        if (!context_up(context, node))
            continue; /* who is down has nothing, even in an ideal world */
        context_as(context, node);
        (void)whole_blocks_came(&spread->whole, chain_id, member, block);
        chain->complete(chain->self, context, chain_id, member, block);
    }
    context_as(context, publisher);
}

/* Who was down gets what was published meanwhile. */
static void on_fault(void *state, struct context *context, const struct fault *fault)
{
    struct spread_ideal *spread = state;
    const struct chain_seam *chain = &spread->stack->chain;
    if (fault->type != FAULT_CRASH && fault->type != FAULT_RESTART)
        return;
    for (uint32_t i = 0; i < spread->whole.count && context_up(context, context->self); i++) {
        const struct whole_chain *known = &spread->whole.chains[i];
        uint32_t first = chain->node(chain->self, known->id, 0), member = context->self - first;
        /* The nodes of a chain's members follow each other. */
        if (context->self < first || member >= known->members)
            continue;
        SIM_ASSERT(chain->node(chain->self, known->id, member) == context->self);
        whole_blocks_up(&spread->whole, context, known->id, member);
        for (uint32_t block = 0; block < known->count; block++) {
            uint64_t id = known->blocks[block].header.id;
            (void)whole_blocks_came(&spread->whole, known->id, member, id);
            chain->complete(chain->self, context, known->id, member, id);
        }
    }
}

static void rooted(void *self, struct context *context, uint32_t chain, uint32_t member,
                   uint64_t slot)
{
    struct spread_ideal *spread = self;
    whole_blocks_rooted(&spread->whole, context, chain, member, slot);
}

static void check_liveness(void *state, struct context *context)
{
    const struct spread_ideal *spread = state;
    whole_blocks_check_liveness(&spread->whole, context);
}

static int build(const struct build *build, void **ret_state)
{
    const struct spread_config *config = build->config;
    struct memory *memory = world_memory(build->world);
    struct spread_ideal *spread = memory_take(memory, "spread", sizeof *spread);
    SIM_ASSERT(build->slot == LAYER_SPREAD);
    spread->memory = memory;
    spread->stack = build->stack;
    whole_blocks_init(&spread->whole, memory, build->stack,
                      config->break_rule == SPREAD_BREAK_HOLES);
    build->stack->spread =
        (struct spread_seam){.self = spread, .publish = publish, .rooted = rooted};
    *ret_state = spread;
    return 0;
}

static void on_message(void *state, struct context *context, const struct message *message)
{
    (void)state, (void)context, (void)message;
    SIM_ASSERT(false); /* this layer sends none */
}

static void destroy(void *state)
{
    struct spread_ideal *spread = state;
    if (!spread)
        return;
    whole_blocks_destroy(&spread->whole);
    memory_give(spread->memory, spread, sizeof *spread);
}

static const char *const no_kinds[] = {NULL};
static const char *const timer_kinds[] = {"arrived", NULL};
static const struct model_metric metrics[] = {{NULL, NULL, NULL}};

const struct model spread_ideal_model = {
    .layer = LAYER_SPREAD,
    .layer_name = "spread",
    .name = "ideal",
    .summary = "every validator has a block at once, free of charge",
    .version = 1,
    .config_bytes = sizeof(struct spread_config),
    .params = spread_params,
    .check = spread_params_check,
    .message_kinds = no_kinds,
    .timer_kinds = timer_kinds,
    .trace_kinds = no_kinds,
    .metrics = metrics,
    .properties = whole_blocks_properties,
    .build = build,
    .on_message = on_message,
    .on_timer = on_timer,
    .on_fault = on_fault,
    .check_liveness = check_liveness,
    .destroy = destroy,
};
