#ifndef MODELS_ANYCAST_H
#define MODELS_ANYCAST_H

/* Wildcard addresses (TON-24, TON-R53): the first `depth` bits of a recipient's address may take
 * any value. On sending, the system lets them be the sender's own, so that routing leads to the
 * nearest instance; at the destination the account is the one with the shard's own bits there.
 *
 * A shard is a tagged prefix (shard_prefix.h). Pure; O(1). */

#include <stdint.h>

#include "models/stack.h"

enum { ANYCAST_DEPTH_MAX = 30 }; /* TON-R53: 1 to 30; 0 is an ordinary address */

/* anycast_bits returns the first `depth` bits of an address, in the top of the word. */
uint32_t anycast_bits(uint64_t prefix, unsigned depth);

/* anycast_target is an address with its first `depth` bits replaced by `bits`. */
uint64_t anycast_target(uint64_t prefix, unsigned depth, uint32_t bits);

/* anycast_instance is an address with its first min(depth, depth of the shard) bits replaced by the
 * shard's: the account that a message with this wildcard address reaches in that shard. */
uint64_t anycast_instance(uint64_t prefix, unsigned depth, uint64_t shard);

/* anycast_send does what the system does to a message as it is sent, whatever the sender wrote in
 * the rewrite bits: afterwards envelope->to is the routing address, and the rewrite bits keep what
 * stood there in the recipient's address. Nothing changes in a message to an ordinary address. */
void anycast_send(struct envelope *envelope);

/* anycast_recipient is the account that a sent message has reached in a shard. */
struct address anycast_recipient(const struct envelope *envelope, uint64_t shard);

#endif
