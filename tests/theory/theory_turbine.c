/* Goal: blocks that validators spread by turbine arrive whole as often as theory says (SOL-R8.5,
 * SOL-R8.8, SOL-R9, SOL-R2.13). Method: the turbine under the real engine, on links that lose
 * packets independently, and its counters sets_tried and sets_whole.
 *
 * Two validators: every shred crosses one link, so a set is whole with P(Bin(64, 1 - p) >= 32).
 * Where recovered shreds stay, each shred of a set finds its own way, over 1 to 3 links: the same
 * with the mean of (1 - p)^links. Where they are passed on, as deployed, three validators of the
 * same stake help each other: a shred goes to one of two, each with 1/2, and from there to the
 * other. With S shreds that go to B first and 64 - S to C, X of the S and Z of the rest arriving
 * there, and a = 1 - p: B is whole at once if X + Bin(Z, a) >= 32, and if it is, C gets Bin(S, a)
 * of B's shreds in all; the same with B and C exchanged. Summed over S, X and Z below. */

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_randist.h>
#include <math.h>
#include <stdio.h>

#include "models/spread/turbine.h"
#include "models/spread/turbine_tree.h"
#include "tests/support_spread.h"
#include "tests/theory/theory_table.h"

enum { SHREDS = 64, NEEDED = 32, SLOTS = 1000, SETS = 8, BLOCK_BYTES = 240000 };

struct tried {
    uint64_t sets, whole, blocks, blocks_whole;
};

/* One block of 8 full sets in each slot. Repair is off, since what it brings to one validator helps
 * others through turbine. */
static struct tried run(uint32_t validators, int64_t fanout, double loss, bool pass_recovered,
                        uint64_t seed)
{
    struct support_spread *support = support_spread_new(&spread_turbine_model, validators);
    support->scenario.seed = seed;
    support->scenario.network.loss = (int64_t)(loss * 1e12 + 0.5);
    support->scenario.duration_ns = (SLOTS + 4) * support->interval_ns;
    support->slots = SLOTS;
    support->block_bytes = BLOCK_BYTES;
    support->config.repair.enabled = 0;
    support->config.fanout = fanout;
    support->config.pass_recovered = pass_recovered;
    support->lag = 0; /* no slot is ever final, so that none is refused for its parent */
    support_spread_run(support);
    struct tried tried = {.sets = (uint64_t)support_spread_counter(support, "sets_tried"),
                          .whole = (uint64_t)support_spread_counter(support, "sets_whole"),
                          .blocks = (uint64_t)support_spread_counter(support, "blocks_tried"),
                          .blocks_whole =
                              (uint64_t)support_spread_counter(support, "blocks_whole")};
    support_spread_free(support);
    return tried;
}

static double whole_by_one_link(double loss)
{
    return gsl_cdf_binomial_Q(NEEDED - 1, 1 - loss, SHREDS);
}

START_TEST(two_validators_are_one_link_apart)
{
    static const struct {
        const char *text;
        double loss;
    } rows[] = {{"42%", 0.42}, {"48%", 0.48}, {"52%", 0.52}};
    theory_begin("sets of 32:32 through turbine, one link, whole with P(Bin(64, 1 - p) >= 32)");
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct tried tried = run(2, TURBINE_FANOUT_DEPLOYED, rows[i].loss, true, 51 + i);
        double exact = whole_by_one_link(rows[i].loss);
        theory_exact(tried.sets, SETS * SLOTS, "loss %s: sets tried", rows[i].text);
        theory_fraction(tried.whole, tried.sets, exact, "loss %s: sets whole", rows[i].text);
        theory_fraction(tried.blocks_whole, tried.blocks, pow(exact, SETS),
                        "loss %s: blocks of 8 sets", rows[i].text);
    }
    theory_end();
}
END_TEST

/* P(at least `least` of n arrive); least may be at or below 0. */
static double at_least(int least, double share, int n)
{
    return least <= 0  ? 1
           : least > n ? 0
                       : gsl_cdf_binomial_Q((unsigned)least - 1, share, (unsigned)n);
}

struct pair { /* probabilities of one set */
    double both, one;
};

static struct pair pair_of(double loss)
{
    struct pair pair = {0, 0};
    double a = 1 - loss;
    for (int s = 0; s <= SHREDS; s++)
        for (int x = 0; x <= s; x++)
            for (int z = 0; z <= SHREDS - s; z++) {
                double weight = gsl_ran_binomial_pdf((unsigned)s, 0.5, SHREDS) *
                                gsl_ran_binomial_pdf((unsigned)x, a, (unsigned)s) *
                                gsl_ran_binomial_pdf((unsigned)z, a, (unsigned)(SHREDS - s));
                double b = at_least(NEEDED - x, a, z), c = at_least(NEEDED - z, a, x);
                double c_late = at_least(NEEDED - z, a, s);
                double b_late = at_least(NEEDED - x, a, SHREDS - s);
                pair.both += weight * (b * c_late + c * (b_late - b));
                pair.one += weight * (b * (1 - c_late) + c * (1 - b_late));
            }
    return pair;
}

START_TEST(three_validators_help_each_other)
{
    static const struct {
        const char *text;
        double loss;
    } rows[] = {{"25%", 0.25}, {"35%", 0.35}, {"42%", 0.42}};
    theory_begin("sets of 32:32 through turbine, three validators, recovered shreds passed on");
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct tried tried = run(3, TURBINE_FANOUT_DEPLOYED, rows[i].loss, true, 61 + i);
        struct pair pair = pair_of(rows[i].loss);
        theory_exact(tried.sets, 2 * SETS * SLOTS, "loss %s: sets tried", rows[i].text);
        double sets = (double)tried.sets / 2, mean = pair.both + pair.one / 2;
        double square = pair.both + pair.one / 4;
        double tolerance = 3.290527 * sqrt((square - mean * mean) / sets);
        theory_near((double)tried.whole / (double)tried.sets, mean, tolerance,
                    "loss %s: sets whole at either, of %.0f", rows[i].text, sets);
    }
    theory_end();
}
END_TEST

/* Recovered shreds stay where they are, so those of a validator find their ways independently. With
 * n validators of the same stake and a fanout of 1 a tree is a line: of the shreds of a set every
 * one stands 1 to n - 1 links behind the leader, with the same chance. Validators share links, so
 * that only sets count as independent trials. */
START_TEST(shreds_in_lines_come_as_the_binomial_says)
{
    static const struct {
        uint32_t validators;
        int64_t fanout;
        double loss, links[3];
    } rows[] = {{3, 200, 0.25, {0.5, 0.5, 0}},
                {3, 200, 0.35, {0.5, 0.5, 0}},
                {4, 1, 0.15, {1.0 / 3, 1.0 / 3, 1.0 / 3}},
                {4, 1, 0.25, {1.0 / 3, 1.0 / 3, 1.0 / 3}},
                {4, 200, 0.3, {1.0 / 3, 2.0 / 3, 0}}};
    theory_begin("sets of 32:32 through turbine, recovered shreds stay: P(Bin(64, q) >= 32)");
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct tried tried = run(rows[i].validators, rows[i].fanout, rows[i].loss, false, 71 + i);
        double q = 0;
        for (int links = 1; links <= 3; links++)
            q += rows[i].links[links - 1] * pow(1 - rows[i].loss, links);
        double exact = at_least(NEEDED, q, SHREDS), sets = SETS * SLOTS;
        theory_near((double)tried.whole / (double)tried.sets, exact,
                    3.290527 * sqrt(exact * (1 - exact) / sets),
                    "%u validators, fanout %d, loss %.0f %%: sets whole", rows[i].validators,
                    (int)rows[i].fanout, rows[i].loss * 100);
    }
    theory_end();
}
END_TEST

int main(int argument_count, char **arguments)
{
    const TTest *const fast[] = {two_validators_are_one_link_apart,
                                 three_validators_help_each_other,
                                 shreds_in_lines_come_as_the_binomial_says, NULL};
    const TTest *const nightly[] = {NULL};
    return theory_main("theory_turbine", argument_count, arguments, fast, nightly);
}
