#ifndef SIM_DIGEST_H
#define SIM_DIGEST_H

/* result_hash: the sum modulo 2^128 of a fixed mix of every row's order key, its place among the
 * rows of its event, its cause's 64-bit mix and its fields. A sum needs no order, so threads and
 * groups cannot change it. 2-4 ns a row. Not cryptographic: it finds differences, it does not stop
 * a forger. Row numbers (seq, cause) are not hashed. Integers only, fixed endianness: the same on
 * every machine. */

#include <stdint.h>

#include "sim/exact.h"
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

/* Odd 64-bit constants without structure. Read from memory: as part of the instructions each would
 * cost one more. */
enum { DIGEST_SECRETS = 13 };
extern const uint64_t digest_secret[DIGEST_SECRETS];

/* What an event's rows and effects take of its key, made once an event. */
struct digest_key {
    uint64_t low, high; /* the product of time and rank, each with a secret added */
    uint64_t sequence;
    uint64_t mix; /* of all three, in 64 bits: what its effects carry as their cause */
};

/* Both halves of a product, one on the other. */
static inline uint64_t digest_fold(uint64_t a, uint64_t b)
{
    uint128 product = (uint128)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static inline struct digest_key digest_key_of(uint64_t time_ns, uint64_t rank, uint64_t sequence)
{
    uint128 product = (uint128)(time_ns + digest_secret[0]) * (rank + digest_secret[1]);
    struct digest_key key = {.low = (uint64_t)product,
                             .high = (uint64_t)(product >> 64),
                             .sequence = sequence + digest_secret[2]};
    key.mix = digest_fold(key.low ^ key.high ^ digest_secret[12], key.sequence);
    return key;
}

static inline void digest_sum(struct digest *digest, uint64_t low, uint64_t high, uint64_t rows)
{
    digest->low += low;
    digest->high += high + (digest->low < low);
    digest->rows += rows;
}

static inline void digest_merge(struct digest *digest, const struct digest *other)
{
    digest_sum(digest, other->low, other->high, other->rows);
}

/* Here, and digest_key_of too, since every event passes through them. */
static inline void digest_fields(struct digest *digest, const struct digest_key *key,
                                 uint64_t cause_mix, uint64_t entity, uint64_t peer,
                                 uint64_t subject, uint64_t place_kind, uint64_t chain_bytes,
                                 uint64_t value)
{
    /* Products of pairs add up without waiting for each other. What the sum keeps must not add up
     * over rows too: it is folded twice. */
    uint128 sum = (uint128)key->sequence * (cause_mix + digest_secret[3]);
    sum += (uint128)(entity + digest_secret[4]) * (peer + digest_secret[5]);
    sum += (uint128)(subject + digest_secret[6]) * (place_kind + digest_secret[7]);
    sum += (uint128)(chain_bytes + digest_secret[8]) * (value + digest_secret[9]);
    uint64_t left = ((uint64_t)sum + key->low) ^ digest_secret[10];
    uint64_t right = ((uint64_t)(sum >> 64) + key->high) ^ digest_secret[11];
    uint64_t low = digest_fold(left, right);
    digest_sum(digest, low, digest_fold(left + low, right ^ digest_secret[12]), 1);
}

static inline void digest_add(struct digest *digest, const struct digest_row *row)
{
    struct digest_key key = digest_key_of(row->key.time_ns, row->key.rank, row->key.sequence);
    digest_fields(digest, &key, row->cause_mix, row->entity, row->peer, row->subject,
                  row->place_kind, row->chain_bytes, row->value);
}

#endif
