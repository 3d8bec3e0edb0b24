#ifndef MODELS_SHA256_H
#define MODELS_SHA256_H

/* SHA-256 of short texts: messages, leaves and nodes of trees, what is signed. By nettle, because
 * it uses the processor's SHA instructions where there are any, and then takes a third to a quarter
 * of libsodium's time: about 40 ns a block of 64 bytes, and as much once for a text. A text of n
 * bytes has n / 64 blocks, and one more, or two where n mod 64 > 55. No memory of its own; any
 * thread. */

#include <stddef.h>

enum { SHA256_BYTES = 32 };

void sha256(const void *text, size_t bytes, unsigned char ret_hash[SHA256_BYTES]);

#endif
