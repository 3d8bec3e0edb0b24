#ifndef MODELS_SPREAD_EPOCH_SLOTS_H
#define MODELS_SPREAD_EPOCH_SLOTS_H

/* What a validator advertises of its completed slots as the deployed client does it (SOL-R7): up to
 * 255 records, each a list of bitmaps, each plain or compressed, a record at most 928 bytes. Slots
 * are added to the newest record; when it is full, its bitmaps are compressed to make room for
 * another, and when that does not help, the next record begins.
 *
 * SIMPLIFICATION: compressed with zstd at its best level, not with raw deflate; the bitmaps are
 * real and so are the sizes, but a few bytes differ. Memory is counted: 851 bytes a plain bitmap.
 */

#include <stdbool.h>
#include <stdint.h>

#include "models/spread/slot_set.h"

enum {
    EPOCH_RECORD_BYTES_MAX = 928,
    EPOCH_RECORD_HEADER_BYTES = 48, /* key 32, list length 8, time 8 */
    EPOCH_BITMAP_EMPTY_BYTES = 29,  /* kind 4, first slot 8, number 8, empty bits 9 */
    EPOCH_BITMAP_PLAIN_BYTES = 37,  /* the same with bits: they need their length twice */
    EPOCH_BITMAP_PACKED_BYTES = 28, /* kind 4, first slot 8, number 8, length 8 */
    EPOCH_BITMAP_BYTES_MAX = 4096,  /* more than a record holds: bitmaps stand by themselves, too */
    EPOCH_SLOTS_PER_BITMAP = 16384,
    EPOCH_RECORDS = 255
};

struct epoch_bitmap {
    uint64_t first_slot;
    uint32_t num;    /* highest offset + 1; 0: empty */
    uint32_t bytes;  /* of room for bits */
    uint32_t packed; /* bytes when compressed; 0: plain */
    unsigned char *bits;
};

struct epoch_record {
    struct memory *memory;
    uint64_t wallclock_ms;
    struct epoch_bitmap *bitmaps;
    uint32_t count, capacity;
};

void epoch_bitmap_init(struct epoch_bitmap *bitmap, struct memory *memory, uint32_t bytes);
void epoch_bitmap_destroy(struct epoch_bitmap *bitmap, struct memory *memory);

/* epoch_bitmap_add takes slots in order until one does not fit: below the first one, beyond the
 * room, or 16,384 are in. Returns how many it took. A compressed bitmap takes none. */
uint32_t epoch_bitmap_add(struct epoch_bitmap *bitmap, const uint64_t *slots, uint32_t count);

/* epoch_bitmap_pack compresses the bits; false, and nothing changes, when that makes them no
 * smaller. A packed one stays as it is. */
bool epoch_bitmap_pack(struct epoch_bitmap *bitmap, struct memory *memory);

/* epoch_bitmap_slots adds all slots at or above min_slot to a set, from either form. */
void epoch_bitmap_slots(const struct epoch_bitmap *bitmap, uint64_t min_slot,
                        struct slot_set *ret_slots);

void epoch_record_init(struct epoch_record *record, struct memory *memory);
void epoch_record_destroy(struct epoch_record *record);

/* epoch_record_bytes is the record's size in gossip, epoch_record_space the room for the bits of
 * one more bitmap (0 = none): 851 bytes in a fresh record. */
uint32_t epoch_record_bytes(const struct epoch_record *record);
uint32_t epoch_record_space(const struct epoch_record *record);

/* epoch_record_fill adds slots as far as there is room and returns how many (SOL-R7.3). */
uint32_t epoch_record_fill(struct epoch_record *record, const uint64_t *slots, uint32_t count,
                           uint64_t now_ms);

/* The records of one validator (SOL-R7.4). */
struct epoch_records {
    struct memory *memory;
    struct epoch_record *records; /* EPOCH_RECORDS, made at first use */
    uint32_t newest;
    bool begun;
};

void epoch_records_init(struct epoch_records *records, struct memory *memory);
void epoch_records_destroy(struct epoch_records *records);

/* epoch_records_push adds completed slots, ascending; what does not fit in the newest record goes
 * into fresh ones, over the oldest. ret_changed[0..n-1] are the indices of the records to gossip;
 * returns n, at most EPOCH_RECORDS. */
uint32_t epoch_records_push(struct epoch_records *records, const uint64_t *slots, uint32_t count,
                            uint64_t now_ms, uint32_t ret_changed[EPOCH_RECORDS]);

#endif
