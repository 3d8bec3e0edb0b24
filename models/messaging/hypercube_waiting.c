/* Proofs that came and are not yet in a block: their lists at the destination.
 *
 * Each is in one list, in the order in which they came: of those that a block may take in, or of
 * those whose own block may not be seen yet. Of the former, those that never waited for an older
 * message are in a second list: a full block has only them to look at, so what it costs does not
 * grow with what waits. A proof whose message came by the other way stays until a block has room to
 * say so: the block that ignores a proof has looked at it, and pays for that with its room. */

#include "models/messaging/hypercube_proofs.h"

static struct input *input_at(struct hypercube *cube, uint32_t slot)
{
    return pool_at(&cube->inputs, slot);
}

static void fresh_join(struct hypercube *cube, struct cube_chain *chain, uint32_t slot)
{
    struct input *input = input_at(cube, slot);
    if (input->waited)
        return;
    input->fresh = true;
    input->fresh_next = 0;
    input->fresh_previous = chain->fresh.last;
    if (chain->fresh.last != 0)
        input_at(cube, chain->fresh.last)->fresh_next = slot;
    else
        chain->fresh.first = slot;
    chain->fresh.last = slot;
}

static void fresh_leave(struct hypercube *cube, struct cube_chain *chain, struct input *input)
{
    if (!input->fresh)
        return;
    input->fresh = false;
    if (input->fresh_previous != 0)
        input_at(cube, input->fresh_previous)->fresh_next = input->fresh_next;
    else
        chain->fresh.first = input->fresh_next;
    if (input->fresh_next != 0)
        input_at(cube, input->fresh_next)->fresh_previous = input->fresh_previous;
    else
        chain->fresh.last = input->fresh_previous;
}

static void append(struct hypercube *cube, struct list *list, uint32_t slot)
{
    struct input *input = input_at(cube, slot);
    input->next = 0;
    input->previous = list->last;
    if (list->last != 0)
        input_at(cube, list->last)->next = slot;
    else
        list->first = slot;
    list->last = slot;
}

void cube_proof_append(struct hypercube *cube, struct cube_chain *chain, uint32_t slot)
{
    append(cube, &chain->proofs, slot);
    fresh_join(cube, chain, slot);
}

void cube_proof_postpone(struct hypercube *cube, struct cube_chain *chain, uint32_t slot)
{
    append(cube, &chain->postponed, slot);
    input_at(cube, slot)->postponed = true;
    chain->postponed_count++;
}

void cube_proof_unlink(struct hypercube *cube, struct cube_chain *chain, uint32_t slot)
{
    struct input *input = input_at(cube, slot);
    struct list *list = input->postponed ? &chain->postponed : &chain->proofs;
    if (input->previous != 0)
        input_at(cube, input->previous)->next = input->next;
    else
        list->first = input->next;
    if (input->next != 0)
        input_at(cube, input->next)->previous = input->previous;
    else
        list->last = input->previous;
    input->next = input->previous = 0;
    chain->postponed_count -= input->postponed;
    input->postponed = false;
    fresh_leave(cube, chain, input);
}

void cube_proof_note_wait(struct hypercube *cube, struct context *context, struct cube_chain *chain,
                          uint32_t slot)
{
    struct input *input = input_at(cube, slot);
    fresh_leave(cube, chain, input);
    if (!input->waited)
        cube_count(cube, context, CUBE_PROOFS_WAITED, 1);
    input->waited = true;
}

void cube_proof_note_waits(struct hypercube *cube, struct context *context,
                           struct cube_chain *chain, uint64_t oldest_lt)
{
    if (oldest_lt == UINT64_MAX)
        return; /* nothing is older */
    for (uint32_t slot = chain->fresh.first; slot != 0;) {
        const struct input *input = input_at(cube, slot);
        const struct parcel *parcel = pool_at(&cube->parcels, input->parcel);
        uint32_t next = input->fresh_next;
        if (parcel->lt > oldest_lt)
            cube_proof_note_wait(cube, context, chain, slot);
        slot = next;
    }
}

void cube_proof_give_back(struct hypercube *cube, struct cube_chain *chain,
                          const struct list *taken)
{
    uint32_t previous = 0;
    for (uint32_t slot = taken->first; slot != 0; slot = input_at(cube, slot)->next) {
        input_at(cube, slot)->previous = previous;
        previous = slot;
        map_put(&chain->waiting, input_at(cube, slot)->id, slot);
        fresh_join(cube, chain, slot);
    }
    if (previous == 0)
        return;
    input_at(cube, previous)->next = chain->proofs.first;
    if (chain->proofs.first != 0)
        input_at(cube, chain->proofs.first)->previous = previous;
    else
        chain->proofs.last = previous;
    chain->proofs.first = taken->first;
}
