/* Goal: validators and spread are swapped by one word. Scenarios that were made for collective
 * validators keep all their promises with individual ones, whatever spreads their blocks, and all
 * that was begun ends; scenarios of individual validators and turbine are good ones with the words
 * collective, ideal and direct. Method: a table of scenarios, shortened and with a quiet end. */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "sim/diagnostics.h"
#include "sim/engine.h"
#include "sim/scenario.h"
#include "tests/check_main.h"

enum { SETS_MAX = 12 };

struct swap {
    const char *validators, *count, *spread;
};

static const struct swap swaps[] = {
    {"collective", "4", "ideal"},
    {"individual", "4", "ideal"},
    {"individual", "16", "direct"},
    {"individual", "7", "turbine"},
};
enum { SWAPS = sizeof swaps / sizeof swaps[0] };

struct row {
    const char *path;
    const char *sets[SETS_MAX];
};

static const struct row rows[] = {
    {"scenarios/hypercube/slow.json",
     {"duration=60s", "warmup=0s", "chain.shards=24", "workload.0.rate=60tx/s",
      "workload.0.until=20s", "chain.block_interval=1s"}},
    {"scenarios/hypercube/instant.json",
     {"duration=60s", "warmup=0s", "chain.shards=24", "workload.0.rate=60tx/s",
      "workload.0.until=20s", "chain.block_interval=1s"}},
    {"scenarios/hypercube/both.json",
     {"duration=60s", "warmup=0s", "chain.shards=24", "workload.0.rate=60tx/s",
      "workload.0.until=20s", "chain.block_interval=1s"}},
    {"scenarios/hypercube/fees_prepaid.json", {"duration=120s", "workload.0.until=40s"}},
    {"scenarios/hypercube/fees_deducted.json", {"duration=120s", "workload.0.until=40s"}},
    {"scenarios/hypercube/fees_masterchain.json", {"duration=120s", "workload.0.until=40s"}},
    {"scenarios/faults/partition.json",
     {"duration=600s", "workload.0.rate=10tx/s", "workload.0.until=300s"}},
    {"scenarios/faults/crash.json",
     {"duration=600s", "workload.0.rate=10tx/s", "workload.0.until=300s"}},
    {"scenarios/faults/loss.json",
     {"duration=600s", "workload.0.rate=10tx/s", "workload.0.until=300s"}},
    {"scenarios/faults/byzantine.json",
     {"duration=600s", "workload.0.rate=10tx/s", "workload.0.until=300s"}},
    {"scenarios/contracts/contracts_base.json",
     {"duration=60s", "warmup=0s", "workload.0.until=20s"}},
    {"scenarios/contracts/external_spam.json",
     {"duration=60s", "warmup=0s", "workload.0.until=10s", "workload.1.until=10s"}},
    {"scenarios/contracts/global_contract.json",
     {"duration=60s", "warmup=0s", "workload.0.until=20s"}},
    {"scenarios/contracts/log_messages.json",
     {"duration=60s", "warmup=0s", "workload.0.until=20s"}},
    {"scenarios/contracts/publish.json",
     {"duration=60s", "warmup=0s", "workload.0.until=20s", "workload.1.until=20s"}},
    /* Every fifth block is dropped. */
    {"scenarios/contracts/actors.json", {"duration=240s", "warmup=0s", "workload.0.until=60s"}},
};

/* Adds the words of a swap to a row's, and loads. */
static struct scenario *load(const struct row *row, const struct swap *swap)
{
    char words[3][64];
    const char *sets[SETS_MAX + 4] = {NULL};
    uint32_t count = 0;
    snprintf(words[0], sizeof words[0], "chain.validators.type=%s", swap->validators);
    snprintf(words[1], sizeof words[1], "chain.validators.count=%s", swap->count);
    snprintf(words[2], sizeof words[2], "spread.type=%s", swap->spread);
    for (; count < SETS_MAX && row->sets[count]; count++)
        sets[count] = row->sets[count];
    for (size_t i = 0; i < 3; i++)
        sets[count++] = words[i];
    const struct scenario_options options = {.sets = sets, .point = -1};
    struct diagnostics diagnostics = {0};
    struct scenario *scenario = NULL;
    int status = scenario_load(row->path, &options, &diagnostics, &scenario);
    if (status != 0)
        diagnostics_print(&diagnostics, stderr, 0, false);
    ck_assert_msg(status == 0, "%s with %s, %s is refused", row->path, words[0], words[2]);
    diagnostics_free(&diagnostics);
    return scenario;
}

static struct engine_result run(struct scenario *scenario, const struct row *row,
                                const struct swap *swap)
{
    const struct engine_options options = {0};
    struct diagnostics diagnostics = {0};
    struct engine_result result = {0};
    int status = engine_run(scenario, &options, &diagnostics, &result);
    if (status != 0)
        diagnostics_print(&diagnostics, stderr, 0, false);
    ck_assert_msg(status == 0, "%s with %s validators, %s does not run", row->path,
                  swap->validators, swap->spread);
    ck_assert_msg(result.status == ENGINE_OK, "%s with %s validators, %s: %s %s", row->path,
                  swap->validators, swap->spread, engine_status_names[result.status],
                  result.violation);
    diagnostics_free(&diagnostics);
    return result;
}

static void assert_violates(const struct row *row, const struct swap *swap, const char *property)
{
    const struct engine_options options = {0};
    struct diagnostics diagnostics = {0};
    struct engine_result result = {0};
    struct scenario *scenario = load(row, swap);
    ck_assert_int_eq(engine_run(scenario, &options, &diagnostics, &result), 0);
    ck_assert_int_eq(result.status, ENGINE_VIOLATION);
    ck_assert_msg(strstr(result.violation, property), "%s, %s: %s", row->path, swap->spread,
                  result.violation);
    diagnostics_free(&diagnostics);
    scenario_free(scenario);
}

static void assert_all_ends(const struct row *row, const struct swap *swap)
{
    struct scenario *scenario = load(row, swap);
    struct engine_result result = run(scenario, row, swap);
    int64_t submitted = engine_counter(&result, "workload", "tx_submitted");
    int64_t settled = engine_counter(&result, "workload", "tx_final") +
                      engine_counter(&result, "workload", "tx_failed");
    int64_t sent = engine_counter(&result, "messaging", "messages_sent");
    int64_t delivered = engine_counter(&result, "messaging", "messages_delivered");
    ck_assert_int_gt(submitted, 100);
    ck_assert_msg(submitted == settled, "%s, %s: %" PRId64 " of %" PRId64 " settled", row->path,
                  swap->spread, settled, submitted);
    ck_assert_msg(sent == delivered, "%s, %s: %" PRId64 " of %" PRId64 " delivered", row->path,
                  swap->spread, delivered, sent);
    ck_assert_int_eq(engine_counter(&result, "messaging", "queued"), 0);
    scenario_free(scenario);
}

START_TEST(scenarios_keep_their_promises_with_individual_validators)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        for (size_t j = 0; j < SWAPS; j++)
            assert_all_ends(&rows[i], &swaps[j]);
}
END_TEST

static const struct row of_validators[] = {
    {"scenarios/spread/turbine.json", {"duration=5s"}},
    {"scenarios/spread/direct.json", {"duration=5s"}},
    {"scenarios/swarm/validators.json", {"duration=20s"}},
    {"scenarios/swarm/turbine.json", {"duration=20s"}},
    {"scenarios/swarm/repair_proposal.json", {"duration=20s"}},
};

START_TEST(scenarios_of_validators_run_with_other_words)
{
    for (size_t i = 0; i < sizeof of_validators / sizeof of_validators[0]; i++)
        for (size_t j = 0; j < SWAPS; j++) {
            struct scenario *scenario = load(&of_validators[i], &swaps[j]);
            (void)run(scenario, &of_validators[i], &swaps[j]);
            scenario_free(scenario);
        }
}
END_TEST

/* The properties of repair scenarios, which are turbine's, are checked with other spreads, too:
 * they hold, and are seen to fail where blocks count as complete that are not there. SOL-2, SOL-3
 */
START_TEST(properties_of_turbine_are_those_of_all_spreads)
{
    static const char *const paths[] = {"scenarios/repair/lossy.json",
                                        "scenarios/repair/lost_shreds.json",
                                        "scenarios/repair/stake_gone.json"};
    static const struct swap spreads[] = {{"individual", "40", "ideal"},
                                          {"individual", "40", "direct"}};
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++)
        for (size_t j = 0; j < 2; j++) {
            struct row row = {paths[i], {NULL}};
            struct scenario *scenario = load(&row, &spreads[j]);
            (void)run(scenario, &row, &spreads[j]);
            scenario_free(scenario);
            row.sets[0] = "spread.break_rule=holes";
            assert_violates(&row, &spreads[j], "ledger_connected");
            row.sets[1] = "properties=[{\"type\":\"no_lost_shred\",\"within\":\"5s\"}]";
            assert_violates(&row, &spreads[j], "no_lost_shred");
        }
}
END_TEST

/* A thousand blocks: their headers first, then many of them at once, by the window. With a window
 * of one it is block by block, which takes too long. */
START_TEST(who_was_away_for_long_catches_up_by_direct_in_time)
{
    struct row row = {"scenarios/repair/absent.json", {NULL}};
    const struct swap direct = {"individual", "20", "direct"};
    struct scenario *scenario = load(&row, &direct);
    struct engine_result result = run(scenario, &row, &direct);
    ck_assert_int_ge(engine_counter(&result, "spread", "blocks_answered"), 850);
    scenario_free(scenario);
    row.sets[0] = "spread.window=1";
    assert_violates(&row, &direct, "no_lost_shred");
}
END_TEST

CHECK_MAIN("swaps", properties_of_turbine_are_those_of_all_spreads,
           who_was_away_for_long_catches_up_by_direct_in_time,
           scenarios_keep_their_promises_with_individual_validators,
           scenarios_of_validators_run_with_other_words)
