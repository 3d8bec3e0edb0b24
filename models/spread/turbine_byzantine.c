/* Byzantine behaviours of the spread: what a validator does while a fault of type byzantine holds
 * it. It has keys of its own and can sign, but cannot speak for others.
 *
 * wrong_shreds: it answers a repair request with another shred than it was asked for, or with one
 * that the leader did not sign.
 *
 * bad_nonce: it answers under a nonce that it was not given.
 *
 * flood: it asks another one for a shred that it has, a hundred times at each instant at which it
 * could look for what it misses.
 *
 * equivocate: as a leader it makes two versions of each shred and sends both. */

#include "models/spread/turbine_parts.h"
#include "sim/fault.h"
#include "sim/rng.h"

const struct model_behaviour turbine_behaviours[] = {
    [TURBINE_WRONG_SHREDS] = {"wrong_shreds",
                              "answers with shreds that nobody asked for, or nobody signed"},
    [TURBINE_BAD_NONCE] = {"bad_nonce", "answers under nonces that it was not given"},
    [TURBINE_FLOOD] = {"flood", "asks others for what it has, a hundred times an iteration"},
    [TURBINE_EQUIVOCATE] = {"equivocate", "as a leader sends two versions of each shred"},
    [TURBINE_BEHAVIOURS] = {NULL, NULL}};

void turbine_byzantine_on_fault(struct turbine_member *member, const struct fault *fault)
{
    struct memory *memory = member->chain->turbine->memory;
    if (fault->begins) {
        if (member->lie_count == member->lie_capacity)
            member->lies = memory_grow(memory, "spread: lies", member->lies, &member->lie_capacity,
                                       member->lie_count + 1, sizeof *member->lies);
        member->lies[member->lie_count++] =
            (struct turbine_lie){fault->share, fault->behaviour, fault->index};
        return;
    }
    uint32_t kept = 0;
    for (uint32_t i = 0; i < member->lie_count; i++)
        if (member->lies[i].fault != fault->index)
            member->lies[kept++] = member->lies[i];
    member->lie_count = kept;
}

uint64_t turbine_share(const struct turbine_member *member, enum turbine_behaviour behaviour)
{
    uint64_t share = 0;
    for (uint32_t i = 0; i < member->lie_count; i++)
        if (member->lies[i].behaviour == (uint32_t)behaviour && member->lies[i].share > share)
            share = member->lies[i].share;
    return share;
}

bool turbine_lies(const struct turbine_member *member, struct context *context,
                  enum turbine_behaviour behaviour, uint64_t item)
{
    uint64_t share = turbine_share(member, behaviour);
    struct rng_stream stream;
    if (share == 0)
        return false;
    context_rng(context, &stream, RNG_BYZANTINE, world_identity(context->world, member->node),
                item);
    for (unsigned skipped = 0; skipped < (unsigned)behaviour; skipped++)
        (void)rng_u64(&stream);
    return rng_chance(&stream, share);
}
