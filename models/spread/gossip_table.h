#ifndef MODELS_SPREAD_GOSSIP_TABLE_H
#define MODELS_SPREAD_GOSSIP_TABLE_H

/* What the validators of a chain advertise of their completed slots (SOL-4 to SOL-12, SOL-R7), and
 * what each of them has heard of the others.
 *
 * An origin makes a new version of what it advertises when slots were completed. In form records it
 * is one value, the bitmaps that changed; in form cache there are two, cache and stash (SOL-4), of
 * which the stash changes rarely. The content is kept once: a log of the slots in the order in
 * which the origin advertised them, and for each version how far into the log it goes. A listener
 * keeps the newest version that it has of each value, a word each, so a value on its way is two
 * words and taking one in costs O(slots that are new in it), and there is no copy to be made.
 * Sizes are those of the real encodings (epoch_slots.h, epoch_cache.h).
 *
 * SIMPLIFICATION: one EpochSlots goes on over the ends of epochs; in form records a newer version
 * tells the older ones too, also where a record was begun between them (6,808 slots or more). */

#include <stdbool.h>
#include <stdint.h>

#include "models/spread/cluster_slots.h"
#include "models/spread/epoch_cache.h"
#include "models/spread/epoch_slots.h"

enum gossip_form { GOSSIP_RECORDS, GOSSIP_CACHE };
enum gossip_part { GOSSIP_PART_NEWEST, GOSSIP_PART_STASH, GOSSIP_PARTS };

enum {
    /* A value's key, signature, time and kind, where they are not part of the record's size. */
    GOSSIP_SIGNATURE_BYTES = 64 + 4,
    GOSSIP_CACHE_HEAD_BYTES = 32 + 64 + 8 + 4,
    /* A packet of values: kind, sender, length (SOL-R1: packets are 1,232 bytes). */
    GOSSIP_PACKET_HEAD_BYTES = 4 + 32 + 8,
    GOSSIP_PACKET_BYTES = 1232
};

/* One value on its way. */
struct gossip_value {
    uint32_t origin : 31; /* rank */
    uint32_t part : 1;    /* enum gossip_part */
    uint32_t version;     /* 1, 2... */
};

struct gossip_version {
    uint64_t base;      /* cache: its first slot; what is below stands in the stash */
    uint32_t log_count; /* slots of the log that it may hold: the first so many */
    uint32_t bytes;     /* of the value, with key and signature */
};

struct gossip_versions { /* of one part; those of the first `gone` are forgotten */
    struct gossip_version *items;
    uint32_t gone, count, capacity; /* count: made, with those that are gone */
};

struct gossip_origin {
    uint64_t *log;                              /* without the first `log_gone` slots */
    uint32_t log_gone, log_count, log_capacity; /* log_count: with them */
    struct gossip_versions versions[GOSSIP_PARTS];
    bool begun;
    union {
        struct epoch_records records;
        struct epoch_cache cache;
    } made;
};

struct gossip_table {
    struct memory *memory;
    enum gossip_form form;
    uint32_t count; /* validators */
    uint64_t below; /* slots at or below nobody listens to: they are below everybody's root */
    struct gossip_origin *origins;
};

void gossip_table_init(struct gossip_table *table, struct memory *memory, enum gossip_form form,
                       uint32_t count);
void gossip_table_destroy(struct gossip_table *table);

/* gossip_table_advertise makes a new version with slots that an origin has completed, ascending,
 * none advertised before. */
void gossip_table_advertise(struct gossip_table *table, uint32_t origin, const uint64_t *slots,
                            uint32_t count, uint64_t now_ms);

/* gossip_table_forget: nobody will mark slots at or below one any more. Their part of the logs goes
 * when room is needed, and so do the versions that told of nothing else, but for the newest 64. */
void gossip_table_forget(struct gossip_table *table, uint64_t below);

/* gossip_table_newest is the newest version that an origin has made of a part; 0: none. */
uint32_t gossip_table_newest(const struct gossip_table *table, uint32_t origin,
                             enum gossip_part part);
/* gossip_table_bytes is the size of a value; of a forgotten one that of the oldest that is kept. */
uint32_t gossip_table_bytes(const struct gossip_table *table, struct gossip_value value);

/* One validator's view: for each origin and part the newest version it has, and which of them are
 * to be passed on. */
struct gossip_listener {
    uint32_t *known;         /* origin * parts + part -> version; 0: none */
    struct shred_bits fresh; /* the same places */
    uint32_t parts;
};

void gossip_listener_init(struct gossip_listener *listener, const struct gossip_table *table);
void gossip_listener_destroy(struct gossip_listener *listener, const struct gossip_table *table);
/* gossip_listener_forget: the validator starts again with an empty table. */
void gossip_listener_forget(struct gossip_listener *listener, const struct gossip_table *table);

static inline uint32_t gossip_place(const struct gossip_listener *listener,
                                    struct gossip_value value)
{
    return value.origin * listener->parts + value.part;
}

/* gossip_listener_news is true if a value is newer than what the listener has. */
static inline bool gossip_listener_news(const struct gossip_listener *listener,
                                        struct gossip_value value)
{
    return value.version > listener->known[gossip_place(listener, value)];
}

/* gossip_listener_take notes a newer value, to be passed on, and marks its slots; true: one of them
 * had no mark before. */
bool gossip_listener_take(struct gossip_listener *listener, const struct gossip_table *table,
                          struct gossip_value value, struct cluster_slots *slots);

/* gossip_listener_own notes that an origin has its own newest versions, to be passed on. */
void gossip_listener_own(struct gossip_listener *listener, const struct gossip_table *table,
                         uint32_t origin);

/* gossip_listener_next is the first value to be passed on at or after a place; false: none. */
bool gossip_listener_next(const struct gossip_listener *listener, uint32_t *place,
                          struct gossip_value *ret_value);
void gossip_listener_passed(struct gossip_listener *listener); /* all were passed on */

/* gossip_packet_bytes is the size of packets that hold values of so many bytes each, one after the
 * other: begin with {0}. */
struct gossip_packing {
    uint64_t bytes; /* of all packets begun */
    uint32_t used;  /* of the last packet */
};
void gossip_packing_add(struct gossip_packing *packing, uint32_t value_bytes);

#endif
