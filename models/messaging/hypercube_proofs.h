#ifndef MODELS_MESSAGING_HYPERCUBE_PROOFS_H
#define MODELS_MESSAGING_HYPERCUBE_PROOFS_H

/* The instant path of the hypercube implementer, as its files share it: proofs, who sends and who
 * accepts them, confirmations, lies, and what is remembered of what came. */

#include <stddef.h>

#include "models/messaging/hypercube_parts.h"
#include "sim/fault.h"

/* hypercube_proof.c: a block's root, as its validators signed it, and one item's place under it.
 * On the wire its head is 80 bytes: block, root, signature and the length of the path. When the
 * block became final stands in the block that it names. */
struct block_proof {
    uint64_t block;
    uint64_t final_ns;
    uint64_t position; /* as of when it speaks (hypercube_memory.c) */
    struct merkle_hash root;
    unsigned char signature[HASH_BYTES];
    uint32_t proof_bytes;
    uint32_t pad;
    unsigned char proof[MERKLE_PROOF_BYTES_MAX];
};
enum { BLOCK_PROOF_HEAD = offsetof(struct block_proof, proof), BLOCK_PROOF_WIRE_HEAD = 80 };
enum proof_verdict { PROOF_HOLDS, PROOF_WRONG_BLOCK, PROOF_WRONG_SIGNATURE, PROOF_WRONG_LEAF };
/* cube_prove fills the proof of leaf `index` of the tree in cube->tree. */
void cube_prove(struct hypercube *cube, const struct block *block, uint64_t position,
                uint32_t leaf_count, uint32_t index, struct block_proof *ret_proof);
/* The validators of its block sign it again, as of a later position. */
void cube_proof_date(struct hypercube *cube, struct block_proof *proof, uint64_t position);
enum { PROOF_ITEM_MAX = HASH_BYTES + 8 };
/* Every proof is verified as if it were the first of its block. */
enum proof_verdict cube_proof_check(struct hypercube *cube, const struct block_proof *proof,
                                    const unsigned char *item, size_t item_bytes, uint32_t chain);
/* Room for the leaves and inner nodes of a tree of so many leaves. */
void cube_tree_room(struct hypercube *cube, uint32_t leaf_count);

/* hypercube_instant.c: proofs as their sender makes them. */
/* Says so where a proof needs longer than it lives. */
void cube_instant_warn(const struct hypercube *cube, const struct build *build);
bool cube_instant_off(const struct hypercube *cube, uint64_t at_ns, uint64_t *ret_until_ns);
/* Sends a message with its proof to a node. */
struct cube_way {
    uint32_t to, attempt;
    uint64_t depart_ns; /* 0 = now */
};
void cube_instant_transmit(struct hypercube *cube, struct context *context,
                           const struct parcel *parcel, const struct block_proof *proof,
                           const struct cube_way *way);
/* Whether a message goes by proof: fixed when it is made. */
bool cube_instant_goes(const struct hypercube *cube, const struct envelope *envelope);
void cube_instant_send(struct hypercube *cube, struct context *context, const struct block *block,
                       const struct cube_part *part);
void cube_instant_on_timer(struct hypercube *cube, struct context *context, uint32_t chain);
/* A confirmation came from there: one proof for it that waits for its next attempt goes at once. */
void cube_instant_take_up(struct hypercube *cube, struct context *context, struct cube_chain *chain,
                          uint32_t destination);
void cube_instant_rearm(struct hypercube *cube, struct context *context, struct cube_chain *chain);

/* hypercube_accept.c: proofs as their receiver takes them (TON-R51). */
void cube_accept_on_proof(struct hypercube *cube, struct context *context,
                          const struct message *message);
void cube_accept_on_timer(struct hypercube *cube, struct context *context, uint32_t chain);
void cube_accept_rearm(struct hypercube *cube, struct context *context, struct cube_chain *chain);
/* Whether a block made now could take in a proof that waits. */
bool cube_accept_ready(struct hypercube *cube, const struct cube_chain *chain);
/* The same for the block that is being made; what must wait is counted. */
bool cube_accept_wanted(struct hypercube *cube, struct context *context, struct cube_chain *chain);
uint32_t cube_accept_fill(struct hypercube *cube, struct context *context, struct block *block,
                          struct cube_part *part, struct cube_chain *chain);
void cube_accept_refused(struct hypercube *cube, struct context *context, uint32_t chain,
                         uint64_t id, enum cube_metric reason);
/* True if it holds; else it is refused and counted by its reason. */
bool cube_accept_verdict(struct hypercube *cube, struct context *context, uint32_t chain,
                         uint64_t id, enum proof_verdict verdict);

/* A node that lies, while a fault of type byzantine holds it. */
enum cube_behaviour { CUBE_FORGE_PROOF, CUBE_REPLAY_PROOF, CUBE_STALE_PROOF, CUBE_FORGE_CONFIRM };
extern const struct model_behaviour cube_behaviours[];
struct cube_liar {
    uint64_t share;
    uint32_t node, behaviour, fault, next;
};

/* hypercube_byzantine.c: what a lying node does. */
bool cube_byzantine_lies(const struct hypercube *cube, const struct context *context,
                         enum cube_behaviour behaviour, uint64_t id);
void cube_byzantine_on_fault(struct hypercube *cube, uint32_t node, const struct fault *fault);
/* A proof is about to be sent for the first time; true: it is held back. */
bool cube_byzantine_source(struct hypercube *cube, struct context *context,
                           const struct parcel *parcel, const struct block_proof *proof);
/* The system has no instant path (TON-R50), and a node that forges proofs sends a right one. */
void cube_byzantine_unasked(struct hypercube *cube, struct context *context,
                            const struct parcel *parcel, const struct block_proof *proof);
/* A proof for another chain came; true: taken by an accomplice. */
bool cube_byzantine_third_party(struct hypercube *cube, struct context *context,
                                const struct parcel *parcel, const struct block_proof *proof);

/* hypercube_waiting.c: the lists of proofs that came and are not yet in a block. */
void cube_proof_append(struct hypercube *cube, struct cube_chain *chain, uint32_t slot);
void cube_proof_postpone(struct hypercube *cube, struct cube_chain *chain, uint32_t slot);
void cube_proof_unlink(struct hypercube *cube, struct cube_chain *chain, uint32_t slot);
/* One waits for an older message; or all those that are later than oldest_lt. Each counts once. */
void cube_proof_note_wait(struct hypercube *cube, struct context *context, struct cube_chain *chain,
                          uint32_t slot);
void cube_proof_note_waits(struct hypercube *cube, struct context *context,
                           struct cube_chain *chain, uint64_t oldest_lt);
/* Proofs of a dropped block, in its order, go before those that wait. */
void cube_proof_give_back(struct hypercube *cube, struct cube_chain *chain,
                          const struct list *taken);

/* hypercube_memory.c: what came, and when it is forgotten. */
uint64_t cube_position_of(const struct hypercube *cube, const struct parcel *parcel);
uint64_t cube_position_now(const struct hypercube *cube, const struct cube_chain *chain,
                           uint64_t now_ns);
/* A block of the chain is final. */
void cube_look_back_note(struct hypercube *cube, struct cube_chain *chain,
                         const struct block *block);
/* Fewer than `look_back` blocks stand at that position or later. */
bool cube_look_back_open(struct hypercube *cube, struct cube_chain *chain, uint64_t position);
struct dedup_node *cube_node_find(struct hypercube *cube, struct cube_chain *chain, uint64_t id,
                                  uint32_t *ret_slot);
void cube_node_free(struct hypercube *cube, struct cube_chain *chain, uint32_t slot);
bool cube_remembers(struct hypercube *cube, struct cube_chain *chain, const struct parcel *parcel);
/* cube_remember and cube_remember_instant add to the set or the table, in this block; 0 if it is
 * there already, or if watermarks do it. */
uint32_t cube_remember(struct hypercube *cube, struct block *block, struct cube_chain *chain,
                       const struct parcel *parcel);
uint32_t cube_remember_instant(struct hypercube *cube, struct block *block,
                               struct cube_chain *chain, const struct parcel *parcel,
                               uint64_t position);
/* The neighbour's copy is gone; with proofs about, the node fades. */
void cube_let_go(struct hypercube *cube, struct context *context, struct cube_chain *chain,
                 uint32_t slot);
/* The slow copy of what a proof delivered is gone, and no copy of the proof is newer than that. */
void cube_instant_copy_gone(struct hypercube *cube, struct cube_chain *chain, uint32_t slot,
                            uint64_t position);
void cube_expire(struct hypercube *cube, struct context *context, const struct block *block,
                 struct cube_chain *chain);
void cube_keep_confirmed(struct hypercube *cube, const struct block *block,
                         struct cube_chain *chain, uint64_t id);

/* hypercube_confirm.c: confirmations and stopped copies. */
void cube_confirm_send(struct hypercube *cube, struct context *context, const struct block *block,
                       const struct cube_part *part);
void cube_confirm_on_message(struct hypercube *cube, struct context *context,
                             const struct message *message);
void cube_stop_notify(struct hypercube *cube, struct context *context, struct cube_chain *chain,
                      uint64_t id, uint32_t destination, uint64_t position, uint64_t fee);
void cube_stop_on_message(struct hypercube *cube, struct context *context,
                          const struct message *message);
void cube_stop_on_receipt(struct hypercube *cube, struct context *context,
                          const struct message *message);
void cube_stop_on_timer(struct hypercube *cube, struct context *context, uint32_t chain);
void cube_stop_rearm(struct hypercube *cube, struct context *context, struct cube_chain *chain);

#endif
