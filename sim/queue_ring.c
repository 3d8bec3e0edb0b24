#include "sim/queue_ring.h"

#include "sim/memory.h"
#include "sim/sim_assert.h"

static size_t level_words(unsigned size_shift, int level)
{
    size_t words = ((size_t)1 << size_shift >> 6) + 1;
    for (; level > 0; level--)
        words = (words + 63) >> 6;
    return words;
}

static size_t places(unsigned size_shift)
{
    return ((size_t)1 << size_shift) + QUEUE_RING_FAR;
}

void queue_ring_open(struct queue_ring *ring, struct memory *memory, unsigned size_shift,
                     unsigned width_shift)
{
    SIM_ASSERT(size_shift >= 6);
    *ring = (struct queue_ring){.size_shift = size_shift, .width_shift = width_shift};
    ring->newest = memory_take(memory, "event queue", sizeof *ring->newest * places(size_shift));
    for (int level = 0; level < QUEUE_RING_LEVELS; level++)
        ring->level[level] =
            memory_take(memory, "event queue", level_words(size_shift, level) * sizeof(uint64_t));
}

void queue_ring_close(struct queue_ring *ring, struct memory *memory)
{
    memory_give(memory, ring->newest, sizeof *ring->newest * places(ring->size_shift));
    for (int level = 0; level < QUEUE_RING_LEVELS; level++)
        memory_give(memory, ring->level[level],
                    level_words(ring->size_shift, level) * sizeof(uint64_t));
}

void queue_ring_clear(struct queue_ring *ring, uint64_t at)
{
    for (int level = 0; level < QUEUE_RING_LEVELS; level++) {
        uint64_t *word = &ring->level[level][at >> 6];
        *word &= ~(UINT64_C(1) << (at & 63));
        if (*word != 0)
            return;
        at >>= 6;
    }
}

uint64_t queue_ring_find(const struct queue_ring *ring, uint64_t from, uint64_t end)
{
    uint64_t at = from;
    int level = 0;
    /* Up while the rest of the word is empty, then down to the first bit of what was found. */
    for (; level < QUEUE_RING_LEVELS; level++) {
        uint64_t words = level_words(ring->size_shift, level);
        if (at >> 6 >= words)
            return end;
        uint64_t rest = ring->level[level][at >> 6] >> (at & 63);
        if (rest != 0) {
            at += (unsigned)__builtin_ctzll(rest);
            break;
        }
        at = (at >> 6) + 1;
    }
    if (level == QUEUE_RING_LEVELS) {
        uint64_t words = level_words(ring->size_shift, QUEUE_RING_LEVELS - 1);
        while (at < words && ring->level[QUEUE_RING_LEVELS - 1][at] == 0)
            at++;
        if (at == words)
            return end;
        level = QUEUE_RING_LEVELS - 1;
        at = at << 6 | (unsigned)__builtin_ctzll(ring->level[level][at]);
    }
    for (; level > 0; level--)
        at = at << 6 | (unsigned)__builtin_ctzll(ring->level[level - 1][at]);
    return at < end ? at : end;
}
