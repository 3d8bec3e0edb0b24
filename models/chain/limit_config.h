#ifndef MODELS_CHAIN_LIMIT_CONFIG_H
#define MODELS_CHAIN_LIMIT_CONFIG_H

/* The keys `block_limit` and `limits_of` of the section "chain", and the limits of each chain's
 * next block that follow from them. */

#include <stdbool.h>
#include <stdint.h>

#include "models/chain/block_limits.h"
#include "models/chain/chain_layout.h"
#include "sim/param.h"

struct diagnostics;
struct memory;

enum limit_form { LIMIT_FORM_PLAIN, LIMIT_FORM_STEPPED };

struct limit_steps_config {
    int64_t underload, soft, hard;
};

struct limit_config {
    int64_t gas, bytes, form;
    struct limit_steps_config bytes_steps, gas_steps, lt_steps;
};

struct limit_override_config { /* an item of `limits_of` */
    char *shard;
    int64_t gas, bytes; /* 0 = as the other chains */
};

extern const struct param limit_params[];
extern const struct param limit_override_params[];

/* limit_config_check records every broken rule; `pointer` is "/chain". */
void limit_config_check(const struct limit_config *config, const struct param_list *overrides,
                        const char *pointer, struct diagnostics *diagnostics);

/* limit_config_bytes is the greatest limit of bytes that any chain has. */
int64_t limit_config_bytes(const struct limit_config *config, const struct param_list *overrides);

struct limit_override {
    int32_t workchain;
    uint64_t shard, gas, bytes;
};

struct limit_table {
    struct block_limits common;
    struct limit_override *overrides; /* as the scenario lists them */
    uint32_t count;
};

/* limit_table_init takes what limit_config_check found right, and warns of shards that no chain of
 * the layout lies in. limit_table_free gives the memory back. */
void limit_table_init(struct limit_table *table, const struct limit_config *config,
                      const struct param_list *overrides, const char *pointer,
                      const struct chain_layout *layout, struct memory *memory,
                      struct diagnostics *diagnostics);
void limit_table_free(struct limit_table *table, struct memory *memory);

/* limit_table_of: the limits of a chain. It takes the override of the smallest shard that it lies
 * in; of two for one shard the later one. */
struct block_limits limit_table_of(const struct limit_table *table, int32_t workchain,
                                   uint64_t shard);

#endif
