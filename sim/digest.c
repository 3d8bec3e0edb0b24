#include "sim/digest.h"

#include "sim/exact.h"

/* Odd 64-bit constants without structure: the fractions of the square roots of the first primes,
 * made odd. */
static const uint64_t SECRET[12] = {
    UINT64_C(0x6a09e667f3bcc909), UINT64_C(0xbb67ae8584caa73b), UINT64_C(0x3c6ef372fe94f82b),
    UINT64_C(0xa54ff53a5f1d36f1), UINT64_C(0x510e527fade682d1), UINT64_C(0x9b05688c2b3e6c1f),
    UINT64_C(0x1f83d9abfb41bd6b), UINT64_C(0x5be0cd19137e2179), UINT64_C(0xcbbb9d5dc1059ed9),
    UINT64_C(0x629a292a367cd507), UINT64_C(0x9159015a3070dd17), UINT64_C(0x152fecd8f70e5939)};

/* A bijection of 64 bits in which every input bit moves every output bit. */
static uint64_t stir(uint64_t x)
{
    x ^= x >> 32;
    x *= UINT64_C(0xd6e8feb86659fd93);
    x ^= x >> 32;
    x *= UINT64_C(0xd6e8feb86659fd93);
    return x ^ x >> 32;
}

static uint128 product(uint64_t a, uint64_t b)
{
    return (uint128)a * b;
}

uint64_t digest_mix(const struct order_key *key)
{
    uint128 first = product(key->time_ns ^ SECRET[0], key->rank ^ SECRET[1]);
    uint64_t folded = (uint64_t)first ^ (uint64_t)(first >> 64);
    return stir(folded + stir(key->sequence ^ SECRET[2]));
}

void digest_add(struct digest *digest, const struct digest_row *row)
{
    /* Products of pairs add up without waiting for each other; the two stirs after them are
     * one-to-one on the 128 bits, so nothing that the products kept is lost. */
    uint128 sum = product(row->key.time_ns + SECRET[0], row->key.rank + SECRET[1]);
    sum += product(row->key.sequence + SECRET[2], row->cause_mix + SECRET[3]);
    sum += product(row->entity + SECRET[4], row->peer + SECRET[5]);
    sum += product(row->subject + SECRET[6], row->place_kind + SECRET[7]);
    sum += product(row->chain_bytes + SECRET[8], row->value + SECRET[9]);
    uint64_t high = (uint64_t)(sum >> 64);
    uint64_t low = stir((uint64_t)sum + high * SECRET[10]);
    high = stir(high ^ low ^ SECRET[11]);
    digest_merge(digest, &(struct digest){.low = low, .high = high, .rows = 1});
}

void digest_merge(struct digest *digest, const struct digest *other)
{
    uint128 sum = (uint128)digest->high << 64 | digest->low;
    sum += (uint128)other->high << 64 | other->low;
    digest->low = (uint64_t)sum;
    digest->high = (uint64_t)(sum >> 64);
    digest->rows += other->rows;
}
