/* Goal: the section "chain" as users write it, under the ideal stack: every clock and every fault
 * runs with all properties held, and mistakes are named at their place. Method: scenario texts
 * through the real reader and engine; fixed seeds. */

#include <stdio.h>
#include <string.h>

#include "sim/diagnostics.h"
#include "sim/engine.h"
#include "sim/scenario.h"
#include "tests/check_main.h"

static const char base[] =
    "{\"version\": 1, \"duration\": \"60s\", \"seed\": 7,\n"
    " \"chain\": {\"shards\": 16, \"block_interval\": \"1s\"},\n"
    " \"network\": {\"latency\": {\"type\": \"constant\", \"value\": \"20ms\"}, \"loss\": "
    "\"5%\"},\n"
    " \"faults\": [{\"every\": \"5s\", \"from\": \"2s\", \"to\": \"50s\", \"type\": \"crash\",\n"
    "   \"target\": {\"random\": 3, \"of\": \"shard\"}, \"for\": \"2s\"},\n"
    "  {\"at\": \"10s\", \"for\": \"10s\", \"type\": \"slow\", \"target\": \"shard:3\", "
    "\"factor\": 5},\n"
    "  {\"at\": \"30s\", \"for\": \"10s\", \"type\": \"crash\", \"target\": \"masterchain:0\"}],\n"
    " \"workload\": [{\"type\": \"poisson\", \"rate\": \"50tx/s\", \"until\": \"40s\"}]}\n";

/* Runs the base scenario with up to two settings. */
static struct engine_result run(const char *first, const char *second)
{
    const char *sets[] = {first, first ? second : NULL, NULL};
    struct scenario_options options = {.sets = sets, .point = -1};
    struct engine_options engine_options = {0};
    struct diagnostics diagnostics = {0};
    struct scenario *scenario = NULL;
    struct engine_result result = {0};
    int status =
        scenario_load_text("base.json", base, strlen(base), &options, &diagnostics, &scenario);
    if (status == 0)
        status = engine_run(scenario, &engine_options, &diagnostics, &result);
    if (status != 0)
        diagnostics_print(&diagnostics, stderr, 0, false);
    ck_assert_int_eq(status, 0);
    scenario_free(scenario);
    diagnostics_free(&diagnostics);
    return result;
}

START_TEST(every_clock_and_fault_runs_with_all_properties_held)
{
    static const char *const settings[][2] = {
        {NULL, NULL},
        {"chain.clock=aligned", NULL},
        {"chain.clock=on_demand", NULL},
        {"chain.clock=poisson", NULL},
        {"chain.visibility=masterchain", "chain.drop_every=3"},
        {"chain.drop_every=2", "chain.block_limit.gas=5000"},
        {"chain.validators.consensus_delay=0s", NULL},
        {"chain.validators.consensus_delay=3s", "chain.clock=on_demand"},
        {"chain.shards=250", NULL},
        {"chain.masterchain.block_interval=7s", "chain.visibility=masterchain"}};
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++) {
        struct engine_result result = run(settings[i][0], settings[i][1]);
        ck_assert_msg(result.status == ENGINE_OK, "%s: %s", settings[i][0], result.violation);
        ck_assert_int_gt(engine_counter(&result, "messaging", "messages_delivered"), 300);
    }
}
END_TEST

START_TEST(the_same_scenario_gives_the_same_result_and_another_seed_another)
{
    struct engine_result a = run("chain.clock=poisson", NULL);
    struct engine_result b = run("chain.clock=poisson", NULL);
    struct engine_result c = run("chain.clock=poisson", "seed=8");
    ck_assert_mem_eq(a.result_hash, b.result_hash, sizeof a.result_hash);
    ck_assert_mem_ne(a.result_hash, c.result_hash, sizeof a.result_hash);
}
END_TEST

/* A crash in the middle of a finality bound is found: the slow shard needs 2.5 s. */
START_TEST(finality_is_checked_when_named)
{
    struct engine_result result =
        run("properties=[{\"type\": \"finality\", \"within\": \"2s\"}]", NULL);
    ck_assert_int_eq(result.status, ENGINE_VIOLATION);
    ck_assert_msg(strstr(result.violation, "finality") != NULL, "%s", result.violation);
    result = run("properties=[{\"type\": \"finality\", \"within\": \"2500ms\"}]", NULL);
    ck_assert_int_eq(result.status, ENGINE_OK);
}
END_TEST

/* Loads and builds a chain section, and asserts that one error of this code and place is there. */
static void assert_refused(const char *chain, const char *code, const char *pointer)
{
    char text[1024];
    struct scenario_options options = {.point = -1};
    struct diagnostics diagnostics = {0};
    struct scenario *scenario = NULL;
    snprintf(text, sizeof text, "{\"version\": 1, \"duration\": \"1s\", \"chain\": %s}", chain);
    int status =
        scenario_load_text("bad.json", text, strlen(text), &options, &diagnostics, &scenario);
    if (status == 0)
        status = engine_check(scenario, &diagnostics);
    ck_assert_int_eq(status, -1);
    bool found = false;
    for (size_t i = 0; i < diagnostics.count; i++)
        found = found || (strcmp(diagnostics.list[i].code, code) == 0 &&
                          strcmp(diagnostics.list[i].pointer, pointer) == 0 &&
                          diagnostics.list[i].line == 1);
    if (!found)
        diagnostics_print(&diagnostics, stderr, 0, false);
    ck_assert_msg(found, "%s at %s in %s", code, pointer, chain);
    scenario_free(scenario);
    diagnostics_free(&diagnostics);
}

START_TEST(mistakes_are_named_at_their_place)
{
    assert_refused("{\"prefixes\": [\"4000000000000000\", \"e000000000000000\"]}", "E310",
                   "/chain/prefixes/1");
    assert_refused("{\"prefixes\": [\"4000000000000000\", \"c00000000000000\"]}", "E203",
                   "/chain/prefixes/1");
    assert_refused("{\"shards\": 2, \"workchains\": [{\"id\": 0, \"shards\": 2}]}", "E310",
                   "/chain/workchains");
    assert_refused("{\"workchains\": [{\"id\": 3, \"shards\": 2}, {\"id\": 3, \"shards\": 2}]}",
                   "E310", "/chain/workchains/1/id");
    assert_refused("{\"shards\": 4, \"drop_every\": 1}", "E310", "/chain/drop_every");
}
END_TEST

CHECK_MAIN("chain_scenario", every_clock_and_fault_runs_with_all_properties_held,
           the_same_scenario_gives_the_same_result_and_another_seed_another,
           finality_is_checked_when_named, mistakes_are_named_at_their_place)
