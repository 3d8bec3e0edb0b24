/* Goal: the repair service and the gossip of completed slots, as events: what turbine loses comes
 * back, by either rules; without the service it does not. Method: the turbine under the real engine
 * with a chain made by hand; losses, crashes, partitions and lying validators; counters and times
 * against what the rules say; fixed seeds. */

#include "models/spread/turbine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/spread/repair_proposal.h"
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

CHECK_MAIN("repair_service", what_turbine_loses_comes_back)
