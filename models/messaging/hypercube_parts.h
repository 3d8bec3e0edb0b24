#ifndef MODELS_MESSAGING_HYPERCUBE_PARTS_H
#define MODELS_MESSAGING_HYPERCUBE_PARTS_H

/* What the files of the hypercube implementer share; nobody else includes it.
 *
 * Three kinds of state:
 *  - consensus state: words, changed by block_set only (counters, states of entries and of
 *    deduplication nodes), and the lists that hold them, which change in final() only;
 *  - the view: what packets told about neighbours' queues (mirrors, links), no part of blocks;
 *  - the open block: a list of acts, which final() carries out and dropped() takes back.
 * Everything is attached at first use: an idle chain has no bytes here. */

#include <stdbool.h>
#include <stdint.h>

#include "models/messaging/delivery_check.h"
#include "models/messaging/due_runs.h"
#include "models/messaging/hypercube_fees.h"
#include "models/messaging/hypercube_procedure.h"
#include "models/messaging/hypercube_route.h"
#include "models/messaging/import_order.h"
#include "models/messaging/instant_table.h"
#include "models/messaging/logical_time.h"
#include "models/messaging/merkle.h"
#include "models/messaging/message_hash.h"
#include "models/messaging/processed_upto.h"
#include "models/stack.h"
#include "sim/memory.h"
#include "sim/param.h"

enum cube_path { CUBE_SLOW, CUBE_INSTANT, CUBE_BOTH };
enum cube_dedup { CUBE_SET, CUBE_WATERMARK };

/* Switches that tests use to break a rule on purpose. Each one breaks one property. */
enum cube_break {
    CUBE_BREAK_NONE,
    CUBE_BREAK_DELIVER_TWICE, /* nothing is remembered, and deliveries are not answered */
    CUBE_BREAK_REORDER,       /* the second entry of a queue goes first */
    CUBE_BREAK_LOSE,          /* every fourth entry never joins its queue */
    CUBE_BREAK_EXTRA_HOP,     /* hops of one bit, whatever the digit */
    CUBE_BREAK_EARLY,         /* entries are sent before the masterchain shows their block */
    CUBE_BREAK_TRUST,         /* no proof is verified: a forged one is delivered */
    CUBE_BREAK_MASTER,        /* messages pass the masterchain, and it keeps them */
    CUBE_BREAK_IGNORE_ORDER   /* proofs carry messages whose sender needs order */
};

/* A time in which nothing goes by proof, and no proof is accepted (TON-42). */
struct cube_off {
    int64_t from_ns, until_ns;
};

/* TON-R51: may a proof overtake older messages in queues; what if its block is not registered. */
enum instant_order { INSTANT_ORDER_STRICT, INSTANT_ORDER_NONE };
enum instant_newer { INSTANT_NEWER_POSTPONE, INSTANT_NEWER_DISCARD, INSTANT_NEWER_ACCEPT };

struct cube_config {
    int64_t path, routing, digit_bits, dedup, order, resend_ns, lt, break_rule;
    int64_t cleanup, defer_after, queue_limit, quota_messages, quota_bytes; /* 0 = no limit */
    int64_t look_back, instant_order, instant_newer;
    struct param_list instant_off; /* of struct cube_off */
    struct cube_fee_config pay;
};

enum { GAS_IMPORT = 1000, GAS_NOTE = 100, NOTE_BYTES = 40, PACKET_ENTRIES_MAX = 4096 };

/* Kinds, in the order of the tables in hypercube.c. */
enum cube_message {
    CUBE_ENTRIES,
    CUBE_PROCESSED,
    CUBE_RECEIPT,
    CUBE_PROOF,
    CUBE_CONFIRM,
    CUBE_STOPPED,
    CUBE_STOPPED_RECEIPT
};
enum cube_timer { CUBE_TIMER_RESEND, CUBE_TIMER_PENDING, CUBE_TIMER_STOPPED, CUBE_TIMER_POSTPONED };
enum cube_trace {
    CUBE_TRACE_EMIT,
    CUBE_TRACE_ENQUEUE,
    CUBE_TRACE_FORWARD,
    CUBE_TRACE_DELIVER,
    CUBE_TRACE_DEQUEUE,
    CUBE_TRACE_DISCARD,
    CUBE_TRACE_STOP,
    CUBE_TRACE_CONFIRM,
    CUBE_TRACE_REFUSE,
    CUBE_TRACE_DEFER,
    CUBE_TRACE_DISPATCH,
    CUBE_TRACE_STORAGE
};
enum cube_metric {
    CUBE_SENT,
    CUBE_DELIVERED,
    CUBE_FORWARDS,
    CUBE_DEQUEUES,
    CUBE_DISCARDED,
    CUBE_SLOW_STOPPED,
    CUBE_INSTANT_SENT,
    CUBE_INSTANT_RESENT,
    CUBE_INSTANT_DELIVERED,
    CUBE_PROOFS_REFUSED,
    CUBE_PROOF_BYTES,
    CUBE_PACKETS_RESENT,
    CUBE_REMEMBERED,
    CUBE_QUEUED,
    CUBE_QUOTA_STOPS,
    CUBE_QUEUE_FULL,
    CUBE_DEFERRED,
    CUBE_FEES_EMITTER,
    CUBE_FEES_INTERMEDIATE,
    CUBE_FEES_FINAL,
    CUBE_FEES_INSTANT,
    CUBE_FEES_RETURNED,
    CUBE_FEES_STOPPED,
    CUBE_FEES_CLAIMED,
    CUBE_FEES_STORAGE,
    CUBE_STORAGE_CHARGES,
    CUBE_REFUSED_SIGNATURE,
    CUBE_REFUSED_LEAF,
    CUBE_REFUSED_BLOCK,
    CUBE_REFUSED_STALE,
    CUBE_REFUSED_NEWER,
    CUBE_REFUSED_OFF,
    CUBE_PROOFS_IGNORED,
    CUBE_PROOFS_POSTPONED,
    CUBE_PROOFS_WAITED,
    CUBE_INSTANT_WITHHELD,
    CUBE_LIES
};

/* A message as chains hand it on. Plain data, copied into packets. */
struct parcel {
    struct envelope envelope;
    uint64_t lt, enqueued_lt; /* TON-R18 */
    uint64_t created_lt;      /* lt, unless it was deferred (TON-R38) */
    uint64_t place;           /* in the stream from the source to this neighbour, from 1 */
    uint64_t master_seqno;
    uint64_t block_ns; /* slot of the enqueuing block */
    uint64_t block_end_lt;
    uint64_t deducted;  /* from the value that the hash covers, by forwarding shards (TON-51) */
    uint64_t fee_paid;  /* prepaid fees collected so far */
    uint64_t initiator; /* prefix of the account that received what began it all (TON-R38) */
    unsigned char hash[HASH_BYTES];
    int32_t current_bits, next_bits;
    uint32_t links;      /* moves between shards so far */
    uint32_t block_last; /* 1: its block put nothing after it into this stream */
    uint32_t queued_in;  /* the chain whose block put it there, or the half of it that got it */
    uint32_t pad;
};

/* A place in an output queue, or among the pending instant messages. */
enum entry_state { ENTRY_NEW, ENTRY_QUEUED, ENTRY_GONE, ENTRY_DEFERRED };
struct entry {
    uint64_t state; /* word */
    struct parcel parcel;
    uint64_t due_ns;         /* when it is sent again */
    uint32_t link;           /* 0: a pending instant message */
    uint32_t next, previous; /* in its queue; within an open block: the next local message */
    uint32_t attempt;
    uint32_t packet;             /* number of the packet that carried it last */
    uint32_t proof, proof_bytes; /* pending instant: slab block with the proof to send again */
    bool received;               /* the neighbour said that it holds it */
    bool answered;               /* ... that it has processed it: the removal is in our inputs */
    bool turned;                 /* was for another shard, which this one was united with */
    bool cleaned;                /* ... which had processed it: another entry may have this id */
    bool lied;                   /* a Byzantine node used its confirmation for another message */
};

/* An account with deferred messages (TON-R38). */
struct sender {
    uint64_t waiting;     /* word: how many, those of the open block included */
    uint64_t account;     /* its prefix */
    uint32_t first, last; /* entries, in the order in which they were made */
    uint32_t next_sender, previous_sender;
};

/* A removal from an output queue, told to the neighbour until it says that it knows. */
struct removal {
    uint64_t number, place, id;
    uint64_t stopped;  /* 1: by a confirmation, not because the neighbour processed it */
    uint64_t fee;      /* forwarding fee that its entry still had */
    struct address to; /* the message's recipient: whom to tell if this was the last copy */
};
struct removal_node {
    struct removal removal;
    uint32_t next;
};

/* What a chain knows about one neighbour. The own queue is a link to oneself. */
struct link {
    uint32_t chain, neighbour;
    uint32_t slot; /* its own */
    uint32_t next_of_chain;
    bool ended;          /* one of the two dies in the switch that goes on */
    bool due_lost;       /* `due` is not what the queue says: a switch changed that */
    struct due_runs due; /* of the entries that are not answered */
    /* Out: entries for the neighbour, in the order of places. */
    uint64_t place_last;
    uint32_t out_first, out_last;
    uint32_t open_first;  /* every entry before it is received; 0 = not known */
    uint32_t news;        /* first entry that the open final() added */
    uint32_t touched;     /* next in the list of links with news in the open final() */
    uint32_t answer_next; /* next in the list of links to answer */
    bool in_touched, in_answered;
    bool told_stop; /* a stopped copy was removed, and the neighbour does not know it yet */
    uint64_t removal_last, removal_known;
    uint32_t removal_first, removal_newest;
    uint32_t timer_node;
    bool timer_set;
    uint32_t backoff, attempts;
    uint32_t packets;        /* of entries, sent so far: their numbers */
    uint32_t window;         /* number of the last one that sent something again */
    uint32_t heard;          /* the highest number that an answer told us to have come */
    uint64_t answered_ns;    /* when the latest block's answers may be seen */
    uint32_t answered_count; /* entries that it processed and that are still here (TON-R31) */
    uint32_t answers;        /* packets sent back for duplicates: addresses their luck */
    /* In: what the neighbour's queue shows. */
    uint64_t quota_block; /* the block that imports from it now, and how much so far (TON-R23) */
    uint64_t quota_bytes;
    uint32_t quota_messages;
    uint64_t place_seen; /* every place up to it has come */
    uint32_t held_first; /* mirrors that wait for an earlier place, rising */
    uint64_t removal_seen;
    uint64_t end_lt;                /* of the neighbour's latest block that is visible here whole */
    uint32_t history_first;         /* watermarks: end_lt by own block number, newest first */
    uint32_t done_first, done_last; /* imports of the open final(), to be answered */
};

enum mirror_state { MIRROR_HELD, MIRROR_READY, MIRROR_TAKEN, MIRROR_GONE };
struct mirror {
    struct parcel parcel;
    uint32_t link;
    uint32_t next;  /* held list */
    uint32_t entry; /* own queue: the entry itself */
    uint8_t state;
    bool in_act; /* the open block took it out of the view, and may be dropped */
    bool left;   /* ... and meanwhile its turn in the stream has come */
};

/* Deduplication (TON-48): one recently delivered or forwarded message. */
struct dedup_node {
    uint64_t state; /* word: 1 = remembered */
    uint64_t id;
    uint64_t position; /* a copy of its proof says at most this */
    uint64_t next_hop; /* address prefix of the hop that ended here */
    uint32_t chain;    /* whose set it is in; 0 = the slot is free */
    uint32_t next;     /* in the list of fading nodes */
    bool fading;
};

enum input_kind {
    INPUT_PROCESSED,
    INPUT_CONFIRM,
    INPUT_REMOVED,
    INPUT_STOPPED,
    INPUT_CLEAN, /* of what was for the sibling, as shards were united */
    INPUT_PROOF
};
struct input {
    uint8_t kind;
    bool stopped;
    bool never_came; /* INPUT_REMOVED: the entry was removed before we had it */
    bool waited;     /* INPUT_PROOF: the ordering condition held it up */
    bool postponed;  /* INPUT_PROOF: in the list of those whose block may not be seen yet */
    bool fresh;      /* INPUT_PROOF: in the list of those that never waited */
    uint32_t next;
    uint32_t previous;                   /* INPUT_PROOF: in the list that `next` is of */
    uint32_t fresh_next, fresh_previous; /* INPUT_PROOF */
    uint64_t id, fee;
    struct address to; /* INPUT_REMOVED */
    uint64_t position; /* INPUT_PROOF: as of when it speaks; INPUT_STOPPED: the newest copy's */
    uint64_t ready_ns; /* INPUT_PROOF: when its block may be seen */
    uint32_t parcel;   /* INPUT_PROOF: slot of the parcel pool */
    uint32_t source;   /* INPUT_REMOVED: the neighbour that says so */
    uint32_t entry;    /* INPUT_CLEAN: the entry (TON-R31) */
};

enum act_kind {
    ACT_EMIT,
    ACT_DEFER,    /* an emitted message that has to wait */
    ACT_DISPATCH, /* a deferred message becomes a new message of this block */
    ACT_LOCAL,    /* an emitted message delivered in this block */
    ACT_OWN,      /* delivered from the own queue */
    ACT_SLOW,     /* delivered from a neighbour's queue */
    ACT_FORWARD,
    ACT_DISCARD, /* imported, and not executed */
    ACT_INSTANT, /* delivered by proof */
    ACT_IGNORE,  /* a proof of what was delivered already */
    ACT_REFUSE,  /* a proof that became too old while it waited; previous_state = why */
    ACT_DEQUEUE,
    ACT_STOP,      /* a copy removed by a confirmation */
    ACT_CONFIRM,   /* a confirmation committed before the copy came */
    ACT_FORGET,    /* a removal observed: the set lets go */
    ACT_LAST_COPY, /* the source's removal reached the last copy, in our mirror */
    ACT_INPUT,     /* an input that changed nothing */
    ACT_STORAGE,   /* a special transaction: a message pays for its time in a queue (TON-53) */
    ACT_UNMIRROR   /* a stopped copy leaves the view */
};
struct act {
    uint8_t kind, previous_state;
    uint32_t next, next_of_link;
    uint32_t entry, mirror, input, node;
    uint32_t instant;  /* node of the instant table */
    uint32_t deferred; /* ACT_DISPATCH: the entry that it was */
    uint32_t left;     /* an import from the own queue: the entry that leaves it */
    uint64_t id, fee;  /* what the block earned by it */
    uint64_t passed;   /* what it passed on to the deliverer (TON-41) */
    uint64_t storage;  /* ... and by the storage charge that came before it */
};

/* The content of a block, behind block->body[LAYER_MESSAGING]. */
struct cube_part {
    uint64_t start_lt;
    uint32_t first, last; /* acts */
    bool full;            /* no more imports */
    bool quota_reached;   /* TON-R23: no more imports from queues, whatever the neighbour */
    bool clean_left;      /* cleaning found no more room */
    uint32_t backlog;     /* what was in view when it became full, and stayed out */
    bool enqueue_only;    /* TON-R27: a local message had to queue, so must the rest */
    bool drained;         /* nothing in view is left to import */
    bool imported;
    struct import_key last_key; /* of what was processed, for the watermark */
    /* The transaction that is open: a message is being delivered, or an input made messages. */
    bool in_transaction, delivering;
    uint32_t emitted; /* its messages so far */
    uint64_t tx, tx_account, initiator;
};

/* An end_lt of a neighbour as seen when our block of that number was made. */
struct history {
    uint64_t number, end_lt;
    uint64_t shard; /* of the block; narrowed like the records of watermarks (TON-R57) */
    uint32_t next;
};

/* A confirmation remembered where its copy has not come yet, until it expires. */
struct confirmed {
    uint64_t id, expires_ns;
    uint32_t next;
};

/* "Your message's last slow copy is stopped", repeated until the destination has it. */
struct stop_notice {
    uint64_t id, due_ns, position, fee;
    uint32_t destination, attempt, next;
};

struct list {
    uint32_t first, last;
};

struct cube_chain {
    uint64_t counter, lt, deferred; /* words */
    uint64_t seen_lt;               /* the highest logical time in view */
    uint32_t chain;
    uint32_t birth;       /* number of the switch that it began with; 0 = always there */
    bool dead;            /* divided, or united with its sibling */
    uint32_t open_number; /* of the block that is open and has content here, 0 = none */
    struct import_heap heap;
    struct map mirrors;   /* id -> mirror: what stands in neighbours' queues for us */
    struct map dedup;     /* id -> dedup_node */
    struct map entries;   /* id -> entry: the output queue and the pending instant messages */
    struct map confirmed; /* id -> 1 */
    struct map waiting;   /* id -> input: proofs that came and are not yet in a block */
    struct map sender_by_account; /* prefix -> sender */
    struct list senders;
    struct list links, inputs, proofs, postponed, pending, fading, confirmed_list, stops;
    struct list fresh;            /* those of `proofs` that never waited */
    struct instant_table instant; /* TON-R51: delivered by proof */
    struct list instant_gone;     /* those of them whose slow copy is gone */
    uint32_t ring, ring_count;    /* positions of the latest blocks, and of how many in all */
    uint64_t postponed_at_ns;     /* when the timer of postponed proofs comes; 0 = none is set */
    uint32_t postponed_node, postponed_count;
    struct processed_upto upto;
    uint32_t queue_length, queue_sampled;
    uint32_t backlog_sampled;
    uint32_t gaps; /* links of which something is held: an earlier place has not come */
    bool pending_timer, stopped_timer;
    uint32_t confirmed_lately; /* since the latest burst of proofs sent again */
    uint32_t burst;            /* at most so many at a time */
    uint32_t pending_node, stopped_node;
};

/* Keys of the chains that signed lately, by the low bits of the chain. */
enum { CHAIN_KEYS = 1024, SIGNED_BYTES = 24 + 2 * HASH_BYTES };
struct chain_key {
    uint32_t chain; /* 0: none */
    unsigned char key[HASH_BYTES];
};

struct hypercube {
    struct cube_config config;
    uint8_t slot;
    bool by_master; /* blocks are seen as the masterchain shows them */
    uint64_t master_lt_step;
    struct world *world;
    struct stack *stack;
    struct memory *memory;
    struct delivery_check check;
    struct cube_fee_sums fee_sums;
    struct map chain_by_id; /* chain -> slot of chains */
    struct map link_by_key; /* chain << 32 | neighbour -> slot of links */
    struct pool senders, chains, links, entries, mirrors, nodes, inputs, acts, parts, parcels,
        removals, histories, confirmations, stops, instants, rings, liars;
    struct slab proofs, runs;
    uint32_t liars_first;
    uint32_t chains_made; /* slots 1.. of chains are in use; chains are never given back */
    uint32_t switches;    /* splits and merges so far */
    unsigned deepest;     /* shard of the run, living or not */
    /* Working memory of one call. */
    unsigned char *packet;
    uint32_t packet_capacity;
    /* Entries of the packet that is being made: what goes in it, what is asked after. */
    uint32_t window[PACKET_ENTRIES_MAX], asked[PACKET_ENTRIES_MAX];
    struct import_heap sorter;
    struct import_heap cleaning; /* entries to remove in this block, in their turn */
    struct import_heap locals;   /* of the open block, to its own shard, not yet delivered */
    struct lt_book book;         /* of the open block */
    struct merkle_hash *tree;
    uint32_t tree_capacity;
    struct chain_key keys[CHAIN_KEYS];
    unsigned char signed_last[SIGNED_BYTES], signature_last[HASH_BYTES];
};

/* hypercube_queue.c: chains, links, entries, the output queue. */
struct cube_chain *cube_chain_find(struct hypercube *cube, uint32_t chain); /* NULL: none yet */
struct cube_chain *cube_chain_get(struct hypercube *cube, uint32_t chain);
struct link *cube_link_find(struct hypercube *cube, uint32_t chain, uint32_t neighbour,
                            uint32_t *ret_slot);
struct link *cube_link_get(struct hypercube *cube, uint32_t chain, uint32_t neighbour,
                           uint32_t *ret_slot);
struct cube_part *cube_part_of(struct hypercube *cube, struct block *block);
struct act *cube_act(struct hypercube *cube, struct cube_part *part, enum act_kind kind);
void cube_emit(void *self, struct context *context, struct block *block, struct envelope *envelope);
uint32_t cube_entry_make(struct hypercube *cube, struct block *block, const struct parcel *parcel,
                         struct route route);
/* cube_new_message puts a message of this block on its way: to its own shard or into the queue. */
uint32_t cube_new_message(struct hypercube *cube, struct block *block, const struct parcel *parcel);
unsigned cube_digit_bits(const struct hypercube *cube);
/* cube_queue_join puts an entry of a final block into the queue it is for; links that get something
 * new for another chain are added to `touched`. */
void cube_queue_join(struct hypercube *cube, struct context *context, const struct block *block,
                     struct cube_chain *chain, uint32_t entry, uint64_t visible_ns,
                     struct list *touched);
void cube_queue_remove(struct hypercube *cube, struct context *context, struct cube_chain *chain,
                       uint32_t entry, bool stopped);
/* A final entry of the own queue comes into the own view, at once. */
void cube_show_to_oneself(struct hypercube *cube, struct cube_chain *chain, uint32_t link,
                          uint32_t entry);
void cube_sort_entry(struct hypercube *cube, uint32_t entry);
uint32_t cube_sorted_next(struct hypercube *cube);

/* hypercube_import.c: fill(): inputs, imports, proofs, local messages. */
uint64_t cube_upcall(struct hypercube *cube, struct context *context, struct block *block,
                     struct cube_part *part, struct parcel parcel, enum message_path path);
struct input *cube_input_pop(struct hypercube *cube, struct list *list, uint32_t *ret_slot);
uint32_t cube_fill(void *self, struct context *context, struct block *block, uint32_t round);
void cube_mirror_ready(struct hypercube *cube, struct cube_chain *chain, uint32_t mirror);
void cube_mirror_free(struct hypercube *cube, struct cube_chain *chain, uint32_t mirror);
bool cube_already(struct hypercube *cube, struct cube_chain *chain, const struct link *link,
                  const struct parcel *parcel);
/* `shard`: of the record that asks (TON-R29). */
uint64_t cube_history_end_lt(const struct hypercube *cube, const struct link *link, uint64_t shard,
                             uint64_t number);
void cube_history_prune(struct hypercube *cube, struct cube_chain *chain);

/* hypercube_final.c: final() and dropped(). */
void cube_final(void *self, struct context *context, const struct block *block);
void cube_dropped(void *self, struct context *context, const struct block *block);

/* What the packets of the slow path begin with, and what counts for their size. */
enum { PACKET_HEAD_BYTES = 64, ANSWER_BYTES = 16 };
struct entries_head {
    uint32_t from, to; /* chains */
    uint32_t entry_count, removal_count, asked_count, number;
    uint32_t epoch, pad;   /* cube_epoch() of the two as it was when this was sent */
    uint64_t removal_last; /* of the queue as it was when this was sent */
    uint64_t wants_answer; /* 1: whatever is in it */
};

struct answer_head {
    uint32_t from, to;
    uint32_t count, heard; /* number of the packet that this answers, 0 = none */
    uint32_t epoch, pad;
    uint64_t removal_seen, place_seen;
};

/* hypercube_slow.c: packets of the slow path, as their sender makes them. */
/* Adds a link to the list of those with news, or of those to answer, once. */
void cube_slow_touch(struct hypercube *cube, struct list *touched, uint32_t link);
void cube_slow_answer(struct hypercube *cube, struct list *answered, uint32_t link);
void cube_slow_send_news(struct hypercube *cube, struct context *context, const struct block *block,
                         const struct list *touched, uint64_t depart_ns);
void cube_slow_arm(struct hypercube *cube, struct context *context, struct link *link,
                   uint64_t at_ns);
void cube_slow_on_answer(struct hypercube *cube, struct context *context,
                         const struct message *message, bool processed);
void cube_slow_on_timer(struct hypercube *cube, struct context *context, uint32_t chain,
                        uint32_t neighbour);
uint64_t cube_resend_ns(const struct hypercube *cube, uint32_t chain);
/* A link ends: what it knows of due entries is given back. */
void cube_slow_forget(struct hypercube *cube, struct link *link);

/* hypercube_arrive.c: the same packets as their receiver takes them, and the answers. */
void cube_slow_send_processed(struct hypercube *cube, struct context *context,
                              const struct block *block, const struct list *answered,
                              uint64_t depart_ns);
void cube_slow_on_entries(struct hypercube *cube, struct context *context,
                          const struct message *message);
/* Shows what was held and follows without a gap; true: something did. */
bool cube_slow_show(struct hypercube *cube, struct cube_chain *chain, struct link *link);

/* Small helpers. */
void cube_input_put(struct hypercube *cube, struct cube_chain *chain, const struct input *input);
unsigned char *cube_packet_room(struct hypercube *cube, size_t bytes);
void cube_trace_message(struct hypercube *cube, struct context *context, enum cube_trace kind,
                        uint32_t chain, uint64_t id, uint32_t bytes, int64_t value);
void cube_count(struct hypercube *cube, struct context *context, enum cube_metric metric,
                int64_t delta);
void cube_heap_room(struct hypercube *cube, struct import_heap *heap);

static inline uint32_t cube_find(const struct hypercube *cube, struct address address)
{
    return cube->stack->chain.find(cube->stack->chain.self, address);
}

static inline struct address cube_prefix(const struct hypercube *cube, uint32_t chain)
{
    return cube->stack->chain.prefix(cube->stack->chain.self, chain);
}

static inline uint64_t cube_interval_ns(const struct hypercube *cube, uint32_t chain)
{
    return cube->stack->chain.interval_ns(cube->stack->chain.self, chain);
}

static inline uint32_t cube_gateway(const struct hypercube *cube, uint32_t chain, uint64_t salt)
{
    return cube->stack->chain.gateway(cube->stack->chain.self, chain, salt);
}

static inline bool cube_charge(const struct hypercube *cube, struct block *block, uint32_t bytes,
                               uint32_t gas)
{
    return cube->stack->chain.charge(cube->stack->chain.self, block, bytes, gas);
}

/* What a transaction of this block made (TON-R35). */
static inline bool cube_charge_emitted(const struct hypercube *cube, struct block *block,
                                       uint32_t bytes)
{
    return cube->stack->chain.charge_as(cube->stack->chain.self, block, CHARGE_EMITTED, bytes, 0);
}

static inline void cube_wake(const struct hypercube *cube, struct context *context, uint32_t chain)
{
    cube->stack->chain.wake(cube->stack->chain.self, context, chain);
}

#endif
