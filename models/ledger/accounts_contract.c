#include "models/ledger/accounts_contract.h"

#include "models/ledger/accounts_external.h"
#include "models/shard_prefix.h"
#include "sim/context.h"
#include "sim/world.h"

/* What a run of a contract has at hand. */
struct contract_run {
    struct accounts *accounts;
    struct context *context;
    struct account_book *book;
    struct block *block;
    const struct envelope *message;
    struct contract_place place;
    uint64_t value; /* what is left of the message's */
    struct accounts_record *record;
};

static struct account_row row_of(uint32_t space, uint64_t key)
{
    return (struct account_row){.key = key, .space = space};
}

/* ---- What stands where ---- */

static bool is_resident(const struct accounts *accounts, uint32_t chain, struct address address,
                        enum contract_kind kind)
{
    const struct chain_seam *seam = &accounts->stack->chain;
    unsigned depth = (unsigned)accounts->config->contracts.global_depth;
    struct address shard = seam->prefix(seam->self, chain);
    bool master = shard.workchain == MASTER_WORKCHAIN;
    if (master != (kind == CONTRACT_PUBLISHER))
        return false;
    if (kind == CONTRACT_COUNTER || kind == CONTRACT_CREATOR)
        shard = seam->prefix(seam->self, seam->origin(seam->self, chain, address));
    return address.prefix == contract_address(kind, depth, shard.prefix);
}

bool accounts_contract_warm(const struct accounts *accounts, const struct block *view,
                            struct address address)
{
    uint64_t key;
    if (account_books_row(&accounts->books, view->chain, address, &key))
        return true; /* an account of the beginning has neither code nor data */
    return account_books_warm_in(&accounts->books, view, row_of(ACCOUNT_SPACE_CODE, key)) &&
           account_books_warm_in(&accounts->books, view, row_of(ACCOUNT_SPACE_DATA, key));
}

enum contract_kind accounts_contract_kind(const struct accounts *accounts, const struct block *view,
                                          struct address address)
{
    uint64_t key;
    if (account_books_row(&accounts->books, view->chain, address, &key))
        return CONTRACT_SIMPLE;
    for (int kind = CONTRACT_COUNTER; kind < CONTRACT_KINDS; kind++)
        if (is_resident(accounts, view->chain, address, (enum contract_kind)kind))
            return (enum contract_kind)kind;
    struct account_row code = row_of(ACCOUNT_SPACE_CODE, address.prefix);
    return (enum contract_kind)account_books_read(&accounts->books, view, code);
}

struct address accounts_contract_address(const void *self, uint32_t chain, enum contract_kind kind)
{
    const struct accounts *accounts = self;
    const struct chain_seam *seam = &accounts->stack->chain;
    struct address address = seam->prefix(seam->self, chain);
    if (kind == CONTRACT_GLOBAL) {
        address.prefix = contract_global(); /* a wildcard: the shard does not matter */
        return address;
    }
    if (kind == CONTRACT_PUBLISHER)
        address.workchain = MASTER_WORKCHAIN;
    unsigned depth = (unsigned)accounts->config->contracts.global_depth;
    address.prefix = contract_address(kind, depth, address.prefix);
    return address;
}

/* ---- Sending ---- */

/* A contract sends from its own balance, which has what came with the message. False: it cannot
 * (TON-R54, fees, or too little value), and nothing has changed. */
static bool send_letter(const struct contract_run *run, struct envelope *envelope)
{
    struct accounts *accounts = run->accounts;
    const struct chain_seam *chain = &accounts->stack->chain;
    const struct messaging_seam *messaging = &accounts->stack->messaging;
    struct message_price price;
    uint64_t key = run->place.self.prefix;
    envelope->from = run->place.self;
    envelope->bytes = (uint32_t)accounts->config->contracts.message_bytes;
    envelope->layer = LAYER_LEDGER;
    if (chain->find(chain->self, envelope->to) == CHAIN_NONE ||
        messaging->price(messaging->self, envelope, &price) != REASON_NONE)
        return false;
    uint64_t debit = envelope->value + price.on_top;
    if (account_books_balance(&accounts->books, run->block, key) < debit)
        return false;
    account_books_change(&accounts->books, run->book, run->block, key, 0 - debit);
    run->book->open.emitted += debit;
    messaging->emit(messaging->self, run->context, run->block, envelope);
    run->record->sent++;
    return true;
}

/* Back to the sender with what is left. SIMPLIFICATION: further currencies do not come back. */
static void bounce(const struct contract_run *run)
{
    struct envelope back = {
        .to = run->message->from, .value = run->value, .kind = ACCOUNTS_BOUNCED};
    SIM_ASSERT(run->message->kind != ACCOUNTS_BOUNCED); /* it runs nothing */
    if (run->accounts->config->contracts.bounce)
        (void)send_letter(run, &back); /* no value for the way: it stays where it is */
}

/* ---- Methods ---- */

static uint64_t data_of(const struct contract_run *run)
{
    return account_books_read(&run->accounts->books, run->block,
                              row_of(ACCOUNT_SPACE_DATA, run->place.self.prefix));
}

static void set_data(const struct contract_run *run, uint64_t data)
{
    account_books_write(&run->accounts->books, run->book, run->block,
                        row_of(ACCOUNT_SPACE_DATA, run->place.self.prefix), data);
}

/* The shard of the contract's workchain that holds a hash of a number. */
static uint64_t some_shard(const struct contract_run *run, uint64_t number)
{
    const struct chain_seam *chain = &run->accounts->stack->chain;
    struct address somewhere = {.workchain = run->place.self.workchain,
                                .prefix = contract_child(&run->place, number, true)};
    return chain->prefix(chain->self, chain->find(chain->self, somewhere)).prefix;
}

/* Counts, and passes the value on to a counter elsewhere, so many times. */
static void do_relay(const struct contract_run *run)
{
    uint64_t hops = contract_argument(run->message), count = data_of(run) + 1;
    set_data(run, count);
    if (run->message->constructor != METHOD_RELAY || hops == 0)
        return;
    const struct chain_seam *chain = &run->accounts->stack->chain;
    struct address next = {.workchain = run->place.self.workchain,
                           .prefix = contract_child(&run->place, count, true)};
    uint32_t there = chain->origin(chain->self, chain->find(chain->self, next), next);
    next.prefix = contract_address(CONTRACT_COUNTER, 0, chain->prefix(chain->self, there).prefix);
    struct envelope onward = {.to = next, .value = run->value, .constructor = METHOD_RELAY};
    contract_set_argument(&onward, hops - 1);
    (void)send_letter(run, &onward);
}

/* TON-5: a contract comes into being by a message to its address, with its code and a balance. */
static void do_create(const struct contract_run *run)
{
    uint64_t wanted = contract_argument(run->message), number = data_of(run) + 1;
    set_data(run, number);
    struct envelope birth = {
        .to = {run->place.self.workchain, contract_child(&run->place, number, wanted >> 8 != 0)},
        .value = run->value,
        .constructor = METHOD_CONSTRUCT};
    contract_set_argument(&birth, wanted & 0xff);
    (void)send_letter(run, &birth);
}

static void do_construct(const struct contract_run *run)
{
    uint64_t kind = contract_argument(run->message);
    bool known = kind > CONTRACT_NONE && kind < CONTRACT_KINDS;
    account_books_write(&run->accounts->books, run->book, run->block,
                        row_of(ACCOUNT_SPACE_CODE, run->place.self.prefix),
                        known ? kind : CONTRACT_SIMPLE);
}

/* TON-23: an instance counts what it is asked (low half) and what it was told (high half). Now and
 * then it sends its count and half of what it has to another instance. */
static void do_global(const struct contract_run *run)
{
    uint64_t data = data_of(run), every = (uint64_t)run->accounts->config->contracts.share_every;
    if (run->message->constructor != METHOD_ASK) {
        set_data(run, data + (UINT64_C(1) << 32));
        return;
    }
    set_data(run, ++data);
    uint32_t asked = (uint32_t)data;
    if (every == 0 || asked % every != 0)
        return;
    unsigned depth = (unsigned)run->accounts->config->contracts.global_depth;
    struct address sister = {.workchain = run->place.self.workchain,
                             .prefix =
                                 contract_address(CONTRACT_GLOBAL, depth, some_shard(run, asked))};
    if (sister.prefix == run->place.self.prefix)
        return; /* the hash led home */
    uint64_t has = account_books_balance(&run->accounts->books, run->block, run->place.self.prefix);
    struct envelope share = {.to = sister, .value = has / 2, .constructor = METHOD_SHARE};
    contract_set_argument(&share, asked);
    (void)send_letter(run, &share);
}

/* Visits the living shards of all workchains in order of the chains of the beginning. Returns how
 * many have the global contract's instance; with a run, it is sent there. */
static uint32_t tell_all(const struct accounts *accounts, const struct contract_run *run,
                         uint64_t value)
{
    const struct chain_seam *chain = &accounts->stack->chain;
    unsigned depth = (unsigned)accounts->config->contracts.global_depth;
    uint32_t told = 0, chains = chain->count(chain->self, CHAIN_SHARD);
    int32_t before = MASTER_WORKCHAIN;
    for (uint32_t i = 0; i < chains; i++) {
        struct address at = chain->prefix(chain->self, chain->at(chain->self, CHAIN_SHARD, i));
        if (at.workchain == before)
            continue;
        before = at.workchain;
        for (uint64_t last = UINT64_MAX; last == UINT64_MAX || last + 1 != 0;) {
            at.prefix = last + 1;
            uint32_t living = chain->find(chain->self, at);
            uint64_t shard = chain->prefix(chain->self, living).prefix;
            struct envelope news = {
                .to = {at.workchain, contract_address(CONTRACT_GLOBAL, depth, shard)},
                .value = value,
                .constructor = METHOD_NEWS};
            bool has_one = shard_contains(shard, news.to.prefix);
            if (run && has_one) {
                contract_set_argument(&news, contract_argument(run->message));
                (void)send_letter(run, &news);
            }
            told += has_one;
            last = shard_last(shard);
            if (last == UINT64_MAX)
                break;
        }
    }
    return told;
}

static void act(const struct contract_run *run, enum contract_kind kind)
{
    switch (kind) {
    case CONTRACT_COUNTER:
        do_relay(run);
        break;
    case CONTRACT_CREATOR:
        do_create(run);
        break;
    case CONTRACT_GLOBAL:
        do_global(run);
        break;
    case CONTRACT_PUBLISHER: /* TON-25 */
        set_data(run, data_of(run) + 1);
        tell_all(run->accounts, run, run->value / run->place.shard_count);
        break;
    case CONTRACT_NONE:
        do_construct(run);
        break;
    case CONTRACT_SIMPLE:
    case CONTRACT_KINDS:
        SIM_ASSERT(false); /* value needs no code */
    }
}

/* ---- Delivery ---- */

static struct accounts_record *record_of(const struct contract_run *run, enum accounts_deed deed,
                                         enum tx_reason reason)
{
    struct accounts_record *record =
        accounts_fill_arrived(run->accounts, run->block, run->message, deed);
    record->result.reason = (uint8_t)reason;
    return record;
}

/* TON-19: logged instead of delivered. What is left of its value is the validators' who log it. */
static void log_message(const struct contract_run *run)
{
    struct accounts_record *record = record_of(run, DEED_LOGGED, REASON_NONE);
    record->value = contract_argument(run->message);
    if (run->message->value > 0)
        accounts_fill_collect(run->accounts, run->block, 0, run->message->value);
}

/* TON-12, TON-R47: the limit that the message gives, or what its value buys if that is less. */
static struct gas_meter meter_of(const struct contract_run *run, const struct gas_prices *prices)
{
    uint64_t most = (uint64_t)run->accounts->config->gas.limit, given = run->message->gas_limit;
    if (given != 0 && given < most)
        most = given;
    return (struct gas_meter){.limit = gas_bought(prices, run->message->value, most)};
}

static void run_contract(struct contract_run *run, enum contract_kind kind)
{
    struct accounts *accounts = run->accounts;
    const struct chain_seam *chain = &accounts->stack->chain;
    const struct contract_config *config = &accounts->config->contracts;
    struct gas_prices prices = accounts_gas_prices(accounts, run->block->chain);
    struct contract_rules rules = {.call_gas = (uint64_t)config->call_gas,
                                   .create_gas = (uint64_t)config->create_gas,
                                   .publish_gas = (uint64_t)config->publish_gas,
                                   .global_depth = (uint64_t)config->global_depth,
                                   .trusts_strangers =
                                       accounts->config->break_rule == ACCOUNTS_BREAK_STRANGER};
    if (kind == CONTRACT_PUBLISHER)
        run->place.shard_count = tell_all(accounts, NULL, 0);
    struct gas_meter gas = meter_of(run, &prices);
    enum tx_reason reason = contract_judge(&rules, kind, &run->place, run->message, &gas);
    uint64_t fee = gas.used > 0 ? gas_fee(&prices, gas.used) : 0;
    struct accounts_record *record =
        record_of(run, reason == REASON_NONE ? DEED_CALLED : DEED_BOUNCED, reason);
    run->record = record;
    record->gas = gas.used;
    record->fee = fee;
    record->created = kind == CONTRACT_NONE && reason == REASON_NONE;
    record->from = run->message->from;
    record->method = run->message->constructor;
    /* The message is in this block already: what it uses may overshoot (TON-R35). */
    SIM_ASSERT(gas.used <= UINT32_MAX);
    if (gas.used > 0)
        chain->charge_as(chain->self, run->block, CHARGE_EMITTED, 0, (uint32_t)gas.used);
    accounts_fill_arrive(accounts, run->book, run->block, run->message, run->place.self.prefix, 0);
    accounts_fill_pay(accounts, run->book, run->block, run->place.self.prefix, fee);
    run->value = run->message->value - fee;
    if (reason == REASON_NONE)
        act(run, kind);
    else
        bounce(run);
}

bool accounts_contract_deliver(struct accounts *accounts, struct context *context,
                               struct account_book *book, struct block *block,
                               const struct envelope *envelope)
{
    const struct chain_seam *chain = &accounts->stack->chain;
    struct contract_run run = {
        .accounts = accounts,
        .context = context,
        .book = book,
        .block = block,
        .message = envelope,
        .place = {.self = envelope->to, .shard = chain->prefix(chain->self, block->chain).prefix},
        .value = envelope->value};
    if (envelope->kind == ACCOUNTS_LOG && accounts->config->break_rule != ACCOUNTS_BREAK_LOG) {
        log_message(&run);
        return true;
    }
    if (envelope->kind == ACCOUNTS_BOUNCED || envelope->kind == ACCOUNTS_DEPOSIT_BACK)
        return false;
    enum contract_kind kind = accounts_contract_kind(accounts, block, envelope->to);
    if (kind == CONTRACT_SIMPLE)
        return false; /* TON-17: value is credited without running its code */
    if (kind == CONTRACT_NONE && envelope->constructor != METHOD_CONSTRUCT &&
        !accounts->config->contracts.bounce)
        return false;
    run_contract(&run, kind);
    return true;
}

/* ---- Logs and properties ---- */

bool accounts_contract_logs_here(const struct accounts *accounts, const struct tx *tx)
{
    return tx->operation == TX_LOG && accounts->config->contracts.logs == LOGS_LOCAL;
}

static void check_log(struct accounts *accounts, struct context *context,
                      const struct accounts_record *record)
{
    uint64_t ignored;
    if (record->deed == DEED_SENT) {
        if (record->letter == ACCOUNTS_LOG)
            map_put(&accounts->logs, record->message, 1);
        return;
    }
    if (record->message == 0 || (record->letter != ACCOUNTS_LOG && accounts->logs.count == 0))
        return;
    bool is_log = map_get(&accounts->logs, record->message, &ignored);
    map_remove(&accounts->logs, record->message);
    if (is_log != (record->deed == DEED_LOGGED))
        context_violation(context, LAYER_LEDGER, ACCOUNTS_PROPERTY_LOGGED_ONCE, record->message,
                          "message %llu of chain %u %s", (unsigned long long)record->message,
                          (uint32_t)(record->message >> 32),
                          is_log ? "was to be logged, and was delivered"
                                 : "was logged, and is no log message that waits for it");
}

static void check_sister(struct accounts *accounts, struct context *context,
                         const struct accounts_record *record)
{
    const struct chain_seam *chain = &accounts->stack->chain;
    if (record->deed != DEED_CALLED || record->method != METHOD_SHARE)
        return;
    uint32_t home = (uint32_t)(record->message >> 32);
    if (!is_resident(accounts, home, record->from, CONTRACT_GLOBAL))
        context_violation(context, LAYER_LEDGER, ACCOUNTS_PROPERTY_SISTERS_ONLY, record->message,
                          "an instance took a special message of %d:%016llx, which is none",
                          record->from.workchain, (unsigned long long)record->from.prefix);
    SIM_ASSERT(chain->prefix(chain->self, home).workchain == record->from.workchain);
}

void accounts_contract_final(struct accounts *accounts, struct context *context,
                             const struct accounts_record *record)
{
    if (world_property_on(accounts->world, LAYER_LEDGER, ACCOUNTS_PROPERTY_LOGGED_ONCE))
        check_log(accounts, context, record);
    if (world_property_on(accounts->world, LAYER_LEDGER, ACCOUNTS_PROPERTY_SISTERS_ONLY))
        check_sister(accounts, context, record);
}
