/* Goal: what gas costs and buys (TON-R47). Method: the values of the rule worked out by hand; for
 * small prices, every amount against a slow search; the meter never goes beyond its limit. */

#include "models/ledger/gas_price.h"

#include "tests/check_main.h"

/* TON-R47: flat price up to the flat limit, then ceil(price * rest / 65536) on top */
START_TEST(fees_are_those_of_the_genesis)
{
    struct gas_prices base = {.price = 65536000, .flat_limit = 1000, .flat_price = 1000000};
    ck_assert_uint_eq(gas_fee(&base, 0), 1000000);
    ck_assert_uint_eq(gas_fee(&base, 1000), 1000000);
    ck_assert_uint_eq(gas_fee(&base, 1001), 1001000);
    ck_assert_uint_eq(gas_fee(&base, 10000), 10000000);
    struct gas_prices odd = {.price = 65537, .flat_limit = 0, .flat_price = 0};
    ck_assert_uint_eq(gas_fee(&odd, 1), 2); /* rounded up */
    ck_assert_uint_eq(gas_fee(&odd, 65536), 65537);
    struct gas_prices dear = {.price = UINT64_MAX, .flat_price = UINT64_MAX};
    ck_assert_uint_eq(gas_fee(&dear, UINT64_MAX), UINT64_MAX);
    struct gas_prices free_of_charge = {0};
    ck_assert_uint_eq(gas_fee(&free_of_charge, 1000000), 0);
}
END_TEST

/* TON-55: the masterchain's gas is so many times as dear, and never cheaper for being too dear */
START_TEST(prices_of_the_masterchain_are_a_multiple)
{
    struct gas_prices base = {.price = 65536000, .flat_limit = 1000, .flat_price = 1000000};
    struct gas_prices master = gas_prices_times(&base, 10);
    ck_assert_uint_eq(gas_fee(&master, 1000), 10000000);
    ck_assert_uint_eq(gas_fee(&master, 1001), 10010000);
    struct gas_prices dear = {.price = 1000000000000000, .flat_price = 1000000000000000};
    master = gas_prices_times(&dear, 1000000);
    ck_assert_uint_eq(gas_fee(&master, 0), UINT64_MAX);
    master.flat_price = 0;
    ck_assert_uint_ge(gas_fee(&master, 65536), UINT64_MAX);
    ck_assert_uint_eq(gas_bought(&master, INT64_MAX, 1000000), 32767);
}
END_TEST

/* The most gas, up to `most`, whose fee is not above the value: by trying all. */
static uint64_t slow_bought(const struct gas_prices *prices, uint64_t value, uint64_t most)
{
    uint64_t best = 0;
    for (uint64_t gas = 1; gas <= most; gas++)
        if (gas_fee(prices, gas) <= value)
            best = gas;
    return best;
}

START_TEST(value_buys_the_most_gas_it_can)
{
    const uint64_t price_list[] = {0, 1, 65535, 65536, 65537, 100000, 400000};
    for (unsigned i = 0; i < sizeof price_list / sizeof price_list[0]; i++)
        for (uint64_t flat_limit = 1; flat_limit <= 11; flat_limit += 5)
            for (uint64_t flat_price = 0; flat_price <= 20; flat_price += 4)
                for (uint64_t value = 0; value <= 60; value++) {
                    struct gas_prices prices = {price_list[i], flat_limit, flat_price};
                    ck_assert_uint_eq(gas_bought(&prices, value, 40),
                                      slow_bought(&prices, value, 40));
                }
}
END_TEST

START_TEST(a_meter_stops_at_its_limit)
{
    struct gas_meter meter = {.limit = 10};
    ck_assert(gas_use(&meter, 4));
    ck_assert(gas_use(&meter, 6));
    ck_assert(gas_use(&meter, 0));
    ck_assert(!gas_use(&meter, 1));
    ck_assert_uint_eq(meter.used, 10);
    meter = (struct gas_meter){.limit = 10, .used = 3};
    ck_assert(!gas_use(&meter, UINT64_MAX));
    ck_assert_uint_eq(meter.used, 10); /* all of it is gone */
}
END_TEST

CHECK_MAIN("gas_price", fees_are_those_of_the_genesis, prices_of_the_masterchain_are_a_multiple,
           value_buys_the_most_gas_it_can, a_meter_stops_at_its_limit)
