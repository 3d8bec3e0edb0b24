#ifndef MODELS_LEDGER_EXTERNAL_PARAMS_H
#define MODELS_LEDGER_EXTERNAL_PARAMS_H

/* The parameters of messages from outside (ledger.external) and of gas (ledger.gas): their rows and
 * the structs that they fill. */

#include <stdint.h>

#include "models/ledger/external_pool.h"
#include "models/ledger/gas_price.h"
#include "sim/param.h"

struct external_config {
    int64_t check;      /* enum external_check */
    int64_t signatures; /* enum signature_kind */
    int64_t gas, signature_gas, check_ns, import_lump, import_bit;
    struct external_limits limits;
};

struct gas_config {
    struct gas_prices prices; /* outside of the masterchain */
    int64_t limit, master_factor;
};

extern const struct param external_params[];
extern const struct param gas_params[];

#endif
