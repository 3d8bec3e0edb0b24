#include "models/spread/epoch_cache.h"

#include <string.h>

#include "models/spread/blockstore.h"
#include "sim/sim_assert.h"

static const char *const NAME = "spread: epoch cache";

void epoch_cache_init(struct epoch_cache *cache, struct memory *memory, uint64_t epoch_first,
                      uint64_t epoch_slots, uint32_t limit)
{
    SIM_ASSERT(limit >= 2);
    SIM_ASSERT(limit % 2 == 0);
    *cache = (struct epoch_cache){.memory = memory,
                                  .epoch_first = epoch_first,
                                  .epoch_slots = epoch_slots,
                                  .limit = limit,
                                  .base = SLOT_UNKNOWN};
    slot_set_init(&cache->cache, memory);
}

void epoch_cache_destroy(struct epoch_cache *cache)
{
    slot_set_destroy(&cache->cache);
    memory_give(cache->memory, cache->stash, cache->stash_capacity * sizeof *cache->stash);
    *cache = (struct epoch_cache){0};
}

/* The first run that ends after the slot. */
static uint32_t run_place(const struct epoch_cache *cache, uint64_t slot)
{
    uint32_t low = 0, high = cache->stash_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (cache->stash[middle].first + cache->stash[middle].count <= slot)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool stash_holds(const struct epoch_cache *cache, uint64_t slot)
{
    uint32_t at = run_place(cache, slot);
    return at < cache->stash_count && cache->stash[at].first <= slot;
}

static void stash_add(struct epoch_cache *cache, uint64_t slot)
{
    uint32_t at = run_place(cache, slot);
    if (at < cache->stash_count && cache->stash[at].first <= slot)
        return;
    bool joins_before = at > 0 && cache->stash[at - 1].first + cache->stash[at - 1].count == slot;
    bool joins_after = at < cache->stash_count && cache->stash[at].first == slot + 1;
    if (joins_before && joins_after) {
        cache->stash[at - 1].count += 1 + cache->stash[at].count;
        cache->stash_count--;
        memmove(&cache->stash[at], &cache->stash[at + 1],
                (cache->stash_count - at) * sizeof *cache->stash);
    } else if (joins_before) {
        cache->stash[at - 1].count++;
    } else if (joins_after) {
        cache->stash[at].first--;
        cache->stash[at].count++;
    } else {
        if (cache->stash_count == cache->stash_capacity)
            cache->stash = memory_grow(cache->memory, NAME, cache->stash, &cache->stash_capacity,
                                       cache->stash_count + 1, sizeof *cache->stash);
        memmove(&cache->stash[at + 1], &cache->stash[at],
                (cache->stash_count - at) * sizeof *cache->stash);
        cache->stash[at] = (struct epoch_run){slot, 1};
        cache->stash_count++;
    }
}

bool epoch_cache_complete(struct epoch_cache *cache, uint64_t slot)
{
    SIM_ASSERT(slot >= cache->epoch_first);
    SIM_ASSERT(slot - cache->epoch_first < cache->epoch_slots);
    if (cache->base != SLOT_UNKNOWN && slot < cache->base && cache->stash_count > 0) {
        bool there = stash_holds(cache, slot);
        stash_add(cache, slot);
        return !there;
    }
    if (!slot_set_add(&cache->cache, slot))
        return false;
    bool full = cache->cache.count == cache->limit; /* SOL-11 */
    if (full) {
        for (uint32_t i = 0; i < cache->limit / 2; i++)
            stash_add(cache, cache->cache.slots[i]);
        slot_set_drop_below(&cache->cache, cache->cache.slots[cache->limit / 2]);
    }
    cache->base = cache->cache.slots[0]; /* SOL-12 */
    return full;
}

bool epoch_cache_holds(const struct epoch_cache *cache, uint64_t slot)
{
    return slot_set_contains(&cache->cache, slot) || stash_holds(cache, slot);
}

uint32_t epoch_cache_runs(const struct epoch_cache *cache, uint64_t *ret_runs)
{
    uint32_t count = 0;
    const uint64_t *slots = cache->cache.slots;
    for (uint32_t i = 0; i < cache->cache.count; i++) {
        if (i > 0 && slots[i] == slots[i - 1] + 1) {
            ret_runs[count - 1]++;
            continue;
        }
        if (i > 0)
            ret_runs[count++] = slots[i] - slots[i - 1] - 1;
        ret_runs[count++] = 1;
    }
    return count;
}

/* Bytes written so far; once something did not fit, `full` stays. */
struct writer {
    unsigned char *bytes;
    size_t count, room;
    bool full;
};

static void write_byte(struct writer *writer, unsigned char byte)
{
    writer->full |= writer->count == writer->room;
    if (!writer->full)
        writer->bytes[writer->count++] = byte;
}

static void write_number(struct writer *writer, uint64_t number)
{
    for (; number >= 0x80; number >>= 7)
        write_byte(writer, (unsigned char)(number | 0x80));
    write_byte(writer, (unsigned char)number);
}

/* False when the bytes end in a number or it has more than 64 bits. */
static bool read_number(const unsigned char *bytes, size_t count, size_t *at, uint64_t *ret_number)
{
    uint64_t number = 0;
    for (unsigned shift = 0; *at < count && shift < 64; shift += 7) {
        unsigned char byte = bytes[(*at)++];
        if (shift == 63 && byte > 1)
            return false;
        number |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            *ret_number = number;
            return true;
        }
    }
    return false;
}

size_t epoch_cache_encode(const struct epoch_cache *cache, unsigned char *ret_bytes, size_t room)
{
    struct writer writer = {.bytes = ret_bytes, .room = room};
    uint64_t run = 0;
    const uint64_t *slots = cache->cache.slots;
    for (unsigned i = 0; i < 8; i++)
        write_byte(&writer, (unsigned char)(cache->base >> 8 * i));
    for (uint32_t i = 0; i < cache->cache.count; i++) {
        if (i > 0 && slots[i] != slots[i - 1] + 1) {
            write_number(&writer, run);
            write_number(&writer, slots[i] - slots[i - 1] - 1);
            run = 0;
        }
        run++;
    }
    if (run > 0)
        write_number(&writer, run);
    return writer.full ? 0 : writer.count;
}

/* Alternating runs from a slot on, complete ones first or second. */
static bool read_runs(const unsigned char *bytes, size_t count, size_t at, uint64_t slot,
                      bool complete, uint64_t slots_left, struct slot_set *ret_slots)
{
    while (at < count) {
        uint64_t run = 0;
        if (!read_number(bytes, count, &at, &run) || run > UINT64_MAX - slot)
            return false;
        if (complete && run > slots_left)
            return false;
        for (uint64_t i = 0; complete && i < run; i++)
            slot_set_add(ret_slots, slot + i);
        slots_left -= complete ? run : 0;
        slot += run;
        complete = !complete;
    }
    return true;
}

bool epoch_cache_decode(const unsigned char *bytes, size_t count, uint32_t slots_max,
                        struct slot_set *ret_slots)
{
    uint64_t base = 0;
    if (count < 8 || count > EPOCH_CACHE_BYTES_MAX)
        return false;
    for (unsigned i = 0; i < 8; i++)
        base |= (uint64_t)bytes[i] << 8 * i;
    return read_runs(bytes, count, 8, base, true, slots_max, ret_slots);
}

size_t epoch_stash_encode(const struct epoch_cache *cache, unsigned char *ret_bytes, size_t room)
{
    struct writer writer = {.bytes = ret_bytes, .room = room};
    uint64_t at = cache->epoch_first;
    for (uint32_t i = 0; i < cache->stash_count; i++) {
        write_number(&writer, cache->stash[i].first - at);
        write_number(&writer, cache->stash[i].count);
        at = cache->stash[i].first + cache->stash[i].count;
    }
    return writer.full ? 0 : writer.count;
}

bool epoch_stash_decode(const unsigned char *bytes, size_t count, uint64_t epoch_first,
                        uint64_t epoch_slots, struct slot_set *ret_slots)
{
    uint32_t before = ret_slots->count;
    if (!read_runs(bytes, count, 0, epoch_first, false, epoch_slots, ret_slots))
        return false;
    return ret_slots->count == before ||
           ret_slots->slots[ret_slots->count - 1] - epoch_first < epoch_slots;
}
