#include "sim/network_config.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#include "sim/arena.h"
#include "sim/diagnostics.h"
#include "sim/quantity.h"
#include "sim/sim_assert.h"

#define SECOND INT64_C(1000000000)
#define HOUR (3600 * SECOND)
#define BIT_RATE_MAX INT64_C(1000000000000000)
#define WHOLE INT64_C(1000000000000)

static const struct param queue_params[] = {
    {.name = "limit",
     .help = "waiting bytes that an uplink may hold; 0B = any number",
     .kind = PARAM_BYTES,
     .offset = offsetof(struct network_queue_config, limit_bytes),
     .value_max = INT64_C(1) << 50,
     .swarm_min = 2000,
     .swarm_max = 1000000},
    {.name = "classes",
     .help = "strict priority classes of an uplink, class 0 first",
     .kind = PARAM_INTEGER,
     .offset = offsetof(struct network_queue_config, classes),
     .value_default = 1,
     .value_min = 1,
     .value_max = NETWORK_CLASSES_MAX},
    PARAM_END,
};

static const struct param link_params[] = {
    {.name = "from",
     .help = "the sending node: \"ROLE:i\"",
     .kind = PARAM_STRING,
     .offset = offsetof(struct network_link_config, from),
     .required = true},
    {.name = "to",
     .help = "the receiving node: \"ROLE:i\"",
     .kind = PARAM_STRING,
     .offset = offsetof(struct network_link_config, to),
     .required = true},
    {.name = "latency",
     .help = "latency of this pair; absent: as the network's",
     .kind = PARAM_DISTRIBUTION,
     .offset = offsetof(struct network_link_config, latency),
     .item_kind = PARAM_DURATION,
     .value_max = HOUR,
     .default_json = "\"50ms\""},
    {.name = "jitter",
     .help = "added to each packet; absent: as the network's",
     .kind = PARAM_DISTRIBUTION,
     .offset = offsetof(struct network_link_config, jitter),
     .item_kind = PARAM_DURATION,
     .value_max = HOUR},
    {.name = "bandwidth",
     .help = "bit rate of this pair's own queue; absent: as the network's",
     .kind = PARAM_BIT_RATE,
     .offset = offsetof(struct network_link_config, bandwidth_bit_per_s),
     .value_max = BIT_RATE_MAX},
    {.name = "loss",
     .help = "share of packets lost; absent: as the network's",
     .kind = PARAM_RATIO,
     .offset = offsetof(struct network_link_config, loss),
     .value_max = WHOLE},
    {.name = "limit",
     .help = "waiting bytes that this pair's queue may hold; 0B = any number",
     .kind = PARAM_BYTES,
     .offset = offsetof(struct network_link_config, limit_bytes),
     .value_max = INT64_C(1) << 50},
    PARAM_END,
};

static const struct param region_params[] = {
    {.name = "names",
     .help = "names of the regions",
     .kind = PARAM_LIST,
     .item_kind = PARAM_STRING,
     .offset = offsetof(struct network_regions_config, names),
     .required = true},
    {.name = "shares",
     .help = "share of the nodes in each region; together 100%",
     .kind = PARAM_LIST,
     .item_kind = PARAM_RATIO,
     .offset = offsetof(struct network_regions_config, shares),
     .value_max = WHOLE,
     .required = true},
    {.name = "matrix",
     .help = "rows of latencies, from a region to each region",
     .kind = PARAM_JSON,
     .offset = offsetof(struct network_regions_config, matrix),
     .required = true},
    PARAM_END,
};

const struct param network_params[] = {
    {.name = "latency",
     .help = "latency of an ordered pair of nodes, drawn once for the run",
     .kind = PARAM_DISTRIBUTION,
     .offset = offsetof(struct network_config, latency),
     .item_kind = PARAM_DURATION,
     .value_max = HOUR,
     .default_json = "\"50ms\"",
     .matrix_offset = offsetof(struct network_config, latency_by_region)},
    {.name = "jitter",
     .help = "added to the latency of each packet",
     .kind = PARAM_DISTRIBUTION,
     .offset = offsetof(struct network_config, jitter),
     .item_kind = PARAM_DURATION,
     .value_max = HOUR},
    {.name = "bandwidth",
     .help = "bit rate of a node's uplink",
     .kind = PARAM_BIT_RATE,
     .offset = offsetof(struct network_config, bandwidth_bit_per_s),
     .value_max = BIT_RATE_MAX,
     .swarm_min = 100000,
     .swarm_max = 1000000000},
    {.name = "loss",
     .help = "share of packets lost, drawn for each",
     .kind = PARAM_RATIO,
     .offset = offsetof(struct network_config, loss),
     .value_max = WHOLE,
     .swarm_min = WHOLE / 10000,
     .swarm_max = WHOLE / 4},
    {.name = "queue",
     .help = "the queue of an uplink",
     .kind = PARAM_OBJECT,
     .offset = offsetof(struct network_config, queue),
     .fields = queue_params},
    {.name = "links",
     .help = "ordered pairs that have a queue of their own",
     .kind = PARAM_LIST,
     .item_kind = PARAM_OBJECT,
     .item_bytes = sizeof(struct network_link_config),
     .offset = offsetof(struct network_config, links),
     .fields = link_params,
     .inherits = true,
     .seldom = true},
    {.name = "regions",
     .help = "where nodes stand, for a latency of type \"matrix\"",
     .kind = PARAM_OBJECT,
     .offset = offsetof(struct network_config, regions),
     .fields = region_params,
     .seldom = true},
    PARAM_END,
};

/* --- Rules across fields --- */

struct check {
    struct arena *arena;
    struct diagnostics *diagnostics;
};

static void report(const struct check *check, const char *code, const char *pointer,
                   const char *problem, const char *expected)
{
    diagnostics_add(check->diagnostics, code, pointer, AT_VALUE, problem, expected, NULL, NULL);
}

static void check_names(const struct check *check, const struct network_regions_config *regions)
{
    char *const *names = regions->names.items;
    if (regions->names.count == 0 || regions->names.count > NETWORK_REGIONS_MAX)
        report(check, "E208", "/network/regions/names", "wrong number of items",
               "1 to 256 regions");
    for (uint32_t i = 0; i < regions->names.count && i <= NETWORK_REGIONS_MAX; i++) {
        for (uint32_t j = 0; j < i; j++) {
            if (strcmp(names[i], names[j]) == 0)
                report(check, "E304",
                       arena_pointer_index(check->arena, "/network/regions/names", i),
                       "the same region twice", "each name once");
        }
    }
}

static void check_shares(const struct check *check, const struct network_regions_config *regions)
{
    const int64_t *shares = regions->shares.items;
    int64_t sum = 0;
    if (regions->shares.count != regions->names.count) {
        report(check, "E208", "/network/regions/shares", "wrong number of items",
               arena_printf(check->arena, "%u, as many as names", regions->names.count));
        return;
    }
    for (uint32_t i = 0; i < regions->shares.count && i <= NETWORK_REGIONS_MAX; i++)
        sum += shares[i];
    char text[QUANTITY_TEXT_BYTES];
    quantity_print(PARAM_RATIO, sum, text);
    if (sum != WHOLE)
        report(check, "E304", "/network/regions/shares",
               arena_printf(check->arena, "the shares add up to %s", text), "100% together");
}

/* Fills matrix_ns and spells the effective matrix in base units. */
static void read_matrix(const struct check *check, struct network_regions_config *regions,
                        cJSON *effective)
{
    uint32_t count = regions->names.count;
    const cJSON *matrix = regions->matrix;
    const char *expected = arena_printf(check->arena, "%u rows of %u times", count, count);
    if (!cJSON_IsArray(matrix) || cJSON_GetArraySize(matrix) != (int)count) {
        report(check, "E304", "/network/regions/matrix", "no square matrix", expected);
        return;
    }
    int64_t *times = arena_take(check->arena, sizeof *times * count * count);
    cJSON *rows = cJSON_CreateArray();
    uint32_t i = 0;
    for (const cJSON *row = matrix->child; row != NULL; row = row->next, i++) {
        const char *pointer = arena_pointer_index(check->arena, "/network/regions/matrix", i);
        cJSON *cells = cJSON_CreateArray();
        cJSON_AddItemToArray(rows, cells);
        if (!cJSON_IsArray(row) || cJSON_GetArraySize(row) != (int)count) {
            report(check, "E304", pointer, "no square matrix", expected);
            continue;
        }
        uint32_t j = 0;
        for (const cJSON *cell = row->child; cell != NULL; cell = cell->next, j++) {
            int64_t time = -1;
            bool is_time = cJSON_IsString(cell) && quantity_parse(PARAM_DURATION, cell->valuestring,
                                                                  &time) == QUANTITY_FINE;
            if (!is_time || time < 0 || time > HOUR)
                report(check,
                       is_time                ? "E203"
                       : cJSON_IsNumber(cell) ? "E201"
                                              : "E207",
                       arena_pointer_index(check->arena, pointer, j),
                       is_time ? "out of range" : "a time with a unit is needed",
                       "a string such as \"40ms\", 0ns to 1h");
            times[(size_t)i * count + j] = time;
            char text[QUANTITY_TEXT_BYTES];
            quantity_print_base(PARAM_DURATION, time, text);
            cJSON_AddItemToArray(cells, cJSON_CreateString(text));
        }
    }
    regions->matrix_ns = times;
    cJSON_ReplaceItemInObjectCaseSensitive(effective, "matrix", rows);
}

void network_check(struct network_config *network, cJSON *effective, struct arena *arena,
                   struct diagnostics *diagnostics)
{
    const struct check check = {arena, diagnostics};
    bool has_regions = network->regions.matrix != NULL;
    if (network->latency_by_region != 0 && !has_regions)
        report(&check, "E302", "/network/latency/type", "a matrix of regions that are not given",
               "network.regions with names, shares and matrix");
    if (network->latency_by_region == 0 && has_regions)
        report(&check, "E303", "/network/regions", "regions, but the latency does not use them",
               "network.latency {\"type\": \"matrix\"}");
    if (!has_regions)
        return;
    check_names(&check, &network->regions);
    check_shares(&check, &network->regions);
    if (network->regions.names.count <= NETWORK_REGIONS_MAX)
        read_matrix(&check, &network->regions,
                    cJSON_GetObjectItemCaseSensitive(effective, "regions"));
}
