#include "models/spread/repair_due.h"

#include "models/spread/repair_select.h"
#include "sim/exact.h"
#include "sim/sim_assert.h"

enum { MS = 1000000 };

static int64_t ms_of(uint64_t now_ns)
{
    return (int64_t)(now_ns / MS);
}

uint64_t repair_due_grid_ns(const struct repair_due *due, uint64_t at_ns)
{
    if (at_ns <= due->phase_ns)
        return due->phase_ns;
    uint64_t passed = (at_ns - due->phase_ns + due->interval_ns - 1) / due->interval_ns;
    return due->phase_ns + passed * due->interval_ns;
}

static void at_most(struct repair_due *due, uint64_t at_ns)
{
    uint64_t grid_ns = repair_due_grid_ns(due, at_ns);
    if (grid_ns < due->at_ns)
        due->at_ns = grid_ns;
}

void repair_due_soon(struct repair_due *due, uint64_t now_ns)
{
    at_most(due, now_ns + 1);
}

/* A time that may have passed. */
static void at_most_ms(struct repair_due *due, int64_t at_ms, uint64_t now_ns)
{
    if (at_ms <= ms_of(now_ns))
        repair_due_soon(due, now_ns);
    else
        at_most(due, (uint64_t)at_ms * MS);
}

/* SOL-R3: the first millisecond at which a hole below this shred may be asked for, in 2.3. */
static int64_t tick_ms(const struct repair_due *due, const struct blockstore *store,
                       const struct slot_meta *meta, uint32_t index)
{
    uint64_t tick = shred_ticks_get(&store->shared->ticks, meta->slot, index);
    uint64_t ticks = tick + (uint64_t)(due->defer_ms / REPAIR_MS_PER_TICK);
    return meta->first_shred_ms + (int64_t)((ticks * 1000 + 159) / 160);
}

/* Shreds that are stored later stand at or above the first missing one, so nothing that they make
 * possible is due before this. */
static int64_t first_ms(const struct repair_due *due, const struct blockstore *store,
                        const struct slot_meta *meta)
{
    uint32_t first = meta->consumed < meta->received ? meta->consumed : meta->received - 1;
    if (due->version == REPAIR_VERSION_2026)
        return meta->seen.of_set_ms[first / SHRED_SET_DATA] + due->defer_ms;
    return tick_ms(due, store, meta, first);
}

static uint32_t sets_begun(const struct slot_meta *meta)
{
    return meta->received == 0 ? 0 : (meta->received - 1) / SHRED_SET_DATA + 1;
}

/* SOL-R3.3: an iteration notes new sets when it visits their slot. Where it is sure to visit this
 * one, the note is made at once, with the time that it would have; false: it is not sure. */
static bool note_sets(const struct repair_due *due, struct blockstore *store,
                      const struct slot_meta *meta, uint64_t now_ns)
{
    if (sets_begun(meta) <= meta->seen.count)
        return true;
    if (due->holes >= due->holes_least || !meta->parent_connected)
        return false;
    blockstore_observe(store, meta->slot, ms_of(repair_due_grid_ns(due, now_ns + 1)));
    return true;
}

void repair_due_stored(struct repair_due *due, struct blockstore *store,
                       const struct slot_meta *meta, bool first, bool watched, uint64_t now_ns)
{
    bool deployed = due->rules == REPAIR_RULES_DEPLOYED;
    SIM_ASSERT(meta->received > 0);
    /* The first shred of a slot chains it, which shows orphans and may reach other slots. */
    if (first || watched)
        repair_due_soon(due, now_ns);
    if (blockstore_full(meta) || !deployed)
        return;
    if (due->version == REPAIR_VERSION_2026 && !note_sets(due, store, meta, now_ns))
        repair_due_soon(due, now_ns);
    else
        at_most_ms(due, first_ms(due, store, meta), now_ns);
}

void repair_due_voted(struct repair_due *due, uint64_t slot, bool known, uint64_t now_ns)
{
    if (slot > due->voted_max)
        due->voted_max = slot;
    if (!known)
        repair_due_soon(due, now_ns);
}

/* The first hole that waits for its time, by the tick of the shred above it. */
static void slot_2025(struct repair_due *due, const struct blockstore *store,
                      const struct slot_meta *meta, uint64_t now_ns)
{
    uint32_t at = meta->consumed;
    for (;;) { /* each turn passes a hole */
        uint32_t above =
            at < meta->received ? shred_bits_next(&meta->data, at, true) : meta->received - 1;
        int64_t at_ms = tick_ms(due, store, meta, above);
        if (at_ms > ms_of(now_ns)) {
            at_most_ms(due, at_ms, now_ns);
            return;
        }
        if (at >= meta->received)
            return;
        at = shred_bits_next(&meta->data, above, false);
        if (at >= meta->received)
            return;
    }
}

static void slot_2026(struct repair_due *due, const struct slot_meta *meta, uint64_t now_ns)
{
    for (uint32_t set = 0; set < meta->seen.count; set++) {
        int64_t at_ms = meta->seen.of_set_ms[set] + due->defer_ms;
        if (at_ms > ms_of(now_ns)) { /* later sets were noticed later */
            at_most_ms(due, at_ms, now_ns);
            return;
        }
    }
}

void repair_due_iterated(struct repair_due *due, const struct repair_pending *pending,
                         uint32_t asked, uint64_t now_ns)
{
    due->at_ns = REPAIR_NEVER;
    due->holes = 0;
    /* A stage may have used up its budget, or left a slot to an earlier one. */
    if (asked > 0)
        repair_due_soon(due, now_ns);
    int64_t again_ms = repair_pending_next_ms(pending, due->timeout_ms);
    if (again_ms != INT64_MAX)
        at_most_ms(due, again_ms, now_ns);
}

bool repair_due_slot(struct repair_due *due, const struct blockstore *store,
                     const struct slot_meta *meta, bool may_ask, uint64_t now_ns)
{
    if (blockstore_full(meta) || meta->received == 0)
        return false;
    due->holes += meta->received - meta->data.count;
    if (due->rules == REPAIR_RULES_PROPOSAL)
        return may_ask;
    if (due->version == REPAIR_VERSION_2026 && sets_begun(meta) > meta->seen.count)
        return true; /* no iteration came to it yet */
    int64_t first = first_ms(due, store, meta);
    if (first > ms_of(now_ns)) {
        at_most_ms(due, first, now_ns);
    } else if (due->version == REPAIR_VERSION_2026) {
        slot_2026(due, meta, now_ns);
    } else {
        slot_2025(due, store, meta, now_ns);
    }
    /* Of a slot in a tree the end is asked for without waiting (SOL-R4.8, stage 3). */
    return first <= ms_of(now_ns) ||
           (meta->last_index == INDEX_UNKNOWN && meta->slot <= due->voted_max);
}
