/* Goal: the repair service and the gossip of completed slots, as events: what turbine loses comes
 * back, by either rules; without the service it does not. Method: the turbine under the real engine
 * with a chain made by hand; losses, crashes, partitions and lying validators; counters and times
 * against what the rules say; fixed seeds. */

#include "models/spread/turbine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/spread/repair_proposal.h"
#include "models/spread/turbine_parts.h"
#include "sim/context.h"
#include "tests/check_main.h"
#include "tests/support_spread.h"

#define MS UINT64_C(1000000)
#define SECOND UINT64_C(1000000000)

/* Blocks of the longest fork that members do not have. */
static uint32_t count_missing(const struct support_spread *support)
{
    uint32_t missing = 0;
    uint64_t slot = 0;
    for (uint32_t member = 0; member < support->members; member++)
        slot = support->tips[member] > slot ? support->tips[member] : slot;
    for (; slot > 0; slot = support->blocks[slot].header.parent_slot)
        for (uint32_t member = 0; member < support->members; member++)
            missing += support_spread_completed(support, member, slot) == 0;
    return missing;
}

/* Blocks that members do not have, of any fork. */
static uint32_t count_incomplete(const struct support_spread *support)
{
    uint32_t missing = 0;
    for (uint64_t slot = 1; slot <= support->slots; slot++)
        for (uint32_t member = 0; member < support->members; member++)
            missing +=
                support->blocks[slot].made && support_spread_completed(support, member, slot) == 0;
    return missing;
}

static int64_t counter(const struct support_spread *support, const char *name)
{
    return support_spread_counter(support, name);
}

static void lose(struct support_spread *support, double rate, uint32_t first, uint32_t last,
                 uint64_t at_ns, uint64_t for_ns)
{
    support_spread_fault(support, FAULT_LOSS, first, last, at_ns, for_ns)->rate =
        (uint64_t)(rate * 18446744073709551615.0);
}

/* The three ways to repair: 2.3, 2026, the proposal. */
enum { WAYS = 3 };
static const char *const ways[WAYS] = {"2.3", "2026", "proposal"};

static void set_way(struct support_spread *support, unsigned way)
{
    support->config.repair.rules = way == 2 ? REPAIR_RULES_PROPOSAL : REPAIR_RULES_DEPLOYED;
    support->config.repair.version = way == 0 ? SPREAD_VERSION_2_3 : SPREAD_VERSION_2026;
}

/* SOL-1, SOL-2, SOL-16, SOL-17: a third of all packets is lost for three seconds. Without the
 * service blocks stay incomplete; with it all members have the ledger by either rules. */
START_TEST(what_turbine_loses_comes_back)
{
    for (unsigned way = 0; way <= WAYS; way++) {
        struct support_spread *support = support_spread_new(&spread_turbine_model, 20);
        support->config.fanout = 3;
        support->config.repair.enabled = way < WAYS;
        support->votes = true;
        support->lag = 9; /* nothing is final before all forks have met */
        if (way < WAYS)
            set_way(support, way);
        lose(support, 0.35, 0, 19, 0, 3 * SECOND);
        support_spread_run(support);
        if (way < WAYS) {
            ck_assert_msg(count_missing(support) == 0, "%s: %u blocks", ways[way],
                          count_missing(support));
            ck_assert_int_gt(counter(support, "repair_useful"), 100);
            ck_assert_int_eq(counter(support, "repair_refused_nonce"), 0);
            ck_assert_int_eq(counter(support, "repair_refused_answer"), 0);
        } else {
            ck_assert_uint_gt(count_incomplete(support), 100);
            ck_assert_int_eq(counter(support, "repair_requests"), 0);
            ck_assert_int_eq(counter(support, "gossip_records"), 0);
        }
        support_spread_free(support);
    }
}
END_TEST

static const struct turbine_member *member_of(const struct support_spread *support, uint32_t member)
{
    const struct turbine *turbine = support->stack->spread.self;
    return &turbine->chains[0].members[member];
}

static bool full(const struct turbine_member *member, uint64_t slot)
{
    const struct slot_meta *meta = blockstore_meta(&member->store, slot);
    return meta && blockstore_full(meta);
}

static bool connected(const struct turbine_member *member, uint64_t slot)
{
    const struct slot_meta *meta = blockstore_meta(&member->store, slot);
    return meta && meta->connected;
}

enum { LATE = 9 }; /* the member that misses slot 6 */

/* SOL-3: 6 is known as 7's parent only, and nothing chains 7 and what follows to the ledger. */
static void stands_at_the_orphan(struct support_spread *support, struct context *context)
{
    const struct turbine_member *member = member_of(support, LATE);
    (void)context;
    for (uint64_t slot = 1; slot <= support->slots; slot++) {
        const struct slot_meta *meta = blockstore_meta(&member->store, slot);
        if (slot == 2 || slot == 4) {
            ck_assert_ptr_null(meta);
            continue;
        }
        ck_assert_ptr_nonnull(meta);
        ck_assert(full(member, slot) == (slot != 6));
        ck_assert(connected(member, slot) == (slot < 6));
    }
    ck_assert_uint_eq(blockstore_meta(&member->store, 7)->parent, 6);
    ck_assert_uint_eq(member->store.orphans.count, 1);
    ck_assert_uint_eq(member->store.orphans.slots[0], 6);
}

static void has_the_ledger(struct support_spread *support, struct context *context)
{
    (void)context;
    for (uint64_t slot = 1; slot <= support->slots; slot++)
        ck_assert(!support->blocks[slot].made || connected(member_of(support, LATE), slot));
    ck_assert_uint_eq(member_of(support, LATE)->store.orphans.count, 0);
}

/* The leaders of 2 and 4 are down in those slots, so 3 follows 1 and 5 follows 3; one member is cut
 * off while 6 is sent, and holds 1, 3 and 5 when 7 comes with parent 6. */
static struct support_spread *second_challenge(void)
{
    struct support_spread *support = support_spread_new(&spread_turbine_model, 20);
    support->config.fanout = 3;
    support->votes = true;
    support_spread_fault(support, FAULT_CRASH, 0, 0, 2 * 400 * MS - MS, 2 * MS);
    support_spread_fault(support, FAULT_CRASH, 1, 1, 4 * 400 * MS - MS, 2 * MS);
    support_spread_fault(support, FAULT_CUT, LATE, LATE, 6 * 400 * MS - MS, 401 * MS);
    return support;
}

/* SOL-3, SOL-25 to SOL-30: the second challenge fails without the service and passes with it. */
START_TEST(an_orphan_is_chained_to_the_ledger)
{
    struct support_spread *support = second_challenge();
    support->config.repair.enabled = false;
    support->at_end = stands_at_the_orphan;
    support_spread_run(support);
    for (uint64_t slot = 5; slot <= support->slots; slot++)
        ck_assert_uint_eq(support->blocks[slot].header.parent_slot, slot == 5 ? 3 : slot - 1);
    ck_assert_uint_eq(support->tips[LATE], 5);
    support_spread_free(support);
    for (unsigned way = 0; way < WAYS; way++) {
        support = second_challenge();
        set_way(support, way);
        support->at_end = has_the_ledger;
        support_spread_run(support);
        ck_assert_uint_eq(support->tips[LATE], 10);
        /* As deployed slots 7 to 10 wait for nothing but an orphan request and the holes of 6. */
        uint64_t late_ns = support_spread_completed(support, LATE, 6);
        ck_assert_msg(late_ns < 7 * 400 * MS + 700 * MS, "%s: %.1f ms", ways[way],
                      (double)late_ns / 1e6);
        support_spread_free(support);
    }
}
END_TEST

static uint32_t late_slots;

static void has_caught_up(struct support_spread *support, struct context *context)
{
    (void)context;
    for (uint64_t slot = 1; slot <= support->slots; slot++)
        late_slots += support->blocks[slot].made && !connected(member_of(support, LATE), slot);
}

/* SOL-17, SOL-26, SOL-27: a member is down for a thousand slots. Orphan requests take it back ten
 * slots at a time, and the others serve it from below their roots. */
START_TEST(a_member_that_was_down_for_long_catches_up)
{
    for (unsigned way = 0; way <= WAYS; way++) {
        struct support_spread *support = support_spread_new(&spread_turbine_model, 12);
        support->slots = 1080;
        support->interval_ns = 50 * MS;
        support->lag = 9; /* more than one leader alone makes in a row */
        support->scenario.duration_ns = 75 * SECOND;
        support->block_bytes = 20000;
        support->config.fanout = 3;
        support->config.repair.enabled = way < WAYS;
        set_way(support, way % WAYS);
        support_spread_fault(support, FAULT_CRASH, LATE, LATE, SECOND + 7 * MS, 50 * SECOND);
        support->at_end = has_caught_up;
        late_slots = 0;
        support_spread_run(support);
        if (way == WAYS) {
            ck_assert_uint_gt(late_slots, 880);
        } else {
            ck_assert_msg(late_slots == 0, "%s: %u slots", ways[way], late_slots);
            ck_assert_int_gt(counter(support, "repair_useful"), 880 * 20);
            /* Most of the stake has its slots, so none of them goes on by turbine (SOL-34). */
            ck_assert_int_lt(4 * counter(support, "repair_forwarded"),
                             counter(support, "repair_useful"));
        }
        support_spread_free(support);
    }
}
END_TEST

/* SOL-R8.5: with a fifth of the stake down, a fifth of all shreds is lost with the roots of their
 * trees, and more where a parent is down; blocks are whole all the same. */
START_TEST(a_fifth_of_the_stake_may_be_gone)
{
    for (unsigned way = 0; way < WAYS; way++) {
        struct support_spread *support = support_spread_new(&spread_turbine_model, 40);
        support->config.fanout = 4;
        support->votes = true;
        set_way(support, way);
        support_spread_fault(support, FAULT_CRASH, 32, 39, 0, 0);
        support_spread_run(support);
        for (uint64_t slot = 1; slot <= support->slots; slot++)
            for (uint32_t member = 0; member < 32; member++)
                ck_assert_uint_gt(support_spread_completed(support, member, slot), 0);
        ck_assert_int_gt(counter(support, "repair_useful") + counter(support, "shreds_recovered"),
                         1000);
        support_spread_free(support);
    }
}
END_TEST

/* SOL-34 to SOL-36: what comes by repair while few have the slot goes on by turbine, and spares
 * those below the request; as deployed it never does (SOL-R8.8). */
START_TEST(only_the_proposal_passes_repaired_shreds_on)
{
    for (unsigned way = 0; way < WAYS; way++) {
        struct support_spread *support = support_spread_new(&spread_turbine_model, 30);
        support->config.fanout = 3;
        support->votes = true;
        set_way(support, way);
        lose(support, 0.35, 0, 29, 0, 3 * SECOND);
        support_spread_run(support);
        ck_assert((counter(support, "repair_forwarded") > 0) == (way == 2));
        support_spread_free(support);
    }
}
END_TEST

/* SOL-10, SOL-15, SOL-R8.9: slots of an epoch whose leaders are not known are refused, whatever way
 * they come; once the leaders are known, a later slot shows what was refused, and repair gets it.
 */
START_TEST(a_refused_epoch_is_repaired_when_its_leaders_are_known)
{
    for (unsigned way = 0; way <= WAYS; way++) {
        struct support_spread *support = support_spread_new(&spread_turbine_model, 20);
        support->config.fanout = 3;
        support->config.repair.enabled = way < WAYS;
        set_way(support, way % WAYS);
        support->slots = 20;
        support->lag = 9;
        support->votes = true; /* of 12 and 13, too: as deployed they are asked for, and refused */
        support->epoch_slots = 12;
        support->epochs_known = 1;
        support->learned_ns = 14 * 400 * MS;
        support_spread_run(support);
        ck_assert_int_gt(counter(support, "shreds_refused_epoch"), 200);
        for (uint32_t member = 0; member < 20; member++)
            for (uint64_t slot = 12; slot <= 13; slot++) {
                uint64_t at_ns = support_spread_completed(support, member, slot);
                if (support->blocks[slot].header.leader == member)
                    continue;
                ck_assert((at_ns > 0) == (way < WAYS));
                ck_assert(at_ns == 0 || at_ns > support->learned_ns);
            }
        if (way < WAYS)
            ck_assert_uint_eq(count_incomplete(support), 0);
        support_spread_free(support);
    }
}
END_TEST

/* Instants at which nothing can be found are skipped: whoever looks at each of them sends the same
 * packets at the same times. */
START_TEST(skipped_instants_change_nothing)
{
    static const char *const names[] = {"repair_requests",  "repair_answers",   "repair_useful",
                                        "repair_duplicate", "repair_forwarded", "shreds_received",
                                        "shreds_recovered", "gossip_duplicate", "retransmitted"};
    enum { NAMES = sizeof names / sizeof names[0], MEMBERS = 20 };
    for (unsigned way = 0; way < WAYS; way++) {
        static uint64_t completed_ns[MEMBERS][11];
        int64_t counts[NAMES] = {0};
        uint64_t events = 0;
        for (unsigned each = 0; each < 2; each++) {
            struct support_spread *support = support_spread_new(&spread_turbine_model, MEMBERS);
            support->config.fanout = 3;
            support->votes = true;
            support->lag = 9;
            support->block_bytes = 150000;
            support->config.repair.every_instant = each;
            set_way(support, way);
            lose(support, 0.3, 0, MEMBERS - 1, 0, 3 * SECOND);
            support_spread_fault(support, FAULT_CRASH, 5, 6, 1500 * MS, 600 * MS);
            support_spread_run(support);
            for (unsigned i = 0; i < NAMES; i++) {
                int64_t count = counter(support, names[i]);
                ck_assert_msg(each == 0 || counts[i] == count, "%s, %s: %d and %d", ways[way],
                              names[i], (int)counts[i], (int)count);
                counts[i] = count;
            }
            for (uint32_t member = 0; member < MEMBERS; member++)
                for (uint64_t slot = 1; slot <= 10; slot++) {
                    uint64_t at_ns = support_spread_completed(support, member, slot);
                    ck_assert(each == 0 || completed_ns[member][slot] == at_ns);
                    completed_ns[member][slot] = at_ns;
                }
            ck_assert(each == 0 || support->result.events > 2 * events);
            events = support->result.events;
            support_spread_free(support);
        }
        ck_assert_int_gt(counts[0], 1000);
    }
}
END_TEST

CHECK_MAIN("repair_service", what_turbine_loses_comes_back, an_orphan_is_chained_to_the_ledger,
           a_member_that_was_down_for_long_catches_up, a_fifth_of_the_stake_may_be_gone,
           only_the_proposal_passes_repaired_shreds_on,
           a_refused_epoch_is_repaired_when_its_leaders_are_known, skipped_instants_change_nothing)
