#include "models/chain/chain_reshard.h"

#include <inttypes.h>
#include <stdio.h>

#include "models/chain/chain_life.h"
#include "models/chain/shard_load.h"
#include "sim/context.h"
#include "sim/diagnostics.h"
#include "sim/model.h"
#include "sim/world.h"

enum { TOP_BYTES = 256, REGISTER_BYTES = 128, REGISTER_GAS = 0 };

static const char memory_name[] = "chain: resharding";

/* A shard's description on the wire. */
struct top_packet {
    uint64_t number, want, before_split;
    uint32_t chain;
};

/* ---- Build ---- */

static uint32_t order_chain(const struct chain_blocks *chains, const char *text)
{
    int32_t workchain;
    uint64_t shard;
    if (!shard_parse(text, &workchain, &shard) || shard_depth(shard) > SHARD_HEAP_DEPTH_MAX)
        return 0;
    uint32_t first = chain_layout_find(&chains->layout, workchain, shard);
    if (first == 0 || first == CHAIN_MASTER_ID)
        return 0;
    return (first >> CHAIN_HEAP_BITS) << CHAIN_HEAP_BITS | shard_heap(shard);
}

static int read_orders(struct chain_blocks *chains, const struct reshard_config *config,
                       const struct build *build)
{
    struct chain_resharding *all = chains->resharding;
    const struct reshard_order_config *orders = config->schedule.items;
    for (uint32_t i = 0; i < config->schedule.count; i++) {
        uint32_t chain = order_chain(chains, orders[i].shard);
        bool fine = chain != 0 && chain_living_may(&chains->living, chain) &&
                    chain_living_may(&chains->living, chain_living_child(chain, false));
        if (!fine) {
            char place[96];
            snprintf(place, sizeof place, "%s/resharding/schedule/%" PRIu32 "/shard",
                     build->pointer, i);
            diagnostics_addf(build->diagnostics, "E402", place, AT_VALUE,
                             "a shard of a workchain that is there, with halves no deeper than "
                             "max_split",
                             NULL, "shard %s and its halves cannot live in this run",
                             orders[i].shard);
            return -1;
        }
        all->orders[i] = (struct reshard_order){.at_ns = (uint64_t)orders[i].at_ns,
                                                .chain = chain,
                                                .what = (enum reshard_what)orders[i].what};
    }
    return 0;
}

/* The whole of a workchain gives its series a name where no chain of that name exists. */
static void name_workchains(struct chain_blocks *chains, const struct build *build)
{
    if (chains->living.depth_min == 0)
        return;
    for (uint32_t i = 0; i < chains->layout.workchain_count; i++) {
        char name[SHARD_TEXT_BYTES];
        shard_print(chains->layout.workchains[i].id, SHARD_WHOLE, name);
        world_entity_add(build->world, identity_of(ROLE_CHAIN, (i + 1) << CHAIN_HEAP_BITS | 1),
                         "workchain", name, 0);
    }
}

int chain_reshard_build(struct chain_blocks *chains, const struct reshard_config *config,
                        const struct build *build)
{
    if (!config->enabled || chains->layout.shard_count == 0)
        return 0;
    struct memory *memory = chains->memory;
    struct chain_resharding *all = memory_take(memory, memory_name, sizeof *all);
    uint32_t count = chain_living_count(&chains->living);
    chains->resharding = all;
    all->rules = reshard_config_rules(config);
    all->count = count;
    all->histories = memory_take(memory, memory_name, count * sizeof *all->histories);
    all->entries = memory_take(memory, memory_name, count * sizeof *all->entries);
    all->shown = memory_take(memory, memory_name, count * sizeof *all->shown);
    all->tops = memory_take(memory, memory_name, count * sizeof *all->tops);
    all->parents = memory_take(memory, memory_name, count * sizeof *all->parents);
    all->ended = memory_take(memory, memory_name, count * sizeof *all->ended);
    all->made = memory_take(memory, memory_name, count * sizeof *all->made);
    all->order_count = config->schedule.count;
    if (all->order_count > 0)
        all->orders = memory_take(memory, memory_name, all->order_count * sizeof *all->orders);
    name_workchains(chains, build);
    return read_orders(chains, config, build);
}

void chain_reshard_free(struct chain_blocks *chains)
{
    struct chain_resharding *all = chains->resharding;
    if (!all)
        return;
    struct memory *memory = chains->memory;
    memory_give(memory, all->histories, all->count * sizeof *all->histories);
    memory_give(memory, all->entries, all->count * sizeof *all->entries);
    memory_give(memory, all->shown, all->count * sizeof *all->shown);
    memory_give(memory, all->tops, all->count * sizeof *all->tops);
    memory_give(memory, all->parents, all->count * sizeof *all->parents);
    memory_give(memory, all->ended, all->count * sizeof *all->ended);
    memory_give(memory, all->made, all->count * sizeof *all->made);
    if (all->order_count > 0)
        memory_give(memory, all->orders, all->order_count * sizeof *all->orders);
    memory_give(memory, all, sizeof *all);
    chains->resharding = NULL;
}

static void sample(const struct chain_blocks *chains, struct context *context, uint32_t ordinal)
{
    context_sample(context, "shards", identity_of(ROLE_CHAIN, ordinal << CHAIN_HEAP_BITS | 1),
                   chains->living.alive_in[ordinal - 1]);
}

void chain_reshard_start(struct chain_blocks *chains, struct context *context)
{
    uint32_t master = chains->layout.shard_count;
    for (uint32_t index = 0; index <= master; index++) {
        context_as(context, chain_node(chains, index));
        chain_wake(chains, context, index);
    }
    for (uint32_t i = 0; i < chains->layout.workchain_count; i++)
        sample(chains, context, i + 1);
}

/* ---- Shards ---- */

static bool is_master(const struct chain_blocks *chains, uint32_t index)
{
    return index == chains->layout.shard_count;
}

bool chain_reshard_makes(const struct chain_blocks *chains, uint32_t index)
{
    return !chains->resharding ||
           (chain_living_is(&chains->living, index) && !chains->resharding->ended[index]);
}

static void fill_shard(struct chain_blocks *chains, struct open_block *open, uint32_t index)
{
    struct chain_resharding *all = chains->resharding;
    struct shard_history *history = &all->histories[index];
    struct block *block = &open->block;
    chain_set(chains, block, &history->overload,
              shard_load_shift(history->overload, block->overloaded));
    chain_set(chains, block, &history->underload,
              shard_load_shift(history->underload, block->underloaded));
    open->last = shard_schedule_ends(&all->rules, block->time_ns, &all->shown[index]);
}

void chain_reshard_tell(struct chain_blocks *chains, struct context *context, uint32_t index)
{
    const struct chain_resharding *all = chains->resharding;
    const struct chain_record *record = &chains->records[index];
    const struct shard_history *history = &all->histories[index];
    if (!chain_living_is(&chains->living, index))
        return;
    struct top_packet packet = {.chain = chain_living_chain(&chains->living, index),
                                .number = record->parent,
                                .want = shard_load_want(history->overload, history->underload),
                                .before_split = all->ended[index]};
    context_send(context, &(struct send){.to = chain_node(chains, chains->layout.shard_count),
                                         .wire_bytes = TOP_BYTES,
                                         .slot = LAYER_CHAIN,
                                         .kind = MESSAGE_TOP,
                                         .attempt = (uint32_t)(context->now_ns >> 20),
                                         .chain = packet.chain,
                                         .subject = (uint64_t)packet.chain << 32 | record->parent,
                                         .payload = &packet,
                                         .payload_bytes = sizeof packet});
    /* Who makes no more blocks repeats his last word until the masterchain has it. */
    if (all->ended[index])
        context_timer(context, chain_node(chains, index), LAYER_CHAIN, TIMER_TOP, packet.chain,
                      context->now_ns + chains->interval_ns, 0);
}

static void trace_event(struct context *context, uint8_t kind, uint32_t chain, uint64_t block,
                        uint32_t value)
{
    context_trace(context, &(struct trace){.slot = LAYER_CHAIN,
                                           .kind = kind,
                                           .milestone = true,
                                           .chain = chain,
                                           .subject = block,
                                           .value = value});
}

/* ---- The masterchain ---- */

void chain_reshard_on_top(struct chain_blocks *chains, const struct message *message)
{
    const struct top_packet *packet = message->payload;
    uint32_t index = chain_living_index(&chains->living, packet->chain);
    struct shard_top *top = &chains->resharding->tops[index];
    /* What a chain said in a former life has a smaller number than its latest one began with. */
    if (chain_living_is(&chains->living, index) && packet->number >= top->number)
        *top = (struct shard_top){packet->number, packet->want, packet->before_split};
}

static void set_entry(struct chain_blocks *chains, struct block *block, struct shard_entry *entry,
                      const struct shard_entry *wanted)
{
    uint64_t *words = (uint64_t *)entry;
    const uint64_t *values = (const uint64_t *)wanted;
    for (unsigned i = 0; i < SHARD_ENTRY_WORDS; i++)
        if (words[i] != values[i])
            chain_set(chains, block, &words[i], values[i]);
}

static unsigned depth_of(uint32_t chain)
{
    return 31 - (unsigned)__builtin_clz(chain & ((UINT32_C(1) << CHAIN_HEAP_BITS) - 1));
}

/* Registers what shards said; false when the block has no more room. */
static bool register_top(struct chain_blocks *chains, struct block *block, uint32_t index)
{
    struct chain_resharding *all = chains->resharding;
    const struct shard_top *top = &all->tops[index];
    struct shard_entry entry = all->entries[index];
    if (top->number <= entry.number)
        return true;
    if (!chain_charge(chains, block, CHARGE_INTERNAL, REGISTER_BYTES, REGISTER_GAS))
        return false;
    entry.number = top->number;
    entry.want = top->want;
    entry.before_split = top->before_split;
    set_entry(chains, block, &all->entries[index], &entry);
    return true;
}

/* The living sibling of a shard, or UINT32_MAX. */
static uint32_t sibling_of(const struct chain_blocks *chains, uint32_t index)
{
    uint32_t chain = chain_living_chain(&chains->living, index);
    if (depth_of(chain) == 0 || depth_of(chain) == chains->living.depth_min)
        return UINT32_MAX;
    uint32_t sibling = chain_living_index(&chains->living, chain_living_sibling(chain));
    return chain_living_is(&chains->living, sibling) ? sibling : UINT32_MAX;
}

static void order_split(struct chain_blocks *chains, struct block *block,
                        struct reshard_order *order)
{
    struct chain_resharding *all = chains->resharding;
    uint32_t index = chain_living_index(&chains->living, order->chain);
    struct shard_entry entry = all->entries[index];
    if (!chain_living_is(&chains->living, index) || entry.before_merge || entry.before_split)
        return;
    shard_schedule_order(&all->rules, block->time_ns, SHARD_EVENT_SPLIT, &entry);
    set_entry(chains, block, &all->entries[index], &entry);
    chain_set(chains, block, &order->done, 1);
}

static void order_merge(struct chain_blocks *chains, struct block *block,
                        struct reshard_order *order)
{
    struct chain_resharding *all = chains->resharding;
    uint32_t index[2];
    for (int half = 0; half < 2; half++) {
        index[half] =
            chain_living_index(&chains->living, chain_living_child(order->chain, half == 1));
        const struct shard_entry *entry = &all->entries[index[half]];
        if (!chain_living_is(&chains->living, index[half]) || entry->before_split ||
            entry->before_merge || entry->event == SHARD_EVENT_SPLIT)
            return;
    }
    for (int half = 0; half < 2; half++) {
        struct shard_entry entry = all->entries[index[half]];
        shard_schedule_order(&all->rules, block->time_ns, SHARD_EVENT_MERGE, &entry);
        set_entry(chains, block, &all->entries[index[half]], &entry);
    }
    chain_set(chains, block, &order->done, 1);
}

static void follow_orders(struct chain_blocks *chains, struct block *block)
{
    struct chain_resharding *all = chains->resharding;
    for (uint32_t i = 0; i < all->order_count; i++) {
        struct reshard_order *order = &all->orders[i];
        if (order->done || order->at_ns > block->time_ns)
            continue;
        if (order->what == RESHARD_SPLIT)
            order_split(chains, block, order);
        else
            order_merge(chains, block, order);
    }
}

static void fill_master(struct chain_blocks *chains, struct block *block)
{
    struct chain_resharding *all = chains->resharding;
    bool room = true;
    for (uint32_t index = 0; index < all->count; index++) {
        if (is_master(chains, index) || !chain_living_is(&chains->living, index))
            continue;
        room = room && register_top(chains, block, index);
        unsigned depth = depth_of(chain_living_chain(&chains->living, index));
        struct shard_entry entry =
            shard_schedule_one(&all->rules, block->time_ns, depth, all->entries[index]);
        set_entry(chains, block, &all->entries[index], &entry);
    }
    follow_orders(chains, block);
    for (uint32_t index = 0; index < all->count; index++) {
        if (is_master(chains, index) || !chain_living_is(&chains->living, index))
            continue;
        uint32_t chain = chain_living_chain(&chains->living, index);
        uint32_t sibling = sibling_of(chains, index);
        if (sibling == UINT32_MAX || (chain & 1) != 0)
            continue; /* pairs are looked at once, from the left */
        struct shard_entry left = all->entries[index], right = all->entries[sibling];
        shard_schedule_pair(&all->rules, block->time_ns, depth_of(chain), &left, &right);
        set_entry(chains, block, &all->entries[index], &left);
        set_entry(chains, block, &all->entries[sibling], &right);
    }
}

uint32_t chain_reshard_made(const struct chain_blocks *chains, uint32_t index)
{
    /* Without switches a chain's height counts its own blocks. */
    return chains->resharding ? chains->resharding->made[index] : chains->records[index].height;
}

void chain_reshard_fill(struct chain_blocks *chains, struct open_block *open, uint32_t index)
{
    if (is_master(chains, index))
        fill_master(chains, &open->block);
    else
        fill_shard(chains, open, index);
}

/* ---- The switch ---- */

/* The block that a chain's next one continues. */
static uint64_t latest_block(const struct chain_blocks *chains, uint32_t index)
{
    uint64_t chain = chain_living_chain(&chains->living, index);
    uint64_t of_another = chains->resharding->parents[index];
    uint32_t number = chains->records[index].parent;
    return of_another ? of_another : number ? chain << 32 | number : 0;
}

/* A chain begins to live, and goes on where `from` ended (TON-R57, TON-R58). */
static void begin(struct chain_blocks *chains, uint32_t index, uint32_t from_index)
{
    struct chain_record *record = &chains->records[index];
    const struct chain_record *from = &chains->records[from_index];
    uint64_t *parents = chains->resharding->parents;
    parents[index] = latest_block(chains, from_index);
    if (from->number > record->number) /* its own numbers go on, above those of before */
        record->number = from->number;
    record->height = from->height;
    record->checked_height = from->checked_height;
    record->checked_ns = from->checked_ns;
    record->slot_ns = from->slot_ns;
    record->free_ns = from->free_ns;
}

static void clear(struct chain_resharding *all, uint32_t index, uint64_t number)
{
    all->histories[index] = (struct shard_history){0, 0};
    all->entries[index] = all->shown[index] = (struct shard_entry){.number = number};
    all->tops[index] = (struct shard_top){.number = number};
    all->ended[index] = false;
}

static void retire(struct chain_blocks *chains, uint32_t index)
{
    struct chain_record *record = &chains->records[index];
    record->armed = record->wanted = false;
    record->drops = 0; /* its next life, if there is one, begins with a first attempt (TON-R36) */
    clear(chains->resharding, index, record->number);
}

static void wake_new(struct chain_blocks *chains, struct context *context, uint32_t index)
{
    clear(chains->resharding, index, chains->records[index].number);
    SIM_ASSERT(chains->records[index].drops == 0);
    chain_wake(chains, context, index);
}

static void check_whole(const struct chain_blocks *chains, struct context *context, uint32_t chain)
{
    uint64_t wrong = world_property_on(chains->world, LAYER_CHAIN, PROPERTY_ONE_SHARD)
                         ? chain_living_wrong(&chains->living, chain >> CHAIN_HEAP_BITS)
                         : 0;
    if (wrong != 0)
        context_violation(context, LAYER_CHAIN, PROPERTY_ONE_SHARD, chain,
                          "%" PRIu64 " of the smallest regions are in no shard or in two", wrong);
}

static void divide(struct chain_blocks *chains, struct context *context, uint32_t index)
{
    uint32_t parent = chain_living_chain(&chains->living, index);
    uint32_t left = chain_living_child(parent, false), right = chain_living_child(parent, true);
    uint32_t halves[2] = {chain_living_index(&chains->living, left),
                          chain_living_index(&chains->living, right)};
    SIM_ASSERT(chains->records[index].open == 0);
    chain_living_divide(&chains->living, parent);
    begin(chains, halves[0], index);
    begin(chains, halves[1], index);
    retire(chains, index);
    for (uint32_t layer = 0; layer < LAYER_COUNT; layer++) {
        const struct block_app *app = &chains->stack->app[layer];
        if (app->divide)
            app->divide(app->self, context, parent, left, right);
    }
    trace_event(context, TRACE_SPLIT, parent, chains->resharding->parents[halves[0]],
                chains->living.alive_in[(parent >> CHAIN_HEAP_BITS) - 1]);
    context_count(context, LAYER_CHAIN, METRIC_SPLITS, 1);
    check_whole(chains, context, parent);
    wake_new(chains, context, halves[0]);
    wake_new(chains, context, halves[1]);
    sample(chains, context, parent >> CHAIN_HEAP_BITS);
}

/* What a half has open is dropped: the masterchain says that its latest final block was the last.
 */
static void close_half(struct chain_blocks *chains, struct context *context, uint32_t index)
{
    uint32_t here = context->self;
    chains->resharding->ended[index] = true; /* no wake counts any more */
    context_as(context, chain_node(chains, index));
    if (chains->records[index].open)
        chain_drop(chains, context, index);
    context_as(context, here);
}

static void unite(struct chain_blocks *chains, struct context *context, uint32_t left_index)
{
    uint32_t left = chain_living_chain(&chains->living, left_index);
    uint32_t right = chain_living_sibling(left), parent = chain_living_parent(left);
    uint32_t right_index = chain_living_index(&chains->living, right);
    uint32_t index = chain_living_index(&chains->living, parent);
    close_half(chains, context, left_index);
    close_half(chains, context, right_index);
    chain_living_unite(&chains->living, parent);
    const struct chain_record *a = &chains->records[left_index];
    const struct chain_record *b = &chains->records[right_index];
    begin(chains, index, a->height >= b->height ? left_index : right_index);
    struct chain_record *record = &chains->records[index];
    record->number = a->number > record->number ? a->number : record->number;
    record->number = b->number > record->number ? b->number : record->number;
    record->checked_ns = a->checked_ns > b->checked_ns ? a->checked_ns : b->checked_ns;
    retire(chains, left_index);
    retire(chains, right_index);
    for (uint32_t layer = 0; layer < LAYER_COUNT; layer++) {
        const struct block_app *app = &chains->stack->app[layer];
        if (app->unite)
            app->unite(app->self, context, left, right, parent);
    }
    trace_event(context, TRACE_MERGE, parent, chains->resharding->parents[index],
                chains->living.alive_in[(parent >> CHAIN_HEAP_BITS) - 1]);
    context_count(context, LAYER_CHAIN, METRIC_MERGES, 1);
    check_whole(chains, context, parent);
    wake_new(chains, context, index);
    sample(chains, context, parent >> CHAIN_HEAP_BITS);
}

static void master_final(struct chain_blocks *chains, struct context *context)
{
    struct chain_resharding *all = chains->resharding;
    for (uint32_t index = 0; index < all->count; index++)
        all->shown[index] = all->entries[index];
    for (uint32_t index = 0; index < all->count; index++) {
        if (is_master(chains, index) || !chain_living_is(&chains->living, index))
            continue;
        if (all->shown[index].before_split)
            divide(chains, context, index);
        else if (all->shown[index].before_merge &&
                 (chain_living_chain(&chains->living, index) & 1) == 0)
            unite(chains, context, index);
    }
}

void chain_reshard_final(struct chain_blocks *chains, struct context *context, uint32_t index,
                         const struct open_block *open)
{
    chains->resharding->made[index]++;
    if (is_master(chains, index)) {
        master_final(chains, context);
        return;
    }
    chains->resharding->parents[index] = 0;
    if (open->last) {
        chains->resharding->ended[index] = true;
        trace_event(context, TRACE_BEFORE_SPLIT, open->block.chain, open->block.id, 0);
    }
    chain_reshard_tell(chains, context, index);
}
