/* Goal: the tree of a chain's blocks answers who comes from whom, and forgets what nobody can want.
 * Method: random trees, with slots added out of order, against a list of parents that is walked. */

#include "models/chain/block_tree.h"

#include "sim/rng.h"
#include "tests/check_main.h"

enum { SLOTS = 60, MEMBERS = 70, RUNS = 300 };

static struct {
    struct memory memory;
    struct pool pool;
    struct block_tree tree;
    uint64_t parent[SLOTS];
    bool there[SLOTS];
    uint32_t forgotten;
} world;

static void begin(void)
{
    memset(&world, 0, sizeof world);
    pool_init(&world.pool, &world.memory, "test", tree_block_bytes(MEMBERS));
    block_tree_init(&world.tree, &world.memory, &world.pool, MEMBERS, 9);
    world.there[0] = true;
}

static void end(void)
{
    block_tree_destroy(&world.tree);
    ck_assert_uint_eq(world.pool.live, 0);
    pool_destroy(&world.pool);
    ck_assert_uint_eq(world.memory.used_bytes, 0);
}

static struct tree_block *add(uint64_t slot, uint64_t parent)
{
    world.parent[slot] = parent;
    world.there[slot] = true;
    return block_tree_add(&world.tree,
                          &(struct block_header){.slot = slot, .parent_slot = parent, .id = slot});
}

static bool slow_descends(uint64_t slot, uint64_t ancestor)
{
    while (slot > ancestor)
        slot = world.parent[slot];
    return slot == ancestor;
}

static uint64_t slow_branch(uint64_t slot, uint64_t other)
{
    while (!slow_descends(other, world.parent[slot]))
        slot = world.parent[slot];
    return slot;
}

static void check_all(void)
{
    uint64_t root = block_tree_root(&world.tree);
    uint32_t count = 0;
    for (uint64_t slot = 0; slot < SLOTS; slot++) {
        const struct tree_block *block = block_tree_find(&world.tree, slot);
        ck_assert_int_eq(block != NULL, world.there[slot]);
        count += world.there[slot];
        for (uint64_t other = root; world.there[slot] && other < SLOTS; other++) {
            if (!world.there[other])
                continue;
            bool descends = slow_descends(slot, other);
            ck_assert_int_eq(block_tree_descends(&world.tree, slot, other), descends);
            if (!slow_descends(other, slot))
                ck_assert_uint_eq(block_tree_branch(&world.tree, slot, other),
                                  slow_branch(slot, other));
        }
    }
    ck_assert_uint_eq(world.tree.count, count);
    ck_assert_uint_eq(world.pool.live, count);
}

static void forget(void *self, struct tree_block *block)
{
    ck_assert_ptr_eq(self, &world);
    world.forgotten++;
    world.there[block->header.slot] = false;
}

static void prune(uint64_t root)
{
    bool stays[SLOTS];
    uint32_t lost = 0;
    for (uint64_t slot = 0; slot < SLOTS; slot++) {
        stays[slot] = world.there[slot] && slot >= root && slow_descends(slot, root);
        lost += world.there[slot] && !stays[slot];
    }
    world.forgotten = 0;
    block_tree_prune(&world.tree, root, forget, &world);
    ck_assert_uint_eq(world.forgotten, lost);
    for (uint64_t slot = 0; slot < SLOTS; slot++)
        ck_assert_int_eq(world.there[slot], stays[slot]);
    ck_assert_uint_eq(block_tree_root(&world.tree), root);
}

START_TEST(random_trees_agree_with_a_list_of_parents)
{
    struct rng rng = {.seed = 7};
    for (uint64_t run = 0; run < RUNS; run++) {
        struct rng_stream dice;
        rng_stream_at(&dice, &rng, RNG_TEST, run, 0);
        begin();
        uint64_t wide = 1 + rng_below(&dice, 6), blocks = 2 + rng_below(&dice, SLOTS - 2);
        for (uint64_t i = 0; i < blocks; i++) {
            uint64_t slot = 1 + rng_below(&dice, SLOTS - 1), back = 1 + rng_below(&dice, wide);
            uint64_t parent = slot;
            while (parent > 0 && back > 0)
                back -= world.there[--parent];
            if (!world.there[slot] && slot > block_tree_root(&world.tree) && world.there[parent])
                add(slot, parent);
            if (rng_below(&dice, 12) > 0)
                continue;
            uint64_t root = rng_below(&dice, SLOTS);
            if (root >= block_tree_root(&world.tree) && world.there[root])
                prune(root);
        }
        check_all();
        end();
    }
}
END_TEST

START_TEST(all_have_the_beginning_and_nothing_else)
{
    begin();
    struct tree_block *beginning = block_tree_find(&world.tree, 0);
    struct tree_block *block = add(3, 0);
    for (uint32_t member = 0; member < MEMBERS; member++) {
        ck_assert(member_bit(tree_block_complete(beginning), member));
        ck_assert(member_bit(tree_block_replayed(&world.tree, beginning), member));
        ck_assert(!member_bit(tree_block_complete(block), member));
        ck_assert(!member_bit(tree_block_replayed(&world.tree, block), member));
    }
    ck_assert_uint_eq(beginning->rooted, MEMBERS);
    member_bit_set(tree_block_replayed(&world.tree, block), 69);
    ck_assert(member_bit(tree_block_replayed(&world.tree, block), 69));
    ck_assert(!member_bit(tree_block_complete(block), 69));
    ck_assert(!member_bit(tree_block_replayed(&world.tree, block), 5));
    end();
}
END_TEST

START_TEST(blocks_stay_in_place_while_others_come_and_go)
{
    begin();
    struct tree_block *late = add(40, 0);
    add(2, 0);
    for (uint64_t slot = 41; slot < SLOTS; slot++)
        add(slot, slot - 1);
    ck_assert_ptr_eq(block_tree_find(&world.tree, 40), late);
    prune(40);
    ck_assert_ptr_eq(block_tree_find(&world.tree, 40), late);
    ck_assert_uint_eq(late->header.id, 40);
    ck_assert(block_tree_descends(&world.tree, SLOTS - 1, 40));
    end();
}
END_TEST

CHECK_MAIN("block_tree", random_trees_agree_with_a_list_of_parents,
           all_have_the_beginning_and_nothing_else, blocks_stay_in_place_while_others_come_and_go)
