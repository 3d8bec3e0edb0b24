#ifndef SIM_EXACT_DRAW_H
#define SIM_EXACT_DRAW_H

/* The exponential variate of a random word, in whole units, as distribution_exponential gives it,
 * but in integers: that takes half the time from the word to the variate, and all that happens next
 * waits for it. The logarithm is within 2^-42, so a variate of a mean below 2^30 is within 2^-11 of
 * what the long way rounds; where that is nearer than 2^-10 to a half, the long way decides. */

#include <stdint.h>

#include "sim/exact.h"

enum { EXACT_DRAW_MEAN_BITS = 30, EXACT_DRAW_POINT = 58, EXACT_MIDDLES = 128 };
#define EXACT_DRAW_LN2 UINT64_C(0x2c5c85fdf473de7) /* in units of 2^-58 */

struct exact_middle { /* of a 128th of the mantissas from 1 to 2 */
    int64_t inverse;  /* 2^63 over it */
    uint64_t log;     /* in units of 2^-58 */
};
extern const struct exact_middle exact_middles[EXACT_MIDDLES];

__extension__ typedef __int128 int128;

static inline int64_t exact_draw_high(int64_t a, int64_t b)
{
    return (int64_t)((int128)a * b >> 64);
}

/* exact_draw_log is - log u in units of 2^-58, u = ((word >> 12) + 0.5) * 2^-52. */
static inline uint64_t exact_draw_log(uint64_t word)
{
    uint64_t odd = word >> 11 | 1; /* u * 2^53 */
    unsigned zeros = (unsigned)__builtin_clzll(odd);
    uint64_t mantissa = odd << zeros; /* from 2^63 to 2^64: from 1 to 2 */
    const struct exact_middle *middle = &exact_middles[mantissa >> 56 & (EXACT_MIDDLES - 1)];
    int64_t apart = (int64_t)(mantissa & ((UINT64_C(1) << 56) - 1)) - (INT64_C(1) << 55);
    /* log (1 + r) = r - r^2 (1/2 - r/3 + r^2/4), |r| < 2^-8; r in units of 2^-62, r^2 of 2^-60. */
    int64_t r = exact_draw_high(apart, middle->inverse);
    int64_t square = exact_draw_high(r, r);
    int64_t third = exact_draw_high(r, INT64_C(0x5555555555555555));
    int64_t rest = exact_draw_high(square, (INT64_C(1) << 61) - third + square);
    return (zeros - 10) * EXACT_DRAW_LN2 - middle->log + (uint64_t)(rest - (r >> 4));
}

/* exact_draw_slow is the long way. */
uint64_t exact_draw_slow(uint64_t word, uint64_t mean);

/* exact_draw_exponential is the variate of mean < 2^30. */
static inline uint64_t exact_draw_exponential(uint64_t word, uint64_t mean)
{
    uint128 variate = (uint128)exact_draw_log(word) * (mean << (64 - EXACT_DRAW_POINT));
    uint64_t part = (uint64_t)variate; /* of a unit */
    const uint64_t half = UINT64_C(1) << 63, near = UINT64_C(1) << 54;
    if (__builtin_expect(part - (half - near) < 2 * near, 0))
        return exact_draw_slow(word, mean);
    return (uint64_t)(variate >> 64) + (part >> 63);
}

#endif
