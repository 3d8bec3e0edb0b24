#ifndef MODELS_SPREAD_REED_SOLOMON_H
#define MODELS_SPREAD_REED_SOLOMON_H

/* Reed-Solomon erasure code over bytes, GF(2^8) with x^8 + x^4 + x^3 + x^2 + 1: any `data` of
 * data + code shreds give back all of them (SOL-R2.13, SOL-R9). Systematic: data shreds are their
 * own code words. The matrix is a Vandermonde matrix (row r, column c: r^c) times the inverse of
 * its own top square; any `data` rows of that have an inverse, which is the whole point.
 *
 * Pure; no memory of its own but the caller's struct. encode: data * code * bytes table steps;
 * recover: the same plus one inversion, data^3. Data and code together at most 128. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { REED_SOLOMON_SHREDS_MAX = 128, REED_SOLOMON_DATA_MAX = 64 };

struct reed_solomon {
    uint32_t data_count, code_count;
    unsigned char rows[REED_SOLOMON_SHREDS_MAX][REED_SOLOMON_DATA_MAX];
};

/* reed_solomon_init: 1 <= data <= 64, code >= 0, together at most 128 (asserted). */
void reed_solomon_init(struct reed_solomon *code, uint32_t data_count, uint32_t code_count);

/* reed_solomon_encode writes the code shreds. shreds[0 .. data-1] are read, the code_count after
 * them written, `bytes` each. */
void reed_solomon_encode(const struct reed_solomon *code, unsigned char *const *shreds,
                         size_t bytes);

/* reed_solomon_recover fills in every absent shred, data and code, from the present ones. False,
 * and nothing written, when fewer than data_count are present. */
bool reed_solomon_recover(const struct reed_solomon *code, unsigned char *const *shreds,
                          const bool *present, size_t bytes);

/* gf256_multiply is the field's product, for tests: O(1). */
unsigned char gf256_multiply(unsigned char a, unsigned char b);

#endif
