#include "models/chain/chain_members.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/chain/chain_layout.h"
#include "models/chain/stake_law.h"
#include "models/leader_schedule.h"
#include "models/validator_key.h"
#include "sim/diagnostics.h"
#include "sim/memory.h"
#include "sim/model.h"
#include "sim/sim_assert.h"
#include "sim/world.h"

/* Bits of a validator's identity: workchain ordinal, heap index, member. */
enum { HEAP_BITS = 17, MEMBER_BITS = 13 };
_Static_assert(MEMBERS_MAX == 1 << MEMBER_BITS, "a member's number fits");

/* Leaders are known for so many slots after the end of a run: a message may name one. */
enum { SLOTS_AFTER_END = 1024 };

static const char *const NAME = "chain: validators";

static uint32_t identity_index_of(uint32_t chain, uint32_t member)
{
    uint32_t ordinal = chain >> CHAIN_HEAP_BITS;
    uint32_t heap = chain & ((UINT32_C(1) << CHAIN_HEAP_BITS) - 1);
    SIM_ASSERT(ordinal >= 1 && ordinal <= 4);
    SIM_ASSERT(heap < UINT32_C(1) << HEAP_BITS);
    return ((ordinal - 1) << HEAP_BITS | heap) << MEMBER_BITS | member;
}

static int read_stakes(struct chain_members *members, const struct validator_config *config,
                       const struct build *build)
{
    const struct rng *rng = world_rng(members->world);
    const struct stake_given_config *given = config->stake.config;
    const struct stake_zipf_config *zipf = config->stake.config;
    const struct stake_lognormal_config *lognormal = config->stake.config;
    const struct stake_file_config *file = config->stake.config;
    char place[128];
    snprintf(place, sizeof place, "%s/validators/stake/path", build->pointer);
    switch ((enum stake_type)config->stake.index) {
    case STAKE_EVEN:
        stake_law_even(members->count, members->stakes);
        break;
    case STAKE_GIVEN:
        for (uint32_t i = 0; i < members->count; i++)
            members->stakes[i] = (uint64_t)((const int64_t *)given->values.items)[i];
        break;
    case STAKE_ZIPF:
        stake_law_zipf(zipf->exponent, members->count, members->stakes);
        break;
    case STAKE_LOGNORMAL:
        stake_law_lognormal(rng, lognormal->sigma, members->count, members->stakes);
        break;
    case STAKE_FILE:
        if (stake_law_read(file->path, place, build->diagnostics, members->count,
                           members->stakes) != 0)
            return -1;
        break;
    }
    members->even = true;
    for (uint32_t i = 0; i < members->count; i++) {
        members->total_stake += members->stakes[i];
        members->even = members->even && members->stakes[i] == members->stakes[0];
    }
    if (members->total_stake > 0)
        return 0;
    diagnostics_add(build->diagnostics, "E512", place, AT_VALUE, "nobody has any stake",
                    "one above 0", NULL, NULL);
    return -1;
}

struct ranked {
    uint64_t stake;
    unsigned char key[VALIDATOR_PUBLIC_KEY_BYTES];
    uint32_t member;
};

static int compare_ranked(const void *a, const void *b)
{
    const struct ranked *left = a, *right = b;
    if (left->stake != right->stake)
        return left->stake > right->stake ? -1 : 1;
    return memcmp(right->key, left->key, sizeof left->key); /* no ties: keys differ */
}

static void rank_members(struct chain_members *members, uint32_t shard, struct ranked *room)
{
    for (uint32_t member = 0; member < members->count; member++) {
        uint32_t node = chain_members_node(members, shard, member);
        room[member].stake = members->stakes[member];
        room[member].member = member;
        validator_key(world_rng(members->world), world_identity(members->world, node),
                      room[member].key);
    }
    qsort(room, members->count, sizeof *room, compare_ranked); /* no ties: keys differ */
    for (uint32_t rank = 0; rank < members->count; rank++)
        members->member_of[(size_t)shard * members->count + rank] = (uint16_t)room[rank].member;
}

static void add_nodes(struct chain_members *members, const struct chain_layout *layout,
                      uint32_t first_home)
{
    struct world *world = members->world;
    for (uint32_t shard = 0; shard < members->shards; shard++) {
        uint32_t chain = chain_layout_chain(layout, shard);
        for (uint32_t member = 0; member < members->count; member++) {
            uint32_t node = world_node_add(
                world, &(struct node_options){.role = ROLE_VALIDATOR,
                                              .role_name = "validator",
                                              .index = identity_index_of(chain, member),
                                              .group = world_group(world, first_home + shard),
                                              .parent = identity_of(ROLE_CHAIN, chain)});
            if (shard == 0 && member == 0)
                members->first_node = node;
            SIM_ASSERT(node == chain_members_node(members, shard, member));
        }
    }
}

/* Draws the leaders of all slots of the run, epoch by epoch (SOL-R8.10). The stakes by rank are the
 * same for all shards, so room holds those of any. */
static void draw_leaders(struct chain_members *members, const struct ranked *room)
{
    uint64_t *sorted = memory_take(members->memory, NAME, members->count * sizeof *sorted);
    uint64_t *sums = memory_take(members->memory, NAME, members->count * sizeof *sums);
    for (uint32_t rank = 0; rank < members->count; rank++)
        sorted[rank] = room[rank].stake;
    uint64_t groups = members->slots_end / LEADER_SLOTS;
    uint64_t epoch_groups = members->epoch_slots / LEADER_SLOTS;
    members->leader_rank =
        memory_take(members->memory, NAME, groups * sizeof *members->leader_rank);
    for (uint64_t from = 0, epoch = 0; from < groups; from += epoch_groups, epoch++) {
        uint64_t count = groups - from < epoch_groups ? groups - from : epoch_groups;
        leader_schedule_fill(epoch, sorted, members->count, sums, (uint32_t)count,
                             &members->leader_rank[from]);
    }
    memory_give(members->memory, sorted, members->count * sizeof *sorted);
    memory_give(members->memory, sums, members->count * sizeof *sums);
}

int chain_members_build(struct chain_members *members, const struct validator_config *config,
                        const struct build *build, const struct chain_layout *layout,
                        uint32_t first_home, uint64_t interval_ns)
{
    *members = (struct chain_members){.memory = world_memory(build->world),
                                      .world = build->world,
                                      .count = (uint32_t)config->count,
                                      .shards = layout->shard_count,
                                      .epoch_slots = (uint64_t)config->epoch_slots,
                                      .clock_skew_ns = (uint64_t)config->clock_skew_ns};
    uint64_t slots = world_duration_ns(build->world) / interval_ns + SLOTS_AFTER_END;
    members->slots_end = (slots / LEADER_SLOTS + 1) * LEADER_SLOTS;
    size_t all = (size_t)members->shards * members->count;
    members->stakes = memory_take(members->memory, NAME, members->count * sizeof(uint64_t));
    members->member_of = memory_take(members->memory, NAME, all * sizeof(uint16_t));
    if (read_stakes(members, config, build) != 0) {
        chain_members_free(members);
        return -1;
    }
    add_nodes(members, layout, first_home);
    struct ranked *room = memory_take(members->memory, NAME, members->count * sizeof *room);
    for (uint32_t shard = 0; shard < members->shards; shard++)
        rank_members(members, shard, room);
    draw_leaders(members, room);
    memory_give(members->memory, room, members->count * sizeof *room);
    return 0;
}

void chain_members_free(struct chain_members *members)
{
    size_t all = (size_t)members->shards * members->count;
    if (members->leader_rank)
        memory_give(members->memory, members->leader_rank,
                    members->slots_end / LEADER_SLOTS * sizeof *members->leader_rank);
    if (members->stakes) {
        memory_give(members->memory, members->stakes, members->count * sizeof(uint64_t));
        memory_give(members->memory, members->member_of, all * sizeof(uint16_t));
    }
    *members = (struct chain_members){0};
}

bool chain_members_at(const struct chain_members *members, uint32_t node, uint32_t *ret_shard,
                      uint32_t *ret_member)
{
    uint32_t place = node - members->first_node;
    if (node < members->first_node || place >= members->shards * members->count)
        return false;
    *ret_shard = place / members->count;
    *ret_member = place % members->count;
    return true;
}

uint32_t chain_members_leader(const struct chain_members *members, uint32_t shard, uint64_t slot)
{
    SIM_ASSERT(slot < members->slots_end);
    uint32_t rank = members->leader_rank[slot / LEADER_SLOTS];
    return members->member_of[(size_t)shard * members->count + rank];
}

int64_t chain_members_late_ns(const struct chain_members *members, uint32_t shard, uint32_t member)
{
    if (members->clock_skew_ns == 0)
        return 0;
    struct rng_stream stream;
    uint32_t node = chain_members_node(members, shard, member);
    rng_stream_at(&stream, world_rng(members->world), RNG_CLOCK_SKEW,
                  world_identity(members->world, node), 0);
    uint64_t drawn = rng_below(&stream, 2 * members->clock_skew_ns + 1);
    return (int64_t)drawn - (int64_t)members->clock_skew_ns;
}
