#ifndef TESTS_SUPPORT_WIRE_H
#define TESTS_SUPPORT_WIRE_H

/* A spread for tests of individual validators, and the stack around it: a leader sends its block to
 * each member in one packet, again and again until that member has it. A test may hold back what it
 * likes. What members make, vote for and hold for final is noted. */

#include <stdbool.h>
#include <stdint.h>

#include "models/stack.h"
#include "tests/support_stack.h"

enum { WIRE_BLOCKS_MAX = 4096, WIRE_MEMBERS_MAX = 64, WIRE_CHAINS_MAX = 8 };
#define WIRE_NEVER UINT64_MAX

struct wire_block {
    struct block_header header;
    uint64_t complete; /* a bit a member */
    uint64_t final;    /* a bit a member, for the first chain: root at this slot once */
    uint64_t final_ns; /* the first of these */
    uint32_t resent;
};

struct support_wire {
    struct support_stack *support;
    struct stack *stack;
    /* Set before the run. */
    uint64_t resend_ns; /* 0 = never again */
    /* How much later a block is sent to a member; WIRE_NEVER: not at all. NULL: at once. */
    uint64_t (*hold_ns)(const struct block_header *header, uint32_t member);
    /* How long its leader takes to make a block, before it sends it. NULL: it has it at once. */
    uint64_t (*make_ns)(const struct block_header *header);

    /* What was seen. */
    struct wire_block blocks[WIRE_BLOCKS_MAX];
    uint32_t block_count;
    uint64_t roots[WIRE_CHAINS_MAX][WIRE_MEMBERS_MAX]; /* by ordinal of the chain */
    uint64_t last_votes[WIRE_CHAINS_MAX][WIRE_MEMBERS_MAX];
    uint64_t stakes[WIRE_MEMBERS_MAX]; /* of the chain that published last */
    uint64_t voted, rooted, epochs_known_max;
    uint32_t kept_max; /* blocks that the chain knew at once, of those published */
};

/* support_wire_new makes a stack of one shard of `members` individual validators, slots of 400 ms,
 * aligned, and a job a second; support_wire_run runs it. */
struct support_wire *support_wire_new(uint32_t members);
void support_wire_run(struct support_wire *wire);
void support_wire_free(struct support_wire *wire);

/* support_wire_counter is a counter of the chain layer. */
uint64_t support_wire_counter(const struct support_wire *wire, const char *metric);

/* support_wire_root_min is the lowest root of the members of a shard. */
uint64_t support_wire_root_min(const struct support_wire *wire, uint32_t shard);

/* support_wire_fault adds a fault of validators first..last; at most 18. */
struct fault_spec *support_wire_fault(struct support_wire *wire, enum fault_type type,
                                      uint64_t at_ns, uint64_t for_ns, uint32_t first,
                                      uint32_t last);
/* support_wire_split parts validators below `at` and the others from each other. */
void support_wire_split(struct support_wire *wire, uint64_t at_ns, uint64_t for_ns, uint32_t at);

#endif
