#include "models/spread/repair_times.h"

#include <string.h>

#include "models/ascending.h"
#include "sim/sim_assert.h"

static const char *const NAME = "spread: times of repair";

void repair_times_init(struct repair_times *times, struct memory *memory)
{
    *times = (struct repair_times){.memory = memory};
}

static uint32_t place_of(const struct repair_times *times, uint64_t slot)
{
    return ascending_place(times->slots, times->count, sizeof *times->slots, slot);
}

static struct repair_times_slot *find(const struct repair_times *times, uint64_t slot)
{
    uint32_t at = place_of(times, slot);
    return at < times->count && times->slots[at].slot == slot ? &times->slots[at] : NULL;
}

/* Forgets some records that stand together. */
static void drop(struct repair_times *times, uint32_t first, uint32_t count)
{
    for (uint32_t i = first; i < first + count; i++)
        memory_give(times->memory, times->slots[i].first_ns,
                    times->slots[i].capacity * sizeof(uint64_t));
    times->count -= count;
    if (count > 0)
        memmove(times->slots + first, times->slots + first + count,
                (times->count - first) * sizeof *times->slots);
}

void repair_times_drop_below(struct repair_times *times, uint64_t slot)
{
    drop(times, 0, place_of(times, slot));
}

void repair_times_done(struct repair_times *times, uint64_t slot)
{
    uint32_t at = place_of(times, slot);
    if (at < times->count && times->slots[at].slot == slot)
        drop(times, at, 1);
}

void repair_times_destroy(struct repair_times *times)
{
    repair_times_drop_below(times, UINT64_MAX);
    memory_give(times->memory, times->slots, times->capacity * sizeof *times->slots);
    *times = (struct repair_times){0};
}

static struct repair_times_slot *find_or_make(struct repair_times *times, uint64_t slot)
{
    uint32_t at = place_of(times, slot);
    if (at < times->count && times->slots[at].slot == slot)
        return &times->slots[at];
    if (times->count == times->capacity)
        times->slots = memory_grow(times->memory, NAME, times->slots, &times->capacity,
                                   times->count + 1, sizeof *times->slots);
    memmove(times->slots + at + 1, times->slots + at, (times->count - at) * sizeof *times->slots);
    times->slots[at] = (struct repair_times_slot){.slot = slot};
    times->count++;
    return &times->slots[at];
}

static void keep_first(uint64_t *first_ns, uint64_t now_ns)
{
    if (*first_ns == 0)
        *first_ns = now_ns;
}

void repair_times_note(struct repair_times *times, const struct repair_request *request,
                       uint64_t now_ns)
{
    struct repair_times_slot *at = find_or_make(times, request->slot);
    SIM_ASSERT(now_ns > 0);
    switch (request->kind) {
    case REPAIR_ORPHAN:
        keep_first(&at->orphan_ns, now_ns);
        return;
    case REPAIR_HIGHEST:
        keep_first(&at->highest_ns, now_ns);
        return;
    case REPAIR_SHRED:
        if (request->index >= at->capacity)
            at->first_ns = memory_grow(times->memory, NAME, at->first_ns, &at->capacity,
                                       request->index + 1, sizeof *at->first_ns);
        keep_first(&at->first_ns[request->index], now_ns);
        return;
    }
}

uint64_t repair_times_since(const struct repair_times *times, const struct repair_request *request,
                            uint64_t slot, uint32_t index, uint64_t now_ns)
{
    const struct repair_times_slot *at = find(times, slot), *asked = find(times, request->slot);
    uint64_t since_ns = 0;
    if (at && index < at->capacity)
        since_ns = at->first_ns[index];
    if (since_ns == 0 && asked && request->kind == REPAIR_HIGHEST)
        since_ns = asked->highest_ns;
    if (since_ns == 0 && asked && request->kind == REPAIR_ORPHAN)
        since_ns = asked->orphan_ns;
    return since_ns > 0 ? since_ns : now_ns;
}
