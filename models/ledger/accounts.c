#include "models/ledger/accounts.h"

#include "models/ledger/account_address.h"
#include "models/ledger/accounts_contract.h"
#include "models/ledger/accounts_external.h"
#include "models/ledger/accounts_fill.h"
#include "models/ledger/accounts_reshard.h"
#include "models/ledger/accounts_tables.h"
#include "models/stack.h"
#include "sim/context.h"
#include "sim/diagnostics.h"
#include "sim/fault.h"
#include "sim/memory.h"
#include "sim/world.h"

enum timer_kind { TIMER_CHECKED };
static const char *const timer_kinds[] = {"checked", NULL};

enum trace_kind {
    TRACE_DEBIT,
    TRACE_CREDIT,
    TRACE_REFUSED,
    TRACE_DROPPED,
    TRACE_CALL,
    TRACE_BOUNCE,
    TRACE_LOG
};
static const char *const trace_kinds[] = {"debit", "credit", "refused", "dropped",
                                          "call",  "bounce", "log",     NULL};

/* ---- After blocks ---- */

static bool watching(const struct accounts *accounts)
{
    return world_property_on(accounts->world, LAYER_LEDGER, ACCOUNTS_PROPERTY_VALUE_CONSERVED);
}

static void trace(struct context *context, const struct block *block,
                  const struct accounts_record *record, uint8_t kind)
{
    context_trace(context, &(struct trace){.slot = LAYER_LEDGER,
                                           .kind = kind,
                                           .milestone = true,
                                           .chain = block->chain,
                                           .subject = record->result.tx,
                                           .value = (int64_t)record->value});
}

static void count_cost(struct context *context, const struct accounts_record *record)
{
    if (record->gas > 0)
        context_count(context, LAYER_LEDGER, ACCOUNTS_METRIC_GAS, (int64_t)record->gas);
    if (record->fee > 0)
        context_count(context, LAYER_LEDGER, ACCOUNTS_METRIC_FEES, (int64_t)record->fee);
}

static void count_call(struct context *context, const struct accounts_record *record)
{
    context_count(context, LAYER_LEDGER, ACCOUNTS_METRIC_CALLS, 1);
    if (record->created)
        context_count(context, LAYER_LEDGER, ACCOUNTS_METRIC_CREATED, 1);
    if (record->method == METHOD_SHARE)
        context_count(context, LAYER_LEDGER, ACCOUNTS_METRIC_SHARES, 1);
    if (record->method == METHOD_NEWS)
        context_count(context, LAYER_LEDGER, ACCOUNTS_METRIC_NEWS, 1);
}

/* What came of a message that asked a contract for something. */
static void settle_message(struct context *context, const struct block *block,
                           const struct accounts_record *record, struct tx_result *result)
{
    result->outcome = OUTCOME_COMMITTED;
    context_count(context, LAYER_LEDGER, ACCOUNTS_METRIC_CONTRACT_MESSAGES, record->sent);
    if (record->deed == DEED_CALLED) {
        trace(context, block, record, TRACE_CALL);
        count_call(context, record);
    } else if (record->deed == DEED_LOGGED) {
        trace(context, block, record, TRACE_LOG);
        context_count(context, LAYER_LEDGER, ACCOUNTS_METRIC_LOGGED, 1);
    } else {
        trace(context, block, record, TRACE_BOUNCE);
        context_count(context, LAYER_LEDGER, ACCOUNTS_METRIC_BOUNCED, 1);
        if (result->reason == REASON_STRANGER)
            context_count(context, LAYER_LEDGER, ACCOUNTS_METRIC_STRANGERS, 1);
        result->outcome = OUTCOME_FAILED;
    }
}

static void settle_record(struct accounts *accounts, struct context *context,
                          const struct block *block, const struct accounts_record *record)
{
    const struct atomic_seam *atomic = &accounts->stack->atomic;
    struct tx_result result = record->result;
    count_cost(context, record);
    accounts_contract_final(accounts, context, record);
    switch (record->deed) {
    case DEED_PARKED:
        return;
    case DEED_LEFT_OUT:
        trace(context, block, record, TRACE_DROPPED);
        context_count(context, LAYER_LEDGER, ACCOUNTS_METRIC_DROPPED, 1);
        context_count(context, LAYER_LEDGER, accounts_metric_dropped(result.reason), 1);
        result.outcome = OUTCOME_FAILED;
        break;
    case DEED_SENT:
        trace(context, block, record, TRACE_DEBIT);
        context_count(context, LAYER_LEDGER, ACCOUNTS_METRIC_EXECUTED, 1);
        return; /* it is settled where it arrives */
    case DEED_DONE:
        trace(context, block, record, TRACE_DEBIT);
        context_count(context, LAYER_LEDGER, ACCOUNTS_METRIC_EXECUTED, 1);
        result.outcome = OUTCOME_COMMITTED;
        break;
    case DEED_REFUSED:
        trace(context, block, record, TRACE_REFUSED);
        context_count(context, LAYER_LEDGER, ACCOUNTS_METRIC_FAILED, 1);
        result.outcome = OUTCOME_FAILED;
        break;
    case DEED_CREDITED:
    case DEED_UNCLAIMED:
        trace(context, block, record, TRACE_CREDIT);
        if (record->deed == DEED_CREDITED) {
            context_count(context, LAYER_LEDGER, ACCOUNTS_METRIC_CREDITED, 1);
            context_count(context, LAYER_LEDGER, ACCOUNTS_METRIC_VALUE, (int64_t)record->value);
        } else {
            context_count(context, LAYER_LEDGER, ACCOUNTS_METRIC_UNCLAIMED, 1);
        }
        if (record->deposit != DEPOSIT_NONE)
            context_count(context, LAYER_LEDGER,
                          record->deposit == DEPOSIT_BACK ? ACCOUNTS_METRIC_DEPOSITS_BACK
                                                          : ACCOUNTS_METRIC_DEPOSITS_KEPT,
                          1);
        result.outcome = OUTCOME_COMMITTED;
        break;
    case DEED_RETURNED:
        trace(context, block, record, TRACE_CREDIT);
        return;
    case DEED_CALLED:
    case DEED_BOUNCED:
    case DEED_LOGGED:
        settle_message(context, block, record, &result);
        break;
    }
    if (result.tx == 0)
        return; /* a contract's own message: no client waits for it */
    result.final_ns = block->final_ns;
    /* A message to its own chain can be delivered by the block that made it. */
    if (result.committed_ns == 0)
        result.committed_ns = block->final_ns;
    atomic->settled(atomic->self, context, block->chain, &result);
}

/* What waited only since this block does not wait any more: it comes again. */
static void drop_record(struct accounts *accounts, struct context *context,
                        const struct block *block, const struct accounts_record *record)
{
    (void)context, (void)block;
    if (record->deed == DEED_PARKED)
        pool_give(&accounts->parked, record->parked);
}

static void wake_if_left(struct accounts *accounts, struct context *context,
                         const struct account_book *book)
{
    const struct chain_seam *chain = &accounts->stack->chain;
    if (book->inputs.head < book->inputs.tail)
        chain->wake(chain->self, context, book->chain);
}

static void final(void *self, struct context *context, const struct block *block)
{
    struct accounts *accounts = self;
    struct account_book *book = account_books_find(&accounts->books, block->chain);
    if (!book)
        return;
    uint64_t wrong = account_flow_wrong(&book->open);
    uint32_t currency = currency_books_final(&accounts->currencies, block->chain);
    if (currency != 0 && watching(accounts))
        context_violation(context, LAYER_LEDGER, ACCOUNTS_PROPERTY_VALUE_CONSERVED, block->id,
                          "block %u of chain %u made units of currency %u from nothing",
                          (uint32_t)block->id, block->chain, currency);
    if (wrong != 0 && watching(accounts))
        context_violation(context, LAYER_LEDGER, ACCOUNTS_PROPERTY_VALUE_CONSERVED, block->id,
                          "block %u of chain %u made %lld units from nothing", (uint32_t)block->id,
                          block->chain, (long long)wrong);
    account_flow_add(&book->total, &book->open);
    book->open = (struct account_flow){0};
    accounts_fill_release(accounts, context, block, settle_record);
    for (; book->inputs.done < book->inputs.head; book->inputs.done++) {
        uint32_t handle = input_ring_at(&book->inputs, book->inputs.done);
        accounts_external_final(accounts, context, block, pool_at(&accounts->inputs, handle));
        pool_give(&accounts->inputs, handle);
    }
    parked_work_forget(book, &accounts->parked);
    if (parked_work_ask(&accounts->books, context, book, &accounts->parked, block)) {
        const struct chain_seam *chain = &accounts->stack->chain;
        chain->wake(chain->self, context, book->chain);
    }
    wake_if_left(accounts, context, book);
}

/* The words are as before the block: inputs are back, balances too. */
static void dropped(void *self, struct context *context, const struct block *block)
{
    struct accounts *accounts = self;
    accounts_fill_release(accounts, context, block, drop_record);
    struct account_book *book = account_books_find(&accounts->books, block->chain);
    if (!book)
        return;
    book->open = (struct account_flow){0};
    currency_books_dropped(&accounts->currencies, block->chain);
    wake_if_left(accounts, context, book);
}

/* ---- The seam ---- */

/* SIMPLIFICATION: inputs are not lost in a crash, as if the node wrote them to disk. */
static void submit(void *self, struct context *context, uint32_t chain, const struct tx *tx)
{
    struct accounts *accounts = self;
    const struct chain_seam *seam = &accounts->stack->chain;
    stack_here(accounts->stack, context, chain);
    if (accounts->config->external.check != EXTERNAL_TRUSTED) {
        accounts_external_submit(accounts, context, chain, tx);
        return;
    }
    struct account_book *book = account_books_get(&accounts->books, chain);
    uint32_t handle = pool_take(&accounts->inputs);
    struct ledger_input *input = pool_at(&accounts->inputs, handle);
    *input = (struct ledger_input){.tx = *tx, .arrived_ns = context->now_ns};
    input_ring_append(&book->inputs, accounts->memory, handle);
    seam->wake(seam->self, context, chain);
}

static struct address account(const void *self, uint32_t chain, uint64_t index)
{
    const struct accounts *accounts = self;
    const struct chain_seam *seam = &accounts->stack->chain;
    struct address shard = seam->prefix(seam->self, chain);
    return (struct address){.workchain = shard.workchain,
                            .prefix = account_prefix(shard.prefix, index)};
}

static uint64_t account_count(const void *self, uint32_t chain)
{
    const struct accounts *accounts = self;
    (void)chain;
    return (uint64_t)accounts->config->accounts_per_shard;
}

/* ---- The whole sum ---- */

/* All balances of a chain against what passed through it. The open block's changes stand in the
 * rows already, so its flow counts too. */
static void check_book(struct accounts *accounts, struct context *context,
                       const struct account_book *book, struct account_flow *ret_all)
{
    uint64_t sum = 0;
    struct account_flow all = book->total;
    account_flow_add(&all, &book->open);
    if (!account_books_sum(&accounts->books, book, &sum))
        sum = all.change; /* some are cold: the blocks' own sums have to do */
    if (sum != all.change || account_flow_wrong(&all) != 0)
        context_violation(context, LAYER_LEDGER, ACCOUNTS_PROPERTY_VALUE_CONSERVED, book->chain,
                          "balances of chain %u changed by %lld, its transactions made %lld",
                          book->chain, (long long)sum,
                          (long long)(all.change - account_flow_wrong(&all)));
    account_flow_add(ret_all, &all);
}

static void check_safety(void *state, struct context *context)
{
    struct accounts *accounts = state;
    if (!watching(accounts))
        return;
    struct account_flow all = {0};
    for (uint32_t number = 0; number < account_books_count(&accounts->books); number++)
        check_book(accounts, context, account_books_at(&accounts->books, number), &all);
    if (all.moved_in != all.moved_out)
        context_violation(context, LAYER_LEDGER, ACCOUNTS_PROPERTY_VALUE_CONSERVED, 0,
                          "%lld units were lost as shards split and merged",
                          (long long)(all.moved_out - all.moved_in));
    /* What is under way, in messages or between the parts of a commit, cannot be negative. */
    if (all.delivered > all.emitted)
        context_violation(context, LAYER_LEDGER, ACCOUNTS_PROPERTY_VALUE_CONSERVED, 0,
                          "%llu units were delivered, %llu were sent",
                          (unsigned long long)all.delivered, (unsigned long long)all.emitted);
}

/* At the end: what left and did not arrive is under way, to the last unit. Of final blocks only, on
 * both sides; messaging adds up what stands in its queues. */
static void check_under_way(struct accounts *accounts, struct context *context, uint32_t currency,
                            const struct account_flow *flow)
{
    const struct messaging_seam *messaging = &accounts->stack->messaging;
    uint64_t held = messaging->held(messaging->self, currency);
    uint64_t owed = flow->emitted - flow->delivered - flow->parked;
    if (held != HELD_UNKNOWN && held != owed)
        context_violation(context, LAYER_LEDGER, ACCOUNTS_PROPERTY_VALUE_CONSERVED, currency,
                          "%lld units of currency %u are under way by the books, %lld in messages",
                          (long long)owed, currency, (long long)held);
}

static void check_liveness(void *state, struct context *context)
{
    struct accounts *accounts = state;
    const struct currency_config *currencies = accounts->config->currencies.items;
    struct account_flow all = {0};
    if (!watching(accounts))
        return;
    for (uint32_t number = 0; number < account_books_count(&accounts->books); number++)
        account_flow_add(&all, &account_books_at(&accounts->books, number)->total);
    check_under_way(accounts, context, 0, &all);
    for (uint32_t i = 0; i < accounts->config->currencies.count; i++) {
        uint32_t currency = (uint32_t)currencies[i].id;
        if (currency_books_wrong(&accounts->currencies, currency, &all))
            context_violation(context, LAYER_LEDGER, ACCOUNTS_PROPERTY_VALUE_CONSERVED, currency,
                              "balances in currency %u are not what transactions made", currency);
        check_under_way(accounts, context, currency, &all);
    }
}

/* ---- Model ---- */

static void check_config(const void *config, const char *pointer, struct diagnostics *diagnostics)
{
    const struct accounts_config *accounts = config;
    currency_books_check(&accounts->currencies, pointer, diagnostics);
}

static int build(const struct build *build, void **ret_state)
{
    SIM_ASSERT(build->slot == LAYER_LEDGER);
    *ret_state = NULL;
    if (accounts_reshard_check(build) != 0)
        return -1;
    struct memory *memory = world_memory(build->world);
    struct accounts *accounts = memory_take(memory, "ledger", sizeof *accounts);
    accounts->config = build->config;
    accounts->memory = memory;
    accounts->world = build->world;
    accounts->stack = build->stack;
    account_books_init(&accounts->books, memory, build->stack,
                       (uint64_t)accounts->config->accounts_per_shard,
                       accounts->config->initial_balance);
    map_init(&accounts->logs, memory, "ledger: log messages watched");
    external_pools_init(&accounts->externals, memory);
    currency_books_init(&accounts->currencies, memory, build->stack, &accounts->config->currencies);
    pool_init(&accounts->inputs, memory, "ledger: inputs", sizeof(struct ledger_input));
    pool_init(&accounts->parked, memory, "ledger: parked work", sizeof(struct parked_work));
    pool_init(&accounts->records, memory, "ledger: records of blocks",
              sizeof(struct accounts_record));
    build->stack->ledger = (struct ledger_seam){.self = accounts,
                                                .reserve = accounts_fill_reserve,
                                                .settle = accounts_fill_settle,
                                                .collect = accounts_fill_collect,
                                                .fetched = accounts_fill_fetched,
                                                .submit = submit,
                                                .contract = accounts_contract_address,
                                                .sign = accounts_external_sign,
                                                .account = account,
                                                .account_count = account_count};
    build->stack->app[LAYER_LEDGER] = (struct block_app){.self = accounts,
                                                         .fill = accounts_fill,
                                                         .final = final,
                                                         .dropped = dropped,
                                                         .deliver = accounts_fill_deliver,
                                                         .divide = accounts_reshard_divide,
                                                         .unite = accounts_reshard_unite};
    *ret_state = accounts;
    return 0;
}

static void on_message(void *state, struct context *context, const struct message *message)
{
    (void)state, (void)context, (void)message;
    SIM_ASSERT(false); /* this layer sends none */
}

static void on_timer(void *state, struct context *context, uint8_t kind, uint32_t chain,
                     uint64_t cookie)
{
    (void)cookie;
    SIM_ASSERT(kind == TIMER_CHECKED);
    accounts_external_checked(state, context, chain);
}

static void on_fault(void *state, struct context *context, const struct fault *fault)
{
    bool comes_up = fault->type == FAULT_RESTART || (fault->type == FAULT_CRASH && !fault->begins);
    if (comes_up)
        accounts_external_up(state, context);
}

static void report(void *state, struct context *context)
{
    const struct accounts *accounts = state;
    uint64_t waiting = 0;
    for (uint32_t number = 0; number < account_books_count(&accounts->books); number++) {
        const struct account_book *book = account_books_at(&accounts->books, number);
        waiting += book->inputs.tail - book->inputs.head;
    }
    context_metric(context, "transfers_waiting", 0, (double)waiting, "transactions", 1);
    context_metric(context, "transfers_parked", 0, (double)accounts->parked.live, "transactions",
                   1);
}

static void destroy(void *state)
{
    struct accounts *accounts = state;
    if (!accounts)
        return;
    struct memory *memory = accounts->memory;
    account_books_destroy(&accounts->books);
    map_destroy(&accounts->logs);
    external_pools_destroy(&accounts->externals);
    currency_books_destroy(&accounts->currencies);
    pool_destroy(&accounts->inputs);
    pool_destroy(&accounts->records);
    pool_destroy(&accounts->parked);
    memory_give(memory, accounts, sizeof *accounts);
}

static const char *const no_kinds[] = {NULL};

const struct model ledger_accounts_model = {
    .layer = LAYER_LEDGER,
    .layer_name = "ledger",
    .name = "accounts",
    .summary = "accounts with balances, transfers between them as messages",
    .version = 1,
    .config_bytes = sizeof(struct accounts_config),
    .params = accounts_params,
    .message_kinds = no_kinds,
    .timer_kinds = timer_kinds,
    .trace_kinds = trace_kinds,
    .metrics = accounts_metrics,
    .properties = accounts_properties,
    .check = check_config,
    .build = build,
    .on_message = on_message,
    .on_timer = on_timer,
    .on_fault = on_fault,
    .check_safety = check_safety,
    .check_liveness = check_liveness,
    .report = report,
    .destroy = destroy,
};
