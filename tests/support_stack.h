#ifndef TESTS_SUPPORT_STACK_H
#define TESTS_SUPPORT_STACK_H

/* A whole stack made by hand, so that chain, state and messaging are tested under the real engine
 * without a scenario file: chain blocks, spread ideal, state ram, a messaging of choice, and a toy
 * ledger with jobs. A job puts items into a chain at a time; an item takes bytes and gas of a
 * block, adds 1 to a row, and may emit a message to another chain, whose ledger counts what it
 * gets. */

#include <stdbool.h>
#include <stdint.h>

#include "models/chain/chain_config.h"
#include "models/stack.h"
#include "sim/diagnostics.h"
#include "sim/engine.h"
#include "sim/model.h"
#include "sim/scenario.h"

enum { SUPPORT_JOBS_MAX = 4096, SUPPORT_BLOCKS_MAX = 65536, SUPPORT_NOWHERE = -1, SUPPORT_RUN = 5 };

struct support_job {
    uint64_t at_ns;
    uint32_t shard; /* ordinal; the number of shards = the masterchain */
    uint32_t items, bytes, gas;
    int32_t to; /* ordinal, or SUPPORT_NOWHERE */
};

struct support_block { /* as the ledger saw it in final() or dropped() */
    uint64_t id, time_ns, final_ns, master_seqno;
    uint32_t chain, height, items, bytes, gas, queue_length;
    uint8_t limit_class;
    bool dropped, overloaded, underloaded, dispatch_full;
};

struct support_stack {
    /* Set before the run. support_stack_init gives defaults: 4 shards, aligned slots of 1 s,
     * consensus 100 ms, 5 ms links without loss, messaging local, 60 s, jobs none. */
    struct scenario scenario;
    struct chain_config chain;
    struct validator_config validators;
    const struct model *messaging;
    const struct model *spread; /* ideal, unless another one and its config are given */
    const void *spread_config;
    int64_t messaging_config[64];
    struct support_job jobs[SUPPORT_JOBS_MAX];
    uint32_t job_count;
    uint8_t envelope_flags; /* of every message */
    uint32_t senders;       /* accounts of a shard that emit, five messages in turn; 0 = one */
    uint32_t relays;        /* of shard 2 by an account of shard 1 for each message that it gets */
    bool foreign_sender;    /* messages name a sender that their shard does not have */
    struct scenario_property properties[8];
    struct engine_options options;

    /* What was seen. */
    struct support_block blocks[SUPPORT_BLOCKS_MAX];
    uint32_t block_count;
    uint64_t items_in;    /* items of jobs that came: a job dies when its chain is down */
    uint64_t items_final; /* items of final blocks, counted by the ledger */
    uint64_t received;    /* messages delivered by final blocks */
    uint64_t strayed;     /* deliveries, dropped or not, in another chain than the job named */
    uint64_t sent;        /* messages emitted by final blocks */
    uint64_t undo_errors; /* blocks after whose drop the ledger's words were not as before */
    uint64_t row_errors;  /* rows that did not read what was last written */
    uint64_t rows_sum;    /* of all rows at the end */
    struct engine_result result;
    bool messaging_ready; /* its defaults are filled in */
};

/* support_stack_new makes one on the heap; support_stack_free frees it. */
struct support_stack *support_stack_new(void);
void support_stack_free(struct support_stack *support);

/* support_stack_individual gives each shard so many individual validators of even stakes, and what
 * concerns them its default values. */
void support_stack_individual(struct support_stack *support, uint32_t members);

/* support_stack_job adds a job. */
void support_stack_job(struct support_stack *support, uint64_t at_ns, uint32_t shard,
                       uint32_t items, int32_t to);

/* support_stack_property names a property to check; within 0 = none. */
void support_stack_property(struct support_stack *support, const char *name, uint64_t within_ns);

/* support_stack_set sets a numeric parameter of the messaging by its name. */
void support_stack_set(struct support_stack *support, const char *name, int64_t value);

/* support_stack_run runs it and asserts that it could start. */
void support_stack_run(struct support_stack *support);

/* support_stack_try runs it, or returns -1 with diagnostics. */
int support_stack_try(struct support_stack *support, struct diagnostics *diagnostics);

#endif
