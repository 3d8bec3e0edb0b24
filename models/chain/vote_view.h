#ifndef MODELS_CHAIN_VOTE_VIEW_H
#define MODELS_CHAIN_VOTE_VIEW_H

/* What one member knows of votes, and what follows from it: which fork is heaviest, whether it may
 * leave the fork that it voted for, which blocks are final for it.
 *
 * A vote is for one block of a slot. Of each voter the vote with the highest slot is its latest:
 * that one weighs for its block and all above it (SOL-R4.3); all votes count, exactly for their
 * block, towards finality. Votes stand as a set of bits a slot, from the member's root on, so that
 * a batch of votes is learned 64 voters at a time; memory is a bit a voter and slot. Sets of all
 * members are in one pool and do not move.
 *
 * SIMPLIFICATION: a vote weighs for ancestors of its block that its receiver has not seen, too. */

#include <stdbool.h>
#include <stdint.h>

#include "models/chain/block_tree.h"

struct vote_set {
    uint64_t slot;
    uint64_t exact;  /* stake that voted for this block */
    uint64_t latest; /* of these, stake whose latest vote this is */
    uint32_t older;  /* handle of the next set, whose slot is lower; 0 = none */
    uint32_t spare;
    uint64_t bits[]; /* voters */
};

/* What all members of a chain share. */
struct vote_stakes {
    struct pool *sets; /* of vote_set_bytes(members) */
    const uint64_t *stakes;
    uint64_t total;
    uint32_t members;
    bool even;                 /* all stakes are stakes[0] */
    unsigned quorum_thirds;    /* 2: final is what more than two thirds of stake voted for */
    uint64_t switch_threshold; /* in 10^-12 */
};

struct vote_view {
    uint64_t root;      /* slot of the highest block that is final for the member */
    uint64_t last_vote; /* slot of its own latest vote, 0 = none */
    uint32_t newest;    /* handle of the set with the highest slot, 0 = none */
};

size_t vote_set_bytes(uint32_t members);

/* vote_view_find: the set of a slot, NULL if there are no votes for it. */
struct vote_set *vote_view_find(const struct vote_view *view, const struct vote_stakes *stakes,
                                uint64_t slot);

/* vote_view_learn adds votes for the block of a slot at or above the root and writes those that
 * were news, MEMBER_WORDS(members) words. False: none was. O(sets above, and voters / 64). */
bool vote_view_learn(struct vote_view *view, const struct vote_stakes *stakes, uint64_t slot,
                     const uint64_t *voters, uint64_t *ret_news);

/* vote_view_learn_one is the same for one voter. */
bool vote_view_learn_one(struct vote_view *view, const struct vote_stakes *stakes, uint64_t slot,
                         uint32_t voter);

/* vote_stake_is_final: so much stake of votes for one block makes it final. vote_stake_of sums the
 * stake of the voters whose bits are set in a word. */
static inline bool vote_stake_is_final(const struct vote_stakes *stakes, uint64_t stake)
{
    return 3 * stake > stakes->quorum_thirds * stakes->total;
}
uint64_t vote_stake_of(const struct vote_stakes *stakes, uint32_t word, uint64_t voters);

/* vote_view_heaviest follows the heaviest child from the member's root to a leaf, among the blocks
 * that the member has replayed; of equals the smaller slot. O(blocks above the root). `room` is
 * working room that grows. */
struct vote_room {
    struct memory *memory;
    struct vote_weight {
        uint64_t weight, best_weight;
        uint32_t best;
    } * weights;
    uint32_t capacity;
};
uint64_t vote_view_heaviest(const struct vote_view *view, const struct vote_stakes *stakes,
                            const struct block_tree *tree, uint32_t member, struct vote_room *room);

/* vote_view_may_leave: whether a member may vote for the block of slot `to`, which does not come
 * from its last vote: more than switch_threshold of stake has its latest vote later than that and
 * not in the branch which the last vote is in, below the common ancestor. Both are in the tree. */
bool vote_view_may_leave(const struct vote_view *view, const struct vote_stakes *stakes,
                         const struct block_tree *tree, uint64_t to);

/* vote_view_root sets the root and forgets votes for slots below it. */
void vote_view_root(struct vote_view *view, const struct vote_stakes *stakes, uint64_t root);

void vote_view_destroy(struct vote_view *view, const struct vote_stakes *stakes);

#endif
