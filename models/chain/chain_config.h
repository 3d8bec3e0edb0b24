#ifndef MODELS_CHAIN_CHAIN_CONFIG_H
#define MODELS_CHAIN_CHAIN_CONFIG_H

/* The section "chain" of a scenario: its parameters, the rules between them, and the layout of
 * chains that follows from them. */

#include <stdbool.h>
#include <stdint.h>

#include "models/chain/chain_layout.h"
#include "models/chain/limit_config.h"
#include "models/chain/reshard_config.h"
#include "models/chain/validator_config.h"
#include "sim/param.h"

struct diagnostics;

enum chain_clock { CLOCK_PERIODIC, CLOCK_ON_DEMAND, CLOCK_ALIGNED, CLOCK_POISSON };
enum chain_visibility { VISIBLE_AT_ONCE, VISIBLE_BY_MASTERCHAIN };

/* Switches that tests use to break a rule on purpose. */
enum chain_break {
    BREAK_NOTHING,
    BREAK_FINALITY,
    BREAK_HEIGHT,
    BREAK_UNDO,
    BREAK_QUORUM, /* final at more than a third of stake */
    BREAK_SWITCH  /* forks are left at will */
};

struct chain_workchain_config {
    int64_t id, shards;
    struct param_list prefixes; /* char * */
};

struct chain_config {
    int64_t shards;
    struct param_list prefixes;   /* char * */
    struct param_list workchains; /* struct chain_workchain_config */
    int64_t block_interval_ns, clock, min_interval_ns;
    struct param_variant_value validators; /* enum validator_type, struct validator_config */
    struct limit_config block_limit;
    struct param_list limits_of; /* struct limit_override_config */
    struct {
        int64_t present, block_interval_ns; /* 0 = that of the shards */
    } masterchain;
    struct reshard_config resharding;
    int64_t visibility, ahead_max, drop_every, break_rule;
};

extern const struct param chain_params[];

/* chain_config_check records every broken rule between fields; `pointer` is "/chain". */
void chain_config_check(const void *config, const char *pointer, struct diagnostics *diagnostics);

/* chain_config_layout makes the layout, or returns -1 after recording what is wrong. A layout that
 * was made is freed by chain_layout_free. */
int chain_config_layout(const struct chain_config *config, const char *pointer,
                        struct memory *memory, struct diagnostics *diagnostics,
                        struct chain_layout *ret_layout);

#endif
