#ifndef MODELS_CHAIN_RESHARD_CONFIG_H
#define MODELS_CHAIN_RESHARD_CONFIG_H

/* The object "resharding" of the section "chain": when shards are divided and united. */

#include <stdbool.h>
#include <stdint.h>

#include "models/chain/shard_schedule.h"
#include "sim/param.h"

struct diagnostics;

enum reshard_what { RESHARD_SPLIT, RESHARD_MERGE };

struct reshard_order_config { /* an item of `schedule` */
    int64_t at_ns, what;
    const char *shard;
};

struct reshard_config {
    int64_t enabled, min_split, max_split, delay_ns, interval_ns, min_interval_ns, reserve_ns;
    struct param_list schedule; /* struct reshard_order_config */
};

extern const struct param reshard_params[];

/* reshard_config_check records every broken rule; `pointer` is "/chain". `master`: there is one. */
void reshard_config_check(const struct reshard_config *config, bool master, bool on_demand,
                          const char *pointer, struct diagnostics *diagnostics);

struct shard_rules reshard_config_rules(const struct reshard_config *config);

#endif
