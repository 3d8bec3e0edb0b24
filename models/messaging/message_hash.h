#ifndef MODELS_MESSAGING_MESSAGE_HASH_H
#define MODELS_MESSAGING_MESSAGE_HASH_H

/* A message's hash: SHA-256 of its canonical serialisation, little-endian and without padding, of
 * everything that is fixed when it is made: id, transaction, addresses, value, size, whose it is,
 * body and logical time. Fields that change on the way (times) are not part of it. */

#include <stdint.h>

#include "models/stack.h"

enum { HASH_BYTES = 32 };

/* message_hash costs about half a microsecond. */
void message_hash(const struct envelope *envelope, uint64_t lt, unsigned char ret_hash[HASH_BYTES]);

#endif
