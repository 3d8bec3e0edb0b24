#include "models/chain/chain_seam.h"

#include "models/chain/chain_life.h"
#include "models/leader_schedule.h"
#include "sim/world.h"

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

/* The shard's number among those of individual validators; false: the chain is collective. */
static bool shard_of(const struct chain_blocks *chains, uint32_t chain, uint32_t *ret_shard)
{
    *ret_shard = chain_living_index(&chains->living, chain);
    return chain_is_individual(chains->individual, *ret_shard);
}

static uint32_t seam_home(const void *self, uint32_t chain)
{
    const struct chain_blocks *chains = self;
    return chain_node(chains, chain_living_index(&chains->living, chain));
}

/* SIMPLIFICATION: of collective validators one node stands for the whole group; consensus is a
 * delay. */
static uint32_t seam_members(const void *self, uint32_t chain)
{
    const struct chain_blocks *chains = self;
    uint32_t shard;
    return shard_of(chains, chain, &shard) ? chains->individual->members.count : 1;
}

static uint32_t seam_node(const void *self, uint32_t chain, uint32_t member)
{
    const struct chain_blocks *chains = self;
    uint32_t shard;
    SIM_ASSERT(member < seam_members(self, chain));
    return shard_of(chains, chain, &shard)
               ? chain_members_node(&chains->individual->members, shard, member)
               : chain_node(chains, shard);
}

/* SIMPLIFICATION: messages between chains leave and arrive at one node, not at the uplinks of its
 * validators. */
static uint32_t seam_gateway(const void *self, uint32_t chain, uint64_t salt)
{
    (void)salt; /* of one node there is one choice */
    return seam_home(self, chain);
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
    struct chain_blocks *chains = self;
    uint32_t shard;
    uint64_t slot;
    bool individual = shard_of(chains, chain, &shard);
    SIM_ASSERT(individual); /* chains of one member publish nothing */
    SIM_ASSERT(context->self == chain_members_node(&chains->individual->members, shard, member));
    if (map_get(&chains->individual->slot_of, block, &slot))
        chain_votes_complete(chains, context, shard, member, slot);
}

static uint64_t seam_stake(const void *self, uint32_t chain, uint32_t member)
{
    const struct chain_blocks *chains = self;
    uint32_t shard;
    SIM_ASSERT(member < seam_members(self, chain));
    return shard_of(chains, chain, &shard) ? chains->individual->members.stakes[member] : 1;
}

static uint32_t seam_leader(const void *self, uint32_t chain, uint64_t slot)
{
    const struct chain_blocks *chains = self;
    uint32_t shard;
    return shard_of(chains, chain, &shard)
               ? chain_members_leader(&chains->individual->members, shard, slot)
               : 0;
}

static uint64_t seam_epoch_slots(const void *self, uint32_t chain)
{
    const struct chain_blocks *chains = self;
    uint32_t shard;
    return shard_of(chains, chain, &shard) ? chains->individual->members.epoch_slots
                                           : LEADER_EPOCH_SLOTS;
}

static uint64_t seam_slot_ns(const void *self, uint32_t chain, uint64_t slot)
{
    const struct chain_blocks *chains = self;
    uint32_t index = chain_living_index(&chains->living, chain);
    if (slot == 0)
        return 0;
    if (index == chains->layout.shard_count)
        return clock_slot(chains->master.phase_ns, chains->master.interval_ns, slot);
    return clock_slot(chains->records[index].phase_ns, chains->interval_ns, slot);
}

static bool seam_header(const void *self, uint64_t block, struct block_header *ret_header)
{
    const struct chain_blocks *chains = self;
    uint64_t slot;
    if (!chains->individual || !map_get(&chains->individual->slot_of, block, &slot))
        return false;
    uint32_t shard = chain_living_index(&chains->living, (uint32_t)(block >> 32));
    *ret_header = block_tree_find(&chains->individual->shards[shard].tree, slot)->header;
    return true;
}

static uint64_t seam_root(const void *self, uint32_t chain, uint32_t member)
{
    const struct chain_blocks *chains = self;
    uint32_t shard;
    SIM_ASSERT(member < seam_members(self, chain));
    return shard_of(chains, chain, &shard)
               ? chains->individual->shards[shard].members[member].view.root
               : 0;
}

static uint64_t seam_epochs_known(const void *self, uint32_t chain, uint32_t member)
{
    return chain_lead_epochs_known(seam_root(self, chain, member), seam_epoch_slots(self, chain));
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

void chain_seam_fill(struct chain_blocks *chains)
{
    chains->stack->chain = (struct chain_seam){.self = chains,
                                               .count = seam_count,
                                               .at = seam_at,
                                               .members = seam_members,
                                               .node = seam_node,
                                               .home = seam_home,
                                               .gateway = seam_gateway,
                                               .find = seam_find,
                                               .origin = seam_origin,
                                               .reshards = seam_reshards,
                                               .prefix = seam_prefix,
                                               .interval_ns = seam_interval_ns,
                                               .visible_ns = seam_visible_ns,
                                               .wake = seam_wake,
                                               .complete = seam_complete,
                                               .stake = seam_stake,
                                               .leader = seam_leader,
                                               .epoch_slots = seam_epoch_slots,
                                               .slot_ns = seam_slot_ns,
                                               .header = seam_header,
                                               .root = seam_root,
                                               .epochs_known = seam_epochs_known,
                                               .charge = seam_charge,
                                               .charge_as = seam_charge_as,
                                               .set = seam_set};
}
