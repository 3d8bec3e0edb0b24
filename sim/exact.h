#ifndef SIM_EXACT_H
#define SIM_EXACT_H

/* log, exp, power, the inverse normal and 128-bit rounding division from + - * / sqrt only.
 * glibc's log, exp and pow differ in the last bit between CPUs; these do not, as long as the
 * compiler does not contract to fused multiply-add (the build says -ffp-contract=off). Relative
 * error below 1e-15 of log and exp, below 1e-15 * (1 + |y log x|) of pow. Used for sampling and
 * set-up; never for time arithmetic. */

#include <float.h>
#include <stdint.h>
#include <string.h>

#include "sim/sim_assert.h"

/* Extended intermediate precision (old 32-bit x86) would change the bits. */
_Static_assert(FLT_EVAL_METHOD == 0, "doubles must be evaluated as doubles");

/* 128-bit integers: ISO C has none, gcc and clang do on every 64-bit machine. */
__extension__ typedef unsigned __int128 uint128;

static inline double exact_log(double x); /* x > 0 */
double exact_exp(double x);               /* |x| < 700                                      */
double exact_pow(double x, double y);     /* x > 0, |y log x| < 700                         */
double exact_normal_inverse(double p);    /* 0 < p < 1; absolute error of the quantile < 1e-9 */

/* The mantissa, in [361/512, 361/256), is cut into intervals; around 1 the centre is 1 itself, so
 * that what is near log 1 = 0 keeps its relative error. */
enum { EXACT_LOG_ROWS = 128, EXACT_LOG_ROW_SHIFT = 45 };
struct exact_log_row {
    double centre, inverse, log; /* inverse = 1 / centre */
};
extern const struct exact_log_row exact_log_rows[EXACT_LOG_ROWS];

/* log x = exponent * ln 2 + log of the row's centre c + log (1 + r), r = (mantissa - c) / c. */
struct exact_log_parts {
    double exponent, log, r;
};
static inline struct exact_log_parts exact_log_split(double x)
{
    SIM_ASSERT(x > 0.0);
    SIM_ASSERT(x <= DBL_MAX);
    const uint64_t least = UINT64_C(0x3fe6900000000000); /* the bits of 361/512 */
    uint64_t bits;
    double exponent = 0.0;
    if (__builtin_expect(x < DBL_MIN, 0)) {
        x *= 0x1p54;
        exponent = -54.0;
    }
    memcpy(&bits, &x, sizeof bits);
    uint64_t above = bits - least;
    bits -= above & UINT64_C(0xfff) << 52;
    double mantissa;
    memcpy(&mantissa, &bits, sizeof mantissa);
    const struct exact_log_row *row =
        &exact_log_rows[above >> EXACT_LOG_ROW_SHIFT & (EXACT_LOG_ROWS - 1)];
    /* The difference is exact; |r| <= 2^-8. */
    return (struct exact_log_parts){.exponent = exponent + (double)((int64_t)above >> 52),
                                    .log = row->log,
                                    .r = (mantissa - row->centre) * row->inverse};
}

static inline double exact_log(double x)
{
    struct exact_log_parts part = exact_log_split(x);
    double r = part.r;
    double square = r * r;
    /* ln 2 in two parts: a product of the first with an exponent is exact. */
    double ln2_high = 0x1.62e42feep-1;
    double ln2_low = 0x1.a39ef35793c76p-33;
    double whole = (part.exponent * ln2_high + part.log) + r;
    /* -r^2 / 2 + r^3 / 3 - ... + r^7 / 7, in pairs that do not wait for each other. */
    double first = r * (1.0 / 3.0) - 0.5;
    double second = r * 0.2 - 0.25;
    double third = r * (1.0 / 7.0) - 1.0 / 6.0;
    double series = (first + square * second) + (square * square) * third;
    return whole + (square * series + part.exponent * ln2_low);
}

/* exact_log_times is factor * log x for a draw, x in (0, 1): within 2e-15 * factor * max(1, -log
 * x), which is all that a draw rounded to whole units can show, and sooner done: events wait for
 * it. */
static inline double exact_log_times(double x, double factor)
{
    struct exact_log_parts part = exact_log_split(x);
    double r = part.r;
    double square = r * r;
    double whole = (part.exponent * 0x1.62e42fefa39efp-1 + part.log) + r;
    double first = r * (1.0 / 3.0) - 0.5;
    double second = r * 0.2 - 0.25;
    double scaled = square * factor;
    return (whole * factor + scaled * first) + (scaled * square) * second;
}

/* exact_divide_up is ceil(a * b / c) in 128 bits, c > 0; the result must fit in 64 bits. A product
 * of 64 bits, the common case, spares the long division. */
static inline uint64_t exact_divide_up(uint64_t a, uint64_t b, uint64_t c)
{
    uint128 product = (uint128)a * b;
    if (__builtin_expect(product >> 64 == 0, 1)) {
        uint64_t low = (uint64_t)product;
        return low / c + (low % c != 0);
    }
    return (uint64_t)((product + c - 1) / c);
}

/* exact_threshold turns a PARAM_RATIO (10^-12) into a threshold out of 2^64 for rng_chance; ratios
 * of 1 and more become UINT64_MAX, which means always. */
static inline uint64_t exact_threshold(int64_t ratio)
{
    if (ratio >= INT64_C(1000000000000))
        return UINT64_MAX;
    return (uint64_t)(((uint128)ratio << 64) / UINT64_C(1000000000000));
}

#endif
