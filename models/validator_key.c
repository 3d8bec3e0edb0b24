#include "models/validator_key.h"

void validator_key(const struct rng *rng, uint64_t identity,
                   unsigned char ret_key[VALIDATOR_PUBLIC_KEY_BYTES])
{
    struct rng_stream stream;
    rng_stream_at(&stream, rng, RNG_VALIDATOR_KEY, identity, 0);
    for (unsigned i = 0; i < VALIDATOR_PUBLIC_KEY_BYTES; i += 8) {
        uint64_t word = rng_u64(&stream);
        for (unsigned byte = 0; byte < 8; byte++)
            ret_key[i + byte] = (unsigned char)(word >> 8 * byte);
    }
}
