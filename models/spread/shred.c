#include "models/spread/shred.h"

#include "sim/sim_assert.h"

uint32_t shred_proof_entries(uint32_t total)
{
    uint32_t entries = 0;
    while ((UINT32_C(1) << entries) < total)
        entries++;
    return entries;
}

uint32_t shred_payload_bytes(uint32_t total, bool last)
{
    return SHRED_DATA_BYTES - SHRED_HEADER_BYTES - SHRED_ROOT_BYTES -
           shred_proof_entries(total) * SHRED_PROOF_ENTRY_BYTES -
           (last ? SHRED_SIGNATURE_BYTES : 0);
}

uint32_t shred_set_total(enum shred_layout layout, uint32_t data_count, bool last)
{
    /* Chosen by the reference so that all sets survive a given loss alike. */
    static const uint8_t total_by_data[SHRED_SET_DATA + 1] = {
        0,  18, 20, 22, 23, 25, 27, 28, 30, 32, 33, 35, 36, 38, 39, 41, 42,
        43, 45, 46, 48, 49, 51, 52, 53, 55, 56, 58, 59, 60, 62, 63, 64};
    SIM_ASSERT(data_count <= SHRED_SET_DATA_MAX);
    if (data_count == 0)
        return 0;
    if (layout == SHRED_LAYOUT_FIXED)
        return 2 * SHRED_SET_DATA;
    uint32_t total = data_count <= SHRED_SET_DATA ? total_by_data[data_count] : 2 * data_count;
    return last && total < 2 * SHRED_SET_DATA ? 2 * SHRED_SET_DATA : total;
}

static uint64_t divide_up(uint64_t a, uint64_t b)
{
    return a / b + (a % b != 0);
}

/* The tail of a batch: the payload of a shred depends on the length of its proof, that on the size
 * of the set, that on the payload. The shortest proof that agrees with itself is taken. */
static void cut_tail(struct shred_plan *plan, uint64_t bytes)
{
    for (uint32_t width = 1; width <= 2 * SHRED_SET_DATA; width *= 2) {
        uint64_t data = divide_up(bytes, shred_payload_bytes(width, plan->last));
        if (data == 0 || plan->layout == SHRED_LAYOUT_FIXED)
            data = plan->layout == SHRED_LAYOUT_FIXED ? SHRED_SET_DATA : 1;
        if (data > SHRED_SET_DATA)
            continue;
        uint32_t total = shred_set_total(plan->layout, (uint32_t)data, plan->last);
        if (shred_proof_entries(total) != shred_proof_entries(width))
            continue;
        plan->tail_data = (uint32_t)data;
        plan->tail_code = total - (uint32_t)data;
        return;
    }
    SIM_ASSERT(!"a set of at most 32 data shreds fits under a proof of at most 6 entries");
}

uint64_t shred_block_bytes_max(void)
{
    uint64_t sets = SHRED_INDEX_MAX / SHRED_SET_DATA;
    return SHRED_SET_DATA * ((sets - 1) * shred_payload_bytes(2 * SHRED_SET_DATA, false) +
                             shred_payload_bytes(2 * SHRED_SET_DATA, true));
}

struct shred_plan shred_cut(enum shred_layout layout, uint64_t bytes, bool last)
{
    struct shred_plan plan = {.layout = layout, .last = last};
    const uint64_t full = SHRED_SET_DATA * (uint64_t)shred_payload_bytes(64, false);
    const uint64_t tail = SHRED_SET_DATA * (uint64_t)shred_payload_bytes(64, last);
    if (bytes > shred_block_bytes_max())
        return plan;
    uint64_t before = bytes > tail ? divide_up(bytes - tail, full) : 0;
    cut_tail(&plan, bytes > before * full ? bytes - before * full : 0);
    plan.set_count = (uint32_t)before + 1;
    plan.data_count = (uint32_t)before * SHRED_SET_DATA + plan.tail_data;
    plan.code_count = (uint32_t)before * SHRED_SET_DATA + plan.tail_code;
    return plan;
}

struct shred_set shred_set_at(const struct shred_plan *plan, uint32_t set)
{
    SIM_ASSERT(set < plan->set_count);
    bool tail = set + 1 == plan->set_count;
    uint32_t first = set * SHRED_SET_DATA;
    return (struct shred_set){.first_data = first,
                              .data_count = tail ? plan->tail_data : SHRED_SET_DATA,
                              .first_code = first,
                              .code_count = tail ? plan->tail_code : SHRED_SET_DATA,
                              .last = tail && plan->last};
}

struct shred_set shred_set_of(const struct shred_plan *plan, enum shred_type type, uint32_t index)
{
    SIM_ASSERT(index < (type == SHRED_DATA ? plan->data_count : plan->code_count));
    return shred_set_at(plan, shred_set_number(plan, index));
}
