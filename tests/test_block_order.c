/* Goal: the order of things in a block, and of messages between blocks, is that of the rules.
 * Method: the whole stack with scripted transfers on an even tree; the trace rows of a result
 * database in the order in which the block did them. Slots of 1 s, consensus of 100 ms, links of
 * 5 ms. */

#include "tests/check_main.h"

#include <stdio.h>

#include "sim/fault.h"
#include "tests/block_fixture.h"

#define MS UINT64_C(1000000)
#define SECOND (1000 * MS)

enum { DEPLOYED, PAPER, ORDERS };

static uint32_t chain_of(uint32_t shards, uint32_t ordinal)
{
    return UINT32_C(1) << 21 | (shards + ordinal);
}

/* The place, in the order of the trace, of the `first`est or last row of a kind in the block of a
 * chain made at `slot`, for messages from `source`. */
static int64_t place(const struct transfers *transfers, const char *which, const char *kind,
                     uint32_t chain, uint64_t slot, uint32_t source)
{
    char sql[400];
    snprintf(sql, sizeof sql,
             "SELECT coalesce(%s(e.seq), -1) FROM event e JOIN kind k USING (kind_id) WHERE"
             " k.layer = 'messaging' AND k.name = '%s' AND e.chain = %u AND e.t_ns = %llu AND"
             " e.subject >> 32 = %u",
             which, kind, chain, (unsigned long long)(slot * SECOND + 100 * MS), source);
    int64_t seq = transfers_query(transfers, sql);
    ck_assert_msg(seq > 0, "no %s in slot %llu", kind, (unsigned long long)slot);
    return seq;
}

/* TON-R26: clean the own queue, import, take inputs, then deliver what they made for the own shard.
 * TON-45: what is imported is delivered by the block that imports it. */
START_TEST(a_block_cleans_imports_takes_inputs_and_delivers_its_own)
{
    for (int64_t cleanup = 0; cleanup < 2; cleanup++) {
        struct transfers *transfers = stack_of(16);
        uint32_t here = chain_of(16, 0), there = chain_of(16, 2);
        transfers_set(&transfers->messaging_part, "cleanup", cleanup);
        transfers_step(transfers, 100 * MS, 0, 1, 1, 1, 1);  /* imported at 2 s, removed at 3 s */
        transfers_step(transfers, 1100 * MS, 2, 1, 0, 1, 1); /* made at 2 s, imported at 3 s */
        for (uint64_t i = 0; i < 3; i++)
            transfers_step(transfers, 2100 * MS, 0, i, 0, i + 5, 1); /* made at 3 s, at home */
        run_whole(transfers);
        int64_t cleaned = place(transfers, "max", "dequeue", here, 3, here);
        int64_t imported = place(transfers, "min", "deliver", here, 3, there);
        int64_t made = place(transfers, "min", "emit", here, 3, here);
        int64_t made_last = place(transfers, "max", "emit", here, 3, here);
        int64_t own = place(transfers, "min", "deliver", here, 3, here);
        ck_assert_int_lt(cleaned, imported);
        ck_assert_int_lt(imported, made);
        ck_assert_int_lt(made_last, own);
        done(transfers);
    }
}
END_TEST

/* TON-32: messages travel along the edges of the hypercube: from where one is to where it is next,
 * one digit of the shard differs. Of all 256 x 255 ways most have two digits, so two edges. */
START_TEST(messages_move_along_edges_only)
{
    static const char *const moves =
        "SELECT %s FROM (SELECT e.chain & 255 AS here, lag(e.chain & 255) OVER (PARTITION BY"
        " e.subject ORDER BY e.seq) AS before FROM event e JOIN kind k USING (kind_id) WHERE"
        " k.layer = 'messaging' AND k.name IN ('emit', 'forward', 'deliver'))"
        " WHERE before IS NOT NULL";
    struct transfers *transfers = stack_of(256);
    uint64_t both = 0, one = 0;
    for (uint32_t from = 0; from < 256; from += 7)
        for (uint32_t to = 3; to < 256; to += 23) {
            transfers_step(transfers, 100 * MS, (int32_t)from, 1, (int32_t)to, 2, 1);
            uint32_t differ = from ^ to;
            both += (differ & 15) != 0 && differ >> 4 != 0;
            one += differ != 0;
        }
    run_whole(transfers);
    char sql[600];
    snprintf(sql, sizeof sql, moves, "count(*)");
    ck_assert_int_eq(transfers_query(transfers, sql), (int64_t)(transfers->script_count + both));
    snprintf(sql, sizeof sql, moves, "sum(here != before)");
    ck_assert_int_eq(transfers_query(transfers, sql), (int64_t)(one + both));
    snprintf(sql, sizeof sql, moves, "sum(here & 15 != before & 15 AND here >> 4 != before >> 4)");
    ck_assert_int_eq(transfers_query(transfers, sql), 0);
    done(transfers);
}
END_TEST

/* Deliveries in this run that come after one of which `column` says that it is later. */
static int64_t inversions(const struct transfers *transfers, const char *column,
                          const char *partition, uint32_t chain)
{
    char sql[500];
    snprintf(sql, sizeof sql,
             "SELECT count(*) FROM (SELECT m.%s AS this, lag(m.%s) OVER (%s ORDER BY e.seq) AS"
             " before FROM event e JOIN kind k USING (kind_id) JOIN message m ON m.message_id ="
             " e.subject WHERE k.layer = 'messaging' AND k.name = 'deliver' AND e.chain = %u)"
             " WHERE this < before",
             column, column, partition, chain);
    return transfers_query(transfers, sql);
}

/* TON-29, TON-46, TON-R22: a shard that was away imports everything in one block: what earlier
 * blocks made first, whoever made it, and of one neighbour in the order in which it was made. */
START_TEST(older_messages_are_delivered_first)
{
    enum { HERE = 5, SOURCES = 4, BLOCKS = 4, EACH = 6 };
    for (int64_t order = 0; order < ORDERS; order++)
        for (int64_t lt = 0; lt < 2; lt++) {
            struct transfers *transfers = stack_of(16);
            struct fault_target target = {
                .type = TARGET_NODES, .role = "shard", .first = HERE, .last = HERE};
            struct fault_spec crash = {.type = FAULT_CRASH,
                                       .at_ns = 500 * MS,
                                       .for_ns = 20 * SECOND,
                                       .target = {&target, 1}};
            transfers->base->scenario.faults = (struct fault_plan){&crash, 1};
            transfers_set(&transfers->messaging_part, "order", order);
            transfers_set(&transfers->messaging_part, "lt", lt);
            for (uint64_t block = 0; block < BLOCKS; block++)
                for (uint64_t i = 0; i < EACH; i++) /* the last source is the first to send */
                    for (int32_t source = SOURCES - 1; source >= 0; source--)
                        transfers_step(transfers, 100 * MS + block * SECOND, source, i, HERE, i, 1);
            run_whole(transfers);
            uint32_t here = chain_of(16, HERE);
            ck_assert_int_eq(
                transfers_query(transfers, "SELECT count(DISTINCT delivered_ns) FROM message"), 1);
            ck_assert_int_eq(inversions(transfers, "created_ns", "", here), 0);
            if (lt == 0) /* one after the other; else each account has its own sequence */
                ck_assert_int_eq(
                    inversions(transfers, "message_id", "PARTITION BY m.src_chain", here), 0);
            /* Neighbours are not served one by one: their messages are mixed in each block. */
            ck_assert_int_gt(inversions(transfers, "src_chain", "", here), 0);
            done(transfers);
        }
}
END_TEST

/* TON-R18, TON-46: a forwarded message keeps its logical time, so as deployed it goes before a
 * newer one that joined the queue earlier; by the paper the earlier block's message goes first. */
START_TEST(a_message_in_transit_keeps_its_age)
{
    enum { SOURCE = 0xab, VIA = 0xcb, TO = 0xcd };
    for (int64_t order = 0; order < ORDERS; order++) {
        struct transfers *transfers = stack_of(256);
        struct fault_target targets[] = {
            {.type = TARGET_NODES, .role = "shard", .first = SOURCE, .last = SOURCE},
            {.type = TARGET_NODES, .role = "shard", .first = TO, .last = TO}};
        struct fault_spec faults[] = {{.type = FAULT_DELAY,
                                       .at_ns = 300 * MS,
                                       .for_ns = 2 * SECOND,
                                       .add_ns = 3 * SECOND,
                                       .target = {&targets[0], 1}},
                                      {.type = FAULT_CRASH,
                                       .at_ns = 500 * MS,
                                       .for_ns = 10 * SECOND,
                                       .target = {&targets[1], 1}}};
        transfers->base->scenario.faults = (struct fault_plan){faults, 2};
        transfers_set(&transfers->messaging_part, "order", order);
        transfers_step(transfers, 100 * MS, SOURCE, 1, TO, 1,
                       1);                                      /* made at 1 s, forwarded at 5 s */
        transfers_step(transfers, 1100 * MS, VIA, 1, TO, 1, 1); /* made at 2 s */
        run_whole(transfers);
        ck_assert_int_eq(
            transfers_query(transfers, "SELECT count(DISTINCT delivered_ns) FROM message"), 1);
        ck_assert_int_eq(inversions(transfers, "created_ns", "", chain_of(256, TO)),
                         order == PAPER);
        done(transfers);
    }
}
END_TEST

/* TON-R19, TON-R25, TON-57: what a block made for its own shard and could not deliver stands in its
 * own queue, and the block that takes it from there removes it: no answer, no removal of its own.
 */
START_TEST(the_own_queue_is_emptied_by_the_block_that_delivers)
{
    static struct limit_override_config limits[] = {{"0:0800000000000000", 4000, 0}};
    struct transfers *transfers = stack_of(16);
    uint32_t here = chain_of(16, 0);
    transfers->base->chain.limits_of = (struct param_list){.items = limits, .count = 1};
    for (uint64_t i = 0; i < 4; i++)
        transfers_step(transfers, 100 * MS, 0, i, 0, i + 5, 1); /* 1000 gas, and 1000 to deliver */
    run_whole(transfers);
    ck_assert_int_gt(place(transfers, "min", "enqueue", here, 1, here), 0);
    ck_assert_int_gt(place(transfers, "min", "deliver", here, 2, here), 0);
    ck_assert_int_eq(transfers_counter(transfers, "messaging", "messages_delivered"), 4);
    ck_assert_int_eq(transfers_counter(transfers, "messaging", "dequeues"), 0);
    ck_assert_int_eq(transfers_counter(transfers, "messaging", "queued"), 0);
    ck_assert_int_eq(transfers_query(transfers, "SELECT value FROM sample WHERE name = 'queue'"
                                                " ORDER BY t_ns DESC LIMIT 1"),
                     0);
    done(transfers);
}
END_TEST

CHECK_MAIN("block_order", a_block_cleans_imports_takes_inputs_and_delivers_its_own,
           messages_move_along_edges_only, older_messages_are_delivered_first,
           a_message_in_transit_keeps_its_age, the_own_queue_is_emptied_by_the_block_that_delivers)
