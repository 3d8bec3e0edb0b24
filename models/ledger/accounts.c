#include "models/ledger/accounts.h"

#include "models/ledger/account_address.h"
#include "models/ledger/account_books.h"
#include "models/stack.h"
#include "sim/context.h"
#include "sim/memory.h"
#include "sim/world.h"

enum metric { METRIC_EXECUTED, METRIC_FAILED, METRIC_CREDITED, METRIC_UNCLAIMED, METRIC_VALUE };
static const struct model_metric metrics[] = {
    {"transfers_executed", "transactions", "transfers that debited their sender, in final blocks"},
    {"transfers_failed", "transactions", "transfers that were refused by their home chain"},
    {"transfers_credited", "transactions", "messages that credited an account (TON-22)"},
    {"transfers_unclaimed", "transactions", "messages to an address that has no account"},
    {"value_moved", "units", "value credited to accounts"},
    {NULL, NULL, NULL},
};

enum property { PROPERTY_VALUE_CONSERVED };
static const struct model_property properties[] = {
    {"value_conserved", "balances, messages under way and funds on hold add up to what there was",
     false},
    {NULL, NULL, false},
};

enum trace_kind { TRACE_DEBIT, TRACE_CREDIT, TRACE_REFUSED };
static const char *const trace_kinds[] = {"debit", "credit", "refused", NULL};

enum break_rule { BREAK_NONE, BREAK_MINT };
static const char *const break_rules[] = {"none", "mint", NULL};
enum { MINT_EVERY = 100 };

struct accounts_config {
    int64_t accounts_per_shard, initial_balance, gas_per_transfer, transaction_bytes, break_rule;
};

#define FIELD(name) .offset = offsetof(struct accounts_config, name)

static const struct param params[] = {
    {.name = "accounts_per_shard",
     .help = "accounts that exist in each shard",
     .kind = PARAM_INTEGER,
     FIELD(accounts_per_shard),
     .value_default = 1000,
     .value_min = 1,
     .value_max = 1000000000},
    {.name = "initial_balance",
     .help = "what each account owns at the start",
     .kind = PARAM_INTEGER,
     FIELD(initial_balance),
     .value_default = 1000000000,
     .value_min = 0,
     .value_max = INT64_C(1000000000000000)},
    {.name = "gas_per_transfer",
     .help = "gas that executing a transfer takes from its block; delivering it is messaging's gas",
     .kind = PARAM_INTEGER,
     FIELD(gas_per_transfer),
     .value_default = 1000,
     .value_min = 1,
     .value_max = 1000000000},
    {.name = "transaction_bytes",
     .help = "bytes of a block that a transfer takes beside its message (TON-R34)",
     .kind = PARAM_BYTES,
     FIELD(transaction_bytes),
     .value_default = 200,
     .value_min = 0,
     .value_max = 1 << 20},
    {.name = "break", /* hidden: tests break conservation on purpose and see that it is noticed */
     .help = "credit one unit too many on every hundredth delivery of a chain",
     .kind = PARAM_CHOICE,
     FIELD(break_rule),
     .choices = break_rules,
     .hidden = true},
    PARAM_END,
};

/* ---- State ---- */

struct input {
    struct tx tx;
    uint64_t arrived_ns;
};

/* What a block did, in order: the effects leave when it is final. */
enum deed { DEED_SENT, DEED_DONE, DEED_REFUSED, DEED_CREDITED, DEED_UNCLAIMED };
struct record {
    struct tx_result result; /* final_ns and committed_ns are filled in at last */
    uint64_t value;
    uint32_t next;
    enum deed deed;
};

struct accounts {
    const struct accounts_config *config;
    struct memory *memory;
    struct world *world;
    struct stack *stack;
    struct account_books books;
    struct pool inputs, records;
};

/* ---- Inside blocks ---- */

/* The block's records: first in the high half of its word, last in the low half. */
static struct record *record_add(struct accounts *accounts, struct block *block, enum deed deed)
{
    uint32_t handle = pool_take(&accounts->records);
    struct record *record = pool_at(&accounts->records, handle);
    record->deed = deed;
    uint64_t *list = &block->body[LAYER_LEDGER];
    if (*list) {
        struct record *last = pool_at(&accounts->records, (uint32_t)*list);
        last->next = handle;
    }
    *list = (*list ? *list >> 32 : handle) << 32 | handle;
    return record;
}

static void send_value(struct accounts *accounts, struct context *context, struct block *block,
                       const struct input *input, uint64_t amount)
{
    const struct messaging_seam *messaging = &accounts->stack->messaging;
    struct envelope envelope = {.tx = input->tx.id,
                                .from = input->tx.part[0].account,
                                .to = input->tx.part[1].account,
                                .value = amount,
                                .bytes = input->tx.bytes,
                                .layer = LAYER_LEDGER,
                                .workload = input->tx.workload,
                                .submit_ns = input->tx.submit_ns,
                                .queued_ns = input->arrived_ns,
                                .collated_ns = block->time_ns};
    messaging->emit(messaging->self, context, block, &envelope);
}

/* Whether a transfer may be made, and if not why. */
/* SIMPLIFICATION: what is refused stays in the block; the deployed system leaves it out. */
static enum tx_reason judge(struct accounts *accounts, const struct block *block,
                            const struct tx *tx, uint64_t amount, uint64_t *ret_index)
{
    const struct chain_seam *chain = &accounts->stack->chain;
    if (!account_books_row(&accounts->books, block->chain, tx->part[0].account, ret_index))
        return REASON_NO_ACCOUNT;
    /* TON-R54: a message to a workchain that does not exist cannot be sent. */
    if (tx->parts > 1 && chain->find(chain->self, tx->part[1].account) == CHAIN_NONE)
        return REASON_NO_ACCOUNT;
    return account_books_covers(&accounts->books, block, *ret_index, amount) ? REASON_NONE
                                                                             : REASON_BALANCE;
}

static void execute(struct accounts *accounts, struct context *context, struct account_book *book,
                    struct block *block, const struct input *input)
{
    const struct tx *tx = &input->tx;
    SIM_ASSERT(tx->parts >= 1);
    SIM_ASSERT(tx->part[0].amount <= 0);
    uint64_t amount = 0 - (uint64_t)tx->part[0].amount;
    uint64_t index = 0;
    enum tx_reason reason = judge(accounts, block, tx, amount, &index);
    enum deed deed = reason != REASON_NONE ? DEED_REFUSED : tx->parts > 1 ? DEED_SENT : DEED_DONE;
    struct record *record = record_add(accounts, block, deed);
    record->value = amount;
    record->result = (struct tx_result){.tx = tx->id,
                                        .submit_ns = tx->submit_ns,
                                        .arrived_ns = input->arrived_ns,
                                        .collated_ns = block->time_ns,
                                        .home_chain = block->chain,
                                        .workload = tx->workload,
                                        .chains = 1,
                                        .reason = (uint8_t)reason};
    if (deed == DEED_REFUSED)
        return;
    account_books_change(&accounts->books, book, block, index, 0 - amount);
    if (deed == DEED_SENT) {
        book->open.emitted += amount;
        send_value(accounts, context, block, input, amount);
    } else {
        book->open.left += amount;
    }
}

static uint32_t fill(void *self, struct context *context, struct block *block, uint32_t round)
{
    struct accounts *accounts = self;
    const struct chain_seam *chain = &accounts->stack->chain;
    struct account_book *book = account_books_find(&accounts->books, block->chain);
    (void)round;
    if (!book)
        return 0;
    uint32_t added = 0;
    while (book->inputs.head < book->inputs.tail) {
        const struct input *input =
            pool_at(&accounts->inputs, input_ring_at(&book->inputs, book->inputs.head));
        uint32_t bytes = input->tx.bytes + (uint32_t)accounts->config->transaction_bytes;
        if (!chain->charge(chain->self, block, bytes, (uint32_t)accounts->config->gas_per_transfer))
            break;
        block_set(accounts->stack, block, &book->inputs.head, book->inputs.head + 1);
        execute(accounts, context, book, block, input);
        added++;
    }
    return added;
}

/* SIMPLIFICATION: no contract runs, and a message without a recipient does not bounce.
 * TON-21: the value is added to the recipient's balance. TON-22: one delivery is one transaction of
 * one account. Bytes and gas of it were charged by messaging. */
static void deliver(void *self, struct context *context, struct block *block,
                    const struct envelope *envelope)
{
    struct accounts *accounts = self;
    struct account_book *book = account_books_get(&accounts->books, block->chain);
    (void)context;
    uint64_t index = ACCOUNT_ROW_UNCLAIMED;
    bool exists = account_books_row(&accounts->books, block->chain, envelope->to, &index);
    struct record *record = record_add(accounts, block, exists ? DEED_CREDITED : DEED_UNCLAIMED);
    uint32_t home = (uint32_t)(envelope->id >> 32);
    record->value = envelope->value;
    record->result = (struct tx_result){.tx = envelope->tx,
                                        .submit_ns = envelope->submit_ns,
                                        .arrived_ns = envelope->queued_ns,
                                        .collated_ns = envelope->collated_ns,
                                        .committed_ns = envelope->first_committed_ns,
                                        .home_chain = home,
                                        .workload = envelope->workload,
                                        .chains = home == block->chain ? 1 : 2};
    uint64_t minted =
        ++book->deliveries % MINT_EVERY == 0 && accounts->config->break_rule == BREAK_MINT;
    account_books_change(&accounts->books, book, block, index, envelope->value + minted);
    book->open.delivered += envelope->value;
}

/* ---- After blocks ---- */

static bool watching(const struct accounts *accounts)
{
    return world_property_on(accounts->world, LAYER_LEDGER, PROPERTY_VALUE_CONSERVED);
}

static void trace(struct context *context, const struct block *block, const struct record *record,
                  uint8_t kind)
{
    context_trace(context, &(struct trace){.slot = LAYER_LEDGER,
                                           .kind = kind,
                                           .milestone = true,
                                           .chain = block->chain,
                                           .subject = record->result.tx,
                                           .value = (int64_t)record->value});
}

static void settle_record(struct accounts *accounts, struct context *context,
                          const struct block *block, const struct record *record)
{
    const struct atomic_seam *atomic = &accounts->stack->atomic;
    struct tx_result result = record->result;
    switch (record->deed) {
    case DEED_SENT:
        trace(context, block, record, TRACE_DEBIT);
        context_count(context, LAYER_LEDGER, METRIC_EXECUTED, 1);
        return; /* it is settled where it arrives */
    case DEED_DONE:
        trace(context, block, record, TRACE_DEBIT);
        context_count(context, LAYER_LEDGER, METRIC_EXECUTED, 1);
        result.outcome = OUTCOME_COMMITTED;
        break;
    case DEED_REFUSED:
        trace(context, block, record, TRACE_REFUSED);
        context_count(context, LAYER_LEDGER, METRIC_FAILED, 1);
        result.outcome = OUTCOME_FAILED;
        break;
    case DEED_CREDITED:
    case DEED_UNCLAIMED:
        trace(context, block, record, TRACE_CREDIT);
        if (record->deed == DEED_CREDITED) {
            context_count(context, LAYER_LEDGER, METRIC_CREDITED, 1);
            context_count(context, LAYER_LEDGER, METRIC_VALUE, (int64_t)record->value);
        } else {
            context_count(context, LAYER_LEDGER, METRIC_UNCLAIMED, 1);
        }
        result.outcome = OUTCOME_COMMITTED;
        break;
    }
    result.final_ns = block->final_ns;
    /* A message to its own chain can be delivered by the block that made it. */
    if (result.committed_ns == 0)
        result.committed_ns = block->final_ns;
    atomic->settled(atomic->self, context, block->chain, &result);
}

/* Gives the block's records back, after settling them when the block is final. */
static void records_take(struct accounts *accounts, struct context *context,
                         const struct block *block, bool settle)
{
    uint32_t handle = (uint32_t)(block->body[LAYER_LEDGER] >> 32);
    while (handle) {
        struct record *record = pool_at(&accounts->records, handle);
        if (settle)
            settle_record(accounts, context, block, record);
        uint32_t next = record->next;
        pool_give(&accounts->records, handle);
        handle = next;
    }
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
    if (wrong != 0 && watching(accounts))
        context_violation(context, LAYER_LEDGER, PROPERTY_VALUE_CONSERVED, block->id,
                          "block %u of chain %u made %lld units from nothing", (uint32_t)block->id,
                          block->chain, (long long)wrong);
    account_flow_add(&book->total, &book->open);
    book->open = (struct account_flow){0};
    records_take(accounts, context, block, true);
    for (; book->inputs.done < book->inputs.head; book->inputs.done++)
        pool_give(&accounts->inputs, input_ring_at(&book->inputs, book->inputs.done));
    wake_if_left(accounts, context, book);
}

/* The words are as before the block: inputs are back, balances too. */
static void dropped(void *self, struct context *context, const struct block *block)
{
    struct accounts *accounts = self;
    records_take(accounts, context, block, false);
    struct account_book *book = account_books_find(&accounts->books, block->chain);
    if (!book)
        return;
    book->open = (struct account_flow){0};
    wake_if_left(accounts, context, book);
}

/* ---- The seam ---- */

/* SIMPLIFICATION: inputs are not lost in a crash, as if the node wrote them to disk. */
static void submit(void *self, struct context *context, uint32_t chain, const struct tx *tx)
{
    struct accounts *accounts = self;
    const struct chain_seam *seam = &accounts->stack->chain;
    stack_here(accounts->stack, context, chain);
    struct account_book *book = account_books_get(&accounts->books, chain);
    uint32_t handle = pool_take(&accounts->inputs);
    struct input *input = pool_at(&accounts->inputs, handle);
    *input = (struct input){.tx = *tx, .arrived_ns = context->now_ns};
    input_ring_append(&book->inputs, accounts->memory, handle);
    seam->wake(seam->self, context, chain);
}

/* A debit is taken from the balance at once and held until settle(), so no later reservation or
 * transfer can spend it; a credit only needs an account. */
static enum verdict reserve(void *self, struct block *block, uint64_t tx, const struct part *part)
{
    struct accounts *accounts = self;
    (void)tx;
    uint64_t index;
    if (!account_books_row(&accounts->books, block->chain, part->account, &index))
        return VERDICT_NO;
    if (part->amount >= 0)
        return VERDICT_YES;
    uint64_t amount = 0 - (uint64_t)part->amount;
    if (!account_books_covers(&accounts->books, block, index, amount))
        return VERDICT_NO;
    struct account_book *book = account_books_get(&accounts->books, block->chain);
    account_books_change(&accounts->books, book, block, index, 0 - amount);
    book->open.held += amount;
    return VERDICT_YES;
}

static void settle(void *self, struct block *block, uint64_t tx, const struct part *part,
                   bool commit)
{
    struct accounts *accounts = self;
    (void)tx;
    uint64_t index;
    bool exists = account_books_row(&accounts->books, block->chain, part->account, &index);
    SIM_ASSERT(exists); /* reserve() said yes */
    struct account_book *book = account_books_get(&accounts->books, block->chain);
    if (part->amount >= 0) {
        if (commit) {
            account_books_change(&accounts->books, book, block, index, (uint64_t)part->amount);
            book->open.joined += (uint64_t)part->amount;
        }
        return;
    }
    uint64_t amount = 0 - (uint64_t)part->amount;
    book->open.held -= amount;
    if (commit)
        book->open.left += amount;
    else
        account_books_change(&accounts->books, book, block, index, amount);
}

static void fetched(void *self, struct context *context, struct block *block, uint64_t ticket,
                    bool ok)
{
    (void)self, (void)context, (void)block, (void)ticket, (void)ok;
    SIM_ASSERT(false); /* this ledger never asks for a row */
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
    uint64_t sum = account_books_sum(&accounts->books, book);
    struct account_flow all = book->total;
    account_flow_add(&all, &book->open);
    if (sum != all.change || account_flow_wrong(&all) != 0)
        context_violation(context, LAYER_LEDGER, PROPERTY_VALUE_CONSERVED, book->chain,
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
    /* What is under way, in messages or between the parts of a commit, cannot be negative. */
    if (all.delivered > all.emitted)
        context_violation(context, LAYER_LEDGER, PROPERTY_VALUE_CONSERVED, 0,
                          "%llu units were delivered, %llu were sent",
                          (unsigned long long)all.delivered, (unsigned long long)all.emitted);
}

/* ---- Model ---- */

static int build(const struct build *build, void **ret_state)
{
    SIM_ASSERT(build->slot == LAYER_LEDGER);
    struct memory *memory = world_memory(build->world);
    struct accounts *accounts = memory_take(memory, "ledger", sizeof *accounts);
    accounts->config = build->config;
    accounts->memory = memory;
    accounts->world = build->world;
    accounts->stack = build->stack;
    account_books_init(&accounts->books, memory, build->stack,
                       (uint64_t)accounts->config->accounts_per_shard,
                       accounts->config->initial_balance);
    pool_init(&accounts->inputs, memory, "ledger: inputs", sizeof(struct input));
    pool_init(&accounts->records, memory, "ledger: records of blocks", sizeof(struct record));
    build->stack->ledger = (struct ledger_seam){.self = accounts,
                                                .reserve = reserve,
                                                .settle = settle,
                                                .fetched = fetched,
                                                .submit = submit,
                                                .account = account,
                                                .account_count = account_count};
    build->stack->app[LAYER_LEDGER] = (struct block_app){
        .self = accounts, .fill = fill, .final = final, .dropped = dropped, .deliver = deliver};
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
    (void)state, (void)context, (void)kind, (void)chain, (void)cookie;
    SIM_ASSERT(false); /* and sets none */
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
}

static void destroy(void *state)
{
    struct accounts *accounts = state;
    if (!accounts)
        return;
    struct memory *memory = accounts->memory;
    account_books_destroy(&accounts->books);
    pool_destroy(&accounts->inputs);
    pool_destroy(&accounts->records);
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
    .params = params,
    .message_kinds = no_kinds,
    .timer_kinds = no_kinds,
    .trace_kinds = trace_kinds,
    .metrics = metrics,
    .properties = properties,
    .build = build,
    .on_message = on_message,
    .on_timer = on_timer,
    .check_safety = check_safety,
    .report = report,
    .destroy = destroy,
};
