#include "models/spread/shred_bits.h"

#include "sim/sim_assert.h"

static void make_room(struct shred_bits *bits, struct memory *memory, uint32_t index)
{
    if (index / 64 >= bits->word_count)
        bits->words = memory_grow(memory, "spread: shreds present", bits->words, &bits->word_count,
                                  index / 64 + 1, sizeof *bits->words);
}

bool shred_bits_set(struct shred_bits *bits, struct memory *memory, uint32_t index)
{
    SIM_ASSERT(index != SHRED_BITS_NONE);
    make_room(bits, memory, index);
    uint64_t *word = &bits->words[index / 64], bit = UINT64_C(1) << index % 64;
    if (*word & bit)
        return false;
    *word |= bit;
    bits->count++;
    return true;
}

void shred_bits_set_word(struct shred_bits *bits, struct memory *memory, uint32_t first,
                         uint32_t word)
{
    SIM_ASSERT(first % 32 == 0 && (shred_bits_word(bits, first) & word) == 0);
    make_room(bits, memory, first);
    bits->words[first / 64] |= (uint64_t)word << first % 64;
    bits->count += (uint32_t)__builtin_popcount(word);
}

uint32_t shred_bits_next(const struct shred_bits *bits, uint32_t from, bool present)
{
    for (uint32_t at = from / 64; at < bits->word_count; at++) {
        uint64_t word = present ? bits->words[at] : ~bits->words[at];
        if (at == from / 64)
            word &= UINT64_MAX << from % 64;
        if (word)
            return at * 64 + (uint32_t)__builtin_ctzll(word);
    }
    if (present)
        return SHRED_BITS_NONE;
    return from > bits->word_count * 64 ? from : bits->word_count * 64;
}

void shred_bits_clear(struct shred_bits *bits, struct memory *memory)
{
    memory_give(memory, bits->words, bits->word_count * sizeof *bits->words);
    *bits = (struct shred_bits){0};
}
