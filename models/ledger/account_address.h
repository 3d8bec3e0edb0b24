#ifndef MODELS_LEDGER_ACCOUNT_ADDRESS_H
#define MODELS_LEDGER_ACCOUNT_ADDRESS_H

/* Addresses of a shard's accounts: the shard's prefix bits, then a fixed bijective mix of the
 * account's index in the remaining bits. So accounts spread over the shard as hashes of public keys
 * would, and an address leads back to its index without a table. Pure; O(1).
 *
 * `shard` is a tagged prefix: the prefix bits, a single 1, zeros. */

#include <stdbool.h>
#include <stdint.h>

/* account_prefix returns the top 64 address bits of account `index` of a shard; index must be below
 * 2^(64 - depth). */
uint64_t account_prefix(uint64_t shard, uint64_t index);

/* account_index is its inverse. False: the address does not lie in that shard. The index may be
 * larger than any account that exists. */
bool account_index(uint64_t shard, uint64_t prefix, uint64_t *ret_index);

#endif
