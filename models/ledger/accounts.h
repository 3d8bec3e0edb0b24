#ifndef MODELS_LEDGER_ACCOUNTS_H
#define MODELS_LEDGER_ACCOUNTS_H

/* Layer "ledger", implementer "accounts": accounts with balances, and transfers of value between
 * them. The only way to change another account is to send it a message (TON-4); a transaction is
 * one account that receives exactly one message (TON-2). See README.md for the rules. */

#include "sim/model.h"

extern const struct model ledger_accounts_model;

#endif
