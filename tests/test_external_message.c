/* Goal: a message from outside is accepted only with its owner's signature over all of it, within
 * its gas (TON-14, TON-15, TON-17, TON-R49). Method: every field of a signed message changed once;
 * runs around each limit; both kinds of signature. */

#include "models/ledger/external_message.h"

#include <string.h>

#include "tests/check_main.h"

static struct tx sample(void)
{
    return (struct tx){.id = 7,
                       .submit_ns = 1000,
                       .bytes = 300,
                       .parts = 2,
                       .operation = TX_CALL,
                       .constructor = 3,
                       .work = 50,
                       .gas_limit = 9,
                       .part = {{{0, UINT64_C(0x123456789abcdef0)}, -5}, {{1, 77}, 5}}};
}

static struct tx signed_sample(enum signature_kind kind)
{
    struct tx tx = sample();
    unsigned char hash[OWNER_HASH_BYTES];
    external_hash(&tx, hash);
    owner_sign(kind, tx.part[0].account, hash, tx.signature);
    return tx;
}

static struct external_run run(enum signature_kind kind, const struct tx *tx, uint64_t credit,
                               uint64_t limit)
{
    struct external_code code = {.signatures = kind, .signature_gas = 100, .send_gas = 200};
    return external_execute(&code, tx, credit, limit);
}

/* TON-17: the signature is over everything, and nobody else's is one */
static void only_the_owner(enum signature_kind kind)
{
    struct tx tx = signed_sample(kind);
    ck_assert(run(kind, &tx, 1000, 1000).accepted);
    struct tx changed[17];
    for (unsigned i = 0; i < 17; i++)
        changed[i] = tx;
    changed[0].id++;
    changed[1].submit_ns++;
    changed[2].bytes++;
    changed[3].parts = 1;
    changed[4].operation = TX_LOG;
    changed[5].constructor++;
    changed[6].work++;
    changed[7].gas_limit++;
    changed[8].part[0].account.prefix ^= 1;
    changed[9].part[0].amount--;
    changed[10].part[1].account.workchain = 0;
    changed[11].part[1].amount++;
    changed[12].anycast_depth = 4;
    changed[13].signature[31] ^= 1;
    changed[14].argument++;
    changed[15].extra_currency[1] = 3;
    changed[16].extra_amount[0] = 9;
    for (unsigned i = 0; i < 17; i++) {
        struct external_run failed = run(kind, &changed[i], 1000, 1000);
        ck_assert_msg(!failed.accepted, "change %u was not seen", i);
        ck_assert_int_eq(failed.reason, REASON_SIGNATURE);
        ck_assert_uint_eq(failed.gas.used, 100);
    }
}

START_TEST(a_modelled_signature_is_the_owners)
{
    only_the_owner(SIGNATURE_MODELLED);
}
END_TEST

START_TEST(an_ed25519_signature_is_the_owners)
{
    only_the_owner(SIGNATURE_ED25519);
}
END_TEST

/* TON-15: up to the small limit; TON-R49: from acceptance on, up to what the balance buys */
START_TEST(a_run_ends_where_its_gas_does)
{
    struct tx tx = signed_sample(SIGNATURE_MODELLED); /* 100 + 200 + 50 */
    struct external_run whole = run(SIGNATURE_MODELLED, &tx, 350, 350);
    ck_assert(whole.accepted);
    ck_assert_int_eq(whole.reason, REASON_NONE);
    ck_assert_uint_eq(whole.gas.used, 350);
    struct external_run short_of_one = run(SIGNATURE_MODELLED, &tx, 349, 349);
    ck_assert(short_of_one.accepted);
    ck_assert_int_eq(short_of_one.reason, REASON_GAS);
    ck_assert_uint_eq(short_of_one.gas.used, 349);
    struct external_run longer = run(SIGNATURE_MODELLED, &tx, 100, 350);
    ck_assert(longer.accepted);
    ck_assert_int_eq(longer.reason, REASON_NONE);
    struct external_run nothing = run(SIGNATURE_MODELLED, &tx, 99, 350);
    ck_assert(!nothing.accepted);
    ck_assert_int_eq(nothing.reason, REASON_GAS);
}
END_TEST

CHECK_MAIN("external_message", a_modelled_signature_is_the_owners,
           an_ed25519_signature_is_the_owners, a_run_ends_where_its_gas_does)
