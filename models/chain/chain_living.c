#include "models/chain/chain_living.h"

#include "sim/memory.h"
#include "sim/sim_assert.h"

static const char memory_name[] = "chain: living shards";

static uint32_t heap_of(uint32_t chain)
{
    return chain & ((UINT32_C(1) << CHAIN_HEAP_BITS) - 1);
}

static unsigned heap_depth(uint32_t heap)
{
    return 31 - (unsigned)__builtin_clz(heap);
}

static uint32_t *slot_of(const struct chain_living *living, uint32_t ordinal, uint32_t heap)
{
    return &living->index_of[(size_t)(ordinal - 1) * living->heap_end + heap];
}

static void add(struct chain_living *living, uint32_t chain)
{
    uint32_t index = living->count++;
    living->chain_of[index] = chain;
    if (chain != CHAIN_MASTER_ID)
        *slot_of(living, chain >> CHAIN_HEAP_BITS, heap_of(chain)) = index + 1;
}

static void widen(struct chain_living *living)
{
    for (uint32_t i = 0; i < living->layout->shard_count; i++) {
        unsigned depth = heap_depth(heap_of(chain_layout_chain(living->layout, i)));
        living->depth_min = depth < living->depth_min ? depth : living->depth_min;
        living->depth_max = depth > living->depth_max ? depth : living->depth_max;
    }
}

void chain_living_init(struct chain_living *living, const struct chain_layout *layout,
                       struct memory *memory, bool changes, unsigned depth_min, unsigned depth_max)
{
    *living = (struct chain_living){.layout = layout,
                                    .memory = memory,
                                    .changes = changes,
                                    .depth_min = depth_min,
                                    .depth_max = depth_max};
    if (!changes)
        return;
    SIM_ASSERT(layout->master);
    widen(living);
    living->heap_end = UINT32_C(2) << living->depth_max;
    size_t places = (size_t)layout->workchain_count * living->heap_end;
    living->index_of = memory_take(memory, memory_name, places * sizeof *living->index_of);
    living->chain_of = memory_take(memory, memory_name, (places + 1) * sizeof *living->chain_of);
    living->alive = memory_take(memory, memory_name, (places + 1) * sizeof *living->alive);
    living->alive_in =
        memory_take(memory, memory_name, layout->workchain_count * sizeof *living->alive_in);
    for (uint32_t i = 0; i < layout->shard_count; i++) {
        uint32_t chain = chain_layout_chain(layout, i);
        add(living, chain);
        living->alive[i] = true;
        living->alive_in[(chain >> CHAIN_HEAP_BITS) - 1]++;
    }
    add(living, CHAIN_MASTER_ID);
    living->alive[layout->shard_count] = true;
    for (uint32_t ordinal = 1; ordinal <= layout->workchain_count; ordinal++)
        for (uint32_t heap = UINT32_C(1) << living->depth_min; heap < living->heap_end; heap++)
            if (*slot_of(living, ordinal, heap) == 0)
                add(living, ordinal << CHAIN_HEAP_BITS | heap);
}

void chain_living_free(struct chain_living *living)
{
    if (!living->changes)
        return;
    uint32_t workchains = living->layout->workchain_count;
    size_t places = (size_t)workchains * living->heap_end;
    memory_give(living->memory, living->index_of, places * sizeof *living->index_of);
    memory_give(living->memory, living->chain_of, (places + 1) * sizeof *living->chain_of);
    memory_give(living->memory, living->alive, (places + 1) * sizeof *living->alive);
    memory_give(living->memory, living->alive_in, workchains * sizeof *living->alive_in);
    *living = (struct chain_living){0};
}

uint32_t chain_living_count(const struct chain_living *living)
{
    return living->changes ? living->count : chain_layout_count(living->layout);
}

bool chain_living_may(const struct chain_living *living, uint32_t chain)
{
    SIM_ASSERT(living->changes);
    uint32_t ordinal = chain >> CHAIN_HEAP_BITS;
    return chain == CHAIN_MASTER_ID ||
           (ordinal >= 1 && ordinal <= living->layout->workchain_count &&
            heap_of(chain) < living->heap_end && *slot_of(living, ordinal, heap_of(chain)) != 0);
}

uint32_t chain_living_index(const struct chain_living *living, uint32_t chain)
{
    if (!living->changes)
        return chain_layout_index(living->layout, chain);
    SIM_ASSERT(chain_living_may(living, chain));
    if (chain == CHAIN_MASTER_ID)
        return living->layout->shard_count;
    return *slot_of(living, chain >> CHAIN_HEAP_BITS, heap_of(chain)) - 1;
}

uint32_t chain_living_chain(const struct chain_living *living, uint32_t index)
{
    if (!living->changes)
        return chain_layout_chain(living->layout, index);
    SIM_ASSERT(index < living->count);
    return living->chain_of[index];
}

bool chain_living_is(const struct chain_living *living, uint32_t index)
{
    return !living->changes || living->alive[index];
}

uint32_t chain_living_find(const struct chain_living *living, int32_t workchain, uint64_t prefix)
{
    uint32_t first = chain_layout_find(living->layout, workchain, prefix);
    if (!living->changes || first == 0 || first == CHAIN_MASTER_ID)
        return first;
    uint32_t ordinal = first >> CHAIN_HEAP_BITS;
    for (unsigned depth = living->depth_min; depth <= living->depth_max; depth++) {
        uint32_t heap = UINT32_C(1) << depth;
        if (depth > 0)
            heap |= (uint32_t)(prefix >> (64 - depth));
        uint32_t index = *slot_of(living, ordinal, heap) - 1;
        if (living->alive[index])
            return living->chain_of[index];
    }
    SIM_ASSERT(false); /* every address lies in a living shard */
    return 0;
}

uint32_t chain_living_child(uint32_t chain, bool right)
{
    uint32_t heap = heap_of(chain);
    return (chain ^ heap) | (heap << 1 | (right ? 1 : 0));
}

uint32_t chain_living_parent(uint32_t chain)
{
    uint32_t heap = heap_of(chain);
    SIM_ASSERT(heap > 1);
    return (chain ^ heap) | heap >> 1;
}

uint32_t chain_living_sibling(uint32_t chain)
{
    SIM_ASSERT(heap_of(chain) > 1);
    return chain ^ 1;
}

static void set_alive(struct chain_living *living, uint32_t chain, bool alive)
{
    uint32_t index = chain_living_index(living, chain);
    SIM_ASSERT(living->alive[index] != alive);
    living->alive[index] = alive;
    uint32_t *count = &living->alive_in[(chain >> CHAIN_HEAP_BITS) - 1];
    *count += alive ? 1 : UINT32_MAX;
}

void chain_living_divide(struct chain_living *living, uint32_t chain)
{
    set_alive(living, chain, false);
    set_alive(living, chain_living_child(chain, false), true);
    set_alive(living, chain_living_child(chain, true), true);
}

void chain_living_unite(struct chain_living *living, uint32_t chain)
{
    set_alive(living, chain_living_child(chain, false), false);
    set_alive(living, chain_living_child(chain, true), false);
    set_alive(living, chain, true);
}

uint64_t chain_living_wrong(const struct chain_living *living, uint32_t ordinal)
{
    uint64_t wrong = 0, held = 0;
    for (uint32_t heap = UINT32_C(1) << living->depth_min; heap < living->heap_end; heap++) {
        if (!living->alive[*slot_of(living, ordinal, heap) - 1])
            continue;
        uint64_t size = UINT64_C(1) << (living->depth_max - heap_depth(heap));
        held += size;
        for (uint32_t above = heap >> 1; above >= UINT32_C(1) << living->depth_min; above >>= 1)
            if (living->alive[*slot_of(living, ordinal, above) - 1])
                wrong += size;
    }
    uint64_t all = UINT64_C(1) << living->depth_max;
    return wrong + (held < all ? all - held : 0);
}
