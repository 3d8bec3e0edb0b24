#ifndef MODELS_LEDGER_CURRENCY_BOOKS_H
#define MODELS_LEDGER_CURRENCY_BOOKS_H

/* Currencies beside currency 0 (TON-9): which workchains support them, what accounts own of them,
 * and the sums that tell whether each was conserved. A balance is a row (chain, space of the
 * currency, key as for currency 0) that holds the difference from the start, so an account that
 * never touched a currency has no row.
 *
 * A book is opened for a (chain, currency) at its first use. Look-ups O(number of currencies);
 * a chain's whole sum O(its touched rows). */

#include <stdbool.h>
#include <stdint.h>

#include "models/ledger/account_books.h"
#include "models/stack.h"
#include "sim/memory.h"
#include "sim/param.h"

enum { CURRENCY_ID_MAX = 65535, CURRENCIES_MAX = 64 };

/* A row of the parameter `currencies`. */
struct currency_config {
    int64_t id, initial_balance;
    struct param_list workchains; /* int64_t; none listed = all */
};

struct currency_book {
    struct account_flow total, open; /* of final blocks; of the block that is open */
    struct map is_listed;            /* row -> 1: stands in `touched` */
    uint64_t *touched;
    uint32_t touched_count, touched_capacity;
    uint32_t chain, currency;
};

struct currency_books {
    struct memory *memory;
    struct stack *stack;
    const struct param_list *config; /* struct currency_config */
    struct pool books;
    struct map book_of; /* chain << 32 | currency -> book */
};

extern const struct param currency_params[];
struct diagnostics;
void currency_books_check(const struct param_list *config, const char *pointer,
                          struct diagnostics *diagnostics);

void currency_books_init(struct currency_books *books, struct memory *memory, struct stack *stack,
                         const struct param_list *config);
void currency_books_destroy(struct currency_books *books);

/* currency_books_supports says whether a workchain knows a currency; all know currency 0. */
bool currency_books_supports(const struct currency_books *books, int32_t workchain,
                             uint32_t currency);

/* currency_books_judge says whether a transfer may carry its extra currencies: both workchains
 * support each (else REASON_CURRENCY), none is named twice, the sender has enough of each (else
 * REASON_BALANCE). The rows must be warm. */
enum tx_reason currency_books_judge(const struct currency_books *books, const struct block *block,
                                    const struct tx *tx, uint64_t row);

/* currency_books_debit takes the extra currencies of a transfer from the sender's rows, as emitted;
 * credit adds those of a message to the recipient's, as delivered. Inside fill()
 * only. */
void currency_books_debit(struct currency_books *books, struct block *block, const struct tx *tx,
                          uint64_t row);
void currency_books_credit(struct currency_books *books, struct block *block,
                           const struct envelope *envelope, uint64_t row);

/* currency_books_park notes that a delivered message waits for its rows, or (on = false) that it
 * does no more. */
void currency_books_park(struct currency_books *books, struct block *block,
                         const struct envelope *envelope, bool on);

/* currency_books_final and dropped close the open block of a chain. final returns the currency of
 * which something was made from nothing, 0 if none. */
uint32_t currency_books_final(struct currency_books *books, uint32_t chain);
void currency_books_dropped(struct currency_books *books, uint32_t chain);

/* currency_books_inherit hands the rows of a chain that dies to the ones that live instead, each to
 * the one that holds its address. */
void currency_books_inherit(struct currency_books *books, uint32_t chain, const uint32_t *young,
                            uint32_t count);

/* currency_books_wrong compares the rows of each chain with what its blocks did, and adds up what
 * final blocks did. True: they differ in this currency. (Where a row is cold the sum is left out.)
 */
bool currency_books_wrong(const struct currency_books *books, uint32_t currency,
                          struct account_flow *ret_final);

#endif
