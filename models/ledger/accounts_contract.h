#ifndef MODELS_LEDGER_ACCOUNTS_CONTRACT_H
#define MODELS_LEDGER_ACCOUNTS_CONTRACT_H

/* Contracts of the accounts ledger inside blocks: messages that run one, create one, come back or
 * are logged (TON-5, TON-19 to TON-25). Effects leave when the block is final, through records. */

#include "models/ledger/accounts_fill.h"
#include "models/ledger/contract_code.h"

/* accounts_contract_kind is what stands at an address of the view's chain. Its rows must be warm,
 * and are where accounts_contract_warm says so. */
enum contract_kind accounts_contract_kind(const struct accounts *accounts, const struct block *view,
                                          struct address address);
bool accounts_contract_warm(const struct accounts *accounts, const struct block *view,
                            struct address address);

/* accounts_contract_deliver does what a message asks for that is more than value for an account.
 * False: it is just that. */
bool accounts_contract_deliver(struct accounts *accounts, struct context *context,
                               struct account_book *book, struct block *block,
                               const struct envelope *envelope);

/* accounts_contract_logs_here: what this transaction makes is logged in its own block. */
bool accounts_contract_logs_here(const struct accounts *accounts, const struct tx *tx);

/* accounts_contract_final checks what a record of a final block says: a log message was logged once
 * and delivered to nobody, special messages came from instances. */
void accounts_contract_final(struct accounts *accounts, struct context *context,
                             const struct accounts_record *record);

/* accounts_contract_address is ledger.contract. */
struct address accounts_contract_address(const void *self, uint32_t chain, enum contract_kind kind);

#endif
