#include "models/spread/gossip_table.h"

#include <string.h>

#include "models/spread/weight_tree.h"
#include "sim/sim_assert.h"

static const char *const NAME = "spread: gossip of completed slots";

void gossip_table_init(struct gossip_table *table, struct memory *memory, enum gossip_form form,
                       uint32_t count)
{
    *table = (struct gossip_table){.memory = memory, .form = form, .count = count};
    table->origins = memory_take(memory, NAME, count * sizeof *table->origins);
}

void gossip_table_destroy(struct gossip_table *table)
{
    struct memory *memory = table->memory;
    for (uint32_t i = 0; i < table->count; i++) {
        struct gossip_origin *origin = &table->origins[i];
        memory_give(memory, origin->log, origin->log_capacity * sizeof *origin->log);
        for (unsigned part = 0; part < GOSSIP_PARTS; part++)
            memory_give(memory, origin->versions[part].items,
                        origin->versions[part].capacity * sizeof *origin->versions[part].items);
        if (origin->begun && table->form == GOSSIP_RECORDS)
            epoch_records_destroy(&origin->made.records);
        else if (origin->begun)
            epoch_cache_destroy(&origin->made.cache);
    }
    memory_give(memory, table->origins, table->count * sizeof *table->origins);
    *table = (struct gossip_table){0};
}

static void begin(struct gossip_table *table, struct gossip_origin *origin)
{
    if (origin->begun)
        return;
    origin->begun = true;
    if (table->form == GOSSIP_RECORDS)
        epoch_records_init(&origin->made.records, table->memory);
    else
        epoch_cache_init(&origin->made.cache, table->memory, 0, UINT64_MAX, EPOCH_CACHE_SLOTS);
}

enum { VERSIONS_KEPT = 64 };

void gossip_table_forget(struct gossip_table *table, uint64_t below)
{
    SIM_ASSERT(below >= table->below);
    table->below = below;
}

/* Drops what nobody listens to any more from the begin of a log. */
static void shorten_log(const struct gossip_table *table, struct gossip_origin *origin)
{
    uint32_t gone = 0, kept = origin->log_count - origin->log_gone;
    while (gone < kept && origin->log[gone] <= table->below)
        gone++;
    if (gone > 0)
        memmove(origin->log, origin->log + gone, (kept - gone) * sizeof *origin->log);
    origin->log_gone += gone;
}

/* The same of versions: those that tell of nothing that is left in the log. */
static void shorten_versions(const struct gossip_origin *origin, struct gossip_versions *versions)
{
    uint32_t gone = 0, kept = versions->count - versions->gone;
    while (gone + VERSIONS_KEPT < kept && versions->items[gone].log_count <= origin->log_gone)
        gone++;
    if (gone > 0)
        memmove(versions->items, versions->items + gone, (kept - gone) * sizeof *versions->items);
    versions->gone += gone;
}

static void add_slots(struct gossip_table *table, struct gossip_origin *origin,
                      const uint64_t *slots, uint32_t count)
{
    if (origin->log_count - origin->log_gone + count > origin->log_capacity)
        shorten_log(table, origin);
    uint32_t kept = origin->log_count - origin->log_gone;
    if (kept + count > origin->log_capacity)
        origin->log = memory_grow(table->memory, NAME, origin->log, &origin->log_capacity,
                                  kept + count, sizeof *origin->log);
    memcpy(origin->log + kept, slots, count * sizeof *slots);
    origin->log_count += count;
}

static void add_version(struct gossip_table *table, struct gossip_origin *origin,
                        enum gossip_part part, struct gossip_version version)
{
    struct gossip_versions *versions = &origin->versions[part];
    if (versions->count - versions->gone == versions->capacity) {
        shorten_log(table, origin);
        shorten_versions(origin, versions);
    }
    uint32_t kept = versions->count - versions->gone;
    if (kept == versions->capacity)
        versions->items = memory_grow(table->memory, NAME, versions->items, &versions->capacity,
                                      kept + 1, sizeof *versions->items);
    versions->items[kept] = version;
    versions->count++;
}

/* SOL-R7.4: the value is the records that changed. */
static void advertise_records(struct gossip_table *table, struct gossip_origin *origin,
                              const uint64_t *slots, uint32_t count, uint64_t now_ms)
{
    struct epoch_records *records = &origin->made.records;
    uint32_t changed[EPOCH_RECORDS], bytes = 0;
    uint32_t changes = epoch_records_push(records, slots, count, now_ms, changed);
    for (uint32_t i = 0; i < changes; i++)
        bytes += epoch_record_bytes(&records->records[changed[i]]) + GOSSIP_SIGNATURE_BYTES;
    add_version(table, origin, GOSSIP_PART_NEWEST,
                (struct gossip_version){.log_count = origin->log_count, .bytes = bytes});
}

/* SOL-8, SOL-11, SOL-12 */
static void advertise_cache(struct gossip_table *table, struct gossip_origin *origin,
                            const uint64_t *slots, uint32_t count)
{
    struct epoch_cache *cache = &origin->made.cache;
    unsigned char bytes[16 * EPOCH_CACHE_BYTES_MAX];
    bool stash_changed = false;
    for (uint32_t i = 0; i < count; i++)
        stash_changed |= epoch_cache_complete(cache, slots[i]);
    struct gossip_version version = {.base = cache->base, .log_count = origin->log_count};
    version.bytes =
        GOSSIP_CACHE_HEAD_BYTES + (uint32_t)epoch_cache_encode(cache, bytes, EPOCH_CACHE_BYTES_MAX);
    SIM_ASSERT(version.bytes > GOSSIP_CACHE_HEAD_BYTES);
    add_version(table, origin, GOSSIP_PART_NEWEST, version);
    if (!stash_changed)
        return;
    size_t stash = epoch_stash_encode(cache, bytes, sizeof bytes);
    version.bytes = GOSSIP_CACHE_HEAD_BYTES + (uint32_t)(stash > 0 ? stash : sizeof bytes);
    add_version(table, origin, GOSSIP_PART_STASH, version);
}

void gossip_table_advertise(struct gossip_table *table, uint32_t rank, const uint64_t *slots,
                            uint32_t count, uint64_t now_ms)
{
    struct gossip_origin *origin = &table->origins[rank];
    SIM_ASSERT(rank < table->count);
    SIM_ASSERT(count > 0);
    begin(table, origin);
    add_slots(table, origin, slots, count);
    if (table->form == GOSSIP_RECORDS)
        advertise_records(table, origin, slots, count, now_ms);
    else
        advertise_cache(table, origin, slots, count);
}

uint32_t gossip_table_newest(const struct gossip_table *table, uint32_t origin,
                             enum gossip_part part)
{
    return table->origins[origin].versions[part].count;
}

/* A version, or, where it is forgotten, the oldest one that is kept. */
static const struct gossip_version *version_of(const struct gossip_table *table,
                                               struct gossip_value value)
{
    const struct gossip_versions *versions = &table->origins[value.origin].versions[value.part];
    SIM_ASSERT(value.version - 1 < versions->count);
    uint32_t at = value.version - 1;
    return &versions->items[at > versions->gone ? at - versions->gone : 0];
}

static bool is_gone(const struct gossip_table *table, struct gossip_value value)
{
    return value.version <= table->origins[value.origin].versions[value.part].gone;
}

/* How far into the log the slots of a version go that may still be marked, from the log's begin
 * as it is now. */
static uint32_t log_end(const struct gossip_table *table, struct gossip_value value)
{
    uint32_t gone = table->origins[value.origin].log_gone;
    uint32_t count = is_gone(table, value) ? 0 : version_of(table, value)->log_count;
    return count > gone ? count - gone : 0;
}

uint32_t gossip_table_bytes(const struct gossip_table *table, struct gossip_value value)
{
    return version_of(table, value)->bytes;
}

void gossip_listener_init(struct gossip_listener *listener, const struct gossip_table *table)
{
    *listener = (struct gossip_listener){.parts = table->form == GOSSIP_CACHE ? GOSSIP_PARTS : 1};
    listener->known =
        memory_take(table->memory, NAME, table->count * listener->parts * sizeof *listener->known);
}

void gossip_listener_destroy(struct gossip_listener *listener, const struct gossip_table *table)
{
    memory_give(table->memory, listener->known,
                table->count * listener->parts * sizeof *listener->known);
    shred_bits_clear(&listener->fresh, table->memory);
    *listener = (struct gossip_listener){0};
}

void gossip_listener_forget(struct gossip_listener *listener, const struct gossip_table *table)
{
    memset(listener->known, 0, table->count * listener->parts * sizeof *listener->known);
    gossip_listener_passed(listener);
}

/* What is new in a value for who has the version before: in form records the end of the log. A
 * cache holds what is at or above its base, and the stash the rest: also slots of the log's earlier
 * part, which stood in the cache when the stash before was made. */
bool gossip_listener_take(struct gossip_listener *listener, const struct gossip_table *table,
                          struct gossip_value value, struct cluster_slots *slots)
{
    const struct gossip_origin *origin = &table->origins[value.origin];
    uint64_t base = version_of(table, value)->base;
    uint32_t *known = &listener->known[gossip_place(listener, value)];
    struct gossip_value before = value;
    before.version = *known;
    bool stash = value.part == GOSSIP_PART_STASH;
    uint32_t at = *known > 0 && !stash ? log_end(table, before) : 0, end = log_end(table, value);
    SIM_ASSERT(value.version > *known);
    bool first = false;
    for (; at < end; at++) {
        uint64_t slot = origin->log[at];
        if (slot <= slots->root || (stash ? slot >= base : slot < base))
            continue;
        first |= cluster_slots_mark(slots, value.origin, slot);
    }
    *known = value.version;
    shred_bits_set(&listener->fresh, table->memory, gossip_place(listener, value));
    return first;
}

void gossip_listener_own(struct gossip_listener *listener, const struct gossip_table *table,
                         uint32_t origin)
{
    for (uint32_t part = 0; part < listener->parts; part++) {
        struct gossip_value value = {.origin = origin & INT32_MAX, .part = part & 1};
        value.version = gossip_table_newest(table, origin, (enum gossip_part)part);
        if (!gossip_listener_news(listener, value))
            continue;
        listener->known[gossip_place(listener, value)] = value.version;
        shred_bits_set(&listener->fresh, table->memory, gossip_place(listener, value));
    }
}

bool gossip_listener_next(const struct gossip_listener *listener, uint32_t *place,
                          struct gossip_value *ret_value)
{
    *place = shred_bits_next(&listener->fresh, *place, true);
    if (*place == SHRED_BITS_NONE)
        return false;
    uint32_t origin = *place / listener->parts, part = *place % listener->parts;
    *ret_value = (struct gossip_value){
        .origin = origin & INT32_MAX, .part = part & 1, .version = listener->known[*place]};
    (*place)++;
    return true;
}

void gossip_listener_passed(struct gossip_listener *listener)
{
    if (listener->fresh.count == 0)
        return;
    memset(listener->fresh.words, 0, listener->fresh.word_count * sizeof *listener->fresh.words);
    listener->fresh.count = 0;
}

void gossip_packing_add(struct gossip_packing *packing, uint32_t value_bytes)
{
    bool fits = packing->used > 0 && packing->used + value_bytes <= GOSSIP_PACKET_BYTES;
    if (!fits) {
        packing->bytes += GOSSIP_PACKET_HEAD_BYTES;
        packing->used = GOSSIP_PACKET_HEAD_BYTES;
    }
    packing->bytes += value_bytes;
    packing->used += value_bytes;
}
