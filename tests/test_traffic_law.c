/* Goal: pairs of shards are drawn with the weights that the scenario gives, and a matrix that
 * cannot be meant is refused with its place. Method: frequencies of every law within a 99.9 % band
 * of exact expectations; scenarios as text. */

#include "tests/check_main.h"

#include <math.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "models/workload/traffic_law.h"
#include "sim/diagnostics.h"
#include "sim/engine.h"
#include "sim/exact.h"
#include "sim/memory.h"
#include "tests/run_scenario.h"

enum { SHARDS = 4, ACCOUNTS = 5, DRAWS = 200000 };
#define RATIO INT64_C(1000000000000)

/* Draws, and compares each pair's count with its probability. */
static void check_pairs(const struct traffic_law *law, const struct account_law *accounts,
                        double expected[SHARDS][SHARDS])
{
    unsigned count[SHARDS][SHARDS] = {{0}}, to_index[ACCOUNTS] = {0}, from_index[ACCOUNTS] = {0};
    struct rng rng = {.seed = 35};
    for (int i = 0; i < DRAWS; i++) {
        struct rng_stream stream;
        rng_stream_at(&stream, &rng, RNG_TEST, (uint64_t)law->kind, (uint64_t)i);
        uint64_t source = rng_u64(&stream);
        struct account_place from, to;
        traffic_law_draw(law, accounts, source, &stream, &from, &to);
        ck_assert(from.shard != to.shard || from.index != to.index);
        count[from.shard][to.shard]++;
        from_index[from.index]++;
        to_index[to.index]++;
    }
    for (int from = 0; from < SHARDS; from++)
        for (int to = 0; to < SHARDS; to++) {
            double p = expected[from][to];
            double band = 4 * sqrt(DRAWS * p * (1 - p)) + 1e-9;
            ck_assert_msg(fabs(count[from][to] - DRAWS * p) < band,
                          "law %d, %d to %d: %u draws, expected %g", law->kind, from, to,
                          count[from][to], DRAWS * p);
        }
    for (int i = 0; i < ACCOUNTS; i++) { /* accounts are uniform whatever the shards */
        double mean = DRAWS / (double)ACCOUNTS;
        ck_assert(fabs(from_index[i] - mean) < 4 * sqrt(mean));
        ck_assert(fabs(to_index[i] - mean) < 4 * sqrt(mean));
    }
}

static void check_law(const struct param_variant_value *destinations, double cross,
                      double expected[SHARDS][SHARDS])
{
    struct memory memory = {0};
    struct diagnostics diagnostics = {0};
    struct account_law accounts;
    struct traffic_law law;
    account_law_uniform(&accounts, SHARDS, ACCOUNTS);
    uint64_t threshold = exact_threshold((int64_t)(cross * 1e12));
    ck_assert_int_eq(traffic_law_build(destinations, SHARDS, threshold, 2, "/workload/0", &memory,
                                       &diagnostics, &law),
                     0);
    check_pairs(&law, &accounts, expected);
    traffic_law_destroy(&law, &memory);
    ck_assert_uint_eq(memory.used_bytes, 0);
}

START_TEST(a_share_goes_elsewhere_and_evenly)
{
    double expected[SHARDS][SHARDS];
    for (int from = 0; from < SHARDS; from++)
        for (int to = 0; to < SHARDS; to++)
            expected[from][to] = from == to ? 0.25 * 0.25 : 0.25 * 0.75 / 3;
    check_law(&(struct param_variant_value){.index = TRAFFIC_SHARE}, 0.75, expected);
}
END_TEST

START_TEST(at_least_own_goes_to_the_sender_or_above)
{
    double expected[SHARDS][SHARDS] = {{0}};
    for (int from = 0; from < SHARDS; from++)
        for (int to = from; to < SHARDS; to++)
            expected[from][to] = 0.25 / (SHARDS - from);
    check_law(&(struct param_variant_value){.index = TRAFFIC_AT_LEAST_OWN}, 0.75, expected);
}
END_TEST

START_TEST(a_hot_shard_gets_its_share_and_the_rest_is_as_without_it)
{
    struct traffic_hot_config hot = {.shard = 2, .share = 6 * RATIO / 10};
    double expected[SHARDS][SHARDS];
    for (int from = 0; from < SHARDS; from++)
        for (int to = 0; to < SHARDS; to++)
            expected[from][to] =
                0.4 * (from == to ? 0.25 * 0.5 : 0.25 * 0.5 / 3) + (to == 2 ? 0.6 * 0.25 : 0);
    check_law(&(struct param_variant_value){.index = TRAFFIC_HOT, .config = &hot}, 0.5, expected);
}
END_TEST

START_TEST(a_matrix_gives_each_pair_its_weight)
{
    static const int weights[SHARDS][SHARDS] = {
        {3, 0, 1, 7}, {0, 0, 0, 2}, {5, 5, 0, 0}, {0, 1, 0, 11}};
    double expected[SHARDS][SHARDS];
    cJSON *rows = cJSON_CreateArray();
    for (int from = 0; from < SHARDS; from++) {
        cJSON_AddItemToArray(rows, cJSON_CreateIntArray(weights[from], SHARDS));
        for (int to = 0; to < SHARDS; to++)
            expected[from][to] = weights[from][to] / 35.0;
    }
    struct traffic_matrix_config matrix = {.weights = rows};
    check_law(&(struct param_variant_value){.index = TRAFFIC_MATRIX, .config = &matrix}, 0.5,
              expected);
    cJSON_Delete(rows);
}
END_TEST

#define SCENARIO(destinations, more)                                                               \
    "{\"version\": 1, \"duration\": \"30s\", \"chain\": {\"shards\": 4},"                          \
    " \"messaging\": {\"type\": \"hypercube\"}, \"ledger\": {\"type\": \"accounts\"},"             \
    " \"workload\": [{\"type\": \"poisson\", \"rate\": \"20/s\", \"destinations\": " destinations  \
        more "}]}"
#define MATRIX(weights) "{\"type\": \"matrix\", \"weights\": " weights "}"

/* The first problem of a scenario, as "CODE POINTER". */
static void refuses(const char *text, const char *expected)
{
    const struct scenario_options options = {.point = -1};
    struct diagnostics diagnostics = {0};
    struct scenario *scenario = NULL;
    struct engine_result result;
    const struct engine_options engine_options = {0};
    if (scenario_load_text("t.json", text, strlen(text), &options, &diagnostics, &scenario) == 0)
        ck_assert_int_eq(engine_run(scenario, &engine_options, &diagnostics, &result), -1);
    ck_assert_uint_ge(diagnostics.count, 1);
    char said[200];
    snprintf(said, sizeof said, "%s %s", diagnostics.list[0].code, diagnostics.list[0].pointer);
    ck_assert_str_eq(said, expected);
    diagnostics_free(&diagnostics);
    scenario_free(scenario);
}

START_TEST(what_cannot_be_meant_is_refused_with_its_place)
{
    static const char *const cases[][2] = {
        {SCENARIO(MATRIX("3"), ""), "E208 /workload/0/destinations/weights"},
        {SCENARIO(MATRIX("[]"), ""), "E208 /workload/0/destinations/weights"},
        {SCENARIO(MATRIX("[[1, 2], [3]]"), ""), "E304 /workload/0/destinations/weights/1"},
        {SCENARIO(MATRIX("[[1, 2], 3]"), ""), "E304 /workload/0/destinations/weights/1"},
        {SCENARIO(MATRIX("[[1, -2], [3, 4]]"), ""), "E203 /workload/0/destinations/weights/0/1"},
        {SCENARIO(MATRIX("[[1, 0.5], [3, 4]]"), ""), "E203 /workload/0/destinations/weights/0/1"},
        {SCENARIO(MATRIX("[[1, \"2\"], [3, 4]]"), ""), "E203 /workload/0/destinations/weights/0/1"},
        {SCENARIO(MATRIX("[[1, 1000000001], [3, 4]]"), ""),
         "E203 /workload/0/destinations/weights/0/1"},
        {SCENARIO(MATRIX("[[0, 0], [0, 0]]"), ""), "E310 /workload/0/destinations/weights"},
        {SCENARIO(MATRIX("[[1, 0], [0, 1]]"), ""), "E304 /workload/0/destinations/weights"},
        {SCENARIO("{\"type\": \"hot\", \"shard\": 4}", ""), "E402 /workload/0/destinations/shard"},
        {SCENARIO("{\"type\": \"hot\", \"shard\": 0}", ", \"shards\": \"1-3\""),
         "E402 /workload/0/destinations/shard"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        refuses(cases[i][0], cases[i][1]);
}
END_TEST

/* The matrix is over the shards that take part; a hot shard is named by its number in the run. */
START_TEST(some_shards_only_are_a_smaller_matrix)
{
    run_scenario(SCENARIO(MATRIX("[[1, 0], [0, 1]]"), ", \"shards\": \"1,3\""), 1);
    struct engine_result result = run_scenario(
        SCENARIO("{\"type\": \"hot\", \"shard\": 3, \"share\": \"100%\"}", ", \"shards\": \"1,3\""),
        1);
    ck_assert_int_gt(engine_counter(&result, "messaging", "messages_delivered"), 100);
}
END_TEST

CHECK_MAIN("traffic_law", a_share_goes_elsewhere_and_evenly,
           at_least_own_goes_to_the_sender_or_above,
           a_hot_shard_gets_its_share_and_the_rest_is_as_without_it,
           a_matrix_gives_each_pair_its_weight, what_cannot_be_meant_is_refused_with_its_place,
           some_shards_only_are_a_smaller_matrix)
