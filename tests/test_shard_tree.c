/* Goal: a shard tree is a partition and every address has exactly its shard (TON-6). Method: the
 * trees of the paper by their definition (merge sibling pairs one by one), random lists, and a
 * linear search as the slow version of find; fixed seed. */

#include "models/chain/shard_tree.h"

#include <string.h>

#include "tests/check_main.h"

enum { SEED = 4096, LIST_MAX = 512 };

static uint64_t random_state = SEED;

static uint64_t next_random(void)
{
    random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return random_state ^ random_state >> 29;
}

static uint32_t find_slowly(const struct shard_tree *tree, uint64_t prefix)
{
    uint32_t found = UINT32_MAX;
    for (uint32_t i = 0; i < tree->count; i++)
        if (shard_contains(shard_tree_at(tree, i), prefix)) {
            ck_assert_uint_eq(found, UINT32_MAX); /* exactly one */
            found = i;
        }
    ck_assert_uint_ne(found, UINT32_MAX);
    return found;
}

static void assert_partition(const struct shard_tree *tree)
{
    uint64_t next = 0;
    for (uint32_t i = 0; i < tree->count; i++) {
        uint64_t shard = shard_tree_at(tree, i);
        ck_assert_uint_eq(shard_first(shard), next);
        ck_assert_uint_eq(shard_tree_find(tree, shard_first(shard)), i);
        ck_assert_uint_eq(shard_tree_find(tree, shard), i);
        ck_assert_uint_eq(shard_tree_find(tree, shard_last(shard)), i);
        next = shard_last(shard) + 1;
    }
    ck_assert_uint_eq(next, 0);
}

/* Builds the paper's tree by its words: full depth, then merge the lowest pairs of siblings. */
static void assert_paper_tree(uint32_t shards, uint32_t depth, uint32_t merged)
{
    struct shard_tree tree = shard_tree_even(shards);
    ck_assert_uint_eq(tree.count, shards);
    ck_assert_uint_eq(tree.depth, depth);
    uint32_t index = 0;
    for (uint32_t pair = 0; pair < UINT32_C(1) << (depth - 1); pair++) {
        uint64_t parent = shard_of_prefix((uint64_t)pair << (64 - (depth - 1)), depth - 1);
        if (pair < merged) {
            ck_assert_uint_eq(shard_tree_at(&tree, index++), parent);
        } else {
            ck_assert_uint_eq(shard_tree_at(&tree, index++), shard_child(parent, false));
            ck_assert_uint_eq(shard_tree_at(&tree, index++), shard_child(parent, true));
        }
    }
    ck_assert_uint_eq(index, shards);
    assert_partition(&tree);
}

/* TON-6, TON-36: the shard counts of the paper. */
START_TEST(paper_trees_merge_the_lowest_pairs)
{
    assert_paper_tree(250, 8, 6);
    assert_paper_tree(4000, 12, 96);
    assert_paper_tree(3, 2, 1);
    assert_paper_tree(5, 3, 3);
}
END_TEST

START_TEST(powers_of_two_are_even)
{
    for (uint32_t depth = 0; depth <= 20; depth++) {
        struct shard_tree tree = shard_tree_even(UINT32_C(1) << depth);
        ck_assert_uint_eq(tree.depth, depth);
        for (uint32_t i = 0; i < tree.count; i += depth < 10 ? 1 : 1021)
            ck_assert_uint_eq(shard_depth(shard_tree_at(&tree, i)), depth);
        if (depth <= 12)
            assert_partition(&tree);
    }
}
END_TEST

/* TON-6 */
START_TEST(every_count_is_a_partition)
{
    for (uint32_t shards = 1; shards <= 300; shards++) {
        struct shard_tree tree = shard_tree_even(shards);
        assert_partition(&tree);
    }
}
END_TEST

START_TEST(find_equals_linear_search)
{
    for (uint32_t shards = 1; shards <= 270; shards += 7) {
        struct shard_tree tree = shard_tree_even(shards);
        for (int round = 0; round < 50; round++) {
            uint64_t prefix = next_random();
            ck_assert_uint_eq(shard_tree_find(&tree, prefix), find_slowly(&tree, prefix));
        }
    }
}
END_TEST

/* Splits random shards of the whole until `count` are there. */
static uint32_t random_list(uint64_t *list, uint32_t count)
{
    uint32_t have = 1;
    list[0] = SHARD_WHOLE;
    while (have < count) {
        uint32_t pick = (uint32_t)(next_random() % have);
        uint64_t shard = list[pick];
        if (shard_depth(shard) >= SHARD_HEAP_DEPTH_MAX)
            continue;
        list[pick] = shard_child(shard, true);
        list[have++] = shard_child(shard, false);
    }
    return have;
}

START_TEST(random_lists_are_found_like_linear_search)
{
    for (uint32_t count = 1; count <= 200; count += 3) {
        uint64_t list[LIST_MAX];
        struct shard_tree_problem problem;
        random_list(list, count);
        shard_tree_sort(list, count);
        ck_assert_uint_eq(shard_tree_check(list, count, 1, &problem), 0);
        struct shard_tree tree = shard_tree_listed(list, count);
        assert_partition(&tree);
        for (int round = 0; round < 20; round++) {
            uint64_t prefix = next_random();
            ck_assert_uint_eq(shard_tree_find(&tree, prefix), find_slowly(&tree, prefix));
        }
    }
}
END_TEST

START_TEST(a_missing_shard_is_a_gap_with_its_range)
{
    for (uint32_t count = 2; count <= 100; count++) {
        uint64_t list[LIST_MAX];
        random_list(list, count);
        shard_tree_sort(list, count);
        uint32_t missing = (uint32_t)(next_random() % count);
        uint64_t lost = list[missing];
        memmove(list + missing, list + missing + 1, (count - 1 - missing) * sizeof list[0]);
        struct shard_tree_problem problem;
        ck_assert_uint_eq(shard_tree_check(list, count - 1, 1, &problem), 1);
        ck_assert_int_eq(problem.fault, SHARD_TREE_GAP);
        ck_assert_uint_eq(problem.first, shard_first(lost));
        ck_assert_uint_eq(problem.last, shard_last(lost));
        ck_assert_int_eq(problem.at_end, missing == count - 1);
        ck_assert_uint_eq(problem.shard, list[missing == count - 1 ? count - 2 : missing]);
    }
}
END_TEST

START_TEST(any_overlap_is_found_and_named)
{
    for (uint32_t count = 1; count <= 100; count++) {
        uint64_t list[LIST_MAX];
        random_list(list, count);
        uint64_t added = shard_of_prefix(next_random(), (unsigned)(next_random() % 21));
        list[count] = added;
        shard_tree_sort(list, count + 1);
        struct shard_tree_problem problems[4];
        uint32_t found = shard_tree_check(list, count + 1, 4, problems);
        ck_assert_uint_ge(found, 1);
        for (uint32_t i = 0; i < found && i < 4; i++) {
            ck_assert_int_eq(problems[i].fault, SHARD_TREE_OVERLAP);
            ck_assert(shard_intersects(problems[i].shard, problems[i].other));
            ck_assert(problems[i].shard == added || problems[i].other == added);
        }
    }
}
END_TEST

START_TEST(problems_beyond_the_room_are_counted)
{
    uint64_t list[] = {shard_of_prefix(UINT64_C(0x1000000000000000), 4),
                       shard_of_prefix(UINT64_C(0x3000000000000000), 4),
                       shard_of_prefix(UINT64_C(0x5000000000000000), 4)};
    struct shard_tree_problem problems[2];
    ck_assert_uint_eq(shard_tree_check(list, 3, 2, problems), 4);
    ck_assert_uint_eq(problems[1].first, UINT64_C(0x2000000000000000));
    ck_assert_uint_eq(problems[1].last, UINT64_C(0x2fffffffffffffff));
}
END_TEST

CHECK_MAIN("shard_tree", paper_trees_merge_the_lowest_pairs, powers_of_two_are_even,
           every_count_is_a_partition, find_equals_linear_search,
           random_lists_are_found_like_linear_search, a_missing_shard_is_a_gap_with_its_range,
           any_overlap_is_found_and_named, problems_beyond_the_room_are_counted)
