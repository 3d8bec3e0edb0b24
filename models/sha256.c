#include "models/sha256.h"

#include <nettle/sha2.h>

_Static_assert((int)SHA256_DIGEST_SIZE == (int)SHA256_BYTES, "one size of hash");

void sha256(const void *text, size_t bytes, unsigned char ret_hash[SHA256_BYTES])
{
    struct sha256_ctx state;
    sha256_init(&state);
    sha256_update(&state, bytes, text);
    sha256_digest(&state, SHA256_BYTES, ret_hash);
}
