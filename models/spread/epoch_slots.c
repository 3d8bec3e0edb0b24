#include "models/spread/epoch_slots.h"

#include <string.h>
#include <zstd.h>

#include "sim/sim_assert.h"

static const char *const NAME = "spread: epoch slots";

/* Room on the stack for one bitmap in either form. */
enum { PACK_LEVEL = 19 };

void epoch_bitmap_init(struct epoch_bitmap *bitmap, struct memory *memory, uint32_t bytes)
{
    SIM_ASSERT(bytes <= EPOCH_BITMAP_BYTES_MAX);
    *bitmap = (struct epoch_bitmap){.bytes = bytes};
    bitmap->bits = memory_take(memory, NAME, bytes);
}

void epoch_bitmap_destroy(struct epoch_bitmap *bitmap, struct memory *memory)
{
    memory_give(memory, bitmap->bits, bitmap->packed ? bitmap->packed : bitmap->bytes);
    *bitmap = (struct epoch_bitmap){0};
}

uint32_t epoch_bitmap_add(struct epoch_bitmap *bitmap, const uint64_t *slots, uint32_t count)
{
    if (bitmap->packed)
        return 0;
    for (uint32_t i = 0; i < count; i++) {
        if (bitmap->num == 0)
            bitmap->first_slot = slots[i];
        if (bitmap->num >= EPOCH_SLOTS_PER_BITMAP || slots[i] < bitmap->first_slot ||
            slots[i] - bitmap->first_slot >= 8 * (uint64_t)bitmap->bytes)
            return i;
        uint32_t offset = (uint32_t)(slots[i] - bitmap->first_slot);
        bitmap->bits[offset / 8] |= (unsigned char)(1U << offset % 8);
        if (offset >= bitmap->num)
            bitmap->num = offset + 1;
    }
    return count;
}

bool epoch_bitmap_pack(struct epoch_bitmap *bitmap, struct memory *memory)
{
    unsigned char packed[ZSTD_COMPRESSBOUND(EPOCH_BITMAP_BYTES_MAX)];
    if (bitmap->packed)
        return true;
    size_t bytes = ZSTD_compress(packed, sizeof packed, bitmap->bits, bitmap->bytes, PACK_LEVEL);
    SIM_ASSERT(!ZSTD_isError(bytes));
    if (bytes >= bitmap->bytes)
        return false;
    memory_give(memory, bitmap->bits, bitmap->bytes);
    bitmap->bits = memory_take(memory, NAME, bytes);
    memcpy(bitmap->bits, packed, bytes);
    bitmap->packed = (uint32_t)bytes;
    return true;
}

void epoch_bitmap_slots(const struct epoch_bitmap *bitmap, uint64_t min_slot,
                        struct slot_set *ret_slots)
{
    unsigned char unpacked[EPOCH_BITMAP_BYTES_MAX];
    const unsigned char *bits = bitmap->bits;
    if (bitmap->packed) {
        size_t bytes = ZSTD_decompress(unpacked, sizeof unpacked, bitmap->bits, bitmap->packed);
        SIM_ASSERT(bytes == bitmap->bytes);
        bits = unpacked;
    }
    for (uint32_t offset = 0; offset < bitmap->num; offset++)
        if ((bits[offset / 8] >> offset % 8 & 1) && bitmap->first_slot + offset >= min_slot)
            slot_set_add(ret_slots, bitmap->first_slot + offset);
}

void epoch_record_init(struct epoch_record *record, struct memory *memory)
{
    *record = (struct epoch_record){.memory = memory};
}

void epoch_record_destroy(struct epoch_record *record)
{
    for (uint32_t i = 0; i < record->count; i++)
        epoch_bitmap_destroy(&record->bitmaps[i], record->memory);
    memory_give(record->memory, record->bitmaps, record->capacity * sizeof *record->bitmaps);
    *record = (struct epoch_record){0};
}

uint32_t epoch_record_bytes(const struct epoch_record *record)
{
    uint32_t bytes = EPOCH_RECORD_HEADER_BYTES;
    for (uint32_t i = 0; i < record->count; i++) {
        const struct epoch_bitmap *bitmap = &record->bitmaps[i];
        bytes += bitmap->packed ? EPOCH_BITMAP_PACKED_BYTES + bitmap->packed
                                : EPOCH_BITMAP_PLAIN_BYTES + bitmap->bytes;
    }
    return bytes;
}

uint32_t epoch_record_space(const struct epoch_record *record)
{
    uint32_t taken = epoch_record_bytes(record) + EPOCH_BITMAP_EMPTY_BYTES;
    return taken < EPOCH_RECORD_BYTES_MAX ? EPOCH_RECORD_BYTES_MAX - taken : 0;
}

/* The deployed client compresses all bitmaps before it adds one, and gives up when one of them does
 * not get smaller. */
static bool make_room(struct epoch_record *record)
{
    for (uint32_t i = 0; i < record->count; i++)
        if (!epoch_bitmap_pack(&record->bitmaps[i], record->memory))
            return false;
    uint32_t space = epoch_record_space(record);
    if (space == 0)
        return false;
    if (record->count == record->capacity)
        record->bitmaps = memory_grow(record->memory, NAME, record->bitmaps, &record->capacity,
                                      record->count + 1, sizeof *record->bitmaps);
    epoch_bitmap_init(&record->bitmaps[record->count++], record->memory, space);
    return true;
}

uint32_t epoch_record_fill(struct epoch_record *record, const uint64_t *slots, uint32_t count,
                           uint64_t now_ms)
{
    uint32_t taken = 0;
    record->wallclock_ms = now_ms > record->wallclock_ms ? now_ms : record->wallclock_ms + 1;
    while (taken < count) {
        for (uint32_t i = 0; i < record->count && taken < count; i++)
            taken += epoch_bitmap_add(&record->bitmaps[i], slots + taken, count - taken);
        if (taken < count && !make_room(record))
            break;
    }
    return taken;
}

void epoch_records_init(struct epoch_records *records, struct memory *memory)
{
    *records = (struct epoch_records){.memory = memory};
}

void epoch_records_destroy(struct epoch_records *records)
{
    for (uint32_t i = 0; records->records && i < EPOCH_RECORDS; i++)
        if (records->records[i].memory)
            epoch_record_destroy(&records->records[i]);
    memory_give(records->memory, records->records, EPOCH_RECORDS * sizeof *records->records);
    *records = (struct epoch_records){0};
}

uint32_t epoch_records_push(struct epoch_records *records, const uint64_t *slots, uint32_t count,
                            uint64_t now_ms, uint32_t ret_changed[EPOCH_RECORDS])
{
    uint32_t taken = 0, changed = 0;
    if (!records->records)
        records->records =
            memory_take(records->memory, NAME, EPOCH_RECORDS * sizeof *records->records);
    if (!records->begun)
        epoch_record_init(&records->records[0], records->memory);
    records->begun = true;
    while (taken < count) {
        struct epoch_record *record = &records->records[records->newest];
        uint32_t fitting = epoch_record_fill(record, slots + taken, count - taken, now_ms);
        if (fitting > 0 && changed < EPOCH_RECORDS)
            ret_changed[changed++] = records->newest;
        taken += fitting;
        if (taken == count)
            break;
        SIM_ASSERT(fitting > 0 || record->count > 0); /* a fresh record takes at least one */
        records->newest = (records->newest + 1) % EPOCH_RECORDS;
        record = &records->records[records->newest];
        if (record->memory)
            epoch_record_destroy(record);
        epoch_record_init(record, records->memory);
    }
    return changed;
}
