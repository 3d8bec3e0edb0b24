#ifndef SIM_QUEUE_RING_H
#define SIM_QUEUE_RING_H

/* The ring of buckets of queue_wheel.c, with bitmaps in three levels that find the next bucket in
 * use: level 0 has a bit a bucket, each further one a bit a word of the level before. The ring
 * knows nothing of entries; whoever fills a bucket marks it, whoever empties it clears it. */

#include <stdint.h>

struct memory;

struct queue_bucket {
    uint32_t newest; /* a cell of the owner; 0 = none */
    uint32_t count;  /* entries */
};

enum { QUEUE_RING_LEVELS = 3 };

struct queue_ring {
    struct queue_bucket *buckets; /* 1 << size_shift */
    uint64_t *level[QUEUE_RING_LEVELS];
    unsigned size_shift, width_shift; /* width_shift is the owner's: log2 of a bucket's ns */
};

/* queue_ring_open makes an empty ring of 1 << size_shift buckets; close gives its memory back. */
void queue_ring_open(struct queue_ring *ring, struct memory *memory, unsigned size_shift,
                     unsigned width_shift);
void queue_ring_close(struct queue_ring *ring, struct memory *memory);

/* O(1): at most three words. */
void queue_ring_mark(struct queue_ring *ring, uint64_t at);
void queue_ring_clear(struct queue_ring *ring, uint64_t at);

/* queue_ring_find returns the first marked place in [from, end), or end. O(1) up to 2^18 buckets,
 * then a word for each 2^18. */
uint64_t queue_ring_find(const struct queue_ring *ring, uint64_t from, uint64_t end);

#endif
