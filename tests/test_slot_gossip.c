/* Goal: what validators complete gets around by gossip, in either form, through losses and
 * restarts, and packets have the sizes of what they carry. Method: the turbine under the real
 * engine with a chain made by hand; at the end every member's marks against what was completed; a
 * wrapper weighs every packet; fixed seeds. */

#include "models/spread/slot_gossip.h"

#include <string.h>

#include "models/spread/gossip_table.h"
#include "models/spread/repair_proposal.h"
#include "models/spread/turbine.h"
#include "models/spread/turbine_parts.h"
#include "sim/context.h"
#include "tests/check_main.h"
#include "tests/support_spread.h"

#define MS UINT64_C(1000000)
#define SECOND UINT64_C(1000000000)

static struct support_spread *watched_run;
static struct model watched;
static uint64_t values_seen, packets_seen;
static uint32_t unmarked, own_unmarked;

static struct turbine_chain *chain_of(const struct support_spread *support)
{
    const struct turbine *turbine = support->stack->spread.self;
    return &turbine->chains[0];
}

/* What gossip shares begins with its table; the rest is nobody else's business. */
static const struct gossip_table *table_of(const struct support_spread *support)
{
    return (const struct gossip_table *)(const void *)chain_of(support)->gossip;
}

static void watch(void *state, struct context *context, const struct message *message)
{
    if (message->kind == TURBINE_EPOCH_SLOTS) {
        const struct gossip_value *values = message->payload;
        size_t count = message->payload_bytes / sizeof *values;
        uint64_t bytes = 0, used = 0;
        for (size_t i = 0; i < count; i++) {
            uint32_t value = gossip_table_bytes(table_of(watched_run), values[i]);
            bool fits = used > 0 && used + value <= 1232;
            bytes += value + (fits ? 0 : 44);
            used = fits ? used + value : value + 44;
        }
        ck_assert_uint_eq(message->wire_bytes, bytes);
        ck_assert_uint_le(bytes, 65536);
        values_seen += count;
        packets_seen++;
    }
    spread_turbine_model.on_message(state, context, message);
}

/* Members that do not know what more than 90 % of stake completed: later marks are ignored
 * (SOL-R7.6). */
static void count_unmarked(struct support_spread *support, struct context *context)
{
    struct turbine_chain *chain = chain_of(support);
    (void)context;
    for (uint32_t member = 0; member < support->members; member++)
        for (uint64_t slot = 1; slot <= support->slots; slot++) {
            const struct cluster_slots *slots = slot_gossip_slots(&chain->members[member]);
            if (support->blocks[slot].made && support_spread_completed(support, member, slot)) {
                uint64_t marked = cluster_slots_marked_stake(slots, slot);
                unmarked += marked * 10 <= chain->total_stake * 9;
                own_unmarked += marked == 0;
            }
        }
}

static struct support_spread *begin(uint32_t members, enum spread_form form)
{
    watched = spread_turbine_model;
    watched.on_message = watch;
    struct support_spread *support = support_spread_new(&watched, members);
    support->config.fanout = 4;
    support->config.gossip.form = form;
    support->lag = 0; /* no root: all marks stay */
    support->at_end = count_unmarked;
    watched_run = support;
    values_seen = packets_seen = 0;
    unmarked = own_unmarked = 0;
    return support;
}

static void lose(struct support_spread *support, double rate)
{
    support_spread_fault(support, FAULT_LOSS, 0, support->members - 1, 0, 0)->rate =
        (uint64_t)(rate * 18446744073709551615.0);
}

/* SOL-4, SOL-8, SOL-R7.4 to R7.6 */
START_TEST(all_hear_what_all_completed)
{
    for (int form = SPREAD_FORM_CACHE; form <= SPREAD_FORM_RECORDS; form++) {
        struct support_spread *support = begin(30, (enum spread_form)form);
        support_spread_run(support);
        ck_assert_uint_eq(unmarked, 0);
        ck_assert_uint_gt(values_seen, 30 * 29 * 10);
        ck_assert_uint_lt(packets_seen, values_seen / 2);
        int64_t news = support_spread_counter(support, "gossip_news");
        int64_t copies = support_spread_counter(support, "gossip_duplicate");
        ck_assert_int_eq(news + copies, (int64_t)values_seen);
        ck_assert_int_le(news, 30 * 29 * 10);
        /* Each member sends what is new to it, or its own, to six peers once; and answers pulls. */
        ck_assert_int_lt(support_spread_counter(support, "gossip_records"), 8 * (news + 30 * 10));
        ck_assert_int_ge(support_spread_counter(support, "gossip_records"), (int64_t)values_seen);
        support_spread_free(support);
    }
}
END_TEST

/* Half of all packets are lost and news go to one peer only: they die out on their way, unless
 * somebody asks for them. */
START_TEST(what_gets_lost_is_asked_for)
{
    for (int form = SPREAD_FORM_CACHE; form <= SPREAD_FORM_RECORDS; form++)
        for (unsigned pulls = 0; pulls < 2; pulls++) {
            struct support_spread *support = begin(20, (enum spread_form)form);
            support->config.gossip.fanout = 1;
            support->config.gossip.pull_ns = pulls ? (int64_t)(500 * MS) : 0;
            lose(support, 0.5);
            support_spread_run(support);
            ck_assert((support_spread_counter(support, "gossip_pulls") > 0) == pulls);
            if (pulls)
                ck_assert_uint_eq(unmarked, 0);
            else
                ck_assert_uint_gt(unmarked, 100);
            ck_assert_uint_eq(own_unmarked, 0);
            support_spread_free(support);
        }
}
END_TEST

/* What others said is forgotten with a crash, and comes back; so does what oneself completed. */
START_TEST(who_starts_again_hears_all_again)
{
    for (int form = SPREAD_FORM_CACHE; form <= SPREAD_FORM_RECORDS; form++) {
        struct support_spread *support = begin(20, (enum spread_form)form);
        support_spread_fault(support, FAULT_CRASH, 3, 8, 6 * SECOND, SECOND);
        support_spread_run(support);
        ck_assert_uint_eq(unmarked, 0);
        support_spread_free(support);
    }
}
END_TEST

static uint32_t least_versions, most_versions; /* that a member made */

static void count_versions(struct support_spread *support, struct context *context)
{
    (void)context;
    least_versions = UINT32_MAX;
    most_versions = 0;
    for (uint32_t rank = 0; rank < support->members; rank++) {
        uint32_t made = gossip_table_newest(table_of(support), rank, GOSSIP_PART_NEWEST);
        least_versions = made < least_versions ? made : least_versions;
        most_versions = made > most_versions ? made : most_versions;
    }
}

/* SOL-8: by the proposal each slot that is complete makes a version, at once; SOL-R7.5: as deployed
 * all of a batch make one. Ten slots of 50 ms, batches of 400 ms. */
START_TEST(slots_are_advertised_one_by_one_or_in_batches)
{
    for (int form = SPREAD_FORM_CACHE; form <= SPREAD_FORM_RECORDS; form++) {
        struct support_spread *support = begin(10, (enum spread_form)form);
        support->interval_ns = 50 * MS;
        support->config.gossip.interval_ns = (int64_t)(400 * MS);
        support->at_end = count_versions;
        support_spread_run(support);
        if (form == SPREAD_FORM_CACHE) {
            ck_assert_uint_eq(least_versions, 10);
            ck_assert_uint_eq(most_versions, 10);
        } else {
            ck_assert_uint_ge(least_versions, 2);
            ck_assert_uint_le(most_versions, 4);
        }
        support_spread_free(support);
    }
}
END_TEST

static uint32_t of_the_poor; /* versions that the member without stake made */
static uint32_t poor_marks;  /* members that count its slot 1 */

static void look_at_the_poor(struct support_spread *support, struct context *context)
{
    count_unmarked(support, context);
    uint32_t rank = chain_of(support)->members[19].rank;
    of_the_poor = gossip_table_newest(table_of(support), rank, GOSSIP_PART_NEWEST);
    for (uint32_t member = 0; member < support->members; member++)
        poor_marks += cluster_slots_marked(slot_gossip_slots(&chain_of(support)->members[member]),
                                           rank, 1);
}

/* SOL-4, SOL-R7.5: who has no stake advertises, and counts, by the proposal only. */
START_TEST(only_stake_advertises_as_deployed)
{
    for (int form = SPREAD_FORM_CACHE; form <= SPREAD_FORM_RECORDS; form++) {
        struct support_spread *support = begin(20, (enum spread_form)form);
        support->stakes[19] = 0;
        poor_marks = 0;
        support->config.repair.rules =
            form == SPREAD_FORM_CACHE ? REPAIR_RULES_PROPOSAL : REPAIR_RULES_DEPLOYED;
        support->at_end = look_at_the_poor;
        support_spread_run(support);
        ck_assert_uint_eq(unmarked, 0);
        ck_assert((of_the_poor > 0) == (form == SPREAD_FORM_CACHE));
        ck_assert_uint_eq(poor_marks, form == SPREAD_FORM_CACHE ? 20 : 0);
        support_spread_free(support);
    }
}
END_TEST

CHECK_MAIN("slot_gossip", all_hear_what_all_completed,
           slots_are_advertised_one_by_one_or_in_batches, what_gets_lost_is_asked_for,
           who_starts_again_hears_all_again, only_stake_advertises_as_deployed)
