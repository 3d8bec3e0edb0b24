/* Goal: stake counts once a voter and tree, for its latest vote and all slots above; forks are cut
 * and joined without losing any. Method: random trees and votes against sums computed anew from
 * each voter's latest vote; small histories with known answers; fixed seed. */

#include "models/spread/repair_weight.h"

#include <string.h>

#include "sim/rng.h"
#include "tests/check_main.h"

enum { SLOTS = 40, VOTERS = 12 };

static const struct rng rng = {.seed = 36, .replication = 0};

static struct memory memory;
static struct blockstore_shared shared;
static struct blockstore store;
static struct repair_weight weight;
static uint64_t stakes[VOTERS];

static uint64_t stake_of(const void *self, uint32_t voter, uint64_t slot)
{
    (void)slot;
    return ((const uint64_t *)self)[voter];
}

static void begin(uint64_t root)
{
    memory = (struct memory){0};
    blockstore_shared_init(&shared, &memory);
    blockstore_init(&store, &shared);
    for (uint32_t i = 0; i < VOTERS; i++)
        stakes[i] = 10 + i * i;
    repair_weight_init(&weight, &memory, root, stake_of, stakes);
}

static void end(void)
{
    repair_weight_destroy(&weight);
    blockstore_destroy(&store);
    blockstore_shared_destroy(&shared);
    ck_assert_uint_eq(memory.used_bytes, 0);
}

static void chain(uint64_t slot, uint64_t parent)
{
    struct data_shred shred = {.slot = slot, .parent = parent};
    blockstore_begin(&store);
    ck_assert_int_eq(blockstore_insert(&store, &shred, 0), SHRED_STORED);
    blockstore_commit(&store);
}

static bool is_above(const struct weight_tree *tree, uint64_t above, uint64_t slot)
{
    while (slot != SLOT_UNKNOWN && slot != above)
        slot = weight_tree_find(tree, slot)->parent;
    return slot == above;
}

/* Every node's stakes from the latest votes alone. */
static void check_sums(const struct weight_tree *tree, const uint64_t *latest)
{
    for (uint32_t i = 0; i < tree->count; i++) {
        uint64_t at = 0, below = 0;
        for (uint32_t voter = 0; voter < VOTERS; voter++) {
            if (latest[voter] == SLOT_UNKNOWN || !weight_tree_find(tree, latest[voter]))
                continue;
            at += latest[voter] == tree->nodes[i].slot ? stakes[voter] : 0;
            below += is_above(tree, tree->nodes[i].slot, latest[voter]) ? stakes[voter] : 0;
        }
        ck_assert_uint_eq(tree->nodes[i].stake, at);
        ck_assert_uint_eq(tree->nodes[i].stake_below, below);
    }
}

static void check_heaviest(const struct weight_tree *tree)
{
    uint64_t at = tree->nodes[0].slot, best = at;
    for (bool found = true; found; at = best) {
        uint64_t most = 0;
        found = false;
        for (uint32_t i = 0; i < tree->count; i++)
            if (tree->nodes[i].parent == at && (!found || tree->nodes[i].stake_below > most)) {
                found = true;
                most = tree->nodes[i].stake_below;
                best = tree->nodes[i].slot;
            }
    }
    ck_assert_uint_eq(weight_tree_heaviest(tree), at);
}

/* SOL-R4.3: the fork choice by stake. One tree, votes in any order; older ones are ignored. */
START_TEST(each_voter_counts_once_for_its_latest_vote)
{
    for (uint64_t item = 0; item < 200; item++) {
        struct rng_stream stream;
        struct weight_tree tree;
        uint64_t latest[VOTERS];
        rng_stream_at(&stream, &rng, RNG_TEST, 1, item);
        begin(0);
        weight_tree_init(&tree, &memory, 3);
        memset(latest, 0xff, sizeof latest);
        for (uint64_t slot = 4; slot < SLOTS; slot++)
            weight_tree_add(&tree, slot,
                            slot - 1 - rng_below(&stream, slot - 3 < 5 ? slot - 3 : 5));
        for (unsigned k = 0; k < 80; k++) {
            uint32_t voter = (uint32_t)rng_below(&stream, VOTERS);
            uint64_t slot = rng_below(&stream, SLOTS);
            bool counts = slot >= 3 && (latest[voter] == SLOT_UNKNOWN || slot > latest[voter]);
            ck_assert(weight_tree_vote(&tree, voter, slot, stake_of, stakes) == counts);
            latest[voter] = counts ? slot : latest[voter];
        }
        check_sums(&tree, latest);
        check_heaviest(&tree);
        struct weight_tree cut; /* SOL-R4.7: votes inside move along */
        uint64_t at = 4 + rng_below(&stream, SLOTS - 4), leaf = tree.nodes[0].slot;
        uint64_t parent = weight_tree_find(&tree, at)->parent;
        weight_tree_split(&tree, at, &cut);
        ck_assert_uint_eq(tree.count + cut.count, SLOTS - 3);
        ck_assert_uint_eq(cut.nodes[0].parent, SLOT_UNKNOWN);
        check_sums(&tree, latest);
        check_sums(&cut, latest);
        leaf = parent;
        weight_tree_merge(&tree, &cut, leaf, stake_of, stakes);
        ck_assert_uint_eq(tree.count, SLOTS - 3);
        check_sums(&tree, latest);
        weight_tree_destroy(&tree);
        end();
    }
}
END_TEST

/* SOL-R4.8: heaviest child first, of equals the smaller slot. */
START_TEST(links_stand_by_weight_then_slot)
{
    struct weight_tree tree;
    begin(0);
    weight_tree_init(&tree, &memory, 1);
    weight_tree_add(&tree, 2, 1);
    weight_tree_add(&tree, 3, 1);
    weight_tree_add(&tree, 4, 1);
    weight_tree_vote(&tree, 5, 3, stake_of, stakes);
    struct weight_links links[4];
    weight_tree_link(&tree, links);
    ck_assert_uint_eq(tree.nodes[links[0].first_child].slot, 3);
    ck_assert_uint_eq(tree.nodes[links[2].next_sibling].slot, 2);
    ck_assert_uint_eq(tree.nodes[links[1].next_sibling].slot, 4);
    ck_assert_uint_eq(links[3].next_sibling, WEIGHT_NONE);
    ck_assert_uint_eq(weight_tree_heaviest(&tree), 3);
    weight_tree_destroy(&tree);
    end();
}
END_TEST

/* SOL-R4.4, R4.6: votes for a slot that hangs on nothing known start an orphan tree; when the chain
 * becomes known it joins, and its votes count unless the voter voted later. */
START_TEST(orphan_trees_join_when_their_chain_is_known)
{
    begin(0);
    chain(1, 0);
    repair_weight_vote(&weight, &store, 0, 1);
    repair_weight_vote(&weight, &store, 1, 1);
    chain(7, 6);
    repair_weight_vote(&weight, &store, 1, 7);
    repair_weight_vote(&weight, &store, 2, 7);
    ck_assert_uint_eq(weight.count, 2);
    const struct repair_tree *orphan = repair_weight_tree(&weight, 7);
    ck_assert_uint_eq(orphan->tree.nodes[0].slot, 6);
    ck_assert_uint_eq(repair_weight_update_orphan(&weight, &store, 6), 6); /* nothing new */
    chain(6, 5);
    ck_assert_uint_eq(repair_weight_update_orphan(&weight, &store, 6), 5); /* a lower orphan */
    chain(5, 1);
    ck_assert_uint_eq(repair_weight_update_orphan(&weight, &store, 5), 0); /* the root */
    ck_assert_uint_eq(weight.count, 1);
    const struct weight_node *one = weight_tree_find(&weight.trees[0].tree, 1);
    ck_assert_uint_eq(one->stake, stakes[0]);
    ck_assert_uint_eq(one->stake_below, stakes[0] + stakes[1] + stakes[2]);
    end();
}
END_TEST

/* SOL-R4.6: a chain that leaves below the root, or reaches a pruned tree, is pruned too. */
START_TEST(orphan_trees_that_miss_the_root_are_pruned)
{
    begin(5);
    chain(12, 11);
    chain(22, 21);
    repair_weight_vote(&weight, &store, 0, 12);
    repair_weight_vote(&weight, &store, 1, 22);
    chain(11, 8);
    chain(8, 3);
    ck_assert_uint_eq(repair_weight_update_orphan(&weight, &store, 11), SLOT_UNKNOWN);
    const struct repair_tree *pruned = repair_weight_rooted(&weight, 8);
    ck_assert(pruned && pruned->pruned);
    ck_assert_uint_eq(pruned->tree.count, 3);
    chain(21, 11);
    blockstore_clear(&store, 8); /* so that only the tree itself says that it is pruned */
    ck_assert_uint_eq(repair_weight_update_orphan(&weight, &store, 21), SLOT_UNKNOWN);
    ck_assert_uint_eq(weight.count, 2);
    pruned = repair_weight_rooted(&weight, 8);
    ck_assert_uint_eq(pruned->tree.count, 5);
    ck_assert_uint_eq(pruned->tree.nodes[0].stake_below, stakes[0] + stakes[1]);
    end();
}
END_TEST

/* SOL-R4.5: the new root's branch stays, others are pruned and cut at the root; trees that begin
 * below the root go the same way. */
START_TEST(a_new_root_prunes_other_forks)
{
    begin(0);
    chain(1, 0);
    chain(2, 1);
    chain(3, 1);
    chain(5, 2);
    chain(6, 3);
    chain(7, 3);
    chain(12, 4);
    for (uint64_t slot = 1; slot <= 7; slot++)
        if (slot != 4)
            repair_weight_know(&weight, &store, slot);
    repair_weight_vote(&weight, &store, 3, 6);
    repair_weight_vote(&weight, &store, 4, 12);
    repair_weight_set_root(&weight, 5);
    ck_assert_uint_eq(weight.root, 5);
    const struct repair_tree *main_tree = repair_weight_rooted(&weight, 5);
    ck_assert(main_tree && !main_tree->pruned);
    ck_assert_uint_eq(main_tree->tree.count, 1);
    /* 1, 2, 3, 4 are gone; 6, 7 and 12 hang on nothing. */
    ck_assert_uint_eq(weight.count, 4);
    for (uint64_t slot = 1; slot < 5; slot++)
        ck_assert_ptr_null(repair_weight_tree(&weight, slot));
    ck_assert(repair_weight_rooted(&weight, 6)->pruned);
    ck_assert_uint_eq(repair_weight_rooted(&weight, 6)->tree.nodes[0].stake, stakes[3]);
    ck_assert(repair_weight_rooted(&weight, 7)->pruned);
    ck_assert(repair_weight_rooted(&weight, 12)->pruned);
    /* SOL-R4.4: a vote whose chain leaves below the root starts a pruned tree; one below the root
     * is ignored. */
    chain(9, 3);
    repair_weight_vote(&weight, &store, 0, 9);
    repair_weight_vote(&weight, &store, 0, 4);
    ck_assert(repair_weight_rooted(&weight, 9)->pruned);
    ck_assert_uint_eq(weight.count, 5);
    /* SOL-R4.7: dumped slots are of interest again even if pruned. */
    ck_assert(repair_weight_split_off(&weight, 6));
    ck_assert(!repair_weight_rooted(&weight, 6)->pruned);
    ck_assert(!repair_weight_split_off(&weight, 6));
    ck_assert(!repair_weight_split_off(&weight, 5));
    ck_assert(!repair_weight_split_off(&weight, 99));
    end();
}
END_TEST

static uint64_t total_of(const void *self, uint64_t slot)
{
    return slot < 8 ? *(const uint64_t *)self : 10 * *(const uint64_t *)self;
}

/* SOL-R4.5: the new root's own fork stays, whichever of its siblings it is, and may go on. */
START_TEST(a_new_root_with_elder_siblings_keeps_its_fork)
{
    for (uint64_t chosen = 1; chosen <= 3; chosen++) {
        begin(0);
        for (uint64_t slot = 1; slot <= 3; slot++)
            chain(slot, 0);
        chain(4, chosen);
        for (uint64_t slot = 1; slot <= 4; slot++)
            repair_weight_know(&weight, &store, slot);
        repair_weight_set_root(&weight, chosen);
        const struct repair_tree *tree = repair_weight_rooted(&weight, chosen);
        ck_assert_ptr_nonnull(tree);
        ck_assert(!tree->pruned);
        for (uint64_t slot = chosen + 1; slot <= 3; slot++) {
            ck_assert_ptr_nonnull(repair_weight_rooted(&weight, slot));
            ck_assert(repair_weight_rooted(&weight, slot)->pruned);
        }
        repair_weight_set_root(&weight, 4);
        ck_assert(!repair_weight_rooted(&weight, 4)->pruned);
        end();
    }
}
END_TEST

/* SOL-R4.9: 52 % of the least total of the fork's epochs, the deepest slot that has it, once. */
START_TEST(popular_pruned_forks_are_reported_once)
{
    uint64_t slots[4], total = 1000;
    begin(0);
    stakes[0] = 519;
    stakes[1] = 1;
    chain(1, 0);
    chain(2, 0);
    chain(3, 2);
    chain(9, 3);
    for (uint64_t slot = 1; slot < 4; slot++)
        repair_weight_know(&weight, &store, slot);
    repair_weight_vote(&weight, &store, 0, 3);
    repair_weight_know(&weight, &store, 9);
    repair_weight_set_root(&weight, 1);
    ck_assert_uint_eq(repair_weight_popular(&weight, total_of, &total, true, slots, 4), 0);
    repair_weight_vote(&weight, &store, 1, 9);
    ck_assert_uint_eq(repair_weight_popular(&weight, total_of, &total, true, slots, 4), 1);
    ck_assert_uint_eq(slots[0], 3);
    ck_assert_uint_eq(repair_weight_popular(&weight, total_of, &total, true, slots, 4), 0);
    end();
}
END_TEST

CHECK_MAIN("repair_weight", each_voter_counts_once_for_its_latest_vote,
           links_stand_by_weight_then_slot, orphan_trees_join_when_their_chain_is_known,
           orphan_trees_that_miss_the_root_are_pruned, a_new_root_prunes_other_forks,
           popular_pruned_forks_are_reported_once, a_new_root_with_elder_siblings_keeps_its_fork)
