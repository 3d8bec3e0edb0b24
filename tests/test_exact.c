/* Goal: log, exp, pow and the inverse normal within their stated error, and the same bits under
 * every compiler and optimisation level.
 * Method: against libm and GSL on seeded arguments; a stored hash of the bits. */

#include "tests/check_main.h"

#include <gsl/gsl_cdf.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "sim/exact_draw.h"
#include "sim/rng_draw.h"

static struct rng_stream stream_of(uint64_t item)
{
    struct rng rng = {.seed = 5};
    struct rng_stream stream;
    rng_stream_at(&stream, &rng, RNG_TEST, 0, item);
    return stream;
}

static double between(struct rng_stream *stream, double from, double to)
{
    double u = rng_open(stream);
    return from + (to - from) * u;
}

START_TEST(log_is_within_its_error)
{
    struct rng_stream stream = stream_of(1);
    for (int i = 0; i < 300000; i++) {
        double x = i % 3 == 0   ? exp(between(&stream, -700, 700))
                   : i % 3 == 1 ? between(&stream, 0.5, 2.0)
                                : between(&stream, 0.0, 1.0);
        double expected = log(x);
        ck_assert_msg(fabs(exact_log(x) - expected) <= 1e-15 * fabs(expected), "log(%a)", x);
    }
    ck_assert(exact_log(1.0) == 0.0);
    ck_assert(fabs(exact_log(0x1p-1074) - log(0x1p-1074)) < 1e-12);
}
END_TEST

START_TEST(log_of_a_draw_is_within_its_error)
{
    struct rng_stream stream = stream_of(6);
    for (int i = 0; i < 300000; i++) {
        double u = i % 2 == 0 ? rng_open(&stream) : exp(between(&stream, -36, -1e-9));
        long double expected = 1e6L * logl(u);
        long double limit = 2e-9L * fmaxl(1, -logl(u));
        ck_assert_msg(fabsl(exact_log_times(u, 1e6) - expected) <= limit, "log(%a)", u);
    }
    ck_assert(exact_log_times(1.0 - 0x1p-53, -1.0) == 0x1p-53);
    ck_assert(exact_log_times(1.0, -1e9) == 0.0);
}
END_TEST

static uint64_t word_of_every_size(struct rng_stream *stream, int i)
{
    uint64_t word = rng_u64(stream);
    if (i < 4)
        return i == 0 ? 0 : i == 1 ? UINT64_MAX : UINT64_C(1) << 63 >> (i - 2);
    return i % 4 == 1 ? word >> i % 64 : i % 4 == 2 ? ~(word >> i % 64) : word;
}

/* What the variate's guard relies on: its logarithm is within 2^-42 and never below 0. */
START_TEST(log_in_integers_is_within_its_error)
{
    struct rng_stream stream = stream_of(8);
    for (int i = 0; i < 300000; i++) {
        uint64_t word = word_of_every_size(&stream, i);
        long double expected = -logl(rng_open_of(word));
        long double error = (long double)exact_draw_log(word) * 0x1p-58L - expected;
        if (!(fabsl(error) <= 0x1p-42L))
            ck_abort_msg("word 0x%016" PRIx64 ": error %Lg", word, error);
    }
}
END_TEST

START_TEST(variates_in_integers_are_the_same)
{
    static const uint64_t means[] = {0, 1, 3, 1000, 300000, 1000000, 123456789, (1 << 30) - 1};
    struct rng_stream stream = stream_of(7);
    uint64_t slow = 0;
    for (int i = 0; i < 4000000; i++) {
        uint64_t mean = means[i / 4 % 8];
        uint64_t word = word_of_every_size(&stream, i);
        uint64_t expected = exact_draw_slow(word, mean);
        if (exact_draw_exponential(word, mean) != expected)
            ck_abort_msg("word 0x%016" PRIx64 ", mean %" PRIu64, word, mean);
        uint64_t part = exact_draw_log(word) * (mean << 6);
        slow += part >> 53 == 1023 || part >> 53 == 1024;
    }
    ck_assert_uint_gt(slow, 0); /* the guard was needed, too */
}
END_TEST

START_TEST(exp_is_within_its_error)
{
    struct rng_stream stream = stream_of(2);
    for (int i = 0; i < 300000; i++) {
        double x = i % 2 == 0 ? between(&stream, -699, 699) : between(&stream, -1, 1);
        double expected = exp(x);
        ck_assert_msg(fabs(exact_exp(x) - expected) <= 1e-15 * expected, "exp(%a)", x);
    }
    ck_assert(exact_exp(0.0) == 1.0);
}
END_TEST

START_TEST(pow_is_within_its_error)
{
    struct rng_stream stream = stream_of(3);
    for (int i = 0; i < 300000; i++) {
        double x = between(&stream, 0.0, 100.0);
        double y = between(&stream, -20.0, 20.0);
        double expected = pow(x, y);
        double limit = 1e-15 * (1.0 + fabs(y * log(x))) * expected;
        ck_assert_msg(fabs(exact_pow(x, y) - expected) <= limit, "pow(%a, %a)", x, y);
    }
}
END_TEST

START_TEST(normal_inverse_is_within_its_error)
{
    struct rng_stream stream = stream_of(4);
    for (int i = 0; i < 300000; i++) {
        double p = rng_open(&stream);
        if (i % 4 == 0)
            p = exp(-700.0 * p);
        double expected = gsl_cdf_ugaussian_Pinv(p);
        ck_assert_msg(fabs(exact_normal_inverse(p) - expected) < 1e-9, "p = %a", p);
    }
    ck_assert(exact_normal_inverse(0.5) == 0.0);
    ck_assert(exact_normal_inverse(1.0 - 0x1p-53) > 8.0);
}
END_TEST

START_TEST(division_rounds_up_in_128_bits)
{
    ck_assert_uint_eq(exact_divide_up(0, 5, 7), 0);
    ck_assert_uint_eq(exact_divide_up(7, 1, 7), 1);
    ck_assert_uint_eq(exact_divide_up(8, 1, 7), 2);
    ck_assert_uint_eq(exact_divide_up(UINT64_MAX, UINT64_MAX, UINT64_MAX), UINT64_MAX);
    ck_assert_uint_eq(exact_divide_up(UINT64_MAX, 1, UINT64_MAX - 1), 2);
    ck_assert_uint_eq(exact_divide_up(UINT64_MAX, 2, UINT64_MAX - 1), 3);
    ck_assert_uint_eq(exact_divide_up(UINT64_C(1) << 40, 1000000000, 100000000),
                      (UINT64_C(1) << 40) * 10);
}
END_TEST

START_TEST(bits_are_the_same_everywhere)
{
    struct rng_stream stream = stream_of(5);
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (int i = 0; i < 50000; i++) {
        double u = rng_open(&stream);
        double values[5] = {exact_log(u * 1000.0), exact_exp(100.0 * u - 50.0),
                            exact_pow(u, 3.0 * u), exact_normal_inverse(u),
                            exact_log_times(u, -1e6)};
        unsigned char bytes[sizeof values];
        memcpy(bytes, values, sizeof values);
        for (size_t j = 0; j < sizeof bytes; j++)
            hash = (hash ^ bytes[j]) * UINT64_C(0x100000001b3);
    }
    ck_assert_msg(hash == UINT64_C(0xaf9cfde48c005d25), "hash is now 0x%016" PRIx64, hash);
}
END_TEST

CHECK_MAIN("exact", log_is_within_its_error, log_of_a_draw_is_within_its_error,
           log_in_integers_is_within_its_error, variates_in_integers_are_the_same,
           exp_is_within_its_error, pow_is_within_its_error, normal_inverse_is_within_its_error,
           division_rounds_up_in_128_bits, bits_are_the_same_everywhere)
