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

/* Odd 64-bit constants without structure: the fractions of the square roots of the first primes,
 * made odd. */
#define DIGEST_SECRET_0 UINT64_C(0x6a09e667f3bcc909)
#define DIGEST_SECRET_1 UINT64_C(0xbb67ae8584caa73b)
#define DIGEST_SECRET_2 UINT64_C(0x3c6ef372fe94f82b)
#define DIGEST_SECRET_3 UINT64_C(0xa54ff53a5f1d36f1)
#define DIGEST_SECRET_4 UINT64_C(0x510e527fade682d1)
#define DIGEST_SECRET_5 UINT64_C(0x9b05688c2b3e6c1f)
#define DIGEST_SECRET_6 UINT64_C(0x1f83d9abfb41bd6b)
#define DIGEST_SECRET_7 UINT64_C(0x5be0cd19137e2179)
#define DIGEST_SECRET_8 UINT64_C(0xcbbb9d5dc1059ed9)
#define DIGEST_SECRET_9 UINT64_C(0x629a292a367cd507)
#define DIGEST_SECRET_10 UINT64_C(0x9159015a3070dd17)
#define DIGEST_SECRET_11 UINT64_C(0x152fecd8f70e5939)

/* A bijection of 64 bits in which every input bit moves every output bit. */
static inline uint64_t digest_stir(uint64_t x)
{
    x ^= x >> 32;
    x *= UINT64_C(0xd6e8feb86659fd93);
    x ^= x >> 32;
    x *= UINT64_C(0xd6e8feb86659fd93);
    return x ^ x >> 32;
}

/* digest_mix is the 64-bit mix of a key that its effects carry as their cause. */
static inline uint64_t digest_mix(const struct order_key *key)
{
    uint128 first = (uint128)(key->time_ns ^ DIGEST_SECRET_0) * (key->rank ^ DIGEST_SECRET_1);
    uint64_t folded = (uint64_t)first ^ (uint64_t)(first >> 64);
    return digest_stir(folded + digest_stir(key->sequence ^ DIGEST_SECRET_2));
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

/* Here, and digest_mix too, since every event passes through them. */
static inline void digest_fields(struct digest *digest, const struct order_key *key,
                                 uint64_t cause_mix, uint64_t entity, uint64_t peer,
                                 uint64_t subject, uint64_t place_kind, uint64_t chain_bytes,
                                 uint64_t value)
{
    /* Products of pairs add up without waiting for each other; the two stirs after them are
     * one-to-one on the 128 bits, so nothing that the products kept is lost. */
    uint128 sum = (uint128)(key->time_ns + DIGEST_SECRET_0) * (key->rank + DIGEST_SECRET_1);
    sum += (uint128)(key->sequence + DIGEST_SECRET_2) * (cause_mix + DIGEST_SECRET_3);
    sum += (uint128)(entity + DIGEST_SECRET_4) * (peer + DIGEST_SECRET_5);
    sum += (uint128)(subject + DIGEST_SECRET_6) * (place_kind + DIGEST_SECRET_7);
    sum += (uint128)(chain_bytes + DIGEST_SECRET_8) * (value + DIGEST_SECRET_9);
    uint64_t high = (uint64_t)(sum >> 64);
    uint64_t low = digest_stir((uint64_t)sum + high * DIGEST_SECRET_10);
    high = digest_stir(high ^ low ^ DIGEST_SECRET_11);
    digest_sum(digest, low, high, 1);
}

static inline void digest_add(struct digest *digest, const struct digest_row *row)
{
    digest_fields(digest, &row->key, row->cause_mix, row->entity, row->peer, row->subject,
                  row->place_kind, row->chain_bytes, row->value);
}

#endif
