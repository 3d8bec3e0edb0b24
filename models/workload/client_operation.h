#ifndef MODELS_WORKLOAD_CLIENT_OPERATION_H
#define MODELS_WORKLOAD_CLIENT_OPERATION_H

/* What the messages of clients ask for, beside plain transfers, and what is wrong with some of
 * them. One word is drawn for the flaws of a transaction, so a flaw changes nobody else's luck, and
 * a workload without any draws nothing. Pure; O(1). */

#include <stdbool.h>
#include <stdint.h>

#include "models/stack.h"
#include "sim/param.h"
#include "sim/rng.h"

struct client_operation_config {
    int64_t wrong_signature, too_long; /* shares, 10^-12 */
    int64_t work;                      /* gas */
};

extern const struct param client_operation_params[];

/* client_operation_plain: none of it is asked for. */
bool client_operation_plain(const struct client_operation_config *config);

/* client_operation_draw completes a transaction; true: it shall not be signed by its owner. */
bool client_operation_draw(const struct client_operation_config *config, struct rng_stream *stream,
                           struct tx *tx);

#endif
