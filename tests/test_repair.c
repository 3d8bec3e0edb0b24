/* Goal: repair as deployed asks for what is missing, when it is due, within its budgets, and takes
 * only answers that fit. Method: holes against a plain walk of the shreds; two blockstores that
 * repair from each other until nothing is missing; budgets, deferral, time-outs and nonces at their
 * edges; fixed seed. */

#include <string.h>

#include "models/leader_schedule.h"
#include "models/spread/repair_load.h"
#include "models/spread/repair_select.h"
#include "models/spread/repair_serve.h"
#include "sim/rng.h"
#include "tests/check_main.h"
#include "tests/repair_fixture.h"

static const struct rng rng = {.seed = 37, .replication = 0};

static struct blockstore mine, theirs;

static void begin(void)
{
    repair_open();
    blockstore_init(&mine, &shared);
    blockstore_init(&theirs, &shared);
}

static void end(void)
{
    blockstore_destroy(&mine);
    blockstore_destroy(&theirs);
    repair_close();
}

static struct repair_planner planner_at(enum repair_version version, int64_t now_ms)
{
    return (struct repair_planner){version, now_ms, &mine, &pending, &list, REPAIR_DEFER_MS, true};
}

static void insert_at(struct blockstore *store, uint64_t slot, uint64_t parent, uint32_t index,
                      bool last, int64_t now_ms)
{
    struct data_shred shred = {.slot = slot, .parent = parent, .index = index, .last = last};
    blockstore_begin(store);
    blockstore_insert(store, &shred, now_ms);
    blockstore_commit(store);
}

static void insert(struct blockstore *store, uint64_t slot, uint64_t parent, uint32_t index,
                   bool last)
{
    insert_at(store, slot, parent, index, last, 0);
}

static void insert_slot(struct blockstore *store, uint64_t slot, uint64_t parent, uint32_t count)
{
    for (uint32_t index = 0; index < count; index++)
        insert(store, slot, parent, index, index + 1 == count);
}

/* SOL-R3: a hole is judged by the tick of the shred above it; ticks rise with the index, as a
 * leader's clock does. Against a walk over all indices. */
START_TEST(holes_are_due_by_the_shred_above)
{
    for (uint64_t item = 0; item < 300; item++) {
        struct rng_stream stream;
        bool there[80] = {false};
        uint8_t ticks[80];
        rng_stream_at(&stream, &rng, RNG_TEST, 1, item);
        begin();
        uint32_t count = 10 + (uint32_t)rng_below(&stream, 70);
        blockstore_begin(&mine);
        for (uint32_t i = 0; i < count; i++) {
            ticks[i] = (uint8_t)(i * 63 / count);
            there[i] = rng_below(&stream, 3) > 0 || i + 1 == count;
            struct data_shred shred = {.slot = 1, .index = i, .reference_tick = ticks[i]};
            if (there[i])
                blockstore_insert(&mine, &shred, 0);
        }
        blockstore_commit(&mine);
        uint32_t defer = (uint32_t)rng_below(&stream, 50), max = (uint32_t)rng_below(&stream, 30);
        uint64_t elapsed = rng_below(&stream, 120);
        uint32_t start = (uint32_t)rng_below(&stream, count), found[80], expected[80], wanted = 0;
        for (uint32_t i = start; i < count && wanted < max; i++) {
            uint32_t above = i;
            while (above < count && !there[above])
                above++;
            if (elapsed < (uint64_t)ticks[above] + defer)
                break;
            if (!there[i])
                expected[wanted++] = i;
        }
        ck_assert_uint_eq(repair_missing_2025(&mine, 1, elapsed, defer, start, count, max, found),
                          wanted);
        ck_assert_int_eq(memcmp(found, expected, wanted * sizeof found[0]), 0);
        end();
    }
}
END_TEST

/* SOL-R3.2: behind the last shred the next slot's first one judges. */
START_TEST(a_later_slot_judges_the_end)
{
    uint32_t found[16];
    begin();
    insert(&mine, 1, 0, 0, false);
    ck_assert_uint_eq(repair_missing_2025(&mine, 1, 40, 41, 1, 4, 9, found), 3); /* nobody */
    struct data_shred shred = {.slot = 5, .parent = 1, .index = 0, .reference_tick = 10};
    blockstore_begin(&mine);
    blockstore_insert(&mine, &shred, 0);
    blockstore_commit(&mine);
    ck_assert_uint_eq(repair_missing_2025(&mine, 1, 50, 41, 1, 4, 9, found), 0);
    ck_assert_uint_eq(repair_missing_2025(&mine, 1, 51, 41, 1, 4, 9, found), 3);
    end();
}
END_TEST

static uint32_t asked(enum repair_version version, int64_t now_ms, bool throttle)
{
    struct repair_planner planner = planner_at(version, now_ms);
    list.count = 0;
    repair_slot(&planner, blockstore_meta(&mine, 1), 512, throttle);
    return list.count;
}

/* SOL-R3.3: by when the erasure set was first noticed; skipped sets inherit. */
START_TEST(sets_are_due_a_quarter_second_after_they_are_noticed)
{
    begin();
    insert(&mine, 1, 0, 0, false);
    insert(&mine, 1, 0, 3, false);
    ck_assert_uint_eq(asked(REPAIR_VERSION_2026, 1000, true), 0);
    ck_assert_uint_eq(asked(REPAIR_VERSION_2026, 1249, true), 0);
    insert(&mine, 1, 0, 70, false);                                /* sets 1 and 2 are new now */
    ck_assert_uint_eq(asked(REPAIR_VERSION_2026, 1250, true), 30); /* 1, 2, 4 to 31 of set 0 */
    ck_assert_uint_eq(asked(REPAIR_VERSION_2026, 1499, true), 0);  /* made lately */
    ck_assert_uint_eq(asked(REPAIR_VERSION_2026, 1500, true), 38); /* 32 to 69 */
    end();
}
END_TEST

/* SOL-R3: the end of a slot without holes; an empty slot never waits; without throttling none. */
START_TEST(an_unknown_end_is_asked_for)
{
    for (unsigned k = 0; k < 2; k++) {
        enum repair_version version = k ? REPAIR_VERSION_2026 : REPAIR_VERSION_2025;
        begin();
        insert(&mine, 2, 1, 0, true);
        ck_assert_uint_eq(asked(version, 0, true), 1);
        ck_assert_int_eq(list.items[0].kind, REPAIR_HIGHEST);
        ck_assert_uint_eq(list.items[0].index, 0);
        insert(&mine, 1, 0, 0, false);
        ck_assert_uint_eq(asked(version, 0, true), 0);
        /* 257 ms are the first millisecond of tick 41; 250 ms are enough since 2026. */
        ck_assert_uint_eq(asked(version, k ? 249 : 256, true), 0);
        ck_assert_uint_eq(asked(version, k ? 250 : 257, true), 1);
        ck_assert_uint_eq(list.items[0].index, 1);
        repair_pending_expire(&pending, 1000, REPAIR_TIMEOUT_MS);
        ck_assert_uint_eq(asked(version, 1, false), 1);
        insert(&mine, 1, 0, 1, true);
        ck_assert_uint_eq(asked(version, 2000, false), 0); /* full */
        end();
    }
}
END_TEST

/* SOL-R3.1 */
START_TEST(a_request_is_not_repeated_before_its_time)
{
    struct repair_request request = {REPAIR_SHRED, 7, 9}, other = {REPAIR_HIGHEST, 7, 9};
    begin();
    ck_assert(repair_pending_add(&pending, &request, 100));
    ck_assert(!repair_pending_add(&pending, &request, 100));
    ck_assert(repair_pending_add(&pending, &other, 120));
    repair_pending_expire(&pending, 249, REPAIR_TIMEOUT_MS);
    ck_assert(!repair_pending_add(&pending, &request, 249));
    repair_pending_expire(&pending, 250, REPAIR_TIMEOUT_MS);
    ck_assert(repair_pending_add(&pending, &request, 250));
    ck_assert(!repair_pending_add(&pending, &other, 250));
    for (uint32_t i = 0; i < 1000; i++) {
        request.index = 100 + i;
        ck_assert(repair_pending_add(&pending, &request, 300));
    }
    repair_pending_expire(&pending, 450, REPAIR_TIMEOUT_MS);
    ck_assert_uint_eq(pending.count, 0);
    ck_assert_uint_eq(pending.times.count, 0);
    end();
}
END_TEST

static uint32_t count_kind(enum repair_kind kind)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < list.count; i++)
        count += list.items[i].kind == kind;
    return count;
}

/* SOL-17, SOL-18, SOL-R1: 5 + 512 + 10 + 100 an iteration. Slots 10..40 hang on unknown parents,
 * slots 50..70 have no known end, slots 80..90 miss much; only slot 1 is below the root. */
START_TEST(each_stage_keeps_its_budget)
{
    begin();
    insert(&mine, 0, 0, 0, true);
    insert(&mine, 1, 0, 0, false);
    insert(&mine, 1, 0, 1000, false);
    for (uint64_t slot = 100; slot < 130; slot += 2)
        insert(&mine, slot, slot - 1, 0, true);
    for (uint64_t slot = 50; slot < 65; slot++) {
        insert(&mine, slot, slot == 50 ? 45 : slot - 1, 0, false);
        repair_weight_vote(&weight, &mine, 1, slot);
    }
    for (uint64_t slot = 65; slot < 75; slot++) {
        insert(&mine, slot, slot - 1, 0, false);
        insert(&mine, slot, slot - 1, 40, true);
        repair_weight_vote(&weight, &mine, 1, slot);
    }
    struct repair_planner planner = planner_at(REPAIR_VERSION_2025, 10000);
    repair_select(&planner, &weight, &repair_budget_deployed);
    ck_assert_uint_eq(count_kind(REPAIR_ORPHAN), 5);
    ck_assert_uint_eq(count_kind(REPAIR_HIGHEST), 10);
    ck_assert_uint_eq(count_kind(REPAIR_SHRED), 512 + 100);
    for (uint32_t i = 0; i < 5; i++) /* orphans come first */
        ck_assert_int_eq(list.items[i].kind, REPAIR_ORPHAN);
    ck_assert_uint_eq(list.items[0].slot, 45); /* and the one with votes first of them: SOL-24 */
    ck_assert_uint_eq(list.items[5].slot, 1);
    end();
}
END_TEST

/* SOL-19: the heavier of two forks first; of equals the smaller slot. */
START_TEST(heavier_forks_are_repaired_first)
{
    begin();
    insert(&mine, 0, 0, 0, true);
    for (uint64_t slot = 1; slot <= 2; slot++) {
        insert(&mine, slot, 0, 0, false);
        insert(&mine, slot, 0, 3, false);
    }
    repair_weight_vote(&weight, &mine, 0, 1);
    repair_weight_vote(&weight, &mine, 1, 2); /* 101 against 100 */
    struct repair_planner planner = planner_at(REPAIR_VERSION_2025, 10000);
    repair_select(&planner, &weight, &repair_budget_deployed);
    ck_assert_uint_eq(list.items[0].slot, 2);
    ck_assert_uint_eq(list.items[2].slot, 1);
    end();
}
END_TEST

/* SOL-24, SOL-R4.8: of orphan trees the one with more votes first, then those without any. */
START_TEST(orphans_with_more_votes_come_first)
{
    static const uint64_t expected[] = {39, 29, 49, 9};
    begin();
    for (uint64_t slot = 10; slot <= 50; slot += 10)
        insert(&mine, slot, slot - 1, 0, true);
    repair_weight_vote(&weight, &mine, 0, 30);
    repair_weight_vote(&weight, &mine, 1, 40);
    repair_weight_vote(&weight, &mine, 2, 40);
    repair_weight_know(&weight, &mine, 50);
    struct repair_planner planner = planner_at(REPAIR_VERSION_2025, 10000);
    struct repair_budget budget = {.orphans = 4};
    repair_select(&planner, &weight, &budget);
    ck_assert_uint_eq(list.count, 4);
    for (uint32_t i = 0; i < 4; i++)
        ck_assert_uint_eq(list.items[i].slot, expected[i]);
    end();
}
END_TEST

/* SOL-R4.8, stages 3 and 4: most shreds first where the end is unknown; fewest missing first where
 * it is known, but an ancestor with holes before its descendants. */
START_TEST(slots_near_their_end_come_first)
{
    begin();
    insert_slot(&mine, 40, 39, 2);
    insert(&mine, 41, 40, 5, true);  /* 5 missing */
    insert(&mine, 42, 40, 2, true);  /* 2 missing */
    insert(&mine, 43, 41, 1, true);  /* 1 missing, below 41 */
    insert(&mine, 44, 40, 0, false); /* ends unknown: 1 shred, 2 shreds */
    insert(&mine, 45, 40, 0, false);
    insert(&mine, 45, 40, 1, false);
    for (uint64_t slot = 41; slot <= 45; slot++)
        repair_weight_know(&weight, &mine, slot);
    struct repair_planner planner = planner_at(REPAIR_VERSION_2025, 10000);
    struct repair_budget budget = {.unknown_last = 2, .closest = 100};
    repair_select(&planner, &weight, &budget);
    static const uint64_t expected[] = {45, 44, 41, 41, 41, 41, 41, 43, 42, 42};
    ck_assert_uint_eq(list.count, 10);
    for (uint32_t i = 0; i < 10; i++)
        ck_assert_uint_eq(list.items[i].slot, expected[i]);
    end();
}
END_TEST

/* SOL-27, SOL-R6.1: the highest shreds of the slot and its ancestors, eleven at most, none of slots
 * that are empty or unknown. SOL-33: silence where there is nothing. */
START_TEST(answers_are_what_is_stored)
{
    struct served_shred shreds[64];
    begin();
    for (uint64_t slot = 1; slot <= 20; slot++)
        insert_slot(&theirs, slot, slot == 15 ? 13 : slot - 1, 1 + (uint32_t)slot);
    struct repair_request request = {REPAIR_ORPHAN, 0, 20};
    uint32_t count = repair_serve(&theirs, &request, REPAIR_ORPHAN_ANSWERS, shreds);
    ck_assert_uint_eq(count, 11);
    uint64_t slot = 20;
    for (uint32_t i = 0; i < count; i++) {
        ck_assert_uint_eq(shreds[i].slot, slot);
        ck_assert_uint_eq(shreds[i].index, slot);
        slot = slot == 15 ? 13 : slot - 1;
    }
    request.slot = 2; /* 2, 1; 0 is known but empty */
    ck_assert_uint_eq(repair_serve(&theirs, &request, REPAIR_ORPHAN_ANSWERS, shreds), 2);
    request = (struct repair_request){REPAIR_HIGHEST, 4, 4};
    ck_assert_uint_eq(repair_serve(&theirs, &request, 11, shreds), 1);
    ck_assert_uint_eq(shreds[0].index, 4);
    request.index = 5;
    ck_assert_uint_eq(repair_serve(&theirs, &request, 11, shreds), 0);
    request = (struct repair_request){REPAIR_SHRED, 3, 4};
    ck_assert_uint_eq(repair_serve(&theirs, &request, 11, shreds), 1);
    request.slot = 99;
    ck_assert_uint_eq(repair_serve(&theirs, &request, 11, shreds), 0);
    end();
}
END_TEST

/* One round: what I ask for, they answer as far as they can. */
static uint32_t repair_round(int64_t now_ms)
{
    struct repair_planner planner = planner_at(REPAIR_VERSION_2025, now_ms);
    struct served_shred shreds[REPAIR_ORPHAN_ANSWERS];
    list.count = 0;
    repair_pending_expire(&pending, now_ms, REPAIR_TIMEOUT_MS);
    repair_select(&planner, &weight, &repair_budget_deployed);
    for (uint32_t i = 0; i < list.count; i++) {
        uint32_t count = repair_serve(&theirs, &list.items[i], REPAIR_ORPHAN_ANSWERS, shreds);
        for (uint32_t k = 0; k < count; k++) {
            const struct slot_meta *meta = blockstore_meta(&theirs, shreds[k].slot);
            ck_assert(repair_answer_fits(&list.items[i], shreds[k].slot, shreds[k].index));
            insert_at(&mine, shreds[k].slot, meta->parent, shreds[k].index,
                      shreds[k].index == meta->last_index, now_ms);
        }
    }
    return list.count;
}

/* SOL-1, SOL-13, SOL-16, SOL-23, SOL-26 to SOL-30: random losses of whole slots and single shreds
 * of 30 slots; with answers every 200 ms everything comes, and then nothing is asked for. */
START_TEST(repair_completes_every_slot)
{
    for (uint64_t item = 0; item < 20; item++) {
        struct rng_stream stream;
        rng_stream_at(&stream, &rng, RNG_TEST, 2, item);
        begin();
        insert_slot(&mine, 0, 0, 3);
        for (uint64_t slot = 1; slot <= 30; slot++) {
            uint64_t parent = slot - 1 - (slot > 3 ? rng_below(&stream, 3) : 0);
            insert_slot(&theirs, slot, parent, 40);
            bool whole = rng_below(&stream, 3) == 0 && slot < 30;
            for (uint32_t index = 0; index < 40 && !whole; index++)
                if (rng_below(&stream, 5) > 0 || (slot == 30 && index == 0))
                    insert(&mine, slot, parent, index, index == 39);
        }
        repair_weight_vote(&weight, &mine, 3, 30);
        int64_t now_ms = 1000;
        uint32_t rounds = 0;
        while (repair_round(now_ms) > 0 && rounds++ < 60)
            now_ms += 200;
        ck_assert_msg(rounds < 60, "item %u never ends", (unsigned)item);
        for (uint64_t slot = 30; slot > 0; slot = blockstore_ancestor(&theirs, slot)) {
            const struct slot_meta *meta = blockstore_meta(&mine, slot);
            ck_assert_msg(meta && meta->connected, "item %u: slot %u", (unsigned)item,
                          (unsigned)slot);
        }
        end();
    }
}
END_TEST

/* SOL-R5.5, R5.6 */
START_TEST(answers_need_a_nonce_and_must_fit)
{
    struct pool entries;
    struct repair_nonces nonces;
    struct repair_request orphan = {REPAIR_ORPHAN, 0, 9}, shred = {REPAIR_SHRED, 5, 9}, got;
    begin();
    repair_nonces_pool_init(&entries, &memory);
    repair_nonces_init(&nonces, &entries, 3);
    repair_nonces_add(&nonces, 1, &orphan, 0);
    for (uint32_t left = 11; left > 0; left--) {
        ck_assert_uint_eq(repair_nonces_left(&nonces, 1), left);
        ck_assert(repair_nonces_answer(&nonces, 1, 8, 0, 59999, &got));
        ck_assert_uint_eq(got.slot, 9);
    }
    ck_assert(!repair_nonces_answer(&nonces, 1, 8, 0, 1, &got)); /* used up */
    repair_nonces_add(&nonces, 2, &shred, 0);
    ck_assert(!repair_nonces_answer(&nonces, 3, 9, 5, 1, &got)); /* unknown: the other stays */
    ck_assert(!repair_nonces_answer(&nonces, 2, 9, 6, 1, &got)); /* bad: gone */
    ck_assert(!repair_nonces_answer(&nonces, 2, 9, 5, 1, &got));
    repair_nonces_add(&nonces, 4, &shred, 0);
    ck_assert(!repair_nonces_answer(&nonces, 4, 9, 5, 60000, &got)); /* late */
    for (uint32_t nonce = 10; nonce < 13; nonce++)
        repair_nonces_add(&nonces, nonce, &orphan, 0);
    ck_assert(repair_nonces_answer(&nonces, 10, 9, 0, 1, &got)); /* now 11 is the oldest used */
    repair_nonces_add(&nonces, 13, &orphan, 0);
    ck_assert_uint_eq(repair_nonces_left(&nonces, 11), 0);
    ck_assert_uint_eq(repair_nonces_left(&nonces, 10), 10);
    ck_assert_uint_eq(repair_nonces_left(&nonces, 12), 11);
    repair_nonces_add(&nonces, 12, &shred, 0);
    ck_assert_uint_eq(repair_nonces_left(&nonces, 12), 1);
    ck_assert_uint_eq(nonces.count, 3);
    repair_nonces_add(&nonces, 14, &shred, 59999); /* 10 goes: it was not used for longest */
    ck_assert_uint_eq(nonces.count, 3);
    repair_nonces_add(&nonces, 15, &shred, 60000); /* those of before can be answered no more */
    ck_assert_uint_eq(nonces.count, 2);
    ck_assert_uint_eq(repair_nonces_left(&nonces, 14), 1);
    repair_nonces_destroy(&nonces);
    ck_assert_uint_eq(entries.live, 0);
    pool_destroy(&entries);
    end();
}
END_TEST

/* SOL-R6.2, R6.3 */
START_TEST(under_overload_the_best_are_served)
{
    struct repair_waiting waiting[10];
    for (uint32_t i = 0; i < 10; i++)
        waiting[i] = (struct repair_waiting){.stake = i % 4, .arrival = i, .whitelisted = i == 6};
    ck_assert_uint_eq(repair_load_pick(waiting, 10, 20, 10), 10);
    for (uint32_t i = 0; i < 10; i++)
        ck_assert_uint_eq(waiting[i].arrival, i); /* no overload: as they came */
    static const uint32_t best[] = {6, 3, 7, 2};
    ck_assert_uint_eq(repair_load_pick(waiting, 10, 8, 4), 4);
    for (uint32_t i = 0; i < 4; i++)
        ck_assert_uint_eq(waiting[i].arrival, best[i]);
    struct repair_bucket bucket;
    repair_bucket_init(&bucket, 1000, 0);
    ck_assert(repair_bucket_take(&bucket, 900, 0));
    ck_assert(!repair_bucket_take(&bucket, 200, 0));
    ck_assert(!repair_bucket_take(&bucket, 101, 999999));
    ck_assert(repair_bucket_take(&bucket, 200, 100000000));
    ck_assert(!repair_bucket_take(&bucket, 1001, UINT64_C(90000000000)));
    ck_assert(repair_bucket_take(&bucket, 1000, UINT64_C(90000000000)));
}
END_TEST

/* SOL-15, SOL-10, SOL-R8.9: epochs 0 and 1 are known. */
START_TEST(only_epochs_with_known_leaders_are_taken_in)
{
    ck_assert(leader_schedule_accepts(1999, 1000, 2, 1000));
    ck_assert(!leader_schedule_accepts(2000, 1000, 2, 1000));
    ck_assert(leader_schedule_accepts(500, 0, 1000, 10));
    ck_assert(!leader_schedule_accepts(501, 0, 1000, 10));
    ck_assert(leader_schedule_accepts(3000, 1000, 9, 1000));
    ck_assert(!leader_schedule_accepts(3001, 1000, 9, 1000));
}
END_TEST

CHECK_MAIN("repair", holes_are_due_by_the_shred_above, a_later_slot_judges_the_end,
           sets_are_due_a_quarter_second_after_they_are_noticed, an_unknown_end_is_asked_for,
           a_request_is_not_repeated_before_its_time, each_stage_keeps_its_budget,
           heavier_forks_are_repaired_first, orphans_with_more_votes_come_first,
           slots_near_their_end_come_first, answers_are_what_is_stored, repair_completes_every_slot,
           answers_need_a_nonce_and_must_fit, under_overload_the_best_are_served,
           only_epochs_with_known_leaders_are_taken_in)
