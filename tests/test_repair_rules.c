/* Goal: the repair service as it runs keeps the rules that its pure parts have: how often, how
 * many, how soon, in which order and of whom it asks, and what a crash or a root leaves of it.
 * Method: the turbine under the real engine with a chain made by hand; a wrapper notes every
 * request that comes, 5 ms after it was sent, and judges it; fixed seeds. */

#include <string.h>

#include "models/spread/gossip_table.h"
#include "models/spread/repair_parts.h"
#include "models/spread/repair_proposal.h"
#include "models/spread/slot_gossip.h"
#include "models/spread/turbine.h"
#include "sim/context.h"
#include "sim/rng.h"
#include "tests/check_main.h"
#include "tests/support_spread.h"

#define MS UINT64_C(1000000)
#define SECOND UINT64_C(1000000000)
#define LATENCY_NS (5 * MS)

enum { MEMBERS = 20, SLOTS = 40, SHREDS = 512, KINDS = REPAIR_SHRED + 1 };

static struct seen {
    uint64_t asked_ns[MEMBERS][KINDS][SLOTS + 1][SHREDS]; /* last request; 0 = none */
    uint64_t first_ns[MEMBERS][SLOTS + 1];                /* the first shred of a slot came */
    uint64_t marked_ns[MEMBERS][SLOTS + 1]; /* a slot with holes is advertised to who has them */
    uint64_t group_ns[MEMBERS];             /* the iteration that the last request was of */
    uint32_t group_orphans[MEMBERS], group_others[MEMBERS];
    uint64_t group_slot[MEMBERS];
    bool group_strange[MEMBERS];           /* it asked for a shred that it need not pass on */
    uint64_t soonest_ns, least_ns, age_ns; /* after the first shred; between repetitions; most age
                                              of the weights by which a peer was drawn */
    uint32_t orphans_most, others_most, own_first, own_late, soon, late;
    uint32_t to[MEMBERS];                    /* messages of gossip */
    uint32_t rich[2], poor[2], waiting_most; /* requests, answers */
} seen;

static struct support_spread *watched_run;
static struct model watched;

static struct turbine_member *member_of(uint32_t member)
{
    const struct turbine *turbine = watched_run->stack->spread.self;
    return &turbine->chains[0].members[member];
}

static void note_order(uint32_t from, const struct repair_packet *request)
{
    bool own = turbine_passes_on(member_of(from), request->slot, request->index);
    if (seen.group_slot[from] != request->slot) {
        seen.group_slot[from] = request->slot;
        seen.group_strange[from] = false;
    }
    seen.own_late += own && seen.group_strange[from];
    seen.own_first += own && !seen.group_strange[from];
    seen.group_strange[from] |= !own;
}

static void note_age(uint32_t from, const struct repair_packet *request, uint64_t sent_ns)
{
    const struct repair_peers_cache *cache = &member_of(from)->repair->peers;
    for (uint32_t i = 0; i < cache->count; i++)
        if (cache->entries[i].slot == request->slot && cache->entries[i].made_ns <= sent_ns &&
            sent_ns - cache->entries[i].made_ns > seen.age_ns)
            seen.age_ns = sent_ns - cache->entries[i].made_ns;
}

static void note_request(uint32_t from, const struct repair_packet *request, uint64_t sent_ns)
{
    if (seen.group_ns[from] != sent_ns) {
        seen.group_ns[from] = sent_ns;
        seen.group_orphans[from] = seen.group_others[from] = 0;
        seen.group_slot[from] = UINT64_MAX;
    }
    bool orphan = request->kind == REPAIR_ORPHAN;
    uint32_t *count = orphan ? &seen.group_orphans[from] : &seen.group_others[from];
    uint32_t *most = orphan ? &seen.orphans_most : &seen.others_most;
    *most = ++*count > *most ? *count : *most;
    if (request->kind == REPAIR_SHRED)
        note_order(from, request);
    note_age(from, request, sent_ns);
    if (request->slot > SLOTS || request->index >= SHREDS)
        return;
    uint64_t *last = &seen.asked_ns[from][request->kind][request->slot][request->index];
    if (*last > 0 && sent_ns - *last < seen.least_ns)
        seen.least_ns = sent_ns - *last;
    *last = sent_ns;
    uint64_t first = seen.first_ns[from][request->slot];
    if (!orphan && first > 0 && sent_ns - first < seen.soonest_ns)
        seen.soonest_ns = sent_ns - first;
    if (request->kind == REPAIR_SHRED && seen.marked_ns[from][request->slot] > 0) {
        bool soon = sent_ns <= seen.marked_ns[from][request->slot] + MS;
        ++*(soon ? &seen.soon : &seen.late);
        seen.marked_ns[from][request->slot] = 0;
    }
}

static bool has_holes(const struct turbine_member *member, uint64_t slot)
{
    const struct slot_meta *meta = blockstore_meta(&member->store, slot);
    return meta && meta->consumed < meta->received && !blockstore_full(meta);
}

static void watch(void *state, struct context *context, const struct message *message)
{
    struct turbine_member *here = member_of(context->self);
    bool gossip = message->kind == TURBINE_EPOCH_SLOTS, unmarked[SLOTS + 1] = {false};
    if (message->kind == TURBINE_REPAIR_REQUEST) {
        const struct repair_packet *request = message->payload;
        note_request(message->from, request, context->now_ns - LATENCY_NS);
        ++*(message->from < 10 ? &seen.rich[0] : &seen.poor[0]);
    }
    if (message->kind == TURBINE_REPAIR_ANSWER)
        ++*(message->to < 10 ? &seen.rich[1] : &seen.poor[1]);
    if (message->kind == TURBINE_SHRED_DATA || message->kind == TURBINE_SHRED_CODE) {
        uint64_t slot = message->subject >> 32; /* blocks are numbered by their slots */
        if (slot <= SLOTS && seen.first_ns[context->self][slot] == 0)
            seen.first_ns[context->self][slot] = context->now_ns;
    }
    seen.to[context->self] += gossip;
    turbine_flush(here, context);
    for (uint64_t slot = 1; gossip && slot <= SLOTS; slot++)
        unmarked[slot] = !cluster_slots_row(slot_gossip_slots(here), slot) && has_holes(here, slot);
    spread_turbine_model.on_message(state, context, message);
    for (uint64_t slot = 1; gossip && slot <= SLOTS; slot++)
        if (unmarked[slot] && cluster_slots_row(slot_gossip_slots(here), slot))
            seen.marked_ns[context->self][slot] = context->now_ns;
    if (here->repair->queue.count > seen.waiting_most)
        seen.waiting_most = here->repair->queue.count;
}

static struct support_spread *begin(enum repair_rules rules, enum spread_version version)
{
    watched = spread_turbine_model;
    watched.on_message = watch;
    struct support_spread *support = support_spread_new(&watched, MEMBERS);
    support->config.fanout = 3;
    support->config.repair.rules = rules;
    support->config.repair.version = version;
    support->lag = 9;
    watched_run = support;
    memset(&seen, 0, sizeof seen);
    seen.soonest_ns = seen.least_ns = UINT64_MAX;
    return support;
}

static void lose(struct support_spread *support, double rate, uint64_t for_ns)
{
    support_spread_fault(support, FAULT_LOSS, 0, MEMBERS - 1, 0, for_ns)->rate =
        (uint64_t)(rate * 18446744073709551615.0);
}

static int64_t counter(const struct support_spread *support, const char *name)
{
    return support_spread_counter(support, name);
}

/* SOL-R3.1: no request is repeated within its timeout, and some are right after it. SOL-R1, R3.3:
 * as deployed nothing is asked for earlier than 250 ms after the first shred of its slot came, by
 * the ticks of 2.3 somewhat later or earlier, as that shred's delay is; the proposal does not wait.
 */
START_TEST(requests_wait_for_turbine_and_for_their_answers)
{
    for (unsigned way = 0; way < 3; way++) {
        struct support_spread *support =
            begin(way < 2 ? REPAIR_RULES_DEPLOYED : REPAIR_RULES_PROPOSAL,
                  way == 0 ? SPREAD_VERSION_2_3 : SPREAD_VERSION_2026);
        lose(support, 0.45, 4 * SECOND);
        support_spread_run(support);
        ck_assert_uint_ge(seen.least_ns, 149 * MS);
        ck_assert_uint_le(seen.least_ns, 152 * MS);
        if (way == 2)
            ck_assert_uint_lt(seen.soonest_ns, 230 * MS);
        else
            ck_assert_msg(seen.soonest_ns > 235 * MS && seen.soonest_ns < 262 * MS, "%.1f ms",
                          (double)seen.soonest_ns / 1e6);
        support_spread_free(support);
    }
}
END_TEST

/* SOL-18, SOL-R4.8: an iteration asks for as many shreds as it may, and for five orphans as
 * deployed. Nobody votes, so that stages 3 and 4 have nothing to look at. */
START_TEST(iterations_have_their_budgets)
{
    for (unsigned proposal = 0; proposal < 2; proposal++) {
        struct support_spread *support =
            begin(proposal ? REPAIR_RULES_PROPOSAL : REPAIR_RULES_DEPLOYED, SPREAD_VERSION_2026);
        support->config.repair.requests_max = 7;
        support->block_bytes = 100000;
        lose(support, 0.4, 3 * SECOND);
        support_spread_run(support);
        ck_assert_uint_eq(seen.others_most, 7);
        ck_assert_uint_le(seen.orphans_most, 5);
        support_spread_free(support);
    }
}
END_TEST

/* SOL-21, SOL-22: by the proposal, in each slot, first the shreds that one has to pass on. */
START_TEST(own_shreds_come_first_by_the_proposal)
{
    for (unsigned proposal = 0; proposal < 2; proposal++) {
        struct support_spread *support =
            begin(proposal ? REPAIR_RULES_PROPOSAL : REPAIR_RULES_DEPLOYED, SPREAD_VERSION_2026);
        lose(support, 0.4, 3 * SECOND);
        support_spread_run(support);
        ck_assert_uint_gt(seen.own_first, 100);
        if (proposal)
            ck_assert_uint_eq(seen.own_late, 0);
        else
            ck_assert_uint_gt(seen.own_late, 100);
        support_spread_free(support);
    }
}
END_TEST

/* SOL-20: a slot that nobody advertises is not noted as asked for, so its holes are asked for by
 * the next iteration after somebody does. SOL-R5.3: as deployed the weights of a slot's peers are
 * kept for 10 s; the proposal looks each time. */
START_TEST(peers_are_those_of_now_by_the_proposal)
{
    for (unsigned proposal = 0; proposal < 2; proposal++) {
        struct support_spread *support =
            begin(proposal ? REPAIR_RULES_PROPOSAL : REPAIR_RULES_DEPLOYED, SPREAD_VERSION_2026);
        lose(support, 0.3, 3 * SECOND);
        support_spread_run(support);
        if (proposal) {
            ck_assert_msg(seen.soon > 50 && seen.late == 0, "%u, %u", seen.soon, seen.late);
            ck_assert_uint_eq(seen.age_ns, 0);
        } else {
            ck_assert_uint_gt(seen.age_ns, 140 * MS);
            ck_assert_uint_lt(seen.age_ns, 10 * SECOND);
        }
        support_spread_free(support);
    }
}
END_TEST

/* SOL-R6.2: servers that cannot serve all serve those first who have more stake. */
START_TEST(the_rich_are_served_first)
{
    struct support_spread *support = begin(REPAIR_RULES_DEPLOYED, SPREAD_VERSION_2026);
    for (uint32_t i = 10; i < MEMBERS; i++)
        support->stakes[i] = 10;
    support->config.repair.serve_requests = 16;
    support->config.repair.serve_ns = (int64_t)MS;
    support->slots = 20;
    support->block_bytes = 100000;
    support_spread_fault(support, FAULT_CUT, 4, MEMBERS - 1, 4 * 400 * MS - MS, 4 * 400 * MS);
    support_spread_run(support);
    ck_assert_int_gt(counter(support, "repair_unserved"), 500);
    ck_assert_uint_gt(seen.poor[1], 0);
    /* Answers for a request. */
    ck_assert_msg((double)seen.rich[1] * seen.poor[0] > 1.5 * (double)seen.poor[1] * seen.rich[0],
                  "%u of %u, %u of %u", seen.rich[1], seen.rich[0], seen.poor[1], seen.poor[0]);
    support_spread_free(support);
}
END_TEST

/* SOL-R6.2: 2,048 requests wait at most. */
START_TEST(a_queue_has_an_end)
{
    struct support_spread *support = begin(REPAIR_RULES_DEPLOYED, SPREAD_VERSION_2026);
    support->slots = 5;
    support->config.repair.serve_ns = (int64_t)MS;
    support->scenario.duration_ns = 6 * SECOND;
    support_spread_fault(support, FAULT_BYZANTINE, 17, 19, 3 * SECOND, 0)->behaviour = "flood";
    support_spread_run(support);
    ck_assert_uint_eq(seen.waiting_most, 2048);
    support_spread_free(support);
}
END_TEST

/* SOL-R5.5: requests are in memory only: answers that come after a crash are to nobody's request.
 */
START_TEST(a_crash_forgets_what_was_asked)
{
    for (unsigned crash = 0; crash < 2; crash++) {
        struct support_spread *support = begin(REPAIR_RULES_DEPLOYED, SPREAD_VERSION_2026);
        support->block_bytes = 100000;
        lose(support, 0.35, 3 * SECOND);
        if (crash) {
            struct fault_spec *fault =
                support_spread_fault(support, FAULT_CRASH, 5, 15, SECOND, MS);
            fault->every_ns = 23 * MS;
            fault->from_ns = SECOND;
            fault->to_ns = 2 * SECOND;
        }
        support_spread_run(support);
        ck_assert((counter(support, "repair_refused_nonce") > 0) == crash);
        support_spread_free(support);
    }
}
END_TEST

static uint32_t rooted;

static void nothing_is_below_the_root(struct support_spread *support, struct context *context)
{
    const struct gossip_table *table = (const void *)member_of(0)->chain->gossip;
    (void)context, (void)support;
    for (uint32_t i = 0; i < MEMBERS; i++) {
        const struct turbine_member *member = member_of(i);
        ck_assert_uint_le(table->below, member->store.root);
        const struct cluster_slots *slots = slot_gossip_slots(member);
        uint64_t root = member->store.root;
        rooted += root > 20;
        ck_assert_uint_eq(slots->root, root);
        ck_assert(slots->count == 0 || slots->rows[0].slot > root);
        const struct repair_times *times = &member->repair->times;
        ck_assert(times->count == 0 || times->slots[0].slot >= root);
    }
}

/* Slots that never become whole, since their leader made two versions of them, are forgotten with
 * the root, and so is who had which slot (SOL-R7.6). */
START_TEST(a_root_forgets_what_is_below)
{
    struct support_spread *support = begin(REPAIR_RULES_PROPOSAL, SPREAD_VERSION_2026);
    support->slots = SLOTS;
    support->lag = 12;
    support->scenario.duration_ns = 25 * SECOND;
    support->at_end = nothing_is_below_the_root;
    support->config.repair.fallback = 1;
    lose(support, 0.4, 3 * SECOND);
    support_spread_fault(support, FAULT_BYZANTINE, 1, 1, 0, 0)->behaviour = "equivocate";
    rooted = 0;
    support_spread_run(support);
    ck_assert_int_gt(counter(support, "slots_dead"), 20);
    ck_assert_uint_gt(rooted, MEMBERS / 2);
    support_spread_free(support);
}
END_TEST

/* Peers of gossip are drawn by the order of magnitude of their stake: one of a million to one
 * counts a hundred times as much. */
START_TEST(gossip_prefers_stake)
{
    struct support_spread *support = begin(REPAIR_RULES_PROPOSAL, SPREAD_VERSION_2026);
    uint32_t others = 0;
    support->stakes[0] = 1000000000;
    support->config.gossip.fanout = 2;
    support->config.gossip.pull_ns = 0;
    support_spread_run(support);
    for (uint32_t i = 1; i < MEMBERS; i++)
        others += seen.to[i];
    ck_assert_uint_gt(others, 100);
    ck_assert_uint_gt((MEMBERS - 1) * seen.to[0], 6 * others);
    support_spread_free(support);
}
END_TEST

static void set_at_random(struct support_spread *support, uint64_t item)
{
    static const struct rng rng = {.seed = 91, .replication = 0};
    static const uint32_t defer_ms[] = {0, 3, 60, 250}, most[] = {1, 3, 40, 512};
    struct rng_stream stream;
    rng_stream_at(&stream, &rng, RNG_TEST, 1, item);
    struct spread_repair_config *repair = &support->config.repair;
    repair->rules = item % 3 ? REPAIR_RULES_DEPLOYED : REPAIR_RULES_PROPOSAL;
    repair->version = item % 3 == 1 ? SPREAD_VERSION_2_3 : SPREAD_VERSION_2026;
    repair->defer_ns = (int64_t)(defer_ms[rng_below(&stream, 4)] * MS);
    repair->requests_max = most[rng_below(&stream, 4)];
    repair->timeout_ns = (int64_t)((20 + rng_below(&stream, 200)) * MS);
    repair->interval_ns = (int64_t)((1 + rng_below(&stream, 5)) * MS);
    repair->fallback = rng_below(&stream, 2) > 0;
    repair->ping = rng_below(&stream, 2) > 0;
    support->config.layout = rng_below(&stream, 2) ? SPREAD_FIXED : SPREAD_VARIABLE;
    support->config.pass_recovered = rng_below(&stream, 2) > 0;
    support->votes = rng_below(&stream, 2) > 0;
    support->block_bytes = 2000 + (uint32_t)rng_below(&stream, 250000);
    support->scenario.seed = 1 + item;
    support->scenario.duration_ns = 7 * SECOND;
    lose(support, (double)(5 + rng_below(&stream, 40)) / 100, 4 * SECOND);
    support_spread_fault(support, FAULT_CRASH, 5, 6, 1500 * MS, 600 * MS);
}

/* SOL-17: whoever looks at each instant sends the same packets, whatever the parameters are;
 * leaders look at what they have made of their own slots, too. */
START_TEST(skipped_instants_never_change_anything)
{
    static const char *const names[] = {"repair_requests", "repair_answers",   "repair_useful",
                                        "shreds_received", "shreds_recovered", "retransmitted",
                                        "gossip_bytes",    "repair_unserved"};
    enum { NAMES = sizeof names / sizeof names[0], ITEMS = 18 };
    for (uint64_t item = 0; item < ITEMS; item++) {
        int64_t counts[NAMES] = {0};
        for (unsigned each = 0; each < 2; each++) {
            struct support_spread *support = support_spread_new(&spread_turbine_model, MEMBERS);
            support->config.fanout = 3;
            support->lag = 9;
            set_at_random(support, item);
            support->config.repair.every_instant = each;
            support_spread_run(support);
            for (unsigned i = 0; i < NAMES; i++) {
                int64_t count = counter(support, names[i]);
                ck_assert_msg(each == 0 || counts[i] == count, "configuration %u, %s: %d and %d",
                              (unsigned)item, names[i], (int)counts[i], (int)count);
                counts[i] = count;
            }
            support_spread_free(support);
        }
    }
}
END_TEST

/* SOL-27, SOL-R6.1: an orphan's answers begin with its own highest shred; slot 0 is its own parent,
 * and fills the rest of eleven. */
START_TEST(the_walk_to_the_parents_stays_at_slot_0)
{
    struct memory memory = {0};
    struct blockstore_shared shared;
    struct blockstore store;
    struct served_shred shreds[REPAIR_ORPHAN_ANSWERS];
    struct repair_request request = {.kind = REPAIR_ORPHAN, .slot = 3};
    blockstore_shared_init(&shared, &memory);
    blockstore_init(&store, &shared);
    blockstore_begin(&store);
    for (uint64_t slot = 0; slot < 4; slot++)
        blockstore_insert(&store,
                          &(struct data_shred){.slot = slot,
                                               .parent = slot > 0 ? slot - 1 : 0,
                                               .index = (uint32_t)slot},
                          0);
    blockstore_commit(&store);
    ck_assert_uint_eq(repair_serve(&store, &request, REPAIR_ORPHAN_ANSWERS, shreds), 11);
    for (uint32_t i = 0; i < REPAIR_ORPHAN_ANSWERS; i++) {
        ck_assert_uint_eq(shreds[i].slot, i < 3 ? 3 - i : 0);
        ck_assert_uint_eq(shreds[i].index, i < 3 ? 3 - i : 0);
    }
    blockstore_destroy(&store);
    blockstore_shared_destroy(&shared);
    ck_assert_uint_eq(memory.used_bytes, 0);
}
END_TEST

CHECK_MAIN("repair_rules", requests_wait_for_turbine_and_for_their_answers,
           iterations_have_their_budgets, own_shreds_come_first_by_the_proposal,
           peers_are_those_of_now_by_the_proposal, the_rich_are_served_first, a_queue_has_an_end,
           a_crash_forgets_what_was_asked, a_root_forgets_what_is_below, gossip_prefers_stake,
           skipped_instants_never_change_anything, the_walk_to_the_parents_stays_at_slot_0)
