#include "models/chain/chain_layout.h"

#include "sim/memory.h"
#include "sim/sim_assert.h"

static const char memory_name[] = "chain: layout";

void chain_layout_init(struct chain_layout *layout, struct memory *memory, uint32_t workchains,
                       uint32_t listed_prefixes, bool master)
{
    SIM_ASSERT(workchains <= CHAIN_WORKCHAINS_MAX);
    *layout = (struct chain_layout){.memory = memory,
                                    .workchain_count = workchains,
                                    .listed_count = listed_prefixes,
                                    .master = master};
    if (workchains > 0) {
        layout->workchains =
            memory_take(memory, memory_name, workchains * sizeof(*layout->workchains));
        layout->by_id = memory_take(memory, memory_name, workchains * sizeof(*layout->by_id));
    }
    if (listed_prefixes > 0)
        layout->listed =
            memory_take(memory, memory_name, listed_prefixes * sizeof(*layout->listed));
}

void chain_layout_finish(struct chain_layout *layout)
{
    uint64_t count = 0;
    for (uint32_t i = 0; i < layout->workchain_count; i++) {
        layout->workchains[i].first = (uint32_t)count;
        count += layout->workchains[i].tree.count;
        SIM_ASSERT(count <= UINT32_MAX / 2);
        /* Insertion sort: workchains are few, and ids differ, so there are no ties. */
        uint32_t place = i;
        int32_t id = layout->workchains[i].id;
        while (place > 0 && layout->workchains[layout->by_id[place - 1]].id > id) {
            layout->by_id[place] = layout->by_id[place - 1];
            place--;
        }
        SIM_ASSERT(place == 0 || layout->workchains[layout->by_id[place - 1]].id != id);
        layout->by_id[place] = i;
    }
    layout->shard_count = (uint32_t)count;
}

void chain_layout_free(struct chain_layout *layout)
{
    uint32_t workchains = layout->workchain_count;
    if (layout->workchains) {
        memory_give(layout->memory, layout->workchains, workchains * sizeof(*layout->workchains));
        memory_give(layout->memory, layout->by_id, workchains * sizeof(*layout->by_id));
    }
    if (layout->listed)
        memory_give(layout->memory, layout->listed, layout->listed_count * sizeof(*layout->listed));
    *layout = (struct chain_layout){0};
}

uint32_t chain_layout_count(const struct chain_layout *layout)
{
    return layout->shard_count + (layout->master ? 1 : 0);
}

uint32_t chain_layout_index(const struct chain_layout *layout, uint32_t chain)
{
    if (chain == CHAIN_MASTER_ID) {
        SIM_ASSERT(layout->master);
        return layout->shard_count;
    }
    uint32_t ordinal = chain >> CHAIN_HEAP_BITS;
    SIM_ASSERT(ordinal >= 1);
    SIM_ASSERT(ordinal <= layout->workchain_count);
    const struct chain_workchain *workchain = &layout->workchains[ordinal - 1];
    uint32_t heap = chain & ((UINT32_C(1) << CHAIN_HEAP_BITS) - 1);
    uint32_t index = shard_tree_find(&workchain->tree, shard_from_heap(heap));
    SIM_ASSERT(shard_tree_heap_at(&workchain->tree, index) == heap);
    return workchain->first + index;
}

uint32_t chain_layout_chain(const struct chain_layout *layout, uint32_t index)
{
    SIM_ASSERT(index < chain_layout_count(layout));
    if (index == layout->shard_count)
        return CHAIN_MASTER_ID;
    uint32_t low = 0;
    uint32_t high = layout->workchain_count - 1;
    while (low < high) { /* the last workchain that begins at or before index */
        uint32_t middle = low + (high - low + 1) / 2;
        if (layout->workchains[middle].first <= index)
            low = middle;
        else
            high = middle - 1;
    }
    const struct chain_workchain *workchain = &layout->workchains[low];
    uint32_t heap = shard_tree_heap_at(&workchain->tree, index - workchain->first);
    return (low + 1) << CHAIN_HEAP_BITS | heap;
}

void chain_layout_prefix(const struct chain_layout *layout, uint32_t chain, int32_t *ret_workchain,
                         uint64_t *ret_shard)
{
    uint32_t ordinal = chain >> CHAIN_HEAP_BITS;
    SIM_ASSERT(ordinal <= layout->workchain_count);
    *ret_workchain = ordinal == 0 ? CHAIN_MASTER_WORKCHAIN : layout->workchains[ordinal - 1].id;
    *ret_shard = shard_from_heap(chain & ((UINT32_C(1) << CHAIN_HEAP_BITS) - 1));
}

uint32_t chain_layout_find(const struct chain_layout *layout, int32_t workchain, uint64_t prefix)
{
    if (workchain == CHAIN_MASTER_WORKCHAIN)
        return layout->master ? CHAIN_MASTER_ID : 0;
    uint32_t low = 0;
    uint32_t high = layout->workchain_count;
    while (low < high) { /* the first workchain whose id is not smaller */
        uint32_t middle = low + (high - low) / 2;
        if (layout->workchains[layout->by_id[middle]].id < workchain)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == layout->workchain_count)
        return 0;
    uint32_t place = layout->by_id[low];
    const struct chain_workchain *found = &layout->workchains[place];
    if (found->id != workchain)
        return 0;
    uint32_t index = shard_tree_find(&found->tree, prefix);
    return (place + 1) << CHAIN_HEAP_BITS | shard_tree_heap_at(&found->tree, index);
}
