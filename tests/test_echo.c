/* echo: exact counts without loss, each promise broken on purpose and noticed, crashes survived. */

#include <stdio.h>
#include <string.h>

#include "tests/check_main.h"
#include "tests/run_scenario.h"

#define HEAD                                                                                       \
    "{\"version\": 1, \"duration\": \"10s\", \"chain\": {\"shards\": 0},"                          \
    " \"network\": {\"latency\": {\"type\": \"constant\", \"value\": \"20ms\"}},"

static int64_t count(const struct engine_result *result, const char *metric)
{
    return engine_counter(result, "workload", metric);
}

START_TEST(every_ping_comes_back_without_loss)
{
    struct engine_result result =
        run_scenario(HEAD "\"workload\": [{\"type\": \"echo\", \"interval\": \"100ms\"}]}", 1);
    ck_assert_int_eq(result.status, ENGINE_OK);
    ck_assert_uint_eq(result.nodes, 8);
    /* The first ping of a node falls in its first interval, so there are 100 in 10 s. */
    ck_assert_int_eq(count(&result, "pings"), 800);
    /* At most one of each node is still under way, since a round trip takes 40 ms. */
    ck_assert_int_ge(count(&result, "round_trips"), 792);
    ck_assert_int_le(count(&result, "round_trips"), 800);
    ck_assert_int_eq(count(&result, "timeouts"), 0);
}
END_TEST

START_TEST(round_trips_that_take_long_time_out)
{
    struct engine_result result =
        run_scenario(HEAD "\"workload\": [{\"type\": \"echo\", \"timeout\": \"39ms\"}]}", 1);
    ck_assert_int_eq(count(&result, "round_trips"), 0);
    ck_assert_int_ge(count(&result, "timeouts"), 792);
    ck_assert_int_eq(result.status, ENGINE_OK);
    result = run_scenario(HEAD "\"workload\": [{\"type\": \"echo\", \"timeout\": \"41ms\"}]}", 1);
    ck_assert_int_eq(count(&result, "timeouts"), 0);
}
END_TEST

START_TEST(thinking_delays_the_pong)
{
    struct engine_result result =
        run_scenario(HEAD "\"workload\": [{\"type\": \"echo\", \"timeout\": \"60ms\","
                          " \"think\": {\"type\": \"constant\", \"value\": \"19ms\"}}]}",
                     1);
    ck_assert_int_eq(count(&result, "timeouts"), 0);
    result = run_scenario(HEAD "\"faults\": [{\"at\": \"5s\", \"for\": \"2s\", \"type\": \"slow\","
                               " \"target\": \"echo:3\", \"factor\": 2}],"
                               "\"workload\": [{\"type\": \"echo\", \"timeout\": \"60ms\","
                               " \"think\": {\"type\": \"constant\", \"value\": \"19ms\"}}]}",
                          1);
    /* Twice the work for 2 s: the 20 pings that echo:2 sent in that time. */
    ck_assert_int_ge(count(&result, "timeouts"), 19);
    ck_assert_int_le(count(&result, "timeouts"), 21);
}
END_TEST

START_TEST(only_the_answered_share_comes_back)
{
    struct engine_result result =
        run_scenario(HEAD "\"workload\": [{\"type\": \"echo\", \"answered\": \"25%\"}]}", 3);
    int64_t pongs = count(&result, "pongs");
    /* 800 trials at 1/4: 200, and 3.29 standard deviations are 40. */
    ck_assert_int_ge(pongs, 160);
    ck_assert_int_le(pongs, 240);
}
END_TEST

START_TEST(a_wrong_word_is_a_violation)
{
    struct engine_result result =
        run_scenario(HEAD "\"workload\": [{\"type\": \"echo\", \"broken\": true}]}", 1);
    ck_assert_int_eq(result.status, ENGINE_VIOLATION);
    ck_assert_ptr_nonnull(strstr(result.violation, "pong_matches_ping"));
    ck_assert_uint_gt(result.violation_event, 0);
}
END_TEST

START_TEST(silence_is_a_violation_only_when_asked_about)
{
    const char *cut =
        HEAD "\"faults\": [{\"at\": \"0s\", \"type\": \"cut\", \"target\": \"echo:2\"}],"
             "\"workload\": [{\"type\": \"echo\"}]}";
    const char *asked =
        HEAD "\"faults\": [{\"at\": \"0s\", \"type\": \"cut\", \"target\": \"echo:2\"}],"
             "\"properties\": [\"all_heard\"], \"workload\": [{\"type\": \"echo\"}]}";
    ck_assert_int_eq(run_scenario(cut, 1).status, ENGINE_OK);
    struct engine_result result = run_scenario(asked, 1);
    ck_assert_int_eq(result.status, ENGINE_VIOLATION);
    ck_assert_ptr_nonnull(strstr(result.violation, "all_heard"));
}
END_TEST

START_TEST(a_node_pings_again_after_a_crash)
{
    struct engine_result result =
        run_scenario(HEAD "\"faults\": [{\"at\": \"4s\", \"for\": \"1s\", \"type\": \"crash\","
                          " \"target\": \"echo:2\"}], \"workload\": [{\"type\": \"echo\"}]}",
                     1);
    ck_assert_int_eq(result.status, ENGINE_OK);
    /* Ten or eleven pings were not sent; were it silent from then on, sixty would be missing. */
    ck_assert_int_ge(count(&result, "pings"), 788);
    ck_assert_int_le(count(&result, "pings"), 791);
    ck_assert_int_gt(count(&result, "timeouts"), 0);
}
END_TEST

CHECK_MAIN("echo", every_ping_comes_back_without_loss, round_trips_that_take_long_time_out,
           thinking_delays_the_pong, only_the_answered_share_comes_back,
           a_wrong_word_is_a_violation, silence_is_a_violation_only_when_asked_about,
           a_node_pings_again_after_a_crash)
