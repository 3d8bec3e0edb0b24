/* Goal: iterations of repair that are skipped would have asked for nothing. Method: one validator's
 * random history of shreds, losses, forks, orphans, votes, roots, advertisements and answers, once
 * with an iteration at every instant of the grid and once with those only that repair_due calls
 * for; the requests and their times are the same. Both rules, both versions; fixed seed. */

#include "models/spread/repair_due.h"

#include <string.h>

#include "sim/rng.h"
#include "tests/check_main.h"
#include "tests/repair_fixture.h"

enum { SLOTS = 24, SHREDS_MAX = 90, SLOT_MS = 100, EVENTS_MAX = 20000, ASKED_MAX = 20000 };
#define MS UINT64_C(1000000)

static const struct rng rng = {.seed = 51, .replication = 0};

enum happening { SHRED, VOTE, ROOT, MARK };

struct event {
    uint64_t at_ns;
    enum happening what;
    uint64_t slot;
    uint32_t index; /* or the voter */
};

struct asked {
    uint64_t at_ns;
    struct repair_request request;
};

static struct event events[EVENTS_MAX];
static uint32_t event_count;
static struct asked transcripts[2][ASKED_MAX];
static uint32_t asked_count[2], iterations[2];
static uint64_t parents[SLOTS + 1];
static uint32_t sizes[SLOTS + 1];
static bool marked[SLOTS + 1], watched[SLOTS + 1], eager;
static uint32_t sets_noticed[SLOTS + 1];
static struct blockstore store;
static struct repair_due due;
static const struct repair_budget small_budget = {1, 9, 2, 6};
static struct repair_budget random_budget;
static const struct repair_budget *item_budget;
static uint32_t proposal_max;

/* Histories from here on have budgets, times and grids at random. */
enum { RANDOM_FROM = 60, HISTORIES = 160 };

static void plan(uint64_t at_ns, enum happening what, uint64_t slot, uint32_t index)
{
    ck_assert_uint_lt(event_count, EVENTS_MAX);
    uint32_t at = event_count++;
    for (; at > 0 && events[at - 1].at_ns > at_ns; at--)
        events[at] = events[at - 1];
    events[at] = (struct event){at_ns, what, slot, index};
}

static uint8_t tick_of(uint64_t slot, uint32_t index)
{
    return (uint8_t)(index / SHRED_SET_DATA * SHRED_SET_DATA * 15 / sizes[slot]);
}

/* Slots follow each other or fork; shreds, a slot's worth over its time, are lost or late; some
 * slots are lost whole; the root follows, votes come when a slot is over. */
static void plan_history(struct rng_stream *stream)
{
    uint64_t main_slot = 0;
    event_count = 0;
    for (uint64_t slot = 1; slot <= SLOTS; slot++) {
        uint64_t begin_ns = slot * SLOT_MS * MS;
        bool fork = rng_below(stream, 6) == 0, lost = rng_below(stream, 6) == 0;
        parents[slot] = fork && main_slot > 1 ? parents[main_slot] : main_slot;
        sizes[slot] = 1 + (uint32_t)rng_below(stream, SHREDS_MAX);
        uint64_t loss = rng_below(stream, 3) ? 10 : 2;
        for (uint32_t index = 0; index < sizes[slot] && !lost; index++)
            if (rng_below(stream, loss) > 0)
                plan(begin_ns + index * SLOT_MS * MS / sizes[slot] +
                         rng_below(stream, rng_below(stream, 9) ? 3 * MS : 90 * MS) + 17,
                     SHRED, slot, index);
        for (uint32_t voter = 0; voter < 6; voter++)
            if (rng_below(stream, 3) > 0)
                plan(begin_ns + SLOT_MS * MS + rng_below(stream, 150 * MS) + 29, VOTE, slot, voter);
        plan(begin_ns + SLOT_MS * MS + rng_below(stream, 250 * MS) + 31, MARK, slot, 0);
        if (!fork) {
            main_slot = slot;
            if (parents[slot] > 0 && rng_below(stream, 2))
                plan(begin_ns + 600 * MS + 37, ROOT, parents[slot], 0);
        }
    }
}

static bool is_marked(const void *self, uint64_t slot)
{
    (void)self;
    return marked[slot];
}

/* The caller's part: new sets, and slots that are watched. */
static void tell(uint64_t slot, uint32_t set, uint64_t now_ns)
{
    bool first = sets_noticed[slot] == 0;
    if (set < sets_noticed[slot] && !watched[slot])
        return;
    sets_noticed[slot] = set >= sets_noticed[slot] ? set + 1 : sets_noticed[slot];
    repair_due_stored(&due, &store, blockstore_meta(&store, slot), first, watched[slot], now_ns);
}

static void happen(const struct event *event)
{
    const struct slot_meta *meta = blockstore_meta(&store, event->slot);
    switch (event->what) {
    case SHRED: {
        struct data_shred shred = {.slot = event->slot,
                                   .parent = parents[event->slot],
                                   .index = event->index,
                                   .reference_tick = tick_of(event->slot, event->index),
                                   .last = event->index + 1 == sizes[event->slot]};
        blockstore_begin(&store);
        enum shred_verdict verdict =
            blockstore_insert(&store, &shred, (int64_t)(event->at_ns / MS));
        blockstore_commit(&store);
        if (verdict == SHRED_STORED && !eager)
            tell(event->slot, event->index / SHRED_SET_DATA, event->at_ns);
        return;
    }
    case VOTE:
        if (event->slot >= weight.root) {
            bool known = repair_weight_tree(&weight, event->slot) != NULL;
            repair_due_voted(&due, event->slot, known, event->at_ns);
            repair_weight_vote(&weight, &store, event->index, event->slot);
        }
        return;
    case ROOT: {
        const struct repair_tree *tree = repair_weight_tree(&weight, event->slot);
        if (!meta || !meta->connected || event->slot <= weight.root || (tree && tree->pruned))
            return;
        repair_weight_set_root(&weight, event->slot);
        store.root = event->slot;
        repair_due_soon(&due, event->at_ns);
        return;
    }
    case MARK:
        marked[event->slot] = true;
        if (meta && !blockstore_full(meta))
            repair_due_soon(&due, event->at_ns);
        return;
    }
}

/* Most requests are answered, soon or late; an orphan's with the last shreds of some ancestors. */
static void answer(const struct repair_request *request, uint64_t now_ns, struct rng_stream *stream)
{
    uint64_t slot = request->slot, at_ns = now_ns + 5 * MS + rng_below(stream, 60 * MS) + 41;
    if (rng_below(stream, 4) == 0)
        return;
    if (request->kind == REPAIR_SHRED)
        plan(at_ns, SHRED, slot, request->index);
    if (request->kind == REPAIR_HIGHEST && request->index < sizes[slot])
        plan(at_ns, SHRED, slot, sizes[slot] - 1);
    for (unsigned k = 0; request->kind == REPAIR_ORPHAN && k < 3 && slot > 0; k++) {
        plan(at_ns, SHRED, slot, sizes[slot] - 1);
        slot = parents[slot];
    }
}

static void iterate(unsigned run, uint64_t now_ns)
{
    struct repair_planner planner = {due.version, (int64_t)(now_ns / MS), &store, &pending, &list,
                                     due.defer_ms, true};
    list.count = 0;
    iterations[run]++;
    repair_pending_expire(&pending, planner.now_ms, due.timeout_ms);
    if (due.rules == REPAIR_RULES_PROPOSAL)
        repair_proposal_select(&planner, &weight, proposal_max,
                               (struct repair_view){.may_ask = is_marked});
    else
        repair_select(&planner, &weight, item_budget);
    repair_due_iterated(&due, &pending, list.count, now_ns);
    for (uint64_t slot = weight.root; slot <= SLOTS && !eager; slot++) {
        const struct slot_meta *meta = blockstore_meta(&store, slot);
        watched[slot] = meta && repair_due_slot(&due, &store, meta, marked[slot], now_ns);
    }
    for (uint32_t i = 0; i < list.count; i++) {
        struct rng_stream stream; /* the answer depends on the request alone */
        ck_assert_uint_lt(asked_count[run], ASKED_MAX);
        transcripts[run][asked_count[run]++] = (struct asked){now_ns, list.items[i]};
        rng_stream_at(&stream, &rng, RNG_TEST, now_ns, asked_count[run]);
        answer(&list.items[i], now_ns, &stream);
    }
}

static void set_at_random(uint64_t item)
{
    struct rng_stream stream;
    rng_stream_at(&stream, &rng, RNG_TEST, 3, item);
    random_budget = (struct repair_budget){.orphans = 1 + (uint32_t)rng_below(&stream, 5),
                                           .shreds = 1 + (uint32_t)rng_below(&stream, 60),
                                           .unknown_last = 1 + (uint32_t)rng_below(&stream, 10),
                                           .closest = 1 + (uint32_t)rng_below(&stream, 30)};
    item_budget = &random_budget;
    proposal_max = random_budget.shreds;
    due.defer_ms = (int64_t)rng_below(&stream, rng_below(&stream, 3) ? 400 : 10);
    due.timeout_ms = 1 + (int64_t)rng_below(&stream, rng_below(&stream, 2) ? 200 : 20);
    due.interval_ns = rng_below(&stream, 3) ? MS : MS / 2 * (1 + rng_below(&stream, 40));
    due.phase_ns = rng_below(&stream, due.interval_ns);
    due.holes_least =
        random_budget.closest < random_budget.shreds ? random_budget.closest : random_budget.shreds;
}

static void play(unsigned run, enum repair_rules rules, enum repair_version version, uint64_t item)
{
    struct rng_stream stream;
    rng_stream_at(&stream, &rng, RNG_TEST, 1, item);
    repair_open();
    blockstore_init(&store, &shared);
    blockstore_begin(&store);
    blockstore_insert(&store, &(struct data_shred){.last = true}, 0);
    blockstore_commit(&store);
    memset(marked, 0, sizeof marked);
    memset(watched, 0, sizeof watched);
    memset(sets_noticed, 0, sizeof sets_noticed);
    asked_count[run] = iterations[run] = 0;
    eager = run == 0;
    plan_history(&stream);
    for (uint64_t slot = 1; slot <= SLOTS; slot++)
        for (uint32_t index = 0; index < sizes[slot]; index++)
            shred_ticks_set(&shared.ticks, slot, index, tick_of(slot, index));
    item_budget = item % 2 ? &repair_budget_deployed : &small_budget;
    due = (struct repair_due){.rules = rules,
                              .version = version,
                              .defer_ms = item % 3 ? REPAIR_DEFER_MS : 60,
                              .timeout_ms = item % 4 < 2 ? REPAIR_TIMEOUT_MS : 40,
                              .interval_ns = MS,
                              .phase_ns = item % 5 * 1000,
                              .at_ns = REPAIR_NEVER,
                              .holes_least = item_budget->closest};
    proposal_max = 20;
    if (item >= RANDOM_FROM)
        set_at_random(item);
    uint64_t now_ns = due.phase_ns;
    for (uint32_t next = 0; now_ns < 4000 * MS; now_ns += due.interval_ns) {
        for (; next < event_count && events[next].at_ns < now_ns; next++)
            happen(&events[next]);
        ck_assert_uint_ge(due.at_ns, now_ns);
        if (run == 0 || due.at_ns == now_ns)
            iterate(run, now_ns);
    }
    blockstore_destroy(&store);
    repair_close();
}

static void compare(enum repair_rules rules, enum repair_version version)
{
    uint32_t total = 0, run_lazily = 0;
    for (uint64_t item = 0; item < HISTORIES; item++) {
        play(0, rules, version, item);
        play(1, rules, version, item);
        for (uint32_t i = 0; i < asked_count[0] && i < asked_count[1]; i++) {
            const struct asked *a = &transcripts[0][i], *b = &transcripts[1][i];
            ck_assert_msg(a->at_ns == b->at_ns && a->request.kind == b->request.kind &&
                              a->request.slot == b->request.slot &&
                              a->request.index == b->request.index,
                          "history %u, request %u: %.3f and %.3f ms, slots %u and %u",
                          (unsigned)item, i, (double)a->at_ns / 1e6, (double)b->at_ns / 1e6,
                          (unsigned)a->request.slot, (unsigned)b->request.slot);
        }
        ck_assert_uint_eq(asked_count[0], asked_count[1]);
        total += asked_count[0];
        run_lazily += iterations[1];
    }
    ck_assert_uint_gt(total, HISTORIES * 20);
    ck_assert_uint_lt(run_lazily, HISTORIES * 4000 / 3);
}

/* SOL-17, SOL-R1, SOL-R3, SOL-R4.8 */
START_TEST(skipped_iterations_of_2025_ask_for_nothing)
{
    compare(REPAIR_RULES_DEPLOYED, REPAIR_VERSION_2025);
}
END_TEST

/* SOL-R3.3: also the times at which sets are noticed stay. */
START_TEST(skipped_iterations_of_2026_ask_for_nothing)
{
    compare(REPAIR_RULES_DEPLOYED, REPAIR_VERSION_2026);
}
END_TEST

/* SOL-17, SOL-20, SOL-26 */
START_TEST(skipped_iterations_of_the_proposal_ask_for_nothing)
{
    compare(REPAIR_RULES_PROPOSAL, REPAIR_VERSION_2026);
}
END_TEST

/* SOL-R3.3: an iteration whose budget is used up early visits no further slots and notes no sets.
 */
START_TEST(sets_are_noted_at_once_only_where_an_iteration_is_sure_to_come)
{
    repair_open();
    blockstore_init(&store, &shared);
    blockstore_connect_root(&store, 0);
    due = (struct repair_due){.rules = REPAIR_RULES_DEPLOYED,
                              .version = REPAIR_VERSION_2026,
                              .defer_ms = REPAIR_DEFER_MS,
                              .interval_ns = MS,
                              .phase_ns = 7,
                              .holes_least = 6,
                              .at_ns = REPAIR_NEVER};
    for (uint32_t index = 0; index < 80; index += 40) {
        struct data_shred shred = {.slot = 1, .index = index};
        blockstore_begin(&store);
        blockstore_insert(&store, &shred, 5);
        blockstore_commit(&store);
        const struct slot_meta *meta = blockstore_meta(&store, 1);
        repair_due_stored(&due, &store, meta, index == 0, false, 5 * MS + 9);
        ck_assert_uint_eq(meta->seen.count, 1);
        ck_assert_int_eq(meta->seen.of_set_ms[0], 6);
        ck_assert_uint_eq(due.at_ns, 6 * MS + 7);
        repair_due_iterated(&due, &pending, 0, 6 * MS + 7);
        ck_assert(!repair_due_slot(&due, &store, meta, false, 6 * MS + 7) || index > 0);
        ck_assert_uint_eq(due.holes, index == 0 ? 0 : 39);
        due.holes = 6;
    }
    blockstore_destroy(&store);
    repair_close();
}
END_TEST

START_TEST(iterations_stand_on_a_grid)
{
    struct repair_due grid = {.interval_ns = 10, .phase_ns = 3, .at_ns = REPAIR_NEVER};
    ck_assert_uint_eq(repair_due_grid_ns(&grid, 0), 3);
    ck_assert_uint_eq(repair_due_grid_ns(&grid, 3), 3);
    ck_assert_uint_eq(repair_due_grid_ns(&grid, 4), 13);
    repair_due_soon(&grid, 13);
    ck_assert_uint_eq(grid.at_ns, 23);
    repair_due_soon(&grid, 12);
    ck_assert_uint_eq(grid.at_ns, 13);
}
END_TEST

CHECK_MAIN("repair_due", skipped_iterations_of_2025_ask_for_nothing,
           skipped_iterations_of_2026_ask_for_nothing,
           skipped_iterations_of_the_proposal_ask_for_nothing,
           sets_are_noted_at_once_only_where_an_iteration_is_sure_to_come,
           iterations_stand_on_a_grid)
