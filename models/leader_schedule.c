#include "models/leader_schedule.h"

#include "models/ascending.h"
#include "models/chacha.h"
#include "sim/sim_assert.h"

void leader_schedule_fill(uint64_t epoch, const uint64_t *stakes, uint32_t count,
                          uint64_t *running_sums, uint32_t group_count, uint32_t *ret_ranks)
{
    uint64_t total = 0;
    for (uint32_t i = 0; i < count; i++) {
        SIM_ASSERT(stakes[i] <= UINT64_MAX - total);
        total += stakes[i];
        running_sums[i] = total;
    }
    SIM_ASSERT(total > 0);
    unsigned char key[CHACHA_KEY_BYTES] = {0};
    for (unsigned i = 0; i < 8; i++)
        key[i] = (unsigned char)(epoch >> 8 * i);
    struct chacha chacha;
    chacha_init(&chacha, key, CHACHA_ROUNDS_20);
    for (uint32_t group = 0; group < group_count; group++)
        ret_ranks[group] =
            (uint32_t)ascending_draw(running_sums, count, chacha_uniform(&chacha, total));
}
