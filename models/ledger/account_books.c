#include "models/ledger/account_books.h"

#include "models/ledger/account_address.h"
#include "models/shard_prefix.h"

void account_books_init(struct account_books *books, struct memory *memory, struct stack *stack,
                        uint64_t accounts, int64_t initial_balance)
{
    *books = (struct account_books){
        .memory = memory, .stack = stack, .accounts = accounts, .initial_balance = initial_balance};
    pool_init(&books->books, memory, "ledger: chains in use", sizeof(struct account_book));
    map_init(&books->book_of, memory, "ledger: index of chains");
}

void account_books_destroy(struct account_books *books)
{
    for (uint32_t number = 0; number < account_books_count(books); number++) {
        struct account_book *book = account_books_at(books, number);
        input_ring_destroy(&book->inputs, books->memory);
        input_ring_destroy(&book->parked, books->memory);
        memory_give(books->memory, book->touched, book->touched_capacity * sizeof *book->touched);
        for (int space = 0; space < ACCOUNT_SPACES; space++)
            map_destroy(&book->listed[space]);
    }
    pool_destroy(&books->books);
    map_destroy(&books->book_of);
}

uint32_t account_books_count(const struct account_books *books)
{
    return books->books.live;
}

struct account_book *account_books_at(const struct account_books *books, uint32_t number)
{
    return pool_at(&books->books, number + 1);
}

struct account_book *account_books_get(struct account_books *books, uint32_t chain)
{
    uint64_t handle = 0;
    if (!map_get(&books->book_of, chain, &handle)) {
        handle = pool_take(&books->books);
        map_put(&books->book_of, chain, handle);
        struct account_book *book = pool_at(&books->books, (uint32_t)handle);
        book->chain = chain;
        for (int space = 0; space < ACCOUNT_SPACES; space++)
            map_init(&book->listed[space], books->memory, "ledger: index of touched rows");
    }
    return pool_at(&books->books, (uint32_t)handle);
}

struct account_book *account_books_find(const struct account_books *books, uint32_t chain)
{
    uint64_t handle = 0;
    return map_get(&books->book_of, chain, &handle) ? pool_at(&books->books, (uint32_t)handle)
                                                    : NULL;
}

static enum verdict read(const struct account_books *books, const struct block *view,
                         struct account_row wanted, uint64_t *ret_value)
{
    const struct state_seam *state = &books->stack->state;
    struct row row = {.chain = view->chain, .space = wanted.space, .key = wanted.key};
    return state->read(state->self, view, row, ret_value);
}

static struct account_row of_address(uint64_t key)
{
    return (struct account_row){.key = key, .space = ACCOUNT_SPACE_ADDRESS};
}

bool account_books_warm(const struct account_books *books, const struct block *view, uint64_t key)
{
    uint64_t ignored;
    return read(books, view, of_address(key), &ignored) == VERDICT_YES;
}

bool account_books_warm_in(const struct account_books *books, const struct block *view,
                           struct account_row row)
{
    uint64_t ignored;
    return read(books, view, row, &ignored) == VERDICT_YES;
}

/* Of a row that is warm: what waits for cold ones was parked before. */
uint64_t account_books_read(const struct account_books *books, const struct block *view,
                            struct account_row row)
{
    uint64_t value = 0;
    enum verdict verdict = read(books, view, row, &value);
    SIM_ASSERT(verdict == VERDICT_YES);
    return value;
}

bool account_books_row(const struct account_books *books, uint32_t chain, struct address address,
                       uint64_t *ret_key)
{
    const struct chain_seam *seam = &books->stack->chain;
    struct address shard = seam->prefix(seam->self, chain);
    *ret_key = address.prefix;
    if (shard.workchain != address.workchain || !shard_contains(shard.prefix, address.prefix))
        return false;
    uint32_t origin = seam->origin(seam->self, chain, address);
    if (origin != chain)
        shard = seam->prefix(seam->self, origin);
    uint64_t index;
    return account_index(shard.prefix, address.prefix, &index) && index < books->accounts;
}

uint64_t account_books_balance(const struct account_books *books, const struct block *view,
                               uint64_t key)
{
    const struct chain_seam *seam = &books->stack->chain;
    struct address address = {seam->prefix(seam->self, view->chain).workchain, key};
    int64_t balance = (int64_t)account_books_read(books, view, of_address(key));
    if (account_books_row(books, view->chain, address, &key))
        balance += books->initial_balance;
    SIM_ASSERT(balance >= 0);
    return (uint64_t)balance;
}

bool account_books_covers(const struct account_books *books, const struct block *block,
                          uint64_t key, uint64_t amount)
{
    return account_books_balance(books, block, key) >= amount;
}

void account_books_clear(struct account_book *book)
{
    for (uint32_t i = 0; i < book->touched_count; i++)
        map_remove(&book->listed[book->touched[i].space], book->touched[i].key);
    book->touched_count = 0;
}

void account_books_list(struct account_books *books, struct account_book *book,
                        struct account_row row)
{
    uint64_t listed = 0;
    if (map_get(&book->listed[row.space], row.key, &listed))
        return;
    map_put(&book->listed[row.space], row.key, 1);
    if (book->touched_count == book->touched_capacity)
        book->touched =
            memory_grow(books->memory, "ledger: touched rows", book->touched,
                        &book->touched_capacity, book->touched_count + 1, sizeof *book->touched);
    book->touched[book->touched_count++] = row;
}

static void change_row(struct account_books *books, struct account_book *book, struct block *block,
                       struct account_row wanted, uint64_t change)
{
    const struct state_seam *state = &books->stack->state;
    uint64_t before = account_books_read(books, block, wanted);
    struct row row = {.chain = block->chain, .space = wanted.space, .key = wanted.key};
    state->write(state->self, block, row, before + change);
    book->open.change += change;
    account_books_list(books, book, wanted);
}

void account_books_change(struct account_books *books, struct account_book *book,
                          struct block *block, uint64_t key, uint64_t change)
{
    change_row(books, book, block, of_address(key), change);
}

void account_books_write(struct account_books *books, struct account_book *book,
                         struct block *block, struct account_row row, uint64_t value)
{
    const struct state_seam *state = &books->stack->state;
    SIM_ASSERT(row.space == ACCOUNT_SPACE_CODE || row.space == ACCOUNT_SPACE_DATA);
    struct row full = {.chain = block->chain, .space = row.space, .key = row.key};
    state->write(state->self, block, full, value);
    account_books_list(books, book, row);
}

void account_books_earn(struct account_books *books, struct account_book *book, struct block *block,
                        uint64_t amount)
{
    struct account_row fees = {.key = ACCOUNT_ROW_FEES, .space = ACCOUNT_SPACE_CHAIN};
    change_row(books, book, block, fees, amount);
}

uint64_t account_flow_wrong(const struct account_flow *flow)
{
    return flow->change + flow->emitted + flow->held + flow->left + flow->moved_out -
           flow->delivered - flow->joined - flow->moved_in;
}

void account_flow_add(struct account_flow *total, const struct account_flow *flow)
{
    total->change += flow->change;
    total->emitted += flow->emitted;
    total->delivered += flow->delivered;
    total->parked += flow->parked;
    total->held += flow->held;
    total->left += flow->left;
    total->joined += flow->joined;
    total->moved_out += flow->moved_out;
    total->moved_in += flow->moved_in;
}

bool account_books_sum(const struct account_books *books, const struct account_book *book,
                       uint64_t *ret_sum)
{
    struct block view = {.chain = book->chain};
    uint64_t sum = 0;
    for (uint32_t i = 0; i < book->touched_count; i++) {
        uint64_t value = 0;
        uint32_t space = book->touched[i].space;
        if (space == ACCOUNT_SPACE_CODE || space == ACCOUNT_SPACE_DATA)
            continue;
        if (read(books, &view, book->touched[i], &value) != VERDICT_YES)
            return false;
        sum += value;
    }
    *ret_sum = sum;
    return true;
}
