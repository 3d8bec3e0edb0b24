/* Shards that split and merge (TON-R57 to TON-R60): what the messaging of the chains that die, and
 * of their neighbours, becomes. One event, as the masterchain block that says so is final.
 *
 * Both ends of every link that is concerned are rebuilt here, so nothing depends on packets that
 * are on their way: they carry the epoch of a link that is no more, and are not taken. What they
 * held is sent again. */

#include <string.h>

#include "models/messaging/hypercube_switch.h"
#include "sim/diagnostics.h"

int cube_reshard_build(struct hypercube *cube, const struct build *build)
{
    const struct chain_seam *chain = &build->stack->chain;
    for (uint32_t i = 0; i < chain->count(chain->self, CHAIN_SHARD); i++) {
        uint32_t shard = chain->at(chain->self, CHAIN_SHARD, i);
        unsigned depth = shard_depth(chain->prefix(chain->self, shard).prefix);
        cube->deepest = depth > cube->deepest ? depth : cube->deepest;
    }
    if (!chain->reshards(chain->self))
        return 0;
    if (cube->config.order == DELIVERY_ORDER_PAPER) {
        diagnostics_add(build->diagnostics, "E311", build->pointer, AT_VALUE,
                        "shards split and merge, and then the age of the enqueuing block does not "
                        "keep a sender's order: of two messages the later one may skip a hop",
                        "order \"deployed\", or no chain.resharding", NULL,
                        "\"order\": \"deployed\"");
        return -1;
    }
    if (cube->config.path == CUBE_SLOW)
        return 0;
    /* SIMPLIFICATION: proofs, their table and what confirms them are not divided. */
    diagnostics_add(build->diagnostics, "E311", build->pointer, AT_VALUE,
                    "shards split and merge, and the instant path does not follow them",
                    "path \"slow\", or no chain.resharding", NULL, "\"path\": \"slow\"");
    return -1;
}

uint32_t cube_epoch(struct hypercube *cube, uint32_t a, uint32_t b)
{
    if (cube->switches == 0)
        return 0;
    uint32_t of_a = cube_chain_get(cube, a)->birth, of_b = cube_chain_get(cube, b)->birth;
    return of_a > of_b ? of_a : of_b;
}

bool cube_current(struct hypercube *cube, uint32_t a, uint32_t b, uint32_t epoch)
{
    if (cube->switches == 0)
        return true;
    return !cube_chain_get(cube, a)->dead && !cube_chain_get(cube, b)->dead &&
           cube_epoch(cube, a, b) == epoch;
}

struct address cube_current_address(const struct parcel *parcel)
{
    return route_interpolate(parcel->envelope.from, parcel->envelope.to, parcel->current_bits);
}

struct address cube_next_address(const struct parcel *parcel)
{
    return route_interpolate(parcel->envelope.from, parcel->envelope.to, parcel->next_bits);
}

bool cube_switch_is(const uint32_t *chains, uint32_t count, uint32_t chain)
{
    for (uint32_t i = 0; i < count; i++)
        if (chains[i] == chain)
            return true;
    return false;
}

uint32_t cube_switch_holder(const struct cube_switch *sw, struct address address)
{
    for (uint32_t i = 0; i < sw->young_count; i++)
        if (route_holds(cube_prefix(sw->cube, sw->young[i]), address))
            return sw->young[i];
    return CHAIN_NONE;
}

/* TON-R57: records are narrowed to each half. TON-R58: those of both halves, united. */
static void inherit_watermarks(struct cube_switch *sw, struct cube_chain *young)
{
    struct hypercube *cube = sw->cube;
    uint32_t count = 0;
    for (uint32_t i = 0; i < sw->old_count; i++)
        count += cube_chain_get(cube, sw->old[i])->upto.count;
    if (count > young->upto.capacity)
        young->upto.records =
            memory_grow(cube->memory, "messaging.watermarks", young->upto.records,
                        &young->upto.capacity, count, sizeof young->upto.records[0]);
    const struct processed_upto *first = &cube_chain_get(cube, sw->old[0])->upto;
    if (first->count > 0)
        memcpy(young->upto.records, first->records, first->count * sizeof first->records[0]);
    young->upto.count = first->count;
    young->upto.owner = first->owner;
    if (sw->old_count == 2)
        processed_combine(&young->upto, &cube_chain_get(cube, sw->old[1])->upto);
    else
        processed_split(&young->upto, cube_prefix(cube, young->chain).prefix);
}

static void begin(struct cube_switch *sw)
{
    struct hypercube *cube = sw->cube;
    cube->switches++;
    sw->lt = 0;
    uint64_t seen_lt = 0;
    for (uint32_t i = 0; i < sw->old_count; i++) {
        struct cube_chain *old = cube_chain_get(cube, sw->old[i]);
        SIM_ASSERT(old->open_number == 0);
        SIM_ASSERT(old->pending.first == 0 && old->stops.first == 0 && old->fading.first == 0);
        sw->lt = old->lt > sw->lt ? old->lt : sw->lt;
        seen_lt = old->seen_lt > seen_lt ? old->seen_lt : seen_lt;
        old->dead = true;
        for (uint32_t slot = old->links.first; slot != 0;) {
            struct link *link = pool_at(&cube->links, slot);
            link->ended = true;
            cube_chain_get(cube, link->neighbour); /* to whom nothing may have come yet */
            slot = link->next_of_chain;
        }
    }
    sw->lt++;
    for (uint32_t i = 0; i < sw->young_count; i++) {
        struct cube_chain *young = cube_chain_get(cube, sw->young[i]);
        SIM_ASSERT(young->links.first == 0 && young->queue_length == 0);
        unsigned depth = shard_depth(cube_prefix(cube, sw->young[i]).prefix);
        cube->deepest = depth > cube->deepest ? depth : cube->deepest;
        young->birth = cube->switches;
        young->dead = false;
        young->lt = sw->lt + 1; /* above what is stamped anew */
        young->seen_lt = seen_lt;
        inherit_watermarks(sw, young);
    }
    for (uint32_t slot = 1; slot <= cube->chains_made; slot++) {
        const struct cube_chain *chain = pool_at(&cube->chains, slot);
        uint32_t link_slot;
        for (uint32_t i = 0; i < sw->old_count; i++) {
            struct link *link = cube_link_find(cube, chain->chain, sw->old[i], &link_slot);
            if (link != NULL)
                link->ended = true;
        }
    }
}

static void free_histories(struct hypercube *cube, struct link *link)
{
    while (link->history_first != 0) {
        uint32_t slot = link->history_first;
        link->history_first = ((const struct history *)pool_at(&cube->histories, slot))->next;
        pool_give(&cube->histories, slot);
    }
}

static void free_removals(struct hypercube *cube, struct link *link)
{
    while (link->removal_first != 0) {
        uint32_t slot = link->removal_first;
        link->removal_first = ((const struct removal_node *)pool_at(&cube->removals, slot))->next;
        pool_give(&cube->removals, slot);
    }
}

/* Takes the links that ended out of a chain's list and gives them back. */
static void free_links(struct hypercube *cube, struct cube_chain *chain)
{
    uint32_t before = 0;
    for (uint32_t slot = chain->links.first; slot != 0;) {
        struct link *link = pool_at(&cube->links, slot);
        uint32_t next = link->next_of_chain;
        if (!link->ended) {
            before = slot;
            slot = next;
            continue;
        }
        SIM_ASSERT(link->out_first == 0 && link->held_first == 0);
        if (before != 0)
            ((struct link *)pool_at(&cube->links, before))->next_of_chain = next;
        else
            chain->links.first = next;
        if (next == 0)
            chain->links.last = before;
        free_histories(cube, link);
        free_removals(cube, link);
        cube_slow_forget(cube, link);
        map_remove(&cube->link_by_key, (uint64_t)link->chain << 32 | link->neighbour);
        pool_give(&cube->links, slot);
        slot = next;
    }
}

static void end(struct cube_switch *sw)
{
    struct hypercube *cube = sw->cube;
    for (uint32_t slot = 1; slot <= cube->chains_made; slot++)
        free_links(cube, pool_at(&cube->chains, slot));
    for (uint32_t i = 0; i < sw->old_count; i++) {
        struct cube_chain *old = cube_chain_get(cube, sw->old[i]);
        SIM_ASSERT(old->queue_length == 0 && old->entries.count == 0 && old->mirrors.count == 0);
        SIM_ASSERT(old->dedup.count == 0 && old->waiting.count == 0 && old->heap.count == 0);
        old->upto.count = 0;
        if (old->queue_sampled != 0)
            context_sample(sw->context, "queue", identity_of(ROLE_CHAIN, sw->old[i]), 0);
        if (old->backlog_sampled != 0)
            context_sample(sw->context, "backlog", identity_of(ROLE_CHAIN, sw->old[i]), 0);
        old->queue_sampled = old->backlog_sampled = 0;
    }
    delivery_check_switched(&cube->check);
}

static void run(struct cube_switch *sw)
{
    begin(sw);
    cube_relink_settle(sw);
    cube_inherit_inputs(sw);
    cube_inherit_removals(sw);
    cube_relink_entries(sw);
    cube_relink_mirrors(sw);
    cube_relink_streams(sw);
    cube_inherit_senders(sw);
    cube_inherit_memory(sw);
    end(sw);
}

void cube_divide(void *self, struct context *context, uint32_t parent, uint32_t left,
                 uint32_t right)
{
    struct cube_switch sw = {.cube = self,
                             .context = context,
                             .old = {parent},
                             .old_count = 1,
                             .young = {left, right},
                             .young_count = 2};
    run(&sw);
}

void cube_unite(void *self, struct context *context, uint32_t left, uint32_t right, uint32_t parent)
{
    struct cube_switch sw = {.cube = self,
                             .context = context,
                             .old = {left, right},
                             .old_count = 2,
                             .young = {parent},
                             .young_count = 1};
    run(&sw);
}
