#include "models/messaging/due_runs.h"

#include <stddef.h>
#include <string.h>

static void push(struct due_heap *heap, struct memory *memory, struct due_item item)
{
    if (heap->count == heap->capacity)
        heap->items = memory_grow(memory, "messaging.due", heap->items, &heap->capacity,
                                  heap->count + 1, sizeof heap->items[0]);
    uint32_t hole = heap->count++;
    while (hole > 0 && item.key < heap->items[(hole - 1) / 2].key) {
        heap->items[hole] = heap->items[(hole - 1) / 2];
        hole = (hole - 1) / 2;
    }
    heap->items[hole] = item;
}

static uint32_t pop(struct due_heap *heap)
{
    SIM_ASSERT(heap->count > 0);
    uint32_t first = heap->items[0].run;
    struct due_item moved = heap->items[--heap->count];
    uint32_t hole = 0;
    for (uint32_t child = 1; child < heap->count; child = 2 * hole + 1) {
        if (child + 1 < heap->count && heap->items[child + 1].key < heap->items[child].key)
            child++;
        if (heap->items[child].key >= moved.key)
            break;
        heap->items[hole] = heap->items[child];
        hole = child;
    }
    heap->items[hole] = moved;
    return first;
}

/* Passes what does not count; the place of the first entry that does, false: there is none. */
static bool trim(const struct due_owner *owner, struct due_run *run, uint64_t *ret_place)
{
    for (; run->next < run->count; run->next++)
        if (owner->counts(owner->self, run->slots[run->next], run->packet, ret_place))
            return true;
    return false;
}

void due_runs_add(struct due_runs *runs, const struct due_owner *owner, uint64_t at_ns,
                  uint32_t packet, const uint32_t *slots, uint32_t count)
{
    if (count == 0)
        return;
    size_t slot_bytes = count * sizeof slots[0];
    uint32_t handle = slab_take(owner->slab, offsetof(struct due_run, slots) + slot_bytes);
    struct due_run *run = slab_at(owner->slab, handle);
    run->at_ns = at_ns;
    run->packet = packet;
    run->count = count;
    run->next = 0;
    memcpy(run->slots, slots, slot_bytes);
    push(&runs->later, owner->memory, (struct due_item){at_ns, handle});
}

void due_runs_advance(struct due_runs *runs, const struct due_owner *owner, uint64_t now_ns)
{
    while (runs->later.count > 0) {
        struct due_run *run = slab_at(owner->slab, runs->later.items[0].run);
        uint64_t place;
        bool counts = trim(owner, run, &place);
        if (counts && run->at_ns > now_ns)
            return;
        uint32_t handle = pop(&runs->later);
        if (counts)
            push(&runs->due, owner->memory, (struct due_item){place, handle});
        else
            slab_give(owner->slab, handle);
    }
}

/* Puts the first run of those that are due where its first entry belongs, or drops it. */
static void settle(struct due_runs *runs, const struct due_owner *owner)
{
    uint64_t place;
    uint32_t handle = runs->due.items[0].run;
    bool counts = trim(owner, slab_at(owner->slab, handle), &place);
    if (counts && runs->due.items[0].key == place)
        return;
    pop(&runs->due);
    if (counts)
        push(&runs->due, owner->memory, (struct due_item){place, handle});
    else
        slab_give(owner->slab, handle);
}

bool due_runs_first(struct due_runs *runs, const struct due_owner *owner, uint32_t *ret_slot)
{
    while (runs->due.count > 0) {
        uint64_t place;
        uint32_t handle = runs->due.items[0].run;
        struct due_run *run = slab_at(owner->slab, handle);
        if (trim(owner, run, &place) && place == runs->due.items[0].key) {
            *ret_slot = run->slots[run->next];
            return true;
        }
        settle(runs, owner);
    }
    return false;
}

bool due_runs_take(struct due_runs *runs, const struct due_owner *owner, uint32_t *ret_slot)
{
    if (!due_runs_first(runs, owner, ret_slot))
        return false;
    struct due_run *run = slab_at(owner->slab, runs->due.items[0].run);
    run->next++;
    settle(runs, owner);
    return true;
}

uint64_t due_runs_next_ns(const struct due_runs *runs)
{
    return runs->later.count > 0 ? runs->later.items[0].key : UINT64_MAX;
}

static void clear(struct due_heap *heap, const struct due_owner *owner)
{
    for (uint32_t i = 0; i < heap->count; i++)
        slab_give(owner->slab, heap->items[i].run);
    heap->count = 0;
}

void due_runs_clear(struct due_runs *runs, const struct due_owner *owner)
{
    clear(&runs->later, owner);
    clear(&runs->due, owner);
}

static void give(struct due_heap *heap, struct memory *memory)
{
    if (heap->items != NULL)
        memory_give(memory, heap->items, heap->capacity * sizeof heap->items[0]);
    *heap = (struct due_heap){0};
}

void due_runs_destroy(struct due_runs *runs, const struct due_owner *owner)
{
    due_runs_clear(runs, owner);
    give(&runs->later, owner->memory);
    give(&runs->due, owner->memory);
}
