/* Goal: every validator but the leader gets every shred from exactly one other, in the shape of
 * SOL-R8.6. Method: children, parents and distances against each other and against a walk of the
 * tree, over all small fanouts and sizes; a whole composition with the reference's answers. */

#include "models/spread/turbine_tree.h"

#include <string.h>

#include "models/leader_schedule.h"
#include "sim/rng.h"
#include "tests/check_main.h"

enum { PLACES_MAX = 700 };

static const struct rng rng = {.seed = 33, .replication = 0};

static void check_tree(uint32_t fanout, uint32_t count)
{
    uint32_t sender[PLACES_MAX], hops[PLACES_MAX] = {0};
    memset(sender, 0xff, sizeof sender);
    for (uint32_t place = 0; place < count; place++) {
        struct turbine_children children = turbine_children_of(place, fanout, count);
        ck_assert_uint_le(children.count, fanout);
        for (uint32_t i = 0; i < children.count; i++) {
            uint32_t child = children.first + i * children.step;
            ck_assert_uint_lt(child, count);
            ck_assert_uint_gt(child, place);
            ck_assert_uint_eq(sender[child], UINT32_MAX); /* nobody else sends to it */
            sender[child] = place;
            hops[child] = hops[place] + 1;
        }
        ck_assert_msg(sender[place] == turbine_parent_of(place, fanout),
                      "fanout %u, %u places, place %u", fanout, count, place);
        ck_assert_uint_eq(turbine_distance(place, fanout), hops[place] < 3 ? hops[place] : 3);
    }
}

/* SOL-R8.6 */
START_TEST(each_place_has_one_sender)
{
    for (uint32_t fanout = 1; fanout <= 12; fanout++)
        for (uint32_t count = 1; count <= 160; count++)
            check_tree(fanout, count);
    check_tree(200, PLACES_MAX);
    check_tree(20, PLACES_MAX);
}
END_TEST

/* SOL-R8.6: the numbers that the rule states for the deployed fanout. */
START_TEST(is_shallow_at_the_deployed_fanout)
{
    uint32_t with_children = 0;
    for (uint32_t place = 0; place < 1400; place++)
        with_children += turbine_children_of(place, TURBINE_FANOUT_DEPLOYED, 1400).count > 0;
    ck_assert_uint_eq(with_children, 201);
    ck_assert_uint_eq(turbine_distance(200, 200), 1);
    ck_assert_uint_eq(turbine_distance(201, 200), 2);
    ck_assert_uint_eq(turbine_distance(200 + 40000, 200), 2);
    ck_assert_uint_eq(turbine_distance(201 + 40000, 200), 3);
}
END_TEST

static uint32_t make_nodes(struct turbine_node *nodes, uint32_t count, uint64_t item)
{
    struct rng_stream stream;
    rng_stream_at(&stream, &rng, RNG_TEST, 1, item);
    for (uint32_t i = 0; i < count; i++) {
        nodes[i] = (struct turbine_node){.stake = rng_below(&stream, 5), .id = i};
        nodes[i].key[0] = (unsigned char)rng_below(&stream, 4);
        nodes[i].key[31] = (unsigned char)i;
    }
    nodes[0].stake = 7;
    return count;
}

/* SOL-R8.1 */
START_TEST(nodes_stand_by_stake_then_key_descending)
{
    struct turbine_node nodes[100];
    turbine_sort(nodes, make_nodes(nodes, 100, 1));
    bool seen[100] = {false};
    for (uint32_t i = 0; i < 100; i++) {
        seen[nodes[i].id] = true;
        if (i == 0)
            continue;
        const struct turbine_node *before = &nodes[i - 1];
        ck_assert_uint_ge(before->stake, nodes[i].stake);
        ck_assert(before->stake > nodes[i].stake ||
                  memcmp(before->key, nodes[i].key, VALIDATOR_KEY_BYTES) > 0);
    }
    for (uint32_t i = 0; i < 100; i++)
        ck_assert(seen[i]);
}
END_TEST

/* SOL-22, SOL-R8.5: the leader is in no tree of its own shreds; leader, slot, index and type each
 * change the order; the root alone is the first of the whole order. */
START_TEST(the_seed_is_leader_slot_index_and_type)
{
    struct memory memory = {0};
    struct turbine_node nodes[100];
    turbine_sort(nodes, make_nodes(nodes, 100, 2));
    struct turbine_cluster cluster;
    turbine_cluster_init(&cluster, &memory, nodes, 100, 3, CHACHA_ROUNDS_8);
    const struct {
        struct shred_id shred;
        uint32_t leader;
    } cases[] = {{{9, 4, SHRED_DATA}, 5},
                 {{10, 4, SHRED_DATA}, 5},
                 {{9, 5, SHRED_DATA}, 5},
                 {{9, 4, SHRED_CODE}, 5},
                 {{9, 4, SHRED_DATA}, 6}};
    uint32_t orders[5][100], again[100];
    for (uint32_t i = 0; i < 5; i++) {
        ck_assert_uint_eq(turbine_order(&cluster, &cases[i].shred, cases[i].leader, orders[i]), 99);
        ck_assert_uint_eq(turbine_root(&cluster, &cases[i].shred, cases[i].leader), orders[i][0]);
        bool seen[100] = {false};
        for (uint32_t k = 0; k < 99; k++) {
            ck_assert(!seen[orders[i][k]]);
            seen[orders[i][k]] = true;
        }
        ck_assert(!seen[cases[i].leader]);
        for (uint32_t j = 0; j < i; j++)
            ck_assert_int_ne(memcmp(orders[i], orders[j], 99 * sizeof(uint32_t)), 0);
    }
    turbine_order(&cluster, &cases[0].shred, cases[0].leader, again);
    ck_assert_int_eq(memcmp(orders[0], again, 99 * sizeof(uint32_t)), 0);
    turbine_cluster_destroy(&cluster);
    ck_assert_uint_eq(memory.used_bytes, 0);
}
END_TEST

START_TEST(a_lone_leader_sends_to_nobody)
{
    struct memory memory = {0};
    struct turbine_node node = {.stake = 1};
    struct turbine_cluster cluster;
    struct shred_id shred = {1, 0, SHRED_DATA};
    uint32_t ranks[1];
    turbine_cluster_init(&cluster, &memory, &node, 1, 200, CHACHA_ROUNDS_8);
    ck_assert_uint_eq(turbine_order(&cluster, &shred, 0, ranks), 0);
    ck_assert_uint_eq(turbine_root(&cluster, &shred, 0), TURBINE_NONE);
    turbine_cluster_destroy(&cluster);
}
END_TEST

/* SOL-R8.5: the place of a validator is drawn by stake. Node 0 has 40 % of what is left without the
 * leader; 4,000 shreds, within 3.29 standard deviations of the binomial (sd 31). */
START_TEST(roots_are_drawn_by_stake)
{
    struct memory memory = {0};
    struct turbine_node nodes[] = {{.stake = 40, .key = {1}},
                                   {.stake = 30, .key = {2}},
                                   {.stake = 20, .key = {3}},
                                   {.stake = 10, .key = {4}},
                                   {.stake = 0, .key = {5}}};
    struct turbine_cluster cluster;
    uint32_t first[5] = {0};
    turbine_cluster_init(&cluster, &memory, nodes, 5, 200, CHACHA_ROUNDS_8);
    for (uint32_t i = 0; i < 4000; i++) {
        struct shred_id shred = {i, 0, SHRED_DATA};
        first[turbine_root(&cluster, &shred, 2)]++;
    }
    ck_assert_uint_eq(first[2], 0);
    ck_assert_uint_eq(first[4], 0);
    ck_assert_uint_ge(first[0], 2000 - 104);
    ck_assert_uint_le(first[0], 2000 + 104);
    turbine_cluster_destroy(&cluster);
}
END_TEST

/* SOL-R8.10: by the first running sum above a uniform draw; who has no stake never leads. */
START_TEST(leaders_are_drawn_by_stake_for_four_slots)
{
    static uint32_t ranks[3000], shares[4];
    static const uint64_t stakes[] = {50, 30, 20, 0};
    uint64_t sums[4];
    leader_schedule_fill(3, stakes, 4, sums, 3000, ranks);
    unsigned char key[CHACHA_KEY_BYTES] = {3};
    struct chacha chacha;
    chacha_init(&chacha, key, CHACHA_ROUNDS_20);
    for (uint32_t i = 0; i < 3000; i++) {
        uint64_t x = chacha_uniform(&chacha, 100), running = 0;
        uint32_t expected = 0;
        while ((running += stakes[expected]) <= x)
            expected++;
        ck_assert_uint_eq(ranks[i], expected);
        shares[ranks[i]]++;
    }
    ck_assert_uint_eq(shares[3], 0);
    ck_assert_uint_gt(shares[0], shares[1]);
    ck_assert_uint_gt(shares[1], shares[2]);
    ck_assert_uint_eq(leader_schedule_group(432000 + 7, LEADER_EPOCH_SLOTS), 1);
    ck_assert_uint_eq(leader_schedule_group(431999, LEADER_EPOCH_SLOTS), 107999);
}
END_TEST

/* SOL-R8.10, by a second model written from the rule: epochs of more than one byte; totals at which
 * every second draw is turned down; totals that fill 64 bits. */
START_TEST(schedules_are_those_of_a_second_model)
{
    static const struct {
        uint64_t epoch;
        uint32_t count;
        uint64_t stakes[7];
        uint32_t ranks[16];
    } rows[] = {
        {UINT64_C(1),
         3,
         {UINT64_C(5), UINT64_C(3), UINT64_C(2)},
         {1, 1, 0, 1, 1, 2, 2, 1, 0, 1, 2, 1, 0, 0, 0, 1}},
        {UINT64_C(685),
         7,
         {UINT64_C(1), UINT64_C(1), UINT64_C(1), UINT64_C(1), UINT64_C(1), UINT64_C(1),
          UINT64_C(1)},
         {6, 1, 2, 3, 1, 1, 3, 2, 1, 6, 6, 0, 6, 1, 6, 6}},
        {UINT64_C(4294967296),
         4,
         {UINT64_C(100), UINT64_C(60), UINT64_C(40), UINT64_C(0)},
         {0, 0, 1, 1, 2, 0, 0, 0, 1, 0, 0, 1, 0, 0, 1, 2}},
        {UINT64_C(9),
         3,
         {UINT64_C(4611686018427387905), UINT64_C(4611686018427387904), UINT64_C(5)},
         {1, 1, 1, 0, 1, 1, 1, 1, 0, 0, 1, 1, 1, 1, 0, 0}},
        {UINT64_C(18446744073709551615),
         3,
         {UINT64_C(9223372036854775808), UINT64_C(4611686018427387904),
          UINT64_C(4611686018427387903)},
         {2, 0, 0, 0, 0, 2, 0, 1, 1, 0, 1, 0, 0, 0, 0, 0}},
        {UINT64_C(2),
         1,
         {UINT64_C(18446744073709551615)},
         {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint64_t sums[7];
        uint32_t ranks[16];
        leader_schedule_fill(rows[i].epoch, rows[i].stakes, rows[i].count, sums, 16, ranks);
        for (uint32_t group = 0; group < 16; group++)
            ck_assert_msg(ranks[group] == rows[i].ranks[group], "row %zu, group %u", i, group);
    }
}
END_TEST

CHECK_MAIN("turbine_tree", each_place_has_one_sender, is_shallow_at_the_deployed_fanout,
           nodes_stand_by_stake_then_key_descending, the_seed_is_leader_slot_index_and_type,
           a_lone_leader_sends_to_nobody, roots_are_drawn_by_stake,
           leaders_are_drawn_by_stake_for_four_slots, schedules_are_those_of_a_second_model)
