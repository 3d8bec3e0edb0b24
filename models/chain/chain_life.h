#ifndef MODELS_CHAIN_CHAIN_LIFE_H
#define MODELS_CHAIN_CHAIN_LIFE_H

/* What the files of the chain layer share: the run's state, and the life of a block. */

#include <stdbool.h>
#include <stdint.h>

#include "models/chain/block_journal.h"
#include "models/chain/chain_clock.h"
#include "models/chain/chain_config.h"
#include "models/chain/chain_layout.h"
#include "models/stack.h"
#include "sim/memory.h"

enum { TIMER_SLOT, TIMER_FINAL };
enum { TRACE_BLOCK, TRACE_FINAL, TRACE_DROPPED };
enum { METRIC_FINAL, METRIC_DROPPED, METRIC_BYTES, METRIC_GAS };
enum { PROPERTY_HEIGHT, PROPERTY_FINALITY };

/* 56 bytes a chain; everything else is attached while a block is open. */
struct chain_record {
    uint64_t phase_ns;   /* of its slots; 0 with clocks that have none */
    uint64_t slot_ns;    /* of its latest block, final or dropped */
    uint64_t checked_ns; /* of its latest final block, kept by the property only */
    uint32_t checked_height;
    uint32_t number; /* of its latest block; never reused */
    uint32_t parent; /* number of its latest final block, 0 = none */
    uint32_t height; /* final blocks */
    uint32_t gaps;   /* poisson: slots drawn */
    uint32_t open;   /* handle of the block that is not final, 0 = none */
    bool armed;      /* a slot timer is set */
    bool wanted;     /* woken while a block was open or the node was down */
};

/* The block comes first: the layers hold a pointer to it, and set() gets back from there. */
struct open_block {
    struct block block;
    struct block_journal journal;
    uint32_t changes;
    bool filling;
};

struct chain_blocks {
    struct world *world;
    struct stack *stack;
    struct memory *memory;
    struct chain_layout layout;
    struct chain_record *records; /* by index */
    uint32_t first_node;          /* node of index 0; the others follow */
    struct pool open_blocks, journal;
    uint64_t interval_ns, min_interval_ns, consensus_delay_ns, finality_within_ns;
    uint32_t gas_limit, bytes_limit;
    uint32_t drop_every;
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

/* chain_make_block runs at a slot. chain_complete runs when consensus is reached. chain_drop undoes
 * the open block and tells the layers. */
void chain_make_block(struct chain_blocks *chains, struct context *context, uint32_t index);
void chain_complete(struct chain_blocks *chains, struct context *context, uint32_t index);
void chain_drop(struct chain_blocks *chains, struct context *context, uint32_t index);

/* chain_charge and chain_set are the seam's, inside fill(). */
bool chain_charge(struct chain_blocks *chains, struct block *block, uint32_t bytes, uint32_t gas);
void chain_set(struct chain_blocks *chains, struct block *block, uint64_t *word, uint64_t value);

#endif
