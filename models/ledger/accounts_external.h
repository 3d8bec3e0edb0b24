#ifndef MODELS_LEDGER_ACCOUNTS_EXTERNAL_H
#define MODELS_LEDGER_ACCOUNTS_EXTERNAL_H

/* How messages from outside become transactions of the accounts ledger: admission at the chain's
 * node with a run before the block (TON-14, TON-15, TON-R48, TON-R49), the run in the block, and
 * the account that pays for it (TON-16, TON-R45, TON-R47). */

#include "models/ledger/accounts_fill.h"
#include "models/ledger/external_message.h"

/* What taking an input into a block means. */
struct accounts_plan {
    struct external_run run;
    uint64_t row;       /* of the home account; only if the input is not left out */
    uint64_t fee;       /* what the home account pays */
    enum tx_reason out; /* why it is left out of the block; REASON_NONE: it is in */
    bool cold;          /* the home account's row has to be fetched first */
};

/* accounts_external_plan runs an input on the block's view, and changes nothing. */
struct accounts_plan accounts_external_plan(const struct accounts *accounts,
                                            const struct block *block, const struct tx *tx);

/* accounts_external_submit takes a transaction from its client: it waits to be checked. */
void accounts_external_submit(struct accounts *accounts, struct context *context, uint32_t chain,
                              const struct tx *tx);

/* accounts_external_checked is the timer that ends checks: what is good waits for a block, of the
 * rest the client is told. */
void accounts_external_checked(struct accounts *accounts, struct context *context, uint32_t chain);

/* accounts_external_up sets the timers of a node that comes up again. */
void accounts_external_up(struct accounts *accounts, struct context *context);

/* accounts_external_divide moves what waits at a chain to those that live instead of it, by
 * account: what is not checked yet, and the counts of what waits for a block, whose inputs are
 * still the old chain's. Outside of blocks; heir_of tells the chain of an address. */
typedef uint32_t accounts_heir_of(const void *heirs, uint64_t prefix);
void accounts_external_divide(struct accounts *accounts, struct context *context, uint32_t old,
                              accounts_heir_of *heir_of, const void *heirs);

/* accounts_external_final: a final block took this input. */
void accounts_external_final(struct accounts *accounts, struct context *context,
                             const struct block *block, const struct ledger_input *input);

/* accounts_metric_dropped is the counter of a reason for which messages are dropped. */
static inline uint32_t accounts_metric_dropped(unsigned reason)
{
    SIM_ASSERT(reason > REASON_NONE && reason < REASON_COUNT);
    return ACCOUNTS_METRIC_REASONS + reason - 1;
}

/* accounts_gas_prices is what gas costs in a chain. */
struct gas_prices accounts_gas_prices(const struct accounts *accounts, uint32_t chain);

/* accounts_external_sign is ledger.sign. */
void accounts_external_sign(const void *self, struct tx *tx);

#endif
