#ifndef MODELS_CHAIN_DELIVERY_TIMES_H
#define MODELS_CHAIN_DELIVERY_TIMES_H

/* How long blocks took to reach members: counts in classes that are at most 1/32 wide of what they
 * hold, so that quantiles of very many times cost 15 KB. add: O(1); quantile: O(classes). */

#include <stdbool.h>
#include <stdint.h>

enum { DELIVERY_CLASSES = 60 * 32 };

struct delivery_times {
    uint64_t counts[DELIVERY_CLASSES];
    uint64_t total;
};

void delivery_times_add(struct delivery_times *times, uint64_t ns);

/* delivery_times_quantile: at least `per_mille` thousandths of the times were at most so long; the
 * end of their class. 0 when there is none. */
uint64_t delivery_times_quantile(const struct delivery_times *times, uint64_t per_mille);

#endif
