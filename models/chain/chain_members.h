#ifndef MODELS_CHAIN_CHAIN_MEMBERS_H
#define MODELS_CHAIN_CHAIN_MEMBERS_H

/* Who the individual validators are: nodes, stakes, ranks, clocks, and who leads which slot. Fixed
 * after build.
 *
 * Every shard has the same number of validators with the same stakes by member; nodes and keys are
 * its own. Ranks are the order that all agree on: stake, then key, both descending (SOL-R8.1).
 * Since the schedule of an epoch is drawn from the sorted stakes and the epoch's number alone
 * (SOL-R8.10), one schedule of ranks serves all shards. Memory: 2 bytes a validator, 1 byte a slot
 * of the run. */

#include <stdbool.h>
#include <stdint.h>

#include "models/chain/validator_config.h"

struct build;
struct chain_layout;
struct memory;
struct world;

struct chain_members {
    struct memory *memory;
    struct world *world;
    uint32_t count, shards;
    uint32_t first_node; /* of member 0 of shard 0; the others follow, shard by shard */
    uint64_t *stakes;    /* by member */
    uint64_t total_stake;
    bool even;             /* all stakes are the same */
    uint16_t *member_of;   /* shard * count + rank */
    uint32_t *leader_rank; /* by slot / LEADER_SLOTS */
    uint64_t slots_end;    /* slots below have a leader */
    uint64_t epoch_slots, clock_skew_ns;
};

/* chain_members_build makes the nodes in the groups of the shards' own nodes (node of shard 0 in
 * `first_home`) and the schedule for a run of that length. 0, or -1 with diagnostics. */
int chain_members_build(struct chain_members *members, const struct validator_config *config,
                        const struct build *build, const struct chain_layout *layout,
                        uint32_t first_home, uint64_t interval_ns);
void chain_members_free(struct chain_members *members);

/* chain_members_at finds shard and member of a node; false: it is no validator. */
bool chain_members_at(const struct chain_members *members, uint32_t node, uint32_t *ret_shard,
                      uint32_t *ret_member);

static inline uint32_t chain_members_node(const struct chain_members *members, uint32_t shard,
                                          uint32_t member)
{
    return members->first_node + shard * members->count + member;
}

/* chain_members_leader: of a slot >= 1, at most a little after the end of the run (asserted). */
uint32_t chain_members_leader(const struct chain_members *members, uint32_t shard, uint64_t slot);

/* chain_members_late_ns: how late a member's clock is, from -clock_skew to clock_skew: it shows a
 * time so long after that time. */
int64_t chain_members_late_ns(const struct chain_members *members, uint32_t shard, uint32_t member);

#endif
