/* Goal: the latency of a message on a quiet network equals its closed form to the nanosecond, on
 * the slow and the instant path, for 0 to 3 links (TON-37: each intermediate shard must commit it;
 * TON-38: the instant path needs the next block of the destination only). Method: one transfer a
 * run, from a trace, through the scenario reader, engine, stack and database; the closed form of
 * models/messaging/README.md, written again in one_message.c without the chain layer's code. */

#include <stdio.h>

#include "tests/theory/one_message.h"
#include "tests/theory/theory_run.h"
#include "tests/theory/theory_table.h"

#define MS UINT64_C(1000000)
#define SECOND UINT64_C(1000000000)

/* Networks and chains: usual ones; an arrival at the very instant of a slot, which is too late for
 * it; serialisation over several slots; nothing that divides anything; consensus over an interval.
 */
static const struct one_message networks[] = {
    {.interval_ns = 5 * SECOND,
     .consensus_ns = 500 * MS,
     .latency_ns = 40 * MS,
     .master_ns = 5 * SECOND,
     .bit_per_s = 100000000,
     .bytes = 512,
     .submit_ns = 3 * SECOND},
    {.interval_ns = SECOND,
     .consensus_ns = 600 * MS,
     .latency_ns = 400 * MS,
     .master_ns = SECOND,
     .bytes = 1,
     .submit_ns = 600 * MS},
    {.interval_ns = 300 * MS,
     .consensus_ns = 0,
     .latency_ns = 1000,
     .master_ns = 700 * MS,
     .bit_per_s = 1000000,
     .bytes = 100000,
     .submit_ns = 17},
    {.interval_ns = 999999937,
     .consensus_ns = 1700000011,
     .latency_ns = 333333333,
     .master_ns = 2718281828,
     .bit_per_s = 1234567,
     .bytes = 777,
     .submit_ns = 1234567891},
    {.interval_ns = 2400 * MS,
     .consensus_ns = 100 * MS,
     .latency_ns = 1,
     .master_ns = 7 * SECOND,
     .bit_per_s = 300,
     .bytes = 9,
     .submit_ns = 0},
};
enum { NETWORKS = sizeof networks / sizeof networks[0] };

/* Even trees in which up to three digits differ, the last one cut where depth is no multiple. */
static const unsigned trees[][2] = {{3, 1}, {6, 2}, {8, 3}, {12, 4}, {9, 4}, {10, 4}};
enum { TREES = sizeof trees / sizeof trees[0], LINKS_MAX = 3 };

/* Two shards that differ in so many digits: all bits of the last ones. */
static void place(struct one_message *one, unsigned tree, unsigned links)
{
    one->depth = trees[tree][0];
    one->digit_bits = trees[tree][1];
    uint32_t all = (UINT32_C(1) << one->depth) - 1;
    uint32_t differing = 0;
    if (links > 0) /* a tree may be less than three whole digits deep */
        differing = all >> (LINKS_MAX - links) * one->digit_bits;
    one->from = UINT32_C(0x5a5) & all;
    one->to = one->from ^ differing;
}

static const char *const clock_names[] = {"aligned", "periodic", "on_demand"};

/* One row; counts in *differing the runs whose other times or hops are not as computed. */
static void row(const struct one_message *one, uint64_t *differing)
{
    struct one_times run = one_message_run(one), expected = one_message_expected(one);
    *differing += run.created_ns != expected.created_ns ||
                  run.committed_ns != expected.committed_ns || run.hops != expected.hops ||
                  run.delivered_ns != expected.delivered_ns;
    theory_exact(run.tx_final_ns - one->submit_ns, expected.tx_final_ns - one->submit_ns,
                 "%s%s T=%lluns r=2^%u N=%u links=%llu", clock_names[one->clock],
                 one->by_masterchain ? ", by masterchain" : "",
                 (unsigned long long)one->interval_ns, one->digit_bits, 1U << one->depth,
                 (unsigned long long)expected.hops);
}

/* TON-31, 37, 45, TON-R16 with visibility by the masterchain. */
START_TEST(the_slow_path_takes_its_closed_form)
{
    uint64_t differing = 0, number = 0;
    theory_begin("latency of one transfer, slow path, submit to final, ns");
    for (unsigned clock = ONE_ALIGNED; clock <= ONE_ON_DEMAND; clock++)
        for (unsigned network = 0; network < NETWORKS; network++)
            for (int by_masterchain = 0; by_masterchain <= 1; by_masterchain++)
                for (unsigned links = 0; links <= LINKS_MAX; links++) {
                    struct one_message one = networks[network];
                    one.clock = (enum one_clock)clock;
                    one.path = ONE_SLOW;
                    one.by_masterchain = by_masterchain;
                    one.seed = ++number;
                    place(&one, (unsigned)(number / 3 % TREES), links);
                    row(&one, &differing);
                }
    theory_exact(differing, 0, "rows whose slot, commit time or hops differ");
    theory_end();
}
END_TEST

/* TON-38, 39: one flight and the next block, whatever lies between. TON-R51: with visibility by the
 * masterchain, not before that registers the proof's block; TON-40: at once, where it need not. */
START_TEST(the_instant_path_takes_the_next_block)
{
    uint64_t differing = 0, number = 1000;
    theory_begin("latency of one transfer, instant path, submit to final, ns");
    for (unsigned clock = ONE_ALIGNED; clock <= ONE_ON_DEMAND; clock++)
        for (unsigned network = 0; network < NETWORKS; network++)
            for (int mode = 0; mode <= 2; mode++)
                for (unsigned links = 0; links <= LINKS_MAX; links++) {
                    struct one_message one = networks[network];
                    one.clock = (enum one_clock)clock;
                    one.path = ONE_INSTANT;
                    one.by_masterchain = mode > 0;
                    one.accept_newer = mode == 2;
                    one.seed = ++number;
                    place(&one, (unsigned)(number / 3 % TREES), links);
                    row(&one, &differing);
                }
    theory_exact(differing, 0, "rows whose slot, commit time or hops differ");
    theory_end();
}
END_TEST

/* TON-44: both in parallel; the earlier one delivers, so the latency is that of the proof. */
START_TEST(both_paths_together_take_the_time_of_the_instant_one)
{
    uint64_t number = 2000;
    theory_begin("latency of one transfer, both paths, submit to final, ns");
    for (unsigned clock = ONE_ALIGNED; clock <= ONE_ON_DEMAND; clock++)
        for (unsigned links = 1; links <= LINKS_MAX; links++) {
            struct one_message one = networks[number % NETWORKS];
            one.clock = (enum one_clock)clock;
            one.path = ONE_BOTH;
            one.seed = ++number;
            place(&one, (unsigned)(number % TREES), links);
            theory_exact(one_message_run(&one).tx_final_ns, one_message_expected(&one).tx_final_ns,
                         "%s links=%u", clock_names[clock], links);
        }
    theory_end();
}
END_TEST

/* All messages of a shipped scenario with hops links took exactly `expected`. Returns how many. */
static uint64_t every_message(const char *path, const char *name, unsigned hops, uint64_t expected)
{
    char sql[200];
    int64_t row_of[3];
    snprintf(sql, sizeof sql,
             "SELECT count(*), min(delivered_ns - created_ns), max(delivered_ns - created_ns)"
             " FROM message WHERE hops = %u",
             hops);
    theory_query(path, sql, 3, row_of);
    theory_exact((uint64_t)row_of[1], expected, "%s: shortest of %u links", name, hops);
    theory_exact((uint64_t)row_of[2], expected, "%s: longest of %u links", name, hops);
    return (uint64_t)row_of[0];
}

/* TON-37 says "about 5 seconds" a link with blocks of 5 s; with the wait for the masterchain two
 * blocks (TON-R16). Destinations are uniform, so the hops are binomial, the own shard left out. */
START_TEST(the_shipped_scenario_takes_its_closed_form)
{
    static const char file[] = "scenarios/theory/quiet.json";
    static const double ways[] = {0, 45, 675, 3375}; /* of 4095 other shards */
    char folder[THEORY_FOLDER_BYTES], path[THEORY_PATH_BYTES];
    uint64_t count[LINKS_MAX + 1], all = 0;
    theory_folder(folder);
    snprintf(path, sizeof path, "%s/quiet.db", folder);
    theory_begin("scenarios/theory/quiet.json: slot to delivery of every message, ns");
    theory_run_file(file, NULL, path);
    for (unsigned hops = 1; hops <= LINKS_MAX; hops++)
        all += count[hops] = every_message(path, "slow", hops, 500 * MS + hops * 5 * SECOND);
    for (unsigned hops = 1; hops <= LINKS_MAX; hops++)
        theory_fraction(count[hops], all, ways[hops] / 4095, "slow: share of %u links", hops);
    theory_run_file(file, "chain.visibility=masterchain", path);
    for (unsigned hops = 1; hops <= LINKS_MAX; hops++)
        every_message(path, "by masterchain", hops, 500 * MS + hops * 10 * SECOND);
    theory_run_file(file, "messaging.path=instant", path);
    theory_exact(every_message(path, "instant", 1, 5500 * MS), all, "instant: messages");
    theory_folder_remove(folder);
    theory_end();
}
END_TEST

int main(int argument_count, char **arguments)
{
    const TTest *const fast[] = {the_slow_path_takes_its_closed_form,
                                 the_instant_path_takes_the_next_block,
                                 both_paths_together_take_the_time_of_the_instant_one,
                                 the_shipped_scenario_takes_its_closed_form, NULL};
    const TTest *const nightly[] = {NULL};
    return theory_main("theory_latency", argument_count, arguments, fast, nightly);
}
