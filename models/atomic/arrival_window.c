#include "models/atomic/arrival_window.h"

#include "sim/sim_assert.h"

void arrival_window_init(struct arrival_window *window, struct memory *memory)
{
    map_init(&window->pairs, memory, "atomic: clients of chains");
    map_init(&window->early, memory, "atomic: submissions that overtook");
}

void arrival_window_destroy(struct arrival_window *window)
{
    map_destroy(&window->pairs);
    map_destroy(&window->early);
}

bool arrival_window_note(struct arrival_window *window, uint64_t pair, uint32_t sequence)
{
    SIM_ASSERT(sequence > 0);
    uint64_t entry = (uint64_t)window->pairs.count << 32; /* a new pair's number, nothing came */
    (void)map_get(&window->pairs, pair, &entry);
    uint64_t number = entry >> 32 << 32;
    uint32_t upto = (uint32_t)entry;
    uint64_t ignored;
    if (sequence <= upto || map_get(&window->early, number | sequence, &ignored))
        return false;
    if (sequence == upto + 1)
        upto++;
    else
        map_put(&window->early, number | sequence, 1);
    /* What came early may now be in order. */
    while (map_remove(&window->early, number | (upto + UINT64_C(1))))
        upto++;
    map_put(&window->pairs, pair, number | upto);
    return true;
}
