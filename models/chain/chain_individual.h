#ifndef MODELS_CHAIN_CHAIN_INDIVIDUAL_H
#define MODELS_CHAIN_CHAIN_INDIVIDUAL_H

/* Shards whose validators are nodes of their own.
 *
 * chain_lead: slots, leaders, blocks. chain_votes: a member has a block, replays it, votes; votes
 * travel. chain_forks: what is final for a member and for the chain, and what is lost. Layers know
 * of one block at a time, the open one; it lies somewhere in the tree, and it is final or dropped
 * when its block is. Events happen on the nodes of validators; layers are called in the name of the
 * shard's own node.
 *
 * SIMPLIFICATION: one block with content is open at a time, and its content is final for the layers
 * as soon as the first member knows that it is. */

#include <stdbool.h>
#include <stdint.h>

#include "models/chain/block_tree.h"
#include "models/chain/chain_members.h"
#include "models/chain/delivery_times.h"
#include "models/chain/vote_view.h"

struct chain_blocks;
struct context;
struct fault;
struct message;

struct chain_member {
    struct vote_view view;
    uint64_t waits_slot; /* its own slot for which it waits for the block before; 0 = none */
    uint64_t waits_for;  /* slot of that block */
    uint64_t waits_until_ns;
    uint64_t sent_ns; /* when it sent its last vote, the latest time */
    uint32_t repeats; /* of that vote */
    bool astray;      /* its last vote is not on the way to its root, nor comes from it */
};

/* What has been decided about the open block while the shard's node was down. */
enum content_verdict { CONTENT_OPEN, CONTENT_FINAL, CONTENT_DROPPED };

struct chain_shard {
    struct block_tree tree;
    struct chain_member *members;
    uint64_t final_slot;   /* newest block that is final for anybody */
    uint64_t newest_slot;  /* highest slot that has a block */
    uint64_t idle_slot;    /* latest slot that passed because there was nothing to do */
    uint64_t content_slot; /* of the open block; 0 = none is open */
    enum content_verdict verdict;
};

struct carried_votes {
    uint64_t slot; /* of the block that the votes are for */
    uint32_t next; /* handle; 0 = none */
    uint32_t spare;
    uint64_t bits[]; /* voters */
};

struct chain_individual {
    struct chain_members members;
    struct vote_stakes stakes;
    struct vote_room room;
    struct pool blocks, sets, carried;
    struct map slot_of; /* block -> slot, of all blocks in trees */
    struct chain_shard *shards;
    struct delivery_times delivery;
    uint64_t *news; /* working room: voters */
    uint64_t replay_ns, grace_ns, vote_repeat_ns;
    uint32_t vote_bytes, block_bytes;
    bool empty_blocks;
    enum validator_votes votes;
};

/* --- chain_individual --- */

/* chain_individual_build: 0, or -1 with diagnostics; the shards' own nodes exist. */
struct build;
int chain_individual_build(struct chain_blocks *chains, const struct validator_config *config,
                           const struct build *build);
void chain_individual_free(struct chain_blocks *chains);
void chain_individual_start(struct chain_blocks *chains, struct context *context);
void chain_individual_on_message(struct chain_blocks *chains, struct context *context,
                                 const struct message *message);
void chain_individual_on_timer(struct chain_blocks *chains, struct context *context, uint8_t kind,
                               uint32_t chain, uint64_t cookie);
/* chain_individual_on_fault: crash or restart; false: it concerns the masterchain or a stranger. */
bool chain_individual_on_fault(struct chain_blocks *chains, struct context *context);
void chain_individual_report(struct chain_blocks *chains, struct context *context);

static inline bool chain_is_individual(const struct chain_individual *individual, uint32_t index)
{
    return individual && index < individual->members.shards;
}

/* --- chain_lead --- */

/* chain_lead_epochs_known: who has a final block in an epoch knows the leaders of that epoch and of
 * the next (SOL-R1), and so of all before. */
static inline uint64_t chain_lead_epochs_known(uint64_t root, uint64_t epoch_slots)
{
    return root / epoch_slots + 2;
}

/* chain_lead_arm sets the timer of a member's next slot as leader after `slot`. */
void chain_lead_arm(struct chain_blocks *chains, struct context *context, uint32_t shard,
                    uint32_t member, uint64_t slot);
void chain_lead_slot(struct chain_blocks *chains, struct context *context, uint32_t shard,
                     uint32_t member, uint64_t slot);
void chain_lead_grace(struct chain_blocks *chains, struct context *context, uint32_t shard,
                      uint32_t member, uint64_t slot);
/* chain_lead_came: a member has replayed the block of a slot, or knows that it has none. */
void chain_lead_came(struct chain_blocks *chains, struct context *context, uint32_t shard,
                     uint32_t member, uint64_t slot);

/* --- chain_votes --- */

/* chain_votes_complete is the seam's complete(). chain_votes_replayed is the end of replay.
 * chain_votes_made: a leader replays its block as it makes it; it has it whole now, or once the
 * spread says so. */
void chain_votes_made(struct chain_blocks *chains, struct context *context, uint32_t shard,
                      uint32_t member, uint64_t slot);
/* chain_votes_sent: the end of a slot whose block it made. */
void chain_votes_sent(struct chain_blocks *chains, struct context *context, uint32_t shard,
                      uint32_t member);
void chain_votes_complete(struct chain_blocks *chains, struct context *context, uint32_t shard,
                          uint32_t member, uint64_t slot);
void chain_votes_replayed(struct chain_blocks *chains, struct context *context, uint32_t shard,
                          uint32_t member, uint64_t slot);
void chain_votes_came(struct chain_blocks *chains, struct context *context, uint32_t shard,
                      uint32_t member, uint32_t voter, uint64_t slot, uint64_t block);
/* chain_votes_crashed: what the member had not made of its own blocks is lost, and so are they: it
 * does not go on with them. chain_votes_restart goes on where a crash took the timers. */
void chain_votes_crashed(struct chain_blocks *chains, uint32_t shard, uint32_t member);
void chain_votes_restart(struct chain_blocks *chains, struct context *context, uint32_t shard,
                         uint32_t member);
/* chain_votes_carry puts what a leader knows, and the block's ancestors do not carry, into its
 * block, at most so many votes, and returns how many that are. */
uint64_t chain_votes_carry(struct chain_blocks *chains, uint32_t shard, uint32_t member,
                           struct tree_block *block, uint64_t most);

/* --- chain_forks --- */

/* chain_forks_judge looks whether a newer block is final for a member now. The tree may be cut. */
void chain_forks_judge(struct chain_blocks *chains, struct context *context, uint32_t shard,
                       uint32_t member);
/* chain_forks_is_being_sent: a leader neither votes for its own block nor holds it for final before
 * it has it whole and others can have it, however much stake it has: the end of its slot is when it
 * looks again. */
bool chain_forks_is_being_sent(const struct chain_individual *individual, struct context *context,
                               struct tree_block *block, uint32_t member);
/* chain_forks_born: a block was made; it may be on a fork that is lost already. */
void chain_forks_born(struct chain_blocks *chains, struct context *context, uint32_t shard,
                      struct tree_block *block);
/* chain_forks_settle does what has been decided about the open block, unless the shard's node is
 * down. */
void chain_forks_settle(struct chain_blocks *chains, struct context *context, uint32_t shard);
/* chain_forks_forget gives back what belongs to a block of the tree: a block_tree_forget. */
void chain_forks_forget(void *individual, struct tree_block *block);

#endif
