/* Goal: each property of hypercube messaging is seen to fire when its rule is broken, and no other
 * one does; what cannot work is refused before the run; and messages cross workchains. Method: the
 * hidden `break` switch under seeded loads, one property at a time. */

#include <string.h>

#include "tests/check_main.h"
#include "tests/support_cube.h"

/* Every property fires when its rule is broken, and is the only one that does. TON-3: twice;
 * TON-29, TON-46: order; TON-36: links; TON-37: early; TON-30: lost. */
struct broken {
    const char *property;
    int rule;
    int path;
};

static const struct broken broken[] = {
    {"exactly_once", DELIVER_TWICE, SLOW}, {"exactly_once", DELIVER_TWICE, BOTH},
    {"queue_order", REORDER, SLOW},        {"hop_bound", EXTRA_HOP, SLOW},
    {"no_early_event", EARLY, SLOW},       {"nothing_lost", LOSE, SLOW},
};
static const char *const properties[] = {"exactly_once", "queue_order", "hop_bound",
                                         "no_early_event", "nothing_lost"};

static struct support_stack *broken_stack(const struct broken *one)
{
    struct support_stack *support = stack_of(32, one->path);
    support_stack_set(support, "break", one->rule);
    if (one->rule == EARLY) {
        support->chain.visibility = 1;
        support->chain.masterchain.block_interval_ns = 7 * (int64_t)SECOND;
    }
    load(support, 5, 4, 200, 21);
    return support;
}

START_TEST(each_broken_rule_is_found_by_its_property)
{
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
        struct support_stack *support = broken_stack(&broken[i]);
        support_stack_run(support);
        ck_assert_msg(support->result.status == ENGINE_VIOLATION, "case %zu", i);
        ck_assert_msg(
            strncmp(support->result.violation, broken[i].property, strlen(broken[i].property)) == 0,
            "case %zu: %s", i, support->result.violation);
        support_stack_free(support);
        for (size_t k = 0; k < sizeof properties / sizeof properties[0]; k++) {
            support = broken_stack(&broken[i]);
            support_stack_property(support, properties[k], 0);
            support_stack_run(support);
            bool expected = strcmp(properties[k], broken[i].property) == 0;
            ck_assert_msg((support->result.status == ENGINE_VIOLATION) == expected,
                          "case %zu, %s: %s", i, properties[k], support->result.violation);
            support_stack_free(support);
        }
    }
}
END_TEST

/* TON-56: a message for a workchain that the masterchain keeps is found, where only its property
 * is looked at; without the switch the same load holds it. */
START_TEST(the_masterchain_takes_only_what_is_for_it)
{
    struct support_stack *support = stack_of(32, SLOW);
    support_stack_set(support, "break", THROUGH_MASTER);
    load(support, 5, 4, 50, 3);
    support_stack_property(support, "master_apart", 0);
    support_stack_run(support);
    ck_assert_int_eq(support->result.status, ENGINE_VIOLATION);
    ck_assert_msg(strstr(support->result.violation, "masterchain takes") != NULL, "%s",
                  support->result.violation);
    support_stack_free(support);
    support = stack_of(32, SLOW);
    load(support, 5, 4, 50, 3);
    support_stack_property(support, "master_apart", 0);
    support_stack_run(support);
    expect_held(support);
    support_stack_free(support);
}
END_TEST

static bool refused(struct support_stack *support, const char *code)
{
    struct diagnostics diagnostics = {0};
    support->messaging->check(support->messaging_config, "/messaging", &diagnostics);
    int status = 0;
    if (diagnostics.errors == 0)
        status = support_stack_try(support, &diagnostics);
    bool found = false;
    for (size_t i = 0; i < diagnostics.count; i++)
        found |= strcmp(diagnostics.list[i].code, code) == 0;
    ck_assert(status == 0 || diagnostics.errors > 0);
    diagnostics_free(&diagnostics);
    support_stack_free(support);
    return found;
}

START_TEST(impossible_pairs_are_refused)
{
    struct support_stack *support = stack_of(4, BOTH);
    support_stack_set(support, "dedup", WATERMARK);
    ck_assert(refused(support, "E310"));
    support = stack_of(4, SLOW);
    support_stack_set(support, "dedup", WATERMARK);
    support_stack_set(support, "order", PAPER);
    ck_assert(refused(support, "E310"));
    support = stack_of(4, SLOW);
    support_stack_set(support, "dedup", WATERMARK);
    ck_assert(!refused(support, "E310"));
}
END_TEST

static struct support_stack *two_workchains(int64_t id, int64_t routing)
{
    static struct chain_workchain_config workchains[2];
    struct support_stack *support = stack_of(0, SLOW);
    workchains[0] = (struct chain_workchain_config){.id = 0, .shards = 4};
    workchains[1] = (struct chain_workchain_config){.id = id, .shards = 16};
    support->chain.workchains = (struct param_list){workchains, 2};
    support_stack_set(support, "routing", routing);
    return support;
}

/* TON-31 read literally: digits of the workchain id are digits too. */
START_TEST(paper_routing_needs_the_workchains_between)
{
    ck_assert(refused(two_workchains(0x12, PAPER), "E311"));
    ck_assert(!refused(two_workchains(0x12, DEPLOYED), "E311"));
    ck_assert(!refused(two_workchains(2, PAPER), "E311"));
}
END_TEST

/* TON-1, TON-6, TON-36, TON-54, TON-56: between workchains, and straight to the masterchain and
 * back. */
START_TEST(messages_cross_workchains_and_reach_the_masterchain)
{
    for (int path = 0; path < PATHS; path++)
        for (int routing = DEPLOYED; routing <= PAPER; routing++) {
            struct support_stack *support = two_workchains(2, routing);
            support_stack_set(support, "path", path);
            support->scenario.duration_ns = 100 * SECOND;
            uint32_t count = 0;
            for (uint32_t from = 0; from < 21; from++)
                for (uint32_t to = 0; to < 21; to += 3, count++)
                    support_stack_job(support, (from + 1) * 100 * MS, from, 1, (int32_t)to);
            support_stack_run(support);
            expect_held(support);
            ck_assert_uint_eq(support->received, count);
            ck_assert_uint_eq(support->strayed, 0); /* each reached its own workchain and shard */
            support_stack_free(support);
        }
}
END_TEST

CHECK_MAIN("hypercube_breaks", each_broken_rule_is_found_by_its_property,
           the_masterchain_takes_only_what_is_for_it, impossible_pairs_are_refused,
           paper_routing_needs_the_workchains_between,
           messages_cross_workchains_and_reach_the_masterchain)
