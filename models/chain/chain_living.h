#ifndef MODELS_CHAIN_CHAIN_LIVING_H
#define MODELS_CHAIN_CHAIN_LIVING_H

/* Which chains may ever live, and which of them do now.
 *
 * With a fixed layout these are the chains of chain_layout, at all times, and nothing is stored.
 * With resharding every shard between the least and the greatest depth may live, and so each has an
 * index of its own from the start: the shards of the beginning first, then the masterchain, then
 * all others by workchain and heap index. Living shards hold every address exactly once.
 * index, chain, is: O(log workchains). find: O(depths). Memory: 10 bytes for each that may live. */

#include <stdbool.h>
#include <stdint.h>

#include "models/chain/chain_layout.h"

enum { CHAIN_SPLIT_DEPTH_MAX = 12 };

struct chain_living {
    const struct chain_layout *layout;
    struct memory *memory;
    bool changes; /* false: the layout's chains live for ever */
    unsigned depth_min, depth_max;
    uint32_t heap_end;  /* heap indices of a workchain are below it */
    uint32_t count;     /* that may ever live, the masterchain too */
    uint32_t *index_of; /* (ordinal - 1) * heap_end + heap -> index + 1; 0 = never lives */
    uint32_t *chain_of; /* by index */
    bool *alive;        /* by index */
    uint32_t *alive_in; /* by ordinal - 1: living shards */
};

/* chain_living_init: with `changes` false the depths are ignored. The range of depths is widened to
 * those of the layout. The layout must outlive it and, with `changes`, have a masterchain. */
void chain_living_init(struct chain_living *living, const struct chain_layout *layout,
                       struct memory *memory, bool changes, unsigned depth_min, unsigned depth_max);
void chain_living_free(struct chain_living *living);

uint32_t chain_living_count(const struct chain_living *living);
/* chain_living_may says whether there can ever be such a chain; index asserts it. */
bool chain_living_may(const struct chain_living *living, uint32_t chain);
uint32_t chain_living_index(const struct chain_living *living, uint32_t chain);
uint32_t chain_living_chain(const struct chain_living *living, uint32_t index);
bool chain_living_is(const struct chain_living *living, uint32_t index);

/* chain_living_find: the living chain that holds an address, 0 if there is no such workchain. */
uint32_t chain_living_find(const struct chain_living *living, int32_t workchain, uint64_t prefix);

/* chain_living_child: the number of a half of a shard; parent, sibling likewise. */
uint32_t chain_living_child(uint32_t chain, bool right);
uint32_t chain_living_parent(uint32_t chain);
uint32_t chain_living_sibling(uint32_t chain);

/* chain_living_divide: the two halves live instead of a living shard. chain_living_unite: the
 * shard instead of its two living halves. */
void chain_living_divide(struct chain_living *living, uint32_t chain);
void chain_living_unite(struct chain_living *living, uint32_t chain);

/* chain_living_wrong counts addresses of a workchain (in units of the deepest shard) that lie in no
 * living shard or in two: 0 when all is well. O(shards that may live). */
uint64_t chain_living_wrong(const struct chain_living *living, uint32_t ordinal);

#endif
