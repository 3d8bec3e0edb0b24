#include "models/messaging/processed_upto.h"

#include <string.h>

#include "models/messaging/hypercube_route.h"

static int compare_position(uint64_t lt_a, const unsigned char *hash_a, uint64_t lt_b,
                            const unsigned char *hash_b)
{
    if (lt_a != lt_b)
        return lt_a < lt_b ? -1 : 1;
    return memcmp(hash_a, hash_b, HASH_BYTES);
}

static bool dominates(const struct processed_record *a, const struct processed_record *b)
{
    return shard_ancestor(a->shard, b->shard) && a->seqno >= b->seqno &&
           compare_position(a->last_lt, a->last_hash, b->last_lt, b->last_hash) >= 0;
}

bool processed_already(const struct processed_upto *upto, const struct processed_query *query,
                       processed_end_lt *end_lt, const void *self)
{
    if (!route_holds(upto->owner, query->next))
        return false;
    for (uint32_t i = 0; i < upto->count; i++) {
        const struct processed_record *record = &upto->records[i];
        if (query->lt > record->last_lt || !shard_contains(record->shard, query->next.prefix))
            continue;
        if (query->lt == record->last_lt && memcmp(query->hash, record->last_hash, HASH_BYTES) > 0)
            continue;
        /* Own messages may be processed before any masterchain block shows them. */
        if (query->current.workchain == query->next.workchain &&
            shard_contains(record->shard, query->current.prefix))
            return true;
        /* A message in transit may be older than the record and yet have come later. */
        if (query->enqueued_lt < end_lt(self, query->current, record->seqno, i))
            return true;
    }
    return false;
}

static bool sorts_before(const struct processed_record *a, const struct processed_record *b)
{
    if (a->shard != b->shard)
        return a->shard < b->shard;
    if (a->seqno != b->seqno)
        return a->seqno < b->seqno;
    return compare_position(a->last_lt, a->last_hash, b->last_lt, b->last_hash) < 0;
}

void processed_compactify(struct processed_upto *upto)
{
    struct processed_record *records = upto->records;
    for (uint32_t i = 1; i < upto->count; i++) { /* insertion sort: lists are short */
        struct processed_record moved = records[i];
        uint32_t hole = i;
        for (; hole > 0 && sorts_before(&moved, &records[hole - 1]); hole--)
            records[hole] = records[hole - 1];
        records[hole] = moved;
    }
    uint32_t kept = 0;
    for (uint32_t i = 0; i < upto->count; i++) {
        bool dropped = false;
        for (uint32_t k = 0; k < kept && !dropped; k++)
            dropped = dominates(&records[k], &records[i]);
        for (uint32_t k = i + 1; k < upto->count && !dropped; k++)
            dropped = dominates(&records[k], &records[i]);
        if (!dropped)
            records[kept++] = records[i];
    }
    upto->count = kept;
}

bool processed_insert(struct processed_upto *upto, uint64_t seqno, uint64_t lt,
                      const unsigned char hash[HASH_BYTES])
{
    if (lt == 0)
        return false;
    struct processed_record record = {.shard = upto->owner.prefix, .seqno = seqno, .last_lt = lt};
    memcpy(record.last_hash, hash, HASH_BYTES);
    for (uint32_t i = 0; i < upto->count; i++)
        if (dominates(&upto->records[i], &record))
            return true;
    SIM_ASSERT(upto->count < upto->capacity);
    upto->records[upto->count++] = record;
    processed_compactify(upto);
    return true;
}

void processed_split(struct processed_upto *upto, uint64_t child)
{
    SIM_ASSERT(shard_ancestor(upto->owner.prefix, child));
    uint32_t kept = 0;
    for (uint32_t i = 0; i < upto->count; i++) {
        struct processed_record record = upto->records[i];
        if (shard_ancestor(record.shard, child))
            record.shard = child;
        else if (!shard_ancestor(child, record.shard))
            continue;
        upto->records[kept++] = record;
    }
    upto->count = kept;
    upto->owner.prefix = child;
    processed_compactify(upto);
}

void processed_combine(struct processed_upto *upto, const struct processed_upto *sibling)
{
    SIM_ASSERT(shard_parent(upto->owner.prefix) == shard_parent(sibling->owner.prefix));
    SIM_ASSERT(upto->count + sibling->count <= upto->capacity);
    for (uint32_t i = 0; i < sibling->count; i++)
        upto->records[upto->count++] = sibling->records[i];
    upto->owner.prefix = shard_parent(upto->owner.prefix);
    processed_compactify(upto);
}
