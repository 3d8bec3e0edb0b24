#include "models/messaging/message_fees.h"

#include "sim/exact.h"

static uint64_t saturate(uint128 value)
{
    return value >> 64 ? UINT64_MAX : (uint64_t)value;
}

uint64_t fee_forward(const struct message_prices *prices, uint64_t bits, uint64_t cells)
{
    /* Two products of 64 bits each may pass 128 bits together: each is rounded in two parts. */
    uint128 by_bits = (uint128)prices->bit * bits, by_cells = (uint128)prices->cell * cells;
    uint128 whole = (by_bits >> 16) + (by_cells >> 16);
    uint128 rest = (by_bits & 0xffff) + (by_cells & 0xffff);
    return saturate((uint128)prices->lump + whole + ((rest + 0xffff) >> 16));
}

uint64_t fee_instant(const struct message_prices *prices, uint64_t forward)
{
    return saturate(((uint128)forward * prices->instant_factor) >> 16);
}

uint64_t fee_first(const struct message_prices *prices, uint64_t forward)
{
    return (uint64_t)(((uint128)forward * prices->first) >> 16);
}

uint64_t fee_transit(const struct message_prices *prices, uint64_t remaining)
{
    return (uint64_t)(((uint128)remaining * prices->next) >> 16);
}
