/* Slots and their leaders: when a member may make a block, on which parent, and of what. */

#include "models/chain/chain_life.h"
#include "models/leader_schedule.h"
#include "sim/context.h"

/* A block made at the very end of its slot may still be sent for so many parts of an interval. */
enum { LAST_PARTS = 4 };

static uint64_t slot_ns(const struct chain_blocks *chains, uint32_t shard, uint64_t slot)
{
    return clock_slot(chains->records[shard].phase_ns, chains->interval_ns, slot);
}

static bool up(const struct chain_blocks *chains, const struct context *context, uint32_t shard,
               uint32_t member)
{
    return context_up(context, chain_members_node(&chains->individual->members, shard, member));
}

void chain_lead_arm(struct chain_blocks *chains, struct context *context, uint32_t shard,
                    uint32_t member, uint64_t slot)
{
    const struct chain_members *members = &chains->individual->members;
    int64_t late_ns = chain_members_late_ns(members, shard, member);
    for (slot++; slot < members->slots_end; slot++) {
        if (chain_members_leader(members, shard, slot) != member) {
            slot |= LEADER_SLOTS - 1; /* all of a group have the same leader */
            continue;
        }
        int64_t at_ns = (int64_t)slot_ns(chains, shard, slot) + late_ns;
        if (at_ns < (int64_t)context->now_ns) /* its clock says that the slot has begun before */
            continue;
        context_timer(context, chain_members_node(members, shard, member), LAYER_CHAIN, TIMER_LEAD,
                      chain_living_chain(&chains->living, shard), (uint64_t)at_ns, slot);
        return;
    }
}

static void trace(const struct chain_blocks *chains, struct context *context, uint32_t shard,
                  uint8_t kind, uint64_t subject, uint32_t bytes, uint64_t value)
{
    context_trace(context, &(struct trace){.slot = LAYER_CHAIN,
                                           .kind = kind,
                                           .chain = chain_living_chain(&chains->living, shard),
                                           .bytes = bytes,
                                           .subject = subject,
                                           .value = (int64_t)value});
}

static void skip(struct chain_blocks *chains, struct context *context, uint32_t shard,
                 uint64_t slot)
{
    uint64_t chain = chain_living_chain(&chains->living, shard);
    trace(chains, context, shard, TRACE_SKIPPED, chain << 32, 0, slot);
    context_count(context, LAYER_CHAIN, METRIC_SKIPPED, 1);
}

static bool content_is_wanted(const struct chain_blocks *chains, const struct context *context,
                              uint32_t shard)
{
    const struct chain_record *record = &chains->records[shard];
    return record->wanted && !record->open && context_up(context, chain_node(chains, shard)) &&
           chain_registered_ns(chains, shard) <= context->now_ns;
}

/* Votes want blocks to carry them, or to be cast for, as long as a block with content is not final:
 * for the chain, by what the fork carries, or for the leader. */
static bool votes_are_wanted(const struct chain_blocks *chains, uint32_t shard,
                             const struct chain_member *member, const struct tree_block *parent)
{
    if (chains->individual->shards[shard].content_slot > 0)
        return true;
    bool carries = chains->individual->votes == VOTES_LEADERS;
    return parent->content_slot > member->view.root ||
           (carries && parent->content_slot > parent->carried_root);
}

/* Who has no final block in an epoch does not know who leads after the next one (SOL-15): a chain
 * without work for so long would have no leaders any more. So each epoch has a final block. */
static bool epoch_is_new(const struct chain_individual *individual,
                         const struct chain_member *member, const struct tree_block *parent,
                         uint64_t slot)
{
    uint64_t epoch = slot / individual->members.epoch_slots;
    uint64_t root = member->view.root;
    if (individual->votes == VOTES_LEADERS && parent->carried_root < root)
        root = parent->carried_root;
    return root / individual->members.epoch_slots < epoch;
}

/* Whether a block is made where there is no content for it. */
static bool block_is_wanted(const struct chain_blocks *chains, uint32_t shard,
                            const struct chain_member *member, const struct tree_block *parent,
                            uint64_t slot)
{
    const struct chain_individual *individual = chains->individual;
    return individual->empty_blocks || votes_are_wanted(chains, shard, member, parent) ||
           epoch_is_new(individual, member, parent, slot);
}

static uint32_t bytes_of(const struct chain_individual *individual, uint64_t content,
                         uint64_t votes)
{
    uint64_t bytes = content + votes * individual->vote_bytes;
    bytes = bytes > individual->block_bytes ? bytes : individual->block_bytes;
    bytes = bytes > 0 ? bytes : 1;
    return bytes < UINT32_MAX ? (uint32_t)bytes : UINT32_MAX;
}

/* The block enters the tree and leaves for the others. `open` is its content, NULL if it has none.
 */
static void publish(struct chain_blocks *chains, struct context *context, uint32_t shard,
                    uint32_t member, struct block_header *header, const struct open_block *open)
{
    struct chain_individual *individual = chains->individual;
    struct chain_shard *state = &individual->shards[shard];
    const struct spread_seam *spread = &chains->stack->spread;
    struct tree_block *block = block_tree_add(&state->tree, header);
    const struct tree_block *parent = block_tree_find(&state->tree, header->parent_slot);
    map_put(&individual->slot_of, header->id, header->slot);
    block->content_slot = open ? header->slot : parent->content_slot;
    block->carried_root = parent->carried_root;
    uint64_t votes = 0;
    uint64_t content = open ? open->block.bytes : 0, room = INDIVIDUAL_BYTES_MAX;
    room = content < room ? room - content : 0;
    if (individual->votes == VOTES_LEADERS) /* what has no room goes into a later block */
        votes = chain_votes_carry(chains, shard, member, block, room / individual->vote_bytes);
    block->header.bytes = bytes_of(individual, content, votes);
    *header = block->header;
    context_count(context, LAYER_CHAIN, METRIC_VOTES_CARRIED, (int64_t)votes);
    trace(chains, context, shard, TRACE_BLOCK, header->id, header->bytes,
          open ? open->block.items : 0);
    context_count(context, LAYER_CHAIN, METRIC_MADE, 1);
    if (header->parent_slot != state->newest_slot) {
        trace(chains, context, shard, TRACE_FORK, header->id, 0, header->parent_slot);
        context_count(context, LAYER_CHAIN, METRIC_FORKING, 1);
    }
    if (header->slot > state->newest_slot)
        state->newest_slot = header->slot;
    if (open)
        state->content_slot = header->slot;
    chain_forks_born(chains, context, shard, block);
    if (individual->members.count > 1)
        spread->publish(spread->self, context, header);
    /* With enough stake of its own the leader holds it for final at once. */
    chain_votes_made(chains, context, shard, member, header->slot);
}

/* False: the slot passes, since there is nothing to do. */
static bool make_unless_idle(struct chain_blocks *chains, struct context *context, uint32_t shard,
                             uint32_t member, uint64_t slot)
{
    struct chain_individual *individual = chains->individual;
    struct chain_shard *state = &individual->shards[shard];
    struct chain_member *own = &state->members[member];
    struct chain_record *record = &chains->records[shard];
    uint64_t parent_slot = vote_view_heaviest(&own->view, &individual->stakes, &state->tree, member,
                                              &individual->room);
    uint64_t epoch_slots = individual->members.epoch_slots;
    if (parent_slot >= slot ||
        slot / epoch_slots >= chain_lead_epochs_known(own->view.root, epoch_slots)) {
        skip(chains, context, shard, slot); /* SOL-15: it cannot know that it leads */
        return true;
    }
    const struct tree_block *parent = block_tree_find(&state->tree, parent_slot);
    const struct open_block *open = NULL;
    if (content_is_wanted(chains, context, shard)) {
        uint32_t self = context->self;
        context_as(context, chain_node(chains, shard));
        record->wanted = false;
        if (chain_fill(chains, context, shard))
            open = pool_at(&chains->open_blocks, record->open);
        context_as(context, self);
    }
    if (open)
        record->gaps++;
    else if (block_is_wanted(chains, shard, own, parent, slot))
        record->number++;
    else
        return false;
    uint64_t begin_ns = slot_ns(chains, shard, slot);
    uint64_t end_ns = begin_ns + chains->interval_ns;
    uint64_t least_ns = context->now_ns + chains->interval_ns / LAST_PARTS;
    uint64_t chain = chain_living_chain(&chains->living, shard);
    struct block_header header = {.id = chain << 32 | record->number,
                                  .parent = parent->header.id,
                                  .slot = slot,
                                  .parent_slot = parent_slot,
                                  .time_ns = context->now_ns,
                                  .end_ns = end_ns > least_ns ? end_ns : least_ns,
                                  .chain = (uint32_t)chain,
                                  .leader = member,
                                  .height = parent->header.height + 1};
    publish(chains, context, shard, member, &header, open);
    return true;
}

/* Who waits for the block of a slot, and is up. */
static bool find_waiting(const struct chain_blocks *chains, const struct context *context,
                         uint32_t shard, uint64_t slot, uint32_t *ret_member)
{
    const struct chain_individual *individual = chains->individual;
    if (slot + 1 >= individual->members.slots_end)
        return false;
    uint32_t next = chain_members_leader(&individual->members, shard, slot + 1);
    const struct chain_member *waiting = &individual->shards[shard].members[next];
    *ret_member = next;
    return waiting->waits_slot > 0 && waiting->waits_for == slot &&
           up(chains, context, shard, next);
}

/* SIMPLIFICATION: blocks that nobody needs are not made (unless empty_blocks), and everybody knows
 * of a slot that it passed for that reason: nobody waits for its block. So who waited for it goes
 * on at once, and may pass its slot, too; slots rise. */
static void make(struct chain_blocks *chains, struct context *context, uint32_t shard,
                 uint32_t member, uint64_t slot)
{
    struct chain_shard *state = &chains->individual->shards[shard];
    uint32_t self = context->self;
    while (!make_unless_idle(chains, context, shard, member, slot)) {
        uint64_t passed = state->idle_slot = slot;
        if (!find_waiting(chains, context, shard, passed, &member))
            break;
        slot = state->members[member].waits_slot;
        state->members[member].waits_slot = 0;
        SIM_ASSERT(slot > passed);
        context_as(context, chain_members_node(&chains->individual->members, shard, member));
    }
    context_as(context, self);
}

/* Whether the block of the slot before may still come, and it is worth waiting for. */
static bool waits(struct chain_blocks *chains, struct context *context, uint32_t shard,
                  uint32_t member, uint64_t slot)
{
    struct chain_individual *individual = chains->individual;
    struct chain_shard *state = &individual->shards[shard];
    struct chain_member *own = &state->members[member];
    if (slot == 1 || individual->grace_ns == 0 || state->idle_slot == slot - 1 ||
        chain_members_leader(&individual->members, shard, slot - 1) == member)
        return false;
    struct tree_block *before = block_tree_find(&state->tree, slot - 1);
    if (slot - 1 <= own->view.root ||
        (before && member_bit(tree_block_replayed(&state->tree, before), member)))
        return false;
    uint64_t parent_slot = vote_view_heaviest(&own->view, &individual->stakes, &state->tree, member,
                                              &individual->room);
    const struct tree_block *parent = block_tree_find(&state->tree, parent_slot);
    return content_is_wanted(chains, context, shard) ||
           block_is_wanted(chains, shard, own, parent, slot);
}

void chain_lead_slot(struct chain_blocks *chains, struct context *context, uint32_t shard,
                     uint32_t member, uint64_t slot)
{
    struct chain_member *own = &chains->individual->shards[shard].members[member];
    chain_lead_arm(chains, context, shard, member, slot);
    if (own->waits_slot > 0) { /* still, and its next slot has come */
        skip(chains, context, shard, own->waits_slot);
        own->waits_slot = slot;
        if (context->now_ns < own->waits_until_ns)
            return;
        own->waits_slot = 0;
    } else if (waits(chains, context, shard, member, slot)) {
        own->waits_slot = slot;
        own->waits_for = slot - 1;
        own->waits_until_ns = context->now_ns + chains->individual->grace_ns;
        context_timer(context, context->self, LAYER_CHAIN, TIMER_GRACE,
                      chain_living_chain(&chains->living, shard), own->waits_until_ns, slot);
        return;
    }
    make(chains, context, shard, member, slot);
}

void chain_lead_grace(struct chain_blocks *chains, struct context *context, uint32_t shard,
                      uint32_t member, uint64_t slot)
{
    struct chain_member *own = &chains->individual->shards[shard].members[member];
    if (own->waits_slot == 0 || own->waits_for != slot - 1)
        return; /* the block came */
    uint64_t waited = own->waits_slot;
    const struct chain_members *members = &chains->individual->members;
    int64_t next_ns =
        (int64_t)slot_ns(chains, shard, waited + 1) + chain_members_late_ns(members, shard, member);
    if (next_ns == (int64_t)context->now_ns &&
        chain_members_leader(members, shard, waited + 1) == member)
        return; /* its next slot begins at this very instant */
    own->waits_slot = 0;
    make(chains, context, shard, member, waited);
}

void chain_lead_came(struct chain_blocks *chains, struct context *context, uint32_t shard,
                     uint32_t member, uint64_t slot)
{
    struct chain_member *own = &chains->individual->shards[shard].members[member];
    uint64_t waited = own->waits_slot;
    if (waited == 0 || own->waits_for != slot)
        return;
    own->waits_slot = 0;
    make(chains, context, shard, member, waited);
}
