#include "models/spread/whole_blocks.h"

#include <inttypes.h>

#include "models/ascending.h"
#include "sim/world.h"

static const char *const NAME = "spread: whole blocks";

_Static_assert(offsetof(struct whole_block, header.id) == 0, "blocks are found by their number");

const struct model_property whole_blocks_properties[] = {
    [WHOLE_NO_LOST_SHRED] = {"no_lost_shred", "whoever is up has all final blocks in the end",
                             PROPERTY_WITHIN},
    [WHOLE_LEDGER_CONNECTED] = {"ledger_connected", "a member has all blocks up to its root",
                                PROPERTY_WHEN_NAMED},
    [WHOLE_PROPERTIES] = {NULL, NULL, false}};

void whole_blocks_init(struct whole_blocks *whole, struct memory *memory, const struct stack *stack,
                       bool forgetful)
{
    *whole = (struct whole_blocks){.memory = memory, .stack = stack, .forgetful = forgetful};
    map_init(&whole->place_of, memory, NAME);
}

/* One of the properties is on. */
static bool is_wanted(const struct context *context)
{
    return world_property_on(context->world, LAYER_SPREAD, WHOLE_NO_LOST_SHRED) ||
           world_property_on(context->world, LAYER_SPREAD, WHOLE_LEDGER_CONNECTED);
}

static struct whole_chain *find_chain(const struct whole_blocks *whole, uint32_t id)
{
    uint64_t place;
    return map_get(&whole->place_of, id, &place) ? &whole->chains[place] : NULL;
}

static struct whole_chain *add_chain(struct whole_blocks *whole, uint32_t id)
{
    const struct chain_seam *seam = &whole->stack->chain;
    if (whole->count == whole->capacity)
        whole->chains = memory_grow(whole->memory, NAME, whole->chains, &whole->capacity,
                                    whole->count + 1, sizeof *whole->chains);
    map_put(&whole->place_of, id, whole->count);
    struct whole_chain *chain = &whole->chains[whole->count++];
    uint32_t members = seam->members(seam->self, id);
    *chain = (struct whole_chain){.id = id, .members = members};
    chain->roots = memory_take(whole->memory, NAME, members * sizeof *chain->roots);
    chain->since_ns = memory_take(whole->memory, NAME, members * sizeof *chain->since_ns);
    return chain;
}

/* Numbers are given one after the other, so a block mostly stands where its number says. */
static struct whole_block *find_block(const struct whole_chain *chain, uint64_t block)
{
    uint64_t newest = chain->count > 0 ? chain->blocks[chain->count - 1].header.id : 0;
    if (block > newest)
        return NULL;
    if (newest - block < chain->count) {
        struct whole_block *guess = &chain->blocks[chain->count - 1 - (newest - block)];
        if (guess->header.id == block)
            return guess;
    }
    uint32_t at = ascending_place(chain->blocks, chain->count, sizeof *chain->blocks, block);
    return at < chain->count && chain->blocks[at].header.id == block ? &chain->blocks[at] : NULL;
}

static const struct whole_block *block_of_slot(const struct whole_chain *chain, uint64_t slot)
{
    for (uint32_t i = chain->count; i-- > 0;)
        if (chain->blocks[i].header.slot == slot)
            return &chain->blocks[i];
    return NULL;
}

const struct whole_block *whole_blocks_find(const struct whole_blocks *whole, uint32_t chain,
                                            uint64_t block)
{
    const struct whole_chain *at = find_chain(whole, chain);
    return at ? find_block(at, block) : NULL;
}

const struct whole_block *whole_blocks_of_slot(const struct whole_blocks *whole, uint32_t chain,
                                               uint64_t slot)
{
    const struct whole_chain *at = find_chain(whole, chain);
    return at ? block_of_slot(at, slot) : NULL;
}

/* Makes room for one more block: those that the chain has forgotten leave first. */
static void make_room(struct whole_blocks *whole, struct whole_chain *chain)
{
    const struct chain_seam *seam = &whole->stack->chain;
    uint32_t kept = 0;
    struct block_header header;
    if (chain->count < chain->capacity)
        return;
    for (uint32_t i = 0; i < chain->count; i++) {
        if (seam->header(seam->self, chain->blocks[i].header.id, &header))
            chain->blocks[kept++] = chain->blocks[i];
        else
            shred_bits_clear(&chain->blocks[i].has, whole->memory);
    }
    chain->count = kept;
    if (2 * kept >= chain->capacity) /* else the search would come again soon */
        chain->blocks = memory_grow(whole->memory, NAME, chain->blocks, &chain->capacity,
                                    chain->capacity + 1, sizeof *chain->blocks);
}

void whole_blocks_published(struct whole_blocks *whole, const struct block_header *header)
{
    struct whole_chain *chain = find_chain(whole, header->chain);
    if (!chain)
        chain = add_chain(whole, header->chain);
    make_room(whole, chain);
    struct whole_block *block = &chain->blocks[chain->count++];
    *block = (struct whole_block){.header = *header};
    shred_bits_set(&block->has, whole->memory, header->leader);
}

bool whole_blocks_came(struct whole_blocks *whole, uint32_t chain, uint32_t member, uint64_t block)
{
    const struct whole_chain *at = find_chain(whole, chain);
    struct whole_block *of = at ? find_block(at, block) : NULL;
    return of && (whole->forgetful || shred_bits_set(&of->has, whole->memory, member));
}

void whole_blocks_up(struct whole_blocks *whole, const struct context *context, uint32_t chain,
                     uint32_t member)
{
    const struct whole_chain *at = find_chain(whole, chain);
    if (at)
        at->since_ns[member] = context->now_ns;
}

void whole_blocks_rooted(struct whole_blocks *whole, struct context *context, uint32_t chain,
                         uint32_t member, uint64_t slot)
{
    const struct whole_chain *at = find_chain(whole, chain);
    if (!at)
        return;
    const struct whole_block *block = is_wanted(context) ? block_of_slot(at, slot) : NULL;
    bool connected = world_property_on(context->world, LAYER_SPREAD, WHOLE_LEDGER_CONNECTED);
    for (; block && block->header.slot > at->roots[member];
         block = find_block(at, block->header.parent))
        if (!shred_bits_test(&block->has, member)) {
            context_violation(
                context, LAYER_SPREAD, connected ? WHOLE_LEDGER_CONNECTED : WHOLE_NO_LOST_SHRED,
                block->header.id,
                "slot %" PRIu64 " is final for member %" PRIu32 ", which does not have its block",
                block->header.slot, member);
            break;
        }
    at->roots[member] = slot;
}

static void check_block(const struct whole_blocks *whole, struct context *context,
                        const struct whole_chain *chain, const struct whole_block *block,
                        uint64_t within_ns)
{
    const struct chain_seam *seam = &whole->stack->chain;
    for (uint32_t member = 0; member < chain->members; member++) {
        if (shred_bits_test(&block->has, member) ||
            !context_up(context, seam->node(seam->self, chain->id, member)) ||
            chain->since_ns[member] + within_ns > context->now_ns)
            continue;
        context_violation(context, LAYER_SPREAD, WHOLE_NO_LOST_SHRED, block->header.id,
                          "member %" PRIu32 " lacks the block of slot %" PRIu64
                          ", which is final since a time that is long enough",
                          member, block->header.slot);
        return;
    }
}

void whole_blocks_check_liveness(const struct whole_blocks *whole, struct context *context)
{
    uint64_t within_ns = world_property_within(context->world, LAYER_SPREAD, WHOLE_NO_LOST_SHRED);
    if (!world_property_on(context->world, LAYER_SPREAD, WHOLE_NO_LOST_SHRED))
        return;
    for (uint32_t i = 0; i < whole->count; i++) {
        const struct whole_chain *chain = &whole->chains[i];
        uint64_t root = 0;
        for (uint32_t member = 0; member < chain->members; member++)
            root = chain->roots[member] > root ? chain->roots[member] : root;
        const struct whole_block *block = block_of_slot(chain, root);
        for (; block; block = find_block(chain, block->header.parent))
            if (block->header.end_ns + within_ns <= context->now_ns)
                check_block(whole, context, chain, block, within_ns);
    }
}

void whole_blocks_destroy(struct whole_blocks *whole)
{
    for (uint32_t i = 0; i < whole->count; i++) {
        struct whole_chain *chain = &whole->chains[i];
        for (uint32_t at = 0; at < chain->count; at++)
            shred_bits_clear(&chain->blocks[at].has, whole->memory);
        memory_give(whole->memory, chain->blocks, chain->capacity * sizeof *chain->blocks);
        memory_give(whole->memory, chain->roots, chain->members * sizeof *chain->roots);
        memory_give(whole->memory, chain->since_ns, chain->members * sizeof *chain->since_ns);
    }
    memory_give(whole->memory, whole->chains, whole->capacity * sizeof *whole->chains);
    map_destroy(&whole->place_of);
}
