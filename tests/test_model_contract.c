/* How each model of the registry behaves, whatever it models.
 *
 * Method: walk model_registry with the base scenarios of support_contract. Then: a run is a pure
 * function of its seed, whatever the queue and the order of groups, idle nodes change nobody, and a
 * crash of any role is survived. A leak shows in the sanitizer build. What a model says of its
 * parameters is test_model_params. */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "models/stack.h"
#include "sim/diagnostics.h"
#include "sim/engine.h"
#include "sim/model.h"
#include "sim/queue.h"
#include "sim/scenario.h"
#include "tests/check_main.h"
#include "tests/support_contract.h"

enum { GROUP_ORDERS = 3, ROLES_MAX = 32, ROLE_BYTES = 32 };

static bool hash_equal(const struct engine_result *a, const struct engine_result *b)
{
    return a->result_hash[0] == b->result_hash[0] && a->result_hash[1] == b->result_hash[1];
}

START_TEST(equal_seeds_give_equal_hashes_and_other_seeds_others)
{
    for (size_t i = 0; model_registry[i]; i++) {
        const struct model *model = model_registry[i];
        const struct engine_options options = {0};
        char text[CONTRACT_TEXT_BYTES];
        contract_text(model, "", "", "", text);
        struct engine_result once = contract_run(model, text, 1, &options);
        struct engine_result again = contract_run(model, text, 1, &options);
        struct engine_result other = contract_run(model, text, 2, &options);
        ck_assert_msg(once.events > 0, "%s.%s: nothing happens", model->layer_name, model->name);
        ck_assert_uint_eq(once.events, again.events);
        ck_assert_msg(hash_equal(&once, &again), "%s.%s: one seed, two hashes", model->layer_name,
                      model->name);
        ck_assert_msg(!hash_equal(&once, &other), "%s.%s: two seeds, one hash", model->layer_name,
                      model->name);
    }
}
END_TEST

START_TEST(replications_differ)
{
    for (size_t i = 0; model_registry[i]; i++) {
        const struct model *model = model_registry[i];
        const struct engine_options first = {0}, second = {.replication = 1};
        char text[CONTRACT_TEXT_BYTES];
        contract_text(model, "", "", "", text);
        struct engine_result a = contract_run(model, text, 1, &first);
        struct engine_result b = contract_run(model, text, 1, &second);
        ck_assert_msg(!hash_equal(&a, &b), "%s.%s: two replications, one hash", model->layer_name,
                      model->name);
    }
}
END_TEST

START_TEST(both_queues_give_one_hash)
{
    for (size_t i = 0; model_registry[i]; i++) {
        const struct model *model = model_registry[i];
        const struct engine_options heap = {.queue = &queue_heap}, wheel = {.queue = &queue_wheel};
        char text[CONTRACT_TEXT_BYTES];
        contract_text(model, "", "", "", text);
        struct engine_result a = contract_run(model, text, 3, &heap);
        struct engine_result b = contract_run(model, text, 3, &wheel);
        ck_assert_msg(hash_equal(&a, &b), "%s.%s: heap and wheel differ", model->layer_name,
                      model->name);
    }
}
END_TEST

START_TEST(any_order_of_groups_gives_one_hash)
{
    for (size_t i = 0; model_registry[i]; i++) {
        const struct model *model = model_registry[i];
        const struct engine_options plain = {0};
        char text[CONTRACT_TEXT_BYTES];
        contract_text(model, "", "", "", text);
        struct engine_result expected = contract_run(model, text, 4, &plain);
        for (uint64_t order = 1; order <= GROUP_ORDERS; order++) {
            const struct engine_options grouped = {.group_order = order};
            struct engine_result got = contract_run(model, text, 4, &grouped);
            ck_assert_msg(hash_equal(&expected, &got), "%s.%s: group order %" PRIu64 " shows",
                          model->layer_name, model->name, order);
        }
    }
}
END_TEST

START_TEST(idle_nodes_change_nobody)
{
    /* A second workload whose first event comes after the end: its nodes exist, and that is all. */
    static const char idle[] =
        ", {\"type\": \"echo\", \"nodes\": 50, \"interval\": \"1h\", \"timeout\": \"1h\"}";
    for (size_t i = 0; model_registry[i]; i++) {
        const struct model *model = model_registry[i];
        const struct engine_options options = {0};
        char text[CONTRACT_TEXT_BYTES];
        contract_text(model, "", "", "", text);
        struct engine_result expected = contract_run(model, text, 5, &options);
        contract_text(model, "", idle, "", text);
        struct engine_result got = contract_run(model, text, 5, &options);
        ck_assert_uint_gt(got.nodes, expected.nodes);
        ck_assert_msg(hash_equal(&expected, &got), "%s.%s: idle nodes change the run",
                      model->layer_name, model->name);
    }
}
END_TEST

/* The base scenario of a stack with a load that ends well before the run does. `chain` and `load`
 * are more keys of those sections. */
static struct engine_result run_stack(const char *chain, const char *load)
{
    char text[CONTRACT_TEXT_BYTES];
    snprintf(
        text, sizeof text,
        "{\"version\": 1, \"duration\": \"120s\", %s, \"chain\": {\"block_interval\": \"1s\", "
        "\"clock\": \"aligned\"%s}, \"workload\": [{\"type\": \"poisson\", \"rate\": \"20tx/s\", "
        "\"until\": \"20s\"%s}]}",
        contract_network, chain, load);
    const struct engine_options options = {0};
    return contract_run(contract_find("workload", "poisson"), text, 6, &options);
}

START_TEST(idle_shards_change_nobody)
{
    /* Shards 0 and 1 are the same; what lies beside them is 2 shards, then 4, then 16. */
    static const char *const prefixes[] = {
        "\"2000000000000000\", \"6000000000000000\", \"a000000000000000\", "
        "\"e000000000000000\"",
        "\"2000000000000000\", \"6000000000000000\", \"9000000000000000\", "
        "\"b000000000000000\", \"d000000000000000\", \"f000000000000000\"",
    };
    struct engine_result results[2];
    for (int i = 0; i < 2; i++) {
        char chain[512];
        snprintf(chain, sizeof chain, ", \"prefixes\": [%s]", prefixes[i]);
        results[i] = run_stack(chain, ", \"shards\": \"0-1\"");
    }
    ck_assert_uint_gt(results[1].nodes, results[0].nodes);
    ck_assert_uint_gt(results[0].events, 100);
    ck_assert_uint_eq(results[0].events, results[1].events);
    ck_assert(hash_equal(&results[0], &results[1]));
}
END_TEST

START_TEST(dropped_blocks_change_times_only)
{
    static const char *const counters[][2] = {
        {"workload", "tx_submitted"},     {"workload", "tx_final"},
        {"workload", "tx_failed"},        {"ledger", "transfers_executed"},
        {"ledger", "transfers_credited"}, {"ledger", "value_moved"}};
    enum { COUNTERS = sizeof counters / sizeof counters[0] };
    int64_t expected[COUNTERS];
    struct engine_result plain = run_stack(", \"shards\": 4", "");
    for (int i = 0; i < COUNTERS; i++)
        expected[i] = engine_counter(&plain, counters[i][0], counters[i][1]);
    ck_assert_int_gt(expected[1], 300);
    ck_assert_int_eq(expected[0], expected[1] + expected[2]);
    for (int every = 2; every <= 5; every++) {
        char chain[64];
        snprintf(chain, sizeof chain, ", \"shards\": 4, \"drop_every\": %d", every);
        struct engine_result dropped = run_stack(chain, "");
        ck_assert(!hash_equal(&plain, &dropped));
        for (int i = 0; i < COUNTERS; i++)
            ck_assert_msg(engine_counter(&dropped, counters[i][0], counters[i][1]) == expected[i],
                          "drop_every %d changes %s", every, counters[i][1]);
    }
}
END_TEST

/* The model's base scenario with one fault; the target is the first node of a role. */
static struct scenario *faulty(const struct model *model, const char *role, const char *type)
{
    char text[CONTRACT_TEXT_BYTES], more[2048];
    const char *at = contract_stands_alone(model) ? "300ms" : "7s",
               *length = contract_stands_alone(model) ? "200ms" : "4s";
    snprintf(more, sizeof more,
             ", \"faults\": [{\"at\": \"%s\", \"for\": \"%s\", \"type\": \"%s\", "
             "\"target\": \"%s:0\"%s}]",
             at, length, type, role, strcmp(type, "slow") == 0 ? ", \"factor\": 8" : "");
    contract_text(model, "", "", more, text);
    return contract_load(model, text, NULL);
}

/* The roles of the scenario's nodes, whoever brought them: the answer to a fault at a node that
 * nobody has names them all, "...: shard:0 to shard:3, echo:0 to echo:7". */
static uint32_t roles_of(const struct model *model, char ret_roles[ROLES_MAX][ROLE_BYTES])
{
    struct scenario *scenario = faulty(model, "nobody", "crash");
    struct diagnostics diagnostics = {0};
    ck_assert_int_eq(engine_check(scenario, &diagnostics), -1);
    ck_assert_str_eq(diagnostics.list[0].code, "E402");
    uint32_t count = 0;
    const char *at = strstr(diagnostics.list[0].expected, ": ");
    ck_assert_ptr_nonnull(at);
    for (at += 2; at != NULL; at = strstr(at, ", ") != NULL ? strstr(at, ", ") + 2 : NULL) {
        size_t bytes = strcspn(at, ":");
        ck_assert(count < ROLES_MAX && bytes > 0 && bytes < ROLE_BYTES);
        memcpy(ret_roles[count], at, bytes);
        ret_roles[count++][bytes] = '\0';
    }
    diagnostics_free(&diagnostics);
    scenario_free(scenario);
    return count;
}

static void assert_survived(const struct model *model, const char *role, const char *type)
{
    struct scenario *scenario = faulty(model, role, type);
    const struct engine_options options = {0};
    struct diagnostics diagnostics = {0};
    struct engine_result result = {0};
    int status = engine_run(scenario, &options, &diagnostics, &result);
    ck_assert_msg(status == 0, "%s.%s with %s of %s:0 was refused: %s", model->layer_name,
                  model->name, type, role, status ? diagnostics.list[0].problem : "");
    ck_assert_msg(result.status == ENGINE_OK, "%s.%s with %s of %s:0: %s %s", model->layer_name,
                  model->name, type, role, engine_status_names[result.status], result.violation);
    diagnostics_free(&diagnostics);
    scenario_free(scenario);
}

START_TEST(crash_and_slowness_of_each_role_are_survived)
{
    for (size_t i = 0; model_registry[i]; i++) {
        const struct model *model = model_registry[i];
        char roles[ROLES_MAX][ROLE_BYTES];
        uint32_t count = roles_of(model, roles);
        ck_assert_uint_ge(count, contract_stands_alone(model) ? 1 : 2);
        for (uint32_t j = 0; j < count; j++) {
            assert_survived(model, roles[j], "crash");
            assert_survived(model, roles[j], "slow");
        }
    }
}
END_TEST

CHECK_MAIN("model_contract", equal_seeds_give_equal_hashes_and_other_seeds_others,
           replications_differ, both_queues_give_one_hash, any_order_of_groups_gives_one_hash,
           idle_nodes_change_nobody, idle_shards_change_nobody, dropped_blocks_change_times_only,
           crash_and_slowness_of_each_role_are_survived)
