#include "models/spread/blockstore.h"

#include <string.h>

#include "sim/sim_assert.h"

static const char *const NAME = "spread: slots";

void blockstore_pools_init(struct blockstore_pools *pools, struct memory *memory)
{
    pool_init(&pools->slots, memory, NAME, sizeof(struct slot_meta));
    shred_ticks_pool_init(&pools->ticks, memory);
}

void blockstore_pools_destroy(struct blockstore_pools *pools)
{
    SIM_ASSERT(pools->slots.live == 0);
    SIM_ASSERT(pools->ticks.live == 0);
    pool_destroy(&pools->slots);
    pool_destroy(&pools->ticks);
}

void blockstore_shared_join(struct blockstore_shared *shared, struct memory *memory,
                            struct blockstore_pools *pools)
{
    *shared = (struct blockstore_shared){.memory = memory, .pools = pools};
    shred_ticks_init(&shared->ticks, memory, &pools->ticks);
}

void blockstore_shared_init(struct blockstore_shared *shared, struct memory *memory)
{
    blockstore_shared_join(shared, memory, &shared->own);
    blockstore_pools_init(&shared->own, memory);
}

void blockstore_shared_destroy(struct blockstore_shared *shared)
{
    memory_give(shared->memory, shared->touched,
                shared->touched_capacity * sizeof *shared->touched);
    memory_give(shared->memory, shared->queue, shared->queue_capacity * sizeof *shared->queue);
    shred_ticks_destroy(&shared->ticks);
    if (shared->pools == &shared->own)
        blockstore_pools_destroy(&shared->own);
    *shared = (struct blockstore_shared){0};
}

void blockstore_init(struct blockstore *store, struct blockstore_shared *shared)
{
    *store = (struct blockstore){.shared = shared};
    slot_set_init(&store->orphans, shared->memory);
}

static void settle_slot(struct blockstore *store, struct slot_meta *meta)
{
    memory_give(store->shared->memory, meta->seen.of_set_ms,
                meta->seen.capacity * sizeof *meta->seen.of_set_ms);
    meta->seen = (struct slot_seen){0};
}

static void give_slot(struct blockstore *store, struct slot_meta *meta)
{
    settle_slot(store, meta);
    shred_bits_clear(&meta->data, store->shared->memory);
    pool_give(&store->shared->pools->slots, meta->handle);
}

void blockstore_destroy(struct blockstore *store)
{
    SIM_ASSERT(!store->open);
    struct memory *memory = store->shared->memory;
    for (uint32_t i = 0; i < store->slot_count; i++)
        give_slot(store, store->slots[i]);
    memory_give(memory, store->slots, store->slot_capacity * sizeof(struct slot_meta *));
    slot_set_destroy(&store->orphans);
    memory_give(memory, store->completed, store->completed_capacity * sizeof *store->completed);
    *store = (struct blockstore){0};
}

/* The place of the first slot at or after this one. New slots are mostly the highest. */
static uint32_t place_of(const struct blockstore *store, uint64_t slot)
{
    uint32_t low = 0, high = store->slot_count;
    if (high > 0 && store->slots[high - 1]->slot < slot)
        return high;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (store->slots[middle]->slot < slot)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static struct slot_meta *find(const struct blockstore *store, uint64_t slot)
{
    struct slot_meta *recent = store->recent[slot % BLOCKSTORE_RECENT];
    if (recent && recent->slot == slot)
        return recent;
    uint32_t at = place_of(store, slot);
    return at < store->slot_count && store->slots[at]->slot == slot ? store->slots[at] : NULL;
}

static struct slot_meta *at_handle(const struct blockstore *store, uint32_t handle)
{
    return handle ? pool_at(&store->shared->pools->slots, handle) : NULL;
}

/* The state of a slot that nothing is known about (SOL-R2.2), but for its children. */
static void reset(struct slot_meta *meta)
{
    meta->parent = SLOT_UNKNOWN;
    meta->first_shred_ms = 0;
    meta->consumed = meta->received = 0;
    meta->last_index = INDEX_UNKNOWN;
    meta->connected = false;
    meta->parent_connected = meta->slot == 0;
}

static struct slot_meta *find_or_make(struct blockstore *store, uint64_t slot)
{
    struct slot_meta *known = find(store, slot);
    if (known)
        return store->recent[slot % BLOCKSTORE_RECENT] = known;
    uint32_t at = place_of(store, slot);
    if (store->slot_count == store->slot_capacity)
        store->slots = memory_grow(store->shared->memory, NAME, store->slots, &store->slot_capacity,
                                   store->slot_count + 1, sizeof(struct slot_meta *));
    memmove(&store->slots[at + 1], &store->slots[at],
            (store->slot_count - at) * sizeof(struct slot_meta *));
    uint32_t handle = pool_take(&store->shared->pools->slots);
    struct slot_meta *meta = pool_at(&store->shared->pools->slots, handle);
    meta->slot = slot;
    meta->handle = handle;
    reset(meta);
    store->slots[at] = meta;
    store->slot_count++;
    store->recent[slot % BLOCKSTORE_RECENT] = meta;
    return meta;
}

const struct slot_meta *blockstore_meta(const struct blockstore *store, uint64_t slot)
{
    const struct slot_meta *meta = find(store, slot);
    return meta && meta->known ? meta : NULL;
}

const struct slot_meta *blockstore_meta_from(const struct blockstore *store, uint64_t slot)
{
    for (uint32_t at = place_of(store, slot); at < store->slot_count; at++)
        if (store->slots[at]->known)
            return store->slots[at];
    return NULL;
}

const struct slot_meta *blockstore_first_child(const struct blockstore *store,
                                               const struct slot_meta *meta)
{
    return at_handle(store, meta->first_child);
}

const struct slot_meta *blockstore_next_child(const struct blockstore *store,
                                              const struct slot_meta *child)
{
    return at_handle(store, child->next_sibling);
}

bool blockstore_accepts_parent(uint64_t slot, uint64_t parent, uint64_t root)
{
    if (slot == 0 && parent == 0 && root == 0)
        return true;
    return root <= parent && parent < slot;
}

void blockstore_observe(struct blockstore *store, uint64_t slot, int64_t now_ms)
{
    struct slot_meta *meta = find(store, slot);
    if (!meta || meta->received == 0)
        return;
    struct slot_seen *seen = &meta->seen;
    uint32_t wanted = (meta->received - 1) / SHRED_SET_DATA + 1;
    if (wanted > seen->capacity)
        seen->of_set_ms = memory_grow(store->shared->memory, NAME, seen->of_set_ms, &seen->capacity,
                                      wanted, sizeof *seen->of_set_ms);
    while (seen->count < wanted)
        seen->of_set_ms[seen->count++] = now_ms;
}

uint64_t blockstore_ancestor(const struct blockstore *store, uint64_t slot)
{
    const struct slot_meta *meta = slot == 0 ? NULL : blockstore_meta(store, slot);
    return meta ? meta->parent : SLOT_UNKNOWN;
}

void blockstore_begin(struct blockstore *store)
{
    SIM_ASSERT(!store->open);
    store->open = true;
    store->replay = false;
    store->completed_count = 0;
    SIM_ASSERT(store->shared->touched_count == 0);
}

/* SOL-R2.4, SOL-29: an unknown parent is learned from any shred; a known one never changes. */
static struct slot_meta *touch(struct blockstore *store, const struct data_shred *shred)
{
    struct blockstore_shared *shared = store->shared;
    struct slot_meta *meta = find_or_make(store, shred->slot);
    if (meta->touched)
        return meta;
    if (shared->touched_count == shared->touched_capacity)
        shared->touched =
            memory_grow(shared->memory, NAME, shared->touched, &shared->touched_capacity,
                        shared->touched_count + 1, sizeof *shared->touched);
    shared->touched[shared->touched_count++] = meta->handle;
    meta->touched = true;
    meta->existed = meta->known;
    meta->parent_was_unknown = meta->parent == SLOT_UNKNOWN;
    meta->consumed_before = meta->consumed;
    meta->changed = false;
    meta->known = true;
    if (meta->parent_was_unknown)
        meta->parent = shred->parent;
    return meta;
}

/* SOL-R2.5, in this order. The parent asked about is the slot's, which its first shred told
 * (SOL-R2.4): so no slot ever hangs below itself, whatever a later shred says. */
static enum shred_verdict check(const struct blockstore *store, struct slot_meta *meta,
                                const struct data_shred *shred)
{
    if (shred->index >= SHRED_INDEX_MAX)
        return SHRED_INDEX_TOO_HIGH;
    if (shred->index < meta->consumed || shred_bits_test(&meta->data, shred->index))
        return SHRED_EXISTS;
    if (shred->last && shred->index < meta->received && !blockstore_full(meta))
        meta->dead = true;
    if (meta->last_index != INDEX_UNKNOWN && shred->index >= meta->last_index)
        return SHRED_AFTER_LAST;
    if (shred->last && shred->index < meta->received)
        return SHRED_LAST_TOO_LOW;
    if (!blockstore_accepts_parent(shred->slot, meta->parent, store->root))
        return SHRED_BAD_PARENT;
    return SHRED_STORED;
}

enum { RUN = 32 };

/* SOL-R2.6: the slot began when its first shred says that it did. */
static void note_first(struct slot_meta *meta, const struct data_shred *shred, int64_t now_ms)
{
    if (meta->received == 0)
        meta->first_shred_ms = now_ms - (int64_t)shred->reference_tick * 1000 / 160;
}

static enum shred_verdict insert_checked(struct blockstore *store, struct slot_meta *meta,
                                         const struct data_shred *shred, int64_t now_ms)
{
    enum shred_verdict verdict = check(store, meta, shred);
    if (verdict != SHRED_STORED)
        return verdict;
    note_first(meta, shred, now_ms);
    shred_bits_set(&meta->data, store->shared->memory, shred->index);
    if (shred->index >= meta->received)
        meta->received = shred->index + 1;
    if (shred->index == meta->consumed)
        meta->consumed = shred_bits_next(&meta->data, meta->consumed, false);
    if (shred->last && meta->last_index == INDEX_UNKNOWN)
        meta->last_index = shred->index;
    meta->changed = true;
    return SHRED_STORED;
}

enum shred_verdict blockstore_insert(struct blockstore *store, const struct data_shred *shred,
                                     int64_t now_ms)
{
    SIM_ASSERT(store->open);
    SIM_ASSERT(shred->slot != SLOT_UNKNOWN);
    SIM_ASSERT(shred->reference_tick < SHRED_REFERENCE_TICKS);
    enum shred_verdict verdict = insert_checked(store, touch(store, shred), shred, now_ms);
    if (verdict == SHRED_STORED)
        shred_ticks_set(&store->shared->ticks, shred->slot, shred->index, shred->reference_tick);
    return verdict;
}

/* A run in which no shred is or follows the last one: one look at its bits. */
static uint32_t insert_inner_run(struct blockstore *store, struct slot_meta *meta,
                                 const struct data_shred *shred, uint32_t present, int64_t now_ms)
{
    uint32_t before = shred_bits_word(&meta->data, shred->index);
    uint32_t stored = present & ~before;
    if (stored == 0)
        return 0;
    note_first(meta, shred, now_ms);
    shred_bits_set_word(&meta->data, store->shared->memory, shred->index, stored);
    uint32_t end = shred->index + RUN - (uint32_t)__builtin_clz(stored);
    if (end > meta->received)
        meta->received = end;
    if (meta->consumed >= shred->index && meta->consumed < end)
        meta->consumed = shred_bits_next(&meta->data, meta->consumed, false);
    meta->changed = true;
    return (uint32_t)__builtin_popcount(stored);
}

uint32_t blockstore_insert_run(struct blockstore *store, const struct data_shred *shred,
                               uint32_t present, int64_t now_ms)
{
    SIM_ASSERT(store->open && shred->index % RUN == 0);
    struct slot_meta *meta = touch(store, shred);
    bool inner = !shred->last && shred->index + RUN <= SHRED_INDEX_MAX &&
                 (meta->last_index == INDEX_UNKNOWN || shred->index + RUN <= meta->last_index);
    if (inner && blockstore_accepts_parent(shred->slot, meta->parent, store->root))
        return insert_inner_run(store, meta, shred, present, now_ms);
    uint32_t stored = 0;
    struct data_shred one = *shred;
    for (uint32_t left = present; left != 0; left &= left - 1) {
        one.index = shred->index + (uint32_t)__builtin_ctz(left);
        one.last = shred->last && (left & (left - 1)) == 0;
        stored += insert_checked(store, meta, &one, now_ms) == SHRED_STORED;
    }
    return stored;
}

void blockstore_set_content(struct blockstore *store, uint64_t slot, uint64_t content)
{
    struct slot_meta *meta = find(store, slot);
    SIM_ASSERT(meta);
    meta->content = content;
}

void blockstore_kill(struct blockstore *store, uint64_t slot)
{
    struct slot_meta *meta = find(store, slot);
    if (meta)
        meta->dead = true;
}

/* True when this made the slot itself connected, so that its children may be, too. */
static bool set_parent_connected(struct slot_meta *meta)
{
    if (meta->connected)
        return false;
    meta->parent_connected = true;
    meta->connected = blockstore_full(meta);
    return meta->connected;
}

/* Breadth first over the full slots below one that is connected. */
static void connect_children(struct blockstore *store, struct slot_meta *top)
{
    struct blockstore_shared *shared = store->shared;
    uint32_t head = 0, tail = 0;
    struct slot_meta *parent = top;
    while (parent) {
        for (struct slot_meta *child = at_handle(store, parent->first_child); child;
             child = at_handle(store, child->next_sibling)) {
            if (!set_parent_connected(child))
                continue;
            if (tail == shared->queue_capacity)
                shared->queue =
                    memory_grow(shared->memory, NAME, shared->queue, &shared->queue_capacity,
                                tail + 1, sizeof *shared->queue);
            shared->queue[tail++] = child->handle;
        }
        parent = head < tail ? at_handle(store, shared->queue[head++]) : NULL;
    }
}

static void append_child(struct blockstore *store, struct slot_meta *parent,
                         struct slot_meta *child)
{
    struct slot_meta *before = at_handle(store, parent->last_child);
    child->next_sibling = 0;
    if (before)
        before->next_sibling = child->handle;
    else
        parent->first_child = child->handle;
    parent->last_child = child->handle;
}

/* handle_chaining for one slot (SOL-R2.7 and before). */
static void chain_slot(struct blockstore *store, struct slot_meta *meta)
{
    bool was_orphan = meta->existed && meta->parent_was_unknown;
    bool newly_full =
        blockstore_full(meta) && (!meta->existed || meta->consumed != meta->consumed_before);
    if (meta->slot != 0 && meta->parent != SLOT_UNKNOWN && (!meta->existed || was_orphan)) {
        struct slot_meta *parent = find_or_make(store, meta->parent);
        parent->known = true; /* SOL-28: an empty slot, if it was not */
        append_child(store, parent, meta);
        if (parent->connected)
            set_parent_connected(meta);
        if (parent->parent == SLOT_UNKNOWN)
            slot_set_add(&store->orphans, parent->slot);
    }
    if (was_orphan)
        slot_set_remove(&store->orphans, meta->slot);
    if (newly_full && meta->parent_connected) {
        meta->connected = true;
        connect_children(store, meta);
    }
}

static void note_events(struct blockstore *store, const struct slot_meta *meta)
{
    bool grew = meta->consumed != meta->consumed_before;
    if (blockstore_full(meta) && (!meta->existed || grew)) { /* SOL-R2.8 */
        if (store->completed_count == store->completed_capacity)
            store->completed = memory_grow(store->shared->memory, NAME, store->completed,
                                           &store->completed_capacity, store->completed_count + 1,
                                           sizeof *store->completed);
        store->completed[store->completed_count++] = meta->slot;
    }
    /* SOL-R2.9 */
    store->replay |= meta->parent_connected && (meta->existed ? grew : meta->consumed > 0);
}

void blockstore_commit(struct blockstore *store)
{
    struct blockstore_shared *shared = store->shared;
    SIM_ASSERT(store->open);
    store->open = false;
    /* First what left no trace, so that no empty slot passes for a known parent. */
    for (uint32_t i = 0; i < shared->touched_count; i++) {
        struct slot_meta *meta = at_handle(store, shared->touched[i]);
        if (meta->changed)
            continue;
        meta->known = meta->existed;
        if (meta->parent_was_unknown)
            meta->parent = SLOT_UNKNOWN;
    }
    for (uint32_t i = 0; i < shared->touched_count; i++) {
        struct slot_meta *meta = at_handle(store, shared->touched[i]);
        if (meta->changed)
            chain_slot(store, meta);
    }
    for (uint32_t i = 0; i < shared->touched_count; i++) {
        struct slot_meta *meta = at_handle(store, shared->touched[i]);
        if (meta->changed)
            note_events(store, meta);
        meta->touched = false;
    }
    shared->touched_count = 0;
}

void blockstore_connect_root(struct blockstore *store, uint64_t slot)
{
    struct slot_meta *meta = find_or_make(store, slot);
    SIM_ASSERT(!store->open);
    meta->known = true;
    if (meta->connected)
        return;
    meta->parent_connected = meta->connected = true;
    connect_children(store, meta);
}

static void remove_child(struct blockstore *store, struct slot_meta *parent,
                         const struct slot_meta *child)
{
    struct slot_meta *before = NULL, *at = at_handle(store, parent->first_child);
    while (at && at != child) {
        before = at;
        at = at_handle(store, at->next_sibling);
    }
    if (!at)
        return;
    if (before)
        before->next_sibling = child->next_sibling;
    else
        parent->first_child = child->next_sibling;
    if (parent->last_child == child->handle)
        parent->last_child = before ? before->handle : 0;
}

void blockstore_clear(struct blockstore *store, uint64_t slot)
{
    struct slot_meta *meta = find(store, slot);
    SIM_ASSERT(!store->open);
    if (!meta || !meta->known)
        return;
    struct slot_meta *parent = meta->parent == SLOT_UNKNOWN ? NULL : find(store, meta->parent);
    if (parent)
        remove_child(store, parent, meta);
    shred_bits_clear(&meta->data, store->shared->memory);
    reset(meta);
    meta->next_sibling = 0;
    meta->content = 0;
    meta->dead = false;
}

void blockstore_settle(struct blockstore *store, uint64_t first, uint64_t end)
{
    SIM_ASSERT(!store->open);
    for (uint32_t at = place_of(store, first);
         at < store->slot_count && store->slots[at]->slot < end; at++)
        settle_slot(store, store->slots[at]);
}

void blockstore_forget(struct blockstore *store, uint64_t below)
{
    uint32_t gone = place_of(store, below);
    SIM_ASSERT(!store->open);
    for (uint32_t i = 0; i < gone; i++)
        give_slot(store, store->slots[i]);
    if (gone > 0)
        memset(store->recent, 0, sizeof store->recent);
    store->slot_count -= gone;
    if (gone > 0)
        memmove(store->slots, store->slots + gone, store->slot_count * sizeof(struct slot_meta *));
    slot_set_drop_below(&store->orphans, below);
}
