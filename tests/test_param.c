/* Goal: every kind of parameter is read into its C type, spelled canonically, and refused with the
 * message that names the fix. Method: the small registry of support_registry.c, values by hand. */
#include <cjson/cJSON.h>

#include "sim/network_config.h"
#include "tests/scenario_fixture.h"
#include "tests/support_registry.h"

static const struct scenario_layer *layer_of(const struct scenario *scenario, const char *pointer)
{
    for (uint32_t i = 0; i < scenario->layer_count; i++) {
        if (strcmp(scenario->layers[i].pointer, pointer) == 0)
            return &scenario->layers[i];
    }
    return NULL;
}

START_TEST(absent_keys_get_their_defaults)
{
    struct loaded loaded = load(SCENARIO("\"messaging\": {\"type\": \"hypercube\"}"));
    ck_assert_msg(loaded.scenario != NULL, "%s", loaded.text);
    const struct test_chain *chain = layer_of(loaded.scenario, "/chain")->config;
    ck_assert_int_eq(chain->shards, 16);
    ck_assert_int_eq(chain->block_interval_ns, INT64_C(5000000000));
    ck_assert_int_eq(chain->validators.index, 0);
    ck_assert_ptr_nonnull(chain->validators.config);
    ck_assert_int_eq(chain->block_limit.gas, 10000000);
    ck_assert_int_eq(chain->block_limit.bytes, 1 << 20);
    ck_assert_uint_eq(chain->depths.count, 2);
    ck_assert_int_eq(((const int64_t *)chain->depths.items)[1], 2);
    ck_assert_uint_eq(chain->labels.count, 0);
    const struct test_hypercube *hypercube = layer_of(loaded.scenario, "/messaging")->config;
    ck_assert_int_eq(hypercube->path, 2);
    ck_assert(hypercube->eta > 0.899 && hypercube->eta < 0.901);
    ck_assert_ptr_null(hypercube->table);
    ck_assert_int_eq((int64_t)loaded.scenario->network.latency.location, 50000000);
    ck_assert_int_eq(loaded.scenario->network.bandwidth_bit_per_s, 0);
    unload(&loaded);
}
END_TEST

START_TEST(given_keys_reach_the_config)
{
    struct loaded loaded = load(SCENARIO(
        "\"chain\": {\"shards\": 1e3, \"block_interval\": \"400ms\", \"identity\": "
        "\"9223372036854775807\", \"empty_blocks\": true, \"validators\": {\"type\": "
        "\"individual\", \"count\": 21}, \"block_limit\": {\"bytes\": \"2KiB\"}, \"depths\": [3], "
        "\"labels\": [\"a\", \"b\"], \"special\": [{\"name\": \"x\"}, {\"name\": \"y\", "
        "\"weight\": 7}]}, \"messaging\": {\"type\": \"hypercube\", \"path\": \"slow\", \"cut\": "
        "\"12.5%\", \"eta\": 0.25, \"table\": {\"k\": [1]}}, \"workload\": [{\"type\": "
        "\"poisson\", \"rate\": \"0.5/s\", \"think\": {\"type\": \"lognormal\", \"median\": "
        "\"2s\", \"sigma\": 0.5, \"min\": \"1ms\"}}]"));
    ck_assert_msg(loaded.scenario != NULL, "%s", loaded.text);
    const struct test_chain *chain = layer_of(loaded.scenario, "/chain")->config;
    ck_assert_int_eq(chain->shards, 1000);
    ck_assert_int_eq(chain->block_interval_ns, 400000000);
    ck_assert_int_eq(chain->identity, INT64_MAX);
    ck_assert_int_eq(chain->empty_blocks, 1);
    ck_assert_int_eq(chain->validators.index, 1);
    ck_assert_int_eq(((const struct test_validators *)chain->validators.config)->count, 21);
    ck_assert_int_eq(chain->block_limit.bytes, 2048);
    ck_assert_int_eq(chain->block_limit.gas, 10000000);
    ck_assert_str_eq(((char *const *)chain->labels.items)[1], "b");
    const struct test_shard *special = chain->special.items;
    ck_assert_uint_eq(chain->special.count, 2);
    ck_assert_str_eq(special[1].name, "y");
    ck_assert_int_eq(special[1].weight, 7);
    ck_assert_int_eq(special[0].weight, 1);
    const struct test_hypercube *hypercube = layer_of(loaded.scenario, "/messaging")->config;
    ck_assert_int_eq(hypercube->path, 0);
    ck_assert_int_eq(hypercube->cut_ratio, INT64_C(125000000000));
    ck_assert_ptr_nonnull(cJSON_GetObjectItemCaseSensitive(hypercube->table, "k"));
    const struct test_poisson *poisson = layer_of(loaded.scenario, "/workload/0")->config;
    ck_assert_int_eq(poisson->rate, 500000);
    ck_assert_int_eq(poisson->think.type, DISTRIBUTION_LOGNORMAL);
    ck_assert_int_eq(poisson->think.location, 2000000000);
    ck_assert_int_eq(poisson->think.floor, 1000000);
    unload(&loaded);
}
END_TEST

START_TEST(says_what_the_manual_says)
{
    /* The two samples of the manual that the reader makes itself, at their lines and columns. */
    struct loaded loaded = load_with("cube.json",
                                     "{\n \"version\": 1,\n \"duration\": \"1s\",\n \"chain\": "
                                     "{},\n\n\n\n \"network\": {\n               \"bandwith\": "
                                     "\"1Mbit/s\",\n    \"latency\": {\"median\":  40, \"type\": "
                                     "\"lognormal\", \"sigma\": 1}\n}}",
                                     NULL);
    ck_assert_str_eq(loaded.text,
                     "cube.json:9:16: error[E101] /network/bandwith: unknown key\n"
                     "    expected  one of: bandwidth, jitter, latency, loss, queue\n"
                     "    got       \"bandwith\"\n"
                     "    try       \"bandwidth\"\n"
                     "cube.json:10:28: error[E201] /network/latency/median: a time needs a unit\n"
                     "    expected  a string such as \"40ms\", \"1.5s\" (units: ns us ms s min h)\n"
                     "    got       number 40\n"
                     "    try       \"40ms\"\n");
    unload(&loaded);
}
END_TEST

static const struct {
    const char *members, *printed;
} bad_values[] = {
    {"\"chain\": {\"shards\": 0}", "t.json:1:55: error[E203] /chain/shards: out of range\n"
                                   "    expected  1 to 1048576\n"
                                   "    got       number 0\n"
                                   "    try       1\n"},
    {"\"chain\": {\"shards\": \"4\"}",
     "t.json:1:55: error[E205] /chain/shards: wrong type of value\n"
     "    expected  an integer, 1 to 1048576\n"
     "    got       \"4\"\n"
     "    try       4\n"},
    {"\"chain\": {\"shards\": 1.5}", "t.json:1:55: error[E205] /chain/shards: wrong type of value\n"
                                     "    expected  an integer, 1 to 1048576\n"
                                     "    got       number 1.5\n"},
    {"\"chain\": {\"identity\": 9007199254740993}",
     "t.json:1:57: error[E209] /chain/identity: a number beyond 2^53 - 1, which not every JSON "
     "tool keeps\n"
     "    expected  a string\n"
     "    got       number 9007199254740993\n"
     "    try       \"9007199254740993\"\n"},
    {"\"chain\": {\"block_interval\": \"400 MS\"}",
     "t.json:1:63: error[E202] /chain/block_interval: unknown unit\n"
     "    expected  a number followed by one of: ns us ms s min h\n"
     "    got       \"400 MS\"\n"
     "    try       \"400ms\"\n"},
    {"\"chain\": {\"block_interval\": \"2h\"}",
     "t.json:1:63: error[E203] /chain/block_interval: out of range\n"
     "    expected  1ms to 1h\n"
     "    got       \"2h\"\n"
     "    try       \"1h\"\n"},
    {"\"chain\": {\"block_interval\": \"1000000.5ns\"}",
     "t.json:1:63: error[E204] /chain/block_interval: a time too fine\n"
     "    expected  a whole number of ns\n"
     "    got       \"1000000.5ns\"\n"},
    {"\"chain\": {\"block_interval\": \"soon\"}",
     "t.json:1:63: error[E207] /chain/block_interval: not a time\n"
     "    expected  a string such as \"40ms\", \"1.5s\" (units: ns us ms s min h)\n"
     "    got       \"soon\"\n"},
    {"\"chain\": {\"empty_blocks\": 1}",
     "t.json:1:61: error[E205] /chain/empty_blocks: wrong type of value\n"
     "    expected  true or false\n"
     "    got       number 1\n"},
    {"\"chain\": {\"validators\": {\"type\": \"colective\"}}",
     "t.json:1:68: error[E401] /chain/validators/type: no such type\n"
     "    expected  one of: collective, individual\n"
     "    got       \"colective\"\n"
     "    try       \"collective\"\n"},
    {"\"chain\": {\"validators\": {\"type\": \"individual\"}}",
     "t.json:1:59: error[E103] /chain/validators/count: missing key\n"
     "    expected  \"count\": validators of a shard\n"},
    {"\"chain\": {\"depths\": [1, 21]}", "t.json:1:59: error[E203] /chain/depths/1: out of range\n"
                                         "    expected  0 to 20\n"
                                         "    got       number 21\n"
                                         "    try       20\n"},
    {"\"chain\": {\"depths\": 1}", "t.json:1:55: error[E205] /chain/depths: wrong type of value\n"
                                   "    expected  an array\n"
                                   "    got       number 1\n"},
    {"\"chain\": {\"special\": [{\"weight\": 2}]}",
     "t.json:1:57: error[E103] /chain/special/0/name: missing key\n"
     "    expected  \"name\": its name\n"},
    {"\"messaging\": {\"type\": \"hypercube\", \"path\": \"slwo\"}",
     "t.json:1:78: error[E206] /messaging/path: none of the choices\n"
     "    expected  one of: slow, instant, both\n"
     "    got       \"slwo\"\n"
     "    try       \"slow\"\n"},
    {"\"messaging\": {\"type\": \"hypercube\", \"cut\": 0.5}",
     "t.json:1:77: error[E201] /messaging/cut: a ratio needs to be a string\n"
     "    expected  a string such as \"0.1%\", \"0.001\" (units: % ppm, or none for a share of "
     "1)\n"
     "    got       number 0.5\n"
     "    try       \"0.5\"\n"},
    {"\"messaging\": {\"type\": \"hypercube\", \"cut\": 75}",
     "t.json:1:77: error[E201] /messaging/cut: a ratio needs a unit\n"
     "    expected  a string such as \"0.1%\", \"0.001\" (units: % ppm, or none for a share of "
     "1)\n"
     "    got       number 75\n"
     "    try       \"75%\"\n"},
    {"\"messaging\": {\"type\": \"hypercube\", \"eta\": 2}",
     "t.json:1:77: error[E203] /messaging/eta: out of range\n"
     "    expected  a number, 0 to 1\n"
     "    got       number 2\n"
     "    try       1\n"},
    {"\"network\": {\"bandwidth\": \"0bit/s\"}",
     "t.json:1:60: error[E203] /network/bandwidth: out of range\n"
     "    expected  \"unlimited\", or 1bit/s or more\n"
     "    got       \"0bit/s\"\n"
     "    try       \"unlimited\"\n"},
    {"\"network\": {\"latency\": {\"type\": \"lognormal\", \"median\": \"1ms\"}}",
     "t.json:1:58: error[E103] /network/latency/sigma: missing key\n"
     "    expected  \"sigma\": a number of the distribution\n"},
    {"\"network\": {\"latency\": {\"type\": \"uniform\", \"from\": \"2ms\", \"to\": \"1ms\"}}",
     "t.json:1:99: error[E308] /network/latency/to: \"to\" is below \"from\"\n"
     "    expected  at least \"from\"\n"
     "    got       \"1ms\"\n"},
    {"\"network\": {\"latency\": {\"type\": \"uniform\", \"from\": \"2ms\", \"to\": \"3ms\", "
     "\"mean\": \"1ms\"}}",
     "t.json:1:106: error[E101] /network/latency/mean: unknown key\n"
     "    expected  one of: from, min, to, type\n"
     "    got       \"mean\"\n"},
};

START_TEST(names_what_is_wrong_with_a_value)
{
    for (size_t i = 0; i < sizeof bad_values / sizeof bad_values[0]; i++) {
        char text[1000];
        snprintf(text, sizeof text, SCENARIO("%s"), bad_values[i].members);
        refuses(text, bad_values[i].printed);
    }
}
END_TEST

START_TEST(ratios_without_a_range_are_shares)
{
    accepts(SCENARIO("\"messaging\": {\"type\": \"hypercube\", \"cut\": \"100%\"}"));
    refuses_at(SCENARIO("\"messaging\": {\"type\": \"hypercube\", \"cut\": \"100.1%\"}"), "E203",
               "/messaging/cut");
    refuses_at(SCENARIO("\"messaging\": {\"type\": \"hypercube\", \"cut\": \"-1%\"}"), "E203",
               "/messaging/cut");
}
END_TEST

START_TEST(lists_have_a_limit)
{
    enum { ITEMS = 1000001 };
    char *text = malloc(2 * ITEMS + 200);
    ck_assert_ptr_nonnull(text);
    char *at = stpcpy(text, "{\"version\": 1, \"duration\": \"10s\", \"chain\": {\"depths\": [1");
    for (int i = 1; i < ITEMS; i++)
        at = stpcpy(at, ",1");
    stpcpy(at, "]}}");
    refuses_at(text, "E208", "/chain/depths");
    free(text);
}
END_TEST

START_TEST(only_the_chosen_variant_s_keys_count)
{
    refuses_at(SCENARIO("\"messaging\": {\"type\": \"local\", \"path\": \"slow\"}"), "E101",
               "/messaging/path");
    refuses_at(SCENARIO("\"chain\": {\"validators\": {\"type\": \"collective\", \"count\": 1}}"),
               "E101", "/chain/validators/count");
    accepts(SCENARIO("\"chain\": {\"validators\": {\"type\": \"individual\", \"count\": 1}}"));
}
END_TEST

static void refuse_break_rule(void *context, const char *pointer, const char *text, double number,
                              const char *unit, bool swept, const char *origin)
{
    (void)context, (void)text, (void)number, (void)unit, (void)swept, (void)origin;
    ck_assert_str_ne(pointer, "/messaging/break_rule");
}

START_TEST(hidden_keys_are_read_but_not_shown)
{
    const char *shown = SCENARIO("\"messaging\": {\"type\": \"hypercube\", \"brake_rule\": true}");
    struct loaded loaded = load(shown);
    ck_assert_ptr_null(strstr(loaded.text, "break_rule"));
    unload(&loaded);
    loaded = load(SCENARIO("\"messaging\": {\"type\": \"hypercube\", \"break_rule\": true}"));
    ck_assert_ptr_nonnull(strstr(loaded.scenario->effective, "\"break_rule\":true"));
    unload(&loaded);
    loaded = load(SCENARIO("\"messaging\": {\"type\": \"hypercube\", \"break_rule\": false}"));
    ck_assert_ptr_null(strstr(loaded.scenario->effective, "break_rule"));
    scenario_each_param(loaded.scenario, refuse_break_rule, NULL);
    unload(&loaded);
}
END_TEST

START_TEST(empirical_values_come_sorted_from_a_file)
{
    char *folder = make_folder();
    write_file(folder, "l.csv", "# times\n20ms\n\n 5ms \r\n7ms\n");
    char path[100];
    snprintf(path, sizeof path, "%s/s.json", folder);
    const char *text = SCENARIO("\"network\": {\"latency\": {\"type\": \"empirical\", \"file\": "
                                "\"l.csv\", \"min\": \"6ms\"}}");
    struct loaded loaded = load_with(path, text, NULL);
    ck_assert_msg(loaded.scenario != NULL, "%s", loaded.text);
    const struct distribution *latency = &loaded.scenario->network.latency;
    ck_assert_int_eq(latency->type, DISTRIBUTION_EMPIRICAL);
    ck_assert_uint_eq(latency->value_count, 3);
    ck_assert_int_eq(latency->values[0], 5000000);
    ck_assert_int_eq(latency->values[2], 20000000);
    ck_assert_int_eq(latency->floor, 6000000);
    uint64_t hash = loaded.scenario->config_hash;
    unload(&loaded);
    /* Another content is another scenario, although its text is the same. */
    write_file(folder, "l.csv", "21ms\n5ms\n7ms\n");
    loaded = load_with(path, text, NULL);
    ck_assert_uint_ne(loaded.scenario->config_hash, hash);
    unload(&loaded);
    write_file(folder, "l.csv", "20ms\n5\n");
    loaded = load_with(path, text, NULL);
    ck_assert_str_eq(loaded.diagnostics.list[0].code, "E505");
    unload(&loaded);
    remove_folder(folder);
    refuses_at(text, "E504", "/network/latency/file");
}
END_TEST

START_TEST(a_file_must_have_its_digest)
{
    char *folder = make_folder();
    write_file(folder, "tx.csv", "abc");
    char path[100];
    snprintf(path, sizeof path, "%s/s.json", folder);
    struct loaded loaded = load_with(
        path,
        SCENARIO("\"workload\": [{\"type\": \"trace\", \"file\": \"tx.csv\", \"sha256\": "
                 "\"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\"}]"),
        NULL);
    ck_assert_msg(loaded.scenario != NULL, "%s", loaded.text);
    const struct test_trace *trace = layer_of(loaded.scenario, "/workload/0")->config;
    FILE *in = fopen(trace->file, "rb"); /* resolved against the scenario's folder */
    ck_assert_ptr_nonnull(in);
    fclose(in);
    unload(&loaded);
    loaded = load_with(path,
                       SCENARIO("\"workload\": [{\"type\": \"trace\", \"file\": \"tx.csv\", "
                                "\"sha256\": \"00\"}]"),
                       NULL);
    ck_assert_str_eq(loaded.diagnostics.list[0].code, "E506");
    unload(&loaded);
    remove_folder(folder);
}
END_TEST

START_TEST(regions_and_matrix_go_together)
{
    struct loaded loaded = load(SCENARIO(
        "\"network\": {\"latency\": {\"type\": \"matrix\", \"min\": \"1ms\"}, \"regions\": "
        "{\"names\": [\"eu\", \"us\"], \"shares\": [\"40%\", \"60%\"], \"matrix\": [[\"1ms\", "
        "\"80ms\"], [\"90ms\", \"2ms\"]]}}"));
    ck_assert_msg(loaded.scenario != NULL, "%s", loaded.text);
    const struct network_config *network = &loaded.scenario->network;
    ck_assert_int_eq(network->latency_by_region, 1);
    ck_assert_int_eq(network->latency.floor, 1000000);
    ck_assert_int_eq(network->regions.matrix_ns[2], 90000000);
    ck_assert_ptr_nonnull(strstr(loaded.scenario->effective,
                                 "\"matrix\":[[\"1000000ns\",\"80000000ns\"],[\"90000000ns\""));
    unload(&loaded);
    refuses_at(SCENARIO("\"network\": {\"latency\": {\"type\": \"matrix\"}}"), "E302",
               "/network/latency/type");
    const char *region = "\"regions\": {\"names\": [\"eu\"], \"shares\": [\"%s\"], \"matrix\": %s}";
    static const struct {
        const char *latency, *share, *matrix, *code, *pointer;
    } rows[] = {
        {"\"1ms\"", "100%", "[[\"1ms\"]]", "E303", "/network/regions"},
        {"{\"type\": \"matrix\"}", "99%", "[[\"1ms\"]]", "E304", "/network/regions/shares"},
        {"{\"type\": \"matrix\"}", "100%", "[[\"1ms\", \"2ms\"]]", "E304",
         "/network/regions/matrix/0"},
        {"{\"type\": \"matrix\"}", "100%", "[]", "E304", "/network/regions/matrix"},
        {"{\"type\": \"matrix\"}", "100%", "[[7]]", "E201", "/network/regions/matrix/0/0"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char members[500], text[700];
        snprintf(members, sizeof members, region, rows[i].share, rows[i].matrix);
        snprintf(text, sizeof text, SCENARIO("\"network\": {\"latency\": %s, %s}"), rows[i].latency,
                 members);
        refuses_at(text, rows[i].code, rows[i].pointer);
    }
}
END_TEST

START_TEST(links_inherit_what_they_do_not_say)
{
    struct loaded loaded = load(SCENARIO(
        "\"network\": {\"latency\": \"7ms\", \"loss\": \"1%\", \"bandwidth\": \"5Mbit/s\", "
        "\"links\": [{\"from\": \"shard:0\", \"to\": \"shard:1\", \"loss\": \"2%\"}]}"));
    ck_assert_msg(loaded.scenario != NULL, "%s", loaded.text);
    const struct network_link_config *link = loaded.scenario->network.links.items;
    ck_assert_int_eq(link->latency.location, 7000000);
    ck_assert_int_eq(link->bandwidth_bit_per_s, 5000000);
    ck_assert_int_eq(link->loss, INT64_C(20000000000));
    ck_assert_str_eq(link->to, "shard:1");
    unload(&loaded);
}
END_TEST

CHECK_MAIN("param", absent_keys_get_their_defaults, given_keys_reach_the_config,
           says_what_the_manual_says, names_what_is_wrong_with_a_value,
           ratios_without_a_range_are_shares, lists_have_a_limit,
           only_the_chosen_variant_s_keys_count, hidden_keys_are_read_but_not_shown,
           empirical_values_come_sorted_from_a_file, a_file_must_have_its_digest,
           regions_and_matrix_go_together, links_inherit_what_they_do_not_say)
