/* Goal: every distribution has the law that its keys say, in integers, with the same bits
 * everywhere.
 * Method: exact moments within a 99.9 % band; Kolmogorov distance to GSL's distribution functions
 * (asymptotic 0.1 % point: 1.95 / sqrt(n)); stored hashes of 10,000 draws. */

#include "tests/check_main.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_sf_gamma.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "sim/distribution.h"
#include "sim/rng.h"

enum { DRAWS = 200000, GOLDEN_DRAWS = 10000 };

static const int64_t TABLE[5] = {1000, 2000, 2000, 5000, 90000};

struct law {
    const char *name;
    struct distribution distribution;
    double mean, variance;
    uint64_t golden;
};

static const struct law LAWS[] = {
    {"constant",
     {.type = DISTRIBUTION_CONSTANT, .location = 777},
     777,
     0,
     UINT64_C(0x8fa4844dc72ddc25)},
    {"uniform",
     {.type = DISTRIBUTION_UNIFORM, .location = 1000, .spread = 4000},
     2500,
     (3001.0 * 3001.0 - 1) / 12,
     UINT64_C(0xe6379b881d89d28e)},
    {"exponential",
     {.type = DISTRIBUTION_EXPONENTIAL, .location = 1000000000},
     1e9,
     1e18,
     UINT64_C(0x95616f5b1112564b)},
    {"lognormal",
     {.type = DISTRIBUTION_LOGNORMAL, .location = 40000000, .shape = 0.5},
     0, /* filled by moments_of */
     0,
     UINT64_C(0xf1d86ffdd4321f89)},
    {"normal",
     {.type = DISTRIBUTION_NORMAL, .location = 50000000, .spread = 5000000},
     5e7,
     25e12,
     UINT64_C(0x541d04aeed38ccd5)},
    {"pareto",
     {.type = DISTRIBUTION_PARETO, .location = 1000000, .shape = 6.0},
     0,
     0,
     UINT64_C(0x0ac99b3b9cc7c61a)},
    {"gamma",
     {.type = DISTRIBUTION_GAMMA, .location = 3000000, .shape = 2.5},
     0,
     0,
     UINT64_C(0xbc801eae2d1a4843)},
    {"gamma below 1",
     {.type = DISTRIBUTION_GAMMA, .location = 30000000, .shape = 0.4},
     0,
     0,
     UINT64_C(0xead8c30c0a01bbbd)},
    {"weibull",
     {.type = DISTRIBUTION_WEIBULL, .location = 2000000, .shape = 1.7},
     0,
     0,
     UINT64_C(0xe4fd932bb718996a)},
    {"empirical",
     {.type = DISTRIBUTION_EMPIRICAL, .values = TABLE, .value_count = 5},
     20000,
     0,
     UINT64_C(0xbb5ec3308b5defc1)},
};
enum { LAW_COUNT = sizeof LAWS / sizeof LAWS[0] };

static void moments_of(const struct law *law, double *ret_mean, double *ret_variance)
{
    double location = (double)law->distribution.location;
    double shape = law->distribution.shape;
    *ret_mean = law->mean;
    *ret_variance = law->variance;
    if (law->distribution.type == DISTRIBUTION_LOGNORMAL) {
        *ret_mean = location * exp(shape * shape / 2);
        *ret_variance = (exp(shape * shape) - 1) * *ret_mean * *ret_mean;
    } else if (law->distribution.type == DISTRIBUTION_PARETO) {
        *ret_mean = location * shape / (shape - 1);
        *ret_variance = location * location * shape / ((shape - 1) * (shape - 1) * (shape - 2));
    } else if (law->distribution.type == DISTRIBUTION_GAMMA) {
        *ret_mean = location;
        *ret_variance = location * location / shape;
    } else if (law->distribution.type == DISTRIBUTION_WEIBULL) {
        double one = gsl_sf_gamma(1 + 1 / shape);
        *ret_mean = location * one;
        *ret_variance = location * location * (gsl_sf_gamma(1 + 2 / shape) - one * one);
    } else if (law->distribution.type == DISTRIBUTION_EMPIRICAL) {
        double sum = 0;
        for (uint32_t i = 0; i < law->distribution.value_count; i++)
            sum += pow((double)TABLE[i] - law->mean, 2);
        *ret_variance = sum / law->distribution.value_count;
    }
}

static uint64_t draw(const struct distribution *distribution, uint64_t seed, uint64_t item)
{
    struct rng rng = {.seed = seed};
    struct rng_stream stream;
    rng_stream_at(&stream, &rng, RNG_TEST, 1, item);
    return distribution_sample(distribution, &stream);
}

START_TEST(moments_are_those_of_the_law)
{
    for (int i = 0; i < LAW_COUNT; i++) {
        double mean;
        double variance;
        moments_of(&LAWS[i], &mean, &variance);
        double sum = 0;
        double squares = 0;
        double fourths = 0;
        for (uint64_t item = 0; item < DRAWS; item++) {
            double deviation = (double)draw(&LAWS[i].distribution, 6, item) - mean;
            sum += deviation;
            squares += deviation * deviation;
            fourths += pow(deviation, 4);
        }
        double z = 3.29; /* two-sided 99.9 % */
        double mean_band = z * sqrt(variance / DRAWS);
        double spread = fourths / DRAWS - pow(squares / DRAWS, 2);
        double variance_band = z * sqrt(spread > 0 ? spread / DRAWS : 0);
        ck_assert_msg(fabs(sum / DRAWS) <= mean_band + 1e-9, "%s: mean off by %g, band %g",
                      LAWS[i].name, sum / DRAWS, mean_band);
        ck_assert_msg(fabs(squares / DRAWS - variance) <= variance_band + 1e-9,
                      "%s: variance %g, expected %g, band %g", LAWS[i].name, squares / DRAWS,
                      variance, variance_band);
    }
}
END_TEST

static double expected_cdf(const struct distribution *distribution, double x)
{
    double location = (double)distribution->location;
    double shape = distribution->shape;
    switch (distribution->type) {
    case DISTRIBUTION_EXPONENTIAL:
        return gsl_cdf_exponential_P(x, location);
    case DISTRIBUTION_LOGNORMAL:
        return gsl_cdf_lognormal_P(x, log(location), shape);
    case DISTRIBUTION_NORMAL:
        return gsl_cdf_gaussian_P(x - location, (double)distribution->spread);
    case DISTRIBUTION_PARETO:
        return gsl_cdf_pareto_P(x, shape, location);
    case DISTRIBUTION_GAMMA:
        return gsl_cdf_gamma_P(x, shape, location / shape);
    case DISTRIBUTION_WEIBULL:
        return gsl_cdf_weibull_P(x, location, shape);
    case DISTRIBUTION_UNIFORM:
        return gsl_cdf_flat_P(x, location - 0.5, (double)distribution->spread + 0.5);
    case DISTRIBUTION_CONSTANT:
    case DISTRIBUTION_EMPIRICAL:
        break;
    }
    ck_abort_msg("no continuous law");
    return 0;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return x < y ? -1 : x > y;
}

START_TEST(distances_to_gsl_are_small)
{
    static double sample[DRAWS];
    for (int i = 0; i < LAW_COUNT; i++) {
        const struct distribution *distribution = &LAWS[i].distribution;
        if (distribution->type == DISTRIBUTION_CONSTANT ||
            distribution->type == DISTRIBUTION_EMPIRICAL)
            continue;
        for (uint64_t item = 0; item < DRAWS; item++)
            sample[item] = (double)draw(distribution, 7, item);
        qsort(sample, DRAWS, sizeof sample[0], ascending);
        double distance = 0;
        for (int j = 0; j < DRAWS; j++) {
            if (j + 1 < DRAWS && sample[j + 1] == sample[j])
                continue; /* rounding makes ties: compare at the upper edge of each integer */
            double theory = expected_cdf(distribution, sample[j] + 0.5);
            double gap = fabs((double)(j + 1) / DRAWS - theory);
            distance = gap > distance ? gap : distance;
        }
        ck_assert_msg(distance < 1.95 / sqrt(DRAWS), "%s: distance %g", LAWS[i].name, distance);
    }
}
END_TEST

START_TEST(floors_hold)
{
    for (int i = 0; i < LAW_COUNT; i++) {
        double mean;
        double variance;
        moments_of(&LAWS[i], &mean, &variance);
        struct distribution bounded = LAWS[i].distribution;
        bounded.floor = (int64_t)mean;
        ck_assert_uint_eq(distribution_floor(&bounded), (uint64_t)bounded.floor);
        uint64_t least_free = distribution_floor(&LAWS[i].distribution);
        bool touched = false;
        for (uint64_t item = 0; item < 5000; item++) {
            uint64_t value = draw(&bounded, 8, item);
            ck_assert_uint_ge(value, (uint64_t)bounded.floor);
            touched = touched || value == (uint64_t)bounded.floor;
            uint64_t unbounded = draw(&LAWS[i].distribution, 8, item);
            ck_assert_uint_ge(unbounded, least_free);
            ck_assert_uint_eq(value, unbounded > value ? unbounded : value);
        }
        ck_assert_msg(touched, "%s never reached its floor", LAWS[i].name);
    }
}
END_TEST

START_TEST(values_round_to_the_nearest_integer)
{
    /* With a mean of 1 ns the probability of 0 is P(X < 0.5) = 1 - exp(-0.5). */
    struct distribution tiny = {.type = DISTRIBUTION_EXPONENTIAL, .location = 1};
    unsigned zeros = 0;
    for (uint64_t item = 0; item < DRAWS; item++)
        zeros += draw(&tiny, 9, item) == 0;
    double p = 1 - exp(-0.5);
    ck_assert(fabs(zeros - DRAWS * p) < 3.9 * sqrt(DRAWS * p * (1 - p)));
}
END_TEST

START_TEST(wild_parameters_stay_in_range)
{
    struct distribution wild[] = {
        {.type = DISTRIBUTION_LOGNORMAL, .location = INT64_C(1) << 61, .shape = 1000},
        {.type = DISTRIBUTION_PARETO, .location = INT64_C(1) << 61, .shape = 1e-6},
        {.type = DISTRIBUTION_WEIBULL, .location = INT64_C(1) << 61, .shape = 1e-6},
        {.type = DISTRIBUTION_GAMMA, .location = INT64_C(1) << 61, .shape = 1e-6},
        {.type = DISTRIBUTION_GAMMA, .location = 1000, .shape = 1e9},
        {.type = DISTRIBUTION_NORMAL, .location = 0, .spread = INT64_MAX},
        {.type = DISTRIBUTION_UNIFORM, .location = 0, .spread = INT64_MAX},
        {.type = DISTRIBUTION_CONSTANT, .location = INT64_MAX},
    };
    for (size_t i = 0; i < sizeof wild / sizeof wild[0]; i++)
        for (uint64_t item = 0; item < 2000; item++)
            ck_assert_uint_le(draw(&wild[i], 10, item), UINT64_C(1) << 62);
}
END_TEST

START_TEST(draws_are_the_same_everywhere)
{
    char changed[2048] = "";
    size_t used = 0;
    for (int i = 0; i < LAW_COUNT; i++) {
        uint64_t hash = UINT64_C(0xcbf29ce484222325);
        for (uint64_t item = 0; item < GOLDEN_DRAWS; item++) {
            uint64_t value = draw(&LAWS[i].distribution, 11, item);
            for (int byte = 0; byte < 8; byte++)
                hash = (hash ^ (value >> (8 * byte) & 255)) * UINT64_C(0x100000001b3);
        }
        if (hash != LAWS[i].golden)
            used += (size_t)snprintf(changed + used, sizeof changed - used, "\n%s: 0x%016" PRIx64,
                                     LAWS[i].name, hash);
    }
    ck_assert_msg(changed[0] == 0, "hashes are now:%s", changed);
}
END_TEST

CHECK_MAIN("distribution", moments_are_those_of_the_law, distances_to_gsl_are_small, floors_hold,
           values_round_to_the_nearest_integer, wild_parameters_stay_in_range,
           draws_are_the_same_everywhere)
