#include "models/chain/shard_load.h"

enum { WEIGHT_NEEDED = 64 };

uint64_t shard_load_shift(uint64_t history, bool bit)
{
    return history << 1 | (bit ? 1 : 0);
}

static int32_t ones(uint64_t history, unsigned from)
{
    return __builtin_popcountll(history >> from & UINT16_MAX);
}

int32_t shard_load_weight(uint64_t history)
{
    return 3 * ones(history, 0) + 2 * ones(history, 16) + ones(history, 32) - WEIGHT_NEEDED;
}

enum shard_want shard_load_want(uint64_t overload, uint64_t underload)
{
    if (shard_load_weight(overload) >= 0)
        return SHARD_WANTS_SPLIT;
    if (shard_load_weight(underload) >= 0)
        return SHARD_WANTS_MERGE;
    return SHARD_WANTS_NOTHING;
}
