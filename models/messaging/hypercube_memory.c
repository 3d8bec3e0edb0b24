/* What a chain remembers of messages that came, and when it forgets.
 *
 * A node of the set (TON-48) goes when the removal from the neighbour's queue is seen (TON-49), an
 * entry of the instant table when its slow copy is gone; with proofs about, both stay until no copy
 * of the proof can be young enough. Young enough is counted in blocks (TON-R51): a proof speaks as
 * of a position, and is refused once `look_back` blocks of the destination stand at that position
 * or later.
 *
 * A position is a logical time where blocks are shown by the masterchain, which keeps those of all
 * shards in step (TON-R13). SIMPLIFICATION: where blocks are seen at once nothing does, an idle
 * shard's falls behind, and the times of slots are compared instead. */

#include "models/messaging/hypercube_proofs.h"
#include "models/messaging/hypercube_switch.h"

uint64_t cube_position_of(const struct hypercube *cube, const struct parcel *parcel)
{
    return cube->by_master ? parcel->lt : parcel->envelope.created_ns;
}

uint64_t cube_position_now(const struct hypercube *cube, const struct cube_chain *chain,
                           uint64_t now_ns)
{
    uint64_t next_seqno;
    if (!cube->by_master)
        return now_ns;
    cube->stack->chain.visible_ns(cube->stack->chain.self, now_ns, &next_seqno);
    uint64_t master_lt = (next_seqno - 1) * cube->master_lt_step;
    return chain->lt > master_lt ? chain->lt : master_lt;
}

static uint64_t *ring_of(struct hypercube *cube, struct cube_chain *chain)
{
    if (chain->ring == 0)
        chain->ring = pool_take(&cube->rings);
    return pool_at(&cube->rings, chain->ring);
}

void cube_look_back_note(struct hypercube *cube, struct cube_chain *chain,
                         const struct block *block)
{
    const uint32_t size = (uint32_t)cube->config.look_back;
    uint64_t *ring = ring_of(cube, chain);
    uint64_t position = block->time_ns;
    if (cube->by_master) {
        bool open = block->body[LAYER_MESSAGING] != 0;
        position = (open ? chain->lt : cube_start_lt(cube, chain, block)) + 1;
    }
    if (chain->ring_count > 0) { /* end_lt never falls */
        uint64_t newest = ring[(chain->ring_count - 1) % size];
        SIM_ASSERT(position >= newest);
    }
    ring[chain->ring_count % size] = position;
    chain->ring_count++;
}

bool cube_look_back_open(struct hypercube *cube, struct cube_chain *chain, uint64_t position)
{
    const uint32_t size = (uint32_t)cube->config.look_back;
    if (chain->ring_count < size)
        return true;
    return ring_of(cube, chain)[chain->ring_count % size] < position;
}

struct dedup_node *cube_node_find(struct hypercube *cube, struct cube_chain *chain, uint64_t id,
                                  uint32_t *ret_slot)
{
    uint64_t slot;
    if (!map_get(&chain->dedup, id, &slot))
        return NULL;
    *ret_slot = (uint32_t)slot;
    return pool_at(&cube->nodes, (uint32_t)slot);
}

static struct instant_node *find_instant(struct hypercube *cube, struct cube_chain *chain,
                                         const struct parcel *parcel, uint32_t *ret_slot)
{
    struct instant_key key = instant_key_of(parcel->envelope.to, parcel->hash);
    *ret_slot = instant_table_find(&chain->instant, &cube->instants, &key);
    return *ret_slot == 0 ? NULL : pool_at(&cube->instants, *ret_slot);
}

bool cube_remembers(struct hypercube *cube, struct cube_chain *chain, const struct parcel *parcel)
{
    uint32_t slot;
    const struct dedup_node *node = cube_node_find(cube, chain, parcel->envelope.id, &slot);
    if (node != NULL && node->state != 0)
        return true;
    const struct instant_node *instant = find_instant(cube, chain, parcel, &slot);
    return instant != NULL && instant->state != 0;
}

uint32_t cube_remember(struct hypercube *cube, struct block *block, struct cube_chain *chain,
                       const struct parcel *parcel)
{
    uint32_t slot;
    uint64_t id = parcel->envelope.id;
    if (cube->config.dedup == CUBE_WATERMARK || cube_node_find(cube, chain, id, &slot) != NULL)
        return 0;
    slot = pool_take(&cube->nodes);
    struct dedup_node *node = pool_at(&cube->nodes, slot);
    node->id = id;
    node->position = cube_position_of(cube, parcel);
    node->chain = chain->chain;
    node->next_hop = cube_next_address(parcel).prefix;
    block_set(cube->stack, block, &node->state, 1);
    map_put(&chain->dedup, id, slot);
    return slot;
}

uint32_t cube_remember_instant(struct hypercube *cube, struct block *block,
                               struct cube_chain *chain, const struct parcel *parcel,
                               uint64_t position)
{
    uint32_t slot;
    if (find_instant(cube, chain, parcel, &slot) != NULL)
        return 0; /* only where a rule is broken on purpose */
    struct instant_key key = instant_key_of(parcel->envelope.to, parcel->hash);
    slot = instant_table_add(&chain->instant, &cube->instants, &key, parcel->envelope.id);
    struct instant_node *node = pool_at(&cube->instants, slot);
    node->import_lt = chain->lt;
    node->position = position;
    block_set(cube->stack, block, &node->state, 1);
    return slot;
}

void cube_node_free(struct hypercube *cube, struct cube_chain *chain, uint32_t slot)
{
    struct dedup_node *node = pool_at(&cube->nodes, slot);
    map_remove(&chain->dedup, node->id);
    node->chain = 0;
    pool_give(&cube->nodes, slot);
}

void cube_let_go(struct hypercube *cube, struct context *context, struct cube_chain *chain,
                 uint32_t slot)
{
    struct dedup_node *node = pool_at(&cube->nodes, slot);
    if (node->fading)
        return;
    if (cube->config.path == CUBE_SLOW) {
        cube_node_free(cube, chain, slot);
        cube_count(cube, context, CUBE_REMEMBERED, -1);
        return;
    }
    node->fading = true;
    node->next = 0;
    if (chain->fading.last != 0)
        ((struct dedup_node *)pool_at(&cube->nodes, chain->fading.last))->next = slot;
    else
        chain->fading.first = slot;
    chain->fading.last = slot;
}

void cube_instant_copy_gone(struct hypercube *cube, struct cube_chain *chain, uint32_t slot,
                            uint64_t position)
{
    struct instant_node *node = pool_at(&cube->instants, slot);
    if (node->copy_gone)
        return;
    node->copy_gone = true;
    if (position > node->position)
        node->position = position;
    if (chain->instant_gone.last != 0)
        ((struct instant_node *)pool_at(&cube->instants, chain->instant_gone.last))->next = slot;
    else
        chain->instant_gone.first = slot;
    chain->instant_gone.last = slot;
}

static void expire_instants(struct hypercube *cube, struct context *context,
                            struct cube_chain *chain)
{
    while (chain->instant_gone.first != 0) {
        uint32_t slot = chain->instant_gone.first;
        const struct instant_node *node = pool_at(&cube->instants, slot);
        if (cube_look_back_open(cube, chain, node->position))
            break;
        chain->instant_gone.first = node->next;
        if (node->next == 0)
            chain->instant_gone.last = 0;
        instant_table_remove(&chain->instant, &cube->instants, slot);
        cube_count(cube, context, CUBE_REMEMBERED, -1);
    }
}

static void expire_nodes(struct hypercube *cube, struct context *context, struct cube_chain *chain)
{
    while (chain->fading.first != 0) {
        uint32_t slot = chain->fading.first;
        const struct dedup_node *node = pool_at(&cube->nodes, slot);
        if (cube_look_back_open(cube, chain, node->position))
            break;
        chain->fading.first = node->next;
        if (node->next == 0)
            chain->fading.last = 0;
        cube_node_free(cube, chain, slot);
        cube_count(cube, context, CUBE_REMEMBERED, -1);
    }
}

static void expire_confirmed(struct hypercube *cube, const struct block *block,
                             struct cube_chain *chain)
{
    while (chain->confirmed_list.first != 0) {
        uint32_t slot = chain->confirmed_list.first;
        const struct confirmed *confirmed = pool_at(&cube->confirmations, slot);
        if (confirmed->expires_ns > block->time_ns)
            break;
        chain->confirmed_list.first = confirmed->next;
        if (confirmed->next == 0)
            chain->confirmed_list.last = 0;
        map_remove(&chain->confirmed, confirmed->id);
        pool_give(&cube->confirmations, slot);
    }
}

void cube_expire(struct hypercube *cube, struct context *context, const struct block *block,
                 struct cube_chain *chain)
{
    expire_nodes(cube, context, chain);
    expire_instants(cube, context, chain);
    expire_confirmed(cube, block, chain);
}

void cube_keep_confirmed(struct hypercube *cube, const struct block *block,
                         struct cube_chain *chain, uint64_t id)
{
    enum { CONFIRMED_LIFE_BLOCKS = 64 };
    uint32_t slot = pool_take(&cube->confirmations);
    *(struct confirmed *)pool_at(&cube->confirmations, slot) = (struct confirmed){
        id, block->final_ns + CONFIRMED_LIFE_BLOCKS * cube_interval_ns(cube, block->chain), 0};
    if (chain->confirmed_list.last != 0)
        ((struct confirmed *)pool_at(&cube->confirmations, chain->confirmed_list.last))->next =
            slot;
    else
        chain->confirmed_list.first = slot;
    chain->confirmed_list.last = slot;
}
