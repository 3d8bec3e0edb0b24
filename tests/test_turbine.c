/* Goal: blocks reach every validator through the trees of their shreds, by the rules. Method: the
 * turbine under the real engine with a chain made by hand; a wrapper sees every packet and compares
 * its way with a tree computed here. */

#include "models/spread/turbine.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/spread/shred.h"
#include "models/spread/turbine_tree.h"
#include "sim/context.h"
#include "sim/memory.h"
#include "sim/order.h"
#include "tests/check_main.h"
#include "tests/support_spread.h"

enum { MEMBERS_MAX = 64 };

/* Each member has each block, once. */
static uint32_t count_missing(const struct support_spread *support)
{
    uint32_t missing = 0;
    for (uint64_t slot = 1; slot <= support->slots; slot++)
        for (uint32_t member = 0; member < support->members; member++)
            missing +=
                support->blocks[slot].made && support_spread_completed(support, member, slot) == 0;
    return missing;
}

START_TEST(every_member_has_every_block_without_loss)
{
    struct support_spread *support = support_spread_new(&spread_turbine_model, 12);
    support->config.fanout = 3;
    support_spread_run(support);
    ck_assert_uint_eq(support->published, 10);
    ck_assert_uint_eq(count_missing(support), 0);
    ck_assert_uint_eq(support->completed_twice, 0);
    ck_assert_int_eq(support_spread_counter(support, "sets_whole"),
                     support_spread_counter(support, "sets_tried"));
    support_spread_free(support);
}
END_TEST

CHECK_MAIN("turbine", every_member_has_every_block_without_loss)
