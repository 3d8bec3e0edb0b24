/* Goal: wildcard messages reach the nearest instance of the global contract, instances believe
 * instances only, and one in the masterchain tells every shard (TON-23 to TON-25, TON-R53). Method:
 * the whole stack under the real engine with scripted messages; the property broken on purpose. */

#include "tests/check_main.h"

#include <stdio.h>
#include <string.h>

#include "models/ledger/contract_code.h"
#include "models/ledger/contract_params.h"
#include "models/messaging/hypercube.h"
#include "tests/contract_fixture.h"
#include "tests/support_transfers.h"

#define MS UINT64_C(1000000)
#define SECOND (1000 * MS)

/* TON-24, TON-R53: the sender's own shard has an instance; with depth 0 it is one account */
START_TEST(a_wildcard_message_stays_in_the_senders_shard)
{
    for (int depth = 0; depth <= 30; depth += 15) {
        struct transfers *transfers = priced();
        transfers_set(&transfers->ledger, "contracts.share_every", 0);
        for (int32_t shard = 0; shard < 4; shard++) {
            struct transfers_step *step = transfers_step(transfers, 0, shard, 1, 0, 0, 5000);
            step->contract = CONTRACT_GLOBAL;
            step->like.operation = TX_WILDCARD;
            step->like.constructor = METHOD_ASK;
            step->like.anycast_depth = (uint8_t)depth;
        }
        transfers_run(transfers);
        assert_ok(transfers);
        int away = 0;
        for (uint32_t i = 0; i < 4; i++) {
            ck_assert_uint_eq(transfers->results[i].outcome, OUTCOME_COMMITTED);
            away += transfers->results[i].chains == 2;
        }
        ck_assert_int_eq(away, depth == 0 ? 3 : 0);
        transfers_free(transfers);
    }
}
END_TEST

/* TON-R53: 30 bits at most, and a config may disable it */
START_TEST(wildcards_beyond_the_rule_cannot_be_sent)
{
    for (int off = 0; off <= 1; off++) {
        struct transfers *transfers = transfers_new();
        transfers_set(&transfers->ledger, "contracts.anycast", !off);
        struct transfers_step *step = call(transfers, 0, 0, CONTRACT_GLOBAL, METHOD_ASK, 5);
        step->like.anycast_depth = off ? 4 : 31;
        transfers_run(transfers);
        ck_assert_uint_eq(transfers->results[0].reason, REASON_NO_ACCOUNT);
        transfers_free(transfers);
    }
}
END_TEST

/* TON-23: an instance only up to its depth: of four shards two have one */
START_TEST(deeper_shards_have_no_instance)
{
    struct transfers *transfers = priced();
    transfers_set(&transfers->ledger, "contracts.global_depth", 1);
    for (int32_t shard = 0; shard < 4; shard++) {
        struct transfers_step *step = transfers_step(transfers, 0, shard, 1, 0, 0, 5000);
        step->contract = CONTRACT_GLOBAL;
        step->like.constructor = METHOD_ASK;
        step->like.anycast_depth = 30;
        step = transfers_step(transfers, 0, shard, 1, 0, 0, 5000);
        step->contract = CONTRACT_GLOBAL;
        step->like.constructor = METHOD_ASK;
        step->like.anycast_depth = 1;
    }
    transfers_run(transfers);
    assert_ok(transfers);
    int found = 0;
    for (uint32_t i = 0; i < 8; i++)
        if (i % 2)
            ck_assert_uint_eq(transfers->results[i].outcome, OUTCOME_COMMITTED);
        else
            found += transfers->results[i].outcome == OUTCOME_COMMITTED;
    ck_assert_int_eq(found, 2);
    transfers_free(transfers);
}
END_TEST

static struct transfers *shares(bool broken)
{
    struct transfers *transfers = priced();
    transfers_set(&transfers->ledger, "contracts.share_every", 3);
    transfers_set(&transfers->ledger, "break", broken ? 4 : 0);
    for (uint32_t i = 0; i < 40; i++) {
        struct transfers_step *step =
            transfers_step(transfers, i * SECOND / 2, (int32_t)(i % 4), 1, 0, 0, 20000);
        step->contract = CONTRACT_GLOBAL;
        step->like.operation = TX_WILDCARD;
        step->like.constructor = METHOD_ASK;
        step->like.anycast_depth = 30;
    }
    struct transfers_step *step = call(transfers, SECOND, 2, CONTRACT_GLOBAL, METHOD_SHARE, 5000);
    step->like.anycast_depth = 30;
    call(transfers, SECOND, 2, CONTRACT_GLOBAL, METHOD_NEWS, 5000)->like.anycast_depth = 30;
    transfers_run(transfers);
    return transfers;
}

/* TON-23, TON-8: value and news among instances, and from nobody else */
START_TEST(instances_share_with_instances_only)
{
    struct transfers *transfers = shares(false);
    assert_ok(transfers);
    /* Ten calls each: after the third, sixth and ninth, unless the hash leads home. */
    ck_assert_int_ge(count(transfers, "instances_shared"), 6);
    ck_assert_int_le(count(transfers, "instances_shared"), 12);
    ck_assert_int_eq(count(transfers, "strangers_refused"), 2);
    ck_assert_uint_eq(transfers->results[40].reason, REASON_STRANGER);
    ck_assert_uint_eq(transfers->results[41].reason, REASON_STRANGER);
    transfers_free(transfers);
}
END_TEST

START_TEST(a_stranger_that_is_believed_is_found)
{
    struct transfers *transfers = shares(true);
    ck_assert_int_eq(transfers->result.status, ENGINE_VIOLATION);
    ck_assert_msg(strstr(transfers->result.violation, "sisters_only") != NULL, "%s",
                  transfers->result.violation);
    transfers_free(transfers);
}
END_TEST

/* TON-25: gas for each shard, at the masterchain's prices (TON-55) */
START_TEST(publishing_tells_every_shard_and_is_dear)
{
    struct transfers *transfers = priced();
    transfers->base->chain.masterchain.present = 1;
    call(transfers, 0, 0, CONTRACT_PUBLISHER, METHOD_PUBLISH, 90000)->like.operation = TX_PUBLISH;
    call(transfers, 0, 0, CONTRACT_PUBLISHER, METHOD_PUBLISH, 39999); /* 4 * 1000 * 10 */
    transfers_run(transfers);
    assert_ok(transfers);
    ck_assert_uint_eq(transfers->results[0].outcome, OUTCOME_COMMITTED);
    ck_assert_uint_eq(transfers->results[1].reason, REASON_GAS);
    ck_assert_int_eq(count(transfers, "instances_told"), 4);
    /* Two at home, the publisher twice, four instances. */
    ck_assert_int_eq(count(transfers, "gas_fees"), 2000 + 40000 + 39990 + 4000);
    transfers_free(transfers);
}
END_TEST

CHECK_MAIN("global_contract", a_wildcard_message_stays_in_the_senders_shard,
           wildcards_beyond_the_rule_cannot_be_sent, deeper_shards_have_no_instance,
           instances_share_with_instances_only, a_stranger_that_is_believed_is_found,
           publishing_tells_every_shard_and_is_dear)
