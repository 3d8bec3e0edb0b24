#include "models/spread/cluster_slots.h"

#include <string.h>

#include "models/ascending.h"
#include "sim/exact.h"
#include "sim/sim_assert.h"

static const char *const NAME = "spread: slots of the cluster";

void cluster_slots_init(struct cluster_slots *slots, struct memory *memory, const uint64_t *stakes,
                        uint32_t peer_count, uint64_t total_stake, uint64_t root)
{
    *slots = (struct cluster_slots){.memory = memory,
                                    .stakes = stakes,
                                    .peer_count = peer_count,
                                    .total_stake = total_stake,
                                    .root = root};
}

void cluster_slots_destroy(struct cluster_slots *slots)
{
    for (uint32_t i = 0; i < slots->count; i++)
        shred_bits_clear(&slots->rows[i].peers, slots->memory);
    memory_give(slots->memory, slots->rows, slots->capacity * sizeof *slots->rows);
    *slots = (struct cluster_slots){0};
}

static uint32_t place_of(const struct cluster_slots *slots, uint64_t slot)
{
    return ascending_place(slots->rows, slots->count, sizeof *slots->rows, slot);
}

const struct cluster_row *cluster_slots_row(const struct cluster_slots *slots, uint64_t slot)
{
    uint32_t at = place_of(slots, slot);
    return at < slots->count && slots->rows[at].slot == slot ? &slots->rows[at] : NULL;
}

static struct cluster_row *find_or_make(struct cluster_slots *slots, uint64_t slot)
{
    if (slots->last < slots->count && slots->rows[slots->last].slot == slot)
        return &slots->rows[slots->last];
    uint32_t at = slots->last = place_of(slots, slot);
    if (at < slots->count && slots->rows[at].slot == slot)
        return &slots->rows[at];
    if (slots->count == slots->capacity)
        slots->rows = memory_grow(slots->memory, NAME, slots->rows, &slots->capacity,
                                  slots->count + 1, sizeof *slots->rows);
    memmove(&slots->rows[at + 1], &slots->rows[at], (slots->count - at) * sizeof *slots->rows);
    slots->rows[at] = (struct cluster_row){.slot = slot};
    slots->count++;
    return &slots->rows[at];
}

bool cluster_slots_mark(struct cluster_slots *slots, uint32_t peer, uint64_t slot)
{
    SIM_ASSERT(peer < slots->peer_count);
    if (slot <= slots->root || slot - slots->root > CLUSTER_SLOTS_RING)
        return false;
    if (slots->stakes[peer] == 0 && !slots->everybody)
        return false;
    struct cluster_row *row = find_or_make(slots, slot);
    bool first = row->peers.count == 0;
    if (!slots->everybody && (uint128)row->marked_stake * 10 > (uint128)slots->total_stake * 9)
        return false;
    if (shred_bits_set(&row->peers, slots->memory, peer))
        row->marked_stake += slots->stakes[peer];
    return first;
}

void cluster_slots_set_root(struct cluster_slots *slots, uint64_t root)
{
    SIM_ASSERT(root >= slots->root);
    uint32_t gone = place_of(slots, root + 1);
    slots->root = root;
    for (uint32_t i = 0; i < gone; i++)
        shred_bits_clear(&slots->rows[i].peers, slots->memory);
    slots->count -= gone;
    if (gone > 0)
        memmove(slots->rows, slots->rows + gone, slots->count * sizeof *slots->rows);
}

bool cluster_slots_marked(const struct cluster_slots *slots, uint32_t peer, uint64_t slot)
{
    const struct cluster_row *row = cluster_slots_row(slots, slot);
    return row && shred_bits_test(&row->peers, peer);
}

uint64_t cluster_slots_support(const struct cluster_slots *slots, uint32_t peer, uint64_t slot)
{
    return cluster_slots_marked(slots, peer, slot) ? slots->stakes[peer] : 0;
}

uint64_t cluster_slots_marked_stake(const struct cluster_slots *slots, uint64_t slot)
{
    const struct cluster_row *row = cluster_slots_row(slots, slot);
    return row ? row->marked_stake : 0;
}

uint64_t repair_ring_weight(enum repair_peers rule, uint64_t stake, uint64_t committed)
{
    uint64_t least = rule == REPAIR_PEERS_2025 ? stake + 1 : (stake > 0 ? stake : 1);
    uint64_t weight = committed / 2 + least / 2;
    return weight > 0 ? weight : 1;
}

uint64_t repair_peer_weight(const struct cluster_slots *slots, enum repair_peers rule,
                            uint32_t peer, const struct cluster_row *row, bool by_stake)
{
    bool marked = row && shred_bits_test(&row->peers, peer);
    uint64_t stake = slots->stakes[peer], committed = marked ? stake : 0;
    SIM_ASSERT(stake < UINT64_MAX);
    if (by_stake)
        return stake;
    switch (rule) {
    case REPAIR_PEERS_2025:
    case REPAIR_PEERS_2026:
        if (row)
            return repair_ring_weight(rule, stake, committed);
        return rule == REPAIR_PEERS_2025 ? stake + 1 : (stake > 0 ? stake : 1);
    case REPAIR_PEERS_HOLDERS:
    case REPAIR_PEERS_HOLDERS_FIRST:
        return marked;
    case REPAIR_PEERS_COMMITTED:
        return marked ? committed + 1 : 0;
    }
    return 0;
}

static uint64_t write_weights(const struct cluster_slots *slots, enum repair_peers rule,
                              const struct cluster_row *row, uint32_t self, bool by_stake,
                              uint64_t *ret_weights)
{
    uint64_t total = 0;
    for (uint32_t peer = 0; peer < slots->peer_count; peer++) {
        ret_weights[peer] = peer == self ? 0 : repair_peer_weight(slots, rule, peer, row, by_stake);
        SIM_ASSERT(ret_weights[peer] <= UINT64_MAX - total);
        total += ret_weights[peer];
    }
    return total;
}

uint64_t repair_peer_weights(const struct cluster_slots *slots, enum repair_peers rule,
                             uint64_t slot, uint32_t self, uint64_t *ret_weights)
{
    const struct cluster_row *row = cluster_slots_row(slots, slot);
    uint64_t total = write_weights(slots, rule, row, self, false, ret_weights);
    if (total > 0 || rule != REPAIR_PEERS_HOLDERS_FIRST)
        return total;
    return write_weights(slots, rule, row, self, true, ret_weights); /* SOL-32 */
}
