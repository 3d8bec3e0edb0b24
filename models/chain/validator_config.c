#include "models/chain/validator_config.h"

#include <inttypes.h>
#include <stdio.h>

#include "models/chain/stake_law.h"
#include "models/leader_schedule.h"
#include "sim/diagnostics.h"

#define MS INT64_C(1000000)
#define SECOND INT64_C(1000000000)
#define DAY (86400 * SECOND)
#define PERCENT INT64_C(10000000000) /* of PARAM_RATIO's 10^-12 */

enum {
    PLACE_BYTES = 128,
    ALL_MAX = 1 << 24,   /* validators of all shards */
    SPACES_MAX = 4,      /* 2 bits of a validator's identity */
    SHARD_DEPTH_MAX = 16 /* 17 bits of a validator's identity, for the heap index */
};

#define FIELD(name) .offset = offsetof(struct validator_config, name)

static const struct param given_params[] = {
    {.name = "values",
     .help = "the stake of each validator, in order and in any unit",
     .kind = PARAM_LIST,
     .offset = offsetof(struct stake_given_config, values),
     .item_kind = PARAM_INTEGER,
     .value_max = (int64_t)STAKE_MAX,
     .required = true},
    PARAM_END,
};

static const struct param zipf_params[] = {
    {.name = "exponent",
     .help = "validator i of 1, 2... has a share that falls as 1 / i^exponent",
     .kind = PARAM_REAL,
     .offset = offsetof(struct stake_zipf_config, exponent),
     .default_json = "1",
     .real_min = 0,
     .real_max = 5},
    PARAM_END,
};

static const struct param lognormal_params[] = {
    {.name = "sigma",
     .help = "standard deviation of the logarithm of a stake",
     .kind = PARAM_REAL,
     .offset = offsetof(struct stake_lognormal_config, sigma),
     .default_json = "1.5",
     .real_min = 0,
     .real_max = 5},
    PARAM_END,
};

static const struct param file_params[] = {
    {.name = "path",
     .help = "a text file with a stake a line, in any unit; what follows a # does not count",
     .kind = PARAM_FILE,
     .offset = offsetof(struct stake_file_config, path),
     .required = true},
    {.name = "sha256",
     .help = "SHA-256 of the file in 64 hex digits; without it the file is not checked",
     .kind = PARAM_STRING,
     .offset = offsetof(struct stake_file_config, sha256)},
    PARAM_END,
};

static const struct param no_params[] = {PARAM_END};

static const struct param_variant stake_variants[] = {
    {"even", "all the same", no_params, 1},
    {"given", "a list", given_params, sizeof(struct stake_given_config)},
    {"zipf", "a power of the validator's number", zipf_params, sizeof(struct stake_zipf_config)},
    {"lognormal", "drawn, a few with most of it", lognormal_params,
     sizeof(struct stake_lognormal_config)},
    {"file", "read from a file", file_params, sizeof(struct stake_file_config)},
    {NULL, NULL, NULL, 0},
};

static const char *const votes_choices[] = {"all", "leaders", NULL};
static const char *const votes_helps[] = {
    "each vote is a packet to each other validator",
    "each vote is a packet to the leaders that come, whose blocks carry it to all", NULL};

const struct param validator_params[] = {
    {.name = "consensus_delay",
     .help = "time from a collective block's slot until it is final: votes and spread of the whole "
             "group; with individual validators of the masterchain alone",
     .kind = PARAM_DURATION,
     FIELD(consensus_delay_ns),
     .value_default = 500 * MS,
     .value_min = 0,
     .value_max = DAY},
    {.name = "count",
     .help = "individual: validators of each shard",
     .kind = PARAM_INTEGER,
     FIELD(count),
     .value_default = 100,
     .value_min = 1,
     .value_max = MEMBERS_MAX,
     .swarm_min = 1,
     .swarm_max = 7},
    {.name = "stake",
     .help = "individual: how stake is divided among them, in each shard alike",
     .kind = PARAM_VARIANT,
     FIELD(stake),
     .variants = stake_variants,
     .default_json = "{\"type\": \"even\"}"},
    {.name = "epoch_slots",
     .help = "individual: slots that share a leader schedule, known one epoch ahead (SOL-R1)",
     .kind = PARAM_INTEGER,
     FIELD(epoch_slots),
     .value_default = LEADER_EPOCH_SLOTS,
     .value_min = LEADER_SLOTS,
     .value_max = 1000000000,
     .fixed = true},
    {.name = "votes",
     .help = "individual: how votes travel; leaders is what the deployed system does",
     .kind = PARAM_CHOICE,
     FIELD(votes),
     .value_default = VOTES_LEADERS,
     .choices = votes_choices,
     .choice_helps = votes_helps,
     .deployed = true},
    {.name = "vote_bytes",
     .help = "individual: size of a vote, as a packet and in a block",
     .kind = PARAM_BYTES,
     FIELD(vote_bytes),
     .value_default = 350,
     .value_min = 1,
     .value_max = 65535},
    {.name = "vote_repeat",
     .help = "individual: who may not vote for so long, and whose last vote is not final, sends it "
             "again; 0s = never",
     .kind = PARAM_DURATION,
     FIELD(vote_repeat_ns),
     .value_default = 5 * SECOND,
     .value_min = 0,
     .value_max = DAY,
     .swarm_min = SECOND,
     .swarm_max = 5 * SECOND},
    {.name = "replay",
     .help = "individual: time from having a block and its parent replayed until it is replayed",
     .kind = PARAM_DURATION,
     FIELD(replay_ns),
     .value_default = 20 * MS,
     .value_min = 0,
     .value_max = DAY,
     .swarm_min = 0,
     .swarm_max = 100 * MS},
    {.name = "grace",
     .help = "individual: how long a leader waits for another leader's block of the slot before "
             "its own",
     .kind = PARAM_DURATION,
     FIELD(grace_ns),
     .value_default = 800 * MS,
     .value_min = 0,
     .value_max = DAY,
     .swarm_min = 0,
     .swarm_max = SECOND},
    {.name = "clock_skew",
     .help = "individual: each validator's clock is off by a draw from so much before to so much "
             "after",
     .kind = PARAM_DURATION,
     FIELD(clock_skew_ns),
     .value_min = 0,
     .value_max = DAY,
     .swarm_min = 0,
     .swarm_max = 500 * MS},
    {.name = "empty_blocks",
     .help = "individual: blocks are made in all slots, not only where there is content or votes "
             "are missing",
     .kind = PARAM_BOOL,
     FIELD(empty_blocks)},
    {.name = "block_bytes",
     .help =
         "individual: each block is padded to so many bytes, for traffic that is not simulated; "
         "at most what 32,768 data shreds hold (SOL-R1)",
     .kind = PARAM_BYTES,
     FIELD(block_bytes),
     .value_min = 0,
     .value_max = INDIVIDUAL_BYTES_MAX,
     .fixed = true},
    {.name = "switch_threshold",
     .help = "individual: a validator leaves the fork that it voted for last when more than this "
             "share of stake voted for others since; below a third two forks could become final",
     .kind = PARAM_RATIO,
     FIELD(switch_threshold),
     .value_default = 38 * PERCENT,
     .fixed = true},
    PARAM_END,
};

static void check_around(const struct validator_surroundings *around, const char *pointer,
                         struct diagnostics *diagnostics)
{
    char place[PLACE_BYTES];
    snprintf(place, sizeof place, "%s/clock", pointer);
    if (!around->slotted)
        diagnostics_add(diagnostics, "E310", place, AT_VALUE,
                        "individual validators need slots that all know beforehand",
                        "clock periodic or aligned", NULL, "\"clock\": \"periodic\"");
    snprintf(place, sizeof place, "%s/resharding", pointer);
    if (around->reshards)
        diagnostics_add(diagnostics, "E310", place, AT_VALUE,
                        "shards of individual validators do not split or merge",
                        "resharding off, or collective validators", NULL,
                        "\"validators\": {\"type\": \"collective\"}");
    snprintf(place, sizeof place, "%s/validators", pointer);
    if (around->spaces > SPACES_MAX)
        diagnostics_addf(diagnostics, "E310", place, AT_VALUE, "at most 4 workchains",
                         "\"validators\": {\"type\": \"collective\"}",
                         "individual validators in %" PRIu32 " workchains", around->spaces);
    if (around->deep > SHARD_DEPTH_MAX)
        diagnostics_addf(diagnostics, "E310", place, AT_VALUE,
                         "at most 65536 shards a workchain, none deeper than 16 prefix bits",
                         "\"validators\": {\"type\": \"collective\"}",
                         "individual validators in shards of %u prefix bits", around->deep);
    snprintf(place, sizeof place, "%s/block_limit", pointer);
    if (around->limit_bytes > INDIVIDUAL_LIMIT_MAX)
        diagnostics_addf(
            diagnostics, "E310", place, AT_VALUE,
            "at most 24 MiB, which leaves room for votes in the 32,768 shreds of a block",
            "\"bytes\": \"24MiB\"", "blocks of individual validators with %" PRId64 " bytes",
            around->limit_bytes);
}

static void check_given(const struct validator_config *config, const char *pointer,
                        struct diagnostics *diagnostics)
{
    const struct stake_given_config *given = config->stake.config;
    const int64_t *values = given->values.items;
    char place[PLACE_BYTES];
    snprintf(place, sizeof place, "%s/validators/stake/values", pointer);
    if (given->values.count != config->count)
        diagnostics_addf(diagnostics, "E310", place, AT_VALUE, "a stake for each validator",
                         "another `count`", "%" PRIu32 " stakes for %" PRId64 " validators",
                         given->values.count, config->count);
    int64_t most = 0;
    for (uint32_t i = 0; i < given->values.count; i++)
        most = values[i] > most ? values[i] : most;
    if (most == 0)
        diagnostics_add(diagnostics, "E310", place, AT_VALUE, "nobody has any stake", "one above 0",
                        NULL, NULL);
}

void validator_config_check(const struct validator_config *config,
                            const struct validator_surroundings *around, const char *pointer,
                            struct diagnostics *diagnostics)
{
    check_around(around, pointer, diagnostics);
    char place[PLACE_BYTES];
    snprintf(place, sizeof place, "%s/validators/epoch_slots", pointer);
    if (config->epoch_slots % LEADER_SLOTS != 0)
        diagnostics_addf(diagnostics, "E310", place, AT_VALUE,
                         "a multiple of 4: a leader has four slots in a row", NULL,
                         "an epoch of %" PRId64 " slots", config->epoch_slots);
    snprintf(place, sizeof place, "%s/validators/clock_skew", pointer);
    if (config->clock_skew_ns >= 8 * around->interval_ns)
        diagnostics_add(diagnostics, "E310", place, AT_VALUE,
                        "clocks are off by more than two leaders' times", "below 8 block_intervals",
                        NULL, NULL);
    snprintf(place, sizeof place, "%s/validators/switch_threshold", pointer);
    if (3 * config->switch_threshold < 100 * PERCENT)
        diagnostics_add(diagnostics, "E310", place, AT_VALUE,
                        "below a third of stake two forks could become final", "a third or more",
                        NULL, "\"38%\"");
    snprintf(place, sizeof place, "%s/validators/count", pointer);
    if (config->count * around->shards > ALL_MAX)
        diagnostics_addf(diagnostics, "E310", place, AT_VALUE, "at most 16777216 in all shards",
                         NULL, "%" PRId64 " validators in each of %" PRId64 " shards",
                         config->count, around->shards);
    if (config->stake.index == STAKE_GIVEN)
        check_given(config, pointer, diagnostics);
}
