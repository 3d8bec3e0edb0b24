#include "models/ledger/account_address.h"

#include "sim/sim_assert.h"

/* Odd factors are invertible modulo powers of two: 32 of the bits of pi and e, made odd. */
static const uint64_t FACTOR[2] = {UINT64_C(0x243f6a8885a308d3), UINT64_C(0xb7e151628aed2a6b)};

/* Bits of an address below a shard's prefix. */
static unsigned bits_below(uint64_t shard)
{
    SIM_ASSERT(shard != 0);
    return (unsigned)__builtin_ctzll(shard) + 1;
}

static uint64_t mask_of(unsigned bits)
{
    return bits == 64 ? UINT64_MAX : (UINT64_C(1) << bits) - 1;
}

/* The inverse of an odd number modulo 2^64 by Newton's iteration: each step doubles the right bits,
 * and an odd number is its own inverse modulo 8. */
static uint64_t inverse(uint64_t odd)
{
    uint64_t x = odd;
    for (int step = 0; step < 5; step++)
        x *= 2 - odd * x;
    return x;
}

uint64_t account_prefix(uint64_t shard, uint64_t index)
{
    unsigned bits = bits_below(shard);
    uint64_t mask = mask_of(bits);
    SIM_ASSERT((index & ~mask) == 0);
    /* A shift by half of the bits or more undoes itself. */
    uint64_t x = index * FACTOR[0] & mask;
    x ^= x >> ((bits + 1) / 2);
    x = x * FACTOR[1] & mask;
    x ^= x >> ((bits + 1) / 2);
    return (shard & ~mask) | x;
}

bool account_index(uint64_t shard, uint64_t prefix, uint64_t *ret_index)
{
    unsigned bits = bits_below(shard);
    uint64_t mask = mask_of(bits);
    if (((shard ^ prefix) & ~mask) != 0)
        return false;
    uint64_t x = prefix & mask;
    x ^= x >> ((bits + 1) / 2);
    x = x * inverse(FACTOR[1]) & mask;
    x ^= x >> ((bits + 1) / 2);
    *ret_index = x * inverse(FACTOR[0]) & mask;
    return true;
}
