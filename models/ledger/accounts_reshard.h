#ifndef MODELS_LEDGER_ACCOUNTS_RESHARD_H
#define MODELS_LEDGER_ACCOUNTS_RESHARD_H

/* The accounts ledger as shards split and merge: the upcalls of struct block_app. Accounts, inputs
 * and parked work go by their account's address; what validators have earned is halved, and the
 * right half gets the odd unit, or added up (TON-R57, TON-R58). self is struct accounts. O(what the
 * chains ever touched). */

#include <stdint.h>

struct build;
struct context;

void accounts_reshard_divide(void *self, struct context *context, uint32_t parent, uint32_t left,
                             uint32_t right);
void accounts_reshard_unite(void *self, struct context *context, uint32_t left, uint32_t right,
                            uint32_t parent);

/* accounts_reshard_left is the left half's share of what the parent's validators have earned. */
static inline uint64_t accounts_reshard_left(uint64_t earned)
{
    return earned / 2;
}

/* accounts_reshard_check refuses, where chains split and merge, what does not follow them: -1 with
 * a diagnostic. */
int accounts_reshard_check(const struct build *build);

#endif
