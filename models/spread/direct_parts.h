#ifndef MODELS_SPREAD_DIRECT_PARTS_H
#define MODELS_SPREAD_DIRECT_PARTS_H

/* What the files of direct spread share: spread_direct (leaders send, blocks come), direct_fetch
 * (what a member misses, and asks others for), direct_status (members tell each other how far they
 * are). Events happen on the node of the member that they speak of. */

#include <stdbool.h>
#include <stdint.h>

#include "models/spread/spread_params.h"
#include "models/spread/whole_blocks.h"
#include "models/spread/wish_list.h"
#include "models/stack.h"

enum {
    DIRECT_BLOCK,
    DIRECT_ASK,
    DIRECT_ASK_HEADERS,
    DIRECT_HEADERS,
    DIRECT_STATUS,
    DIRECT_STATUS_ANSWER,
    DIRECT_MESSAGES
};
enum { DIRECT_TIMER_FETCH, DIRECT_TIMER_STATUS };
enum {
    DIRECT_SENT,
    DIRECT_ASKED,
    DIRECT_ANSWERED,
    DIRECT_DUPLICATE,
    DIRECT_HEADERS_ASKED,
    DIRECT_HEADERS_ANSWERED,
    DIRECT_STATUSES,
    DIRECT_METRICS
};

/* Bytes: a packet beside what it carries (addresses, kind, signature), a block's hash in it, and a
 * header: two hashes, slot, leader, size. */
enum { DIRECT_PACKET_BYTES = 96, DIRECT_HASH_BYTES = 32, DIRECT_HEADER_BYTES = 96 };
enum { DIRECT_SOURCES = 8 };

/* What a member tells: the highest block that it knows to be final, 0 = the beginning, and the
 * highest one that it has. */
struct direct_status {
    uint64_t root, newest;
    uint64_t round; /* of the one that asks */
};

/* One round of telling: whom by their distance in the ring of members, 1 to 64. */
struct direct_round {
    uint64_t answered; /* a bit a distance */
    uint64_t number;
    uint32_t reach, tries; /* the farthest distance that was asked; how often */
    bool open;
};

struct direct_member {
    struct wish_list wishes;
    uint64_t fetch_timer, fetch_ns;     /* handle, 0 = none; its instant */
    uint64_t headers_until_ns;          /* headers have been asked for, and may come until then */
    uint32_t sources[DIRECT_SOURCES];   /* members that lately had something that it had not */
    uint32_t source_count, source_next; /* how many; where the next one goes */
    uint32_t draws;                     /* choices and requests, each with luck of its own */
    uint32_t spare;
    uint64_t root, newest; /* as in struct direct_status */
    uint64_t root_slot, newest_slot;
    uint64_t status_timer, news_ns; /* handle, 0 = none; when it last had something new to tell */
    struct direct_round round;
};

struct direct_chain {
    struct direct_member *members;
    uint32_t chain, member_count, first_node;
};

struct spread_direct {
    struct spread_config config;
    struct memory *memory;
    struct stack *stack;
    struct direct_chain *chains;
    uint32_t chain_count, node_count;
    struct direct_chain **chain_of_node; /* NULL = no validator */
    struct whole_blocks whole;
};

/* --- spread_direct --- */

static inline const struct whole_block *
direct_find(const struct spread_direct *direct, const struct direct_chain *chain, uint64_t block)
{
    return whole_blocks_find(&direct->whole, chain->chain, block);
}

/* direct_member_at is the member of a chain that stands at this node. */
static inline uint32_t direct_member_at(const struct direct_chain *chain, uint32_t node)
{
    SIM_ASSERT(node - chain->first_node < chain->member_count);
    return node - chain->first_node;
}

static inline void direct_count(struct context *context, uint32_t metric)
{
    context_count(context, LAYER_SPREAD, metric, 1);
}

void direct_send_block(struct context *context, const struct direct_chain *chain,
                       const struct block_header *header, uint32_t to, uint32_t attempt,
                       uint64_t depart_ns);

/* --- direct_fetch --- */

/* direct_hear: another member has, or had, a block. If this one does not have it and may want it,
 * it will be asked for. True: that is news. */
bool direct_hear(struct spread_direct *direct, struct context *context, struct direct_chain *chain,
                 uint32_t member, uint32_t holder, uint64_t block);

/* direct_came: a block that the member did not have has come from another one. */
void direct_came(struct spread_direct *direct, struct context *context, struct direct_chain *chain,
                 uint32_t member, uint32_t from, const struct block_header *header);

void direct_on_fetch(struct spread_direct *direct, struct context *context,
                     struct direct_chain *chain, uint32_t member);
void direct_on_ask(struct spread_direct *direct, struct context *context,
                   struct direct_chain *chain, const struct message *message);
void direct_on_ask_headers(struct spread_direct *direct, struct context *context,
                           struct direct_chain *chain, const struct message *message);
void direct_on_headers(struct spread_direct *direct, struct context *context,
                       struct direct_chain *chain, const struct message *message);

/* direct_fetch_restart: a crash took timers and packets, not the knowledge of what is missing. */
void direct_fetch_restart(struct spread_direct *direct, struct context *context,
                          struct direct_chain *chain, uint32_t member);

/* --- direct_status --- */

/* direct_has: the member has a block more. direct_is_final: it knows that a block is final. */
void direct_has(struct spread_direct *direct, struct context *context, struct direct_chain *chain,
                uint32_t member, const struct block_header *header);
void direct_is_final(struct spread_direct *direct, struct context *context,
                     struct direct_chain *chain, uint32_t member,
                     const struct block_header *header);
void direct_on_quiet(struct spread_direct *direct, struct context *context,
                     struct direct_chain *chain, uint32_t member);
void direct_on_status(struct spread_direct *direct, struct context *context,
                      struct direct_chain *chain, const struct message *message);

/* direct_status_restart: who comes back asks at once. */
void direct_status_restart(struct spread_direct *direct, struct context *context,
                           struct direct_chain *chain, uint32_t member);

#endif
