#ifndef TESTS_SUPPORT_SPREAD_H
#define TESTS_SUPPORT_SPREAD_H

/* A chain of validators made by hand, so that a spread is tested under the real engine alone: in
 * each slot the leader, if it is up, makes a block on the highest one that it has connected to the
 * beginning; a slot is final for a member once it has `lag` later ones connected. Nobody votes
 * unless `votes` is set: then each member tells all others, without packets, of each block that it
 * has. What members completed, and when, is noted. */

#include <stdbool.h>
#include <stdint.h>

#include "models/spread/spread_params.h"
#include "models/stack.h"
#include "sim/engine.h"
#include "sim/model.h"
#include "sim/scenario.h"

enum { SUPPORT_SPREAD_CHAIN = 9, SUPPORT_SPREAD_SLOTS = 4096 };

struct support_spread_block {
    struct block_header header;
    bool made;
};

struct support_spread {
    /* Set before the run; support_spread_new gives defaults: constant 5 ms latency, no loss, even
     * stakes of 1000, slots of 400 ms, blocks of 40,000 bytes, ten slots, lag 2, one epoch. */
    struct scenario scenario;
    struct spread_config config;
    const struct model *spread;
    struct engine_options options;
    struct scenario_property properties[4];
    struct fault_spec faults[8];
    struct fault_target targets[8];
    uint32_t members;
    uint64_t *stakes;
    uint64_t interval_ns, slots, lag, epoch_slots, epochs_known, learned_ns;
    uint32_t block_bytes;
    bool votes;
    uint32_t skip_every;   /* each so-many-th slot has no block; 0 = none */
    uint64_t wrong_leader; /* the block of this slot is made by the next member; 0 = none */
    void (*at_end)(struct support_spread *support, struct context *context); /* may be NULL */

    /* What was seen. */
    struct stack *stack;
    struct support_spread_block blocks[SUPPORT_SPREAD_SLOTS]; /* by slot */
    uint32_t block_of_number[SUPPORT_SPREAD_SLOTS];           /* -> slot */
    uint64_t *completed_ns;                                   /* member * SLOTS + slot; 0 = not */
    uint64_t *roots, *tips; /* by member: root; highest slot connected to the beginning */
    uint32_t completed_twice, published;
    struct engine_result result;
};

struct support_spread *support_spread_new(const struct model *spread, uint32_t members);
void support_spread_free(struct support_spread *support);

/* support_spread_property names a property to check. */
void support_spread_property(struct support_spread *support, const char *name, uint64_t within_ns);

/* support_spread_fault adds a fault on members first .. last. */
struct fault_spec *support_spread_fault(struct support_spread *support, enum fault_type type,
                                        uint32_t first, uint32_t last, uint64_t at_ns,
                                        uint64_t for_ns);

/* support_spread_run runs it and asserts that it could start. */
void support_spread_run(struct support_spread *support);

static inline uint64_t support_spread_completed(const struct support_spread *support,
                                                uint32_t member, uint64_t slot)
{
    return support->completed_ns[(uint64_t)member * SUPPORT_SPREAD_SLOTS + slot];
}

/* support_spread_counter is a counter of the spread at the end of the last run. */
int64_t support_spread_counter(const struct support_spread *support, const char *name);

#endif
