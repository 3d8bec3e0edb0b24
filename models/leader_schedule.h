#ifndef MODELS_LEADER_SCHEDULE_H
#define MODELS_LEADER_SCHEDULE_H

/* Who leads which slot of an epoch (SOL-R8.10): a draw by stake for every four slots, seeded by the
 * epoch's number alone, so that everybody who knows the stakes knows the schedule (SOL-15).
 * O(n) to set up, O(log n) a draw; no memory of its own. */

#include <stdbool.h>
#include <stdint.h>

enum { LEADER_SLOTS = 4, LEADER_EPOCH_SLOTS = 432000 };

/* leader_schedule_fill writes the rank of the leader of each group of LEADER_SLOTS slots. stakes
 * are in the agreed order (turbine_tree.h); validators without stake never lead. running_sums is
 * working room for count numbers. The sum of the stakes is above 0 and fits in 64 bits. */
void leader_schedule_fill(uint64_t epoch, const uint64_t *stakes, uint32_t count,
                          uint64_t *running_sums, uint32_t group_count, uint32_t *ret_ranks);

/* leader_schedule_group is the group of a slot within its epoch. */
static inline uint32_t leader_schedule_group(uint64_t slot, uint64_t epoch_slots)
{
    return (uint32_t)(slot % epoch_slots / LEADER_SLOTS);
}

/* leader_schedule_accepts is the filter of what a validator takes in at all, by any path: shreds of
 * epochs whose leaders it knows (SOL-15), and not too far ahead of its highest block (SOL-R8.9). */
static inline bool leader_schedule_accepts(uint64_t slot, uint64_t highest_slot,
                                           uint64_t epochs_known, uint64_t epoch_slots)
{
    uint64_t ahead = 2 * epoch_slots > 500 ? 2 * epoch_slots : 500;
    return slot / epoch_slots < epochs_known && slot <= highest_slot + ahead;
}

#endif
