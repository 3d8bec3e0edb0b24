#ifndef TESTS_REPAIR_FIXTURE_H
#define TESTS_REPAIR_FIXTURE_H

/* What planning repairs works on, beside the blockstores that a suite makes itself between
 * repair_open() and repair_close(). */

#include <check.h>

#include "models/spread/repair_select.h"

static struct memory memory;
static struct blockstore_shared shared;
static struct repair_weight weight;
static struct repair_pending pending;
static struct repair_list list;

static inline uint64_t stake_of(const void *self, uint32_t voter, uint64_t slot)
{
    (void)self, (void)slot;
    return 100 + voter;
}

static inline void repair_open(void)
{
    memory = (struct memory){0};
    blockstore_shared_init(&shared, &memory);
    repair_weight_init(&weight, &memory, 0, stake_of, NULL);
    repair_pending_init(&pending, &memory);
    repair_list_init(&list, &memory);
}

/* After the suite destroyed its blockstores. */
static inline void repair_close(void)
{
    repair_list_destroy(&list);
    repair_pending_destroy(&pending);
    repair_weight_destroy(&weight);
    blockstore_shared_destroy(&shared);
    ck_assert_uint_eq(memory.used_bytes, 0);
}

#endif
