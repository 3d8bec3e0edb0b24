#ifndef MODELS_LEDGER_CONTRACT_PARAMS_H
#define MODELS_LEDGER_CONTRACT_PARAMS_H

/* The parameters of contracts and log messages (ledger.contracts). */

#include <stdint.h>

#include "sim/param.h"

enum contract_logs { LOGS_DIRECTED, LOGS_LOCAL };

struct contract_config {
    int64_t call_gas, create_gas, publish_gas, global_depth, share_every, message_bytes;
    int64_t bounce, logs, anycast; /* logs: enum contract_logs */
};

extern const struct param contract_params[];

#endif
