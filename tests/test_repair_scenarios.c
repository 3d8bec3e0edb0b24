/* Goal: the scenarios of scenarios/repair/ answer their questions: what is lost comes back by every
 * set of rules, and does not where the service is off; servers keep their limits, liars are
 * refused. Method: each file run by the rules of the proposal and both deployed versions, and a
 * twin without the service; properties and counters. */

#include "tests/check_main.h"

#include <stdio.h>
#include <string.h>

#include "sim/diagnostics.h"
#include "sim/engine.h"
#include "sim/scenario.h"

static const char *const ways[][3] = {
    {"spread.repair.rules=proposal", NULL},
    {"spread.repair.rules=deployed", "spread.repair.version=2.3", NULL},
    {"spread.repair.rules=deployed", "spread.repair.version=2026", NULL}};
enum { WAYS = sizeof ways / sizeof ways[0] };

static const char *const without[] = {"spread.repair.enabled=false", NULL};

static struct engine_result run(const char *file, const char *const *sets)
{
    const struct scenario_options options = {.sets = sets, .point = -1};
    const struct engine_options engine_options = {0};
    struct diagnostics diagnostics = {0};
    struct scenario *scenario = NULL;
    struct engine_result result = {0};
    int status = scenario_load(file, &options, &diagnostics, &scenario);
    if (status == 0)
        status = engine_run(scenario, &engine_options, &diagnostics, &result);
    if (status != 0)
        diagnostics_print(&diagnostics, stderr, 0, false);
    ck_assert_msg(status == 0, "%s does not run", file);
    diagnostics_free(&diagnostics);
    scenario_free(scenario);
    return result;
}

static void holds(const struct engine_result *result, const char *file, const char *const *sets)
{
    ck_assert_msg(result->status == ENGINE_OK, "%s, %s: %s", file, sets[0], result->violation);
}

/* The twin without the service breaks the property that the service is there for. */
static void fails_without(const char *file)
{
    struct engine_result result = run(file, without);
    ck_assert_msg(result.status == ENGINE_VIOLATION, "%s needs no repair", file);
    ck_assert_msg(strstr(result.violation, "no_lost_shred") != NULL, "%s: %s", file,
                  result.violation);
    ck_assert_int_eq(engine_counter(&result, "spread", "repair_requests"), 0);
}

static int64_t spread(const struct engine_result *result, const char *name)
{
    return engine_counter(result, "spread", name);
}

static int64_t final_blocks(const struct engine_result *result)
{
    return engine_counter(result, "chain", "blocks_final");
}

#define BASE "scenarios/repair/repair_base.json"
#define LOST "scenarios/repair/lost_shreds.json"
#define ORPHAN "scenarios/repair/orphan.json"
#define LOSSY "scenarios/repair/lossy.json"
#define GONE "scenarios/repair/stake_gone.json"
#define ABSENT "scenarios/repair/absent.json"
#define STORM "scenarios/repair/storm.json"
#define LIARS "scenarios/repair/liars.json"

/* SOL-R3: who waits asks for nothing where nothing is lost; the proposal, which does not wait, asks
 * for what is still on its way, as soon as somebody has the slot. */
START_TEST(without_loss_the_proposal_alone_asks)
{
    for (unsigned way = 0; way < WAYS; way++) {
        struct engine_result result = run(BASE, ways[way]);
        holds(&result, BASE, ways[way]);
        ck_assert_int_ge(final_blocks(&result), 48);
        ck_assert_int_eq(spread(&result, "repair_refused_nonce"), 0);
        ck_assert_int_eq(spread(&result, "repair_unserved"), 0);
        if (way == 0)
            ck_assert_int_gt(spread(&result, "repair_requests"), 4000);
        else
            ck_assert_int_lt(spread(&result, "repair_requests"), 4000);
    }
}
END_TEST

/* SOL-2, SOL-16, SOL-17: the first challenge. */
START_TEST(lost_shreds_are_repaired)
{
    fails_without(LOST);
    for (unsigned way = 0; way < WAYS; way++) {
        struct engine_result result = run(LOST, ways[way]);
        holds(&result, LOST, ways[way]);
        ck_assert_int_gt(spread(&result, "repair_useful"), 500);
    }
}
END_TEST

/* SOL-3, SOL-23 to SOL-32: the second challenge. */
START_TEST(an_orphan_is_chained)
{
    fails_without(ORPHAN);
    for (unsigned way = 0; way < WAYS; way++) {
        struct engine_result result = run(ORPHAN, ways[way]);
        holds(&result, ORPHAN, ways[way]);
        ck_assert_int_ge(final_blocks(&result), 44);
    }
}
END_TEST

/* SOL-R2.13: five in a hundred a hop are what the erasure code is there for. */
START_TEST(five_in_a_hundred_are_no_loss)
{
    for (unsigned way = 0; way < WAYS; way++) {
        struct engine_result result = run(LOSSY, ways[way]);
        holds(&result, LOSSY, ways[way]);
        ck_assert_int_ge(final_blocks(&result), 48);
        ck_assert_int_eq(spread(&result, "blocks_whole"), spread(&result, "blocks_tried"));
    }
}
END_TEST

/* SOL-R8.5, part N: a fifth of the stake gone within a moment; the chain goes on. */
START_TEST(the_chain_goes_on_without_a_fifth_of_its_stake)
{
    for (unsigned way = 0; way < WAYS; way++) {
        struct engine_result result = run(GONE, ways[way]);
        holds(&result, GONE, ways[way]);
        ck_assert_int_ge(final_blocks(&result), 36);
    }
}
END_TEST

/* SOL-17, SOL-26, SOL-27 */
START_TEST(who_was_absent_catches_up)
{
    fails_without(ABSENT);
    for (unsigned way = 0; way < WAYS; way++) {
        struct engine_result result = run(ABSENT, ways[way]);
        holds(&result, ABSENT, ways[way]);
        ck_assert_int_gt(spread(&result, "repair_useful"), 900 * 20);
    }
}
END_TEST

/* SOL-R6.2 */
START_TEST(a_storm_ends_with_the_blocks_everywhere)
{
    fails_without(STORM);
    for (unsigned way = 0; way < WAYS; way++) {
        struct engine_result result = run(STORM, ways[way]);
        holds(&result, STORM, ways[way]);
        if (way == 0) /* all ask the few who have them */
            ck_assert_int_gt(spread(&result, "repair_unserved"), 100);
    }
}
END_TEST

/* SOL-R5.6, SOL-R6.2, SOL-R8.7 */
START_TEST(liars_are_refused_and_the_others_agree)
{
    for (unsigned way = 0; way < WAYS; way++) {
        struct engine_result result = run(LIARS, ways[way]);
        holds(&result, LIARS, ways[way]);
        ck_assert_int_ge(final_blocks(&result), 36);
        ck_assert_int_gt(spread(&result, "repair_refused_nonce"), 1000);
        ck_assert_int_gt(spread(&result, "repair_refused_answer"), 100);
        ck_assert_int_gt(spread(&result, "repair_refused_content"), 100);
        ck_assert_int_gt(spread(&result, "repair_unserved"), 100000);
        ck_assert_int_gt(spread(&result, "slots_dead"), 30);
    }
}
END_TEST

CHECK_MAIN("repair_scenarios", without_loss_the_proposal_alone_asks, lost_shreds_are_repaired,
           an_orphan_is_chained, five_in_a_hundred_are_no_loss,
           the_chain_goes_on_without_a_fifth_of_its_stake, who_was_absent_catches_up,
           a_storm_ends_with_the_blocks_everywhere, liars_are_refused_and_the_others_agree)
