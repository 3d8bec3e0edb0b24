#ifndef MODELS_LEDGER_GAS_PRICE_H
#define MODELS_LEDGER_GAS_PRICE_H

/* What gas costs and how much of it value can buy, as the deployed system computes it (TON-R47),
 * and what it costs to bring a message in from outside (TON-R45). Prices of a unit are in 65536ths
 * of a unit of value. Pure integer arithmetic, 128-bit inside; results saturate at 2^64 - 1. O(1).
 */

#include <stdbool.h>
#include <stdint.h>

struct gas_prices {
    uint64_t price;                  /* of a unit beyond flat_limit, in 65536ths */
    uint64_t flat_limit, flat_price; /* gas up to flat_limit costs flat_price altogether */
};

/* gas_fee is what `used` gas costs: the flat price, and ceil(price * (used - flat_limit) / 65536)
 * on top. With all prices 0 gas is free. */
uint64_t gas_fee(const struct gas_prices *prices, uint64_t used);

/* gas_bought is the most gas, up to `most`, whose fee is at most `value`. 0 when not even the flat
 * price is there. */
uint64_t gas_bought(const struct gas_prices *prices, uint64_t value, uint64_t most);

/* gas_prices_times: all prices so many times as high. */
struct gas_prices gas_prices_times(const struct gas_prices *prices, uint64_t factor);

/* A meter: what a run may use and has used. */
struct gas_meter {
    uint64_t limit, used;
};

/* gas_use takes gas; false when the limit does not allow it: then all of it is used up. */
static inline bool gas_use(struct gas_meter *meter, uint64_t amount)
{
    if (amount > meter->limit - meter->used) {
        meter->used = meter->limit;
        return false;
    }
    meter->used += amount;
    return true;
}

#endif
