#ifndef SIM_DISTRIBUTION_H
#define SIM_DISTRIBUTION_H

/* Random variates in integer base units (ns, bytes...) without libm: only + - * / sqrt and integers
 * on the way, so the same bits come out on every machine (exact.h supplies log, exp and the inverse
 * normal). Sampled by inversion, one uniform a variate, except gamma, which rejects and so must be
 * given a stream of its own item. */

#include <stdint.h>

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

/* distribution_mean is the exact mean before rounding, floor and cut, for reports and dry runs. */
double distribution_mean(const struct distribution *distribution);

#endif
