/* explain on event rows made by hand: which rows are steps of a message or a transaction, when the
 * block of a step was made, and what is said of it. Kinds have the numbers that the engine gives:
 * below 64 in the low byte for packets, from 64 timers, from 128 what is traced. */

#include "analysis/explain.h"
#include "tests/check_main.h"
#include "tests/support_database.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char folder[64];

static const char kinds[] =
    "INSERT INTO kind (kind_id, name, layer) VALUES (257, 'vote', 'chain'),"
    " (321, 'final', 'chain'), (384, 'block', 'chain'), (385, 'final', 'chain'),"
    " (768, 'entries', 'messaging'), (771, 'proof', 'messaging'), (772, 'confirm', 'messaging'),"
    " (832, 'resend', 'messaging'), (834, 'stopped', 'messaging'), (896, 'emit', 'messaging'),"
    " (897, 'enqueue', 'messaging'), (899, 'deliver', 'messaging'), (903, 'confirm', 'messaging'),"
    " (1152, 'debit', 'ledger'), (1156, 'call', 'ledger'), (1157, 'bounce', 'ledger'),"
    " (1280, 'submit', 'atomic'), (4224, 'packet_dropped', 'network'),"
    " (4225, 'fault_begins', 'network');"
    "INSERT INTO code VALUES ('event.drop_reason', 1, 'loss'), ('tx.reason', 1, 'signature');"
    "INSERT INTO entity VALUES (49, 'shard', 'shard:0', 48), (65, 'shard', 'shard:1', 64),"
    " (81, 'validator', 'validator:0', 48), (82, 'validator', 'validator:1', 48);";

/* Message 7 is made in block 100 of chain 3 and delivered in block 200 of chain 4. Block 100
 * becomes final by a vote (event 20) that is 300 ms younger than the block and itself caused by an
 * event that is no slot, together with its ancestor, block 99; block 101 stands already. Columns as
 * in the layout. */
static const char steps[] =
    "INSERT INTO event VALUES (9, 900000000, 384, 49, NULL, 3, 99, 8, 0, 0),"
    " (10, 1000000000, 384, 49, NULL, 3, 100, 8, 0, 0),"
    " (15, 1250000000, 257, 82, 81, 3, 99, 10, 0, 0),"
    " (19, 1260000000, 384, 49, NULL, 3, 101, 8, 0, 0),"
    " (20, 1300000000, 257, 81, 82, 3, 100, 15, 0, 0),"
    " (21, 1300000000, 385, 49, NULL, 3, 99, 20, 0, 0),"
    " (22, 1300000000, 385, 49, NULL, 3, 100, 20, 0, 0),"
    " (23, 1300000000, 896, 49, NULL, 3, 7, 20, 512, 4),"
    " (24, 1300000000, 897, 49, NULL, 3, 7, 20, 512, 4),"
    " (30, 1400000000, 771, 65, 49, 3, 7, 20, 700, 0),"
    " (31, 1500000000, 384, 65, NULL, 4, 200, 29, 0, 0),"
    " (40, 2000000000, 321, 65, NULL, 4, 200, 31, 0, 0),"
    " (41, 2000000000, 385, 65, NULL, 4, 200, 40, 0, 0),"
    " (42, 2000000000, 899, 65, NULL, 4, 7, 40, 512, 2),"
    " (43, 2100000000, 772, 49, 65, 4, 7, 40, 0, 0),"
    " (44, 2200000000, 903, 49, NULL, 3, 7, 20, 0, 0)";

static void make(void)
{
    const struct support_run run = {.run_key = "1",
                                    .config_hash = "c",
                                    .result_hash = "r",
                                    .experiment = "e",
                                    .status = "ok",
                                    .sim_end_ns = 10000000000};
    support_folder(folder);
    sqlite3 *database = support_database(folder, "a.db", &run);
    support_sql(database, "%s", kinds);
    support_sql(database, "%s", steps);
    support_message(database, 7, 1000, 2000, 2, 1);
    support_sql(
        database,
        "INSERT INTO tx VALUES (5, NULL, 3, 1, 1000000000, NULL, NULL, 1500000000, 1, NULL),"
        " (6, NULL, 3, 2, 1000000000, NULL, NULL, 1102000000, 3, 1)");
    support_close(database);
}

static void add(const char *sql)
{
    char path[128];
    sqlite3 *database = NULL;
    snprintf(path, sizeof path, "%s/a.db", folder);
    ck_assert_int_eq(sqlite3_open(path, &database), SQLITE_OK);
    support_sql(database, "%s", sql);
    ck_assert_int_eq(sqlite3_close(database), SQLITE_OK);
}

/* What explain prints, to be freed. */
static char *told(const char *option, const char *id)
{
    char path[128];
    int code = 0;
    snprintf(path, sizeof path, "%s/a.db", folder);
    char *text = support_printed(folder, explain_run,
                                 (const char *const[]){"explain", path, option, id, NULL}, &code);
    ck_assert_int_eq(code, 0);
    return text;
}

static void expect(const char *option, const char *id, const char *text)
{
    char *all = told(option, id);
    ck_assert_str_eq(all, text);
    free(all);
}

START_TEST(the_steps_of_a_message_add_up_to_its_latency)
{
    make();
    expect(
        "--message", "7",
        "message 7: 512 bytes from shard:0 to shard:1, delivered by the instant path, 1 hop, "
        "1.000000 s from its creation\n\n"
        "        1.000000 s               slot of shard:0 (shard:0): its block is made\n"
        "        1.300000 s   +0.300000   made for shard:1; the block of shard:0 that holds it is "
        "final\n"
        "        1.300000 s   +0.000000   stands in the output queue of shard:0, next hop "
        "shard:1\n"
        "        1.400000 s   +0.100000   the instant copy reaches shard:1 from shard:0 with its "
        "Merkle proof, 700 bytes\n"
        "        1.500000 s   +0.100000   slot of shard:1 (shard:1): its block is made\n"
        "        2.000000 s   +0.500000   DELIVERED by shard:1 over the instant path, in a block "
        "that is now final\n"
        "        2.100000 s   +0.100000   the confirmation of its delivery reaches shard:0\n"
        "        2.200000 s   +0.100000   shard:0 keeps in mind that its delivery is proven\n");
    support_remove(folder);
}
END_TEST

static size_t lines_with(const char *text, const char *words)
{
    size_t count = 0;
    for (const char *at = text; (at = strstr(at, words)) != NULL; at += strlen(words))
        count++;
    return count;
}

START_TEST(lost_packets_about_a_block_or_of_validators_are_no_steps_of_the_message)
{
    make();
    /* Block 7 of chain 3 becomes final, and the packet with its entries is lost; so are an answer
     * to entries, and a vote on block 7. */
    add("INSERT INTO event VALUES (50, 3000000000, 321, 49, NULL, 3, 7, 1, 0, 0),"
        " (51, 3000000000, 385, 49, NULL, 3, 7, 50, 0, 0),"
        " (52, 3100000000, 4224, 65, 49, 3, 7, 50, 900, 1),"
        " (53, 3200000000, 768, 65, 49, 3, 8, 50, 900, 0),"
        " (54, 3300000000, 4224, 49, 65, 4, 7, 53, 64, 1),"
        " (55, 3400000000, 4224, 81, 82, 3, 7, 1, 64, 1),"
        " (56, 3500000000, 768, 65, 49, 3, 7, 50, 900, 0)");
    char *text = told("--message", "7");
    ck_assert_uint_eq(lines_with(text, " arrives at "), 0);
    ck_assert_uint_eq(lines_with(text, "is lost"), 0);
    free(text);
    /* Its own copies: from the block that made it, and sent again when a timer fired. */
    add("INSERT INTO event VALUES (60, 1350000000, 4224, 65, 49, 3, 7, 20, 700, 1),"
        " (61, 4000000000, 832, 49, NULL, 3, 0, 1, 0, 0),"
        " (62, 4100000000, 4224, 65, 49, 3, 7, 61, 700, 1),"
        " (63, 4200000000, 771, 65, 49, 3, 7, 61, 700, 1)");
    text = told("--message", "7");
    ck_assert_uint_eq(lines_with(text, "a packet from shard:0 to shard:1 is lost (loss)"), 2);
    ck_assert_uint_eq(lines_with(text, "again, sent for the 2. time, 700 bytes"), 1);
    free(text);
    support_remove(folder);
}
END_TEST

START_TEST(the_copy_of_a_message_that_block_7_itself_made_is_its_own)
{
    make();
    add("UPDATE event SET subject = 7 WHERE subject = 100;"
        "INSERT INTO event VALUES (60, 1350000000, 4224, 65, 49, 3, 7, 20, 700, 1)");
    char *text = told("--message", "7");
    ck_assert_uint_eq(lines_with(text, "is lost"), 1);
    free(text);
    support_remove(folder);
}
END_TEST

START_TEST(timers_and_faults_of_the_same_number_are_no_steps)
{
    make();
    char *before = told("--message", "7");
    add("INSERT INTO event VALUES (70, 5000000000, 834, 49, NULL, 3, 7, 1, 0, 0),"
        " (71, 5100000000, 4225, 49, NULL, 3, 7, 1, 0, 0)");
    expect("--message", "7", before);
    free(before);
    support_remove(folder);
}
END_TEST

START_TEST(a_transaction_is_told_with_what_contracts_do)
{
    make();
    add("INSERT INTO event VALUES (80, 1010000000, 1280, 49, NULL, 3, 5, 1, 576, 0),"
        " (81, 1500000000, 1152, 49, NULL, 3, 5, 1, 0, 12),"
        " (82, 1500000000, 1156, 49, NULL, 3, 5, 1, 0, 12),"
        " (83, 1500000000, 1157, 49, NULL, 3, 6, 1, 0, 12);"
        "INSERT INTO tx_phase VALUES (5, 'ledger', 'wait', 500000000)");
    expect(
        "--tx", "5",
        "transaction 5 (?): from shard:0, 1 chain, final, 0.500000 s from submission to the last "
        "final block; submitted at 1.000000 s\n\n"
        "  ledger     wait           0.500000 s  100.0 %\n\n"
        "        1.010000 s               reaches its home shard shard:0, 576 bytes\n"
        "        1.500000 s   +0.490000   shard:0 executes it: the sender is debited 12\n"
        "        1.500000 s   +0.000000   shard:0 runs the contract that it is for, with 12\n");
    expect("--tx", "6",
           "transaction 6 (?): from shard:0, 2 chains, aborted (signature), 0.102000 s from "
           "submission to its end; submitted at 1.000000 s\n\n\n"
           "        1.500000 s               the contract at shard:0 does not take it: its 12 "
           "bounces\n");
    support_remove(folder);
}
END_TEST

CHECK_MAIN("explain", the_steps_of_a_message_add_up_to_its_latency,
           lost_packets_about_a_block_or_of_validators_are_no_steps_of_the_message,
           the_copy_of_a_message_that_block_7_itself_made_is_its_own,
           timers_and_faults_of_the_same_number_are_no_steps,
           a_transaction_is_told_with_what_contracts_do)
