/* The models of this program, in the order that `list` shows them: within a layer the first one is
 * the default. */

#include "sim/conform.h"
#include "sim/model.h"

#include "models/atomic/none.h"
#include "models/chain/chain_blocks.h"
#include "models/echo/echo.h"
#include "models/ledger/accounts.h"
#include "models/messaging/hypercube.h"
#include "models/messaging/hypercube_conform.h"
#include "models/messaging/local.h"
#include "models/phold/phold.h"
#include "models/spread/shreds_conform.h"
#include "models/spread/spread_direct.h"
#include "models/spread/spread_ideal.h"
#include "models/spread/turbine.h"
#include "models/spread/turbine_conform.h"
#include "models/stack.h"
#include "models/state/state_ram.h"
#include "models/workload/burst.h"
#include "models/workload/periodic.h"
#include "models/workload/poisson.h"
#include "models/workload/trace.h"

const struct model *const model_registry[] = {
    &spread_ideal_model,
    &spread_direct_model,
    &spread_turbine_model,
    &chain_blocks_model,
    &state_ram_model,
    &messaging_hypercube_model,
    &messaging_local_model,
    &ledger_accounts_model,
    &atomic_none_model,
    &workload_poisson_model,
    &workload_periodic_model,
    &workload_burst_model,
    &workload_trace_model,
    &echo_model,
    &phold_model,
    NULL,
};

const struct conform_suite *const conform_suites[] = {
    &hypercube_conform_suite,
    &shreds_conform_suite,
    &turbine_conform_suite,
    NULL,
};

const size_t model_stack_bytes = sizeof(struct stack);
const uint32_t model_stack_version = 1;

const char *model_stack_check(const struct stack *stack)
{
    /* Without a chain there are no shards, and no seam is needed (echo, phold). */
    if (!stack->chain.count || stack->chain.count(stack->chain.self, CHAIN_SHARD) == 0)
        return NULL;
    if (!stack->spread.publish)
        return "spread";
    if (!stack->state.read)
        return "state";
    if (!stack->messaging.emit)
        return "messaging";
    if (!stack->ledger.reserve)
        return "ledger";
    if (!stack->atomic.submit)
        return "atomic";
    return NULL;
}
