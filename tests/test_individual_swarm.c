/* Goal: no mix of stakes, votes, clocks, losses, crashes and partitions makes two forks final or
 * keeps anything from becoming final once all is well again. Method: each seed draws a chain of
 * validators, some of which make blocks by parts or replay slowly, and faults for the first half of
 * the run; all properties are on. The same seeds with
 * forks left at will break safety, so what is drawn is bad enough. SWARM_SEEDS=FROM-TO runs others.
 */

#include <stdlib.h>

#include "sim/rng.h"
#include "tests/check_main.h"
#include "tests/dice_fixture.h"
#include "tests/support_wire.h"

#define MS UINT64_C(1000000)
#define SECOND UINT64_C(1000000000)

enum { SEEDS = 250, STAKES_MAX = 12 };

/* Any part of the time that the leader may take. */
static uint64_t make_ns(const struct block_header *header)
{
    return (header->end_ns - header->time_ns) / 101 * (header->slot * 7919 % 101);
}

static void draw_chain(struct support_wire *wire)
{
    static struct stake_given_config given;
    static int64_t stakes[STAKES_MAX];
    struct validator_config *validators = &wire->support->validators;
    validators->votes = (int64_t)below(2);
    validators->empty_blocks = (int64_t)below(2);
    validators->replay_ns = (int64_t)(below(4) == 0 ? below(300 * MS) : below(60 * MS));
    if (below(2) == 0)
        wire->make_ns = make_ns;
    validators->grace_ns = (int64_t)(below(3) * 400 * MS);
    validators->clock_skew_ns = below(2) == 0 ? 0 : (int64_t)below(300 * MS);
    if (below(2) == 0)
        wire->support->chain.drop_every = 2 + (int64_t)below(3);
    if (below(2) == 0)
        return;
    for (int64_t i = 0; i < validators->count; i++)
        stakes[i] = 1 + (int64_t)below(10);
    given.values = (struct param_list){stakes, (uint32_t)validators->count};
    validators->stake = (struct param_variant_value){STAKE_GIVEN, &given};
}

static void draw_faults(struct support_wire *wire)
{
    uint64_t members = (uint64_t)wire->support->validators.count;
    struct scenario *scenario = &wire->support->scenario;
    if (below(2) == 0)
        scenario->network.loss = (int64_t)below(25) * INT64_C(10000000000);
    if (below(2) == 0)
        scenario->network.jitter = (struct distribution){.type = DISTRIBUTION_UNIFORM,
                                                         .spread = (int64_t)(1 + below(900 * MS))};
    for (uint64_t i = below(4); i > 0; i--)
        support_wire_split(wire, 2 * SECOND + below(20 * SECOND), 1 + below(8 * SECOND),
                           1 + (uint32_t)below(members - 1));
    /* Short crashes, many a slot and replay long, and longer ones of several at once. */
    for (uint64_t i = below(2) * below(12); i > 0; i--) {
        uint32_t one = (uint32_t)below(members);
        support_wire_fault(wire, FAULT_CRASH, 2 * SECOND + below(20 * SECOND), 1 + below(900 * MS),
                           one, one);
    }
    for (uint64_t i = below(4); i > 0; i--) {
        uint32_t first = (uint32_t)below(members);
        support_wire_fault(wire, FAULT_CRASH, 2 * SECOND + below(20 * SECOND),
                           1 + below(8 * SECOND), first, first + (uint32_t)below(members - first));
    }
}

static struct support_wire *run_seed(uint64_t seed, int64_t break_rule)
{
    throw_dice(seed, 0);
    struct support_wire *wire = support_wire_new(2 + (uint32_t)below(STAKES_MAX - 1));
    wire->support->scenario.seed = seed;
    wire->support->chain.break_rule = break_rule;
    wire->resend_ns = 300 * MS;
    draw_chain(wire);
    draw_faults(wire);
    support_wire_run(wire);
    return wire;
}

static void check_seed(uint64_t seed)
{
    struct support_wire *wire = run_seed(seed, BREAK_NOTHING);
    const struct support_stack *support = wire->support;
    ck_assert_msg(support->result.status == ENGINE_OK, "seed %d: %s", (int)seed,
                  support->result.violation);
    ck_assert_msg(support->undo_errors == 0 && support->row_errors == 0, "seed %d", (int)seed);
    ck_assert_msg(support->items_final == 100, "seed %d: %d items of 100 are final", (int)seed,
                  (int)support->items_final);
    /* Blocks are made as long as some content is not final for all, the last one at 49 s. */
    ck_assert_msg(support_wire_root_min(wire, 0) >= 45 * SECOND / (400 * MS), "seed %d: root %d",
                  (int)seed, (int)support_wire_root_min(wire, 0));
    support_wire_free(wire);
}

START_TEST(nothing_splits_the_chain_or_stops_it_for_good)
{
    uint64_t from = 1, to = SEEDS;
    other_seeds(&from, &to);
    for (uint64_t seed = from; seed <= to; seed++)
        check_seed(seed);
}
END_TEST

START_TEST(forks_left_at_will_are_found_by_one_block_per_slot_final)
{
    uint32_t found = 0;
    for (unsigned seed = 1; seed <= 4 * SEEDS && found == 0; seed++) {
        struct support_wire *wire = run_seed(seed, BREAK_SWITCH);
        found += wire->support->result.status == ENGINE_VIOLATION &&
                 strstr(wire->support->result.violation, "one_block_per_slot_final");
        support_wire_free(wire);
    }
    ck_assert_uint_gt(found, 0);
}
END_TEST

CHECK_MAIN("individual_swarm", nothing_splits_the_chain_or_stops_it_for_good,
           forks_left_at_will_are_found_by_one_block_per_slot_final)
