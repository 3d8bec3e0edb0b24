#include "models/ledger/parked_work.h"

static struct parked_work *work_at(const struct account_book *book, const struct pool *pool,
                                   uint64_t place)
{
    return pool_at(pool, input_ring_at(&book->parked, place));
}

uint32_t parked_work_add(struct account_books *books, struct account_book *book, struct pool *pool,
                         struct block *block, enum parked_kind kind, uint64_t row)
{
    uint32_t handle = pool_take(pool);
    struct parked_work *work = pool_at(pool, handle);
    work->kind = kind;
    work->row = row;
    input_ring_put(&book->parked, books->memory, handle);
    block_set(books->stack, block, &book->parked.tail, book->parked.tail + 1);
    return handle;
}

void parked_work_forget(struct account_book *book, struct pool *pool)
{
    for (; book->parked.done < book->parked.tail; book->parked.done++) {
        if (!work_at(book, pool, book->parked.done)->done)
            return;
        pool_give(pool, input_ring_at(&book->parked, book->parked.done));
    }
}

enum { ROWS_MAX = 3 + EXTRA_CURRENCIES_MAX };

static uint32_t rows_of(const struct parked_work *work, struct account_row ret_rows[ROWS_MAX])
{
    uint32_t first = work->kind == PARKED_FEES ? ACCOUNT_SPACE_CHAIN : ACCOUNT_SPACE_ADDRESS;
    uint32_t count = 0;
    ret_rows[count++] = (struct account_row){.key = work->row, .space = first};
    for (unsigned i = 0; i < EXTRA_CURRENCIES_MAX; i++)
        if (work->currency[i] != 0)
            ret_rows[count++] = (struct account_row){work->row, account_space(work->currency[i])};
    if (work->contract) {
        ret_rows[count++] = (struct account_row){work->row, ACCOUNT_SPACE_CODE};
        ret_rows[count++] = (struct account_row){work->row, ACCOUNT_SPACE_DATA};
    }
    return count;
}

bool parked_work_cold(const struct account_books *books, const struct block *view,
                      const struct parked_work *work)
{
    struct account_row rows[ROWS_MAX];
    uint32_t count = rows_of(work, rows);
    bool cold = false;
    for (uint32_t i = 0; i < count; i++)
        cold = cold || !account_books_warm_in(books, view, rows[i]);
    return cold;
}

/* All at once: a row that came alone could be cold again before the next one is there. */
static void ask(struct account_books *books, struct context *context, struct account_book *book,
                const struct block *block, struct parked_work *work, uint64_t place)
{
    const struct state_seam *state = &books->stack->state;
    struct account_row rows[ROWS_MAX];
    uint32_t count = rows_of(work, rows);
    for (uint32_t i = 0; i < count; i++) {
        if (account_books_warm_in(books, block, rows[i]))
            continue;
        struct row row = {.chain = book->chain, .space = rows[i].space, .key = rows[i].key};
        work->asked++;
        state->fetch(state->self, context, row, place);
    }
}

bool parked_work_ask(struct account_books *books, struct context *context,
                     struct account_book *book, const struct pool *pool, const struct block *block)
{
    bool ready = false;
    for (uint64_t place = book->parked.done; place < book->parked.tail; place++) {
        struct parked_work *work = work_at(book, pool, place);
        if (work->done)
            continue;
        if (!parked_work_cold(books, block, work))
            ready = true;
        else if (work->asked == 0)
            ask(books, context, book, block, work, place);
    }
    return ready;
}

struct parked_work *parked_work_find(const struct account_book *book, const struct pool *pool,
                                     uint64_t ticket)
{
    if (ticket < book->parked.done || ticket >= book->parked.tail)
        return NULL;
    struct parked_work *work = work_at(book, pool, ticket);
    return work->done ? NULL : work;
}
