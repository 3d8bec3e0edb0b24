/* Goal: nobody passes a shred on twice, whatever way it came: down its tree, out of its set, by
 * repair, and in whatever order (SOL-36, SOL-R8.7, SOL-R8.8). Method: the turbine under the real
 * engine with a chain made by hand, whose packets take so long and get lost so often that repair
 * and erasure codes are often faster; a wrapper sees each packet that arrives and knows by its name
 * who sent it, since a place in a tree has one parent. */

#include <string.h>

#include "models/spread/repair_proposal.h"
#include "models/spread/turbine.h"
#include "sim/context.h"
#include "tests/check_main.h"
#include "tests/support_spread.h"

#define MS UINT64_C(1000000)
#define SECOND UINT64_C(1000000000)

enum { MEMBERS = 24, SLOTS = 10, INDICES = 256, KINDS = 2 };

static struct {
    bool by_tree[MEMBERS][KINDS][SLOTS + 1][INDICES];
    uint32_t twice, came;
} seen;

static void watch(void *state, struct context *context, const struct message *message)
{
    if (message->kind < KINDS) {
        uint64_t slot = message->subject >> 32, index = message->subject >> 16 & 0x7fff;
        ck_assert(slot <= SLOTS && index < INDICES);
        bool *came = &seen.by_tree[context->self][message->kind][slot][index];
        seen.twice += *came;
        seen.came++;
        *came = true;
    }
    spread_turbine_model.on_message(state, context, message);
}

static struct model watched;
static struct support_spread *make_support(enum repair_rules rules, bool pass_recovered)
{
    watched = spread_turbine_model;
    watched.on_message = watch;
    memset(&seen, 0, sizeof seen);
    struct support_spread *support = support_spread_new(&watched, MEMBERS);
    support->slots = SLOTS;
    support->lag = 9;
    support->votes = true;
    support->block_bytes = 120000;
    support->config.fanout = 2;
    support->config.processing_ns = (int64_t)(2 * MS);
    support->config.pass_recovered = pass_recovered;
    support->config.repair.rules = rules;
    support->config.repair.defer_ns = 0;
    support->config.repair.fallback = true;
    support->scenario.network.latency = (struct distribution){
        .type = DISTRIBUTION_UNIFORM, .location = (int64_t)(5 * MS), .spread = (int64_t)(300 * MS)};
    support->scenario.network.loss = INT64_C(200000000000);
    return support;
}

START_TEST(nobody_passes_a_shred_on_twice)
{
    static const enum repair_rules rules[] = {REPAIR_RULES_PROPOSAL, REPAIR_RULES_DEPLOYED};
    for (int way = 0; way < 4; way++) {
        struct support_spread *support = make_support(rules[way / 2], way % 2);
        support_spread_run(support);
        ck_assert_msg(seen.twice == 0, "way %d: %u of %u came twice", way, seen.twice, seen.came);
        ck_assert_uint_gt(seen.came, 10000);
        ck_assert_int_gt(support_spread_counter(support, "repair_useful"), 500);
        ck_assert_int_gt(support_spread_counter(support, "shreds_recovered"), 500);
        ck_assert_int_gt(support_spread_counter(support, "shreds_duplicate"), 500);
        /* What a set gave back and nobody passed on goes on when repair brings it. */
        int64_t forwarded = support_spread_counter(support, "repair_forwarded");
        int64_t useful = support_spread_counter(support, "repair_useful");
        if (way == 0)
            ck_assert_int_gt(forwarded, useful + 1000);
        if (way == 1)
            ck_assert(forwarded <= useful && forwarded > 500);
        support_spread_free(support);
    }
}
END_TEST

CHECK_MAIN("pass_once", nobody_passes_a_shred_on_twice)
