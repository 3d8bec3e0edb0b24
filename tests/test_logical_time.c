/* Goal: logical time follows TON-R13 and TON-R14. Method: block starts exhaustively around
 * multiples of a step; random blocks of transactions against a slow version that keeps lists, the
 * seed is printed when it fails. */

#include "models/messaging/logical_time.h"

#include "sim/rng.h"
#include "tests/check_main.h"

enum { ACCOUNTS = 5, TRANSACTIONS = 40, ROUNDS = 400 };

/* TON-R13: rounded up to a step, later than all that the block follows; 0 becomes one step. */
START_TEST(a_block_starts_at_the_next_step_above_all_it_follows)
{
    const uint64_t near[] = {0, 1, 2, 999999, 1000000, 1000001, 1999999, 2000000, 7000001};
    const unsigned count = sizeof near / sizeof near[0];
    for (unsigned a = 0; a < count; a++)
        for (unsigned b = 0; b < count; b++)
            for (unsigned c = 0; c < count; c++) {
                uint64_t start = lt_block_start(near[a], near[b], near[c]), slow = 0;
                while (slow <= near[a] || slow <= near[b] || slow <= near[c])
                    slow += LT_STEP;
                ck_assert_uint_eq(start, slow);
                ck_assert(lt_start_valid(start, near[a], near[b], near[c]));
                ck_assert(!lt_start_valid(start + 1, near[a], near[b], near[c]));
                ck_assert(!lt_start_valid(start - LT_STEP, near[a], near[b], near[c]));
            }
}
END_TEST

/* TON-R13: validators allow four steps. */
START_TEST(a_block_that_starts_too_late_is_not_valid)
{
    ck_assert(lt_start_valid(5000000, 1000000, 0, 999));
    ck_assert(!lt_start_valid(6000000, 1000000, 0, 999));
    ck_assert(lt_start_valid(6000000, 1000000, 2000000, 999));
    ck_assert(!lt_start_valid(2000000, 0, 0, 2000000));
}
END_TEST

struct slow_account {
    uint64_t end_lt;
    uint32_t produced;
};

/* The rule's words: the larger of the two, unless a message or the messages before are later. */
static uint64_t slow_lt(const struct slow_account *account, uint64_t start_lt, uint64_t after_lt)
{
    uint64_t lt = start_lt + 1 > account->end_lt ? start_lt + 1 : account->end_lt;
    return after_lt >= lt ? after_lt + 1 : lt;
}

/* TON-R14 */
START_TEST(transactions_and_messages_have_the_times_of_the_rule)
{
    struct memory memory = {0};
    struct lt_book book;
    lt_book_init(&book, &memory);
    for (uint32_t round = 0; round < ROUNDS; round++) {
        const struct rng rng = {.seed = round + 1, .replication = 0};
        struct rng_stream stream;
        rng_stream_at(&stream, &rng, RNG_TEST, round, 0);
        struct slow_account slow[ACCOUNTS] = {{0, 0}};
        uint64_t start_lt = (1 + rng_below(&stream, 9)) * LT_STEP, end_lt = start_lt + 1;
        lt_book_open(&book, start_lt);
        ck_assert_uint_eq(book.end_lt, start_lt + 1);
        for (uint32_t i = 0; i < TRANSACTIONS; i++) {
            uint64_t account = rng_below(&stream, ACCOUNTS);
            /* A message of an earlier block, or one of this block. */
            uint64_t after_lt = rng_below(&stream, 2) ? start_lt - rng_below(&stream, 9)
                                                      : start_lt + rng_below(&stream, 30);
            bool external = rng_below(&stream, 2) == 1;
            uint64_t lt = external ? lt_book_external(&book, account, after_lt)
                                   : lt_book_internal(&book, account, after_lt);
            ck_assert_msg(lt == slow_lt(&slow[account], start_lt, after_lt), "seed %u", round + 1);
            uint64_t messages = rng_below(&stream, 4);
            for (uint64_t m = 0; m < messages; m++) {
                ck_assert_msg(lt_book_emit(&book) == lt + 1 + m, "seed %u", round + 1);
                ck_assert_uint_eq(lt_book_produce(&book, account), slow[account].produced++);
            }
            slow[account].end_lt = lt + 1 + messages;
            if (slow[account].end_lt > end_lt)
                end_lt = slow[account].end_lt;
            ck_assert_msg(book.end_lt == end_lt, "seed %u", round + 1);
        }
    }
    lt_book_destroy(&book);
    ck_assert_uint_eq(memory.used_bytes, 0);
}
END_TEST

/* TON-R14: "one account's messages have strictly increasing lt", and only its own count. */
START_TEST(accounts_do_not_wait_for_each_other)
{
    struct memory memory = {0};
    struct lt_book book;
    lt_book_init(&book, &memory);
    lt_book_open(&book, LT_STEP);
    ck_assert_uint_eq(lt_book_external(&book, 1, 0), LT_STEP + 1);
    ck_assert_uint_eq(lt_book_emit(&book), LT_STEP + 2);
    ck_assert_uint_eq(lt_book_emit(&book), LT_STEP + 3);
    ck_assert_uint_eq(lt_book_external(&book, 2, 0), LT_STEP + 1);
    ck_assert_uint_eq(lt_book_emit(&book), LT_STEP + 2);
    ck_assert_uint_eq(lt_book_external(&book, 1, 0), LT_STEP + 4);
    lt_book_note(&book, 3, LT_STEP + 9); /* TON-R38: what it sent is emitted now */
    ck_assert_uint_eq(lt_book_external(&book, 3, 0), LT_STEP + 10);
    ck_assert_uint_eq(book.end_lt, LT_STEP + 11);
    lt_book_open(&book, 2 * LT_STEP); /* of another block: nothing is left of this one */
    ck_assert_uint_eq(lt_book_external(&book, 3, 0), 2 * LT_STEP + 1);
    ck_assert_uint_eq(lt_book_produce(&book, 1), 0);
    ck_assert_uint_eq(lt_book_produce(&book, 1), 1);
    lt_book_destroy(&book);
    ck_assert_uint_eq(memory.used_bytes, 0);
}
END_TEST

START_TEST(a_book_has_room_for_any_number_of_accounts)
{
    for (int how = 0; how < 3; how++) {
        struct memory memory = {0};
        struct lt_book book;
        lt_book_init(&book, &memory);
        lt_book_open(&book, LT_STEP);
        for (uint64_t account = 0; account < 1000; account++)
            switch (how) {
            case 0:
                ck_assert_uint_eq(lt_book_produce(&book, account), 0);
                break;
            case 1:
                lt_book_note(&book, account, LT_STEP + account);
                ck_assert_uint_eq(book.end_lt, LT_STEP + account + 1);
                break;
            case 2:
                ck_assert_uint_eq(lt_book_internal(&book, account, 0), LT_STEP + 1);
                break;
            }
        lt_book_destroy(&book);
        ck_assert_uint_eq(memory.used_bytes, 0);
    }
}
END_TEST

CHECK_MAIN("logical_time", a_block_starts_at_the_next_step_above_all_it_follows,
           a_block_that_starts_too_late_is_not_valid,
           transactions_and_messages_have_the_times_of_the_rule,
           accounts_do_not_wait_for_each_other, a_book_has_room_for_any_number_of_accounts)
