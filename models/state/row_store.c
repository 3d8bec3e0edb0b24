#include "models/state/row_store.h"

struct slot {
    uint64_t value, key;
    uint32_t chain, space;
    uint32_t next; /* of the same hash */
};

void row_store_init(struct row_store *store, struct memory *memory)
{
    map_init(&store->heads, memory, "state: index of rows");
    pool_init(&store->slots, memory, "state: rows", sizeof(struct slot));
}

void row_store_destroy(struct row_store *store)
{
    map_destroy(&store->heads);
    pool_destroy(&store->slots);
}

/* Spreads (chain, space, key); the map mixes further. Equal hashes are told apart by comparison. */
static uint64_t hash_row(struct row row)
{
    uint64_t place = (uint64_t)row.chain << 32 | row.space;
    return row.key ^ (place * UINT64_C(0x9e3779b97f4a7c15) ^ place >> 29);
}

static struct slot *find(const struct row_store *store, struct row row, uint64_t hash)
{
    uint64_t head = 0;
    if (!map_get(&store->heads, hash, &head))
        return NULL;
    for (uint32_t handle = (uint32_t)head; handle;) {
        struct slot *slot = pool_at(&store->slots, handle);
        if (slot->key == row.key && slot->chain == row.chain && slot->space == row.space)
            return slot;
        handle = slot->next;
    }
    return NULL;
}

uint64_t *row_store_get(const struct row_store *store, struct row row)
{
    struct slot *slot = find(store, row, hash_row(row));
    return slot ? &slot->value : NULL;
}

uint64_t *row_store_touch(struct row_store *store, struct row row)
{
    uint64_t hash = hash_row(row);
    struct slot *slot = find(store, row, hash);
    if (slot)
        return &slot->value;
    uint64_t head = 0;
    (void)map_get(&store->heads, hash, &head);
    uint32_t handle = pool_take(&store->slots);
    slot = pool_at(&store->slots, handle);
    *slot = (struct slot){
        .key = row.key, .chain = row.chain, .space = row.space, .next = (uint32_t)head};
    map_put(&store->heads, hash, handle);
    return &slot->value;
}

void row_store_move(struct row_store *store, struct row row, uint32_t chain, uint64_t amount)
{
    uint64_t hash = hash_row(row), head = 0;
    struct slot *slot = find(store, row, hash);
    struct row target = {.chain = chain, .space = row.space, .key = row.key};
    if (!slot)
        return;
    *row_store_touch(store, target) += amount;
    slot->value -= amount;
    if (slot->value != 0)
        return;
    (void)map_get(&store->heads, hash, &head);
    uint32_t handle = (uint32_t)head, before = 0;
    while (pool_at(&store->slots, handle) != slot) {
        before = handle;
        handle = ((struct slot *)pool_at(&store->slots, handle))->next;
    }
    if (before)
        ((struct slot *)pool_at(&store->slots, before))->next = slot->next;
    else if (slot->next)
        map_put(&store->heads, hash, slot->next);
    else
        map_remove(&store->heads, hash);
    pool_give(&store->slots, handle);
}

uint32_t row_store_count(const struct row_store *store)
{
    return store->slots.live;
}
