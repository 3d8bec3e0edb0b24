#ifndef MODELS_CHAIN_CHAIN_BLOCKS_H
#define MODELS_CHAIN_CHAIN_BLOCKS_H

/* Layer "chain", implementer "blocks": shards and a masterchain that make blocks when there is
 * work.
 *
 * One node and one group a chain. wake() sets one timer at the next slot; the slot fills a block in
 * rounds over the layers; the block is final after the consensus delay, and every layer's final()
 * runs. A chain has at most one block that is not final; a wake meanwhile is remembered. An idle
 * chain costs no event. Blocks without items are not made. The rules of use are in models/stack.h.
 */

#include "sim/model.h"

extern const struct model chain_blocks_model;

#endif
