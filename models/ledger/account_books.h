#ifndef MODELS_LEDGER_ACCOUNT_BOOKS_H
#define MODELS_LEDGER_ACCOUNT_BOOKS_H

/* The books of the accounts ledger: a book for every chain that was ever used, balances as rows of
 * the state layer, and the sums that tell whether value was conserved. An idle chain has no book.
 * Look-ups O(1) expected; a chain's whole sum O(its touched rows). */

#include <stdbool.h>
#include <stdint.h>

#include "models/ledger/input_ring.h"
#include "models/stack.h"
#include "sim/memory.h"

/* Rows keep their keys wherever they are: shards may split and merge. A row is one account's
 * balance, under the top 64 bits of its address, or what was sent to an address without an account;
 * or it belongs to the chain itself, and then to the space of its own. */
enum account_space {
    ACCOUNT_SPACE_ADDRESS,
    ACCOUNT_SPACE_CHAIN,
    ACCOUNT_SPACE_CODE, /* what stands at the address, and what it remembers: no value */
    ACCOUNT_SPACE_DATA,
    ACCOUNT_SPACES
};
struct account_row {
    uint64_t key;
    uint32_t space;
};

/* The row of the chain's space that keeps what its validators have earned. */
enum { ACCOUNT_ROW_FEES = 1 };

/* Balances in a further currency stand in a space of its own, under the same keys. */
enum { ACCOUNT_SPACE_CURRENCIES = 256 };
static inline uint32_t account_space(uint32_t currency)
{
    return currency == 0 ? ACCOUNT_SPACE_ADDRESS : ACCOUNT_SPACE_CURRENCIES + currency;
}

/* What passed through a chain, in units of value, modulo 2^64. Always:
 * change + emitted + held + left + moved_out = delivered + joined + moved_in. */
struct account_flow {
    uint64_t change;    /* of all balances */
    uint64_t emitted;   /* in messages */
    uint64_t delivered; /* by messages */
    uint64_t parked;    /* by messages that wait for their recipient's row: not in the sum above */
    uint64_t held;      /* reserved, neither settled nor given back */
    uint64_t left, joined;        /* settled without a message: debits and credits of a commit */
    uint64_t moved_out, moved_in; /* with rows, to and from other chains (TON-R57, TON-R58) */
};

/* A chain that was ever used. A row is written at first touch; `touched` lists them for the sum
 * over all balances. */
struct account_book {
    struct input_ring inputs;
    struct input_ring parked; /* work that waits for cold rows; its tail is consensus state too */
    struct account_flow total, open; /* of final blocks; of the block that is open */
    uint64_t deliveries;
    uint32_t chain;
    uint32_t touched_count, touched_capacity;
    struct account_row *touched;
    struct map listed[ACCOUNT_SPACES]; /* key -> 1: the row stands in `touched` */
};

struct account_books {
    struct memory *memory;
    struct stack *stack;
    uint64_t accounts;       /* in each shard */
    int64_t initial_balance; /* of each account */
    struct pool books;
    struct map book_of; /* chain -> book */
};

/* account_books_init starts without a book; destroy frees them all with their input rings. */
void account_books_init(struct account_books *books, struct memory *memory, struct stack *stack,
                        uint64_t accounts, int64_t initial_balance);
void account_books_destroy(struct account_books *books);

/* account_books_get opens the book of a chain at its first use; find gives NULL before. Books never
 * move. */
struct account_book *account_books_get(struct account_books *books, uint32_t chain);
struct account_book *account_books_find(const struct account_books *books, uint32_t chain);

/* account_books_at is book `number` of account_books_count, in order of first use. */
uint32_t account_books_count(const struct account_books *books);
struct account_book *account_books_at(const struct account_books *books, uint32_t number);

/* account_books_row says where an address of this chain keeps its balance; false: no such account,
 * and then it is where value sent to it is kept. Accounts are those that the chains of the
 * beginning had. */
bool account_books_row(const struct account_books *books, uint32_t chain, struct address address,
                       uint64_t *ret_key);

/* account_books_warm says whether a balance can be read now. */
bool account_books_warm(const struct account_books *books, const struct block *view, uint64_t key);

/* account_books_warm_in is the same of any row. */
bool account_books_warm_in(const struct account_books *books, const struct block *view,
                           struct account_row row);

/* account_books_read is what a row says; it must be warm. account_books_write sets one of the
 * spaces without value; inside fill() only. */
uint64_t account_books_read(const struct account_books *books, const struct block *view,
                            struct account_row row);
void account_books_write(struct account_books *books, struct account_book *book,
                         struct block *block, struct account_row row, uint64_t value);

/* account_books_balance is what an account or contract owns; its row must be warm. */
uint64_t account_books_balance(const struct account_books *books, const struct block *view,
                               uint64_t key);

/* account_books_covers says whether a balance is at least `amount`. */
bool account_books_covers(const struct account_books *books, const struct block *block,
                          uint64_t key, uint64_t amount);

/* account_books_change adds to a balance, modulo 2^64; inside fill() only. account_books_earn adds
 * to what the chain's validators have. */
void account_books_change(struct account_books *books, struct account_book *book,
                          struct block *block, uint64_t key, uint64_t change);
void account_books_earn(struct account_books *books, struct account_book *book, struct block *block,
                        uint64_t amount);

/* account_books_list notes that a row is the chain's, so that it counts in its sum; clear forgets
 * them all. */
void account_books_list(struct account_books *books, struct account_book *book,
                        struct account_row row);
void account_books_clear(struct account_book *book);

/* account_books_sum adds up all balances of a chain, as differences from the start. False: one of
 * them is cold. */
bool account_books_sum(const struct account_books *books, const struct account_book *book,
                       uint64_t *ret_sum);

/* account_flow_wrong is 0 if and only if value was conserved. */
uint64_t account_flow_wrong(const struct account_flow *flow);
void account_flow_add(struct account_flow *total, const struct account_flow *flow);

#endif
