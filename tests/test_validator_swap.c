/* Goal: one word, chain.validators.type, swaps collective and individual validators under any
 * stack: the same transactions come to their end, all properties hold, and a run stays a pure
 * function of its seed, whatever the queue and the order of groups. Method: scenario files as they
 * are, with that word changed and the load ended early; every combination of spread and messaging.
 */

#include <stdio.h>

#include "sim/diagnostics.h"
#include "sim/engine.h"
#include "sim/queue.h"
#include "sim/scenario.h"
#include "tests/check_main.h"

enum { SETS_MAX = 12 };

static struct engine_result run(const char *file, const char *const *sets,
                                const struct engine_options *options)
{
    const struct scenario_options scenario_options = {.sets = sets, .point = -1};
    struct diagnostics diagnostics = {0};
    struct scenario *scenario = NULL;
    struct engine_result result = {0};
    int status = scenario_load(file, &scenario_options, &diagnostics, &scenario);
    if (status == 0)
        status = engine_run(scenario, options, &diagnostics, &result);
    if (status != 0)
        diagnostics_print(&diagnostics, stderr, 0, false);
    ck_assert_msg(status == 0, "%s does not run", file);
    ck_assert_msg(result.status == ENGINE_OK, "%s: %s", file, result.violation);
    scenario_free(scenario);
    diagnostics_free(&diagnostics);
    return result;
}

static struct engine_result run_plain(const char *file, const char *const *sets)
{
    const struct engine_options options = {0};
    return run(file, sets, &options);
}

START_TEST(one_word_swaps_validators_and_no_transaction_is_lost)
{
    static const char *const files[] = {
        "scenarios/hypercube/both.json",      "scenarios/hypercube/slow.json",
        "scenarios/hypercube/deployed.json",  "scenarios/hypercube/fees_prepaid.json",
        "scenarios/contracts/actors.json",    "scenarios/contracts/global_contract.json",
        "scenarios/faults/sixteen.json",      "scenarios/swarm/workchains.json",
        "scenarios/instant/sender_order.json"};
    const char *sets[SETS_MAX] = {"chain.validators.type=collective", "duration=100s", "warmup=1s",
                                  "workload.0.until=20s", NULL};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        int64_t submitted[2], settled[2], votes[2];
        for (int word = 0; word < 2; word++) {
            sets[0] =
                word ? "chain.validators.type=individual" : "chain.validators.type=collective";
            /* Counters are those of the last run. */
            struct engine_result result = run_plain(files[i], sets);
            submitted[word] = engine_counter(&result, "atomic", "atomic_submitted");
            settled[word] = engine_counter(&result, "atomic", "atomic_settled");
            votes[word] = engine_counter(&result, "chain", "votes_sent");
        }
        ck_assert_int_gt(submitted[0], 100);
        ck_assert_int_eq(submitted[1], submitted[0]);
        ck_assert_int_eq(settled[0], submitted[0]);
        ck_assert_int_eq(settled[1], submitted[0]);
        ck_assert_int_eq(votes[0], 0);
        ck_assert_int_gt(votes[1], 0);
    }
}
END_TEST

/* All that a scenario may say about validators stands there when the word is changed back. */
START_TEST(collective_validators_ignore_what_concerns_individual_ones)
{
    const char *few[SETS_MAX] = {"duration=30s", "warmup=1s", "chain.shards=16", NULL};
    const char *all[SETS_MAX] = {"duration=30s",
                                 "warmup=1s",
                                 "chain.shards=16",
                                 "chain.validators.count=9",
                                 "chain.validators.stake={\"type\": \"zipf\"}",
                                 "chain.validators.epoch_slots=64",
                                 "chain.validators.votes=all",
                                 "chain.validators.clock_skew=10ms",
                                 "chain.validators.empty_blocks=true",
                                 NULL};
    struct engine_result a = run_plain("scenarios/hypercube/both.json", few);
    struct engine_result b = run_plain("scenarios/hypercube/both.json", all);
    ck_assert_mem_eq(a.result_hash, b.result_hash, sizeof a.result_hash);
}
END_TEST

START_TEST(every_spread_and_messaging_go_with_individual_validators)
{
    static const char *const spreads[] = {"spread.type=ideal", "spread.type=direct",
                                          "spread.type=turbine"};
    static const char *const messagings[] = {"messaging={\"type\": \"hypercube\"}",
                                             "messaging={\"type\": \"local\"}"};
    for (size_t i = 0; i < 3; i++)
        for (size_t j = 0; j < 2; j++) {
            const char *sets[SETS_MAX] = {"chain.validators.type=individual",
                                          "chain.validators.count=6",
                                          spreads[i],
                                          messagings[j],
                                          "chain.shards=4",
                                          "chain.block_interval=400ms",
                                          "duration=20s",
                                          "warmup=1s",
                                          "workload.0.until=8s",
                                          "workload.0.rate=40tx/s",
                                          NULL};
            struct engine_options options = {0};
            struct engine_result first = run("scenarios/hypercube/both.json", sets, &options);
            int64_t submitted = engine_counter(&first, "atomic", "atomic_submitted");
            ck_assert_int_gt(submitted, 200);
            ck_assert_int_eq(engine_counter(&first, "atomic", "atomic_settled"), submitted);
            for (uint64_t order = 1; order <= 2; order++) {
                options.group_order = order;
                struct engine_result other = run("scenarios/hypercube/both.json", sets, &options);
                ck_assert_mem_eq(first.result_hash, other.result_hash, sizeof first.result_hash);
            }
            options = (struct engine_options){.queue = &queue_heap};
            struct engine_result heap = run("scenarios/hypercube/both.json", sets, &options);
            ck_assert_mem_eq(first.result_hash, heap.result_hash, sizeof first.result_hash);
        }
}
END_TEST

CHECK_MAIN("validator_swap", one_word_swaps_validators_and_no_transaction_is_lost,
           collective_validators_ignore_what_concerns_individual_ones,
           every_spread_and_messaging_go_with_individual_validators)
