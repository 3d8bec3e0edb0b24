#include "models/messaging/letter_arrivals.h"

#include "sim/sim_assert.h"

void letter_arrivals_init(struct letter_arrivals *arrivals, struct memory *memory)
{
    map_init(&arrivals->pairs, memory, "messaging: pairs");
    map_init(&arrivals->early, memory, "messaging: early letters");
}

void letter_arrivals_destroy(struct letter_arrivals *arrivals)
{
    map_destroy(&arrivals->pairs);
    map_destroy(&arrivals->early);
}

bool letter_arrivals_has(const struct letter_arrivals *arrivals, uint64_t pair, uint32_t sequence)
{
    uint64_t word = 0, value = 0;
    SIM_ASSERT(sequence > 0);
    if (!map_get(&arrivals->pairs, pair, &word))
        return false;
    return sequence <= (uint32_t)word ||
           map_get(&arrivals->early, word >> 32 << 32 | sequence, &value);
}

void letter_arrivals_note(struct letter_arrivals *arrivals, uint64_t pair, uint32_t sequence)
{
    uint64_t word = 0;
    SIM_ASSERT(!letter_arrivals_has(arrivals, pair, sequence));
    if (!map_get(&arrivals->pairs, pair, &word))
        word = (uint64_t)(arrivals->pairs.count + 1) << 32;
    uint64_t number = word >> 32 << 32;
    uint32_t low = (uint32_t)word;
    if (sequence == low + 1) {
        low++;
        while (map_remove(&arrivals->early, number | (low + 1)))
            low++;
    } else {
        map_put(&arrivals->early, number | sequence, 1);
    }
    map_put(&arrivals->pairs, pair, number | low);
}
