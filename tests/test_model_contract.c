/* The contract that each model of the registry is held to without being told of it.
 *
 * Method: walk model_registry; a model's base scenario is the smallest one that uses it (bases[]
 * adds what some types need). Then: the table is well formed, defaults are valid, each number is
 * refused one step outside its range, unknown keys are refused, a run is a pure function of its
 * seed, whatever the queue and the order of groups, idle nodes change nobody, and a crash of any
 * role is survived. A leak shows in the sanitizer build. Over 600 lines because every test starts
 * from the same base scenarios. */

#include <cjson/cJSON.h>
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

enum {
    TEXT_BYTES = 8192,
    SECTION_BYTES = 2048,
    DEPTH_MAX = 4,
    GROUP_ORDERS = 3,
    ROLES_MAX = 32,
    ROLE_BYTES = 32
};

#define VALIDATORS                                                                                 \
    ", \"chain\": {\"shards\": 2, \"block_interval\": \"1s\", \"validators\": {\"type\": "         \
    "\"individual\", "                                                                             \
    "\"count\": 5}}"

/* Keys that a type cannot do without or that make it do more in less time, and sections of other
 * layers that it needs instead of stack_sections. */
static const struct {
    const char *layer, *type, *keys, *others;
} bases[] = {
    {"workload", "echo", ", \"interval\": \"20ms\", \"neighbour\": \"random\"", NULL},
    {"workload", "phold",
     ", \"nodes\": 16, \"delay\": {\"type\": \"exponential\", \"mean\": \"50ms\"}", NULL},
    {"workload", "trace", ", \"file\": \"tests/contract_trace.csv\"", NULL},
    {"chain", "blocks", ", \"shards\": 4, \"block_interval\": \"1s\"", ""},
    {"spread", "ideal", "", VALIDATORS},
    {"spread", "direct", "", VALIDATORS},
    {"spread", "turbine", ", \"fanout\": 2", VALIDATORS},
};

static const char stack_sections[] = ", \"chain\": {\"shards\": 4, \"block_interval\": \"1s\"}";

static const char network[] =
    "\"network\": {\"latency\": {\"type\": \"lognormal\", \"median\": \"20ms\", \"sigma\": 0.4, "
    "\"min\": \"5ms\"}}";

static const struct model *model_find(const char *layer, const char *type)
{
    for (size_t i = 0; model_registry[i]; i++)
        if (strcmp(model_registry[i]->layer_name, layer) == 0 &&
            strcmp(model_registry[i]->name, type) == 0)
            return model_registry[i];
    return NULL;
}

/* Workloads that bring nodes of their own and use no chain. */
static bool stands_alone(const struct model *model)
{
    return model == model_find("workload", "echo") || model == model_find("workload", "phold");
}

/* Writes the model's base scenario with `keys` (", \"k\": v" or "") in its section, `workloads`
 * (", {...}" or "") behind its workload and `more` (", \"k\": v" or "") at the top. */
static void base_scenario(const struct model *model, const char *keys, const char *workloads,
                          const char *more, char *ret_text)
{
    const char *own = "", *others = stands_alone(model) ? "" : stack_sections;
    for (size_t i = 0; i < sizeof bases / sizeof bases[0]; i++)
        if (model == model_find(bases[i].layer, bases[i].type)) {
            own = bases[i].keys;
            others = bases[i].others ? bases[i].others : others;
        }
    char section[SECTION_BYTES], layer[SECTION_BYTES + 64] = "";
    snprintf(section, sizeof section, "{\"type\": \"%s\"%s%s}", model->name, own, keys);
    bool is_workload = model->layer == LAYER_WORKLOAD;
    if (!is_workload)
        snprintf(layer, sizeof layer, ", \"%s\": %s", model->layer_name, section);
    int bytes = snprintf(ret_text, TEXT_BYTES,
                         "{\"version\": 1, \"duration\": \"%s\", %s%s%s, \"workload\": [%s%s]%s}",
                         stands_alone(model) ? "1s" : "20s", network, layer, others,
                         is_workload ? section : "{\"type\": \"poisson\", \"rate\": \"20tx/s\"}",
                         workloads, more);
    ck_assert_int_lt(bytes, TEXT_BYTES);
}

static void print_problems(const struct model *model, const struct diagnostics *diagnostics)
{
    fprintf(stderr, "%s.%s:\n", model->layer_name, model->name);
    diagnostics_print(diagnostics, stderr, 0, false);
}

static struct scenario *load(const struct model *model, const char *text, const uint64_t *seed)
{
    struct diagnostics diagnostics = {0};
    const struct scenario_options options = {.point = -1, .seed = seed};
    struct scenario *scenario = NULL;
    int status =
        scenario_load_text("contract.json", text, strlen(text), &options, &diagnostics, &scenario);
    if (status != 0)
        print_problems(model, &diagnostics);
    ck_assert_msg(status == 0, "%s.%s: its scenario is refused: %s", model->layer_name, model->name,
                  text);
    diagnostics_free(&diagnostics);
    return scenario;
}

static struct engine_result run(const struct model *model, const char *text, uint64_t seed,
                                const struct engine_options *options)
{
    struct scenario *scenario = load(model, text, &seed);
    struct diagnostics diagnostics = {0};
    struct engine_result result = {0};
    int status = engine_run(scenario, options, &diagnostics, &result);
    if (status != 0)
        print_problems(model, &diagnostics);
    ck_assert_msg(status == 0, "%s.%s: cannot be built: %s", model->layer_name, model->name, text);
    ck_assert_msg(result.status != ENGINE_VIOLATION, "%s.%s seed %" PRIu64 ": %s in %s",
                  model->layer_name, model->name, seed, result.violation, text);
    diagnostics_free(&diagnostics);
    scenario_free(scenario);
    return result;
}

static bool hash_equal(const struct engine_result *a, const struct engine_result *b)
{
    return a->result_hash[0] == b->result_hash[0] && a->result_hash[1] == b->result_hash[1];
}

static void assert_names(const struct model *model, const char *what, const char *const *names)
{
    ck_assert_msg(names != NULL, "%s.%s: no list of %s", model->layer_name, model->name, what);
    size_t count = 0;
    for (; names[count]; count++) {
        ck_assert_msg(strspn(names[count], "abcdefghijklmnopqrstuvwxyz0123456789_") ==
                          strlen(names[count]),
                      "%s.%s: %s \"%s\" is not snake_case", model->layer_name, model->name, what,
                      names[count]);
        for (size_t i = 0; i < count; i++)
            ck_assert_str_ne(names[i], names[count]);
    }
    ck_assert_msg(count <= 64, "%s.%s: more than 64 %s", model->layer_name, model->name, what);
}

START_TEST(tables_are_well_formed)
{
    for (size_t i = 0; model_registry[i]; i++) {
        const struct model *model = model_registry[i];
        ck_assert_msg(model_find(model->layer_name, model->name) == model,
                      "%s.%s stands twice in the registry", model->layer_name, model->name);
        ck_assert_uint_lt(model->layer, LAYER_COUNT);
        ck_assert_uint_gt(model->version, 0);
        ck_assert(model->summary && model->params && model->build && model->destroy);
        ck_assert(model->metrics && model->properties);
        assert_names(model, "message kinds", model->message_kinds);
        assert_names(model, "timer kinds", model->timer_kinds);
        assert_names(model, "trace kinds", model->trace_kinds);
        ck_assert(model->message_kinds[0] == NULL || model->on_message != NULL);
        ck_assert(model->timer_kinds[0] == NULL || model->on_timer != NULL);
        for (const struct param *row = model->params; row->name; row++) {
            ck_assert_msg(row->help && row->help[0], "%s.%s.%s has no help", model->layer_name,
                          model->name, row->name);
            ck_assert_uint_lt(row->offset, model->config_bytes);
        }
    }
}
END_TEST

START_TEST(defaults_are_valid)
{
    for (size_t i = 0; model_registry[i]; i++) {
        const struct model *model = model_registry[i];
        char text[TEXT_BYTES];
        base_scenario(model, "", "", "", text);
        struct scenario *scenario = load(model, text, NULL);
        struct diagnostics diagnostics = {0};
        int status = engine_check(scenario, &diagnostics);
        if (status != 0)
            print_problems(model, &diagnostics);
        ck_assert_msg(status == 0, "%s.%s: defaults are refused", model->layer_name, model->name);
        diagnostics_free(&diagnostics);
        scenario_free(scenario);
    }
}
END_TEST

/* How a number of base units is written in JSON for a kind; false for kinds that are no numbers. */
static bool number_text(enum param_kind kind, int64_t value, char *ret_text, size_t bytes)
{
    const char *sign = value < 0 ? "-" : "";
    uint64_t size = value < 0 ? (uint64_t)-value : (uint64_t)value;
    uint64_t million = 1000000, trillion = million * million;
    switch (kind) {
    case PARAM_INTEGER:
        snprintf(ret_text, bytes, "%" PRId64, value);
        return true;
    case PARAM_RATIO:
        snprintf(ret_text, bytes, "\"%s%" PRIu64 ".%012" PRIu64 "\"", sign, size / trillion,
                 size % trillion);
        return true;
    case PARAM_DURATION:
        snprintf(ret_text, bytes, "\"%" PRId64 "ns\"", value);
        return true;
    case PARAM_BYTES:
        snprintf(ret_text, bytes, "\"%" PRId64 "B\"", value);
        return true;
    case PARAM_BIT_RATE:
        snprintf(ret_text, bytes, "\"%" PRId64 "bit/s\"", value);
        return true;
    case PARAM_RATE:
        snprintf(ret_text, bytes, "\"%s%" PRIu64 ".%06" PRIu64 "/s\"", sign, size / million,
                 size % million);
        return true;
    case PARAM_BOOL:
    case PARAM_REAL:
    case PARAM_SEED:
    case PARAM_CHOICE:
    case PARAM_STRING:
    case PARAM_FILE:
    case PARAM_DISTRIBUTION:
    case PARAM_OBJECT:
    case PARAM_VARIANT:
    case PARAM_LIST:
    case PARAM_JSON:
        return false;
    }
    return false;
}

/* Where a value stands: the model's section, then objects by name. */
struct place {
    const struct model *model;
    const char *names[DEPTH_MAX + 1];
    const char *types[DEPTH_MAX + 1]; /* of the variant that the object then is; NULL = plain */
    uint32_t depth;
};

/* Sets `name` at a place of the base scenario to a value and returns the text; cJSON_free it. */
static char *scenario_with(const struct place *place, const char *name, const char *value,
                           char ret_pointer[256])
{
    char text[TEXT_BYTES];
    base_scenario(place->model, "", "", "", text);
    cJSON *tree = cJSON_Parse(text);
    ck_assert_msg(tree != NULL, "no JSON: %s", text);
    bool listed = place->model->layer == LAYER_WORKLOAD;
    cJSON *object = cJSON_GetObjectItemCaseSensitive(tree, place->model->layer_name);
    int used = snprintf(ret_pointer, 256, "/%s%s", place->model->layer_name, listed ? "/0" : "");
    if (listed)
        object = cJSON_GetArrayItem(object, 0);
    for (uint32_t i = 0; i < place->depth; i++) {
        cJSON *inner = cJSON_GetObjectItemCaseSensitive(object, place->names[i]);
        object = inner ? inner : cJSON_AddObjectToObject(object, place->names[i]);
        if (place->types[i]) {
            cJSON_DeleteItemFromObjectCaseSensitive(object, "type");
            cJSON_AddStringToObject(object, "type", place->types[i]);
        }
        used += snprintf(ret_pointer + used, 256 - (size_t)used, "/%s", place->names[i]);
    }
    snprintf(ret_pointer + used, 256 - (size_t)used, "/%s", name);
    cJSON_DeleteItemFromObjectCaseSensitive(object, name);
    cJSON_AddItemToObject(object, name, cJSON_CreateRaw(value));
    char *changed = cJSON_PrintUnformatted(tree);
    cJSON_Delete(tree);
    return changed;
}

/* Whether `value` at `name` is refused there, with a code of the E2xx kind. */
static bool refused_at(const struct place *place, const char *name, const char *value)
{
    char pointer[256];
    char *text = scenario_with(place, name, value, pointer);
    struct diagnostics diagnostics = {0};
    struct scenario *scenario = NULL;
    const struct scenario_options options = {.point = -1};
    bool refused = false;
    if (scenario_load_text("contract.json", text, strlen(text), &options, &diagnostics,
                           &scenario) == 0)
        scenario_free(scenario);
    for (size_t i = 0; i < diagnostics.count; i++)
        if (strcmp(diagnostics.list[i].pointer, pointer) == 0 &&
            strncmp(diagnostics.list[i].code, "E2", 2) == 0)
            refused = true;
    diagnostics_free(&diagnostics);
    cJSON_free(text);
    return refused;
}

static uint32_t check_real(const struct place *place, const struct param *row)
{
    if (row->real_min == row->real_max)
        return 0;
    for (int side = 0; side < 2; side++) {
        char text[64];
        double edge = side == 0 ? row->real_min : row->real_max;
        double step = (edge < 0 ? -edge : edge) * 1e-9 + 1e-9;
        snprintf(text, sizeof text, "%.17g", side == 0 ? edge - step : edge + step);
        ck_assert_msg(refused_at(place, row->name, text), "%s.%s.%s: %s is outside the range",
                      place->model->layer_name, place->model->name, row->name, text);
    }
    return 1;
}

static uint32_t check_range(const struct place *place, const struct param *row)
{
    const struct model *model = place->model;
    char text[64];
    if (row->kind == PARAM_REAL)
        return check_real(place, row);
    if (row->value_min == row->value_max ||
        !number_text(row->kind, row->value_min, text, sizeof text))
        return 0;
    ck_assert_msg(!refused_at(place, row->name, text), "%s.%s.%s: least value %s is refused",
                  model->layer_name, model->name, row->name, text);
    number_text(row->kind, row->value_max, text, sizeof text);
    ck_assert_msg(!refused_at(place, row->name, text), "%s.%s.%s: greatest value %s is refused",
                  model->layer_name, model->name, row->name, text);
    if (row->value_min > INT64_MIN + 1) {
        number_text(row->kind, row->value_min - 1, text, sizeof text);
        ck_assert_msg(refused_at(place, row->name, text), "%s.%s.%s: %s is below the range",
                      model->layer_name, model->name, row->name, text);
    }
    if (row->value_max < INT64_C(9007199254740991)) {
        number_text(row->kind, row->value_max + 1, text, sizeof text);
        ck_assert_msg(refused_at(place, row->name, text), "%s.%s.%s: %s is above the range",
                      model->layer_name, model->name, row->name, text);
    }
    return 1;
}

/* The rows of each variant, one level deep. */
static uint32_t check_variants(struct place *place, const struct param *row)
{
    uint32_t checked = 0;
    for (const struct param_variant *variant = row->variants; variant->type; variant++) {
        place->names[place->depth] = row->name;
        place->types[place->depth++] = variant->type;
        for (const struct param *inner = variant->fields; inner && inner->name; inner++)
            checked += check_range(place, inner);
        place->types[--place->depth] = NULL;
    }
    return checked;
}

/* Every numeric row of a model's table and of the objects in it, depth first. */
static uint32_t check_ranges(const struct model *model)
{
    const struct param *rows[DEPTH_MAX + 1] = {model->params};
    struct place place = {.model = model};
    uint32_t checked = 0;
    for (;;) {
        const struct param *row = rows[place.depth];
        if (!row->name) {
            if (place.depth == 0)
                return checked;
            place.depth--;
            continue;
        }
        rows[place.depth]++;
        if (row->kind == PARAM_VARIANT)
            checked += check_variants(&place, row);
        if (row->kind != PARAM_OBJECT) {
            checked += check_range(&place, row);
            continue;
        }
        ck_assert_uint_lt(place.depth, DEPTH_MAX);
        place.names[place.depth++] = row->name;
        rows[place.depth] = row->fields;
    }
}

START_TEST(numbers_outside_their_range_are_refused)
{
    uint32_t checked = 0;
    for (size_t i = 0; model_registry[i]; i++)
        checked += check_ranges(model_registry[i]);
    ck_assert_uint_gt(checked, 5);
}
END_TEST

START_TEST(unknown_keys_are_refused)
{
    for (size_t i = 0; model_registry[i]; i++) {
        const struct model *model = model_registry[i];
        char text[TEXT_BYTES];
        base_scenario(model, ", \"no_such_key\": 1", "", "", text);
        struct diagnostics diagnostics = {0};
        struct scenario *scenario = NULL;
        const struct scenario_options options = {.point = -1};
        ck_assert_int_eq(scenario_load_text("contract.json", text, strlen(text), &options,
                                            &diagnostics, &scenario),
                         -1);
        ck_assert_ptr_null(scenario);
        ck_assert_uint_eq(diagnostics.errors, 1);
        ck_assert_msg(strncmp(diagnostics.list[0].code, "E1", 2) == 0, "%s.%s: %s",
                      model->layer_name, model->name, diagnostics.list[0].code);
        ck_assert_ptr_nonnull(strstr(diagnostics.list[0].pointer, "/no_such_key"));
        diagnostics_free(&diagnostics);
    }
}
END_TEST

START_TEST(equal_seeds_give_equal_hashes_and_other_seeds_others)
{
    for (size_t i = 0; model_registry[i]; i++) {
        const struct model *model = model_registry[i];
        const struct engine_options options = {0};
        char text[TEXT_BYTES];
        base_scenario(model, "", "", "", text);
        struct engine_result once = run(model, text, 1, &options);
        struct engine_result again = run(model, text, 1, &options);
        struct engine_result other = run(model, text, 2, &options);
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
        char text[TEXT_BYTES];
        base_scenario(model, "", "", "", text);
        struct engine_result a = run(model, text, 1, &first);
        struct engine_result b = run(model, text, 1, &second);
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
        char text[TEXT_BYTES];
        base_scenario(model, "", "", "", text);
        struct engine_result a = run(model, text, 3, &heap);
        struct engine_result b = run(model, text, 3, &wheel);
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
        char text[TEXT_BYTES];
        base_scenario(model, "", "", "", text);
        struct engine_result expected = run(model, text, 4, &plain);
        for (uint64_t order = 1; order <= GROUP_ORDERS; order++) {
            const struct engine_options grouped = {.group_order = order};
            struct engine_result got = run(model, text, 4, &grouped);
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
        char text[TEXT_BYTES];
        base_scenario(model, "", "", "", text);
        struct engine_result expected = run(model, text, 5, &options);
        base_scenario(model, "", idle, "", text);
        struct engine_result got = run(model, text, 5, &options);
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
    char text[TEXT_BYTES];
    snprintf(
        text, sizeof text,
        "{\"version\": 1, \"duration\": \"120s\", %s, \"chain\": {\"block_interval\": \"1s\", "
        "\"clock\": \"aligned\"%s}, \"workload\": [{\"type\": \"poisson\", \"rate\": \"20tx/s\", "
        "\"until\": \"20s\"%s}]}",
        network, chain, load);
    const struct engine_options options = {0};
    return run(model_find("workload", "poisson"), text, 6, &options);
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
    char text[TEXT_BYTES], more[2048];
    const char *at = stands_alone(model) ? "300ms" : "7s",
               *length = stands_alone(model) ? "200ms" : "4s";
    snprintf(more, sizeof more,
             ", \"faults\": [{\"at\": \"%s\", \"for\": \"%s\", \"type\": \"%s\", "
             "\"target\": \"%s:0\"%s}]",
             at, length, type, role, strcmp(type, "slow") == 0 ? ", \"factor\": 8" : "");
    base_scenario(model, "", "", more, text);
    return load(model, text, NULL);
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
        ck_assert_uint_ge(count, stands_alone(model) ? 1 : 2);
        for (uint32_t j = 0; j < count; j++) {
            assert_survived(model, roles[j], "crash");
            assert_survived(model, roles[j], "slow");
        }
    }
}
END_TEST

CHECK_MAIN("model_contract", tables_are_well_formed, defaults_are_valid,
           numbers_outside_their_range_are_refused, unknown_keys_are_refused,
           equal_seeds_give_equal_hashes_and_other_seeds_others, replications_differ,
           both_queues_give_one_hash, any_order_of_groups_gives_one_hash, idle_nodes_change_nobody,
           idle_shards_change_nobody, dropped_blocks_change_times_only,
           crash_and_slowness_of_each_role_are_survived)
