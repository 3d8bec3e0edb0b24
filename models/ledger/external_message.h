#ifndef MODELS_LEDGER_EXTERNAL_MESSAGE_H
#define MODELS_LEDGER_EXTERNAL_MESSAGE_H

/* A message from outside to the client's own account (TON-14, TON-17, TON-18): a list of messages
 * to send, and a signature over them. It has no sender and no value. The account is a simple one:
 * predefined code that accepts only this, checks the signature and sends what is listed.
 *
 * The code's run on a gas meter is here, what it may change is not: a run is repeated, first on the
 * last known state before the message is taken in, then in the block. */

#include <stdbool.h>

#include "models/ledger/gas_price.h"
#include "models/ledger/owner_key.h"
#include "models/stack.h"

/* Which run before the block lets a message in. */
enum external_check {
    EXTERNAL_TRUSTED,   /* none: whatever comes is a transaction */
    EXTERNAL_COMPLETES, /* TON-15: the whole run succeeds within the small limit */
    EXTERNAL_ACCEPTS    /* TON-R49, deployed: it gets to the point of accepting within it */
};

/* external_hash is the identity of a message without its signature: what is signed. SHA-256. */
void external_hash(const struct tx *tx, unsigned char ret_hash[OWNER_HASH_BYTES]);

struct external_code { /* what the simple account's code needs */
    enum signature_kind signatures;
    uint64_t signature_gas; /* of checking a signature */
    uint64_t send_gas;      /* of all the rest; the message may ask for more work on top */
};

/* What came of a run: before `accepted`, nobody pays; afterwards the account does, also when the
 * gas is gone or the signature was the last thing that was right. */
struct external_run {
    bool accepted;
    enum tx_reason reason; /* REASON_NONE: it ran to its end */
    struct gas_meter gas;
};

/* external_execute runs the account's code on a message with so much gas until it accepts, and with
 * so much altogether from then on (TON-R49: the credit is cleared). */
struct external_run external_execute(const struct external_code *code, const struct tx *tx,
                                     uint64_t credit, uint64_t limit);

#endif
