#ifndef SIM_EXACT_H
#define SIM_EXACT_H

/* log, exp, power, the inverse normal and 128-bit rounding division from + - * / sqrt only.
 * glibc's log, exp and pow differ in the last bit between CPUs; these do not, as long as the
 * compiler does not contract to fused multiply-add (the build says -ffp-contract=off). Relative
 * error below 1e-15 of log and exp, below 1e-15 * (1 + |y log x|) of pow. Used for sampling and
 * set-up; never for time arithmetic. */

#include <stdint.h>

/* 128-bit integers: ISO C has none, gcc and clang do on every 64-bit machine. */
__extension__ typedef unsigned __int128 uint128;

double exact_log(double x);            /* x > 0                                          */
double exact_exp(double x);            /* |x| < 700                                      */
double exact_pow(double x, double y);  /* x > 0, |y log x| < 700                         */
double exact_normal_inverse(double p); /* 0 < p < 1; absolute error of the quantile < 1e-9 */

/* exact_divide_up is ceil(a * b / c) in 128 bits, c > 0; the result must fit in 64 bits. */
static inline uint64_t exact_divide_up(uint64_t a, uint64_t b, uint64_t c)
{
    uint128 product = (uint128)a * b;
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
