#include "models/messaging/import_order.h"

#include <string.h>

#include "models/messaging/hypercube_route.h"

struct import_key import_key_deployed(uint64_t lt, const unsigned char hash[HASH_BYTES])
{
    struct import_key key = {.rank = {lt}};
    memcpy(key.hash, hash, HASH_BYTES);
    return key;
}

struct import_key import_key_paper(uint64_t master_seqno, uint64_t block_time_ns,
                                   uint32_t source_chain, uint64_t stream_place)
{
    uint64_t own_age = master_seqno == 0 ? block_time_ns : 0;
    return (struct import_key){.rank = {master_seqno, own_age, source_chain, stream_place}};
}

int import_key_compare(const struct import_key *a, const struct import_key *b)
{
    for (unsigned i = 0; i < 4; i++)
        if (a->rank[i] != b->rank[i])
            return a->rank[i] < b->rank[i] ? -1 : 1;
    return memcmp(a->hash, b->hash, HASH_BYTES);
}

static bool comes_first(const struct import_item *a, const struct import_item *b)
{
    int order = import_key_compare(&a->key, &b->key);
    return order != 0 ? order < 0 : a->slot < b->slot;
}

void import_heap_push(struct import_heap *heap, const struct import_item *item)
{
    SIM_ASSERT(heap->count < heap->capacity);
    uint32_t hole = heap->count++;
    while (hole > 0) {
        uint32_t parent = (hole - 1) / 2;
        if (comes_first(&heap->items[parent], item))
            break;
        heap->items[hole] = heap->items[parent];
        hole = parent;
    }
    heap->items[hole] = *item;
}

struct import_item import_heap_pop(struct import_heap *heap)
{
    SIM_ASSERT(heap->count > 0);
    struct import_item first = heap->items[0];
    struct import_item last = heap->items[--heap->count];
    uint32_t hole = 0;
    for (uint32_t child = 1; child < heap->count; child = 2 * hole + 1) {
        if (child + 1 < heap->count && comes_first(&heap->items[child + 1], &heap->items[child]))
            child++;
        if (comes_first(&last, &heap->items[child]))
            break;
        heap->items[hole] = heap->items[child];
        hole = child;
    }
    if (heap->count > 0)
        heap->items[hole] = last;
    return first;
}

uint32_t import_merge(struct address shard, const struct merge_queue *queues, uint32_t queue_count,
                      struct import_heap *heap, struct merge_result *ret_results)
{
    SIM_ASSERT(heap->count == 0 && queue_count < 1U << 12);
    for (uint32_t q = 0; q < queue_count; q++) {
        if (queues[q].disabled)
            continue;
        SIM_ASSERT(queues[q].count < 1U << 20);
        for (uint32_t i = 0; i < queues[q].count; i++) {
            const struct merge_entry *entry = &queues[q].entries[i];
            if (!route_holds(shard, entry->next))
                continue;
            /* Ties (one message in two queues, which only a fault makes) go to the earlier queue.
             */
            struct import_item item = {import_key_deployed(entry->lt, entry->hash), q << 20 | i};
            import_heap_push(heap, &item);
        }
    }
    uint32_t count = 0;
    bool exceeded = false;
    while (heap->count > 0) {
        struct import_item item = import_heap_pop(heap);
        uint32_t queue = item.slot >> 20, given = 0;
        for (uint32_t i = 0; i < count; i++)
            given += ret_results[i].queue == queue;
        exceeded |= queues[queue].limit >= 0 && given >= queues[queue].limit;
        ret_results[count++] = (struct merge_result){queue, item.slot & 0xfffff, exceeded};
    }
    return count;
}
