#ifndef MODELS_ASCENDING_H
#define MODELS_ASCENDING_H

/* Binary search in arrays that stand ascending: the two questions that several layers ask. Pure;
 * O(log count); compiled into the caller. */

#include <stddef.h>
#include <stdint.h>

/* ascending_place is the place of the first of `count` records whose number is not below `number`,
 * or `count`. Each record takes `bytes` and begins with its number, a uint64_t. */
static inline uint32_t ascending_place(const void *records, uint32_t count, size_t bytes,
                                       uint64_t number)
{
    uint32_t low = 0, high = count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        const void *record = (const unsigned char *)records + middle * bytes;
        if (*(const uint64_t *)record < number)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* ascending_draw is the place of the first of `count` > 0 running sums that exceeds `x`, or the
 * last place: with x drawn evenly below the last sum, each place by its weight. */
static inline uint64_t ascending_draw(const uint64_t *running_sums, uint64_t count, uint64_t x)
{
    uint64_t low = 0, high = count - 1;
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        if (running_sums[middle] > x)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

#endif
