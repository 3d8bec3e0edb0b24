/* Goal: who is let in (TON-R48). Method: each limit reached and passed by one, alone; accounts and
 * chains do not share theirs; memory ends. */

#include "models/ledger/external_pool.h"

#include "tests/check_main.h"

#define SECOND UINT64_C(1000000000)

static struct memory memory;
static struct external_pools pools;
static struct external_limits limits;

static void set_up(void)
{
    memory = (struct memory){0};
    external_pools_init(&pools, &memory);
    limits = (struct external_limits){.bytes = 1000,
                                      .account_checks = 3,
                                      .window_ns = 10 * SECOND,
                                      .account_pending = 100,
                                      .pending = 100,
                                      .life_ns = 60 * SECOND};
}

static struct tx message(uint64_t account, uint64_t submit_ns)
{
    return (struct tx){.bytes = 100, .submit_ns = submit_ns, .part[0].account.prefix = account};
}

static enum tx_reason judge(uint32_t chain, uint64_t account, uint64_t now_ns, uint64_t hash)
{
    struct tx tx = message(account, now_ns);
    return external_pool_judge(&pools, external_pool_get(&pools, chain), &limits, now_ns, &tx,
                               hash);
}

static void admit(uint32_t chain, uint64_t account, uint64_t now_ns, uint64_t hash)
{
    struct tx tx = message(account, now_ns);
    external_pool_admit(&pools, external_pool_get(&pools, chain), &limits, now_ns, &tx, hash);
}

/* TON-R48: so many checks of one account in a window */
START_TEST(one_account_is_checked_so_often_in_a_window)
{
    set_up();
    for (uint64_t i = 0; i < 3; i++)
        ck_assert_int_eq(judge(1, 5, 12 * SECOND + i, i), REASON_NONE);
    ck_assert_int_eq(judge(1, 5, 19 * SECOND, 9), REASON_RATE);
    ck_assert_int_eq(judge(1, 6, 19 * SECOND, 9), REASON_NONE); /* another account */
    ck_assert_int_eq(judge(1, 5, 20 * SECOND, 9), REASON_NONE); /* the next window */
    external_pools_destroy(&pools);
    ck_assert_uint_eq(memory.used_bytes, 0);
}
END_TEST

/* TON-R48: so many of one address wait, and so many altogether */
START_TEST(so_many_may_wait)
{
    set_up();
    limits.account_pending = 2;
    limits.pending = 3;
    admit(1, 5, SECOND, 1);
    admit(1, 5, SECOND, 2);
    ck_assert_int_eq(judge(1, 5, SECOND, 3), REASON_PENDING);
    ck_assert_int_eq(judge(1, 6, SECOND, 3), REASON_NONE);
    admit(1, 6, SECOND, 3);
    ck_assert_int_eq(judge(1, 7, SECOND, 4), REASON_POOL);
    ck_assert_int_eq(judge(2, 7, SECOND, 4), REASON_NONE); /* another chain's pool */
    struct tx tx = message(5, SECOND);
    external_pool_leave(&pools, external_pool_get(&pools, 1), &tx);
    ck_assert_int_eq(judge(1, 5, SECOND, 4), REASON_NONE);
    external_pools_destroy(&pools);
}
END_TEST

/* TON-R48: size, and a message only once */
START_TEST(a_message_is_let_in_once_and_not_too_large)
{
    set_up();
    struct external_pool *pool = external_pool_get(&pools, 1);
    struct tx tx = message(5, SECOND);
    tx.bytes = 1001;
    ck_assert_int_eq(external_pool_judge(&pools, pool, &limits, SECOND, &tx, 1), REASON_BYTES);
    tx.bytes = 1000;
    ck_assert_int_eq(external_pool_judge(&pools, pool, &limits, SECOND, &tx, 1), REASON_NONE);
    ck_assert_int_eq(judge(1, 5, SECOND, 1), REASON_NONE); /* checked, but not let in */
    admit(1, 5, SECOND, 1);
    ck_assert_int_eq(judge(1, 6, SECOND, 1), REASON_REPEATED);
    ck_assert(external_pool_taken(&pools, 1));
    ck_assert(!external_pool_taken(&pools, 1));
    /* It is remembered while it could live, and not for ever. */
    ck_assert_int_eq(judge(1, 6, 121 * SECOND, 1), REASON_REPEATED);
    ck_assert_int_eq(judge(1, 6, 121 * SECOND + 1, 1), REASON_NONE);
    external_pools_destroy(&pools);
}
END_TEST

START_TEST(an_old_message_is_not_let_in)
{
    set_up();
    struct external_pool *pool = external_pool_get(&pools, 1);
    struct tx tx = message(5, SECOND);
    ck_assert_int_eq(external_pool_judge(&pools, pool, &limits, 61 * SECOND, &tx, 1), REASON_NONE);
    ck_assert_int_eq(external_pool_judge(&pools, pool, &limits, 61 * SECOND + 1, &tx, 1),
                     REASON_EXPIRED);
    external_pools_destroy(&pools);
}
END_TEST

/* TON-R57: what waits goes with its account, what is remembered stays remembered */
START_TEST(pools_are_divided_and_united)
{
    set_up();
    limits.pending = 2;
    admit(1, 5, SECOND, 1);
    admit(1, 6, SECOND, 2);
    admit(2, 7, SECOND, 3);
    struct external_pool *old = external_pool_get(&pools, 1);
    struct external_pool *young = external_pool_get(&pools, 2);
    ck_assert_ptr_null(external_pool_find(&pools, 3));
    external_pool_move(old, young);
    external_pool_inherit(&pools, old, young);
    ck_assert_int_eq(judge(2, 8, SECOND, 4), REASON_POOL);
    ck_assert_int_eq(judge(1, 8, SECOND, 4), REASON_NONE);
    ck_assert_int_eq(judge(1, 8, 121 * SECOND, 1), REASON_REPEATED);
    ck_assert_int_eq(judge(1, 8, 121 * SECOND + 1, 1), REASON_REPEATED); /* not its to forget */
    ck_assert_int_eq(judge(2, 8, 121 * SECOND + 1, 4), REASON_POOL);
    for (uint64_t hash = 1; hash <= 3; hash++)
        ck_assert_int_eq(judge(1, 8, 121 * SECOND + 2, hash), REASON_NONE);
    external_pools_destroy(&pools);
    ck_assert_uint_eq(memory.used_bytes, 0);
}
END_TEST

CHECK_MAIN("external_pool", pools_are_divided_and_united,
           one_account_is_checked_so_often_in_a_window, so_many_may_wait,
           a_message_is_let_in_once_and_not_too_large, an_old_message_is_not_let_in)
