#ifndef MODELS_CHAIN_CHAIN_SEAM_H
#define MODELS_CHAIN_CHAIN_SEAM_H

/* The chain layer as the other layers see it: struct chain_seam of models/stack.h. */

struct chain_blocks;

void chain_seam_fill(struct chain_blocks *chains);

#endif
