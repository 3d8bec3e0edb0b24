#ifndef MODELS_MESSAGING_MESSAGE_LAYOUT_H
#define MODELS_MESSAGING_MESSAGE_LAYOUT_H

/* A message as bytes: recipient, value, sender, parameters, body (TON-10).
 *
 *   recipient   workchain 4, prefix 8                           TON-6
 *   value       count 1, then (currency 4, amount 8) each       TON-9
 *   sender      1 = there is one, workchain 4, prefix 8; or 0   TON-7
 *   parameters  each a 4-byte name and its value, or nothing    TON-12
 *   body        the rest; 4 bytes of constructor and more       TON-11
 *
 * Numbers are little-endian. What is encoded has one form: currencies rise, no amount and no
 * parameter is 0, parameters stand in the order below. A body must not begin with the name of a
 * parameter. A plain transfer has no body; a comment has constructor 0 (TON-9).
 *
 * The root cell holds everything before the body, at most MESSAGE_HEAD_MAX bytes; the body fills
 * cells of 127 bytes below it, one after the other. So bits and cells of TON-R39 follow from the
 * size alone (SIMPLIFICATION: no two cells of a body are alike). Pure; O(bytes). */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "models/stack.h"

enum {
    MESSAGE_VALUES_MAX = 1 + EXTRA_CURRENCIES_MAX,
    MESSAGE_PLAIN_BYTES = 38, /* of a head with value in one currency, a sender, no parameters */
    MESSAGE_HEAD_MAX = 112,
    MESSAGE_CELL_BYTES = 127, /* whole bytes in the 1023 bits of a cell */
    MESSAGE_CONSTRUCTOR_BYTES = 4
};

enum { MESSAGE_COMMENT = 0 }; /* constructor of a body that is a text for people */

struct message_value {
    uint64_t amount;
    uint32_t currency;
};

struct message_layout {
    struct address to, from; /* from: only if has_sender */
    struct message_value value[MESSAGE_VALUES_MAX];
    uint32_t value_count;
    bool has_sender;
    uint8_t flags; /* enum envelope_flag; this and what follows: 0 = not given */
    uint8_t anycast_depth;
    uint32_t anycast_bits;
    uint64_t gas_limit, forward_fee, instant_fee;
    const unsigned char *body; /* not owned; after decoding it points into the bytes */
    size_t body_bytes;
};

enum message_fault {
    MESSAGE_FINE,
    MESSAGE_SHORT,     /* ends within a field, or there is no room for it */
    MESSAGE_VALUES,    /* too many currencies, out of order, or an amount of 0 */
    MESSAGE_SENDER,    /* neither there nor absent */
    MESSAGE_PARAMETER, /* out of order, twice, or a value it cannot have */
    MESSAGE_BODY       /* begins like a parameter */
};

/* message_layout_of is the head of an envelope; the body is left empty. */
void message_layout_of(const struct envelope *envelope, struct message_layout *ret_layout);

/* message_layout_head_bytes is the size of everything before the body. */
size_t message_layout_head_bytes(const struct message_layout *layout);

/* message_layout_optional_bytes is how much larger an envelope's head is than that of a plain
 * message, and body_bytes what is left for the body of one that is `bytes` long with its options.
 */
uint32_t message_layout_optional_bytes(const struct envelope *envelope);
uint32_t message_layout_body_bytes(const struct envelope *envelope);

/* message_layout_cells says how many cells a body of so many bytes fills. */
uint32_t message_layout_cells(uint32_t body_bytes);

/* message_layout_encode writes a message into `capacity` bytes. */
enum message_fault message_layout_encode(const struct message_layout *layout, unsigned char *bytes,
                                         size_t capacity, size_t *ret_bytes);

/* message_layout_decode reads one. Whatever it accepts, encode makes into the same bytes again. */
enum message_fault message_layout_decode(const unsigned char *bytes, size_t count,
                                         struct message_layout *ret_layout);

/* message_layout_constructor is the first four bytes of the body; false: it has fewer. */
bool message_layout_constructor(const struct message_layout *layout, uint32_t *ret_constructor);

#endif
