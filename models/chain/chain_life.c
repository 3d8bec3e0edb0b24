/* The life of a block: slot, rounds of fill, seal, then final or dropped. */

#include "models/chain/chain_life.h"

#include "sim/context.h"

/* Rounds go over these, in this order. */
static const enum layer filling_layers[] = {LAYER_STATE, LAYER_MESSAGING, LAYER_LEDGER,
                                            LAYER_ATOMIC};
enum { FILLING_LAYERS = sizeof filling_layers / sizeof filling_layers[0] };

static struct open_block *open_block(struct chain_blocks *chains, uint32_t index)
{
    SIM_ASSERT(chains->records[index].open);
    return pool_at(&chains->open_blocks, chains->records[index].open);
}

/* TON-R15: when the chain may make its next block: once the one ahead_max before it is registered.
 */
uint64_t chain_registered_ns(const struct chain_blocks *chains, uint32_t index)
{
    uint64_t handle;
    if (chains->ahead_max == 0 ||
        !map_get(&chains->ahead_of, chain_living_chain(&chains->living, index), &handle))
        return 0;
    const struct chain_ahead *ahead = pool_at(&chains->ahead, (uint32_t)handle);
    return ahead->registered_ns[chains->records[index].height % chains->ahead_max];
}

static void note_registration(struct chain_blocks *chains, const struct block *block)
{
    uint64_t handle, seqno;
    if (chains->ahead_max == 0 || block->chain == CHAIN_MASTER_ID)
        return;
    if (!map_get(&chains->ahead_of, block->chain, &handle)) {
        handle = pool_take(&chains->ahead);
        map_put(&chains->ahead_of, block->chain, handle);
    }
    struct chain_ahead *ahead = pool_at(&chains->ahead, (uint32_t)handle);
    ahead->registered_ns[(block->height - 1) % chains->ahead_max] =
        master_clock_visible(&chains->master, block->final_ns, &seqno);
}

static uint64_t next_slot(struct chain_blocks *chains, uint32_t index, uint64_t now_ns)
{
    struct chain_record *record = &chains->records[index];
    uint64_t from_ns = chain_registered_ns(chains, index);
    bool slotted = chains->clock == CLOCK_PERIODIC || chains->clock == CLOCK_ALIGNED;
    if (from_ns > now_ns) /* a slot at that very instant is late enough */
        now_ns = slotted ? from_ns - 1 : from_ns;
    if (index == chains->layout.shard_count) /* the masterchain's clock is never another */
        return clock_next(chains->master.phase_ns, chains->master.interval_ns, now_ns);
    uint64_t identity, earliest;
    switch (chains->clock) {
    case CLOCK_PERIODIC:
    case CLOCK_ALIGNED:
        return clock_next(record->phase_ns, chains->interval_ns, now_ns);
    case CLOCK_ON_DEMAND:
        if (record->number == 0)
            return now_ns;
        /* At least 1 ns: two blocks of a chain never share an instant. */
        earliest = record->slot_ns + (chains->min_interval_ns ? chains->min_interval_ns : 1);
        return earliest > now_ns ? earliest : now_ns;
    case CLOCK_POISSON:
        identity = identity_of(ROLE_CHAIN, chain_living_chain(&chains->living, index));
        return now_ns +
               clock_gap(world_rng(chains->world), identity, record->gaps++, chains->interval_ns);
    }
    SIM_ASSERT(false);
    return 0;
}

void chain_wake(struct chain_blocks *chains, struct context *context, uint32_t index)
{
    struct chain_record *record = &chains->records[index];
    uint32_t node = chain_node(chains, index);
    SIM_ASSERT(world_group(chains->world, node) == context->group);
    if (chain_is_individual(chains->individual, index)) { /* its leaders look */
        record->wanted = true;
        return;
    }
    if (!chain_reshard_makes(chains, index)) {
        record->wanted = false; /* who goes on where it ended is woken then */
        return;
    }
    if (record->open || !context_up(context, node)) {
        record->wanted = true;
        return;
    }
    if (record->armed)
        return;
    record->armed = true;
    record->wanted = false;
    context_timer(context, node, LAYER_CHAIN, TIMER_SLOT,
                  chain_living_chain(&chains->living, index),
                  next_slot(chains, index, context->now_ns), 0);
}

static struct block_load load_of(const struct block *block)
{
    return (struct block_load){{block->bytes, block->gas, block->lt_delta}};
}

/* SIMPLIFICATION: a block's bytes and gas are counted up to 2^32 - 1. Limits are lower; beyond is
 * only what one transaction makes, such as news to very many shards. */
static uint32_t add_up_to_limit(uint32_t sum, uint32_t more)
{
    return more > UINT32_MAX - sum ? UINT32_MAX : sum + more;
}

bool chain_charge(struct chain_blocks *chains, struct block *block, enum charge_kind kind,
                  uint32_t bytes, uint32_t gas)
{
    struct open_block *open = (struct open_block *)block;
    (void)chains;
    SIM_ASSERT(open->filling);
    SIM_ASSERT(bytes > 0 || gas > 0); /* what costs nothing could be added for ever */
    struct block_load load = load_of(block);
    struct block_load item = {{bytes, gas, 0}};
    if (kind == CHARGE_EXTERNAL && block->queue_full) /* TON-R37 */
        return false;
    if (!block_limits_admit(&open->limits, &load, block->items, kind, &item)) {
        open->full = true;
        return false;
    }
    block->bytes = add_up_to_limit(block->bytes, bytes);
    block->gas = add_up_to_limit(block->gas, gas);
    block->items++;
    return true;
}

void chain_set(struct chain_blocks *chains, struct block *block, uint64_t *word, uint64_t value)
{
    struct open_block *open = (struct open_block *)block;
    SIM_ASSERT(open->filling);
    if (chains->journalled)
        block_journal_add(&open->journal, &chains->journal, word);
    open->changes++;
    *word = value;
}

static void fill_rounds(struct chain_blocks *chains, struct context *context, struct block *block)
{
    uint32_t added = 1;
    for (uint32_t round = 0; added > 0; round++) {
        uint32_t items = block->items;
        added = 0;
        for (uint32_t i = 0; i < FILLING_LAYERS; i++) {
            const struct block_app *app = &chains->stack->app[filling_layers[i]];
            if (app->fill)
                added += app->fill(app->self, context, block, round);
        }
        /* Every item charges, and the block is finite: so the rounds end. */
        SIM_ASSERT(added == 0 || block->items > items);
    }
}

static void trace(struct context *context, uint8_t kind, const struct block *block)
{
    context_trace(context, &(struct trace){.slot = LAYER_CHAIN,
                                           .kind = kind,
                                           .chain = block->chain,
                                           .bytes = block->bytes,
                                           .subject = block->id,
                                           .value = block->items});
}

/* Calls dropped() of every layer, or only of those that left a word in the block. */
static void tell_dropped(struct chain_blocks *chains, struct context *context,
                         const struct block *block, bool all)
{
    for (uint32_t i = 0; i < FILLING_LAYERS; i++) {
        const struct block_app *app = &chains->stack->app[filling_layers[i]];
        if (app->dropped && (all || block->body[filling_layers[i]] != 0))
            app->dropped(app->self, context, block);
    }
}

static void close_block(struct chain_blocks *chains, struct context *context, uint32_t index,
                        bool wake)
{
    struct chain_record *record = &chains->records[index];
    pool_give(&chains->open_blocks, record->open);
    record->open = 0;
    record->free_ns = context->now_ns;
    /* With resharding idle chains make their blocks too, so that they are seen to be idle. */
    if (wake || record->wanted || chains->resharding)
        chain_wake(chains, context, index);
}

/* How long before this block the chain's previous one was. SIMPLIFICATION: an idle chain makes none
 * here, but the ones that it would have made count (TON-R36 is about chains that are late). */
static uint64_t gap_ns(const struct chain_blocks *chains, const struct chain_record *record,
                       uint64_t now_ns)
{
    uint64_t gap = now_ns - record->slot_ns;
    bool idle = now_ns - record->free_ns > chains->interval_ns;
    return idle && gap > chains->interval_ns ? chains->interval_ns : gap;
}

static struct block_limits limits_of(const struct chain_blocks *chains, uint32_t index,
                                     const struct block *block)
{
    const struct chain_record *record = &chains->records[index];
    int32_t workchain;
    uint64_t shard;
    chain_layout_prefix(&chains->layout, block->chain, &workchain, &shard);
    struct block_limits limits = limit_table_of(&chains->limits, workchain, shard);
    if (!limits.stepped)
        return limits;
    block_limits_retry(&limits, block->attempt);
    block_limits_late(&limits, gap_ns(chains, record, block->time_ns));
    return limits;
}

/* Filling is over: what the block's load says about its chain. */
static void classify(struct open_block *open)
{
    struct block *block = &open->block;
    struct block_load load = load_of(block);
    if (open->limits.stepped)
        load.of[LIMIT_BYTES] += BLOCK_BASE_BYTES;
    enum block_class block_class = block_limits_class(&open->limits, &load);
    block->limit_class = (uint8_t)block_class;
    block->overloaded = block_overloaded(block_class, block->queue_length, block->dispatch_full);
    block->underloaded = block_underloaded(block_class, block->queue_length, block->dispatch_full);
}

bool chain_fill(struct chain_blocks *chains, struct context *context, uint32_t index)
{
    struct chain_record *record = &chains->records[index];
    SIM_ASSERT(!record->open);
    SIM_ASSERT(chain_registered_ns(chains, index) <= context->now_ns); /* TON-R15 */
    record->open = pool_take(&chains->open_blocks);
    struct open_block *open = open_block(chains, index);
    uint32_t chain = chain_living_chain(&chains->living, index);
    bool master = index == chains->layout.shard_count;
    SIM_ASSERT(record->number < UINT32_MAX);
    open->block =
        (struct block){.id = (uint64_t)chain << 32 | (record->number + 1),
                       .parent = record->parent ? (uint64_t)chain << 32 | record->parent : 0,
                       .time_ns = context->now_ns,
                       .chain = chain,
                       .height = record->height + 1,
                       .attempt = (uint8_t)(record->drops + 1)};
    if (chains->resharding && chains->resharding->parents[index]) /* the first after a switch */
        open->block.parent = chains->resharding->parents[index];
    if (master) /* TON-R30: it refers to itself */
        open->block.master_seqno =
            clock_slots(chains->master.phase_ns, chains->master.interval_ns, context->now_ns);
    else if (chains->layout.master)
        open->block.master_seqno = master_clock_final(&chains->master, context->now_ns);
    open->limits = limits_of(chains, index, &open->block);
    open->filling = true;
    fill_rounds(chains, context, &open->block);
    classify(open);
    if (chains->resharding)
        chain_reshard_fill(chains, open, index);
    open->filling = false;
    /* SIMPLIFICATION: a block without content is not made, where real chains make empty ones. */
    if (open->block.items == 0 && open->changes == 0) {
        bool again = record->drops > 0; /* what a limit of the attempt kept out comes now */
        record->drops = 0;
        tell_dropped(chains, context, &open->block, false);
        close_block(chains, context, index, again);
        return false;
    }
    record->number++;
    record->slot_ns = context->now_ns;
    return true;
}

void chain_make_block(struct chain_blocks *chains, struct context *context, uint32_t index)
{
    struct chain_record *record = &chains->records[index];
    SIM_ASSERT(record->armed);
    record->armed = false;
    if (!chain_fill(chains, context, index))
        return;
    const struct open_block *open = open_block(chains, index);
    uint32_t chain = open->block.chain;
    trace(context, TRACE_BLOCK, &open->block);
    uint64_t delay_ns = context_work_ns(context, chains->consensus_delay_ns);
    if (delay_ns == 0)
        chain_complete(chains, context, index);
    else
        context_timer(context, chain_node(chains, index), LAYER_CHAIN, TIMER_FINAL, chain,
                      context->now_ns + delay_ns, open->block.id);
}

static void check_final(struct chain_blocks *chains, struct context *context, uint32_t index,
                        const struct block *block)
{
    struct chain_record *record = &chains->records[index];
    if (world_property_on(chains->world, LAYER_CHAIN, PROPERTY_HEIGHT)) {
        if (block->height != record->checked_height + 1)
            context_violation(context, LAYER_CHAIN, PROPERTY_HEIGHT, block->id,
                              "height %u follows height %u", block->height, record->checked_height);
        if (record->checked_height > 0 && block->time_ns <= record->checked_ns)
            context_violation(context, LAYER_CHAIN, PROPERTY_HEIGHT, block->id,
                              "a block of %llu ns follows one of %llu ns",
                              (unsigned long long)block->time_ns,
                              (unsigned long long)record->checked_ns);
        record->checked_height = block->height;
        record->checked_ns = block->time_ns;
    }
    uint64_t took_ns = block->final_ns - block->time_ns;
    if (chains->finality_within_ns > 0 && took_ns > chains->finality_within_ns)
        context_violation(context, LAYER_CHAIN, PROPERTY_FINALITY, block->id,
                          "final %llu ns after its slot, %llu ns allowed",
                          (unsigned long long)took_ns,
                          (unsigned long long)chains->finality_within_ns);
}

static void make_final(struct chain_blocks *chains, struct context *context, uint32_t index)
{
    struct chain_record *record = &chains->records[index];
    struct open_block *open = open_block(chains, index);
    open->block.final_ns = context->now_ns;
    record->drops = 0;
    block_journal_forget(&open->journal, &chains->journal);
    record->parent = (uint32_t)open->block.id;
    record->height += chains->break_rule == BREAK_HEIGHT ? 2 : 1;
    note_registration(chains, &open->block);
    check_final(chains, context, index, &open->block);
    trace(context, TRACE_FINAL, &open->block);
    context_count(context, LAYER_CHAIN, METRIC_FINAL, 1);
    context_count(context, LAYER_CHAIN, METRIC_BYTES, open->block.bytes);
    context_count(context, LAYER_CHAIN, METRIC_GAS, open->block.gas);
    if (open->full) {
        record->full++;
        context_count(context, LAYER_CHAIN, METRIC_FULL, 1);
    }
    for (uint32_t i = 0; i < FILLING_LAYERS; i++) {
        const struct block_app *app = &chains->stack->app[filling_layers[i]];
        if (app->final)
            app->final(app->self, context, &open->block);
    }
    if (chains->resharding)
        chain_reshard_final(chains, context, index, open);
    close_block(chains, context, index, false);
}

void chain_report_full(const struct chain_blocks *chains, struct context *context)
{
    uint32_t count = chain_living_count(&chains->living);
    for (uint32_t index = 0; index < count; index++) {
        const struct chain_record *record = &chains->records[index];
        uint64_t identity = identity_of(ROLE_CHAIN, chain_living_chain(&chains->living, index));
        if (record->full > 0)
            context_metric(context, "blocks_full", identity, record->full, "blocks",
                           chain_reshard_made(chains, index));
    }
}

void chain_complete(struct chain_blocks *chains, struct context *context, uint32_t index)
{
    uint32_t number = (uint32_t)open_block(chains, index)->block.id;
    if (chain_is_individual(chains->individual, index)) /* where not every block has content */
        number = chains->records[index].gaps;
    /* By number, so that a drop depends on nothing else in the run. */
    if (chains->drop_every > 0 && number % chains->drop_every == 0)
        chain_drop(chains, context, index);
    else
        make_final(chains, context, index);
}

void chain_drop(struct chain_blocks *chains, struct context *context, uint32_t index)
{
    struct open_block *open = open_block(chains, index);
    SIM_ASSERT(chains->journalled);
    SIM_ASSERT(open->journal.count == open->changes);
    if (chains->break_rule == BREAK_UNDO)
        block_journal_forget(&open->journal, &chains->journal);
    else
        block_journal_undo(&open->journal, &chains->journal);
    if (chains->records[index].drops < BLOCK_ATTEMPTS_MAX - 1)
        chains->records[index].drops++;
    trace(context, TRACE_DROPPED, &open->block);
    context_count(context, LAYER_CHAIN, METRIC_DROPPED, 1);
    tell_dropped(chains, context, &open->block, true);
    close_block(chains, context, index, true);
}
