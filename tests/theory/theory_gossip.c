/* Goal: gossip of completed slots reaches as many validators as theory says (SOL-4, SOL-R7.5).
 * Method: the gossip of the turbine under the real engine, on links that lose packets
 * independently, without pulls: each validator that hears of a value passes it on once, to `fanout`
 * others, all alike. Now and then another validator completes a slot that nobody else has; at the
 * end everybody's marks are counted.
 *
 * One-shot push gossip with fanout f and loss p reaches s = 1 - exp(-f (1 - p) s) of many, given
 * that it takes off; it dies out early with q = (p + (1 - p) q)^f. The fraction of one run has a
 * standard deviation of 0.33 / sqrt(n) at most in these rows; peers are n - 1 different ones, which
 * makes less than 2 / n. */

#include <math.h>
#include <stdio.h>

#include "models/spread/slot_gossip.h"
#include "models/spread/turbine.h"
#include "models/spread/turbine_parts.h"
#include "tests/support_spread.h"
#include "tests/theory/theory_table.h"

#define MS UINT64_C(1000000)
#define SECOND UINT64_C(1000000000)

enum { RUNS = 100, COOKIE_COMPLETE = 1000, STRIDE = 37 };

static struct model gossiping;
static uint32_t reached[RUNS]; /* validators that heard of a slot */

/* Slot 1 + run is complete for one validator, another one each time. */
static void start(void *state, struct context *context)
{
    const struct turbine *turbine = state;
    spread_turbine_model.start(state, context);
    for (uint32_t run = 0; run < RUNS; run++) {
        const struct turbine_chain *chain = &turbine->chains[0];
        uint32_t node = chain->members[(uint64_t)run * STRIDE % chain->member_count].node;
        context_as(context, node);
        context_timer(context, node, LAYER_SPREAD, TURBINE_TIMER_GOSSIP, chain->chain,
                      (1 + run) * SECOND, COOKIE_COMPLETE + run);
    }
}

static void on_timer(void *state, struct context *context, uint8_t kind, uint32_t chain,
                     uint64_t cookie)
{
    const struct turbine *turbine = state;
    if (kind == TURBINE_TIMER_GOSSIP && cookie >= COOKIE_COMPLETE)
        slot_gossip_completed(turbine->places[context->self].member, context,
                              1 + cookie - COOKIE_COMPLETE);
    else
        spread_turbine_model.on_timer(state, context, kind, chain, cookie);
}

static void count_reached(struct support_spread *support, struct context *context)
{
    const struct turbine *turbine = support->stack->spread.self;
    (void)context;
    for (uint32_t run = 0; run < RUNS; run++) {
        reached[run] = 0;
        for (uint32_t i = 0; i < support->members; i++)
            reached[run] += cluster_slots_row(slot_gossip_slots(&turbine->chains[0].members[i]),
                                              1 + run) != NULL;
    }
}

static void run(uint32_t validators, int64_t fanout, double loss, uint64_t seed)
{
    gossiping = spread_turbine_model;
    gossiping.start = start;
    gossiping.on_timer = on_timer;
    struct support_spread *support = support_spread_new(&gossiping, validators);
    support->scenario.seed = seed;
    support->scenario.network.loss = (int64_t)(loss * 1e12 + 0.5);
    support->scenario.duration_ns = (RUNS + 2) * SECOND;
    support->slots = 0;
    support->skip_every = 1; /* no blocks */
    support->lag = 0;
    support->config.gossip.fanout = fanout;
    support->config.gossip.interval_ns = (int64_t)(10 * MS);
    support->config.gossip.pull_ns = 0;
    support->config.gossip.form = SPREAD_FORM_RECORDS;
    support->at_end = count_reached;
    support_spread_run(support);
    support_spread_free(support);
}

static double final_fraction(double reach)
{
    double s = 1;
    for (unsigned i = 0; i < 1000; i++)
        s = 1 - exp(-reach * s);
    return s;
}

static double extinction(double fanout, double loss)
{
    double q = 0;
    for (unsigned i = 0; i < 1000; i++)
        q = pow(loss + (1 - loss) * q, fanout);
    return q;
}

/* RUNS completed slots for each of so many seeds. */
static void rows(uint32_t validators, unsigned seeds)
{
    static const struct {
        int64_t fanout;
        double loss;
    } of[] = {{2, 0}, {3, 0}, {4, 0}, {3, 0.1}, {4, 0.2}, {2, 0.25}};
    for (unsigned i = 0; i < sizeof of / sizeof of[0]; i++) {
        double sum = 0, n = validators;
        uint32_t off = 0, runs = seeds * RUNS;
        for (unsigned seed = 0; seed < seeds; seed++) {
            run(validators, of[i].fanout, of[i].loss, 81 + i + 100 * seed);
            for (uint32_t k = 0; k < RUNS; k++) {
                bool taken_off = reached[k] > validators / 10;
                off += taken_off;
                sum += taken_off ? reached[k] / n : 0;
            }
        }
        double expected = final_fraction((double)of[i].fanout * (1 - of[i].loss));
        theory_near(sum / off, expected, 3.290527 * 0.33 / sqrt(n * off) + 2 / n,
                    "fanout %d, loss %.0f %%: reached", (int)of[i].fanout, of[i].loss * 100);
        theory_fraction(runs - off, runs, extinction((double)of[i].fanout, of[i].loss),
                        "fanout %d, loss %.0f %%: dies out", (int)of[i].fanout, of[i].loss * 100);
    }
}

START_TEST(a_push_reaches_what_theory_says)
{
    theory_begin("gossip of completed slots, 2,000 validators: s = 1 - exp(-f (1 - p) s)");
    rows(2000, 2);
    theory_end();
}
END_TEST

START_TEST(a_push_to_more_comes_nearer)
{
    theory_begin("gossip of completed slots, 4,000 validators: s = 1 - exp(-f (1 - p) s)");
    rows(4000, 8);
    theory_end();
}
END_TEST

int main(int argument_count, char **arguments)
{
    const TTest *const fast[] = {a_push_reaches_what_theory_says, NULL};
    const TTest *const nightly[] = {a_push_to_more_comes_nearer, NULL};
    return theory_main("theory_gossip", argument_count, arguments, fast, nightly);
}
