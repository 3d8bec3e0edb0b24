#ifndef MODELS_MESSAGING_MESSAGE_FEES_H
#define MODELS_MESSAGING_MESSAGE_FEES_H

/* What forwarding a message costs and who earns it, as the deployed system computes it (TON-R39 to
 * R43): prepaid at emission, divided along the way. Pure integer arithmetic, 128-bit inside. */

#include <stdint.h>

struct message_prices { /* prices of bits and cells, and the fractions, in 65536ths */
    uint64_t lump, bit, cell;
    uint32_t instant_factor; /* of the forwarding fee */
    uint16_t first, next;    /* shares of the emitting block and of each forwarding one */
};

/* fee_forward is lump + ceil((bit * bits + cell * cells) / 65536), TON-R39; saturates at 2^64-1. */
uint64_t fee_forward(const struct message_prices *prices, uint64_t bits, uint64_t cells);

/* fee_instant is floor(forward * factor / 65536), TON-R40; saturates at 2^64-1. */
uint64_t fee_instant(const struct message_prices *prices, uint64_t forward);

/* fee_first is what the emitting block earns (TON-R41), fee_transit what a forwarding block takes
 * of what remains (TON-R42); the delivering block gets the rest (TON-R43). */
uint64_t fee_first(const struct message_prices *prices, uint64_t forward);
uint64_t fee_transit(const struct message_prices *prices, uint64_t remaining);

#endif
