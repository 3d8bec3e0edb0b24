/* Goal: the procedure of a block as deployed: what it imports, removes and leaves to the next one
 * (TON-R23 to R38). Method: the whole stack with scripted transfers on an even tree, the trace rows
 * of a result database counted by block; times follow from slots of 1 s, consensus of 100 ms and
 * links of 5 ms. */

#include "tests/check_main.h"

#include <stdio.h>
#include <string.h>

#include "sim/fault.h"
#include "tests/block_fixture.h"

#define MS UINT64_C(1000000)
#define SECOND (1000 * MS)

static int64_t counter(const struct transfers *transfers, const char *metric)
{
    return transfers_counter(transfers, "messaging", metric);
}

/* Chain of an ordinal of an even tree of so many shards, a power of two. */
static uint32_t chain_of(uint32_t shards, uint32_t ordinal)
{
    return UINT32_C(1) << 21 | (shards + ordinal);
}

/* Trace rows of a kind in the block of a chain that was made at `slot`, for messages to `to`. */
static int64_t rows(const struct transfers *transfers, const char *kind, uint32_t chain,
                    uint64_t slot, uint32_t to)
{
    char sql[400];
    snprintf(sql, sizeof sql,
             "SELECT count(*) FROM event e JOIN kind k USING (kind_id) JOIN message m ON"
             " m.message_id = e.subject WHERE k.layer = 'messaging' AND k.name = '%s' AND e.chain ="
             " %u AND e.t_ns = %llu AND m.dst_chain = %u",
             kind, chain, (unsigned long long)(slot * SECOND + 100 * MS), to);
    return transfers_query(transfers, sql);
}

static void send_many(struct transfers *transfers, uint64_t at_ns, int32_t from, int32_t to,
                      uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        transfers_step(transfers, at_ns, from, i, to, i, 1);
}

/* TON-R23: the first message beyond its source's quota ends the import from every source, although
 * another one has used nothing of its own. What is left comes in the next blocks, in order. */
START_TEST(a_quota_ends_the_import_from_all_neighbours)
{
    enum { HERE = 3, EARLY = 2, LATE = 1, ELSEWHERE = 5, BLOCKS = 5 };
    const int64_t early[BLOCKS] = {4, 4, 2, 0, 0}, late[BLOCKS] = {0, 0, 4, 4, 2};
    struct transfers *transfers = stack_of(16);
    transfers_set(&transfers->messaging_part, "quota_messages", 4);
    send_many(transfers, 100 * MS, LATE, ELSEWHERE, 10); /* their logical times come first */
    send_many(transfers, 200 * MS, LATE, HERE, 10);
    send_many(transfers, 200 * MS, EARLY, HERE, 10);
    run_whole(transfers);
    for (uint32_t i = 0; i < BLOCKS; i++) {
        char sql[400];
        for (uint32_t source = LATE; source <= EARLY; source++) {
            snprintf(sql, sizeof sql,
                     "SELECT count(*) FROM message WHERE dst_chain = %u AND src_chain = %u AND"
                     " delivered_ns = %llu",
                     chain_of(16, HERE), chain_of(16, source),
                     (unsigned long long)((2 + i) * SECOND + 100 * MS));
            ck_assert_int_eq(transfers_query(transfers, sql), source == LATE ? late[i] : early[i]);
        }
    }
    /* Its last block is not stopped; the other destination had the same quota: 4, 4, 2. */
    ck_assert_int_eq(counter(transfers, "quota_stops"), BLOCKS - 1 + 2);
    ck_assert_int_eq(counter(transfers, "messages_delivered"), 30);
    done(transfers);
}
END_TEST

/* TON-R23: counted in bytes, and one message may overshoot. */
START_TEST(a_quota_in_bytes_counts_what_was_imported)
{
    struct transfers *transfers = stack_of(16);
    send_many(transfers, 100 * MS, 1, 3, 10);
    run_whole(transfers);
    int64_t bytes = transfers_query(transfers, "SELECT max(bytes) FROM message");
    done(transfers);
    for (int64_t over = 0; over < 2; over++) {
        transfers = stack_of(16);
        transfers_set(&transfers->messaging_part, "quota_bytes", 3 * bytes + over);
        send_many(transfers, 100 * MS, 1, 3, 10);
        run_whole(transfers);
        ck_assert_int_eq(rows(transfers, "deliver", chain_of(16, 3), 2, chain_of(16, 3)), 3 + over);
        ck_assert_int_eq(counter(transfers, "messages_delivered"), 10);
        done(transfers);
    }
}
END_TEST

/* TON-R23: the own queue is at hand and has no quota. TON-R27: while a quota keeps something out, a
 * block's own messages join the queue instead of being delivered at once. */
START_TEST(own_messages_wait_while_a_quota_keeps_others_out)
{
    struct transfers *transfers = stack_of(16);
    uint32_t here = chain_of(16, 3);
    transfers_set(&transfers->messaging_part, "quota_messages", 2);
    send_many(transfers, 100 * MS, 1, 3, 5);
    send_many(transfers, 1100 * MS, 3, 3, 9); /* made in the block at 2 s, which imports two */
    run_whole(transfers);
    ck_assert_int_eq(rows(transfers, "deliver", here, 2, here), 2);
    ck_assert_int_eq(rows(transfers, "enqueue", here, 2, here), 9);
    ck_assert_int_eq(rows(transfers, "deliver", here, 3, here), 2);
    ck_assert_int_eq(rows(transfers, "deliver", here, 4, here), 1 + 9);
    done(transfers);
}
END_TEST

/* TON-R27: with nothing kept out they are delivered in the block that makes them. */
START_TEST(own_messages_are_delivered_at_once_when_all_is_imported)
{
    struct transfers *transfers = stack_of(16);
    uint32_t here = chain_of(16, 3);
    transfers_set(&transfers->messaging_part, "quota_messages", 5);
    send_many(transfers, 100 * MS, 1, 3, 5);
    send_many(transfers, 1100 * MS, 3, 3, 9);
    run_whole(transfers);
    ck_assert_int_eq(rows(transfers, "deliver", here, 2, here), 5 + 9);
    ck_assert_int_eq(rows(transfers, "enqueue", here, 2, here), 0);
    ck_assert_int_eq(counter(transfers, "quota_stops"), 0);
    done(transfers);
}
END_TEST

/* TON-47, TON-R31, TON-R35: removals take gas of the block; with room for four of them each of the
 * two neighbours has its turn twice, while in the order of answers one neighbour has all four. */
START_TEST(the_queue_is_cleaned_for_each_neighbour_in_turn)
{
    for (int64_t cleanup = 0; cleanup < 2; cleanup++) {
        static struct limit_override_config limits[] = {{"0:0800000000000000", 450, 0}};
        struct transfers *transfers = stack_of(16);
        uint32_t here = chain_of(16, 0), one = chain_of(16, 1), other = chain_of(16, 2);
        transfers->base->chain.limits_of = (struct param_list){.items = limits, .count = 1};
        transfers_set(&transfers->ledger, "gas_per_transfer", 1);
        transfers_set(&transfers->messaging_part, "cleanup", cleanup);
        send_many(transfers, 100 * MS, 0, 1, 10);
        send_many(transfers, 100 * MS, 0, 2, 10);
        run_whole(transfers);
        /* Made at 1 s, imported at 2 s, and known to be from 2.105 s on (TON-R32). */
        int64_t first = rows(transfers, "dequeue", here, 3, one);
        int64_t second = rows(transfers, "dequeue", here, 3, other);
        ck_assert_int_eq(first + second, 4);
        ck_assert_int_eq(first * second, cleanup == 1 ? 2 * 2 : 0);
        for (uint64_t slot = 4; slot <= 7; slot++) /* and so on: 20 in 5 blocks */
            ck_assert_int_eq(rows(transfers, "dequeue", here, slot, one) +
                                 rows(transfers, "dequeue", here, slot, other),
                             4);
        ck_assert_int_eq(counter(transfers, "dequeues"), 20);
        done(transfers);
    }
}
END_TEST

/* TON-R31: in the order (lt, hash), up to the first entry that the neighbour has not processed. An
 * older message in transit joins the queue late; what was processed before it came stays with it.
 */
START_TEST(cleaning_stops_at_the_first_entry_not_processed)
{
    enum { SOURCE = 0xab, VIA = 0xcb, TO = 0xcd };
    int64_t removed[2][2];
    for (int64_t cleanup = 0; cleanup < 2; cleanup++) {
        struct transfers *transfers = stack_of(256);
        struct fault_target targets[] = {
            {.type = TARGET_NODES, .role = "shard", .first = SOURCE, .last = SOURCE},
            {.type = TARGET_NODES, .role = "shard", .first = TO, .last = TO}};
        struct fault_spec faults[] = {{.type = FAULT_DELAY,
                                       .at_ns = 300 * MS,
                                       .for_ns = 2 * SECOND,
                                       .add_ns = 3 * SECOND,
                                       .target = {&targets[0], 1}},
                                      {.type = FAULT_DELAY,
                                       .at_ns = 2900 * MS,
                                       .for_ns = 20 * SECOND,
                                       .add_ns = 3 * SECOND,
                                       .target = {&targets[1], 1}}};
        transfers->base->scenario.faults = (struct fault_plan){faults, 2};
        transfers_set(&transfers->messaging_part, "cleanup", cleanup);
        transfers_set(&transfers->messaging_part, "resend", 100 * (int64_t)SECOND);
        transfers_step(transfers, 100 * MS, SOURCE, 1, TO, 1, 1); /* made at 1 s, late */
        transfers_step(transfers, 1100 * MS, VIA, 1, TO, 1, 1);   /* made at 2 s */
        run_whole(transfers);
        const uint32_t sources[2] = {SOURCE, VIA};
        for (int i = 0; i < 2; i++) {
            char sql[400];
            snprintf(sql, sizeof sql,
                     "SELECT t_ns FROM event e JOIN kind k USING (kind_id) WHERE k.name ="
                     " 'dequeue' AND e.chain = %u AND e.subject >> 32 = %u",
                     chain_of(256, VIA), chain_of(256, sources[i]));
            removed[cleanup][i] = transfers_query(transfers, sql);
        }
        done(transfers);
    }
    ck_assert_int_lt(removed[0][1], removed[0][0]);
    ck_assert_int_eq(removed[1][1], removed[1][0]);
    ck_assert_int_eq(removed[1][0], removed[0][0]);
}
END_TEST

/* TON-R30: a block that had no room to import claims nothing; what was in view comes later. */
START_TEST(a_watermark_does_not_cover_what_had_no_room)
{
    static struct limit_override_config limits[] = {{"0:0800000000000000", 450, 0}};
    for (int64_t cleanup = 0; cleanup < 2; cleanup++) {
        struct transfers *transfers = stack_of(16);
        uint32_t here = chain_of(16, 0);
        transfers->base->chain.limits_of = (struct param_list){.items = limits, .count = 1};
        transfers_set(&transfers->ledger, "gas_per_transfer", 1);
        transfers_set(&transfers->messaging_part, "dedup", 1);
        transfers_set(&transfers->messaging_part, "cleanup", cleanup);
        send_many(transfers, 100 * MS, 0, 1, 10);
        send_many(transfers, 1100 * MS, 2, 0, 3); /* in view at 3 s, when removals fill the block */
        run_whole(transfers);
        ck_assert_int_eq(rows(transfers, "dequeue", here, 3, chain_of(16, 1)), 4);
        ck_assert_int_eq(rows(transfers, "deliver", here, 3, here), 0);
        ck_assert_int_eq(counter(transfers, "messages_delivered"), 13);
        ck_assert_int_eq(counter(transfers, "duplicates_discarded"), 0);
        done(transfers);
    }
}
END_TEST

/* TON-R37: with more than 5 entries in its own queue a block takes no inputs; they wait at home.
 * The block that passes the limit may: it is looked at before. */
START_TEST(inputs_wait_while_the_own_queue_is_long)
{
    static struct limit_override_config limits[] = {{"0:0800000000000000", 3000, 0}};
    const int64_t queue_limits[] = {0, 5, 6}, longest[] = {30, 6, 9};
    for (int i = 0; i < 3; i++) {
        struct transfers *transfers = stack_of(16);
        struct fault_target target = {.type = TARGET_NODES, .role = "shard", .first = 1, .last = 1};
        struct fault_spec crash = {
            .type = FAULT_CRASH, .at_ns = 500 * MS, .for_ns = 20 * SECOND, .target = {&target, 1}};
        transfers->base->scenario.faults = (struct fault_plan){&crash, 1};
        transfers->base->chain.limits_of = (struct param_list){.items = limits, .count = 1};
        transfers_set(&transfers->messaging_part, "queue_limit", queue_limits[i]);
        send_many(transfers, 100 * MS, 0, 1, 30); /* room for 3 in a block */
        run_whole(transfers);
        char sql[200];
        snprintf(sql, sizeof sql, "SELECT max(value) FROM sample WHERE name = 'queue'");
        ck_assert_int_eq(transfers_query(transfers, sql), longest[i]);
        snprintf(sql, sizeof sql, "SELECT count(*) FROM message WHERE created_ns < %llu",
                 (unsigned long long)(20 * SECOND));
        ck_assert_int_eq(transfers_query(transfers, sql), longest[i]);
        ck_assert_int_eq(counter(transfers, "messages_delivered"), 30);
        done(transfers);
    }
}
END_TEST

/* TON-R35, TON-R36: inputs go on to the medium limit, messages stop at soft, and a block after one
 * that was dropped takes no inputs, but they come later. */
START_TEST(inputs_have_a_limit_of_their_own)
{
    for (int64_t drop_every = 0; drop_every <= 2; drop_every += 2) {
        struct transfers *transfers = stack_of(16);
        struct limit_config *limits = &transfers->base->chain.block_limit;
        limits->form = LIMIT_FORM_STEPPED;
        limits->gas_steps = (struct limit_steps_config){1, 3000, 9000}; /* medium 6000 */
        limits->bytes_steps = (struct limit_steps_config){1, 1000000, 1000000};
        limits->lt_steps = (struct limit_steps_config){1, 1000000, 1000000};
        transfers->base->chain.drop_every = drop_every;
        send_many(transfers, 100 * MS, 0, 1, 12); /* 1000 gas each, to execute and to import */
        run_whole(transfers);
        ck_assert_int_eq(counter(transfers, "messages_delivered"), 12);
        if (drop_every == 0) {
            ck_assert_int_eq(rows(transfers, "emit", chain_of(16, 0), 1, chain_of(16, 1)), 6);
            ck_assert_int_eq(rows(transfers, "deliver", chain_of(16, 1), 2, chain_of(16, 1)), 3);
        }
        done(transfers);
    }
}
END_TEST

CHECK_MAIN("block_procedure", a_quota_ends_the_import_from_all_neighbours,
           a_quota_in_bytes_counts_what_was_imported,
           own_messages_wait_while_a_quota_keeps_others_out,
           own_messages_are_delivered_at_once_when_all_is_imported,
           the_queue_is_cleaned_for_each_neighbour_in_turn,
           cleaning_stops_at_the_first_entry_not_processed, inputs_wait_while_the_own_queue_is_long,
           inputs_have_a_limit_of_their_own, a_watermark_does_not_cover_what_had_no_room)
