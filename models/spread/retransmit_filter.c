#include "models/spread/retransmit_filter.h"

#include "sim/sim_assert.h"

void retransmit_filter_init(struct retransmit_filter *filter, struct memory *memory)
{
    *filter = (struct retransmit_filter){.memory = memory};
}

static void clear_row(struct retransmit_filter *filter, struct retransmit_row *row)
{
    shred_bits_clear(&row->seen[SHRED_DATA], filter->memory);
    shred_bits_clear(&row->seen[SHRED_CODE], filter->memory);
}

void retransmit_filter_destroy(struct retransmit_filter *filter)
{
    for (uint32_t i = 0; i < filter->count; i++)
        clear_row(filter, &filter->rows[i]);
    memory_give(filter->memory, filter->rows, filter->capacity * sizeof *filter->rows);
    *filter = (struct retransmit_filter){0};
}

/* Shreds are mostly of the newest slot, which stands last. */
static struct retransmit_row *find_or_make(struct retransmit_filter *filter, uint64_t slot)
{
    for (uint32_t i = filter->count; i > 0; i--)
        if (filter->rows[i - 1].slot == slot)
            return &filter->rows[i - 1];
    if (filter->count == filter->capacity)
        filter->rows = memory_grow(filter->memory, "spread: shreds passed on", filter->rows,
                                   &filter->capacity, filter->count + 1, sizeof *filter->rows);
    struct retransmit_row *row = &filter->rows[filter->count++];
    *row = (struct retransmit_row){.slot = slot};
    return row;
}

bool retransmit_filter_see(struct retransmit_filter *filter, const struct shred_id *shred)
{
    SIM_ASSERT(shred->index < SHRED_INDEX_MAX);
    if (shred->slot < filter->root)
        return false;
    struct retransmit_row *row = find_or_make(filter, shred->slot);
    return shred_bits_set(&row->seen[shred->type], filter->memory, shred->index);
}

void retransmit_filter_set_root(struct retransmit_filter *filter, uint64_t root)
{
    uint32_t kept = 0;
    SIM_ASSERT(root >= filter->root);
    filter->root = root;
    for (uint32_t i = 0; i < filter->count; i++)
        if (filter->rows[i].slot < root)
            clear_row(filter, &filter->rows[i]);
        else
            filter->rows[kept++] = filter->rows[i];
    filter->count = kept;
}
