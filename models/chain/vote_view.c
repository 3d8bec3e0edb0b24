#include "models/chain/vote_view.h"

#include "sim/exact.h"
#include "sim/sim_assert.h"

size_t vote_set_bytes(uint32_t members)
{
    return sizeof(struct vote_set) + MEMBER_WORDS(members) * sizeof(uint64_t);
}

static struct vote_set *at(const struct vote_stakes *stakes, uint32_t handle)
{
    return handle ? pool_at(stakes->sets, handle) : NULL;
}

struct vote_set *vote_view_find(const struct vote_view *view, const struct vote_stakes *stakes,
                                uint64_t slot)
{
    struct vote_set *set = at(stakes, view->newest);
    while (set && set->slot > slot)
        set = at(stakes, set->older);
    return set && set->slot == slot ? set : NULL;
}

static struct vote_set *find_or_add(struct vote_view *view, const struct vote_stakes *stakes,
                                    uint64_t slot)
{
    uint32_t *place = &view->newest;
    struct vote_set *set;
    while ((set = at(stakes, *place)) && set->slot > slot)
        place = &set->older;
    if (set && set->slot == slot)
        return set;
    uint32_t older = *place;
    *place = pool_take(stakes->sets);
    set = at(stakes, *place);
    set->slot = slot;
    set->older = older;
    return set;
}

uint64_t vote_stake_of(const struct vote_stakes *stakes, uint32_t word, uint64_t voters)
{
    if (stakes->even)
        return (uint64_t)__builtin_popcountll(voters) * stakes->stakes[0];
    const uint64_t *of = stakes->stakes + (size_t)word * 64;
    uint64_t sum = 0;
    for (; voters; voters &= voters - 1)
        sum += of[__builtin_ctzll(voters)];
    return sum;
}

/* Votes of up to 64 voters that were not in the set: they are the latest of those who have none for
 * a later slot, and take the place of their latest one before. */
static void count(struct vote_view *view, const struct vote_stakes *stakes, struct vote_set *set,
                  uint32_t word, uint64_t news)
{
    set->bits[word] |= news;
    set->exact += vote_stake_of(stakes, word, news);
    const struct vote_set *later = at(stakes, view->newest);
    for (; later != set && news; later = at(stakes, later->older))
        news &= ~later->bits[word];
    if (!news)
        return;
    set->latest += vote_stake_of(stakes, word, news);
    struct vote_set *older = at(stakes, set->older);
    for (; older && news; older = at(stakes, older->older)) {
        uint64_t moved = news & older->bits[word];
        if (moved)
            older->latest -= vote_stake_of(stakes, word, moved);
        news &= ~moved;
    }
}

bool vote_view_learn(struct vote_view *view, const struct vote_stakes *stakes, uint64_t slot,
                     const uint64_t *voters, uint64_t *ret_news)
{
    SIM_ASSERT(slot >= view->root);
    struct vote_set *set = find_or_add(view, stakes, slot);
    bool any = false;
    for (uint32_t word = 0; word < MEMBER_WORDS(stakes->members); word++) {
        uint64_t news = voters[word] & ~set->bits[word];
        ret_news[word] = news;
        any = any || news;
        if (news)
            count(view, stakes, set, word, news);
    }
    return any;
}

bool vote_view_learn_one(struct vote_view *view, const struct vote_stakes *stakes, uint64_t slot,
                         uint32_t voter)
{
    SIM_ASSERT(slot >= view->root);
    struct vote_set *set = find_or_add(view, stakes, slot);
    if (member_bit(set->bits, voter))
        return false;
    count(view, stakes, set, voter / 64, UINT64_C(1) << voter % 64);
    return true;
}

/* Fills room->weights for the blocks from the root on: each one's own votes. */
static uint32_t weigh(const struct vote_view *view, const struct vote_stakes *stakes,
                      const struct block_tree *tree, uint32_t first, struct vote_room *room)
{
    uint32_t blocks = tree->count - first;
    if (blocks > room->capacity)
        room->weights = memory_grow(room->memory, "chain: fork choice", room->weights,
                                    &room->capacity, blocks, sizeof *room->weights);
    const struct vote_set *set = at(stakes, view->newest);
    for (uint32_t i = blocks; i-- > 0;) {
        uint64_t slot = tree->entries[first + i].slot;
        while (set && set->slot > slot)
            set = at(stakes, set->older);
        uint64_t weight = set && set->slot == slot ? set->latest : 0;
        room->weights[i] = (struct vote_weight){.weight = weight};
    }
    return blocks;
}

uint64_t vote_view_heaviest(const struct vote_view *view, const struct vote_stakes *stakes,
                            const struct block_tree *tree, uint32_t member, struct vote_room *room)
{
    uint32_t first = block_tree_place(tree, view->root);
    uint32_t blocks = weigh(view, stakes, tree, first, room);
    /* From the newest block down to the root, so that all below a block have been counted before
     * it; of equal children the smaller slot comes last and takes the place. */
    for (uint32_t i = blocks; i-- > 1;) {
        const struct tree_entry *entry = &tree->entries[first + i];
        if (entry->parent < view->root)
            continue;
        uint32_t parent = block_tree_place(tree, entry->parent) - first;
        struct vote_weight *above = &room->weights[parent];
        uint64_t weight = room->weights[i].weight;
        above->weight += weight;
        bool replayed = member_bit(tree_block_replayed(tree, entry->block), member);
        if (replayed && (above->best == 0 || weight >= above->best_weight)) {
            above->best = i;
            above->best_weight = weight;
        }
    }
    uint32_t leaf = 0;
    while (room->weights[leaf].best > 0)
        leaf = room->weights[leaf].best;
    return tree->entries[first + leaf].slot;
}

bool vote_view_may_leave(const struct vote_view *view, const struct vote_stakes *stakes,
                         const struct block_tree *tree, uint64_t to)
{
    uint64_t branch = block_tree_branch(tree, view->last_vote, to);
    uint64_t against = 0;
    const struct vote_set *set = at(stakes, view->newest);
    for (; set && set->slot > view->last_vote; set = at(stakes, set->older)) {
        /* Blocks may be forgotten with votes for them, where no root can be any more: who voted
         * there is free to come. */
        if (set->latest > 0 && block_tree_find(tree, set->slot) &&
            !block_tree_descends(tree, set->slot, branch))
            against += set->latest;
    }
    uint128 share = (uint128)against * UINT64_C(1000000000000);
    return share > (uint128)stakes->total * stakes->switch_threshold;
}

/* Gives back a set and all older ones. */
static void forget_from(const struct vote_stakes *stakes, uint32_t *place)
{
    uint32_t handle = *place;
    *place = 0;
    while (handle) {
        struct vote_set *set = at(stakes, handle);
        uint32_t older = set->older;
        pool_give(stakes->sets, handle);
        handle = older;
    }
}

void vote_view_root(struct vote_view *view, const struct vote_stakes *stakes, uint64_t root)
{
    SIM_ASSERT(root >= view->root);
    view->root = root;
    uint32_t *place = &view->newest;
    struct vote_set *set;
    while ((set = at(stakes, *place)) && set->slot >= root)
        place = &set->older;
    forget_from(stakes, place);
}

void vote_view_destroy(struct vote_view *view, const struct vote_stakes *stakes)
{
    forget_from(stakes, &view->newest);
}
