#include "models/spread/repair_serve.h"

#include "sim/sim_assert.h"

static uint32_t serve_orphan(const struct blockstore *store, uint64_t slot, uint32_t answers_max,
                             struct served_shred *ret_shreds)
{
    uint32_t count = 0;
    while (count < answers_max && slot != SLOT_UNKNOWN) {
        const struct slot_meta *meta = blockstore_meta(store, slot);
        if (!meta || meta->received == 0)
            break;
        ret_shreds[count++] = (struct served_shred){slot, meta->received - 1};
        slot = meta->parent; /* slot 0 is its own parent, and is sent again and again */
    }
    return count;
}

uint32_t repair_serve(const struct blockstore *store, const struct repair_request *request,
                      uint32_t answers_max, struct served_shred *ret_shreds)
{
    const struct slot_meta *meta = blockstore_meta(store, request->slot);
    if (!meta || answers_max == 0)
        return 0;
    switch (request->kind) {
    case REPAIR_ORPHAN:
        return serve_orphan(store, request->slot, answers_max, ret_shreds);
    case REPAIR_HIGHEST:
        if (meta->received <= request->index)
            return 0;
        ret_shreds[0] = (struct served_shred){request->slot, meta->received - 1};
        return 1;
    case REPAIR_SHRED:
        if (!shred_bits_test(&meta->data, request->index))
            return 0;
        ret_shreds[0] = (struct served_shred){request->slot, request->index};
        return 1;
    }
    return 0;
}

bool repair_answer_fits(const struct repair_request *request, uint64_t slot, uint32_t index)
{
    switch (request->kind) {
    case REPAIR_ORPHAN:
        return slot <= request->slot;
    case REPAIR_HIGHEST:
        return slot == request->slot && index >= request->index;
    case REPAIR_SHRED:
        return slot == request->slot && index == request->index;
    }
    return false;
}

struct nonce_entry {
    struct repair_request request;
    int64_t expire_ms;
    uint32_t nonce, left, older, newer;
};

static const char *const NAME = "spread: nonces of repair";

void repair_nonces_pool_init(struct pool *pool, struct memory *memory)
{
    pool_init(pool, memory, NAME, sizeof(struct nonce_entry));
}

void repair_nonces_init(struct repair_nonces *nonces, struct pool *entries, uint32_t limit)
{
    SIM_ASSERT(limit > 0);
    *nonces = (struct repair_nonces){.entries = entries, .limit = limit};
    map_init(&nonces->handles, entries->memory, NAME);
}

static struct nonce_entry *entry_at(const struct repair_nonces *nonces, uint32_t handle)
{
    return handle ? pool_at(nonces->entries, handle) : NULL;
}

static uint32_t find(const struct repair_nonces *nonces, uint32_t nonce)
{
    uint64_t handle = 0;
    return map_get(&nonces->handles, nonce, &handle) ? (uint32_t)handle : 0;
}

static void unlink_entry(struct repair_nonces *nonces, const struct nonce_entry *entry)
{
    struct nonce_entry *older = entry_at(nonces, entry->older);
    struct nonce_entry *newer = entry_at(nonces, entry->newer);
    if (older)
        older->newer = entry->newer;
    else
        nonces->oldest = entry->newer;
    if (newer)
        newer->older = entry->older;
    else
        nonces->newest = entry->older;
}

static void link_newest(struct repair_nonces *nonces, uint32_t handle)
{
    struct nonce_entry *entry = entry_at(nonces, handle);
    struct nonce_entry *before = entry_at(nonces, nonces->newest);
    entry->older = nonces->newest;
    entry->newer = 0;
    if (before)
        before->newer = handle;
    else
        nonces->oldest = handle;
    nonces->newest = handle;
}

static void drop(struct repair_nonces *nonces, uint32_t handle)
{
    struct nonce_entry *entry = entry_at(nonces, handle);
    unlink_entry(nonces, entry);
    map_remove(&nonces->handles, entry->nonce);
    pool_give(nonces->entries, handle);
    nonces->count--;
}

void repair_nonces_add(struct repair_nonces *nonces, uint32_t nonce,
                       const struct repair_request *request, int64_t now_ms)
{
    /* Of what can be answered no more the oldest go: they would be the first to go at the limit. */
    while (nonces->oldest && entry_at(nonces, nonces->oldest)->expire_ms <= now_ms)
        drop(nonces, nonces->oldest);
    uint32_t before = find(nonces, nonce);
    if (before)
        drop(nonces, before);
    else if (nonces->count == nonces->limit)
        drop(nonces, nonces->oldest);
    uint32_t handle = pool_take(nonces->entries);
    *entry_at(nonces, handle) =
        (struct nonce_entry){.request = *request,
                             .expire_ms = now_ms + REPAIR_ANSWER_LIFETIME_MS,
                             .nonce = nonce,
                             .left = request->kind == REPAIR_ORPHAN ? REPAIR_ORPHAN_ANSWERS : 1};
    map_put(&nonces->handles, nonce, handle);
    link_newest(nonces, handle);
    nonces->count++;
}

bool repair_nonces_answer(struct repair_nonces *nonces, uint32_t nonce, uint64_t slot,
                          uint32_t index, int64_t now_ms, struct repair_request *ret_request)
{
    uint32_t handle = find(nonces, nonce);
    struct nonce_entry *entry = entry_at(nonces, handle);
    if (!entry)
        return false;
    if (now_ms >= entry->expire_ms || !repair_answer_fits(&entry->request, slot, index)) {
        drop(nonces, handle);
        return false;
    }
    *ret_request = entry->request;
    entry->left--;
    if (entry->left == 0) {
        drop(nonces, handle);
    } else {
        unlink_entry(nonces, entry);
        link_newest(nonces, handle);
    }
    return true;
}

void repair_nonces_refuse(struct repair_nonces *nonces, uint32_t nonce)
{
    uint32_t handle = find(nonces, nonce);
    if (handle)
        drop(nonces, handle);
}

uint32_t repair_nonces_left(const struct repair_nonces *nonces, uint32_t nonce)
{
    uint32_t handle = find(nonces, nonce);
    return handle ? entry_at(nonces, handle)->left : 0;
}

void repair_nonces_destroy(struct repair_nonces *nonces)
{
    while (nonces->oldest)
        drop(nonces, nonces->oldest);
    map_destroy(&nonces->handles);
    *nonces = (struct repair_nonces){0};
}
