/* Goal: what is kept of trees is what they are. Method: every answer against a shuffle made anew,
 * for slots in an order that makes the cache forget. */

#include "models/spread/turbine_trees.h"

#include <string.h>

#include "sim/rng.h"
#include "tests/check_main.h"

enum { COUNT = 40, FANOUT = 3, KEPT = 2, QUESTIONS = 3000 };

static struct memory memory;
static struct turbine_cluster cluster;
static struct turbine_trees trees;

static void begin(void)
{
    struct turbine_node nodes[COUNT];
    memory = (struct memory){0};
    memset(nodes, 0, sizeof nodes);
    for (uint32_t i = 0; i < COUNT; i++) {
        nodes[i].stake = i % 6 == 4 ? 0 : 100 + i * i;
        nodes[i].key[3] = (unsigned char)i;
        nodes[i].id = i;
    }
    turbine_sort(nodes, COUNT);
    turbine_cluster_init(&cluster, &memory, nodes, COUNT, FANOUT, CHACHA_ROUNDS_8);
    turbine_trees_init(&trees, &memory, &cluster, KEPT);
}

static void end(void)
{
    turbine_trees_destroy(&trees);
    turbine_cluster_destroy(&cluster);
    ck_assert_uint_eq(memory.used_bytes, 0);
}

/* Where a rank stands in a shred's tree, and whether it has children there. */
static bool passes_on(const struct turbine_set *set, enum shred_type type, uint32_t at,
                      uint32_t rank, uint32_t *ret_place)
{
    uint32_t ranks[COUNT], place = 0;
    struct shred_id shred = {.slot = set->slot, .type = type};
    shred.index = (type == SHRED_DATA ? set->shreds.first_data : set->shreds.first_code) + at;
    uint32_t count = turbine_order(&cluster, &shred, set->leader, ranks);
    while (place < count && ranks[place] != rank)
        place++;
    *ret_place = place;
    return place < count && turbine_children_of(place, FANOUT, count).count > 0;
}

/* SOL-21, SOL-22, SOL-R8.6 */
START_TEST(kept_trees_are_those_of_the_shuffle)
{
    struct rng_stream stream;
    const struct rng rng = {.seed = 11};
    begin();
    rng_stream_at(&stream, &rng, RNG_TEST, 1, 0);
    for (unsigned k = 0; k < QUESTIONS; k++) {
        uint64_t slot = k / 100 + rng_below(&stream, 6); /* old and new ones by turns */
        uint32_t number = (uint32_t)rng_below(&stream, 3);
        bool small = number == 2 && rng_below(&stream, 2); /* another block of the same slot */
        struct turbine_set set = {
            .slot = slot,
            .leader = (uint32_t)(slot % COUNT),
            .number = number,
            .shreds = {32 * number, small ? 5 : 32, 32 * number, small ? 59 : 32, number == 2}};
        enum shred_type type = rng_below(&stream, 2) ? SHRED_CODE : SHRED_DATA;
        uint32_t shreds = type == SHRED_DATA ? set.shreds.data_count : set.shreds.code_count;
        uint32_t at = (uint32_t)rng_below(&stream, shreds);
        uint32_t rank = (uint32_t)rng_below(&stream, COUNT), place;
        bool expected = passes_on(&set, type, at, rank, &place);
        if (rng_below(&stream, 2)) {
            struct turbine_duties duties = turbine_trees_duties(&trees, &set, rank);
            uint64_t bits = type == SHRED_DATA ? duties.data : duties.code;
            ck_assert((bits >> at & 1) == expected);
            ck_assert(shreds == 64 || bits >> shreds == 0);
        }
        if (expected)
            ck_assert_uint_eq(turbine_trees_place(&trees, &set, type, at, rank), place);
        if (rank != set.leader && rng_below(&stream, 2))
            ck_assert_uint_eq(turbine_trees_order(&trees, &set, type, at)[place], rank);
    }
    end();
}
END_TEST

/* The newest slots stay when an older one is asked for: no shuffle is made twice. */
START_TEST(an_older_slot_does_not_drive_out_newer_ones)
{
    struct turbine_set newest = {.slot = 9, .leader = 1, .shreds = {0, 32, 0, 32, true}};
    struct turbine_set older = {.slot = 1, .leader = 1, .shreds = {0, 32, 0, 32, true}};
    begin();
    const uint16_t *order = turbine_trees_order(&trees, &newest, SHRED_DATA, 3);
    uint16_t *spoilt = (uint16_t *)(uintptr_t)order, right = order[5];
    spoilt[5] = 999; /* seen again only if it was kept */
    turbine_trees_order(&trees, &older, SHRED_DATA, 3);
    ck_assert_uint_eq(turbine_trees_order(&trees, &newest, SHRED_DATA, 3)[5], 999);
    newest.slot = 11; /* the same place, later */
    turbine_trees_order(&trees, &newest, SHRED_DATA, 3);
    newest.slot = 9;
    ck_assert_uint_eq(turbine_trees_order(&trees, &newest, SHRED_DATA, 3)[5], right);
    end();
}
END_TEST

CHECK_MAIN("turbine_trees", kept_trees_are_those_of_the_shuffle,
           an_older_slot_does_not_drive_out_newer_ones)
