#include "models/chain/chain_blocks.h"

#include "models/chain/chain_life.h"
#include "sim/context.h"
#include "sim/fault.h"
#include "sim/world.h"

enum { BREAK_FINALITY_FACTOR = 1000 };

static uint32_t seam_count(const void *self, enum chain_class chain_class)
{
    const struct chain_blocks *chains = self;
    switch (chain_class) {
    case CHAIN_SHARD:
        return chains->layout.shard_count;
    case CHAIN_MASTER:
        return chains->layout.master ? 1 : 0;
    case CHAIN_CHANNEL:
    case CHAIN_COMMITTEE:
        return 0;
    }
    SIM_ASSERT(false);
    return 0;
}

static uint32_t seam_at(const void *self, enum chain_class chain_class, uint32_t ordinal)
{
    const struct chain_blocks *chains = self;
    SIM_ASSERT(ordinal < seam_count(self, chain_class));
    return chain_class == CHAIN_MASTER ? CHAIN_MASTER_ID
                                       : chain_layout_chain(&chains->layout, ordinal);
}

/* SIMPLIFICATION: one node stands for the whole validator group; consensus is a delay. */
static uint32_t seam_members(const void *self, uint32_t chain)
{
    const struct chain_blocks *chains = self;
    (void)chain_living_index(&chains->living, chain); /* asserts that there is such a chain */
    return 1;
}

static uint32_t seam_node(const void *self, uint32_t chain, uint32_t member)
{
    const struct chain_blocks *chains = self;
    SIM_ASSERT(member == 0);
    return chain_node(chains, chain_living_index(&chains->living, chain));
}

static uint32_t seam_gateway(const void *self, uint32_t chain, uint64_t salt)
{
    (void)salt; /* of one node there is one choice */
    return seam_node(self, chain, 0);
}

static uint32_t seam_find(const void *self, struct address address)
{
    const struct chain_blocks *chains = self;
    return chain_living_find(&chains->living, address.workchain, address.prefix);
}

static uint32_t seam_origin(const void *self, uint32_t chain, struct address address)
{
    const struct chain_blocks *chains = self;
    if (!chains->resharding)
        return chain;
    return chain_layout_find(&chains->layout, address.workchain, address.prefix);
}

static bool seam_reshards(const void *self)
{
    const struct chain_blocks *chains = self;
    return chains->resharding != NULL;
}

static struct address seam_prefix(const void *self, uint32_t chain)
{
    const struct chain_blocks *chains = self;
    struct address address;
    chain_layout_prefix(&chains->layout, chain, &address.workchain, &address.prefix);
    return address;
}

static uint64_t seam_interval_ns(const void *self, uint32_t chain)
{
    const struct chain_blocks *chains = self;
    return chain == CHAIN_MASTER_ID ? chains->master.interval_ns : chains->interval_ns;
}

static uint64_t seam_visible_ns(const void *self, uint64_t final_ns, uint64_t *ret_master_seqno)
{
    const struct chain_blocks *chains = self;
    switch (chains->visibility) {
    case VISIBLE_AT_ONCE:
        break;
    case VISIBLE_BY_MASTERCHAIN:
        return master_clock_visible(&chains->master, final_ns, ret_master_seqno);
    }
    *ret_master_seqno = 0;
    return final_ns;
}

static void seam_wake(void *self, struct context *context, uint32_t chain)
{
    struct chain_blocks *chains = self;
    chain_wake(chains, context, chain_living_index(&chains->living, chain));
}

static void seam_complete(void *self, struct context *context, uint32_t chain, uint32_t member,
                          uint64_t block)
{
    (void)self, (void)context, (void)chain, (void)member, (void)block;
    /* Chains of one member publish nothing, so nobody can complete. */
    SIM_ASSERT(false);
}

static bool seam_charge(void *self, struct block *block, uint32_t bytes, uint32_t gas)
{
    return chain_charge(self, block, CHARGE_INTERNAL, bytes, gas);
}

static bool seam_charge_as(void *self, struct block *block, enum charge_kind kind, uint32_t bytes,
                           uint32_t gas)
{
    return chain_charge(self, block, kind, bytes, gas);
}

static void seam_set(void *self, struct block *block, uint64_t *word, uint64_t value)
{
    chain_set(self, block, word, value);
}

static void fill_seam(struct chain_blocks *chains)
{
    chains->stack->chain = (struct chain_seam){.self = chains,
                                               .count = seam_count,
                                               .at = seam_at,
                                               .members = seam_members,
                                               .node = seam_node,
                                               .gateway = seam_gateway,
                                               .find = seam_find,
                                               .origin = seam_origin,
                                               .reshards = seam_reshards,
                                               .prefix = seam_prefix,
                                               .interval_ns = seam_interval_ns,
                                               .visible_ns = seam_visible_ns,
                                               .wake = seam_wake,
                                               .complete = seam_complete,
                                               .charge = seam_charge,
                                               .charge_as = seam_charge_as,
                                               .set = seam_set};
}

static void add_chain(struct chain_blocks *chains, uint32_t index)
{
    struct world *world = chains->world;
    uint32_t chain = chain_living_chain(&chains->living, index);
    bool master = index == chains->layout.shard_count;
    uint64_t identity = identity_of(ROLE_CHAIN, chain);
    uint64_t parent =
        chains->layout.master && !master ? identity_of(ROLE_CHAIN, CHAIN_MASTER_ID) : 0;
    int32_t workchain;
    uint64_t shard;
    char name[SHARD_TEXT_BYTES];
    chain_layout_prefix(&chains->layout, chain, &workchain, &shard);
    shard_print(workchain, shard, name);
    world_entity_add(world, identity, "chain", name, parent);
    /* SIMPLIFICATION: a split or merge concerns all neighbours at once, so all chains of a run with
     * resharding are one group, and threads cannot share it. */
    uint32_t group = chains->resharding && index > 0 ? world_group(world, chains->first_node)
                                                     : world_group_add(world);
    uint32_t node =
        world_node_add(world, &(struct node_options){.role = master ? ROLE_MASTER : ROLE_SHARD,
                                                     .role_name = master ? "masterchain" : "shard",
                                                     .index = chain,
                                                     .group = group,
                                                     .parent = identity});
    if (index == 0)
        chains->first_node = node;
    SIM_ASSERT(node == chain_node(chains, index));
    if (chains->clock == CLOCK_PERIODIC && !master)
        chains->records[index].phase_ns =
            clock_phase(world_rng(world), identity, chains->interval_ns);
}

static void read_config(struct chain_blocks *chains, const struct chain_config *config)
{
    const struct chain_collective_config *collective = config->validators.config;
    chains->interval_ns = (uint64_t)config->block_interval_ns;
    chains->min_interval_ns = (uint64_t)config->min_interval_ns;
    chains->consensus_delay_ns = (uint64_t)collective->consensus_delay_ns;
    chains->drop_every = (uint32_t)config->drop_every;
    if (config->visibility == VISIBLE_BY_MASTERCHAIN)
        chains->ahead_max = (uint32_t)config->ahead_max;
    chains->clock = (enum chain_clock)config->clock;
    chains->visibility = (enum chain_visibility)config->visibility;
    chains->break_rule = (enum chain_break)config->break_rule;
    int64_t master_ns = config->masterchain.block_interval_ns;
    chains->master.interval_ns = master_ns > 0 ? (uint64_t)master_ns : chains->interval_ns;
    chains->master.delay_ns = chains->consensus_delay_ns;
    if (chains->clock != CLOCK_ALIGNED)
        chains->master.phase_ns =
            clock_phase(world_rng(chains->world), identity_of(ROLE_CHAIN, CHAIN_MASTER_ID),
                        chains->master.interval_ns);
    /* With no time between fill and final there is nothing that a fault could interrupt. */
    chains->journalled = chains->consensus_delay_ns > 0 || chains->drop_every > 0;
    if (chains->break_rule == BREAK_FINALITY)
        chains->consensus_delay_ns *= BREAK_FINALITY_FACTOR;
}

static void chain_destroy(void *state);

static int chain_build(const struct build *build, void **ret_state)
{
    const struct chain_config *config = build->config;
    struct memory *memory = world_memory(build->world);
    struct chain_layout layout;
    SIM_ASSERT(build->slot == LAYER_CHAIN);
    if (chain_config_layout(config, build->pointer, memory, build->diagnostics, &layout) != 0) {
        *ret_state = NULL;
        return -1;
    }
    struct chain_blocks *chains = memory_take(memory, "chain", sizeof *chains);
    chains->world = build->world;
    chains->stack = build->stack;
    chains->memory = memory;
    chains->layout = layout;
    read_config(chains, config);
    chain_living_init(&chains->living, &chains->layout, memory, config->resharding.enabled != 0,
                      (unsigned)config->resharding.min_split,
                      (unsigned)config->resharding.max_split);
    limit_table_init(&chains->limits, &config->block_limit, &config->limits_of, build->pointer,
                     &chains->layout, memory, build->diagnostics);
    pool_init(&chains->open_blocks, memory, "chain: open blocks", sizeof(struct open_block));
    block_journal_pool(&chains->journal, memory);
    pool_init(&chains->ahead, memory, "chain: registrations", sizeof(struct chain_ahead));
    map_init(&chains->ahead_of, memory, "chain: registrations");
    if (chain_reshard_build(chains, &config->resharding, build) != 0) {
        chain_destroy(chains);
        *ret_state = NULL;
        return -1;
    }
    uint32_t count = chain_living_count(&chains->living);
    if (count > 0)
        chains->records = memory_take(memory, "chain: chains", count * sizeof *chains->records);
    for (uint32_t index = 0; index < count; index++)
        add_chain(chains, index);
    fill_seam(chains);
    *ret_state = chains;
    return 0;
}

static void chain_start(void *state, struct context *context)
{
    struct chain_blocks *chains = state;
    if (world_property_on(chains->world, LAYER_CHAIN, PROPERTY_FINALITY))
        chains->finality_within_ns =
            world_property_within(chains->world, LAYER_CHAIN, PROPERTY_FINALITY);
    if (chains->resharding)
        chain_reshard_start(chains, context);
}

static void chain_on_message(void *state, struct context *context, const struct message *message)
{
    struct chain_blocks *chains = state;
    (void)context;
    SIM_ASSERT(chains->resharding && message->kind == MESSAGE_TOP);
    chain_reshard_on_top(chains, message);
}

static void chain_on_timer(void *state, struct context *context, uint8_t kind, uint32_t chain,
                           uint64_t cookie)
{
    struct chain_blocks *chains = state;
    uint32_t index = chain_living_index(&chains->living, chain);
    SIM_ASSERT(context->self == chain_node(chains, index));
    const struct chain_record *record = &chains->records[index];
    if (kind == TIMER_SLOT) {
        /* A chain that died and lives again may find a timer of its former life. */
        bool stale = chains->resharding &&
                     (!record->armed || chain_registered_ns(chains, index) > context->now_ns);
        if (!stale)
            chain_make_block(chains, context, index);
        return;
    }
    if (kind == TIMER_TOP) {
        chain_reshard_tell(chains, context, index);
        return;
    }
    SIM_ASSERT(kind == TIMER_FINAL);
    if (!record->open && chains->resharding)
        return; /* dropped as its chain was united with another */
    SIM_ASSERT(record->open);
    const struct block *block = pool_at(&chains->open_blocks, record->open);
    SIM_ASSERT(block->id == cookie);
    chain_complete(chains, context, index);
}

/* A crash takes the block that is not final with it, and both timers; what came in is kept, as it
 * is on disk. The end of a crash wakes the chain, which then finds its work again. */
static void chain_on_fault(void *state, struct context *context, const struct fault *fault)
{
    struct chain_blocks *chains = state;
    uint32_t index = context->self - chains->first_node;
    uint32_t count = chain_living_count(&chains->living);
    bool ours = count > 0 && context->self >= chains->first_node && index < count;
    if (!ours || (fault->type != FAULT_CRASH && fault->type != FAULT_RESTART))
        return;
    struct chain_record *record = &chains->records[index];
    if (context_up(context, context->self)) {
        record->free_ns = context->now_ns;
        chain_wake(chains, context, index);
        if (chains->resharding && chains->resharding->ended[index])
            chain_reshard_tell(chains, context, index);
        return;
    }
    record->armed = false;
    if (record->open)
        chain_drop(chains, context, index);
}

/* At the end: no block is overdue, and no remembered wake was forgotten. A chain that has made its
 * last block keeps its wake for those that follow it. */
static void chain_check_liveness(void *state, struct context *context)
{
    struct chain_blocks *chains = state;
    uint32_t count = chain_living_count(&chains->living);
    for (uint32_t index = 0; index < count; index++) {
        const struct chain_record *record = &chains->records[index];
        SIM_ASSERT(!record->wanted || record->open || !chain_reshard_makes(chains, index) ||
                   !context_up(context, chain_node(chains, index)));
        if (!record->open || chains->finality_within_ns == 0)
            continue;
        const struct block *block = pool_at(&chains->open_blocks, record->open);
        if (context->now_ns - block->time_ns > chains->finality_within_ns)
            context_violation(context, LAYER_CHAIN, PROPERTY_FINALITY, block->id,
                              "not final at the end, %llu ns after its slot",
                              (unsigned long long)(context->now_ns - block->time_ns));
    }
}

static void chain_report(void *state, struct context *context)
{
    chain_report_full(state, context);
}

static void chain_destroy(void *state)
{
    struct chain_blocks *chains = state;
    if (!chains)
        return;
    uint32_t count = chain_living_count(&chains->living);
    if (chains->records)
        memory_give(chains->memory, chains->records, count * sizeof *chains->records);
    chain_reshard_free(chains);
    chain_living_free(&chains->living);
    pool_destroy(&chains->open_blocks);
    pool_destroy(&chains->journal);
    pool_destroy(&chains->ahead);
    map_destroy(&chains->ahead_of);
    limit_table_free(&chains->limits, chains->memory);
    chain_layout_free(&chains->layout);
    memory_give(chains->memory, chains, sizeof *chains);
}

static const char *const message_kinds[] = {"top", NULL};
static const char *const timer_kinds[] = {"slot", "final", "top", NULL};
static const char *const trace_kinds[] = {"block", "final", "dropped", "before_split",
                                          "split", "merge", NULL};

static const struct model_metric metrics[] = {
    {"blocks_final", "blocks", "blocks that became final"},
    {"blocks_dropped", "blocks", "blocks that were made and then dropped"},
    {"block_bytes", "bytes", "size of all final blocks"},
    {"block_gas", "gas", "gas of all final blocks"},
    {"blocks_full", "blocks", "final blocks that refused an item for want of room"},
    {"splits", "shards", "shards that were divided (TON-R56)"},
    {"merges", "shards", "pairs of shards that were united (TON-R56)"},
    {NULL, NULL, NULL},
};

static const struct model_property properties[] = {
    {"block_height", "heights of a chain's final blocks rise by one, and their times rise", false},
    {"finality", "every block is final within the given time of its slot", PROPERTY_WITHIN},
    {"one_shard", "every address lies in exactly one living shard", false},
    {NULL, NULL, false},
};

const struct model chain_blocks_model = {
    .layer = LAYER_CHAIN,
    .layer_name = "chain",
    .name = "blocks",
    .summary = "shards and a masterchain that make blocks when there is work",
    .version = 1,
    .config_bytes = sizeof(struct chain_config),
    .params = chain_params,
    .message_kinds = message_kinds,
    .timer_kinds = timer_kinds,
    .trace_kinds = trace_kinds,
    .metrics = metrics,
    .properties = properties,
    .check = chain_config_check,
    .build = chain_build,
    .start = chain_start,
    .on_message = chain_on_message,
    .on_timer = chain_on_timer,
    .on_fault = chain_on_fault,
    .check_liveness = chain_check_liveness,
    .report = chain_report,
    .destroy = chain_destroy,
};
