/* The leader's side: a block is cut into shreds, set by set, and each shred goes to the root of its
 * tree (SOL-R8.5); and what every member does with a shred that it has to pass on. */

#include "models/spread/repair_service.h"
#include "models/spread/slot_gossip.h"
#include "models/spread/turbine_parts.h"
#include "sim/world.h"

static const char *const NAME = "spread: blocks";

enum { TICKS_PER_S = 160 }; /* SOL-R1 */

struct turbine_block *turbine_block(const struct turbine_chain *chain, uint32_t number)
{
    if (number < chain->first_block || number - chain->first_block >= chain->block_count)
        return NULL;
    return chain->blocks[number - chain->first_block];
}

/* Numbers of a chain's blocks rise as they are made. */
static struct turbine_block *add_block(struct turbine_chain *chain,
                                       const struct block_header *header)
{
    struct memory *memory = chain->turbine->memory;
    uint32_t number = (uint32_t)header->id;
    if (chain->block_count == 0)
        chain->first_block = number;
    SIM_ASSERT(number >= chain->first_block + chain->block_count);
    uint32_t count = number - chain->first_block + 1;
    if (count > chain->block_capacity)
        chain->blocks = memory_grow(memory, NAME, chain->blocks, &chain->block_capacity, count,
                                    sizeof *chain->blocks);
    while (chain->block_count < count)
        chain->blocks[chain->block_count++] = NULL;
    struct turbine_block *block = memory_take(memory, NAME, sizeof *block);
    block->header = *header;
    block->plan = shred_cut((enum shred_layout)chain->turbine->config.layout, header->bytes, true);
    SIM_ASSERT(block->plan.set_count > 0);
    return chain->blocks[number - chain->first_block] = block;
}

/* When the leader has filled so many sets. */
static uint64_t set_ns(const struct turbine_block *block, uint32_t set)
{
    uint32_t sets = block->plan.set_count;
    return block->begin_ns + block->send_ns / sets * set + block->send_ns % sets * set / sets;
}

/* The leader's clock within its slot, as its shreds carry it (SOL-R2.6). */
static uint8_t set_tick(const struct turbine_chain *chain, const struct turbine_block *block,
                        uint32_t set)
{
    const struct chain_seam *seam = &chain->turbine->stack->chain;
    uint64_t slot_ns = seam->slot_ns(seam->self, chain->chain, block->header.slot);
    uint64_t made_ns = set_ns(block, set);
    uint64_t within_ns = made_ns > slot_ns ? made_ns - slot_ns : 0;
    uint64_t tick = within_ns / (UINT64_C(1000000000) / TICKS_PER_S);
    return (uint8_t)(tick < SHRED_REFERENCE_TICKS ? tick : SHRED_REFERENCE_TICKS - 1);
}

void turbine_publish(struct turbine_chain *chain, struct context *context,
                     const struct block_header *header)
{
    struct turbine_member *leader = &chain->members[header->leader];
    turbine_forget_blocks(chain, context);
    struct turbine_block *block = add_block(chain, header);
    uint32_t number = (uint32_t)header->id;
    uint64_t later_ns = header->end_ns > context->now_ns ? header->end_ns - context->now_ns : 0;
    block->begin_ns = context->now_ns;
    block->send_ns = chain->turbine->config.send == SPREAD_AT_ONCE ? 0 : later_ns;
    block->twice = turbine_lies(leader, context, TURBINE_EQUIVOCATE, header->id);
    for (uint32_t set = 0; set < block->plan.set_count; set++) {
        struct shred_set cut = shred_set_at(&block->plan, set);
        uint8_t tick = set_tick(chain, block, set);
        for (uint32_t i = 0; i < cut.data_count; i++)
            shred_ticks_set(&chain->shared.ticks, header->slot, cut.first_data + i, tick);
    }
    context_timer(context, context->self, LAYER_SPREAD, TURBINE_TIMER_SET, chain->chain,
                  context->now_ns, number);
    context_timer(context, context->self, LAYER_SPREAD, TURBINE_TIMER_JUDGE, chain->chain,
                  block->begin_ns + later_ns + 2 * chain->interval_ns, number);
}

static void send_shred(struct turbine_member *member, struct context *context, enum shred_type type,
                       uint64_t name, uint32_t rank, uint64_t depart_ns)
{
    struct send send = {.to = member->chain->node_of_rank[rank],
                        .wire_bytes = shred_bytes(type),
                        .slot = LAYER_SPREAD,
                        .kind = type == SHRED_DATA ? TURBINE_SHRED_DATA : TURBINE_SHRED_CODE,
                        .chain = member->chain->chain,
                        .subject = name,
                        .depart_ns = depart_ns};
    context_send(context, &send);
}

uint64_t turbine_name(const struct turbine_block *block, uint32_t index, uint32_t version,
                      uint32_t place)
{
    return (block->header.id & UINT32_MAX) << 32 | (uint64_t)version << 31 | (uint64_t)index << 16 |
           place;
}

struct turbine_set turbine_set_of(const struct turbine_chain *chain,
                                  const struct turbine_block *block, uint32_t number)
{
    return (struct turbine_set){.slot = block->header.slot,
                                .leader = chain->members[block->header.leader].rank,
                                .number = number,
                                .shreds = shred_set_at(&block->plan, number)};
}

/* To the root of its tree alone: if that one is down or the packet is lost, so is the shred, for
 * everybody (SOL-R8.5). */
static void send_to_root(struct turbine_member *leader, struct context *context,
                         const struct turbine_block *block, const struct turbine_set *set,
                         enum shred_type type, uint32_t at, uint64_t depart_ns)
{
    const uint16_t *order = turbine_trees_order(&leader->chain->trees, set, type, at);
    uint32_t first = type == SHRED_DATA ? set->shreds.first_data : set->shreds.first_code;
    uint32_t versions = block->twice ? 2 : 1;
    for (uint32_t version = 0; version < versions; version++)
        send_shred(leader, context, type, turbine_name(block, first + at, version, 0), order[0],
                   depart_ns);
    turbine_count(leader, context, TURBINE_SHREDS_SENT, versions);
}

/* What the leader itself has of its block: the sets that it has made. With the last one it has the
 * block, and the chain comes last, as for everybody else. */
static void store_own_set(struct turbine_member *leader, struct context *context,
                          const struct turbine_block *block, const struct shred_set *set)
{
    struct blockstore *store = &leader->store;
    struct data_shred first = {.slot = block->header.slot,
                               .parent = block->header.parent_slot,
                               .index = set->first_data,
                               .last = set->last};
    uint32_t all = (uint32_t)((UINT64_C(1) << set->data_count) - 1);
    blockstore_begin(store);
    blockstore_insert_run(store, &first, all, turbine_now_ms(context));
    blockstore_set_content(store, first.slot, turbine_content(block, 0));
    blockstore_commit(store);
    /* Repair looks at the slot in progress, too, and nobody else tells it of these sets. */
    repair_service_stored(leader, context, first.slot, set->first_data == 0, true);
    if (!set->last)
        return;
    turbine_has_slot(leader, context, first.slot);
    const struct chain_seam *seam = &leader->chain->turbine->stack->chain;
    seam->complete(seam->self, context, leader->chain->chain, leader->member, block->header.id);
}

void turbine_make_set(struct turbine_chain *chain, struct context *context, uint32_t number)
{
    struct turbine_block *block = turbine_block(chain, number);
    if (!block)
        return; /* so late that all have forgotten it */
    struct turbine_member *leader = &chain->members[block->header.leader];
    SIM_ASSERT(leader->node == context->self);
    struct turbine_set set = turbine_set_of(chain, block, block->sets_sent);
    uint64_t begin_ns = set_ns(block, set.number);
    uint64_t step_ns = set_ns(block, set.number + 1) - begin_ns;
    uint32_t data = set.shreds.data_count, packets = data + set.shreds.code_count;
    block->sets_sent++;
    for (uint32_t i = 0; i < packets; i++)
        send_to_root(leader, context, block, &set, i < data ? SHRED_DATA : SHRED_CODE,
                     i < data ? i : i - data, context->now_ns + step_ns * i / packets);
    if (block->sets_sent < block->plan.set_count)
        context_timer(context, context->self, LAYER_SPREAD, TURBINE_TIMER_SET, chain->chain,
                      set_ns(block, block->sets_sent), number);
    store_own_set(leader, context, block, &set.shreds);
}

void turbine_pass_on(struct turbine_member *member, struct context *context, enum shred_type type,
                     uint64_t name)
{
    struct turbine_chain *chain = member->chain;
    const struct turbine_block *block = turbine_block(chain, (uint32_t)(name >> 32));
    uint32_t place = name & UINT16_MAX;
    if (!block)
        return;
    uint32_t index = (uint32_t)(name >> 16) & (SHRED_INDEX_MAX - 1);
    uint32_t number = shred_set_number(&block->plan, index);
    struct turbine_set set = turbine_set_of(chain, block, number);
    const uint16_t *order =
        turbine_trees_order(&chain->trees, &set, type, index - number * SHRED_SET_DATA);
    SIM_ASSERT(order[place] == member->rank);
    struct turbine_children children =
        turbine_children_of(place, chain->cluster.fanout, chain->member_count - 1);
    for (uint32_t i = 0; i < children.count; i++) {
        uint32_t child = children.first + i * children.step;
        send_shred(member, context, type, (name & ~(uint64_t)UINT16_MAX) | child, order[child], 0);
    }
    turbine_count(member, context, TURBINE_RETRANSMITTED, children.count);
}
