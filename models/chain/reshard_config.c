#include "models/chain/reshard_config.h"

#include <inttypes.h>
#include <stdio.h>

#include "models/chain/chain_living.h"
#include "models/shard_prefix.h"
#include "sim/diagnostics.h"

#define SECOND INT64_C(1000000000)
#define DAY (86400 * SECOND)

enum { PLACE_BYTES = 96 };

static const char *const what_choices[] = {"split", "merge", NULL};
static const char *const what_helps[] = {"the shard ends, its two halves begin",
                                         "its two halves end, the shard begins", NULL};

static const struct param order_params[] = {
    {.name = "at",
     .help = "from this masterchain block on; it waits until the shard, or its halves, are there",
     .kind = PARAM_DURATION,
     .offset = offsetof(struct reshard_order_config, at_ns),
     .value_min = 0,
     .value_max = INT64_MAX,
     .required = true},
    {.name = "shard",
     .help = "WORKCHAIN:PREFIX, the tagged prefix as 16 hex digits",
     .kind = PARAM_STRING,
     .offset = offsetof(struct reshard_order_config, shard),
     .required = true},
    {.name = "what",
     .help = "what becomes of it",
     .kind = PARAM_CHOICE,
     .offset = offsetof(struct reshard_order_config, what),
     .choices = what_choices,
     .choice_helps = what_helps},
    PARAM_END,
};

#define FIELD(name) offsetof(struct reshard_config, name)
const struct param reshard_params[] = {
    {.name = "enabled",
     .help = "whether shards split when overloaded and merge when idle (TON-R55 to TON-R60)",
     .kind = PARAM_BOOL,
     .offset = FIELD(enabled),
     .fixed = true},
    {.name = "min_split",
     .help = "shards of a smaller depth are divided whatever their load",
     .kind = PARAM_INTEGER,
     .offset = FIELD(min_split),
     .value_default = 0,
     .value_max = CHAIN_SPLIT_DEPTH_MAX,
     .swarm_min = 0,
     .swarm_max = 2},
    {.name = "max_split",
     .help = "shards of this depth are not divided, deeper ones are united whatever their load",
     .kind = PARAM_INTEGER,
     .offset = FIELD(max_split),
     .value_default = 4,
     .value_max = CHAIN_SPLIT_DEPTH_MAX,
     .swarm_min = 4,
     .swarm_max = 6},
    {.name = "delay",
     .help = "from the masterchain's decision until the window opens (TON-R56)",
     .kind = PARAM_DURATION,
     .offset = FIELD(delay_ns),
     .value_default = 100 * SECOND,
     .value_min = 0,
     .value_max = 1000 * SECOND,
     .swarm_min = SECOND / 10,
     .swarm_max = 20 * SECOND},
    {.name = "interval",
     .help = "length of the window in which it may happen (TON-R56)",
     .kind = PARAM_DURATION,
     .offset = FIELD(interval_ns),
     .value_default = 100 * SECOND,
     .value_min = 1,
     .value_max = DAY,
     .swarm_min = 20 * SECOND,
     .swarm_max = 60 * SECOND},
    {.name = "min_interval",
     .help = "no window may be shorter (TON-R56)",
     .kind = PARAM_DURATION,
     .offset = FIELD(min_interval_ns),
     .value_default = 30 * SECOND,
     .value_min = 0,
     .value_max = DAY,
     .swarm_min = SECOND,
     .swarm_max = 20 * SECOND},
    {.name = "reserve",
     .help = "so much of the window must be left when a shard makes its last block (TON-R56)",
     .kind = PARAM_DURATION,
     .offset = FIELD(reserve_ns),
     .value_default = 13 * SECOND,
     .value_min = 0,
     .value_max = DAY,
     .swarm_min = SECOND / 10,
     .swarm_max = 13 * SECOND},
    {.name = "schedule",
     .help = "splits and merges that happen whatever the load, each in a window that opens at once",
     .kind = PARAM_LIST,
     .offset = FIELD(schedule),
     .item_kind = PARAM_OBJECT,
     .fields = order_params,
     .item_bytes = sizeof(struct reshard_order_config)},
    PARAM_END,
};

static void check_order(const struct reshard_order_config *order, uint32_t number,
                        const char *pointer, struct diagnostics *diagnostics)
{
    char place[PLACE_BYTES];
    int32_t workchain;
    uint64_t shard;
    snprintf(place, sizeof place, "%s/resharding/schedule/%" PRIu32 "/shard", pointer, number);
    if (!shard_parse(order->shard, &workchain, &shard))
        diagnostics_addf(diagnostics, "E203", place, AT_VALUE, "WORKCHAIN:PREFIX",
                         "\"0:4000000000000000\", the left half of workchain 0",
                         "\"%s\" is no shard", order->shard);
}

void reshard_config_check(const struct reshard_config *config, bool master, bool on_demand,
                          const char *pointer, struct diagnostics *diagnostics)
{
    char place[PLACE_BYTES];
    const struct reshard_order_config *orders = config->schedule.items;
    for (uint32_t i = 0; i < config->schedule.count; i++)
        check_order(&orders[i], i, pointer, diagnostics);
    snprintf(place, sizeof place, "%s/resharding/schedule", pointer);
    if (!config->enabled && config->schedule.count > 0)
        diagnostics_warn(diagnostics, "W101", place, "has no effect: resharding is off",
                         "\"enabled\": true");
    if (!config->enabled)
        return;
    snprintf(place, sizeof place, "%s/resharding", pointer);
    if (!master)
        diagnostics_add(diagnostics, "E310", place, AT_VALUE,
                        "the masterchain decides about splits and merges, and there is none",
                        "shards and a masterchain", NULL, "\"masterchain\": {\"present\": true}");
    if (on_demand)
        diagnostics_add(diagnostics, "E310", place, AT_VALUE,
                        "with clock on_demand an idle shard has no slots to be seen idle in",
                        "clock periodic, aligned or poisson", NULL, "\"clock\": \"periodic\"");
    if (config->min_split > config->max_split)
        diagnostics_addf(diagnostics, "E310", place, AT_VALUE, "min_split <= max_split",
                         "a larger max_split", "min_split %" PRId64 " is above max_split %" PRId64,
                         config->min_split, config->max_split);
    if (config->interval_ns < config->min_interval_ns)
        diagnostics_add(diagnostics, "E310", place, AT_VALUE,
                        "the window `interval` is shorter than `min_interval`",
                        "interval >= min_interval", NULL, "a longer interval");
    if (config->reserve_ns >= config->interval_ns)
        diagnostics_add(diagnostics, "E310", place, AT_VALUE,
                        "no block can be early enough: `reserve` is as long as the window",
                        "reserve < interval", NULL, "a longer interval, or a shorter reserve");
}

struct shard_rules reshard_config_rules(const struct reshard_config *config)
{
    return (struct shard_rules){.depth_min = (unsigned)config->min_split,
                                .depth_max = (unsigned)config->max_split,
                                .delay_ns = (uint64_t)config->delay_ns,
                                .interval_ns = (uint64_t)config->interval_ns,
                                .reserve_ns = (uint64_t)config->reserve_ns};
}
