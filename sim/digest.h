#ifndef SIM_DIGEST_H
#define SIM_DIGEST_H

/* result_hash: the sum modulo 2^128 of a fixed mix of every row's order key, its place among the
 * rows of its event, its cause's 64-bit mix and its fields. A sum needs no order, so threads and
 * groups cannot change it. 2-4 ns a row. Not cryptographic: it finds differences, it does not stop
 * a forger. Row numbers (seq, cause) are not hashed. Integers only, fixed endianness: the same on
 * every machine. */

#include <stdint.h>

#include "sim/order.h"

struct digest {
    uint64_t low, high; /* the 128-bit sum */
    uint64_t rows;
};

struct digest_row {
    struct order_key key;
    uint64_t cause_mix, entity, peer, subject;
    uint64_t place_kind;  /* trace index << 32 | kind_id */
    uint64_t chain_bytes; /* chain << 32 | bytes */
    uint64_t value;
};

/* digest_mix is the 64-bit mix of a key that its effects carry as their cause. */
uint64_t digest_mix(const struct order_key *key);

void digest_add(struct digest *digest, const struct digest_row *row);
void digest_merge(struct digest *digest, const struct digest *other);

#endif
