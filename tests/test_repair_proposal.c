/* Goal: repair as the proposal has it, where it differs from what was deployed. Method: known small
 * situations under either rule; the marks of the cluster against plain sums; fixed seed. */

#include "models/spread/repair_proposal.h"

#include <string.h>

#include "models/spread/turbine_tree.h"
#include "sim/rng.h"
#include "tests/check_main.h"
#include "tests/repair_fixture.h"

enum { PEERS = 30 };

static const struct rng rng = {.seed = 38, .replication = 0};

static struct blockstore store;

static void begin(void)
{
    repair_open();
    blockstore_init(&store, &shared);
}

static void end(void)
{
    blockstore_destroy(&store);
    repair_close();
}

static void insert(uint64_t slot, uint64_t parent, uint32_t index, bool last)
{
    struct data_shred shred = {.slot = slot, .parent = parent, .index = index, .last = last};
    blockstore_begin(&store);
    blockstore_insert(&store, &shred, 0);
    blockstore_commit(&store);
}

/* This validator's place in the shred's tree has children. */
static bool own_by_tree(const void *self, uint64_t slot, uint32_t index)
{
    struct turbine_cluster *cluster = (struct turbine_cluster *)(uintptr_t)self;
    struct shred_id shred = {slot, index, SHRED_DATA};
    uint32_t ranks[PEERS], place = 0;
    uint32_t count = turbine_order(cluster, &shred, 0, ranks);
    while (place < count && ranks[place] != 3)
        place++;
    return place < count && turbine_children_of(place, cluster->fanout, count).count > 0;
}

/* SOL-21, SOL-22: the shreds that rank 3 has to retransmit come first, in order; then the others.
 */
START_TEST(own_shreds_come_first)
{
    struct turbine_node nodes[PEERS];
    struct turbine_cluster cluster;
    begin();
    for (uint32_t i = 0; i < PEERS; i++)
        nodes[i] = (struct turbine_node){.stake = 100 - i, .key = {(unsigned char)i}};
    turbine_cluster_init(&cluster, &memory, nodes, PEERS, 3, CHACHA_ROUNDS_8);
    insert(0, 0, 0, true);
    insert(1, 0, 60, true);
    struct repair_planner planner = {REPAIR_VERSION_2025, 0,   &store, &pending, &list,
                                     REPAIR_DEFER_MS,     true};
    repair_weight_know(&weight, &store, 1);
    repair_proposal_select(&planner, &weight, 512,
                           (struct repair_view){.own = own_by_tree, .self = &cluster});
    ck_assert_uint_eq(list.count, 60);
    uint32_t own = 0;
    while (own < 60 && own_by_tree(&cluster, 1, list.items[own].index))
        own++;
    ck_assert_uint_gt(own, 0);
    ck_assert_uint_lt(own, 60);
    for (uint32_t i = own; i < 60; i++)
        ck_assert(!own_by_tree(&cluster, 1, list.items[i].index));
    for (uint32_t i = 1; i < 60; i++)
        ck_assert(i == own || list.items[i].index > list.items[i - 1].index);
    turbine_cluster_destroy(&cluster);
    end();
}
END_TEST

/* SOL-17, SOL-18, SOL-19, SOL-24, SOL-26: every orphan, heaviest first; then at most N holes of all
 * forks, heaviest first, without waiting, also of slots that nobody voted for. */
START_TEST(an_iteration_asks_every_orphan_and_all_forks)
{
    begin();
    insert(0, 0, 0, true);
    for (uint64_t slot = 1; slot <= 2; slot++) {
        insert(slot, 0, 0, false);
        insert(slot, 0, 3, false);
    }
    insert(3, 1, 2, false);
    for (uint64_t slot = 20; slot < 34; slot += 2)
        insert(slot, slot - 1, 0, true);
    repair_weight_vote(&weight, &store, 0, 1);
    repair_weight_vote(&weight, &store, 1, 2);
    repair_weight_vote(&weight, &store, 2, 26);
    struct repair_planner planner = {REPAIR_VERSION_2025, 0,   &store, &pending, &list,
                                     REPAIR_DEFER_MS,     true};
    repair_proposal_select(&planner, &weight, 5, (struct repair_view){0});
    static const struct repair_request expected[] = {
        {REPAIR_ORPHAN, 0, 25}, {REPAIR_ORPHAN, 0, 19}, {REPAIR_ORPHAN, 0, 21},
        {REPAIR_ORPHAN, 0, 23}, {REPAIR_ORPHAN, 0, 27}, {REPAIR_ORPHAN, 0, 29},
        {REPAIR_ORPHAN, 0, 31}, {REPAIR_SHRED, 1, 2},   {REPAIR_SHRED, 2, 2},
        {REPAIR_SHRED, 1, 1},   {REPAIR_SHRED, 2, 1},   {REPAIR_SHRED, 0, 3}};
    uint32_t count = sizeof expected / sizeof expected[0];
    ck_assert_uint_eq(list.count, count);
    for (uint32_t i = 0; i < count; i++)
        ck_assert_msg(list.items[i].kind == expected[i].kind &&
                          list.items[i].slot == expected[i].slot &&
                          list.items[i].index == expected[i].index,
                      "request %u is for %u", i, (unsigned)list.items[i].slot);
    end();
}
END_TEST

static bool even_only(const void *self, uint64_t slot)
{
    (void)self;
    return slot % 2 == 0;
}

/* SOL-20: a slot that nobody advertises is left out and not noted as asked for: it is asked for as
 * soon as somebody does. */
START_TEST(a_slot_without_holders_waits_unasked)
{
    begin();
    insert(0, 0, 0, true);
    insert(1, 0, 3, false);
    insert(2, 1, 2, false);
    struct repair_planner planner = {REPAIR_VERSION_2025, 0,   &store, &pending, &list,
                                     REPAIR_DEFER_MS,     true};
    repair_proposal_select(&planner, &weight, 512, (struct repair_view){.may_ask = even_only});
    ck_assert_uint_eq(list.count, 2);
    ck_assert_uint_eq(list.items[0].slot, 2);
    ck_assert_uint_eq(pending.count, 2);
    repair_proposal_select(&planner, &weight, 512, (struct repair_view){0});
    ck_assert_uint_eq(list.count, 5);
    ck_assert_uint_eq(list.items[2].slot, 1);
    end();
}
END_TEST

/* SOL-34, SOL-35, SOL-36, SOL-R8.7, R8.8; exact at a third, and beyond 2^63. */
START_TEST(a_repaired_shred_goes_on_while_few_have_the_slot)
{
    struct repair_arrival arrival = {.by_repair = true, .total_stake = 900, .marked_stake = 300};
    ck_assert(repair_retransmits(REPAIR_RULES_PROPOSAL, &arrival));
    ck_assert(!repair_retransmits(REPAIR_RULES_DEPLOYED, &arrival));
    arrival.marked_stake = 301;
    ck_assert(!repair_retransmits(REPAIR_RULES_PROPOSAL, &arrival));
    arrival.total_stake = UINT64_MAX;
    arrival.marked_stake = UINT64_MAX / 3;
    ck_assert(repair_retransmits(REPAIR_RULES_PROPOSAL, &arrival));
    arrival.marked_stake++;
    ck_assert(!repair_retransmits(REPAIR_RULES_PROPOSAL, &arrival));
    arrival.by_repair = false;
    ck_assert(repair_retransmits(REPAIR_RULES_PROPOSAL, &arrival));
    ck_assert(repair_retransmits(REPAIR_RULES_DEPLOYED, &arrival));
    arrival.retransmitted_before = true;
    ck_assert(!repair_retransmits(REPAIR_RULES_DEPLOYED, &arrival));
    arrival.marked_stake = 0;
    arrival.by_repair = true;
    ck_assert(!repair_retransmits(REPAIR_RULES_PROPOSAL, &arrival));
}
END_TEST

/* SOL-R7.6: random marks against plain sums. */
START_TEST(marks_add_up_once_a_peer)
{
    for (uint64_t item = 0; item < 50; item++) {
        struct rng_stream stream;
        struct cluster_slots slots;
        uint64_t stakes[PEERS], total = 0, expected[60] = {0};
        bool marked[60][PEERS] = {{false}};
        rng_stream_at(&stream, &rng, RNG_TEST, 1, item);
        memory = (struct memory){0};
        for (uint32_t i = 0; i < PEERS; i++)
            total += stakes[i] = rng_below(&stream, 3) ? rng_below(&stream, 1000) : 0;
        cluster_slots_init(&slots, &memory, stakes, PEERS, total, 9);
        for (unsigned k = 0; k < 3000; k++) {
            uint64_t slot = rng_below(&stream, 60);
            uint32_t peer = (uint32_t)rng_below(&stream, PEERS);
            cluster_slots_mark(&slots, peer, slot);
            if (slot <= 9 || marked[slot][peer] || expected[slot] * 10 > total * 9)
                continue;
            marked[slot][peer] = stakes[peer] > 0;
            expected[slot] += stakes[peer];
        }
        cluster_slots_set_root(&slots, 20);
        for (uint64_t slot = 0; slot < 60; slot++) {
            ck_assert_uint_eq(cluster_slots_marked_stake(&slots, slot),
                              slot > 20 ? expected[slot] : 0);
            for (uint32_t peer = 0; peer < PEERS; peer++)
                ck_assert_uint_eq(cluster_slots_support(&slots, peer, slot),
                                  slot > 20 && marked[slot][peer] ? stakes[peer] : 0);
        }
        cluster_slots_mark(&slots, 0, 21 + CLUSTER_SLOTS_RING);
        ck_assert_ptr_null(cluster_slots_row(&slots, 21 + CLUSTER_SLOTS_RING));
        cluster_slots_destroy(&slots);
        ck_assert_uint_eq(memory.used_bytes, 0);
    }
}
END_TEST

/* SOL-20, SOL-31, SOL-32, SOL-R5.2, R5.4: peers 1 and 2 of 4 have slot 5; 0 asks. */
START_TEST(peers_are_weighted_by_the_rules_chosen)
{
    static const uint64_t stakes[] = {50, 101, 0, 7};
    static const struct {
        enum repair_peers rule;
        uint64_t slot, weights[4];
    } cases[] = {{REPAIR_PEERS_2025, 5, {0, 50 + 51, 1, 4}},
                 {REPAIR_PEERS_2025, 6, {0, 102, 1, 8}},
                 {REPAIR_PEERS_2026, 5, {0, 50 + 50, 1, 3}},
                 {REPAIR_PEERS_2026, 6, {0, 101, 1, 7}},
                 {REPAIR_PEERS_HOLDERS, 5, {0, 1, 0, 0}},
                 {REPAIR_PEERS_HOLDERS, 6, {0, 0, 0, 0}},
                 {REPAIR_PEERS_HOLDERS_FIRST, 5, {0, 1, 0, 0}},
                 {REPAIR_PEERS_HOLDERS_FIRST, 6, {0, 101, 0, 7}},
                 {REPAIR_PEERS_COMMITTED, 5, {0, 102, 0, 0}}};
    struct cluster_slots slots;
    memory = (struct memory){0};
    cluster_slots_init(&slots, &memory, stakes, 4, 158, 0);
    cluster_slots_mark(&slots, 1, 5);
    cluster_slots_mark(&slots, 2, 5); /* without stake: ignored */
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint64_t weights[4], total = 0;
        uint64_t sum = repair_peer_weights(&slots, cases[i].rule, cases[i].slot, 0, weights);
        for (uint32_t peer = 0; peer < 4; peer++) {
            ck_assert_msg(weights[peer] == cases[i].weights[peer], "case %zu, peer %u: %u", i, peer,
                          (unsigned)weights[peer]);
            total += weights[peer];
        }
        ck_assert_uint_eq(sum, total);
    }
    cluster_slots_destroy(&slots);
    ck_assert_int_eq(
        repair_peers_of(REPAIR_RULES_PROPOSAL, REPAIR_VERSION_2025, REPAIR_SHRED, false),
        REPAIR_PEERS_HOLDERS);
    ck_assert_int_eq(
        repair_peers_of(REPAIR_RULES_PROPOSAL, REPAIR_VERSION_2025, REPAIR_ORPHAN, false),
        REPAIR_PEERS_HOLDERS_FIRST);
    ck_assert_int_eq(
        repair_peers_of(REPAIR_RULES_DEPLOYED, REPAIR_VERSION_2026, REPAIR_ORPHAN, false),
        REPAIR_PEERS_2026);
}
END_TEST

CHECK_MAIN("repair_proposal", own_shreds_come_first, an_iteration_asks_every_orphan_and_all_forks,
           a_slot_without_holders_waits_unasked, a_repaired_shred_goes_on_while_few_have_the_slot,
           marks_add_up_once_a_peer, peers_are_weighted_by_the_rules_chosen)
