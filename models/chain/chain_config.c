#include "models/chain/chain_config.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "sim/diagnostics.h"
#include "sim/memory.h"
#include "sim/sim_assert.h"

#define MS INT64_C(1000000)
#define SECOND INT64_C(1000000000)
#define DAY (86400 * SECOND)

enum { POINTER_BYTES = 128, PROBLEMS_MAX = 16 };

static const struct param_variant validator_variants[] = {
    {"collective", "a chain is one node that stands for its whole validator group",
     validator_params, sizeof(struct validator_config)},
    {"individual", "each validator is a node: leaders by stake make blocks, votes make them final",
     validator_params, sizeof(struct validator_config)},
    {NULL, NULL, NULL, 0},
};

static const struct param workchain_params[] = {
    {.name = "id",
     .help = "workchain number, 32 bits; -1 is the masterchain's and -2147483648 is none",
     .kind = PARAM_INTEGER,
     .offset = offsetof(struct chain_workchain_config, id),
     .value_min = INT32_MIN + INT64_C(1),
     .value_max = INT32_MAX,
     .required = true},
    {.name = "shards",
     .help = "number of shards; 0 = as many as prefixes are listed",
     .kind = PARAM_INTEGER,
     .offset = offsetof(struct chain_workchain_config, shards),
     .value_max = SHARD_TREE_SHARDS_MAX},
    {.name = "prefixes",
     .help = "the shards by their tagged prefixes, 16 hex digits each; together all addresses",
     .kind = PARAM_LIST,
     .offset = offsetof(struct chain_workchain_config, prefixes),
     .item_kind = PARAM_STRING},
    PARAM_END,
};

static const struct param masterchain_params[] = {
    {.name = "present",
     .help = "whether there is a masterchain (when there are shards)",
     .kind = PARAM_BOOL,
     .offset = offsetof(struct chain_config, masterchain.present) -
               offsetof(struct chain_config, masterchain),
     .value_default = 1},
    {.name = "block_interval",
     .help = "time between masterchain blocks; 0s = that of the shards",
     .kind = PARAM_DURATION,
     .offset = offsetof(struct chain_config, masterchain.block_interval_ns) -
               offsetof(struct chain_config, masterchain),
     .value_default = 0,
     .value_min = 0,
     .value_max = DAY,
     .swarm_min = 500 * MS,
     .swarm_max = 10 * SECOND},
    PARAM_END,
};

static const char *const clock_choices[] = {"periodic", "on_demand", "aligned", "poisson", NULL};
static const char *const clock_helps[] = {
    "every block_interval, each chain with a phase of its own",
    "as soon as there is work, min_interval after the block before",
    "every block_interval, all chains at the same instants",
    "exponential gaps with mean block_interval", NULL};
static const char *const visibility_choices[] = {"at_once", "masterchain", NULL};
static const char *const visibility_helps[] = {
    "a final block is seen by other chains as soon as the network brings it",
    "only once a later masterchain block shows it (TON-R15, TON-R16)", NULL};
static const char *const break_choices[] = {"nothing", "finality", "height", "undo",
                                            "quorum",  "switch",   NULL};

const struct param chain_params[] = {
    {.name = "shards",
     .help = "shards of workchain 0; 0 = no chains, only workloads that need none",
     .kind = PARAM_INTEGER,
     .offset = offsetof(struct chain_config, shards),
     .value_max = SHARD_TREE_SHARDS_MAX,
     .size = true,
     .swarm_min = 1,
     .swarm_max = 32},
    {.name = "prefixes",
     .help = "shards of workchain 0 by their tagged prefixes, instead of an even tree",
     .kind = PARAM_LIST,
     .offset = offsetof(struct chain_config, prefixes),
     .item_kind = PARAM_STRING},
    {.name = "workchains",
     .help = "several workchains, instead of shards",
     .kind = PARAM_LIST,
     .offset = offsetof(struct chain_config, workchains),
     .item_kind = PARAM_OBJECT,
     .fields = workchain_params,
     .item_bytes = sizeof(struct chain_workchain_config)},
    {.name = "block_interval",
     .help = "time between the slots of a chain (TON-37: about 5 s)",
     .kind = PARAM_DURATION,
     .offset = offsetof(struct chain_config, block_interval_ns),
     .value_default = 5 * SECOND,
     .value_min = MS,
     .value_max = DAY,
     .swarm_min = 200 * MS,
     .swarm_max = 10 * SECOND},
    {.name = "clock",
     .help = "when a chain that has work makes its blocks",
     .kind = PARAM_CHOICE,
     .offset = offsetof(struct chain_config, clock),
     .value_default = CLOCK_PERIODIC,
     .choices = clock_choices,
     .choice_helps = clock_helps},
    {.name = "min_interval",
     .help = "clock on_demand: least time between two slots of a chain",
     .kind = PARAM_DURATION,
     .offset = offsetof(struct chain_config, min_interval_ns),
     .value_min = 0,
     .value_max = DAY,
     .swarm_min = 20 * MS,
     .swarm_max = 5 * SECOND},
    {.name = "validators",
     .help = "who makes blocks",
     .kind = PARAM_VARIANT,
     .offset = offsetof(struct chain_config, validators),
     .variants = validator_variants,
     .default_json = "{\"type\": \"collective\"}",
     .fixed = true}, /* individual ones go with few clocks and no resharding */
    {.name = "block_limit",
     .help = "what one block holds; an item beyond it goes alone into an empty block",
     .kind = PARAM_OBJECT,
     .offset = offsetof(struct chain_config, block_limit),
     .fields = limit_params},
    {.name = "limits_of",
     .help = "other limits for single shards, for instance to make one of them slow",
     .kind = PARAM_LIST,
     .offset = offsetof(struct chain_config, limits_of),
     .item_kind = PARAM_OBJECT,
     .fields = limit_override_params,
     .item_bytes = sizeof(struct limit_override_config)},
    {.name = "masterchain",
     .help = "the chain of workchain -1",
     .kind = PARAM_OBJECT,
     .offset = offsetof(struct chain_config, masterchain),
     .fields = masterchain_params},
    {.name = "resharding",
     .help = "shards that split and merge; off, the shards of the beginning stay",
     .kind = PARAM_OBJECT,
     .offset = offsetof(struct chain_config, resharding),
     .fields = reshard_params},
    {.name = "visibility",
     .help =
         "when other chains may see a final block; masterchain is what the deployed system does",
     .kind = PARAM_CHOICE,
     .offset = offsetof(struct chain_config, visibility),
     .value_default = VISIBLE_AT_ONCE,
     .choices = visibility_choices,
     .choice_helps = visibility_helps,
     .deployed = true},
    {.name = "ahead_max",
     .help =
         "visibility masterchain: so many blocks of a chain may wait for the masterchain to show "
         "them; deployed: 8 (TON-R15); 0 = any number",
     .kind = PARAM_INTEGER,
     .offset = offsetof(struct chain_config, ahead_max),
     .value_max = 8,
     .swarm_min = 1,
     .swarm_max = 8},
    {.name = "drop_every",
     .help = "every n-th block of a chain is made and then dropped, to prove that it is undone; "
             "0 = none",
     .kind = PARAM_INTEGER,
     .offset = offsetof(struct chain_config, drop_every),
     .value_max = 1000000,
     .swarm_min = 2,
     .swarm_max = 8},
    {.name = "break_rule",
     .help = "breaks a rule on purpose, so that its check is seen to find it",
     .kind = PARAM_CHOICE,
     .offset = offsetof(struct chain_config, break_rule),
     .value_default = BREAK_NOTHING,
     .choices = break_choices,
     .hidden = true},
    PARAM_END,
};

/* Pointers are short: the longest is /chain/workchains/999/prefixes/1048575. */
__attribute__((format(printf, 2, 3))) static void set_place(char place[POINTER_BYTES],
                                                            const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int bytes = vsnprintf(place, POINTER_BYTES, format, arguments);
    va_end(arguments);
    SIM_ASSERT(bytes > 0 && bytes < POINTER_BYTES);
}

/* Reports what is wrong with the texts of a list of prefixes; true when all are shards. */
static bool check_texts(const struct param_list *prefixes, const char *pointer,
                        struct diagnostics *diagnostics)
{
    char *const *texts = prefixes->items;
    bool fine = true;
    for (uint32_t i = 0; i < prefixes->count; i++) {
        char place[POINTER_BYTES];
        uint64_t shard;
        set_place(place, "%s/prefixes/%" PRIu32, pointer, i);
        if (!shard_parse_prefix(texts[i], &shard)) {
            diagnostics_addf(diagnostics, "E203", place, AT_VALUE,
                             "16 hex digits: the prefix bits, one 1 bit, then zeros",
                             "\"4000000000000000\", the left half of all addresses",
                             "\"%s\" is no tagged shard prefix", texts[i]);
            fine = false;
        } else if (shard_depth(shard) > SHARD_HEAP_DEPTH_MAX) {
            diagnostics_addf(diagnostics, "E203", place, AT_VALUE, "at most 20 prefix bits", NULL,
                             "shard %s is too deep: %u prefix bits", texts[i], shard_depth(shard));
            fine = false;
        }
    }
    return fine;
}

/* The place in the scenario of a shard that is wrong: the last of its kind in the list. */
static uint32_t place_of(const struct param_list *prefixes, uint64_t shard)
{
    char *const *texts = prefixes->items;
    uint32_t place = 0;
    for (uint32_t i = 0; i < prefixes->count; i++) {
        uint64_t listed = 0;
        if (shard_parse_prefix(texts[i], &listed) && listed == shard)
            place = i;
    }
    return place;
}

static void report_problem(const struct shard_tree_problem *problem,
                           const struct param_list *prefixes, const char *pointer,
                           struct diagnostics *diagnostics)
{
    char place[POINTER_BYTES];
    set_place(place, "%s/prefixes/%" PRIu32, pointer, place_of(prefixes, problem->shard));
    switch (problem->fault) {
    case SHARD_TREE_OVERLAP:
        diagnostics_addf(diagnostics, "E310", place, AT_VALUE, "shards that share no address", NULL,
                         "shard %016" PRIx64 " overlaps shard %016" PRIx64, problem->shard,
                         problem->other);
        break;
    case SHARD_TREE_GAP:
        diagnostics_addf(
            diagnostics, "E310", place, AT_VALUE, "shards that hold every address", NULL,
            "no shard holds the addresses %016" PRIx64 " to %016" PRIx64 ", %s shard %016" PRIx64,
            problem->first, problem->last, problem->at_end ? "after" : "before", problem->shard);
        break;
    }
}

/* Sorts the list into `shards`, which has room, and reports gaps and overlaps. */
static bool read_prefixes(const struct param_list *prefixes, const char *pointer,
                          struct diagnostics *diagnostics, uint64_t *shards)
{
    char *const *texts = prefixes->items;
    for (uint32_t i = 0; i < prefixes->count; i++) {
        bool valid = shard_parse_prefix(texts[i], &shards[i]);
        SIM_ASSERT(valid);
    }
    shard_tree_sort(shards, prefixes->count);
    struct shard_tree_problem problems[PROBLEMS_MAX];
    uint32_t found = shard_tree_check(shards, prefixes->count, PROBLEMS_MAX, problems);
    for (uint32_t i = 0; i < found && i < PROBLEMS_MAX; i++)
        report_problem(&problems[i], prefixes, pointer, diagnostics);
    return found == 0;
}

static void check_count(int64_t shards, const struct param_list *prefixes, const char *pointer,
                        struct diagnostics *diagnostics)
{
    char place[POINTER_BYTES];
    set_place(place, "%s/shards", pointer);
    if (prefixes->count > 0 && shards != 0 && shards != prefixes->count)
        diagnostics_addf(diagnostics, "E310", place, AT_VALUE, NULL,
                         "leave `shards` out where prefixes are listed",
                         "%" PRId64 " shards, but %" PRIu32 " prefixes are listed", shards,
                         prefixes->count);
}

static void check_workchains(const struct chain_config *config, const char *pointer,
                             struct diagnostics *diagnostics)
{
    const struct chain_workchain_config *items = config->workchains.items;
    uint32_t count = config->workchains.count;
    char place[POINTER_BYTES];
    if (count > 0 && (config->shards != 0 || config->prefixes.count > 0)) {
        set_place(place, "%s/workchains", pointer);
        diagnostics_add(diagnostics, "E310", place, AT_KEY,
                        "both workchains and the shards of a single workchain are given",
                        "either `shards` or `prefixes`, or `workchains`", NULL,
                        "move them into an entry of `workchains`");
    }
    if (count > CHAIN_WORKCHAINS_MAX) {
        set_place(place, "%s/workchains", pointer);
        diagnostics_addf(diagnostics, "E310", place, AT_VALUE, "at most 1000 workchains", NULL,
                         "%" PRIu32 " workchains are too many", count);
    }
    for (uint32_t i = 0; i < count; i++) {
        set_place(place, "%s/workchains/%" PRIu32, pointer, i);
        check_count(items[i].shards, &items[i].prefixes, place, diagnostics);
        if (items[i].shards == 0 && items[i].prefixes.count == 0)
            diagnostics_add(diagnostics, "E310", place, AT_VALUE, "a workchain without shards",
                            "`shards` or `prefixes`", NULL, "\"shards\": 1");
        bool master = items[i].id == CHAIN_MASTER_WORKCHAIN;
        bool twice = false;
        for (uint32_t j = 0; j < i; j++)
            twice = twice || items[j].id == items[i].id;
        set_place(place, "%s/workchains/%" PRIu32 "/id", pointer, i);
        if (master)
            diagnostics_add(diagnostics, "E310", place, AT_VALUE, "workchain -1 is the masterchain",
                            "another number", NULL, "describe it under `masterchain`");
        if (twice)
            diagnostics_addf(diagnostics, "E310", place, AT_VALUE, "a number for each", NULL,
                             "workchain %" PRId64 " is there twice", items[i].id);
    }
}

static bool has_chains(const struct chain_config *config)
{
    return config->shards > 0 || config->prefixes.count > 0 || config->workchains.count > 0;
}

static void check_masterchain(const struct chain_config *config, const char *pointer,
                              struct diagnostics *diagnostics)
{
    char place[POINTER_BYTES];
    int64_t interval_ns = config->masterchain.block_interval_ns;
    set_place(place, "%s/masterchain/block_interval", pointer);
    if (interval_ns != 0 && interval_ns < MS)
        diagnostics_add(diagnostics, "E310", place, AT_VALUE, "the interval is too short",
                        "0s, or 1ms and more", NULL, NULL);
    set_place(place, "%s/visibility", pointer);
    if (config->visibility == VISIBLE_BY_MASTERCHAIN && !config->masterchain.present &&
        has_chains(config))
        diagnostics_add(diagnostics, "E310", place, AT_VALUE,
                        "blocks are to be shown by a masterchain, but there is none",
                        "visibility at_once, or a masterchain", NULL,
                        "\"masterchain\": {\"present\": true}");
}

/* Allowed, and rarely meant: a chain has one open block, and slots that come meanwhile pass. */
static void warn_slots(const struct chain_config *config, const char *pointer,
                       struct diagnostics *diagnostics)
{
    const struct validator_config *collective = config->validators.config;
    bool slotted = config->clock == CLOCK_PERIODIC || config->clock == CLOCK_ALIGNED;
    if (!has_chains(config) || !slotted || collective == NULL ||
        config->validators.index != VALIDATORS_COLLECTIVE ||
        collective->consensus_delay_ns < config->block_interval_ns)
        return;
    char place[POINTER_BYTES], problem[160];
    set_place(place, "%s/validators/consensus_delay", pointer);
    snprintf(problem, sizeof problem,
             "a block is not final before its chain's next slot: a busy chain uses only one slot "
             "of %" PRId64,
             collective->consensus_delay_ns / config->block_interval_ns + 1);
    diagnostics_warn(diagnostics, "W301", place, problem,
                     "a shorter consensus_delay, or a longer block_interval");
}

/* Adds what one workchain has; lists that are no lists of shards are reported elsewhere. */
static void look_around(int64_t shards, const struct param_list *prefixes,
                        struct validator_surroundings *around)
{
    unsigned depth = 0;
    while (INT64_C(1) << depth < shards)
        depth++;
    for (uint32_t i = 0; i < prefixes->count; i++) {
        uint64_t shard;
        if (shard_parse_prefix(((char *const *)prefixes->items)[i], &shard))
            depth = shard_depth(shard) > depth ? shard_depth(shard) : depth;
    }
    around->deep = depth > around->deep ? depth : around->deep;
    around->shards += prefixes->count > 0 ? (int64_t)prefixes->count : shards;
}

static void check_validators(const struct chain_config *config, const char *pointer,
                             struct diagnostics *diagnostics)
{
    if (config->validators.index != VALIDATORS_INDIVIDUAL || !config->validators.config)
        return;
    struct validator_surroundings around = {
        .slotted = config->clock == CLOCK_PERIODIC || config->clock == CLOCK_ALIGNED,
        .reshards = config->resharding.enabled != 0,
        .spaces = config->workchains.count,
        .interval_ns = config->block_interval_ns,
        .limit_bytes = limit_config_bytes(&config->block_limit, &config->limits_of)};
    look_around(config->shards, &config->prefixes, &around);
    const struct chain_workchain_config *items = config->workchains.items;
    for (uint32_t i = 0; i < config->workchains.count; i++)
        look_around(items[i].shards, &items[i].prefixes, &around);
    validator_config_check(config->validators.config, &around, pointer, diagnostics);
}

void chain_config_check(const void *section, const char *pointer, struct diagnostics *diagnostics)
{
    const struct chain_config *config = section;
    char place[POINTER_BYTES];
    check_count(config->shards, &config->prefixes, pointer, diagnostics);
    check_workchains(config, pointer, diagnostics);
    check_masterchain(config, pointer, diagnostics);
    limit_config_check(&config->block_limit, &config->limits_of, pointer, diagnostics);
    reshard_config_check(&config->resharding, config->masterchain.present && has_chains(config),
                         config->clock == CLOCK_ON_DEMAND, pointer, diagnostics);
    check_texts(&config->prefixes, pointer, diagnostics);
    const struct chain_workchain_config *items = config->workchains.items;
    for (uint32_t i = 0; i < config->workchains.count; i++) {
        set_place(place, "%s/workchains/%" PRIu32, pointer, i);
        check_texts(&items[i].prefixes, place, diagnostics);
    }
    set_place(place, "%s/ahead_max", pointer);
    if (config->ahead_max > 0 && config->visibility != VISIBLE_BY_MASTERCHAIN)
        diagnostics_warn(diagnostics, "W101", place,
                         "has no effect: blocks are seen at once, so none waits to be shown",
                         "\"visibility\": \"masterchain\"");
    set_place(place, "%s/drop_every", pointer);
    if (config->drop_every == 1)
        diagnostics_add(diagnostics, "E310", place, AT_VALUE,
                        "every block would be dropped, and nothing would ever be final",
                        "0, or 2 and more", NULL, "2");
    warn_slots(config, pointer, diagnostics);
    check_validators(config, pointer, diagnostics);
}

/* The single-workchain form as an entry of the list. */
static struct chain_workchain_config entry_at(const struct chain_config *config, uint32_t index)
{
    if (config->workchains.count > 0)
        return ((const struct chain_workchain_config *)config->workchains.items)[index];
    return (struct chain_workchain_config){.shards = config->shards, .prefixes = config->prefixes};
}

static int fill_layout(const struct chain_config *config, const char *pointer,
                       struct diagnostics *diagnostics, struct chain_layout *layout)
{
    uint64_t *room = layout->listed;
    int status = 0;
    for (uint32_t i = 0; i < layout->workchain_count; i++) {
        struct chain_workchain_config entry = entry_at(config, i);
        char place[POINTER_BYTES];
        set_place(place, "%s", pointer);
        if (config->workchains.count > 0)
            set_place(place, "%s/workchains/%" PRIu32, pointer, i);
        layout->workchains[i].id = (int32_t)entry.id;
        if (entry.prefixes.count == 0) {
            layout->workchains[i].tree = shard_tree_even((uint32_t)entry.shards);
            continue;
        }
        if (read_prefixes(&entry.prefixes, place, diagnostics, room))
            layout->workchains[i].tree = shard_tree_listed(room, entry.prefixes.count);
        else
            status = -1;
        room += entry.prefixes.count;
    }
    return status;
}

int chain_config_layout(const struct chain_config *config, const char *pointer,
                        struct memory *memory, struct diagnostics *diagnostics,
                        struct chain_layout *ret_layout)
{
    size_t errors = diagnostics->errors;
    chain_config_check(config, pointer, diagnostics);
    if (diagnostics->errors > errors)
        return -1;
    bool chains = has_chains(config);
    uint32_t workchains = config->workchains.count > 0 ? config->workchains.count : chains;
    uint32_t listed = 0;
    for (uint32_t i = 0; i < workchains; i++)
        listed += entry_at(config, i).prefixes.count;
    struct chain_layout layout;
    chain_layout_init(&layout, memory, workchains, listed,
                      chains && config->masterchain.present != 0);
    if (fill_layout(config, pointer, diagnostics, &layout) != 0) {
        chain_layout_free(&layout);
        return -1;
    }
    chain_layout_finish(&layout);
    *ret_layout = layout;
    return 0;
}
