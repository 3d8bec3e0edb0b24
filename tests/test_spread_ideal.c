/* Goal: ideal spread completes every member that is up, at the same instant and after publish()
 * returned. Method: a chain of three members made by hand under the real engine. */

#include "models/spread/spread_ideal.h"

#include "models/spread/spread_params.h"
#include "models/stack.h"
#include "sim/context.h"
#include "sim/diagnostics.h"
#include "sim/engine.h"
#include "sim/scenario.h"
#include "tests/check_main.h"
#include "tests/model_by_hand.h"

enum { MEMBERS = 3, CHAIN = 9, BLOCK = 77, PUBLISH_NS = 1000000000, RUN_NS = 2000000000 };

static struct {
    struct stack *stack;
    bool publishing;
    uint32_t completed[MEMBERS];
    uint64_t at_ns[MEMBERS];
} seen;

static uint32_t no_shards(const void *self, enum chain_class chain_class)
{
    (void)self, (void)chain_class;
    return 0;
}

static uint32_t members(const void *self, uint32_t chain)
{
    (void)self;
    ck_assert_uint_eq(chain, CHAIN);
    return MEMBERS;
}

static uint32_t node(const void *self, uint32_t chain, uint32_t member)
{
    (void)self, (void)chain;
    return member;
}

static void complete(void *self, struct context *context, uint32_t chain, uint32_t member,
                     uint64_t block)
{
    (void)self;
    ck_assert(!seen.publishing);
    ck_assert_uint_eq(chain, CHAIN);
    ck_assert_uint_eq(block, BLOCK);
    ck_assert_uint_eq(context->self, member); /* on that member's node */
    seen.completed[member]++;
    seen.at_ns[member] = context->now_ns;
}

static bool header(const void *self, uint64_t block, struct block_header *ret_header)
{
    (void)self;
    *ret_header = (struct block_header){.id = block, .chain = CHAIN, .leader = 1};
    return true;
}

static int build_chain(const struct build *build, void **ret_state)
{
    uint32_t group = world_group_add(build->world);
    for (uint32_t i = 0; i < MEMBERS; i++)
        world_node_add(build->world, &(struct node_options){.role = ROLE_TEST,
                                                            .role_name = "validator",
                                                            .index = i,
                                                            .group = group});
    build->stack->chain = (struct chain_seam){.count = no_shards,
                                              .members = members,
                                              .node = node,
                                              .complete = complete,
                                              .header = header};
    seen.stack = build->stack;
    *ret_state = &seen;
    return 0;
}

static void start_chain(void *state, struct context *context)
{
    (void)state;
    context_as(context, 1);
    context_timer(context, 1, LAYER_CHAIN, 0, CHAIN, PUBLISH_NS, 0);
}

static void publish(void *state, struct context *context, uint8_t kind, uint32_t chain,
                    uint64_t cookie)
{
    struct block_header header = {.id = BLOCK, .chain = CHAIN, .leader = 1};
    (void)state, (void)kind, (void)chain, (void)cookie;
    seen.publishing = true;
    seen.stack->spread.publish(seen.stack->spread.self, context, &header);
    seen.publishing = false;
}

static const char *const timer_kinds[] = {"publish", NULL};
static const struct model chain_model = {MODEL_BY_HAND,
                                         .layer = LAYER_CHAIN,
                                         .layer_name = "chain",
                                         .name = "three",
                                         .summary = "a chain of three members",
                                         .message_kinds = no_kinds,
                                         .timer_kinds = timer_kinds,
                                         .build = build_chain,
                                         .start = start_chain,
                                         .on_timer = publish,
                                         .destroy = destroy_nothing};

/* A scenario made by hand has no values to list; the reader's own function is not linked. */
void scenario_each_param(const struct scenario *scenario, scenario_visit *visit, void *context)
{
    (void)scenario, (void)visit, (void)context;
}

static void run(const struct fault_plan *faults)
{
    struct scenario scenario = {.path = "by-hand",
                                .name = "by-hand",
                                .seed = 1,
                                .replications = 1,
                                .duration_ns = RUN_NS,
                                .layer_count = 2};
    struct spread_config config = {0};
    struct engine_options options = {0};
    struct diagnostics diagnostics = {0};
    struct engine_result result;
    scenario.network.latency =
        (struct distribution){.type = DISTRIBUTION_CONSTANT, .location = 5000000};
    scenario.network.queue.classes = 1;
    scenario.layers[0] = (struct scenario_layer){.model = &chain_model, .slot = LAYER_CHAIN};
    scenario.layers[1] = (struct scenario_layer){
        .model = &spread_ideal_model, .slot = LAYER_SPREAD, .config = &config};
    if (faults)
        scenario.faults = *faults;
    for (int i = 0; i < MEMBERS; i++)
        seen.completed[i] = 0;
    ck_assert_int_eq(engine_run(&scenario, &options, &diagnostics, &result), 0);
    ck_assert_int_eq(result.status, ENGINE_OK);
    diagnostics_free(&diagnostics);
}

START_TEST(every_member_completes_once_at_the_instant_of_publication)
{
    run(NULL);
    for (int i = 0; i < MEMBERS; i++) {
        ck_assert_uint_eq(seen.completed[i], 1);
        ck_assert_uint_eq(seen.at_ns[i], PUBLISH_NS);
    }
}
END_TEST

START_TEST(a_member_that_is_down_does_not_complete)
{
    struct fault_target target = {.type = TARGET_NODES, .role = "validator", .first = 2, .last = 2};
    struct fault_spec crash = {
        .type = FAULT_CRASH, .at_ns = PUBLISH_NS / 2, .target = {.targets = &target, .count = 1}};
    run(&(struct fault_plan){.specs = &crash, .count = 1});
    ck_assert_uint_eq(seen.completed[0], 1);
    ck_assert_uint_eq(seen.completed[1], 1);
    ck_assert_uint_eq(seen.completed[2], 0);
}
END_TEST

START_TEST(a_member_that_was_down_completes_when_it_is_back)
{
    struct fault_target target = {.type = TARGET_NODES, .role = "validator", .first = 2, .last = 2};
    struct fault_spec crash = {.type = FAULT_CRASH,
                               .at_ns = PUBLISH_NS / 2,
                               .for_ns = PUBLISH_NS,
                               .target = {.targets = &target, .count = 1}};
    run(&(struct fault_plan){.specs = &crash, .count = 1});
    ck_assert_uint_eq(seen.completed[1], 1);
    ck_assert_uint_eq(seen.completed[2], 1);
    ck_assert_uint_eq(seen.at_ns[2], PUBLISH_NS / 2 + PUBLISH_NS);
}
END_TEST

CHECK_MAIN("spread_ideal", every_member_completes_once_at_the_instant_of_publication,
           a_member_that_is_down_does_not_complete,
           a_member_that_was_down_completes_when_it_is_back)
