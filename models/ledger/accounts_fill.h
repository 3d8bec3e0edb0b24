#ifndef MODELS_LEDGER_ACCOUNTS_FILL_H
#define MODELS_LEDGER_ACCOUNTS_FILL_H

/* The accounts ledger inside blocks: executing inputs, crediting messages, reservations, and the
 * records of what a block did, whose effects leave when it is final. Everything here runs in the
 * chain's fill(), but accounts_fill_release. */

#include "models/ledger/account_books.h"
#include "models/ledger/contract_params.h"
#include "models/ledger/currency_books.h"
#include "models/ledger/external_params.h"
#include "models/ledger/parked_work.h"
#include "models/stack.h"

enum accounts_break {
    ACCOUNTS_BREAK_NONE,
    ACCOUNTS_BREAK_MINT,
    ACCOUNTS_BREAK_REPLAY,
    ACCOUNTS_BREAK_LOG,
    ACCOUNTS_BREAK_STRANGER,
    ACCOUNTS_BREAK_MINT_FURTHER
};

struct accounts_config {
    int64_t accounts_per_shard, initial_balance, gas_per_transfer, transaction_bytes, break_rule;
    int64_t needs_order; /* share, 10^-12 */
    struct external_config external;
    struct gas_config gas;
    struct contract_config contracts;
    struct param_list currencies; /* struct currency_config */
    int64_t master_deposit, deposit_bytes;
};

enum accounts_metric {
    ACCOUNTS_METRIC_EXECUTED,
    ACCOUNTS_METRIC_FAILED,
    ACCOUNTS_METRIC_CREDITED,
    ACCOUNTS_METRIC_UNCLAIMED,
    ACCOUNTS_METRIC_VALUE,
    ACCOUNTS_METRIC_CHECKED,
    ACCOUNTS_METRIC_DROPPED, /* and then one for each tx_reason */
    ACCOUNTS_METRIC_REASONS,
    ACCOUNTS_METRIC_GAS = ACCOUNTS_METRIC_REASONS + REASON_COUNT - 1,
    ACCOUNTS_METRIC_FEES,
    ACCOUNTS_METRIC_DEPOSITS_BACK,
    ACCOUNTS_METRIC_DEPOSITS_KEPT,
    ACCOUNTS_METRIC_CALLS,
    ACCOUNTS_METRIC_CONTRACT_MESSAGES,
    ACCOUNTS_METRIC_CREATED,
    ACCOUNTS_METRIC_BOUNCED,
    ACCOUNTS_METRIC_STRANGERS,
    ACCOUNTS_METRIC_SHARES,
    ACCOUNTS_METRIC_NEWS,
    ACCOUNTS_METRIC_LOGGED
};

/* The ledger's own kinds of messages, envelope.kind. */
enum accounts_message {
    ACCOUNTS_TRANSFER,     /* it may run a contract, and a transaction's first one settles it */
    ACCOUNTS_DEPOSIT_BACK, /* from the masterchain (TON-55); nobody waits for its outcome */
    ACCOUNTS_BOUNCED,      /* it came back: only its value counts, and it never bounces again */
    ACCOUNTS_LOG           /* for nobody: logged where it arrives (TON-19) */
};

enum accounts_deposit { DEPOSIT_NONE, DEPOSIT_BACK, DEPOSIT_KEPT };

enum accounts_property {
    ACCOUNTS_PROPERTY_VALUE_CONSERVED,
    ACCOUNTS_PROPERTY_EXTERNAL_ONCE,
    ACCOUNTS_PROPERTY_LOGGED_ONCE,
    ACCOUNTS_PROPERTY_SISTERS_ONLY
};

/* What a block did, in order: the effects leave when it is final. */
enum accounts_deed {
    DEED_SENT,
    DEED_DONE,
    DEED_REFUSED,
    DEED_LEFT_OUT, /* it is not in the block, and nobody pays */
    DEED_CREDITED,
    DEED_UNCLAIMED,
    DEED_RETURNED, /* a deposit came back; its transaction is settled already */
    DEED_CALLED,   /* a contract did what it was asked */
    DEED_BOUNCED,  /* nobody did; the value went back, or stays */
    DEED_LOGGED,
    DEED_PARKED
};
struct accounts_record {
    struct tx_result result; /* final_ns and committed_ns are filled in at last */
    uint64_t value, gas, fee;
    uint32_t next;
    uint32_t parked; /* DEED_PARKED: what the block must give back when it is dropped */
    enum accounts_deed deed;
    enum accounts_deposit deposit;
    uint64_t message; /* that was sent or has arrived; 0 = none */
    struct address from;
    uint32_t method; /* DEED_CALLED */
    uint32_t sent;   /* messages of the contract that ran */
    uint8_t letter;  /* enum accounts_message */
    bool created;
};

struct accounts {
    const struct accounts_config *config;
    struct memory *memory;
    struct world *world;
    struct stack *stack;
    struct account_books books;
    struct external_pools externals;
    struct currency_books currencies;
    struct map logs; /* log messages that are under way; kept by the property only */
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

/* What validators earn waits when their row is cold, as a message's value does. */
void accounts_fill_collect(void *self, struct block *block, uint32_t currency, uint64_t amount);

/* accounts_fill_warm says whether an account's balances can be read now: that of currency 0 and
 * those of these, 0 = no further one. */
bool accounts_fill_warm(const struct accounts *accounts, const struct block *view, uint64_t row,
                        const uint32_t currency[EXTRA_CURRENCIES_MAX]);

/* accounts_fill_judge says whether the home account, whose row is given, can do what is asked, when
 * it pays so much for it, and what is debited beside that. */
enum tx_reason accounts_fill_judge(const struct accounts *accounts, const struct block *block,
                                   const struct tx *tx, uint64_t row, uint64_t fee,
                                   uint64_t *ret_debit);

/* accounts_fill_arrived adds a record of a message that came, with what its client will be told. */
struct accounts_record *accounts_fill_arrived(struct accounts *accounts, struct block *block,
                                              const struct envelope *envelope,
                                              enum accounts_deed deed);

/* accounts_fill_arrive adds what came with a message to an address, but for what of its value went
 * away again at once; accounts_fill_pay takes a fee
 * from it for the validators of its chain (TON-16). */
void accounts_fill_arrive(struct accounts *accounts, struct account_book *book, struct block *block,
                          const struct envelope *envelope, uint64_t key, uint64_t away);
void accounts_fill_pay(struct accounts *accounts, struct account_book *book, struct block *block,
                       uint64_t key, uint64_t fee);

/* accounts_fill_release frees the records of a block after telling `visit` of each in order. */
typedef void accounts_visit(struct accounts *accounts, struct context *context,
                            const struct block *block, const struct accounts_record *record);
void accounts_fill_release(struct accounts *accounts, struct context *context,
                           const struct block *block, accounts_visit *visit);

#endif
