#ifndef TESTS_CONTRACT_FIXTURE_H
#define TESTS_CONTRACT_FIXTURE_H

/* Contracts under scripted messages: a stack where gas costs something, and calls of its contracts.
 */

#include <check.h>

#include "models/ledger/contract_code.h"
#include "tests/support_transfers.h"

static inline int64_t count(const struct transfers *transfers, const char *metric)
{
    return transfers_counter(transfers, "ledger", metric);
}

/* Four shards; gas costs 1 a unit. */
static inline struct transfers *priced(void)
{
    struct transfers *transfers = transfers_new();
    transfers_set(&transfers->ledger, "initial_balance", 1000000);
    transfers_set(&transfers->ledger, "gas.price", 65536);
    transfers_set(&transfers->ledger, "contracts.bounce", 1);
    return transfers;
}

static inline struct transfers_step *call(struct transfers *transfers, uint64_t at_ns,
                                          int32_t to_shard, enum contract_kind kind,
                                          enum contract_method method, int64_t amount)
{
    struct transfers_step *step = transfers_step(transfers, at_ns, 0, 1, to_shard, 0, amount);
    step->contract = kind;
    step->like.operation = TX_CALL;
    step->like.constructor = method;
    return step;
}

static inline void assert_ok(const struct transfers *transfers)
{
    ck_assert_msg(transfers->result.status == ENGINE_OK, "%s", transfers->result.violation);
}

#endif
