#ifndef SIM_WALL_CLOCK_H
#define SIM_WALL_CLOCK_H

/* The machine's own clock, for limits, progress and figures about a run: outside the simulation.
 * Nothing that is simulated may read it. It only runs forward and has no date. */

#include <stdint.h>
#include <time.h>

static inline uint64_t wall_clock_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now); /* outside the simulation */
    return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

static inline double wall_clock_s(void)
{
    return (double)wall_clock_ns() / 1e9;
}

#endif
