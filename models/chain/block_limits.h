#ifndef MODELS_CHAIN_BLOCK_LIMITS_H
#define MODELS_CHAIN_BLOCK_LIMITS_H

/* What a block may hold, TON-R33 to R37: three thresholds for each of bytes, gas and logical time,
 * the class of a block by them, and what may still be added. Pure; all O(1).
 *
 * Two forms. Plain: one limit a parameter, and an item must fit below it as a whole; the thresholds
 * only describe the block. Stepped, as deployed: an item may be added while the block is below the
 * threshold of its kind, so that one item may overshoot (TON-R35). In both an empty block takes
 * anything, else what is too large would wait for ever. */

#include <stdbool.h>
#include <stdint.h>

#include "models/stack.h"

/* SIMPLIFICATION: blocks have no collated data, so there is no limit for it. */
enum limit_of { LIMIT_BYTES, LIMIT_GAS, LIMIT_LT, LIMIT_COUNT };

/* underload <= soft <= hard; UINT64_MAX everywhere: no limit. */
struct limit_steps {
    uint64_t underload, soft, hard;
};

struct block_limits {
    struct limit_steps of[LIMIT_COUNT];
    bool stepped;
    bool externals; /* whether ledger inputs are taken at all (TON-R36: not when trying again) */
};

/* What a block holds so far, by limit. */
struct block_load {
    uint64_t of[LIMIT_COUNT];
};

/* TON-R34: what a block takes before anything is in it. Counted by the stepped form only.
 * SIMPLIFICATION: the rest of a block's size is that of messages, transactions and notes as the
 * layers charge them; there are no cells, and messages that wait in the block cost nothing extra.
 */
enum { BLOCK_BASE_BYTES = 2000 };

/* TON-R36: so often a block is tried, with ever tighter limits. */
enum { BLOCK_ATTEMPTS_MAX = 5 };

/* limit_steps_plain makes the thresholds that describe a block under one plain limit: an eighth and
 * a half of it, as the deployed bytes have them. */
struct limit_steps limit_steps_plain(uint64_t limit);

/* limit_steps_medium is soft + (hard - soft) / 2. */
uint64_t limit_steps_medium(const struct limit_steps *steps);

/* limit_steps_class: how high a value is, TON-R33. */
enum block_class limit_steps_class(const struct limit_steps *steps, uint64_t value);

/* block_limits_class is the highest class of all parameters. */
enum block_class block_limits_class(const struct block_limits *limits,
                                    const struct block_load *load);

/* block_limits_fits: all parameters are below the thresholds that end `upto`. Nothing ends
 * CLASS_HARD: all fit always. */
bool block_limits_fits(const struct block_limits *limits, enum block_class upto,
                       const struct block_load *load);

/* block_limits_admit says whether a block that holds `items` items takes one more. */
bool block_limits_admit(const struct block_limits *limits, const struct block_load *load,
                        uint32_t items, enum charge_kind kind, const struct block_load *item);

/* block_limits_retry tightens the limits for the n-th attempt to make a block, from 1 (TON-R36):
 * from the second no inputs, in the third half, from the fourth a quarter of bytes and gas. */
void block_limits_retry(struct block_limits *limits, uint32_t attempt);

/* block_limits_late shortens logical time for a block that comes more than 15 s after the one
 * before (TON-R36), if it has more than that. */
void block_limits_late(struct block_limits *limits, uint64_t gap_ns);

/* block_overloaded, block_underloaded: the two bits that a block adds to its chain's histories
 * (TON-R37, TON-R55). `queue_length` is that of the own output queue. */
bool block_overloaded(enum block_class block_class, uint32_t queue_length, bool dispatch_full);
bool block_underloaded(enum block_class block_class, uint32_t queue_length, bool dispatch_full);

#endif
