#ifndef MODELS_LEDGER_PARKED_WORK_H
#define MODELS_LEDGER_PARKED_WORK_H

/* Work of the accounts ledger that waits for a row that is not in memory: an input whose sender is
 * cold, a message whose recipient is, a reservation. A message is delivered all the same (its order
 * and its exactly-once state move on); only its effect waits.
 *
 * An item is taken in a block and belongs to it until that block is final. `done` is a word, so a
 * dropped block brings the work back. `asked` and `tries` are no consensus state: they only decide
 * when the row is asked for again. */

#include <stdbool.h>
#include <stdint.h>

#include "models/ledger/account_books.h"
#include "models/stack.h"
#include "sim/memory.h"

enum parked_kind { PARKED_INPUT, PARKED_DELIVERY, PARKED_RESERVE, PARKED_FEES };
enum { PARKED_TRIES_MAX = 10 }; /* fetches that fail before the work is given up, VRAM-R43 */

struct ledger_input {
    struct tx tx;
    uint64_t arrived_ns, checked_ns;
    uint64_t hash; /* the first word of the message's, once it was checked */
};

struct ledger_reservation {
    uint64_t tx;
    struct part part;
};

struct parked_work {
    uint64_t done; /* a word: executed or given up */
    uint64_t row;  /* the key that it waits for, of an address; PARKED_FEES: of the chain */
    uint32_t currency[EXTRA_CURRENCIES_MAX]; /* and the same key in these; 0 = no further one */
    union {
        struct ledger_input input;
        struct envelope envelope;
        struct ledger_reservation reservation;
        uint64_t fees;
    } content;
    enum parked_kind kind;
    bool contract; /* and its code and data */
    uint32_t tries;
    uint32_t asked; /* rows under way */
};

/* parked_work_add appends new work inside fill(); returns its handle. */
uint32_t parked_work_add(struct account_books *books, struct account_book *book, struct pool *pool,
                         struct block *block, enum parked_kind kind, uint64_t row);

/* parked_work_forget gives back what is done at the front; in final() only. */
void parked_work_forget(struct account_book *book, struct pool *pool);

/* parked_work_ask asks for every row that is cold and not asked for; in final() only. True: some
 * work waits for nothing, only for the next block. */
bool parked_work_ask(struct account_books *books, struct context *context,
                     struct account_book *book, const struct pool *pool, const struct block *block);

/* parked_work_cold says whether one of the rows of a work is cold. */
bool parked_work_cold(const struct account_books *books, const struct block *view,
                      const struct parked_work *work);

/* parked_work_find returns the work behind a ticket, NULL when it is done. */
struct parked_work *parked_work_find(const struct account_book *book, const struct pool *pool,
                                     uint64_t ticket);

#endif
