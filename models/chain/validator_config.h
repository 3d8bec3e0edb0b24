#ifndef MODELS_CHAIN_VALIDATOR_CONFIG_H
#define MODELS_CHAIN_VALIDATOR_CONFIG_H

/* The object "validators" of a scenario's chain section. One table of parameters serves both
 * variants, so that one word swaps them: collective validators read consensus_delay alone,
 * individual ones everything, and consensus_delay for the masterchain, which stays one node. */

#include <stdbool.h>
#include <stdint.h>

#include "sim/param.h"

struct diagnostics;

enum { MEMBERS_MAX = 8192 };

/* A block of individual validators has at most so many bytes, whatever spreads it: 32,768 data
 * shreds hold a little more (SOL-R1). The content's limit leaves room for votes, and for what one
 * transaction may go beyond it. */
#define INDIVIDUAL_BYTES_MAX (INT64_C(30) << 20)
#define INDIVIDUAL_LIMIT_MAX (INT64_C(24) << 20)

enum validator_type { VALIDATORS_COLLECTIVE, VALIDATORS_INDIVIDUAL };
enum validator_votes { VOTES_ALL, VOTES_LEADERS };
enum stake_type { STAKE_EVEN, STAKE_GIVEN, STAKE_ZIPF, STAKE_LOGNORMAL, STAKE_FILE };

struct stake_given_config {
    struct param_list values; /* int64_t */
};

struct stake_zipf_config {
    double exponent;
};

struct stake_lognormal_config {
    double sigma;
};

struct stake_file_config {
    const char *path, *sha256;
};

struct validator_config {
    int64_t consensus_delay_ns;
    int64_t count;
    struct param_variant_value stake; /* enum stake_type */
    int64_t epoch_slots, votes, vote_bytes, vote_repeat_ns, replay_ns, grace_ns, clock_skew_ns;
    int64_t empty_blocks, block_bytes, switch_threshold;
};

extern const struct param validator_params[];

/* What the rest of the section says, for the rules between it and individual validators. */
struct validator_surroundings {
    bool slotted;    /* the clock has slots that all know beforehand */
    bool reshards;   /* shards split and merge */
    unsigned deep;   /* the greatest depth of a shard */
    uint32_t spaces; /* workchains */
    int64_t shards;  /* of all of them */
    int64_t interval_ns;
    int64_t limit_bytes; /* the greatest limit of any shard's block */
};

/* validator_config_check records every broken rule; `pointer` is "/chain". For individual
 * validators only. */
void validator_config_check(const struct validator_config *config,
                            const struct validator_surroundings *around, const char *pointer,
                            struct diagnostics *diagnostics);

#endif
