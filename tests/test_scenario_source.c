/* Goal: includes, --set and sweeps change the document as the manual says, and every value knows
 * where it came from. Method: small files in a folder of their own, and texts. */
#include <inttypes.h>
#include <math.h>

#include "tests/scenario_fixture.h"
#include "tests/support_registry.h"

static const struct test_chain *chain_of(const struct scenario *scenario)
{
    ck_assert_str_eq(scenario->layers[0].pointer, "/chain");
    return scenario->layers[0].config;
}

static struct loaded load_file(const char *folder, const char *name)
{
    char path[200];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return load_with(path, NULL, NULL);
}

static void refuses_file(const char *folder, const char *name, const char *code, uint32_t line,
                         uint32_t column)
{
    struct loaded loaded = load_file(folder, name);
    ck_assert_ptr_null(loaded.scenario);
    const struct diagnostic *first = &loaded.diagnostics.list[0];
    ck_assert_msg(strcmp(first->code, code) == 0 && first->line == line && first->column == column,
                  "%s", loaded.text);
    unload(&loaded);
}

/* --- Includes --- */

START_TEST(includes_merge_in_order)
{
    char *folder = make_folder();
    write_file(folder, "base.json",
               "{\"version\": 1, \"duration\": \"5s\", \"warmup\": \"1s\",\n"
               " \"chain\": {\"shards\": 2, \"depths\": [7, 8, 9], \"block_interval\": \"1s\"}}");
    write_file(folder, "more.json", "{\"chain\": {\"shards\": 3, \"block_limit\": {\"gas\": 5}}}");
    write_file(folder, "s.json",
               "{\"include\": [\"base.json\", \"more.json\"],\n"
               " \"warmup\": null, \"chain\": {\"depths\": [4], \"block_limit\": {\"bytes\": "
               "\"4KiB\"}}}");
    struct loaded loaded = load_file(folder, "s.json");
    ck_assert_msg(loaded.scenario != NULL, "%s", loaded.text);
    const struct test_chain *chain = chain_of(loaded.scenario);
    ck_assert_uint_eq(loaded.scenario->duration_ns, UINT64_C(5000000000));
    ck_assert_uint_eq(loaded.scenario->warmup_ns, 0);
    ck_assert_int_eq(chain->shards, 3);
    ck_assert_int_eq(chain->block_interval_ns, 1000000000);
    ck_assert_uint_eq(chain->depths.count, 1); /* arrays are replaced */
    ck_assert_int_eq(chain->block_limit.gas, 5);
    ck_assert_int_eq(chain->block_limit.bytes, 4096);
    ck_assert_ptr_null(strstr(loaded.scenario->effective, "include"));
    unload(&loaded);
    remove_folder(folder);
}
END_TEST

START_TEST(errors_name_the_include_and_its_line)
{
    char *folder = make_folder();
    char expected[600];
    write_file(folder, "base.json",
               "{\"version\": 1,\n \"chain\": {\"shards\": 0,\n  \"shrds\": 1}}");
    write_file(folder, "s.json", "{\"include\": [\"base.json\"],\n\"duration\": 5}");
    struct loaded loaded = load_file(folder, "s.json");
    snprintf(expected, sizeof expected,
             "%s/base.json:2:22: error[E203] /chain/shards: out of range\n"
             "    expected  1 to 1048576\n"
             "    got       number 0\n"
             "    try       1\n"
             "%s/base.json:3:3: error[E101] /chain/shrds: unknown key\n"
             "    expected  one of: block_interval, block_limit, depths, empty_blocks, identity, "
             "labels, shards, special, type, validators\n"
             "    got       \"shrds\"\n"
             "    try       \"shards\"\n"
             "%s/s.json:2:13: error[E201] /duration: a time needs a unit\n"
             "    expected  a string such as \"40ms\", \"1.5s\" (units: ns us ms s min h)\n"
             "    got       number 5\n"
             "    try       \"5s\"\n",
             folder, folder, folder);
    ck_assert_str_eq(loaded.text, expected);
    unload(&loaded);
    write_file(folder, "base.json", "{\"version\": 01}");
    loaded = load_file(folder, "s.json");
    snprintf(expected, sizeof expected, "%s/base.json:1:13: error[E008] a number begins", folder);
    ck_assert_msg(strncmp(loaded.text, expected, strlen(expected)) == 0, "%s", loaded.text);
    unload(&loaded);
    remove_folder(folder);
}
END_TEST

START_TEST(the_last_file_that_has_a_value_is_named)
{
    char *folder = make_folder();
    write_file(folder, "base.json", "{\"version\": 1,\n \"chain\": {\"shards\": 0}}");
    write_file(
        folder, "s.json",
        "{\"include\": [\"base.json\"],\n\n\"duration\": \"1s\", \"chain\": {\"shards\": -1}}");
    refuses_file(folder, "s.json", "E203", 3, 39);
    remove_folder(folder);
}
END_TEST

START_TEST(wide_objects_merge_like_narrow_ones)
{
    /* The base has keys 0 to 199; the patch removes 0 to 49, changes 50 to 99, adds 200 to 299. */
    char *folder = make_folder(), *base = NULL, *patch = NULL, *wanted = NULL;
    size_t bytes;
    FILE *base_out = open_memstream(&base, &bytes), *patch_out = open_memstream(&patch, &bytes),
         *wanted_out = open_memstream(&wanted, &bytes);
    fputs("{\"version\": 1, \"duration\": \"1s\", \"messaging\": {\"type\": \"hypercube\", "
          "\"table\": "
          "{\"z\": {\"y\": 1, \"x\": 2}",
          base_out);
    fputs("{\"include\": [\"base.json\"], \"messaging\": {\"table\": {\"z\": {\"y\": null}",
          patch_out);
    fputs("\"table\":{", wanted_out);
    for (int i = 0; i < 300; i++) {
        if (i < 200)
            fprintf(base_out, ", \"k%03d\": 1", i);
        if (i < 100 || i >= 200)
            fprintf(patch_out, i < 50 ? ", \"k%03d\": null" : ", \"k%03d\": 2", i);
        if (i >= 50)
            fprintf(wanted_out, "\"k%03d\":%d,", i, i >= 100 && i < 200 ? 1 : 2);
    }
    fputs("}}}", base_out);
    fputs("}}}", patch_out);
    fputs("\"z\":{\"x\":2}}", wanted_out);
    fclose(base_out);
    fclose(patch_out);
    fclose(wanted_out);
    write_file(folder, "base.json", base);
    write_file(folder, "s.json", patch);
    struct loaded loaded = load_file(folder, "s.json");
    ck_assert_msg(loaded.scenario != NULL, "%s", loaded.text);
    ck_assert_msg(strstr(loaded.scenario->effective, wanted) != NULL, "%s",
                  loaded.scenario->effective);
    unload(&loaded);
    free(base);
    free(patch);
    free(wanted);
    remove_folder(folder);
}
END_TEST

START_TEST(includes_are_found_beside_the_including_file)
{
    char *folder = make_folder();
    char command[100];
    snprintf(command, sizeof command, "mkdir %s/sub", folder);
    ck_assert_int_eq(system(command), 0);
    write_file(folder, "sub/a.json", "{\"include\": [\"b.json\"], \"chain\": {\"shards\": 9}}");
    write_file(folder, "sub/b.json", "{\"version\": 1, \"duration\": \"1s\"}");
    write_file(folder, "s.json", "{\"include\": [\"sub/a.json\"]}");
    struct loaded loaded = load_file(folder, "s.json");
    ck_assert_msg(loaded.scenario != NULL, "%s", loaded.text);
    ck_assert_int_eq(chain_of(loaded.scenario)->shards, 9);
    unload(&loaded);
    remove_folder(folder);
}
END_TEST

START_TEST(refuses_bad_includes)
{
    char *folder = make_folder();
    write_file(folder, "missing.json", "{\n \"include\": [\"gone.json\"]}");
    refuses_file(folder, "missing.json", "E501", 2, 14);
    write_file(folder, "self.json", "{\"include\": [\"self.json\"]}");
    refuses_file(folder, "self.json", "E502", 1, 14);
    write_file(folder, "a.json", "{\"include\": [\"./b.json\"]}");
    write_file(folder, "b.json", "{ \"include\": [\"a.json\"]}");
    refuses_file(folder, "a.json", "E502", 1, 15);
    write_file(folder, "type.json", "{\"include\": \"a.json\"}");
    refuses_file(folder, "type.json", "E205", 1, 13);
    write_file(folder, "item.json", "{\"include\": [1]}");
    refuses_file(folder, "item.json", "E205", 1, 14);
    write_file(folder, "folder.json", "{\"include\": [\".\"]}");
    refuses_file(folder, "folder.json", "E501", 1, 14);
    write_file(folder, "array.json", "{\"include\": [\"list.json\"]}");
    write_file(folder, "list.json", "[]");
    refuses_file(folder, "array.json", "E205", 1, 1);
    for (int i = 0; i < 20; i++) {
        char name[20], text[60];
        snprintf(name, sizeof name, "deep%d.json", i);
        snprintf(text, sizeof text, "{\"include\": [\"deep%d.json\"]}", i + 1);
        write_file(folder, name, text);
    }
    refuses_file(folder, "deep0.json", "E503", 1, 14);
    /* Each file includes the next one twice: 2^15 files, if nobody counted. */
    for (int i = 0; i < 15; i++) {
        char name[20], text[60];
        snprintf(name, sizeof name, "wide%d.json", i);
        snprintf(text, sizeof text, "{\"include\": [\"wide%d.json\", \"wide%d.json\"]}", i + 1,
                 i + 1);
        write_file(folder, name, text);
    }
    write_file(folder, "wide15.json", "{}");
    struct loaded loaded = load_file(folder, "wide0.json");
    ck_assert_ptr_null(loaded.scenario);
    ck_assert_str_eq(loaded.diagnostics.list[0].code, "E503");
    unload(&loaded);
    refuses_file(folder, "nowhere.json", "E500", 0, 0);
    loaded = load_file(folder, ".");
    ck_assert_str_eq(loaded.diagnostics.list[0].code, "E500");
    unload(&loaded);
    remove_folder(folder);
}
END_TEST

START_TEST(a_hundred_megabytes_are_refused_by_size)
{
    char *folder = make_folder();
    char path[100];
    write_file(folder, "big.json", "{");
    snprintf(path, sizeof path, "%s/big.json", folder);
    ck_assert_int_eq(truncate(path, 100 << 20), 0);
    refuses_file(folder, "big.json", "E006", 1, 1);
    write_file(folder, "s.json", "{\"include\": [\"big.json\"]}");
    refuses_file(folder, "s.json", "E006", 1, 1);
    remove_folder(folder);
}
END_TEST

/* --- --set --- */

static struct loaded load_set(const char *text, const char *set)
{
    const char *const sets[] = {set, NULL};
    return load_with("t.json", text, &(struct scenario_options){.sets = sets, .point = -1});
}

START_TEST(settings_are_read_as_their_target_wants_them)
{
    static const char text[] =
        SCENARIO("\"network\": {\"latency\": {\"type\": \"lognormal\", \"median\": \"1ms\", "
                 "\"sigma\": 1}}, \"messaging\": {\"type\": \"hypercube\"}, \"workload\": "
                 "[{\"rate\": \"1/s\"}, {}], \"faults\": [{\"at\": \"1s\", \"type\": \"crash\", "
                 "\"target\": \"shard:0\"}]");
    static const struct {
        const char *set, *effective;
    } rows[] = {
        {"network.loss=1%", "\"loss\":\"0.01\""},
        {"/network/loss=1%", "\"loss\":\"0.01\""},
        {"network.loss=0.01", "\"loss\":\"0.01\""},
        {"network.loss=\"1%\"", "\"loss\":\"0.01\""},
        {"network.latency=20ms", "\"latency\":{\"min\":\"0ns\",\"type\":\"constant\",\"value\":"
                                 "\"20000000ns\"}"},
        {"network.latency={\"type\":\"exponential\",\"mean\":\"1s\"}", "\"type\":\"exponential\""},
        {"network.latency.median=20ms", "\"median\":\"20000000ns\""},
        {"network.latency.sigma=0.25", "\"sigma\":0.25"},
        {"messaging.path=slow", "\"path\":\"slow\""},
        {"messaging.type=local", "\"messaging\":{\"type\":\"local\"}"},
        {"messaging.eta=0.5", "\"eta\":0.5"},
        {"chain.shards=64", "\"shards\":64"},
        {"chain.empty_blocks=true", "\"empty_blocks\":true"},
        {"chain.depths=[5,6]", "\"depths\":[5,6]"},
        {"chain.depths.1=9", "\"depths\":[1,9]"},
        {"chain.labels=[\"1\"]", "\"labels\":[\"1\"]"},
        {"chain.block_limit.bytes=2KiB", "\"bytes\":\"2048B\""},
        {"chain.validators={\"type\":\"individual\",\"count\":3}", "\"count\":3"},
        {"workload.0.rate=5tx/s", "\"rate\":\"5/s\""},
        {"faults.0.at=2s", "\"at\":\"2000000000ns\""},
        {"faults.0.target=shard:1", "\"target\":\"shard:1\""},
        {"name=12", "\"name\":\"12\""},
        {"seed=9", "\"seed\":9"},
        {"seed=\"18446744073709551615\"", "\"seed\":\"18446744073709551615\""},
        {"log=none", "\"log\":\"none\""},
        {"x-mine=anything at all", "\"version\":1"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        /* An array can only be changed where the document has it. */
        const char *base = strcmp(rows[i].set, "chain.depths.1=9") == 0
                               ? SCENARIO("\"chain\": {\"depths\": [1, 2]}")
                               : text;
        struct loaded loaded = load_set(base, rows[i].set);
        ck_assert_msg(loaded.scenario != NULL, "%s gave %s", rows[i].set, loaded.text);
        ck_assert_msg(strstr(loaded.scenario->effective, rows[i].effective) != NULL, "%s gave %s",
                      rows[i].set, loaded.scenario->effective);
        unload(&loaded);
    }
}
END_TEST

START_TEST(bad_settings_are_named)
{
    static const struct {
        const char *set, *printed;
    } rows[] = {
        {"chain.shards=0", "--set:1:1: error[E203] /chain/shards: out of range\n"
                           "    expected  1 to 1048576\n"
                           "    got       number 0\n"
                           "    try       1\n"},
        {"network.latency=40",
         "--set:1:1: error[E201] /network/latency: a time needs a unit\n"
         "    expected  a string such as \"40ms\", \"1.5s\" (units: ns us ms s min h)\n"
         "    got       \"40\"\n"
         "    try       \"40ms\"\n"},
        {"chain.shrds=1",
         "--set:1:1: error[E101] /chain/shrds: unknown key\n"
         "    expected  one of: block_interval, block_limit, depths, empty_blocks, identity, "
         "labels, shards, special, type, validators\n"
         "    got       \"shrds\"\n"
         "    try       \"shards\"\n"},
        {"workload.3.rate=1/s", "--set:1:1: error[E105] /workload/3/rate: no such element\n"
                                "    expected  an element that the array has\n"
                                "    got       \"/workload/3/rate\"\n"},
        {"workload.rate=1/s", "--set:1:1: error[E105] /workload/rate: no such element\n"
                              "    expected  an element that the array has\n"
                              "    got       \"/workload/rate\"\n"
                              "    try       /workload/0/rate\n"},
        {"chain.shards", "--set:1:1: error[E104] no = after the path\n"
                         "    expected  PATH=VALUE, such as network.loss=1%\n"
                         "    got       \"chain.shards\"\n"},
        {"chain..shards=1", "--set:1:1: error[E104] an empty name in the path\n"
                            "    expected  PATH=VALUE, such as network.loss=1%\n"
                            "    got       \"chain..shards=1\"\n"},
        {"/chain/~2=1", "--set:1:1: error[E104] ~ must be followed by 0 or 1\n"
                        "    expected  PATH=VALUE, such as network.loss=1%\n"
                        "    got       \"/chain/~2=1\"\n"},
        {"include=[]", "--set:1:1: error[E104] /include: includes cannot be set here\n"
                       "    expected  a key in the scenario\n"},
        {"chain.depths=[1,", "--set:1:1: error[E010] /chain/depths: the text ends too early\n"
                             "    expected  a value\n"
                             "    got       \"[1,\"\n"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct loaded loaded = load_set(SCENARIO("\"workload\": [{}]"), rows[i].set);
        ck_assert_msg(loaded.scenario == NULL, "%s", rows[i].set);
        ck_assert_str_eq(loaded.text, rows[i].printed);
        unload(&loaded);
    }
}
END_TEST

START_TEST(the_last_setting_wins_and_null_gives_the_default)
{
    const char *const sets[] = {"chain.shards=5",      "chain.shards=6",           "warmup=null",
                                "messaging.path=slow", "messaging.type=hypercube", NULL};
    struct loaded loaded = load_with("t.json", SCENARIO("\"warmup\": \"1s\""),
                                     &(struct scenario_options){.sets = sets, .point = -1});
    ck_assert_msg(loaded.scenario != NULL, "%s", loaded.text);
    ck_assert_int_eq(chain_of(loaded.scenario)->shards, 6);
    ck_assert_uint_eq(loaded.scenario->warmup_ns, 0);
    ck_assert_ptr_nonnull(strstr(loaded.scenario->effective, "\"path\":\"slow\""));
    unload(&loaded);
}
END_TEST

/* --- Sweeps --- */

static struct loaded load_point(const char *text, int64_t point)
{
    return load_with("t.json", text, &(struct scenario_options){.point = point});
}

START_TEST(points_count_with_the_first_key_slowest)
{
    static const char text[] =
        SCENARIO("\"messaging\": {\"type\": \"hypercube\"}, \"sweep\": {\"product\": "
                 "{\"messaging.path\": [\"slow\", \"instant\"], \"/chain/shards\": {\"from\": 256, "
                 "\"to\": 4096, \"points\": 5, \"scale\": \"log2\"}}}");
    static const int64_t shards[] = {256, 512, 1024, 2048, 4096};
    struct loaded loaded = load(text);
    ck_assert_uint_eq(loaded.scenario->point_count, 10);
    ck_assert_int_eq(chain_of(loaded.scenario)->shards, 16); /* the base point */
    uint64_t base_hash = loaded.scenario->config_hash;
    unload(&loaded);
    for (int64_t point = 0; point < 10; point++) {
        loaded = load_point(text, point);
        ck_assert_msg(loaded.scenario != NULL, "%s", loaded.text);
        const struct test_hypercube *hypercube = loaded.scenario->layers[1].config;
        ck_assert_int_eq(hypercube->path, point / 5);
        ck_assert_int_eq(chain_of(loaded.scenario)->shards, shards[point % 5]);
        ck_assert_uint_ne(loaded.scenario->config_hash, base_hash);
        ck_assert_uint_eq(loaded.scenario->point_count, 10);
        unload(&loaded);
    }
    loaded = load_point(text, 10);
    ck_assert_str_eq(loaded.diagnostics.list[0].code, "E405");
    unload(&loaded);
    loaded = load_point(SCENARIO("\"x-\": 1"), 0);
    ck_assert_str_eq(loaded.diagnostics.list[0].code, "E405");
    unload(&loaded);
}
END_TEST

START_TEST(a_point_hashes_like_the_scenario_written_out)
{
    struct loaded loaded =
        load_point(SCENARIO("\"sweep\": {\"product\": {\"network.loss\": [\"1%\", \"2%\"]}}"), 1);
    ck_assert_uint_eq(loaded.scenario->config_hash,
                      hash_of(SCENARIO("\"network\": {\"loss\": \"0.02\"}")));
    unload(&loaded);
}
END_TEST

START_TEST(ranges_are_exact_at_their_ends)
{
    static const struct {
        const char *path, *range;
        int64_t point;
        const char *effective;
    } rows[] = {
        {"warmup", "{\"from\": \"0s\", \"to\": \"1s\", \"points\": 4}", 1, "\"333333333ns\""},
        {"warmup", "{\"from\": \"0s\", \"to\": \"1s\", \"points\": 4}", 2, "\"666666667ns\""},
        {"warmup", "{\"from\": \"0s\", \"to\": \"1s\", \"points\": 4}", 3, "\"1000000000ns\""},
        {"warmup", "{\"from\": \"1s\", \"to\": \"0s\", \"points\": 4}", 1, "\"666666667ns\""},
        {"warmup", "{\"from\": \"1ms\", \"to\": \"1s\", \"points\": 4, \"scale\": \"log10\"}", 1,
         "\"10000000ns\""},
        {"network.loss", "{\"from\": \"0%\", \"to\": \"5%\", \"points\": 6}", 4, "\"0.04\""},
        {"network.bandwidth",
         "{\"from\": \"1Mbit/s\", \"to\": \"16Mbit/s\", \"points\": 5, \"scale\": \"log2\"}", 2,
         "\"4000000bit/s\""},
        {"messaging.eta", "{\"from\": 0, \"to\": 0.3, \"points\": 4}", 1, "\"eta\":0.1,"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[400];
        snprintf(text, sizeof text,
                 SCENARIO("\"messaging\": {\"type\": \"hypercube\"}, \"sweep\": {\"product\": "
                          "{\"%s\": %s}}"),
                 rows[i].path, rows[i].range);
        struct loaded loaded = load_point(text, rows[i].point);
        ck_assert_msg(loaded.scenario != NULL, "%s", loaded.text);
        ck_assert_msg(strstr(loaded.scenario->effective, rows[i].effective) != NULL, "%s: %s",
                      rows[i].range, loaded.scenario->effective);
        unload(&loaded);
    }
}
END_TEST

START_TEST(refuses_bad_sweeps)
{
    static const struct {
        const char *sweep, *code, *pointer;
    } rows[] = {
        {"5", "E205", "/sweep"},
        {"{}", "E103", "/sweep/product"},
        {"{\"product\": {}}", "E205", "/sweep/product"},
        {"{\"product\": {\"chain.shards\": [1]}, \"zip\": 1}", "E101", "/sweep/zip"},
        {"{\"product\": {\"chain.shard\": [1]}}", "E404", "/sweep/product/chain.shard"},
        {"{\"product\": {\"seed\": [1]}}", "E404", "/sweep/product/seed"},
        {"{\"product\": {\"a..b\": [1]}}", "E104", "/sweep/product/a..b"},
        {"{\"product\": {\"chain.shards\": []}}", "E208", "/sweep/product/chain.shards"},
        {"{\"product\": {\"chain.shards\": 5}}", "E205", "/sweep/product/chain.shards"},
        {"{\"product\": {\"chain.shards\": [1], \"/chain/shards\": [1]}}", "E307",
         "/sweep/product/~1chain~1shards"},
        {"{\"product\": {\"chain.shards\": {\"from\": 1, \"to\": 2}}}", "E103",
         "/sweep/product/chain.shards/points"},
        {"{\"product\": {\"chain.shards\": {\"to\": 2, \"points\": 2}}}", "E103",
         "/sweep/product/chain.shards/from"},
        {"{\"product\": {\"chain.shards\": {\"from\": 1, \"to\": 2, \"points\": 1}}}", "E203",
         "/sweep/product/chain.shards/points"},
        {"{\"product\": {\"chain.shards\": {\"from\": 1, \"to\": 2, \"points\": 2, \"scale\": "
         "\"log\"}}}",
         "E206", "/sweep/product/chain.shards/scale"},
        {"{\"product\": {\"chain.shards\": {\"from\": 1, \"to\": 2, \"points\": 2, \"step\": 1}}}",
         "E101", "/sweep/product/chain.shards/step"},
        {"{\"product\": {\"chain.shards\": {\"from\": 1, \"to\": 3, \"points\": 4}}}", "E307",
         "/sweep/product/chain.shards"},
        {"{\"product\": {\"chain.shards\": {\"from\": 0, \"to\": 8, \"points\": 4, \"scale\": "
         "\"log2\"}}}",
         "E307", "/sweep/product/chain.shards"},
        {"{\"product\": {\"warmup\": {\"from\": 1, \"to\": \"2s\", \"points\": 2}}}", "E201",
         "/sweep/product/warmup/from"},
        {"{\"product\": {\"messaging.type\": {\"from\": 1, \"to\": 2, \"points\": 2}}}", "E307",
         "/sweep/product/messaging.type"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[400];
        snprintf(text, sizeof text, SCENARIO("\"sweep\": %s"), rows[i].sweep);
        refuses_at(text, rows[i].code, rows[i].pointer);
    }
}
END_TEST

START_TEST(every_point_is_checked_on_request)
{
    static const char text[] = "{\"version\": 1, \"duration\": \"10s\",\n"
                               " \"sweep\": {\"product\": {\"chain.shards\": [4, 13, 0],\n"
                               "  \"warmup\": [\"1s\", \"20s\"]}}}";
    struct loaded loaded = load(text); /* the base point is fine */
    ck_assert_msg(loaded.scenario != NULL, "%s", loaded.text);
    unload(&loaded);
    loaded =
        load_with("t.json", text, &(struct scenario_options){.point = -1, .every_point = true});
    ck_assert_ptr_null(loaded.scenario);
    ck_assert_str_eq(loaded.text,
                     "t.json:2:44: error[E310] /chain/shards: thirteen shards (at sweep point 2)\n"
                     "    expected  another number\n"
                     "    got       number 13\n"
                     "t.json:2:48: error[E203] /chain/shards: out of range (at sweep point 4)\n"
                     "    expected  1 to 1048576\n"
                     "    got       number 0\n"
                     "    try       1\n"
                     "t.json:3:20: error[E301] /warmup: the warm-up is not shorter than the run "
                     "(at sweep point 1)\n"
                     "    expected  less than \"duration\"\n"
                     "    got       \"20s\"\n");
    unload(&loaded);
}
END_TEST

/* --- Origins --- */

struct wanted { /* rows in the order of the visits */
    const char *pointer, *text, *unit, *origin;
    double number;
    bool swept, seen;
};

static void look(void *context, const char *pointer, const char *text, double number,
                 const char *unit, bool swept, const char *origin)
{
    for (struct wanted *row = context; row->pointer != NULL; row++) {
        if (strcmp(row->pointer, pointer) != 0)
            continue;
        row->seen = true;
        ck_assert_msg(row == context || row[-1].seen, "%s out of order", pointer);
        ck_assert_str_eq(text, row->text);
        ck_assert_str_eq(unit, row->unit);
        ck_assert_str_eq(origin, row->origin);
        ck_assert_msg(isnan(number) == isnan(row->number), "%s", pointer);
        ck_assert_msg(isnan(number) || fabs(number - row->number) < 1e-9, "%s", pointer);
        ck_assert_msg(swept == row->swept, "%s", pointer);
    }
}

START_TEST(every_value_knows_its_origin)
{
    static const char text[] = "{\"version\": 1, \"duration\": \"10s\",\n"
                               " \"network\": {\"latency\": \"20ms\",\n"
                               "  \"bandwidth\": \"100Mbit/s\"},\n"
                               " \"workload\": [{\"rate\": \"200tx/s\"}],\n"
                               " \"sweep\": {\"product\": {\"chain.shards\": [4, 5]}}}";
    const char *const sets[] = {"network.loss=1%", NULL};
    uint64_t seed = 5;
    struct loaded loaded = load_with(
        "t.json", text, &(struct scenario_options){.sets = sets, .point = 1, .seed = &seed});
    ck_assert_msg(loaded.scenario != NULL, "%s", loaded.text);
    struct wanted wanted[] = {
        {"/chain/block_interval", "5s", "ns", "default", 5e9, false, false},
        {"/chain/shards", "5", "", "point 1", 5, true, false},
        {"/duration", "10s", "ns", "t.json:1", 1e10, false, false},
        {"/network/bandwidth", "100Mbit/s", "bit/s", "t.json:3", 1e8, false, false},
        {"/network/latency/min", "0ns", "ns", "default", 0, false, false},
        {"/network/latency/value", "20ms", "ns", "t.json:2", 2e7, false, false},
        {"/network/loss", "1%", "", "--set", 0.01, false, false},
        {"/seed", "5", "", "--seed", 5, false, false},
        {"/workload/0/rate", "200tx/s", "/s", "t.json:4", 200, false, false},
        {"/workload/0/type", "poisson", "", "default", NAN, false, false},
        {NULL, NULL, NULL, NULL, 0, false, false},
    };
    scenario_each_param(loaded.scenario, look, wanted);
    for (struct wanted *row = wanted; row->pointer != NULL; row++)
        ck_assert_msg(row->seen, "%s was not visited", row->pointer);
    unload(&loaded);
}
END_TEST

CHECK_MAIN("scenario_source", includes_merge_in_order, errors_name_the_include_and_its_line,
           the_last_file_that_has_a_value_is_named, wide_objects_merge_like_narrow_ones,
           includes_are_found_beside_the_including_file, refuses_bad_includes,
           a_hundred_megabytes_are_refused_by_size, settings_are_read_as_their_target_wants_them,
           bad_settings_are_named, the_last_setting_wins_and_null_gives_the_default,
           points_count_with_the_first_key_slowest, a_point_hashes_like_the_scenario_written_out,
           ranges_are_exact_at_their_ends, refuses_bad_sweeps, every_point_is_checked_on_request,
           every_value_knows_its_origin)
