/* Goal: one word, chain.validators.type, swaps collective and individual validators under any
 * stack: the same transactions come to their end, all properties hold, and a run stays a pure
 * function of its seed, whatever the queue and the order of groups. Method: scenario files as they
 * are, with that word changed and the load ended early; every combination of spread and messaging.
 */

#include <stdio.h>
#include <unistd.h>

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

/* TON-R15: with individual validators, too, no content before the block before it is registered:
 * the chain asserts it as it fills one. */
START_TEST(content_waits_for_the_masterchain)
{
    const char *sets[SETS_MAX] = {"chain.validators.type=individual",
                                  "chain.visibility=masterchain",
                                  "chain.ahead_max=1",
                                  "chain.masterchain.block_interval=7s",
                                  "duration=200s",
                                  "warmup=1s",
                                  "workload.0.until=20s",
                                  NULL};
    struct engine_result result = run_plain("scenarios/hypercube/both.json", sets);
    int64_t submitted = engine_counter(&result, "atomic", "atomic_submitted");
    ck_assert_int_gt(submitted, 100);
    ck_assert_int_eq(engine_counter(&result, "atomic", "atomic_settled"), submitted);
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

/* Loads a scenario whose stakes are in a file; 0 with the first diagnostic's code if it is refused.
 */
static uint64_t hash_with_stakes(const char *path, const char *sha256, char *ret_code)
{
    char set[256];
    snprintf(set, sizeof set,
             "chain.validators={\"type\": \"individual\", \"count\": 2, \"stake\": "
             "{\"type\": \"file\", \"path\": \"%s\"%s%s%s}}",
             path, sha256 ? ", \"sha256\": \"" : "", sha256 ? sha256 : "", sha256 ? "\"" : "");
    const char *sets[] = {set, NULL};
    const struct scenario_options options = {.sets = sets, .point = -1};
    struct diagnostics diagnostics = {0};
    struct scenario *scenario = NULL;
    uint64_t hash = 0;
    *ret_code = '\0';
    if (scenario_load("scenarios/hypercube/both.json", &options, &diagnostics, &scenario) == 0)
        hash = scenario->config_hash;
    else
        snprintf(ret_code, 8, "%s", diagnostics.list[0].code);
    scenario_free(scenario);
    diagnostics_free(&diagnostics);
    return hash;
}

START_TEST(a_file_of_stakes_is_part_of_the_config_and_can_be_held_to_its_hash)
{
    char path[] = "/tmp/shardsim-stakes-XXXXXX", code[8];
    int file = mkstemp(path);
    ck_assert_int_ge(file, 0);
    ck_assert_int_eq(write(file, "3\n4\n", 4), 4);
    uint64_t before = hash_with_stakes(path, NULL, code);
    ck_assert_uint_ne(before, 0);
    ck_assert_uint_ne(
        hash_with_stakes(path, "db1a0c68d13b89c0d5b6cb2ba1f4dd59ddc4ad2a1f4f23a3f55d0a2e1e6d7f00",
                         code),
        before);
    ck_assert_str_eq(code, "E506");
    ck_assert_int_eq(pwrite(file, "5", 1, 0), 1);
    ck_assert_uint_ne(hash_with_stakes(path, NULL, code), before);
    ck_assert_str_eq(code, "");
    close(file);
    unlink(path);
}
END_TEST

/* SOL-R1: what a block holds is what 32,768 data shreds hold. Votes that find no room wait. */
START_TEST(more_votes_than_a_block_has_room_for_go_into_later_blocks)
{
    const char *sets[SETS_MAX] = {"spread.type=ideal",
                                  "properties=[\"one_block_per_slot_final\"]",
                                  "chain.validators.count=600",
                                  "chain.validators.vote_bytes=65535B",
                                  "duration=5s",
                                  NULL};
    struct engine_result result = run_plain("scenarios/repair/repair_base.json", sets);
    int64_t blocks = engine_counter(&result, "chain", "blocks_final");
    int64_t bytes = engine_counter(&result, "chain", "block_bytes");
    ck_assert_int_gt(blocks, 4);
    ck_assert_int_le(bytes, blocks * (30 << 20));
    ck_assert_int_gt(bytes, blocks * (20 << 20)); /* 600 of them are 37 MiB */
}
END_TEST

CHECK_MAIN("validator_swap", one_word_swaps_validators_and_no_transaction_is_lost,
           content_waits_for_the_masterchain,
           collective_validators_ignore_what_concerns_individual_ones,
           every_spread_and_messaging_go_with_individual_validators,
           a_file_of_stakes_is_part_of_the_config_and_can_be_held_to_its_hash,
           more_votes_than_a_block_has_room_for_go_into_later_blocks)
