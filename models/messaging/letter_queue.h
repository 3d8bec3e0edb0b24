#ifndef MODELS_MESSAGING_LETTER_QUEUE_H
#define MODELS_MESSAGING_LETTER_QUEUE_H

/* Letters of the ideal messaging, and first-in-first-out queues of them that blocks may change.
 *
 * A queue has three places: `head` is the next letter to deliver, `tail` the newest one, `first`
 * the oldest one whose slot is not given back. Blocks move head through the chain's journal, so a
 * dropped block gives its letters back; final blocks let go what lies before head. A queue is
 * appended to either always inside blocks (a chain's letters to itself) or always outside (letters
 * that arrive); only then does undoing a block keep what came since. All O(1). */

#include <stdbool.h>
#include <stdint.h>

#include "models/stack.h"
#include "sim/memory.h"

struct letter {
    struct envelope envelope;
    uint64_t next;          /* handle of the next in its queue; a word of blocks in own queues */
    uint64_t resend_ns;     /* under way: when it is sent again without a receipt */
    uint32_t next_emitted;  /* of the same block */
    uint32_t before, after; /* under way: neighbours in the sender's list */
    uint32_t destination, sequence, attempt;
};

struct letter_queue {
    uint64_t first, head, tail; /* handles, 0 = none */
};

/* letter_queue_append puts a letter at the end; block NULL = outside blocks. */
void letter_queue_append(struct letter_queue *queue, const struct pool *letters,
                         const struct stack *stack, struct block *block, uint32_t letter);

/* letter_queue_advance moves head past the letter at head. */
void letter_queue_advance(struct letter_queue *queue, const struct pool *letters,
                          const struct stack *stack, struct block *block);

/* letter_queue_release unlinks the oldest letter before head and returns it, 0 = there is none. In
 * final() only: what is before head then was delivered by final blocks. */
uint32_t letter_queue_release(struct letter_queue *queue, const struct pool *letters);

#endif
