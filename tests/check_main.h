#ifndef TESTS_CHECK_MAIN_H
#define TESTS_CHECK_MAIN_H

/* The main() of a Check suite: `CHECK_MAIN("queue", pops_sorted, ...)` after the START_TESTs.
 * Prints Check's closing line ("100%: Checks: N, Failures: 0, Errors: 0"), which `./dev test`
 * adds up. CK_FORK=no runs in one process, for debuggers and sanitizers. */

#include <check.h>
#include <stdlib.h>

#define CHECK_MAIN(suite_name, ...)                                                                \
    int main(void)                                                                                 \
    {                                                                                              \
        const TTest *const tests[] = {__VA_ARGS__};                                                \
        Suite *suite = suite_create(suite_name);                                                   \
        TCase *tcase = tcase_create(suite_name);                                                   \
        tcase_set_timeout(tcase, 300);                                                             \
        for (size_t i = 0; i < sizeof tests / sizeof tests[0]; i++)                                \
            tcase_add_test(tcase, tests[i]);                                                       \
        suite_add_tcase(suite, tcase);                                                             \
        SRunner *runner = srunner_create(suite);                                                   \
        srunner_run_all(runner, CK_ENV);                                                           \
        int failed = srunner_ntests_failed(runner);                                                \
        srunner_free(runner);                                                                      \
        return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;                                          \
    }

#endif
