#ifndef MODELS_SHA256_H
#define MODELS_SHA256_H

/* SHA-256 of short texts: messages, leaves and nodes of trees, what is signed. The result is what
 * FIPS 180-4 says and libsodium gives, bit for bit. Where the processor has the SHA extensions
 * (x86-64) they are used, which takes about a fifth of the time; elsewhere libsodium does it. A
 * 64-byte block costs about 50 ns with the extensions; a text of n bytes has n / 64 blocks, and one
 * more, or two where n mod 64 > 55. No memory of its own; any thread. */

#include <stdbool.h>
#include <stddef.h>

enum { SHA256_BYTES = 32 };

void sha256(const void *text, size_t bytes, unsigned char ret_hash[SHA256_BYTES]);

/* sha256_extended says whether the processor's own instructions are used. */
bool sha256_extended(void);

#endif
