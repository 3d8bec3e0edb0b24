#include "sim/distribution.h"

#include <math.h>
#include <stdbool.h>

#include "sim/exact.h"
#include "sim/exact_draw.h"
#include "sim/rng_draw.h"
#include "sim/sim_assert.h"

enum { REJECTIONS_MAX = 1000 };

/* x to the y for any x > 0, with the tails that exact_exp refuses cut to 0 and
 * DISTRIBUTION_LARGEST. */
static double power(double x, double y)
{
    double exponent = y * exact_log(x);
    if (exponent <= -690.0)
        return 0.0;
    return exponent >= 690.0 ? DISTRIBUTION_LARGEST : exact_exp(exponent);
}

static double normal(struct rng_stream *stream)
{
    double u = rng_open(stream);
    return exact_normal_inverse(u);
}

static double lognormal(const struct distribution *distribution, struct rng_stream *stream)
{
    double exponent = distribution->shape * normal(stream);
    if (exponent <= -690.0)
        return 0.0;
    if (exponent >= 690.0)
        return DISTRIBUTION_LARGEST;
    return (double)distribution->location * exact_exp(exponent);
}

/* Gamma of mean `shape` by the squeeze-free rejection of Marsaglia and Tsang, "A simple method for
 * generating gamma variables", ACM TOMS 26 (2000); shapes below 1 are boosted by a power of a
 * uniform. About 1.05 rounds. */
static double gamma_unit(double shape, struct rng_stream *stream)
{
    double boost = 1.0;
    if (shape < 1.0) {
        double u = rng_open(stream);
        boost = power(u, 1.0 / shape);
        shape += 1.0;
    }
    double d = shape - 1.0 / 3.0;
    double c = 1.0 / sqrt(9.0 * d);
    for (int round = 0; round < REJECTIONS_MAX; round++) {
        double z = normal(stream);
        double u = rng_open(stream);
        double v = 1.0 + c * z;
        if (v <= 0.0)
            continue;
        v = v * v * v;
        if (exact_log(u) < 0.5 * z * z + d - d * v + d * exact_log(v))
            return d * v * boost;
    }
    bool accepted = false;
    SIM_ASSERT(accepted); /* a thousand rejections in a row */
    return 0.0;
}

static uint64_t draw(const struct distribution *distribution, struct rng_stream *stream)
{
    double location = (double)distribution->location;
    double shape = distribution->shape;
    switch (distribution->type) {
    case DISTRIBUTION_CONSTANT:
        return distribution_not_negative(distribution->location);
    case DISTRIBUTION_UNIFORM: {
        uint64_t from = distribution_not_negative(distribution->location);
        uint64_t to = distribution_not_negative(distribution->spread);
        SIM_ASSERT(from <= to);
        return from + rng_below(stream, to - from + 1);
    }
    case DISTRIBUTION_EXPONENTIAL: {
        double u = rng_open(stream);
        return distribution_exponential(location, u);
    }
    case DISTRIBUTION_LOGNORMAL:
        return distribution_rounded(lognormal(distribution, stream));
    case DISTRIBUTION_NORMAL:
        return distribution_rounded(location + (double)distribution->spread * normal(stream));
    case DISTRIBUTION_PARETO: {
        double u = rng_open(stream);
        uint64_t value = distribution_rounded(location * power(u, -1.0 / shape));
        uint64_t least = distribution_not_negative(distribution->location);
        return value < least ? least : value;
    }
    case DISTRIBUTION_GAMMA:
        return distribution_rounded(location / shape * gamma_unit(shape, stream));
    case DISTRIBUTION_WEIBULL: {
        double u = rng_open(stream);
        return distribution_rounded(location * power(-exact_log(u), 1.0 / shape));
    }
    case DISTRIBUTION_EMPIRICAL: {
        SIM_ASSERT(distribution->value_count > 0);
        uint64_t index = rng_below(stream, distribution->value_count);
        return distribution_not_negative(distribution->values[index]);
    }
    }
    bool type_known = false;
    SIM_ASSERT(type_known);
    return 0;
}

uint64_t exact_draw_slow(uint64_t word, uint64_t mean)
{
    return distribution_exponential((double)mean, rng_open_of(word));
}

uint64_t distribution_sample(const struct distribution *distribution, struct rng_stream *stream)
{
    return distribution_cut(distribution, draw(distribution, stream));
}

uint64_t distribution_floor(const struct distribution *distribution)
{
    uint64_t floor = distribution_not_negative(distribution->floor);
    uint64_t least = 0;
    switch (distribution->type) {
    case DISTRIBUTION_CONSTANT:
    case DISTRIBUTION_UNIFORM:
    case DISTRIBUTION_PARETO:
        least = distribution_not_negative(distribution->location);
        break;
    case DISTRIBUTION_EMPIRICAL:
        SIM_ASSERT(distribution->value_count > 0);
        least = distribution_not_negative(distribution->values[0]);
        break;
    case DISTRIBUTION_EXPONENTIAL:
    case DISTRIBUTION_LOGNORMAL:
    case DISTRIBUTION_NORMAL:
    case DISTRIBUTION_GAMMA:
    case DISTRIBUTION_WEIBULL:
        break;
    }
    return least > floor ? least : floor;
}
