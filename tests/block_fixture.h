#ifndef TESTS_BLOCK_FIXTURE_H
#define TESTS_BLOCK_FIXTURE_H

/* A stack with hypercube messaging and scripted transfers whose rows go into a database, for suites
 * that ask what single blocks did. One at a time; `path` names its database until done(). */

#include <check.h>
#include <stdio.h>
#include <unistd.h>

#include "models/messaging/hypercube.h"
#include "tests/support_transfers.h"

static char path[64];

static inline struct transfers *stack_of(int64_t shards)
{
    snprintf(path, sizeof path, "/tmp/test_block_%d.db", (int)getpid());
    struct transfers *transfers = transfers_new();
    transfers->base->chain.shards = shards;
    transfers->database = path;
    transfers_use(&transfers->messaging_part, &messaging_hypercube_model);
    return transfers;
}

static inline void run_whole(struct transfers *transfers)
{
    transfers_run(transfers);
    ck_assert_msg(transfers->result.status == ENGINE_OK, "%s", transfers->result.violation);
}

static inline void done(struct transfers *transfers)
{
    unlink(path);
    transfers_free(transfers);
}

#endif
