/* Goal: a scenario's parts (top level, layers, faults, properties, includes, --set, sweep) are read
 * as the manual says, problems come all at once, and config_hash sees what changes a run and
 * nothing else. Method: texts by hand over the registry of support_registry.c. */
#include <inttypes.h>
#include <math.h>

#include "sim/model.h"
#include "tests/scenario_fixture.h"
#include "tests/support_registry.h"

static const char both[] =
    "{\n"
    "  \"$schema\": \"x\", \"version\": 1, \"name\": \"both\",\n"
    "  \"seed\": 7, \"replications\": 20, \"duration\": \"600s\", \"warmup\": \"60s\",\n"
    "  \"network\": {\"latency\": {\"type\": \"lognormal\", \"median\": \"40ms\", \"sigma\": "
    "0.5},\n"
    "              \"bandwidth\": \"100Mbit/s\", \"loss\": \"0.1%\"},\n"
    "  \"chain\": {\"shards\": 256, \"block_limit\": {\"bytes\": \"1MiB\"}},\n"
    "  \"messaging\": {\"type\": \"hypercube\", \"path\": \"both\"},\n"
    "  \"workload\": [{\"type\": \"poisson\", \"rate\": \"200tx/s\"}, {}],\n"
    "  \"faults\": [\n"
    "    {\"at\": \"200s\", \"for\": \"60s\", \"type\": \"partition\",\n"
    "     \"groups\": [[\"shard:0-127\"], [\"shard:128-255\", \"client:0\"]]},\n"
    "    {\"at\": \"350s\", \"for\": \"20s\", \"type\": \"loss\", \"target\": \"link:3-7\",\n"
    "     \"rate\": \"50%\"},\n"
    "    {\"every\": \"50s\", \"from\": \"400s\", \"to\": \"600s\", \"type\": \"crash\",\n"
    "     \"target\": [{\"random\": 3, \"of\": \"shard\"}, \"client:4\"], \"for\": \"10s\"}\n"
    "  ],\n"
    "  \"properties\": [\"exactly_once\", {\"type\": \"finality\", \"within\": \"30s\"}],\n"
    "  \"log\": \"tx\",\n"
    "  \"x-note\": \"mine\"\n"
    "}\n";

START_TEST(reads_the_top_level_and_layers_in_build_order)
{
    struct loaded loaded = load_with("some/folder/both.v2.json", both, NULL);
    const struct scenario *s = loaded.scenario;
    ck_assert_msg(s != NULL, "%s", loaded.text);
    ck_assert_str_eq(s->name, "both");
    ck_assert_uint_eq(s->seed, 7);
    ck_assert_uint_eq(s->replications, 20);
    ck_assert_uint_eq(s->duration_ns, UINT64_C(600000000000));
    ck_assert_uint_eq(s->warmup_ns, UINT64_C(60000000000));
    ck_assert_int_eq(s->log, LOG_TX);
    ck_assert_uint_eq(s->layer_count, 4);
    static const char *const pointers[] = {"/chain", "/messaging", "/workload/0", "/workload/1"};
    static const uint8_t slots[] = {1, 3, 6, 7};
    for (uint32_t i = 0; i < 4; i++) {
        ck_assert_str_eq(s->layers[i].pointer, pointers[i]);
        ck_assert_uint_eq(s->layers[i].slot, slots[i]);
    }
    ck_assert_str_eq(s->layers[3].model->name, "poisson"); /* no type: the first of the layer */
    ck_assert_uint_eq(s->point_count, 0);
    ck_assert_uint_eq(s->property_count, 2);
    ck_assert(s->properties_given);
    ck_assert_str_eq(s->properties[1].name, "finality");
    ck_assert_uint_eq(s->properties[1].within_ns, UINT64_C(30000000000));
    unload(&loaded);
    loaded = load_with("some/folder/both.v2.json", SCENARIO("\"x-\": 1"), NULL);
    ck_assert_str_eq(loaded.scenario->name, "both.v2");
    ck_assert_uint_eq(loaded.scenario->seed, 1);
    ck_assert_uint_eq(loaded.scenario->layer_count, 2); /* no workload: none */
    ck_assert_str_eq(loaded.scenario->layers[1].model->name, "local");
    ck_assert(!loaded.scenario->properties_given);
    unload(&loaded);
}
END_TEST

START_TEST(reads_faults)
{
    struct loaded loaded = load(both);
    const struct fault_plan *plan = &loaded.scenario->faults;
    ck_assert_uint_eq(plan->count, 3);
    const struct fault_spec *split = &plan->specs[0], *loss = &plan->specs[1],
                            *crash = &plan->specs[2];
    ck_assert_int_eq(split->type, FAULT_PARTITION);
    ck_assert_uint_eq(split->at_ns, UINT64_C(200000000000));
    ck_assert_uint_eq(split->for_ns, UINT64_C(60000000000));
    ck_assert_uint_eq(split->every_ns, 0);
    ck_assert_uint_eq(split->group_count, 2);
    ck_assert_uint_eq(split->groups[1].count, 2);
    ck_assert_uint_eq(split->groups[1].targets[0].first, 128);
    ck_assert_uint_eq(split->groups[1].targets[0].last, 255);
    ck_assert_str_eq(split->groups[1].targets[1].role, "client");
    ck_assert_str_eq(split->groups[1].targets[1].pointer, "/faults/0/groups/1/1");
    ck_assert_int_eq(loss->target.targets[0].type, TARGET_LINK);
    ck_assert_uint_eq(loss->target.targets[0].link_from, 3);
    ck_assert_uint_eq(loss->target.targets[0].link_to, 7);
    ck_assert_uint_eq(loss->rate, UINT64_C(1) << 63);
    ck_assert_str_eq(loss->target.targets[0].pointer, "/faults/1/target");
    ck_assert_uint_eq(crash->every_ns, UINT64_C(50000000000));
    ck_assert_uint_eq(crash->from_ns, UINT64_C(400000000000));
    ck_assert_uint_eq(crash->to_ns, UINT64_C(600000000000));
    ck_assert_int_eq(crash->target.targets[0].type, TARGET_RANDOM);
    ck_assert_uint_eq(crash->target.targets[0].count, 3);
    ck_assert_uint_eq(crash->target.targets[1].first, 4);
    unload(&loaded);
}
END_TEST

START_TEST(refuses_bad_faults)
{
    static const struct {
        const char *fault, *code, *pointer;
    } rows[] = {
        {"{\"at\": \"10s\", \"type\": \"crash\", \"target\": \"a:0\"}", "E403", "/faults/0/at"},
        {"{\"at\": \"11s\", \"type\": \"crash\", \"target\": \"a:0\"}", "E403", "/faults/0/at"},
        {"{\"every\": \"1s\", \"from\": \"10s\", \"type\": \"crash\", \"target\": \"a:0\"}", "E403",
         "/faults/0/from"},
        {"{\"every\": \"1s\", \"to\": \"11s\", \"type\": \"crash\", \"target\": \"a:0\"}", "E403",
         "/faults/0/to"},
        {"{\"type\": \"crash\", \"target\": \"a:0\"}", "E103", "/faults/0/at"},
        {"{\"at\": \"1s\", \"target\": \"a:0\"}", "E103", "/faults/0/type"},
        {"{\"at\": \"1s\", \"type\": \"crash\"}", "E103", "/faults/0/target"},
        {"{\"at\": \"1s\", \"type\": \"crahs\", \"target\": \"a:0\"}", "E401", "/faults/0/type"},
        {"{\"at\": \"1s\", \"every\": \"1s\", \"type\": \"crash\", \"target\": \"a:0\"}", "E305",
         "/faults/0/at"},
        {"{\"at\": \"1s\", \"to\": \"2s\", \"type\": \"crash\", \"target\": \"a:0\"}", "E305",
         "/faults/0/to"},
        {"{\"every\": \"1s\", \"from\": \"3s\", \"to\": \"3s\", \"type\": \"crash\", \"target\": "
         "\"a:0\"}",
         "E305", "/faults/0/to"},
        {"{\"every\": \"1ns\", \"type\": \"crash\", \"target\": \"a:0\"}", "E203",
         "/faults/0/every"},
        {"{\"at\": \"1\", \"type\": \"crash\", \"target\": \"a:0\"}", "E201", "/faults/0/at"},
        {"{\"at\": \"1s\", \"for\": \"0s\", \"type\": \"crash\", \"target\": \"a:0\"}", "E203",
         "/faults/0/for"},
        {"{\"at\": \"1s\", \"for\": \"1s\", \"type\": \"restart\", \"target\": \"a:0\"}", "E101",
         "/faults/0/for"},
        {"{\"at\": \"1s\", \"type\": \"crash\", \"target\": \"a\"}", "E207", "/faults/0/target"},
        {"{\"at\": \"1s\", \"type\": \"crash\", \"target\": \"a:\"}", "E207", "/faults/0/target"},
        {"{\"at\": \"1s\", \"type\": \"crash\", \"target\": \"a:1-\"}", "E207", "/faults/0/target"},
        {"{\"at\": \"1s\", \"type\": \"crash\", \"target\": \"a:3-1\"}", "E207",
         "/faults/0/target"},
        {"{\"at\": \"1s\", \"type\": \"crash\", \"target\": \"a:1 \"}", "E207", "/faults/0/target"},
        {"{\"at\": \"1s\", \"type\": \"crash\", \"target\": \"a:-1\"}", "E207", "/faults/0/target"},
        {"{\"at\": \"1s\", \"type\": \"crash\", \"target\": \"a:9999999999\"}", "E207",
         "/faults/0/target"},
        {"{\"at\": \"1s\", \"type\": \"crash\", \"target\": 3}", "E205", "/faults/0/target"},
        {"{\"at\": \"1s\", \"type\": \"crash\", \"target\": []}", "E208", "/faults/0/target"},
        {"{\"at\": \"1s\", \"type\": \"crash\", \"target\": [\"a:0\", 1]}", "E205",
         "/faults/0/target/1"},
        {"{\"at\": \"1s\", \"type\": \"crash\", \"target\": {\"random\": 0, \"of\": \"a\"}}",
         "E207", "/faults/0/target"},
        {"{\"at\": \"1s\", \"type\": \"crash\", \"target\": {\"random\": 1, \"of\": \"a\", \"z\": "
         "1}}",
         "E101", "/faults/0/target/z"},
        {"{\"at\": \"1s\", \"type\": \"crash\", \"target\": \"link:0-1\"}", "E306",
         "/faults/0/target"},
        {"{\"at\": \"1s\", \"type\": \"cut\", \"target\": \"link:1-1\"}", "E207",
         "/faults/0/target"},
        {"{\"at\": \"1s\", \"type\": \"cut\", \"target\": \"link:1\"}", "E207", "/faults/0/target"},
        {"{\"at\": \"1s\", \"type\": \"loss\", \"target\": \"a:0\"}", "E103", "/faults/0/rate"},
        {"{\"at\": \"1s\", \"type\": \"slow\", \"target\": \"a:0\", \"factor\": 0.5}", "E203",
         "/faults/0/factor"},
        {"{\"at\": \"1s\", \"type\": \"partition\", \"groups\": [[\"a:0\"]]}", "E208",
         "/faults/0/groups"},
        {"{\"at\": \"1s\", \"type\": \"partition\", \"groups\": [[\"a:0\"], \"a:1\"]}", "E205",
         "/faults/0/groups/1"},
        {"7", "E205", "/faults/0"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[400];
        snprintf(text, sizeof text, SCENARIO("\"faults\": [%s]"), rows[i].fault);
        refuses_at(text, rows[i].code, rows[i].pointer);
    }
}
END_TEST

START_TEST(refuses_bad_top_levels)
{
    static const struct {
        const char *text, *code, *pointer;
    } rows[] = {
        {"[]", "E205", ""},
        {"{\"duration\": \"1s\"}", "E103", "/version"},
        {"{\"version\": 1}", "E103", "/duration"},
        {"{\"version\": 2, \"duration\": \"1s\"}", "E203", "/version"},
        {"{\"version\": 1, \"duration\": \"0s\"}", "E203", "/duration"},
        {"{\"version\": 1, \"duration\": null}", "E103", "/duration"},
        {SCENARIO("\"warmup\": \"10s\""), "E301", "/warmup"},
        {SCENARIO("\"name\": \"a/b\""), "E207", "/name"},
        {SCENARIO("\"name\": \"..\""), "E207", "/name"},
        {SCENARIO("\"name\": \"\""), "E207", "/name"},
        {SCENARIO("\"replications\": 0"), "E203", "/replications"},
        {SCENARIO("\"log\": \"everything\""), "E206", "/log"},
        {SCENARIO("\"masseging\": {}"), "E101", "/masseging"},
        {SCENARIO("\"Chain\": {}"), "E101", "/Chain"},
        {SCENARIO("\"chain\": 5"), "E205", "/chain"},
        {SCENARIO("\"chain\": {\"type\": \"simpel\"}"), "E401", "/chain/type"},
        {SCENARIO("\"chain\": {\"shards\": 13}"), "E310", "/chain/shards"},
        {SCENARIO("\"workload\": {}"), "E205", "/workload"},
        {SCENARIO("\"workload\": [{},{},{},{},{},{},{},{},{},{},{}]"), "E208", "/workload"},
        {SCENARIO("\"workload\": [5]"), "E205", "/workload/0"},
        {SCENARIO("\"properties\": \"x\""), "E205", "/properties"},
        {SCENARIO("\"properties\": [\"exactly_once\"]"), "E401", "/properties/0"}, /* local */
        {SCENARIO("\"properties\": [{\"type\": \"finality\", \"within\": 5}]"), "E201",
         "/properties/0/within"},
        {SCENARIO("\"properties\": [{\"type\": \"finalty\"}]"), "E401", "/properties/0/type"},
        {SCENARIO("\"properties\": [{}]"), "E103", "/properties/0/type"},
        {SCENARIO("\"network\": []"), "E205", "/network"},
        {SCENARIO("\"seed\": -1"), "E203", "/seed"},
        {SCENARIO("\"seed\": 1.5"), "E205", "/seed"},
        {SCENARIO("\"seed\": \"abc\""), "E205", "/seed"},
        {SCENARIO("\"seed\": 9007199254740992"), "E209", "/seed"},
        {SCENARIO("\"seed\": \"18446744073709551616\""), "E203", "/seed"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        refuses_at(rows[i].text, rows[i].code, rows[i].pointer);
}
END_TEST

START_TEST(seeds_beyond_2_to_the_53_are_strings)
{
    struct loaded loaded = load(SCENARIO("\"seed\": \"18446744073709551615\""));
    ck_assert_uint_eq(loaded.scenario->seed, UINT64_MAX);
    ck_assert_ptr_nonnull(strstr(loaded.scenario->effective, "\"seed\":\"18446744073709551615\""));
    unload(&loaded);
    loaded = load(SCENARIO("\"seed\": 9007199254740991"));
    ck_assert_uint_eq(loaded.scenario->seed, UINT64_C(9007199254740991));
    ck_assert_ptr_nonnull(strstr(loaded.scenario->effective, "\"seed\":9007199254740991"));
    unload(&loaded);
}
END_TEST

START_TEST(reports_all_problems_at_once)
{
    struct loaded loaded = load("{\n"
                                " \"version\": 1, \"duration\": 5, \"warmup\": \"1 s\",\n"
                                " \"sead\": 1,\n"
                                " \"network\": {\"loss\": \"101%\", \"queue\": {\"limt\": 1}},\n"
                                " \"chain\": {\"shards\": 0, \"block_limit\": {\"gas\": -1}},\n"
                                " \"messaging\": {\"type\": \"cube\"},\n"
                                " \"workload\": [{\"rate\": 5}],\n"
                                " \"faults\": [{\"type\": \"crash\", \"at\": \"1s\"}],\n"
                                " \"sweep\": {\"product\": {\"chain.shard\": [1]}}\n"
                                "}");
    static const char *const found[] = {
        "t.json:2:28: error[E201] /duration",
        "t.json:2:41: error[E202] /warmup",
        "t.json:3:2: error[E101] /sead",
        "t.json:4:22: error[E203] /network/loss",
        "t.json:4:40: error[E101] /network/queue/limt",
        "t.json:5:22: error[E203] /chain/shards",
        "t.json:5:48: error[E203] /chain/block_limit/gas",
        "t.json:6:24: error[E401] /messaging/type",
        "t.json:7:24: error[E201] /workload/0/rate",
        "t.json:8:13: error[E103] /faults/0/target",
        "t.json:9:24: error[E404] /sweep/product/chain.shard",
    };
    const char *at = loaded.text;
    for (size_t i = 0; i < sizeof found / sizeof found[0]; i++) {
        at = strstr(at, found[i]); /* in the order of the file */
        ck_assert_msg(at != NULL, "no %s in:\n%s", found[i], loaded.text);
    }
    ck_assert_uint_eq(loaded.diagnostics.errors, sizeof found / sizeof found[0]);
    unload(&loaded);
}
END_TEST

/* --- Effective form and hashes --- */

START_TEST(the_effective_form_reads_back_as_the_same_scenario)
{
    struct loaded first = load(both);
    struct loaded again = load(first.scenario->effective);
    ck_assert_msg(again.scenario != NULL, "%s", again.text);
    ck_assert_str_eq(again.scenario->effective, first.scenario->effective);
    ck_assert_uint_eq(again.scenario->config_hash, first.scenario->config_hash);
    ck_assert_uint_eq(scenario_run_key(again.scenario, 3), scenario_run_key(first.scenario, 3));
    unload(&first);
    unload(&again);
}
END_TEST

START_TEST(the_hash_ignores_what_does_not_change_a_run)
{
    uint64_t hash = hash_of(SCENARIO("\"warmup\": \"1s\", \"chain\": {\"shards\": 32}"));
    static const char *const same[] = {
        SCENARIO("\"warmup\": \"1000ms\", \"chain\": {\"shards\": 32}"),
        SCENARIO("\"warmup\": \"1s\", \"chain\": {\"shards\": 3.2e1}"),
        "{\"chain\": {\"shards\": 32}, \"warmup\": \"1s\", \"duration\": \"10s\", \"version\": 1}",
        SCENARIO("\"warmup\": \"1s\", \"chain\": {\"type\": \"simple\", \"shards\": 32}"),
        SCENARIO("\"warmup\": \"1s\", \"chain\": {\"shards\": 32, \"block_interval\": \"5s\"}"),
        SCENARIO("\"warmup\": \"1s\", \"chain\": {\"shards\": 32, \"x-why\": 1}, \"x-a\": {}"),
        SCENARIO("\"warmup\": \"1s\", \"chain\": {\"shards\": 32}, \"seed\": 5, \"name\": \"n\", "
                 "\"replications\": 3, \"log\": \"none\", \"$schema\": \"s\""),
        SCENARIO("\"warmup\": \"1s\", \"chain\": {\"shards\": 32}, \"network\": {\"latency\": "
                 "{\"type\": \"constant\", \"value\": \"0.05s\"}}, \"faults\": []"),
        SCENARIO("\"warmup\": \"1s\", \"chain\": {\"shards\": 32}, \"sweep\": {\"product\": "
                 "{\"chain.shards\": [1, 2]}}"),
    };
    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++)
        ck_assert_msg(hash_of(same[i]) == hash, "%s", same[i]);
}
END_TEST

START_TEST(the_hash_sees_what_changes_a_run)
{
    static const char *const different[] = {
        SCENARIO("\"x-\": 0"),
        SCENARIO("\"warmup\": \"1ns\""),
        SCENARIO("\"network\": {\"loss\": \"0.0000000001%\"}"),
        SCENARIO("\"network\": {\"latency\": \"51ms\"}"),
        SCENARIO("\"network\": {\"latency\": {\"type\": \"exponential\", \"mean\": \"50ms\"}}"),
        SCENARIO("\"chain\": {\"shards\": 17}"),
        SCENARIO("\"chain\": {\"identity\": \"9223372036854775806\"}"),
        SCENARIO("\"chain\": {\"identity\": \"9223372036854775807\"}"),
        SCENARIO("\"messaging\": {\"type\": \"hypercube\"}"),
        SCENARIO("\"messaging\": {\"type\": \"hypercube\", \"eta\": 0.90000000000000013}"),
        SCENARIO("\"messaging\": {\"type\": \"hypercube\", \"break_rule\": true}"),
        SCENARIO("\"workload\": [{}]"),
        SCENARIO("\"workload\": [{}, {}]"),
        SCENARIO("\"faults\": [{\"at\": \"1s\", \"type\": \"crash\", \"target\": \"shard:0\"}]"),
        SCENARIO("\"faults\": [{\"at\": \"1s\", \"type\": \"crash\", \"target\": \"shard:1\"}]"),
        SCENARIO("\"properties\": [{\"type\": \"finality\", \"within\": \"1s\"}]"),
        SCENARIO("\"properties\": [{\"type\": \"finality\", \"within\": \"2s\"}]"),
    };
    enum { COUNT = sizeof different / sizeof different[0] };
    uint64_t hashes[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        hashes[i] = hash_of(different[i]);
        for (size_t j = 0; j < i; j++)
            ck_assert_msg(hashes[i] != hashes[j], "%s and %s", different[i], different[j]);
    }
}
END_TEST

START_TEST(the_run_key_sees_seed_and_replication)
{
    struct loaded loaded = load(both);
    uint64_t key = scenario_run_key(loaded.scenario, 0);
    ck_assert_uint_ne(key, scenario_run_key(loaded.scenario, 1));
    ck_assert_uint_eq(key, scenario_run_key(loaded.scenario, 0));
    uint64_t hash = loaded.scenario->config_hash;
    char version[200], small[8];
    scenario_model_version(loaded.scenario, version, sizeof version);
    ck_assert_str_eq(version, "chain.simple=3 messaging.hypercube=2 workload.poisson=1 "
                              "workload.poisson=1 stack=1");
    scenario_model_version(loaded.scenario, small, sizeof small);
    ck_assert_str_eq(small, "chain.s");
    unload(&loaded);
    uint64_t seed = 8;
    loaded = load_with("t.json", both, &(struct scenario_options){.point = -1, .seed = &seed});
    ck_assert_uint_eq(loaded.scenario->seed, 8);
    ck_assert_uint_eq(loaded.scenario->config_hash, hash);
    ck_assert_uint_ne(scenario_run_key(loaded.scenario, 0), key);
    ck_assert_ptr_nonnull(strstr(loaded.scenario->effective, "\"seed\":8"));
    unload(&loaded);
}
END_TEST

CHECK_MAIN("scenario", reads_the_top_level_and_layers_in_build_order, reads_faults,
           refuses_bad_faults, refuses_bad_top_levels, seeds_beyond_2_to_the_53_are_strings,
           reports_all_problems_at_once, the_effective_form_reads_back_as_the_same_scenario,
           the_hash_ignores_what_does_not_change_a_run, the_hash_sees_what_changes_a_run,
           the_run_key_sees_seed_and_replication)
