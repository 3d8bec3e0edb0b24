/* What is final, for a member and for the chain; which forks are lost; when the tree is cut. */

#include "models/chain/chain_life.h"
#include "sim/context.h"

static void trace(struct context *context, uint8_t kind, const struct tree_block *block)
{
    context_trace(context, &(struct trace){.slot = LAYER_CHAIN,
                                           .kind = kind,
                                           .chain = block->header.chain,
                                           .bytes = block->header.bytes,
                                           .subject = block->header.id});
}

void chain_forks_settle(struct chain_blocks *chains, struct context *context, uint32_t shard)
{
    struct chain_shard *state = &chains->individual->shards[shard];
    uint32_t home = chain_node(chains, shard), self = context->self;
    if (state->verdict == CONTENT_OPEN || !context_up(context, home))
        return;
    bool final = state->verdict == CONTENT_FINAL;
    state->verdict = CONTENT_OPEN;
    state->content_slot = 0;
    context_as(context, home);
    if (final)
        chain_complete(chains, context, shard);
    else
        chain_drop(chains, context, shard);
    context_as(context, self);
}

static void mark_dead(struct chain_blocks *chains, struct context *context, uint32_t shard,
                      struct tree_block *block)
{
    struct chain_shard *state = &chains->individual->shards[shard];
    if (block->dead)
        return;
    block->dead = true;
    context_count(context, LAYER_CHAIN, METRIC_ORPHANED, 1);
    if (state->content_slot == block->header.slot)
        state->verdict = CONTENT_DROPPED;
    else
        trace(context, TRACE_DROPPED, block);
}

static void mark_final(struct chain_blocks *chains, struct context *context, uint32_t shard,
                       struct tree_block *block)
{
    struct chain_shard *state = &chains->individual->shards[shard];
    SIM_ASSERT(!block->dead);
    block->final = true;
    context_sample(context, "final_time", identity_of(ROLE_CHAIN, block->header.chain),
                   (int64_t)(context->now_ns - block->header.time_ns));
    if (state->content_slot == block->header.slot) {
        const struct open_block *open = pool_at(&chains->open_blocks, chains->records[shard].open);
        /* The content itself is counted with its own end; here are votes and padding. */
        context_count(context, LAYER_CHAIN, METRIC_BYTES,
                      (int64_t)block->header.bytes - (int64_t)open->block.bytes);
        state->verdict = CONTENT_FINAL;
        return;
    }
    trace(context, TRACE_FINAL, block);
    context_count(context, LAYER_CHAIN, METRIC_FINAL, 1);
    context_count(context, LAYER_CHAIN, METRIC_BYTES, block->header.bytes);
}

/* The block of a slot, which comes from the newest final one, is final, and with it all between;
 * what neither leads to it nor comes from it is lost. */
static void make_final(struct chain_blocks *chains, struct context *context, uint32_t shard,
                       uint64_t slot)
{
    struct chain_shard *state = &chains->individual->shards[shard];
    const struct block_tree *tree = &state->tree;
    for (uint32_t i = block_tree_place(tree, state->final_slot) + 1; i < tree->count; i++) {
        const struct tree_entry *entry = &tree->entries[i];
        if (entry->slot <= slot && block_tree_descends(tree, slot, entry->slot))
            mark_final(chains, context, shard, entry->block);
        else if (entry->slot < slot || !block_tree_descends(tree, entry->slot, slot))
            mark_dead(chains, context, shard, entry->block);
    }
    state->final_slot = slot;
    chain_forks_settle(chains, context, shard);
}

void chain_forks_born(struct chain_blocks *chains, struct context *context, uint32_t shard,
                      struct tree_block *block)
{
    struct chain_shard *state = &chains->individual->shards[shard];
    const struct tree_block *parent = block_tree_find(&state->tree, block->header.parent_slot);
    if (parent->dead || parent->header.slot < state->final_slot)
        mark_dead(chains, context, shard, block);
    chain_forks_settle(chains, context, shard);
}

void chain_forks_forget(void *self, struct tree_block *block)
{
    struct chain_individual *individual = self;
    map_remove(&individual->slot_of, block->header.id);
    while (block->carried) {
        const struct carried_votes *carried = pool_at(&individual->carried, block->carried);
        uint32_t next = carried->next;
        pool_give(&individual->carried, block->carried);
        block->carried = next;
    }
}

/* The tree's root follows the lowest root of all members. */
static void cut_tree(struct chain_individual *individual, struct chain_shard *state)
{
    struct block_tree *tree = &state->tree;
    uint64_t root = block_tree_root(tree);
    if (tree->entries[0].block->rooted > 0)
        return;
    for (uint32_t i = 1; i < tree->count; i++) {
        root = tree->entries[i].slot;
        if (tree->entries[i].block->rooted > 0)
            break;
    }
    block_tree_prune(tree, root, chain_forks_forget, individual);
}

static void contradict(struct chain_blocks *chains, struct context *context,
                       const struct tree_block *block, uint64_t other)
{
    if (world_property_on(chains->world, LAYER_CHAIN, PROPERTY_ONE_FINAL))
        context_violation(context, LAYER_CHAIN, PROPERTY_ONE_FINAL, block->header.id,
                          "final in slot %llu for a validator, and so is slot %llu of another fork",
                          (unsigned long long)block->header.slot, (unsigned long long)other);
}

/* A last vote that was forgotten before the root reached its slot was on a fork that is lost. */
static bool is_astray(const struct block_tree *tree, const struct chain_member *member,
                      uint64_t slot)
{
    uint64_t last_vote = member->view.last_vote;
    if (last_vote <= member->view.root)
        return member->astray;
    return !block_tree_find(tree, last_vote) ||
           !(last_vote < slot ? block_tree_descends(tree, slot, last_vote)
                              : block_tree_descends(tree, last_vote, slot));
}

static void move_root(struct chain_blocks *chains, struct context *context, uint32_t shard,
                      uint32_t member, uint64_t slot)
{
    struct chain_individual *individual = chains->individual;
    struct chain_shard *state = &individual->shards[shard];
    struct vote_view *view = &state->members[member].view;
    const struct spread_seam *spread = &chains->stack->spread;
    state->members[member].astray = is_astray(&state->tree, &state->members[member], slot);
    block_tree_find(&state->tree, view->root)->rooted--;
    block_tree_find(&state->tree, slot)->rooted++;
    vote_view_root(view, &individual->stakes, slot);
    if (spread->rooted && individual->members.count > 1)
        spread->rooted(spread->self, context, chain_living_chain(&chains->living, shard), member,
                       slot);
    cut_tree(individual, state);
}

bool chain_forks_is_being_sent(const struct chain_individual *individual, struct context *context,
                               struct tree_block *block, uint32_t member)
{
    const struct block_header *header = &block->header;
    if (header->leader != member || individual->members.count == 1)
        return false;
    if (header->end_ns <= context->now_ns)
        return !member_bit(tree_block_complete(block), member);
    if (!block->awaited)
        context_timer(context, context->self, LAYER_CHAIN, TIMER_SENT, header->chain,
                      header->end_ns, header->id);
    block->awaited = true;
    return true;
}

void chain_forks_judge(struct chain_blocks *chains, struct context *context, uint32_t shard,
                       uint32_t member)
{
    struct chain_individual *individual = chains->individual;
    struct chain_shard *state = &individual->shards[shard];
    const struct vote_view *view = &state->members[member].view;
    struct tree_block *block = NULL;
    for (uint32_t handle = view->newest; handle;) {
        const struct vote_set *set = pool_at(&individual->sets, handle);
        handle = set->older;
        if (set->slot <= view->root || !vote_stake_is_final(&individual->stakes, set->exact))
            continue;
        block = block_tree_find(&state->tree, set->slot);
        if (block && member_bit(tree_block_replayed(&state->tree, block), member) &&
            !chain_forks_is_being_sent(individual, context, block, member))
            break;
        block = NULL;
    }
    if (!block)
        return;
    uint64_t slot = block->header.slot;
    if (!block_tree_descends(&state->tree, slot, view->root)) {
        contradict(chains, context, block, view->root);
        return;
    }
    bool newer = slot > state->final_slot;
    if (!block_tree_descends(&state->tree, newer ? slot : state->final_slot,
                             newer ? state->final_slot : slot)) {
        contradict(chains, context, block, state->final_slot);
        return;
    }
    if (newer)
        make_final(chains, context, shard, slot);
    move_root(chains, context, shard, member, slot);
}
