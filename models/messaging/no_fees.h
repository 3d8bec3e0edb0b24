#ifndef MODELS_MESSAGING_NO_FEES_H
#define MODELS_MESSAGING_NO_FEES_H

/* The price() and held() of an ideal implementer: nothing is paid, and nobody counts what is under
 * way. */

#include "models/stack.h"

static inline enum tx_reason no_fees_price(const void *self, const struct envelope *envelope,
                                           struct message_price *ret_price)
{
    (void)self, (void)envelope;
    *ret_price = (struct message_price){0, 0};
    return REASON_NONE;
}

static inline uint64_t no_fees_held(const void *self, uint32_t currency)
{
    (void)self, (void)currency;
    return HELD_UNKNOWN;
}

#endif
