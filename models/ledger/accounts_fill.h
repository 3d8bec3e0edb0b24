#ifndef MODELS_LEDGER_ACCOUNTS_FILL_H
#define MODELS_LEDGER_ACCOUNTS_FILL_H

/* The accounts ledger inside blocks: executing inputs, crediting messages, reservations, and the
 * records of what a block did, whose effects leave when it is final. Everything here runs in the
 * chain's fill(), but accounts_fill_release. */

#include "models/ledger/account_books.h"
#include "models/ledger/parked_work.h"
#include "models/stack.h"

enum accounts_break { ACCOUNTS_BREAK_NONE, ACCOUNTS_BREAK_MINT };

struct accounts_config {
    int64_t accounts_per_shard, initial_balance, gas_per_transfer, transaction_bytes, break_rule;
};

/* What a block did, in order: the effects leave when it is final. */
enum accounts_deed {
    DEED_SENT,
    DEED_DONE,
    DEED_REFUSED,
    DEED_CREDITED,
    DEED_UNCLAIMED,
    DEED_PARKED
};
struct accounts_record {
    struct tx_result result; /* final_ns and committed_ns are filled in at last */
    uint64_t value;
    uint32_t next;
    uint32_t parked; /* DEED_PARKED: what the block must give back when it is dropped */
    enum accounts_deed deed;
};

struct accounts {
    const struct accounts_config *config;
    struct memory *memory;
    struct world *world;
    struct stack *stack;
    struct account_books books;
    struct pool inputs, records, parked;
};

/* What the table app[LAYER_LEDGER] and the ledger seam need; self is struct accounts. */
uint32_t accounts_fill(void *self, struct context *context, struct block *block, uint32_t round);
void accounts_fill_deliver(void *self, struct context *context, struct block *block,
                           const struct envelope *envelope);
enum verdict accounts_fill_reserve(void *self, struct block *block, uint64_t tx,
                                   const struct part *part);
void accounts_fill_settle(void *self, struct block *block, uint64_t tx, const struct part *part,
                          bool commit);
void accounts_fill_fetched(void *self, struct context *context, struct block *block,
                           uint64_t ticket, bool ok);

void accounts_fill_collect(void *self, struct block *block, uint32_t currency, uint64_t amount);

/* accounts_fill_release frees the records of a block after telling `visit` of each in order. */
typedef void accounts_visit(struct accounts *accounts, struct context *context,
                            const struct block *block, const struct accounts_record *record);
void accounts_fill_release(struct accounts *accounts, struct context *context,
                           const struct block *block, accounts_visit *visit);

#endif
