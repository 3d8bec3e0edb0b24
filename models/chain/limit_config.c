#include "models/chain/limit_config.h"

#include <inttypes.h>
#include <stdio.h>

#include "models/shard_prefix.h"
#include "sim/diagnostics.h"
#include "sim/memory.h"
#include "sim/sim_assert.h"

enum { PLACE_BYTES = 96 };
static const char memory_name[] = "chain: limits";

static const char *const form_choices[] = {"plain", "stepped", NULL};
static const char *const form_helps[] = {
    "gas and bytes: an item that goes beyond one of them waits for the next block",
    "underload, soft, medium and hard; messages stop at soft, inputs at medium, and the limit is "
    "looked at before each of them (deployed: TON-R33, TON-R35)",
    NULL};

enum { GAS_DEFAULT = 10000000, BYTES_DEFAULT = 1 << 20 };

#define STEPS_FIELD(name) offsetof(struct limit_steps_config, name)
#define STEP(step, text, number, quantity, low, high)                                              \
    {                                                                                              \
        .name = #step, .help = text, .kind = quantity, .offset = STEPS_FIELD(step),                \
        .value_default = number, .value_min = 1, .value_max = 2000000000, .swarm_min = low,        \
        .swarm_max = high                                                                          \
    }

static const struct param bytes_params[] = {
    STEP(underload, "below it the block is underloaded", 131072, PARAM_BYTES, 300, 2500),
    STEP(soft, "from here on no messages are taken", 524288, PARAM_BYTES, 2500, 20000),
    STEP(hard, "the end of the range; halfway between soft and hard no inputs are taken", 1048576,
         PARAM_BYTES, 20000, 100000),
    PARAM_END,
};
static const struct param gas_params[] = {
    STEP(underload, "below it the block is underloaded", 2000000, PARAM_INTEGER, 10, 900),
    STEP(soft, "from here on no messages are taken", 10000000, PARAM_INTEGER, 1000, 20000),
    STEP(hard, "the end of the range; halfway between soft and hard no inputs are taken", 20000000,
         PARAM_INTEGER, 20000, 100000),
    PARAM_END,
};
static const struct param lt_params[] = {
    STEP(underload, "below it the block is underloaded", 1000, PARAM_INTEGER, 1, 4),
    STEP(soft, "from here on no messages are taken", 5000, PARAM_INTEGER, 5, 50),
    STEP(hard, "the end of the range; halfway between soft and hard no inputs are taken", 10000,
         PARAM_INTEGER, 50, 300),
    PARAM_END,
};

#define FIELD(name) offsetof(struct limit_config, name)
const struct param limit_params[] = {
    {.name = "gas",
     .help = "gas of one block (TON-27), form plain",
     .kind = PARAM_INTEGER,
     .offset = FIELD(gas),
     .value_default = GAS_DEFAULT,
     .value_min = 1,
     .value_max = 2000000000,
     .swarm_min = 1000,
     .swarm_max = 100000},
    {.name = "bytes",
     .help = "size of one block (TON-27), form plain",
     .kind = PARAM_BYTES,
     .offset = FIELD(bytes),
     .value_default = BYTES_DEFAULT,
     .value_min = 1,
     .value_max = 1 << 30,
     .swarm_min = 500,
     .swarm_max = 100000},
    {.name = "form",
     .help = "what the limits are and when they are looked at",
     .kind = PARAM_CHOICE,
     .offset = FIELD(form),
     .value_default = LIMIT_FORM_PLAIN,
     .choices = form_choices,
     .choice_helps = form_helps},
    {.name = "bytes_steps",
     .help = "form stepped: estimated size of a block, its own 2000 bytes included (TON-R34, R36)",
     .kind = PARAM_OBJECT,
     .offset = FIELD(bytes_steps),
     .fields = bytes_params},
    {.name = "gas_steps",
     .help = "form stepped: gas of a block (TON-R36)",
     .kind = PARAM_OBJECT,
     .offset = FIELD(gas_steps),
     .fields = gas_params},
    {.name = "lt_steps",
     .help = "form stepped: logical time that a block uses; 20, 180 and 200 when it comes more "
             "than 15 s after the one before (TON-R36)",
     .kind = PARAM_OBJECT,
     .offset = FIELD(lt_steps),
     .fields = lt_params},
    PARAM_END,
};

const struct param limit_override_params[] = {
    {.name = "shard",
     .help = "WORKCHAIN:PREFIX, the tagged prefix as 16 hex digits; it and all shards inside it",
     .kind = PARAM_STRING,
     .offset = offsetof(struct limit_override_config, shard),
     .required = true},
    {.name = "gas",
     .help = "gas of one block; with form stepped the hard limit, soft being half of it; 0 = as "
             "the other chains",
     .kind = PARAM_INTEGER,
     .offset = offsetof(struct limit_override_config, gas),
     .value_max = 2000000000},
    {.name = "bytes",
     .help = "size of one block; with form stepped the hard limit, soft being half of it; 0 = as "
             "the other chains",
     .kind = PARAM_BYTES,
     .offset = offsetof(struct limit_override_config, bytes),
     .value_min = 0,
     .value_max = 1 << 30},
    PARAM_END,
};

static void check_steps(const struct limit_steps_config *steps, const char *pointer,
                        const char *name, struct diagnostics *diagnostics)
{
    char place[PLACE_BYTES];
    snprintf(place, sizeof place, "%s/block_limit/%s", pointer, name);
    char problem[PLACE_BYTES];
    snprintf(problem, sizeof problem, "the limits do not rise: %" PRId64 ", %" PRId64 ", %" PRId64,
             steps->underload, steps->soft, steps->hard);
    if (steps->underload > steps->soft || steps->soft > steps->hard)
        diagnostics_warn(diagnostics, "W301", place, problem,
                         "underload <= soft <= hard; the soft limit counts for the others");
}

/* The rows of a table of steps are underload, soft and hard, in this order. No scenario can say 0:
 * a config that was made by hand has no such steps. */
static bool all_default(const struct param *params, const struct limit_steps_config *steps)
{
    if (steps->hard == 0)
        return true;
    return steps->underload == params[0].value_default && steps->soft == params[1].value_default &&
           steps->hard == params[2].value_default;
}

static void warn_unused(bool plain, const char *name, const char *pointer,
                        struct diagnostics *diagnostics)
{
    char place[PLACE_BYTES], problem[PLACE_BYTES];
    snprintf(place, sizeof place, "%s/block_limit/%s", pointer, name);
    snprintf(problem, sizeof problem, "has no effect: the form of the limits is %s",
             plain ? "plain" : "stepped");
    diagnostics_warn(diagnostics, "W101", place, problem,
                     plain ? "\"form\": \"stepped\"" : "\"form\": \"plain\"");
}

/* The limits of the form that was not chosen are not looked at. */
static void check_form(const struct limit_config *config, const char *pointer,
                       struct diagnostics *diagnostics)
{
    if (config->form == LIMIT_FORM_STEPPED) {
        check_steps(&config->bytes_steps, pointer, "bytes_steps", diagnostics);
        check_steps(&config->gas_steps, pointer, "gas_steps", diagnostics);
        check_steps(&config->lt_steps, pointer, "lt_steps", diagnostics);
        if (config->gas != GAS_DEFAULT)
            warn_unused(false, "gas", pointer, diagnostics);
        if (config->bytes != BYTES_DEFAULT)
            warn_unused(false, "bytes", pointer, diagnostics);
        return;
    }
    if (!all_default(bytes_params, &config->bytes_steps))
        warn_unused(true, "bytes_steps", pointer, diagnostics);
    if (!all_default(gas_params, &config->gas_steps))
        warn_unused(true, "gas_steps", pointer, diagnostics);
    if (!all_default(lt_params, &config->lt_steps))
        warn_unused(true, "lt_steps", pointer, diagnostics);
}

static bool same_shard(const char *a, const char *b)
{
    int32_t workchain_a, workchain_b;
    uint64_t shard_a, shard_b;
    return shard_parse(a, &workchain_a, &shard_a) && shard_parse(b, &workchain_b, &shard_b) &&
           workchain_a == workchain_b && shard_a == shard_b;
}

static void check_override(const struct param_list *overrides, uint32_t index, const char *pointer,
                           struct diagnostics *diagnostics)
{
    const struct limit_override_config *items = overrides->items;
    const struct limit_override_config *item = &items[index];
    char place[PLACE_BYTES];
    int32_t workchain;
    uint64_t shard;
    snprintf(place, sizeof place, "%s/limits_of/%" PRIu32 "/shard", pointer, index);
    if (!shard_parse(item->shard, &workchain, &shard))
        diagnostics_addf(diagnostics, "E203", place, AT_VALUE,
                         "a workchain and a tagged prefix of 16 hex digits",
                         "\"0:4000000000000000\", the left half of workchain 0",
                         "\"%s\" is no shard", item->shard);
    for (uint32_t i = 0; i < index; i++)
        if (same_shard(items[i].shard, item->shard))
            diagnostics_addf(diagnostics, "E310", place, AT_VALUE, "each shard once",
                             "one item with both limits", "shard %s is there twice", item->shard);
    snprintf(place, sizeof place, "%s/limits_of/%" PRIu32, pointer, index);
    if (item->gas == 0 && item->bytes == 0)
        diagnostics_add(diagnostics, "E310", place, AT_VALUE, "these limits change nothing",
                        "`gas` or `bytes`, or both", NULL, "\"gas\": 100000");
}

void limit_config_check(const struct limit_config *config, const struct param_list *overrides,
                        const char *pointer, struct diagnostics *diagnostics)
{
    check_form(config, pointer, diagnostics);
    for (uint32_t i = 0; i < overrides->count; i++)
        check_override(overrides, i, pointer, diagnostics);
}

/* Where they do not rise, soft decides. */
static struct limit_steps steps_of(const struct limit_steps_config *config)
{
    int64_t soft = config->soft;
    int64_t underload = config->underload < soft ? config->underload : soft;
    int64_t hard = config->hard > soft ? config->hard : soft;
    return (struct limit_steps){(uint64_t)underload, (uint64_t)soft, (uint64_t)hard};
}

static struct block_limits common_limits(const struct limit_config *config)
{
    struct block_limits limits = {.externals = true};
    switch ((enum limit_form)config->form) {
    case LIMIT_FORM_PLAIN:
        limits.of[LIMIT_BYTES] = limit_steps_plain((uint64_t)config->bytes);
        limits.of[LIMIT_GAS] = limit_steps_plain((uint64_t)config->gas);
        limits.of[LIMIT_LT] = (struct limit_steps){UINT64_MAX, UINT64_MAX, UINT64_MAX};
        return limits;
    case LIMIT_FORM_STEPPED:
        break;
    }
    limits.stepped = true;
    limits.of[LIMIT_BYTES] = steps_of(&config->bytes_steps);
    limits.of[LIMIT_GAS] = steps_of(&config->gas_steps);
    limits.of[LIMIT_LT] = steps_of(&config->lt_steps);
    return limits;
}

/* `outer` holds every address of `inner`. */
static bool holds(uint64_t outer, uint64_t inner)
{
    return shard_intersects(outer, inner) && shard_depth(outer) <= shard_depth(inner);
}

static bool holds_a_chain(const struct chain_layout *layout, const struct limit_override *override)
{
    uint32_t chain = chain_layout_find(layout, override->workchain, shard_first(override->shard));
    if (chain == 0)
        return false;
    int32_t workchain;
    uint64_t shard;
    chain_layout_prefix(layout, chain, &workchain, &shard);
    return holds(override->shard, shard);
}

void limit_table_init(struct limit_table *table, const struct limit_config *config,
                      const struct param_list *overrides, const char *pointer,
                      const struct chain_layout *layout, struct memory *memory,
                      struct diagnostics *diagnostics)
{
    *table = (struct limit_table){.common = common_limits(config), .count = overrides->count};
    if (table->count == 0)
        return;
    table->overrides = memory_take(memory, memory_name, table->count * sizeof *table->overrides);
    const struct limit_override_config *items = overrides->items;
    for (uint32_t i = 0; i < table->count; i++) {
        struct limit_override *override = &table->overrides[i];
        bool valid = shard_parse(items[i].shard, &override->workchain, &override->shard);
        SIM_ASSERT(valid);
        override->gas = (uint64_t)items[i].gas;
        override->bytes = (uint64_t)items[i].bytes;
        if (holds_a_chain(layout, override))
            continue;
        char place[PLACE_BYTES], problem[PLACE_BYTES];
        snprintf(place, sizeof place, "%s/limits_of/%" PRIu32 "/shard", pointer, i);
        snprintf(problem, sizeof problem, "no chain lies in shard %s at the start", items[i].shard);
        diagnostics_warn(diagnostics, "W101", place, problem, "a shard that there is");
    }
}

int64_t limit_config_bytes(const struct limit_config *config, const struct param_list *overrides)
{
    const struct limit_override_config *items = overrides->items;
    int64_t most = config->form == LIMIT_FORM_STEPPED ? config->bytes_steps.hard : config->bytes;
    for (uint32_t i = 0; i < overrides->count; i++)
        most = items[i].bytes > most ? items[i].bytes : most;
    return most;
}

void limit_table_free(struct limit_table *table, struct memory *memory)
{
    if (table->overrides != NULL)
        memory_give(memory, table->overrides, table->count * sizeof *table->overrides);
    *table = (struct limit_table){0};
}

struct block_limits limit_table_of(const struct limit_table *table, int32_t workchain,
                                   uint64_t shard)
{
    struct block_limits limits = table->common;
    const struct limit_override *best = NULL;
    for (uint32_t i = 0; i < table->count; i++) {
        const struct limit_override *one = &table->overrides[i];
        if (one->workchain == workchain && holds(one->shard, shard) &&
            (best == NULL || shard_depth(one->shard) >= shard_depth(best->shard)))
            best = one;
    }
    if (best != NULL && best->bytes > 0)
        limits.of[LIMIT_BYTES] = limit_steps_plain(best->bytes);
    if (best != NULL && best->gas > 0)
        limits.of[LIMIT_GAS] = limit_steps_plain(best->gas);
    return limits;
}
