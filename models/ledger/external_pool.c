#include "models/ledger/external_pool.h"

#include "sim/sim_assert.h"

struct account_count { /* of one account */
    uint64_t window_start_ns;
    uint32_t checks, pending;
};

struct message_memory { /* of a message that was let in */
    uint64_t hash, until_ns;
    uint32_t next;
    bool taken;
};

void external_pools_init(struct external_pools *pools, struct memory *memory)
{
    *pools = (struct external_pools){.memory = memory};
    pool_init(&pools->pools, memory, "ledger: pools of messages", sizeof(struct external_pool));
    pool_init(&pools->accounts, memory, "ledger: counts of accounts", sizeof(struct account_count));
    pool_init(&pools->memories, memory, "ledger: messages let in", sizeof(struct message_memory));
    map_init(&pools->pool_of, memory, "ledger: index of pools");
    map_init(&pools->account_of, memory, "ledger: index of counts");
    map_init(&pools->memory_of, memory, "ledger: index of messages let in");
}

void external_pools_destroy(struct external_pools *pools)
{
    for (uint32_t number = 0; number < external_pool_count(pools); number++)
        input_ring_destroy(&external_pool_at(pools, number)->checking, pools->memory);
    pool_destroy(&pools->pools);
    pool_destroy(&pools->accounts);
    pool_destroy(&pools->memories);
    map_destroy(&pools->pool_of);
    map_destroy(&pools->account_of);
    map_destroy(&pools->memory_of);
}

uint32_t external_pool_count(const struct external_pools *pools)
{
    return pools->pools.live;
}

struct external_pool *external_pool_at(const struct external_pools *pools, uint32_t number)
{
    return pool_at(&pools->pools, number + 1);
}

struct external_pool *external_pool_get(struct external_pools *pools, uint32_t chain)
{
    uint64_t handle = 0;
    if (!map_get(&pools->pool_of, chain, &handle)) {
        handle = pool_take(&pools->pools);
        map_put(&pools->pool_of, chain, handle);
        struct external_pool *pool = pool_at(&pools->pools, (uint32_t)handle);
        pool->chain = chain;
    }
    return pool_at(&pools->pools, (uint32_t)handle);
}

struct external_pool *external_pool_find(const struct external_pools *pools, uint32_t chain)
{
    uint64_t handle;
    return map_get(&pools->pool_of, chain, &handle) ? pool_at(&pools->pools, (uint32_t)handle)
                                                    : NULL;
}

/* Two lists that are joined are not sorted: what stands behind a younger one is forgotten later. */
void external_pool_inherit(struct external_pools *pools, struct external_pool *old,
                           struct external_pool *young)
{
    if (old->first == 0)
        return;
    if (young->last)
        ((struct message_memory *)pool_at(&pools->memories, young->last))->next = old->first;
    else
        young->first = old->first;
    young->last = old->last;
    old->first = old->last = 0;
}

void external_pool_move(struct external_pool *old, struct external_pool *young)
{
    SIM_ASSERT(old->pending > 0);
    old->pending--;
    young->pending++;
}

/* Accounts of different workchains may have one prefix: an odd factor keeps them apart, and two
 * that meet all the same would only share their limits. */
static uint64_t account_name(struct address account)
{
    return account.prefix + (uint64_t)(uint32_t)account.workchain * UINT64_C(0x9e3779b97f4a7c15);
}

static struct account_count *count_of(struct external_pools *pools, struct address account)
{
    uint64_t handle = 0, name = account_name(account);
    if (!map_get(&pools->account_of, name, &handle)) {
        handle = pool_take(&pools->accounts);
        map_put(&pools->account_of, name, handle);
    }
    return pool_at(&pools->accounts, (uint32_t)handle);
}

static void forget_old(struct external_pools *pools, struct external_pool *pool, uint64_t now_ns)
{
    while (pool->first) {
        const struct message_memory *oldest = pool_at(&pools->memories, pool->first);
        if (oldest->until_ns >= now_ns)
            return;
        uint32_t next = oldest->next;
        map_remove(&pools->memory_of, oldest->hash);
        pool_give(&pools->memories, pool->first);
        pool->first = next;
        if (next == 0)
            pool->last = 0;
    }
}

enum tx_reason external_pool_judge(struct external_pools *pools, struct external_pool *pool,
                                   const struct external_limits *limits, uint64_t now_ns,
                                   const struct tx *tx, uint64_t hash)
{
    uint64_t known;
    forget_old(pools, pool, now_ns);
    if (tx->bytes > limits->bytes)
        return REASON_BYTES;
    if (now_ns > tx->submit_ns + limits->life_ns)
        return REASON_EXPIRED;
    if (map_get(&pools->memory_of, hash, &known))
        return REASON_REPEATED;
    if (pool->pending >= limits->pending)
        return REASON_POOL;
    struct account_count *count = count_of(pools, tx->part[0].account);
    if (count->pending >= limits->account_pending)
        return REASON_PENDING;
    if (now_ns - count->window_start_ns >= limits->window_ns) {
        count->window_start_ns = now_ns - now_ns % limits->window_ns;
        count->checks = 0;
    }
    if (count->checks >= limits->account_checks)
        return REASON_RATE;
    count->checks++;
    return REASON_NONE;
}

void external_pool_admit(struct external_pools *pools, struct external_pool *pool,
                         const struct external_limits *limits, uint64_t now_ns, const struct tx *tx,
                         uint64_t hash)
{
    uint64_t known;
    count_of(pools, tx->part[0].account)->pending++;
    pool->pending++;
    if (map_get(&pools->memory_of, hash, &known))
        return;
    uint32_t handle = pool_take(&pools->memories);
    struct message_memory *memory = pool_at(&pools->memories, handle);
    *memory = (struct message_memory){.hash = hash, .until_ns = now_ns + 2 * limits->life_ns};
    if (pool->last)
        ((struct message_memory *)pool_at(&pools->memories, pool->last))->next = handle;
    else
        pool->first = handle;
    pool->last = handle;
    map_put(&pools->memory_of, hash, handle);
}

void external_pool_leave(struct external_pools *pools, struct external_pool *pool,
                         const struct tx *tx)
{
    struct account_count *count = count_of(pools, tx->part[0].account);
    SIM_ASSERT(count->pending > 0);
    SIM_ASSERT(pool->pending > 0);
    count->pending--;
    pool->pending--;
}

bool external_pool_taken(struct external_pools *pools, uint64_t hash)
{
    uint64_t handle;
    if (!map_get(&pools->memory_of, hash, &handle))
        return true; /* forgotten: it lives no longer, and its block took very long */
    struct message_memory *memory = pool_at(&pools->memories, (uint32_t)handle);
    bool first = !memory->taken;
    memory->taken = true;
    return first;
}
