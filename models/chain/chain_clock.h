#ifndef MODELS_CHAIN_CHAIN_CLOCK_H
#define MODELS_CHAIN_CHAIN_CLOCK_H

/* When blocks are made. Pure arithmetic on nanoseconds; nothing here is stored per chain.
 *
 * Slots of a periodic clock are numbered from 1: slot k is at first + (k - 1) * interval, where
 * first is the chain's phase, or one interval if the phase is 0 (time 0 is no slot). */

#include <stdint.h>

#include "sim/rng.h"

/* clock_phase draws a chain's phase in [0, interval) by its identity. */
uint64_t clock_phase(const struct rng *rng, uint64_t identity, uint64_t interval_ns);

/* clock_slot: the time of slot k >= 1. */
uint64_t clock_slot(uint64_t phase_ns, uint64_t interval_ns, uint64_t slot);

/* clock_slots: how many slots there are at or before a time; also the number of the last one. */
uint64_t clock_slots(uint64_t phase_ns, uint64_t interval_ns, uint64_t time_ns);

/* clock_next: the first slot strictly later than now. */
uint64_t clock_next(uint64_t phase_ns, uint64_t interval_ns, uint64_t now_ns);

/* clock_gap draws the exponential gap before the slot-th slot of a chain: mean interval, at least
 * 1 ns. Memoryless, so the gap may be counted from the moment at which work came. */
uint64_t clock_gap(const struct rng *rng, uint64_t identity, uint64_t slot, uint64_t interval_ns);

/* The masterchain as a clock (TON-R15, TON-R16): block k is made at its slot k and final delay_ns
 * later, whether or not anything is simulated in it. SIMPLIFICATION: nobody is sent its blocks; who
 * needs their times computes them. */
struct master_clock {
    uint64_t phase_ns, interval_ns, delay_ns;
};

/* master_clock_final: the number of the last masterchain block that is final at a time, 0 = none.
 */
uint64_t master_clock_final(const struct master_clock *clock, uint64_t time_ns);

/* master_clock_visible: when a block that became final at final_ns is shown by the masterchain: the
 * first slot strictly later registers it, and it is seen once that masterchain block is final. */
uint64_t master_clock_visible(const struct master_clock *clock, uint64_t final_ns,
                              uint64_t *ret_seqno);

#endif
