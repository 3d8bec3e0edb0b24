#ifndef MODELS_CHAIN_CHAIN_LAYOUT_H
#define MODELS_CHAIN_CHAIN_LAYOUT_H

/* Which chains there are: one masterchain or none, and the shards of every workchain.
 *
 * A chain's number is (workchain ordinal << 21 | heap index of its prefix); ordinal 0 is the
 * masterchain, workchains follow from 1 in the order of the scenario. `index` counts chains
 * densely: shards from 0, workchain by workchain and from left to right, the masterchain last.
 * Fixed after it was made: it holds the shards of the beginning, and chain_living those that splits
 * and merges have put in their place. Even trees need a few
 * bytes a workchain, whatever the number of shards. chain_layout_index, _chain: O(log workchains);
 * find: O(log workchains) plus the tree's. */

#include <stdbool.h>
#include <stdint.h>

#include "models/chain/shard_tree.h"

struct memory;

enum {
    CHAIN_HEAP_BITS = SHARD_HEAP_DEPTH_MAX + 1,
    CHAIN_WORKCHAINS_MAX = 1000,
    CHAIN_MASTER_WORKCHAIN = -1,
    CHAIN_MASTER_ID = 1 /* ordinal 0, the whole */
};

struct chain_workchain {
    int32_t id;
    uint32_t first; /* index of its first shard */
    struct shard_tree tree;
};

struct chain_layout {
    struct memory *memory;
    struct chain_workchain *workchains; /* by ordinal - 1 */
    uint32_t *by_id;                    /* places in workchains, sorted by workchain id */
    uint64_t *listed;                   /* the prefixes of all listed trees */
    uint32_t workchain_count, shard_count, listed_count;
    bool master;
};

/* chain_layout_init takes room; the caller then fills workchains[] with id and tree and calls
 * chain_layout_finish, which counts and sorts. Workchain ids must differ. */
void chain_layout_init(struct chain_layout *layout, struct memory *memory, uint32_t workchains,
                       uint32_t listed_prefixes, bool master);
void chain_layout_finish(struct chain_layout *layout);
void chain_layout_free(struct chain_layout *layout);

/* chain_layout_count: shards and masterchain. */
uint32_t chain_layout_count(const struct chain_layout *layout);

/* chain_layout_index: of an existing chain; asserts that it exists. */
uint32_t chain_layout_index(const struct chain_layout *layout, uint32_t chain);
uint32_t chain_layout_chain(const struct chain_layout *layout, uint32_t index);

/* chain_layout_prefix: the workchain and the tagged prefix of a chain (TON-R3). */
void chain_layout_prefix(const struct chain_layout *layout, uint32_t chain, int32_t *ret_workchain,
                         uint64_t *ret_shard);

/* chain_layout_find: the chain that holds an address (TON-6), 0 if there is no such workchain. */
uint32_t chain_layout_find(const struct chain_layout *layout, int32_t workchain, uint64_t prefix);

#endif
