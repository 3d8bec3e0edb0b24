#include "models/chain/chain_clock.h"

#include "sim/exact.h"
#include "sim/sim_assert.h"

uint64_t clock_phase(const struct rng *rng, uint64_t identity, uint64_t interval_ns)
{
    SIM_ASSERT(interval_ns > 0);
    struct rng_stream stream;
    rng_stream_at(&stream, rng, RNG_PHASE, identity, 0);
    return rng_below(&stream, interval_ns);
}

static uint64_t first_slot(uint64_t phase_ns, uint64_t interval_ns)
{
    SIM_ASSERT(interval_ns > 0);
    SIM_ASSERT(phase_ns < interval_ns);
    return phase_ns > 0 ? phase_ns : interval_ns;
}

uint64_t clock_slot(uint64_t phase_ns, uint64_t interval_ns, uint64_t slot)
{
    SIM_ASSERT(slot >= 1);
    return first_slot(phase_ns, interval_ns) + (slot - 1) * interval_ns;
}

uint64_t clock_slots(uint64_t phase_ns, uint64_t interval_ns, uint64_t time_ns)
{
    uint64_t first = first_slot(phase_ns, interval_ns);
    return time_ns < first ? 0 : (time_ns - first) / interval_ns + 1;
}

uint64_t clock_next(uint64_t phase_ns, uint64_t interval_ns, uint64_t now_ns)
{
    uint64_t slot = clock_slots(phase_ns, interval_ns, now_ns) + 1;
    uint64_t next = clock_slot(phase_ns, interval_ns, slot);
    SIM_ASSERT(next > now_ns);
    return next;
}

uint64_t clock_gap(const struct rng *rng, uint64_t identity, uint64_t slot, uint64_t interval_ns)
{
    struct rng_stream stream;
    rng_stream_at(&stream, rng, RNG_PHASE, identity, slot + 1); /* item 0 is the phase */
    /* At most 37 intervals: rng_open is never below 2^-53. */
    double gap = -exact_log(rng_open(&stream)) * (double)interval_ns;
    return (uint64_t)gap + 1;
}

uint64_t master_clock_final(const struct master_clock *clock, uint64_t time_ns)
{
    if (time_ns < clock->delay_ns)
        return 0;
    return clock_slots(clock->phase_ns, clock->interval_ns, time_ns - clock->delay_ns);
}

uint64_t master_clock_visible(const struct master_clock *clock, uint64_t final_ns,
                              uint64_t *ret_seqno)
{
    uint64_t slot = clock_slots(clock->phase_ns, clock->interval_ns, final_ns) + 1;
    *ret_seqno = slot;
    return clock_slot(clock->phase_ns, clock->interval_ns, slot) + clock->delay_ns;
}
