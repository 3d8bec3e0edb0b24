#include "models/spread/gossip_table.h"

#include <string.h>

#include "models/weight_tree.h"
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
            memory_give(memory, origin->versions[part],
                        origin->version_capacity[part] * sizeof *origin->versions[part]);
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

static void add_version(struct gossip_table *table, struct gossip_origin *origin,
                        enum gossip_part part, struct gossip_version version)
{
    if (origin->version_count[part] == origin->version_capacity[part])
        origin->versions[part] = memory_grow(
            table->memory, NAME, origin->versions[part], &origin->version_capacity[part],
            origin->version_count[part] + 1, sizeof *origin->versions[part]);
    origin->versions[part][origin->version_count[part]++] = version;
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
    if (origin->log_count + count > origin->log_capacity)
        origin->log = memory_grow(table->memory, NAME, origin->log, &origin->log_capacity,
                                  origin->log_count + count, sizeof *origin->log);
    memcpy(origin->log + origin->log_count, slots, count * sizeof *slots);
    origin->log_count += count;
    if (table->form == GOSSIP_RECORDS)
        advertise_records(table, origin, slots, count, now_ms);
    else
        advertise_cache(table, origin, slots, count);
}

uint32_t gossip_table_newest(const struct gossip_table *table, uint32_t origin,
                             enum gossip_part part)
{
    return table->origins[origin].version_count[part];
}

static const struct gossip_version *version_of(const struct gossip_table *table,
                                               struct gossip_value value)
{
    const struct gossip_origin *origin = &table->origins[value.origin];
    SIM_ASSERT(value.version - 1 < origin->version_count[value.part]);
    return &origin->versions[value.part][value.version - 1];
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
    const struct gossip_version *version = version_of(table, value);
    uint32_t *known = &listener->known[gossip_place(listener, value)];
    const struct gossip_version *before =
        *known > 0 ? &origin->versions[value.part][*known - 1] : NULL;
    bool stash = value.part == GOSSIP_PART_STASH;
    uint32_t at = before && !stash ? before->log_count : 0;
    SIM_ASSERT(value.version > *known);
    bool first = false;
    for (; at < version->log_count; at++) {
        uint64_t slot = origin->log[at];
        if (slot <= slots->root || (stash ? slot >= version->base : slot < version->base))
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
