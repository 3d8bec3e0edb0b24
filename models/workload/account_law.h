#ifndef MODELS_WORKLOAD_ACCOUNT_LAW_H
#define MODELS_WORKLOAD_ACCOUNT_LAW_H

/* Which account a transaction starts from or goes to: uniform, or Zipf over the accounts of all
 * used shards. Popularity rank k (from 0) is account k / shards of used shard k % shards, so that
 * the popular accounts are spread over the shards. Weights are integers that add up to 2^63, kept
 * as running sums shard by shard: a draw is one 64-bit number and a binary search, and a draw
 * within a shard, or outside of one, is exact too. Pure; the uniform law needs no table. */

#include <stdbool.h>
#include <stdint.h>

struct memory;

struct account_law {
    uint64_t shards, per_shard;
    uint64_t *upto; /* Zipf: weight of this account and all before it, shard by shard; else NULL */
};

/* account_law_zipf_max is the largest number of accounts that gets a table: 32 MiB of it. */
enum { ACCOUNT_LAW_ZIPF_MAX = 1 << 22 };

void account_law_uniform(struct account_law *law, uint64_t shards, uint64_t per_shard);
/* account_law_zipf: weights (rank + 1)^-exponent; shards * per_shard <= ACCOUNT_LAW_ZIPF_MAX. */
void account_law_zipf(struct account_law *law, struct memory *memory, uint64_t shards,
                      uint64_t per_shard, double exponent);
void account_law_destroy(struct account_law *law, struct memory *memory);

struct account_place {
    uint64_t shard, index; /* used shard, from 0; account within it */
};

/* Draws from one uniform 64-bit number x: any account; any of a shard; one of a shard, but not
 * `avoid` unless it is the only one; one of any other shard (there must be one). Accounts whose
 * rounded weight is 0 are never drawn; where all have 0 the draw is uniform. */
struct account_place account_law_any(const struct account_law *law, uint64_t x);
struct account_place account_law_inside(const struct account_law *law, uint64_t shard, uint64_t x);
struct account_place account_law_within(const struct account_law *law, uint64_t shard,
                                        uint64_t avoid, uint64_t x);
struct account_place account_law_outside(const struct account_law *law, uint64_t shard, uint64_t x);

#endif
