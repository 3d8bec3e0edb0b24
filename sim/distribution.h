#ifndef SIM_DISTRIBUTION_H
#define SIM_DISTRIBUTION_H

/* Random variates in integer base units (ns, bytes...) without libm: only + - * / sqrt and integers
 * on the way, so the same bits come out on every machine (exact.h supplies log, exp and the inverse
 * normal). Sampled by inversion, one uniform a variate, except gamma, which rejects and so must be
 * given a stream of its own item. */

#include <stdint.h>

#include "sim/exact.h"

struct rng_stream;

enum distribution_type {
    DISTRIBUTION_CONSTANT,
    DISTRIBUTION_UNIFORM,     /* from, to                                   */
    DISTRIBUTION_EXPONENTIAL, /* mean                                       */
    DISTRIBUTION_LOGNORMAL,   /* median, sigma of the logarithm             */
    DISTRIBUTION_NORMAL,      /* mean, sd; cut at 0                         */
    DISTRIBUTION_PARETO,      /* scale (least value), shape                 */
    DISTRIBUTION_GAMMA,       /* mean, shape                                */
    DISTRIBUTION_WEIBULL,     /* scale, shape                               */
    DISTRIBUTION_EMPIRICAL    /* a sorted table of values, equally likely   */
};

struct distribution {
    enum distribution_type type;
    int64_t location;      /* constant value, from, mean, median, scale: base units */
    int64_t spread;        /* to, sd: base units                                    */
    double shape;          /* sigma, shape: no unit                                 */
    int64_t floor;         /* `min`: no variate is smaller; base units, >= 0        */
    const int64_t *values; /* empirical: ascending, owned by the scenario           */
    uint32_t value_count;
};

/* distribution_sample draws one variate, rounded to the nearest integer, at least floor, at most
 * 2^62. */
uint64_t distribution_sample(const struct distribution *distribution, struct rng_stream *stream);

/* distribution_floor is the least value that distribution_sample can return. */
uint64_t distribution_floor(const struct distribution *distribution);

/* What follows is here to be compiled into the kernel's hot path. */

#define DISTRIBUTION_LARGEST 0x1p62

static inline uint64_t distribution_rounded(double value)
{
    if (!(value > 0.0))
        return 0;
    return value >= DISTRIBUTION_LARGEST ? UINT64_C(1) << 62 : (uint64_t)(int64_t)(value + 0.5);
}

static inline uint64_t distribution_not_negative(int64_t value)
{
    return value < 0 ? 0 : (uint64_t)value;
}

/* distribution_cut keeps a variate between the floor and 2^62. */
static inline uint64_t distribution_cut(const struct distribution *distribution, uint64_t value)
{
    uint64_t floor = distribution_not_negative(distribution->floor);
    uint64_t largest = UINT64_C(1) << 62;
    if (value < floor)
        value = floor;
    return value > largest ? largest : value;
}

/* distribution_exponential is the variate of a uniform u in (0, 1), before it is cut. */
static inline uint64_t distribution_exponential(double mean, double u)
{
    return distribution_rounded(exact_log_times(u, -mean));
}

#endif
