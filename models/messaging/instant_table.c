#include "models/messaging/instant_table.h"

#include <string.h>

void instant_table_init(struct instant_table *table, struct memory *memory)
{
    map_init(&table->by_key, memory, "messaging.instant");
    map_init(&table->by_id, memory, "messaging.instant_ids");
}

void instant_table_destroy(struct instant_table *table)
{
    map_destroy(&table->by_key);
    map_destroy(&table->by_id);
}

struct instant_key instant_key_of(struct address to, const unsigned char hash[HASH_BYTES])
{
    struct instant_key key = {.prefix = to.prefix};
    memcpy(key.hash, hash, HASH_BYTES);
    return key;
}

/* A hash is even already; the prefix moves it, so that it counts too. */
static uint64_t fold(const struct instant_key *key)
{
    uint64_t head;
    memcpy(&head, key->hash, sizeof head);
    return head + key->prefix;
}

static bool same(const struct instant_key *a, const struct instant_key *b)
{
    return a->prefix == b->prefix && memcmp(a->hash, b->hash, HASH_BYTES) == 0;
}

uint32_t instant_table_find(const struct instant_table *table, const struct pool *nodes,
                            const struct instant_key *key)
{
    uint64_t first;
    if (!map_get(&table->by_key, fold(key), &first))
        return 0;
    uint32_t slot = (uint32_t)first;
    while (slot != 0) {
        const struct instant_node *node = pool_at(nodes, slot);
        if (same(&node->key, key))
            break;
        slot = node->next_same;
    }
    return slot;
}

uint32_t instant_table_named(const struct instant_table *table, uint64_t id)
{
    uint64_t slot;
    return map_get(&table->by_id, id, &slot) ? (uint32_t)slot : 0;
}

uint32_t instant_table_add(struct instant_table *table, struct pool *nodes,
                           const struct instant_key *key, uint64_t id)
{
    SIM_ASSERT(instant_table_find(table, nodes, key) == 0);
    SIM_ASSERT(instant_table_named(table, id) == 0);
    uint64_t first = 0;
    uint32_t slot = pool_take(nodes);
    struct instant_node *node = pool_at(nodes, slot);
    node->key = *key;
    node->id = id;
    map_get(&table->by_key, fold(key), &first);
    node->next_same = (uint32_t)first;
    map_put(&table->by_key, fold(key), slot);
    map_put(&table->by_id, id, slot);
    return slot;
}

void instant_table_remove(struct instant_table *table, struct pool *nodes, uint32_t slot)
{
    const struct instant_node *node = pool_at(nodes, slot);
    uint64_t first;
    bool known = map_get(&table->by_key, fold(&node->key), &first);
    SIM_ASSERT(known);
    if (first == slot && node->next_same == 0) {
        map_remove(&table->by_key, fold(&node->key));
    } else if (first == slot) {
        map_put(&table->by_key, fold(&node->key), node->next_same);
    } else {
        struct instant_node *before = pool_at(nodes, (uint32_t)first);
        while (before->next_same != slot)
            before = pool_at(nodes, before->next_same);
        before->next_same = node->next_same;
    }
    map_remove(&table->by_id, node->id);
    pool_give(nodes, slot);
}
