#include "models/chain/block_limits.h"

enum {
    LATE_UNDERLOAD = 20,
    LATE_SOFT = 180,
    LATE_HARD = 200,
    QUEUE_SPLIT_FROM = 4096,
    QUEUE_SPLIT_MAX = 100000,
    QUEUE_MERGE_MAX = 2047
};
static const uint64_t LATE_NS = UINT64_C(15000000000);

struct limit_steps limit_steps_plain(uint64_t limit)
{
    return (struct limit_steps){limit / 8, limit / 2, limit};
}

uint64_t limit_steps_medium(const struct limit_steps *steps)
{
    SIM_ASSERT(steps->soft <= steps->hard);
    return steps->soft + (steps->hard - steps->soft) / 2;
}

enum block_class limit_steps_class(const struct limit_steps *steps, uint64_t value)
{
    if (value >= steps->hard)
        return CLASS_HARD;
    if (value >= limit_steps_medium(steps))
        return CLASS_MEDIUM;
    if (value >= steps->soft)
        return CLASS_SOFT;
    return value >= steps->underload ? CLASS_NORMAL : CLASS_UNDERLOAD;
}

enum block_class block_limits_class(const struct block_limits *limits,
                                    const struct block_load *load)
{
    enum block_class highest = CLASS_UNDERLOAD;
    for (unsigned i = 0; i < LIMIT_COUNT; i++) {
        enum block_class one = limit_steps_class(&limits->of[i], load->of[i]);
        if (one > highest)
            highest = one;
    }
    return highest;
}

bool block_limits_fits(const struct block_limits *limits, enum block_class upto,
                       const struct block_load *load)
{
    return upto == CLASS_HARD || block_limits_class(limits, load) <= upto;
}

static bool below_plain_limits(const struct block_limits *limits, const struct block_load *load,
                               const struct block_load *item)
{
    for (unsigned i = 0; i < LIMIT_COUNT; i++)
        if (load->of[i] + item->of[i] > limits->of[i].hard)
            return false;
    return true;
}

bool block_limits_admit(const struct block_limits *limits, const struct block_load *load,
                        uint32_t items, enum charge_kind kind, const struct block_load *item)
{
    if (kind == CHARGE_EXTERNAL && !limits->externals)
        return false;
    if (items == 0 || kind == CHARGE_EMITTED)
        return true;
    if (!limits->stepped)
        return below_plain_limits(limits, load, item);
    struct block_load estimate = *load;
    estimate.of[LIMIT_BYTES] += BLOCK_BASE_BYTES;
    switch (kind) { /* TON-R35 */
    case CHARGE_INTERNAL:
        return block_limits_fits(limits, CLASS_NORMAL, &estimate);
    case CHARGE_EXTERNAL:
        return block_limits_fits(limits, CLASS_SOFT, &estimate);
    case CHARGE_EMITTED:
        return true;
    }
    SIM_ASSERT(false); /* every kind is above */
    return false;
}

static void divide(struct limit_steps *steps, uint64_t by)
{
    steps->underload /= by;
    steps->soft /= by;
    steps->hard /= by;
}

void block_limits_retry(struct block_limits *limits, uint32_t attempt)
{
    SIM_ASSERT(attempt >= 1);
    if (attempt >= 2)
        limits->externals = false;
    if (attempt < 3)
        return;
    uint64_t by = attempt == 3 ? 2 : 4;
    divide(&limits->of[LIMIT_BYTES], by);
    divide(&limits->of[LIMIT_GAS], by);
}

void block_limits_late(struct block_limits *limits, uint64_t gap_ns)
{
    if (gap_ns > LATE_NS && limits->of[LIMIT_LT].hard > LATE_HARD)
        limits->of[LIMIT_LT] = (struct limit_steps){LATE_UNDERLOAD, LATE_SOFT, LATE_HARD};
}

bool block_overloaded(enum block_class block_class, uint32_t queue_length, bool dispatch_full)
{
    bool busy = block_class >= CLASS_SOFT || dispatch_full || queue_length >= QUEUE_SPLIT_FROM;
    return busy && queue_length <= QUEUE_SPLIT_MAX; /* more is too much to divide */
}

bool block_underloaded(enum block_class block_class, uint32_t queue_length, bool dispatch_full)
{
    return block_class == CLASS_UNDERLOAD && !dispatch_full && queue_length <= QUEUE_MERGE_MAX;
}
