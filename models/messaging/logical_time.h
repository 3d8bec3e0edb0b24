#ifndef MODELS_MESSAGING_LOGICAL_TIME_H
#define MODELS_MESSAGING_LOGICAL_TIME_H

/* Logical time, TON-R13 and TON-R14: where a block begins, and inside it a transaction's time and
 * those of the messages that it makes. Every account has its own sequence, so messages of different
 * accounts may share a logical time; their hashes order them.
 *
 * The book is about one block: what an account did in earlier blocks ended before this one began,
 * so nothing of it is kept. Knows no blocks and no kernel but accounted memory. Opening costs what
 * the block before touched; all else is O(1) expected. */

#include <stdbool.h>
#include <stdint.h>

#include "sim/memory.h"

enum { LT_STEP = 1000000, LT_GROWTH_STEPS_MAX = 4 };

/* lt_block_start: the first multiple of LT_STEP above everything that the block follows: the end of
 * its own state, what it sees of others, and the masterchain block that it refers to. */
uint64_t lt_block_start(uint64_t state_end_lt, uint64_t seen_lt, uint64_t master_lt);

/* lt_start_valid is what validators check: later than all three, by no more than 4 steps. */
bool lt_start_valid(uint64_t start_lt, uint64_t state_end_lt, uint64_t seen_lt, uint64_t master_lt);

struct lt_account {
    uint64_t account, end_lt; /* of its latest transaction in this block */
    uint32_t produced;        /* messages that lt_book_produce counted */
};

struct lt_book {
    struct memory *memory;
    struct map index; /* account -> place in accounts */
    struct lt_account *accounts;
    uint32_t count, capacity;
    uint64_t start_lt, end_lt; /* of the block */
    /* The transaction that is open. */
    uint32_t current; /* place of its account */
    uint64_t lt;
    uint32_t messages;
};

void lt_book_init(struct lt_book *book, struct memory *memory);
void lt_book_destroy(struct lt_book *book);

/* lt_book_open begins a block: it ends at start_lt + 1 if nothing happens in it. */
void lt_book_open(struct lt_book *book, uint64_t start_lt);

/* lt_book_internal begins a transaction of an account that gets a message of logical time
 * message_lt; lt_book_external begins one on an input, later than the last message processed in
 * this block (0 = none was). Both return the transaction's logical time. */
uint64_t lt_book_internal(struct lt_book *book, uint64_t account, uint64_t message_lt);
uint64_t lt_book_external(struct lt_book *book, uint64_t account, uint64_t processed_lt);

/* lt_book_emit is the logical time of the open transaction's next message. */
uint64_t lt_book_emit(struct lt_book *book);

/* lt_book_produce counts one more message of an account in this block, and returns how many were
 * before it. */
uint32_t lt_book_produce(struct lt_book *book, uint64_t account);

/* lt_book_note: the account's transactions of this block come after this logical time. */
void lt_book_note(struct lt_book *book, uint64_t account, uint64_t lt);

#endif
