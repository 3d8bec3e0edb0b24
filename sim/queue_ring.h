#ifndef SIM_QUEUE_RING_H
#define SIM_QUEUE_RING_H

/* The ring of buckets of queue_wheel.c, with bitmaps in three levels that find the next bucket in
 * use: level 0 has a bit a bucket (of 64 or more), each further one a bit a word of the level
 * before. The ring knows nothing of entries; whoever fills a bucket marks it, whoever empties it
 * clears it. */

#include <stdint.h>

struct memory;

enum {
    QUEUE_RING_LEVELS = 3,
    QUEUE_RING_FAR = 64 /* more places behind the ring, marked alike, for what lies beyond it */
};

struct queue_ring {
    uint32_t *newest; /* a cell of the owner, or 0, for each of (1 << size_shift) buckets and FAR */
    uint64_t *level[QUEUE_RING_LEVELS];
    unsigned size_shift, width_shift; /* width_shift is the owner's: log2 of a bucket's ns */
};

/* queue_ring_open makes an empty ring of 1 << size_shift buckets; close gives its memory back. */
void queue_ring_open(struct queue_ring *ring, struct memory *memory, unsigned size_shift,
                     unsigned width_shift);
void queue_ring_close(struct queue_ring *ring, struct memory *memory);

/* O(1): at most three words. */
static inline void queue_ring_mark(struct queue_ring *ring, uint64_t at)
{
    for (int level = 0; level < QUEUE_RING_LEVELS; level++) {
        uint64_t *word = &ring->level[level][at >> 6];
        uint64_t before = *word;
        *word = before | UINT64_C(1) << (at & 63);
        if (__builtin_expect(before != 0, 1))
            return;
        at >>= 6;
    }
}
void queue_ring_clear(struct queue_ring *ring, uint64_t at);

/* queue_ring_far is the word whose bits are the places behind the ring. */
static inline uint64_t queue_ring_far(const struct queue_ring *ring)
{
    return ring->level[0][UINT64_C(1) << ring->size_shift >> 6];
}

/* queue_ring_find returns the first marked place in [from, end), or end. O(1) up to 2^18 buckets,
 * then a word for each 2^18. */
uint64_t queue_ring_find(const struct queue_ring *ring, uint64_t from, uint64_t end);

#endif
