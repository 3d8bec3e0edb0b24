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

bool parked_work_cold(const struct account_books *books, const struct block *view,
                      const struct parked_work *work, struct account_row *ret_row)
{
    uint32_t first = work->kind == PARKED_FEES ? ACCOUNT_SPACE_CHAIN : ACCOUNT_SPACE_ADDRESS;
    *ret_row = (struct account_row){.key = work->row, .space = first};
    if (!account_books_warm_in(books, view, *ret_row))
        return true;
    for (unsigned i = 0; i < EXTRA_CURRENCIES_MAX; i++) {
        ret_row->space = account_space(work->currency[i]);
        if (work->currency[i] != 0 && !account_books_warm_in(books, view, *ret_row))
            return true;
    }
    for (uint32_t space = ACCOUNT_SPACE_CODE; work->contract && space <= ACCOUNT_SPACE_DATA;
         space++) {
        ret_row->space = space;
        if (!account_books_warm_in(books, view, *ret_row))
            return true;
    }
    return false;
}

bool parked_work_ask(struct account_books *books, struct context *context,
                     struct account_book *book, const struct pool *pool, const struct block *block)
{
    const struct state_seam *state = &books->stack->state;
    bool ready = false;
    for (uint64_t place = book->parked.done; place < book->parked.tail; place++) {
        struct parked_work *work = work_at(book, pool, place);
        if (work->done)
            continue;
        struct account_row cold;
        if (!parked_work_cold(books, block, work, &cold)) {
            ready = true;
        } else if (!work->asked) {
            work->asked = true;
            struct row row = {.chain = book->chain, .space = cold.space, .key = cold.key};
            state->fetch(state->self, context, row, place);
        }
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
