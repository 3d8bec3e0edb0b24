#include "models/spread/repair_holes.h"

#include "sim/sim_assert.h"

uint64_t repair_elapsed_ticks(int64_t first_shred_ms, int64_t now_ms)
{
    return now_ms > first_shred_ms ? (uint64_t)(now_ms - first_shred_ms) * 160 / 1000 : 0;
}

bool repair_ask(const struct repair_planner *planner, enum repair_kind kind, uint64_t slot,
                uint32_t index)
{
    struct repair_request request = {.kind = kind, .index = index, .slot = slot};
    if (!repair_pending_add(planner->pending, &request, planner->now_ms))
        return false;
    repair_list_add(planner->list, request);
    return true;
}

bool repair_asked_lately(const struct repair_planner *planner, enum repair_kind kind, uint64_t slot,
                         uint32_t index)
{
    struct repair_request request = {.kind = kind, .index = index, .slot = slot};
    return repair_pending_has(planner->pending, &request);
}

/* The first stored data shred at or after (slot, index), in order of slot and index. */
static bool next_stored(const struct blockstore *store, uint64_t slot, uint32_t index,
                        uint64_t *ret_slot, uint32_t *ret_index)
{
    const struct slot_meta *meta = blockstore_meta_from(store, slot);
    while (meta) {
        uint32_t from = meta->slot == slot ? index : 0;
        uint32_t found = shred_bits_next(&meta->data, from, true);
        if (found != SHRED_BITS_NONE) {
            *ret_slot = meta->slot;
            *ret_index = found;
            return true;
        }
        meta = blockstore_meta_from(store, meta->slot + 1);
    }
    return false;
}

uint32_t repair_missing_2025(const struct blockstore *store, uint64_t slot, uint64_t elapsed_ticks,
                             uint32_t defer_ticks, uint32_t start, uint32_t end, uint32_t max,
                             uint32_t *ret_indices)
{
    uint32_t count = 0, previous = start;
    if (start >= end || max == 0)
        return 0;
    for (;;) { /* each turn passes a stored shred */
        uint64_t stored_slot = slot;
        uint32_t stored = end, upper = end;
        bool found = next_stored(store, slot, previous, &stored_slot, &stored);
        bool here = found && stored_slot == slot;
        if (found) {
            uint64_t tick = shred_ticks_get(&store->shared->ticks, stored_slot, stored);
            if (elapsed_ticks < tick + defer_ticks)
                return count;
        }
        if (here && stored < end)
            upper = stored;
        for (uint32_t index = previous; index < upper && count < max; index++)
            ret_indices[count++] = index;
        if (!here || count == max || stored >= end)
            return count;
        previous = stored + 1;
    }
}

/* Room for the holes of one slot, on the stack: the budget of a whole iteration is 512. */
enum { HOLES_MAX = 4096 };

static void ask_holes_2025(const struct repair_planner *planner, const struct slot_meta *meta,
                           uint32_t max, uint32_t defer_ticks)
{
    uint32_t holes[HOLES_MAX];
    uint64_t elapsed = repair_elapsed_ticks(meta->first_shred_ms, planner->now_ms);
    if (max > HOLES_MAX)
        max = HOLES_MAX;
    uint32_t count = repair_missing_2025(planner->store, meta->slot, elapsed, defer_ticks,
                                         meta->consumed, meta->received, max, holes);
    for (uint32_t i = 0; i < count; i++)
        repair_ask(planner, REPAIR_SHRED, meta->slot, holes[i]);
}

/* SOL-R3.3: sets too young are left out after the cut to max. */
static void ask_holes_2026(const struct repair_planner *planner, const struct slot_meta *meta,
                           uint32_t max, int64_t defer_ms)
{
    uint32_t index = shred_bits_next(&meta->data, meta->consumed, false);
    for (uint32_t taken = 0; taken < max && index < meta->received; taken++) {
        int64_t seen_ms = meta->seen.of_set_ms[index / SHRED_SET_DATA];
        if (planner->now_ms - seen_ms >= defer_ms)
            repair_ask(planner, REPAIR_SHRED, meta->slot, index);
        index = shred_bits_next(&meta->data, index + 1, false);
    }
}

static uint32_t defer_ticks(const struct repair_planner *planner)
{
    return (uint32_t)(planner->defer_ms / REPAIR_MS_PER_TICK);
}

/* Whether the end of a slot without known holes may be asked for. An empty slot always. */
static bool end_due(const struct repair_planner *planner, const struct slot_meta *meta)
{
    if (meta->received == 0)
        return true;
    if (planner->version == REPAIR_VERSION_2026)
        return planner->now_ms - meta->seen.of_set_ms[meta->seen.count - 1] >= planner->defer_ms;
    uint64_t tick = shred_ticks_get(&planner->store->shared->ticks, meta->slot, meta->received - 1);
    return repair_elapsed_ticks(meta->first_shred_ms, planner->now_ms) >=
           tick + defer_ticks(planner);
}

void repair_slot(const struct repair_planner *planner, const struct slot_meta *meta, uint32_t max,
                 bool throttle)
{
    if (max == 0 || (planner->spares_dead && meta->dead) || blockstore_full(meta))
        return;
    if (planner->version == REPAIR_VERSION_2026)
        blockstore_observe(planner->store, meta->slot, planner->now_ms);
    if (meta->consumed == meta->received) {
        if (!throttle || end_due(planner, meta))
            repair_ask(planner, REPAIR_HIGHEST, meta->slot, meta->received);
    } else if (planner->version == REPAIR_VERSION_2026) {
        ask_holes_2026(planner, meta, max, throttle ? planner->defer_ms : 0);
    } else {
        ask_holes_2025(planner, meta, max, throttle ? defer_ticks(planner) : 0);
    }
}

void repair_absent_slot(const struct repair_planner *planner, uint64_t slot)
{
    repair_ask(planner, REPAIR_HIGHEST, slot, 0);
}

/* Slots still to visit: the last one is next. */
struct fork_walk {
    struct memory *memory;
    uint64_t *slots;
    uint32_t count, capacity;
};

static void push(struct fork_walk *walk, uint64_t slot)
{
    if (walk->count == walk->capacity)
        walk->slots = memory_grow(walk->memory, "spread: walk of a fork", walk->slots,
                                  &walk->capacity, walk->count + 1, sizeof *walk->slots);
    walk->slots[walk->count++] = slot;
}

void repair_fork(const struct repair_planner *planner, uint64_t slot, uint32_t count_max,
                 bool throttle)
{
    struct fork_walk walk = {.memory = planner->store->shared->memory};
    push(&walk, slot);
    while (walk.count > 0 && planner->list->count < count_max) {
        const struct slot_meta *meta = blockstore_meta(planner->store, walk.slots[--walk.count]);
        if (!meta)
            break;
        repair_slot(planner, meta, count_max - planner->list->count, throttle);
        for (const struct slot_meta *child = blockstore_first_child(planner->store, meta); child;
             child = blockstore_next_child(planner->store, child))
            push(&walk, child->slot);
    }
    memory_give(walk.memory, walk.slots, walk.capacity * sizeof *walk.slots);
}
