/* Goal: servers of repair keep their limits, whoever asks and however much; who lies is refused and
 * counted, and the others have the ledger all the same. Method: the turbine under the real engine
 * with a chain made by hand, and a wrapper that sees every packet and counts on its own; fixed
 * seeds. */

#include <stdlib.h>
#include <string.h>

#include "models/spread/gossip_table.h"
#include "models/spread/repair_parts.h"
#include "models/spread/repair_proposal.h"
#include "models/spread/turbine.h"
#include "sim/context.h"
#include "tests/check_main.h"
#include "tests/support_spread.h"

#define MS UINT64_C(1000000)
#define SECOND UINT64_C(1000000000)

enum { NONCES = 1 << 20, MEMBERS_MAX = 64, SECONDS_MAX = 64, ANSWER_BYTES = 1207 };

/* What the wrapper saw. */
static struct seen {
    uint32_t all_requests, all_answers;              /* that came */
    uint32_t requests[MEMBERS_MAX];                  /* by who asked */
    uint32_t answers_from[MEMBERS_MAX][SECONDS_MAX]; /* by server and second of departure */
    uint32_t forged, to_strangers, pings, pongs;
    uint32_t promised, kept;  /* requests of members 0 to 16 to who can answer; answers */
    uint32_t open[NONCES];    /* nonces of these requests, by their low bits */
    uint32_t by_tree_of_four; /* data shreds of slot 4 that came down their trees */
    uint64_t first_answer_ns;
} seen;
static struct support_spread *watched_run;

static const struct turbine_member *member_of(uint32_t member)
{
    const struct turbine *turbine = watched_run->stack->spread.self;
    return &turbine->chains[0].members[member];
}

static bool has(uint32_t member, uint64_t slot)
{
    const struct slot_meta *meta = blockstore_meta(&member_of(member)->store, slot);
    return meta && blockstore_full(meta);
}

static void watch(void *state, struct context *context, const struct message *message)
{
    const struct repair_packet *request = message->payload;
    const struct shred_packet *answer = message->payload;
    if (message->kind == TURBINE_REPAIR_REQUEST) {
        ck_assert_uint_eq(message->wire_bytes, request->kind == REPAIR_ORPHAN ? 152 : 160);
        seen.requests[message->from]++;
        seen.all_requests++;
        if (message->from < 17 && request->kind == REPAIR_SHRED &&
            has(message->to, request->slot)) {
            seen.promised++;
            seen.open[request->nonce % NONCES] = request->nonce;
        }
        seen.to_strangers += request->kind != REPAIR_ORPHAN && !has(message->to, request->slot);
    }
    if (message->kind == TURBINE_REPAIR_ANSWER) {
        seen.all_answers++;
        ck_assert_uint_eq(message->wire_bytes, ANSWER_BYTES);
        seen.kept += message->to < 17 && seen.open[answer->nonce % NONCES] == answer->nonce;
        seen.answers_from[message->from][(context->now_ns - 5 * MS) / SECOND]++;
        seen.forged += answer->version > 1;
        seen.first_answer_ns = seen.first_answer_ns ? seen.first_answer_ns : context->now_ns;
    }
    seen.pings += message->kind == TURBINE_PING;
    seen.pongs += message->kind == TURBINE_PONG;
    seen.by_tree_of_four += message->kind == TURBINE_SHRED_DATA && message->subject >> 32 == 4;
    bool forged = message->kind == TURBINE_REPAIR_ANSWER && answer->version > 1;
    uint32_t nonce = forged ? answer->nonce : 0;
    spread_turbine_model.on_message(state, context, message);
    if (forged)
        ck_assert_uint_eq(repair_nonces_left(&member_of(message->to)->repair->nonces, nonce), 0);
}

static struct model watched;

static struct support_spread *begin(uint32_t members)
{
    watched = spread_turbine_model;
    watched.on_message = watch;
    struct support_spread *support = support_spread_new(&watched, members);
    support->config.fanout = 3;
    support->config.repair.rules = REPAIR_RULES_DEPLOYED;
    support->votes = true;
    support->lag = 9;
    watched_run = support;
    memset(&seen, 0, sizeof seen);
    return support;
}

static void lose(struct support_spread *support, double rate, uint64_t for_ns)
{
    support_spread_fault(support, FAULT_LOSS, 0, support->members - 1, 0, for_ns)->rate =
        (uint64_t)(rate * 18446744073709551615.0);
}

static void lie(struct support_spread *support, const char *behaviour, uint32_t first,
                uint32_t last)
{
    support_spread_fault(support, FAULT_BYZANTINE, first, last, 0, 0)->behaviour = behaviour;
}

static int64_t counter(const struct support_spread *support, const char *name)
{
    return support_spread_counter(support, name);
}

/* Blocks of the longest fork that members first .. last do not have. */
static uint32_t count_missing(const struct support_spread *support, uint32_t first, uint32_t last)
{
    uint32_t missing = 0;
    uint64_t slot = 0;
    for (uint32_t member = first; member <= last; member++)
        slot = support->tips[member] > slot ? support->tips[member] : slot;
    for (; slot > 0; slot = support->blocks[slot].header.parent_slot)
        for (uint32_t member = first; member <= last; member++)
            missing += support_spread_completed(support, member, slot) == 0;
    return missing;
}

/* The service has forgotten what is over. */
static void is_tidy(struct support_spread *support, struct context *context)
{
    const struct gossip_table *table = (const void *)member_of(0)->chain->gossip;
    uint32_t rooted = 0;
    (void)context;
    ck_assert_uint_gt(table->below, 0);
    for (uint32_t i = 0; i < support->members; i++) {
        const struct turbine_member *member = member_of(i);
        rooted += member->store.root > 0;
        ck_assert_uint_le(table->below, member->store.root);
        ck_assert_uint_eq(member->repair->weight.root, member->store.root);
        ck_assert_uint_eq(member->repair->times.count, 0);
        ck_assert_uint_eq(member->repair->pending.count, 0);
    }
    ck_assert_uint_gt(rooted, support->members / 2);
}

/* SOL-R5.6: an answer with a content that the leader did not sign, or to something else, is
 * refused, counted, and ends the request; the shred is asked for again, of others too. */
START_TEST(wrong_shreds_are_refused)
{
    for (unsigned proposal = 0; proposal < 2; proposal++) {
        struct support_spread *support = begin(20);
        support->config.repair.rules = proposal ? REPAIR_RULES_PROPOSAL : REPAIR_RULES_DEPLOYED;
        lose(support, 0.3, 2 * SECOND);
        lie(support, "wrong_shreds", 0, 5);
        support_spread_run(support);
        ck_assert_uint_eq(count_missing(support, 0, 19), 0);
        ck_assert_uint_gt(seen.forged, 50);
        ck_assert_int_eq(counter(support, "repair_refused_content"), seen.forged);
        ck_assert_int_gt(counter(support, "repair_refused_answer"), 50);
        ck_assert_int_ge(counter(support, "repair_lies"),
                         counter(support, "repair_refused_content") +
                             counter(support, "repair_refused_answer"));
        ck_assert_int_eq(counter(support, "slots_dead"), 0);
        support_spread_free(support);
    }
}
END_TEST

/* SOL-R5.6: a nonce that is not known. */
START_TEST(answers_under_bad_nonces_are_refused)
{
    struct support_spread *support = begin(20);
    lose(support, 0.3, 2 * SECOND);
    lie(support, "bad_nonce", 0, 5);
    support_spread_run(support);
    ck_assert_uint_eq(count_missing(support, 0, 19), 0);
    ck_assert_int_gt(counter(support, "repair_refused_nonce"), 100);
    ck_assert_int_ge(counter(support, "repair_lies"), counter(support, "repair_refused_nonce"));
    ck_assert_int_eq(counter(support, "repair_refused_content"), 0);
    support_spread_free(support);
}
END_TEST

static uint32_t most_answers(uint32_t *ret_server)
{
    uint32_t most = 0;
    for (uint32_t server = 0; server < MEMBERS_MAX; server++)
        for (uint32_t second = 0; second < SECONDS_MAX; second++)
            if (seen.answers_from[server][second] > most) {
                most = seen.answers_from[server][second];
                *ret_server = server;
            }
    return most;
}

/* SOL-R6.2: three validators with little stake ask a hundred thousand times a second. Servers stay
 * within their bytes a second, beside the bucket that was full; others, who have stake, are served
 * first: they repair as if nobody flooded. */
START_TEST(a_flood_is_not_served_beyond_the_limits)
{
    for (unsigned floods = 0; floods < 2; floods++) {
        struct support_spread *support = begin(20);
        uint32_t server = 0;
        for (uint32_t i = 17; i < 20; i++)
            support->stakes[i] = 1;
        support->slots = 20;
        support->scenario.duration_ns = 12 * SECOND;
        support->config.repair.serve_bytes = 1200000; /* about a thousand answers */
        support->config.repair.serve_requests = 64;
        support->config.repair.serve_ns = (int64_t)MS / 10;
        support_spread_fault(support, FAULT_CUT, 10, 16, 4 * 400 * MS, 3 * 400 * MS);
        if (floods)
            lie(support, "flood", 17, 19);
        support_spread_run(support);
        ck_assert_uint_eq(count_missing(support, 0, 16), 0);
        ck_assert_uint_le(most_answers(&server), 2 * 1200000 / ANSWER_BYTES);
        if (floods) {
            uint32_t flood = seen.requests[17] + seen.requests[18] + seen.requests[19];
            ck_assert_uint_gt(flood, 1000000);
            ck_assert_int_gt(counter(support, "repair_unserved"), flood / 2);
            ck_assert_uint_gt(most_answers(&server), 1200000 / ANSWER_BYTES / 2);
        } else {
            ck_assert_int_eq(counter(support, "repair_unserved"), 0);
        }
        ck_assert_uint_gt(seen.promised, 200);
        ck_assert_msg(20 * seen.kept > 19 * seen.promised, "%u of %u answered", seen.kept,
                      seen.promised);
        support_spread_free(support);
    }
}
END_TEST

/* A budget of less than one answer a second still pays for one at a time. */
START_TEST(the_least_budget_serves_one_answer_after_the_other)
{
    struct support_spread *support = begin(6);
    support->slots = 4;
    support->scenario.duration_ns = 60 * SECOND;
    support->config.repair.serve_bytes = 1024;
    support_spread_fault(support, FAULT_CUT, 3, 3, 400 * MS, 400 * MS);
    support_spread_run(support);
    ck_assert_int_gt(counter(support, "repair_unserved"), 0);
    ck_assert_uint_eq(count_missing(support, 0, 5), 0);
    support_spread_free(support);
}
END_TEST

/* SOL-R6.2: most validators miss the same slots at once, and the others cannot serve all of them.
 */
START_TEST(a_storm_of_requests_is_served_within_the_limits)
{
    for (unsigned proposal = 0; proposal < 2; proposal++) {
        struct support_spread *support = begin(40);
        uint32_t server = 0;
        support->config.repair.rules = proposal ? REPAIR_RULES_PROPOSAL : REPAIR_RULES_DEPLOYED;
        support->config.repair.serve_bytes = 600000;
        support->config.repair.serve_requests = 64;
        support->config.repair.serve_ns = (int64_t)MS;
        support->slots = 20;
        support->scenario.duration_ns = 40 * SECOND;
        support_spread_fault(support, FAULT_CUT, 8, 39, 4 * 400 * MS - MS, 4 * 400 * MS);
        support_spread_run(support);
        ck_assert_uint_eq(count_missing(support, 0, 39), 0);
        ck_assert_int_gt(counter(support, "repair_unserved"), 100);
        ck_assert_uint_le(most_answers(&server), 2 * 600000 / ANSWER_BYTES);
        for (uint32_t second = 0; second < 30; second++)
            ck_assert_uint_le(seen.answers_from[server][second] +
                                  seen.answers_from[server][second + 1],
                              3 * 600000 / ANSWER_BYTES);
        support_spread_free(support);
    }
}
END_TEST

/* SOL-20, SOL-31, SOL-32: by the proposal shreds are asked only of who has their slot whole, unless
 * the fallback is on and nobody does. As deployed of everybody. */
START_TEST(the_proposal_asks_only_holders)
{
    for (unsigned way = 0; way < 3; way++) {
        struct support_spread *support = begin(20);
        support->config.repair.rules = way < 2 ? REPAIR_RULES_PROPOSAL : REPAIR_RULES_DEPLOYED;
        support->config.repair.fallback = way == 1;
        lose(support, 0.3, 2 * SECOND);
        support_spread_run(support);
        ck_assert((seen.to_strangers > 0) == (way > 0));
        ck_assert_uint_eq(count_missing(support, 0, 19), 0);
        support_spread_free(support);
    }
}
END_TEST

/* SOL-35: the leader of slots 4 to 7 is cut off while it sends slot 4, so no shred of it comes down
 * a tree, unless who got it by repair passes it on. SOL-R8.8: as deployed nobody does. */
START_TEST(a_repaired_shred_goes_down_its_tree)
{
    for (unsigned way = 0; way < 2; way++) {
        struct support_spread *support = begin(20);
        support->config.repair.rules = way ? REPAIR_RULES_PROPOSAL : REPAIR_RULES_DEPLOYED;
        support_spread_fault(support, FAULT_CUT, 1, 1, 4 * 400 * MS - MS, 401 * MS);
        support_spread_run(support);
        ck_assert_uint_eq(support->blocks[5].header.parent_slot, 4);
        ck_assert_uint_eq(count_missing(support, 0, 19), 0);
        if (way)
            ck_assert_uint_gt(seen.by_tree_of_four, 100);
        else
            ck_assert_uint_eq(seen.by_tree_of_four, 0);
        support_spread_free(support);
    }
}
END_TEST

START_TEST(what_is_over_is_forgotten)
{
    for (unsigned proposal = 0; proposal < 2; proposal++) {
        struct support_spread *support = begin(20);
        support->config.repair.rules = proposal ? REPAIR_RULES_PROPOSAL : REPAIR_RULES_DEPLOYED;
        support->slots = 40; /* led by members 0 to 10, so that there are no forks */
        support->at_end = is_tidy;
        support_spread_fault(support, FAULT_LOSS, 12, 19, 0, 4 * SECOND)->rate = UINT64_MAX / 2;
        support_spread_run(support);
        ck_assert_uint_eq(count_missing(support, 0, 19), 0);
        ck_assert_int_gt(counter(support, "repair_useful"), 100);
        support_spread_free(support);
    }
}
END_TEST

/* SOL-R6.2: the first request to a peer brings a ping, not an answer; what is missing comes later
 * than where all have met, by a timeout at least, but it comes. */
START_TEST(strangers_are_pinged_before_they_get_answers)
{
    uint64_t first_ns[2];
    for (unsigned ping = 0; ping < 2; ping++) {
        struct support_spread *support = begin(20);
        support->config.repair.ping = ping;
        lose(support, 0.3, SECOND);
        support_spread_run(support);
        first_ns[ping] = seen.first_answer_ns;
        ck_assert_uint_eq(count_missing(support, 0, 19), 0);
        ck_assert((seen.pings > 0) == ping);
        ck_assert_uint_le(seen.pongs, seen.pings);
        if (ping) {
            ck_assert_int_ge(counter(support, "repair_pings"), seen.pings);
            ck_assert_uint_gt(seen.pongs, seen.pings / 2);
        }
        support_spread_free(support);
    }
    ck_assert_uint_gt(first_ns[1], first_ns[0] + 20 * MS);
}
END_TEST

/* Each answer that comes is useful, a copy, or refused for one reason, whatever lies, losses and
 * roots that move meanwhile; where nothing is lost, what is sent is what comes. */
START_TEST(each_packet_is_counted_once)
{
    static const char *const outcomes[] = {"repair_useful",          "repair_duplicate",
                                           "repair_refused_nonce",   "repair_refused_answer",
                                           "repair_refused_content", "repair_refused_slot"};
    enum { OUTCOMES = sizeof outcomes / sizeof outcomes[0] };
    int64_t of[OUTCOMES] = {0};
    for (unsigned way = 0; way < 4; way++) {
        struct support_spread *support = begin(20);
        support->config.repair.rules = way % 2 ? REPAIR_RULES_PROPOSAL : REPAIR_RULES_DEPLOYED;
        support->lag = way < 2 ? 9 : 2; /* soon: answers come when the root is above them */
        if (way < 2) {
            lose(support, 0.3, 2 * SECOND);
            lie(support, "wrong_shreds", 0, 3);
            lie(support, "bad_nonce", 4, 5);
            lie(support, "equivocate", 1, 1);
        }
        support_spread_run(support);
        int64_t came = 0;
        for (unsigned i = 0; i < OUTCOMES; i++) {
            came += counter(support, outcomes[i]);
            of[i] += counter(support, outcomes[i]);
        }
        ck_assert_int_eq(came, seen.all_answers);
        if (way < 2) {
            ck_assert_int_gt(counter(support, "repair_requests"), seen.all_requests);
            ck_assert_int_gt(counter(support, "repair_answers"), seen.all_answers);
        } else { /* nothing is lost */
            ck_assert_int_eq(counter(support, "repair_requests"), seen.all_requests);
            ck_assert_int_eq(counter(support, "repair_answers"), seen.all_answers);
        }
        support_spread_free(support);
    }
    for (unsigned i = 0; i < OUTCOMES; i++)
        ck_assert_msg(of[i] > 0, "no %s", outcomes[i]);
}
END_TEST

CHECK_MAIN("repair_limits", wrong_shreds_are_refused, answers_under_bad_nonces_are_refused,
           a_flood_is_not_served_beyond_the_limits,
           the_least_budget_serves_one_answer_after_the_other,
           a_storm_of_requests_is_served_within_the_limits, the_proposal_asks_only_holders,
           a_repaired_shred_goes_down_its_tree, each_packet_is_counted_once,
           what_is_over_is_forgotten, strangers_are_pinged_before_they_get_answers)
