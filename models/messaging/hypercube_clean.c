/* Cleaning the own queue at the start of a block, as deployed (TON-R31): for each neighbour, in the
 * order (lt, hash), its entries that it is known to have processed, up to the first one that it has
 * not; one entry of each neighbour in turn, until the block has no more room (TON-R35).
 *
 * That a neighbour has processed an entry is known only once the block that imported it may be seen
 * (TON-R32): its answer leaves no earlier. */

#include "models/messaging/hypercube_parts.h"

const char *const cube_cleanup_choices[] = {"as_told", "round_robin", NULL};
const char *const cube_cleanup_helps[] = {
    "in the order in which the neighbours' answers came",
    "deployed: one entry of each neighbour in turn, in (lt, hash) order, up to the first that it "
    "has not processed (TON-R31)",
    NULL};

/* Neighbours in the order of TON-R12: by workchain id, then from left to right. */
static struct import_key turn_of(const struct hypercube *cube, uint64_t turn, uint32_t neighbour)
{
    struct address address = cube_prefix(cube, neighbour);
    uint64_t workchain = (uint32_t)address.workchain ^ UINT32_C(0x80000000);
    return (struct import_key){.rank = {turn, workchain, address.prefix}};
}

/* Sorts what is answered into cube->sorter; returns whether an entry is not, and the first one. */
static bool sort_answered(struct hypercube *cube, const struct link *link,
                          struct import_key *ret_first_open)
{
    bool open = false;
    uint32_t answered = 0;
    for (uint32_t slot = link->out_first; slot != 0;) {
        const struct entry *entry = pool_at(&cube->entries, slot);
        struct import_key key = import_key_deployed(entry->parcel.lt, entry->parcel.hash);
        if (entry->answered) {
            cube_sort_entry(cube, slot);
            answered++;
        } else if (!open || import_key_compare(&key, ret_first_open) < 0) {
            *ret_first_open = key;
            open = true;
        }
        slot = entry->next;
    }
    SIM_ASSERT(answered == link->answered_count);
    return open;
}

bool cube_clean_plan(struct hypercube *cube, const struct cube_chain *chain)
{
    cube->cleaning.count = 0;
    if (cube->config.cleanup != CUBE_CLEANUP_ROUND_ROBIN)
        return false;
    SIM_ASSERT(cube->sorter.count == 0);
    for (uint32_t slot = chain->links.first; slot != 0;) {
        const struct link *link = pool_at(&cube->links, slot);
        slot = link->next_of_chain;
        if (link->answered_count == 0)
            continue;
        struct import_key first_open;
        bool open = sort_answered(cube, link, &first_open);
        for (uint64_t turn = 0; cube->sorter.count > 0; turn++) {
            struct import_item item = import_heap_pop(&cube->sorter);
            if (open && import_key_compare(&item.key, &first_open) > 0) {
                cube->sorter.count = 0; /* the rest comes later still */
                break;
            }
            item.key = turn_of(cube, turn, link->neighbour);
            cube_heap_room(cube, &cube->cleaning);
            import_heap_push(&cube->cleaning, &item);
        }
    }
    return cube->cleaning.count > 0;
}

uint32_t cube_clean(struct hypercube *cube, struct block *block, struct cube_part *part)
{
    uint32_t added = 0;
    while (cube->cleaning.count > 0) {
        if (!cube_charge(cube, block, NOTE_BYTES, GAS_NOTE)) {
            part->full = part->clean_left = true;
            cube->cleaning.count = 0;
            break;
        }
        uint32_t slot = import_heap_pop(&cube->cleaning).slot;
        struct entry *entry = pool_at(&cube->entries, slot);
        SIM_ASSERT(entry->state == ENTRY_QUEUED);
        SIM_ASSERT(entry->answered);
        block_set(cube->stack, block, &entry->state, ENTRY_GONE);
        block->queue_length--;
        struct act *act = cube_act(cube, part, ACT_DEQUEUE);
        act->entry = slot;
        act->id = entry->parcel.envelope.id;
        added++;
    }
    return added;
}

void cube_clean_answered(struct hypercube *cube, struct cube_chain *chain, struct link *link,
                         struct entry *entry)
{
    SIM_ASSERT(!entry->answered);
    entry->answered = true;
    switch ((enum cube_cleanup)cube->config.cleanup) {
    case CUBE_CLEANUP_AS_TOLD: {
        struct input input = {.kind = INPUT_PROCESSED, .id = entry->parcel.envelope.id};
        cube_input_put(cube, chain, &input);
        return;
    }
    case CUBE_CLEANUP_ROUND_ROBIN:
        link->answered_count++;
        return;
    }
}

void cube_clean_removed(struct hypercube *cube, struct context *context, struct link *link,
                        const struct entry *entry)
{
    if (cube->config.cleanup != CUBE_CLEANUP_ROUND_ROBIN)
        return;
    if (entry->answered) {
        SIM_ASSERT(link->answered_count > 0);
        link->answered_count--;
    } else if (link->answered_count > 0) { /* it may have been the one that the others waited for */
        cube_wake(cube, context, link->chain);
    }
}
