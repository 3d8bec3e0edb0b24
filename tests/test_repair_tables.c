/* Goal: the tables behind repair as a process: peers kept for a while, requests that wait, first
 * times, and who has heard of which completed slots. Method: random histories against plain copies
 * that keep everything; edges by hand; fixed seeds. */

#include <string.h>

#include "models/spread/gossip_table.h"
#include "models/spread/repair_peers.h"
#include "models/spread/repair_queue.h"
#include "models/spread/repair_times.h"
#include "sim/rng.h"
#include "tests/check_main.h"

static const struct rng rng = {.seed = 52, .replication = 0};

static struct memory memory;

/* The first peer whose running sum exceeds x. */
static uint32_t slow_pick(const uint64_t *weights, uint64_t x)
{
    uint32_t peer = 0;
    while (weights[peer] <= x)
        x -= weights[peer++];
    return peer;
}

/* SOL-R5.2, SOL-R5.3, SOL-20, SOL-32: each number below the sum picks the peer that the weights of
 * that instant give it; the deployed client keeps them for 10 s, the proposal does not. */
START_TEST(peers_are_picked_by_the_weights_of_their_time)
{
    enum { PEERS = 9, SLOTS = 160 };
    for (unsigned kept = 0; kept < 2; kept++)
        for (int rule = REPAIR_PEERS_2025; rule <= REPAIR_PEERS_HOLDERS_FIRST; rule++) {
            static uint64_t weights[SLOTS][PEERS], made_ns[SLOTS], sums[SLOTS];
            struct rng_stream stream;
            struct cluster_slots slots;
            struct repair_peers_cache cache;
            uint64_t stakes[PEERS], total = 0, now_ns = 0;
            memory = (struct memory){0};
            memset(made_ns, 0, sizeof made_ns);
            rng_stream_at(&stream, &rng, RNG_TEST, 1, (uint64_t)rule);
            for (uint32_t i = 0; i < PEERS; i++)
                total += stakes[i] = rng_below(&stream, 4) ? 1 + rng_below(&stream, 20) : 0;
            cluster_slots_init(&slots, &memory, stakes, PEERS, total, 0);
            repair_peers_init(&cache, &memory, kept ? REPAIR_PEERS_NS : 0);
            for (unsigned k = 0; k < 4000; k++) {
                uint64_t slot = 1 + rng_below(&stream, kept ? 100 : SLOTS - 1);
                now_ns += rng_below(&stream, REPAIR_PEERS_NS / 100);
                cluster_slots_mark(&slots, (uint32_t)rng_below(&stream, PEERS),
                                   1 + rng_below(&stream, SLOTS - 1));
                if (made_ns[slot] == 0 || !kept || now_ns - made_ns[slot] >= REPAIR_PEERS_NS) {
                    made_ns[slot] = now_ns;
                    sums[slot] = repair_peer_weights(&slots, (enum repair_peers)rule, slot, 2,
                                                     weights[slot]);
                }
                uint64_t sum =
                    repair_peers_total(&cache, &slots, (enum repair_peers)rule, slot, 2, now_ns);
                ck_assert_uint_eq(sum, sums[slot]);
                if (sum == 0)
                    continue;
                uint64_t x = rng_below(&stream, sum);
                ck_assert_uint_eq(
                    repair_peers_pick(&cache, &slots, (enum repair_peers)rule, slot, 2, x),
                    slow_pick(weights[slot], x));
            }
            ck_assert_uint_le(cache.count, REPAIR_PEERS_SLOTS);
            repair_peers_destroy(&cache);
            cluster_slots_destroy(&slots);
            ck_assert_uint_eq(memory.used_bytes, 0);
        }
}
END_TEST

/* SOL-R6.2 */
START_TEST(a_turn_serves_the_best_of_those_that_wait)
{
    struct repair_queue queue;
    uint32_t served;
    memory = (struct memory){0};
    repair_queue_init(&queue, &memory, 6, 3, 1000);
    for (uint32_t i = 0; i < 8; i++) {
        struct repair_asker asker = {.peer = i, .nonce = 100 + i};
        ck_assert(repair_queue_put(&queue, &asker, i % 4) == (i < 6));
    }
    ck_assert_uint_eq(repair_queue_turn(&queue, &served), 3);
    ck_assert_uint_eq(served, 3);
    ck_assert_uint_eq(repair_queue_at(&queue, 0)->peer, 3);
    ck_assert_uint_eq(repair_queue_at(&queue, 1)->peer, 2);
    ck_assert_uint_eq(repair_queue_at(&queue, 2)->peer, 1); /* as much as 5, but earlier */
    repair_queue_done(&queue);
    for (uint32_t i = 0; i < 3; i++)
        ck_assert(repair_queue_put(&queue, &(struct repair_asker){.peer = i}, i));
    ck_assert_uint_eq(repair_queue_turn(&queue, &served), 0);
    ck_assert_uint_eq(repair_queue_at(&queue, 0)->peer, 0); /* as they came */
    repair_queue_done(&queue);
    ck_assert_uint_eq(repair_queue_turn(&queue, &served), 0);
    ck_assert_uint_eq(served, 0);
    repair_queue_destroy(&queue);
    ck_assert_uint_eq(memory.used_bytes, 0);
}
END_TEST

START_TEST(the_first_request_counts)
{
    struct repair_times times;
    struct repair_request shred = {REPAIR_SHRED, 7, 40}, highest = {REPAIR_HIGHEST, 9, 40};
    struct repair_request orphan = {REPAIR_ORPHAN, 0, 50};
    memory = (struct memory){0};
    repair_times_init(&times, &memory);
    ck_assert_uint_eq(repair_times_since(&times, &shred, 40, 7, 99), 99);
    repair_times_note(&times, &shred, 10);
    repair_times_note(&times, &shred, 20);
    repair_times_note(&times, &highest, 30);
    repair_times_note(&times, &orphan, 5);
    ck_assert_uint_eq(repair_times_since(&times, &shred, 40, 7, 99), 10);
    ck_assert_uint_eq(repair_times_since(&times, &highest, 40, 11, 99), 30);
    ck_assert_uint_eq(repair_times_since(&times, &highest, 40, 7, 99), 10);
    ck_assert_uint_eq(repair_times_since(&times, &orphan, 48, 3, 99), 5);
    ck_assert_uint_eq(repair_times_since(&times, &orphan, 40, 7, 99), 10);
    repair_times_done(&times, 40);
    ck_assert_uint_eq(repair_times_since(&times, &shred, 40, 7, 99), 99);
    ck_assert_uint_eq(times.count, 1);
    repair_times_drop_below(&times, 51);
    ck_assert_uint_eq(times.count, 0);
    repair_times_destroy(&times);
    ck_assert_uint_eq(memory.used_bytes, 0);
}
END_TEST

/* SOL-4, SOL-6, SOL-R7.4: a listener who takes versions at random, the newest ones or older ones,
 * out of order between the parts, marks the slots that those versions hold and no others. */
START_TEST(values_mark_what_their_version_holds)
{
    enum { SLOTS = 2000, VERSIONS = 1300 };
    static bool held[GOSSIP_PARTS][VERSIONS + 1][SLOTS], expected[SLOTS];
    static const uint64_t stakes[] = {1, 1};
    for (int k = 0; k < 3; k++) { /* the last listener takes stashes only */
        int form = k == 0 ? GOSSIP_RECORDS : GOSSIP_CACHE;
        struct rng_stream stream;
        struct gossip_table table;
        struct gossip_listener listener;
        struct cluster_slots slots;
        uint64_t next = 1;
        memory = (struct memory){0};
        memset(held, 0, sizeof held);
        memset(expected, 0, sizeof expected);
        rng_stream_at(&stream, &rng, RNG_TEST, 2, (uint64_t)form);
        gossip_table_init(&table, &memory, (enum gossip_form)form, 2);
        gossip_listener_init(&listener, &table);
        cluster_slots_init(&slots, &memory, stakes, 2, UINT64_MAX, 0);
        uint64_t skipped[SLOTS];
        uint32_t skipped_count = 0;
        while (next + 3 < SLOTS && gossip_table_newest(&table, 1, GOSSIP_PART_NEWEST) < VERSIONS) {
            uint64_t batch[3];
            uint32_t count = 0;
            if (skipped_count > 5 && rng_below(&stream, 9) == 0) { /* an old slot, late */
                uint32_t which = (uint32_t)rng_below(&stream, skipped_count);
                batch[count++] = skipped[which];
                skipped[which] = skipped[--skipped_count];
            }
            while (count == 0 || (count < 3 && rng_below(&stream, 3) == 0)) {
                if (rng_below(&stream, 8) == 0)
                    skipped[skipped_count++] = next++;
                batch[count++] = next++;
            }
            gossip_table_advertise(&table, 1, batch, count, next);
            struct gossip_origin *origin = &table.origins[1];
            for (unsigned part = 0; part < listener.parts; part++) {
                uint32_t version = gossip_table_newest(&table, 1, (enum gossip_part)part);
                for (uint32_t i = 0; i < origin->log_count && version > 0; i++) {
                    uint64_t slot = origin->log[i];
                    bool in_cache = form == GOSSIP_RECORDS ||
                                    slot_set_contains(&origin->made.cache.cache, slot);
                    held[part][version][slot] = (part == GOSSIP_PART_NEWEST) == in_cache;
                }
            }
            if (rng_below(&stream, 3) > 0)
                continue;
            struct gossip_value value = {.origin = 1,
                                         .part = k == 2 || (k == 1 && rng_below(&stream, 3) == 0)};
            uint32_t newest = gossip_table_newest(&table, 1, (enum gossip_part)value.part);
            value.version = newest > 2 ? newest - (uint32_t)rng_below(&stream, 2) : newest;
            if (newest == 0 || !gossip_listener_news(&listener, value))
                continue;
            ck_assert_uint_gt(gossip_table_bytes(&table, value), 60);
            gossip_listener_take(&listener, &table, value, &slots);
            for (uint64_t slot = 1; slot < SLOTS; slot++) {
                expected[slot] |= held[value.part][value.version][slot];
                ck_assert_msg(cluster_slots_marked(&slots, 1, slot) == expected[slot],
                              "form %d part %u slot %u", form, value.part, (unsigned)slot);
            }
        }
        cluster_slots_destroy(&slots);
        gossip_listener_destroy(&listener, &table);
        gossip_table_destroy(&table);
        ck_assert_uint_eq(memory.used_bytes, 0);
    }
}
END_TEST

/* SOL-7, SOL-R7.3: a fresh record has its full size at once; a cache has that of its runs. */
START_TEST(values_have_the_sizes_of_their_encodings)
{
    static const uint64_t slots[] = {5, 6, 7, 9};
    struct gossip_value value = {.origin = 0, .part = GOSSIP_PART_NEWEST, .version = 1};
    for (int form = GOSSIP_RECORDS; form <= GOSSIP_CACHE; form++) {
        struct gossip_table table;
        memory = (struct memory){0};
        gossip_table_init(&table, &memory, (enum gossip_form)form, 1);
        gossip_table_advertise(&table, 0, slots, 4, 0);
        ck_assert_uint_eq(gossip_table_bytes(&table, value), form == GOSSIP_RECORDS
                                                                 ? 48 + 37 + 851 + 64 + 4
                                                                 : 8 + 3 + 32 + 64 + 8 + 4);
        gossip_table_destroy(&table);
    }
    struct gossip_packing packing = {0};
    gossip_packing_add(&packing, 1004); /* one such record a packet */
    gossip_packing_add(&packing, 1004);
    ck_assert_uint_eq(packing.bytes, 2 * (44 + 1004));
    gossip_packing_add(&packing, 100);
    gossip_packing_add(&packing, 84);
    ck_assert_uint_eq(packing.bytes, 2 * (44 + 1004) + 184);
    gossip_packing_add(&packing, 1);
    ck_assert_uint_eq(packing.bytes, 2 * (44 + 1004) + 184 + 45);
}
END_TEST

/* Only the newest version of what is fresh is passed on, once. */
START_TEST(news_are_passed_on_once)
{
    struct gossip_table table;
    struct gossip_listener listener;
    struct cluster_slots slots;
    struct gossip_value value;
    static const uint64_t stakes[] = {1, 1, 1};
    memory = (struct memory){0};
    gossip_table_init(&table, &memory, GOSSIP_CACHE, 3);
    gossip_listener_init(&listener, &table);
    cluster_slots_init(&slots, &memory, stakes, 3, 3, 0);
    for (uint64_t slot = 1; slot < 4; slot++) {
        gossip_table_advertise(&table, 2, &slot, 1, 0);
        gossip_table_advertise(&table, 0, &slot, 1, 0);
        value = (struct gossip_value){.origin = 2, .version = (uint32_t)slot};
        ck_assert(gossip_listener_news(&listener, value));
        ck_assert(gossip_listener_take(&listener, &table, value, &slots));
        ck_assert(!gossip_listener_news(&listener, value));
    }
    gossip_listener_own(&listener, &table, 0);
    gossip_listener_own(&listener, &table, 0);
    uint32_t place = 0;
    ck_assert(gossip_listener_next(&listener, &place, &value));
    ck_assert_uint_eq(value.origin, 0);
    ck_assert_uint_eq(value.version, 3);
    ck_assert(gossip_listener_next(&listener, &place, &value));
    ck_assert_uint_eq(value.origin, 2);
    ck_assert_uint_eq(value.version, 3);
    ck_assert(!gossip_listener_next(&listener, &place, &value));
    gossip_listener_passed(&listener);
    place = 0;
    ck_assert(!gossip_listener_next(&listener, &place, &value));
    gossip_listener_forget(&listener, &table);
    value = (struct gossip_value){.origin = 2, .version = 1};
    ck_assert(gossip_listener_news(&listener, value));
    cluster_slots_destroy(&slots);
    gossip_listener_destroy(&listener, &table);
    gossip_table_destroy(&table);
    ck_assert_uint_eq(memory.used_bytes, 0);
}
END_TEST

/* A listener of a table that forgets what is below all roots marks the same slots above its own as
 * one of a table that forgets nothing, also after a restart and by values that were long on their
 * way; and the table stays small, however many slots there are. */
START_TEST(what_nobody_listens_to_is_forgotten)
{
    enum { SLOTS = 30000, LATE_MAX = 30, LAG = 60, WAY_MAX = 90 };
    static const uint64_t stakes[] = {1};
    for (int form = GOSSIP_RECORDS; form <= GOSSIP_CACHE; form++) {
        struct gossip_table tables[2]; /* the second one forgets */
        struct gossip_listener listeners[2];
        struct cluster_slots slots[2];
        struct rng_stream stream;
        uint64_t root = 0, next = 1, late = 0;
        memory = (struct memory){0};
        rng_stream_at(&stream, &rng, RNG_TEST, 3, (uint64_t)form);
        for (unsigned i = 0; i < 2; i++) {
            gossip_table_init(&tables[i], &memory, (enum gossip_form)form, 1);
            gossip_listener_init(&listeners[i], &tables[i]);
            cluster_slots_init(&slots[i], &memory, stakes, 1, UINT64_MAX, 0);
        }
        while (next < SLOTS) {
            uint64_t batch[2] = {late, next};
            bool with_late = late > 0 && rng_below(&stream, 3) == 0;
            for (unsigned i = 0; i < 2; i++)
                gossip_table_advertise(&tables[i], 0, with_late ? batch : batch + 1,
                                       with_late ? 2 : 1, next);
            if (with_late || late + LATE_MAX < next)
                late = 0;
            if (late == 0 && rng_below(&stream, 4) == 0)
                late = ++next;
            next++;
            bool restart = rng_below(&stream, 500) == 0;
            if (next > root + LAG && rng_below(&stream, 70) == 0)
                root = next - LAG + rng_below(&stream, LAG / 2);
            for (unsigned i = 0; i < 2; i++) {
                if (restart)
                    gossip_listener_forget(&listeners[i], &tables[i]);
                cluster_slots_set_root(&slots[i], root);
            }
            if (root > tables[1].below + 20) /* another one's root is a bit lower */
                gossip_table_forget(&tables[1], root - 20);
            if (rng_below(&stream, 3) > 0)
                continue;
            struct gossip_value value = {.part = form == GOSSIP_CACHE && rng_below(&stream, 2)};
            uint32_t newest = gossip_table_newest(&tables[0], 0, (enum gossip_part)value.part);
            uint32_t back = (uint32_t)rng_below(&stream, rng_below(&stream, 4) ? 2 : WAY_MAX);
            value.version = newest > back ? newest - back : newest;
            ck_assert_uint_eq(newest,
                              gossip_table_newest(&tables[1], 0, (enum gossip_part)value.part));
            if (newest == 0 || !gossip_listener_news(&listeners[0], value))
                continue;
            for (unsigned i = 0; i < 2; i++)
                gossip_listener_take(&listeners[i], &tables[i], value, &slots[i]);
            for (uint64_t slot = root + 1; slot <= next; slot++)
                ck_assert(cluster_slots_marked(&slots[0], 0, slot) ==
                          cluster_slots_marked(&slots[1], 0, slot));
            if (back < 2)
                ck_assert_uint_eq(gossip_table_bytes(&tables[0], value),
                                  gossip_table_bytes(&tables[1], value));
        }
        const struct gossip_origin *origin = &tables[1].origins[0];
        ck_assert_uint_gt(origin->log_count, SLOTS / 2);
        ck_assert_uint_le(origin->log_capacity, 1024);
        ck_assert_uint_le(origin->versions[GOSSIP_PART_NEWEST].capacity, 1024);
        for (unsigned i = 0; i < 2; i++) {
            cluster_slots_destroy(&slots[i]);
            gossip_listener_destroy(&listeners[i], &tables[i]);
            gossip_table_destroy(&tables[i]);
        }
        ck_assert_uint_eq(memory.used_bytes, 0);
    }
}
END_TEST

/* SOL-4, SOL-20: by the proposal everybody's marks count; SOL-R7.6: as deployed those of stake, as
 * long as at most 90 % have marked. */
START_TEST(the_proposal_counts_all_marks)
{
    static const uint64_t stakes[] = {0, 91, 9};
    for (unsigned everybody = 0; everybody < 2; everybody++) {
        struct cluster_slots slots;
        memory = (struct memory){0};
        cluster_slots_init(&slots, &memory, stakes, 3, 100, 0);
        slots.everybody = everybody;
        ck_assert(cluster_slots_mark(&slots, 0, 7) == everybody);
        ck_assert((cluster_slots_row(&slots, 7) != NULL) == everybody);
        ck_assert(cluster_slots_mark(&slots, 1, 7) != everybody); /* the first one? */
        ck_assert(!cluster_slots_mark(&slots, 2, 7));
        ck_assert(cluster_slots_marked(&slots, 0, 7) == everybody);
        ck_assert(cluster_slots_marked(&slots, 2, 7) == everybody);
        ck_assert_uint_eq(cluster_slots_marked_stake(&slots, 7), everybody ? 100 : 91);
        cluster_slots_destroy(&slots);
        ck_assert_uint_eq(memory.used_bytes, 0);
    }
}
END_TEST

CHECK_MAIN("repair_tables", peers_are_picked_by_the_weights_of_their_time,
           a_turn_serves_the_best_of_those_that_wait, the_first_request_counts,
           values_mark_what_their_version_holds, values_have_the_sizes_of_their_encodings,
           what_nobody_listens_to_is_forgotten, the_proposal_counts_all_marks,
           news_are_passed_on_once)
