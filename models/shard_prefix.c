#include "models/shard_prefix.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "sim/sim_assert.h"

static uint64_t low_bit(uint64_t shard)
{
    return shard & -shard;
}

bool shard_valid(uint64_t shard)
{
    return shard != 0 && low_bit(shard) >= UINT64_C(1) << (63 - SHARD_DEPTH_MAX);
}

unsigned shard_depth(uint64_t shard)
{
    SIM_ASSERT(shard_valid(shard));
    return 63U - (unsigned)__builtin_ctzll(shard);
}

bool shard_contains(uint64_t shard, uint64_t prefix)
{
    SIM_ASSERT(shard_valid(shard));
    /* -low << 1 masks the bits above the tag; for the whole workchain it is 0: all match. */
    return ((shard ^ prefix) & (-low_bit(shard) << 1)) == 0;
}

uint64_t shard_first(uint64_t shard)
{
    SIM_ASSERT(shard_valid(shard));
    return shard & (shard - 1);
}

uint64_t shard_last(uint64_t shard)
{
    SIM_ASSERT(shard_valid(shard));
    return shard | (shard - 1);
}

bool shard_intersects(uint64_t a, uint64_t b)
{
    SIM_ASSERT(shard_valid(a));
    SIM_ASSERT(shard_valid(b));
    uint64_t shorter = low_bit(a) > low_bit(b) ? a : b;
    return ((a ^ b) & (-low_bit(shorter) << 1)) == 0;
}

uint64_t shard_parent(uint64_t shard)
{
    SIM_ASSERT(shard_depth(shard) > 0);
    uint64_t low = low_bit(shard);
    return (shard - low) | low << 1;
}

uint64_t shard_child(uint64_t shard, bool right)
{
    SIM_ASSERT(shard_depth(shard) < SHARD_DEPTH_MAX);
    uint64_t half = low_bit(shard) >> 1;
    return right ? shard + half : shard - half;
}

uint64_t shard_sibling(uint64_t shard)
{
    SIM_ASSERT(shard_depth(shard) > 0);
    return shard ^ low_bit(shard) << 1;
}

uint64_t shard_of_prefix(uint64_t prefix, unsigned depth)
{
    SIM_ASSERT(depth <= SHARD_DEPTH_MAX);
    uint64_t tag = SHARD_WHOLE >> depth;
    return (prefix & (-tag << 1)) | tag;
}

uint32_t shard_heap(uint64_t shard)
{
    unsigned depth = shard_depth(shard);
    SIM_ASSERT(depth <= SHARD_HEAP_DEPTH_MAX);
    uint64_t bits = depth == 0 ? 0 : shard >> (64 - depth);
    return (uint32_t)(UINT64_C(1) << depth | bits);
}

uint64_t shard_from_heap(uint32_t heap)
{
    SIM_ASSERT(heap != 0);
    unsigned depth = 31U - (unsigned)__builtin_clz(heap);
    SIM_ASSERT(depth <= SHARD_HEAP_DEPTH_MAX);
    uint64_t bits = heap & ~(UINT32_C(1) << depth);
    return (2 * bits + 1) << (63 - depth);
}

static int hex_digit(char character)
{
    if (character >= '0' && character <= '9')
        return character - '0';
    if (character >= 'a' && character <= 'f')
        return character - 'a' + 10;
    if (character >= 'A' && character <= 'F')
        return character - 'A' + 10;
    return -1;
}

bool shard_parse_prefix(const char *text, uint64_t *ret_shard)
{
    if (strlen(text) != 16)
        return false;
    uint64_t shard = 0;
    for (int i = 0; i < 16; i++) {
        int digit = hex_digit(text[i]);
        if (digit < 0)
            return false;
        shard = shard << 4 | (uint64_t)digit;
    }
    if (!shard_valid(shard))
        return false;
    *ret_shard = shard;
    return true;
}

bool shard_parse(const char *text, int32_t *ret_workchain, uint64_t *ret_shard)
{
    const char *at = text;
    bool negative = *at == '-';
    if (negative)
        at++;
    const char *first = at;
    int64_t workchain = 0;
    while (*at >= '0' && *at <= '9' && at - first < 10)
        workchain = workchain * 10 + (*at++ - '0');
    if (at == first || *at != ':')
        return false;
    if (negative)
        workchain = -workchain;
    /* TON-R1: 0x80000000 is the invalid workchain. */
    if (workchain <= INT32_MIN || workchain > INT32_MAX)
        return false;
    uint64_t shard;
    if (!shard_parse_prefix(at + 1, &shard))
        return false;
    *ret_workchain = (int32_t)workchain;
    *ret_shard = shard;
    return true;
}

void shard_print(int32_t workchain, uint64_t shard, char ret_text[SHARD_TEXT_BYTES])
{
    snprintf(ret_text, SHARD_TEXT_BYTES, "%" PRId32 ":%016" PRIx64, workchain, shard);
}
