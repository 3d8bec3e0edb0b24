#include "models/spread/repair_peers.h"

#include <string.h>

#include "sim/sim_assert.h"

static const char *const NAME = "spread: peers for repair";

void repair_peers_init(struct repair_peers_cache *cache, struct memory *memory,
                       uint64_t lifetime_ns)
{
    *cache = (struct repair_peers_cache){.memory = memory, .lifetime_ns = lifetime_ns};
}

void repair_peers_forget(struct repair_peers_cache *cache)
{
    for (uint32_t i = 0; i < cache->count; i++)
        shred_bits_clear(&cache->entries[i].marks, cache->memory);
    cache->count = cache->oldest = 0;
}

void repair_peers_destroy(struct repair_peers_cache *cache)
{
    repair_peers_forget(cache);
    memory_give(cache->memory, cache->entries, cache->capacity * sizeof *cache->entries);
    *cache = (struct repair_peers_cache){0};
}

static struct repair_peers_entry *find(const struct repair_peers_cache *cache,
                                       enum repair_peers rule, uint64_t slot)
{
    for (uint32_t i = 0; i < cache->count; i++)
        if (cache->entries[i].slot == slot && cache->entries[i].rule == rule)
            return &cache->entries[i];
    return NULL;
}

/* The entry to write next: of this slot, a new one, or the oldest one. */
static struct repair_peers_entry *place(struct repair_peers_cache *cache, enum repair_peers rule,
                                        uint64_t slot)
{
    struct repair_peers_entry *entry = find(cache, rule, slot);
    if (entry)
        return entry;
    if (cache->count == REPAIR_PEERS_SLOTS) {
        entry = &cache->entries[cache->oldest];
        cache->oldest = (cache->oldest + 1) % REPAIR_PEERS_SLOTS;
        return entry;
    }
    if (cache->count == cache->capacity)
        cache->entries = memory_grow(cache->memory, NAME, cache->entries, &cache->capacity,
                                     cache->count + 1, sizeof *cache->entries);
    return &cache->entries[cache->count++];
}

/* Weights follow from the marks of then and the stakes. */
static uint64_t weight_at(const struct repair_peers_entry *entry, const struct cluster_slots *slots,
                          uint32_t peer, uint32_t self)
{
    struct cluster_row row = {entry->slot, entry->marked_stake, entry->marks};
    if (peer == self)
        return 0;
    return repair_peer_weight(slots, entry->rule, peer, entry->row ? &row : NULL, entry->by_stake);
}

static uint64_t sum(const struct repair_peers_entry *entry, const struct cluster_slots *slots,
                    uint32_t self)
{
    uint64_t total = 0;
    for (uint32_t peer = 0; peer < slots->peer_count; peer++)
        total += weight_at(entry, slots, peer, self);
    return total;
}

uint64_t repair_peers_total(struct repair_peers_cache *cache, const struct cluster_slots *slots,
                            enum repair_peers rule, uint64_t slot, uint32_t self, uint64_t now_ns)
{
    struct repair_peers_entry *entry = find(cache, rule, slot);
    if (entry && (entry->made_ns == now_ns || now_ns - entry->made_ns < cache->lifetime_ns))
        return entry->total;
    const struct cluster_row *row = cluster_slots_row(slots, slot);
    entry = place(cache, rule, slot);
    shred_bits_clear(&entry->marks, cache->memory);
    *entry = (struct repair_peers_entry){
        .slot = slot, .made_ns = now_ns, .rule = rule, .row = row != NULL};
    if (row) {
        entry->marked_stake = row->marked_stake;
        entry->marks.count = row->peers.count;
        entry->marks.words = memory_grow(cache->memory, NAME, NULL, &entry->marks.word_count,
                                         row->peers.word_count, sizeof *entry->marks.words);
        memcpy(entry->marks.words, row->peers.words,
               row->peers.word_count * sizeof *entry->marks.words);
    }
    entry->total = sum(entry, slots, self);
    entry->by_stake = rule == REPAIR_PEERS_HOLDERS_FIRST && entry->total == 0;
    if (entry->by_stake)
        entry->total = sum(entry, slots, self);
    return entry->total;
}

uint32_t repair_peers_pick(const struct repair_peers_cache *cache,
                           const struct cluster_slots *slots, enum repair_peers rule, uint64_t slot,
                           uint32_t self, uint64_t x)
{
    const struct repair_peers_entry *entry = find(cache, rule, slot);
    SIM_ASSERT(entry);
    SIM_ASSERT(x < entry->total);
    for (uint32_t peer = 0; peer < slots->peer_count; peer++) {
        uint64_t weight = weight_at(entry, slots, peer, self);
        if (x < weight)
            return peer;
        x -= weight;
    }
    return REPAIR_PEER_NONE;
}
