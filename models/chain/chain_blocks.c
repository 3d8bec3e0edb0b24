#include "models/chain/chain_blocks.h"

#include "models/chain/chain_life.h"
#include "models/chain/chain_seam.h"
#include "sim/context.h"
#include "sim/fault.h"
#include "sim/world.h"

enum { BREAK_FINALITY_FACTOR = 1000 };

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
    const struct validator_config *validators = config->validators.config;
    chains->interval_ns = (uint64_t)config->block_interval_ns;
    chains->min_interval_ns = (uint64_t)config->min_interval_ns;
    chains->consensus_delay_ns = (uint64_t)validators->consensus_delay_ns;
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
    if (config->validators.index == VALIDATORS_INDIVIDUAL && layout.shard_count > 0 &&
        chain_individual_build(chains, config->validators.config, build) != 0) {
        chain_destroy(chains);
        *ret_state = NULL;
        return -1;
    }
    if (config->validators.index == VALIDATORS_COLLECTIVE && layout.shard_count > 0)
        world_role_absent(build->world, "validator",
                          "\"shard:0\", which stands for all validators of a shard, or "
                          "\"validators\": {\"type\": \"individual\"} in section chain");
    chain_seam_fill(chains);
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
    if (chains->individual)
        chain_individual_start(chains, context);
}

static void chain_on_message(void *state, struct context *context, const struct message *message)
{
    struct chain_blocks *chains = state;
    if (chains->individual) {
        chain_individual_on_message(chains, context, message);
        return;
    }
    SIM_ASSERT(chains->resharding && message->kind == MESSAGE_TOP);
    chain_reshard_on_top(chains, message);
}

static void chain_on_timer(void *state, struct context *context, uint8_t kind, uint32_t chain,
                           uint64_t cookie)
{
    struct chain_blocks *chains = state;
    if (kind >= TIMER_LEAD) {
        chain_individual_on_timer(chains, context, kind, chain, cookie);
        return;
    }
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
    const struct block *block = record->open ? pool_at(&chains->open_blocks, record->open) : NULL;
    /* Its block was dropped as the chain was united with another; it may live again, and have one
     * of its new life open. */
    if (chains->resharding && (!block || block->id != cookie))
        return;
    SIM_ASSERT(block);
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
    if (fault->type != FAULT_CRASH && fault->type != FAULT_RESTART)
        return;
    if (chains->individual && chain_individual_on_fault(chains, context))
        return;
    if (!ours)
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
                   chain_is_individual(chains->individual, index) ||
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
    struct chain_blocks *chains = state;
    chain_report_full(chains, context);
    if (chains->individual)
        chain_individual_report(chains, context);
}

static void chain_destroy(void *state)
{
    struct chain_blocks *chains = state;
    if (!chains)
        return;
    uint32_t count = chain_living_count(&chains->living);
    chain_individual_free(chains);
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

static const char *const message_kinds[] = {"top", "vote", NULL};
static const char *const timer_kinds[] = {"slot",  "final",  "top",  "lead",
                                          "grace", "replay", "sent", NULL};
static const char *const trace_kinds[] = {"block",   "final", "dropped",  "before_split",
                                          "split",   "merge", "complete", "vote",
                                          "skipped", "fork",  NULL};

static const struct model_metric metrics[] = {
    {"blocks_final", "blocks", "blocks that became final"},
    {"blocks_dropped", "blocks", "blocks that were made and then dropped"},
    {"block_bytes", "bytes", "size of all final blocks"},
    {"block_gas", "gas", "gas of all final blocks"},
    {"blocks_full", "blocks", "final blocks that refused an item for want of room"},
    {"splits", "shards", "shards that were divided (TON-R56)"},
    {"merges", "shards", "pairs of shards that were united (TON-R56)"},
    {"blocks_orphaned", "blocks", "blocks on forks that lost, of individual validators"},
    {"votes_sent", "packets", "votes that validators sent each other"},
    {"votes_carried", "votes", "votes that leaders put into blocks"},
    {"switches", "votes", "votes for another fork than the voter's last one"},
    {"blocks_made", "blocks", "blocks that individual validators made"},
    {"blocks_forking", "blocks", "of these: not on the newest block"},
    {"slots_skipped", "slots", "slots whose leaders could not make their blocks"},
    {NULL, NULL, NULL},
};

static const struct model_property properties[] = {
    {"block_height", "heights of a chain's final blocks rise by one, and their times rise", false},
    {"finality", "every block is final within the given time of its slot", PROPERTY_WITHIN},
    {"one_shard", "every address lies in exactly one living shard", false},
    {"one_block_per_slot_final",
     "what is final for individual validators lies on one fork, with one block a slot", false},
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
