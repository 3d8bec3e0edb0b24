#ifndef MODELS_CHAIN_CHAIN_LIFE_H
#define MODELS_CHAIN_CHAIN_LIFE_H

/* What the files of the chain layer share: the run's state, and the life of a block. */

#include <stdbool.h>
#include <stdint.h>

#include "models/chain/block_journal.h"
#include "models/chain/block_limits.h"
#include "models/chain/chain_clock.h"
#include "models/chain/chain_config.h"
#include "models/chain/chain_individual.h"
#include "models/chain/chain_layout.h"
#include "models/chain/chain_living.h"
#include "models/chain/chain_reshard.h"
#include "models/stack.h"
#include "sim/memory.h"

enum { MESSAGE_TOP, MESSAGE_VOTE };
enum { TIMER_SLOT, TIMER_FINAL, TIMER_TOP, TIMER_LEAD, TIMER_GRACE, TIMER_REPLAY, TIMER_SENT };
enum {
    TRACE_BLOCK,
    TRACE_FINAL,
    TRACE_DROPPED,
    TRACE_BEFORE_SPLIT,
    TRACE_SPLIT,
    TRACE_MERGE,
    TRACE_COMPLETE,
    TRACE_VOTE,
    TRACE_SKIPPED,
    TRACE_FORK
};
enum {
    METRIC_FINAL,
    METRIC_DROPPED,
    METRIC_BYTES,
    METRIC_GAS,
    METRIC_FULL,
    METRIC_SPLITS,
    METRIC_MERGES,
    METRIC_ORPHANED,
    METRIC_VOTES_SENT,
    METRIC_VOTES_CARRIED,
    METRIC_SWITCHES,
    METRIC_MADE,
    METRIC_FORKING,
    METRIC_SKIPPED
};
enum { PROPERTY_HEIGHT, PROPERTY_FINALITY, PROPERTY_ONE_SHARD, PROPERTY_ONE_FINAL };

/* 64 bytes a chain; everything else is attached while a block is open. */
struct chain_record {
    uint64_t phase_ns;   /* of its slots; 0 with clocks that have none */
    uint64_t slot_ns;    /* of its latest block, final or dropped */
    uint64_t checked_ns; /* of its latest final block, kept by the property only */
    uint64_t free_ns;    /* since when it could make a block: up, and the latest one final */
    uint32_t checked_height;
    uint32_t number; /* of its latest block; never reused */
    uint32_t parent; /* number of its latest final block, 0 = none */
    uint32_t height; /* final blocks */
    uint32_t gaps;   /* poisson: slots drawn; individual: blocks with content made */
    uint32_t open;   /* handle of the block that is not final, 0 = none */
    bool armed;      /* a slot timer is set */
    bool wanted;     /* woken while a block was open or the node was down */
    uint8_t drops;   /* blocks dropped since the latest one that was made or not needed */
    uint32_t full;   /* final blocks that refused an item for want of room */
};

_Static_assert(sizeof(struct chain_record) == 64, "an idle chain costs as many bytes as is said");

/* The block comes first: the layers hold a pointer to it, and set() gets back from there. */
struct open_block {
    struct block block;
    struct block_journal journal;
    struct block_limits limits;
    uint32_t changes;
    bool filling;
    bool full; /* an item was refused */
    bool last; /* its chain ends with it: it is divided (TON-R56) */
};

/* When the masterchain shows the latest final blocks of a chain, by height modulo ahead_max. */
enum { CHAIN_AHEAD_MAX = 8 };
struct chain_ahead {
    uint64_t registered_ns[CHAIN_AHEAD_MAX];
};

struct chain_blocks {
    struct world *world;
    struct stack *stack;
    struct memory *memory;
    struct chain_layout layout; /* of the beginning */
    struct chain_living living;
    struct chain_resharding *resharding; /* NULL: the layout stays */
    struct chain_individual *individual; /* NULL: all validators are collective */
    struct chain_record *records;        /* by index */
    uint32_t first_node;                 /* node of index 0; the others follow */
    struct pool open_blocks, journal, ahead;
    struct map ahead_of; /* chain -> handle of ahead; empty without ahead_max */
    uint64_t interval_ns, min_interval_ns, consensus_delay_ns, finality_within_ns;
    struct limit_table limits;
    uint32_t drop_every, ahead_max;
    enum chain_clock clock;
    enum chain_visibility visibility;
    enum chain_break break_rule;
    struct master_clock master;
    bool journalled; /* off only where no block can be dropped */
};

static inline uint32_t chain_node(const struct chain_blocks *chains, uint32_t index)
{
    return chains->first_node + index;
}

/* chain_wake arms the next slot of a chain, once. */
void chain_wake(struct chain_blocks *chains, struct context *context, uint32_t index);

/* chain_registered_ns: the chain makes no block before then (TON-R15). */
uint64_t chain_registered_ns(const struct chain_blocks *chains, uint32_t index);

/* chain_fill opens a chain's next block and fills it; false: there was nothing, and none is open.
 * chain_make_block runs at a slot. chain_complete runs when consensus is reached. chain_drop undoes
 * the open block and tells the layers. */
bool chain_fill(struct chain_blocks *chains, struct context *context, uint32_t index);
void chain_make_block(struct chain_blocks *chains, struct context *context, uint32_t index);
void chain_complete(struct chain_blocks *chains, struct context *context, uint32_t index);
void chain_drop(struct chain_blocks *chains, struct context *context, uint32_t index);

/* chain_report_full writes a row "blocks_full" for each chain that had one: how many, of how many
 * final blocks. */
void chain_report_full(const struct chain_blocks *chains, struct context *context);

/* chain_charge and chain_set are the seam's, inside fill(). */
bool chain_charge(struct chain_blocks *chains, struct block *block, enum charge_kind kind,
                  uint32_t bytes, uint32_t gas);
void chain_set(struct chain_blocks *chains, struct block *block, uint64_t *word, uint64_t value);

#endif
