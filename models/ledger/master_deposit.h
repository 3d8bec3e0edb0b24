#ifndef MODELS_LEDGER_MASTER_DEPOSIT_H
#define MODELS_LEDGER_MASTER_DEPOSIT_H

/* The minimum deposit of messages to the masterchain (TON-55): a message from another workchain
 * must bring so much value, and gets it back in a message of its own if the receiver deems it
 * valid. It is valid if its constructor is the one that accounts of the masterchain know, that of a
 * validator's stake (TON-11). What is not valid keeps nothing: the receiver has the whole value.
 *
 * The deposit that comes back pays for its own message; one that is too small for that stays. The
 * deployed system leaves all this to the receiving contract. O(1). */

#include <stdbool.h>
#include <stdint.h>

#include "models/ledger/accounts_fill.h"

/* master_deposit_asked says whether a deposit is due with this message. */
bool master_deposit_asked(const struct accounts *accounts, const struct envelope *envelope);

/* master_deposit_settle emits what comes back, from within deliver() or fill(), and returns what
 * the receiver keeps of the value. */
uint64_t master_deposit_settle(struct accounts *accounts, struct context *context,
                               struct account_book *book, struct block *block,
                               const struct envelope *envelope, enum accounts_deposit *ret_fate);

#endif
