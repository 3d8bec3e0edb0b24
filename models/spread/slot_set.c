#include "models/spread/slot_set.h"

#include <string.h>

#include "models/ascending.h"

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
    if (set->count > 0 && set->slots[set->count - 1] < slot)
        return set->count;
    return ascending_place(set->slots, set->count, sizeof *set->slots, slot);
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
