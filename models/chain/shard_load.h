#ifndef MODELS_CHAIN_SHARD_LOAD_H
#define MODELS_CHAIN_SHARD_LOAD_H

/* Whether a shard wants to be divided or united (TON-R55): two histories of 64 bits, one bit a
 * block, the newest lowest. Pure; O(1). */

#include <stdbool.h>
#include <stdint.h>

enum shard_want { SHARD_WANTS_NOTHING, SHARD_WANTS_SPLIT, SHARD_WANTS_MERGE };

/* shard_load_shift is the history after one more block. */
uint64_t shard_load_shift(uint64_t history, bool bit);

/* shard_load_weight is 3 for each of the newest 16 bits, 2 for each of the next 16, 1 for each of
 * the 16 after these, minus 64. From 0 on the history counts. */
int32_t shard_load_weight(uint64_t history);

/* shard_load_want: overload goes first. */
enum shard_want shard_load_want(uint64_t overload, uint64_t underload);

#endif
