/* A switch's inputs, removals and sets: each thing goes to the half that will need it. */

#include "models/messaging/hypercube_proofs.h"
#include "models/messaging/hypercube_switch.h"

static const struct dedup_node *node_of(struct hypercube *cube, uint32_t chain, uint64_t id)
{
    uint32_t slot;
    return cube_node_find(cube, cube_chain_get(cube, chain), id, &slot);
}

/* Both halves remember a message: one handed it to the other. */
static bool both_remember(const struct cube_switch *sw, uint64_t id)
{
    return sw->old_count == 2 && node_of(sw->cube, sw->old[0], id) != NULL &&
           node_of(sw->cube, sw->old[1], id) != NULL;
}

/* Nodes are about hops that ended here, so one of the young holds the address (TON-R60). */
static uint32_t holder_of_node(const struct cube_switch *sw, const struct dedup_node *node)
{
    struct address hop = {cube_prefix(sw->cube, sw->young[0]).workchain, node->next_hop};
    uint32_t holder = cube_switch_holder(sw, hop);
    SIM_ASSERT(holder != CHAIN_NONE);
    return holder;
}

/* Who is to hear that a neighbour's queue no longer has a message: who remembers it, or sees it. */
static uint32_t hears_removal(const struct cube_switch *sw, uint32_t old, uint64_t id)
{
    struct hypercube *cube = sw->cube;
    const struct dedup_node *node = node_of(cube, old, id);
    uint64_t slot;
    if (node != NULL)
        return holder_of_node(sw, node);
    if (!map_get(&cube_chain_get(cube, old)->mirrors, id, &slot))
        return sw->young[0]; /* nobody needs it */
    const struct mirror *mirror = pool_at(&cube->mirrors, (uint32_t)slot);
    return cube_switch_holder(sw, cube_next_address(&mirror->parcel));
}

/* An entry will stand in the shard that holds its current address (TON-R57). */
static uint32_t holder_of_entry(const struct cube_switch *sw, const struct entry *entry)
{
    return cube_switch_holder(sw, cube_current_address(&entry->parcel));
}

/* It was for the sibling: the first block after the switch removes it another way (TON-R31). */
static bool is_cleaned_instead(const struct cube_switch *sw, const struct entry *entry)
{
    const struct link *link = pool_at(&sw->cube->links, entry->link);
    return link->chain != link->neighbour &&
           cube_switch_is(sw->old, sw->old_count, link->neighbour);
}

static void inherit_input(const struct cube_switch *sw, uint32_t old, const struct input *input)
{
    struct hypercube *cube = sw->cube;
    const struct entry *entry;
    uint32_t heir = CHAIN_NONE;
    uint64_t slot;
    switch ((enum input_kind)input->kind) {
    case INPUT_PROCESSED:
        if (!map_get(&cube_chain_get(cube, old)->entries, input->id, &slot))
            return;
        entry = pool_at(&cube->entries, (uint32_t)slot);
        if (is_cleaned_instead(sw, entry))
            return;
        heir = holder_of_entry(sw, entry);
        break;
    case INPUT_CLEAN:
        heir = holder_of_entry(sw, pool_at(&cube->entries, input->entry));
        break;
    case INPUT_REMOVED:
        if (cube_switch_is(sw->old, sw->old_count, input->source) && both_remember(sw, input->id))
            return; /* what the other half remembers is from elsewhere */
        heir = hears_removal(sw, old, input->id);
        break;
    case INPUT_CONFIRM:
    case INPUT_STOPPED:
    case INPUT_PROOF:
        break; /* of the instant path */
    }
    SIM_ASSERT(heir != CHAIN_NONE);
    cube_input_put(cube, cube_chain_get(cube, heir), input);
}

void cube_inherit_inputs(struct cube_switch *sw)
{
    struct hypercube *cube = sw->cube;
    for (uint32_t i = 0; i < sw->old_count; i++) {
        struct cube_chain *old = cube_chain_get(cube, sw->old[i]);
        SIM_ASSERT(old->proofs.first == 0);
        while (old->inputs.first != 0) {
            uint32_t slot = old->inputs.first;
            struct input input = *(const struct input *)pool_at(&cube->inputs, slot);
            old->inputs.first = input.next;
            pool_give(&cube->inputs, slot);
            inherit_input(sw, sw->old[i], &input);
        }
        old->inputs.last = 0;
    }
}

/* ---- Removals that the other end does not know of ---- */

static void append_removal(struct hypercube *cube, struct link *link, const struct removal *removal)
{
    uint32_t slot = pool_take(&cube->removals);
    struct removal_node *node = pool_at(&cube->removals, slot);
    node->removal = *removal;
    node->removal.number = ++link->removal_last;
    node->removal.place = 0; /* it had one in a stream that is no more */
    if (link->removal_newest != 0)
        ((struct removal_node *)pool_at(&cube->removals, link->removal_newest))->next = slot;
    else
        link->removal_first = slot;
    link->removal_newest = slot;
}

static void inherit_removal(struct cube_switch *sw, uint32_t sender, uint32_t receiver,
                            const struct removal *removal)
{
    struct hypercube *cube = sw->cube;
    bool from_old = cube_switch_is(sw->old, sw->old_count, sender);
    bool to_old = cube_switch_is(sw->old, sw->old_count, receiver);
    uint32_t from = from_old ? sw->young[0] : sender, slot;
    uint32_t to = to_old ? hears_removal(sw, receiver, removal->id) : receiver;
    SIM_ASSERT(removal->stopped == 0); /* only the instant path stops copies */
    if (!from_old || !to_old) {
        append_removal(cube, cube_link_get(cube, from, to, &slot), removal);
        return;
    }
    struct input input = {
        .kind = INPUT_REMOVED, .id = removal->id, .to = removal->to, .source = sender};
    if (!both_remember(sw, removal->id))
        cube_input_put(cube, cube_chain_get(cube, to), &input);
}

void cube_inherit_removals(struct cube_switch *sw)
{
    struct hypercube *cube = sw->cube;
    uint32_t chains = cube->chains_made;
    for (uint32_t chain = 1; chain <= chains; chain++)
        for (uint32_t at = ((struct cube_chain *)pool_at(&cube->chains, chain))->links.first;
             at != 0;) {
            const struct link *link = pool_at(&cube->links, at);
            uint32_t other_slot;
            at = link->next_of_chain;
            if (!link->ended)
                continue;
            const struct link *other =
                cube_link_find(cube, link->neighbour, link->chain, &other_slot);
            for (uint32_t slot = link->removal_first; slot != 0;) {
                const struct removal_node *node = pool_at(&cube->removals, slot);
                struct removal removal = node->removal;
                slot = node->next;
                if (other == NULL || removal.number > other->removal_seen)
                    inherit_removal(sw, link->chain, link->neighbour, &removal);
            }
        }
}

/* ---- Deferred messages ---- */

static void move_sender(struct cube_switch *sw, struct cube_chain *old, uint32_t slot)
{
    struct hypercube *cube = sw->cube;
    struct sender *sender = pool_at(&cube->senders, slot);
    struct address account = {cube_prefix(cube, sw->young[0]).workchain, sender->account};
    struct cube_chain *young = cube_chain_get(cube, cube_switch_holder(sw, account));
    map_remove(&old->sender_by_account, sender->account);
    map_put(&young->sender_by_account, sender->account, slot);
    old->deferred -= sender->waiting;
    young->deferred += sender->waiting;
    sender->next_sender = 0;
    sender->previous_sender = young->senders.last;
    if (young->senders.last != 0)
        ((struct sender *)pool_at(&cube->senders, young->senders.last))->next_sender = slot;
    else
        young->senders.first = slot;
    young->senders.last = slot;
    for (uint32_t at = sender->first; at != 0;) {
        const struct entry *entry = pool_at(&cube->entries, at);
        delivery_check_moved(&cube->check, entry->parcel.envelope.id, old->chain, young->chain);
        at = entry->next;
    }
}

/* TON-R57: the dispatch queue goes by account. */
void cube_inherit_senders(struct cube_switch *sw)
{
    struct hypercube *cube = sw->cube;
    for (uint32_t i = 0; i < sw->old_count; i++) {
        struct cube_chain *old = cube_chain_get(cube, sw->old[i]);
        uint32_t slot = old->senders.first;
        old->senders = (struct list){0, 0};
        while (slot != 0) {
            uint32_t next = ((const struct sender *)pool_at(&cube->senders, slot))->next_sender;
            move_sender(sw, old, slot);
            slot = next;
        }
        SIM_ASSERT(old->deferred == 0);
    }
}

/* ---- What is remembered ---- */

void cube_inherit_memory(struct cube_switch *sw)
{
    struct hypercube *cube = sw->cube;
    uint32_t nodes = cube->nodes.slot_count;
    for (uint32_t slot = 1; slot <= nodes; slot++) {
        struct dedup_node *node = pool_at(&cube->nodes, slot);
        if (node->chain == 0 || !cube_switch_is(sw->old, sw->old_count, node->chain))
            continue;
        map_remove(&cube_chain_get(cube, node->chain)->dedup, node->id);
        struct cube_chain *young = cube_chain_get(cube, holder_of_node(sw, node));
        uint64_t known;
        if (map_get(&young->dedup, node->id, &known)) { /* both halves remembered it */
            node->chain = 0;
            pool_give(&cube->nodes, slot);
            cube_count(cube, sw->context, CUBE_REMEMBERED, -1);
            continue;
        }
        node->chain = young->chain;
        map_put(&young->dedup, node->id, slot);
    }
}
