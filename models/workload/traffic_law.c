#include "models/workload/traffic_law.h"

#include <math.h>
#include <stdio.h>

#include <cjson/cJSON.h>

#include "models/ascending.h"
#include "sim/diagnostics.h"
#include "sim/exact.h"
#include "sim/memory.h"
#include "sim/sim_assert.h"

enum { POINTER_BYTES = 160 };
static const char *const NAME = "workload: traffic matrix";

static const struct param no_params[] = {PARAM_END};
static const struct param hot_params[] = {
    {.name = "shard",
     .help = "ordinal of the shard that gets so much",
     .kind = PARAM_INTEGER,
     .offset = offsetof(struct traffic_hot_config, shard),
     .value_min = 0,
     .value_max = UINT32_MAX,
     .fixed = true},
    {.name = "share",
     .help = "share of the transactions that go there; the others go by cross_shard",
     .kind = PARAM_RATIO,
     .offset = offsetof(struct traffic_hot_config, share),
     .value_default = INT64_C(800000000000),
     .value_min = 0,
     .value_max = INT64_C(1000000000000)},
    PARAM_END,
};
static const struct param matrix_params[] = {
    {.name = "weights",
     .help = "rows of whole numbers, a row a sending and a column a receiving shard: how often "
             "that pair is drawn",
     .kind = PARAM_JSON,
     .offset = offsetof(struct traffic_matrix_config, weights),
     .required = true},
    PARAM_END,
};

const struct param_variant traffic_variants[] = {
    {"share", "another shard with probability cross_shard, as popular as its accounts", no_params,
     1},
    {"at_least_own", "any shard whose number is not below the sender's own, each as likely",
     no_params, 1},
    {"hot", "one shard gets a share of everything", hot_params, sizeof(struct traffic_hot_config)},
    {"matrix", "a weight for each pair of shards", matrix_params,
     sizeof(struct traffic_matrix_config)},
    {NULL, NULL, NULL, 0},
};

/* Whole, within the range, and so exact as a double. */
static bool is_weight(const cJSON *cell)
{
    return cJSON_IsNumber(cell) && cell->valuedouble >= 0 &&
           cell->valuedouble <= TRAFFIC_WEIGHT_MAX && floor(cell->valuedouble) == cell->valuedouble;
}

/* A matrix as it is checked; `pointer` is that of the workload. */
struct matrix_check {
    const char *pointer;
    struct diagnostics *diagnostics;
    int count;    /* of rows */
    uint64_t sum; /* of weights */
};

static void check_row(struct matrix_check *check, const cJSON *row, int i)
{
    char at[POINTER_BYTES];
    if (!cJSON_IsArray(row) || cJSON_GetArraySize(row) != check->count) {
        snprintf(at, sizeof at, "%s/destinations/weights/%d", check->pointer, i);
        diagnostics_addf(
            check->diagnostics, "E304", at, AT_VALUE, "as many weights as there are rows", NULL,
            "no square matrix: %d rows, and this one has not that many weights", check->count);
        return;
    }
    int j = 0;
    for (const cJSON *cell = row->child; cell != NULL; cell = cell->next, j++) {
        if (is_weight(cell)) {
            check->sum += (uint64_t)cell->valuedouble;
            continue;
        }
        snprintf(at, sizeof at, "%s/destinations/weights/%d/%d", check->pointer, i, j);
        diagnostics_add(check->diagnostics, "E203", at, AT_VALUE, "a weight is a whole number",
                        "0 to 1000000000", NULL, "1");
    }
}

void traffic_law_check(const struct param_variant_value *destinations, const char *pointer,
                       struct diagnostics *diagnostics)
{
    if (destinations->index != TRAFFIC_MATRIX)
        return;
    const struct traffic_matrix_config *config = destinations->config;
    const cJSON *weights = config->weights;
    if (weights == NULL)
        return; /* a required key that is missing was named by the reader */
    char at[POINTER_BYTES];
    snprintf(at, sizeof at, "%s/destinations/weights", pointer);
    struct matrix_check check = {pointer, diagnostics, 0, 0};
    if (cJSON_IsArray(weights))
        check.count = cJSON_GetArraySize(weights);
    if (check.count < 1 || check.count > TRAFFIC_SHARDS_MAX) {
        diagnostics_add(diagnostics, "E208", at, AT_VALUE, "wrong number of rows",
                        "an array of 1 to 256 arrays of weights, one a shard", NULL,
                        "[[1, 1], [0, 1]]");
        return;
    }
    size_t errors = diagnostics->errors;
    int i = 0;
    for (const cJSON *row = weights->child; row != NULL; row = row->next, i++)
        check_row(&check, row, i);
    if (check.sum == 0 && diagnostics->errors == errors)
        diagnostics_add(diagnostics, "E310", at, AT_VALUE, "all weights are 0: nothing is sent",
                        "a weight above 0", NULL, NULL);
}

static void sum_matrix(struct traffic_law *law, const cJSON *weights)
{
    uint64_t sum = 0, pair = 0;
    for (const cJSON *row = weights->child; row != NULL; row = row->next)
        for (const cJSON *cell = row->child; cell != NULL; cell = cell->next) {
            sum += (uint64_t)cell->valuedouble;
            law->upto[pair++] = sum;
        }
    SIM_ASSERT(pair == law->shards * law->shards);
}

int traffic_law_build(const struct param_variant_value *destinations, uint64_t shards,
                      uint64_t cross, uint64_t hot, const char *pointer, struct memory *memory,
                      struct diagnostics *diagnostics, struct traffic_law *ret_law)
{
    struct traffic_law law = {.kind = (enum traffic_kind)destinations->index,
                              .shards = shards,
                              .cross = cross,
                              .hot = hot};
    if (law.kind == TRAFFIC_HOT) {
        const struct traffic_hot_config *config = destinations->config;
        SIM_ASSERT(hot < shards);
        law.to_hot = exact_threshold(config->share);
    }
    if (law.kind == TRAFFIC_MATRIX) {
        const struct traffic_matrix_config *config = destinations->config;
        uint64_t rows = (uint64_t)cJSON_GetArraySize(config->weights);
        if (rows != shards) {
            char at[POINTER_BYTES];
            snprintf(at, sizeof at, "%s/destinations/weights", pointer);
            diagnostics_addf(diagnostics, "E304", at, AT_VALUE,
                             "a row and a column for each shard that takes part", NULL,
                             "a matrix of %llu rows, and %llu shards", (unsigned long long)rows,
                             (unsigned long long)shards);
            return -1;
        }
        law.upto = memory_take(memory, NAME, shards * shards * sizeof *law.upto);
        sum_matrix(&law, config->weights);
    }
    *ret_law = law;
    return 0;
}

void traffic_law_destroy(struct traffic_law *law, struct memory *memory)
{
    if (law->upto != NULL)
        memory_give(memory, law->upto, law->shards * law->shards * sizeof *law->upto);
    law->upto = NULL;
}

static uint64_t below(uint64_t x, uint64_t n)
{
    return (uint64_t)((uint128)x * n >> 64);
}

/* The pair whose share of the weight covers what x says. */
static uint64_t draw_pair(const struct traffic_law *law, uint64_t x)
{
    uint64_t pairs = law->shards * law->shards;
    return ascending_draw(law->upto, pairs, below(x, law->upto[pairs - 1]));
}

/* The recipient: another account where the shard is the sender's own. */
static struct account_place place_in(const struct account_law *accounts, uint64_t shard,
                                     const struct account_place *from, uint64_t x)
{
    return shard == from->shard ? account_law_within(accounts, shard, from->index, x)
                                : account_law_inside(accounts, shard, x);
}

/* One shard has no other: there all transactions stay at home. */
static struct account_place draw_by_share(const struct traffic_law *law,
                                          const struct account_law *accounts,
                                          const struct account_place *from,
                                          struct rng_stream *stream)
{
    bool cross = rng_chance(stream, law->cross);
    uint64_t x = rng_u64(stream);
    return cross && law->shards > 1 ? account_law_outside(accounts, from->shard, x)
                                    : account_law_within(accounts, from->shard, from->index, x);
}

void traffic_law_draw(const struct traffic_law *law, const struct account_law *accounts,
                      uint64_t source, struct rng_stream *stream, struct account_place *ret_from,
                      struct account_place *ret_to)
{
    struct account_place from = {0, 0};
    uint64_t shard = 0;
    if (law->kind != TRAFFIC_MATRIX)
        from = account_law_any(accounts, source);
    switch (law->kind) {
    case TRAFFIC_SHARE:
        *ret_to = draw_by_share(law, accounts, &from, stream);
        *ret_from = from;
        return;
    case TRAFFIC_AT_LEAST_OWN:
        shard = from.shard + below(rng_u64(stream), law->shards - from.shard);
        break;
    case TRAFFIC_HOT:
        if (!rng_chance(stream, law->to_hot)) {
            *ret_to = draw_by_share(law, accounts, &from, stream);
            *ret_from = from;
            return;
        }
        shard = law->hot;
        break;
    case TRAFFIC_MATRIX: {
        uint64_t pair = draw_pair(law, rng_u64(stream));
        from = account_law_inside(accounts, pair / law->shards, source);
        shard = pair % law->shards;
        break;
    }
    }
    *ret_to = place_in(accounts, shard, &from, rng_u64(stream));
    *ret_from = from;
}
