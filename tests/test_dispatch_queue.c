/* Goal: deferred messages (TON-R38) come back as the rule says, in their senders' order, none lost
 * and none twice. Method: a toy ledger whose accounts emit very many messages in one block, the
 * trace rows of a result database counted by block against the numbers of the rule. */

#include <sqlite3.h>
#include <stdio.h>
#include <unistd.h>

#include "models/messaging/dispatch_rules.h"
#include "sim/log.h"
#include "tests/check_main.h"
#include "tests/run_log.h"
#include "tests/support_cube.h"

static char path[64];

static struct support_stack *stack_with(int64_t defer_after)
{
    struct support_stack *support = stack_of(16, SLOW);
    support_stack_set(support, "defer_after", defer_after);
    support->chain.block_limit.gas = 2000000000;
    support->chain.block_limit.bytes = 1 << 30;
    return support;
}

static void run_logged(struct support_stack *support)
{
    snprintf(path, sizeof path, "/tmp/test_dispatch_queue_%d.db", (int)getpid());
    support->options.log = run_log_open(path, LOG_ALL);
    support_stack_run(support);
    run_log_close(support->options.log, 0);
    expect_held(support);
    ck_assert_uint_eq(support->undo_errors, 0);
}

static int64_t ask(const char *sql)
{
    sqlite3 *database;
    sqlite3_stmt *statement;
    ck_assert_int_eq(sqlite3_open_v2(path, &database, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    ck_assert_int_eq(sqlite3_prepare_v2(database, sql, -1, &statement, NULL), SQLITE_OK);
    ck_assert_int_eq(sqlite3_step(statement), SQLITE_ROW);
    int64_t value = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    sqlite3_close(database);
    return value;
}

/* Rows of a kind in the block made at `slot`. */
static int64_t rows(const char *kind, uint64_t slot)
{
    char sql[300];
    snprintf(sql, sizeof sql,
             "SELECT count(*) FROM event e JOIN kind k USING (kind_id) WHERE k.layer = 'messaging'"
             " AND k.name = '%s' AND e.t_ns = %llu",
             kind, (unsigned long long)(slot * SECOND + 100 * MS));
    return ask(sql);
}

static void done(struct support_stack *support)
{
    unlink(path);
    support_stack_free(support);
}

/* TON-R38: ten go out, the others wait; then 1, 20 and 10 in each block, of one sender that began
 * it all itself. */
START_TEST(one_sender_gets_thirty_one_messages_into_a_block)
{
    struct support_stack *support = stack_with(10);
    support_stack_job(support, 300 * MS, 0, 300, 1);
    run_logged(support);
    ck_assert_int_eq(rows("enqueue", 1), 10);
    ck_assert_int_eq(rows("defer", 1), 290);
    for (uint64_t slot = 2; slot <= 10; slot++) {
        ck_assert_int_eq(rows("dispatch", slot), 31);
        ck_assert_int_eq(rows("enqueue", slot), 31);
        ck_assert_int_eq(rows("deliver", slot + 1), 31);
    }
    ck_assert_int_eq(rows("dispatch", 11), 290 - 9 * 31);
    ck_assert_uint_eq(counter(support, "messages_deferred"), 290);
    ck_assert_uint_eq(support->received, 300);
    ck_assert_uint_eq(counter(support, "queued"), 0);
    done(support);
}
END_TEST

/* TON-R38: the longer the own queue, the fewer; here the neighbour is away and it only grows. */
START_TEST(a_long_queue_takes_fewer_deferred_messages)
{
    struct support_stack *support = stack_with(10);
    struct fault_target target = {.type = TARGET_NODES, .role = "shard", .first = 1, .last = 1};
    struct fault_spec crash = {
        .type = FAULT_CRASH, .at_ns = 500 * MS, .target = {.targets = &target, .count = 1}};
    support->scenario.faults = (struct fault_plan){&crash, 1};
    support->scenario.duration_ns = 110 * SECOND;
    support_stack_job(support, 300 * MS, 0, 4000, 1);
    run_logged(support);
    int64_t queue = 10;
    uint32_t seen[3] = {0, 0, 0};
    for (uint64_t slot = 2; slot <= 100; slot++) {
        queue += 1 + 20;
        int64_t more = queue <= 256 ? 10 : queue <= 512 ? 2 : queue <= 1500 ? 1 : 0;
        queue += more;
        seen[more == 10 ? 0 : more == 2 ? 1 : 2]++;
        ck_assert_int_eq(rows("dispatch", slot), 21 + more);
    }
    ck_assert(seen[0] > 0 && seen[1] > 0 && seen[2] > 0);
    /* TON-R38: "or the out queue exceeds 256": of the same transaction. TON-3: nothing is lost. */
    ck_assert_uint_eq(counter(support, "messages_deferred"), 3990);
    ck_assert_int_eq(ask("SELECT count(*) FROM message"), 4000);
    done(support);
}
END_TEST

/* TON-R38: "or the out queue exceeds 256". */
START_TEST(messages_are_deferred_when_the_queue_is_long)
{
    struct support_stack *support = stack_with(1000);
    support_stack_job(support, 300 * MS, 0, 300, 1);
    run_logged(support);
    ck_assert_int_eq(rows("enqueue", 1), 257);
    ck_assert_int_eq(rows("defer", 1), 43);
    ck_assert_uint_eq(support->received, 300);
    done(support);
}
END_TEST

/* TON-R38: at most 150 in all in the second pass and in the third; and a block that had to stop for
 * that wants a split (TON-R55). */
START_TEST(many_senders_share_the_total)
{
    struct support_stack *support = stack_with(10);
    support->senders = 20;
    support_stack_job(support, 300 * MS, 0, 2000, 1);
    run_logged(support);
    /* Each of 20 accounts makes 100, in transactions of 5; the eleventh is the first of one. */
    ck_assert_int_eq(rows("defer", 1), 2000 - 20 * 11);
    /* Queue 220; 20 and 150 more make 390, so two of each initiator follow. */
    ck_assert_int_eq(rows("dispatch", 2), 20 + 150 + 2 * 20);
    ck_assert(support->blocks[1].dispatch_full && support->blocks[1].overloaded);
    uint32_t full = 0;
    for (uint32_t i = 0; i < support->block_count; i++) {
        ck_assert(!support->blocks[i].dispatch_full || support->blocks[i].overloaded);
        full += support->blocks[i].dispatch_full;
    }
    ck_assert_uint_gt(full, 2);
    ck_assert(!support->blocks[support->block_count - 1].overloaded);
    ck_assert_uint_eq(support->received, 2000);
    done(support);
}
END_TEST

/* TON-R38: an initiator is the account that began it all, not the sender: two accounts of shard 1
 * make 100 messages each because one of shard 0 sent them something. */
START_TEST(messages_that_follow_from_one_input_have_one_initiator)
{
    struct support_stack *support = stack_with(10);
    support->relays = 100;
    support_stack_job(support, 300 * MS, 0, 2, 1);
    run_logged(support);
    ck_assert_int_eq(rows("defer", 2), 200 - 2 * 10);
    ck_assert_int_eq(rows("dispatch", 3), 2 + 20 + 10);
    ck_assert_int_eq(rows("dispatch", 4), 2 + 20 + 10);
    ck_assert_uint_eq(support->received, 202);
    done(support);
}
END_TEST

/* TON-29, TON-R38: a sender's messages keep their order, whatever waits: later ones wait behind
 * deferred ones. To the own shard and others, with dropped blocks, little room and either kind of
 * logical time. */
START_TEST(a_sender_keeps_its_order_and_nothing_is_lost)
{
    for (int64_t lt = 0; lt < 2; lt++)
        for (int64_t gas = 5000; gas <= 45000; gas += 20000)
            for (uint32_t senders = 1; senders <= 5; senders += 2) {
                struct support_stack *support = stack_with(3);
                support_stack_set(support, "lt", lt);
                support->senders = senders;
                support->chain.block_limit.gas = gas;
                support->chain.drop_every = 3;
                support->scenario.duration_ns = 400 * SECOND;
                for (uint64_t i = 0; i < 12; i++)
                    support_stack_job(support, (1 + i) * 700 * MS, 0, 25, (int32_t)(i % 3));
                support_stack_run(support);
                expect_held(support);
                ck_assert_uint_eq(support->undo_errors, 0);
                ck_assert_uint_gt(counter(support, "messages_deferred"), 50);
                ck_assert_uint_eq(support->received, 300);
                ck_assert_uint_eq(counter(support, "queued"), 0);
                support_stack_free(support);
            }
}
END_TEST

CHECK_MAIN("dispatch_queue", one_sender_gets_thirty_one_messages_into_a_block,
           a_long_queue_takes_fewer_deferred_messages, messages_are_deferred_when_the_queue_is_long,
           many_senders_share_the_total, messages_that_follow_from_one_input_have_one_initiator,
           a_sender_keeps_its_order_and_nothing_is_lost)
