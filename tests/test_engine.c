/* Goal: the run loop keeps its promises: total order, stop rules, timers, violations. Method: a
 * model of bouncing balls whose every event is written down and compared with the rules. */

#include <string.h>

#include "sim/context.h"
#include "sim/order.h"
#include "sim/queue.h"
#include "tests/check_main.h"
#include "tests/support_engine.h"

enum { NODES = 5, RECORD_MAX = 100000 };

static struct {
    uint64_t at_ns[RECORD_MAX];
    uint32_t count, cancelled_fired, chain_length;
    uint64_t violate_at; /* record number at which the property breaks; 0 = never */
    bool zero_chain, endless, hoard;
} balls;

static int balls_build(const struct build *build, void **ret_state)
{
    for (uint32_t i = 0; i < NODES; i++) {
        struct node_options options = {.role = ROLE_TEST,
                                       .role_name = "ball",
                                       .index = i,
                                       .group = world_group_add(build->world)};
        world_node_add(build->world, &options);
    }
    balls.count = 0;
    *ret_state = &balls;
    return 0;
}

static void balls_start(void *state, struct context *context)
{
    (void)state;
    for (uint32_t i = 0; i < NODES; i++) {
        context_as(context, i);
        context_timer(context, i, 6, 0, 0, 1000 * (i + 1), 0);
        uint64_t doomed = context_timer(context, i, 6, 1, 0, 500, 0);
        ck_assert(context_timer_cancel(context, doomed));
        ck_assert(!context_timer_cancel(context, doomed));
    }
}

static void record(struct context *context)
{
    ck_assert_uint_lt(balls.count, RECORD_MAX);
    ck_assert(balls.count == 0 || context->now_ns >= balls.at_ns[balls.count - 1]);
    balls.at_ns[balls.count++] = context->now_ns;
    if (balls.violate_at && balls.count == balls.violate_at)
        context_violation(context, 6, 0, 7, "ball %u fell", context->self);
    context_count(context, 6, 0, 1);
}

static void balls_timer(void *state, struct context *context, uint8_t kind, uint32_t chain,
                        uint64_t cookie)
{
    static const unsigned char big[4096] = {1};
    (void)state, (void)chain;
    balls.cancelled_fired += kind == 1;
    if (kind == 2) { /* a chain of events at one instant, each one depth deeper */
        balls.chain_length++;
        if (balls.endless || cookie > 0)
            context_timer(context, context->self, 6, 2, 0, context->now_ns, cookie - 1);
        return;
    }
    record(context);
    if (balls.zero_chain && balls.count == 1)
        context_timer(context, context->self, 6, 2, 0, context->now_ns, 100);
    struct send send = {.to = (context->self + 1) % NODES, .wire_bytes = 100, .slot = 6};
    if (balls.hoard) {
        send.payload = big;
        send.payload_bytes = sizeof big;
    }
    context_send(context, &send);
    if (balls.hoard)
        context_send(context, &send);
}

static void balls_message(void *state, struct context *context, const struct message *message)
{
    (void)message;
    balls_timer(state, context, 0, 0, 0);
}

static void balls_destroy(void *state)
{
    (void)state;
}

static const char *const names[] = {"bounce", "doomed", "zero", NULL};
static const struct model_metric metrics[] = {{"bounces", "events", "bounces"}, {NULL, NULL, NULL}};
static const struct model_property properties[] = {{"no_fall", "balls do not fall", false},
                                                   {NULL, NULL, false}};
static const struct model balls_model = {.layer = 6,
                                         .layer_name = "workload",
                                         .name = "balls",
                                         .message_kinds = names,
                                         .timer_kinds = names,
                                         .metrics = metrics,
                                         .properties = properties,
                                         .build = balls_build,
                                         .start = balls_start,
                                         .on_message = balls_message,
                                         .on_timer = balls_timer,
                                         .destroy = balls_destroy};

static struct scenario plan(void)
{
    struct scenario scenario;
    memset(&balls, 0, sizeof balls);
    support_scenario(&scenario, &balls_model, NULL);
    scenario.duration_ns = UINT64_C(1000000000); /* 1 s: each ball bounces each 5 ms */
    return scenario;
}

START_TEST(runs_to_its_duration_and_counts)
{
    struct scenario scenario = plan();
    struct engine_result result = support_run(&scenario, NULL);
    ck_assert_int_eq(result.status, ENGINE_OK);
    ck_assert_uint_eq(result.sim_end_ns, scenario.duration_ns);
    ck_assert_uint_eq(result.events, balls.count);
    ck_assert_uint_eq(balls.count, 5 * 200);
    ck_assert_int_eq(engine_counter(&result, "workload", "bounces"), balls.count);
    ck_assert_uint_eq(balls.cancelled_fired, 0);
    ck_assert_uint_eq(result.properties_checked, 1);
}
END_TEST

START_TEST(max_events_is_exact_and_a_prefix)
{
    struct scenario scenario = plan();
    struct engine_options options = {.max_events = 123};
    struct engine_result part = support_run(&scenario, &options);
    ck_assert_int_eq(part.status, ENGINE_LIMIT);
    ck_assert_uint_eq(part.events, 123);
    uint64_t last_ns = balls.at_ns[122];
    ck_assert_uint_eq(part.sim_end_ns, last_ns);
    support_run(&scenario, NULL);
    ck_assert_uint_eq(balls.at_ns[122], last_ns);
}
END_TEST

START_TEST(until_stops_after_that_instant)
{
    struct scenario scenario = plan();
    struct engine_options options = {.until_ns = 50003000};
    struct engine_result part = support_run(&scenario, &options);
    ck_assert_int_eq(part.status, ENGINE_LIMIT);
    ck_assert_uint_eq(part.sim_end_ns, 50003000);
    ck_assert_uint_eq(balls.at_ns[balls.count - 1], 50003000);
    options.until_ns = scenario.duration_ns + 1; /* later than the end: no limit at all */
    ck_assert_int_eq(support_run(&scenario, &options).status, ENGINE_OK);
}
END_TEST

START_TEST(memory_limit_names_the_pool_and_repeats)
{
    struct scenario scenario = plan();
    balls.hoard = true;
    struct engine_options options = {.max_memory_bytes = 2 << 20};
    struct engine_result first = support_run(&scenario, &options);
    ck_assert_int_eq(first.status, ENGINE_LIMIT);
    ck_assert_ptr_nonnull(strstr(first.limit, "payloads"));
    struct engine_result second = support_run(&scenario, &options);
    ck_assert_uint_eq(first.events, second.events);
    ck_assert_mem_eq(first.result_hash, second.result_hash, sizeof first.result_hash);
}
END_TEST

START_TEST(signal_stops_between_instants)
{
    static volatile sig_atomic_t number = 2;
    struct scenario scenario = plan();
    scenario.duration_ns = UINT64_C(60000000000);
    struct engine_options options = {.signal_number = &number};
    struct engine_result result = support_run(&scenario, &options);
    ck_assert_int_eq(result.status, ENGINE_INTERRUPTED);
    ck_assert_uint_lt(result.sim_end_ns, scenario.duration_ns);
}
END_TEST

START_TEST(violation_stops_and_names_its_event)
{
    struct scenario scenario = plan();
    balls.violate_at = 77;
    struct engine_result result = support_run(&scenario, NULL);
    ck_assert_int_eq(result.status, ENGINE_VIOLATION);
    ck_assert_uint_eq(result.violation_event, 77);
    ck_assert_uint_eq(balls.count, 77);
    ck_assert_ptr_nonnull(strstr(result.violation, "no_fall at event 77, "));
    /* The command that replays it: --max-events 77 ends in the same violation. */
    struct engine_options options = {.max_events = result.violation_event};
    ck_assert_int_eq(support_run(&scenario, &options).status, ENGINE_VIOLATION);
    options.max_events--;
    ck_assert_int_eq(support_run(&scenario, &options).status, ENGINE_LIMIT);
}
END_TEST

START_TEST(zero_delays_go_deeper_and_stay_sorted)
{
    struct scenario scenario = plan();
    balls.zero_chain = true;
    support_run(&scenario, NULL);
    ck_assert_uint_eq(balls.chain_length, 101);
}
END_TEST

/* An endless chain at one instant is our fault, found by the depth assertion (exit code 1). */
START_TEST(endless_chain_at_one_instant_is_an_assertion)
{
    struct scenario scenario = plan();
    balls.zero_chain = balls.endless = true;
    support_run(&scenario, NULL);
}
END_TEST

START_TEST(order_is_total_over_time_depth_class_source_sequence)
{
    struct order_key keys[] = {
        {1, order_rank(0, ORDER_FAULT, 9), 5},   {1, order_rank(0, ORDER_MESSAGE, 2), 9},
        {1, order_rank(0, ORDER_MESSAGE, 3), 1}, {1, order_rank(0, ORDER_MESSAGE, 3), 2},
        {1, order_rank(0, ORDER_TIMER, 1), 1},   {1, order_rank(1, ORDER_FAULT, 0), 0},
        {2, order_rank(0, ORDER_FAULT, 0), 0}};
    size_t count = sizeof keys / sizeof keys[0];
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < count; j++)
            ck_assert_int_eq(order_before(&keys[i], &keys[j]), i < j);
}
END_TEST

int main(void)
{
    static const TTest *const *const tests[] = {
        &runs_to_its_duration_and_counts,
        &max_events_is_exact_and_a_prefix,
        &until_stops_after_that_instant,
        &memory_limit_names_the_pool_and_repeats,
        &signal_stops_between_instants,
        &violation_stops_and_names_its_event,
        &zero_delays_go_deeper_and_stay_sorted,
        &order_is_total_over_time_depth_class_source_sequence};
    Suite *suite = suite_create("engine");
    TCase *tcase = tcase_create("engine");
    for (size_t i = 0; i < sizeof tests / sizeof tests[0]; i++)
        tcase_add_test(tcase, *tests[i]);
    const char *fork_mode = getenv("CK_FORK");
    if (!fork_mode || strcmp(fork_mode, "no") != 0)
        tcase_add_exit_test(tcase, endless_chain_at_one_instant_is_an_assertion, 1);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
