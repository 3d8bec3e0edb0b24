#include "models/chain/delivery_times.h"

#include "sim/sim_assert.h"

/* Times below 64 have a class each; above, the five bits after the highest one choose. */
static uint32_t class_of(uint64_t ns)
{
    if (ns < 64)
        return (uint32_t)ns;
    unsigned shift = 58 - (unsigned)__builtin_clzll(ns);
    return (shift << 5) + (uint32_t)(ns >> shift);
}

static uint64_t class_end(uint32_t number)
{
    if (number < 64)
        return number;
    unsigned shift = (number >> 5) - 1;
    return (((uint64_t)(number & 31) + 33) << shift) - 1;
}

void delivery_times_add(struct delivery_times *times, uint64_t ns)
{
    uint32_t number = class_of(ns);
    SIM_ASSERT(number < DELIVERY_CLASSES);
    times->counts[number]++;
    times->total++;
}

uint64_t delivery_times_quantile(const struct delivery_times *times, uint64_t per_mille)
{
    uint64_t wanted = (times->total * per_mille + 999) / 1000, seen = 0;
    if (times->total == 0)
        return 0;
    for (uint32_t number = 0; number < DELIVERY_CLASSES; number++) {
        seen += times->counts[number];
        if (seen >= wanted)
            return class_end(number);
    }
    SIM_ASSERT(false);
    return 0;
}
