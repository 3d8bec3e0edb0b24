#include "models/spread/repair_load.h"

#include <stdlib.h>

#include "sim/exact.h"
#include "sim/sim_assert.h"

/* Arrivals differ, so there are no ties. */
static int compare_waiting(const void *left, const void *right)
{
    const struct repair_waiting *a = left, *b = right;
    if (a->whitelisted != b->whitelisted)
        return a->whitelisted ? -1 : 1;
    if (a->stake != b->stake)
        return a->stake > b->stake ? -1 : 1;
    return (a->arrival > b->arrival) - (a->arrival < b->arrival);
}

uint32_t repair_load_pick(struct repair_waiting *waiting, uint32_t count, uint32_t queue_max,
                          uint32_t serve_max)
{
    for (uint32_t i = 0; i < count; i++)
        SIM_ASSERT(waiting[i].arrival == i);
    if (count > queue_max)
        count = queue_max;
    if (count <= serve_max)
        return count;
    qsort(waiting, count, sizeof *waiting, compare_waiting); /* no ties: arrivals differ */
    return serve_max;
}

void repair_bucket_init(struct repair_bucket *bucket, uint64_t bytes_per_s, uint64_t now_ns)
{
    *bucket = (struct repair_bucket){
        .bytes_per_s = bytes_per_s, .bytes = bytes_per_s, .filled_ns = now_ns};
}

bool repair_bucket_take(struct repair_bucket *bucket, uint64_t bytes, uint64_t now_ns)
{
    const uint64_t second_ns = 1000000000;
    SIM_ASSERT(now_ns >= bucket->filled_ns);
    uint64_t passed_ns = now_ns - bucket->filled_ns;
    uint64_t added = passed_ns >= second_ns
                         ? bucket->bytes_per_s
                         : (uint64_t)((uint128)passed_ns * bucket->bytes_per_s / second_ns);
    if (added > 0) { /* time that gave no whole byte counts on */
        bucket->bytes += added;
        bucket->filled_ns = now_ns;
    }
    if (bucket->bytes > bucket->bytes_per_s)
        bucket->bytes = bucket->bytes_per_s;
    if (bytes > bucket->bytes)
        return false;
    bucket->bytes -= bytes;
    return true;
}
