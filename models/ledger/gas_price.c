#include "models/ledger/gas_price.h"

#include "sim/exact.h"

static uint64_t saturate(uint128 value)
{
    return value >> 64 ? UINT64_MAX : (uint64_t)value;
}

uint64_t gas_fee(const struct gas_prices *prices, uint64_t used)
{
    if (used <= prices->flat_limit)
        return prices->flat_price;
    uint128 rest = (uint128)prices->price * (used - prices->flat_limit);
    uint64_t whole = saturate((rest >> 16) + ((rest & 0xffff) != 0));
    return saturate((uint128)whole + prices->flat_price);
}

uint64_t gas_bought(const struct gas_prices *prices, uint64_t value, uint64_t most)
{
    if (value < prices->flat_price)
        return 0;
    if (prices->price == 0)
        return most;
    uint128 rest = ((uint128)(value - prices->flat_price) << 16) / prices->price;
    uint64_t all = saturate(rest + prices->flat_limit);
    return all < most ? all : most;
}

struct gas_prices gas_prices_times(const struct gas_prices *prices, uint64_t factor)
{
    return (struct gas_prices){.price = saturate((uint128)prices->price * factor),
                               .flat_limit = prices->flat_limit,
                               .flat_price = saturate((uint128)prices->flat_price * factor)};
}
