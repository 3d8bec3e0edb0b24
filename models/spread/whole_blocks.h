#ifndef MODELS_SPREAD_WHOLE_BLOCKS_H
#define MODELS_SPREAD_WHOLE_BLOCKS_H

/* Which members have which blocks, where blocks come whole: the record of the types ideal and
 * direct. Ideal gives from here what a member missed, direct sends, asks and answers by it, and
 * both check their properties by it, which are turbine's, so that a word swaps the spread of a
 * scenario that names them.
 *
 * Blocks are kept until the chain forgets them, and some a little longer. Published: O(1)
 * amortised; find, came: O(1) where no numbers are left out, else O(log blocks kept); rooted:
 * O(blocks between the roots). */

#include "models/spread/shred_bits.h"
#include "models/stack.h"
#include "sim/memory.h"
#include "sim/model.h"

struct whole_block {
    struct block_header header;
    struct shred_bits has; /* members */
};

struct whole_chain {
    struct whole_block *blocks; /* ascending by number */
    uint64_t *roots, *since_ns; /* by member: slot of its root; when it came up last */
    uint32_t id, members, count, capacity;
};

struct whole_blocks {
    struct memory *memory;
    const struct stack *stack;
    struct whole_chain *chains; /* those that have published, in that order */
    uint32_t count, capacity;
    struct map place_of; /* chain -> place in chains */
    bool forgetful;      /* a test: who gets a block does not keep it */
};

enum { WHOLE_NO_LOST_SHRED, WHOLE_LEDGER_CONNECTED, WHOLE_PROPERTIES };
extern const struct model_property whole_blocks_properties[];

void whole_blocks_init(struct whole_blocks *whole, struct memory *memory, const struct stack *stack,
                       bool forgetful);
void whole_blocks_destroy(struct whole_blocks *whole);

/* whole_blocks_find is a block that is kept, NULL if there is none; the next publication may move
 * it. whole_blocks_of_slot is the same by slot, O(blocks since). */
const struct whole_block *whole_blocks_find(const struct whole_blocks *whole, uint32_t chain,
                                            uint64_t block);
const struct whole_block *whole_blocks_of_slot(const struct whole_blocks *whole, uint32_t chain,
                                               uint64_t slot);

/* whole_blocks_published: its leader has the block. whole_blocks_came: a member has it; false: it
 * is not kept, or the member had it. whole_blocks_up: a member has come up. whole_blocks_rooted:
 * its root is at that slot now, and it has all blocks between. */
void whole_blocks_published(struct whole_blocks *whole, const struct block_header *header);
bool whole_blocks_came(struct whole_blocks *whole, uint32_t chain, uint32_t member, uint64_t block);
void whole_blocks_up(struct whole_blocks *whole, const struct context *context, uint32_t chain,
                     uint32_t member);
void whole_blocks_rooted(struct whole_blocks *whole, struct context *context, uint32_t chain,
                         uint32_t member, uint64_t slot);

/* whole_blocks_check_liveness: no_lost_shred, at the end of a run. */
void whole_blocks_check_liveness(const struct whole_blocks *whole, struct context *context);

#endif
