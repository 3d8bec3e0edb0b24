/* A member has a block, replays it, learns the votes in it, and votes. */

#include "models/chain/chain_life.h"
#include "models/leader_schedule.h"
#include "sim/context.h"

/* Votes go to so many different leaders, whose slots are among so many groups that come. */
enum { VOTE_LEADERS = 2, VOTE_GROUPS = 64 };

struct vote {
    uint64_t block, slot;
};

static void trace(const struct chain_blocks *chains, struct context *context, uint32_t shard,
                  uint8_t kind, uint64_t block, uint64_t value)
{
    context_trace(context, &(struct trace){.slot = LAYER_CHAIN,
                                           .kind = kind,
                                           .chain = chain_living_chain(&chains->living, shard),
                                           .subject = block,
                                           .value = (int64_t)value});
}

/* --- Votes that leave --- */

static void send_vote(struct chain_blocks *chains, struct context *context, uint32_t shard,
                      uint32_t to, const struct vote *vote, uint32_t attempt)
{
    context_count(context, LAYER_CHAIN, METRIC_VOTES_SENT, 1);
    context_send(context,
                 &(struct send){.to = chain_members_node(&chains->individual->members, shard, to),
                                .wire_bytes = chains->individual->vote_bytes,
                                .slot = LAYER_CHAIN,
                                .kind = MESSAGE_VOTE,
                                .attempt = attempt,
                                .chain = chain_living_chain(&chains->living, shard),
                                .subject = vote->block,
                                .payload = vote,
                                .payload_bytes = sizeof *vote});
}

/* To the next different leaders, by the voter's own clock. Who is one of them holds its vote. */
static void send_to_leaders(struct chain_blocks *chains, struct context *context, uint32_t shard,
                            uint32_t member, const struct vote *vote, uint32_t attempt)
{
    const struct chain_members *members = &chains->individual->members;
    int64_t clock_ns = (int64_t)context->now_ns - chain_members_late_ns(members, shard, member);
    uint64_t begun = clock_slots(chains->records[shard].phase_ns, chains->interval_ns,
                                 clock_ns > 0 ? (uint64_t)clock_ns : 0);
    uint64_t slot = (begun > vote->slot ? begun : vote->slot) + 1;
    uint64_t end = slot + VOTE_GROUPS * LEADER_SLOTS;
    uint32_t leaders[VOTE_LEADERS], count = 0;
    for (; slot < end && slot < members->slots_end && count < VOTE_LEADERS;
         slot = (slot | (LEADER_SLOTS - 1)) + 1) {
        uint32_t leader = chain_members_leader(members, shard, slot);
        if (count > 0 && leaders[0] == leader)
            continue;
        leaders[count++] = leader;
        if (leader != member)
            send_vote(chains, context, shard, leader, vote, attempt);
    }
}

static void send_votes(struct chain_blocks *chains, struct context *context, uint32_t shard,
                       uint32_t member, const struct vote *vote)
{
    struct chain_member *own = &chains->individual->shards[shard].members[member];
    uint32_t attempt = own->repeats;
    own->sent_ns = context->now_ns;
    switch (chains->individual->votes) {
    case VOTES_ALL:
        for (uint32_t to = 0; to < chains->individual->members.count; to++)
            if (to != member)
                send_vote(chains, context, shard, to, vote, attempt);
        return;
    case VOTES_LEADERS:
        send_to_leaders(chains, context, shard, member, vote, attempt);
        return;
    }
}

static void tell_spread(struct chain_blocks *chains, struct context *context, uint32_t shard,
                        uint32_t member, uint32_t voter, const struct vote *vote)
{
    const struct spread_seam *spread = &chains->stack->spread;
    if (spread->voted && chains->individual->members.count > 1)
        spread->voted(spread->self, context, chain_living_chain(&chains->living, shard), member,
                      voter, vote->slot, vote->block);
}

/* Votes get lost. Who waits to be allowed to leave its fork tells again where it stands, since
 * others may wait to hear of that. */
static void repeat_vote(struct chain_blocks *chains, struct context *context, uint32_t shard,
                        uint32_t member)
{
    struct chain_individual *individual = chains->individual;
    struct chain_shard *state = &individual->shards[shard];
    struct chain_member *own = &state->members[member];
    const struct tree_block *block = block_tree_find(&state->tree, own->view.last_vote);
    if (individual->vote_repeat_ns == 0 || own->view.last_vote <= own->view.root || !block ||
        context->now_ns - own->sent_ns < individual->vote_repeat_ns)
        return;
    own->repeats++;
    send_votes(chains, context, shard, member,
               &(struct vote){.block = block->header.id, .slot = own->view.last_vote});
}

/* Slots of its votes rise, it votes for the newest block of its heaviest fork, and it leaves the
 * fork of its last vote only when it may: what is final for it lies on another one, or enough of
 * stake does. README.md says why no two forks can become final. */
static bool may_vote(const struct chain_blocks *chains, const struct chain_shard *state,
                     const struct chain_member *own, uint64_t slot, bool *ret_leaves)
{
    const struct vote_view *view = &own->view;
    *ret_leaves = own->astray;
    if (slot <= view->last_vote)
        return false;
    if (own->astray || view->last_vote <= view->root)
        return true;
    *ret_leaves = !block_tree_descends(&state->tree, slot, view->last_vote);
    return !*ret_leaves || chains->break_rule == BREAK_SWITCH ||
           vote_view_may_leave(view, &chains->individual->stakes, &state->tree, slot);
}

static void maybe_vote(struct chain_blocks *chains, struct context *context, uint32_t shard,
                       uint32_t member)
{
    struct chain_individual *individual = chains->individual;
    struct chain_shard *state = &individual->shards[shard];
    struct chain_member *own = &state->members[member];
    uint64_t slot = vote_view_heaviest(&own->view, &individual->stakes, &state->tree, member,
                                       &individual->room);
    struct tree_block *block = block_tree_find(&state->tree, slot);
    bool leaves;
    if (individual->members.stakes[member] == 0)
        return;
    while (slot > own->view.root && chain_forks_is_being_sent(individual, context, block, member)) {
        slot = block->header.parent_slot;
        block = block_tree_find(&state->tree, slot);
    }
    if (!may_vote(chains, state, own, slot, &leaves)) {
        repeat_vote(chains, context, shard, member);
        return;
    }
    if (leaves)
        context_count(context, LAYER_CHAIN, METRIC_SWITCHES, 1);
    struct vote vote = {.block = block->header.id, .slot = slot};
    own->astray = false;
    own->repeats = 0;
    own->view.last_vote = slot;
    trace(chains, context, shard, TRACE_VOTE, vote.block, slot);
    vote_view_learn_one(&own->view, &individual->stakes, slot, member);
    send_votes(chains, context, shard, member, &vote);
    tell_spread(chains, context, shard, member, member, &vote);
    chain_forks_judge(chains, context, shard, member);
}

/* --- Votes that come --- */

void chain_votes_came(struct chain_blocks *chains, struct context *context, uint32_t shard,
                      uint32_t member, uint32_t voter, uint64_t slot, uint64_t block_id)
{
    struct chain_individual *individual = chains->individual;
    struct chain_shard *state = &individual->shards[shard];
    struct vote_view *view = &state->members[member].view;
    if (slot < view->root || !block_tree_find(&state->tree, slot))
        return; /* of a time that is decided */
    if (!vote_view_learn_one(view, &individual->stakes, slot, voter))
        return;
    tell_spread(chains, context, shard, member, voter,
                &(struct vote){.block = block_id, .slot = slot});
    chain_forks_judge(chains, context, shard, member);
    maybe_vote(chains, context, shard, member);
}

static void learn_carried(struct chain_blocks *chains, struct context *context, uint32_t shard,
                          uint32_t member, const struct tree_block *block)
{
    struct chain_individual *individual = chains->individual;
    struct chain_shard *state = &individual->shards[shard];
    struct vote_view *view = &state->members[member].view;
    for (uint32_t handle = block->carried; handle;) {
        const struct carried_votes *carried = pool_at(&individual->carried, handle);
        handle = carried->next;
        const struct tree_block *of = block_tree_find(&state->tree, carried->slot);
        if (carried->slot < view->root || !of ||
            !vote_view_learn(view, &individual->stakes, carried->slot, carried->bits,
                             individual->news) ||
            !chains->stack->spread.voted)
            continue;
        struct vote vote = {.block = of->header.id, .slot = carried->slot};
        for (uint32_t word = 0; word < MEMBER_WORDS(individual->members.count); word++)
            for (uint64_t news = individual->news[word]; news; news &= news - 1)
                tell_spread(chains, context, shard, member,
                            word * 64 + (uint32_t)__builtin_ctzll(news), &vote);
    }
}

/* What is known of a slot and no block from here to the root of the tree carries, `most` votes of
 * it. Who came before the voted block cannot carry votes for it. */
static uint64_t fresh_votes(struct chain_individual *individual, const struct block_tree *tree,
                            const struct tree_block *block, const struct vote_set *set,
                            uint64_t most, struct carried_votes *ret_carried, uint64_t *ret_stake)
{
    const struct tree_block *voted = block_tree_find(tree, set->slot);
    uint32_t words = MEMBER_WORDS(individual->members.count);
    uint64_t before = 0, fresh = 0;
    memcpy(ret_carried->bits, set->bits, words * sizeof set->bits[0]);
    memset(individual->news, 0, words * sizeof individual->news[0]);
    while (voted && block->header.slot > block_tree_root(tree)) {
        block = block_tree_find(tree, block->header.parent_slot);
        if (block->header.time_ns < voted->header.time_ns)
            break;
        for (uint32_t handle = block->carried; handle;) {
            const struct carried_votes *carried = pool_at(&individual->carried, handle);
            for (uint32_t word = 0; carried->slot == set->slot && word < words; word++)
                individual->news[word] |= carried->bits[word];
            handle = carried->next;
        }
    }
    for (uint32_t word = 0; word < words; word++) {
        before += vote_stake_of(&individual->stakes, word, individual->news[word]);
        uint64_t taken = ret_carried->bits[word] & ~individual->news[word];
        while (fresh + (uint64_t)__builtin_popcountll(taken) > most)
            taken ^= UINT64_C(1) << (63 - __builtin_clzll(taken));
        ret_carried->bits[word] = taken;
        fresh += (uint64_t)__builtin_popcountll(taken);
        before += vote_stake_of(&individual->stakes, word, ret_carried->bits[word]);
    }
    *ret_stake = before;
    return fresh;
}

uint64_t chain_votes_carry(struct chain_blocks *chains, uint32_t shard, uint32_t member,
                           struct tree_block *block, uint64_t most)
{
    struct chain_individual *individual = chains->individual;
    struct chain_shard *state = &individual->shards[shard];
    const struct vote_view *view = &state->members[member].view;
    uint64_t votes = 0;
    for (uint32_t handle = view->newest; handle;) {
        const struct vote_set *set = pool_at(&individual->sets, handle);
        uint64_t stake;
        handle = set->older;
        if (!block_tree_find(&state->tree, set->slot))
            continue;
        uint32_t taken = pool_take(&individual->carried);
        struct carried_votes *carried = pool_at(&individual->carried, taken);
        uint64_t fresh =
            fresh_votes(individual, &state->tree, block, set, most - votes, carried, &stake);
        if (set->slot > block->carried_root && set->slot < block->header.slot &&
            vote_stake_is_final(&individual->stakes, stake) &&
            block_tree_descends(&state->tree, block->header.slot, set->slot))
            block->carried_root = set->slot;
        if (fresh == 0) {
            pool_give(&individual->carried, taken);
            continue;
        }
        carried->slot = set->slot;
        carried->next = block->carried;
        block->carried = taken;
        votes += fresh;
    }
    return votes;
}

/* --- Blocks --- */

static void sample_spread(struct chain_blocks *chains, struct context *context, uint32_t shard,
                          struct tree_block *block, uint64_t stake)
{
    static const struct {
        const char *name;
        uint64_t percent;
    } marks[] = {{"spread_50", 50}, {"spread_90", 90}, {"spread_99", 99}};
    uint64_t before = block->complete_stake;
    uint64_t total = chains->individual->stakes.total;
    uint64_t identity = identity_of(ROLE_CHAIN, chain_living_chain(&chains->living, shard));
    block->complete_stake += stake;
    SIM_ASSERT(block->complete_stake <= total);
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++)
        if (before * 100 < marks[i].percent * total &&
            block->complete_stake * 100 >= marks[i].percent * total)
            context_sample(context, marks[i].name, identity,
                           (int64_t)(context->now_ns - block->header.time_ns));
}

/* A leader has all of its own block. */
static void made_whole(struct chain_blocks *chains, struct context *context, uint32_t shard,
                       uint32_t member, struct tree_block *block)
{
    member_bit_set(tree_block_complete(block), member);
    sample_spread(chains, context, shard, block, chains->individual->members.stakes[member]);
}

static void start_replay(struct chain_blocks *chains, struct context *context, uint32_t shard,
                         uint64_t block)
{
    context_timer(context, context->self, LAYER_CHAIN, TIMER_REPLAY,
                  chain_living_chain(&chains->living, shard),
                  context->now_ns + context_work_ns(context, chains->individual->replay_ns), block);
}

static bool has_replayed(const struct chain_shard *state, uint64_t slot, uint32_t member)
{
    struct tree_block *block = block_tree_find(&state->tree, slot);
    return block && member_bit(tree_block_replayed(&state->tree, block), member);
}

void chain_votes_complete(struct chain_blocks *chains, struct context *context, uint32_t shard,
                          uint32_t member, uint64_t slot)
{
    struct chain_individual *individual = chains->individual;
    struct chain_shard *state = &individual->shards[shard];
    struct tree_block *block = block_tree_find(&state->tree, slot);
    if (!block || member_bit(tree_block_complete(block), member))
        return;
    if (block->header.leader == member &&
        member_bit(tree_block_replayed(&state->tree, block), member)) {
        made_whole(chains, context, shard, member, block);
        if (block->header.end_ns <= context->now_ns)
            chain_votes_sent(chains, context, shard, member);
        return;
    }
    member_bit_set(tree_block_complete(block), member);
    uint64_t took_ns = context->now_ns - block->header.time_ns;
    delivery_times_add(&individual->delivery, took_ns);
    trace(chains, context, shard, TRACE_COMPLETE, block->header.id, took_ns);
    sample_spread(chains, context, shard, block, individual->members.stakes[member]);
    if (has_replayed(state, block->header.parent_slot, member))
        start_replay(chains, context, shard, block->header.id);
}

/* All that stands in a block is known now. A verdict may cut the tree, and the block with it. */
static void took_in(struct chain_blocks *chains, struct context *context, uint32_t shard,
                    uint32_t member, uint64_t slot)
{
    struct chain_shard *state = &chains->individual->shards[shard];
    struct tree_block *block = block_tree_find(&state->tree, slot);
    member_bit_set(tree_block_replayed(&state->tree, block), member);
    learn_carried(chains, context, shard, member, block);
    chain_forks_judge(chains, context, shard, member);
    maybe_vote(chains, context, shard, member);
}

void chain_votes_made(struct chain_blocks *chains, struct context *context, uint32_t shard,
                      uint32_t member, uint64_t slot)
{
    struct chain_individual *individual = chains->individual;
    struct tree_block *block = block_tree_find(&individual->shards[shard].tree, slot);
    if (!chains->stack->spread.by_parts || individual->members.count == 1)
        made_whole(chains, context, shard, member, block);
    took_in(chains, context, shard, member, slot);
}

void chain_votes_sent(struct chain_blocks *chains, struct context *context, uint32_t shard,
                      uint32_t member)
{
    chain_forks_judge(chains, context, shard, member);
    maybe_vote(chains, context, shard, member);
}

void chain_votes_replayed(struct chain_blocks *chains, struct context *context, uint32_t shard,
                          uint32_t member, uint64_t slot)
{
    struct chain_shard *state = &chains->individual->shards[shard];
    if (!block_tree_find(&state->tree, slot))
        return; /* its fork was forgotten meanwhile */
    took_in(chains, context, shard, member, slot);
    for (uint32_t i = block_tree_place(&state->tree, slot); i < state->tree.count; i++) {
        const struct tree_entry *entry = &state->tree.entries[i];
        if (entry->parent == slot && member_bit(tree_block_complete(entry->block), member))
            start_replay(chains, context, shard, entry->block->header.id);
    }
    chain_lead_came(chains, context, shard, member, slot);
}

/* Only its own blocks can stand on one that it lost, and no fork is followed through it. */
void chain_votes_crashed(struct chain_blocks *chains, uint32_t shard, uint32_t member)
{
    struct chain_shard *state = &chains->individual->shards[shard];
    for (uint32_t i = 1; i < state->tree.count; i++) {
        struct tree_block *block = state->tree.entries[i].block;
        if (block->header.leader == member && !member_bit(tree_block_complete(block), member))
            member_bit_clear(tree_block_replayed(&state->tree, block), member);
    }
}

void chain_votes_restart(struct chain_blocks *chains, struct context *context, uint32_t shard,
                         uint32_t member)
{
    struct chain_shard *state = &chains->individual->shards[shard];
    state->members[member].waits_slot = 0;
    for (uint32_t i = 1; i < state->tree.count; i++) {
        const struct tree_entry *entry = &state->tree.entries[i];
        if (entry->block->header.leader == member)
            entry->block->awaited = false; /* the timer is gone */
        if (member_bit(tree_block_complete(entry->block), member) &&
            !member_bit(tree_block_replayed(&state->tree, entry->block), member) &&
            has_replayed(state, entry->parent, member))
            start_replay(chains, context, shard, entry->block->header.id);
    }
    chain_votes_sent(chains, context, shard, member);
}
