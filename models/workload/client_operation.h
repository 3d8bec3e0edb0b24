#ifndef MODELS_WORKLOAD_CLIENT_OPERATION_H
#define MODELS_WORKLOAD_CLIENT_OPERATION_H

/* What the messages of clients ask for, beside plain transfers, and what is wrong with some of
 * them. Each transaction has a stream of its own for this, so none of it changes anybody else's
 * luck, and a workload that asks for none of it draws nothing. Pure; O(1). */

#include <stdbool.h>
#include <stdint.h>

#include "models/stack.h"
#include "sim/param.h"
#include "sim/rng.h"

struct client_operation_config {
    int64_t call, create, wildcard, publish, log, stranger; /* shares, 10^-12; the rest is plain */
    int64_t wrong_signature, too_long;                      /* the same, of all of these */
    int64_t wildcard_depth, relay_hops, gas_limit, work;
};

struct client_operation_place {
    const struct ledger_seam *ledger;
    uint32_t home, away; /* chains of the sender and of the recipient that was drawn */
};

extern const struct param client_operation_params[];

/* client_operation_plain: none of it is asked for. */
bool client_operation_plain(const struct client_operation_config *config);

/* client_operation_fits: the shares of operations add up to all of the messages at most. */
bool client_operation_fits(const struct client_operation_config *config);

/* client_operation_draw completes a transaction; true: it shall not be signed by its owner. */
bool client_operation_draw(const struct client_operation_config *config, struct rng_stream *stream,
                           const struct client_operation_place *place, struct tx *tx);

/* client_operation_name is the type in the transaction's row. */
const char *client_operation_name(uint8_t operation);

#endif
