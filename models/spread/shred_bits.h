#ifndef MODELS_SPREAD_SHRED_BITS_H
#define MODELS_SPREAD_SHRED_BITS_H

/* Which shred indices of one slot are there: a bit each, in counted memory that grows by doubling.
 * All zero is the empty set, ready for use. test, set: O(1) amortised; next: O(words). */

#include <stdbool.h>
#include <stdint.h>

#include "sim/memory.h"

struct shred_bits {
    uint64_t *words;
    uint32_t word_count; /* capacity */
    uint32_t count;      /* bits set */
};

#define SHRED_BITS_NONE UINT32_MAX

static inline bool shred_bits_test(const struct shred_bits *bits, uint32_t index)
{
    return index / 64 < bits->word_count && (bits->words[index / 64] >> index % 64 & 1);
}

/* shred_bits_set puts an index in; false if it was there. */
bool shred_bits_set(struct shred_bits *bits, struct memory *memory, uint32_t index);

/* shred_bits_word is 32 bits from `first` on, a multiple of 32; set_word puts those bits in that
 * are set in `word`, none of which may be there. */
static inline uint32_t shred_bits_word(const struct shred_bits *bits, uint32_t first)
{
    return first / 64 < bits->word_count ? (uint32_t)(bits->words[first / 64] >> first % 64) : 0;
}
void shred_bits_set_word(struct shred_bits *bits, struct memory *memory, uint32_t first,
                         uint32_t word);

/* shred_bits_next is the first index at or after `from` that is in the set (present) or is not;
 * SHRED_BITS_NONE when no later one is in the set. */
uint32_t shred_bits_next(const struct shred_bits *bits, uint32_t from, bool present);

/* shred_bits_clear empties the set and gives its memory back. */
void shred_bits_clear(struct shred_bits *bits, struct memory *memory);

#endif
