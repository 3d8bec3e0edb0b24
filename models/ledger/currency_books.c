#include "models/ledger/currency_books.h"

#include <inttypes.h>
#include <stdio.h>

#include "models/shard_prefix.h"
#include "sim/diagnostics.h"

#define FIELD(name) .offset = offsetof(struct currency_config, name)

const struct param currency_params[] = {
    {.name = "id",
     .help = "number of the currency; 0 is the one that every chain knows",
     .kind = PARAM_INTEGER,
     FIELD(id),
     .value_min = 1,
     .value_max = CURRENCY_ID_MAX,
     .required = true},
    {.name = "workchains",
     .help = "ids of the workchains that support it; none listed = all (TON-9)",
     .kind = PARAM_LIST,
     FIELD(workchains),
     .item_kind = PARAM_INTEGER},
    {.name = "initial_balance",
     .help = "what each account of these workchains owns of it at the start",
     .kind = PARAM_INTEGER,
     FIELD(initial_balance),
     .value_default = 1000000,
     .value_min = 0,
     .value_max = INT64_C(1000000000000000)},
    PARAM_END,
};

void currency_books_check(const struct param_list *config, const char *pointer,
                          struct diagnostics *diagnostics)
{
    const struct currency_config *items = config->items;
    char place[128];
    if (config->count > CURRENCIES_MAX) {
        snprintf(place, sizeof place, "%s/currencies", pointer);
        diagnostics_addf(diagnostics, "E310", place, AT_VALUE, "at most 64 currencies", NULL,
                         "%" PRIu32 " currencies are too many", config->count);
    }
    for (uint32_t i = 0; i < config->count; i++)
        for (uint32_t j = 0; j < i; j++) {
            if (items[i].id != items[j].id)
                continue;
            snprintf(place, sizeof place, "%s/currencies/%" PRIu32 "/id", pointer, i);
            diagnostics_addf(diagnostics, "E310", place, AT_VALUE, "a number for each", NULL,
                             "currency %" PRId64 " is there twice", items[i].id);
        }
}

void currency_books_init(struct currency_books *books, struct memory *memory, struct stack *stack,
                         const struct param_list *config)
{
    *books = (struct currency_books){.memory = memory, .stack = stack, .config = config};
    pool_init(&books->books, memory, "ledger: books of currencies", sizeof(struct currency_book));
    map_init(&books->book_of, memory, "ledger: index of currencies");
}

void currency_books_destroy(struct currency_books *books)
{
    for (uint32_t handle = 1; handle <= books->books.live; handle++) {
        struct currency_book *book = pool_at(&books->books, handle);
        map_destroy(&book->is_listed);
        memory_give(books->memory, book->touched, book->touched_capacity * sizeof *book->touched);
    }
    pool_destroy(&books->books);
    map_destroy(&books->book_of);
}

static const struct currency_config *config_of(const struct currency_books *books,
                                               uint32_t currency)
{
    const struct currency_config *items = books->config->items;
    for (uint32_t i = 0; i < books->config->count; i++)
        if (items[i].id == currency)
            return &items[i];
    return NULL;
}

bool currency_books_supports(const struct currency_books *books, int32_t workchain,
                             uint32_t currency)
{
    const struct currency_config *config = config_of(books, currency);
    if (currency == 0)
        return true;
    if (!config)
        return false;
    const int64_t *ids = config->workchains.items;
    bool found = config->workchains.count == 0;
    for (uint32_t i = 0; i < config->workchains.count; i++)
        found = found || ids[i] == workchain;
    return found;
}

/* Books never move and are never given back. */
static struct currency_book *book_get(struct currency_books *books, uint32_t chain,
                                      uint32_t currency)
{
    uint64_t handle, name = (uint64_t)chain << 32 | currency;
    if (map_get(&books->book_of, name, &handle))
        return pool_at(&books->books, (uint32_t)handle);
    handle = pool_take(&books->books);
    struct currency_book *book = pool_at(&books->books, (uint32_t)handle);
    book->chain = chain;
    book->currency = currency;
    map_init(&book->is_listed, books->memory, "ledger: touched rows of currencies");
    map_put(&books->book_of, name, handle);
    return book;
}

static uint64_t row_read(const struct currency_books *books, const struct block *view,
                         struct row row)
{
    const struct state_seam *state = &books->stack->state;
    uint64_t value = 0;
    enum verdict verdict = state->read(state->self, view, row, &value);
    SIM_ASSERT(verdict == VERDICT_YES); /* what waits for cold rows was parked before */
    return value;
}

static void list_row(struct currency_books *books, struct currency_book *book, uint64_t key)
{
    uint64_t listed;
    if (map_get(&book->is_listed, key, &listed))
        return;
    map_put(&book->is_listed, key, 1);
    if (book->touched_count == book->touched_capacity)
        book->touched =
            memory_grow(books->memory, "ledger: touched rows of currencies", book->touched,
                        &book->touched_capacity, book->touched_count + 1, sizeof *book->touched);
    book->touched[book->touched_count++] = key;
}

static void change(struct currency_books *books, struct currency_book *book, struct block *block,
                   uint64_t key, uint64_t amount)
{
    const struct state_seam *state = &books->stack->state;
    struct row row = {.chain = block->chain, .space = account_space(book->currency), .key = key};
    uint64_t before = row_read(books, block, row);
    state->write(state->self, block, row, before + amount);
    book->open.change += amount;
    list_row(books, book, key);
}

static bool covers(const struct currency_books *books, const struct block *block, uint32_t currency,
                   uint64_t key, uint64_t amount)
{
    const struct currency_config *config = config_of(books, currency);
    struct row row = {.chain = block->chain, .space = account_space(currency), .key = key};
    int64_t balance = config->initial_balance + (int64_t)row_read(books, block, row);
    SIM_ASSERT(balance >= 0);
    return (uint64_t)balance >= amount;
}

enum tx_reason currency_books_judge(const struct currency_books *books, const struct block *block,
                                    const struct tx *tx, uint64_t row)
{
    enum tx_reason reason = REASON_NONE;
    for (unsigned i = 0; i < EXTRA_CURRENCIES_MAX; i++) {
        uint32_t currency = tx->extra_currency[i];
        if (currency == 0)
            continue;
        bool twice = i > 0 && tx->extra_currency[0] == currency;
        if (twice || !currency_books_supports(books, tx->part[0].account.workchain, currency) ||
            !currency_books_supports(books, tx->part[1].account.workchain, currency))
            return REASON_CURRENCY;
        if (!covers(books, block, currency, row, tx->extra_amount[i]))
            reason = REASON_BALANCE;
    }
    return reason;
}

void currency_books_debit(struct currency_books *books, struct block *block, const struct tx *tx,
                          uint64_t row)
{
    for (unsigned i = 0; i < EXTRA_CURRENCIES_MAX; i++) {
        if (tx->extra_currency[i] == 0)
            continue;
        struct currency_book *book = book_get(books, block->chain, tx->extra_currency[i]);
        change(books, book, block, row, 0 - tx->extra_amount[i]);
        book->open.emitted += tx->extra_amount[i];
    }
}

void currency_books_credit(struct currency_books *books, struct block *block,
                           const struct envelope *envelope, uint64_t row)
{
    for (unsigned i = 0; i < EXTRA_CURRENCIES_MAX; i++) {
        if (envelope->extra_currency[i] == 0)
            continue;
        struct currency_book *book = book_get(books, block->chain, envelope->extra_currency[i]);
        change(books, book, block, row, envelope->extra_amount[i]);
        book->open.delivered += envelope->extra_amount[i];
    }
}

void currency_books_park(struct currency_books *books, struct block *block,
                         const struct envelope *envelope, bool on)
{
    for (unsigned i = 0; i < EXTRA_CURRENCIES_MAX; i++) {
        if (envelope->extra_currency[i] == 0)
            continue;
        struct currency_book *book = book_get(books, block->chain, envelope->extra_currency[i]);
        book->open.parked += on ? envelope->extra_amount[i] : 0 - envelope->extra_amount[i];
    }
}

/* The book of the i-th currency of the config in a chain, NULL if it was never used. */
static struct currency_book *book_at(const struct currency_books *books, uint32_t chain, uint32_t i)
{
    const struct currency_config *items = books->config->items;
    uint64_t handle;
    return map_get(&books->book_of, (uint64_t)chain << 32 | (uint64_t)items[i].id, &handle)
               ? pool_at(&books->books, (uint32_t)handle)
               : NULL;
}

uint32_t currency_books_final(struct currency_books *books, uint32_t chain)
{
    uint32_t wrong = 0;
    for (uint32_t i = 0; i < books->config->count; i++) {
        struct currency_book *book = book_at(books, chain, i);
        if (!book)
            continue;
        if (account_flow_wrong(&book->open) != 0)
            wrong = book->currency;
        account_flow_add(&book->total, &book->open);
        book->open = (struct account_flow){0};
    }
    return wrong;
}

void currency_books_dropped(struct currency_books *books, uint32_t chain)
{
    for (uint32_t i = 0; i < books->config->count; i++) {
        struct currency_book *book = book_at(books, chain, i);
        if (book)
            book->open = (struct account_flow){0};
    }
}

static void inherit(struct currency_books *books, struct currency_book *old, const uint32_t *young,
                    uint32_t count)
{
    const struct state_seam *state = &books->stack->state;
    const struct chain_seam *chain = &books->stack->chain;
    struct block view = {.chain = old->chain};
    for (uint32_t i = 0; i < old->touched_count; i++) {
        uint64_t key = old->touched[i];
        struct row row = {old->chain, account_space(old->currency), key};
        uint64_t amount = row_read(books, &view, row);
        uint32_t heir = young[0];
        if (count > 1 && !shard_contains(chain->prefix(chain->self, heir).prefix, key))
            heir = young[1];
        struct currency_book *book = book_get(books, heir, old->currency);
        state->move(state->self, row, heir, amount);
        list_row(books, book, key);
        map_remove(&old->is_listed, key);
        old->total.change -= amount;
        old->total.moved_out += amount;
        book->total.change += amount;
        book->total.moved_in += amount;
    }
    old->touched_count = 0;
}

void currency_books_inherit(struct currency_books *books, uint32_t chain, const uint32_t *young,
                            uint32_t count)
{
    for (uint32_t i = 0; i < books->config->count; i++) {
        struct currency_book *old = book_at(books, chain, i);
        if (old)
            inherit(books, old, young, count);
    }
}

static bool book_differs(const struct currency_books *books, const struct currency_book *book)
{
    const struct state_seam *state = &books->stack->state;
    struct block view = {.chain = book->chain};
    uint64_t sum = 0, value = 0;
    for (uint32_t i = 0; i < book->touched_count; i++) {
        struct row row = {book->chain, account_space(book->currency), book->touched[i]};
        if (state->read(state->self, &view, row, &value) != VERDICT_YES)
            return false;
        sum += value;
    }
    return sum != book->total.change + book->open.change;
}

bool currency_books_wrong(const struct currency_books *books, uint32_t currency,
                          struct account_flow *ret_final)
{
    bool wrong = false;
    struct account_flow all = {0};
    for (uint32_t handle = 1; handle <= books->books.live; handle++) {
        const struct currency_book *book = pool_at(&books->books, handle);
        if (book->currency != currency)
            continue;
        wrong = wrong || account_flow_wrong(&book->total) != 0 || book_differs(books, book);
        account_flow_add(&all, &book->total);
    }
    *ret_final = all;
    return wrong;
}
