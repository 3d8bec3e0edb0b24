#ifndef MODELS_STACK_H
#define MODELS_STACK_H

/* The seams of the stack: how layers meet. A layer includes this file and never another layer.
 *
 * Six downward seams (spread, chain, state, messaging, ledger, atomic), one table of what a layer
 * does in blocks (fill, final, dropped, deliver) and the upcalls inside them. A block is a context,
 * not a container: the chain knows bytes, gas and item counts; each layer owns its part of the
 * content and finds it again by block->body[layer].
 *
 * Rules of use
 *  - Execution happens once a block, in fill(), on the parent's view. fill() may set words, charge,
 *    emit, deliver, read and write; it may not send, set timers or draw by call order.
 *  - All consensus state is words changed by chain.set, so a dropped block undoes itself. Inputs
 *    append outside blocks; blocks consume them; final() forgets them; dropped() gives them back.
 *    Whatever a layer took from a pool in fill() belongs to the block and is freed in dropped().
 *  - Effects leave in final(): sends, timers, log rows of outcomes.
 *  - A block with no item and no changed word is not made and its number stays free: no final(), no
 *    dropped(), but for dropped() of a layer that left a word in block->body.
 *  - Delivery never waits; execution may (the ledger parks the work).
 *  - Layers meet by seam calls on nodes of one group; across groups only by network messages from a
 *    layer to the same layer. stack_here() asserts it.
 *  - Downcalls never call back into the caller's layer synchronously, except deliver -> emit.
 *
 * Identifiers: chain = workchain ordinal << 21 | heap index of its prefix (1 << depth | top bits);
 * block = chain << 32 | number, never used twice, dropped or not; message = source chain << 32 |
 * that chain's counter, constant over hops, paths, resends; tx = client index << 32 | counter. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/context.h"
#include "sim/sim_assert.h"

/* Slots of the kernel. Workloads are a list: slots LAYER_WORKLOAD .. SLOT_MAX - 1. */
enum layer {
    LAYER_SPREAD,
    LAYER_CHAIN,
    LAYER_STATE,
    LAYER_MESSAGING,
    LAYER_LEDGER,
    LAYER_ATOMIC,
    LAYER_WORKLOAD,
    LAYER_COUNT
};

enum { CHAIN_DEPTH_MAX = 20, CHAIN_NONE = 0, WORKLOADS_MAX = 10 };
enum chain_class { CHAIN_SHARD, CHAIN_MASTER, CHAIN_CHANNEL, CHAIN_COMMITTEE };

enum { MASTER_WORKCHAIN = -1 }; /* TON-R1 */

/* A routing address: TON-R2's 96 bits. */
struct address {
    int32_t workchain;
    uint64_t prefix; /* top 64 bits of the account id */
};

/* How full a block is, TON-R33: below its underload, soft, medium and hard limit, or above all. */
enum block_class { CLASS_UNDERLOAD, CLASS_NORMAL, CLASS_SOFT, CLASS_MEDIUM, CLASS_HARD };

/* What is charged to a block, for limits that differ by it (TON-R35). */
enum charge_kind {
    CHARGE_INTERNAL, /* imports, messages of the block, removals: up to the soft limit */
    CHARGE_EXTERNAL, /* inputs of the ledger: up to the medium limit */
    CHARGE_EMITTED /* what a transaction of this block made: it must be in, so one may overshoot */
};

/* One block. Owned by the chain layer; dead after final() or dropped() of every layer returned, so
 * keep the id, never the pointer. */
struct block {
    uint64_t id, parent;   /* parent: the view; reads see everything up to it plus this block */
    uint64_t time_ns;      /* of its slot */
    uint64_t final_ns;     /* set before final() is called */
    uint64_t master_seqno; /* the masterchain block it refers to; 0 = none yet */
    uint32_t chain, height, producer; /* producer: member index */
    uint32_t bytes, gas, items;
    /* Messaging says so in fill(): logical time used (TON-R33), the length of the own output queue
     * as this block leaves it, that it is too long for more inputs, and that deferred messages were
     * left although they had their turn (TON-R37, TON-R38). */
    uint32_t lt_delta, queue_length;
    bool queue_full, dispatch_full;
    /* Set when filling ends, for final(): TON-R33, and the bits of TON-R55. */
    bool overloaded, underloaded;
    uint8_t limit_class; /* enum block_class */
    uint8_t attempt;     /* 1, and one more for each block in a row that was dropped before */
    uint64_t body[LAYER_COUNT];
};

struct row { /* space: a currency, a contract or a chaincode */
    uint32_t chain, space;
    uint64_t key;
};

enum { TX_PARTS_MAX = 2, EXTRA_CURRENCIES_MAX = 2 };

struct part { /* what one chain does for a transaction */
    struct address account;
    int64_t amount; /* negative: debit */
};

/* What the message that a transaction makes is; its constructor and address say the same to the
 * recipient. */
enum tx_operation {
    TX_TRANSFER, /* value for an account */
    TX_CALL,     /* for a contract of the recipient's shard: its method is the constructor */
    TX_CREATE,   /* for a creator: a new contract (TON-5) */
    TX_WILDCARD, /* for the nearest instance of a global contract (TON-24) */
    TX_PUBLISH,  /* for the global contract of the masterchain, which tells all (TON-25) */
    TX_LOG,      /* for nobody: logged (TON-19) */
    TX_OPERATIONS
};

/* What can stand at an address (TON-5, TON-17, TON-23, TON-25). */
enum contract_kind {
    CONTRACT_NONE,
    CONTRACT_SIMPLE,    /* an account: sends what its owner signs */
    CONTRACT_COUNTER,   /* counts, and may pass on */
    CONTRACT_CREATOR,   /* makes others */
    CONTRACT_GLOBAL,    /* an instance of the global contract */
    CONTRACT_PUBLISHER, /* tells all instances; in the masterchain */
    CONTRACT_KINDS
};

/* Constructors (TON-11): the first four bytes of a body select a contract's method. */
enum contract_method {
    METHOD_NONE,
    METHOD_ADD,       /* of a counter */
    METHOD_RELAY,     /* of a counter; argument: how many more counters shall get it */
    METHOD_CREATE,    /* of a creator; argument: kind, and bit 8: anywhere */
    METHOD_CONSTRUCT, /* of an address without a contract; argument: kind */
    METHOD_ASK,       /* of an instance of the global contract */
    METHOD_SHARE,     /* special: from one instance to another */
    METHOD_PUBLISH,   /* of the publisher */
    METHOD_NEWS       /* from the publisher to an instance */
};

enum { SIGNATURE_BYTES = 64 };

/* A transaction as a client submits it: part[0] is the home account (debited), part[1], if any, the
 * recipient. Copied at submit. It is a message from outside to the home account (TON-17, TON-18):
 * what that account shall send, and the owner's signature, made by ledger.sign. */
struct tx {
    uint64_t id, submit_ns;
    uint32_t client;  /* node index within ROLE_CLIENT */
    uint32_t bytes;   /* of the message it makes */
    uint8_t workload; /* slot that gets the outcome */
    uint8_t parts;
    uint8_t operation;     /* enum tx_operation */
    uint8_t anycast_depth; /* TX_WILDCARD: of the recipient's address */
    uint32_t constructor;  /* enum contract_method: of the message it makes */
    uint32_t work;         /* gas that the home account's code is asked to use up beside its own */
    uint64_t gas_limit;    /* TON-12: of the message it makes; 0 = not given */
    uint64_t argument;     /* first word of its body; TX_LOG: what is logged */
    struct part part[TX_PARTS_MAX];
    unsigned char signature[SIGNATURE_BYTES];
    uint64_t extra_amount[EXTRA_CURRENCIES_MAX]; /* TON-9: moved with it; 0 = no such pair */
    uint32_t extra_currency[EXTRA_CURRENCIES_MAX];
};

enum envelope_flag { ENVELOPE_NO_INSTANT = 1 }; /* the sender needs order: no proof (TON-R51) */

/* A message between accounts. Copied at emit; id, created_lt and hash are set by emit. Routed by
 * address: the destination chain is looked up at each hop, since shards split and merge. */
enum { CONSTRUCTOR_STAKE = 0x7374616b }; /* TON-55: what accounts of the masterchain know */

struct envelope {
    uint64_t id, tx;
    struct address from, to;
    uint64_t value;                                /* of currency 0 */
    uint64_t extra_amount[EXTRA_CURRENCIES_MAX];   /* TON-9: further (currency, amount) pairs */
    uint32_t extra_currency[EXTRA_CURRENCIES_MAX]; /* 0: no such pair */
    uint64_t gas_limit;                            /* TON-12: for the recipient; 0 = not given */
    uint64_t forward_fee, instant_fee;             /* what is left of them (TON-R40, TON-R41) */
    uint32_t constructor;                          /* TON-11: first four bytes of the body */
    uint32_t anycast_bits; /* TON-R53, set by emit: see anycast.h; highest first, in the top */
    uint8_t anycast_depth; /* 0 = an ordinary address */
    uint8_t flags;         /* enum envelope_flag */
    uint16_t spare;
    uint32_t bytes;      /* of the message on the wire */
    uint8_t layer, kind; /* whose deliver() gets it at the end, and that layer's own kind */
    uint8_t workload;    /* slot that learns the transaction's outcome */
    uint8_t pad;
    uint64_t submit_ns, queued_ns, collated_ns; /* of the transaction, for its phases; 0 = none */
    uint64_t created_ns, first_committed_ns;    /* set by messaging */
    unsigned char body[16];
};

/* What everybody who has a block of a chain with individual validators agrees on. Slot 0 and block
 * 0 are the beginning, which all have. */
struct block_header {
    uint64_t id, parent;        /* numbers rise as blocks are made, on whatever fork */
    uint64_t slot, parent_slot; /* parent_slot < slot */
    uint64_t time_ns;           /* when its leader made it */
    uint64_t end_ns;            /* until when its leader may take to send it: the end of the slot */
    uint32_t chain, leader;     /* member */
    uint32_t height, bytes;     /* parent's + 1; all that a member needs, votes included */
};

/* spread <- chain, for chains of more than one member. Each call on the node of the member that it
 * speaks of; none of them calls back before it has returned. */
struct spread_seam {
    void *self;
    /* A leader makes its block part by part: it has its own block whole when complete() says so. If
     * it goes down before, nobody will ever have it. false: it has it at once. */
    bool by_parts;
    /* On the leader's node, which knows what will be in the block. */
    void (*publish)(void *self, struct context *context, const struct block_header *header);
    /* A member has learned that another one voted for a block; NULL: nobody cares. */
    void (*voted)(void *self, struct context *context, uint32_t chain, uint32_t member,
                  uint32_t voter, uint64_t slot, uint64_t block);
    /* The highest slot whose block is final for a member is a new one; NULL: nobody cares. */
    void (*rooted)(void *self, struct context *context, uint32_t chain, uint32_t member,
                   uint64_t slot);
};

struct chain_seam {
    void *self;
    /* Fixed after build: any node may ask about any chain. count and at tell the chains of the
     * beginning: with resharding (TON-R56) others take their places. */
    uint32_t (*count)(const void *self, enum chain_class chain_class);
    uint32_t (*at)(const void *self, enum chain_class chain_class, uint32_t ordinal); /* -> chain */
    uint32_t (*members)(const void *self, uint32_t chain);
    uint32_t (*node)(const void *self, uint32_t chain, uint32_t member); /* a validator's */
    /* The node where the chain meets others: messages, submissions, and what layers do in blocks.
     * With collective validators also that of its one member. */
    uint32_t (*home)(const void *self, uint32_t chain);
    uint32_t (*gateway)(const void *self, uint32_t chain, uint64_t salt);
    /* The living chain whose addresses include this one, CHAIN_NONE if no workchain does. */
    uint32_t (*find)(const void *self, struct address address);
    /* The chain of the beginning that held an address of `chain`. */
    uint32_t (*origin)(const void *self, uint32_t chain, struct address address);
    /* Whether chains split and merge. All their nodes are then one group, and find() changes while
     * the run goes on: who calls it from nodes of his own puts them into that group. */
    bool (*reshards)(const void *self);
    /* The routing address of a chain: workchain and tagged prefix (TON-R3). */
    struct address (*prefix)(const void *self, uint32_t chain);
    /* Nominal block interval of a chain, ns. */
    uint64_t (*interval_ns)(const void *self, uint32_t chain);
    /* When a block that becomes final at `final_ns` may be seen by other chains, and the seqno of
     * the masterchain block that shows it: at once and 0, or the next masterchain block. */
    uint64_t (*visible_ns)(const void *self, uint64_t final_ns, uint64_t *ret_master_seqno);
    /* On a node of that chain only. */
    void (*wake)(void *self, struct context *context, uint32_t chain);
    /* A member has a block whole; on its node, in any order, as often as one likes. The chain waits
     * for the parent before the member replays it and votes. */
    void (*complete)(void *self, struct context *context, uint32_t chain, uint32_t member,
                     uint64_t block);
    /* Individual validators; with collective ones a chain has one member of stake 1, which leads.
     * The order that all agree on: stake, then validator_key, both descending. stake, leader, slots
     * an epoch, slot_ns: fixed after build, any node. */
    uint64_t (*stake)(const void *self, uint32_t chain, uint32_t member);
    uint32_t (*leader)(const void *self, uint32_t chain, uint64_t slot); /* -> member */
    uint64_t (*epoch_slots)(const void *self, uint32_t chain);
    uint64_t (*slot_ns)(const void *self, uint32_t chain, uint64_t slot); /* nominal begin */
    /* Of a block that was published and that some member may still want; false: there is none. */
    bool (*header)(const void *self, uint64_t block, struct block_header *ret_header);
    /* The slot of the highest block that is final for a member, and the number of epochs, from 0
     * on, whose leaders it knows (SOL-15). On a node of that chain. */
    uint64_t (*root)(const void *self, uint32_t chain, uint32_t member);
    uint64_t (*epochs_known)(const void *self, uint32_t chain, uint32_t member);
    /* Inside fill() only. charge() counts one item of bytes or gas or both; it is false, and
     * charges nothing, when the block has no room for that much more (an empty one has room for
     * anything, and any one for CHARGE_EMITTED). A fill() that returns items has charged. charge()
     * is charge_as() for CHARGE_INTERNAL. set() is the one way to change consensus state. */
    bool (*charge)(void *self, struct block *block, uint32_t bytes, uint32_t gas);
    bool (*charge_as)(void *self, struct block *block, enum charge_kind kind, uint32_t bytes,
                      uint32_t gas);
    void (*set)(void *self, struct block *block, uint64_t *word, uint64_t value);
};

/* What a layer does in blocks. Rounds of fill() go over STATE, MESSAGING, LEDGER, ATOMIC until a
 * round adds nothing; fill returns how many items it added. */
struct block_app {
    void *self;
    uint32_t (*fill)(void *self, struct context *context, struct block *block, uint32_t round);
    void (*final)(void *self, struct context *context, const struct block *block);
    void (*dropped)(void *self, struct context *context, const struct block *block);
    /* Upcall of messaging, inside its own fill. The envelope is a copy on the caller's stack. */
    void (*deliver)(void *self, struct context *context, struct block *block,
                    const struct envelope *envelope);
    /* A shard was divided into its halves, or two halves were united (TON-R57, TON-R58), as the
     * masterchain block that says so became final. find() answers by the new layout already; the
     * chains named here have no open block, others may. On the masterchain's node, outside of
     * blocks: words are changed directly. NULL: this layer keeps nothing by chain. */
    void (*divide)(void *self, struct context *context, uint32_t parent, uint32_t left,
                   uint32_t right);
    void (*unite)(void *self, struct context *context, uint32_t left, uint32_t right,
                  uint32_t parent);
};

enum tx_reason {
    REASON_NONE,
    REASON_BALANCE,
    REASON_NO_ACCOUNT,
    REASON_STATE,
    REASON_FEE,       /* value or balance do not cover the fees of its message (TON-R41, R45) */
    REASON_CURRENCY,  /* not supported by both workchains (TON-9) */
    REASON_DEPOSIT,   /* less than the masterchain asks for (TON-55) */
    REASON_SIGNATURE, /* not the owner's */
    REASON_GAS,       /* it ran out */
    REASON_BYTES,     /* too large to be let in; this one and the next four are of TON-R48 */
    REASON_RATE,      /* too many checks of one account's messages */
    REASON_PENDING,   /* too many of one account's messages wait */
    REASON_POOL,      /* too many messages wait */
    REASON_REPEATED,  /* the same message was let in before */
    REASON_EXPIRED,   /* it waited for too long */
    REASON_METHOD,    /* the recipient has no such method */
    REASON_STRANGER,  /* the recipient does not take this from that sender */
    REASON_COUNT
};

struct message_price {
    uint64_t from_value; /* what emit takes out of the message's value */
    uint64_t on_top;     /* what the sender owes beside the value; emit trusts that it paid */
};

/* What held() answers where nobody counts it. */
#define HELD_UNKNOWN UINT64_MAX

struct messaging_seam {
    void *self;
    /* What it costs to emit this envelope; REASON_FEE: its value is too small, it must not be
     * emitted. `bytes` as for emit, which adds those of optional parts of the head (TON-12). */
    enum tx_reason (*price)(const void *self, const struct envelope *envelope,
                            struct message_price *ret_price);
    /* Value and fees of a currency that are under way by final blocks. Slow: for checks. */
    uint64_t (*held)(const void *self, uint32_t currency);
    /* Inside fill/deliver. Copies the envelope and sets its id. */
    void (*emit)(void *self, struct context *context, struct block *block,
                 struct envelope *envelope);
};

enum verdict { VERDICT_YES, VERDICT_NO, VERDICT_LATER };

struct state_seam {
    void *self;
    /* A row never written reads 0. LATER = cold; no side effect: it does not ask. */
    enum verdict (*read)(void *self, const struct block *view, struct row row, uint64_t *ret_value);
    void (*write)(void *self, struct block *block, struct row row, uint64_t value);
    /* A held row stays readable until let go. */
    void (*hold)(void *self, struct block *block, struct row row, bool on);
    /* So much of a row's value goes to the row of that space and key of another chain, as shards
     * are divided and united; outside of blocks. NULL: rows cannot move. */
    void (*move)(void *self, struct row row, uint32_t chain, uint64_t amount);
    /* Asks for a row that read() answered LATER. In final() only. Answer: ledger.fetched(). */
    void (*fetch)(void *self, struct context *context, struct row row, uint64_t ticket);
};

struct ledger_seam {
    void *self;
    enum verdict (*reserve)(void *self, struct block *block, uint64_t tx, const struct part *part);
    void (*settle)(void *self, struct block *block, uint64_t tx, const struct part *part,
                   bool commit);
    void (*fetched)(void *self, struct context *context, struct block *block, uint64_t ticket,
                    bool ok);
    /* Inside fill(): the validators of the block's chain earn this much (TON-51, TON-R41 to R43).
     * It was part of a message's value or fees, so for the ledger it arrived here. */
    void (*collect)(void *self, struct block *block, uint32_t currency, uint64_t amount);
    /* A single-message transaction, on a node of its home chain: queued for the next block. */
    void (*submit)(void *self, struct context *context, uint32_t chain, const struct tx *tx);
    /* Where the contract of a kind is reached from a chain: the resident of that shard, the
     * wildcard address of the global contract, the publisher. Fixed after build: any node. */
    struct address (*contract)(const void *self, uint32_t chain, enum contract_kind kind);
    /* Signs a transaction as the owner of its home account would. Fixed after build: any node. */
    void (*sign)(const void *self, struct tx *tx);
    /* The address of account `index` of a shard, counted from 0 within the shard. */
    struct address (*account)(const void *self, uint32_t chain, uint64_t index);
    uint64_t (*account_count)(const void *self, uint32_t chain);
};

enum outcome { OUTCOME_COMMITTED = 1, OUTCOME_ABORTED, OUTCOME_FAILED };

/* What became of a transaction, as its client learns it. Times are of final blocks. */
struct tx_result {
    uint64_t tx, submit_ns;
    uint64_t arrived_ns, collated_ns, committed_ns, final_ns; /* 0 = never got there */
    uint32_t home_chain;
    uint8_t workload, chains;
    uint8_t outcome; /* enum outcome */
    uint8_t reason;  /* enum tx_reason */
};

struct atomic_seam {
    void *self;
    /* On the client's node. */
    void (*submit)(void *self, struct context *context, const struct tx *tx);
    /* Upcall of the ledger, in final(), on a node of the chain that settled the transaction. */
    void (*settled)(void *self, struct context *context, uint32_t chain,
                    const struct tx_result *result);
    void (*reserved)(void *self, struct context *context, struct block *block, uint64_t tx,
                     const struct part *part, bool yes);
};

struct workload_seam {
    void *self;
    uint32_t client_node; /* dense number of the node with `client` index = slot-local 0 */
    /* On the client's node. */
    void (*outcome)(void *self, struct context *context, const struct tx_result *result);
};

struct stack {
    struct spread_seam spread;
    struct chain_seam chain;
    struct state_seam state;
    struct messaging_seam messaging;
    struct ledger_seam ledger;
    struct atomic_seam atomic;
    struct workload_seam workload[WORKLOADS_MAX]; /* by slot - LAYER_WORKLOAD */
    struct block_app app[LAYER_COUNT];            /* zero where a layer takes no part in blocks */
};

/* stack_here asserts that the caller stands on a node of that chain's group. */
static inline void stack_here(const struct stack *stack, const struct context *context,
                              uint32_t chain)
{
    uint32_t node = stack->chain.home(stack->chain.self, chain);
    SIM_ASSERT(world_group(context->world, node) == context->group);
}

/* stack_group is the group of a node that looks up living chains: one of its own, unless they
 * change while the run goes on. */
static inline uint32_t stack_group(const struct stack *stack, struct world *world)
{
    const struct chain_seam *chain = &stack->chain;
    if (!chain->reshards || !chain->reshards(chain->self))
        return world_group_add(world);
    return world_group(world, chain->home(chain->self, chain->at(chain->self, CHAIN_SHARD, 0)));
}

/* block_set changes one word of consensus state. */
static inline void block_set(const struct stack *stack, struct block *block, uint64_t *word,
                             uint64_t value)
{
    stack->chain.set(stack->chain.self, block, word, value);
}

#endif
