/* A switch's queues and views: entries go by their current address (TON-R57), views of neighbours'
 * queues by the next hop's, which never changes (TON-R60); each new link gets places of its own. */

#include "models/messaging/hypercube_switch.h"

static bool is_old(const struct cube_switch *sw, uint32_t chain)
{
    return cube_switch_is(sw->old, sw->old_count, chain);
}

static bool is_young(const struct cube_switch *sw, uint32_t chain)
{
    return cube_switch_is(sw->young, sw->young_count, chain);
}

/* The receiver's view of an entry, NULL if it has none. */
static struct mirror *view_of(const struct hypercube *cube, const struct cube_chain *receiver,
                              uint32_t link, uint64_t id)
{
    uint64_t slot;
    if (!map_get(&receiver->mirrors, id, &slot))
        return NULL;
    struct mirror *mirror = pool_at(&cube->mirrors, (uint32_t)slot);
    return mirror->link == link && mirror->entry == 0 ? mirror : NULL;
}

/* Whether the receiver has imported an entry, in a final block. */
static bool was_imported(const struct hypercube *cube, const struct cube_chain *receiver,
                         const struct link *in, uint32_t in_slot, const struct entry *entry)
{
    return entry->parcel.place <= in->place_seen &&
           view_of(cube, receiver, in_slot, entry->parcel.envelope.id) == NULL;
}

/* SIMPLIFICATION: what a neighbour had imported in final blocks is known at the switch, whether its
 * answer has come or not: the masterchain block shows the states of both (TON-R31). */
static void settle(struct cube_switch *sw, uint32_t from, uint32_t to)
{
    struct hypercube *cube = sw->cube;
    uint32_t out_slot, in_slot;
    struct link *out = cube_link_find(cube, from, to, &out_slot);
    const struct link *in = cube_link_find(cube, to, from, &in_slot);
    if (out == NULL || in == NULL)
        return;
    struct cube_chain *sender = cube_chain_get(cube, from);
    const struct cube_chain *receiver = cube_chain_get(cube, to);
    bool told = false;
    for (uint32_t slot = out->out_first; slot != 0;) {
        struct entry *entry = pool_at(&cube->entries, slot);
        slot = entry->next;
        if (entry->answered || entry->cleaned || !was_imported(cube, receiver, in, in_slot, entry))
            continue;
        entry->received = true;
        cube_clean_answered(cube, sender, out, entry);
        told = true;
    }
    if (told)
        cube_wake(cube, sw->context, from);
}

void cube_relink_settle(struct cube_switch *sw)
{
    struct hypercube *cube = sw->cube;
    for (uint32_t slot = 1; slot <= cube->chains_made; slot++) {
        uint32_t other = ((const struct cube_chain *)pool_at(&cube->chains, slot))->chain;
        if (is_old(sw, other) || is_young(sw, other))
            continue;
        for (uint32_t i = 0; i < sw->old_count; i++) {
            settle(sw, sw->old[i], other);
            settle(sw, other, sw->old[i]);
        }
    }
}

/* ---- Entries ---- */

static void append_entry(struct hypercube *cube, struct link *link, uint32_t link_slot,
                         uint32_t slot)
{
    struct entry *entry = pool_at(&cube->entries, slot);
    link->due_lost = true;
    entry->link = link_slot;
    entry->next = 0;
    entry->previous = link->out_last;
    if (link->out_last != 0)
        ((struct entry *)pool_at(&cube->entries, link->out_last))->next = slot;
    else
        link->out_first = slot;
    link->out_last = slot;
}

/* Takes a mirror out of a view that ends; it is freed with the heap or the list it stands in. */
static void drop_mirror(struct hypercube *cube, struct cube_chain *chain, uint32_t slot)
{
    struct mirror *mirror = pool_at(&cube->mirrors, slot);
    uint64_t known, id = mirror->parcel.envelope.id;
    if (map_get(&chain->mirrors, id, &known) && known == slot)
        map_remove(&chain->mirrors, id);
    mirror->state = MIRROR_GONE;
}

/* An entry for the shard that its own one was united with: it has become one of the own queue
 * (TON-R58), or, if it had been imported there, it is to be removed by the first block (TON-R31).
 */
static void turn_own(struct cube_switch *sw, const struct link *old_link, uint32_t slot,
                     struct cube_chain *young)
{
    struct hypercube *cube = sw->cube;
    struct entry *entry = pool_at(&cube->entries, slot);
    uint64_t id = entry->parcel.envelope.id;
    struct cube_chain *receiver = cube_chain_get(cube, old_link->neighbour);
    uint32_t in_slot;
    const struct link *in = cube_link_find(cube, old_link->neighbour, old_link->chain, &in_slot);
    entry->turned = true;
    if (entry->answered || (in != NULL && was_imported(cube, receiver, in, in_slot, entry))) {
        entry->answered = false;
        entry->cleaned = true;
        struct input input = {.kind = INPUT_CLEAN, .id = id, .entry = slot};
        cube_input_put(cube, young, &input);
        return;
    }
    uint64_t mirror;
    if (in != NULL && view_of(cube, receiver, in_slot, id) != NULL &&
        map_get(&receiver->mirrors, id, &mirror))
        drop_mirror(cube, receiver, (uint32_t)mirror);
    delivery_check_placed(&cube->check, id, young->chain, sw->context->now_ns);
}

/* Puts a new mirror into the heap of what dies, which is emptied when places are known. */
static void view_later(struct hypercube *cube, struct cube_chain *old, uint32_t viewer,
                       uint32_t link_slot, uint32_t slot, const struct parcel *parcel)
{
    struct mirror *mirror = pool_at(&cube->mirrors, slot);
    mirror->parcel = *parcel;
    mirror->link = link_slot;
    map_put(&cube_chain_get(cube, viewer)->mirrors, parcel->envelope.id, slot);
    cube_mirror_ready(cube, old, slot);
}

/* TON-R59: right after a split each half sees what its parent's queue had for it in the other one,
 * as in a queue of its own: a virtual sibling. */
static void show_to_sibling(struct hypercube *cube, struct cube_chain *old, uint32_t sibling,
                            uint32_t holder, const struct entry *entry)
{
    uint32_t slot = pool_take(&cube->mirrors), link_slot;
    cube_link_get(cube, sibling, holder, &link_slot);
    view_later(cube, old, sibling, link_slot, slot, &entry->parcel);
    ((struct mirror *)pool_at(&cube->mirrors, slot))->parcel.links++;
}

static void move_entry(struct cube_switch *sw, const struct link *old_link, uint32_t slot)
{
    struct hypercube *cube = sw->cube;
    struct entry *entry = pool_at(&cube->entries, slot);
    uint64_t id = entry->parcel.envelope.id, mirror;
    uint32_t holder = old_link->chain, link_slot;
    if (is_old(sw, holder)) {
        struct cube_chain *old = cube_chain_get(cube, holder);
        holder = cube_switch_holder(sw, cube_current_address(&entry->parcel));
        SIM_ASSERT(holder != CHAIN_NONE);
        struct cube_chain *young = cube_chain_get(cube, holder);
        uint32_t next = cube_find(cube, cube_next_address(&entry->parcel));
        bool was_own = old_link->chain == old_link->neighbour;
        delivery_check_moved(&cube->check, id, old->chain, holder);
        if (sw->young_count == 2) /* each half's part is a stream of its own from here on */
            entry->parcel.queued_in = holder;
        if (!was_own && next == holder && !entry->cleaned)
            turn_own(sw, old_link, slot, young);
        if (was_own && next != holder && !entry->cleaned && map_get(&old->mirrors, id, &mirror)) {
            drop_mirror(cube, old, (uint32_t)mirror);
            show_to_sibling(cube, old, next, holder, entry);
        }
        uint64_t known;
        if (map_get(&old->entries, id, &known) && known == slot)
            map_remove(&old->entries, id);
        if (!entry->cleaned)
            map_put(&young->entries, id, slot);
        old->queue_length--;
        young->queue_length++;
    }
    uint32_t next = cube_find(cube, cube_next_address(&entry->parcel));
    struct link *link = cube_link_get(cube, holder, next, &link_slot);
    append_entry(cube, link, link_slot, slot);
    if (entry->answered)
        link->answered_count++;
    if (holder != next || entry->cleaned)
        return;
    /* In the own queue: seen already, or from now on. */
    struct cube_chain *old = cube_chain_get(cube, old_link->chain);
    if (map_get(&old->mirrors, id, &mirror) &&
        ((const struct mirror *)pool_at(&cube->mirrors, (uint32_t)mirror))->entry == slot)
        return;
    uint32_t shown = pool_take(&cube->mirrors);
    ((struct mirror *)pool_at(&cube->mirrors, shown))->entry = slot;
    view_later(cube, old, holder, link_slot, shown, &entry->parcel);
}

void cube_relink_entries(struct cube_switch *sw)
{
    struct hypercube *cube = sw->cube;
    uint32_t chains = cube->chains_made;
    for (uint32_t chain = 1; chain <= chains; chain++)
        for (uint32_t at = ((struct cube_chain *)pool_at(&cube->chains, chain))->links.first;
             at != 0;) {
            struct link *link = pool_at(&cube->links, at);
            at = link->next_of_chain; /* new links are put at the end, and have not ended */
            if (!link->ended)
                continue;
            uint32_t slot = link->out_first;
            link->out_first = link->out_last = link->open_first = 0;
            while (slot != 0) {
                uint32_t next = ((const struct entry *)pool_at(&cube->entries, slot))->next;
                move_entry(sw, link, slot);
                slot = next;
            }
        }
}

/* ---- Mirrors ---- */

/* What only fills gaps of the old stream goes; what a block has in hand leaves by it. */
static void empty_held(struct hypercube *cube, struct link *link)
{
    uint32_t slot = link->held_first;
    cube_chain_get(cube, link->chain)->gaps -= slot != 0;
    link->held_first = 0;
    while (slot != 0) {
        struct mirror *mirror = pool_at(&cube->mirrors, slot);
        uint32_t next = mirror->next;
        mirror->next = 0;
        if (mirror->state == MIRROR_GONE && mirror->in_act) {
            mirror->left = true;
        } else if (mirror->state == MIRROR_GONE) {
            mirror->link = 0;
            pool_give(&cube->mirrors, slot);
        }
        slot = next;
    }
}

/* Whether the sender's queue still has what the mirror shows. */
static bool still_queued(struct hypercube *cube, uint32_t sender, uint32_t receiver, uint64_t id)
{
    uint64_t slot;
    if (!map_get(&cube_chain_get(cube, sender)->entries, id, &slot))
        return false;
    const struct entry *entry = pool_at(&cube->entries, (uint32_t)slot);
    return entry->link != 0 &&
           ((const struct link *)pool_at(&cube->links, entry->link))->neighbour == receiver;
}

static void move_mirror(struct cube_switch *sw, uint32_t slot)
{
    struct hypercube *cube = sw->cube;
    struct mirror *mirror = pool_at(&cube->mirrors, slot);
    const struct link *link = pool_at(&cube->links, mirror->link);
    struct cube_chain *old = cube_chain_get(cube, link->chain);
    uint32_t receiver = link->chain, sender = link->neighbour;
    uint64_t id = mirror->parcel.envelope.id, known;
    bool listed = map_get(&old->mirrors, id, &known) && known == slot;
    if (is_old(sw, receiver) && mirror->state == MIRROR_GONE)
        return; /* it is freed with the heap */
    if (is_old(sw, receiver))
        receiver = cube_switch_holder(sw, cube_next_address(&mirror->parcel));
    if (is_old(sw, sender))
        sender = cube_switch_holder(sw, cube_current_address(&mirror->parcel));
    SIM_ASSERT(receiver != CHAIN_NONE && sender != CHAIN_NONE);
    bool own = mirror->entry != 0;
    bool orphan = !own && !still_queued(cube, sender, receiver, id);
    /* A copy that the sender has stopped, and we were not told: what has come of it goes on. */
    if (orphan && mirror->state == MIRROR_HELD) {
        cube_mirror_free(cube, old, slot);
        return;
    }
    if (orphan && sender == receiver) {
        drop_mirror(cube, old, slot);
        return;
    }
    uint32_t link_slot;
    if (own)
        link_slot = ((const struct entry *)pool_at(&cube->entries, mirror->entry))->link;
    else
        cube_link_get(cube, receiver, sender, &link_slot);
    mirror->link = link_slot;
    mirror->parcel.place = 0;
    struct cube_chain *young = cube_chain_get(cube, receiver);
    if (listed && young != old) {
        map_remove(&old->mirrors, id);
        map_put(&young->mirrors, id, slot);
    }
}

void cube_relink_mirrors(struct cube_switch *sw)
{
    struct hypercube *cube = sw->cube;
    for (uint32_t chain = 1; chain <= cube->chains_made; chain++)
        for (uint32_t slot = ((struct cube_chain *)pool_at(&cube->chains, chain))->links.first;
             slot != 0;) {
            struct link *link = pool_at(&cube->links, slot);
            slot = link->next_of_chain;
            if (link->ended)
                empty_held(cube, link);
        }
    uint32_t mirrors = cube->mirrors.slot_count;
    for (uint32_t slot = 1; slot <= mirrors; slot++) {
        const struct mirror *mirror = pool_at(&cube->mirrors, slot);
        if (mirror->link != 0 && ((const struct link *)pool_at(&cube->links, mirror->link))->ended)
            move_mirror(sw, slot);
    }
}
