/* Goal: a blockstore knows of each slot what the shreds say that came, in whatever order and
 * batches they came. Method: random trees of slots, their shreds in random order, against
 * everything computed anew from the set of shreds that came; the two challenges of the proposal;
 * fixed seed. */

#include "models/spread/blockstore.h"

#include <string.h>

#include "models/spread/repair_holes.h"
#include "sim/rng.h"
#include "tests/check_main.h"

enum { SLOTS = 14, SHREDS = 5 };

static const struct rng rng = {.seed = 35, .replication = 0};

static struct memory memory;
static struct blockstore_shared shared;
static struct blockstore store;

static void open_store(void)
{
    memory = (struct memory){0};
    blockstore_shared_init(&shared, &memory);
    blockstore_init(&store, &shared);
}

static void close_store(void)
{
    blockstore_destroy(&store);
    blockstore_shared_destroy(&shared);
    ck_assert_uint_eq(memory.used_bytes, 0);
}

/* A tree of slots and which shreds came; everything else follows. */
struct plain {
    uint64_t parent[SLOTS];
    uint32_t count[SLOTS];
    bool came[SLOTS][SHREDS];
};

static uint32_t came(const struct plain *plain, uint64_t slot)
{
    uint32_t total = 0;
    for (uint32_t i = 0; i < plain->count[slot]; i++)
        total += plain->came[slot][i];
    return total;
}

static bool is_full(const struct plain *plain, uint64_t slot)
{
    return came(plain, slot) == plain->count[slot];
}

static bool is_connected(const struct plain *plain, uint64_t slot)
{
    while (slot != 0 && is_full(plain, slot))
        slot = plain->parent[slot];
    return slot == 0 && is_full(plain, 0);
}

static bool is_parent(const struct plain *plain, uint64_t slot)
{
    for (uint64_t child = 1; child < SLOTS; child++)
        if (plain->parent[child] == slot && came(plain, child) > 0)
            return true;
    return false;
}

/* SOL-R2.1, R2.2, R2.6, R2.10: of one slot. */
static void check_slot(const struct plain *plain, uint64_t slot)
{
    const struct slot_meta *meta = blockstore_meta(&store, slot);
    bool any = came(plain, slot) > 0;
    ck_assert((meta != NULL) == (any || is_parent(plain, slot)));
    bool orphan = meta && !any;
    ck_assert_msg(slot_set_contains(&store.orphans, slot) == orphan, "slot %u", (unsigned)slot);
    if (!meta)
        return;
    uint32_t consumed = 0, received = 0;
    for (uint32_t i = 0; i < plain->count[slot]; i++) {
        received = plain->came[slot][i] ? i + 1 : received;
        consumed += consumed == i && plain->came[slot][i];
        ck_assert(shred_bits_test(&meta->data, i) == plain->came[slot][i]);
    }
    ck_assert_uint_eq(meta->consumed, consumed);
    ck_assert_uint_eq(meta->received, received);
    ck_assert_uint_eq(meta->data.count, came(plain, slot));
    ck_assert_uint_eq(meta->parent, any ? plain->parent[slot] : SLOT_UNKNOWN);
    bool last = plain->came[slot][plain->count[slot] - 1];
    ck_assert_uint_eq(meta->last_index, last ? plain->count[slot] - 1 : INDEX_UNKNOWN);
    ck_assert(blockstore_full(meta) == is_full(plain, slot));
    ck_assert_msg(meta->connected == (any && is_connected(plain, slot)), "slot %u connected",
                  (unsigned)slot);
    bool parent_connected = slot == 0 || (any && is_connected(plain, plain->parent[slot]));
    ck_assert_msg(meta->parent_connected == parent_connected, "slot %u, its parent connected",
                  (unsigned)slot);
    uint32_t children = 0, expected = 0;
    for (const struct slot_meta *child = blockstore_first_child(&store, meta); child;
         child = blockstore_next_child(&store, child)) {
        ck_assert_uint_eq(child->parent, slot);
        children++;
    }
    for (uint64_t child = 1; child < SLOTS; child++)
        expected += plain->parent[child] == slot && came(plain, child) > 0;
    ck_assert_uint_eq(children, expected);
}

static void make_plain(struct plain *plain, struct rng_stream *stream)
{
    memset(plain, 0, sizeof *plain);
    for (uint64_t slot = 0; slot < SLOTS; slot++) {
        uint64_t below = slot < 4 ? slot : 4;
        plain->parent[slot] = slot == 0 ? 0 : slot - 1 - rng_below(stream, below);
        plain->count[slot] = 1 + (uint32_t)rng_below(stream, SHREDS);
    }
}

/* Inserts up to four random shreds in a batch and checks the events that it reports. */
static void insert_batch(struct plain *plain, struct rng_stream *stream)
{
    bool was_full[SLOTS];
    for (uint64_t slot = 0; slot < SLOTS; slot++)
        was_full[slot] = is_full(plain, slot);
    blockstore_begin(&store);
    for (uint64_t k = 1 + rng_below(stream, 4); k > 0; k--) {
        struct data_shred shred = {.slot = rng_below(stream, SLOTS)};
        shred.parent = plain->parent[shred.slot];
        shred.index = (uint32_t)rng_below(stream, plain->count[shred.slot]);
        shred.last = shred.index + 1 == plain->count[shred.slot];
        bool *there = &plain->came[shred.slot][shred.index];
        ck_assert_int_eq(blockstore_insert(&store, &shred, 0),
                         *there ? SHRED_EXISTS : SHRED_STORED);
        *there = true;
    }
    blockstore_commit(&store);
    uint32_t completed = 0; /* SOL-9, SOL-R2.8: each newly full slot once */
    for (uint64_t slot = 0; slot < SLOTS; slot++)
        completed += is_full(plain, slot) && !was_full[slot];
    ck_assert_uint_eq(store.completed_count, completed);
    for (uint32_t i = 0; i < completed; i++)
        ck_assert(is_full(plain, store.completed[i]) && !was_full[store.completed[i]]);
}

/* SOL-R2.3 to R2.10, SOL-25, SOL-28 */
START_TEST(says_what_the_shreds_say_in_any_order)
{
    for (uint64_t item = 0; item < 100; item++) {
        struct plain plain;
        struct rng_stream stream;
        rng_stream_at(&stream, &rng, RNG_TEST, 1, item);
        open_store();
        make_plain(&plain, &stream);
        for (unsigned batch = 0; batch < 60; batch++) {
            insert_batch(&plain, &stream);
            for (uint64_t slot = 0; slot < SLOTS; slot++)
                check_slot(&plain, slot);
        }
        close_store();
    }
}
END_TEST

static enum shred_verdict insert(uint64_t slot, uint64_t parent, uint32_t index, bool last)
{
    struct data_shred shred = {.slot = slot, .parent = parent, .index = index, .last = last};
    blockstore_begin(&store);
    enum shred_verdict verdict = blockstore_insert(&store, &shred, 1000);
    blockstore_commit(&store);
    return verdict;
}

static void insert_slot(uint64_t slot, uint64_t parent, uint32_t count)
{
    for (uint32_t index = 0; index < count; index++)
        ck_assert_int_eq(insert(slot, parent, index, index + 1 == count), SHRED_STORED);
}

/* SOL-2, SOL-16, problem 1: whatever shreds a fault took away are exactly what repair asks for. */
START_TEST(lost_shreds_are_holes_that_repair_asks_for)
{
    open_store();
    bool lost[64] = {[3] = true, [17] = true, [18] = true, [40] = true};
    for (uint32_t index = 0; index < 64; index++)
        if (!lost[index])
            insert(1, 0, index, index == 63);
    struct repair_pending pending;
    struct repair_list list;
    repair_pending_init(&pending, &memory);
    repair_list_init(&list, &memory);
    struct repair_planner planner = {REPAIR_VERSION_2025, 5000, &store, &pending, &list,
                                     REPAIR_DEFER_MS,     true};
    repair_slot(&planner, blockstore_meta(&store, 1), 512, true);
    ck_assert_uint_eq(list.count, 4);
    for (uint32_t i = 0; i < list.count; i++) {
        ck_assert_int_eq(list.items[i].kind, REPAIR_SHRED);
        ck_assert(lost[list.items[i].index]);
        insert(1, 0, list.items[i].index, false);
    }
    ck_assert(blockstore_full(blockstore_meta(&store, 1)));
    repair_list_destroy(&list);
    repair_pending_destroy(&pending);
    close_store();
}
END_TEST

/* SOL-3, SOL-23, SOL-25, problem 2: 1, 3, 5 are there; 7 comes with parent 6. 6 and not 7 is the
 * orphan; once 6 says that its parent is 5 (SOL-29), the chain reaches the root. */
START_TEST(a_parent_that_nobody_knows_is_an_orphan)
{
    open_store();
    insert_slot(0, 0, 2);
    insert_slot(1, 0, 2);
    insert_slot(3, 1, 2);
    insert_slot(5, 3, 2);
    ck_assert_uint_eq(store.orphans.count, 0);
    insert_slot(7, 6, 2);
    ck_assert_uint_eq(store.orphans.count, 1);
    ck_assert_uint_eq(store.orphans.slots[0], 6);
    const struct slot_meta *six = blockstore_meta(&store, 6), *seven = blockstore_meta(&store, 7);
    ck_assert_uint_eq(six->parent, SLOT_UNKNOWN);
    ck_assert_uint_eq(six->received, 0);
    ck_assert(blockstore_first_child(&store, six) == seven);
    ck_assert(blockstore_full(seven) && !seven->connected);
    ck_assert_uint_eq(blockstore_ancestor(&store, 7), 6);
    ck_assert_uint_eq(blockstore_ancestor(&store, 6), SLOT_UNKNOWN);
    insert(6, 5, 1, true);
    ck_assert_uint_eq(store.orphans.count, 0);
    ck_assert_uint_eq(blockstore_ancestor(&store, 6), 5);
    ck_assert(six->parent_connected && !seven->parent_connected);
    ck_assert(!store.replay);
    insert(6, 5, 0, false);
    ck_assert(six->connected && seven->connected && store.replay);
    close_store();
}
END_TEST

/* SOL-R2.5, in the order of the checks. */
START_TEST(shreds_that_contradict_are_dropped)
{
    open_store();
    ck_assert_int_eq(insert(1, 0, 4, false), SHRED_STORED);
    ck_assert_int_eq(insert(1, 0, 4, true), SHRED_EXISTS);
    ck_assert(!blockstore_meta(&store, 1)->dead);
    ck_assert_int_eq(insert(1, 0, 2, true), SHRED_LAST_TOO_LOW);
    ck_assert(blockstore_meta(&store, 1)->dead);
    ck_assert_uint_eq(blockstore_meta(&store, 1)->last_index, INDEX_UNKNOWN);
    ck_assert_int_eq(insert(1, 0, 6, true), SHRED_STORED);
    ck_assert_int_eq(insert(1, 0, 7, false), SHRED_AFTER_LAST);
    ck_assert_int_eq(insert(1, 0, 9, true), SHRED_AFTER_LAST);
    ck_assert_int_eq(insert(2, 2, 0, false), SHRED_BAD_PARENT);
    ck_assert_int_eq(insert(2, 0, SHRED_INDEX_MAX, false), SHRED_INDEX_TOO_HIGH);
    ck_assert_ptr_null(blockstore_meta(&store, 2)); /* SOL-R2.7: no trace */
    store.root = 3;                                 /* SOL-14 */
    ck_assert_int_eq(insert(5, 2, 0, false), SHRED_BAD_PARENT);
    ck_assert_int_eq(insert(5, 3, 0, false), SHRED_STORED);
    ck_assert_int_eq(insert(5, 4, 1, false), SHRED_STORED); /* a known parent stays */
    ck_assert_uint_eq(blockstore_meta(&store, 5)->parent, 3);
    close_store();
}
END_TEST

/* SOL-R2.4, R2.5: the parent asked about is the slot's own, told by the first shred of the batch. A
 * later shred with another parent neither hangs a slot below itself nor is refused for it. */
START_TEST(the_parent_that_is_checked_is_the_one_that_stands)
{
    open_store();
    struct data_shred shred = {.slot = 8, .parent = 8};
    blockstore_begin(&store);
    ck_assert_int_eq(blockstore_insert(&store, &shred, 0), SHRED_BAD_PARENT);
    shred.parent = 7;
    ck_assert_int_eq(blockstore_insert(&store, &shred, 0), SHRED_BAD_PARENT);
    blockstore_commit(&store);
    ck_assert_ptr_null(blockstore_meta(&store, 8));
    ck_assert_int_eq(insert(8, 7, 0, false), SHRED_STORED);
    ck_assert_int_eq(insert(8, 9, 1, false), SHRED_STORED);
    ck_assert_uint_eq(blockstore_meta(&store, 8)->parent, 7);
    struct data_shred run = {.slot = 8, .parent = 9, .index = 32};
    blockstore_begin(&store);
    ck_assert_uint_eq(blockstore_insert_run(&store, &run, 0xf, 0), 4);
    store.root = 8; /* the parent that stands is below the root now, whatever a shred says */
    run.index = 64, run.parent = 8;
    ck_assert_uint_eq(blockstore_insert_run(&store, &run, 0xf, 0), 0);
    blockstore_commit(&store);
    close_store();
}
END_TEST

/* SOL-R2.7, R2.4: an orphan that gets only a bad shred stays one. */
START_TEST(a_bad_shred_teaches_an_orphan_nothing)
{
    open_store();
    store.root = 2;
    insert(7, 6, 0, false);
    ck_assert_int_eq(insert(6, 1, 0, false), SHRED_BAD_PARENT);
    ck_assert_uint_eq(blockstore_meta(&store, 6)->parent, SLOT_UNKNOWN);
    ck_assert(slot_set_contains(&store.orphans, 6));
    ck_assert_ptr_null(blockstore_meta(&store, 1));
    close_store();
}
END_TEST

/* SOL-R2.6: the leader's clock: 16 ticks are 100 ms. */
START_TEST(the_first_shred_dates_its_slot)
{
    open_store();
    struct data_shred shred = {.slot = 1, .index = 9, .reference_tick = 16};
    blockstore_begin(&store);
    blockstore_insert(&store, &shred, 1000);
    shred = (struct data_shred){.slot = 1, .index = 3, .reference_tick = 5};
    blockstore_insert(&store, &shred, 2000);
    blockstore_commit(&store);
    ck_assert_int_eq(blockstore_meta(&store, 1)->first_shred_ms, 900);
    ck_assert_uint_eq(shred_ticks_get(&shared.ticks, 1, 9), 16);
    ck_assert_uint_eq(shred_ticks_get(&shared.ticks, 1, 3), 5);
    ck_assert_uint_eq(shred_ticks_get(&shared.ticks, 1, 200), 0);
    shred_ticks_forget(&shared.ticks, 1);
    ck_assert_uint_eq(shred_ticks_get(&shared.ticks, 1, 9), 0);
    close_store();
}
END_TEST

/* SOL-R2.11: a validator that starts from a snapshot. */
START_TEST(a_snapshot_root_connects_what_hangs_on_it)
{
    open_store();
    insert_slot(8, 7, 2);
    insert_slot(9, 8, 1);
    insert(10, 9, 0, false);
    insert_slot(11, 7, 1);
    blockstore_connect_root(&store, 7);
    ck_assert(blockstore_meta(&store, 7)->connected);
    ck_assert(blockstore_meta(&store, 8)->connected && blockstore_meta(&store, 9)->connected);
    ck_assert(blockstore_meta(&store, 11)->connected);
    ck_assert(blockstore_meta(&store, 10)->parent_connected);
    ck_assert(!blockstore_meta(&store, 10)->connected);
    close_store();
}
END_TEST

/* SOL-R2.12: children stay, the parent forgets it, the orphan set does not learn of it. */
START_TEST(a_dumped_slot_keeps_its_children)
{
    open_store();
    insert_slot(0, 0, 1);
    insert_slot(1, 0, 1);
    insert_slot(2, 0, 1);
    insert_slot(3, 1, 1);
    blockstore_clear(&store, 1);
    const struct slot_meta *one = blockstore_meta(&store, 1);
    ck_assert_uint_eq(one->parent, SLOT_UNKNOWN);
    ck_assert_uint_eq(one->received, 0);
    ck_assert_uint_eq(blockstore_first_child(&store, one)->slot, 3);
    ck_assert_uint_eq(store.orphans.count, 0);
    const struct slot_meta *child = blockstore_first_child(&store, blockstore_meta(&store, 0));
    ck_assert_uint_eq(child->slot, 2);
    ck_assert_ptr_null(blockstore_next_child(&store, child));
    insert_slot(1, 0, 1); /* comes again, and is chained again, as the last child */
    ck_assert(one->connected);
    child = blockstore_next_child(&store, child);
    ck_assert_uint_eq(child->slot, 1);
    ck_assert_ptr_null(blockstore_next_child(&store, child));
    close_store();
}
END_TEST

START_TEST(forgetting_gives_memory_back)
{
    open_store();
    for (uint64_t slot = 1; slot < 40; slot++)
        insert_slot(slot, slot - 1, 3);
    insert_slot(60, 55, 1);
    blockstore_forget(&store, 38);
    ck_assert_ptr_null(blockstore_meta(&store, 37));
    ck_assert_uint_eq(blockstore_meta_from(&store, 0)->slot, 38);
    ck_assert_uint_eq(blockstore_meta_from(&store, 40)->slot, 55);
    ck_assert_uint_eq(shared.pools->slots.live, 4);
    ck_assert_uint_eq(store.orphans.count, 1);
    insert_slot(40, 39, 1);
    ck_assert_uint_eq(blockstore_first_child(&store, blockstore_meta(&store, 39))->slot, 40);
    close_store();
}
END_TEST

CHECK_MAIN("blockstore", says_what_the_shreds_say_in_any_order,
           lost_shreds_are_holes_that_repair_asks_for, a_parent_that_nobody_knows_is_an_orphan,
           shreds_that_contradict_are_dropped, the_parent_that_is_checked_is_the_one_that_stands,
           the_parent_that_is_checked_is_the_one_that_stands, a_bad_shred_teaches_an_orphan_nothing,
           the_first_shred_dates_its_slot, a_snapshot_root_connects_what_hangs_on_it,
           a_dumped_slot_keeps_its_children, forgetting_gives_memory_back)
