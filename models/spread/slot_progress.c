#include "models/spread/slot_progress.h"

#include <string.h>

#include "sim/sim_assert.h"

static const char *const NAME = "spread: slots in progress";

enum { RING_LEAST = 16, VERSIONS_MAX = 2 };

void slot_window_shared_init(struct slot_window_shared *shared, struct memory *memory)
{
    shared->memory = memory;
    slab_init(&shared->records, memory, NAME);
}

void slot_window_shared_destroy(struct slot_window_shared *shared)
{
    slab_destroy(&shared->records);
}

void slot_window_init(struct slot_window *window, struct slot_window_shared *shared)
{
    *window = (struct slot_window){.shared = shared};
}

static void give(struct slot_window *window, struct slot_progress *progress)
{
    struct slab *records = &window->shared->records;
    for (struct slot_other *other = progress->others; other;) {
        struct slot_other *next = other->next;
        slab_give(records, other->handle);
        other = next;
    }
    slab_give(records, progress->handle);
}

void slot_window_destroy(struct slot_window *window)
{
    for (uint32_t i = 0; i < window->capacity; i++)
        if (window->ring[i])
            give(window, window->ring[i]);
    memory_give(window->shared->memory, window->ring, window->capacity * sizeof(void *));
    *window = (struct slot_window){0};
}

/* Doubles the ring until this slot has a place of its own. */
static void make_place(struct slot_window *window, uint64_t slot)
{
    while (window->capacity == 0 || window->ring[slot & window->mask]) {
        uint32_t wider = window->capacity > 0 ? 2 * window->capacity : RING_LEAST;
        struct slot_progress **ring =
            memory_take(window->shared->memory, NAME, wider * sizeof(void *));
        SIM_ASSERT(wider > window->capacity);
        for (uint32_t i = 0; i < window->capacity; i++)
            if (window->ring[i])
                ring[window->ring[i]->slot & (wider - 1)] = window->ring[i];
        memory_give(window->shared->memory, window->ring, window->capacity * sizeof(void *));
        window->ring = ring;
        window->capacity = wider;
        window->mask = wider - 1;
    }
}

struct slot_progress *slot_window_look_up(struct slot_window *window, uint64_t slot)
{
    if (window->capacity == 0)
        return NULL;
    struct slot_progress *progress = window->ring[slot & window->mask];
    if (!progress || progress->slot != slot)
        return NULL;
    return window->recent[slot % SLOT_WINDOW_RECENT] = progress;
}

struct slot_progress *slot_window_open(struct slot_window *window, uint64_t slot, uint64_t content,
                                       uint32_t set_count)
{
    SIM_ASSERT(content != 0);
    SIM_ASSERT(!slot_window_find(window, slot));
    make_place(window, slot);
    size_t bytes = sizeof(struct slot_progress) + set_count * sizeof(struct set_progress);
    uint32_t handle = slab_take(&window->shared->records, bytes);
    struct slot_progress *progress = slab_at(&window->shared->records, handle);
    memset(progress, 0, bytes);
    progress->slot = slot;
    progress->content = content;
    progress->handle = handle;
    progress->set_count = set_count;
    window->ring[slot & window->mask] = progress;
    window->recent[slot % SLOT_WINDOW_RECENT] = progress;
    return progress;
}

void slot_window_close(struct slot_window *window, struct slot_progress *progress)
{
    SIM_ASSERT(!progress->fresh);
    SIM_ASSERT(window->ring[progress->slot & window->mask] == progress);
    window->ring[progress->slot & window->mask] = NULL;
    if (window->recent[progress->slot % SLOT_WINDOW_RECENT] == progress)
        window->recent[progress->slot % SLOT_WINDOW_RECENT] = NULL;
    give(window, progress);
}

static struct slot_other *add_other(struct slot_window *window, struct slot_progress *progress,
                                    uint64_t content)
{
    size_t bytes = sizeof(struct slot_other) + progress->set_count * sizeof(struct set_progress);
    uint32_t handle = slab_take(&window->shared->records, bytes);
    struct slot_other *other = slab_at(&window->shared->records, handle);
    memset(other, 0, bytes);
    other->content = content;
    other->handle = handle;
    other->next = progress->others;
    progress->others = other;
    return other;
}

bool slot_window_see(struct slot_window *window, struct slot_progress *progress, uint64_t content,
                     enum shred_type type, uint32_t set, uint32_t at)
{
    SIM_ASSERT(set < progress->set_count && at < (type == SHRED_DATA ? 32U : 64U));
    struct set_progress *own = content == progress->content ? &progress->sets[set] : NULL;
    uint32_t versions = set_progress_test(&progress->sets[set], type, at);
    for (struct slot_other *other = progress->others; other; other = other->next) {
        versions += set_progress_test(&other->sets[set], type, at);
        if (other->content == content)
            own = &other->sets[set];
    }
    if (own && set_progress_test(own, type, at))
        return false;
    if (versions >= VERSIONS_MAX)
        return false;
    if (!own)
        own = &add_other(window, progress, content)->sets[set];
    set_progress_mark(own, type, at);
    return true;
}
