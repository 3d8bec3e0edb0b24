#ifndef MODELS_MESSAGING_DISPATCH_RULES_H
#define MODELS_MESSAGING_DISPATCH_RULES_H

/* Which messages a block defers, and how many of the deferred ones it takes (TON-R38). Pure, O(1).
 *
 * At its start a block takes deferred messages in three passes: one of each sender; then up to a
 * number for each initiator, the account that received the message from outside which began it
 * all; then a few more, the fewer the longer the output queue is. */

#include <stdbool.h>
#include <stdint.h>

enum { DISPATCH_PASSES = 3 };
#define DISPATCH_ALL UINT32_MAX

struct dispatch_limit {
    uint32_t of_sender, of_initiator, total;
};

/* dispatch_limit_of: what a pass, from 0, may take with an own queue of that length. */
struct dispatch_limit dispatch_limit_of(uint32_t pass, uint32_t queue_length);

/* What is known of a message as it is made. */
struct dispatch_case {
    bool first_of_transaction;
    uint64_t waiting;      /* deferred messages of its sender */
    uint32_t produced;     /* messages of its sender in this block, before it */
    uint32_t queue_length; /* of the own queue */
    uint32_t defer_after;  /* the deployed system: 10 */
};

/* dispatch_defers: whether it joins the deferred ones. While there are some of its sender it
 * always does, so that a sender's messages keep their order. */
bool dispatch_defers(const struct dispatch_case *message);

#endif
