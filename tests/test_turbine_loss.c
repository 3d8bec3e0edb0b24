/* Goal: what loss leaves of erasure sets is what probability says. Method: long runs of the turbine
 * with a chain made by hand, against the binomial law: a set is whole for a member if at least 32
 * of its 64 shreds come down trees of their own, each over as many hops as the member's place in it
 * has; places are drawn evenly where stakes are even. Recovered shreds stay where they are, since
 * passing them on makes sets of a tree depend on each other. */

#include <gsl/gsl_randist.h>
#include <math.h>

#include "models/spread/repair_proposal.h"
#include "models/spread/turbine.h"
#include "models/spread/turbine_tree.h"
#include "tests/check_main.h"
#include "tests/support_spread.h"

/* How many sets were tried and whole, and the chance of each by the law. */
struct trial {
    double tried, whole, chance;
};

/* Who had all sets whole by turbine has the block, and, where nothing recovered is passed on,
 * nobody else but its leader: 32 shreds of a set are enough, and 31 are not. */
static void check_holders(const struct support_spread *support, bool pass_recovered)
{
    int64_t holders = 0, whole = support_spread_counter(support, "blocks_whole");
    for (uint64_t slot = 1; slot <= support->slots; slot++)
        for (uint32_t member = 0; member < support->members; member++)
            holders += support->blocks[slot].header.leader != member &&
                       support_spread_completed(support, member, slot) != 0;
    ck_assert_int_ge(holders, whole);
    ck_assert(pass_recovered || holders == whole);
}

static struct trial lose(uint32_t members, uint32_t fanout, double loss, uint64_t seed,
                         bool pass_recovered)
{
    struct support_spread *support = support_spread_new(&spread_turbine_model, members);
    struct trial outcome;
    double arrives = 0;
    support->config.fanout = fanout;
    support->config.repair.enabled = 0;
    support->config.pass_recovered = pass_recovered;
    support->scenario.seed = seed;
    support->scenario.network.loss = (int64_t)(loss * 1e12);
    support->block_bytes = 120000; /* four sets */
    support->slots = 200;
    support->interval_ns = 100000000;
    support->scenario.duration_ns = UINT64_C(25000000000);
    support->lag = 0;
    support_spread_run(support);
    check_holders(support, pass_recovered);
    for (uint32_t place = 0; place < members - 1; place++) {
        uint32_t hops = 1;
        for (uint32_t at = place; at != 0; at = turbine_parent_of(at, fanout))
            hops++;
        arrives += pow(1 - loss, hops) / (members - 1);
    }
    outcome.tried = (double)support_spread_counter(support, "sets_tried");
    outcome.whole = (double)support_spread_counter(support, "sets_whole");
    outcome.chance = 0;
    for (unsigned k = 32; k <= 64; k++)
        outcome.chance += gsl_ran_binomial_pdf(k, arrives, 64);
    support_spread_free(support);
    return outcome;
}

/* SOL-R2.13, SOL-R8.6: at two, three and four hops. Members of one tree share its losses; sets and
 * slots do not, so the standard deviation is taken as if the members of a set were one. */
START_TEST(sets_come_through_loss_as_the_binomial_law_has_it)
{
    static const struct {
        uint32_t members, fanout;
        double loss;
    } runs[] = {{21, 200, 0.15}, {21, 200, 0.27}, {21, 4, 0.15}, {21, 4, 0.2}, {40, 3, 0.15}};
    for (size_t i = 0; i < sizeof runs / sizeof runs[0]; i++) {
        struct trial o = lose(runs[i].members, runs[i].fanout, runs[i].loss, i + 1, false);
        double sets = o.tried / (runs[i].members - 1);
        double deviation = sqrt(o.chance * (1 - o.chance) / sets);
        ck_assert_double_gt(o.tried, 10000);
        ck_assert_msg(fabs(o.whole / o.tried - o.chance) <= 3 * deviation + 1e-3,
                      "run %zu: share %g, law %g", i, o.whole / o.tried, o.chance);
    }
}
END_TEST

/* SOL-R8.8: who passes recovered shreds on saves sets below it. */
START_TEST(passing_recovered_shreds_on_saves_sets)
{
    struct trial kept = lose(40, 3, 0.2, 7, false), passed = lose(40, 3, 0.2, 7, true);
    ck_assert_double_gt(passed.whole / passed.tried, kept.whole / kept.tried + 0.05);
}
END_TEST

/* What repair brings does not count as come by turbine. A copy of it by the tree goes no further
 * (SOL-R8.8), so that it can only take sets away from those below. */
START_TEST(shreds_by_repair_make_no_set_whole_by_turbine)
{
    int64_t whole[2];
    for (int repaired = 0; repaired < 2; repaired++) {
        struct support_spread *support = support_spread_new(&spread_turbine_model, 21);
        support->config.repair.enabled = repaired;
        support->config.repair.rules = REPAIR_RULES_DEPLOYED;
        support->config.repair.defer_ns = 0;
        support->config.pass_recovered = 0;
        support->scenario.network.loss = INT64_C(300000000000); /* 30 % */
        support->block_bytes = 120000;
        support->slots = 20;
        support->lag = 0;
        support->scenario.duration_ns = UINT64_C(15000000000);
        support_spread_run(support);
        if (repaired)
            ck_assert_int_gt(support_spread_counter(support, "repair_useful"), 1000);
        whole[repaired] = support_spread_counter(support, "sets_whole");
        support_spread_free(support);
    }
    ck_assert_int_gt(whole[0], 100);
    ck_assert_int_le(whole[1], whole[0]);
    ck_assert_int_gt(whole[1], whole[0] * 9 / 10);
}
END_TEST

CHECK_MAIN("turbine_loss", sets_come_through_loss_as_the_binomial_law_has_it,
           passing_recovered_shreds_on_saves_sets, shreds_by_repair_make_no_set_whole_by_turbine)
