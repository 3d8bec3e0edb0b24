#include "models/spread/slot_set.h"

#include <string.h>

void slot_set_init(struct slot_set *set, struct memory *memory)
{
    *set = (struct slot_set){.memory = memory};
}

void slot_set_destroy(struct slot_set *set)
{
    memory_give(set->memory, set->slots, set->capacity * sizeof *set->slots);
    *set = (struct slot_set){0};
}

uint32_t slot_set_place(const struct slot_set *set, uint64_t slot)
{
    uint32_t low = 0, high = set->count;
    if (high > 0 && set->slots[high - 1] < slot)
        return high;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (set->slots[middle] < slot)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

bool slot_set_contains(const struct slot_set *set, uint64_t slot)
{
    uint32_t at = slot_set_place(set, slot);
    return at < set->count && set->slots[at] == slot;
}

bool slot_set_add(struct slot_set *set, uint64_t slot)
{
    uint32_t at = slot_set_place(set, slot);
    if (at < set->count && set->slots[at] == slot)
        return false;
    if (set->count == set->capacity)
        set->slots = memory_grow(set->memory, "spread: sets of slots", set->slots, &set->capacity,
                                 set->count + 1, sizeof *set->slots);
    memmove(&set->slots[at + 1], &set->slots[at], (set->count - at) * sizeof *set->slots);
    set->slots[at] = slot;
    set->count++;
    return true;
}

bool slot_set_remove(struct slot_set *set, uint64_t slot)
{
    uint32_t at = slot_set_place(set, slot);
    if (at == set->count || set->slots[at] != slot)
        return false;
    set->count--;
    memmove(&set->slots[at], &set->slots[at + 1], (set->count - at) * sizeof *set->slots);
    return true;
}

void slot_set_drop_below(struct slot_set *set, uint64_t slot)
{
    uint32_t gone = slot_set_place(set, slot);
    if (gone == 0)
        return;
    set->count -= gone;
    memmove(set->slots, set->slots + gone, set->count * sizeof *set->slots);
}
