#include "models/spread/spread_direct.h"

#include "models/spread/spread_params.h"
#include "models/spread/whole_blocks.h"
#include "models/stack.h"
#include "sim/memory.h"
#include "sim/world.h"

enum { DIRECT_BLOCK, DIRECT_ASK, DIRECT_MESSAGES };
enum { DIRECT_TIMER_FETCH };
enum { DIRECT_SENT, DIRECT_ASKED, DIRECT_ANSWERED, DIRECT_DUPLICATE, DIRECT_METRICS };
enum { ASK_BYTES = 128, ATTEMPTS_OF_LEADER = 1 };

static const char *const NAME = "spread: direct";

struct direct_block {
    struct block_header header;
    struct shred_bits has; /* members */
};

/* A block that a member has heard of and does not have. */
struct direct_wish {
    uint64_t block;
    uint32_t member, holder; /* holder: a member that was last heard to have it */
    uint32_t attempts, next; /* next: of the same member; 0 = none */
};

struct direct_chain {
    uint32_t chain, member_count;
    struct direct_block **blocks; /* by number - first_block; NULL = none */
    uint32_t first_block, block_count, block_capacity;
    uint32_t *first_wish; /* by member: handle; 0 = none */
};

struct spread_direct {
    struct spread_config config;
    struct memory *memory;
    struct stack *stack;
    struct direct_chain *chains;
    uint32_t chain_count, node_count;
    struct direct_chain **chain_of_node; /* NULL = no validator */
    struct pool wishes;
    struct whole_blocks whole;
};

/* The chain of the validator that runs. */
static struct direct_chain *chain_here(const struct spread_direct *direct,
                                       const struct context *context)
{
    struct direct_chain *chain = direct->chain_of_node[context->self];
    SIM_ASSERT(chain);
    return chain;
}

static uint32_t node_of(const struct spread_direct *direct, const struct direct_chain *chain,
                        uint32_t member)
{
    const struct chain_seam *seam = &direct->stack->chain;
    return seam->node(seam->self, chain->chain, member);
}

/* The member of a chain that stands at this node. */
static uint32_t member_at(const struct spread_direct *direct, const struct direct_chain *chain,
                          uint32_t node)
{
    uint32_t member = node - node_of(direct, chain, 0); /* they were added one after the other */
    SIM_ASSERT(member < chain->member_count && node_of(direct, chain, member) == node);
    return member;
}

static struct direct_block *find_block(const struct direct_chain *chain, uint64_t block)
{
    uint32_t number = (uint32_t)block;
    if (number < chain->first_block || number - chain->first_block >= chain->block_count)
        return NULL;
    return chain->blocks[number - chain->first_block];
}

static void give_block(struct spread_direct *direct, struct direct_block *block)
{
    if (!block)
        return;
    shred_bits_clear(&block->has, direct->memory);
    memory_give(direct->memory, block, sizeof *block);
}

/* Forgets what the chain has forgotten: nobody wants it any more. */
static void forget_old(struct spread_direct *direct, struct direct_chain *chain)
{
    const struct chain_seam *seam = &direct->stack->chain;
    uint32_t gone = 0;
    struct block_header header;
    while (gone < chain->block_count &&
           (!chain->blocks[gone] ||
            !seam->header(seam->self, chain->blocks[gone]->header.id, &header)))
        give_block(direct, chain->blocks[gone++]);
    if (gone == 0)
        return;
    for (uint32_t i = gone; i < chain->block_count; i++)
        chain->blocks[i - gone] = chain->blocks[i];
    chain->first_block += gone;
    chain->block_count -= gone;
}

static struct direct_block *add_block(struct spread_direct *direct, struct direct_chain *chain,
                                      const struct block_header *header)
{
    uint32_t number = (uint32_t)header->id;
    forget_old(direct, chain);
    if (chain->block_count == 0)
        chain->first_block = number;
    SIM_ASSERT(number >= chain->first_block + chain->block_count);
    uint32_t count = number - chain->first_block + 1;
    if (count > chain->block_capacity)
        chain->blocks = memory_grow(direct->memory, NAME, chain->blocks, &chain->block_capacity,
                                    count, sizeof(struct direct_block *));
    while (chain->block_count < count)
        chain->blocks[chain->block_count++] = NULL;
    struct direct_block *block = memory_take(direct->memory, NAME, sizeof *block);
    block->header = *header;
    return chain->blocks[number - chain->first_block] = block;
}

static void count(struct context *context, uint32_t metric)
{
    context_count(context, LAYER_SPREAD, metric, 1);
}

static void send_block(const struct spread_direct *direct, struct context *context,
                       const struct direct_chain *chain, const struct direct_block *block,
                       uint32_t to, uint32_t attempt, uint64_t depart_ns)
{
    struct send send = {.to = node_of(direct, chain, to),
                        .wire_bytes = block->header.bytes,
                        .slot = LAYER_SPREAD,
                        .kind = DIRECT_BLOCK,
                        .attempt = attempt,
                        .chain = chain->chain,
                        .subject = block->header.id,
                        .depart_ns = depart_ns};
    context_send(context, &send);
}

static void publish(void *self, struct context *context, const struct block_header *header)
{
    struct spread_direct *direct = self;
    struct direct_chain *chain = chain_here(direct, context);
    struct direct_block *block = add_block(direct, chain, header);
    uint32_t others = chain->member_count - 1;
    bool spread_out = direct->config.send == SPREAD_OVER_SLOT && header->end_ns > context->now_ns;
    uint64_t while_ns = spread_out ? header->end_ns - context->now_ns : 0;
    shred_bits_set(&block->has, direct->memory, header->leader);
    if (whole_blocks_wanted(context))
        whole_blocks_published(&direct->whole, header);
    for (uint32_t i = 0; i < others; i++) {
        uint32_t to = (header->leader + 1 + i) % chain->member_count;
        send_block(direct, context, chain, block, to, 0, context->now_ns + while_ns / others * i);
        count(context, DIRECT_SENT);
    }
}

static uint32_t find_wish(const struct spread_direct *direct, const struct direct_chain *chain,
                          uint32_t member, uint64_t block)
{
    uint32_t handle = chain->first_wish[member];
    while (handle != 0) {
        const struct direct_wish *wish = pool_at(&direct->wishes, handle);
        if (wish->block == block)
            return handle;
        handle = wish->next;
    }
    return 0;
}

static void arm(const struct spread_direct *direct, struct context *context,
                const struct direct_chain *chain, uint64_t block)
{
    context_timer(context, context->self, LAYER_SPREAD, DIRECT_TIMER_FETCH, chain->chain,
                  context->now_ns + (uint64_t)direct->config.fetch_ns, block);
}

/* A member has heard that another one has a block. */
static void hear(struct spread_direct *direct, struct context *context, struct direct_chain *chain,
                 uint32_t member, uint32_t holder, uint64_t block)
{
    const struct direct_block *wanted = find_block(chain, block);
    if (!wanted || shred_bits_test(&wanted->has, member))
        return;
    uint32_t handle = find_wish(direct, chain, member, block);
    if (handle != 0) {
        ((struct direct_wish *)pool_at(&direct->wishes, handle))->holder = holder;
        return;
    }
    handle = pool_take(&direct->wishes);
    *(struct direct_wish *)pool_at(&direct->wishes, handle) = (struct direct_wish){
        .block = block, .member = member, .holder = holder, .next = chain->first_wish[member]};
    chain->first_wish[member] = handle;
    arm(direct, context, chain, block);
}

static void forget_wish(struct spread_direct *direct, struct direct_chain *chain, uint32_t member,
                        uint64_t block)
{
    uint32_t *place = &chain->first_wish[member];
    while (*place != 0) {
        uint32_t handle = *place;
        struct direct_wish *wish = pool_at(&direct->wishes, handle);
        if (wish->block == block) {
            *place = wish->next;
            pool_give(&direct->wishes, handle);
            return;
        }
        place = &wish->next;
    }
}

static void voted(void *self, struct context *context, uint32_t chain, uint32_t member,
                  uint32_t voter, uint64_t slot, uint64_t block)
{
    struct spread_direct *direct = self;
    (void)chain, (void)slot;
    if (voter != member)
        hear(direct, context, chain_here(direct, context), member, voter, block);
}

static void on_block(struct spread_direct *direct, struct context *context,
                     struct direct_chain *chain, const struct message *message)
{
    const struct chain_seam *seam = &direct->stack->chain;
    struct direct_block *block = find_block(chain, message->subject);
    uint32_t member = member_at(direct, chain, context->self);
    if (!block || !shred_bits_set(&block->has, direct->memory, member)) {
        count(context, DIRECT_DUPLICATE);
        return;
    }
    forget_wish(direct, chain, member, message->subject);
    if (block->header.parent != 0)
        hear(direct, context, chain, member, member_at(direct, chain, message->from),
             block->header.parent);
    whole_blocks_came(&direct->whole, chain->chain, member, message->subject);
    seam->complete(seam->self, context, chain->chain, member, message->subject);
}

/* Whom to ask: who was heard to have it, then its leader, then anybody. */
static uint32_t choose(const struct context *context, const struct direct_chain *chain,
                       const struct direct_wish *wish, const struct direct_block *block)
{
    struct rng_stream stream;
    if (wish->attempts == 0)
        return wish->holder;
    if (wish->attempts == ATTEMPTS_OF_LEADER)
        return block->header.leader;
    context_rng(context, &stream, RNG_GOSSIP_TARGET, world_identity(context->world, context->self),
                wish->block ^ (uint64_t)wish->attempts << 48);
    return (uint32_t)rng_below(&stream, chain->member_count);
}

static void on_timer(void *state, struct context *context, uint8_t kind, uint32_t id,
                     uint64_t cookie)
{
    struct spread_direct *direct = state;
    struct direct_chain *chain = chain_here(direct, context);
    uint32_t member = member_at(direct, chain, context->self);
    uint32_t handle = find_wish(direct, chain, member, cookie);
    const struct direct_block *block = find_block(chain, cookie);
    SIM_ASSERT(kind == DIRECT_TIMER_FETCH);
    if (handle == 0)
        return; /* it has come */
    if (!block) {
        forget_wish(direct, chain, member, cookie);
        return;
    }
    struct direct_wish *wish = pool_at(&direct->wishes, handle);
    uint32_t asked = choose(context, chain, wish, block);
    uint32_t attempt = ++wish->attempts;
    arm(direct, context, chain, cookie);
    if (asked == member)
        return;
    struct send send = {.to = node_of(direct, chain, asked),
                        .wire_bytes = ASK_BYTES,
                        .slot = LAYER_SPREAD,
                        .kind = DIRECT_ASK,
                        .attempt = attempt,
                        .chain = id,
                        .subject = cookie,
                        .payload = &attempt,
                        .payload_bytes = sizeof attempt};
    context_send(context, &send);
    count(context, DIRECT_ASKED);
}

static void on_ask(struct spread_direct *direct, struct context *context,
                   const struct direct_chain *chain, const struct message *message)
{
    const struct direct_block *block = find_block(chain, message->subject);
    uint32_t attempt;
    if (!block || !shred_bits_test(&block->has, member_at(direct, chain, context->self)))
        return;
    memcpy(&attempt, message->payload, sizeof attempt);
    send_block(direct, context, chain, block, member_at(direct, chain, message->from), attempt, 0);
    count(context, DIRECT_ANSWERED);
}

static void on_message(void *state, struct context *context, const struct message *message)
{
    struct spread_direct *direct = state;
    struct direct_chain *chain = chain_here(direct, context);
    SIM_ASSERT(message->kind < DIRECT_MESSAGES);
    if (message->kind == DIRECT_BLOCK)
        on_block(direct, context, chain, message);
    else
        on_ask(direct, context, chain, message);
}

/* A crash took the timers; what was missed before is missed still. */
static void on_fault(void *state, struct context *context, const struct fault *fault)
{
    struct spread_direct *direct = state;
    const struct direct_chain *chain = NULL;
    if (context->self < direct->node_count) /* clients' nodes are added after this layer's build */
        chain = direct->chain_of_node[context->self];
    if (!chain || fault->type == FAULT_BYZANTINE || fault->type == FAULT_SLOW ||
        !context_up(context, context->self))
        return;
    whole_blocks_up(&direct->whole, context, chain->chain, member_at(direct, chain, context->self));
    uint32_t handle = chain->first_wish[member_at(direct, chain, context->self)];
    while (handle != 0) {
        const struct direct_wish *wish = pool_at(&direct->wishes, handle);
        arm(direct, context, chain, wish->block);
        handle = wish->next;
    }
}

static void rooted(void *self, struct context *context, uint32_t chain, uint32_t member,
                   uint64_t slot)
{
    struct spread_direct *direct = self;
    whole_blocks_rooted(&direct->whole, context, chain, member, slot);
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
    pool_init(&direct->wishes, memory, NAME, sizeof(struct direct_wish));
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
        *chain = (struct direct_chain){.chain = id,
                                       .member_count = members,
                                       .first_wish =
                                           memory_take(memory, NAME, members * sizeof(uint32_t))};
        for (uint32_t member = 0; member < members; member++)
            direct->chain_of_node[node_of(direct, chain, member)] = chain;
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
        for (uint32_t at = 0; at < chain->block_count; at++)
            give_block(direct, chain->blocks[at]);
        memory_give(memory, chain->blocks, chain->block_capacity * sizeof(struct direct_block *));
        memory_give(memory, chain->first_wish, chain->member_count * sizeof(uint32_t));
    }
    pool_destroy(&direct->wishes);
    whole_blocks_destroy(&direct->whole);
    memory_give(memory, direct->chain_of_node,
                direct->node_count * sizeof(struct direct_chain *) + 1);
    memory_give(memory, direct->chains, direct->chain_count * sizeof *direct->chains + 1);
    memory_give(memory, direct, sizeof *direct);
}

static const char *const message_kinds[] = {"block", "ask", NULL};
static const char *const timer_kinds[] = {"fetch", NULL};
static const char *const trace_kinds[] = {NULL};
static const struct model_metric metrics[] = {
    [DIRECT_SENT] = {"blocks_sent", "packets", "blocks sent by their leaders"},
    [DIRECT_ASKED] = {"blocks_asked", "packets", "requests for blocks that were heard of"},
    [DIRECT_ANSWERED] = {"blocks_answered", "packets", "blocks sent to those who asked"},
    [DIRECT_DUPLICATE] = {"blocks_duplicate", "packets", "blocks that came again"},
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
