#ifndef MODELS_CHAIN_CHAIN_RESHARD_H
#define MODELS_CHAIN_CHAIN_RESHARD_H

/* Shards that split when overloaded and merge when idle (TON-R55, TON-R56).
 *
 * A shard's blocks shift its histories; after each final block its node sends the masterchain a
 * description that says what the shard wants. A masterchain block registers the descriptions that
 * came and opens windows; shards know what the latest final masterchain block shows. A shard's
 * block inside its window is its last. When the masterchain block that registers it is final, the
 * shard dies and its halves live: one event, in which every layer divides what it has. Two halves
 * are united when the final masterchain block says so; what they have open is dropped. */

#include <stdbool.h>
#include <stdint.h>

#include "models/chain/reshard_config.h"
#include "models/chain/shard_schedule.h"

struct block;
struct build;
struct chain_blocks;
struct context;
struct message;
struct open_block;

struct shard_history { /* words of the shard's own state */
    uint64_t overload, underload;
};

struct shard_top { /* the latest description that reached the masterchain */
    uint64_t number, want, before_split;
};

struct reshard_order {
    uint64_t at_ns;
    uint64_t done; /* a word of the masterchain's state */
    uint32_t chain;
    enum reshard_what what;
};

/* All arrays by index of the chain. */
struct chain_resharding {
    struct shard_rules rules;
    uint32_t count, order_count;
    struct shard_history *histories;
    struct shard_entry *entries; /* words of the masterchain's state */
    struct shard_entry *shown;   /* the same as of its latest final block */
    struct shard_top *tops;
    uint64_t *parents; /* the block of another chain that this one's first continues, 0 = none */
    bool *ended;       /* the shard's last block is final */
    uint32_t *made;    /* final blocks of the chain, in all its lives */
    struct reshard_order *orders;
};

/* chain_reshard_build reads the object; NULL resharding if it is off. -1 with diagnostics when the
 * schedule names a shard that can never be. */
int chain_reshard_build(struct chain_blocks *chains, const struct reshard_config *config,
                        const struct build *build);
void chain_reshard_free(struct chain_blocks *chains);
void chain_reshard_start(struct chain_blocks *chains, struct context *context);

/* chain_reshard_makes: whether the chain makes blocks: it lives and has not made its last one. */
bool chain_reshard_makes(const struct chain_blocks *chains, uint32_t index);

/* chain_reshard_made is how many final blocks the chain itself made. */
uint32_t chain_reshard_made(const struct chain_blocks *chains, uint32_t index);

/* chain_reshard_fill is the last thing in filling a block; final comes after the layers'. */
void chain_reshard_fill(struct chain_blocks *chains, struct open_block *open, uint32_t index);
void chain_reshard_final(struct chain_blocks *chains, struct context *context, uint32_t index,
                         const struct open_block *open);

void chain_reshard_on_top(struct chain_blocks *chains, const struct message *message);
/* chain_reshard_tell sends the description again, of a shard that makes no more blocks. */
void chain_reshard_tell(struct chain_blocks *chains, struct context *context, uint32_t index);

#endif
