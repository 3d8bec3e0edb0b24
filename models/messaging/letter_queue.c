#include "models/messaging/letter_queue.h"

static void put(const struct stack *stack, struct block *block, uint64_t *word, uint64_t value)
{
    if (*word == value)
        return;
    if (block)
        block_set(stack, block, word, value);
    else
        *word = value;
}

void letter_queue_append(struct letter_queue *queue, const struct pool *letters,
                         const struct stack *stack, struct block *block, uint32_t letter)
{
    SIM_ASSERT(letter != 0);
    if (queue->tail)
        put(stack, block, &((struct letter *)pool_at(letters, (uint32_t)queue->tail))->next,
            letter);
    else
        put(stack, block, &queue->first, letter);
    if (!queue->head)
        put(stack, block, &queue->head, letter);
    put(stack, block, &queue->tail, letter);
}

void letter_queue_advance(struct letter_queue *queue, const struct pool *letters,
                          const struct stack *stack, struct block *block)
{
    SIM_ASSERT(queue->head != 0);
    put(stack, block, &queue->head,
        ((const struct letter *)pool_at(letters, (uint32_t)queue->head))->next);
}

uint32_t letter_queue_release(struct letter_queue *queue, const struct pool *letters)
{
    if (queue->first == queue->head)
        return 0;
    uint32_t letter = (uint32_t)queue->first;
    queue->first = ((const struct letter *)pool_at(letters, letter))->next;
    if (!queue->first) {
        SIM_ASSERT(queue->tail == letter);
        queue->tail = 0;
    }
    return letter;
}
