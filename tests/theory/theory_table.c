#include "tests/theory/theory_table.h"

#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_BYTES = 160, DIGITS_MAX = 40 };

static unsigned rows_failed;

void theory_begin(const char *title)
{
    rows_failed = 0;
    printf("\n%s\n%-58s %22s %22s %14s %s\n", title, "name", "measured", "expected", "tolerance",
           "ok");
    fflush(stdout);
}

static void print_row(const char *name, const char *measured, const char *expected,
                      const char *tolerance, bool ok)
{
    rows_failed += !ok;
    printf("%-58s %22s %22s %14s %s\n", name, measured, expected, tolerance, ok ? "yes" : "NO");
    fflush(stdout);
}

static void print_decimal(uint128 value, char ret_text[DIGITS_MAX])
{
    char reversed[DIGITS_MAX];
    size_t count = 0;
    do {
        reversed[count++] = (char)('0' + (int)(value % 10));
        value /= 10;
    } while (value > 0);
    for (size_t i = 0; i < count; i++)
        ret_text[i] = reversed[count - 1 - i];
    ret_text[count] = 0;
}

#define NAME_FROM(format)                                                                          \
    char name[NAME_BYTES];                                                                         \
    va_list arguments;                                                                             \
    va_start(arguments, format);                                                                   \
    vsnprintf(name, sizeof name, format, arguments);                                               \
    va_end(arguments)

bool theory_exact(uint128 measured, uint128 expected, const char *format, ...)
{
    char left[DIGITS_MAX], right[DIGITS_MAX];
    NAME_FROM(format);
    print_decimal(measured, left);
    print_decimal(expected, right);
    print_row(name, left, right, "exact", measured == expected);
    return measured == expected;
}

bool theory_at_most(uint64_t measured, uint64_t bound, const char *format, ...)
{
    char left[DIGITS_MAX], right[DIGITS_MAX];
    NAME_FROM(format);
    print_decimal(measured, left);
    print_decimal(bound, right);
    print_row(name, left, right, "at most", measured <= bound);
    return measured <= bound;
}

void theory_row(const char *name, double measured, double expected, const char *tolerance, bool ok)
{
    char left[DIGITS_MAX], right[DIGITS_MAX];
    snprintf(left, sizeof left, "%.9g", measured);
    snprintf(right, sizeof right, "%.9g", expected);
    print_row(name, left, right, tolerance, ok);
}

bool theory_near(double measured, double expected, double tolerance, const char *format, ...)
{
    char text[DIGITS_MAX];
    NAME_FROM(format);
    snprintf(text, sizeof text, "%.3g", tolerance);
    bool ok = isfinite(measured) && fabs(measured - expected) <= tolerance;
    theory_row(name, measured, expected, text, ok);
    return ok;
}

bool theory_fraction(uint64_t count, uint64_t n, double p, const char *format, ...)
{
    NAME_FROM(format);
    char text[DIGITS_MAX];
    double trials = (double)n, measured = (double)count / trials;
    bool ok;
    if (trials * p < 50.0) {
        /* Both tails of the exact law, 0.0005 each. */
        bool low = gsl_cdf_binomial_P((unsigned)count, p, (unsigned)n) < 0.0005;
        bool high = count > 0 && gsl_cdf_binomial_Q((unsigned)count - 1, p, (unsigned)n) < 0.0005;
        ok = !low && !high;
        snprintf(text, sizeof text, "binomial");
    } else {
        double band = 3.290527 * sqrt(p * (1.0 - p) / trials);
        ok = fabs(measured - p) <= band;
        snprintf(text, sizeof text, "%.3g", band);
    }
    theory_row(name, measured, p, text, ok);
    return ok;
}

void theory_end(void)
{
    ck_assert_msg(rows_failed == 0, "%u rows failed", rows_failed);
}

int theory_main(const char *suite, int argument_count, char **arguments, const TTest *const *fast,
                const TTest *const *nightly)
{
    bool long_rows = argument_count > 1 && strcmp(arguments[1], "nightly") == 0;
    const TTest *const *tests = long_rows ? nightly : fast;
    Suite *all = suite_create(suite);
    TCase *tcase = tcase_create(suite);
    tcase_set_timeout(tcase, 3600);
    for (size_t i = 0; tests[i] != NULL; i++)
        tcase_add_test(tcase, tests[i]);
    suite_add_tcase(all, tcase);
    SRunner *runner = srunner_create(all);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
