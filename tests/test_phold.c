/* phold: the number of hops is exact where delays are constant, binomial where they are drawn. */

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "tests/check_main.h"
#include "tests/run_scenario.h"

#define HEAD                                                                                       \
    "{\"version\": 1, \"duration\": \"1s\", \"chain\": {\"shards\": 0},"                           \
    " \"network\": {\"latency\": {\"type\": \"constant\", \"value\": \"5ms\"}},"
#define TEN_MS "\"delay\": {\"type\": \"constant\", \"value\": \"10ms\"}"

static int64_t count(const struct engine_result *result, const char *metric)
{
    return engine_counter(result, "workload", metric);
}

START_TEST(local_hops_come_once_a_delay)
{
    struct engine_result result =
        run_scenario(HEAD "\"workload\": [{\"type\": \"phold\", \"nodes\": 4, \"population\": 3,"
                          " \"remote\": \"0%\", " TEN_MS "}]}",
                     1);
    ck_assert_int_eq(result.status, ENGINE_OK);
    ck_assert_int_eq(count(&result, "hops_local"), 12 * 100);
    ck_assert_int_eq(count(&result, "hops_remote"), 0);
    ck_assert_uint_eq(result.events, 12 * 100);
}
END_TEST

START_TEST(remote_hops_take_the_latency_too)
{
    struct engine_result result =
        run_scenario(HEAD "\"workload\": [{\"type\": \"phold\", \"nodes\": 4, \"population\": 3,"
                          " \"remote\": \"100%\", " TEN_MS "}]}",
                     1);
    /* Departures at 10, 25, 40 ... 1000 ms: 67 of each job. */
    ck_assert_int_eq(count(&result, "hops_remote"), 12 * 67);
    ck_assert_int_eq(count(&result, "hops_local"), 0);
}
END_TEST

START_TEST(the_remote_share_is_as_asked)
{
    struct engine_result result =
        run_scenario(HEAD "\"workload\": [{\"type\": \"phold\", \"nodes\": 64, \"population\": 8,"
                          " \"remote\": \"25%\", " TEN_MS "}]}",
                     7);
    double remote = (double)count(&result, "hops_remote");
    double hops = remote + (double)count(&result, "hops_local");
    ck_assert_double_gt(hops, 40000);
    ck_assert_double_lt(fabs(remote / hops - 0.25), 3.29 * sqrt(0.25 * 0.75 / hops));
}
END_TEST

START_TEST(the_mean_rest_is_as_asked)
{
    struct engine_result result = run_scenario(
        HEAD "\"workload\": [{\"type\": \"phold\", \"nodes\": 64, \"population\": 16,"
             " \"remote\": \"0%\", \"delay\": {\"type\": \"exponential\", \"mean\": \"10ms\"}}]}",
        7);
    /* A Poisson process each: 1024 jobs times 100, and 3.29 standard deviations are 1053. */
    ck_assert_double_lt(fabs((double)count(&result, "hops_local") - 102400), 1053);
}
END_TEST

START_TEST(a_job_in_two_places_is_a_violation)
{
    struct engine_result result =
        run_scenario(HEAD "\"workload\": [{\"type\": \"phold\", \"nodes\": 4, \"broken\": true,"
                          " \"remote\": \"100%\", " TEN_MS "}]}",
                     1);
    ck_assert_int_eq(result.status, ENGINE_VIOLATION);
    ck_assert_ptr_nonnull(strstr(result.violation, "one_place"));
}
END_TEST

START_TEST(jobs_of_a_crashed_node_go_on_when_it_is_up)
{
    struct engine_result result = run_scenario(
        HEAD "\"faults\": [{\"at\": \"405ms\", \"for\": \"100ms\", \"type\": \"crash\","
             " \"target\": \"phold:1\"}],"
             "\"workload\": [{\"type\": \"phold\", \"nodes\": 2, \"population\": 1,"
             " \"remote\": \"0%\", " TEN_MS "}]}",
        1);
    ck_assert_int_eq(result.status, ENGINE_OK);
    /* 100 hops of the one; 40 before the crash and 49 from 515 ms on of the other. */
    ck_assert_int_eq(count(&result, "hops_local"), 100 + 40 + 49);
}
END_TEST

START_TEST(time_that_cannot_pass_is_refused)
{
    const char *text = HEAD "\"workload\": [{\"type\": \"phold\","
                            " \"delay\": {\"type\": \"constant\", \"value\": \"0s\"}}]}";
    const struct scenario_options options = {.point = -1};
    struct diagnostics diagnostics = {0};
    struct scenario *scenario = NULL;
    ck_assert_int_eq(
        scenario_load_text("test.json", text, strlen(text), &options, &diagnostics, &scenario), -1);
    ck_assert_str_eq(diagnostics.list[0].code, "E310");
    diagnostics_free(&diagnostics);
}
END_TEST

CHECK_MAIN("phold", local_hops_come_once_a_delay, remote_hops_take_the_latency_too,
           the_remote_share_is_as_asked, the_mean_rest_is_as_asked,
           a_job_in_two_places_is_a_violation, jobs_of_a_crashed_node_go_on_when_it_is_up,
           time_that_cannot_pass_is_refused)
