#include "models/ledger/accounts_external.h"

#include "models/ledger/accounts_contract.h"
#include "models/shard_prefix.h"

#include "sim/context.h"
#include "sim/world.h"

/* ---- A run ---- */

static const struct external_limits *limits_of(const struct accounts *accounts)
{
    return &accounts->config->external.limits;
}

static uint64_t first_word(const struct tx *tx)
{
    unsigned char hash[OWNER_HASH_BYTES];
    uint64_t word = 0;
    external_hash(tx, hash);
    for (unsigned i = 0; i < 8; i++)
        word = word << 8 | hash[i];
    return word;
}

static bool trusted(const struct accounts *accounts)
{
    return accounts->config->external.check == EXTERNAL_TRUSTED;
}

struct gas_prices accounts_gas_prices(const struct accounts *accounts, uint32_t chain)
{
    const struct chain_seam *seam = &accounts->stack->chain;
    struct gas_prices prices = accounts->config->gas.prices;
    if (seam->prefix(seam->self, chain).workchain != MASTER_WORKCHAIN)
        return prices;
    return gas_prices_times(&prices, (uint64_t)accounts->config->gas.master_factor);
}

/* TON-R45: the formula of forwarding, on a message of that size. */
static uint64_t import_fee(const struct accounts *accounts, const struct tx *tx)
{
    const struct external_config *config = &accounts->config->external;
    struct gas_prices by_bits = {.price = (uint64_t)config->import_bit,
                                 .flat_price = (uint64_t)config->import_lump};
    return trusted(accounts) ? 0 : gas_fee(&by_bits, UINT64_C(8) * tx->bytes);
}

static struct external_run run_on(const struct accounts *accounts, const struct tx *tx,
                                  uint64_t credit, uint64_t limit)
{
    const struct external_config *config = &accounts->config->external;
    struct external_code code = {.signatures = (enum signature_kind)config->signatures,
                                 .signature_gas = (uint64_t)config->signature_gas,
                                 .send_gas = (uint64_t)accounts->config->gas_per_transfer};
    if (!trusted(accounts))
        return external_execute(&code, tx, credit, limit);
    struct external_run run = {.accepted = true, .gas = {.limit = limit}};
    if (!gas_use(&run.gas, code.send_gas + tx->work))
        run.reason = REASON_GAS;
    return run;
}

/* An account of the beginning, or one that was created since. */
static bool has_account(const struct accounts *accounts, const struct block *view,
                        struct address address, uint64_t *ret_key)
{
    const struct chain_seam *chain = &accounts->stack->chain;
    if (account_books_row(&accounts->books, view->chain, address, ret_key))
        return true;
    struct address shard = chain->prefix(chain->self, view->chain);
    if (shard.workchain != address.workchain || !shard_contains(shard.prefix, address.prefix))
        return false;
    return !accounts_contract_warm(accounts, view, address) ||
           accounts_contract_kind(accounts, view, address) == CONTRACT_SIMPLE;
}

/* What is in hand for gas: nothing came with the message (TON-14), so the account pays. False: not
 * even the least of it. */
static bool purse(const struct accounts *accounts, const struct block *view, const struct tx *tx,
                  uint64_t row, uint64_t *ret_gas)
{
    struct gas_prices prices = accounts_gas_prices(accounts, view->chain);
    uint64_t balance = account_books_balance(&accounts->books, view, row);
    uint64_t import = import_fee(accounts, tx);
    if (import > balance)
        return false;
    *ret_gas = gas_bought(&prices, balance - import, (uint64_t)accounts->config->gas.limit);
    return *ret_gas > 0;
}

struct accounts_plan accounts_external_plan(const struct accounts *accounts,
                                            const struct block *block, const struct tx *tx)
{
    struct accounts_plan plan = {.run.gas.used = (uint64_t)accounts->config->gas_per_transfer};
    const struct external_config *config = &accounts->config->external;
    struct gas_prices prices = accounts_gas_prices(accounts, block->chain);
    uint64_t gas = 0;
    if (!has_account(accounts, block, tx->part[0].account, &plan.row)) {
        plan.run.reason = REASON_NO_ACCOUNT;
        plan.out = trusted(accounts) ? REASON_NONE : REASON_NO_ACCOUNT;
        return plan;
    }
    plan.cold = !accounts_contract_warm(accounts, block, tx->part[0].account) ||
                !accounts_fill_warm(accounts, block, plan.row, tx->extra_currency);
    if (plan.cold)
        return plan;
    if (!trusted(accounts) && block->time_ns > tx->submit_ns + limits_of(accounts)->life_ns) {
        plan.out = REASON_EXPIRED;
        return plan;
    }
    if (!purse(accounts, block, tx, plan.row, &gas)) {
        plan.run.reason = REASON_FEE;
        plan.out = trusted(accounts) ? REASON_NONE : REASON_FEE;
        return plan;
    }
    uint64_t small = (uint64_t)config->gas < gas ? (uint64_t)config->gas : gas;
    plan.run = run_on(accounts, tx, config->check == EXTERNAL_ACCEPTS ? small : gas, gas);
    if (!plan.run.accepted)
        plan.out = plan.run.reason;
    plan.fee = gas_fee(&prices, plan.run.gas.used) + import_fee(accounts, tx);
    return plan;
}

/* ---- Before the block ---- */

/* TON-15 and TON-R49 on the last known state. A cold row is no reason to refuse: what it says is
 * seen in the block. */
static enum tx_reason check(const struct accounts *accounts, const struct block *view,
                            const struct tx *tx)
{
    const struct external_config *config = &accounts->config->external;
    uint64_t row, gas, small = (uint64_t)config->gas;
    if (!has_account(accounts, view, tx->part[0].account, &row))
        return REASON_NO_ACCOUNT;
    bool warm = accounts_fill_warm(accounts, view, row, tx->extra_currency);
    if (warm && !purse(accounts, view, tx, row, &gas))
        return REASON_FEE;
    if (warm && gas < small)
        small = gas;
    struct external_run run = run_on(accounts, tx, small, small);
    if (config->check == EXTERNAL_ACCEPTS)
        return run.accepted ? REASON_NONE : run.reason;
    if (run.reason != REASON_NONE || !warm)
        return run.reason;
    struct gas_prices prices = accounts_gas_prices(accounts, view->chain);
    uint64_t fee = gas_fee(&prices, run.gas.used) + import_fee(accounts, tx);
    uint64_t debit;
    return accounts_fill_judge(accounts, view, tx, row, fee, &debit);
}

static void arm(struct accounts *accounts, struct context *context, struct external_pool *pool)
{
    if (pool->timer || pool->checking.done == pool->checking.tail)
        return;
    const struct ledger_input *input =
        pool_at(&accounts->inputs, input_ring_at(&pool->checking, pool->checking.done));
    const struct chain_seam *chain = &accounts->stack->chain;
    uint64_t at_ns = input->checked_ns;
    uint32_t node = chain->home(chain->self, pool->chain);
    pool->timer = context_timer(context, node, LAYER_LEDGER, 0, pool->chain,
                                at_ns > context->now_ns ? at_ns : context->now_ns, 0);
}

/* One node checks one message after the other, and this one behind those before it. */
void accounts_external_submit(struct accounts *accounts, struct context *context, uint32_t chain,
                              const struct tx *tx)
{
    struct external_pool *pool = external_pool_get(&accounts->externals, chain);
    uint64_t start_ns =
        pool->busy_until_ns > context->now_ns ? pool->busy_until_ns : context->now_ns;
    pool->busy_until_ns =
        start_ns + context_work_ns(context, (uint64_t)accounts->config->external.check_ns);
    uint32_t handle = pool_take(&accounts->inputs);
    struct ledger_input *input = pool_at(&accounts->inputs, handle);
    *input = (struct ledger_input){
        .tx = *tx, .arrived_ns = context->now_ns, .checked_ns = pool->busy_until_ns};
    input_ring_append(&pool->checking, accounts->memory, handle);
    arm(accounts, context, pool);
}

static void refuse(struct accounts *accounts, struct context *context, uint32_t chain,
                   const struct ledger_input *input, enum tx_reason reason)
{
    const struct atomic_seam *atomic = &accounts->stack->atomic;
    struct tx_result result = {.tx = input->tx.id,
                               .submit_ns = input->tx.submit_ns,
                               .arrived_ns = input->arrived_ns,
                               .final_ns = context->now_ns,
                               .home_chain = chain,
                               .workload = input->tx.workload,
                               .chains = 1,
                               .outcome = OUTCOME_FAILED,
                               .reason = (uint8_t)reason};
    context_count(context, LAYER_LEDGER, accounts_metric_dropped(reason), 1);
    context_count(context, LAYER_LEDGER, ACCOUNTS_METRIC_DROPPED, 1);
    atomic->settled(atomic->self, context, chain, &result);
}

static void finish(struct accounts *accounts, struct context *context, struct external_pool *pool,
                   uint32_t handle)
{
    const struct chain_seam *chain = &accounts->stack->chain;
    struct ledger_input *input = pool_at(&accounts->inputs, handle);
    const struct external_limits *limits = limits_of(accounts);
    struct block view = {.chain = pool->chain, .time_ns = context->now_ns};
    uint64_t hash = input->hash = first_word(&input->tx);
    enum tx_reason reason =
        external_pool_judge(&accounts->externals, pool, limits, context->now_ns, &input->tx, hash);
    if (reason == REASON_REPEATED && accounts->config->break_rule == ACCOUNTS_BREAK_REPLAY)
        reason = REASON_NONE;
    if (reason == REASON_NONE) {
        context_count(context, LAYER_LEDGER, ACCOUNTS_METRIC_CHECKED, 1);
        reason = check(accounts, &view, &input->tx);
    }
    if (reason != REASON_NONE) {
        refuse(accounts, context, pool->chain, input, reason);
        pool_give(&accounts->inputs, handle);
        return;
    }
    struct account_book *book = account_books_get(&accounts->books, pool->chain);
    external_pool_admit(&accounts->externals, pool, limits, context->now_ns, &input->tx, hash);
    input_ring_append(&book->inputs, accounts->memory, handle);
    chain->wake(chain->self, context, pool->chain);
}

void accounts_external_checked(struct accounts *accounts, struct context *context, uint32_t chain)
{
    struct external_pool *pool = external_pool_get(&accounts->externals, chain);
    pool->timer = 0;
    while (pool->checking.done < pool->checking.tail) {
        uint32_t handle = input_ring_at(&pool->checking, pool->checking.done);
        const struct ledger_input *input = pool_at(&accounts->inputs, handle);
        if (input->checked_ns > context->now_ns)
            break;
        pool->checking.done++;
        pool->checking.head++;
        finish(accounts, context, pool, handle);
    }
    arm(accounts, context, pool);
}

/* SIMPLIFICATION: what waits to be checked survives a crash, as inputs do; it is set again when. */
void accounts_external_up(struct accounts *accounts, struct context *context)
{
    const struct chain_seam *chain = &accounts->stack->chain;
    for (uint32_t number = 0; number < external_pool_count(&accounts->externals); number++) {
        struct external_pool *pool = external_pool_at(&accounts->externals, number);
        if (chain->home(chain->self, pool->chain) != context->self)
            continue;
        if (pool->timer)
            context_timer_cancel(context, pool->timer);
        pool->timer = 0;
        arm(accounts, context, pool);
    }
}

void accounts_external_divide(struct accounts *accounts, struct context *context, uint32_t old,
                              accounts_heir_of *heir_of, const void *heirs)
{
    struct external_pools *pools = &accounts->externals;
    struct external_pool *pool = external_pool_find(pools, old);
    if (!pool)
        return;
    struct input_ring *ring = &pool->checking;
    for (; ring->done < ring->tail; ring->done++, ring->head++) {
        uint32_t handle = input_ring_at(ring, ring->done);
        const struct ledger_input *input = pool_at(&accounts->inputs, handle);
        uint32_t heir = heir_of(heirs, input->tx.part[0].account.prefix);
        struct external_pool *young = external_pool_get(pools, heir);
        if (input->checked_ns > young->busy_until_ns)
            young->busy_until_ns = input->checked_ns;
        input_ring_append(&young->checking, accounts->memory, handle);
        arm(accounts, context, young);
    }
    const struct account_book *book = account_books_find(&accounts->books, old);
    for (uint64_t place = book ? book->inputs.done : 0; book && place < book->inputs.tail;
         place++) {
        const struct ledger_input *input =
            pool_at(&accounts->inputs, input_ring_at(&book->inputs, place));
        struct external_pool *young =
            external_pool_get(pools, heir_of(heirs, input->tx.part[0].account.prefix));
        external_pool_move(pool, young);
    }
    /* What is remembered is looked up by its hash alone: either heir may be the one to forget it.
     */
    const struct chain_seam *chain = &accounts->stack->chain;
    uint64_t first = shard_first(chain->prefix(chain->self, old).prefix);
    external_pool_inherit(pools, pool, external_pool_get(pools, heir_of(heirs, first)));
}

void accounts_external_final(struct accounts *accounts, struct context *context,
                             const struct block *block, const struct ledger_input *input)
{
    if (trusted(accounts))
        return;
    struct external_pool *pool = external_pool_get(&accounts->externals, block->chain);
    external_pool_leave(&accounts->externals, pool, &input->tx);
    if (!external_pool_taken(&accounts->externals, input->hash) &&
        world_property_on(accounts->world, LAYER_LEDGER, ACCOUNTS_PROPERTY_EXTERNAL_ONCE))
        context_violation(context, LAYER_LEDGER, ACCOUNTS_PROPERTY_EXTERNAL_ONCE, input->tx.id,
                          "message %llu from outside was taken twice",
                          (unsigned long long)input->tx.id);
}

void accounts_external_sign(const void *self, struct tx *tx)
{
    const struct accounts *accounts = self;
    unsigned char hash[OWNER_HASH_BYTES];
    if (trusted(accounts))
        return;
    external_hash(tx, hash);
    owner_sign((enum signature_kind)accounts->config->external.signatures, tx->part[0].account,
               hash, tx->signature);
}
