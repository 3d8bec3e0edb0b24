#include "sim/exact.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

enum { EXPONENT_SHIFT = 52, EXPONENT_BIAS = 1023, EXP_TERMS = 16 };

/* ln 2 in two parts: the first has 32 trailing zero bits, so a product with a small integer is
 * exact. */
static const double LN2_HIGH = 0x1.62e42feep-1;
static const double LN2_LOW = 0x1.a39ef35793c76p-33;
static const double LN2_INVERSE = 0x1.71547652b82fep+0;

double exact_exp(double x)
{
    static const double inverse_factorial[EXP_TERMS] = {1.0,
                                                        1.0,
                                                        1.0 / 2.0,
                                                        1.0 / 6.0,
                                                        1.0 / 24.0,
                                                        1.0 / 120.0,
                                                        1.0 / 720.0,
                                                        1.0 / 5040.0,
                                                        1.0 / 40320.0,
                                                        1.0 / 362880.0,
                                                        1.0 / 3628800.0,
                                                        1.0 / 39916800.0,
                                                        1.0 / 479001600.0,
                                                        1.0 / 6227020800.0,
                                                        1.0 / 87178291200.0,
                                                        1.0 / 1307674368000.0};
    SIM_ASSERT(x > -700.0);
    SIM_ASSERT(x < 700.0);
    int64_t k = (int64_t)(x * LN2_INVERSE + (x < 0.0 ? -0.5 : 0.5));
    double r = (x - (double)k * LN2_HIGH) - (double)k * LN2_LOW;
    /* The series from r^2 on, even and odd powers apart; 1 + r is added last, being the largest. */
    double square = r * r;
    double even = inverse_factorial[EXP_TERMS - 2];
    double odd = inverse_factorial[EXP_TERMS - 1];
    for (int term = EXP_TERMS - 4; term >= 2; term -= 2) {
        even = even * square + inverse_factorial[term];
        odd = odd * square + inverse_factorial[term + 1];
    }
    double sum = 1.0 + (r + (even + odd * r) * square);
    uint64_t bits = (uint64_t)(k + EXPONENT_BIAS) << EXPONENT_SHIFT;
    double scale;
    memcpy(&scale, &bits, sizeof scale);
    return sum * scale;
}

double exact_pow(double x, double y)
{
    return exact_exp(y * exact_log(x));
}

static double polynomial(const double coefficient[8], double x)
{
    double sum = coefficient[7];
    for (int i = 6; i >= 0; i--)
        sum = sum * x + coefficient[i];
    return sum;
}

/* Rational approximations of Wichura, "Algorithm AS 241: The Percentage Points of the Normal
 * Distribution", Applied Statistics 37 (1988), variant PPND16. */
static const double CENTRE_ABOVE[8] = {3.3871328727963666080e0,  1.3314166789178437745e+2,
                                       1.9715909503065514427e+3, 1.3731693765509461125e+4,
                                       4.5921953931549871457e+4, 6.7265770927008700853e+4,
                                       3.3430575583588128105e+4, 2.5090809287301226727e+3};
static const double CENTRE_BELOW[8] = {1.0,
                                       4.2313330701600911252e+1,
                                       6.8718700749205790830e+2,
                                       5.3941960214247511077e+3,
                                       2.1213794301586595867e+4,
                                       3.9307895800092710610e+4,
                                       2.8729085735721942674e+4,
                                       5.2264952788528545610e+3};
static const double MIDDLE_ABOVE[8] = {1.42343711074968357734e0,  4.63033784615654529590e0,
                                       5.76949722146069140550e0,  3.64784832476320460504e0,
                                       1.27045825245236838258e0,  2.41780725177450611770e-1,
                                       2.27238449892691845833e-2, 7.74545014278341407640e-4};
static const double MIDDLE_BELOW[8] = {1.0,
                                       2.05319162663775882187e0,
                                       1.67638483018380384940e0,
                                       6.89767334985100004550e-1,
                                       1.48103976427480074590e-1,
                                       1.51986665636164571966e-2,
                                       5.47593808499534494600e-4,
                                       1.05075007164441684324e-9};
static const double TAIL_ABOVE[8] = {6.65790464350110377720e0,  5.46378491116411436990e0,
                                     1.78482653991729133580e0,  2.96560571828504891230e-1,
                                     2.65321895265761230930e-2, 1.24266094738807843860e-3,
                                     2.71155556874348757815e-5, 2.01033439929228813265e-7};
static const double TAIL_BELOW[8] = {1.0,
                                     5.99832206555887937690e-1,
                                     1.36929880922735805310e-1,
                                     1.48753612908506148525e-2,
                                     7.86869131145613259100e-4,
                                     1.84631831751005468180e-5,
                                     1.42151175831644588870e-7,
                                     2.04426310338993978564e-15};

double exact_normal_inverse(double p)
{
    SIM_ASSERT(p > 0.0);
    SIM_ASSERT(p < 1.0);
    double q = p - 0.5;
    if (q >= -0.425 && q <= 0.425) {
        double r = 0.180625 - q * q;
        return q * polynomial(CENTRE_ABOVE, r) / polynomial(CENTRE_BELOW, r);
    }
    bool left = q < 0.0;
    /* sqrt is exactly rounded by IEEE 754, unlike every other function of math.h. */
    double r = sqrt(-exact_log(left ? p : 1.0 - p));
    double quantile = r <= 5.0
                          ? polynomial(MIDDLE_ABOVE, r - 1.6) / polynomial(MIDDLE_BELOW, r - 1.6)
                          : polynomial(TAIL_ABOVE, r - 5.0) / polynomial(TAIL_BELOW, r - 5.0);
    return left ? -quantile : quantile;
}
