/* Goal: value is a list of currencies (TON-9): a transfer carries those that both workchains
 * support, and each is conserved by itself. Method: the whole stack under the real engine; scripted
 * transfers around each rule, random loads over two workchains, a rule broken on purpose. */

#include <string.h>
#include <unistd.h>

#include "models/ledger/accounts_fill.h"
#include "models/messaging/hypercube.h"
#include "models/workload/poisson.h"
#include "tests/check_main.h"
#include "tests/support_transfers.h"

#define MS UINT64_C(1000000)
#define SECOND (1000 * MS)
#define TX_PER_S INT64_C(1000000)
#define PERCENT INT64_C(10000000000)

/* Shards 0 to 3 are of workchain 0, 4 to 7 of workchain 3. Currency 21 is known in both, 7 only in
 * workchain 3. */
static int64_t only_3[] = {3};
static struct currency_config currencies[2] = {
    {.id = 21, .initial_balance = 50},
    {.id = 7, .initial_balance = 20, .workchains = {only_3, 1}},
};
static struct chain_workchain_config workchains[2] = {{.id = 0, .shards = 4},
                                                      {.id = 3, .shards = 4}};

static struct transfers *with_currencies(void)
{
    struct transfers *transfers = transfers_new();
    struct accounts_config *config = (struct accounts_config *)(void *)transfers->ledger.config;
    transfers_use(&transfers->messaging_part, &messaging_hypercube_model);
    config->currencies = (struct param_list){currencies, 2};
    transfers->base->chain.shards = 0;
    transfers->base->chain.workchains = (struct param_list){workchains, 2};
    return transfers;
}

static void step(struct transfers *transfers, uint64_t at_ns, int32_t from, int32_t to,
                 uint32_t currency, uint64_t amount)
{
    struct transfers_step *made = transfers_step(transfers, at_ns, from, 1, to, 1, 5);
    made->like.extra_currency[0] = currency;
    made->like.extra_amount[0] = amount;
}

static void run(struct transfers *transfers)
{
    transfers_run(transfers);
    ck_assert_msg(transfers->result.status == ENGINE_OK, "%s", transfers->result.violation);
}

/* TON-9: only currencies that both workchains support; what arrived can be spent, and no more. */
START_TEST(a_transfer_carries_currencies_that_both_workchains_support)
{
    struct transfers *transfers = with_currencies();
    static const enum tx_reason expected[] = {REASON_NONE,    REASON_CURRENCY, REASON_CURRENCY,
                                              REASON_NONE,    REASON_CURRENCY, REASON_BALANCE,
                                              REASON_BALANCE, REASON_NONE,     REASON_BALANCE};
    step(transfers, 0, 0, 4, 21, 50);            /* all that it has, to workchain 3 */
    step(transfers, 10 * MS, 1, 4, 7, 1);        /* the source does not know it */
    step(transfers, 10 * MS, 5, 1, 7, 1);        /* the destination does not */
    step(transfers, 10 * MS, 5, 6, 7, 20);       /* both do */
    step(transfers, 10 * MS, 5, 6, 99, 1);       /* nobody does */
    step(transfers, 10 * SECOND, 0, 4, 21, 1);   /* nothing is left */
    step(transfers, 10 * SECOND, 4, 0, 21, 101); /* one more than came and was */
    step(transfers, 20 * SECOND, 4, 0, 21, 100); /* all of it */
    step(transfers, 30 * SECOND, 6, 5, 7, 41);   /* 20 and 20 */
    run(transfers);
    for (uint32_t i = 0; i < 9; i++) {
        ck_assert_msg(transfers->results[i].reason == expected[i], "transfer %u: %u", i,
                      transfers->results[i].reason);
        ck_assert_uint_eq(transfers->results[i].outcome,
                          expected[i] == REASON_NONE ? OUTCOME_COMMITTED : OUTCOME_FAILED);
    }
    ck_assert_int_eq(transfers_counter(transfers, "ledger", "value_moved"), 3 * 5);
    transfers_free(transfers);
}
END_TEST

/* TON-9: a list of pairs; TON-12: each takes its bytes on the wire. */
START_TEST(a_message_may_carry_two_further_currencies_and_none_twice)
{
    char path[] = "/tmp/test_currency_books_XXXXXX";
    int file = mkstemp(path);
    ck_assert_int_ge(file, 0);
    close(file);
    struct transfers *transfers = with_currencies();
    transfers->database = path;
    step(transfers, 0, 4, 5, 21, 50);
    transfers->script[0].like.extra_currency[1] = 7;
    transfers->script[0].like.extra_amount[1] = 20;
    step(transfers, 0, 6, 5, 21, 10);
    transfers->script[1].like.extra_currency[1] = 21;
    transfers->script[1].like.extra_amount[1] = 10;
    step(transfers, 10 * SECOND, 5, 4, 21, 100);
    transfers->script[2].like.extra_currency[1] = 7;
    transfers->script[2].like.extra_amount[1] = 40;
    run(transfers);
    ck_assert_uint_eq(transfers->results[0].outcome, OUTCOME_COMMITTED);
    ck_assert_uint_eq(transfers->results[1].reason, REASON_CURRENCY);
    ck_assert_uint_eq(transfers->results[2].outcome, OUTCOME_COMMITTED);
    ck_assert_int_eq(transfers_query(transfers, "SELECT min(bytes) FROM message"), 100 + 2 * 12);
    unlink(path);
    transfers_free(transfers);
}
END_TEST

static struct transfers *random_load(uint64_t seed)
{
    struct transfers *transfers = with_currencies();
    struct transfers_part *poisson = transfers_workload(transfers, &workload_poisson_model);
    transfers->base->scenario.seed = seed;
    transfers->base->scenario.duration_ns = seed % 2 ? 120 * SECOND : 21 * SECOND;
    transfers_set(&transfers->ledger, "accounts_per_shard", 5);
    transfers_set(&transfers->messaging_part, "path", (int64_t)(seed % 3));
    transfers_set(poisson, "rate", 50 * TX_PER_S);
    transfers_set(poisson, "until", (int64_t)(20 * SECOND));
    transfers_set(poisson, "value.currency", seed % 4 == 3 ? 7 : 21);
    transfers_set(poisson, "value.share", 60 * PERCENT);
    transfers_set(poisson, "value.amount", 3);
    transfers_set(poisson, "value.from_masterchain", 10 * PERCENT);
    transfers->base->chain.drop_every = seed % 5 == 0 ? 3 : 0;
    return transfers;
}

/* TON-9: each currency is conserved, wherever the run ends. */
START_TEST(every_currency_is_conserved_to_the_unit)
{
    int64_t refused = 0;
    for (uint64_t seed = 1; seed <= 24; seed++) {
        struct transfers *transfers = random_load(seed);
        transfers_run(transfers);
        ck_assert_msg(transfers->result.status == ENGINE_OK, "seed %d: %s", (int)seed,
                      transfers->result.violation);
        ck_assert_int_gt(transfers_counter(transfers, "ledger", "transfers_credited"), 300);
        refused += transfers_counter(transfers, "ledger", "transfers_failed");
        transfers_free(transfers);
    }
    ck_assert_int_gt(refused, 500);
}
END_TEST

/* TON-9, TON-R57, TON-R58: balances in further currencies go with their accounts when shards split
 * and merge, and can be spent there. */
START_TEST(further_currencies_go_with_their_accounts_when_shards_split_and_merge)
{
    for (uint64_t seed = 1; seed <= 6; seed++) {
        bool splits = seed % 2;
        struct transfers *transfers = random_load(seed);
        struct transfers_part *poisson = &transfers->workload[0];
        transfers->base->chain.workchains = (struct param_list){NULL, 0};
        transfers->base->chain.shards = 8;
        transfers->base->chain.resharding =
            (struct reshard_config){.enabled = 1,
                                    .min_split = splits ? 5 : 0,
                                    .max_split = splits ? 6 : 1,
                                    .delay_ns = (int64_t)(2 * SECOND),
                                    .interval_ns = (int64_t)(20 * SECOND),
                                    .min_interval_ns = (int64_t)(5 * SECOND),
                                    .reserve_ns = (int64_t)(2 * SECOND)};
        transfers->base->scenario.duration_ns = seed < 5 ? 240 * SECOND : 61 * SECOND;
        transfers_set(&transfers->messaging_part, "path", 0);
        transfers_set(poisson, "until", (int64_t)(60 * SECOND));
        transfers_set(poisson, "value.currency", 21);
        transfers_set(poisson, "value.from_masterchain", 0);
        transfers_run(transfers);
        ck_assert_msg(transfers->result.status == ENGINE_OK, "seed %d: %s", (int)seed,
                      transfers->result.violation);
        ck_assert_int_gt(transfers_counter(transfers, "ledger", "transfers_credited"), 1000);
        ck_assert_int_gt(transfers_counter(transfers, "chain", splits ? "splits" : "merges"), 3);
        transfers_free(transfers);
    }
}
END_TEST

/* What was spent before a split is gone after it, what came is there, and nothing else. */
START_TEST(a_split_forgets_no_balance)
{
    struct transfers *transfers = with_currencies();
    transfers->base->chain.workchains = (struct param_list){NULL, 0};
    transfers->base->chain.shards = 4;
    transfers->base->chain.resharding =
        (struct reshard_config){.enabled = 1,
                                .min_split = 4,
                                .max_split = 6,
                                .delay_ns = (int64_t)(8 * SECOND),
                                .interval_ns = (int64_t)(20 * SECOND),
                                .min_interval_ns = (int64_t)(5 * SECOND),
                                .reserve_ns = (int64_t)(2 * SECOND)};
    transfers->base->scenario.duration_ns = 200 * SECOND;
    for (int32_t shard = 0; shard < 4; shard++)
        step(transfers, 0, shard, (shard + 1) % 4, 21, shard == 0 ? 50 : 20);
    static const uint64_t owned[4] = {20, 80, 50, 50}; /* 50 - 50 + 20, 50 - 20 + 50, 50, 50 */
    for (int32_t shard = 0; shard < 4; shard++)
        step(transfers, 150 * SECOND, shard, shard, 21, owned[shard] + 1);
    for (int32_t shard = 0; shard < 4; shard++)
        step(transfers, 160 * SECOND, shard, shard, 21, owned[shard]);
    for (uint32_t i = 0; i < 12; i++) { /* other accounts in each shard: for both halves */
        struct transfers_step *one = &transfers->script[i];
        one->from_account = 5 + 137 * (uint64_t)one->from_shard;
        one->to_account = 5 + 137 * (uint64_t)one->to_shard;
    }
    run(transfers);
    ck_assert_int_ge(transfers_counter(transfers, "chain", "splits"), 12);
    for (uint32_t i = 0; i < 12; i++)
        ck_assert_msg(transfers->results[i].reason ==
                          (i >= 4 && i < 8 ? REASON_BALANCE : REASON_NONE),
                      "transfer %u: reason %u", i, transfers->results[i].reason);
    transfers_free(transfers);
}
END_TEST

START_TEST(a_minted_unit_of_a_further_currency_is_found)
{
    struct transfers *transfers = random_load(1);
    transfers_set(&transfers->ledger, "break", ACCOUNTS_BREAK_MINT_FURTHER);
    transfers_run(transfers);
    ck_assert_int_eq(transfers->result.status, ENGINE_VIOLATION);
    ck_assert_msg(strstr(transfers->result.violation, "currency 21") != NULL, "%s",
                  transfers->result.violation);
    transfers_free(transfers);
}
END_TEST

/* A scenario that says a currency twice is refused. */
START_TEST(a_currency_is_described_once)
{
    struct transfers *transfers = with_currencies();
    struct diagnostics diagnostics = {0};
    const struct model *ledger = transfers->ledger.model;
    ledger->check(transfers->ledger.config, "/ledger", &diagnostics);
    ck_assert_uint_eq(diagnostics.errors, 0);
    struct currency_config twice[2] = {{.id = 5}, {.id = 5}};
    ((struct accounts_config *)(void *)transfers->ledger.config)->currencies.items = twice;
    ledger->check(transfers->ledger.config, "/ledger", &diagnostics);
    ck_assert_uint_eq(diagnostics.errors, 1);
    ck_assert_str_eq(diagnostics.list[0].code, "E310");
    diagnostics_free(&diagnostics);
    transfers_free(transfers);
}
END_TEST

CHECK_MAIN("currency_books", a_transfer_carries_currencies_that_both_workchains_support,
           a_message_may_carry_two_further_currencies_and_none_twice,
           every_currency_is_conserved_to_the_unit, a_split_forgets_no_balance,
           further_currencies_go_with_their_accounts_when_shards_split_and_merge,
           a_minted_unit_of_a_further_currency_is_found, a_currency_is_described_once)
