/* Goal: what `swarm` draws is addressed, keeps its ranges and covers all choices. Method: hundreds
 * of draws around a scenario of the whole stack, looked at as documents. */

#include "sim/swarm_plan.h"

#include <cjson/cJSON.h>
#include <string.h>

#include "sim/fault.h"
#include "sim/json_write.h"
#include "sim/quantity.h"
#include "tests/scenario_fixture.h"

enum { DRAWS = 400 };
#define SECOND INT64_C(1000000000)

static const char base_text[] =
    "{\"version\": 1, \"duration\": \"300s\", \"network\": {\"latency\": \"40ms\"},"
    " \"chain\": {\"shards\": 256}, \"messaging\": {\"type\": \"hypercube\"},"
    " \"workload\": [{\"type\": \"poisson\", \"rate\": \"200tx/s\", \"shards\": \"0-255\"}],"
    " \"faults\": [{\"type\": \"crash\", \"at\": \"200s\", \"target\": \"shard:255\"}]}";

static const struct swarm_world world = {.roles = {{"shard", 8}, {"client", 1}},
                                         .role_count = 2,
                                         .behaviours = {"one_lie", "other_lie"},
                                         .behaviour_count = 2};

static cJSON *draw(const struct swarm_plan *plan, uint64_t seed, uint64_t run, uint64_t attempt)
{
    const struct swarm_address address = {seed, run, attempt};
    cJSON *document = swarm_plan_draw(plan, &address);
    swarm_plan_faults(&address, &world, document);
    return document;
}

static bool is_equal(const struct swarm_plan *plan, const struct swarm_address *a,
                     const struct swarm_address *b)
{
    cJSON *first = draw(plan, a->seed, a->run, a->attempt);
    cJSON *second = draw(plan, b->seed, b->run, b->attempt);
    char *one = json_write_canonical(first, NULL), *two = json_write_canonical(second, NULL);
    bool equal = strcmp(one, two) == 0;
    free(one);
    free(two);
    cJSON_Delete(first);
    cJSON_Delete(second);
    return equal;
}

START_TEST(a_draw_is_addressed_by_seed_run_and_attempt)
{
    struct loaded loaded = load(base_text);
    struct swarm_plan plan;
    swarm_plan_make(loaded.scenario, &plan);
    const struct swarm_address one = {1, 7, 0}, seed = {2, 7, 0}, run = {1, 8, 0}, next = {1, 7, 1};
    ck_assert(is_equal(&plan, &one, &one));
    ck_assert(!is_equal(&plan, &one, &seed));
    ck_assert(!is_equal(&plan, &one, &run));
    ck_assert(!is_equal(&plan, &one, &next));
    swarm_plan_free(&plan);
    unload(&loaded);
}
END_TEST

static void check_range(const struct swarm_slot *slot, const cJSON *value, uint64_t run)
{
    int64_t number;
    const struct param *row = slot->row;
    ck_assert_msg(!row->hidden && !row->fixed, "%s", slot->pointer);
    if (value == NULL || !swarm_number(row, value, &number))
        return;
    bool ranged = row->value_min != row->value_max;
    ck_assert_msg(!ranged || (number >= row->value_min && number <= row->value_max),
                  "run %d: %s is %lld", (int)run, slot->pointer, (long long)number);
    if (row->size)
        ck_assert_msg(number >= row->swarm_min && number <= row->swarm_max, "run %d: %s is %lld",
                      (int)run, slot->pointer, (long long)number);
}

START_TEST(values_keep_their_ranges_and_sizes_are_small)
{
    struct loaded loaded = load(base_text);
    struct swarm_plan plan;
    swarm_plan_make(loaded.scenario, &plan);
    ck_assert_uint_gt(plan.slot_count, 20);
    uint32_t varied = 0;
    for (uint64_t run = 0; run < DRAWS; run++) {
        cJSON *document = draw(&plan, 3, run, 0);
        for (uint32_t i = 0; i < plan.slot_count; i++) {
            const cJSON *value = swarm_find(document, plan.slots[i].pointer);
            check_range(&plan.slots[i], value, run);
            varied += value != NULL && !cJSON_Compare(value, plan.slots[i].base, true);
        }
        int64_t duration_ns = swarm_time(document, "/duration");
        ck_assert_int_ge(duration_ns, 20 * SECOND);
        ck_assert_int_le(duration_ns, 120 * SECOND);
        ck_assert_int_le(swarm_time(document, "/workload/0/until"), duration_ns / 3 * 2);
        ck_assert_ptr_null(swarm_find(document, "/workload/0/shards"));
        cJSON_Delete(document);
    }
    /* About half of the parameters vary in a run, and some of the draws give the base's value. */
    ck_assert_uint_gt(varied, DRAWS * plan.slot_count / 4);
    ck_assert_uint_lt(varied, DRAWS * plan.slot_count * 3 / 4);
    swarm_plan_free(&plan);
    unload(&loaded);
}
END_TEST

START_TEST(all_choices_appear)
{
    struct loaded loaded = load(base_text);
    struct swarm_plan plan;
    swarm_plan_make(loaded.scenario, &plan);
    uint32_t choices = 0;
    for (uint32_t i = 0; i < plan.slot_count; i++) {
        const struct swarm_slot *slot = &plan.slots[i];
        for (uint32_t k = 0; slot->row->kind == PARAM_CHOICE && slot->row->choices[k]; k++) {
            bool seen = false;
            for (uint64_t run = 0; run < DRAWS && !seen; run++) {
                cJSON *document = draw(&plan, 5, run, 0);
                const cJSON *value = swarm_find(document, slot->pointer);
                seen = strcmp(value->valuestring, slot->row->choices[k]) == 0;
                cJSON_Delete(document);
            }
            ck_assert_msg(seen, "%s: never \"%s\"", slot->pointer, slot->row->choices[k]);
            choices++;
        }
    }
    ck_assert_uint_gt(choices, 8);
    swarm_plan_free(&plan);
    unload(&loaded);
}
END_TEST

/* The last instant at which a fault acts. */
static int64_t end_of(const cJSON *fault)
{
    const cJSON *at = cJSON_GetObjectItemCaseSensitive(fault, "at");
    int64_t start_ns = swarm_time(fault, at ? "/at" : "/to");
    return start_ns + swarm_time(fault, "/for");
}

START_TEST(faults_of_every_kind_appear_and_end_in_time)
{
    struct loaded loaded = load(base_text);
    struct swarm_plan plan;
    swarm_plan_make(loaded.scenario, &plan);
    uint32_t with[FAULT_TYPES] = {0}, without = 0;
    for (uint64_t run = 0; run < DRAWS; run++) {
        cJSON *document = draw(&plan, 7, run, 0);
        const cJSON *faults = swarm_find(document, "/faults");
        int64_t end_ns = swarm_time(document, "/duration") / 3 * 2;
        without += cJSON_GetArraySize(faults) == 0;
        for (const cJSON *fault = faults->child; fault; fault = fault->next) {
            ck_assert_msg(end_of(fault) <= end_ns, "run %d", (int)run);
            const cJSON *type = cJSON_GetObjectItemCaseSensitive(fault, "type");
            for (int i = FAULT_CRASH; i < FAULT_TYPES; i++)
                with[i] += strcmp(fault_type_names[i], type->valuestring) == 0;
            /* A crash without an end would be no quiet end. */
            ck_assert(strcmp(type->valuestring, "restart") == 0 ||
                      cJSON_HasObjectItem(fault, "for"));
        }
        cJSON_Delete(document);
    }
    for (int i = FAULT_CRASH; i < FAULT_TYPES; i++)
        ck_assert_uint_gt(with[i], 0);
    ck_assert_uint_gt(without, 0);
    swarm_plan_free(&plan);
    unload(&loaded);
}
END_TEST

START_TEST(numbers_reach_both_ends_of_their_range)
{
    const struct rng rng = {.seed = 11};
    struct rng_stream stream;
    bool low = false, high = false;
    for (uint64_t i = 0; i < 2000; i++) {
        rng_stream_at(&stream, &rng, RNG_TEST, 0, i);
        int64_t value = swarm_between(&stream, 1, 32);
        ck_assert(value >= 1 && value <= 32);
        low |= value == 1;
        high |= value == 32;
        ck_assert_int_eq(swarm_between(&stream, 5, 5), 5);
        int64_t large = swarm_between(&stream, 0, INT64_MAX / 2);
        ck_assert(large >= 0 && large <= INT64_MAX / 2);
    }
    ck_assert(low && high);
}
END_TEST

CHECK_MAIN("swarm_plan", a_draw_is_addressed_by_seed_run_and_attempt,
           values_keep_their_ranges_and_sizes_are_small, all_choices_appear,
           faults_of_every_kind_appear_and_end_in_time, numbers_reach_both_ends_of_their_range)
