#ifndef MODELS_LEDGER_ACCOUNTS_TABLES_H
#define MODELS_LEDGER_ACCOUNTS_TABLES_H

/* The tables of the accounts ledger: its parameters, counters and properties. */

#include "sim/model.h"

extern const struct param accounts_params[];
extern const struct model_metric accounts_metrics[];
extern const struct model_property accounts_properties[];

#endif
