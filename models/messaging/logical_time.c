#include "models/messaging/logical_time.h"

#include "sim/sim_assert.h"

static const char memory_name[] = "messaging.lt";

static uint64_t latest(uint64_t a, uint64_t b, uint64_t c)
{
    uint64_t most = a > b ? a : b;
    return most > c ? most : c;
}

uint64_t lt_block_start(uint64_t state_end_lt, uint64_t seen_lt, uint64_t master_lt)
{
    /* Strictly above, also where one of them is a multiple: validators ask for that. */
    return (latest(state_end_lt, seen_lt, master_lt) / LT_STEP + 1) * LT_STEP;
}

bool lt_start_valid(uint64_t start_lt, uint64_t state_end_lt, uint64_t seen_lt, uint64_t master_lt)
{
    uint64_t bound = latest(state_end_lt, seen_lt, master_lt);
    return start_lt % LT_STEP == 0 && start_lt > bound &&
           start_lt - bound <= (uint64_t)LT_GROWTH_STEPS_MAX * LT_STEP;
}

void lt_book_init(struct lt_book *book, struct memory *memory)
{
    *book = (struct lt_book){.memory = memory};
    map_init(&book->index, memory, memory_name);
}

void lt_book_destroy(struct lt_book *book)
{
    map_destroy(&book->index);
    if (book->accounts != NULL)
        memory_give(book->memory, book->accounts, book->capacity * sizeof *book->accounts);
}

void lt_book_open(struct lt_book *book, uint64_t start_lt)
{
    for (uint32_t i = 0; i < book->count; i++)
        map_remove(&book->index, book->accounts[i].account);
    SIM_ASSERT(book->index.count == 0);
    book->count = book->current = book->messages = 0;
    book->lt = 0;
    book->start_lt = start_lt;
    book->end_lt = start_lt + 1;
}

static uint32_t place_of(struct lt_book *book, uint64_t account)
{
    uint64_t place;
    if (map_get(&book->index, account, &place))
        return (uint32_t)place;
    if (book->count == book->capacity)
        book->accounts = memory_grow(book->memory, memory_name, book->accounts, &book->capacity,
                                     book->count + 1, sizeof *book->accounts);
    book->accounts[book->count] = (struct lt_account){.account = account};
    map_put(&book->index, account, book->count);
    return book->count++;
}

static void end_at(struct lt_book *book, uint64_t end_lt)
{
    book->accounts[book->current].end_lt = end_lt;
    if (end_lt > book->end_lt)
        book->end_lt = end_lt;
}

static uint64_t begin(struct lt_book *book, uint64_t account, uint64_t after_lt)
{
    book->current = place_of(book, account);
    uint64_t lt = book->start_lt + 1;
    if (book->accounts[book->current].end_lt > lt)
        lt = book->accounts[book->current].end_lt;
    if (after_lt >= lt)
        lt = after_lt + 1;
    book->lt = lt;
    book->messages = 0;
    end_at(book, lt + 1);
    return lt;
}

uint64_t lt_book_internal(struct lt_book *book, uint64_t account, uint64_t message_lt)
{
    return begin(book, account, message_lt);
}

uint64_t lt_book_external(struct lt_book *book, uint64_t account, uint64_t processed_lt)
{
    return begin(book, account, processed_lt);
}

uint64_t lt_book_emit(struct lt_book *book)
{
    SIM_ASSERT(book->lt > book->start_lt);
    uint64_t created_lt = book->lt + 1 + book->messages++;
    end_at(book, created_lt + 1);
    return created_lt;
}

uint32_t lt_book_produce(struct lt_book *book, uint64_t account)
{
    uint32_t place = place_of(book, account); /* may move the accounts */
    return book->accounts[place].produced++;
}

void lt_book_note(struct lt_book *book, uint64_t account, uint64_t lt)
{
    uint32_t place = place_of(book, account); /* may move the accounts */
    struct lt_account *known = &book->accounts[place];
    if (lt + 1 > known->end_lt)
        known->end_lt = lt + 1;
    if (lt + 1 > book->end_lt)
        book->end_lt = lt + 1;
}
