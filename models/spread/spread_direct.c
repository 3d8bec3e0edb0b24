#include "models/spread/spread_direct.h"

#include "models/spread/direct_parts.h"
#include "models/spread/spread_params.h"
#include "models/stack.h"
#include "sim/memory.h"
#include "sim/world.h"

static const char *const NAME = "spread: direct";

/* The chain of the validator that runs. */
static struct direct_chain *chain_here(const struct spread_direct *direct,
                                       const struct context *context)
{
    struct direct_chain *chain = direct->chain_of_node[context->self];
    SIM_ASSERT(chain);
    return chain;
}

void direct_send_block(struct context *context, const struct direct_chain *chain,
                       const struct block_header *header, uint32_t to, uint32_t attempt,
                       uint64_t depart_ns)
{
    struct send send = {.to = chain->first_node + to,
                        .wire_bytes = header->bytes,
                        .slot = LAYER_SPREAD,
                        .kind = DIRECT_BLOCK,
                        .attempt = attempt,
                        .chain = chain->chain,
                        .subject = header->id,
                        .depart_ns = depart_ns};
    context_send(context, &send);
}

static void publish(void *self, struct context *context, const struct block_header *header)
{
    struct spread_direct *direct = self;
    struct direct_chain *chain = chain_here(direct, context);
    uint32_t others = chain->member_count - 1;
    bool spread_out = direct->config.send == SPREAD_OVER_SLOT && header->end_ns > context->now_ns;
    uint64_t while_ns = spread_out ? header->end_ns - context->now_ns : 0;
    whole_blocks_published(&direct->whole, header);
    direct_has(direct, context, chain, header->leader, header);
    for (uint32_t i = 0; i < others; i++) {
        uint32_t to = (header->leader + 1 + i) % chain->member_count;
        direct_send_block(context, chain, header, to, 0, context->now_ns + while_ns / others * i);
        direct_count(context, DIRECT_SENT);
    }
}

static void voted(void *self, struct context *context, uint32_t chain, uint32_t member,
                  uint32_t voter, uint64_t slot, uint64_t block)
{
    struct spread_direct *direct = self;
    (void)chain, (void)slot;
    if (voter != member)
        direct_hear(direct, context, chain_here(direct, context), member, voter, block);
}

static void on_block(struct spread_direct *direct, struct context *context,
                     struct direct_chain *chain, const struct message *message)
{
    const struct chain_seam *seam = &direct->stack->chain;
    uint32_t member = direct_member_at(chain, context->self);
    if (!whole_blocks_came(&direct->whole, chain->chain, member, message->subject)) {
        direct_count(context, DIRECT_DUPLICATE);
        return;
    }
    struct block_header header = direct_find(direct, chain, message->subject)->header;
    direct_has(direct, context, chain, member, &header);
    direct_came(direct, context, chain, member, direct_member_at(chain, message->from), &header);
    seam->complete(seam->self, context, chain->chain, member, message->subject);
}

static void on_timer(void *state, struct context *context, uint8_t kind, uint32_t id,
                     uint64_t cookie)
{
    struct spread_direct *direct = state;
    struct direct_chain *chain = chain_here(direct, context);
    uint32_t member = direct_member_at(chain, context->self);
    (void)id, (void)cookie;
    if (kind == DIRECT_TIMER_FETCH) {
        direct_on_fetch(direct, context, chain, member);
        return;
    }
    SIM_ASSERT(kind == DIRECT_TIMER_STATUS);
    direct_on_quiet(direct, context, chain, member);
}

static void on_message(void *state, struct context *context, const struct message *message)
{
    struct spread_direct *direct = state;
    struct direct_chain *chain = chain_here(direct, context);
    SIM_ASSERT(message->kind < DIRECT_MESSAGES);
    if (message->kind == DIRECT_BLOCK)
        on_block(direct, context, chain, message);
    else if (message->kind == DIRECT_ASK)
        direct_on_ask(direct, context, chain, message);
    else if (message->kind == DIRECT_ASK_HEADERS)
        direct_on_ask_headers(direct, context, chain, message);
    else if (message->kind == DIRECT_HEADERS)
        direct_on_headers(direct, context, chain, message);
    else
        direct_on_status(direct, context, chain, message);
}

static void on_fault(void *state, struct context *context, const struct fault *fault)
{
    struct spread_direct *direct = state;
    struct direct_chain *chain = NULL;
    if (context->self < direct->node_count) /* clients' nodes are added after this layer's build */
        chain = direct->chain_of_node[context->self];
    if (!chain || fault->type == FAULT_BYZANTINE || fault->type == FAULT_SLOW ||
        !context_up(context, context->self))
        return;
    uint32_t member = direct_member_at(chain, context->self);
    whole_blocks_up(&direct->whole, context, chain->chain, member);
    direct_status_restart(direct, context, chain, member);
    direct_fetch_restart(direct, context, chain, member);
}

static void rooted(void *self, struct context *context, uint32_t chain, uint32_t member,
                   uint64_t slot)
{
    struct spread_direct *direct = self;
    const struct whole_block *block = whole_blocks_of_slot(&direct->whole, chain, slot);
    whole_blocks_rooted(&direct->whole, context, chain, member, slot);
    if (block)
        direct_is_final(direct, context, chain_here(direct, context), member, &block->header);
}

static void check_liveness(void *state, struct context *context)
{
    const struct spread_direct *direct = state;
    whole_blocks_check_liveness(&direct->whole, context);
}

static int build(const struct build *build, void **ret_state)
{
    struct memory *memory = world_memory(build->world);
    struct spread_direct *direct = memory_take(memory, NAME, sizeof *direct);
    const struct chain_seam *seam = &build->stack->chain;
    uint32_t shards = seam->count(seam->self, CHAIN_SHARD);
    SIM_ASSERT(build->slot == LAYER_SPREAD);
    direct->config = *(const struct spread_config *)build->config;
    direct->memory = memory;
    direct->stack = build->stack;
    for (uint32_t i = 0; i < shards; i++)
        direct->chain_count += seam->members(seam->self, seam->at(seam->self, CHAIN_SHARD, i)) > 1;
    direct->chains = memory_take(memory, NAME, direct->chain_count * sizeof *direct->chains + 1);
    direct->node_count = world_node_count(build->world);
    direct->chain_of_node =
        memory_take(memory, NAME, direct->node_count * sizeof(struct direct_chain *) + 1);
    for (uint32_t i = 0, filled = 0; i < shards; i++) {
        uint32_t id = seam->at(seam->self, CHAIN_SHARD, i);
        uint32_t members = seam->members(seam->self, id);
        if (members <= 1)
            continue;
        struct direct_chain *chain = &direct->chains[filled++];
        *chain = (struct direct_chain){
            .chain = id,
            .member_count = members,
            .first_node = seam->node(seam->self, id, 0),
            .members = memory_take(memory, NAME, members * sizeof *chain->members)};
        for (uint32_t member = 0; member < members; member++) {
            /* They were added one after the other. */
            SIM_ASSERT(seam->node(seam->self, id, member) == chain->first_node + member);
            direct->chain_of_node[chain->first_node + member] = chain;
            wish_list_init(&chain->members[member].wishes, memory,
                           (uint64_t)direct->config.fetch_ns);
        }
    }
    spread_params_need_members(build, direct->chain_count);
    whole_blocks_init(&direct->whole, memory, build->stack,
                      direct->config.break_rule == SPREAD_BREAK_HOLES);
    build->stack->spread =
        (struct spread_seam){.self = direct, .publish = publish, .voted = voted, .rooted = rooted};
    *ret_state = direct;
    return 0;
}

static void destroy(void *state)
{
    struct spread_direct *direct = state;
    if (!direct)
        return;
    struct memory *memory = direct->memory;
    for (uint32_t i = 0; i < direct->chain_count; i++) {
        struct direct_chain *chain = &direct->chains[i];
        for (uint32_t member = 0; member < chain->member_count; member++)
            wish_list_destroy(&chain->members[member].wishes);
        memory_give(memory, chain->members, chain->member_count * sizeof *chain->members);
    }
    whole_blocks_destroy(&direct->whole);
    memory_give(memory, direct->chain_of_node,
                direct->node_count * sizeof(struct direct_chain *) + 1);
    memory_give(memory, direct->chains, direct->chain_count * sizeof *direct->chains + 1);
    memory_give(memory, direct, sizeof *direct);
}

static const char *const message_kinds[] = {"block",  "ask",           "ask_headers", "headers",
                                            "status", "status_answer", NULL};
static const char *const timer_kinds[] = {"fetch", "quiet", NULL};
static const char *const trace_kinds[] = {NULL};
static const struct model_metric metrics[] = {
    [DIRECT_SENT] = {"blocks_sent", "packets", "blocks sent by their leaders"},
    [DIRECT_ASKED] = {"blocks_asked", "blocks", "blocks that were asked for, each time"},
    [DIRECT_ANSWERED] = {"blocks_answered", "packets", "blocks sent to those who asked"},
    [DIRECT_DUPLICATE] = {"blocks_duplicate", "packets", "blocks that came again"},
    [DIRECT_HEADERS_ASKED] = {"headers_asked", "packets", "requests for headers of ancestors"},
    [DIRECT_HEADERS_ANSWERED] = {"headers_answered", "headers", "headers sent to those who asked"},
    [DIRECT_STATUSES] = {"statuses", "packets", "members that told how far they are"},
    [DIRECT_METRICS] = {NULL, NULL, NULL}};

const struct model spread_direct_model = {
    .layer = LAYER_SPREAD,
    .layer_name = "spread",
    .name = "direct",
    .summary = "the leader sends its whole block to each validator",
    .version = 1,
    .config_bytes = sizeof(struct spread_config),
    .params = spread_params,
    .message_kinds = message_kinds,
    .timer_kinds = timer_kinds,
    .trace_kinds = trace_kinds,
    .metrics = metrics,
    .properties = whole_blocks_properties,
    .check = spread_params_check,
    .build = build,
    .on_message = on_message,
    .on_timer = on_timer,
    .on_fault = on_fault,
    .check_liveness = check_liveness,
    .destroy = destroy,
};
