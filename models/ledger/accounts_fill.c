#include "models/ledger/accounts_fill.h"

#include <string.h>

#include "models/anycast.h"
#include "models/ledger/accounts_contract.h"
#include "models/ledger/accounts_external.h"
#include "models/ledger/master_deposit.h"
#include "sim/exact.h"

enum { MINT_EVERY = 100 };

/* The block's records: first in the high half of its word, last in the low half. */
static struct accounts_record *record_add(struct accounts *accounts, struct block *block,
                                          enum accounts_deed deed)
{
    uint32_t handle = pool_take(&accounts->records);
    struct accounts_record *record = pool_at(&accounts->records, handle);
    record->deed = deed;
    uint64_t *list = &block->body[LAYER_LEDGER];
    if (*list) {
        struct accounts_record *last = pool_at(&accounts->records, (uint32_t)*list);
        last->next = handle;
    }
    *list = (*list ? *list >> 32 : handle) << 32 | handle;
    return record;
}

/* TON-R51: whether the sender of a transaction's message needs order, so that no proof may carry
 * it. */
static uint8_t flags_of(const struct accounts *accounts, const struct tx *tx)
{
    struct rng_stream stream;
    if (accounts->config->needs_order == 0)
        return 0;
    rng_stream_at(&stream, world_rng(accounts->world), RNG_NEEDS_ORDER, tx->id, 0);
    return rng_chance(&stream, exact_threshold(accounts->config->needs_order)) ? ENVELOPE_NO_INSTANT
                                                                               : 0;
}

/* The message that a transfer makes. */
static struct envelope envelope_of(const struct accounts *accounts, const struct tx *tx,
                                   uint64_t amount)
{
    struct envelope envelope = {.tx = tx->id,
                                .from = tx->part[0].account,
                                .to = tx->part[1].account,
                                .value = amount,
                                .extra_amount = {tx->extra_amount[0], tx->extra_amount[1]},
                                .extra_currency = {tx->extra_currency[0], tx->extra_currency[1]},
                                .gas_limit = tx->gas_limit,
                                .constructor = tx->constructor,
                                .anycast_depth = tx->anycast_depth,
                                .flags = flags_of(accounts, tx),
                                .bytes = tx->bytes,
                                .layer = LAYER_LEDGER,
                                .kind = tx->operation == TX_LOG ? ACCOUNTS_LOG : ACCOUNTS_TRANSFER,
                                .workload = tx->workload,
                                .submit_ns = tx->submit_ns};
    contract_set_argument(&envelope, tx->argument);
    return envelope;
}

static uint64_t send_value(struct accounts *accounts, struct context *context, struct block *block,
                           const struct ledger_input *input, uint64_t amount)
{
    const struct messaging_seam *messaging = &accounts->stack->messaging;
    struct envelope envelope = envelope_of(accounts, &input->tx, amount);
    envelope.queued_ns = input->arrived_ns;
    envelope.collated_ns = block->time_ns;
    messaging->emit(messaging->self, context, block, &envelope);
    return envelope.id;
}

/* TON-R44: what forwarding it would cost is paid for a log message that goes nowhere, too. */
static enum tx_reason price_local_log(const struct accounts *accounts, const struct tx *tx,
                                      uint64_t *ret_fee)
{
    const struct messaging_seam *messaging = &accounts->stack->messaging;
    struct envelope envelope = envelope_of(accounts, tx, INT64_MAX);
    struct message_price price;
    enum tx_reason reason = messaging->price(messaging->self, &envelope, &price);
    *ret_fee = price.from_value + price.on_top;
    return reason;
}

enum tx_reason accounts_fill_judge(const struct accounts *accounts, const struct block *block,
                                   const struct tx *tx, uint64_t row, uint64_t fee,
                                   uint64_t *ret_debit)
{
    const struct chain_seam *chain = &accounts->stack->chain;
    const struct messaging_seam *messaging = &accounts->stack->messaging;
    uint64_t amount = 0 - (uint64_t)tx->part[0].amount;
    *ret_debit = amount;
    /* TON-R54: a message to a workchain that does not exist cannot be sent. */
    if (tx->parts > 1 && chain->find(chain->self, tx->part[1].account) == CHAIN_NONE)
        return REASON_NO_ACCOUNT;
    if (tx->anycast_depth > ANYCAST_DEPTH_MAX ||
        (tx->anycast_depth > 0 && !accounts->config->contracts.anycast)) /* TON-R53 */
        return REASON_NO_ACCOUNT;
    if (accounts_contract_logs_here(accounts, tx)) {
        enum tx_reason reason = price_local_log(accounts, tx, ret_debit);
        if (reason != REASON_NONE)
            return reason;
    } else if (tx->parts > 1) {
        struct envelope envelope = envelope_of(accounts, tx, amount);
        struct message_price price;
        /* TON-19: nobody would own it where it is logged. */
        if (tx->operation == TX_LOG && (tx->extra_currency[0] != 0 || tx->extra_currency[1] != 0))
            return REASON_CURRENCY;
        enum tx_reason reason = messaging->price(messaging->self, &envelope, &price);
        if (reason != REASON_NONE)
            return reason;
        *ret_debit += price.on_top; /* TON-R41: the sender pays beside the value */
        uint64_t arrives = amount - price.from_value;
        if (master_deposit_asked(accounts, &envelope) &&
            arrives < (uint64_t)accounts->config->master_deposit)
            return REASON_DEPOSIT;
    }
    if (!account_books_covers(&accounts->books, block, row, *ret_debit + fee))
        return REASON_BALANCE;
    bool sends = tx->parts > 1 && !accounts_contract_logs_here(accounts, tx);
    return sends ? currency_books_judge(&accounts->currencies, block, tx, row) : REASON_NONE;
}

static struct parked_work *park(struct accounts *accounts, struct account_book *book,
                                struct block *block, enum parked_kind kind, uint64_t row)
{
    uint32_t handle = parked_work_add(&accounts->books, book, &accounts->parked, block, kind, row);
    record_add(accounts, block, DEED_PARKED)->parked = handle;
    return pool_at(&accounts->parked, handle);
}

bool accounts_fill_warm(const struct accounts *accounts, const struct block *view, uint64_t row,
                        const uint32_t currency[EXTRA_CURRENCIES_MAX])
{
    struct parked_work wanted = {.row = row};
    memcpy(wanted.currency, currency, sizeof wanted.currency);
    return !parked_work_cold(&accounts->books, view, &wanted);
}

static struct accounts_record *record_input(struct accounts *accounts, struct block *block,
                                            const struct ledger_input *input,
                                            enum accounts_deed deed, enum tx_reason reason)
{
    const struct tx *tx = &input->tx;
    struct accounts_record *record = record_add(accounts, block, deed);
    record->value = 0 - (uint64_t)tx->part[0].amount;
    record->result = (struct tx_result){.tx = tx->id,
                                        .submit_ns = tx->submit_ns,
                                        .arrived_ns = input->arrived_ns,
                                        .collated_ns = block->time_ns,
                                        .home_chain = block->chain,
                                        .workload = tx->workload,
                                        .chains = 1,
                                        .reason = (uint8_t)reason};
    return record;
}

/* TON-16: the account pays the validators of its chain. */
void accounts_fill_pay(struct accounts *accounts, struct account_book *book, struct block *block,
                       uint64_t row, uint64_t fee)
{
    if (fee == 0)
        return;
    account_books_change(&accounts->books, book, block, row, 0 - fee);
    book->open.emitted += fee;
    accounts_fill_collect(accounts, block, 0, fee);
}

static void execute(struct accounts *accounts, struct context *context, struct account_book *book,
                    struct block *block, const struct ledger_input *input,
                    const struct accounts_plan *plan)
{
    const struct tx *tx = &input->tx;
    SIM_ASSERT(tx->parts >= 1);
    SIM_ASSERT(tx->part[0].amount <= 0);
    SIM_ASSERT(!plan->cold);
    uint64_t amount = 0 - (uint64_t)tx->part[0].amount;
    uint64_t debit = 0;
    enum tx_reason reason = plan->run.reason;
    if (reason == REASON_NONE)
        reason = accounts_fill_judge(accounts, block, tx, plan->row, plan->fee, &debit);
    bool logs_here = accounts_contract_logs_here(accounts, tx);
    enum accounts_deed deed = reason != REASON_NONE ? DEED_REFUSED
                              : logs_here           ? DEED_LOGGED
                              : tx->parts > 1       ? DEED_SENT
                                                    : DEED_DONE;
    struct accounts_record *record = record_input(accounts, block, input, deed, reason);
    record->gas = plan->run.gas.used;
    record->fee = plan->fee;
    accounts_fill_pay(accounts, book, block, plan->row, plan->fee);
    if (deed == DEED_LOGGED) {
        record->value = tx->argument;
        record->fee += debit;
        accounts_fill_pay(accounts, book, block, plan->row, debit);
    }
    if (deed == DEED_REFUSED || deed == DEED_LOGGED)
        return;
    account_books_change(&accounts->books, book, block, plan->row, 0 - debit);
    if (deed == DEED_SENT) {
        book->open.emitted += debit;
        currency_books_debit(&accounts->currencies, block, tx, plan->row);
        record->letter = tx->operation == TX_LOG ? ACCOUNTS_LOG : ACCOUNTS_TRANSFER;
        record->message = send_value(accounts, context, block, input, amount);
    } else {
        book->open.left += amount;
    }
}

/* An input waits when its sender's balance is cold, and is left out when nobody would pay for it
 * (TON-15, TON-R49). */
static void take_input(struct accounts *accounts, struct context *context,
                       struct account_book *book, struct block *block,
                       const struct ledger_input *input, const struct accounts_plan *plan)
{
    if (plan->cold) {
        struct parked_work *work = park(accounts, book, block, PARKED_INPUT, plan->row);
        uint64_t row;
        work->contract =
            !account_books_row(&accounts->books, block->chain, input->tx.part[0].account, &row);
        work->content.input = *input;
        memcpy(work->currency, input->tx.extra_currency, sizeof work->currency);
    } else if (plan->out != REASON_NONE) {
        record_input(accounts, block, input, DEED_LEFT_OUT, plan->out);
    } else {
        execute(accounts, context, book, block, input, plan);
    }
}

struct accounts_record *accounts_fill_arrived(struct accounts *accounts, struct block *block,
                                              const struct envelope *envelope,
                                              enum accounts_deed deed)
{
    struct accounts_record *record = record_add(accounts, block, deed);
    uint32_t home = (uint32_t)(envelope->id >> 32);
    record->value = envelope->value;
    record->message = envelope->id;
    record->letter = envelope->kind;
    record->result = (struct tx_result){.tx = envelope->tx,
                                        .submit_ns = envelope->submit_ns,
                                        .arrived_ns = envelope->queued_ns,
                                        .collated_ns = envelope->collated_ns,
                                        .committed_ns = envelope->first_committed_ns,
                                        .home_chain = home,
                                        .workload = envelope->workload,
                                        .chains = home == block->chain ? 1 : 2};
    return record;
}

void accounts_fill_arrive(struct accounts *accounts, struct account_book *book, struct block *block,
                          const struct envelope *envelope, uint64_t key, uint64_t away)
{
    uint64_t minted =
        ++book->deliveries % MINT_EVERY == 0 && accounts->config->break_rule == ACCOUNTS_BREAK_MINT;
    account_books_change(&accounts->books, book, block, key, envelope->value - away + minted);
    struct envelope carried = *envelope;
    carried.extra_amount[0] += accounts->config->break_rule == ACCOUNTS_BREAK_MINT_FURTHER;
    currency_books_credit(&accounts->currencies, block, &carried, key);
    book->open.delivered += envelope->value;
}

/* TON-21: the value is added to the recipient's balance, and a contract runs. TON-22: one delivery
 * is one transaction of one account. Bytes of it were charged by messaging. */
static void credit(struct accounts *accounts, struct context *context, struct account_book *book,
                   struct block *block, const struct envelope *envelope)
{
    if (accounts_contract_deliver(accounts, context, book, block, envelope))
        return;
    bool exists = accounts_contract_kind(accounts, block, envelope->to) != CONTRACT_NONE;
    enum accounts_deed deed = envelope->kind == ACCOUNTS_DEPOSIT_BACK ? DEED_RETURNED
                              : exists                                ? DEED_CREDITED
                                                                      : DEED_UNCLAIMED;
    struct accounts_record *record = accounts_fill_arrived(accounts, block, envelope, deed);
    uint64_t kept = envelope->value;
    if (exists)
        kept = master_deposit_settle(accounts, context, book, block, envelope, &record->deposit);
    accounts_fill_arrive(accounts, book, block, envelope, envelope->to.prefix,
                         envelope->value - kept);
}

/* Delivery never waits, but its effect does when the recipient's rows are cold. */
void accounts_fill_deliver(void *self, struct context *context, struct block *block,
                           const struct envelope *envelope)
{
    struct accounts *accounts = self;
    const struct chain_seam *chain = &accounts->stack->chain;
    struct account_book *book = account_books_get(&accounts->books, block->chain);
    struct envelope arrived = *envelope;
    arrived.to = anycast_recipient(envelope, chain->prefix(chain->self, block->chain).prefix);
    arrived.anycast_depth = 0;
    uint64_t row = arrived.to.prefix;
    bool contract_warm = accounts_contract_warm(accounts, block, arrived.to);
    if (contract_warm && accounts_fill_warm(accounts, block, row, arrived.extra_currency)) {
        credit(accounts, context, book, block, &arrived);
        return;
    }
    struct parked_work *work = park(accounts, book, block, PARKED_DELIVERY, row);
    work->content.envelope = arrived;
    work->contract = !account_books_row(&accounts->books, block->chain, arrived.to, &row);
    memcpy(work->currency, arrived.extra_currency, sizeof work->currency);
    book->open.parked += arrived.value;
    currency_books_park(&accounts->currencies, block, &arrived, true);
}

/* A row stays readable from reserve() to settle(), which cannot wait. Holds count. */
static void hold(struct accounts *accounts, struct block *block, uint64_t index, bool on)
{
    const struct state_seam *state = &accounts->stack->state;
    struct row row = {.chain = block->chain, .space = 0, .key = index};
    state->hold(state->self, block, row, on);
}

/* A debit is taken from the balance at once and held until settle(), so no later reservation or
 * transfer can spend it; a credit only needs an account. */
enum verdict accounts_fill_reserve(void *self, struct block *block, uint64_t tx,
                                   const struct part *part)
{
    struct accounts *accounts = self;
    struct account_book *book = account_books_get(&accounts->books, block->chain);
    uint64_t index;
    if (!account_books_row(&accounts->books, block->chain, part->account, &index))
        return VERDICT_NO;
    if (!account_books_warm(&accounts->books, block, index)) {
        park(accounts, book, block, PARKED_RESERVE, index)->content.reservation =
            (struct ledger_reservation){.tx = tx, .part = *part};
        return VERDICT_LATER;
    }
    uint64_t amount = 0 - (uint64_t)part->amount;
    if (part->amount < 0 && !account_books_covers(&accounts->books, block, index, amount))
        return VERDICT_NO;
    hold(accounts, block, index, true);
    if (part->amount >= 0)
        return VERDICT_YES;
    account_books_change(&accounts->books, book, block, index, 0 - amount);
    book->open.held += amount;
    return VERDICT_YES;
}

void accounts_fill_settle(void *self, struct block *block, uint64_t tx, const struct part *part,
                          bool commit)
{
    struct accounts *accounts = self;
    (void)tx;
    uint64_t index;
    bool exists = account_books_row(&accounts->books, block->chain, part->account, &index);
    SIM_ASSERT(exists); /* reserve() said yes */
    struct account_book *book = account_books_get(&accounts->books, block->chain);
    uint64_t amount = part->amount < 0 ? 0 - (uint64_t)part->amount : (uint64_t)part->amount;
    if (part->amount < 0) {
        book->open.held -= amount;
        if (commit)
            book->open.left += amount;
        else
            account_books_change(&accounts->books, book, block, index, amount);
    } else if (commit) {
        account_books_change(&accounts->books, book, block, index, amount);
        book->open.joined += amount;
    }
    hold(accounts, block, index, false);
}

static void earn(struct accounts *accounts, struct account_book *book, struct block *block,
                 uint64_t amount)
{
    account_books_earn(&accounts->books, book, block, amount);
    book->open.delivered += amount;
}

void accounts_fill_collect(void *self, struct block *block, uint32_t currency, uint64_t amount)
{
    struct accounts *accounts = self;
    struct account_book *book = account_books_get(&accounts->books, block->chain);
    SIM_ASSERT(currency == 0); /* fees are paid in it alone */
    struct account_row fees = {.key = ACCOUNT_ROW_FEES, .space = ACCOUNT_SPACE_CHAIN};
    if (account_books_warm_in(&accounts->books, block, fees)) {
        earn(accounts, book, block, amount);
        return;
    }
    park(accounts, book, block, PARKED_FEES, ACCOUNT_ROW_FEES)->content.fees = amount;
    book->open.parked += amount;
}

static bool charge(const struct accounts *accounts, struct block *block, enum charge_kind kind,
                   uint32_t bytes, uint64_t gas)
{
    const struct chain_seam *chain = &accounts->stack->chain;
    SIM_ASSERT(gas <= UINT32_MAX);
    return chain->charge_as(chain->self, block, kind,
                            bytes + (uint32_t)accounts->config->transaction_bytes, (uint32_t)gas);
}

static void execute_parked(struct accounts *accounts, struct context *context,
                           struct account_book *book, struct block *block,
                           const struct parked_work *work, const struct accounts_plan *plan)
{
    const struct atomic_seam *atomic = &accounts->stack->atomic;
    const struct ledger_reservation *wanted = &work->content.reservation;
    enum verdict verdict;
    switch (work->kind) {
    case PARKED_INPUT:
        take_input(accounts, context, book, block, &work->content.input, plan);
        break;
    case PARKED_FEES:
        book->open.parked -= work->content.fees;
        earn(accounts, book, block, work->content.fees);
        break;
    case PARKED_DELIVERY:
        book->open.parked -= work->content.envelope.value;
        currency_books_park(&accounts->currencies, block, &work->content.envelope, false);
        credit(accounts, context, book, block, &work->content.envelope);
        break;
    case PARKED_RESERVE:
        verdict = accounts_fill_reserve(accounts, block, wanted->tx, &wanted->part);
        SIM_ASSERT(verdict != VERDICT_LATER);
        atomic->reserved(atomic->self, context, block, wanted->tx, &wanted->part,
                         verdict == VERDICT_YES);
        break;
    }
}

/* Executes parked work whose row is warm by now, oldest first. Returns false when the block is
 * full. */
static bool fill_parked(struct accounts *accounts, struct context *context,
                        struct account_book *book, struct block *block, uint32_t *added)
{
    uint64_t end = book->parked.tail;
    for (uint64_t place = book->parked.done; place < end; place++) {
        struct parked_work *work = parked_work_find(book, &accounts->parked, place);
        if (!work || parked_work_cold(&accounts->books, block, work))
            continue;
        struct accounts_plan plan = {.run.gas.used = (uint64_t)accounts->config->gas_per_transfer};
        if (work->kind == PARKED_INPUT)
            plan = accounts_external_plan(accounts, block, &work->content.input.tx);
        if (plan.out == REASON_NONE &&
            !charge(accounts, block, CHARGE_INTERNAL, 0, plan.run.gas.used))
            return false;
        block_set(accounts->stack, block, &work->done, 1);
        *added += plan.out == REASON_NONE;
        execute_parked(accounts, context, book, block, work, &plan);
    }
    return true;
}

uint32_t accounts_fill(void *self, struct context *context, struct block *block, uint32_t round)
{
    struct accounts *accounts = self;
    struct account_book *book = account_books_find(&accounts->books, block->chain);
    (void)round;
    uint32_t added = 0;
    if (!book || !fill_parked(accounts, context, book, block, &added))
        return added;
    while (book->inputs.head < book->inputs.tail) {
        const struct ledger_input *input =
            pool_at(&accounts->inputs, input_ring_at(&book->inputs, book->inputs.head));
        struct accounts_plan plan = accounts_external_plan(accounts, block, &input->tx);
        if (plan.out == REASON_NONE &&
            !charge(accounts, block, CHARGE_EXTERNAL, input->tx.bytes, plan.run.gas.used))
            break;
        block_set(accounts->stack, block, &book->inputs.head, book->inputs.head + 1);
        take_input(accounts, context, book, block, input, &plan);
        added += plan.out == REASON_NONE;
    }
    return added;
}

/* A row was asked for and is warm, or could not be had. Work that is still there when the block is
 * final asks again; what nobody can wait for is given up after some tries. */
void accounts_fill_fetched(void *self, struct context *context, struct block *block,
                           uint64_t ticket, bool ok)
{
    struct accounts *accounts = self;
    const struct atomic_seam *atomic = &accounts->stack->atomic;
    struct account_book *book = account_books_get(&accounts->books, block->chain);
    struct parked_work *work = parked_work_find(book, &accounts->parked, ticket);
    if (!work)
        return;
    work->asked -= work->asked > 0; /* a dropped block tells its answers again */
    work->tries += !ok;
    if (work->tries < PARKED_TRIES_MAX || work->kind == PARKED_DELIVERY ||
        work->kind == PARKED_FEES)
        return; /* value that arrived is never given up */
    block_set(accounts->stack, block, &work->done, 1);
    const struct ledger_reservation *wanted = &work->content.reservation;
    if (work->kind == PARKED_INPUT)
        record_input(accounts, block, &work->content.input, DEED_REFUSED, REASON_STATE);
    else
        atomic->reserved(atomic->self, context, block, wanted->tx, &wanted->part, false);
}

void accounts_fill_release(struct accounts *accounts, struct context *context,
                           const struct block *block, accounts_visit *visit)
{
    uint32_t handle = (uint32_t)(block->body[LAYER_LEDGER] >> 32);
    while (handle) {
        const struct accounts_record *record = pool_at(&accounts->records, handle);
        visit(accounts, context, block, record);
        uint32_t next = record->next;
        pool_give(&accounts->records, handle);
        handle = next;
    }
}
