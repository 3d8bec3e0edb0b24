#ifndef MODELS_WORKLOAD_CLIENT_VALUE_H
#define MODELS_WORKLOAD_CLIENT_VALUE_H

/* What transfers carry and where they go beside the plain ones: a further currency (TON-9), and the
 * masterchain, with a deposit that is worth giving back or not (TON-54, TON-55). All draws of a
 * transaction are of one stream of its own, so they change nobody else's luck, and a workload
 * without any draws nothing. Pure; O(1). */

#include <stdbool.h>
#include <stdint.h>

#include "models/stack.h"
#include "sim/param.h"
#include "sim/rng.h"

struct client_value_config {
    int64_t currency, share, amount;           /* of the further currency; share: 10^-12 */
    int64_t to_master, from_master, not_valid; /* shares, 10^-12 */
};

extern const struct param client_value_params[];

/* client_value_plain: none of it is asked for. */
bool client_value_plain(const struct client_value_config *config);

/* Where a transaction leads, of the shards drawn for it and the masterchain. */
struct client_value {
    bool from_master, to_master;
};

/* client_value_draw completes a transaction. */
struct client_value client_value_draw(const struct client_value_config *config,
                                      struct rng_stream *stream, struct tx *tx);

#endif
