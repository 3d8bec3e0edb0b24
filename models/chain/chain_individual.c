#include "models/chain/chain_individual.h"

#include "models/chain/chain_life.h"
#include "sim/context.h"
#include "sim/message.h"
#include "sim/model.h"

static const char *const NAME = "chain: shards of validators";

static void init_pools(struct chain_individual *individual, struct memory *memory)
{
    uint32_t count = individual->members.count;
    pool_init(&individual->blocks, memory, "chain: block trees", tree_block_bytes(count));
    pool_init(&individual->sets, memory, "chain: votes known", vote_set_bytes(count));
    pool_init(&individual->carried, memory, "chain: votes carried",
              sizeof(struct carried_votes) + MEMBER_WORDS(count) * sizeof(uint64_t));
    map_init(&individual->slot_of, memory, "chain: block trees");
    individual->news = memory_take(memory, NAME, MEMBER_WORDS(count) * sizeof(uint64_t));
    individual->room.memory = memory;
    individual->shards =
        memory_take(memory, NAME, individual->members.shards * sizeof *individual->shards);
}

static void init_shard(struct chain_blocks *chains, uint32_t shard)
{
    struct chain_individual *individual = chains->individual;
    struct chain_shard *state = &individual->shards[shard];
    uint32_t count = individual->members.count;
    uint32_t chain = chain_living_chain(&chains->living, shard);
    block_tree_init(&state->tree, chains->memory, &individual->blocks, count, chain);
    map_put(&individual->slot_of, (uint64_t)chain << 32, 0);
    state->members = memory_take(chains->memory, NAME, count * sizeof *state->members);
}

int chain_individual_build(struct chain_blocks *chains, const struct validator_config *config,
                           const struct build *build)
{
    struct chain_individual *individual = memory_take(chains->memory, NAME, sizeof *individual);
    if (chain_members_build(&individual->members, config, build, &chains->layout,
                            chains->first_node, chains->interval_ns) != 0) {
        memory_give(chains->memory, individual, sizeof *individual);
        return -1;
    }
    chains->individual = individual;
    chains->journalled = true;
    init_pools(individual, chains->memory);
    individual->stakes =
        (struct vote_stakes){.sets = &individual->sets,
                             .stakes = individual->members.stakes,
                             .total = individual->members.total_stake,
                             .members = individual->members.count,
                             .even = individual->members.even,
                             .quorum_thirds = 2,
                             .switch_threshold = (uint64_t)config->switch_threshold};
    if (chains->break_rule == BREAK_QUORUM)
        individual->stakes.quorum_thirds = 1;
    individual->replay_ns = (uint64_t)config->replay_ns;
    individual->vote_repeat_ns = (uint64_t)config->vote_repeat_ns;
    individual->grace_ns = (uint64_t)config->grace_ns;
    individual->vote_bytes = (uint32_t)config->vote_bytes;
    individual->block_bytes = (uint32_t)config->block_bytes;
    individual->empty_blocks = config->empty_blocks != 0;
    individual->votes = (enum validator_votes)config->votes;
    for (uint32_t shard = 0; shard < individual->members.shards; shard++)
        init_shard(chains, shard);
    return 0;
}

void chain_individual_free(struct chain_blocks *chains)
{
    struct chain_individual *individual = chains->individual;
    if (!individual)
        return;
    uint32_t count = individual->members.count;
    for (uint32_t shard = 0; shard < individual->members.shards; shard++) {
        struct chain_shard *state = &individual->shards[shard];
        block_tree_destroy(&state->tree);
        memory_give(chains->memory, state->members, count * sizeof *state->members);
    }
    memory_give(chains->memory, individual->shards,
                individual->members.shards * sizeof *individual->shards);
    memory_give(chains->memory, individual->news, MEMBER_WORDS(count) * sizeof(uint64_t));
    memory_give(chains->memory, individual->room.weights,
                individual->room.capacity * sizeof *individual->room.weights);
    pool_destroy(&individual->blocks);
    pool_destroy(&individual->sets);
    pool_destroy(&individual->carried);
    map_destroy(&individual->slot_of);
    chain_members_free(&individual->members);
    memory_give(chains->memory, individual, sizeof *individual);
    chains->individual = NULL;
}

void chain_individual_start(struct chain_blocks *chains, struct context *context)
{
    const struct chain_members *members = &chains->individual->members;
    for (uint32_t shard = 0; shard < members->shards; shard++)
        for (uint32_t member = 0; member < members->count; member++) {
            context_as(context, chain_members_node(members, shard, member));
            chain_lead_arm(chains, context, shard, member, 0);
        }
}

void chain_individual_on_message(struct chain_blocks *chains, struct context *context,
                                 const struct message *message)
{
    const struct chain_individual *individual = chains->individual;
    uint32_t shard, member, from_shard, voter;
    struct {
        uint64_t block, slot;
    } vote;
    SIM_ASSERT(message->kind == MESSAGE_VOTE && message->payload_bytes == sizeof vote);
    memcpy(&vote, message->payload, sizeof vote);
    bool known = chain_members_at(&individual->members, context->self, &shard, &member) &&
                 chain_members_at(&individual->members, message->from, &from_shard, &voter);
    SIM_ASSERT(known && from_shard == shard);
    chain_votes_came(chains, context, shard, member, voter, vote.slot, vote.block);
}

void chain_individual_on_timer(struct chain_blocks *chains, struct context *context, uint8_t kind,
                               uint32_t chain, uint64_t cookie)
{
    struct chain_individual *individual = chains->individual;
    uint32_t shard, member;
    uint64_t slot;
    bool known = chain_members_at(&individual->members, context->self, &shard, &member);
    SIM_ASSERT(known && chain_living_chain(&chains->living, shard) == chain);
    if (kind == TIMER_LEAD)
        chain_lead_slot(chains, context, shard, member, cookie);
    else if (kind == TIMER_GRACE)
        chain_lead_grace(chains, context, shard, member, cookie);
    else if (kind == TIMER_SENT)
        chain_votes_sent(chains, context, shard, member);
    else if (map_get(&individual->slot_of, cookie, &slot))
        chain_votes_replayed(chains, context, shard, member, slot);
}

/* A crash takes all timers of its node; blocks, votes and its own last vote are on disk. What the
 * shard's own node was to do meanwhile it does now. */
bool chain_individual_on_fault(struct chain_blocks *chains, struct context *context)
{
    const struct chain_members *members = &chains->individual->members;
    uint32_t shard, member, index = context->self - chains->first_node;
    bool is_up = context_up(context, context->self);
    if (context->self >= chains->first_node && index < members->shards) {
        if (is_up)
            chain_forks_settle(chains, context, index);
        if (is_up)
            chain_wake(chains, context, index);
        return true;
    }
    if (!chain_members_at(members, context->self, &shard, &member))
        return false;
    if (!is_up) {
        chain_votes_crashed(chains, shard, member);
        return true;
    }
    int64_t clock_ns = (int64_t)context->now_ns - chain_members_late_ns(members, shard, member);
    uint64_t begun = clock_slots(chains->records[shard].phase_ns, chains->interval_ns,
                                 clock_ns > 0 ? (uint64_t)clock_ns : 0);
    chain_lead_arm(chains, context, shard, member, begun);
    chain_votes_restart(chains, context, shard, member);
    return true;
}

void chain_individual_report(struct chain_blocks *chains, struct context *context)
{
    static const struct {
        const char *name;
        uint64_t per_mille;
    } quantiles[] = {
        {"block_delivery_p50", 500}, {"block_delivery_p90", 900}, {"block_delivery_p99", 990}};
    const struct delivery_times *times = &chains->individual->delivery;
    for (size_t i = 0; times->total > 0 && i < sizeof quantiles / sizeof quantiles[0]; i++)
        context_metric(context, quantiles[i].name, 0,
                       (double)delivery_times_quantile(times, quantiles[i].per_mille), "ns",
                       times->total);
}
